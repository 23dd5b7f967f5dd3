"""Sign up: somebody takes part by their own wish, through a form of the host's or of a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Contact, Person
from mentorkit.domain.programs import Program, read_zone
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.contents import answers_aside
from mentorkit.journey.onboard import parsed
from mentorkit.journey.programs import fields_of
from mentorkit.journey.safeguards import not_closed
from mentorkit.journey.steps import NEW, Step, as_party, atomic, fresh, person_of, program_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SIDES = ("mentee", "mentor")


def form(kit: Kit, *, tenant: str, program: str) -> dict[str, Any]:
    """Return what the form of a program asks; anybody may know it.

    ``name`` and ``summary`` are ``{locale: text}``, ``open`` whether people are taken in,
    ``questions`` the profile fields, ``minimum_age`` a number of years or None.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        summary = tx.definitions.current(found.id, "summary")
        return {
            "key": found.key,
            "name": as_row(found)["name"],
            "summary": dict(summary.body) if summary else {},
            "open": found.state != "closed",
            "questions": [as_row(one) for one in fields_of(tx, found).values()],
            "minimum_age": found.minimum_age,
        }


@atomic
def sign_up(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    role: str,
    name: str,
    email: str = "",
    phone: str = "",
    born: int | None = None,
    locale: str = "en",
    zone: str = "UTC",
    answers: Mapping[str, Any] | None = None,
    source: str = "",
    campaign: str = "",
    tx: Transaction = NEW,
) -> dict[str, Any]:
    """Take somebody in as a lead by their own wish; return what they may know of it.

    A host's user who is signed in is that person from now on. Nobody proves an address here, so
    an address that is known already neither changes nor shows anything of whom it belongs to:
    the answer is ``{"state": "lead"}`` all the same. Raises `Invalid` with every answer that
    cannot be used, and `Conflict` (program.closed, participant.here_already).
    """
    tx.programs.hold([program_of(tx, program).id])  # until we have ended, nobody comes in beside us
    found = program_of(tx, program)
    not_closed(found)
    profile = _checked(tx, found, role, name, email, phone, born, zone, answers or {})
    person = _person(tx, actor)
    if person and tx.participants.first(program_id=found.id, person_id=person.id):
        raise Conflict("participant.here_already", "You take part in this program already.")
    email = " ".join(email.split()).casefold()
    if person is None and email and _takes_part(tx, found, email):
        return {"state": "lead"}
    if person is None:
        person = tx.people.add(
            Person(
                **fresh(tx),
                name=" ".join(name.split()),
                user_ref=actor.user_ref,
                born=born,
                locale=locale,
                zone=zone,
                created_at=tx.now,
            )
        )
    elif born is not None and person.born is None:
        tx.people.save(replace(person, born=born))
    for kind, value in (("email", email), ("phone", phone.strip())):
        if value and not tx.contacts.first(person_id=person.id, kind=kind, value=value):
            tx.contacts.add(Contact(**fresh(tx), person_id=person.id, kind=kind, value=value))
    one = tx.participants.add(
        Participant(
            **fresh(tx),
            program_id=found.id,
            person_id=person.id,
            role=role,  # type: ignore[arg-type]
            capacity=found.mentee_capacity if role == "mentee" else 1,
            profile=Frozen(profile),
            source=source[:100],
            campaign=campaign[:100],
            created_at=tx.now,
        )
    )
    step = Step(tx, actor, Role(role), found.id)
    own: dict[str, Any] = {"person_id": person.id, "business_id": None, "capacity": one.capacity}
    step.record(events.LeadReceived, one.id, role_played=role, **own)
    blank = replace(one, profile=Frozen())
    stands = answers_aside(kit, step, found, blank, profile)
    if len(stands) < len(profile):  # free text waits for the program's content checks
        one = tx.participants.save(replace(one, profile=Frozen(stands)))
    return as_party(one) if actor.user_ref else {"state": one.state}


def _checked(
    tx: Transaction,
    program: Program,
    role: str,
    name: str,
    email: str,
    phone: str,
    born: int | None,
    zone: str,
    answers: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the answers as values; raise `Invalid` with everything wrong with a form."""
    problems = []
    if role not in SIDES:
        problems.append(Problem("role", "say whether you want a mentor or to be one"))
    if not name.strip() or len(name) > 200:
        problems.append(Problem("name", "write your name, in at most 200 characters"))
    if not email.strip() and not phone.strip():
        problems.append(Problem("email", "give an e-mail address or a phone number"))
    if email.strip() and ("@" not in email.strip(" @") or len(email) > 250):
        problems.append(Problem("email", "write an address such as mary@example.org"))
    if phone.strip() and (sum(c.isdigit() for c in phone) < 6 or len(phone) > 40):
        problems.append(Problem("phone", "write it with its country code, such as +254 700 123456"))
    if born is None and program.minimum_age is not None:
        problems.append(Problem("born", "write the year in which you were born"))
    if born is not None and not 1900 <= born <= tx.now.year:
        problems.append(Problem("born", f"write a year from 1900 to {tx.now.year}"))
    try:
        read_zone(zone)
    except ValueError as error:
        problems.append(Problem("zone", str(error)))
    fields = {id: one for id, one in fields_of(tx, program).items() if role in one.roles}
    values, wrong = parsed(fields, answers)
    problems += wrong
    told = {one.place for one in wrong}
    for id, one in fields.items():
        if one.required and values.get(id) is None and id not in told:
            problems.append(Problem(id, "this program needs an answer"))
    if problems:
        raise Invalid("signup.invalid", "Some answers are still missing or wrong:", problems)
    return values


def _person(tx: Transaction, actor: Actor) -> Person | None:
    known = person_of(tx, actor)
    tx.people.hold([known] if known else [])
    return tx.people.first(id=known) if known else None


def _takes_part(tx: Transaction, program: Program, email: str) -> bool:
    """Return whether somebody in this program is reached at the address."""
    reached = [one.person_id for one in tx.contacts.find(kind="email", value=email)]
    return bool(tx.participants.count(program_id=program.id, person_id=reached))
