"""The scan of a tape in shards: some mentees against every mentor, needing none of the others.

`map_shards(fn, shards)` is the seam where work is shared out. Here it goes to the cores of this
process. Whoever has more machines sends `fn` and a shard to another: a function of this module and
plain data. A shard that is pickled leaves behind what is known of other mentees. What comes back is
put together in the order of the shards, so the result is the same, whoever did the work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.passes import BEYOND, DEAD, TOP_PRICE, UNPAYABLE, Tape

Ints32 = NDArray[np.int32]
Ints64 = NDArray[np.int64]
Tell = Callable[[int], None]
"""Hears how many mentees are done; what it raises ends the work."""
MapShards = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""Gives what a function returns for each shard, in their order."""

FEW_PAIRS = 1_000_000
"""Up to so many pairs are not shared out."""
SHARD, LEAST = 256, 16
"""How many mentees are in a shard: fewer where else there would not be one for each core."""
SENT = 64
"""In so many shards work is sent away at most: each carries all mentors, some 40 bytes of each."""
NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Some mentees of a tape, and what is asked about them.

    `prices`, `offset` and `worst` are by mentor as they stand in ``tape.order``; `own` and
    `own_mentor` by these mentees.
    """

    tape: Tape
    mentees: Ints32
    k: int = 0
    prices: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))
    first: Ints64 = field(default_factory=lambda: NOBODY)
    mentors: int = 0
    high: Ints32 = field(default_factory=lambda: NOBODY.astype(np.int32))
    offset: NDArray[Any] = field(default_factory=lambda: NOBODY)
    worst: NDArray[np.int16] = field(default_factory=lambda: NOBODY.astype(np.int16))
    own: NDArray[np.int16] = field(default_factory=lambda: NOBODY.astype(np.int16))
    own_mentor: Ints32 = field(default_factory=lambda: NOBODY.astype(np.int32))

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the process with the mentors, and of the mentees with these alone."""
        sent = alone(self)
        return Shard, tuple(getattr(sent, one.name) for one in fields(sent))


def alone(shard: Shard) -> Shard:
    """Return a shard whose tape knows its own mentees and nobody else's."""
    return replace(
        shard,
        tape=_of_mentees(shard.tape, shard.mentees),
        mentees=np.arange(len(shard.mentees), dtype=np.int32),
    )


def _of_mentees(tape: Tape, mentees: Ints32) -> Tape:
    """Return a tape that knows these mentees alone, who stand in it in this order."""
    apart, never = _rows_of(tape.apart, mentees)
    past, met = _rows_of(tape.past, mentees)
    first, words = np.zeros((len(tape.texts.first), len(mentees) + 1), np.int64), [NOBODY]
    for text, begins in enumerate(tape.texts.first):
        ends, index = _rows_of(begins, mentees)
        first[text] = ends + sum(map(len, words))
        words.append(index)
    word = np.concatenate(words)
    return tape._replace(
        value=tape.value.take(mentees, axis=1),
        mentee_class=tape.mentee_class[mentees],
        my_words=tape.my_words.take(mentees, axis=1),
        my_bytes=tape.my_bytes.take(mentees, axis=1),
        my_codes=tape.my_codes.take(mentees, axis=1),
        my_numbers=tape.my_numbers.take(mentees, axis=1),
        apart=apart,
        never=tape.never[never],
        past=past,
        met=tape.met[met],
        texts=tape.texts._replace(
            first=first, word=tape.texts.word[word], weight=tape.texts.weight[word]
        ),
    )


def _rows_of(begins: Ints64, rows: Ints32) -> tuple[Ints64, Ints64]:
    """Return where each of these rows of a ragged array begins (rows + 1), and what is in them."""
    ends = np.append(0, np.cumsum(np.diff(begins)[rows]))
    return ends, np.arange(ends[-1]) + np.repeat(begins[rows] - ends[:-1], np.diff(ends))


def best_of_shard(shard: Shard) -> tuple[Ints32, Ints32]:
    """Return the k best mentors of each mentee and their scores less price, -1 for nobody."""
    from mentorkit.matching.kernels import scan

    mentor, score = (np.empty((len(shard.mentees), shard.k), np.int32) for _ in range(2))
    scan.best(
        shard.tape,
        shard.mentees,
        shard.first,
        shard.mentors,
        shard.k,
        shard.prices,
        shard.high,
        mentor,
        score,
    )
    return mentor, score


def scores_of_shard(shard: Shard) -> NDArray[np.int16]:
    """Return the scores of each mentee with `k` mentors, which is all of them; -1 must not be."""
    from mentorkit.matching.kernels import scan

    scores = np.empty((len(shard.mentees), shard.k), np.int16)
    scan.block(shard.tape, shard.mentees, scores)
    return scores


def survey_shard(shard: Shard) -> tuple[Ints64, Ints64, Ints64]:
    """Return gain, blocking pairs and rank of each mentee; `Fused.survey` says what these are."""
    from mentorkit.matching.kernels import scan

    gain, blocking, rank = (np.empty(len(shard.mentees), np.int64) for _ in range(3))
    scan.survey(
        shard.tape,
        shard.mentees,
        shard.offset,
        shard.own,
        shard.own_mentor,
        shard.worst,
        gain,
        blocking,
        rank,
    )
    return gain, blocking, rank


