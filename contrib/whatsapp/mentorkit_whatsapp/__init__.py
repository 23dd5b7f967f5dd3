"""The plugin `whatsapp`: messages through WhatsApp's Cloud API, and what people reply to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel, Check
from mentorkit_whatsapp.channel import WhatsApp
from mentorkit_whatsapp.templates import look

manifest = Manifest(
    title="WhatsApp",
    summary="Writes to people in WhatsApp, who answer there by a button or in words.",
    requires_core=">=0.1,<1",
    tables="mentorkit_whatsapp.tables:metadata",
    migrations="mentorkit_whatsapp:migrations",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["number", "token", "app_secret", "verify_token"],
        "properties": {
            "number": {
                "type": "string",
                "title": "Phone number id",
                "description": "The id of your number at WhatsApp (not the number itself).",
                "pattern": "^[0-9]{5,30}$",
            },
            "token": {
                "type": "string",
                "title": "Access token",
                "description": "The token of a system user, with whatsapp_business_messaging.",
                "writeOnly": True,
                "minLength": 1,
            },
            "app_secret": {
                "type": "string",
                "title": "App secret",
                "description": "The app's secret, with which Meta signs what it sends us.",
                "writeOnly": True,
                "minLength": 1,
            },
            "verify_token": {
                "type": "string",
                "title": "Verify token",
                "description": "Made up by you, and given to Meta with the address of the webhook.",
                "writeOnly": True,
                "minLength": 8,
            },
            "templates": {
                "type": "array",
                "items": {"type": "string"},
                "title": "Templates",
                "description": "What is sent to whoever has not written within a day, a line for "
                "each of our messages: proposal_offered en = mentor_offer en_US: person mentor",
                "default": [],
            },
            "phones": {
                "type": "boolean",
                "title": "Phone numbers too",
                "description": "Whether a phone number is tried where no number is known to be of "
                "WhatsApp. Do so where people have agreed to that.",
                "default": False,
            },
            "timeout": {
                "type": "integer",
                "title": "Longest wait, in seconds",
                "description": "How long to wait for WhatsApp's answer.",
                "default": 10,
                "minimum": 1,
                "maximum": 60,
            },
            "address": {
                "type": "string",
                "title": "Address of the API",
                "description": "With the version of the Graph API that is asked.",
                "default": "https://graph.facebook.com/v23.0",
            },
        },
    },
)


@hookimpl
def mentorkit_notification_channels() -> Iterable[Channel]:
    yield WhatsApp()


@hookimpl
def mentorkit_checks(settings: Mapping[str, Any]) -> Iterable[Check]:
    yield Check(
        name="templates",
        title="The templates of WhatsApp can be read",
        run=lambda: look(settings["templates"]),
        at_start=True,
    )
