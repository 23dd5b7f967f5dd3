"""Parked: what was promised to people of a program and given up; staff try it again or drop it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from werkzeug.wrappers import Response

from mentorkit.errors import NotFound
from mentorkit.journey import parked
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.problems import status
from mentorkit.web.sure import ask_first, is_asked
from mentorkit.web.visits import Visit


@shows("/programs/<program>/parked")
@allow(*STAFF)
def parked_jobs(visit: Visit, program: str, gone: bool = False) -> str:
    """List what was given up; `gone` says that what was decided on is not there any more."""
    return visit.render(
        "parked.html",
        gone=gone,
        title=visit.words("What was given up"),
        here="overview",
        jobs=[_worded(visit, row) for row in _rows(visit, program)],
    )


@does("/programs/<program>/parked")
@allow(*STAFF)
def parked_decide(visit: Visit, program: str) -> str | Response | tuple[str, int]:
    """Try one job again or drop it, or try all of them again."""
    did, job = visit.form.get("do", ""), visit.form.get("job", "")
    if did == "all":
        for row in _rows(visit, program):
            with suppress(NotFound):  # somebody else has decided on it meanwhile
                parked.retry(visit.kit, **visit.asked(), job=row["id"])
        return visit.go("parked_jobs", "tried_again", program=program)
    try:
        if did == "drop" and is_asked(visit):
            return _sure(visit, program, job)
        (parked.drop if did == "drop" else parked.retry)(visit.kit, **visit.asked(), job=job)
    except NotFound as error:
        return parked_jobs(visit, program, gone=True), status(error)
    said = "job_dropped" if did == "drop" else "tried_again"
    return visit.go("parked_jobs", said, program=program)


def _rows(visit: Visit, program: str) -> list[dict[str, Any]]:
    return parked.parked(visit.kit, **visit.asked(), program=program)


def _worded(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with what it is, and why it was given up, in the visitor's words."""
    what = visit.words(row["what"])
    if row["subject"]:
        subject = visit.text(row["subject"]).replace("{program}", visit.text(visit.of.name))
        what = f"{what}: {subject}" if "{" not in subject else what
    return {**row, "what": what, "why": visit.words(row["why"])}


def _sure(visit: Visit, program: str, job: str) -> str:
    """Ask whether something shall never happen."""
    row = next((one for one in _rows(visit, program) if one["id"] == job), None)
    if row is None:
        raise NotFound("job.not_found", visit.words("Nothing of this id was given up."))
    return ask_first(
        visit,
        visit.words("Drop this for good?"),
        [
            f"{_worded(visit, row)['what']} ({row['person']})" if row["person"] else row["what"],
            visit.words("It never happens then, and nobody is told. It cannot be taken back."),
        ],
        here="overview",
        yes=visit.words("Yes, drop it"),
        back=visit.url("parked_jobs", program=program),
    )
