"""Matching: make a draft of pairs, look at each, lock or propose, and publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.moves import PARTIES
from mentorkit.errors import Conflict, Invalid, MentorKitError, PluginError, WithProblems
from mentorkit.journey import accept, browse, drafts, match, strategies, supply
from mentorkit.matching.figures import not_looked_at
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.namesakes import beside
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.sifting import asked_for, called, sift
from mentorkit.web.sure import ask_first, is_asked
from mentorkit.web.visits import Visit

Told = Mapping[str, Any]
MOST = 50
"""How many pairs of a draft stand on one page."""


@shows("/programs/<program>/matching")
@allow(*READERS)
def matching(
    visit: Visit, program: str, error: MentorKitError | None = None, made: Any = None
) -> str:
    at = {**visit.asked(), "program": program}
    before = flask.request.args.get("before")
    with visit.kit.reading_once(tenant=visit.tenant):
        draft = drafts.show(visit.kit, **at, by=flask.request.args.get("by", ""))
        strategy = strategies.show(visit.kit, **at, locale=visit.locale)
        supplied = supply.supply(visit.kit, **at)
        runs = browse.runs(visit.kit, **at, before=before, limit=10)
    alike = beside(visit, _everybody(draft)) if draft else {}
    people = _people(draft, alike) if draft else {}
    begin = _begin()
    sifted = sift(visit, draft, flask.request.args) if draft else None
    if sifted and begin >= len(sifted.pairs):  # the last of the page was taken out
        begin = max(0, len(sifted.pairs) - 1) // MOST * MOST
    why, why_wrong = _why(visit, program) if draft and visit.is_staff else (None, None)
    return visit.render(
        "matching.html",
        title=visit.words("Matching"),
        here="matching",
        draft=draft,
        sifted=sifted,
        left=_by_reason(sifted.left) if sifted else {},
        called=partial(called, visit, draft["fields"].get(sifted.by) if draft and sifted else {}),
        unlooked=not_looked_at(draft["summary"], visit.locale) if draft else "",
        why=why,
        why_wrong=why_wrong,
        why_asked=_two_asked(),
        begin=begin,
        most=MOST,
        people=people,
        alike=alike,
        strategy=strategy,
        supply=supplied,
        wrong=_by_name(error, people) if error else None,
        dropped=_dropped(made, people) if made else (),
        runs=runs,
    )


def _two_asked() -> dict[str, str]:
    """Return of which two the address asks why they are no pair."""
    return {side: flask.request.args.get(f"why_{side}", "") for side in ("mentee", "mentor")}


def _why(visit: Visit, program: str) -> tuple[dict[str, Any] | None, MentorKitError | None]:
    """Return why the two that are asked about are no pair, or what keeps it from being said."""
    two = _two_asked()
    if not all(two.values()):
        return None, None
    at: dict[str, Any] = {**visit.asked(), "program": program, **two}
    try:
        return drafts.why(visit.kit, **at), None
    except (Invalid, PluginError) as error:
        return None, error


def _begin() -> int:
    """Return at which pair the page begins, as its address says."""
    return max(0, answers.number(flask.request.args.get("from", "")) or 0)


def _dropped(made: dict[str, Any], people: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Return which pairs that were locked are not any more, by name, each with the reason."""
    names = {side: dict(found) for side, found in people.items()}
    return [
        f"{names['mentees'].get(one['mentee_id'], '?')} – "
        f"{names['mentors'].get(one['mentor_id'], '?')}: {one['message']}"
        for one in made["dropped_locks"]
    ]


def _by_name(
    error: MentorKitError, people: dict[str, list[tuple[str, str]]]
) -> dict[str, str | list[str]]:
    """Return what was wrong with two who were to be put together, by their names."""
    told = [error.message, *map(str, error.problems if isinstance(error, WithProblems) else ())]
    for id, name in (one for side in people.values() for one in side):
        told = [each.replace(id, name) for each in told]
    return {"message": told[0], "problems": told[1:]}


def _everybody(draft: dict[str, Any]) -> set[str]:
    """Return the ids of everybody in a draft."""
    paired = {pair[f"{side}_id"] for pair in draft["pairs"] for side in ("mentee", "mentor")}
    return paired | {person["id"] for side in draft["left"].values() for person in side}


