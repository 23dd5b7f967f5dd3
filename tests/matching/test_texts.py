"""Free texts are compared by their words, the rare ones weighing most, exactly, in any script."""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.hooks import SharedWords
from mentorkit.matching import Pool, bind, run, words
from mentorkit.matching.forms import value_of
from mentorkit.matching.texts import ONE, texts_of, words_in
from tests.matching.samples import SPOKEN, create_people, create_registry, create_strategy

ABOUT = {"about": Field(id="about", label=Frozen(en="About you"))}


def create_pool(mentees: list[str], mentors: list[str], fields: Any = ABOUT) -> Pool:
    sides = ("mentee", mentees), ("mentor", mentors)
    return Pool(
        *(create_people(side, *({"about": t} for t in told)) for side, told in sides), fields
    )


def cosine(one: str, other: str, everybody: list[str]) -> float:
    """Return the cosine of two texts, by the book."""
    texts = [Counter(words_in(text)) for text in everybody]

    def weights(text: str) -> dict[str, float]:
        counted = Counter(words_in(text))
        rare = {w: math.log((1 + len(texts)) / (1 + sum(w in t for t in texts))) for w in counted}
        return {word: (1 + math.log(times)) * rare[word] for word, times in counted.items()}

    mine, theirs = weights(one), weights(other)
    size = math.hypot(*mine.values()) * math.hypot(*theirs.values())
    return sum(mine[word] * theirs.get(word, 0) for word in mine) / size if size else 0.0


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_two_texts_are_as_alike_as_the_cosine_of_their_weighed_words(seed: int) -> None:
    random = Random(seed)
    mentees, mentors = (
        [" ".join(random.choices(SPOKEN, k=random.randint(1, 9))) for _ in range(4)]
        for _ in range(2)
    )
    pool = create_pool(mentees, mentors)
    value = value_of(SharedWords(field="about", full=1), pool)
    found = value(np.arange(4)[:, None], np.arange(4)[None, :])
    for i, mine in enumerate(mentees):
        for j, theirs in enumerate(mentors):
            # Each weight is off by half of 1/4096 at most.
            exact = min(1.0, cosine(mine, theirs, mentees + mentors))
            assert found[i, j] == pytest.approx(exact, abs=12 / ONE)


def test_a_block_and_single_pairs_have_exactly_the_same_values() -> None:
    random = Random(3)
    texts = [" ".join(random.choices(SPOKEN, k=6)) for _ in range(12)]
    pool = create_pool(texts[:6], texts[6:])
    value = value_of(SharedWords(field="about"), pool)
    block = value(np.arange(6)[:, None], np.arange(6)[None, :])
    pairs = np.array([(i, j) for i in (3, 0, 5, 3) for j in (5, 1, 0)])
    assert value(pairs[:, 0], pairs[:, 1]).tolist() == block[pairs[:, 0], pairs[:, 1]].tolist()


def test_what_everybody_says_weighs_nothing_and_what_few_say_most() -> None:
    mentors = ["we sell bread", "we sell salt", "we repair radios"]
    pool = create_pool(["we sell salt"], mentors)
    value = value_of(SharedWords(field="about"), pool)
    bread, salt, radios = value(np.zeros(3, np.intp), np.arange(3)).tolist()
    assert salt == 1.0
    assert radios == 0.0, "all say we"
    assert 0 < bread < 0.5


def test_words_are_told_apart_in_any_language() -> None:
    assert list(words_in("Straße, STRASSE; l'été_2027 – 5 a")) == [
        "strasse", "strasse", "été", "2027"
    ]  # fmt: skip
    assert list(words_in("Мы печём ХЛЕБ")) == ["мы", "печём", "хлеб"]
    assert list(words_in("نبيع السمك")) == ["نبيع", "السمك"]
    assert list(words_in("मुझे व्यापार")) == ["मुझे", "व्यापार"]
    assert list(words_in("שָׁלוֹם")) == ["שָׁלוֹם"]
    assert list(words_in("می\u200cخواهم")) == list(words_in("میخواهم"))
    assert list(words_in("パン屋 cafe 塩")) == ["パン", "ン屋", "塩", "cafe"]
    assert list(words_in("  ... ")) == []


def test_a_text_without_words_and_one_of_nobody_else_are_like_nothing() -> None:
    pool = create_pool(["...", "bread", ""], ["bread", "..."])
    value = value_of(SharedWords(field="about"), pool)
    found = value(np.arange(3)[:, None], np.arange(2)[None, :])
    np.testing.assert_array_equal(found, [[0, 0], [1, 0], [np.nan, np.nan]])
    nobody = np.empty(0, np.intp)
    assert value_of(SharedWords(field="about"), create_pool([], []))(nobody, nobody).shape == (0,)


def test_those_words_are_named_that_weigh_most() -> None:
    pool = create_pool(["we bake bread and sell salt"], ["we sell bread", "salt", "we sell fish"])
    assert texts_of(SharedWords(field="about"), pool).common(0, 0) == ["bread", "sell", "we"]
    assert texts_of(SharedWords(field="about"), pool).common(0, 1) == ["salt"]


@pytest.mark.parametrize(
    ("shown", "theirs", "said"),
    [
        (True, "salt and bread", "You both use these words under About you: bread, salt."),
        (False, "salt and bread", "You use some of the same words under About you."),
        (True, "radios", "You use no words in common under About you."),
    ],
)
def test_the_words_of_an_answer_are_named_only_where_a_match_reads_it_anyway(
    shown: bool, theirs: str, said: str
) -> None:
    fields = {"about": Field(id="about", label=Frozen(en="About you"), shown=shown)}
    pool = create_pool(["salt, bread", "fish"], [theirs], fields)
    strategy = create_strategy([{"criterion": "shared_words", "field": "about"}])
    result = run(pool, bind(strategy, create_registry(), fields))
    (pair,) = result.shortlists["mentee-a"]
    assert [words(one, fields=fields) for one in pair.reasons] == [said]
    assert pair.reasons == pair.reasons_mentor
