"""A result is checked against the people, and what is planted in it is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mentorkit.domain.relationships import Reason
from mentorkit.matching import Result, Unmatched, run, verify
from tests.matching.samples import Case, draw_case

MARK = Reason(code="all_taken")


def find(wanted: Any = lambda case, result: True) -> tuple[Case, Result]:
    """Return the first random case with three pairs or more that is as wanted, and verified."""
    for seed in range(300):
        case = draw_case(seed, most=9)
        result = run(case.pool, case.bound())
        if len(result.pairs) >= 3 and wanted(case, result):
            assert verify(case.pool, case.bound(), result) == []
            return case, result
    raise AssertionError("no such case")


def told(case: Case, result: Result) -> str:
    return "\n".join(str(problem) for problem in verify(case.pool, case.bound(), result))


def test_a_pair_that_breaks_a_rule_is_found() -> None:
    case, result = find(lambda case, result: case.strategy.rules and result.unmatched_mentees)
    allowed = {
        (i, j) for i, row in enumerate(case.plain_scores()[1]) for j, may in enumerate(row) if may
    }
    pair, pool = result.pairs[0], case.pool
    mentor = pool.mentor_at[pair.mentor_id]
    wrong = next(
        one for one in pool.mentees.ids
        if (pool.mentee_at[one], mentor) not in allowed
        and (pool.mentee_at[one], mentor) not in pool.forbidden
    )  # fmt: skip
    rest = tuple(one for one in result.pairs if wrong != one.mentee_id and one != pair)
    planted = replace(result, pairs=(replace(pair, mentee_id=wrong), *rest))
    alone = set(pool.mentees.ids) - {one.mentee_id for one in planted.pairs}
    empty = set(pool.mentors.ids) - {one.mentor_id for one in planted.pairs}
    left = result.unmatched_mentees[0]
    planted = replace(
        planted,
        unmatched_mentees=tuple(replace(left, id=one) for one in sorted(alone)),
        unmatched_mentors=tuple(replace(left, id=one) for one in sorted(empty)),
    )
    assert f"{wrong} with {pair.mentor_id}: breaks a rule" in told(case, planted)


def test_a_pair_that_breaks_a_safeguard_is_found() -> None:
    case, result = find()
    pair = result.pairs[0]
    case.forbidden[pair.mentee_id, pair.mentor_id] = "blocked"
    assert "breaks a safeguard" in told(case, result)


def test_a_mentee_twice_a_full_mentor_and_a_stranger_are_found() -> None:
    case, result = find()
    first, second, third = result.pairs[:3]
    planted = replace(
        result,
        pairs=(
            first,
            replace(second, mentee_id=first.mentee_id),
            replace(third, mentor_id="nobody"),
            *[replace(third, mentor_id=first.mentor_id)] * 4,
        ),
    )
    found = told(case, planted)
    assert f"{first.mentee_id}: is paired 2 times" in found
    assert f"{first.mentor_id}: has" in found
    assert "nobody: names" in found or "with nobody" in found


def test_a_person_who_is_nowhere_is_found() -> None:
    case, result = find(lambda case, result: result.unmatched_mentors)
    assert "unmatched mentors" in told(case, replace(result, unmatched_mentors=()))


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ({"total": 1}, "total: the pairs sum to"),
        ({"total_bound": 10**6}, "total_bound: the prices prove"),
        ({"pairs_bound": 99}, "pairs_bound: the cover proves"),
        ({"blocking_pairs": 77}, "blocking_pairs: there are"),
        ({"mentees": 10**6}, "people: are counted wrong"),
    ],
)
def test_a_wrong_figure_is_found(planted: dict[str, Any], found: str) -> None:
    case, result = find()
    assert found in told(case, replace(result, **planted))


def test_a_wrong_score_part_or_reason_is_found() -> None:
    case, result = find(lambda case, result: result.pairs[0].score > 0)
    pair, rest = result.pairs[0], result.pairs[1:]
    score = replace(result, pairs=(replace(pair, score=pair.score + 1), *rest))
    assert f"scores {pair.score}, not {pair.score + 1}" in told(case, score)
    part = replace(result, pairs=(replace(pair, parts=tuple(p + 1 for p in pair.parts)), *rest))
    assert "has the parts" in told(case, part)
    reason = replace(result, pairs=(replace(pair, reasons=()), *rest))
    assert "reasons that do not sum" in told(case, reason)


def test_a_lower_bound_with_other_prices_proves_nothing() -> None:
    case, result = find(lambda case, result: result.total > 0)
    free = dict.fromkeys(result.certificate.prices, 0)
    proof = replace(result.certificate, prices=type(result.certificate.prices)(free), bonus=0)
    looser = told(case, replace(result, certificate=proof, total_bound=result.total - 1))
    assert "total_bound: the prices prove" in looser
    negative = replace(proof, prices=type(proof.prices)(dict.fromkeys(free, -1)))
    assert "certificate" in told(case, replace(result, certificate=negative))
    none = replace(result.certificate, cover_mentees=(), cover_mentors=())
    assert "the cover does not touch" in told(case, replace(result, certificate=none))


def test_a_worse_assignment_is_not_exact() -> None:
    case, result = find(lambda case, result: result.pairs[0].score > 0)
    gone, rest = result.pairs[0], result.pairs[1:]
    busy = {pair.mentor_id for pair in rest}
    mark = Unmatched(id=gone.mentee_id, reason=MARK, help=MARK)
    mentors = result.unmatched_mentors
    if gone.mentor_id not in busy:
        mentors = (*mentors, replace(mark, id=gone.mentor_id))
    planted = replace(
        result,
        pairs=rest,
        total=result.total - gone.score,
        unmatched_mentees=(*result.unmatched_mentees, mark),
        unmatched_mentors=mentors,
    )
    assert "exact: is claimed" in told(case, planted)


def test_a_lock_is_believed_only_where_it_was_given() -> None:
    case, result = find(lambda case, result: result.pairs[0].mentee_id != result.pairs[1].mentee_id)
    pair, rest = result.pairs[0], result.pairs[1:]
    place, lock = f"{pair.mentee_id} with {pair.mentor_id}", (pair.mentee_id, pair.mentor_id)
    planted = replace(result, pairs=(replace(pair, locked=True), *rest))
    assert told(case, planted) == f"{place}: is called locked, and was not in the locks"
    assert verify(case.pool, case.bound(), planted, locks=[lock]) == []
    (dropped,) = verify(case.pool, case.bound(), result, locks=[lock])
    assert str(dropped) == f"{place}: was in the locks, and is no locked pair here"


def test_an_objective_that_is_not_the_strategys_is_found() -> None:
    case, result = find()
    other = "score" if case.strategy.objective == "coverage" else "coverage"
    assert f"objective: is {case.strategy.objective}, not {other}" in told(
        case, replace(result, objective=other)
    )
