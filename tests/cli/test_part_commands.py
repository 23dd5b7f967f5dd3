"""Changing somebody's part: a break, going, coming back, and the role they came in with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def states(run: Run) -> dict[str, str]:
    rows: list[dict[str, Any]] = json.loads(run("participant", "list", "--json").out)
    return {row["key"]: row["state"] for row in rows}


def test_somebody_takes_a_break_goes_and_comes_back(traders: Path, run: Run) -> None:
    assert run("participant", "pause", "e1").out.startswith("Paused 1 participant.\n")
    assert states(run)["e1"] == "paused"
    assert run("participant", "resume", "--all").out.startswith("Resumed 1 participant.\n")
    assert run("participant", "leave", "e1", "--means", "phone").out.startswith(
        "Let go 1 participant.\n"
    )
    assert states(run)["e1"] == "left"
    assert "readmit" in run("participant", "leave", "--help").out
    run("participant", "readmit", "e1")
    assert states(run)["e1"] == "lead"


def test_people_take_a_break_themselves(traders: Path, run: Run) -> None:
    (own,) = (row["id"] for row in json.loads(run("participant", "list", "--json").out)
              if row["key"] == "e1")  # fmt: skip
    assert run("--as", "e1", "participant", "pause", own).out == "Paused 1 participant.\n"
    assert run("--as", "e1", "participant", "correct", own, "--role", "mentor", code=4).err


def test_a_sheet_taken_in_as_the_wrong_side_is_corrected(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    run("program", "create", "--preset", "low_touch", "--key", "first")
    sheet = tmp_path / "mentees.csv"
    sheet.write_text("ref,name,languages\ne1,Eva,en\ne2,Ed,fr\n", encoding="utf-8")
    run("recruit", str(sheet), "--role", "mentor")
    told = run("recruit", str(sheet), "--role", "mentee", code=2).err
    assert "`mentorkit participant correct` does it" in told
    run("participant", "decline", "e2")
    assert run("participant", "correct", "--all", "--role", "mentee").out.startswith(
        "Corrected 2 participants.\n"
    )
    assert "1 unchanged" in run("recruit", str(sheet), "--role", "mentee", code=None).out
    rows = json.loads(run("participant", "list", "--json").out)
    assert {row["role"] for row in rows} == {"mentee"}


def test_who_took_the_wrong_form_is_a_lead_again_unless_somebody_counts_on_them(
    traders: Path, run: Run
) -> None:
    told = run("participant", "correct", "e1", "--role", "mentor").out
    assert told.startswith("Corrected 1 participant.\nNext: ")
    assert states(run)["e1"] == "lead"
    run("relationship", "propose", "e2", "m1")
    told = run("participant", "correct", "e2", "--role", "mentor", code=5).err
    assert "Take that back first" in told


def test_an_export_of_a_person_writes_over_nothing_else(traders: Path, run: Run) -> None:
    sheet = traders / "mine.csv"
    sheet.write_text("my own work", encoding="utf-8")
    export = ("person", "export", "e1", "--out", str(sheet))
    assert "--force" in run(*export, code=5).err
    assert sheet.read_text(encoding="utf-8") == "my own work"
    run(*export, "--force")
    run(*export)
    assert "Ana" in sheet.read_text(encoding="utf-8") or "e1" in sheet.read_text(encoding="utf-8")


def test_who_is_appointed_is_named_as_they_are_known_and_what_they_were(
    traders: Path, run: Run
) -> None:
    run("staff", "add", "e1", "--role", "coordinator")
    told = run("staff", "add", "e1", "--role", "viewer", "--name", "Renamed").out
    assert "as viewer, who was coordinator." in told
    assert "the name was left as it is" in told
    assert "Renamed" not in run("staff", "list").out


def test_people_are_put_into_a_dated_intake_and_matched_together(traders: Path, run: Run) -> None:
    dates = '\n[[cohorts]]\nkey = "spring"\nstarts = "2099-03-01"\nends = "2099-05-24"\n'
    preset = (traders / "preset.toml").read_text(encoding="utf-8")
    (traders / "dated.toml").write_text(preset + dates, encoding="utf-8")
    run("program", "create", "--file", "dated.toml", "--key", "dated")
    run("program", "open", "dated")
    at = ("--program", "dated")
    sheet = (traders / "mentors.csv").read_text(encoding="utf-8").splitlines()
    column = [f"{line},{'cohort' if not n else 'spring'}" for n, line in enumerate(sheet)]
    (traders / "mentors.csv").write_text("\n".join(column), encoding="utf-8")
    for role in ("mentor", "mentee"):
        run("recruit", f"{role}s.csv", "--role", role, *at)
    run("participant", "approve", "--all", *at)
    run("participant", "consent", "--all", *at)
    run("participant", "onboard", "--all", *at)
    told = run("participant", "cohort", "e1", "--cohort", "autumn", *at, code=2).err
    assert "there is no cohort 'autumn'; there are: spring" in told
    assert run("participant", "cohort", "e1", "e2", "--cohort", "spring", *at).out.startswith(
        "Noted the cohort of 2 participants.\n"
    )
    assert "COHORT" in run("participant", "list", *at).out
    assert "Paired 2 of 2 mentees" in run("match", "--cohort", "spring", *at).out
    assert "there is no cohort 'x'" in run("match", "--cohort", "x", *at, code=2).err
    assert "Only staff" in run(
        "--as", "e1", "participant", "cohort", "e1", "--cohort", "spring", *at, code=4
    ).err  # fmt: skip
    run("publish", *at)
    run("relationship", "accept", "--all", *at)
    rows = json.loads(run("relationship", "list", "--json", *at).out)
    assert {row["ends_at"][:10] for row in rows} == {"2099-05-24"}


def test_reminders_are_switched_off_and_on_again(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    run("program", "create", "--preset", "low_touch", "--key", "first")
    sheet = tmp_path / "mentees.csv"
    sheet.write_text("ref,name,languages\ne1,Eva,en\ne2,Ed,fr\n", encoding="utf-8")
    run("recruit", str(sheet), "--role", "mentee")
    assert "Silenced 1 participant" in run("participant", "silence", "e1", "--means", "phone").out
    assert "prompts     none, since " in run("participant", "show", "e1").out
    assert "prompts" not in run("participant", "show", "e2").out
    assert "Prompts go again to 1" in run("participant", "unsilence", "--all").out
    assert "prompts" not in run("participant", "show", "e1").out
