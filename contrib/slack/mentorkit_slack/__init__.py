"""The plugin `slack`: messages in Slack, and what people answer there by a button or in words."""

from __future__ import annotations

from collections.abc import Iterable

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel
from mentorkit_slack.channel import Slack

manifest = Manifest(
    title="Slack",
    summary="Writes to people in Slack, who answer there by a button or in words.",
    requires_core=">=0.1,<1",
    tables="mentorkit_slack.tables:metadata",
    migrations="mentorkit_slack:migrations",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["token", "signing_secret"],
        "properties": {
            "token": {
                "type": "string",
                "title": "Bot token",
                "description": "The app's bot token (xoxb-...), with the scopes chat:write, "
                "im:history, users:read and users:read.email.",
                "writeOnly": True,
                "minLength": 1,
            },
            "signing_secret": {
                "type": "string",
                "title": "Signing secret",
                "description": "The app's signing secret, with which Slack signs what it sends us.",
                "writeOnly": True,
                "minLength": 1,
            },
            "timeout": {
                "type": "integer",
                "title": "Longest wait, in seconds",
                "description": "How long to wait for Slack's answer.",
                "default": 10,
                "minimum": 1,
                "maximum": 60,
            },
            "address": {
                "type": "string",
                "title": "Address of the API",
                "description": "Another one for Slack's government cloud.",
                "default": "https://slack.com",
            },
        },
    },
)


@hookimpl
def mentorkit_notification_channels() -> Iterable[Channel]:
    yield Slack()
