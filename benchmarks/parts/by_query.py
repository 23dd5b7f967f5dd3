"""One person against many mentors: the scan against memory, and against a database."""

from __future__ import annotations

import os
import time
from functools import cache
from statistics import median
from typing import Any

import numpy as np

from benchmarks.figures import Area, Effort, Measured, Missing
from benchmarks.parts.population import FIELDS, draw, pool_of, side_of, strategy
from mentorkit.matching import Pool, Recommender, kernels
from mentorkit.matching.scan import Scan

area = Area("matching")

MENTORS, ASKED, TOP = 1_000_000, 60, 10


@cache
def recommender() -> Recommender:
    if not kernels.available():
        raise Missing("numba is not installed; pip install 'mentorkit[fast]'")
    made = Recommender(pool_of(200, MENTORS), strategy(), compiled=True)
    made.best("e0000000", TOP)
    return made


@cache
def packed() -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the bytes that a scan reads, end to end."""
    fused = recommender().fused
    assert fused is not None
    columns = (fused.tape.words, fused.tape.bytes, fused.tape.shorts)
    joined = np.concatenate([column.reshape(-1).view(np.uint8) for column in columns])
    return joined[: len(joined) // 8 * 8].view(np.uint64)


@cache
def times(rounds: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the seconds of queries, each followed by reading the same bytes once."""
    made, memory = recommender(), packed()
    queries, reads = [], []
    for number in range(rounds):
        start = time.perf_counter()
        made.best(f"e{number % 200:07}", TOP)
        between = time.perf_counter()
        memory.sum()
        reads.append(time.perf_counter() - between)
        queries.append(between - start)
    return tuple(queries), tuple(reads)


def rounds(effort: Effort) -> int:
    return 100 if effort.quick else 400


@area.figure("numpy", "numba", slow=True)
def top10_million(effort: Effort) -> Measured:
    began = time.perf_counter()
    recommender()
    ready = time.perf_counter() - began
    queries, reads = times(rounds(effort))
    size = packed().nbytes
    return Measured(
        value=median(queries) / median(reads),
        ours=f"{median(queries) * 1e3:.2f} ms with reasons, {size / MENTORS:.0f} bytes a mentor; "
        f"packing and compiling {ready:.1f} s before",
        theirs=f"{median(reads) * 1e3:.2f} ms, {size / median(reads) / 1e9:.0f} GB/s",
    )


@area.figure("numpy", "numba", slow=True)
def top10_million_tail(effort: Effort) -> Measured:
    queries, _ = times(rounds(effort))
    slow = float(np.quantile(queries, 0.99))
    return Measured(
        value=slow / median(queries),
        ours=f"p99 {slow * 1e3:.2f} ms, median {median(queries) * 1e3:.2f} ms",
    )


@area.figure("numpy", "numba", slow=True)
def top10_million_wrong(effort: Effort) -> Measured:
    """Count answers that differ from the plain numpy meaning, or break a rule."""
    made, pool = recommender(), pool_of(200, MENTORS)
    plain = Recommender(pool, strategy(), compiled=False)
    asked = range(0, 200, 40 if effort.quick else 10)
    wrong = sum(
        made.best(pool.mentees.ids[one], TOP) != plain.best(pool.mentees.ids[one], TOP)
        for one in asked
    )
    return Measured(value=wrong, ours=f"{len(asked)} queries, {TOP} mentors each, reasons too")


# --------------------------------------------------------------------------- a database


def postgres() -> Any:
    """Return a connection to a server of the tests, in a schema of its own that goes with it."""
    try:
        import psycopg
    except ImportError:
        raise Missing("psycopg is not installed") from None
    url = os.environ.get("MENTORKIT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1/test")
    try:
        connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    except psycopg.OperationalError:
        raise Missing("no PostgreSQL server; name one in MENTORKIT_TEST_POSTGRES") from None
    connection.execute("CREATE TEMPORARY TABLE started (at integer)")
    return connection


