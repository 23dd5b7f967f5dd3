"""The channel: whom it reaches, what it sends them, and whose word it takes for a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person, folded
from mentorkit.domain.replies import command
from mentorkit.errors import NotAllowed
from mentorkit.hooks import Channel, Context, Inbound, Received, Reply, Report, WorkContext
from mentorkit_twilio import api

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST = 1_600
"""Characters of a message (https://www.twilio.com/docs/messaging/api/message-resource)."""
FATES = {
    "sent": "accepted",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""What Twilio tells became of a message, as we call it; what it tells before that is nothing new.

(https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks)
"""
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
"""TwiML that says nothing: what is said to a reply is sent by the worker."""


class Twilio(Channel):
    """Sends each message to one number of its person, a verified one before any other."""

    name = "twilio"
    title = "Text messages (Twilio)"
    hears = "phone"

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        return bool(_numbers(contacts))

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Hand the message to Twilio; `RetryLater` for what passes, `Undeliverable` for the rest.

        Twilio knows no idempotency key: who is killed between its yes and our note of that sends
        the message once more.
        """
        from mentorkit.store import conversing

        found = _numbers(contacts)
        if not found:
            raise Undeliverable("twilio.no_number")
        to, contact = found[0]
        with conversing(ctx, self.talks(), message, to):
            try:
                reference = api.send(ctx.settings, to, written(message), callback(ctx))
            except Undeliverable as never:
                if never.code in {f"twilio.{code}" for code in api.NOBODY}:
                    raise Undeliverable(never.code, contact=contact) from None
                raise
        return Receipt(channel=self.name, reference=reference, contact=contact)

    def receive(self, ctx: Context, inbound: Inbound) -> Received:
        """Read a message that came in, or what became of one of ours.

        There is no time in what Twilio signs; that it counts once is up to the message's id.
        """
        form = api.form(inbound, ctx.settings)
        if form is None:
            raise NotAllowed("twilio.signature", "Twilio has not signed this.")
        replies: tuple[Reply, ...] = ()
        if form.get("MessageSid") and form.get("From") and "Body" in form:
            text = form.get("OptOutType") or form["Body"]
            by_twilio = ctx.settings["keywords"] == "twilio" and bool(command(text, "en"))
            settled = "OptOutType" in form or by_twilio
            replies = (
                Reply(id=form["MessageSid"], address=form["From"], text=text, settled=settled),
            )
        return Received(
            replies=replies, reports=reported(form), answer=NOTHING, content_type="text/xml"
        )

    def talks(self) -> sa.Table:
        from mentorkit_twilio.tables import talk

        return talk


def callback(ctx: WorkContext) -> str:
    """Return where Twilio is to tell what became of a message; "" where it would not reach us.

    It takes a public address alone, and we nothing that was sent in the clear.
    """
    address = ctx.inbound(Twilio.name)
    parts = urlsplit(address)
    return address if parts.scheme == "https" and "." in (parts.hostname or "") else ""


def reported(form: Mapping[str, str]) -> tuple[Report, ...]:
    """Return what a form of Twilio's says became of one of our messages, if that is any news."""
    reference, state = form.get("MessageSid"), FATES.get(form.get("MessageStatus", ""))
    if not reference or state is None or "Body" in form:
        return ()
    code = form.get("ErrorCode", "")
    told = code if code.isascii() and code.isdecimal() and int(code) else ""
    if state == "failed" and told and int(told) in api.NOBODY:
        state = "bounced"
    return (Report(reference=reference, state=state, code=f"twilio.{told}"[:100] if told else ""),)


def written(message: Message) -> str:
    """Return the text to send, with how to reply; a body that is too long is cut short."""
    end = f"\n\n{message.reply}" if message.reply else ""
    body, room = message.body.strip(), LONGEST - len(end)
    return ((body if len(body) <= room else f"{body[: room - 1]}…") + end).strip()


def number(value: str) -> str | None:
    """Return a number as Twilio writes it (E.164), if it names its country (+ or 00)."""
    digits = folded(value)
    abroad = value.strip().startswith(("+", "00")) and "@" not in digits
    return f"+{digits}" if abroad and len(digits) >= 8 and digits[0] != "0" else None


def _numbers(contacts: Sequence[Contact]) -> list[tuple[str, str]]:
    """Return the numbers that can be written to, verified ones first, with their contacts' ids."""
    phones = (one for one in contacts if one.kind == "phone")
    ordered = sorted(phones, key=lambda one: -one.verified)
    return [(found, one.id) for one in ordered if (found := number(one.value))]
