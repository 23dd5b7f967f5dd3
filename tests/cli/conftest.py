"""The command line on real files, in a folder of its own."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mentorkit.cli import main

MENTORS = """\
ref,name,trade,village,capacity
m1,Aïcha Ouédraogo,baker,Ora,1
m2,Ben Okafor,smith,Wen,2
m3,李小龙,tailor,Ora,1
"""
MENTEES = """\
ref,name,trade,village
e1,Chipo Moyo,baker,Ora
e2,Dora Silva,smith,Ora
e3,Emeka Eze,potter,Sim
"""
STRATEGY = """\
[fields.trade]
options = ["baker", "smith", "tailor", "potter"]

[fields.village]
kind = "text"

[[rules]]
rule = "same"
field = "trade"

[[criteria]]
criterion = "equal"
field = "village"
weight = 1
"""
PRESET = """\
title = "Traders"
consent = "We use what you tell us to find you a mentor."

[measurement]
none = "These tests measure nothing."

[program]
accept_chain = ["mentee", "mentor"]

[fields.trade]
options = ["baker", "smith", "tailor", "potter"]

[fields.village]
kind = "text"

[[strategy.criteria]]
criterion = "equal"
field = "trade"
weight = 3

[[strategy.criteria]]
criterion = "equal"
field = "village"
weight = 1
"""


@dataclass
class Ran:
    """What a command left behind: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MENTORKIT_KIT", raising=False)
    monkeypatch.delenv("MENTORKIT_DB", raising=False)
    return tmp_path


def invoke(*words: object, code: int | None = 0, piped: str | None = None) -> Ran:
    """Run one command inside this process; `code` is the exit code expected, None for any."""
    given: dict[str, Any] = {}
    if "mix_stderr" in inspect.signature(CliRunner).parameters:
        given["mix_stderr"] = False  # click 8.1 mixes the two unless told not to
    done = CliRunner(**given).invoke(main, [str(word) for word in words], input=piped)
    ran = Ran(done.exit_code, done.stdout, done.stderr)
    assert code is None or ran.code == code, ran
    return ran


@pytest.fixture
def run() -> Callable[..., Ran]:
    """Return `invoke`."""
    return invoke


@pytest.fixture
def start() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Return what runs one command as a process of its own."""

    def call(
        *words: object, env: dict[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "mentorkit", *map(str, words)],
            capture_output=True,
            check=False,
            timeout=120,
            env={**os.environ, **(env or {})},
            **options,
        )

    return call


def write_sheets(folder: Path) -> None:
    """Write mentors.csv, mentees.csv, strategy.toml and preset.toml."""
    for name, text in (
        ("mentors.csv", MENTORS),
        ("mentees.csv", MENTEES),
        ("strategy.toml", STRATEGY),
        ("preset.toml", PRESET),
    ):
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def sheets(folder: Path) -> Path:
    """Three mentors, three mentees and a strategy; nobody fits the third mentee."""
    write_sheets(folder)
    return folder


@pytest.fixture(scope="session")
def open_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an open program and everybody of the sheets active in it, made once."""
    made = tmp_path_factory.mktemp("traders")
    write_sheets(made)
    database = made / "mentorkit.db"
    for words in (
        ("db", "upgrade"),
        ("program", "create", "--file", made / "preset.toml", "--key", "traders"),
        ("program", "open"),
        ("recruit", made / "mentors.csv", "--role", "mentor"),
        ("recruit", made / "mentees.csv", "--role", "mentee"),
        ("participant", "approve", "--all"),
        ("participant", "consent", "--all", "--means", "paper"),
        ("participant", "onboard", "--all"),
    ):
        invoke("--db", database, *words)
    return database


@pytest.fixture
def traders(sheets: Path, open_program: Path) -> Path:
    """The sheets' folder, with a copy of that database in it."""
    shutil.copy(open_program, sheets / "mentorkit.db")
    return sheets


@pytest.fixture
def shared() -> Path:
    """The folder of the shared sample data, or a skip with the reason."""
    root = Path(__file__).parents[2]
    data = Path(os.environ.get("MENTORKIT_TEST_DATA", root.parent / "shared" / "data"))
    found = data / "mentor-match"
    if not (found / "strategy.toml").is_file():
        pytest.skip("shared sample data is not here: no mentor-match folder beside the repository")
    return found
