"""Drafts: what a match run found, in words, for whoever reviews it; whom it serves, and why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.people import Actor
from mentorkit.domain.relationships import Proposal
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.journey.circles import seconds_of
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.left import told
from mentorkit.journey.locks import DRAFTED
from mentorkit.journey.plugins import bound_of
from mentorkit.journey.pools import absence, locks_in, pool_of
from mentorkit.journey.steps import persons_of, reading, role_in

if TYPE_CHECKING:
    from mentorkit.kit import Kit

SEEING = STAFF | {Role.SYSTEM}
"""Who reads what one person has answered, and why two are kept apart."""


def show(
    kit: Kit, *, tenant: str, actor: Actor, program: str, run: str | None = None, by: str = ""
) -> dict[str, Any] | None:
    """Return a run with its pairs and everyone left, in words; without `run`, the draft in force.

    `pairs` are sorted by score, the lowest first, because those want looking at. Of the `words`
    about one, `not_so` are those that do not speak for it, `breaks` the rule that a locked one
    breaks ("": none), `second` other mentors of the circle. `trade` is the run and then the ways
    not chosen, `changes` what each change would bring. Who was in a pair that was `taken_out` (so
    many were) since is among those `left`. `fields` are those by which people can be grouped,
    `profiles` everybody's answers to these, which staff alone read of one person. With `by`, one
    of these fields, `fairness` is as the function of that name gives it. None where there is no
    draft; raises `NotFound` for a run that is not of this program.
    """
    from mentorkit.matching import words
    from mentorkit.matching.fairness import groupable, report_of_draft
    from mentorkit.matching.figures import changes, trade

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
        rows = [row for row in tx.proposals.find(run_id=one.id) if not row.circle_of]
        left, out = one.summary.get("left", {}), 0
        if one.state in DRAFTED:
            kept = [row for row in rows if row.state == "draft"]
            out = len(rows) - len(kept)
            taken = [row for row in rows if row.state != "draft"]
            ids = {id for row in taken for id in (row.mentee_id, row.mentor_id)}
            there = {id for id, p in tx.participants.get_many(ids).items() if p.state == "active"}
            left, rows = _with_taken_out(left, taken, kept, there), kept
        ids = {id for row in rows for id in (row.mentee_id, row.mentor_id)}
        ids |= {person["id"] for side in left.values() for person in side}
        ids |= {reason["params"].get("id") for reason in _reasons(left)} - {None}
        beside = seconds_of(one)
        ids |= {id for mentors in beside.values() for id in mentors}
        people, parts = persons_of(tx, ids), tx.participants.get_many(ids)
        names = {id: person.name for id, person in people.items()}

        def said(kept: Any, about: str) -> str:
            return words(told(kept, parts[about], names), fields=fields)

        data = as_row(one)
        breaks = {
            (each["mentee_id"], each["mentor_id"]): said(each["reason"], each["mentee_id"])
            for each in one.summary.get("broken", ())
            if each["mentee_id"] in people
        }
        for each in ("left", "broken"):
            data["summary"].pop(each, None)
        data["trade"] = trade(data["summary"]) if data["summary"] else []
        data["changes"] = changes(data["summary"].get("what_if"), fields)
        data["fields"] = {name: as_row(fields[name]) for name in groupable(fields)}
        data["profiles"] = {
            id: shown({name: one.profile.get(name) for name in data["fields"]})
            for id, one in parts.items()
        }
        data["pairs"] = [
            {
                **as_row(row),
                "mentee": people[row.mentee_id].name,
                "mentor": people[row.mentor_id].name,
                "second": [names[id] for id in beside.get(row.mentor_id, ()) if id in names],
                "breaks": breaks.get((row.mentee_id, row.mentor_id), ""),
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
        data["taken_out"] = out
        data["fairness"] = report_of_draft(data, by) if by in data["fields"] else None
        if role_in(tx, found, actor) not in SEEING:
            data["profiles"] = {}
        return data


def fairness(
    kit: Kit, *, tenant: str, actor: Actor, program: str, by: str, run: str | None = None
) -> dict[str, Any]:
    """Return how many of each group were matched, and how well: everybody first, then the groups.

    A group is everybody with the same answer to the field `by`; those of fewer than `least` people
    are put together. `changes` say what would let more people be matched. Raises `NotFound` where
    there is no draft, and `Invalid` for a field by which people cannot be grouped.
    """
    from mentorkit.matching.fairness import report_of_draft

    draft = show(kit, tenant=tenant, actor=actor, program=program, run=run, by=by)
    if draft is None:
        raise NotFound("run.not_found", "There is no draft. Make one with `mentorkit match`.")
    found: dict[str, Any] = draft["fairness"] or report_of_draft(draft, by)  # says what is wrong
    return found


def why(
    kit: Kit, *, tenant: str, actor: Actor, program: str, mentee: str, mentor: str
) -> dict[str, Any]:
    """Return why these two, by id or key, are no pair of the draft in force, or are one; for staff.

    `verdict` says in sentences what forbids it, or how well they fit and what was done instead.
    Without a draft it says what the two by themselves come to. Raises `Invalid` for somebody who is
    not available now, or a strategy that cannot be used.
    """
    from mentorkit.matching.whynot import described as in_words
    from mentorkit.matching.whynot import why_not

    draft = show(kit, tenant=tenant, actor=actor, program=program)
    drafted = draft["pairs"] if draft else ()
    made = {(one["mentee_id"], one["mentor_id"]): one["locked"] for one in drafted}
    locks = [two for two, locked in made.items() if locked]
    with reading(kit, tenant, actor, program, SEEING) as (tx, found):
        bound = bound_of(kit, tx, found)
        pool = pool_of(tx, found, bound.fields, locks, peers=bound.assigner.peers)
        ((one, other),) = locks_in(pool, [(mentee, mentor)])
        sides = (("mentee", one, pool.mentee_at), ("mentor", other, pool.mentor_at))
        absent = [
            Problem(side, f"{name!r} is no available {side} here: {absence(tx, found, name, side)}")
            for side, name, there in sides
            if name not in there
        ]
    if absent:
        raise Invalid("why.unknown", "It cannot be said why:", absent)
    return in_words(why_not(pool, bound, one, other, made if draft else None, locks), pool)


def _with_taken_out(
    left: Mapping[str, Any], taken: Sequence[Proposal], kept: Sequence[Proposal],
    there: Collection[str],
) -> dict[str, list[Any]]:  # fmt: skip
    """Return who is left, and who of those that are `there` had only pairs that were taken out."""
    codes = {"reason": "taken_out", "help": "put_together"}
    why: dict[str, Any] = {name: {"code": code, "params": {}} for name, code in codes.items()}
    sides = {}
    for side, name in (("mentees", "mentee_id"), ("mentors", "mentor_id")):
        alone = [*left.get(side, ())]
        known = {getattr(row, name) for row in kept} | {person["id"] for person in alone}
        out = dict.fromkeys(getattr(row, name) for row in taken)
        sides[side] = alone + [{"id": id, **why} for id in out if id in there and id not in known]
    return sides


def _reasons(left: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for person in (one for side in left.values() for one in side):
        yield from (person["reason"], person["help"])
