"""People one by one, as the store gives them by column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.i18n import clock_in
from mentorkit.matching import Pool, Someone
from mentorkit.matching.people import wishes
from mentorkit.matching.roster import Roster
from tests.matching.samples import WIDE, draw_wide_profile

COHORTS = (None, None, "", "spring", "summer", "autumn")
NAMES = (*WIDE, "choices")


@dataclass
class One:
    """One row of a program, as the store keeps it."""

    id: str
    person: str
    role: str
    key: str | None = None
    name: str = ""
    capacity: int = 1
    used: int = 0
    born: int | None = None
    cohort: str | None = None
    zone: str = "UTC"
    signed: tuple[str, ...] = ()
    version: int = 2
    profile: Mapping[str, Any] = field(default_factory=Frozen)

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.used)

    def someone(self) -> Someone:
        return Someone(
            key=self.key or "",
            id=self.id,
            profile=self.profile,
            capacity=self.free,
            name=self.name,
            person_id=self.person,
            choices=wishes(self.profile),
            held=self.used,
            places=self.capacity,
            cohort=self.cohort or "",
            zone=clock(self.zone),
        )


def clock(own: str) -> str:
    """Return whose clock somebody goes by: the program's, where they told none."""
    return clock_in(own, "Africa/Nairobi")


def draw_one(random: Random, number: int) -> One:
    return One(
        id=f"i{random.randint(0, 999):03}-{number}",
        person=f"p{number}",
        role=random.choice(("mentee", "mentor")),
        key=random.choice((None, f"k{random.randint(0, 99):02}-{number}")),
        name=f"Person {number}",
        capacity=random.choice((1, 1, 2, 3)),
        used=random.choice((0, 0, 0, 1)),
        born=random.choice((None, 1950, 1999, 2012)),
        cohort=random.choice(COHORTS),
        zone=random.choice(("UTC", "Asia/Kathmandu", "Europe/Paris")),
        signed=random.choice(((), ("police",), ("police", "training"))),
        profile=Frozen(draw_wide_profile(random, 0.9, True)),
    )


def draw_people(random: Random, most: int = 40) -> list[One]:
    return [draw_one(random, number) for number in range(random.randint(0, most))]


def change(random: Random, people: list[One]) -> list[One]:
    """Return them as they are after some of them came, left, answered or took a place."""
    left = [one for one in people if random.random() < 0.9]
    changed = []
    for one in left:
        what = random.choice(("answers", "places", "key", "cohort", "", "", "", ""))
        values = dict(vars(one))
        if what == "answers":
            values["profile"] = Frozen(draw_wide_profile(random, 0.9, True))
        elif what == "places":
            values["used"] = random.randint(0, one.capacity)
        elif what == "key":
            values["key"] = f"k{random.randint(0, 99):02}-{one.person}"
        elif what == "cohort":
            values["cohort"] = random.choice(COHORTS)
        changed.append(One(**{**values, "version": one.version + bool(what)}))
    first = 1000 + random.randint(0, 10**9)
    return changed + [draw_one(random, first + at) for at in range(random.randint(0, 4))]


def as_given(people: Iterable[One], names: Iterable[str] = NAMES) -> Any:
    """Return people as `mentorkit.store.rosters.read` gives them."""
    rows = list(people)

    return SimpleNamespace(
        plain={
            **{name: [getattr(one, name) for one in rows] for name in PLAIN},
            "signed": [json.dumps(one.signed) for one in rows],
        },
        answers={
            name: [json.dumps(thaw(one.profile.get(name)), **EXACT) for one in rows]
            for name in names
        },
        paired=False,
    )


PLAIN = (
    "id", "person", "capacity", "used", "born", "name", "key", "version", "role", "cohort", "zone",
)  # fmt: skip
EXACT: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}
ANYBODY: dict[str, Any] = {
    "cohort": lambda one: True,
    "signed": lambda role, signed: True,
    "born": lambda year: True,
}


def pool_of(roster: Roster, fields: Mapping[str, Field]) -> Pool:
    """Return everybody of a roster as a pool."""
    return roster.pool(roster.free({}, **ANYBODY), fields, {}, clock)


def plain_pool(people: list[One], fields: Mapping[str, Field]) -> Pool:
    """Return the same pool, made of the people one by one, and of pairs."""
    sides = [[one for one in people if one.role == r and one.free] for r in ("mentee", "mentor")]
    apart = {
        (mentee.id, mentor.id): "other_cohort"
        for mentee in sides[0]
        for mentor in sides[1]
        if mentee.cohort and mentor.cohort and mentee.cohort != mentor.cohort
    }
    mentees, mentors = ([one.someone() for one in side] for side in sides)
    return Pool(mentees, mentors, fields, forbidden=apart)
