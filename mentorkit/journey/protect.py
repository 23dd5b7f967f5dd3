"""Protect: keep two people apart, or forget one, at once and everywhere."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor, Block, Contact
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING
from mentorkit.domain.safety import HANDLERS
from mentorkit.errors import Conflict, NotFound
from mentorkit.journey.accept import withdraw_apart, withdraw_open
from mentorkit.journey.feedback import close
from mentorkit.journey.meet import Met, part
from mentorkit.journey.offers import OPEN
from mentorkit.journey.pools import promise_to_forget
from mentorkit.journey.steps import (
    NEW,
    READERS,
    Step,
    atomic,
    fresh,
    person_of,
    program_of,
    require,
    role_in,
    staff_only,
)

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

ERASED = "erased"
"""The kind of contact that is left of an erased person's id and e-mail: a mark of each."""


@atomic
def block(
    kit: Kit, *, tenant: str, actor: Actor, person: str, other: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Keep `person` and `other` (person ids) apart from now on, in either direction.

    Their open proposals are withdrawn, also those into a circle that the other is in, and running
    relationships end in the same transaction; a circle goes on without the mentee of the two, or
    without `person` if both are. No run, lock or staff proposal brings them together again. Done by
    the person or by staff of a program that the person is in. The other one is told nothing.
    Only staff are told how many proposals were `withdrawn`: some were drafts.
    """
    tx.people.get(other)
    tx.people.get(person)
    both = tx.participants.find(person_id=(person, other))
    tx.participants.hold(one.id for one in both)  # a pair made just now is there to be ended
    mine = tx.participants.find(person_id=person)
    theirs = {one.id for one in tx.participants.find(person_id=other)}
    step = Step(tx, actor, _role(tx, actor, person, mine, HANDLERS), None)
    if step.role in HANDLERS - {Role.ADMIN}:
        _ensure_known(tx, actor, other)
    if person == other:
        raise Conflict("block.self", "Nobody can be kept apart from themselves.")
    two: dict[str, Any] = {"person_id": person, "other_id": other}
    kept = tx.blocks.first(**two) or tx.blocks.add(Block(**fresh(tx), **two, created_at=tx.now))
    event = step.record(events.PersonBlocked, kept.id, **two)
    withdrawn = ended = 0
    for one in mine:
        for their in theirs:
            withdrawn += withdraw_open(
                tx, participant=one.id, other=their, reason="blocked", cause=event
            )
        for running in tx.relationships.for_participants([one.id], states=HOLDING):
            here = {m.participant_id for m in running.here}
            if one.id in here and theirs & here:
                mentees_first = sorted((one.id, *theirs), key=lambda id: id not in running.mentees)
                part(Met(tx, SYSTEM_ACTOR, running.id), mentees_first, "blocked")
                ended += 1
    own = {one.id for one in mine}
    for held in tx.relationships.for_participants(own | theirs, states=HOLDING):
        if held.kind == "circle":
            withdrawn += withdraw_apart(tx, held, event, OPEN)
    report = {"person": person, "other": other, "ended": ended}
    return report if step.role in PARTIES else {**report, "withdrawn": withdrawn}


@atomic
def unblock(
    kit: Kit, *, tenant: str, actor: Actor, person: str, other: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Let the two be brought together again, as far as `person` is concerned.

    Done by who may set it. What `other` has set against `person` stays, and what has ended or was
    withdrawn does not come back. Raises `NotFound` (block.not_found) where there is none.
    """
    tx.people.get(person)
    role = _role(tx, actor, person, tx.participants.find(person_id=person), HANDLERS)
    two: dict[str, Any] = {"person_id": person, "other_id": other}
    kept = tx.blocks.first(**two)
    if kept is None or (role not in PARTIES and person_of(tx, actor) == other):
        raise NotFound("block.not_found", "These two are not kept apart here.")
    tx.blocks.remove(kept.id)
    Step(tx, actor, role, None).record(events.PersonUnblocked, kept.id, **two)
    return {"person": person, "other": other}


def blocks(
    kit: Kit, *, tenant: str, actor: Actor, program: str | None = None
) -> list[dict[str, Any]]:
    """List who is kept apart from whom: of a program for its staff, else what the actor has set.

    Nobody is shown who keeps them away, whatever their role.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        me = person_of(tx, actor)
        if program is None:
            rows = tx.blocks.find(person_id=me) if me else []
        else:
            rows = _blocks_in(tx, program_of(tx, program), actor)
        ids = {id for one in rows for id in (one.person_id, one.other_id)}
        names = {id: person.name for id, person in tx.people.get_many(ids).items()}
        return [
            {
                "person": one.person_id,
                "other": one.other_id,
                "name": names[one.person_id],
                "other_name": names[one.other_id],
                "since": one.created_at.isoformat(),
            }
            for one in rows
            if me is None or one.other_id != me
        ]


def _blocks_in(tx: Transaction, program: Program, actor: Actor) -> list[Block]:
    require(tx, program, actor, HANDLERS)
    here = {one.person_id for one in tx.participants.find(program_id=program.id)}
    return tx.blocks.find(person_id=here)


@atomic
def erase(
    kit: Kit, *, tenant: str, actor: Actor, person: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Forget a person (by id): they are out of everything at once, and what told of them is gone.

    Running relationships end (a circle goes on for the others), open proposals are withdrawn,
    every program is left, as staff too, and a firm goes that nobody else acts for; ids, codes and
    counts stay. Done by the person or by staff
    of a program that the person is in. A mark of their id and e-mail stays, by which `recruit`
    refuses to bring them back. `unreached` names tables of plugins that are not loaded: what these
    hold is still there. Only staff are told how many proposals were `withdrawn`, for some were
    drafts, and how many rows of each table were `erased`.
    """
    from mentorkit.store import erase as erase_rows
    from mentorkit.store import unreached

    # In this order, as a publication and an import hold them.
    tx.programs.hold(program.id for program in tx.programs.find() if person in program.staff)
    tx.people.hold([person])
    one = tx.people.get(person)
    tx.participants.hold(row.id for row in tx.participants.find(person_id=person))
    mine = tx.participants.find(person_id=person)
    role = _role(tx, actor, person, mine)
    own, ended = {one.id for one in mine}, 0
    for held in tx.relationships.for_participants(own, states=HOLDING):
        if who := [m.participant_id for m in held.here if m.participant_id in own]:
            part(Met(tx, SYSTEM_ACTOR, held.id), who, "erased")
            ended += 1
    event = Step(tx, actor, role, None).record(events.PersonErased, person)
    withdrawn = left = 0
    for now in tx.participants.find(person_id=person):
        step = Step(tx, actor, role, now.program_id)
        withdrawn += withdraw_open(tx, participant=now.id, reason="erased", cause=event)
        if now.consented_at:
            gone = now.withdraw_consent()
            now, _ = step.save(tx.participants, gone, events.ConsentWithdrawn, cause=event)
        if now.state != "left":
            # Who was declined has no way out of their own; erasing them is it.
            by = Role.SYSTEM if now.state == "declined" else role
            gone = now.move("left", by=by, reason="erased")
            step.save(tx.participants, gone, events.ParticipantLeft, reason="erased")
            close(step, gone)
            left += 1
    for program in tx.programs.find():
        if person in program.staff:
            staff = Frozen({who: held for who, held in program.staff.items() if who != person})
            step = Step(tx, actor, role, program.id)
            dismissed = replace(program, staff=staff)
            step.save(tx.programs, dismissed, events.StaffDismissed, person_id=person)
    contacts = tx.contacts.find(person_id=person)
    names = {c.value.casefold() for c in contacts if c.kind == "email"} | {one.external_key}
    marks = {marks_of(kit, tenant, name)[0] for name in names if name}
    marks |= {contact.value for contact in contacts if contact.kind == ERASED}
    rows = erase_rows(tx, person)
    promise_to_forget(tx, event, (one.program_id for one in mine))
    tx.contacts.add_all(
        Contact(**fresh(tx), person_id=person, kind=ERASED, value=mark) for mark in marks
    )
    report = {"person": person, "ended": ended, "left": left, "unreached": unreached(tx)}
    return report if role in PARTIES else {**report, "withdrawn": withdrawn, "erased": rows}


def marks_of(kit: Kit, tenant: str, key: str) -> list[str]:
    """Return what may be left of this id or e-mail of an erased person; the first is written now.

    Keyed by the kit's `secret_keys`. The last has no secret, and anybody who can guess the id
    can make it again.
    """
    secrets = [one.encode() if isinstance(one, str) else one for one in kit.secret_keys]
    text = f"mentorkit erased/{tenant}/{key}".encode()
    return [hmac.digest(secret, text, "sha256").hex() for secret in (*secrets, tenant.encode())]


def _ensure_known(tx: Transaction, actor: Actor, person: str) -> None:
    """Raise `NotFound` for whom staff cannot see: in no program in which they handle concerns."""
    parts = {one.program_id for one in tx.participants.find(person_id=person)}
    for program in tx.programs.find():
        near = program.id in parts or person in program.staff
        if near and role_in(tx, program, actor) in HANDLERS:
            return
    raise tx.people.missing(person)


def _role(
    tx: Transaction, actor: Actor, person: str, mine: Sequence[Participant],
    staff: frozenset[Role] = STAFF,
) -> Role:  # fmt: skip
    if actor.admin:
        return Role.ADMIN
    if person_of(tx, actor) == person:
        return Role.MENTOR if {one.role for one in mine} == {"mentor"} else Role.MENTEE
    where = tx.programs.get_many(one.program_id for one in mine).values()
    roles = [role for program in where if (role := role_in(tx, program, actor))]
    if held := next((role for role in roles if role in staff), None):
        return held
    if READERS.intersection(roles):  # they see who is there, and are told why not
        raise staff_only(staff)
    raise NotFound("person.not_found", "There is no such person here.")
