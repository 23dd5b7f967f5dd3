"""The errors that mentorkit raises: one root, few children, each with a stable code.

A message says what to do. `code` is what programs compare (``relationship.already_ended``), it is
documented in the reference and never reused; `details` carries what a program needs to react.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class MentorKitError(Exception):
    """Anything mentorkit refuses to do, with a stable `code` and a message for a person."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.details: Mapping[str, Any] = details

    def __str__(self) -> str:
        return self.message


class NotFound(MentorKitError):
    """There is no such thing here. Another tenant's things are not found either."""


class NotAllowed(MentorKitError):
    """The thing exists, but this actor may not do that."""


class Conflict(MentorKitError):
    """The thing changed meanwhile, or the move is not legal from where it stands."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with an input: where it stands, and what to write instead."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


def by_row(problems: Iterable[Problem]) -> dict[str, list[Problem]]:
    """Group what is wrong with a sheet by its row: ``sheet.csv, line 3`` -> its problems.

    What is left of their places is what follows the row's own: ``column trade``, or "".
    """
    rows: dict[str, list[Problem]] = {}
    for one in problems:
        row, _, column = one.place.partition(", column ")
        rows.setdefault(row, []).append(Problem(column and f"column {column}", one.message))
    return rows


class WithProblems(MentorKitError):
    """Something is wrong in several places: `problems` lists them all, not only the first."""

    def __init__(
        self, code: str, message: str, problems: Iterable[Problem] = (), **details: Any
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(code, message, **details)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {problem}" for problem in self.problems)])


class Invalid(WithProblems):
    """The input is wrong. `problems` lists everything wrong with it, not only the first."""


class PluginError(WithProblems):
    """A plugin is at fault. `problems` names plugin and distribution of each failure."""


class SettingsError(PluginError):
    """The settings given to a plugin do not fit its schema."""


class Cancelled(MentorKitError):
    """The caller asked a long piece of work to stop; nothing of it was kept."""

    def __init__(self, message: str = "The work was cancelled; nothing of it was kept.") -> None:
        super().__init__("work.cancelled", message)
