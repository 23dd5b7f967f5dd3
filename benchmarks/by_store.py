"""A pool out of the store, beside the bare SELECT of the same columns."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.figures import Area, Effort, Measured
from benchmarks.population import FIELDS, OPTIONS, SETS, draw, strategy
from benchmarks.store import NOW, TENANT, postgresql_kit, sqlite_kit
from mentorkit import Kit
from mentorkit.domain.programs import Program
from mentorkit.journey.pools import pool_of
from mentorkit.matching.scan import Scan
from mentorkit.store import tables

area = Area("matching")

PEOPLE = 100_000
PROGRAM = Program(id="program", tenant=TENANT, key="large", name={"en": "Large"}, created_at=NOW)
SELECT = """
SELECT p.id, p.person_id, p.cohort, p.role, p.capacity, p.used, p.version, p.signed, p.profile,
  q.name, q.external_key, q.born, q.version
FROM mk__participant p JOIN mk__person q ON q.tenant = p.tenant AND q.id = p.person_id
WHERE p.tenant = 'acme' AND p.program_id = 'program' AND p.state = 'active'
  AND p.consented_at IS NOT NULL
"""


def rows(side: str, count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield seeded people of one side as rows of the two tables."""
    answers = draw(side, count)
    sets = {
        name: [[f"{short}{n}" for n in np.flatnonzero(row)] for row in answers[name]]
        for name, short in SETS.items()
    }
    one = {name: [f"{short}{n}" for n in answers[name]] for name, short in OPTIONS.items()}
    numbers = {name: answers[name].tolist() for name in ("zone", "quality")}
    columns = {**sets, **one, **numbers}
    capacity = answers["capacity"].tolist()
    base = {"tenant": TENANT, "created_at": NOW, "version": 1}
    for at, values in enumerate(zip(*columns.values(), strict=True)):
        id = f"{side}-{at:07}"
        person = {"id": f"person-{id}", "name": f"Person {at}", "external_key": id, "born": 1980}
        participant = {
            "id": id, "person_id": person["id"], "program_id": PROGRAM.id, "role": side,
            "state": "active", "capacity": capacity[at], "used": 0, "touch": "", "checked": {},
            "profile": dict(zip(columns, values, strict=True)), "signed": (), "source": "",
            "campaign": "", "consent_version": 1, "consented_at": NOW,
        }  # fmt: skip
        yield {**base, "locale": "en", "zone": "UTC", **person}, {**base, **participant}


def fill(kit: Kit, engine: sa.Engine) -> None:
    """Put everybody into the store, in bulk."""
    with kit.transaction(tenant=TENANT) as tx:
        tx.programs.add(PROGRAM)
    for side in ("mentee", "mentor"):
        people, participants = zip(*rows(side, PEOPLE // 2), strict=True)
        with engine.begin() as connection:
            connection.execute(sa.insert(tables.person), list(people))
            connection.execute(sa.insert(tables.participant), list(participants))


def build(kit: Kit) -> int:
    """Build the pool and pack all that the strategy of the figures compares."""
    with kit.transaction(tenant=TENANT, write=False) as tx:
        pool = pool_of(tx, tx.programs.get(PROGRAM.id), FIELDS, ())
    Scan(pool, strategy(), compiled=False)
    return len(pool.mentees) + len(pool.mentors)


def against(effort: Effort, kit: Kit, raw: Callable[[], list[Any]], server: str) -> Measured:
    ours, theirs = [], []
    for _ in range(1 + min(effort.repeats, 5)):
        start = time.perf_counter()
        built = build(kit)
        between = time.perf_counter()
        found = raw()
        theirs.append(time.perf_counter() - between)
        ours.append(between - start)
        if not built == len(found) == PEOPLE:
            raise RuntimeError(f"the two do not see the same people: {built} and {len(found)}")
    ratios = [mine / peers for mine, peers in zip(ours[1:], theirs[1:], strict=True)]
    return Measured(
        value=median(ratios),
        ours=f"{median(ours[1:]):.2f} s for {PEOPLE:,} people",
        theirs=f"{median(theirs[1:]):.2f} s, {server}, the profile as the text it is kept as",
    )


@area.figure("sqlalchemy", slow=True)
def pool_from_store(effort: Effort) -> Measured:
    with sqlite_kit() as (kit, path):
        engine = sa.create_engine(f"sqlite:///{path}")
        fill(kit, engine)
        engine.dispose()
        connection = sqlite3.connect(path)
        try:
            server = f"SQLite {sqlite3.sqlite_version}"
            return against(effort, kit, lambda: connection.execute(SELECT).fetchall(), server)
        finally:
            connection.close()


@area.figure("sqlalchemy", "psycopg", slow=True)
def pool_from_store_postgresql(effort: Effort) -> Measured:
    with postgresql_kit() as (kit, engine):
        fill(kit, engine)
        connection = engine.raw_connection()
        try:
            cursor: Any = connection.cursor()
            cursor.execute("ANALYZE")
            version = connection.driver_connection.info.server_version // 10_000  # type: ignore[union-attr]
            raw = lambda: cursor.execute(SELECT).fetchall()  # noqa: E731
            return against(effort, kit, raw, f"PostgreSQL {version}")
        finally:
            connection.close()
