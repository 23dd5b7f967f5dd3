"""The assignment solvers in one place: which pairs, and what proves how good they are.

Public, for assigners that build on them: `as_arrays(problem)` gives what they take.
"""

from __future__ import annotations

from mentorkit.matching.certificate import (
    HIGHEST,
    Blocks,
    blocking_pairs,
    blocking_pairs_in_blocks,
    check_cover,
    check_cover_in_blocks,
    check_prices,
    pairs_bound,
    total_bound,
    total_bound_in_blocks,
    worst_of,
)
from mentorkit.matching.exact import solve_dense
from mentorkit.matching.lists import Widen, dense_lists
from mentorkit.matching.market import solve_lists
from mentorkit.matching.solution import (
    ALONE,
    CandidateLists,
    Objective,
    Solution,
    place_locks,
    read_capacity,
)
from mentorkit.matching.stable import by_choice, greedy, stable

__all__ = [
    "ALONE",
    "HIGHEST",
    "Blocks",
    "CandidateLists",
    "Objective",
    "Solution",
    "Widen",
    "blocking_pairs",
    "blocking_pairs_in_blocks",
    "by_choice",
    "check_cover",
    "check_cover_in_blocks",
    "check_prices",
    "dense_lists",
    "greedy",
    "pairs_bound",
    "place_locks",
    "read_capacity",
    "solve_dense",
    "solve_lists",
    "stable",
    "total_bound",
    "total_bound_in_blocks",
    "worst_of",
]
