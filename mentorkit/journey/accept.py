"""Accept: those who are asked answer; the last yes begins the relationship."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.milestones import Milestone, window
from mentorkit.domain.moves import PARTIES, Role
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.programs import Program, Targets
from mentorkit.domain.relationships import Member, Proposal, Relationship
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.match import OPEN, Both, both, withdraw_one
from mentorkit.journey.programs import targets_of
from mentorkit.journey.safeguards import ensure
from mentorkit.journey.steps import Step, fresh, inside
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


def _asked(tx: Transaction, actor: Actor, proposal: str) -> tuple[Proposal, Both]:
    """Return a proposal with what is needed to judge an answer to it."""
    one = tx.proposals.get(proposal)
    return one, both(tx, actor, (one.mentee_id, one.mentor_id), "proposal")


def accept(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, on_behalf_of: str | None = None,
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Say yes. The last yes that the program asks for begins the relationship.

    A participant answers when it is their turn. Staff answer for `on_behalf_of` (mentee, mentor
    or coordinator), or without it for all who are still awaited. Raises `Conflict` when somebody
    else took the last place meanwhile: then nothing has changed.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        one, asked = _asked(tx, actor, proposal)
        if one.state != "offered":
            one.move("accepted", by=asked.role)
        said = replace(one, answered=_answered(one, asked, on_behalf_of))
        ensure(tx, asked.program, asked.mentee, asked.mentor)
        if not said.awaiting(asked.program.accept_chain):
            return _begin(asked, said)
        fact = events.ProposalAnswered
        saved, event = asked.save(tx.proposals, said, fact, answered=said.answered)
        asked.tell_next(saved, event)
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def _answered(one: Proposal, asked: Both, on_behalf_of: str | None) -> tuple[str, ...]:
    """Return who has said yes once this answer counts; raise when it is not theirs to give."""
    chain = asked.program.accept_chain
    awaited = one.awaiting(chain)
    mine = str(asked.role)
    if mine in PARTIES:
        if on_behalf_of not in (None, mine):
            raise NotAllowed("proposal.own_answer", "You can only answer for yourself.", role=mine)
        if awaited != mine:
            raise Conflict(
                "proposal.not_your_turn",
                f"The {awaited} is asked next; your answer is "
                + ("already noted." if mine in one.answered else "not asked yet."),
                awaited=awaited,
            )
        return (*one.answered, mine)
    if on_behalf_of is None:
        return (*one.answered, *(role for role in chain if role not in one.answered))
    if awaited != on_behalf_of:
        raise Conflict("proposal.not_their_turn", f"The {awaited} is asked next.", awaited=awaited)
    return (*one.answered, on_behalf_of)


def _begin(asked: Both, said: Proposal) -> dict[str, Any]:
    """Take the places, accept the proposal and begin the relationship, or join its circle."""
    tx = asked.tx
    used = tx.participants.take_places({said.mentee_id, said.mentor_id})
    targets, version = targets_of(tx, asked.program)
    circle = _joined(tx, said) if asked.program.kind == "circle" else None
    relationship = circle or _founded(tx, asked.program, said, targets.length_days, version)
    moved = replace(said.move("accepted", by=asked.role), relationship_id=relationship.id)
    own = {"answered": said.answered, "relationship_id": relationship.id}
    saved, event = asked.save(tx.proposals, moved, events.ProposalAccepted, **own)
    taken = [asked.fact(events.PlaceTaken, who, event, used=count) for who, count in used.items()]
    beginning = asked.fact(
        events.RelationshipStarted,
        relationship.id,
        event,
        proposal_id=said.id,
        mentee_id=said.mentee_id,
        mentor_id=said.mentor_id,
        targets_version=relationship.targets_version,
    )
    *_, started = asked.record_all([*taken, beginning])
    if circle is None:
        _plan_milestones(tx, relationship, targets, started)
    tell(tx, started, "relationship_started", asked.people.values())
    for one in (asked.mentee, asked.mentor):
        if used[one.id] >= one.capacity:
            withdraw_open(tx, participant=one.id, reason="place_taken", cause=event)
    return {**as_row(saved), "relationship": shown(relationship)}


def _joined(tx: Transaction, one: Proposal) -> Relationship | None:
    """Let the mentee join the mentor's own circle; return it, or None if none is running."""
    for running in tx.relationships.for_participants([one.mentor_id], states=("active",)):
        if running.kind == "circle" and running.member("mentor").participant_id == one.mentor_id:
            joining = tx.members.add(_member(tx, running.id, one.mentee_id, "mentee"))
            return replace(running, members=(*running.members, joining))
    return None


