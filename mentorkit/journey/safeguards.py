"""Safeguards: what no strategy, no plugin and no lock gets past.

Erasure, block, consent, sign-offs, capacity, same person, minimum age, a cohort that is over,
whether the two are together already and whether each is still on their side are looked at when a
run is drafted, when it is published, and when a proposal is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mentorkit.domain.moves import PARTIES, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Relationship
from mentorkit.domain.signoffs import SignOff, parse_signoffs, unsigned
from mentorkit.errors import Conflict
from mentorkit.journey.cohorts import over

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

WORDS = {
    "erased": "One of the two was erased.",
    "same_person": "Mentee and mentor are the same person.",
    "blocked": "The two, or the mentee and one of the circle, are not to be brought together.",
    "no_consent": "One of the two has not consented, or has withdrawn it.",
    "not_active": "One of the two is not active in the program.",
    "unsigned": "One of the two lacks a sign-off that the program requires; their page says which.",
    "no_place": "One of the two has no free place.",
    "wrong_role": "One of the two is not on that side of the program any more.",
    "under_age": "One of the two is not surely of the program's minimum age.",
    "together_now": "The two have a running relationship already.",
    "parted": "The two were together already, and it ended early. Propose them by hand.",
    "proposed_now": "The two have an open proposal already.",
    "other_cohort": "The two are in different cohorts.",
    "cohort_over": "One of the two is in a cohort that is over; staff can put them into another.",
    "declined_before": "One of the two has said no to the other.",
    "asked_meanwhile": "One of the two was asked meanwhile, and has no other free place.",
}
MANY = 1000
"""Of more people than this it is quicker to read all blocks there are."""
PAUSED = "You are paused here, so nothing begins. Say first that you are back, then do this again."


def blocked_pairs(tx: Transaction, people: Iterable[str]) -> set[frozenset[str]]:
    """Return the pairs of person ids that must be kept apart."""
    ids = set(people)
    many = len(ids) > MANY
    blocks = tx.blocks.find() if many else [
        one for side in ("person_id", "other_id") for one in tx.blocks.find(**{side: ids})
    ]  # fmt: skip
    pairs = {frozenset((block.person_id, block.other_id)) for block in blocks}
    return {pair for pair in pairs if len(pair) == 2 and not pair.isdisjoint(ids)}


def old_enough(program: Program, born: int | None, year: int) -> bool:
    """Return whether whoever was born then is surely over the minimum age, if there is one."""
    if program.minimum_age is None:
        return True
    return born is not None and year - born > program.minimum_age


def signoffs_of(tx: Transaction, program: Program) -> tuple[SignOff, ...]:
    """Return the sign-offs that the program requires now."""
    found = tx.definitions.current(program.id, "signoffs")
    return parse_signoffs(found.body) if found else ()


def not_closed(program: Program) -> None:
    """Raise `Conflict` if nobody comes into the program any more."""
    if program.state == "closed":
        told = "The program is closed: nobody comes in any more, unless staff open it again."
        raise Conflict("program.closed", told)


def company(tx: Transaction, relationships: Iterable[Relationship]) -> dict[str, set[str]]:
    """Return who is in the circle that each mentor (participant id) leads: their person ids."""
    circles = [one for one in relationships if one.kind == "circle" and one.mentees]
    found = tx.participants.get_many(m.participant_id for one in circles for m in one.here)
    met: dict[str, set[str]] = {}
    for one in circles:
        here = {found[member.participant_id].person_id for member in one.here}
        met.setdefault(one.mentors[0], set()).update(here)
    return met


def breaches(
    tx: Transaction, program: Program, pairs: Sequence[tuple[Participant, Participant]], *,
    beside: bool = False,
) -> list[str | None]:  # fmt: skip
    """Return the code of the first safeguard that each (mentee, mentor) would break, or None.

    Who joins a circle meets everybody in it, so nobody in it may be kept apart from them. That one
    of the two is on the other side (`wrong_role`) is told last, as it is nothing between peers.
    With `beside` the first of each two is in a circle, or leads it, and the mentor comes to it as
    its second: what the first is and has is settled then.
    """
    ids = {one.id for pair in pairs for one in pair}
    running = tx.relationships.for_participants(ids, states=HOLDING)
    circles = company(tx, running)
    together = [{member.participant_id for member in one.here} for one in running]
    persons = {one.person_id for pair in pairs for one in pair}
    apart = blocked_pairs(tx, persons)
    people = tx.people.get_many(persons)
    required, ended = signoffs_of(tx, program), over(tx, program)

    def first(mentee: Participant, mentor: Participant) -> str | None:
        two = [people[one.person_id] for one in (mentee, mentor)]
        if any(one.erased for one in two):
            return "erased"
        if mentee.person_id == mentor.person_id:
            return "same_person"
        meets = {mentor.person_id} | circles.get(mentor.id, set())
        if any(frozenset((mentee.person_id, other)) in apart for other in meets):
            return "blocked"
        if any({mentee.id, mentor.id} <= here for here in together):
            return "together_now"
        if mentee.cohort and mentor.cohort and mentee.cohort != mentor.cohort:
            return "other_cohort"
        for one in (mentor,) if beside else (mentee, mentor):
            if code := _missing(one, required, ended):
                return code
        if not all(old_enough(program, one.born, tx.now.year) for one in two):
            return "under_age"
        fit = mentor.plays("mentor") if beside else sided(mentee, mentor)
        return None if fit else "wrong_role"

    return [first(mentee, mentor) for mentee, mentor in pairs]


def sided(mentee: Participant, mentor: Participant) -> bool:
    """Return whether the two can be mentee and mentor by their roles."""
    return mentee.plays("mentee") and mentor.plays("mentor")


def _missing(one: Participant, required: Iterable[SignOff], ended: set[str]) -> str | None:
    """Return the code of what keeps one from being paired with anybody."""
    if one.state != "active":
        return "not_active"
    if one.consented_at is None:
        return "no_consent"
    if unsigned(required, one):
        return "unsigned"
    if one.cohort in ended:
        return "cohort_over"
    return None if one.free else "no_place"


def ensure(
    tx: Transaction, program: Program, mentee: Participant, mentor: Participant, by: Role
) -> None:
    """Raise `Conflict` with the safeguard that this pair would break.

    Staff are told which. A party is told what is theirs alone, whatever else there is: that
    somebody has blocked them, has not consented or is too young is not for them to know.
    """
    refuse(tx, program, mentee, mentor, by, breaches(tx, program, [(mentee, mentor)])[0])


def refuse(
    tx: Transaction, program: Program, mentee: Participant, mentor: Participant, by: Role,
    code: str | None,
) -> None:  # fmt: skip
    """Raise `Conflict` with this safeguard, if any, as `ensure` does."""
    told = WORDS.get(code or "", "")
    if code and code != "together_now" and by in PARTIES:
        own = mentee if by == Role.MENTEE else mentor
        code = _missing(own, signoffs_of(tx, program), over(tx, program))
        if code is None:
            raise not_possible()
        told = PAUSED if own.state == "paused" else WORDS[code]
    if code:
        raise Conflict(f"safeguard.{code}", told, safeguard=code)


def not_possible() -> Conflict:
    """Return the error for whoever is not to know what keeps the two apart."""
    told = "This cannot be arranged now. Ask for somebody else, or ask a coordinator."
    return Conflict("proposal.not_possible", told)
