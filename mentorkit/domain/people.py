"""People, how to reach them, the firm they act for, and the port by which a host names them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.kept import Kept

Means = Literal["self", "file", "form", "phone", "paper", "visit", "link", "reply", "job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Kept):
    """A human. `user_ref` is the host's own name for them, `external_key` a file's own id."""

    name: str = ""
    user_ref: str | None = None
    external_key: str | None = None
    born: int | None = None
    locale: str = "en"
    zone: str = "UTC"
    created_at: datetime

    @property
    def erased(self) -> bool:
        """Whether nothing is left to call them by; the row stays for what refers to its id."""
        return not (self.name or self.user_ref or self.external_key)


def is_zone(name: str) -> bool:
    """Return whether this is the id of a time zone, such as ``Africa/Nairobi``."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        return False
    return True


def called(text: str) -> str:
    """Return what somebody may be called by others: of an address only what is before the @.

    ``mary.wanjiku@example.org`` is Mary Wanjiku; anything else stays as it is.
    """
    if "@" not in text:
        return text
    return " ".join(part.capitalize() for part in re.split(r"[\W_]+", text.split("@")[0]) if part)


def folded(address: str) -> str:
    """Return what all ways of writing one address have in common; "" for what is none.

    An e-mail address is the same in any case and any Unicode form of it, and in both forms of its
    domain (IDNA). A number is its digits: marks between them, ``+`` and ``00`` do not count.
    """
    text = unicodedata.normalize("NFC", " ".join(address.split()).casefold())
    local, at, domain = text.rpartition("@")
    if at:
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
        return f"{local}@{domain}" if local and domain else ""
    digits = "".join(str(unicodedata.decimal(one)) for one in text if one.isdecimal())
    marked = all(one.isdecimal() or one in " +-()./" for one in text)
    digits = digits.removeprefix("00")
    return digits if marked and 6 <= len(digits) <= 15 else ""


def plain(text: str) -> str:
    """Return a text as it is searched: in any case, with or without accents, once spaced."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Kept):
    """One way to reach a person (kind: email, phone, whatsapp, inbox, ...).

    `shared` says that whoever the person is connected with may see it. `bounced` names the channels
    whose vendor says that there is nobody at it: ``{channel: {"code": ..., "at": ...}}``.
    """

    person_id: str
    kind: str
    value: str
    verified: bool = False
    shared: bool = False
    bounced: Frozen = field(default_factory=Frozen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Business(Kept):
    """The firm a participant acts for; several people may share one. `started` is a year."""

    name: str
    external_key: str | None = None
    sector: str | None = None
    country: str | None = None
    started: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is doing this: a host's user, a person, or nobody known, who may do nothing.

    `admin` is the host's word. `means` records how the subject's wish reached the actor, so that
    a coordinator who accepts for a mentee by phone leaves exactly that behind. `is_system` is for
    the worker alone (`SYSTEM_ACTOR`): a visitor who is not logged in is ``Actor()``, and so is one
    whose reference is empty. A whole number or a UUID as a reference is kept as its text.
    """

    user_ref: str | None = None
    person_id: str | None = None
    admin: bool = False
    means: Means = "self"
    is_system: bool = False

    def __post_init__(self) -> None:
        for name in ("user_ref", "person_id"):
            object.__setattr__(self, name, reference(getattr(self, name)))

    @property
    def is_nobody(self) -> bool:
        """Whether nobody is known here, not even as an admin."""
        return not (self.user_ref or self.person_id or self.admin or self.is_system)


def reference(told: Any) -> Any:
    """Return a reference as it is kept: a number or UUID as text, None for an empty one.

    What is neither stays as it is, and is refused where it is looked up.
    """
    if isinstance(told, (int, UUID)) and not isinstance(told, bool):
        return str(told)
    return None if isinstance(told, str) and not told.strip() else told


SYSTEM_ACTOR = Actor(means="job", is_system=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Kept):
    """Two people who must not be brought together, in either direction, by any path."""

    person_id: str
    other_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPerson:
    """What a host tells about one of its users."""

    ref: str
    name: str
    email: str | None = None
    phone: str | None = None
    locale: str = "en"
    zone: str = "UTC"


class People(Protocol):
    """The port a host implements so that mentorkit can name and reach the host's users."""

    def lookup(self, tenant: str, refs: Collection[str]) -> Mapping[str, HostPerson]:
        """Return what the host knows about these users, those unknown left out; one batch."""

    def search(self, tenant: str, text: str, limit: int) -> Sequence[HostPerson]:
        """Return at most `limit` users that fit what a coordinator typed."""

    def tenants(self) -> Iterable[str]:
        """Name the tenants whose work the worker should do."""
