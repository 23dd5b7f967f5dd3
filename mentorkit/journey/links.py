"""Links that speak for one person about one thing, without a log-in: signed, and for a while.

What a link may do is its purpose, which is signed too. Opening one changes nothing, as scanners of
mail open every link: the page behind it has a button. That it works once is up to what it does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotFound

if TYPE_CHECKING:
    from mentorkit.kit import Kit

DAYS = 30
"""How long a link is good for, unless it says otherwise."""
NO_SECRET = "Give the kit secret_keys=[...]: it signs links with it."
_CONTEXT = b"mentorkit link\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says: whose it is, about what (ids by name), and until when (Unix seconds)."""

    tenant: str
    purpose: str
    person_id: str
    about: Mapping[str, str]
    until: int
    nonce: str

    @property
    def actor(self) -> Actor:
        """The person whom it speaks for."""
        return Actor(person_id=self.person_id, means="link")


def can_sign(kit: Kit) -> bool:
    """Return whether there is a secret to sign with; without one no link is ever made."""
    return bool(kit.secret_keys)


def make(
    kit: Kit, *, tenant: str, purpose: str, person: str, days: float = DAYS,
    nonce: str | None = None, **about: str,
) -> str:  # fmt: skip
    """Return a token for `person` (id) and one `purpose`, good for `days`; safe in an address.

    Links with the same `nonce` are one to what works once; by default each is its own.
    Raises `Conflict` (link.no_secret) where the kit has no `secret_keys`.
    """
    if not kit.secret_keys:
        raise Conflict("link.no_secret", NO_SECRET)
    until = int((kit.clock() + timedelta(days=days)).timestamp())
    told = [tenant, purpose, person, about, until, nonce or kit.ids()]
    body = json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
    return f"{_text(body)}.{_text(_sign(kit.secret_keys[0], body))}"


def short(kit: Kit, *, tenant: str, purpose: str, id: str) -> str:
    """Return a token of 20 letters and digits (100 bits) for a thing that is kept under this id.

    It is the same each time, so that no secret waits with what was promised: keep `fingerprint`
    of it, and find the thing by that. Raises `Conflict` (link.no_secret) as `make` does.
    """
    if not kit.secret_keys:
        raise Conflict("link.no_secret", NO_SECRET)
    body = json.dumps([tenant, purpose, id], separators=(",", ":")).encode()
    signed = _sign(kit.secret_keys[0], b"short\0" + body)
    return base64.b32encode(signed)[:20].decode().lower()


def fingerprint(token: str) -> str:
    """Return what is kept of a short token: nobody can make the token from it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def read(kit: Kit, token: str, *, tenant: str, purpose: str) -> Link:
    """Return what a token says; any of the `secret_keys` may have signed it.

    Raises `NotFound` (link.not_ours) for one that was not made for this, `Conflict` (link.too_old)
    for one whose time is over.
    """
    body, _, signature = token.partition(".")
    try:
        raw, signed = _bytes(body), _bytes(signature)
        valid = any(hmac.compare_digest(_sign(key, raw), signed) for key in kit.secret_keys)
        told = json.loads(raw) if valid else None
    except ValueError:
        told = None
    if told is None or told[:2] != [tenant, purpose]:
        raise not_ours()
    _, _, person, about, until, nonce = told
    if kit.clock().timestamp() > until:
        raise Conflict(
            "link.too_old",
            "The time of this link is over. Sign in to go on, or ask whoever runs the program for "
            "a new one.",
        )
    return Link(
        tenant=tenant, purpose=purpose, person_id=person, about=about, until=until, nonce=nonce
    )


def not_ours() -> NotFound:
    """Return the error for a link that was not made here, or not for this."""
    return NotFound(
        "link.not_ours",
        "This link is not complete, or not ours. Open it from the message that it stands in; if "
        "you copied it, copy all of it.",
    )


def _sign(key: str | bytes, body: bytes) -> bytes:
    secret = key.encode() if isinstance(key, str) else key
    return hmac.digest(secret, _CONTEXT + body, "sha256")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
