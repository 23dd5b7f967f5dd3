"""Who would both rather have each other: by what they chose, and after that by the score."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.matching import Result, kernels, problem, run, verify
from mentorkit.matching.scan import Scan
from tests.matching.samples import Case, draw_case

FIRST = 1_000_000
"""What it is worth to have whom one chose first."""


def wish(random: Random, case: Case) -> None:
    """Let some of both sides choose."""
    mentors, mentees = ([one.id for one in side] for side in (case.mentors, case.mentees))

    def chosen(others: list[str]) -> tuple[str, ...]:
        many = random.choice((0, 0, 1, 2, 5))
        return tuple(random.sample(others, min(many, len(others))))

    case.mentees = [replace(one, choices=chosen(mentors)) for one in case.mentees]
    if random.random() < 0.5:
        case.mentors = [replace(one, choices=chosen(mentees)) for one in case.mentors]


def draw_locks(random: Random, case: Case) -> list[tuple[str, str]]:
    """Lock a few mentees, each to a mentor who has a place and whom no safeguard forbids."""
    left = {one.id: one.capacity for one in case.mentors}
    locks = []
    for mentee in random.sample(case.mentees, min(2, len(case.mentees))):
        may = [id for id in left if left[id] and (mentee.id, id) not in case.forbidden]
        if may and random.random() < 0.5:
            left[mentor := random.choice(may)] -= 1
            locks.append((mentee.id, mentor))
    return locks


def counted(case: Case, result: Result, locks: list[tuple[str, str]]) -> int:
    """Count one by one, as the definition says."""
    pool = case.pool
    scores, allowed = Scan(pool, case.bound(), compiled=False).block(0, len(case.mentees))
    match = {pool.mentee_at[p.mentee_id]: pool.mentor_at[p.mentor_id] for p in result.pairs}
    held = {pool.mentee_at[one] for one, _ in locks}

    def worth(chosen: tuple[int, ...], other: int, score: int) -> int:
        return FIRST - chosen.index(other) if other in chosen else score

    def of_mentee(i: int, j: int) -> int:
        return worth(pool.choices(i), j, int(scores[i, j]))

    def of_mentor(j: int, i: int) -> int:
        return worth(pool.mentor_choices(j), i, int(scores[i, j]))

    def welcome(j: int, i: int) -> bool:
        theirs = [one for one, of in match.items() if of == j]
        free = [of_mentor(j, one) for one in theirs if one not in held]
        if len(theirs) < pool.capacity[j]:
            return True
        return bool(free) and of_mentor(j, i) > min(free)

    return sum(
        welcome(j, i) and (i not in match or of_mentee(i, j) > of_mentee(i, match[i]))
        for i, j in np.argwhere(allowed).tolist()
        if i not in held
    )


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["optimal", "stable", "greedy", "choice"]))
def test_they_are_counted_as_defined(seed: int, assigner: str) -> None:
    random, case = Random(seed), draw_case(seed, assigner=assigner)
    wish(random, case)
    result = run(case.pool, case.bound())
    assert result.blocking_pairs == counted(case, result, [])
    assert verify(case.pool, case.bound(), result) == []
    if assigner == "stable":
        assert result.blocking_pairs == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["optimal", "stable"]))
def test_who_is_locked_stays_where_they_are(seed: int, assigner: str) -> None:
    random, case = Random(seed), draw_case(seed, assigner=assigner)
    wish(random, case)
    locks = draw_locks(random, case)
    result = run(case.pool, case.bound(), locks=locks)
    assert result.blocking_pairs == counted(case, result, locks)
    assert verify(case.pool, case.bound(), result, locks=locks) == []
    if assigner == "stable":
        assert result.blocking_pairs == 0


@pytest.mark.skipif(not kernels.available(), reason="numba is not installed")
def test_lists_tell_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORTH", "WORTH_LOADED"):
        monkeypatch.setattr(kernels, name, 0)
    monkeypatch.setattr(problem, "DENSE_CELLS", 0)
    for seed in range(25):
        for assigner in ("optimal", "stable"):
            random, case = Random(seed), draw_case(seed, assigner=assigner)
            wish(random, case)
            locks = draw_locks(random, case)
            result = run(case.pool, case.bound(), locks=locks)
            assert result.blocking_pairs == counted(case, result, locks)
