"""Sign up: somebody takes part by their own wish, through a form of the host's or of a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.fields import parsed
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor, Contact, Person, folded, is_zone, plain
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.cohorts import cohorts_of, no_such, shut
from mentorkit.journey.contents import answers_aside
from mentorkit.journey.definitions import consent_version, fields_of, requirements_of
from mentorkit.journey.onboard import most_places, no_longer
from mentorkit.journey.requirements import ask, of_age
from mentorkit.journey.safeguards import not_closed
from mentorkit.journey.steps import Step, as_party, fresh, person_of, program_of
from mentorkit.journey.supply import balance, places_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SIDES = ("mentee", "mentor")
BESIDE = ("person.user_taken",)
"""Who signs up for another program at the same moment; the next time they are known."""
WAITS = NO_MENTORS, NOT_OPEN = "no_mentors", "not_open"
"""Codes of why somebody waits who signed up before there were mentors enough, or in a draft."""


def form(kit: Kit, *, tenant: str, program: str) -> dict[str, Any]:
    """Return what the form of a program asks; anybody may know it.

    ``name``, ``summary``, ``consent_text`` (of version ``consent_now``) and ``referral`` are
    ``{locale: text}``, ``open`` whether people are taken in, ``draft`` whether the program has yet
    to begin, ``waits`` why mentees go onto the waiting list (one of `WAITS`; None where they do
    not), ``questions`` the profile fields with the options offered now, ``minimum_age`` a number of
    years or None, ``dated`` whether there are cohorts, ``cohorts`` those that take people in now,
    of which one may be given (`full`: no mentees any more), and ``most`` and ``usual`` how many
    people at once each role may wish for, and has who names no number.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        summary, consent, referral = (
            tx.definitions.current(found.id, kind) for kind in ("summary", "consent", "referral")
        )
        cohorts = cohorts_of(tx, found)
        return {
            "key": found.key,
            "name": as_row(found)["name"],
            "summary": dict(summary.body) if summary else {},
            "zone": found.zone,
            "open": found.state != "closed",
            "draft": found.state == "draft",
            "waits": _waits(tx, found),
            "questions": [
                as_row(replace(one, choices=one.offered)) for one in fields_of(tx, found).values()
            ],
            "consent_text": dict(consent.body) if consent else {},
            "consent_now": consent.number if consent else 0,
            "referral": dict(referral.body) if referral else {},
            "minimum_age": found.minimum_age,
            "most": {side: most_places(found, side) for side in SIDES},
            "usual": {side: places_of(tx, found, side) for side in SIDES},
            "dated": bool(cohorts),
            "cohorts": [
                {**as_row(one), "full": bool(shut(tx, found, one, "mentee"))}
                for one in cohorts.values()
                if not shut(tx, found, one, "mentor")
            ],
        }


