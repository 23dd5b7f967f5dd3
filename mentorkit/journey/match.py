"""Match: draft a run by the program's strategy, review, lock and edit it, then publish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal, Reason
from mentorkit.domain.runs import Run
from mentorkit.domain.shown import as_row
from mentorkit.domain.strategies import Strategy
from mentorkit.errors import (
    Cancelled,
    Conflict,
    Invalid,
    MentorKitError,
    NotAllowed,
    NotFound,
    Problem,
)
from mentorkit.journey.cohorts import open_cohort
from mentorkit.journey.left import kept
from mentorkit.journey.pools import ASKED, as_mentees, locks_in, noes, pool_of, two_of, who_refused
from mentorkit.journey.programs import fields_of, strategy_of
from mentorkit.journey.safeguards import (
    WORDS,
    breaches,
    ensure,
)
from mentorkit.journey.steps import (
    NEW,
    Step,
    as_party,
    atomic,
    by_staff,
    chosen,
    fresh,
    in_program,
    party,
    person_of,
    persons_of,
    program_of,
    reading,
    reading_own,
    role_in,
)
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.kit import Kit
    from mentorkit.matching import Pool, Result
    from mentorkit.store.transaction import Transaction

OPEN = ("draft", *ASKED)
DRAFTED = ("draft", "reviewed")
"""The states of a run that can still be published, or replaced by another."""
DRAFTS = 3
"""How often a draft is computed at most, when locks change meanwhile."""


def draft(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    locks: Sequence[tuple[str, str]] = (),
    seed: int = 0,
    cohort: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run the program's strategy over everyone available; the result is a draft to review.

    `locks` are (mentee, mentor) pairs, by participant id or external key, that the result must
    hold. A lock may override a rule, which is reported; one that breaks a safeguard is refused.
    `cohort` takes the people of that one alone.

    It replaces the program's drafts so far, which are discarded (`replaced`). Pairs locked there
    are locked here, but for those that can no longer be (`dropped_locks`). When locks change while
    it is computed, it is computed again; raises `Conflict` (run.locks_changed) when that goes on.
    """
    from mentorkit import matching

    def begin(tx: Transaction) -> tuple[Run, Any]:
        found, step = in_program(tx, actor, program)
        _ensure_open(found)
        if cohort is not None:
            open_cohort(tx, found, cohort)
        strategy, version = strategy_of(tx, found)
        bound = matching.bind(strategy, kit.registry, fields_of(tx, found), known=())
        _ensure_enabled(kit, tx, found, strategy)
        run = Run(
            **fresh(tx), program_id=found.id, strategy_version=version, seed=seed, created_at=tx.now
        )
        tx.runs.add(run)
        step.record(events.RunQueued, run.id, strategy_version=version, seed=seed, of_cohort=cohort)
        run, _ = step.save(tx.runs, run.move("running", by=step.role), events.RunStarted)
        return run, bound

    def gather(tx: Transaction) -> tuple[Pool, dict[tuple[str, str], str | None]]:
        found = tx.programs.get(run.program_id)
        earlier = _earlier_locks(tx, found)
        return pool_of(tx, found, bound.fields, [*locks, *earlier], cohort), earlier

    def keep(tx: Transaction) -> dict[str, Any] | None:
        step, current = _on_run(tx, actor, run.id)
        if _earlier_locks(tx, tx.programs.get(run.program_id)).keys() != earlier.keys():
            return None
        replaced = tx.runs.find(program_id=run.program_id, state=DRAFTED)
        for old in replaced:
            _discard(step, old, "run_replaced")
        done = current.move("draft", by=step.role)
        summary = Frozen(matching.summary(result), left=_left(result, pool))
        saved, _ = step.save(tx.runs, replace(done, summary=summary), events.RunDrafted)
        proposals = [
            Proposal(
                **fresh(tx),
                program_id=run.program_id,
                mentee_id=pair.mentee_id,
                mentor_id=pair.mentor_id,
                run_id=run.id,
                score=pair.score,
                rank=pair.rank,
                reasons=pair.reasons,
                reasons_mentor=pair.reasons_mentor,
                locked=pair.locked,
                created_at=tx.now,
            )
            for pair in result.pairs
        ]
        tx.proposals.add_all(proposals)
        step.record_all(_drafted(step, one) for one in proposals)
        return {
            **_told(saved),
            "replaced": [old.id for old in replaced],
            "notes": [{"place": one.place, "message": one.message} for one in result.notes],
            "dropped_locks": dropped,
            "unmatched_people": unmatched(result, pool),
        }

    def fail(tx: Transaction, code: str) -> None:
        step, current = _on_run(tx, actor, run.id)
        failed = current.move("failed", by=step.role, reason=code)
        step.save(tx.runs, failed, events.RunFailed, reason=code)

    run, bound = kit.write(tenant, begin)
    try:
        for _ in range(DRAFTS):
            with kit.transaction(tenant=tenant, write=False) as tx:
                pool, earlier = gather(tx)
            wanted = locks_in(pool, locks)
            carried, dropped = _carried(pool, wanted, earlier)
            how: Any = {"locks": wanted + carried, "seed": seed, "progress": progress}
            result = _one_way(pool, partial(matching.run, pool, bound, **how))
            if made := kit.write(tenant, keep):
                return made
        raise Conflict(
            "run.locks_changed",
            "Locks were changed again and again while the draft was computed. Match again.",
        )
    except BaseException as error:  # also when the process is told to stop: no run hangs
        code = error.code if isinstance(error, MentorKitError) else "failed"
        code = "cancelled" if isinstance(error, (Cancelled, KeyboardInterrupt)) else code
        with suppress(MentorKitError):  # of the two errors, the first tells what went wrong
            kit.write(tenant, lambda tx: fail(tx, code))
        raise


