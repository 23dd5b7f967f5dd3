"""Let a hundred say yes to the last place at the same moment: one is stored, one is told yes.

Each round has a program of its own, with one mentor of one place and an offer of it to everybody.
They answer in threads of this process, and in processes. What wrong forms do to it is planted.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from benchmarks.figures import Area, Effort, Measured
from benchmarks.parts.drains import address
from mentorkit import Kit
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict
from mentorkit.journey import accept, match, onboard, programs, recruit, screen
from mentorkit.journey.steps import many
from mentorkit.store import prepare, repositories, tables
from mentorkit.store.repositories import Participants

area = Area("delivery")
CALLERS, PROCESSES = 100, 4
CONNECTIONS = 20
"""How many a process has to PostgreSQL, which lets no more than a hundred in by itself."""
ADMIN = Actor(user_ref="bench", admin=True)
PRESET = {
    "title": "Traders",
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "This measures nothing."},
    "fields": {"trade": {"kind": "option", "options": ["baker"]}},
    "strategy": {"criteria": [{"criterion": "equal", "field": "trade"}]},
}
PLANTED = ("first_then_write", "looked_before")
"""Wrong forms, which the harness has to catch: to look whether a place is free and write it down
afterwards, and to look in a transaction before that which writes. On SQLite the first is right, as
whoever writes there is alone from the beginning."""
Answer = Callable[..., Any]


@dataclass(frozen=True)
class World:
    """An open program in a tenant of its own; `ids` are participants, `persons` people, by key."""

    kit: Kit
    tenant: str
    ids: dict[str, str]
    persons: dict[str, str]

    @property
    def at(self) -> dict[str, Any]:
        return {"tenant": self.tenant, "actor": ADMIN}


def create_world(kit: Kit, tenant: str, **capacities: int) -> World:
    """Make a program whose people can be brought together; their keys begin with their roles."""
    at: dict[str, Any] = {"tenant": tenant, "actor": ADMIN}
    programs.create(kit, **at, key="traders", preset=PRESET)
    programs.open_(kit, **at, program="traders")
    leads = [
        Lead(key=key, role=role, name=key, profile={"trade": "baker"}, capacity=capacity)
        for key, capacity in capacities.items()
        for role in ("mentee", "mentor")
        if key.startswith(role)
    ]
    recruit.receive(kit, **at, program="traders", leads=leads)
    rows = screen.review(kit, **at, program="traders")
    for verb in (screen.approve, onboard.consent, onboard.complete):
        many(kit, verb, [row["id"] for row in rows], **at, noun="participant")
    ids, persons = ({row["key"]: row[name] for row in rows} for name in ("id", "person_id"))
    return World(kit, tenant, ids, persons)


def offers(kit: Kit, tenant: str, callers: int = CALLERS) -> list[str]:
    """Make a mentor with one place, and an offer of it to so many mentees; return the offers."""
    mentees = [f"mentee{n}" for n in range(callers)]
    world = create_world(kit, tenant, mentor=1, **dict.fromkeys(mentees, 1))

    def offer(tx: Any) -> list[str]:
        mentor = world.ids["mentor"]
        asked = ({"mentee": world.ids[one], "mentor": mentor} for one in mentees)
        return [match.propose(kit, **world.at, **two, tx=tx)["id"] for two in asked]

    return kit.write(tenant, offer)


# --------------------------------------------------------------------------- who is told what


@dataclass
class Told:
    """What all were told, by how often, and after how many seconds each was."""

    words: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Told) -> None:
        self.words += other.words
        self.seconds += other.seconds


def race(
    kit: Kit, tenant: str, parts: Sequence[Sequence[str]], answer: Answer = accept.accept,
    ready: Callable[[], object] = lambda: None,
) -> Told:  # fmt: skip
    """Let a thread for each part say yes to the offers in it, all from the same moment on.

    That is once `ready` returns. A `Conflict` is a no; whatever else somebody is told is counted by
    its name.
    """
    start, told, lock = threading.Barrier(len(parts) + 1), Told(), threading.Lock()

    def call(offers: Sequence[str]) -> None:
        start.wait()
        for one in offers:
            began, word = time.perf_counter(), "yes"
            try:
                answer(kit, tenant=tenant, actor=ADMIN, proposal=one)
            except Conflict:
                word = "no"
            except Exception as error:
                word = type(error).__name__
            with lock:
                told.words[word] += 1
                told.seconds.append(time.perf_counter() - began)

    threads = [threading.Thread(target=call, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    ready()
    start.wait()
    for thread in threads:
        thread.join()
    return told


def each(offers: Sequence[str]) -> list[list[str]]:
    """Return the parts of `race` in which everybody has a thread of their own."""
    return [[one] for one in offers]


def is_right(told: Told, kit: Kit, tenant: str) -> bool:
    """Return whether one was told yes and all others no, and that is what is stored."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        mentor = tx.participants.first(role="mentor")
        holding = len(tx.relationships.find(state=("active", "paused")))
        stored = holding, mentor and mentor.used, tx.proposals.count(state="accepted")
    callers = told.words.total()
    return stored == (1, 1, 1) and told.words == {"yes": 1, "no": callers - 1}


# --------------------------------------------------------------------------- processes


_start: Any = None
"""In a process of the race, what all of them wait at."""


def _join(start: Any) -> None:
    global _start
    _start = start


def _race_here(
    open_engine: Callable[[], sa.Engine], now: datetime, tenant: str, parts: list[list[str]]
) -> Told:
    engine = open_engine()
    kit = Kit(sessions=sessionmaker(engine), plugins=("matching",), clock=lambda: now)
    try:
        return race(kit, tenant, parts, ready=_start.wait)
    finally:
        kit.close()
        engine.dispose()


