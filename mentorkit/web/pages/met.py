"""Met: a page behind a link, without a log-in, where one tap logs a meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.journey import links
from mentorkit.journey import met as meeting
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit, noon

LENGTHS = (30, 45, 60, 90)
"""Minutes that meetings usually last, a button each."""


@shows("/met/<token>")
@allow(public=True)
def met(visit: Visit, token: str, wrong: MentorKitError | None = None) -> str:
    """Show the buttons; opening this changes nothing, as scanners of mail open every link."""
    found = meeting.show(visit.kit, tenant=visit.tenant, token=token)
    link = links.read(visit.kit, token, tenant=visit.tenant, purpose=meeting.PURPOSE)
    zone, logged = ZoneInfo(found["zone"]), found["meeting"]
    now = visit.kit.clock().astimezone(zone)
    day = datetime.fromisoformat(logged["held_at"]).astimezone(zone).date() if logged else None
    return visit.render(
        "met.html",
        title=visit.words("{mentee} and {mentor}", **{k: found[k] for k in ("mentee", "mentor")}),
        one=found,
        token=token,
        today=now.date().isoformat(),
        day=day,
        lengths=LENGTHS,
        report=visit.report(link, relationship=found["relationship"]),
        wrong=wrong,
    )


@does("/met/<token>")
@allow(public=True)
def met_log(visit: Visit, token: str) -> Response | tuple[str, int]:
    at: dict[str, Any] = {"tenant": visit.tenant, "token": token}
    try:
        if visit.form.get("do") == "strike":
            meeting.strike(visit.kit, **at)
            return visit.go("met", "struck", token=token)
        zone = meeting.show(visit.kit, **at)["zone"]
        held: datetime = noon(visit, zone)
        minutes = answers.whole("minutes") or 0
        meeting.log(visit.kit, **at, minutes=minutes, held_at=held)
    except (Conflict, Invalid) as error:
        return met(visit, token, error), status(error)
    return visit.go("met", "met", token=token)
