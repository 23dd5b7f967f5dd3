"""How fast people are matched, and how good the result is: ``python -m benchmarks.matching``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np

from benchmarks.figures import Area, Effort, Measured, Missing, main
from benchmarks.parts import bulk, by_query, by_store, flow, harsh, peers, plain
from mentorkit.domain.fields import parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.strategies import FULL_SCORE, Strategy, Use
from mentorkit.hooks.registry import Registry
from mentorkit.matching import BoundStrategy, Pool, Result, Someone, bind, run, verify
from mentorkit.matching.assign import solve_dense
from mentorkit.matching.problem import Question
from mentorkit.matching.scan import Scan

area = Area("matching")
for part in (by_query, by_store, bulk, peers, plain, harsh):
    area.include(part.area)

SEED = 20_261_123
COMMAND = "from mentorkit.cli import main; main()"
LANGUAGES = [f"l{n}" for n in range(12)]
INDUSTRIES = [f"i{n}" for n in range(20)]


def mentorkit(folder: Path, *arguments: str) -> None:
    """Run the command line as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


def seconds_of_pair(effort: Effort, people: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = str(people)
        mentorkit(folder, "demo", "sheets", "s", "--mentees", count, "--mentors", count)
        words = "pair --mentors s/mentors.csv --mentees s/mentees.csv --strategy s/strategy.toml"
        return effort.seconds(
            lambda: mentorkit(folder, *words.split(), "--out", "p.csv", "--unmatched", "u.csv")
        )


@area.figure("numpy")
def pair_500(effort: Effort) -> float:
    return seconds_of_pair(effort, 500)


@area.figure("numpy")
def pair_start(effort: Effort) -> float:
    return seconds_of_pair(effort, 3)


@cache
def matrix(mentees: int, mentors: int) -> tuple[Any, Any]:
    """Return seeded scores of 0..10,000 and which pairs are allowed (about half)."""
    random = np.random.default_rng(SEED)
    scores = random.integers(1, 10_001, (mentees, mentors))
    allowed = random.random((mentees, mentors)) < 0.5
    return np.where(allowed, scores, 0), allowed


def ours(size: int) -> int:
    scores, allowed = matrix(size, size)
    solution = solve_dense(scores, allowed, np.ones(size, np.int64), "score")
    return int(solution.total)


def same(name: str, found: int, expected: int) -> None:
    """Refuse to compare the speed of answers that differ."""
    if found != expected:
        raise RuntimeError(f"{name} found {expected}, mentorkit {found}")


@area.figure("numpy", "scipy")
def solver_300(effort: Effort) -> float:
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise Missing("scipy is not installed") from None

    def peer() -> int:
        scores, _ = matrix(300, 300)
        rows, cols = linear_sum_assignment(scores, maximize=True)
        return int(scores[rows, cols].sum())

    peers.load()  # else it is not worth it to compile anything for so few
    same("scipy", ours(300), peer())
    return effort.ratio(lambda: ours(300), peer)


@area.figure("numpy", "ortools")
def solver_ortools_300(effort: Effort) -> Measured:
    scores, allowed = matrix(300, 300)
    rows, cols = np.nonzero(allowed)

    def model() -> Any:
        return flow.build(rows, cols, scores[rows, cols], np.ones(300))

    _, _, total = flow.timed(model)
    same("OR-tools", ours(300), total)
    mine, building, solving = [], [], []
    for _ in range(effort.repeats):
        began = time.perf_counter()
        ours(300)
        mine.append(time.perf_counter() - began)
        built, solved, _ = flow.timed(model)
        building.append(built)
        solving.append(solved)
    return Measured(
        value=median(mine) / median(solving),
        ours=f"{median(mine) * 1e3:.1f} ms",
        theirs=f"{median(solving) * 1e3:.1f} ms, and {median(building) * 1e3:.1f} ms for its model",
    )


FIELDS, _ = parse_fields(
    {
        "languages": {"kind": "options", "options": LANGUAGES},
        "industry": {"kind": "option", "options": INDUSTRIES},
        "years": {"kind": "number"},
    }
)


@cache
def people(side: str, count: int) -> tuple[Someone, ...]:
    """Return seeded people with languages, an industry and years of experience."""
    random = Random(f"{SEED} {side}")
    return tuple(
        Someone(
            key=f"{side}{number:06}",
            id=f"{side}{number:06}",
            profile={
                "languages": frozenset(random.sample(LANGUAGES, random.randint(1, 3))),
                "industry": random.choice(INDUSTRIES),
                "years": float(random.randint(0, 40)),
            },
            capacity=random.randint(1, 3) if side == "mentor" else 1,
        )
        for number in range(count)
    )


STRATEGY = Strategy(
    rules=(Use(name="shares_any", options=Frozen(field="languages")),),
    criteria=(
        Use(name="equal", options=Frozen(field="industry"), weight=4),
        Use(name="closeness", options=Frozen(field="years", target=10, span=20), weight=3),
        Use(name="set_overlap", options=Frozen(field="languages"), weight=2),
    ),
)


@cache
def plugins() -> Registry:
    return Registry.load(["matching"])


@cache
def case_2000() -> tuple[Pool, BoundStrategy]:
    pool = Pool(people("mentee", 2000), people("mentor", 1200), FIELDS)
    return pool, bind(STRATEGY, plugins(), FIELDS)


@area.figure("numpy", "scipy", slow=True)
def engine_2000(effort: Effort) -> Measured:
    """Give scipy the matrix of the same people: a column a place, most pairs first, as we do."""
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError:
        raise Missing("scipy is not installed") from None
    pool, bound = case_2000()
    scores, allowed = Question(Scan(pool, bound)).matrix()
    places = np.repeat(np.arange(len(pool.mentors)), pool.capacity)
    bonus = FULL_SCORE * len(pool.mentees) + 1
    worth = (scores + bonus * allowed.astype(np.int64))[:, places]

    def peer() -> int:
        rows, cols = linear_sum_assignment(worth, maximize=True)
        return int(scores[rows, places[cols]].sum())

    def whole() -> Result:
        return run(Pool(people("mentee", 2000), people("mentor", 1200), FIELDS), bound)

    result = whole()
    same("scipy", result.total, peer())
    return Measured(
        value=effort.ratio(whole, peer),
        ours=f"{result.seconds:.2f} s, {len(result.pairs):,} pairs, total {result.total:,}",
        theirs=f"the same total; {worth.shape[0]:,} rows, {worth.shape[1]:,} columns",
    )


@area.figure("numpy", slow=True)
def bound_2000(effort: Effort) -> float:
    pool, bound = case_2000()
    result = run(pool, bound)
    if problems := verify(pool, bound, result):
        raise RuntimeError(f"the result does not verify: {problems[0]}")
    return 1e6 * (result.total_bound - result.total) / result.total_bound


@area.figure("pluggy", "numpy")
def block_against_pluggy(effort: Effort) -> float:
    import pluggy

    spec, impl = pluggy.HookspecMarker("bench"), pluggy.HookimplMarker("bench")

    class Specs:
        @spec
        def value(self, mentee: float, mentor: float) -> float: ...  # type: ignore[empty-body]

    class Plugin:
        @impl
        def value(self, mentee: float, mentor: float) -> float:
            return max(0.0, 1.0 - abs(mentor - mentee - 10.0) / 20.0)

    manager = pluggy.PluginManager("bench")
    manager.add_hookspecs(Specs)
    manager.register(Plugin())
    years = np.random.default_rng(SEED).integers(0, 40, 200).astype(float)
    few = years.tolist()

    def block() -> object:
        return np.maximum(0.0, 1.0 - np.abs(years[None, :] - years[:, None] - 10.0) / 20.0)

    def one_call_each() -> object:
        value = manager.hook.value
        return [value(mentee=a, mentor=b) for a in few for b in few]

    if not np.allclose(np.ravel(block()), np.ravel(one_call_each())):
        raise RuntimeError("the two do not compute the same")
    return effort.ratio(block, one_call_each)


@area.figure("numpy")
def declared_against_python(effort: Effort) -> float:
    from mentorkit import Manifest, hookimpl
    from mentorkit.hooks import Criterion

    class PlainIndustry(Criterion):
        name = "plain_industry"
        needs = {"industry": str}  # noqa: RUF012

        def score(self, mentee: Any, mentor: Any) -> float:
            return 1.0 if mentee["industry"] == mentor["industry"] else 0.0

    class Plain:
        manifest = Manifest(title="Plain Python")

        @hookimpl
        def mentorkit_criteria(self) -> Any:
            yield PlainIndustry()

    registry = Registry.load(["matching", ("plain", Plain())])
    declared = Strategy(
        criteria=(Use(name="equal", options=Frozen(field="industry")),), assigner="greedy"
    )
    plain = Strategy(criteria=(Use(name="plain_industry"),), assigner="greedy")

    def matched(strategy: Strategy) -> int:
        pool = Pool(people("mentee", 300), people("mentor", 300), FIELDS)
        return run(pool, bind(strategy, registry, FIELDS)).total

    same("plain Python", matched(declared), matched(plain))
    return effort.ratio(lambda: matched(declared), lambda: matched(plain))


if __name__ == "__main__":
    main(area)
