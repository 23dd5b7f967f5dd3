"""Pools: everybody whom a run may consider, and what keeps two of them apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import permutations, product
from typing import TYPE_CHECKING, Any

from mentorkit.domain.events import ProposalDeclined
from mentorkit.domain.fields import Field
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal, Relationship
from mentorkit.domain.signoffs import unsigned
from mentorkit.journey.cohorts import over
from mentorkit.journey.safeguards import blocked_pairs, company, old_enough, signoffs_of

if TYPE_CHECKING:
    from mentorkit.matching import Pair, Pool
    from mentorkit.matching.people import Someone
    from mentorkit.store.transaction import Transaction

ASKED = ("offered", "question")


def told_of(row: Proposal, program: Program, own: Collection[str]) -> bool:
    """Return whether these participants, one person's, have been told of an offered proposal."""
    side = row.side_of(own)
    known = side is not None and row.known_to(side, program.accept_chain)
    return known and row.offered_at is not None


def two_of(one: Proposal | Pair) -> tuple[str, str]:
    return one.mentee_id, one.mentor_id


def either_way(proposals: Iterable[Proposal]) -> set[tuple[str, str]]:
    """Return their pairs, and each turned: two who could be either are asked of each other once."""
    return {pair for one in proposals for pair in (two_of(one), two_of(one)[::-1])}


def as_mentees(
    proposals: Iterable[Proposal], relationships: Iterable[Relationship]
) -> Counter[str]:
    """Return how many places as a mentee each participant holds, or is asked for."""
    held = Counter(one.mentee_id for one in proposals)
    held.update(mentee for one in relationships for mentee in one.mentees)
    return held


def looking(
    tx: Transaction, program: Program, asked: Iterable[Proposal]
) -> list[tuple[Participant, Person, int]]:
    """Return everyone whom a run may consider, with the places left to them, at least one.

    Nobody of a cohort that is over is there. A place that an offered
    proposal, one of `asked`, asks for counts as taken.
    """
    spoken_for = Counter(id for one in asked for id in two_of(one))
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


def pool_of(
    tx: Transaction, program: Program, fields: Mapping[str, Field],
    locks: Iterable[tuple[str, str]], *, cohort: str | None = None, alone: bool = False,
    beside: Collection[Proposal] = (), peers: bool = False,
) -> Pool:  # fmt: skip
    """Return everyone available as the engine takes them, safeguards as forbidden pairs.

    With `cohort` only its people, and none of two cohorts together. Two of whom one has said no to
    the other are left out too, unless they are locked.

    What is offered counts, as `looking` says, or a second run would offer it again; only what is
    `beside` takes no place. Drafts do not count: this run replaces them. `locks` are (mentee,
    mentor), by id or key; with `alone` nobody else is in the pool, each with as many places as
    locks. Where the assigner pairs `peers`, who is both has all their places on both sides.
    """
    from mentorkit.matching import Pool, Someone
    from mentorkit.matching.people import wishes

    open_now = tx.proposals.find(program_id=program.id, state=ASKED)
    relationships = tx.relationships.find(program_id=program.id)
    counted = [one for one in open_now if one not in beside]
    chosen = {one.mentee_id for one in tx.proposals.find(program_id=program.id, origin="mentee")}
    asked = dict.fromkeys(chosen, "over") | {one.mentee_id: "open" for one in open_now}
    as_mentee = as_mentees(counted, relationships)
    found = [e for e in looking(tx, program, counted) if cohort in (None, e[0].cohort)]
    rows, people = [row for row, _, _ in found], {one.id: one for _, one, _ in found}
    free = {row.id: left for row, _, left in found}
    keys = {row.id: people[row.person_id].external_key or "" for row in rows}
    rows.sort(key=lambda row: (keys[row.id] or row.id, row.id))
    room = {row.id: max(0, program.mentee_capacity - as_mentee[row.id]) for row in rows}
    ids = {name: row.id for row in rows for name in (keys[row.id], row.id)}
    held = [(ids.get(mentee, ""), ids.get(mentor, "")) for mentee, mentor in locks]
    places = _places(rows, free, room, held)
    if peers:
        both = [row.id for row in rows if row.role == "both"]
        places["mentee"] |= dict.fromkeys(both, 1)
        places["mentor"] |= {id: free[id] for id in both}
    if alone:
        for at, role in enumerate(("mentee", "mentor")):
            locked = Counter(two[at] for two in held)
            most = places[role].items()
            places[role] = {id: min(n, locked[id]) for id, n in most if locked[id]}

    def side(role: str) -> list[Someone]:
        return [
            Someone(
                key=keys[row.id],
                id=row.id,
                profile=row.profile,
                capacity=places[role][row.id],
                name=people[row.person_id].name,
                person_id=row.person_id,
                choices=wishes(row.profile),
                asked=asked.get(row.id, ""),
            )
            for row in rows
            if places[role].get(row.id)
        ]

    past, forbidden = _histories(tx, relationships, rows)
    refused = dict.fromkeys(noes(tx, program).keys() - set(held), "declined_before")
    dated = [row for row in rows if row.cohort]
    apart = {
        (one.id, other.id): "other_cohort"
        for one, other in permutations(dated, 2)
        if one.cohort != other.cohort and one.plays("mentee") and other.plays("mentor")
    }
    open_pairs = dict.fromkeys(either_way(open_now), "proposed_now")
    forbidden = {**refused, **apart, **open_pairs, **forbidden}
    return Pool(side("mentee"), side("mentor"), fields, past=past, forbidden=forbidden)


