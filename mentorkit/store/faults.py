"""Turn what a database complains about into our errors, without a value of anybody's in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
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


def passes(error: Exception) -> bool:
    """Return whether others were just in the way: the same may succeed from the start."""
    return isinstance(error, Conflict) and (error.code == BUSY or error.code.endswith(".stale"))


def translate(error: StatementError, noun: str) -> MentorKitError:
    """Return our error for this one; the driver's text may quote values and is not kept."""
    if isinstance(error.orig, MentorKitError):
        return error.orig
    if not isinstance(error, DBAPIError):
        return MentorKitError("store.failed", f"A {noun} could not be written or read.", noun=noun)
    if sqlstate(error) in TRANSIENT or re.search("database (table )?is locked", str(error.orig)):
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
    named = str(getattr(diagnosis, "constraint_name", None))
    if match := re.search(r"(?:CHECK|UNIQUE) constraint failed: (.+)", text):
        named = match[1].strip()
    if named in _declared():
        name, code, message = _declared()[named]
        return Conflict(code, message, constraint=name)
    if "FOREIGN KEY" in text or sqlstate(error) == "23503":
        return Conflict(
            f"{noun}.reference",
            f"This {noun} refers to something that is not here, or is still referred to.",
        )
    return Conflict(f"{noun}.exists", f"There is already such a {noun}.")


@cache
def _declared() -> dict[str, tuple[str, str, str]]:
    """Return (name, code, message) of the core's constraints, by their names.

    Those that are unique stand there by their columns as well, which is how SQLite names them.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for table in tables.metadata.tables.values():
        noun = table.name.removeprefix(declarations.prefix(""))
        items: list[Any] = [*table.constraints, *table.indexes]
        for item in items:
            unique = isinstance(item, sa.UniqueConstraint) or getattr(item, "unique", False)
            if unique or isinstance(item, sa.CheckConstraint):
                name = str(item.name)
                code = item.info.get("code") or f"{noun}.exists"
                message = item.info.get("message") or f"There is already such a {noun}."
                found[name] = (name, code, message)
                if unique:
                    columns = ", ".join(f"{table.name}.{column.name}" for column in item.columns)
                    found.setdefault(columns, found[name])
    return found


@contextmanager
def translated(noun: str) -> Iterator[None]:
    """Let only our own errors out of this block."""
    try:
        yield
    except StatementError as error:
        raise translate(error, noun) from None
