"""Note what people tell of themselves: `participant capacity|...`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mentorkit.commands.joining import participant
from mentorkit.commands.output import example, json_option
from mentorkit.commands.people import step
from mentorkit.commands.selection import means_option, program_option, selecting
from mentorkit.commands.session import Session, pass_session

HERE = ("lead", "waiting", "approved", "active", "paused")
"""The states of whoever takes part, or may come to."""


@participant.command(epilog=example("mentorkit participant capacity ben@example.org 3"))
@selecting("PARTICIPANT")
@click.argument("capacity", metavar="N", type=click.IntRange(0, 10_000))
@program_option
@means_option
@json_option
@pass_session
def capacity(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    capacity: int,
    program: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Say how many people at once.

    By key, e-mail or id: of a mentor the mentees, of a mentee the mentors; never fewer than there
    are now. People say it for themselves with --as, a mentee up to what the program allows.
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.set_capacity, states=HERE, done="Kept the places of", means=means,
        as_json=as_json, capacity=capacity, fits=lambda row: row["capacity"] != capacity,
    )  # fmt: skip


__all__ = ["participant"]
