"""Standing: who somebody is here, and where they stand on the way to a mentor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import NotAllowed
from mentorkit.journey.match import DRAFTED
from mentorkit.journey.pools import ASKED
from mentorkit.journey.programs import consent_needed, requirements_of
from mentorkit.journey.requirements import answers
from mentorkit.journey.steps import (
    NEW,
    READERS,
    Step,
    atomic,
    person_of,
    persons_of,
    program_of,
    reading,
    role_in,
)
from mentorkit.journey.supply import balance

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

LATE = timedelta(minutes=15)
"""When work has waited for so long, nobody seems to do it."""
FEW = 5
"""With fewer earlier waits than this, nothing is said of how long one usually waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who is here, in one program or in any.

    `off` names the plugins that the program has switched off, `chosen` its settings for others.
    """

    person: Person | None
    program: Program | None
    roles: frozenset[Role]
    off: Collection[str] = ()
    chosen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def visitor(kit: Kit, *, tenant: str, actor: Actor, program: str | None = None) -> Visitor:
    """Return who the actor is, and their roles in one program (id or key), or in any of them.

    Raises `NotFound` for a program that is not there.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        known = person_of(tx, actor)
        person = tx.people.first(id=known) if known else None
        programs = [program_of(tx, program)] if program else tx.programs.find()
        held = {role_in(tx, found, actor) for found in programs}
        roles = {role for role in held if role is not None}
        if actor.admin:
            roles.add(Role.ADMIN)
        if person is not None:
            own = {"program_id": programs[0].id} if program else {}
            for part in tx.participants.find(person_id=person.id, **own):
                roles.update(role for role in (Role.MENTEE, Role.MENTOR) if part.plays(role))
        one = programs[0] if program else None
        plugins = _plugins(tx, one) if one else {}
        return Visitor(
            person=person,
            program=one,
            roles=frozenset(roles),
            off=_off(plugins),
            chosen={name: body.get("settings", {}) for name, body in plugins.items()},
        )


def _plugins(tx: Transaction, program: Program) -> dict[str, Frozen]:
    """Return what the program says of plugins, by name."""
    versions = tx.definitions.find(program_id=program.id, kind="plugin")
    return {one.key: one.body for one in sorted(versions, key=lambda one: one.number)}


def _off(plugins: Mapping[str, Frozen]) -> frozenset[str]:
    return frozenset(key for key, body in plugins.items() if not body.get("enabled", True))


@atomic
def link(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    person: str,
    user_ref: str,
    tx: Transaction = NEW,
) -> dict[str, Any]:
    """Let a host's user be a person who is here already; for the host, who knows that they are.

    `person` is an id or an external key. Raises `Conflict` (person.user_taken) where the user is
    somebody else here, and `NotAllowed` for whoever is not an admin.
    """
    if not (actor.admin or actor.is_system):
        raise NotAllowed("person.host_only", "Only the host or an admin may say who a user is.")
    known = tx.people.first(id=person) or tx.people.first(external_key=person)
    if known is None:
        raise tx.people.missing(person)
    if known.user_ref == user_ref:
        return {"person": known.id, "user_ref": user_ref}
    step = Step(tx, actor, Role.ADMIN if actor.admin else Role.SYSTEM, None)
    step.save(tx.people, replace(known, user_ref=user_ref), events.PersonLinked)
    return {"person": known.id, "user_ref": user_ref}


