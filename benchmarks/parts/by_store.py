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
from benchmarks.parts.population import FIELDS, OPTIONS, SETS, draw, strategy
from benchmarks.store import NOW, TENANT, postgresql_kit, sqlite_kit
from mentorkit import Kit
from mentorkit.domain.programs import Program
from mentorkit.journey.pools import pool_of
from mentorkit.matching.scan import Scan
from mentorkit.store import tables

area = Area("matching")

PEOPLE = 100_000
PROGRAM = Program(id="program", tenant=TENANT, key="large", name={"en": "Large"}, created_at=NOW)
FROM = """
FROM mk__participant p JOIN mk__person q ON q.tenant = p.tenant AND q.id = p.person_id {also}
WHERE p.tenant = 'acme' AND p.program_id = 'program' AND p.state = 'active'
  AND p.consented_at IS NOT NULL
"""
PLAIN = """
SELECT p.id, p.person_id, p.cohort, p.role, p.capacity, p.used, p.version + q.version, p.signed,
  q.name, q.external_key, q.born"""


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


def whole() -> str:
    """Return the query of everybody with the profile as the text that it is kept as."""
    return f"{PLAIN}, p.profile {FROM.format(also='')}"


def apart(server: str) -> str:
    """Return the query of everybody with each answer as a column of its own."""
    if server == "sqlite":
        answers = ", ".join(f"json_extract(p.profile, '$.{name}')" for name in FIELDS)
        return f"{PLAIN}, {answers} {FROM.format(also='')}"
    told = ", ".join(f"{name} json" for name in FIELDS)
    answers = ", ".join(f"given.{name}::text" for name in FIELDS)
    also = f"CROSS JOIN LATERAL json_to_record(p.profile::json) AS given ({told})"
    return f"{PLAIN}, {answers} {FROM.format(also=also)}"


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


def against(
    effort: Effort, kit: Kit, ask: Callable[[str], list[Any]], server: str
) -> Measured:  # fmt: skip
    """Return how much longer a pool takes than the rows alone, in turns."""
    kind = "sqlite" if server.startswith("SQLite") else "postgresql"
    taken: dict[str, list[float]] = {"pool": [], "apart": [], "whole": []}
    for _ in range(1 + min(effort.repeats, 5)):
        for name, work in (
            ("pool", lambda: build(kit)),
            ("apart", lambda: len(ask(apart(kind)))),
            ("whole", lambda: len(ask(whole()))),
        ):
            start = time.perf_counter()
            if work() != PEOPLE:
                raise RuntimeError(f"{name} does not see everybody")
            taken[name].append(time.perf_counter() - start)
    pool, rows, texts = (taken[name][1:] for name in ("pool", "apart", "whole"))
    ratios = [mine / theirs for mine, theirs in zip(pool, rows, strict=True)]
    return Measured(
        value=median(ratios),
        ours=f"{median(pool):.2f} s for {PEOPLE:,} people",
        theirs=f"{median(rows):.2f} s, {server}, each answer as a column; {median(texts):.2f} s "
        "with all answers as one text, as it is kept",
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
            return against(effort, kit, lambda query: connection.execute(query).fetchall(), server)
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
            connection.commit()  # until then nobody else knows what it found
            cursor.execute("SHOW server_version")
            server = f"PostgreSQL {cursor.fetchone()[0].partition(' ')[0]}"
            return against(effort, kit, lambda query: cursor.execute(query).fetchall(), server)
        finally:
            connection.close()
