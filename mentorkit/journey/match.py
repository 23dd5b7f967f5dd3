"""Match: draft a run by the program's strategy, review, lock and edit it, then publish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal, Reason
from mentorkit.domain.runs import Run
from mentorkit.domain.shown import as_row
from mentorkit.errors import Cancelled, Conflict, Invalid, MentorKitError, NotFound, Problem
from mentorkit.journey.programs import fields_of, strategy_of
from mentorkit.journey.safeguards import WORDS, blocked_pairs, breach, ensure
from mentorkit.journey.steps import READERS, inside, party, program_of, require
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.kit import Kit
    from mentorkit.matching import Pool, Result
    from mentorkit.store.transaction import Transaction

OPEN = ("draft", "offered", "question")


def draft(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    locks: Sequence[tuple[str, str]] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run the program's strategy over everyone available; the result is a draft to review.

    `locks` are (mentee, mentor) pairs, by participant id or external key, that the result must
    hold. A lock may override a rule, which is reported; one that breaks a safeguard is refused.
    """
    from mentorkit import matching

    def begin(tx: Transaction) -> tuple[Program, Run, Pool, Any]:
        found = program_of(tx, program)
        role = require(tx, found, actor)
        if found.state != "open":
            raise Conflict("program.not_open", f"The program is {found.state}; open it first.")
        strategy, version = strategy_of(tx, found)
        fields = fields_of(tx, found)
        bound = matching.bind(strategy, kit.registry, fields)
        pool = _pool(tx, found, fields)
        run = Run(
            id=tx.new_id(),
            tenant=tenant,
            program_id=found.id,
            strategy_version=version,
            seed=seed,
            created_at=tx.now,
        )
        tx.runs.add(run)
        _record_run(tx, actor, role, run, events.RunQueued(
            subject_id=run.id, strategy_version=version, seed=seed))  # fmt: skip
        run = tx.runs.save(run.move("running", by=role))
        _record_run(tx, actor, role, run, events.RunStarted(subject_id=run.id))
        return found, run, pool, bound

    found, run, pool, bound = kit.write(tenant, begin)
    try:
        pairs = [_lock(pool, mentee, mentor) for mentee, mentor in locks]
        result = matching.run(pool, bound, locks=pairs, seed=seed, progress=progress)
    except (MentorKitError, ArithmeticError, MemoryError) as error:
        code = "cancelled" if isinstance(error, Cancelled) else getattr(error, "code", "failed")

        def fail(tx: Transaction) -> None:
            failed = tx.runs.get(run.id)
            role = require(tx, found, actor)
            tx.runs.save(failed.move("failed", by=role, reason=code))
            _record_run(tx, actor, role, failed, events.RunFailed(subject_id=run.id, reason=code))

        kit.write(tenant, fail)
        raise

    def keep(tx: Transaction) -> dict[str, Any]:
        role = require(tx, program_of(tx, found.id), actor)
        current = tx.runs.get(run.id)
        summary = Frozen(matching.summary(result))
        saved = tx.runs.save(replace(current.move("draft", by=role), summary=summary))
        proposals = [_proposal(tx, found, saved, pair) for pair in result.pairs]
        tx.proposals.add_all(proposals)
        _record_run(tx, actor, role, saved, events.RunDrafted(subject_id=run.id))
        tx.record_all([_drafted(one) for one in proposals], actor=actor, role=role)
        return {**as_row(saved), "unmatched_people": unmatched(result, pool)}

    return kit.write(tenant, keep)


