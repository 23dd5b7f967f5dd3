"""The exact solver and its certificates, held against scipy and OR-tools."""

from __future__ import annotations

import numpy as np
import pytest
from assignment_cases import Case, assert_feasible, check_cover, create_case
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from mentorkit.matching.assign import (
    Solution,
    blocking_pairs,
    check_cover_in_blocks,
    pairs_bound,
    rather_in_blocks,
    solve_dense,
    total_bound,
    total_bound_in_blocks,
    worst_of,
)


def create_free_part(case: Case) -> tuple[int, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the locks' total, and the scores and allowed pairs of who is left, place by place."""
    left = case.capacity.copy()
    fixed = 0
    for mentee, mentor in case.locks:
        left[mentor] -= 1
        fixed += int(case.scores[mentee, mentor])
    locked = {mentee for mentee, _ in case.locks}
    rows = [mentee for mentee in range(len(case.scores)) if mentee not in locked]
    columns = np.repeat(np.arange(len(left)), np.minimum(left, len(rows)))
    allowed = case.allowed[rows][:, columns]
    return fixed, case.scores[rows][:, columns].astype(np.int64), allowed


def best_by_scipy(case: Case, objective: str) -> tuple[int, int]:
    """Return the pairs (of objective score: at most) and the total that scipy finds."""
    fixed, scores, allowed = create_free_part(case)
    big = 10_001 * (min(scores.shape, default=0) + 1) if objective == "coverage" else 0
    weight = np.where(allowed, scores + big, 0)
    mentees, places = linear_sum_assignment(weight, maximize=True)
    made = allowed[mentees, places]
    total = int(scores[mentees, places][made].sum())
    return int(made.sum()) + len(case.locks), total + fixed


def best_total_by_flow(case: Case) -> int:
    """Return the best total by OR-tools' minimum cost flow, with capacities of its own."""
    mentees, mentors = case.scores.shape
    locked = dict(case.locks)
    left = case.capacity - np.bincount(list(locked.values()), minlength=mentors)
    flow = SimpleMinCostFlow()
    source, sink = mentees + mentors, mentees + mentors + 1
    for mentee in set(range(mentees)) - set(locked):
        flow.add_arc_with_capacity_and_unit_cost(source, mentee, 1, 0)
        flow.add_arc_with_capacity_and_unit_cost(mentee, sink, 1, 0)
        for mentor in np.flatnonzero(case.allowed[mentee]):
            score = int(case.scores[mentee, mentor])
            flow.add_arc_with_capacity_and_unit_cost(mentee, mentees + int(mentor), 1, -score)
    for mentor in range(mentors):
        flow.add_arc_with_capacity_and_unit_cost(mentees + mentor, sink, int(left[mentor]), 0)
    flow.set_node_supply(source, mentees - len(locked))
    flow.set_node_supply(sink, len(locked) - mentees)
    assert flow.solve() == flow.OPTIMAL
    fixed = sum(int(case.scores[pair]) for pair in case.locks)
    return fixed - int(flow.optimal_cost())


def most_pairs(case: Case) -> int:
    """Return the greatest number of pairs by scipy's Hopcroft and Karp."""
    _, _, allowed = create_free_part(case)
    if not allowed.size:
        return len(case.locks)
    matched = maximum_bipartite_matching(csr_array(allowed), perm_type="column")
    return int((matched >= 0).sum()) + len(case.locks)


def bound_of(case: Case, solution: Solution) -> int:
    return total_bound(
        case.scores,
        case.allowed,
        case.capacity,
        solution.prices,
        solution.bonus,
        solution.pairs,
        case.locks,
    )


def assert_best(case: Case) -> None:
    """Both objectives reach what scipy reaches, and prove it."""
    for objective in ("coverage", "score"):
        solution = solve_dense(*case[:3], objective, case.locks)
        pairs, total = best_by_scipy(case, objective)
        assert_feasible(case, solution.match)
        made = np.flatnonzero(solution.match >= 0)
        assert solution.total == case.scores[made, solution.match[made]].sum() == total
        assert solution.pairs == len(made)
        assert solution.exact
        assert bound_of(case, solution) == solution.total
        assert check_cover(case.allowed, case.capacity, solution.cover, case.locks)
        assert pairs_bound(solution.cover, case.capacity, case.locks) == most_pairs(case)
        if objective == "coverage":
            assert solution.pairs == pairs == most_pairs(case)
        else:
            assert solution.bonus == 0
            free = [i for i in made if i not in dict(case.locks)]
            assert (case.scores[free, solution.match[free]] > 0).all()


def test_thousands_of_small_cases_are_solved_as_scipy_solves_them() -> None:
    rng = np.random.default_rng(20)
    for _ in range(3000):
        assert_best(create_case(rng, *rng.integers(1, 9, 2)))


def test_small_cases_reach_the_total_of_a_minimum_cost_flow() -> None:
    rng = np.random.default_rng(21)
    for _ in range(500):
        case = create_case(rng, *rng.integers(1, 9, 2))
        solution = solve_dense(*case[:3], "score", case.locks)
        assert solution.total == best_total_by_flow(case)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    mentees, mentors = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    values = draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=4))
    size = mentees * mentors
    pick = draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))
    may = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    places = draw(st.lists(st.integers(0, 3), min_size=mentors, max_size=mentors))
    wanted = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=2))
    locks: dict[int, int] = {}
    left = list(places)
    for mentee, mentor in wanted:
        if mentee < mentees and mentor < mentors and mentee not in locks and left[mentor]:
            locks[mentee] = mentor
            left[mentor] -= 1
    return Case(
        np.array(pick, np.int32).reshape(mentees, mentors),
        np.array(may, np.bool_).reshape(mentees, mentors),
        np.array(places, np.int64),
        tuple(locks.items()),
    )


