"""Errors as answers: the one table from what mentorkit refuses to the status that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from mentorkit.errors import (
    Conflict,
    Invalid,
    MentorKitError,
    NotAllowed,
    NotFound,
    PluginError,
)
from mentorkit.web import access, visits

STATUS: tuple[tuple[type[MentorKitError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Invalid, 422),
    (PluginError, 500),
)
"""The first class that an error is one of gives its HTTP status (RFC 9110); else it is 500."""

TITLES = {
    403: "This is not yours to open",
    404: "There is nothing here",
    409: "That was not possible",
    413: "That is too large",
    422: "Something has to be written differently",
    500: "Something is wrong on our side",
}


FORM_TOLD = (
    "What you have sent is more than {most} KB, so nothing was kept. Go back: it may still stand "
    "in the form. Copy it to be safe, shorten it, and send it again."
)
SHEET_TOLD = (
    "The file is larger than {most} MB, so nothing was taken in. Leave out columns and rows that "
    "are not needed, or split it into several files, and take in one after the other."
)
MANY_TOLD = (
    "What you have sent has more fields than {most}, so nothing was kept. Leave out columns of the "
    "sheet that are not needed, or choose fewer at once, and send it again."
)


def status(error: MentorKitError) -> int:
    """Return the HTTP status for an error."""
    return next((code for kind, code in STATUS if isinstance(error, kind)), 500)


def status_of(done: Mapping[str, Any]) -> int:
    """Return the HTTP status for what `many` has done, where it was not possible for all."""
    lost = all(one["code"].endswith(".not_found") for one in done["refused"])
    return 404 if lost and not done["done"] else 409


def page(error: MentorKitError) -> tuple[str, int]:
    """Answer with a page that says what happened and what to do; nothing was changed."""
    code = status(error)
    if error.code == "access.sign_in":
        return visits.current().sign_in(), code
    visit = visits.current()
    problems = visit.problems(error)
    title = visit.words(TITLES[code])
    return visit.render("problem.html", title=title, error=error, problems=problems), code


def too_large(_: RequestEntityTooLarge) -> tuple[str, int]:
    """Answer whoever has sent more than the view takes: how much it may be, and what to do.

    The host's own limit (MAX_CONTENT_LENGTH) may be a smaller one.
    """
    request, visit = flask.request, visits.current()
    view = flask.current_app.view_functions[request.endpoint or ""]
    hosts = request.max_content_length or access.most(view)
    if _is_of_many(view, hosts):
        message = visit.words(MANY_TOLD, most=visit.number(request.max_form_parts or access.PARTS))
    elif access.takes_sheet(view):
        most = visit.number(round(min(access.SHEET, hosts) / 2**20, 1))
        message = visit.words(SHEET_TOLD, most=most)
    else:
        most = visit.number(min(access.most(view), hosts) // 1000)
        message = visit.words(FORM_TOLD, most=most)
    return visit.render(
        "problem.html",
        title=visit.words(TITLES[413]),
        error=Invalid("form.too_large", message),
        problems=(),
    ), 413


def _is_of_many(view: Callable[..., Any], hosts: int) -> bool:
    """Return whether a form was refused though it is no larger than it may be: for its fields.

    Only a form that may bring files has a limit of these.
    """
    request = flask.request
    short = request.content_length is not None and request.content_length <= min(
        access.most(view), hosts
    )
    return short and request.mimetype == "multipart/form-data"