def _ensure_open(program: Program) -> None:
    if program.state != "open":
        raise Conflict("program.not_open", f"The program is {program.state}; open it first.")


def _earlier_locks(tx: Transaction, program: Program) -> dict[tuple[str, str], str | None]:
    """Return the pairs locked in drafts so far, with the safeguard that each would break now."""
    drafts = [run.id for run in tx.runs.find(program_id=program.id, state=DRAFTED)]
    locked = tx.proposals.find(run_id=drafts, state="draft", locked=True)
    return {two_of(one): code for one, _, code in _judged(tx, program, locked)}


def _judged(
    tx: Transaction, program: Program, proposals: Sequence[Proposal]
) -> list[tuple[Proposal, tuple[Participant, Participant], str | None]]:
    """Return each proposal with its mentee and mentor, and the safeguard they would break now."""
    people = tx.participants.get_many(id for one in proposals for id in two_of(one))
    pairs = [(people[one.mentee_id], people[one.mentor_id]) for one in proposals]
    return list(zip(proposals, pairs, breaches(tx, program, pairs), strict=True))


def _carried(
    pool: Pool, wanted: Sequence[tuple[str, str]], earlier: dict[tuple[str, str], str | None]
) -> tuple[list[tuple[str, str]], list[dict[str, str]]]:
    """Return the earlier locks for which there is room beside those wanted, and the others."""
    places = Counter({one.id: one.capacity for one in pool.mentors})
    places.subtract(mentor for _, mentor in wanted)
    alone = {one.id for one in pool.mentees} - {mentee for mentee, _ in wanted}
    carried: list[tuple[str, str]] = []
    dropped = []
    for (mentee, mentor), code in earlier.items():
        if (mentee, mentor) in wanted:
            continue
        if code is None and (mentee not in alone or places[mentor] < 1):
            code = "no_place"
        elif code is None and (mentor, mentee) in (*wanted, *carried):
            code = "proposed_now"
        elif code is None:
            refused = pool.forbidden.get((pool.mentee_at[mentee], pool.mentor_at[mentor]))
            code = refused.code if refused else None
        if code:
            dropped.append(_dropped((mentee, mentor), code))
        else:
            carried.append((mentee, mentor))
            alone.discard(mentee)
            places[mentor] -= 1
    return carried, dropped


def _one_way(pool: Pool, run: Callable[[], Result]) -> Result:
    """Run until no two are to be each other's mentors: they can say yes to one of the two alone.

    The pair with the higher score is kept, or the one that is locked.
    """
    while True:
        result = run()
        found = {two_of(pair): (pair.locked, pair.score, two_of(pair)) for pair in result.pairs}
        both_ways = [(a, b) for a, b in found if (b, a) in found]
        for a, b in both_ways:
            if found[a, b] < found[b, a]:
                at = pool.mentee_at[a], pool.mentor_at[b]
                pool.forbidden[at] = Reason(code="proposed_now")
        if not both_ways:
            return result


def _dropped(two: tuple[str, str], code: str) -> dict[str, str]:
    mentee, mentor = two
    return {"mentee_id": mentee, "mentor_id": mentor, "code": code, "message": WORDS[code]}


