"""Groups: whom an announcement is for, as a coordinator picks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.hooks import Sheet
from mentorkit.hooks.calls import called
from mentorkit.journey import announcements, flags
from mentorkit.journey.cohorts import cohorts_of
from mentorkit.journey.recruit import source_for
from mentorkit.journey.steps import chosen, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

TO: Mapping[str, str] = {
    "everybody": "Everybody",
    "mentees": "Mentees",
    "mentors": "Mentors",
    "active": "Who is in a running relationship",
    "below": "Who has met less than is asked for, last month",
    "waiting": "Who waits for somebody",
}
"""Each group by its code, in words."""
COLUMNS = ("key", "name", "role", "language", "cohort", "email", "phone")
_ROLES = {"mentees": "mentee", "mentors": "mentor"}


def people_in(
    tx: Transaction, program: Program, *, to: str = "everybody", cohort: str = "",
    language: str = "",
) -> list[str]:  # fmt: skip
    """Return the ids of the participants in a group; raise `Invalid` where there is no such group.

    ``active`` are those in relationships that run and take no break, ``below`` those of them who
    are flagged as having met less than their targets ask in the newest month that is judged.
    ``waiting`` are those on the waiting list, and those let in who are with nobody. A `language`
    takes its regions along: es is es-MX, too.
    """
    wrong = []
    if to not in TO:
        wrong.append(Problem("to", f"{to!r} is no group; write one of {', '.join(TO)}"))
    known = list(cohorts_of(tx, program)) if cohort else []
    if cohort and cohort not in known:
        there = ", ".join(known) or "none"
        wrong.append(Problem("cohort", f"there is no cohort {cohort!r}; there are: {there}"))
    if wrong:
        raise Invalid("announcement.group", "This is nobody's group:", wrong)
    by = {"cohort": cohort} if cohort else {}
    parts = tx.participants.find(program_id=program.id, **by)
    parts = [one for one in parts if _is(one, to)]
    if to in ("active", "below"):
        running = tx.relationships.find(program_id=program.id, state="active")
        if to == "below":
            why = flags.reasons(tx, program, running)
            running = [
                one for one in running if any(each["code"] == "short" for each in why[one.id])
            ]
        inside = {member.participant_id for one in running for member in one.here}
        parts = [one for one in parts if one.id in inside]
    if language:
        persons = tx.people.get_many(one.person_id for one in parts)
        wanted = language.casefold()
        parts = [
            one
            for one in parts
            if f"{persons[one.person_id].locale.casefold()}-".startswith(f"{wanted}-")
        ]
    return [one.id for one in parts]


def _is(one: Participant, to: str) -> bool:
    if to in _ROLES:
        return one.plays(_ROLES[to])
    if to == "waiting":
        return one.state == "waiting" or (one.state in ("approved", "active") and not one.used)
    return True


def settings_of(tx: Transaction, program: Program) -> int:
    """Return how many announcements a week somebody gets; raise `Conflict` where it is off."""
    own = chosen(tx, program, "announce")
    if own is None:
        told = f"The program {program.key} has switched announcements off."
        raise Conflict("plugin.off", told)
    return int(own.get("a_week", 2))


def sheet(
    kit: Kit, *, tenant: str, actor: Actor, program: str, name: str = "people.csv", **group: str
) -> dict[str, Any]:
    """Return the group as a file, ``{"name", "body": bytes, "rows", "left_out"}``.

    Whoever may not be written to is left out, as of an announcement, and counted by code.
    """
    sources = kit.registry.recruitment_sources
    source = source_for(sources, name)
    suffix = "." + name.rsplit(".", 1)[-1].lower()
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        told, left_out = announcements.allowed(tx, found, people_in(tx, found, **group))
        persons = tx.people.get_many(one.person_id for one in told)
        kept: dict[str, dict[str, str]] = {id: {} for id in persons}
        for contact in tx.contacts.find(person_id=list(persons)):
            kept[contact.person_id].setdefault(contact.kind, contact.value)
    refs = {one.user_ref: id for id, one in persons.items() if one.user_ref}
    # The host's answer, outside of any transaction: it knows of its users what we do not keep.
    known = kit.people.lookup(tenant, list(refs)) if kit.people and refs else {}
    for ref, user in known.items():
        for kind, value in (("email", user.email), ("phone", user.phone)):
            if value:
                kept[refs[ref]].setdefault(kind, value)
    rows = tuple(
        (
            persons[one.person_id].external_key or one.id,
            persons[one.person_id].name,
            one.role,
            persons[one.person_id].locale,
            one.cohort or "",
            kept[one.person_id].get("email", ""),
            kept[one.person_id].get("phone", ""),
        )
        for one in sorted(told, key=lambda one: (persons[one.person_id].name, one.id))
    )
    label = f"plugin {kit.registry.owner('recruitment_sources', source).label}"
    table = Sheet(columns=COLUMNS, rows=rows, title="People")
    body = called(
        label,
        "writing a sheet",
        lambda: sources[source].write(table, suffix=suffix),
        passing=(Invalid,),
    )
    return {"name": name, "body": body, "rows": len(rows), "left_out": dict(left_out)}
