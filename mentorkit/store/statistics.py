"""Let databases know that one tenant may own all the rows, so that they look up by the right index.

Every table begins with its tenant. Without statistics SQLite takes an equal first column for
something that ten rows have, and would rather go through all of a tenant in the wanted order than
find a few rows and sort them. The figures written here
(https://www.sqlite.org/fileformat2.html, section 2.6.3) are the same for every database: a
statement runs in one way everywhere, on the first day as on the thousandth. Where somebody has run
ANALYZE, what it found stays.

PostgreSQL counts by itself, but not within a transaction: of a first large sheet each row would be
looked up among all that were put in before it, by any index that begins with the tenant.
"""

from __future__ import annotations

import sqlalchemy as sa

ALL = 1_000_000
"""Rows that a table is said to have, all of one tenant."""
ALIKE = 1_000
"""Rows of a tenant that are said to be alike in the next column of an index, the one after..."""
NARROWER = 100
"""...has so many times fewer, and the last column of a unique one tells each apart."""
MANY = 1_000
"""From so many rows at once on PostgreSQL is asked to count, unless it knows of as many."""
_KNOWN = sa.text("SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)")


def assume(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """Write what SQLite is to assume of these tables' indexes, where nothing is known of them."""
    if connection.dialect.name != "sqlite":
        return
    connection.exec_driver_sql("ANALYZE sqlite_schema").close()  # makes the table of statistics
    known = set(connection.exec_driver_sql("SELECT idx FROM sqlite_stat1").scalars())
    rows = [
        (table, index, " ".join(map(str, _figures(columns, unique))))
        for table in metadata.tables
        for _, index, unique, *_ in connection.exec_driver_sql(f"PRAGMA index_list({table})").all()
        if index not in known
        if (columns := len(connection.exec_driver_sql(f"PRAGMA index_info({index})").all()))
    ]
    if rows:
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", rows).close()
        connection.exec_driver_sql("ANALYZE sqlite_schema").close()  # reads it


def _figures(columns: int, unique: int) -> list[int]:
    """Return how many rows there are, and how many are alike in the first 1, 2, ... columns."""
    alike = [ALL, *(max(1, ALIKE // NARROWER**later) for later in range(columns - 1))]
    return [ALL, *alike[:-1], 1 if unique else alike[-1]]


def assume_when_made(metadata: sa.MetaData) -> sa.MetaData:
    """Have this written also where `create_all` makes these tables, and return them."""

    @sa.event.listens_for(metadata, "after_create")
    def written(_: sa.MetaData, connection: sa.Connection, **__: object) -> None:
        assume(connection, metadata)

    return metadata


def count(connection: sa.Connection, table: sa.Table, rows: int) -> None:
    """Have PostgreSQL count a table into which so many rows were put, where that is news to it.

    Nobody is waited for, and who may not count is not hindered.
    """
    if rows < MANY or connection.dialect.name != "postgresql":
        return
    name = connection.dialect.identifier_preparer.format_table(table)
    if connection.execute(_KNOWN, {"name": name}).scalar_one() < rows:
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {name}")
