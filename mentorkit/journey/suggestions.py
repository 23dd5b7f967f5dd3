"""Suggestions: the mentors who fit one mentee best, for the mentee to ask, or staff to propose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import PARTIES
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed
from mentorkit.journey.onboard import Own
from mentorkit.journey.pools import pool_of
from mentorkit.journey.programs import fields_of, matching_for, strategy_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit

MOST = 50


def mentors(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, limit: int = 10
) -> dict[str, Any]:
    """Return the best mentors for one mentee, best first, with the reasons in words.

    For staff, and for the mentee where the program's `matching` is "self". ``mentors`` lists the
    participant id, the name, and `words`; staff get the `score` too. Only mentors with a free
    place who break neither rule nor safeguard are there. Raises `Conflict` (mentee.not_available)
    for somebody who cannot be matched now, saying why.
    """
    from mentorkit.matching import bind, recommend, words

    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, actor, participant)
        one, program = own.participant, own.program
        if own.role in PARTIES and matching_for(tx, program, one) != "self":
            raise NotAllowed(
                "proposal.staff_matches",
                "In this program the staff match people; they tell you when there is somebody.",
            )
        fields = fields_of(tx, program)
        strategy, _ = strategy_of(tx, program)
        pool = pool_of(tx, program, fields, ())
    if one.id not in pool.mentee_at:
        raise Conflict("mentee.not_available", _why(one.state, one.consented_at is not None))
    bound = bind(strategy, kit.registry, fields, known=())
    names = {mentor.id: mentor.name for mentor in pool.mentors.people}
    found = recommend(pool, bound, one.id, max(1, min(limit, MOST)))
    listed = [
        {
            "id": pair.mentor_id,
            "name": names[pair.mentor_id],
            "words": [words(r, fields=fields) for r in pair.reasons if r.points > 0],
            **({} if own.role in PARTIES else {"score": pair.score}),
        }
        for pair in found
    ]
    return {"mentee": one.id, "program": program.key, "mentors": listed}


def _why(state: str, consented: bool) -> str:
    if state != "active":
        return f"Who is {state} is not matched. Everybody active, with a free place, is."
    if not consented:
        return "Who has not agreed to the program's text is not matched. Agree first."
    return "There is no free place: a proposal or a relationship holds it. Wait for the answer."
