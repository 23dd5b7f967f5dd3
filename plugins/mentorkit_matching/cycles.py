"""Rings: each mentors the next and is mentored by the one before.

The best assignment of everybody to everybody gives rings of any length, and rows of those who found
no end. Those that are too short are joined to others, those that are too long are cut, and whoever
is left goes in where it costs least, until nothing of this is left to do; last, changes are made as
long as one helps and time allows, and rings near whoever is still left are taken apart to make
others of the same people. To find the best rings of at least three is NP-hard (Hell,
Kirkpatrick, Kratochvil and Kriz, "On restricted two-factors", 1988), so this is a heuristic; each
step is bounded and all numbers are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer[Any]]
Ring = list[int]
Among = tuple[list[Ring], list[int]]
"""Rings of some people, and who of them is in none."""

WORK = 60_000_000
"""About so many changes of two people are looked at to make rings better."""
NEVER = -(1 << 30)
"""What a change brings that must not be."""
ROWS = 512
"""So many people are compared with all others at once, to stay small."""
FEW = 40
"""Up to so many people it is begun several times."""
STARTS = 8
LOOKED_AT = 20_000
"""So many people are looked at to make a new ring of those who are left."""
APART, LOOKED_AT_ONCE = 200_000, 2_000
"""So many steps are looked at to make other rings of those that are taken apart: in all, and of the
same people."""
NEAR, MOST_APART = 6, 30
"""So many rings near somebody left are taken apart, of so many people together at most."""


def rings(
    weights: Ints, least: int, most: int, solve: Any, step: Callable[[], None] = lambda: None
) -> list[Ring]:
    """Return rings, each the people in order, of at least `least` and at most `most`.

    ``weights[a, b]`` (n, n) is what it is worth that a mentors b, 100 million at most, -1 where
    that must not be; and `solve` is `mentorkit.matching.assign.solve_dense`. More people in rings
    come first, then the total. `step` is called now and then, and may raise to end it.
    """
    people = len(weights)
    best: tuple[int, int, list[Ring]] = (0, 0, [])
    starts = STARTS if people <= FEW else 1
    for start in range(starts) if people >= least else ():
        work = _Rings(weights, least, most, APART // starts)
        made = _made(work, solve, start, step)
        links = [(ring[at - 1], one) for ring in made for at, one in enumerate(ring)]
        found = len(links), sum(int(weights[link]) for link in links)
        if found > best[:2]:
            best = *found, made
    return sorted(best[2], key=lambda ring: ring[0])


def _made(work: _Rings, solve: Any, start: int, step: Callable[[], None]) -> list[Ring]:
    """Return rings, begun with the best assignment; after the first start, of other weights.

    These are changed by Knuth's multiplicative hash, which is the same each time.
    """
    weights, people = work.weights, len(work.weights)
    worth = np.maximum(weights, 0).astype(np.int64)
    if start:
        pairs = np.arange(1, people * people + 1).reshape(people, people)
        worth += (pairs * 2654435761 * (2 * start + 1) >> 9) % (int(worth.max()) // 2 + 2)
    match = solve(worth, weights >= 0, np.ones(people, np.int64), "coverage").match
    work.begin(match.tolist())
    work.repair()
    for _ in range(max(10, WORK // people**2)):
        step()
        if not (work.improve() or work.take_apart()):
            break
        work.repair()
    return work.best()


def _cycles(to: Sequence[int]) -> Iterator[Ring]:
    """Yield the cycles and the rows of a partial permutation, in the order of their first."""
    heads = set(range(len(to))) - set(to)
    seen: set[int] = set()
    for first in (*sorted(heads), *range(len(to))):
        ring = []
        one = first
        while one >= 0 and one not in seen:
            seen.add(one)
            ring.append(one)
            one = to[one]
        if ring:
            yield ring


def _joined(ring: Ring, other: Ring, at: int, to: int) -> Ring:
    """Return one ring of two, in which each of these two goes on with the other's next."""
    here, there = ring.index(at) + 1, other.index(to) + 1
    return ring[:here] + other[there:] + other[:there] + ring[here:]


