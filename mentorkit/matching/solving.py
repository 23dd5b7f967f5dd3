"""A whole problem put to a solver: by the shipped assigners, and to compare a run with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mentorkit.matching.exact import solve_dense
from mentorkit.matching.problem import as_arrays
from mentorkit.matching.sparse import READ_AGAIN, solve_lists
from mentorkit.matching.stable import stable

if TYPE_CHECKING:
    from mentorkit.hooks.assignments import Problem
    from mentorkit.matching.solution import Ints32, Objective, Solution


def optimal_pairs(
    problem: Problem, objective: Objective, *, eps: int = 10, budget: int = READ_AGAIN
) -> Solution:
    """Return the best pairs for an objective: exact where dense, else as `solve_lists` says."""
    asked = as_arrays(problem)
    if asked.dense:
        return solve_dense(*asked.matrix(), problem.capacity, objective, problem.locks)
    return solve_lists(
        asked.lists(),
        problem.capacity,
        objective,
        problem.locks,
        eps=eps,
        budget=budget,
        widen=asked.widen_arrays,
        rescan=asked.rescan,
        lock_scores=asked.lock_scores,
    )


def stable_pairs(problem: Problem) -> Ints32:
    """Return each mentee's mentor (-1: none) so that nobody would swap; what they chose counts."""
    asked = as_arrays(problem)
    return stable(
        asked.lists(),
        problem.capacity,
        problem.locks,
        choices=[problem.choices(mentee) for mentee in range(len(problem.mentees))],
        mentor_choices=[problem.mentor_choices(one) for one in range(len(problem.mentors))],
        widen=None if asked.dense else asked.widen_arrays,
        rescan=asked.rescan,
        pair_scores=asked.pair_scores,
    )
