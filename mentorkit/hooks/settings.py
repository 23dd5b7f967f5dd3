"""JSON Schemas of settings and options: check them, fill in defaults, resolve secrets.

No message ever quotes a value that was given, so that a secret cannot leak through one. Nothing
is fetched: a schema stands alone, and the validator's registry is empty.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mentorkit.domain.frozen import thaw
from mentorkit.errors import PluginError, Problem
from mentorkit.hooks.calls import short

if TYPE_CHECKING:
    from jsonschema import FormatChecker, ValidationError

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DEEPEST = 32
"""How deep a schema or a value may nest; jsonschema answers deep ones with a RecursionError."""
LARGEST = 10_000
"""How many values a schema or a setting may hold."""
LONGEST_SECRET = 65_536
"""Bytes that are read from a secret's file."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TOP = frozenset({
    "$schema", "$comment", "title", "description", "type", "properties", "required",
    "additionalProperties",
})  # fmt: skip
_REFERENCES = (".$ref", ".$dynamicRef", ".$recursiveRef")
_ONE_BELOW = ("items", "additionalProperties", "not", "if", "then", "else", "contains")
_SOME_BELOW = ("anyOf", "oneOf", "allOf", "prefixItems")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_SECRET_FORMS = '{"$env": "NAME"} or {"$file": "path"}'
_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_SCALARS = set(_TYPE_WORDS) - {"array", "object"}
_BOUND_WORDS = {
    "minimum": "write {} or more",
    "maximum": "write {} or less",
    "exclusiveMinimum": "write more than {}",
    "exclusiveMaximum": "write less than {}",
    "multipleOf": "write a multiple of {}",
    "minLength": "write at least {} characters",
    "maxLength": "write at most {} characters",
    "minItems": "list at least {}",
    "maxItems": "list at most {}",
    "minProperties": "give at least {} entries",
    "maxProperties": "give at most {} entries",
    "pattern": "write text that matches {}",
    "const": "write {}",
    "format": "write a valid {}",
    "uniqueItems": "list each only once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Settings as a plugin gets them, everything wrong with them, and the secrets among them."""

    values: dict[str, Any] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


Expected = Iterator[tuple[str, object, str]]
"""What is expected: (where, is it so, what to do), one for each."""


def unmet(expected: Expected, place: str = "") -> list[Problem]:
    """Return what is told of all that is not as expected; each has its place below `place`."""
    problems = (Problem(f"{place}{where}", told) for where, is_so, told in expected if not is_so)
    return list(dict.fromkeys(problems))


def check_shape(
    schema: Any, place: str, *, flat: bool = True, secrets: bool = True
) -> list[Problem]:
    """Return where a plugin's schema breaks the house rules; needs no jsonschema to say so.

    `flat` (settings) allows properties of plain values and lists of them alone; options may nest.
    `secrets` allows `writeOnly`: only a deployer may name an environment variable or a file.
    """
    if problem := _unbounded(schema, place, "give a JSON Schema as a mapping"):
        return [problem]
    return unmet(_of_a_schema(schema, flat=flat, secrets=secrets), place)


def _of_a_schema(schema: Mapping[str, Any], *, flat: bool, secrets: bool) -> Expected:
    yield ".$schema", schema.get("$schema", DRAFT) == DRAFT, f"write {DRAFT}, or leave it out"
    yield ".type", schema.get("type") == "object", 'write "object"'
    closed = schema.get("additionalProperties") is False
    yield ".additionalProperties", closed, "write False, so that a typing error is seen"
    for key in sorted(schema) if flat else ():
        yield f".{key}", key in _TOP, "leave it out: settings are one flat object"
    alone = "leave it out: a schema stands alone, and nothing is fetched for it"
    for where, _, node in _nodes(schema):
        # A mapping under "properties" has names for keys, and a name may be anything.
        yield where, not (isinstance(node, str) and where.endswith(_REFERENCES)), alone
    properties, required = schema.get("properties", {}), schema.get("required", ())
    named, listed = isinstance(properties, Mapping), isinstance(required, list | tuple)
    yield ".properties", named, "give a mapping"
    yield ".required", listed, "give a list of property names"
    if not (named and listed):
        return
    for name in required:
        yield ".required", name in properties, f"names {name!r}, which is no property"
    for name, spec in properties.items():
        spelled = _NAME.fullmatch(name)
        yield f".{name}", spelled, "name it in small letters, digits and underscores"
        yield f".{name}", isinstance(spec, Mapping), "give a mapping"
        if isinstance(spec, Mapping):
            given = name in required or "default" in spec
            yield f".{name}", given, "give a default, or list it in `required`"
            for key, is_so, told in _of_a_property(spec, flat=flat, secrets=secrets):
                yield f".{name}.{key}", is_so, told


def _of_a_property(spec: Mapping[str, Any], *, flat: bool, secrets: bool) -> Expected:
    for key in ("title", "description"):
        yield key, is_text(spec.get(key)), "write it: the form shows it to a person"
    if flat:
        kinds, items = _kinds(spec), spec.get("items")
        if kinds == ["array"] and isinstance(items, Mapping):
            kinds = _kinds(items)
            if kinds == ["object"]:  # of tables that are flat themselves
                below = items.get("properties", {}).values()
                kinds = [kind for one in below for kind in _kinds(one)]
        plain = kinds and _SCALARS.issuperset(kinds)
        told = "write string, integer, number, boolean, or an array of one of them"
        yield "type", plain, f"{told}, or of flat tables"
    else:
        known = _TYPE_WORDS.keys() >= set(_kinds(spec))
        yield "type", known, f"is no type of a value; write one of {', '.join(_TYPE_WORDS)}"
    if spec.get("writeOnly"):
        yield "type", spec.get("type") == "string", 'write "string": a secret is text'
        yield "default", spec.get("default", "") == "", "a secret has no default but an empty text"
        yield "writeOnly", secrets, "a secret belongs into `settings`: the deployer's"


def is_text(value: object) -> bool:
    """Return whether it is a text that says something."""
    return isinstance(value, str) and bool(value.strip())


def _kinds(spec: Mapping[str, Any]) -> list[str]:
    kinds = spec.get("type", ())
    return [str(kind) for kind in (kinds if isinstance(kinds, list | tuple) else [kinds])]


def check_schema(
    schema: object, place: str, *, flat: bool = True, secrets: bool = True
) -> list[Problem]:
    """Return everything wrong with a plugin's schema: house rules, draft 2020-12, its defaults."""
    if problems := check_shape(schema, place, flat=flat, secrets=secrets):
        return problems
    plain = thaw(schema)
    return (
        list(_of_draft(json.dumps(plain), place))
        or unmet(_of_formats(plain), place)
        or [
            Problem(f"{place}.{name}.default", fault.message)
            for name, spec in plain.get("properties", {}).items()
            if "default" in spec and not spec.get("writeOnly")
            for fault in _faults(spec, spec["default"], "")
        ]
    )


@lru_cache(maxsize=256)
def _of_draft(schema: str, place: str) -> tuple[Problem, ...]:
    """Return what draft 2020-12 finds wrong with a schema (JSON); looked at once a process."""
    from jsonschema import Draft202012Validator

    return tuple(_faults(Draft202012Validator.META_SCHEMA, json.loads(schema), place))


def _of_formats(schema: dict[str, Any]) -> Expected:
    """Tell of patterns that cannot be read, and of formats that nobody checks."""
    known = _formats().checkers
    told = f"is not checked here; known are {', '.join(sorted(known))}"
    for where, spec in _subschemas(schema):
        yield f"{where}.format", spec.get("format") in {None, *known}, told
        try:
            re.compile(spec.get("pattern", ""))
        except re.error as error:
            yield f"{where}.pattern", False, f"is no regular expression: {error}"


def _subschemas(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return a schema of draft 2020-12 and all below it that are tables, each with its place."""
    if not isinstance(schema, dict):
        return
    yield place, schema
    for key, value in schema.items():
        below: Iterable[tuple[str, Any]] = ()
        if key == "properties":
            below = ((short(name), spec) for name, spec in value.items())
        elif key in _ONE_BELOW:
            below = ((key, value),)
        elif key in _SOME_BELOW:
            below = ((f"{key}[{index}]", spec) for index, spec in enumerate(value))
        for step, spec in below:
            yield from _subschemas(spec, f"{place}.{step}")


def settle(schema: Mapping[str, Any], given: Any, place: str) -> Settled:
    """Return what a plugin gets: what was `given`, defaults, and secrets resolved.

    A value given as ``{"$env": ...}`` or ``{"$file": ...}`` counts as a secret wherever it stands.
    """
    if problem := _unbounded(given, place, "give a table of settings"):
        return Settled(values={}, problems=(problem,))
    values: dict[str, Any] = thaw(given)
    unread: dict[str, Problem] = {}
    secrets: set[str] = set()
    for name, spec in schema.get("properties", {}).items():
        value = values.get(name, "")
        fault = ""
        if isinstance(value, dict) and len(value) == 1 and set(value) <= {"$env", "$file"}:
            values[name], fault = _fetch(*next(iter(value.items())))
            secrets.add(values[name])
        elif spec.get("writeOnly") and value != "":
            fault = f"is a secret; give it as {_SECRET_FORMS}"
        if fault:
            del values[name]
            here = f"{place}.{short(name)}"
            unread[here] = Problem(here, fault)
    filled, faults = _fill(schema, values, place)
    problems = (*unread.values(), *(fault for fault in faults if fault.place not in unread))
    return Settled(values=filled, problems=problems, secrets=frozenset(secrets - {""}))


def check_options(
    schema: Mapping[str, Any], options: Any, place: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Return options with defaults filled in, and everything wrong with them.

    For what a program chooses: nothing is read from the environment or from files. Raises
    `PluginError` if the schema itself is not one.
    """
    if problem := _unbounded(options, place, "give a table of options"):
        return {}, [problem]
    return _fill(schema, thaw(options), place)


def _fill(
    schema: Mapping[str, Any], values: dict[str, Any], place: str
) -> tuple[dict[str, Any], list[Problem]]:
    properties = schema.get("properties", {}).items()
    defaults = {name: thaw(spec["default"]) for name, spec in properties if "default" in spec}
    filled = defaults | values
    # Most schemas are the empty one, and jsonschema takes long to import.
    needed = filled or schema.get("required")
    return filled, _faults(schema, filled, place) if needed else []


def _fetch(kind: str, source: object) -> tuple[str, str]:
    """Return (text, "") or ("", what to do); only names are told, never what was read."""
    if not isinstance(source, str) or not source:
        return "", f"give it as {_SECRET_FORMS}"
    if kind == "$env":
        text = os.environ.get(source)
        told = f"the environment variable {source} is not set; set it" if text is None else ""
        return text or "", told
    try:
        with Path(source).open("rb") as file:
            raw = file.read(LONGEST_SECRET + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a path"
        return "", f"the file {source} cannot be read ({why}); mend the path or its rights"
    if len(raw) > LONGEST_SECRET:
        return "", f"the file {source} is longer than {LONGEST_SECRET} bytes; is it the right one?"
    try:
        return raw.decode("utf-8").rstrip("\r\n"), ""
    except UnicodeDecodeError:
        return "", f"the file {source} is not UTF-8 text; is it the right one?"


def _unbounded(value: object, place: str, told: str) -> Problem | None:
    """Return what makes this no table of bounded JSON: depth, size, keys not text, NaN."""
    if not isinstance(value, Mapping):
        return Problem(place, told)
    for seen, (_, depth, item) in enumerate(_nodes(value)):
        if seen >= LARGEST:
            return Problem(place, f"holds more than {LARGEST} values; make it smaller")
        if depth > DEEPEST:
            return Problem(place, f"nests deeper than {DEEPEST} levels; make it flatter")
        if isinstance(item, Mapping) and not all(isinstance(key, str) for key in item):
            return Problem(place, "use text for every key")
        if isinstance(item, float) and not math.isfinite(item):
            return Problem(place, "write finite numbers")
    return None


def _nodes(value: object) -> Iterator[tuple[str, int, Any]]:
    """Return every value of a tree, from the root, with its place and depth; however deep it is."""
    queue: list[tuple[str, int, Any]] = [("", 0, value)]
    while queue:
        place, depth, item = queue.pop()
        yield place, depth, item
        steps: list[tuple[str, Any]] = []
        if isinstance(item, Mapping):
            steps = [(f".{short(key)}", below) for key, below in item.items()]
        elif isinstance(item, list | tuple):
            steps = [(f"[{index}]", below) for index, below in enumerate(item)]
        queue += [(place + step, depth + 1, below) for step, below in reversed(steps)]


def _faults(schema: Any, value: Any, place: str) -> list[Problem]:
    """Return what jsonschema finds, in words of our own that never quote the value."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import UndefinedTypeCheck, UnknownType
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    own: dict[str, Any] = {}
    if schema != Draft202012Validator.META_SCHEMA:
        # The default registry fetches a remote `$ref`; an empty one knows nothing to fetch.
        own = {"registry": Registry(), "format_checker": _formats()}
    try:
        errors = list(Draft202012Validator(thaw(schema), **own).iter_errors(value))
    except (Unresolvable, UndefinedTypeCheck, UnknownType, RecursionError, re.error) as error:
        raise PluginError(
            "plugin.schema_invalid",
            "A plugin's schema cannot be used:",
            [Problem(place, f"{type(error).__name__}; check it with `mentorkit doctor`")],
        ) from None
    errors.sort(key=lambda error: [str(step) for step in error.absolute_path])
    return list(dict.fromkeys(problem for error in errors for problem in _say(error, place)))


def _say(error: ValidationError, place: str) -> Iterable[Problem]:
    here = place
    for step in error.absolute_path:
        here += f"[{step}]" if isinstance(step, int) else f".{short(step)}" if here else str(step)
    keyword: str = str(error.validator)
    wanted: Any = error.validator_value
    given: Any = error.instance
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    if keyword == "required":
        specs = schema.get("properties", {})
        for name in wanted:
            if name not in given:
                yield Problem(f"{here}.{name}", f"is missing; {_wish(specs.get(name, {}))}")
    elif keyword == "additionalProperties" and wanted is False:
        known = ", ".join(sorted(schema.get("properties", {}))) or "nothing"
        for name in given:
            if name not in schema.get("properties", {}):
                yield Problem(f"{here}.{short(name)}", f"is unknown; what can be set: {known}")
    elif keyword in ("type", "enum"):
        yield Problem(here, _wish(schema))
    elif keyword in _BOUND_WORDS:
        told = wanted if isinstance(wanted, str) else json.dumps(wanted)
        yield Problem(here, _BOUND_WORDS[keyword].format(short(told, 200)))
    else:
        told = f"does not fit `{keyword}` of its schema"
        if keyword in ("anyOf", "oneOf"):
            told = "fits none of the forms it may take"
        yield Problem(here, f"{told}; {_wish(schema)}")


def _wish(spec: Any) -> str:
    """Say what to write for a property."""
    if not isinstance(spec, Mapping):
        return "leave it out"
    if "enum" in spec:
        choices = [json.dumps(thaw(one), ensure_ascii=False) for one in spec["enum"]]
        return f"write one of {', '.join(choices[:12])}{', ...' if len(choices) > 12 else ''}"
    if spec.get("writeOnly"):
        return f"give it as {_SECRET_FORMS}"
    words = [_TYPE_WORDS[kind] for kind in _kinds(spec)]
    told = spec.get("title") or spec.get("description") or ""
    return f"write {' or '.join(words) or 'a value'}{f' ({short(told, 120)})' if told else ''}"


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text


@cache
def _formats() -> FormatChecker:
    """Return the format checks that need no extra package, and four of our own."""
    from jsonschema import FormatChecker

    checker = FormatChecker()
    own: dict[str, Callable[[str], bool]] = {
        "uri": _is_address,
        "date-time": lambda text: datetime.fromisoformat(text).tzinfo is not None,
        "email": lambda text: len(text) <= 254 and bool(_EMAIL.fullmatch(text)),
        "password": lambda text: True,
    }
    for name, fits in own.items():
        checker.checks(name, raises=ValueError)(
            lambda value, fits=fits: not isinstance(value, str) or fits(value)
        )
    return checker