def as_bits(flags: Any) -> list[int]:
    """Return rows of flags as signed 64-bit numbers, one list for each 64 flags."""
    from benchmarks.parts.population import bits_of

    return bits_of(flags).view(np.int64)


MASKS = """
SELECT id, floor(4000.0 * (bit_count((skill0 & %(s0)s)::bit(64))
    + bit_count((skill1 & %(s1)s)::bit(64))) / %(want)s + .5)
  + CASE WHEN trade = %(trade)s THEN 2000 WHEN sector = %(sector)s THEN 1000 ELSE 0 END
  + CASE WHEN stages & %(stage)s <> 0 THEN 1000 ELSE 0 END
  + floor(1000 * least(bit_count((free & %(free)s)::bit(64)), 4) / 4.0 + .5)
  + floor(500 * greatest(0, 1 - abs(zone - %(zone)s) / 5.0) + .5)
  + CASE WHEN country = %(country)s THEN 500 ELSE 0 END
  + floor(500 * least(bit_count((languages & %(languages)s)::bit(64)), 2) / 2.0 + .5)
  + quality AS score
FROM mentor WHERE languages & %(languages)s <> 0 AND free & %(free)s <> 0
ORDER BY score DESC, id LIMIT 10
"""

JOINS = """
SELECT m.id, floor(4000.0 * coalesce(s.n, 0) / %(want)s + .5)
  + CASE WHEN m.trade = %(trade)s THEN 2000 WHEN m.sector = %(sector)s THEN 1000 ELSE 0 END
  + CASE WHEN g.mentor IS NOT NULL THEN 1000 ELSE 0 END
  + floor(1000 * least(h.n, 4) / 4.0 + .5)
  + floor(500 * greatest(0, 1 - abs(m.zone - %(zone)s) / 5.0) + .5)
  + CASE WHEN m.country = %(country)s THEN 500 ELSE 0 END
  + floor(500 * least(l.n, 2) / 2.0 + .5) + m.quality AS score
FROM mentor m
JOIN (SELECT mentor, count(*) n FROM chosen WHERE kind = 'l' AND option = ANY(%(ls)s)
      GROUP BY mentor) l ON l.mentor = m.id
JOIN (SELECT mentor, count(*) n FROM chosen WHERE kind = 'h' AND option = ANY(%(hs)s)
      GROUP BY mentor) h ON h.mentor = m.id
LEFT JOIN (SELECT mentor, count(*) n FROM chosen WHERE kind = 's' AND option = ANY(%(ss)s)
      GROUP BY mentor) s ON s.mentor = m.id
LEFT JOIN chosen g ON g.mentor = m.id AND g.kind = 'g' AND g.option = %(g)s
ORDER BY score DESC, m.id LIMIT 10
"""


@cache
def database() -> Any:
    """Return a connection to the million mentors as rows: bit masks, and one row an answer."""
    connection = postgres()
    a = draw("mentor", MENTORS)
    free, languages, stages = (as_bits(a[n])[:, 0] for n in ("free", "languages", "stages"))
    skills = as_bits(a["skills"])
    quality = np.floor(500 * a["quality"] + 0.5).astype(int)
    connection.execute(
        "CREATE TEMPORARY TABLE mentor (id integer, languages bigint, skill0 bigint, skill1 bigint,"
        " free bigint, stages bigint, trade smallint, sector smallint, country smallint,"
        " zone smallint, quality smallint)"
    )
    columns = (
        np.arange(MENTORS), languages, skills[:, 0], skills[:, 1], free, stages,
        a["trade"], a["sector"], a["country"], a["zone"], quality,
    )  # fmt: skip
    with connection.cursor().copy("COPY mentor FROM STDIN") as copy:
        for row in zip(*(column.tolist() for column in columns), strict=True):
            copy.write_row(row)
    connection.execute("ALTER TABLE mentor ADD PRIMARY KEY (id)")
    connection.execute(
        'CREATE TEMPORARY TABLE chosen (mentor integer, kind "char", option smallint)'
    )
    with connection.cursor().copy("COPY chosen FROM STDIN") as copy:
        for kind, name in (("l", "languages"), ("h", "free"), ("s", "skills"), ("g", "stages")):
            for mentor, option in zip(*(one.tolist() for one in np.nonzero(a[name])), strict=True):
                copy.write_row((mentor, kind, option))
    connection.execute("CREATE INDEX ON chosen (kind, option, mentor)")
    connection.execute("ANALYZE mentor, chosen")
    return connection


