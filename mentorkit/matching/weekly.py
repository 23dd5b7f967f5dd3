"""Weekly times of many people, each on the person's own clock, as bits that can be counted.

A weekly time of a clock ("Mon 18-20 in Paris") is at another hour of UTC after the clocks there
have changed, and the two sides of a pair change on different days. So the week is looked at once
for each way in which the clocks of these people ever stand to each other: what everybody told,
turned round the week by how far their clock is ahead. Weeks in which all clocks have moved alike
are the same week.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import gcd
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mentorkit.hooks.forms import Weekly
from mentorkit.i18n import QUARTER, quarters
from mentorkit.matching.columns import Coded, Column, Words, count_bits
from mentorkit.matching.pool import Index, Ints64, Pool, Side

QUARTERS = 7 * 24 * 60 // QUARTER
USUAL = date(2030, 1, 7)
"""The first day of the year that is looked at where no day is given."""
CHUNK = 1 << 14
_NOON_OF_WEDNESDAY = timedelta(days=2, hours=12)
_PER_HOUR = 60 // QUARTER

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """When people are free, in each of the weeks that differ, in slots of so many `minutes`.

    A person's words are those of the first week, then those of the second, and so on. The bits of
    one week are slots from the same moment on for everybody.
    """

    minutes: int
    weeks: int
    mentees: Words  # (n, weeks x words of a week)
    mentors: Words  # (m, weeks x words of a week)
    mentee_answered: Bools
    mentor_answered: Bools

    @property
    def words(self) -> int:
        """Return how many words a week has."""
        return int(self.mentors.shape[1]) // self.weeks

    @property
    def slots(self) -> int:
        return QUARTERS * QUARTER // self.minutes

    def common(self, mentees: Index, mentors: Index) -> Ints64:
        """Return the slots in which both are free in the week that has fewest; 0 for no answer."""
        shape = np.broadcast_shapes(mentees.shape, mentors.shape)
        least: Ints64 = np.full(shape, self.slots, np.int64)
        for week in range(self.weeks):
            common: Ints64 = np.zeros(shape, np.int64)
            for word in range(week * self.words, (week + 1) * self.words):
                common += count_bits(self.mentees[mentees, word] & self.mentors[mentors, word])
            least = np.minimum(least, common)
        return least

    def together(self, mentees: Sequence[int], mentors: Sequence[int]) -> int:
        """Return for how many minutes all of these are free at once, in the week with fewest."""
        everybody = np.concatenate([self.mentees[list(mentees)], self.mentors[list(mentors)]])
        common = count_bits(np.bitwise_and.reduce(everybody)).reshape(self.weeks, self.words)
        return int(common.sum(axis=1).min()) * self.minutes

    def one(self, week: int) -> tuple[Words, Words]:
        """Return when mentees and mentors are free in one of the weeks."""
        own = slice(week * self.words, (week + 1) * self.words)
        return self.mentees[:, own], self.mentors[:, own]


def weeks_of(form: Weekly, pool: Pool) -> Weeks:
    """Return when these people are free in the weeks of a form, made once."""
    other, day = form.other or form.field, _first(form, pool)
    key = f"weekly {day} {form.weeks} {form.zone}", form.field, other
    return pool.once(key, lambda: _weeks(form, pool, other, day))


def _first(form: Weekly, pool: Pool) -> date:
    """Return the Monday of the first week."""
    day = date.fromisoformat(form.on) if form.on else pool.day or USUAL
    return day - timedelta(days=day.weekday())


def _weeks(form: Weekly, pool: Pool, other: str, day: date) -> Weeks:
    sides = (
        _Told.of(pool.mentees, form.field, form.zone),
        _Told.of(pool.mentors, other, form.zone),
    )
    zones = sorted({name for side in sides for name in side.used})
    turns = _turns(zones, day, form.weeks)
    step = gcd(_PER_HOUR, *(turn for week in turns for turn in week), *(s.step for s in sides))
    mentees, mentors = (side.words(zones, turns, step) for side in sides)
    return Weeks(step * QUARTER, len(turns), mentees, mentors, sides[0].answered, sides[1].answered)


def _turns(zones: Sequence[str], first: date, weeks: int) -> list[list[int]]:
    """Return by how many quarters each zone is ahead of the first, for each week that differs."""
    found: dict[tuple[int, ...], None] = {}
    noon = datetime.combine(first, time(), UTC) + _NOON_OF_WEDNESDAY
    clocks = [ZoneInfo(name) for name in zones]
    for week in range(weeks):
        moment = noon + timedelta(weeks=week)
        ahead = [_ahead(clock, moment) for clock in clocks]
        found[tuple(one - ahead[0] for one in ahead)] = None
    return [list(one) for one in found]


def _ahead(clock: ZoneInfo, moment: datetime) -> int:
    """Return by how many quarters of an hour a clock is ahead of UTC, rounded down."""
    return (moment.astimezone(clock).utcoffset() or timedelta(0)) // timedelta(minutes=QUARTER)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What one side told: each distinct answer on a clock and in UTC, and whose it is where."""

    own: Bools  # (answers + 1, quarters of a week), the last is no answer
    utc: Bools
    codes: NDArray[np.int32]  # -1: no answer
    zones: Sequence[str]

    @classmethod
    def of(cls, side: Side, field: str, usual: str) -> _Told:
        column: Column = side.packed(field)
        coded = column if isinstance(column, Coded) else Coded.of(column.values())
        own, utc = (np.zeros((len(coded.answers) + 1, QUARTERS), np.bool_) for _ in range(2))
        for row, times in enumerate(coded.answers):
            for one in times:
                if isinstance(one, str):
                    own[row, quarters(one)] = True
                else:
                    utc[row, int(one) * _PER_HOUR : (int(one) + 1) * _PER_HOUR] = True
        return cls(own, utc, coded.codes, [zone or usual for zone in side.zones])

    @property
    def answered(self) -> Bools:
        answered: Bools = self.codes >= 0
        return answered

    @property
    def used(self) -> set[str]:
        """The zones whose clocks count, with that of UTC where hours of UTC are told."""
        there = {self.zones[at] for at in np.flatnonzero(self.codes >= 0).tolist()}
        return there | {"UTC"} if self.utc.any() else there

    @property
    def step(self) -> int:
        """Return the most quarters of an hour, of 1, 2 and 4, of which all times are made."""
        edges = np.flatnonzero((self.own != np.roll(self.own, 1, axis=1)).any(axis=0))
        return gcd(_PER_HOUR, *edges.tolist())

    def words(self, zones: Sequence[str], turns: Sequence[Sequence[int]], step: int) -> Words:
        """Return everybody's slots of `step` quarters, in each week, as words."""
        words = -(-QUARTERS // step // 64)
        made = np.zeros((len(self.codes), len(turns) * words), np.uint64)
        place = {name: at for at, name in enumerate(zones)}
        at = np.array([place.get(name, -1) for name in self.zones], np.intp)
        for zone in np.unique(at[self.codes >= 0]).tolist():
            here = np.flatnonzero((at == zone) & (self.codes >= 0))
            for begin in range(0, len(here), CHUNK):
                some = here[begin : begin + CHUNK]
                told, row = np.unique(self.codes[some], return_inverse=True)
                for week, ahead in enumerate(turns):
                    free = np.roll(self.own[told], -ahead[zone], axis=1)
                    if "UTC" in place:
                        free |= np.roll(self.utc[told], -ahead[place["UTC"]], axis=1)
                    packed = _packed(free[:, ::step], words)
                    made[some, week * words : (week + 1) * words] = packed[row.reshape(-1)]
        return made


def _packed(bits: Bools, words: int) -> NDArray[Any]:
    padded = np.zeros((len(bits), words * 64), np.bool_)
    padded[:, : bits.shape[1]] = bits
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