def _pool(tx: Transaction, program: Program, fields: Any) -> Pool:
    """Return everyone available as the engine takes them, safeguards as forbidden pairs.

    A place that an open proposal asks for counts as taken, or a second run would offer it again.
    """
    from mentorkit.matching import Pool, Someone

    rows = [p for p in tx.participants.find(program_id=program.id, state="active") if p.available]
    people = tx.people.get_many([row.person_id for row in rows])
    if program.minimum_age is not None:
        rows = [
            row
            for row in rows
            if (born := people[row.person_id].born) is not None
            and tx.now.year - born > program.minimum_age
        ]
    spoken_for = Counter(
        one
        for proposal in tx.proposals.find(program_id=program.id, state=OPEN)
        for one in (proposal.mentee_id, proposal.mentor_id)
    )
    rows = [row for row in rows if row.free > spoken_for[row.id]]
    by_key = {people[row.person_id].external_key: row.id for row in rows}

    def someone(row: Participant) -> Someone:
        person = people[row.person_id]
        wanted = row.profile.get("choices") or ()
        return Someone(
            key=person.external_key or "",
            id=row.id,
            profile=row.profile,
            capacity=row.free - spoken_for[row.id],
            name=person.name,
            person_id=row.person_id,
            choices=tuple(by_key[key] for key in wanted if key in by_key),
        )

    mentees = [someone(row) for row in rows if row.plays("mentee")]
    mentors = [someone(row) for row in rows if row.plays("mentor")]
    past, forbidden = _histories(tx, program, rows)
    return Pool(mentees, mentors, fields, past=past, forbidden=forbidden)


def _histories(
    tx: Transaction, program: Program, rows: Sequence[Participant]
) -> tuple[set[tuple[str, str]], dict[tuple[str, str], str]]:
    past: set[tuple[str, str]] = set()
    forbidden: dict[tuple[str, str], str] = {}
    for relationship in tx.relationships.find(program_id=program.id):
        mentors = [m.participant_id for m in relationship.members if m.role == "mentor"]
        mentees = [m.participant_id for m in relationship.members if m.role == "mentee"]
        for pair in ((a, b) for a in mentees for b in mentors):
            past.add(pair)
            if relationship.state in HOLDING:
                forbidden[pair] = "together_now"
    for proposal in tx.proposals.find(program_id=program.id, state=OPEN):
        forbidden.setdefault((proposal.mentee_id, proposal.mentor_id), "proposed_now")
    for row in rows:
        if row.role == "both":
            forbidden[row.id, row.id] = "same_person"
    holders: dict[str, list[str]] = {}
    for row in rows:
        holders.setdefault(row.person_id, []).append(row.id)
    for apart in blocked_pairs(tx, holders):
        first, second = (list(apart) * 2)[:2]
        for a in holders.get(first, ()):
            for b in holders.get(second, ()):
                forbidden[a, b] = forbidden[b, a] = "blocked"
    return past, forbidden


def _lock(pool: Pool, mentee: str, mentor: str) -> tuple[str, str]:
    problems, ids = [], []
    for side, wanted, people in (
        ("mentee", mentee, pool.mentees),
        ("mentor", mentor, pool.mentors),
    ):
        one = next((p for p in people if wanted in (p.id, p.key)), None)
        if one is None:
            problems.append(
                Problem(f"lock {mentee}={mentor}", f"{wanted!r} is no available {side} here")
            )
        else:
            ids.append(one.id)
    if problems:
        raise Invalid("lock.unknown", "Some locks name nobody available:", problems)
    return ids[0], ids[1]


def _proposal(tx: Transaction, program: Program, run: Run, pair: Any) -> Proposal:
    return Proposal(
        id=tx.new_id(),
        tenant=tx.tenant,
        program_id=program.id,
        mentee_id=pair.mentee_id,
        mentor_id=pair.mentor_id,
        run_id=run.id,
        score=int(pair.score),
        rank=int(pair.rank),
        reasons=tuple(_reason(reason) for reason in pair.reasons),
        locked=pair.locked,
        created_at=tx.now,
    )


def _reason(reason: Reason | str) -> Reason:
    if isinstance(reason, Reason):
        return reason
    return Reason(code="text", params=Frozen(text=reason))


def _record_run(tx: Transaction, actor: Actor, role: Role, run: Run, event: events.Event) -> None:
    tx.record(replace(event, program_id=run.program_id), actor=actor, role=role)


def _drafted(one: Proposal) -> events.Event:
    return events.ProposalDrafted(
        subject_id=one.id,
        program_id=one.program_id,
        mentee_id=one.mentee_id,
        mentor_id=one.mentor_id,
        run_id=one.run_id,
        origin=one.origin,
        score=one.score,
        rank=one.rank,
        locked=one.locked,
    )


