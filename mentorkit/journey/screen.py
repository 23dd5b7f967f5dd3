"""Screen: decide who may join, by requirements that are data and by people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.participants import ROLES, Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program, Requirement
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.programs import requirements_of
from mentorkit.journey.safeguards import not_closed, not_erased, old_enough
from mentorkit.journey.steps import NEW, atomic, by_staff, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


BEFORE = ("lead", "waiting", "declined", "approved")
"""The states in which nobody has been promised to somebody yet."""


def answers(
    requirements: tuple[Requirement, ...], participant: Participant
) -> list[dict[str, str]]:
    """Return, for each requirement on this role, its id and the answer: yes, no or ask."""
    return [
        {"requirement": one.id, "answer": one.answer(participant.profile)}
        for one in requirements
        if any(participant.plays(role) for role in one.roles)
    ]


def review(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None
) -> list[dict[str, Any]]:
    """List the participants of a program, each with how it meets the requirements."""
    with reading(kit, tenant, actor, program) as (tx, found):
        wanted = {"state": state} if state else {}
        return _reviewed(tx, found, tx.participants.find(program_id=found.id, **wanted))


def listed(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    state: str | None = None,
    role: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Return one page of what `review` lists: `items` in the order they came, and `next`.

    `next` is what `after` is given for the page behind, None on the last. `role` also takes those
    who are both.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        wanted: dict[str, Any] = {"state": state} if state else {}
        if role:
            wanted["role"] = [role, "both"]
        page = tx.participants.page(program_id=found.id, after=after, limit=limit, **wanted)
        return {"items": _reviewed(tx, found, page.items), "next": page.next}


def _reviewed(
    tx: Transaction, program: Program, rows: Iterable[Participant]
) -> list[dict[str, Any]]:
    rows = list(rows)
    people = tx.people.get_many([row.person_id for row in rows])
    requirements = requirements_of(tx, program)
    return [
        {
            **as_row(row),
            "name": people[row.person_id].name,
            "key": people[row.person_id].external_key,
            "requirements": answers(requirements, row),
        }
        for row in rows
    ]


@atomic
def approve(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, despite: tuple[str, ...] = (),
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Let somebody join. `despite` names requirements to pass over; nothing passes over the age."""
    one = tx.participants.get(participant)
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    person = not_erased(tx, one)
    if program.minimum_age is not None:
        if person.born is None:
            raise Conflict(
                "participant.age_unknown",
                "Ask for the year of birth first: the program has a minimum age.",
            )
        if not old_enough(program, person, tx.now.year):
            raise Conflict(
                "participant.too_young", f"Everybody must be over {program.minimum_age} here."
            )
    failed = [
        answer["requirement"]
        for answer in answers(requirements_of(tx, program), one)
        if answer["answer"] == "no" and answer["requirement"] not in despite
    ]
    if failed:
        raise Conflict(
            "participant.requirements",
            f"Not met: {', '.join(failed)}. Decline, or approve despite them by name.",
            requirements=failed,
        )
    moved = one.move("approved", by=step.role)
    return step.done(tx.participants, moved, events.ParticipantApproved)


@atomic
def decline(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "staff_decision",
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Turn somebody down. `reason` is a code; free words go into `note`, which can be erased."""
    one = tx.participants.get(participant)
    step = by_staff(tx, actor, tx.programs.get(one.program_id))
    moved = one.move("declined", by=step.role, reason=reason)
    step.note("participant", participant, note)
    return step.done(tx.participants, moved, events.ParticipantDeclined, reason=reason)


@atomic
def wait(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "no_place",
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Put somebody on the waiting list."""
    one = tx.participants.get(participant)
    step = by_staff(tx, actor, tx.programs.get(one.program_id))
    moved = one.move("waiting", by=step.role, reason=reason)
    step.note("participant", participant, note)
    return step.done(tx.participants, moved, events.ParticipantWaitlisted, reason=reason)


@atomic
def correct_role(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, role: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Give somebody the role they should have come in with; for a sheet of the wrong side, say.

    Until they are active: after that somebody may have been promised to them. Whoever was declined
    is a lead's decision away from being looked at again: `approve` takes them as they are now.
    """
    one = tx.participants.get(participant)
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    not_erased(tx, one)
    if role not in ROLES:
        raise Invalid(
            "participant.role", "There is no such role.",
            [Problem("role", f"write one of {', '.join(ROLES)}")],
        )  # fmt: skip
    if one.state not in BEFORE:
        raise Conflict(
            "participant.role_settled",
            f"This participant is {one.state}; the role can be corrected until somebody is active.",
        )
    most = program.mentee_capacity if role == "mentee" else max(one.capacity, 1)
    changed = replace(one, role=role, capacity=most)
    fact, own = events.ParticipantChanged, {"role_played": role, "capacity": most}
    return step.done(tx.participants, changed, fact, changed=("role",), **own)


@atomic
def readmit(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Take somebody who has left back in, as a lead: they are approved and agree once more."""
    one = tx.participants.get(participant)
    tx.programs.hold([one.program_id])  # it is not closed before we have ended
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    not_closed(program)
    not_erased(tx, one)
    moved = one.withdraw_consent().move("lead", by=step.role)
    return step.done(tx.participants, moved, events.ParticipantReadmitted)
