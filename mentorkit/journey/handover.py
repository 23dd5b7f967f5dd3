"""Hand over: a mentee whose mentor is away goes on with another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import PARTIES
from mentorkit.domain.people import Actor
from mentorkit.domain.relationships import HOLDING, Relationship
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, Problem
from mentorkit.journey import onboard, suggestions
from mentorkit.journey.match import proposing
from mentorkit.journey.meet import Met, part
from mentorkit.journey.reasons import reasons_of
from mentorkit.journey.steps import NEW, atomic

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

AWAY = "away"
"""The code of the break of a mentor who is handed over from."""


def hand_over(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, mentee: str = "", to: str = "",
    reason: str = "no_contact", note: str = "", rest: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """End a mentee's part in a relationship whose mentor is away, and find another; for staff.

    `mentee` and `to` are participant ids; `mentee` may be left out where there is one alone, and a
    circle goes on for the others. `reason` is a code, `note` for staff. With `to` that mentor is
    proposed at once: where they cannot be, nothing of it is done. With `rest` the only mentor of it
    takes a break, and is offered to nobody before they are back.

    Returns the `relationship`, the `mentee` and the `proposal` (None without `to`); then `mentors`
    are those who fit best, as `suggestions.mentors` lists them, and `why` says why there are none.
    Raises `Conflict` (relationship.ended, relationship.no_mentor, and all of `match.propose`).
    """
    why: dict[str, Any] = {}
    if to:
        with kit.transaction(tenant=tenant, write=False) as tx:
            who = _mentee(_by_staff(tx, actor, relationship).relationship, mentee)
        why = reasons_of(kit, tenant, who, [to]).get(to, {})
    done = _hand_over(
        kit, tenant=tenant, actor=actor, relationship=relationship, mentee=mentee, to=to, why=why,
        reason=reason, note=note, rest=rest,
    )  # fmt: skip
    if to:
        return {**done, "mentors": [], "why": ""}
    try:
        told = suggestions.mentors(kit, tenant=tenant, actor=actor, participant=done["mentee"])
    except MentorKitError as error:  # it is done: who could come next is told where it can be
        return {**done, "mentors": [], "why": str(error)}
    return {**done, "mentors": told["mentors"], "why": ""}


@atomic
def _hand_over(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, mentee: str, to: str,
    why: dict[str, Any], reason: str, note: str, rest: bool, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    met = _by_staff(tx, actor, relationship)
    one, who = met.relationship, _mentee(met.relationship, mentee)
    if to in one.mentors:
        told = Problem("to", "name another mentor; this one is in it already")
        raise Invalid("relationship.same_mentor", "Nobody is handed over to their mentor.", [told])
    tx.participants.hold({who, *one.mentors, *([to] if to else [])})
    saved = part(met, [who], reason, note)
    for mentor in one.mentors if rest and len(one.mentors) == 1 else ():
        if tx.participants.get(mentor).state == "active":
            onboard.pause(
                kit, tenant=tenant, actor=actor, participant=mentor, reason=AWAY, tx=tx
            )  # fmt: skip
    proposal = None
    if to:
        two = proposing(tx, actor, who, to)
        chosen = tx.proposals.first(mentee_id=who, mentor_id=to, state="draft")
        offered = two.offer(chosen or two.draft(**why))
        proposal = {**two.row(offered), "awaiting": offered.awaiting(two.program.accept_chain)}
    return {"relationship": met.row(saved), "mentee": who, "proposal": proposal}


def _by_staff(tx: Transaction, actor: Actor, relationship: str) -> Met:
    met = Met(tx, actor, relationship, "coordinator")
    if met.role in PARTIES:
        raise NotAllowed(
            "relationship.staff_hand_over",
            "Only staff hand somebody over. Tell a coordinator that you hear nothing.",
        )
    return met


def _mentee(one: Relationship, wanted: str) -> str:
    """Return who of it is handed over."""
    if one.state not in HOLDING:
        raise Conflict("relationship.ended", "The relationship has ended; match the mentee again.")
    if not one.mentors or not one.mentees:
        raise Conflict("relationship.no_mentor", "There is no mentor in it to hand over from.")
    if wanted in one.mentees:
        return wanted
    if wanted or len(one.mentees) > 1:
        told = Problem("mentee", f"name one of its mentees: {', '.join(one.mentees)}")
        raise Invalid("relationship.which_mentee", "It is not clear who is handed over.", [told])
    return one.mentees[0]


__all__ = ["hand_over"]
