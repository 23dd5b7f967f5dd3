"""The assignment solvers compiled by numba; each answers bit for bit what its plain form answers.

The auction (Bertsekas, "The auction algorithm: a distributed relaxation method for the assignment
problem", Annals of Operations Research 14, 1988), as `Bidding.bid` runs it:

* Each mentor has a *price*, 0 at first. A mentee's *value* of a mentor is the score less the price.
  Being alone is worth 0.
* In a round, every mentee without a mentor bids, all at the same prices: for the mentor of highest
  value, the price plus what the value is above the second best value (or 0), plus `eps`. Paying
  that much, the mentor would be worth `eps` less than the second best: nobody bids more than they
  would want to pay, and no mentee can be put out and come back without a price going up.
* A mentor keeps as many of the highest bids as there are places. Once all are taken, the price is
  the lowest bid kept; so a mentor with a free place costs nothing, and prices never fall. Who has
  no places costs more than anybody can pay, so nobody bids for them.
* It ends when whoever is alone values nobody above 0. Then every mentee has what is best for them
  at these prices, or is `eps` short of it. *The bound*: any assignment's total is at most the sum
  of all places' prices and of all mentees' values at them (linear programming duality); the
  auction's total is within mentees x eps of that.
* Only the best few mentors of each mentee are looked at, a *list*. Its *rest* is the most that
  anybody else was worth when it was read; prices only rise, so that stays true. While somebody
  listed is worth that much, the list proves the best choice. When nobody is, the mentee is put
  aside, and `auction.hold_auction` reads all such lists anew, at the prices of that moment.
* With many equal scores prices crawl, `eps` a round. `budget` ends that: the caller then doubles
  `eps` (the *slack* by which somebody unlisted may be better grows with it, and so does the bound),
  or gives a small problem to the exact solver.

Coverage, where as many as can be are to be paired: `_advance` goes out from everybody alone, from
mentee to mentor to the mentees whom that one holds, nearest first (Dijkstra). A step costs what the
pair falls short of the mentee's best, so the way to the nearest free place is the cheapest way to
pair one more: everybody on it moves on by one. It stops at a list that would have to be read on.

The exact solver does the same over the whole matrix, for one mentee at a time (`seat_everybody`):
either to a free place, or to whoever is cheapest to be left alone. `reach_out` finds what one more
pair costs, and `fill` makes every pair that costs nothing.

Deferred acceptance: mentees propose down their lists, mentors keep the best (`_propose`).

Words: a mentee is a `row`, `one` is a mentor. `match` holds each mentee's mentor, and the number of
mentors for who is alone, whose column stands last. Each does what its plain form does:
`auction.bid`, `coverage.advance`, `exact`, `stable.Proposals`. All numbers are integers. numba does
not know our classes, so arrays come one by one and lists of arguments are long; and the heap of
bids and the queue of a search are written out, each with what it compares.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

FAR = 1 << 39
"""`coverage.FAR`: further than any way."""
DISTANT = 1 << 29
"""`exact.OUT_OF_REACH`, the same of the exact solver."""
FREE, UNREAD, END = 0, 1, 2
"""Where a search came before it stopped, as `coverage.Came` says."""

compiled: Any = njit(cache=True, boundscheck=False)


# ------------------------------------------------------------------ the auction


class Heaps:
    """The mentees that mentors hold, kept from one call to the next.

    Each mentor's are a heap with the one that goes first on top, in a part of `pool` that moves to
    a place twice as big when it is full. Mentors never lose a mentee without getting another, so
    all parts together, with those moved out of, take less than four entries a mentee.
    """

    def __init__(self, mentors: int, mentees: int) -> None:
        """Start with nobody held."""
        begin, room, held = (np.zeros(mentors, np.int64) for _ in range(3))
        self.arrays = begin, room, held, np.zeros(4 * mentees + 4, np.int64)


class Bidding:
    """The bids that mentors hold, kept between two runs of rounds."""

    def __init__(self, floor: Any) -> None:
        """Start with no bids."""
        self._heaps = Heaps(len(floor.left), len(floor.match))

    def bid(
        self, floor: Any, waiting: Any, eps: int, slack: int, budget: int
    ) -> tuple[Any, Any, int]:
        """Do what `auction.bid` does; mentees are returned in another order."""
        market = (floor.mentor, floor.score, floor.rest, floor.left, floor.price)
        state = (floor.match, floor.won, floor.bid)
        held = self._heaps.arrays
        unsure, still, work = _bid(*market, *state, *held, waiting, eps, slack, budget)
        return unsure, still, int(work)


@compiled
def _lot(mentee: int, mentor: int) -> int:
    """Return the lot (0..1023) that decides between mentors of equal value, the highest.

    Each mentee draws others: if all took the first, they would outbid each other for nothing.
    """
    mixed = (mentor * 2654435761 + mentee * 40503 * 65537) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 15)) * 2246822519 >> 13) & 1023


@compiled
def _best(mentee: Any, mentors: Any, scores: Any, price: Any) -> Any:
    """Return where the best of a list stands, their value, and that of the second best."""
    best, value, second, drawn = 0, np.int64(scores[0]) - price[mentors[0]], -FAR, -1
    for at in range(1, len(mentors)):
        found = np.int64(scores[at]) - price[mentors[at]]
        if found < value:
            second = max(second, found)
            continue
        if found == value:
            second = value
            if drawn < 0:
                drawn = _lot(mentee, np.int64(mentors[best]))
            lot = _lot(mentee, np.int64(mentors[at]))
            if lot > drawn:
                best, drawn = at, lot
        else:
            best, second, value, drawn = at, value, found, -1
    return best, value, second


@compiled
def _goes_first(bid: Any, one: int, other: int) -> bool:
    """Return whether a mentee is put out before another: the lower bid, of equal ones the later."""
    return bid[one] < bid[other] or (bid[one] == bid[other] and one > other)


@compiled
def _sink(heap: Any, size: int, entry: int, bid: Any) -> None:
    """Put `entry` in place of the top of a heap of `size`."""
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and _goes_first(bid, heap[child + 1], heap[child]):
            child += 1
        if not _goes_first(bid, heap[child], entry):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = entry


@compiled
def _rise(heap: Any, size: int, entry: int, bid: Any) -> None:
    """Add `entry` to a heap of `size`."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if not _goes_first(bid, entry, heap[parent]):
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = entry


