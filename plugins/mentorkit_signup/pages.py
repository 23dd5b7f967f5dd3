"""The form: who one wants to be, the program's questions, and what happens next."""

from __future__ import annotations

from typing import Any

import flask
from markupsafe import Markup

from mentorkit.errors import Conflict, Invalid, MentorKitError, WithProblems
from mentorkit.journey import signup
from mentorkit.web import allow, answers, current

SIDES = ("mentee", "mentor")
KEPT = ("source", "campaign")
"""Where somebody came from: kept from the address to the lead."""


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
        if typed.get("website"):  # nobody sees this field but a machine that fills in all
            return visit.render("mentorkit_signup/done.html", title=visit.words("Thank you"))
        try:
            if role not in sides(program):
                told = visit.words("This program does not take you in by this form just now.")
                raise Conflict("signup.closed", told)
            signup.sign_up(
                visit.kit,
                **visit.asked(means="form"),
                program=program,
                role=role,
                answers=answers.typed(questions(asked, role)),
                born=typed.get("born", type=int),
                locale=visit.locale,
                source=typed.get("source") or "signup",
                campaign=typed.get("campaign", ""),
                name=typed.get("name", ""),
                email=typed.get("email", ""),
                phone=typed.get("phone", ""),
            )
        except (Conflict, Invalid) as error:
            return shown(program, role, error), 422
        return visit.render("mentorkit_signup/done.html", title=visit.words("Thank you"))

    return made


def shown(program: str, role: str, wrong: MentorKitError | None = None) -> str:
    """Return the form's page: the choice of a role first, then its questions."""
    visit, typed = current(), flask.request.values
    asked = signup.form(visit.kit, tenant=visit.tenant, program=program)
    listed = wrong.problems if isinstance(wrong, WithProblems) else ()
    problems = {one.place: one.message for one in listed}
    told = answers.typed(questions(asked, role)) if wrong else {}
    for one in asked["questions"]:
        one["typed"], one["wrong"] = told.get(one["id"]), problems.get(one["id"])
    return visit.render(
        "mentorkit_signup/form.html",
        title=visit.text(asked["name"]),
        asked=asked,
        role=role if role in sides(program) else "",
        sides=sides(program) if asked["open"] else (),
        questions=questions(asked, role),
        problems=problems,
        wrong=wrong,
        kept={name: typed.get(name, "") for name in KEPT},
    )


def sides(program: str) -> list[str]:
    """Return the roles that the program's form takes in."""
    chosen = current().settings("signup")
    return [side for side in SIDES if chosen.get(f"{side}s", True)]


def questions(asked: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """Return what is asked of this role."""
    return [one for one in asked["questions"] if role in one["roles"] and one["kind"] != "vector"]


def address(visit: Any, figures: Any) -> Markup | None:
    """Show staff where the form is, to be sent around."""
    if not visit.is_staff:
        return None
    where = visit.url("signup.form", program=visit.of.key, _external=True)
    told = visit.words("The sign-up form of this program, to be sent to mentors first:")
    return Markup('<p>{} <a href="{}">{}</a></p>').format(told, where, where)
