"""The plugin `twilio`: text messages (SMS) through Twilio, and what people reply to them."""

from __future__ import annotations

from collections.abc import Iterable

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel
from mentorkit_twilio.channel import Twilio

manifest = Manifest(
    title="Text messages (Twilio)",
    summary="Sends text messages (SMS) through Twilio, and takes what people reply.",
    requires_core=">=0.1,<1",
    tables="mentorkit_twilio.tables:metadata",
    migrations="mentorkit_twilio:migrations",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["account", "token", "sender"],
        "properties": {
            "account": {
                "type": "string",
                "title": "Account SID",
                "description": "The account's id at Twilio, AC and 32 more characters.",
                "minLength": 2,
            },
            "token": {
                "type": "string",
                "title": "Auth token",
                "description": "The account's auth token: it signs in, and signs what Twilio "
                "sends us.",
                "writeOnly": True,
                "minLength": 1,
            },
            "sender": {
                "type": "string",
                "title": "Sender",
                "description": "A number of yours at Twilio, such as +15551234567, or the id of a "
                "messaging service (MG...).",
                "minLength": 2,
            },
            "keywords": {
                "type": "string",
                "title": "Who answers STOP, START and HELP",
                "description": "twilio answers them itself unless you have asked it not to; then "
                "write mentorkit.",
                "enum": ["twilio", "mentorkit"],
                "default": "twilio",
            },
            "timeout": {
                "type": "integer",
                "title": "Longest wait, in seconds",
                "description": "How long to wait for Twilio's answer.",
                "default": 10,
                "minimum": 1,
                "maximum": 60,
            },
            "address": {
                "type": "string",
                "title": "Address of the API",
                "description": "Another one for an edge location of Twilio's.",
                "default": "https://api.twilio.com",
            },
        },
    },
)


@hookimpl
def mentorkit_notification_channels() -> Iterable[Channel]:
    yield Twilio()
