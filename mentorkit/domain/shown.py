"""Domain values as plain JSON data, which is what the journey's functions give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any


def shown(value: Any) -> Any:
    """Return `value` as dicts, lists, texts and numbers; times as ISO 8601 text, no tenant."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [item.name for item in fields(value) if item.name != "tenant"]
        return {name: shown(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [shown(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def as_row(value: Any) -> dict[str, Any]:
    """Return a domain value (a dataclass instance) as one JSON object."""
    made: dict[str, Any] = shown(value)
    return made
