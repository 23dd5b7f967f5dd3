"""Why two people are no pair: what forbids it, or what the run did instead."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.errors import Invalid
from mentorkit.matching import Pool, bind, run
from mentorkit.matching.whynot import Why, told, why_not
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
    return why, told(why, pool)["verdict"]


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


def test_of_own_choices_it_is_told_who_was_asked_for() -> None:
    more: Any = {"assigner": "choice", "choices": ("mentor-b", "mentor-a")}
    _, said = asked([FOOD], [FOOD, FOOD, FOOD], "ac", **more)
    assert said[-1] == "Here the mentees' own choices count, and mentor-c was not asked for."
    _, said = asked([FOOD], [FOOD, FOOD], "aa", **more)
    assert said[-1] == "The mentee wanted somebody else more, and has that mentor."
    _, said = asked([FOOD, FOOD], [FOOD, FOOD], "bb", **more)
    assert said[-1] == "mentor-b was asked for, and others who asked had the places."


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
        return bool(told(why_not(pool, bound, "mentee-a", "mentor-a"), pool)["can_lock"])

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
            assert all(told(why, pool)["verdict"])
