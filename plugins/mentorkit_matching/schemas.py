"""Options of rules and criteria as JSON Schemas, each with the words a form shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Property = Mapping[str, Any]

FIELD: Property = {
    "type": "string",
    "minLength": 1,
    "title": "Question",
    "description": "The profile field of the mentee, and of the mentor unless another is named.",
}
OTHER: Property = {
    "type": ["string", "null"],
    "default": None,
    "minLength": 1,
    "title": "Mentors' question",
    "description": "The mentor's field, where it is not the same as the mentee's.",
}
TIMES: Property = {**FIELD, "description": "The field with weekly times, of both."}
WEEKS: Mapping[str, Property] = {
    "on": {
        "type": "string",
        "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$",
        "default": "",
        "title": "First day",
        "description": "From the week of which day on, such as 2027-03-01; empty for that of the "
        "run.",
    },
    "weeks": {
        "type": "integer",
        "minimum": 1,
        "maximum": 260,
        "default": 52,
        "title": "Weeks",
        "description": "For how many weeks; the one with the fewest minutes in common counts.",
    },
    "zone": {
        "type": "string",
        "minLength": 1,
        "default": "UTC",
        "title": "Time zone",
        "description": "Of whoever has told none, where the program does not say it.",
    },
}
PREFIX: Property = {
    "type": "object",
    "propertyNames": {"pattern": "^[1-9][0-9]?$"},
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
    "default": {},
    "title": "Codes that begin alike",
    "description": "What it is worth (0 to 1) where so many first letters and digits are the same, "
    "as of industry codes: 3 = 0.7, 2 = 0.5.",
}


def number(title: str, description: str, **more: Any) -> Property:
    """Return a property that holds a number."""
    return {"type": "number", "title": title, "description": description, **more}


def whole(title: str, description: str, **more: Any) -> Property:
    """Return a property that holds a whole number."""
    return {"type": "integer", "title": title, "description": description, **more}


def options(**properties: Property) -> Mapping[str, Any]:
    """Return the schema of these options; those without a default are required."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": [name for name, spec in properties.items() if "default" not in spec],
    }
