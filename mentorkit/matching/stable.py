"""Assignments without an objective: stable, greedy, and by the mentees' own choices.

All three go through candidate lists (`CandidateLists.from_dense` makes them from a matrix) and give
the same answer whether those are complete or grow on demand. A tie goes to the earlier mentee, then
to the earlier mentor. A pair that is allowed but scores nothing may be made.

`Proposals` is the plain meaning of deferred acceptance; `kernels.assign` has the same compiled.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from mentorkit.matching.candidates import GrowingLists, ListRescan, Rescan, Widen
from mentorkit.matching.kernels import WHERE_WORTH, solvers
from mentorkit.matching.solution import (
    ALONE,
    UNPAYABLE,
    CandidateLists,
    Ints,
    Ints32,
    Locks,
    place_locks,
    read_capacity,
)

Choices = Sequence[Sequence[int]]
"""Each one's wanted others, most wanted first."""
Values = Callable[[Ints, Ints], ArrayLike]
"""Returns what pairs are worth, given their mentees and their mentors: one whole number a pair."""
PairScores = Values
"""Returns the scores of pairs as `Values` does, -1 where a pair is not allowed."""
CHOSEN = 1 << 40
"""What being the first choice is worth to a mentor; more than any value."""
GROWTH = 8
"""How much longer a list that ran out is made."""
READ_CELLS = 4_000_000
"""So many entries of lists are read at once."""


class Proposals:
    """Who holds whom while mentees propose and mentors keep the best (Gale and Shapley 1962).

    Mentors prefer the higher value, of equal ones the earlier mentee. `match` (mentees,) is each
    one's mentor or -1, `value` (mentees,) what that mentor gives for them.
    """

    def __init__(self, left: Ints, mentees: int) -> None:
        """Start with nobody held; `left` (mentors,) are the places."""
        self._left = left.tolist()
        self._holding: list[list[tuple[int, int]]] = [[] for _ in self._left]
        self.match = np.full(mentees, ALONE, np.int64)
        self.value = np.zeros(mentees, np.int64)

    def run(self, mentor: Ints32, value: Ints, at: Ints, end: Ints, waiting: Ints) -> Ints:
        """Let those waiting propose from `at` to `end` of their wishes; return who came to the end.

        Mentee i's wishes are ``mentor[at[i]:end[i]]``, worth ``value[at[i]:end[i]]`` to those. Who
        is put out by a better one goes on proposing. `at` moves.
        """
        stack, ended = waiting[::-1].tolist(), []
        while stack:
            mentee = stack.pop()
            self.match[mentee] = ALONE
            for here in range(at[mentee], end[mentee]):
                one, offer = int(mentor[here]), (int(value[here]), -mentee)
                held = self._holding[one]
                if len(held) < self._left[one]:
                    heapq.heappush(held, offer)
                elif held and offer > held[0]:
                    stack.append(-heapq.heapreplace(held, offer)[1])
                else:
                    continue
                self.match[mentee], self.value[mentee], at[mentee] = one, value[here], here + 1
                break
            else:
                at[mentee] = end[mentee]
                ended.append(mentee)
        return np.array(sorted(ended), np.int64)


