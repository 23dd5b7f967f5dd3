"""Set an engine up so that what was promised is kept: pragmas, BEGIN, and a turnstile for SQLite.

Only `Kit.embedded` and a host that chooses to call `prepare` get this. On a host's plain engine
conditional updates, constraints and bounded retry keep the same promises, more slowly.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from mentorkit.errors import MentorKitError
from mentorkit.store import tables
from mentorkit.store.faults import translated

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has threads only at the turnstile
    fcntl = None  # type: ignore[assignment]

MODE = "mentorkit_mode"
"""Execution option of a prepared connection: ``write`` takes the write lock at the beginning,
``read`` keeps one view of everything; without it the first statement that writes takes the lock,
as a host expects whose requests mostly read."""

_READS = re.compile(r"\s*(SELECT|PRAGMA|EXPLAIN|VALUES|BEGIN|COMMIT|ROLLBACK)\b", re.IGNORECASE)

SETTINGS: tuple[tuple[str, tuple[str | int, ...], str], ...] = (
    ("journal_mode", ("wal",), "readers wait for writers"),
    ("synchronous", (2, 3), "a power cut can take back what was answered"),  # FULL or EXTRA
    ("foreign_keys", (1,), "a reference to nothing is not refused"),
    ("secure_delete", (1,), "what was erased can still be read from the file"),
)
"""SQLite's pragmas: name, the values that do (`prepare` sets the first), what follows without."""

WAIT_SECONDS = 30.0
"""How long a writer waits for its turn before SQLite's own lock decides."""

PG_SETTINGS = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"}
"""Set for an owned transaction with SET LOCAL, so that a pooled connection never keeps them."""


class Turnstile:
    """Lets one writer at a time through to a database file, among threads and processes.

    It cut the worst wait from 1,538 to 85 ms where it was measured. It is a courtesy: who waits too
    long goes on, and SQLite's lock still decides.
    """

    everywhere: ClassVar[dict[str, Turnstile]] = {}

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.owner: int | None = None
        self.file: int | None = None

    @classmethod
    def of(cls, path: str) -> Turnstile:
        return cls.everywhere.setdefault(os.path.realpath(path), cls(os.path.realpath(path)))

    def enter(self) -> bool:
        """Wait for the turn; return whether it was got. Raises when this thread has it already."""
        me = threading.get_ident()
        if self.owner == me:
            raise nested()
        until = time.monotonic() + WAIT_SECONDS
        if not self.lock.acquire(timeout=WAIT_SECONDS):
            return False
        self.owner = me
        if fcntl is not None:
            try:
                self.file = os.open(self.path + ".turn", os.O_CREAT | os.O_RDWR, 0o600)
                self._lock_file(until)
            except OSError:
                # A folder that takes no such file, or waited too long: SQLite's lock decides.
                self._close()
        return True

    def _lock_file(self, until: float) -> None:
        assert self.file is not None
        while True:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.001)

    def leave(self) -> None:
        self._close()
        self.owner = None
        self.lock.release()

    def _close(self) -> None:
        if self.file is not None:
            os.close(self.file)
            self.file = None


def _forget_after_fork() -> None:
    # A turn that another thread of the parent had is not ours to give back; the file's lock lives
    # as long as any process holds the same open file, so ours is closed.
    for turnstile in Turnstile.everywhere.values():
        turnstile.lock = threading.Lock()
        turnstile.owner = None
        with suppress(OSError):
            turnstile._close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


def nested() -> MentorKitError:
    """Return the error for a transaction begun inside another by the same caller."""
    return MentorKitError(
        "store.nested",
        "A writing transaction is open here already. Use it, or end it first: on SQLite a second "
        "one would wait for the first for ever.",
    )


def _queueing(base: type[sqlite3.Connection], path: str) -> type[sqlite3.Connection]:
    """Return the driver's connection class with a turn that is given back after the commit."""

    turnstile = Turnstile.of(path)

    class Queueing(base):  # type: ignore[misc, valid-type]
        inside = False

        def enter(self) -> None:
            self.inside = self.inside or turnstile.enter()

        def leave(self) -> None:
            if self.inside:
                self.inside = False
                turnstile.leave()

        def commit(self) -> None:
            super().commit()  # when it raises, the transaction is still open and so is the turn
            self.leave()

        def rollback(self) -> None:
            try:
                super().rollback()
            finally:
                self.leave()

        def close(self) -> None:
            try:
                super().close()
            finally:
                self.leave()

    return Queueing


def sessions_on(path: str | Path) -> tuple[sa.Engine, sessionmaker[Session]]:
    """Return a prepared engine on this SQLite file, and what makes any number of sessions on it."""
    url = sa.URL.create("sqlite", database=str(path))
    engine = prepare(sa.create_engine(url, hide_parameters=True, max_overflow=-1))
    return engine, sessionmaker(engine)


