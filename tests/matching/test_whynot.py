"""Why two people are no pair: what forbids it, or what the run did instead."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.errors import Invalid
from mentorkit.matching import Pool, assign, bind, run
from mentorkit.matching.problem import Question
from mentorkit.matching.scan import Scan
from mentorkit.matching.whynot import Why, described, why_not
from tests.matching.samples import (
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_case,
)

FOOD, CRAFTS = {"industry": "food"}, {"industry": "crafts"}


def asked(
    mentees: list[dict[str, Any]],
    mentors: list[dict[str, Any]],
    pair: str,
    *rules: dict[str, Any],
    forbidden: Any = None,
    capacity: int = 1,
    choices: tuple[str, ...] = (),
    locks: Any = (),
    **more: Any,
) -> tuple[Why, list[str]]:
    """Return why mentee a and mentor b (as "ab") are no pair, and what staff read of it."""
    fields = create_fields()
    pool = Pool(
        create_people("mentee", *mentees, choices=choices),
        create_people("mentor", *mentors, capacity=capacity),
        fields,
        forbidden=forbidden,
    )
    bound = bind(create_strategy(rules=rules, **more), create_registry(), fields)
    result = run(pool, bound, locks=locks)
    why = why_not(pool, bound, f"mentee-{pair[0]}", f"mentor-{pair[1]}", result)
    return why, described(why, pool)["verdict"]


def test_every_rule_and_safeguard_that_forbids_it_is_told() -> None:
    why, said = asked(
        [FOOD], [CRAFTS], "aa", {"rule": "same", "field": "industry"},
        {"rule": "shares_any", "field": "languages"},
        forbidden={("mentee-a", "mentor-a"): "blocked"},
    )  # fmt: skip
    assert (why.rank, why.together) == (None, False)
    assert said == [
        "One of the two has asked not to be brought together with the other.",
        "The pair breaks the rule that asks for the same industry.",
        "The pair breaks the rule that asks for some languages in common.",
        "mentee-a has no mentor in this run.",
        "mentor-a has nobody in this run.",
    ]


def test_who_is_together_is_told_so() -> None:
    why, said = asked([FOOD], [FOOD], "aa")
    assert why.together
    assert said == [
        "mentor-a is number 1 of the mentors whom mentee-a may have (1 in all), with 100 of 100.",
        "The two are together in this run.",
    ]


def test_what_it_would_cost_all_is_told_for_the_best_pairs() -> None:
    _, said = asked([FOOD, CRAFTS], [FOOD, CRAFTS], "ab")
    assert said[-1] == (
        "If these two were put together, all pairs would come to 200 points less, however the"
        " others are arranged; the best pair there can be has 100."
    )
    shared = {"rule": "shares_any", "field": "languages"}
    both, one = {"languages": ("en", "fr")}, {"languages": ("en",)}
    _, said = asked([both, one], [{"languages": ("en",)}, {"languages": ("fr",)}], "aa", shared)
    assert said[-1] == "If these two were put together, one person fewer could be matched."
    _, said = asked([FOOD, FOOD], [FOOD, FOOD], "ab")
    assert "it would come out as well" in said[-1]


def test_where_nobody_would_swap_the_places_went_to_others_who_fit_as_well() -> None:
    for assigner in ("stable", "greedy"):
        _, said = asked([FOOD, FOOD], [FOOD], "ba", assigner=assigner)
        assert said[1:] == [
            "mentee-b has no mentor in this run.",
            "The places of mentor-a are taken by mentee-a (100); the figures are of 100.",
            "The places of mentor-a went to mentees who fit at least as well.",
        ]
        _, said = asked([FOOD], [FOOD, CRAFTS], "ab", assigner=assigner)
        assert said[-1] == "The mentee has a mentor who is as welcome, or more so."


def test_where_the_mentor_asked_for_somebody_else_it_is_told_so() -> None:
    mentees = create_people("mentee", FOOD, CRAFTS)
    (mentor,) = create_people("mentor", FOOD)
    pool = Pool(mentees, [replace(mentor, choices=("mentee-b",))], create_fields())
    bound = bind(create_strategy(assigner="stable"), create_registry(), create_fields())
    result = run(pool, bound)
    assert [pair.mentee_id for pair in result.pairs] == ["mentee-b"]
    said = described(why_not(pool, bound, "mentee-a", "mentor-a", result), pool)["verdict"]
    assert said[-1] == (
        "The places of mentor-a went to whom mentor-a asked for, or who fit at least as well."
    )


def test_of_own_choices_it_is_told_who_was_asked_for() -> None:
    more: Any = {"assigner": "choice", "choices": ("mentor-b", "mentor-a")}
    _, said = asked([FOOD], [FOOD, FOOD, FOOD], "ac", **more)
    assert said[-1] == "Here the mentees' own choices count, and mentor-c was not asked for."
    _, said = asked([FOOD], [FOOD, FOOD], "aa", **more)
    assert said[-1] == "The mentee wanted somebody else more, and has that mentor."
    _, said = asked([FOOD, FOOD], [FOOD, FOOD], "bb", **more)
    _, given, got, lost, full = said
    assert given == "mentee-b is with mentor-a (100 of 100)."
    assert got == "mentor-a is choice number 2 of mentee-b."
    assert lost == (
        "Choice number 1, mentor-b, had no place left. Among those who wanted mentor-b as much, it"
        " went to mentee-a (100); this pair has 100 of 100."
    )
    assert full == "The places of mentor-b are taken by mentee-a (100); the figures are of 100."


def test_why_earlier_choices_came_to_nothing_is_told_for_any_pair_of_a_mentee() -> None:
    fields, differs = create_fields(), {"rule": "differs", "field": "sector"}
    (ana, bea, cleo) = create_people("mentee", FOOD, FOOD, {**FOOD, "sector": "x"})
    mentees = [
        replace(ana, choices=("mentor-a",)),
        replace(bea, choices=("mentor-b",)),
        replace(cleo, choices=("mentor-c", "mentor-b", "mentor-a", "mentor-z", "mentor-d")),
    ]
    mentors = create_people("mentor", CRAFTS, CRAFTS, {**CRAFTS, "sector": "x"}, CRAFTS)
    pool = Pool(mentees, mentors, fields)
    bound = bind(create_strategy(rules=[differs], assigner="choice"), create_registry(), fields)
    result = run(pool, bound, locks=[("mentee-b", "mentor-b")])
    why = why_not(pool, bound, "mentee-c", "mentor-d", result)
    _, together, got, ruled_out, locked, sooner, unknown = described(why, pool)["verdict"]
    assert together == "The two are together in this run."
    assert got == "mentor-d is choice number 4 of mentee-c."
    assert ruled_out == (
        "Choice number 1, mentor-c, is ruled out. "
        "The pair breaks the rule that asks for a different sector."
    )
    for place, (lost, who) in enumerate((("mentor-b", "mentee-b"), ("mentor-a", "mentee-a")), 2):
        assert (locked, sooner)[place - 2] == (
            f"Choice number {place}, {lost}, had no place left. It went to who wanted {lost} more,"
            f" or is in a locked pair: {who}."
        )
    assert unknown == "Whom this person asked for is no mentor of this run: mentor-z."
    swapped = [("mentee-a", "mentor-d"), ("mentee-c", "mentor-c")]
    why = why_not(pool, bound, "mentee-a", "mentor-a", swapped)
    assert "Choice number 1, mentor-a, has a free place now." in described(why, pool)["verdict"]


@settings(max_examples=150)
@given(st.integers(0, 10**9), st.integers(0, 3))
def test_what_a_run_tells_of_choices_is_what_the_solver_met(seed: int, locked: int) -> None:
    random, case = Random(seed), draw_case(seed, most=7, assigner="choice")
    named = [one.id for one in case.mentors]
    case.mentees = [
        replace(one, choices=tuple(random.sample(named, random.randint(0, min(5, len(named))))))
        for one in case.mentees
    ]
    pool = case.pool
    safe = np.argwhere(Scan(pool, case.bound()).safe(*Scan(pool, case.bound()).everyone)).tolist()
    pairs = {i: (i, j) for i, j in random.sample(safe, min(locked, len(safe)))}
    locks = list({j: (i, j) for i, j in pairs.values()}.values())
    ids = [(pool.mentees.ids[i], pool.mentors.ids[j]) for i, j in locks]
    result = run(pool, case.bound(), locks=ids)
    question = Question(Scan(pool, case.bound()), locks=locks)
    choices = [question.choices(mentee) for mentee in range(len(pool.mentees))]
    _, trace = assign.trace_choices(question.lists(), pool.capacity, choices, locks)
    for mentee, id in enumerate(pool.mentees.ids):
        assert [(one.mentor_id, one.why) for one in result.refused[id]] == [
            (pool.mentors.ids[one.mentor], one.why) for one in trace.get(mentee, ())
        ]
        for one in result.refused[id]:
            assert bool(one.by) == (one.why != "not allowed")


def test_a_pair_for_which_nothing_speaks_is_left_out_for_the_best_fit() -> None:
    _, said = asked([FOOD], [CRAFTS], "aa", objective="score")
    assert said[-1] == "Nothing speaks for the two, and this strategy leaves such pairs out."


def test_locks_are_told() -> None:
    locked: Any = {"locks": [("mentee-a", "mentor-a")]}
    _, said = asked([FOOD], [CRAFTS, FOOD], "ab", **locked)
    assert said[1] == "mentee-a is with mentor-a (0 of 100), and that pair is locked."
    _, said = asked([FOOD], [CRAFTS], "aa", **locked)
    assert said[-1] == "The two are together, for the pair is locked."
    _, said = asked([FOOD, FOOD], [FOOD], "ba", **locked)
    assert said[-1] == "Locked pairs hold the places of mentor-a."


def test_a_lock_may_pass_over_a_rule_and_over_no_safeguard() -> None:
    fields, same = create_fields(), {"rule": "same", "field": "industry"}
    bound = bind(create_strategy(rules=[same]), create_registry(), fields)

    def can_lock(**more: Any) -> bool:
        mentors = create_people("mentor", CRAFTS, capacity=more.pop("capacity", 1))
        pool = Pool(create_people("mentee", FOOD), mentors, fields, **more)
        return bool(described(why_not(pool, bound, "mentee-a", "mentor-a"), pool)["can_lock"])

    assert can_lock()
    assert not can_lock(capacity=0)
    assert not can_lock(forbidden={("mentee-a", "mentor-a"): "blocked"})


def test_who_is_not_there_is_told_for_both() -> None:
    with pytest.raises(Invalid, match=r"mentee: 'mentee-z'.*\n.*mentor: 'mentor-z'"):
        asked([FOOD], [FOOD], "zz")


@settings(max_examples=150)
@given(st.integers(0, 10**9), st.sampled_from(["optimal", "stable", "greedy", "choice"]))
def test_of_every_pair_it_can_be_said_why(seed: int, assigner: str) -> None:
    case = draw_case(seed, most=5, assigner=assigner)
    pool, bound = case.pool, case.bound()
    result = run(pool, bound)
    scores, allowed = case.plain_scores()
    made = {(pair.mentee_id, pair.mentor_id): pair for pair in result.pairs}
    for i, mentee in enumerate(pool.mentees):
        for j, mentor in enumerate(pool.mentors):
            why = why_not(pool, bound, mentee.id, mentor.id, result)
            assert why.score == scores[i][j] == sum(one.points for one in why.reasons)
            assert bool(why.against) == (not allowed[i][j])
            assert why.of == sum(allowed[i])
            if (mentee.id, mentor.id) in made:
                assert why.together
                assert why.rank == made[mentee.id, mentor.id].rank
            assert all(described(why, pool)["verdict"])
