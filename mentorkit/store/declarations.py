"""What every table says about itself, from which alone export and erase of a person are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec

import sqlalchemy as sa

from mentorkit.errors import PluginError, Problem
from mentorkit.store.columns import BARE, ident
from mentorkit.store.statistics import assume_when_made

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
KEY = "mentorkit"
"""Where `Table.info` keeps the declaration."""

P = ParamSpec("P")
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
    subject: str | tuple[str, ...] = ()
    mentions: str | tuple[str, ...] = ()
    data_class: DataClass
    retention: str
    export: tuple[str, ...] | None = None
    erase: Literal["keep", "delete"] | Mapping[str, Any] = "keep"

    def __post_init__(self) -> None:
        for name, paths in (("subject", self.subject), ("mentions", self.mentions)):
            object.__setattr__(self, name, (paths,) if isinstance(paths, str) else paths)


def _as_info(make: Callable[P, Declaration]) -> Callable[P, dict[str, Declaration]]:
    def declare(*args: P.args, **about: P.kwargs) -> dict[str, Declaration]:
        """Return what a table's ``info=`` takes; see `Declaration` for each argument."""
        return {KEY: make(*args, **about)}

    return declare


declare = _as_info(Declaration)


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
    metadata = assume_when_made(sa.MetaData(naming_convention=CONVENTION, info={"owner": name}))

    @sa.event.listens_for(metadata, "before_create")
    def refuse_undeclared(*_: Any, **__: Any) -> None:
        check({name: metadata})

    return metadata


def table(metadata: sa.MetaData, name: str, *columns: Any, info: dict[str, Any]) -> sa.Table:
    """Build an owner's table, keyed by tenant and id; `info` is what `declare` returned."""
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


def check(owners: Mapping[str, sa.MetaData]) -> None:
    """Raise `PluginError` naming every table that has not declared itself properly."""
    tables = [(owner, t) for owner, metadata in owners.items() for t in metadata.tables.values()]
    everything = {each.name: each for _, each in tables}
    # A plugin may point at a core table from its own MetaData, so those names are known too.
    for _, each in tables:
        for key in each.foreign_keys:
            everything = {**key.column.table.metadata.tables, **everything}
    problems = [
        Problem(place, message)
        for owner, each in tables
        for place, message in _faults(owner, each, everything)
    ]
    if problems:
        raise PluginError(
            "store.undeclared",
            "These tables do not say what they hold, so nothing is started:",
            problems,
        )


def _faults(
    owner: str, each: sa.Table, everything: Mapping[str, sa.Table]
) -> Iterator[tuple[str, str]]:
    """Yield a place and what to do there, for each thing that is wrong with a table."""
    who = f"plugin {owner}, table {each.name}" if owner else f"table {each.name}"
    if not each.name.startswith(prefix(owner)):
        yield who, f"begin its name with {prefix(owner)}"
    for column in each.columns:
        if isinstance(column.type, BARE):
            place = f"{who}, column {column.name}"
            yield place, "use UtcTime, LocalRule, Amount or whole minutes from mentorkit.store"
    declared = each.info.get(KEY)
    if not isinstance(declared, Declaration):
        yield who, "declare it: info=mentorkit.store.declare(...)"
        return
    tenant = each.columns.get(declared.tenant)
    if tenant is None or tenant.nullable:
        yield who, f"give it a column {declared.tenant!r} that is never empty"
    elif not any(next(iter(key.columns), None) is tenant for key in _keys(each)):
        yield who, "let the tenant lead its primary key or a unique constraint"
    if not declared.retention.strip():
        yield who, "say how long a row is kept (retention)"
    for path in (*declared.subject, *declared.mentions):
        column_name, _, target = path.partition("->")
        if column_name not in each.columns:
            yield who, f"its subject {path!r} names no column of it"
        name, _, key = target.partition(".")
        pointed = _named(name, owner, everything)
        if target and (pointed is None or (key or "id") not in pointed.columns):
            yield who, f"its subject {path!r} names no column of a known table"
    erased = () if isinstance(declared.erase, str) else tuple(declared.erase)
    for name in (*(declared.export or ()), *erased):
        if name not in each.columns:
            yield who, f"its export or erase names {name!r}, which is no column of it"
    if declared.erase != "keep" and not (declared.subject or declared.mentions):
        yield who, "say whose data it is (subject), or erasing cannot find it"
    personal = [column.name for column in each.columns if column.info.get("personal")]
    if personal and declared.erase == "keep":
        yield who, f"{', '.join(personal)} are personal: say what erasing leaves (erase)"


def _keys(each: sa.Table) -> list[sa.PrimaryKeyConstraint | sa.UniqueConstraint]:
    kinds = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)
    return [constraint for constraint in each.constraints if isinstance(constraint, kinds)]


def _named(name: str, owner: str, everything: Mapping[str, sa.Table]) -> sa.Table | None:
    return everything.get(prefix(owner) + name, everything.get(prefix("") + name))


def resolve(name: str, each: sa.Table, everything: Mapping[str, sa.Table]) -> sa.Table:
    """Return the table that `each` calls `name` in a subject: its own owner's, else the core's."""
    owner = each.metadata.info.get("owner", "")
    found = _named(name, owner, everything)
    assert found is not None, f"{each.name} declares a subject in unknown table {name}"
    return found