def _people(draft: dict[str, Any], alike: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return everybody in a draft by side, for somebody to be put together by hand."""
    sides = {}
    for side, one in (("mentees", "mentee"), ("mentors", "mentor")):
        found = {pair[f"{one}_id"]: pair[one] for pair in draft["pairs"]}
        found |= {person["id"]: person["name"] for person in draft["left"].get(side, ())}
        told = {id: name + alike.get(id, "") for id, name in found.items()}
        sides[side] = sorted(told.items(), key=lambda item: (item[1].casefold(), item[0]))
    return sides


@does("/programs/<program>/matching")
@allow(*STAFF)
def matching_draft(visit: Visit, program: str) -> str | Response | tuple[str, int]:
    """Make a draft; with a mentee and a mentor, one that holds these two."""
    two = visit.form.get("mentee", ""), visit.form.get("mentor", "")
    try:
        made = match.draft(
            visit.kit, **visit.asked(), program=program, locks=[two] if any(two) else ()
        )
    except (Conflict, Invalid) as error:
        return _again(visit, program, error), status(error)
    if made["dropped_locks"]:
        return _again(visit, program, None, made)
    pairs = made["summary"]["pairs"]
    said = "drafted" if pairs else "drafted_none"
    return visit.go("matching", said, program=program, count=pairs)


def _by_reason(left: Mapping[str, Sequence[Told]]) -> dict[str, dict[tuple[str, str], list[Told]]]:
    """Return who is left on each side, those together of whom the same is told."""
    found: dict[str, dict[tuple[str, str], list[Told]]] = {}
    for side, people in left.items():
        for one in people:
            told = one["reason"], one["help"]
            found.setdefault(side, {}).setdefault(told, []).append(one)
    return found


def _again(visit: Visit, program: str, error: MentorKitError | None, made: Any = None) -> str:
    return matching(visit, program, error, made)


@does("/programs/<program>/matching/proposals/<proposal>/remove")
@allow(*STAFF)
def matching_remove(visit: Visit, program: str, proposal: str) -> Response:
    accept.withdraw(visit.kit, **visit.asked(), proposal=proposal, reason="taken_out")
    at: dict[str, Any] = {**asked_for(flask.request.args), "from": _begin() or None}
    return visit.go("matching", "removed", program=program, **at)


@does("/programs/<program>/matching/<run>/publish")
@allow(*STAFF)
def matching_publish(visit: Visit, program: str, run: str) -> str | Response:
    if is_asked(visit):
        return _sure(visit, program, run)
    done = match.publish(visit.kit, **visit.asked(), run=run)
    return visit.go("relationships", "published", program=program, count=done["offered"])


def _sure(visit: Visit, program: str, run: str) -> str:
    """Ask whether a draft shall be published, and say who hears of it."""
    draft = drafts.show(visit.kit, **visit.asked(), program=program, run=run)
    pairs = draft["pairs"] if draft else []
    first = visit.of.accept_chain[0]
    asked = len({one[f"{first}_id"] for one in pairs}) if first in PARTIES else 0
    count = visit.number(asked)
    then = {
        "mentee": visit.words(
            "Mentees who get a message now, with the question: {count}.", count=count
        ),
        "mentor": visit.words(
            "Mentors who get a message now, with the question: {count}.", count=count
        ),
        "coordinator": visit.words("The coordinators of the program are asked first."),
    }[first]
    return ask_first(
        visit,
        visit.words("Offer the pairs of this draft ({count})?", count=visit.number(len(pairs))),
        [
            then,
            *_seconds(visit, pairs),
            visit.words("Whoever else is asked gets theirs once the one before has said yes."),
            visit.words("What was told cannot be taken back; a proposal can, one by one."),
        ],
        here="matching",
        yes=visit.words("Yes, offer them now"),
        back=visit.url("matching", program=program),
    )


def _seconds(visit: Visit, pairs: list[dict[str, Any]]) -> list[str]:
    """Return what is said of second mentors, where there are any."""
    seconds = {name for pair in pairs for name in pair["second"]}
    told = "Second mentors of circles who get a message now, with the question: {count}."
    return [visit.words(told, count=visit.number(len(seconds)))] if seconds else []


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
    at: dict[str, Any] = {**asked_for(flask.request.args), "from": _begin() or None}
    at["anchor"] = f"pair-{proposal}"
    return visit.go("matching", said, program=program, **at)
