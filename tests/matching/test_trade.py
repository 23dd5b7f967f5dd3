"""The trade: what the ways not chosen would come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.matching import Pool, bind, kernels, problem, run, summary
from mentorkit.matching import trade as trade_of
from mentorkit.matching.figures import trade
from tests.matching.samples import (
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_case,
    draw_wide_case,
)

FIGURES = ("pairs", "total", "blocking_pairs")


def figures(one: Any) -> tuple[int, int, int]:
    pairs = one.pairs if isinstance(one.pairs, int) else len(one.pairs)
    return pairs, one.total, one.blocking_pairs


@settings(max_examples=80)
@given(st.integers(0, 10**9), st.sampled_from(["optimal", "stable", "greedy"]))
def test_the_figures_are_those_of_a_run_by_the_other_way(seed: int, assigner: str) -> None:
    case = draw_case(seed, assigner=assigner)
    result = run(case.pool, case.bound(), compare=True)
    assert result.alternatives
    for one in result.alternatives:
        changed = {"assigner": one.assigner}
        changed |= {"objective": one.objective} if one.objective else {}
        other = replace(case, strategy=replace(case.strategy, **changed))
        assert figures(one) == figures(run(other.pool, other.bound()))
        assert one.total <= one.total_bound
        assert one.pairs <= one.pairs_bound


@pytest.mark.skipif(not kernels.available(), reason="numba is not installed")
@pytest.mark.parametrize("objective", ["coverage", "score"])
def test_they_are_where_lists_are_all_there_is(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    for name in ("WORTH", "WORTH_LOADED"):
        monkeypatch.setattr(kernels, name, 0)
    monkeypatch.setattr(problem, "DENSE_CELLS", 0)
    for seed in range(12):
        case = draw_wide_case(seed)
        case.strategy = replace(case.strategy, objective=objective)
        result = run(case.pool, case.bound(), compare=True)
        for one in result.alternatives or ():
            changed = {"assigner": one.assigner}
            changed |= {"objective": one.objective} if one.objective else {}
            other = replace(case, strategy=replace(case.strategy, **changed))
            assert figures(one) == figures(run(other.pool, other.bound()))
            assert one.total <= one.total_bound
            assert one.pairs <= one.pairs_bound
    monkeypatch.setattr(trade_of, "COMPARED_CELLS", 0)
    assert case.pool.cells
    assert run(case.pool, case.bound(), compare=True).alternatives is None


@settings(max_examples=80)
@given(st.integers(0, 10**9))
def test_no_way_is_better_at_what_was_aimed_for(seed: int) -> None:
    case = draw_case(seed)
    result = run(case.pool, case.bound(), compare=True)
    assert result.alternatives is not None
    for one in result.alternatives:
        if result.objective == "coverage":
            assert (one.pairs, one.total) <= (len(result.pairs), result.total)
        else:
            assert one.total <= result.total


def create_result(**more: Any) -> Any:
    """Return a run in which the best fit leaves somebody alone whom the most pairs do not."""
    fields = create_fields()
    english, french = {"languages": ("en",)}, {"languages": ("fr",), "industry": "crafts"}
    food = {"industry": "food"}
    mentees = create_people("mentee", {"languages": ("en", "fr"), **food}, english)
    pool = Pool(mentees, create_people("mentor", {**english, **food}, french), fields)
    strategy = create_strategy(rules=[{"rule": "shares_any", "field": "languages"}], **more)
    return run(pool, bind(strategy, create_registry(), fields), compare=True)


def test_a_coordinator_sees_that_the_best_fit_would_leave_somebody_alone() -> None:
    told = trade(summary(create_result()))
    assert [(one["way"], one["chosen"], one["pairs"], one["average"]) for one in told] == [
        ("Most people matched, then the best fit", True, 2, 0.0),
        ("The best fit in all, even if fewer are matched", False, 1, 100.0),
        ("Nobody would rather swap", False, 1, 100.0),
    ]


def test_beside_what_ignores_the_objective_stands_the_best_for_it() -> None:
    for assigner in ("stable", "greedy", "choice"):
        told = trade(summary(create_result(assigner=assigner)))
        assert [one["way"] for one in told[1:]] == ["Most people matched, then the best fit"]


def test_the_most_telling_way_stands_by_itself_for_programs_to_read() -> None:
    found = summary(create_result())
    assert found["alternative"] == found["alternatives"][0]
    assert found["alternative"]["objective"] == "score"


def test_who_is_not_asked_to_compare_does_not() -> None:
    result = replace(create_result(), alternatives=None, what_if=None)
    found = summary(result)
    assert (found["alternative"], found["alternatives"], found["what_if"]) == (None, None, None)
    assert len(trade(found)) == 1
