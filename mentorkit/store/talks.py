"""Where a conversation by messages stands: what was put to whom, and whether they said stop.

A channel whose messages are replied to has one such table. It notes a message just before it
sends it (`conversing`), so that a reply that comes at once finds what it answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import LAST_WORDS, Message, Undeliverable
from mentorkit.store import tables as core
from mentorkit.store.columns import flag, ident, jsonic, moment, words
from mentorkit.store.declarations import declare, refers, table

APART = timedelta(days=1)
"""After so long it is the new question that a reply answers, whatever else still waits."""
Question = tuple[str, str]
"""Noun and id of what somebody is asked about."""


def talks(metadata: sa.MetaData, name: str = "talk") -> sa.Table:
    """Make a channel's table of where each person's conversation stands."""
    return table(
        metadata,
        name,
        ident("person_id"),
        words("address", 255, personal=True),
        jsonic("asked"),
        jsonic("focus", nullable=True),
        moment("put_at", nullable=True),
        words("put_by", 255, nullable=True),
        jsonic("answers", personal=True),
        flag("hinted"),
        moment("stopped_at", nullable=True),
        refers("person_id", core.person, ondelete="CASCADE"),
        sa.Index(None, "tenant", "address"),
        info=declare(
            subject="person_id",
            data_class="activity",
            retention=core.PERSON,
            export=("address", "answers", "stopped_at"),
            erase="delete",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One person's conversation on one channel.

    `asked` is what waits for a reply, oldest first. `focus` is the one of these that a reply
    answers: the last that was put, unless another was put shortly before; then it cannot be told,
    and is None. `put_at` is when one was put last and `put_by` the key of the message that did it,
    both None until that is sent. `answers` are those given so far to a survey, by its id. `hinted`
    says that they were told what can be replied.
    """

    person_id: str
    address: str
    asked: Sequence[Question] = ()
    focus: Question | None = None
    put_at: datetime | None = None
    put_by: str | None = None
    answers: Mapping[str, Any] = field(default_factory=Frozen)
    hinted: bool = False
    stopped_at: datetime | None = None


_NAMES = tuple(one.name for one in fields(Talk))


@dataclass(frozen=True, slots=True, kw_only=True)
class Talks:
    """One tenant's conversations in a table that `talks` made, at one moment."""

    connection: sa.Connection
    table: sa.Table
    tenant: str
    now: datetime

    def at(self, address: str) -> list[Talk]:
        """Return the conversations at an address, as the channel writes it."""
        return self._found(self.table.c.address == address)

    def of(self, person: str, *, hold: bool = False) -> Talk | None:
        """Return somebody's conversation, if there is one; `hold` lets others wait to change it."""
        return next(iter(self._found(self.table.c.id == person, hold)), None)

    def keep(self, talk: Talk) -> None:
        """Keep how a conversation stands now."""
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        row = {name: getattr(talk, name) for name in _NAMES}
        inserting = dialect.insert(self.table).values(tenant=self.tenant, id=talk.person_id, **row)
        self.connection.execute(
            inserting.on_conflict_do_update(index_elements=["tenant", "id"], set_=row)
        )

    def put(self, message: Message, address: str) -> None:
        """Note that a message is about to be sent to this address, and what it asks.

        Raises `Undeliverable` where its reader has said stop there (channel.stopped), or is gone.
        """
        talk = self.of(message.person_id, hold=True)
        if talk is None or talk.address != address:
            asked = talk.asked if talk else ()
            talk = Talk(person_id=message.person_id, address=address, asked=asked)
        if talk.stopped_at and message.template != LAST_WORDS:
            raise Undeliverable("channel.stopped")
        if message.asks:
            others = [one for one in talk.asked if one != message.asks]
            past = talk.put_at is not None and talk.put_at < self.now - APART
            alone = past or not others or talk.focus == message.asks
            talk = replace(
                talk,
                asked=(*others, message.asks) if message.asks not in talk.asked else talk.asked,
                focus=message.asks if alone else None,
                put_at=self.now,
                put_by=message.key,
                hinted=False,
            )
        try:
            self.keep(talk)
        except sa.exc.IntegrityError:
            raise Undeliverable("channel.person_gone") from None

    def take_back(self, message: Message) -> None:
        """Note that a message was not sent after all, so that no reply is taken for one to it."""
        talk = self.of(message.person_id, hold=True)
        if talk and message.asks:
            left = tuple(one for one in talk.asked if one != message.asks)
            self.keep(replace(talk, asked=left, focus=None))

    def _found(self, which: sa.ColumnElement[bool], hold: bool = False) -> list[Talk]:
        own = self.table.c
        query = sa.select(self.table).where(own.tenant == self.tenant, which).order_by(own.id)
        found = self.connection.execute(query.with_for_update() if hold else query).mappings()
        return [Talk(**{name: row[name] for name in _NAMES}) for row in found]


@contextmanager
def conversing(ctx: Any, table: sa.Table, message: Message, address: str) -> Iterator[None]:
    """Note a message in a channel's `talks` while the block sends it; `ctx` is a `WorkContext`.

    Raises `Undeliverable` (channel.stopped) before the block where its reader has said stop. If
    the block raises that itself, the note is taken back.
    """

    def noting(connection: sa.Connection) -> Talks:
        return Talks(connection=connection, table=table, tenant=ctx.tenant, now=ctx.now)

    with ctx.transaction() as connection:
        noting(connection).put(message, address)
    try:
        yield
    except Undeliverable:
        with ctx.transaction() as connection:
            noting(connection).take_back(message)
        raise
