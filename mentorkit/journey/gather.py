"""Gather: staff bring together who has told them yes: a ring of peers, or a circle."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotFound, Problem
from mentorkit.journey.accept import last_as_mentee, plan_milestones, settle
from mentorkit.journey.circles import ensure_room, found
from mentorkit.journey.definitions import targets_of
from mentorkit.journey.safeguards import WORDS, breaches
from mentorkit.journey.steps import NEW, atomic, in_program, persons_of
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.domain.participants import Participant
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


@atomic
def gather(
    kit: Kit, *, tenant: str, actor: Actor, program: str, people: Sequence[str],
    mentor: str | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Begin a relationship of participants (ids) who have all said yes to the staff.

    With a `mentor` it is a circle, or a pair if `people` is one mentee. Without, all are peers of
    one another: two, or a ring of three and more. Every two of them must be allowed to meet; the
    safeguards hold here too. The actor's means say how they told. Raises `Conflict` naming the two
    who must not be brought together, or who has no place left (participant.full), or none as a
    mentee (participant.mentee_capacity); then nothing has changed.
    """
    here, step = in_program(tx, actor, program)
    if here.state != "open":
        raise Conflict("program.not_open", f"The program is {here.state}; open it first.")
    ids = list(dict.fromkeys(people))
    everybody = [*ids, *([mentor] if mentor else [])]
    if len(set(everybody)) < max(2, len(everybody)):
        told = "name two at least, and the mentor apart from the others"
        raise Invalid("gather.people", "These make no group.", [Problem("people", told)])
    tx.participants.hold(everybody)
    rows = tx.participants.get_many(everybody)
    for id in everybody:
        if id not in rows or rows[id].program_id != here.id:
            raise NotFound("participant.not_found", "There is no such participant here.", id=id)
    for id in ids if mentor else ():
        if not rows[id].plays("mentee"):
            raise Conflict("proposal.wrong_role", "One of them is no mentee here.", id=id)
    _ensure_all_may_meet(tx, here, [rows[id] for id in everybody])
    kind = "peer" if mentor is None else "circle" if len(ids) > 1 else "pair"
    members = dict.fromkeys(ids, "mentee" if mentor else "peer")
    if mentor:
        if not rows[mentor].plays("mentor"):
            raise Conflict("proposal.wrong_role", "That participant is no mentor here.")
        members[mentor] = "mentor"
    for id in everybody:
        ensure_room(tx, rows[id], len(ids) if id == mentor else 1)
    last = {id for id in ids if mentor and last_as_mentee(tx, here, rows[id])}
    used = {}
    for id in sorted(everybody):
        for _ in range(len(ids) if id == mentor else 1):
            used[id] = tx.participants.take_place(id)
    touch = next((rows[id].touch for id in everybody if rows[id].touch), "")
    targets, version = targets_of(tx, here)
    cohort = next((rows[id].cohort for id in everybody if rows[id].cohort), None)
    how: dict[str, Any] = {"targets_version": version, "touch": touch}
    held = found(tx, here, members, targets.at(touch), kind=kind, cohort=cohort, **how)
    how["of_cohort"] = cohort
    taken = [step.fact(events.PlaceTaken, id, used=count) for id, count in used.items()]
    two: dict[str, Any] = {"mentee_id": everybody[0], "mentor_id": everybody[-1]}
    begun = step.fact(events.RelationshipStarted, held.id, members=tuple(members), **two, **how)
    *_, started = step.record_all([*taken, begun])
    plan_milestones(tx, held, targets.at(touch), started)
    tell(tx, started, "relationship_started", [rows[id].person_id for id in everybody])
    settle(step, held, ids, everybody[len(ids) :], started, last)
    return step.row(held)


def _ensure_all_may_meet(tx: Transaction, program: Any, rows: Sequence[Participant]) -> None:
    pairs = list(combinations(rows, 2))
    for (one, other), code in zip(pairs, breaches(tx, program, pairs), strict=True):
        mentees = one.role == other.role == "mentee" and program.kind != "peer"
        if code not in (None, "wrong_role") and not (mentees and code == "together_now"):
            names = [person.name for person in persons_of(tx, (one.id, other.id)).values()]
            told = f"{' and '.join(names)}: {WORDS[code]}"
            raise Conflict(f"safeguard.{code}", told, safeguard=code)
