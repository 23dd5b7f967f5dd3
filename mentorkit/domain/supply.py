"""Supply: mentors first. When mentees are let in, and by what a shortage is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mentorkit.domain import reading
from mentorkit.domain.fields import Field
from mentorkit.domain.reading import Check, Place

READY = 0.75
"""Places with mentors for each mentee who seeks one.

Everwise held self-matching back while fewer than 75 % of its mentors were ready; no better figure
is published.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """What a shortage is told by: what mentees answered in one field, mentors in the other."""

    mentee: str
    mentor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """How many places a program wants for each mentee who seeks one; `gate`: whether it waits.

    `mentor_capacity` is how many mentees at once a mentor has who names no number, as in a circle.
    It limits nobody.
    """

    ratio: float = READY
    gate: bool = True
    mentor_capacity: int = 1
    by: tuple[By, ...] = ()

    def opens(self, capacity: int, demand: int) -> bool:
        """Return whether there are places enough to let the next mentee in."""
        return not self.gate or (capacity > 0 and capacity >= self.ratio * demand)


def read_supply(fields: Mapping[str, Field], data: Any, at: Place) -> Supply:
    """Check what a program says of its supply, against its profile fields."""
    at.only(data, _SUPPLY, "write")
    by = reading.blocks(partial(_by, fields))
    return Supply(**at.read_whole(data, {**_SUPPLY, "by": by}))


def _by(fields: Mapping[str, Field], entry: Any, at: Place) -> By:
    known = f"is no field with options; there are {', '.join(_with_options(fields))}"
    field = reading.one_of(tuple(_with_options(fields)), known)
    at.only(entry, ("mentee", "mentor"), "write")
    return By(**at.read_whole({"mentee": "", "mentor": "", **entry}, dict.fromkeys(
        ("mentee", "mentor"), field
    )))  # fmt: skip


def _with_options(fields: Mapping[str, Field]) -> list[str]:
    return [one.id for one in fields.values() if one.kind in ("option", "ordered", "options")]


_SUPPLY: Mapping[str, Check] = {
    "ratio": reading.fits(
        lambda value: type(value) in (int, float) and 0 <= value <= 100,
        "write a number from 0 to 100, such as 0.75",
        float,
    ),
    "gate": reading.a(bool, "write true or false"),
    "mentor_capacity": reading.whole(1, 50),
    "by": reading.table,
}