@compiled
def _end(begin: Any, room: Any) -> int:
    """Return where the parts of the pool in use end."""
    end = 0
    for one in range(len(room)):
        end = max(end, begin[one] + room[one])
    return end


@compiled
def _hold(
    begin: Any, room: Any, held: Any, pool: Any, end: int, one: int, mentee: int, bid: Any
) -> int:
    """Let a mentor with a free place hold one more; return where the parts in use end now."""
    if held[one] == room[one]:
        for at in range(held[one]):
            pool[end + at] = pool[begin[one] + at]
        begin[one] = end
        room[one] = max(1, 2 * room[one])
        end += room[one]
    _rise(pool[begin[one] : begin[one] + room[one]], held[one], mentee, bid)
    held[one] += 1
    return end


@compiled
def _bid(
    mentor: Any, score: Any, rest: Any, left: Any, price: Any, match: Any, won: Any, bid: Any,
    begin: Any, room: Any, held: Any, pool: Any, waiting: Any, eps: int, slack: int, budget: int,
) -> Any:  # fmt: skip
    """Hold rounds until nobody bids; return who is put aside, who still waits, and the bids made.

    `mentor` and `score` (mentees, kept) are the lists, `rest` (mentees,) what anybody else is worth
    at most; `left` (mentors,) the places; `match`, `won` and `bid` (mentees,) whom each has, their
    score and what was bid; then come the `Heaps`. `now` are the mentees of a round, of whom the
    first `bidders` bid for `wanted`; who is put out waits for the next round at the front of `now`.
    """
    nobody, size = len(left), len(waiting)
    now = waiting.copy()
    wanted = np.empty(size, np.int64)
    unsure = np.empty(size, np.int64)
    put_aside, work = 0, 0
    end = _end(begin, room)
    while size > 0 and work <= budget:
        bidders = 0
        for at in range(size):
            mentee = now[at]
            best, value, second = _best(mentee, mentor[mentee], score[mentee], price)
            if rest[mentee] > max(value, 0) + slack:
                unsure[put_aside] = mentee
                put_aside += 1
            elif value > 0:
                one = mentor[mentee, best]
                second = max(second, min(rest[mentee], value), 0)
                bid[mentee] = price[one] + (value - second + eps)
                won[mentee] = score[mentee, best]
                now[bidders], wanted[bidders] = mentee, one
                bidders += 1
        size = 0
        for at in range(bidders):
            mentee, one = now[at], wanted[at]
            out = -1
            if held[one] < left[one]:
                end = _hold(begin, room, held, pool, end, one, mentee, bid)
                match[mentee] = one
            else:
                out = pool[begin[one]]
                if _goes_first(bid, out, mentee):
                    _sink(pool[begin[one] : begin[one] + room[one]], held[one], mentee, bid)
                    match[mentee] = one
                else:
                    out = mentee
                match[out] = nobody
                won[out] = 0
                now[size] = out
                size += 1
        for at in range(bidders):
            one = wanted[at]
            if held[one] == left[one]:
                price[one] = bid[pool[begin[one]]]
        work += bidders
    return unsure[:put_aside].copy(), now[:size].copy(), work


