"""Pools: everybody whom a run may consider, and what keeps two of them apart."""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from itertools import permutations, product
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from mentorkit.domain.events import Event, ProposalDeclined
from mentorkit.domain.fields import Field, computed_in
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, OTHER, Proposal, Relationship
from mentorkit.domain.signoffs import unsigned
from mentorkit.i18n import clock_in
from mentorkit.journey.cohorts import over
from mentorkit.journey.safeguards import blocked_pairs, company, old_enough, signoffs_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching import BoundStrategy, Pair, Pool
    from mentorkit.matching.roster import Roster
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")
ASKED = ("offered", "question")
FORGET = "forget"
"""The kind of an outbox row that has the kept pool of a program deleted."""


def told_of(row: Proposal, program: Program, own: Collection[str]) -> bool:
    """Return whether these participants, one person's, have been told of an offered proposal."""
    side = row.side_of(own)
    known = side is not None and row.known_to(side, program.accept_chain)
    return known and row.offered_at is not None


def two_of(one: Proposal | Pair) -> tuple[str, str]:
    return one.mentee_id, one.mentor_id


def places_asked(proposals: Iterable[Proposal]) -> Counter[str]:
    """Return how many places of each participant these proposals ask for."""
    asked: Counter[str] = Counter()
    for one in proposals:
        asked.update(one.places)
    return asked


def either_way(proposals: Iterable[Proposal]) -> set[tuple[str, str]]:
    """Return their pairs, and each turned: two who could be either are asked of each other once."""
    return {pair for one in proposals for pair in (two_of(one), two_of(one)[::-1])}


def as_mentees(
    proposals: Iterable[Proposal], relationships: Iterable[Relationship]
) -> Counter[str]:
    """Return how many places as a mentee each participant holds, or is asked for."""
    held = Counter(one.mentee_id for one in proposals if not one.circle_of)
    held.update(mentee for one in relationships for mentee in one.mentees)
    return held


def looking(
    tx: Transaction, program: Program, asked: Iterable[Proposal]
) -> list[tuple[Participant, Person, int]]:
    """Return everyone whom a run may consider, with the places left to them, at least one.

    Nobody of a cohort that is over is there. A place that an offered
    proposal, one of `asked`, asks for counts as taken.
    """
    spoken_for = places_asked(asked)
    active, ended = tx.participants.find(program_id=program.id, state="active"), over(tx, program)
    rows = [one for one in active if one.available and one.free > spoken_for[one.id]]
    people, required = tx.people.get_many(row.person_id for row in rows), signoffs_of(tx, program)
    return [
        (row, people[row.person_id], row.free - spoken_for[row.id])
        for row in rows
        if not people[row.person_id].erased
        and not unsigned(required, row)
        and row.cohort not in ended
        and old_enough(program, people[row.person_id].born, tx.now.year)
    ]


def absence(tx: Transaction, program: Program, name: str, role: str) -> str:
    """Return why no run considers somebody, by id or key, in this role; what `looking` asks."""
    one = tx.participants.first(program_id=program.id, id=name)
    if one is None and (known := tx.people.first(external_key=name)):
        one = tx.participants.first(program_id=program.id, person_id=known.id)
    if one is None:
        return "nobody of this program has that key or id"
    born, signed = tx.people.get(one.person_id).born, not unsigned(signoffs_of(tx, program), one)
    passes = {
        f"their role is {one.role}": one.role in (role, "both"),
        f"their state is {one.state}": one.state == "active",
        "they have not consented": one.consented_at is not None,
        "they are not signed off": signed,
        "their cohort is over": one.cohort not in over(tx, program),
        "they are not surely of the program's minimum age": old_enough(program, born, tx.now.year),
        "all their places are taken": one.free > 0,
    }
    open_offers = "what is offered to them now holds their places"
    return next((told for told, fine in passes.items() if not fine), open_offers)


def _uncollected(make: Callable[P, T]) -> Callable[P, T]:
    """Have Python look for unreachable cycles only afterwards.

    Among rows of a hundred thousand people it would look again and again, and find none.
    """

    @wraps(make)
    def made(*given: P.args, **named: P.kwargs) -> T:
        before = gc.isenabled()
        gc.disable()
        try:
            return make(*given, **named)
        finally:
            if before:
                gc.enable()

    return made


