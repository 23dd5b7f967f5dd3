"""What a problem is about, by the label that people see on the form, not by the id of a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mentorkit.errors import MentorKitError, WithProblems
from mentorkit.journey import signup

if TYPE_CHECKING:
    from mentorkit.web.visits import Visit

LABELS = {
    "about": "Who is it about?",
    "about_staff": "It is about somebody who works for the program",
    "amount": "Spent on it in all",
    "answers": "Answers",
    "attendees": "Who was there",
    "body": "Text",
    "born": "Year of birth",
    "capacity": "How many people at once?",
    "choice": "Your answer",
    "cohort": "Cohort",
    "currency": "Currency, in three letters",
    "day": "When",
    "days": "Days",
    "email": "E-mail",
    "held_at": "When",
    "key": "Short name in addresses",
    "kind": "What it is about",
    "label": "Question",
    "mentors": "Place in your choice",
    "minutes": "How many minutes",
    "name": "Name",
    "limit": "How many",
    "locale": "Language",
    "on_behalf_of": "Who has said yes?",
    "option": "Id",
    "options": "Options, for a list",
    "outcome": "What came of it",
    "people": "Who is in it?",
    "person": "Name",
    "phone": "Phone",
    "preset": "Begin with",
    "prompts_a_week": "Prompts a week, at most",
    "digest": "In one message",
    "quiet_from": "Quiet from",
    "quiet_until": "Quiet until",
    "ratio": "Free places wanted for each mentee",
    "reason": "Why",
    "role": "As",
    "shared": "What is shared",
    "subject": "Subject",
    "sure": "Yes, all of these",
    "text": "Text",
    "touch": "Level",
    "value": "What is written there",
    "zone": "Time zone",
}
"""The labels of what our forms ask beside the program's own questions, by the ends of places."""

NO_LABELS: Mapping[str, str] = MappingProxyType({})
_ID = re.compile(r"[a-z_][a-z0-9_]*(?:[.\[][a-z0-9_]+\]?)*")


def label(visit: Visit, place: str) -> str:
    """Return what people see where the problem stands, "" where the place is no field's id.

    A place names the field alone or at the end of a path (``profile.sector``, ``supply.ratio``);
    what else stands there, such as a line of a sheet, is told as it is.
    """
    if not _ID.fullmatch(place):
        return ""
    parts = [part for part in re.split(r"[.\[\]]+", place) if part]
    asked = _questions(visit)
    found = next((asked[part] for part in parts if part in asked), "")
    return found or visit.words(LABELS.get(parts[-1], ""))


def labelled(
    visit: Visit, error: MentorKitError, asked: Mapping[str, str] = NO_LABELS
) -> list[str]:
    """Return the problems of an error as sentences, each with the label of its field.

    `asked` are the labels of what the form asks beside the program's own questions, by place.
    """
    told = []
    for one in error.problems if isinstance(error, WithProblems) else ():
        named = asked.get(one.place) or label(visit, one.place)
        told.append(f"{named.rstrip('?')}: {one.message}" if named else str(one))
    return told


def _questions(visit: Visit) -> dict[str, str]:
    """Return the labels of the program's own questions, by id."""
    if visit.program is None:
        return {}
    asked: list[dict[str, Any]] = signup.form(
        visit.kit, tenant=visit.tenant, program=visit.program.key
    )["questions"]
    return {one["id"]: visit.text(one["label"]) for one in asked if one["label"]}