def _parted(ring: Ring, at: int, to: int) -> tuple[Ring, Ring]:
    """Return the two rings of one in which each of these two goes on with the other's next."""
    first, last = sorted((ring.index(at), ring.index(to)))
    return ring[first + 1 : last + 1], ring[last + 1 :] + ring[: first + 1]


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Rings as arrays, by person (n,): who is before and after, which ring, where, and how long.

    `here` are all who are in a ring, in order, ring by ring.
    """

    here: Ints
    before: Ints
    after: Ints
    ring: Ints
    place: Ints
    size: Ints

    @classmethod
    def of(cls, rings: Sequence[Ring], people: int) -> _Links:
        here = np.fromiter(chain.from_iterable(rings), np.int64)
        sizes = np.array([len(ring) for ring in rings], np.int64)
        ends = np.cumsum(sizes)
        before, after, ring, place, size = (np.full(people, -1) for _ in range(5))
        following = np.roll(here, -1)
        following[ends - 1] = here[ends - sizes]
        after[here], before[following] = following, here
        ring[here] = np.repeat(np.arange(len(sizes)), sizes)
        place[here] = np.arange(len(here)) - np.repeat(ends - sizes, sizes)
        size[here] = np.repeat(sizes, sizes)
        return cls(here, before, after, ring, place, size)


class _Rings:
    """Rings as they are, and who is in none."""

    def __init__(self, weights: Ints, least: int, most: int, looks: int) -> None:
        self.least, self.most = least, most
        self.weights = np.ascontiguousarray(weights, np.int32)
        self._turned = np.ascontiguousarray(self.weights.T)  # rows are read faster than columns
        self.rings: list[Ring] = []
        self.left: list[int] = []
        self._kept: tuple[tuple[int, int], list[Ring]] = ((0, 0), [])
        self._were_left: set[frozenset[int]] = set()
        self._looks = looks

    def best(self) -> list[Ring]:
        """Return the best rings there have been, each from its first person on."""
        self._keep()
        return [ring[(at := ring.index(min(ring))) :] + ring[:at] for ring in self._kept[1]]

    def _keep(self) -> None:
        """Keep the rings where they are the best so far."""
        links = self._links
        total = int(self.weights[links.here, links.after[links.here]].sum(dtype=np.int64))
        if (worth := (len(links.here), total)) > self._kept[0]:
            self._kept = worth, [ring[:] for ring in self.rings]

    def begin(self, to: Sequence[int]) -> None:
        """Take the cycles of an assignment; a row is a ring if its last may mentor its first."""
        for ring in _cycles(to):
            if len(ring) > 1 and self.weights[ring[-1], ring[0]] >= 0:
                self.rings.append(ring)
            else:
                self.left += ring

    def repair(self) -> None:
        """Give every ring a length that is asked for, and let in whoever can still go in.

        It comes to an end: each step leaves fewer rings that are too short, or fewer people too
        many in a ring, or fewer who are left, and none of them makes one of the former worse.
        """
        while self.join() or self.cut() or self.fill() or self.found():
            pass

    @property
    def _links(self) -> _Links:
        return _Links.of(self.rings, len(self.weights))

    # ------------------------------------------------------------------ lengths

    def join(self) -> bool:
        """Join a ring that is too short to another where that costs least, else give it up."""
        at = next((at for at, ring in enumerate(self.rings) if len(ring) < self.least), None)
        if at is None:
            return False
        short, links = self.rings[at], self._links
        both = links.size[links.here] + len(short)
        fits = ((both <= self.most) | (both >= 2 * self.least)) & (links.ring[links.here] != at)
        here, there = links.here[fits], np.array(short)
        gain = self._crossed(links, there, here)  # few rows are read
        best = int(gain.argmax()) if gain.size else 0
        if gain.size and gain.flat[best] > NEVER:
            one, other = int(here[best % len(here)]), int(there[best // len(here)])
            to = int(links.ring[one])
            self.rings[to] = _joined(self.rings[to], short, one, other)
        else:
            self.left += short
        del self.rings[at]
        return True

    def _crossed(self, links: _Links, here: Ints, there: Ints) -> Ints:
        """Return what it brings (here, there) if each of two goes on with the other's next.

        Two rings become one by that, and one ring becomes two.
        """
        over = self.weights[here][:, links.after[there]]
        back = self._turned[links.after[here]][:, there]
        own, other = (self.weights[some, links.after[some]] for some in (here, there))
        gain = over + back - own[:, None] - other
        gain[(over < 0) | (back < 0)] = NEVER
        return gain

    def cut(self) -> bool:
        """Cut a ring that is too long where that costs least; where it cannot be, one leaves."""
        long = next((ring for ring in self.rings if len(ring) > self.most), None)
        if long is None:
            return False
        self.rings.remove(long)
        size, here = len(long), np.array(long)
        before, after = np.roll(here, 1), np.roll(here, -1)
        lengths = range(self.least, min(self.most, size - self.least) + 1)
        best = NEVER, 0, 0
        for length in lengths:
            last, beyond = np.roll(here, 1 - length), np.roll(here, -length)
            closing, other = self.weights[last, here], self.weights[before, beyond]
            gain = closing + other - self.weights[before, here] - self.weights[last, beyond]
            gain[(closing < 0) | (other < 0)] = NEVER
            first = int(gain.argmax())
            best = max(best, (int(gain[first]), -first, -length))
        if best[0] > NEVER:
            first, length = -best[1], -best[2]
            turned = long[first:] + long[:first]
            self.rings += [turned[:length], turned[length:]]
            return True
        bridge = self.weights[before, after]
        at = int(bridge.argmax())
        if bridge[at] >= 0:
            self.left.append(long[at])
            self.rings.append(long[:at] + long[at + 1 :])
        else:
            self.left += long
        return True

    # ------------------------------------------------------------------ who is left

    def fill(self) -> bool:
        """Let who is left into rings where that costs least, one into each at a time."""
        links = self._links
        open_rings = [at for at, ring in enumerate(self.rings) if len(ring) < self.most]
        if not (self.left and open_rings):
            return False
        rows = np.array(sorted(self.left))
        here = links.here[links.size[links.here] < self.most]
        begins = np.flatnonzero(links.place[here] == 0)
        best = np.maximum.reduceat(self._entered(links, here, rows), begins, axis=1)
        people, rings = np.nonzero(best > NEVER)
        order = np.lexsort((rings, people, -best[people, rings]))
        entered: dict[int, int] = {}
        for one, at in zip(people[order].tolist(), rings[order].tolist(), strict=True):
            if len(entered) == len(open_rings):
                break
            if one not in entered.values() and at not in entered:
                entered[at] = one
        for at, one in entered.items():
            ring, person = self.rings[open_rings[at]], int(rows[one])
            gain = self._entered(links, np.array(ring), np.array([person]))[0]
            ring.insert(int(gain.argmax()) + 1, person)
            self.left.remove(person)
        return bool(entered)

    def _entered(self, links: _Links, here: Ints, people: Ints) -> Ints:
        """Return what it brings (people, here) if each comes in after each of those in rings."""
        after = links.after[here]
        come, go = self._turned[people][:, here], self.weights[people][:, after]
        gain = come + go - self.weights[here, after]
        gain[(come < 0) | (go < 0)] = NEVER
        return gain

    def found(self) -> bool:
        """Make rings of those who are left."""
        here = np.array(sorted(self.left), np.int64)
        made = len(self.rings)
        for first in here.tolist():
            ring = self._ring_from(first, here[here > first]) if first in self.left else None
            if ring is not None:
                self.rings.append(ring)
                self.left = [one for one in self.left if one not in ring]
                here = here[~np.isin(here, ring)]
        return len(self.rings) > made

    def _ring_from(self, first: int, others: Ints) -> Ring | None:
        """Return a ring of this person and others, the best step first, None where none is seen."""
        looked, rows = 0, [[first]]
        while rows and looked < LOOKED_AT:
            row = rows.pop()
            looked += 1
            if len(row) >= self.least and self.weights[row[-1], first] >= 0:
                return row
            if len(row) < min(self.most, self.least + 2):
                worth = self.weights[row[-1], others]
                after = others[worth >= 0]
                order = np.lexsort((-after, worth[worth >= 0]))
                rows += [[*row, one] for one in after[order].tolist() if one not in row]
        return None

    # ------------------------------------------------------------------ rings taken apart

    def take_apart(self) -> bool:
        """Take a ring or two apart so that somebody left finds a place in others made of them.

        Where nobody does, others are left in their stead, if it was never just these: there may be
        a place for them. It comes to an end, for only so much is looked at.
        """
        if not self._divides(len(self.weights), len(self.left) - 1) or not self._looks:
            return False  # nobody is left but who has to be, or there was time enough
        self._keep()
        self._were_left.add(frozenset(self.left))
        instead: tuple[tuple[int, ...], list[Ring], list[int]] | None = None
        for at, people in self._near_those_left():
            there = sum(one in people for one in self.left)
            for leave in range(there + 1):
                found = self._rings_among(people, leave)
                if found is None:
                    continue
                rings, out = found
                left = [one for one in self.left if one not in people] + out
                if leave == there and frozenset(left) in self._were_left:
                    continue
                if leave < there or instead is None:
                    instead = at, rings, left
                break
            if not self._looks or (instead is not None and len(instead[2]) < len(self.left)):
                break
        if instead is None:
            return False
        at, rings, self.left = instead
        self.rings = [ring for here, ring in enumerate(self.rings) if here not in at] + rings
        return True

    def _near_those_left(self) -> Iterator[tuple[tuple[int, ...], list[int]]]:
        """Yield rings that somebody left has to do with, and all the people to make others of."""
        ring_of = self._links.ring
        for one in sorted(self.left):
            near = np.concatenate(
                [ring_of[side[one] >= 0] for side in (self.weights, self._turned)]
            )
            times = np.bincount(near[near >= 0], minlength=len(self.rings))
            rings = np.lexsort((np.arange(len(times)), -times))[:NEAR]
            rings = rings[times[rings] > 0]
            for size in (1, 2):
                for at in combinations(rings.tolist(), size):
                    there = [each for ring in at for each in self.rings[ring]]
                    if len(there) <= MOST_APART:
                        others = [each for each in sorted(self.left) if each != one]
                        yield at, [one, *self._with_links(others, [one, *there])[:NEAR], *there]

    def _with_links(self, people: Sequence[int], others: Sequence[int]) -> list[int]:
        """Return those of these people who may mentor one of the others and be mentored by one."""
        there = (self.weights[np.ix_(people, others)] >= 0).any(axis=1)
        back = (self._turned[np.ix_(people, others)] >= 0).any(axis=1)
        return [people[at] for at in np.flatnonzero(there & back).tolist()]

    def _rings_among(self, people: Sequence[int], leave: int) -> Among | None:
        """Return rings of these people in which all are but so many at most, and who is in none.

        None where there are none, or none was seen in so many looks.
        """
        table = self.weights[np.ix_(people, people)]
        after: dict[int, list[int]] = {}
        for one, row in zip(people, table, strict=True):
            order = np.argsort(-row, kind="stable")
            after[one] = [people[at] for at in order.tolist() if row[at] >= 0]
        looks = min(self._looks, LOOKED_AT_ONCE)

        def rings_from(row: Ring, free: set[int]) -> Iterator[Ring]:
            nonlocal looks
            for one in after[row[-1]]:
                looks -= 1
                if looks < 0:
                    return
                if one == row[0] and len(row) >= self.least:
                    yield row
                elif one in free and len(row) < self.most:
                    yield from rings_from([*row, one], free - {one})

        def made_of(free: set[int], leave: int) -> Among | None:
            nonlocal looks
            if len(free) <= leave:
                return [], sorted(free)
            if looks < 0 or not self._divides(len(free), leave):
                return None
            looks -= len(free)
            first = min(free, key=lambda one: (sum(two in free for two in after[one]), one))
            for ring in rings_from([first], free - {first}):
                if found := made_of(free - set(ring), leave):
                    return [ring, *found[0]], found[1]
            if leave and (found := made_of(free - {first}, leave - 1)):
                return found[0], [first, *found[1]]
            return None

        found = made_of(set(people), leave)
        self._looks -= min(self._looks, LOOKED_AT_ONCE) - max(0, looks)
        return found

    def _divides(self, people: int, leave: int) -> bool:
        """Return whether so many, but for some, are rings of lengths that are asked for."""
        return any(
            -(-count // self.most) * self.least <= count
            for count in range(max(0, people - leave), people + 1)
        )

    # ------------------------------------------------------------------ better rings

    def improve(self) -> bool:
        """Make changes that help, the best first: exchanges of two people, then cuts and joints."""
        exchanged = self._exchange()
        return self._regroup() or exchanged

    def _exchange(self) -> bool:
        """Let two change places, or somebody left take one: all that do not touch each other."""
        links = self._links
        here, left = links.here, np.array(sorted(self.left), np.int64)
        if not len(here):
            return False
        own = self.weights[links.before[here], here] + self.weights[here, links.after[here]]
        gains, ones, others = [], np.concatenate((here, left)), []
        for start in range(0, len(ones), ROWS):
            rows = ones[start : start + ROWS]
            placed = rows[links.size[rows] > 0]
            come = self._turned[rows][:, links.before[here]]
            go = self.weights[rows][:, links.after[here]]
            gain = come + go - own
            never = (come < 0) | (go < 0)
            some = slice(0, len(placed))
            come = self.weights[links.before[placed]][:, here]
            go = self._turned[links.after[placed]][:, here]
            gain[some] += come + go - own[start : start + len(placed), None]
            never[some] |= (come < 0) | (go < 0)
            near = np.arange(len(placed))
            gain[never] = NEVER
            at = np.full(len(self.weights), -1)
            at[here] = np.arange(len(here))
            for neighbour in (placed, links.before[placed], links.after[placed]):
                gain[near, at[neighbour]] = NEVER
            best = gain.argmax(axis=1)
            gains.append(gain[np.arange(len(rows)), best])
            others.append(here[best])
        gain, other = np.concatenate(gains), np.concatenate(others)
        change: dict[int, int] = {}
        touched: set[int] = set()
        for row in np.lexsort((other, ones, -gain)).tolist():
            if gain[row] <= 0:
                break
            pair = [int(ones[row]), int(other[row])]
            around = {*pair, *links.before[pair].tolist(), *links.after[pair].tolist()} - {-1}
            if touched.isdisjoint(around):
                touched |= around
                change |= {pair[0]: pair[1], pair[1]: pair[0]}
        self.rings = [[change.get(one, one) for one in ring] for ring in self.rings]
        self.left = [change.get(one, one) for one in self.left]
        return bool(change)

    def _regroup(self) -> bool:
        """Cut rings in two and join two rings, each ring once at most."""
        links = self._links
        size = links.size[links.here]
        able = (size >= 2 * self.least) | (size + size.min(initial=self.most) <= self.most)
        here = links.here[able]
        if not len(here):
            return False
        size, ring, place = (one[here] for one in (links.size, links.ring, links.place))
        gains, others = [], []
        for start in range(0, len(here), ROWS):
            rows = slice(start, start + ROWS)
            same = ring[rows, None] == ring
            part = (place - place[rows, None]) % size
            parts = (part >= self.least) & (size - part >= self.least)
            fits = np.where(same, parts, size[rows, None] + size <= self.most)
            gain = np.where(fits, self._crossed(links, here[rows], here), NEVER)
            best = gain.argmax(axis=1)
            gains.append(gain[np.arange(len(best)), best])
            others.append(here[best])
        gain, other = np.concatenate(gains), np.concatenate(others)
        gone: set[int] = set()
        new: list[Ring] = []
        for row in np.lexsort((other, here, -gain)).tolist():
            if gain[row] <= 0:
                break
            one, two = int(here[row]), int(other[row])
            touched = {int(links.ring[one]), int(links.ring[two])}
            if gone.isdisjoint(touched):
                gone |= touched
                first = self.rings[int(links.ring[one])]
                if len(touched) == 1:
                    new += _parted(first, one, two)
                else:
                    new.append(_joined(first, self.rings[int(links.ring[two])], one, two))
        self.rings = [ring for at, ring in enumerate(self.rings) if at not in gone] + new
        return bool(gone)
