"""How any noun is kept: a generic, versioned repository.

Every statement carries the tenant of the transaction. Saving is ``UPDATE ... WHERE id AND tenant
AND version``, so whoever read an older version gets a `Conflict` that says what changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, replace
from datetime import datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import sqlalchemy as sa

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.runs import Page
from mentorkit.errors import Conflict, Invalid, NotFound, Problem
from mentorkit.store.equals import MANY, PLAIN, any_of, column_of, is_id, matching, parts
from mentorkit.store.faults import translated
from mentorkit.store.statistics import count as count_rows
from mentorkit.store.tables import maker, names, own

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction


FEW = 3
"""Up to so many ids are given each by itself: SQLite does not see how few a list holds."""


class Noun(Protocol):
    """What a repository keeps: a frozen dataclass with these and a column per field."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def id(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Noun)


class Repository(Generic[T]):
    """Keeps one noun of one tenant, inside one transaction."""

    noun: ClassVar[str]
    table: ClassVar[sa.Table]
    cls: type[T]

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.names = names(self.table)

    # ------------------------------------------------------------------ reading

    def get(self, id: str) -> T:
        """Return the one with this id; raise `NotFound`, also for another tenant's."""
        found = self.first(id=id)
        if found is None:
            raise self.missing(id)
        return found

    def get_many(self, ids: Iterable[str]) -> dict[str, T]:
        """Return those there are of any number of ids, in the order asked for."""
        wanted, known = list(dict.fromkeys(ids)), self.tx.known or {}
        found = {id: one for id in wanted for one in known.get(self._key({"id": id}, 1), ())}
        missing = [id for id in wanted if id not in found]
        found |= {item.id: item for item in (self.find(id=missing) if missing else ())}
        return {id: found[id] for id in wanted if id in found}

    def hold(self, ids: Iterable[str]) -> None:
        """Keep others from changing these until we have ended; wait for whoever does just now.

        Read them afterwards. In the order of their ids, so that two callers cannot deadlock; on
        SQLite whoever writes is alone already.
        """
        for part in parts({"id": sorted(set(ids))}):
            query = self._asking(**part).with_only_columns(self.table.c.id)
            self._all(query.order_by(self.table.c.id).with_for_update(key_share=True))

    def find(self, **equals: Any) -> list[T]:
        """Return all that equal, ordered by id. A list as a value means any of these."""
        found = [item for part in parts(equals) for item in self._equal(part)]
        if len(found) > 1:
            found.sort(key=lambda item: item.id)
        return found

    def _since(self, column: str, moment: datetime, equals: Mapping[str, Any]) -> list[T]:
        """Return all that equal, with a time in this column that is not before `moment`."""
        asked = (self._asked(part, {"moment": moment}, since=column) for part in parts(equals))
        return self._load([row for rows in asked for row in rows])

    def pick(self, column: str, **equals: Any) -> dict[str, Any]:
        """Return one column of all that equal, by id: no noun is made of anybody."""
        asked = (self._asked(part, columns=("id", column)) for part in parts(equals))
        return dict(map(tuple, chain.from_iterable(asked)))

    def first(self, **equals: Any) -> T | None:
        """Return the one with the lowest id that equals, or None."""
        found = self._equal(equals, limit=1)
        return found[0] if found else None

    def count(self, **equals: Any) -> int:
        """Return how many equal."""
        counting = [
            self._asking(**part).with_only_columns(sa.func.count()) for part in parts(equals)
        ]
        return sum(int(self._all(query)[0][0]) for query in counting)

    def page(self, *, after: str | None = None, limit: int = 100, **equals: Any) -> Page[T]:
        """Return at most `limit` (1 to 1000) that follow the key `after`, ordered by id."""
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 1000:
            told = Problem("limit", "write a whole number from 1 to 1000")
            raise Invalid("page.limit", "The page cannot be shown.", [told])
        query = self._asking(**equals)
        if after is not None:
            query = query.where(self.table.c.id > after)
        rows = self._all(query.order_by(self.table.c.id).limit(limit + 1))
        items = tuple(self._load(rows[:limit]))
        return Page(items=items, next=items[-1].id if len(rows) > limit else None)

    # ------------------------------------------------------------------ writing

    def add(self, item: T) -> T:
        """Insert one; a row like it that is there already is a `Conflict`."""
        self.add_all([item])
        return item

    def add_all(self, items: Iterable[T]) -> None:
        """Insert any number at once."""
        rows = [self._values(item) for item in items]
        if rows:
            with self.tx.writing(self.noun):
                self.tx.connection.execute(sa.insert(self.table), rows)
                count_rows(self.tx.connection, self.table, len(rows))

    def save(self, item: T) -> T:
        """Update one and return it with its next version; a stale one is a `Conflict`."""
        return self.save_all([item])[0]

    def save_all(self, items: Iterable[T]) -> list[T]:
        """Update any number at once and return them with their next versions."""
        before = list(items)
        if not before:
            return []
        rows = []
        for item in before:
            values = self._values(_bumped(item))
            del values["tenant"], values["id"]
            at = {"at_tenant": self.tx.tenant, "at_id": item.id, "at_version": item.version}
            rows.append({**values, **at})
        statement = _update(self.table)
        if len({item.id for item in before}) < len(before):
            raise ValueError(f"one {self.noun} stands twice among those to save")
        with self.tx.writing(self.noun):
            connection = self.tx.connection
            if connection.dialect.supports_sane_multi_rowcount:
                done = connection.execute(statement, rows if len(rows) > 1 else rows[0]).rowcount
            else:
                done = sum(connection.execute(statement, row).rowcount for row in rows)
        if done != len(rows):
            if done:  # some of them are saved now; none of them must stay so
                self.tx.outcome.doom()
            raise self._stale(before)
        return [_bumped(item) for item in before]

    def _stale(self, items: Sequence[T]) -> Exception:
        """Return the error for those of `items` that were not at their version any more."""
        there = {item.id: item for item in self.find(id=[item.id for item in items])}
        for mine in items:
            theirs = there.get(mine.id)
            if theirs is None:
                return self.missing(mine.id)
            if theirs != _bumped(mine):  # those saved before the stale one was met are as we wish
                # Whoever is told this may be a party: why it changed is not theirs to know.
                changed = {
                    name: getattr(theirs, name)
                    for name in self.names
                    if name not in ("version", "reason", "note_id")
                    and not self.table.c[name].info.get("personal")
                    and getattr(theirs, name) != getattr(mine, name)
                }
                what = f"state is now {changed['state']}" if "state" in changed else "saved again"
                return Conflict(
                    f"{self.noun}.stale",
                    f"This {self.noun} has changed meanwhile ({what}). "
                    "Look at it again, then decide.",
                    id=mine.id,
                    version=theirs.version,
                    changed=changed,
                )
        return Conflict(f"{self.noun}.stale", f"A {self.noun} has changed meanwhile. Look again.")

    # ------------------------------------------------------------------ underneath

    def missing(self, id: str) -> NotFound:
        """Return the error for an id that is not here; another tenant's is not here either."""
        return NotFound(f"{self.noun}.not_found", f"There is no such {self.noun} here.", id=id)

    def _values(self, item: T) -> dict[str, Any]:
        if item.tenant != self.tx.tenant:
            raise self.missing(item.id)
        return {name: getattr(item, name) for name in self.names}

    def _load(self, rows: Sequence[sa.Row[Any]]) -> list[T]:
        make = maker(self.cls, self.table)
        return [make(row) for row in rows]

    def read_ahead(
        self, by: str, values: Iterable[str], *, limit: int | None = None
    ) -> dict[str, list[T]]:
        """Read at once, and return, what `find` says of each value, or `first` with `limit` 1.

        Where nothing is read twice, it is known from then on.
        """
        found: dict[str, list[T]] = {value: [] for value in values}
        query = _asking_ahead(self.table, by, self.tx.connection.dialect.name)
        for part in parts({"these": list(found)}):
            read = self._all(query, {"tenant": self.tx.tenant, **part})
            for item in self._load(read):
                found[getattr(item, by)].append(item)
        for value, items in found.items():
            if len(items) > 1:
                found[value] = sorted(items, key=lambda item: item.id)[:limit]
        if self.tx.known is not None:
            begun = (self.table, limit, "")
            self.tx.known.update({(*begun, (by, value)): those for value, those in found.items()})
        return found

    def _equal(
        self, equals: Mapping[str, Any], limit: int | None = None, newest: str = ""
    ) -> Sequence[T]:
        """Return those that equal: with a limit by id, or by the column `newest` downwards."""
        known = self.tx.known
        if known is None:
            return self._load(self._asked(equals, limit=limit, newest=newest))
        key = self._key(equals, limit, newest)
        found: Sequence[T] | None = known.get(key)
        if found is None:
            found = known[key] = self._load(self._asked(equals, limit=limit, newest=newest))
            for item in found:
                known.setdefault(self._key({"id": item.id}, 1), [item])
        return found

    def _asked(
        self, equals: Mapping[str, Any], more: Mapping[str, Any] = Frozen(), **how: Any
    ) -> Sequence[sa.Row[Any]]:
        """Return the rows that equal, as `_asking_equal` asks for them with `more` values."""
        kinds = tuple((name, _kind(value)) for name, value in equals.items())
        values = {
            name: list(value) if isinstance(value, MANY) else value
            for name, value in equals.items()
            if value is not None
        }
        query = _asking_equal(self.table, kinds, self.tx.connection.dialect.name, **how)
        return self._all(query, {"tenant": self.tx.tenant, **values, **more})

    def _key(
        self, equals: Mapping[str, Any], limit: int | None, newest: str = ""
    ) -> tuple[Any, ...]:
        """Return by what those that equal are known where nothing is read twice."""
        told: Iterable[Any] = equals.items()
        if not PLAIN.issuperset(map(type, equals.values())):
            told = ((n, tuple(v) if isinstance(v, MANY) else v) for n, v in told)
        return (self.table, limit, newest, *told)

    def _all(
        self, query: sa.Select[Any], values: Mapping[str, Any] | None = None
    ) -> Sequence[sa.Row[Any]]:
        with translated(self.noun):
            return self.tx.connection.execute(query, values).all()

    def _asking(self, **equals: Any) -> sa.Select[Any]:
        return sa.select(*own(self.table)).where(matching(self.table, self.tx.tenant, equals))

    def _unheld(self, query: sa.Select[Any]) -> sa.Select[Any]:
        """Hold what is read to change it, without what another worker holds, on PostgreSQL.

        SQLite lets one write at a time.
        """
        if self.tx.write and self.tx.connection.dialect.name == "postgresql":
            return query.with_for_update(of=self.table, skip_locked=True)
        return query

    def _new(self, **values: Any) -> T:
        made = {"id": self.tx.new_id(), "tenant": self.tx.tenant, "created_at": self.tx.now}
        return self.cls(**made, **values)


