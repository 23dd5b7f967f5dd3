"""What a program uses of the loaded plugins: switched and set on a page, by their schemas."""

from __future__ import annotations

import html
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit import Manifest
from mentorkit.journey import plugins
from mentorkit.kit import Kit

AT = "/programs/traders/plugins"
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}


def spec(**rest: Any) -> dict[str, Any]:
    return {"title": "T", "description": "D.", **rest}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["who"],
    "properties": {
        "who": spec(type="string", title="Who greets {name}", maxLength=20),
        "tone": spec(enum=["plain", "warm"], type="string", default="plain"),
        "days": spec(type="integer", minimum=1, maximum=30, default=7),
        "share": spec(type="number", minimum=0, maximum=1, default=0.5),
        "loud": spec(type="boolean", default=False),
        "words": spec(type="array", items={"type": "string"}, maxItems=3, default=["hello"]),
        "kinds": spec(type="array", items={"type": "string", "enum": ["a", "b"]}, default=["a"]),
        "mixed": spec(type=["integer", "string"], title="Mixed", default=1),
        "pause": spec(type=["integer", "null"], default=3),
        "story": spec(type="string", maxLength=500, default=""),
    },
}
GOOD = {
    "greeter.who": "Ana", "greeter.tone": "warm", "greeter.days": "9", "greeter.share": "0,25",
    "greeter.loud": "yes", "greeter.words": "one, two\r\nthree\r\n", "greeter.kinds": ["", "b"],
    "greeter.mixed": '"x"', "greeter.pause": "", "greeter.story": "a\r\nb",
}  # fmt: skip
KEPT = {
    "who": "Ana", "tone": "warm", "days": 9, "share": 0.25, "loud": True,
    "words": ["one, two", "three"], "kinds": ["b"], "mixed": "x", "pause": None, "story": "a\nb",
}  # fmt: skip


@pytest.fixture
def portal(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit],
    monkeypatch: pytest.MonkeyPatch,
) -> Portal:  # fmt: skip
    monkeypatch.setenv("GREETER_TOKEN", "s3cret")
    token = {"token": spec(type="string", writeOnly=True)}
    greeter = SimpleNamespace(
        manifest=Manifest(
            title="Greeter",
            summary="Greets <everybody>.",
            settings={**SCHEMA, "properties": token, "required": ["token"]},
            program_settings=SCHEMA,
        )
    )
    kit = create_kit(
        plugins=("matching", "wordlist", "checkins", ("greeter", greeter)),
        settings={"greeter": {"token": {"$env": "GREETER_TOKEN"}}},
    )
    return create_portal(kit=kit)


def kept(portal: Portal, name: str = "greeter") -> dict[str, Any]:
    rows = plugins.show(portal.kit, **BY, program="traders")
    return next(row for row in rows if row["name"] == name)


