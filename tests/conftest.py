"""Fixtures for everybody: the three kinds of database, and kits on them."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import settings
from sqlalchemy.orm import sessionmaker

from mentorkit.kit import Kit
from mentorkit.store import prepare, tables
from tests.schemas import Schemas

pytest_plugins = ["skips", "databases"]  # which skips fail a run; which SQLite a test sees

POSTGRES = os.environ.get(
    "MENTORKIT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test"
)
KINDS = ("sqlite-prepared", "sqlite-plain", "postgresql")

settings.register_profile("untimed", deadline=None)  # machines are shared: no test is a race
settings.load_profile("untimed")

MEMORY = Path("/dev/shm")
"""Files of tests stand in memory where there is room: a disk may take milliseconds to be sure."""
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

LONG = ("tests/journey/test_states", "tests/journey/test_scenario")
"""What takes minutes is begun first, so that no worker is left with it in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@dataclass
class Database:
    """One fresh database with the core's tables in it. `url` opens it from another process."""

    kind: str
    url: str
    engine: sa.Engine

    @property
    def is_postgresql(self) -> bool:
        return self.kind == "postgresql"

    def connect(self) -> sa.Engine:
        """Return another engine on the same database, set up the same way."""
        return open_engine(self.kind, self.url)


def open_engine(kind: str, url: str) -> sa.Engine:
    """Make an engine of this kind; also called in the processes that tests start."""
    if kind == "postgresql":
        return sa.create_engine(url, max_overflow=30)
    engine = sa.create_engine(url, max_overflow=-1)
    if kind == "sqlite-prepared":
        return prepare(engine)

    # No test cuts the power: what a killed process committed is there without a sync.
    @sa.event.listens_for(engine, "connect")
    def unhurried(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF").close()

    return engine


STATEMENTS: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}
"""By kind of database, the dialect of all its engines here, and the statements made for it."""


def share_statements(kind: str, engine: sa.Engine) -> sa.Engine:
    """Let all engines of a kind share what SQLAlchemy makes of statements: it outlasts a test.

    To be called last: whatever listens to the engine's own dialect goes on doing so.
    """
    if kind not in STATEMENTS:
        engine.connect().close()  # a dialect gets to know its database by the first connection
        STATEMENTS[kind] = engine.dialect, {}
    engine.dialect, statements = STATEMENTS[kind]
    engine.update_execution_options(compiled_cache=statements)
    return engine


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the core's tables, made once and copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    tables.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.Engine]:
    """The PostgreSQL server that tests may use, or a skip with the reason."""
    engine = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        where = sa.make_url(POSTGRES).render_as_string(hide_password=True)
        pytest.skip(f"no PostgreSQL server at {where}; name one in MENTORKIT_TEST_POSTGRES")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def schemas(postgres: sa.Engine) -> Iterator[Schemas]:
    """The schemas of tests on the PostgreSQL server."""
    made = Schemas(postgres, tables.metadata)
    yield made
    made.drop_all()


@pytest.fixture
def create_database(
    request: pytest.FixtureRequest, tmp_path: Path, empty_sqlite: Path
) -> Iterator[Callable[..., Database]]:
    """Return a factory of fresh databases of a kind; `made=False` leaves the tables out."""
    undo: list[Callable[[], Any]] = []

    def create(kind: str, *, made: bool = True) -> Database:
        if kind == "postgresql":
            schemas: Schemas = request.getfixturevalue("schemas")
            name = schemas.take(made=made)
            # No test cuts the power: what a killed process committed is there without a sync.
            options = f"-csearch_path={name} -csynchronous_commit=off"
            url = sa.make_url(POSTGRES).update_query_dict({"options": options})
            written = url.render_as_string(hide_password=False)
        else:
            path = tmp_path / f"mk_test_{uuid4().hex[:12]}.db"
            if made:
                shutil.copy(empty_sqlite, path)
            written = f"sqlite:///{path}"
        engine = share_statements(kind, open_engine(kind, written))

        def drop() -> None:
            engine.dispose()
            if kind == "postgresql":
                schemas.give_back(name)

        undo.append(drop)
        return Database(kind, written, engine)

    yield create
    for each in reversed(undo):
        each()


@pytest.fixture(
    params=[
        pytest.param(kind, marks=[pytest.mark.postgres] if kind == "postgresql" else [])
        for kind in KINDS
    ]
)
def database(request: pytest.FixtureRequest, create_database: Callable[..., Database]) -> Database:
    """A fresh database: SQLite as we prepare it, as a host has it, and PostgreSQL."""
    return create_database(request.param)


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2027, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **units: float) -> None:
        self.now += timedelta(**units)


@pytest.fixture
def press_ctrl_c() -> Iterator[Callable[[], None]]:
    """Return what interrupts the main thread, as the terminal does.

    By another signal: a process that runs in the background has none by Ctrl-C.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def create_kit(database: Database, clock: Clock) -> Iterator[Callable[..., Kit]]:
    """Return a factory of kits on this test's database; it takes what `Kit` takes.

    Without `plugins` or `registry` the plugin ``matching`` alone is loaded. Tables of plugins are
    made as they are declared.
    """
    made: list[Kit] = []

    def create(**options: Any) -> Kit:
        if "registry" not in options:
            options.setdefault("plugins", ("matching",))
        options.setdefault("clock", clock)
        options.setdefault("sessions", sessionmaker(database.engine))
        kit = Kit(**options)
        for owner in kit.owners[1:]:
            if owner.metadata is not None:
                owner.metadata.create_all(database.engine)
        made.append(kit)
        return kit

    yield create
    for kit in made:
        kit.close()


@pytest.fixture
def kit(create_kit: Callable[..., Kit]) -> Kit:
    return create_kit()
