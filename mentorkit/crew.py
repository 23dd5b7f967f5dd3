"""The crew: work is done on threads that can be left behind, and who is down is spared.

Python cannot end a thread. So what takes long stays with its thread, and another thread goes on
with the rest. How many may be at one provider at once is limited, and a provider that hangs or
keeps failing is left alone for a while. A process learns this by itself and tells no other.
"""

from __future__ import annotations

import logging
import threading
import time
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar
from weakref import WeakKeyDictionary

from mentorkit.domain.messages import RetryLater, Undeliverable

if TYPE_CHECKING:
    from mentorkit.kit import Kit

T = TypeVar("T")
log = logging.getLogger("mentorkit.worker")
PATIENCE = 1.0
"""Seconds after which a piece of work is left to its thread, and the next is begun beside it..."""
SHORT = 0.15
"""...where what is next need not wait for what this leads to: far longer than leaving it takes. Of
a provider whose last answer took so long nobody waits for the next one either: as many as `SLOTS`
are at it beside all others."""
MOMENT = 0.05
"""Seconds for which a thread goes from one task to the next without being asked again."""
LIMIT = 30.0
"""Seconds that a piece may take; then its provider is down. Its lease is renewed as often."""
KEPT = 120
"""How many times at most: who hangs for an hour loses the lease, and does not count any more."""
SLOTS = 4
"""How many pieces of work may be at one provider at once."""
MOST = 32
"""How many may be left behind at once; then nothing more is begun before one of them is over."""
FAILURES = 5
"""After so many failures in a row, with no answer between them, a provider is down."""
FAULTS = (Exception, SystemExit, CancelledError)
"""What a plugin may raise without taking the worker with it: `sys.exit`, and what an event loop of
its own cancels, too. A person's Ctrl-C goes through."""
PAUSE = timedelta(seconds=30)
"""For how long it is left alone then, before one piece of work tries it again."""
SLACK = 8
"""Whoever finds enough at a provider that takes longer than it did waits so many times as long as
the oldest has been there by then, for a second at least and a `PAUSE` at most: it may hang."""
RETURN = timedelta(milliseconds=10)
"""The time between two that come back to a provider that may hang, however many were turned away:
all at once they would find nothing, each time, but keep the worker from the work of others."""

_here = threading.local()


class Busy(Exception):
    """The provider is down or has enough in hand: try again after `seconds`, it was no try.

    Where it has enough in hand and answers, as far as anybody knows, it has `soon` room again.
    """

    def __init__(self, name: str, wait: timedelta, *, soon: bool = False) -> None:
        super().__init__(name)
        self.name, self.soon = name, soon
        self.seconds = max(1, round(wait.total_seconds()))


class Task(Protocol[T]):
    """One thing to do, under a key that nothing else has while it is done.

    Where it is left behind, `late` gets what `call` returns in the end, and `keep` is called from
    time to time until then, or until it says False.
    """

    @property
    def key(self) -> str: ...
    @property
    def call(self) -> Callable[[], T]: ...
    @property
    def late(self) -> Callable[[T], object]: ...
    @property
    def keep(self) -> Callable[[], bool]: ...


class Call(NamedTuple, Generic[T]):
    """A task made of functions."""

    call: Callable[[], T]
    key: str
    late: Callable[[T], object]
    keep: Callable[[], bool] = lambda: True


