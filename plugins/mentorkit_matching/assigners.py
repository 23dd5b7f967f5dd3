"""Which pairs: the best there are, stable ones, greedy ones, or by the mentees' own choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentorkit.hooks import Assigner, Assignment, Problem
from mentorkit_matching.schemas import options, whole

IGNORES = "; the objective is ignored"


class Optimal(Assigner):
    """The best assignment for the objective: exact when small, else with a proved bound."""

    name = "optimal"
    title = "The best pairs for the objective"
    options: Mapping[str, Any] = options(
        eps=whole(
            "Slack",
            "In big runs, how many of the 10,000 points a mentee may lose for speed; the bound "
            "tells what it cost.",
            minimum=1,
            maximum=1000,
            default=10,
        ),
        reading=whole(
            "Reading again",
            "In very big runs, how many billion pairs are looked at again for better pairs; a core "
            "looks at about half a billion in a second. The bound tells what more would bring.",
            minimum=0,
            maximum=100_000,
            default=200,
        ),
    )

    def assign(self, problem: Problem) -> Assignment:
        from mentorkit.matching import assign

        objective: Any = problem.objective
        solved = assign.optimal_pairs(
            problem,
            objective,
            eps=problem.options.get("eps", 10),
            budget=problem.options.get("reading", 200) * 10**9,
        )
        method = "optimal: auction over candidate lists, with a proved bound"
        if solved.exact:
            method = "optimal: exact, by shortest augmenting paths"
        mentees, mentors = solved.cover
        return Assignment(
            pairs=_pairs(solved.match),
            method=method,
            exact=solved.exact,
            prices=tuple(solved.prices.tolist()),
            bonus=solved.bonus,
            cover=(tuple(mentees.tolist()), tuple(mentors.tolist())),
        )


class Stable(Assigner):
    """No two would rather have each other; what either side chose counts before scores."""

    name = "stable"
    title = "Pairs that nobody would swap"
    uses_objective = False

    def assign(self, problem: Problem) -> Assignment:
        from mentorkit.matching import assign

        match = assign.stable_pairs(problem)
        return Assignment(pairs=_pairs(match), method=f"stable: deferred acceptance{IGNORES}")


class Greedy(Assigner):
    """The best pair that is left, again and again."""

    name = "greedy"
    title = "The best pair first, then the next"
    uses_objective = False

    def assign(self, problem: Problem) -> Assignment:
        from mentorkit.matching import as_arrays, assign

        asked = as_arrays(problem)
        match = assign.greedy(
            asked.lists(),
            problem.capacity,
            problem.locks,
            widen=None if asked.dense else asked.widen_arrays,
            rescan=asked.rescan,
        )
        return Assignment(pairs=_pairs(match), method=f"greedy: best pair first{IGNORES}")


class Choice(Assigner):
    """Mentees get whom they asked for, where rules allow; the score decides among rivals."""

    name = "choice"
    title = "Whom the mentees asked for"
    uses_objective = False
    uses_scores = False

    def assign(self, problem: Problem) -> Assignment:
        from mentorkit.matching import as_arrays, assign

        asked = as_arrays(problem)
        match = assign.by_choice(
            asked.lists(),
            problem.capacity,
            [problem.choices(mentee) for mentee in range(len(problem.mentees))],
            problem.locks,
            widen=None if asked.dense else asked.widen_arrays,
            pair_scores=asked.pair_scores,
        )
        return Assignment(pairs=_pairs(match), method=f"choice: by the mentees' choices{IGNORES}")


def _pairs(match: Any) -> tuple[tuple[int, int], ...]:
    paired = (match >= 0).nonzero()[0]
    return tuple(zip(paired.tolist(), match[paired].tolist(), strict=True))


ASSIGNERS: tuple[Assigner, ...] = (Optimal(), Stable(), Greedy(), Choice())
