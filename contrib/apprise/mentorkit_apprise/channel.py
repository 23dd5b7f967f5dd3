"""The channel: which service reaches whom, and how a message is handed over to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mentorkit.domain.messages import Message, Receipt, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.hooks import Channel, Context, Health, WorkContext

PLACE = "{address}"
SAMPLES = {"email": "ada@example.org"}
"""An address of each kind to try a service with; of any other kind it is a number."""
NUMBER = "+15551234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One line of the settings: for which kind of contact, and where its messages go."""

    kind: str
    url: str

    def to(self, address: str) -> Any:
        """Return Apprise's own object that sends to this address; None where it knows no such."""
        # Here, not at the top: every command loads this plugin, and most send nothing.
        import apprise

        # It keeps nothing on the disk, and quotes no secret in a log.
        asset = apprise.AppriseAsset(storage_mode="memory", secure_logging=True, async_mode=False)
        url = self.url.replace(PLACE, quote(address, safe=""))
        return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


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
        if PLACE not in one.url or one.to(SAMPLES.get(one.kind, NUMBER)) is None
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
        return [
            (service, one.value.strip())
            for service in self._services
            for one in ordered
            if one.kind == service.kind and one.value.strip()
        ]
