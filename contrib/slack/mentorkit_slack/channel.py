"""The channel: whom it finds in Slack, what it shows them, and what they answer."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.errors import NotAllowed
from mentorkit.hooks import Channel, Context, Inbound, Received, Reply, WorkContext
from mentorkit_slack import api

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST, WORDS = 3_000, 75
"""Characters of a section's text, and of a button's (https://docs.slack.dev/reference/block-kit)."""


class Slack(Channel):
    """Writes to the user of the workspace who has this id, or one of these e-mail addresses."""

    name = "slack"
    title = "Slack"
    hears = "slack"

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        """Whether there is anything to look for them by; whether they are there Slack will say."""
        return any(one.kind in ("slack", "email") and one.value.strip() for one in contacts)

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Post the message; `RetryLater` for what passes, `Undeliverable` where nobody is there.

        Slack knows no idempotency key: who is killed between its yes and our note of that posts
        the message once more.
        """
        from mentorkit.store import conversing

        user = _user(ctx.settings, contacts)
        with conversing(ctx, self.talks(), message, user):
            told = api.call(ctx.settings, "chat.postMessage", channel=user, **posted(message))
        return Receipt(channel=self.name, reference=str(told.get("ts", ""))[:100])

    def receive(self, ctx: Context, inbound: Inbound) -> Received:
        """Read a message to the app, or a press of a button; all else brings nothing."""
        told = api.payload(inbound, ctx.settings, ctx.now)
        if not told:
            raise NotAllowed("slack.signature", "Slack has not signed this, or long ago.")
        if told.get("type") == "url_verification":
            return Received(answer=str(told.get("challenge", "")))
        reading = {"event_callback": _written, "block_actions": _pressed}.get(str(told.get("type")))
        try:
            reply = reading(told) if reading else None
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            reply = None  # signed, and of a shape that is none of these
        return Received(replies=(reply,) if reply else ())

    def talks(self) -> sa.Table:
        from mentorkit_slack.tables import talk

        return talk


def posted(message: Message) -> dict[str, str]:
    """Return a message as Slack takes it; nothing in it is read as a mention, a link or bold."""
    end = f"\n\n{message.reply}" if message.reply else ""
    head = f"{message.subject}\n{message.body}".strip()
    room = LONGEST - len(end)
    text = ((head if len(head) <= room else f"{head[: room - 1]}…") + end).strip()
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}
    ]
    if message.choices:
        buttons = [
            {
                "type": "button",
                "action_id": f"reply_{reply}",
                "text": {"type": "plain_text", "text": words[:WORDS], "emoji": False},
                "value": json.dumps([reply, message.key]),
            }
            for reply, words in message.choices
        ]
        blocks.append({"type": "actions", "elements": buttons})
    told = html.escape(text, quote=False)
    quiet = {"unfurl_links": "false", "unfurl_media": "false"}
    return {"text": told, "blocks": json.dumps(blocks), **quiet}


def _user(settings: Mapping[str, Any], contacts: Sequence[Contact]) -> str:
    """Return the id of whoever has one of these contacts; raise `Undeliverable` for nobody."""
    nobody = Undeliverable("slack.no_contact")
    ordered = sorted(contacts, key=lambda one: (one.kind != "slack", -one.verified))
    for one in ordered:
        if one.kind == "slack":
            return one.value.strip()
        if one.kind == "email":
            try:
                found = api.call(settings, "users.lookupByEmail", email=one.value.strip())
                return str(found["user"]["id"])
            except Undeliverable as gone:
                nobody = gone
            except (KeyError, TypeError):
                nobody = Undeliverable("slack.users_not_found")
    raise nobody


def _written(told: Mapping[str, Any]) -> Reply | None:
    """Return what somebody has written to the app; what it writes itself comes back, too."""
    event = told["event"]
    ours = event.get("bot_id") or event.get("subtype") or event.get("channel_type") != "im"
    if event.get("type") != "message" or ours:
        return None
    return Reply(
        id=str(told["event_id"]), address=str(event["user"]), text=html.unescape(event["text"])
    )


def _pressed(told: Mapping[str, Any]) -> Reply:
    """Return which button of which message somebody has pressed."""
    action, user = told["actions"][0], str(told["user"]["id"])
    reply, key = json.loads(action["value"])
    return Reply(id=f"{user}:{action['action_ts']}", address=user, text=str(reply), to=str(key))
