"""Somebody is forgotten, or told all that is kept about them, on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def paired(traders: Path, run: Run) -> Path:
    """A program in which everybody has been offered a pair, and e1 has been connected with m1."""
    run("match")
    run("publish")
    run("relationship", "accept", "e1=m1")
    return traders


def names(run: Run) -> list[str]:
    return [one["name"] for one in json.loads(run("participant", "list", "--json").out)]


def test_nobody_is_erased_before_somebody_says_yes(paired: Path, run: Run) -> None:
    done = run("person", "erase", "e1", code=2)
    assert done.out == (
        "Would erase e1: end 1 relationship, withdraw 0 proposals, leave 1 program.\n"
        "Name, contacts, answers, notes and messages go; ids, codes, dates and counts stay.\n"
    )
    assert "Nothing was erased" in done.err
    assert "--yes" in done.err
    assert "Chipo Moyo" in names(run)


def test_who_is_erased_is_gone_and_does_not_come_back(paired: Path, run: Run) -> None:
    told = run("person", "erase", "e1", "--yes", "--means", "paper").out
    assert told.startswith("Erased e1: ended 1 relationship, withdrew 0 proposals, left 1 program.")
    assert "Chipo Moyo" not in names(run)
    assert "nobody here" in run("person", "erase", "e1", "--yes", code=3).err
    head, gone, *others = Path("mentees.csv").read_text(encoding="utf-8").splitlines()
    for rows, code in (([gone, *others], 0), ([gone], 0), ([gone, "e9,X,none,"], 2)):
        Path("again.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
        again = run("recruit", "again.csv", "--role", "mentee", code=code)
        assert "1 refused" in again.out
        assert "again.csv, line 2: Somebody with this id or e-mail was erased here" in again.err


def test_a_program_reads_what_erasing_did(paired: Path, run: Run) -> None:
    tried = json.loads(run("person", "erase", "e1", "--json", code=2).out)
    done = json.loads(run("person", "erase", "e1", "--yes", "--json").out)
    assert (tried.pop("preview"), done.pop("preview")) == (True, False)
    assert tried == done
    assert (done["ended"], done["erased"]["mk__person"], done["unreached"]) == (1, 1, [])


def test_people_erase_themselves_and_nobody_else(paired: Path, run: Run) -> None:
    assert "no such person" in run("--as", "e2", "person", "erase", "e1", "--yes", code=3).err
    assert run("--as", "e1", "person", "erase", "e1", "--yes").out.startswith("Erased e1")


def test_people_are_not_told_of_drafts_when_they_erase_themselves(traders: Path, run: Run) -> None:
    def told(*options: str, code: int = 2) -> str:
        return str(run("--as", "e1", "person", "erase", "e1", *options, code=code).out)

    before = told(), told("--json")
    run("match")
    assert (told(), told("--json")) == before
    assert told("--yes", code=0).startswith(
        "Erased e1: ended 0 relationships, withdrew what was offered, left 1 program."
    )


def test_what_a_plugin_that_is_not_loaded_still_holds_is_told(
    paired: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = dict.fromkeys(("ended", "withdrawn", "left"), 0) | {"person": "an id", "erased": {}}
    left = {**report, "unreached": ["mk_old__thing"]}
    monkeypatch.setattr("mentorkit.journey.protect.erase", lambda *_, **__: left)
    done = run("person", "erase", "e1", "--yes", code=5)
    assert "mk_old__thing" in done.err
    assert done.out.startswith("Erased e1")


def test_all_that_is_kept_about_somebody_is_written_for_them(paired: Path, run: Run) -> None:
    run("person", "export", "e1", "--out", "e1.json")
    kept = json.loads((paired / "e1.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in kept["mk__person"]] == ["Chipo Moyo"]
    assert json.loads(run("--as", "e1", "person", "export", "e1", "--json").out) == kept
    assert "Only the person" in run("--as", "e2", "person", "export", "e1", code=4).err


def test_a_proposal_is_written_for_somebody_once_they_are_told_of_it(
    traders: Path, run: Run
) -> None:
    def proposed(who: str) -> list[str]:
        kept = json.loads(run("--as", who, "person", "export", who, "--json").out)
        assert json.loads(run("person", "export", who, "--json").out) == kept
        return [row["state"] for row in kept.get("mk__proposal", [])]

    run("match")
    assert (proposed("e1"), proposed("m1")) == ([], [])
    run("publish")
    assert (proposed("e1"), proposed("m1")) == (["offered"], [])
    run("--as", "e1", "relationship", "accept", "e1=m1")
    assert (proposed("e1"), proposed("m1")) == (["offered"], ["offered"])
