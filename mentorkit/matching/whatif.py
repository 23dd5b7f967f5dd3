"""What loosening a rule, or new mentors, would change: how many more people could be paired.

All counts are of the most pairs there can be (maximum matchings), found by alternating paths from
the pairs that a run made: whatever the scores are, nobody is promised more than can be kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.hooks.forms import (
    Above,
    Differs,
    MinAvailability,
    MinOverlap,
    PastPair,
    RuleForm,
    Same,
    SameCohort,
    SharesAny,
)
from mentorkit.matching.columns import members
from mentorkit.matching.fairness import LEAST
from mentorkit.matching.forms import Bools, reach_of
from mentorkit.matching.pool import Floats, Index, Pool
from mentorkit.matching.result import WHAT_IF_CELLS, Addition, Easier, Loosened, WhatIf
from mentorkit.matching.scan import Scan
from mentorkit.matching.solution import Ints
from mentorkit.matching.unmatched import phrase_of, rule_phrase

Answering = SharesAny | MinOverlap | Same | SameCohort
"""The rules that a new mentor could pass by an answer that mentees have given."""
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

    def gain(self, may: Bools) -> int:
        """Return how many more are paired where more `may` be: all of these, and others."""
        more = self.copy(may)
        more.fill()
        return more.pairs - self.pairs

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
    if not pool.capacity.any():  # else who has none may want none
        more_room.places += 1
        more_room.may = scan.safe(rows, cols, full=True) & (broken == 0)
    more_room.fill()
    wanting = _Wanting.of(now, dead, held)
    rules = []
    for index, bound in enumerate(scan.bound.rules):
        without = safe & (broken == ~masks[index])
        more = now.gain(without)
        form = bound.rule.declared
        easier: tuple[Easier, ...] = ()
        additions: tuple[Addition, ...] = ()
        if form is not None and more:
            easier = tuple(_easier(pool, form, now, without))
        if isinstance(form, (SharesAny, MinOverlap, Same, SameCohort)) and len(wanting.rows):
            declared = [one.rule.declared for one in scan.bound.rules]
            others = [i for i in range(len(masks)) if i != index]
            if not any(_may_break(declared[i], form) for i in others):
                kept = [masks[i] for i in others if not isinstance(declared[i], PastPair)]
                additions = tuple(_additions(pool, form, wanting, kept))
        rules.append(
            Loosened(rule=rule_phrase(bound), more=more, easier=easier, additions=additions)
        )
    return WhatIf(
        most=now.pairs + len(locks),
        one_more_place=more_room.pairs - now.pairs,
        rules=tuple(rules),
    )


def _may_break(other: RuleForm | None, form: Answering) -> bool:
    """Return whether a mentor who passes another rule may not when they answer as `form` wants it.

    One option more is another answer to what compares whole answers; another answer in the place
    of the old one is so to whatever reads it.
    """
    reads = getattr(other, "other", None) or getattr(other, "field", None)
    if isinstance(form, SameCohort) or reads != (form.other or form.field):
        return False
    return isinstance(form, Same) or isinstance(other, (Same, Differs))


def _easier(pool: Pool, form: RuleForm, now: _Pairing, without: Bools) -> Iterator[Easier]:
    """Yield what rules that ask for a smaller number would bring, as `Loosened` says.

    `without` (n, m) is who may go together without the rule.
    """
    for reach, asking in _numbers(pool, form):
        for number, more in _smaller(now, without, reach).items():
            yield Easier(rule=phrase_of(asking(number)), more=more)


def _smaller(now: _Pairing, without: Bools, reach: Floats) -> dict[float, int]:
    """Return the largest number that brings anybody, and that which brings as many as any does.

    Worth asking for is what a pair that is ruled out comes to; between two of these nothing more
    may be. The less is asked for the more may be, so each is found by halving.
    """
    asked = np.unique(reach[without & ~now.may & np.isfinite(reach)])[::-1]

    @cache
    def gain(at: int) -> int:
        return now.gain(now.may | (without & (reach >= asked[at])))

    most = gain(len(asked) - 1) if len(asked) else 0
    wanted = (1, most) if most else ()
    places = {bisect_left(range(len(asked)), more, key=gain) for more in wanted}
    return {float(asked[at]): gain(at) for at in sorted(places)}


def _numbers(pool: Pool, form: RuleForm) -> Iterator[tuple[Floats, Callable[[float], RuleForm]]]:
    """Yield each number of a rule that could be smaller, so that the rule lets more in.

    It is told by how far every pair comes of it (n, m), nan for whom it alone does not let in, and
    by the rule that asks for another number.
    """
    if not isinstance(form, (MinOverlap, MinAvailability, Above)):
        return
    rows, cols = np.arange(len(pool.mentees))[:, None], np.arange(len(pool.mentors))
    reach = np.asarray(reach_of(form, pool)(rows, cols), np.float64)
    if isinstance(form, Above):
        low, high = reach >= form.least, reach <= (inf if form.most is None else form.most)
        yield np.where(high, reach, np.nan), lambda least: replace(form, least=least)
        # At most so many steps up is at least so many down; 0.0 less something is never -0.0.
        yield np.where(low, -reach, np.nan), lambda down: replace(form, most=0.0 - down)
    else:  # one who asks for nothing asks at least for an answer: that is another rule
        yield np.where(reach >= 1, reach, np.nan), lambda least: replace(form, least=int(least))


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
    pool: Pool, form: Answering, wanting: _Wanting, others: list[Bools]
) -> Iterator[Addition]:
    """Yield the options that would bring most if new mentors offered them, best first.

    A new mentor for an option is like one there is, who also offers it, or gives it as the answer
    where the rule asks for the same: the one who could so be given most of those whom a place would
    help, the first of several. They take as many mentees as mentors here usually do (the lower
    median of the places of those who have any), have no history with anybody, and are counted on
    for mentees alone who named the option and whom this and every other rule lets them have. How
    many more people up to `MOST_MENTORS` of these would pair is
    exact; told is the smallest number of mentors that brings as many; of options that bring as
    many, those that more of them could be given for. An option that the program
    did not declare counts from `LEAST` people on, for others may be somebody's own words.
    """
    field, wanted, theirs = _answers(pool, form)
    least = form.least if isinstance(form, MinOverlap) else 1
    mine = [wanted[row] for row in wanting.rows]
    spec = pool.field(field)
    order = {option: at for at, option in enumerate(spec.choices)}
    counts = Counter(option for options in mine for option in options)
    known = spec.kind == "hours" or isinstance(form, SameCohort)
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


def _answers(pool: Pool, form: Answering) -> tuple[str, list[frozenset[Any]], list[frozenset[Any]]]:
    """Return the mentors' field that a rule reads ("" for the cohort), and what all answered.

    Of a rule that compares whole answers, several options are none that a new mentor could have.
    """
    if isinstance(form, SameCohort):
        field, mine, theirs = "", pool.mentees.cohorts, pool.mentors.cohorts
    else:
        field = form.other or form.field
        mine, theirs = pool.mentees.column(form.field), pool.mentors.column(field)
    sides = [[members(None if one == "" else one) for one in side] for side in (mine, theirs)]
    if isinstance(form, Same):
        sides = [[one if len(one) == 1 else frozenset() for one in side] for side in sides]
    return field, sides[0], sides[1]


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
