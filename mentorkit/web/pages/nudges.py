"""Nudges: when people are prompted, and the manners that all prompts of a program have."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.journey import manners, programs
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit

HOURS = tuple(f"{hour:02}:00" for hour in range(24))


@shows("/programs/<program>/nudges")
@allow(*READERS)
def nudges(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    return visit.render(
        "nudges.html",
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
    body = {name: number for name in names if (number := answers.whole(name)) is not None}
    at = {**visit.asked(), "program": program}
    try:
        was = answers.whole("was")
        programs.define(visit.kit, **at, kind="manners", body=body, was=was)
    except (Conflict, Invalid) as error:
        return nudges(visit, program, error), status(error)
    return visit.go("nudges", "set", program=program)
