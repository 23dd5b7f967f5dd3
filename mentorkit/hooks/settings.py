"""JSON Schemas of settings and options: check them, fill in defaults, resolve secrets.

No message ever quotes a value that was given, so that a secret cannot leak through one. Nothing
is fetched: a schema stands alone, and the validator's registry is empty.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mentorkit.domain.frozen import thaw
from mentorkit.errors import PluginError, Problem, SettingsError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError

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
_SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
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
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Settings as a plugin gets them, everything wrong with them, and the secrets among them."""

    values: dict[str, Any] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


# --------------------------------------------------------------------------- checking schemas


def check_shape(
    schema: object, place: str, *, flat: bool = True, secrets: bool = True
) -> list[Problem]:
    """Return where a plugin's schema breaks the house rules; needs no jsonschema to say so.

    `flat` (settings) allows properties of plain values and lists of them alone; options may nest.
    `secrets` allows `writeOnly`: only a deployer may name an environment variable or a file.
    """
    if not isinstance(schema, Mapping):
        return [Problem(place, "give a JSON Schema as a mapping")]
    if problem := _outgrown(schema, place):
        return [problem]
    problems = []
    if schema.get("$schema", DRAFT) != DRAFT:
        problems.append(Problem(f"{place}.$schema", f"write {DRAFT}, or leave it out"))
    if schema.get("type") != "object":
        problems.append(Problem(f"{place}.type", 'write "object"'))
    if schema.get("additionalProperties") is not False:
        problems.append(
            Problem(f"{place}.additionalProperties", "write False, so that a typing error is seen")
        )
    if flat:
        problems += [
            Problem(f"{place}.{extra}", "leave it out: settings are one flat object")
            for extra in sorted(str(key) for key in set(schema) - _TOP)
        ]
    problems += [
        Problem(where, "leave it out: a schema stands alone, and nothing is fetched for it")
        for where in _references(schema, place)
    ]
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    if not isinstance(properties, Mapping):
        return [*problems, Problem(f"{place}.properties", "give a mapping")]
    if not isinstance(required, list | tuple):
        return [*problems, Problem(f"{place}.required", "give a list of property names")]
    problems += [
        Problem(f"{place}.required", f"names {name!r}, which is no property")
        for name in required
        if name not in properties
    ]
    for name, spec in properties.items():
        here = f"{place}.{name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            problems.append(Problem(here, "name it in small letters, digits and underscores"))
        if not isinstance(spec, Mapping):
            problems.append(Problem(here, "give a mapping"))
            continue
        problems += _property_faults(here, spec, required=name in required, flat=flat)
        if spec.get("writeOnly") and not secrets:
            problems.append(
                Problem(f"{here}.writeOnly", "a secret belongs into `settings`: the deployer's")
            )
    return problems


def _property_faults(
    here: str, spec: Mapping[str, Any], *, required: bool, flat: bool
) -> Iterator[Problem]:
    for key in ("title", "description"):
        if not isinstance(spec.get(key), str) or not spec[key].strip():
            yield Problem(f"{here}.{key}", "write it: the form shows it to a person")
    if "default" not in spec and not required:
        yield Problem(here, "give a default, or list it in `required`")
    if flat:
        kinds = _kinds(spec)
        items = spec.get("items")
        listed = kinds == {"array"} and isinstance(items, Mapping) and _plain(_kinds(items))
        if not (_plain(kinds) or listed):
            yield Problem(
                f"{here}.type", "write string, integer, number, boolean, or an array of one of them"
            )
    if spec.get("writeOnly"):
        if spec.get("type") != "string":
            yield Problem(f"{here}.type", 'write "string": a secret is text')
        if spec.get("default", "") != "":
            yield Problem(f"{here}.default", "a secret has no default but an empty text")


def _kinds(spec: Mapping[str, Any]) -> set[str]:
    kind = spec.get("type", ())
    return {kind} if isinstance(kind, str) else {str(one) for one in kind}


def _plain(kinds: set[str]) -> bool:
    return bool(kinds) and kinds <= _SCALARS


def _references(schema: Any, place: str) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            # A mapping under "properties" has names for keys, and a name may be anything.
            if key in _REFERENCES and isinstance(value, str):
                yield f"{place}.{key}"
            yield from _references(value, f"{place}.{key}")
    elif isinstance(schema, list | tuple):
        for index, value in enumerate(schema):
            yield from _references(value, f"{place}[{index}]")


