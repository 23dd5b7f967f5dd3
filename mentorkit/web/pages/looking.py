"""Looking back and looking after: due milestones, groups that staff make, breaks and touch."""

from __future__ import annotations

from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound
from mentorkit.journey import checks, gather, meet, onboard, screen
from mentorkit.web.access import allow
from mentorkit.web.namesakes import apart, beside
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.people import PARTIES
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import BEHALF, Visit


@shows("/programs/<program>/milestones")
@allow(*READERS)
def milestones(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    """Show staff what is due, with what speaks for looking closer, and a form to note it."""
    listed = checks.due(visit.kit, **visit.asked(), program=program)
    return visit.render(
        "milestones.html",
        title=visit.words("Check-ins"),
        here="relationships",
        listed=apart(visit, listed),
        wrong=wrong,
    )


@does("/programs/<program>/milestones")
@allow(*STAFF)
def milestones_noted(visit: Visit, program: str) -> Response | tuple[str, int]:
    try:
        meet.reach(
            visit.kit,
            **visit.asked(),
            milestone=visit.form.get("milestone", ""),
            on_behalf_of=meet.STAFF_SIDE,
            note=visit.form.get("note", "").strip(),
        )
    except (Conflict, Invalid) as error:
        return _again(milestones, visit, program, error), status(error)
    return visit.go("milestones", "reached", program=program)


def _again(page: Any, visit: Visit, program: str, error: MentorKitError) -> str:
    return str(page(visit, program, error))


@shows("/programs/<program>/groups/new")
@allow(*STAFF)
def group_new(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    rows = screen.review(visit.kit, **visit.asked(), program=program, state="active")
    free = [row for row in rows if row["used"] < row["capacity"]]
    return visit.render(
        "group_new.html",
        title=visit.words("Bring a group together"),
        here="relationships",
        people=sorted(free, key=lambda row: row["name"]),
        alike=beside(visit, [row["id"] for row in free]),
        ticked=visit.values("people") if flask.request.method == "POST" else (),
        wrong=wrong,
        behalf=BEHALF,
    )


@does("/programs/<program>/groups/new")
@allow(*STAFF)
def group_made(visit: Visit, program: str) -> Response | tuple[str, int]:
    mentor = visit.form.get("mentor") or None
    people = [one for one in visit.values("people") if one != mentor]
    try:
        made = gather.gather(
            visit.kit, **visit.asked(), program=program, people=people, mentor=mentor
        )
    except (Conflict, Invalid) as error:
        return _again(group_new, visit, program, error), status(error)
    return visit.go("relationship", "gathered", program=program, relationship=made["id"])


@does("/programs/<program>/people/<participant>/break")
@allow(*STAFF, *PARTIES)
def participant_break(visit: Visit, program: str, participant: str) -> Response:
    """Take a break from being matched, or come back from it."""
    at = {**visit.asked(), "participant": participant}
    ensure_here(visit, participant)
    back = visit.form.get("do") == "back"
    (onboard.resume if back else onboard.pause)(visit.kit, **at)
    said = "back" if back else "break"
    if visit.is_staff:
        return visit.go("participant", said, program=program, participant=participant)
    return visit.go("home", said)


@does("/programs/<program>/people/<participant>/touch")
@allow(*STAFF)
def participant_touch(visit: Visit, program: str, participant: str) -> Response:
    ensure_here(visit, participant)
    touch = visit.form.get("touch", "")
    onboard.set_touch(visit.kit, **visit.asked(), participant=participant, touch=touch)
    return visit.go("participant", "touched", program=program, participant=participant)


def ensure_here(visit: Visit, participant: str) -> None:
    found = onboard.show(visit.kit, **visit.asked(), participant=participant)
    if found["program_id"] != visit.of.id:
        raise NotFound("participant.not_found", visit.words("There is no such participant here."))
