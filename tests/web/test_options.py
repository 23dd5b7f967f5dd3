"""Options of rules and criteria as controls: drawn by their schema, and read back as they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit.domain.fields import Field
from mentorkit.hooks.settings import check_options
from mentorkit.web import answers, options

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "field": {"type": "string", "title": "Field", "description": "Which."},
        "word": {"type": "string", "title": "Word", "description": "Free.", "default": ""},
        "per": {"enum": ["mentee", "mentor"], "title": "Per", "description": "Whose.",
                "default": "mentee"},
        "full": {"type": "integer", "title": "Enough", "description": "Hours.", "default": 1},
        "span": {"type": ["number", "null"], "title": "Span", "description": "How far.",
                 "default": None},
        "strict": {"type": "boolean", "title": "Strict", "description": "Or not.",
                   "default": False},
        "steps": {"type": "array", "items": {"type": "number"}, "title": "Steps",
                  "description": "From, to.", "default": [1]},
        "partial": {"type": "object", "additionalProperties": {"type": "number"},
                    "title": "Half", "description": "Marks.", "default": {}},
    },
    "required": ["field"],
}  # fmt: skip
FIELDS = {"trade": "Trade", "village": "Village"}
VALUES: dict[str, Any] = {
    "field": "trade", "word": "two words", "per": "mentor", "full": 3, "span": 2.5,
    "strict": True, "steps": [1, 4.5], "partial": {"village": 0.5},
}  # fmt: skip


def drawn(values: dict[str, Any], wrong: dict[str, str] | None = None) -> dict[str, Any]:
    return {one["name"]: one for one in options.controls(SCHEMA, values, FIELDS, wrong or {})}


def test_each_property_is_drawn_as_what_it_is() -> None:
    kinds = {name: one["kind"] for name, one in drawn({}).items()}
    assert kinds == {
        "field": "field", "word": "text", "per": "choice", "full": "number", "span": "number",
        "strict": "flag", "steps": "list", "partial": "table",
    }  # fmt: skip
    assert drawn({})["field"]["choices"] == FIELDS
    assert [name for name, one in drawn({}).items() if one["needed"]] == ["field"]


def test_an_option_is_told_by_its_name_and_kept_by_its_code() -> None:
    per = {**SCHEMA["properties"]["per"], "enumNames": ["what she chose", "what he chose"]}
    named = {**SCHEMA, "properties": {"per": per}}
    (one,) = options.controls(named, {"per": "mentor"}, FIELDS, {})
    assert one["choices"] == {"mentee": "what she chose", "mentor": "what he chose"}
    assert one["typed"] == "mentor"
    assert options.read(named, {"per": "mentee"}) == {"per": "mentee"}


def test_what_is_typed_reads_back_to_the_same_values() -> None:
    typed = {name: one["typed"] for name, one in drawn(VALUES).items()}
    assert typed["partial"] == "village = 0.5"
    assert options.read(SCHEMA, typed) == VALUES


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15))
def test_every_number_reads_back_to_itself(value: float) -> None:
    (one,) = options.controls({"properties": {"span": {"type": "number"}}}, {"span": value}, {}, {})
    assert "e" not in one["typed"]
    assert options.read(SCHEMA, {"span": one["typed"]}) == {"span": value}
    if abs(value) < 1e15:
        typed = answers.as_typed({"kind": "number", "value": value})
        assert Field(id="sales", kind="number").parse(typed) == value


@pytest.mark.parametrize(
    ("value", "typed"),
    [(1234567.0, "1234567"), (3.0, "3"), (0.1, "0.1"), (-2.5, "-2.5"), (1e-5, "0.00001")],
)
def test_a_number_is_written_as_a_person_types_it(value: float, typed: str) -> None:
    assert answers.digits(value) == options.as_typed(value) == typed


def test_a_default_is_shown_and_what_is_left_empty_is_left_out() -> None:
    assert drawn({})["full"]["typed"] == "1"
    assert options.read(SCHEMA, {"full": " ", "span": ""}) == {}
    assert options.read(SCHEMA, {"span": "2,5"}) == {"span": 2.5}, "a comma is a point too"
    read = options.read(SCHEMA, {"field": "trade", "span": "1,234"})
    assert "write a number" in str(check_options(SCHEMA, read, "here")[1]), "or 1234?"


@pytest.mark.parametrize(("name", "typed"), [
    ("full", "many"), ("per", "nobody"), ("steps", "1, two"), ("partial", "village"),
])  # fmt: skip
def test_what_cannot_be_read_is_told_by_the_schema(name: str, typed: str) -> None:
    read = options.read(SCHEMA, {"field": "trade", name: typed})
    problems = check_options(SCHEMA, read, "here")[1]
    assert problems
    wrong = {one.place.removeprefix("here."): one.message for one in problems}
    assert drawn(read, wrong)[name]["wrong"]


DEEP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "names": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        "some": {"type": "array", "items": {"enum": ["x", "y"], "type": "string"}, "default": []},
        "pairs": {"type": "array", "items": {"type": "array"}},
        "tree": {"type": "object", "properties": {"a": {"type": "object"}}},
        "any": {"type": "object", "additionalProperties": {"type": "array"}},
        "either": {"type": ["string", "integer"]},
        "nothing": {"type": "null"},
        "level": {"enum": [1, 2, None], "type": ["integer", "null"]},
        "story": {"type": "string", "maxLength": 2000, "default": "once"},
    },
}
TREES: dict[str, Any] = {
    "names": ["one, two", "three"], "some": ["y"], "pairs": [[1, 2]], "tree": {"a": {"b": [1]}},
    "any": {"k": [True]}, "either": "5", "level": 2, "story": "a\nb",
}  # fmt: skip


def test_what_no_control_fits_is_json_and_reads_back_to_the_same() -> None:
    drawn = {one["name"]: one for one in options.controls(DEEP, TREES, {}, {})}
    assert {name: one["kind"] for name, one in drawn.items()} == {
        "names": "lines", "some": "several", "pairs": "json", "tree": "json", "any": "json",
        "either": "json", "nothing": "json", "level": "choice", "story": "long",
    }  # fmt: skip
    typed = {name: one["typed"] for name, one in drawn.items()}
    assert options.read(DEEP, typed) == TREES
    assert options.unread(DEEP, typed) == {}


def test_what_is_no_json_is_told_with_its_place_and_kept_as_it_was_typed() -> None:
    typed = {"tree": '{\n  "a": [1,\n}', "pairs": "[Infinity]", "any": "[" * 5000, "names": "{"}
    assert options.unread(DEEP, typed) == {"tree": (3, 1), "pairs": (1, 1), "any": (1, 1)}
    assert options.read(DEEP, typed)["tree"] == typed["tree"]
    drawn = options.controls(DEEP, {}, {}, {}, {"tree": " {", "story": "twice"})
    assert {one["name"]: one["typed"] for one in drawn if one["typed"]} == {
        "tree": " {", "story": "twice",
    }  # fmt: skip


def test_a_list_or_text_that_is_usually_not_empty_can_be_emptied() -> None:
    assert options.read(DEEP, {"names": "", "some": "", "story": " "}) == {
        "names": [], "story": "",
    }  # fmt: skip
