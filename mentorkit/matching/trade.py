"""The trade that a run makes: the figures of the ways to pick pairs that were not chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mentorkit.matching import assign
from mentorkit.matching.binding import Bound
from mentorkit.matching.pool import Pool
from mentorkit.matching.problem import Question
from mentorkit.matching.result import Alternative

if TYPE_CHECKING:
    from mentorkit.matching.solution import Objective


def alternatives(
    question: Question, pool: Pool, bound: Bound, total_bound: int, pairs_bound: int
) -> tuple[Alternative, ...] | None:
    """Return what the other ways to pick pairs would come to, the most telling first.

    Beside a run for one objective it is the best pairs for the other objective, and then the stable
    ones; beside an assigner that ignores the objective, the best pairs for the strategy's. People,
    rules, scores and locks are the same. `total_bound` and `pairs_bound` are those of the run. None
    where there are more pairs to think of than `problem.DENSE_CELLS`.
    """
    if not question.dense:
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
    """The scores and the allowed pairs of a run, read once."""

    def __init__(self, question: Question, pool: Pool) -> None:
        self._question, self._pool = question, pool
        self._scores, self._allowed = question.matrix()

    def best(self, objective: Objective, pairs_bound: int) -> Alternative:
        """Return the figures of the best pairs for this objective."""
        capacity, locks = self._pool.capacity, self._question.locks
        solved = assign.solve_dense(self._scores, self._allowed, capacity, objective, locks)
        covered = min(assign.pairs_bound(solved.cover, capacity, locks), len(self._pool.mentees))
        return self._figures(
            "optimal", objective, solved.match, solved.total, min(pairs_bound, covered)
        )

    def stable(self, total_bound: int, pairs_bound: int) -> Alternative:
        """Return the figures of the pairs that nobody would swap, as the assigner `stable` does."""
        match = assign.stable(
            self._question.lists(),
            self._pool.capacity,
            self._question.locks,
            choices=[self._question.choices(mentee) for mentee in range(len(self._pool.mentees))],
        )
        return self._figures("stable", "", match, total_bound, pairs_bound)

    def _figures(
        self, assigner: str, objective: str, match: Any, total_bound: int, pairs_bound: int
    ) -> Alternative:
        paired = np.flatnonzero(match >= 0)
        return Alternative(
            assigner=assigner,
            objective=objective,
            pairs=len(paired),
            total=int(self._scores[paired, match[paired]].sum(dtype=np.int64)),
            total_bound=int(total_bound),
            pairs_bound=pairs_bound,
            blocking_pairs=assign.blocking_pairs_in_blocks(
                self._question.blocks, self._pool.capacity, match
            ),
        )
