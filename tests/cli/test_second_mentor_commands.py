"""Publishing circles with two mentors, and the second one's answer, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import PRESET

Run = Callable[..., Any]
CIRCLES = """
[strategy]
assigner = "circles"
assigner_options = {least = 2, mentors = 2}
"""


def draft(folder: Path, run: Run, mentors: tuple[str, ...], mentees: tuple[str, ...]) -> str:
    """Make a draft of a program with these people; return what is said of it."""
    preset = PRESET.replace("[program]\n", '[program]\nkind = "circle"\n')
    at = preset.index("[[strategy.criteria]]")
    (folder / "preset.toml").write_text(preset[:at] + CIRCLES + preset[at:])
    for role, keys in (("mentor", mentors), ("mentee", mentees)):
        rows = "".join(f"{key},{key.title()} Doe,baker,Ora,2\n" for key in keys)
        (folder / f"{role}s.csv").write_text(f"ref,name,trade,village,capacity\n{rows}")
    run("db", "upgrade")
    run("program", "create", "--file", "preset.toml", "--key", "traders")
    run("program", "open")
    for role in ("mentor", "mentee"):
        run("recruit", f"{role}s.csv", "--role", role)
    for step in ("approve", "consent", "onboard"):
        run("participant", step, "--all")
    return str(run("match").out)


def test_circles_for_which_no_second_mentor_is_left_are_named(folder: Path, run: Run) -> None:
    told = draft(folder, run, ("m1", "m2", "m3"), ("e1", "e2", "e3", "e4"))
    assert "No second mentor is left for 1 circle, of M" in told
    (folder / "strategy.toml").write_text(
        'assigner = "circles"\nassigner_options = {least = 2, mentors = 2}\n'
        '[[criteria]]\ncriterion = "equal"\nfield = "village"\n'
    )
    sheets = ("--mentees", "mentees.csv", "--mentors", "mentors.csv")
    assert "No second mentor is left for 1 circle, of M" in (
        run("pair", *sheets, "--strategy", "strategy.toml").out
    )


def test_a_second_mentor_is_listed_accepts_and_is_taken_out(folder: Path, run: Run) -> None:
    assert "No second mentor" not in draft(folder, run, ("m1", "m2"), ("e1", "e2"))
    assert "Asked 1 second mentor to lead a circle too." in run("publish").out
    rows = json.loads(run("relationship", "list", "--json").out)
    (one,) = (row for row in rows if row["circle_of"])
    lead, second = one["mentee_key"], one["mentor_key"]
    assert f"circle of {lead.title()} Doe ({lead})" in run("relationship", "list").out
    assert "Said yes to" in run("--as", second, "relationship", "accept", f"{lead}={second}").out
    (line,) = (at for at in run("relationship", "list").out.splitlines() if "circle of" in at)
    assert "the circle" in line
    run("relationship", "accept", "--all")
    (circle,) = json.loads(run("relationship", "list", "--json").out)
    assert {row["key"] for row in circle["members"]} == {"e1", "e2", "m1", "m2"}
    assert f"Took {lead} out of 1" in run("relationship", "end", circle["id"], "--only", lead).out
    refused = run("relationship", "end", circle["id"], "--only", second, code=3)
    assert "no second mentor" in refused.err
