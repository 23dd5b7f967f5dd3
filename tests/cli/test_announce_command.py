"""``mentorkit announce PROGRAM``: the program stands where other plugins' commands are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_plugins_own_command_takes_what_names_no_other(
    traders: Path, run: Callable[..., Any]
) -> None:
    (traders / "news.txt").write_text("Hello {person}.\n")
    said = ("--subject", "News", "--text", "news.txt")
    assert "would get it: 6" in run("announce", "traders", *said, "--preview").out
    done = json.loads(run("announce", "traders", *said, "--json").out)
    assert done["promised"] == 6
    assert "News" in run("announce", "results", "traders").out
    assert "people: 6" in run("announce", "people", "traders", "--out", "all.csv").out
    assert (traders / "all.csv").read_text("utf-8-sig").startswith("key,name")


def test_help_tells_its_options_and_the_other_commands(
    traders: Path, run: Callable[..., Any]
) -> None:
    told = run("announce", "--help").out
    assert "--to" in told
    assert "results" in told
    (traders / "x").write_text("Hello.\n")
    assert "no program" in run("announce", "nowhere", "--text", "x", code=3).err
    assert "Missing argument" in run("announce", "--text", "x", code=2).err
    assert "demo" in run("demo", "--help").out
