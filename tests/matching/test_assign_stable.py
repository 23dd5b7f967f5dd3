"""Stable, greedy and by-choice assignments, each against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from assignment_cases import Case, assert_feasible, create_case, dense_lists
from numpy.typing import NDArray

from mentorkit.matching.assign import (
    CandidateLists,
    Refusal,
    best_at_prices,
    blocking_pairs,
    by_choice,
    greedy,
    stable,
    trace_choices,
)


def create_cases(count: int, seed: int, *, locks: int = 2) -> list[Case]:
    rng = np.random.default_rng(seed)
    return [create_case(rng, *rng.integers(1, 9, 2), locks=locks) for _ in range(count)]


def create_choices(case: Case, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    mentees, mentors = case.scores.shape
    return [rng.permutation(mentors)[: rng.integers(0, 4)].tolist() for _ in range(mentees)]


def create_short_lists(case: Case) -> tuple[CandidateLists, object]:
    whole = dense_lists(case.scores, case.allowed)

    def widen(mentee: int, k: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        mentors, scores = whole.of(mentee)
        return mentors[:k], scores[:k]

    return CandidateLists.from_dense(case.scores, case.allowed, 1), widen


def places_left(case: Case) -> NDArray[np.int64]:
    held = np.bincount([mentor for _, mentor in case.locks], minlength=len(case.capacity))
    return case.capacity - held


def test_greedy_makes_the_best_pair_left_over_and_over() -> None:
    for case in create_cases(300, 41):
        left = places_left(case)
        expected = np.full(len(case.scores), -1)
        for mentee, mentor in case.locks:
            expected[mentee] = mentor
        pairs = sorted(np.argwhere(case.allowed).tolist(), key=lambda p: (-case.scores[*p], *p))
        for mentee, mentor in pairs:
            if expected[mentee] < 0 and left[mentor] > 0:
                expected[mentee] = mentor
                left[mentor] -= 1
        match = greedy(dense_lists(case.scores, case.allowed), case.capacity, case.locks)
        assert match.tolist() == expected.tolist()


def test_nobody_would_rather_swap_in_a_stable_assignment() -> None:
    for case in create_cases(300, 43, locks=0):
        match = stable(dense_lists(case.scores, case.allowed), case.capacity)
        assert_feasible(case, match)
        assert blocking_pairs(*case[:3], match) == 0


def test_a_stable_assignment_honours_choices_before_scores() -> None:
    for seed, case in enumerate(create_cases(300, 45)):
        choices = create_choices(case, seed)
        match = stable(
            dense_lists(case.scores, case.allowed), case.capacity, case.locks, choices=choices
        )
        assert_feasible(case, match)
        locked = dict(case.locks)
        left = places_left(case)

        def wish(mentee: int, mentor: int, choices: list[list[int]] = choices) -> int:
            ranked = choices[mentee]
            return -ranked.index(mentor) if mentor in ranked else -100_000

        for mentee, mentor in np.argwhere(case.allowed).tolist():
            if mentee in locked:
                continue
            own = match[mentee]
            score = case.scores[mentee, mentor]
            rather = own < 0 or (
                (wish(mentee, mentor), score) > (wish(mentee, own), case.scores[mentee, own])
            )
            held = [i for i in np.flatnonzero(match == mentor) if i not in locked]
            welcome = len(held) < left[mentor] or any(score > case.scores[i, mentor] for i in held)
            assert not (rather and welcome)


def count_who_would_rather(
    case: Case,
    match: NDArray[np.int32],
    choices: list[list[int]],
    mentor_choices: list[list[int]],
    values: NDArray[np.int64],
) -> int:
    """Count the pairs who would both strictly rather have each other, as the definition says."""
    locked, left = dict(case.locks), places_left(case)

    def wish(mentee: int, mentor: int) -> tuple[int, int]:
        ranked = choices[mentee]
        chosen = -ranked.index(mentor) if mentor in ranked else -100_000
        return chosen, int(case.scores[mentee, mentor])

    def worth(mentor: int, mentee: int) -> tuple[int, int]:
        ranked = mentor_choices[mentor]
        return (
            (-ranked.index(mentee), 0) if mentee in ranked else (-99, int(values[mentee, mentor]))
        )

    count = 0
    for mentee, mentor in np.argwhere(case.allowed).tolist():
        if mentee in locked:
            continue
        own = int(match[mentee])
        rather = own < 0 or wish(mentee, mentor) > wish(mentee, own)
        held = [i for i in np.flatnonzero(match == mentor).tolist() if i not in locked]
        welcome = len(held) < left[mentor] or any(
            worth(mentor, mentee) > worth(mentor, other) for other in held
        )
        count += rather and welcome
    return count


def test_mentors_may_have_wishes_of_their_own() -> None:
    rng = np.random.default_rng(44)
    for seed, case in enumerate(create_cases(400, 46)):
        mentees, mentors = case.scores.shape
        choices = create_choices(case, seed)
        wanted = [rng.permutation(mentees)[: rng.integers(0, 4)].tolist() for _ in range(mentors)]
        values = rng.integers(-2, 3, (mentees, mentors))
        short, widen = create_short_lists(case)
        told = {
            "choices": choices,
            "mentor_choices": wanted,
            "values": lambda i, j, values=values: values[i, j],
        }
        whole = dense_lists(case.scores, case.allowed)
        match = stable(whole, case.capacity, case.locks, **told)
        assert_feasible(case, match)
        assert count_who_would_rather(case, match, choices, wanted, values) == 0
        grown = stable(short, case.capacity, case.locks, **told, widen=widen)
        assert grown.tolist() == match.tolist()


def test_a_mentor_prefers_whom_they_chose_to_whoever_scores_more() -> None:
    lists = dense_lists(np.array([[9], [5], [1]], np.int32), np.ones((3, 1), np.bool_))
    assert stable(lists, [1]).tolist() == [0, -1, -1]
    assert stable(lists, [1], mentor_choices=[[2, 1]]).tolist() == [-1, -1, 0]


def test_lists_read_again_many_at_once_give_what_complete_ones_give() -> None:
    for seed, case in enumerate(create_cases(200, 48)):

        def rescan(mentees, prices, k, case=case):  # type: ignore[no-untyped-def]
            return best_at_prices(case.scores[mentees], case.allowed[mentees], prices, k, mentees)

        def by_position(mentees, prices, k, case=case):  # type: ignore[no-untyped-def]
            return best_at_prices(case.scores[mentees], case.allowed[mentees], prices, k)

        def pair_scores(mentees, mentors, case=case):  # type: ignore[no-untyped-def]
            return np.where(case.allowed[mentees, mentors], case.scores[mentees, mentors], -1)

        short, _ = create_short_lists(case)
        whole, choices = dense_lists(case.scores, case.allowed), create_choices(case, seed)
        places, locks = case.capacity, case.locks
        expected = stable(whole, places, locks, choices=choices).tolist()
        for read in (rescan, by_position):
            given = stable(short, places, locks, choices=choices, rescan=read).tolist()
            assert given == expected
        assert (
            by_choice(short, places, choices, locks, pair_scores=pair_scores).tolist()
            == by_choice(whole, places, choices, locks).tolist()
        )


def test_first_choices_are_served_before_second_ones() -> None:
    scores = np.array([[1, 9], [5, 9], [9, 2]], np.int32)
    lists = dense_lists(scores, np.ones((3, 2), np.bool_))
    # Both 0 and 1 want mentor 0 first: 1 scores more there; 2 comes too late for its second choice.
    assert by_choice(lists, [1, 1], [[0, 1], [0], [1, 0]]).tolist() == [-1, 0, 1]


def test_by_choice_follows_its_definition() -> None:
    for seed, case in enumerate(create_cases(300, 47)):
        choices = create_choices(case, seed)
        left = places_left(case)
        expected = np.full(len(case.scores), -1)
        for mentee, mentor in case.locks:
            expected[mentee] = mentor
        for rank in range(3):
            asking = [
                (-case.scores[i, ranked[rank]], i, ranked[rank])
                for i, ranked in enumerate(choices)
                if expected[i] < 0 and rank < len(ranked) and case.allowed[i, ranked[rank]]
            ]
            for _, mentee, mentor in sorted(asking):
                if left[mentor] > 0:
                    expected[mentee] = mentor
                    left[mentor] -= 1
        lists = dense_lists(case.scores, case.allowed)
        match = by_choice(lists, case.capacity, choices, case.locks)
        assert match.tolist() == expected.tolist()


def test_why_a_choice_came_to_nothing_is_told() -> None:
    scores = np.array([[9, 5, 5, 5], [8, 5, 5, 5], [7, 5, 5, 5]], np.int32)
    allowed = np.ones((3, 4), np.bool_)
    allowed[2, 1] = False
    lists = dense_lists(scores, allowed)
    match, trace = trace_choices(lists, [1, 1, 0, 1], [[0], [0, 1], [0, 1, 2, 0, 3]])
    assert match.tolist() == [0, 1, 3]
    assert trace == {
        1: (Refusal(0, "outscored"),),
        2: (Refusal(0, "outscored"), Refusal(1, "not allowed"), Refusal(2, "full")),
    }


def test_who_chose_nobody_stays_alone_by_choice() -> None:
    lists = dense_lists(np.ones((2, 1)), np.ones((2, 1)))
    assert by_choice(lists, [2], [[], [0]]).tolist() == [-1, 0]


def test_lists_that_grow_on_demand_give_what_complete_ones_give() -> None:
    for seed, case in enumerate(create_cases(200, 49)):
        whole = dense_lists(case.scores, case.allowed)
        short, widen = create_short_lists(case)
        choices = create_choices(case, seed)
        places, locks = case.capacity, case.locks
        assert (
            greedy(short, places, locks, widen=widen).tolist()
            == greedy(whole, places, locks).tolist()
        )
        assert (
            stable(short, places, locks, choices=choices, widen=widen).tolist()
            == stable(whole, places, locks, choices=choices).tolist()
        )
        assert (
            by_choice(short, places, choices, locks, widen=widen).tolist()
            == by_choice(whole, places, choices, locks).tolist()
        )


@pytest.mark.parametrize("assign", [greedy, stable])
def test_a_tie_goes_to_the_earlier_mentee_and_mentor(assign: object) -> None:
    lists = dense_lists(np.full((3, 2), 5), np.ones((3, 2)))
    assert assign(lists, [1, 1]).tolist() == [0, 1, -1]