def home(kit: Kit, *, tenant: str, actor: Actor) -> dict[str, Any]:
    """Return the programs that the actor runs, and their own parts with where each stands.

    A part's `stage` is one of ``received``, ``checking``, ``declined``, ``joining`` (consent or
    answers are missing), ``looking``, ``asked``, ``connected``, ``paused`` and ``left``. It lists
    its open proposals (``yours``: their answer is awaited now) and running relationships by name.
    `usual_wait` is the median number of days that mentees of the program waited from their lead to
    their first relationship; None while fewer than 5 have.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        programs = {one.id: one for one in tx.programs.find()}
        runs = [one for one in programs.values() if role_in(tx, one, actor) in READERS]
        person = person_of(tx, actor)
        parts = tx.participants.find(person_id=person) if person else []
        return {
            "runs": [{**as_row(one), "role": str(role_in(tx, one, actor))} for one in runs],
            "parts": [_part(tx, programs[one.program_id], one) for one in parts],
        }


def _part(tx: Transaction, program: Program, one: Participant) -> dict[str, Any]:
    text = consent_needed(tx, program)
    told = tx.definitions.current(program.id, "referral")
    held = tx.relationships.for_participants([one.id], states=HOLDING)
    asked = [
        proposal
        for side in ("mentee", "mentor")
        for proposal in tx.proposals.find(**{f"{side}_id": one.id}, state=ASKED)
    ]
    there = {m.participant_id for each in held for m in each.here}
    there |= {id for each in asked for id in (each.mentee_id, each.mentor_id)}
    names = {id: person.name for id, person in persons_of(tx, there).items() if id != one.id}
    return {
        **as_row(one),
        "program": program.key,
        "program_name": shown(program.name),
        "stage": _stage(one, connected=bool(held), asked=bool(asked)),
        "proposals": [_asked(program, each, one.id, names) for each in asked],
        "relationships": [
            {
                "id": each.id,
                "state": each.state,
                "with": [names[m.participant_id] for m in each.here if m.participant_id in names],
            }
            for each in held
        ],
        "consent_asked": one.consented_at is None or (one.consent_version or 0) < text,
        "off": sorted(_off(_plugins(tx, program))),
        "self_match": program.matching == "self" and one.plays("mentee"),
        "places": one.free,
        "unmet": _unmet(tx, program, one) if one.state == "declined" else [],
        "referral": shown(told.body) if told and one.state == "declined" else {},
        "usual_wait": usual_wait(tx, program) if one.plays("mentee") else None,
    }


def _unmet(tx: Transaction, program: Program, one: Participant) -> list[dict[str, str]]:
    """Return the texts of the requirements that somebody does not meet."""
    rulings = answers(requirements_of(tx, program), one)
    return [each["text"] for each in rulings if each["answer"] == "no" and each["text"]]


def _asked(program: Program, one: Proposal, own: str, names: dict[str, str]) -> dict[str, Any]:
    """Return an open proposal as one of its two is told of it."""
    mine = "mentee" if one.mentee_id == own else "mentor"
    other = one.mentor_id if mine == "mentee" else one.mentee_id
    awaited = one.awaiting(program.accept_chain) if one.state == "offered" else None
    return {
        "id": one.id,
        "state": one.state,
        "with": names[other],
        "yours": awaited == mine,
        "due_at": shown(one.due_at),
    }


def _stage(one: Participant, *, connected: bool, asked: bool) -> str:
    if one.state == "active":
        return "connected" if connected else "asked" if asked else "looking"
    stages = {"lead": "received", "waiting": "checking", "approved": "joining"}
    return stages.get(one.state, one.state)


def overview(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return how a program stands, for its staff: people, places, proposals, relationships.

    `places` and `seeking` are the free places of available mentors and the available mentees who
    have none; `supply` is `supply.balance`; `late_work` is how much that was promised has waited
    for more than 15 minutes, of all the tenant's programs; `next` is the code of what is best done
    now (`NEXT`).
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        people = tx.participants.find(program_id=found.id)
        states = Counter(one.state for one in people)
        mentors = [one for one in people if one.plays("mentor")]
        free = [one for one in people if one.available]
        asked = tx.proposals.count(program_id=found.id, state=ASKED)
        held = Counter(one.state for one in tx.relationships.find(program_id=found.id))
        figures = {
            "people": len(people),
            "states": dict(states),
            "mentors": len(mentors),
            "mentees": sum(one.plays("mentee") for one in people),
            "places": sum(one.free for one in free if one.plays("mentor")),
            "seeking": sum(one.role == "mentee" and not one.used for one in free),
            "asked": asked,
            "drafts": tx.runs.count(program_id=found.id, state=DRAFTED),
            "relationships": dict(held),
            "late_work": tx.outbox.late(tx.now - LATE),
        }
        figures["supply"] = balance(tx, found)
        return {**figures, "next": _next(found, figures)}


def _next(program: Program, figures: dict[str, Any]) -> str:
    """Return the code of what staff do best now, in the order of the journey."""
    states = figures["states"]
    if program.state == "closed":
        return "closed"
    if not figures["mentors"]:  # mentors first: nobody should wait for somebody not yet there
        return "recruit_mentors"
    if states.get("lead", 0) + states.get("waiting", 0):
        return "screen"
    if states.get("approved", 0):
        return "onboard"
    if program.state == "draft":
        return "open"
    if not figures["mentees"]:
        return "recruit_mentees" if figures["supply"]["open"] else "recruit_mentors"
    if figures["drafts"]:
        return "publish"
    if figures["seeking"] and figures["places"]:
        return "match"
    if not figures["supply"]["open"]:
        return "recruit_more"
    return "wait" if figures["asked"] else "meet"


def usual_wait(tx: Transaction, program: Program) -> int | None:
    """Return the median days from lead to first relationship of the program's mentees."""
    first: dict[str, Any] = {}
    for held in tx.relationships.find(program_id=program.id):
        for mentee in held.members:
            if mentee.role == "mentee":
                earlier = first.get(mentee.participant_id, mentee.joined_at)
                first[mentee.participant_id] = min(earlier, mentee.joined_at)
    since = tx.participants.get_many(first)
    waits = [(first[id] - one.created_at).days for id, one in since.items()]
    return round(median(waits)) if len(waits) >= FEW else None


__all__ = ["home", "link", "overview", "usual_wait", "visitor"]
