"""What a sheet is once it has been read: a header, rows that know their line, and the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

from mentorkit.errors import Invalid, Problem

MAX_COLUMNS = 1_000
MAX_PROBLEMS = 100_000
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a file may hold: bytes as sent, bytes once unpacked, and rows with content.

    A row counts whether it can be used or not.
    """

    body: int = 10 * MEGABYTE
    unpacked: int = 100 * MEGABYTE
    rows: int = 100_000

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Limits:
        """Return the limits that the plugin's settings give."""
        return cls(
            body=settings.get("max_megabytes", 10) * MEGABYTE,
            unpacked=settings.get("max_unpacked_megabytes", 100) * MEGABYTE,
            rows=settings.get("max_rows", 100_000),
        )

    def too_many_rows(self, name: str) -> Invalid:
        """Return the error for a file with more rows than this."""
        return Invalid(
            "sheet.too_many_rows",
            f"{name} holds more than {self.rows} rows. Split it into several files, or raise the "
            "setting max_rows of the plugin csv.",
            limit=self.rows,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One row of cells, and where it began: a physical line of a CSV file, a row of a sheet."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A sheet: header, rows as long as the header, and what could not be read.

    `unit` is what a row's number counts (``line`` or ``row``); `name` is the file's name.
    """

    name: str
    unit: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    decimal_comma: bool = False
    """Whether 3,5 means 3.5 here, as where semicolons separate the cells."""
    others: str = ""
    """What to say of the other sheets of a workbook where this one cannot be used."""

    def place(self, number: int, column: str = "") -> str:
        """Return where a row, or one cell of it, stands: ``mentees.csv, line 12, column grade``."""
        return f"{self.name}, {self.unit} {number}" + (f", column {column}" if column else "")


def check_problems(problems: Sequence[Problem], name: str) -> None:
    """Raise `Invalid` where there is more wrong with a file than anybody will read."""
    if len(problems) > MAX_PROBLEMS:
        raise Invalid(
            "sheet.too_many_problems",
            f"More than {MAX_PROBLEMS} things are wrong in {name}, such as {problems[0]}. Look at "
            "the columns: is each mapped to the right field?",
        )


def display_name(filename: str) -> str:
    """Return the file's name as messages show it: no folders, no control characters."""
    name = "".join(char for char in PureWindowsPath(filename).name if char.isprintable())
    return name[:200] or "the file"


def fit(cells: tuple[str, ...], width: int) -> tuple[str, ...] | None:
    """Return the cells cut to `width` where only empty ones stand beyond it, else None."""
    if len(cells) < width or any(cells[width:]):
        return None
    return cells[:width]
