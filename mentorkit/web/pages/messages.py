"""Messages: what became of each that a program sent, for its staff to look up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask

from mentorkit.journey import deliveries
from mentorkit.journey.deliveries import HELD
from mentorkit.web.access import allow
from mentorkit.web.pages import shows
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.visits import Visit

PAGE = 50
LATEST = 5
"""How many of somebody's messages stand on their own page."""
STATES: Mapping[str, str] = {
    "waiting": "Waits to be sent",
    "sent": "Sent",
    "delivered": "Arrived",
    "failed": "Did not arrive",
    "bounced": "Nobody at this address",
    "not_sent": "Not sent",
    "given_up": "Given up",
}
"""What became of a message, in words."""


@shows("/programs/<program>/messages")
@allow(*STAFF)
def messages(visit: Visit, program: str) -> str:
    asked = flask.request.args
    state = asked.get("state") if asked.get("state") in STATES else None
    part = asked.get("participant", "")
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        who = tx.participants.first(id=part, program_id=visit.of.id) if part else None
        person = tx.people.get(who.person_id) if who else None
    kept = {"state": state, "participant": who.id if who else None}
    found = deliveries.listed(
        visit.kit, **visit.asked(), program=program, state=state, limit=PAGE,
        person=person.id if person else None, after=asked.get("after") or None,
    )  # fmt: skip
    return visit.render(
        "messages.html",
        title=visit.words("Messages to {name}", name=person.name)
        if person
        else visit.words("Messages"),
        here="overview",
        of=who,
        kept={name: value for name, value in kept.items() if value},
        state=state,
        states={name: visit.words(label) for name, label in STATES.items()},
        items=[worded(visit, row) for row in found["items"]],
        next=found["next"],
    )


def latest(visit: Visit, person: str) -> list[dict[str, Any]]:
    """Return the newest messages to a person, as the page shows them."""
    found = deliveries.listed(
        visit.kit, **visit.asked(), program=visit.of.key, person=person, limit=LATEST
    )
    return [worded(visit, row) for row in found["items"]]


def worded(visit: Visit, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what it is, what became of it and why in the visitor's words."""
    return {
        **row,
        "what": visit.text(row["what"]),
        "label": visit.words(STATES[row["state"]]),
        "by": visit.told(row["by"]),
        "why": visit.words(row["why"]) if row["why"] else "",
        "code": "" if row["code"] in HELD else row["code"],
    }
