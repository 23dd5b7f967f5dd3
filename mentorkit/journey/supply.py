"""Supply: are there mentors enough to let mentees in, and where will some be missing?

The gate is kept at the mentees' own sign-up: while it is closed they go onto the waiting list.
Staff who take people in or match them are warned and not stopped; a draft hands out only places
that there are, and holding it back would leave mentors idle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain import reading
from mentorkit.domain.fields import Field
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row, shown
from mentorkit.domain.signoffs import unsigned
from mentorkit.domain.supply import Supply, read_supply
from mentorkit.journey.cohorts import over
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.pools import ASKED
from mentorkit.journey.safeguards import old_enough, signoffs_of
from mentorkit.journey.steps import reading as reading_in

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SEEKING = ("lead", "waiting", "approved", "active")
"""The states in which a mentee without a mentor seeks one."""


def supply(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return how a program is supplied, for its staff.

    `capacity` is the free places of mentors who can be matched now, `demand` the mentees who have
    no mentor yet, both without those of a cohort that is over; `missing` places open the gate.
    `short` is a table for each of the program's pairs of fields, whose rows' `demand` sums to the
    whole: everybody counts once, under the answer with which a place would be found, else under
    their answer with the fewest places. `places` of a row are all that fit it, so that a mentor of
    two languages stands in two rows.
    """
    with reading_in(kit, tenant, actor, program) as (tx, found):
        fields, rule = fields_of(tx, found), supply_of(tx, found)
        mentors, mentees = _mentors(tx, found), _mentees(tx, found)
        return {
            **balance(tx, found),
            **as_row(rule),
            "short": [
                {
                    "field": by.mentee,
                    "label": shown(fields[by.mentee].label),
                    "rows": _short(fields[by.mentee], by.mentor, mentees, mentors),
                }
                for by in rule.by
                if by.mentee in fields and by.mentor in fields
            ],
        }


def supply_of(tx: Transaction, program: Program) -> Supply:
    """Return what the program says of its supply, or the usual."""
    found = tx.definitions.current(program.id, "supply")
    if found is None:
        return Supply()
    fields = fields_of(tx, program)
    made, _ = reading.take(found.body, lambda data, at: read_supply(fields, data, at), "supply")
    return made or Supply()


def places_of(tx: Transaction, program: Program, role: str) -> int:
    """Return the places of somebody in this role who names no number."""
    return program.mentee_capacity if role == "mentee" else supply_of(tx, program).mentor_capacity


def balance(tx: Transaction, program: Program) -> dict[str, Any]:
    """Return free places, mentees who seek one, whether the gate is open, and what is missing.

    `offered` of the `capacity` are places that an open proposal asks for; they stay free until it
    is accepted, as its mentee stays one who seeks.
    """
    rule, mentors = supply_of(tx, program), _mentors(tx, program)
    capacity = sum(_places(one) for one in mentors)
    asked: Counter[str] = Counter()
    for each in tx.proposals.find(program_id=program.id, state=ASKED):
        asked[each.mentor_id] += each.places[each.mentor_id]
    demand = len(_mentees(tx, program))
    wanted = max(1, -int(-rule.ratio * demand // 1))
    opens = rule.opens(capacity, demand)
    return {
        "capacity": capacity,
        "offered": sum(min(_places(one), asked[one.id]) for one in mentors),
        "demand": demand,
        "open": opens,
        "missing": 0 if opens else wanted - capacity,
    }


def _mentors(tx: Transaction, program: Program) -> list[Participant]:
    """Return the mentors who can be matched now and have a place."""
    required = signoffs_of(tx, program)
    active = tx.participants.find(program_id=program.id, state="active", role=["mentor", "both"])
    ended = over(tx, program)
    rows = [o for o in active if _places(o) and not unsigned(required, o) and o.cohort not in ended]
    people = tx.people.get_many(one.person_id for one in rows)
    return [one for one in rows if old_enough(program, people[one.person_id].born, tx.now.year)]


def _places(one: Participant) -> int:
    """Return the places for mentees; who is both keeps one to be a mentee in."""
    own = one.role == "both" and not one.used
    return max(0, one.free - own) if one.available else 0


def _mentees(tx: Transaction, program: Program) -> list[Participant]:
    seeking = {"state": SEEKING, "role": ["mentee", "both"], "used": 0}
    ended = over(tx, program)
    found = tx.participants.find(program_id=program.id, **seeking)
    return [one for one in found if one.cohort not in ended]


def _short(
    field: Field, theirs: str, mentees: Sequence[Participant], mentors: Sequence[Participant]
) -> list[dict[str, Any]]:
    """Return a row for each answer that some mentee gave, those most short first."""
    bits = {option: 1 << at for at, option in enumerate(field.choices)}
    wanted = Counter(_bits(one.profile.get(field.id), bits) for one in mentees)
    free: Counter[int] = Counter()
    for one in mentors:
        free[_bits(one.profile.get(theirs), bits)] += _places(one)
    places = {bit: sum(n for has, n in free.items() if has & bit) for bit in bits.values()}
    any_place = sum(free.values())
    demand: Counter[int] = Counter()
    missing: Counter[int] = Counter()

    def fitting(want: int) -> int:
        return sum(n for has, n in free.items() if has & want) if want else any_place

    for want in sorted(wanted, key=lambda want: (not want, fitting(want), want)):
        left = wanted[want]
        for has in sorted(free, key=lambda has: (has.bit_count(), has)):
            common = has & want
            if left and free[has] and (common or not want):
                taken = min(left, free[has])
                free[has] -= taken
                left -= taken
                demand[common & -common] += taken
        if left:
            own = [bit for bit in bits.values() if bit & want]
            rarest = min(own, key=lambda bit: (places[bit], bit), default=0)
            demand[rarest] += left
            missing[rarest] += left
    names = {bit: option for option, bit in bits.items()}
    rows = [
        {
            "option": names.get(bit, ""),
            "label": shown(field.choices[names[bit]]) if bit else "",
            "demand": demand[bit],
            "places": places.get(bit, any_place),
            "short": missing[bit],
        }
        for bit in demand
    ]
    return sorted(rows, key=lambda row: (-row["short"], -row["demand"], row["option"]))


def _bits(value: Any, bits: Mapping[str, int]) -> int:
    given: Iterable[Any] = value if isinstance(value, tuple) else (value,)
    return sum({bits.get(one, 0) for one in given})
