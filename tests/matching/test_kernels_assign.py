"""The compiled solvers answer what the plain ones answer, to the last price."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from assignment_cases import Case, create_case
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from mentorkit.matching import assign, auction, exact, kernels, sparse
from mentorkit.matching import stable as acceptance
from mentorkit.matching.candidates import Rescan, best_at_prices
from mentorkit.matching.solution import CandidateLists, Solution

pytest.importorskip("numba")
from mentorkit.matching.kernels import assign as compiled

OBJECTIVES: tuple[Any, ...] = ("coverage", "score")


@pytest.fixture
def never_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "EXACT_CELLS", 0)


def create_rescan(case: Case) -> Rescan:
    def rescan(
        mentees: NDArray[np.int64], prices: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        return best_at_prices(case.scores[mentees], case.allowed[mentees], prices, k, mentees)

    return rescan


def assert_same(plain: Solution, fast: Solution) -> None:
    assert fast.match.tolist() == plain.match.tolist()
    assert fast.prices.tolist() == plain.prices.tolist()
    assert [side.tolist() for side in fast.cover] == [side.tolist() for side in plain.cover]
    for number in ("total", "pairs", "exact", "bonus"):
        assert getattr(fast, number) == getattr(plain, number)


def solve_both(case: Case, objective: Any, k: int, eps: int) -> tuple[Solution, Solution]:
    """Solve over lists that start with `k` candidates, in plain numpy and compiled."""
    lists = CandidateLists.from_dense(case.scores, case.allowed, k)
    scores = {pair: int(case.scores[pair]) for pair in case.locks}
    plain, fast = (
        sparse.solve_lists(
            lists,
            case.capacity,
            objective,
            case.locks,
            eps=eps,
            rescan=create_rescan(case),
            lock_scores=scores,
            compiled=kernel,
        )
        for kernel in (None, compiled)
    )
    return plain, fast


def vary(rng: np.random.Generator, case: Case) -> Case:
    """Let some cases have low scores, and some hardly any ties."""
    drawn = rng.integers(3)
    if drawn == 0:
        return case._replace(scores=np.minimum(case.scores, 300))
    if drawn == 1:
        scores = rng.integers(0, 10_001, case.scores.shape).astype(np.int32)
        return case._replace(scores=scores)
    return case


@pytest.mark.parametrize("kept", [1, 3, 64])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.usefixtures("never_exact")
def test_auction_and_coverage_end_at_the_same_prices(
    objective: str, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auction, "KEPT", kept)
    monkeypatch.setattr(auction, "PATIENCE", 30)
    rng = np.random.default_rng(51)
    for _ in range(300):
        case = vary(rng, create_case(rng, *rng.integers(1, 14, 2), most=4))
        k, eps = (int(drawn) for drawn in rng.integers(1, 6, 2))
        assert_same(*solve_both(case, objective, k, eps))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.usefixtures("never_exact")
def test_a_medium_program_ends_at_the_same_prices(objective: str) -> None:
    rng = np.random.default_rng(53)
    for most in (1, 9, 200):
        case = create_case(rng, 160, 90, most=most, locks=9)
        case = case._replace(scores=rng.integers(0, 10_001, (160, 90)).astype(np.int32))
        assert_same(*solve_both(case, objective, 4, 3))


def test_a_thousand_mentees_come_within_eps_each_of_a_minimum_cost_flow() -> None:
    rng = np.random.default_rng(59)
    mentees, mentors, width = 2000, 800, 12
    mentor = np.sort(rng.random((mentees, mentors)).argpartition(width)[:, :width]).astype(np.int32)
    score = np.sort(rng.integers(1, 10_001, mentor.shape), axis=1)[:, ::-1].astype(np.int32)
    places = rng.integers(0, 5, mentors)
    lists = CandidateLists(
        np.arange(mentees + 1) * width, mentor.ravel(), np.ascontiguousarray(score).ravel()
    )
    best = best_by_flow(lists, places)
    fast = sparse.solve_lists(lists, places, "score", eps=1, compiled=compiled)
    assert best - mentees <= fast.total <= best


def best_by_flow(lists: CandidateLists, places: NDArray[np.int64]) -> int:
    """Return the best total over complete lists by OR-tools."""
    mentees, mentors = lists.mentees, len(places)
    rows = np.repeat(np.arange(mentees), np.diff(lists.indptr))
    everybody, everyone = np.arange(mentees), np.arange(mentees, mentees + mentors)
    sink = mentees + mentors
    flow = SimpleMinCostFlow()
    for tails, heads, most, costs in (
        (rows, lists.mentor.astype(np.int64) + mentees, 1, -lists.score.astype(np.int64)),
        (everybody, np.full(mentees, sink), 1, 0),
        (everyone, np.full(mentors, sink), places, 0),
    ):
        each = np.zeros(len(tails), np.int64)
        flow.add_arcs_with_capacity_and_unit_cost(tails, heads, each + most, each + costs)
    flow.set_nodes_supplies(everybody, np.ones(mentees, np.int64))
    flow.set_node_supply(sink, -mentees)
    assert flow.solve() == flow.OPTIMAL
    return -int(flow.optimal_cost())


def test_where_prices_crawl_both_hand_over_to_the_exact_solver() -> None:
    scores = np.full((60, 40), 9000, np.int32)
    case = Case(scores, np.ones((60, 40), np.bool_), np.ones(40, np.int64), ((3, 5),))
    plain, fast = solve_both(case, "coverage", 4, 1)
    assert plain.exact
    assert_same(plain, fast)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_thousands_of_exact_solutions_are_the_same(objective: Any) -> None:
    rng = np.random.default_rng(55)
    for _ in range(1000):
        case = vary(rng, create_case(rng, *rng.integers(1, 10, 2)))
        assert_same(*solve_exactly(case, objective))


def solve_exactly(case: Case, objective: Any) -> tuple[Solution, Solution]:
    plain, fast = (
        exact.solve_dense(*case[:3], objective, case.locks, compiled=kernel)
        for kernel in (None, compiled)
    )
    return plain, fast


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(1, 30), st.sampled_from(OBJECTIVES))
def test_any_exact_solution_is_the_same(seed: int, one: int, other: int, objective: Any) -> None:
    rng = np.random.default_rng(seed)
    assert_same(*solve_exactly(vary(rng, create_case(rng, one, other)), objective))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1)])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_nobody_on_one_side_is_no_trap(objective: Any, shape: tuple[int, int]) -> None:
    case = Case(np.zeros(shape, np.int32), np.ones(shape, np.bool_), np.ones(shape[1], np.int64))
    assert_same(*solve_exactly(case, objective))
    assert_same(*solve_both(case, objective, 2, 1))
    lists = CandidateLists.from_dense(case.scores, case.allowed, 2)
    fast = acceptance.stable(lists, case.capacity, compiled=compiled)
    assert fast.tolist() == acceptance.stable(lists, case.capacity, compiled=None).tolist()


def test_without_places_or_with_everybody_locked_nothing_is_left_to_do() -> None:
    scores = np.arange(12, dtype=np.int32).reshape(4, 3)
    none = Case(scores, np.ones((4, 3), np.bool_), np.zeros(3, np.int64))
    locks = tuple((mentee, mentee % 3) for mentee in range(4))
    for case in (none, none._replace(capacity=np.array([2, 1, 1]), locks=locks)):
        for objective in OBJECTIVES:
            plain, fast = solve_both(case, objective, 2, 1)
            assert_same(plain, fast)
            assert fast.pairs == len(case.locks)


def test_one_mentor_whom_everybody_wants_costs_what_it_takes() -> None:
    scores = np.full((300, 40), 100, np.int32)
    scores[:, 7] = 9000 + np.arange(300)
    case = Case(scores, np.ones((300, 40), np.bool_), np.full(40, 9, np.int64))
    plain, fast = solve_both(case, "score", 4, 1)
    assert_same(plain, fast)
    assert sorted(np.flatnonzero(fast.match == 7)) == list(range(291, 300))


def test_stable_assignments_are_the_same() -> None:
    rng = np.random.default_rng(57)
    for _ in range(400):
        case = vary(rng, create_case(rng, *rng.integers(1, 14, 2), most=5))
        mentees, mentors = case.scores.shape
        own = rng.integers(0, 4, (mentees, mentors))
        lists = CandidateLists.from_dense(case.scores, case.allowed, int(rng.integers(1, 4)))
        wanted: dict[str, Any] = {
            "choices": [rng.permutation(mentors)[:2].tolist() for _ in range(mentees)],
            "mentor_choices": [rng.permutation(mentees)[:2].tolist() for _ in range(mentors)],
            "values": lambda i, j, own=own: own[i, j],
            "rescan": create_rescan(case),
        }
        plain, fast = (
            acceptance.stable(lists, case.capacity, case.locks, **wanted, compiled=kernel).tolist()
            for kernel in (None, compiled)
        )
        assert fast == plain


# ------------------------------------------------------------------ which is used when


def test_small_runs_do_not_wait_for_numba() -> None:
    code = (
        "import sys, numpy as np\n"
        "from mentorkit.matching import assign, kernels\n"
        "kernels.SOLVERS_WORTH = {}\n"
        "assign.solve_dense(np.ones((3, 3)), np.ones((3, 3)), [1, 1, 1], 'score')\n"
        "print('numba' in sys.modules)"
    )
    for least, loaded in ((10, "False"), (9, "True")):
        ran = [sys.executable, "-c", code.format(least)]
        assert subprocess.run(ran, capture_output=True, text=True).stdout.strip() == loaded


def test_a_numba_that_cannot_be_loaded_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ImportError(f"{name}: numba needs another numpy")

    monkeypatch.setattr(kernels, "SOLVERS_WORTH", 0)
    kernels._load.cache_clear()
    monkeypatch.setattr(kernels, "import_module", fail)
    assert assign.solve_dense(np.ones((1, 1)), np.ones((1, 1)), [1], "score").pairs == 1
    kernels._load.cache_clear()


@pytest.mark.parametrize(("kept", "least"), [(True, 3_000_000), (False, 45_000_000)])
def test_the_compiler_is_called_where_it_saves_more_than_it_takes(
    monkeypatch: pytest.MonkeyPatch, kept: bool, least: int
) -> None:
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setattr(kernels, "are_kept", lambda: kept)
    assert kernels.worth(least)
    assert not kernels.worth(least - 1)


def test_it_is_known_what_an_earlier_run_has_compiled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "code" / "__init__.py"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not kernels.are_kept()
    for folder in ("kernels_0123", "code/__pycache__"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "scan.best-256.py311.nbi").touch()
        assert kernels.are_kept()
        (tmp_path / folder / "scan.best-256.py311.nbi").unlink()


def test_numba_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "SOLVERS_WORTH", 1)
    assert kernels.available()
    monkeypatch.setenv("MENTORKIT_NUMBA", "0")
    assert not kernels.available()
    assert assign.solve_dense(np.ones((1, 1)), np.ones((1, 1)), [1], "score").pairs == 1


def test_what_an_earlier_version_compiled_is_taken_away_before_it_is_read(tmp_path: Path) -> None:
    """numba would go on with it, and break off where a type has another name now."""
    kept = tmp_path / "scan.best-256.py311.nbi"
    other = tmp_path / "assign._bid-186.py311.nbi"
    kernel = SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path)))
    module = SimpleNamespace(__name__="mentorkit.matching.kernels.scan", best=kernel)
    for path in (kept, other):
        path.touch()
    (tmp_path / "scan-0123456789abcdef.of").touch()  # it was made of other sources
    kernels._keep_ours(module)
    assert (kept.exists(), other.exists()) == (False, True)
    assert not (tmp_path / "scan-0123456789abcdef.of").exists()
    kept.touch()
    kernels._keep_ours(module)
    assert kept.exists()
