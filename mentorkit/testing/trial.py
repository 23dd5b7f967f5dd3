"""A runner on trial: how it is begun, and a kit whose plugin does as the test says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from mentorkit import Manifest, hookimpl, worker
from mentorkit.domain.events import Event, ParticipantApproved, ParticipantDeclined
from mentorkit.hooks import Reaction

SECONDS = 60.0
"""How long a test waits for what must happen."""
Does = Callable[[Any, Event], object]


def until(
    true: Callable[[], object], *, first: Callable[[], object] = lambda: None, every: float = 0.02
) -> None:
    """Wait until this is true, after doing `first` each time; fail the test in the end."""
    end = time.monotonic() + SECONDS
    first()
    while not true():
        if time.monotonic() > end:
            pytest.fail("what must happen did not happen in time")
        time.sleep(every)
        first()


class Running:
    """How a runner is begun. As it stands: the worker of the core, in a thread or a process."""

    @contextmanager
    def serving(self, kit: Any) -> Iterator[None]:
        """Let the runner work for this kit, in threads of this process, until the block ends."""
        stop = threading.Event()

        def go() -> None:
            while not stop.wait(0.03):
                worker.work(kit, wait=0, stop=stop)

        thread = threading.Thread(target=go, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(SECONDS)

    def attach(self, kit: Any) -> None:
        """Let the kit of this process ring for the processes that `command` begins."""

    def command(self) -> Sequence[str]:
        """Return what begins a process that works for the product of the environment."""
        told = ("--kit", "mentorkit.testing.product:kit", "work", "--every", "1")
        return (sys.executable, "-m", "mentorkit", *told)

    def environment(self) -> Mapping[str, str]:
        """Return what else such a process finds in its environment."""
        return {}

    def sweep(self, kit: Any) -> None:
        """Look once for what waits without a bell; who looks all the time by itself need not."""
        if kit.bells:
            worker.look(kit)


class Trial:
    """A kit with a plugin that does as the test says, and what there is to know of it."""

    manifest = Manifest(title="Trial")

    def __init__(self) -> None:
        self.does: dict[str, Does] = {}
        """By subject, what hearing of it does first."""
        self.heard: list[tuple[str, str, int]] = []
        """(tenant, subject, sequence) of each effect, in the order in which they came."""
        self.held = 0
        """How many rows somebody else has in hand."""
        self.kit: Any = None
        self.runner = Running()

    @hookimpl
    def mentorkit_reactions(self) -> Iterable[Reaction]:
        yield Reaction(name="hear", on=(ParticipantApproved,), handle=self._hear)
        yield Reaction(name="other", on=(ParticipantDeclined,), handle=self._hear)

    def _hear(self, ctx: Any, event: Event) -> None:
        subject = str(event.subject_id)
        if subject in self.does:
            self.does[subject](ctx, event)
        self.heard.append((ctx.tenant, subject, event.sequence))

    def promise(
        self, *subjects: str, tenant: str = "acme", kind: Any = ParticipantApproved,
        session: Any = None,
    ) -> None:  # fmt: skip
        """Record a fact about each of these in one transaction; the plugin reacts to all."""
        with self.kit.transaction(tenant=tenant, session=session) as tx:
            tx.record_all((kind(subject_id=one, program_id=None) for one in subjects), actor=None)

    def subjects(self, tenant: str = "acme") -> list[str]:
        return [subject for where, subject, _ in self.heard if where == tenant]

    def rows(self, tenant: str = "acme", **equals: Any) -> list[Any]:
        with self.kit.transaction(tenant=tenant, write=False) as tx:
            found: list[Any] = tx.outbox.find(**equals)
            return found

    def row(self, subject: str) -> Any:
        """Return the outbox row of what was promised about a subject."""
        with self.kit.transaction(tenant="acme", write=False) as tx:
            for job in tx.outbox.find(kind="reaction"):
                if tx.journal.event(job.sequence).subject_id == subject:
                    return job
        raise LookupError(subject)

    def done(self, *subjects: str, tenant: str = "acme") -> None:
        """Wait until all of these had their effect, and that is noted."""
        until(lambda: set(subjects) <= set(self.subjects(tenant)))
        until(lambda: len(self.rows(tenant, state="leased")) <= self.held)

    def state(self, subject: str, state: str, attempt: int | None = None) -> Any:
        """Wait until the row of a subject is in this state, at this attempt; return it."""

        def there() -> bool:
            row = self.row(subject)
            return row.state == state and attempt in (None, row.attempt)

        until(there)
        return self.row(subject)

    def marker(self) -> None:
        """Let something be done that is promised now: what could be done before, is done by now."""
        name = f"marker-{len(self.heard)}-{self.kit.ids()}"
        self.promise(name, kind=ParticipantDeclined)
        self.done(name)

    def sweep(self) -> None:
        self.runner.sweep(self.kit)


def failing(times: int, error: BaseException) -> Does:
    """Return what fails so many times, and does nothing after that."""
    left = [times]

    def do(ctx: Any, event: Event) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise error

    return do


def promise(kit: Any, names: Sequence[str]) -> None:
    """Record a fact about each of these in one transaction."""
    with kit.transaction(tenant="acme") as tx:
        facts = (ParticipantApproved(subject_id=one, program_id=None) for one in names)
        tx.record_all(facts, actor=None)


def left(kit: Any) -> int:
    """Return how many rows are not done."""
    with kit.transaction(tenant="acme", write=False) as tx:
        counts = tx.outbox.counts()
    return int(counts["waiting"] + counts["leased"])


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all that it has begun."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


__all__ = ["SECONDS", "Running", "Trial", "failing", "kill", "left", "promise", "until"]
