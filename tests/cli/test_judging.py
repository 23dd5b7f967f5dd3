"""What a coordinator reads of a run: the trade, whom it serves, and why two are no pair."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PAIR = (
    "pair", "--mentors", "mentors.csv", "--mentees", "mentees.csv", "--strategy", "strategy.toml"
)  # fmt: skip


def test_pair_shows_the_trade_and_what_would_let_more_be_matched(sheets: Path, run: Run) -> None:
    told = run(*PAIR).out
    assert "this: Most people matched, then the best fit" in told
    assert "else: The best fit in all, even if fewer are matched" in told
    assert "Would rather: how often a mentee and a mentor who are not together" in told
    assert (
        "Without the rule that asks for the same trade, one more person could be matched." in told
    )


def test_of_too_many_people_it_is_told_why_no_change_is(
    sheets: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("whatif", "figures"):
        monkeypatch.setattr(f"mentorkit.matching.{module}.WHAT_IF_CELLS", 1)
    assert "Match a part of the people alone, such as a cohort" in run(*PAIR).out


def test_pair_says_how_groups_came_out_and_why_two_are_no_pair(sheets: Path, run: Run) -> None:
    asked = ("--by", "trade", "--why", "e1=m2", "--why", "e1=m1")
    told = run(*PAIR, *asked).out
    assert "TRADE MENTEES MATCHED" in " ".join(told.split())
    assert "(small groups together)" in told
    assert "Chipo Moyo and Ben Okafor:\n  The pair breaks the rule that asks for the same" in told
    assert "The two are together in this run." in told
    found = json.loads(run(*PAIR, *asked, "--json").out)
    assert found["alternative"]["objective"] == "score"
    assert [one["assigner"] for one in found["alternatives"]] == ["optimal", "stable"]
    assert found["what_if"]["most"] == 2
    assert found["changes"][0]["more"] == 1
    assert found["fairness"][0]["by"] == "trade"
    assert [(one["allowed"], one["together"]) for one in found["why"]] == [
        (False, False), (True, True),
    ]  # fmt: skip


def test_what_cannot_be_asked_is_told_before_anybody_is_paired(sheets: Path, run: Run) -> None:
    ran = run(*PAIR, "--by", "village", "--why", "e1", "--why", "e9=m1", code=2)
    assert "--by village: no such choice to group by; name one of: trade" in ran.err
    assert "--why e1: write MENTEE=MENTOR, their keys" in ran.err
    assert "--why e9=m1: 'e9' is no key of a mentee" in ran.err


def test_two_can_be_held_together_whatever_a_rule_says(sheets: Path, run: Run) -> None:
    told = run(*PAIR, "--lock", "e1=m2", "--why", "e1=m2").out
    assert "Chipo Moyo and Ben Okafor:" in told
    assert "The two are together, for the pair is locked." in told
    ran = run(*PAIR, "--lock", "e1", "--lock", "e9=m1", code=2)
    assert "--lock e1: write MENTEE=MENTOR, their keys" in ran.err
    assert "--lock e9=m1: 'e9' is no key of a mentee" in ran.err


def test_a_draft_is_judged_as_it_stands(traders: Path, run: Run) -> None:
    assert "There is no draft" in run("draft", "fairness", "--by", "trade", code=3).err
    told = run("match").out
    assert "What other ways to pick pairs would give:" in told
    report = json.loads(run("draft", "fairness", "--by", "trade", "--json").out)
    assert report["groups"][0] == {
        "of": "everybody", "value": None, "mentees": None, "matched": None, "match_rate": None,
        "mean_score": None, "mentors": None, "mentors_matched": None,
    }  # fmt: skip
    assert "everybody" in run("draft", "fairness", "--by", "trade").out
    assert "name one of: trade" in run("draft", "fairness", code=2).err
    why = run("draft", "why", "e1", "m3").out
    assert why.startswith("Chipo Moyo and 李小龙:\n  李小龙 is number ")
    assert "`mentorkit match --lock e1=m3`" in why
    assert json.loads(run("draft", "why", "e1", "m1", "--json").out)["together"] is True
    unknown = run("draft", "why", "e1", "zz", code=2).err
    assert "'zz' is no available mentor here: nobody of this program has that key or id" in unknown
    assert "their role is mentee" in run("draft", "why", "e1", "e2", code=2).err
    run("participant", "pause", "m3")
    paused = run("draft", "why", "e1", "m3", code=2).err
    assert "'m3' is no available mentor here: their state is paused" in paused


def test_a_run_of_the_pairs_of_a_sheet_is_compared_with_nothing(traders: Path, run: Run) -> None:
    (traders / "pairs.csv").write_text("mentee,mentor\ne1,m2\n", encoding="utf-8")
    run("draft", "import", "pairs.csv")
    run("draft", "why", "e1", "m2")
    (run_made,) = json.loads(run("program", "runs", "--json").out)["items"]
    assert run_made["summary"]["alternatives"] is None
    assert run_made["summary"]["what_if"] is None
