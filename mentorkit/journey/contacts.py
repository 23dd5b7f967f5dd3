"""Contacts: how somebody can be reached, and which of that those they are connected with see."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import Actor, Contact
from mentorkit.errors import Invalid, Problem
from mentorkit.journey.onboard import Own
from mentorkit.journey.steps import NEW, atomic, fresh

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

KINDS = ("phone", "whatsapp", "email")
"""The kinds of contact that people give each other."""
_NUMBER = re.compile(r"\+?\d{4,15}")
_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+")
"""Without what would mean something else in a link, such as ? and %."""


def link(kind: str, value: str) -> str:
    """Return the address that a tap on a contact opens; "" for what cannot be opened.

    Numbers with their country's code (+254 ...) open WhatsApp; without it they can only be called.
    """
    if kind == "email":
        return f"mailto:{value}" if _ADDRESS.fullmatch(value) else ""
    number = re.sub(r"[\s().\-/]", "", value)
    if kind not in KINDS or not _NUMBER.fullmatch(number):
        return ""
    abroad = kind == "whatsapp" and number.startswith("+")
    return f"https://wa.me/{number[1:]}" if abroad else f"tel:{number}"


@atomic
def keep(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, shared: Collection[str] = (),
    kind: str = "", value: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Say which contacts (ids) are `shared` with those one is connected with; and add one, shared.

    The others are not shared any more, at once. `kind` and `value` are those of a new one: phone,
    whatsapp or email; one that is there already, and at which a channel found nobody, is tried
    again. Walked by the person themselves, or by staff for them.
    """
    own = Own(tx, actor, participant)
    person = own.participant.person_id
    held = [one for one in tx.contacts.find(person_id=person) if one.kind in KINDS]
    if strange := set(shared) - {one.id for one in held}:
        told = Problem("shared", f"{len(strange)} of these are no contacts of this person")
        raise Invalid("contact.unknown", "These cannot be shared:", [told])
    known, again = {one.id for one in held if one.id in shared}, ""
    if value.strip():
        value = _checked(kind, value.strip())
        same = next((one for one in held if (one.kind, one.value) == (kind, value)), None)
        if same is None:
            new = Contact(**fresh(tx), person_id=person, kind=kind, value=value, shared=True)
            same = tx.contacts.add(new)
        known.add(again := same.id)
    changed = [one for one in held if one.shared != (one.id in known)]
    mended = [one for one in held if one.bounced and one.id == again]  # they say that it holds
    tx.contacts.save_all(
        replace(one, shared=one.id in known, bounced=Frozen() if one in mended else one.bounced)
        for one in held
        if one in changed or one in mended
    )
    if changed or known - {one.id for one in held}:
        own.record(events.ContactsShared, person, contact_ids=tuple(sorted(known)))
    return {"participant": participant, "shared": sorted(known)}


@atomic
def keep_kinds(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, kinds: Collection[str],
    kind: str = "", value: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Do what `keep` does, sharing all contacts of these kinds."""
    person = Own(tx, actor, participant).participant.person_id
    shared = [one.id for one in tx.contacts.find(person_id=person) if one.kind in kinds]
    return keep(
        kit, tenant=tenant, actor=actor, participant=participant, shared=shared, kind=kind,
        value=value, tx=tx,
    )  # fmt: skip


def _checked(kind: str, value: str) -> str:
    """Return a contact's value as it was typed, if a tap on it can open anything."""
    if kind not in KINDS:
        told = Problem("kind", f"write one of {', '.join(KINDS)}")
    elif kind == "whatsapp" and not link(kind, value).startswith("https:"):
        told = Problem("value", "write the number with + and the country's code: +254 712 345678")
    elif not link(kind, value):
        example = "name@example.org" if kind == "email" else "+254 712 345678"
        told = Problem("value", f"cannot be read; write it as {example}")
    else:
        return value
    raise Invalid("contact.invalid", "This contact cannot be kept:", [told])


__all__ = ["KINDS", "keep", "keep_kinds", "link"]
