"""The plugin `demo`: made-up people to try mentorkit with, without anybody's data.

`mentorkit demo sheets FOLDER` writes two spreadsheets and a strategy that `mentorkit pair` takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Command, Parameter
from mentorkit_demo.sheets import write_sheets

manifest = Manifest(
    title="Demo",
    summary="Writes sample spreadsheets of made-up mentors, mentees and a strategy.",
)


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
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
