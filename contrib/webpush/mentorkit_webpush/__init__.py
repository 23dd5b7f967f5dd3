"""The plugin `webpush`: notifications in people's browsers, on each device that they allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel, Check, Slot
from mentorkit_webpush.channel import WebPush
from mentorkit_webpush.checks import look

if TYPE_CHECKING:
    import flask

manifest = Manifest(
    title="Notifications in the browser",
    summary="Shows messages as notifications, on each device on which somebody allows it.",
    requires_core=">=0.1,<1",
    tables="mentorkit_webpush.tables:metadata",
    migrations="mentorkit_webpush:migrations",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["key", "contact"],
        "properties": {
            "key": {
                "type": "string",
                "title": "Private key",
                "description": "The key that signs what is pushed, as "
                "`python -m mentorkit_webpush` makes one.",
                "writeOnly": True,
                "minLength": 1,
            },
            "contact": {
                "type": "string",
                "title": "Contact",
                "description": "Where a push service reaches you: mailto:team@example.org, or an "
                "https address.",
                "pattern": "^(mailto:[^@ ]+@[^@ ]+|https://[^ ]+)$",
            },
            "services": {
                "type": "array",
                "items": {"type": "string"},
                "title": "Push services",
                "description": "The hosts to which is pushed; one that begins with a dot stands "
                "for all below it. A browser names its own, and no other is ever called.",
                "default": [
                    "fcm.googleapis.com",
                    "updates.push.services.mozilla.com",
                    ".push.apple.com",
                    ".notify.windows.com",
                ],
            },
            "text": {
                "type": "boolean",
                "title": "Show the text",
                "description": "Whether a notification begins with the text of its message, too, "
                "or has its subject alone. It is read by whoever sees the screen.",
                "default": True,
            },
            "hours": {
                "type": "integer",
                "title": "How many hours a message waits",
                "description": "For a device that is off, after which it is shown no more.",
                "default": 72,
                "minimum": 1,
                "maximum": 672,
            },
            "timeout": {
                "type": "integer",
                "title": "Longest wait, in seconds",
                "description": "How long to wait for a push service's answer.",
                "default": 10,
                "minimum": 1,
                "maximum": 60,
            },
        },
    },
)


@hookimpl
def mentorkit_notification_channels() -> Iterable[Channel]:
    yield WebPush()


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_webpush.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_webpush.pages import offer

    yield Slot(name="home", render=offer)


@hookimpl
def mentorkit_checks(settings: Mapping[str, Any]) -> Iterable[Check]:
    yield Check(
        name="key",
        title="The key for notifications can be read",
        run=lambda: look(settings),
        at_start=True,
    )
