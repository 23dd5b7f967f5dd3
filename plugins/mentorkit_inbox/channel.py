"""Takes messages into the inbox, and closes those that nobody will read any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from mentorkit.domain.events import Event
from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.hooks import Channel, Context, Health, WorkContext

if TYPE_CHECKING:
    from sqlalchemy import Connection, Insert

_IDS = UUID("5f2b8f3e-6a0c-5d0e-9a59-0c1c2f1f7d11")
"""Ids of messages are made from their keys, so that the same message has the same id on a retry."""


class Inbox(Channel):
    """Keeps every message for its person. Handing the same one over again changes nothing."""

    name = "inbox"
    title = "Inbox"
    fallback = True

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        """Everybody has an inbox, with or without an account, a phone or an address."""
        return True

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        """Keep the message, once for each key; `Undeliverable` when the person is gone."""
        import sqlalchemy as sa

        from mentorkit.store import tables as core
        from mentorkit_inbox import tables

        event = core.event.c
        about = sa.select(event.subject_id).where(
            event.tenant == ctx.tenant, event.sequence == message.params.get("event")
        )
        reference = str(uuid5(_IDS, f"{ctx.tenant}/{message.key}"))
        row = {
            "tenant": ctx.tenant,
            "id": reference,
            "person_id": person.id,
            "program_id": message.program_id,
            "key": message.key,
            "template": message.template,
            "subject": message.subject[: tables.SUBJECT_LENGTH],
            "body": message.body,
            "about": about.scalar_subquery(),
            "created_at": message.created_at,
        }
        try:
            with ctx.transaction() as connection:
                connection.execute(_if_absent(connection, tables.message).values(row))
        except sa.exc.IntegrityError:
            # Nothing can clash here, so person or program are not in this tenant (any more).
            raise Undeliverable("inbox.person_gone") from None
        return Receipt(channel=self.name, reference=reference)


def _if_absent(connection: Connection, table: Any) -> Insert:
    """Return an INSERT that leaves a row with the same key as it is, in one statement.

    No index is named: the key makes the id too, and of two at once either may be found to clash.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert

        return insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table).on_conflict_do_nothing()


def close_unread(ctx: WorkContext, event: Event) -> None:
    """Mark what a participant who left has not read in that program as read.

    They will not answer it, and it should not count as waiting. Doing it twice changes nothing.
    """
    import sqlalchemy as sa

    from mentorkit.store import tables as core
    from mentorkit_inbox.tables import message

    who = sa.select(core.participant.c.person_id).where(
        core.participant.c.tenant == ctx.tenant, core.participant.c.id == event.subject_id
    )
    with ctx.transaction() as connection:
        connection.execute(
            sa.update(message)
            .where(
                message.c.tenant == ctx.tenant,
                message.c.program_id == event.program_id,
                message.c.person_id.in_(who),
                message.c.read_at.is_(None),
            )
            .values(read_at=ctx.now)
        )


def find_table(ctx: WorkContext) -> Health:
    """Look whether the inbox's table is in the database, with every column."""
    import sqlalchemy as sa

    from mentorkit_inbox.tables import message

    hint = "Run `mentorkit db upgrade`."
    with ctx.transaction(write=False) as connection:
        found = sa.inspect(connection)
        if not found.has_table(message.name):
            return Health(ok=False, message=f"There is no table {message.name}.", hint=hint)
        there = {column["name"] for column in found.get_columns(message.name)}
    missing = [column.name for column in message.columns if column.name not in there]
    if missing:
        told = f"The table {message.name} lacks {', '.join(missing)}."
        return Health(ok=False, message=told, hint=hint)
    return Health(ok=True, message=f"The table {message.name} is there.")
