"""Above a budget of pairs a plugin's Python is asked about shortlists, and the result says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from mentorkit.hooks import Criterion, Rule
from mentorkit.matching import Recommender, kernels, reranked, run, verify, words
from mentorkit.matching.whynot import why_not
from tests.matching.samples import Case, create_people, create_strategy, draw_wide_case


class Counted(Criterion):
    """Scores by a plain function, and counts how often it is asked."""

    name = "counted"
    asked = 0

    def score(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> float:
        type(self).asked += 1
        return 1.0 if mentee["sector"] == mentor["sector"] else 0.25


class Picky(Rule):
    name = "picky"

    def allows(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> bool:
        return bool(mentee["trade"] != "t0" or mentor["trade"] != "t0")


SLOW = {"criterion": "counted", "weight": 2}
FAST = {"criterion": "set_overlap", "field": "languages", "weight": 1}


def create_case(criteria: list[dict[str, Any]], seed: int = 7) -> Case:
    case = draw_wide_case(seed, most=50)
    case.strategy = create_strategy(criteria, [{"rule": "picky"}], assigner="optimal")
    return case


@pytest.fixture(autouse=True)
def budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranked, "PAIR_BUDGET", 100)
    monkeypatch.setattr(reranked, "SHORTLIST", 5)
    Counted.asked = 0


def test_below_the_budget_everybody_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranked, "PAIR_BUDGET", 10_000)
    case = create_case([SLOW, FAST])
    result = run(case.pool, case.bound(Counted(), Picky()))
    assert result.exhaustive
    assert result.certificate


@pytest.mark.parametrize("criteria", [[SLOW, FAST], [SLOW]], ids=["ranked", "by lot"])
def test_above_it_each_mentee_has_a_shortlist(criteria: list[dict[str, Any]]) -> None:
    case = create_case(criteria)
    bound = case.bound(Counted(), Picky())
    result = run(case.pool, bound)
    assert not result.exhaustive
    assert 0 < Counted.asked <= 5 * len(case.mentees)
    assert result.pairs
    assert verify(case.pool, bound, result) == []


def test_what_is_scanned_fast_chooses_whom_the_slow_one_ranks() -> None:
    case = create_case([SLOW, FAST])
    slow = case.bound(Counted(), Picky())
    case.strategy = create_strategy([FAST], assigner="optimal")
    fast = case.bound()
    for mentee in case.pool.mentees.ids:
        scores = {one.mentor_id: one.score for one in Recommender(case.pool, fast).best(mentee, 50)}
        ranked = Recommender(case.pool, slow).best(mentee, 5)
        # Which of equals at the end of the shortlist are on it is another thing.
        least = sorted(scores.values())[-5:][:1]
        assert all([scores[pair.mentor_id]] >= least for pair in ranked)
        assert [pair.score for pair in ranked] == sorted((p.score for p in ranked), reverse=True)


@pytest.mark.skipif(not kernels.available(), reason="numba is not installed")
def test_the_compiled_scan_chooses_the_same() -> None:
    case = create_case([SLOW, FAST])
    bound = case.bound(Counted(), Picky())
    plain, compiled = (Recommender(case.pool, bound, compiled=how) for how in (False, True))
    for mentee in case.pool.mentees.ids:
        assert plain.best(mentee, 5) == compiled.best(mentee, 5)


@pytest.mark.parametrize("compiled", [False, True])
def test_of_equals_not_everybody_is_given_the_same_few(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiled:
        pytest.importorskip("numba")
        monkeypatch.setattr(kernels, "worth", lambda cells: True)
    people = [{"languages": ("en",), "sector": "s", "trade": "t"}] * 24
    case = create_case([SLOW, FAST])
    case.mentees, case.mentors = create_people("mentee", *people), create_people("mentor", *people)
    case.forbidden, case.past = {}, set()
    assert len(run(case.pool, case.bound(Counted(), Picky())).pairs) == 24


def test_a_mentor_who_is_on_no_shortlist_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranked, "PAIR_BUDGET", 12)
    people = [{"languages": ("en",), "sector": "s", "trade": "t"}] * 45
    case = create_case([SLOW, FAST])
    case.strategy = create_strategy([SLOW, FAST], assigner="optimal")
    case.mentees = create_people("mentee", *people[:3])
    case.mentors, case.forbidden, case.past = create_people("mentor", *people), {}, set()
    result = run(case.pool, case.bound(Counted()), locks=[("mentee-a", "mentor-a")])
    told = Counter(one.reason.code for one in result.unmatched_mentors)
    assert set(told) == {"all_paired_listed", "unlisted"}
    assert words(result.unmatched_mentors[-1].reason) == (
        "No mentee who may have this mentor has them on the shortlist that a plugin ranks."
    )
    assert verify(case.pool, case.bound(Counted()), result, locks=[("mentee-a", "mentor-a")]) == []


def test_a_lock_off_the_shortlists_that_breaks_a_plugins_rule_is_reported() -> None:
    case = create_case([SLOW, FAST])
    bound = case.bound(Counted(), Picky())
    people = [
        [one.id for one in side if one.profile.get("trade") == "t0" and one.capacity]
        for side in (case.mentees, case.mentors)
    ]
    broken = [pair for pair in product(*people) if pair not in case.forbidden][:8]
    assert broken
    for pair in broken:
        result = run(case.pool, bound, locks=[pair])
        assert [(one.mentee_id, one.mentor_id) for one in result.overridden] == [pair]
        assert verify(case.pool, bound, result, locks=[pair]) == []
        assert [one.code for one in why_not(case.pool, bound, *pair, result).against] == [
            "breaks_rule"
        ]


def test_a_lock_need_not_be_on_a_shortlist() -> None:
    case = create_case([SLOW, FAST])
    bound = case.bound(Counted(), Picky())
    mentee = case.pool.mentees.ids[0]
    listed = {pair.mentor_id for pair in Recommender(case.pool, bound).best(mentee, 5)}
    free = [one.id for one in case.mentors if one.capacity and one.id not in listed]
    other = next(one for one in free if (mentee, one) not in case.forbidden)
    result = run(case.pool, bound, locks=[(mentee, other)])
    assert (mentee, other) in {(pair.mentee_id, pair.mentor_id) for pair in result.pairs}
    assert verify(case.pool, bound, result, locks=[(mentee, other)]) == []


class Mostly(Rule):
    """Lets every mentee have few, whom nothing but asking tells."""

    name = "mostly"

    def allows(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> bool:
        return bool(mentee["village"] == mentor["village"])


def create_ruled(each: int = 30) -> tuple[Case, Any]:
    people = [{"languages": ("en",), "village": f"v{n}"} for n in range(each)]
    case = create_case([FAST])
    case.strategy = create_strategy([FAST], [{"rule": "mostly"}], assigner="optimal")
    case.mentees, case.mentors = (
        create_people("mentee", *people),
        create_people("mentor", *people[::-1]),
    )
    case.forbidden, case.past = {}, set()
    return case, case.bound(Mostly())


def test_who_was_not_asked_about_is_not_said_to_be_ruled_out() -> None:
    case, bound = create_ruled()
    result = run(case.pool, bound)
    assert len(result.pairs) < 30
    assert not result.exact
    told = {(one.reason.code, one.help.code) for one in result.unmatched_mentees}
    assert told == {("nobody_listed", "match_fewer")}


def test_the_budget_is_used_up_where_shortlists_can_be_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reranked, "PAIR_BUDGET", 870)
    case, bound = create_ruled()
    assert reranked.asked_of(30) == 29
    assert len(run(case.pool, bound).pairs) > 20
    assert reranked.asked_of(10_000) == 5
