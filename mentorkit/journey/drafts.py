"""Drafts: what a match run found, in words, for whoever reviews it; and the spreadsheet of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor
from mentorkit.domain.shown import as_row
from mentorkit.errors import NotFound
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.left import told
from mentorkit.journey.locks import DRAFTED
from mentorkit.journey.steps import persons_of, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit


def show(
    kit: Kit, *, tenant: str, actor: Actor, program: str, run: str | None = None
) -> dict[str, Any] | None:
    """Return a run with its pairs and everyone left, in words; without `run`, the draft in force.

    `pairs` are sorted by score, the lowest first, because those want looking at. Of the `words`
    about one, `not_so` are those that do not speak for it. None where there is no draft; raises
    `NotFound` for a run that is not of this program.
    """
    from mentorkit.matching import words

    with reading(kit, tenant, actor, program) as (tx, found):
        if run is None:
            drafts = tx.runs.find(program_id=found.id, state=DRAFTED)
            one = drafts[-1] if drafts else None
            if one is None:
                return None
        else:
            one = tx.runs.get(run)
            if one.program_id != found.id:
                raise NotFound("run.not_found", "There is no such run in this program.")
        fields = fields_of(tx, found)
        rows = tx.proposals.find(run_id=one.id)
        if one.state in DRAFTED:
            rows = [row for row in rows if row.state == "draft"]  # without pairs taken out
        left = one.summary.get("left", {})
        ids = {id for row in rows for id in (row.mentee_id, row.mentor_id)}
        ids |= {person["id"] for side in left.values() for person in side}
        ids |= {reason["params"].get("id") for reason in _reasons(left)} - {None}
        people, parts = persons_of(tx, ids), tx.participants.get_many(ids)
        names = {id: person.name for id, person in people.items()}

        def said(kept: Any, about: str) -> str:
            return words(told(kept, parts[about], names), fields=fields)

        data = as_row(one)
        data["summary"].pop("left", None)
        data["pairs"] = [
            {
                **as_row(row),
                "mentee": people[row.mentee_id].name,
                "mentor": people[row.mentor_id].name,
                "words": [words(one, fields=fields, whose="mentee") for one in row.reasons],
                "not_so": [
                    words(one, fields=fields, whose="mentee") for one in row.reasons if not one.fits
                ],
            }
            for row in sorted(rows, key=lambda row: (row.score, row.id))
        ]
        data["left"] = {
            side: [
                {
                    "id": person["id"],
                    "name": people[person["id"]].name,
                    "reason": said(person["reason"], person["id"]),
                    "help": said(person["help"], person["id"]),
                }
                for person in persons
                if person["id"] in people
            ]
            for side, persons in left.items()
        }
        return data


def _reasons(left: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for person in (one for side in left.values() for one in side):
        yield from (person["reason"], person["help"])