def sign_up(
    kit: Kit, *, tenant: str, actor: Actor, program: str, role: str, name: str, email: str = "",
    phone: str = "", born: int | None = None, locale: str = "en", zone: str = "UTC", answers:
    Mapping[str, Any] | None = None, source: str = "", campaign: str = "", agreed: int | None =
    None, cohort: str | None = None, capacity: int | None = None, tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Take somebody in as a lead by their own wish; return what they may know of it.

    A host's user who is signed in is that person from now on. Nobody proves an address here, so
    an address that is known already neither changes nor shows anything of whom it belongs to:
    the answer is ``{"state": "lead"}`` all the same, and the address itself is told of it, once
    a day at most. While mentors are missing, and in a draft,
    mentees wait (`state` is ``waiting``). `unmet` are the texts of the requirements that the
    answers do not meet; `agreed` is the version of the consent text that they have agreed to;
    `cohort` is the key of an intake that takes people in, `capacity` how many people at once (left
    out: as many as `form` says under `usual`). Raises `Invalid` with every answer
    that cannot be used, and `Conflict` (program.closed, participant.here_already).
    """

    def take_in(tx: Transaction) -> tuple[dict[str, Any], str | None]:
        tx.programs.hold([program_of(tx, program).id])  # until we end, nobody comes in beside us
        found = program_of(tx, program)
        not_closed(found)
        dated = cohorts_of(tx, found) if cohort else {}
        wrong = cohort and (no_such(cohort, dated) or shut(tx, found, dated[cohort], role))
        profile = _checked(
            tx, found, role, name, email, phone, born, zone, answers or {}, wrong, capacity
        )
        waits = _waits(tx, found) if role == "mentee" else None
        state = "waiting" if waits else "lead"
        told = {"state": state, "unmet": _unmet(tx, found, role, born, profile)}
        person = _person(tx, actor)
        if person and tx.participants.first(program_id=found.id, person_id=person.id):
            raise Conflict("participant.here_already", "You take part in this program already.")
        address = " ".join(email.split()).casefold()
        if person is None and (known := _taking_part(tx, found, address, phone, name)):
            for one in known:
                first, *_ = tx.journal.about("participant", one.id)
                about = {"sequence": first.sequence, "program_id": found.id}
                about |= {"name": "signed_up_again", "recipient_id": one.person_id}
                tx.outbox.add("message", f"message:again:{one.id}:{tx.now:%Y-%m-%d}", **about)
            return told, None
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
        for kind, value in (("email", address), ("phone", phone.strip())):
            if value and not tx.contacts.first(person_id=person.id, kind=kind, value=value):
                tx.contacts.add(Contact(**fresh(tx), person_id=person.id, kind=kind, value=value))
        one = tx.participants.add(
            Participant(
                **fresh(tx),
                program_id=found.id,
                person_id=person.id,
                cohort=cohort or None,
                role=role,  # type: ignore[arg-type]
                capacity=capacity or places_of(tx, found, role),
                profile=Frozen(profile),
                source=source[:100] or "sign-up",
                campaign=campaign[:100],
                created_at=tx.now,
            )
        )
        step = Step(tx, actor, Role(role), found.id)
        own: dict[str, Any] = {"person_id": person.id, "business_id": None, "role_played": role}
        own["cohort"] = one.cohort
        event = step.record(events.LeadReceived, one.id, capacity=one.capacity, **own)
        blank = replace(one, profile=Frozen())
        stands = answers_aside(kit, step, found, blank, profile)
        if len(stands) < len(profile):  # free text waits for the program's content checks
            one = tx.participants.save(replace(one, profile=Frozen(stands)))
        if agreed is not None and agreed == consent_version(tx, found):
            one = one.consent(text_version=agreed, at=tx.now)
            one, _ = step.save(tx.participants, one, events.ConsentGiven, consent_version=agreed)
        if waits:
            system = Step(tx, SYSTEM_ACTOR, Role.SYSTEM, found.id)
            one = one.move("waiting", by=Role.SYSTEM, reason=waits)
            fact = events.ParticipantWaitlisted
            one, _ = system.save(tx.participants, one, fact, cause=event, reason=waits)
        return ({**as_party(one), **told} if actor.user_ref else told), one.id

    if tx is not None:
        with tx.savepoint():
            return take_in(tx)[0]
    told, new = kit.write(tenant, take_in, beside=BESIDE)
    if new:  # plugins are asked once nothing is open any more
        ask(kit, tenant, program, [new])
    return told


def _checked(
    tx: Transaction, program: Program, role: str, name: str, email: str, phone: str, born: int |
    None, zone: str, answers: Mapping[str, Any], cohort: str | None, capacity: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the answers as values; raise `Invalid` with everything wrong with a form."""
    problems = [Problem("cohort", cohort)] if cohort else []
    if role not in SIDES:
        problems.append(Problem("role", "say whether you want a mentor or to be one"))
    if not name.strip() or len(name) > 200:
        problems.append(Problem("name", "write your name, in at most 200 characters"))
    if not email.strip() and not phone.strip():
        problems.append(Problem("email", "give an e-mail address or a phone number"))
    domain = folded(email).rpartition("@")[2].strip(".")
    if email.strip() and ("." not in domain or len(email) > 250):
        problems.append(Problem("email", "write the whole address, such as mary@example.org"))
    if (number := phone.strip()) and (not number.startswith(("+", "00")) or not folded(number)):
        problems.append(Problem("phone", "write it with its country code, such as +254 700 123456"))
    if not is_zone(zone):
        problems.append(Problem("zone", "write a time zone such as Africa/Nairobi"))
    if born is None and program.minimum_age is not None:
        problems.append(Problem("born", "write the year in which you were born"))
    if born is not None and not 1900 <= born <= tx.now.year:
        problems.append(Problem("born", f"write a year from 1900 to {tx.now.year}"))
    most = most_places(program, role)
    if capacity is not None and not 1 <= capacity <= most:
        problems.append(Problem("capacity", f"write a whole number from 1 to {most}"))
    fields = {id: one for id, one in fields_of(tx, program).items() if role in one.roles}
    values, wrong = parsed(fields, answers)
    wrong += no_longer(fields, values, {})
    problems += wrong
    told = {one.place for one in wrong}
    for id, one in fields.items():
        if one.required and values.get(id) is None and id not in told:
            problems.append(Problem(id, "this program needs an answer"))
    if problems:
        raise Invalid("signup.invalid", "Some answers are still missing or wrong:", problems)
    return values


def _waits(tx: Transaction, program: Program) -> str | None:
    """Return why mentees who sign up now wait: mentors come first, also before a program opens."""
    short = None if balance(tx, program)["open"] else NO_MENTORS
    return NOT_OPEN if program.state == "draft" else short


def _unmet(
    tx: Transaction, program: Program, role: str, born: int | None, profile: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Return the texts of the requirements of a role that these answers do not meet."""
    young = [one["text"] for one in of_age(program, born, tx.now.year) if one["answer"] == "no"]
    asked = [one for one in requirements_of(tx, program) if role in one.roles and not one.check]
    return young + [shown(one.text) for one in asked if one.answer(profile) == "no" and one.text]


def _person(tx: Transaction, actor: Actor) -> Person | None:
    known = person_of(tx, actor)
    tx.people.hold([known] if known else [])
    return tx.people.first(id=known) if known else None


def _taking_part(
    tx: Transaction, program: Program, email: str, phone: str, name: str
) -> list[Participant]:
    """Return who in this program is reached at the address.

    A family may share a phone: by that alone it is whoever has the same name, too.
    """
    at = tx.contacts.find(kind="email", value=email) if email else tx.contacts.at(folded(phone))
    reached = [one.person_id for one in at]
    if not email:
        people = tx.people.get_many(reached).values()
        reached = [one.id for one in people if plain(one.name) == plain(name)]
    return tx.participants.find(program_id=program.id, person_id=reached)
