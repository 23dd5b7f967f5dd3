"""Everyone left is told the binding rule, and a change that would help, and does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.matching import Pool, Result, Unmatched, bind, run, words
from mentorkit.matching.unmatched import rule_phrase
from tests.matching.samples import (
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_case,
)

Told = tuple[str, str]


def create_result(
    mentees: list[dict[str, Any]],
    mentors: list[dict[str, Any]],
    *rules: dict[str, Any],
    forbidden: Any = None,
    capacity: int = 1,
    choices: tuple[str, ...] = (),
    **more: Any,
) -> Result:
    fields = create_fields()
    strategy = create_strategy(rules=rules, **more)
    pool = Pool(
        create_people("mentee", *mentees, choices=choices),
        create_people("mentor", *mentors, capacity=capacity),
        fields,
        forbidden=forbidden,
    )
    return run(pool, bind(strategy, create_registry(), fields))


def told(left: Unmatched) -> Told:
    return words(left.reason), words(left.help)


FOOD = {"industry": "food"}


def test_who_finds_everybody_taken_is_told_where_one_more_place_would_do() -> None:
    result = create_result([FOOD, FOOD], [FOOD])
    (left,) = result.unmatched_mentees
    assert told(left) == (
        "The one mentor who fits is taken.", "One more place at mentor-a would do."
    )  # fmt: skip


def test_the_rule_that_rules_out_most_is_named_and_what_dropping_it_opens() -> None:
    mentee = {"sector": "x", "grade": "third"}
    mentors = [{"sector": "x", "grade": "fourth"}] * 2 + [{"sector": "y", "grade": "first"}]
    result = create_result(
        [mentee], mentors,
        {"rule": "differs", "field": "sector"}, {"rule": "above", "field": "grade"},
    )  # fmt: skip
    (left,) = result.unmatched_mentees
    assert told(left) == (
        (
            "The rule that asks for a different sector rules out 2 of 3 mentors; with the other "
            "rules, nobody is left."
        ),
        "Without the rule that asks for a different sector, 2 mentors could be had.",
    )


def test_who_did_not_answer_what_a_rule_needs_is_told_the_field() -> None:
    result = create_result(
        [{}], [{"languages": ("en",)}], {"rule": "shares_any", "field": "languages"}
    )
    (left,) = result.unmatched_mentees
    assert told(left) == (
        "languages is not answered, and the rule that asks for some languages in common needs it.",
        "Ask them for their languages.",
    )


def test_a_mentor_who_did_not_answer_is_told_too() -> None:
    result = create_result(
        [{"languages": ("en",)}], [{}], {"rule": "shares_any", "field": "languages"}
    )
    (left,) = result.unmatched_mentors
    assert words(left.help) == "Ask them for their languages."


def test_where_no_single_rule_stands_in_the_way_the_missing_mentor_is_described() -> None:
    result = create_result(
        [{"sector": "x", "grade": "second", "languages": ("sw",), "industry": "food"}],
        [{"sector": "x", "grade": "first", "languages": ("en",), "industry": "repair"}],
        {"rule": "differs", "field": "sector"},
        {"rule": "above", "field": "grade", "steps": [1, 2]},
        {"rule": "shares_any", "field": "languages"},
        {"rule": "same", "field": "industry"},
    )
    (left,) = result.unmatched_mentees
    assert words(left.help) == (
        "Recruit somebody who offers this: a sector other than x; grade from third to fourth; "
        "any of sw under languages; industry food."
    )


def test_safeguards_that_leave_nobody_are_named_as_such() -> None:
    result = create_result([FOOD], [FOOD], forbidden={("mentee-a", "mentor-a"): "blocked"})
    (left,) = result.unmatched_mentees
    assert "Safeguards" in words(left.reason)
    assert "block" in words(left.help)


def test_a_mentor_without_places_is_told_so() -> None:
    result = create_result([FOOD], [FOOD], capacity=0)
    assert told(result.unmatched_mentors[0]) == (
        "This mentor has no place.", "Give this mentor a place."
    )  # fmt: skip


def test_one_side_alone_is_told_that_the_other_is_missing() -> None:
    assert told(create_result([FOOD], []).unmatched_mentees[0])[1] == "Recruit a mentor."
    assert told(create_result([], [FOOD]).unmatched_mentors[0])[1] == "Recruit a mentee."


def test_a_mentor_whose_mentees_are_taken_is_told_whom_to_recruit() -> None:
    result = create_result([FOOD], [FOOD, FOOD])
    assert told(result.unmatched_mentors[0]) == (
        "The one mentee who fits is with another mentor.",
        "Recruit one more mentee like mentee-a.",
    )


def test_pairs_that_score_nothing_are_left_out_by_the_score_and_it_says_so() -> None:
    result = create_result([FOOD], [{"industry": "repair"}], objective="score")
    for left in (*result.unmatched_mentees, *result.unmatched_mentors):
        assert "Nothing speaks for" in words(left.reason)
        assert "coverage" in words(left.help)


def test_choices_are_told_apart() -> None:
    nobody = create_result([FOOD], [FOOD], assigner="choice")
    assert told(nobody.unmatched_mentees[0]) == (
        "Did not ask for anybody.", "Have them ask for mentor-a, who fits and is free."
    )  # fmt: skip
    assert words(nobody.unmatched_mentors[0].help) == "Lock the pair with mentee-a and run again."
    taken = create_result([FOOD, FOOD], [FOOD, FOOD], assigner="choice", choices=("mentor-a",))
    assert words(taken.unmatched_mentees[0].reason).startswith("Everybody this person asked for")
    nobodies = create_result([FOOD], [FOOD], assigner="choice", choices=("zoe", "yan"))
    assert told(nobodies.unmatched_mentees[0]) == (
        "Whom this person asked for is no mentor of this run: zoe, yan.",
        "Have them ask for mentor-a, who fits and is free.",
    )
    both = create_result([FOOD, FOOD], [FOOD, FOOD], assigner="choice", choices=("zoe", "mentor-a"))
    assert words(both.unmatched_mentees[0].reason) == (
        "Everybody this person asked for is taken or ruled out, or no mentor of this run: zoe."
    )
    full = create_result([FOOD, FOOD], [FOOD], assigner="choice")
    assert words(full.unmatched_mentees[0].help) == (
        "Have them ask for mentor-a, who fits and is free."
    )


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_everyone_left_is_told_something_and_a_change_that_is_named_helps(seed: int) -> None:
    case = draw_case(seed)
    result = run(case.pool, case.bound())
    paired = {pair.mentee_id for pair in result.pairs}
    assert {one.id for one in result.unmatched_mentees} == set(case.pool.mentees.ids) - paired
    for left in (*result.unmatched_mentees, *result.unmatched_mentors):
        assert words(left.reason)
        assert words(left.help)
    for left in result.unmatched_mentees:
        if left.help.code == "one_more_place":
            mentor = left.help.params["id"]
            case_more = replace(
                case,
                mentors=[
                    replace(one, capacity=one.capacity + (one.id == mentor)) for one in case.mentors
                ],
            )
        elif left.help.code == "relax":
            asked = left.help.params["rule"]
            kept = [bound.use for bound in case.bound().rules if rule_phrase(bound) != asked]
            case_more = replace(case, strategy=replace(case.strategy, rules=tuple(kept)))
        else:
            continue
        more = run(case_more.pool, case_more.bound())
        if case.strategy.objective == "coverage":
            assert len(more.pairs) > len(result.pairs)
        else:
            assert more.total > result.total
