"""The compiled scan gives what the plain numpy meaning of the forms gives, to the last point."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain.fields import parse_fields
from mentorkit.errors import Invalid
from mentorkit.matching import (
    Pool,
    Recommender,
    Someone,
    assign,
    bind,
    kernels,
    pack,
    plan,
    problem,
    run,
)
from mentorkit.matching import fused as fused_scan
from mentorkit.matching.candidates import best_at_prices, start_of
from mentorkit.matching.fused import Fused, in_threads
from mentorkit.matching.passes import PLUS, TIMES, UNPAYABLE
from mentorkit.matching.plan import tape_of
from mentorkit.matching.scan import Scan, best_of
from tests.matching.assignment_cases import dense_lists
from tests.matching.samples import Case, create_registry, create_strategy, draw_wide_case

pytestmark = pytest.mark.skipif(not kernels.available(), reason="numba is not installed")

seeds = st.integers(0, 2**32)


def both(case: Case) -> tuple[Scan, Fused]:
    scan = Scan(case.pool, case.bound(), compiled=False)
    tape = tape_of(scan)
    assert tape is not None
    return scan, Fused(tape)


def plain(scan: Scan) -> tuple[np.ndarray, np.ndarray]:
    return scan.block(0, len(scan.pool.mentees))


@settings(max_examples=300)
@given(seeds)
def test_every_score_is_the_plain_one(seed: int) -> None:
    scan, fused = both(draw_wide_case(seed))
    scores, allowed = plain(scan)
    mentees = np.arange(len(scores), dtype=np.int32)
    assert (fused.scores(mentees, scores.shape[1]) == np.where(allowed, scores, -1)).all()


def test_a_value_of_the_mentors_own_is_one_column_however_people_have_answered() -> None:
    fields, _ = parse_fields(
        {**{f"f{at}": {"kind": "text"} for at in range(8)}, "quality": {"kind": "number"}}
    )
    random = Random(5)

    def create_side(side: str) -> list[Someone]:
        return [
            Someone(
                key="",
                id=f"{side}{at:04}",
                profile={f"f{one}": "x" for one in range(8) if random.random() < 0.5}
                | {"quality": random.random()},
            )
            for at in range(400)
        ]

    uses = [{"criterion": "equal", "field": f"f{one}", "weight": one + 2} for one in range(8)]
    strategy = create_strategy([*uses, {"criterion": "prior", "field": "quality"}])
    scan = Scan(
        Pool(create_side("e"), create_side("m"), fields),
        bind(strategy, create_registry(), fields),
        compiled=False,
    )
    tape = tape_of(scan)
    assert tape is not None
    assert len(tape.pattern.ravel()) > 1_000  # many ways of sharing out the points
    assert len(tape.shorts) * 2 + len(tape.numbers) * 8 == 8
    scores, allowed = plain(scan)
    everyone = np.arange(len(scores), dtype=np.int32)
    assert (Fused(tape).scores(everyone, scores.shape[1]) == np.where(allowed, scores, -1)).all()


def test_values_of_the_mentors_own_are_worth_the_same_in_either_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds: set[int] = set()
    for seed in range(80):
        case = draw_wide_case(seed)
        found = []
        for columns in (0, 1_000):
            monkeypatch.setattr(plan, "COLUMNS", columns)
            scan, fused = both(case)
            kinds |= set(fused.tape.passes[:, 0].tolist())
            everyone = np.arange(len(scan.pool.mentees), dtype=np.int32)
            found.append(fused.scores(everyone, len(scan.pool.mentors)))
        assert (found[0] == found[1]).all()
    assert {PLUS, TIMES} <= kinds


@settings(max_examples=200)
@given(seeds, st.integers(1, 40), st.booleans())
def test_the_best_are_the_best_by_score_less_price_ties_by_position(
    seed: int, k: int, priced: bool
) -> None:
    scan, fused = both(draw_wide_case(seed))
    scores, allowed = plain(scan)
    some = [0, 0, 500, 3_000, 9_000, UNPAYABLE] if seed % 2 else [0, 7, 20_000, 90_000, UNPAYABLE]
    prices = np.random.default_rng(seed).choice(some, scores.shape[1])
    if priced:
        allowed &= prices < UNPAYABLE
    counted = prices if priced else np.zeros_like(prices)
    # Nothing below 0 in what the plain meaning sorts.
    expected = best_of(np.where(allowed, scores - counted + 90_000, 0).astype(np.int32), allowed, k)
    mentees = np.arange(len(scores), dtype=np.int32)
    mentors, found = fused.best(mentees, k, prices if priced else None)
    for row, there in enumerate(expected):
        assert mentors[row][mentors[row] >= 0].tolist() == there.tolist()
        assert found[row][mentors[row] >= 0].tolist() == scores[row, there].tolist()


def test_nobody_is_asked_for_and_nobody_is_given() -> None:
    case = draw_wide_case(11)
    mentee = case.pool.mentees.ids[0]
    for compiled in (True, False):
        asked = Recommender(case.pool, case.bound(), compiled=compiled)
        assert (asked.fused is not None) == compiled
        for limit in (0, -1):
            assert asked.best(mentee, limit) == ()
    _, fused = both(case)
    mentors, scores = fused.best(np.arange(2, dtype=np.int32), 0, np.zeros(len(case.mentors)))
    assert mentors.shape == scores.shape == (2, 0)


@settings(max_examples=100)
@given(seeds)
def test_one_look_at_all_pairs_tells_bound_blocking_pairs_and_ranks(seed: int) -> None:
    scan, fused = both(draw_wide_case(seed))
    scores, allowed = plain(scan)
    random, pool = np.random.default_rng(seed), scan.pool
    match = assign.greedy(dense_lists(scores, allowed), pool.capacity)
    prices, bonus = random.integers(0, 9_000, scores.shape[1]), int(random.integers(0, 20_000))
    rows = np.flatnonzero(match >= 0)
    own = np.full(len(match), -1, np.int64)
    own[rows] = scores[rows, match[rows]]
    gain, blocking, rank = fused.survey(
        np.where(pool.capacity > 0, bonus - prices, -assign.HIGHEST),
        assign.worst_of(own, match, pool.capacity),
        own,
        match,
    )
    bound = int((assign.read_capacity(pool.capacity, len(match)) * prices).sum())
    bound += int(gain.sum()) - bonus * len(rows)
    args = (scores, allowed, pool.capacity)
    assert bound == assign.total_bound(*args, prices, bonus, len(rows))
    assert blocking.sum() == assign.blocking_pairs(*args, match)
    ordered = best_of(scores, allowed, scores.shape[1])
    assert rank[rows].tolist() == [ordered[row].tolist().index(match[row]) + 1 for row in rows]


@settings(max_examples=40)
@given(seeds)
def test_people_by_column_are_scored_like_people_one_by_one(seed: int) -> None:
    case = draw_wide_case(seed, most=20)
    fields = [*case.fields]
    sides = pack(case.mentees, fields), pack(case.mentors, fields)
    pool = Pool.of(*sides, case.fields, past=case.past, forbidden=case.forbidden)
    one_by_one, by_column = Scan(case.pool, case.bound()), Scan(pool, case.bound())
    for one, other in zip(plain(one_by_one), plain(by_column), strict=True):
        assert (one == other).all()


def test_shards_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_scan, "FEW_PAIRS", 0)
    case = draw_wide_case(3, most=400)
    scan = Scan(case.pool, case.bound())
    tape = tape_of(scan)
    assert tape is not None
    everyone = np.arange(tape.mentees, dtype=np.int32)
    one = Fused(tape, lambda fn, shards: map(fn, shards)).best(everyone, 5)
    many = Fused(tape, in_threads).best(everyone, 5)
    backwards = Fused(tape, lambda fn, shards: list(map(fn, shards[::-1]))[::-1]).best(everyone, 5)
    for other in (many, backwards):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_a_run_is_the_same_wherever_its_shards_are_scanned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "WORTH", 0)
    monkeypatch.setattr(kernels, "WORTH_LOADED", 0)
    monkeypatch.setattr(problem, "DENSE_CELLS", 0)
    monkeypatch.setattr(fused_scan, "FEW_PAIRS", 0)
    sent: list[bytes] = []

    def elsewhere(fn: Callable[[Any], Any], shards: Sequence[Any]) -> Iterator[Any]:
        """Send what is to be done, and get back what was found, as another machine would."""
        for shard in shards:
            sent.append(pickle.dumps((fn, shard)))
            work, given = pickle.loads(sent[-1])
            yield pickle.loads(pickle.dumps(work(given)))

    case = draw_wide_case(11, most=300)
    here = run(case.pool, case.bound())
    there = run(case.pool, case.bound(), map_shards=elsewhere)
    assert sent
    assert replace(there, seconds=0, shortlists={}) == replace(here, seconds=0, shortlists={})


def test_a_shard_that_is_sent_away_knows_its_own_mentees_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fused_scan, "FEW_PAIRS", 0)
    monkeypatch.setattr(fused_scan, "SENT", 3)

    def sent(fn: Callable[[Any], Any], shards: Sequence[Any]) -> Iterator[Any]:
        for shard in shards:
            away = pickle.dumps(shard)
            again = pickle.loads(pickle.dumps(pickle.loads(away)))
            assert again.tape.mentees == len(shard.mentees)
            yield fn(again)

    for seed in range(25):
        case = draw_wide_case(seed, most=80)
        scan, here = both(case)
        there, mentors = Fused(here.tape, sent), len(scan.pool.mentors)
        mentees = np.random.default_rng(seed).permutation(here.tape.mentees).astype(np.int32)
        free, worst = np.zeros(mentors, np.int64), np.full(mentors, 5_000)
        own, nobody = np.full(len(mentees), 4_000), np.full(len(mentees), -1, np.int32)
        for what, asked in (
            ("best", (mentees, 5, free)),
            ("scores", (mentees, mentors)),
            ("survey", (free, worst, own, nobody, None, mentees)),
        ):
            found = [np.hstack(np.atleast_2d(getattr(one, what)(*asked))) for one in (here, there)]
            assert (found[0] == found[1]).all()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Install a numba that cannot be loaded; give what was tried."""
    tried: list[str] = []

    def fail(name: str) -> None:
        tried.append(name)
        raise AttributeError("numba needs another numpy")

    kernels._load.cache_clear()
    monkeypatch.setattr(kernels, "import_module", fail)
    monkeypatch.setattr(kernels, "WORTH", 0)
    monkeypatch.setattr(kernels, "WORTH_LOADED", 0)
    yield tried
    kernels._load.cache_clear()