@dataclass(slots=True, eq=False)
class _Wishes:
    """Whom mentees propose to next, end to end in `mentor`, and what each is worth to the other."""

    lists: CandidateLists
    read: Rescan
    complete: bool
    values: Values | None
    wanted: _Wanted
    mentor: Ints32 = field(init=False)
    value: Ints = field(init=False)
    at: Ints = field(init=False)
    end: Ints = field(init=False)
    known: Ints = field(init=False)  # how far down each list was read; -1: all of it
    last: Ints = field(init=False)  # the score of the last one read

    def __post_init__(self) -> None:
        """Begin with the lists."""
        lists = self.lists
        length = np.diff(lists.indptr)
        self.mentor = lists.mentor
        self.at, self.end = lists.indptr[:-1].copy(), lists.indptr[1:].copy()
        self.known = np.where(self.complete | (length == 0), -1, length)
        self.last = np.zeros(len(length), np.int64)
        some = length > 0
        self.last[some] = lists.score[lists.indptr[1:][some] - 1]
        rows = np.repeat(np.arange(len(length)), length)
        self.value = self.worth(rows, lists.mentor, lists.score)

    def worth(self, mentees: Ints, mentors: Ints32, scores: Ints32) -> Ints:
        """Return what pairs are worth to their mentors."""
        value = scores.astype(np.int64)
        if self.values is not None:
            value = np.asarray(self.values(mentees, mentors.astype(np.int64))).astype(np.int64)
        return self.wanted.first(mentees, mentors, value)

    def put_first(self, mentees: Ints, mentors: Ints32, scores: Ints32) -> None:
        """Put chosen pairs, sorted by mentee and by choice, before the lists."""
        count = np.bincount(mentees, minlength=len(self.at))
        length = self.end - self.at
        begin = np.cumsum(count + length) - count - length
        mentor, value = (np.empty(len(self.mentor) + len(mentors), kind) for kind in ("i4", "i8"))
        first = np.repeat(begin - np.cumsum(count) + count, count) + np.arange(len(mentees))
        rest = np.repeat(begin + count - self.at, length) + np.arange(len(self.mentor))
        mentor[first], mentor[rest] = mentors, self.mentor
        value[first], value[rest] = self.worth(mentees, mentors, scores), self.value
        self.mentor, self.value = mentor, value
        self.at, self.end = begin, begin + count + length

    def grow(self, mentees: Ints, kept: Ints, by_score: bool) -> Ints:
        """Read further down the lists of those who came to their end; return who has wishes left.

        `kept` (mentors,) is what a mentor asks at least. What they would refuse is left out: they
        only ever ask more. `by_score` says that lists fall in what mentors give for mentees, too.
        """
        mentees = mentees[self.known[mentees] >= 0]
        if not len(mentees):
            return mentees
        mentees = mentees[np.argsort(self.last[mentees], kind="stable")]
        k = int(min(GROWTH * max(4, self.known[mentees].max()), len(kept) + 1))
        rows = max(1, READ_CELLS // k)
        mentor, value, size = [self.mentor], [self.value], len(self.mentor)
        for start in range(0, len(mentees), rows):
            some = mentees[start : start + rows]
            closed = kept > (self.last[some].max() if by_score else UNPAYABLE)
            found, score = self.read(some, np.where(closed, UNPAYABLE, 0), min(k, len(kept)))
            listed = (found >= 0) & ~closed[found]
            cut = listed[:, -1] & (k <= len(kept))
            self.known[some] = np.where(cut, k, -1)
            self.last[some] = score[:, -1]
            # Of equals at the cut some may be listed and earlier ones not: they wait for the next.
            row, column = np.nonzero(listed & ~(cut[:, None] & (score == score[:, -1:])))
            one, scored = found[row, column], score[row, column]
            order = np.lexsort((one, -scored, row))
            row, one, scored = row[order], one[order], scored[order]
            given = self.worth(some[row], one, scored)
            ask = given >= kept[one]
            count = np.bincount(row[ask], minlength=len(some))
            self.end[some] = size + np.cumsum(count)
            self.at[some] = self.end[some] - count
            size += int(count.sum())
            mentor.append(one[ask])
            value.append(given[ask])
        self.mentor, self.value = np.concatenate(mentor), np.concatenate(value)
        return mentees


class _Wanted:
    """The mentees that mentors asked for, to be preferred to all others."""

    def __init__(self, choices: Choices, mentees: int) -> None:
        self._mentees = mentees
        rank = {
            mentor * mentees + int(mentee): -place
            for mentor, ranked in enumerate(choices)
            for place, mentee in reversed(list(enumerate(ranked)))
        }
        self._pair = np.array(sorted(rank), np.int64)
        self._rank = np.array([rank[pair] for pair in sorted(rank)], np.int64)

    def first(self, mentees: Ints, mentors: Ints32, value: Ints) -> Ints:
        """Return the values with those of wanted pairs above all others."""
        if len(self._pair):
            pair = mentors.astype(np.int64) * self._mentees + mentees
            at = np.minimum(np.searchsorted(self._pair, pair), len(self._pair) - 1)
            value = np.where(self._pair[at] == pair, CHOSEN + self._rank[at], value)
        return value


def greedy(
    lists: CandidateLists,
    capacity: ArrayLike,
    locks: Locks = (),
    *,
    widen: Widen | None = None,
    rescan: Rescan | None = None,
    compiled: Any = WHERE_WORTH,
) -> Ints32:
    """Return each mentee's mentor (-1: none), the best pair left made first, over and over.

    Where both sides go by one score, that is the stable assignment: nobody refuses the best pair.
    """
    return stable(lists, capacity, locks, widen=widen, rescan=rescan, compiled=compiled)


def stable(
    lists: CandidateLists,
    capacity: ArrayLike,
    locks: Locks = (),
    *,
    choices: Choices = (),
    mentor_choices: Choices = (),
    values: Values | None = None,
    widen: Widen | None = None,
    rescan: Rescan | None = None,
    pair_scores: PairScores | None = None,
    compiled: Any = WHERE_WORTH,
) -> Ints32:
    """Return each mentee's mentor (-1: none) such that no two would rather have each other.

    Mentee-proposing deferred acceptance, the best such assignment for every mentee. A mentee
    prefers the mentors in `choices` in that order, then everyone else by score; a mentor prefers
    the mentees in `mentor_choices` in that order, then everyone else by `values` (below 2**40 in
    size; without it, by score). Neither side has to rank everybody. Lists grow as in
    `market.solve_lists`; `pair_scores` tells the scores of choices that are on no list.
    `compiled` is `kernels.assign`, or None to stay with numpy: the answer is the same.
    """
    mentees = lists.mentees
    compiled = solvers(compiled, mentees * np.size(capacity))
    match, left = place_locks(locks, mentees, read_capacity(capacity, mentees))
    wishes = _Wishes(
        lists=lists,
        read=rescan or ListRescan(lists, widen),
        complete=widen is None and rescan is None,
        values=values,
        wanted=_Wanted(mentor_choices, mentees),
    )
    if any(choices):
        rows, wanted = _asked(choices)
        score = _scores_of(rows, wanted, lists, widen, rescan, pair_scores, len(left))
        allowed = score >= 0
        wishes.put_first(rows[allowed], wanted[allowed], score[allowed])
    proposals = (Proposals if compiled is None else compiled.Proposals)(left, mentees)
    by_score = values is None and not any(mentor_choices)
    waiting = np.flatnonzero(match == ALONE)
    while len(waiting):
        ended = proposals.run(wishes.mentor, wishes.value, wishes.at, wishes.end, waiting)
        waiting = wishes.grow(ended, _least(proposals, left), by_score)
    match[proposals.match >= 0] = proposals.match[proposals.match >= 0]
    return match


def _least(proposals: Proposals, left: Ints) -> Ints:
    """Return what each mentor asks at least: any value, while there is a free place."""
    held = proposals.match >= 0
    mentors = proposals.match[held]
    least = np.full(len(left), np.iinfo(np.int64).max)
    np.minimum.at(least, mentors, proposals.value[held])
    least[np.bincount(mentors, minlength=len(left)) < left] = np.iinfo(np.int64).min
    return least


def _asked(choices: Choices) -> tuple[Ints, Ints32]:
    """Return the pairs that mentees ask for, by mentee, most wanted first, each once."""
    pairs = [
        (mentee, int(mentor))
        for mentee, ranked in enumerate(choices)
        for mentor in dict.fromkeys(ranked)
    ]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1].astype(np.int32)


