"""How fast what is due is done: beside a loop that only claims, and beside a channel that hangs."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from benchmarks.figures import Area, Effort, Measured
from benchmarks.store import TENANT, postgresql_server
from mentorkit import Kit, Manifest, hookimpl
from mentorkit.crew import LIMIT, crew_of
from mentorkit.domain.events import ParticipantWaitlisted
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.hooks import Channel, Receipt
from mentorkit.journey import programs
from mentorkit.store import prepare, tables
from mentorkit.worker import unhindered, work

area = Area("delivery")
BATCH = 100
"""How many rows each loop claims at once; it commits once for the claim and once for the end."""
WORKERS = 2
ADMIN = Actor(user_ref="bench", admin=True)
PRESET = {
    "title": "Traders",
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "This measures nothing."},
    "fields": {"trade": {"kind": "option", "options": ["baker"]}},
}


class Null(Channel):
    """A channel that takes every message and does nothing."""

    name = "null"
    fallback = True

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        return Receipt(channel=self.name)


class Watch(Null):
    """The same, which knows how many it has taken, and when the last of them."""

    taken = 0
    last = 0.0

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.taken, self.last = self.taken + 1, time.perf_counter()
        return super().deliver(ctx, message, person, contacts)


class Mute(Channel):
    """A channel for one person in ten, which answers at once or never."""

    name = "mute"

    def __init__(self, answers: threading.Event) -> None:
        self.answers = answers

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return bool(person.external_key.endswith("0"))

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.answers.wait()
        return Receipt(channel=self.name)


def offering(name: str, channel: Channel) -> tuple[str, Any]:
    """Return a plugin that brings this channel."""

    class Offers:
        manifest = Manifest(title=name)

        @hookimpl
        def mentorkit_notification_channels(self) -> list[Channel]:
            return [channel]

    return name, Offers()


def kit_on(url: str, *channels: Channel) -> Kit:
    engine = prepare(sa.create_engine(url))
    return Kit(sessions=sessionmaker(engine), plugins=[offering(one.name, one) for one in channels])


@contextmanager
def address(kind: str) -> Iterator[str]:
    """The address of an empty database: ``sqlite`` or ``postgresql``."""
    if kind == "postgresql":
        with postgresql_server() as inside:
            yield inside.render_as_string(hide_password=False)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'drain.db'}"


def promise(url: str, count: int) -> None:
    """Make a program in which so many people wait to be told that they are on the waiting list."""
    kit = kit_on(url, Null())
    tables.metadata.create_all(kit.engine)
    at: dict[str, Any] = {"tenant": TENANT, "actor": ADMIN}
    made = programs.create(kit, **at, key="traders", preset=PRESET)
    now = datetime.now(UTC)
    person = Person(id="", tenant=TENANT, name="Ana", created_at=now)
    part = Participant(
        id="", tenant=TENANT, program_id=made["id"], person_id="", role="mentee", state="waiting",
        created_at=now,
    )  # fmt: skip
    for start in range(0, count, 5_000):
        numbers = range(start, min(count, start + 5_000))
        with kit.transaction(tenant=TENANT) as tx:
            tx.people.add_all(replace(person, id=f"p{n}", external_key=f"k{n}") for n in numbers)
            tx.participants.add_all(replace(part, id=f"m{n}", person_id=f"p{n}") for n in numbers)
            facts = [
                ParticipantWaitlisted(subject_id=f"m{n}", program_id=made["id"]) for n in numbers
            ]
            told = tx.record_all(facts, actor=ADMIN)
            tx.outbox.add_all(
                [
                    tx.outbox.job(
                        "message", f"message:{event.sequence}", name="application_waiting",
                        sequence=event.sequence, program_id=made["id"],
                        recipient_id=f"p{event.subject_id[1:]}",
                    )
                    for event in told
                ]
            )  # fmt: skip
    if kit.engine.dialect.name == "postgresql":  # both shall know what there is
        with kit.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    kit.engine.dispose()


def ours(url: str) -> int:
    """Drain as `mentorkit work --limit 100000` does; return how many rows were done."""
    kit, done = kit_on(url, Null()), 0
    with unhindered():
        while more := work(kit, limit=100_000)["done"]:
            done += more
    kit.engine.dispose()
    return done


def bare(url: str) -> int:
    """Claim and end rows and do nothing else, in the order that the index has; return how many."""
    engine = prepare(sa.create_engine(url))
    table, row = tables.outbox, tables.outbox.c
    chosen = (
        sa.select(row.id)
        .where(row.tenant == TENANT, row.state == "waiting")
        .order_by(row.not_before)
        .limit(BATCH)
    )
    if engine.dialect.name == "postgresql":
        chosen = chosen.with_for_update(skip_locked=True)
    claim = (
        sa.update(table)
        .where(row.tenant == TENANT, row.id.in_(sa.select(chosen.cte("chosen").c.id)))
        .values(state="leased")
        .returning(row.id)
    )
    done = 0
    with unhindered():
        while True:
            with engine.begin() as connection:
                ids = connection.execute(claim).scalars().all()
            if not ids:
                engine.dispose()
                return done
            with engine.begin() as connection:
                end = sa.update(table).where(row.tenant == TENANT, row.id.in_(ids))
                connection.execute(end.values(state="done"))
            done += len(ids)


def rate(kind: str, loop: Callable[[str], int], count: int) -> float:
    """Return how many rows a second two processes do; raise unless each row is done once."""
    with address(kind) as url:
        promise(url, count)
        with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
            pool.map(abs, range(WORKERS), chunksize=1)  # until both have begun
            began = time.perf_counter()
            done = pool.map(loop, [url] * WORKERS, chunksize=1)
            taken = time.perf_counter() - began
    if sum(done) != count:
        raise RuntimeError(f"{sum(done)} of {count} rows were done")
    return count / taken


def against_bare(kind: str, effort: Effort) -> Measured:
    """The middle one of some runs of both in turn: on a shared machine one is off by a quarter."""
    count, turns = (2_000, 1) if effort.quick else (100_000, 3)
    pairs = []
    for turn in range(turns):  # who is first takes turns, too
        loops = (ours, bare) if turn % 2 else (bare, ours)
        rates = {loop: rate(kind, loop, count) for loop in loops}
        pairs.append((rates[ours] / rates[bare], rates[ours], rates[bare]))
    pairs.sort()
    value, mine, theirs = pairs[turns // 2]
    spread = f" ({turns} runs: {pairs[0][0]:.2f} to {pairs[-1][0]:.2f})" if turns > 1 else ""
    return Measured(
        value=value,
        ours=f"{mine:,.0f} messages a second, {count:,} in all{spread}",
        theirs=f"{theirs:,.0f} rows a second",
    )


@area.figure("sqlalchemy", "psycopg")
def drain_postgresql(effort: Effort) -> Measured:
    return against_bare("postgresql", effort)


@area.figure("sqlalchemy")
def drain_sqlite(effort: Effort) -> Measured:
    return against_bare("sqlite", effort)


def innocent(url: str, hangs: bool, count: int) -> float:
    """Return the seconds until all whom the other channel reaches have their message."""
    answers, watch = threading.Event(), Watch()
    if not hangs:
        answers.set()
    kit = kit_on(url, Mute(answers), watch)
    began = time.perf_counter()
    with unhindered():
        while work(kit, limit=100_000, wait=0)["done"]:
            pass
    answers.set()  # who hangs goes home
    crew_of(kit).settle(LIMIT)
    kit.engine.dispose()
    if watch.taken != count * 9 // 10:
        raise RuntimeError(f"{watch.taken} of {count * 9 // 10} messages were sent")
    return watch.last - began


@area.figure("sqlalchemy", slow=True)
def hang(effort: Effort) -> Measured:
    """Of many messages, since what is lost is the patience with the first: 0.15 seconds, which
    is more than half of what a quick run takes.

    Both at the same time, on a core and a database each, so that whatever else the machine does
    holds up both; the middle one of some runs.
    """
    count, turns = (2_000, 1) if effort.quick else (300_000, 5)
    runs = []
    with (
        tempfile.TemporaryDirectory() as folder,
        multiprocessing.get_context("spawn").Pool(2) as pool,
    ):
        made = Path(folder) / "made.db"
        promise(f"sqlite:///{made}", count)
        for turn in range(turns):
            both = []
            for hangs in (False, True) if turn % 2 else (True, False):
                here = shutil.copyfile(made, Path(folder) / f"{turn}_{hangs}.db")
                both.append((f"sqlite:///{here}", hangs, count))
            pool.map(abs, range(2), chunksize=1)  # until both have begun
            taken = dict(
                zip((one[1] for one in both), pool.starmap(innocent, both, 1), strict=True)
            )
            runs.append((100 * (taken[True] / taken[False] - 1), taken[True], taken[False]))
    runs.sort()
    value, hanging, well = runs[turns // 2]
    spread = f" ({turns} runs: {runs[0][0]:.1f} to {runs[-1][0]:.1f} %)" if turns > 1 else ""
    return Measured(
        value=value,
        ours=f"{hanging - well:.1f} s more, of {hanging:.1f} s for {count:,} messages, a tenth of "
        f"them by a channel that hangs{spread}",
        theirs=f"{well:.1f} s while it answers, beside it",
        judged=not effort.quick,
    )
