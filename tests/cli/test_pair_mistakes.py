"""Whatever is wrong at once, `mentorkit pair` tells all of it: no mistake hides another.

A strategy that works is given mistakes, each in a line of its own. Every two of them together, and
many larger sets, must each be told at its place in the one message.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest

Run = Callable[..., Any]
STRATEGY = {
    "objective": 'objective = "coverage"',
    "shortlist": "shortlist = 10",
    "assigner": 'assigner = "optimal"',
    "more": "",
    "columns": "[columns]",
    "ref": 'ref = "ref"',
    "name": 'name = "name"',
    "trade column": 'trade = "trade"',
    "rank column": 'rank = "rank"',
    "rank": "[fields.rank]",
    "ordered": 'ordered = ["low", "middle", "high"]',
    "trade": "[fields.trade]",
    "options": 'options = ["baker", "smith"]',
    "above": '[[rules]]\nrule = "above"',
    "above field": 'field = "rank"',
    "steps": "steps = [1, 2]",
    "differs": '[[rules]]\nrule = "differs"',
    "differs field": 'field = "ref"',
    "equal": '[[criteria]]\ncriterion = "equal"',
    "equal field": 'field = "trade"',
    "weight": "weight = 3",
    "close": '[[criteria]]\ncriterion = "closeness"',
    "close field": 'field = "rank"',
    "span": "span = 2",
}
MISTAKES = {
    "objective": ('objective = "most"', "objective"),
    "shortlist": ("shortlist = 0", "shortlist"),
    "assigner": ('assigner = "optimall"', "assigner"),
    "more": ("surprise = 1", "surprise"),
    "name": ('nmae = "name"', "column nmae"),
    "rank column": ('rank = "rnak"', "columns.rank"),
    "trade column": ("trade = 7", "columns.trade"),
    "ordered": ('ordered = ["low", "low"]', "fields.rank.ordered"),
    "options": ('options = "baker"', "fields.trade.options"),
    "steps": ("steps = [2, 1]", "rules[0].steps"),
    "differs": ('[[rules]]\nrule = "difers"', "rules[1].rule"),
    "differs field": ('feild = "ref"', "rules[1]"),
    "equal": ('[[criteria]]\ncriterion = "equall"', "criteria[0].criterion"),
    "weight": ("weight = 0", "criteria[0].weight"),
    "close field": ('field = "hieght"', "criteria[1].field"),
    "span": ("span = 0", "criteria[1].span"),
}
HIDES = {
    # Options of a rule or criterion that nobody knows cannot be judged.
    frozenset({"differs", "differs field"}): "differs field",
}
PEOPLE = "ref,name,trade,rank\n{side}1,Ann,baker,low\n{side}2,Ben,smith,high\n"


def told(folder: Path, run: Run, planted: tuple[str, ...]) -> str:
    """Return what is said of a strategy with these mistakes."""
    lines = {**STRATEGY, **{name: MISTAKES[name][0] for name in planted}}
    (folder / "strategy.toml").write_text("\n".join(lines.values()) + "\n", encoding="utf-8")
    for side in ("mentors", "mentees"):
        (folder / f"{side}.csv").write_text(PEOPLE.format(side=side[4]), encoding="utf-8")
    done = run(
        "pair", "--mentors", "mentors.csv", "--mentees", "mentees.csv",
        "--strategy", "strategy.toml", "--out", "pairs.csv",
        code=2 if planted else 0,
    )  # fmt: skip
    assert (folder / "pairs.csv").exists() is not bool(planted)
    return str(done.err)


def missing(text: str, planted: tuple[str, ...]) -> list[str]:
    """Return the mistakes that the message does not tell at their places."""
    hidden = {name for two, name in HIDES.items() if two <= set(planted)}
    return [one for one in planted if one not in hidden and MISTAKES[one][1] not in text]


def test_without_a_mistake_the_two_sheets_are_paired(folder: Path, run: Run) -> None:
    assert "cannot" not in told(folder, run, ())


@pytest.mark.parametrize("first", MISTAKES)
def test_no_mistake_hides_another(folder: Path, run: Run, first: str) -> None:
    for two in [(first,), *(pair for pair in combinations(MISTAKES, 2) if pair[0] == first)]:
        text = told(folder, run, two)
        assert not missing(text, two), (two, text)


@pytest.mark.parametrize("seed", range(8))
def test_nor_do_many_hide_any(folder: Path, run: Run, seed: int) -> None:
    random = Random(seed)
    for _ in range(5):
        many = tuple(random.sample(sorted(MISTAKES), random.randint(3, len(MISTAKES))))
        text = told(folder, run, many)
        assert not missing(text, many), (many, text)
