"""What mail servers tell of mails that did not arrive: delivery status notifications (RFC 3464).

A notification is matched by the Message-ID of ours that it carries and by nothing else: what it
says in words is never read. One that carries none of ours changes nothing.
"""

from __future__ import annotations

import hmac
import mailbox
import re
from collections.abc import Iterator, Mapping
from email import policy
from email.message import Message
from email.parser import BytesParser, HeaderParser
from pathlib import Path
from typing import Any

from mentorkit.hooks import Inbound, Report
from mentorkit_email.address import address

LONGEST = 5 * 2**20
"""Bytes of a notification that are read; it says what it has to say near its beginning."""
STATUS = ("message/delivery-status", "message/global-delivery-status")
RETURNED = (
    "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers",
)  # fmt: skip
"""What comes back of the mail: all of it, or its headers (RFC 6522, and RFC 6533 beyond ASCII)."""
FATES = {"failed": "failed", "delayed": "accepted", "delivered": "delivered"}
"""By the field Action; ``relayed`` and ``expanded`` tell of no end."""
NOBODY = re.compile(r"5\.(0\.0|1\.([0-6]|10)|2\.[01]|4\.[14])")
"""The statuses that say that nobody is at the address (RFC 3463, 3.2 and on): 5.1.x but for what is
wrong with the sender, a mailbox that is closed, a domain that is not there (5.4.4). Exchange Online
says 5.1.10 and 5.4.1. Full, too large, refused by a policy: that says nothing of the address."""
_CODE = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})")
_ID = re.compile(r"<[^<>\s]{1,300}>")
_PARSER = BytesParser(policy=policy.compat32)


def reports(mail: bytes) -> list[Report]:
    """Return what a notification says became of the mail of ours that it is about.

    Empty for any other mail, and for one that is too broken to tell.
    """
    try:
        return list(_read(_PARSER.parsebytes(mail[:LONGEST])))
    except (AttributeError, LookupError, TypeError, ValueError):
        return []  # headers may hold anything, and the parser takes some of it ill


def _read(told: Message[str, str]) -> Iterator[Report]:
    status, reference = None, ""
    for part in _parts(told):
        kind = part.get_content_type()
        if kind in STATUS and status is None:
            status = _groups(part)
        elif kind in RETURNED and not reference:
            reference = _reference(part)
    if not reference or not status:
        return
    for group in status:
        # A comment may follow: "delayed (will be tried again)".
        action = str(group.get("Action", "")).partition("(")[0].strip().lower()
        found = _CODE.match(str(group.get("Status", "")))
        code = found[1] if found else "unknown"
        state = FATES.get(action)
        if action == "failed" and NOBODY.fullmatch(code):
            state = "bounced"
        if state is not None:
            code = "" if state == "delivered" else f"email.{code}"
            yield Report(reference=reference, state=state, code=code)


def _parts(told: Message[str, str]) -> Iterator[Message[str, str]]:
    """Yield the parts of a report; nothing of what stands inside the mail that came back."""
    payload = told.get_payload() if told.get_content_type() == "multipart/report" else ()
    if isinstance(payload, list):
        yield from (one for one in payload if isinstance(one, Message))


def _groups(part: Message[str, str]) -> list[Message[str, str]]:
    """Return the groups of fields: those of the mail, then those of each recipient."""
    payload = part.get_payload()
    if part.get_content_type() == STATUS[0] and isinstance(payload, list):
        return [one for one in payload if isinstance(one, Message)]
    text = _text(part)
    return [HeaderParser().parsestr(group) for group in re.split(r"\r?\n\r?\n", text) if group]


def _reference(part: Message[str, str]) -> str:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, Message):
        inner = HeaderParser().parsestr(_text(part))
    found = _ID.search(str(inner.get("Message-ID", "")))
    return found[0] if found else ""


def _text(part: Message[str, str]) -> str:
    """Return what a part says, decoded; of one that was taken for a mail, its headers too."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n\n".join(one.as_string() for one in payload if isinstance(one, Message))
    decoded = part.get_payload(decode=True)
    return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else ""


def is_ours(reference: str, settings: Mapping[str, Any]) -> bool:
    """Return whether a Message-ID looks like one of ours, whoever's it is."""
    domain = (address(settings.get("sender", "")) or ("", ""))[1]
    return (
        bool(domain)
        and re.fullmatch(rf"<[0-9a-f]{{40}}@{re.escape(domain)}>", reference) is not None
    )


def trusted(inbound: Inbound, settings: Mapping[str, Any]) -> bool:
    """Return whether a request has the token that the deployer gave the mail server."""
    token = settings.get("inbound_token", "")
    told = inbound.headers.get("authorization", "")
    return bool(token) and hmac.compare_digest(told.encode(), f"Bearer {token}".encode())


def mails_in(path: Path) -> list[bytes]:
    """Return the mails in a file: a mailbox (mbox), or one mail as it came."""
    with path.open("rb") as file:
        begins = file.read(5)
    if begins != b"From ":
        return [path.read_bytes()]
    box = mailbox.mbox(path, create=False)
    try:
        return [box.get_bytes(key) for key in box.iterkeys()]
    finally:
        box.close()


__all__ = ["is_ours", "mails_in", "reports", "trusted"]
