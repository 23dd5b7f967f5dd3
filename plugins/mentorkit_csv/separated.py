"""Reads and writes CSV: encodings, delimiters, quoting, and cells that must not become formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from typing import Any

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import Sheet
from mentorkit_csv.table import MAX_COLUMNS, Limits, Row, Table, fit

DELIMITERS = (",", ";", "\t")
_BEGINS = r"(?:^|(?<=[,;\t\r\n]))"
"""Where a cell begins, or what becomes one if a spreadsheet splits at another separator.

A German Excel splits at semicolons, and then our quotes no longer hold a text together.
"""
_ALIVE = r"""(?=['"]*[=+\-@\t\r\n＝＋－＠])"""
"""What a spreadsheet may take for a formula, also behind quotes and apostrophes.

Apostrophes count so that guarding can be undone exactly: one is added, one is taken away.
"""
_TO_GUARD = re.compile(_BEGINS + _ALIVE)
_GUARDED = re.compile(f"{_BEGINS}'{_ALIVE}")
_BROKEN_BYTE = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


def guard(text: str) -> str:
    """Return the text with an apostrophe in front of each part that a spreadsheet could run."""
    return _TO_GUARD.sub("'", text)


def unguard(cell: str) -> str:
    """Return the text that `guard` made this cell from."""
    return _GUARDED.sub("", cell)


def write_csv(sheet: Sheet) -> bytes:
    """Return the sheet as CSV in UTF-8, readable by programs and by Excel alike.

    Only a sheet with letters beyond ASCII begins with a byte order mark: without one Excel takes
    the file for its country's old code page and garbles every accented name. Where nothing can be
    garbled, readers that know no such mark get a first column of the right name.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guard(column) for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([guard(cell) if isinstance(cell, str) else plain(cell) for cell in row])
    text = out.getvalue()
    return text.encode("utf-8" if text.isascii() else "utf-8-sig", errors="replace")


def plain(value: Any) -> str:
    """Return the cell for a value that is no text; lists become ``a;b``, and are guarded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return guard(";".join(str(item) for item in value))
    if isinstance(value, (int, float)):
        return str(value)
    return guard(str(value))


def read_csv(body: bytes, name: str, limits: Limits, known: Collection[str] = frozenset()) -> Table:
    """Read a CSV file. `known` are column names (folded) that help to tell the delimiter.

    Raises `Invalid` when there is no table at all; what is wrong with single rows stands in the
    table's problems.
    """
    text, notes = _decode(body, name)
    text, first, delimiter = _preamble(text, known)
    problems = list(notes)
    records = _records(text, delimiter, first, name, problems, limits)
    header = next(records, None)
    if header is None:
        raise Invalid(
            "sheet.empty",
            f"{name} has no header. Write the column names in its first line.",
            [problem for problem in problems if problem not in notes],
        )
    names = tuple(unguard(cell).strip() for cell in header.cells)
    if len(names) > MAX_COLUMNS:
        raise Invalid(
            "sheet.too_many_columns",
            f"{name} has {len(names)} columns; {MAX_COLUMNS} are the most that can be read. "
            "Is the separator right?",
        )
    rows: list[Row] = []
    for row in records:
        cells = fit(row.cells, len(names))
        if cells is None:
            problems.append(
                Problem(
                    f"{name}, line {row.number}",
                    f"has {len(row.cells)} cells where the header has {len(names)}; put a text "
                    f"that holds {_NAMES[delimiter]} between double quotes, and leave no cell out",
                )
            )
            continue
        rows.append(Row(row.number, tuple(map(unguard, cells))))
    return Table(
        name=name,
        unit="line",
        header=names,
        rows=tuple(rows),
        problems=tuple(problems),
        decimal_comma=delimiter == ";",
    )


_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


def _decode(body: bytes, name: str) -> tuple[str, list[Problem]]:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return body.decode("utf-16"), []
        except UnicodeDecodeError:
            raise _unreadable(name) from None
    if body.count(0) > len(body) // 8:
        raise _unreadable(name)
    text = body.decode("utf-8-sig", errors="surrogateescape")
    broken = len(_BROKEN_BYTE.findall(text))
    if not broken:
        return text, []
    if len(_BEYOND_ASCII.findall(text)) >= broken:
        # Mostly good UTF-8: guessing another encoding would garble every good row. The damaged
        # cells keep characters that no field accepts, so they are reported one by one.
        return text, []
    note = (
        "is not in UTF-8 and was read as Windows-1252; look at the accented letters, and save it "
        'as "CSV UTF-8" if they are wrong'
    )
    try:
        return body.decode("cp1252"), [Problem(name, note)]
    except UnicodeDecodeError:
        raise _unreadable(name) from None


def _unreadable(name: str) -> Invalid:
    return Invalid(
        "sheet.not_text",
        f"{name} cannot be read as text. Open it in a spreadsheet and save it as "
        '"CSV UTF-8", or as .xlsx.',
    )


def _preamble(text: str, known: Collection[str]) -> tuple[str, int, str]:
    """Return the text from its header on, the header's line, and the delimiter.

    Excel writes and obeys a first line ``sep=;``. Else the delimiter is the one that splits the
    first line into the most known names, then into the most columns.
    """
    told = re.match(r'"?sep=(.)"?(\r\n|\r|\n)', text, re.IGNORECASE)
    if told and told[1] in DELIMITERS:
        return text[told.end() :], 2, told[1]

    def found(delimiter: str) -> tuple[int, int]:
        records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header = next((cells for cells in records if any(cells)), [])
        except csv.Error:
            return (0, 0)
        names = {cell.strip().casefold() for cell in header}
        named = sum(any(char.isalnum() for char in cell) for cell in header)
        return (len(names & set(known)), named)

    return text, 1, max(DELIMITERS, key=found)


class _Lines(Iterator[str]):
    """Hands lines to the reader and keeps those of the record at hand."""

    def __init__(self, text: str) -> None:
        self._source = io.StringIO(text, newline="")
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = next(self._source)
        self.taken.append(line)
        return line


def _records(
    text: str, delimiter: str, first: int, name: str, problems: list[Problem], limits: Limits
) -> Iterator[Row]:
    """Yield records that hold something, with the physical line each begins on.

    A record that cannot be split is a problem. Where its quotes do not pair up, nobody can say
    where the next row begins, so reading stops there instead of importing rubbish. Good or bad,
    records count: raises `Invalid` for more than a header and the rows that the limit allows.
    """
    count = 0
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = first
    while True:
        lines.taken.clear()
        cells: list[str] | None = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if sum(line.count('"') for line in lines.taken) % 2:
                problems.append(
                    Problem(
                        f"{name}, line {number}",
                        "a text that begins with a double quote here is never closed (or is too "
                        "long); close it, and write a double quote inside a text twice. Nothing "
                        "from this line on was read",
                    )
                )
                return
            problems.append(Problem(f"{name}, line {number}", _why(error)))
        holds = cells is None or any(map(str.strip, cells))
        count += holds
        if count > limits.rows + 1:
            raise limits.too_many_rows(name)
        if cells and holds:
            yield Row(number, tuple(cells))
        number += len(lines.taken)


def _why(error: csv.Error) -> str:
    if "field limit" in str(error):
        return "a cell is longer than 131072 characters; shorten it"
    return 'the quotes are not right; write a double quote inside a quoted text twice ("")'
