"""What people tell of themselves, noted by staff or by themselves: places, answers, zone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def shown(run: Run, who: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("participant", "show", who, "--json").out)
    return found


def test_how_many_people_at_once_is_changed_by_staff_and_by_oneself(
    traders: Path, run: Run
) -> None:
    told = run("participant", "capacity", "m1", "m2", "3", "--means", "phone").out
    assert told.startswith("Kept the places of 2 participants.\n")
    assert shown(run, "m1")["capacity"] == 3
    run("--as", "m1", "participant", "capacity", "m1", "4")
    assert shown(run, "m1")["capacity"] == 4
    refused = run("--as", "e1", "participant", "capacity", "e1", "2", code=4).err
    assert "ask a coordinator" in refused
    done = json.loads(run("participant", "capacity", "e1", "2", "--json").out)
    assert done["done"][0]["capacity"] == 2
    assert "many" in run("participant", "capacity", "m1", "many", code=2).err
    assert "mentorkit participant capacity" in run("participant", "capacity", "--help").out


def test_never_fewer_places_than_are_in_use(traders: Path, run: Run) -> None:
    run("relationship", "propose", "e1", "m1")
    run("relationship", "accept", "--all", "--means", "phone")
    assert "1 place(s) are in use" in run("participant", "capacity", "m1", "0", code=5).err


def test_answers_are_filled_in_changed_and_taken_back(traders: Path, run: Run) -> None:
    told = run("participant", "answer", "e1", "trade=smith", "village=", "--means", "phone").out
    assert told == "Kept the answers of e1.\n"
    answers = {one["id"]: one["value"] for one in shown(run, "e1")["questions"]}
    assert (answers["trade"], answers["village"]) == ("smith", None)
    run("--as", "e1", "participant", "answer", "e1", "trade=baker")
    wrong = run("participant", "answer", "e1", "trade=pilot", "village=Wen", code=2).err
    assert "pilot" in wrong
    assert "village" not in wrong
    assert "Write FIELD=ANSWER" in run("participant", "answer", "e1", "trade", code=2).err
    answers = {one["id"]: one["value"] for one in shown(run, "e1")["questions"]}
    assert (answers["trade"], answers["village"]) == ("baker", None)


def test_a_clock_is_named_by_its_city(traders: Path, run: Run) -> None:
    told = run("participant", "zone", "e1", "Nairobi").out
    assert told == "Kept the time zone of e1: Africa/Nairobi.\n"
    assert shown(run, "e1")["zone"] == "Africa/Nairobi"
    assert "no such time zone" in run("participant", "zone", "e1", "Atlantis", code=2).err


def test_one_person_is_taken_in_and_nobody_who_is_here_is_changed(traders: Path, run: Run) -> None:
    add = ("participant", "add", "e9", "--role", "mentee", "--name", "Zola Nkosi")
    told = run(*add, "--email", "zola@example.org", "--answer", "trade=baker").out
    assert told.startswith("Took Zola Nkosi (e9) in as a mentee.\n")
    found = shown(run, "e9")
    assert (found["state"], found["name"]) == ("lead", "Zola Nkosi")
    assert {one["id"]: one["value"] for one in found["questions"]}["trade"] == "baker"
    again = run("participant", "add", "e9", "--role", "mentee", "--name", "Another", code=5).err
    assert "e9 is here already" in again
    assert shown(run, "e9")["name"] == "Zola Nkosi"
    wrong = ("participant", "add", "e8", "--role", "mentee", "--name", "Yaw")
    assert "pilot" in run(*wrong, "--answer", "trade=pilot", code=2).err
    run("--as", "e1", *wrong, "--program", "traders", code=4)


def test_who_fits_one_mentee_is_listed_best_first(traders: Path, run: Run) -> None:
    told = json.loads(run("participant", "suggest", "e1", "--json").out)
    (best, *_) = told["mentors"]
    text = run("participant", "suggest", "e1").out
    assert best["name"] in text
    assert best["id"] in text
    assert "staff match people" in run("--as", "e1", "participant", "suggest", "e1", code=4).err
    run("relationship", "propose", "e1", best["id"])
    assert "open proposal" in run("participant", "suggest", "e1", code=5).err


def test_staff_let_a_relationship_last_longer(traders: Path, run: Run) -> None:
    run("relationship", "propose", "e1", "m1")
    run("relationship", "accept", "--all", "--means", "phone")
    done = json.loads(run("relationship", "extend", "e1=m1", "--days", "28", "--json").out)["done"]
    assert run("relationship", "extend", "e1=m1", "--days", "7").out.startswith(
        "Extended 1 relationship.\n"
    )
    (held,) = [
        one
        for one in json.loads(run("relationship", "list", "--json").out)
        if one["noun"] == "relationship"
    ]
    assert held["ends_at"][:10] > done[0]["ends_at"][:10]
    refused = run("--as", "e1", "relationship", "extend", "e1=m1", "--days", "7", code=4).err
    assert "Only staff extend" in refused
