"""Schemas on the PostgreSQL server, emptied and used again: making one takes longer than a test."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.schema import MetaData

SHAPE = """
    SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
        SELECT concat_ws(' ', relname, relkind, relchecks, relhastriggers, relrowsecurity) AS line
        FROM pg_class WHERE relnamespace = '{schema}'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', relname, attname, atttypid, attnotnull, attisdropped)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = '{schema}'::regnamespace AND attnum > 0
        UNION ALL
        SELECT concat_ws(' ', conname, contype)
        FROM pg_constraint WHERE connamespace = '{schema}'::regnamespace
    ) AS shape
"""
"""What the schema's tables look like: a test that changed it is not followed by another."""

TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'"
)
RESTART = """
    SELECT setval(oid::regclass, 1, false)
    FROM pg_class WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'S'
"""
MANY = 2_000
"""Rows in one table from which on a new schema is faster than an emptied one, and leaner."""
OFTEN = 40
"""How often one schema is used: rows that were deleted still take room until they are vacuumed."""


class Schemas:
    """Hands out schemas with the tables of `metadata`, and takes them back."""

    def __init__(self, server: sa.Engine, metadata: MetaData) -> None:
        self.server, self.metadata = server, metadata
        self.free: list[str] = []
        self.used: dict[str, int] = {}
        self.shape = ""

    def take(self, *, made: bool = True) -> str:
        """Return a schema with empty tables, or without any."""
        if made and self.free:
            return self.free.pop()
        name = f"mk_test_{uuid4().hex[:12]}"
        with self.server.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
            if made:
                here = connection.execution_options(schema_translate_map={None: name})
                self.metadata.create_all(here, checkfirst=False)
                self.used[name] = 0
                self.shape = self.shape or self._shape(name)
        return name

    def give_back(self, name: str) -> None:
        """Keep this schema for another test if it is as it was; drop it if not."""
        if self._emptied(name):
            self.used[name] += 1
            self.free.append(name)
        else:
            self.drop(name)

    def drop(self, name: str) -> None:
        with self.server.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")

    def drop_all(self) -> None:
        for name in self.free:
            self.drop(name)

    def _emptied(self, name: str) -> bool:
        if self.used.get(name, OFTEN) >= OFTEN:
            return False
        self._drop_others(name)
        if self._shape(name) != self.shape:
            return False
        tables = [f"{name}.{table.name}" for table in reversed(self.metadata.sorted_tables)]
        with self.server.connect() as connection:
            for table in tables:
                many = f"SELECT 1 FROM {table} OFFSET {MANY} LIMIT 1"
                if connection.exec_driver_sql(many).first():
                    return False
            emptying = "; ".join(f"DELETE FROM {table}" for table in tables)
            connection.exec_driver_sql(emptying)
            connection.exec_driver_sql(RESTART.format(schema=name))
        return True

    def _drop_others(self, name: str) -> None:
        """Drop the tables that the plugins of a test brought."""
        with self.server.connect() as connection:
            there = connection.exec_driver_sql(TABLES.format(schema=name)).scalars().all()
            others = [f'{name}."{one}"' for one in there if one not in self.metadata.tables]
            if others:
                connection.exec_driver_sql(f"DROP TABLE {', '.join(others)} CASCADE")

    def _shape(self, name: str) -> str:
        with self.server.connect() as connection:
            return str(connection.exec_driver_sql(SHAPE.format(schema=name)).scalar())
