"""Messages that channels carry, the receipts they give back, and what people reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from string import Formatter

from mentorkit.domain.frozen import Frozen

PLACEHOLDERS = (
    "person", "others", "mentee", "mentor", "program", "reasons", "due", "text", "link",
    "met", "sender", "meeting", "contacts", "answer", "yes", "no",
)  # fmt: skip
"""What a message template may name, as ``{mentor}``; nothing else is ever looked up."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person. `key` is the same on every retry of the same message.

    The `body` is plain text and whole by itself; `buttons` say which of the addresses in it are
    ours, so that none that somebody wrote into a text is taken for one (`mentorkit.hypertext`).

    Where it can be answered by a reply, `asks` names what it is about (noun and id), and `reply`
    says how: for a channel that takes replies, which writes it below the body. `choices` are what
    can be replied, each with its words, for one that has buttons.
    """

    key: str
    tenant: str
    program_id: str
    person_id: str
    template: str
    subject: str
    body: str
    locale: str = "en"
    params: Frozen = field(default_factory=Frozen)
    asks: tuple[str, str] | None = None
    reply: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A channel's word that it has taken a message; `reference` is the vendor's own id."""

    channel: str
    reference: str = ""


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
    answer: str = ""
    content_type: str = "text/plain"


class RetryLater(Exception):
    """Raised by a channel or a reaction: not now, try again after `seconds`."""

    def __init__(self, why: str = "", *, seconds: int | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


class Undeliverable(Exception):
    """Raised by a channel: this message can never reach this person; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
