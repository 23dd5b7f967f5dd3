"""Relay: carry a short word between people who are connected, without anybody's address."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import PARTIES
from mentorkit.domain.people import Actor
from mentorkit.domain.relationships import HOLDING
from mentorkit.domain.shown import shown
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.contents import reviewed, word_aside
from mentorkit.journey.meet import Met
from mentorkit.journey.steps import NEW, atomic, persons_of
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

LONGEST = 1000
"""How many characters a word may have."""
A_DAY = 20
"""How many words one person may send in a relationship within 24 hours."""


@reviewed
@atomic
def send(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, text: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Carry a word (1 to 1000 characters) to the others in a running relationship.

    They get it through their own channels, and neither sees the other's address. At most 20 a day.
    `held` says that it waits to be looked at first.
    """
    tx.relationships.hold([relationship])  # of two at once the later counts the earlier
    met = Met(tx, actor, relationship)
    if met.role not in PARTIES:
        raise NotAllowed("relay.not_in_it", "Only who is in it writes to the others.")
    if met.relationship.state not in HOLDING:
        raise Conflict("relay.ended", "This has ended; nothing is carried any more.")
    if not text.strip() or len(text) > LONGEST:
        told = Problem("text", f"write 1 to {LONGEST} characters")
        raise Invalid("relay.text", "This cannot be carried.", [told])
    (mine, *_), since = met.own, tx.now - timedelta(days=1)
    today = [one for one in relayed(tx, relationship) if one.at and one.at > since]
    if sum(one.participant_id == mine for one in today) >= A_DAY:
        raise Conflict("relay.too_many", f"{A_DAY} a day are carried. Write again tomorrow.")
    text_id = met.note("relationship", relationship, text.strip()) or ""
    held = word_aside(kit, met, text_id)
    if not held:
        deliver(met, text_id)
    return {"id": relationship, "sent_at": shown(tx.now), "held": held}


def deliver(met: Met, text_id: str, cause: events.Event | None = None) -> None:
    """Tell the others the words in a note, which nothing stands against any more."""
    (mine, *_), fact = met.own, events.MessageRelayed
    told = {"participant_id": mine, "text_id": text_id}
    event = met.record(fact, met.relationship.id, cause, **told)
    here = zip(met.relationship.here, met.people, strict=True)
    tell(met.tx, event, "relayed", [who for m, who in here if m.participant_id != mine])


def said(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, limit: int = 20
) -> list[dict[str, Any]]:
    """List the newest words carried in a relationship, newest first, for those who are in it.

    Each is ``{by: name, own, at, text}``; an erased text is "". Staff get none: it is not theirs.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        if met.role not in PARTIES:
            return []
        found = relayed(tx, relationship)[::-1][:limit]
        texts = {id: note.text for id, note in tx.notes.get_many(e.text_id for e in found).items()}
        people = persons_of(tx, {one.participant_id for one in found})
        own = set(met.own)
        return [
            {
                "by": people[one.participant_id].name,
                "own": one.participant_id in own,
                "at": shown(one.at),
                "text": texts.get(one.text_id, ""),
            }
            for one in found
        ]


def relayed(tx: Transaction, relationship: str) -> list[events.MessageRelayed]:
    """Return the words that were carried in a relationship, oldest first."""
    journal = tx.journal.about("relationship", relationship)
    return [one for one in journal if isinstance(one, events.MessageRelayed)]


__all__ = ["deliver", "relayed", "said", "send"]
