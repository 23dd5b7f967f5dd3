"""May a pair exist at all: one rule for each declared form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import (
    NO_OPTIONS,
    Above,
    Differs,
    Field,
    JsonSchema,
    MinOverlap,
    PastPair,
    Rule,
    RuleForm,
    Same,
    SharesAny,
)
from mentorkit_matching.schemas import FIELD, OTHER, options, whole


class DeclaredRule(Rule):
    """A rule whose options are those of a declared form."""

    def __init__(
        self, name: str, title: str, options: JsonSchema, make: Callable[..., RuleForm]
    ) -> None:
        self.name, self.title, self.options = name, title, options
        self._make = make

    def bind(self, options: Mapping[str, Any], fields: Mapping[str, Field]) -> Rule:
        bound = DeclaredRule(self.name, self.title, self.options, self._make)
        bound.declared = self._make(**options)
        return bound


def _above(*, field: str, other: str | None, steps: list[float]) -> Above:
    """Return the form for `steps`: from the first number to the last, or the first and up.

    Raises `Invalid` where the first is the larger.
    """
    if steps[0] > steps[-1]:
        told = f"write the smaller number first: [{steps[-1]:g}, {steps[0]:g}]"
        raise Invalid("rule.steps", "The steps do not fit:", [Problem("steps", told)])
    return Above(
        field=field, other=other, least=steps[0], most=steps[1] if len(steps) > 1 else None
    )


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
            steps={
                "type": "array",
                "items": {"type": "number"},
                "minItems": 1,
                "maxItems": 2,
                "default": [1],
                "title": "Steps",
                "description": "How many steps above, from and to: [1, 4]; [1] has no upper end.",
            },
        ),
        _above,
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
)
