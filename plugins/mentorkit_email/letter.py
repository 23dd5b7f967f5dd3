"""A message as a mail: its headers, and its text both plain and as HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, Policy
from email.utils import format_datetime
from typing import Any
from unicodedata import category

from mentorkit.domain.messages import Message
from mentorkit.hypertext import page
from mentorkit_email.address import address

ENDS = ("Cc", "Zl", "Zp")
"""What ends a line or steers a terminal (Unicode general categories)."""


LONGEST_LINE = 990
"""Characters of a header that is not folded: a line may have 998 (RFC 5322, 2.1.1)."""


class Whole(UnstructuredHeader, BaseHeader):
    """A header of one long word, such as an address: left alone, or it would be encoded."""

    def fold(self, *, policy: Policy[Any]) -> str:
        return f"{self.name}: {self}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", Whole)


def message_id(message: Message, domain: str) -> str:
    """Return the id that this message has on every retry, so that a mailbox shows it once."""
    made = hashlib.sha256(f"{message.tenant}\0{message.key}".encode()).hexdigest()
    return f"<{made[:40]}@{domain}>"


def thread_id(message: Message, domain: str) -> str:
    """Return the id of a mail that was never sent, and that all of a thread answer (RFC 5322).

    None of them needs to be the first, so it does not matter which of them went by mail.
    """
    made = hashlib.sha256(f"{message.tenant}\0{message.person_id}\0{message.thread}".encode())
    return f"<{made.hexdigest()[:40]}@{domain}>"


def write(
    message: Message, name: str, to: tuple[str, str], settings: Mapping[str, Any]
) -> EmailMessage:
    """Return the mail to a person of this name: plain text, and the same as HTML."""
    sender = address(settings["sender"])
    assert sender is not None, "the channel reaches nobody without a sender"
    beyond_ascii = not (to[0] + sender[0]).isascii()
    # Seven bits pass every server on the way.
    policy = (SMTPUTF8 if beyond_ascii else SMTP).clone(cte_type="7bit", header_factory=HEADERS)
    mail = EmailMessage(policy=policy)
    mail["From"] = Address(_line(settings["sender_name"]), *sender)
    mail["To"] = Address(_line(name), *to)
    if answers := address(settings["reply_to"]):
        mail["Reply-To"] = Address("", *answers)
    mail["Subject"] = _line(message.subject)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = message_id(message, sender[1])
    if message.thread:
        mail["In-Reply-To"] = thread_id(message, sender[1])
        mail["References"] = thread_id(message, sender[1])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    way_out = _line(message.unsubscribe)
    if way_out and way_out.isascii() and len(way_out) < LONGEST_LINE - len("List-Unsubscribe: <>"):
        # RFC 8058: one press in the mail program, without a page.
        mail["List-Unsubscribe"] = f"<{way_out}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(_sound(message.body))
    mail.add_alternative(_sound(page(message)), subtype="html")
    mail["Content-Language"] = _line(message.locale)
    return mail


def _line(text: str) -> str:
    """Return a text as one line; what joins letters, as in Persian names, stays."""
    return " ".join("".join(" " if category(one) in ENDS else one for one in _sound(text)).split())


def _sound(text: str) -> str:
    """Return a text that UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
