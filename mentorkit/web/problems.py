"""Errors as answers: the one table from what mentorkit refuses to the status that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentorkit.errors import (
    Conflict,
    Invalid,
    MentorKitError,
    NotAllowed,
    NotFound,
    PluginError,
)
from mentorkit.web import visits

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
    422: "Something has to be written differently",
    500: "Something is wrong on our side",
}


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
