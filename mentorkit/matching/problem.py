"""What an assigner is asked: the public `Problem`, and arrays for assigners that know numpy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mentorkit.hooks.assignments import Candidate
from mentorkit.matching.candidates import Rescan, best_at_prices, start_of
from mentorkit.matching.certificate import check_cover_in_blocks, uncovered
from mentorkit.matching.forms import Bools
from mentorkit.matching.pool import Index
from mentorkit.matching.scan import MOST_KEPT, Scan, Scores, best_of
from mentorkit.matching.solution import CandidateLists
from mentorkit.matching.together import shared, twins, weeks

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.hooks.assignments import Problem
    from mentorkit.hooks.forms import MinAvailability, RuleForm

DENSE_CELLS = 4_000_000
"""Up to this many pairs all of them are looked at; above, candidate lists that grow on demand."""
KEPT_CELLS = 128_000_000
"""Up to this many pairs their scores are kept, in 2 bytes each; above, they are computed again."""
LISTED = 32
"""How many candidates a mentee's list starts with."""


class Arrays(Protocol):
    """A problem as arrays: the whole of it, or candidate lists."""

    @property
    def dense(self) -> bool: ...
    def matrix(self) -> tuple[Scores, Bools]: ...
    def lists(self) -> CandidateLists: ...
    def widen_arrays(self, mentee: int, k: int) -> tuple[Any, Any]: ...
    @property
    def rescan(self) -> Rescan | None: ...
    @property
    def lock_scores(self) -> Mapping[tuple[int, int], int]: ...
    def pair_scores(self, mentees: Any, mentors: Any) -> Any: ...


