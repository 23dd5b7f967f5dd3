"""Factories of people, strategies and providers, and random ones with many ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any

import mentorkit_matching
from mentorkit.domain.fields import Field, parse_fields
from mentorkit.domain.strategies import Strategy, parse_strategy
from mentorkit.hooks import Criterion, Feature, Rule
from mentorkit.hooks.providers import Assigner
from mentorkit.matching import BoundStrategy, Pool, Someone, bind
from tests.matching import plain

LANGUAGES = ("ar", "en", "fr", "sw")
GRADES = ("first", "second", "third", "fourth")
INDUSTRIES = ("food", "crafts", "repair")


def create_fields() -> dict[str, Field]:
    fields, problems = parse_fields(
        {
            "languages": {"kind": "options", "label": "languages"},
            "grade": {"ordered": list(GRADES)},
            "industry": {"options": list(INDUSTRIES)},
            "sector": {"kind": "text"},
            "quality": {"kind": "number"},
            "hours": {"kind": "hours"},
            "times": {"kind": "times"},
            "taste": {"kind": "vector"},
        }
    )
    assert not problems
    return fields


def create_registry(*extra: Any) -> Any:
    """Return what the matching plugin offers, and these providers besides."""
    kinds = {"criteria": Criterion, "features": Feature, "rules": Rule, "assigners": Assigner}
    shipped = [
        *mentorkit_matching.mentorkit_criteria(),
        *mentorkit_matching.mentorkit_features(),
        *mentorkit_matching.mentorkit_rules(),
        *mentorkit_matching.mentorkit_assigners(),
    ]
    return SimpleNamespace(
        **{
            name: {one.name: one for one in (*shipped, *extra) if isinstance(one, kind)}
            for name, kind in kinds.items()
        }
    )


def create_strategy(
    criteria: Sequence[Mapping[str, Any]] = ({"criterion": "equal", "field": "industry"},),
    rules: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> Strategy:
    strategy, problems = parse_strategy({"criteria": list(criteria), "rules": list(rules), **more})
    assert not problems
    return strategy


def create_people(side: str, *profiles: Mapping[str, Any], **more: Any) -> list[Someone]:
    """Return one person for each profile, named a, b, c, ... of their side."""
    return [
        Someone(key=f"{side}-{chr(97 + at)}", id=f"{side}-{chr(97 + at)}", profile=profile, **more)
        for at, profile in enumerate(profiles)
    ]


@dataclass
class Case:
    """A pool and a bound strategy, and the people they were made of."""

    mentees: list[Someone]
    mentors: list[Someone]
    strategy: Strategy
    past: set[tuple[str, str]]
    forbidden: dict[tuple[str, str], str]
    fields: dict[str, Field]

    @property
    def pool(self) -> Pool:
        return Pool(
            self.mentees, self.mentors, self.fields, past=self.past, forbidden=self.forbidden
        )

    def bound(self, *extra: Any) -> BoundStrategy:
        return bind(self.strategy, create_registry(*extra), self.fields)

    def plain_scores(self) -> tuple[list[list[int]], list[list[bool]]]:
        """Return scores and allowed pairs, people by key, one pair at a time in plain Python."""
        bound = self.bound()
        scores: list[list[int]] = []
        allowed: list[list[bool]] = []
        for mentee in sorted(self.mentees, key=lambda one: one.key):
            scores.append([])
            allowed.append([])
            for mentor in sorted(self.mentors, key=lambda one: one.key):
                pair = (mentee.id, mentor.id)
                met = pair in self.past
                values = [
                    plain.value(c.criterion.declared, mentee, mentor, self.fields, met=met)
                    for c in bound.criteria
                ]
                scores[-1].append(sum(plain.parts(values, bound.weights)))
                allowed[-1].append(
                    pair not in self.forbidden
                    and mentor.capacity > 0
                    and all(
                        plain.allows(r.rule.declared, mentee, mentor, self.fields, met=met)
                        for r in bound.rules
                    )
                )
        return scores, allowed


def draw_profile(random: Random) -> dict[str, Any]:
    """Draw answers out of few, so that many pairs are equally good; one in six is missing."""
    profile = {
        "languages": tuple(random.sample(LANGUAGES, random.randint(1, 3))),
        "grade": random.choice(GRADES),
        "industry": random.choice(INDUSTRIES),
        "sector": random.choice("xy"),
        "quality": random.choice((0.0, 0.25, 0.5, 1.0)),
        "hours": tuple(sorted(random.sample(range(6), random.randint(1, 4)))),
    }
    return {name: value for name, value in profile.items() if random.random() > 1 / 6}


_CRITERIA: tuple[dict[str, Any], ...] = (
    {"criterion": "equal", "field": "industry", "partial": {"sector": 0.5}},
    {"criterion": "equal", "field": "sector"},
    {"criterion": "set_overlap", "field": "languages"},
    {"criterion": "set_overlap", "field": "languages", "per": "union"},
    {"criterion": "closeness", "field": "grade", "target": 1, "span": 2},
    {"criterion": "overlap", "field": "hours", "full": 2},
    {"criterion": "prior", "field": "quality"},
)
_RULES: tuple[dict[str, Any], ...] = (
    {"rule": "shares_any", "field": "languages"},
    {"rule": "differs", "field": "sector"},
    {"rule": "above", "field": "grade", "steps": [-1, 2]},
    {"rule": "min_overlap", "field": "hours", "least": 1},
    {"rule": "past_pair"},
    {"rule": "same", "field": "industry"},
)


def draw_case(seed: int, *, most: int = 9, assigner: str = "optimal") -> Case:
    """Draw people and a strategy: few distinct scores, missing answers, full mentors."""
    random = Random(seed)
    mentees = [
        Someone(
            key=f"mentee-{at:02}",
            id=f"m{random.getrandbits(40):x}.{at}",
            profile=draw_profile(random),
        )
        for at in range(random.randint(0, most))
    ]
    mentors = [
        Someone(
            key=f"mentor-{at:02}",
            id=f"t{random.getrandbits(40):x}.{at}",
            profile=draw_profile(random),
            capacity=random.choice((0, 1, 1, 1, 2, 3)),
        )
        for at in range(random.randint(0, most))
    ]
    pairs = [(mentee.id, mentor.id) for mentee in mentees for mentor in mentors]
    criteria = [
        {**criterion, "weight": random.choice((1, 1, 2, 3, 7))}
        for criterion in random.sample(_CRITERIA, random.randint(1, 4))
    ]
    return Case(
        mentees=mentees,
        mentors=mentors,
        strategy=create_strategy(
            criteria,
            random.sample(_RULES, random.choice((0, 0, 1, 1, 2))),
            objective=random.choice(("coverage", "score")),
            assigner=assigner,
        ),
        past={pair for pair in pairs if random.random() < 0.1},
        forbidden={pair: "blocked" for pair in pairs if random.random() < 0.05},
        fields=create_fields(),
    )


LONG = tuple(f"option-{at}" for at in range(150))
WIDE = {
    "languages": {"kind": "options"},
    "skills": {"kind": "options"},
    "hours": {"kind": "hours"},
    "times": {"kind": "times"},
    "grade": {"ordered": list(GRADES)},
    "city": {"kind": "text"},
    "trade": {"kind": "text"},
    "sector": {"kind": "text"},
    "code": {"kind": "text"},
    "about": {"kind": "text"},
    "zone": {"kind": "number"},
    "revenue": {"kind": "number"},
    "quality": {"kind": "number"},
    "taste": {"kind": "vector"},
}
"""Fields with few answers and with many: every way to pack an answer is needed."""
CRITERIA = tuple(one.name for one in mentorkit_matching.mentorkit_criteria())
RULES = tuple(one.name for one in mentorkit_matching.mentorkit_rules())
"""All that is shipped is drawn, so that nothing is left out of the scan unseen."""


SPOKEN = ("we", "bake", "bread", "and", "sell", "Fish", "on", "the", "shore", "in", "Ora", "日本語")
ZONES = (
    ("", "Europe/Paris", "America/New_York", "Africa/Nairobi", "Pacific/Auckland"),
    ("Asia/Kolkata", "Europe/London", "America/St_Johns"),
    ("Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago", "Europe/Kyiv", "UTC"),
    ("Europe/Paris", "Europe/Berlin"),
)
"""Clocks that are apart by whole hours, by half hours and by quarters, and that move together."""


def draw_times(random: Random, minutes: tuple[int, ...] = (0, 15, 30, 45)) -> tuple[str | int, ...]:
    """Draw weekly times, and now and then hours of UTC among them."""
    found: list[str | int] = []
    for _ in range(random.randint(1, 6)):
        first = random.randint(0, 22)
        past = random.randint(first + 1, 23)
        day = random.choice(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
        ends = (f"{hour:02}:{random.choice(minutes):02}" for hour in (first, past))
        found.append(f"{day} {'-'.join(ends)}")
    if random.random() < 0.2:
        found.append(random.randint(0, 167))
    return tuple(found)


def draw_code(random: Random) -> str:
    """Draw the code of an industry, now with a dot and now without, of one to six characters."""
    digits = "".join(random.choice("12") for _ in range(random.randint(1, 5)))
    return random.choice("aA") + (f"{digits[:2]}.{digits[2:]}" if random.random() < 0.5 else digits)


def draw_wide_profile(random: Random, answered: float, whole: bool) -> dict[str, Any]:
    few = random.random() < 0.5
    profile = {
        "languages": tuple(random.sample(LANGUAGES, random.randint(1, 3))),
        "skills": tuple(random.sample(LONG, random.randint(1, 40))),
        "hours": tuple(sorted(random.sample(range(168), random.randint(1, 60)))),
        "times": draw_times(random, (0,) if whole else (0, 15, 30, 45)),
        "grade": random.choice(GRADES),
        "city": random.choice(LONG) + ("" if few else f"-{random.randint(0, 5)}"),
        "trade": f"t{random.randint(0, 6)}",
        "sector": random.choice("xyz"),
        "code": draw_code(random),
        "about": " ".join(random.choices(SPOKEN, k=random.randint(1, 12))),
        "zone": float(random.randint(0, 23)),
        "revenue": random.choice((0.0, 1e3, 1e6)) if few else random.uniform(0, 1e6),
        "quality": random.random(),
        "taste": tuple(random.uniform(-1, 1) for _ in range(3)),
    }
    return {name: value for name, value in profile.items() if random.random() < answered}


def draw_wide_use(random: Random, kinds: Sequence[str], noun: str) -> dict[str, Any]:
    """Draw one use of a rule or criterion with options of its own."""
    sets = random.choice(("languages", "skills", "hours"))
    number = random.choice(("zone", "revenue", "grade"))
    word = random.choice(("city", "trade", "sector", "languages", "code"))
    weekly = {
        "field": random.choice(("times", "times", "hours")),
        "other": random.choice((None, "times")),
        "on": random.choice(("", "2027-03-23", "2027-10-30")),
        "weeks": random.choice((1, 6, 52)),
        "zone": random.choice(("UTC", "Africa/Nairobi")),
    }
    drawn = {
        "set_overlap": {"field": sets, "per": random.choice(("mentee", "mentor", "union"))},
        "overlap": {"field": sets, "full": random.choice((1, 2, 20, 200))},
        "contains": {"field": random.choice(("trade", "city")), "other": "skills"},
        "equal": {
            "field": word,
            "partial": {
                name: random.choice((0.0, 0.3, 0.5, 1.0))
                for name in random.sample(("city", "trade", "sector"), random.randint(0, 2))
                if name != word
            },
            "prefix": {
                str(many): random.choice((0.0, 0.3, 0.7, 1.0))
                for many in random.sample(range(1, 6), random.choice((0, 1, 3)))
                if word != "languages"
            },
        },
        "closeness": {
            "field": number,
            "target": random.choice((0, 1, -2.5, 1e4)),
            "span": random.choice((0.7, 3, 5, 1e5)),
            "wrap": random.choice((None, None, 24, 7.5)),
        },
        "availability": {**weekly, "full": random.choice((45, 60, 600, 20_000))},
        "min_availability": {**weekly, "least": random.choice((1, 60, 100))},
        "prior": {"field": "quality"},
        "shared_words": {
            "field": random.choice(("about", "city")),
            "other": random.choice((None, "about")),
            "full": random.choice((0.1, 0.5, 1)),
        },
        "load": {"by": random.choice(("share", "count"))},
        "together": {"avoid": random.random() < 0.5},
        "cosine": {"field": "taste"},
        "shares_any": {"field": sets},
        "min_overlap": {"field": sets, "least": random.choice((1, 2, 5))},
        "same": {"field": word},
        "differs": {"field": word},
        "above": {"field": number, "steps": random.choice(([1], [-2, 3], [0, 1e5], [-1e6]))},
        "below": {"field": number, "steps": random.choice(([1], [0.5, 2], [1e3, 1e5]))},
        "same_group": {"field": random.choice((None, "sector"))},
        "past_pair": {},
    }
    kind = random.choice(kinds)
    return {noun: kind, **drawn[kind]}


def draw_wide_case(seed: int, *, most: int = 60) -> Case:
    """Draw a case with every form in it, sooner or later: long vocabularies, numbers, silence."""
    random = Random(seed)
    answered, zones, whole = random.choice((0.6, 0.95, 1.0)), random.choice(ZONES), seed % 2 == 0

    def people(side: str) -> list[Someone]:
        return [
            Someone(
                key=f"{side}-{at:03}",
                id=f"{side}-{at:03}",
                profile=draw_wide_profile(random, answered, whole),
                capacity=random.choice((0, 1, 1, 1, 2, 3)),
                held=random.choice((0, 0, 1, 5)),
                places=random.choice((0, 0, 9)),
                cohort=random.choice(("", "spring", "autumn")),
                zone=random.choice(zones),
            )
            for at in range(random.randint(0, most))
        ]

    mentees, mentors = people("mentee"), people("mentor")
    pairs = [(mentee.id, mentor.id) for mentee in mentees for mentor in mentors]
    fields, problems = parse_fields(WIDE)
    assert not problems
    return Case(
        mentees=mentees,
        mentors=mentors,
        strategy=create_strategy(
            [
                {**draw_wide_use(random, CRITERIA, "criterion"), "weight": random.randint(1, 9)}
                for _ in range(random.randint(1, 5))
            ],
            [draw_wide_use(random, RULES, "rule") for _ in range(random.choice((0, 0, 1, 2)))],
        ),
        past={pair for pair in pairs if random.random() < 0.1},
        forbidden={pair: "blocked" for pair in pairs if random.random() < 0.05},
        fields=fields,
    )
