"""A run is the best there is, in any order of the rows, and keeps locks and safeguards."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
from scipy.optimize import linear_sum_assignment

from mentorkit.errors import Cancelled, Conflict, Invalid, PluginError
from mentorkit.hooks import Assigner, Assignment, Criterion, Reason, Rule
from mentorkit.matching import (
    Pool,
    Result,
    Someone,
    bind,
    kernels,
    problem,
    recommend,
    run,
    verify,
    words,
)
from mentorkit.matching.scan import Scan
from tests.matching.samples import (
    Case,
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_case,
)

Table = list[list[Any]]


def best_by_ortools(case: Case, scores: Table, allowed: Table) -> tuple[int, int]:
    """Return (pairs, total) of the best assignment as a flow that costs least."""
    mentees, mentors = len(case.mentees), sorted(case.mentors, key=lambda one: one.key)
    bonus = 10_001 * mentees if case.strategy.objective == "coverage" else 0
    flow = SimpleMinCostFlow()
    source, sink = mentees + len(mentors), mentees + len(mentors) + 1
    made = {}
    for i in range(mentees):
        flow.add_arc_with_capacity_and_unit_cost(source, i, 1, 0)
        flow.add_arc_with_capacity_and_unit_cost(i, sink, 1, 0)
        for j in range(len(mentors)):
            if allowed[i][j]:
                cost = -(scores[i][j] + bonus)
                made[flow.add_arc_with_capacity_and_unit_cost(i, mentees + j, 1, cost)] = (i, j)
    for j, mentor in enumerate(mentors):
        flow.add_arc_with_capacity_and_unit_cost(mentees + j, sink, mentor.capacity, 0)
    flow.set_node_supply(source, mentees)
    flow.set_node_supply(sink, -mentees)
    assert flow.solve() == flow.OPTIMAL
    pairs = [pair for arc, pair in made.items() if flow.flow(arc)]
    return len(pairs), sum(scores[i][j] for i, j in pairs)


def best_by_scipy(case: Case, scores: Table, allowed: Table) -> tuple[int, int]:
    """Return (pairs, total) of the best assignment, every place a column, as scipy finds it."""
    mentors = sorted(case.mentors, key=lambda one: one.key)
    places = [j for j, mentor in enumerate(mentors) for _ in range(mentor.capacity)]
    if not case.mentees or not places:
        return 0, 0
    score = np.array(scores, np.int64)[:, places]
    may = np.array(allowed, np.bool_)[:, places]
    # A bonus above any total puts pairs first; it is taken off again.
    bonus = 10_001 * len(case.mentees) if case.strategy.objective == "coverage" else 0
    gain = np.where(may, score + bonus, 0)
    rows, cols = linear_sum_assignment(gain, maximize=True)
    made = may[rows, cols]
    return int(made.sum()), int(score[rows, cols][made].sum())


def ids(result: Result) -> list[tuple[str, str]]:
    return [(pair.mentee_id, pair.mentor_id) for pair in result.pairs]


@pytest.mark.parametrize("objective", ["coverage", "score"])
@settings(max_examples=1000)
@given(seed=st.integers(0, 10**9))
def test_totals_and_counts_equal_scipys_and_ortools(objective: Any, seed: int) -> None:
    case = draw_case(seed)
    case.strategy = replace(case.strategy, objective=objective)
    result = run(case.pool, case.bound())
    pairs, total = best_by_scipy(case, *case.plain_scores())
    assert result.total == total == result.total_bound
    assert best_by_ortools(case, *case.plain_scores())[1] == total
    if objective == "coverage":
        assert len(result.pairs) == pairs == result.pairs_bound
        assert best_by_ortools(case, *case.plain_scores())[0] == pairs
    assert result.exact
    assert verify(case.pool, case.bound(), result) == []


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.sampled_from(["optimal", "stable", "greedy", "choice"]))
def test_the_order_of_rows_does_not_matter(seed: int, assigner: str) -> None:
    case = draw_case(seed, assigner=assigner)
    first = run(case.pool, case.bound())
    random = Random(seed)
    random.shuffle(case.mentees)
    random.shuffle(case.mentors)
    second = run(case.pool, case.bound())
    assert second.pairs == first.pairs
    assert second.unmatched_mentees == first.unmatched_mentees
    assert second.unmatched_mentors == first.unmatched_mentors


@settings(max_examples=60)
@given(st.integers(0, 10**9), st.sampled_from(["stable", "greedy", "choice"]))
def test_assigners_that_ignore_the_objective_say_so_and_are_verified(
    seed: int, assigner: str
) -> None:
    case = draw_case(seed, assigner=assigner)
    result = run(case.pool, case.bound())
    assert verify(case.pool, case.bound(), result) == []
    assert "the objective is ignored" in result.method
    assert not result.exact
    assert result.total <= result.total_bound
    if assigner != "choice":
        assert result.blocking_pairs == 0


@settings(max_examples=40)
@given(st.integers(0, 10**9))
def test_with_lists_that_grow_the_bound_holds_and_is_near(seed: int) -> None:
    case = draw_case(seed)
    exact = run(case.pool, case.bound())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mentorkit.matching.problem.DENSE_CELLS", 0)
        patch.setattr("mentorkit.matching.problem.LISTED", 2)
        listed = run(case.pool, case.bound())
        assert verify(case.pool, case.bound(), listed) == []
    assert exact.total_bound <= listed.total_bound or case.strategy.objective == "coverage"
    if case.strategy.objective == "coverage":
        assert len(listed.pairs) == len(exact.pairs)
    assert listed.total <= listed.total_bound
    assert listed.total >= exact.total - 10 * max(1, len(case.mentees))


@settings(max_examples=40)
@given(st.integers(0, 10**9), st.sampled_from(["stable", "greedy", "choice"]))
def test_with_lists_that_grow_other_assigners_are_bounded_and_the_same(
    seed: int, assigner: str
) -> None:
    case = draw_case(seed, assigner=assigner)
    dense = run(case.pool, case.bound())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mentorkit.matching.problem.DENSE_CELLS", 0)
        patch.setattr("mentorkit.matching.problem.LISTED", 2)
        listed = run(case.pool, case.bound())
        assert verify(case.pool, case.bound(), listed) == []
    assert listed.pairs == dense.pairs
    assert listed.total_bound >= dense.total_bound
    assert listed.pairs_bound >= len(listed.pairs)


@pytest.mark.parametrize("kept", [0, 10**6])
def test_lists_whose_scores_are_not_kept_give_the_same(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mentorkit.matching.problem.DENSE_CELLS", 0)
    case = draw_case(4)
    usual = run(case.pool, case.bound())
    monkeypatch.setattr("mentorkit.matching.problem.KEPT_CELLS", kept)
    again = run(case.pool, case.bound())
    assert (again.pairs, again.unmatched_mentors) == (usual.pairs, usual.unmatched_mentors)


def test_the_same_seed_gives_the_same_result_pair_for_pair() -> None:
    case = draw_case(3)
    first, second = (run(case.pool, case.bound(), seed=9) for _ in range(2))
    assert replace(first, seconds=0.0, shortlists={}) == replace(second, seconds=0.0, shortlists={})


def test_shortlists_are_ranked_and_hold_no_more_than_asked_for() -> None:
    case = draw_case(21)
    case.strategy = replace(case.strategy, shortlist=3)
    scores, allowed = case.plain_scores()
    result = run(case.pool, case.bound())
    mentors = sorted(one.id for one in case.mentors)
    assert list(result.shortlists) == list(case.pool.mentees.ids)
    for row, (mentee, listed) in enumerate(result.shortlists.items()):
        best = sorted((-s for s, may in zip(scores[row], allowed[row], strict=True) if may))[:3]
        assert [-pair.score for pair in listed] == best
        assert [pair.rank for pair in listed] == list(range(1, len(listed) + 1))
        assert {pair.mentee_id for pair in listed} <= {mentee}
        assert {pair.mentor_id for pair in listed} <= set(mentors)


@pytest.mark.parametrize("seed", range(40))
def test_a_mentee_is_recommended_exactly_the_best_that_are_allowed(seed: int) -> None:
    case = draw_case(seed)
    scores, allowed = case.plain_scores()
    bound = case.bound()
    for row, mentee in enumerate(case.pool.mentees.ids):
        best = sorted((-s for s, may in zip(scores[row], allowed[row], strict=True) if may))
        for limit in (1, 3, 50):
            listed = recommend(case.pool, bound, mentee, limit)
            assert [-pair.score for pair in listed] == best[:limit]
            assert [pair.rank for pair in listed] == list(range(1, len(listed) + 1))
            assert all(sum(r.points for r in pair.reasons) == pair.score for pair in listed)


def test_a_pairs_rank_is_its_place_in_the_mentees_shortlist() -> None:
    case = draw_case(21)
    case.strategy = replace(case.strategy, shortlist=1000)
    result = run(case.pool, case.bound())
    assert result.pairs
    for pair in result.pairs:
        assert result.shortlists[pair.mentee_id][pair.rank - 1].mentor_id == pair.mentor_id


# --------------------------------------------------------------------------- locks, safeguards


def create_case(*, mentor_capacity: int = 1, **more: Any) -> Case:
    """Three mentees and two mentors of sector x; the first mentor is in food, like everybody."""
    profile = {"sector": "x", "industry": "food"}
    return Case(
        mentees=create_people("mentee", profile, profile, profile),
        mentors=create_people(
            "mentor", profile, {"sector": "x", "industry": "repair"}, capacity=mentor_capacity
        ),
        strategy=more.pop("strategy", create_strategy()),
        past=set(),
        forbidden=more.pop("forbidden", {}),
        fields=create_fields(),
    )


def test_a_lock_is_kept_and_the_rest_is_best_around_it() -> None:
    case = create_case()
    locks = [("mentee-c", "mentor-a")]
    result = run(case.pool, case.bound(), locks=locks)
    assert ("mentee-c", "mentor-a") in ids(result)
    assert [pair.locked for pair in result.pairs] == [False, True]
    assert len(result.pairs) == 2
    assert result.overridden == ()
    assert verify(case.pool, case.bound(), result, locks=locks) == []


@pytest.mark.parametrize("dense", [True, False])
def test_a_lock_that_breaks_a_rule_is_kept_and_reported(
    dense: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not dense:
        monkeypatch.setattr("mentorkit.matching.problem.DENSE_CELLS", 0)
    case = create_case(strategy=create_strategy(rules=[{"rule": "differs", "field": "sector"}]))
    locks = [("mentee-b", "mentor-a")]
    result = run(case.pool, case.bound(), locks=locks)
    assert ids(result) == locks
    assert result.total == result.pairs[0].score == 10_000
    (override,) = result.overridden
    assert (override.mentee_id, override.mentor_id) == ("mentee-b", "mentor-a")
    assert words(override.reason) == "The pair breaks the rule that asks for a different sector."
    assert verify(case.pool, case.bound(), result, locks=locks) == []


def test_the_lists_of_locked_people_are_not_read_for_their_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mentorkit.matching.problem.DENSE_CELLS", 0)
    read = list[int]()
    monkeypatch.setattr(problem.Question, "widen_arrays", lambda _, mentee, k: read.append(mentee))
    case = create_case()
    case.mentors = create_people("mentor", *[one.profile for one in case.mentees])
    locks = [(f"mentee-{one}", f"mentor-{one}") for one in "abc"]
    result = run(case.pool, case.bound(), locks=locks)
    assert ids(result) == locks
    assert not read


def test_a_rule_says_itself_why_a_lock_breaks_it() -> None:
    class NotOnMonday(Rule):
        name = "not_on_monday"

        def allows(self, mentee: Any, mentor: Any) -> bool:
            return False

        def explain(self, mentee: Any, mentor: Any) -> str:
            return "Nobody meets on a Monday."

    case = create_case(strategy=create_strategy(rules=[{"rule": "not_on_monday"}]))
    result = run(case.pool, case.bound(NotOnMonday()), locks=[("mentee-a", "mentor-b")])
    assert [words(one.reason) for one in result.overridden] == ["Nobody meets on a Monday."]
    assert {one.rule.code for one in result.overridden} == {"breaks_rule"}, "without those words"


def test_a_lock_that_breaks_a_safeguard_is_refused_with_the_reason() -> None:
    case = create_case(
        forbidden={("mentee-a", "mentor-a"): "blocked", ("mentee-b", "mentor-a"): "house_rule"}
    )
    with pytest.raises(Conflict) as caught:
        run(
            case.pool,
            case.bound(),
            locks=[("mentee-a", "mentor-a"), ("mentee-b", "mentor-a")],
        )
    assert caught.value.code == "lock.breaks_safeguard"
    assert "mentee-a=mentor-a: One of the two has asked not to be brought together" in str(
        caught.value
    )
    assert "mentee-b=mentor-a: House rule." in str(caught.value)


def test_locks_beyond_a_mentors_places_are_refused() -> None:
    case = create_case()
    with pytest.raises(Conflict, match="'mentor-a' has no place left"):
        run(
            case.pool,
            case.bound(),
            locks=[("mentee-a", "mentor-a"), ("mentee-b", "mentor-a")],
        )


def test_every_lock_that_names_nobody_or_contradicts_another_is_told() -> None:
    case = create_case(mentor_capacity=2)
    with pytest.raises(Invalid) as caught:
        run(
            case.pool,
            case.bound(),
            locks=[
                ("nobody", "mentor-a"),
                ("mentee-a", "no one"),
                ("mentee-b", "mentor-a"),
                ("mentee-b", "mentor-b"),
                ("mentee-c", ""),
                ("", "mentor-c"),
            ],
        )
    assert [problem.place for problem in caught.value.problems] == [
        "lock nobody=mentor-a",
        "lock mentee-a=no one",
        "lock mentee-b=mentor-b",
        "lock mentee-c",
        "lock =mentor-c",
    ]


def test_nobody_is_paired_with_themselves() -> None:
    profile = {"industry": "food"}
    both = Someone(key="amina", id="amina", profile=profile, person_id="p1")
    case = create_case()
    pool = Pool([both], [both], case.fields)
    result = run(pool, case.bound())
    assert result.pairs == ()
    with pytest.raises(Conflict, match="the same person"):
        run(pool, case.bound(), locks=[("amina", "amina")])


def test_a_safeguard_holds_against_every_assigner() -> None:
    for assigner in ("optimal", "stable", "greedy", "choice"):
        case = create_case(
            strategy=create_strategy(assigner=assigner),
            forbidden={("mentee-a", "mentor-a"): "blocked"},
        )
        case.mentees = [replace(one, choices=("mentor-a",)) for one in case.mentees]
        assert ("mentee-a", "mentor-a") not in ids(run(case.pool, case.bound()))


def test_choice_gives_whom_the_mentees_asked_for_by_key_or_id() -> None:
    case = create_case(strategy=create_strategy((), assigner="choice"))
    case.mentees[1] = replace(case.mentees[1], choices=("stranger", "mentor-b"))
    assert ids(run(case.pool, case.bound())) == [("mentee-b", "mentor-b")]


# --------------------------------------------------------------------------- other assigners


class Answers(Assigner):
    """An assigner that answers what it is told."""

    name = "answers"

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def assign(self, problem: Any) -> Any:
        return self._answer(problem) if callable(self._answer) else self._answer


def run_with(answer: Any, **more: Any) -> Result:
    case = create_case(strategy=create_strategy(assigner="answers"), **more)
    return run(case.pool, case.bound(Answers(answer)))


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        (((0, 0), (1, 0)), "mentor mentor-a got 2 mentees and has 1 place(s)"),
        (((0, 0), (0, 1)), "mentee mentee-a is paired twice"),
        (((0, 7),), "(0, 7) names nobody"),
        (((-1, 0),), "(-1, 0) names nobody"),
        (((2, 1),), "mentee-c with mentor-b is not among the candidates"),
        ((("a", "b"),), "('a', 'b') is no pair of two indices"),
        ((3,), "3 is no pair of two indices"),
    ],
)
def test_any_assigners_answer_passes_the_same_checks(pairs: Any, told: str) -> None:
    with pytest.raises(PluginError) as caught:
        run_with(
            Assignment(pairs=pairs, method="?"), forbidden={("mentee-c", "mentor-b"): "blocked"}
        )
    assert f"assigner answers: {told}" in str(caught.value)


def test_an_assigner_that_drops_a_lock_is_refused() -> None:
    case = create_case(strategy=create_strategy(assigner="answers"))
    with pytest.raises(PluginError, match="the lock mentee-a with mentor-b is missing"):
        run(
            case.pool,
            case.bound(Answers(Assignment(pairs=(), method="?"))),
            locks=[("mentee-a", "mentor-b")],
        )


def test_an_assigner_that_answers_something_else_or_raises_is_named() -> None:
    with pytest.raises(PluginError, match="assigner answers: assign returned list"):
        run_with([(0, 0)])
    with pytest.raises(PluginError, match="assigner answers: assign raised ZeroDivisionError"):
        run_with(lambda problem: 1 // 0)


@pytest.mark.parametrize(
    "more",
    [
        {"prices": (0,)},
        {"prices": (-1, 0)},
        {"prices": (0, 0)},
        {"cover": ((9,), ())},
        {"cover": ((10**400,), ())},
        {"cover": ((), (0, 1), ())},
        {"cover": 5},
        {"prices": ("a", "b")},
        {"prices": (0.5, 0.5)},
        {"prices": (2**62, 2**62)},
        {"prices": (10**400, 0)},
        {"prices": 5},
        {"bonus": -1},
        {"bonus": "1"},
    ],
)
def test_a_certificate_that_proves_nothing_is_refused(more: dict[str, Any]) -> None:
    proof = {"prices": (10_000, 0), "cover": ((), ()) if "prices" in more else ((), (0, 1))}
    with pytest.raises(PluginError, match=r"^assigner answers: ") as caught:
        run_with(Assignment(pairs=(), method="?", **{**proof, **more}))
    assert caught.value.code == "plugin.certificate"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Assignment(pairs=5, method="?"), "pairs is of type int; give a tuple"),  # type: ignore[arg-type]
        (Assignment(pairs=(), method="a\0b"), "method is no text that can be stored"),
        (Assignment(pairs=(), method=None), "method is no text that can be stored"),  # type: ignore[arg-type]
    ],
)
def test_an_assignment_that_is_none_says_what_to_give_instead(answer: Any, told: str) -> None:
    with pytest.raises(PluginError, match=f"assigner answers: {told}"):
        run_with(answer)


class PairsBoth(Assigner):
    """Pairs two people badly where one of them alone would fit well, and proves it by a bonus."""

    name = "pairs_both"

    def assign(self, problem: Any) -> Assignment:
        return Assignment(
            pairs=((0, 1), (1, 0)),
            method="by hand",
            exact=True,
            prices=(7_000, 0),
            bonus=7_000,
            cover=((0, 1), ()),
        )


@pytest.mark.parametrize(
    ("objective", "uses_objective", "bound_on_total"),
    [("coverage", True, 6_000), ("coverage", False, 10_000), ("score", True, 10_000)],
)
def test_a_bonus_proves_nothing_where_fewer_pairs_are_as_welcome(
    objective: str, uses_objective: bool, bound_on_total: int
) -> None:
    class BothGood(Criterion):
        name = "both_good"

        def score(self, mentee: Any, mentor: Any) -> float:
            return 1.0 if mentee["sector"] == mentor["sector"] == "good" else 0.3

    assigner = PairsBoth()
    assigner.uses_objective = uses_objective
    pool = Pool(
        create_people("mentee", {"sector": "good"}, {"sector": "bad"}),
        create_people("mentor", {"sector": "good"}, {"sector": "bad"}),
        create_fields(),
        forbidden={("mentee-b", "mentor-b"): "blocked"},
    )
    bound = bind(
        create_strategy([{"criterion": "both_good"}], assigner="pairs_both", objective=objective),
        create_registry(BothGood(), assigner),
        create_fields(),
    )
    result = run(pool, bound)
    assert (result.total, result.total_bound) == (6_000, bound_on_total)
    assert result.exact == (bound_on_total == 6_000)
    assert verify(pool, bound, result) == []
    forged = replace(
        result, exact=True, total_bound=6_000, certificate=replace(result.certificate, bonus=7_000)
    )
    assert (verify(pool, bound, forged) == []) == result.exact


def test_an_assigners_own_certificate_is_used_where_it_holds() -> None:
    result = run_with(
        Assignment(
            pairs=((0, 0), (1, 1)),
            method="by hand",
            exact=True,
            prices=(10_000, 0),
            cover=((), (0, 1)),
        )
    )
    assert (result.total, result.total_bound, result.pairs_bound) == (10_000, 10_000, 2)
    assert result.exact


def test_an_assigner_that_claims_to_be_exact_and_is_not_is_not_believed() -> None:
    result = run_with(Assignment(pairs=(), method="lazy", exact=True))
    assert not result.exact
    assert (result.total, result.total_bound) == (0, 10_000)


def test_the_public_problem_gives_candidates_best_first_and_longer_lists() -> None:
    seen: dict[str, Any] = {}

    def look(problem: Any) -> Assignment:
        seen.update(
            people=(problem.mentees, problem.mentors, problem.capacity),
            first=[(one.mentor, one.score) for one in problem.candidates(0)],
            wider=[one.mentor for one in problem.widen(0, 1000)],
            rest=(problem.objective, problem.seed, problem.locks, dict(problem.options)),
            choices=problem.choices(0),
        )
        return Assignment(pairs=(), method="?")

    run_with(look)
    assert seen["people"] == (
        ("mentee-a", "mentee-b", "mentee-c"),
        ("mentor-a", "mentor-b"),
        (1, 1),
    )
    assert seen["first"] == [(0, 10_000), (1, 0)]
    assert seen["wider"] == [0, 1]
    assert seen["rest"] == ("coverage", 0, (), {})
    assert seen["choices"] == ()


def test_the_shipped_assigners_take_anybodys_problem() -> None:
    case = create_case()
    seen: list[Any] = []
    bound = case.bound(Answers(lambda problem: seen.append(problem)))
    with pytest.raises(PluginError):
        run(case.pool, replace(bound, assigner=Answers(lambda problem: seen.append(problem))))

    class Wrapped:
        def __init__(self, inner: Any) -> None:
            for name in ("mentees", "mentors", "capacity", "objective", "seed", "locks", "options"):
                setattr(self, name, getattr(inner, name))
            for name in ("candidates", "widen", "choices", "rules", "shared", "as_mentor", "apart"):
                setattr(self, name, getattr(inner, name))
            self.mentor_choices, self.step = inner.mentor_choices, inner.step

    for assigner in create_registry().assigners.values():
        assert assigner.assign(Wrapped(seen[0])).pairs == assigner.assign(seen[0]).pairs


# --------------------------------------------------------------------------- the rest


def test_long_work_tells_where_it_is_and_stops_when_asked() -> None:
    told: list[tuple[int, int, str]] = []

    class Stop:
        def step(self, done: int, total: int, what: str = "") -> None:
            told.append((done, total, what))
            raise Cancelled

    case = create_case()
    with pytest.raises(Cancelled):
        run(case.pool, case.bound(), progress=Stop())
    assert told == [(3, 3, "scoring")]


class StopWhile:
    """Wants no more once what is done is said to go on."""

    def __init__(self, what: str) -> None:
        self.what, self.times = what, 0

    def step(self, done: int, total: int, what: str = "") -> None:
        self.times += what == self.what
        if self.times > 1:
            raise Cancelled


@pytest.mark.parametrize("assigner", ["circles", "peers", "rings"])
def test_an_assigner_that_takes_long_can_be_stopped(assigner: str) -> None:
    people = [
        Someone(key=f"p{at}", id=f"p{at}", person_id=f"p{at}", profile={"industry": "food"})
        for at in range(5)
    ]
    fields, strategy = create_fields(), create_strategy(assigner=assigner)
    progress = StopWhile("assigning")
    with pytest.raises(Cancelled):
        run(Pool(people, people, fields), bind(strategy, create_registry(), fields),
            progress=progress)  # fmt: skip
    assert progress.times == 2


@pytest.mark.skipif(not kernels.available(), reason="numba is not installed")
def test_reading_lists_again_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORTH", "WORTH_LOADED"):
        monkeypatch.setattr(kernels, name, 0)
    monkeypatch.setattr(problem, "DENSE_CELLS", 0)
    case = create_case()
    progress = StopWhile("assigning")
    asked = problem.Question(Scan(case.pool, case.bound()), progress=progress)
    assert asked.rescan is not None
    everyone = np.arange(len(case.mentees))
    asked.rescan(everyone, np.zeros(len(case.mentors), np.int64), 2)
    with pytest.raises(Cancelled):
        asked.rescan(everyone, np.zeros(len(case.mentors), np.int64), 2)


def test_a_pool_says_everything_that_is_wrong_with_it() -> None:
    twice = Someone(key="a", id="a", capacity=-1)
    with pytest.raises(Invalid) as caught:
        Pool([twice, replace(twice, capacity=1)], [twice], {})
    assert [problem.place for problem in caught.value.problems] == [
        "mentees.a.capacity", "mentees.a", "mentors.a.capacity"
    ]  # fmt: skip


def test_people_are_ordered_by_key_else_id() -> None:
    people = [
        Someone(key="", id="b"),
        Someone(key="c", id="0"),
        Someone(key="a", id="9"),
    ]
    assert [one.id for one in Pool(people, [], {}).mentees] == ["9", "b", "0"]


def test_a_bound_strategy_takes_reasons_from_a_criterion_of_its_own() -> None:
    class Said(Criterion):
        name = "said"

        def score(self, mentee: Any, mentor: Any) -> float:
            return 1.0

        def explain(self, mentee: Any, mentor: Any, value: float) -> Reason:
            return Reason(code="text", params={"text": "because"}, points=77)  # type: ignore[arg-type]

    case = create_case(strategy=create_strategy([{"criterion": "said"}]))
    pair = run(case.pool, bind(case.strategy, create_registry(Said()), case.fields)).pairs[0]
    assert [(words(one), one.points) for one in pair.reasons] == [("because", 10_000)]


# --------------------------------------------------------------------------- what a plugin says


class Says(Criterion):
    """A criterion that answers and explains as it is told."""

    name = "says"

    def __init__(self, said: Any, value: Any = 1.0) -> None:
        self._said, self._value = said, value

    def score(self, mentee: Any, mentor: Any) -> Any:
        return self._value

    def explain(self, mentee: Any, mentor: Any, value: float) -> Any:
        return self._said


UNTOLD = [
    5,
    ["because"],
    "a\0b",
    "half a letter: \ud800",
    Reason(code="x", params={"when": datetime(2026, 1, 5)}),  # type: ignore[arg-type]
    Reason(code="x", params={"text": "a\0b"}),  # type: ignore[arg-type]
    Reason(code="x", params={"deep": [{"value": float("nan")}]}),  # type: ignore[arg-type]
    Reason(code="x", params=5),  # type: ignore[arg-type]
    Reason(code=None),  # type: ignore[arg-type]
    Reason(code="same"),  # our own sentence, and nothing to fill it with
]


@pytest.mark.parametrize("said", UNTOLD)
def test_an_explanation_that_cannot_be_kept_or_told_names_its_criterion(said: Any) -> None:
    case = create_case(strategy=create_strategy([{"criterion": "says"}]))
    with pytest.raises(PluginError, match=r"^criterion says: explain returned") as caught:
        run(case.pool, case.bound(Says(said)))
    assert caught.value.code == "plugin.criterion"
    assert "return a Reason, a text or None, with params that are plain JSON" in str(caught.value)


@pytest.mark.parametrize("said", UNTOLD)
def test_an_explanation_that_cannot_be_kept_or_told_names_its_rule(said: Any) -> None:
    class Never(Rule):
        name = "never"

        def allows(self, mentee: Any, mentor: Any) -> bool:
            return False

        def explain(self, mentee: Any, mentor: Any) -> Any:
            return said

    case = create_case(strategy=create_strategy(rules=[{"rule": "never"}]))
    with pytest.raises(PluginError, match=r"^rule never: explain returned") as caught:
        run(case.pool, case.bound(Never()), locks=[("mentee-a", "mentor-a")])
    assert caught.value.code == "plugin.rule"


@pytest.mark.parametrize(("value", "score"), [(10**400, 10_000), (-(10**400), 0), (7, 10_000)])
def test_a_value_far_out_of_range_counts_as_the_nearest_in_range(value: Any, score: int) -> None:
    case = create_case(strategy=create_strategy([{"criterion": "says"}]))
    result = run(case.pool, case.bound(Says(None, value)))
    assert {pair.score for one in result.shortlists.values() for pair in one} == {score}


def test_blocks_that_are_no_arrays_of_numbers_name_their_provider() -> None:
    class Blocks(Criterion):
        name = "blocks"

        def score_block(self, mentees: Any, mentors: Any) -> Any:
            return [[10**400] * len(mentors) for _ in range(len(mentees))]

    class Ragged(Rule):
        name = "ragged"

        def mask_block(self, mentees: Any, mentors: Any) -> Any:
            return [[True] * at for at in range(len(mentees))]

    case = create_case(strategy=create_strategy([{"criterion": "blocks"}]))
    with pytest.raises(PluginError, match=r"^criterion blocks: score_block returned"):
        run(case.pool, case.bound(Blocks()))
    case = create_case(strategy=create_strategy(rules=[{"rule": "ragged"}]))
    with pytest.raises(PluginError, match=r"^rule ragged: mask_block returned"):
        run(case.pool, case.bound(Ragged()))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_result_goes_to_any_worker_and_back(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiled:
        monkeypatch.setattr(kernels, "WORTH", 0)
        monkeypatch.setattr(kernels, "WORTH_LOADED", 0)
    case = draw_case(7)
    result = run(case.pool, case.bound(), compare=True)
    assert result.pairs
    again = pickle.loads(pickle.dumps(result))
    assert replace(again, shortlists={}) == replace(result, shortlists={})
    assert again.shortlists == {one.id: result.shortlists[one.id] for one in case.mentees}


class TestWithoutCompiledCode:
    """numba is an extra: all is found without it, more slowly, and people are told."""

    @pytest.fixture(autouse=True)
    def plain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kernels, "available", lambda: False)

    def test_a_long_run_tells_what_would_make_it_faster(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kernels, "WORTH", 1)
        case = create_case()
        notes = run(case.pool, case.bound()).notes
        assert [note.place for note in notes] == ["speed"]
        assert "pip install 'mentorkit[fast]'" in notes[0].message

    def test_a_run_that_would_take_far_too_long_is_refused_with_the_time_and_the_extra(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kernels, "PLAIN_CELLS", 1)
        case = create_case()
        with pytest.raises(Invalid, match=r"about a minute.*mentorkit\[fast\]"):
            run(case.pool, case.bound())


def test_stable_pairs_go_by_whom_mentors_asked_for_before_scores() -> None:
    fields = create_fields()
    mentees = create_people("mentee", {"industry": "food"}, {"industry": "repair"})
    mentors = create_people("mentor", {"industry": "food"})
    strategy = create_strategy(assigner="stable")
    bound = bind(strategy, create_registry(), fields)

    def paired(mentor: Someone) -> list[str]:
        return [pair.mentee_id for pair in run(Pool(mentees, [mentor], fields), bound).pairs]

    assert paired(mentors[0]) == ["mentee-a"]
    assert paired(replace(mentors[0], choices=("mentee-b", "nobody"))) == ["mentee-b"]
    assert paired(replace(mentors[0], choices=("nobody",))) == ["mentee-a"]