# ------------------------------------------------------------------ coverage


def advance(coverage: Any, reach: Any, rows: Any, room: Any) -> tuple[int, int]:
    """Do what `coverage.advance` does."""
    floor = coverage.floor
    market = (floor.mentor, floor.score, floor.rest, floor.price, floor.match)
    way = (reach.distance, reach.through, reach.score, reach.scanned, reach.stands, reach.unread)
    came, distance = _advance(*market, coverage.worth, room, *way, rows)
    return int(came), int(distance)


@compiled
def _nearer(queue: Any, place: Any, size: int, one: int, distance: Any) -> int:
    """Move a mentor towards the top of the queue, or add it; return the size of the queue."""
    at = place[one]
    if at < 0:
        at = size
        size += 1
    while at > 0:
        parent = (at - 1) // 2
        if distance[queue[parent]] <= distance[one]:
            break
        queue[at] = queue[parent]
        place[queue[at]] = at
        at = parent
    queue[at] = one
    place[one] = at
    return size


@compiled
def _take(queue: Any, place: Any, size: int, distance: Any) -> int:
    """Take the nearest mentor out of a queue of `size`."""
    nearest, last = queue[0], queue[size - 1]
    place[nearest] = -1
    size -= 1
    if size == 0:
        return nearest
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and distance[queue[child + 1]] < distance[queue[child]]:
            child += 1
        if distance[queue[child]] >= distance[last]:
            break
        queue[at] = queue[child]
        place[queue[at]] = at
        at = child
    queue[at] = last
    place[last] = at
    return nearest


@compiled
def _holders(match: Any, mentors: int) -> Any:
    """Return the mentees of each mentor, end to end and in order, and where each one's begin."""
    begin = np.zeros(mentors + 2, np.int64)
    for mentee in range(len(match)):
        begin[match[mentee] + 1] += 1
    for one in range(mentors + 1):
        begin[one + 1] += begin[one]
    at = begin[:-1].copy()
    mentees = np.empty(len(match), np.int64)
    for mentee in range(len(match)):
        mentees[at[match[mentee]]] = mentee
        at[match[mentee]] += 1
    return begin, mentees


@compiled
def _advance(
    mentor: Any, score: Any, rest: Any, price: Any, match: Any, worth: Any, room: Any,
    distance: Any, through: Any, gained: Any, scanned: Any, stands: Any, unread: Any, rows: Any,
) -> Any:  # fmt: skip
    """Go on from `rows`, level by level; return where it came, and how far.

    `worth` (mentees,) is what each mentee's best comes to at these prices, `room` (mentors,) who
    has a free place. The rest is how far the search came: each mentor's `distance`, `through` which
    mentee and with what score (`gained`), and whether their mentees were gone out from (`scanned`);
    at what distance each mentee `stands`, and from where on a list is `unread`. `horizon` is the
    nearest of those: no way beyond it is known to be the shortest.
    """
    mentors, width = len(room), mentor.shape[1]
    begin, mentees = _holders(match, mentors)
    queue = np.empty(mentors + 1, np.int64)
    place = np.full(mentors + 1, -1, np.int64)
    level = np.empty(mentors + 1, np.int64)
    size = 0
    for one in range(mentors):
        if not scanned[one] and distance[one] < FAR:
            size = _nearer(queue, place, size, one, distance)
    horizon = unread.min()
    first = True
    while True:
        for row in rows:
            stand = stands[row] + worth[row]
            for at in range(width):
                one = mentor[row, at]
                found = stand + price[one] - score[row, at]
                if found < distance[one]:
                    distance[one] = found
                    through[one] = row
                    gained[one] = score[row, at]
                    size = _nearer(queue, place, size, one, distance)
            unread[row] = stand - rest[row] if rest[row] > -2 * FAR else FAR  # FAR: no rest
            horizon = min(horizon, unread[row])
        if first:  # `rows` were read on, so what was unread of them is further by now
            first = False
            horizon = unread.min()
        if size == 0:
            return END, FAR
        here = distance[queue[0]]
        if horizon < here:
            return UNREAD, here
        passed, some, free = 0, 0, False
        while size > 0 and distance[queue[0]] == here:
            one = _take(queue, place, size, distance)
            size -= 1
            level[passed] = one
            passed += 1
            free = free or room[one]
            some += begin[one + 1] - begin[one]
        if free:
            return FREE, here
        rows = np.empty(some, np.int64)
        some = 0
        for at in range(passed):
            one = level[at]
            scanned[one] = True
            for entry in range(begin[one], begin[one + 1]):
                rows[some] = mentees[entry]
                stands[mentees[entry]] = here
                some += 1
        rows.sort()


