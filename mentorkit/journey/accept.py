"""Accept: those who are asked answer; the last yes begins the relationship."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.milestones import Milestone, window
from mentorkit.domain.moves import PARTIES, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.programs import Program, Targets
from mentorkit.domain.relationships import Member, Proposal, Relationship
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.match import OPEN, tell_next, withdraw_one
from mentorkit.journey.programs import targets_of
from mentorkit.journey.safeguards import ensure
from mentorkit.journey.steps import inside, party
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


class Asked:
    """A proposal with what is needed to judge an answer to it, read in one go."""

    def __init__(self, tx: Transaction, actor: Actor, proposal: str) -> None:
        self.proposal: Proposal = tx.proposals.get(proposal)
        self.program: Program = tx.programs.get(self.proposal.program_id)
        ids = [self.proposal.mentee_id, self.proposal.mentor_id]
        self.participants: dict[str, Participant] = tx.participants.get_many(ids)
        self.role = party(tx, self.program, actor, self.people, "proposal")

    @property
    def mentee(self) -> Participant:
        return self.participants[self.proposal.mentee_id]

    @property
    def mentor(self) -> Participant:
        return self.participants[self.proposal.mentor_id]

    @property
    def people(self) -> dict[Role, str]:
        return {Role.MENTEE: self.mentee.person_id, Role.MENTOR: self.mentor.person_id}


def accept(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    proposal: str,
    on_behalf_of: str | None = None,
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Say yes. The last yes that the program asks for begins the relationship.

    A participant answers when it is their turn. Staff answer for `on_behalf_of` (mentee, mentor
    or coordinator), or without it for all who are still awaited. Raises `Conflict` when somebody
    else took the last place meanwhile: then nothing has changed.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        asked = Asked(tx, actor, proposal)
        one, role = asked.proposal, asked.role
        if one.state != "offered":
            one.move("accepted", by=role)
        answered = _answered(asked, on_behalf_of)
        ensure(tx, asked.program, asked.mentee, asked.mentor)
        if replace(one, answered=answered).awaiting(asked.program.accept_chain):
            saved = tx.proposals.save(replace(one, answered=answered))
            event = tx.record(
                events.ProposalAnswered(
                    subject_id=one.id, program_id=one.program_id, answered=answered
                ),
                actor=actor,
                role=role,
            )
            tell_next(tx, asked.program, saved, asked.participants, event)
            return as_row(saved)
        return _begin(tx, actor, asked, answered)

    return inside(kit, tenant, tx, work)


def _answered(asked: Asked, on_behalf_of: str | None) -> tuple[str, ...]:
    """Return who has said yes once this answer counts; raise when it is not theirs to give."""
    one, chain = asked.proposal, asked.program.accept_chain
    awaited = one.awaiting(chain)
    if asked.role in PARTIES:
        if on_behalf_of not in (None, str(asked.role)):
            raise NotAllowed(
                "proposal.own_answer", "You can only answer for yourself.", role=str(asked.role)
            )
        if awaited != asked.role:
            raise Conflict(
                "proposal.not_your_turn",
                f"The {awaited} is asked next; your answer is "
                + ("already noted." if asked.role in one.answered else "not asked yet."),
                awaited=awaited,
            )
        return (*one.answered, str(asked.role))
    if on_behalf_of is None:
        return (*one.answered, *(role for role in chain if role not in one.answered))
    if awaited != on_behalf_of:
        raise Conflict("proposal.not_their_turn", f"The {awaited} is asked next.", awaited=awaited)
    return (*one.answered, on_behalf_of)


def _begin(
    tx: Transaction, actor: Actor, asked: Asked, answered: tuple[str, ...]
) -> dict[str, Any]:
    one, program, role = asked.proposal, asked.program, asked.role
    used = tx.participants.take_places({one.mentee_id, one.mentor_id})
    relationship = _relationship(tx, program, one)
    saved = tx.proposals.save(
        replace(one.move("accepted", by=role), answered=answered, relationship_id=relationship.id)
    )
    event = tx.record(
        events.ProposalAccepted(
            subject_id=one.id,
            program_id=program.id,
            answered=answered,
            relationship_id=relationship.id,
        ),
        actor=actor,
        role=role,
    )
    for one_id, count in used.items():
        tx.record(
            events.PlaceTaken(
                subject_id=one_id, program_id=program.id, used=count, cause=event.sequence
            ),
            actor=actor,
            role=role,
        )
    started = tx.record(
        events.RelationshipStarted(
            subject_id=relationship.id,
            program_id=program.id,
            proposal_id=one.id,
            mentee_id=one.mentee_id,
            mentor_id=one.mentor_id,
            targets_version=relationship.targets_version,
            cause=event.sequence,
        ),
        actor=actor,
        role=role,
    )
    if relationship.proposal_id == one.id:
        _plan_milestones(tx, program, relationship, started)
    tell(tx, started, "relationship_started", asked.people.values())
    for participant in (asked.mentee, asked.mentor):
        if used[participant.id] >= participant.capacity:
            withdraw_open(
                tx, participant=participant.id, reason="place_taken", cause=event.sequence
            )
    return {**as_row(saved), "relationship": shown(relationship)}


def _relationship(tx: Transaction, program: Program, one: Proposal) -> Relationship:
    """Return the new relationship; in a program of circles, the mentor's own circle if running."""
    targets, version = targets_of(tx, program)

    def member(relationship: str, participant: str, role: str) -> Member:
        return Member(
            id=tx.new_id(),
            tenant=tx.tenant,
            relationship_id=relationship,
            participant_id=participant,
            role=role,
            joined_at=tx.now,
        )

    if program.kind == "circle":
        for running in tx.relationships.for_participants([one.mentor_id], states=("active",)):
            if (
                running.kind == "circle"
                and running.member("mentor").participant_id == one.mentor_id
            ):
                joining = tx.members.add(member(running.id, one.mentee_id, "mentee"))
                return replace(running, members=(*running.members, joining))
    new = tx.new_id()
    relationship = Relationship(
        id=new,
        tenant=tx.tenant,
        program_id=program.id,
        proposal_id=one.id,
        kind=program.kind,
        targets_version=version,
        started_at=tx.now,
        ends_at=tx.now + timedelta(days=targets.length_days),
        members=(member(new, one.mentee_id, "mentee"), member(new, one.mentor_id, "mentor")),
    )
    tx.relationships.add(relationship)
    return relationship


