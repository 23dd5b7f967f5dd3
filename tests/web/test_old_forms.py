"""A form of the set-up that was opened before somebody else changed the same undoes nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Browser, Portal

from mentorkit.journey import plugins, programs
from mentorkit.kit import Kit

AT = "/programs/traders"
SETUP, PLUGINS, STRATEGY, PLAN = (
    f"{AT}/{one}" for one in ("setup", "plugins", "matching/strategy", "plan")
)
CHANGED = "Somebody has changed this since you looked at it"
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
ASKS = {"field": "trade", "test": "answered"}
RULE = {"do": "requirement", "about": "field:trade", "test": "answered", "id": "has_trade"}


@pytest.fixture
def portal(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    kit = create_kit(plugins=("matching", "checkins", "wordlist"))
    asks = [{"id": "has_trade", **ASKS}]
    return create_portal(kit=kit, requirements=asks, signoffs=[{"id": "ethics", "text": "Code"}])


def was(browser: Browser, *near: str) -> str:
    """Return the version that a form of the page was made from: the one with all of these in it."""
    forms = re.findall(r"<form.*?</form>", browser.page.text, re.DOTALL)
    (form,) = [one for one in forms if all(part in one for part in near)]
    return re.findall(r'name="was" value="(\d+)"', form)[0]


def state(portal: Portal) -> dict[str, Any]:
    return programs.export(portal.kit, **BY)


@pytest.mark.parametrize(
    ("near", "theirs", "mine"),
    [
        (
            ['value="field"', 'name="field" value="trade"'],
            {"do": "field", "field": "trade", "label": "What do you trade in?"},
            {"do": "field", "field": "trade", "label": "Trade", "required": "yes"},
        ),
        (
            ['value="requirement"'],
            {**RULE, "otherwise": "ask", "text": "Tell us your trade."},
            {**RULE, "otherwise": "no"},
        ),
        (
            ['value="remove"', 'value="requirements"'],
            {**RULE, "otherwise": "ask"},
            {"do": "remove", "kind": "requirements", "id": "has_trade"},
        ),
        (
            ['value="signoff"'],
            {"do": "signoff", "id": "ethics", "text": "The new code"},
            {"do": "signoff", "id": "ethics", "text": "The code", "own": "yes"},
        ),
        (
            ['value="text"', 'value="consent"'],
            {"do": "text", "kind": "consent", "text.en": "Four hours a month."},
            {"do": "text", "kind": "consent", "text.en": "Two hours a month."},
        ),
        (
            ['value="supply"'],
            {"do": "supply", "ratio": "1", "gate": "yes"},
            {"do": "supply", "ratio": "0.5"},
        ),
    ],
    ids=["question", "requirement", "taking away", "sign-off", "text", "supply"],
)  # fmt: skip
def test_an_old_form_of_the_set_up_is_refused_and_a_new_one_is_taken(
    portal: Portal, near: list[str], theirs: dict[str, str], mine: dict[str, str]
) -> None:
    cora, admin = portal.browser("cora"), portal.browser("admin")
    cora.open(SETUP)
    old = was(cora, *near)
    admin.open(SETUP)
    admin.send(SETUP, **theirs, was=was(admin, *near))
    held = state(portal)
    assert CHANGED in cora.send(SETUP, 409, **mine, was=old)
    assert state(portal) == held, "what the other has set holds"
    cora.send(SETUP, **mine, was=was(cora, *near))
    assert state(portal) != held, "who has seen it may change it"


def test_a_text_that_was_typed_meanwhile_still_stands_there_beside_the_other(
    portal: Portal,
) -> None:
    cora, admin = portal.browser("cora"), portal.browser("admin")
    cora.open(SETUP)
    old = was(cora, 'value="text"', 'value="consent"')
    admin.open(SETUP)
    admin.send(SETUP, do="text", kind="consent", **{"text.en": "Four hours a month."})
    typed = {"text.en": "My long and careful text."}
    page = cora.send(SETUP, 409, do="text", kind="consent", was=old, **typed)
    assert "My long and careful text.</textarea>" in page
    assert "Now it reads: Four hours a month." in page


def test_a_change_of_something_else_is_in_nobodys_way(portal: Portal) -> None:
    cora, admin = portal.browser("cora"), portal.browser("admin")
    cora.open(SETUP)
    old = was(cora, 'value="supply"')
    admin.open(SETUP)
    admin.send(SETUP, do="text", kind="consent", **{"text.en": "Four hours a month."})
    assert CHANGED not in cora.send(SETUP, do="supply", ratio="0.5", was=old)


def test_an_old_form_of_a_plugin_keeps_what_was_typed_and_not_its_settings(portal: Portal) -> None:
    def kept(name: str = "checkins") -> Any:
        rows = plugins.show(portal.kit, **BY)
        return next(one["set"] for one in rows if one["name"] == name)

    cora, admin = portal.browser("cora"), portal.browser("admin")
    cora.open(PLUGINS)
    near = ('value="checkins"', 'value="set"')
    old = was(cora, *near)
    admin.open(PLUGINS)
    admin.send(PLUGINS, plugin="checkins", do="set", was=old, **{"checkins.quiet_days": "14"})
    admin.send(PLUGINS, plugin="wordlist", do="off")
    mine = {"plugin": "checkins", "do": "set", "checkins.quiet_days": "20"}
    wrong = cora.send(PLUGINS, 422, **{**mine, "checkins.quiet_days": "x"}, was=old)
    assert CHANGED not in wrong
    page = cora.send(PLUGINS, 409, **mine, was=was(cora, *near))
    assert CHANGED in page
    assert "What you have typed still stands in the form" in page
    assert 'name="checkins.quiet_days" value="20"' in page
    assert kept() == {"quiet_days": 14}
    cora.send(PLUGINS, **mine, was=was(cora, *near))
    assert kept() == {"quiet_days": 20}


def test_an_old_form_of_the_strategy_keeps_what_was_typed_and_is_not_in_force(
    portal: Portal,
) -> None:
    def fields(page: str, **changed: str) -> dict[str, str]:
        given = re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page)
        chosen = re.findall(r'<select[^>]* name="([^"]+)".*?value="([^"]*)" selected', page)
        told = {name: html.unescape(value) for name, value in (*given, *chosen)}
        return {**told, "do": "save", "mk_token": told["mk_token"], **changed}

    cora, admin = portal.browser("cora"), portal.browser("admin")
    cora.open(STRATEGY)
    admin.send(STRATEGY, **fields(admin.open(STRATEGY), **{"criteria.0.weight": "5"}))
    held = state(portal)
    cora.send(STRATEGY, **fields(cora.page.text, do="add_rules", add_rules="same"))
    mine = {"criteria.0.weight": "9", "rules.0.o.field": "trade"}
    page = cora.send(STRATEGY, 409, **fields(cora.page.text, **mine))
    assert CHANGED in page
    assert 'name="criteria.0.weight" inputmode="numeric" value="9"' in page
    assert state(portal) == held
    cora.send(STRATEGY, **fields(page, **{"rules.0.o.field": "trade"}))
    assert state(portal)["strategy"]["criteria"][0]["weight"] == 9


def test_an_old_form_of_the_plan_keeps_what_was_typed_and_changes_nothing(
    portal: Portal,
) -> None:
    cora, admin = portal.browser("cora"), portal.browser("admin")
    cora.open(PLAN)
    old = was(cora, 'value="none"')
    admin.open(PLAN)
    admin.send(PLAN, do="none", none="A university does it for us.", was=old)
    held = state(portal)
    page = cora.send(PLAN, 409, do="none", none="It is too early.", was=old)
    assert CHANGED in page
    assert "It is too early.</textarea>" in page
    assert state(portal) == held
