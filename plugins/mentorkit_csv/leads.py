"""Turns the rows of a table into leads, and what is wrong with them into problems with a place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, cast
from zoneinfo import ZoneInfo

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import ROLES, Lead, ParticipantRole
from mentorkit.errors import Problem
from mentorkit.i18n import in_utc
from mentorkit_csv.columns import RESERVED, Column
from mentorkit_csv.table import Row, Table, check_problems

_BUSINESS = ("sector", "country", "started")
_MARKS = r"\s@<>\"(),:;\[\]\\"
_EMAIL = re.compile(rf"[^{_MARKS}]{{1,128}}@[^{_MARKS}.]{{1,63}}(\.[^{_MARKS}.]{{1,63}})+")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_PHONE = re.compile(r"\+?[0-9 ()./\-]{3,40}")
_PLAIN = Field(id="text")
_NAMED = 20
"""How many rows are named of which the same is told."""


class _RowError(Exception):
    """Collects what is wrong with one row, cell by cell."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


def read_leads(
    table: Table,
    columns: tuple[Column, ...],
    fields: Mapping[str, Field],
    *,
    role: str | None,
    default_capacity: int | None,
    clock: str | None,
    now: datetime,
    source: str,
) -> tuple[tuple[Lead, ...], tuple[Problem, ...]]:
    """Return the leads of the good rows, and the problems of the others.

    Weekly hours are of the clock in the row's time zone, else of `clock`, the program's (None:
    there is no program, and they stay as they are). Nobody is born after `now`. A key that comes
    a second time is a problem of the later row.
    """
    has_business = any(column.target == "business" for column in columns)
    leads: list[Lead] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for row in table.rows:
        try:
            lead = _Reader(table, row, columns, fields, clock, now, has_business).lead(
                role, default_capacity, source
            )
        except _RowError as wrong:
            problems += wrong.problems
            check_problems(problems, table.name)
            continue
        if lead.key in seen:
            problems.append(
                Problem(
                    lead.place,
                    f"is about {lead.key!r}, and so is {table.unit} {seen[lead.key]}; keep one",
                )
            )
            continue
        seen[lead.key] = row.number
        leads.append(lead)
    if clock:  # who is only paired never signs in
        problems += _without_code(table, columns)
    return tuple(leads), (*problems, *_unparted(table, columns, fields))


def _without_code(table: Table, columns: tuple[Column, ...]) -> Iterator[Problem]:
    """Tell of phone numbers by which nobody is found who signs in with the whole number."""
    for column in columns:
        if column.target == "phone":
            yield from _where(
                table,
                column,
                lambda cell: bool(_PHONE.fullmatch(cell)) and not cell.startswith(("+", "00")),
                "write it with the country's code, such as +254 700 123456; without it nobody can "
                "sign in by this number, or get messages",
            )


def _unparted(
    table: Table, columns: tuple[Column, ...], fields: Mapping[str, Field]
) -> Iterator[Problem]:
    """Tell of several answers that are taken for one, where an answer may be anything."""
    for column in columns:
        field = fields.get(column.target)
        if field and field.kind == "options" and not field.choices and field.separator != ",":
            apart = partial(_has_commas_without, field.separator)
            told = f"is taken for one answer; put {field.separator} between answers, not ,"
            yield from _where(table, column, apart, told)


def _has_commas_without(separator: str, cell: str) -> bool:
    return "," in cell and separator not in cell


