"""Schemas are held to the house rules, values to their schema, and no message quotes a value."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit.domain.frozen import Frozen
from mentorkit.errors import PluginError, Problem
from mentorkit.hooks.manifest import EMPTY_SCHEMA
from mentorkit.hooks.settings import (
    check_options,
    check_schema,
    settle,
)


def schema(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Return a sound schema with these properties; title, description and default are filled."""
    made: dict[str, Any] = {
        name: {"title": name.title(), "description": f"The {name}.", **spec}
        for name, spec in properties.items()
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": made,
    }


def places(problems: Any) -> dict[str, str]:
    return {problem.place: problem.message for problem in problems}


PORT = schema(
    ("token",),
    token={"type": "string", "writeOnly": True, "minLength": 4},
    port={"type": "integer", "minimum": 1, "maximum": 65535, "default": 25},
    level={"type": "string", "enum": ["low", "high"], "default": "low"},
    names={"type": "array", "items": {"type": "string"}, "maxItems": 2, "default": []},
    since={"type": ["string", "null"], "format": "date", "default": None},
)


# ------------------------------------------------------------------ schemas


def test_a_sound_schema_has_no_problems() -> None:
    assert check_schema(PORT, "settings") == []
    assert check_schema(Frozen(PORT), "settings") == []
    assert check_schema(EMPTY_SCHEMA, "settings") == []


@pytest.mark.parametrize(
    ("broken", "place", "told"),
    [
        ([], "s", "as a mapping"),
        ({**PORT, "type": "array"}, "s.type", 'write "object"'),
        ({**PORT, "additionalProperties": True}, "s.additionalProperties", "write False"),
        ({**PORT, "anyOf": []}, "s.anyOf", "one flat object"),
        ({**PORT, "$schema": "http://json-schema.org/draft-07/schema#"}, "s.$schema", "2020-12"),
        ({**PORT, "required": ["gone"]}, "s.required", "'gone', which is no property"),
        ({**PORT, "required": "token"}, "s.required", "a list"),
        ({**PORT, "properties": []}, "s.properties", "give a mapping"),
        ({**PORT, "properties": {"a": 3}}, "s.a", "give a mapping"),
        (schema(a={"type": "string"}), "s.a", "give a default, or list it in `required`"),
        (schema(a={"type": "string", "default": "", "title": ""}), "s.a.title", "write it"),
        (schema(a={"type": "object", "default": {}}), "s.a.type", "an array of one of them"),
        (schema(a={"default": 1}), "s.a.type", "write string"),
        (schema(A={"type": "string", "default": ""}), "s.A", "small letters"),
        (schema(a={"type": "integer", "writeOnly": True, "default": 1}), "s.a.type", "is text"),
        (schema(a={"type": "string", "writeOnly": True, "default": "x"}), "s.a.default", "secret"),
        (schema(a={"type": "integer", "default": "1"}), "s.a.default", "a whole number"),
        (schema(a={"type": "integer", "default": 1, "minimum": 2}), "s.a.default", "2 or more"),
        (schema(a={"type": "string", "default": "", "pattern": "("}), "s.a.pattern", "no regular"),
        (schema(a={"type": "string", "default": "", "format": "iban"}), "s.a.format", "known are"),
        (schema(a={"type": "text", "default": ""}), "s.a.type", "write string"),
        (schema(a={"type": "string", "default": "", "minLength": "2"}), "s.properties.a", ""),
    ],
)
def test_a_broken_schema_is_the_authors_mistake(broken: Any, place: str, told: str) -> None:
    found = places(check_schema(broken, "s"))
    assert any(where.startswith(place) and told in message for where, message in found.items())


def test_options_may_nest_and_settings_may_not() -> None:
    nested = schema(
        partial={"type": "object", "additionalProperties": {"type": "number"}, "default": {}}
    )
    assert check_schema(nested, "options", flat=False) == []
    assert check_schema(nested, "settings")


