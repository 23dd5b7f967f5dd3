"""The channel: whose chat it writes to, what it shows there, and what is answered."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mentorkit.domain.messages import Message, Receipt, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.domain.text import in_locale
from mentorkit.errors import NotAllowed
from mentorkit.hooks import Channel, Context, Inbound, Received, Reply, WorkContext
from mentorkit_telegram import api

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST, DATA, WORDS, BUTTONS = 4_096, 64, 64, 100
"""Units of a text (UTF-16), bytes behind a button, characters on one, and buttons of a message.

(https://core.telegram.org/bots/api#sendmessage, #inlinekeyboardbutton)
"""
SHORT = 12
"""Characters of what is written on a button that has others beside it."""
JOINER = "\u200d"


class Telegram(Channel):
    """Writes to the chat that a person has connected with the bot."""

    name = "telegram"
    title = "Telegram"
    hears = "telegram"

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        """Whether they have connected a chat is looked up when there is something to send."""
        return True

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Send the message; `RetryLater` for what passes, `Undeliverable` where no chat takes it.

        Telegram knows no idempotency key: who is killed between its yes and our note of that sends
        the message once more.
        """
        from mentorkit_telegram import chats

        chat = chats.of(ctx, person.id)
        if chat is None:
            raise Undeliverable("telegram.not_connected")
        try:
            told = self._send(ctx, message, chat)
        except api.Moved as moved:
            try:
                told = self._send(ctx, message, str(moved.chat))
            except api.Moved:
                raise RetryLater("Telegram moves the chat again") from None
        reference = told.get("message_id", "") if isinstance(told, dict) else ""
        return Receipt(channel=self.name, reference=str(reference)[:100])

    def _send(self, ctx: WorkContext, message: Message, chat: str) -> Any:
        from mentorkit.store import conversing

        # What a button carries is short, so the message is noted by the mark that fits there.
        noted = replace(message, key=mark(message.key))
        with conversing(ctx, self.talks(), noted, chat):
            return api.call(ctx.settings, "sendMessage", {"chat_id": int(chat), **sent(message)})

    def receive(self, ctx: WorkContext, inbound: Inbound) -> Received:
        """Read what somebody has written or pressed, or connect the chat of whoever has a link."""
        update = api.update(inbound, ctx.settings)
        if update is None:
            raise NotAllowed("telegram.secret", "Telegram has not sent this.")
        try:
            if "callback_query" in update:
                return _pressed(update["callback_query"])
            return self._written(ctx, update)
        except (AttributeError, KeyError, TypeError, ValueError):
            return Received()  # it came from there, and is of a shape that is none of these

    def _written(self, ctx: WorkContext, update: Mapping[str, Any]) -> Received:
        from mentorkit_telegram import chats

        message = update.get("message")
        if message is None or message["chat"]["type"] != "private":
            return Received()  # what is said in a group is said by anybody
        chat, text = str(int(message["chat"]["id"])), str(message.get("text", ""))
        # A command may name the bot that it is meant for: /stop@soko_bot.
        order, _, rest = text.partition(" ")
        text = f"{order.partition('@')[0]} {rest}".strip() if order[:1] == "/" else text
        if text.startswith("/start ") and rest.strip():
            told = chats.connect(ctx, rest.strip(), chat)
            locale = str(message.get("from", {}).get("language_code", "en"))
            return _answering("sendMessage", chat_id=int(chat), text=in_locale(told, locale))
        if not text.strip():
            return Received()
        reply = Reply(id=f"update:{int(update['update_id'])}", address=chat, text=text)
        return Received(replies=(reply,))

    def talks(self) -> sa.Table:
        from mentorkit_telegram.tables import talk

        return talk


def _pressed(query: Mapping[str, Any]) -> Received:
    """Return which button somebody has pressed, and let it stop waiting for an answer."""
    found: tuple[Reply, ...] = ()
    to, _, reply = str(query["data"]).partition(":")
    if query["message"]["chat"]["type"] == "private" and reply:
        chat = str(int(query["message"]["chat"]["id"]))
        found = (Reply(id=f"press:{query['id']}", address=chat, text=reply, to=to),)
    told = _answering("answerCallbackQuery", callback_query_id=str(query["id"]))
    return replace(told, replies=found)


def _answering(method: str, **fields: Any) -> Received:
    """Return the answer to a webhook that has Telegram do something at once.

    (https://core.telegram.org/bots/api#making-requests-when-getting-updates)
    """
    answer = json.dumps({"method": method, **fields})
    return Received(answer=answer, content_type="application/json")


def mark(key: str) -> str:
    """Return 22 characters (128 bits) by which a button names its message."""
    return base64.urlsafe_b64encode(sha256(key.encode()).digest())[:22].decode()


def sent(message: Message) -> dict[str, Any]:
    """Return a message as Telegram takes it: as it is written, without any mark-up.

    What is too long is cut above how to reply. A choice whose button would carry more than fits is
    left to be written.
    """
    end = f"\n\n{message.reply}" if message.reply else ""
    head = f"{message.subject}\n{message.body}".strip()
    told: dict[str, Any] = {
        "text": f"{cut(head, LONGEST - _units(end))}{end}".strip(),
        "link_preview_options": {"is_disabled": True},
    }
    buttons = [
        {"text": words[:WORDS], "callback_data": f"{mark(message.key)}:{reply}"}
        for reply, words in message.choices[:BUTTONS]
        if words.strip() and len(f"{mark(message.key)}:{reply}".encode()) <= DATA
    ]
    if buttons:
        beside = len(buttons) <= 3 and all(len(one["text"]) <= SHORT for one in buttons)
        rows = [buttons] if beside else [[one] for one in buttons]
        told["reply_markup"] = {"inline_keyboard": rows}
    return told


def cut(text: str, room: int) -> str:
    """Return a text of at most `room` units (UTF-16), no character of it torn apart."""
    if _units(text) <= room:
        return text
    end, left = 0, room - 1
    for one in text:
        left -= _units(one)
        if left < 0:
            break
        end += 1
    while end and (_joins(text[end]) or text[end - 1] == JOINER):
        end -= 1
    return f"{text[:end].rstrip()}…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def _joins(one: str) -> bool:
    """Return whether a character belongs to the one before it: an accent, a tint, a joiner."""
    return (
        bool(unicodedata.combining(one))
        or one in (JOINER, "\ufe0e", "\ufe0f")
        or ("\U0001f3fb" <= one <= "\U0001f3ff")
    )