@settings(max_examples=300)
@given(cases())
def test_any_case_is_solved_best_and_proved(case: Case) -> None:
    assert_best(case)


@pytest.mark.parametrize("seed", range(12))
def test_a_program_of_a_hundred_people_is_solved_best(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = create_case(rng, 60, 40, most=seed % 4, locks=5)
    if seed % 2:
        case = case._replace(scores=rng.integers(0, 10_001, (60, 40)).astype(np.int32))
    assert_best(case)


def test_a_pair_that_scores_nothing_counts_only_for_coverage() -> None:
    scores = np.array([[9000, 10], [8000, 0]], np.int32)
    everyone, one_each = np.ones((2, 2), np.bool_), np.array([1, 1])
    coverage = solve_dense(scores, everyone, one_each, "coverage")
    score = solve_dense(scores, everyone, one_each, "score")
    assert (coverage.pairs, coverage.total) == (2, 9000)
    assert (score.pairs, score.total) == (1, 9000)


def test_more_pairs_cost_total_only_for_coverage() -> None:
    scores = np.array([[10_000, 10], [9_000, 0]], np.int32)
    allowed = np.array([[True, True], [True, False]])
    coverage = solve_dense(scores, allowed, np.array([1, 1]), "coverage")
    score = solve_dense(scores, allowed, np.array([1, 1]), "score")
    assert coverage.match.tolist() == [1, 0]
    assert score.match.tolist() == [0, -1]
    assert coverage.bonus == 990


def test_of_equal_totals_the_one_with_more_pairs_is_taken() -> None:
    scores = np.array([[100, 40], [60, 0]], np.int32)
    solution = solve_dense(scores, np.ones((2, 2), np.bool_), np.array([1, 1]), "score")
    assert (solution.total, solution.pairs) == (100, 2)


def test_a_lock_stays_even_where_it_is_not_allowed_and_takes_a_place() -> None:
    scores = np.full((3, 1), 5, np.int32)
    allowed = np.array([[False], [True], [True]])
    solution = solve_dense(scores, allowed, np.array([2]), "coverage", [(0, 0)])
    assert solution.match[0] == 0
    assert solution.pairs == 2
    assert solution.total == 10


def test_a_mentee_locked_to_two_mentors_is_refused() -> None:
    with pytest.raises(ValueError, match="mentee 0 is locked to mentors 0 and 1"):
        solve_dense(np.ones((1, 2)), np.ones((1, 2)), [1, 1], "score", [(0, 0), (0, 1)])


def test_a_negative_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="mentor 1 is negative"):
        solve_dense(np.ones((1, 2)), np.ones((1, 2)), [1, -1], "score")


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nobody_on_one_side_gives_no_pairs(shape: tuple[int, int]) -> None:
    case = Case(np.zeros(shape, np.int32), np.ones(shape, np.bool_), np.ones(shape[1], np.int64))
    assert_best(case)


@pytest.mark.parametrize("value", [0, 1, 10_000])
def test_equal_scores_everywhere_are_no_trap(value: int) -> None:
    scores = np.full((300, 200), value, np.int32)
    case = Case(scores, np.ones((300, 200), np.bool_), np.ones(200, np.int64))
    assert_best(case)


def test_places_beyond_the_number_of_mentees_change_nothing() -> None:
    case = create_case(np.random.default_rng(3), 8, 3, locks=0)
    assert_best(case._replace(capacity=np.array([10**12, 0, 1])))


def test_the_same_input_gives_the_same_pairs() -> None:
    case = create_case(np.random.default_rng(5), 40, 30)
    first, second = (solve_dense(*case[:3], "coverage", case.locks) for _ in range(2))
    assert first.match.tolist() == second.match.tolist()
    assert first.prices.tolist() == second.prices.tolist()


# ------------------------------------------------------------------ certificates


