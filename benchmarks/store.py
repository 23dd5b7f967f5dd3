"""What the store costs beside the database itself: ``python -m benchmarks.store``."""

from __future__ import annotations

import itertools
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from benchmarks.figures import Area, Effort, Missing, main
from mentorkit import Kit
from mentorkit.domain.events import ParticipantPaused
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.store import prepare, tables

area = Area("store")

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TENANT = "acme"
COLUMNS = [column.name for column in tables.person.columns]
INSERT = (
    f"INSERT INTO {tables.person.name} ({', '.join(COLUMNS)}) "
    f"VALUES ({', '.join('?' for _ in COLUMNS)})"
)
_numbers = itertools.count()


def people(count: int) -> list[Person]:
    """Return people whose ids nobody had before."""
    first = next(_numbers) * 1_000_000
    return [
        Person(
            id=f"p{first + number:012}",
            tenant=TENANT,
            name=f"Person {number}",
            external_key=f"k{first + number}",
            created_at=NOW,
        )
        for number in range(count)
    ]


@contextmanager
def sqlite_kit() -> Iterator[tuple[Kit, Path]]:
    """A kit on a fresh, prepared SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        engine = prepare(sa.create_engine(f"sqlite:///{path}"))
        tables.metadata.create_all(engine)
        kit = Kit(sessions=sessionmaker(engine), plugins=())
        try:
            yield kit, path
        finally:
            kit.close()
            engine.dispose()


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """The database itself, with the same settings as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")
    try:
        yield connection
    finally:
        connection.close()


def add(kit: Kit, count: int) -> None:
    with kit.transaction(tenant=TENANT) as tx:
        tx.people.add_all(people(count))


def stored(person: Person) -> dict[str, object]:
    values = {name: getattr(person, name) for name in COLUMNS if hasattr(person, name)}
    return {name: values.get(name) for name in COLUMNS}


@area.figure("sqlalchemy")
def insert_people(effort: Effort) -> float:
    with sqlite_kit() as (kit, path), raw(path) as connection:
        text = NOW.isoformat()

        def peer() -> None:
            rows = [
                tuple(text if name == "created_at" else value for name, value in row.items())
                for row in map(stored, people(2000))
            ]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, rows)
            connection.execute("COMMIT")

        return effort.ratio(lambda: add(kit, 2000), peer)


def against_sqlalchemy(effort: Effort, kit: Kit, engine: sa.Engine) -> float:
    def peer() -> None:
        with engine.begin() as connection:
            connection.execute(sa.insert(tables.person), [stored(p) for p in people(2000)])

    return effort.ratio(lambda: add(kit, 2000), peer)


@area.figure("sqlalchemy")
def insert_people_sqlalchemy(effort: Effort) -> float:
    with sqlite_kit() as (kit, _):
        return against_sqlalchemy(effort, kit, kit.engine)


@area.figure("sqlalchemy")
def save(effort: Effort) -> float:
    with sqlite_kit() as (kit, _):
        made = people(500)
        with kit.transaction(tenant=TENANT) as tx:
            tx.people.add_all(made)
        table = tables.person

        def ours() -> None:
            with kit.transaction(tenant=TENANT) as tx:
                for person in tx.people.find():
                    tx.people.save(replace(person, name="changed"))

        def peer() -> None:
            with kit.engine.begin() as connection:
                rows = connection.execute(sa.select(table.c.id, table.c.version)).all()
                for id, version in rows:
                    changed = connection.execute(
                        sa.update(table)
                        .where(table.c.tenant == TENANT, table.c.id == id)
                        .where(table.c.version == version)
                        .values(name="changed", version=version + 1)
                    )
                    if changed.rowcount != 1:
                        raise RuntimeError("an update missed its row")

        return effort.ratio(ours, peer)


