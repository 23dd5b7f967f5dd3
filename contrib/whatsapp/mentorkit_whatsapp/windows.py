"""Windows: for a day after somebody has written, they may be written to in free words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mentorkit.hooks import WorkContext

OPEN = timedelta(hours=24) - timedelta(minutes=2)
"""How long after their last message; two minutes are for clocks that differ, and for the way."""


def note(ctx: WorkContext, address: str, at: datetime) -> None:
    """Note that somebody has written at a time, if anybody is known at that address."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql, sqlite

    from mentorkit.store import Talks
    from mentorkit_whatsapp.tables import talk, window

    with ctx.transaction() as connection:
        talks = Talks(connection=connection, table=talk, tenant=ctx.tenant, now=ctx.now)
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        for one in talks.at(address):
            row = {"person_id": one.person_id, "address": address, "heard_at": min(at, ctx.now)}
            newer = sa.or_(window.c.heard_at < row["heard_at"], window.c.address != address)
            inserting = dialect.insert(window).values(tenant=ctx.tenant, id=one.person_id, **row)
            connection.execute(
                inserting.on_conflict_do_update(
                    index_elements=["tenant", "id"], set_=row, where=newer
                )
            )


def is_open(ctx: WorkContext, person: str, address: str) -> bool:
    """Return whether a person has written from this address within a day."""
    import sqlalchemy as sa

    from mentorkit_whatsapp.tables import window

    query = sa.select(window.c.id).where(
        window.c.tenant == ctx.tenant,
        window.c.id == person,
        window.c.address == address,
        window.c.heard_at > ctx.now - OPEN,
    )
    with ctx.transaction(write=False) as connection:
        return connection.execute(query).first() is not None
