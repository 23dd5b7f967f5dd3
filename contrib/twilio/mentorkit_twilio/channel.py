"""The channel: whom it reaches, what it sends them, and whose word it takes for a reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person, folded
from mentorkit.domain.replies import command
from mentorkit.errors import NotAllowed
from mentorkit.hooks import Channel, Context, Inbound, Received, Reply, WorkContext
from mentorkit_twilio import api

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST = 1_600
"""Characters of a message (https://www.twilio.com/docs/messaging/api/message-resource)."""
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
        with conversing(ctx, self.talks(), message, found[0]):
            reference = api.send(ctx.settings, found[0], written(message))
        return Receipt(channel=self.name, reference=reference)

    def receive(self, ctx: Context, inbound: Inbound) -> Received:
        """Read a message that came in; what else Twilio tells (of its states) brings nothing.

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
        return Received(replies=replies, answer=NOTHING, content_type="text/xml")

    def talks(self) -> sa.Table:
        from mentorkit_twilio.tables import talk

        return talk


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


def _numbers(contacts: Sequence[Contact]) -> list[str]:
    phones = (one for one in contacts if one.kind == "phone")
    ordered = sorted(phones, key=lambda one: -one.verified)
    return [found for one in ordered if (found := number(one.value))]
