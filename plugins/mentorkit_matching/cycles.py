"""Rings: each mentors the next and is mentored by the one before.

The best assignment of everybody to everybody gives rings of any length, and rows of those who found
no end. Those that are too short are joined to others, those that are too long are cut; whoever is
left goes in where it costs least, and last, single changes are made as long as one helps. To find
the best rings of at least three is NP-hard (Hell, Kirkpatrick, Kratochvil and Kriz, "On restricted
two-factors", 1988), so this is a heuristic; each step is bounded and all numbers are whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Ring = list[int]

WORK = 400_000_000
"""About so many changes of two people are looked at."""
FEW = 40
"""Up to so many people it is begun several times."""
STARTS = 8
LOOKED_AT = 20_000
"""So many people are looked at to make a new ring of those who are left."""


def rings(weights: Ints, least: int, most: int, solve: Any) -> list[Ring]:
    """Return rings, each the people in order, of at least `least` and at most `most`.

    ``weights[a, b]`` (n, n) is what it is worth that a mentors b, -1 where that must not be; and
    `solve` is `mentorkit.matching.assign.solve_dense`. More people in rings come first, then the
    total.
    """
    people = len(weights)
    best: tuple[int, int, list[Ring]] = (0, 0, [])
    for start in range(STARTS if people <= FEW else 1) if people >= least else ():
        made = _made(weights, least, most, solve, start)
        links = [(ring[at - 1], one) for ring in made for at, one in enumerate(ring)]
        found = len(links), sum(int(weights[link]) for link in links)
        if found > best[:2]:
            best = *found, made
    return sorted(best[2], key=lambda ring: ring[0])


def _made(weights: Ints, least: int, most: int, solve: Any, start: int) -> list[Ring]:
    """Return rings, begun with the best assignment; after the first start, of other weights.

    These are changed by Knuth's multiplicative hash, which is the same each time.
    """
    people = len(weights)
    worth = np.maximum(weights, 0)
    if start:
        pairs = np.arange(1, people * people + 1).reshape(people, people)
        worth += (pairs * 2654435761 * (2 * start + 1) >> 9) % (int(worth.max()) // 2 + 2)
    match = solve(worth, weights >= 0, np.ones(people, np.int64), "coverage").match
    work = _Rings(weights, least, most)
    work.begin(match.tolist())
    for _ in range(max(50, min(20 * people, WORK // people**2))):
        if not (work.join() or work.cut() or work.fill() or work.found() or work.improve()):
            break
    return work.whole()


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


class _Rings:
    """Rings as they are, and who is in none."""

    def __init__(self, weights: Ints, least: int, most: int) -> None:
        self.weights, self.least, self.most = weights, least, most
        self.rings: list[Ring] = []
        self.left: list[int] = []

    def whole(self) -> list[Ring]:
        """Return the rings of a length that is asked for, each from its first person on."""
        turned = []
        for ring in self.rings:
            if self.least <= len(ring) <= self.most:
                at = ring.index(min(ring))
                turned.append(ring[at:] + ring[:at])
        return turned

    def begin(self, to: Sequence[int]) -> None:
        """Take the cycles of an assignment; a row is a ring if its last may mentor its first."""
        for ring in _cycles(to):
            if len(ring) > 1 and self.weights[ring[-1], ring[0]] >= 0:
                self.rings.append(ring)
            else:
                self.left += ring

    # ------------------------------------------------------------------ lengths

    def join(self) -> bool:
        """Join a ring that is too short to another where that costs least, else give it up."""
        short = next((ring for ring in self.rings if len(ring) < self.least), None)
        if short is None:
            return False
        best: tuple[int, Ring, int, int] | None = None
        for ring in self.rings:
            both = len(ring) + len(short)
            if ring is short or self.most < both < 2 * self.least:
                continue
            gain, at, other = self._crossed(ring, short)
            if gain is not None and (best is None or gain > best[0]):
                best = gain, ring, at, other
        self.rings.remove(short)
        if best is None:
            self.left += short
        else:
            self.rings[self.rings.index(best[1])] = _joined(best[1], short, *best[2:])
        return True

    def _crossed(self, ring: Ring, other: Ring) -> tuple[int | None, int, int]:
        """Return what it brings to make one of two rings, and after whom each goes over."""
        weights = self.weights
        here, there = np.array(ring), np.array(other)
        next_here, next_there = np.roll(here, -1), np.roll(there, -1)
        over, back = weights[np.ix_(here, next_there)], weights[np.ix_(there, next_here)].T
        gain = over + back - weights[here, next_here][:, None] - weights[there, next_there]
        gain = np.where((over >= 0) & (back >= 0), gain, -(1 << 40))
        best = int(gain.argmax())
        worth = int(gain.flat[best])
        at, to = ring[best // len(other)], other[best % len(other)]
        return (worth if worth > -(1 << 39) else None), at, to

    def cut(self) -> bool:
        """Cut a ring that is too long where that costs least; where it cannot be, one leaves."""
        long = next((ring for ring in self.rings if len(ring) > self.most), None)
        if long is None:
            return False
        self.rings.remove(long)
        found = self._cut(long)
        if found:
            self.rings += found[1]
            return True
        shorter = [
            (self._bridge(long, at), at) for at in range(len(long)) if self._bridge(long, at) >= 0
        ]
        if shorter:
            at = max(shorter)[1]
            self.left.append(long[at])
            self.rings.append(long[:at] + long[at + 1 :])
        else:
            self.left += long
        return True

    def _bridge(self, ring: Ring, at: int) -> int:
        """Return what it is worth that the one before mentors the one after, -1 if not allowed."""
        return int(self.weights[ring[at - 1], ring[(at + 1) % len(ring)]])

    def _cut(self, ring: Ring) -> tuple[int, list[Ring]] | None:
        """Return what the best cut in two brings, and the two."""
        size, best = len(ring), None
        for first in range(size):
            for length in range(self.least, min(self.most, size - self.least) + 1):
                last = (first + length - 1) % size
                before, after = ring[first - 1], ring[(last + 1) % size]
                closing = int(self.weights[ring[last], ring[first]])
                other = int(self.weights[before, after])
                if closing < 0 or other < 0:
                    continue
                gain = closing + other - int(self.weights[before, ring[first]])
                gain -= int(self.weights[ring[last], after])
                if best is None or gain > best[0]:
                    best = gain, first, length
        if best is None:
            return None
        gain, first, length = best
        turned = ring[first:] + ring[:first]
        return gain, [turned[:length], turned[length:]]

    # ------------------------------------------------------------------ who is left

    def fill(self) -> bool:
        """Let somebody who is left into a ring where that costs least."""
        best: tuple[int, int, int, int] | None = None
        for one, (number, ring) in product(sorted(self.left), enumerate(self.rings)):
            if len(ring) >= self.most:
                continue
            here = np.array(ring)
            after = np.roll(here, -1)
            able = (self.weights[here, one] >= 0) & (self.weights[one, after] >= 0)
            if not able.any():
                continue
            gain = self.weights[here, one] + self.weights[one, after] - self.weights[here, after]
            gain = np.where(able, gain, -(1 << 40))
            at = int(gain.argmax())
            if best is None or gain[at] > best[0]:
                best = int(gain[at]), one, number, at
        if best is None:
            return False
        _, one, number, at = best
        self.rings[number].insert(at + 1, one)
        self.left.remove(one)
        return True

    def found(self) -> bool:
        """Make a ring of those who are left."""
        looked = 0
        here = sorted(self.left)
        for first in here:
            rows: list[Ring] = [[first]]
            while rows and looked < LOOKED_AT:
                row = rows.pop()
                looked += 1
                if len(row) >= self.least and self.weights[row[-1], first] >= 0:
                    self.rings.append(row)
                    self.left = [one for one in self.left if one not in row]
                    return True
                if len(row) < min(self.most, self.least + 2):
                    after = [one for one in here if self.weights[row[-1], one] >= 0]
                    after = [one for one in after if one > first and one not in row]
                    after.sort(key=lambda one: (int(self.weights[row[-1], one]), -one))
                    rows += [[*row, one] for one in after]
        return False

    # ------------------------------------------------------------------ better rings

    def improve(self) -> bool:
        """Make the one change that brings most: an exchange of two people, a cut or a joint."""
        changes = [self._exchange(), self._regroup()]
        gain, rings, left = max(changes, key=lambda change: change[0])
        if gain <= 0:
            return False
        self.rings, self.left = rings, left
        return True

    def _exchange(self) -> tuple[int, list[Ring], list[int]]:
        """Return what it brings that two change places, or somebody left takes one, and so made."""
        weights, placed = self.weights, [one for ring in self.rings for one in ring]
        nothing = (0, self.rings, self.left)
        if not placed:
            return nothing
        before = np.full(len(weights), -1)
        after = np.full(len(weights), -1)
        for ring in self.rings:
            before[ring] = np.roll(ring, 1)
            after[ring] = np.roll(ring, -1)
        here = np.array(placed)
        there = np.array([*placed, *self.left])
        come, go = weights[np.ix_(before[here], there)].T, weights[np.ix_(there, after[here])]
        fits = (come >= 0) & (go >= 0)  # [who comes, whose place]
        own = weights[before[here], here] + weights[here, after[here]]
        inner = len(here)
        gain = come + go
        gain[:inner] += gain[:inner].T.copy()
        fits[:inner] &= fits[:inner].T.copy()
        gain -= own
        gain[:inner] -= own[:, None]
        near = (before[here][:, None] == here) | (after[here][:, None] == here)
        fits[:inner] &= ~(near | np.eye(inner, dtype=np.bool_))
        gain = np.where(fits, gain, 0)
        best = int(gain.argmax())
        if gain.flat[best] <= 0:
            return nothing
        one, other = int(there[best // inner]), int(here[best % inner])
        change = {one: other, other: one}
        rings = [[change.get(each, each) for each in ring] for ring in self.rings]
        return int(gain.flat[best]), rings, [change.get(each, each) for each in self.left]

    def _regroup(self) -> tuple[int, list[Ring], list[int]]:
        """Return what the best cut of a ring, or joint of two, brings, and the rings so made."""
        best: tuple[int, list[Ring], list[Ring]] = (0, [], [])
        for ring in self.rings:
            found = self._cut(ring)
            if found and found[0] > best[0]:
                best = found[0], [ring], found[1]
        for at, ring in enumerate(self.rings):
            for other in self.rings[:at]:
                if len(ring) + len(other) > self.most:
                    continue
                gain, here, there = self._crossed(ring, other)
                if gain is not None and gain > best[0]:
                    best = gain, [ring, other], [_joined(ring, other, here, there)]
        gain, gone, new = best
        rings = [ring for ring in self.rings if not any(ring is one for one in gone)]
        return gain, rings + new, self.left
