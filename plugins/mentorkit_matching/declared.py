"""What rules and criteria of this plugin have in common: their options are those of a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Self

from mentorkit.hooks import Field, JsonSchema


class Declared:
    """A rule or criterion that is bound by making its form of the options."""

    declared: Any

    def __init__(
        self, name: str, title: str, options: JsonSchema, make: Callable[..., Any]
    ) -> None:
        self.name, self.title, self.options = name, title, options
        self._make = make

    def bind(self, options: Mapping[str, Any], fields: Mapping[str, Field]) -> Self:
        bound = copy(self)
        bound.declared = self._make(**options)
        return bound
