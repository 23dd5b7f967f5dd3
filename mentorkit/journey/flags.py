"""Flags: which relationships staff should look at, and why each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.milestones import Held, Span, asked_minutes, month_of, ran
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program, Targets
from mentorkit.domain.relationships import Relationship
from mentorkit.journey.definitions import targets_for
from mentorkit.journey.meet import Met, breaks_of
from mentorkit.journey.steps import persons_of, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


def flags(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the running relationships that want looking at, those with most reasons first.

    ``reasons`` are ``{code, ...}``: ``short`` (``held`` of ``asked`` minutes in ``month``, once the
    grace days of the next are over), ``never_met`` (no meeting yet, ``since`` the start), ``quiet``
    and ``dormant`` (none ``since`` the last), ``missed`` (a milestone, by ``kind``) and ``over``
    (its end, ``ends_at``, has passed). Minutes and days are the program's targets. `members` tells
    people of one name apart.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        running = tx.relationships.find(program_id=found.id, state="active")
        why = reasons(tx, found, running)
        flagged = [one for one in running if why[one.id]]
        people = persons_of(tx, (member.participant_id for one in flagged for member in one.here))
        listed = [
            {
                "relationship": one.id,
                **who(one, people),
                "reasons": why[one.id],
            }
            for one in flagged
        ]
        return sorted(listed, key=lambda row: (-len(row["reasons"]), row["names"]))


def who(one: Relationship, people: Mapping[str, Person]) -> dict[str, Any]:
    """Return who is in it now: their `names`, and `members` with participant id, name and key."""
    here = [(m.participant_id, people[m.participant_id]) for m in one.here]
    members = [{"participant": id, "name": p.name, "key": p.external_key} for id, p in here]
    return {"names": [person.name for _, person in here], "members": members}


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
    tx: Transaction, program: Program, running: Sequence[Relationship], at: datetime | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return why each of these (id) is flagged now, or will be `at` a later time if all stays so.

    Without a reason it is healthy.

    At the mid-point, healthy pairs are asked one question, the others all: that goes by this.
    """
    ids = [one.id for one in running]
    meetings: dict[str, list[Held]] = defaultdict(list)
    for meeting in tx.meetings.held(ids):
        meetings[meeting.relationship_id].append(meeting)
    missed: dict[str, list[str]] = defaultdict(list)
    for milestone in tx.milestones.find(relationship_id=ids, state="missed"):
        missed[milestone.relationship_id].append(milestone.kind)
    targets = targets_for(tx, program)
    now = at or tx.now
    breaks = breaks_of(tx, running, now)
    return {
        one.id: [
            *_short(now, program, targets(one), one, meetings[one.id], breaks[one.id]),
            *_silent(now, targets(one), one, meetings[one.id], breaks[one.id]),
            *({"code": "missed", "kind": kind} for kind in missed[one.id]),
            *([{"code": "over", "ends_at": one.ends_at.isoformat()}] if one.ends_at < now else ()),
        ]
        for one in running
    }


def _short(
    now: datetime, program: Program, targets: Targets, one: Relationship, held: list[Held],
    breaks: Sequence[Span],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the flag for the newest month whose grace is over, if too little was met in it."""
    judged = month_of(now - timedelta(days=targets.grace_days), program.zone)[0]
    month = month_of(judged - timedelta(days=1), program.zone)
    minutes = sum(m.minutes for m in held if month[0] <= m.held_at < month[1])
    running = one.started_at, one.ends_at
    asked = asked_minutes(targets.minutes_per_month, month, running, breaks)
    told = {"code": "short", "month": month[0].strftime("%Y-%m"), "held": minutes, "asked": asked}
    return [told] if minutes < asked else []


def _silent(
    now: datetime, targets: Targets, one: Relationship, held: list[Held], breaks: Sequence[Span]
) -> list[dict[str, Any]]:
    """Return the flag for those who have not met for long, the gravest alone; a break is none."""
    since = max((meeting.held_at for meeting in held), default=one.started_at)
    limits = {"dormant": targets.dormant_days, "quiet": targets.quiet_days}
    if not held:
        limits = {"never_met": targets.never_met_days}
    silent = ran((since, now), breaks)
    for code, days in limits.items():
        if silent >= timedelta(days=days):
            return [{"code": code, "since": since.isoformat()}]
    return []
