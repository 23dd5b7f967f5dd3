"""Rosters: people by column; the pools made of them are those of the same people one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.matching import Pool, Recommender, bind, kernels, roster, run
from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.columns import Bits, Coded, narrow
from mentorkit.matching.fused import Fused
from mentorkit.matching.plan import tape_of
from mentorkit.matching.roster import Roster, as_bits
from mentorkit.matching.scan import Scan
from tests.matching.rosters import (
    ANYBODY,
    NAMES,
    One,
    as_given,
    change,
    draw_people,
    plain_pool,
    pool_of,
)
from tests.matching.samples import Case, create_registry, draw_wide_case

seeds = st.integers(0, 2**32)


@pytest.fixture(autouse=True, scope="module")
def _bits_of_few_answers() -> Iterator[None]:
    """Let a handful of people be enough for sets to be kept as bits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roster, "MANY_ANSWERS", 3)
        yield


def bound_of(case: Case) -> BoundStrategy:
    return bind(replace(case.strategy, objective="coverage"), create_registry(), case.fields)


def told(pool: Pool, bound: BoundStrategy) -> Any:
    """Return all that a run tells of a pool."""
    result = run(pool, bound, seed=3)
    return (
        list(result.pairs), result.total, result.total_bound, result.pairs_bound,
        list(result.unmatched_mentees), list(result.unmatched_mentors), result.notes,
        {id: tuple(pairs) for id, pairs in result.shortlists.items()},
    )  # fmt: skip


def contents(pool: Pool) -> Any:
    """Return all that a pool holds."""
    sides = [
        (
            list(side.ids), list(side.keys), list(side.persons), side.capacity.tolist(),
            [one.name for one in side.people],
            {name: side.column(name) for name in NAMES},
        )
        for side in (pool.mentees, pool.mentors)
    ]  # fmt: skip
    pairs = np.argwhere(~Scan(pool, BARE, compiled=False).safe(*_everyone(pool)))
    return sides, pairs.tolist()


def _everyone(pool: Pool) -> tuple[Any, Any]:
    return np.arange(len(pool.mentees)), np.arange(len(pool.mentors))


BARE = bound_of(draw_wide_case(1))


@settings(max_examples=60)
@given(seeds)
def test_a_run_over_columns_is_the_run_over_people(seed: int) -> None:
    case, people = draw_wide_case(seed, most=1), draw_people(Random(seed))
    Random(seed).shuffle(people)
    packed = pool_of(Roster.of(as_given(people), case.fields), case.fields)
    plain = plain_pool(people, case.fields)
    assert contents(packed) == contents(plain)
    assert told(packed, bound_of(case)) == told(plain, bound_of(case))


@pytest.mark.skipif(not kernels.available(), reason="numba is not installed")
@settings(max_examples=40)
@given(seeds)
def test_the_compiled_scan_keeps_cohorts_apart_as_the_plain_one_does(seed: int) -> None:
    case, people = draw_wide_case(seed, most=1), draw_people(Random(seed))
    scan = Scan(pool_of(Roster.of(as_given(people), case.fields), case.fields), bound_of(case))
    tape = tape_of(scan)
    assert tape is not None
    rows, cols = _everyone(scan.pool)
    scores, allowed = scan.block(0, len(rows))
    found = Fused(tape).scores(rows.astype(np.int32), len(cols))
    assert (found == np.where(allowed, scores, -1)).all()


def test_there_may_be_more_cohorts_than_fit_a_word() -> None:
    people = [
        One(f"{role}{n:03}", f"{role}{n}", role, cohort=f"c{n % 70}" if n < 140 else None)
        for role in ("mentee", "mentor")
        for n in range(150)
    ]
    pool = pool_of(Roster.of(as_given(people), {}), {})
    assert pool.partition is not None
    mine, theirs = pool.partition.words()
    rows, cols = _everyone(pool)
    words = (mine[:, None, :] & theirs[None, :, :]).any(axis=2)
    assert mine.shape == (150, 2)
    assert (words == pool.partition.let(rows[:, None], cols[None, :])).all()


@settings(max_examples=60)
@given(seeds)
def test_after_any_changes_it_answers_as_one_built_anew(seed: int) -> None:
    random = Random(seed)
    case, people = draw_wide_case(seed, most=1), draw_people(random)
    kept = Roster.of(as_given(people), case.fields)
    for _ in range(random.randint(1, 5)):
        before = {one.id: one.version for one in people}
        people = change(random, people)
        now = {one.id: one.version for one in people}
        fresh = [one for one in people if before.get(one.id) != one.version]
        kept = kept.changed(before.keys() - now.keys(), Roster.of(as_given(fresh), case.fields))
    anew = Roster.of(as_given(people), case.fields)
    assert dict(zip(kept.ids, kept.version.tolist(), strict=True)) == now
    pools = [pool_of(one, case.fields) for one in (kept, anew)]
    assert contents(pools[0]) == contents(pools[1])
    bound = bound_of(case)
    first, second = (Recommender(pool, bound) for pool in pools)
    for id in pools[0].mentees.ids:
        assert first.best(id, 5) == second.best(id, 5)