def _scores_of(
    mentees: Ints,
    mentors: Ints32,
    lists: CandidateLists,
    widen: Widen | None,
    rescan: Rescan | None,
    pair_scores: PairScores | None,
    every: int,
) -> Ints32:
    """Return the scores of pairs, -1 where they are not allowed."""
    if pair_scores is not None:
        return np.asarray(pair_scores(mentees, mentors.astype(np.int64))).astype(np.int32)
    if rescan is not None:
        widen = _one_by_one(rescan, every)
    grown = GrowingLists(lists, widen)
    known = (
        grown.score_of(mentee, mentor, every)
        for mentee, mentor in zip(mentees.tolist(), mentors.tolist(), strict=True)
    )
    return np.array([-1 if score is None else score for score in known], np.int32)


def _one_by_one(rescan: Rescan, mentors: int) -> Widen:
    def widen(mentee: int, k: int) -> tuple[Ints32, Ints32]:
        free = np.zeros(mentors, np.int64)
        found, score = rescan(np.array([mentee]), free, min(k, mentors))
        return found[0][found[0] >= 0], score[0][found[0] >= 0]

    return widen


# ------------------------------------------------------------------ by choice

Why = Literal["not allowed", "full", "outscored"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A choice that came to nothing.

    ``not allowed``: rules or safeguards forbid the pair; ``full``: all places had gone to earlier
    choices (or there were none); ``outscored``: others who asked at the same rank scored more.
    """

    mentor: int
    why: Why


Trace = Mapping[int, tuple[Refusal, ...]]
"""By mentee, the choices that came to nothing, in the order they were tried."""


def by_choice(
    lists: CandidateLists,
    capacity: ArrayLike,
    choices: Choices,
    locks: Locks = (),
    *,
    widen: Widen | None = None,
    rescan: Rescan | None = None,
    pair_scores: PairScores | None = None,
) -> Ints32:
    """Return each mentee's mentor (-1: none): first choices are served, then second ones, ...

    Where more ask than there are places, the better score gets it. A choice that is not allowed is
    passed over; whoever made no choice, or got none of them, stays alone.
    """
    found, _ = trace_choices(
        lists, capacity, choices, locks, widen=widen, rescan=rescan, pair_scores=pair_scores
    )
    return found


def trace_choices(
    lists: CandidateLists,
    capacity: ArrayLike,
    choices: Choices,
    locks: Locks = (),
    *,
    widen: Widen | None = None,
    rescan: Rescan | None = None,
    pair_scores: PairScores | None = None,
) -> tuple[Ints32, Trace]:
    """Return what `by_choice` returns, and why each choice that was tried in vain failed.

    Locked mentees try none.
    """
    mentees = lists.mentees
    match, left = place_locks(locks, mentees, read_capacity(capacity, mentees))
    rows, mentors = _asked(choices)
    score = _scores_of(rows, mentors, lists, widen, rescan, pair_scores, len(left))
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    refused: dict[int, list[Refusal]] = {}

    def refuse(pairs: Ints, why: Why) -> None:
        for pair in pairs.tolist():
            refused.setdefault(int(rows[pair]), []).append(Refusal(int(mentors[pair]), why))

    for turn in range(int(rank.max(initial=-1)) + 1):
        asking = np.flatnonzero((rank == turn) & (match[rows] == ALONE))
        allowed, free = score[asking] >= 0, left[mentors[asking]] > 0
        refuse(asking[~allowed], "not allowed")
        refuse(asking[allowed & ~free], "full")
        asking = asking[allowed & free]
        order = asking[np.lexsort((rows[asking], -score[asking], mentors[asking]))]
        one = mentors[order]
        place = np.arange(len(one)) - np.searchsorted(one, one)
        got = place < left[one]
        match[rows[order[got]]] = one[got]
        refuse(order[~got], "outscored")
        left -= np.bincount(one[got], minlength=len(left))
    return match, {mentee: tuple(why) for mentee, why in refused.items()}
