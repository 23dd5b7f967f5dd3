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
TORN = {
    "syntax": ("def f(:\n", "torn (file torn.py), import: SyntaxError"),
    "hook": (
        "from mentorkit import hookimpl\n@hookimpl\ndef mentorkit_rulez():\n    return []\n",
        "mentorkit_rulez: there is no such hook",
    ),
    "missing": (None, "--plugin torn.py: there is no such file"),
}
"""Plugins that cannot be loaded (None: nor are they there), and what is told of them."""
PEOPLE = "ref,name,trade,rank\n{side}1,Ann,baker,low\n{side}2,Ben,smith,high\n"


def told(
    folder: Path, run: Run, planted: tuple[str, ...], *options: str, code: int | None = None
) -> str:
    """Return what is said of a strategy with these mistakes."""
    lines = {**STRATEGY, **{name: MISTAKES[name][0] for name in planted}}
    (folder / "strategy.toml").write_text("\n".join(lines.values()) + "\n", encoding="utf-8")
    for side in ("mentors", "mentees"):
        (folder / f"{side}.csv").write_text(PEOPLE.format(side=side[4]), encoding="utf-8")
    done = run(
        "pair", "--mentors", "mentors.csv", "--mentees", "mentees.csv",
        "--strategy", "strategy.toml", "--out", "pairs.csv",
        *options, code=code or (2 if planted else 0),
    )  # fmt: skip
    assert (folder / "pairs.csv").exists() is not bool(planted or options)
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


@pytest.mark.parametrize("torn", TORN)
def test_a_plugin_that_cannot_be_loaded_hides_no_mistake(folder: Path, run: Run, torn: str) -> None:
    body, expected = TORN[torn]
    if body is not None:
        (folder / "torn.py").write_text(body, encoding="utf-8")
    code = 2 if body is None else 6
    everything = tuple(MISTAKES)
    for planted in ((), *((one,) for one in MISTAKES), everything):
        text = told(folder, run, planted, "--plugin", "torn.py", code=code)
        assert expected in text
        assert not missing(text, planted), (planted, text)
    assert "there is no rule 'difers'; did you mean differs?" in text
    assert "or the plugin that offers it is one of those that cannot be loaded" in text


def test_what_the_file_of_a_broken_plugin_offers_is_no_mistake(folder: Path, run: Run) -> None:
    offers = 'class Equall(Criterion):\n    name = "equall"\ndef f(:\n'
    (folder / "torn.py").write_text(offers, encoding="utf-8")
    text = told(folder, run, ("equal", "weight", "assigner"), "--plugin", "torn.py", code=6)
    assert "'equall'" not in text
    assert not missing(text, ("weight", "assigner"))


def test_a_plugin_that_fails_when_it_is_bound_hides_no_mistake(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "fails.py").write_text(FAILS, encoding="utf-8")
    (folder / "torn.py").write_text("def f(:\n", encoding="utf-8")
    monkeypatch.setitem(STRATEGY, "close", '[[criteria]]\ncriterion = "fails"')
    for more in ((), ("--plugin", "torn.py")):
        text = told(
            folder, run, ("rank column",), "--plugin", "fails.py", *more,
            "--unmatched", "/no/such/u.csv", code=6,
        )  # fmt: skip
        assert "bind raised ValueError: no" in text
        assert ("SyntaxError" in text) is bool(more)
        assert "there is no folder /no/such" in text
        assert "columns.rank" in text


FAILS = """
from mentorkit import hookimpl
from mentorkit.hooks import Criterion, Equal

class Fails(Criterion):
    name = "fails"
    declared = Equal(field="trade")
    options = {"type": "object", "additionalProperties": False, "properties": {
        "field": {"type": "string", "default": "rank", "title": "F", "description": "A field"},
        "span": {"type": "number", "default": 1, "title": "S", "description": "A number"}}}
    def bind(self, options, fields):
        raise ValueError("no")

@hookimpl
def mentorkit_criteria():
    return [Fails()]
"""
