"""Profile fields as form controls, and what was typed into them as answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flask

NAME = "answer."
"""What the names of these controls begin with, so that no field id meets another name."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def typed(questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the raw answer to each question that the form held, by field id."""
    form = flask.request.form
    told: dict[str, Any] = {}
    for one in questions:
        name = NAME + one["id"]
        if name not in form and f"{name}.asked" not in form:
            continue
        told[one["id"]] = form.getlist(name) if one["kind"] == "options" else form.get(name, "")
    return told


def as_typed(question: Mapping[str, Any]) -> Any:
    """Return a kept value as it is typed: hours as ``Mon 18-20; Thu 7-9``, the rest as it is."""
    value = question["value"]
    if question["kind"] == "hours":
        return spans(value or ())
    if question["kind"] == "number" and value is not None:
        return f"{value:g}"
    return value


def spans(hours: Sequence[int]) -> str:
    """Write hours of the week (0 is Monday 00:00) as the spans that `Field.parse` reads back."""
    told: list[list[int]] = []
    for hour in sorted(hours):
        if told and told[-1][1] == hour and hour % 24:
            told[-1][1] = hour + 1
        else:
            told.append([hour, hour + 1])
    return "; ".join(
        f"{DAYS[start // 24]} {start % 24}-{(end - 1) % 24 + 1}" for start, end in told
    )
