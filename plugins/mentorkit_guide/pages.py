"""The pages of the guided introduction: one address for each, which shows where somebody stands."""

from __future__ import annotations

import re
from typing import Any

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, NotFound
from mentorkit.journey import relay
from mentorkit.web import allow, answers, current
from mentorkit.web.namesakes import beside
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit
from mentorkit_guide import walk

PARTIES = ("mentee", "mentor", "peer")
STAFF = ("coordinator", "admin")
"""Who are told on the page where they do the same for somebody."""
NAMES = {"choose": "participant", "meet": "relationship"}
"""What the page of a use names in its address."""
PLACE = "place."
BEGUN = {
    "choose": "You have begun to ask for a mentor; {count} {steps}.",
    "meet": "You have begun your first message; {count} {steps}.",
}
Answer = str | Response | tuple[str, int]


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("guide", __name__, template_folder="templates")

    @made.get("/<program>/choose/<participant>")
    @allow("mentee", *STAFF)
    def choose(program: str, participant: str) -> Answer:
        return _open("choose", participant)

    @made.post("/<program>/choose/<participant>")
    @allow("mentee", *STAFF)
    def choose_go(program: str, participant: str) -> Answer:
        return _go("choose", participant)

    @made.get("/<program>/meet/<relationship>")
    @allow(*PARTIES, *STAFF)
    def meet(program: str, relationship: str) -> Answer:
        return _open("meet", relationship)

    @made.post("/<program>/meet/<relationship>")
    @allow(*PARTIES, *STAFF)
    def meet_go(program: str, relationship: str) -> Answer:
        return _go("meet", relationship)

    return made


def _open(use: str, about: str) -> Answer:
    try:
        return _page(use, about)
    except Conflict as error:
        return _stopped(use, about, error)


def _page(use: str, about: str, wrong: MentorKitError | None = None, typed: Any = None) -> str:
    """Return the step where somebody stands; what they `typed`, where it could not be kept."""
    visit = current()
    one = walk.show(visit.kit, **visit.asked(), use=use, about=about)
    if wrong is not None and typed is not None:
        one["typed"] = typed
    if one["kind"] == "pick":
        one["typed"] = _chosen(visit) if wrong else _places(one["typed"] or [])
    people = one["people"]
    return visit.render(
        "mentorkit_guide/step.html",
        title=one["title"],
        one=one,
        wrong=wrong,
        labels={one["step"]: one["title"]},
        at={"page": f"guide.{use}_go", "program": visit.of.key, NAMES[use]: about},
        said=answers.told(visit, {each["id"]: each["answers"] for each in people}),
        alike=beside(visit, [each["id"] for each in people]) if people else {},
        away=_away(visit, use, about),
    )


def _away(visit: Visit, use: str, about: str) -> str:
    """Return the address of the page that leads here."""
    if use == "choose":
        return visit.url("home")
    return visit.url("relationship", program=visit.of.key, relationship=about)


def _stopped(use: str, about: str, error: MentorKitError) -> tuple[str, int]:
    visit = current()
    title = visit.words("Step by step")
    away = _away(visit, use, about)
    shown = visit.render("mentorkit_guide/stopped.html", title=title, wrong=error, away=away)
    return shown, status(error)


def _go(use: str, about: str) -> Answer:
    visit = current()
    at: dict[str, Any] = {**visit.asked(), "use": use, "about": about}
    do, step = visit.form.get("do", ""), visit.form.get("step", "")
    answer: Any = None
    try:
        if do == "drop":
            walk.drop(visit.kit, **at)
            return visit.go("home")
        if do == "send":
            done = walk.send(visit.kit, **at)
            return _sent(visit, use, about, held=bool(done["held"]))
        visit.again()  # what is kept twice is kept once; a page from before may be sent again
        if do == "anew":
            walk.anew(visit.kit, **at)
        else:
            answer = _typed(visit)
            walk.keep(visit.kit, **at, step=step, answer=answer, to=do)
            if do == "stop":
                return flask.redirect(_away(visit, use, about), code=303)
    except Invalid as error:
        return _page(use, about, error, answer), status(error)
    except Conflict as error:
        return _wrong(use, about, error)
    return visit.go(f"guide.{use}", program=visit.of.key, **{NAMES[use]: about})


