"""Plugins of a program: which are on, what they are set to, and a change of both."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Manifest
from mentorkit.domain.people import Actor
from mentorkit.errors import Invalid, NotAllowed, NotFound
from mentorkit.journey import plugins, programs

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "days": {"type": "integer", "title": "Days", "description": "How many.", "minimum": 1,
                 "default": 7},
        "word": {"type": "string", "title": "Word", "description": "Which.", "default": "hello"},
    },
}  # fmt: skip
TOKEN = {"token": {"type": "string", "title": "Token", "description": "A secret.",
                   "writeOnly": True}}  # fmt: skip


@pytest.fixture
def here(
    create_world: Callable[..., SimpleNamespace], create_kit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:  # fmt: skip
    monkeypatch.setenv("GREETER_TOKEN", "s3cret")
    settings = {**SCHEMA, "properties": TOKEN, "required": ["token"]}
    greeter = SimpleNamespace(
        manifest=Manifest(
            title="Greeter", summary="Greets.", settings=settings, program_settings=SCHEMA
        )
    )
    kit = create_kit(
        plugins=("matching", ("greeter", greeter)),
        settings={"greeter": {"token": {"$env": "GREETER_TOKEN"}}},
    )
    return create_world(kit=kit)


def shown(here: Any, name: str = "greeter", **by: Any) -> dict[str, Any]:
    rows = plugins.show(here.kit, **{**here.at, **by}, program="traders")
    return next(row for row in rows if row["name"] == name)


def change(here: Any, plugin: str = "greeter", **what: Any) -> dict[str, Any]:
    return plugins.change(here.kit, **{**here.at, "program": "traders", "plugin": plugin, **what})


def test_a_loaded_plugin_is_on_and_as_usual_until_the_program_says_otherwise(here: Any) -> None:
    one = shown(here)
    assert (one["title"], one["summary"], one["on"]) == ("Greeter", "Greets.", True)
    assert one["settings"] == {"days": 7, "word": "hello"}
    assert (one["set"], one["used"]) == ({}, [])
    assert "s3cret" not in str(one)
    assert "token" not in one["schema"]["properties"]


def test_what_is_not_given_stays_and_a_new_start_is_as_usual(here: Any) -> None:
    change(here, settings={"days": 3})
    change(here, settings={"word": "hi"})
    made = change(here, on=False)
    assert (made["kind"], made["key"], made["number"]) == ("plugin", "greeter", 3)
    one = shown(here)
    assert (one["on"], one["settings"]) == (False, {"days": 3, "word": "hi"})
    change(here, settings={"word": "hi"}, anew=True)
    assert (shown(here)["settings"]["days"], shown(here)["on"]) == (7, False)
    assert shown(here)["set"] == {"word": "hi"}
    change(here, on=True, anew=True)
    assert (shown(here)["on"], shown(here)["set"]) == (True, {})


def test_all_that_is_wrong_is_told_and_nothing_is_kept(here: Any) -> None:
    with pytest.raises(Invalid) as refused:
        change(here, on=False, settings={"days": 0, "word": 5, "wrod": "x"})
    told = {one.place: one.message for one in refused.value.problems}
    start = "plugins.greeter.settings"
    assert told.keys() == {f"{start}.days", f"{start}.word", f"{start}.wrod"}
    assert told[f"{start}.days"] == "write 1 or more"
    assert shown(here)["on"]
    with pytest.raises(NotFound, match="there are: matching, greeter"):
        change(here, plugin="nosuch", on=False)


def test_what_the_program_is_set_up_with_is_told(here: Any) -> None:
    used = shown(here, "matching")["used"]
    assert used == ["The same answer", "The best pairs for the objective"]


def test_a_plugin_gets_what_is_usual_the_deployers_and_the_programs_own_on_top(here: Any) -> None:
    with here.kit.transaction(tenant="acme", write=False) as tx:
        program = tx.programs.get(here.program)
    given = here.kit.context("acme", program, "greeter", settings={"word": "hi"}).settings
    assert given == {"days": 7, "word": "hi", "token": "s3cret"}
    assert here.kit.context("acme", None, "greeter").settings == {"token": "s3cret"}


@pytest.fixture
def given(create_world: Callable[..., Any], create_kit: Callable[..., Any]) -> Any:
    """A world whose deployer has set `days`, which a program may set too, and a secret `word`."""
    word = {"type": "string", "title": "W", "description": "W.", "writeOnly": True}
    theirs = {"days": SCHEMA["properties"]["days"], "word": word}
    manifest = Manifest(
        title="G",
        settings={**SCHEMA, "properties": theirs, "required": ["word"]},
        program_settings=SCHEMA,
    )
    return create_world(
        kit=create_kit(
            plugins=("matching", ("greeter", SimpleNamespace(manifest=manifest))),
            settings={"greeter": {"days": 21, "word": {"$env": "GREETER_TOKEN"}}},
        )
    )


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETER_TOKEN", "s3cret")


def test_what_the_deployer_has_set_is_in_force_and_said_to_be_theirs(given: Any) -> None:
    one = shown(given)
    assert (one["settings"]["days"], one["usual"]["days"], one["set"]) == (21, 21, {})
    assert one["given"] == ["days"]
    assert "s3cret" not in str(one)
    change(given, settings={"days": 7})
    one = shown(given)
    assert (one["settings"]["days"], one["usual"]["days"], one["set"]) == (7, 21, {"days": 7})


def test_readers_look_and_coordinators_change(here: Any) -> None:
    for name, role in (("vera", "viewer"), ("cora", "coordinator")):
        programs.appoint(
            here.kit, **here.at, program="traders", role=role, name=name, user_ref=name
        )
    vera, cora = Actor(user_ref="vera"), Actor(user_ref="cora")
    assert shown(here, actor=vera)["on"]
    with pytest.raises(NotAllowed):
        change(here, actor=vera, on=False)
    change(here, actor=cora, on=False)
    with pytest.raises(NotAllowed):
        shown(here, actor=Actor(user_ref="stranger"))


def test_settings_that_nest_too_deeply_are_refused_in_words(here: Any) -> None:
    deep: Any = {}
    for _ in range(2_000):
        deep = {"word": deep}
    with pytest.raises(Invalid, match="nests too deeply; make it flatter"):
        change(here, settings={"word": deep})
