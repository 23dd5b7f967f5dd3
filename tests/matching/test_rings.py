"""Rings of many people: all lengths are as asked for, and nobody is lost for want of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.matching import assign
from mentorkit_matching.cycles import rings


def create_weights(people: int, *, often: float = 1.0, seed: int = 0) -> Any:
    """Return what each is worth as a mentor of each, -1 for nobody's self and where not allowed."""
    random = np.random.default_rng(seed)
    weights = random.integers(0, 10_001, (people, people))
    weights[random.random(weights.shape) >= often] = -1
    np.fill_diagonal(weights, -1)
    return weights


def test_two_thousand_who_may_all_be_together_are_all_in_rings() -> None:
    weights = create_weights(2_000)
    made = rings(weights, 3, 8, assign.solve_dense)
    assert sorted(one for ring in made for one in ring) == list(range(2_000))
    assert {len(ring) for ring in made} <= set(range(3, 9))
    total = sum(int(weights[ring[at - 1], one]) for ring in made for at, one in enumerate(ring))
    assert total > 0.98 * 2_000 * 10_000


def test_a_cycle_of_pairs_alone_is_joined_until_none_is_too_short() -> None:
    weights = np.full((600, 600), 1)
    even = np.arange(0, 600, 2)
    weights[even, even + 1] = weights[even + 1, even] = 100
    np.fill_diagonal(weights, -1)
    made = rings(weights, 4, 6, assign.solve_dense)
    assert sum(map(len, made)) == 600
    assert {len(ring) for ring in made} <= {4, 5, 6}


@settings(max_examples=15, deadline=None)
@given(
    people=st.integers(0, 45),
    often=st.sampled_from([0.05, 0.2, 0.5, 1.0]),
    lengths=st.sampled_from([(3, 3), (3, 8), (4, 5), (6, 7)]),
    seed=st.integers(0, 1_000),
)
def test_rings_have_the_lengths_asked_for_and_only_pairs_that_may_be(
    people: int, often: float, lengths: tuple[int, int], seed: int
) -> None:
    weights = create_weights(people, often=often, seed=seed)
    made = rings(weights, *lengths, assign.solve_dense)
    everybody = [one for ring in made for one in ring]
    assert len(set(everybody)) == len(everybody)
    assert all(lengths[0] <= len(ring) <= lengths[1] for ring in made)
    links = [(ring[at - 1], one) for ring in made for at, one in enumerate(ring)]
    assert all(weights[link] >= 0 for link in links)


@pytest.mark.parametrize("often", [0.02, 1.0])
def test_the_same_people_are_always_in_the_same_rings(often: float) -> None:
    weights = create_weights(300, often=often)
    assert rings(weights, 3, 8, assign.solve_dense) == rings(weights, 3, 8, assign.solve_dense)


@pytest.mark.parametrize(
    ("people", "often", "lengths", "most"),
    [(100, 0.1, (4, 5), 4), (100, 0.05, (3, 3), 10), (40, 0.2, (3, 3), 1)],
)
def test_few_are_left_where_few_may_be_together_but_all_could_be(
    people: int, often: float, lengths: tuple[int, int], most: int
) -> None:
    weights, order = (
        create_weights(people, often=often),
        np.random.default_rng(1).permutation(people),
    )
    for at in range(0, people - people % lengths[0], lengths[0]):
        ring = order[at : at + lengths[0]]
        weights[ring, np.roll(ring, -1)] = 5_000
    made = rings(weights, *lengths, assign.solve_dense)
    assert people - sum(map(len, made)) <= most
