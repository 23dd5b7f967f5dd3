"""Cohorts: put somebody into one."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mentorkit.journey import cohorts
from mentorkit.web.access import allow
from mentorkit.web.pages import does
from mentorkit.web.pages.people import _one
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.visits import Visit


@does("/programs/<program>/people/<participant>/cohort")
@allow(*STAFF)
def participant_cohort(visit: Visit, program: str, participant: str) -> Response:
    _one(visit, participant)
    key = visit.form.get("cohort") or None
    cohorts.assign(visit.kit, **visit.asked(), participant=participant, cohort=key)
    return visit.go("participant", "cohort", program=program, participant=participant)
