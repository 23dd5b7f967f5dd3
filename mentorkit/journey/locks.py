"""Locks: pairs that a draft must hold, carried from one draft to the next while they can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mentorkit.domain.participants import Participant
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Proposal, Reason
from mentorkit.journey.pools import two_of
from mentorkit.journey.safeguards import WORDS, breaches

if TYPE_CHECKING:
    from mentorkit.matching import Pool, Result
    from mentorkit.store.transaction import Transaction

DRAFTED = ("draft", "reviewed")
"""The states of a run that can still be published, or replaced by another."""


def earlier_locks(tx: Transaction, program: Program) -> dict[tuple[str, str], str | None]:
    """Return the pairs locked in drafts so far, with the safeguard that each would break now."""
    drafts = [run.id for run in tx.runs.find(program_id=program.id, state=DRAFTED)]
    locked = tx.proposals.find(run_id=drafts, state="draft", locked=True)
    return {two_of(one): code for one, _, code in judged(tx, program, locked)}


def judged(
    tx: Transaction, program: Program, proposals: Sequence[Proposal]
) -> list[tuple[Proposal, tuple[Participant, Participant], str | None]]:
    """Return each proposal with its mentee and mentor, and the safeguard they would break now."""
    people = tx.participants.get_many(id for one in proposals for id in two_of(one))
    pairs = [(people[one.mentee_id], people[one.mentor_id]) for one in proposals]
    return list(zip(proposals, pairs, breaches(tx, program, pairs), strict=True))


def carried_locks(
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
            refused = pool.refusal(pool.mentee_at[mentee], pool.mentor_at[mentor])
            code = refused.code if refused else None
        if code:
            dropped.append(dropped_lock((mentee, mentor), code))
        else:
            carried.append((mentee, mentor))
            alone.discard(mentee)
            places[mentor] -= 1
    return carried, dropped


def one_way(pool: Pool, run: Callable[[], Result]) -> Result:
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


def dropped_lock(two: tuple[str, str], code: str) -> dict[str, str]:
    mentee, mentor = two
    return {"mentee_id": mentee, "mentor_id": mentor, "code": code, "message": WORDS[code]}
