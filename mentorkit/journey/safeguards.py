"""Safeguards: what no strategy, no plugin and no lock gets past.

Block, consent, capacity, same person and minimum age are looked at when a run is drafted, again
when it is published, and again when a proposal is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

WORDS = {
    "same_person": "Mentee and mentor are the same person.",
    "blocked": "One of the two has asked not to be brought together with the other.",
    "no_consent": "One of the two has not consented, or has withdrawn it.",
    "not_active": "One of the two is not active in the program.",
    "no_place": "One of the two has no free place.",
    "under_age": "One of the two is not surely of the program's minimum age.",
    "together_now": "The two have a running relationship already.",
    "proposed_now": "The two have an open proposal already.",
}


def blocked_pairs(tx: Transaction, people: Iterable[str]) -> set[frozenset[str]]:
    """Return the pairs of person ids that must be kept apart."""
    pairs = {frozenset((block.person_id, block.other_id)) for block in tx.blocks.among(people)}
    return {pair for pair in pairs if len(pair) == 2}


def old_enough(program: Program, person: Person, year: int) -> bool:
    """Return whether the person is surely over the program's minimum age, if it has one."""
    if program.minimum_age is None:
        return True
    return person.born is not None and year - person.born > program.minimum_age


def breach(
    tx: Transaction, program: Program, mentee: Participant, mentor: Participant
) -> str | None:
    """Return the code of the first safeguard that this pair would break, or None."""
    if mentee.person_id == mentor.person_id:
        return "same_person"
    if tx.blocks.between(mentee.person_id, mentor.person_id):
        return "blocked"
    for one in (mentee, mentor):
        if one.state != "active":
            return "not_active"
        if one.consented_at is None:
            return "no_consent"
        if not one.free:
            return "no_place"
    if program.minimum_age is not None:
        people = tx.people.get_many([mentee.person_id, mentor.person_id]).values()
        if not all(old_enough(program, person, tx.now.year) for person in people):
            return "under_age"
    return None


def ensure(tx: Transaction, program: Program, mentee: Participant, mentor: Participant) -> None:
    """Raise `Conflict` with the safeguard that this pair would break."""
    code = breach(tx, program, mentee, mentor)
    if code:
        raise Conflict(f"safeguard.{code}", WORDS[code], safeguard=code)
