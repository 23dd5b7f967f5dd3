"""The outbox: work that was promised in the transaction, claimed with a lease and fenced.

At least once: who was killed after the effect and before `finish` does it again, so every row has
a key that channels pass on. Who lost the lease cannot change the row any more, because every
change names the attempt.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mentorkit.domain.frozen import Frozen
from mentorkit.store import tables
from mentorkit.store.faults import translated
from mentorkit.store.tables import Job

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

_HOUR = 3600
SCHEDULE = (0, 5, 300, 1800, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR)
"""Seconds before each attempt; after the last the row is dead until staff revive it.

The attempt's number only ever grows, or a worker that was lost could pass for a later one: a
revived row goes on at the next multiple of the schedule's length.
"""
TRIES = len(SCHEDULE)

LEASE = timedelta(minutes=5)
STATES = ("waiting", "leased", "done", "dead", "cancelled")


class Outbox:
    """The promised work of one tenant."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx

    # ------------------------------------------------------------------ promising

    def add(
        self,
        kind: str,
        key: str,
        *,
        plugin: str = "",
        name: str = "",
        sequence: int | None = None,
        program_id: str | None = None,
        recipient_id: str | None = None,
        body: Mapping[str, Any] | None = None,
        not_before: datetime | None = None,
    ) -> str | None:
        """Promise one piece of work and return its id; None when its key is there already."""
        job = Job(
            id=self.tx.new_id(),
            tenant=self.tx.tenant,
            sequence=sequence,
            kind=kind,
            plugin=plugin,
            name=name,
            program_id=program_id,
            recipient_id=recipient_id,
            key=key,
            not_before=not_before or self.tx.now,
            body=Frozen(body or {}),
            created_at=self.tx.now,
        )
        return next(iter(self.add_all([job])), None)

    def add_all(self, jobs: Sequence[Job]) -> list[str]:
        """Promise these, each under a key of its own; return the ids of those that were new."""
        if not jobs:
            return []
        table = tables.outbox
        rows = [{name: getattr(job, name) for name in _NAMES} for job in jobs]
        postgresql = self.tx.connection.dialect.name == "postgresql"
        insert = (postgresql_insert if postgresql else sqlite_insert)(table)
        statement = insert.on_conflict_do_nothing(index_elements=["tenant", "key"])
        with self.tx.writing("outbox"):
            new = self.tx.connection.execute(statement.returning(table.c.id), rows).scalars().all()
        return [str(id) for id in new]

    # ------------------------------------------------------------------ doing

    def claim(
        self,
        limit: int = 100,
        lease: timedelta = LEASE,
        *,
        kinds: Collection[str] | None = None,
    ) -> list[Job]:
        """Take at most `limit` rows that are due, in order; nobody else has them meanwhile.

        A row whose lease has run out is due again. One whose worker was lost at every attempt of
        the schedule is dead.
        """
        table, now = tables.outbox, self.tx.now
        mine = table.c.tenant == self.tx.tenant
        lost = sa.and_(table.c.state == "leased", table.c.leased_until < now)
        due = sa.or_(sa.and_(table.c.state == "waiting", table.c.not_before <= now), lost)
        if kinds is not None:
            due = sa.and_(due, table.c.kind.in_(list(kinds)))
        chosen = (
            sa.select(table.c.id)
            .where(mine, due)
            .order_by(table.c.not_before, table.c.sequence, table.c.id)
            .limit(limit)
        )
        # As a WITH clause it is asked once; a subselect may be asked again for every row.
        if self.tx.connection.dialect.name == "postgresql":
            chosen = chosen.with_for_update(skip_locked=True)
        take = (
            sa.update(table)
            # The state is checked again: what another worker took meanwhile is not taken twice.
            .where(mine, table.c.id.in_(sa.select(chosen.cte("chosen").c.id)), due)
            .values(state="leased", attempt=table.c.attempt + 1, leased_until=now + lease)
            .returning(*table.c)
        )
        bury = (
            sa.update(table)
            .where(mine, lost, table.c.attempt % TRIES == 0)
            .values(state="dead", error="worker.lost", leased_until=None)
        )
        with self.tx.writing("outbox"):
            self.tx.connection.execute(bury)
            rows = self.tx.connection.execute(take).all()
        jobs = [Job(**dict(zip(_NAMES, row, strict=True))) for row in rows]
        return sorted(jobs, key=lambda job: (job.not_before, job.sequence or 0, job.id))

    def finish(self, job: Job) -> bool:
        """Mark it done; False when the lease was lost and it is somebody else's now."""
        return self._change(job, state="done", leased_until=None, error=None)

    def retry(self, job: Job, error: str, *, seconds: int | None = None) -> bool:
        """Schedule the next attempt, or mark it dead after the last; `error` is a code.

        `seconds` is what a vendor asked for; the schedule is the least.
        """
        tried = job.attempt % TRIES
        if tried == 0:
            return self.park(job, error)
        wait = max(SCHEDULE[tried], seconds or 0)
        # Up to a tenth more, the same on every run: many that failed together come back apart.
        spread = timedelta(seconds=wait * (zlib.crc32(job.key.encode()) % 1000) / 10_000)
        return self._change(
            job,
            state="waiting",
            not_before=self.tx.now + timedelta(seconds=wait) + spread,
            leased_until=None,
            error=error[:100],
        )

    def park(self, job: Job, error: str) -> bool:
        """Give it up until staff revive it; `error` is a code."""
        return self._change(job, state="dead", leased_until=None, error=error[:100])

    def cancel(self, job: Job, error: str) -> bool:
        """Drop it: what it promised must not happen any more."""
        return self._change(job, state="cancelled", leased_until=None, error=error[:100])

    def _change(self, job: Job, **values: Any) -> bool:
        table = tables.outbox
        statement = (
            sa.update(table)
            .where(
                table.c.tenant == self.tx.tenant,
                table.c.id == job.id,
                table.c.attempt == job.attempt,
                table.c.state == "leased",
            )
            .values(**values)
        )
        with self.tx.writing("outbox"):
            return self.tx.connection.execute(statement).rowcount == 1

    # ------------------------------------------------------------------ looking

    def find(self, **equals: Any) -> list[Job]:
        """Return the rows that equal, in the order they were promised."""
        table = tables.outbox
        query = (
            sa.select(table)
            .where(
                table.c.tenant == self.tx.tenant,
                *(
                    table.c[name].in_(list(value))
                    if isinstance(value, (list, tuple))
                    else table.c[name] == value
                    for name, value in equals.items()
                ),
            )
            .order_by(table.c.sequence, table.c.id)
        )
        with translated("outbox"):
            rows = self.tx.connection.execute(query).all()
        return [Job(**dict(zip(_NAMES, row, strict=True))) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many rows stand in each state."""
        table = tables.outbox
        query = (
            sa.select(table.c.state, sa.func.count())
            .where(table.c.tenant == self.tx.tenant)
            .group_by(table.c.state)
        )
        with translated("outbox"):
            found = {row[0]: int(row[1]) for row in self.tx.connection.execute(query)}
        return {state: found.get(state, 0) for state in STATES}

    def revive(self, id: str) -> bool:
        """Start the schedule of a dead row again; False when it is not dead."""
        table = tables.outbox
        tried = table.c.attempt % TRIES
        onward = table.c.attempt + sa.case((tried > 0, TRIES - tried), else_=0)
        statement = (
            sa.update(table)
            .where(table.c.tenant == self.tx.tenant, table.c.id == id, table.c.state == "dead")
            .values(state="waiting", attempt=onward, not_before=self.tx.now, error=None)
        )
        with self.tx.writing("outbox"):
            return self.tx.connection.execute(statement).rowcount == 1


_NAMES = tuple(column.name for column in tables.outbox.columns)
