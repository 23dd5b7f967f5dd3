"""Speaks with WhatsApp's Cloud API: sends a message, and reads what Meta has signed."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.hooks import Inbound, Report
from mentorkit.http import send_to

LATE = 131047
"""The person has not written within 24 hours: only a template may be sent."""
LATER = frozenset(
    {
        # It passes: too many, of one kind or the other, or trouble at WhatsApp's.
        1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057,
        # For the deployer to mend: the token, a right, the account, the number, the bill.
        0, 3, 10, 33, 190, 368, 131005, 131031, 131037, 131042, 131045, 133004, 133010,
        # The same: a template that is not there in this language, or has other parameters.
        132000, 132001, 132005, 132012, 132018,
    }
)  # fmt: skip
"""Codes for which nobody's message is given up.

(https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes)
"""
RIGHTS = range(200, 300)
"""Codes of a right that the token has not got."""
STATES = {"sent": "accepted", "delivered": "delivered", "read": "delivered", "failed": "failed"}
"""What WhatsApp says of a message, and what that is to us."""
NOBODY = "whatsapp.131026"
"""The number is not on WhatsApp, or has not taken its terms: nobody is to be found there."""


class Late(Exception):
    """Raised where WhatsApp takes no free text for this person any more."""


def send(settings: Mapping[str, Any], to: str, message: Mapping[str, Any]) -> str:
    """Hand a message to WhatsApp and return its id there ("" where its yes cannot be read).

    Raises `Undeliverable` with WhatsApp's code for what it refuses for good, and `Late` where only
    a template may be sent. What passes, or is for the deployer to mend, is `RetryLater`.
    """
    told = {
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": to, **message,
    }  # fmt: skip
    answer = send_to(
        f"{settings['address'].rstrip('/')}/{settings['number']}/messages",
        body=json.dumps(told).encode(),
        headers={
            "Authorization": f"Bearer {settings['token']}",
            "Content-Type": "application/json",
        },
        timeout=settings["timeout"],
    )
    got = read(answer.body)
    if 200 <= answer.status < 300:
        return next((str(one.get("id", "")) for one in _maps(got.get("messages"))), "")[:255]
    error = got.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if answer.status in (400, 404) and isinstance(code, int):
        if code == LATE:
            raise Late
        if code not in LATER and code not in RIGHTS:
            raise Undeliverable(f"whatsapp.{code}")
    raise RetryLater(f"WhatsApp {answer.status} {code}", seconds=answer.wait)


def read(body: bytes | str) -> Mapping[str, Any]:
    """Return a JSON object; an empty one for what is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def challenge(inbound: Inbound, settings: Mapping[str, Any]) -> str:
    """Return what Meta wants to read when it asks whether the address is ours; "" for any other.

    (https://developers.facebook.com/docs/graph-api/webhooks/getting-started)
    """
    if inbound.body:
        return ""
    asked = {name: found[0] for name, found in parse_qs(urlsplit(inbound.url).query).items()}
    told = asked.get("hub.verify_token", "").encode("utf-8", "replace")
    ours = hmac.compare_digest(told, settings["verify_token"].encode())
    word = asked.get("hub.challenge", "")
    plain = re.fullmatch(r"[\w-]{1,200}", word) is not None
    return word if ours and plain and asked.get("hub.mode") == "subscribe" else ""


def payload(inbound: Inbound, settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what Meta tells; None for what the app's secret has not signed."""
    told = inbound.headers.get("x-hub-signature-256", "").encode("utf-8", "replace")
    good = hmac.compare_digest(signature(settings["app_secret"], inbound.body), told)
    return read(inbound.body) if good else None


def signature(secret: str, body: bytes) -> bytes:
    """Return how Meta signs a body."""
    return b"sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest().encode()


def values(payload: Mapping[str, Any], number: str) -> Iterator[Mapping[str, Any]]:
    """Yield what is told of messages to and from this number; an app may have several."""
    for entry in _maps(payload.get("entry")):
        for change in _maps(entry.get("changes")):
            value = change.get("value")
            if change.get("field") == "messages" and isinstance(value, dict):
                about = value.get("metadata")
                if isinstance(about, dict) and about.get("phone_number_id") == number:
                    yield value


def messages(payload: Mapping[str, Any], number: str) -> Iterator[Mapping[str, Any]]:
    """Yield the messages that have come in."""
    for value in values(payload, number):
        yield from _maps(value.get("messages"))


def reports(payload: Mapping[str, Any], number: str) -> tuple[Report, ...]:
    """Return how messages that went out have fared, in the order in which it is told."""
    found = []
    for value in values(payload, number):
        for one in _maps(value.get("statuses")):
            state, id = STATES.get(str(one.get("status"))), one.get("id")
            if state is None or not isinstance(id, str) or not id:
                continue
            errors = _maps(one.get("errors"))
            codes = [error["code"] for error in errors if isinstance(error.get("code"), int)]
            code = f"whatsapp.{codes[0]}" if codes else "whatsapp.failed"
            if state != "failed":
                found.append(Report(reference=id, state=state))
            else:
                state = "bounced" if code == NOBODY else state
                found.append(Report(reference=id, state=state, code=code))
    return tuple(found)


def _maps(told: Any) -> list[Mapping[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
