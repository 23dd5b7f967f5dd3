"""The best way to put people into pairs, where anybody may go with anybody.

`exact` is the primal-dual method of Edmonds ("Maximum matching and a polyhedron with 0,1-vertices",
1965) for perfect matchings of greatest weight: prices of people and of blossoms (odd sets that are
paired but for one) prove the answer. It begins with the prices of the assignment problem in which
everybody stands on both sides, as Applegate and Cook do ("Solving large-scale matching problems",
1993), so that few are left to be paired. `near` starts there, too, and lets two pairs change
partners as long as that helps. Weights and prices are whole numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
NONE = -1
FREE, OUTER, INNER = 0, 1, 2
FAR = np.int64(1 << 60)


def exact(weights: Ints, solve: Any) -> Ints:
    """Return each one's partner, -1 for none: most pairs, and of these the greatest total.

    `weights` is symmetric, (n, n), -1 where two must not be a pair; `solve` is
    `mentorkit.matching.assign.solve_dense`.
    """
    worth = _worth(weights)
    mate = _Search(worth, *_start(weights, worth, solve)).run()
    return _kept(mate, weights)


def near(weights: Ints, solve: Any) -> Ints:
    """Return what `exact` does, or something near, for more people than that has time for."""
    worth = _worth(weights)
    mate = _start(weights, worth, solve)[1]
    alone = np.flatnonzero(mate == NONE)
    while len(alone) > 1:  # the best of those left, again and again
        left = worth[np.ix_(alone, alone)]
        np.fill_diagonal(left, -1)
        one, other = np.unravel_index(int(left.argmax()), left.shape)
        mate[alone[one]], mate[alone[other]] = alone[other], alone[one]
        alone = np.delete(alone, [one, other])
    _exchange(worth, mate)
    return _kept(mate, weights)


def _worth(weights: Ints) -> Ints:
    """Return weights of all pairs, of evenly many people; one more pair beats any total.

    A pair that must not be is worth nothing, as if both were alone.
    """
    people = len(weights) + len(weights) % 2
    bonus = max(1, people) * (int(weights.max(initial=0)) + 1)
    worth = np.zeros((people, people), np.int64)
    inner = worth[: len(weights), : len(weights)]
    inner[weights >= 0] = weights[weights >= 0] + bonus
    return worth


def _kept(mate: Ints, weights: Ints) -> Ints:
    mate = mate[: len(weights)].copy()
    mate[mate >= len(weights)] = NONE
    people = np.flatnonzero(mate >= 0)
    mate[people[weights[people, mate[people]] < 0]] = NONE
    return mate


def _start(weights: Ints, worth: Ints, solve: Any) -> tuple[Ints, Ints]:
    """Return prices that cover twice each weight, and pairs that are worth just that.

    Who goes to whom in the assignment problem makes cycles; every other step of one is a pair.
    """
    people, given = len(worth), len(weights)
    able = weights >= 0
    solved = solve(np.maximum(weights, 0), able, np.ones(given, np.int64), "coverage")
    prices, to = np.zeros(people, np.int64), np.full(people, NONE, np.int64)
    prices[:given], to[:given] = solved.prices, solved.match
    others = ~np.eye(people, dtype=np.bool_)
    gains = np.where(others, worth - prices, -FAR).max(axis=1, initial=0)
    mate = np.full(people, NONE, np.int64)
    for first in range(people):
        one = first
        while mate[one] == NONE and to[one] >= 0 and mate[to[one]] == NONE:
            other = int(to[one])
            if gains[one] + prices[one] + gains[other] + prices[other] > 2 * worth[one, other]:
                break
            mate[one], mate[other] = other, one
            one = int(to[other])
            if one < 0:
                break
    return gains + prices, mate


def _exchange(worth: Ints, mate: Ints) -> None:
    """Let two pairs change partners where that brings more, the most telling changes first."""
    for _ in range(200):
        one = np.flatnonzero(np.arange(len(mate)) < mate)
        two = mate[one]
        now = worth[one, two][:, None] + worth[one, two][None, :]
        straight = worth[np.ix_(one, one)] + worth[np.ix_(two, two)]
        crossed = worth[np.ix_(one, two)] + worth[np.ix_(two, one)]
        np.fill_diagonal(straight, 0)
        np.fill_diagonal(crossed, 0)
        gain = np.triu(np.maximum(straight, crossed) - now, 1)
        at, other = np.nonzero(gain > 0)
        if not len(at):
            return
        done: set[int] = set()
        for change in np.lexsort((other, at, -gain[at, other])).tolist():
            p, q = int(at[change]), int(other[change])
            if p in done or q in done:
                continue
            done |= {p, q}
            a, b, c, d = int(one[p]), int(two[p]), int(one[q]), int(two[q])
            if crossed[p, q] > straight[p, q]:
                c, d = d, c
            mate[a], mate[c], mate[b], mate[d] = c, a, d, b


class _Search:
    """Trees of tight edges, grown from all who have no partner until two of them meet.

    Blossoms are numbered from n on. `top` is the outermost blossom of each person; `cycle` are the
    parts of a blossom in order, the one that holds its `base` first, and `links` the edge from each
    part to the next. `enter` is the edge by which a tree came to an inner blossom, or to an outer
    one's inner, and prices cover four times each weight, all even, so that halves stay whole.
    """

    def __init__(self, worth: Ints, prices: Ints, mate: Ints) -> None:
        self.n = len(worth)
        self.weight = 4 * worth
        self.price = 2 * prices
        self.mate = mate.copy()
        self.top = np.arange(self.n)
        self.label = np.zeros(self.n, np.int64)
        self.base: dict[int, int] = {one: one for one in range(self.n)}
        self.cycle: dict[int, list[int]] = {}
        self.links: dict[int, list[tuple[int, int]]] = {}
        self.inner_price: dict[int, int] = {}
        self.enter: dict[int, tuple[int, int]] = {}
        self.next_id = self.n

    def run(self) -> Ints:
        """Return everybody's partner."""
        while (self.mate == NONE).any():
            self._plant()
            while not self._step():
                pass
        return self.mate

    # ------------------------------------------------------------------ blossoms

    def _people(self, blossom: int) -> list[int]:
        if blossom < self.n:
            return [blossom]
        return [one for part in self.cycle[blossom] for one in self._people(part)]

    def _mark(self, blossom: int, label: int) -> None:
        self.label[self._people(blossom)] = label

    def _plant(self) -> None:
        """Begin trees at all who have no partner."""
        self.label[:] = FREE
        self.enter.clear()
        for one in np.flatnonzero(self.mate == NONE).tolist():
            self._mark(int(self.top[one]), OUTER)

    # ------------------------------------------------------------------ one step

    def _step(self) -> bool:
        """Change prices until an edge is tight, and use it; return whether two trees met."""
        outer = np.flatnonzero(self.label == OUTER)
        slack = self.price[outer][:, None] + self.price[None, :] - self.weight[outer]
        slack[self.top[outer][:, None] == self.top[None, :]] = FAR
        slack[:, self.label == INNER] = FAR
        slack[:, self.label == OUTER] //= 2
        at = int(slack.argmin())
        delta = int(slack.flat[at])
        closing = min(
            (
                (price // 2, blossom)
                for blossom, price in self.inner_price.items()
                if self.top[self._people(blossom)[0]] == blossom
                and self.label[self._people(blossom)[0]] == INNER
            ),
            default=(int(FAR), NONE),
        )
        expand = closing[0] < delta
        self._pay(min(delta, closing[0]))
        if expand:
            self._expand(closing[1])
            return False
        one, other = int(outer[at // self.n]), at % self.n
        if self.label[other] == FREE:
            self._grow(one, other)
            return False
        return self._meet(one, other)

    def _pay(self, delta: int) -> None:
        if not delta:
            return
        self.price[self.label == OUTER] -= delta
        self.price[self.label == INNER] += delta
        for blossom in self.inner_price:
            first = self._people(blossom)[0]
            if self.top[first] == blossom and self.label[first] != FREE:
                self.inner_price[blossom] += 2 * delta if self.label[first] == OUTER else -2 * delta

    def _grow(self, one: int, other: int) -> None:
        """Take a free blossom into the tree, and the one that it is paired with."""
        inner = int(self.top[other])
        self.enter[inner] = (one, other)
        self._mark(inner, INNER)
        self._mark(int(self.top[self.mate[self.base[inner]]]), OUTER)

    def _up(self, outer: int) -> int | None:
        """Return the outer blossom that is next on the way to the root."""
        partner = int(self.mate[self.base[outer]])
        return None if partner < 0 else int(self.top[self.enter[int(self.top[partner])][0]])

    def _meet(self, one: int, other: int) -> bool:
        """Join two outer blossoms: two trees are paired anew, one tree has a blossom more."""
        ways: list[list[int]] = []
        for start in (one, other):
            way, at = [], int(self.top[start])
            while True:
                way.append(at)
                above = self._up(at)
                if above is None:
                    break
                at = above
            ways.append(way)
        if ways[0][-1] != ways[1][-1]:
            for here, there in ((one, other), (other, one)):
                self._augment(here, there)
            return True
        shared = set(ways[1])
        self._shrink(one, other, next(each for each in ways[0] if each in shared))
        return False

    def _augment(self, person: int, partner: int) -> None:
        """Pair a person anew, and all on the way from there to the root."""
        while True:
            outer = int(self.top[person])
            old = int(self.mate[self.base[outer]])
            self._rebase(outer, person)
            self.mate[person] = partner
            if old < 0:
                return
            inner = int(self.top[old])
            person, entered = self.enter[inner]
            self._rebase(inner, entered)
            self.mate[entered] = person
            partner = entered

    def _rebase(self, blossom: int, person: int) -> None:
        """Pair the people in a blossom so that this one is left for somebody outside."""
        if blossom < self.n:
            return
        parts, links = self.cycle[blossom], self.links[blossom]
        at = next(i for i, part in enumerate(parts) if person in self._people(part))
        self._rebase(parts[at], person)
        count = len(parts)
        for step in range(1, count, 2):
            i = (at + step) % count
            here, there = links[i]
            self._rebase(parts[i], here)
            self._rebase(parts[(i + 1) % count], there)
            self.mate[here], self.mate[there] = there, here
        self.cycle[blossom] = parts[at:] + parts[:at]
        self.links[blossom] = links[at:] + links[:at]
        self.base[blossom] = person

    # ------------------------------------------------------------------ shrink and expand

    def _shrink(self, one: int, other: int, shared: int) -> None:
        """Make a blossom of the cycle that an edge closes."""

        def way(person: int) -> tuple[list[int], list[tuple[int, int]]]:
            """Return parts up to, and without, the shared one, and each one's edge upwards."""
            parts: list[int] = []
            edges: list[tuple[int, int]] = []
            at = int(self.top[person])
            while at != shared:
                partner = int(self.mate[self.base[at]])
                inner = int(self.top[partner])
                above, entered = self.enter[inner]
                parts += [at, inner]
                edges += [(self.base[at], partner), (entered, above)]
                at = int(self.top[above])
            return parts, edges

        left, up = way(one)
        right, down = way(other)
        blossom, self.next_id = self.next_id, self.next_id + 1
        self.cycle[blossom] = [shared, *left[::-1], *right]
        back = [(there, here) for here, there in up[::-1]]
        self.links[blossom] = [*back, (one, other), *down]
        self.base[blossom] = self.base[shared]
        self.inner_price[blossom] = 0
        self._mark(blossom, OUTER)
        self.top[self._people(blossom)] = blossom

    def _expand(self, blossom: int) -> None:
        """Take an inner blossom apart whose price is used up; the tree goes on through it."""
        parts, links = self.cycle.pop(blossom), self.links.pop(blossom)
        base, entering = self.base.pop(blossom), self.enter.pop(blossom)
        del self.inner_price[blossom]
        for part in parts:
            people = self._people(part)
            self.top[people] = part
            self.label[people] = FREE
        entry = parts.index(int(self.top[entering[1]]))
        assert self.base[parts[0]] == base or parts[0] == base
        # The even way round from where the tree came in to the base goes on the tree.
        step = 1 if (len(parts) - entry) % 2 == 0 else -1
        at, came = entry, entering
        while True:
            inner = parts[at]
            self.enter[inner] = came
            self._mark(inner, INNER)
            if at == 0:
                return
            outer = (at + step) % len(parts)
            self._mark(parts[outer], OUTER)
            after = (outer + step) % len(parts)
            came = links[outer] if step == 1 else links[after][::-1]
            at = after
