"""The page of the searches that somebody keeps, and the way to keep one on the list of mentors."""

from __future__ import annotations

from typing import Any

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.journey import onboard, suggestions
from mentorkit.web import allow, current, narrowed
from mentorkit.web.namesakes import beside
from mentorkit.web.pages.looking import ensure_here
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit
from mentorkit_searches import searches
from mentorkit_searches.kept import MOST
from mentorkit_searches.tables import LONGEST
from mentorkit_searches.times import EVERY

STAFF = ("coordinator", "admin")
"""Who keep a search for somebody who has told them."""
LABELS = {"name": "What you call it", "every": "How often you hear of it"}
DONE = {
    "kept": "It is kept. You hear when somebody new fits.",
    "changed": "It is changed.",
    "dropped": "It is deleted. You hear nothing of it any more.",
}
Answer = str | Response | tuple[str, int]


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("searches", __name__, template_folder="templates")

    @made.get("/<program>/<participant>")
    @allow("mentee", *STAFF)
    def kept(program: str, participant: str) -> Answer:
        return _answered(participant)

    @made.post("/<program>/<participant>")
    @allow("mentee", *STAFF)
    def keep(program: str, participant: str) -> Answer:
        visit = current()
        told: dict[str, Any] = {name: visit.form.get(name, "") for name in LABELS}
        try:
            searches.save(visit.kit, **_at(visit, participant), where=narrowed.looked_for(), **told)
        except (Conflict, Invalid) as error:
            return _answered(participant, error)
        return _done(visit, participant, "kept")

    @made.get("/<program>/look/<search>")
    @allow("mentee", *STAFF)
    def look(program: str, search: str) -> Answer:
        """Lead on to the list, narrowed to what the search looks for: messages lead here."""
        visit = current()
        participant = searches.participant_of(visit.kit, tenant=visit.tenant, search=search)
        try:
            one = searches.show(visit.kit, **_at(visit, participant), search=search)
        except Conflict as error:
            return _stopped(error)
        where = narrowed.in_address(one["where"])
        to = visit.url("mentors", program=program, participant=participant, **where)
        return flask.redirect(to, code=303)

    @made.get("/<program>/<participant>/<search>/change")
    @allow("mentee", *STAFF)
    def change(program: str, participant: str, search: str) -> Answer:
        return _form(participant, search)

    @made.post("/<program>/<participant>/<search>/change")
    @allow("mentee", *STAFF)
    def changed(program: str, participant: str, search: str) -> Answer:
        visit = current()
        at = {**_at(visit, participant), "search": search}
        try:
            if visit.form.get("do") == "drop":
                searches.drop(visit.kit, **at)
                return _done(visit, participant, "dropped")
            told: dict[str, Any] = {name: visit.form.get(name, "") for name in LABELS}
            searches.change(visit.kit, **at, where=narrowed.looked_for(), **told)
        except (Conflict, Invalid) as error:
            return _form(participant, search, error)
        return _done(visit, participant, "changed")

    return made


def _at(visit: Visit, participant: str) -> dict[str, Any]:
    ensure_here(visit, participant)
    return {**visit.asked(), "participant": participant}


def _done(visit: Visit, participant: str, did: str) -> Response:
    return visit.go("searches.kept", program=visit.of.key, participant=participant, did=did)


def _answered(participant: str, wrong: MentorKitError | None = None) -> Answer:
    """Return the page of somebody's searches, with what was wrong."""
    visit = current()
    at = _at(visit, participant)
    try:
        rows = searches.listed(visit.kit, **at)
    except Conflict as error:
        return _stopped(error)
    fields = suggestions.narrows(visit.kit, **at)["fields"]
    alike = beside(visit, [id for one in rows for id, _ in one["new"]])
    new = {
        one["id"]: ", ".join(f"{name}{alike.get(id, '')}" for id, name in one["new"])
        for one in rows
    }
    found = onboard.show(visit.kit, **at)
    own = visit.person is not None and found["person_id"] == visit.person.id
    title = visit.words("Searches of {name}", name=found["name"])
    shown = visit.render(
        "mentorkit_searches/kept.html",
        title=visit.words("Your searches") if own else title,
        rows=rows,
        said={one["id"]: narrowed.in_words(visit, fields, one["where"]) for one in rows},
        new=new,
        gone={one["id"]: _gone(visit, one["gone"]) for one in rows},
        mentee=participant,
        most=MOST,
        done=visit.words(DONE.get(flask.request.args.get("did", ""), "")),
        wrong=wrong,
        labels=_labels(visit),
    )
    return shown if wrong is None else (shown, status(wrong))


def _form(participant: str, search: str, wrong: MentorKitError | None = None) -> Answer:
    """Return the form by which a search is changed, with what was typed and what is wrong."""
    visit = current()
    at = _at(visit, participant)
    try:
        one = searches.show(visit.kit, **at, search=search)
    except Conflict as error:
        return _stopped(error)
    typed = visit.form if wrong else one
    where = narrowed.looked_for() if wrong else one["where"]
    shown = visit.render(
        "mentorkit_searches/change.html",
        title=visit.words("Change a search"),
        one=one,
        typed={name: typed.get(name, "") for name in ("name", "every")},
        fields=suggestions.narrows(visit.kit, **at, where=where)["fields"],
        where=where,
        gone=_gone(visit, one["gone"]),
        mentee=participant,
        longest=LONGEST,
        wrong=wrong,
        labels=_labels(visit),
    )
    return shown if wrong is None else (shown, status(wrong))


def _stopped(error: Conflict) -> Answer:
    visit = current()
    title = visit.words("Your searches")
    return visit.render("mentorkit_searches/stopped.html", title=title, wrong=error), status(error)


def _labels(visit: Visit) -> dict[str, str]:
    return {name: visit.words(label) for name, label in LABELS.items()}


def _gone(visit: Visit, gone: list[str]) -> str:
    """Return what of a search the program has no more, in words."""
    return ", ".join(one.replace("=", ": ") for one in gone)


# --------------------------------------------------------------------------- on the list


def in_list(visit: Visit, mentee: str, own: bool, where: Any) -> Markup | None:
    """Show who looks for themselves the way to keep what the list is narrowed to."""
    there = searches.counted(visit.kit, **_at(visit, mentee)) if own else None
    if there is None:
        return None
    told = visit.render(
        "mentorkit_searches/keep.html",
        mentee=mentee,
        there=there,
        most=MOST,
        kept=[(name, one) for name, held in narrowed.in_address(where).items() for one in held],
        longest=LONGEST,
        every=list(EVERY),
    )
    return Markup(told)
