"""Suggestions: the mentors who fit one mentee best, for the mentee to ask, or staff to propose."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import PARTIES
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import OTHER, Proposal
from mentorkit.domain.shown import as_row
from mentorkit.domain.signoffs import unsigned
from mentorkit.domain.text import in_locale
from mentorkit.errors import Conflict, MentorKitError, NotAllowed
from mentorkit.journey.cohorts import over
from mentorkit.journey.definitions import matching_for, showing
from mentorkit.journey.narrowing import (
    Where,
    fits,
    holding,
    listed_as,
    offered,
    passing,
    shown_by,
    wanted,
)
from mentorkit.journey.onboard import Own
from mentorkit.journey.plugins import bound_of
from mentorkit.journey.pools import ASKED, pool_for, roster_for, told_of
from mentorkit.journey.safeguards import old_enough, signoffs_of
from mentorkit.journey.steps import persons_of, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching import BoundStrategy, Pool
    from mentorkit.matching.roster import Roster
    from mentorkit.matching.wording import Whose
    from mentorkit.store.transaction import Transaction

MOST = 50
POOLS = 20
"""How many people's pools are made in one transaction, and then looked through."""
ARRANGED = (
    "How people are brought together here is being arranged anew, so there is nobody to show you "
    "now. Look again in some days, or ask a coordinator."
)


def mentors(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, limit: int = 10,
    where: Where | None = None, among: Collection[str] | None = None, locale: str = "en",
) -> dict[str, Any]:  # fmt: skip
    """Return the best mentors for one mentee, best first, with the reasons in words.

    For staff, and for the mentee where the program's `matching` is "self". ``mentors`` lists the
    participant id, the name, `words`, and `answers` (what they show of themselves, by field id);
    staff get the `score` too. Only mentors with a free place who break neither rule nor safeguard
    are there. A proposal that is kept from a mentee yet takes no place here, and nothing tells of
    it. `where` narrows the list, ``{field: [option, ...]}``, to those who show one of the options
    in each field, before the best of them are taken, and comes back by ids; `among` narrows it to
    these participants. Words are in the language of `locale`.
    Raises `Conflict` (mentee.not_available) for somebody who cannot be matched now, saying why, and
    `Invalid` (suggestions.where) for what cannot be looked for. Where the strategy cannot be used,
    also for a plugin that is switched off, staff are told what of it (`Invalid`), a mentee to come
    again.
    """
    from mentorkit.matching import Recommender, words

    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, actor, participant)
        one, program = own.participant, own.program
        if own.role in PARTIES and matching_for(tx, program, one) != "self":
            raise _staff_match()
        narrowed = wanted(offered(tx, program), where or {})
        try:
            bound = bound_of(kit, tx, program)
        except MentorKitError:
            if own.role in PARTIES:
                raise Conflict("mentee.not_available", ARRANGED) from None
            raise
        pool, known = _pool(kit, own, bound)
        if one.id not in pool.mentee_at:
            raise Conflict("mentee.not_available", _why(tx, program, one, known))
        told = showing(tx, program)
    recommender, most = Recommender(pool, bound), max(1, min(limit, MOST))
    fit = recommender.fit(one.id)
    with kit.transaction(tenant=tenant, write=False) as tx:
        here = fit if among is None else [id for id in fit if id in among]
        listed_ids = passing(tx, program, here, narrowed, most)
        people = tx.participants.get_many(listed_ids)
        persons = persons_of(tx, people)
    fields, role = bound.fields, listed_as(program)
    whose: Whose | None = None if own.role in PARTIES else "mentee"
    listed = [
        {
            "id": pair.mentor_id,
            "name": persons[pair.mentor_id].name,
            "words": [words(r, locale, fields, whose=whose) for r in pair.reasons if r.fits],
            "answers": told(people[pair.mentor_id], role),
            **({} if own.role in PARTIES else {"score": pair.score}),
        }
        for pair in recommender.pairs(one.id, list(people))
    ]
    looked_for = {id: list(options) for id, options in narrowed.items()}
    return {"mentee": one.id, "program": program.key, "where": looked_for, "mentors": listed}


