"""The plugin `telegram`: messages in Telegram, and what people answer there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel, Command, Parameter, Slot
from mentorkit_telegram import commands
from mentorkit_telegram.channel import Telegram

if TYPE_CHECKING:
    import flask

manifest = Manifest(
    title="Telegram",
    summary="Writes to people in Telegram, who answer there by a button or in words.",
    requires_core=">=0.1,<1",
    tables="mentorkit_telegram.tables:metadata",
    migrations="mentorkit_telegram:migrations",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["bot", "token", "secret"],
        "properties": {
            "bot": {
                "type": "string",
                "title": "Bot",
                "description": "The bot's user name, without the @, such as soko_mentoring_bot.",
                "pattern": "^[A-Za-z][A-Za-z0-9_]{3,31}$",
            },
            "token": {
                "type": "string",
                "title": "Token",
                "description": "The bot's token, as BotFather gave it.",
                "writeOnly": True,
                "pattern": "^[0-9]+:[A-Za-z0-9_-]+$",
            },
            "secret": {
                "type": "string",
                "title": "Secret of the webhook",
                "description": "Made up by you, of at least 16 letters, digits, _ and -: Telegram "
                "sends it along with all that it tells us.",
                "writeOnly": True,
                "pattern": "^[A-Za-z0-9_-]{16,256}$",
            },
            "minutes": {
                "type": "integer",
                "title": "How many minutes a link works",
                "description": "The link by which somebody connects their chat.",
                "default": 60,
                "minimum": 5,
                "maximum": 1440,
            },
            "timeout": {
                "type": "integer",
                "title": "Longest wait, in seconds",
                "description": "How long to wait for Telegram's answer.",
                "default": 10,
                "minimum": 1,
                "maximum": 60,
            },
            "address": {
                "type": "string",
                "title": "Address of the API",
                "description": "Another one for a Bot API server of your own.",
                "default": "https://api.telegram.org",
            },
        },
    },
)


@hookimpl
def mentorkit_notification_channels() -> Iterable[Channel]:
    yield Telegram()


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_telegram.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_telegram.pages import offer

    yield Slot(name="home", render=offer)


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="webhook",
        title="Tell Telegram where to write to",
        help="Give Telegram the address of these pages and the secret, so that it tells them what "
        "people answer. Run it once, and after either has changed. Needs --kit: the host's kit "
        "knows where its pages stand.",
        run=commands.webhook,
    )
    yield Command(
        name="link",
        title="Make a link to connect a chat",
        help="Make a link by which one person connects their chat with the bot. Hand it to them "
        "alone: whoever opens it gets their messages. It works once. Needs --kit.",
        run=commands.link,
        parameters=(Parameter(name="person", help="Id or external key.", required=True),),
    )