class Question:
    """The engine's `Problem`, which also gives itself as arrays."""

    def __init__(
        self,
        scan: Scan,
        *,
        locks: Sequence[tuple[int, int]] = (),
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        pool, bound = scan.pool, scan.bound
        self._scan = scan
        self.mentees: Sequence[str] = pool.mentees.ids
        self.mentors: Sequence[str] = pool.mentors.ids
        self.capacity: Sequence[int] = tuple(pool.capacity.tolist())
        self.objective: str = bound.strategy.objective
        self.options: Mapping[str, Any] = bound.assigner_options
        self.locks: Sequence[tuple[int, int]] = tuple(locks)
        self.seed = seed
        self.dense = pool.cells <= DENSE_CELLS
        self._progress = progress
        self.listed = LISTED
        self._asks, self._mentors_ask = pool.mentees.asks, pool.mentors.asks
        self._kept: Any = None
        self.fused = scan.fused
        self._lists: CandidateLists | None = None
        self._twins: Index | None = None
        rows = np.array([i for i, _ in locks], np.intp)
        cols = np.array([j for _, j in locks], np.intp)
        worth = scan.pairs(rows, cols)[1].sum(axis=0)
        self.lock_scores = dict(zip(self.locks, worth.tolist(), strict=True))
        order = np.argsort(rows, kind="stable")
        self._locked = rows[order], cols[order], worth[order]
        self._read()

    # ------------------------------------------------------------------ the public contract

    def candidates(self, mentee: int) -> Sequence[Candidate]:
        """Return this mentee's feasible mentors as known so far, best first, ties by mentor."""
        mentors, scores = self.lists().of(mentee)
        return _candidates(mentors, scores)

    def widen(self, mentee: int, k: int) -> Sequence[Candidate]:
        """Return the same list with at least `k` entries, or all there are."""
        known = self.lists().of(mentee)
        return _candidates(*(known if len(known[0]) >= k else self.widen_arrays(mentee, k)))

    def choices(self, mentee: int) -> Sequence[int]:
        """Return the mentors that this mentee asked for, most wanted first."""
        return self._scan.pool.choices(mentee) if self._asks else ()

    def mentor_choices(self, mentor: int) -> Sequence[int]:
        """Return the mentees that this mentor asked for, most wanted first."""
        return self._scan.pool.mentor_choices(mentor) if self._mentors_ask else ()

    def wishes(self) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], int]]:
        """Return the pairs that mentees chose, and that mentors chose, each with its place."""
        mentees = range(len(self.mentees)) if self._asks else ()
        mentors = range(len(self.mentors)) if self._mentors_ask else ()
        return (
            {(i, j): place for i in mentees for place, j in enumerate(self.choices(i))},
            {(i, j): place for j in mentors for place, i in enumerate(self.mentor_choices(j))},
        )

    def rules(self) -> Sequence[RuleForm]:
        """Return the strategy's declared rules."""
        declared = (one.rule.declared for one in self._scan.bound.rules)
        return [form for form in declared if form is not None]

    def shared(self, field: str, other: str | None = None) -> tuple[Sequence[int], Sequence[int]]:
        """Return what mentees and mentors answered, as sets of bits; raise `Invalid` for no field.

        What a rule that nobody answers compares is shared by nobody.
        """
        return shared(self._scan.pool, field, other)

    def weeks(self, form: MinAvailability) -> Sequence[tuple[Sequence[int], Sequence[int], int]]:
        """Return when people are free in each week that differs, as sets of bits."""
        return weeks(self._scan.pool, form)

    def as_mentor(self, mentee: int) -> int | None:
        """Return where this mentee stands among the mentors, None for who is a mentee alone."""
        if self._twins is None:
            self._twins = twins(self._scan.pool)
        at = int(self._twins[mentee])
        return at if at >= 0 else None

    def apart(self) -> Collection[tuple[str, str]]:
        """Return the ids of any two who must never meet, whichever side they are on."""
        return self._scan.pool.apart

    def step(self, done: int = 0, total: int = 0) -> None:
        """Tell the one who waits how far the assigner is; raise `Cancelled` if it should stop."""
        if self._progress is not None:
            self._progress.step(done, total, "assigning")

    # ------------------------------------------------------------------ as arrays

    def blocks(self, start: int, stop: int) -> tuple[Scores, Bools]:
        """Return scores and allowed pairs of some mentees; a locked pair has its score, too."""
        if self._kept is not None:
            kept = self._kept[start:stop]
            scores, allowed = np.maximum(kept, 0).astype(np.int32), kept >= 0
        elif self.fused is not None:
            kept = self.fused.scores(np.arange(start, stop, dtype=np.int32), len(self.mentors))
            scores, allowed = np.maximum(kept, 0).astype(np.int32), kept >= 0
        else:
            scores, allowed = self._scan.block(start, stop)
        rows, cols, worth = self._locked
        begin, end = np.searchsorted(rows, (start, stop))
        here = slice(begin, end)
        scores[rows[here] - start, cols[here]] = worth[here]
        return scores, allowed

    def allows(self, mentees: Index, mentors: Index) -> Bools:
        """Return whether rules and safeguards let each of these pairs exist."""
        if self._kept is not None:
            kept: Bools = self._kept[mentees, mentors] >= 0
            return kept
        return self._scan.pairs_allowed(mentees, mentors)

    def lets_in(self, mentee: int) -> bool:
        """Return whether anybody at all may go with this mentee."""
        return bool(self.blocks(mentee, mentee + 1)[1].any())

    @property
    def kept(self) -> bool:
        """Whether the score of every pair is at hand."""
        return self._kept is not None

    def scores_of(self, match: Index) -> Any:
        """Return the score of each mentee with the mentor of `match`, -1 for who is alone."""
        rows = np.flatnonzero(match >= 0)
        own = np.full(len(match), -1, np.int64)
        own[rows] = self._scan.pairs(rows, match[rows])[1].sum(axis=0)
        return own

    def ranks(self, match: Index) -> Any:
        """Return where each mentee's mentor stands among all they may have, 1 the best."""
        ranks = np.zeros(len(match), np.int64)
        for mentee in np.flatnonzero(match >= 0).tolist():
            mentor = match[mentee]
            scores, allowed = (block[0] for block in self.blocks(mentee, mentee + 1))
            better, same = allowed & (scores > scores[mentor]), allowed & (scores == scores[mentor])
            ranks[mentee] = 1 + int(better.sum() + same[:mentor].sum())
        return ranks

    def column(self, mentor: int) -> tuple[Any, Any]:
        """Return the scores of everybody with this mentor, and who is allowed."""
        if self._kept is not None:
            kept = self._kept[:, mentor]
            return np.maximum(kept, 0), kept >= 0
        rows, cols = self._scan.everyone[0], np.array([mentor])
        allowed = self._scan.allowed(rows, cols)[:, 0]
        scores = np.zeros(len(rows), np.int64)
        fit = np.flatnonzero(allowed)
        scores[fit] = self._scan.pairs(fit, np.full(len(fit), mentor))[1].sum(axis=0)
        return scores, allowed

    def is_covered(self, cover: tuple[Any, Any]) -> bool:
        """Return whether a cover touches every pair that could be made beside the locks."""
        mentees = len(self.mentees)
        if self.fused is None or self.kept:
            return check_cover_in_blocks(self.blocks, mentees, self.capacity, cover, self.locks)
        bare = uncovered(mentees, self.capacity, cover, self.locks)
        if bare is None:
            return False
        mentees_bare, lists = bare[0], self.lists()
        # A list that is not full holds everybody: it tells by itself.
        listed = np.zeros(mentees, np.bool_)
        np.logical_or.at(
            listed, np.repeat(np.arange(mentees), np.diff(lists.indptr)), bare[1][lists.mentor]
        )
        if (listed & mentees_bare).any():
            return False
        full = np.diff(lists.indptr) >= self.listed
        return not self.fused.touched(np.flatnonzero(mentees_bare & full).astype(np.int32), bare[1])

    def matrix(self) -> tuple[Scores, Bools]:
        """Return the scores and the allowed pairs of everybody (only where `dense`)."""
        return self.blocks(0, len(self.mentees))

    def lists(self) -> CandidateLists:
        """Return everybody's best candidates: all of them where `dense`."""
        if self._lists is None:
            scores, allowed = self.matrix()
            self._lists = CandidateLists.from_dense(scores, allowed, len(self.mentors))
        return self._lists

    def widen_arrays(self, mentee: int, k: int) -> tuple[Any, Any]:
        """Return this mentee's `k` best mentors and their scores."""
        self.step()
        return self._best(mentee, k)

    def _best(self, mentee: int, k: int) -> tuple[Any, Any]:
        if self.fused is not None and self._kept is None:
            mentors, worth = self._scan.best(mentee, k)
            return mentors.astype(np.int32), worth
        scores, allowed = self.blocks(mentee, mentee + 1)
        best = best_of(scores, allowed, k)[0]
        return best.astype(np.int32), scores[0, best]

    @property
    def rescan(self) -> Rescan | None:
        """Return what reads many lists at once, at prices: by compiled code, or None."""
        return None if self.fused is None or self.kept else self._read_again

    def _read_again(self, mentees: Any, prices: Any, k: int) -> tuple[Any, Any]:
        assert self.fused is not None
        some = np.asarray(mentees, np.int32)
        if k <= MOST_KEPT:
            first = start_of(np.asarray(mentees, np.int64), max(1, len(prices)))
            tell = partial(self.step, total=len(some))
            return self.fused.best(some, k, prices, first=first, tell=tell)
        self.step()
        scores = self.fused.scores(some, len(self.mentors))
        return best_at_prices(np.maximum(scores, 0), scores >= 0, prices, k, np.asarray(mentees))

    def pair_scores(self, mentees: Any, mentors: Any) -> Any:
        """Return the scores of single pairs, -1 for those that must not be."""
        rows, cols = np.asarray(mentees, np.intp), np.asarray(mentors, np.intp)
        scores = self._scan.pairs(rows, cols)[1].sum(axis=0)
        return np.where(self.allows(rows, cols), scores, -1)

    def shortlist(self, mentee: int, k: int) -> tuple[Index, Any]:
        """Return the best `k` mentors of this mentee and their scores."""
        if self._lists is not None and not self.dense and k <= LISTED:
            mentors, scores = self._lists.of(mentee)
            return mentors[:k].astype(np.intp), scores[:k]
        mentors, scores = self._best(mentee, k)
        return mentors.astype(np.intp), scores

    def _read(self) -> None:
        """Scan everybody once, keeping what is small enough to be kept."""
        mentees, mentors = len(self.mentees), len(self.mentors)
        if self.fused is not None:
            everyone = np.arange(mentees, dtype=np.int32)
            if self.dense:
                self._kept = self.fused.scores(everyone, mentors, self.tell("scoring"))
                return
            listed, worth = self.fused.best(everyone, LISTED, tell=self.tell("scoring"))
            there = listed >= 0
            ends = np.append(0, np.cumsum(there.sum(axis=1)))
            self._lists = CandidateLists(ends, listed[there], worth[there])
            return
        if mentees * mentors <= KEPT_CELLS:
            self._kept = np.full((mentees, mentors), -1, np.int16)
        found, scored, told = [], [], self.tell("scoring")
        for start, stop in self._scan.tiles():
            scores, allowed = self._scan.block(start, stop)
            if self._kept is not None:
                self._kept[start:stop][allowed] = scores[allowed]
            if not self.dense:
                best = best_of(scores, allowed, LISTED)
                found.append(best)
                scored.append([scores[row, index] for row, index in enumerate(best)])
            told(stop)
        if not self.dense:
            self._lists = _joined(
                [index for best in found for index in best],
                [values for block in scored for values in block],
            )

    def tell(self, what: str) -> Callable[[int], None]:
        """Return what tells the one who waits how many mentees are done."""

        def told(done: int) -> None:
            if self._progress is not None:
                self._progress.step(done, len(self.mentees), what)

        return told