# Making a statement costs more than running it: those of every step are made once.


@cache
def _asking_equal(
    table: sa.Table, kinds: tuple[tuple[str, str], ...], dialect: str, limit: int | None = None,
    newest: str = "", since: str = "", columns: tuple[str, ...] = (),
) -> sa.Select[Any]:  # fmt: skip
    """Return the query for rows whose columns equal parameters of the same names.

    With a `limit` in order, by the id or by the column `newest` downwards; with `since` of those
    where this column is not before the parameter ``moment``; of these `columns` alone, if any.
    """
    ids = [name for name, kind in kinds if kind == "many" and is_id(name)]
    equals: dict[str, Any] = {
        name: None if kind == "none" else sa.bindparam(name, expanding=kind in ("few", "many"))
        for name, kind in kinds
        if name not in ids
    }
    these = (any_of(column_of(table, name), name, dialect) for name in ids)
    wanted = tuple(table.c[name] for name in columns) or own(table)
    query = sa.select(*wanted).where(matching(table, sa.bindparam("tenant"), equals), *these)
    if since:
        query = query.where(table.c[since] >= sa.bindparam("moment"))
    if limit is None:  # to find those of a tenant in order, SQLite would go through all it has
        return query
    return query.order_by(table.c[newest].desc() if newest else table.c.id).limit(limit)


@cache
def _asking_ahead(table: sa.Table, by: str, dialect: str) -> sa.Select[Any]:
    """Return the query for rows that are `by` of the parameter ``these``."""
    these = (table.c.tenant == sa.bindparam("tenant"), any_of(table.c[by], "these", dialect))
    return sa.select(*own(table)).where(*these)


def _kind(value: Any) -> str:
    if isinstance(value, MANY):
        return "many" if len(value) > FEW else "few"
    return "none" if value is None else "one"


@cache
def _update(table: sa.Table) -> sa.Update:
    """Return the statement that saves one row, unless it is not at its version any more."""
    return sa.update(table).where(
        table.c.tenant == sa.bindparam("at_tenant"),
        table.c.id == sa.bindparam("at_id"),
        table.c.version == sa.bindparam("at_version"),
    )


def _bumped(item: T) -> T:
    return replace(item, version=item.version + 1)
