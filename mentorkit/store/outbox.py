"""The outbox: work that was promised in the transaction, claimed with a lease and fenced.

At least once: who was killed after the effect and before `finish` does it again, so every row has
a key that channels pass on. Who lost the lease cannot put the row off or give it up any more, as
these name the attempt. What has been done is done, whoever has the lease by then.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import FATES, Receipt, Report, as_code, as_reference
from mentorkit.store import tables
from mentorkit.store.equals import CHUNK, any_of, matching, parts
from mentorkit.store.faults import translated
from mentorkit.store.tables import Job

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

_HOUR = 3600
SCHEDULE = (0, 5, 300, 1800, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR)
"""Seconds before each attempt; after the last the row is dead until staff revive it.

The attempt's number only ever grows, or a worker that was lost could pass for a later one: a
revived row goes on at the next multiple of the schedule's length, and one that is handed back a
whole length later.
"""
TRIES = len(SCHEDULE)

LEASE = timedelta(minutes=5)
_LATE = timedelta(weeks=4)
"""How much later than due a message may have gone to be found by when it went."""
_ROW = tables.outbox.c
_NAMES = tables.names(tables.outbox)
_KNOWN = ("tenant", "state", "leased_until")
"""What who claims a row knows of it."""
_AFTER = ("channel", "contact", "reference", "taken_at", "fate", "fate_at")
"""What is told of a row once it is done, and of none before."""
_TO_DO = tuple(name for name in _NAMES if name not in (*_KNOWN, *_AFTER))
LEADS = "leads"
"""What stands as the error of a leased row that no other takes up: it tells of others, or lasts."""
# Making a statement costs more than running it: those of every row are made once.
_CHANGE = (
    sa.update(tables.outbox)
    .where(
        _ROW.tenant == sa.bindparam("mine"),
        _ROW.id == sa.bindparam("this"),
        _ROW.attempt == sa.bindparam("tried"),
        _ROW.state == "leased",
    )
    .values(state=sa.bindparam("to"), error=sa.bindparam("why"), leased_until=None)
)
_PUT_OFF = _CHANGE.values(not_before=sa.bindparam("due"))
_FINISH = (
    sa.update(tables.outbox)
    .where(_ROW.tenant == sa.bindparam("mine"), _ROW.state != "done", _ROW.state != "cancelled")
    .values(
        state="done",
        error=None,
        leased_until=None,
        channel=sa.bindparam("by"),
        contact=sa.bindparam("to"),
        reference=sa.bindparam("told"),
        taken_at=sa.bindparam("at"),
        fate=sa.bindparam("found"),
        fate_at=sa.bindparam("at"),
    )
)
_LOST = sa.and_(_ROW.state == "leased", _ROW.leased_until < sa.bindparam("now"))
_WAITS = sa.and_(_ROW.state == "waiting", _ROW.not_before <= sa.bindparam("now"))
_DUE = sa.and_(_ROW.state.in_(("leased", "waiting")), sa.or_(_LOST, _WAITS))
_EXHAUST = (
    sa.update(tables.outbox)
    .where(_ROW.tenant == sa.bindparam("mine"), _LOST, _ROW.attempt % TRIES == 0)
    .values(state="dead", error="worker.lost", leased_until=None)
)
_DROP = sa.delete(tables.outbox).where(
    _ROW.tenant == sa.bindparam("mine"),
    _ROW.kind == sa.bindparam("of"),
    _ROW.key.between(sa.bindparam("first"), sa.bindparam("last")),
)

BUSY = "busy:"
"""How the code begins of what waits for a provider that is slow or down; then comes its name."""
STATES = ("waiting", "leased", "done", "dead", "cancelled")
_FEW = 5_000
"""So many rows are put in order in a few milliseconds."""


class Outbox:
    """The promised work of one tenant."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx

    # ------------------------------------------------------------------ promising

    def job(self, kind: str, key: str, **about: Any) -> Job:
        """Return a row that may be promised; `about` gives more of the fields of a `Job`."""
        made = {"id": self.tx.new_id(), "created_at": self.tx.now, "not_before": self.tx.now}
        return Job(tenant=self.tx.tenant, kind=kind, key=key, **{**made, **about})

    def add(self, kind: str, key: str, **about: Any) -> str | None:
        """Promise one `job` and return its id; None when its key is there already."""
        return next(iter(self.add_all([self.job(kind, key, **about)])), None)

    def add_all(self, jobs: Sequence[Job]) -> list[str]:
        """Promise these, each under a key of its own; return the ids of those that were new."""
        if not jobs:
            return []
        rows = [{name: getattr(job, name) for name in _NAMES} for job in jobs]
        postgresql = self.tx.connection.dialect.name == "postgresql"
        insert = (postgresql_insert if postgresql else sqlite_insert)(tables.outbox)
        statement = insert.on_conflict_do_nothing(index_elements=["tenant", "key"])
        with self.tx.writing("outbox"):
            new = self.tx.connection.execute(statement.returning(_ROW.id), rows).scalars().all()
        now = (job for job in jobs if job.state == "waiting" and job.not_before <= self.tx.now)
        self.tx.outcome.promised.update(job.kind for job in now)
        return [str(id) for id in new]

    # ------------------------------------------------------------------ doing

    def claim(
        self, limit: int = 100, lease: timedelta = LEASE, kinds: Collection[str] | None = None,
        lost: bool = True,
    ) -> list[Job]:  # fmt: skip
        """Take at most `limit` rows that are due, in order; nobody else has them meanwhile.

        With `kinds` those of these kinds alone, and without `lost` none that another held.

        A row whose lease has run out is due again, and is taken alone: it may be what its worker
        was lost over, and nothing else shall go with it. One whose worker was lost at every
        attempt of the schedule is dead.
        """
        now, mine = self.tx.now, self.tx.tenant
        asked = {"mine": mine, "now": now, "until": now + lease}
        if kinds is not None:
            asked["kinds"] = list(kinds)
        lock = self.tx.connection.dialect.name == "postgresql"
        make = tables.maker(Job, tables.outbox, (*_TO_DO, *_KNOWN))
        known = (mine, "leased", now + lease)
        with self.tx.writing("outbox"):
            if lost:
                self.tx.connection.execute(_EXHAUST, {"mine": mine, "now": now})
            jobs: list[Job] = []
            for held, most in ((True, 1), (False, limit))[not lost :]:
                take = _taking(held, lock, kinds is not None)
                found = self.tx.connection.execute(take, {**asked, "most": most}).all()
                jobs = [make((*row, *known)) for row in found]
                if jobs:
                    break
        return sorted(jobs, key=in_order)

    def finish(self, job: Job, receipt: Receipt | None = None) -> bool:
        """Mark it done, also after the lease was lost; False when it was done or cancelled.

        `receipt` is that of the channel which took it, if it is a message.
        """
        return self.finish_all([job], {job.id: receipt} if receipt else {}) == 1

    def finish_all(self, jobs: Sequence[Job], receipts: Mapping[str, Receipt] = Frozen()) -> int:
        """Mark all of these done, as `finish` does; return how many were not yet.

        `receipts` are by the job's id; those that are alike are noted at once.
        """
        alike: dict[tuple[str, str, str], list[str]] = {}
        for job in jobs:
            one = receipts.get(job.id)
            told = (one.channel, one.contact, one.reference) if one else ("", "", "")
            alike.setdefault(told, []).append(job.id)
        parts = [
            {"mine": self.tx.tenant, "ids": ids[start : start + CHUNK], **self._taken(*told)}
            for told, ids in alike.items()
            for start in range(0, len(ids), CHUNK)
        ]
        finish = _finishing(self.tx.connection.dialect.name)
        with self.tx.writing("outbox"):
            return sum(self.tx.connection.execute(finish, part).rowcount for part in parts)

    def _taken(self, channel: str, contact: str, reference: str) -> dict[str, Any]:
        if not channel:
            return {"by": None, "to": None, "told": None, "at": None, "found": ""}
        by = {"by": channel, "to": contact or None, "told": as_reference(reference) or None}
        return {**by, "at": self.tx.now, "found": FATES[0]}

    def report(self, channel: str, report: Report) -> tuple[list[Job], bool]:
        """Note what a vendor says became of a message; return its rows, and if that was news.

        What is told late, twice or in another order changes nothing wrongly: see `FATES`. That it
        is held up on the way (``accepted``, with a code) is noted until more is known.
        """
        known, news = as_reference(report.reference), 0
        code = as_code(report.code, "unknown") if report.code else None
        before = FATES[: FATES.index(report.state)]
        if before or code:
            held_up = sa.and_(_ROW.fate == FATES[0], _ROW.error.is_(None))
            news = self._update(
                _ROW.channel == channel,
                _ROW.reference == known,
                _ROW.fate.in_(before) if before else held_up,
                fate=report.state,
                fate_at=self.tx.now,
                error=code,
            )
        return (self.find(channel=channel, reference=known) if known else []), news > 0

    def renew(self, job: Job, lease: timedelta = LEASE) -> bool:
        """Keep it for this long from now, and for itself; False when the lease was lost."""
        until = self.tx.now + lease
        return self._update(*self._leased(job), leased_until=until, error=LEADS) == 1

    def release(self, job: Job, *, seconds: int = 0) -> bool:
        """Hand it back untried, to be claimed again at once or later; it counts as no attempt."""
        due = self.in_(seconds, job) if seconds else job.not_before
        return self.hand_back([(job, due, None)]) == 1

    def hold(self, job: Job, until: datetime, error: str) -> bool:
        """Hand it back untried until this time; `error` says in a code what for."""
        return self.hand_back([(job, until, error)]) == 1

    def hand_back(self, those: Iterable[tuple[Job, datetime, str | None]]) -> int:
        """Hand each back untried until a time, with what for; return how many were ours still.

        Those that are alike are handed back at once.
        """
        alike: dict[tuple[datetime, str | None, int], list[str]] = {}
        for job, until, error in those:
            alike.setdefault((until, error, job.attempt), []).append(job.id)
        parts = [
            {"mine": self.tx.tenant, "ids": ids[start : start + CHUNK],
             "due": due, "why": error and error[:100], "tried": tried}
            for (due, error, tried), ids in alike.items()
            for start in range(0, len(ids), CHUNK)
        ]  # fmt: skip
        back = _handing_back(self.tx.connection.dialect.name)
        with self.tx.writing("outbox"):
            return sum(self.tx.connection.execute(back, part).rowcount for part in parts)

    def retry(self, job: Job, error: str, *, seconds: int | None = None) -> bool:
        """Schedule the next attempt (in `seconds` at least), or park it after the last."""
        tried = job.attempt % TRIES
        if tried == 0:
            return self.park(job, error)
        due = self.in_(max(SCHEDULE[tried], seconds or 0), job)
        return self._change(job, "waiting", error, _PUT_OFF, due=due)

    def in_(self, seconds: int, job: Job) -> datetime:
        """Return when it is due that is put off so long; up to a tenth more, always the same.

        Many that failed together come back apart.
        """
        spread = seconds * (zlib.crc32(job.key.encode()) % 1000) / 10_000
        return self.tx.now + timedelta(seconds=seconds + spread)

    def park(self, job: Job, error: str) -> bool:
        """Give it up until staff revive it; `error` is a code."""
        return self._change(job, "dead", error)

    def cancel(self, job: Job, error: str) -> bool:
        """Drop it: what it promised must not happen any more."""
        return self._change(job, "cancelled", error)

    def _change(
        self, job: Job, state: str, error: str | None, how: sa.Update = _CHANGE, **values: Any
    ) -> bool:
        told = {"to": state, "why": error and error[:100], **values}
        row = {"mine": self.tx.tenant, "this": job.id, "tried": job.attempt, **told}
        with self.tx.writing("outbox"):
            return self.tx.connection.execute(how, row).rowcount == 1

    def _leased(self, job: Job) -> tuple[sa.ColumnElement[bool], ...]:
        return (_ROW.id == job.id, _ROW.attempt == job.attempt, _ROW.state == "leased")

    def _update(self, *when: sa.ColumnElement[bool], **values: Any) -> int:
        statement = (
            sa.update(tables.outbox).where(_ROW.tenant == self.tx.tenant, *when).values(values)
        )
        with self.tx.writing("outbox"):
            return self.tx.connection.execute(statement).rowcount

    def take_up(self, job: Job, jobs: Sequence[Job], since: datetime) -> set[str]:
        """Cancel these, which `job` takes up, and return the ids of those that were.

        One that has gone on since it was read is left as it is: it may lead others by now. So is
        one that was claimed before `since`: who holds it may not know that it is to be taken up.
        """
        free = sa.or_(_ROW.error.is_(None), _ROW.error != LEADS)
        lately = sa.and_(_ROW.state == "leased", _ROW.leased_until >= since + LEASE, free)
        read = [(one.id, one.state, one.attempt) for one in jobs]
        these = (
            _ROW.id.in_([id for id, _, _ in read]),  # by which they are found
            sa.tuple_(_ROW.id, _ROW.state, _ROW.attempt).in_(read),
            sa.or_(_ROW.state == "waiting", lately),
        )
        taken = (
            sa.update(tables.outbox)
            .where(_ROW.tenant == self.tx.tenant, *these)
            .values(state="cancelled", error="digest", leased_until=None)
            .returning(_ROW.id)
        )
        # Two that would take up each other wait in one order, or each would wait for the other.
        both = sa.select(_ROW.id).where(
            _ROW.tenant == self.tx.tenant, _ROW.id.in_([job.id, *(one.id for one in jobs)])
        )
        with self.tx.writing("outbox"):
            self.tx.connection.execute(both.order_by(_ROW.id).with_for_update())
            return set(self.tx.connection.execute(taken).scalars()) if jobs else set()

    def lead(self, job: Job) -> bool:
        """Keep the body of a row that takes up others; False when its lease was lost."""
        return self._update(*self._leased(job), body=job.body, error=LEADS) == 1

    def drop(self, kind: str, first: str, last: str) -> None:
        """Delete the rows of this kind with keys from `first` to `last`, as the database sorts."""
        these = {"mine": self.tx.tenant, "of": kind, "first": first, "last": last}
        with self.tx.writing("outbox"):
            self.tx.connection.execute(_DROP, these)

    # ------------------------------------------------------------------ looking

    def find(self, **equals: Any) -> list[Job]:
        """Return the rows that equal, in the order they were promised."""
        query = (
            sa.select(tables.outbox)
            .where(matching(tables.outbox, self.tx.tenant, equals))
            .order_by(_ROW.sequence + 0, _ROW.id)  # not by its index: the rows are few
        )
        with translated("outbox"):
            return _jobs(self.tx.connection.execute(query))

    def lately(self, person: str | None, since: datetime) -> list[Job]:
        """Return the messages that went to a person (None: to anybody) since then, or wait to."""
        if self.tx.known and (ahead := self.tx.known.get(("lately", person))):
            begun, rows = ahead
            if begun <= since:
                return [one for one in rows if one.state != "done" or one.went_at >= since]
        return self._lately([] if person is None else [_ROW.recipient_id == person], since)

    def read_ahead(self, people: Collection[str], since: datetime) -> None:
        """Read at once what `lately` is asked next of each of these, since then or later."""
        rows: dict[str, list[Job]] = {person: [] for person in people}
        for part in parts({"recipient_id": list(people)}):
            for job in self._lately([_ROW.recipient_id.in_(part["recipient_id"])], since):
                rows[job.recipient_id or ""].append(job)
        if self.tx.known is not None:
            self.tx.known |= {("lately", person): (since, jobs) for person, jobs in rows.items()}

    def _lately(self, to: Sequence[sa.ColumnElement[bool]], since: datetime) -> list[Job]:
        waits = _ROW.state.in_(("waiting", "leased"))
        query = sa.select(tables.outbox).where(
            _ROW.tenant == self.tx.tenant,
            *to,
            _ROW.kind.in_(("message", "survey")),
            # Found by when it was due, which an index has, and then by when it went.
            sa.or_(waits, sa.and_(_ROW.state == "done", _ROW.not_before >= since - _LATE)),
            sa.or_(waits, sa.func.coalesce(_ROW.taken_at, _ROW.not_before) >= since),
        )
        with translated("outbox"):
            return _jobs(self.tx.connection.execute(query))

    def keyed(self, keys: Sequence[str]) -> list[Job]:
        """Return the rows that are there under any of these keys."""
        parts = (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
        return [job for part in parts for job in self.find(key=part)]

    def there(self, keys: Iterable[str]) -> set[str]:
        """Return under which of these keys something was promised already."""
        wanted, found = list(keys), set[str]()
        for start in range(0, len(wanted), CHUNK):
            asked = {"mine": self.tx.tenant, "keys": wanted[start : start + CHUNK]}
            query = _there(self.tx.connection.dialect.name)
            with translated("outbox"):
                found |= set(self.tx.connection.execute(query, asked).scalars())
        return found

    def due(self) -> frozenset[str]:
        """Return the kinds of the rows that can be claimed now."""
        mine = sa.select(_ROW.kind).where(_ROW.tenant == self.tx.tenant)
        query = sa.union(mine.where(_LOST), mine.where(_WAITS))  # each by its index
        with translated("outbox"):
            return frozenset(self.tx.connection.execute(query, {"now": self.tx.now}).scalars())

    def newest(
        self, limit: int, *, after: str | None = None, since: datetime | None = None, **equals: Any
    ) -> list[Job]:
        """Return at most so many rows that equal, newest first, those before the row `after`."""
        states = equals.pop("state", STATES)
        few = "recipient_id" in equals or self._are_few(states)
        # A database may put all that is done in order, or go through all of it for what is rare: an
        # expression has no index, so that the other one is used.
        state, id = (_ROW.state, _ROW.id + "") if few else (_ROW.state + "", _ROW.id)
        query = sa.select(tables.outbox).where(matching(tables.outbox, self.tx.tenant, equals))
        if states != STATES:
            query = query.where(state.in_(states))
        if set(equals.get("fate", ("",))) <= set(FATES[1:]):
            query = query.where(sa.text(tables.TOLD))
        if after is not None:  # an id of nobody's, and of somebody else's, is before nothing
            last = tables.outbox.alias("last").c
            known = sa.select(last.id).where(last.tenant == self.tx.tenant, last.id == after)
            query = query.where(_ROW.id < known.scalar_subquery())
        if since is not None:
            query = query.where(_ROW.created_at >= since)
        with translated("outbox"):
            return _jobs(self.tx.connection.execute(query.order_by(id.desc()).limit(limit)))

    def _are_few(self, states: Collection[str]) -> bool:
        """Return whether so few rows stand in these states that they are quickly put in order."""
        these = sa.select(_ROW.state).where(_ROW.tenant == self.tx.tenant, _ROW.state.in_(states))
        query = sa.select(sa.func.count()).select_from(these.limit(_FEW).subquery())
        with translated("outbox"):
            return int(self.tx.connection.execute(query).scalar_one()) < _FEW

    def gone(self, person: str, since: datetime) -> set[tuple[str, str]]:
        """Return which channels found nobody at which contacts of a person since this time."""
        query = sa.select(_ROW.channel, _ROW.contact).where(
            _ROW.tenant == self.tx.tenant,
            _ROW.recipient_id == person,
            _ROW.fate == "bounced",
            _ROW.fate_at >= since,
            _ROW.contact.is_not(None),
        )
        with translated("outbox"):
            return {(str(by), str(to)) for by, to in self.tx.connection.execute(query)}

    def late(self, before: datetime) -> int:
        """Return how many rows were due, or held by a worker that was lost, before this time."""
        query = sa.select(sa.func.count()).where(_ROW.tenant == self.tx.tenant, _DUE)
        with translated("outbox"):
            return int(self.tx.connection.execute(query, {"now": before}).scalar_one())

    def counts(self) -> dict[str, int]:
        """Return how many rows stand in each state."""
        query = sa.select(_ROW.state, sa.func.count()).where(_ROW.tenant == self.tx.tenant)
        with translated("outbox"):
            rows = self.tx.connection.execute(query.group_by(_ROW.state)).all()
        found = {state: int(number) for state, number in rows}
        return {state: found.get(state, 0) for state in STATES}

    def waits_for(self) -> dict[str, int]:
        """Return how many rows wait with which code: what they failed by, or are held up by."""
        query = sa.select(_ROW.error, sa.func.count()).where(
            _ROW.tenant == self.tx.tenant, _ROW.state == "waiting", _ROW.error.is_not(None)
        )
        with translated("outbox"):
            rows = self.tx.connection.execute(query.group_by(_ROW.error)).all()
        return {str(code): int(many) for code, many in rows}

    def tally(self, sequences: Sequence[int]) -> list[tuple[int, str, str, int]]:
        """Return how many rows of these facts stand how: (sequence, state, code or "", number)."""
        columns = (_ROW.sequence, _ROW.state, _ROW.error)
        mine = matching(tables.outbox, self.tx.tenant, {"sequence": list(sequences)})
        query = sa.select(*columns, sa.func.count()).where(mine).group_by(*columns)
        with translated("outbox"):
            rows = self.tx.connection.execute(query).all()
        return [(int(of), str(state), code or "", int(many)) for of, state, code, many in rows]

    def revive(self, id: str) -> bool:
        """Start the schedule of a dead row again; False when it is not dead."""
        tried = _ROW.attempt % TRIES
        onward = _ROW.attempt + sa.case((tried > 0, TRIES - tried), else_=0)
        dead = (_ROW.id == id, _ROW.state == "dead")
        again = {"state": "waiting", "attempt": onward, "not_before": self.tx.now, "error": None}
        return self._update(*dead, **again) == 1

    def discard(self, id: str) -> bool:
        """Let a dead row never happen; False when it is not dead."""
        return self._update(_ROW.id == id, _ROW.state == "dead", state="cancelled") == 1


def in_order(job: Job) -> tuple[datetime, int, str]:
    """Return by what rows are put in the order in which they are done."""
    return (job.not_before, job.sequence or 0, job.id)


@cache
def _taking(lost: bool, lock: bool, some: bool) -> sa.UpdateBase:
    """Return the statement that leases rows which are due: those lost, or those that wait.

    With `some` those of some kinds alone.
    """
    mine, due = _ROW.tenant == sa.bindparam("mine"), _LOST if lost else _WAITS
    if some:
        due = sa.and_(due, _ROW.kind.in_(sa.bindparam("kinds", expanding=True)))
    # In the order of being promised. SQLite's index has that, where by anything else all that was
    # due at one moment would be put in order first, for each claim again.
    number: Any = sa.literal_column("rowid")  # by which SQLite also finds them at once
    then, it = ((_ROW.sequence, _ROW.id), _ROW.id) if lock else ((number,), number)
    chosen = (
        sa.select(it.label("it"))
        .where(mine, due)
        .order_by(_ROW.not_before, *then)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
    # As a WITH clause it is asked once; a subselect may be asked again for every row.
    if lock:
        chosen = chosen.with_for_update(skip_locked=True)
    # What is locked was looked at again once it was, and SQLite lets one write at a time, so that
    # nobody has taken it meanwhile; to ask again here would let the database go through all that
    # is due, and not by the ids.
    return (
        sa.update(tables.outbox)
        .where(mine, it.in_(sa.select(chosen.cte("chosen").c.it)))
        .values(state="leased", attempt=_ROW.attempt + 1, leased_until=sa.bindparam("until"))
        .returning(*(_ROW[name] for name in _TO_DO))
    )


@cache
def _there(dialect: str) -> sa.Select[Any]:
    """Return the query for the keys that rows have, of these."""
    return sa.select(_ROW.key).where(
        _ROW.tenant == sa.bindparam("mine"), any_of(_ROW.key, "keys", dialect)
    )


@cache
def _finishing(dialect: str) -> sa.Update:
    """Return the statement that marks any number of rows done."""
    return _FINISH.where(any_of(_ROW.id, "ids", dialect))


@cache
def _handing_back(dialect: str) -> sa.Update:
    """Return the statement that hands back any number of rows which we have leased."""
    return (
        sa.update(tables.outbox)
        .where(
            _ROW.tenant == sa.bindparam("mine"),
            any_of(_ROW.id, "ids", dialect),
            _ROW.attempt == sa.bindparam("tried"),
            _ROW.state == "leased",
        )
        .values(
            state="waiting",
            error=sa.bindparam("why"),
            leased_until=None,
            not_before=sa.bindparam("due"),
            attempt=_ROW.attempt + TRIES - 1,
        )
    )


def _jobs(found: sa.Result[Any]) -> list[Job]:
    make = tables.maker(Job, tables.outbox)
    return [make(row) for row in found.all()]  # one by one they take longer
