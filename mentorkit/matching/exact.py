"""The exact assignment, by cheapest alternating paths over the whole matrix.

A primal-dual method. Every mentee has a value `worth`, every mentor a `price`, and no allowed pair
scores more than the two together; pairs that score exactly that are *tight*, and only tight pairs
are ever made. Mentees search one after the other for the cheapest way to a free place (Dijkstra
over reduced scores, all mentors at the same distance in one numpy step, which is what makes few
distinct scores fast) or to staying alone, which is worth 0. For coverage the search goes on from
everybody still alone at once: the distance to the nearest free place is what one more pair costs,
and `bonus` adds those distances up. No big number ever stands for "more pairs first".

`seat`, `fill` and `reach_out` are the plain meaning of the steps; `kernels.assign` has the same
compiled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mentorkit.matching.kernels import WHERE_WORTH, solvers
from mentorkit.matching.solution import (
    ALONE,
    Bools,
    Cover,
    Ints,
    Ints32,
    Locks,
    Objective,
    Solution,
    place_locks,
    read_capacity,
    sum_scores,
)

NEVER = -(1 << 30)  # the score of a pair that must not be: far below any sum of real scores
OUT_OF_REACH = 1 << 29  # a distance from here on only comes from NEVER
REACH = 1 << 28  # what the scores along the longest path may come to
ROWS = 256  # so many rows of the matrix are worked on at once, to stay in the cache


@dataclass(slots=True)
class _Search:
    """How a search reached each mentor: at what distance, and from which step's mentees."""

    distance: Ints
    step: Ints
    scanned: Bools
    rows: list[Ints] = field(default_factory=list)


@dataclass(slots=True)
class _Market:
    """The state of the primal-dual method; mentee index `match` of `mentors` means alone."""

    score: Ints32  # (n, m), NEVER where a pair must not be
    capacity: Ints
    match: Ints  # a mentor, or len(capacity) for alone
    used: Ints
    worth: Ints
    price: Ints

    @classmethod
    def open(cls, score: Ints32, capacity: Ints) -> _Market:
        """Return the market before any pair: all prices 0."""
        mentees, mentors = score.shape
        return cls(
            score=score,
            capacity=capacity,
            match=np.full(mentees, mentors, np.int64),
            used=np.zeros(mentors, np.int64),
            worth=score.max(axis=1, initial=0).astype(np.int64),
            price=np.zeros(mentors, np.int64),
        )

    def alone(self) -> Ints:
        """Return the mentees without a mentor."""
        return np.flatnonzero(self.match == len(self.capacity))

    def holders(self, mentors: Bools) -> Ints:
        """Return the mentees matched to one of these mentors."""
        return np.flatnonzero(np.append(mentors, False)[self.match])

    def relax(self, search: _Search, rows: Ints, distance: int) -> None:
        """Offer every mentor a shorter way through these mentees, who stand at `distance`."""
        if search.scanned.all():
            return
        if len(rows) == 1:
            gain = self.score[rows[0]] - self.worth[rows[0]]
        else:
            gain = np.full(len(self.capacity), 2 * NEVER, np.int64)
            for start in range(0, len(rows), ROWS):
                some = rows[start : start + ROWS]
                net = self.score[some] - self.worth[some, None]
                np.maximum(gain, net.max(axis=0), out=gain)
        found = self.price - gain
        found += distance
        better = found < search.distance
        search.distance[better] = found[better]
        search.step[better] = len(search.rows)
        search.rows.append(rows)

    def walk_back(self, search: _Search, mentor: int) -> list[tuple[int, int]]:
        """Return the pairs to make along the way that reached `mentor`, its own first.

        To be called before prices change.
        """
        made = []
        while True:
            rows = search.rows[search.step[mentor]]
            # Reduced scores of one step differ by a constant only, so the best one made the way.
            row = int(rows[(self.score[rows, mentor] - self.worth[rows]).argmax()])
            made.append((row, mentor))
            mentor = int(self.match[row])
            if mentor == len(self.capacity) or search.step[mentor] < 0:
                return made

    def raise_prices(self, search: _Search, distance: int, sources: Ints) -> None:
        """Make everything up to `distance` tight: whoever was passed gives way by what is left."""
        rise = np.zeros(len(self.capacity) + 1, np.int64)
        rise[:-1][search.scanned] = distance - search.distance[search.scanned]
        self.worth -= rise[self.match]  # those who are alone hold nobody: the last entry is 0
        self.worth[sources] -= distance
        self.price += rise[:-1]


