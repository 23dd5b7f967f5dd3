"""How often something is done within an hour, for whichever plugin keeps a limit of it.

The hour slides: what was done in the hour of the clock before counts by the share of it that is
still within the last 60 minutes. Each step is one conditional update, so that several processes
keep a limit together.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mentorkit.store.columns import ident, moment, whole
from mentorkit.store.declarations import declare, table

HOUR = timedelta(hours=1)
_SECONDS = 3600


def counts(metadata: sa.MetaData, name: str) -> sa.Table:
    """Make a plugin's table of how often each did something, by the hours of the clock."""
    return table(
        metadata,
        name,
        # Keyed with a secret and the day: whom it counts, or from where, cannot be read off it.
        ident("digest"),
        moment("since"),
        whole("used"),
        sa.UniqueConstraint("tenant", "digest", "since"),
        sa.Index(None, "tenant", "since"),
        info=declare(data_class="work", retention="two hours; keyed digests alone"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """One tenant's counts in a table that `counts` made, at one moment."""

    connection: sa.Connection
    table: sa.Table
    tenant: str
    secret: str | bytes
    now: datetime

    @property
    def since(self) -> datetime:
        return self.now.replace(minute=0, second=0, microsecond=0)

    def take(self, what: str, most: int, id: str) -> datetime | None:
        """Take one of `most` places; where none is free, return when one is.

        `id` is that of a new row.
        """
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        row = {"tenant": self.tenant, "id": id, "used": 0, **self._key(what, self.since)}
        inserting = dialect.insert(self.table).values(row)
        self.connection.execute(inserting.on_conflict_do_nothing())
        before = self._used(what, self.since - HOUR)
        left = _SECONDS - int((self.now - self.since).total_seconds())
        own = self.table.c.used
        free = own * _SECONDS + before * left < most * _SECONDS
        taking = sa.update(self.table).where(*self._at(what, self.since), free)
        if self.connection.execute(taking.values(used=own + 1)).rowcount == 1:
            return None
        used, before = (self._used(what, since) for since in (self.since, self.since - HOUR))
        if used < most and not before:
            return self.now  # somebody has given one back just now
        if used < most:
            return self.since + HOUR - HOUR * (most - used) / before
        return self.since + 2 * HOUR - HOUR * most / used

    def give_back(self, what: str) -> None:
        """Let a place that was taken in this hour be free again."""
        used = self.table.c.used
        giving = sa.update(self.table).where(*self._at(what, self.since), used > 0)
        self.connection.execute(giving.values(used=used - 1))

    def tidy(self) -> None:
        """Drop what was counted in hours that are over."""
        own = self.table.c
        over = (own.tenant == self.tenant, own.since < self.since - HOUR)
        self.connection.execute(sa.delete(self.table).where(*over))

    def _used(self, what: str, since: datetime) -> int:
        found = sa.select(self.table.c.used).where(*self._at(what, since))
        return int(self.connection.execute(found).scalar() or 0)

    def _at(self, what: str, since: datetime) -> list[sa.ColumnElement[bool]]:
        key: Mapping[str, Any] = {"tenant": self.tenant, **self._key(what, since)}
        return [self.table.c[name] == value for name, value in key.items()]

    def _key(self, what: str, since: datetime) -> dict[str, Any]:
        secret = self.secret.encode() if isinstance(self.secret, str) else self.secret
        day = f"{self.table.name} {since:%Y-%m-%d}".encode()
        key = hmac.digest(secret, day, "sha256")
        return {"digest": hmac.digest(key, what.encode(), "sha256").hex(), "since": since}


def network(address: str) -> str:
    """Return what counts as one sender: an address, or the network of an IPv6 one.

    Whoever has one IPv6 address usually has the 2**64 beside it (RFC 6177).
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
