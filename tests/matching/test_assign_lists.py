"""The auction over candidate lists, held against the exact solver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from assignment_cases import Case, assert_feasible, check_cover, create_case, dense_lists
from numpy.typing import NDArray

from mentorkit.matching import auction, sparse
from mentorkit.matching.assign import (
    CandidateLists,
    Solution,
    best_at_prices,
    pairs_bound,
    solve_dense,
    solve_lists,
    total_bound,
)
from mentorkit.matching.candidates import ListRescan, start_of

OBJECTIVES = ("coverage", "score")


def create_widen(case: Case) -> Callable[[int, int], tuple[NDArray[np.int32], NDArray[np.int32]]]:
    lists = dense_lists(case.scores, case.allowed)

    def widen(mentee: int, k: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        mentors, scores = lists.of(mentee)
        return mentors[:k], scores[:k]

    return widen


def solve_short(case: Case, objective: Any, *, k: int = 2, eps: int = 1) -> Solution:
    """Solve with lists that start with `k` candidates."""
    return solve_lists(
        CandidateLists.from_dense(case.scores, case.allowed, k),
        case.capacity,
        objective,
        case.locks,
        eps=eps,
        widen=create_widen(case),
        lock_scores={pair: int(case.scores[pair]) for pair in case.locks},
    )


def assert_near_best(case: Case, objective: Any, solution: Solution, within: int) -> None:
    """The count is the best, the total near it, and both are bounded by what the solution says."""
    best = solve_dense(*case[:3], objective, case.locks)
    assert_feasible(case, solution.match)
    made = np.flatnonzero(solution.match >= 0)
    assert solution.total == case.scores[made, solution.match[made]].sum()
    assert solution.pairs == len(made)
    bound = total_bound(*case[:3], solution.prices, solution.bonus, solution.pairs, case.locks)
    assert solution.total <= best.total <= bound
    assert best.total - solution.total <= within
    assert bound - best.total <= within
    assert check_cover(case.allowed, case.capacity, solution.cover, case.locks)
    most = pairs_bound(best.cover, case.capacity, case.locks)
    assert pairs_bound(solution.cover, case.capacity, case.locks) == most
    if objective == "coverage":
        assert solution.pairs == most
    else:
        free = [mentee for mentee in made if mentee not in dict(case.locks)]
        assert (case.scores[free, solution.match[free]] > 0).all()
        assert solution.bonus == 0


@pytest.fixture
def never_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "EXACT_CELLS", 0)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("kept", [1, 3, 64])
@pytest.mark.usefixtures("never_exact")
def test_small_cases_come_near_the_best_however_short_the_lists(
    objective: str, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auction, "KEPT", kept)
    monkeypatch.setattr(auction, "PATIENCE", 100_000)
    rng = np.random.default_rng(31)
    for _ in range(80):
        case = create_case(rng, *rng.integers(1, 9, 2))
        case = case._replace(scores=np.minimum(case.scores, 300))
        assert_near_best(case, objective, solve_short(case, objective), 40)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.usefixtures("never_exact")
def test_crawling_prices_cost_nearness_but_never_truth(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auction, "KEPT", 2)
    rng = np.random.default_rng(33)
    for _ in range(150):
        case = create_case(rng, *rng.integers(1, 9, 2))
        assert_near_best(case, objective, solve_short(case, objective), 80_000)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_where_prices_crawl_the_exact_solver_takes_over(objective: str) -> None:
    scores = np.full((60, 40), 9000, np.int32)
    case = Case(scores, np.ones((60, 40), np.bool_), np.ones(40, np.int64), ((3, 5),))
    solution = solve_short(case, objective)
    assert solution.exact
    assert_near_best(case, objective, solution, 0)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.usefixtures("never_exact")
def test_where_all_are_equal_and_there_is_room_the_best_is_proved(objective: str) -> None:
    shape = 60, 40
    places = np.full(40, 2, np.int64)
    case = Case(np.full(shape, 2875, np.int32), np.ones(shape, np.bool_), places, ())
    solution = solve_short(case, objective, k=8, eps=10)
    assert (solution.total, solution.pairs) == (60 * 2875, 60)
    told = total_bound(*case[:3], solution.prices, solution.bonus, solution.pairs, case.locks)
    assert told == solution.total


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.usefixtures("never_exact")
def test_a_medium_program_is_within_eps_a_mentee(objective: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = create_case(rng, 150, 100 - 15 * seed, most=2)
    shape = case.scores.shape
    case = case._replace(
        scores=rng.integers(0, 10_001, shape).astype(np.int32),
        allowed=rng.random(shape) < [0.02, 0.05, 0.3][seed % 3],
    )
    solution = solve_short(case, objective, k=4, eps=5)
    assert not solution.exact
    assert_near_best(case, objective, solution, 5 * 150 * 4)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_complete_lists_need_no_widening(objective: Any) -> None:
    rng = np.random.default_rng(37)
    case = create_case(rng, 30, 20, locks=0)
    lists = dense_lists(case.scores, case.allowed)
    solution = solve_lists(lists, case.capacity, objective, eps=1)
    assert_near_best(case, objective, solution, 200)


def test_how_long_the_lists_start_changes_little() -> None:
    rng = np.random.default_rng(39)
    case = Case(
        rng.integers(0, 10_001, (400, 250)).astype(np.int32),
        rng.random((400, 250)) < 0.5,
        rng.integers(0, 4, 250),
    )
    best = solve_dense(*case[:3], "score").total
    for k in (4, 16, 250):
        assert best - solve_short(case, "score", k=k).total <= 400


def test_lists_are_read_again_by_score_less_price_whoever_reads_them() -> None:
    rng = np.random.default_rng(40)
    for _ in range(200):
        case = create_case(rng, *rng.integers(1, 12, 2))
        mentees, mentors = case.scores.shape
        prices = rng.choice([0, 1, 4000, 9000, 1 << 40], mentors)
        k = int(rng.integers(1, mentors + 1))
        asked = rng.permutation(mentees)[: rng.integers(1, mentees + 1)]
        short = CandidateLists.from_dense(case.scores, case.allowed, 1)
        whole = dense_lists(case.scores, case.allowed)
        expected = best_at_prices(case.scores[asked], case.allowed[asked], prices, k, asked)
        for row, mentee in enumerate(asked.tolist()):
            found = [one for one in expected[0][row].tolist() if one >= 0]
            assert len(found) == min(k, int(case.allowed[mentee].sum()))
            ranked = sorted(
                np.flatnonzero(case.allowed[mentee]).tolist(),
                key=lambda one, mentee=mentee, prices=prices, case=case, mentors=mentors: (
                    int(prices[one]) - int(case.scores[mentee, one]),
                    (one - start_of(mentee, mentors)) % mentors,
                ),
            )
            assert found == ranked[:k]
        for read in (ListRescan(short, create_widen(case)), ListRescan(whole, None)):
            given = read(asked, prices, k)
            assert given[0].tolist() == expected[0].tolist()
            assert given[1].tolist() == expected[1].tolist()


def test_a_locked_pair_on_no_list_counts_as_told() -> None:
    case = Case(
        np.array([[7, 0]], np.int32), np.zeros((1, 2), np.bool_), np.array([1, 1]), ((0, 0),)
    )
    assert solve_short(case, "coverage").total == 7


def test_an_eps_that_never_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="eps must be at least 1"):
        solve_lists(dense_lists(np.ones((1, 1)), np.ones((1, 1))), [1], "score", eps=0)


def test_where_no_more_may_be_read_it_ends_with_the_lists_there_are_and_a_bound_that_holds() -> (
    None
):
    rng = np.random.default_rng(5)
    scores, allowed = rng.integers(1, 10_001, (60, 30)), rng.random((60, 30)) < 0.8
    capacity, shown = np.ones(30, np.int64), []
    lists = CandidateLists.from_dense(scores, allowed, 3)

    def rescan(mentees: Any, prices: Any, k: int) -> Any:
        shown.append(len(mentees))
        return best_at_prices(scores[mentees], allowed[mentees], prices, k, mentees)

    for objective in ("score", "coverage"):
        shown.clear()
        short = solve_lists(lists, capacity, objective, rescan=rescan, budget=600)
        assert sum(shown) <= 20  # of 30 mentors each
        best = solve_dense(scores, allowed, capacity, objective)
        assert short.pairs <= best.pairs <= pairs_bound(short.cover, capacity)
        assert check_cover(allowed, capacity, short.cover)
        bound = total_bound(scores, allowed, capacity, short.prices)
        assert short.total <= solve_dense(scores, allowed, capacity, "score").total <= bound