def _begin(market: _Market) -> _Search:
    mentors = len(market.capacity)
    return _Search(
        distance=np.full(mentors, OUT_OF_REACH, np.int64),
        step=np.full(mentors, -1, np.int64),
        scanned=np.zeros(mentors, np.bool_),
    )


def seat(market: _Market, mentee: int) -> None:
    """Find this mentee's cheapest way to a free place, or to somebody (itself too) being alone."""
    mentors = len(market.capacity)
    search = _begin(market)
    room = market.used < market.capacity
    source = np.array([mentee])
    rows, distance = source, 0
    leave, leaver = OUT_OF_REACH, mentee  # the cheapest way to end with somebody alone
    while True:
        if len(rows):
            market.relax(search, rows, distance)
            worth = market.worth[rows]
            least = int(worth.argmin())
            if distance + worth[least] < leave:
                leave, leaver = distance + int(worth[least]), int(rows[least])
        ahead = np.where(search.scanned, OUT_OF_REACH, search.distance)
        distance = int(ahead.min(initial=OUT_OF_REACH))
        if distance > leave or distance >= OUT_OF_REACH:
            end = int(market.match[leaver])
            made = [] if end == mentors else market.walk_back(search, end)
            market.raise_prices(search, leave, source)
            market.match[leaver] = mentors
            break
        level = ahead == distance
        free = np.flatnonzero(level & room)
        if len(free):
            made = market.walk_back(search, int(free[0]))
            market.raise_prices(search, distance, source)
            market.used[free[0]] += 1
            break
        search.scanned |= level
        rows = market.holders(level)
    for row, mentor in made:
        market.match[row] = mentor


def fill(tight: Bools, match: Ints, used: Ints, capacity: Ints) -> Bools:
    """Pair as many as `tight` allows, changing `match` and `used`; return the dead mentors.

    Dead mentors are those that somebody still alone can reach along alternating paths: all full.
    A failed search stays dead for good, so each mentee alone needs exactly one search.
    """
    mentors = len(capacity)
    dead = np.zeros(mentors, np.bool_)
    room = used < capacity
    for mentee in np.flatnonzero(match == mentors):
        seen = dead.copy()
        rows = np.array([mentee])
        step = np.full(mentors, -1, np.int64)
        levels: list[Ints] = []
        end = -1
        while len(rows):
            reach = tight[rows[0]] if len(rows) == 1 else tight[rows].any(axis=0)
            fresh = reach & ~seen
            step[fresh] = len(levels)
            levels.append(rows)
            free = fresh & room
            end = int(free.argmax()) if mentors else -1
            if end >= 0 and free[end]:
                break
            end = -1
            seen |= fresh
            rows = np.flatnonzero(np.append(fresh, False)[match])
        if end < 0:
            dead = seen
            continue
        used[end] += 1
        room[end] = used[end] < capacity[end]
        while True:
            rows = levels[step[end]]
            row = int(rows[tight[rows, end].argmax()])
            match[row], end = end, int(match[row])
            if row == mentee:
                break
    return dead


def reach_out(market: _Market) -> int:
    """Return what one more pair costs at least (-1: there cannot be one), prices raised by it."""
    sources = market.alone()
    search = _begin(market)
    room = market.used < market.capacity
    rows, distance = sources, 0
    while True:
        if len(rows):
            market.relax(search, rows, distance)
        ahead = np.where(search.scanned, OUT_OF_REACH, search.distance)
        distance = int(ahead.min(initial=OUT_OF_REACH))
        if distance >= OUT_OF_REACH:
            return -1
        level = ahead == distance
        if (level & room).any():
            market.raise_prices(search, distance, sources)
            return distance
        search.scanned |= level
        rows = market.holders(level)


