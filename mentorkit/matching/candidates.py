"""Candidate lists that grow on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mentorkit.matching.solution import CandidateLists, Ints, Ints32

Widen = Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int32]]]
"""Returns a mentee's `k` best allowed mentors and their scores (fewer when there are no more)."""
Rescan = Callable[[Ints, Ints, int], tuple[Ints32, Ints32]]
"""Reads many lists at once: ``rescan(mentees (r,), prices (m,), k)`` returns mentors and scores.

Both are int32 (r, k): each mentee's `k` best allowed mentors by score less price, best first. Of
equals it is best to give the one who comes first from `start_of` the mentee on, round and round:
where many are equal, not everybody is given the same few then, and prices crawl less. The solvers
stay right with any order of equals that is always the same. Where there are no more, the mentor is
-1. Who scores less than they cost counts, too. A price may be as high as `solution.UNPAYABLE`; who
costs that may be left out.
"""


def start_of(mentee: int | Ints, mentors: int) -> Any:
    """Return the mentor from whom on this mentee looks at equals (Knuth's multiplicative hash)."""
    return mentee * 2654435761 % mentors


class GrowingLists:
    """Each mentee's list, made longer through `widen` when it runs out; without it, complete."""

    def __init__(self, lists: CandidateLists, widen: Widen | None) -> None:
        """Start from `lists`; they are never changed, longer ones are kept beside them."""
        self._lists = lists
        self._widen = widen
        self._longer: dict[int, tuple[Ints32, Ints32]] = {}
        self._complete = np.full(lists.mentees, widen is None)

    def __len__(self) -> int:
        """Return how many mentees there are."""
        return self._lists.mentees

    def of(self, mentee: int) -> tuple[Ints32, Ints32]:
        """Return the mentors and scores known so far, best first."""
        longer = self._longer.get(mentee)
        return self._lists.of(mentee) if longer is None else longer

    def complete(self, mentee: int) -> bool:
        """Return whether the list is known to hold everyone allowed."""
        return bool(self._complete[mentee])

    def grow(self, mentee: int, k: int | None = None) -> bool:
        """Ask for at least `k` entries (default: three times as many); return whether it grew."""
        if self._widen is None or self._complete[mentee]:
            return False
        known = len(self.of(mentee)[0])
        wanted = max(known + 8, 3 * known) if k is None else k
        mentors, scores = self._widen(mentee, wanted)
        self._complete[mentee] = len(mentors) < wanted
        self._longer[mentee] = np.asarray(mentors, np.int32), np.asarray(scores, np.int32)
        return len(mentors) > known

    def fill(self, mentee: int, mentors: int) -> None:
        """Make the list hold everyone allowed, out of `mentors` in all."""
        if not self._complete[mentee]:
            self.grow(mentee, mentors + 1)

    def score_of(self, mentee: int, mentor: int, mentors: int) -> int | None:
        """Return the score of an allowed pair, None where it is not allowed."""
        for attempt in (False, True):
            if attempt:
                if self.complete(mentee):
                    break
                self.fill(mentee, mentors)
            listed, scores = self.of(mentee)
            at = np.flatnonzero(listed == mentor)
            if len(at):
                return int(scores[at[0]])
        return None


class ListRescan:
    """The `Rescan` of lists that `widen` makes longer; without it, of complete ones."""

    def __init__(self, lists: CandidateLists, widen: Widen | None) -> None:
        """Start from `lists`; how far each was read before is remembered, what it held is not."""
        self._lists = lists
        self._widen = widen
        self._asked = np.diff(lists.indptr)

    def __call__(self, mentees: Ints, prices: Ints, k: int) -> tuple[Ints32, Ints32]:
        """Return each one's `k` best at these prices."""
        mentor = np.full((len(mentees), k), -1, np.int32)
        score = np.zeros((len(mentees), k), np.int32)
        for row, mentee in enumerate(mentees.tolist()):
            mentors, scores = self._best(mentee, prices, k)
            mentor[row, : len(mentors)] = mentors
            score[row, : len(mentors)] = scores
        return mentor, score

    def _best(self, mentee: int, prices: Ints, k: int) -> tuple[Ints32, Ints32]:
        """Read on until nobody further down could be among the best: no price is below 0."""
        while True:
            mentors, scores = self._read(mentee)
            net = scores - prices[mentors]
            place = (mentors - start_of(mentee, max(1, len(prices)))) % max(1, len(prices))
            best = np.lexsort((place, -net))[:k]
            whole = self._widen is None or len(mentors) < self._asked[mentee]
            if whole or (len(best) == k and net[best[-1]] > scores[-1]):
                return mentors[best], scores[best]
            self._asked[mentee] = min(4 * max(self._asked[mentee], k, 16), len(prices) + 1)

    def _read(self, mentee: int) -> tuple[Ints32, Ints32]:
        mentors, scores = self._lists.of(mentee)
        if self._widen is not None and self._asked[mentee] > len(mentors):
            mentors, scores = self._widen(mentee, int(self._asked[mentee]))
        return np.asarray(mentors, np.int32), np.asarray(scores, np.int32)


def best_at_prices(
    scores: ArrayLike, allowed: ArrayLike, prices: Ints, k: int, mentees: Ints | None = None
) -> tuple[Ints32, Ints32]:
    """Return what a `Rescan` returns, from the mentees' scores and allowed pairs, both (r, m).

    Equals are in the order that a `Rescan` had best give for `mentees`, else in that of mentors.
    """
    score, may = np.asarray(scores), np.asarray(allowed, dtype=np.bool_)
    net = np.where(may, score - prices, -(1 << 60))
    every = max(1, len(prices))
    start = np.zeros(len(score), np.int64) if mentees is None else start_of(mentees, every)
    turned = (start[:, None] + np.arange(len(prices))) % every
    order = np.argsort(-np.take_along_axis(net, turned, axis=1), axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(turned, order, axis=1)
    mentor = np.full((len(score), k), -1, np.int32)
    worth = np.zeros((len(score), k), np.int32)
    listed = np.take_along_axis(may, best, axis=1)
    mentor[:, : best.shape[1]][listed] = best[listed]
    worth[:, : best.shape[1]][listed] = np.take_along_axis(score, best, axis=1)[listed]
    return mentor, worth
