"""Together: one thing done for all the proposals, or the relationships, that staff have ticked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.relationships import ENDS
from mentorkit.errors import Invalid, Problem
from mentorkit.journey import accept, meet
from mentorkit.journey.steps import many
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.pages import does
from mentorkit.web.pages.people import PARTIES
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.pages.relationships import relationships
from mentorkit.web.problems import status_of
from mentorkit.web.visits import Visit, noon

KEPT = ("state", "after", "asked_after")
"""What the address of the list says: which are shown, and where in it one is."""


def _yes(visit: Visit) -> dict[str, Any]:
    whose = visit.form.get("on_behalf_of")
    if whose not in (*PARTIES, "everybody"):
        told = Problem("on_behalf_of", visit.words("choose one"))
        raise Invalid("yes.whose", visit.words("No yes was noted yet."), [told])
    return {"on_behalf_of": whose if whose in PARTIES else None}


def _meeting(visit: Visit) -> dict[str, Any]:
    minutes = answers.whole("minutes") or 0
    return {"minutes": minutes, "held_at": noon(visit, visit.of.zone)}


def _end(visit: Visit) -> dict[str, Any]:
    if "sure" not in visit.form:
        told = visit.words("tick “Yes, all of these”, then press the button again")
        raise Invalid(
            "end.not_sure",
            visit.words("Nothing has ended: it cannot be taken back."),
            [Problem("sure", told)],
        )
    reason = visit.form.get("reason", "")
    return {"reason": reason if reason in ENDS else ENDS[-1]}


VERBS: dict[str, tuple[str, Callable[..., Any], Callable[[Visit], dict[str, Any]], str]] = {
    "accept": ("proposal", accept.accept, _yes, "yes_many"),
    "meet": ("relationship", meet.log, _meeting, "met_many"),
    "end": ("relationship", meet.end, _end, "ended_many"),
}
"""What may be done for many: of which noun, by which step, with what from the form; the notice."""


@does("/programs/<program>/relationships")
@allow(*STAFF)
def relationships_change(visit: Visit, program: str) -> Response | tuple[str, int]:
    did = visit.form.get("do", "")
    noun, verb, read, said = VERBS.get(did, VERBS["meet"])
    ids = visit.values(noun)
    try:
        if did not in VERBS:
            raise Invalid("form.nothing", visit.words("Say what to do: press one of the buttons."))
        if not ids:
            told = visit.words("Tick at least one of them, then press the button.")
            raise Invalid("form.nobody", visit.words("Nothing was ticked."), [Problem("", told)])
        how = read(visit)
    except Invalid as error:
        return relationships(visit, program, wrong=error, ticked=ids), 422
    done = many(visit.kit, verb, ids, **visit.asked(), noun=noun, within=visit.of.id, **how)
    if done["refused"]:
        if done["done"]:
            visit.counts()
        return relationships(visit, program, done=done), status_of(done)
    args = flask.request.args
    kept = {name: args[name] for name in KEPT if args.get(name)}
    return visit.go("relationships", said, program=program, count=len(done["done"]), **kept)
