"""Makes people up: owners of small firms, and volunteers who would mentor them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from mentorkit_demo.places import PLACES, Place

Row = dict[str, Any]

INDUSTRIES: dict[str, tuple[str, ...]] = {
    "agriculture": ("vegetable farm", "poultry farm", "honey business", "fish farm"),
    "food": ("bakery", "catering kitchen", "juice bar", "spice mill"),
    "retail": ("corner shop", "hardware shop", "bookshop", "phone shop"),
    "fashion": ("tailoring workshop", "shoe workshop", "textile print studio"),
    "crafts": ("pottery", "furniture workshop", "jewellery studio"),
    "beauty": ("hair salon", "soap and cosmetics business"),
    "construction": ("building firm", "painting and tiling firm"),
    "repair": ("bicycle repair shop", "electronics repair shop"),
    "transport": ("delivery service", "minibus line"),
    "tourism": ("guesthouse", "walking-tour company"),
    "technology": ("app studio", "web agency"),
    "education": ("language school", "childcare centre"),
    "health": ("pharmacy", "physiotherapy practice"),
    "energy": ("solar installation firm", "recycling business"),
    "services": ("cleaning firm", "translation office", "bookkeeping office"),
}
"""Industry (as in the presets) -> the kinds of firm that people run in it."""

SUBJECTS = (
    "planning", "sales", "marketing", "digital", "pricing", "bookkeeping", "funding", "hiring",
    "leadership", "operations", "product", "quality", "export", "legal", "resilience",
)  # fmt: skip
LIVED = (
    "first_business", "family_business", "young_owner", "late_start", "caring", "second_job",
    "migrant", "rural", "no_savings", "informal", "crisis",
)  # fmt: skip
STAGES = ("idea", "started", "steady", "growing", "established")

_WANTS = {
    "planning": "a plan that holds for a year", "sales": "to sell more to the customers I have",
    "marketing": "more people to hear of us", "digital": "to sell online",
    "pricing": "to know what to charge", "bookkeeping": "books that I can trust",
    "funding": "a loan that fits", "hiring": "to hire my first people",
    "leadership": "to lead my team better", "operations": "days that run smoothly",
    "product": "a better product", "quality": "to meet a standard that big buyers ask for",
    "export": "to sell across the border", "legal": "to get my papers in order",
    "resilience": "to get through a hard year",
}  # fmt: skip
_STANDS = {
    "idea": "I plan", "started": "I have just opened", "steady": "I run", "growing": "I run",
    "established": "I have long run",
}  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVENINGS = ((17, 19), (18, 20), (18, 21), (19, 21), (20, 22))
_AGES = (0, 1, 2, 4, 7, 12)
_MORNINGS = ((7, 9), (8, 10), (12, 13), (12, 14))


@dataclass(frozen=True, slots=True)
class Sample:
    """Made-up people as rows of a sheet: column name -> cell."""

    mentees: tuple[Row, ...]
    mentors: tuple[Row, ...]


def sample(seed: int, mentees: int, mentors: int) -> Sample:
    """Make so many people up. The same seed makes the same ones, and more only adds to them."""
    return Sample(
        mentees=tuple(_mentee(Random(f"{seed}/mentee/{i}"), i) for i in range(1, mentees + 1)),
        mentors=tuple(_mentor(Random(f"{seed}/mentor/{i}"), i) for i in range(1, mentors + 1)),
    )


def _mentee(random: Random, number: int) -> Row:
    place = random.choice(PLACES)
    given, family, email = _name(random, place, "mentee", number)
    industry = random.choice(tuple(INDUSTRIES))
    firm = random.choice(INDUSTRIES[industry])
    village = random.choice(place.villages)
    stage = _weighted(random, STAGES, (1, 4, 4, 3, 1))
    goals = random.sample(SUBJECTS, random.choice((1, 2, 2, 3)))
    return {
        "ref": f"E{number:05}",
        "name": f"{given} {family}",
        "email": email,
        "country": place.country,
        "zone": place.zone,
        "born": 2000 - random.randint(-3, 40),
        "business": f"{_owned(family)} {firm}",
        "started": "" if stage == "idea" else 2025 - _weighted(random, _AGES, (2, 3, 4, 4, 2, 1)),
        "languages": _joined(_languages(random, place, others=0.08)),
        "industry": industry,
        "stage": stage,
        "goals": _joined(goals),
        "situation": _joined(_lived(random, (0, 1, 1, 2, 2, 3))),
        "hours": _weekly(random, slots=random.choice((0, 2, 3, 3, 4))),
        "monthly_hours": random.choice((2, 2, 3, 4)),
        "about": f"{_STANDS[stage]} {_article(firm)} {firm} in {village}. "
        f"I want {_WANTS[goals[0]]}.",
        "village": village,
    }


def _mentor(random: Random, number: int) -> Row:
    place = random.choice(PLACES)
    given, family, email = _name(random, place, "mentor", number)
    known = random.sample(tuple(INDUSTRIES), random.choice((1, 1, 2, 3)))
    firm = random.choice(INDUSTRIES[known[0]])
    subjects = random.sample(SUBJECTS, random.choice((2, 3, 4, 5)))
    years = random.randint(5, 30)
    return {
        "ref": f"M{number:05}",
        "name": f"{given} {family}",
        "email": email,
        "country": place.country,
        "zone": place.zone,
        "born": 1990 - random.randint(0, 40),
        "capacity": _weighted(random, (1, 2, 3), (6, 3, 1)),
        "organisation": random.choice(
            ("", "", "Harbour Bank", "Northwind Logistics", "Bluebird Software", "City Chamber")
        ),
        "languages": _joined(_languages(random, place, others=0.35)),
        "industry": known[0],
        "stage": _weighted(random, STAGES[2:], (2, 4, 3)),
        "life_experience": _joined(_lived(random, (1, 2, 3, 4))),
        "business_knowledge": _joined(subjects),
        "sector_expertise": _joined(known),
        "hours": _weekly(random, slots=random.choice((2, 3, 4, 5))),
        "monthly_hours": random.choice((2, 2, 3, 4, 6)),
        "about": f"{years} years with {_article(firm)} {firm}. "
        f"Ask me about {subjects[0]} and {subjects[1]}.",
        "village": random.choice(place.villages),  # drawn last: what came before it stays
    }


def _lived(random: Random, counts: Sequence[int]) -> list[str]:
    lived = random.sample(LIVED, random.choice(counts))
    return [one for one in lived if one != "late_start" or "young_owner" not in lived]


def _owned(family: str) -> str:
    return f"{family}'" if family.endswith("s") else f"{family}'s"


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _name(random: Random, place: Place, role: str, number: int) -> tuple[str, str, str]:
    given, family = random.choice(place.given), random.choice(place.family)
    return given, family, f"{_ascii(given)}.{_ascii(family)}.{role}{number}@example.org"


def _ascii(name: str) -> str:
    """Return a name as it may stand in an address: đ is no accented d, so it is named."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("đ", "dj"))
    return re.sub(r"[^a-z]", "", plain)


