"""The assignment over candidate lists, for runs whose whole matrix is too much."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from mentorkit.matching.auction import Floor, hold_auction
from mentorkit.matching.coverage import Coverage
from mentorkit.matching.exact import solve_dense
from mentorkit.matching.lists import Widen
from mentorkit.matching.solution import (
    ALONE,
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


def solve_lists(
    lists: CandidateLists,
    capacity: ArrayLike,
    objective: Objective,
    locks: Locks = (),
    *,
    eps: int = 10,
    widen: Widen | None = None,
    lock_scores: Mapping[tuple[int, int], int] | None = None,
) -> Solution:
    """Return an assignment whose total is near the best, with what bounds it.

    Without `widen` the lists are complete: nobody else may be paired. With it, ``widen(mentee, k)``
    returns the `k` best (fewer when there are no more), as arrays of mentors and scores sorted like
    the lists; it must answer the same every time. Objective ``score``: within `eps` a mentee of the
    best total. ``coverage``: exactly the most pairs, and a total near the best at that count; the
    prices, the bonus and `certificate.total_bound` tell how near. Where many equal scores make
    prices crawl the exact solver takes over, if there are no more than `EXACT_CELLS` pairs
    (`exact` says so); beyond that eps grows, and the bound with it.

    `lock_scores` are the scores of locked pairs that are on no list. Raises ValueError as
    `solve_dense` does, and for an `eps` below 1.
    """
    if eps < 1:
        raise ValueError("eps must be at least 1")
    mentees = lists.mentees
    places = read_capacity(capacity, mentees)
    match, left = place_locks(locks, mentees, places)
    locked = match != ALONE
    nobody = len(left)
    floor = Floor.open(lists, left, widen, locked)
    known = _scores_of_locks(lists, locks, widen, lock_scores or {}, nobody)
    few = mentees * nobody <= EXACT_CELLS
    if not hold_auction(floor, eps, give_up=few):
        return _solve_whole(floor, places, objective, locks, known)
    coverage = Coverage(floor if objective == "coverage" else floor.copy(), locked)
    full = coverage.pair_everybody()
    match[~locked] = np.where(floor.match == nobody, ALONE, floor.match)[~locked]
    lone = np.append(full, True)[coverage.floor.match] | locked
    bonus = coverage.bonus if objective == "coverage" else 0
    top = int(lists.score.max(initial=0)) + bonus
    return Solution(
        match=match,
        total=int(floor.won.sum()) + sum(known.values()),
        pairs=int((match >= 0).sum()),
        exact=False,
        prices=np.where(left > 0, floor.price[:-1], top),
        bonus=bonus,
        cover=(np.flatnonzero(~lone).astype(np.int32), np.flatnonzero(full).astype(np.int32)),
    )


def _scores_of_locks(
    lists: CandidateLists,
    locks: Locks,
    widen: Widen | None,
    given: Mapping[tuple[int, int], int],
    mentors: int,
) -> dict[tuple[int, int], int]:
    """Return each locked pair's score: as given, else as listed, else 0."""
    known = {}
    for mentee, mentor in set(locks):
        score = given.get((mentee, mentor))
        if score is None:
            listed, scores = lists.of(mentee) if widen is None else widen(mentee, mentors + 1)
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
    shape = (floor.lists.mentees, len(places))
    scores, allowed = np.zeros(shape, np.int32), np.zeros(shape, np.bool_)
    for mentee in range(shape[0]):
        mentors, listed = floor.read_all(mentee)
        scores[mentee, mentors] = listed
        allowed[mentee, mentors] = True
    for pair, score in known.items():
        scores[pair] = score
    return solve_dense(scores, allowed, places, objective, locks)
