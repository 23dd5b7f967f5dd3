"""Without numba: the same answers, and how long they take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

from benchmarks.figures import Area, Effort, Measured

area = Area("matching")

CODE = """
import hashlib, json, sys, time
from benchmarks.parts.population import pool_of, strategy
from mentorkit.matching import kernels, run, verify
kernels.WORTH = kernels.WORTH_LOADED = 0
mentees, mentors, objective, assigner = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5]
pool, bound = pool_of(mentees, mentors), strategy(objective, assigner)
began = time.perf_counter()
result = run(pool, bound)
seconds = time.perf_counter() - began
pairs = json.dumps([(p.mentee_id, p.mentor_id, p.score, p.rank) for p in result.pairs])
print(json.dumps(dict(
    compiled=kernels.available(), seconds=seconds, pairs=len(result.pairs), total=result.total,
    bound=result.total_bound, pairs_bound=result.pairs_bound, blocking=result.blocking_pairs,
    all=hashlib.sha256(pairs.encode()).hexdigest(), notes=[n.message for n in result.notes],
)))
"""


@cache
def matched(mentees: int, mentors: int, objective: str, assigner: str, compiled: bool) -> Any:
    """Return what a process of its own finds, with or without compiled code."""
    environment = {**os.environ, "MENTORKIT_NUMBA": "1" if compiled else "0"}
    arguments = [str(mentees), str(mentors), objective, assigner]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


@area.figure("numpy", slow=True)
def plain_5000(effort: Effort) -> Measured:
    found = matched(5000, 3000, "score", "optimal", False)
    return Measured(
        value=found["seconds"], ours=f"{found['pairs']:,} pairs, total {found['total']:,}, proved"
    )


CASES = (
    (500, 300, "score", "optimal"),
    (500, 300, "coverage", "optimal"),
    (500, 300, "score", "stable"),
    (500, 300, "score", "greedy"),
    (5000, 3000, "score", "optimal"),
    (5000, 3000, "score", "stable"),
    (12_500, 5000, "score", "optimal"),
    (12_500, 5000, "coverage", "optimal"),
)


@area.figure("numpy", "numba", slow=True)
def plain_differences(effort: Effort) -> Measured:
    """Count runs that find anything else: pairs, scores, ranks, bounds, blocking pairs."""
    told = ("pairs", "total", "bound", "pairs_bound", "blocking", "all")
    cases = CASES[:6] if effort.quick else CASES
    differ, slowest = 0, 0.0
    for case in cases:
        plain, compiled = matched(*case, False), matched(*case, True)
        differ += any(plain[name] != compiled[name] for name in told)
        slowest = max(slowest, plain["seconds"])
    most = cases[-1]
    return Measured(
        value=differ,
        ours=f"{len(cases)} runs up to {most[0]:,} x {most[1]:,}, the slowest {slowest:.0f} s",
    )


@area.figure("numpy", slow=True)
def plain_refused(effort: Effort) -> Measured:
    """Ask for far too much; count what the refusal does not say: a time, and what to install."""
    code = (
        "from benchmarks.parts.population import pool_of, strategy\n"
        "from mentorkit.matching import run\n"
        "run(pool_of(50_000, 20_000), strategy())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MENTORKIT_NUMBA": "0"},
    )
    told = done.stderr.strip().rpartition("\n")[2]
    wanted = ("minutes", "pip install 'mentorkit[fast]'")
    return Measured(
        value=sum(word not in told for word in wanted), ours=told.rpartition(": ")[2][:90]
    )
