"""A seeded population of any size with the skew of a real program, as packed columns.

Languages and countries are few and uneven, trades fall into sectors, skills go with trades, people
are free in the evenings of where they live, and half of the mentors live where the mentees do. Some
40 % of pairs share a language and an hour.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.domain.fields import parse_fields
from mentorkit.domain.strategies import parse_strategy
from mentorkit.hooks.registry import Registry
from mentorkit.matching import BoundStrategy, PackedSide, Pool, bind
from mentorkit.matching.columns import Bits, Coded

SEED = 20_261_127
LANGUAGES, COUNTRIES, TRADES, SECTORS, SKILLS, SLOTS, STAGES = 40, 120, 40, 8, 128, 42, 5

FIELDS, _ = parse_fields(
    {
        "languages": {"kind": "options", "options": [f"l{n}" for n in range(LANGUAGES)]},
        "skills": {"kind": "options", "options": [f"s{n}" for n in range(SKILLS)]},
        "free": {"kind": "options", "options": [f"h{n}" for n in range(SLOTS)]},
        "stages": {"kind": "options", "options": [f"g{n}" for n in range(STAGES)]},
        "trade": {"kind": "option", "options": [f"t{n}" for n in range(TRADES)]},
        "sector": {"kind": "option", "options": [f"c{n}" for n in range(SECTORS)]},
        "country": {"kind": "option", "options": [f"n{n}" for n in range(COUNTRIES)]},
        "zone": {"kind": "number"},
        "quality": {"kind": "number"},
    }
)

CRITERIA = (
    {"criterion": "set_overlap", "field": "skills", "weight": 8},
    {"criterion": "equal", "field": "trade", "partial": {"sector": 0.5}, "weight": 4},
    {"criterion": "contains", "field": "stage", "other": "stages", "weight": 2},
    {"criterion": "overlap", "field": "free", "full": 4, "weight": 2},
    {"criterion": "closeness", "field": "zone", "span": 5, "weight": 1},
    {"criterion": "equal", "field": "country", "weight": 1},
    {"criterion": "overlap", "field": "languages", "full": 2, "weight": 1},
    {"criterion": "prior", "field": "quality", "weight": 1},
)
RULES = (
    {"rule": "shares_any", "field": "languages"},
    {"rule": "shares_any", "field": "free"},
)


@cache
def plugins() -> Registry:
    return Registry.load(["matching"])


@cache
def strategy(objective: str = "score", assigner: str = "optimal") -> BoundStrategy:
    """Return the strategy of all figures: eight criteria and two rules."""
    data = {
        "criteria": list(CRITERIA), "rules": list(RULES),
        "objective": objective, "assigner": assigner,
    }  # fmt: skip
    parsed, problems = parse_strategy(data)
    if problems:
        raise RuntimeError(problems)
    return bind(parsed, plugins(), FIELDS, known=["stage"])


def rising(count: int, slope: float) -> NDArray[np.float64]:
    """Return the probabilities of a few common answers and many rare ones (Zipf's law)."""
    weight = 1.0 / np.arange(1, count + 1) ** slope
    return np.asarray(weight / weight.sum())


def bits_of(chosen: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return rows of flags as 64-bit words."""
    rows, options = chosen.shape
    padded = np.zeros((rows, -(-options // 64) * 64), np.bool_)
    padded[:, :options] = chosen
    packed = np.packbits(padded, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint64)


def world() -> dict[str, NDArray[Any]]:
    """Return what belongs to countries and trades: languages, time zones, sectors."""
    random = np.random.default_rng(SEED)
    tongue = random.choice(LANGUAGES, COUNTRIES, p=rising(LANGUAGES, 1.1))
    tongue[:6] = np.arange(6)
    return {
        "tongue": tongue,
        "second": random.choice(LANGUAGES, COUNTRIES, p=rising(LANGUAGES, 1.1)),
        "zone": random.integers(-9, 13, COUNTRIES),
        "sector": np.arange(TRADES) * 7 % SECTORS,
        "elsewhere": random.permutation(COUNTRIES),
    }


def draw(side: str, count: int, seed: int = SEED) -> dict[str, NDArray[Any]]:
    """Return seeded answers of so many mentees or mentors as arrays, one row a person."""
    random = np.random.default_rng([seed, int(side == "mentor"), count])
    of, mentor = world(), side == "mentor"
    where = rising(COUNTRIES, 1.0)
    if mentor:
        where = 0.5 * where + 0.5 * where[of["elsewhere"]]
    country = random.choice(COUNTRIES, count, p=where)
    languages = np.zeros((count, LANGUAGES), np.bool_)
    everyone = np.arange(count)
    languages[everyone, of["tongue"][country]] = True
    languages[:, 0] |= random.random(count) < (0.65 if mentor else 0.45)
    also = random.random(count) < 0.2
    languages[everyone[also], of["second"][country[also]]] = True
    trade = random.choice(TRADES, count, p=rising(TRADES, 1.05))
    skills = np.zeros((count, SKILLS), np.bool_)
    least, most = (2, 10) if mentor else (1, 5)
    wanted = random.integers(least, most + 1, count)
    for number in range(most):
        skill = random.choice(SKILLS, count, p=rising(SKILLS, 0.9))
        of_trade = random.random(count) < 0.5
        skill = np.where(of_trade, (skill + 13 * trade) % SKILLS, skill)
        there = number < wanted
        skills[everyone[there], skill[there]] = True
    stage = random.choice(STAGES, count, p=[0.35, 0.3, 0.2, 0.1, 0.05])
    stages = random.random((count, STAGES)) < (0.5 if mentor else 0.0)
    stages[everyone, stage] = True
    zone = of["zone"][country] + random.integers(-1, 2, count)
    evenings = np.tile([0.03, 0.05, 0.15, 0.2, 0.4, 0.26], 7)
    evenings[30:] *= 1.5
    at_home = random.random((count, SLOTS)) < evenings
    slots = (np.arange(SLOTS)[None, :] + (zone // 4)[:, None]) % SLOTS
    return {
        "languages": languages, "skills": skills, "stages": stages,
        "free": np.take_along_axis(at_home, slots, axis=1),
        "trade": trade, "sector": of["sector"][trade], "country": country,
        "stage": stage, "zone": zone, "quality": np.round(random.beta(5, 2, count), 2),
        "capacity": random.choice([1, 2, 3, 4, 5], count, p=[0.45, 0.27, 0.15, 0.08, 0.05]),
    }  # fmt: skip


OPTIONS = {"trade": "t", "sector": "c", "country": "n", "stage": "g"}
SETS = {"languages": "l", "skills": "s", "free": "h", "stages": "g"}


def side_of(answers: dict[str, NDArray[Any]], letter: str) -> PackedSide:
    """Return drawn answers as a packed side; ids sort as people were drawn."""
    columns: dict[str, Coded | Bits] = {
        name: Bits(bits_of(answers[name]), [f"{short}{n}" for n in range(answers[name].shape[1])])
        for name, short in SETS.items()
    }
    for name, short in OPTIONS.items():
        known = [f"{short}{n}" for n in range(int(answers[name].max(initial=0)) + 1)]
        columns[name] = Coded(answers[name].astype(np.int32), known)
    for name in ("zone", "quality"):
        distinct, codes = np.unique(answers[name], return_inverse=True)
        columns[name] = Coded(codes.astype(np.int32), [float(one) for one in distinct])
    ids = [f"{letter}{number:07}" for number in range(len(answers["trade"]))]
    return PackedSide(ids, columns, capacity=answers["capacity"])


@cache
def pool_of(mentees: int, mentors: int, seed: int = SEED) -> Pool:
    """Return the pool of so many seeded people, a fifth as many blocked pairs as mentees in it."""
    left = side_of(draw("mentee", mentees, seed), "e")
    right = side_of(draw("mentor", mentors, seed), "r")
    random = np.random.default_rng([seed, mentees, mentors])
    count = mentees // 5 if mentees * mentors else 0
    rows, cols = random.integers(0, mentees, count), random.integers(0, max(1, mentors), count)
    blocked = {(left.ids[i], right.ids[j]): "blocked" for i, j in zip(rows, cols, strict=True)}
    return Pool.of(left, right, FIELDS, forbidden=blocked)
