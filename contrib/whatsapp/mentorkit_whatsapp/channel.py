"""The channel: whom it reaches, in free words or by a template, and what they reply."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person, folded
from mentorkit.domain.text import in_locale
from mentorkit.errors import NotAllowed
from mentorkit.hooks import Channel, Context, Inbound, Received, Reply, WorkContext
from mentorkit_whatsapp import api, templates

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST, SHORT = 4_096, 1_024
"""Characters of a text, and of one that has buttons.

(https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages)
"""
BUTTONS, ROWS = (3, 20), (10, 24)
"""How many choices may be buttons, or rows of a list, and characters of each."""
CHOOSE: Mapping[str, str] = {
    "en": "Answer", "es": "Responder", "fr": "Répondre", "pt": "Responder", "sw": "Jibu",
}  # fmt: skip
"""What stands on the button that opens a list."""
SILENT = ("reaction", "system", "unsupported")
"""Kinds of what comes in that are nobody's message."""
PRESSED = ("button_reply", "list_reply")
"""What is pressed below a message in free words."""
_CARRIED = re.compile(r"([\w-]{22}):(.+)", re.DOTALL)


class WhatsApp(Channel):
    """Sends each message to one number of its person, a verified one before any other."""

    name = "whatsapp"
    title = "WhatsApp"
    hears = "whatsapp"

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        return bool(_numbers(ctx.settings, contacts))

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Hand the message to WhatsApp, as a template to whoever has not written within a day.

        `RetryLater` for what passes, `Undeliverable` for the rest. WhatsApp knows no idempotency
        key: who is killed between its yes and our note of that sends the message once more.
        """
        from mentorkit.store import conversing
        from mentorkit_whatsapp import windows

        found = _numbers(ctx.settings, contacts)
        if not found:
            raise Undeliverable("whatsapp.no_number")
        to, contact = found[0]
        address = same(to)
        # What a button carries is short, so the message is noted by the mark that fits there.
        noted = replace(message, key=mark(message.key))
        with conversing(ctx, self.talks(), noted, address):
            reference = None
            if windows.is_open(ctx, message.person_id, address):
                try:
                    reference = api.send(ctx.settings, to, free(message))
                except api.Late:
                    ctx.log.info("WhatsApp takes no free text where our note says it does")
            try:
                if reference is None:
                    reference = self._by_template(ctx, to, message)
            except Undeliverable as never:
                if never.code == api.NOBODY:
                    raise Undeliverable(never.code, contact=contact) from None
                raise
        return Receipt(channel=self.name, reference=reference, contact=contact)

    def _by_template(self, ctx: WorkContext, to: str, message: Message) -> str:
        template = templates.fitting(ctx.settings["templates"], message)
        if template is None:
            raise Undeliverable("whatsapp.no_template")
        try:
            return api.send(ctx.settings, to, template.filled(message, carried(message)))
        except api.Late:
            raise Undeliverable(f"whatsapp.{api.LATE}") from None

    def receive(self, ctx: WorkContext, inbound: Inbound) -> Received:
        """Read what people have written or pressed, when they did, and how our messages fared."""
        from mentorkit_whatsapp import windows

        if word := api.challenge(inbound, ctx.settings):
            return Received(answer=word)
        payload = api.payload(inbound, ctx.settings)
        if payload is None:
            raise NotAllowed("whatsapp.signature", "Meta has not signed this.")
        replies = []
        for one in api.messages(payload, ctx.settings["number"]):
            try:
                address = same(str(int(one["from"])))
                at = datetime.fromtimestamp(int(one["timestamp"]), UTC)
                reply = _read(one, address)
            except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError):
                continue  # signed, and of a shape that is none of these
            if one.get("type") not in SILENT:
                windows.note(ctx, address, at)
            if reply:
                replies.append(reply)
        reports = api.reports(payload, ctx.settings["number"])
        return Received(replies=tuple(replies), reports=reports)

    def talks(self) -> sa.Table:
        from mentorkit_whatsapp.tables import talk

        return talk


def _read(message: Mapping[str, Any], address: str) -> Reply | None:
    """Return what a message says: its words, or which button was pressed, of ours or a template."""
    kind = message["type"]
    if kind == "text":
        return Reply(id=str(message["id"]), address=address, text=str(message["text"]["body"]))
    if kind == "interactive":
        pressed = message["interactive"]
        data = str(pressed[pressed["type"]]["id"]) if pressed["type"] in PRESSED else ""
    elif kind == "button":
        data = str(message["button"].get("payload") or message["button"]["text"])
    else:
        return None
    ours = _CARRIED.fullmatch(data)
    to, text = ours.groups() if ours else ("", data)
    return Reply(id=str(message["id"]), address=address, text=text, to=to) if text else None


def mark(key: str) -> str:
    """Return 22 characters (128 bits) by which a button names its message."""
    return base64.urlsafe_b64encode(sha256(key.encode()).digest())[:22].decode()


def carried(message: Message) -> list[str]:
    """Return what a button for each choice carries."""
    return [f"{mark(message.key)}:{reply}" for reply, _ in message.choices]


def free(message: Message) -> dict[str, Any]:
    """Return a message in free words, with buttons or a list where its choices fit there.

    One that is too long is cut short above how to reply.
    """
    end = f"\n\n{message.reply}" if message.reply else ""
    head = f"{message.subject}\n{message.body}".strip()
    room = LONGEST - len(end)
    text = ((head if len(head) <= room else f"{head[: room - 1]}…") + end).strip()
    rows = [
        {"id": data, "title": words}
        for data, (_, words) in zip(carried(message), message.choices, strict=True)
    ]
    if text and len(text) <= SHORT and _fit(rows, *BUTTONS):
        action: dict[str, Any] = {"buttons": [{"type": "reply", "reply": one} for one in rows]}
        return _interactive("button", text, action)
    if text and len(text) <= SHORT and _fit(rows, *ROWS):
        action = {"button": in_locale(CHOOSE, message.locale), "sections": [{"rows": rows}]}
        return _interactive("list", text, action)
    return {"type": "text", "text": {"preview_url": False, "body": text}}


def _interactive(kind: str, text: str, action: Mapping[str, Any]) -> dict[str, Any]:
    told = {"type": kind, "body": {"text": text}, "action": action}
    return {"type": "interactive", "interactive": told}


def _fit(rows: Sequence[Mapping[str, str]], most: int, longest: int) -> bool:
    titles = {one["title"] for one in rows}
    whole = all(0 < len(one["title"]) <= longest and len(one["id"]) <= 200 for one in rows)
    return 0 < len(rows) <= most and len(titles) == len(rows) and whole


def number(value: str) -> str | None:
    """Return a number as WhatsApp writes it (its digits), if it names its country (+ or 00)."""
    digits = folded(value)
    abroad = value.strip().startswith(("+", "00")) and "@" not in digits
    return digits if abroad and len(digits) >= 8 and digits[0] != "0" else None


def same(digits: str) -> str:
    """Return the address of a number, which both spellings of it have in common.

    WhatsApp tells numbers of Mexico (521...), Argentina (549...) and Brazil (a 9 after the area)
    with a digit or without it, whichever way we have sent.
    """
    if len(digits) == 13:
        if digits.startswith(("521", "549")):
            return f"+{digits[:2]}{digits[3:]}"
        if digits.startswith("55") and digits[4] == "9":
            return f"+{digits[:4]}{digits[5:]}"
    return f"+{digits}"


def _numbers(settings: Mapping[str, Any], contacts: Sequence[Contact]) -> list[tuple[str, str]]:
    """Return the numbers to try, each with the id of its contact, the best first."""
    kinds = ("whatsapp", "phone") if settings["phones"] else ("whatsapp",)
    held = [one for one in contacts if one.kind in kinds]
    held.sort(key=lambda one: (kinds.index(one.kind), -one.verified))
    return [(found, one.id) for one in held if (found := number(one.value))]
