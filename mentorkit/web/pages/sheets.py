"""A sheet of pairs: it goes out, is filled in by hand, and comes back as a draft."""

from __future__ import annotations

import base64
from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.errors import Invalid, MentorKitError, Problem
from mentorkit.journey import sheets
from mentorkit.web.access import allow, with_sheet
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.people import rows_of, sheet_of
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit


@shows("/programs/<program>/matching/sheet")
@allow(*STAFF)
def pairs_sheet(visit: Visit, program: str) -> str | Response:
    """Show the way there and back; with ``?as=csv`` send the sheet as a file of that kind."""
    kind = flask.request.args.get("as")
    return _file(visit, program, f".{kind}") if kind else _page(visit)


def _page(visit: Visit, **shown: Any) -> str:
    sources = visit.kit.registry.recruitment_sources.values()
    return visit.render(
        "pairs_sheet.html",
        title=visit.words("Pair in a spreadsheet"),
        here="matching",
        suffixes=sorted(suffix for source in sources for suffix in source.suffixes),
        **{"told": None, **shown},
    )


def _file(visit: Visit, program: str, suffix: str) -> Response:
    made = sheets.export(visit.kit, **visit.asked(), program=program, suffix=suffix)
    headers = {"Content-Disposition": f'attachment; filename="{made["name"]}"'}
    return flask.Response(made["body"], headers=headers, mimetype="application/octet-stream")


@does("/programs/<program>/matching/sheet")
@allow(*STAFF)
@with_sheet
def pairs_taken(visit: Visit, program: str) -> Response | tuple[str, int]:
    """Show which pairs a sheet holds; the second time, make a draft of them."""
    try:
        name, body = sheet_of(visit)
        preview = visit.form.get("do") != "draft"
        told = sheets.take(
            visit.kit, **visit.asked(), program=program, body=body, filename=name, preview=preview
        )
        if not preview and not told["pairs"]:
            nothing = visit.words("give at least one mentee a mentor")
            raise Invalid("pairs.none", visit.words("No pair was found."), [Problem("", nothing)])
    except MentorKitError as error:
        return _page(visit, wrong=error), status(error)
    if told["draft"]:
        return visit.go("matching", "drafted", program=program, count=len(told["pairs"]))
    kept = base64.b85encode(body).decode()
    return _page(visit, told=told, wrong_rows=rows_of(told["problems"]), name=name, kept=kept), 200
