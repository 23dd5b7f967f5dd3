"""Circles: groups of mentees around a mentor, in which all have something in common.

Whether two may be together is told by a pair; whether a circle may be is not, for where
every two share an hour, three may share none. So circles are built around what they are to have in
common, and every change is checked against what all members share.

1. Each mentor gets a core: answers that many mentees share with them.
2. The best assignment of mentees to mentors, among those who share the core, with room for so many.
3. Circles that are too small are closed, and their mentees go elsewhere.
4. The circles are improved: who was left out comes in, sizes are evened out, and people change
   places as long as that makes the total better.

2 to 4 are done for several sizes of circles and again with cores made of the circles that came of
it; of all that is found the best is taken. That is a heuristic: to find the best circles is
NP-hard (three in a circle that share an answer are a three-dimensional matching). All numbers are
whole, and each step is bounded, so it always ends and is the same on each machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mentorkit_matching.members import ALONE, Answers, Asked, Circles, Ints, Want

FEW = 40
"""Up to so many mentees every size of circles is tried."""
STARTS = 4
"""With so many sets of cores it is begun, where mentees are few."""
WORTH_TRYING = 400
"""With many mentees each start takes long, and brings little: so many mentees are in them all."""


def circles(asked: Asked, solve: Any) -> Ints:
    """Return each mentee's mentor, -1 for none. `solve` is `mentorkit.matching.assign.solve_dense`.

    Every circle has at least `asked.least` mentees, but for one of locked people alone. Most
    mentees come first, then sizes that differ by one at most, then the total.
    """
    best = Circles(asked)
    room, locks = np.maximum(asked.room, best.size), tuple(asked.locks.items())
    by_pairs = solve(asked.scores, asked.allowed, room, "coverage", locks)
    most = int((by_pairs.match >= 0).sum()), -1, int(by_pairs.total)
    for size in _sizes(asked):
        for start in range(max(1, min(STARTS, WORTH_TRYING // max(1, asked.shape[0])))):
            made = _built(asked, solve, size, start)
            if made.worth > best.worth:
                best = made
            if best.worth >= most:  # as good as if nothing had to be shared
                return best.at
    return best.at


def _sizes(asked: Asked) -> list[int]:
    """Return how many mentees a circle may have at most, to be tried one after the other."""
    mentees = len(asked.scores)
    usable = np.sort(asked.room[asked.room >= asked.least])[::-1]
    if not mentees or (not len(usable) and not asked.locks):
        return []
    most = int(usable[0]) if len(usable) else 1
    circles_at_most = max(1, min(len(usable), asked.most_circles, mentees // max(1, asked.least)))
    smallest = min(most, max(asked.least, -(-mentees // circles_at_most)))
    if mentees <= FEW:
        return list(range(smallest, most + 1))
    return sorted({smallest, min(most, smallest + 1), most})


def _built(asked: Asked, solve: Any, size: int, start: int) -> Circles:
    """Return circles of up to `size` mentees, the best of a few rounds."""
    cores = _cores(asked, start)
    best = Circles(asked)
    for _ in range(3 if asked.shape[0] <= FEW else 2):
        made = _assigned(asked, solve, size, cores)
        made.improve(solve)
        if made.worth <= best.worth:
            break
        best = made
        cores = _cores_of(made, cores)
    return best


# --------------------------------------------------------------------------- cores


def _cores(asked: Asked, start: int) -> list[list[Answers]]:
    """Return a core for each mentor, so that together they reach many mentees.

    Each `start` gives others: the mentors in turn, then backwards, then with mentees who count for
    more and for less (by Knuth's multiplicative hash, which is the same each time).
    """
    mentees, mentors = asked.shape
    cores: list[list[Answers]] = [[] for _ in range(mentors)]
    weights = np.full(mentees, 64, np.int64)
    if start > 1:
        weights = 1 + (np.arange(1, mentees + 1) * 2654435761 * (2 * start + 1) >> 7) % 64
    for mentor in range(mentors)[:: -1 if start % 2 else 1]:
        locked = [mentee for mentee, where in asked.locks.items() if where == mentor]
        own = weights.copy()
        own[locked] *= 1000
        cores[mentor] = asked.core(mentor, own)
        weights[asked.sharing(mentor, cores[mentor])] //= 2
        np.maximum(weights, 1, out=weights)
    return cores


def _cores_of(made: Circles, cores: Sequence[list[Answers]]) -> list[list[Answers]]:
    """Return cores anew: of what a circle shares, and else of what those left over share."""
    asked, shared = made.asked, made.common()
    again = []
    for mentor, before in enumerate(cores):
        if made.size[mentor] and not made.shut[mentor]:
            weights = np.where(made.at == ALONE, 8, 1)
            narrowed = [
                Want(want.mentees, common, want.least)
                for want, common in zip(asked.wants, shared, strict=True)
            ]
            inner = Asked(
                scores=asked.scores, allowed=asked.allowed, room=asked.room, least=asked.least,
                most_circles=asked.most_circles, wants=narrowed,
            )  # fmt: skip
            again.append(inner.core(mentor, weights))
        elif (made.at == ALONE).any():
            again.append(asked.core(mentor, np.where(made.at == ALONE, 64, 1)))
        else:
            again.append(before)
    return again


def _assigned(asked: Asked, solve: Any, size: int, cores: Sequence[list[Answers]]) -> Circles:
    """Return the best assignment around cores, without circles that are too small."""
    mentees, mentors = asked.shape
    fits = np.zeros((mentees, mentors), np.bool_)
    for mentor in range(mentors):
        fits[:, mentor] = asked.sharing(mentor, cores[mentor])
    made = Circles(asked)
    places = np.where(asked.room >= asked.least, np.minimum(asked.room, size), 0)
    places = np.maximum(places, made.size)
    places[made.shut] = made.size[made.shut]
    locks = tuple(asked.locks.items())
    for mentee, mentor in locks:
        fits[mentee, mentor] = True
    for _ in range(mentors + 1):  # each time a circle is closed, or it is the last
        solved = solve(asked.scores, fits, places, "coverage", locks).match
        used = np.bincount(solved[solved >= 0], minlength=mentors)
        own = asked.scores[np.arange(mentees), np.maximum(solved, 0)] * (solved >= 0)
        total = np.bincount(np.maximum(solved, 0), own, minlength=mentors).astype(np.int64)
        small = np.flatnonzero((places > made.size) & (used < asked.least))
        free = np.flatnonzero((used > 0) & (made.size == 0))
        extra = int((used > 0).sum()) - asked.most_circles
        if not len(small) and extra > 0 and len(free):
            places[free[np.lexsort((free, total[free], used[free]))][:extra]] = 0
            continue
        if not len(small):
            break
        # Who has nobody is closed at once, of the others the smaller half.
        small = small[np.lexsort((small, total[small], used[small]))]
        empty = int((used[small] == made.size[small]).sum())
        closing = small[: max(empty, -(-len(small) // 2))]
        places[closing] = made.size[closing]
    apart = [two for two in asked.apart if solved[two[0]] == solved[two[1]] >= 0]
    for one, other in apart:
        if solved[one] == solved[other] >= 0:
            solved[one if one not in asked.locks else other] = ALONE
    for mentee in np.flatnonzero(solved >= 0).tolist():
        if mentee not in asked.locks:
            made.put(mentee, int(solved[mentee]))
    made.close_small()
    return made
