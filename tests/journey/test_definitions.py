"""Programs: nothing wrong is ever stored, so that a program can always be run and written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mentorkit import Manifest
from mentorkit.domain.programs import parse_preset
from mentorkit.errors import Conflict, Invalid
from mentorkit.journey import match, programs
from tests.journey.conftest import ADMIN, PRESET

MISSPELT = {
    "rules": [{"rule": "same", "field": "vilage"}],
    "criteria": [{"criterion": "equal", "field": "tradee"}],
}
NOT_THERE = ["strategy.rules[0].field", "strategy.criteria[0].field"]


class Greeter:
    """A plugin with a setting that a coordinator chooses."""

    manifest = Manifest(
        title="Greeter",
        program_settings={
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "greeting": {"type": "string", "title": "G", "description": "G", "default": "hi"}
            },
        },
    )


@pytest.fixture
def kit(create_kit: Callable[..., Any]) -> Any:
    return create_kit(plugins=("matching", ("greeter", Greeter())))


def create(kit: Any, **sections: Any) -> dict[str, Any]:
    preset = {**PRESET, **sections}
    return programs.create(kit, tenant="acme", actor=ADMIN, key="traders", preset=preset)


def define(kit: Any, kind: str, body: Any, key: str = "") -> dict[str, Any]:
    return programs.define(
        kit, tenant="acme", actor=ADMIN, program="traders", kind=kind, body=body, key=key
    )


def wrong(act: Callable[..., Any], *given: Any, **sections: Any) -> tuple[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        act(*given, **sections)
    return caught.value.code, [problem.place for problem in caught.value.problems]


def export(kit: Any) -> dict[str, Any]:
    return programs.export(kit, tenant="acme", actor=ADMIN, program="traders")


def test_a_misspelt_field_in_a_strategy_is_told_when_it_is_given(kit: Any) -> None:
    assert wrong(create, kit, strategy=MISSPELT) == ("preset.invalid", NOT_THERE)
    create(kit)
    assert wrong(define, kit, "strategy", MISSPELT) == ("strategy.invalid", NOT_THERE)


def test_columns_are_mapped_to_what_there_is(create_kit: Callable[..., Any]) -> None:
    kit = create_kit(plugins=("matching", "csv"))
    columns = {"Dorf": "village", "Mail": "email"}
    assert wrong(create, kit, columns={"Dorf": "vilage"}) == ("preset.invalid", ["columns.Dorf"])
    create(kit, columns=columns)
    before = export(kit)
    assert wrong(define, kit, "columns", {**columns, "Beruf": "job"}) == (
        "columns.invalid",
        ["columns.Beruf"],
    )
    define(kit, "strategy", {})
    code, places = wrong(define, kit, "fields", {"trade": PRESET["fields"]["trade"]})
    assert (code, places) == ("fields.invalid", ["columns.Dorf"])
    assert export(kit)["columns"] == before["columns"]


def test_a_field_keeps_its_kind_while_answers_are_not_of_the_new_one(world: Any) -> None:
    number = {**PRESET["fields"], "village": {"kind": "number"}}
    with pytest.raises(Invalid, match="4 stored answer") as caught:
        define(world.kit, "fields", number)
    assert [problem.place for problem in caught.value.problems] == ["fields.village.kind"]
    option = {**PRESET["fields"], "village": {"kind": "option", "options": ["Ora", "Wen"]}}
    assert define(world.kit, "fields", option)["number"] == 2


def test_an_option_stays_while_answers_use_it(world: Any) -> None:
    trade = PRESET["fields"]["trade"]
    fewer = {**PRESET["fields"], "trade": {**trade, "options": ["smith"]}}
    with pytest.raises(Invalid, match=r"2 stored answer\(s\) use an option") as caught:
        define(world.kit, "fields", fewer)
    assert [problem.place for problem in caught.value.problems] == ["fields.trade.options"]
    unused = [*trade["options"], "glazier"]
    for options in (unused, trade["options"]):
        define(world.kit, "fields", {**PRESET["fields"], "trade": {**trade, "options": options}})


def test_mistakes_in_shape_and_in_names_are_told_at_once(kit: Any) -> None:
    rules = [{"rule": "same", "field": "vilage"}, {"rule": "no_such_rule"}]
    wanted = ["strategy.rules[0].field", "strategy.rules[1].rule"]
    strategy = {"rules": rules, "objective": "most"}
    assert wrong(create, kit, strategy=strategy, targets={"length": 3}) == (
        "preset.invalid",
        ["strategy.objective", "targets.length", *wanted],
    )
    create(kit)
    code, places = wrong(define, kit, "strategy", strategy)
    assert (code, places) == ("strategy.invalid", ["strategy.objective", *wanted])


def test_what_only_follows_from_another_mistake_is_not_told(kit: Any) -> None:
    fields = {**PRESET["fields"], "age": {"kind": "colour"}}
    strategy = {
        "rules": [{"field": "trade"}, {"rule": "no_such_rule"}],
        "criteria": [{"criterion": "equal", "field": "age"}, {"criterion": "no_such"}],
        "assigner": 5,
    }
    assert wrong(create, kit, fields=fields, strategy=strategy)[1] == [
        "fields.age.kind", "strategy.assigner", "strategy.rules[0]", "strategy.rules[1].rule",
        "strategy.criteria[1].criterion",
    ]  # fmt: skip
    for section in ({"fields": 5}, {"strategy": 5}):
        places = wrong(create, kit, **section, requirements=[])[1]
        assert places == list(section)
    asked = [{"id": "old", "field": "age", "test": "at_least", "value": 18}]
    for broken in (fields, 5):
        where = wrong(create, kit, fields=broken, requirements=asked, strategy={})[1]
        assert where == ["fields.age.kind" if broken is fields else "fields"]
    other = [*asked, {"id": "new", "field": "agee"}]
    assert wrong(create, kit, fields=fields, requirements=other, strategy={})[1] == [
        "fields.age.kind", "requirements[1].field",
    ]  # fmt: skip


def test_fields_that_are_still_asked_for_cannot_be_taken_away(kit: Any) -> None:
    create(kit)
    code, places = wrong(define, kit, "fields", {"village": {"kind": "text"}})
    assert (code, places) == (
        "fields.invalid",
        ["requirements[0].field", "strategy.criteria[0].field"],
    )
    define(kit, "requirements", {"requirements": []})
    define(kit, "strategy", {"criteria": [{"criterion": "equal", "field": "village"}]})
    assert define(kit, "fields", {"village": {"kind": "text"}})["number"] == 2


def test_a_run_is_refused_when_a_stored_strategy_names_a_field_that_is_gone(world: Any) -> None:
    with world.kit.transaction(tenant="acme") as tx:
        tx.definitions.put(world.program, "fields", {"village": {"kind": "text"}})
    with pytest.raises(Invalid, match="there is no field 'trade'"):
        match.draft(world.kit, **world.at, program="traders")


def test_a_strategy_without_criteria_has_its_names_checked_too(kit: Any) -> None:
    bad = {"assigner": "choice", "rules": [{"rule": "no_such_rule"}]}
    assert wrong(create, kit, strategy=bad) == ("preset.invalid", ["strategy.rules[0].rule"])


def test_opening_asks_for_a_criterion_or_an_assigner_that_needs_none(kit: Any) -> None:
    create(kit, strategy={})
    with pytest.raises(Conflict) as caught:
        programs.open_(kit, tenant="acme", actor=ADMIN, program="traders")
    assert caught.value.code == "program.no_criteria"
    define(kit, "strategy", {"assigner": "choice"})
    opened = programs.open_(kit, tenant="acme", actor=ADMIN, program="traders")
    assert opened["state"] == "open"


def test_opening_is_refused_while_the_strategy_cannot_be_used(kit: Any) -> None:
    made = create(kit)
    with kit.transaction(tenant="acme") as tx:
        body = {"criteria": [{"criterion": "same_lake"}]}
        tx.definitions.put(made["id"], "strategy", body)
        tx.definitions.put(made["id"], "plugin", {"enabled": True}, "lake")
    with pytest.raises(Invalid, match="traders cannot match by its strategy") as caught:
        programs.open_(kit, tenant="acme", actor=ADMIN, program="traders")
    assert [one.place for one in caught.value.problems] == [
        "strategy.criteria[0].criterion", "plugin lake",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "key", "body", "place"),
    [
        ("fields", "", {**PRESET["fields"], "age": {"kind": "colour"}}, "fields.age.kind"),
        ("requirements", "", {"requirement": []}, "requirement"),
        ("requirements", "", {"requirements": [{"id": "a", "field": "b"}]},
         "requirements[0].field"),
        ("targets", "", {"length": 3}, "targets.length"),
        ("summary", "", {"en": 5}, "summary"),
        ("consent", "", {"en": ["yes"]}, "consent"),
        ("messages", "", {"proposal_offered": {"subject": {"en": "{evil}"}, "body": "x"}},
         "messages.proposal_offered.subject.en"),
        ("columns", "", "Village", "columns"),
        ("staff", "", {"boss": {"en": "x"}}, "staff.boss"),
        ("cohort", "spring", {"starts": "2027-01-01"}, "cohorts[0]"),
        ("plugin", "nosuch", {"enabled": True}, "plugins.nosuch"),
        ("plugin", "greeter", {"enabled": "no"}, "plugins.greeter.enabled"),
        ("plugin", "greeter", {"on": True}, "plugins.greeter.on"),
        ("plugin", "greeter", {"settings": {"greting": "x"}}, "plugins.greeter.settings.greting"),
    ],
)  # fmt: skip
def test_nothing_wrong_is_stored_whatever_is_defined(
    kit: Any, kind: str, key: str, body: Any, place: str
) -> None:
    create(kit)
    before = export(kit)
    assert wrong(define, kit, kind, body, key) == (f"{kind}.invalid", [place])
    assert export(kit) == before


def test_everything_that_was_defined_is_written_out_again(kit: Any) -> None:
    create(kit)
    define(kit, "messages", {"milestone_due": {"subject": "Hello", "body": {"en": "{person}"}}})
    define(kit, "summary", {"en": "For traders"})
    define(kit, "consent", {})
    define(kit, "staff", {"viewer": "The funder"})
    define(kit, "columns", {"Dorf": "village"})
    define(kit, "plugin", {"enabled": True, "settings": {"greeting": "hello"}}, "greeter")
    spring = {"starts": "2027-01-31", "ends": "2027-05-31"}
    assert define(kit, "cohort", spring, "spring")["key"] == "spring"
    assert define(kit, "cohort", {**spring, "key": "spring"})["number"] == 2
    data = export(kit)
    made = parse_preset(data)
    assert [cohort.key for cohort in made.cohorts] == ["spring"]
    assert made.plugins["greeter"]["settings"]["greeting"] == "hello"
    assert (made.columns, made.consent) == ({"Dorf": "village"}, {})
    again = programs.create(kit, tenant="acme", actor=ADMIN, key="next", preset=data)
    assert programs.export(kit, tenant="acme", actor=ADMIN, program=again["id"]) == data


def test_a_preset_may_only_set_what_a_loaded_plugin_takes(kit: Any) -> None:
    given = {"greeter": {"settings": {"greeting": 5}}, "nosuch": {}}
    assert wrong(create, kit, plugins=given) == (
        "preset.invalid",
        ["plugins.greeter.settings.greeting", "plugins.nosuch"],
    )


def test_a_change_made_from_an_older_version_is_refused(kit: Any) -> None:
    create(kit)
    by: dict[str, Any] = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
    first = programs.define(kit, **by, kind="referral", body={"en": "Ask Eva."}, was=0)["number"]
    programs.define(kit, **by, kind="referral", body={"en": "Ask Fay."}, was=first)
    for old in (0, first):
        with pytest.raises(Conflict) as caught:
            programs.define(kit, **by, kind="referral", body={"en": "Ask me."}, was=old)
        assert caught.value.code == "definition.changed"
    assert export(kit)["referral"] == {"en": "Ask Fay."}
    assert define(kit, "referral", {"en": "Ask all."})["number"] == first + 2
