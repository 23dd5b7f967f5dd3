"""``mentorkit feedback`` and ``mentorkit report``, and what a program lacks before it opens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
ASKS = """
[measurement.indicators.staff]
label = "Employees"

[questionnaires.baseline]
title = "Where you start"
to = ["mentee"]
indicators = true

[[questionnaires.baseline.when]]
event = "ParticipantOnboarded"

[questionnaires.end]
title = "At the end"
indicators = true

[[questionnaires.end.when]]
milestone = "end"
"""


@pytest.fixture
def asking(sheets: Path, run: Run) -> Path:
    """A program that asks, open, with everybody of the sheets in it, and its work done."""
    plain = (sheets / "preset.toml").read_text(encoding="utf-8")
    plain = plain.replace('[measurement]\nnone = "These tests measure nothing."\n', "")
    (sheets / "asks.toml").write_text(plain + ASKS, encoding="utf-8")
    run("db", "upgrade")
    run("program", "create", "--file", "asks.toml", "--key", "traders")
    run("program", "open")
    for role in ("mentor", "mentee"):
        run("recruit", f"{role}s.csv", "--role", role)
    for step in ("approve", "consent", "onboard"):
        run("participant", step, "--all")
    run("work")
    return sheets


def rows(run: Run, *words: str) -> Any:
    return json.loads(run(*words, "--json").out)


def test_a_program_without_a_plan_is_told_what_is_missing(sheets: Path, run: Run) -> None:
    plain = (sheets / "preset.toml").read_text(encoding="utf-8")
    bare = plain.replace('[measurement]\nnone = "These tests measure nothing."\n', "")
    (sheets / "bare.toml").write_text(bare, encoding="utf-8")
    (sheets / "half.toml").write_text(
        bare + '[measurement.indicators.staff]\nlabel = "Employees"\n', encoding="utf-8"
    )
    run("db", "upgrade")
    run("program", "create", "--file", "bare.toml", "--key", "bare")
    assert "does not say what it measures" in run("program", "open", "bare", code=5).err
    run("program", "create", "--file", "half.toml", "--key", "half")
    told = run("program", "open", "half", code=5).err
    assert "before the first meeting" in told
    assert "asks the indicators again" in told


def test_who_is_asked_is_listed_and_what_was_heard_by_phone_is_entered(
    asking: Path, run: Run
) -> None:
    told = rows(run, "feedback", "list", "--state", "open")
    assert {row["side"] for row in told} == {"mentee"}
    survey = told[0]["id"]
    assert "indicator.staff" in run("feedback", "show", survey).out
    assert "write QUESTION=ANSWER" in run("feedback", "answer", survey, "well", code=2).err
    wrong = run("feedback", "answer", survey, "indicator.staff=x", code=2).err
    assert "indicator.staff (Employees): " in wrong
    assert "is not a number" in wrong
    kept = run("feedback", "answer", survey, "indicator.staff=3", "--means", "phone").out
    assert kept == "Kept 1 answer.\n"
    assert "already" in run("feedback", "answer", survey, "indicator.staff=4", code=5).err
    (row,) = rows(run, "feedback", "list", "--state", "answered")
    assert (row["id"], row["means"]) == (survey, "phone")


def test_people_see_and_answer_their_own(asking: Path, run: Run) -> None:
    (mine,) = json.loads(run("--as", "e1", "feedback", "list", "--json").out)
    run("--as", "e2", "feedback", "show", mine["id"], code=3)
    run("--as", "e1", "feedback", "answer", mine["id"], "indicator.staff=2")
    assert "Nobody is asked anything" in run("--as", "e1", "feedback", "list").out


def test_the_report_is_shown_and_its_tables_are_written(asking: Path, run: Run) -> None:
    told = run("report", "show").out
    assert "From reaching out to completing (funnel)" in told
    assert "no comparison group" in told
    assert told.startswith("Traders")
    assert "as things stood on 20" in told
    assert "see `mentorkit relationship flags`" in told
    made = rows(run, "report", "show")
    assert [one["name"] for one in made["tables"]][:2] == ["funnel", "hours"]
    assert run("report", "export", "funnel").out.startswith("Step,Pairs,Mentees")
    assert run("report", "export", "hours").out.startswith("What,Time (min),Count,Time of ")
    assert "Response rate (%)" in run("report", "export", "responses").out
    run("report", "export", "funnel", "--out", "funnel.csv")
    assert (asking / "funnel.csv").read_text(encoding="utf-8-sig").startswith("Step,")
    assert "no such table" in run("report", "export", "nothing", code=3).err
    run("--as", "e1", "report", "show", code=4)


def test_a_report_without_its_figures_says_so(
    sheets: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit_outcomes.walked import Hours

    run("db", "upgrade")
    run("program", "create", "--file", "preset.toml", "--key", "traders")
    assert "measures no indicators: These tests measure nothing." in run("report", "show").out

    def broken(*_: object) -> None:
        raise ValueError("no hours today")

    monkeypatch.setattr(Hours, "measure", broken)
    assert "Some figures could not be made: hours." in run("report", "show").out
    run("program", "plugin", "outcomes", "--off")
    assert "No plugin that makes figures is on" in run("report", "show").out