def test_who_passes_has_the_places_that_are_left_by_role() -> None:
    people = [
        One("a", "pa", "mentee", born=1990),
        One("b", "pb", "mentor", capacity=3, used=1, born=1990, signed=("police",)),
        One("c", "pc", "mentor", born=1990),
        One("d", "pd", "both", capacity=2, born=1990, signed=("police",)),
        One("e", "pe", "mentee", born=2012),
        One("f", "pf", "mentee"),
        One("g", "pg", "mentee", born=1990, cohort="over"),
        One("h", "ph", "mentor", born=1990, used=1, signed=("police",)),
    ]
    made = Roster.of(as_given(people), {})
    free = made.free(
        {"b": 1, "d": 1, "nobody": 4},
        cohort=lambda one: one != "over",
        signed=lambda role, signed: role == "mentee" or "police" in signed,
        born=lambda year: year is not None and year < 2000,
    )
    assert free == {"mentee": {"a": 1}, "mentor": {"b": 1}, "both": {"d": 1}}


def test_people_are_found_by_key_and_id_and_person() -> None:
    people = [One("a", "pa", "mentee", key="x"), One("x", "px", "mentor"), One("c", "pc", "both")]
    made = Roster.of(as_given(people), {})
    assert made.ids == ["c", "a", "x"]
    assert made.known({"x", "c", "nobody"}) == {"x": "x", "c": "c"}
    assert made.holders({"pa", "pz"}) == {"pa": ["a"]}
    assert made.known(()) == made.holders(()) == {}
    assert made.unnamed().names == []


@pytest.mark.parametrize(
    "answers",
    [
        [("b", "a"), ("a",), ("c",)],  # told in another order
        [("a", "a"), ("b",), ("c",)],
        [("a",), ("b",), (1,)],
        [("a",), ("b",), "c"],
        [(1.0,), (2.0,), (3.0,)],
        [(True,), (False,), (1,)],
    ],
)
def test_sets_are_not_kept_as_bits_where_these_say_less(answers: list[Any]) -> None:
    column = Coded(np.arange(3, dtype=np.int32), answers)
    assert as_bits(column, None) is column


def test_sets_are_kept_as_bits_where_these_say_the_same() -> None:
    codes = np.array([1, -1, 0, 2, 1], np.int32)
    column = Coded(codes, [("a", "c"), ("b",), ("a", "b", "c")])
    packed = as_bits(column, None)
    assert isinstance(packed, Bits)
    assert packed.values() == column.values()
    assert packed.words.shape == (5, 1)


def test_nobody_at_all_is_a_pool_of_nobody() -> None:
    pool = pool_of(Roster.of(as_given([]), {}), {})
    assert (len(pool.mentees), len(pool.mentors), pool.partition) == (0, 0, None)
    assert Roster.of(as_given([]), {}).apart([("a", "b")]) == set()
    assert Roster.of(as_given([]), {}).free({"a": 1}, **ANYBODY)["both"] == {}


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [([], np.int8), ([-1, 127], np.int8), ([128], np.int16), ([-129], np.int16),
     ([40_000], np.int32), ([2**40], np.int64)],
)  # fmt: skip
def test_whole_numbers_take_no_more_room_than_they_need(numbers: list[int], kind: type) -> None:
    packed = narrow(numbers)
    assert (packed.dtype, packed.tolist()) == (kind, numbers)


def test_a_column_makes_room_for_more_answers_than_it_had() -> None:
    first, more = ([f"a{person}" for person in some] for some in (range(100), range(90, 200)))
    column = Coded.of(first)
    assert column.and_of(Coded.of(more)).values() == first + more


def test_a_mentor_takes_few_bytes() -> None:
    """Beside texts, which are as long as they are."""
    random = Random(7)
    people = [
        One(f"m{n:04}", f"p{n}", "mentor", born=1980, profile=seeded(random)) for n in range(2000)
    ]
    made = Roster.of(as_given(people, SEEDED), {})
    columns = [made.role, made.cohort, made.signed, *made.columns.values()]
    arrays = [one.words if isinstance(one, Bits) else one.codes for one in columns]
    arrays += [made.capacity, made.used, made.born, made.version]
    assert sum(one.nbytes for one in arrays) <= 40 * len(made)


SEEDED = ("languages", "skills", "hours", "trade", "sector", "country", "stage", "zone")


def seeded(random: Random) -> dict[str, Any]:
    return {
        "languages": tuple(sorted(random.sample([f"l{n}" for n in range(12)], 2))),
        "skills": tuple(sorted(random.sample([f"s{n:02}" for n in range(64)], 6))),
        "hours": tuple(sorted(random.sample(range(42), 9))),
        **{name: f"{name}{random.randrange(40)}" for name in SEEDED[3:7]},
        "zone": random.randrange(24),
    }


def test_of_two_by_one_name_the_lower_id_comes_first() -> None:
    people = [
        One("b", "pb", "mentee", key="x"),
        One("x", "px", "mentee"),
        One("a", "pa", "mentee", key="x"),
    ]
    assert Roster.of(as_given(people), {}).ids == ["a", "b", "x"]
