"""Circles, peers and rings: what all members share, how many, how even, how good; proved small."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Any

import numpy as np
import pytest

from mentorkit.errors import Invalid, PluginError
from mentorkit.hooks import Assigner, Assignment, Group
from mentorkit.i18n import quarters
from mentorkit.matching import Pool, Someone, assign, bind, pairs_sheet, run, summary, verify
from mentorkit.matching.figures import not_looked_at
from mentorkit.matching.whynot import why_not
from mentorkit_matching.circles import circles
from mentorkit_matching.cycles import rings
from mentorkit_matching.members import Asked, Want
from mentorkit_matching.pairings import exact, near
from tests.matching.group_cases import (
    best_circles,
    best_pairs,
    best_rings,
    draw_circles,
    draw_weights,
    may_be,
    worth,
)
from tests.matching.samples import (
    LANGUAGES,
    Case,
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_profile,
)


def made_of(where: Any) -> dict[int, tuple[int, ...]]:
    """Return the circles by mentor."""
    return {
        mentor: tuple(np.flatnonzero(where == mentor).tolist())
        for mentor in sorted(set(where[where >= 0].tolist()))
    }


# --------------------------------------------------------------------------- circles


def test_circles_keep_to_everything_and_come_near_the_best_there_is() -> None:
    shares, as_many, as_even, possible = [], 0, 0, 0
    for seed in range(90):
        asked = draw_circles(seed)
        made = made_of(circles(asked, assign.solve_dense))
        assert all(may_be(asked, mentor, people) for mentor, people in made.items())
        best = best_circles(asked) if asked.allowed.any() else (0, 0, 0)
        if not best[0]:
            assert not made
            continue
        found = worth(asked, made) if made else (0, -1, 0)
        assert found <= best
        possible += 1
        as_many += found[0] == best[0]
        as_even += found[:2] == best[:2]
        if found[:2] == best[:2] and best[2]:
            shares.append(found[2] / best[2])
    assert possible > 55
    assert as_many >= 0.97 * possible
    assert as_even >= 0.97 * possible
    assert min(shares) > 0.85
    assert sum(shares) / len(shares) > 0.995


def draw_many(mentees: int, mentors: int) -> Asked:
    random = np.random.default_rng(4)
    sides = []
    for people in (mentees, mentors):
        speaks = np.zeros((people, 8), np.float32)
        free = np.zeros((people, 30), np.float32)
        for one in range(people):
            speaks[one, random.choice(8, random.integers(1, 4), replace=False)] = 1
            free[one, random.choice(30, random.integers(3, 12), replace=False)] = 1
        sides.append((speaks, free))
    wants = [Want(mine, theirs, 1) for mine, theirs in zip(*sides, strict=True)]
    allowed = np.ones((mentees, mentors), np.bool_)
    for want in wants:
        allowed &= want.mentees @ want.mentors.T >= 1
    return Asked(
        scores=random.integers(0, 10_001, (mentees, mentors)),
        allowed=allowed,
        room=random.integers(4, 9, mentors),
        least=3,
        most_circles=mentors,
        wants=wants,
    )


def test_many_circles_are_made_in_time() -> None:
    asked = draw_many(150, 25)
    began = time.perf_counter()
    made = made_of(circles(asked, assign.solve_dense))
    assert time.perf_counter() - began < 60  # a second or so where nothing else runs
    assert all(may_be(asked, mentor, people) for mentor, people in made.items())
    assert sum(map(len, made.values())) > 0.85 * min(150, int(asked.room.sum()))


def test_circles_are_as_even_as_they_can_be() -> None:
    scores = np.tile([100, 1, 1], (10, 1))
    asked = Asked(
        scores=scores, allowed=scores > 0, room=np.array([8, 8, 8]), least=3, most_circles=3
    )
    sizes = sorted(map(len, made_of(circles(asked, assign.solve_dense)).values()))
    assert sum(sizes) == 10
    assert sizes[-1] - sizes[0] <= 1


def create_circle_pool(
    *mentees: Any, mentors: int = 1, forbidden: Any = None, places: int = 8
) -> Pool:
    hosts = create_people(
        "mentor", *[{"languages": LANGUAGES, "hours": (1, 2, 3), "industry": "food"}] * mentors,
        capacity=places,
    )  # fmt: skip
    return Pool(create_people("mentee", *mentees), hosts, create_fields(), forbidden=forbidden)


def create_circle_strategy(**options: Any) -> Any:
    rules = [
        {"rule": "shares_any", "field": "languages"},
        {"rule": "min_overlap", "field": "hours"},
    ]
    return create_strategy(rules=rules, assigner="circles", assigner_options=options)


def run_circles(pool: Pool, locks: Any = (), **options: Any) -> Any:
    bound = bind(create_circle_strategy(**options), create_registry(), create_fields())
    result = run(pool, bound, locks=locks)
    assert verify(pool, bound, result, locks=locks) == []
    return result


def test_three_who_share_an_hour_by_twos_alone_are_no_circle() -> None:
    hours = [(1, 2), (2, 3), (1, 3)]
    people = [{"languages": ("en",), "hours": one, "industry": "food"} for one in hours]
    result = run_circles(create_circle_pool(*people))
    assert not result.pairs
    assert len(result.unmatched_mentees) == 3
    assert "none of 3 or more" in result.method
    people.append({"languages": ("en",), "hours": (2,), "industry": "food"})
    result = run_circles(create_circle_pool(*people))
    assert [one.mentees for one in result.circles] == [("mentee-a", "mentee-b", "mentee-d")]
    assert [one.id for one in result.unmatched_mentees] == ["mentee-c"]


def test_what_all_share_can_be_named() -> None:
    people = [
        {"languages": ("en", "fr"), "hours": (hour,), "industry": "food"} for hour in (1, 2, 3)
    ]
    pool = create_circle_pool(*people)
    assert not run_circles(pool).pairs
    assert len(run_circles(pool, shared=["languages"]).pairs) == 3
    assert len(run_circles(pool, shared=["languages"], hours=2).pairs) == 3
    assert not run_circles(pool, shared=["languages"], hours=3).pairs
    with pytest.raises(Invalid, match="nobody is asked 'tongues'"):
        run_circles(pool, shared=["tongues"])


def create_timed_pool(*told: str, zones: Any = (), hosts: tuple[str, ...] = ("mon 1-20",)) -> Pool:
    """Create a pool of people who told these weekly times, the mentees on clocks of their own."""
    fields, zones = create_fields(), {**dict.fromkeys(range(len(told)), ""), **dict(zones)}
    sides = [
        [
            Someone(
                key=f"{side}-{at}", id=f"{side}-{at}", capacity=8,
                profile={"times": fields["times"].parse(one)},
                zone=zones[at] if side == "mentee" else "",
            )
            for at, one in enumerate(times)
        ]
        for side, times in (("mentee", told), ("mentor", hosts))
    ]  # fmt: skip
    return Pool(*sides, fields)


def run_timed(pool: Pool, assigner: str = "circles", least: int = 60, **options: Any) -> Any:
    rules = [{"rule": "min_availability", "field": "times", "least": least}]
    strategy = create_strategy(rules=rules, assigner=assigner, assigner_options=options)
    bound = bind(strategy, create_registry(), create_fields())
    result = run(pool, bound)
    assert verify(pool, bound, result) == []
    return result


def test_a_circle_is_free_at_once_for_as_long_as_the_rule_asks_of_two() -> None:
    by_twos = ("mon 8-9; mon 10-11", "mon 10-11; mon 12-13", "mon 8-9; mon 12-13")
    assert not run_timed(create_timed_pool(*by_twos)).circles
    result = run_timed(create_timed_pool(*by_twos, "mon 10-11", "mon 10-11"), least=60)
    (circle,) = result.circles
    assert circle.mentees == ("mentee-0", "mentee-1", "mentee-3", "mentee-4")
    assert not run_timed(create_timed_pool(*["mon 10-11"] * 3), least=75).circles
    parts = ("mon 10:00-10:30; mon 12-13", "mon 10:00-10:30; mon 12:30-14", "mon 10-13")
    assert run_timed(create_timed_pool(*parts), least=60).circles
    assert not run_timed(create_timed_pool(*parts), least=75).circles


def test_a_circle_is_free_at_once_in_every_week_whatever_their_clocks_do() -> None:
    told = ("mon 8-10", "mon 8-10", "mon 3-4")
    abroad = {2: "America/New_York"}  # five hours behind UTC, and four in summer
    pool = create_timed_pool(*told, zones=abroad)
    assert not run_timed(pool).circles
    whole_year = create_timed_pool("mon 7-10", "mon 7-10", "mon 3-5", zones=abroad)
    assert len(run_timed(whole_year).circles) == 1


def test_what_is_named_to_be_shared_does_not_do_away_with_a_common_time() -> None:
    by_twos = ("mon 8-9; mon 10-11", "mon 10-11; mon 12-13", "mon 8-9; mon 12-13")
    assert not run_timed(create_timed_pool(*by_twos), shared=[]).circles


def test_a_second_mentor_is_free_when_the_circle_is() -> None:
    hosts = ("mon 8-12", "mon 11-12; tue 8-12")
    pool = create_timed_pool(*["mon 8-9; mon 11-12"] * 3, hosts=hosts)
    (circle,) = run_timed(pool, mentors=2).circles
    assert len(circle.mentors) == 2
    pool = create_timed_pool(*["mon 8-9; tue 8-9"] * 3, hosts=("mon 8-12", "tue 8-12"))
    (circle,) = run_timed(pool, mentors=2).circles
    assert len(circle.mentors) == 1


def test_circles_of_any_people_have_the_time_in_common_that_the_rule_asks() -> None:
    for seed in range(12):
        random = Random(seed)
        hours = [f"{day} {hour}-{hour + 2}" for day in ("mon", "tue") for hour in (8, 9, 17)]
        told = ["; ".join(random.sample(hours, 2)) for _ in range(9)]
        hosts = tuple("; ".join(random.sample(hours, 4)) for _ in range(2))
        pool = create_timed_pool(*told, hosts=hosts)
        for one in run_timed(pool, mentors=random.choice((1, 2))).circles:
            free = [
                {quarter for part in someone.profile["times"] for quarter in quarters(part)}
                for someone in (*pool.mentees, *pool.mentors)
                if someone.id in (*one.mentees, *one.mentors)
            ]
            assert len(set.intersection(*free)) >= 4


def test_three_peers_are_free_at_once_too() -> None:
    fields = create_fields()
    told = ("mon 8-9; mon 10-11", "mon 10-11; mon 12-13", "mon 8-9; mon 12-13")
    for times, threes in ((told, 0), (["mon 8-9"] * 3, 1)):
        people = [
            Someone(key=str(at), id=str(at), person_id=str(at), capacity=2,
                    profile={"times": fields["times"].parse(one)})
            for at, one in enumerate(times)
        ]  # fmt: skip
        result = run_timed(Pool(people, people, fields), "peers", threes=True)
        assert len(result.circles) == threes
        assert len(result.pairs) == 1 + threes


def test_least_may_not_be_more_than_most() -> None:
    with pytest.raises(Invalid, match=r"assigner_options\.most"):
        run_circles(create_circle_pool(), least=5, most=4)


def test_two_who_must_be_kept_apart_are_in_no_circle_together() -> None:
    person = {"languages": ("en",), "hours": (1,), "industry": "food"}
    apart = {("mentee-a", "mentee-b"): "blocked"}
    pool = create_circle_pool(*[person] * 4, forbidden=apart)
    (circle,) = run_circles(pool).circles
    assert len(circle.mentees) == 3
    assert not {"mentee-a", "mentee-b"} <= set(circle.mentees)


def test_each_circle_gets_a_second_mentor_who_fits_all_of_it() -> None:
    person = {"languages": ("en",), "hours": (1,), "industry": "food"}
    pool = create_circle_pool(*[person] * 6, mentors=4)
    result = run_circles(pool, mentors=2)
    assert sorted(len(one.mentees) for one in result.circles) == [3, 3]
    assert all(len(one.mentors) == 2 for one in result.circles)
    assert len({mentor for one in result.circles for mentor in one.mentors}) == 4
    assert not result.unmatched_mentors
    sheet = pairs_sheet(result, pool)
    assert sheet.columns[-1] == "second mentor"
    assert all(row[-1] for row in sheet.rows)
    told = summary(result)["circles"]
    assert (told["count"], told["least"], told["most"]) == (2, 3, 3)
    assert told["beside"] == {one.mentors[0]: [one.mentors[1]] for one in result.circles}


def test_a_lock_is_kept_also_where_its_circle_stays_small() -> None:
    person = {"languages": ("en",), "hours": (1,), "industry": "food"}
    other = {"languages": ("fr",), "hours": (2,), "industry": "food"}
    pool = create_circle_pool(person, person, person, other, mentors=2)
    result = run_circles(pool, locks=[("mentee-d", "mentor-a")])
    made = {one.mentors[0]: one.mentees for one in result.circles}
    assert made == {
        "mentor-a": ("mentee-d",),
        "mentor-b": ("mentee-a", "mentee-b", "mentee-c"),
    }
    assert "1 smaller than asked for" in result.method


def test_more_people_may_be_locked_into_a_circle_than_it_would_have() -> None:
    person = {"languages": ("en",), "hours": (1,), "industry": "food"}
    pool = create_circle_pool(*[person] * 6)
    locks = [(f"mentee-{one}", "mentor-a") for one in "abcd"]
    result = run_circles(pool, locks, most=3)
    assert [one.mentee_id for one in result.pairs] == [two[0] for two in locks]


def test_each_row_of_the_sheet_says_which_circle_or_ring_it_is_in() -> None:
    person = {"languages": ("en",), "hours": (1,), "industry": "food"}
    pool = create_circle_pool(*[person] * 6, mentors=2)
    sheet = pairs_sheet(run_circles(pool), pool)
    assert sheet.columns[-1] == "group"
    assert Counter(row[-1] for row in sheet.rows) == {1: 3, 2: 3}
    assert len({(row[1], row[-1]) for row in sheet.rows}) == 2
    peers = create_peers(*[{"languages": ("en",)}] * 3, *[{"languages": ("fr",)}] * 4)
    sheet = pairs_sheet(run_peers(peers, "rings"), peers)
    assert sorted(Counter(row[-1] for row in sheet.rows).values()) == [3, 4]
    assert {row[0] for row in sheet.rows if row[-1] == 1} == {
        row[1] for row in sheet.rows if row[-1] == 1
    }


@pytest.mark.parametrize("assigner", ["circles", "peers", "rings"])
def test_nothing_is_said_of_groups_that_is_reckoned_pair_by_pair(assigner: str) -> None:
    pool = create_peers(*[{"languages": ("en",)}] * 6)
    strategy = create_strategy(
        [{"criterion": "set_overlap", "field": "languages", "per": "union"}], assigner=assigner
    )
    result = run(pool, bind(strategy, create_registry(), create_fields()), compare=True)
    assert (result.alternatives, result.what_if) == (None, None)
    assert "not for circles, rings or peers" in not_looked_at(summary(result))


def test_a_peer_is_with_the_other_whichever_of_the_two_they_are() -> None:
    pool = create_peers(*[{"languages": ("en",)}] * 2)
    result = run_peers(pool)
    compared = [{"criterion": "set_overlap", "field": "languages", "per": "union"}]
    bound = bind(create_strategy(compared, assigner="peers"), create_registry(), create_fields())
    ((one, other),) = [(pair.mentee_id, pair.mentor_id) for pair in result.pairs]
    for two in ((one, other), (other, one)):
        assert why_not(pool, bound, *two, result).together


@pytest.mark.parametrize("assigner", ["circles", "peers", "rings"])
def test_results_hold_and_do_not_depend_on_the_order_of_people(assigner: str) -> None:
    for seed in range(8):
        random = Random(seed)
        people = [
            Someone(
                key=f"{at:02}", id=f"id-{at:02}", person_id=f"p{at}", profile=draw_profile(random),
                capacity=random.choice((1, 2, 4)),
            )
            for at in range(12)
        ]  # fmt: skip
        strategy = create_strategy(
            [{"criterion": "set_overlap", "field": "languages"},
             {"criterion": "overlap", "field": "hours"}],
            [{"rule": "shares_any", "field": "languages"}],
            assigner=assigner,
        )  # fmt: skip
        sides = (people[:8], people[8:]) if assigner == "circles" else (people, people)
        case = Case([*sides[0]], [*sides[1]], strategy, set(), {}, create_fields())
        result = run(case.pool, case.bound())
        assert verify(case.pool, case.bound(), result) == []
        for side in (case.mentees, case.mentors):
            random.shuffle(side)
        again = run(case.pool, case.bound())
        assert (again.pairs, again.circles) == (result.pairs, result.circles)
        assert all(pair.reasons for pair in result.pairs)


# --------------------------------------------------------------------------- an assigner's groups


class Planted(Assigner):
    """Answers as it was told to."""

    name = "planted"
    uses_objective = False

    def __init__(self, pairs: Any, *groups: Any) -> None:
        self.answer = Assignment(pairs=pairs, method="planted", groups=groups)

    def assign(self, problem: Any) -> Assignment:
        return self.answer


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ([Group(mentees=(0,), mentors=(0,))], "not exactly those who are paired"),
        ([Group(mentees=(0, 1), mentors=())], "needs a mentee and a mentor"),
        ([Group(mentees=(0, 7), mentors=(0,))], "names nobody"),
        ([Group(mentees=(0, 1), mentors=(0, 2))], "is not among the candidates"),
        ([Group(mentees=(0, 1), mentors=(0, 3))], "got 2 mentees and has 1 place"),
        ([Group(mentees=(0, 1), mentors=(0, 1, 1))], "is in 2 groups"),
        ([Group(mentees=(0, 1), mentors=(0, 4))], "must be kept apart"),
        (["circle"], "groups are a tuple of Group"),
    ],
)
def test_groups_are_checked_as_strictly_as_pairs(groups: Any, told: str) -> None:
    mentees = create_people("mentee", *[{"languages": ("en",), "industry": "food"}] * 2)
    mentors = [
        *create_people("mentor", *[{"languages": ("en",), "industry": "food"}] * 2, capacity=4),
        *create_people("other", {"languages": ("fr",)}, capacity=4),
        *create_people("small", {"languages": ("en",)}),
        *create_people("zone", {"languages": ("en",)}, capacity=4),
    ]
    apart = {("mentor-a", "zone-a"): "blocked"}
    pool = Pool(mentees, mentors, create_fields(), forbidden=apart)
    strategy = create_strategy(
        rules=[{"rule": "shares_any", "field": "languages"}], assigner="planted"
    )
    planted = Planted(((0, 0), (1, 0)), *groups)
    bound = bind(strategy, create_registry(planted), create_fields())
    with pytest.raises(PluginError) as failed:
        run(pool, bound)
    assert told in str([str(one) for one in failed.value.problems])


def test_a_group_of_any_assigner_is_free_at_once_and_locked_people_alone_need_not_be() -> None:
    pool = create_timed_pool("mon 8-9; mon 10-11", "mon 10-11; mon 12-13", "mon 8-9; mon 12-13")
    rules = [{"rule": "min_availability", "field": "times", "least": 60}]
    strategy = create_strategy(rules=rules, assigner="planted")
    group = Group(mentees=(0, 1, 2), mentors=(0,))
    planted = Planted(((0, 0), (1, 0), (2, 0)), group)
    bound = bind(strategy, create_registry(planted), create_fields())
    with pytest.raises(PluginError, match="0 minutes a week, not for 60"):
        run(pool, bound)
    locks = [(one, "mentor-0") for one in pool.mentees.ids]
    result = run(pool, bound, locks=locks)
    assert verify(pool, bound, result, locks=locks) == []
    assert verify(
        pool, bound, replace(result, pairs=[replace(p, locked=False) for p in result.pairs])
    )


def test_a_second_mentor_who_may_not_be_there_is_found_by_verify() -> None:
    person = {"languages": ("en",), "hours": (1,), "industry": "food"}
    pool = create_circle_pool(*[person] * 3, mentors=2)
    bound = bind(create_circle_strategy(), create_registry(), create_fields())
    result = run(pool, bound)
    (circle,) = result.circles
    forged = replace(circle, mentors=(*circle.mentors, circle.mentors[0]))
    assert verify(pool, bound, replace(result, circles=(forged,)))
    strange = replace(circle, mentors=(*circle.mentors, "nobody"))
    assert verify(pool, bound, replace(result, circles=(strange,)))


# --------------------------------------------------------------------------- peers


def value_of(weights: Any, mate: Any) -> tuple[int, int]:
    """Return how many pairs and what total; nobody is in two, and every pair is allowed."""
    pairs = [(one, other) for one, other in enumerate(mate.tolist()) if other >= 0]
    assert all(mate[other] == one and weights[one, other] >= 0 for one, other in pairs)
    return len(pairs) // 2, sum(int(weights[pair]) for pair in pairs) // 2


def test_pairs_of_peers_are_the_best_there_are() -> None:
    close = 0
    for seed in range(250):
        weights = draw_weights(seed)
        best = best_pairs(weights)
        assert value_of(weights, exact(weights, assign.solve_dense)) == best
        close += value_of(weights, near(weights, assign.solve_dense)) == best
    assert close > 230


def test_pairs_of_many_peers_are_the_best_by_another_solver() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    for seed in range(8):
        weights = draw_weights(1000 + seed, most=30)
        edges = [two for two in combinations(range(len(weights)), 2) if weights[two] >= 0]
        found = value_of(weights, exact(weights, assign.solve_dense))
        if not edges:
            assert found == (0, 0)
            continue
        meets = np.array([[one in two for two in edges] for one in range(len(weights))], float)
        bonus = 20 * 11_000
        solved = optimize.milp(
            [-float(weights[two] + bonus) for two in edges],
            constraints=optimize.LinearConstraint(meets, -np.inf, 1),
            integrality=np.ones(len(edges)),
            bounds=optimize.Bounds(0, 1),
            options={"mip_rel_gap": 0},
        )
        chosen = [two for two, there in zip(edges, solved.x, strict=True) if there > 0.5]
        assert found == (len(chosen), sum(int(weights[two]) for two in chosen))


def create_peers(*profiles: Any, capacity: int = 1) -> Pool:
    people = [
        Someone(key=f"p{at}", id=f"p{at}", person_id=f"p{at}", profile=one, capacity=capacity)
        for at, one in enumerate(profiles)
    ]
    return Pool(people, people, create_fields())


def run_peers(pool: Pool, assigner: str = "peers", **options: Any) -> Any:
    strategy = create_strategy(
        [{"criterion": "set_overlap", "field": "languages", "per": "union"}],
        assigner=assigner, assigner_options=options,
    )  # fmt: skip
    bound = bind(strategy, create_registry(), create_fields())
    result = run(pool, bound)
    assert verify(pool, bound, result) == []
    return result


def test_each_peer_is_in_one_pair_and_the_odd_one_is_told() -> None:
    tongues = [("en",), ("fr",), ("en",), ("fr",), ("ar", "sw")]
    result = run_peers(create_peers(*({"languages": one} for one in tongues)))
    assert {frozenset((one.mentee_id, one.mentor_id)) for one in result.pairs} == {
        frozenset(("p0", "p2")), frozenset(("p1", "p3"))
    }  # fmt: skip
    assert [one.id for one in result.unmatched_mentees] == ["p4"]
    assert [one.id for one in result.unmatched_mentors] == ["p4"]
    assert result.pairs_bound == 2
    assert "1 left over" in result.method


def test_the_odd_one_joins_a_pair_where_there_is_a_place() -> None:
    tongues = [{"languages": one} for one in (("en",), ("fr",), ("en",), ("fr",), ("en", "fr"))]
    assert len(run_peers(create_peers(*tongues), threes=True).pairs) == 2
    result = run_peers(create_peers(*tongues, capacity=2), threes=True)
    assert len(result.pairs) == 3
    assert not result.unmatched_mentees
    assert [len(one.mentees) for one in result.circles] == [2]


def test_peers_are_refused_above_their_places() -> None:
    planted = Planted(((0, 1), (1, 2)))
    planted.peers = True
    pool = create_peers(*[{"languages": ("en",)}] * 3)
    strategy = create_strategy(assigner="planted")
    with pytest.raises(PluginError) as failed:
        run(pool, bind(strategy, create_registry(planted), create_fields()))
    assert "p1 got 2 peers and has 1 place(s)" in str([str(one) for one in failed.value.problems])


# --------------------------------------------------------------------------- rings


def test_rings_hold_and_come_near_the_best_there_is() -> None:
    as_many, shares, possible = 0, [], 0
    for seed in range(150):
        random = Random(seed)
        people, often = random.randint(3, 7), random.choice((0.5, 0.8, 1.0))
        weights = np.array(
            [
                [random.randint(0, 100) if random.random() < often else -1 for _ in range(people)]
                for _ in range(people)
            ]
        )
        np.fill_diagonal(weights, -1)
        least, most = random.choice(((3, 3), (3, 5), (4, 8)))
        made = rings(weights, least, most, assign.solve_dense)
        everybody = [one for ring in made for one in ring]
        assert len(set(everybody)) == len(everybody)
        assert all(least <= len(ring) <= most for ring in made)
        links = [(ring[at - 1], one) for ring in made for at, one in enumerate(ring)]
        assert all(weights[link] >= 0 for link in links)
        best = best_rings(weights, least, most)
        found = len(everybody), sum(int(weights[link]) for link in links)
        assert found <= best
        if best[0]:
            possible += 1
            as_many += found[0] == best[0]
            if found[0] == best[0] and best[1]:
                shares.append(found[1] / best[1])
    assert as_many >= 0.9 * possible
    assert sum(shares) / len(shares) > 0.95


def test_in_a_ring_each_mentors_the_next() -> None:
    result = run_peers(create_peers(*[{"languages": ("en",)}] * 7), "rings", most=4)
    after = {one.mentor_id: one.mentee_id for one in result.pairs}
    assert len(after) == 7
    assert set(after) == set(after.values())
    assert not result.unmatched_mentees
    assert all(after[after[one]] != one for one in after)
