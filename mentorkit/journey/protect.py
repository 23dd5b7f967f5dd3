"""Protect: keep two people apart, at once and everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.people import Actor, Block
from mentorkit.domain.relationships import HOLDING
from mentorkit.errors import Conflict, NotFound
from mentorkit.journey.accept import withdraw_open
from mentorkit.journey.meet import Met, part
from mentorkit.journey.steps import Step, fresh, inside, person_of, role_in

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


def block(
    kit: Kit, *, tenant: str, actor: Actor, person: str, other: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Keep `person` and `other` (person ids) apart from now on, in either direction.

    Their open proposals are withdrawn and running relationships end in the same transaction; a
    circle goes on without the mentee of the two, or without `person` if both are. No run, lock or
    staff proposal brings them together again. Done by the person or by staff of a program that
    the person is in. The other one is told nothing.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        for one_id in (other, person):
            tx.people.get(one_id)
        mine = tx.participants.find(person_id=person)
        theirs = {one.id for one in tx.participants.find(person_id=other)}
        step = Step(tx, actor, _role(tx, actor, person, [one.program_id for one in mine]), None)
        if person == other:
            raise Conflict("block.self", "Nobody can be kept apart from themselves.")
        if not tx.blocks.first(person_id=person, other_id=other):
            tx.blocks.add(Block(**fresh(tx), person_id=person, other_id=other, created_at=tx.now))
        event = step.record(events.PersonBlocked, person, other_id=other)
        withdrawn = ended = 0
        for one in mine:
            for their in theirs:
                withdrawn += withdraw_open(
                    tx, participant=one.id, other=their, reason="blocked", cause=event
                )
            for running in tx.relationships.for_participants([one.id], states=HOLDING):
                here = {m.participant_id for m in running.here}
                if one.id in here and theirs & here:
                    part(Met(tx, actor, running.id), (one.id, *theirs), "blocked")
                    ended += 1
        return {"person": person, "other": other, "withdrawn": withdrawn, "ended": ended}

    return inside(kit, tenant, tx, work)


def _role(tx: Transaction, actor: Actor, person: str, programs: list[str]) -> Role:
    if actor.admin:
        return Role.ADMIN
    if person_of(tx, actor) == person:
        return Role.MENTEE
    for program in tx.programs.get_many(programs).values():
        role = role_in(tx, program, actor)
        if role in STAFF:
            return role
    raise NotFound("person.not_found", "There is no such person here.")
