"""Plugins of a program from the command line: switched on and off, and set."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLUGIN = ("program", "plugin")


def shown(run: Callable[..., Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*PLUGIN, name, "--json").out)
    return found


def test_plugins_are_listed_and_one_is_switched_off_and_on(
    traders: Path, run: Callable[..., Any]
) -> None:
    assert "wordlist" in run("program", "plugins").out
    assert "List of words (wordlist): off" in run(*PLUGIN, "wordlist", "--off").out
    rows = {row["name"]: row["on"] for row in json.loads(run("program", "plugins", "--json").out)}
    assert not rows.pop("wordlist")
    assert all(rows.values())
    assert "off" in run("program", "plugins", "traders").out
    run(*PLUGIN, "wordlist", "--on", "--program", "traders")
    assert shown(run, "wordlist")["on"]


def test_settings_are_typed_by_name_and_as_usual_again(
    traders: Path, run: Callable[..., Any]
) -> None:
    told = run(*PLUGIN, "checkins", "--set", "quiet_days=21", "--set", "milestones=no").out
    assert "quiet_days" in told
    assert shown(run, "checkins")["set"] == {"quiet_days": 21, "milestones": False}
    run(*PLUGIN, "checkins", "--usual", "milestones", "--set", "answer_days=3")
    assert shown(run, "checkins")["set"] == {"quiet_days": 21, "answer_days": 3}
    run(*PLUGIN, "wordlist", "--set", "words=idiot", "--set", "words=send money, now")
    assert shown(run, "wordlist")["set"] == {"words": ["idiot", "send money, now"]}
    run(*PLUGIN, "wordlist", "--set", 'words=["a b"]', "--set", "kinds=")
    assert shown(run, "wordlist")["set"] == {"words": ["a b"], "kinds": []}


def test_a_file_is_all_that_is_set(traders: Path, run: Callable[..., Any]) -> None:
    run(*PLUGIN, "checkins", "--set", "quiet_days=21")
    (traders / "mine.toml").write_text("answer_days = 4\n")
    run(*PLUGIN, "checkins", "--file", "mine.toml")
    assert shown(run, "checkins")["set"] == {"answer_days": 4}
    (traders / "mine.json").write_text('{"answer_days": 5}')
    run(*PLUGIN, "checkins", "--file", "mine.json")
    assert shown(run, "checkins")["set"] == {"answer_days": 5}
    (traders / "mine.json").write_text("[1")
    assert "mine.json" in run(*PLUGIN, "checkins", "--file", "mine.json", code=2).err
    (traders / "mine.json").write_text("[1]")
    assert "a table of settings" in run(*PLUGIN, "checkins", "--file", "mine.json", code=2).err


def test_what_is_wrong_is_told_by_setting(traders: Path, run: Callable[..., Any]) -> None:
    wrong = ("--set", "quiet_days=400", "--set", "milestones=perhaps", "--set", "quiet=1")
    told = run(*PLUGIN, "checkins", *wrong, code=2).err
    assert "quiet_days: write 365 or less" in told
    assert "milestones: write true or false" in told
    assert "quiet: is unknown" in told
    assert "SETTING=VALUE" in run(*PLUGIN, "checkins", "--set", "quiet_days", code=2).err
    assert (
        "more than once" in run(*PLUGIN, "checkins", *(("--set", "quiet_days=1") * 2), code=2).err
    )
    assert "no setting" in run(*PLUGIN, "checkins", "--usual", "quiet", code=2).err
    assert "there are: matching" in run(*PLUGIN, "nosuch", "--off", code=3).err
    assert shown(run, "checkins")["set"] == {}