class Given:
    """Anybody's `Problem` as arrays, read through its public contract."""

    dense = True
    rescan: Rescan | None = None
    lock_scores: Mapping[tuple[int, int], int] = MappingProxyType({})  # on its lists, if at all

    def __init__(self, problem: Problem) -> None:
        shape = (len(problem.mentees), len(problem.mentors))
        self._scores, self._allowed = np.zeros(shape, np.int32), np.zeros(shape, np.bool_)
        for mentee in range(shape[0]):
            for candidate in problem.widen(mentee, shape[1]):
                self._scores[mentee, candidate.mentor] = candidate.score
                self._allowed[mentee, candidate.mentor] = True

    def matrix(self) -> tuple[Scores, Bools]:
        return self._scores, self._allowed

    def lists(self) -> CandidateLists:
        return CandidateLists.from_dense(self._scores, self._allowed, self._scores.shape[1])

    def pair_scores(self, mentees: Any, mentors: Any) -> Any:
        return np.where(self._allowed[mentees, mentors], self._scores[mentees, mentors], -1)

    def widen_arrays(self, mentee: int, k: int) -> tuple[Any, Any]:
        mentors, scores = self.lists().of(mentee)
        return mentors[:k], scores[:k]


def as_arrays(problem: Problem) -> Arrays:
    """Return a problem as arrays; the engine's own gives itself without being read again."""
    return problem if isinstance(problem, Question) else Given(problem)


def _candidates(mentors: Any, scores: Any) -> list[Candidate]:
    return [
        Candidate(mentor=mentor, score=score)
        for mentor, score in zip(mentors.tolist(), scores.tolist(), strict=True)
    ]


def _joined(found: list[Index], values: list[Any]) -> CandidateLists:
    indptr = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(index) for index in found], out=indptr[1:])
    none = np.empty(0, np.int32)
    return CandidateLists(
        indptr,
        np.concatenate([none, *found]).astype(np.int32),
        np.concatenate([none, *values]).astype(np.int32),
    )
