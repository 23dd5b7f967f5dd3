"""Against packages that match mentors or residents, each in an environment of its own.

`tox run -e bench` makes them; ``MENTORKIT_BENCH_PEERS`` names the folder that holds them.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.figures import Area, Effort, Measured, Missing
from benchmarks.parts.population import SETS, draw, pool_of, strategy
from mentorkit.hooks import Assignment
from mentorkit.matching import BoundStrategy, Pool, kernels, run
from mentorkit.matching.problem import Question
from mentorkit.matching.scan import Scan

area = Area("matching")

SCRIPTS = Path(__file__).parents[1] / "peers"
GRADES = ("AA", "AO", "EO", "HEO", "SEO", "Grade 7", "Grade 6", "SCS1", "SCS2", "SCS3", "SCS4")


def ask(peer: str, script: str, question: Any) -> Any:
    """Return what a script prints in the environment of a peer."""
    folder = os.environ.get("MENTORKIT_BENCH_PEERS", "")
    python = Path(folder) / peer / "bin" / "python"
    if not folder or not python.exists():
        raise Missing(f"no environment of {peer}; tox run -e bench makes it")
    done = subprocess.run(
        [str(python), str(SCRIPTS / script)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


# --------------------------------------------------------------------------- mentor-match


def plainly(side: str, count: int) -> list[dict[str, Any]]:
    """Return drawn people as plain answers; a mentor stands there once for each place."""
    drawn = draw(side, count)
    letter = "e" if side == "mentee" else "r"
    people = []
    for number in range(count):
        one: dict[str, Any] = {
            "ref": f"{letter}{number:07}",
            "quality": float(drawn["quality"][number]),
        }
        for name in SETS:
            one[name] = np.flatnonzero(drawn[name][number]).tolist()
        for name in ("trade", "sector", "country", "stage", "zone"):
            one[name] = int(drawn[name][number])
        places = int(drawn["capacity"][number]) if side == "mentor" else 1
        people += [one] * places
    return people


@cache
def theirs(mentees: int, mentors: int) -> Any:
    pool = pool_of(mentees, mentors)
    names = pool.mentees.ids, pool.mentors.ids
    question = {
        "rules": "seeded",
        "mentees": plainly("mentee", mentees),
        "mentors": plainly("mentor", mentors),
        "blocked": [[names[0][i], names[1][j]] for i, j in pool.forbidden],
    }
    return ask("mentor-match", "mentor_match.py", question)


def solve(pool: Pool, bound: BoundStrategy) -> Assignment:
    """Return the pairs alone, as the peers do: people packed, scored and paired, nothing told."""
    pool.forget()
    return bound.assigner.assign(Question(Scan(pool, bound)))


def seconds_of(pool: Pool, bound: BoundStrategy, rounds: int) -> float:
    """Return the median seconds of that, with compiled code loaded."""
    load()
    solve(pool, bound)
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        solve(pool, bound)
        taken.append(time.perf_counter() - began)
    return median(taken)


@cache
def load() -> float:
    """Load the compiler and the compiled code; return how many seconds that took."""
    began = time.perf_counter()
    if kernels.available():
        run(pool_of(2500, 2000), strategy())
        solve(pool_of(400, 300), strategy())
        solve(pool_of(400, 300), strategy("score", "stable"))
    return time.perf_counter() - began


def ours(mentees: int, mentors: int, rounds: int) -> tuple[float, int]:
    """Return the median seconds, and the total, which a run proves beside."""
    pool = pool_of(mentees, mentors)
    return seconds_of(pool, strategy(), rounds), run(pool, strategy()).total


def against_mentor_match(effort: Effort, mentees: int, mentors: int) -> Measured:
    peer = theirs(mentees, mentors)
    seconds, total = ours(mentees, mentors, effort.repeats)
    if total != peer["total"]:
        raise RuntimeError(f"mentor-match found {peer['total']}, mentorkit {total}")
    return Measured(
        value=peer["seconds"] / seconds,
        ours=f"{seconds * 1e3:.1f} ms, total {total:,}; {load():.1f} s to load before",
        theirs=f"{peer['seconds']:.2f} s, total {peer['total']:,}, mentor-match 7.0.1",
    )


@area.figure("numba", slow=True)
def mentor_match_500(effort: Effort) -> Measured:
    return against_mentor_match(effort, 500, 300)


@area.figure("numba", slow=True)
def mentor_match_1000_memory(effort: Effort) -> Measured:
    """Compare the peak memory of whole processes."""
    peer = theirs(1000, 600)
    code = (
        "from benchmarks.figures import peak_memory; from benchmarks.parts.peers import ours;"
        "print(ours(1000, 600, 1)[1], peak_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    total, memory = map(int, done.stdout.split())
    if total != peer["total"]:
        raise RuntimeError(f"mentor-match found {peer['total']}, mentorkit {total}")
    return Measured(
        value=memory / peer["memory"],
        ours=f"{memory / 1e6:.0f} MB, total {total:,}",
        theirs=f"{peer['memory'] / 1e6:.0f} MB, {peer['seconds']:.1f} s, total {peer['total']:,}",
    )


@area.figure("numba", slow=True)
def mentor_match_own(effort: Effort) -> Measured:
    """Match mentor-match's own sample people, by its own rules."""
    import tomllib

    from benchmarks.parts.population import plugins
    from mentorkit.domain.participants import Lead
    from mentorkit.matching import pair_leads

    folder = os.environ.get("MENTORKIT_TEST_DATA", "../shared/data")
    data = Path(folder) / "mentor-match"
    if not data.exists():
        raise Missing("no sample people of mentor-match; name their folder in MENTORKIT_TEST_DATA")
    rows = {
        side: list(csv.DictReader((data / "large" / f"{side}s.csv").open(encoding="utf-8")))
        for side in ("mentee", "mentor")
    }
    columns = ("organisation", "profession", "grade")
    peer = ask(
        "mentor-match",
        "mentor_match.py",
        {
            "rules": "own",
            "blocked": [],
            **{
                f"{side}s": [
                    {**{c: one[c] for c in columns}, "grade": GRADES.index(one["grade"])}
                    for one in people
                ]
                for side, people in rows.items()
            },
        },
    )
    leads = {
        side: [
            Lead(role=side, key=one["email address"], profile={c: one[c] for c in columns})
            for one in people
        ]
        for side, people in rows.items()
    }
    given = tomllib.loads((data / "strategy.toml").read_text("utf-8"))
    given["objective"] = "score"
    taken, total = [], 0
    for _ in range(effort.repeats):
        began = time.perf_counter()
        total = pair_leads(leads["mentee"], leads["mentor"], given, plugins())[0].total
        taken.append(time.perf_counter() - began)
    return Measured(
        value=peer["seconds"] / median(taken),
        ours=f"{median(taken) * 1e3:.0f} ms from leads to reasons, total {total:,}",
        theirs=f"{peer['seconds']:.2f} s, total {peer['total']:,}",
    )


