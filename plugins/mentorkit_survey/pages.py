"""The form of a survey, for whom it asks and for staff in their place; and who was asked what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import flask
from markupsafe import Markup

from mentorkit.domain.surveys import CURRENCY
from mentorkit.errors import (
    Conflict,
    Invalid,
    MentorKitError,
    NotAllowed,
    NotFound,
    WithProblems,
)
from mentorkit.i18n import currencies_of
from mentorkit.journey import feedback, links
from mentorkit.web import allow, answers, current
from mentorkit.web.visits import BEHALF, LONG
from mentorkit_survey import drafts

OPEN = ("mentee", "mentor", "coordinator", "admin")
LISTED = ("coordinator", "admin", "supervisor", "viewer")
STATES = ("open", "late", "answered")


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("survey", __name__, template_folder="templates")

    @made.get("/<program>/")
    @allow(*LISTED)
    def listed(program: str) -> str:
        visit = current()
        state = flask.request.args.get("state") or "open"
        rows = feedback.surveys(visit.kit, **visit.asked(), program=program, state=state)
        return visit.render(
            "mentorkit_survey/list.html",
            title=visit.words("Surveys"),
            here="surveys",
            rows=rows,
            state=state,
            states=STATES,
        )

    @made.get("/<program>/<survey>")
    @allow(*OPEN)
    def form(program: str, survey: str) -> str:
        return shown(program, survey)

    @made.post("/<program>/<survey>")
    @allow(*OPEN)
    def send(program: str, survey: str) -> Any:
        visit = current()
        answered = kept(program, survey)
        if answered is not None:
            return answered
        if visit.form.get("do") == "save":
            return visit.go("survey.form", "saved", program=program, survey=survey)
        if asks(one_of(program, survey)) and not visit.is_staff:
            return visit.go("home", "answered")
        return visit.go("survey.listed", "noted", program=program, **listed_before())

    @made.get("/<program>/s/<token>")
    @allow(public=True)
    def by_link(program: str, token: str) -> str:
        return shown(program, linked(token).about["survey"], token)

    @made.post("/<program>/s/<token>")
    @allow(public=True)
    def send_by_link(program: str, token: str) -> Any:
        visit = current()
        survey = linked(token).about["survey"]
        answered = kept(program, survey, token)
        if answered is not None:
            return answered
        if visit.form.get("do") == "save":
            return visit.go("survey.by_link", "saved", program=program, token=token)
        visit.counts()
        return done(one_of(program, survey, token), token)

    return made


def listed_before() -> dict[str, str]:
    """Return which list somebody came from to the form, to go back to."""
    state = flask.request.args.get("state")
    return {"state": state} if state in STATES else {}


def linked(token: str) -> links.Link:
    """Return what the link says that somebody came by."""
    visit = current()
    return links.read(visit.kit, token, tenant=visit.tenant, purpose=feedback.PURPOSE)


def asked(token: str) -> dict[str, Any]:
    """Return what each step is told: who acts, be it by a link."""
    visit = current()
    if token:
        return {"tenant": visit.tenant, "actor": linked(token).actor}
    return visit.asked()


def one_of(program: str, survey: str, token: str = "") -> dict[str, Any]:
    """Return a survey of this program."""
    visit = current()
    one = feedback.show(visit.kit, **asked(token), survey=survey)
    if one["program"] != visit.of.key:
        raise NotFound(
            "survey.not_found",
            visit.words("There is no such survey here, or it is not asked any more."),
        )
    return one


def asks(one: Mapping[str, Any], token: str = "") -> bool:
    """Return whether a survey asks whoever is here: what they keep unsent is theirs alone."""
    visit = current()
    return bool(token) or (visit.person is not None and visit.person.id == one["person_id"])


def kept(program: str, survey: str, token: str = "") -> Any:
    """Keep what was filled in, or send it; return the page again where that cannot be."""
    visit = current()
    one = one_of(program, survey, token)
    told = answers.typed(one["questions"])
    context = visit.kit.work_context(visit.tenant, visit.of, "survey")
    if visit.form.get("do") == "save":
        if not asks(one, token):
            raise NotAllowed("survey.not_yours", visit.words("Only who is asked saves for later."))
        drafts.save(context, survey, one["person_id"], told)
        return None
    try:
        feedback.answer(visit.kit, **asked(token), survey=survey, answers=told)
    except (Conflict, Invalid) as error:
        return shown(program, survey, token, error), 422
    drafts.drop(context, survey)
    return None


def shown(program: str, survey: str, token: str = "", wrong: MentorKitError | None = None) -> str:
    """Return the form with what was typed or kept, or a word of thanks where it was answered."""
    visit = current()
    one = one_of(program, survey, token)
    own = asks(one, token)
    if one["answered_at"] and own:
        return done(one, token)
    told = answers.typed(one["questions"]) if wrong else {}
    if own and not told:
        told = drafts.read(visit.kit.work_context(visit.tenant, visit.of, "survey"), survey)
    listed = wrong.problems if isinstance(wrong, WithProblems) else ()
    problems = {problem.place: problem.message for problem in listed}
    for question in one["questions"]:
        question["typed"] = told.get(question["id"], answers.as_typed(question))
        question["wrong"] = problems.get(question["id"])
        if question["id"] == CURRENCY and len(question["choices"]) > LONG:
            question["first"] = likely(one, question["choices"])
    return visit.render(
        "mentorkit_survey/form.html",
        title=visit.text(one["titles"][0]),
        one=one,
        wrong=wrong,
        labels={question["id"]: visit.text(question["label"]) for question in one["questions"]},
        at={"page": "survey.send_by_link", "program": program, "token": token}
        if token
        else {"page": "survey.send", "program": program, "survey": survey, **listed_before()},
        behalf=() if own else BEHALF,
        report=report(one, token) if own else None,
    )


def likely(one: Mapping[str, Any], choices: Collection[str]) -> list[str]:
    """Return the currencies to show first: the one told before, and those where somebody lives."""
    zones = (one["zone"], current().of.zone)
    found = [one["currency"], *(code for zone in zones for code in currencies_of(zone))]
    return [code for code in dict.fromkeys(found) if code in choices]


def done(one: dict[str, Any], token: str = "") -> str:
    visit = current()
    return visit.render(
        "mentorkit_survey/done.html", title=visit.words("Thank you"), report=report(one, token)
    )


def report(one: dict[str, Any], token: str) -> str:
    """Return the address at which whoever is asked reports a problem."""
    visit, held = current(), one["relationship_id"]
    if not token:
        return visit.url("concern_form", program=visit.of.key, relationship=held)
    about = {"relationship": held} if held else {"program": visit.of.id}
    return visit.report(linked(token), **about)


def asked_at_home(visit: Any, part: Any) -> Markup | None:
    """Show somebody what they are asked in this program."""
    return _asked(
        visit,
        part["program"],
        lambda one: one["participant_id"] == part["id"],
        part["program_zone"],
    )


def asked_about(visit: Any, relationship: Any) -> Markup | None:
    """Show somebody what they are asked about this relationship."""
    here = relationship["id"]
    return _asked(visit, visit.of.key, lambda one: one["relationship_id"] == here)


def asked_of_staff(visit: Any, figures: Any) -> Markup | None:
    """Show staff what they are asked themselves, and where all surveys are."""
    where = visit.url("survey.listed", program=visit.of.key)
    own = _asked(visit, visit.of.key, lambda one: one["side"] == "staff")
    return Markup(
        '<section class="mk-card"><h2>{}</h2>{}<p><a href="{}">{}</a></p></section>'
    ).format(visit.words("Surveys"), own or "", where, visit.words("Who was asked what"))


def _asked(visit: Any, program: str, wanted: Any, zone: str | None = None) -> Markup | None:
    rows = [
        one
        for one in feedback.mine(visit.kit, **visit.asked())
        if one["program"] == program and wanted(one)
    ]
    line = Markup(
        '<p><a class="mk-button mk-main-button" href="{}">{}</a><br>'
        '<span class="mk-quiet">{}</span></p>'
    )
    told = visit.words("A few questions for you:")
    if any(one["side"] == "staff" for one in rows):  # once, however many pairs have come to it
        told = visit.words(
            "A few questions for you, as one who works for this program: about how it goes as a "
            "whole, not about one pair alone."
        )
    head = Markup("<p>{}</p>").format(told) if rows else ""
    return Markup(head) + Markup("").join(
        line.format(
            visit.url("survey.form", program=program, survey=one["id"]),
            _named(visit, one),
            visit.words("until {day}", day=visit.day(one["due_at"], zone))
            if one["state"] == "open"
            else visit.words("late, and still welcome"),
        )
        for one in rows
    )


def _named(visit: Any, one: Any) -> str:
    """Return the title of a survey, and whom it is about."""
    title = visit.text(one["titles"][0])
    if not one["with"]:
        return str(title)
    names = ", ".join(one["with"])
    return str(visit.words("{title}: your mentoring with {others}", title=title, others=names))