def narrows(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, where: Where | None = None
) -> dict[str, Any]:
    """Return by what a mentee's list can be narrowed: ``{"fields": [...], "where", "gone"}``.

    Each field has what it has in a form (id, kind, label, `choices`: those offered now, and those
    of `where`). `where`, kept from before, comes back as far as it still holds, and `gone` tells
    what of it there is no more (``field``, or ``field=option``). For whoever may see the list.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, actor, participant)
        if own.role in PARTIES and matching_for(tx, own.program, own.participant) != "self":
            raise _staff_match()
        fields = offered(tx, own.program)
    held, gone = holding(fields, where or {})
    return {
        "fields": [as_row(_asked(one, held.get(id, ()))) for id, one in fields.items()],
        "where": {id: list(options) for id, options in held.items()},
        "gone": gone,
    }


def _asked(field: Field, chosen: Collection[str]) -> Field:
    left = {id: t for id, t in field.choices.items() if id not in field.hidden or id in chosen}
    return replace(field, choices=Frozen(left))


def _staff_match() -> NotAllowed:
    return NotAllowed(
        "proposal.staff_matches",
        "In this program the staff match people; they tell you when there is somebody.",
    )


def _pool(
    kit: Kit, own: Own, bound: BoundStrategy, here: Roster | None = None
) -> tuple[Pool, list[Proposal]]:
    """Return the pool in which mentors are looked for, and the open proposals that are known."""
    tx, one, program = own.tx, own.participant, own.program
    asked = [r for s in OTHER for r in tx.proposals.find(state=ASKED, **{f"{s}_id": one.id})]
    mine = own.role in PARTIES
    kept = [row for row in asked if mine and not told_of(row, program, {one.id})]
    # As if they were locked: who is both and has one place asks as a mentee.
    pool = pool_for(kit, tx, program, bound, one.id, [(one.id, one.id)], kept, here)
    return pool, [row for row in asked if row not in kept]


def everybody(
    kit: Kit, *, tenant: str, actor: Actor, program: str, searches: Sequence[tuple[str, Where]]
) -> list[list[str] | None]:
    """Return for each (participant, `where`) whom `mentors` would list for them, all, best first.

    Participant ids; None where they can choose nobody now: staff match them, they are not active or
    have no free place, or the program is not open. `where` narrows by as much of it as there still
    is. All of a program are read once for all searches. Staff and the worker ask; what each is
    told is what the participant themselves would find.
    """
    from mentorkit.matching import Recommender

    found: list[list[str] | None] = [None] * len(searches)
    with reading(kit, tenant, actor, program) as (tx, of):
        if of.state != "open" or not searches:
            return found
        try:
            bound = bound_of(kit, tx, of)
        except MentorKitError:
            return found
        fields, here = offered(tx, of), roster_for(kit, tx, of, bound)
        wheres = [holding(fields, where)[0] for _, where in searches]
        shown = shown_by(tx, of, wheres)
    by: dict[str, list[int]] = {}
    for at, (id, _) in enumerate(searches):
        by.setdefault(id, []).append(at)
    everyone = list(by)
    for part in (everyone[at : at + POOLS] for at in range(0, len(everyone), POOLS)):
        with kit.transaction(tenant=tenant, write=False) as tx:
            pools = {id: pool for id in part if (pool := _own_pool(kit, tx, of, bound, id, here))}
        for id, pool in pools.items():
            ids = Recommender(pool, bound).fit(id)
            for at in by[id]:
                found[at] = [one for one in ids if fits(shown.get(one, {}), wheres[at])]
    return found


def _own_pool(
    kit: Kit, tx: Transaction, program: Program, bound: BoundStrategy, id: str, here: Roster
) -> Pool | None:
    """Return the pool in which a participant looks themselves, None where they cannot."""
    one = tx.participants.first(id=id, program_id=program.id)
    if one is None or one.state != "active" or matching_for(tx, program, one) != "self":
        return None
    try:
        own = Own(tx, Actor(person_id=one.person_id), id)
    except MentorKitError:
        return None
    pool, _ = _pool(kit, own, bound, here)
    return pool if id in pool.mentee_at else None


def _why(tx: Transaction, program: Program, one: Participant, asked: Collection[Proposal]) -> str:
    if one.role == "mentor":
        return "A mentor asks for nobody here: mentors are shown to mentees alone."
    if one.state != "active":
        return f"Who is {one.state} is not matched. Everybody active, with a free place, is."
    if one.consented_at is None:
        return "Who has not agreed to the program's text is not matched. Agree first."
    if not old_enough(program, tx.people.get(one.person_id).born, tx.now.year):
        return (
            f"Only who is surely over {program.minimum_age} is matched here. If that is so, let a "
            "coordinator set the year of birth right."
        )
    if one.cohort in over(tx, program):
        return f"The cohort {one.cohort} is over. Staff can put its people into another."
    if missing := set(unsigned(required := signoffs_of(tx, program), one)):
        names = ", ".join(in_locale(s.text) or s.id for s in required if s.id in missing)
        return f"Nobody is matched before every sign-off is recorded. Still missing: {names}."
    if asked:
        return "There is no free place: an open proposal holds it. Wait for the answer."
    return "There is no free place. There is one when a relationship ends, or staff give another."
