"""Speaks with Slack: calls its methods, and makes sure that a request came from there."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.hooks import Inbound
from mentorkit.http import send_to

GONE = frozenset(
    {
        "users_not_found", "user_not_found", "channel_not_found", "user_disabled",
        "cannot_dm_bot", "messages_tab_disabled", "is_archived", "no_text",
    }
)  # fmt: skip
"""What will never reach this person (https://docs.slack.dev/reference/methods/chat.postMessage)."""
OLDEST, AHEAD = 5 * 60, 60
"""Seconds that the time in a signature may lie back, and ahead."""


def call(settings: Mapping[str, Any], method: str, **fields: str) -> Mapping[str, Any]:
    """Call a method of Slack's and return its answer.

    Raises `Undeliverable` with Slack's word where the person is not there; what passes, or is for
    the deployer to mend (the token, a scope), is `RetryLater`.
    """
    answer = send_to(
        f"{settings['address'].rstrip('/')}/api/{method}",
        body=urlencode(fields).encode(),
        headers={
            "Authorization": f"Bearer {settings['token']}",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        },
        timeout=settings["timeout"],
    )
    told = read(answer.body)
    if answer.status == 200 and told.get("ok") is True:
        return told
    error = told.get("error")
    if answer.status == 200 and error in GONE:
        raise Undeliverable(f"slack.{error}")
    raise RetryLater(f"Slack {answer.status}", seconds=answer.wait)


def read(body: bytes | str) -> Mapping[str, Any]:
    """Return a JSON object; an empty one for what is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def payload(inbound: Inbound, settings: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Return what Slack sent: an event, or what was done with a message of ours.

    {} for what the app's secret has not signed within five minutes
    (https://docs.slack.dev/authentication/verifying-requests-from-slack).
    """
    at = inbound.headers.get("x-slack-request-timestamp", "")
    told = inbound.headers.get("x-slack-signature", "").encode()
    age = now.timestamp() - int(at) if at.isascii() and at.isdecimal() and len(at) < 12 else None
    if age is None or not -AHEAD <= age <= OLDEST:
        return {}
    if not hmac.compare_digest(signature(settings["signing_secret"], at, inbound.body), told):
        return {}
    if inbound.headers.get("content-type", "").startswith("application/json"):
        return read(inbound.body)
    try:
        form = dict(parse_qsl(inbound.body.decode(), max_num_fields=20))
    except ValueError:
        return {}
    return read(form.get("payload", ""))


def signature(secret: str, at: str, body: bytes) -> bytes:
    """Return how Slack signs a body at a time (Unix seconds)."""
    signed = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, "sha256")
    return b"v0=" + signed.hexdigest().encode()
