"""History: who did what in a relationship, when, and by which means they were told to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.events import Event
from mentorkit.domain.milestones import hours_of
from mentorkit.domain.moves import STAFF
from mentorkit.domain.people import Actor
from mentorkit.journey.meet import Met
from mentorkit.journey.steps import person_of, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SHOWN = ("kind", "minutes", "days", "reason")
"""What is told of a fact beside its name, if it says so."""


def history(kit: Kit, *, tenant: str, actor: Actor, relationship: str) -> list[dict[str, Any]]:
    """List what happened to a relationship, its proposal, meetings and milestones, newest first.

    Each is ``{what, at, by, role, means, behalf}``: the fact's name, who did it (None: the
    program itself), as what and by which means, and whether staff did it for somebody. Staff see
    all; a participant what they did themselves, and what staff did in their place, no reasons.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        own = person_of(tx, actor) if met.own else None
        facts = _facts(tx, met)
        if own:
            facts = [one for one in facts if one.actor_id == own or _on_behalf(one)]
        people = tx.people.get_many(one.actor_id for one in facts if one.actor_id)
        kinds = {one.id: one.kind for one in tx.milestones.find(relationship_id=relationship)}
        return [
            {
                "what": type(one).__name__,
                "at": one.at.isoformat() if one.at else None,
                "by": people[one.actor_id].name if one.actor_id in people else None,
                "role": one.role,
                "means": one.means,
                "behalf": _on_behalf(one),
                **({"kind": kinds[one.subject_id]} if one.subject_id in kinds else {}),
                **{
                    name: value
                    for name, value in one.payload().items()
                    if name in SHOWN and value is not None and not (own and name == "reason")
                },
            }
            for one in facts
        ]


def _facts(tx: Transaction, met: Met) -> list[Event]:
    one = met.relationship
    facts = tx.journal.about("relationship", one.id)
    joined = [event.payload().get("joined_by") for event in facts]
    proposals = [id for id in (one.proposal_id, *joined) if id]
    facts += tx.journal.about("proposal", *proposals)
    facts += tx.journal.about("meeting", *(m.id for m in tx.meetings.find(relationship_id=one.id)))
    planned = tx.milestones.find(relationship_id=one.id)
    facts += tx.journal.about("milestone", *(m.id for m in planned))
    told = [event for event in facts if type(event).__name__ != "MilestonePlanned"]
    return sorted(told, key=lambda event: event.sequence, reverse=True)


def _on_behalf(one: Event) -> bool:
    """Return whether staff did it, who were told by somebody or decided it for them."""
    return one.role in STAFF


def hours(
    kit: Kit, *, tenant: str, actor: Actor, program: str,
    since: datetime | None = None, until: datetime | None = None,
) -> dict[str, dict[str, int]]:  # fmt: skip
    """Return the minutes that a program's people met, alone and in groups, for its staff.

    They are as `hours_of` tells them, counted from `since` until before `until`.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        ids = [one.id for one in tx.relationships.find(program_id=found.id)]
        return hours_of(
            one
            for one in tx.meetings.find(relationship_id=ids)
            if (since is None or since <= one.held_at) and (until is None or one.held_at < until)
        )


def again(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, minutes: int, held_at: datetime,
    attendees: Sequence[str] | None = None,
) -> str | None:  # fmt: skip
    """Return when the actor logged the same meeting within the last ten minutes, else None.

    That is one of as many minutes on that day, on the clock of `held_at`, with those `attendees` if
    they are named. `log` takes it all the same: whoever is asked first may mean another one.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        me, day = person_of(tx, Met(tx, actor, relationship).actor), held_at.date()
        held = tx.meetings.find(relationship_id=relationship, state="held", minutes=minutes)
        held = [m for m in held if attendees is None or set(attendees) == set(m.attendees)]
        alike = [m.id for m in held if m.held_at.astimezone(held_at.tzinfo).date() == day]
        logged = [e.at for e in tx.journal.about("meeting", *alike) if e.at and e.actor_id == me]
        latest = max((at for at in logged if at > tx.now - timedelta(minutes=10)), default=None)
        return latest.isoformat() if latest else None
