"""Handing a mentee over to another mentor, on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def connect(run: Run) -> None:
    run("relationship", "propose", "e1", "m1")
    run("relationship", "accept", "e1=m1")


def test_those_who_fit_are_named_and_the_mentor_takes_a_break(traders: Path, run: Run) -> None:
    connect(run)
    out = run("relationship", "hand-over", "e1=m1", "--means", "phone").out
    assert "Ended e1=m1 for the mentee." in out
    assert "The mentor takes a break until `mentorkit participant resume m1`." in out
    people = json.loads(run("participant", "list", "--json").out)
    assert {one["key"]: one["state"] for one in people}["m1"] == "paused"
    assert "has ended" in run("relationship", "hand-over", "e1=m1", code=5).err


def test_those_who_fit_come_with_the_command_that_asks_for_them(traders: Path, run: Run) -> None:
    connect(run)
    run("relationship", "hand-over", "e1=m1", "--no-rest")
    out = run("relationship", "hand-over", "e1=m1", code=5).err
    assert "has ended" in out
    connect(run)
    out = run("relationship", "hand-over", "e1=m1").out
    assert re.search(r"^- .* \(m2\): ", out, re.MULTILINE)
    assert "`mentorkit relationship propose e1 m3`" in out


def test_a_preview_says_what_would_follow_and_changes_nothing(traders: Path, run: Run) -> None:
    connect(run)
    out = run("relationship", "hand-over", "e1=m1", "--preview").out
    assert "would end" in out
    assert "would take a break" in out
    assert "Nothing was changed." in out
    seen = json.loads(run("relationship", "hand-over", "e1=m1", "--to", "m2", "--preview",
                          "--no-rest", "--json").out)  # fmt: skip
    assert (seen["rests"], seen["goes_on"], bool(seen["to"])) == (False, False, True)
    rows = json.loads(run("relationship", "list", "--json").out)
    assert [(one["noun"], one["state"]) for one in rows] == [("relationship", "active")]
    preview = ("relationship", "hand-over", "e1=m1", "--preview")
    assert "Only staff hand somebody over" in run("--as", "e1", *preview, code=4).err


def test_another_mentor_is_proposed_with_to(traders: Path, run: Run) -> None:
    connect(run)
    out = run("relationship", "hand-over", "e1=m1", "--to", "m2", "--no-rest").out
    assert "takes a break" not in out
    assert "The other mentor is proposed." in out
    rows = json.loads(run("relationship", "list", "--json").out)
    assert [
        (one["mentee_key"], one["mentor_key"]) for one in rows if one["noun"] == "proposal"
    ] == [("e1", "m2")]
    people = json.loads(run("participant", "list", "--json").out)
    assert {one["key"]: one["state"] for one in people}["m1"] == "active"


def test_a_name_that_nobody_has_and_a_participant_are_refused(traders: Path, run: Run) -> None:
    connect(run)
    assert (
        "There is nobody here"
        in run("relationship", "hand-over", "e1=m1", "--to", "nobody", code=3).err
    )
    assert (
        "Only staff hand somebody over"
        in run("--as", "e1", "relationship", "hand-over", "e1=m1", "--to", "m2", code=4).err
    )


def test_a_mentee_says_what_the_next_mentor_reads(traders: Path, run: Run) -> None:
    connect(run)
    run("--as", "e1", "relationship", "write", "e1=m1", "--text", "I want a second oven.")
    run("relationship", "hand-over", "e1=m1")
    out = run("--as", "e1", "participant", "pass-on", "e1").out
    assert re.search(r"^- \S+ \S+ I want a second oven\.$", out, re.MULTILINE)
    out = run("--as", "e1", "participant", "pass-on", "e1", "--all-words").out
    assert re.search(r"^x \S+ \S+ I want a second oven\.$", out, re.MULTILINE)
    out = run("--as", "e1", "participant", "pass-on", "e1", "--nothing").out
    assert "x " not in out.replace("marked x", "")
    assert "not for staff" in run("participant", "pass-on", "e1", code=4).err