def noes(tx: Transaction, program: Program, **of: Any) -> dict[tuple[str, str], Proposal]:
    """Return the (mentee, mentor) of whom one has said no, and not yes since: their proposal.

    Peers are found both ways, as it is all the same who of them is which.
    """
    settled = tx.proposals.find(program_id=program.id, state=("declined", "accepted"), **of)
    ways = (1, -1) if program.kind == "peer" else (1,)
    newest = {two_of(one)[::way]: one for one in settled for way in ways}
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
    rows: Sequence[Participant],
    free: Mapping[str, int],
    room: Mapping[str, int],
    locks: Iterable[tuple[str, str]],
) -> dict[str, dict[str, int]]:
    """Return everybody's places by role; those of somebody who is both are `free` in all.

    A run gives a mentee one mentor, so one place is enough for that side, where the program leaves
    `room` for it. The others are for mentees of their own. One single place goes where a lock needs
    it, else to the side that has fewer so far, in the order of `rows`.
    """
    mentees = {row.id: free[row.id] for row in rows if row.role == "mentee"}
    mentors = {row.id: free[row.id] for row in rows if row.role == "mentor"}
    both = [row.id for row in rows if row.role == "both"]
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


def _histories(
    tx: Transaction, relationships: Sequence[Relationship], rows: Sequence[Participant]
) -> tuple[set[tuple[str, str]], dict[tuple[str, str], str]]:
    """Return the pairs that were together before, and those that must not be, with the code."""
    past: set[tuple[str, str]] = set()
    forbidden: dict[tuple[str, str], str] = {}
    for relationship in relationships:
        were = _pairs(relationship)
        past |= were
        # Staff may still bring two together by hand whose time ended early; a run never does.
        parted = were if relationship.parted else ()
        forbidden = dict.fromkeys(parted, "parted") | forbidden
        here = [m.participant_id for m in relationship.here]
        if relationship.state in HOLDING:
            forbidden |= dict.fromkeys(permutations(here, 2), "together_now")
    holders = defaultdict(list)
    for row in rows:
        holders[row.person_id].append(row.id)
    apart = blocked_pairs(tx, holders)
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

    def id_of(wanted: str, people: Iterable[Someone]) -> str:
        return next((one.id for one in people if wanted in (one.id, one.key)), wanted)

    return [(id_of(a, pool.mentees), id_of(b, pool.mentors)) if b else (a, b) for a, b in locks]
