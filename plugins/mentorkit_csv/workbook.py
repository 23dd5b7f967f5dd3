"""Reads and writes XLSX through openpyxl (extra `sheets`), behind a gate that looks first.

An XLSX file is a zip archive of XML: half a megabyte can unpack to two hundred. So the archive's
table of contents is judged before openpyxl sees the file; what is read is never more than declared
there, because `zipfile` stops at the declared size.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import Health, Sheet
from mentorkit_csv.separated import plain
from mentorkit_csv.table import MAX_COLUMNS, MEGABYTE, Limits, Row, Table, check_problems, fit

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MAX_ENTRIES = 1_000
MAX_RATIO = 150
"""Real sheets shrink 5 to 60 times; a bomb shrinks about 1000 times."""
MAX_CELL = 32_767
MAX_CELLS = 10_000_000
MAX_ROW = 1_048_576
"""The last row that a spreadsheet has. Only a made-up file names one beyond."""
_NEEDS_EXTRA = "XLSX files need openpyxl: run `pip install mentorkit[sheets]`, or use CSV"

_MADE_AT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def health() -> Health:
    """Look whether openpyxl can be loaded, and is one that this plugin works with."""
    try:
        import openpyxl
    except ImportError as error:
        return Health(ok=False, message=f"openpyxl cannot be loaded: {error}.", hint=_NEEDS_EXTRA)
    version = tuple(int(part) for part in re.findall(r"\d+", openpyxl.__version__)[:2])
    if version < (3, 1):
        return Health(
            ok=False, message=f"openpyxl {openpyxl.__version__} is too old.", hint=_NEEDS_EXTRA
        )
    return Health(ok=True, message=f"openpyxl {openpyxl.__version__} reads and writes XLSX.")


def write_xlsx(sheet: Sheet) -> bytes:
    """Return the sheet as XLSX. Texts are text cells: nothing is taken for a formula or a date.

    Raises `Invalid` when openpyxl is missing, or a cell is longer than a sheet can hold.
    """
    openpyxl = _openpyxl()
    from openpyxl.cell import WriteOnlyCell

    long = [
        Problem(f"row {number}, column {column}", f"is longer than {MAX_CELL} characters; use CSV")
        for number, row in enumerate(sheet.rows, start=2)
        for column, cell in zip(sheet.columns, row, strict=True)
        if isinstance(cell, str) and len(_escape(cell)) > MAX_CELL
    ]
    if long:
        raise Invalid("sheet.cell_too_long", "The table does not fit into XLSX:", long)
    book = openpyxl.Workbook(write_only=True)
    title = re.sub(r"[\\/*?:\[\]\x00-\x1f]", " ", sheet.title)[:31].strip("' ") or "Sheet"
    page = book.create_sheet(title)

    def cell(value: Any) -> Any:
        if value is None or value == "":
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        made = WriteOnlyCell(page, value=_escape(value if isinstance(value, str) else _bare(value)))
        made.data_type = "s"  # openpyxl guesses a formula from a leading =, an error from #N/A
        made.number_format = "@"
        return made

    page.append([cell(column) for column in sheet.columns])
    for row in sheet.rows:
        page.append([cell(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return _undated(out)


def _undated(body: io.BytesIO) -> bytes:
    """Return the workbook without the times of its making: the same sheet gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(body) as dated, zipfile.ZipFile(out, "w") as made:
        for name in dated.namelist():
            part = dated.read(name)
            if name == "docProps/core.xml":
                part = _MADE_AT.sub(b"1980-01-01T00:00:00Z", part)
            entry = zipfile.ZipInfo(name)  # dated 1980, the first day that a zip archive knows
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, part)
    return out.getvalue()


def _bare(value: Any) -> str:
    """Return the text for a value; the guard that CSV needs has no place in a text cell."""
    return ";".join(map(str, value)) if isinstance(value, (list, tuple)) else plain(value)


def _escape(text: str) -> str:
    """Write characters that XML cannot hold as ``_xHHHH_`` (ECMA-376, ST_Xstring)."""
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def read_xlsx(body: bytes, name: str, limits: Limits) -> Table:
    """Read the first sheet of a workbook, values only; formulas give what they last showed.

    Raises `Invalid` when openpyxl is missing, the archive is too big for what it is, or nothing
    in it can be read.
    """
    openpyxl = _openpyxl()
    _gate(body, name, limits)
    try:
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True)
    except Exception as error:  # a damaged file fails in openpyxl in dozens of ways
        raise _damaged(name) from error
    try:
        if not book.worksheets:
            raise Invalid("sheet.empty", f"{name} has no sheet with cells.")
        first, *others = book.worksheets
        table = _read(first, name, limits, _others([page.title for page in others]))
        if _may_calculate(body):
            return replace(table, problems=(*_never_shown(openpyxl, body, table), *table.problems))
        return table
    except Invalid:
        raise
    except Exception as error:  # as above: parts are only parsed when they are reached
        raise _damaged(name) from error
    finally:
        book.close()


def _others(titles: Sequence[str]) -> str:
    """Return what to say of the other sheets where the first one cannot be used."""
    if not titles:
        return ""
    shown = ", ".join(f'"{title}"' for title in titles[:10]) + (", ..." if titles[10:] else "")
    return f"only the first sheet is read; there are {shown} as well: put the people's sheet first"


