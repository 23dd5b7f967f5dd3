"""What loosening a rule, or new mentors, would change: how many more people could be paired.

All counts are of the most pairs there can be (maximum matchings), found by alternating paths from
the pairs that a run made: whatever the scores are, nobody is promised more than can be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.hooks.forms import MinOverlap, PastPair, SharesAny
from mentorkit.matching.columns import members
from mentorkit.matching.fairness import LEAST
from mentorkit.matching.forms import Bools
from mentorkit.matching.pool import Index, Pool
from mentorkit.matching.result import Addition, Loosened, WhatIf
from mentorkit.matching.scan import Scan
from mentorkit.matching.solution import Ints
from mentorkit.matching.unmatched import rule_phrase

WHAT_IF_CELLS = 1_000_000
"""Up to this many pairs it is looked at what a change would bring."""
MOST_MENTORS = 3
"""Of so many new mentors at most it is said what they would bring."""
BEST = 3
"""How many options are named for a rule."""


@dataclass(slots=True, eq=False)
class _Pairing:
    """Who goes with whom so far. `match` (n,) holds `len(places)` for whoever is alone."""

    may: Bools  # (n, m)
    match: Ints
    places: Ints  # (m,)

    def copy(self, may: Bools) -> _Pairing:
        return _Pairing(may, self.match.copy(), self.places.copy())

    @property
    def pairs(self) -> int:
        return int((self.match < len(self.places)).sum())

    def fill(self) -> Bools:
        """Pair as many as can be; return the mentors whom those still alone can reach, all full.

        Breadth first along alternating paths, a level of mentees at a time. Whoever a failed search
        has seen is passed over for good, so that each mentee alone is looked at once.
        """
        nobody = len(self.places)
        dead = np.zeros(nobody, np.bool_)
        left = self.places - np.bincount(self.match, minlength=nobody + 1)[:nobody]
        for mentee in np.flatnonzero(self.match == nobody).tolist():
            seen, levels = dead.copy(), [np.array([mentee])]
            step = np.full(nobody, -1, np.int64)
            end = -1
            while len(levels[-1]):
                fresh = self.may[levels[-1]].any(axis=0) & ~seen
                step[fresh] = len(levels) - 1
                free = np.flatnonzero(fresh & (left > 0))
                if len(free):
                    end = int(free[0])
                    break
                seen |= fresh
                levels.append(np.flatnonzero(np.append(fresh, False)[self.match]))
            if end < 0:
                dead = seen
                continue
            left[end] -= 1
            while end != nobody:
                rows = levels[step[end]]
                row = int(rows[self.may[rows, end].argmax()])
                self.match[row], end = end, int(self.match[row])
        return dead


def what_if(scan: Scan, match: Index, locks: tuple[tuple[int, int], ...]) -> WhatIf | None:
    """Return what each change alone would bring, beside the pairs `match` (n,), -1 for alone.

    Locked pairs stay, and safeguards and all other rules hold. None where there are more than
    `WHAT_IF_CELLS` pairs to think of.
    """
    pool = scan.pool
    if pool.cells > WHAT_IF_CELLS:
        return None
    rows, cols = scan.everyone
    masks = [scan.rule_mask(index, rows, cols) for index in range(len(scan.rules))]
    broken = np.zeros((len(rows), len(cols)), np.int16)
    for mask in masks:
        broken += ~mask
    safe = scan.safe(rows, cols)
    held = np.array([mentee for mentee, _ in locks], np.intp)
    safe[held] = False
    places = pool.capacity.copy()
    np.subtract.at(places, [mentor for _, mentor in locks], 1)
    began = np.where(match >= 0, match, len(cols)).astype(np.int64)
    began[held] = len(cols)
    now = _Pairing(safe & (broken == 0), began, np.maximum(places, 0))
    dead = now.fill()
    more_room = now.copy(now.may)
    more_room.places[pool.capacity > 0] += 1
    more_room.fill()
    wanting = _Wanting.of(now, dead, held)
    rules = []
    for index, bound in enumerate(scan.bound.rules):
        without = now.copy(safe & (broken == ~masks[index]))
        without.fill()
        form = bound.rule.declared
        additions: tuple[Addition, ...] = ()
        if isinstance(form, (SharesAny, MinOverlap)) and len(wanting.rows):
            met = [i for i, one in enumerate(scan.bound.rules) if _of_history(one.rule.declared)]
            others = [mask for i, mask in enumerate(masks) if i != index and i not in met]
            additions = tuple(_additions(pool, form, wanting, others))
        rules.append(
            Loosened(rule=rule_phrase(bound), more=without.pairs - now.pairs, additions=additions)
        )
    return WhatIf(
        most=now.pairs + len(locks),
        one_more_place=more_room.pairs - now.pairs,
        rules=tuple(rules),
    )


def _of_history(form: Any) -> bool:
    return isinstance(form, PastPair)


@dataclass(frozen=True, slots=True, eq=False)
class _Wanting:
    """Those to whom one more place would help: `rows` are alone, or could make room for one.

    `may` and `match` are of these mentees and of the full mentors that they could change with.
    """

    rows: Index
    may: Bools
    match: Ints
    places: Ints
    alone: int

    @classmethod
    def of(cls, now: _Pairing, dead: Bools, held: Index) -> _Wanting:
        """Return those who are wanting in a pairing, of whom `dead` mentors could be reached."""
        nobody = len(now.places)
        wants = np.append(dead, True)[now.match]
        wants[held] = False
        rows, cols = np.flatnonzero(wants), np.flatnonzero(dead)
        at = np.full(nobody + 1, len(cols), np.int64)
        at[cols] = np.arange(len(cols))
        match = at[now.match[rows]]
        alone = int((match == len(cols)).sum())
        return cls(rows, now.may[np.ix_(rows, cols)], match, now.places[cols], alone)

    def gain(self, accepts: Bools, most: int) -> int:
        """Return how many more are paired with `most` new places for those of `rows` it accepts."""
        match = np.where(self.match == len(self.places), len(self.places) + 1, self.match)
        may = np.column_stack([self.may, accepts])
        more = _Pairing(may, match, np.append(self.places, most))
        before = more.pairs
        more.fill()
        return more.pairs - before


def _additions(
    pool: Pool, form: SharesAny | MinOverlap, wanting: _Wanting, others: list[Bools]
) -> Iterator[Addition]:
    """Yield the options that would bring most if new mentors offered them, best first.

    A new mentor for an option is like one there is, who also offers it: the one who could so be
    given most of those whom a place would help, the first of several. They take as many mentees as
    mentors here usually do (the lower median of the places of those who have any), have no history
    with anybody, and are counted on for mentees alone who named the option and whom this and every
    other rule lets them have. How many more people up to `MOST_MENTORS` of these would pair is
    exact; told is the smallest number of mentors that brings as many; of options that bring as
    many, those that more of them could be given for. An option that the program
    did not declare counts from `LEAST` people on, for others may be somebody's own words.
    """
    field = form.other or form.field
    least = form.least if isinstance(form, MinOverlap) else 1
    mine = [members(pool.mentees.column(form.field)[row]) for row in wanting.rows]
    theirs = [members(value) for value in pool.mentors.column(field)]
    spec = pool.field(field)
    order = {option: at for at, option in enumerate(spec.choices)}
    counts = Counter(option for options in mine for option in options)
    known = spec.kind == "hours"
    named = [one for one, count in counts.items() if known or one in order or count >= LEAST]
    options = sorted(named, key=lambda one: (order.get(one, len(order)), f"{one:>3}"))
    if not options or not theirs:
        return
    wants, offers = _table(mine, options), _table(theirs, options)  # (rows, k) and (mentors, k)
    fits = np.ones((len(wanting.rows), len(theirs)), np.bool_)
    for mask in others:
        fits &= mask[wanting.rows]
    common = wants @ offers.T
    enough = (fits & (common >= least)).astype(np.float32)
    nearly = (fits & (common == least - 1)).astype(np.float32)
    reached = wants.T @ enough + (wants.T @ nearly) * (1 - offers.T)  # (k, mentors)
    usual = _usual_places(pool)
    limit = MOST_MENTORS * usual
    like, reach = reached.argmax(axis=1), reached.max(axis=1)
    at_most = np.minimum(reach, min(limit, wanting.alone)).astype(np.int64)
    found: list[Addition] = []
    for option in np.lexsort((-reach, -at_most)).tolist():
        told = sorted((one.more for one in found), reverse=True)
        if not at_most[option] or (len(told) >= BEST and told[BEST - 1] >= at_most[option]):
            break
        mentor = like[option]
        accepts = enough[:, mentor] > 0
        if not offers[mentor, option]:
            accepts |= nearly[:, mentor] > 0
        more = wanting.gain(accepts & (wants[:, option] > 0), limit)
        if more:
            mentors = -(-more // usual)
            value = options[option]
            found.append(
                Addition(field=field, value=value, mentors=mentors, places=usual, more=more)
            )
    yield from sorted(found, key=lambda one: (-one.more, one.mentors))[:BEST]


def _table(people: list[frozenset[Any]], options: list[Any]) -> NDArray[np.float32]:
    """Return who has which option, 1 or 0: (people, options)."""
    at = {option: index for index, option in enumerate(options)}
    table = np.zeros((len(people), len(options)), np.float32)
    for row, answered in enumerate(people):
        table[row, [at[one] for one in answered if one in at]] = 1
    return table


def _usual_places(pool: Pool) -> int:
    places = np.sort(pool.capacity[pool.capacity > 0])
    return int(places[(len(places) - 1) // 2]) if len(places) else 1
