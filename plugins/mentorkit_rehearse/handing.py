"""Handing on: what somebody would get goes to one address, marked as a rehearsal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit_rehearse.stage import Got

if TYPE_CHECKING:
    from mentorkit.kit import Kit

AT_MOST = 100
"""How many messages one rehearsal sends at most: mailboxes and mail servers have their limits."""
_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


def check(address: str) -> None:
    """Raise `Invalid` for what is no e-mail address."""
    if not _MAIL.fullmatch(address):
        told = Problem("to", f"{address!r} is no e-mail address")
        raise Invalid("rehearsal.address", "The rehearsal cannot be sent:", [told])


def hand_on(kit: Kit, tenant: str, program: Program, got: Sequence[Got], address: str) -> int:
    """Send these messages, the first 100, to one address by the real channels; return how many.

    Each says first that it is a rehearsal, when it would go out and to whom. Links in it lead
    nowhere. Channels that keep messages for people of the program are not used. Raises `Conflict`
    where no channel sends mail.
    """
    check(address)
    run, sent = uuid4().hex[:12], 0
    now = kit.clock()
    person = Person(id=f"rehearsal-{run}", tenant=tenant, name=address, created_at=now)
    contact = Contact(
        id=f"rehearsal-{run}", tenant=tenant, person_id=person.id, kind="email", value=address,
        verified=True,
    )  # fmt: skip
    ways = []
    for name, channel in kit.registry.channels.items():
        context = kit.work_context(tenant, program, kit.registry.owner("channels", name).name)
        if not channel.fallback and channel.can_reach(context, person, [contact]):
            ways.append((channel, context))
    if not ways:
        raise Conflict("rehearsal.no_mail", "No channel here sends mail. Set up `email` first.")
    for one in got[:AT_MOST]:
        if one.message is None:
            continue
        head = f"REHEARSAL. {one.at:%Y-%m-%d %H:%M} UTC, for {one.name}. Links in it lead nowhere."
        message = replace(
            one.message, key=f"rehearsal:{run}:{sent}", person_id=person.id,
            subject=f"[{one.name}] {one.subject}", body=f"{head}\n\n{one.message.body}",
            params=Frozen(), asks=None, reply="", choices=(), created_at=now,
        )  # fmt: skip
        for channel, context in ways:
            try:
                channel.deliver(context, message, person, [contact])
            except (Undeliverable, RetryLater):
                continue
            sent += 1
            break
    return sent
