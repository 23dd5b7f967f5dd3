"""Matching: make a draft of pairs, look at each, lock or propose, and publish."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mentorkit.journey import drafts, match, supply
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.visits import Visit


@shows("/programs/<program>/matching")
@allow(*READERS)
def matching(visit: Visit, program: str) -> str:
    at = {**visit.asked(), "program": program}
    return visit.render(
        "matching.html",
        title=visit.words("Matching"),
        here="matching",
        draft=drafts.show(visit.kit, **at),
        strategy=drafts.strategy(visit.kit, **at),
        supply=supply.supply(visit.kit, **at),
        runs=match.runs(visit.kit, **at)[-10:],
    )


@does("/programs/<program>/matching")
@allow(*STAFF)
def matching_draft(visit: Visit, program: str) -> Response:
    made = match.draft(visit.kit, **visit.asked(), program=program)
    return visit.go("matching", "drafted", program=program, count=made["summary"]["pairs"])


@does("/programs/<program>/matching/<run>/publish")
@allow(*STAFF)
def matching_publish(visit: Visit, program: str, run: str) -> Response:
    done = match.publish(visit.kit, **visit.asked(), run=run)
    return visit.go("relationships", "published", program=program, count=done["offered"])


@does("/programs/<program>/matching/<run>/discard")
@allow(*STAFF)
def matching_discard(visit: Visit, program: str, run: str) -> Response:
    match.discard(visit.kit, **visit.asked(), run=run)
    return visit.go("matching", "discarded", program=program)


@does("/programs/<program>/matching/proposals/<proposal>/lock")
@allow(*STAFF)
def matching_lock(visit: Visit, program: str, proposal: str) -> Response:
    locked = visit.form.get("locked") == "yes"
    match.lock(visit.kit, **visit.asked(), proposal=proposal, locked=locked)
    said = "locked" if locked else "unlocked"
    return visit.go("matching", said, program=program, anchor=f"pair-{proposal}")
