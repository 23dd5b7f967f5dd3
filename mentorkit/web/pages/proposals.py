"""Proposals: what somebody is asked, and their answer; also by staff for them."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound
from mentorkit.journey import accept, contents, introduce, match
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.people import PARTIES
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import BEHALF, Visit

DECLINES = ("no_time", "other_needs", "know_each_other", "too_far")
"""Codes of why somebody says no; told to staff alone."""
UNSAID = "no_reason_given"
"""The code where no reason is chosen, which nobody has to."""


@shows("/programs/<program>/proposals/<proposal>")
@allow(*STAFF, *PARTIES)
def proposal(visit: Visit, program: str, proposal: str, wrong: MentorKitError | None = None) -> str:
    one = accept.show(visit.kit, **visit.asked(), proposal=proposal)
    if one["program_id"] != visit.of.id:
        raise NotFound("proposal.not_found", visit.words("There is no such proposal here."))
    behalf = one["as_role"] not in PARTIES
    return visit.render(
        "proposal.html",
        title=_title(visit, one),
        here="relationships",
        one=one,
        said=answers.told(visit, {each["participant"]: each["answers"] for each in one["about"]}),
        mine=() if behalf else contents.own(visit.kit, **visit.asked(), about=proposal),
        wrong=wrong,
        declines=DECLINES,
        behalf=BEHALF if behalf else (),
    )


def _title(visit: Visit, one: dict[str, Any]) -> str:
    if one["circle_of"] and one["as_role"] == "mentor":
        return visit.words("Lead a circle with {name}?", name=one["mentee"])
    if one["circle_of"] and one["as_role"] == "mentee":
        return visit.words("{name} as second mentor of your circle?", name=one["mentor"])
    if one["as_role"] == "mentee":
        return visit.words("{name} as your mentor?", name=one["mentor"])
    if one["as_role"] == "mentor":
        return visit.words("Be a mentor to {name}?", name=one["mentee"])
    return visit.words("{mentee} and {mentor}", mentee=one["mentee"], mentor=one["mentor"])


@does("/programs/<program>/proposals/<proposal>")
@allow(*STAFF, *PARTIES)
def proposal_answer(visit: Visit, program: str, proposal: str) -> Response | tuple[str, int]:
    at = {**visit.asked(), "proposal": proposal}
    did, text = visit.form.get("do", ""), visit.form.get("text", "")
    try:
        if did == "accept":
            whose = visit.form.get("on_behalf_of") or None
            done = accept.accept(visit.kit, **at, on_behalf_of=whose)
            said = "yes_noted" if whose in PARTIES else "accepted"
            if begun := done.get("relationship"):
                if not visit.is_staff:
                    said = _connected(visit, begun["id"])
                return visit.go("relationship", said, program=program, relationship=begun["id"])
        elif did == "decline":
            reason = visit.form.get("reason", "")
            reason = reason if reason in DECLINES else UNSAID
            accept.decline(visit.kit, **at, reason=reason, note=text)
            told = accept.show(visit.kit, **visit.asked(), proposal=proposal)
            said = "refused" if told["as_role"] in PARTIES else "no_noted"
        elif did == "ask":
            done = accept.ask(visit.kit, **at, text=text)
            said = "question" if done["due_at"] else "held"
        elif did == "reply":
            done = accept.reply(visit.kit, **at, text=text)
            said = "replied" if done["due_at"] else "held"
        elif did == "withdraw":
            accept.withdraw(visit.kit, **at)
            said = "withdrawn"
        else:
            raise Invalid("form.nothing", visit.words("Say what to do: press one of the buttons."))
    except (Conflict, Invalid) as error:
        return _again(visit, program, proposal, error), status(error)
    return visit.go("proposal", said, program=program, proposal=proposal)


def _connected(visit: Visit, relationship: str) -> str:
    """Return what whoever is connected now is told: whether somebody shares how to be reached."""
    told = introduce.introduction(visit.kit, **visit.asked(), relationship=relationship)
    return "connected" if any(one["ways"] for one in told["others"]) else "connected_now"


def _again(visit: Visit, program: str, one: str, error: MentorKitError) -> str:
    return proposal(visit, program, one, error)


@does("/programs/<program>/proposals")
@allow(*STAFF, *PARTIES)
def proposal_make(visit: Visit, program: str) -> Response:
    """Bring two together by hand, or ask for a mentor oneself."""
    mentee, mentor = visit.form.get("mentee", ""), visit.form.get("mentor", "")
    made = match.propose(visit.kit, **visit.asked(), mentee=mentee, mentor=mentor)
    return visit.go("proposal", "proposed", program=program, proposal=made["id"])
