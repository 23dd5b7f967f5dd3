"""The assignment over candidate lists, for runs whose whole matrix is too much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mentorkit.matching.auction import Floor, hold_auction
from mentorkit.matching.candidates import ListRescan, Rescan, Widen
from mentorkit.matching.coverage import Coverage
from mentorkit.matching.exact import solve_dense
from mentorkit.matching.kernels import WHERE_WORTH, solvers
from mentorkit.matching.solution import (
    ALONE,
    UNPAYABLE,
    CandidateLists,
    Ints,
    Locks,
    Objective,
    Solution,
    place_locks,
    read_capacity,
)

EXACT_CELLS = 32_000_000
"""Up to this many pairs (4 bytes each) the exact solver takes over where the auction crawls."""
READ_AGAIN = 200_000_000_000
"""So many pairs are looked at again at most; a core looks at about half a billion in a second."""
ROWS = 1 << 10
"""So many rows of lists are worked on at once: what is made of them stays in the cache."""
READ_CELLS = 4_000_000
"""So many pairs are read at once when all lists are read whole."""


def solve_lists(
    lists: CandidateLists,
    capacity: ArrayLike,
    objective: Objective,
    locks: Locks = (),
    *,
    eps: int = 10,
    budget: int = READ_AGAIN,
    widen: Widen | None = None,
    rescan: Rescan | None = None,
    lock_scores: Mapping[tuple[int, int], int] | None = None,
    compiled: Any = WHERE_WORTH,
) -> Solution:
    """Return an assignment whose total is near the best, with what bounds it.

    Without `widen` and `rescan` the lists are complete: nobody else may be paired. ``widen(mentee,
    k)`` returns the `k` best (fewer when there are no more), as arrays of mentors and scores sorted
    like the lists. `rescan` reads many lists at once, by score less price (`lists.Rescan`); where
    it is given, `widen` is not asked. Either must answer the same every time.

    Objective ``score``: within `eps` a mentee of the best total. ``coverage``: exactly the most
    pairs, and a total near the best at that count; the prices, the bonus and
    `certificate.total_bound` tell how near. Where many equal scores make prices crawl the exact
    solver takes over, if there are no more than `EXACT_CELLS` pairs (`exact` says so); beyond that
    eps grows, and the bound with it. So it does where lists would be read again for more than
    `budget` pairs: it ends with the lists there are.

    `lock_scores` are the scores of locked pairs that are on no list. `compiled` is
    `kernels.assign`, or None to stay with numpy: the answer is the same. Raises ValueError as
    `solve_dense` does, and for an `eps` below 1.
    """
    if eps < 1:
        raise ValueError("eps must be at least 1")
    mentees = lists.mentees
    places = read_capacity(capacity, mentees)
    compiled = solvers(compiled, mentees * len(places))
    match, left = place_locks(locks, mentees, places)
    locked = match != ALONE
    nobody = len(left)
    complete = widen is None and rescan is None
    read = rescan or ListRescan(lists, widen)
    floor = Floor.open(
        lists, left, locked, read, budget=budget, complete=complete, compiled=compiled
    )
    known = _scores_of_locks(read, locks, lock_scores or {}, nobody)
    few = mentees * nobody <= EXACT_CELLS
    if not hold_auction(floor, eps, give_up=few):
        return _solve_whole(floor, places, objective, locks, known)
    paired, price = floor.match.copy(), floor.price.copy()
    total = int(floor.won.sum())
    coverage = Coverage(floor, locked)
    full = coverage.pair_everybody()
    lone = np.append(full, True)[floor.match] | locked
    bonus = 0
    if objective == "coverage":
        paired, price, bonus = floor.match, floor.price, coverage.bonus
        total = int(floor.won.sum())
    match[~locked] = np.where(paired == nobody, ALONE, paired)[~locked]
    price = _tightened(floor, lists, price, bonus, eps)
    top = int(lists.score.max(initial=0)) + bonus
    return Solution(
        match=match,
        total=total + sum(known.values()),
        pairs=int((match >= 0).sum()),
        exact=False,
        prices=np.where(left > 0, price[:-1], top),
        bonus=bonus,
        cover=(np.flatnonzero(~lone).astype(np.int32), np.flatnonzero(full).astype(np.int32)),
    )


def _tightened(floor: Floor, lists: CandidateLists, price: Ints, bonus: int, eps: int) -> Ints:
    """Return prices that prove more: each is off by `eps` at most, so a little less or more may.

    Any prices prove a bound, so nothing can go wrong. Which of five is the tightest is estimated by
    what is kept of the lists. Who has a free place costs nothing, and stays so; who costs `eps` at
    most costs as much as before, or nothing.
    """
    # Whoever is not on a list scores no more than its last one.
    last, listed = np.zeros(lists.mentees, np.int64), np.flatnonzero(np.diff(lists.indptr))
    last[listed] = lists.score[lists.indptr[listed + 1] - 1]
    moved, small = (price > eps) & (price < UNPAYABLE), (price > 0) & (price <= eps)

    def most(paid: Ints) -> Ints:
        """Return what the best of each mentee's list is worth at these prices."""
        found = np.empty(lists.mentees, np.int64)
        for start in range(0, lists.mentees, ROWS):
            some = slice(start, start + ROWS)
            found[some] = (floor.score[some] - paid[floor.mentor[some]]).max(axis=1)
        return found

    most_moved = most(np.where(moved, price, UNPAYABLE))
    most_fixed = most(np.where(moved, UNPAYABLE, price))
    most_free = most(np.where(small, 0, UNPAYABLE)) if small.any() else most_fixed
    estimates = []
    for less in (0, eps // 2, eps, -eps // 2, -eps):
        lower = np.where(moved, price - less, price)
        kept = np.maximum(most_moved + less, most_fixed)
        if less == eps:
            lower, kept = np.where(small, 0, lower), np.maximum(kept, most_free)
        gain = np.maximum(kept, np.minimum(floor.rest + max(less, 0), last)) + bonus
        bound = int((floor.left * lower[:-1])[floor.left > 0].sum() + np.maximum(gain, 0).sum())
        estimates.append((bound, less, lower))
    return min(estimates, key=lambda one: (one[0], abs(one[1]), one[1]))[2]


def _scores_of_locks(
    read: Rescan, locks: Locks, given: Mapping[tuple[int, int], int], mentors: int
) -> dict[tuple[int, int], int]:
    """Return each locked pair's score: as given, else as listed, else 0."""
    known = {}
    for mentee, mentor in set(locks):
        score = given.get((mentee, mentor))
        if score is None:
            listed, scores = read(np.array([mentee]), np.zeros(mentors, np.int64), mentors)
            score = int(scores[listed == mentor].sum())
        known[mentee, mentor] = score
    return known


def _solve_whole(
    floor: Floor,
    places: Ints,
    objective: Objective,
    locks: Locks,
    known: Mapping[tuple[int, int], int],
) -> Solution:
    """Read all lists and solve exactly."""
    mentees, mentors = len(floor.match), len(places)
    scores = np.zeros((mentees, mentors), np.int32)
    allowed = np.zeros((mentees, mentors), np.bool_)
    free, rows = np.zeros(mentors, np.int64), max(1, READ_CELLS // mentors)
    for start in range(0, mentees, rows):
        some = np.arange(start, min(mentees, start + rows))
        mentor, score = floor.rescan(some, free, mentors)
        row, at = np.nonzero(mentor >= 0)
        scores[start + row, mentor[row, at]] = score[row, at]
        allowed[start + row, mentor[row, at]] = True
    for pair, score_of_lock in known.items():
        scores[pair] = score_of_lock
    return solve_dense(scores, allowed, places, objective, locks, compiled=floor.compiled)
