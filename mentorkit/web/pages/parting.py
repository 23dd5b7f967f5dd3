"""Parting: what is asked before a relationship ends, or somebody leaves a program."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Response

from mentorkit.domain.relationships import ENDS, HOLDING
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound
from mentorkit.journey import meet, onboard, standing
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.people import PARTIES
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import BEHALF, Visit


@shows("/programs/<program>/relationships/<relationship>/end")
@allow(*STAFF, *PARTIES)
def relationship_end(visit: Visit, program: str, relationship: str) -> Response | str:
    """Ask whether it shall end, and say what follows; looking changes nothing."""
    one = meet.show(visit.kit, **visit.asked(), relationship=relationship)
    if one["program_id"] != visit.of.id:
        raise NotFound("relationship.not_found", visit.words("There is no such relationship here."))
    if one["state"] not in HOLDING:
        return visit.go("relationship", program=program, relationship=relationship)
    here = [member for member in one["members"] if not member["left_at"]]
    sides = Counter(member["role"] for member in here)
    for member in here:  # whether the others can go on
        member["alone"] = sides[member["role"]] > (2 if member["role"] == "peer" else 1)
    own = next((member["role"] for member in here if member["own"]), None)
    names = ", ".join(member["name"] for member in here if not member["own"])
    return visit.render(
        "relationship_end.html",
        title=visit.words("End the mentoring with {others}?", others=names)
        if own
        else visit.words("End the mentoring of {others}?", others=names),
        here="relationships",
        one=one,
        members=here,
        own=own,
        over=one["state"] == "active" and _is_over(visit, one),
        alone=any(member["own"] and member["alone"] for member in here),
        others=names,
        ends=ENDS,
        behalf=() if own else BEHALF,
    )


def _is_over(visit: Visit, one: dict[str, Any]) -> bool:
    """Return whether the time planned for a relationship is over."""
    ends = one["ends_at"]
    return bool(ends) and datetime.fromisoformat(ends) <= visit.kit.clock()


@shows("/programs/<program>/relationships/<relationship>/hand-over")
@allow(*STAFF)
def relationship_hand_over(visit: Visit, program: str, relationship: str) -> Response | str:
    """Ask whether a mentee goes on with another mentor; looking changes nothing."""
    one = meet.show(visit.kit, **visit.asked(), relationship=relationship)
    if one["program_id"] != visit.of.id:
        raise NotFound("relationship.not_found", visit.words("There is no such relationship here."))
    here = {
        role: [m for m in one["members"] if m["role"] == role and not m["left_at"]]
        for role in ("mentee", "mentor")
    }
    if one["state"] not in HOLDING or not all(here.values()):
        return visit.go("relationship", program=program, relationship=relationship)
    names = {role: ", ".join(m["name"] for m in those) for role, those in here.items()}
    return visit.render(
        "relationship_hand_over.html",
        title=visit.words("Find another mentor for {mentee}?", mentee=names["mentee"]),
        here="relationships",
        one=one,
        mentees=here["mentee"],
        mentors=here["mentor"],
        names=names,
        ends=ENDS,
        behalf=BEHALF,
    )


@shows("/programs/<program>/people/<participant>/leave")
@allow(*STAFF, *PARTIES)
def participant_leave(
    visit: Visit, program: str, participant: str, wrong: MentorKitError | None = None
) -> str:
    """Ask whether somebody shall leave, and say what follows; looking changes nothing."""
    found = _one(visit, participant)
    own = visit.person is not None and found["person_id"] == visit.person.id
    name = visit.text(visit.of.name)
    return visit.render(
        "participant_leave.html",
        title=visit.words("Leave {program}?", program=name)
        if own
        else visit.words("Let {name} go?", name=found["name"]),
        here="people",
        one=found,
        own=own,
        together=_together(visit, participant) if own else (),
        wrong=wrong,
    )


def _together(visit: Visit, participant: str) -> list[dict[str, Any]]:
    """Return the running relationships that somebody has to end before they leave."""
    parts = standing.home(visit.kit, **visit.asked())["parts"]
    return [held for part in parts if part["id"] == participant for held in part["relationships"]]


@does("/programs/<program>/people/<participant>/leave")
@allow(*STAFF, *PARTIES)
def participant_left(visit: Visit, program: str, participant: str) -> Response | tuple[str, int]:
    _one(visit, participant)
    try:
        onboard.leave(visit.kit, **visit.asked(), participant=participant)
    except (Conflict, Invalid) as error:
        return _again(visit, program, participant, error), status(error)
    if visit.is_staff:
        return visit.go("participant", "gone", program=program, participant=participant)
    return visit.go("home", "left")


def _again(visit: Visit, program: str, one: str, error: MentorKitError) -> str:
    return participant_leave(visit, program, one, error)


def _one(visit: Visit, participant: str) -> dict[str, Any]:
    found = onboard.show(visit.kit, **visit.asked(), participant=participant)
    if found["program_id"] != visit.of.id:
        raise NotFound("participant.not_found", visit.words("There is no such participant here."))
    return found
