"""The command line as a process: time, pipes, signals, locales, and what it does not load."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., subprocess.CompletedProcess[bytes]]
PAIR = ("pair", "--mentors", "mentors.csv", "--mentees", "mentees.csv",
        "--strategy", "strategy.toml", "--out", "pairs.csv")  # fmt: skip


def test_pairing_loads_neither_kit_nor_database(sheets: Path) -> None:
    code = f"""
import sys
from mentorkit.cli import main
main({list(PAIR)!r}, standalone_mode=False)
heavy = ("sqlalchemy", "alembic", "flask", "marshmallow", "mentorkit.kit", "mentorkit.store")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=60, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert (sheets / "pairs.csv").exists()
    assert not (sheets / "mentorkit.db").exists()


@pytest.mark.data
def test_five_hundred_and_five_hundred_are_paired_by_one_process(
    shared: Path, start: Start
) -> None:
    done = start(
        "pair",
        "--mentors", shared / "large" / "mentors.csv",
        "--mentees", shared / "large" / "mentees.csv",
        "--strategy", shared / "strategy.toml",
        "--json",
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["pairs"], found["total"]) == (500, 4_820_655)
    assert done.stderr == b""


def test_a_locale_without_utf8_changes_nothing(sheets: Path, start: Start) -> None:
    for locale in (
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ):
        done = start(*PAIR, env=locale)
        assert done.returncode == 0
        assert "Aïcha Ouédraogo" in done.stdout.decode("utf-8")


def test_a_reader_who_has_enough_leaves_no_trace(sheets: Path) -> None:
    with (sheets / "mentees.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"x{i},Name {i},baker,Ora\n" for i in range(3_000))
    command = [sys.executable, "-m", "mentorkit.cli", *PAIR, "--json", "--unmatched", "left.csv"]
    bad = [sys.executable, "-m", "mentorkit.cli", "plugins", "--json"]
    for words in (command, bad):
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            told = process.stderr.read()
            assert process.wait(timeout=60) == 0
        assert b"Traceback" not in told
        assert b"Broken" not in told


def working(*options: str, **more: Any) -> subprocess.Popen[bytes]:
    """Start a worker that goes on for ever, and return once it listens to signals."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", LISTENING, "work", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever started the tests in the background has made their children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        **more,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    return process


LISTENING = """
from mentorkit import worker
from mentorkit.cli import main
whole = worker.work
def work(*given, **values):
    report = whole(*given, **values)
    print("begun", flush=True)
    worker.work = whole
    return report
worker.work = work
main()
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["ctrl-c", "sigterm"]
)
def test_a_worker_is_stopped_without_a_traceback(traders: Path, number: int, code: int) -> None:
    process = working("--loop")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert (out, err) == (b"", b"Stopped.\n")


SLOW_POST = """
import pathlib, time
from mentorkit import Kit, Manifest, hookimpl
from mentorkit.hooks import Channel, Receipt

class Slow(Channel):
    name = "slow"

    def deliver(self, ctx, message, person, contacts):
        with pathlib.Path("begun").open("a") as file:
            file.write(message.key + "\\n")
        time.sleep(float(pathlib.Path("seconds").read_text()))
        with pathlib.Path("sent").open("a") as file:
            file.write(message.key + "\\n")
        return Receipt(channel=self.name)

class Offers:
    manifest = Manifest(title="Slow")

    @hookimpl
    def mentorkit_notification_channels(self):
        return [Slow()]

kit = Kit.embedded("mentorkit.db", plugins=["matching", "csv", ("slow", Offers())])
"""


@pytest.mark.parametrize("seconds", [3, 600])
def test_sigterm_lets_what_is_in_hand_end_within_bounds_and_hands_the_rest_back(
    traders: Path, run: Any, start: Start, seconds: int
) -> None:
    run("match")
    run("publish")
    (traders / "slow_post.py").write_text(SLOW_POST, encoding="utf-8")
    (traders / "seconds").write_text(str(seconds), encoding="utf-8")
    kit = [sys.executable, "-m", "mentorkit.cli", "--kit", "slow_post:kit"]
    with subprocess.Popen([*kit, "work", "--loop"], stderr=subprocess.PIPE) as process:
        while not (traders / "begun").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0
        assert time.monotonic() - asked < 30
    begun = (traders / "begun").read_text().split()
    sent = (traders / "sent").read_text().split() if (traders / "sent").exists() else []
    assert sent == (begun if seconds == 3 else [])
    assert (b"did not end in time" in told) == (seconds == 600)
    states = subprocess.run(
        [sys.executable, "-c", ("import slow_post, collections; kit = slow_post.kit\n"
         "with kit.transaction(tenant='default', write=False) as tx: print(tx.outbox.counts())")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    left = {"done": len(begun), "leased": 0} if seconds == 3 else {"done": 0, "leased": len(begun)}
    assert all(f"'{state}': {count}" in states for state, count in left.items()), states
    assert f"'waiting': {3 - len(begun)}" in states


def at_a_terminal(words: list[str]) -> tuple[int, str, str]:
    """Run with a terminal as stderr; return the exit code, stdout and what the terminal got."""
    master, slave = pty.openpty()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    assert process.stdout is not None
    out = process.stdout.read().decode()
    process.stdout.close()
    code = process.wait(timeout=60)
    seen = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(master)
    return code, out, seen.decode()


SLOW = """
import time
from mentorkit.commands.output import Progress
with Progress() as progress:
    for done in range(10):
        progress.step(done, 10, "leads")
        time.sleep(0.12)
    progress.step(0, 0, "assigning")
print("done")
"""


def test_progress_is_for_terminals_only_and_is_wiped_at_the_end() -> None:
    code, out, seen = at_a_terminal([sys.executable, "-c", SLOW])
    assert (code, out) == (0, "done\n")
    assert "leads ...  50 %" in seen
    assert "\rassigning ..." in seen
    assert seen.rsplit("\r", 2)[1].strip() == ""
    quiet = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, check=True)
    assert quiet.stderr == b""


def test_the_program_runs_as_a_command_and_as_a_module(start: Start) -> None:
    assert start("--version").stdout.startswith(b"mentorkit, version ")
    script = Path(sys.executable).with_name("mentorkit")
    if script.exists():
        told: Any = subprocess.run([script, "--version"], capture_output=True, check=True)
        assert told.stdout == start("--version").stdout
    assert start("nonsense").returncode == 2
    assert start().returncode in (0, 2)  # click 8.1 and 8.2 differ about help without a command
