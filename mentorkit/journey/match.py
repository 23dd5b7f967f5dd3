"""Match: draft a run by the program's strategy, review, lock and edit it, then publish."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal, Reason
from mentorkit.domain.runs import Run
from mentorkit.domain.shown import as_row
from mentorkit.errors import (
    Cancelled,
    Conflict,
    MentorKitError,
    NotAllowed,
    NotFound,
    Problem,
)
from mentorkit.journey.circles import ask_seconds, seconds_of
from mentorkit.journey.cohorts import open_cohort
from mentorkit.journey.definitions import fields_of, matching_for, strategy_of
from mentorkit.journey.features import unready
from mentorkit.journey.left import broken, kept_of, rules_broken, unmatched
from mentorkit.journey.locks import DRAFTED, carried_locks, earlier_locks, judged, one_way
from mentorkit.journey.offers import OPEN, Both, both, drafted, withdraw_one
from mentorkit.journey.plugins import bound_of
from mentorkit.journey.pools import (
    ASKED,
    as_mentees,
    either_way,
    locks_in,
    noes,
    parted,
    places_asked,
    pool_of,
    told_of,
    two_of,
    who_refused,
)
from mentorkit.journey.reasons import reasons_of
from mentorkit.journey.safeguards import WORDS, ensure, not_possible, sided
from mentorkit.journey.steps import (
    NEW,
    Step,
    as_party,
    atomic,
    by_staff,
    fresh,
    in_program,
    person_of,
    persons_of,
    program_of,
    reading,
    reading_own,
    role_in,
)
from mentorkit.journey.supply import balance

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.kit import Kit
    from mentorkit.matching import Pool
    from mentorkit.matching.wording import Whose
    from mentorkit.store.transaction import Transaction

DRAFTS = 3
"""How often a draft is computed at most, when locks or roles change meanwhile."""


def draft(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    locks: Sequence[tuple[str, str]] = (),
    seed: int = 0,
    alone: bool = False,
    cohort: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run the program's strategy over everyone available; the result is a draft to review.

    `locks` are (mentee, mentor) pairs, by participant id or external key, that the result must
    hold. A lock may override a rule, which is reported; one that breaks a safeguard is refused.
    With `alone` the draft is of these pairs and of no others, whatever was locked before. `cohort`
    takes the people of that one alone.

    It replaces the program's drafts so far, which are discarded (`replaced`). Pairs locked there
    are locked here, but for those that can no longer be (`dropped_locks`). When locks change while
    it is computed, or the role of somebody paired, it is computed again; raises `Conflict`
    (run.locks_changed) when that goes on.
    """
    from mentorkit import matching
    from mentorkit.matching.figures import changes

    def begin(tx: Transaction) -> tuple[Run, Any]:
        found, step = in_program(tx, actor, program)
        _ensure_open(found)
        if cohort is not None:
            open_cohort(tx, found, cohort)
        bound, (_, version) = bound_of(kit, tx, found), strategy_of(tx, found)
        run = Run(
            **fresh(tx), program_id=found.id, strategy_version=version, seed=seed, created_at=tx.now
        )
        tx.runs.add(run)
        step.record(events.RunQueued, run.id, strategy_version=version, seed=seed, of_cohort=cohort)
        run, _ = step.save(tx.runs, run.move("running", by=step.role), events.RunStarted)
        return run, bound

    def gather(tx: Transaction) -> tuple[Pool, dict[tuple[str, str], str | None]]:
        found = tx.programs.get(run.program_id)
        earlier = {} if alone else earlier_locks(tx, found)
        locked = [*locks, *earlier]
        how: Any = {"cohort": cohort, "alone": alone, "peers": bound.assigner.peers}
        return pool_of(tx, found, bound.fields, locked, **how), earlier

    def keep(tx: Transaction) -> dict[str, Any] | None:
        step, current = _on_run(tx, actor, run.id)
        found = tx.programs.get(run.program_id)
        if not alone:
            now = earlier_locks(tx, found)
            if now.keys() != earlier.keys():
                return None
        rows = tx.participants.get_many(id for pair in result.pairs for id in two_of(pair))
        if not all(sided(rows[pair.mentee_id], rows[pair.mentor_id]) for pair in result.pairs):
            return None
        replaced = tx.runs.find(program_id=run.program_id, state=DRAFTED)
        for old in replaced:
            _discard(step, old, "run_replaced")
        done = current.move("draft", by=step.role)
        lists = {"left": kept_of(result, pool), "broken": broken(result, pool)}
        summary = Frozen(matching.summary(result), **lists)
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
        step.record_all(drafted(step, one) for one in proposals)
        return {
            **told_run(saved),
            "replaced": [old.id for old in replaced],
            "notes": [
                {"place": one.place, "message": one.message}
                for one in (*result.notes, *_supply(tx, found), *unready(kit, tx, found))
            ],
            "dropped_locks": dropped,
            "changes": changes(summary["what_if"], pool.fields),
            "unmatched_people": unmatched(result, pool),
            "rules_broken": rules_broken(result, pool),
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
            carried, dropped = carried_locks(pool, wanted, earlier)
            how: Any = {"locks": wanted + carried, "seed": seed, "progress": progress}
            how["map_shards"] = kit.map_shards
            result = one_way(pool, partial(matching.run, pool, bound, compare=not alone, **how))
            if made := kit.write(tenant, keep):
                return made
        raise Conflict(
            "run.locks_changed",
            "Locks or roles were changed again and again while the draft was made. Match again.",
        )
    except BaseException as error:  # also when the process is told to stop: no run hangs
        code = error.code if isinstance(error, MentorKitError) else "failed"
        code = "cancelled" if isinstance(error, (Cancelled, KeyboardInterrupt)) else code
        with suppress(MentorKitError):  # of the two errors, the first tells what went wrong
            kit.write(tenant, lambda tx: fail(tx, code))
        raise


def _supply(tx: Transaction, program: Program) -> list[Problem]:
    """Return what is to be said of the places there are; a draft goes on all the same."""
    now = balance(tx, program)
    told = (
        f"{now['capacity']} free place(s) for {now['demand']} mentee(s) without a mentor; "
        f"recruit mentors for {now['missing']} more before you let mentees in"
    )
    return [] if now["open"] else [Problem("supply", told)]


def _ensure_open(program: Program) -> None:
    if program.state != "open":
        raise Conflict("program.not_open", f"The program is {program.state}; open it first.")


def runs(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the runs of a program, oldest first."""
    with reading(kit, tenant, actor, program) as (tx, found):
        return [told_run(run) for run in tx.runs.find(program_id=found.id)]


def told_run(run: Run) -> dict[str, Any]:
    """Return a run as data, without its lists: who is left, and which locks break a rule."""
    row = as_row(run)
    for each in ("left", "broken"):
        row["summary"].pop(each, None)
    return row


def proposals(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None
) -> list[dict[str, Any]]:
    """List a program's proposals with the names of the two and their reasons in words.

    `words` are for the mentee, about the mentor; `words_mentor` the other way round. Each has one
    text for each reason, "" where it has nothing to say. A participant gets those of their own
    that they have been told of, as `as_party` shows them, with the words that are for them; staff
    read of the mentee and the mentor, and of no "you".
    `your_turn` says whether a yes or a reply is waited for from the actor: for themselves, and
    staff for other pairs.
    """
    with reading_own(kit, tenant, actor, program) as (tx, found, own):
        rows = tx.proposals.find(program_id=found.id, **({"state": state} if state else {}))
        if own:
            rows = [row for row in rows if told_of(row, found, own)]
        return told(tx, found, actor, own, rows)


def told(
    tx: Transaction, program: Program, actor: Actor, own: set[str] | None, rows: Sequence[Proposal]
) -> list[dict[str, Any]]:
    """Return proposals of a program as `proposals` lists them; `own` as `reading_own` gives it."""
    from mentorkit.matching import words

    fields = fields_of(tx, program)
    people = persons_of(tx, (id for row in rows for id in two_of(row)), own)
    mine, staff = _answering(tx, program, actor)

    def said(reasons: tuple[Reason, ...], whose: Whose) -> list[str]:
        return [words(one, fields=fields, whose=None if own else whose) for one in reasons]

    def one(row: Proposal) -> dict[str, Any]:
        chain = program.accept_chain
        side = row.side_of(mine)
        if side:  # why it ended may be the other's affair, also for staff
            row = replace(row, reason=None)
        return {
            **(as_party(row) if own else as_row(row)),
            "mentee": people[row.mentee_id].name,
            "mentee_key": people[row.mentee_id].external_key,
            "mentor": people[row.mentor_id].name,
            "mentor_key": people[row.mentor_id].external_key,
            "words": said(row.reasons, "mentee") if not own or row.mentee_id in own else [],
            "words_mentor": said(row.reasons_mentor, "mentor")
            if not own or row.mentor_id in own
            else [],
            "awaiting": row.awaiting(chain) if row.state == "offered" else None,
            "your_turn": bool(side or staff) and row.waits_for(side, chain),
        }

    return [one(row) for row in rows]


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


@atomic
def publish(
    kit: Kit, *, tenant: str, actor: Actor, run: str, program: str | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Offer every pair of a run to those whose yes is asked; with `program`, only of that one.

    Safeguards are looked at again: a pair that has come to break one, or one of whom was asked
    meanwhile for the last free place, is withdrawn, with the reason, and listed under `withheld`.
    A pair that waits among the mentee's choices is asked as that choice, and waits no more, nor
    among those of a mentor who could as well be the mentee. Whom the run made the second mentor of
    a circle is asked as well, whoever answers first: as many are `seconds`.
    """
    step, found = _on_run(tx, actor, run)
    if program is not None and program_of(tx, program).id != found.program_id:
        raise NotFound("run.not_found", "There is no such run in this program.")
    own = tx.programs.get(found.program_id)
    _ensure_open(own)
    saved, _ = step.save(tx.runs, found.move("published", by=step.role), events.RunPublished)
    withheld: list[dict[str, str]] = []
    made = []
    drafted = {"run_id": run, "state": "draft"}
    seconds = [id for mentors in seconds_of(found).values() for id in mentors]
    paired = (id for one in tx.proposals.find(**drafted) for id in two_of(one))
    tx.participants.hold((*seconds, *paired))
    drafts = tx.proposals.find(**drafted)  # as they are now that nobody changes them
    open_now = tx.proposals.find(program_id=own.id, state=ASKED)
    proposed = either_way(open_now)
    asked = places_asked(open_now)
    held = tx.relationships.for_participants([one.mentee_id for one in drafts], states=HOLDING)
    mentees, refused = as_mentees(open_now, held), noes(tx, own)
    waiting = tx.proposals.find(program_id=own.id, run_id=None, state="draft")
    chosen = {two_of(one): one for one in waiting}
    for one, (mentee, mentor), code in judged(tx, own, drafts):
        full = mentee.role == "both" and mentees[mentee.id] >= own.mentee_capacity
        full &= own.kind != "peer"  # a peer is nobody's mentee
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
            two = Both(tx, actor, own, mentee, mentor, speaking="coordinator")
            if choice := chosen.get(two_of(one)):  # asked once: as the mentee's own, if it is hers
                one, left = (choice, one) if choice.origin == "mentee" else (one, choice)
                withdraw_one(two, left, "asked_for")
            if turned := chosen.get(two_of(one)[::-1]):
                withdraw_one(two, turned, "asked_for")
            made.append(two.offer(one))
            asked.update(two_of(one))
    beside = ask_seconds(tx, actor, found, made, asked)
    for one in beside:
        if code := one.reason:
            withheld.append({"id": one.id, "code": code, "message": WORDS[code]})
    both_asked = {"offered": len(made), "seconds": sum(one.state == "offered" for one in beside)}
    return {**as_row(saved), **both_asked, "withheld": withheld}


def propose(
    kit: Kit, *, tenant: str, actor: Actor, mentee: str, mentor: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Offer one pair by hand: staff may bring any two together, a participant may ask for one.

    A participant only where the program's `matching` is "self", and nobody from whom they parted
    early; the one they ask must always say yes. There, staff who are one of the two ask as that
    participant. `mentee` and `mentor` are
    participant ids. Where staff propose whom the mentee has chosen, it is that choice that is asked
    now. Rules may be passed over, safeguards may not. What speaks for the two is kept,
    but not inside a transaction of the caller's, in which no plugin is asked.
    """
    why = reasons_of(kit, tenant, mentee, [mentor]).get(mentor, {}) if tx is NEW else {}
    return _propose(kit, tenant=tenant, actor=actor, mentee=mentee, mentor=mentor, why=why, tx=tx)


@atomic
def _propose(
    kit: Kit, *, tenant: str, actor: Actor, mentee: str, mentor: str, why: dict[str, Any],
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    tx.participants.hold((mentee, mentor))  # what the safeguards look at stays until we have ended
    two = proposing(tx, actor, mentee, mentor)
    chosen = tx.proposals.first(mentee_id=mentee, mentor_id=mentor, state="draft")
    offered = two.offer(chosen or two.draft(**why))
    return {**two.row(offered), "awaiting": offered.awaiting(two.program.accept_chain)}


def proposing(tx: Transaction, actor: Actor, mentee: str, mentor: str) -> Both:
    """Begin a step that brings these two together by hand; raise what stands in the way."""
    two = both(tx, actor, (mentee, mentor), "participant")
    matching = matching_for(tx, two.program, two.mentee, two.mentor)
    if matching == "staff":
        two = both(tx, actor, (mentee, mentor), "participant", "coordinator")
    _ensure_open(two.program)
    asking = two.role in PARTIES
    if asking and matching == "staff":
        raise NotAllowed(
            "proposal.staff_matches",
            "In this program the staff match people; ask a coordinator to propose the two.",
        )
    for side, one in (("mentee", two.mentee), ("mentor", two.mentor)):
        if not one.plays(side) or one.program_id != two.program_id:
            raise Conflict("proposal.wrong_role", f"That participant is no {side} here.")
    ensure(tx, two.program, two.mentee, two.mentor, two.role)
    own = mentee if two.role == Role.MENTEE else mentor
    if asking and who_refused(tx, two.program, mentee, mentor) not in (None, own):
        raise not_possible()  # who has said no may come to ask
    if asking and parted(tx, mentee, mentor):
        raise Conflict(
            "proposal.parted",
            "The two of you were together already, and it ended before its time. That happens, and "
            "it is nobody's fault. Ask for somebody else; a coordinator can propose you again.",
        )
    turned = tx.proposals.find(mentee_id=mentor, mentor_id=mentee, state=ASKED)
    for earlier in [*tx.proposals.find(mentee_id=mentee, mentor_id=mentor, state=OPEN), *turned]:
        if earlier.state != "draft":
            side = "mentee" if earlier.mentee_id == own else "mentor"
            if asking and not earlier.known_to(side, two.program.accept_chain):
                raise not_possible()  # the other is asked about the two, and they not yet
            raise Conflict("safeguard.proposed_now", WORDS["proposed_now"])
        if not asking and earlier.run_id:
            told = "The two stand in a draft. Publish it, or take them out of it first."
            raise Conflict("proposal.in_draft", told)
        if asking or earlier.origin != "mentee":  # staff offer the mentee's own choice itself
            withdraw_one(two, earlier, "asked_for")  # nobody was told of it, nor are they
    return two
