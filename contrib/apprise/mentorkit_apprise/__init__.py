"""The plugin `apprise`: messages through any of the many services that Apprise knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel, Check
from mentorkit_apprise.channel import Services, look

manifest = Manifest(
    title="Messages through Apprise",
    summary="Sends messages through services such as Signal, Matrix, Mattermost or a gateway.",
    requires_core=">=0.1,<1",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["services"],
        "properties": {
            "services": {
                "type": "string",
                "title": "Services",
                "description": "A line for each: a kind of contact, and the Apprise address in "
                "which {address} stands for the person's. The first that fits is used.",
                "writeOnly": True,
                "minLength": 1,
            },
        },
    },
)


@hookimpl
def mentorkit_notification_channels(settings: Mapping[str, Any]) -> Iterable[Channel]:
    yield Services(settings)


@hookimpl
def mentorkit_checks(settings: Mapping[str, Any]) -> Iterable[Check]:
    yield Check(
        name="services",
        title="Apprise knows the services",
        run=lambda: look(settings),
        at_start=True,
    )
