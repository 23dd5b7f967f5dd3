"""Flags: which relationships staff should look at, and why each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.events import Event
from mentorkit.domain.milestones import Meeting, asked_minutes, month_of
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program, Targets
from mentorkit.domain.relationships import Relationship
from mentorkit.journey.definitions import targets_for
from mentorkit.journey.meet import Met, spans_of
from mentorkit.journey.steps import persons_of, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


def flags(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the running relationships that want looking at, those with most reasons first.

    ``reasons`` are ``{code, ...}``: ``short`` (``held`` of ``asked`` minutes in ``month``, once the
    grace days of the next are over), ``never_met`` (no meeting yet, ``since`` the start), ``quiet``
    and ``dormant`` (none ``since`` the last), ``missed`` (a milestone, by ``kind``) and ``over``
    (its end, ``ends_at``, has passed). Minutes and days are the program's targets.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        running = tx.relationships.find(program_id=found.id, state="active")
        why = reasons(tx, found, running)
        flagged = [one for one in running if why[one.id]]
        people = persons_of(tx, (member.participant_id for one in flagged for member in one.here))
        listed = [
            {
                "relationship": one.id,
                "names": [people[member.participant_id].name for member in one.here],
                "reasons": why[one.id],
            }
            for one in flagged
        ]
        return sorted(listed, key=lambda row: (-len(row["reasons"]), row["names"]))


def own(kit: Kit, *, tenant: str, actor: Actor, relationship: str) -> list[dict[str, Any]]:
    """Return to one of a running relationship what of its reasons is theirs to mend.

    Of `reasons` but ``missed``, which says nothing of whose answer was: that they see there.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        running = [met.relationship] if met.own else []
        return to_mend(tx, met.program, running).get(relationship, [])


def to_mend(
    tx: Transaction, program: Program, running: Sequence[Relationship]
) -> dict[str, list[dict[str, Any]]]:
    """Return what of the reasons of each is for those in it to mend, as `own` does of one."""
    found = reasons(tx, program, [one for one in running if one.state == "active"])
    return {id: [why for why in each if why["code"] != "missed"] for id, each in found.items()}


def reasons(
    tx: Transaction, program: Program, running: Sequence[Relationship]
) -> dict[str, list[dict[str, Any]]]:
    """Return why each of these (id) is flagged. Without a reason it is healthy.

    At the mid-point, healthy pairs are asked one question, the others all: that goes by this.
    """
    ids = [one.id for one in running]
    meetings: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in tx.meetings.find(relationship_id=ids, state="held"):
        meetings[meeting.relationship_id].append(meeting)
    missed: dict[str, list[str]] = defaultdict(list)
    for milestone in tx.milestones.find(relationship_id=ids, state="missed"):
        missed[milestone.relationship_id].append(milestone.kind)
    targets = targets_for(tx, program)
    short = _short(tx, program, targets, [(one, meetings[one.id]) for one in running])
    return {
        one.id: [
            *short.get(one.id, ()),
            *_silent(tx.now, targets(one), one, meetings[one.id]),
            *({"code": "missed", "kind": kind} for kind in missed[one.id]),
            *(
                [{"code": "over", "ends_at": one.ends_at.isoformat()}]
                if one.ends_at < tx.now
                else ()
            ),
        ]
        for one in running
    }


def _short(
    tx: Transaction, program: Program, targets: Callable[[Relationship], Targets],
    held: Sequence[tuple[Relationship, list[Meeting]]],
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """Return the flags for the newest month whose grace is over, if too little was met in it.

    The journal is asked for breaks, once for all, only where they can matter.
    """
    suspects = {}
    for one, meetings in held:
        judged = month_of(tx.now - timedelta(days=targets(one).grace_days), program.zone)[0]
        month = month_of(judged - timedelta(days=1), program.zone)
        minutes = sum(m.minutes for m in meetings if month[0] <= m.held_at < month[1])
        most = targets(one).minutes_per_month, month, (one.started_at, one.ends_at)
        if minutes < asked_minutes(*most):
            suspects[one.id] = minutes, month, most
    told: dict[str, list[Event]] = defaultdict(list)
    for event in tx.journal.about("relationship", *suspects):
        told[event.subject_id].append(event)
    found = {}
    for id, (minutes, month, most) in suspects.items():
        asked = asked_minutes(*most, spans_of(told[id], month[1]))
        if minutes < asked:
            row = {"code": "short", "month": month[0].strftime("%Y-%m"), "held": minutes}
            found[id] = [{**row, "asked": asked}]
    return found


def _silent(
    now: datetime, targets: Targets, one: Relationship, held: list[Meeting]
) -> list[dict[str, Any]]:
    """Return the flag for those who have not met for long, the gravest alone."""
    since = max((meeting.held_at for meeting in held), default=one.started_at)
    limits = {"dormant": targets.dormant_days, "quiet": targets.quiet_days}
    if not held:
        limits = {"never_met": targets.never_met_days}
    for code, days in limits.items():
        if now - since >= timedelta(days=days):
            return [{"code": code, "since": since.isoformat()}]
    return []