def _ensure_enabled(kit: Kit, tx: Transaction, program: Program, strategy: Strategy) -> None:
    """Raise `Invalid` for what the strategy names of plugins that the program has switched off."""
    used = [("criteria", use.name) for use in strategy.criteria]
    used += [("rules", use.name) for use in strategy.rules]
    problems = []
    for kind, name in [*used, ("assigners", strategy.assigner)]:
        plugin = kit.registry.owner(kind, name).name
        if chosen(tx, program, plugin) is None:
            problems.append(Problem(name, f"switch the plugin {plugin} on, or use another"))
    if problems:
        told = "The program has switched off what it matches by:"
        raise Invalid("strategy.plugin_off", told, problems)


def _drafted(step: Step, one: Proposal) -> events.Event:
    names = ("mentee_id", "mentor_id", "run_id", "origin", "score", "rank", "locked")
    told = {name: getattr(one, name) for name in names}
    return step.fact(events.ProposalDrafted, one.id, **told)


def _left(result: Result, pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """Return everyone left, by side, with the codes of why and of what would help; no names."""
    people = {one.id: one for one in (*pool.mentees, *pool.mentors)}
    sides = {"mentees": result.unmatched_mentees, "mentors": result.unmatched_mentors}
    return {
        side: [
            {
                "id": one.id,
                "reason": kept(one.reason, people[one.id], pool.fields),
                "help": kept(one.help, people[one.id], pool.fields),
            }
            for one in left
        ]
        for side, left in sides.items()
    }


def unmatched(result: Result, pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """Return everyone left, by side: the binding rule, and what one change would help."""
    from mentorkit.matching import words

    names = {one.id: one.name or one.key for one in (*pool.mentees, *pool.mentors)}
    sides = {"mentees": result.unmatched_mentees, "mentors": result.unmatched_mentors}
    return {
        side: [
            {"id": one.id, "name": names[one.id], "reason": words(one.reason, fields=pool.fields),
             "help": words(one.help, fields=pool.fields)}
            for one in left
        ]
        for side, left in sides.items()
    }  # fmt: skip


def runs(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the runs of a program, oldest first."""
    with reading(kit, tenant, actor, program) as (tx, found):
        return [_told(run) for run in tx.runs.find(program_id=found.id)]


def _told(run: Run) -> dict[str, Any]:
    """Return a run as data, without the long list of those left."""
    row = as_row(run)
    row["summary"].pop("left", None)
    return row


def proposals(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None
) -> list[dict[str, Any]]:
    """List a program's proposals with the names of the two and their reasons in words.

    `words` are for the mentee, about the mentor; `words_mentor` the other way round. Each has one
    text for each reason, "" where it has nothing to say. A participant gets those of their own
    that have been offered, as `as_party` shows them, with the words that are for them.
    `your_turn` says whether the actor can answer now: for themselves, and staff for other pairs.
    """
    from mentorkit.matching import words

    with reading_own(kit, tenant, actor, program) as (tx, found, own):
        rows = tx.proposals.find(program_id=found.id, **({"state": state} if state else {}))
        if own:
            theirs = (row for row in rows if own & {row.mentee_id, row.mentor_id})
            rows = [row for row in theirs if row.offered_at]
        fields = fields_of(tx, found)
        people = persons_of(tx, (id for row in rows for id in two_of(row)), own)
        mine, staff = _answering(tx, found, actor)

        def said(reasons: tuple[Reason, ...]) -> list[str]:
            return [words(reason, fields=fields) for reason in reasons]

        def told(row: Proposal) -> dict[str, Any]:
            awaited = row.awaiting(found.accept_chain) if row.state == "offered" else None
            asked = {"mentee": row.mentee_id, "mentor": row.mentor_id}.get(awaited or "")
            return {
                **(as_party(row) if own else as_row(row)),
                "mentee": people[row.mentee_id].name,
                "mentee_key": people[row.mentee_id].external_key,
                "mentor": people[row.mentor_id].name,
                "mentor_key": people[row.mentor_id].external_key,
                "words": said(row.reasons) if not own or row.mentee_id in own else [],
                "words_mentor": said(row.reasons_mentor) if not own or row.mentor_id in own else [],
                "awaiting": awaited,
                "your_turn": awaited is not None
                and (asked in mine if mine & {*two_of(row)} else staff),
            }

        return [told(row) for row in rows]


def _answering(tx: Transaction, program: Program, actor: Actor) -> tuple[set[str], bool]:
    """Return the actor's own participants, and whether they are staff, who answer for others."""
    person = person_of(tx, actor)
    own = tx.participants.find(program_id=program.id, person_id=person) if person else []
    return {one.id for one in own}, role_in(tx, program, actor) in STAFF | {Role.SYSTEM}


def latest(kit: Kit, *, tenant: str, actor: Actor, program: str) -> str:
    """Return the id of the newest run that can still be published; raise NotFound."""
    for run in reversed(runs(kit, tenant=tenant, actor=actor, program=program)):
        if run["state"] in DRAFTED:
            return str(run["id"])
    raise NotFound("run.not_found", "There is no drafted run. Make one with `mentorkit match`.")


def _on_run(tx: Transaction, actor: Actor, run: str) -> tuple[Step, Run]:
    """Begin a step about a run; its program's drafts, locks and offers follow one another."""
    program = tx.runs.get(run).program_id
    tx.programs.hold([program])
    return by_staff(tx, actor, tx.programs.get(program)), tx.runs.get(run)


def _turn(
    tx: Transaction, actor: Actor, run: str, to: str, kind: type[events.Event]
) -> dict[str, Any]:
    step, found = _on_run(tx, actor, run)
    return step.done(tx.runs, found.move(to, by=step.role), kind)


def _discard(step: Step, run: Run, reason: str) -> Run:
    """Discard a run and withdraw what it drafted, with the reason's code."""
    tx, fact = step.tx, events.ProposalWithdrawn
    saved, event = step.save(tx.runs, run.move("discarded", by=step.role), events.RunDiscarded)
    drafts = tx.proposals.find(run_id=run.id, state="draft")
    tx.proposals.save_all(one.move("withdrawn", by=step.role, reason=reason) for one in drafts)
    step.record_all(step.fact(fact, one.id, event, reason=reason) for one in drafts)
    return saved


@atomic
def review(
    kit: Kit, *, tenant: str, actor: Actor, run: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Mark a draft as reviewed."""
    return _turn(tx, actor, run, "reviewed", events.RunReviewed)


@atomic
def reopen(
    kit: Kit, *, tenant: str, actor: Actor, run: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Turn a reviewed run into a draft again."""
    return _turn(tx, actor, run, "draft", events.RunDrafted)


@atomic
def discard(
    kit: Kit, *, tenant: str, actor: Actor, run: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Throw a run away, also one that hangs; what it drafted is withdrawn, nobody hears of it."""
    return as_row(_discard(*_on_run(tx, actor, run), "run_discarded"))


@atomic
def lock(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, locked: bool = True,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Lock a drafted pair, or let it go."""
    program = tx.proposals.get(proposal).program_id
    tx.programs.hold([program])  # until we have ended, no other draft replaces this one
    step, one = by_staff(tx, actor, tx.programs.get(program)), tx.proposals.get(proposal)
    if one.state != "draft":
        raise Conflict("proposal.not_draft", f"This proposal is {one.state}, no draft.")
    changed = replace(one, locked=locked)
    return step.done(tx.proposals, changed, events.ProposalLocked, locked=locked)


def withdraw_one(
    step: Step, one: Proposal, reason: str, cause: events.Event | None = None
) -> tuple[Proposal, events.Event]:
    """Withdraw one open proposal, with the reason's code; nobody is told."""
    moved, fact = one.move("withdrawn", by=step.role, reason=reason), events.ProposalWithdrawn
    return step.save(step.tx.proposals, moved, fact, cause=cause, reason=reason)


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

    def offer(self, one: Proposal) -> Proposal:
        """Offer a drafted pair, and tell the one whose yes is asked first."""
        now = self.tx.now
        due = now + timedelta(days=self.program.offer_days)
        moved = replace(one.move("offered", by=self.role), offered_at=now, due_at=due)
        saved, event = self.save(self.tx.proposals, moved, events.ProposalOffered)
        self.tell_next(saved, event)
        return saved

    def tell_next(self, one: Proposal, event: events.Event) -> None:
        """Tell the party whose answer is awaited now that it is."""
        awaited = one.awaiting(self.program.accept_chain)
        if awaited in PARTIES:
            tell(self.tx, event, "proposal_offered", [self.people[Role(awaited)]])


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


@atomic
def publish(
    kit: Kit, *, tenant: str, actor: Actor, run: str, program: str | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Offer every pair of a run to those whose yes is asked; with `program`, only of that one.

    Safeguards are looked at again: a pair that has come to break one, or one of whom was asked
    meanwhile for the last free place, is withdrawn, with the reason, and listed under `withheld`.
    """
    step, found = _on_run(tx, actor, run)
    if program is not None and program_of(tx, program).id != found.program_id:
        raise NotFound("run.not_found", "There is no such run in this program.")
    own = tx.programs.get(found.program_id)
    _ensure_open(own)
    saved, _ = step.save(tx.runs, found.move("published", by=step.role), events.RunPublished)
    withheld = []
    drafted = {"run_id": run, "state": "draft"}
    tx.participants.hold(id for one in tx.proposals.find(**drafted) for id in two_of(one))
    drafts = tx.proposals.find(**drafted)  # as they are now that nobody changes them
    open_now = tx.proposals.find(program_id=own.id, state=ASKED)
    proposed = {two_of(one) for one in open_now}
    asked = Counter(id for two in proposed for id in two)
    held = tx.relationships.for_participants([one.mentee_id for one in drafts], states=HOLDING)
    mentees, refused = as_mentees(open_now, held), noes(tx, own)
    for one, (mentee, mentor), code in _judged(tx, own, drafts):
        full = mentee.role == "both" and mentees[mentee.id] >= own.mentee_capacity
        if code is None and (mentee.id, mentor.id) in proposed:
            code = "proposed_now"
        elif code is None and (full or any(w.free <= asked[w.id] for w in (mentee, mentor))):
            code = "asked_meanwhile"
        elif code is None and two_of(one) in refused and not one.locked:
            code = "declined_before"
        if code:
            withdraw_one(step, one, code)
            withheld.append({"id": one.id, "code": code, "message": WORDS[code]})
        else:
            Both(tx, actor, own, mentee, mentor, speaking="coordinator").offer(one)
            asked.update(two_of(one))
    offered = len(drafts) - len(withheld)
    return {**as_row(saved), "offered": offered, "withheld": withheld}


def _ensure_may_meet(two: Both, asking: bool) -> None:
    """Raise `Conflict` for two who must not be brought together.

    Staff are told why. A participant is told what is theirs alone: that somebody has blocked them,
    has not consented or is too young is not for them to know.
    """
    own = two.mentee if two.role == Role.MENTEE else two.mentor
    theirs = own.state != "active" or own.consented_at is None or not own.free
    not_possible = Conflict(
        "proposal.not_possible",
        "This cannot be arranged now. Ask for somebody else, or ask a coordinator.",
    )
    try:
        ensure(two.tx, two.program, two.mentee, two.mentor)
    except Conflict as error:
        if not asking or theirs or error.code == "safeguard.together_now":
            raise
        raise not_possible from None
    refused = who_refused(two.tx, two.program, two.mentee.id, two.mentor.id) if asking else None
    if refused not in (None, two.role):  # who has said no may come to ask
        raise not_possible


@atomic
def propose(
    kit: Kit, *, tenant: str, actor: Actor, mentee: str, mentor: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Offer one pair by hand: staff may bring any two together, a participant may ask for one.

    A participant only where the program's `matching` is "self"; the one they ask must always say
    yes. There, staff who are one of the two ask as that participant. `mentee` and `mentor` are
    participant ids. Rules may be passed over, safeguards may not.
    """
    tx.participants.hold((mentee, mentor))  # what the safeguards look at stays until we have ended
    two = both(tx, actor, (mentee, mentor), "participant")
    if two.program.matching == "staff":
        two = both(tx, actor, (mentee, mentor), "participant", "coordinator")
    _ensure_open(two.program)
    asking = two.role in PARTIES
    if asking and two.program.matching == "staff":
        raise NotAllowed(
            "proposal.staff_matches",
            "In this program the staff match people; ask a coordinator to propose the two.",
        )
    for side, one in (("mentee", two.mentee), ("mentor", two.mentor)):
        if not one.plays(side) or one.program_id != two.program_id:
            raise Conflict("proposal.wrong_role", f"That participant is no {side} here.")
    _ensure_may_meet(two, asking)
    for earlier in tx.proposals.find(mentee_id=mentee, mentor_id=mentor, state=OPEN):
        if not asking or earlier.state != "draft":
            raise Conflict("safeguard.proposed_now", WORDS["proposed_now"])
        withdraw_one(two, earlier, "asked_for")  # nobody was told of it, nor are they
    origin = str(two.role) if asking else "staff"
    made = Proposal(
        **fresh(tx),
        program_id=two.program.id,
        mentee_id=mentee,
        mentor_id=mentor,
        origin=origin,  # type: ignore[arg-type]
        answered=(origin,) if origin != "staff" else (),
        created_at=tx.now,
    )
    tx.proposals.add(made)
    two.record_all([_drafted(two, made)])
    offered = two.offer(made)
    return {**two.row(offered), "awaiting": offered.awaiting(two.program.accept_chain)}