@_uncollected
def pool_of(
    tx: Transaction, program: Program, fields: Mapping[str, Field],
    locks: Iterable[tuple[str, str]], *, cohort: str | None = None, alone: bool = False,
    beside: Collection[Proposal] = (), only: str | None = None, roster: Roster | None = None,
    peers: bool = False,
) -> Pool:  # fmt: skip
    """Return everyone available as the engine takes them, safeguards as forbidden pairs.

    With `cohort` only its people, and none of two cohorts together. Two of whom one has said no to
    the other are left out too, unless they are locked.

    What is offered counts, as `looking` says, or a second run would offer it again; only what is
    `beside` takes no place. Drafts do not count: this run replaces them. `locks` are (mentee,
    mentor), by id or key; with `alone` nobody else is in the pool, each with as many places as
    locks. With `only` no other mentee is. `roster` is whom `roster_of` gives, where it is at hand.
    Where the assigner pairs `peers`, who is both has all their places on both sides.
    """
    here = roster_of(tx, program, fields) if roster is None else roster
    open_now = tx.proposals.find(program_id=program.id, state=ASKED)
    counted = [one for one in open_now if one not in beside]
    taken = places_asked(counted)
    free = here.free(taken, **_passes(tx, program, cohort))
    relationships, apart = _between(tx, program, here, None if free["both"] else only)
    as_mentee = as_mentees(counted, relationships)
    room = {id: max(0, program.mentee_capacity - as_mentee[id]) for id in free["both"]}
    typed = list(locks)
    ids = here.known({name for lock in typed for name in lock if name})
    held = [(ids.get(mentee, ""), ids.get(mentor, "")) for mentee, mentor in typed]
    places = _places(free, room, held)
    if peers:
        places["mentee"] |= dict.fromkeys(free["both"], 1)
        places["mentor"] |= free["both"]
    if alone:
        for at, role in enumerate(("mentee", "mentor")):
            locked = Counter(two[at] for two in held)
            most = places[role].items()
            places[role] = {id: min(n, locked[id]) for id, n in most if locked[id]}
    if only is not None:
        places["mentee"] = {id: n for id, n in places["mentee"].items() if id == only}
    past, forbidden = _histories(tx, relationships, here, apart)
    refused = noes(tx, program, about=only).keys() - set(held)
    refused -= here.apart(refused)  # that they are in two cohorts says more
    open_pairs = dict.fromkeys(either_way(open_now), "proposed_now")
    forbidden = {**dict.fromkeys(refused, "declined_before"), **open_pairs, **forbidden}
    asked = {} if only else _asked(tx, program, open_now)
    return here.pool(
        places, fields, taken, lambda own: clock_in(own, program.zone), tx.now.date(),
        past=past, forbidden=forbidden, asked=asked,
    )  # fmt: skip


def _asked(tx: Transaction, program: Program, open_now: Iterable[Proposal]) -> dict[str, str]:
    chosen = {one.mentee_id for one in tx.proposals.find(program_id=program.id, origin="mentee")}
    return dict.fromkeys(chosen, "over") | {one.mentee_id: "open" for one in open_now}


def pool_for(
    kit: Kit, tx: Transaction, program: Program, bound: BoundStrategy, mentee: str,
    locks: Iterable[tuple[str, str]] = (), beside: Collection[Proposal] = (),
    here: Roster | None = None,
) -> Pool:  # fmt: skip
    """Return the pool of one mentee and everybody for them.

    Everybody is read, out of a file where there is one, unless they are at hand: `here`.
    """
    roster = roster_for(kit, tx, program, bound) if here is None else here
    how: Any = {"beside": beside, "only": mentee, "roster": roster}
    return pool_of(tx, program, bound.fields, locks, **how)


def roster_for(kit: Kit, tx: Transaction, program: Program, bound: BoundStrategy) -> Roster:
    """Return everybody whom a strategy may consider, out of a file where there is one."""
    kept = _kept(kit, tx, program, bound)
    return roster_of(tx, program, bound.fields) if kept is None else kept


