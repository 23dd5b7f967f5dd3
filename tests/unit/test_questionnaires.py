"""Questionnaires and measurement plans: how they are read, and what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from mentorkit.domain import reading
from mentorkit.domain.surveys import (
    parse_measurement,
    parse_questionnaires,
    read_measurement,
    read_questionnaires,
)

ONE: dict[str, Any] = {"questions": {"going": {"kind": "flag"}}, "when": [{"day": 30}]}


def wrong(check: Any, data: Any) -> list[str]:
    return [problem.place for problem in reading.take(data, check, "at")[1]]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"to": []}, "at.q.to"),
        ({"to": ["mentee", "mentee"]}, "at.q.to"),
        ({"to": "mentee"}, "at.q.to"),
        ({"when": "check"}, "at.q.when"),
        ({"when": [{}]}, "at.q.when[0]"),
        ({"when": [3]}, "at.q.when[0]"),
        ({"when": [{"day": 3, "event": "MeetingHeld"}]}, "at.q.when[0]"),
        ({"when": [{"event": "SunRisen"}]}, "at.q.when[0].event"),
        ({"when": [{"milestone": 3}]}, "at.q.when[0].milestone"),
        ({"when": [{"event": "MeetingHeld", "every": 30}]}, "at.q.when[0].every"),
        ({"when": [{"day": 3, "every": 1}]}, "at.q.when[0].every"),
        ({"window": 0}, "at.q.window"),
        ({"questions": {}}, "at.q.questions"),
        ({"questions": {"a.b": {}}}, "at.q.questions.a.b"),
        ({"questions": {"a": {"kind": "colour"}}}, "at.q.questions.a.kind"),
        ({"questions": {"a": {"roles": ["nobody"]}}}, "at.q.questions.a.roles"),
        ({"questions": {"a": {"only": "sometimes"}}}, "at.q.questions.a.only"),
        ({"questions": {"a": 3}}, "at.q.questions.a"),
        ({"questions": 3}, "at.q.questions"),
        ({"surprise": 1}, "at.q.surprise"),
        ({"title": 3}, "at.q.title"),
    ],
)
def test_what_is_wrong_with_a_questionnaire_is_told_at_its_place(change: Any, place: str) -> None:
    assert place in wrong(read_questionnaires, {"q": {**ONE, **change}})
    kept, _ = reading.take({"q": {**ONE, **change}, "sound": ONE}, read_questionnaires, "at")
    assert list(parse_questionnaires(kept)) == ["sound"]  # what is wrong is left out, and read on


@pytest.mark.parametrize("data", [3, [], {"q": 3}, {"q": []}])
def test_what_is_no_table_at_all_is_told(data: Any) -> None:
    assert wrong(read_questionnaires, data)
    assert wrong(read_measurement, data)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"none": ""}, "at.none"),
        ({"none": {"en": ""}}, "at.none"),
        ({"none": "x", "period": "month"}, "at.none"),
        ({"period": "month"}, "at"),
        ({"statements": {"a": "b"}, "period": "week"}, "at.period"),
        ({"statements": {"a": "b"}, "winsor": 0.5}, "at.winsor"),
        ({"statements": {"a": 3}}, "at.statements.a"),
        ({"indicators": {"a": {"money": True}}}, "at.currencies"),
        ({"indicators": {"a": {"money": True}}, "currencies": ["kes"]}, "at.currencies"),
        ({"indicators": {"a": {"money": 1}}}, "at.indicators.a.money"),
        ({"indicators": {"a": {"unit": 1}}}, "at.indicators.a.unit"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told_at_its_place(data: Any, place: str) -> None:
    assert place in wrong(read_measurement, data)


def test_a_plan_asks_currency_and_period_only_where_there_is_money() -> None:
    plan = parse_measurement({"indicators": {"staff": {}}, "statements": {"s": "Good?"}})
    asked = plan.questions(indicators=True, statements=True)
    assert list(asked) == ["indicator.staff", "statement.s"]
    money = parse_measurement({"indicators": {"sales": {"money": True}}, "currencies": ["KES"]})
    assert "indicator.currency" in money.questions(indicators=True, statements=False)


@pytest.mark.parametrize(
    ("age", "day"), [(29, None), (30, 30), (89, 30), (90, 90), (149, 90), (150, 150)]
)
def test_f21_a_day_of_its_own_comes_again_after_so_many(age: int, day: int | None) -> None:
    made = parse_questionnaires({"q": {**ONE, "when": [{"day": 30, "every": 60}]}})["q"]
    assert made.days(age) == day


def test_each_side_is_asked_what_is_for_it_and_words_come_last() -> None:
    questions = {
        "words": {"kind": "text"},
        "going": {"kind": "flag", "roles": ["mentee", "mentor"]},
        "load": {"kind": "number", "roles": ["staff"]},
        "trouble": {"kind": "flag", "only": "flagged"},
    }
    data = {"q": {"to": ["mentee", "mentor", "staff"], "questions": questions, "indicators": True}}
    made = parse_questionnaires(data)["q"]
    plan = parse_measurement({"indicators": {"staff": {}}})
    assert list(made.asked("mentee", plan, flagged=False)) == ["going", "indicator.staff", "words"]
    assert list(made.asked("mentor", plan)) == ["going", "trouble", "words"]
    assert list(made.asked("staff", plan)) == ["load", "trouble", "words"]
