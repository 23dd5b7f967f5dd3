"""Answering: a page behind a link, without a log-in, where one tap answers what a message asks."""

from __future__ import annotations

import flask
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.journey import answer as answering
from mentorkit.journey import links
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit

SAID = {"accepted": "accepted", "declined": "refused", "noted": "noted_answer"}
"""What the page says after an answer, by the code of what it did."""


@shows("/answer/<token>")
@allow(public=True)
def answer(visit: Visit, token: str, wrong: MentorKitError | None = None) -> str:
    """Show the buttons; opening this changes nothing, as scanners of mail open every link.

    The answer that the link was for comes first, and waits for its button as the others do.
    """
    found = answering.show(visit.kit, tenant=visit.tenant, token=token)
    link = links.read(visit.kit, token, tenant=visit.tenant, purpose=answering.PURPOSE)
    chosen = visit.form.get("choice") or flask.request.args.get("choice", "")
    about = {found["noun"]: found["id"]} if found["noun"] == "proposal" else {}
    about = about or {"relationship": found["relationship"]}
    return visit.render(
        "answer.html",
        title=found["text"] or visit.words("Your answer"),
        one=found,
        token=token,
        choices=sorted(found["choices"], key=lambda one: one[0] != chosen),
        chosen=chosen if chosen in dict(found["choices"]) else "",
        report=visit.report(link, **about),
        more=_page(visit, found),
        wrong=wrong,
    )


@does("/answer/<token>")
@allow(public=True)
def answer_give(visit: Visit, token: str) -> Response | tuple[str, int]:
    choice = visit.form.get("choice", "")
    try:
        done = answering.answer(visit.kit, tenant=visit.tenant, token=token, choice=choice)
    except (Conflict, Invalid) as error:
        if error.code.startswith("link."):
            raise  # there is no page to show it on
        return answer(visit, token, error), status(error)
    return visit.go("answer", SAID[done["said"]], token=token)


def _page(visit: Visit, found: dict[str, str]) -> str:
    """Return the page about it, for those who sign in: of the two once they are together."""
    if found["relationship"]:
        held = found["relationship"]
        return visit.url("relationship", program=found["program"], relationship=held)
    return visit.url("proposal", program=found["program"], proposal=found["id"])
