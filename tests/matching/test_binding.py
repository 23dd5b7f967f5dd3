"""A strategy that cannot be used is refused with everything that is wrong, each at its place."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, nan
from typing import Any

import pytest

from mentorkit.domain.fields import Field
from mentorkit.errors import Invalid, PluginError, Problem
from mentorkit.hooks import (
    Availability,
    Closeness,
    Criterion,
    Equal,
    Feature,
    Load,
    Overlap,
    Rule,
    SharedWords,
)
from mentorkit.matching import bind
from tests.matching.samples import create_fields, create_registry, create_strategy


class Village(Criterion):
    name = "village"
    needs: Mapping[str, type] = {"village": str, "quality": float}

    def score(self, mentee: Any, mentor: Any) -> float:
        return 1.0


def problems(strategy: Any, *extra: Any, **more: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        bind(strategy, create_registry(*extra), create_fields(), **more)
    return {problem.place: problem.message for problem in caught.value.problems}


def test_every_wrong_name_option_and_field_is_told_at_once() -> None:
    found = problems(
        create_strategy(
            [
                {"criterion": "equel", "field": "sector"},
                {"criterion": "closeness", "field": "sector", "span": 0},
                {"criterion": "equal", "field": "nowhere", "partial": {"gone": 0.5}},
                {"criterion": "equal", "feild": "sector"},
            ],
            [{"rule": "difers"}, {"rule": "above", "field": "grade", "steps": [4, 1]}],
            assigner="best",
        ),
        known=(),
    )
    assert set(found) == {
        "rules[0].rule",
        "rules[1].steps",
        "criteria[0].criterion",
        "criteria[1].span",
        "criteria[2].field",
        "criteria[2].partial.gone",
        "criteria[3].feild",
        "criteria[3].field",
        "assigner",
    }
    told = found["criteria[0].criterion"]
    assert "did you mean equal? There are: set_overlap, equal" in told
    assert "did you mean differs? There are: shares_any, differs" in found["rules[0].rule"]
    assert "there are: optimal, stable, greedy, choice" in found["assigner"]


def test_a_slip_in_what_every_criterion_has_is_told_with_it() -> None:
    use = {"criterion": "equal", "field": "sector", "weigth": 1}
    (told,) = problems(create_strategy([use])).values()
    assert told == "is unknown; what can be set: field, other, partial, prefix, weight"


def test_a_field_of_another_kind_is_told_with_the_kind_to_declare() -> None:
    found = problems(create_strategy([{"criterion": "set_overlap", "field": "sector"}]))
    assert "is of kind text" in found["criteria[0].field"]
    assert 'kind = "options"' in found["criteria[0].field"]


def test_without_known_columns_a_field_that_is_not_declared_counts_as_text() -> None:
    strategy = create_strategy([{"criterion": "equal", "field": "village"}])
    assert bind(strategy, create_registry(), {}).criteria[0].points == 10_000
    assert bind(strategy, create_registry(), {}, known=["village"])
    with pytest.raises(Invalid, match="there is no field 'village'; there are: town"):
        bind(strategy, create_registry(), {}, known=["town"])


def test_what_has_no_title_is_called_by_its_name_in_words() -> None:
    class SameVillage(Criterion):
        name = "same_village"

        def score(self, mentee: Any, mentor: Any) -> float:
            return 0.0

    strategy = create_strategy([{"criterion": "same_village"}])
    assert bind(strategy, create_registry(SameVillage()), {}).criteria[0].title == "Same village"


class Misspelt(Criterion):
    name = "misspelt"
    declared = Equal(field="secter")


def test_a_field_that_only_the_plugin_names_is_told_as_what_it_reads() -> None:
    found = problems(create_strategy([{"criterion": "misspelt"}]), Misspelt(), known=())
    assert found == {
        "criteria[0]": (
            "there is no field 'secter'; criterion misspelt reads it; did you mean sector? There "
            "are: languages, grade, industry, sector, quality, hours, times, taste"
        )
    }


def test_numbers_with_which_nobody_can_reckon_are_told_at_their_options() -> None:
    strategy = create_strategy(
        [{"criterion": "availability", "field": "times", "full": 10**20}],
        [{"rule": "min_overlap", "field": "hours", "least": 10**20}],
    )
    told = "write a whole number from 1 to 1,000,000"
    assert problems(strategy, known=()) == {"rules[0].least": told, "criteria[0].full": told}


def test_steps_the_wrong_way_round_are_told_at_the_option_that_was_written() -> None:
    found = problems(
        create_strategy(rules=[{"rule": "above", "field": "grade", "steps": [4, 1]}]), known=()
    )
    assert found == {"rules[0].steps": "write the smaller number first: [1, 4]"}


def test_wishes_that_are_no_list_are_refused_where_the_assigner_goes_by_them() -> None:
    strategy = create_strategy([], assigner="choice")
    with pytest.raises(Invalid) as caught:
        bind(strategy, create_registry(), {"choices": Field(id="choices")})
    assert "fields.choices.kind: is 'text'" in str(caught.value)
    assert bind(strategy, create_registry(), {"choices": Field(id="choices", kind="options")})


def test_what_a_criterion_needs_is_checked_with_its_type() -> None:
    strategy = create_strategy([{"criterion": "village"}])
    found = problems(strategy, Village(), known=())
    assert "criterion village needs it" in found["criteria[0]"]
    with pytest.raises(Invalid) as caught:
        bind(strategy, create_registry(Village()), {"quality": Field(id="quality")})
    assert 'with kind = "number"' in str(caught.value)


def test_problems_stand_below_the_place_that_is_given() -> None:
    strategy = create_strategy([{"criterion": "equel"}])
    assert "strategy.criteria[0].criterion" in problems(strategy, place="strategy")


def test_without_criteria_only_an_assigner_that_asks_for_no_scores_will_do() -> None:
    assert bind(create_strategy((), assigner="choice"), create_registry(), {}).criteria == ()
    found = problems(create_strategy(()))
    assert "give at least one criterion" in found["criteria"]


def test_more_than_sixty_criteria_are_refused() -> None:
    found = problems(create_strategy([{"criterion": "equal", "field": "sector"}] * 61))
    assert found["criteria"] == "give at most 60"


class Bad(Criterion):
    name = "bad"

    def __init__(self, bound: Any) -> None:
        self._bound = bound

    def bind(self, options: Mapping[str, Any], fields: Mapping[str, Field]) -> Any:
        if isinstance(self._bound, Exception):
            raise self._bound
        return self._bound


class Twice(Criterion):
    declared = Equal(field="sector")

    def score(self, mentee: Any, mentor: Any) -> float:
        return 1.0


class OfNoForm(Criterion):
    declared: Any = "equal"


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        (ValueError("no idea"), "criterion bad: bind raised ValueError: no idea"),
        (None, "criterion bad: bind returned NoneType; return a Criterion"),
        (Rule(), "criterion bad: bind returned Rule; return a Criterion"),
        (Criterion(), "give exactly one of declared, score_block and score; it has none of them"),
        (Twice(), "it has declared and score"),
        (OfNoForm(), "`declared` is no form; give one of SetOverlap"),
    ],
)
def test_a_plugin_that_does_not_keep_the_contract_is_named(bound: Any, told: str) -> None:
    strategy = create_strategy([{"criterion": "bad"}])
    with pytest.raises(PluginError) as caught:
        bind(strategy, create_registry(Bad(bound)), {})
    assert f"criteria[0]: {told}" in str(caught.value) or told in str(caught.value)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (Closeness(field="grade", span=0), "span of its form: write a number above 0"),
        (Closeness(field="grade", wrap=0), "wrap of its form: write a number above 0"),
        (Closeness(field="grade", target=nan), "target of its form: write a number"),
        (Closeness(field="grade", span=inf), "span of its form: write a number above 0"),
        (Closeness(field="grade", wrap=inf), "wrap of its form: write a number above 0"),
        (Overlap(field="hours", full=0), "full of its form: write a whole number"),
        (Overlap(field="hours", full=10**30), "from 1 to 1,000,000"),
        (Equal(field="sector", partial={"industry": 2}), "partial.industry of its form: write"),
        (Equal(field="sector", prefix={"0": 1}), "prefix.0 of its form: write how many"),
        (Equal(field="sector", prefix={"2": 3}), "prefix.2 of its form: write how many"),
        (Equal(field="languages", prefix={"2": 1}), "is of kind options, and criterion own reads"),
        (Availability(field="times", zone="Paris"), "zone of its form: write a time zone"),
        (Availability(field="times", on="soon"), "on of its form: write a day"),
        (Availability(field="times", weeks=0), "weeks of its form: write a whole number from 1"),
        (Availability(field="times", on="9999-12-01"), "on of its form: write a day"),
        (Availability(field="times", full=0), "full of its form: write a whole number"),
        (SharedWords(field="sector", full=0), "full of its form: write a number above 0"),
        (SharedWords(field="hours"), "is of kind hours, and criterion own reads it"),
        (Load(by="age"), 'by of its form: write "share" or "count"'),
        (Equal(field="gone"), "there is no field 'gone'; criterion own reads it"),
    ],
)
def test_a_form_of_a_plugin_is_checked_like_a_shipped_one(form: Any, told: str) -> None:
    class Own(Criterion):
        name = "own"
        declared = form

    strategy = create_strategy([{"criterion": "own"}])
    with pytest.raises((Invalid, PluginError)) as caught:
        bind(strategy, create_registry(Own()), create_fields(), known=())
    (problem,) = caught.value.problems
    assert problem.place == "criteria[0]"
    assert told in problem.message


def test_what_a_provider_finds_wrong_itself_keeps_its_place() -> None:
    bad = Bad(Invalid("own", "no", [Problem("level", "write 1 or 2")]))
    found = problems(create_strategy([{"criterion": "bad"}]), bad)
    assert found == {"criteria[0].level": "write 1 or 2"}


# --------------------------------------------------------------------------- features


class Taste(Feature):
    name = "taste"
    needs: Mapping[str, type] = {"sector": str}
    length = 3

    def __init__(self, *read: str) -> None:
        self.read = read

    def reads(self, fields: Mapping[str, Field]) -> tuple[str, ...]:
        return self.read or tuple(self.needs)


def of_taste(criterion: str = "cosine") -> Any:
    return create_strategy([{"criterion": criterion, "field": "feature:taste"}])


def test_a_feature_is_a_field_of_the_strategies_that_read_it() -> None:
    fields = create_fields()
    bound = bind(of_taste(), create_registry(Taste()), fields, known=())
    assert bound.needs == ("feature:taste", "sector")
    (field,) = bound.computed.values()
    assert (field.kind, field.length, field.of) == ("vector", 3, ("sector",))
    other = create_strategy([{"criterion": "equal", "field": "sector"}])
    assert bind(other, create_registry(Taste()), fields, known=()).computed == {}
    assert "feature:taste" not in fields


def test_a_feature_of_another_kind_or_of_fields_that_are_not_there_is_refused() -> None:
    assert "is of kind vector" in problems(of_taste("prior"), Taste())["criteria[0].field"]
    gone = problems(of_taste(), Taste("gone"), known=())
    assert gone["criteria[0].field"].startswith("there is no field 'gone'; feature taste needs it")
    none = type("None", (Taste,), {"needs": {}})()
    assert "finds no field in this program" in problems(of_taste(), none)["criteria[0].field"]
    wrong = type("Wrong", (Taste,), {"needs": {"sector": float}})()
    assert "needs the field 'sector' as float" in problems(of_taste(), wrong)["criteria[0].field"]


def test_a_feature_that_there_is_not_is_no_text() -> None:
    told = problems(of_taste())["criteria[0].field"]
    assert told.startswith("there is no field 'feature:taste'; ")
    assert told.endswith("here are: feature:words")


def test_a_feature_that_cannot_say_what_it_reads_is_the_plugins_fault() -> None:
    class Broken(Taste):
        def reads(self, fields: Mapping[str, Field]) -> tuple[str, ...]:
            raise RuntimeError("broken")

    with pytest.raises(PluginError, match="feature taste: reads raised RuntimeError: broken"):
        bind(of_taste(), create_registry(Broken()), create_fields())


def test_a_column_of_that_name_goes_before_the_feature() -> None:
    fields = {**create_fields(), "feature:taste": Field(id="feature:taste", kind="vector")}
    assert bind(of_taste(), create_registry(Taste()), fields, known=()).computed == {}
