"""The bell: after the commit somebody is told that there is work, by a message that may be lost.

It is rung by a thread of its own, so that nobody who promised something waits for the broker.
Bells for the same queue that have not been rung yet are one.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Collection
from typing import Any
from weakref import WeakSet

from mentorkit_celery.lanes import by_lane
from mentorkit_celery.line import Line

IDLE = 60.0
"""Seconds after which a thread ends that has had nothing to ring."""
LAST = 5.0
"""Seconds that a process which ends waits at most for its bells to be rung."""

log = logging.getLogger("mentorkit.plugin.celery")
_everywhere: WeakSet[Bells] = WeakSet()


class Bells:
    """The bells of one kit in this process. `task_of` gives the task of a lane, and its queue."""

    def __init__(self, app: Any, task_of: Callable[[str], tuple[Any, str]]) -> None:
        self.app, self.task_of = app, task_of
        self._begin()
        _everywhere.add(self)

    def _begin(self) -> None:
        """Begin with nothing to ring, as after a fork: threads and connections stay behind."""
        self.changed = threading.Condition()
        self.waiting: dict[tuple[str, str], set[str]] = {}
        self.ringing = False
        self.thread: threading.Thread | None = None

    def ring(self, tenant: str, kinds: Collection[str]) -> None:
        """Tell the workers of these kinds' lanes that a tenant has work; returns at once."""
        with self.changed:
            for lane, some in by_lane(kinds).items():
                self.waiting.setdefault((tenant, lane), set()).update(some)
            if self.thread is None:
                self.thread = threading.Thread(
                    target=self._run, daemon=True, name="mentorkit-bells"
                )
                self.thread.start()
            self.changed.notify_all()

    def flush(self, seconds: float = LAST) -> bool:
        """Wait until all is rung, `seconds` at most; return whether it is."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.waiting and not self.ringing, seconds)

    def _run(self) -> None:
        line = Line(self.app)
        while True:
            with self.changed:
                if not self.changed.wait_for(lambda: self.waiting, IDLE):
                    self.thread = None
                    break
                rung, self.waiting, self.ringing = self.waiting, {}, True
            try:
                for (tenant, lane), kinds in rung.items():
                    try:
                        line.send(*self.task_of(lane), [tenant, sorted(kinds)])
                    except Exception as error:  # the next is rung; the sweeper finds what waits
                        log.error("No bell was rung in lane %s: %s", lane, type(error).__name__)
            finally:
                with self.changed:
                    self.ringing = False
                    self.changed.notify_all()
        line.close()


def _flush_all() -> None:
    until = time.monotonic() + LAST
    for bells in list(_everywhere):
        bells.flush(max(0.0, until - time.monotonic()))


def _begin_anew() -> None:
    for bells in list(_everywhere):
        bells._begin()


atexit.register(_flush_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)

__all__ = ["Bells"]
