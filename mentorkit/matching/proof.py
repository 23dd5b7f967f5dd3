"""Check a result against the people and the strategy, without any solver and without trust."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mentorkit.errors import Problem
from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.certificate import (
    check_cover_in_blocks,
    pairs_bound,
    rather_in_blocks,
    total_bound_in_blocks,
)
from mentorkit.matching.pool import Pool
from mentorkit.matching.problem import Question
from mentorkit.matching.result import Pair, Result
from mentorkit.matching.scan import Scan
from mentorkit.matching.swaps import Swaps
from mentorkit.matching.together import halves, twins, wrong_groups, wrong_peers


def verify(
    pool: Pool, bound: BoundStrategy, result: Result, *, locks: Sequence[tuple[str, str]] = ()
) -> list[Problem]:
    """Return everything about a result that does not hold; nothing means that it is proved.

    `locks` are the (mentee id, mentor id) pairs that the run was given: only they may break a rule.

    Feasibility, every score and part, the total, both bounds and the count of blocking pairs are
    computed again from the people, by the plain meaning of the forms and not by the compiled scan;
    nothing that a solver said is taken over but the certificate,
    and that proves itself.
    """
    work = _Verification(pool, bound, result, set(locks))
    work.people()
    if not work.problems:
        work.pairs()
        work.figures()
        work.bounds()
    return work.problems


class _Verification:
    def __init__(
        self, pool: Pool, bound: BoundStrategy, result: Result, locks: set[tuple[str, str]]
    ) -> None:
        self.pool, self.bound, self.result, self.asked = pool, bound, result, locks
        self.problems: list[Problem] = []

    def wrong(self, place: str, message: str) -> None:
        self.problems.append(Problem(place, message))

    def people(self) -> None:
        """Everyone is known, no mentee is there twice, no mentor has too many, locks are kept."""
        pool, result = self.pool, self.result
        for pair in result.pairs:
            if pair.mentee_id not in pool.mentee_at or pair.mentor_id not in pool.mentor_at:
                self.wrong(_place(pair), "names somebody who is not in this pool")
        for mentee, count in Counter(pair.mentee_id for pair in result.pairs).items():
            if count > 1:
                self.wrong(mentee, f"is paired {count} times")
        for mentor, count in Counter(pair.mentor_id for pair in result.pairs).items():
            places = pool.capacity[pool.mentor_at[mentor]] if mentor in pool.mentor_at else 0
            if count > places:
                self.wrong(mentor, f"has {count} mentees and {places} place(s)")
        paired = self._busy()
        for side, left, everyone, busy in (
            ("mentees", result.unmatched_mentees, pool.mentees.ids, paired[0]),
            ("mentors", result.unmatched_mentors, pool.mentors.ids, paired[1]),
        ):
            if sorted(one.id for one in left) != sorted(set(everyone) - busy):
                self.wrong(f"unmatched {side}", "are not exactly those who are in no pair")
        called = {(pair.mentee_id, pair.mentor_id) for pair in result.pairs if pair.locked}
        for mentee, mentor in sorted(called - self.asked):
            self.wrong(f"{mentee} with {mentor}", "is called locked, and was not in the locks")
        for mentee, mentor in sorted(self.asked - called):
            self.wrong(f"{mentee} with {mentor}", "was in the locks, and is no locked pair here")

    def pairs(self) -> None:
        """Every pair may exist, and has the score, parts and reasons that the strategy gives it."""
        result, scan = self.result, Scan(self.pool, self.bound, compiled=False)
        self.locks = tuple(sorted(self._at(pair) for pair in result.pairs if pair.locked))
        self.question = Question(scan, locks=self.locks)
        at = [self._at(pair) for pair in result.pairs]
        rows = np.array([i for i, _ in at], np.intp)
        cols = np.array([j for _, j in at], np.intp)
        _, parts = scan.pairs(rows, cols)
        overridden = {(one.mentee_id, one.mentor_id) for one in result.overridden}
        for index, pair in enumerate(result.pairs):
            mentee, mentor = at[index]
            if self.pool.refusal(mentee, mentor) is not None:
                self.wrong(_place(pair), "breaks a safeguard")
            elif not self._may(pair, *at[index], scan) and not (
                pair.locked and (pair.mentee_id, pair.mentor_id) in overridden
            ):
                self.wrong(_place(pair), "breaks a rule")
            if pair.parts != tuple(parts[:, index].tolist()):
                self.wrong(_place(pair), f"has the parts {tuple(parts[:, index].tolist())}")
            if pair.score != int(parts[:, index].sum()):
                self.wrong(_place(pair), f"scores {int(parts[:, index].sum())}, not {pair.score}")
            for reasons in (pair.reasons, pair.reasons_mentor):
                if sum(reason.points for reason in reasons) != pair.score:
                    self.wrong(_place(pair), "has reasons that do not sum to its score")
        self.match = np.full(len(self.pool.mentees), -1, np.intp)
        self.match[rows] = cols
        told = self._wrong_groups()
        if self.bound.assigner.peers:
            told += wrong_peers(self.pool, self.match)
        self.problems += [Problem("circles", one) for one in told]

    def figures(self) -> None:
        """The totals are those of the pairs."""
        result = self.result
        total = sum(pair.score for pair in result.pairs)
        if result.total != total:
            self.wrong("total", f"the pairs sum to {total}, not {result.total}")
        if result.objective != self.bound.strategy.objective:
            self.wrong("objective", f"is {self.bound.strategy.objective}, not {result.objective}")
        if (result.mentees, result.mentors) != (len(self.pool.mentees), len(self.pool.mentors)):
            self.wrong("people", "are counted wrong")
        own = self.question.scores_of(self.match)
        swaps = Swaps(self.question, self.match, own, self.locks)
        blocking = swaps.count(rather_in_blocks(self.question.blocks, own, swaps.worst))
        if result.blocking_pairs != blocking:
            self.wrong("blocking_pairs", f"there are {blocking}, not {result.blocking_pairs}")

    def bounds(self) -> None:
        """The certificate proves the bounds that are told, and what is called exact meets them."""
        result, pool, proof = self.result, self.pool, self.result.certificate
        prices = [proof.prices.get(mentor, -1) for mentor in pool.mentors.ids]
        cover = (
            [pool.mentee_at.get(one, -1) for one in proof.cover_mentees],
            [pool.mentor_at.get(one, -1) for one in proof.cover_mentors],
        )
        blocks, mentees = self.question.blocks, len(pool.mentees)
        bonus = proof.bonus if self.bound.covers else 0
        try:
            total = total_bound_in_blocks(
                blocks, mentees, pool.capacity, prices, bonus, len(result.pairs), self.locks
            )
        except (TypeError, ValueError) as error:
            self.wrong("certificate", str(error))
            return
        if halved := halves(self.question, pool, self.bound, self.match):
            total //= 2
        if result.total_bound != total:
            self.wrong("total_bound", f"the prices prove {total}, not {result.total_bound}")
        if result.total > total:
            self.wrong("total", f"is above what the prices allow: {total}")
        if not check_cover_in_blocks(blocks, mentees, pool.capacity, cover, self.locks):
            self.wrong("certificate", "the cover does not touch every pair that may exist")
            return
        most = min(pairs_bound(cover, pool.capacity, self.locks), mentees)
        most = most // 2 if halved else most
        if result.pairs_bound != most:
            self.wrong("pairs_bound", f"the cover proves {most}, not {result.pairs_bound}")
        if len(result.pairs) > most:
            self.wrong("pairs", f"are more than the cover allows: {most}")
        short = self.bound.strategy.objective == "coverage" and len(result.pairs) < most
        if result.exact and (result.total < total or short):
            self.wrong("exact", "is claimed, and the bounds are not met")

    def _busy(self) -> tuple[set[str], set[str]]:
        """Return who is in a pair or a circle; of peers each is on both sides."""
        mentees = {pair.mentee_id for pair in self.result.pairs}
        mentors = {pair.mentor_id for pair in self.result.pairs}
        mentors |= {one for circle in self.result.circles for one in circle.mentors}
        if not self.bound.assigner.peers:
            return mentees, mentors
        both = {
            self.pool.mentees.ids[mentee]: self.pool.mentors.ids[mentor]
            for mentee, mentor in enumerate(twins(self.pool).tolist())
            if mentor >= 0
        }
        led = {mentee for mentee, mentor in both.items() if mentor in mentors}
        return mentees | led, mentors | {both[one] for one in mentees if one in both}

    def _wrong_groups(self) -> list[str]:
        pool, circles = self.pool, self.result.circles
        try:
            groups = tuple(
                (
                    tuple(pool.mentee_at[one] for one in circle.mentees),
                    tuple(pool.mentor_at[one] for one in circle.mentors),
                )
                for circle in circles
            )
        except KeyError:
            return ["name somebody who is not in this pool"]
        return [*wrong_groups(pool, self.question, groups, self.match)]

    def _may(self, pair: Pair, mentee: int, mentor: int, scan: Scan) -> bool:
        if pair.locked:  # a lock need not be on a shortlist
            return bool(scan.allowed(np.array([mentee]), np.array([mentor]), listed=False).all())
        return bool(self.question.allows(np.array([mentee]), np.array([mentor])).all())

    def _at(self, pair: Pair) -> tuple[int, int]:
        return self.pool.mentee_at[pair.mentee_id], self.pool.mentor_at[pair.mentor_id]


def _place(pair: Pair) -> str:
    return f"{pair.mentee_id} with {pair.mentor_id}"