# ------------------------------------------------------------------ the exact solver


@compiled
def _reach(score: Any, worth: Any, price: Any, row: int, far: int, distance: Any, way: Any) -> None:
    """Offer every mentor a shorter way through a mentee who stands at `far`."""
    offset = far + worth[row]
    for one in range(len(price)):
        found = offset + price[one] - score[row, one]
        if found < distance[one]:
            distance[one] = found
            way[one] = row


@compiled
def _standing(level: Any, match: Any) -> Any:
    """Return the mentees matched to the mentors of a level."""
    count = 0
    for row in range(len(match)):
        count += level[match[row]]
    rows = np.empty(count, np.int64)
    count = 0
    for row in range(len(match)):
        if level[match[row]]:
            rows[count] = row
            count += 1
    return rows


@compiled
def _raise(
    worth: Any, price: Any, match: Any, distance: Any, scanned: Any, far: int, sources: Any
) -> None:
    """Raise prices, and lower what is left to mentees, so that the way that was found is free."""
    for row in range(len(match)):
        one = match[row]
        if one < len(price) and scanned[one]:
            worth[row] -= far - distance[one]
    for row in sources:
        worth[row] -= far
    for one in range(len(price)):
        if scanned[one]:
            price[one] += far - distance[one]


@compiled
def _pass_on(match: Any, way: Any, end: int, alone: int) -> None:
    """Give `end` to the mentee who reached it, theirs to whoever reached that, and so on."""
    while end != alone:
        row = way[end]
        match[row], end = end, match[row]


@compiled
def _search(
    score: Any, capacity: Any, match: Any, used: Any, worth: Any, price: Any, sources: Any,
    distance: Any, way: Any, scanned: Any, may_leave: bool,
) -> Any:  # fmt: skip
    """Return the free mentor found (-1: none), the mentee to be left alone, and the distance."""
    mentors = len(capacity)
    distance[:], way[:], scanned[:] = DISTANT, -1, False
    level = np.zeros(mentors + 1, np.bool_)
    rows, here = sources, np.int64(0)
    leave, leaver, ahead = np.int64(DISTANT), np.int64(-1), mentors
    while True:
        for row in rows:
            if ahead > 0:
                _reach(score, worth, price, row, here, distance, way)
            if may_leave and here + worth[row] < leave:
                leave, leaver = here + worth[row], row
        here = np.int64(DISTANT)
        for one in range(mentors):
            if not scanned[one] and distance[one] < here:
                here = distance[one]
        if here > leave or here >= DISTANT:
            return -1, leaver, leave
        for one in range(mentors):
            level[one] = not scanned[one] and distance[one] == here
            if level[one] and used[one] < capacity[one]:
                return one, -1, here
        for one in range(mentors):
            if level[one]:
                scanned[one] = True
                ahead -= 1
        rows = _standing(level, match)


