"""The recruitment source `csv`: a file comes in as leads, a sheet goes out as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from mentorkit.domain.fields import Field
from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import Batch, Context, Grid, Inbound, RecruitmentSource, Sheet
from mentorkit_csv.columns import NOTHING, RESERVED, Column, assign, known_names, recognised, unread
from mentorkit_csv.leads import read_leads, without_jobs
from mentorkit_csv.separated import read_csv, write_csv
from mentorkit_csv.table import MEGABYTE, Limits, Table, display_name

MOST_CELLS = 20
"""How many cells that cannot be read are told of beside columns that do not fit."""


class CsvSource(RecruitmentSource):
    """Reads and writes CSV and XLSX files. `options` of `receive`: a column mapping, a capacity."""

    name = "csv"
    title = "CSV and XLSX files"
    targets = (*RESERVED, NOTHING)
    options: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "columns": {
                "type": "object",
                "title": "Columns",
                "description": "Column of the file -> ref, name, email, ... or a profile field. "
                "The other columns are recognised by name, or ignored.",
                "additionalProperties": {"type": "string", "minLength": 1},
                "default": {},
            },
            "jobs": {
                "type": "boolean",
                "title": "A column role may hold jobs",
                "description": "Leaves out a column role that holds no role, where the side is "
                "known.",
                "default": False,
            },
            "default_capacity": {
                "type": ["integer", "null"],
                "title": "Places where no number is given",
                "description": "How many relationships at once, for rows that do not say.",
                "minimum": 0,
                "maximum": 10_000,
                "default": None,
            },
        },
    }

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        given = settings or {}
        self._limits = Limits.of(given)
        self.suffixes = (".csv", ".xlsx") if given.get("xlsx", True) else (".csv",)

    def receive(
        self,
        ctx: Context,
        inbound: Inbound,
        *,
        role: str | None = None,
        fields: Mapping[str, Field] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Batch:
        """Read a file. A row that cannot be used becomes a problem; the good ones stay.

        `fields` are the program's profile fields; a mapped column of no declared field is kept as
        text. Raises `Invalid`, listing everything, when the file or its columns do not fit.
        """
        declared = fields or {}
        given = options or {}
        columns: Mapping[str, str] = given.get("columns") or {}
        table = self._read(inbound, columns, declared)
        used, notes, wrong = assign(table.header, columns, declared, role=role, name=table.name)
        if role and given.get("jobs") and "role" not in columns.values():
            used, ignored = without_jobs(table, used)
            notes += ignored
        if ctx.program:  # of two sheets that are only paired, what no criterion reads is no loss
            notes += unread(table.header, columns, used, notes, table.name)
        leads, problems = read_leads(
            table,
            used,
            declared,
            role=role,
            default_capacity=given.get("default_capacity"),
            clock=ctx.program.zone if ctx.program else None,
            now=ctx.now,
            source=self.name,
        )
        if wrong:
            wrong += _cells(table, used, problems)
            if table.others:
                wrong.append(Problem(table.name, table.others))
            raise Invalid("sheet.columns", f"The columns of {table.name} do not fit:", wrong)
        return Batch(leads=leads, problems=(*notes, *table.problems, *problems))

    def look(self, ctx: Context, inbound: Inbound) -> Grid:
        """Return the cells of a file as they stand."""
        table = self._read(inbound, {}, {})
        rows = tuple((row.number, row.cells) for row in table.rows)
        return Grid(columns=table.header, rows=rows, unit=table.unit)

    def recognise(self, columns: Sequence[str], fields: Mapping[str, Field]) -> Mapping[str, str]:
        """Return which columns feed what by their names."""
        return {one.name: one.target for one in recognised(tuple(columns), fields)}

    def _read(
        self, inbound: Inbound, columns: Mapping[str, str], fields: Mapping[str, Field]
    ) -> Table:
        """Choose the reader by what the bytes are, once they are few enough to be looked at."""
        name = display_name(inbound.filename)
        body = inbound.body
        if len(body) > self._limits.body:
            raise Invalid(
                "sheet.too_big",
                f"{name} has {len(body) / MEGABYTE:.1f} MB; {self._limits.body // MEGABYTE} MB are "
                "allowed. Split it, or raise the setting max_megabytes of the plugin csv.",
                limit=self._limits.body,
            )
        if not body.strip():
            raise Invalid("sheet.empty", f"{name} is empty. Write a header and one row a person.")
        suffix = PurePath(name).suffix.casefold()
        if body.startswith(b"\xd0\xcf\x11\xe0"):
            raise Invalid(
                "sheet.old_format",
                f"{name} is an old Excel file, or protected by a password. Save it as .xlsx "
                "without a password, or as CSV.",
            )
        zipped = body.startswith(b"PK\x03\x04")
        if zipped and suffix in ("", ".xlsx") and ".xlsx" in self.suffixes:
            from mentorkit_csv.workbook import read_xlsx

            return read_xlsx(body, name, self._limits)
        if zipped or suffix == ".xlsx":
            raise Invalid(
                "sheet.wrong_suffix",
                f"{name} is a zip archive, so no CSV file. If it is a spreadsheet, give it a name "
                f"that ends in .xlsx (files read here: {', '.join(self.suffixes)})."
                if zipped
                else f"{name} is not an XLSX workbook, whatever its name says. If it is CSV, give "
                "it a name that ends in .csv; else save it again as .xlsx.",
            )
        return read_csv(body, name, self._limits, known_names(columns, fields))

    def write(self, sheet: Sheet, *, suffix: str) -> bytes:
        """Return the sheet as a CSV or XLSX file; cells never come alive as formulas.

        What CSV must guard with an apostrophe, `receive` takes off again.
        """
        if any(len(row) != len(sheet.columns) for row in sheet.rows):
            raise Invalid(
                "sheet.ragged", "Every row of a sheet needs as many cells as it has columns."
            )
        kind = suffix.casefold()
        if kind not in self.suffixes:
            raise Invalid(
                "sheet.suffix", f"Write one of {', '.join(self.suffixes)} instead of {suffix!r}."
            )
        if kind == ".csv":
            return write_csv(sheet)
        from mentorkit_csv.workbook import write_xlsx

        return write_xlsx(sheet)


def _cells(table: Table, used: Sequence[Column], problems: Sequence[Problem]) -> list[Problem]:
    """Return what is wrong with cells of the columns that are there, the first of it if long."""
    titles = {column.name for column in used}
    found = [one for one in problems if one.place.partition(", column ")[2] in titles]
    if len(found) > MOST_CELLS:
        told = f"{len(found) - MOST_CELLS} more of its cells cannot be read"
        return [*found[:MOST_CELLS], Problem(table.name, told)]
    return found
