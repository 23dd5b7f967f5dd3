"""Circles: who comes into one that is there, and the second mentor who is asked to lead it too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.events import Event
from mentorkit.domain.moves import STAFF
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program, Targets
from mentorkit.domain.relationships import HOLDING, Member, Proposal, Relationship
from mentorkit.domain.runs import Run
from mentorkit.errors import Conflict
from mentorkit.journey.cohorts import span
from mentorkit.journey.offers import both, withdraw_one
from mentorkit.journey.pools import ASKED, two_of
from mentorkit.journey.safeguards import breaches
from mentorkit.journey.steps import fresh, persons_of
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.domain.participants import Participant
    from mentorkit.journey.offers import Both
    from mentorkit.store.transaction import Transaction


def led_by(tx: Transaction, mentor: str) -> Relationship | None:
    """Return the circle that a mentor leads, rather one that meets than a paused one."""
    held = tx.relationships.for_participants([mentor], states=HOLDING)
    own = [one for one in held if one.kind == "circle" and one.mentors[:1] == (mentor,)]
    return min(own, key=lambda circle: circle.state, default=None)


def found(
    tx: Transaction, program: Program, members: Mapping[str, str], targets: Targets, *,
    cohort: str | None, **how: Any,
) -> Relationship:  # fmt: skip
    """Begin a relationship of these participants, each in a role, whose places are taken.

    In a cohort it lasts from its first day, or now, to its end.
    """
    new = tx.new_id()
    lasts = tx.now, tx.now + timedelta(days=targets.length_days)
    started, ends = span(tx, program, cohort, lasts)
    return tx.relationships.add(
        Relationship(
            id=new,
            tenant=tx.tenant,
            program_id=program.id,
            started_at=started,
            ends_at=ends,
            members=tuple(_member(tx, new, who, role) for who, role in members.items()),
            **how,
        )
    )


def let_in(tx: Transaction, circle: Relationship, who: str, role: str) -> Relationship:
    """Let somebody join, perhaps again; saving the circle keeps it from ending meanwhile."""
    before = next((m for m in circle.members if m.participant_id == who and m.left_at), None)
    if before:
        tx.members.save(replace(before, role=role, joined_at=tx.now, left_at=None))
    else:
        tx.members.add(_member(tx, circle.id, who, role))
    tx.relationships.save(circle)
    return tx.relationships.get(circle.id)


def _member(tx: Transaction, held: str, who: str, role: str) -> Member:
    return Member(
        **fresh(tx), relationship_id=held, participant_id=who, role=role, joined_at=tx.now
    )


def ensure_room(tx: Transaction, one: Participant, needed: int) -> None:
    """Raise `Conflict` (participant.full), with the name, for who has fewer places left."""
    if one.free < needed:
        name = persons_of(tx, [one.id])[one.id].name
        told = f"Free places of {name}: {one.free}; needed: {needed}. "
        told += "Give them more places first, or name fewer people."
        raise Conflict("participant.full", told, capacity=one.capacity)


# --------------------------------------------------------------------------- the second mentor


def beside(tx: Transaction, program: Program, lead: Participant, second: Participant) -> str | None:
    """Return the safeguard that a second mentor would break in the circle of `lead`, or None."""
    circle = led_by(tx, lead.id)
    there = tx.participants.get_many(circle.mentees if circle else ())
    pairs = [(one, second) for one in (lead, *there.values())]
    return next(filter(None, breaches(tx, program, pairs, beside=True)), None)


def ask_seconds(
    tx: Transaction, actor: Actor, run: Run, offered: Iterable[Proposal], asked: Counter[str]
) -> list[Proposal]:
    """Ask those whom a run made second mentors to lead the circles that are offered now.

    `asked` is how many places of each participant are asked for. A circle that has two mentors gets
    none. Return the proposals, withdrawn with the code of the safeguard that one would break.
    """
    made, sizes = [], Counter(one.mentor_id for one in offered)
    for lead, (second, *_) in seconds_of(run).items():
        circle = led_by(tx, lead)
        if not sizes[lead] or (circle and len(circle.mentors) > 1):
            continue
        size = sizes[lead] + len(circle.mentees if circle else ())
        two = both(tx, actor, (lead, second), "participant", "coordinator")
        code = beside(tx, two.program, two.mentee, two.mentor)
        if code is None and two.mentor.free - asked[second] < size:
            code = "asked_meanwhile" if asked[second] else "no_place"
        if code is None and tx.proposals.count(mentee_id=lead, mentor_id=second, state=ASKED):
            code = "proposed_now"
        one = two.draft(origin="strategy", run_id=run.id, circle_of=size)
        made.append(withdraw_one(two, one, code)[0] if code else two.offer(one))
    return made


def seconds_of(run: Run) -> Mapping[str, list[str]]:
    """Return the further mentors of a run's circles, by who leads each: participant ids."""
    told: Mapping[str, list[str]] = run.summary.get("circles", {}).get("beside", {})
    return told


def waiting_for(tx: Transaction, lead: str) -> list[Proposal]:
    """Return the proposals of second mentors who are asked to this mentor's circle."""
    return [one for one in tx.proposals.find(mentee_id=lead, state=ASKED) if one.circle_of]


def mentors_about(tx: Transaction, one: Proposal) -> list[str]:
    """Return the mentors of whom a yes to this proposal may take places."""
    if tx.programs.get(one.program_id).kind != "circle":
        return [*two_of(one)]
    circle = led_by(tx, one.mentor_id)
    seconds = [each.mentor_id for each in waiting_for(tx, one.mentor_id)]
    return [*two_of(one), *(circle.mentors if circle else ()), *seconds]


def tell_alone(step: Both, one: Proposal, event: Event) -> None:
    """Tell the coordinators that a circle stays with one mentor, as this one does not join it."""
    if one.circle_of and one.offered_at:
        staff = [person for person, role in step.program.staff.items() if role in STAFF]
        tell(step.tx, event, "second_declined", staff)


__all__ = [
    "ask_seconds", "beside", "ensure_room", "found", "led_by", "let_in", "mentors_about",
    "seconds_of", "tell_alone", "waiting_for",
]  # fmt: skip
