"""Many people at once: against dense and sparse solvers, how it grows, and how much it takes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from math import log
from statistics import median
from typing import Any

import numpy as np

from benchmarks.figures import Area, Effort, Measured, Missing
from benchmarks.parts import flow
from benchmarks.parts.peers import load, seconds_of
from benchmarks.parts.population import pool_of, strategy
from mentorkit.matching import Pool, Result, kernels, run
from mentorkit.matching.assign import CandidateLists, solve_lists
from mentorkit.matching.auction import Floor, hold_auction
from mentorkit.matching.candidates import ListRescan
from mentorkit.matching.problem import Question
from mentorkit.matching.scan import Scan

area = Area("matching")


def needs_numba() -> None:
    if not kernels.available():
        raise Missing("numba is not installed; pip install 'mentorkit[fast]'")
    load()


def timed(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Return the median seconds of some work, and what it gave last."""
    taken, given = [], None
    for _ in range(rounds):
        began = time.perf_counter()
        given = work()
        taken.append(time.perf_counter() - began)
    return median(taken), given


def fresh(pool: Pool, objective: str = "score") -> Result:
    pool.forget()
    return run(pool, strategy(objective))


# --------------------------------------------------------------------------- dense


@cache
def dense_5000(rounds: int) -> tuple[float, float, Result, float, int, str]:
    """Return our seconds, those of a whole run, its result, and scipy's seconds, total, version."""
    try:
        import scipy
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise Missing("scipy is not installed") from None
    needs_numba()
    pool = pool_of(5000, 3000)

    def theirs() -> int:
        """Score everybody from the same packed columns, then solve: a column for each place."""
        scan = Scan(pool, strategy())
        fused = scan.compile()
        assert fused is not None
        scores = fused.scores(np.arange(5000, dtype=np.int32), 3000)
        places = np.repeat(np.arange(3000), pool.capacity)
        matrix = np.maximum(scores, 0)[:, places].astype(np.float64)
        rows, cols = linear_sum_assignment(matrix, maximize=True)
        return int(matrix[rows, cols].sum())

    seconds = seconds_of(pool, strategy(), rounds)
    whole, result = timed(lambda: fresh(pool), rounds)
    peer, total = timed(theirs, 1 if rounds < 5 else 3)
    return seconds, whole, result, peer, total, scipy.__version__


@area.figure("numba", "scipy", slow=True)
def bulk_5000(effort: Effort) -> Measured:
    seconds, whole, result, peer, total, version = dense_5000(effort.repeats)
    return Measured(
        value=peer / seconds,
        ours=f"{seconds * 1e3:.0f} ms, {whole * 1e3:.0f} ms with proof and ranks; {result.total:,}",
        theirs=f"{peer:.2f} s, {total:,}, scipy {version}",
    )


@area.figure("numba", "scipy", slow=True)
def bulk_5000_total(effort: Effort) -> Measured:
    _, _, result, _, total, _ = dense_5000(effort.repeats)
    return Measured(value=100 * result.total / total, ours=f"{result.total:,}", theirs=f"{total:,}")


# --------------------------------------------------------------------------- bounds


def told(result: Result, seconds: float) -> str:
    return (
        f"{seconds:.1f} s, {len(result.pairs):,} of at most {result.pairs_bound:,} pairs, total"
        f" {result.total:,} of at most {result.total_bound:,}"
    )


def gap(mentees: int, mentors: int, objective: str) -> Measured:
    """Return how many percent of the best possible total a run may lack at most, by its proof."""
    needs_numba()
    pool = pool_of(mentees, mentors)
    seconds, result = timed(lambda: fresh(pool, objective), 1)
    return Measured(
        value=100 * (result.total_bound - result.total) / result.total_bound,
        ours=told(result, seconds),
    )


@area.figure("numba", slow=True)
def bound_50000(effort: Effort) -> Measured:
    return gap(50_000, 20_000, "score")


