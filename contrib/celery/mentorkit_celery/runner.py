"""The runner: the tasks on the host's Celery app, and what ties them to a kit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from celery import signals

from mentorkit.crew import crew_of
from mentorkit.worker import look, work
from mentorkit_celery.bells import Bells
from mentorkit_celery.lanes import LANES
from mentorkit_celery.shards import Sharing
from mentorkit_celery.storage import storage_at

if TYPE_CHECKING:
    from mentorkit.kit import Kit

log = logging.getLogger("mentorkit.plugin.celery")
SETTINGS: dict[str, Any] = {
    "acks_late": True,
    "reject_on_worker_lost": True,
    "acks_on_failure_or_timeout": True,  # the row is the work: it is found again without a message
    "autoretry_for": (),
    "max_retries": 0,
    "ignore_result": True,
    "store_errors_even_if_ignored": False,
    "serializer": "json",
}
"""What each task of ours is, whatever the host has chosen for its own."""
LIMITS = {"lane": 120, "due": 300, "shard": 600}
"""Seconds after which a task is killed; it is asked to end ten before. All are shorter than the
hour after which Redis gives a message to another worker, if the host has not changed that."""
_QUEUE = {"due": "sync", "shard": "match"}
"""The lane of a task that is not named as its lane."""
FRESH = 600
"""Seconds for which a bell is worth hearing: whatever still waits then has been rung for anew."""
GRACE = 8.0
"""Seconds that a worker process which ends gives to what it has in hand."""


class Runner:
    """One kit's work on one Celery app. `prefix` begins the names of its queues and tasks."""

    def __init__(
        self, app: Any, kit: Kit, *, prefix: str, shards: str | Path | None, limit: int,
        seconds: float, patience: float,
    ) -> None:  # fmt: skip
        self.app, self.kit, self.prefix = app, kit, prefix
        self.limit, self.seconds = limit, seconds
        self.stop = threading.Event()
        self.bells = Bells(app, self.task)
        self.sharing: Sharing | None = None
        if shards is not None:
            storage = storage_at(shards, prefix)
            self.sharing = Sharing(app, storage, partial(self.task, "shard"), patience)

    @property
    def queues(self) -> list[str]:
        """The queues that workers of this have to listen to."""
        return [f"{self.prefix}.{lane}" for lane in LANES]

    def task(self, name: str) -> tuple[Any, str]:
        """Return the task of a lane, `due` or `shard`, and the queue that it belongs to."""
        queue = _QUEUE.get(name, name)
        return self.app.tasks[f"{self.prefix}.{name}"], f"{self.prefix}.{queue}"

    def define(self) -> None:
        """Add the tasks to the app; they work for the kit that was installed last."""
        of = partial(_runner_of, self.app, self.prefix)

        def do(tenant: str, kinds: list[str]) -> dict[str, int]:
            return of().do(tenant, kinds)

        def due() -> dict[str, int]:
            return of().look()

        def shard(call: str, at: int) -> None:
            of().shard(call, at)

        for lane in LANES:
            self._define(do, lane, limit=LIMITS["lane"], expires=FRESH)
        self._define(due, "due", limit=LIMITS["due"])
        self._define(shard, "shard", limit=LIMITS["shard"], expires=3600)

    def _define(self, fn: Any, name: str, *, limit: int, expires: int | None = None) -> None:
        self.app.task(
            name=f"{self.prefix}.{name}",
            time_limit=limit,
            soft_time_limit=limit - 10,
            expires=expires,
            shared=False,
            **SETTINGS,
        )(fn)

    # ------------------------------------------------------------------ what the tasks do

    def do(self, tenant: str, kinds: Collection[str]) -> dict[str, int]:
        """Do one bounded batch of a tenant's rows of these kinds, and ring for what is left."""
        report = work(
            self.kit, limit=self.limit, seconds=self.seconds, wait=0, stop=self.stop,
            tenants=[tenant], kinds=list(kinds), due=False,
        )  # fmt: skip
        # Only where something was done is it rung again: the sweeper finds the rest.
        if any(report[how] for how in ("done", "cancelled", "dead")) and not self.stop.is_set():
            with self.kit.transaction(tenant=tenant, write=False) as tx:
                left = tx.outbox.due().intersection(kinds)
            if left:
                self.bells.ring(tenant, left)
        self.bells.flush()
        return {how: count for how, count in report.items() if count}

    def look(self) -> dict[str, int]:
        """Look for what has come due, and ring for all that waits."""
        report = look(self.kit, limit=self.limit)
        self.bells.flush()
        return {how: count for how, count in report.items() if count}

    def shard(self, call: str, at: int) -> None:
        """Answer one shard of somebody's match."""
        if self.sharing is None:
            log.error("A shard came, and install() names no `shards` here: it is left to others.")
            return
        self.sharing.answer(call, at)


