"""Silence: somebody wants no prompts of a program any more, by one press; or wants them again.

It silences what nobody has asked for. What they need to be told still comes: offers and questions
to answer, what became of these, a start, a break, an end, what others write to them, and all that
is about safety.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.messages import Button, Message
from mentorkit.domain.participants import Part
from mentorkit.domain.people import Actor
from mentorkit.domain.shown import shown
from mentorkit.domain.text import in_locale
from mentorkit.journey import links
from mentorkit.journey.onboard import Own
from mentorkit.journey.steps import NEW, atomic

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

PURPOSE = "unsubscribe"
GOOD = 365
"""How many days the link in a prompt is good."""
WAY_OUT = {
    "en": "No more reminders and news? One press, without signing in:",
    "es": "¿No quiere más recordatorios ni noticias? Con un toque, sin iniciar sesión:",
    "fr": "Plus de rappels ni de nouvelles ? Un geste suffit, sans vous connecter :",
}
"""What stands before the link below every prompt."""
STOP = {
    "en": "Stop reminders and news",
    "es": "No recibir más recordatorios ni noticias",
    "fr": "Ne plus recevoir de rappels ni de nouvelles",
}
"""The words of the link where a message shows it as one."""


@atomic
def silence(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Send somebody no more prompts of their program; done twice it is done."""
    return _set(Own(tx, actor, participant), silent=True)


@atomic
def unsilence(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Send somebody the prompts of their program again."""
    return _set(Own(tx, actor, participant), silent=False)


def _set(own: Own, *, silent: bool) -> dict[str, Any]:
    one, tx = own.participant, own.tx
    if silent == (one.silent_since is not None):
        return own.row(one)
    fact = events.PromptsSilenced if silent else events.PromptsWanted
    return own.done(tx.participants, replace(one, silent_since=tx.now if silent else None), fact)


# ------------------------------------------------------------------ by a link, without a log-in


def show(kit: Kit, *, tenant: str, token: str) -> dict[str, Any]:
    """Return whose link it is, of which program, and whether they are `silent`; changes nothing."""
    told = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, told.actor, told.about["participant"])
        return {
            "program": own.program.id,
            "program_name": shown(own.program.name),
            "silent": own.participant.silent_since is not None,
        }


@atomic
def by_link(
    kit: Kit, *, tenant: str, token: str, silent: bool = True, tx: Transaction = NEW
) -> dict[str, Any]:
    """Do what the link is for, as often as it is pressed."""
    told = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    return _set(Own(tx, told.actor, told.about["participant"]), silent=silent)


def with_way_out(kit: Kit, message: Message, one: Part) -> Message:
    """Return a prompt that says how to get no more of them, where links can be made."""
    if kit.site is None or not links.can_sign(kit):
        return message
    token = links.make(
        kit, tenant=message.tenant, purpose=PURPOSE, person=one.person_id, days=GOOD,
        nonce=message.key, participant=one.id,
    )  # fmt: skip
    address = kit.site.url(message.tenant, "unsubscribe", token=token)
    body = f"{message.body}\n\n{in_locale(WAY_OUT, message.locale)}\n{address}"
    way = Button(address=address, words=in_locale(STOP, message.locale), aside=True)
    return replace(message, body=body, unsubscribe=address, buttons=(*message.buttons, way))
