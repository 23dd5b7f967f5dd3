"""Collecting: everything that is awaited in a program now, or will be, thing by thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from mentorkit.domain.milestones import Milestone, ran
from mentorkit.domain.moves import PARTIES, STAFF
from mentorkit.domain.nudges import KINDS, Awaited
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Relationship
from mentorkit.journey import awaiting, feedback, flags
from mentorkit.journey.definitions import targets_for
from mentorkit.journey.meet import STAFF_SIDE, asked_of, breaks_of
from mentorkit.journey.pools import ASKED

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

Ids = Collection[str] | None
Kinds = Collection[str]
Collector = Callable[["Transaction", Program, Ids, datetime | None, Kinds], Iterable[Awaited]]
OPENING = ("due", "upcoming")
MEETINGS = {"meeting", "first_meeting"}


def awaited(
    kit: Kit, tx: Transaction, program: Program,
    only: Mapping[str, Collection[str]] | None = None, by: datetime | None = None,
    kinds: Collection[str] = KINDS,
) -> list[Awaited]:  # fmt: skip
    """Return what is awaited from whom in a program now; `only` of these things (noun -> ids).

    Where a survey asks about a milestone, its own message tells of it: one for one cause. With `by`
    also what will be awaited until then if nobody does anything, such surveys among it (``survey``
    as kind). Of other than these `kinds` may be left out, which saves looking for them.
    """

    @cache
    def by_survey(milestone: str, side: str) -> bool:
        return feedback.takes_over(kit, tx, program, milestone, side)

    found = [
        one
        for noun in (COLLECTED if only is None else only)
        for one in COLLECTED[noun](tx, program, None if only is None else only[noun], by, kinds)
    ]
    told = [one.kind == "milestone" and by_survey(one.detail, _side(one)) for one in found]
    asked = [
        replace(one, kind="survey") if is_told else one
        for one, is_told in zip(found, told, strict=True)
    ]
    return [one for one in asked if by is not None or one.kind != "survey"]


def _side(one: Awaited) -> str:
    return one.role if one.role in (*PARTIES, "peer") else STAFF_SIDE


def _narrowed(ids: Ids) -> dict[str, Any]:
    return {} if ids is None else {"id": list(ids)}


def _coordinators(program: Program) -> list[str]:
    return [person for person, role in program.staff.items() if role in STAFF]


def _of_proposals(
    tx: Transaction, program: Program, ids: Ids, by: datetime | None, kinds: Kinds
) -> Iterator[Awaited]:
    rows = tx.proposals.find(program_id=program.id, state=ASKED, **_narrowed(ids))
    parties = tx.participants.get_many(id for one in rows for id in (one.mentee_id, one.mentor_id))
    for one in rows:
        role = one.owing(program.accept_chain)
        if one.due_at is None or one.due_at <= tx.now or role is None:
            continue
        side = {"mentee": one.mentee_id, "mentor": one.mentor_id}.get(role)
        for person in [parties[side].person_id] if side else _coordinators(program):
            yield Awaited(
                kind="reply" if one.state == "question" else "answer",
                person_id=person,
                role=role,
                noun="proposal",
                subject_id=one.id,
                since=one.due_at - timedelta(days=program.offer_days),
                until=one.due_at,
            )


def _of_relationships(
    tx: Transaction, program: Program, ids: Ids, by: datetime | None, kinds: Kinds
) -> Iterator[Awaited]:
    if "reached" in kinds:
        yield from awaiting.ended(tx, program, ids)
    if set(kinds) <= {"reached"}:
        return
    running = tx.relationships.find(program_id=program.id, state="active", **_narrowed(ids))
    last = tx.meetings.last(one.id for one in running)
    people, breaks = _people(tx, running), breaks_of(tx, running, tx.now)
    for one in running if MEETINGS.intersection(kinds) else ():
        met = last.get(one.id, one.started_at)
        # A break is no silence: what came before it is as long ago as it ran since.
        since = tx.now - ran((met, tx.now), breaks[one.id])
        for member in one.here:
            yield Awaited(
                kind="meeting" if one.id in last else "first_meeting",
                person_id=people[member.participant_id],
                role=member.role,
                noun="relationship",
                subject_id=one.id,
                since=since,
                until=one.ends_at,
            )
    if "hours" in kinds:
        yield from awaiting.hours(tx, program, running, breaks, people, by)
    if "silent" in kinds:
        yield from awaiting.silent(tx, program, running, last, breaks, people, by)


def _of_milestones(
    tx: Transaction, program: Program, ids: Ids, by: datetime | None, kinds: Kinds
) -> Iterator[Awaited]:
    if "reached" in kinds:
        yield from awaiting.reached(tx, program, ids)
    if "milestone" not in kinds:
        return
    found = tx.milestones.find(state="due" if by is None else OPENING, **_narrowed(ids))
    due = [
        one for one in found
        if one.closes_at > tx.now and (one.state == "due" or one.opens_at <= (by or tx.now))
    ]  # fmt: skip
    held = tx.relationships.get_many(one.relationship_id for one in due)
    held = {
        id: one for id, one in held.items()
        if one.program_id == program.id and one.state != "paused"
    }  # fmt: skip
    risky = _risky(tx, program, due, held)
    people, targets = _people(tx, held.values()), targets_for(tx, program)
    for one in due:
        relationship = held.get(one.relationship_id)
        if relationship is None:
            continue
        roles = {m.participant_id: m.role for m in relationship.here}
        for side in asked_of(relationship, targets(relationship), one):
            if side in one.answered:
                continue
            staff = _coordinators(program) if side == STAFF_SIDE else None
            for person in [people[side]] if staff is None else staff:
                yield Awaited(
                    kind="milestone",
                    person_id=person,
                    role=roles.get(side, "coordinator"),
                    noun="milestone",
                    subject_id=one.id,
                    since=one.opens_at,
                    until=one.closes_at,
                    detail=one.kind,
                    at_risk=one.id in risky,
                )


def _of_participants(
    tx: Transaction, program: Program, ids: Ids, by: datetime | None, kinds: Kinds
) -> Iterator[Awaited]:
    yield from awaiting.profiles(tx, program, ids)


def _risky(
    tx: Transaction, program: Program, due: Iterable[Milestone], held: Mapping[str, Relationship]
) -> set[str]:
    """Return the milestones (ids) whose relationship is flagged when they open, or is now."""
    opening: dict[datetime, list[Milestone]] = defaultdict(list)
    for one in due:
        if one.relationship_id in held and held[one.relationship_id].state in HOLDING:
            day = one.opens_at.replace(hour=0, minute=0, second=0)
            opening[tx.now if one.state == "due" else max(tx.now, day)].append(one)
    risky = set()
    for at, those in opening.items():
        asked = {one.relationship_id: held[one.relationship_id] for one in those}
        why = flags.reasons(tx, program, list(asked.values()), at)
        risky |= {one.id for one in those if why[one.relationship_id]}
    return risky


def _people(tx: Transaction, held: Iterable[Relationship]) -> dict[str, str]:
    """Return the person id of each participant in these."""
    there = [m.participant_id for one in held for m in one.here]
    return tx.participants.pick("person_id", id=there)


COLLECTED: Mapping[str, Collector] = {
    "proposal": _of_proposals,
    "relationship": _of_relationships,
    "milestone": _of_milestones,
    "participant": _of_participants,
}
"""By noun, what finds what is awaited about things of that noun: all, or those with these ids."""
