"""Turn what a database complains about into our errors, without a value of anybody's in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from mentorkit.errors import Conflict, MentorKitError
from mentorkit.store import declarations, tables

BUSY = "store.busy"
TRANSIENT = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATE of a serialization failure, a deadlock, and a lock waited for too long."""


def sqlstate(error: DBAPIError) -> str:
    """Return PostgreSQL's five-character code, or nothing."""
    original: Any = error.orig
    return str(getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or "")


def is_transient(error: DBAPIError) -> bool:
    """Return whether the same work may well succeed when it is done again from the start."""
    if sqlstate(error) in TRANSIENT:
        return True
    text = str(error.orig)
    return "database is locked" in text or "database table is locked" in text


def translate(error: StatementError, noun: str) -> MentorKitError:
    """Return our error for this one; the driver's text may quote values and is not kept."""
    if isinstance(error.orig, MentorKitError):
        return error.orig
    if not isinstance(error, DBAPIError):
        return MentorKitError("store.failed", f"A {noun} could not be written or read.", noun=noun)
    if is_transient(error):
        return Conflict(BUSY, "Others are writing here just now. Try again.", noun=noun)
    if isinstance(error, IntegrityError):
        return broken(error, noun)
    kind = type(error.orig).__name__
    state = sqlstate(error)
    return MentorKitError(
        "store.failed",
        f"The database refused to write or read a {noun} ({kind}{' ' + state if state else ''}). "
        "Run `mentorkit doctor`; a database behind its migrations is the usual reason.",
        noun=noun,
        kind=kind,
        sqlstate=state,
    )


def broken(error: IntegrityError, noun: str) -> Conflict:
    """Return the conflict that the broken constraint declares, found by its name or columns."""
    text = str(error.orig)
    diagnosis = getattr(error.orig, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    if match := re.search(r"CHECK constraint failed: (\w+)", text):
        name = match[1]
    if match := re.search(r"UNIQUE constraint failed: (.+)", text):
        name = _by_columns(match[1])
    found = _constraints().get(str(name))
    if found is not None:
        code, message = found
        return Conflict(code, message, constraint=name)
    if "FOREIGN KEY" in text or sqlstate(error) == "23503":
        return Conflict(
            f"{noun}.reference",
            f"This {noun} refers to something that is not here, or is still referred to.",
        )
    return Conflict(f"{noun}.exists", f"There is already such a {noun}.")


def _constraints() -> dict[str, tuple[str, str]]:
    """Return constraint name -> (code, message) for the core's tables."""
    if not _NAMED:
        for table in tables.metadata.tables.values():
            noun = table.name.removeprefix(declarations.prefix(""))
            items: list[Any] = [*table.constraints, *table.indexes]
            for item in items:
                unique = isinstance(item, sa.UniqueConstraint) or getattr(item, "unique", False)
                if unique or isinstance(item, sa.CheckConstraint):
                    _NAMED[str(item.name)] = (
                        item.info.get("code") or f"{noun}.exists",
                        item.info.get("message") or f"There is already such a {noun}.",
                    )
                if unique:
                    columns = ", ".join(f"{table.name}.{c.name}" for c in item.columns)
                    _BY_COLUMNS.setdefault(columns, str(item.name))
    return _NAMED


def _by_columns(columns: str) -> str:
    _constraints()
    return _BY_COLUMNS.get(columns.strip(), "")


_NAMED: dict[str, tuple[str, str]] = {}
_BY_COLUMNS: dict[str, str] = {}


@contextmanager
def translated(noun: str) -> Iterator[None]:
    """Let only our own errors out of this block."""
    try:
        yield
    except StatementError as error:
        raise translate(error, noun) from None
