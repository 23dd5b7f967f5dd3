"""``mentorkit inbox ...``: lists the messages that wait, and shows one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF
from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.hooks import CommandContext

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

MOST = 1_000


def list_messages(
    ctx: CommandContext, *, person: str | None = None, unread: bool = False, limit: int = 100
) -> list[dict[str, Any]]:
    """Return the newest messages first; `person` is an id or an external key.

    Everybody sees their own, a program's staff those of the program, an admin all.
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
    with ctx.transaction(write=False) as connection:
        if person is not None:
            wanted = wanted.where(message.c.person_id == _person(connection, ctx.tenant, person))
        wanted = wanted.where(_seen_by(ctx, connection))
        return [
            {
                "id": row.id,
                "person": row.external_key or row.name or row.person_id,
                "template": row.template,
                "subject": row.subject,
                "created_at": row.created_at.replace(microsecond=0),
                "read_at": row.read_at and row.read_at.replace(microsecond=0),
            }
            for row in connection.execute(wanted)
        ]


def read_message(ctx: CommandContext, *, message: str) -> dict[str, Any]:
    """Return one message whole; its own person has read it from the first time on.

    Raises `NotFound` for one that is not there, or not for the actor to see.
    """
    import sqlalchemy as sa

    from mentorkit_inbox.tables import message as table

    with ctx.transaction() as connection:
        seen = _seen_by(ctx, connection)
        this = sa.and_(table.c.tenant == ctx.tenant, table.c.id == message, seen)
        new = (table.c.read_at.is_(None), table.c.person_id == ctx.actor.person_id)
        connection.execute(sa.update(table).where(this, *new).values(read_at=ctx.now))
        row = connection.execute(sa.select(table).where(this)).one_or_none()
    if row is None:
        raise NotFound("inbox.message_not_found", f"There is no message {message!r}.")
    return {
        "id": row.id,
        "subject": row.subject,
        "body": row.body,
        "read_at": row.read_at and row.read_at.replace(microsecond=0),
    }


def _seen_by(ctx: CommandContext, connection: Connection) -> ColumnElement[bool]:
    """Return which messages the actor may see: their own, and those of programs they staff.

    What two write to each other is theirs alone (`relay`).
    """
    import sqlalchemy as sa

    from mentorkit.store import tables as core
    from mentorkit_inbox.tables import message

    person, program = ctx.actor.person_id, core.program.c
    own, others = message.c.person_id == person, message.c.template != "relayed"
    if ctx.actor.admin:
        return sa.or_(own, others)
    if person is None:
        return sa.false()
    every = connection.execute(
        sa.select(program.id, program.staff).where(program.tenant == ctx.tenant)
    )
    staffed = [row.id for row in every if row.staff.get(person) in STAFF]
    return sa.or_(own, sa.and_(message.c.program_id.in_(staffed), others))


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
