"""Options and settings as controls of a form, by their JSON Schema, and back.

For rules, criteria and assigners, and for what a program sets of a plugin. What no control fits is
written as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mentorkit.domain.reading import number
from mentorkit.web.answers import digits

if TYPE_CHECKING:
    from mentorkit.web.visits import Visit

NUMBERS: Mapping[str, type | tuple[type, ...]] = {"integer": int, "number": (int, float)}
LONG = 300
"""From how many characters on a text is typed into several lines."""
NO_FIELDS: Mapping[str, str] = MappingProxyType({})
EMPTY: Mapping[str, Callable[[], Any]] = {
    "text": str, "long": str, "lines": list, "rows": list, "several": list, "list": list,
}  # fmt: skip
"""What can be emptied, and what that makes of it."""
SPLIT = re.compile(r"[,\n]")


def controls(
    schema: Mapping[str, Any], values: Mapping[str, Any], fields: Mapping[str, str],
    wrong: Mapping[str, str], typed: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return one control for each property: its kind, title, help, what is typed and what is wrong.

    A text that is called ``field``, ``other`` or ``..._field`` names a profile field: it is chosen
    of the program's `fields` (id -> label), where there are any. What an ``enum`` lists is told by
    the ``enumNames`` beside it, one each, else as it is. `typed` is what stands in the form
    now, as it was typed; without it the `values` stand there.
    """
    needed = schema.get("required", ())
    found = []
    for name, spec in schema.get("properties", {}).items():
        value = values.get(name, spec.get("default"))
        kind = _kind(name, spec, fields)
        if kind == "text" and "\n" in str(value):
            kind = "long"
        named = spec.get("items", {}) if kind == "several" else spec
        words = [_word(one) for one in named.get("enum", ())]
        listed = dict(zip(words, named.get("enumNames", words), strict=True))
        found.append(
            {
                "name": name,
                "kind": kind,
                "title": spec.get("title", name),
                "help": spec.get("description", ""),
                "least": spec.get("minimum"),
                "most": spec.get("maximum"),
                "needed": name in needed,
                "typed": typed.get(name, "") if typed is not None else _typed(kind, value),
                "choices": fields if kind == "field" else listed,
                "wrong": _wrong(kind, name, wrong),
            }
        )
    return found


def _wrong(kind: str, name: str, wrong: Mapping[str, str]) -> str:
    """Return what is told beside a control; of rows all of it, each with its line."""
    here = {at: told for at, told in wrong.items() if is_at(at, name)}
    if kind != "rows":
        return next(iter(here.values()), "")
    lines = []
    for at, told in here.items():
        found = re.fullmatch(r"\[(\d+)\]\.?(.*)", at.removeprefix(name))
        place = f"{int(found[1]) + 1}: {found[2]} " if found else ""
        lines.append(f"{place}{told}")
    return "; ".join(lines)


def is_at(place: str, name: str) -> bool:
    """Return whether a place is a property's, or below it."""
    return place == name or place.startswith((f"{name}.", f"{name}["))


def _types(spec: Mapping[str, Any]) -> list[str]:
    return [one for one in _given(spec) if one != "null"]


def _given(spec: Mapping[str, Any]) -> list[str]:
    kinds = spec.get("type", "string")
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _kind(name: str, spec: Mapping[str, Any], fields: Mapping[str, str]) -> str:
    """Return what control a property is drawn as."""
    if "enum" in spec:
        return "choice" if all(_is_plain(one) for one in spec["enum"]) else "json"
    types = _types(spec)
    if not types or not (len(types) == 1 or set(types) <= NUMBERS.keys()):
        return "json"
    if types[0] == "string":
        if fields and (name in ("field", "other") or name.endswith("_field")):
            return "field"
        return "long" if spec.get("maxLength", 0) >= LONG else "text"
    if types[0] == "array":
        return _kind_of_list(spec.get("items", {}))
    if types[0] == "object":
        below = spec.get("additionalProperties")
        flat = isinstance(below, Mapping) and len(_types(below)) == 1 and _is_flat(below)
        return "table" if flat and not spec.get("properties") else "json"
    return "flag" if types == ["boolean"] else "number"


def _kind_of_list(items: Any) -> str:
    if not isinstance(items, Mapping) or len(_types(items)) != 1:
        return "json"
    if _types(items) == ["object"] and all(map(_is_flat, items.get("properties", {}).values())):
        return "rows" if items.get("properties") else "json"
    if not _is_flat(items):
        return "json"
    if "enum" in items:
        return "several" if all(isinstance(one, str) for one in items["enum"]) else "json"
    return {"string": "lines", "boolean": "json"}.get(_types(items)[0], "list")


