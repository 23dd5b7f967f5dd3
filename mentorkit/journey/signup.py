"""Sign up: somebody takes part by their own wish, through a form of the host's or of a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Contact, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.cohorts import cohorts_of, no_such
from mentorkit.journey.onboard import parsed
from mentorkit.journey.programs import fields_of
from mentorkit.journey.steps import NEW, Step, as_party, atomic, fresh, person_of, program_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SIDES = ("mentee", "mentor")


def form(kit: Kit, *, tenant: str, program: str) -> dict[str, Any]:
    """Return what the form of a program asks; anybody may know it.

    ``name`` and ``summary`` are ``{locale: text}``, ``open`` whether people are taken in,
    ``questions`` the profile fields, ``minimum_age`` a number of years or None, ``cohorts`` the
    keys of the intakes, of which one may be given.
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
            "cohorts": list(cohorts_of(tx, found)),
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
    cohort: str | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:
    """Take somebody in as a lead by their own wish; return what they may know of it.

    A host's user who is signed in is that person from now on. Nobody proves an address here, so
    an address that is known already neither changes nor shows anything of whom it belongs to:
    the answer is ``{"state": "lead"}`` all the same. Raises `Invalid` with every answer that
    cannot be used, and `Conflict` (program.closed, participant.here_already).
    """
    found = program_of(tx, program)
    if found.state == "closed":
        raise Conflict("program.closed", "This program takes nobody in any more.")
    wrong = no_such(cohort, cohorts_of(tx, found)) if cohort else None
    profile = _checked(tx, found, role, name, email, phone, born, answers or {}, wrong)
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
    for kind, value in (("email", email), ("phone", phone.strip())):
        if value and not tx.contacts.first(person_id=person.id, kind=kind, value=value):
            tx.contacts.add(Contact(**fresh(tx), person_id=person.id, kind=kind, value=value))
    one = tx.participants.add(
        Participant(
            **fresh(tx),
            program_id=found.id,
            person_id=person.id,
            cohort=cohort or None,
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
    own |= {"cohort": one.cohort}
    step.record(events.LeadReceived, one.id, role_played=role, **own)
    return as_party(one) if actor.user_ref else {"state": one.state}


def _checked(
    tx: Transaction,
    program: Program,
    role: str,
    name: str,
    email: str,
    phone: str,
    born: int | None,
    answers: Mapping[str, Any],
    cohort: str | None = None,
) -> dict[str, Any]:
    """Return the answers as values; raise `Invalid` with everything wrong with a form."""
    problems = [Problem("cohort", cohort)] if cohort else []
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
    return tx.people.first(id=known) if known else None


def _takes_part(tx: Transaction, program: Program, email: str) -> bool:
    """Return whether somebody in this program is reached at the address."""
    reached = [one.person_id for one in tx.contacts.find(kind="email", value=email)]
    return bool(tx.participants.count(program_id=program.id, person_id=reached))
