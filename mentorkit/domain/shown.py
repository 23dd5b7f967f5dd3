"""Domain values as plain JSON data, which is what the journey's functions give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any


def shown(value: Any, *, without: tuple[str, ...] = ("tenant",)) -> Any:
    """Return `value` as dicts, lists, texts and numbers; times as ISO 8601 text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: shown(getattr(value, item.name), without=without)
            for item in fields(value)
            if item.name not in without
        }
    if isinstance(value, Mapping):
        return {str(key): shown(item, without=without) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [shown(item, without=without) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value


def as_row(value: Any) -> dict[str, Any]:
    """Return a domain value (a dataclass instance) as one JSON object."""
    made: dict[str, Any] = shown(value)
    return made
