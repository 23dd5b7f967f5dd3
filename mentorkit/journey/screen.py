"""Screen: decide who may join, by requirements that are data and by people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import ROLES, Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row
from mentorkit.domain.signoffs import unsigned
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.browse import paged
from mentorkit.journey.contents import overtake
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.feedback import close
from mentorkit.journey.offers import OPEN
from mentorkit.journey.onboard import leave
from mentorkit.journey.requirements import labelled, rulings, verdict
from mentorkit.journey.safeguards import not_closed, old_enough, signoffs_of
from mentorkit.journey.steps import (
    NEW,
    READERS,
    Step,
    atomic,
    by_staff,
    not_erased,
    reading,
    require,
    role_in,
)
from mentorkit.journey.supply import places_of
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


def review(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None,
    search: str = "", ids: Iterable[str] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """List the participants of a program, each with how it meets the requirements.

    `requirements` has an answer for each (`requirements.rulings`; where it has no text, the label
    of its field stands for it), `eligible` what they come to;
    `unsigned` are the sign-offs without which somebody is matched with nobody. `search` leaves
    those of whom each of its words stands in the name, the business, the key or, for staff, in an
    address; case and accents do not count. `ids` leaves only these.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        wanted: dict[str, Any] = {"state": state} if state else {}
        if ids is not None:
            wanted["id"] = list(ids)
        return _reviewed(tx, found, _sought(tx, found, actor, search, wanted))


def listed(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None, role: str | None
    = None, search: str = "", after: str | None = None, limit: int = 50,
) -> dict[str, Any]:  # fmt: skip
    """Return one page of what `review` lists: `items` in the order they came, and `next`.

    `next` is what `after` is given for the page behind, None on the last. `role` also takes those
    who are both.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        wanted: dict[str, Any] = {"state": state} if state else {}
        if role:
            wanted["role"] = [role, "both"]
        if search:
            page = paged(_sought(tx, found, actor, search, wanted), after, limit)
        else:
            page = tx.participants.page(program_id=found.id, after=after, limit=limit, **wanted)
        return {"items": _reviewed(tx, found, page.items), "next": page.next}


def _sought(
    tx: Transaction, program: Program, actor: Actor, search: str, wanted: dict[str, Any]
) -> list[Participant]:
    """Return those who are wanted and known by the words of a search, to staff also by address."""
    whole = role_in(tx, program, actor) in STAFF | {Role.SYSTEM}
    return tx.participants.sought(search, addresses=whole, program_id=program.id, **wanted)


def one(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> dict[str, Any]:
    """Return one participant as `review` lists them."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = tx.participants.get(participant)
        program = tx.programs.get(found.program_id)
        require(tx, program, actor, READERS)
        return _reviewed(tx, program, [found])[0]


def _reviewed(
    tx: Transaction, program: Program, rows: Iterable[Participant]
) -> list[dict[str, Any]]:
    rows = list(rows)
    people = tx.people.get_many([row.person_id for row in rows])
    firms = tx.businesses.get_many(row.business_id for row in rows if row.business_id)
    required = signoffs_of(tx, program)
    told = {id: labelled(tx, program, given) for id, given in rulings(tx, program, *rows).items()}
    return [
        {
            **as_row(row),
            "name": people[row.person_id].name,
            "key": people[row.person_id].external_key,
            "business": firms[row.business_id].name if row.business_id else None,
            "requirements": told[row.id],
            "eligible": verdict(told[row.id]),
            "unsigned": unsigned(required, row),
        }
        for row in rows
    ]


