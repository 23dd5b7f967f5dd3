"""Call a plugin's code, so that whatever it does is a failure of that plugin and of nothing else.

`sys.exit` counts as a failure, too: a plugin does not decide that the process ends. A person's
Ctrl-C goes through.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from mentorkit.errors import Cancelled, PluginError
from mentorkit.hooks.context import Context
from mentorkit.hooks.providers import Check, Feature, Health, Table

T = TypeVar("T")
FAILURES = (Exception, SystemExit)
"""What code of a plugin may raise without taking others with it."""
NUMBERS = ("count", "number", "percent", "minutes")
"""Kinds of column that hold numbers."""
TOGETHER = 50
"""So many people a feature is asked about at once."""
LONGEST_ERROR = 300
"""Characters of a plugin's own error message that are passed on."""


def called(
    label: str,
    doing: str,
    call: Callable[[], T],
    *,
    passing: tuple[type[Exception], ...] = (),
    secrets: Collection[str] = (),
) -> T:
    """Return what a plugin answers.

    Raises `PluginError` naming the plugin (`label`) for whatever it raises, but for `Cancelled`
    and for errors of a `passing` kind, which it may raise on purpose. `secrets` are blotted out.
    """
    try:
        return call()
    except Cancelled:
        raise
    except FAILURES as error:
        if isinstance(error, passing):
            raise
        told = blotted(describe(error), secrets)
        raise PluginError("plugin.failed", f"{label}: {doing} raised {told}") from error


def computed(feature: Feature, ctx: Context, people: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return what a feature is of each of these people: a tuple of numbers, a number, or None.

    Raises what `compute` does, and `PluginError` (feature.bad_value) for any other answer.
    """
    answer = list(feature.compute(ctx, people))
    try:
        values = [None if one is None else _value(feature, one) for one in answer]
    except (TypeError, ValueError) as error:
        told = f"the feature {feature.name}: compute returned what is no such value ({error})"
        raise PluginError("feature.bad_value", told) from error
    if len(values) != len(people):
        told = f"the feature {feature.name}: compute returned {len(values)} for {len(people)}"
        raise PluginError("feature.bad_value", told)
    return values


def _value(feature: Feature, given: Any) -> Any:
    numbers = tuple(map(float, given)) if feature.length else (float(given),)
    if len(numbers) != (feature.length or 1) or not all(map(isfinite, numbers)):
        raise ValueError(f"{len(numbers)} number(s), or one that is not finite")
    return numbers if feature.length else numbers[0]


def blotted(text: str, secrets: Collection[str]) -> str:
    """Return a plugin's own words without the secrets it was given."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def examine(check: Check, *given: Any) -> Health:
    """Run a check; one that fails itself, or answers with something else, is not ok."""
    try:
        health = check.run(*given)
    except FAILURES as error:
        return Health(ok=False, message=f"the check itself failed ({type(error).__name__}).")
    if not isinstance(health, Health):
        given_instead = type(health).__name__
        return Health(ok=False, message=f"the check returned {given_instead}, not Health.")
    return health


def whole(table: Table) -> Table:
    """Return a metric's table; raise `PluginError` where it cannot be shown as one."""
    columns, rows, told = tuple(table.columns), tuple(map(tuple, table.rows)), ""
    said = [table.name, table.title, table.how, *table.notes]
    if not all(isinstance(one, str) for one in said + [one.title for one in columns]):
        told = "a title, a heading or a sentence of it is no text"
    for row in ((None,) * len(columns), *rows):
        if len(row) != len(columns):
            told = f"a row has {len(row)} cells, and there are {len(columns)} columns"
        for one, cell in zip(columns, row, strict=False):
            if not _fits(one.kind, cell):
                told = f"{one.name} is of kind {one.kind}, and has {type(cell).__name__} in it"
    if told:
        raise PluginError("metric.bad_table", f"The table {table.name} cannot be shown: {told}.")
    return replace(table, columns=columns, rows=rows, notes=tuple(said[3:]))


def _fits(kind: str, cell: Any) -> bool:
    """Return whether a cell can be shown in a column of this kind; None can in any."""
    if kind == "text":
        texts = cell.values() if isinstance(cell, Mapping) else [cell]
        return all(isinstance(one, str | date | None) for one in texts)
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool) and isfinite(cell)
    return kind in NUMBERS and (cell is None or is_number)


def describe(error: BaseException) -> str:
    """Return an exception as one line: its type, its message, and where it was raised."""
    try:
        message = short(error, LONGEST_ERROR)
    except Exception:
        message = "(its message cannot be read)"
    line = f"{type(error).__name__}: {message}" if message else type(error).__name__
    ours = f"{Path(__file__).parents[1]}{os.sep}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((ours, "<frozen")) and "importlib" not in frame.filename
    ]
    if not frames:
        return line
    path = Path(frames[-1].filename)
    return f"{line} ({path.parent.name}/{path.name}, line {frames[-1].lineno})"


def short(text: object, longest: int = 60) -> str:
    """Return a text as one line of at most so many characters."""
    told = " ".join(str(text).split())
    return told if len(told) <= longest else told[: longest - 3] + "..."