def _plan_milestones(
    tx: Transaction, program: Program, relationship: Relationship, started: events.Event
) -> None:
    targets: Targets = targets_of(tx, program, relationship.targets_version or None)[0]
    planned = []
    for plan in targets.milestones:
        opens, closes = window(plan, relationship.started_at, relationship.ends_at)
        planned.append(
            Milestone(
                id=tx.new_id(),
                tenant=tx.tenant,
                relationship_id=relationship.id,
                kind=plan.kind,
                opens_at=opens,
                closes_at=closes,
            )
        )
    tx.milestones.add_all(planned)
    for one in planned:
        tx.record(
            events.MilestonePlanned(
                subject_id=one.id,
                program_id=program.id,
                relationship_id=relationship.id,
                kind=one.kind,
                cause=started.sequence,
            ),
            actor=SYSTEM_ACTOR,
            role=Role.SYSTEM,
        )


def withdraw_open(
    tx: Transaction,
    *,
    participant: str,
    reason: str,
    cause: int | None = None,
    other: str | None = None,
) -> int:
    """Withdraw a participant's open proposals, or only those with `other`; return how many."""
    found = {
        one.id: one
        for side in ("mentee_id", "mentor_id")
        for one in tx.proposals.find(state=OPEN, **{side: participant})
        if other is None or other in (one.mentee_id, one.mentor_id)
    }
    for one in sorted(found.values(), key=lambda proposal: proposal.id):
        withdraw_one(tx, SYSTEM_ACTOR, Role.SYSTEM, one, reason, cause)
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
        asked = Asked(tx, actor, proposal)
        moved = asked.proposal.move("declined", by=asked.role, reason=reason)
        if note:
            written = tx.notes.write(
                note, subject_noun="proposal", subject_id=moved.id, author_id=actor.person_id
            )
            moved = replace(moved, note_id=written)
        saved = tx.proposals.save(moved)
        event = tx.record(
            events.ProposalDeclined(
                subject_id=saved.id, program_id=saved.program_id, reason=reason
            ),
            actor=actor,
            role=asked.role,
        )
        hearing = [asked.people[Role(role)] for role in saved.answered if role in PARTIES]
        tell(tx, event, "proposal_declined", hearing)
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def ask(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, text: str,
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Ask the other side one thing before answering; the deadline waits for the reply."""

    def work(tx: Transaction) -> dict[str, Any]:
        asked = Asked(tx, actor, proposal)
        moved = asked.proposal.move("question", by=asked.role)
        _written(tx, actor, moved, text)
        saved = tx.proposals.save(moved)
        tx.record(
            events.QuestionAsked(subject_id=saved.id, program_id=saved.program_id),
            actor=actor,
            role=asked.role,
        )
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def reply(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, text: str,
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Answer the question; those asked have the program's full time again."""

    def work(tx: Transaction) -> dict[str, Any]:
        asked = Asked(tx, actor, proposal)
        moved = asked.proposal.move("offered", by=asked.role)
        _written(tx, actor, moved, text)
        due = tx.now + timedelta(days=asked.program.offer_days)
        saved = tx.proposals.save(replace(moved, due_at=due))
        event = tx.record(
            events.QuestionAnswered(subject_id=saved.id, program_id=saved.program_id),
            actor=actor,
            role=asked.role,
        )
        tell_next(tx, asked.program, saved, asked.participants, event)
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def _written(tx: Transaction, actor: Actor, one: Proposal, text: str) -> None:
    if not text.strip() or len(text) > 2000:
        raise Invalid(
            "proposal.text",
            "The text cannot be used.",
            [Problem("text", "write 1 to 2000 characters")],
        )
    tx.notes.write(text, subject_noun="proposal", subject_id=one.id, author_id=actor.person_id)


def withdraw(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    proposal: str,
    reason: str = "asked",
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Take an open proposal back."""

    def work(tx: Transaction) -> dict[str, Any]:
        asked = Asked(tx, actor, proposal)
        return as_row(withdraw_one(tx, actor, asked.role, asked.proposal, reason))

    return inside(kit, tenant, tx, work)


def expire(kit: Kit, *, tenant: str, actor: Actor, limit: int = 500) -> int:
    """Expire the proposals whose time to answer has run out; return how many. For the worker."""

    def work(tx: Transaction) -> int:
        late = tx.proposals.overdue(tx.now, limit)
        for one in late:
            role = Role.SYSTEM if actor.is_system else Role.COORDINATOR
            saved = tx.proposals.save(one.move("expired", by=role))
            tx.record(
                events.ProposalExpired(subject_id=saved.id, program_id=saved.program_id),
                actor=actor,
                role=role,
            )
        return len(late)

    return kit.write(tenant, work)