def create_slices(case: Case):  # type: ignore[no-untyped-def]
    return lambda start, stop: (case.scores[start:stop], case.allowed[start:stop])


def test_any_prices_bound_the_total_and_wrong_ones_bound_it_badly() -> None:
    rng = np.random.default_rng(7)
    for _ in range(300):
        case = create_case(rng, *rng.integers(1, 9, 2))
        best = {o: best_by_scipy(case, o) for o in ("coverage", "score")}
        prices = rng.integers(0, 9000, len(case.capacity))
        bonus = int(rng.integers(0, 20_000))
        pairs, total = best["coverage"]
        args = (case.scores, case.allowed, case.capacity, prices)
        assert total_bound(*args, bonus, pairs, case.locks) >= total
        assert total_bound(*args, locks=case.locks) >= best["score"][1]


def test_a_changed_price_of_an_exact_solution_no_longer_proves_it() -> None:
    scores = np.array([[9000, 8000], [9000, 1000]], np.int32)
    args = (scores, np.ones((2, 2), np.bool_), np.array([1, 1]))
    solution = solve_dense(*args, "score")
    assert total_bound(*args, solution.prices) == solution.total == 17_000
    assert total_bound(*args, [*solution.prices[:1], solution.prices[1] + 7]) > solution.total
    assert total_bound(*args, solution.prices * 0) > solution.total


def test_a_total_above_the_bound_is_exposed_whatever_is_claimed() -> None:
    case = create_case(np.random.default_rng(9), 20, 20, locks=0)
    solution = solve_dense(*case[:3], "coverage")
    assert solution.total + 1 > bound_of(case, solution)


@pytest.mark.parametrize(("prices", "bonus"), [([-1, 0], 0), ([0, 0], -1), ([0], 0)])
def test_a_certificate_that_proves_nothing_is_refused(prices: list[int], bonus: int) -> None:
    with pytest.raises(ValueError, match="nothing"):
        total_bound(np.ones((1, 2)), np.ones((1, 2)), [1, 1], prices, bonus, 1)


def test_a_cover_that_misses_a_pair_is_rejected() -> None:
    rng = np.random.default_rng(11)
    rejected = 0
    for _ in range(200):
        case = create_case(rng, *rng.integers(1, 9, 2))
        mentees, mentors = solve_dense(*case[:3], "coverage", case.locks).cover
        # The cover is a smallest one, so without any one of its mentees it covers too little.
        for index in range(len(mentees)):
            less = (np.delete(mentees, index), mentors)
            assert not check_cover(case.allowed, case.capacity, less, case.locks)
            rejected += 1
    assert rejected


def test_a_cover_of_people_who_do_not_exist_is_rejected() -> None:
    for cover in (([5], []), ([-1], []), ([], [2])):
        assert not check_cover(np.zeros((2, 2)), [1, 1], cover)


def test_repeating_a_mentee_in_a_cover_does_not_change_its_size() -> None:
    assert pairs_bound(([1, 1], [0, 0]), [4, 9]) == 5


def test_blocks_give_what_whole_arrays_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mentorkit.matching.certificate.BLOCK_CELLS", 13)
    rng = np.random.default_rng(13)
    for _ in range(50):
        case = create_case(rng, *rng.integers(1, 12, 2))
        solution = solve_dense(*case[:3], "coverage", case.locks)
        blocks, mentees = create_slices(case), len(case.scores)
        certificate = (solution.prices, solution.bonus, solution.pairs, case.locks)
        assert solution.total == total_bound_in_blocks(blocks, mentees, case.capacity, *certificate)
        assert check_cover_in_blocks(blocks, mentees, case.capacity, solution.cover, case.locks)
        own = np.full(mentees, -1)
        paired = np.flatnonzero(solution.match >= 0)
        own[paired] = case.scores[paired, solution.match[paired]]
        rather = rather_in_blocks(blocks, own, worst_of(own, solution.match, case.capacity))
        assert rather.sum() == count_blocking(case, solution.match)


def count_blocking(case: Case, match: NDArray[np.int32]) -> int:
    """Count blocking pairs one by one, as the definition says."""
    count = 0
    for mentee, mentor in np.argwhere(case.allowed):
        score = case.scores[mentee, mentor]
        held = case.scores[match == mentor, mentor]
        own = match[mentee]
        rather = own < 0 or score > case.scores[mentee, own]
        welcome = len(held) < case.capacity[mentor] or (len(held) > 0 and score > held.min())
        count += bool(rather and welcome)
    return count


def test_blocking_pairs_are_counted_as_defined() -> None:
    rng = np.random.default_rng(15)
    for _ in range(500):
        case = create_case(rng, *rng.integers(1, 9, 2))
        match = solve_dense(*case[:3], "coverage", case.locks).match
        assert blocking_pairs(*case[:3], match) == count_blocking(case, match)
