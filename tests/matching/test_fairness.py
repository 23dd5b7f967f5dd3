"""Whom a run serves, by a profile field, with nobody singled out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.errors import Invalid
from mentorkit.matching import Pool, bind, run
from mentorkit.matching.fairness import Served, groupable, groups, report_of_run
from tests.matching.samples import (
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_case,
)

GENDER = Field(id="gender", kind="option", choices=Frozen(woman="Woman", man="Man", other="Other"))
SPOKEN = Field(id="languages", kind="options", choices=Frozen(en="English", sw="Swahili"))
GRADE = Field(id="grade", kind="ordered", choices=Frozen(low="Low", high="High"))


def people(*counts: tuple[Any, int, int | None]) -> list[Served]:
    return [Served(answer, score) for answer, count, score in counts for _ in range(count)]


def told(field: Field, mentees: list[Served], mentors: Sequence[Served] = (), **more: Any) -> Any:
    return {
        (one.of, one.value): (one.mentees, one.matched, one.match_rate, one.mean_score)
        for one in groups(field, mentees, mentors, **more)
    }


def test_each_answer_has_its_rate_and_how_well_those_matched_fit() -> None:
    mentees = people(("woman", 6, 8000), ("woman", 2, None), ("man", 5, 5000), ("man", 5, None))
    assert told(GENDER, mentees) == {
        ("everybody", None): (18, 11, 0.6111, 6636),
        ("answer", "man"): (10, 5, 0.5, 5000),
        ("answer", "woman"): (8, 6, 0.75, 8000),
    }


def test_who_did_not_answer_stands_apart() -> None:
    found = told(GENDER, people(("man", 5, 100), (None, 5, None), ("", 1, None)))
    assert found["unanswered", None] == (6, 0, 0.0, None)


def test_small_groups_stand_together() -> None:
    found = told(GENDER, people(("man", 9, 100), ("woman", 4, 100), ("other", 1, None)))
    assert found["few", None] == (5, 4, 0.8, None)
    assert ("answer", "woman") not in found


def test_the_next_smallest_joins_those_who_are_still_too_few() -> None:
    found = told(GENDER, people(("man", 9, 100), ("woman", 6, 100), ("other", 1, None)))
    assert found["few", None] == (7, 6, 0.8571, 100)
    assert list(found) == [("everybody", None), ("answer", "man"), ("few", None)]


def test_where_all_are_too_few_together_there_are_no_figures() -> None:
    found = told(GENDER, people(("woman", 2, 100), ("other", 1, None)))
    assert found["few", None] == (None, None, None, None)


def test_how_small_is_too_small_can_be_said() -> None:
    found = told(GENDER, people(("man", 2, 100)), least=2)
    assert found["answer", "man"] == (2, 2, 1.0, 100)


def test_somebody_with_two_languages_stands_in_both_groups_and_once_in_all() -> None:
    found = told(SPOKEN, people((("en", "sw"), 5, 100), (("en",), 5, None)))
    assert found["everybody", None][0] == 10
    assert found["answer", "en"][:2] == (10, 5)
    assert found["answer", "sw"][:2] == (5, 5)


def test_an_ordered_field_keeps_its_order() -> None:
    found = told(GRADE, people(("high", 9, 1), ("low", 5, 1)))
    assert list(found) == [("everybody", None), ("answer", "low"), ("answer", "high")]


def test_an_answer_of_mentors_alone_is_told_too() -> None:
    (_, _, other) = groups(GENDER, people(("man", 5, 1)), people(("woman", 6, None)))
    assert (other.value, other.mentees, other.mentors, other.mentors_matched) == ("woman", 0, 6, 0)


ANSWERS = st.tuples(st.sampled_from(["a", "b", "c", None]), st.none() | st.integers(0, 10_000))


@given(st.lists(ANSWERS), st.lists(ANSWERS), st.integers(2, 8))
def test_what_others_leave_of_everybody_is_nobody_or_enough(
    mentees: list[tuple[Any, int | None]], mentors: list[tuple[Any, int | None]], least: int
) -> None:
    sides = [[Served(value, score) for value, score in side] for side in (mentees, mentors)]
    whole, *parts = groups(GENDER, *sides, least=least)
    for of in ("mentees", "mentors"):
        if len(parts) > 1 and getattr(whole, of):
            left = getattr(whole, of) - sum(getattr(one, of) or 0 for one in parts)
            assert left == 0 or left >= least


@given(st.lists(ANSWERS), st.integers(2, 8))
def test_no_figure_is_of_too_few(answers: list[tuple[Any, int | None]], least: int) -> None:
    mentees = [Served(value, score) for value, score in answers]
    for one in groups(GENDER, mentees, mentees, least=least):
        assert one.mentees is None or one.mentees == 0 or one.mentees >= least
        assert (one.match_rate is None) or one.mentees
        assert one.mean_score is None or (one.matched or 0) >= least


@given(st.integers(0, 10**9))
def test_the_report_of_a_run_counts_everybody_once(seed: int) -> None:
    case = draw_case(seed)
    result = run(case.pool, case.bound())
    whole = report_of_run(result, case.pool, "industry", least=1)["groups"][0]
    assert whole["mentees"] == len(case.mentees)
    assert whole["matched"] == len(result.pairs)


def test_what_is_no_choice_groups_nobody() -> None:
    fields = create_fields()
    pool = Pool(create_people("mentee", {}), create_people("mentor", {}), fields)
    result = run(pool, bind(create_strategy(), create_registry(), fields))
    assert groupable(fields) == ["languages", "grade", "industry"]
    with pytest.raises(Invalid, match="name one of: languages, grade, industry"):
        report_of_run(result, pool, "sector")
