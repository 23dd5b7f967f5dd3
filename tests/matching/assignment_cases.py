"""Assignment problems for the tests of the solvers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mentorkit.matching.assign import CandidateLists, check_cover_in_blocks


class Case(NamedTuple):
    """One assignment problem."""

    scores: NDArray[np.int32]
    allowed: NDArray[np.bool_]
    capacity: NDArray[np.int64]
    locks: tuple[tuple[int, int], ...] = ()


def create_case(
    rng: np.random.Generator, mentees: int, mentors: int, *, most: int = 3, locks: int = 2
) -> Case:
    """Draw a case with many ties, pairs that score nothing, full mentors and a few locks."""
    values = rng.choice(10_001, size=rng.integers(1, 5), replace=False)
    values[0] = 0 if rng.random() < 0.7 else values[0]
    scores = rng.choice(values, size=(mentees, mentors)).astype(np.int32)
    allowed = rng.random((mentees, mentors)) < rng.choice([0.15, 0.4, 0.8, 1.0])
    capacity = rng.integers(0, most + 1, mentors)
    chosen = []
    left = capacity.copy()
    for mentee in rng.permutation(mentees)[: rng.integers(0, locks + 1)]:
        mentor = int(rng.integers(mentors))
        if left[mentor] > 0:
            left[mentor] -= 1
            chosen.append((int(mentee), mentor))
    return Case(scores, allowed, capacity, tuple(chosen))


def dense_lists(scores: ArrayLike, allowed: ArrayLike) -> CandidateLists:
    """Return complete lists from arrays (mentees, mentors)."""
    return CandidateLists.from_dense(scores, allowed, np.asarray(scores).shape[1])


def check_cover(
    allowed: ArrayLike, capacity: ArrayLike, cover: Any, locks: Sequence[tuple[int, int]] = ()
) -> bool:
    """Return whether a cover touches every pair of an array that could be made beside the locks."""
    may = np.asarray(allowed, np.bool_)

    def blocks(start: int, stop: int) -> tuple[Any, Any]:
        return may[start:stop], may[start:stop]

    return check_cover_in_blocks(blocks, len(may), capacity, cover, locks)


def assert_feasible(case: Case, match: NDArray[np.int32]) -> None:
    """Locks are kept, everyone else is allowed, no mentor has more than their places."""
    locked = dict(case.locks)
    for mentee, mentor in enumerate(match):
        assert mentor == locked.get(mentee, mentor)
        assert mentor < 0 or mentee in locked or case.allowed[mentee, mentor]
    held = np.bincount(match[match >= 0], minlength=len(case.capacity))
    assert (held <= case.capacity).all()
