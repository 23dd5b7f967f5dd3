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
    assert told == "Kept the places of 2 participants.\n"
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