def test_each_loaded_plugin_stands_there_and_is_switched_by_a_button(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert AT in cora.open("/programs/traders/setup")
    page = cora.open(AT)
    for told in (
        "Greets &lt;everybody&gt;.",
        "Holds texts with certain words",
        "Who greets {name}",
    ):
        assert told in page
    assert "The same answer, The best pairs for the objective. Switched off, that" in page
    assert "s3cret" not in page
    assert "token" not in page.replace("mk_token", "")
    page = cora.send(AT, plugin="wordlist", do="off")
    assert "It is switched off in this program" in page
    assert not kept(portal, "wordlist")["on"]
    assert "It is switched on in this program" in cora.send(AT, plugin="wordlist", do="on")
    assert kept(portal, "wordlist")["on"]


def test_the_form_of_a_schema_reads_back_what_was_typed(portal: Portal) -> None:
    cora = portal.browser("cora")
    page = cora.open(AT)
    assert "From 1 to 30." in page
    assert "One a line." in page
    assert 'name="greeter.kinds" value="a" checked' in page
    assert "Kept, as a new version" in cora.send(AT, plugin="greeter", do="set", **GOOD)
    assert kept(portal)["set"] == KEPT
    page = cora.open(AT)
    assert 'value="0.25"' in page
    assert ">\none, two\nthree</textarea>" in page
    assert ">\n&#34;x&#34;</textarea>" in page
    assert 'name="greeter.kinds" value="b" checked' in page


def test_what_is_as_usual_is_not_kept_and_lists_and_texts_can_be_emptied(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(AT)
    usual = {"greeter.who": "Ana", "greeter.days": "7", "greeter.loud": "no", "greeter.kinds": "a"}
    cora.send(AT, plugin="greeter", do="set", **usual)
    assert kept(portal)["set"] == {"who": "Ana"}
    empty = {"greeter.who": "Ana", "greeter.words": "", "greeter.kinds": "", "greeter.days": ""}
    cora.send(AT, plugin="greeter", do="set", **empty)
    assert kept(portal)["set"] == {"who": "Ana", "words": [], "kinds": []}


def test_each_error_stands_beside_its_field_and_nothing_typed_is_lost(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(AT)
    wrong = {
        **GOOD, "greeter.who": "", "greeter.days": "many", "greeter.share": "1.5",
        "greeter.words": "1\n2\n3\n4", "greeter.mixed": '{"a": 1', "greeter.story": "kept <words>",
    }  # fmt: skip
    page = html.unescape(cora.send(AT, 422, plugin="greeter", do="set", **wrong))
    for setting, told in (
        ("who", "is missing; write text"),
        ("days", "write a whole number"),
        ("share", "write 1 or less"),
        ("words", "list at most 3"),
        ("mixed", "cannot be read as JSON"),
    ):
        assert told in page.split(f'id="greeter.{setting}-wrong">')[1].split("</p>")[0]
    assert "(line 1, character 8)" in page
    for typed in ("kept <words>", 'value="many"', "1\n2\n3\n4</textarea>", '{"a": 1</textarea>'):
        assert typed in page
    assert page.count("<details open>") == 1
    assert kept(portal)["set"] == {}
    page = cora.send(AT, 422, plugin="greeter", do="set", **{**GOOD, "greeter.mixed": "[1]"})
    assert "write a whole number or text (Mixed)" in page
    page = cora.send(AT, 422, plugin="greeter", do="set", **{**GOOD, "greeter.mixed": "NaN"})
    assert "cannot be read as JSON" in page


def test_settings_that_no_longer_fit_stand_above_the_form(portal: Portal) -> None:
    with portal.kit.transaction(tenant="acme") as tx:
        program = tx.programs.get(kept_program(portal))
        tx.definitions.put(program.id, "plugin", {"settings": {"gone": 1}}, "greeter")
    cora = portal.browser("cora")
    cora.open(AT)
    page = cora.send(AT, 422, plugin="greeter", do="off")
    assert "gone: is unknown" in page
    cora.send(AT, plugin="greeter", do="set", **GOOD)
    cora.send(AT, plugin="greeter", do="off")
    assert not kept(portal)["on"]


def kept_program(portal: Portal) -> str:
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        return next(one.id for one in tx.programs.find(key="traders"))


def test_readers_look_and_others_do_not(portal: Portal) -> None:
    vera = portal.browser("vera")
    page = vera.open(AT)
    assert "Who greets {name}" in page
    assert "<form" not in page
    assert vera.knock("post", AT) == 403
    for user in ("ana", "cleo", "stranger", None):
        assert portal.browser(user).knock("get", AT) == 403
    cora = portal.browser("cora")
    cora.open(AT)
    assert cora.knock("post", AT) == 403, "without our token"
    cora.open(AT)
    cora.send(AT, 404, plugin="nosuch", do="off")
    cora.open(AT)
    cora.send(AT, 404, plugin="greeter", do="explode")


def test_what_the_deployer_has_set_stands_in_the_form_and_the_plugins_usual_can_be_chosen(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    days = {**SCHEMA, "required": [], "properties": {"days": SCHEMA["properties"]["days"]}}
    greeter = SimpleNamespace(
        manifest=Manifest(title="Greeter", settings=days, program_settings=days)
    )
    portal = create_portal(
        kit=create_kit(
            plugins=("matching", ("greeter", greeter)), settings={"greeter": {"days": 21}}
        )
    )
    cora = portal.browser("cora")
    page = cora.open(AT)
    assert 'value="21"' in page
    assert "Set for all programs by whoever operates this portal." in page
    for typed, own in (("21", {}), ("", {}), ("7", {"days": 7})):
        page = cora.send(AT, plugin="greeter", do="set", **{"greeter.days": typed})
        assert kept(portal)["set"] == own
    assert "Set for all programs" not in page


@pytest.mark.parametrize("typed", ["nan", "-inf", "1e400", "0_1", "infinity"])
def test_what_is_a_number_only_for_machines_is_refused_in_every_form_with_a_share(
    portal: Portal, typed: str
) -> None:
    cora = portal.browser("cora")
    cora.open(AT)
    cora.send(AT, 422, plugin="greeter", do="set", **{**GOOD, "greeter.share": typed})
    assert f'name="greeter.share" value="{typed}"' in cora.page.text
    cora.send(AT.replace("plugins", "setup"), 422, do="supply", ratio=typed)
    told = cora.send(AT.replace("plugins", "plan"), 422, do="amounts", period="month", winsor=typed)
    assert "write a share" in told
    told = cora.send(AT.replace("plugins", "supply"), 422, source="x", amount=typed, currency="KES")
    assert "write digits, such as 12 or 3.5" in told
    cora.send(AT, 422, plugin="greeter", do="set", **{**GOOD, "greeter.days": typed})
    assert kept(portal)["set"] == {}
