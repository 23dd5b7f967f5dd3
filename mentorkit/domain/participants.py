"""Leads, and the participants they become: one person's part in one program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.kept import Kept
from mentorkit.domain.moves import PARTIES, STAFF, Moves, Role
from mentorkit.errors import Conflict, Invalid, Problem

ParticipantRole = Literal["mentee", "mentor", "both"]
ROLES: tuple[ParticipantRole, ...] = ("mentee", "mentor", "both")

PARTICIPANT_MOVES = Moves(
    "participant",
    {
        ("lead", "approved"): STAFF | {Role.SYSTEM},
        ("lead", "waiting"): STAFF | {Role.SYSTEM},
        ("lead", "declined"): STAFF,
        ("lead", "left"): PARTIES | STAFF,
        ("waiting", "approved"): STAFF,
        ("waiting", "declined"): STAFF,
        ("waiting", "left"): PARTIES | STAFF,
        ("declined", "approved"): STAFF,
        ("declined", "left"): STAFF | {Role.SYSTEM},
        ("approved", "active"): PARTIES | STAFF,
        ("approved", "left"): PARTIES | STAFF,
        ("active", "paused"): PARTIES | STAFF,
        ("active", "left"): PARTIES | STAFF,
        ("paused", "active"): PARTIES | STAFF,
        ("paused", "left"): PARTIES | STAFF,
        ("left", "lead"): STAFF,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Someone recruited, as a source delivers them: a row of a file, a form, a vendor's record.

    `key` is the source's own id for the person; the same key in the same program and role is the
    same person, so that a second import changes what changed and repeats nothing. Elsewhere
    e-mail or name must agree too. `place` says where the row stood (``mentees.csv, line 12``) for
    whoever has to mend it.
    """

    key: str
    role: ParticipantRole
    name: str = ""
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    zone: str | None = None
    born: int | None = None
    business: Frozen | None = None
    profile: Mapping[str, Any] = field(default_factory=Frozen)
    capacity: int | None = None
    cohort: str | None = None
    source: str = ""
    campaign: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant(Kept):
    """A person in one program. It begins as a lead; `used` counts the places now held.

    `checked` is what plugins' checks answered, by requirement; `signed` the sign-offs there are.
    `capacity` is how many relationships at once: of a mentor, the mentees; of a mentee, the
    mentors (one, unless the program says otherwise). `touch` names the level of the program's
    targets by which they are looked after; "" is what goes for all. `silent_since` is when they
    said that they want no prompts.
    """

    program_id: str
    person_id: str
    business_id: str | None = None
    cohort: str | None = None
    role: ParticipantRole
    state: str = "lead"
    capacity: int = 1
    used: int = 0
    touch: str = ""
    profile: Frozen = field(default_factory=Frozen)
    checked: Frozen = field(default_factory=Frozen)
    signed: tuple[str, ...] = ()
    source: str = ""
    campaign: str = ""
    consent_version: int | None = None
    consented_at: datetime | None = None
    reason: str | None = None
    silent_since: datetime | None = None
    created_at: datetime

    @property
    def free(self) -> int:
        """How many more relationships this participant can hold now."""
        return max(0, self.capacity - self.used)

    @property
    def available(self) -> bool:
        """Whether a run may consider this participant: active, consented, and with a place."""
        return self.state == "active" and self.consented_at is not None and self.free > 0

    @property
    def let_in(self) -> bool:
        """Whether it was decided that this participant may join, on the sides they play."""
        return self.state in ("approved", "active", "paused")

    def plays(self, role: str) -> bool:
        return self.role == "both" or self.role == role

    def move(self, to: str, *, by: Role, reason: str | None = None) -> Participant:
        """Return this participant in state `to`; `reason` is a code, never free text."""
        PARTICIPANT_MOVES.check(self.state, to, by)
        if to == "left" and self.used:
            raise Conflict(
                "participant.holds_relationships",
                f"End the {self.used} running relationship(s) of this participant first.",
                used=self.used,
            )
        return replace(self, state=to, reason=reason)

    def consent(self, *, text_version: int, at: datetime) -> Participant:
        """Record that this person agreed to the consent text of this version at this time."""
        if self.state in ("left", "declined"):
            raise Conflict(
                "participant.gone",
                f"This participant is {self.state}; there is nothing to agree to.",
            )
        return replace(self, consent_version=text_version, consented_at=at)

    def withdraw_consent(self) -> Participant:
        """Forget the agreement; from now on no run and no message may include this person."""
        return replace(self, consent_version=None, consented_at=None)

    def with_capacity(self, capacity: int, most: int = 10_000) -> Participant:
        """Return a copy with this many places, at most so many; never fewer than are held now."""
        if capacity < 0 or capacity > most:
            raise Invalid(
                "participant.capacity",
                "So many places cannot be given.",
                [Problem("capacity", f"write a whole number from 0 to {most}")],
            )
        if capacity < self.used:
            raise Conflict(
                "participant.capacity_in_use",
                f"{self.used} place(s) are in use, so there cannot be only {capacity}.",
                used=self.used,
            )
        return replace(self, capacity=capacity)


class Standing(NamedTuple):
    """Where somebody stands in a program: what of a participant every message looks at."""

    id: str
    person_id: str
    state: str
    touch: str
    consented_at: datetime | None
    silent_since: datetime | None


Part = Participant | Standing
"""Somebody's part in a program, where no more of it is looked at than a `Standing` has."""
