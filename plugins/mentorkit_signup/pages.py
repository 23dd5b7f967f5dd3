"""The form: who one wants to be, the program's questions, and what happens next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import flask
from markupsafe import Markup

from mentorkit.errors import Conflict, Invalid, MentorKitError, WithProblems
from mentorkit.i18n import zone_named
from mentorkit.journey import signup
from mentorkit.web import allow, answers, current

SIDES = ("mentee", "mentor")
KEPT = ("source", "campaign", "cohort")
"""Where somebody came from, and to which intake: kept from the address to the lead."""


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("signup", __name__, template_folder="templates")

    @made.get("/<program>")
    @allow(public=True)
    def form(program: str) -> str:
        return shown(program, flask.request.args.get("as", ""))

    @made.post("/<program>")
    @allow(public=True)
    def send(program: str) -> Any:
        visit, typed = current(), flask.request.form
        role = typed.get("as", "")
        asked = signup.form(visit.kit, tenant=visit.tenant, program=program)
        if typed.get("website") and "person" not in typed:
            # Nobody sees that field, but a machine that fills in all, and so do password managers.
            return shown(program, role, doubted=True), 422
        if refused := visit.refusal("signup", visit.actor, visit.of.id):
            return shown(program, role, refused=refused), 429
        zone = zone_named(typed.get("zone", ""), visit.locale) or asked["zone"]
        told = answers.typed(questions(asked, role))
        try:
            if role not in sides(program):
                closed = visit.words("This program does not take you in by this form just now.")
                raise Conflict("signup.closed", closed)
            taken = signup.sign_up(
                visit.kit,
                **visit.asked(means="form"),
                program=program,
                role=role,
                answers=answers.in_utc(questions(asked, role), told, zone, visit.kit.clock()),
                born=answers.whole("born"),
                locale=visit.locale,
                zone=zone,
                source=typed.get("source", ""),
                campaign=typed.get("campaign", ""),
                cohort=typed.get("cohort") or None,
                capacity=answers.whole("capacity"),
                name=typed.get("name", ""),
                email=typed.get("email", ""),
                phone=typed.get("phone", ""),
                agreed=answers.whole("agreed"),
            )
        except (Conflict, Invalid) as error:
            return shown(program, role, error), 422
        visit.counts()
        return done(taken, asked, agreed="agreed" in typed)

    return made


def done(told: Mapping[str, Any], asked: Mapping[str, Any], *, agreed: bool) -> str:
    """Return the page that follows: what happens next, and what the answers do not meet.

    Whoever has not agreed yet reads that they are asked to, and how.
    """
    visit = current()
    title = visit.words("Thank you")
    return visit.render(
        "mentorkit_signup/done.html",
        title=title,
        told=told,
        draft=asked["draft"],
        referral=asked["referral"],
        agrees=bool(asked["consent_text"]) and not agreed,
    )


def came_by() -> dict[str, str]:
    """Return the source and campaign of the address, else of the host's page that led here.

    Links of advertisements often say ``utm_source``; both words are read.
    """
    request = flask.request
    page, _, query = (request.referrer or "").partition("?")
    own = page.split("/")[2:3] == [request.host]
    led = flask.Request({"QUERY_STRING": query.partition("#")[0] if own else ""}).args
    return {
        name: request.values.get(name)
        or request.values.get(f"utm_{name}")
        or led.get(name)
        or led.get(f"utm_{name}")
        or ""
        for name in KEPT
    }


def shown(
    program: str, role: str, wrong: MentorKitError | None = None, refused: str = "",
    doubted: bool = False,
) -> str:  # fmt: skip
    """Return the form's page: the choice of a role first, then its questions.

    Whoever is `doubted` is asked to say that they are no machine, and to send it once more.
    """
    visit = current()
    asked = signup.form(visit.kit, tenant=visit.tenant, program=program)
    listed = wrong.problems if isinstance(wrong, WithProblems) else ()
    problems = {one.place: one.message for one in listed}
    answers.mark_asked(visit, asked["questions"], role)
    told = answers.typed(questions(asked, role)) if wrong or refused or doubted else {}
    for one in asked["questions"]:
        one["typed"], one["wrong"] = told.get(one["id"]), problems.get(one["id"])
    kept = came_by()
    cohorts = [one for one in asked["cohorts"] if role == "mentor" or not one["full"]]
    for one in cohorts:
        days = (visit.day(date.fromisoformat(one[end])) for end in ("starts", "ends"))
        one["days"] = " – ".join(days)
    named = kept["cohort"] if asked["dated"] else ""
    return visit.render(
        "mentorkit_signup/form.html",
        title=visit.text(asked["name"]),
        cohorts=cohorts,
        named=named,
        shut=bool(role and named and named not in [one["key"] for one in cohorts]),
        asked=asked,
        role=role if role in sides(program) else "",
        sides=sides(program) if asked["open"] else (),
        questions=questions(asked, role),
        problems=problems,
        wrong=wrong,
        kept=kept,
        refused=refused,
        doubted=doubted,
    )


def sides(program: str) -> list[str]:
    """Return the roles that the program's form takes in."""
    chosen = current().settings("signup")
    return [side for side in SIDES if chosen.get(f"{side}s", True)]


def questions(asked: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """Return what is asked of this role."""
    return [one for one in asked["questions"] if role in one["roles"] and one["kind"] != "vector"]


def address_beside(visit: Any, figures: Any) -> Markup | None:
    """Show staff where the form is below the figures, unless it stands above them already."""
    return None if figures["next"].startswith("recruit") else address(visit, figures)


def address(visit: Any, figures: Any) -> Markup | None:
    """Show staff where the form is, to be sent around."""
    if not visit.is_staff:
        return None
    asked = signup.form(visit.kit, tenant=visit.tenant, program=visit.of.key)
    where = visit.url("signup.form", program=visit.of.key, _external=True)
    told = visit.words("The sign-up form of this program, to be sent to mentors first:")
    rows = [Markup('<p>{} <a href="{}">{}</a></p>').format(told, where, where)]
    for one in asked["cohorts"]:
        told = visit.words("For the cohort {name}:", name=visit.text(one["name"]))
        to = visit.url("signup.form", program=visit.of.key, cohort=one["key"], _external=True)
        rows.append(Markup('<p>{} <a href="{}">{}</a></p>').format(told, to, to))
    return Markup("").join(rows)