@area.figure("sqlalchemy")
def page(effort: Effort) -> float:
    with sqlite_kit() as (kit, path), raw(path) as connection:
        made = people(10_000)
        with kit.transaction(tenant=TENANT) as tx:
            tx.people.add_all(made)
        after = made[5_000].id
        query = (
            f"SELECT {', '.join(COLUMNS)} FROM {tables.person.name} "
            "WHERE tenant=? AND id>? ORDER BY id LIMIT 101"
        )

        def ours() -> None:
            with kit.transaction(tenant=TENANT, write=False) as tx:
                for _ in range(50):
                    tx.people.page(after=after, limit=100)

        def peer() -> None:
            for _ in range(50):
                connection.execute(query, (TENANT, after)).fetchall()

        return effort.ratio(ours, peer)


def limited(kit: Kit, places: int) -> str:
    """Make a program with one participant of so many places; return the participant's id."""
    (person,) = people(1)
    program = Program(
        id=f"g{uuid4().hex}",
        tenant=TENANT,
        key=uuid4().hex[:20],
        name=Frozen(en="Bench"),
        created_at=NOW,
    )
    participant = Participant(
        id=f"t{uuid4().hex}",
        tenant=TENANT,
        program_id=program.id,
        person_id=person.id,
        role="mentor",
        state="active",
        capacity=places,
        created_at=NOW,
    )
    with kit.transaction(tenant=TENANT) as tx:
        tx.people.add(person)
        tx.programs.add(program)
        tx.participants.add(participant)
    return participant.id


@area.figure("sqlalchemy")
def take_place(effort: Effort) -> float:
    count = 20 if effort.quick else 200
    with sqlite_kit() as (kit, path), raw(path) as connection:
        mentor, theirs = limited(kit, 100_000), limited(kit, 100_000)
        statement = (
            f"UPDATE {tables.participant.name} SET used=used+1, version=version+1 "
            "WHERE tenant=? AND id=? AND state='active' AND used<capacity RETURNING used"
        )

        def ours() -> None:
            for _ in range(count):
                with kit.transaction(tenant=TENANT) as tx:
                    tx.participants.take_place(mentor)

        def peer() -> None:
            for _ in range(count):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(statement, (TENANT, theirs)).fetchall()
                connection.execute("COMMIT")

        return effort.ratio(ours, peer)


@area.figure("sqlalchemy")
def record(effort: Effort) -> float:
    with sqlite_kit() as (kit, _):
        mentor = limited(kit, 1)
        facts = [ParticipantPaused(subject_id=mentor) for _ in range(500)]

        def ours() -> None:
            with kit.transaction(tenant=TENANT) as tx:
                for fact in facts:
                    tx.record(fact, actor=None)

        ours()
        with kit.engine.connect() as connection:
            row = dict(connection.execute(sa.select(tables.event)).mappings().first() or {})
        del row["sequence"]

        def peer() -> None:
            with kit.engine.begin() as connection:
                for _ in facts:
                    connection.execute(sa.insert(tables.event), row)

        return effort.ratio(ours, peer)


@contextmanager
def postgresql_server() -> Iterator[sa.URL]:
    """The address of a schema of its own on the server of the tests, which goes with it."""
    url = os.environ.get("MENTORKIT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1/test")
    schema = f"mk_bench_{uuid4().hex[:12]}"
    try:
        server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    except (sa.exc.OperationalError, ImportError):
        raise Missing("no PostgreSQL server; name one in MENTORKIT_TEST_POSTGRES") from None
    try:
        yield sa.make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def postgresql_kit() -> Iterator[tuple[Kit, sa.Engine]]:
    """A kit in a schema of its own."""
    with postgresql_server() as inside:
        engine = sa.create_engine(inside)
        try:
            tables.metadata.create_all(engine)
            yield Kit(sessions=sessionmaker(engine), plugins=()), engine
        finally:
            engine.dispose()


@area.figure("sqlalchemy", "psycopg")
def insert_people_postgresql(effort: Effort) -> float:
    with postgresql_kit() as (kit, engine):
        return against_sqlalchemy(effort, kit, engine)


if __name__ == "__main__":
    main(area)
