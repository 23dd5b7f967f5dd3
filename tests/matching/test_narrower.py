"""Who gives fewer hours never fits better for it, by what is shipped."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mentorkit_matching
from mentorkit.domain import presets
from mentorkit.domain.fields import Field
from mentorkit.domain.strategies import Strategy
from mentorkit.matching import Pool, Someone, bind
from mentorkit.matching.scan import Scan
from tests.matching.samples import create_fields, create_registry, create_strategy, draw_times

SOME = ("a", "b", "c", "d")
HOURS = "hours"
WANTED = ("life_experience", "business_knowledge")


@cache
def shipped() -> dict[str, tuple[Strategy, dict[str, Field]]]:
    """Return every strategy that comes with mentorkit, and the fields it is for."""
    loaded = {name: presets.load(name) for name in presets.names()}
    found = {name: (one.strategy, dict(one.fields)) for name, one in loaded.items()}
    wide = {name: Field(id=name, kind="options") for name in WANTED} | create_fields()
    ready = {one.name: (one, wide) for one in mentorkit_matching.mentorkit_matching_strategies()}
    return found | ready


def draw(random: Random, field: Field) -> Any:
    """Draw an answer out of few options, so that people have some in common."""
    options = list(field.choices)[:4] or SOME
    match field.kind:
        case "hours":
            return tuple(sorted(random.sample(range(8), random.randint(2, 6))))
        case "options":
            return tuple(random.sample(options, random.randint(1, len(options))))
        case "number":
            return float(random.randint(0, 4))
        case "flag":
            return random.random() < 0.5
        case _:
            return random.choice(options)


def compare(
    strategy: Strategy, fields: dict[str, Field], mine: dict[str, Any], theirs: dict[str, Any]
) -> tuple[int, bool]:
    """Return the score of the two, and whether the rules let them be a pair."""
    pool = Pool([Someone("a", "a", mine)], [Someone("b", "b", theirs)], fields)
    scan = Scan(pool, bind(strategy, create_registry(), fields))
    first = np.array([0])
    return int(scan.pairs(first, first)[1].sum()), bool(scan.allowed(first, first).all())


@pytest.mark.parametrize("name", shipped())
@settings(max_examples=40)
@given(seed=st.integers(0, 10**9), side=st.sampled_from([0, 1]))
def test_who_takes_hours_back_fits_nobody_better(name: str, seed: int, side: int) -> None:
    strategy, fields = shipped()[name]
    random = Random(seed)
    two = [
        {id: draw(random, field) for id, field in fields.items() if random.random() < 0.8}
        for _ in range(2)
    ]
    two[side][HOURS] = draw(random, Field(id=HOURS, kind="hours"))
    before = compare(strategy, fields, *two)
    kept = random.sample(two[side][HOURS], random.randint(1, len(two[side][HOURS])))
    two[side][HOURS] = tuple(sorted(kept))
    after = compare(strategy, fields, *two)
    assert after[0] <= before[0]
    assert after[1] <= before[1]


ZONES = ("Europe/Paris", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "")
TIMED = create_strategy(
    [{"criterion": "availability", "field": "times", "full": 600}],
    [{"rule": "min_availability", "field": "times", "least": 45}],
)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**9), side=st.sampled_from([0, 1]))
def test_who_takes_weekly_times_back_fits_nobody_better(seed: int, side: int) -> None:
    random = Random(seed)
    times, zones = [draw_times(random) for _ in range(4)], [random.choice(ZONES) for _ in range(4)]

    def compared() -> tuple[int, bool]:
        people = [
            Someone(f"{at}", f"{at}", {"times": told}, zone=zone)
            for at, (told, zone) in enumerate(zip(times, zones, strict=True))
        ]
        pool = Pool(people[::2], people[1::2], create_fields())
        scan = Scan(pool, bind(TIMED, create_registry(), create_fields()))
        first = np.array([0])
        return int(scan.pairs(first, first)[1].sum()), bool(scan.allowed(first, first).all())

    before = compared()
    times[side] = tuple(random.sample(times[side], random.randint(1, len(times[side]))))
    after = compared()
    assert after[0] <= before[0]
    assert after[1] <= before[1]


EQUAL = {"criterion": "equal", "field": "industry"}


def score(criterion: dict[str, Any], mine: tuple[int, ...], theirs: tuple[int, ...]) -> int:
    strategy = create_strategy([{"field": HOURS, **criterion}, EQUAL])
    one, other = {HOURS: mine, "industry": "food"}, {HOURS: theirs, "industry": "crafts"}
    return compare(strategy, create_fields(), one, other)[0]


@pytest.mark.parametrize(
    ("criterion", "side"),
    [
        ({"criterion": "set_overlap", "per": "mentee"}, 0),
        ({"criterion": "set_overlap", "per": "mentor"}, 1),
        ({"criterion": "set_overlap", "per": "union"}, 0),
        ({"criterion": "set_overlap", "per": "union"}, 1),
        ({"criterion": "equal"}, 0),
    ],
)
def test_forms_that_weigh_what_is_not_shared_reward_it(criterion: Any, side: int) -> None:
    """They are not for hours; `overlap` is, which counts what is shared and nothing else."""
    wide, narrow, other = (1, 2, 3, 4), (1, 2), (1, 2)
    pairs = [(wide, other), (narrow, other)]
    before, after = (score(criterion, *(pair if side == 0 else pair[::-1])) for pair in pairs)
    assert after > before
    before, after = (
        score({"criterion": "overlap", "full": 4}, *(pair if side == 0 else pair[::-1]))
        for pair in pairs
    )
    assert after == before


def test_whoever_takes_the_answer_back_altogether_has_no_opinion_any_more() -> None:
    overlap = {"criterion": "overlap", "full": 4}
    different = score(overlap, (1,), (2,))
    fields, profile = create_fields(), {"industry": "food"}
    strategy = create_strategy([{"field": HOURS, **overlap}, EQUAL])
    assert different == 0
    assert compare(strategy, fields, profile, {HOURS: (2,), **profile}) == (10_000, True)
    needed = create_strategy(rules=[{"rule": "min_overlap", "field": HOURS, "least": 1}])
    assert compare(needed, fields, profile, {HOURS: (2,), **profile})[1] is False