@area.figure("numba", slow=True)
def bound_50000_coverage(effort: Effort) -> Measured:
    return gap(50_000, 20_000, "coverage")


@area.figure("numba", slow=True)
def bound_200000(effort: Effort) -> Measured:
    return gap(200_000, 50_000, "score")


@area.figure("numba", slow=True)
def bound_200000_coverage(effort: Effort) -> Measured:
    return gap(200_000, 50_000, "coverage")


# --------------------------------------------------------------------------- equal edges


def listed(mentees: int, mentors: int) -> tuple[Pool, CandidateLists]:
    """Return a pool and the candidate lists of its mentees, which are all there is here."""
    pool = pool_of(mentees, mentors)
    scan = Scan(pool, strategy())
    scan.compile()
    return pool, Question(scan).lists()


@cache
def edges(mentees: int, mentors: int, rounds: int) -> tuple[float, int, float, float, int, int]:
    """Return our seconds and total on candidate lists, what OR-tools takes for a model of the same
    lists and to solve it, its total, and how many edges there are.
    """
    needs_numba()
    pool, lists = listed(mentees, mentors)
    rows = np.repeat(np.arange(mentees), np.diff(lists.indptr))

    def ours() -> int:
        return solve_lists(lists, pool.capacity, "score").total

    def model() -> Any:
        return flow.build(rows, lists.mentor, lists.score, pool.capacity)

    ours()
    seconds, total = timed(ours, rounds)
    found = [flow.timed(model) for _ in range(1 if rounds < 5 else 3)]
    building, solving = (median(one[at] for one in found) for at in (0, 1))
    return seconds, total, building, solving, found[0][2], len(lists.mentor)


EDGES = (25_000, 10_000)


@area.figure("numba", "ortools", slow=True)
def edges_25000(effort: Effort) -> Measured:
    seconds, total, building, solving, best, count = edges(*EDGES, effort.repeats)
    return Measured(
        value=solving / seconds,
        ours=f"{seconds:.2f} s, total {total:,}, {count:,} edges",
        theirs=f"{solving:.2f} s, and {building:.2f} s for its model, total {best:,}",
    )


@area.figure("numba", "ortools", slow=True)
def edges_25000_total(effort: Effort) -> Measured:
    _, total, _, _, best, _ = edges(*EDGES, effort.repeats)
    return Measured(value=(best - total) / best, ours=f"{total:,}", theirs=f"{best:,}")


# --------------------------------------------------------------------------- growth


Points = list[tuple[float, float]]
SIZES = (12_500, 25_000, 50_000, 100_000)


def slope(points: list[tuple[float, float]]) -> float:
    """Return by which power of its size something grows: a line through the logarithms."""
    xs, ys = ([log(point[axis]) for point in points] for axis in (0, 1))
    return float(np.polyfit(xs, ys, 1)[0])


@cache
def grown(quick: bool) -> tuple[Points, Points, Points]:
    """Return (pairs, seconds) of making lists, (edges, seconds) and (edges, bids) of assigning.

    Always 0.8 places for each mentee: two mentors for five mentees, with two places each.
    """
    needs_numba()
    generated, assigned, bids = [], [], []
    for mentees in SIZES[:3] if quick else SIZES:
        mentors = mentees * 2 // 5
        pool = pool_of(mentees, mentors)
        seconds, (_, lists) = timed(lambda p=pool: listed(len(p.mentees), len(p.mentors)), 1)
        generated.append((float(mentees) * mentors, seconds))
        floor = auction_of(pool, lists)
        bids.append((float(len(lists.mentor)), float(floor.bids)))
        seconds, _ = timed(
            lambda p=pool, e=lists: solve_lists(e, p.capacity, "score"), 1 if quick else 3
        )
        assigned.append((float(len(lists.mentor)), seconds))
    return generated, assigned, bids