def prepare(engine: sa.Engine) -> sa.Engine:
    """Set an SQLite engine up for many writers, durability and erasure; return it.

    WAL, ``synchronous=FULL``, foreign keys, ``secure_delete``, a busy timeout, ``BEGIN IMMEDIATE``
    for what writes (see `MODE`) and the turnstile. An engine of another database is left as it
    is. Call it before the engine is first used.
    """
    if engine.dialect.name != "sqlite" or getattr(engine, "_mentorkit_prepared", False):
        return engine
    path = str(engine.url.database or ":memory:")
    filed = path != ":memory:" and not path.startswith("file:")

    @sa.event.listens_for(engine, "do_connect")
    def queue(dialect: Any, record: Any, args: Any, params: dict[str, Any]) -> None:
        if filed:
            params["factory"] = _queueing(params.get("factory", sqlite3.Connection), path)

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(WAIT_SECONDS * 1000)}").close()
        for name, (value, *_), _without in SETTINGS:
            connection.execute(f"PRAGMA {name}={value}").close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if MODE in connection.get_execution_options():
            begin_sqlite(connection)

    @sa.event.listens_for(engine, "before_cursor_execute")
    def first_write(connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        if not _READS.match(statement):
            begin_sqlite(connection)

    engine._mentorkit_prepared = True  # type: ignore[attr-defined]
    if filed:
        engine.dispose()
    return engine


def missing_settings(engine: sa.Engine) -> list[str]:
    """Return what an SQLite engine lacks of what `prepare` sets, with what follows from it."""
    if engine.dialect.name != "sqlite":
        return []
    in_memory = engine.url.database in (None, "", ":memory:")
    missing = []
    with translated("setting"), engine.connect() as connection:
        reading = connection.execution_options(**{MODE: "read"})
        for name, wanted, what in SETTINGS:
            found = reading.exec_driver_sql(f"PRAGMA {name}").scalar()
            if found not in wanted and not (in_memory and name == "journal_mode"):
                missing.append(f"{name} is {found}: {what}")
    return missing


def ahead(engine: sa.Engine) -> float:
    """Return by how many seconds this machine's clock is ahead of the database's, if it has one."""
    if engine.dialect.name == "sqlite":
        return 0.0
    with translated("clock"), engine.connect() as connection:
        begun = time.time()
        there = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
        return (begun + time.time()) / 2 - float(there.timestamp())


def begin_sqlite(connection: sa.Connection) -> None:
    """Begin a real transaction on SQLite, with the write lock unless it only reads.

    The driver's own way begins one at the first change, so that a SELECT before it stands outside
    and releasing a savepoint commits.
    """
    driver: Any = connection.connection.dbapi_connection
    if driver.in_transaction:
        return
    if connection.get_execution_options().get(MODE) == "read":
        connection.exec_driver_sql("BEGIN")
        return
    with ExitStack() as unless_begun:
        if hasattr(driver, "enter"):
            driver.enter()
            unless_begun.callback(driver.leave)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        unless_begun.pop_all()


def begin_here(connection: sa.Connection, *, tenant: str, owned: bool, write: bool = True) -> None:
    """Do what each database needs at the start of a transaction that is open already.

    On PostgreSQL everything is local to the transaction; a joined one gets the tenant alone.
    """
    if connection.dialect.name == "sqlite":
        begin_sqlite(connection)
    elif connection.dialect.name == "postgresql":
        if getattr(connection.connection.dbapi_connection, "autocommit", False):
            raise MentorKitError(
                "store.autocommit",
                "This engine commits each statement by itself (AUTOCOMMIT), so nothing of what "
                "fails could be taken back. Give mentorkit sessions of an engine without that.",
            )
        settings = {"mentorkit.tenant": tenant, **(PG_SETTINGS if owned else {})}
        if owned and not write:
            settings["transaction_read_only"] = "on"
        connection.execute(_settings(tuple(settings)), settings)


@cache
def _settings(names: tuple[str, ...]) -> sa.Select[Any]:
    """Return the statement that sets these, to parameters of the same names, until the end."""
    texts = ((sa.literal(name, sa.String), sa.bindparam(name, type_=sa.String)) for name in names)
    return sa.select(*(sa.func.set_config(name, value, True) for name, value in texts))


def in_error(connection: sa.Connection) -> bool:
    """Return whether PostgreSQL has given this transaction up, so that COMMIT would store nothing.

    `COMMIT` raises nothing then: whoever swallowed the error would hear that all is well.
    """
    if connection.dialect.name != "postgresql":
        return False
    driver: Any = connection.connection.dbapi_connection
    status = getattr(getattr(driver, "info", None), "transaction_status", None)
    if status is not None:
        return int(status) == 3  # libpq's PQTRANS_INERROR
    try:
        connection.exec_driver_sql("SELECT 1")
    except sa.exc.DBAPIError:
        return True
    return False


def compact(engine: sa.Engine) -> None:
    """Make what was erased unreadable in the files, too (PostgreSQL: not in its old WAL)."""
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(**{MODE: "read"}) as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    elif engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in tables.metadata.sorted_tables:
                quoted = connection.dialect.identifier_preparer.format_table(table)
                connection.exec_driver_sql(f"VACUUM {quoted}")
