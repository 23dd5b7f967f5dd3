"""Keeps searches: what is looked for, how often, and whom each has found so far."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from mentorkit.domain.frozen import thaw
from mentorkit.hooks import WorkContext
from mentorkit_searches.tables import search

MOST = 5
"""Searches that a participant may keep."""
MARK = 8
"""Characters that stand for somebody whom a search has found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One kept search; see the table for what each means. `where` is by field the options."""

    id: str
    person_id: str
    participant_id: str
    program_id: str
    name: str
    where: Mapping[str, list[str]]
    every: str
    made_at: datetime
    next_at: datetime
    place: int = 0
    since: datetime | None = None
    until: datetime | None = None
    fresh: tuple[str, ...] = ()
    count: int = 0
    there: frozenset[str] | None = None
    named: frozenset[str] = field(default_factory=frozenset)
    version: int = 1

    @property
    def known(self) -> frozenset[str]:
        """The marks of whom it has found before, or told of."""
        return self.named | (self.there or frozenset())


def mark(id: str) -> str:
    """Return what stands for a participant in the rows of others."""
    return urlsafe_b64encode(sha256(id.encode()).digest()[:6]).decode()


def find(ctx: WorkContext, **equals: Any) -> list[Search]:
    """Return the searches that equal, those of a participant in the order of their places."""
    with ctx.transaction(write=False) as connection:
        return _read(connection, ctx, *(search.c[name] == equals[name] for name in equals))


def due(ctx: WorkContext, program: str, now: datetime, limit: int | None = None) -> list[Search]:
    """Return those of a program whose time has come, or will have by `now`, the first first."""
    with ctx.transaction(write=False) as connection:
        here = (search.c.program_id == program, search.c.next_at <= now)
        return _read(connection, ctx, *here, order=search.c.next_at, limit=limit)


def telling(
    ctx: WorkContext, program: str, now: datetime, only: Collection[str] | None = None
) -> list[Search]:
    """Return those of a program that have found somebody new of whom is to be told now."""
    here = [search.c.program_id == program, search.c.until > now]
    if only is not None:
        here.append(search.c.id.in_(list(only)))
    with ctx.transaction(write=False) as connection:
        return _read(connection, ctx, *here)


def add(ctx: WorkContext, one: Search) -> Search | None:
    """Keep a new search in the first free place of its participant; None where there is none."""
    try:
        return _add(ctx, one)
    except sa.exc.IntegrityError:  # two at once: the other has that place
        return _add(ctx, one)


def change(ctx: WorkContext, one: Search, **values: Any) -> bool:
    """Change a search, unless it was changed meanwhile; return whether it was not."""
    this = (search.c.tenant == ctx.tenant, search.c.id == one.id, search.c.version == one.version)
    row = _row({**values, "version": one.version + 1})
    with ctx.transaction() as connection:
        found = connection.execute(sa.update(search).where(*this).values(row))
        return bool(found.rowcount)


def drop(ctx: WorkContext, **equals: Any) -> bool:
    """Keep these no more; return whether there were any."""
    these = (search.c[name] == equals[name] for name in equals)
    with ctx.transaction() as connection:
        gone = connection.execute(sa.delete(search).where(search.c.tenant == ctx.tenant, *these))
        return bool(gone.rowcount)


def _add(ctx: WorkContext, one: Search) -> Search | None:
    mine = search.c.participant_id == one.participant_id
    with ctx.transaction() as connection:
        taken = {each.place for each in _read(connection, ctx, mine)}
        place = next((n for n in range(1, MOST + 1) if n not in taken), None)
        if place is None:
            return None
        names = [name for name in Search.__slots__ if name != "place"]
        row = _row({name: getattr(one, name) for name in names})
        connection.execute(sa.insert(search).values(tenant=ctx.tenant, place=place, **row))
    return one


def _row(values: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(values)
    if "where" in row:
        row["looked_for"] = row.pop("where")
    for name in ("there", "named"):
        if row.get(name) is not None:
            row[name] = "".join(sorted(row[name]))
    return row


def _read(
    connection: sa.Connection, ctx: WorkContext, *which: sa.ColumnElement[bool],
    order: Any = search.c.place, limit: int | None = None,
) -> list[Search]:  # fmt: skip
    query = sa.select(search).where(search.c.tenant == ctx.tenant, *which)
    rows = connection.execute(query.order_by(order, search.c.id).limit(limit)).mappings()
    return [_search(row) for row in rows]


def _search(row: Mapping[Any, Any]) -> Search:
    told = {name: row[name] for name in Search.__slots__ if name != "where"}
    told |= {"where": thaw(row["looked_for"]), "fresh": tuple(row["fresh"])}
    told |= {"there": _marks(row["there"]), "named": _marks(row["named"]) or frozenset()}
    return Search(**told)


def _marks(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(_cut(text))


def _cut(text: str) -> Iterable[str]:
    return (text[at : at + MARK] for at in range(0, len(text), MARK))


__all__ = ["MOST", "Search", "add", "change", "drop", "due", "find", "mark", "telling"]