def _where(
    table: Table, column: Column, wrong: Callable[[str], bool], told: str
) -> Iterator[Problem]:
    """Tell once of all cells of a column that are wrong like this, though their rows are kept."""
    found = [(row.number, row.cells[column.index].strip()) for row in table.rows]
    found = [(number, cell) for number, cell in found if wrong(cell)]
    if found:
        rows = ", ".join(str(number) for number, _ in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        place = f"column {column.name}, {table.unit} {rows}{more} ({_shown(found[0][1])})"
        yield Problem(table.name, f"{place}: {told}")


def without_jobs(
    table: Table, columns: tuple[Column, ...]
) -> tuple[tuple[Column, ...], list[Problem]]:
    """Return the columns but for one called role that holds none, and a note about it.

    For a sheet of which it is known who is in it: such a column tells something else, often a job.
    """
    for column in columns:
        cells = [cell for row in table.rows if (cell := row.cells[column.index].strip())]
        if column.target == "role" and cells and not any(one.casefold() in ROLES for one in cells):
            told = (
                f'its column "{column.name}" holds no roles ({_shown(cells[0])}, ...) and is not '
                f'read; to keep it, map it to a field: "{column.name}" = "job"'
            )
            left = tuple(one for one in columns if one is not column)
            return left, [Problem(table.name, told)]
    return columns, []


class _Reader:
    """Reads one row. A cell that cannot be read is noted, and the rest is looked at as well."""

    def __init__(
        self,
        table: Table,
        row: Row,
        columns: tuple[Column, ...],
        fields: Mapping[str, Field],
        clock: str | None,
        now: datetime,
        has_business: bool,
    ) -> None:
        self._table, self._row, self._fields = table, row, fields
        self._cells = {column.target: column for column in columns}
        self._clock = clock
        self._now = now
        self._has_business = has_business
        self._problems: list[Problem] = []

    def lead(self, role: str | None, default_capacity: int | None, source: str) -> Lead:
        """Return this row as a lead; raise `_RowError` with everything that is wrong with it."""
        email = self._value("email", _email)
        key = self._value("ref", _short) or (email.casefold() if email else None)
        if key is None and not self._problems:
            target = "ref" if "ref" in self._cells else "email"
            self._note(target, "is empty; write what tells this person apart from all others")
        zone = self._value("zone", _zone)
        self._clock = zone or self._clock
        played = self._value("role", _role) or role
        if played not in ROLES:
            self._note("role", "say who this is: mentee, mentor or both")
        given, family = self._value("given_name", _short), self._value("family_name", _short)
        name = self._value("name", _short) or " ".join(part for part in (given, family) if part)
        capacity = self._value("capacity", _capacity)
        lead = Lead(
            key=key or "",
            role=cast(ParticipantRole, played),
            name=name,
            email=email,
            phone=self._value("phone", _phone),
            locale=self._value("locale", _locale),
            zone=zone,
            born=self._value("born", lambda cell: _year(cell, 1900, self._now.year)),
            business=self._business(),
            profile=Frozen(self._profile(str(played))),
            capacity=default_capacity if capacity is None else capacity,
            cohort=None if "cohort" in self._fields else self._value("cohort", _short),
            source=source,
            campaign=self._value("campaign", _short) or "",
            place=self._table.place(self._row.number),
        )
        if self._problems:
            raise _RowError(self._problems)
        return lead

    def _business(self) -> Frozen | None:
        if not self._has_business:
            return None
        name = self._value("business", _short)
        if name is None:
            return None
        started = self._value("started", lambda cell: _year(cell, 1500, self._now.year))
        parts = {
            "sector": self._value("sector", _short),
            "country": self._value("country", _short),
            "started": started,
        }
        return Frozen({"name": name, **{key: part for key, part in parts.items() if part}})

    def _profile(self, role: str) -> dict[str, Any]:
        profile: dict[str, Any] = {}
        for target in self._cells:
            about_firm = target in _BUSINESS and self._has_business
            built_in = target in _PARSED_ELSEWHERE and (target not in _BUSINESS or about_firm)
            if built_in and target not in self._fields:
                continue
            field = self._fields.get(target, _CHOICES if target == "choices" else _PLAIN)
            value = self._value(target, partial(self._parse, field))
            if value is not None:
                profile[target] = value
            elif field.required and not self._cell(target) and _asked(field, role):
                self._note(target, "is empty; this program requires an answer")
        return profile

    def _cell(self, target: str) -> str:
        """Return the cell that feeds this, "" where there is none."""
        column = self._cells.get(target)
        return self._row.cells[column.index].strip() if column else ""

    def _value(self, target: str, parse: Callable[[str], Any]) -> Any:
        cell = self._cell(target)
        if not cell:
            return None
        try:
            return parse(cell)
        except ValueError as error:
            self._note(target, str(error))
            return None

    def _parse(self, field: Field, cell: str) -> Any:
        """Read an answer; a number with a comma is one where semicolons separate the cells.

        Weekly hours with the names of days are of a clock where the person lives; the hours of the
        week that a machine wrote, 0 to 167, are of UTC.
        """
        try:
            value = field.parse(cell)
            if field.kind == "number" and "," in cell and not self._table.decimal_comma:
                told = f"write {cell.replace(',', '.')}, with a point"
                raise ValueError(f"{cell!r} is not a number; {told}")
            if field.kind == "hours" and self._clock and any(one.isalpha() for one in cell):
                return in_utc(value or (), self._clock, self._now)
            return value
        except ValueError as error:
            other = next((one for one in ",;|/" if one in cell and one != field.separator), None)
            if field.kind != "options" or other is None or field.separator in cell:
                raise
            told = f"put {field.separator} between answers, not {other}"
            raise ValueError(f"{error}; {told}") from None

    def _note(self, target: str, message: str) -> None:
        column = self._cells.get(target)
        place = self._table.place(self._row.number, column.name if column else target)
        problem = Problem(place, message)
        if problem not in self._problems:
            self._problems.append(problem)


_CHOICES = Field(id="choices", kind="options")
_PARSED_ELSEWHERE = frozenset(RESERVED) - {"choices"}


def _asked(field: Field, role: str) -> bool:
    return role == "both" or role in field.roles


def _short(cell: str) -> str:
    text = str(_PLAIN.parse(cell))
    if len(text) > 200:
        raise ValueError("the text is longer than 200 characters; shorten it")
    if not text.isprintable():
        raise ValueError("the text holds line breaks or control characters; write it on one line")
    return text


def _email(cell: str) -> str:
    text = _short(cell)
    if not _EMAIL.fullmatch(text):
        told = "write one such as mary@example.org, or leave it empty"
        raise ValueError(f"{_shown(text)} is not an e-mail address; {told}")
    return text


def _phone(cell: str) -> str:
    text = _short(cell)
    if not _PHONE.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a phone number; write it as +44 20 7946 0000")
    return text


def _locale(cell: str) -> str:
    if not _LOCALE.fullmatch(cell):
        raise ValueError(f"{_shown(cell)} is not a language code; write one such as en or pt-BR")
    return cell.replace("_", "-")


@lru_cache(maxsize=1024)
def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; a path outside the zones; a folder of zones
        return False
    return True


def _zone(cell: str) -> str:
    if len(cell) > 64 or not cell.isascii() or not _zone_exists(cell):
        raise ValueError(f"{_shown(cell)} is not a time zone; write one such as Africa/Nairobi")
    return cell


def _whole(cell: str, low: int, high: int, what: str) -> int:
    digits = cell.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise ValueError(f"{_shown(cell)} is not {what}; write a whole number, {low} to {high}")
    if not low <= int(digits) <= high:
        raise ValueError(f"{_shown(cell)} is not {what}; write a whole number, {low} to {high}")
    return int(digits)


def _year(cell: str, low: int, high: int) -> int:
    return _whole(cell, low, high, "a year")


def _capacity(cell: str) -> int:
    return _whole(cell, 0, 10_000, "a number of places")


def _role(cell: str) -> str:
    answer = cell.casefold()
    if answer not in ROLES:
        raise ValueError(f"{_shown(cell)} is no role; write mentee, mentor or both")
    return answer


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
