"""The page on which somebody allows notifications on the device that they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit.errors import Invalid, NotFound
from mentorkit.web import allow, current
from mentorkit.web.visits import Visit
from mentorkit_webpush import devices, sealing

if TYPE_CHECKING:
    from mentorkit.hooks import WorkContext

NAME = "webpush"
EVERYBODY = ("mentee", "mentor", "coordinator", "supervisor")
FIELDS = ("endpoint", "p256dh", "auth")


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint(NAME, __name__, template_folder="templates", static_folder="static")

    @made.get("/")
    @allow(*EVERYBODY)
    def start() -> str:
        return _shown(_known())

    @made.post("/")
    @allow(*EVERYBODY)
    def keep() -> Any:
        visit = _known()
        given = {name: visit.form.get(name, "") for name in FIELDS}
        try:
            devices.keep(_context(visit), id=visit.kit.ids(), person=_person(visit), **given)
        except Invalid as error:
            return _shown(visit, error), 422
        return visit.go("webpush.start")

    @made.post("/<device>/remove")
    @allow(*EVERYBODY)
    def remove(device: str) -> Response:
        visit = _known()
        devices.remove(_context(visit), _person(visit), device)
        return visit.go("webpush.start")

    return made


def offer(visit: Visit, part: Mapping[str, Any]) -> Markup | None:
    """Lead to the page on which notifications are allowed."""
    if visit.person is None:
        return None
    template = "mentorkit_webpush/offer.html"
    return Markup(flask.render_template(template, visit=visit, _=visit.words))


def _known() -> Visit:
    """Return the visit of somebody who is known; each allows their own devices alone."""
    visit = current()
    if visit.person is None:
        raise NotFound("person.not_found", visit.words("Nobody is known here by your account."))
    return visit


def _person(visit: Visit) -> str:
    assert visit.person is not None
    return visit.person.id


def _context(visit: Visit) -> WorkContext:
    return visit.kit.work_context(visit.tenant, None, NAME)


def _shown(visit: Visit, wrong: Invalid | None = None) -> str:
    settings = visit.kit.registry.plugins[NAME].settings
    return visit.render(
        "mentorkit_webpush/devices.html",
        title=visit.words("Notifications"),
        wrong=wrong,
        devices=devices.of(_context(visit), _person(visit)),
        key=sealing.public(sealing.private_key(settings["key"])),
    )
