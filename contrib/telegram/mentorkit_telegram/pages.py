"""The page on which somebody connects their chat, and what leads to it from their home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit.errors import NotFound
from mentorkit.journey import links
from mentorkit.web import allow, current
from mentorkit.web.visits import Visit
from mentorkit_telegram import chats

EVERYBODY = ("mentee", "mentor", "coordinator", "supervisor")


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("telegram", __name__, template_folder="templates")

    @made.get("/")
    @allow(*EVERYBODY)
    def start() -> str:
        return _shown(*_theirs())

    @made.post("/")
    @allow(*EVERYBODY)
    def connect() -> str:
        visit, person = _theirs()
        link = chats.make(visit.kit, tenant=visit.tenant, person=person)
        return _shown(visit, person, link)

    @made.post("/end")
    @allow(*EVERYBODY)
    def end() -> Response:
        visit, person = _theirs()
        chats.end(visit.kit.work_context(visit.tenant, None, chats.NAME), person)
        return visit.go("telegram.start")

    return made


def offer(visit: Visit, part: Mapping[str, Any]) -> Markup | None:
    """Lead whoever has no chat connected to where they can do that."""
    if visit.person is None or not links.can_sign(visit.kit):
        return None
    template = "mentorkit_telegram/offer.html"
    state = _state(visit, visit.person.id)
    return Markup(flask.render_template(template, visit=visit, _=visit.words, state=state))


def _theirs() -> tuple[Visit, str]:
    """Return the visit, and the person who connects their own chat and nobody else's."""
    visit = current()
    if visit.person is None:
        raise NotFound("person.not_found", visit.words("Nobody is known here by your account."))
    return visit, visit.person.id


def _state(visit: Visit, person: str) -> str:
    return chats.state(visit.kit.work_context(visit.tenant, None, chats.NAME), person)


def _shown(visit: Visit, person: str, link: str = "") -> str:
    settings = visit.kit.registry.plugins[chats.NAME].settings
    return visit.render(
        "mentorkit_telegram/connect.html",
        title=visit.words("Messages in Telegram"),
        state=_state(visit, person),
        link=link,
        bot=settings["bot"],
        minutes=settings["minutes"],
    )
