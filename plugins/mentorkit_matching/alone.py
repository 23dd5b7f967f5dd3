"""Why somebody is in no circle, and the one change that would help, each tried before told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mentorkit.hooks import Problem, Reason
from mentorkit_matching.groups import Told, reason
from mentorkit_matching.members import ALONE, Asked, Bools, Circles, Ints, Want

HOSTS = 3
"""With so many mentors, the likeliest, a circle of those left is tried."""
MOST_CELLS = 100_000_000
"""Up to so many times two mentees with a mentor are compared; with more, nothing is told here."""


@dataclass(eq=False)
class Alone:
    """Who is in no circle of `made`. `busy` are the mentors who lead one, or are second there."""

    problem: Problem
    made: Circles
    busy: frozenset[int]
    most: int
    apart: Bools = field(init=False)  # (alone, n)

    def __post_init__(self) -> None:
        self.asked: Asked = self.made.asked
        self.rows: Ints = np.flatnonzero(self.made.at == ALONE)
        self.apart = np.zeros((len(self.rows), len(self.made.at)), np.bool_)
        for one, other in self.asked.apart:
            self.apart[self.rows == one, other] = True
            self.apart[self.rows == other, one] = True
        self.free: Ints = np.array(
            [one for one in range(len(self.asked.room)) if one not in self.busy], np.int64
        )

    def mentees(self) -> Iterator[tuple[int, Told]]:
        """Yield each mentee in no circle who may have a mentor, with why."""
        mentees, mentors = self.asked.shape
        if len(self.rows) * mentees * mentors > MOST_CELLS:
            return
        joins = self.made.shares(self.rows)
        for at, one in enumerate(self.rows.tolist()):
            if self.asked.allowed[one].any():
                yield one, self._mentee(at, one, np.flatnonzero(joins[at]))

    def mentors(self) -> Iterator[tuple[int, Told]]:
        """Yield each mentor without a circle, with why."""
        least = self.asked.least
        for mentor in self.free.tolist():
            places = int(self.problem.capacity[mentor])
            if places < least:
                why = reason("circle_places", count=places, least=least)
                yield mentor, (why, reason("give_places_to", count=least))
            elif (count := len(self._gathered(mentor, ()))) < least:
                help_ = self._fewer_or_more(mentor, count, "circle_recruit_for")
                yield mentor, (reason("circle_none", least=least), help_)

    def _mentee(self, at: int, one: int, joins: Ints) -> Told:
        """Say why one is in no circle; `joins` are those they could join but for their size."""
        least, (around, left) = self.asked.least, (each[at] for each in self._around)
        if len(joins):
            return reason("circle_full"), self._larger(one, joins)
        there = self.free[self.asked.allowed[one, self.free]]
        able = there[self.asked.room[there] >= 2]
        led = (self.asked.room[able] >= least).any()
        able = able[np.lexsort((able, -left[able]))][:HOSTS]
        groups = [(len(found), mentor) for mentor in able.tolist()
                  if one in (found := self._gathered(mentor, (one,)))]  # fmt: skip
        count, mentor = max(groups, key=lambda two: (two[0], -two[1]), default=(1, -1))
        if around.max() < least:
            lonely = [field for field, most in self._by_field if most[at].max() <= 1]
            why = reason("circle_few", count=max(1, int(around.max())), least=least)
            if lonely:
                why = reason("circle_alone", field=lonely[0])
        elif mentor < 0:
            for short in there[self.asked.room[there] < least][:HOSTS].tolist():
                found = self._gathered(short, (one,), least)
                if one in found and len(found) == least:
                    help_ = reason(
                        "circle_give_places", count=least, id=self.problem.mentors[short]
                    )
                    return reason("circle_no_room", least=least), help_
            return reason("circle_no_mentor"), reason("recruit_mentors")
        else:
            why = reason("circle_left_over", count=count, least=least)
        return why, self._fewer_or_more(mentor, count, f"circle_recruit{'' if led else '_both'}")

    def _larger(self, one: int, joins: Ints) -> Reason:
        """Return which of these full circles one change would open to somebody."""
        scores, size = self.asked.scores[one], self.made.size
        for mentor in sorted(joins.tolist(), key=lambda each: -int(scores[each])):
            where, now = self.problem.mentors[mentor], int(size[mentor])
            if now < self.most:
                return reason("circle_place", id=where)
            if now < self.problem.capacity[mentor]:
                return reason("circle_larger", count=now + 1, id=where)
        return reason("recruit_mentors")

    def _fewer_or_more(self, mentor: int, count: int, recruit: str) -> Reason:
        """Return that smaller circles would help, where `count` are there; else how many more."""
        if count >= 2:
            return reason("circle_smaller", count=count, id=self.problem.mentors[mentor])
        return reason(recruit, count=self.asked.least - count)

    @cached_property
    def _around(self) -> tuple[Ints, Ints]:
        return self._most(self.asked.wants)

    @cached_property
    def _by_field(self) -> list[tuple[str, Ints]]:
        return [(want.field, self._most([want])[0]) for want in self.asked.wants if want.field]

    def _most(self, wants: Sequence[Want]) -> tuple[Ints, Ints]:
        """Return how many a circle with each could have at most, of all and of those alone.

        For each has to share with them, and with the mentor, as much as all have to.
        """
        rows, mentors = self.rows, len(self.asked.room)
        most, left = (np.zeros((len(rows), mentors), np.int64) for _ in range(2))
        for mentor in range(mentors):
            fits = self.asked.allowed[:, mentor] & ~self.apart
            for want in wants:
                theirs = want.mentees[rows] * want.mentors[mentor]
                fits &= theirs @ want.mentees.T >= want.least
            fits &= self.asked.allowed[rows, mentor][:, None]
            most[:, mentor], left[:, mentor] = fits.sum(axis=1), fits[:, rows].sum(axis=1)
        return most, left

    def _gathered(self, mentor: int, around: Sequence[int], room: int = 0) -> list[int]:
        """Return mentees in no circle who could be one with this mentor, around these.

        No more than there is `room` for, or than the mentor has.
        """
        weights = np.zeros(self.asked.shape[0], np.int64)
        weights[self.rows] = 1
        weights[list(around)] = 1000
        sharing = self.asked.sharing(mentor, self.asked.core(mentor, weights))
        found: list[int] = []
        apart = {frozenset(two) for two in self.asked.apart}
        for one in (*around, *(each for each in self.rows.tolist() if each not in around)):
            if sharing[one] and not any(frozenset((one, other)) in apart for other in found):
                found.append(one)
        return found[: room or int(self.asked.room[mentor])]
