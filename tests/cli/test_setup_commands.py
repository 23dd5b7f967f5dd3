"""Recruit, screen and set up from the command line."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

SETUP = """\
referral = "Ask the guild."

[consent]
en = "Four hours a month."

[supply]
ratio = 2
by = [{ mentee = "trade", mentor = "trade" }]

[[signoffs]]
id = "ethics"

[[requirements]]
id = "bakes"
field = "trade"
test = "equals"
value = "baker"
"""


def people(run: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in json.loads(run("participant", "list", "--json").out)}


def test_a_part_of_a_setup_is_put_in_force(traders: Path, run: Callable[..., Any]) -> None:
    (traders / "part.toml").write_text(SETUP)
    told = run("program", "set", "--file", "part.toml", "--again").out
    assert "Set consent, version 2." in told
    assert "Set signoffs, version 1." in told
    assert people(run)["m1"]["unsigned"] == ["ethics"]
    assert "ethics" in run("participant", "list").out
    (traders / "wrong.toml").write_text('[supply]\nratio = "x"\n')
    assert "write a number" in run("program", "set", "--file", "wrong.toml", code=2).err


def test_f3_signoffs_are_recorded_and_taken_back(traders: Path, run: Callable[..., Any]) -> None:
    (traders / "part.toml").write_text(SETUP)
    run("program", "set", "--file", "part.toml")
    told = run("participant", "sign", "--all", "--signoff", "ethics", "--means", "paper").out
    assert "Recorded the sign-off of 3 participants." in told
    run("participant", "sign", "m2", "--signoff", "ethics", "--withdraw")
    assert {key: row["unsigned"] for key, row in people(run).items() if key[0] == "m"} == {
        "m1": [], "m2": ["ethics"], "m3": [],
    }  # fmt: skip


def test_s5_wait_decline_and_check(traders: Path, run: Callable[..., Any]) -> None:
    (traders / "part.toml").write_text(SETUP)
    run("program", "set", "--file", "part.toml")
    (traders / "more.csv").write_text("ref,name,trade\nx1,Xenia,smith\nx2,Yao,baker\n")
    run("recruit", "more.csv", "--role", "mentee")
    run("participant", "wait", "x2", "--note", "in spring")
    run("participant", "decline", "x1", "--note", "no baker")
    rows = people(run)
    assert (rows["x2"]["state"], rows["x1"]["state"]) == ("waiting", "declined")
    assert rows["x1"]["reason"] == "bakes"
    assert "Asked about 0 people" in run("participant", "check").out


def test_f7_and_f6_supply_and_sources_are_shown(traders: Path, run: Callable[..., Any]) -> None:
    told = run("program", "supply").out
    assert "4 free places with mentors for 3 mentees without one." in told
    (traders / "part.toml").write_text(SETUP)
    run("program", "set", "--file", "part.toml")
    run("participant", "sign", "--all", "--signoff", "ethics")
    told = run("program", "supply").out
    assert "2 more places let them in" in told
    assert "potter" in told
    run("program", "spend", "90", "kes", "--source", "csv")
    (row,) = json.loads(run("program", "sources", "--json").out)
    assert (row["source"], row["leads"], row["cost"]) == ("csv", 6, "90.00")
    assert "90.00 KES" in run("program", "sources").out
    assert "write digits" in run("program", "spend", "x", "KES", code=2).err


def test_f11_a_sheet_goes_out_and_comes_back(traders: Path, run: Callable[..., Any]) -> None:
    assert "Wrote 3 mentees" in run("draft", "export", "pairs.csv").out
    with (traders / "pairs.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    rows[0]["mentor"], rows[1]["mentor"] = "m2", "nobody"
    with (traders / "pairs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    ran = run("draft", "import", "pairs.csv", "--preview", code=2)
    assert "Would draft 1 pair" in ran.out
    assert "line 3, column mentor" in ran.err
    assert "Drafted 1 pair" in run("draft", "import", "pairs.csv", code=2).out
    rows[1]["mentor"] = ""
    with (traders / "pairs.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    assert "Drafted 1 pair" in run("draft", "import", "pairs.csv").out
    assert "1" in run("publish").out
    again = run("draft", "import", "pairs.csv")
    assert "Nothing to do for 1 row" in again.err
    (told,) = json.loads(run("draft", "import", "pairs.csv", "--json").out)["problems"]
    assert told["stands"] is True
    (traders / "none.csv").write_text("mentee,mentor\ne1,\n")
    run("draft", "import", "none.csv", code=2)


def test_whoever_lets_a_question_be_shown_hears_who_was_not_told(
    traders: Path, run: Callable[..., Any]
) -> None:
    (traders / "f.toml").write_text(run("program", "export").out)
    fields = tomllib.loads((traders / "f.toml").read_text())["fields"]
    lines = [f"[fields.{id}]\nkind = '{one['kind']}'" for id, one in fields.items()]
    options = f"options = {json.dumps(list(fields['trade']['options']))}"
    written = "\n".join(lines).replace("kind = 'option'", options)
    for shown, told in ((False, ""), (True, "Shown from now on: trade. Not of people who agreed")):
        extra = "\nshown = true" if shown else ""
        (traders / "f.toml").write_text(written.replace(options, options + extra))
        out = run("program", "set", "--file", "f.toml").out
        assert told in out
        assert ("Shown from now on" in out) is shown


def test_a_profile_is_printed_as_json_schema(traders: Path, run: Callable[..., Any]) -> None:
    schema = json.loads(run("program", "schema", "--role", "mentee").out)
    assert schema["properties"]["trade"]["enum"] == ["baker", "smith", "tailor", "potter"]


def test_a_program_runs_on_the_clock_it_is_given(traders: Path, run: Callable[..., Any]) -> None:
    made = ("program", "create", "--preset", "cohort", "--key")
    run(*made, "there", "--zone", "Nairobi")
    assert "Africa/Nairobi" in run("program", "show", "there").out
    told = run(*made, "nowhere", "--zone", "Atlantis", code=2).err
    assert "is no time zone; write one such as Africa/Nairobi" in told
