"""Everyone left is told the binding rule, and a change that would help, and does."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.matching import Pool, Result, Unmatched, bind, run, words
from mentorkit.matching.unmatched import rule_phrase
from tests.matching.samples import (
    Case,
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
    asked: str = "",
    **more: Any,
) -> Result:
    fields = create_fields()
    strategy = create_strategy(rules=rules, **more)
    pool = Pool(
        create_people("mentee", *mentees, choices=choices, asked=asked),
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


def test_where_several_are_left_one_more_place_is_promised_to_one_of_them() -> None:
    result = create_result([FOOD] * 4, [FOOD])
    assert {words(left.help) for left in result.unmatched_mentees} == {
        "One more place at mentor-a would let one of the 3 mentees left out be paired."
    }


def test_what_does_not_go_by_most_pairs_promises_room_alone() -> None:
    for more in ({"objective": "score"}, {"assigner": "stable"}, {"assigner": "greedy"}):
        (left,) = create_result([FOOD, FOOD], [FOOD], **more).unmatched_mentees
        assert words(left.help) == (
            "One more place at mentor-a would make room for this pair, if nobody else gets it."
        )


def test_no_more_are_told_to_ask_for_a_mentor_than_there_are_places() -> None:
    result = create_result([FOOD] * 4, [FOOD] * 2, assigner="choice")
    helps = [words(left.help) for left in result.unmatched_mentees]
    free = "Have them ask for mentor-{}, who fits and is free"
    told_too = "; others left out are told the same, and there is no place for all."
    assert helps == [
        *(f"{free.format(one)}." for one in "ab"),
        *(f"{free.format('a')}{told_too}" for _ in range(2)),
    ]


def test_large_numbers_are_written_like_others() -> None:
    result = create_result([FOOD], [FOOD] * 1200, {"rule": "differs", "field": "industry"})
    assert "rules out all 1,200 mentors" in words(result.unmatched_mentees[0].reason)


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


def test_whom_to_recruit_where_mentors_must_stand_below() -> None:
    below = {"rule": "below", "field": "grade", "steps": [1, 2]}
    (left,) = create_result([{"grade": "fourth"}], [{"grade": "fourth"}], below).unmatched_mentees
    assert told(left) == (
        (
            "The rule that asks for a mentor who stands 1 to 2 steps below in grade rules out the "
            "only one there is."
        ),
        (
            "Without the rule that asks for a mentor who stands 1 to 2 steps below in grade, one "
            "of the mentors could be had."
        ),
    )
    twice = (below, {"rule": "differs", "field": "sector"})
    mentee, mentor = {"grade": "fourth", "sector": "x"}, {"grade": "fourth", "sector": "x"}
    (left,) = create_result([mentee], [mentor], *twice).unmatched_mentees
    assert "grade from second to third; a sector other than x" in words(left.help)
    twice = ({**below, "steps": [1]}, {"rule": "differs", "field": "sector"})
    (left,) = create_result([mentee], [mentor], *twice).unmatched_mentees
    assert "stands at least 1 steps below in grade" in words(left.reason)
    assert "this: grade up to third; a sector" in words(left.help)
    numbers = ({"rule": "below", "field": "quality"}, {"rule": "differs", "field": "sector"})
    person = {"quality": 3.0, "sector": "x"}
    (left,) = create_result([person], [person], *numbers).unmatched_mentees
    assert "this: quality up to 2; a sector" in words(left.help)


def test_who_belongs_to_no_cohort_is_told_so_where_both_must_be_of_the_same() -> None:
    rule = {"rule": "same_group"}
    (left,) = create_result([FOOD], [FOOD], rule).unmatched_mentees
    assert told(left) == (
        "Belongs to no cohort, and the rule that asks for the same cohort needs one.",
        "Put them into a cohort.",
    )
    pool = Pool(
        create_people("mentee", {"industry": "food", "sector": "x"}, cohort="spring"),
        create_people("mentor", {"industry": "food", "sector": "x"}, cohort="autumn"),
        create_fields(),
    )
    strategy = create_strategy(rules=[rule, {"rule": "differs", "field": "sector"}])
    (left,) = run(pool, bind(strategy, create_registry(), create_fields())).unmatched_mentees
    assert words(left.help) == (
        "Recruit somebody who offers this: cohort spring; a sector other than x."
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


def test_who_stands_on_both_sides_alone_is_told_so() -> None:
    fields, strategy = create_fields(), create_strategy()
    both = {"name": "Ann", "person_id": "ann"}
    pool = Pool(
        create_people("mentee", FOOD, **both), create_people("mentor", FOOD, **both), fields
    )
    result = run(pool, bind(strategy, create_registry(), fields))
    why = "Ann stands on both sides, and nobody can be their own mentor."
    assert told(result.unmatched_mentees[0]) == (why, "Recruit a mentor.")
    assert told(result.unmatched_mentors[0]) == (why, "Recruit a mentee.")


def test_where_no_mentor_has_a_place_it_says_so() -> None:
    result = create_result([FOOD], [FOOD, FOOD], capacity=0)
    assert told(result.unmatched_mentees[0]) == ("No mentor has a place.", "Give a mentor a place.")


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
    over = create_result([FOOD], [FOOD], assigner="choice", asked="over")
    assert told(over.unmatched_mentees[0]) == (
        "Has asked for somebody before, and for nobody else since.",
        "Have them ask for mentor-a, who fits and is free.",
    )
    awaited = create_result([FOOD], [FOOD], assigner="choice", asked="open")
    assert told(awaited.unmatched_mentees[0]) == (
        "Has an open proposal already, and the answer is awaited.", "Wait for that answer."
    )  # fmt: skip
    helps = "Have mentee-a, who fits and is free, ask for this mentor."
    assert words(nobody.unmatched_mentors[0].help) == helps
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


def changed(case: Case, left: Unmatched) -> Case | None:
    """Return the case with the one change that is named; None where it is for people to do."""
    who = left.help.params.get("id")
    if left.help.code in ("one_more_place", "more_room"):
        more = [replace(one, capacity=one.capacity + (one.id == who)) for one in case.mentors]
        return replace(case, mentors=more)
    if left.help.code == "relax":
        asked = left.help.params["rule"]
        kept = [bound.use for bound in case.bound().rules if rule_phrase(bound) != asked]
        return replace(case, strategy=replace(case.strategy, rules=tuple(kept)))
    if left.help.code in ("choose", "choose_too"):
        asking = [
            replace(one, choices=(*one.choices, str(who))) if one.id == left.id else one
            for one in case.mentees
        ]
        return replace(case, mentees=asking)
    return None


@settings(max_examples=150)
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
        case_more = changed(case, left)
        if case_more is None:
            continue
        more = run(case_more.pool, case_more.bound())
        if case.strategy.objective == "coverage":
            assert len(more.pairs) > len(result.pairs)
        else:
            assert more.total > result.total
        if words(left.help).endswith("would do."):
            assert left.id in {pair.mentee_id for pair in more.pairs}


@settings(max_examples=100)
@given(st.integers(0, 10**9))
def test_who_asks_for_the_mentor_they_are_told_gets_them(seed: int) -> None:
    case = draw_case(seed, assigner="choice")
    random = Random(seed)
    names = [one.id for one in case.mentors]
    for at, one in enumerate(case.mentees):
        wanted = tuple(random.sample(names, min(len(names), random.randint(0, 3))))
        case.mentees[at] = replace(one, choices=wanted)
    for left in run(case.pool, case.bound()).unmatched_mentees:
        if left.help.code in ("choose", "choose_too"):
            case_more = changed(case, left)
            assert case_more is not None
            more = run(case_more.pool, case_more.bound())
            assert (left.id, left.help.params["id"]) in {
                (pair.mentee_id, pair.mentor_id) for pair in more.pairs
            }
