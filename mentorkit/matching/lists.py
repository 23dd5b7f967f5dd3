"""Candidate lists that grow on demand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mentorkit.matching.solution import CandidateLists, Index

Widen = Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int32]]]
"""Returns a mentee's `k` best allowed mentors and their scores (fewer when there are no more)."""


class GrowingLists:
    """Each mentee's list, made longer through `widen` when it runs out; without it, complete."""

    def __init__(self, lists: CandidateLists, widen: Widen | None) -> None:
        """Start from `lists`; they are never changed, longer ones are kept beside them."""
        self._lists = lists
        self._widen = widen
        self._longer: dict[int, tuple[Index, Index]] = {}
        self._complete = np.full(lists.mentees, widen is None)

    def __len__(self) -> int:
        """Return how many mentees there are."""
        return self._lists.mentees

    def of(self, mentee: int) -> tuple[Index, Index]:
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


def dense_lists(scores: ArrayLike, allowed: ArrayLike) -> CandidateLists:
    """Return complete lists from arrays (n, m)."""
    return CandidateLists.from_dense(scores, allowed, np.asarray(scores).shape[1])
