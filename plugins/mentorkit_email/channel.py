"""The channel: whom it reaches, and by which of their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.errors import NotAllowed
from mentorkit.hooks import Channel, Context, Health, Inbound, Received, WorkContext
from mentorkit_email.address import address

HINT = (
    'Give the plugin its settings: Kit(settings={"email": {"host": "smtp.example.org", "sender": '
    '"mentoring@example.org", "user": ..., "password": {"$env": "SMTP_PASSWORD"}}}).'
)


def usable(settings: Mapping[str, Any]) -> bool:
    """Return whether there is a server, and an address to send from."""
    return bool(settings.get("host")) and address(settings.get("sender", "")) is not None


def look(settings: Mapping[str, Any]) -> Health:
    """Tell whether mail can be sent at all; connects to nobody."""
    if usable(settings):
        told = f"Mail goes out through {settings['host']}:{settings['port']}."
        return Health(ok=True, message=told)
    if settings["host"] and settings["sender"]:
        told = "The sender's address cannot be written to, so no mail is sent."
    elif settings["host"] or settings["sender"]:
        missing = "sender" if settings["host"] else "host"
        told = f"E-mail lacks the setting {missing}, so no mail is sent."
    else:
        return Health(ok=True, message="No mail is sent: no server is set.", hint=HINT)
    return Health(ok=False, message=told, hint=HINT)


class Email(Channel):
    """Sends each message to one address of its person, a verified one before any other."""

    name = "email"
    title = "E-mail"
    reports = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._usable = usable(settings)

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        return self._usable and bool(_addresses(contacts))

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Hand the mail over; `RetryLater` for what passes, `Undeliverable` for what does not."""
        # Here, not at the top: every command loads this plugin, and most send no mail.
        from mentorkit_email.letter import write
        from mentorkit_email.post import hand_over

        found = _addresses(contacts)
        if not self._usable or not found:
            raise Undeliverable("email.no_address")
        to, contact = found[0]
        mail = write(message, person.name, to, ctx.settings)
        hand_over(mail, ctx.settings, contact)
        return Receipt(channel=self.name, reference=mail["Message-ID"], contact=contact)

    def receive(self, ctx: Context, inbound: Inbound) -> Received:
        """Read a mail that came back; `NotAllowed` without the token of the setting."""
        from mentorkit_email.bounces import reports, trusted

        if not trusted(inbound, ctx.settings):
            raise NotAllowed("email.token", "Send the token: Authorization: Bearer TOKEN.")
        found = reports(inbound.body)
        return Received(reports=tuple(found), answer=f"{len(found)}\n")


def _addresses(contacts: Sequence[Contact]) -> list[tuple[tuple[str, str], str]]:
    """Return the addresses that can be written to, verified ones first, each with its contact."""
    mails = sorted((one for one in contacts if one.kind == "email"), key=lambda one: -one.verified)
    return [(found, one.id) for one in mails if (found := address(one.value))]
