"""See whether a database keeps the promises of the store, and say what is missing."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from mentorkit.store.engines import MODE
from mentorkit.store.faults import translated

SETTINGS: tuple[tuple[str, tuple[Any, ...], str], ...] = (
    ("journal_mode", ("wal",), "readers wait for writers"),
    ("synchronous", (2, 3), "a power cut can take back what was answered"),
    ("foreign_keys", (1,), "a reference to nothing is not refused"),
    ("secure_delete", (1,), "what was erased can still be read from the file"),
)
"""What `prepare` sets on SQLite: pragma, the values that do, and what happens without."""


def missing_settings(engine: sa.Engine) -> list[str]:
    """Return what an SQLite engine lacks of what `prepare` sets, with what follows from it.

    Every promise about places and versions holds without them, by conditional updates and retry.
    Nothing is looked at on other databases.
    """
    if engine.dialect.name != "sqlite":
        return []
    with translated("setting"), engine.connect() as connection:
        connection = connection.execution_options(**{MODE: "read"})
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name, _, _ in SETTINGS
        }
    in_memory = engine.url.database in (None, "", ":memory:")
    return [
        f"{name} is {found[name]}: {what}"
        for name, wanted, what in SETTINGS
        if found[name] not in wanted and not (in_memory and name == "journal_mode")
    ]
