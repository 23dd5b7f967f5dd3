"""What each command says to type next, by how the program stands then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentorkit.cli import main
from mentorkit.commands.output import say_commands

Run = Callable[..., Any]
WORK = " Messages wait: `mentorkit work` sends them."


def following(out: str) -> str:
    """Return the line that says what to type next, which is the last."""
    last = out.splitlines()[-1] if out else ""
    return last.removeprefix("Next: ").removesuffix(WORK) if last.startswith("Next: ") else ""


def test_each_step_leads_to_the_next_and_what_is_told_can_be_typed(sheets: Path, run: Run) -> None:
    assert following(run("db", "upgrade").out).startswith("`mentorkit program create --preset")
    create = ("program", "create", "--file", "preset.toml", "--key", "traders")
    assert following(run(*create).out).startswith("`mentorkit program open traders`")
    told = following(run("program", "open").out)
    assert told.startswith("`mentorkit recruit FILE --role mentor`")
    recruit = "`mentorkit participant list`, then `mentorkit participant approve --all`."
    assert following(run("recruit", "mentors.csv", "--role", "mentor").out) == recruit
    told = following(run("participant", "approve", "--all").out)
    assert told.startswith("`mentorkit participant consent --all`, once they have agreed")
    told = following(run("participant", "consent", "m1").out)
    assert told.startswith("`mentorkit participant consent --all`")
    told = following(run("participant", "consent", "--all").out)
    assert told.startswith("`mentorkit participant onboard --all`")
    told = following(run("participant", "onboard", "--all").out)
    assert told.startswith("`mentorkit recruit FILE --role mentee`")
    assert following(run("recruit", "mentees.csv", "--role", "mentee").out) == recruit
    for step in ("approve", "consent"):
        run("participant", step, "--all")
    told = following(run("participant", "onboard", "--all").out)
    assert told.startswith("`mentorkit match`")
    run("match")
    assert following(run("work").out).startswith("`mentorkit publish`")
    run("publish")
    told = run("work").out
    assert following(told).startswith("`mentorkit relationship list` shows whose answer")
    assert WORK not in told
    told = run("relationship", "accept", "--all").out
    assert following(told).startswith("`mentorkit relationship meet MENTEE=MENTOR")
    assert told.endswith(f"{WORK}\n")
    told = following(run("relationship", "meet", "--all", "--minutes", "60").out)
    assert told.startswith("`mentorkit relationship meet MENTEE=MENTOR")
    told = following(run("relationship", "end", "e1=m1").out)
    assert told.startswith("`mentorkit relationship meet MENTEE=MENTOR")
    assert "Then `mentorkit match`" in told
    told = following(run("relationship", "end", "--all").out)
    assert told.startswith("`mentorkit feedback list` shows who is asked how it went")
    assert "Then `mentorkit match`" in told
    run("program", "close")
    assert following(run("work").out).startswith("`mentorkit feedback list`")


def test_the_next_step_names_the_program_where_there_are_several(traders: Path, run: Run) -> None:
    run("program", "create", "--file", "preset.toml", "--key", "next")
    told = run("work").out.splitlines()[-2:]
    assert told[0].startswith("Next: `mentorkit match --program traders`")
    assert told[1].startswith("Next: `mentorkit recruit FILE --role mentor --program next`")
    for key in ("third", "fourth"):
        run("program", "create", "--file", "preset.toml", "--key", key)
    assert following(run("work").out) == "`mentorkit program show` lists the programs."


def test_the_next_step_is_for_staff_and_never_in_json(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    assert "Next:" not in run("--as", "e1", "relationship", "accept", "--all").out
    for words in (("relationship", "accept", "--all"), ("participant", "pause", "e2"), ("work",)):
        assert "Next:" not in run(*words, "--json").out
    run("staff", "add", "m3", "--role", "viewer")
    run("staff", "add", "m2")
    meet = ("relationship", "meet", "--all", "--minutes", "5")
    told = run("--as", "m3", *meet, code=None).out
    assert "Logged a meeting" in told
    assert "Next:" not in told
    assert "Next:" in run("--as", "m2", "participant", "resume", "e2").out


def test_where_people_choose_each_other_or_meet_in_circles_it_is_that(
    sheets: Path, run: Run
) -> None:
    text = (sheets / "preset.toml").read_text(encoding="utf-8")
    run("db", "upgrade")
    for key, more, expected in (
        ("self", 'matching = "self"', "people choose each other"),
        ("rounds", 'kind = "circle"', "`mentorkit relationship gather MENTEE..."),
    ):
        made = text.replace("[program]", f"[program]\n{more}").replace(
            "[[strategy.criteria]]", '[strategy]\nassigner = "choice"\n\n[[strategy.criteria]]', 1
        )
        (sheets / "made.toml").write_text(made, encoding="utf-8")
        run("program", "create", "--file", "made.toml", "--key", key)
        here = ("--program", key)
        run("program", "open", key)
        for role in ("mentor", "mentee"):
            run("recruit", f"{role}s.csv", "--role", role, *here)
        for step in ("approve", "consent"):
            run("participant", step, "--all", *here)
        told = following(run("participant", "onboard", "--all", *here).out)
        assert told.startswith(expected), told
    assert "Next: mend that, and match again." in run("match", "--program", "self").out
    told = [line for line in run("work").out.splitlines() if "--program self" in line]
    assert "people choose each other" in told[0], "a draft without a pair is none to publish"


def test_what_was_typed_before_the_command_is_typed_before_the_next(
    sheets: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ("--db", "my data.db", "--tenant", "north")
    told = following(run(*own, "db", "upgrade").out)
    assert told.startswith("`mentorkit --db 'my data.db' --tenant north program create --preset")
    run(*own, "program", "create", "--file", "preset.toml", "--key", "traders")
    told = following(run(*own, "program", "open").out)
    assert told.startswith(
        "`mentorkit --db 'my data.db' --tenant north recruit FILE --role mentor`"
    )
    monkeypatch.setenv("MENTORKIT_DB", "my data.db")
    told = run("--tenant", "north", "work").out
    assert "`mentorkit --tenant north recruit FILE" in told


def test_a_draft_that_nobody_coordinates_is_told_whom_to_appoint(sheets: Path, run: Run) -> None:
    run("db", "upgrade")
    run("program", "create", "--file", "preset.toml", "--key", "traders")
    run("recruit", "mentors.csv", "--role", "mentor")
    run("participant", "approve", "--all")
    run("participant", "consent", "--all")
    told = following(run("participant", "onboard", "--all").out)
    assert told.startswith("`mentorkit staff add --name NAME`, for nobody coordinates")
    run("staff", "add", "m1")
    assert following(run("work").out).startswith("`mentorkit program open traders`")


def test_a_password_is_never_part_of_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    for url in ("postgresql://a:secret@db/b", "postgresql://db/b?password=secret"):
        context = main.make_context("mentorkit", ["--db", url, "work"])
        with context:
            say_commands("Next: `mentorkit work`.")
        assert capsys.readouterr().out == "Next: `mentorkit --db ... work`.\n"
