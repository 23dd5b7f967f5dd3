"""Let four processes claim and finish rows through the outbox: each row once, none missed."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.figures import Area, Effort, Measured
from benchmarks.parts.drains import BATCH, Null, address, kit_on, promise
from benchmarks.parts.race import p99
from benchmarks.store import TENANT

area = Area("delivery")
PROCESSES = 4
_start: Any = None
"""In a process that claims, what all of them wait at."""


@dataclass(frozen=True)
class Claimed:
    """What came of it: rows a second, how long claims took, and how many rows went wrong."""

    rate: float
    seconds: list[float]
    twice: int
    missed: int

    @property
    def told(self) -> str:
        return (
            f"{self.twice} claimed twice, {self.missed} missed; a claim of {BATCH} takes"
            f" {p99(self.seconds):.0f} ms (p99)"
        )


def _join(start: Any) -> None:
    global _start
    _start = start


def _claim(url: str) -> tuple[float, float, list[str], list[float]]:
    """Claim and finish until nothing is left; return from when to when, which rows, how long."""
    kit, ids, seconds = kit_on(url, Null()), list[str](), list[float]()
    with kit.transaction(tenant=TENANT, write=False) as tx:
        tx.outbox.counts()
    _start.wait()
    since = time.time()
    while True:
        began = time.perf_counter()
        jobs = kit.write(TENANT, lambda tx: tx.outbox.claim(BATCH))
        if not jobs:
            kit.engine.dispose()
            return since, time.time(), ids, seconds
        seconds.append(time.perf_counter() - began)
        ids += [job.id for job in jobs]
        kit.write(TENANT, lambda tx, jobs=jobs: tx.outbox.finish_all(jobs))  # type: ignore[misc]


@cache
def claimed(kind: str, count: int) -> Claimed:
    """Let so many rows be claimed on a database of this kind."""
    context = multiprocessing.get_context("spawn")
    with address(kind) as url:
        promise(url, count)
        with context.Pool(PROCESSES, _join, (context.Barrier(PROCESSES),)) as pool:
            found = pool.map(_claim, [url] * PROCESSES, chunksize=1)
    taken = max(until for _, until, _, _ in found) - min(since for since, _, _, _ in found)
    times = Counter(id for _, _, ids, _ in found for id in ids)
    return Claimed(
        rate=count / taken,
        seconds=[one for _, _, _, seconds in found for one in seconds],
        twice=sum(many - 1 for many in times.values()),
        missed=count - len(times),
    )


def _count(effort: Effort) -> int:
    return PROCESSES * (500 if effort.quick else 10_000)


def rate(kind: str, effort: Effort) -> Measured:
    found = claimed(kind, _count(effort))
    return Measured(value=found.rate, ours=found.told)


def wrong(kind: str, effort: Effort) -> Measured:
    found = claimed(kind, _count(effort))
    return Measured(value=found.twice + found.missed, ours=found.told)


def slowest(kind: str, effort: Effort) -> Measured:
    return Measured(value=p99(claimed(kind, _count(effort)).seconds))


@area.figure("sqlalchemy", "psycopg")
def outbox_postgresql(effort: Effort) -> Measured:
    return rate("postgresql", effort)


@area.figure("sqlalchemy", "psycopg")
def outbox_wrong_postgresql(effort: Effort) -> Measured:
    return wrong("postgresql", effort)


@area.figure("sqlalchemy", "psycopg")
def outbox_p99_postgresql(effort: Effort) -> Measured:
    return slowest("postgresql", effort)


@area.figure("sqlalchemy")
def outbox_sqlite(effort: Effort) -> Measured:
    return rate("sqlite", effort)


@area.figure("sqlalchemy")
def outbox_wrong_sqlite(effort: Effort) -> Measured:
    return wrong("sqlite", effort)


@area.figure("sqlalchemy")
def outbox_p99_sqlite(effort: Effort) -> Measured:
    return slowest("sqlite", effort)
