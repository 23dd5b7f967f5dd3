"""Proposals, and the relationships that begin when one is accepted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.kept import Kept
from mentorkit.domain.moves import PARTIES, STAFF, SYSTEM, Moves, Role

Origin = Literal["strategy", "staff", "mentee", "mentor"]
Kind = Literal["pair", "peer", "circle"]

PROPOSAL_MOVES = Moves(
    "proposal",
    {
        ("draft", "offered"): STAFF | PARTIES | SYSTEM,
        ("draft", "withdrawn"): STAFF | PARTIES | SYSTEM,
        ("offered", "question"): PARTIES,
        ("question", "offered"): PARTIES | STAFF,
        ("question", "declined"): PARTIES | STAFF,
        ("question", "expired"): SYSTEM,
        ("question", "withdrawn"): PARTIES | STAFF | SYSTEM,
        ("offered", "accepted"): PARTIES | STAFF | SYSTEM,
        ("offered", "declined"): PARTIES | STAFF,
        ("offered", "expired"): SYSTEM,
        ("offered", "withdrawn"): PARTIES | STAFF | SYSTEM,
    },
)

RELATIONSHIP_MOVES = Moves(
    "relationship",
    {
        ("active", "paused"): PARTIES | STAFF,
        ("paused", "active"): PARTIES | STAFF,
        ("active", "ended"): PARTIES | STAFF | SYSTEM,
        ("paused", "ended"): PARTIES | STAFF | SYSTEM,
    },
)

HOLDING = frozenset({"active", "paused"})
"""The states of a relationship that hold a place of each participant."""


ENDS = ("completed", "no_time", "goal_reached", "no_contact", "not_a_fit", "other")
"""Codes of why a relationship ends."""

TOGETHER = frozenset({"completed", "goal_reached"})
"""The reasons for which two have come to the end together; with any other it ends early."""


OTHER = {"mentee": "mentor", "mentor": "mentee"}
"""The other side of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a pair fits, or cannot be: a stable code, its parameters, and the points it carries.

    A reason is stored, and put into words in the reader's own language when it is shown.
    """

    code: str
    params: Frozen = field(default_factory=Frozen)
    points: int = 0

    @property
    def fits(self) -> bool:
        """Whether it speaks for the pair: it carries points, and not for the `other_way` round."""
        return self.points > 0 and "other_way" not in self.params


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Kept):
    """An offered pair. `answered` lists the roles that have said yes so far, in order.

    `asked_by` is the role, mentee or mentor, that asked the last question about it.
    Where `circle_of` is not 0, it is no pair: `mentor_id` is asked to be the second mentor of a
    circle of about so many mentees, and `mentee_id` is the mentor who leads it.
    `reasons` are told to the mentee about the mentor, `reasons_mentor` the other way round.
    """

    program_id: str
    mentee_id: str
    mentor_id: str
    run_id: str | None = None
    origin: Origin = "strategy"
    state: str = "draft"
    rank: int = 1
    score: int = 0
    reasons: tuple[Reason, ...] = ()
    reasons_mentor: tuple[Reason, ...] = ()
    locked: bool = False
    circle_of: int = 0
    answered: tuple[str, ...] = ()
    asked_by: str | None = None
    offered_at: datetime | None = None
    due_at: datetime | None = None
    relationship_id: str | None = None
    note_id: str | None = None
    reason: str | None = None
    created_at: datetime

    def move(self, to: str, *, by: Role, reason: str | None = None) -> Proposal:
        """Return this proposal in state `to`; `reason` is a code, never free text."""
        PROPOSAL_MOVES.check(self.state, to, by)
        return replace(self, state=to, reason=reason)

    @property
    def places(self) -> dict[str, int]:
        """How many places it asks for, by participant: of a second mentor one for each mentee."""
        if self.circle_of:
            return {self.mentor_id: self.circle_of}
        return {self.mentee_id: 1, self.mentor_id: 1}

    def asked(self, chain: tuple[str, ...]) -> tuple[str, ...]:
        """Return whose yes is needed: the chain's, and always that of whom a participant asked.

        A second mentor alone is asked, for the others have said yes to the circle, or will.
        """
        if self.circle_of:
            return ("mentor",)
        other = OTHER.get(self.origin)
        return chain if other is None or other in chain else (other, *chain)

    def awaiting(self, chain: tuple[str, ...]) -> str | None:
        """Return the role whose yes is asked for next, or None when all have said it."""
        return next((role for role in self.asked(chain) if role not in self.answered), None)

    def owing(self, chain: tuple[str, ...]) -> str | None:
        """Return the role that a word is waited for from: a reply, or the next yes; else None."""
        if self.state == "question":
            return OTHER[self.asked_by or ""]
        return self.awaiting(chain) if self.state == "offered" else None

    def waits_for(self, side: str | None, chain: tuple[str, ...]) -> bool:
        """Return whether a word is waited for from this side; staff (None) speak for any."""
        owing = self.owing(chain)
        return owing is not None and not self.held and side in (None, owing)

    def side_of(self, participants: Collection[str]) -> str | None:
        """Return which of the two is among these participants."""
        sides = {"mentee": self.mentee_id, "mentor": self.mentor_id}
        return next((side for side, id in sides.items() if id in participants), None)

    def known_to(self, side: str | None, chain: tuple[str, ...]) -> bool:
        """Return whether this side has heard of it: asked for it, was asked, or it has begun.

        Until then it is nobody's affair but the other side's. Staff (None) know of each.
        """
        if side in (None, self.origin):
            return True
        heard = self.asked_by or self.state == "accepted" or side in self.answered
        return self.offered_at is not None and bool(heard or side == self.awaiting(chain))

    @property
    def held(self) -> bool:
        """Whether a text about it waits to be looked at: until then its time stands still."""
        asked = self.state in ("offered", "question")
        return asked and self.offered_at is not None and self.due_at is None

    @property
    def involved(self) -> tuple[str, ...]:
        """The sides that have had a part in it: said yes, or asked or were asked a question."""
        return tuple(role for role in OTHER if self.asked_by or role in self.answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Kept):
    """One participant of a relationship, and as what; `left_at` once they are out of it."""

    relationship_id: str
    participant_id: str
    role: str
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship(Kept):
    """Mentor and mentee, a circle, or peers who said yes. Breaks and more time move `ends_at`.

    `touch` is the level of its targets, "" what goes for all.
    """

    program_id: str
    proposal_id: str | None = None
    kind: Kind = "pair"
    state: str = "active"
    targets_version: int = 1
    touch: str = ""
    started_at: datetime
    ends_at: datetime
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    note_id: str | None = None
    members: tuple[Member, ...] = ()

    def move(self, to: str, *, by: Role, at: datetime, reason: str | None = None) -> Relationship:
        """Return this relationship in state `to`, walked at `at`.

        Coming back from a pause moves the end by as long as the pause lasted.
        """
        RELATIONSHIP_MOVES.check(self.state, to, by)
        if to == "paused":
            return replace(self, state=to, paused_at=at, reason=reason)
        if to == "active":
            away = at - self.paused_at if self.paused_at else at - at
            return replace(
                self, state=to, paused_at=None, ends_at=self.ends_at + away, reason=reason
            )
        return replace(self, state=to, ended_at=at, paused_at=None, reason=reason)

    @property
    def here(self) -> tuple[Member, ...]:
        """The members who are in it: not those who have left a circle."""
        return tuple(member for member in self.members if member.left_at is None)

    def at(self, moment: datetime) -> tuple[str, ...]:
        """The participants who were in it at this moment."""
        return tuple(
            member.participant_id
            for member in self.members
            if member.joined_at <= moment and (member.left_at is None or moment < member.left_at)
        )

    @property
    def mentees(self) -> tuple[str, ...]:
        """The participants who are its mentees now: none once it has ended."""
        held = self.here if self.state in HOLDING else ()
        return tuple(member.participant_id for member in held if member.role == "mentee")

    @property
    def mentors(self) -> tuple[str, ...]:
        """The participants who are its mentors now, the one who leads first."""
        return tuple(member.participant_id for member in self.here if member.role == "mentor")

    def late(self, member: Member) -> bool:
        """Return whether somebody joined what was running, so that their own days count."""
        return member.joined_at - self.started_at >= timedelta(days=1)

    @property
    def parted(self) -> bool:
        """Whether they parted, not come to the end together: they are not matched again."""
        return self.state == "ended" and self.reason not in TOGETHER

    @property
    def early(self) -> bool:
        """Whether they parted before the time planned for it was over."""
        over = self.ends_at and self.ended_at and self.ended_at >= self.ends_at
        return self.parted and not over

    def goes_on_without(self, participant: str) -> bool:
        """Return whether it stays for the others: a circle with one more on that side, a ring."""
        if self.kind == "circle":
            sides = self.mentees, self.mentors
            return any(participant in side and len(side) > 1 for side in sides)
        here = [member.participant_id for member in self.here if member.role == "peer"]
        return self.state in HOLDING and participant in here and len(here) > 2

    def member(self, role: str) -> Member:
        """Return the first member in this role."""
        return next(member for member in self.members if member.role == role)
