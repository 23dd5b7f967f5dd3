"""``mentorkit inbox ...``: lists the messages that wait, and shows one, which is then read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.hooks import WorkContext

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST = 1_000


def list_messages(
    ctx: WorkContext, *, person: str | None = None, unread: bool = False, limit: int = 100
) -> list[dict[str, Any]]:
    """Return the newest messages first; `person` is an id or an external key.

    Raises `NotFound` for a person who is not in this tenant, `Invalid` for a limit out of range.
    """
    import sqlalchemy as sa

    from mentorkit.store import tables as core
    from mentorkit_inbox.tables import message

    if not 1 <= limit <= MOST:
        raise Invalid(
            "inbox.limit",
            "The limit is out of range.",
            [Problem("limit", f"write a whole number from 1 to {MOST}")],
        )
    wanted = (
        sa.select(message, core.person.c.name, core.person.c.external_key)
        .join(
            core.person,
            sa.and_(
                core.person.c.tenant == message.c.tenant, core.person.c.id == message.c.person_id
            ),
        )
        .where(message.c.tenant == ctx.tenant)
        .order_by(message.c.created_at.desc(), message.c.id)
        .limit(limit)
    )
    if unread:
        wanted = wanted.where(message.c.read_at.is_(None))
    with ctx.transaction() as connection:
        if person is not None:
            wanted = wanted.where(message.c.person_id == _person(connection, ctx.tenant, person))
        return [
            {
                "id": row.id,
                "person": row.external_key or row.name or row.person_id,
                "template": row.template,
                "subject": row.subject,
                "created_at": row.created_at.isoformat(timespec="seconds"),
                "read_at": row.read_at and row.read_at.isoformat(timespec="seconds"),
            }
            for row in connection.execute(wanted)
        ]


def read_message(ctx: WorkContext, *, message: str) -> dict[str, str]:
    """Return one message whole, and mark it as read; the first time counts. Raises `NotFound`."""
    import sqlalchemy as sa

    from mentorkit_inbox.tables import message as table

    this = sa.and_(table.c.tenant == ctx.tenant, table.c.id == message)
    with ctx.transaction() as connection:
        connection.execute(
            sa.update(table).where(this, table.c.read_at.is_(None)).values(read_at=ctx.now)
        )
        row = connection.execute(sa.select(table).where(this)).one_or_none()
    if row is None:
        raise NotFound("inbox.message_not_found", f"There is no message {message!r}.")
    return {
        "id": row.id,
        "subject": row.subject,
        "body": row.body,
        "read_at": row.read_at.isoformat(timespec="seconds"),
    }


def _person(connection: Connection, tenant: str, wanted: str) -> str:
    """Return the id of the person with this id or external key."""
    import sqlalchemy as sa

    from mentorkit.store import tables as core

    found: str | None = connection.execute(
        sa.select(core.person.c.id).where(
            core.person.c.tenant == tenant,
            sa.or_(core.person.c.id == wanted, core.person.c.external_key == wanted),
        )
    ).scalar()
    if found is None:
        raise NotFound(
            "person.not_found",
            f"There is nobody with the id or external key {wanted!r}.",
        )
    return found
