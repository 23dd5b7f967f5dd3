"""Relationships: who is together, their meetings and milestones, a break, and the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.relationships import RELATIONSHIP_MOVES
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound, Problem
from mentorkit.journey import match, meet
from mentorkit.journey.pools import ASKED
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.people import PARTIES
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import BEHALF, Visit

ENDS = ("completed", "no_time", "goal_reached", "no_contact", "not_a_fit", "other")
"""Codes of why a relationship ends."""


@shows("/programs/<program>/relationships")
@allow(*READERS)
def relationships(visit: Visit, program: str) -> str:
    state = flask.request.args.get("state") or None
    at = {**visit.asked(), "program": program}
    return visit.render(
        "relationships.html",
        title=visit.words("Relationships"),
        here="relationships",
        states=RELATIONSHIP_MOVES.states,
        state=state,
        asked=[one for kind in ASKED for one in match.proposals(visit.kit, **at, state=kind)],
        relationships=meet.relationships(visit.kit, **at, state=state),
    )


@shows("/programs/<program>/relationships/<relationship>")
@allow(*STAFF, *PARTIES)
def relationship(
    visit: Visit, program: str, relationship: str, wrong: MentorKitError | None = None
) -> str:
    at = {**visit.asked(), "relationship": relationship}
    one = meet.show(visit.kit, **at)
    if one["program_id"] != visit.of.id:
        raise NotFound("relationship.not_found", visit.words("There is no such relationship here."))
    own = any(member["own"] for member in one["members"])
    others = [m["name"] for m in one["members"] if not m["own"] and not m["left_at"]]
    now = visit.kit.clock().astimezone(ZoneInfo(visit.of.zone))
    return visit.render(
        "relationship.html",
        title=visit.words("You and {others}", others=", ".join(others))
        if own
        else ", ".join(m["name"] for m in one["members"] if not m["left_at"]),
        here="relationships",
        one=one,
        month=meet.month(visit.kit, **at),
        today=now.date().isoformat(),
        ends=ENDS,
        wrong=wrong,
        behalf=() if own else BEHALF,
    )


@does("/programs/<program>/relationships/<relationship>")
@allow(*STAFF, *PARTIES)
def relationship_change(
    visit: Visit, program: str, relationship: str
) -> Response | tuple[str, int]:
    at = {**visit.asked(), "relationship": relationship}
    did, said = visit.form.get("do", ""), ""
    meet.show(visit.kit, **at)  # whoever may not see it is told so, whatever they wish to do
    try:
        if did == "meet":
            minutes = visit.form.get("minutes", type=int) or 0  # type: ignore[call-overload]
            meet.log(visit.kit, **at, minutes=minutes, held_at=_held(visit))
            said = "met"
        elif did == "strike":
            meet.strike(visit.kit, **visit.asked(), meeting=visit.form.get("meeting", ""))
            said = "struck"
        elif did == "reach":
            meet.reach(visit.kit, **visit.asked(), milestone=visit.form.get("milestone", ""))
            said = "reached"
        elif did == "pause":
            meet.pause(visit.kit, **at)
            said = "paused"
        elif did == "resume":
            meet.resume(visit.kit, **at)
            said = "resumed"
        elif did == "extend":
            days = visit.form.get("days", type=int) or 0  # type: ignore[call-overload]
            meet.extend(visit.kit, **at, days=days)
            said = "extended"
        elif did == "end":
            reason = visit.form.get("reason", "")
            reason = reason if reason in ENDS else ENDS[-1]
            meet.end(visit.kit, **at, reason=reason, note=visit.form.get("note", "").strip())
            return (
                visit.go("home", "ended")
                if not visit.is_staff
                else visit.go("relationships", "ended", program=program)
            )
    except (Conflict, Invalid) as error:
        return _again(visit, program, relationship, error), status(error)
    return visit.go("relationship", said, program=program, relationship=relationship)


def _again(visit: Visit, program: str, one: str, error: MentorKitError) -> str:
    return relationship(visit, program, one, error)


def _held(visit: Visit) -> datetime:
    """Return when the meeting was: noon of the day, in the program's zone, but never ahead."""
    now = visit.kit.clock()
    try:
        day = datetime.fromisoformat(visit.form.get("day", "")).replace(hour=12)
    except ValueError:
        told = visit.words("write the day as 2027-03-01")
        raise Invalid(
            "meeting.time", visit.words("The day cannot be read."), [Problem("day", told)]
        ) from None
    held = day.replace(tzinfo=ZoneInfo(visit.of.zone))
    return now if now < held < now + timedelta(days=1) else held
