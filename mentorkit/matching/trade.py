"""The trade that a run makes: the figures of the ways to pick pairs that were not chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mentorkit.matching import assign
from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.pool import Pool
from mentorkit.matching.problem import Question
from mentorkit.matching.result import Alternative
from mentorkit.matching.surveys import Proof, Survey, survey

if TYPE_CHECKING:
    from mentorkit.matching.solution import Objective

COMPARED_CELLS = 1_000_000_000
"""Up to so many pairs the other ways are looked at, which takes as long as the run again, twice."""


def alternatives(
    question: Question, pool: Pool, bound: BoundStrategy, total_bound: int, pairs_bound: int
) -> tuple[Alternative, ...] | None:
    """Return what the other ways to pick pairs would come to, the most telling first.

    Beside a run for one objective it is the best pairs for the other objective, and then the stable
    ones; beside an assigner that ignores the objective, the best pairs for the strategy's. People,
    rules, scores and locks are the same. `total_bound` and `pairs_bound` are those of the run. None
    where there are too many pairs to think of: without compiled code more than
    `problem.DENSE_CELLS`, with it more than `COMPARED_CELLS`.
    """
    if not question.dense and (question.rescan is None or pool.cells > COMPARED_CELLS):
        return None
    about = _Compared(question, pool)
    if not bound.assigner.uses_objective:
        objective: Objective = "coverage" if bound.strategy.objective == "coverage" else "score"
        return (about.best(objective, pairs_bound),)
    if bound.strategy.objective == "coverage":
        best = about.best("score", pairs_bound)
        return best, about.stable(best.total_bound, pairs_bound)
    best = about.best("coverage", pairs_bound)
    return best, about.stable(total_bound, best.pairs_bound)


class _Compared:
    """The people, scores, rules and locks of a run, paired in other ways."""

    def __init__(self, question: Question, pool: Pool) -> None:
        self._question = question
        self._proof: Proof = ((0,) * len(pool.mentors), 0, ((), tuple(range(len(pool.mentors)))))

    def best(self, objective: Objective, pairs_bound: int) -> Alternative:
        """Return the figures of the best pairs for this objective."""
        asked = self._question
        solved = assign.optimal_pairs(asked, objective)
        mentees, mentors = (tuple(side.tolist()) for side in solved.cover)
        self._proof = tuple(solved.prices.tolist()), solved.bonus, (mentees, mentors)
        shown = survey(asked, solved.match.astype(np.intp), self._proof, tuple(asked.locks))
        most = min(pairs_bound, shown.pairs_bound)
        return _figures("optimal", objective, solved.match, shown, shown.total_bound, most)

    def stable(self, total_bound: int, pairs_bound: int) -> Alternative:
        """Return the figures of the pairs that nobody would swap, as the assigner `stable` does."""
        asked = self._question
        match = assign.stable_pairs(asked)
        shown = survey(asked, match.astype(np.intp), self._proof, tuple(asked.locks))
        return _figures("stable", "", match, shown, total_bound, pairs_bound)


def _figures(
    assigner: str, objective: str, match: Any, shown: Survey, total_bound: int, pairs_bound: int
) -> Alternative:
    paired = np.flatnonzero(match >= 0)
    return Alternative(
        assigner=assigner,
        objective=objective,
        pairs=len(paired),
        total=int(shown.own[paired].sum()),
        total_bound=int(total_bound),
        pairs_bound=pairs_bound,
        blocking_pairs=shown.blocking,
    )
