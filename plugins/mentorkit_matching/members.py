"""Who is in whose circle, and the changes that make circles better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Answers = NDArray[np.float32]
"""Zeros and ones: their products are whole numbers, exactly, and quick to make."""

ALONE = -1
ROWS = 1024
"""So many mentees are compared with all others at once, to stay small."""
WORK = 400_000_000
"""About so many comparisons of two mentees are made in one round of changes at most."""
TRIED = 5_000
"""So many mentees, counted once for each try, are looked at to see whether giving a circle away
helps."""
MOST_TRIES = 400


@dataclass(frozen=True, slots=True, eq=False)
class Want:
    """What a circle shares: at least `least` of the answers, a column each; 1 is chosen.

    `field` is the mentees' field that is compared, where one is.
    """

    mentees: Answers  # (n, answers)
    mentors: Answers  # (m, answers)
    least: int
    field: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Whom to bring together. `room` is how many mentees each mentor may have at most.

    `apart` are pairs of mentees who must not meet. `allowed` holds the locked pairs, too.
    """

    scores: Ints  # (n, m)
    allowed: Bools  # (n, m)
    room: Ints  # (m,)
    least: int
    most_circles: int
    wants: Sequence[Want] = ()
    apart: Sequence[tuple[int, int]] = ()
    locks: Mapping[int, int] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.scores), len(self.room)

    def core(self, mentor: int, weights: Ints) -> list[Answers]:
        """Return which of a mentor's answers mentees share most, counted by weight: a row a want.

        All zeros where the mentor has not answered enough for a circle to share.
        """
        left = (weights * self.allowed[:, mentor]).astype(np.float32)
        core = []
        for want in self.wants:
            chosen = np.zeros(want.mentors.shape[1], np.float32)
            for _ in range(want.least):
                support = np.where(want.mentors[mentor] > chosen, left @ want.mentees, -1)
                if not len(support) or support.max() < 0:
                    break
                chosen[support.argmax()] = 1
                left = left * want.mentees[:, support.argmax()]
            core.append(chosen)
        return core

    def sharing(self, mentor: int, core: Sequence[Answers]) -> Bools:
        """Return the mentees who may be in a circle of this mentor around a core."""
        fits = self.allowed[:, mentor].copy()
        for want, chosen in zip(self.wants, core, strict=True):
            fits &= want.mentees @ chosen >= want.least
        return fits


