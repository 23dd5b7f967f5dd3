"""Matching on several workers: the shards of a scan go out, and come back in their order.

The result is that of one process, as a shard is a pure question: whoever answers it, however often,
answers the same. One that nobody has answered in time is answered here.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from mentorkit.matching import sent
from mentorkit.matching.fused import Shard, in_threads
from mentorkit_celery.line import Line
from mentorkit_celery.storage import Storage

log = logging.getLogger("mentorkit.plugin.celery")
LOOK = 0.02
"""Seconds between two looks for answers."""
SILENT = 60.0
"""Seconds for which nothing is sent out after nobody has answered anything."""
TAPES = 2
"""How many tapes a worker keeps in memory."""


class Sharing:
    """Shares scans out among workers; `map_shards` is what ``matching.run`` takes."""

    def __init__(
        self, app: Any, storage: Storage, task: Callable[[], tuple[Any, str]], patience: float
    ) -> None:
        self.app, self.storage, self.task, self.patience = app, storage, task, patience
        self._silent = 0.0
        self._tapes: OrderedDict[str, dict[str, Any]] = OrderedDict()

    # ------------------------------------------------------------------ whoever asks

    def map_shards(self, fn: Callable[[Any], Any], shards: Sequence[Any]) -> Iterable[Any]:
        """Return what `fn` returns for each shard, in their order."""
        name = sent.name_of(fn)
        tape = getattr(shards[0], "tape", None) if shards else None
        apart = any(getattr(one, "tape", None) is not tape for one in shards)
        if name is None or tape is None or apart or len(shards) < 2 or self._nobody_answers():
            return in_threads(fn, shards)
        return self._shared(name, fn, shards)

    def _nobody_answers(self) -> bool:
        return bool(self._silent) and time.monotonic() < self._silent

    def _shared(
        self, name: str, fn: Callable[[Shard], Any], shards: Sequence[Shard]
    ) -> Iterator[Any]:
        call = uuid4().hex
        done = [f"{call}.{at}.done" for at in range(len(shards))]
        given = [f"{call}.tape", *(f"{call}.{at}" for at in range(len(shards)))]
        try:
            if self._send(name, call, shards):
                yield from self._gathered(fn, shards, done)
            else:
                yield from in_threads(fn, shards)
        finally:
            with suppress(Exception):  # what is left behind is deleted within the hour
                self.storage.drop([*given, *done])

    def _send(self, name: str, call: str, shards: Sequence[Shard]) -> bool:
        """Lay the arrays down and tell the workers; False where that cannot be done now."""
        line, (task, queue) = Line(self.app), self.task()
        try:
            self.storage.put(f"{call}.tape", sent.pack_tape(shards[0].tape))
            for at, shard in enumerate(shards):
                self.storage.put(f"{call}.{at}", sent.pack_shard(name, shard))
                if not line.send(task, queue, [call, at]):
                    return False
        except Exception as error:
            told = type(error).__name__
            log.warning("The arrays of a match cannot be laid down (%s): it goes on here.", told)
            return False
        finally:
            line.close()
        return True

    def _gathered(
        self, fn: Callable[[Shard], Any], shards: Sequence[Shard], done: Sequence[str]
    ) -> Iterator[Any]:
        """Yield the answers in order; what nobody answers in time is answered here."""
        heard, last = set[str](), time.monotonic()
        for at, (shard, key) in enumerate(zip(shards, done, strict=True)):
            while key not in heard:
                if new := self._answered([one for one in done[at:] if one not in heard]):
                    heard, last = heard | new, time.monotonic()
                elif time.monotonic() - last > self.patience:
                    break
                else:
                    time.sleep(LOOK)
            found = self._read(key) if key in heard else None
            if found is not None:
                yield found
            elif heard:
                yield fn(shard)
            else:
                self._silent = time.monotonic() + SILENT
                log.warning("No worker answers for matching: it goes on here.")
                yield from in_threads(fn, shards[at:])
                return

    def _answered(self, keys: Sequence[str]) -> set[str]:
        try:
            return self.storage.there(keys)
        except Exception:  # then they are answered here, once patience is over
            return set()

    def _read(self, key: str) -> Any:
        """Return an answer; None for one that says that the worker cannot, or is gone."""
        try:
            packed = self.storage.get(key)
            return sent.read_answer(packed) if packed else None
        except Exception as error:
            log.warning("An answer for matching cannot be read: %s", type(error).__name__)
            return None

    # ------------------------------------------------------------------ whoever answers

    def answer(self, call: str, at: int) -> None:
        """Answer one shard, if somebody still waits for that."""
        done = f"{call}.{at}.done"
        packed = self.storage.get(f"{call}.{at}")
        tape = self._tape(call) if packed else None
        if packed is None or tape is None or self.storage.there([done]):
            return
        try:
            found = sent.answer(tape, packed)
        except Exception as error:  # whoever asked does it: nobody waits for what cannot be
            log.error("A shard cannot be scanned here: %s", error)
            found = b""
        if self.storage.there([f"{call}.{at}"]):  # whoever gave up waiting has cleared up
            self.storage.put(done, found)

    def _tape(self, call: str) -> dict[str, Any] | None:
        if call not in self._tapes:
            packed = self.storage.get(f"{call}.tape")
            if packed is None:
                return None
            self._tapes[call] = sent.read_tape(packed)
            while len(self._tapes) > TAPES:
                self._tapes.popitem(last=False)
        return self._tapes[call]


__all__ = ["Sharing"]
