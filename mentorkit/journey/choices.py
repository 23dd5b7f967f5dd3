"""Choices: mentors ranked for one mentee. One is asked; when that comes to nothing, the next.

The worker goes on by a promise made with the end of each proposal, so that no staff act is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import PARTIES, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.relationships import Proposal
from mentorkit.domain.shown import shown
from mentorkit.errors import Invalid, MentorKitError, NotAllowed, Problem
from mentorkit.journey.definitions import matching_for, strategy_of
from mentorkit.journey.match import proposing
from mentorkit.journey.offers import Both, both, withdraw_one
from mentorkit.journey.plugins import bound_of
from mentorkit.journey.pools import ASKED, noes, places_asked, pool_for, told_of, two_of
from mentorkit.journey.reasons import reasons_of
from mentorkit.journey.safeguards import breaches
from mentorkit.journey.steps import NEW, Step, atomic, party, persons_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching import Pair
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

MOST = 5
"""How many mentors may be ranked for one mentee."""
OPENLY = ("chosen_anew", "accepted_another")
"""The codes of why a choice was withdrawn that are no secret of anybody."""
NEXT = "next"
"""The kind of an outbox row that lets a mentee's next choice be asked."""


def waiting(tx: Transaction, mentee: str) -> list[Proposal]:
    """Return the choices of a mentee that wait for their turn, in their order."""
    found = tx.proposals.find(mentee_id=mentee, state="draft", run_id=None)
    return sorted(found, key=lambda one: (one.rank, one.id))


