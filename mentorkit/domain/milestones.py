"""Milestones, the dated points of a relationship, and the meetings in between."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from mentorkit.domain.kept import Kept
from mentorkit.domain.moves import PARTIES, STAFF, SYSTEM, Moves, Role
from mentorkit.domain.programs import MilestonePlan

Span = tuple[datetime, datetime]
"""From when to when."""
_NONE = timedelta(0)

MILESTONE_MOVES = Moves(
    "milestone",
    {
        ("upcoming", "due"): SYSTEM | STAFF,
        ("upcoming", "cancelled"): SYSTEM | STAFF | PARTIES,
        ("due", "done"): PARTIES | STAFF,
        ("due", "missed"): SYSTEM | STAFF,
        ("due", "cancelled"): SYSTEM | STAFF | PARTIES,
        ("missed", "done"): PARTIES | STAFF,
    },
)

MEETING_MOVES = Moves("meeting", {("held", "struck"): PARTIES | STAFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone(Kept):
    """A dated window of one relationship: it opens at `opens_at` and is missed at `closes_at`.

    `kind` is the name given in the program's targets; the five of the field's evidence are
    check, mid_point, two_thirds, end and follow_up. `participant_id` is whose own it is, who joined
    a circle later; "" is everybody's. `answered` lists who has looked back: the participants, and
    ``staff``; it is done when all have whom its plan asks.
    """

    relationship_id: str
    kind: str
    participant_id: str = ""
    state: str = "upcoming"
    opens_at: datetime
    closes_at: datetime
    answered: tuple[str, ...] = ()

    def move(self, to: str, *, by: Role) -> Milestone:
        MILESTONE_MOVES.check(self.state, to, by)
        return replace(self, state=to)

    def shifted(self, by: timedelta) -> Milestone:
        """Return a copy moved by this much; one that is due has opened, and closes later by it."""
        opens = self.opens_at + by if self.state == "upcoming" else self.opens_at
        return replace(self, opens_at=opens, closes_at=self.closes_at + by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting(Kept):
    """Time together, in whole minutes; struck (not deleted) when it was logged by mistake.

    `attendees` are the participants who were there; with more than two it was a group's.
    """

    relationship_id: str
    held_at: datetime
    minutes: int
    state: str = "held"
    attendees: tuple[str, ...] = ()

    def move(self, to: str, *, by: Role) -> Meeting:
        MEETING_MOVES.check(self.state, to, by)
        return replace(self, state=to)


class Held(NamedTuple):
    """A meeting that was held: where, when and for how many minutes, and no more of it."""

    relationship_id: str
    held_at: datetime
    minutes: int


def hours_of(meetings: Iterable[Meeting]) -> dict[str, dict[str, int]]:
    """Return the time of those that were held: ``individual`` and, of more than two, ``group``.

    Each is ``{meetings, minutes, attended}``: `minutes` on the clock, and `attended` those of
    everybody who was there.
    """
    told = {kind: {"meetings": 0, "minutes": 0, "attended": 0} for kind in ("individual", "group")}
    for one in meetings:
        if one.state == "held":
            kind = told["group" if len(one.attendees) > 2 else "individual"]
            kind["meetings"] += 1
            kind["minutes"] += one.minutes
            kind["attended"] += one.minutes * (len(one.attendees) or 2)
    return told


def window(plan: MilestonePlan, started: datetime, ends: datetime) -> tuple[datetime, datetime]:
    """Return when a planned milestone opens and closes, for a relationship from start to end."""
    if plan.day is not None:
        opens = started + timedelta(days=plan.day)
    elif plan.after_end is not None:
        opens = ends + timedelta(days=plan.after_end)
    else:
        opens = started + (ends - started) * (plan.fraction or 0.0)
    opens = opens.replace(microsecond=0)
    return opens, opens + timedelta(days=plan.window)


def month_of(at: datetime, zone: str) -> tuple[datetime, datetime]:
    """Return the first moment of the calendar month of `at` in this zone, and of the next."""
    local = at.astimezone(ZoneInfo(zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return first, following


def ran(span: Span, pauses: Collection[Span]) -> timedelta:
    """Return how much of a span it was not paused; `pauses` do not overlap."""
    if not pauses:
        return span[1] - span[0]
    shared = (min(span[1], over) - max(span[0], since) for since, over in pauses)
    return span[1] - span[0] - sum((max(each, _NONE) for each in shared), _NONE)


def asked_minutes(target: int, month: Span, running: Span, pauses: Collection[Span] = ()) -> int:
    """Return the minutes asked of a month, pro-rated by the part the relationship was running."""
    begin = max(month[0], running[0])
    span = begin, max(begin, min(month[1], running[1]))
    return int(target * (ran(span, pauses) / (month[1] - month[0])) + 0.5)
