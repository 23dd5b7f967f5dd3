"""The pages: begin a rehearsal, move time on, read what people would have got, and clear it."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound
from mentorkit.web import allow, answers, current
from mentorkit.web.namesakes import persons_beside
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit
from mentorkit_rehearse import stepping
from mentorkit_rehearse.copying import LONGEST
from mentorkit_rehearse.kept import moment

STAFF = ("coordinator", "admin")
HERE = "overview"
DAYS = 14
"""How many days the form moves on, unless another number is typed."""
SHOWN = 50
"""How many messages stand on one page."""


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("rehearse", __name__, template_folder="templates")

    @made.get("/<program>/")
    @allow(*STAFF)
    def shown(program: str) -> str:
        return _page(current(), program)

    @made.post("/<program>/")
    @allow(*STAFF)
    def stepped(program: str) -> str | Response | tuple[str, int]:
        visit = current()
        at: dict[str, Any] = {**visit.asked(), "program": program}
        do = visit.form.get("do", "")
        try:
            if do == "begin":
                made_up = visit.form.get("who") == "made_up"
                stepping.begin(
                    visit.kit,
                    **at,
                    people=(answers.whole("people") or -1) if made_up else None,
                    silent=visit.form.get("silent") == "yes",
                )
            elif do == "forward":
                stepping.forward(visit.kit, **at, days=answers.whole("days") or 0)
            elif do == "end":
                stepping.end(visit.kit, **at)
        except (Conflict, Invalid, NotFound) as error:
            return _page(visit, program, error), status(error)
        return visit.go("rehearse.shown", program=program)

    @made.get("/<program>/message")
    @allow(*STAFF)
    def message(program: str) -> str | Response:
        visit = current()
        number = answers.number(flask.request.args.get("number", ""))
        if number is None:
            return visit.go("rehearse.shown", program=program)
        one = stepping.read(visit.kit, **visit.asked(), program=program, message=number)
        one = _timed(visit)(one)
        return visit.render(
            "mentorkit_rehearse/message.html", title=one["subject"], here=HERE, one=one
        )

    return made


def _page(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    asked = flask.request.args
    person, before = asked.get("person") or None, answers.number(asked.get("before", ""))
    found = stepping.show(
        visit.kit, **visit.asked(), program=program, person=person, before=before, limit=SHOWN
    )
    if found is None:
        return visit.render(
            "mentorkit_rehearse/begin.html",
            title=visit.words("Rehearse the program"),
            here=HERE,
            wrong=wrong,
            longest=LONGEST,
            crowd=stepping.CROWD,
        )
    items = [_timed(visit)(one) for one in found["items"]]
    return visit.render(
        "mentorkit_rehearse/rehearsal.html",
        title=visit.words("Rehearsal"),
        here=HERE,
        wrong=wrong,
        found=found,
        days=[(day, list(those)) for day, those in groupby(items, key=lambda one: one["on"])],
        usual=found["goal"] - found["day"] or DAYS,
        at_once=stepping.AT_ONCE,
        person=person,
        before=before,
        alike=persons_beside(visit, [one["person"] for one in found["readers"]]),
    )


def _timed(visit: Visit) -> Any:
    """Return what gives a message its day and its hour, on the clock of the program."""
    zone = ZoneInfo(visit.of.zone)

    def timed(one: dict[str, Any]) -> dict[str, Any]:
        at = moment(one["at"]).astimezone(zone)
        return {**one, "on": visit.day(at.isoformat()), "hour": f"{at:%H:%M}"}

    return timed


def lead_here(visit: Visit, figures: Any) -> Markup | None:
    """Lead coordinators to the rehearsal of a program."""
    if not visit.is_staff:
        return None
    return Markup(
        '<section class="mk-card"><h2>{}</h2><p>{}</p><p><a href="{}">{}</a></p></section>'
    ).format(
        visit.words("Rehearsal"),
        visit.words("See who would get which message when. Nobody is written to."),
        visit.url("rehearse.shown", program=visit.of.key),
        visit.words("Rehearse the program"),
    )
