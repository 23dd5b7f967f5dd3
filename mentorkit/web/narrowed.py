"""What a list of mentors is narrowed to, as its address says it: ``where.country=KE``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import flask

if TYPE_CHECKING:
    from mentorkit.web.visits import Visit

NAME = "where."
"""What the names of these controls begin with, so that no field id meets another name."""


def looked_for() -> dict[str, list[str]]:
    """Return what the page's address, or its form, looks for: by field the ids of options."""
    told = flask.request.values
    return {
        name.removeprefix(NAME): options
        for name in told
        if name.startswith(NAME) and (options := [one for one in told.getlist(name) if one])
    }


def in_address(where: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what an address must say for the same to be looked for."""
    return {f"{NAME}{name}": list(options) for name, options in where.items()}


def in_words(
    visit: Visit, fields: Sequence[Mapping[str, Any]], where: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """Return what is looked for in words: each question, and the options in their order."""
    return [
        (
            visit.text(one["label"]) or one["id"],
            ", ".join(text for id, text in visit.choices(one) if id in where[one["id"]]),
        )
        for one in fields
        if one["id"] in where
    ]
