"""Column types of our own, the same on SQLite and PostgreSQL, and the names they go by.

SQLite shifts a bare ``DateTime`` and rounds a bare ``Numeric``, so neither is used anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

from mentorkit.domain.frozen import NOTHING, Frozen, freeze
from mentorkit.errors import Invalid, Problem

BIGGEST = 2**63 - 1


class Unstorable(Invalid, sa.exc.DontWrapMixin):
    """A value that no column can hold, found before the database sees it."""


def refuse(place: str, message: str) -> Unstorable:
    """Return the error for a value that cannot be stored; it never quotes the value."""
    return Unstorable("store.unstorable", "This cannot be stored:", [Problem(place, message)])


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A moment: aware in, UTC out, naive refused. ISO text of fixed width on SQLite."""

    impl = sa.String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.String(32))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, datetime) or value.utcoffset() is None:
            raise refuse("time", "give a moment with its zone, such as datetime.now(UTC)")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        return _utc(value)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        # Itself, and not two functions around it: every row has several.
        return _written if dialect.name == "sqlite" else _utc


def _utc(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None:  # what SQLite writes by itself, as for `func.now()`: it means UTC
        return moment.replace(tzinfo=UTC)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _written(value: str | None) -> datetime | None:
    """Return what stands in a database of texts; `process_bind_param` has written it in UTC."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is UTC else _utc(moment)


class WallTime(NamedTuple):
    """A promised local time: it stays at nine o'clock when the zone's offset changes."""

    zone: str
    at: datetime


class LocalRule(sa.types.TypeDecorator[WallTime]):
    """A `WallTime`: zone and naive wall time, kept as ``2027-01-31T09:00:00 Asia/Kolkata``."""

    impl = sa.String(100)
    cache_ok = True

    def process_bind_param(self, value: WallTime | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        if value.at.tzinfo is not None:
            raise refuse("time", "a wall time has no offset; give the zone's id beside it")
        try:
            ZoneInfo(value.zone)
        except (KeyError, ValueError, OSError):
            raise refuse("zone", "name a zone as IANA does, such as Africa/Nairobi") from None
        return f"{value.at.isoformat(timespec='seconds')} {value.zone}"

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> WallTime | None:
        if value is None:
            return None
        at, _, zone = value.partition(" ")
        return WallTime(zone, datetime.fromisoformat(at))


class Sum(NamedTuple):
    """An amount of money: whole minor units (cents) and the ISO 4217 code of the currency."""

    minor: int
    currency: str


class Amount(sa.types.TypeDecorator[Sum]):
    """A `Sum`, kept as ``EUR 1250``: an integer, so that nothing is ever rounded."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: Sum | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        code = value.currency
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            raise refuse("currency", "write the ISO 4217 code, such as KES")
        if isinstance(value.minor, bool) or not isinstance(value.minor, int):
            raise refuse("amount", "give whole minor units, such as 1250 for 12.50")
        return f"{code} {value.minor}"

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Sum | None:
        if value is None:
            return None
        code, _, minor = value.partition(" ")
        return Sum(int(minor), code)


class Words(sa.types.TypeDecorator[str]):
    """Text of at most `length` characters, if any. What only one database would keep is refused.

    PostgreSQL takes no NUL, SQLite stops reading at one; half a surrogate pair fits neither.
    Ids and keys (`binary`) compare by code point, whatever the database's collation.
    """

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int | None, place: str = "text", binary: bool = False) -> None:
        super().__init__(length)
        self.length = length
        self.place = place
        self.binary = binary

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if self.length is None:
            return sa.Text()  # a driver's own kind of string would make it VARCHAR
        collation = "C" if self.binary and dialect.name == "postgresql" else None
        return dialect.type_descriptor(sa.String(self.length, collation=collation))

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise refuse(self.place, "write a text")
        if "\0" in value:
            raise refuse(self.place, "remove the NUL character")
        if self.length is not None and len(value) > self.length:
            raise refuse(self.place, f"write at most {self.length} characters")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise refuse(self.place, "remove the broken character (half a surrogate)") from None
        return str(value)


