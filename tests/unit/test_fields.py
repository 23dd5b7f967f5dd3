"""Profile fields: how an answer becomes a value, and what is said about one that cannot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit.domain import reading
from mentorkit.domain.fields import KINDS, TYPES, Field, dump_fields, parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.presets import loads, source

STAGE = Field(id="stage", kind="ordered", choices=Frozen(idea="Idea", steady={"en": "Steady"}))


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("text", "  Ana ", "Ana"),
        ("text", 12, "12"),
        ("number", "3.5", 3.5),
        ("number", 4, 4.0),
        ("flag", "Yes", True),
        ("flag", False, False),
        ("flag", "0", False),
        ("option", " free ", "free"),
        ("options", "a; b;;a", ("a", "b")),
        ("options", ["b", "a"], ("b", "a")),
        ("hours", "mon 18-20; Tuesday 0-1", (18, 19, 24)),
        ("hours", "Mon 6pm-8pm; Tue 10 - 11 am", (18, 19, 34)),
        ("hours", "wed 18:00\u201320:00; Sun 10pm-12am", (66, 67, 166, 167)),
        ("hours", "Mon 12am-1am; Mon 12pm-1pm", (0, 12)),
        ("hours", [167, "0"], (0, 167)),
        ("times", "Mon 18-20; Tuesday 0-1", ("mon 18:00-20:00", "tue 00:00-01:00")),
        ("times", "mon 6:15pm-8pm;Wed 11:45\u201312:30", ("mon 18:15-20:00", "wed 11:45-12:30")),
        ("times", "Sun 11:30pm-12am; Sun 22-24", ("sun 23:30-24:00", "sun 22:00-24:00")),
        ("times", ["mon 18:00-20:00", 17, "167"], ("mon 18:00-20:00", 17, 167)),
        ("vector", "1; -2.5", (1.0, -2.5)),
    ],
)
def test_an_answer_becomes_a_value_of_the_kinds_type(kind: Any, raw: Any, value: Any) -> None:
    parsed = Field(id="x", kind=kind).parse(raw)
    assert parsed == value
    assert isinstance(parsed, TYPES[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [None, "", "   "])
def test_nothing_written_is_no_answer(kind: Any, raw: Any) -> None:
    assert Field(id="x", kind=kind).parse(raw) is None


@pytest.mark.parametrize("kind", ["options", "hours", "times", "vector"])
@pytest.mark.parametrize("raw", [" ; ;", [], ["", None]])
def test_a_list_of_nothing_is_no_answer_either(kind: Any, raw: Any) -> None:
    assert Field(id="x", kind=kind).parse(raw) is None


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        ("number", "many", "write digits"),
        ("number", True, "not yes or no"),
        ("number", "nan", "is not a number"),
        ("number", "inf", "is not a number"),
        ("number", [1], "write one answer, not a list"),
        ("flag", "perhaps", "write yes or no"),
        ("hours", "mon 20-18", "Mon 18-20 or Mon 6pm-8pm; 'mon 20-18'"),
        ("hours", "mon 18-25", "Mon 18-20"),
        ("hours", "168", "Mon 18-20"),
        ("hours", "²", "Mon 18-20"),
        ("hours", "mon ²-³", "Mon 18-20"),
        ("hours", "Mon 18:30-20:00", "in whole hours"),
        ("hours", "Mon 9-5pm", "Mon 18-20"),
        ("hours", "Mon 0-0", "Mon 18-20"),
        ("hours", "Mon 13pm-14pm", "Mon 18-20"),
        ("times", "mon 20-18", "Mon 18-20 or Mon 6:15pm-8pm; 'mon 20-18'"),
        ("times", "Mon 18:10-20:00", "in quarters of hours"),
        ("times", "mon 23-24:15", "is not a weekly time"),
        ("times", "168", "is not a weekly time"),
        ("times", "Mon 0-0", "is not a weekly time"),
        ("options", 5, "is not a list"),
        ("hours", {"mon": 1}, "is not a list"),
        ("vector", [[1]], "write digits"),
        ("text", "a\0b", "cannot be stored"),
        ("text", "\ud800", "cannot be stored"),
        ("text", "x" * 10_001, "shorten it"),
        ("options", "a;\0", "cannot be stored"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(kind: Any, raw: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Field(id="x", kind=kind).parse(raw)


def test_times_of_the_week_read_back_the_same() -> None:
    field = Field(id="x", kind="times")
    told = field.parse("Mon 6:15pm-8pm; Sun 22-24; 17")
    assert field.parse(list(told)) == told


def test_an_option_is_known_by_id_or_label_in_any_case() -> None:
    assert [STAGE.parse(one) for one in ("idea", "IDEA", "Steady")] == ["idea", "idea", "steady"]
    with pytest.raises(ValueError, match="write one of: idea, steady"):
        STAGE.parse("growing")
    assert STAGE.position("steady") == 1
    assert STAGE.position("gone") is None


def test_an_answer_that_is_no_option_is_told_with_the_near_ones_and_where_all_stand() -> None:
    country = loads(source("low_touch")).fields["country"]
    with pytest.raises(ValueError, match=r"^'Swedn' is not an option; did you mean SE \(Sweden\)"):
        country.parse("Swedn")
    with pytest.raises(ValueError) as seen:
        country.parse("XX")
    assert str(seen.value).startswith("'XX' is not an option; write one of: AD, AE, ")
    assert "All stand under [fields.country.options] of the TOML file" in str(seen.value)
    assert "on the program's page Set up, where staff can add others" in str(seen.value)
    with pytest.raises(ValueError, match=r"mean steady \(Steady\)\? Else write one of: idea"):
        STAGE.parse("stedy")


def test_every_problem_of_a_declaration_is_told_with_its_place() -> None:
    fields, problems = parse_fields(
        {
            "good": {},
            "a": "text",
            "b": {"kind": "colour"},
            "c": {"options": ["x", "x"]},
            "d": {"kind": "ordered"},
            "e": {"roles": ["friend"], "required": "yes", "label": 5, "separator": 1},
            "f": {"options": {"x": 3}},
            "g": {"colour": "red"},
            "h": {"roles": "mentee"},
            "i": {"roles": [["mentee"]]},
            "j": {"label": {}},
            "k": {"kind": "vector", "shown": True},
            "l": {"shown": "yes"},
        }
    )
    assert [problem.place for problem in problems] == [
        "fields.a", "fields.b.kind", "fields.c.options", "fields.d.ordered", "fields.e.roles",
        "fields.e.label", "fields.e.required", "fields.e.separator", "fields.f.options",
        "fields.g.colour", "fields.h.roles", "fields.i.roles", "fields.j.label",
        "fields.k.shown", "fields.l.shown",
    ]  # fmt: skip
    assert list(fields) == ["good", "g", "k"]
    assert parse_fields([])[1][0].place == "fields"


IDS = st.sampled_from(["a", "b", "ç", "Ô", "東", "c d", "1", "-"])
"""Ids of options: two that differ in capitals alone are refused, so none are among these."""
LABELS = st.one_of(
    st.text(min_size=1, max_size=8),
    st.dictionaries(st.sampled_from(["en", "es", "ar"]), st.text(max_size=8), min_size=1),
)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=6),
        st.fixed_dictionaries(
            {},
            optional={
                "label": LABELS,
                "options": st.dictionaries(IDS, LABELS, min_size=1, max_size=4)
                | st.lists(IDS, min_size=1, max_size=4, unique=True),
                "required": st.booleans(),
                "shown": st.booleans(),
                "roles": st.sampled_from([["mentee"], ["mentor"], ["mentee", "mentor"]]),
                "separator": st.sampled_from([";", ",", "|"]),
                "kind": st.sampled_from(["option", "options", "text"]),
            },
        ),
        max_size=4,
    )
)
def test_declarations_come_back_as_they_were_written_down(data: dict[str, Any]) -> None:
    fields, problems = parse_fields(data)
    assert not problems
    again, problems = parse_fields(dump_fields(fields))
    assert (again, problems) == (fields, [])
    assert [list(one.choices) for one in again.values()] == [
        list(one.choices) for one in fields.values()
    ]


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12", 12),
        (" 1e3", 1000.0),
        ("-3.5", -3.5),
        (".5", 0.5),
        ("+7.", 7.0),
        ("3,5", 3.5),
        ("-0,125", -0.125),
        ("1234,567", 1234.567),
        (",5", 0.5),
        ("1,5e3", 1500.0),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, value: float) -> None:
    assert reading.number(typed) == value
    assert Field(id="n", kind="number").parse(typed) == value


@pytest.mark.parametrize(
    ("typed", "told"), [("1,234", "1234 or 1.234"), ("-12,000", "-12000 or -12.000")]
)
def test_what_may_be_two_numbers_is_none(typed: str, told: str) -> None:
    for read in (reading.number, Field(id="n", kind="number").parse):
        with pytest.raises(ValueError, match=f"'{typed}' may be {told}; write one of these two"):
            read(typed)


@pytest.mark.parametrize(
    ("typed", "read"),
    [("1,234,567", 1234567), ("67,500.25", 67500.25), ("-1,234,567.5", -1234567.5)],
)
def test_commas_that_can_only_part_thousands_are_read(typed: str, read: float) -> None:
    assert reading.number(typed) == read
    assert Field(id="n", kind="number").parse(typed) == read


@pytest.mark.parametrize("typed", ["1.234.567", "1.234,5", "3,5,", "12,34,567", "0,123,456"])
def test_a_number_with_more_than_one_mark_is_else_none(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        reading.number(typed)


@pytest.mark.parametrize("typed", ["1_0", "1_000.5", "nan", "inf", "-Infinity", "1e400", "0x1"])
def test_what_only_a_machine_takes_for_a_number_is_none(typed: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        reading.number(typed)
    with pytest.raises(ValueError, match="is not a number"):
        Field(id="n", kind="number").parse(typed)
