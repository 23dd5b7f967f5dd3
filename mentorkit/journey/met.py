"""Met: a meeting logged with one tap, by a link that needs no log-in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor
from mentorkit.domain.shown import shown
from mentorkit.errors import Conflict, NotFound
from mentorkit.journey import links, meet
from mentorkit.journey.meet import Met
from mentorkit.journey.say import names_in
from mentorkit.journey.steps import NEW, atomic

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

PURPOSE = "met"


def link(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, participant: str
) -> dict[str, Any]:
    """Return a link by which one of a relationship logs one meeting; for them, or staff to send.

    `url` is its whole address where the kit knows its site, else None.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        people = {m.participant_id: who for m, who in zip(met.here, met.people, strict=True)}
        if participant not in people or (met.own and participant not in met.own):
            raise NotFound("participant.not_found", "That participant is not in it.")
    token = links.make(
        kit, tenant=tenant, purpose=PURPOSE, person=people[participant], relationship=relationship
    )
    url = kit.site.url(tenant, "met", token=token) if kit.site else None
    return {"relationship": relationship, "participant": participant, "token": token, "url": url}


def show(kit: Kit, *, tenant: str, token: str) -> dict[str, Any]:
    """Return what a link is about; looking changes nothing.

    `meeting` is what has been logged with it, if anything, and `state` that of the relationship.
    """
    told = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, told.actor, told.about["relationship"])
        person = tx.people.get(told.person_id)
        found = tx.meetings.first(id=told.nonce)
        mentee, mentor = names_in(tx, "relationship", met.relationship.id, person.locale)
        return {
            "relationship": met.relationship.id,
            "state": met.relationship.state,
            "program": met.program.key,
            "program_name": shown(met.program.name),
            "zone": met.program.zone if person.zone == "UTC" else person.zone,
            "locale": person.locale,
            "mentee": mentee,
            "mentor": mentor,
            "meeting": met.row(found) if found else None,
        }


@atomic
def log(
    kit: Kit, *, tenant: str, token: str, minutes: int, held_at: datetime | str | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Log the meeting of a link, once: raises `Conflict` (meeting.logged) from then on."""
    told = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    if found := tx.meetings.first(id=told.nonce):
        raise Conflict(
            "meeting.logged",
            "This link has logged its meeting already. Log another one on the page of the two.",
            meeting=found.id,
        )
    return meet.log(
        kit, tenant=tenant, actor=told.actor, relationship=told.about["relationship"],
        minutes=minutes, held_at=held_at, id=told.nonce, tx=tx,
    )  # fmt: skip


@atomic
def strike(kit: Kit, *, tenant: str, token: str, tx: Transaction = NEW) -> dict[str, Any]:
    """Take back the meeting that this link has logged; it stays in the journal."""
    told = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    return meet.strike(kit, tenant=tenant, actor=told.actor, meeting=told.nonce, tx=tx)
