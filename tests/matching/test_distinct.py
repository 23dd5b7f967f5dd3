"""Texts of JSON by column: each distinct one is read once, and says what it says alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit.domain.frozen import freeze, thaw
from mentorkit.matching.distinct import MANY, Sets, coded, parsed, spread

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TRICKY = st.sampled_from(["a,b", ",", '"', "[", "a]", "null", "\\", "7", "é", "", " "])
VALUES = st.one_of(PLAIN, st.lists(TRICKY | PLAIN), st.dictionaries(st.text(), PLAIN))
LISTS = st.lists(TRICKY | st.text(max_size=3) | st.integers(-9, 99), max_size=4)


def text_of(value: Any) -> str:
    return json.dumps(thaw(value), ensure_ascii=False, separators=(",", ":"))


@given(st.lists(VALUES, max_size=20), st.booleans())
def test_each_text_says_what_it_says_alone(values: list[Any], paired: bool) -> None:
    texts = [text_of([one, None]) if paired else text_of(one) for one in values]
    found = spread(parsed(texts, paired=paired))
    assert text_of(found) == text_of([freeze(json.loads(text_of(one))) for one in values])


@given(st.lists(LISTS, min_size=20, max_size=40))
def test_many_sets_say_the_same_whatever_stands_in_them(values: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mentorkit.matching.distinct.MANY", 8)
        found = spread(parsed([text_of(one) for one in values]))
    assert [one or () for one in found] == [tuple(one) for one in values]


def test_many_plain_sets_are_told_by_their_members() -> None:
    values = [[f"s{number}", "b", "a"][: number % 4] for number in range(MANY * 4)]
    codes, sets = parsed([*(text_of(one) for one in values), None])
    assert isinstance(sets, Sets)
    assert [one or () for one in spread((codes, sets))] == [*map(tuple, values), ()]


def test_a_distinct_text_is_read_once() -> None:
    assert parsed(["7", "7", None, "7"]) == ([0, 0, 1, 0], [7, None])
    assert coded(["a", None, "a"]) == ([0, 1, 0], ["a", None])
    assert parsed([]) == ([], [])
