"""Accept: those who are asked answer; the last yes begins the relationship."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.milestones import Milestone, window
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.programs import Program, Targets
from mentorkit.domain.relationships import HOLDING, OTHER, Proposal, Relationship
from mentorkit.domain.shown import shown
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.choices import promise_next, waiting
from mentorkit.journey.circles import (
    beside,
    ensure_room,
    found,
    led_by,
    let_in,
    mentors_about,
    tell_alone,
    waiting_for,
)
from mentorkit.journey.contents import ensure_free, reviewed, set_aside, waiting_about
from mentorkit.journey.definitions import fields_of, showing, targets_for, targets_of
from mentorkit.journey.locks import judged
from mentorkit.journey.offers import OPEN, Both, both, withdraw_one
from mentorkit.journey.pools import ASKED, two_of
from mentorkit.journey.safeguards import ensure, refuse
from mentorkit.journey.steps import NEW, READERS, Step, atomic, fresh, persons_of, role_in
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching.wording import Whose
    from mentorkit.store.transaction import Transaction


def _asked(
    tx: Transaction, actor: Actor, proposal: str, speaking: str | None = None
) -> tuple[Proposal, Both]:
    """Return a proposal with what is needed to judge an answer; to who was not asked, it is not.

    Who reads all of the program has seen it there, also if they are one of the two.
    """
    one = tx.proposals.get(proposal)
    asked = both(tx, actor, (one.mentee_id, one.mentor_id), "proposal", speaking)
    side = None if role_in(tx, asked.program, actor) in READERS else str(asked.role)
    if not one.known_to(side, asked.program.accept_chain):
        raise tx.proposals.missing(proposal)
    return one, asked


def show(kit: Kit, *, tenant: str, actor: Actor, proposal: str) -> dict[str, Any]:
    """Return one proposal to one of its two or to staff: names, reasons in words, what is asked.

    `words` say what fits, as the one asking reads it (staff the mentee's, of the two), `not_so`
    what does not; `yours` is whether their yes or reply is awaited now, `talk` the question and the
    reply, oldest first. While something written waits to be looked at it is `held`; only its
    author and staff see `held_text`. A participant gets neither the score nor the other's code of a
    no. `about` is what the other shows of themselves (to staff: each of the two), as participant,
    role and `answers` by field id; nobody, once it has come to nothing or the two are apart.
    """
    from mentorkit.matching import words

    with kit.transaction(tenant=tenant, write=False) as tx:
        one, asked = _asked(tx, actor, proposal)
        party = asked.role in PARTIES
        if party and one.offered_at is None:
            raise tx.proposals.missing(proposal)  # nobody is told of a draft
        fields = fields_of(tx, asked.program)
        whose: Whose | None = None if party else "mentee"
        reasons = one.reasons_mentor if asked.role == Role.MENTOR else one.reasons
        people = tx.people.get_many(asked.people.values())
        awaited = one.awaiting(asked.program.accept_chain) if one.state == "offered" else None
        waits = waiting_about(tx, one)
        note = waits and asked.people.get(asked.role) in (None, waits.author_id)
        written = tx.notes.first(id=waits.id) if waits and note else None
        names = {role: people[id].name for role, id in asked.people.items() if id in people}
        return {
            **asked.row(one),
            "program": asked.program.key,
            "program_name": shown(asked.program.name),
            "mentee": names.get(Role.MENTEE, ""),
            "mentor": names.get(Role.MENTOR, ""),
            "as_role": str(asked.role),
            "words": [words(r, fields=fields, whose=whose) for r in reasons if r.fits],
            "not_so": [words(r, fields=fields, whose=whose) for r in reasons if not r.fits],
            "about": _about(asked, one),
            "awaiting": awaited,
            "yours": one.waits_for(str(asked.role) if party else None, asked.program.accept_chain),
            "talk": _talk(tx, proposal),
            "held": one.held,
            "held_text": written.text if written else "",
        }


def _about(asked: Both, one: Proposal) -> list[dict[str, Any]]:
    """Return what each but the reader shows of themselves, while it is open or goes on."""
    held = asked.tx.relationships.first(id=one.relationship_id) if one.relationship_id else None
    here = {m.participant_id for m in held.here} if held and held.state in HOLDING else set()
    if one.state not in OPEN and not {one.mentee_id, one.mentor_id} <= here:
        return []
    kind = "peer" if asked.program.kind == "peer" else None
    told = showing(asked.tx, asked.program)
    return [
        {
            "participant": who.id,
            "role": role,
            "answers": told(who, kind or ("mentor" if one.circle_of else role)),
        }
        for role, who in (("mentee", asked.mentee), ("mentor", asked.mentor))
        if role != asked.role
    ]


@atomic
def accept(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, on_behalf_of: str | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Say yes. The last yes that the program asks for begins the relationship.

    A participant answers when it is their turn. Staff answer for `on_behalf_of` (mentee, mentor
    or coordinator), or without it for all who are still awaited; staff who are one of the two
    answer without it for themselves alone. What was offered before the program closed may still
    be accepted. The yes of a second mentor lets them into the circle, or counts as soon as it
    begins. Raises `Conflict` when it is too late, or somebody else took the last place meanwhile:
    then nothing has changed.
    """
    one = tx.proposals.get(proposal)
    tx.participants.hold(mentors_about(tx, one))  # the safeguards hold until we have ended
    one, asked = _asked(tx, actor, proposal, on_behalf_of)
    ensure_free(one)
    if one.state == "question":
        raise Conflict(
            "proposal.question_open", "A question is open; reply to it first, then say yes."
        )
    if one.state != "offered":
        one.move("accepted", by=asked.role)
    _ensure_in_time(one, tx)
    said = replace(one, answered=_answered(one, asked, on_behalf_of))
    if one.circle_of:
        code = beside(tx, asked.program, asked.mentee, asked.mentor)
        refuse(tx, asked.program, asked.mentee, asked.mentor, asked.role, code)
        if circle := led_by(tx, one.mentee_id):
            return _lead_too(asked, said, circle)
    else:
        ensure(tx, asked.program, asked.mentee, asked.mentor, asked.role)
        if not said.awaiting(asked.program.accept_chain):
            return _begin(asked, said)
    fact = events.ProposalAnswered
    saved, event = asked.save(tx.proposals, said, fact, answered=said.answered)
    asked.tell_next(saved, event)
    return asked.row(saved)


def _ensure_in_time(one: Proposal, tx: Transaction) -> None:
    if one.due_at and one.due_at <= tx.now:
        raise Conflict(
            "proposal.too_late",
            f"The time to answer ran out on {one.due_at.date()}. Ask the coordinator for a new "
            "offer.",
            due_at=one.due_at.isoformat(),
        )


def _ensure_awaited(role: str | None) -> None:
    if role is None:
        raise Conflict("proposal.answered", "This yes is noted; it counts once the circle begins.")


def _answered(one: Proposal, asked: Both, on_behalf_of: str | None) -> tuple[str, ...]:
    """Return who has said yes once this answer counts; raise when it is not theirs to give."""
    chain = asked.program.accept_chain
    awaited = one.awaiting(chain)
    mine = str(asked.role)
    _ensure_awaited(awaited)
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
        return (*one.answered, *(r for r in one.asked(chain) if r not in one.answered))
    if awaited != on_behalf_of:
        raise Conflict("proposal.not_their_turn", f"The {awaited} is asked next.", awaited=awaited)
    return (*one.answered, on_behalf_of)


def _begin(asked: Both, said: Proposal) -> dict[str, Any]:
    """Take the places, accept the proposal and begin the relationship, or join its circle."""
    tx = asked.tx
    used = tx.participants.take_places({said.mentee_id, said.mentor_id})
    last = last_as_mentee(tx, asked.program, asked.mentee)
    touch = asked.mentee.touch or asked.mentor.touch
    targets, version = targets_of(tx, asked.program)
    targets = targets.at(touch)
    circle = led_by(tx, said.mentor_id) if asked.program.kind == "circle" else None
    fact: type[events.Event] = events.MemberJoined if circle else events.RelationshipStarted
    how: dict[str, Any]
    if circle:
        # Again, now that the mentor's place is ours and nobody else joins: who is in it by now?
        ensure(tx, asked.program, asked.mentee, asked.mentor, asked.role)
        for other in tx.participants.get_many(circle.mentors[1:]).values():
            ensure_room(tx, other, 1)
        used |= tx.participants.take_places(circle.mentors[1:])
        held = let_in(tx, circle, said.mentee_id, "mentee")
        how = {"participant_id": said.mentee_id, "joined_by": said.id}
    else:
        peers = asked.program.kind == "peer"
        sides = ("peer", "peer") if peers else ("mentee", "mentor")
        sided = dict(zip((said.mentee_id, said.mentor_id), sides, strict=True))
        cohort = asked.mentee.cohort or asked.mentor.cohort
        how = {"proposal_id": said.id, "targets_version": version, "touch": touch}
        kind = asked.program.kind
        held = found(tx, asked.program, sided, targets, kind=kind, cohort=cohort, **how)
        how["of_cohort"] = cohort
        how |= {"mentee_id": said.mentee_id, "mentor_id": said.mentor_id}
    moved = replace(said.move("accepted", by=asked.role), relationship_id=held.id)
    own = {"answered": said.answered, "relationship_id": held.id}
    saved, event = asked.save(tx.proposals, moved, events.ProposalAccepted, **own)
    taken = [asked.fact(events.PlaceTaken, who, event, used=count) for who, count in used.items()]
    members = tuple(member.participant_id for member in held.here)
    beginning = asked.fact(fact, held.id, event, members=members, **how)
    *_, started = asked.record_all([*taken, beginning])
    plan_milestones(tx, held, targets, started, joined=said.mentee_id if circle else "")
    others = persons_of(tx, held.mentors[1:]).values()
    tell(tx, started, "relationship_started", [*asked.people.values(), *(o.id for o in others)])
    mentors = held.mentors or (said.mentor_id,)
    settle(asked, held, [said.mentee_id], mentors, event, {said.mentee_id} if last else ())
    for one in waiting_for(tx, said.mentor_id) if not circle else ():
        if one.answered:
            held = _lead_as_said(tx, one, held, event)
    return {**asked.row(saved), "relationship": asked.row(held)}


def _lead_too(
    asked: Both, said: Proposal, circle: Relationship, cause: events.Event | None = None
) -> dict[str, Any]:
    """Let a second mentor into a circle, with a place for each of its mentees."""
    tx, mentor = asked.tx, said.mentor_id
    ensure_room(tx, asked.mentor, len(circle.mentees))
    used = [tx.participants.take_place(mentor) for _ in circle.mentees][-1]
    held = let_in(tx, circle, mentor, "mentor")
    moved = replace(said.move("accepted", by=asked.role), relationship_id=held.id)
    own = {"answered": said.answered, "relationship_id": held.id}
    saved, event = asked.save(tx.proposals, moved, events.ProposalAccepted, cause=cause, **own)
    members = tuple(member.participant_id for member in held.here)
    how: dict[str, Any] = {"participant_id": mentor, "joined_by": said.id, "members": members}
    taken = asked.fact(events.PlaceTaken, mentor, event, used=used)
    joining = asked.fact(events.MemberJoined, held.id, event, **how)
    _, joined = asked.record_all([taken, joining])
    plan_milestones(tx, held, targets_for(tx, asked.program)(held), joined, joined=mentor)
    people = persons_of(tx, members)
    tell(tx, joined, "relationship_started", (person.id for person in people.values()))
    settle(asked, held, (), [mentor], event)
    return {**asked.row(saved), "relationship": asked.row(held)}


def _lead_as_said(
    tx: Transaction, one: Proposal, circle: Relationship, cause: events.Event
) -> Relationship:
    """Let in who has said yes before the circle began; withdraw it where that cannot be now."""
    two = both(tx, SYSTEM_ACTOR, two_of(one), "proposal")
    code = beside(tx, two.program, two.mentee, two.mentor)
    if code is None and two.mentor.free < len(circle.mentees):
        code = "no_place"
    if code:
        _withdraw(two, one, code, cause, but="")
    else:
        _lead_too(two, one, circle, cause)
    return tx.relationships.get(circle.id)


def settle(
    step: Step, held: Relationship, mentees: Sequence[str], others: Sequence[str],
    cause: events.Event, last: Collection[str] = (),
) -> None:  # fmt: skip
    """Withdraw what has become idle, now that these have found each other in a relationship.

    `last` are those who have taken their last place as a mentee.
    """
    tx, here = step.tx, [member.participant_id for member in held.here]
    for one in tx.proposals.find(mentee_id=here, mentor_id=here, state=ASKED):
        two = both(tx, SYSTEM_ACTOR, two_of(one), "proposal")  # as asked the other way round
        _withdraw(two, one, "together_now", cause, but="")
    for choice in (one for id in mentees for one in waiting(tx, id)):
        withdraw_one(step, choice, "accepted_another", cause)
    for id in (*mentees, *others):
        full = not tx.participants.get(id).free
        if full or id in last:
            sides = ("mentee_id", "mentor_id") if full else ("mentee_id",)
            withdraw_open(tx, participant=id, reason="place_taken", cause=cause, sides=sides)
    if held.kind == "circle":
        withdraw_apart(tx, held, cause, ASKED)  # a draft is looked at when it is published


def last_as_mentee(tx: Transaction, program: Program, one: Participant) -> bool:
    """Return whether the place that somebody who is both takes as a mentee is the last one.

    Their capacity counts both sides. Raises `Conflict` when they are the mentee of as many as the
    program allows; hold them or take their place first, so that nobody counts beside us.
    """
    most = program.mentee_capacity
    if one.role != "both":
        return False
    held = tx.relationships.for_participants([one.id], states=HOLDING)
    mentored = sum(one.id in relationship.mentees for relationship in held)
    if mentored >= most:
        raise Conflict(
            "participant.mentee_capacity",
            f"This participant is the mentee of {most} mentor(s) already, as many as the program "
            "allows.",
            capacity=most,
        )
    return mentored + 1 == most


def plan_milestones(
    tx: Transaction, held: Relationship, targets: Targets, cause: events.Event, joined: str = ""
) -> None:
    """Plan what is to come; for who `joined` a circle later, those days from the start anew."""
    member = next((m for m in held.here if m.participant_id == joined), None)
    if member and not held.late(member):
        return  # what is planned for all is as good as theirs
    step, planned = Step(tx, SYSTEM_ACTOR, Role.SYSTEM, held.program_id), []
    before = {
        one.kind for one in tx.milestones.find(relationship_id=held.id, participant_id=joined)
    }
    for plan in targets.milestones:
        if joined and (plan.day is None or plan.kind in before):
            continue
        opens, closes = window(plan, tx.now if joined else held.started_at, held.ends_at)
        if joined and opens >= held.ends_at:
            continue
        about: dict[str, Any] = {"kind": plan.kind, "participant_id": joined}
        about |= {"relationship_id": held.id, "opens_at": opens, "closes_at": closes}
        planned.append(Milestone(**fresh(tx), **about))
    tx.milestones.add_all(planned)
    names = ("relationship_id", "kind", "participant_id")
    step.record_all(
        step.fact(
            events.MilestonePlanned, one.id, cause, **{name: getattr(one, name) for name in names}
        )
        for one in planned
    )


def withdraw_open(
    tx: Transaction, *, participant: str, reason: str, cause: events.Event,
    other: str | None = None, sides: Iterable[str] = ("mentee_id", "mentor_id"),
) -> int:  # fmt: skip
    """Withdraw a participant's open proposals, or only those with `other`; return how many.

    The other side is told if it was asked, unless somebody was blocked or erased.
    """
    found = {
        one.id: one
        for side in sides
        for one in tx.proposals.find(state=OPEN, **{side: participant})
        if (other is None or other in (one.mentee_id, one.mentor_id))
        and (reason != "place_taken" or participant in one.places)
    }
    for _, one in sorted(found.items()):
        asked = both(tx, SYSTEM_ACTOR, (one.mentee_id, one.mentor_id), "proposal")
        mine = "mentee" if one.mentee_id == participant else "mentor"
        _withdraw(asked, one, reason, cause, but=mine)
    return len(found)


def withdraw_apart(
    tx: Transaction, circle: Relationship, cause: events.Event, states: Sequence[str]
) -> int:
    """Withdraw what would bring somebody into a circle who is to be kept apart from one in it.

    Of the proposals in these states; nobody is told, but staff of a second mentor. Return how many.
    """
    program = tx.programs.get(circle.program_id)
    lead = circle.mentors[0]
    pairs = [one for one in tx.proposals.find(state=states, mentor_id=lead) if not one.circle_of]
    apart = [one for one, _, code in judged(tx, program, pairs) if code == "blocked"]
    for one in apart:
        withdraw_one(Step(tx, SYSTEM_ACTOR, Role.SYSTEM, program.id), one, "blocked", cause)
    for one in waiting_for(tx, lead):
        two = both(tx, SYSTEM_ACTOR, two_of(one), "proposal")
        if beside(tx, program, two.mentee, two.mentor) == "blocked":
            apart.append(_withdraw(two, one, "blocked", cause, but=""))
    return len(apart)


def _withdraw(
    asked: Both, one: Proposal, reason: str, cause: events.Event | None = None, *, but: str
) -> Proposal:
    saved, event = withdraw_one(asked, one, reason, cause)
    promise_next(asked, one, event)
    if one.state != "draft" and reason not in ("blocked", "erased", "together_now"):
        awaited = one.owing(asked.program.accept_chain)
        _tell_end(asked, event, (*one.involved, awaited), but=but)
    if asked.role not in STAFF and but != "mentee":
        tell_alone(asked, one, event)
    return saved


@atomic
def decline(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, reason: str = "no_reason_given",
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Say no, also to a question. `reason` is a code; `note` is private to staff."""
    one, asked = _asked(tx, actor, proposal)
    moved = one.move("declined", by=asked.role, reason=reason)
    moved = replace(moved, note_id=asked.note("proposal", proposal, note))
    saved, event = asked.save(tx.proposals, moved, events.ProposalDeclined, reason=reason)
    promise_next(asked, one, event)
    _tell_end(asked, event, one.involved, but=asked.role)
    tell_alone(asked, one, event)
    return asked.row(saved)


def _tell_end(asked: Both, event: events.Event, roles: Iterable[str | None], *, but: str) -> None:
    """Tell these roles, without the one that knows, that the proposal came to nothing."""
    hearing = set(roles) - {but}
    told = [person for role, person in asked.people.items() if role in hearing]
    tell(asked.tx, event, "proposal_declined", told)


@reviewed
@atomic
def ask(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, text: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Ask the other side one thing; they have the program's full time to reply.

    Where the program has content checks it waits for them, and the time to answer stands still.
    """
    one, asked = _asked(tx, actor, proposal)
    ensure_free(one)
    if one.state == "question":
        raise Conflict(
            "proposal.question_open", "A question is open already; it is replied to first."
        )
    if asked.role not in PARTIES:
        raise NotAllowed(
            "proposal.asks_itself", "The mentee or the mentor asks; staff reply for either."
        )
    one.move("question", by=asked.role)
    _ensure_awaited(one.awaiting(asked.program.accept_chain))
    _ensure_in_time(one, tx)
    text_id = _write(asked, proposal, text)
    return asked.row(
        set_aside(kit, asked, "question", text_id, one) or _say_question(asked, one, text_id)
    )


def _say_question(
    asked: Both, one: Proposal, text_id: str, cause: events.Event | None = None
) -> Proposal:
    moved = replace(one.move("question", by=asked.role), asked_by=str(asked.role))
    fact, how = events.QuestionAsked, {"asked_by": moved.asked_by, "text_id": text_id}
    saved, event = asked.save(asked.tx.proposals, renewed(asked, moved), fact, cause=cause, **how)
    tell(asked.tx, event, "question_asked", [asked.people[Role(OTHER[asked.role])]])
    return saved


def renewed(asked: Both, one: Proposal) -> Proposal:
    """Return a proposal that may be answered for the program's full time from now."""
    return replace(one, due_at=asked.tx.now + timedelta(days=asked.program.offer_days))


@reviewed
@atomic
def reply(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, text: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Reply to the question; those asked have the program's full time again.

    The side that was asked does, or staff. A participant's waits for content checks, as a question.
    """
    one, asked = _asked(tx, actor, proposal)
    ensure_free(one)
    if one.state != "question":
        raise Conflict("proposal.no_question", "No question is open about this proposal.")
    one.move("offered", by=asked.role)
    if one.asked_by == asked.role:
        raise NotAllowed(
            "proposal.own_question", "The other side replies to your question, or the staff."
        )
    _ensure_in_time(one, tx)
    text_id = _write(asked, proposal, text)
    return asked.row(
        set_aside(kit, asked, "reply", text_id, one) or _say_reply(asked, one, text_id)
    )


def _say_reply(
    asked: Both, one: Proposal, text_id: str, cause: events.Event | None = None
) -> Proposal:
    tx, fact = asked.tx, events.QuestionAnswered
    moved = renewed(asked, one.move("offered", by=asked.role))
    saved, event = asked.save(tx.proposals, moved, fact, cause=cause, text_id=text_id)
    tell(tx, event, "question_answered", [asked.people[Role(str(one.asked_by))]])
    if saved.awaiting(asked.program.accept_chain) not in (one.asked_by, asked.role):
        asked.tell_next(saved, event)
    return saved


SAYING = {"question": _say_question, "reply": _say_reply}
"""What becomes of a text that was set aside, by its kind, once it may be passed on."""


def talk(kit: Kit, *, tenant: str, actor: Actor, proposal: str) -> list[dict[str, Any]]:
    """List what was asked and replied about a proposal, oldest first, for the two and for staff.

    Each is ``{kind: "question" or "reply", by: role, at, text}``; an erased text is "".
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        _asked(tx, actor, proposal)
        return _talk(tx, proposal)


def _talk(tx: Transaction, proposal: str) -> list[dict[str, Any]]:
    kinds = {events.QuestionAsked: "question", events.QuestionAnswered: "reply"}
    said = [one for one in tx.journal.about("proposal", proposal) if type(one) in kinds]
    notes = tx.notes.get_many(one.payload()["text_id"] for one in said)
    texts = {id: note.text for id, note in notes.items()}
    return [
        {
            "kind": kinds[type(one)],
            "by": one.role,
            "at": shown(one.at),
            "text": texts.get(one.payload()["text_id"], ""),
        }
        for one in said
    ]


def _write(step: Step, proposal: str, text: str) -> str:
    if not text.strip() or len(text) > 2000:
        told = Problem("text", "write 1 to 2000 characters")
        raise Invalid("proposal.text", "The text cannot be used.", [told])
    return step.note("proposal", proposal, text) or ""


@atomic
def withdraw(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, reason: str = "asked",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Take an open proposal back; whoever has heard of it is told.

    Staff do, and whoever of the two asked for it; the other says no.
    """
    one, asked = _asked(tx, actor, proposal)
    if asked.role in PARTIES and one.origin != asked.role:
        raise NotAllowed(
            "proposal.asked_by_others",
            "Only who asked for this pair, or staff, may take it back; you can say no to it.",
        )
    return asked.row(_withdraw(asked, one, reason, but=asked.role))


@atomic
def expire(kit: Kit, *, tenant: str, limit: int = 500, tx: Transaction = NEW) -> int:
    """Expire the proposals whose time to answer has run out; return how many. For the worker."""
    late = tx.proposals.overdue(tx.now, limit)
    for one in late:
        asked = both(tx, SYSTEM_ACTOR, (one.mentee_id, one.mentor_id), "proposal")
        if one.circle_of and one.answered and _may_begin(tx, one.mentee_id):
            tx.proposals.save(renewed(asked, one))  # their yes holds while the circle may begin
            continue
        expired = one.move("expired", by=Role.SYSTEM)
        _, event = asked.save(tx.proposals, expired, events.ProposalExpired)
        promise_next(asked, one, event)
        silent = one.owing(asked.program.accept_chain)
        _tell_end(asked, event, one.involved, but=str(silent))
        if not one.answered:
            tell_alone(asked, one, event)
    return len(late)


def _may_begin(tx: Transaction, lead: str) -> bool:
    """Return whether mentees are still asked into a circle that this mentor is to lead."""
    return any(not one.circle_of for one in tx.proposals.find(mentor_id=lead, state=ASKED))
