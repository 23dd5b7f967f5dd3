"""``mentorkit telegram ...``: tells Telegram where to write to, and makes a link for somebody."""

from __future__ import annotations

from typing import Any

from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.errors import Conflict, NotAllowed, NotFound
from mentorkit.hooks import CommandContext

UPDATES = ("message", "callback_query")
"""What Telegram is asked to tell; anything else would be left unread."""


def webhook(ctx: CommandContext) -> dict[str, Any]:
    """Give Telegram the address that it calls; for an admin. Returns the address.

    (https://core.telegram.org/bots/api#setwebhook)
    """
    from mentorkit_telegram import api

    if not ctx.actor.admin:
        raise NotAllowed("telegram.not_yours", "Only an admin may do that.")
    if ctx.kit.site is None:
        told = "Give the kit site=Portal(...): Telegram needs the address of these pages."
        raise Conflict("telegram.no_site", told)
    url = ctx.kit.site.url(ctx.tenant, "inbound", channel="telegram")
    fields = {
        "url": url,
        "secret_token": ctx.settings["secret"],
        "allowed_updates": UPDATES,
    }
    try:
        api.call(ctx.settings, "setWebhook", fields)
    except (RetryLater, Undeliverable, api.Moved):
        raise Conflict(
            "telegram.refused",
            "Telegram has not taken the address. Look at the token, and that the address begins "
            f"with https:// and can be reached from outside: {url}",
        ) from None
    return {"url": url}


def link(ctx: CommandContext, *, person: str) -> dict[str, Any]:
    """Return a link by which a person connects their chat; for an admin, or the person."""
    from mentorkit_telegram import chats

    with ctx.kit.transaction(tenant=ctx.tenant, write=False) as tx:
        known = tx.people.first(id=person) or tx.people.first(external_key=person)
    if known is None or known.erased:
        raise NotFound("person.not_found", f"There is nobody with the id or key {person!r}.")
    if not ctx.actor.admin and ctx.actor.person_id != known.id:
        raise NotAllowed("telegram.not_yours", "Only an admin may do that for somebody else.")
    made = chats.make(ctx.kit, tenant=ctx.tenant, person=known.id)
    return {"person": known.id, "link": made}
