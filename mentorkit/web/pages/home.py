"""Home: what somebody runs, and where they stand in what they take part in."""

from __future__ import annotations

from typing import Any

from mentorkit.journey import onboard, standing
from mentorkit.web.access import allow
from mentorkit.web.pages import shows
from mentorkit.web.pages.programs import STAFF, next_step
from mentorkit.web.visits import Visit

STAGES = {
    "received": "We have received your answers. Our team looks at them next and tells you.",
    "checking": "You are on the waiting list. You keep your place, and hear from us as soon as "
    "there is one for you.",
    "declined": "This program is not the right one for you just now. That is no judgement of you "
    "or your work.",
    "joining": "You are in. A few things are missing before we can look for a match.",
    "ready": "You are in. Say that you are ready, and we look for a match for you.",
    "looking": "We are looking for a match for you.",
    "asked": "There is a proposal for you. Please answer.",
    "connected": "You are connected.",
    "paused": "You are taking a break until you say that you are back.",
    "left": "You have left this program. If you would like to come back, tell your coordinator.",
}
STEPS = 10
"""Of how many programs at most home says what is next: each takes a look at all who are in it."""

MENTOR = {
    "ready": "You are in. Say that you are ready, and we tell you as soon as a mentee fits.",
    "looking": "You are ready. We tell you as soon as a mentee fits.",
    "connected": "You are connected, and have no free place now.",
}
"""What a mentor is told otherwise than a mentee."""
CHOOSING = {
    "joining": "You are in. A few things are missing before you can choose a mentor.",
    "ready": "You are in. Say that you are ready, and choose a mentor.",
    "looking": "Look for a mentor now: choose one, and ask.",
}
CHOSEN = {
    "joining": "You are in. A few things are missing before mentees can choose you.",
    "ready": "You are in. Say that you are ready, and mentees can choose you.",
    "looking": "You are ready. We tell you as soon as a mentee asks.",
}
"""What a mentee and a mentor are told where they find each other themselves."""


def _told(visit: Visit, part: dict[str, Any]) -> str:
    """Return where somebody stands, in words."""
    stage = "ready" if part["ready"] else part["stage"]
    if stage == "asked" and not any(one["yours"] for one in part["proposals"]):
        return visit.words("Somebody is asked for you. We tell you the answer at once.")
    if stage == "asked" and any(
        one["yours"] and one["state"] == "question" for one in part["proposals"]
    ):
        return visit.words("There is a question for you. Please answer.")
    told = (CHOOSING if part["self_match"] else CHOSEN) if part["matching"] == "self" else {}
    if stage in told:
        return visit.words(told[stage])
    if part["role"] == "mentor" and stage in MENTOR:
        if part["places"] and stage == "connected":
            return visit.words(
                "You are connected, and can take {count} more.", count=part["places"]
            )
        return visit.words(MENTOR[stage])
    return visit.words(STAGES[stage])


def _agrees(visit: Visit, part: dict[str, Any]) -> bool:
    """Return whether somebody has still to agree to a text before they can be matched."""
    if not part["consent_asked"] or part["stage"] in ("declined", "left"):
        return False
    shown = onboard.show(visit.kit, **visit.asked(), participant=part["id"])
    return bool(shown["consent_text"])


def _work(visit: Visit, run: dict[str, Any]) -> dict[str, Any]:
    """Return what waits in a program that somebody works in, and what is best done next."""
    found = standing.overview(visit.kit, **visit.asked(), program=run["id"])
    told, (page, of) = next_step(visit, found["next"], kind=run["kind"], matching=run["matching"])
    opens = page and (run["role"] in STAFF or page == "concerns")
    return {
        "told": told,
        "page": page if opens else "",
        "of": of if opens else {},
        "new": found["states"].get("lead", 0),
        "concerns": found["concerns"],
        "held": found["held"],
    }


@shows("/")
@allow(public=True)
def home(visit: Visit) -> str:
    if visit.is_nobody:
        return visit.sign_in()
    found = standing.home(visit.kit, **visit.asked())
    for part in found["parts"]:
        missing = part["unanswered"] or part["consent_asked"]
        part["ready"] = part["stage"] == "joining" and not missing
        part["told"] = _told(visit, part)
        part["agrees"] = _agrees(visit, part)
    for run in found["runs"][:STEPS]:
        run["work"] = _work(visit, run)
    name = visit.person.name.split(" ")[0] if visit.person else ""
    title = visit.words("Hello {name}", name=name) if name else visit.words("Mentoring")
    return visit.render("home.html", title=title, **found)