def in_threads(fn: Callable[[Any], Any], shards: Sequence[Any]) -> Iterator[Any]:
    """Map shards by the cores of this process: the kernels let go of Python's lock."""
    workers = min(cores(), len(shards))
    if workers <= 1:
        yield from map(fn, shards)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(fn, shards)
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Fused:
    """What the scan of a tape can be asked. Mentees and mentors are positions in the pool."""

    def __init__(self, tape: Tape, map_shards: MapShards = in_threads) -> None:
        self.tape, self._map = tape, map_shards

    def best(
        self,
        mentees: Ints32,
        k: int,
        prices: Ints64 | None = None,
        *,
        first: Ints64 | None = None,
        tell: Tell | None = None,
    ) -> tuple[Ints32, Ints32]:
        """Return each mentee's `k` best mentors by score less price, and their scores.

        Both (mentees, k), best first, -1 where there are no more. Of equals the one is better who
        comes first in the pool, counted round and round from the mentee's `first` on (0). Who costs
        more than they score counts, too; who costs `UNPAYABLE` or more does not.
        """
        k = max(0, k)
        if not k:  # of none kept there is none to beat
            return np.empty((len(mentees), 0), np.int32), np.empty((len(mentees), 0), np.int32)
        begin = np.zeros(len(mentees), np.int64) if first is None else first
        mentors = BEYOND if prices is None else len(prices)
        price, high = np.empty(0, np.int16), np.empty(0, np.int32)
        if prices is not None:
            paid = prices[self.tape.order]
            if (paid[paid < UNPAYABLE] > TOP_PRICE).any():
                high = np.minimum(paid, BEYOND).astype(np.int32)
            else:
                price = np.where(paid >= UNPAYABLE, -DEAD, paid).astype(np.int16)
        shards, at = [], 0
        for some in self._split(mentees):
            here = slice(at, at := at + len(some))
            shards.append(
                Shard(self.tape, some, k, price, first=begin[here], mentors=mentors, high=high)
            )
        found = self._all(best_of_shard, shards, tell)
        none = np.empty((0, k), np.int32)
        mentor = np.concatenate([none, *(one[0] for one in found)])
        score = np.concatenate([none, *(one[1] for one in found)])
        if prices is not None:
            there = mentor >= 0
            score[there] += prices[mentor[there]].astype(np.int32)
        return mentor, score

    def scores(self, mentees: Ints32, mentors: int, tell: Tell | None = None) -> NDArray[np.int16]:
        """Return the scores of these mentees with each of so many mentors; -1 must not be."""
        shards = [Shard(self.tape, some, mentors) for some in self._split(mentees)]
        none = np.empty((0, mentors), np.int16)
        return np.concatenate([none, *self._all(scores_of_shard, shards, tell)])

    def touched(self, mentees: Ints32, mentors: NDArray[np.bool_]) -> bool:
        """Return whether any of these mentees may have any of these mentors (a flag for each)."""
        some = np.where(mentors, BEYOND // 2, -BEYOND)
        none = np.full(len(mentees), BEYOND, np.int64)
        nobody = np.full(len(mentees), -1, np.int32)
        gain, _, _ = self.survey(some, np.full_like(some, BEYOND), none, nobody, mentees=mentees)
        return bool(gain.any())

    def survey(
        self,
        offset: Ints64,
        worst: Ints64,
        own: Ints64,
        own_mentor: Ints32,
        tell: Tell | None = None,
        mentees: Ints32 | None = None,
    ) -> tuple[Ints64, Ints64, Ints64]:
        """Return of every mentee, from one look at all pairs: gain, blocking pairs, and rank.

        The gain is the highest of 0 and score + `offset` of the mentor; a pair blocks where it
        scores more than the mentee's `own` and the mentor's `worst`; the rank is where `own_mentor`
        stands among all whom the mentee may have. `offset` and `worst` are by mentor, the others
        by mentee, as `mentees` says (all).
        """
        tape, kind = self.tape, "int64"
        if (offset < BEYOND).all():  # below 0 it does not matter how far
            offset, kind = np.maximum(offset, -BEYOND), "int32"
        top = np.iinfo(np.int16).max
        by_order = offset[tape.order].astype(kind), np.minimum(worst, top)[tape.order]
        if mentees is None:
            mentees = np.arange(tape.mentees, dtype=np.int32)
        shards, at = [], 0
        for some in self._split(mentees):
            here = slice(at, at := at + len(some))
            shards.append(
                Shard(
                    tape,
                    some,
                    offset=by_order[0],
                    worst=by_order[1].astype(np.int16),
                    own=own[here].astype(np.int16),
                    own_mentor=own_mentor[here],
                )
            )
        found = self._all(survey_shard, shards, tell)
        none = np.empty(0, np.int64)
        gain, blocking, rank = (
            np.concatenate([none, *(one[at] for one in found)]) for at in range(3)
        )
        return gain, blocking, rank

    def _all(
        self, fn: Callable[[Shard], Any], shards: Sequence[Shard], tell: Tell | None
    ) -> list[Any]:
        found, done = [], 0
        pairs = sum(len(shard.mentees) for shard in shards) * len(self.tape.order)
        how = self._map if pairs > FEW_PAIRS else map  # few are done before they are sent
        for shard, one in zip(shards, how(fn, shards), strict=True):
            found.append(one)
            done += len(shard.mentees)
            if tell is not None:
                tell(done)
        return found

    def _split(self, mentees: Ints32) -> list[Ints32]:
        """Return mentees in shards: small ones for cores here, larger ones where they are sent."""
        size = min(SHARD, max(LEAST, -(-len(mentees) // (2 * cores()))))
        if self._map is not in_threads:
            size = max(size, -(-len(mentees) // SENT))
        return [mentees[at : at + size] for at in range(0, len(mentees), size)]