@compiled
def seat_everybody(
    score: Any, capacity: Any, match: Any, used: Any, worth: Any, price: Any
) -> None:
    """Do what `exact.seat` does with every mentee in turn."""
    mentors = len(capacity)
    distance, way = np.empty(mentors, np.int64), np.empty(mentors, np.int64)
    scanned = np.empty(mentors, np.bool_)
    source = np.empty(1, np.int64)
    for mentee in range(len(match)):
        source[0] = mentee
        end, leaver, far = _search(
            score, capacity, match, used, worth, price, source, distance, way, scanned, True
        )
        _raise(worth, price, match, distance, scanned, far, source)
        if end >= 0:
            used[end] += 1
        else:
            end = match[leaver]
            match[leaver] = mentors
        _pass_on(match, way, end, mentors)


@compiled
def reach_out(score: Any, capacity: Any, match: Any, used: Any, worth: Any, price: Any) -> int:
    """Do what `exact.reach_out` does."""
    mentors = len(capacity)
    distance, way = np.empty(mentors, np.int64), np.empty(mentors, np.int64)
    scanned = np.empty(mentors, np.bool_)
    sources = np.flatnonzero(match == mentors)
    end, _, far = _search(
        score, capacity, match, used, worth, price, sources, distance, way, scanned, False
    )
    if end < 0:
        return -1
    _raise(worth, price, match, distance, scanned, far, sources)
    return far


@compiled
def fill(score: Any, worth: Any, price: Any, match: Any, used: Any, capacity: Any) -> Any:
    """Do what `exact.fill` does where a pair is tight that scores worth and price together."""
    mentors = len(capacity)
    dead = np.zeros(mentors, np.bool_)
    way = np.empty(mentors, np.int64)
    level = np.zeros(mentors + 1, np.bool_)
    source = np.empty(1, np.int64)
    for mentee in range(len(match)):
        if match[mentee] != mentors:
            continue
        source[0] = mentee
        rows, seen, end = source, dead.copy(), -1
        while len(rows) and end < 0:
            level[:] = False
            for row in rows:
                for one in range(mentors):
                    if score[row, one] == worth[row] + price[one] and not seen[one]:
                        seen[one] = level[one] = True
                        way[one] = row
            for one in range(mentors):
                if level[one] and used[one] < capacity[one]:
                    end = one
                    break
            if end < 0:
                rows = _standing(level, match)
        if end < 0:
            dead = seen
        else:
            used[end] += 1
            _pass_on(match, way, end, mentors)
    return dead


# ------------------------------------------------------------------ deferred acceptance


class Proposals:
    """What `stable.Proposals` is, with heaps as in `Bidding`."""

    def __init__(self, left: Any, mentees: int) -> None:
        """Start with nobody held; `left` (mentors,) are the places."""
        self._left = left
        self._heaps = Heaps(len(left), mentees)
        self.match = np.full(mentees, -1, np.int64)
        self.value = np.zeros(mentees, np.int64)

    def run(self, mentor: Any, value: Any, at: Any, end: Any, waiting: Any) -> Any:
        """Do what `stable.Proposals.run` does."""
        wishes, held = (mentor, value, at, end), (self.match, self.value)
        return np.sort(_propose(*wishes, waiting, self._left, *held, *self._heaps.arrays))


@compiled
def _propose(
    mentor: Any, value: Any, at: Any, end: Any, waiting: Any, left: Any, match: Any, given: Any,
    begin: Any, room: Any, held: Any, pool: Any,
) -> Any:  # fmt: skip
    """Let those waiting propose; return who came to the end of their wishes.

    Mentee i's wishes are ``mentor[at[i]:end[i]]``, worth ``value`` to those; `given` is what the
    mentor of each gives for them. Who is put `out` by a better one proposes next.
    """
    ended = np.empty(len(waiting), np.int64)
    count, top = 0, _end(begin, room)
    for first in waiting:
        mentee = first
        while mentee >= 0:
            match[mentee] = -1
            out = -1
            while at[mentee] < end[mentee]:
                one = mentor[at[mentee]]
                given[mentee] = value[at[mentee]]
                at[mentee] += 1
                if held[one] < left[one]:
                    top = _hold(begin, room, held, pool, top, one, mentee, given)
                    match[mentee] = one
                    break
                if held[one] > 0 and _goes_first(given, pool[begin[one]], mentee):
                    out = pool[begin[one]]
                    _sink(pool[begin[one] : begin[one] + room[one]], held[one], mentee, given)
                    match[mentee] = one
                    break
            if match[mentee] < 0:
                ended[count] = mentee
                count += 1
            mentee = out
    return ended[:count].copy()
