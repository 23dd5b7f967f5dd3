"""Reasons: what speaks for two who are brought together by hand, by the program's own strategy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.errors import MentorKitError
from mentorkit.journey.plugins import bound_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit


def reasons_of(
    kit: Kit, tenant: str, mentee: str, mentors: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return score and reasons of each of these pairs, by the mentor's id, to be kept with it.

    Asked outside any transaction, as it calls plugins. A pair that a rule forbids has none, and
    nobody has any where the strategy cannot be used, or a plugin that it needs is switched off: by
    hand people are brought together anyway.
    """
    from mentorkit.matching import Pool, Someone, recommend

    with kit.transaction(tenant=tenant, write=False) as tx:
        found = tx.participants.get_many([mentee, *mentors])
        if mentee not in found:
            return {}
        program = tx.programs.get(found[mentee].program_id)
        people = tx.people.get_many(one.person_id for one in found.values())
        try:
            bound = bound_of(kit, tx, program)
        except MentorKitError:
            return {}

    def someone(id: str) -> Someone:
        one = found[id]
        person = people[one.person_id]
        return Someone(id=id, key="", name=person.name, profile=one.profile, person_id=person.id)

    here = [id for id in dict.fromkeys(mentors) if id in found]
    here = [id for id in here if found[id].program_id == program.id]
    try:
        pool = Pool([someone(mentee)], [someone(id) for id in here], bound.fields)
        pairs = recommend(pool, bound, mentee, len(here)) if here else ()
    except MentorKitError:
        return {}
    names = ("score", "reasons", "reasons_mentor")
    return {pair.mentor_id: {name: getattr(pair, name) for name in names} for pair in pairs}
