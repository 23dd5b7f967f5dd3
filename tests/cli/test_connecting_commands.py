"""Strategy, ranked choices, introductions, and long lists, on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentorkit.journey import definitions

Run = Callable[..., Any]


def told(run: Run, *words: str) -> Any:
    return json.loads(run(*words, "--json").out)


def test_a_strategy_is_shown_in_words_changed_in_a_file_and_set(traders: Path, run: Run) -> None:
    shown = run("program", "strategy", "show").out
    assert "The same answer: question trade (75 % of what counts)" in shown.replace("75.0", "75")
    file = traders / "mine.toml"
    file.write_text(
        run("program", "strategy", "show", "--toml").out.replace("weight = 3", "weight = 1")
    )
    assert "Version 2 is in force" in run("program", "strategy", "set", file).out
    assert "50.0 % of what counts" in run("program", "strategy", "show").out
    file.write_text('[[criteria]]\ncriterion = "equal"\nfield = "nothing"\nweight = 1\n')
    assert "criteria[0]" in run("program", "strategy", "set", file, code=2).err


def test_choices_are_ranked_shown_and_taken_back(traders: Path, run: Run) -> None:
    out = run("relationship", "rank", "e1", "m1", "m2", "--means", "phone").out
    assert "Aïcha Ouédraogo is asked" in out
    assert "Ben Okafor waits" in out
    out = run("relationship", "choices", "e1").out
    assert "ProposalOffered  Aïcha Ouédraogo  (admin, phone)" in out
    run("relationship", "decline", "e1=m1")
    run("work")
    states = {
        one["mentor"]: one["state"] for one in told(run, "relationship", "choices", "e1")["choices"]
    }
    assert states == {"Aïcha Ouédraogo": "declined", "Ben Okafor": "offered"}
    run("relationship", "rank", "e1", "m3")
    assert "Ben Okafor is asked" in run("relationship", "rank", "e1").out
    assert run("relationship", "rank", "nobody", code=3).err


def test_those_who_are_connected_are_introduced_and_write(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    run("relationship", "accept", "e1=m1")
    assert (
        "Noted the contacts of 1 participant"
        in run(
            "participant", "share", "m1", "--add", "whatsapp=+254 712 345678", "--means", "phone"
        ).out
    )
    out = run("relationship", "introduce", "e1=m1").out
    assert "https://wa.me/254712345678" in out
    (pair,) = told(run, "relationship", "list", "--only", "relationships")
    run("--as", "e1", "relationship", "write", pair["id"], "--text", "Monday at 6?")
    run("work")
    (told_of,) = [
        one for one in told(run, "--as", "m1", "inbox", "list") if one["template"] == "relayed"
    ]
    assert "Monday at 6?" in run("--as", "m1", "inbox", "read", told_of["id"]).out
    run("participant", "share", "m1")
    assert "wa.me" not in run("relationship", "introduce", "--all").out
    assert run("participant", "share", "m1", "--add", "nonsense", code=2).err


PEOPLE = [f"{side}{number}" for side in "em" for number in (1, 2, 3)]
SHOWN = """\
[fields.trade]
label = "Trade"
shown = true
options = { baker = "Bread; and cakes", smith = "Smith", tailor = "Tailor", potter = "Potter" }

[fields.village]
"""


def test_what_people_show_of_themselves_is_printed_to_whom_it_is_shown(
    traders: Path, run: Run
) -> None:
    assert "has answered" not in run("participant", "suggest", "e1").out
    part = traders / "fields.toml"
    part.write_text(SHOWN)
    run("program", "set", "--file", part)
    assert "shown = true" in run("program", "export").out
    assert told(run, "participant", "suggest", "e1")["mentors"][0]["answers"] == {}
    run("participant", "consent", *PEOPLE)
    best = told(run, "participant", "suggest", "e1")["mentors"][0]
    assert best["answers"] == {"trade": "baker"}
    lines = f"What {best['name']} has answered:\n  Trade: Bread; and cakes\n"
    assert lines in run("participant", "suggest", "e1").out
    narrow = ("participant", "suggest", "e1", "--where")
    found = told(run, *narrow, "trade=baker", "--where", "trade=Tailor")
    assert found["where"] == {"trade": ["baker", "tailor"]}
    assert {one["answers"]["trade"] for one in found["mentors"]} <= {"baker", "tailor"}
    assert "Look for less." in run(*narrow, "trade=potter").out
    refused = run(*narrow, "village=Ora", "--where", "trade=pilot", code=2).err
    assert "village: the list cannot be narrowed by this; write one of trade" in refused
    assert "'pilot' is not an option" in refused
    assert "Write FIELD=OPTION, not trade." in run(*narrow, "trade", code=2).err
    run("relationship", "propose", "e1", best["id"])
    run("relationship", "accept", "--all", "--means", "phone")
    assert (
        "  Trade: Bread; and cakes\n" in run("--as", "e1", "relationship", "introduce", "--all").out
    )


IN_WORDS = """\
[fields.trade]
options = ["baker", "smith", "tailor", "potter"]
shown = true

[fields.village]

[fields.times]
kind = "hours"
label = "When"
shown = true

[fields.online]
kind = "flag"
shown = true

[fields.years]
kind = "number"
shown = true
"""


def test_answers_are_told_as_on_pages_and_the_questions_read_once(
    traders: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = traders / "fields.toml"
    part.write_text(IN_WORDS)
    run("program", "set", "--file", part)
    run("participant", "consent", *PEOPLE)
    run("participant", "answer", "m1", "times=Mon 9-12; Tue 7-8", "online=yes", "years=1500.5")
    run("participant", "answer", "e1", "times=Mon 9-12")
    own = "  When: Mon 9-12; Tue 7-8\n  online: Yes\n  years: 1,500.5\n"
    assert own in run("participant", "suggest", "e1").out
    shown = " ".join(run("participant", "show", "m1").out.split())
    assert "times Mon 9-12; Tue 7-8 online Yes years 1,500.5" in shown
    for mentee, mentor in (("e1", "m1"), ("e2", "m2"), ("e3", "m3")):
        run("relationship", "propose", mentee, mentor)
    run("relationship", "accept", "--all", "--means", "phone")
    read: list[str] = []
    asked = definitions.fields_of

    def counted(tx: Any, program: Any) -> Any:
        read.append(program.key)
        return asked(tx, program)

    monkeypatch.setattr(definitions, "fields_of", counted)
    out = run("relationship", "introduce", "--all").out
    assert own in out
    assert read == ["traders"] * 4, "once for the words, and once by each introduction"
    assert re.search(r"  all have time on Mon, .* 9:00\sAM \(UTC\)\n", out), out
    run("participant", "zone", "e1", "Nairobi")
    out = run("--as", "e1", "relationship", "introduce", "--all").out
    assert "  When: Mon 12-15; Tue 10-11\n" in out
    assert re.search(r"Mon, .* 12:00\sPM \(Nairobi\)\n", out), out


def test_long_lists_come_page_by_page(traders: Path, run: Run) -> None:
    for _ in range(3):
        run("match")
    first = told(run, "program", "runs", "--limit", "2")
    assert [one["state"] for one in first["items"]] == ["draft", "discarded"]
    out = run("program", "runs", "--before", first["next"]).out
    assert first["items"][0]["id"] not in out
    assert "discarded" in out
    first_page = run("relationship", "list", "--only", "proposals", "--limit", "1")
    key = first_page.err.split()[-1]
    second = told(run, "relationship", "list", "--only", "proposals", "--after", key)
    assert key not in str(second)
