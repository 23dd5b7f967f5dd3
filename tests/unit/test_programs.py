"""Programs as data: requirements, targets and whole presets, and what is said about wrong ones."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mentorkit.domain.fields import parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import unknown_placeholders
from mentorkit.domain.programs import (
    EVIDENCE_MILESTONES,
    Preset,
    Requirement,
    Targets,
    dump_preset,
    parse_preset,
    parse_requirement_list,
    parse_targets,
)
from mentorkit.errors import Invalid, Problem

FIELDS, _ = parse_fields(
    {
        "age": {"kind": "number"},
        "stage": {"ordered": ["idea", "steady"]},
        "skills": {"kind": "options", "options": ["sales", "tax"]},
        "online": {"kind": "flag"},
    }
)


def places(data: Any) -> list[str]:
    with pytest.raises(Invalid) as caught:
        parse_preset(data)
    return [problem.place for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("entry", "profile", "answer"),
    [
        ({"field": "age"}, {"age": 3}, "yes"),
        ({"field": "age"}, {}, "ask"),
        ({"field": "age", "test": "at_least", "value": 18}, {"age": 18}, "yes"),
        ({"field": "age", "test": "at_least", "value": 18}, {"age": 17.9}, "no"),
        ({"field": "age", "test": "at_most", "value": "60"}, {"age": 61}, "no"),
        ({"field": "online", "test": "equals", "value": True}, {"online": False}, "no"),
        ({"field": "online", "test": "equals", "value": True}, {"online": None}, "ask"),
        ({"field": "stage", "test": "one_of", "value": ["steady"]}, {"stage": "idea"}, "no"),
        ({"field": "stage", "test": "one_of", "value": ["Steady"]}, {"stage": "steady"}, "yes"),
        ({"field": "skills", "test": "one_of", "value": ["tax"]}, {"skills": ("tax",)}, "yes"),
        ({"field": "skills", "test": "one_of", "value": ["tax"]}, {"skills": ("sales",)}, "no"),
        (
            {"field": "age", "test": "at_least", "value": 18, "otherwise": "ask"},
            {"age": 1},
            "ask",
        ),
    ],
)
def test_a_requirement_answers_yes_no_or_ask(
    entry: dict[str, Any], profile: dict[str, Any], answer: str
) -> None:
    (requirement,) = parse_requirement_list([{"id": "r", **entry}], FIELDS)
    assert requirement.answer(profile) == answer


def test_every_problem_of_requirements_is_told_with_its_place() -> None:
    with pytest.raises(Invalid) as caught:
        parse_requirement_list(
            [
                "age",
                {"id": "a", "field": "height"},
                {"id": "b", "field": "stage", "test": "at_least", "value": "idea"},
                {"id": "c", "field": "age", "test": "over", "value": 1},
                {"id": "d", "field": "age", "test": "equals"},
                {"id": "e", "field": "age", "test": "equals", "value": "old"},
                {"id": "f", "field": "skills", "test": "one_of", "value": ["cooking"]},
                {"id": "g", "field": "stage", "test": "one_of", "value": "idea"},
                {"field": "age", "otherwise": "maybe", "roles": ["friend"], "text": 5, "x": 1},
                {"id": "z", "field": "age"},
                {"id": "z", "field": ["age"]},
            ],
            FIELDS,
        )
    assert [problem.place.removeprefix("requirements") for problem in caught.value.problems] == [
        "[0]", "[1].field", "[2].test", "[3].test", "[4].value", "[5].value", "[6].value",
        "[7].value", "[8].x", "[8].id", "[8].otherwise", "[8].roles", "[8].text",
        "[10].id", "[10].field",
    ]  # fmt: skip
    with pytest.raises(Invalid, match=r"one \[\[requirements\]\] block"):
        parse_requirement_list("age", FIELDS)


def test_a_requirement_comes_back_as_it_was_written_down() -> None:
    requirement = Requirement(
        id="r", field="skills", test="one_of", value=("tax",), otherwise="ask", roles=("mentor",),
        text=Frozen(en="Know tax", es="Saber de impuestos"),
    )  # fmt: skip
    (dumped,) = dump_preset(Preset(requirements=(requirement,)))["requirements"]
    assert parse_requirement_list([dumped], FIELDS) == (requirement,)


def test_targets_left_out_are_the_evidence_of_the_field() -> None:
    problems: list[Problem] = []
    targets = parse_targets({}, problems)
    assert targets == Targets()
    assert targets.minutes_per_month == 120
    assert targets.milestones == EVIDENCE_MILESTONES


def test_every_problem_of_targets_is_told_with_its_place() -> None:
    problems: list[Problem] = []
    parse_targets(
        {
            "minutes_per_month": 1.5,
            "length_days": 0,
            "colour": "red",
            "milestones": [
                {"day": 3},
                {"kind": "check"},
                {"kind": "end", "day": 3, "fraction": 0.5},
                {"kind": "late", "fraction": 1.5},
                {"kind": "a", "day": -1, "window": 0},
                {"kind": "b", "day": 1, "colour": "red"},
                {"kind": "ok", "fraction": 1},
                {"kind": "ok", "day": 1},
            ],
        },
        problems,
    )
    assert [problem.place.removeprefix("targets.") for problem in problems] == [
        "minutes_per_month", "length_days", "colour", "milestones[0]", "milestones[1]",
        "milestones[2]", "milestones[3].fraction", "milestones[4].day", "milestones[4].window",
        "milestones[5].colour", "milestones[7].kind",
    ]  # fmt: skip
    wrong: list[Problem] = []
    parse_targets({"milestones": "monthly"}, wrong)
    parse_targets("two hours", wrong)
    assert [problem.place for problem in wrong] == ["targets.milestones", "targets"]


def test_every_problem_of_a_preset_is_told_at_once() -> None:
    found = places(
        {
            "title": 5,
            "colour": "red",
            "program": {
                "kind": "triangle",
                "matching": "fate",
                "accept_chain": ["mentee", "boss"],
                "offer_days": "ten",
                "zone": "Atlantis/Capital",
                "locale": 5,
                "colour": "red",
            },
            "fields": {"a": {"kind": "colour"}},
            "requirements": [{"id": "r", "field": "b"}],
            "strategy": {"objective": "luck"},
            "targets": {"grace_days": -1},
            "messages": {
                "hello": {"subject": "Hi"},
                "bye": {"subject": "{mentor}", "body": {"en": "{mentor.name} {password}"}},
                "odd": {"subject": "{", "body": "x"},
            },
            "staff": {"boss": "Rules", "viewer": 3},
            "cohorts": [
                {"key": "a", "starts": "2027-05-01", "ends": "2027-04-01"},
                {"key": "b", "starts": "2027-02-30", "ends": "2027-04-01"},
                {"key": "c", "starts": "2027-01-01", "ends": "2027-04-01"},
                {"key": "c", "starts": "2027-01-01", "ends": "2027-04-01"},
                {"key": "d"},
            ],
            "plugins": 3,
            "columns": [],
            "consent": {"en": 5},
        }
    )
    assert sorted(found) == sorted(
        [
            "title", "colour", "program.kind", "program.matching", "program.accept_chain",
            "program.offer_days", "program.zone", "program.locale", "program.colour",
            "fields.a.kind", "requirements[0].field", "strategy.objective", "targets.grace_days",
            "messages.hello", "messages.bye.body.en", "messages.odd.subject.en", "staff.boss",
            "staff.viewer", "cohorts[0].ends", "cohorts[1].starts", "cohorts[3].key", "cohorts[4]",
            "plugins", "columns", "consent",
        ]
    )  # fmt: skip


@pytest.mark.parametrize("chain", [[], ["mentee", "mentee"], "mentee", [["mentee"]], ["viewer"]])
def test_a_chain_of_acceptance_names_each_of_three_roles_once(chain: Any) -> None:
    assert places({"program": {"accept_chain": chain}}) == ["program.accept_chain"]


def test_what_is_no_table_is_no_preset() -> None:
    with pytest.raises(Invalid):
        parse_preset([])
    assert places({"requirements": {}, "cohorts": "x", "program": []}) == [
        "program", "requirements", "cohorts",
    ]  # fmt: skip


def test_days_of_a_cohort_may_be_dates_or_texts_and_come_back() -> None:
    rows = [
        {"key": "a", "starts": date(2027, 1, 31), "ends": "2027-04-01"},
        {"key": "b", "name": {"en": "B"}, "starts": "2027-01-31", "ends": date(2027, 4, 1)},
    ]
    preset = parse_preset({"title": "T", "cohorts": rows})
    assert {cohort.starts for cohort in preset.cohorts} == {date(2027, 1, 31)}
    assert parse_preset(dump_preset(preset)) == preset


def test_only_listed_names_may_stand_in_braces() -> None:
    assert unknown_placeholders("{mentor} {{x}} {due}") == ()
    assert unknown_placeholders("{mentor.name} {mentor!r} {} {0} {x} {x}") == (
        "{mentor.name}", "{mentor!r}", "{}", "{0}", "{x}",
    )  # fmt: skip
    with pytest.raises(ValueError, match="'}'"):
        unknown_placeholders("}")
