"""Reach: who is found at an address, a link sent to that address alone, and what it proves.

For those who let people in (the host, the plugin `magiclink`), never for whoever just asks: what
is found here is told to nobody before the link has been pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message
from mentorkit.domain.moves import Role
from mentorkit.domain.people import Actor, Contact, Person, folded
from mentorkit.domain.text import in_locale
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey import links, standing
from mentorkit.journey.say import NotWanted, buttons_of
from mentorkit.journey.steps import NEW, Step, atomic, chosen
from mentorkit.journey.tell import fill

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

LETTERS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "sign_in": {
        "subject": {
            "en": "Your link to sign in",
            "es": "Su enlace para entrar",
            "fr": "Votre lien de connexion",
            "pt": "Seu link para entrar",
            "sw": "Kiungo chako cha kuingia",
        },
        "body": {
            "en": "Sign in to your mentoring here:\n{link}\nIt works once, and for a short time. "
            "If you did not ask for it, do nothing.",
            "es": "Entre aquí a su mentoría:\n{link}\nSirve una vez y por poco tiempo. "
            "Si no lo ha pedido, no haga nada.",
            "fr": "Accédez ici à votre mentorat :\n{link}\nIl sert une seule fois et peu de temps. "
            "Si vous ne l'avez pas demandé, ne faites rien.",
            "pt": "Entre aqui na sua mentoria:\n{link}\nFunciona uma vez e por pouco tempo. "
            "Se não o pediu, não faça nada.",
            "sw": "Ingia kwenye ushauri wako hapa:\n{link}\nKinafanya kazi mara moja, kwa muda "
            "mfupi. Kama hukukiomba, usifanye lolote.",
        },
    },
}
"""What goes with a link, by name. No program words these: they are sent for none of them."""


def at(kit: Kit, *, tenant: str, actor: Actor, address: str, plugin: str) -> list[dict[str, Any]]:
    """Return the people who are found at an address, by id, with the contacts that are it.

    Left out is who neither takes part nor works in any program that has `plugin` switched on.
    `account` says whether a user of the host is linked to them.
    """
    _ensure_trusted(actor)
    wanted = folded(address)
    if not wanted:
        return []
    with kit.transaction(tenant=tenant, write=False) as tx:
        held: dict[str, list[Contact]] = {}
        for contact in tx.contacts.at(wanted):
            held.setdefault(contact.person_id, []).append(contact)
        on = {one.id: one for one in tx.programs.find() if chosen(tx, one, plugin) is not None}
        parts = tx.participants.find(person_id=list(held), program_id=list(on))
        here = {one.person_id for one in parts if one.state != "declined"}
        here |= {id for one in on.values() for id in one.staff}
        people = tx.people.get_many(id for id in sorted(held) if id in here)
        return [
            {
                "person": one.id,
                "name": one.name,
                "account": one.user_ref is not None,
                "contacts": {contact.id: contact.version for contact in held[one.id]},
            }
            for one in people.values()
        ]


def lets_in(tx: Transaction, plugin: str, person: str) -> bool:
    """Return whether a plugin is for a person: a program of theirs has it on, or they have none."""
    parts = tx.participants.find(person_id=person)
    there = {one.program_id for one in parts if one.state != "declined"}
    mine = [one for one in tx.programs.find() if one.id in there or person in one.staff]
    return not mine or any(chosen(tx, one, plugin) is not None for one in mine)


@atomic
def send_link(
    kit: Kit, *, tenant: str, actor: Actor, person: str, contacts: Mapping[str, int], letter: str,
    page: str, purpose: str, about: str, until: datetime, plugin: str, tx: Transaction = NEW,
) -> None:  # fmt: skip
    """Promise a message with a link, to these contacts of a person (id -> version) alone.

    The link is the page at the path `page`, whose ``{token}`` is the short token of `purpose` for
    the thing `about` (id). It is not sent after `until`, nor once a contact has changed, nor once
    the person's programs have the `plugin` whose it is switched off.
    """
    _ensure_trusted(actor)
    if kit.site is None or not links.can_sign(kit):
        raise Conflict("reach.no_site", "Give the kit secret_keys=[...] and site=Portal(...).")
    if letter not in LETTERS:
        raise Invalid("reach.letter", "There is no such letter.", [Problem("letter", letter)])
    told = {
        "contacts": dict(contacts), "page": page, "purpose": purpose, "about": about,
        "until": until.isoformat(), "plugin": plugin,
    }  # fmt: skip
    tx.outbox.add(
        "message", f"{purpose}:{about}", name=letter, recipient_id=person, body=Frozen(told)
    )


def message(kit: Kit, tx: Transaction, job: Job) -> tuple[Message, Person, list[Contact]]:
    """Return a promised link in its reader's words, and where alone it may go.

    Raises `NotWanted` once its time is over, or who it was for is not found there any more.
    """
    told = job.body
    person = tx.people.first(id=job.recipient_id)
    held = tx.contacts.get_many(told["contacts"]).values()
    there = [one for one in held if one.version == told["contacts"][one.id]]
    if person is None or not there or person.erased:
        raise NotWanted("erased")
    if tx.now > datetime.fromisoformat(told["until"]) or kit.site is None:
        raise NotWanted("overtaken")
    if not lets_in(tx, told.get("plugin", ""), person.id):
        raise NotWanted("plugin_disabled")
    token = links.short(kit, tenant=job.tenant, purpose=told["purpose"], id=told["about"])
    values = {"link": kit.site.url(job.tenant, told["page"], token=token)}
    letter = LETTERS[job.name]
    made = Message(
        key=job.key,
        tenant=job.tenant,
        program_id="",
        person_id=person.id,
        template=job.name,
        subject=fill(in_locale(letter["subject"], person.locale), values),
        body=fill(in_locale(letter["body"], person.locale), values),
        buttons=buttons_of(values, "", person.locale),
        locale=person.locale,
        created_at=job.created_at,
    )
    return made, person, there


@atomic
def verify(
    kit: Kit, *, tenant: str, actor: Actor, person: str, address: str, tx: Transaction = NEW
) -> list[str]:
    """Note that a person is reached at an address; return the ids of the contacts that are it."""
    _ensure_trusted(actor)
    known = tx.people.get(person)
    found = [one for one in tx.contacts.at(folded(address)) if one.person_id == known.id]
    new = [one for one in found if not one.verified or one.bounced]
    tx.contacts.save_all([replace(one, verified=True, bounced=Frozen()) for one in new])
    step = Step(tx, actor, Role.SYSTEM, None)
    for one in new:
        step.record(events.ContactVerified, known.id, contact_id=one.id)
    return [one.id for one in found]


@atomic
def claim(
    kit: Kit, *, tenant: str, actor: Actor, person: str, user_ref: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Let a host's user be a person whose link they have pressed; strangers are never merged.

    Raises `Conflict` where the person is linked already (person.claimed), or the user is somebody
    else here (person.user_taken).
    """
    _ensure_trusted(actor)
    if tx.people.get(person).user_ref not in (None, user_ref):
        raise Conflict("person.claimed", "This person has another account. Ask your coordinator.")
    return standing.link(kit, tenant=tenant, actor=actor, person=person, user_ref=user_ref, tx=tx)


def _ensure_trusted(actor: Actor) -> None:
    if not (actor.admin or actor.is_system):
        raise NotAllowed("person.host_only", "Only the host or an admin may say who a user is.")


__all__ = ["LETTERS", "at", "claim", "lets_in", "message", "send_link", "verify"]
