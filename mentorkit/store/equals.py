"""What a row equals: the conditions by which all nouns are looked up, each within its tenant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any

import sqlalchemy as sa

from mentorkit.store.declarations import prefix

CHUNK = 1000
"""How many ids go into one IN list; a longer list is asked for in parts."""
MANY = (list, tuple, set, frozenset)
"""What means any of its values."""
PLAIN = frozenset({str, int, bool, NoneType})
"""What most values are, none of which is `MANY`."""


def matching(table: sa.Table, tenant: Any, equals: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a row is the tenant's and equals; a list means any of these."""
    conditions = [table.c.tenant == tenant]
    for name, value in equals.items():
        column = column_of(table, name)
        several = isinstance(value, MANY) or getattr(value, "expanding", False)
        conditions.append(column.in_(value) if several else column == value)
    return sa.and_(*conditions)


def column_of(table: sa.Table, name: str) -> sa.Column[Any]:
    """Return the column by which rows are looked up; `TypeError` where there is none."""
    if name not in table.c or name == "tenant":
        noun = table.name.removeprefix(prefix(""))
        raise TypeError(f"a {noun} cannot be looked up by {name!r}")
    return table.c[name]


def is_id(name: str) -> bool:
    """Return whether a column of this name holds ids, of which many may be asked for at once."""
    return name == "id" or name.endswith("_id")


class _Listed(sa.types.TypeDecorator[Sequence[Any]]):
    """Any number of ids or numbers as one value."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[Any] | None, dialect: sa.Dialect) -> str:
        return json.dumps(value)


def any_of(column: sa.ColumnElement[Any], name: str, dialect: str) -> sa.ColumnElement[bool]:
    """Return the condition that a column is any of those in the parameter of this name.

    For ids and numbers of rows that are there. A database takes them as one value where it can: to
    write each into the statement takes longer than to find what they are of, and a statement that
    is always the same is planned once.
    """
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(column.type)))
    if dialect != "sqlite":
        return column.in_(sa.bindparam(name, expanding=True))
    given = sa.func.json_each(sa.bindparam(name, type_=_Listed)).table_valued("value")
    return column.in_(sa.select(given.c.value))


def parts(equals: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Cut the longest list among the values into parts that a database takes at once."""
    if PLAIN.issuperset(map(type, equals.values())):
        yield dict(equals)
        return
    lists = {name: list(dict.fromkeys(v)) for name, v in equals.items() if isinstance(v, MANY)}
    if not lists:
        yield dict(equals)
        return
    longest = max(lists, key=lambda name: len(lists[name]))
    for start in range(0, len(lists[longest]), CHUNK):
        yield {**equals, **lists, longest: lists[longest][start : start + CHUNK]}
