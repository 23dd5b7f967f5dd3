"""Commands keep to the program that was named, and tell people only what is theirs to know."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from mentorkit.cli import main

Run = Callable[..., Any]
NEEDED = {
    "ask": ("--text", "?"), "reply": ("--text", "!"), "meet": ("--minutes", "5"),
    "correct": ("--role", "both"), "cohort": ("--cohort", "x"),
    "touch": ("--level", "high"), "sign": ("--signoff", "x"), "write": ("--text", "!"),
    "link": ("--for", "e1"), "capacity": ("2",), "answer": ("trade=baker",),
    "zone": ("Nairobi",), "extend": ("--days", "7"),
}  # fmt: skip


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


OF_ONE = [
    path
    for path, command in commands(main)
    if {"program", "which"} <= (names := {str(one.name) for one in command.params})
    or {"program", "run"} <= names
    or {"program", "who"} <= names
]


def people(run: Run) -> dict[str, dict[str, Any]]:
    rows = json.loads(run("participant", "list", "--program", "traders", "--json").out)
    return {row["key"]: row for row in rows}


@pytest.fixture
def two(traders: Path, run: Run) -> Path:
    """A program in which m1 and e1 are asked for each other, and another one, which is empty."""
    text = (traders / "preset.toml").read_text(encoding="utf-8")
    (traders / "other.toml").write_text(text, encoding="utf-8")
    run("match")
    run("publish")
    run("relationship", "accept", "e2=m2")
    run("program", "create", "--file", "other.toml", "--key", "other")
    run("program", "open", "other")
    return traders


PROPOSALS = ("accept", "decline", "ask", "reply", "talk", "withdraw")
RAISED = ("concern", "raise", "--kind", "other", "--text", "x", "--program", "traders")
STAFF_ONLY = ("approve", "decline", "readmit", "correct", "wait", "cohort", "touch")


def test_what_belongs_to_another_program_is_not_found_under_this_one(two: Path, run: Run) -> None:
    listed = json.loads(run("relationship", "list", "--program", "traders", "--json").out)
    ids = {one["noun"]: one["id"] for one in listed}
    ids |= {"participant": people(run)["e1"]["id"]}
    ids["run"] = json.loads(run("match", "--program", "traders", "--json").out)["id"]
    before = run("program", "show", "traders").out, people(run)
    assert len(OF_ONE) > 15
    for path in OF_ONE:
        of_pairs = "proposal" if path[-1] in PROPOSALS else "relationship"
        noun = {"publish": "run", "participant": "participant"}.get(path[0], of_pairs)
        words = (*path, ids[noun], "--program", "other", *NEEDED.get(path[-1], ()))
        run(*words, code=3)
        refused = path == ("publish",) or (path[0] == "participant" and path[-1] in STAFF_ONLY)
        run("--as", "e1", *words, code=4 if refused else 3)
    assert (run("program", "show", "traders").out, people(run)) == before


def test_people_act_on_their_own_part_by_their_own_key(two: Path, run: Run) -> None:
    own = ("--as", "e3", "participant")
    assert run(*own, "pause", "--program", "traders", "e3").out.startswith(
        "Paused 1 participant.\n"
    )
    assert run(*own, "resume", "e3").out.startswith("Resumed 1 participant.\n")
    assert run(*own, "consent", "e3").out.startswith("Noted the consent of 1 participant.\n")
    assert "There is no participant e2 here" in run(*own, "pause", "e2", code=3).err
    run(*own, "leave", "--program", "traders", "e3")
    assert people(run)["e3"]["state"] == "left"


def test_an_address_names_who_has_it_unless_several_do(two: Path, run: Run) -> None:
    head = "ref,name,trade,village,email\n"
    rows = "e1,Chipo Moyo,,,chipo@example.org\nm1,,,,desk@example.org\nm2,,,,desk@example.org\n"
    (two / "mail.csv").write_text(head + rows, encoding="utf-8")
    run("recruit", "mail.csv", "--role", "mentee", "--program", "traders", code=None)
    run("recruit", "mail.csv", "--role", "mentor", "--program", "traders", code=None)
    at = ("--program", "traders")
    run("participant", "pause", "Chipo@example.org", *at)
    assert people(run)["e1"]["state"] == "paused"
    run("--as", "e1", "participant", "resume", "chipo@example.org", *at)
    told = run("participant", "pause", "desk@example.org", *at, code=5).err
    assert "2 people here share the address desk@example.org; give their key or id" in told
    run("relationship", "decline", "chipo@example.org=m1", *at)
    # What is not theirs is not found by its address.
    run("--as", "e2", "participant", "pause", "chipo@example.org", *at, code=3)


def test_staff_who_only_read_are_told_that_they_may_not_do_it(two: Path, run: Run) -> None:
    (held,) = (one for one in json.loads(
        run("relationship", "list", "--program", "traders", "--json").out
    ) if one["noun"] == "relationship")  # fmt: skip
    for role in ("supervisor", "viewer"):
        run("staff", "add", role, "--name", role, "--role", role, "--program", "traders")
        act = ("--as", role)
        for words in (
            ("participant", "pause", "e1"), ("relationship", "accept", "e1=m1"),
            ("relationship", "end", held["id"]),
            ("relationship", "meet", "e2=m2", "--minutes", "9"),
        ):  # fmt: skip
            assert "Only staff of this program" in run(*act, *words, code=4).err


def test_nobody_learns_from_a_refusal_who_is_known_here(two: Path, run: Run) -> None:
    (two / "more.csv").write_text(
        "ref,name,trade,village,email\nm9,Zo,baker,Ora,zo@example.org\n", encoding="utf-8"
    )
    run("recruit", "more.csv", "--role", "mentor", "--program", "traders")
    (two / "desk.csv").write_text(
        "ref,name,trade,village,email\nm7,Al,baker,Ora,it@example.org\n"
        "m8,Bo,baker,Ora,it@example.org\n", encoding="utf-8",
    )  # fmt: skip
    run("recruit", "desk.csv", "--role", "mentor", "--program", "traders")
    act = ("--as", "e1")

    def told(*words: str, who: str) -> tuple[int, str]:
        done = run(*act, *(word.format(who) for word in words), code=None)
        assert done.code in (3, 4)
        return done.code, done.err.replace(who, "somebody")

    for words in (
        ("relationship", "propose", "e1", "{}"), ("person", "erase", "{}", "--yes"),
        ("person", "export", "{}"), ("staff", "add", "{}", "--program", "traders"),
        ("staff", "remove", "{}", "--program", "traders"),
        ("person", "block", "e1", "{}"), ("person", "block", "{}", "e1"),
        ("person", "unblock", "e1", "{}"), (*RAISED, "--about", "{}"),
        (*RAISED, "--about", "{}", "--apart"), (*RAISED, "--for", "{}"),
    ):  # fmt: skip
        unknown = told(*words, who="no@example.org")
        for known in ("zo@example.org", "it@example.org", "m9", people(run)["m9"]["id"]):
            assert told(*words, who=known) == unknown
    text = (two / "preset.toml").read_text(encoding="utf-8")
    own = text.replace("[program]", '[program]\nmatching = "self"', 1)
    (two / "self.toml").write_text(own, encoding="utf-8")
    run("program", "create", "--file", "self.toml", "--key", "self")
    for sheet, role in (("mentees.csv", "mentee"), ("more.csv", "mentor")):
        run("recruit", sheet, "--role", role, "--program", "self")
    words = ("relationship", "propose", "e1", "{}", "--program", "self")
    assert told(*words, who="zo@example.org") == told(*words, who="no@example.org")


def test_people_name_whom_they_have_to_do_with_and_themselves(two: Path, run: Run) -> None:
    assert "are kept apart" in run("--as", "e2", "person", "block", "e2", "m2").out
    assert "may be brought together" in run("--as", "e2", "person", "unblock", "e2", "m2").out
    raised = ("--as", "e2", *RAISED, "--about", "m2", "--apart")
    assert "The two are kept apart" in run(*raised).out
    run("staff", "add", "vi", "--name", "Vi", "--role", "viewer", "--program", "traders")
    assert "It is raised" in run("--as", "e2", *RAISED, "--about", "vi").out
    assert "are kept apart" in run("--as", "e2", "person", "block", "e2", "vi").out


def test_staff_who_only_read_are_told_that_they_may_not_erase(two: Path, run: Run) -> None:
    for role, program in (("viewer", "traders"), ("supervisor", "traders"), ("viewer", "other")):
        name = f"{role[0]}-{program}"
        run("staff", "add", name, "--name", name, "--role", role, "--program", program)
    for reader in ("v-traders", "s-traders"):
        told = run("--as", reader, "person", "erase", "e1", "--yes", code=4).err
        assert "Only staff of this program (admin or coordinator) may do that" in told
        assert "no such person" in run("--as", reader, "person", "erase", "e9", code=3).err
        assert "Only the person" in run("--as", reader, "person", "export", "e1", code=4).err
    assert "(admin or coordinator or supervisor)" in run(
        "--as", "v-traders", "person", "block", "e1", "m1", code=4
    ).err  # fmt: skip
    for verb in ("erase", "export"):
        known, unknown = (
            run("--as", "v-other", "person", verb, who, code=None) for who in ("e1", "e9")
        )
        assert (known.code, known.err) == (unknown.code, unknown.err)
    assert people(run)["e1"]["state"] == "active"


def test_who_was_asked_says_no_and_takes_nothing_back(two: Path, run: Run) -> None:
    told = run("--as", "e1", "relationship", "withdraw", "e1=m1", code=4).err
    assert "you can say no to it" in told
    run("relationship", "withdraw", "e1=m1", "--program", "traders")


def test_a_full_id_says_which_program_is_meant(two: Path, run: Run) -> None:
    id = people(run)["e3"]["id"]
    assert json.loads(run("participant", "show", id, "--json").out)["key"] == "e3"
    assert run("participant", "pause", id).out.startswith("Paused 1 participant.\n")
    listed = json.loads(run("relationship", "list", "--program", "traders", "--json").out)
    held = next(one["id"] for one in listed if one["noun"] == "relationship")
    assert run("relationship", "pause", held).out.startswith("Paused 1 relationship.\n")
    told = run("participant", "pause", id, "e1", code=2).err
    assert "There are several programs" in told
    assert "There are several programs" in run("participant", "show", "0" * 32, code=2).err