def _kept(kit: Kit, tx: Transaction, program: Program, bound: BoundStrategy) -> Roster | None:
    """Return everybody out of the program's file, where the deployer has them kept."""
    from mentorkit.matching.poolfile import Source, files_in, names_for

    settings, people = kit.context(tx.tenant, None, "matching").settings, tx.participants
    folder = settings.get("pool_folder")
    if not folder or (mark := people.mark(program.id))[0] < settings["pool_from"]:
        return None
    names, of, computed = names_for(bound), (tx.tenant, program.id), bound.computed
    about = [*names, *(f"{name} {one.version} {one.length}" for name, one in computed.items())]
    source = Source(
        mark=lambda: mark,
        versions=lambda: people.versions(program.id),
        read=lambda ids: people.roster(program.id, names, ids, computed),
    )
    return files_in(folder).roster(of, about, bound.fields, source)


def promise_to_forget(tx: Transaction, event: Event, programs: Iterable[str]) -> None:
    """Have the kept pools of these programs deleted, where somebody was erased.

    Not here: until this is committed, others read who was there, and would keep them again.
    """
    tx.outbox.add_all(
        [
            tx.outbox.job(FORGET, f"{FORGET}:{event.sequence}:{program}", program_id=program)
            for program in sorted(set(programs))
        ]
    )


def forget(kit: Kit, tenant: str, job: Job) -> None:
    """Delete the file of a program's pool, so that nothing stays there of who is erased."""
    if folder := kit.context(tenant, None, "matching").settings.get("pool_folder"):
        from mentorkit.matching.poolfile import files_in

        files_in(folder).forget(tenant, str(job.program_id))


def roster_of(tx: Transaction, program: Program, fields: Mapping[str, Field]) -> Roster:
    """Return everybody whom a run may consider, with what they answered to these fields."""
    from mentorkit.matching.roster import Roster

    names = list(dict.fromkeys([*fields, "choices"]))
    found = tx.participants.roster(program.id, names, computed=computed_in(fields))
    return Roster.of(found, fields)


class _Signing(NamedTuple):
    role: str
    signed: tuple[str, ...]

    def plays(self, role: str) -> bool:
        return self.role in ("both", role)


def _passes(tx: Transaction, program: Program, cohort: str | None) -> dict[str, Any]:
    """Return what `looking` asks of cohort, sign-offs and year of birth, each by itself."""
    required, ended = signoffs_of(tx, program), over(tx, program)
    return {
        "cohort": lambda one: one not in ended and cohort in (None, one),
        "signed": lambda role, signed: not unsigned(required, _Signing(role, signed)),
        "born": lambda year: old_enough(program, year, tx.now.year),
    }


def noes(
    tx: Transaction, program: Program, about: str | None = None, **of: Any
) -> dict[tuple[str, str], Proposal]:
    """Return the (mentee, mentor) of whom one has said no, and not yes since: their proposal.

    Peers are found both ways, as it is all the same who of them is which. With `about`, only those
    with this participant.
    """
    of |= {"program_id": program.id, "state": ("declined", "accepted")}
    asked = [of] if about is None else [{**of, f"{side}_id": about} for side in OTHER]
    settled = sorted((r for each in asked for r in tx.proposals.find(**each)), key=lambda r: r.id)
    ways = (1, -1) if program.kind == "peer" else (1,)
    newest = {two_of(r)[::way]: r for r in settled if not r.circle_of for way in ways}
    return {(a, b): one for (a, b), one in newest.items() if one.state == "declined"}


def who_refused(tx: Transaction, program: Program, mentee: str, mentor: str) -> str | None:
    """Return which of these two has said no to the other last, or as what staff have; else None."""
    two = (mentee, mentor)
    one = noes(tx, program, mentee_id=two, mentor_id=two).get(two)
    if one is None:
        return None
    sides = {"mentee": one.mentee_id, "mentor": one.mentor_id}
    for event in tx.journal.about("proposal", one.id):
        if isinstance(event, ProposalDeclined):
            return sides.get(event.role, event.role)
    return None


def parted(tx: Transaction, mentee: str, mentor: str) -> bool:
    """Return whether these two have ended a relationship of theirs early."""
    ended = [one for one in tx.relationships.for_participants([mentee]) if one.parted]
    return any((mentee, mentor) in _pairs(one) for one in ended)