def test_only_the_deployer_has_secrets() -> None:
    (problem,) = check_schema(PORT, "program_settings", secrets=False)
    assert problem.place == "program_settings.token.writeOnly"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list of connections that were tried; none gets through."""
    tried: list[Any] = []

    def refuse(*args: Any, **kwargs: Any) -> None:
        tried.append(args)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


def test_a_remote_reference_is_refused_and_never_fetched(no_network: list[Any]) -> None:
    remote = schema(a={"$ref": "http://schemas.example.org/a.json", "default": 1})
    assert "s.properties.a.$ref" in places(check_schema(remote, "s", flat=False))
    with pytest.raises(PluginError) as caught:
        check_options(remote, {"a": 1}, "criteria[0]")
    assert caught.value.code == "plugin.schema_invalid"
    assert no_network == []


def test_the_default_registry_would_have_fetched_it(no_network: list[Any]) -> None:
    from jsonschema import Draft202012Validator

    remote = {"$ref": "http://schemas.example.org/a.json"}
    with pytest.raises(Exception, match="Unresolvable"):
        list(Draft202012Validator(remote).iter_errors(1))
    assert no_network


@pytest.mark.parametrize("deep", [900, 100_000])
def test_a_deep_schema_is_told_and_not_walked(deep: int) -> None:
    nested: Any = {"type": "string"}
    for _ in range(deep):
        nested = {"items": nested}
    (problem,) = check_schema(schema(a={**nested, "default": 1}), "s")
    assert "nests deeper than 32" in problem.message


def test_a_huge_schema_is_told() -> None:
    names = [f"a{index}" for index in range(5000)]
    huge = PORT | {"properties": {name: {"type": "string", "default": ""} for name in names}}
    (problem,) = check_schema(huge, "s")
    assert "more than 10000 values" in problem.message


# ------------------------------------------------------------------ values


def test_defaults_are_filled_in_and_are_nobodys_to_change(monkeypatch: Any) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    given = {"token": {"$env": "TOKEN"}, "port": 587}
    settled = settle(PORT, given, "mail")
    assert settled.problems == ()
    first = settled.values
    assert first == {"token": "s3cret", "port": 587, "level": "low", "names": [], "since": None}
    first["names"].append("changed")
    assert settle(PORT, given, "mail").values["names"] == []


def test_a_secret_comes_from_a_file_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    given = {"token": {"$file": str(tmp_path / "token")}}
    settled = settle(PORT, given, "mail")
    assert settled.values["token"] == "s3cret"
    assert settled.secrets == {"s3cret"}
    assert "s3cret" not in repr(settled)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("written-out", 'is a secret; give it as {"$env": "NAME"} or {"$file": "path"}'),
        ({"$env": "UNSET_TOKEN"}, "the environment variable UNSET_TOKEN is not set; set it"),
        ({"$env": 3}, "give it as"),
        ({"$file": "/nowhere/token"}, "the file /nowhere/token cannot be read (No such file"),
        ({"$file": "\x00"}, "cannot be read"),
        ({"$file": ""}, "give it as"),
        ({"$env": "A", "$file": "b"}, "give it as"),
        (["written-out"], "give it as"),
    ],
)
def test_a_secret_that_cannot_be_read_is_told_without_it(value: Any, told: str) -> None:
    (problem,) = settle(PORT, {"token": value}, "mail").problems
    assert problem.place == "mail.token"
    assert told in problem.message
    assert "written-out" not in str(problem)


def test_a_file_that_is_no_secret_is_told(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"a" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xfa\xfb")
    for name, told in (("large", "longer than"), ("binary", "not UTF-8"), ("", "cannot be read")):
        given = {"token": {"$file": str(tmp_path / name)}}
        (problem,) = settle(PORT, given, "mail").problems
        assert told in problem.message


def test_everything_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "abc")
    given = {
        "token": {"$env": "TOKEN"},
        "port": 0,
        "level": "middle",
        "names": ["a", 2, "c"],
        "since": "yesterday",
        "colour": "red",
    }
    assert places(settle(PORT, given, "mail").problems) == {
        "mail.token": "write at least 4 characters",
        "mail.port": "write 1 or more",
        "mail.level": 'write one of "low", "high"',
        "mail.names": "list at most 2",
        "mail.names[1]": "write text",
        "mail.since": "write a valid date",
        "mail.colour": "is unknown; what can be set: level, names, port, since, token",
    }


def test_what_is_missing_is_told() -> None:
    assert [str(problem) for problem in settle(PORT, {}, "mail").problems] == [
        'mail.token: is missing; give it as {"$env": "NAME"} or {"$file": "path"}'
    ]


@pytest.mark.parametrize(
    "value", [3, "text", None, {1: 2}, {"port": float("nan")}, {"port": {"a": [[[[]]]] * 4000}}]
)
def test_what_is_no_table_is_told(value: Any) -> None:
    assert settle(PORT, value, "mail").problems
    assert check_options(PORT, value, "options")[1]


CANARY = "canary-5f1c"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.just(CANARY) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["$env", "a"]), inner, max_size=2)
        ),
        max_leaves=6,
    )
)
def test_no_message_ever_quotes_a_value(value: Any) -> None:
    assert CANARY not in "".join(_told(settle(PORT, {"token": value}, "mail").problems, value))
    assert CANARY not in "".join(_told(check_options(PORT, {"level": value}, "mail")[1], value))


def _told(problems: Any, value: Any) -> list[str]:
    # The name of an environment variable is no secret: it is where the secret lies.
    named = value.get("$env") if isinstance(value, dict) and len(value) == 1 else None
    return [str(problem) for problem in problems if not isinstance(named, str)]


def test_a_value_by_reference_counts_as_a_secret_anywhere(monkeypatch: Any) -> None:
    monkeypatch.setenv("LEVEL", "high")
    settled = settle(PORT, {"level": {"$env": "LEVEL"}}, "mail")
    assert settled.values["level"] == "high"
    assert settled.secrets == {"high"}


# ------------------------------------------------------------------ options


def test_options_are_filled_in_and_checked_at_their_place() -> None:
    options = schema(("field",), field={"type": "string"}, target={"type": "number", "default": 0})
    assert check_options(options, Frozen({"field": "age"}), "criteria[1]") == (
        {"field": "age", "target": 0},
        [],
    )
    assert check_options(options, {"target": "near"}, "criteria[1]")[1] == [
        Problem("criteria[1].field", "is missing; write text (Field)"),
        Problem("criteria[1].target", "write a number (Target)"),
    ]


def test_options_never_read_the_environment() -> None:
    options = schema(key={"type": "string", "default": ""})
    (problem,) = check_options(options, {"key": {"$env": "HOME"}}, "criteria[0]")[1]
    assert problem == Problem("criteria[0].key", "write text (Key)")


def test_no_options_need_no_jsonschema_and_take_nothing() -> None:
    assert check_options(EMPTY_SCHEMA, {}, "criteria[0]") == ({}, [])
    (problem,) = check_options(EMPTY_SCHEMA, {"wieght": 1}, "criteria[0]")[1]
    assert problem == Problem("criteria[0].wieght", "is unknown; what can be set: nothing")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("email", "ada@example.org", "not an email"),
        ("uri", "https://example.org/a", "example.org"),
        ("date-time", "2026-01-05T10:00:00Z", "2026-01-05T10:00:00"),
        ("date", "2026-01-05", "5.1.2026"),
        ("uuid", "6c84fb90-12c4-11e1-840d-7b25c5ee775a", "6c84fb90"),
    ],
)
def test_formats_are_checked(kind: str, good: str, bad: str) -> None:
    options = schema(value={"type": "string", "format": kind, "default": good})
    assert check_schema(options, "options", flat=False) == []
    assert check_options(options, {"value": good}, "o")[1] == []
    assert check_options(options, {"value": bad}, "o")[1] == [
        Problem("o.value", f"write a valid {kind}")
    ]