def _may_calculate(body: bytes) -> bool:
    """Return whether any part looks as if it held a formula: if none does, no cell is read again.

    Which part is the first sheet's, openpyxl keeps to itself. A wrong yes only costs time.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return any(_FORMULA.search(archive.read(name)) for name in archive.namelist())


def _never_shown(openpyxl: Any, body: bytes, table: Table) -> Iterator[Problem]:
    """Yield a note about the formulas that were never calculated, which are read as empty."""
    places = []
    books = [
        openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=shown)
        for shown in (True, False)
    ]
    pages = [book.worksheets[0] for book in books]
    for page in pages:
        page.reset_dimensions()
    for number, rows in enumerate(zip(*(page.iter_rows() for page in pages), strict=True), start=1):
        for title, shown, written in zip(table.header, *rows, strict=False):
            # An empty text is a value as well, and its type is kept.
            if written.data_type == "f" and shown.value is None and shown.data_type != "str":
                places.append(f"row {number}, column {title}")
    for book in books:
        book.close()
    if places:
        more = f" and {len(places) - 1:,} more" if places[1:] else ""
        yield Problem(
            table.name,
            f"the formula in {places[0]}{more}, shows no value and is read as empty; if it should "
            "show one, open the file in a spreadsheet and save it",
        )


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError:
        raise Invalid("sheet.needs_openpyxl", f"{_NEEDS_EXTRA}.") from None
    return openpyxl


def _damaged(name: str) -> Invalid:
    return Invalid(
        "sheet.damaged",
        f"{name} cannot be read as an XLSX workbook. Open it in a spreadsheet and save it again, "
        "or save it as CSV.",
    )


def _gate(body: bytes, name: str, limits: Limits) -> None:
    """Judge the archive by its table of contents; raise `Invalid` before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _damaged(name) from error
    if len(entries) > MAX_ENTRIES:
        raise Invalid("sheet.too_big", f"{name} holds {len(entries)} parts; that is no sheet.")
    total = sum(entry.file_size for entry in entries)
    if total > limits.unpacked:
        raise Invalid(
            "sheet.too_big",
            f"{name} unpacks to {total // MEGABYTE} MB; {limits.unpacked // MEGABYTE} MB are "
            "allowed. Remove pictures and empty formatted rows, split it, or save it as CSV.",
        )
    for entry in entries:
        packed = max(1, entry.compress_size)
        if entry.file_size > MEGABYTE and entry.file_size // packed > MAX_RATIO:
            raise Invalid(
                "sheet.too_big",
                f"{name} unpacks to more than {MAX_RATIO} times its size; that is no ordinary "
                "sheet. Save it as CSV.",
            )
        if entry.flag_bits & 1:
            raise Invalid("sheet.encrypted", f"{name} is protected by a password; save it without.")


def _read(page: Worksheet, name: str, limits: Limits, others: str) -> Table:
    # The sheet's own word for its size is not believed: it makes openpyxl pad rows to it.
    page.reset_dimensions()  # type: ignore[attr-defined]
    header: tuple[str, ...] | None = None
    rows: list[Row] = []
    problems: list[Problem] = []
    budget, count = MAX_CELLS, 0
    for number, found in enumerate(page.iter_rows(), start=1):
        budget -= len(found) + 1
        if budget < 0 or number > MAX_ROW:
            raise Invalid(
                "sheet.too_big",
                f"{name} has more than {MAX_CELLS} cells, empty ones included, or a row beyond "
                f"{MAX_ROW}. Remove empty rows and columns, or save it as CSV.",
            )
        cells = tuple(_text(cell.value) for cell in found)
        if not any(map(str.strip, cells)):
            continue
        if header is None:
            header = tuple(cell.strip() for cell in cells)
            while header and not header[-1]:
                header = header[:-1]
            if not header:
                header = None
            elif len(header) > MAX_COLUMNS:
                raise Invalid(
                    "sheet.too_many_columns",
                    f"{name} has {len(header)} columns; {MAX_COLUMNS} are the most that can be "
                    "read.",
                )
            continue
        count += 1
        if count > limits.rows:
            raise limits.too_many_rows(name)
        wrong = [
            Problem(
                f"{name}, row {number}, column {header[index] or index + 1}",
                f"shows the error {cell.value}; mend the formula or write the value",
            )
            for index, cell in enumerate(found[: len(header)])
            if cell.data_type == "e"
        ]
        fitted = fit(cells + ("",) * (len(header) - len(cells)), len(header))
        if fitted is None:
            wrong.append(
                Problem(
                    f"{name}, row {number}",
                    f"has cells beyond the {len(header)} columns of the header; name their columns "
                    "or empty them",
                )
            )
        if wrong or fitted is None:
            problems += wrong
            check_problems(problems, name)
            continue
        rows.append(Row(number, fitted))
    if header is None:
        told = f"{name} has no header. Write the column names in its first row"
        raise Invalid("sheet.empty", f"{told}; {others}." if others else f"{told}.")
    return Table(
        name=name,
        unit="row",
        header=header,
        rows=tuple(rows),
        problems=tuple(problems),
        others=others,
    )


def _text(value: Any) -> str:
    """Return a cell's value as the text somebody would have typed."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _unescape(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)
