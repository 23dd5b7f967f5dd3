"""Row-level security: a second wall between tenants, for PostgreSQL, switched on by the deployer.

It holds for roles that own neither superuser rights nor BYPASSRLS. Every transaction of ours tells
the database its tenant (``SET LOCAL mentorkit.tenant``); one that does not sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from mentorkit.errors import MentorKitError
from mentorkit.store import tables
from mentorkit.store.declarations import declaration

POLICY = "mentorkit_tenant"


def rls(engine: sa.Engine, on: bool = True, metadatas: Iterable[sa.MetaData] = ()) -> list[str]:
    """Switch row-level security of the core's and these tables on or off; return their names.

    Run it as the owner of the tables. With it on, `People.tenants` has to name the tenants.
    """
    if engine.dialect.name != "postgresql":
        raise MentorKitError(
            "store.no_row_level_security",
            f"Row-level security needs PostgreSQL; this is {engine.dialect.name}.",
        )
    names: list[str] = []
    with engine.begin() as connection:
        for metadata in (tables.metadata, *metadatas):
            for table in metadata.sorted_tables:
                for statement in statements(connection, table, on):
                    connection.exec_driver_sql(statement)
                names.append(table.name)
    return names


def statements(connection: sa.Connection, table: sa.Table, on: bool) -> list[str]:
    """Return the SQL that puts one table behind the wall, or takes the wall away."""
    quote = connection.dialect.identifier_preparer
    name = quote.format_table(table)
    drop = f"DROP POLICY IF EXISTS {POLICY} ON {name}"
    if not on:
        return [
            drop,
            f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY",
        ]
    tenant = quote.quote(declaration(table).tenant)
    rule = f"{tenant} = current_setting('mentorkit.tenant', true)"
    return [
        drop,
        f"CREATE POLICY {POLICY} ON {name} USING ({rule}) WITH CHECK ({rule})",
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
    ]
