"""Export and erase one person, made from what the tables declare about themselves and no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mentorkit.domain.shown import shown
from mentorkit.store import migrate, tables
from mentorkit.store.declarations import declaration, resolve
from mentorkit.store.faults import translated

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction


def export(tx: Transaction, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return ``{table: rows}``, ready for JSON, of what all tables give out about this person."""
    tx.people.get(person_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for table in _tables(tx):
        declared = declaration(table)
        theirs = whose(tx, table, person_id, declared.subject)
        if theirs is None or declared.export == ():
            continue
        names = declared.export or tuple(c.name for c in table.columns if c.name != "tenant")
        query = sa.select(*(table.c[name] for name in names)).where(theirs)
        with translated(table.name):
            rows = tx.connection.execute(query.order_by(*table.primary_key.columns)).mappings()
            listed = [{name: shown(row[name]) for name in names} for row in rows]
        if listed:
            found[table.name] = listed
    return found


def erase(tx: Transaction, person_id: str) -> dict[str, int]:
    """Do to every table what it declares, and return ``{table: rows touched}``.

    The person's row stays, without name, link or key, because everything else refers to its id.
    A firm that nobody else acts for is theirs, and goes.
    """
    tx.people.get(person_id)
    firms = {one.business_id for one in tx.participants.find(person_id=person_id)} - {None}
    touched: dict[str, int] = {}
    for table in reversed(_tables(tx)):
        declared = declaration(table)
        theirs = whose(tx, table, person_id, (*declared.subject, *declared.mentions))
        if theirs is None or declared.erase == "keep":
            continue
        statement: sa.Delete | sa.Update
        if declared.erase == "delete":
            statement = sa.delete(table).where(theirs)
        else:
            values: dict[str, Any] = dict(declared.erase)
            if "version" in table.c:
                values["version"] = table.c.version + 1
            statement = sa.update(table).where(theirs).values(values)
        with tx.writing(table.name):
            count = tx.connection.execute(statement).rowcount
        if count:
            touched[table.name] = count
    firms -= {one.business_id for one in tx.participants.find(business_id=firms)}
    if firms:
        firm = tables.business
        theirs = sa.and_(firm.c.tenant == tx.tenant, firm.c.id.in_(firms))
        with tx.writing("business"):
            touched[firm.name] = tx.connection.execute(sa.delete(firm).where(theirs)).rowcount
    return touched


def unreached(tx: Transaction) -> list[str]:
    """Return the tables of plugins that are not loaded: erasing cannot look into them."""
    return migrate.undeclared(tx.connection, tx.metadatas)


def whose(
    tx: Transaction, table: sa.Table, person_id: str, paths: Iterable[str]
) -> sa.ColumnElement[bool] | None:
    """Return the condition that a row is this person's by any of these paths; None without one."""
    conditions = [_reaches(tx, table, person_id, path) for path in paths]
    if not conditions:
        return None
    tenant = table.c[declaration(table).tenant] == tx.tenant
    return sa.and_(tenant, sa.or_(*conditions))


def _reaches(tx: Transaction, table: sa.Table, person_id: str, path: str) -> sa.ColumnElement[bool]:
    name, _, target = path.partition("->")
    if not target:
        return table.c[name] == person_id
    other_name, _, key = target.partition(".")
    other = resolve(other_name, table, {each.name: each for each in _tables(tx)})
    theirs = whose(tx, other, person_id, declaration(other).subject)
    assert theirs is not None, f"{table.name} leads to {other.name}, which is nobody's"
    return table.c[name].in_(sa.select(other.c[key or "id"]).where(theirs))


def _tables(tx: Transaction) -> list[sa.Table]:
    return [table for metadata in tx.metadatas for table in metadata.sorted_tables]
