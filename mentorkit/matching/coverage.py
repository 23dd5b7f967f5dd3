"""One more pair at the least cost, over candidate lists, until there cannot be one.

Starts where the auction ended. Everybody still alone searches at once for the nearest free place
(Dijkstra over reduced scores, as in the exact solver); what it costs is added to `bonus`. Matched
pairs may fall short of tight by the auction's eps; that is walked over as if it were nothing, so
the count is the best there is, and the total stays as near to the best as the auction's was. A list
that is not wholly kept counts as a mentor of its own at the distance of its `rest`: when the search
gets there, it is read again, with the lists of all who are nearly as far. It is read at the prices
that the search is about to make, so it stays good afterwards. Where equal scores leave no progress,
or nobody else is ahead, it is read without the mentors passed already, for this search alone.

`advance` is the plain meaning of a search between two readings; `kernels.assign` has the same
compiled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.auction import AT_ONCE, NOTHING, Floor
from mentorkit.matching.solution import UNPAYABLE, Bools, Ints

FAR = 1 << 39  # less than the price nobody can pay, more than any sum of scores
TOGETHER = 64
"""Lists that must be read within so many points of each other are read at once."""


class Came(IntEnum):
    """Where a search came before it stopped."""

    FREE = 0  # at free places, which are not marked as passed
    UNREAD = 1  # at the end of what is kept of a list
    END = 2  # everywhere there is to go, but for what is not kept of the lists


@dataclass(slots=True, eq=False)
class Reach:
    """Where a search came: how far each mentor is, through which mentee, with what score."""

    distance: Ints
    through: Ints
    score: Ints
    scanned: Bools
    stands: Ints  # each mentee's own distance
    unread: Ints  # the distance at which a mentee's list must be read on
    stuck: Bools  # whose list read again held nobody new

    @classmethod
    def open(cls, mentees: int, mentors: int) -> Reach:
        """Return a search that came nowhere; the last mentor stands for nobody."""
        return cls(
            distance=np.full(mentors + 1, FAR, np.int64),
            through=np.full(mentors + 1, -1, np.int64),
            score=np.zeros(mentors + 1, np.int64),
            scanned=np.zeros(mentors + 1, np.bool_),
            stands=np.zeros(mentees, np.int64),
            unread=np.full(mentees, FAR, np.int64),
            stuck=np.zeros(mentees, np.bool_),
        )

    def offer(self, rows: Ints, mentors: NDArray[np.int32], found: Ints, scores: Ints) -> None:
        """Keep the shorter ways among those found; of equal ones the first."""
        closer = np.flatnonzero(found < self.distance[mentors])[::-1]
        np.minimum.at(self.distance, mentors[closer], found[closer])
        best = closer[found[closer] == self.distance[mentors[closer]]]
        self.through[mentors[best]] = rows[best]
        self.score[mentors[best]] = scores[best]


@dataclass(eq=False)
class Coverage:
    """Pairs those whom the auction left alone; `out` are the mentees who take no part."""

    floor: Floor
    out: Bools
    bonus: int = 0
    used: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Take over matches."""
        floor = self.floor
        held = np.bincount(floor.match, minlength=len(floor.left) + 1)
        self.used = held[: len(floor.left)]

    @cached_property
    def worth(self) -> Ints:
        """What each mentee's best is worth: first at the prices of the auction."""
        floor = self.floor
        worth = np.maximum(floor.rest, 0)
        for start in range(0, len(worth), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            net = (floor.score[some] - floor.price[floor.mentor[some]]).max(axis=1, initial=NOTHING)
            np.maximum(worth[some], net, out=worth[some])
        return worth

    def alone(self) -> Ints:
        """Return the mentees without a mentor who could have one by the rules."""
        floor = self.floor
        nobody = len(floor.left)
        return np.flatnonzero((floor.match == nobody) & ~self.out & (floor.mentor[:, 0] < nobody))

    def pair_everybody(self) -> Bools:
        """Pair all who can be; return the mentors that those still alone can reach, all full."""
        floor = self.floor
        while True:
            sources = self.alone()
            room = self.used < floor.left
            if not len(sources):
                return np.zeros(len(floor.left), np.bool_)
            if not room.any():
                return floor.left > 0
            reach, ends = self.search(sources, room)
            if not len(ends):
                return (reach.scanned[:-1] | floor.spent) & (floor.left > 0)
            made = self.walk_back(reach, ends)
            distance = int(reach.distance[ends[0]])
            self.raise_prices(reach, distance, sources)
            self.bonus += distance
            for row, mentor, score in made:
                floor.match[row] = mentor
                floor.won[row] = score

    def search(self, sources: Ints, room: Bools) -> tuple[Reach, Ints]:
        """Go out from everybody alone; return how far it came, and the nearest free mentors."""
        reach = Reach.open(len(self.floor.match), len(self.floor.left))
        go_on = advance if self.floor.compiled is None else self.floor.compiled.advance
        rows = sources
        while True:
            came, distance = go_on(self, reach, rows, room)
            if came == Came.FREE:
                ahead = (reach.distance == distance) & ~reach.scanned
                return reach, np.flatnonzero(ahead[:-1] & room)
            if came == Came.END and not (reach.unread < FAR).any():
                return reach, np.empty(0, np.int64)
            rows = self.read_on(reach, at_end=came == Came.END)

    def read_on(self, reach: Reach, *, at_end: bool) -> Ints:
        """Read the lists whose end is nearest; return the mentees to go on from."""
        floor = self.floor
        horizon = int(reach.unread.min())
        rows = np.flatnonzero(reach.unread <= (FAR - 1 if at_end else horizon + TOGETHER))
        stuck = rows if at_end else rows[reach.stuck[rows]]
        if not floor.affords(len(rows)):
            reach.unread[:] = FAR  # nobody further down is looked for
            return rows[:0]
        rows = rows[:0] if at_end else rows[~reach.stuck[rows]]
        if len(rows):
            passed = np.where(reach.scanned, horizon - reach.distance, 0)
            floor.renew(rows, floor.price + passed)
            reach.unread[rows] = self.end_of(reach, rows, floor.rest[rows])
            still = rows[reach.unread[rows] <= horizon]
            reach.stuck[still] = True
            stuck = np.sort(np.concatenate([stuck, still]))
        elsewhere = np.where(reach.scanned, UNPAYABLE, floor.price)
        for start in range(0, len(stuck), AT_ONCE):
            some = stuck[start : start + AT_ONCE]
            self.offer(reach, some, *floor.read(some, elsewhere))
        return rows[~reach.stuck[rows]]

    def end_of(self, reach: Reach, rows: Ints, rest: Ints) -> Ints:
        """Return how far away the end of these mentees' lists is."""
        distance = reach.stands[rows] + self.worth[rows] - rest
        return np.where(rest > NOTHING, distance, FAR)

    def relax(self, reach: Reach, rows: Ints) -> None:
        """Offer a shorter way to every mentor on these mentees' lists."""
        floor = self.floor
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            self.offer(reach, some, floor.mentor[some], floor.score[some], floor.rest[some])

    def offer(
        self, reach: Reach, rows: Ints, mentor: NDArray[np.int32], score: Any, rest: Ints
    ) -> None:
        """Offer the ways to these mentors, and note where these lists end."""
        found = (reach.stands[rows] + self.worth[rows])[:, None] + self.floor.price[mentor] - score
        each = np.repeat(rows, mentor.shape[1])
        reach.offer(each, mentor.ravel(), found.ravel(), score.ravel().astype(np.int64))
        reach.unread[rows] = self.end_of(reach, rows, rest)

    def walk_back(self, reach: Reach, ends: Ints) -> list[tuple[int, int, int]]:
        """Return the pairs (mentee, mentor, score) to make on the ways to these free mentors.

        One way from each source: such ways have nobody in common.
        """
        nobody = len(self.floor.left)
        made: list[tuple[int, int, int]] = []
        begun: set[int] = set()
        for end in ends.tolist():
            way, mentor = [], end
            while mentor != nobody:
                row = int(reach.through[mentor])
                way.append((row, mentor, int(reach.score[mentor])))
                mentor = int(self.floor.match[row])
            if way[-1][0] not in begun:
                begun.add(way[-1][0])
                made += way
                self.used[end] += 1
        return made

    def raise_prices(self, reach: Reach, distance: int, sources: Ints) -> None:
        """Make everything up to `distance` cost nothing."""
        rise = np.where(reach.scanned, distance - reach.distance, 0)
        self.worth -= rise[self.floor.match]
        self.worth[sources] -= distance
        self.floor.price += rise


def advance(coverage: Coverage, reach: Reach, rows: Ints, room: Bools) -> tuple[Came, int]:
    """Go on from `rows`, level by level, until the search must stop; return why, and how far."""
    match = coverage.floor.match
    while True:
        coverage.relax(reach, rows)
        ahead = np.where(reach.scanned, FAR, reach.distance)
        distance = int(ahead.min())
        if distance >= FAR:
            return Came.END, distance
        if reach.unread.min(initial=FAR) < distance:
            return Came.UNREAD, distance
        level = ahead == distance
        if (level[:-1] & room).any():
            return Came.FREE, distance
        reach.scanned |= level
        rows = np.flatnonzero(level[match])
        reach.stands[rows] = distance
