"""Counting: one conditional update for each limit, so that several processes keep it together."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from mentorkit.hooks import Health, WorkContext

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mentorkit.kit import Kit

NAME = "limits"
HOUR = timedelta(hours=1)


def counted(
    kit: Kit, secret: str | bytes, *, tenant: str, form: str, who: Mapping[str, str]
) -> int | None:
    """Count one sending of a form; return in how many minutes to try again where it is too many.

    `who` says by the name of the limit (``per_sender``, ``per_program``) for whom it counts. What
    is kept of them is a digest by the secret and the day.
    """
    now = kit.clock()
    since = now.replace(minute=0, second=0, microsecond=0)
    limits = kit.registry.plugins[NAME].settings
    with kit.work_context(tenant, None, NAME).transaction() as connection:
        _tidy(connection, tenant, since - HOUR)
        for limit, one in who.items():
            key = hmac.digest(
                _bytes(secret), f"mentorkit limits {since:%Y-%m-%d}".encode(), "sha256"
            )
            digest = hmac.digest(key, f"{form}\0{limit}\0{one}".encode(), "sha256").hex()
            row = {"tenant": tenant, "id": kit.ids(), "digest": digest, "since": since, "used": 0}
            if not _taken(connection, row, limits[f"{form}_{limit}"]):
                return int((since + HOUR - now) / timedelta(minutes=1)) + 1
    return None


def _taken(connection: Connection, row: Mapping[str, object], most: int) -> bool:
    """Take one of `most` places of this digest and hour, if one is left."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql, sqlite

    from mentorkit_limits.tables import sending

    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(sending).values(row).on_conflict_do_nothing())
    same = [sending.c[name] == row[name] for name in ("tenant", "digest", "since")]
    taking = sa.update(sending).where(*same, sending.c.used < most)
    return connection.execute(taking.values(used=sending.c.used + 1)).rowcount == 1


def _tidy(connection: Connection, tenant: str, before: datetime) -> None:
    """Drop what was counted in hours that are over."""
    import sqlalchemy as sa

    from mentorkit_limits.tables import sending

    over = (sending.c.tenant == tenant, sending.c.since < before)
    connection.execute(sa.delete(sending).where(*over))


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


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def find_table(ctx: WorkContext) -> Health:
    """Look whether the plugin's table is in the database."""
    import sqlalchemy as sa

    from mentorkit_limits.tables import sending

    with ctx.transaction() as connection:
        there = sa.inspect(connection).has_table(sending.name)
    if there:
        return Health(ok=True, message="The table of the limits is there.")
    told = f"There is no table {sending.name}, so nobody is asked to wait."
    return Health(ok=False, message=told, hint="Run `mentorkit db upgrade`.")
