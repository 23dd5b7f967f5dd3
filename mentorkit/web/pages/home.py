"""Home: what somebody runs, and where they stand in what they take part in."""

from __future__ import annotations

from mentorkit.journey import standing
from mentorkit.web.access import allow
from mentorkit.web.pages import shows
from mentorkit.web.visits import Visit

STAGES = {
    "received": "We have received your answers.",
    "checking": "Our team is looking at your answers.",
    "declined": "You are not taking part in this program.",
    "joining": "You are in. A few things are missing before we can look for a match.",
    "looking": "We are looking for a match for you.",
    "asked": "There is a proposal for you.",
    "connected": "You are connected.",
    "paused": "You are taking a break.",
    "left": "You have left this program.",
}


@shows("/")
@allow(public=True)
def home(visit: Visit) -> str:
    if visit.is_nobody:
        return visit.sign_in()
    found = standing.home(visit.kit, **visit.asked())
    for part in found["parts"]:
        part["told"] = visit.words(STAGES[part["stage"]])
    name = visit.person.name.split(" ")[0] if visit.person else ""
    title = visit.words("Hello {name}", name=name) if name else visit.words("Mentoring")
    return visit.render("home.html", title=title, **found)
