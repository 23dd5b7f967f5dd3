"""The pages: ask for a link, open it, press it, leave; and a link from staff, to be handed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, NotFound
from mentorkit.web import allow, current
from mentorkit.web.visits import Visit
from mentorkit_magiclink import links, sessions

STAFF = ("coordinator", "admin")
LONGEST = 500


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("magiclink", __name__, template_folder="templates")

    @made.get("/")
    @allow(public=True)
    def start() -> str:
        return _start(current())

    @made.post("/")
    @allow(public=True)
    def ask() -> Any:
        visit = _here()
        try:
            links.ask(
                visit.kit,
                tenant=visit.tenant,
                address=visit.form.get("address", ""),
                client=flask.request.remote_addr or "",
                way_back=way_back(visit, visit.form.get("next", "")),
            )
        except Invalid as error:
            return _start(visit, error), 422
        except Conflict as error:
            return _start(visit, error), 409
        return visit.go("magiclink.sent")

    @made.get("/sent")
    @allow(public=True)
    def sent() -> str:
        visit = current()
        return visit.render("mentorkit_magiclink/sent.html", title=visit.words("Look for the link"))

    @made.get("/o/<token>")
    @allow(public=True)
    def open_(token: str) -> Any:
        # Scanners of mail open every link: it says nothing of whose it is, and changes nothing.
        visit = _mounted()
        try:
            links.opened(visit.kit, tenant=visit.tenant, token=token)
        except (NotFound, Conflict) as error:
            return _start(visit, error), 404 if isinstance(error, NotFound) else 409
        title = visit.words("Sign in to your mentoring")
        return visit.render("mentorkit_magiclink/open.html", title=title, token=token)

    @made.post("/o/<token>")
    @allow(public=True)
    def press(token: str) -> Any:
        visit = _here()
        which: dict[str, Any] = {"tenant": visit.tenant, "token": token}
        try:
            done = links.press(
                visit.kit,
                **which,
                person=visit.form.get("person") or None,
                user_ref=visit.actor.user_ref,
            )
        except Conflict as error:
            if error.code == "magiclink.used" and (begun := sessions.begun(visit, token)):
                response = _back(visit, begun)
                visit.again()
                sessions.give_again(visit, response, token, begun["person"])
                return response
            if error.code != "magiclink.which":
                return _start(visit, error), 409
            people = links.opened(visit.kit, **which)["people"]
            title = visit.words("Who are you?")
            return visit.render(
                "mentorkit_magiclink/which.html", title=title, token=token, people=people
            )
        except NotFound as error:
            return _start(visit, error), 404
        response = _back(visit, done)
        if visit.actor.user_ref is None:
            visit.again()
            sessions.give(visit, response, token, done)
        return response

    @made.post("/out")
    @allow(public=True)
    def leave() -> Response:
        visit = current()
        response = visit.go("home")
        visit.again()
        sessions.take(visit, response, everywhere=bool(visit.form.get("everywhere")))
        return response

    @made.post("/make/<program>/<participant>")
    @allow(*STAFF)
    def make(program: str, participant: str) -> str:
        visit = _mounted()
        with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
            part = tx.participants.first(id=participant, program_id=visit.of.id)
        if part is None:
            raise NotFound("participant.not_found", "There is no such participant here.")
        made = links.make(visit.kit, tenant=visit.tenant, actor=visit.actor, person=part.person_id)
        title = visit.words("A link for {name}", name=made["name"])
        return visit.render(
            "mentorkit_magiclink/made.html", title=title, made=made, participant=participant
        )

    return made


def _mounted() -> Visit:
    """Return the visit; raise `NotFound` where the host does not let people in by links."""
    visit = current()
    if not (sessions.offered() and links.ready(visit.kit)):
        raise NotFound("magiclink.not_offered", "Nobody signs in here by a link.")
    return visit


def _here() -> Visit:
    """Return the visit; refuse a form that another site has sent (its token is open to all)."""
    if flask.request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed("form.not_ours", "This form came from elsewhere, so nothing was changed.")
    return _mounted()


def _start(visit: Visit, wrong: MentorKitError | None = None) -> str:
    """Return the page that asks for an address, with what went wrong."""
    title = visit.words("Sign in by a link")
    return visit.render("mentorkit_magiclink/start.html", title=title, wrong=wrong)


def ask_form(visit: Visit, to: str) -> Markup | None:
    """Offer a link to whoever is not signed in."""
    if not (sessions.offered() and links.ready(visit.kit)):
        return None
    return Markup(flask.render_template(
        "mentorkit_magiclink/ask.html", visit=visit, _=visit.words, to=to
    ))  # fmt: skip


def sign_out_form(visit: Visit) -> Markup | None:
    """Let whoever came by a link leave again."""
    if visit.actor.means != "link":
        return None
    return Markup(flask.render_template(
        "mentorkit_magiclink/out.html", visit=visit, _=visit.words
    ))  # fmt: skip


def make_form(visit: Visit, participant: Any) -> Markup | None:
    """Let staff make a link for somebody, where links lead in."""
    if not (visit.is_staff and sessions.offered() and links.ready(visit.kit)):
        return None
    return Markup(flask.render_template(
        "mentorkit_magiclink/make.html", visit=visit, _=visit.words, participant=participant
    ))  # fmt: skip


def _back(visit: Visit, done: Mapping[str, Any]) -> Response:
    """Lead whoever has signed in to where they wanted to go."""
    return flask.redirect(way_back(visit, done["way_back"] or visit.url("home")), code=303)


def way_back(visit: Visit, wanted: str) -> str:
    """Return where somebody wanted to go, if it is a page of this mount; else its home."""
    home = visit.url("home")
    inside = wanted.startswith(home) and len(wanted) <= LONGEST and wanted.isprintable()
    plain = not any(one in wanted for one in ("\\", "//", "..", "@", ":"))
    return wanted if inside and plain else home
