"""Offers: a pair is drafted, offered to those whose yes is asked, and taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import PARTIES, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Proposal
from mentorkit.journey.pools import ASKED
from mentorkit.journey.steps import Step, fresh, party
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

OPEN = ("draft", *ASKED)


class Both(Step):
    """A step about a mentee and a mentor of one program."""

    def __init__(
        self, tx: Transaction, actor: Actor, program: Program,
        mentee: Participant, mentor: Participant, noun: str = "proposal",
        speaking: str | None = None,
    ) -> None:  # fmt: skip
        self.program, self.mentee, self.mentor = program, mentee, mentor
        self.people = {Role.MENTEE: mentee.person_id, Role.MENTOR: mentor.person_id}
        role = party(tx, program, actor, self.people.items(), noun, speaking)
        super().__init__(tx, actor, role, program.id)

    def draft(self, **about: Any) -> Proposal:
        """Draft these two, as asked for by whoever walks this step; `about` says more."""
        origin = str(self.role) if self.role in PARTIES else "staff"
        yes = (origin,) if origin != "staff" else ()
        made = Proposal(
            **fresh(self.tx),
            program_id=self.program.id,
            mentee_id=self.mentee.id,
            mentor_id=self.mentor.id,
            created_at=self.tx.now,
            **{"origin": origin, "answered": yes, **about},
        )
        self.tx.proposals.add(made)
        self.record_all([drafted(self, made)])
        return made

    def offer(self, one: Proposal, cause: events.Event | None = None) -> Proposal:
        """Offer a drafted pair, and tell the one whose yes is asked first."""
        now = self.tx.now
        due = now + timedelta(days=self.program.offer_days)
        moved = replace(one.move("offered", by=self.role), offered_at=now, due_at=due)
        saved, event = self.save(self.tx.proposals, moved, events.ProposalOffered, cause=cause)
        self.tell_next(saved, event)
        return saved

    def tell_next(self, one: Proposal, event: events.Event) -> None:
        """Tell whose answer is awaited now that it is: one of the two, or the coordinators."""
        awaited = one.awaiting(self.program.accept_chain)
        if awaited in PARTIES:
            template = "second_offered" if one.circle_of else "proposal_offered"
            tell(self.tx, event, template, [self.people[Role(awaited)]])
        elif awaited:
            staff = [who for who, role in self.program.staff.items() if role == awaited]
            tell(self.tx, event, "proposal_to_confirm", staff)


def both(
    tx: Transaction, actor: Actor, ids: tuple[str, str], noun: str, speaking: str | None = None
) -> Both:
    """Begin a step about these two, (mentee, mentor), by one of them or by staff, as `party`."""
    found = tx.participants.get_many(ids)
    for one in ids:
        if one not in found:
            raise tx.participants.missing(one)
    mentee, mentor = (found[one] for one in ids)
    return Both(tx, actor, tx.programs.get(mentee.program_id), mentee, mentor, noun, speaking)


def withdraw_one(
    step: Step, one: Proposal, reason: str, cause: events.Event | None = None
) -> tuple[Proposal, events.Event]:
    """Withdraw one open proposal, with the reason's code; nobody is told."""
    moved, fact = one.move("withdrawn", by=step.role, reason=reason), events.ProposalWithdrawn
    return step.save(step.tx.proposals, moved, fact, cause=cause, reason=reason)


def drafted(step: Step, one: Proposal) -> events.Event:
    names = ("mentee_id", "mentor_id", "run_id", "origin", "score", "rank", "locked", "circle_of")
    told = {name: getattr(one, name) for name in names}
    return step.fact(events.ProposalDrafted, one.id, **told)
