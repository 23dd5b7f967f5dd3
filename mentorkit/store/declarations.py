"""What every table must say about itself before anything starts, and the tables of plugins.

A table declares its tenant key, whose data a row is, its class, how long it is kept, what an
export gives and what erasing does. Export and erase of a person are made from this alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from mentorkit.errors import PluginError, Problem
from mentorkit.store.columns import bare, ident

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
KEY = "mentorkit"
"""Where `Table.info` keeps the declaration."""

DataClass = Literal["identity", "contact", "profile", "activity", "record", "work", "setup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a table says about itself.

    `subject` lists how a row leads to the person whose data it is: a column holding the person's
    id; or ``column->table``, holding the id of a row whose own subject is that person; or
    ``column->table.key``, where that row is found by another column than its id.
    `mentions` does the same for rows that are somebody else's but may speak of the person: erased
    with them, not exported to them. `export` names the columns to give out (None: all of them).
    `erase` is ``keep``, ``delete`` or ``{column: value to leave behind}``.
    """

    tenant: str = "tenant"
    subject: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    data_class: DataClass
    retention: str
    export: tuple[str, ...] | None = None
    erase: Literal["keep", "delete"] | Mapping[str, Any] = "keep"


def declare(
    *,
    data_class: DataClass,
    retention: str,
    tenant: str = "tenant",
    subject: str | tuple[str, ...] = (),
    mentions: str | tuple[str, ...] = (),
    export: tuple[str, ...] | None = None,
    erase: Literal["keep", "delete"] | Mapping[str, Any] = "keep",
) -> dict[str, Declaration]:
    """Return what a table's ``info=`` takes; see `Declaration` for each argument."""
    declaration = Declaration(
        tenant=tenant,
        subject=(subject,) if isinstance(subject, str) else subject,
        mentions=(mentions,) if isinstance(mentions, str) else mentions,
        data_class=data_class,
        retention=retention,
        export=export,
        erase=erase,
    )
    return {KEY: declaration}


def declaration(table: sa.Table) -> Declaration:
    """Return what this table has declared; `check` has made sure that it did."""
    found: Declaration = table.info[KEY]
    return found


def prefix(owner: str) -> str:
    """Return how this owner's tables begin: ``mk__`` for the core, ``mk_slack__`` for slack."""
    return f"mk_{owner}__" if owner else "mk__"


def plugin_tables(name: str) -> sa.MetaData:
    """Return the `MetaData` on which the plugin of this name builds its tables.

    Names begin ``mk_<name>__``; `table` makes one with its tenant and id. A table without tenant
    or declaration is refused when it would be created, and stops the start of a kit.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise PluginError(
            "plugin.name", f"A plugin cannot own tables as {name!r}: write lower case, a-z and 0-9."
        )
    metadata = sa.MetaData(naming_convention=CONVENTION, info={"owner": name})

    @sa.event.listens_for(metadata, "before_create")
    def refuse_undeclared(*_: Any, **__: Any) -> None:
        check({name: metadata})

    return metadata


def table(metadata: sa.MetaData, name: str, *columns: Any, info: dict[str, Any]) -> sa.Table:
    """Build an owner's table under its prefix, with tenant and id as its key.

    `info` is what `declare` returned.
    """
    return sa.Table(
        prefix(metadata.info["owner"]) + name,
        metadata,
        ident("tenant"),
        ident("id"),
        *columns,
        sa.PrimaryKeyConstraint("tenant", "id"),
        info=info,
    )


def refers(column: str, target: sa.Table, **options: Any) -> sa.ForeignKeyConstraint:
    """Return a reference that cannot leave the tenant: (tenant, column) -> (tenant, id)."""
    return sa.ForeignKeyConstraint(["tenant", column], [target.c.tenant, target.c.id], **options)


@dataclass(slots=True)
class _Findings:
    problems: list[Problem] = field(default_factory=list)

    def add(self, place: str, message: str) -> None:
        self.problems.append(Problem(place, message))


def check(owners: Mapping[str, sa.MetaData]) -> None:
    """Raise `PluginError` naming every table that has not declared itself properly."""
    found = _Findings()
    everything = {t.name: t for metadata in owners.values() for t in metadata.tables.values()}
    # A plugin may point at a core table from its own MetaData, so those names are known too.
    for metadata in owners.values():
        for each in metadata.tables.values():
            for key in each.foreign_keys:
                everything.setdefault(key.column.table.name, key.column.table)
    for owner, metadata in owners.items():
        for each in metadata.tables.values():
            _check_table(owner, each, everything, found)
    if found.problems:
        raise PluginError(
            "store.undeclared",
            "These tables do not say what they hold, so nothing is started:",
            found.problems,
        )


def _check_table(
    owner: str, each: sa.Table, everything: Mapping[str, sa.Table], found: _Findings
) -> None:
    who = f"plugin {owner}, table {each.name}" if owner else f"table {each.name}"
    if not each.name.startswith(prefix(owner)):
        found.add(who, f"begin its name with {prefix(owner)}")
    for column in each.columns:
        if bare(column):
            found.add(
                f"{who}, column {column.name}",
                "use UtcTime, LocalRule, Amount or whole minutes from mentorkit.store",
            )
    declared = each.info.get(KEY)
    if not isinstance(declared, Declaration):
        found.add(who, "declare it: info=mentorkit.store.declare(...)")
        return
    tenant = each.columns.get(declared.tenant)
    if tenant is None or tenant.nullable:
        found.add(who, f"give it a column {declared.tenant!r} that is never empty")
    elif not _leads(each, tenant):
        found.add(who, "let the tenant lead its primary key or a unique constraint")
    if not declared.retention.strip():
        found.add(who, "say how long a row is kept (retention)")
    for path in (*declared.subject, *declared.mentions):
        column_name, _, target = path.partition("->")
        if column_name not in each.columns:
            found.add(who, f"its subject {path!r} names no column of it")
        name, _, key = target.partition(".")
        pointed = _named(name, owner, everything)
        if target and (pointed is None or (key or "id") not in pointed.columns):
            found.add(who, f"its subject {path!r} names no column of a known table")
    erased = () if isinstance(declared.erase, str) else tuple(declared.erase)
    for name in (*(declared.export or ()), *erased):
        if name not in each.columns:
            found.add(who, f"its export or erase names {name!r}, which is no column of it")
    if (declared.erase != "keep") and not (declared.subject or declared.mentions):
        found.add(who, "say whose data it is (subject), or erasing cannot find it")
    personal = [column.name for column in each.columns if column.info.get("personal")]
    if personal and declared.erase == "keep":
        found.add(who, f"{', '.join(personal)} are personal: say what erasing leaves (erase)")


def _leads(each: sa.Table, tenant: sa.Column[Any]) -> bool:
    keys: Iterable[sa.Constraint] = [
        c for c in each.constraints if isinstance(c, (sa.PrimaryKeyConstraint, sa.UniqueConstraint))
    ]
    return any(next(iter(key.columns), None) is tenant for key in keys)  # type: ignore[attr-defined]


def _named(name: str, owner: str, everything: Mapping[str, sa.Table]) -> sa.Table | None:
    return everything.get(prefix(owner) + name, everything.get(prefix("") + name))


def resolve(name: str, each: sa.Table, everything: Mapping[str, sa.Table]) -> sa.Table:
    """Return the table that `each` calls `name` in a subject: its own owner's, else the core's."""
    owner = each.metadata.info.get("owner", "")
    found = _named(name, owner, everything)
    assert found is not None, f"{each.name} declares a subject in unknown table {name}"
    return found
