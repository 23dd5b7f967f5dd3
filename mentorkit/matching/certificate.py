"""Bounds and stability, recomputed from the pairs' scores and a certificate without any solver.

Everything here reads the pairs row block by row block, so that what checks a big run never holds
its whole matrix: the functions on arrays are the block functions over slices of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mentorkit.matching.solution import (
    ALONE,
    Bools,
    Ints,
    Locks,
    place_locks,
    read_capacity,
)

Blocks = Callable[[int, int], tuple[NDArray[Any], Bools]]
"""Returns the scores and the allowed pairs of mentees start to stop: two arrays of that shape."""

BLOCK_CELLS = 1 << 20
HIGHEST = 10**12
"""The highest price and bonus: the sums of a million people at such prices fit 64 bits."""


def _slices(scores: ArrayLike, allowed: ArrayLike) -> tuple[Blocks, int]:
    score, may = np.asarray(scores), np.asarray(allowed, dtype=np.bool_)
    return lambda start, stop: (score[start:stop], may[start:stop]), len(score)


def _walk(blocks: Blocks, mentees: int, mentors: int) -> Iterator[tuple[slice, Ints, Bools]]:
    rows = max(1, BLOCK_CELLS // max(1, mentors))
    for start in range(0, mentees, rows):
        stop = min(mentees, start + rows)
        score, may = blocks(start, stop)
        yield slice(start, stop), np.asarray(score, np.int64), np.asarray(may, np.bool_)


def total_bound(
    scores: ArrayLike,
    allowed: ArrayLike,
    capacity: ArrayLike,
    prices: ArrayLike,
    bonus: int = 0,
    pairs: int = 0,
    locks: Locks = (),
) -> int:
    """Return a total that no assignment with these locks can exceed, whatever the prices are.

    With `bonus` 0 the bound holds for any number of pairs; else only for assignments of exactly
    `pairs` pairs (locked ones included). Linear programming duality: the sum of every place's
    price, plus what each mentee could gain at those prices and the bonus, less the bonus of every
    pair. Raises ValueError where `check_prices` does, for then they prove nothing.
    """
    blocks, mentees = _slices(scores, allowed)
    return total_bound_in_blocks(blocks, mentees, capacity, prices, bonus, pairs, locks)


def total_bound_in_blocks(
    blocks: Blocks,
    mentees: int,
    capacity: ArrayLike,
    prices: ArrayLike,
    bonus: int = 0,
    pairs: int = 0,
    locks: Locks = (),
) -> int:
    """Return `total_bound` of the pairs that `blocks` gives."""
    places = read_capacity(capacity, mentees)
    price = check_prices(prices, bonus, len(places))
    locked, left = place_locks(locks, mentees, places)
    bound = int((left * price).sum()) - bonus * (pairs - int((locked != ALONE).sum()))
    for rows, score, may in _walk(blocks, mentees, len(places)):
        mentor = locked[rows]
        free = mentor == ALONE
        net = np.where(may & (left > 0), score + (bonus - price), 0)
        bound += int(net.max(axis=1, initial=0)[free].sum())
        bound += int(score[np.flatnonzero(~free), mentor[~free]].sum())
    return bound


def check_prices(prices: ArrayLike, bonus: int, mentors: int) -> Ints:
    """Return the prices as int64, or raise ValueError where they or the bonus prove nothing."""
    price = np.asarray(prices)
    if price.shape != (mentors,):
        raise ValueError(f"{price.size} prices for {mentors} mentors prove nothing")
    if not 0 <= bonus <= HIGHEST or not ((price >= 0) & (price <= HIGHEST)).all():
        raise ValueError(f"a price or bonus below 0 or above {HIGHEST} proves nothing")
    return price.astype(np.int64)


Side = ArrayLike
"""Indices of mentees or of mentors."""


def pairs_bound(cover: tuple[Side, Side], capacity: ArrayLike, locks: Locks = ()) -> int:
    """Return how many pairs there can be at most, if `cover` touches every pair: König's theorem.

    Every pair takes one covered mentee, or a place of one covered mentor, or is locked.
    """
    places = np.asarray(capacity, np.int64)
    mentees = {int(i) for i in np.asarray(cover[0]).ravel()}
    held = sorted(set(locks))
    left = places.copy()
    for _, mentor in held:
        left[mentor] = max(0, left[mentor] - 1)
    mentors = np.unique(np.asarray(cover[1], np.int64))
    return len(mentees) + int(left[mentors].sum()) + len(held)


def check_cover_in_blocks(
    blocks: Blocks,
    mentees: int,
    capacity: ArrayLike,
    cover: tuple[Side, Side],
    locks: Locks = (),
) -> bool:
    """Return whether `cover` touches every allowed pair that could still be made beside the locks.

    That is: of a mentee who is not locked, with a mentor who has a place left.
    """
    bare = uncovered(mentees, capacity, cover, locks)
    if bare is None:
        return False
    return not any(
        bool((may[bare[0][rows]] & bare[1]).any())
        for rows, _, may in _walk(blocks, mentees, len(bare[1]))
    )


def uncovered(
    mentees: int, capacity: ArrayLike, cover: tuple[Side, Side], locks: Locks = ()
) -> tuple[Bools, Bools] | None:
    """Return who is in no cover, and could be paired: a flag for each mentee, and each mentor.

    A cover that names nobody there is gives None.
    """
    places = read_capacity(capacity, mentees)
    locked, left = place_locks(locks, mentees, places)
    covered = np.asarray(cover[0], np.int64), np.asarray(cover[1], np.int64)
    for indices, size in zip(covered, (mentees, len(places)), strict=True):
        if len(indices) and not 0 <= indices.min() <= indices.max() < size:
            return None
    open_mentee, open_mentor = locked == ALONE, left > 0
    open_mentee[covered[0]] = False
    open_mentor[covered[1]] = False
    return open_mentee, open_mentor


def blocking_pairs(
    scores: ArrayLike, allowed: ArrayLike, capacity: ArrayLike, match: ArrayLike
) -> int:
    """Count the allowed pairs who would both strictly rather have each other, by the score alone.

    The mentee is alone or would score more; the mentor has a free place or would score more than
    with the worst of their mentees.
    """
    blocks, _ = _slices(scores, allowed)
    mentor, score = np.asarray(match, np.int64), np.asarray(scores)
    own = np.full(len(mentor), -1, np.int64)
    paired = np.flatnonzero(mentor >= 0)
    own[paired] = score[paired, mentor[paired]]
    return int(rather_in_blocks(blocks, own, worst_of(own, mentor, capacity)).sum())


def rather_in_blocks(blocks: Blocks, own: Ints, worst: Ints) -> Ints:
    """Return how many allowed mentors score more with each mentee than `own`, and than `worst`."""
    found = np.zeros(len(own), np.int64)
    for rows, score, may in _walk(blocks, len(own), len(worst)):
        found[rows] = (may & (score > own[rows, None]) & (score > worst)).sum(axis=1)
    return found


def worst_of(own: Ints, match: ArrayLike, capacity: ArrayLike) -> Ints:
    """Return what somebody must score more than for each mentor to want them: -1 with free places.

    `own` is each mentee's score with their mentor in `match` (-1: none).
    """
    mentor, places = np.asarray(match, np.int64), np.asarray(capacity, np.int64)
    paired = mentor >= 0
    worst = np.full(len(places), np.iinfo(np.int64).max)
    np.minimum.at(worst, mentor[paired], own[paired])
    worst[np.bincount(mentor[paired], minlength=len(places)) < places] = -1
    return worst
