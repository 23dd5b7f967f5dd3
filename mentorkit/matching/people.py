"""One person as a run sees them. No numpy here, so that a pool can be read without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mentorkit.domain.frozen import Frozen


@dataclass(frozen=True, slots=True)
class Someone:
    """A mentee or mentor who may be matched.

    `key` is the external key ("" where there is none) that people are ordered by, `profile` maps
    field ids to parsed values, and `capacity` is how many more mentees a mentor takes.
    `person_id` tells that two entries are the same human, who is never paired with themselves.
    `choices` are the ids or keys of the mentors a mentee asked for, most wanted first.
    `asked` is what became of whom they asked for outside of these: an answer is still awaited
    ("open"), or none is ("over"); "" where they never asked. It only helps to say why.
    `held` is how many mentees a mentor has already, and `places` how many at most (0: those and
    `capacity`). `cohort` is the intake they belong to, "" for none; `zone` that of their clock
    (``Africa/Nairobi``), "" where they have told none.
    """

    key: str
    id: str
    profile: Mapping[str, Any] = field(default_factory=Frozen)
    capacity: int = 1
    name: str = ""
    person_id: str | None = None
    choices: tuple[str, ...] = ()
    asked: str = ""
    held: int = 0
    places: int = 0
    cohort: str = ""
    zone: str = ""


def wishes(profile: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom a mentee asked for; one answer, as a field of one option gives it, is one wish.

    A text is never a list of letters.
    """
    wanted = profile.get("choices") or ()
    return tuple(map(str, wanted)) if isinstance(wanted, (tuple, list)) else (str(wanted),)