class Piece(Generic[T]):
    """Some tasks in one hand, one after the other; it ends, or one of them is left behind.

    That one ends by itself then, and none of those after it is begun.
    """

    def __init__(self, tasks: Sequence[Task[T]], enough: Callable[[], bool]) -> None:
        self.tasks, self.enough = tasks, enough
        self.since = time.monotonic()
        self.results: list[T] = []
        self.error: BaseException | None = None
        self.ended = self.left = self.answered = False
        # Whoever is stopped by a signal while it has this leaves the piece, on the same thread.
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)  # entered through Python, which takes longer
        self.over = threading.Event()
        """Set once nothing of it is to be waited for any more, also where it was left behind."""

    @property
    def task(self) -> Task[T]:
        """The task in hand, or the one that was left behind."""
        return self.tasks[len(self.results)]

    def run(self) -> None:
        """Do them, on the thread that they were given to, for a moment; then the rest waits."""
        _here.piece = self
        while not self.over.is_set():
            try:
                result: T = self.task.call()
            except BaseException as error:
                self.error = error
            with self.lock:
                if not self.left:
                    if self.error is None:
                        self.results.append(result)
                    self.ended = self._is_enough()
                    if not self.ended:
                        continue
                    self.changed.notify_all()
            if self.left:  # nobody leaves what has ended
                self.answered = True  # once that is noted, another may begin with it at once
                try:
                    if self.error:
                        raise self.error
                    self.task.late(result)
                except BaseException as error:
                    log.error("%s broke off: %s", self.task.key, type(error).__name__)
            self.over.set()

    def _is_enough(self) -> bool:
        done = self.error is not None or len(self.results) == len(self.tasks)
        return done or time.monotonic() - self.since >= MOMENT or self.enough()

    def leave(self) -> None:
        """Let nobody wait for it any more, unless it has ended."""
        with self.changed:
            self.left = self.left or not self.ended
            self.changed.notify_all()

    def awaited(self, seconds: float) -> bool:
        """Wait for its end; False when it takes longer, or has been left: then it is left."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or self.left, seconds)
            self.left = self.left or not self.ended
            return not self.left


class Provider:
    """How one provider fares: who is at it, and whether it is down."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.inside: dict[Any, float] = {}
        """What is at it, and since when (monotonic seconds)."""
        self.took = 0.0
        """Seconds until its last answer."""
        self.failures = 0
        self.down: datetime | None = None
        """When it may be tried again; None while it is up."""
        self.last: datetime | None = None
        """When the last comes back that it turned away since it answered."""

    @property
    def oldest(self) -> float:
        """For how many seconds the one has been at it that has been there longest: the first."""
        now = time.monotonic()
        return now - next(iter(self.inside.values()), now)

    @property
    def long(self) -> float:
        """Seconds after which it takes longer than it did by far, and than anybody has patience."""
        return max(PATIENCE, 2 * self.took)

    @property
    def hangs(self) -> bool:
        """Whether it may be that it does not answer at all."""
        return self.oldest >= self.long

    def wait(self, now: datetime) -> timedelta:
        """How long to wait for a slot: as long as it took last, unless that is over by far."""
        oldest, took = self.oldest, self.took
        return self.turn_away(now, timedelta(seconds=took if oldest < 2 * took else SLACK * oldest))

    def turn_away(self, now: datetime, wait: timedelta) -> timedelta:
        """Return how long one more waits that cannot be taken before `wait` is over."""
        first = now + min(wait, PAUSE)
        self.last = max(self.last + RETURN, first) if self.last else first
        return self.last - now