def _wrong(use: str, about: str, error: Conflict) -> tuple[str, int]:
    """Return the step again with what stood in the way, or that alone where there is no step."""
    try:
        return _page(use, about, error), status(error)
    except Conflict:
        return _stopped(use, about, error)


def _sent(visit: Visit, use: str, about: str, *, held: bool) -> Response:
    if use == "choose":
        return visit.go("home", "held" if held else "ranked")
    said = "held" if held else "carried"
    return visit.go("relationship", said, program=visit.of.key, relationship=about)


def _typed(visit: Visit) -> Any:
    """Return what the form holds: the mentors that have a place, times, or an answer."""
    form = visit.form
    if form.get("kind") == "pick":
        chosen = _chosen(visit)
        if len(set(chosen.values())) < len(chosen):
            told = visit.words("Give each place to one mentor only.")
            raise Invalid("choices.places", told)
        return sorted(chosen, key=lambda mentor: chosen[mentor])
    if form.get("kind") == "times":
        return {"slots": visit.values("slot"), "words": form.get("answer", "")}
    return form.get("answer", "")


def _chosen(visit: Visit) -> dict[str, int]:
    """Return the place that the form gives to each mentor, also where two have the same."""
    return {
        name.removeprefix(PLACE): int(value)
        for name, value in visit.form.items()
        if name.startswith(PLACE) and re.fullmatch("[1-9]", value)
    }


def _places(mentors: list[str]) -> dict[str, int]:
    return {mentor: place for place, mentor in enumerate(mentors, 1)}


# --------------------------------------------------------------------------- on other pages


def at_home(visit: Visit, part: Any) -> Markup | None:
    """Show a mentee who chooses for themselves the way in, or how many steps are left."""
    if not (part["self_match"] and part["stage"] in ("looking", "connected") and part["places"]):
        return None
    where = visit.url("guide.choose", program=part["program"], participant=part["id"])
    told = visit.words(
        "Choose whom to ask and write your introduction, one step after the other. You can stop "
        "and go on later."
    )
    return _way_in(visit, "choose", part["id"], where, visit.words("Step by step"), told)


def in_relationship(visit: Visit, relationship: Any) -> Markup | None:
    """Show those in a pair that has not met yet the way to their first message."""
    own = any(member["own"] and not member["left_at"] for member in relationship["members"])
    if not own or relationship["meetings"] or relationship["state"] != "active":
        return None
    if not visit.settings(walk.NAME)["meet"]:
        return None
    said = relay.said(visit.kit, **visit.asked(), relationship=relationship["id"])
    if any(one["own"] for one in said):  # they have begun to talk
        return None
    where = visit.url("guide.meet", program=visit.of.key, relationship=relationship["id"])
    told = visit.words("Not sure what to write first? Answer a few short questions.")
    label = visit.words("Write a first message, step by step")
    return _way_in(visit, "meet", relationship["id"], where, label, told)


def _way_in(visit: Visit, use: str, about: str, where: str, label: str, told: str) -> Markup | None:
    try:
        one = walk.status(visit.kit, **visit.asked(), use=use, about=about)
    except (Conflict, NotAllowed, NotFound):
        return None
    if one["begun"]:
        left = one["left"] + 1
        steps = visit.counted("step is left", "steps are left", left)
        told = visit.words(BEGUN[use], count=visit.number(left), steps=steps)
        label = visit.words("Go on where you stopped")
    return Markup('<p>{}</p><p><a class="mk-button" href="{}">{}</a></p>').format(
        told, where, label
    )
