"""The list of whom one can choose, narrowed to those who show what is looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mentorkit.errors import Conflict, Invalid, NotAllowed
from mentorkit.journey import (
    accept,
    match,
    narrowing,
    onboard,
    programs,
    protect,
    setup,
    suggestions,
)
from mentorkit.journey.definitions import fields_of
from tests.journey.conftest import lead

FIELDS: dict[str, Any] = {
    "tongues": {
        "kind": "options", "options": {"sw": "Swahili", "en": "English", "fr": "French"},
        "shown": True,
    },
    "country": {
        "kind": "option", "options": {"KE": "Kenya", "UG": "Uganda"}, "shown": True,
        "roles": ["mentor"],
    },
    "income": {"kind": "ordered", "options": ["low", "high"]},
    "needs": {"kind": "option", "options": ["money"], "roles": ["mentee"], "shown": True},
    "about": {"kind": "text", "shown": True},
}  # fmt: skip
TRADES = ("baker", "tailor", "smith")
MENTORS = 23


@pytest.fixture
def create_many(create_world: Callable[..., Any]) -> Callable[..., Any]:
    """Return a factory of worlds with Ana, and mentors who differ in all that they answer."""

    def create(**options: Any) -> Any:
        people = [lead("ana", "mentee", trade="baker", village="Ora")]
        people += [
            lead(f"m{n:02}", "mentor", trade=TRADES[n % 3], village=("Ora", "Wen")[n % 2])
            for n in range(MENTORS)
        ]
        world = create_world(people, **{"fields": FIELDS, "matching": "self", **options})
        for n in range(MENTORS):
            told = {
                "tongues": [("sw",), ("en",), ("sw", "fr"), ()][n % 4],
                "country": ("KE", "UG")[n % 5 == 0],
                "income": ("low", "high")[n % 2],
            }
            onboard.answer(world.kit, **world.at, participant=world.ids[f"m{n:02}"], answers=told)
        return world

    return create


@pytest.fixture
def world(create_many: Callable[..., Any]) -> Any:
    return create_many()


def own(world: Any, key: str = "ana") -> dict[str, Any]:
    return {"tenant": "acme", "actor": world.by(key)}


def listed(world: Any, **how: Any) -> list[dict[str, Any]]:
    by = how.pop("by", own(world))
    found = suggestions.mentors(world.kit, **by, participant=world.ids["ana"], **how)
    return list(found["mentors"])


def everybody(world: Any, *wheres: Any) -> list[list[str] | None]:
    asked = [(world.ids["ana"], where) for where in wheres]
    return suggestions.everybody(world.kit, **world.at, program="traders", searches=asked)


def shows(one: dict[str, Any], **where: set[str]) -> bool:
    answers = one["answers"]
    given = {
        name: set(told) if isinstance(told := answers.get(name), list) else {told} for name in where
    }
    return all(given[name] & options for name, options in where.items())


@pytest.mark.parametrize("where", [
    {"country": ["KE"]},
    {"tongues": ["sw"]},
    {"tongues": ["sw", "en"]},
    {"tongues": ["fr", "en"], "country": ["UG"]},
    {"country": ["KE", "UG"]},
    {"tongues": [], "country": ["UG"]},
])  # fmt: skip
def test_the_best_of_those_who_pass_stand_in_the_order_and_words_of_the_whole_list(
    world: Any, where: dict[str, list[str]]
) -> None:
    every = listed(world, limit=50)
    assert len(every) == MENTORS
    fit = [one for one in every if shows(one, **{k: set(v) for k, v in where.items() if v})]
    assert listed(world, limit=50, where=where) == fit
    assert listed(world, limit=3, where=where) == fit[:3]
    assert everybody(world, where, {}) == [[one["id"] for one in fit], [o["id"] for o in every]]


def test_those_who_pass_are_found_beyond_the_first_of_the_list(world: Any) -> None:
    every = listed(world, limit=50)
    late = next(one for one in reversed(every) if one["answers"]["country"] == "UG")
    assert late not in every[:5]
    assert late in listed(world, limit=5, where={"country": ["UG"]})
    assert listed(world, limit=1, among=[late["id"]]) == [late]


def test_an_option_may_be_named_and_what_was_looked_for_comes_back_by_ids(world: Any) -> None:
    told = suggestions.mentors(
        world.kit, **own(world), participant=world.ids["ana"], where={"country": ["uganda"]}
    )
    assert told["where"] == {"country": ["UG"]}
    assert {one["answers"]["country"] for one in told["mentors"]} == {"UG"}


def test_nothing_hidden_narrows_the_list_and_all_that_is_wrong_is_told_at_once(world: Any) -> None:
    asked = {
        "income": ["low"], "needs": ["money"], "about": ["x"], "nix": ["y"],
        "tongues": ["Klingon"], "country": ["KE", "Mars"],
    }  # fmt: skip
    for by in (own(world), world.at):
        with pytest.raises(Invalid) as error:
            listed(world, by=by, where=asked)
        assert error.value.code == "suggestions.where"
        told = {one.place: one.message for one in error.value.problems}
        assert set(told) == set(asked)
        assert "write one of tongues, country" in told["income"]
        assert "'Mars' is not an option" in told["country"]


def test_who_has_not_agreed_to_an_answer_being_shown_is_not_found_by_it(
    create_many: Callable[..., Any], clock: Any
) -> None:
    world = create_many(fields={**FIELDS, "country": {**FIELDS["country"], "shown": False}})
    clock.forward(days=1)
    setup.field(world.kit, **world.at, program="traders", field="country", shown=True)
    clock.forward(days=1)
    assert listed(world, where={"country": ["KE"]}) == []
    assert everybody(world, {"country": ["KE"]}) == [[]]
    onboard.withdraw(world.kit, **own(world, "m01"), participant=world.ids["m01"])
    onboard.consent(world.kit, **own(world, "m01"), participant=world.ids["m01"])
    (one,) = listed(world, where={"country": ["KE"]})
    assert one["id"] == world.ids["m01"]
    assert everybody(world, {"country": ["KE"]}) == [[world.ids["m01"]]]


def test_what_is_gone_of_a_kept_search_is_told_and_narrows_nothing(world: Any) -> None:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        program = tx.programs.first(key="traders")
        fields = narrowing.offered(tx, program)
        assert set(fields_of(tx, program)) > set(fields) == {"tongues", "country"}
    kept = {"nix": ["a"], "tongues": ["sw", "xx"], "country": ["Mars"]}
    found = narrowing.holding(fields, kept)
    assert found == ({"tongues": ("sw",)}, ["nix", "tongues=xx", "country=Mars"])
    told = suggestions.narrows(world.kit, **own(world), participant=world.ids["ana"], where=kept)
    assert told["where"] == {"tongues": ["sw"]}
    assert told["gone"] == ["nix", "tongues=xx", "country=Mars"]
    assert [one["id"] for one in told["fields"]] == ["tongues", "country"]
    assert everybody(world, kept) == everybody(world, {"tongues": ["sw"]})


def test_who_is_blocked_has_said_no_or_is_full_is_in_no_search(world: Any) -> None:
    first, second, third = (one["id"] for one in listed(world, limit=3))
    names = {id: key for key, id in world.ids.items()}
    two = {"person": world.persons["ana"], "other": world.persons[names[first]]}
    protect.block(world.kit, **own(world), **two)
    asked = match.propose(world.kit, **own(world), mentee=world.ids["ana"], mentor=second)
    accept.decline(world.kit, **own(world, names[second]), proposal=asked["id"])
    onboard.set_capacity(world.kit, **world.at, participant=third, capacity=0)
    (ids,) = everybody(world, {})
    assert ids is not None
    assert {first, second, third}.isdisjoint(ids)
    assert len(ids) == MENTORS - 3
    assert [one["id"] for one in listed(world, limit=50)] == ids


def test_whoever_can_choose_nobody_now_finds_nobody(world: Any) -> None:
    ana = world.ids["ana"]
    mentors = suggestions.everybody(
        world.kit, **world.at, program="traders", searches=[(world.ids["m01"], {}), ("nix", {})]
    )
    assert mentors == [None, None]
    onboard.pause(world.kit, **own(world), participant=ana)
    assert everybody(world, {}) == [None]
    onboard.resume(world.kit, **own(world), participant=ana)
    assert everybody(world, {}) != [None]
    match.propose(world.kit, **own(world), mentee=ana, mentor=world.ids["m01"])
    assert everybody(world, {}) == [None], "an open proposal holds the place"
    with pytest.raises(Conflict):
        listed(world)
    programs.close(world.kit, **world.at, program="traders")
    assert everybody(world, {}) == [None]


def test_where_staff_match_nobody_looks_for_themselves(create_many: Callable[..., Any]) -> None:
    world = create_many(matching="staff")
    assert everybody(world, {}) == [None]
    for look in (suggestions.mentors, suggestions.narrows):
        with pytest.raises(NotAllowed):
            look(world.kit, **own(world), participant=world.ids["ana"])
    assert listed(world, by=world.at, where={"country": ["KE"]}), "staff narrow it too"
    with pytest.raises(NotAllowed):
        suggestions.everybody(world.kit, **own(world), program="traders", searches=[])
