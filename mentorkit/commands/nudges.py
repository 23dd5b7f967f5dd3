"""See who is prompted, and when: `nudge preview`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from mentorkit.commands.output import (
    clean,
    counted,
    example,
    json_option,
    print_json,
    print_table,
    say,
)
from mentorkit.commands.selection import the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.domain.text import in_locale

OUTCOMES = {
    "sent": "",
    "quiet": "not sent: too late after quiet hours",
    "capped": "not sent: too many that week",
    "same_cause": "not sent: told already",
    "digest": "in the same message",
    "silenced": "not sent: wants none",
}
"""What becomes of a prompt, in words."""


@click.group(epilog=example("mentorkit nudge preview"))
def nudge() -> None:
    """See who is prompted, and when."""


@nudge.command(epilog=example("mentorkit nudge preview traders --days 14"))
@click.argument("program", metavar="[PROGRAM]", required=False)
@click.option(
    "--days", default=30, show_default=True, type=Whole(1, 92), help="How many days ahead."
)
@json_option
@pass_session
def preview(session: Session, /, program: str | None, days: int, as_json: bool) -> None:
    """List who gets which prompt, and when.

    By the nudge plan and the manners of the program, if nobody does anything meanwhile. Nothing is
    sent. Times are on the program's clock; in JSON they are UTC.
    """
    from mentorkit.journey import foresee, programs

    key = the_program(session, program)
    rows = foresee.foresee(session.kit, **session.scope, program=key, days=days)
    if as_json:
        print_json(rows)
        return
    (found,) = programs.show(session.kit, **session.scope, program=key)
    zone = ZoneInfo(found["zone"])
    headings = ("When", "Who", "About", "What", "")
    print_table(
        headings,
        [
            (
                f"{datetime.fromisoformat(row['at']).astimezone(zone):%Y-%m-%d %H:%M}",
                clean(row["name"]),
                clean(", ".join(row["about"])),
                clean(_what(row, found["locale"])),
                OUTCOMES.get(row["outcome"], row["outcome"]),
            )
            for row in rows
        ],
        none=f"Nobody is prompted in the next {days} days.",
    )
    if rows:
        say(f"The clock is that of the program ({found['zone']}).")
    for name in sorted(foresee.unknown_channels(session.kit, rows)):
        say(f"No channel is called {clean(name)} here: what names it goes by the others.")
    if rows:
        of = Counter(row["outcome"] for row in rows)
        go = of["sent"] + of["digest"]
        with_it = (of["digest"], "of them in another's message")
        say(counted((go, "prompt", "prompts"), with_it, (len(rows) - go, "not sent")))


def _what(row: dict[str, Any], locale: str) -> str:
    """Return what a message is called, without what is filled in when it is sent."""
    from mentorkit.journey.manners import SURVEY

    if row["template"] == SURVEY:  # its subject is the title of the one that is asked
        return "Invitation to a survey"
    text = in_locale(row["subject"], locale) if row["subject"] else ""
    told = text.replace("{program}", "").strip(" :")
    return told if told and "{" not in told else str(row["template"])