def auction_of(pool: Pool, lists: CandidateLists) -> Floor:
    """Hold the auction over complete lists alone, and return the floor after it."""
    nobody = np.zeros(lists.mentees, np.bool_)
    floor = Floor.open(
        lists,
        pool.capacity,
        nobody,
        ListRescan(lists, None),
        budget=0,
        complete=True,
        compiled=import_module("mentorkit.matching.kernels.assign"),
    )
    hold_auction(floor, 10, give_up=False)
    return floor


def shown(points: list[tuple[float, float]]) -> str:
    return ", ".join(f"{size:.3g}: {seconds:.2f} s" for size, seconds in points)


@area.figure("numba", slow=True)
def growth_of_lists(effort: Effort) -> Measured:
    generated, _, _ = grown(effort.quick)
    return Measured(value=slope(generated), ours=shown(generated))


@area.figure("numba", slow=True)
def growth_of_assignment(effort: Effort) -> Measured:
    _, _, bids = grown(effort.quick)
    told = ", ".join(f"{edges:.3g}: {made:,.0f}" for edges, made in bids)
    return Measured(value=slope(bids), ours=told)


@area.figure("numba", slow=True)
def growth_of_assignment_time(effort: Effort) -> Measured:
    _, assigned, _ = grown(effort.quick)
    return Measured(value=slope(assigned), ours=shown(assigned))


# --------------------------------------------------------------------------- a million


MILLION = """
import json, time
from benchmarks.figures import peak_memory
from benchmarks.parts.bulk import needs_numba
from benchmarks.parts import flow
from benchmarks.parts.population import pool_of, strategy
from mentorkit.matching.fused import Fused, in_threads
from mentorkit.matching.problem import LISTED
from mentorkit.matching.plan import tape_of
from mentorkit.matching.scan import Scan
from mentorkit.matching import run
import numpy as np
needs_numba()
n, m = {mentees}, {mentors}
pool = pool_of(n, m)
tape = tape_of(Scan(pool, strategy()))
some = np.arange(min(n, 2000), dtype=np.int32)
began = time.perf_counter()
Fused(tape, lambda fn, shards: map(fn, shards)).best(some, LISTED)
one = (time.perf_counter() - began) / (len(some) * m)
del tape
told = []
class Clock:
    last = ""
    def step(self, done, total, what):
        if what != self.last:
            told.append((what, time.perf_counter()))
            self.last = what
began = time.perf_counter()
result = run(pool, strategy(), progress=Clock())
seconds = time.perf_counter() - began
at = dict(told)
print(json.dumps(dict(
    seconds=seconds, lists=at["assigning"] - at["scoring"], one=one * n * m / 2,
    pairs=len(result.pairs), total=result.total, bound=result.total_bound,
    memory=peak_memory(),
)))
"""


@cache
def million(mentees: int, mentors: int) -> Any:
    import json

    needs_numba()
    code = MILLION.format(mentees=mentees, mentors=mentors)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout)


def whole(effort: Effort) -> Any:
    return million(100_000, 10_000) if effort.quick else million(1_000_000, 100_000)


@area.figure("numba", slow=True)
def million_seconds(effort: Effort) -> Measured:
    told = whole(effort)
    short = 100 * (told["bound"] - told["total"]) / told["bound"]
    lists = f"lists {told['lists']:.0f} s"
    return Measured(
        value=told["seconds"],
        ours=f"{told['pairs']:,} pairs, at most {short:.3f} % from the best; {lists}",
    )


@area.figure("numba", slow=True)
def million_lists(effort: Effort) -> Measured:
    told = whole(effort)
    return Measured(
        value=told["lists"] / told["one"],
        ours=f"{told['lists']:.0f} s",
        theirs=f"{told['one']:.0f} s: the pairs at the rate of one core alone, halved",
    )


@area.figure("numba", slow=True)
def million_memory(effort: Effort) -> Measured:
    return Measured(value=whole(effort)["memory"] / 2**30)
