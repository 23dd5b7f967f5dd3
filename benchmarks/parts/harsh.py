"""Harsh pools: right answers in bounded time, or a bound that tells how far from right they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmarks.figures import Area, Effort, Measured
from benchmarks.parts.bulk import needs_numba
from benchmarks.parts.population import FIELDS, draw, side_of, strategy
from mentorkit.matching import Pool, Result, run, verify
from mentorkit.matching.packed import PackedSide

area = Area("matching")

MENTEES, MENTORS = 3000, 1500


@dataclass(frozen=True)
class Harsh:
    """A pool, what it must lead to, and how far the total may be from the best (in percent)."""

    mentees: PackedSide
    mentors: PackedSide
    right: Callable[[Result], bool]
    forbidden: Mapping[tuple[str, str], str] = field(default_factory=dict)
    locks: tuple[tuple[str, str], ...] = ()
    gap: float = 0.05


def sides(mentees: int = MENTEES, mentors: int = MENTORS) -> tuple[dict[str, np.ndarray], ...]:
    return draw("mentee", mentees), draw("mentor", mentors)


def packed(
    left: dict[str, np.ndarray], right: dict[str, np.ndarray]
) -> tuple[PackedSide, PackedSide]:
    return side_of(left, "e"), side_of(right, "r")


def everybody(result: Result) -> bool:
    return len(result.pairs) == result.pairs_bound


def all_equal() -> Harsh:
    """Everybody answered the same: every pair scores the same."""
    left, right = sides()
    for drawn, count in ((left, MENTEES), (right, MENTORS)):
        for name, column in drawn.items():
            if name != "capacity":
                drawn[name] = np.repeat(column[:1], count, axis=0)
    left["languages"][:, 0] = right["languages"][:, 0] = True
    left["free"][:, 0] = right["free"][:, 0] = True
    return Harsh(*packed(left, right), everybody)


def hot_mentor() -> Harsh:
    """One mentor is what everybody wants, and has one place."""
    left, right = sides()
    for name in ("languages", "free", "skills", "stages"):
        right[name][0] = True
        right[name][1:, -8:] = False
    right["quality"][0] = 1.0
    right["capacity"][0] = 1
    return Harsh(
        *packed(left, right), lambda r: sum(p.mentor_id == "r0000000" for p in r.pairs) == 1
    )


def one_speaker() -> Harsh:
    """A hundred mentees speak one language that one single mentor speaks."""
    left, right = sides()
    last = left["languages"].shape[1] - 1
    left["languages"][:, last] = right["languages"][:, last] = False
    left["languages"][:100] = False
    left["languages"][:100, last] = True
    left["free"][:100] = True
    right["languages"][0] = False
    right["languages"][0, last] = True
    right["free"][0] = True
    right["capacity"][0] = 3
    return Harsh(
        *packed(left, right), lambda r: sum(p.mentor_id == "r0000000" for p in r.pairs) == 3
    )


def no_mentors() -> Harsh:
    return Harsh(
        *packed(*sides(mentors=0)), lambda r: not r.pairs and len(r.unmatched_mentees) == MENTEES
    )


def no_mentees() -> Harsh:
    return Harsh(
        *packed(*sides(mentees=0)), lambda r: not r.pairs and len(r.unmatched_mentors) == MENTORS
    )


def no_places() -> Harsh:
    left, right = sides()
    right["capacity"][:] = 0
    return Harsh(*packed(left, right), lambda r: not r.pairs)


def many_blocked() -> Harsh:
    """100,000 pairs are blocked by name."""
    left, right = packed(*sides())
    chosen = np.random.default_rng(1).choice(MENTEES * MENTORS, 100_000, replace=False)
    rows, cols = np.divmod(chosen, MENTORS)
    blocked = {(left.ids[i], right.ids[j]): "blocked" for i, j in zip(rows, cols, strict=True)}

    def none_of_them(result: Result) -> bool:
        return not any((p.mentee_id, p.mentor_id) in blocked for p in result.pairs)

    return Harsh(left, right, none_of_them, forbidden=blocked)


def all_locked() -> Harsh:
    """Every mentee is locked to a mentor, rules or not."""
    left, right = packed(*sides())
    places = np.repeat(np.arange(MENTORS), np.asarray(right.capacity))[:MENTEES]
    locks = tuple((left.ids[i], right.ids[j]) for i, j in enumerate(places.tolist()))
    return Harsh(left, right, lambda r: sum(p.locked for p in r.pairs) == len(locks), locks=locks)


CASES = (
    all_equal, hot_mentor, one_speaker, no_mentors, no_mentees, no_places, many_blocked, all_locked,
)  # fmt: skip


def judged(name: str, harsh: Harsh, objective: str) -> tuple[list[str], float]:
    """Return what is wrong with a run of a harsh pool, and its seconds."""
    pool = Pool.of(harsh.mentees, harsh.mentors, FIELDS, forbidden=harsh.forbidden)
    bound = strategy(objective)
    began = time.perf_counter()
    result = run(pool, bound, locks=harsh.locks)
    seconds = time.perf_counter() - began
    wrong = [str(problem) for problem in verify(pool, bound, result, locks=harsh.locks)]
    if not harsh.right(result):
        wrong.append("is not what it must be")
    short = 100 * (result.total_bound - result.total) / max(1, result.total_bound)
    if short > harsh.gap:
        wrong.append(f"may be {short:.3f} % from the best")
    return [f"{name}, {objective}: {one}" for one in wrong], seconds


@area.figure("numpy", slow=True)
def harsh_wrong(effort: Effort) -> Measured:
    """Count what is wrong with eight harsh pools by two objectives; every result is verified."""
    needs_numba()
    wrong: list[str] = []
    slowest, which = 0.0, ""
    for case in CASES:
        harsh = case()
        for objective in ("score", "coverage"):
            found, seconds = judged(case.__name__, harsh, objective)
            wrong += found
            if seconds > slowest:
                slowest, which = seconds, case.__name__
    told = (
        f"{2 * len(CASES)} runs of {MENTEES:,} x {MENTORS:,}, the slowest {slowest:.1f} s: {which}"
    )
    return Measured(value=len(wrong), ours="; ".join([told, *wrong]))
