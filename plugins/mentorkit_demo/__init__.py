"""The plugin `demo`: made-up people to try mentorkit with, without anybody's data.

`mentorkit demo` starts a small product of its own with mentoring mounted inside it; `mentorkit demo
sheets FOLDER` writes two spreadsheets and a strategy that `mentorkit pair` takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Command, Parameter
from mentorkit_demo.serve import serve
from mentorkit_demo.sheets import write_sheets

manifest = Manifest(
    title="Demo",
    summary="Starts a made-up product with mentoring inside it, and writes sample sheets.",
)


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="demo",
        title="Start the demo portal",
        help="Start a made-up product here. It has mentoring inside: a program of 120 "
        "people in the middle of its life. Open the address it prints and sign in with one click. "
        "What you do stays until you say --fresh.",
        run=serve,
        parameters=(
            Parameter(
                name="port", help="Where to listen; 0 takes any free one.", type=int, default=5050
            ),
            Parameter(
                name="folder", help="Where to keep its data.", type=Path, default=Path("demo")
            ),
            Parameter(
                name="fresh",
                help="Throw away what is there, and begin again.",
                type=bool,
                default=False,
            ),
        ),
    )
    yield Command(
        name="sheets",
        title="Write sample sheets",
        help="Write mentors.csv, mentees.csv and strategy.toml into a folder. The people are made "
        "up; the same seed makes the same people. Needs no database.",
        run=write_sheets,
        parameters=(
            Parameter(name="folder", help="Where to write.", required=True, type=Path),
            Parameter(name="mentees", help="How many mentees.", type=int, default=60),
            Parameter(name="mentors", help="How many mentors.", type=int, default=40),
            Parameter(name="seed", help="Another number, other people.", type=int, default=1),
            Parameter(name="force", help="Replace changed files.", type=bool, default=False),
        ),
    )