class Whole(sa.types.TypeDecorator[int]):
    """A whole number that fits into 64 bits; durations are whole minutes."""

    impl = sa.BigInteger
    cache_ok = True

    def __init__(self, place: str = "number") -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > BIGGEST:
            raise refuse(self.place, "write a whole number of at most 18 digits")
        return value


class Json(sa.types.TypeDecorator[Any]):
    """JSON, frozen when read. Kept as text in the order written, which fields and options need.

    The host's JSON settings for its engine never touch it. `of` is the dataclass as which the
    mappings of a list are read, and whose instances may be written. With `again`, a text that comes
    again is the same value again: for what is not personal, and is read at every step.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(
        self, place: str = "value", of: type[Any] | None = None, again: bool = False
    ) -> None:
        super().__init__()
        self.place = place
        self.of = of
        self.again = again
        encoder = json.JSONEncoder(
            default=self._plain, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        )
        self.encode = encoder.encode

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        try:
            written = self.encode(value)
            written.encode()
        except (TypeError, ValueError, RecursionError):
            raise refuse(self.place, "write what JSON can hold: texts, numbers, lists") from None
        if "\\u0000" in written:
            raise refuse(self.place, "remove the NUL character")
        return written

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return self._read(value)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        return self._read  # itself, as of `UtcTime`

    def _read(self, value: str | None) -> Any:
        if value is None:
            return None
        if value in _EMPTY:
            return _EMPTY[value]
        read = _kept(value) if self.again else freeze(json.loads(value))
        if self.of is None:
            return read
        return tuple(self.of(**item) if isinstance(item, Frozen) else item for item in read)

    def _plain(self, value: Any) -> dict[str, Any]:
        """Return a mapping or an `of` as a dict, for json; refuse anything else."""
        if isinstance(value, Mapping):
            return dict(value)
        if self.of is not None and isinstance(value, self.of):
            return {field.name: getattr(value, field.name) for field in fields(self.of)}
        raise TypeError(type(value).__name__)


_EMPTY: Mapping[str, Any] = {"{}": NOTHING, "[]": ()}


@lru_cache(maxsize=256)
def _kept(value: str) -> Any:
    return freeze(json.loads(value))


BARE = (sa.DateTime, sa.Date, sa.Time, sa.Interval, sa.Numeric, sa.Float)
"""The types that a table of ours or of a plugin's must not use as they are."""


# --------------------------------------------------------------------------- columns by name


def ident(name: str, *, nullable: bool = False, personal: bool = False) -> sa.Column[str]:
    """Return a column for an id, a key or a code: at most 100 characters, by code point."""
    return sa.Column(name, Words(100, name, True), nullable=nullable, info={"personal": personal})


def words(
    name: str, length: int | None, *, nullable: bool = False, personal: bool = False
) -> sa.Column[str]:
    """Return a column for text; `personal` text is never quoted in an error or a log."""
    return sa.Column(name, Words(length, name), nullable=nullable, info={"personal": personal})


def whole(name: str, *, nullable: bool = False, personal: bool = False) -> sa.Column[int]:
    """Return a column for a whole number."""
    return sa.Column(name, Whole(name), nullable=nullable, info={"personal": personal})


def moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    """Return a column for a moment in UTC."""
    return sa.Column(name, UtcTime(), nullable=nullable)


def flag(name: str, *, nullable: bool = False) -> sa.Column[bool]:
    """Return a column for yes or no."""
    return sa.Column(name, sa.Boolean(), nullable=nullable)


def jsonic(
    name: str, *, nullable: bool = False, personal: bool = False, of: type[Any] | None = None,
    again: bool = False,
) -> sa.Column[Any]:  # fmt: skip
    """Return a column for a frozen value, or for a list of `of`; `again` as of `Json`."""
    kind = Json(name, of, again)
    return sa.Column(name, kind, nullable=nullable, info={"personal": personal})
