"""Databases look rows up by the right index, also where one tenant owns all there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain.messages import FATES
from mentorkit.domain.people import Person
from mentorkit.kit import Kit
from mentorkit.store import prepare, tables
from mentorkit.store.migrate import upgrade

INDEXES = sorted(
    (each for table in tables.metadata.tables.values() for each in table.indexes),
    key=lambda index: str(index.name),
)


def steps(connection: sa.Connection, query: sa.Select[tuple[str]]) -> str:
    told = query.compile(connection, compile_kwargs={"literal_binds": True})
    found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {told}")
    return "; ".join(str(row[3]) for row in found)


@pytest.fixture(params=["created", "upgraded"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    engine = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'm.db'}"))
    if request.param == "created":
        tables.metadata.create_all(engine)
    else:
        upgrade(engine)
    return engine


def test_what_equals_is_looked_up_and_sorted_not_read_in_the_order_asked_for(
    empty: sa.Engine,
) -> None:
    with empty.connect() as connection:
        for index in INDEXES:
            table, second = index.table, list(index.columns)[1]
            if index.dialect_options["sqlite"]["where"] is not None:
                continue
            own, value = list(table.primary_key)[-1], sa.literal_column("'x'")
            alike = sa.select(own).where(table.c.tenant == "t", second == value).order_by(own)
            plan = steps(connection, alike)
            assert f"(tenant=? AND {second.name}=?)" in plan, f"{index.name}: {plan}"


def test_what_is_due_is_found_among_many_that_are_done(empty: sa.Engine) -> None:
    row = tables.outbox.c
    lost = sa.and_(row.state == "leased", row.leased_until < sa.func.now())
    waits = sa.and_(row.state == "waiting", row.not_before <= sa.func.now())
    query = sa.select(row.kind).where(row.tenant == "t", sa.or_(lost, waits)).distinct()
    with empty.connect() as connection:
        assert "(tenant=? AND state=? AND not_before<?)" in steps(connection, query)


def test_what_somebody_had_analysed_stays(tmp_path: Path) -> None:
    engine = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'm.db'}"))
    upgrade(engine)
    with engine.begin() as connection:
        assumed = connection.exec_driver_sql("SELECT * FROM sqlite_stat1 ORDER BY 1, 2").all()
        connection.exec_driver_sql("UPDATE sqlite_stat1 SET stat = '7 7 1'")
    upgrade(engine)
    with engine.connect() as connection:
        now = connection.exec_driver_sql("SELECT * FROM sqlite_stat1 ORDER BY 1, 2").all()
    assert {row[2] for row in now} == {"7 7 1"}
    assert [row[:2] for row in now] == [row[:2] for row in assumed]
    assert ("mk__outbox", "ix_mk__outbox_tenant_recipient_id", "1000000 1000000 1000") in assumed


def test_of_many_put_in_at_once_each_is_found_by_its_own_key(kit: Kit) -> None:
    row = tables.person.c
    with kit.transaction(tenant="acme") as tx:
        about = {"tenant": tx.tenant, "name": "Ada", "created_at": tx.now}
        tx.people.add_all(Person(id=f"p{n}", external_key=f"k{n}", **about) for n in range(2_000))
        postgresql = tx.connection.dialect.name == "postgresql"
        one = sa.select(row.id).where(row.tenant == "acme", row.id == "p7")
        told = one.compile(tx.connection, compile_kwargs={"literal_binds": True})
        how = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
        plan = " ".join(map(str, tx.connection.exec_driver_sql(f"{how} {told}").all()))
    assert ("pk_mk__person" if postgresql else "(tenant=? AND id=?)") in plan


def test_the_index_of_what_a_vendor_has_told_knows_every_fate(kit: Kit) -> None:
    every = " UNION ".join(f"SELECT '{fate}' AS fate" for fate in ("", *FATES))
    told = f"SELECT fate FROM ({every}) AS known WHERE {tables.TOLD}"
    with kit.engine.connect() as connection:
        assert set(connection.exec_driver_sql(told).scalars()) == set(FATES[1:])


@pytest.mark.parametrize("analysed", [False, True])
def test_messages_are_listed_by_an_index_however_many_stand_in_a_state(
    kit: Kit, analysed: bool
) -> None:
    """Those in order of which there are many, and others put in order, with or without figures."""
    plans = kit.engine.dialect.name == "sqlite"  # PostgreSQL keeps figures by itself
    with kit.transaction(tenant="acme") as tx:
        rare = {7: ("dead", ""), 8: ("cancelled", ""), 9: ("done", "bounced")}
        jobs = [tx.outbox.job("message", str(n), id=f"j{n:04}", name="hello") for n in range(6_000)]
        names = tables.names(tables.outbox)
        rows = []
        for n, job in enumerate(jobs):
            state, fate = rare.get(n, ("done", ""))
            row = {name: getattr(job, name) for name in names}
            rows.append({**row, "state": state, "fate": fate})
        tx.connection.execute(sa.insert(tables.outbox), rows)
    if analysed:
        with kit.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    sa.event.listen(kit.engine, "before_cursor_execute", note)

    def listed(**which: Any) -> tuple[int, str]:
        with kit.transaction(tenant="acme", write=False) as tx:
            found = tx.outbox.newest(50, kind=("message",), **which)
            statement, values = asked[-1]
            if not plans:
                return len(found), ""
            plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        return len(found), "; ".join(str(row[3]) for row in plan)

    for rare_state in ("dead", "cancelled"):
        many, plan = listed(state=(rare_state,))
        assert (many, "tenant=? AND state=?" in plan) == (1, plans)
    many, plan = listed(state=("done",), fate=("bounced",))
    assert (many, "ix_mk__outbox_fate" in plan) == (1, plans)
    for often in ({}, {"state": ("done",), "fate": ("", "accepted")}):
        many, plan = listed(**often)
        assert (many, "TEMP B-TREE" in plan) == (50, False)