_everywhere: WeakSet[Runner] = WeakSet()
_OWN = "mentorkit_runners"
"""The attribute of an app that holds what was installed on it, by prefix."""


def _runner_of(app: Any, prefix: str) -> Runner:
    found: Runner = getattr(app, _OWN)[prefix]
    return found


def runners() -> list[Runner]:
    """Return what is installed in this process."""
    return [one for one in list(_everywhere) if _runner_of(one.app, one.prefix) is one]


def install(
    app: Any,
    kit: Kit,
    *,
    prefix: str = "mentorkit",
    shards: str | Path | None = None,
    limit: int = 100,
    seconds: float = 10.0,
    patience: float = 30.0,
) -> Runner:
    """Let the host's Celery app do the work of a kit. Call it in web processes and in workers.

    It adds tasks to the app, each with settings of its own, and changes nothing of the app's.
    `shards` (``redis://...`` or a folder that all share) is where the arrays of match runs lie
    while workers share in them; without it they run in one process. A task does `limit` rows at
    most, and begins none after `seconds`. A shard that no worker has answered within `patience`
    seconds of the last answer is answered by whoever asked.
    """
    how: dict[str, Any] = {"limit": limit, "seconds": seconds, "patience": patience}
    runner = Runner(app, kit, prefix=prefix, shards=shards, **how)
    if not hasattr(app, _OWN):
        setattr(app, _OWN, {})
    own = getattr(app, _OWN)
    if prefix not in own:
        runner.define()
    own[prefix] = runner
    _everywhere.add(runner)
    kit.bells.append(runner.bells.ring)
    if runner.sharing is not None:
        kit.map_shards = runner.sharing.map_shards
    return runner


def beat_schedule(*, every: float = 10.0, prefix: str = "mentorkit") -> dict[str, Any]:
    """Return the entry of Celery beat that looks each `every` seconds for what has come due.

    `prefix` is that of `install`: the task that this begins has it in its name. It also finds what
    a lost message has left: so long does that wait, at most.
    """
    options = {"expires": every, "queue": f"{prefix}.{_QUEUE['due']}"}
    task = {"task": f"{prefix}.due", "schedule": timedelta(seconds=every), "options": options}
    return {f"{prefix}.due": task}


# ---------------------------------------------------------------------- the worker's processes


def _begun(**_: Any) -> None:
    """Use no connection of the process that we are a copy of."""
    for runner in runners():
        with suppress(Exception):  # an engine that only an app's context knows is the host's affair
            runner.kit.engine.dispose(close=False)


def _starting(**_: Any) -> None:
    for runner in runners():
        runner.stop.clear()


def _stopping(**_: Any) -> None:
    """Begin nothing more, where the tasks run in this process."""
    for runner in runners():
        runner.stop.set()


def _ended(**_: Any) -> None:
    """Give what takes long a little time; what is not noted by then is done again later."""
    for runner in runners():
        crew_of(runner.kit).settle(GRACE)


signals.worker_process_init.connect(_begun, weak=False)
signals.worker_init.connect(_starting, weak=False)
signals.worker_shutting_down.connect(_stopping, weak=False)
signals.worker_process_shutdown.connect(_ended, weak=False)
signals.worker_shutdown.connect(_ended, weak=False)

__all__ = ["LIMITS", "SETTINGS", "Runner", "beat_schedule", "install", "runners"]