class Circles:
    """Who is in whose circle; every change keeps to what the circles must share."""

    def __init__(self, asked: Asked) -> None:
        """Begin with the locked people alone; a circle of those that share nothing is `shut`."""
        mentees, mentors = asked.shape
        self.asked = asked
        self.at = np.full(mentees, ALONE, np.int64)
        self.size = np.zeros(mentors, np.int64)
        self.counts = [np.zeros(want.mentors.shape, np.float32) for want in asked.wants]
        self.locked = np.zeros(mentees, np.bool_)
        both = sorted({two for one, other in asked.apart for two in ((one, other), (other, one))})
        self._apart = np.array(both, np.int64).reshape(-1, 2)
        self._must_not_meet: dict[int, set[int]] = {}
        for one, other in both:
            self._must_not_meet.setdefault(one, set()).add(other)
        for mentee, mentor in asked.locks.items():
            self.put(mentee, mentor)
            self.locked[mentee] = True
        self.held = self.size.copy()
        self.shut = self.size >= np.maximum(asked.room, 1)
        for want, common in zip(asked.wants, self.common(), strict=True):
            self.shut |= (self.size > 0) & (common.sum(axis=1) < want.least)
        self.shut |= (self.size > 0) & (asked.room < asked.least)
        for one, other in asked.apart:
            if self.at[one] == self.at[other] >= 0:
                self.shut[self.at[one]] = True

    # ------------------------------------------------------------------ what they are worth

    @property
    def own(self) -> Ints:
        """Each mentee's score where they are, 0 for who is alone."""
        chosen = self.asked.scores[np.arange(len(self.at)), np.maximum(self.at, 0)]
        return np.where(self.at >= 0, chosen, 0)

    @property
    def spread(self) -> int:
        """How far sizes are apart, at least 1; a circle that is full is never too small."""
        there = self.size > 0
        short = there & (self.size < self.asked.room) & ~self.shut
        if not short.any():
            return 1
        return max(1, int(self.size[there].max() - self.size[short].min()))

    @property
    def worth(self) -> tuple[int, int, int]:
        """What is compared: the people, how even the sizes are, the total."""
        return int((self.at >= 0).sum()), -self.spread, int(self.own.sum())

    # ------------------------------------------------------------------ single changes

    def put(self, mentee: int, mentor: int) -> None:
        """Take a mentee out of their circle and into this one; -1 is none."""
        before = int(self.at[mentee])
        for where, by in ((before, -1), (mentor, 1)):
            if where >= 0:
                self.size[where] += by
                for counts, want in zip(self.counts, self.asked.wants, strict=True):
                    counts[where] += by * want.mentees[mentee]
        self.at[mentee] = mentor

    def close_small(self) -> None:
        """Send everybody away from circles that are too small, but for who is locked there."""
        small = (self.size > 0) & (self.size < self.asked.least)
        for mentee in np.flatnonzero(~self.locked & (self.at >= 0)).tolist():
            if small[self.at[mentee]]:
                self.put(mentee, ALONE)

    # ------------------------------------------------------------------ who could be where

    def common(self) -> list[Answers]:
        """Return what everybody in each circle shares, with the mentor: (m, answers) a want."""
        return [
            want.mentors * (counts == self.size[:, None])
            for counts, want in zip(self.counts, self.asked.wants, strict=True)
        ]

    def joins(self, rows: Ints) -> Bools:
        """Return which circles that there are each of these could join: (rows, m)."""
        open_ = (self.size > 0) & (self.size < self.asked.room) & ~self.shut
        open_ &= self.size >= np.where(self.held > 0, 0, self.asked.least)
        return self.shares(rows) & open_

    def shares(self, rows: Ints) -> Bools:
        """Return which circles these could join if there were room, not their own: (rows, m)."""
        fits: Bools = self.asked.allowed[rows] & (self.size > 0) & ~self.shut
        for want, common in zip(self.asked.wants, self.common(), strict=True):
            fits &= want.mentees[rows] @ common.T >= want.least
        fits[np.arange(len(rows))[self.at[rows] >= 0], self.at[rows][self.at[rows] >= 0]] = False
        if len(self._apart):
            fits &= self._kept_from(rows) == 0
        return fits

    def replaces(self, rows: Ints, cols: Ints) -> Bools:
        """Return who could take the place of whom: (rows, cols); `cols` are in circles."""
        where = self.at[cols]
        fits: Bools = self.asked.allowed[np.ix_(rows, where)]
        for want, counts in zip(self.asked.wants, self.counts, strict=True):
            others = counts[where] - want.mentees[cols]
            without = want.mentors[where] * (others == self.size[where, None] - 1)
            fits &= want.mentees[rows] @ without.T >= want.least
        if len(self._apart):
            many = self._kept_from(rows)[:, where]
            row, col = self._places(rows)[self._apart[:, 0]], self._places(cols)[self._apart[:, 1]]
            goes = (row >= 0) & (col >= 0)  # who must not meet them, and makes room
            many[row[goes], col[goes]] -= 1
            fits &= many == 0
        return fits

    def _kept_from(self, rows: Ints) -> Ints:
        """Return in each circle how many there are whom these must not meet: (rows, m)."""
        many = np.zeros((len(rows), len(self.size)), np.int64)
        row, where = self._places(rows)[self._apart[:, 0]], self.at[self._apart[:, 1]]
        there = (row >= 0) & (where >= 0)
        np.add.at(many, (row[there], where[there]), 1)
        return many

    def _places(self, people: Ints) -> Ints:
        """Return where each of all mentees stands among these, -1 for who does not: (n,)."""
        places = np.full(len(self.at), -1, np.int64)
        places[people] = np.arange(len(people))
        return places

    @property
    def movable(self) -> Ints:
        """Who is in a circle and could leave it, if somebody took the place."""
        there = np.flatnonzero((self.at >= 0) & ~self.locked)
        return there[~self.shut[self.at[there]]]

    # ------------------------------------------------------------------ making them better

    def improve(self, solve: Any) -> None:
        """Change what makes it better until nothing does, or enough was tried."""
        people = max(1, len(self.at))
        tries = min(MOST_TRIES, TRIED // people)
        for _ in range(max(2, min(60, WORK // people**2))):
            changed = self.take_in()
            changed += self.take_in_by_moving_one()
            changed += self.open_more()
            changed += self.even_out()
            changed += self.exchange()
            changed += self.move()
            changed += self.hand_over(solve)
            if not changed and not self._shut_small():
                tries = self._make_room(tries)
                if not tries:
                    break
        self.close_small()

    def _make_room(self, tries: int) -> int:
        """Let somebody in by giving a circle away; return how many tries are left if that helped.

        Its people go to a mentor who has none, or elsewhere, and its mentor begins anew.
        """
        if not (self.at == ALONE).any():
            return 0
        for mentor in np.flatnonzero((self.size > 0) & (self.held == 0)).tolist():
            people = np.flatnonzero(self.at == mentor)
            for to in (ALONE, *self._takers(mentor, people)):
                if not tries:
                    return 0
                tries -= 1
                kept = self.at.copy(), self.size.copy(), [one.copy() for one in self.counts]
                before = self.worth
                for one in people.tolist():
                    self.put(one, to)
                self.take_in()
                self.take_in_by_moving_one()
                self.open_more()
                if self.worth > before:
                    return tries
                self.at, self.size, self.counts = kept
        return 0

    def _takers(self, mentor: int, people: Ints) -> list[int]:
        """Return the mentors without a circle who could have this one."""
        takers: list[int] = np.flatnonzero(
            (self.size == 0) & self._fitting(mentor, people)
        ).tolist()
        return takers

    def _fitting(self, mentor: int, people: Ints) -> Bools:
        """Return who could be the mentor of this circle."""
        able: Bools = (self.asked.room >= len(people)) & self.asked.allowed[people].all(axis=0)
        for want, counts in zip(self.asked.wants, self.counts, strict=True):
            able &= want.mentors @ (counts[mentor] == len(people)) >= want.least
        return able

    def _shut_small(self) -> int:
        """Let nobody join locked people whose circle stays too small."""
        small = (self.held > 0) & (self.size > self.held) & (self.size < self.asked.least)
        self.close_small()
        self.shut |= small
        return int(small.sum())

    def take_in(self) -> int:
        """Let in who is alone, where there is room: the smaller circles first."""
        taken = 0
        while True:
            rows = np.flatnonzero(self.at == ALONE)
            fits = self.joins(rows)
            at, mentor = np.nonzero(fits)
            if not len(at):
                return taken
            order = np.lexsort(
                (mentor, at, -self.asked.scores[rows[at], mentor], self.size[mentor])
            )
            for change in self._once(order, at, mentor):
                self.put(int(rows[at[change]]), int(mentor[change]))
                taken += 1

    @staticmethod
    def _once(order: Ints, people: Ints, *circles: Ints) -> Iterator[int]:
        """Yield, of changes in this order, those in which nobody and no circle changes twice."""
        seen: set[int] = set()
        touched: set[int] = set()
        for at in order.tolist():
            one, both = int(people[at]), {int(each[at]) for each in circles}
            if one not in seen and touched.isdisjoint(both):
                seen.add(one)
                touched |= both
                yield at

    def take_in_by_moving_one(self) -> int:
        """Let in who is alone where somebody goes on to another circle."""
        rows, cols = np.flatnonzero(self.at == ALONE), self.movable
        if not len(rows) or not len(cols):
            return 0
        onward = np.where(self.joins(cols), self.asked.scores[cols], -1)
        to = onward.argmax(axis=1)
        worth = onward[np.arange(len(cols)), to]
        able = np.flatnonzero(worth >= 0)
        if not len(able):
            return 0
        cols, to, worth = cols[able], to[able], worth[able]
        fits = self.replaces(rows, cols)
        at, whom = np.nonzero(fits)
        gain = self.asked.scores[rows[at], self.at[cols[whom]]] + worth[whom]
        gain -= self.own[cols[whom]]
        order = np.lexsort((whom, at, -gain))
        before, taken = self.at[cols], 0
        for change in self._once(order, at, before[whom], to[whom]):
            other = int(whom[change])
            self.put(int(cols[other]), int(to[other]))
            self.put(int(rows[at[change]]), int(before[other]))
            taken += 1
        return taken

    def open_more(self) -> int:
        """Open circles of mentors who have none, for who is alone and whom others can spare."""
        asked, opened = self.asked, 0
        alone = self.at == ALONE
        if not alone.any():
            return 0
        for mentor in np.flatnonzero((self.size == 0) & (asked.room >= asked.least)).tolist():
            if (self.size > 0).sum() >= asked.most_circles:
                break
            alone = self.at == ALONE
            if not (alone & asked.allowed[:, mentor]).any():
                continue
            core = asked.core(mentor, np.where(alone, 64, 1))
            fits = asked.sharing(mentor, core)
            if not (fits & alone).any():
                continue
            opened += self._open(mentor, fits)
        return opened

    def _open(self, mentor: int, fits: Bools) -> int:
        """Open this circle with as many as it needs and all that can be had of those alone."""
        asked, scores = self.asked, self.asked.scores[:, mentor]
        own, spare = self.own, np.maximum(0, self.size - asked.least)
        spare[self.shut] = 0
        at = np.flatnonzero(fits & ((self.at == ALONE) | ~self.locked))
        alone = self.at[at] == ALONE
        there = np.maximum(self.at[at], 0)
        order = np.lexsort(
            (at, own[at] - scores[at], np.where(alone, 0, -self.size[there]), ~alone)
        )
        chosen: list[int] = []
        for one in at[order].tolist():
            where = int(self.at[one])
            if len(chosen) >= (asked.room[mentor] if where == ALONE else asked.least):
                continue
            if not self._must_not_meet.get(one, set()).isdisjoint(chosen):
                continue
            if where != ALONE:
                if not spare[where]:
                    continue
                spare[where] -= 1
            chosen.append(one)
        if len(chosen) < asked.least:
            return 0
        for one in chosen:
            self.put(one, mentor)
        return 1

    def even_out(self) -> int:
        """Move people from large circles to small ones while these are more than one apart."""
        moved = 0
        while self.spread > 1 and (now := self._even_once()):
            moved += now
        return moved

    def _even_once(self) -> int:
        """Make large circles smaller and small ones larger, by one move each or by two."""
        cols = self.movable
        joins = self.joins(cols)
        own, where = self.own[cols], self.at[cols]
        gap = self.size[where][:, None] - self.size[None, :]
        at, to = np.nonzero(joins & (gap > 1))
        if len(at):
            gain = self.asked.scores[cols[at], to] - own[at]
            order = np.lexsort((to, at, -gain, -gap[at, to]))
            changes = list(self._once(order, at, where[at], to))
            for change in changes:
                self.put(int(cols[at[change]]), int(to[change]))
            return len(changes)
        small = np.flatnonzero(joins.any(axis=1))
        if not len(small):
            return 0
        worth = np.where(joins[small], self.asked.scores[cols[small]], -1)
        onward = worth.argmax(axis=1)
        large = np.flatnonzero(self.size[where] == self.size.max())
        fits = self.replaces(cols[large], cols[small])
        fits &= where[large][:, None] != where[small][None, :]
        fits &= (self.size[where[large]][:, None] - self.size[onward][None, :]) > 1
        one, other = np.nonzero(fits)
        gain = self.asked.scores[cols[large[one]], where[small[other]]] - own[large[one]]
        gain += worth.max(axis=1)[other] - own[small[other]]
        order = np.lexsort((other, one, -gain))
        middle, end = where[small[other]], onward[other]
        changes = list(self._once(order, one, where[large[one]], middle, end))
        for change in changes:
            self.put(int(cols[small[other[change]]]), int(end[change]))
            self.put(int(cols[large[one[change]]]), int(middle[change]))
        return len(changes)

    def exchange(self) -> int:
        """Let two change places where that brings more, and who is alone take a place."""
        cols, scores = self.movable, self.asked.scores
        alone = np.flatnonzero(self.at == ALONE)
        if not len(cols):
            return 0
        own, where = self.own[cols], self.at[cols]
        found = []
        for start in range(0, len(cols), ROWS):
            rows = cols[start : start + ROWS]
            both = self.replaces(rows, cols) & self.replaces(cols, rows).T
            both &= self.at[rows][:, None] < where[None, :]
            gain = scores[rows][:, where] + scores[cols][:, self.at[rows]].T
            gain -= self.own[rows][:, None] + own[None, :]
            at, other = np.nonzero(both & (gain > 0))
            found.append((gain[at, other], rows[at], cols[other]))
        for start in range(0, len(alone), ROWS):
            rows = alone[start : start + ROWS]
            gain = scores[rows][:, where] - own
            at, other = np.nonzero(self.replaces(rows, cols) & (gain > 0))
            found.append((gain[at, other], rows[at], cols[other]))
        gains, ones, others = (np.concatenate(each) for each in zip(*found, strict=True))
        touched: set[int] = set()
        seen: set[int] = set()
        changed = 0
        for at in np.lexsort((others, ones, -gains)).tolist():
            one, two = int(ones[at]), int(others[at])
            places = {int(self.at[one]), int(self.at[two])}
            if seen & {one, two} or touched & places:
                continue
            seen |= {one, two}
            touched |= places - {ALONE}
            here, there = int(self.at[one]), int(self.at[two])
            self.put(two, here)
            self.put(one, there)
            changed += 1
        return changed

    def move(self) -> int:
        """Move who is better off in a smaller circle."""
        cols = self.movable
        where = self.at[cols]
        fits = self.joins(cols) & (self.size[where][:, None] > self.size[None, :])
        fits &= (self.size[where] > self.asked.least)[:, None]
        gain = self.asked.scores[cols] - self.own[cols][:, None]
        at, to = np.nonzero(fits & (gain > 0))
        changed = 0
        for change in self._once(np.lexsort((to, at, -gain[at, to])), at, where[at], to):
            self.put(int(cols[at[change]]), int(to[change]))
            changed += 1
        return changed

    def hand_over(self, solve: Any) -> int:
        """Give each circle the mentor with whom it brings most, those without a circle included."""
        asked = self.asked
        held = np.flatnonzero((self.size > 0) & (self.held == 0))
        if not len(held):
            return 0
        free = (self.held == 0) & (asked.room >= asked.least)
        worth, able = (
            np.zeros((len(held), len(free)), np.int64),
            np.zeros((len(held), len(free)), bool),
        )
        for row, mentor in enumerate(held.tolist()):
            people = np.flatnonzero(self.at == mentor)
            able[row] = free & self._fitting(mentor, people)
            worth[row] = asked.scores[people].sum(axis=0)
        able[np.arange(len(held)), held] = True
        now = int(worth[np.arange(len(held)), held].sum())
        match = solve(worth, able, np.ones(len(free), np.int64), "coverage").match
        if (match < 0).any() or int(worth[np.arange(len(held)), match].sum()) <= now:
            return 0
        groups = [np.flatnonzero(self.at == mentor).tolist() for mentor in held.tolist()]
        before = self.spread
        for to in (np.full(len(held), ALONE), match):
            for some, mentor in zip(groups, to.tolist(), strict=True):
                for one in some:
                    self.put(one, mentor)
        if self.spread > before:
            for to in (np.full(len(held), ALONE), held):
                for some, mentor in zip(groups, to.tolist(), strict=True):
                    for one in some:
                        self.put(one, mentor)
            return 0
        return 1
