"""One more pair at the least cost, over candidate lists, until there cannot be one.

Starts where the auction ended. Everybody still alone searches at once for the nearest free place
(Dijkstra over reduced scores, as in the exact solver); what it costs is added to `bonus`. Matched
pairs may fall short of tight by the auction's eps; that is walked over as if it were nothing, so
the count is the best there is, and the total stays as near to the best as the auction's was. A list
that is not wholly kept counts as a mentor of its own at the distance of its `rest`: when the search
gets there, the whole list is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.auction import NOTHING, Floor
from mentorkit.matching.solution import Bools, Ints

FAR = 1 << 39  # less than the price nobody can pay, more than any sum of scores


@dataclass(slots=True, eq=False)
class Reach:
    """Where a search came: how far each mentor is, through which mentee, with what score."""

    distance: Ints
    through: Ints
    score: Ints
    scanned: Bools
    stands: Ints  # each mentee's own distance
    unread: Ints  # the distance at which a mentee's list must be read on

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
        )


@dataclass(slots=True, eq=False)
class Coverage:
    """Pairs those whom the auction left alone; `out` are the mentees who take no part."""

    floor: Floor
    out: Bools
    bonus: int = 0
    worth: Ints = field(init=False)
    used: Ints = field(init=False)
    whole: dict[int, tuple[NDArray[np.int32], Ints]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Take over prices and matches."""
        floor = self.floor
        net = (floor.score - floor.price[floor.mentor]).max(axis=1, initial=NOTHING)
        self.worth = np.maximum(np.maximum(net, floor.rest), 0)
        held = np.bincount(floor.match, minlength=len(floor.left) + 1)
        self.used = held[: len(floor.left)]

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
                return reach.scanned[:-1] & (floor.left > 0)
            made = self.walk_back(reach, ends)
            distance = int(reach.distance[ends[0]])
            self.raise_prices(reach, distance, sources)
            self.bonus += distance
            for row, mentor, score in made:
                floor.match[row] = mentor
                floor.won[row] = score

    def search(self, sources: Ints, room: Bools) -> tuple[Reach, Ints]:
        """Go out from everybody alone; return how far it came, and the nearest free mentors."""
        floor = self.floor
        reach = Reach.open(len(floor.match), len(floor.left))
        rows = sources
        while True:
            self.relax(reach, rows)
            ahead = np.where(reach.scanned, FAR, reach.distance)
            distance = int(ahead.min())
            rows = np.flatnonzero(reach.unread <= distance)
            unread = rows[reach.unread[rows] < FAR]
            if len(unread):
                for row in unread:
                    self.read(int(row))
                reach.unread[unread] = FAR
                rows = unread
                continue
            if distance >= FAR:
                return reach, np.empty(0, np.int64)
            level = ahead == distance
            ends = np.flatnonzero(level[:-1] & room)
            if len(ends):
                return reach, ends
            reach.scanned |= level
            rows = np.flatnonzero(level[floor.match])
            reach.stands[rows] = distance

    def read(self, row: int) -> None:
        """Read a mentee's whole list, to be kept whole from now on."""
        mentors, scores = self.floor.read_all(row)
        self.whole[row] = mentors, scores.astype(np.int64)
        self.floor.rest[row] = NOTHING

    def relax(self, reach: Reach, rows: Ints) -> None:
        """Offer a shorter way to every mentor on these mentees' lists."""
        floor = self.floor
        kept = np.array([row for row in rows.tolist() if row not in self.whole], np.int64)
        if len(kept):
            mentors, scores = floor.mentor[kept].ravel(), floor.score[kept].ravel()
            self._offer(reach, np.repeat(kept, floor.mentor.shape[1]), mentors, scores)
            rest = floor.rest[kept]
            unread = reach.stands[kept] + self.worth[kept] - rest
            reach.unread[kept] = np.where(rest > NOTHING, unread, FAR)
        for row in rows.tolist():
            if row in self.whole:
                mentors, scores = self.whole[row]
                self._offer(reach, np.full(len(mentors), row), mentors, scores)

    def _offer(self, reach: Reach, rows: Ints, mentors: NDArray[np.int32], scores: Ints) -> None:
        found = (reach.stands + self.worth)[rows] + self.floor.price[mentors] - scores
        closer = np.flatnonzero(found < reach.distance[mentors])[::-1]
        np.minimum.at(reach.distance, mentors[closer], found[closer])
        best = closer[found[closer] == reach.distance[mentors[closer]]]
        reach.through[mentors[best]] = rows[best]
        reach.score[mentors[best]] = scores[best]

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
