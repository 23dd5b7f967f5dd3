"""The plugin `matching` keeps the public contract: loaded by name, checked, bound, run."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

import mentorkit_matching
from mentorkit.domain.fields import Field, parse_fields
from mentorkit.domain.strategies import dump_strategy, parse_strategy
from mentorkit.hooks.calls import computed
from mentorkit.hooks.registry import Registry
from mentorkit.hooks.settings import check_options, check_schema
from mentorkit.matching import Pool, Someone, bind, pack, run, verify, words
from mentorkit.testing.samples import SampleContext
from mentorkit_matching.features import Words


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load([("matching", mentorkit_matching)])


def create_fields(**kinds: str) -> dict[str, Field]:
    fields, problems = parse_fields({name: {"kind": kind} for name, kind in kinds.items()})
    assert not problems
    return fields


def test_it_offers_every_form_assigner_and_strategy_by_name(registry: Registry) -> None:
    assert list(registry.criteria) == [
        "set_overlap", "equal", "contains", "closeness", "overlap", "availability", "prior",
        "load", "together", "shared_words", "cosine",
    ]  # fmt: skip
    assert list(registry.features) == ["words"]
    assert list(registry.rules) == [
        "shares_any", "differs", "same", "above", "below", "same_group", "past_pair", "min_overlap",
        "min_availability",
    ]  # fmt: skip
    assert list(registry.assigners) == [
        "optimal", "stable", "greedy", "choice", "circles", "peers", "rings"
    ]  # fmt: skip
    assert list(registry.strategies) == ["language_industry_country", "life_experience_first"]


def test_every_provider_has_a_title_and_options_that_a_form_can_show(registry: Registry) -> None:
    for kind in (registry.criteria, registry.rules, registry.assigners):
        for name, provider in kind.items():
            assert provider.title
            assert check_schema(provider.options, name, flat=False, secrets=False) == []


@pytest.mark.parametrize(
    ("name", "options", "wrong"),
    [
        ("set_overlap", {"field": "languages", "per": "nobody"}, "per"),
        ("equal", {"field": "industry", "partial": {"sector": 3}}, "partial"),
        ("equal", {"field": "industry", "prefix": {"2": 3}}, "prefix"),
        ("equal", {"field": "industry", "prefix": {"two": 1}}, "prefix"),
        ("availability", {"field": "times", "on": "in March"}, "on"),
        ("shared_words", {"field": "about", "full": 0}, "full"),
        ("load", {"by": "age"}, "by"),
        ("together", {"avoid": "yes"}, "avoid"),
        ("contains", {"field": "industry"}, "other"),
        ("closeness", {"field": "grade", "span": 0}, "span"),
        ("overlap", {"field": "hours", "full": 0}, "full"),
        ("prior", {"field": "quality", "other": "grade"}, "other"),
        ("cosine", {}, "field"),
    ],
)
def test_options_that_do_not_fit_are_told(
    registry: Registry, name: str, options: dict[str, Any], wrong: str
) -> None:
    _, problems = check_options(registry.criteria[name].options, options, "here")
    assert len(problems) == 1
    assert problems[0].place.startswith(f"here.{wrong}")


def test_ready_strategies_are_data_that_can_be_copied(registry: Registry) -> None:
    for strategy in registry.strategies.values():
        assert parse_strategy(dump_strategy(strategy)) == (strategy, [])
        assert sum(strategy.points()) == 10_000


def test_life_experience_counts_more_than_business_knowledge_and_that_more_than_the_sector(
    registry: Registry,
) -> None:
    strategy = registry.strategies["life_experience_first"]
    fields = create_fields(life_experience="options", business_knowledge="options")
    wants = {"life_experience": ("loss",), "business_knowledge": ("tax",), "sector": "food"}
    none = {"life_experience": ("-",), "business_knowledge": ("-",), "sector": "-"}
    mentors = [
        Someone(key=name, id=name, profile={**none, name: wants[name]})
        for name in ("sector", "business_knowledge", "life_experience")
    ]
    pool = Pool([Someone(key="m", id="m", profile=wants)], mentors, fields)
    result = run(pool, bind(strategy, registry, fields))
    assert [pair.mentor_id for pair in result.shortlists["m"]] == [
        "life_experience", "business_knowledge", "sector"
    ]  # fmt: skip
    assert verify(pool, bind(strategy, registry, fields), result) == []


def test_without_a_common_language_there_is_no_pair(registry: Registry) -> None:
    strategy = registry.strategies["language_industry_country"]
    fields = create_fields(languages="options")
    mentee = Someone(key="m", id="m", profile={"languages": ("sw", "en"), "industry": "food"})
    mentors = [
        Someone(key="a", id="a", profile={"languages": ("fr",), "industry": "food"}),
        Someone(key="b", id="b", profile={"languages": ("sw",), "industry": "repair"}),
    ]
    result = run(Pool([mentee], mentors, fields), bind(strategy, registry, fields))
    assert [pair.mentor_id for pair in result.shortlists["m"]] == ["b"]


def test_steps_have_an_upper_end_only_where_one_is_given(registry: Registry) -> None:
    rule = registry.rules["above"]
    both = rule.bind({"field": "grade", "other": None, "steps": [1, 4]}, {}).declared
    open_ended = rule.bind({"field": "grade", "other": None, "steps": [2]}, {}).declared
    assert (both.least, both.most) == (1, 4)  # type: ignore[union-attr]
    assert (open_ended.least, open_ended.most) == (2, None)  # type: ignore[union-attr]


def test_it_uses_public_names_alone() -> None:
    public = {"mentorkit", "mentorkit.errors", "mentorkit.hooks", "mentorkit.matching"}
    used = {
        (node.module, name.name)
        for path in Path(mentorkit_matching.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if (node.module or "").partition(".")[0] == "mentorkit"
    }
    assert ("mentorkit.matching", "assign") in used
    assert {module for module, _ in used} <= public
    listed = [one for one in used if one[0] != "mentorkit.errors"]  # all of it is public
    assert [one for one in listed if one[1] not in import_module(str(one[0])).__all__] == []


def test_every_public_name_of_the_engine_is_there() -> None:
    from mentorkit import matching

    assert sorted(matching.__all__) == dir(matching)
    assert all(getattr(matching, name) for name in matching.__all__)
    for name in matching.assign.__all__:
        assert hasattr(matching.assign, name)


def test_loading_it_loads_no_numpy() -> None:
    code = (
        "import sys; from mentorkit.hooks.registry import Registry; "
        "Registry.load(['matching']); assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_who_has_room_who_was_there_before_and_codes_that_begin_alike_are_told(
    registry: Registry,
) -> None:
    strategy, problems = parse_strategy(
        {
            "criteria": [
                {"criterion": "equal", "field": "code", "prefix": {"3": 0.7, "2": 0.5}},
                {"criterion": "load", "weight": 2},
                {"criterion": "together"},
            ]
        }
    )
    assert not problems
    mentors = [
        Someone(key="a", id="a", profile={"code": "47.19"}, capacity=1, held=1),
        Someone(key="b", id="b", profile={"code": "47.25"}, capacity=2, places=2),
        Someone(key="c", id="c", profile={"code": "46.11"}, capacity=1, held=3),
    ]
    mentee = Someone(key="m", id="m", profile={"code": "47.11"})
    pool = Pool([mentee], mentors, create_fields(), past=[("m", "c")])
    result = run(pool, bind(strategy, registry, {}))
    told = {
        pair.mentor_id: [
            [words(one) for one in side] for side in (pair.reasons, pair.reasons_mentor)
        ]
        for pair in result.shortlists["m"]
    }
    never = "You were not brought together before."
    assert told == {
        "b": [
            ["Another code, but both begin with 47.", "Has no mentee yet.", never],
            ["Another code, but both begin with 47.", "You have no mentee yet.", never],
        ],
        "a": [
            ["Another code, but both begin with 47.1.", "Has 1 of 2 places free.", never],
            ["Another code, but both begin with 47.1.", "You have 1 of 2 places free.", never],
        ],
        "c": [
            [
                "You have a different code: 47.11 and 46.11.",
                "Has 1 of 4 places free.",
                "You were brought together before.",
            ],
            [
                "You have a different code: 46.11 and 47.11.",
                "You have 1 of 4 places free.",
                "You were brought together before.",
            ],
        ],
    }
    scores = {pair.mentor_id: pair.score for pair in result.shortlists["m"]}
    assert scores == {"a": 1750 + 2500, "b": 1250 + 5000, "c": 1250 + 2500}


def test_people_packed_by_column_keep_what_they_have_and_where_they_belong() -> None:
    people = [
        Someone(key="a", id="a", held=1, places=4, cohort="spring"), Someone(key="b", id="b")
    ]  # fmt: skip
    side = pack(people, ())
    assert [(one.held, one.places, one.cohort) for one in side.people] == [
        (1, 4, "spring"), (0, 1, "")
    ]  # fmt: skip
    other = side.take(np.array([1]))
    assert (other.held.tolist(), other.places.tolist(), list(other.cohorts)) == ([0], [1], [""])


def alike(one: str, other: str) -> float:
    """Return the cosine of what two wrote, as the feature `words` has it."""
    people = [{"about": one}, {"about": other}]
    mine, theirs = computed(Words(), SampleContext(), people)
    return sum(a * b for a, b in zip(mine, theirs, strict=True))


def test_words_that_say_more_weigh_more() -> None:
    bread = "I would like to sell bread to hotels"
    assert alike(bread, bread) == pytest.approx(1, abs=1e-3)
    assert alike(bread, "Bread for hotels") > 0.7 > alike(bread, "I would like to go to a lake") > 0
    assert alike("sell bread", "SELL BREAD") == pytest.approx(1, abs=1e-3)


def test_texts_without_spaces_are_alike_by_pairs_of_signs() -> None:
    assert alike("面包店铺", "面包店") > 0.7
    assert alike("面包店铺", "铁匠工坊") < 0.3


@given(
    some.lists(some.text(some.sampled_from("abcdefgh"), min_size=2, max_size=9), min_size=1),
    some.randoms(use_true_random=False),
)
def test_a_vector_is_one_of_its_words_in_whatever_order(words: list[str], random: Any) -> None:
    turned = random.sample(words, len(words))
    first, second = computed(
        Words(), SampleContext(), [{"a": " ".join(words), "b": None}, {"b": " ".join(turned)}]
    )
    if first is not None and second is not None:  # words may cancel each other out
        assert first == second
        assert sum(one * one for one in first) == pytest.approx(1, abs=2e-3)