def question(number: int) -> dict[str, Any]:
    """Return what one mentee answered, as the queries take it."""
    a = draw("mentee", 200)
    options = {
        name: np.flatnonzero(a[name][number]).tolist() for name in ("languages", "free", "skills")
    }
    skills = as_bits(a["skills"])[number].tolist()
    return {
        "s0": skills[0], "s1": skills[1], "want": len(options["skills"]),
        "trade": int(a["trade"][number]), "sector": int(a["sector"][number]),
        "country": int(a["country"][number]), "zone": int(a["zone"][number]),
        "stage": 1 << int(a["stage"][number]), "g": int(a["stage"][number]),
        "languages": int(as_bits(a["languages"])[number, 0]),
        "free": int(as_bits(a["free"])[number, 0]),
        "ls": options["languages"], "hs": options["free"], "ss": options["skills"],
    }  # fmt: skip


def against(effort: Effort, query: str, asked: int) -> Measured:
    """Return how much faster the scan is than a query that gives the same ten, in turns.

    A query takes so much longer that the scan is measured three times for each.
    """
    recommender(), database()
    made, pool = Recommender(unblocked(), strategy(), compiled=True), unblocked()
    made.best(pool.mentees.ids[0], TOP)
    connection, ours, theirs = database(), [], []
    for number in range(asked):
        start = time.perf_counter()
        rows = connection.execute(query, question(number)).fetchall()
        theirs.append(time.perf_counter() - start)
        for _ in range(3):
            start = time.perf_counter()
            best = made.best(pool.mentees.ids[number], TOP)
            ours.append(time.perf_counter() - start)
        found = [(int(pair.mentor_id[1:]), pair.score) for pair in best]
        if found != [(id, int(score)) for id, score in rows]:
            raise RuntimeError(f"the two do not give the same: {found} and {rows}")
    server = f"PostgreSQL {connection.info.server_version // 10_000}"
    return Measured(
        value=median(theirs) / median(ours),
        ours=f"{median(ours) * 1e3:.2f} ms",
        theirs=f"{median(theirs) * 1e3:.0f} ms, {server}, the same ten of {asked} queries",
    )


@cache
def unblocked() -> Pool:
    """Return the same people without anybody blocked, which the queries do not know."""
    return Pool.of(side_of(draw("mentee", 200), "e"), side_of(draw("mentor", MENTORS), "r"), FIELDS)


@area.figure("numba", "psycopg", slow=True)
def top10_against_masks(effort: Effort) -> Measured:
    return against(effort, MASKS, 5 if effort.quick else 20)


@area.figure("numba", "psycopg", slow=True)
def top10_against_joins(effort: Effort) -> Measured:
    return against(effort, JOINS, 2 if effort.quick else 5)


@area.figure("numpy", slow=True)
def top10_plain(effort: Effort) -> Measured:
    """How much slower the plain numpy meaning is, which is all there is without numba."""
    pool = pool_of(200, MENTORS)
    plain = Scan(pool, strategy(), compiled=False)
    taken = []
    for number in range(3 if effort.quick else 10):
        start = time.perf_counter()
        plain.best(number, TOP)
        taken.append(time.perf_counter() - start)
    queries, _ = times(rounds(effort))
    return Measured(
        value=median(taken) / median(queries), ours=f"{median(taken) * 1e3:.0f} ms in numpy alone"
    )
