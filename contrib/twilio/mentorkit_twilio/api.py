"""Speaks with Twilio: sends a message, and makes sure that a request came from there."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.hooks import Inbound
from mentorkit.http import Answer, send_to

MENDABLE = frozenset({21212, 21603, 21606, 21659, 21660, 21661, 21703, 21704, 21705})
"""What is wrong with the sender, for the deployer to mend: nobody's message is given up for it.

(https://www.twilio.com/docs/api/errors)
"""
UNREACHABLE = 21609
"""Twilio does not take the address at which it is to tell more."""
NOBODY = frozenset({21211, 21217, 21614, 30005, 30006})
"""What says that the number is none, or none that takes text messages: it is not tried again."""


def send(settings: Mapping[str, Any], to: str, text: str, callback: str = "") -> str:
    """Hand a message to Twilio and return its id there ("" where its yes cannot be read).

    `callback` is where Twilio is to tell what becomes of it; an address that it does not take is
    left out, as the message matters more.

    Raises `Undeliverable` with Twilio's code for what it refuses for good: a number that is none,
    or that has said stop (21610). What passes, or is for the deployer to mend, is `RetryLater`.
    """
    service = settings["sender"].startswith("MG")
    form = {
        "To": to,
        "MessagingServiceSid" if service else "From": settings["sender"],
        "Body": text,
        **({"StatusCallback": callback} if callback else {}),
    }
    account = settings["account"]
    signing = base64.b64encode(f"{account}:{settings['token']}".encode()).decode()
    answer = send_to(
        f"{settings['address'].rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json",
        body=urlencode(form).encode(),
        headers={
            "Authorization": f"Basic {signing}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        timeout=settings["timeout"],
    )
    told = _json(answer)
    if 200 <= answer.status < 300:
        return str(told.get("sid", ""))[:100]
    code = told.get("code")
    if callback and answer.status == 400 and code == UNREACHABLE:
        return send(settings, to, text)
    if answer.status == 400 and isinstance(code, int) and code not in MENDABLE:
        raise Undeliverable(f"twilio.{code}")
    raise RetryLater(f"Twilio {answer.status} {code}", seconds=answer.wait)


def _json(answer: Answer) -> Mapping[str, Any]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def form(inbound: Inbound, settings: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the form that Twilio sent; None for what the account's token has not signed."""
    try:
        pairs = parse_qsl(inbound.body.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return None
    told = inbound.headers.get("x-twilio-signature", "").encode()
    token = settings["token"]
    signed = any(
        hmac.compare_digest(signature(token, url, pairs), told) for url in _spellings(inbound.url)
    )
    fields = dict(pairs)
    return fields if signed and fields.get("AccountSid") == settings["account"] else None


def signature(token: str, url: str, pairs: list[tuple[str, str]]) -> bytes:
    """Return how Twilio signs a form that it sends to an address.

    (https://www.twilio.com/docs/usage/security#validating-requests)
    """
    told = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(token.encode(), told.encode(), "sha1"))


def _spellings(url: str) -> tuple[str, str]:
    """Return the address with its port and without: Twilio signs the one or the other."""
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    host = parts.hostname or ""
    with_port = parts._replace(netloc=f"{host}:{parts.port or usual}").geturl()
    return parts._replace(netloc=host).geturl(), with_port
