"""``mentorkit searches save|list|change|drop``: what people keep, and staff for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SETUP = """\
[[targets.touch]]
name = "free"
matching = "self"

[fields.trade]
shown = true
options = ["baker", "smith", "tailor", "potter"]

[fields.village]
"""


@pytest.fixture
def choosing(traders: Path, run: Run) -> None:
    (traders / "choosing.toml").write_text(SETUP)
    run("program", "set", "--file", traders / "choosing.toml")
    run("participant", "touch", "e1", "--level", "free")


def test_a_search_is_kept_listed_changed_and_deleted(choosing: None, run: Run) -> None:
    ana = ("traders", "e1")
    made = json.loads(
        run("--as", "e1", "searches", "save", *ana, "--where", "trade=baker; trade=tailor",
            "--json").out
    )  # fmt: skip
    assert (made["where"], made["every"]) == ("trade=baker; trade=tailor", "weekly")
    listed = run("searches", "list", *ana).out
    assert made["search"] in listed
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d UTC", listed)
    assert "trade=baker; trade=tailor" in listed
    told = run("searches", "change", *ana, made["search"], "--every", "monthly", "--name", "Mine")
    assert "called: Mine" in told.out
    assert "every: monthly" in told.out
    run("searches", "drop", *ana, made["search"])
    assert run("searches", "list", *ana).out == "Nothing here.\n"


def test_what_cannot_be_kept_is_told_with_what_to_write(choosing: None, run: Run) -> None:
    save = ("searches", "save", "traders", "e1")
    told = run(*save, "--where", "village=Ora; trade=pilot", "--every", "hourly", code=2).err
    for one in (
        "village: the list cannot be narrowed by this; write one of trade",
        "'pilot' is not an option", "every: write one of daily, weekly, monthly",
    ):  # fmt: skip
        assert one in told
    assert "write field=option, not 'trade'" in run(*save, "--where", "trade", code=2).err
    assert "no such participant" in run("searches", "list", "traders", "nobody", code=3).err
    assert "no such participant" in run("--as", "e2", "searches", "list", "traders", "e1",
                                        code=3).err  # fmt: skip
    assert "no such search" in run("searches", "drop", "traders", "e1", "x", code=3).err


def test_where_staff_match_nobody_keeps_one(traders: Path, run: Run) -> None:
    assert "staff match people" in run("searches", "save", "traders", "e1", code=4).err