# --------------------------------------------------------------------------- matching


def ranked(pool: Pool) -> dict[str, Any]:
    """Return each side's full ranked lists of those whom they may have: by score, ties by id."""
    scores, allowed = Scan(pool, strategy(), compiled=False).block(0, len(pool.mentees))
    names = pool.mentees.ids, pool.mentors.ids
    return {
        "mentees": {
            names[0][i]: [names[1][j] for j in _order(scores[i], allowed[i])]
            for i in range(len(names[0]))
        },
        "mentors": {
            names[1][j]: [names[0][i] for i in _order(scores[:, j], allowed[:, j])]
            for j in range(len(names[1]))
        },
        "places": dict(zip(names[1], pool.capacity.tolist(), strict=True)),
    }


def _order(scores: Any, allowed: Any) -> list[int]:
    there = np.flatnonzero(allowed)
    best: list[int] = there[np.argsort(-scores[there], kind="stable")].tolist()
    return best


@cache
def both_stable(rounds: int) -> tuple[Any, float, Any]:
    """Return what matching finds, our seconds, and our result, of 500 x 300."""
    pool = pool_of(500, 300)
    peer = ask("matching", "hospital_resident.py", ranked(pool))
    bound = strategy("score", "stable")
    return peer, seconds_of(pool, bound, rounds), run(pool, bound)


@area.figure("numba", slow=True)
def stable_500(effort: Effort) -> Measured:
    peer, seconds, result = both_stable(effort.repeats)
    return Measured(
        value=peer["seconds"] / seconds,
        ours=f"{seconds * 1e3:.1f} ms, from people to pairs, total {result.total:,}",
        theirs=f"{peer['seconds']:.2f} s, {peer['solving']:.2f} of it solving, matching 1.4.3",
    )


@area.figure("numba", slow=True)
def stable_500_other(effort: Effort) -> Measured:
    """Count pairs that only one of the two has, and pairs that would rather have each other."""
    peer, _, result = both_stable(effort.repeats)
    mine = {(pair.mentee_id, pair.mentor_id) for pair in result.pairs}
    other = mine ^ {(a, b) for a, b in peer["pairs"]}
    return Measured(
        value=len(other) + result.blocking_pairs,
        ours=f"{len(mine)} pairs, {result.blocking_pairs} blocking",
        theirs=f"{len(peer['pairs'])} pairs",
    )
