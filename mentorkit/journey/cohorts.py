"""Cohorts: dated intakes of a program, whose people begin, are matched and end together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit.domain import events
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Cohort, Program, parse_cohort
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.steps import NEW, atomic, by_staff, not_erased

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


HERE = ("lead", "waiting", "approved", "active", "paused")
"""The states of a participant that take a place of a cohort."""


def cohorts_of(tx: Transaction, program: Program) -> dict[str, Cohort]:
    """Return the program's cohorts now in force by key, the earliest first."""
    versions = tx.definitions.find(program_id=program.id, kind="cohort")
    newest = {one.key: one.body for one in sorted(versions, key=lambda one: one.number)}
    found = sorted(map(parse_cohort, newest.values()), key=lambda one: (one.starts, one.key))
    return {one.key: one for one in found}


def over(tx: Transaction, program: Program) -> set[str]:
    """Return the keys of the cohorts that have ended."""
    found = cohorts_of(tx, program)
    return {key for key, one in found.items() if _day(program, one.ends) <= tx.now}


def no_such(key: str, known: Collection[str]) -> str | None:
    """Return what is wrong with a cohort's key; None if nothing is."""
    if key in known:
        return None
    return f"there is no cohort {key!r}; there are: {', '.join(known) or 'none'}"


def shut(tx: Transaction, program: Program, cohort: Cohort, role: str) -> str:
    """Return why nobody signs up for a cohort in this role by themselves; "" while they may."""
    taken = 0
    if cohort.places is not None and role == "mentee":
        here = {"program_id": program.id, "cohort": cohort.key, "role": ["mentee", "both"]}
        taken = tx.participants.count(**here, state=HERE)
    return cohort.shut(tx.now.astimezone(ZoneInfo(program.zone)).date(), taken)


def in_cohort(lead: Lead, known: Collection[str]) -> Lead:
    """Return a lead as it is taken in; raise `Conflict` for a cohort that there is not."""
    if not known:  # such a column tells something else
        return replace(lead, cohort=None)
    if lead.cohort and (wrong := no_such(lead.cohort, known)):
        raise Conflict("lead.cohort", f"{wrong[0].upper()}{wrong[1:]}.")
    return lead


def open_cohort(tx: Transaction, program: Program, key: str) -> Cohort:
    """Return the cohort of this key that is not over; raise `Invalid`, or `Conflict`."""
    known = cohorts_of(tx, program)
    if wrong := no_such(key, known):
        raise Invalid("cohort.unknown", "This cohort is not known.", [Problem("cohort", wrong)])
    if key in over(tx, program):
        raise Conflict(
            "cohort.over",
            f"The cohort {key} ended on {known[key].ends}; put the people into another.",
        )
    return known[key]


@atomic
def assign(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, cohort: str | None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Put somebody into a cohort of the program, or (None) into none.

    What they are in already keeps its dates. Raises `Invalid` naming the cohorts there are.
    """
    one = tx.participants.get(participant)
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    not_erased(tx, one)
    if cohort is not None:
        open_cohort(tx, program, cohort)
    if cohort == one.cohort:
        return step.row(one)
    fact, moved = events.ParticipantChanged, replace(one, cohort=cohort)
    return step.done(tx.participants, moved, fact, changed=("cohort",), cohort=cohort)


def span(
    tx: Transaction, program: Program, key: str | None, otherwise: tuple[datetime, datetime]
) -> tuple[datetime, datetime]:
    """Return from when to when a relationship that begins now lasts, in this cohort or in none."""
    if key is None:
        return otherwise
    cohort = open_cohort(tx, program, key)
    return max(otherwise[0], _day(program, cohort.starts)), _day(program, cohort.ends)


def _day(program: Program, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(program.zone))
