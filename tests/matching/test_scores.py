"""Points sum to 10,000, parts sum to the score, and plugins may answer at three levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain.fields import parse_fields
from mentorkit.domain.strategies import share
from mentorkit.errors import PluginError
from mentorkit.hooks import Block, Criterion, Equal, Reason, Rule
from mentorkit.matching import Pool, Result, Someone, bind, run, words
from mentorkit.matching.scan import Scan, best_of
from tests.matching import plain
from tests.matching.samples import (
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_case,
)


class EachPair(Criterion):
    name = "each_pair"

    def __init__(self, answer: Callable[[Any, Any], Any], says: Any = None) -> None:
        self._answer, self._says = answer, says

    def score(self, mentee: Any, mentor: Any) -> Any:
        return self._answer(mentee, mentor)

    def explain(self, mentee: Any, mentor: Any, value: float) -> Any:
        return self._says


class WholeBlock(Criterion):
    name = "whole_block"

    def __init__(self, answer: Callable[[Block, Block], Any]) -> None:
        self._answer = answer

    def score_block(self, mentees: Block, mentors: Block) -> Any:
        return self._answer(mentees, mentors)


class EachPairRule(Rule):
    name = "each_pair_rule"

    def __init__(self, answer: Callable[[Any, Any], Any]) -> None:
        self._answer = answer

    def allows(self, mentee: Any, mentor: Any) -> Any:
        return self._answer(mentee, mentor)


class BlockRule(Rule):
    name = "block_rule"

    def __init__(self, answer: Callable[[Block, Block], Any]) -> None:
        self._answer = answer

    def mask_block(self, mentees: Block, mentors: Block) -> Any:
        return self._answer(mentees, mentors)


def create_result(
    *extra: Any, criteria: Any = (), rules: Any = (), mentees: int = 2, mentors: int = 3,
    fields: Any = None,
) -> Result:  # fmt: skip
    """Run with these providers over people whose sector is x and industry is food."""
    profile = {"sector": "x", "industry": "food"}
    fields = {**create_fields(), **(fields or {})}
    strategy = create_strategy(criteria or [{"criterion": one.name} for one in extra], rules)
    pool = Pool(
        create_people("mentee", *[profile] * mentees),
        create_people("mentor", *[profile] * mentors),
        fields,
    )
    return run(pool, bind(strategy, create_registry(*extra), fields))


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        (WholeBlock(lambda a, b: np.full((len(a), len(b)), 3.5)), "score_block returned 3.5"),
        (WholeBlock(lambda a, b: np.full((len(a), len(b)), -np.inf)), "score_block returned -inf"),
        (EachPair(lambda a, b: float("nan")), "score returned nan, which counts as no opinion"),
        (EachPair(lambda a, b: 10**400), "score returned 1000"),
        (WholeBlock(lambda a, b: np.full((len(a), len(b)), np.nan)), None),
        (WholeBlock(lambda a, b: np.full((len(a), len(b)), np.float32(1 + 1e-7))), None),
        (EachPair(lambda a, b: None), None),
    ],
)
def test_values_that_are_cut_are_told_once_and_rounding_is_not(
    criterion: Criterion, said: str | None
) -> None:
    notes = create_result(criterion).notes
    assert [(one.place, one.message.startswith(str(said))) for one in notes] == (
        [(f"criterion {criterion.name}", True)] if said else []
    )


def test_a_field_that_a_whole_side_left_out_is_told_with_what_reads_it() -> None:
    notes = create_result(
        criteria=[{"criterion": "equal", "field": "industry", "partial": {"village": 0.5}}],
        rules=[{"rule": "differs", "field": "organisation"}],
    ).notes
    assert {str(one) for one in notes} == {
        f"{side}: nobody has answered `{name}`, so {does}"
        for side in ("mentees", "mentors")
        for name, does in (
            ("organisation", "the rule `differs` does nothing"),
            ("village", "the criterion `equal` finds nothing there"),
        )
    }


@pytest.mark.parametrize("swapped", [False, True])
def test_that_the_two_sides_are_swapped_is_asked_where_each_has_the_others_answers(
    swapped: bool,
) -> None:
    fields, _ = parse_fields(
        {name: {"kind": "options", "options": ["tax", "law"]} for name in ("wants", "offers")}
    )
    compared = {"criterion": "set_overlap", "field": "wants", "other": "offers"}
    strategy = create_strategy(criteria=[compared])
    answered = ("offers", "wants") if swapped else ("wants", "offers")
    sides = [[Someone(name, name, {name: ("tax",)})] for name in answered]
    result = run(Pool(*sides, fields), bind(strategy, create_registry(), fields))
    asked = [one for one in result.notes if "are the two swapped?" in one.message]
    assert len(asked) == swapped


@pytest.mark.parametrize("rule", ["differs", "same", "shares_any", "min_overlap", "above"])
def test_what_is_said_of_a_field_that_nobody_answered_is_what_comes_of_it(rule: str) -> None:
    kinds = {"above": "number", "shares_any": "options", "min_overlap": "options"}
    fields, _ = parse_fields({"organisation": {"kind": kinds.get(rule, "text")}})
    result = create_result(
        criteria=[
            {"criterion": "equal", "field": "organisation"},
            {"criterion": "equal", "field": "industry"},
        ],
        rules=[{"rule": rule, "field": "organisation"}],
        fields=fields,
    )
    (said,) = {one.message for one in result.notes}
    does = "does nothing" if rule == "differs" else "lets no pair through"
    assert said == (
        f"nobody has answered `organisation`, so the rule `{rule}` {does} and the criterion "
        "`equal` counts for nothing"
    )
    assert bool(result.pairs) is (rule == "differs")


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=12))
def test_points_sum_to_the_whole_by_largest_remainder(weights: list[int]) -> None:
    points = share(10_000, weights)
    assert sum(points) == 10_000
    assert list(points) == plain.hamilton(10_000, weights)


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_scores_and_rules_of_a_block_are_those_of_plain_python(seed: int) -> None:
    case = draw_case(seed, most=6)
    scores, allowed = case.plain_scores()
    found, mask = Scan(case.pool, case.bound()).block(0, len(case.mentees))
    assert mask.tolist() == allowed
    if case.mentees and case.mentors:
        np.testing.assert_array_equal(found, np.where(mask, scores, 0))


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_parts_and_reasons_of_both_sum_to_the_score(seed: int) -> None:
    case = draw_case(seed)
    for pair in run(case.pool, case.bound()).pairs:
        assert sum(pair.parts) == pair.score
        assert sum(reason.points for reason in pair.reasons) == pair.score
        assert sum(reason.points for reason in pair.reasons_mentor) == pair.score
        assert all(words(reason) for reason in (*pair.reasons, *pair.reasons_mentor))


def test_points_of_who_has_no_opinion_are_shared_by_weight_among_the_rest() -> None:
    result = create_result(
        EachPair(lambda mentee, mentor: None),
        criteria=[
            {"criterion": "each_pair", "weight": 5},
            {"criterion": "equal", "field": "sector", "weight": 1},
            {"criterion": "equal", "field": "industry", "weight": 2},
        ],
    )
    assert result.pairs[0].parts == (0, 3333, 6667)
    assert [reason.points for reason in result.pairs[0].reasons] == [3333, 6667]


def test_more_than_sixteen_criteria_share_points_the_same_way() -> None:
    many = [{"criterion": "equal", "field": "sector"} for _ in range(17)]
    silent = {"criterion": "equal", "field": "grade"}
    result = create_result(criteria=[silent, *many])
    assert result.pairs[0].parts == (0, *share(10_000, [1] * 17))


def test_a_pair_that_no_criterion_has_an_opinion_on_scores_nothing() -> None:
    result = create_result(EachPair(lambda mentee, mentor: None))
    assert {pair.score for pair in result.pairs} == {0}
    assert result.pairs[0].reasons == ()


def test_the_three_levels_mix_and_agree() -> None:
    class Declared(Criterion):
        name = "declared"
        declared = Equal(field="sector")

    def block(mentees: Block, mentors: Block) -> Any:
        mine, theirs = mentees.column("sector"), mentors.column("sector")
        return np.array([[1.0 if a == b else 0.0 for b in theirs] for a in mine])

    result = create_result(
        Declared(),
        WholeBlock(block),
        EachPair(lambda mentee, mentor: float(mentee["sector"] == mentor["sector"])),
    )
    assert result.pairs[0].parts == (3334, 3333, 3333)


@pytest.mark.parametrize(("given_", "part"), [(7, 10_000), (-2, 0), (True, 10_000), (0.25, 2500)])
def test_values_out_of_range_count_as_the_end_of_the_range(given_: Any, part: int) -> None:
    assert create_result(EachPair(lambda *pair: given_)).pairs[0].score == part
    block = WholeBlock(lambda mentees, mentors: np.full((len(mentees), len(mentors)), given_))
    assert create_result(block).pairs[0].score == part


def test_a_criterion_is_only_asked_about_pairs_that_may_exist() -> None:
    asked = []

    def score(mentee: Any, mentor: Any) -> float:
        asked.append((mentee, mentor))
        return 1.0

    create_result(
        EachPair(score),
        criteria=[{"criterion": "each_pair"}],
        rules=[{"rule": "differs", "field": "sector"}],
    )
    assert asked == []


def test_unanswered_fields_are_none_and_profiles_cannot_be_changed() -> None:
    def score(mentee: Any, mentor: Any) -> float:
        assert mentee["grade"] is None
        with pytest.raises(TypeError):
            mentee["grade"] = "first"
        return 1.0

    assert create_result(EachPair(score)).total == 20_000


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ("Both trade in salt", "Both trade in salt"),
        (Reason(code="same_person"), "Mentee and mentor are the same person."),
        (None, ""),
    ],
)
def test_a_plugins_own_words_are_shown_as_they_are(says: Any, shown: str) -> None:
    pair = create_result(EachPair(lambda *pair: 0.5, says)).pairs[0]
    assert [words(reason) for reason in pair.reasons] == [shown]
    assert pair.reasons[0].points == 5000


def _raise(*pair: Any) -> Any:
    raise ZeroDivisionError("there is nothing to divide by")


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        (EachPair(_raise), "criterion each_pair: score raised ZeroDivisionError"),
        (
            EachPair(lambda mentee, mentor: mentee["typo"]),
            "; if that is a profile field, name it in `needs`, or declare it",
        ),
        (EachPair(lambda *pair: "much"), "return a number from 0 to 1"),
        (EachPair(lambda *pair: 1.0, says=7), "return a Reason, a text or None"),
        (WholeBlock(lambda *blocks: np.ones((1, 1))), "here (2, 3)"),
        (WholeBlock(lambda *blocks: "much"), "return an array of numbers"),
        (WholeBlock(lambda *blocks: None), "whole_block: score_block returned"),
        (WholeBlock(_raise), "criterion whole_block: score_block raised ZeroDivisionError"),
    ],
)
def test_a_criterions_mistake_is_told_with_its_name(provider: Criterion, told: str) -> None:
    with pytest.raises(PluginError, match="criterion ") as caught:
        create_result(provider)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (EachPairRule(_raise), "rule each_pair_rule: allows raised ZeroDivisionError"),
        (EachPairRule(lambda *pair: None), "return True or False"),
        (BlockRule(lambda *blocks: np.ones((2, 3))), "array of True and False"),
        (BlockRule(lambda *blocks: np.ones((3, 2), bool)), "here (2, 3)"),
    ],
)
def test_a_rules_mistake_is_told_with_its_name(rule: Rule, told: str) -> None:
    criteria = [{"criterion": "equal", "field": "sector"}]
    with pytest.raises(PluginError, match="rule ") as caught:
        create_result(rule, criteria=criteria, rules=[{"rule": rule.name}])
    assert told in str(caught.value)


def test_rules_of_every_level_are_kept_together() -> None:
    result = create_result(
        EachPairRule(lambda mentee, mentor: mentee["sector"] == "x"),
        BlockRule(
            lambda mentees, mentors: np.array(
                [[a[-1] == b[-1] for b in mentors.ids] for a in mentees.ids]
            )
        ),
        criteria=[{"criterion": "equal", "field": "sector"}],
        rules=[{"rule": "each_pair_rule"}, {"rule": "block_rule"}],
    )
    assert [(p.mentee_id, p.mentor_id) for p in result.pairs] == [
        ("mentee-a", "mentor-a"), ("mentee-b", "mentor-b")
    ]  # fmt: skip


def test_tiles_do_not_change_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    case = draw_case(11, most=9)
    whole = run(case.pool, case.bound())
    monkeypatch.setattr("mentorkit.matching.scan.TILE_CELLS", 5)
    monkeypatch.setattr("mentorkit.matching.unmatched.TILE_CELLS", 5)
    tiled = run(case.pool, case.bound())
    assert tiled.pairs == whole.pairs
    assert tiled.unmatched_mentees == whole.unmatched_mentees
    assert tiled.unmatched_mentors == whole.unmatched_mentors


@given(st.integers(0, 10**6), st.integers(0, 8))
def test_the_best_k_are_the_first_k_of_everybody_in_order(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (3, 6)).astype(np.int32)
    allowed = rng.random((3, 6)) < 0.7
    for row, best in enumerate(best_of(scores, allowed, k)):
        order = sorted(np.flatnonzero(allowed[row]), key=lambda j: (-scores[row, j], j))
        assert best.tolist() == order[:k]