class Crew:
    """The threads of one kit in this process, and what they know of its providers."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.providers: dict[str, Provider] = {}
        self.idle: list[SimpleQueue[Callable[[], None] | None]] = []
        self.behind: dict[Piece[Any], threading.Thread] = {}
        """What was left behind and is not over, each with the thread that looks after it."""

    # ------------------------------------------------------------------ doing

    @property
    def full(self) -> bool:
        """Whether so much was left behind that nothing more is to be begun."""
        return len(self.behind) >= MOST

    def do(
        self, call: Callable[[], T], *, key: str, late: Callable[[T], object],
        keep: Callable[[], bool] = lambda: True,
    ) -> T | None:  # fmt: skip
        """Return what `call` returns, or raise what it raises; None when it was left behind.

        What was left behind under this `key` is not begun again meanwhile, for an hour at most.
        """
        results, _ = self.do_all([Call(call, key, late, keep)])
        return results[0] if results else None

    def do_all(
        self, tasks: Sequence[Task[T]], enough: Callable[[], bool] = lambda: False,
        patience: float | None = None,
    ) -> tuple[list[T], int]:  # fmt: skip
        """Do the first of these, as many as a moment allows; return their results, how many it was.

        After whichever is done `enough` says so, none is begun. Where whoever calls is stopped
        meanwhile (Ctrl-C, a task's limit of time), what was done goes to `late`, as what is in hand
        does in the end.

        One more than there are results where the last of them was left behind, or is still being
        done since it was.
        """
        with self.lock:
            behind, free = {one.task.key for one in self.behind if not one.answered}, tasks
            if behind and not behind.isdisjoint([one.key for one in tasks]):
                free = list(takewhile(lambda one: one.key not in behind, tasks))
            if not free:
                return [], 1
            hand = self.idle.pop() if self.idle else self._hand()
        piece = Piece(free, enough)
        hand.put(partial(copy_context().run, piece.run))
        try:
            in_time = piece.awaited(PATIENCE if patience is None else patience)
        except BaseException:  # whoever waits is stopped: what is in hand ends by itself
            self._abandon(piece, hand)
            raise
        if not in_time:
            hand.put(None)
            self._leave(piece)
            return piece.results, len(piece.results) + 1
        with self.lock:
            self.idle.append(hand)
        if isinstance(piece.error, FAULTS):
            raise piece.error
        if piece.error is not None:  # it was raised on a thread that nobody can stop
            raise RuntimeError(f"it raised {type(piece.error).__name__}") from piece.error
        return piece.results, len(piece.results)

    def _hand(self) -> SimpleQueue[Callable[[], None] | None]:
        given: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

        def run() -> None:
            while (next_one := given.get()) is not None:
                next_one()

        threading.Thread(target=run, daemon=True, name="mentorkit-hand").start()
        return given

    def rest(self) -> None:
        """Send the threads home that have nothing to do."""
        with self.lock:
            while self.idle:
                self.idle.pop().put(None)

    def settle(self, seconds: float, since: float = 0.0) -> bool:
        """Wait for what was begun `since` and left behind; return whether all of it is over."""
        until = time.monotonic() + seconds
        with self.lock:
            watching = [watch for one, watch in self.behind.items() if one.since >= since]
        for watch in watching:
            watch.join(max(0.0, until - time.monotonic()))
        return not any(watch.is_alive() for watch in watching)

    def _abandon(self, piece: Piece[Any], hand: SimpleQueue[Callable[[], None] | None]) -> None:
        """Let nobody wait for a piece any more, and note what it has done by then."""
        piece.leave()
        hand.put(None)
        if piece.left:
            self._leave(piece)
        for task, result in zip(piece.tasks, piece.results, strict=False):
            try:
                task.late(result)
            except Exception as error:
                log.error("%s is not noted: %s", task.key, type(error).__name__)

    def _leave(self, piece: Piece[Any]) -> None:
        """Renew the lease of what was left behind, until it is over or lost."""

        def watch() -> None:
            kept = True
            for round_ in range(KEPT):
                if piece.over.wait(LIMIT):
                    break
                if round_ == 0:
                    self._hangs(piece)
                try:
                    kept = kept and piece.task.keep()
                except Exception as error:
                    told = type(error).__name__
                    log.warning("The lease of %s was not renewed: %s", piece.task.key, told)
            with self.lock:
                del self.behind[piece]
                for one in self.providers.values():
                    one.inside.pop(piece, None)

        with self.lock:
            self.behind[piece] = threading.Thread(target=watch, daemon=True, name="mentorkit-watch")
            self.behind[piece].start()

    # ------------------------------------------------------------------ providers

    def asking(self, name: str) -> Asking:
        """Ask a provider in a block; raise `Busy` if it is down or has enough in hand.

        An answer is also that something is impossible or has to wait. Nobody waits for what asks a
        provider that is slow or down.
        """
        return Asking(self, name)

    def room(self, name: str) -> int:
        """Return how many more may go to a provider; `MOST` where it is to be seen that none may.

        Whoever waits for room there learns so that it hangs, or is down.
        """
        with self.lock:
            one = self.providers[name]
            return MOST if one.down or one.hangs else SLOTS - len(one.inside)

    def _enter(self, name: str, inside: Any) -> Provider:
        with self.lock:
            one = self.providers.get(name) or self.providers.setdefault(name, Provider(name))
            if one.down and (now := self.clock()) < one.down:
                raise Busy(name, one.turn_away(now, one.down - now))
            if len(one.inside) >= SLOTS:
                raise Busy(name, one.wait(self.clock()), soon=not one.hangs)
            if one.down:  # this one tries it, and nobody else meanwhile
                one.down = now + PAUSE
            one.inside[inside] = time.monotonic()
            return one

    def _leave_it(self, asked: Asking, error: type[BaseException] | None) -> None:
        """Note whether it has answered, and that this is not at it any more."""
        one = asked.provider
        was, answers = None, error is None or issubclass(error, (RetryLater, Undeliverable))
        fails = not answers and not issubclass(error or BaseException, KeyboardInterrupt)
        with self.lock:
            one.inside.pop(asked.inside, None)
            if answers:
                taken = time.monotonic() - asked.begun
                if one.down or taken >= one.long:
                    one.last = None  # nobody expected that: who comes now need not wait behind all
                was, one.down, one.failures, one.took = one.down, None, 0, taken
            elif fails:
                one.failures += 1
        if was:
            log.warning("%s answers again.", one.name)
        if fails and (one.down or one.failures >= FAILURES):
            self._is_down(one, f"failed {one.failures} times in a row")

    def _hangs(self, piece: Piece[Any]) -> None:
        for one in list(self.providers.values()):
            if piece in one.inside:
                self._is_down(one, f"has not answered for {LIMIT:g} seconds")

    def _is_down(self, one: Provider, why: str) -> None:
        with self.lock:
            was, one.down = one.down, self.clock() + PAUSE
        if not was:
            log.warning("%s %s: its work waits, and it is tried again from time to time.",
                        one.name, why)  # fmt: skip


class Asking:
    """A block in which a provider is asked; what `contextmanager` makes takes twice as long."""

    __slots__ = ("begun", "crew", "inside", "name", "provider")
    provider: Provider

    def __init__(self, crew: Crew, name: str) -> None:
        self.crew, self.name = crew, name

    def __enter__(self) -> None:
        piece: Piece[Any] | None = getattr(_here, "piece", None)
        self.inside, self.begun = piece or object(), time.monotonic()
        self.provider = one = self.crew._enter(self.name, self.inside)
        slow = one.down or one.took >= SHORT
        if piece and (slow or len(one.inside) > 1):
            others = (other for other in list(one.inside) if other is not piece)
            if slow or any(getattr(other, "left", False) for other in others):
                piece.leave()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: Any
    ) -> None:
        self.crew._leave_it(self, kind)


_CREWS: WeakKeyDictionary[Kit, Crew] = WeakKeyDictionary()
_making = threading.Lock()


def crew_of(kit: Kit) -> Crew:
    """Return the one crew of a kit in this process."""
    if crew := _CREWS.get(kit):
        return crew
    with _making:
        if kit not in _CREWS:
            _CREWS[kit] = Crew(kit.clock)
        return _CREWS[kit]


__all__ = ["LIMIT", "Busy", "Call", "Crew", "Task", "crew_of"]
