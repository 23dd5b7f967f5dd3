"""Options of a rule, criterion or assigner as controls of a form, by their schema, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NUMBERS = {"integer": int, "number": float}


def controls(
    schema: Mapping[str, Any], values: Mapping[str, Any], fields: Mapping[str, str],
    wrong: Mapping[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return one control for each property: its kind, title, help, what is typed and what is wrong.

    A text that is called ``field``, ``other`` or ``..._field`` names a profile field: it is chosen
    of the program's `fields` (id -> label).
    """
    needed = schema.get("required", ())
    found = []
    for name, spec in schema.get("properties", {}).items():
        value = values.get(name, spec.get("default"))
        kind = _kind(name, spec)
        listed = {str(one): str(one) for one in spec.get("enum", ())}
        found.append(
            {
                "name": name,
                "kind": kind,
                "title": spec.get("title", name),
                "help": spec.get("description", ""),
                "needed": name in needed,
                "typed": as_typed(value),
                "choices": fields if kind == "field" else listed,
                "wrong": next((told for at, told in wrong.items() if _at(at, name)), ""),
            }
        )
    return found


def _at(place: str, name: str) -> bool:
    return place == name or place.startswith((f"{name}.", f"{name}["))


def _types(spec: Mapping[str, Any]) -> list[str]:
    kinds = spec.get("type", "string")
    return [kinds] if isinstance(kinds, str) else [one for one in kinds if one != "null"]


def _kind(name: str, spec: Mapping[str, Any]) -> str:
    """Return what control a property is drawn as."""
    if "enum" in spec:
        return "choice"
    first = (_types(spec) or ["string"])[0]
    if first == "string":
        return "field" if name in ("field", "other") or name.endswith("_field") else "text"
    return {"boolean": "flag", "array": "list", "object": "table"}.get(first, "number")


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
    return f"{value:g}" if isinstance(value, float) else str(value)


def read(schema: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that were typed, by name; what is left empty is left out.

    What cannot be read stays as it was typed: the check against the schema tells what is wrong.
    """
    values = {}
    for name, spec in schema.get("properties", {}).items():
        text = typed.get(name, "").strip()
        if text:
            values[name] = _read(spec, text)
    return values


def _read(spec: Mapping[str, Any], text: str) -> Any:
    if "enum" in spec:
        return next((one for one in spec["enum"] if str(one) == text), text)
    kind = (_types(spec) or ["string"])[0]
    if kind == "array":
        items = spec.get("items", {})
        return [_read(items, part.strip()) for part in text.split(",") if part.strip()]
    if kind == "object":
        below = spec.get("additionalProperties")
        below = below if isinstance(below, Mapping) else {}
        rows = [line.partition("=") for line in text.splitlines() if line.strip()]
        return {key.strip(): _read(below, value.strip()) for key, _, value in rows}
    if kind == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    if kind in NUMBERS:
        for make in (int, NUMBERS[kind]):
            try:
                return make(text.replace(",", "."))
            except ValueError:
                continue
    return text


__all__ = ["as_typed", "controls", "read"]