def _languages(random: Random, place: Place, *, others: float) -> list[str]:
    """Return what somebody speaks; `others` is how likely a further world language is."""
    spoken = [place.languages[0]]
    spoken += [language for language in place.languages[1:] if random.random() < 0.55]
    spoken += [language for language in ("en", "fr", "es", "ar") if random.random() < others / 2]
    return list(dict.fromkeys(spoken))


def _weekly(random: Random, *, slots: int) -> str:
    """Return some free hours as ``mon 18-20; sat 9-11``, of the clock where they live."""
    hours: set[int] = set()
    for day in random.sample(range(7), min(slots, 7)):
        if day >= 5:
            start, end = random.choice(((9, 11), (10, 13), (14, 16)))
        else:
            start, end = random.choice(_EVENINGS if random.random() < 0.75 else _MORNINGS)
        hours.update(range(day * 24 + start, day * 24 + end))
    return _joined(_spans(sorted(hours)))


def _spans(hours: Sequence[int]) -> list[str]:
    """Write hours of the week as spans within one day each."""
    spans: list[list[int]] = []
    for hour in hours:
        if spans and hour == spans[-1][1] and hour % 24:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    return [f"{_DAYS[start // 24]} {start % 24}-{(end - 1) % 24 + 1}" for start, end in spans]


def _joined(values: Sequence[str]) -> str:
    return "; ".join(values)


def _weighted(random: Random, values: Sequence[Any], weights: Sequence[int]) -> Any:
    return random.choices(values, weights)[0]
