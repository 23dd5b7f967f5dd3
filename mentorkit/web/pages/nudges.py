"""Nudges: when people are prompted, and the manners that all prompts of a program have."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import flask
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.journey import foresee, manners, programs
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.namesakes import persons_beside
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit

DAYS = 30
"""How many days ahead the page shows."""
SHOWN = 100
"""How many prompts it shows at once."""
USUAL: dict[str, Any] = {
    "awaited": "", "role": "anyone", "when": "after", "days": 0, "only": "", "risk": "",
    "channel": "", "times": 1, "every_days": 7, "together": False,
}  # fmt: skip
"""What a step of a plan says where it says nothing."""
HOURS = tuple(f"{hour:02}:00" for hour in range(24))


@shows("/programs/<program>/nudges")
@allow(*READERS)
def nudges(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    rows = foresee.foresee(visit.kit, **visit.asked(), program=program, days=DAYS)
    outcomes = Counter(row["outcome"] for row in rows)
    first = (
        min(
            max((answers.number(flask.request.args.get("from", "")) or 0), 0), max(len(rows) - 1, 0)
        )
        // SHOWN
        * SHOWN
    )
    part = rows[first : first + SHOWN]
    alike = persons_beside(visit, {row["person"] for row in part})
    plans = foresee.plan(visit.kit, **visit.asked(), program=program)
    steps = [step for one in plans for step in one["steps"]]
    return visit.render(
        "nudges.html",
        days=[
            (day, [_worded(visit, row, alike.get(row["person"], "")) for row in those])
            for day, those in groupby(part, key=lambda row: visit.day(row["at"]))
        ],
        ahead=DAYS,
        sent=(sent := outcomes["sent"] + outcomes["digest"]),
        with_another=outcomes["digest"],
        kept_back=len(rows) - sent,
        first=first,
        shown=SHOWN,
        total=len(rows),
        plans=[{**one, "steps": [{**USUAL, **step} for step in one["steps"]]} for one in plans],
        unprompted=foresee.unprompted(plans),
        strangers=sorted(foresee.unknown_channels(visit.kit, [*rows, *steps])),
        told=_told,
        title=visit.words("Who is prompted, and when"),
        here="overview",
        wrong=wrong,
        manners=manners.show(visit.kit, **visit.asked(), program=program),
        hours=HOURS,
    )


@does("/programs/<program>/nudges")
@allow(*STAFF)
def nudges_set(visit: Visit, program: str) -> Response | tuple[str, int]:
    """Keep the manners of the program."""
    names = ("quiet_from", "quiet_until", "prompts_a_week")
    body: dict[str, Any] = {
        name: number for name in names if (number := answers.whole(name)) is not None
    }
    if told := visit.form.get("digest"):
        body["digest"] = told
    at = {**visit.asked(), "program": program}
    try:
        was = answers.whole("was")
        programs.define(visit.kit, **at, kind="manners", body=body, was=was)
    except (Conflict, Invalid) as error:
        return nudges(visit, program, error), status(error)
    return visit.go("nudges", "set", program=program, anchor="manners")


def _worded(visit: Visit, row: dict[str, Any], beside: str) -> dict[str, Any]:
    """Return a row with its hour by the program's clock and `theirs`, and what it is called.

    What stands `beside` the name tells people of one name apart.
    """
    at = datetime.fromisoformat(row["at"]).astimezone(ZoneInfo(visit.of.zone))
    there, hour = at.astimezone(ZoneInfo(row["zone"])), f"{at:%H:%M}"
    theirs = f"{there:%H:%M}"
    if there.date() != at.date():
        theirs = f"{visit.day(there, row['zone'])} {theirs}"
    elif theirs == hour:
        theirs = ""
    what = _told(visit, row["subject"]) or row["template"]
    if row["template"] == manners.SURVEY:  # its subject is the title of the one that is asked
        what = visit.words("Invitation to a survey")
    return {**row, "name": row["name"] + beside, "hour": hour, "theirs": theirs, "what": what}


def _told(visit: Visit, subject: dict[str, str]) -> str:
    """Return what a message is called, without the program, which stands above."""
    text = visit.text(subject) if subject else ""
    return text.replace("{program}", "").strip(" :")