def test_where_kernels_cannot_be_loaded_numpy_goes_on_alone_and_tells_why(
    broken: list[str],
) -> None:
    case = draw_wide_case(11)
    assert Scan(case.pool, case.bound()).fused is None
    for _ in range(2):
        result = run(case.pool, case.bound())
        assert result.pairs
        [note] = [one for one in result.notes if one.place == "speed"]
        assert "cannot be loaded here (numba needs another numpy)" in note.message
    assert len(broken) == len(set(broken))  # each is tried once


def test_a_run_that_is_too_long_tells_that_numba_cannot_be_loaded(
    broken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "PLAIN_CELLS", 1)
    case = draw_wide_case(11)
    with pytest.raises(Invalid, match="numba is installed, but cannot be loaded here"):
        run(case.pool, case.bound())


def test_a_scan_tells_how_far_it_is_and_ends_when_told() -> None:
    _, fused = both(draw_wide_case(3, most=400))
    everyone = np.arange(fused.tape.mentees, dtype=np.int32)
    told: list[int] = []
    fused.best(everyone, 5, tell=told.append)
    assert told[-1] == len(everyone)
    assert told == sorted(told)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fused.best(everyone, 5, tell=stop)


@settings(max_examples=100)
@given(seeds, st.integers(1, 40))
def test_lists_are_read_again_as_plainly_of_equals_from_another_mentor_on(
    seed: int, k: int
) -> None:
    scan, fused = both(draw_wide_case(seed, most=30))
    scores, allowed = plain(scan)
    prices = np.random.default_rng(seed).choice([0, 0, 500, 3_000, 30_000], scores.shape[1])
    mentees = np.arange(len(scores))
    first = start_of(mentees, max(1, scores.shape[1]))
    found = fused.best(mentees.astype(np.int32), k, prices, first=first)
    expected = best_at_prices(scores, allowed, prices, k, mentees)
    there = expected[0] >= 0
    assert (found[0] == expected[0]).all()
    assert (found[1][there] == expected[1][there]).all()