@contextmanager
def processes(open_engine: Callable[[], sa.Engine]) -> Iterator[Callable[..., Told]]:
    """Return what lets processes race for offers, each with an engine of its own.

    `each_at_once` are as many threads in each of them as it has offers, instead of one.
    """
    context = get_context("spawn")
    start = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, _join, (start,)) as pool:

        def among(now: datetime, tenant: str, offers: list[str], *, each_at_once: bool) -> Told:
            shares = [offers[n::PROCESSES] for n in range(PROCESSES)]
            parts = [each(share) if each_at_once else [share] for share in shares]
            runs = [pool.submit(_race_here, open_engine, now, tenant, part) for part in parts]
            told = Told()
            for run in runs:
                told.add(run.result())
            return told

        yield among


# --------------------------------------------------------------------------- wrong forms


def _take_as_seen(own: Participants, id: str, used: int) -> int:
    table = tables.participant
    here = sa.and_(table.c.tenant == own.tx.tenant, table.c.id == id)
    own.tx.connection.execute(sa.update(table).where(here).values(used=used))
    return used


def _look_then_take(own: Participants, id: str) -> int:
    one = own.get(id)
    if one.free < 1:
        raise Conflict("participant.full", "no place")
    time.sleep(0.002)
    return _take_as_seen(own, id, one.used + 1)


@contextmanager
def planted(form: str) -> Iterator[Answer]:
    """Change the product into a wrong form in this process; return what answers there."""
    looked = threading.local()

    def look_then_accept(kit: Kit, *, tenant: str, actor: Actor, proposal: str) -> Any:
        with kit.transaction(tenant=tenant, write=False) as tx:
            one = tx.proposals.get(proposal)
            found = tx.participants.get_many([one.mentee_id, one.mentor_id])
        if not all(each.free for each in found.values()):
            raise Conflict("participant.full", "no place")
        looked.used = {id: each.used for id, each in found.items()}
        return accept.accept(kit, tenant=tenant, actor=actor, proposal=proposal)

    def take_looked(own: Participants, ids: set[str]) -> dict[str, int]:
        return {id: _take_as_seen(own, id, looked.used[id] + 1) for id in sorted(ids)}

    with ExitStack() as changes:
        change = partial(_change, changes)
        # The second wall, too: the winner withdraws what the others are about to accept.
        change(accept, "withdraw_open", lambda tx, **_: 0)
        if form == "first_then_write":
            # And the first: who answers waits for whoever does about the same two.
            change(repositories.Participants, "hold", lambda self, ids: None)
            change(repositories.Participants, "take_place", _look_then_take)
            yield accept.accept
        else:
            change(accept, "ensure", lambda *_: None)
            change(repositories.Participants, "take_places", take_looked)
            yield look_then_accept


def _change(changes: ExitStack, what: Any, name: str, into: Any) -> None:
    changes.enter_context(patch.object(what, name, into))


# --------------------------------------------------------------------------- figures


def engine_at(url: str) -> sa.Engine:
    if url.startswith("sqlite"):
        return prepare(sa.create_engine(url, max_overflow=-1))
    return sa.create_engine(url, max_overflow=CONNECTIONS - 5)


@contextmanager
def kit_at(url: str, **options: Any) -> Iterator[Kit]:
    """A kit on a database with our tables in it."""
    engine = engine_at(url)
    tables.metadata.create_all(engine)
    kit = Kit(sessions=sessionmaker(engine), **{"plugins": ("matching",), **options})
    try:
        yield kit
    finally:
        kit.close()
        engine.dispose()


def p99(seconds: Sequence[float]) -> float:
    """Return after how many milliseconds all but one in a hundred were told."""
    return sorted(seconds)[-(len(seconds) // 100) - 1] * 1000


def last_place(kind: str, effort: Effort) -> Measured:
    """Return how many rounds were wrong, of as many among threads and among processes.

    Processes take long to begin: a quick run is of threads alone.
    """
    rounds, callers = (1, 20) if effort.quick else (100, CALLERS)
    wrong, told = 0, {"threads": Told(), f"{PROCESSES} processes": Told()}
    with address(kind) as url, kit_at(url) as kit, processes(partial(engine_at, url)) as among:
        for round_ in range(rounds):
            for way, all_ in list(told.items())[: 1 if effort.quick else 2]:
                tenant = f"{way}{round_}"
                asked = offers(kit, tenant, callers)
                if way == "threads":
                    one = race(kit, tenant, each(asked))
                else:
                    one = among(datetime.now(UTC), tenant, asked, each_at_once=True)
                wrong += not is_right(one, kit, tenant)
                all_.add(one)
    within = (
        f"{p99(all_.seconds):.0f} ms among {way}" for way, all_ in told.items() if all_.seconds
    )
    return Measured(
        value=wrong, ours=f"{rounds} x {callers} each; told within (p99) {', '.join(within)}"
    )


@area.figure("sqlalchemy")
def race_sqlite(effort: Effort) -> Measured:
    return last_place("sqlite", effort)


@area.figure("sqlalchemy", "psycopg")
def race_postgresql(effort: Effort) -> Measured:
    return last_place("postgresql", effort)


def caught(kit: Kit, form: str, rounds: int = 3) -> bool:
    """Return whether one of so many rounds of a wrong form is seen to be wrong."""
    for round_ in range(rounds):
        tenant = f"{form}{round_}"
        asked = each(offers(kit, tenant))
        with planted(form) as answer:
            told = race(kit, tenant, asked, answer)
        if not is_right(told, kit, tenant):
            return True
    return False
