"""The assignment solvers in one place: which pairs, and what proves how good they are.

Public, for assigners that build on them: `as_arrays(problem)` gives what they take. Which solver is
used when:

* `solve_dense` looks at all pairs and is exact; `solve_lists` looks at candidate lists and proves
  how near it came, and hands over to the exact solver where equal scores make prices crawl and the
  pairs are not too many; `stable`, `greedy` and `by_choice` know no objective.
* They run compiled by numba where that is installed and there are so many pairs that they make up
  for loading it (`COMPILED_FROM`), else in plain numpy. The answer is the same, pair for pair and
  price for price. `by_choice` has little to do and is plain always.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mentorkit.matching import exact, kernels, market
from mentorkit.matching import stable as acceptance
from mentorkit.matching.certificate import (
    HIGHEST,
    Blocks,
    blocking_pairs,
    blocking_pairs_in_blocks,
    check_cover_in_blocks,
    check_prices,
    pairs_bound,
    total_bound,
    total_bound_in_blocks,
    uncovered,
    worst_of,
)
from mentorkit.matching.lists import Rescan, Widen, best_at_prices
from mentorkit.matching.solution import (
    ALONE,
    CandidateLists,
    Index,
    Locks,
    Objective,
    Solution,
    place_locks,
    read_capacity,
)
from mentorkit.matching.stable import (
    Choices,
    PairScores,
    Refusal,
    Trace,
    Values,
    by_choice,
    trace_choices,
)

COMPILED_FROM = 2_000_000
"""From so many pairs on, what numba saves is more than the second that it takes to load."""


def solve_dense(
    scores: ArrayLike,
    allowed: ArrayLike,
    capacity: ArrayLike,
    objective: Objective,
    locks: Locks = (),
) -> Solution:
    """Return the best assignment there is: `exact.solve_dense`."""
    compiled = _compiled(np.asarray(scores).size)
    return exact.solve_dense(scores, allowed, capacity, objective, locks, compiled=compiled)


def solve_lists(
    lists: CandidateLists,
    capacity: ArrayLike,
    objective: Objective,
    locks: Locks = (),
    *,
    eps: int = 10,
    budget: int = market.READ_AGAIN,
    widen: Widen | None = None,
    rescan: Rescan | None = None,
    lock_scores: Mapping[tuple[int, int], int] | None = None,
) -> Solution:
    """Return an assignment near the best, and what bounds it: `market.solve_lists`."""
    return market.solve_lists(
        lists,
        capacity,
        objective,
        locks,
        eps=eps,
        budget=budget,
        widen=widen,
        rescan=rescan,
        lock_scores=lock_scores,
        compiled=_compiled(lists.mentees * np.size(capacity)),
    )


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
) -> Index:
    """Return pairs that no two would rather leave for each other: `stable.stable`."""
    return acceptance.stable(
        lists,
        capacity,
        locks,
        choices=choices,
        mentor_choices=mentor_choices,
        values=values,
        widen=widen,
        rescan=rescan,
        pair_scores=pair_scores,
        compiled=_compiled(lists.mentees * np.size(capacity)),
    )


def greedy(
    lists: CandidateLists,
    capacity: ArrayLike,
    locks: Locks = (),
    *,
    widen: Widen | None = None,
    rescan: Rescan | None = None,
) -> Index:
    """Return the best pair left, again and again: `stable.greedy`."""
    compiled = _compiled(lists.mentees * np.size(capacity))
    return acceptance.greedy(lists, capacity, locks, widen=widen, rescan=rescan, compiled=compiled)


def _compiled(pairs: int) -> Any:
    """Return the compiled solvers where they are worth loading, or loaded, else None."""
    if pairs < COMPILED_FROM and "numba" not in sys.modules:
        return None
    return kernels.loaded("assign")


__all__ = [
    "ALONE",
    "HIGHEST",
    "Blocks",
    "CandidateLists",
    "Choices",
    "Objective",
    "PairScores",
    "Refusal",
    "Rescan",
    "Solution",
    "Trace",
    "Values",
    "Widen",
    "best_at_prices",
    "blocking_pairs",
    "blocking_pairs_in_blocks",
    "by_choice",
    "check_cover_in_blocks",
    "check_prices",
    "greedy",
    "pairs_bound",
    "place_locks",
    "read_capacity",
    "solve_dense",
    "solve_lists",
    "stable",
    "total_bound",
    "total_bound_in_blocks",
    "trace_choices",
    "uncovered",
    "worst_of",
]
