"""What a solver is given and what it answers, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Objective = Literal["coverage", "score"]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Bools = NDArray[np.bool_]
Cover = tuple[Ints32, Ints32]
Locks = Sequence[tuple[int, int]]

ALONE = -1
"""Stands in `Solution.match` for a mentee without a mentor."""
UNPAYABLE = 1 << 40
"""The price of a mentor without places, which nobody can pay."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Who goes with whom, and the numbers that prove how good that is.

    `match` holds each mentee's mentor index, or -1. `prices` (one a mentor, at least 0) and `bonus`
    (at least 0) bound the total by linear programming duality (`certificate.total_bound`); `cover`
    (mentee indices, mentor indices; locked mentees in neither) bounds the count by König's theorem
    (`certificate.pairs_bound`). An `exact` solution meets its own bounds.
    """

    match: Ints32
    total: int
    pairs: int
    exact: bool
    prices: Ints
    bonus: int
    cover: Cover


@dataclass(frozen=True, slots=True, eq=False)
class CandidateLists:
    """The mentors that each mentee could go with as known so far, best first, end to end.

    Mentee i's list is ``mentor[indptr[i]:indptr[i + 1]]`` with the scores beside it, sorted by
    falling score, ties by mentor. A list shorter than the mentee's allowed mentors must hold the
    best of them: whoever is absent scores no more than the last one listed.
    """

    indptr: Ints
    mentor: Ints32
    score: Ints32

    @property
    def mentees(self) -> int:
        """Return how many mentees there are."""
        return len(self.indptr) - 1

    def of(self, mentee: int) -> tuple[Ints32, Ints32]:
        """Return this mentee's mentors and scores."""
        start, end = self.indptr[mentee], self.indptr[mentee + 1]
        return self.mentor[start:end], self.score[start:end]

    @classmethod
    def from_dense(cls, scores: ArrayLike, allowed: ArrayLike, k: int) -> CandidateLists:
        """Return the `k` best allowed mentors of every mentee.

        Score and place of a pair make one number, which no other pair of the row has: so a sort
        needs no tie-breaking, and the numbers tell whose they are.
        """
        score, may = np.asarray(scores), np.asarray(allowed, dtype=np.bool_)
        mentors = max(1, score.shape[1])
        small = (int(score.max(initial=0)) + 1) * mentors < 1 << 31
        kind: Any = np.int32 if small else np.int64
        place = np.arange(score.shape[1], dtype=kind)
        key = score.astype(kind) * kind(mentors) + (kind(mentors - 1) - place)
        key[~may] = -1
        if k < score.shape[1]:
            key = np.partition(key, score.shape[1] - k, axis=1)[:, score.shape[1] - k :]
        key = np.sort(key, axis=1)[:, ::-1]
        listed = key >= 0
        indptr = np.zeros(len(score) + 1, np.int64)
        np.cumsum(listed.sum(axis=1), out=indptr[1:])
        best = key[listed]
        return cls(
            indptr,
            (mentors - 1 - best % kind(mentors)).astype(np.int32),
            (best // kind(mentors)).astype(np.int32),
        )


def place_locks(locks: Locks, mentees: int, capacity: Ints) -> tuple[Ints32, Ints]:
    """Return the match made by the locks alone and the places they leave, never below 0.

    Raises ValueError when a mentee is locked to two mentors.
    """
    match = np.full(mentees, ALONE, np.int32)
    left = capacity.copy()
    for mentee, mentor in sorted(set(locks)):
        if match[mentee] != ALONE:
            raise ValueError(f"mentee {mentee} is locked to mentors {match[mentee]} and {mentor}")
        match[mentee] = mentor
        left[mentor] = max(0, left[mentor] - 1)
    return match, left


def read_capacity(capacity: ArrayLike, mentees: int) -> Ints:
    """Return the places of each mentor as int64, none more than there are mentees.

    Raises ValueError when one is negative.
    """
    places = np.asarray(capacity, dtype=np.int64)
    if len(places) and places.min() < 0:
        raise ValueError(f"capacity of mentor {int(places.argmin())} is negative")
    return np.minimum(places, mentees)


def sum_scores(scores: NDArray[Any], match: Ints32) -> int:
    """Return the total score of a match."""
    paired = np.flatnonzero(match >= 0)
    return int(scores[paired, match[paired]].sum(dtype=np.int64))