def _is_flat(spec: Mapping[str, Any]) -> bool:
    return not {"array", "object"} & set(_types(spec))


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _word(value: Any) -> str:
    """Return one of a list to choose from, as its option is called."""
    return value if isinstance(value, str) else json.dumps(value)


def _typed(kind: str, value: Any) -> str:
    if kind == "choice":
        return _word(value) if value is not None else ""
    if kind == "json":
        return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
    if kind in ("lines", "several"):
        return "\n".join(value or ())
    if kind == "rows":
        return "\n".join(as_row(one) for one in value or ())
    return as_typed(value)


def as_row(values: Mapping[str, Any]) -> str:
    """Return a table as one line: ``name = value; name = value``."""
    return "; ".join(f"{key} = {as_typed(one)}" for key, one in values.items())


def as_typed(value: Any) -> str:
    """Return a value as it is typed: a list with commas, a table as lines ``name = value``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "\n".join(f"{key} = {as_typed(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(as_typed(one) for one in value)
    return digits(value) if isinstance(value, float) else str(value)


def read(
    schema: Mapping[str, Any], typed: Mapping[str, str], fields: Mapping[str, str] = NO_FIELDS
) -> dict[str, Any]:
    """Return what was typed, by name; what is left empty is left out, and so as usual.

    A text or list that is usually not empty can be emptied. What cannot be read stays as it was
    typed: the check against the schema tells what is wrong, and `unread` what is no JSON.
    """
    values: dict[str, Any] = {}
    for name, spec in schema.get("properties", {}).items():
        text, kind = typed.get(name, "").strip(), _kind(name, spec, fields)
        if text:
            values[name] = _read(kind, spec, text)
        elif name in typed and spec.get("default") and kind in EMPTY:
            values[name] = EMPTY[kind]()
        elif name in typed and spec.get("default") is not None and "null" in _given(spec):
            values[name] = None
    return values


def below(visit: Visit, place: str) -> dict[str, str]:
    """Return what was typed below a place of the page's form, by name; what was ticked, by line."""
    start = f"{place}."
    named = [key for key in visit.form if key.startswith(start)]
    return {key.removeprefix(start): "\n".join(visit.values(key)) for key in named}


def unread(schema: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Return where (line, column) what was typed as JSON cannot be read, by name."""
    found = {}
    for name, spec in schema.get("properties", {}).items():
        text = typed.get(name, "").strip()
        if text and _kind(name, spec, NO_FIELDS) == "json":
            try:
                _json(text)
            except json.JSONDecodeError as error:
                found[name] = error.lineno, error.colno
            except (ValueError, RecursionError):
                found[name] = 1, 1
    return found


def _json(text: str) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


def _read(kind: str, spec: Mapping[str, Any], text: str) -> Any:
    if kind == "json":
        try:
            return _json(text)
        except (ValueError, RecursionError):
            return text
    if kind in ("lines", "several"):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "rows":
        return [_read_row(spec["items"], line) for line in text.splitlines() if line.strip()]
    if kind == "long":
        return text.replace("\r\n", "\n")
    return _read_one(spec, text)


def _read_row(spec: Mapping[str, Any], line: str) -> dict[str, Any]:
    """Return what one line says; a name that is not known is told by the schema."""
    known = spec.get("properties", {})
    pairs = [part.partition("=") for part in line.split(";") if part.strip()]
    named = [(name.strip(), value.strip()) for name, _, value in pairs]
    return {name: _read_one(known.get(name, {}), value) for name, value in named}


def _read_one(spec: Mapping[str, Any], text: str) -> Any:
    if "enum" in spec:
        return next((one for one in spec["enum"] if _word(one) == text), text)
    kind = (_types(spec) or ["string"])[0]
    if kind == "array":
        items = spec.get("items", {})
        return [_read_one(items, part.strip()) for part in SPLIT.split(text) if part.strip()]
    if kind == "object":
        below = spec.get("additionalProperties")
        below = below if isinstance(below, Mapping) else {}
        rows = [line.partition("=") for line in text.splitlines() if line.strip()]
        return {key.strip(): _read_one(below, value.strip()) for key, _, value in rows}
    if kind == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    if kind in NUMBERS:
        with suppress(ValueError):
            made = number(text)
            return made if isinstance(made, NUMBERS[kind]) else text
    return text


__all__ = ["NO_FIELDS", "as_row", "as_typed", "below", "controls", "is_at", "read", "unread"]
