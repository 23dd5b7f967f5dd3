"""Devices: where somebody has allowed notifications; several for each, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mentorkit.errors import Invalid, Problem
from mentorkit.http import OWN
from mentorkit_webpush import sealing

if TYPE_CHECKING:
    from mentorkit.hooks import WorkContext

MOST = 10
"""Devices of one person; a new one takes the place of the oldest."""
LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A browser that somebody has allowed to show notifications."""

    id: str
    endpoint: str
    p256dh: str
    auth: str
    created_at: datetime

    @property
    def service(self) -> str:
        return urlsplit(self.endpoint).hostname or ""


def keep(ctx: WorkContext, *, id: str, person: str, endpoint: str, p256dh: str, auth: str) -> None:
    """Keep a device as this person's, whoever had it before. `id` is for a new one.

    Raises `Invalid` (webpush.device) for what is no device of a push service of the settings.
    """
    from sqlalchemy.dialects import postgresql, sqlite

    from mentorkit_webpush.tables import device

    try:
        sealing.check(p256dh, auth)
    except ValueError:
        raise _unknown("Its keys cannot be read.") from None
    if len(endpoint) > LONGEST or not is_known(endpoint, ctx.settings["services"]):
        raise _unknown("Its push service is not one that this portal knows.")
    fingerprint = sha256(endpoint.encode()).hexdigest()
    told: dict[str, Any] = {"person_id": person, "p256dh": p256dh, "auth": auth}
    told["created_at"] = ctx.now
    row = {"tenant": ctx.tenant, "id": id, "endpoint": endpoint, "fingerprint": fingerprint}
    with ctx.transaction() as connection:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(
            dialect.insert(device)
            .values(**row, **told)
            .on_conflict_do_update(index_elements=["tenant", "fingerprint"], set_=told)
        )
    for old in of(ctx, person)[MOST:]:
        remove(ctx, person, old.id)


def of(ctx: WorkContext, person: str) -> Sequence[Device]:
    """Return the devices of a person, the newest first."""
    import sqlalchemy as sa

    from mentorkit_webpush.tables import device

    names = ("id", "endpoint", "p256dh", "auth", "created_at")
    query = sa.select(*(device.c[name] for name in names)).where(
        device.c.tenant == ctx.tenant, device.c.person_id == person
    )
    with ctx.transaction(write=False) as connection:
        found = connection.execute(query.order_by(device.c.created_at.desc(), device.c.id.desc()))
        return [Device(**row) for row in found.mappings()]


def remove(ctx: WorkContext, person: str, id: str) -> None:
    """Forget a device of a person's, if it is there."""
    import sqlalchemy as sa

    from mentorkit_webpush.tables import device

    own = device.c
    mine = (own.tenant == ctx.tenant, own.person_id == person, own.id == id)
    with ctx.transaction() as connection:
        connection.execute(sa.delete(device).where(*mine))


def is_known(endpoint: str, services: Sequence[str]) -> bool:
    """Return whether an address is of one of these push services: a browser may name any."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    named = any(host.endswith(one) if one[:1] == "." else host == one for one in services)
    plain = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
    secure = (parts.scheme == "https" and port in (None, 443)) or host in OWN
    return named and plain and secure and parts.username is None


def _unknown(why: str) -> Invalid:
    told = [Problem("device", why)]
    return Invalid("webpush.device", "Notifications cannot be shown on this device:", told)