def _founded(
    tx: Transaction, program: Program, one: Proposal, days: int, targets_version: int
) -> Relationship:
    new, sides = tx.new_id(), {"mentee": one.mentee_id, "mentor": one.mentor_id}
    return tx.relationships.add(
        Relationship(
            id=new,
            tenant=tx.tenant,
            program_id=program.id,
            proposal_id=one.id,
            kind=program.kind,
            targets_version=targets_version,
            started_at=tx.now,
            ends_at=tx.now + timedelta(days=days),
            members=tuple(_member(tx, new, who, role) for role, who in sides.items()),
        )
    )


def _member(tx: Transaction, held: str, who: str, role: str) -> Member:
    return Member(
        **fresh(tx), relationship_id=held, participant_id=who, role=role, joined_at=tx.now
    )


def _plan_milestones(
    tx: Transaction, held: Relationship, targets: Targets, started: events.Event
) -> None:
    step, fact, planned = _by_system(tx, held.program_id), events.MilestonePlanned, []
    for plan in targets.milestones:
        opens, closes = window(plan, held.started_at, held.ends_at)
        one = Milestone(
            **fresh(tx), relationship_id=held.id, kind=plan.kind, opens_at=opens, closes_at=closes
        )
        planned.append(one)
    tx.milestones.add_all(planned)
    step.record_all(
        step.fact(fact, one.id, started, relationship_id=held.id, kind=one.kind) for one in planned
    )


def _by_system(tx: Transaction, program_id: str) -> Step:
    return Step(tx, SYSTEM_ACTOR, Role.SYSTEM, program_id)


def withdraw_open(
    tx: Transaction, *, participant: str, reason: str, cause: events.Event, other: str | None = None
) -> int:
    """Withdraw a participant's open proposals, or only those with `other`; return how many."""
    found = {
        one.id: one
        for side in ("mentee_id", "mentor_id")
        for one in tx.proposals.find(state=OPEN, **{side: participant})
        if other is None or other in (one.mentee_id, one.mentor_id)
    }
    for _, one in sorted(found.items()):
        withdraw_one(_by_system(tx, one.program_id), one, reason, cause)
    return len(found)


def decline(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    proposal: str,
    reason: str = "no_reason_given",
    note: str = "",
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Say no. `reason` is a code; `note` is private to staff and can be erased."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, asked = _asked(tx, actor, proposal)
        moved = one.move("declined", by=asked.role, reason=reason)
        moved = replace(moved, note_id=asked.note("proposal", proposal, note))
        saved, event = asked.save(tx.proposals, moved, events.ProposalDeclined, reason=reason)
        hearing = [asked.people[Role(role)] for role in saved.answered if role in PARTIES]
        tell(tx, event, "proposal_declined", hearing)
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def ask(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, text: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Ask the other side one thing before answering; the deadline waits for the reply."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, asked = _asked(tx, actor, proposal)
        moved = one.move("question", by=asked.role)
        _write(asked, proposal, text)
        return asked.done(tx.proposals, moved, events.QuestionAsked)

    return inside(kit, tenant, tx, work)


def reply(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, text: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Answer the question; those asked have the program's full time again."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, asked = _asked(tx, actor, proposal)
        moved = one.move("offered", by=asked.role)
        _write(asked, proposal, text)
        due = tx.now + timedelta(days=asked.program.offer_days)
        saved, event = asked.save(tx.proposals, replace(moved, due_at=due), events.QuestionAnswered)
        asked.tell_next(saved, event)
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def _write(step: Step, proposal: str, text: str) -> None:
    if not text.strip() or len(text) > 2000:
        raise Invalid(
            "proposal.text",
            "The text cannot be used.",
            [Problem("text", "write 1 to 2000 characters")],
        )
    step.note("proposal", proposal, text)


def withdraw(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, reason: str = "asked",
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Take an open proposal back."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, asked = _asked(tx, actor, proposal)
        return as_row(withdraw_one(asked, one, reason))

    return inside(kit, tenant, tx, work)


def expire(kit: Kit, *, tenant: str, actor: Actor, limit: int = 500) -> int:
    """Expire the proposals whose time to answer has run out; return how many. For the worker."""
    role = Role.SYSTEM if actor.is_system else Role.COORDINATOR

    def work(tx: Transaction) -> int:
        late = tx.proposals.overdue(tx.now, limit)
        for one in late:
            step = Step(tx, actor, role, one.program_id)
            step.save(tx.proposals, one.move("expired", by=role), events.ProposalExpired)
        return len(late)

    return kit.write(tenant, work)
