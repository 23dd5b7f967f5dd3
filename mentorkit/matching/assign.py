"""The assignment solvers in one place: which pairs, and what proves how good they are.

Public, for assigners that build on them: `as_arrays(problem)` gives what they take. Which solver is
used when:

* `optimal_pairs` and `stable_pairs` take a whole problem, and choose by its size.
* `solve_dense` looks at all pairs and is exact; `solve_lists` looks at candidate lists and proves
  how near it came, and hands over to the exact solver where equal scores make prices crawl and the
  pairs are not too many; `stable`, `greedy` and `by_choice` know no objective.
* They run compiled by numba where that is installed and worth it (`kernels.solvers`), else in plain
  numpy. The answer is the same, pair for pair and price for price. `by_choice` has little to do and
  is plain always.
"""

from __future__ import annotations

from mentorkit.matching.candidates import Rescan, Widen, best_at_prices
from mentorkit.matching.certificate import (
    HIGHEST,
    Blocks,
    blocking_pairs,
    check_cover_in_blocks,
    check_prices,
    pairs_bound,
    rather_in_blocks,
    total_bound,
    total_bound_in_blocks,
    uncovered,
    worst_of,
)
from mentorkit.matching.exact import solve_dense
from mentorkit.matching.solution import (
    ALONE,
    CandidateLists,
    Objective,
    Solution,
    place_locks,
    read_capacity,
)
from mentorkit.matching.solving import optimal_pairs, stable_pairs
from mentorkit.matching.sparse import solve_lists
from mentorkit.matching.stable import (
    Choices,
    PairScores,
    Refusal,
    Trace,
    Values,
    by_choice,
    greedy,
    stable,
    trace_choices,
)

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
    "by_choice",
    "check_cover_in_blocks",
    "check_prices",
    "greedy",
    "optimal_pairs",
    "pairs_bound",
    "place_locks",
    "rather_in_blocks",
    "read_capacity",
    "solve_dense",
    "solve_lists",
    "stable",
    "stable_pairs",
    "total_bound",
    "total_bound_in_blocks",
    "trace_choices",
    "uncovered",
    "worst_of",
]
