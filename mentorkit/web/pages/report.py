"""The report of a program, each of its tables as CSV, and the plan it is measured by."""

from __future__ import annotations

import re
from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.surveys import AFTER, MONTHS
from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.journey import evaluate, programs, setup
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.namesakes import apart
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit

AT = {
    "ParticipantOnboarded": "When somebody joins",
    "RelationshipStarted": "When two are connected",
    "MeetingHeld": "After each meeting, those who were there",
    "RelationshipEnded": "When it ends",
}
"""When something is asked, in words, by the event after which it is."""
assert AT.keys() == AFTER.keys()


@shows("/programs/<program>/report")
@allow(*READERS)
def report(visit: Visit, program: str) -> str | Response:
    if sheet := flask.request.args.get("sheet"):
        return _sheet(visit, program, sheet)
    made = evaluate.report(visit.kit, **visit.asked(), program=program)
    made["flags"] = apart(visit, made["flags"])
    return visit.render("report.html", title=visit.words("Report"), here="report", **made)


def _sheet(visit: Visit, program: str, table: str) -> Response:
    at = {**visit.asked(), "program": program, "locale": visit.locale}
    written = evaluate.sheet(visit.kit, **at, table=table)
    named = {"Content-Disposition": f'attachment; filename="{visit.of.key}-{table}.csv"'}
    # The mark lets spreadsheets read it as UTF-8.
    return flask.Response(written.encode("utf-8-sig"), mimetype="text/csv", headers=named)


@shows("/programs/<program>/plan")
@allow(*READERS)
def plan(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    made = programs.export(visit.kit, **visit.asked(), program=program)
    found = made.get("measurement", {})
    return visit.render(
        "plan.html",
        title=visit.words("What is measured"),
        here="report",
        plan=found,
        percent=answers.digits(round(100 * (found.get("winsor") or 0), 10)),
        questionnaires=made.get("questionnaires", {}),
        at=AT,
        periods=MONTHS,
        wrong=wrong,
        number=setup.show(visit.kit, **visit.asked(), program=program)["numbers"]["measurement"],
    )


@does("/programs/<program>/plan")
@allow(*STAFF)
def plan_change(visit: Visit, program: str) -> Response | tuple[str, int]:
    made = programs.export(visit.kit, **visit.asked(), program=program)
    body: dict[str, Any] = made.get("measurement", {})
    if visit.form.get("do") == "none":
        body = {"none": {visit.of.locale: visit.form.get("none", "").strip()}}
    else:
        codes = re.findall(r"[^\s,;]+", visit.form.get("currencies", "").upper())
        body |= {"period": visit.form.get("period", ""), "winsor": _share()}
        body |= {"currencies": codes} if codes else {}
    at = {**visit.asked(), "program": program, "kind": "measurement"}
    try:
        programs.define(visit.kit, **at, body=body, was=answers.whole("was"))
    except (Conflict, Invalid) as error:
        return plan(visit, program, error), status(error)
    return visit.go("plan", "planned", program=program)


def _share() -> Any:
    """Return the share that is pulled in at each end, of the percentage that was typed."""
    typed = answers.decimal("winsor") or 0
    return typed if isinstance(typed, str) else round(typed / 100, 12)
