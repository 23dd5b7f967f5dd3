"""The channel: what is shown as a notification, and on which devices."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from mentorkit.domain.messages import Message, Receipt, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.hooks import Channel, Context, WorkContext
from mentorkit.http import send_to

SUBJECT, TEXT, LINK = 120, 300, 1_500
"""Characters of a notification; all of it stays below the 3,993 bytes that may be pushed."""
GONE = (404, 410)
"""What a push service answers for a device that it knows no more (RFC 8030, 7.3)."""
LATER = (408, 425, 429)


class WebPush(Channel):
    """Pushes each message to all devices of its person."""

    name = "webpush"
    title = "Notifications in the browser"

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        """Whether they have a device is looked up when there is something to show."""
        return True

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Push the message; a device that is gone is forgotten.

        One that takes it is enough. `RetryLater` where none does and one may later, `Undeliverable`
        where none ever will. A message that is pushed again takes the place of the one before.
        """
        from mentorkit_webpush import devices

        told = json.dumps(shown(message, ctx.settings), ensure_ascii=False).encode()
        taken, later, code = False, list[RetryLater](), "webpush.no_device"
        for device in devices.of(ctx, person.id):
            try:
                status = self._push(ctx, device, told, mark(message.key))
            except RetryLater as error:
                later.append(error)
                continue
            if status in GONE:
                devices.remove(ctx, person.id, device.id)
            elif 200 <= status < 300:
                taken = True
            else:
                code = f"webpush.{status}"
        if taken:
            return Receipt(channel=self.name, reference=mark(message.key))
        if later:
            raise later[0]
        raise Undeliverable(code)

    def _push(self, ctx: WorkContext, device: Any, told: bytes, topic: str) -> int:
        """Push to one device and return what its push service answers (RFC 8030)."""
        from mentorkit_webpush import devices, sealing

        if not devices.is_known(device.endpoint, ctx.settings["services"]):
            return 0  # the deployer has taken its push service off the list
        answer = send_to(
            device.endpoint,
            body=sealing.sealed(told, device.p256dh, device.auth),
            headers={
                "Authorization": sealing.signing(
                    ctx.settings["key"], device.endpoint, ctx.settings["contact"], ctx.now
                ),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(ctx.settings["hours"] * 3600),
                "Topic": topic,
                "Urgency": "normal",
            },
            timeout=ctx.settings["timeout"],
        )
        if answer.status in LATER or answer.status >= 500:
            raise RetryLater(f"push service {answer.status}", seconds=answer.wait)
        return answer.status


def mark(key: str) -> str:
    """Return 32 characters by which a message is the same one when it comes again."""
    return sha256(key.encode()).hexdigest()[:32]


def shown(message: Message, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what a notification says: no more of a message than tells its reader to open it."""
    link = str(message.params.get("link", ""))
    # The text ends where its link stands: what follows is for a letter.
    text = message.body.partition("http")[0].strip() if settings["text"] else ""
    return {
        "title": _short(message.subject or message.body, SUBJECT),
        "body": _short(text, TEXT) if message.subject else "",
        "tag": mark(message.key),
        "lang": message.locale,
        "url": link if len(link) <= LINK else "",
    }


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
