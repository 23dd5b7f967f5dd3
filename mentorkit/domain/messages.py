"""Messages that channels carry, the receipts they give back, and what people reply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from string import Formatter

from mentorkit.domain.frozen import NOTHING, Frozen, quick

PLACEHOLDERS = (
    "person", "others", "mentee", "mentor", "program", "reasons", "due", "text", "link",
    "met", "sender", "meeting", "contacts", "answer", "yes", "no",
)  # fmt: skip
"""What a message template may name, as ``{mentor}``; nothing else is ever looked up."""
FATES = ("accepted", "failed", "bounced", "delivered")
"""What becomes of a message that a vendor has taken. Whatever the order in which it is told, what
stands later here holds: what has arrived once is not taken back."""
_CODE = re.compile(r"[a-z0-9_.]{1,100}")
LONGEST: Mapping[str, int] = {"subject": 200, "body": 4000}
"""How many characters a part of a message template may have."""
LAST_WORDS = "reply_stopped"
"""The template of the one message that still goes to whoever has said stop: that it was heard."""


def unknown_placeholders(template: str) -> tuple[str, ...]:
    """Return what stands in braces in the template but is no placeholder, as it was written.

    Raises ValueError when the braces themselves do not pair up.
    """
    found = []
    for _, name, spec, conversion in Formatter().parse(template):
        written = f"{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}"
        if name is not None and written not in PLACEHOLDERS:
            found.append(f"{{{written}}}")
    return tuple(dict.fromkeys(found))


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """An address of ours that stands in a message's body, and in words what it is for.

    A channel that shows buttons may put `choices` in its place, an address and words each, where
    there are any: they are the answers that it asks for. What stands `aside` is no button: a link.
    """

    address: str
    words: str
    choices: tuple[tuple[str, str], ...] = ()
    aside: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person. `key` is the same on every retry of the same message.

    The `body` is plain text and whole by itself; `buttons` say which of the addresses in it are
    ours, so that none that somebody wrote into a text is taken for one (`mentorkit.hypertext`).

    Where it can be answered by a reply, `asks` names what it is about (noun and id), and `reply`
    says how: for a channel that takes replies, which writes it below the body. `choices` are what
    can be replied, each with its words, for one that has buttons. `params` holds what stood in its
    placeholders, by their names, for one whose vendor has templates of its own. `thread` is the
    same for all that is told about one proposal and the relationship that it becomes; "" for what
    is about neither. `unsubscribe` is the address at which one press, or a POST of RFC 8058, stops
    messages of this kind; "" where none does.
    """

    key: str
    tenant: str
    program_id: str
    person_id: str
    template: str
    subject: str
    body: str
    locale: str = "en"
    params: Frozen = NOTHING
    asks: tuple[str, str] | None = None
    reply: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    thread: str = ""
    unsubscribe: str = ""
    buttons: tuple[Button, ...] = ()
    created_at: datetime


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A channel's word that it has taken a message.

    `reference` is the vendor's own id of it, by which a `Report` finds it again: it is kept, so it
    holds no address. `contact` is the id of the contact that it went to, where it is one.
    """

    channel: str
    reference: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A vendor's later word on a message that it has taken, found by its `reference`.

    `state` is one of `FATES`: ``bounced`` says that there is no such address or number (any more),
    so that the channel does not try it again; ``failed`` that the message did not arrive. `code`
    says why: small letters, digits, _ and dots, such as ``twilio.30005``.
    """

    reference: str
    state: str
    code: str = ""

    def __post_init__(self) -> None:
        if self.state not in FATES:
            raise ValueError(f"write one of {', '.join(FATES)}, not {self.state!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody has written back: from which address, and the vendor's own id of it.

    `settled` says that the vendor itself acts on it and answers (a carrier, on STOP). `to` is the
    key of the message that it answers, where that is known: of a button, say.
    """

    id: str
    address: str
    text: str
    settled: bool = False
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a vendor's request brought, and what it is answered with at once."""

    replies: tuple[Reply, ...] = ()
    reports: tuple[Report, ...] = ()
    answer: str = ""
    content_type: str = "text/plain"


class RetryLater(Exception):
    """Raised by a channel or a reaction: not now, try again after `seconds`."""

    def __init__(self, why: str = "", *, seconds: int | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class Undeliverable(Exception):
    """Raised by a channel: this message can never reach this person; `code` says why.

    `contact` is the id of the contact that turned out to be none, which it does not try again.
    """

    def __init__(self, code: str, *, contact: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.contact = contact


def as_code(code: object, otherwise: str) -> str:
    """Return a plugin's code as it was given, if it is one: codes are stored and shown."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else otherwise


def as_reference(reference: object) -> str:
    """Return a vendor's id as it is kept; a digest of one that no column would hold."""
    text = str(reference or "")
    if len(text) <= 255 and text.isprintable():
        return text
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