def check_schema(
    schema: object, place: str, *, flat: bool = True, secrets: bool = True
) -> list[Problem]:
    """Return everything wrong with a plugin's schema: house rules, draft 2020-12, its defaults."""
    problems = check_shape(schema, place, flat=flat, secrets=secrets)
    if problems or not isinstance(schema, Mapping):
        return problems
    plain = thaw(schema)
    problems = _draft_faults(plain, place)
    if problems:
        return problems
    for name, spec in plain.get("properties", {}).items():
        if "default" in spec and not spec.get("writeOnly"):
            problems += [
                Problem(f"{place}.{name}.default", fault.message)
                for fault in _faults(spec, spec["default"], "")
            ]
    return problems


def _draft_faults(schema: dict[str, Any], place: str) -> list[Problem]:
    """Return where a schema is not draft 2020-12, or names a pattern or format nobody checks."""
    from jsonschema import Draft202012Validator

    problems = _faults(Draft202012Validator.META_SCHEMA, schema, place)
    if problems:
        return problems
    formats = _formats()
    for where, spec in _subschemas(schema, place):
        named = spec.get("format")
        if named is not None and named not in formats.checkers:
            known = ", ".join(sorted(formats.checkers))
            problems.append(Problem(f"{where}.format", f"is not checked here; known are {known}"))
        try:
            re.compile(spec.get("pattern", ""))
        except re.error as error:
            problems.append(Problem(f"{where}.pattern", f"is no regular expression: {error}"))
    return problems