def rank(
    kit: Kit, *, tenant: str, actor: Actor, mentee: str, mentors: Sequence[str],
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Rank up to five mentors for a mentee, most wanted first: participant ids, each once.

    For staff, and for the mentee where `matching` is "self", of their level of touch or else of the
    program. The first is asked now,
    if the mentee has a place that no open proposal asks for; the others wait. When a proposal is
    declined, runs out or is withdrawn, the worker asks the next. It replaces the choices that
    still wait; none at all takes these back. Raises `Invalid` with who cannot be chosen,
    as where a mentor is asked about the mentee, who does not know of it yet.
    """
    why = reasons_of(kit, tenant, mentee, mentors[:MOST]) if tx is NEW else {}
    return _rank(kit, tenant=tenant, actor=actor, mentee=mentee, mentors=mentors, why=why, tx=tx)


@atomic
def _rank(
    kit: Kit, *, tenant: str, actor: Actor, mentee: str, mentors: Sequence[str],
    why: dict[str, dict[str, Any]], tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    if len(mentors) > MOST or len(set(mentors)) < len(mentors):
        told = Problem("mentors", f"rank at most {MOST} mentors, each once")
        raise Invalid("choices.number", "These choices cannot be kept:", [told])
    tx.participants.hold((mentee, *mentors))
    step = _on(tx, actor, mentee)
    program = tx.programs.get(step.program_id or "")
    side = step.role if step.role in PARTIES else None
    if side and _matching(tx, mentee) == "staff":
        raise NotAllowed("proposal.staff_matches", "In this program the staff match people.")
    for old in waiting(tx, mentee):
        withdraw_one(step, old, "chosen_anew")
    open_now = tx.proposals.find(mentee_id=mentee, state=ASKED)
    asked = {one.mentor_id for one in open_now if one.known_to(side, program.accept_chain)}
    pairs, problems = {}, []
    for place, mentor in enumerate(mentors):
        if mentor in asked:
            continue  # asked already: their answer comes first in any case
        try:
            pairs[mentor] = proposing(tx, actor, mentee, mentor)
        except MentorKitError as error:
            problems.append(Problem(f"mentors[{place}]", str(error)))
            continue
        if pairs[mentor].role == Role.MENTOR:
            raise NotAllowed("choices.not_yours", "Mentees choose mentors; ask for one mentee.")
    if problems:
        raise Invalid("choices.not_possible", "Some of these cannot be chosen:", problems)
    for place, two in enumerate(pairs.values(), len(mentors) - len(pairs) + 1):
        two.draft(rank=place, **why.get(two.mentor.id, {}))
    if _has_room(tx, tx.participants.get(mentee)):
        _offer_first(waiting(tx, mentee), lambda one: pairs[one.mentor_id])
    return {"mentee": mentee, "choices": _told(tx, step, mentee)}


def show(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> dict[str, Any]:
    """Return the mentors chosen for a mentee by hand, oldest first, and what became of each.

    `choices` has state, rank and the mentor's name, and the code of why one came to nothing: staff
    see each, the mentee those of `OPENLY`. `trace` lists each step from the journal: at, what (the
    event's name), mentor, proposal, and by which role and means it was done. `matching` says who
    starts the mentee's matching: staff or self.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        step = _on(tx, actor, participant)
        told = _told(tx, step, participant)
        names = {one["id"]: one["mentor"] for one in told}
        trace = [
            {"at": shown(event.at), "what": type(event).__name__, "mentor": names[one],
             "proposal": one, "by": event.role, "means": event.means}
            for one in names
            for event in tx.journal.about("proposal", one)
        ]  # fmt: skip
        trace.sort(key=lambda one: one["at"])
        by = _matching(tx, participant)
        return {"mentee": participant, "matching": by, "choices": told, "trace": trace}


def _on(tx: Transaction, actor: Actor, mentee: str) -> Step:
    """Begin a step about a mentee's choices, by the mentee or by staff."""
    one = tx.participants.get(mentee)
    program = tx.programs.get(one.program_id)
    speaking = "coordinator" if _matching(tx, mentee) == "staff" else None
    own = [(Role.MENTEE, one.person_id)]
    return Step(tx, actor, party(tx, program, actor, own, "participant", speaking), program.id)


def _matching(tx: Transaction, mentee: str) -> str:
    one = tx.participants.get(mentee)
    return matching_for(tx, tx.programs.get(one.program_id), one)


def _told(tx: Transaction, step: Step, mentee: str) -> list[dict[str, Any]]:
    rows = tx.proposals.find(mentee_id=mentee, run_id=None)
    if step.role in PARTIES:
        program = tx.programs.get(tx.participants.get(mentee).program_id)
        rows = [r for r in rows if r.origin == "mentee" or told_of(r, program, {mentee})]
        newest = {one.mentor_id: one.id for one in rows}  # they stand there as another of them
        rows = [r for r in rows if r.reason != "asked_for"]
        rows = [r for r in rows if r.reason != "chosen_anew" or newest[r.mentor_id] == r.id]
    people = persons_of(tx, [one.mentor_id for one in rows])
    return [
        {
            "id": one.id,
            "mentor_id": one.mentor_id,
            "mentor": people[one.mentor_id].name,
            "rank": one.rank,
            "state": one.state,
            "due_at": shown(one.due_at),
            "reason": one.reason if step.role not in PARTIES or one.reason in OPENLY else None,
        }
        for one in rows
    ]


def _has_room(tx: Transaction, mentee: Participant) -> bool:
    """Return whether the mentee can be matched, and no open proposal asks for the last place."""
    return mentee.available and mentee.free > tx.proposals.count(mentee_id=mentee.id, state=ASKED)


def _offer_first(
    choices: Iterable[Proposal], step: Callable[[Proposal], Both],
    cause: events.Event | None = None,
) -> Proposal | None:  # fmt: skip
    """Offer the first of these that can be; those before it are withdrawn with the reason."""
    for one in choices:
        two = step(one)
        code = _barred(two) or _no_since(two, one)
        if code is None:
            return two.offer(one, cause)
        withdraw_one(two, one, code, cause)
    return None


def _barred(two: Both) -> str | None:
    """Return the code of what keeps the two apart; also that they are asked the other way round."""
    turned = {"mentee_id": two.mentor.id, "mentor_id": two.mentee.id, "state": ASKED}
    code = breaches(two.tx, two.program, [(two.mentee, two.mentor)])[0]
    return code or ("proposed_now" if two.tx.proposals.count(**turned) else None)


def _no_since(two: Both, choice: Proposal) -> str | None:
    """Return the code where one of the two has said no to the other since this was chosen."""
    wanted = two_of(choice)
    no = noes(two.tx, two.program, mentee_id=wanted, mentor_id=wanted).get(wanted)
    last = two.tx.journal.about("proposal", no.id, choice.id)[-1] if no else None
    return "declined_before" if isinstance(last, events.ProposalDeclined) else None


def take_up(tx: Transaction, mentee: Participant, event: events.Event) -> None:
    """Ask the first of a mentee's choices that wait, for one who comes back from a break."""
    if tx.programs.get(mentee.program_id).state == "open" and _has_room(tx, mentee):
        _offer_first(waiting(tx, mentee.id), lambda one: _by_system(tx, one), event)


def promise_next(step: Both, ended: Proposal, event: events.Event) -> None:
    """Promise, with the end of a proposal, that the mentee's next choice is asked."""
    if waiting(step.tx, ended.mentee_id) or _falls_through(step, ended, event):
        about = {"sequence": event.sequence, "program_id": ended.program_id}
        step.tx.outbox.add(NEXT, f"{NEXT}:{event.sequence}", **about)


def _falls_through(step: Both, ended: Proposal, event: events.Event) -> bool:
    """Return whether a strategy's mentee is to have the next best; not who did not answer."""
    if ended.origin != "strategy" or ended.offered_at is None or ended.circle_of:
        return False
    when = strategy_of(step.tx, step.program)[0].fall_through
    if isinstance(event, events.ProposalDeclined):
        return when == "always"
    if isinstance(event, events.ProposalExpired):
        return when != "never" and ended.owing(step.program.accept_chain) != Role.MENTEE
    return when != "never" and event.payload()["reason"] == "place_taken"


def follow(kit: Kit, tenant: str, job: Job) -> None:
    """Keep one promise of `promise_next`, for the worker; nothing, where it is overtaken."""
    from mentorkit.matching import recommend

    done = kit.write(tenant, lambda tx: _ask_next(tx, job))
    if done:
        return
    with kit.transaction(tenant=tenant, write=False) as tx:
        ended, _ = _ended(tx, job)
        program = tx.programs.get(ended.program_id)
        try:
            bound = bound_of(kit, tx, program)
        except Invalid as error:
            if error.code == "strategy.plugin_off":  # as no draft is made of it either
                return
            raise
        pool = pool_for(kit, tx, program, bound, ended.mentee_id)
    if ended.mentee_id in pool.mentee_at:
        found = recommend(pool, bound, ended.mentee_id, bound.strategy.shortlist)
        kit.write(tenant, lambda tx: _ask_best(tx, job, found))


def _ended(tx: Transaction, job: Job) -> tuple[Proposal, events.Event]:
    event = tx.journal.event(job.sequence or 0)
    return tx.proposals.get(event.subject_id), event


def _ask_next(tx: Transaction, job: Job) -> bool:
    """Ask the mentee's next choice; False where there is none, and a strategy has one perhaps."""
    ended, event = _ended(tx, job)
    choices = waiting(tx, ended.mentee_id)
    tx.participants.hold({ended.mentee_id, *(one.mentor_id for one in choices)})
    closed = tx.programs.get(ended.program_id).state != "open"
    if closed or not _has_room(tx, tx.participants.get(ended.mentee_id)):
        return True
    # Read again, now that nobody else goes on with them.
    offered = _offer_first(waiting(tx, ended.mentee_id), lambda one: _by_system(tx, one), event)
    return offered is not None or ended.origin != "strategy"


def _by_system(tx: Transaction, one: Proposal | Pair) -> Both:
    return both(tx, SYSTEM_ACTOR, two_of(one), "proposal")


def _ask_best(tx: Transaction, job: Job, found: Iterable[Pair]) -> None:
    """Offer the best of these whom the mentee has not been offered yet and who has a place."""
    ended, event = _ended(tx, job)
    earlier = tx.proposals.find(mentee_id=ended.mentee_id)
    tried = {one.mentor_id for one in earlier if one.offered_at}
    left = [pair for pair in found if pair.mentor_id not in tried]
    mentors = [pair.mentor_id for pair in left]
    tx.participants.hold({ended.mentee_id, *mentors})
    if not _has_room(tx, tx.participants.get(ended.mentee_id)):
        return
    asked = places_asked(tx.proposals.find(mentor_id=mentors, state=ASKED))
    for pair in left:
        two = _by_system(tx, pair)
        if _barred(two) is None and two.mentor.free > asked[pair.mentor_id]:
            names = ("rank", "score", "reasons", "reasons_mentor")
            about = {name: getattr(pair, name) for name in names}
            two.offer(two.draft(origin="strategy", run_id=ended.run_id, **about), event)
            return


__all__ = ["follow", "promise_next", "rank", "show", "take_up", "waiting"]