def unmatched(result: Result, pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """Return everyone left, by side: the binding rule, and what one change would help."""
    from mentorkit.matching import words

    names = {one.id: one.name or one.key for one in (*pool.mentees, *pool.mentors)}
    return {
        side: [
            {"id": one.id, "name": names[one.id], "reason": words(one.reason),
             "help": words(one.help)}
            for one in left
        ]
        for side, left in (
            ("mentees", result.unmatched_mentees), ("mentors", result.unmatched_mentors)
        )
    }  # fmt: skip


def runs(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the runs of a program, oldest first."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor, READERS)
        return [as_row(run) for run in tx.runs.find(program_id=found.id)]


def proposals(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None
) -> list[dict[str, Any]]:
    """List a program's proposals with the names of the two and their reasons in words."""
    from mentorkit.matching import words

    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor, READERS)
        rows = tx.proposals.find(program_id=found.id, **({"state": state} if state else {}))
        fields = fields_of(tx, found)
        ids = {i for row in rows for i in (row.mentee_id, row.mentor_id)}
        participants = tx.participants.get_many(list(ids))
        people = tx.people.get_many([p.person_id for p in participants.values()])
        names = {p.id: people[p.person_id].name for p in participants.values()}
        return [
            {
                **as_row(row),
                "mentee": names[row.mentee_id],
                "mentor": names[row.mentor_id],
                "words": [said for r in row.reasons if (said := words(r, fields=fields))],
                "awaiting": row.awaiting(found.accept_chain) if row.state == "offered" else None,
            }
            for row in rows
        ]


def latest(kit: Kit, *, tenant: str, actor: Actor, program: str) -> str:
    """Return the id of the newest run that can still be published; raise NotFound."""
    open_runs = [
        run
        for run in runs(kit, tenant=tenant, actor=actor, program=program)
        if run["state"] in ("draft", "reviewed")
    ]
    if not open_runs:
        raise NotFound("run.not_found", "There is no drafted run. Make one with `mentorkit match`.")
    return str(open_runs[-1]["id"])


def _step(
    kit: Kit,
    tenant: str,
    actor: Actor,
    run: str,
    to: str,
    fact: type[events.Event],
    tx: Transaction | None,
) -> dict[str, Any]:
    def work(tx: Transaction) -> dict[str, Any]:
        found = tx.runs.get(run)
        role = require(tx, tx.programs.get(found.program_id), actor)
        saved = tx.runs.save(found.move(to, by=role))
        _record_run(tx, actor, role, saved, fact(subject_id=saved.id))
        if to == "discarded":
            for one in tx.proposals.find(run_id=run, state="draft"):
                withdraw_one(tx, actor, role, one, "run_discarded")
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def review(
    kit: Kit, *, tenant: str, actor: Actor, run: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Mark a draft as reviewed."""
    return _step(kit, tenant, actor, run, "reviewed", events.RunReviewed, tx)


def reopen(
    kit: Kit, *, tenant: str, actor: Actor, run: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Turn a reviewed run into a draft again."""
    return _step(kit, tenant, actor, run, "draft", events.RunDrafted, tx)


def discard(
    kit: Kit, *, tenant: str, actor: Actor, run: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Throw a run away; its drafted proposals are withdrawn, nobody hears of them."""
    return _step(kit, tenant, actor, run, "discarded", events.RunDiscarded, tx)


def lock(
    kit: Kit, *, tenant: str, actor: Actor, proposal: str, locked: bool = True,
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Lock a drafted pair, or let it go."""

    def work(tx: Transaction) -> dict[str, Any]:
        one = tx.proposals.get(proposal)
        role = require(tx, tx.programs.get(one.program_id), actor)
        if one.state != "draft":
            raise Conflict("proposal.not_draft", f"This proposal is {one.state}, no draft.")
        saved = tx.proposals.save(replace(one, locked=locked))
        tx.record(
            events.ProposalLocked(subject_id=one.id, program_id=one.program_id, locked=locked),
            actor=actor,
            role=role,
        )
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def withdraw_one(
    tx: Transaction, actor: Actor | None, role: Role, one: Proposal, reason: str,
    cause: int | None = None,
) -> Proposal:  # fmt: skip
    """Withdraw one open proposal, with the reason's code."""
    saved = tx.proposals.save(one.move("withdrawn", by=role, reason=reason))
    tx.record(
        events.ProposalWithdrawn(
            subject_id=one.id, program_id=one.program_id, reason=reason, cause=cause
        ),
        actor=actor,
        role=role,
    )
    return saved


def publish(
    kit: Kit, *, tenant: str, actor: Actor, run: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Offer every pair of a run to those whose yes is asked.

    Safeguards are looked at again: a pair that has come to break one is withdrawn, with the
    reason, and listed under `withheld`.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        found = tx.runs.get(run)
        program = tx.programs.get(found.program_id)
        role = require(tx, program, actor)
        saved = tx.runs.save(found.move("published", by=role))
        _record_run(tx, actor, role, saved, events.RunPublished(subject_id=saved.id))
        offered, withheld = 0, []
        drafts = tx.proposals.find(run_id=run, state="draft")
        ids = {i for one in drafts for i in (one.mentee_id, one.mentor_id)}
        participants = tx.participants.get_many(list(ids))
        for one in drafts:
            code = breach(tx, program, participants[one.mentee_id], participants[one.mentor_id])
            if code:
                withdraw_one(tx, actor, role, one, code)
                withheld.append({"id": one.id, "code": code, "message": WORDS[code]})
            else:
                offer(tx, program, actor, role, one, participants)
                offered += 1
        return {**as_row(saved), "offered": offered, "withheld": withheld}

    return inside(kit, tenant, tx, work)


def offer(
    tx: Transaction,
    program: Program,
    actor: Actor,
    role: Role,
    one: Proposal,
    participants: dict[str, Participant],
) -> Proposal:
    """Offer a drafted pair, and tell the one whose yes is asked first."""
    saved = tx.proposals.save(
        replace(
            one.move("offered", by=role),
            offered_at=tx.now,
            due_at=tx.now + timedelta(days=program.offer_days),
        )
    )
    event = tx.record(
        events.ProposalOffered(subject_id=one.id, program_id=program.id), actor=actor, role=role
    )
    tell_next(tx, program, saved, participants, event)
    return saved


def tell_next(
    tx: Transaction,
    program: Program,
    one: Proposal,
    participants: dict[str, Participant],
    event: events.Event,
) -> None:
    """Tell the party whose answer is awaited now that it is."""
    awaited = one.awaiting(program.accept_chain)
    if awaited in ("mentee", "mentor"):
        asked = participants[one.mentee_id if awaited == "mentee" else one.mentor_id]
        tell(tx, event, "proposal_offered", [asked.person_id])


def propose(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    mentee: str,
    mentor: str,
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Offer one pair by hand: staff may bring any two together, a participant may ask for one.

    `mentee` and `mentor` are participant ids. Rules may be passed over, safeguards may not.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        both = {i: tx.participants.get(i) for i in (mentee, mentor)}
        program = tx.programs.get(both[mentee].program_id)
        people = {Role.MENTEE: both[mentee].person_id, Role.MENTOR: both[mentor].person_id}
        role = party(tx, program, actor, people, "participant")
        for side, one in (("mentee", both[mentee]), ("mentor", both[mentor])):
            if not one.plays(side) or one.program_id != program.id:
                raise Conflict("proposal.wrong_role", f"That participant is no {side} here.")
        ensure(tx, program, both[mentee], both[mentor])
        if tx.proposals.first(mentee_id=mentee, mentor_id=mentor, state=OPEN):
            raise Conflict("safeguard.proposed_now", WORDS["proposed_now"])
        origin = str(role) if role in (Role.MENTEE, Role.MENTOR) else "staff"
        made = Proposal(
            id=tx.new_id(),
            tenant=tenant,
            program_id=program.id,
            mentee_id=mentee,
            mentor_id=mentor,
            origin=origin,  # type: ignore[arg-type]
            answered=(origin,) if origin != "staff" else (),
            created_at=tx.now,
        )
        tx.proposals.add(made)
        tx.record(_drafted(made), actor=actor, role=role)
        return as_row(offer(tx, program, actor, role, made, both))

    return inside(kit, tenant, tx, work)