def solve_dense(
    scores: ArrayLike,
    allowed: ArrayLike,
    capacity: ArrayLike,
    objective: Objective,
    locks: Locks = (),
    *,
    compiled: Any = WHERE_WORTH,
) -> Solution:
    """Return the best assignment there is, proved by its own prices and cover.

    `scores` (n, m) are integers from 0, `allowed` (n, m) says which pairs may exist, `capacity`
    (m,) is how many mentees each mentor takes. Objective ``score``: the best total, pairs that
    score nothing left out, of equal totals the one with more pairs. ``coverage``: most pairs first
    (a pair that scores nothing counts), then the best total. Locked pairs are kept even where not
    allowed or above capacity, and the rest is best around them.

    `compiled` is `kernels.assign`, or None to stay with numpy: the answer is the same.

    Raises ValueError for a negative capacity, for a mentee locked to two mentors, and for scores
    so high that the sums of them would not fit (10,000 is fine for 26,000 mentees or mentors).
    Takes 4 bytes a pair beside what it is given, and 3 while it starts.
    """
    score = np.asarray(scores)
    compiled = solvers(compiled, score.size)
    mentees, mentors = score.shape
    if (min(mentees, mentors) + 1) * int(score.max(initial=0)) >= REACH:
        raise ValueError("the scores are too high, or the people too many, for an exact solution")
    places = read_capacity(capacity, mentees)
    match, left = place_locks(locks, mentees, places)
    rows = np.flatnonzero(match == ALONE)
    may = np.asarray(allowed, dtype=np.bool_)[rows] & (left > 0)
    gain = score[rows].astype(np.int32)
    nothing = may & (gain <= 0)
    gain[~may | nothing] = NEVER
    market = _Market.open(gain, left)
    if compiled is None:
        for mentee in range(len(rows)):
            seat(market, mentee)
    else:
        compiled.seat_everybody(*_state(market))
    bonus = 0
    _fill_tight(market, compiled)
    if objective == "coverage":
        gain[nothing] = 0
        bonus = _cover_all(market, compiled)
    match[rows] = np.where(market.match == mentors, ALONE, market.match)
    # A mentor without a place left was kept out; its price only has to be high enough.
    top = max(0, int(score.max(initial=0))) + bonus
    return Solution(
        match=match,
        total=sum_scores(score, match),
        pairs=int((match >= 0).sum()),
        exact=True,
        prices=np.where(left > 0, market.price, top),
        bonus=bonus,
        cover=_cover(may, market, rows, compiled),
    )


def _state(market: _Market) -> tuple[Ints32, Ints, Ints, Ints, Ints, Ints]:
    """Return the arrays of a market as the compiled steps take them."""
    people = market.match, market.used, market.worth
    return np.ascontiguousarray(market.score), market.capacity, *people, market.price


def _fill_tight(market: _Market, compiled: Any) -> None:
    """Make every further pair that tight pairs allow: they cost nothing."""
    if compiled is not None:
        prices = market.worth, market.price
        compiled.fill(market.score, *prices, market.match, market.used, market.capacity)
        return
    tight = np.empty(market.score.shape, np.bool_)
    for start in range(0, len(tight), ROWS):
        some = slice(start, start + ROWS)
        full = market.worth[some, None] + market.price
        np.equal(market.score[some], full, out=tight[some])
    fill(tight, market.match, market.used, market.capacity)


def _cover_all(market: _Market, compiled: Any) -> int:
    """Pair one more at the least cost until nobody can be; return what the last one cost."""
    bonus = 0
    while len(market.alone()) and (market.used < market.capacity).any():
        cost = reach_out(market) if compiled is None else compiled.reach_out(*_state(market))
        if cost < 0:
            break
        bonus += cost
        _fill_tight(market, compiled)
    return bonus


def _cover(may: Bools, market: _Market, rows: Ints, compiled: Any) -> Cover:
    """Return the smallest set of mentees and mentors' places that touches every allowed pair."""
    match, used = market.match.copy(), market.used.copy()
    if compiled is None:
        dead = fill(may, match, used, market.capacity)
    else:
        always, nothing = np.ones(len(match), np.int64), np.zeros(len(used), np.int64)
        dead = compiled.fill(may.view(np.int8), always, nothing, match, used, market.capacity)
    lone = np.append(dead, True)[match]
    index: Ints32 = rows[~lone].astype(np.int32)
    return index, np.flatnonzero(dead).astype(np.int32)
