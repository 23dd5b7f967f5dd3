"""What two Celery workers do that one does not, and what is lost when they are killed: nothing.

The workers are processes as a host begins them, on the Redis of the tests. Whoever asks, the
database and Redis run on the same cores as they do.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np

from benchmarks.figures import Area, Effort, Measured, Missing
from benchmarks.parts.bulk import needs_numba
from benchmarks.parts.drains import Null, address, kit_on, promise
from benchmarks.parts.population import pool_of, strategy
from benchmarks.store import TENANT
from mentorkit.matching.scan import Scan

area = Area("delivery")
REDIS = os.environ.get("MENTORKIT_TEST_REDIS", "redis://127.0.0.1:6379/9")
APP = "benchmarks.parts.engine_app"
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")
LONGEST = 1_200.0
"""Seconds after which what must happen did not."""
BELLS = 8
"""How many bells are rung: as if so many had promised something."""
MENTEES, MENTORS, K, TURNS = 200_000, 40_000, 32, 3
MESSAGES = 20_000
JOBS, KILLS = 120, 4


class Broker:
    """A Redis on which all that is ours begins with one prefix, and the processes begun on it."""

    def __init__(self) -> None:
        try:
            import celery  # noqa: F401
            import redis
        except ImportError:
            raise Missing("celery is not installed; pip install 'celery[redis]'") from None
        try:
            import mentorkit_celery  # noqa: F401
        except ImportError:
            told = "mentorkit-celery is not installed; pip install ./contrib/celery"
            raise Missing(told) from None
        from benchmarks.parts.engine_app import app_at

        self.prefix = f"mk-bench-{uuid4().hex[:12]}"
        self.client = redis.Redis.from_url(REDIS, socket_connect_timeout=3.0)
        try:
            self.client.ping()
        except redis.RedisError:
            raise Missing(f"no Redis at {REDIS}; name one in MENTORKIT_TEST_REDIS") from None
        self.app = app_at(REDIS, self.prefix)
        self.begun: list[subprocess.Popen[bytes]] = []
        self.names: list[str] = []
        """Those of the workers, as Celery knows them."""

    def install(self, kit: Any) -> Any:
        """Let a kit of this process ring for the workers; return the runner."""
        from mentorkit_celery import install

        return install(self.app, kit, prefix=self.prefix, shards=REDIS)

    def begin(self, folder: Path, *command: str, database: str | None = None, **more: str) -> None:
        """Begin a process of Celery's, in a group of its own with all that it begins."""
        from benchmarks.parts.engine_app import NAMED

        told = {"broker": REDIS, "prefix": self.prefix, "database": database}
        path = os.pathsep.join((os.getcwd(), *filter(None, sys.path)))
        env = {**os.environ, **more, NAMED: json.dumps(told), "PYTHONPATH": path}
        with (folder / "said").open("ab") as said:
            how: Any = {"cwd": folder, "stdout": said, "stderr": said, "start_new_session": True}
            asked = (sys.executable, "-m", "celery", "-A", APP, *command)
            self.begun.append(subprocess.Popen(asked, env=env, **how))

    def work(self, folder: Path, **how: Any) -> None:
        """Begin a worker of one process that listens to all our queues."""
        from mentorkit_celery.lanes import LANES

        queues = ",".join(f"{self.prefix}.{lane}" for lane in LANES)
        self.names.append(name := f"{uuid4().hex}@bench")
        asked = ("worker", "-P", "prefork", "-c", "1", "-l", "error", "-n", name, "-Q", queues)
        self.begin(folder, *asked, *QUIET, **how)

    def ready(self, workers: int) -> None:
        """Wait until so many workers answer."""
        asked = self.app.control.inspect(timeout=1.0)
        until(lambda: len(asked.ping() or {}) >= workers)

    def kill(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        """Kill processes, and what they have begun."""
        for one in processes:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
            self.begun.remove(one)

    def clear(self) -> None:
        """Take away all that is left of us."""
        self.kill(list(self.begun))
        for key in self.client.scan_iter(f"{self.prefix}*", count=1_000):
            self.client.delete(key)
        self.app.close()
        self.client.close()


def until(true: Callable[[], object], every: float = 0.05) -> None:
    """Wait until this is true."""
    end = time.monotonic() + LONGEST
    while not true():
        if time.monotonic() > end:
            raise RuntimeError("what must happen did not happen in time")
        time.sleep(every)


@contextmanager
def broker() -> Iterator[tuple[Broker, Path]]:
    """A broker and a folder for what its processes say and keep, cleared up in the end."""
    with ExitStack() as over:
        made = Broker()
        over.callback(made.clear)
        yield made, Path(over.enter_context(TemporaryDirectory()))


# --------------------------------------------------------------------------- matching


@contextmanager
def one_left(made: Broker) -> Iterator[None]:
    """Let all workers but one listen to no shards until the block ends."""
    queue, control = f"{made.prefix}.match", made.app.control
    others = made.names[1:]
    control.cancel_consumer(
        queue, destination=others, reply=True, timeout=LONGEST, limit=len(others)
    )
    yield
    control.add_consumer(queue, destination=others, reply=True, timeout=LONGEST, limit=len(others))


@area.figure("celery", "redis", "numba", slow=True)
def celery_shards(effort: Effort) -> Measured:
    needs_numba()
    with broker() as (made, folder):
        for _ in range(2):
            made.work(folder)
        made.ready(2)
        runner = made.install(SimpleNamespace(bells=[], map_shards=None))
        runner.sharing.patience = LONGEST
        scan = Scan(pool_of(MENTEES, MENTORS), strategy(), map_shards=runner.sharing.map_shards)
        fused = scan.compile()
        assert fused is not None
        everybody = np.arange(MENTEES, dtype=np.int32)

        def answered() -> tuple[float, Any]:
            began = time.perf_counter()
            found = fused.best(everybody, K)
            return time.perf_counter() - began, found

        answered()  # until both have loaded what they need
        times = []
        for _ in range(TURNS):  # in turns, so that both see the same load
            two, found = answered()
            with one_left(made):
                one, right = answered()
            if not all(map(np.array_equal, right, found)):
                raise RuntimeError("two workers have found something else than one")
            times.append((one, two))
    one, two = (median(each) for each in zip(*times, strict=True))
    return Measured(
        value=median(one / two for one, two in times),
        ours=f"{two:.1f} s for {MENTEES:,} x {MENTORS:,} by two, {one:.1f} s by one",
    )


# --------------------------------------------------------------------------- messages


def drained(workers: int) -> float:
    """Return how many messages a second workers send, the first tenth left out."""
    with broker() as (made, folder), address("postgresql") as url:
        promise(url, MESSAGES)
        for _ in range(workers):
            made.work(folder, database=url)
        made.ready(workers)
        kit = kit_on(url, Null())
        runner = made.install(kit)

        def done() -> int:
            with kit.transaction(tenant=TENANT, write=False) as tx:
                return tx.outbox.counts()["done"]

        for _ in range(BELLS):
            runner.bells.ring(TENANT, ["message"])
            runner.bells.flush(30)
        until(lambda: done() >= MESSAGES // 10)
        first, began = done(), time.perf_counter()
        until(lambda: done() == MESSAGES)
        taken = time.perf_counter() - began
        kit.engine.dispose()
        return (MESSAGES - first) / taken


@area.figure("celery", "redis", "psycopg", slow=True)
def celery_messages(effort: Effort) -> Measured:
    one, two = drained(1), drained(2)
    return Measured(value=two / one, ours=f"{two:,.0f} messages a second by two, {one:,.0f} by one")


# --------------------------------------------------------------------------- killing


@cache
def killed() -> tuple[float, dict[str, int]]:
    """Kill workers while they work; return seconds until all is done since, and what went wrong.

    Before each time some jobs are promised, or there would be nothing to do until the leases of
    those who were killed have run out.
    """
    from mentorkit.testing.product import Product
    from mentorkit.testing.trial import left, promise

    with broker() as (made, folder):
        product = Product(str(folder / "product.db"), folder)
        product.kit.upgrade()
        told, ledger = product.environment, product.ledger
        names, dead = [f"slow-{n:03}" for n in range(JOBS)], set[int]()
        made.install(product.kit)
        made.begin(folder, "beat", "-s", str(folder / "beat"), "-l", "error", **told)
        for some in np.array_split(names, KILLS):
            promise(product.kit, some.tolist())
            before, others = len(ledger.effects("begun")), len(made.begun)
            for _ in range(2):
                made.work(folder, **told)
            until(lambda before=before: len(ledger.effects("begun")) >= before + 3)  # type: ignore[misc]
            made.kill(made.begun[others:])
            dead = {one.process for one in ledger.effects("begun")}
        began = time.perf_counter()
        for _ in range(2):
            made.work(folder, **told)
        until(lambda: not left(product.kit), every=0.5)
        seconds, effects = time.perf_counter() - began, ledger.effects()
        with product.kit.transaction(tenant=TENANT, write=False) as tx:
            done = tx.outbox.counts()["done"]
        product.close()
    subjects = {one.subject for one in effects}
    keys = {(one.subject, one.sequence) for one in effects}
    # Whoever was killed may have done what it could not note any more; nobody else does it again.
    by = [(one.subject, one.process if one.process in dead else None) for one in effects]
    return seconds, {
        "lost": len(set(names) - subjects) + JOBS - done,
        "done under two keys": len(keys) - len(subjects),
        "done again by who lives": len(by) - len(set(by)),
        "repeated": len(effects) - len(subjects),
    }


@area.figure("celery", "redis", slow=True)
def engine_kill(effort: Effort) -> Measured:
    _, found = killed()
    repeated = f"{found['repeated']} repeated under the same key"
    wrong = {what: many for what, many in found.items() if what != "repeated"}
    told = ", ".join(f"{many} {what}" for what, many in wrong.items())
    return Measured(
        value=sum(wrong.values()),
        ours=f"{JOBS} jobs, {KILLS} times all workers killed: {told}; {repeated}",
    )


@area.figure("celery", "redis", slow=True)
def engine_settled(effort: Effort) -> float:
    seconds, _ = killed()
    return seconds
