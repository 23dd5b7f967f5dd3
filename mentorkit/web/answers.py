"""Profile fields as form controls, what was typed into them as answers, and answers in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import flask

from mentorkit.domain import reading
from mentorkit.domain.fields import Field
from mentorkit.domain.people import is_zone
from mentorkit.i18n import WEEK, format_hours, format_times
from mentorkit.i18n import in_utc as hours_in_utc
from mentorkit.journey.definitions import fields_of, requirements_of
from mentorkit.matching.wording import answer

if TYPE_CHECKING:
    from mentorkit.web.visits import Visit

NAME = "answer."
"""What the names of these controls begin with, so that no field id meets another name."""

NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


def mark_asked(visit: Visit, questions: Sequence[dict[str, Any]], role: str) -> None:
    """Mark as `looked_at` the questions that a requirement of the role looks at.

    They may stay empty; but then nobody can say whether it is met, and staff have to ask.
    """
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        asked = requirements_of(tx, visit.of)
    fields = {one.field for one in asked if role in ("both", *one.roles)}
    for question in questions:
        question["looked_at"] = question["id"] in fields


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


def number(text: str) -> int | None:
    """Return the whole number that a text is, of at most nine digits from 0 to 9; else None."""
    told = text.strip()
    return int(told) if NUMBER.fullmatch(told) else None


def whole(name: str) -> int | None:
    """Return the whole number typed into this control, None for nothing; -1 if it is no number.

    The journey says which numbers it takes, and so what is wrong with any other.
    """
    told = flask.request.form.get(name, "").strip()
    found = number(told)
    return -1 if told and found is None else found


def decimal(name: str) -> int | float | str:
    """Return the number typed into this control, with a point or a comma; else what was typed."""
    told = flask.request.form.get(name, "").strip()
    try:
        return reading.number(told)
    except ValueError:
        return told


def in_utc(
    questions: Sequence[Mapping[str, Any]], told: Mapping[str, Any], zone: str, now: datetime
) -> dict[str, Any]:
    """Return answers, of `typed`, with the weekly hours of a clock in this zone as those of UTC.

    What cannot be read stays as it was typed: the journey says what is wrong with it.
    """
    moved = dict(told)
    for one in questions:
        if one["kind"] == "hours" and told.get(one["id"]) and is_zone(zone):
            try:
                field = Field(id=one["id"], kind="hours", separator=one["separator"])
                hours = field.parse(told[one["id"]]) or ()
            except ValueError:
                continue
            moved[one["id"]] = list(hours_in_utc(hours, zone, now))
    return moved


def as_typed(question: Mapping[str, Any], hours_ahead: int = 0) -> Any:
    """Return a kept value as it is typed: hours as ``Mon 18-20; Thu 7-9``, the rest as it is.

    Hours are those of a clock that is `hours_ahead` of UTC.
    """
    value = question["value"]
    if question["kind"] in ("hours", "times"):
        own = format_times(one for one in value or () if isinstance(one, str))
        hours = [(one + hours_ahead) % WEEK for one in value or () if isinstance(one, int)]
        return "; ".join([*own, *format_hours(hours)])
    if question["kind"] == "number" and value is not None:
        return digits(value)
    return value


def digits(value: int | float) -> str:
    """Write a number as it is typed: all its digits, no exponent, so that it reads back the same.

    A whole number has no point.
    """
    return str(int(value)) if value == int(value) else f"{Decimal(repr(value)):f}"


def told(visit: Visit, shown: Mapping[str, Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Return what people show of themselves, by who: each question and its answer, in words.

    `shown` holds the answers by field id, as the journey gives them. The questions of the program
    are read once for all of them, and not at all where nothing is shown.
    """
    if not any(shown.values()):
        return {}
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        fields = fields_of(tx, visit.of)
    return {
        who: [
            (
                visit.text(fields[id].label),
                answer(fields[id], value, visit.locale, zone=visit.zone, now=visit.kit.clock()),
            )
            for id, value in answers.items()
            if id in fields
        ]
        for who, answers in shown.items()
    }
