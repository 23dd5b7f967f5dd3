"""The scan over a tape, by all cores: mentees in shards, each a call that needs nothing of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.passes import TOP_PRICE, Tape

S = TypeVar("S")
R = TypeVar("R")
MapShards = Callable[[Callable[[S], R], Sequence[S]], Iterable[R]]
"""Returns what a function gives for each shard, in their order."""

SHARD = 256


def in_threads(work: Callable[[S], R], shards: Sequence[S]) -> Iterable[R]:
    """Map shards by the cores of this process; kernels let go of Python's lock."""
    workers = min(len(os.sched_getaffinity(0)), len(shards))
    if workers <= 1:
        return [work(shard) for shard in shards]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, shards))


class Fused:
    """What a tape's scan can be asked. Mentees and mentors are positions in the pool."""

    def __init__(self, tape: Tape, map_shards: Any = in_threads) -> None:
        self.tape, self._map = tape, map_shards

    def best(
        self, mentees: NDArray[np.int32], k: int, prices: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return each mentee's `k` best mentors by score less price, and their scores.

        Both (mentees, k), best first, ties by position, -1 where there are no more. A price above
        11,000 counts as that: nobody is worth it.
        """
        from mentorkit.matching.kernels import scan

        mentees = np.asarray(mentees, np.int32)
        mentor = np.empty((len(mentees), k), np.int32)
        score = np.empty((len(mentees), k), np.int32)
        price = np.empty(0, np.int16)
        if prices is not None:
            price = np.minimum(prices[self.tape.order], TOP_PRICE).astype(np.int16)

        def work(shard: slice) -> None:
            scan.best(self.tape, mentees[shard], k, price, mentor[shard], score[shard])

        list(self._map(work, _shards(len(mentees))))
        if prices is not None:
            there = mentor >= 0
            score[there] += np.minimum(prices[mentor[there]], TOP_PRICE).astype(np.int32)
        return mentor, score

    def block(self, mentees: NDArray[np.int32], mentors: int) -> NDArray[np.int16]:
        """Return the scores of these mentees with each of so many mentors; -1 must not be."""
        from mentorkit.matching.kernels import scan

        mentees = np.asarray(mentees, np.int32)
        out = np.empty((len(mentees), mentors), np.int16)
        list(
            self._map(
                lambda shard: scan.block(self.tape, mentees[shard], out[shard]),
                _shards(len(mentees)),
            )
        )
        return out


def _shards(count: int) -> list[slice]:
    return [slice(start, min(count, start + SHARD)) for start in range(0, count, SHARD)]
