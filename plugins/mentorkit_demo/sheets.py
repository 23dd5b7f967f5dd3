"""Writes the made-up people as two spreadsheets, with a strategy that matches them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.hooks import Context
from mentorkit_demo.people import Row, sample

MOST = 100_000


def write_sheets(
    ctx: Context,
    *,
    folder: Path | str,
    mentees: int = 60,
    mentors: int = 40,
    seed: int = 1,
    force: bool = False,
) -> dict[str, str]:
    """Write mentors.csv, mentees.csv and strategy.toml; return where they are and what to run.

    Raises `Invalid` for numbers out of range, `Conflict` when files of those names hold something
    else (somebody's own work, perhaps) and `force` is not given. Nothing is written then.
    """
    wrong = [
        Problem(name, f"write a whole number from 1 to {MOST}")
        for name, count in (("mentees", mentees), ("mentors", mentors))
        if not 1 <= count <= MOST
    ]
    if wrong:
        raise Invalid("demo.count", "So many people cannot be made up:", wrong)
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise Invalid("demo.folder", f"{place} is a file. Name a folder to write into.")
    people = sample(seed, mentees, mentors)
    contents = {
        "mentors.csv": sheet(people.mentors),
        "mentees.csv": sheet(people.mentees),
        "strategy.toml": (files("mentorkit_demo") / "strategy.toml").read_bytes(),
    }
    changed = [
        name
        for name, body in contents.items()
        if (place / name).exists() and (place / name).read_bytes() != body
    ]
    if changed and not force:
        raise Conflict(
            "demo.exists",
            f"{place} holds another {' and '.join(changed)} already. Name another folder, or add "
            "--force to replace what is there.",
            files=changed,
        )
    place.mkdir(parents=True, exist_ok=True)
    for name, body in contents.items():
        (place / name).write_bytes(body)
    paths = {name.partition(".")[0]: place / name for name in contents}
    return {
        **{name: str(path) for name, path in paths.items()},
        "next": f"mentorkit pair --mentors {paths['mentors']} --mentees {paths['mentees']} "
        f"--strategy {paths['strategy']} --out {place / 'pairs.csv'} "
        f"--unmatched {place / 'unmatched.csv'}",
    }


def sheet(rows: Sequence[Row]) -> bytes:
    """Return the rows as CSV, marked as UTF-8 so that spreadsheets show every name right."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    text = out.getvalue()
    return text.encode("utf-8" if text.isascii() else "utf-8-sig")
