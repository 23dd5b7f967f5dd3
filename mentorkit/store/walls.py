"""Two walls: what a plugin may do on the connection it is given, and what a tenant may see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from mentorkit.errors import MentorKitError
from mentorkit.store import tables
from mentorkit.store.declarations import declaration

POLICY = "mentorkit_tenant"

_CHANGES_CORE = re.compile(
    r"""\b(?: (?:insert|replace) (?:\s+or\s+\w+)? \s+ into
            | update (?:\s+or\s+\w+)?
            | delete \s+ from | merge \s+ into
            | truncate (?:\s+table)?
            | (?:alter|drop) \s+ table (?:\s+if\s+exists)? )
        \s+ (?:only\s+)? (?:["`\[]?\w+["`\]]?\.)? ["`\[]? mk__""",
    re.IGNORECASE | re.VERBOSE,
)
_WRITES = re.compile(
    r"\s*(?:insert|update|delete|replace|merge|truncate|create|alter|drop)\b", re.IGNORECASE
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def protect_core(connection: sa.Connection, *, write: bool = True) -> None:
    """Refuse statements here that change tables of the core: it stops mistakes, not malice.

    Without `write` any that change something: SQLite would take them, and forget them at the end.
    """

    @sa.event.listens_for(connection, "before_cursor_execute")
    def look(_: Any, cursor: Any, statement: str, *more: Any) -> None:
        if not write and _WRITES.match(_COMMENTS.sub(" ", statement)):
            raise MentorKitError(
                "store.read_only", "This transaction only reads; open one with write=True."
            )
        if "mk__" in statement and _CHANGES_CORE.search(_COMMENTS.sub(" ", statement)):
            raise MentorKitError(
                "plugin.core_table",
                "A plugin changes its own tables alone. For the core's there are the functions "
                "of mentorkit.journey.",
            )


def rls(engine: sa.Engine, on: bool = True, metadatas: Iterable[sa.MetaData] = ()) -> list[str]:
    """Switch row-level security of the core's and these tables on or off; return their names.

    A second wall between tenants, for PostgreSQL. It holds for roles that own neither superuser
    rights nor BYPASSRLS. Every transaction of ours tells the database its tenant (``SET LOCAL
    mentorkit.tenant``); one that does not sees nothing. Run it as the owner of the tables. With it
    on, `People.tenants` has to name the tenants.
    """
    if engine.dialect.name != "postgresql":
        raise MentorKitError(
            "store.no_row_level_security",
            f"Row-level security needs PostgreSQL; this is {engine.dialect.name}.",
        )
    found = [t for metadata in (tables.metadata, *metadatas) for t in metadata.sorted_tables]
    quote = engine.dialect.identifier_preparer
    verbs = ("ENABLE", "FORCE") if on else ("NO FORCE", "DISABLE")
    with engine.begin() as connection:
        for table in found:
            name = quote.format_table(table)
            connection.exec_driver_sql(f"DROP POLICY IF EXISTS {POLICY} ON {name}")
            if on:
                tenant = quote.quote(declaration(table).tenant)
                rule = f"{tenant} = current_setting('mentorkit.tenant', true)"
                connection.exec_driver_sql(
                    f"CREATE POLICY {POLICY} ON {name} USING ({rule}) WITH CHECK ({rule})"
                )
            for verb in verbs:
                connection.exec_driver_sql(f"ALTER TABLE {name} {verb} ROW LEVEL SECURITY")
    return [table.name for table in found]