@atomic
def approve(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, despite: tuple[str, ...] = (),
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Let somebody join. `despite` names requirements to pass over; nothing passes over the age."""
    one = tx.participants.get(participant)
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    person = not_erased(tx, one)
    if program.minimum_age is not None:
        if person.born is None:
            raise Conflict(
                "participant.age_unknown",
                "Ask for the year of birth first: the program has a minimum age.",
            )
        if not old_enough(program, person.born, tx.now.year):
            raise Conflict(
                "participant.too_young", f"Everybody must be over {program.minimum_age} here."
            )
    failed = [
        answer["requirement"]
        for answer in rulings(tx, program, one)[one.id]
        if answer["answer"] == "no" and answer["requirement"] not in despite
    ]
    if failed:
        raise Conflict(
            "participant.requirements",
            f"Not met: {', '.join(failed)}. Decline, or approve despite them by name.",
            requirements=failed,
        )
    moved = one.move("approved", by=step.role)
    return _decided(step, moved, events.ParticipantApproved, note, "application_approved")


@atomic
def decline(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "",
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Turn somebody down. `reason` is a code; free words go into `note`, which can be erased.

    Without one it is the first requirement that is not met, else ``staff_decision``.
    """
    one = tx.participants.get(participant)
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    told = rulings(tx, program, one)[one.id]
    unmet = (each["requirement"] for each in told if each["answer"] == "no")
    reason = reason or next(unmet, "staff_decision")
    moved = one.move("declined", by=step.role, reason=reason)
    fact = events.ParticipantDeclined
    return _decided(step, moved, fact, note, "application_declined", reason=reason)


@atomic
def wait(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "no_place",
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Put somebody on the waiting list."""
    one = tx.participants.get(participant)
    step = by_staff(tx, actor, tx.programs.get(one.program_id))
    moved = one.move("waiting", by=step.role, reason=reason)
    fact = events.ParticipantWaitlisted
    return _decided(step, moved, fact, note, "application_waiting", reason=reason)


def _decided(
    step: Step, moved: Participant, fact: type[events.Event], note: str, template: str,
    **changed: Any,
) -> dict[str, Any]:  # fmt: skip
    """Keep a decision and its note; who applied themselves, not who came in a file, is told."""
    step.note("participant", moved.id, note)
    saved, event = step.save(step.tx.participants, moved, fact, **changed)
    if step.tx.journal.about("participant", moved.id)[0].role in PARTIES:
        tell(step.tx, event, template, [moved.person_id])
    return step.row(saved)


@atomic
def correct_role(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, role: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Give somebody the role they should have come in with, as who took the wrong form.

    Who gains a side, also beside the one they have (``both``), is decided on anew: approved or
    active, they leave with the reason ``wrong_role`` and are a lead again, for what they agreed to,
    and whether they may join, was for the other side. A proposal is to be taken back and what runs
    to end first; who was ever matched keeps that side. Answers that the new role is not asked for
    go, also those that wait to be looked at, and what the old side was asked in a survey is closed.
    A mentor keeps the places they have, also none. Nothing changes for who has the role.

    Raises `Invalid` (participant.role) and `Conflict`: participant.left, participant.erased, where
    somebody counts on them (participant.matched, participant.proposed), and program.closed for who
    would be a lead again.
    """
    one = tx.participants.get(participant)
    tx.programs.hold([one.program_id])  # in the order in which who publishes or erases holds them
    tx.people.hold([one.person_id])
    tx.participants.hold([participant])
    one = tx.participants.get(participant)
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    not_erased(tx, one)
    if role not in ROLES:
        raise Invalid(
            "participant.role", "There is no such role.",
            [Problem("role", f"write one of {', '.join(ROLES)}")],
        )  # fmt: skip
    if one.state == "left":
        raise Conflict("participant.left", "They have left. Take them back in first.")
    if role == one.role:
        return step.row(one)
    _ensure_unmatched(tx, one, role)
    if one.let_in and one.role != "both":
        about: Any = {"tenant": tenant, "actor": actor, "participant": participant, "tx": tx}
        leave(kit, **about, reason="wrong_role")
        readmit(kit, **about)
        one = tx.participants.get(participant)
    keeps = role != "mentee" and one.plays("mentor")
    most = one.capacity if keeps else places_of(tx, program, role)
    changed = replace(one, role=role, capacity=most)
    asked = fields_of(tx, program).values()
    gone = [each.id for each in asked if not any(map(changed.plays, each.roles))]
    overtake(tx, program, one, gone)
    close(step, changed)
    gone = [id for id in gone if one.profile.get(id) is not None]
    changed = replace(changed, profile=one.profile.with_(**dict.fromkeys(gone)))
    fact, own = events.ParticipantChanged, {"role_played": role, "capacity": most}
    return step.done(tx.participants, changed, fact, changed=("role", *sorted(gone)), **own)


def _ensure_unmatched(tx: Transaction, one: Participant, role: str) -> None:
    """Raise `Conflict` where somebody else counts on the role that this one has."""
    if role != "both" and tx.relationships.for_participants([one.id]):
        raise Conflict(
            "participant.matched",
            f"They were brought together with somebody here as {one.role}, and that stays. If they "
            "are both, mentee and mentor, say that once nothing of theirs runs.",
        )
    if one.used:
        raise Conflict(
            "participant.matched",
            "They are together with somebody now. Whether they may be on the other side too is "
            "decided anew: do this again when that has ended.",
        )
    if any(tx.proposals.count(state=OPEN, **{side: one.id}) for side in ("mentee_id", "mentor_id")):
        raise Conflict(
            "participant.proposed",
            "They stand in a draft, among choices, or in a proposal that is open. Take that back "
            "first, then do this again.",
        )


@atomic
def readmit(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Take somebody who has left back in, as a lead: they are approved and agree once more."""
    one = tx.participants.get(participant)
    tx.programs.hold([one.program_id])  # it is not closed before we have ended
    program = tx.programs.get(one.program_id)
    step = by_staff(tx, actor, program)
    not_closed(program)
    not_erased(tx, one)
    moved = one.withdraw_consent().move("lead", by=step.role)
    return step.done(tx.participants, moved, events.ParticipantReadmitted)
