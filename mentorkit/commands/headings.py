"""What `--columns` says of the headings of a file, and the file read by it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.commands.plans import TURN
from mentorkit.errors import Invalid, Problem

if TYPE_CHECKING:
    from mentorkit.commands.session import Session

_HINT = re.compile(r'if "(.+)" is it, map it to (\w+)$')


def columns_of(given: Sequence[str]) -> tuple[dict[str, str] | None, list[Problem]]:
    """Read ``--columns "first name"=given_name`` (None: nothing given), and what is wrong in it."""
    columns: dict[str, str] = {}
    problems: list[Problem] = []
    for entry in given:
        column, equals, field = entry.rpartition("=")
        if not equals or not column.strip() or not field.strip():
            problems.append(
                Problem(f"--columns {entry}", "write COLUMN=FIELD, such as 'first name=given_name'")
            )
        elif column.strip() in columns:
            problems.append(Problem(f"--columns {entry}", "this column was named before"))
        else:
            columns[column.strip()] = field.strip()
    return columns or None, problems


def reader(session: Session, given: Sequence[str], **which: Any) -> Callable[..., Any]:
    """Return what reads the file as if this role were in it, by the columns `given`.

    It raises `Invalid` with everything that is wrong with the columns, as they were typed.
    """
    from mentorkit.journey import recruit as recruiting

    columns, wrong = columns_of(given)
    typed = {f"columns.{title}": f"--columns {title}={to}" for title, to in (columns or {}).items()}

    def read(role: str | None) -> tuple[Sequence[Any], Sequence[Problem]]:
        told: list[Problem] = []
        try:
            if columns or not wrong:
                found = recruiting.read(
                    session.kit, **session.scope, **which, columns=columns, role=role
                )
        except Invalid as error:
            if error.code == "sheet.columns" and not wrong:
                problems = [*map(_turned, error.problems), *by_hand(error.problems, wrong=True)]
                raise Invalid(error.code, error.message, problems) from None
            if error.code not in ("columns.invalid", "sheet.columns"):
                raise
            turned = {f"columns.{_column(one)}" for one in error.problems if TURN in one.message}
            told = [_turned(one) for one in error.problems if "column" in one.place]
            told = [one for one in told if one.place not in turned]
        if wrong or told:
            named = [replace(one, place=typed.get(one.place, one.place)) for one in told]
            raise Invalid("columns.invalid", "The columns cannot be used:", [*wrong, *named])
        return found

    return read


def by_hand(problems: Sequence[Problem], *, wrong: bool = False) -> list[Problem]:
    """Return how a heading is given its meaning, where one is told that may be a missing column.

    Where something is `wrong`, it is told of every column that is missing.
    """
    found = next((hit for one in problems if (hit := _HINT.search(one.message))), None)
    missing = any(one.message.startswith(("has no column", "nothing tells")) for one in problems)
    if not found and not (wrong and missing):
        return []
    pair = shlex.quote(f"{found[1]}={found[2]}") if found else "HEADING=FIELD"
    return [Problem("--columns", f"says what a heading feeds: `--columns {pair}`")]


def _column(problem: Problem) -> str:
    return problem.place.partition(", column ")[2]


def _turned(problem: Problem) -> Problem:
    """Return the problem with what to type, where a column is mapped the wrong way round."""
    found = re.search(r'`"(.+)" = "(\w+)"`', problem.message) if TURN in problem.message else None
    if found is None:
        return problem
    pair = shlex.quote(f"{found[1]}={found[2]}")
    return replace(problem, message=problem.message.replace(found[0], f"`--columns {pair}`"))