def _pairs(one: Relationship) -> set[tuple[str, str]]:
    """Return the (mentee, mentor) whom it has brought together; peers both ways."""
    by: dict[str, list[str]] = defaultdict(list)
    for member in one.members:
        by[member.role].append(member.participant_id)
    return {*product(by["mentee"], by["mentor"]), *permutations(by["peer"], 2)}


def _places(
    free_of: Mapping[str, Mapping[str, int]],
    room: Mapping[str, int],
    locks: Iterable[tuple[str, str]],
) -> dict[str, dict[str, int]]:
    """Return everybody's places by role; those of somebody who is both are `free_of` in all.

    A run gives a mentee one mentor, so one place is enough for that side, where the program leaves
    `room` for it. The others are for mentees of their own. One single place goes where a lock needs
    it, else to the side that has fewer so far, in the order of `free_of`.
    """
    mentees, mentors = dict(free_of["mentee"]), dict(free_of["mentor"])
    both = free = free_of["both"]
    needed: dict[str, list[str]] = {one: [] for one in both}
    for lock in locks:
        for one, role in zip(lock, ("mentee", "mentor"), strict=True):
            if one in needed and len(needed[one]) < free[one]:
                needed[one].append(role)
    for one in both:
        spare = free[one] - needed[one].count("mentor")
        mentees[one] = min(1, room[one], spare)
        mentors[one] = free[one] - mentees[one]
    undecided = [one for one in both if mentees[one] and free[one] == 1 and not needed[one]]
    for one in undecided:
        del mentees[one]
    for one in undecided:
        side = mentees if len(mentees) <= sum(mentors.values()) else mentors
        side[one] = 1
    return {"mentee": mentees, "mentor": mentors}


def _between(
    tx: Transaction, program: Program, here: Roster, only: str | None
) -> tuple[list[Relationship], set[frozenset[str]]]:
    """Return the relationships, and the persons to be kept apart; where it is of one, theirs."""
    if only is None:
        return tx.relationships.find(program_id=program.id), blocked_pairs(tx, here.persons)
    apart = blocked_pairs(tx, [here.persons[here.at[only]]] if only in here.at else [])
    persons = {person for pair in apart for person in pair}
    rows = tx.participants.find(program_id=program.id, person_id=persons)
    return tx.relationships.for_participants({only, *(row.id for row in rows)}), apart


def _histories(
    tx: Transaction, relationships: Sequence[Relationship], here: Roster,
    apart: Collection[frozenset[str]],
) -> tuple[set[tuple[str, str]], dict[tuple[str, str], str]]:  # fmt: skip
    """Return the pairs that were together before, and those that must not be, with the code."""
    past: set[tuple[str, str]] = set()
    forbidden: dict[tuple[str, str], str] = {}
    for relationship in relationships:
        were = _pairs(relationship)
        past |= were
        # Staff may still bring two together by hand whose time ended early; a run never does.
        parted = were if relationship.parted else ()
        forbidden = dict.fromkeys(parted, "parted") | forbidden
        now = [m.participant_id for m in relationship.here]
        if relationship.state in HOLDING:
            forbidden |= dict.fromkeys(permutations(now, 2), "together_now")
    holders = here.holders({person for pair in apart for person in pair})
    for pair in apart:
        for a, b in product(*(holders.get(person, ()) for person in pair)):
            forbidden[a, b] = forbidden[b, a] = "blocked"
    for mentor, met in company(tx, relationships).items():
        for person, other in (two for pair in apart for two in permutations(pair)):
            if other in met:
                forbidden |= {(mentee, mentor): "blocked" for mentee in holders.get(person, ())}
    return past, forbidden


def locks_in(pool: Pool, locks: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return locks (by id or key) as ids; a name of nobody available stays as it was typed."""

    def id_of(wanted: str, side: str) -> str:
        at = pool.named(side).get(wanted)
        return wanted if at is None else getattr(pool, side).ids[at]

    return [(id_of(a, "mentees"), id_of(b, "mentors")) if b else (a, b) for a, b in locks]
