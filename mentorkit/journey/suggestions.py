"""Suggestions: the mentors who fit one mentee best, for the mentee to ask, or staff to propose."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import PARTIES
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import OTHER, Proposal
from mentorkit.domain.signoffs import unsigned
from mentorkit.domain.text import in_locale
from mentorkit.errors import Conflict, MentorKitError, NotAllowed
from mentorkit.journey.cohorts import over
from mentorkit.journey.definitions import matching_for, showing
from mentorkit.journey.onboard import Own
from mentorkit.journey.plugins import bound_of
from mentorkit.journey.pools import ASKED, pool_for, told_of
from mentorkit.journey.safeguards import old_enough, signoffs_of
from mentorkit.journey.steps import persons_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching.wording import Whose
    from mentorkit.store.transaction import Transaction

MOST = 50
ARRANGED = (
    "How people are brought together here is being arranged anew, so there is nobody to show you "
    "now. Look again in some days, or ask a coordinator."
)


def mentors(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, limit: int = 10
) -> dict[str, Any]:
    """Return the best mentors for one mentee, best first, with the reasons in words.

    For staff, and for the mentee where the program's `matching` is "self". ``mentors`` lists the
    participant id, the name, `words`, and `answers` (what they show of themselves, by field id);
    staff get the `score` too. Only mentors with a free place who break neither rule nor safeguard
    are there. A proposal that is kept from a mentee yet takes no place here, and nothing tells of
    it.
    Raises `Conflict` (mentee.not_available) for somebody who cannot be matched now, saying why.
    Where the strategy cannot be used, also for a plugin that is switched off, staff are told what
    of it (`Invalid`), a mentee to come again.
    """
    from mentorkit.matching import recommend, words

    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, actor, participant)
        one, program = own.participant, own.program
        if own.role in PARTIES and matching_for(tx, program, one) != "self":
            raise NotAllowed(
                "proposal.staff_matches",
                "In this program the staff match people; they tell you when there is somebody.",
            )
        try:
            bound = bound_of(kit, tx, program)
        except MentorKitError:
            if own.role in PARTIES:
                raise Conflict("mentee.not_available", ARRANGED) from None
            raise
        asked = [r for s in OTHER for r in tx.proposals.find(state=ASKED, **{f"{s}_id": one.id})]
        mine = own.role in PARTIES
        kept = [row for row in asked if mine and not told_of(row, program, {one.id})]
        # As if they were locked: who is both and has one place asks as a mentee.
        pool = pool_for(kit, tx, program, bound, one.id, [(one.id, one.id)], kept)
        if one.id not in pool.mentee_at:
            known = [row for row in asked if row not in kept]
            raise Conflict("mentee.not_available", _why(tx, program, one, known))
        told = showing(tx, program)
    found = recommend(pool, bound, one.id, max(1, min(limit, MOST)))
    with kit.transaction(tenant=tenant, write=False) as tx:
        people = tx.participants.get_many(pair.mentor_id for pair in found)
        persons = persons_of(tx, people)
    fields, role = bound.fields, "peer" if program.kind == "peer" else "mentor"
    whose: Whose | None = None if own.role in PARTIES else "mentee"
    listed = [
        {
            "id": pair.mentor_id,
            "name": persons[pair.mentor_id].name,
            "words": [words(r, fields=fields, whose=whose) for r in pair.reasons if r.fits],
            "answers": told(people[pair.mentor_id], role),
            **({} if own.role in PARTIES else {"score": pair.score}),
        }
        for pair in found
    ]
    return {"mentee": one.id, "program": program.key, "mentors": listed}


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
