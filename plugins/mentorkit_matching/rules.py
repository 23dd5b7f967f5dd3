"""May a pair exist at all: one rule for each declared form."""

from __future__ import annotations

from math import inf
from typing import Any

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import (
    NO_OPTIONS,
    Above,
    Differs,
    MinAvailability,
    MinOverlap,
    PastPair,
    Rule,
    Same,
    SameCohort,
    SharesAny,
)
from mentorkit_matching.declared import Declared
from mentorkit_matching.schemas import FIELD, OTHER, TIMES, WEEKS, Property, options, whole


class DeclaredRule(Declared, Rule):
    """A rule whose options are those of a declared form."""


def _above(*, field: str, other: str | None, steps: list[float]) -> Above:
    """Return the form for `steps`: from the first number to the last, or the first and up.

    Raises `Invalid` where the first is the larger.
    """
    _in_order(steps)
    return Above(
        field=field, other=other, least=steps[0], most=steps[1] if len(steps) > 1 else None
    )


def _below(*, field: str, other: str | None, steps: list[float]) -> Above:
    """Return the form for `steps` down: what is below is above by a negative number.

    Raises `Invalid` where the first is the larger.
    """
    _in_order(steps)
    least = -steps[1] if len(steps) > 1 else -inf
    return Above(field=field, other=other, least=least, most=-steps[0])


def _same_group(*, field: str | None, other: str | None) -> Same | SameCohort:
    return Same(field=field, other=other) if field else SameCohort()


def _in_order(steps: list[float]) -> None:
    if steps[0] > steps[-1]:
        told = f"write the smaller number first: [{steps[-1]:g}, {steps[0]:g}]"
        raise Invalid("rule.steps", "The steps do not fit:", [Problem("steps", told)])


def _steps(way: str, example: str, **more: Any) -> Property:
    return {
        "type": "array",
        "items": {"type": "number", **more},
        "minItems": 1,
        "maxItems": 2,
        "default": [1],
        "title": "Steps",
        "description": f"How many steps {way}, from and to: {example}; [1] has no other end.",
    }


_PAIR_OF_FIELDS = options(field=FIELD, other=OTHER)

RULES: tuple[Rule, ...] = (
    DeclaredRule("shares_any", "At least one option in common", _PAIR_OF_FIELDS, SharesAny),
    DeclaredRule("differs", "Different answers", _PAIR_OF_FIELDS, Differs),
    DeclaredRule("same", "The same answer", _PAIR_OF_FIELDS, Same),
    DeclaredRule(
        "above",
        "The mentor stands above",
        options(
            field=FIELD,
            other=OTHER,
            steps=_steps("above", "[1, 4]"),
        ),
        _above,
    ),
    DeclaredRule(
        "below",
        "The mentor stands below",
        options(field=FIELD, other=OTHER, steps=_steps("below", "[1, 2]", exclusiveMinimum=0)),
        _below,
    ),
    DeclaredRule(
        "same_group",
        "In the same group",
        options(
            field={
                **OTHER,
                "title": "Question",
                "description": "The profile field that names the group; without it, the cohort.",
            },
            other=OTHER,
        ),
        _same_group,
    ),
    DeclaredRule("past_pair", "Not together before", NO_OPTIONS, PastPair),
    DeclaredRule(
        "min_overlap",
        "Enough in common",
        options(
            field=FIELD,
            other=OTHER,
            least=whole("At least", "How many hours or options in common.", minimum=1, default=1),
        ),
        MinOverlap,
    ),
    DeclaredRule(
        "min_availability",
        "Free at the same times",
        options(
            field=TIMES,
            other=OTHER,
            least=whole("At least", "How many minutes a week.", minimum=1, default=60),
            **WEEKS,
        ),
        MinAvailability,
    ),
)