def _subschemas(schema: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(schema, Mapping):
        return
    yield place, schema
    for name, spec in schema.get("properties", {}).items():
        yield from _subschemas(spec, f"{place}.{name}")
    for key in ("items", "additionalProperties", "not", "if", "then", "else", "contains"):
        yield from _subschemas(schema.get(key), f"{place}.{key}")
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for index, spec in enumerate(schema.get(key, ())):
            yield from _subschemas(spec, f"{place}.{key}[{index}]")


# --------------------------------------------------------------------------- tenants' schemas

TENANT_KEYWORDS = frozenset({
    "$schema", "type", "title", "description", "default", "enum", "const", "format",
    "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
})  # fmt: skip
"""Not among them: `pattern` (a regular expression can hang), `$ref`, and what branches."""
TENANT_FORMATS = frozenset({"date", "time", "date-time", "email", "uri"})
TENANT_DEPTH, TENANT_PROPERTIES, TENANT_CHOICES = 6, 200, 500
TENANT_TEXT, TENANT_BYTES, TENANT_NUMBER = 2_000, 65_536, 10**15


def check_tenant_schema(schema: object, place: str) -> list[Problem]:
    """Return everything wrong with a schema that was typed in by a tenant, who is not trusted.

    A keyword allow-list, at most 6 levels, 200 properties, 500 choices a list, 2,000 characters a
    text, 64 KiB in all, and numbers below 1e15.
    """
    if not isinstance(schema, Mapping):
        return [Problem(place, "give a JSON Schema as an object")]
    if problem := _outgrown(schema, place):
        return [problem]
    try:
        size = len(json.dumps(thaw(schema), allow_nan=False).encode())
    except (TypeError, ValueError):
        return [Problem(place, "give plain JSON")]
    if size > TENANT_BYTES:
        return [Problem(place, f"is {size} bytes long; at most {TENANT_BYTES} are taken")]
    problems: list[Problem] = []
    if schema.get("type") != "object":
        problems.append(Problem(f"{place}.type", 'write "object"'))
    count = _tenant_faults(schema, place, 1, problems)
    if count > TENANT_PROPERTIES:
        problems.append(
            Problem(place, f"has {count} properties; at most {TENANT_PROPERTIES} are taken")
        )
    return problems or _draft_faults(thaw(schema), place)


def _tenant_faults(spec: Any, place: str, depth: int, problems: list[Problem]) -> int:
    """Collect faults of this level and below; return how many properties there are."""
    if not isinstance(spec, Mapping):
        problems.append(Problem(place, "give an object"))
        return 0
    if depth > TENANT_DEPTH:
        problems.append(Problem(place, f"nests deeper than {TENANT_DEPTH} levels"))
        return 0
    count = 0
    for key, value in spec.items():
        here = f"{place}.{_short(key)}"
        if key not in TENANT_KEYWORDS:
            problems.append(
                Problem(here, f"is not allowed; write one of {', '.join(sorted(TENANT_KEYWORDS))}")
            )
        elif key == "format" and value not in TENANT_FORMATS:
            problems.append(Problem(here, f"write one of {', '.join(sorted(TENANT_FORMATS))}"))
        elif key == "properties" and isinstance(value, Mapping):
            count += len(value)
            for name, below in value.items():
                if not isinstance(name, str) or not _NAME.fullmatch(name):
                    problems.append(
                        Problem(f"{here}.{_short(name)}", "name it in a-z, 0-9 and underscores")
                    )
                count += _tenant_faults(below, f"{place}.{_short(name)}", depth + 1, problems)
        elif key == "items" or (key == "additionalProperties" and not isinstance(value, bool)):
            count += _tenant_faults(value, here, depth + 1, problems)
        else:
            problems += _tenant_values(value, here)
    return count


def _tenant_values(value: Any, here: str) -> Iterator[Problem]:
    if isinstance(value, list | tuple) and len(value) > TENANT_CHOICES:
        yield Problem(here, f"lists {len(value)}; at most {TENANT_CHOICES} are taken")
        return
    for one in _leaves(value):
        if isinstance(one, str):
            if len(one) > TENANT_TEXT:
                yield Problem(here, f"shorten the text to {TENANT_TEXT} characters")
            if "\x00" in one or any(0xD800 <= ord(char) <= 0xDFFF for char in one):
                yield Problem(here, "the text holds characters that cannot be stored; retype it")
        elif isinstance(one, int | float) and not abs(one) < TENANT_NUMBER:
            yield Problem(here, "write a number below 1e15")


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield key
            yield from _leaves(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


# --------------------------------------------------------------------------- checking values


def settle(schema: Mapping[str, Any], given: object, place: str) -> Settled:
    """Return what a plugin gets: what was `given`, defaults, and secrets resolved.

    A value given as ``{"$env": ...}`` or ``{"$file": ...}`` counts as a secret wherever it stands.
    """
    properties = schema.get("properties", {})
    if not isinstance(given, Mapping):
        return Settled(values={}, problems=(Problem(place, "give a table of settings"),))
    if problem := _outgrown(given, place):
        return Settled(values={}, problems=(problem,))
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    secrets: set[str] = set()
    unread: set[str] = set()
    for name, value in thaw(given).items():
        here = f"{place}.{_short(name)}"
        if name not in properties:
            values[name] = value
        elif isinstance(value, dict) and len(value) == 1 and set(value) <= {"$env", "$file"}:
            text, fault = _fetch(*next(iter(value.items())))
            if fault:
                unread.add(name)
                problems.append(Problem(here, fault))
            else:
                secrets.add(text)
                values[name] = text
        elif properties[name].get("writeOnly") and value != "":
            unread.add(name)
            problems.append(Problem(here, f"is a secret; give it as {_SECRET_FORMS}"))
        else:
            values[name] = value
    filled = {**_defaults(schema), **values}
    faults = _faults(schema, filled, place) if filled or schema.get("required") else []
    missing = {f"{place}.{name}" for name in unread}
    problems += [fault for fault in faults if fault.place not in missing]
    return Settled(values=filled, problems=tuple(problems), secrets=frozenset(secrets - {""}))


def resolve(schema: Mapping[str, Any], given: object, *, place: str) -> dict[str, Any]:
    """Return settings with defaults filled in and secrets resolved.

    Raises `SettingsError` with everything wrong at once; no message quotes a value.
    """
    settled = settle(schema, given, place)
    if settled.problems:
        raise SettingsError(
            "settings.invalid", "These settings do not fit; nothing was started:", settled.problems
        )
    return settled.values


def check_options(
    schema: Mapping[str, Any], options: object, place: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Return options with defaults filled in, and everything wrong with them.

    For what a program chooses: nothing is read from the environment or from files. Raises
    `PluginError` if the schema itself is not one.
    """
    if not isinstance(options, Mapping):
        return {}, [Problem(place, "give a table of options")]
    if problem := _outgrown(options, place):
        return {}, [problem]
    filled = {**_defaults(schema), **thaw(options)}
    if not filled and not schema.get("required"):
        return {}, []
    return filled, _faults(schema, filled, place)


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: thaw(spec["default"])
        for name, spec in schema.get("properties", {}).items()
        if "default" in spec
    }


def _fetch(kind: str, source: object) -> tuple[str, str]:
    """Return (text, "") or ("", what to do); only names are told, never what was read."""
    if not isinstance(source, str) or not source:
        return "", f"give it as {_SECRET_FORMS}"
    if kind == "$env":
        text = os.environ.get(source)
        if text is None:
            return "", f"the environment variable {source} is not set; set it"
        return text, ""
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


def _outgrown(value: object, place: str) -> Problem | None:
    """Return what makes this no bounded JSON: depth, size, keys that are not text, NaN."""
    seen, queue = 0, [(value, 0)]
    while queue:
        item, depth = queue.pop()
        seen += 1
        if seen > LARGEST:
            return Problem(place, f"holds more than {LARGEST} values; make it smaller")
        if depth > DEEPEST:
            return Problem(place, f"nests deeper than {DEEPEST} levels; make it flatter")
        if isinstance(item, Mapping):
            if not all(isinstance(key, str) for key in item):
                return Problem(place, "use text for every key")
            queue += [(below, depth + 1) for below in item.values()]
        elif isinstance(item, list | tuple):
            queue += [(below, depth + 1) for below in item]
        elif isinstance(item, float) and not math.isfinite(item):
            return Problem(place, "write finite numbers")
    return None


def _faults(schema: Any, value: Any, place: str) -> list[Problem]:
    """Return what jsonschema finds, in words of our own that never quote the value."""
    from jsonschema.exceptions import UndefinedTypeCheck, UnknownType
    from referencing.exceptions import Unresolvable

    try:
        errors = list(_validator(thaw(schema)).iter_errors(value))
    except (Unresolvable, UndefinedTypeCheck, UnknownType, RecursionError, re.error) as error:
        raise PluginError(
            "plugin.schema_invalid",
            "A plugin's schema cannot be used:",
            [Problem(place, f"{type(error).__name__}; check it with `mentorkit doctor`")],
        ) from None
    errors.sort(key=lambda error: [str(step) for step in error.absolute_path])
    return list(dict.fromkeys(problem for error in errors for problem in _say(error, place)))


def _validator(schema: Any) -> Draft202012Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    if schema == Draft202012Validator.META_SCHEMA:
        return Draft202012Validator(schema)
    # The default registry fetches a remote `$ref`; an empty one knows nothing to fetch.
    nothing: Registry[Any] = Registry()
    return Draft202012Validator(schema, registry=nothing, format_checker=_formats())


def _say(error: ValidationError, place: str) -> Iterable[Problem]:
    here = place
    for step in error.absolute_path:
        here += f"[{step}]" if isinstance(step, int) else f".{_short(step)}" if here else str(step)
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
                yield Problem(f"{here}.{_short(name)}", f"is unknown; what can be set: {known}")
    elif keyword in ("type", "enum"):
        yield Problem(here, _wish(schema))
    elif keyword in _BOUND_WORDS:
        told = wanted if isinstance(wanted, str) else json.dumps(wanted)
        yield Problem(here, _BOUND_WORDS[keyword].format(_short(told, 200)))
    elif keyword == "uniqueItems":
        yield Problem(here, "list each only once")
    elif keyword in ("anyOf", "oneOf"):
        yield Problem(here, f"fits none of the forms it may take; {_wish(schema)}")
    else:
        yield Problem(here, f"does not fit `{keyword}` of its schema; {_wish(schema)}")


def _wish(spec: Any) -> str:
    """Say what to write for a property."""
    if not isinstance(spec, Mapping):
        return "leave it out"
    if "enum" in spec:
        choices = [json.dumps(thaw(one), ensure_ascii=False) for one in spec["enum"]]
        return f"write one of {', '.join(choices[:12])}{', ...' if len(choices) > 12 else ''}"
    if spec.get("writeOnly"):
        return f"give it as {_SECRET_FORMS}"
    kinds = spec.get("type", ())
    words = [_TYPE_WORDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    told = spec.get("title") or spec.get("description") or ""
    return f"write {' or '.join(words) or 'a value'}{f' ({_short(told, 120)})' if told else ''}"


def _short(text: object, longest: int = 60) -> str:
    told = " ".join(str(text).split())
    return told if len(told) <= longest else told[: longest - 3] + "..."


@cache
def _formats() -> FormatChecker:
    """Return the format checks that need no extra package, and three of our own."""
    from datetime import datetime
    from urllib.parse import urlsplit

    from jsonschema import FormatChecker

    checker = FormatChecker()

    def uri(value: object) -> bool:
        if not isinstance(value, str):
            return True
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value

    def moment(value: object) -> bool:
        return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None

    def email(value: object) -> bool:
        return not isinstance(value, str) or bool(
            re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", value) and len(value) <= 254
        )

    checker.checks("uri", raises=ValueError)(uri)
    checker.checks("date-time", raises=ValueError)(moment)
    checker.checks("email")(email)
    checker.checks("password")(lambda value: True)
    return checker
