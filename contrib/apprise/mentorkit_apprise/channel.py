"""The channel: which service reaches whom, and how a message is handed over to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from mentorkit.domain.messages import Message, Receipt, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person, folded
from mentorkit.hooks import Channel, Context, Health, WorkContext

PLACE = "{address}"
SAMPLES = {"email": "ada@example.org", "phone": "+15551234567", "whatsapp": "+15551234567"}
"""An address of each kind to try a service with; of any other kind it is `OTHER`."""
OTHER = "123456789"
_ONE = re.compile(r"[\w.@+:-]{2,254}")
"""What can be no more than one address: Apprise takes a space or a comma for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One line of the settings: for which kind of contact, and where its messages go."""

    kind: str
    url: str

    def to(self, address: str) -> Any:
        """Return Apprise's own object that sends to this one address; None where it has none.

        Some services send to their own sender where they find no address in a line: not for us.
        """
        # Here, not at the top: every command loads this plugin, and most send nothing.
        import apprise

        # It keeps nothing on the disk, and quotes no secret in a log.
        asset = apprise.AppriseAsset(storage_mode="memory", secure_logging=True, async_mode=False)
        url = self.url.replace(PLACE, quote(address, safe=""))
        made: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if made is None:
            return None
        targets = getattr(made, "targets", None)
        found = len(targets) == 1 if targets is not None else address in unquote(made.url())
        return made if found else None


def services(settings: Mapping[str, Any]) -> list[Service]:
    """Return the services of the settings, in their order; empty lines and ``#`` do not count."""
    lines = (line.strip() for line in settings["services"].splitlines())
    parts = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return [Service(kind=part[0], url=part[1] if len(part) > 1 else "") for part in parts]


def look(settings: Mapping[str, Any]) -> Health:
    """Tell whether each line is a service that Apprise knows; sends nothing, quotes no line."""
    found = services(settings)
    wrong = [
        str(number)
        for number, one in enumerate(found, 1)
        if PLACE not in one.url or one.to(SAMPLES.get(one.kind, OTHER)) is None
    ]
    if found and not wrong:
        return Health(ok=True, message=f"Messages go out through {len(found)} service(s).")
    told = f"Of the services, line {', '.join(wrong)} is none." if wrong else "There is no service."
    hint = "Write a kind of contact and an Apprise address, such as: phone signal://.../{address}"
    return Health(ok=False, message=told, hint=hint)


class Services(Channel):
    """Sends each message by the first service that fits an address of its person."""

    name = "apprise"
    title = "Apprise"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._services = services(settings)

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        return bool(self._fitting(contacts))

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Hand the message over; Apprise says yes or no, and not why, so no is `RetryLater`.

        It passes no key on: who is killed after its yes sends the message once more.
        """
        fitting = self._fitting(contacts)
        for service, address in fitting:
            if (sending := service.to(address)) is None:
                continue
            if not sending.notify(title=message.subject, body=message.body or message.subject):
                raise RetryLater("the service has not taken it")
            return Receipt(channel=self.name)
        raise Undeliverable("apprise.address" if fitting else "apprise.no_contact")

    def _fitting(self, contacts: Sequence[Contact]) -> list[tuple[Service, str]]:
        ordered = sorted(contacts, key=lambda one: -one.verified)
        told = [(one.kind, _plain(one.value)) for one in ordered]
        return [
            (service, address)
            for service in self._services
            for kind, address in told
            if kind == service.kind and address
        ]


def _plain(value: str) -> str:
    """Return one address without the marks in a number; "" for what is none, or several."""
    text = value.strip()
    digits = folded(text)
    if digits and "@" not in digits:
        return f"+{digits}" if text.startswith(("+", "00")) else digits
    return text if _ONE.fullmatch(text) else ""
