"""Circles of many: who must not meet never does, and which have no second mentor is told."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations
from random import Random

import numpy as np
import pytest

from mentorkit.matching import assign, summary
from mentorkit_matching.circles import circles
from mentorkit_matching.members import Asked, Circles
from tests.matching.group_cases import may_be
from tests.matching.test_gathered import create_circle_pool, draw_many, made_of, run_circles


def test_many_who_must_not_meet_take_no_more_time_and_never_do() -> None:
    asked = draw_many(150, 25)
    apart = [two for two in combinations(range(150), 2) if sum(two) % 4 == 1]
    began = time.perf_counter()
    made = made_of(circles(replace(asked, apart=apart), assign.solve_dense))
    assert time.perf_counter() - began < 60
    assert made
    assert all(may_be(asked, mentor, people) for mentor, people in made.items())
    met = {two for people in made.values() for two in combinations(people, 2)}
    assert met.isdisjoint(apart)


@pytest.mark.parametrize("seed", range(20))
def test_who_could_join_or_replace_whom_never_meets_whom_they_must_not(seed: int) -> None:
    random = Random(seed)
    mentees, mentors = random.randint(4, 9), random.randint(2, 3)
    apart = [two for two in combinations(range(mentees), 2) if random.random() < 0.4]
    asked = Asked(
        scores=np.ones((mentees, mentors), np.int64),
        allowed=np.ones((mentees, mentors), np.bool_),
        room=np.full(mentors, 9),
        least=2,
        most_circles=mentors,
        apart=apart,
    )
    made = Circles(asked)
    for one in range(mentees):
        made.put(one, random.randint(-1, mentors - 1))
    kept = {frozenset(two) for two in apart}

    def may(one: int, people: set[int]) -> bool:
        return not any(frozenset((one, other)) in kept for other in people)

    everybody = np.arange(mentees)
    of = {mentor: set(np.flatnonzero(made.at == mentor).tolist()) for mentor in range(mentors)}
    for (one, mentor), joins in np.ndenumerate(made.shares(everybody)):
        there = bool(of[mentor]) and one not in of[mentor]
        assert joins == (there and may(one, of[mentor]))
    inside = np.flatnonzero(made.at >= 0)
    for (one, at), replaces in np.ndenumerate(made.replaces(everybody, inside)):
        other = int(inside[at])
        assert replaces == may(one, of[int(made.at[other])] - {other, one})


def test_circles_for_which_no_second_mentor_is_left_are_named() -> None:
    person = {"languages": ("en",), "hours": (1,), "industry": "food"}
    result = run_circles(create_circle_pool(*[person] * 6, mentors=3), mentors=2)
    (lone,) = (one.mentors[0] for one in result.circles if len(one.mentors) == 1)
    assert summary(result)["circles"]["alone"] == [lone]
    result = run_circles(create_circle_pool(*[person] * 6, mentors=3))
    assert summary(result)["circles"]["alone"] == []