# --------------------------------------------------------------------------- what is done at once


@settings(max_examples=300)
@given(
    st.lists(st.integers(-3, 9), min_size=1, max_size=6),
    st.integers(0, 250),
    st.booleans(),
    seeds,
)
def test_steps_and_peaks_that_are_even_give_at_once_what_each_by_itself_does(
    odd: list[int], first: int, peaked: bool, seed: int
) -> None:
    """Whatever is found to be even is; and what is not is left to be done one by one."""
    from mentorkit.matching.kernels import even

    luck = np.random.default_rng(seed)
    size = int(luck.integers(1, 10))
    fall, top = int(luck.integers(1, 700)), int(luck.integers(0, size))
    points = np.array([fall * (size - abs(e - top)) for e in range(size)], np.int16)
    if peaked and luck.random() < 0.7:  # down to nothing on both sides
        size, top = 2 * size + 1, size
        points = np.array([fall * (top + 1 - abs(e - top)) for e in range(size)], np.int16)
    x = (first if peaked else 1) + np.arange(size, dtype=np.int32)
    if not peaked:
        points[:] = fall
    if luck.random() < 0.4:
        points[: len(odd)] += np.array(odd[:size], np.int16)
    theirs = luck.integers(0, 256, 700).astype(np.uint8)
    found = theirs.astype(np.int16)
    score = luck.integers(-32_000, 10_000, len(theirs)).astype(np.int16)
    expected, told = score.copy(), score.copy()
    if peaked:
        for at, worth in zip(x.tolist(), points.tolist(), strict=True):
            expected += np.where(theirs == at, worth, 0).astype(np.int16)
        place = int(even.peak_of(x, points))
        if place >= 0:
            far, drop = np.int16(size), np.int16(points[place] - points[place + 1])
            even.fall_off(np.int16(x[place]), points[place], drop, far, theirs, told)
    else:
        for at, worth in zip(x.tolist(), points.tolist(), strict=True):
            expected += np.where(found >= at, worth, 0).astype(np.int16)
        place = 0 if even.is_even(x, points) else -1
        if place >= 0:
            even.climb(points[0], np.int16(size), found, told)
    if place >= 0:
        assert (told == expected).all()


def test_even_steps_and_a_peak_are_seen_as_such() -> None:
    from mentorkit.matching.kernels import even

    steps, same = np.arange(1, 5, dtype=np.int32), np.full(4, 250, np.int16)
    assert even.is_even(steps, same)
    assert not even.is_even(steps + 1, same)
    peak = np.array([100, 200, 300, 200, 100], np.int16)
    assert even.peak_of(np.arange(7, 12, dtype=np.int32), peak) == 2
    assert even.peak_of(np.array([7, 8, 9, 11, 12], np.int32), peak) == -1
    assert even.peak_of(np.arange(7, 11, dtype=np.int32), peak[:4]) == -1, "it ends above nothing"
