"""Standing: who somebody is here, and where they stand on the way to a mentor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import quantiles
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Proposal, Relationship
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import NotAllowed
from mentorkit.journey.cases import seen_by
from mentorkit.journey.choices import waiting
from mentorkit.journey.contents import waiting_in
from mentorkit.journey.definitions import consent_needed, lacking, matching_for
from mentorkit.journey.flags import to_mend
from mentorkit.journey.onboard import unanswered
from mentorkit.journey.parked import parked_in
from mentorkit.journey.plugins import off, plugins_of
from mentorkit.journey.pools import ASKED, looking, told_of
from mentorkit.journey.programs import known_person, linked
from mentorkit.journey.requirements import rulings, still_open
from mentorkit.journey.signup import WAITS
from mentorkit.journey.steps import (
    NEW,
    READERS,
    Step,
    as_party,
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

MINUTES = 15
LATE = timedelta(minutes=MINUTES)
"""When work has waited for so long, nobody seems to do it."""
NOTHING: Mapping[str, str] = MappingProxyType({})
TOLD = {"concern", "content", "survey"}
"""Nouns that the journal alone tells of, and no table keeps."""
FAR = 1000
"""How many dates that were missed are counted at most."""
FEW = 5
"""With fewer earlier waits than this, nothing is said of how long one usually waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who is here, in one program or in any.

    `off` names the plugins that the program has switched off (without one: all programs have),
    `chosen` its settings for others;
    `late` is, for staff, how much of the tenant's work has waited for more than 15 minutes;
    `astray` names what was asked about but is not of the program (``relationship``).
    """

    person: Person | None
    program: Program | None
    roles: frozenset[Role]
    off: Collection[str] = ()
    chosen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    late: int = 0
    astray: str | None = None


def visitor(
    kit: Kit, *, tenant: str, actor: Actor, program: str | None = None,
    about: Mapping[str, str] = NOTHING,
) -> Visitor:  # fmt: skip
    """Return who the actor is, and their roles in one program (id or key), or in any of them.

    `about` is what they ask about: ids by noun (``{"relationship": id}``). Raises
    `NotFound` for a program that is not there.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        known = person_of(tx, actor)
        actor = replace(actor, person_id=known)
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
        plugins = plugins_of(tx, *programs)
        chosen = plugins[one.id] if one else {}
        return Visitor(
            person=person,
            program=one,
            roles=frozenset(roles),
            off=frozenset.intersection(*map(off, plugins.values())) if plugins else (),
            chosen={name: body.get("settings", {}) for name, body in chosen.items()},
            astray=_astray(tx, one, about) if one else None,
            late=0 if roles.isdisjoint(STAFF) else late(tx),
        )


def _astray(tx: Transaction, program: Program, about: Mapping[str, str]) -> str | None:
    """Return the first noun of what is not there, or is of another program."""
    kept: Mapping[str, Any] = {
        "participant": tx.participants,
        "proposal": tx.proposals,
        "relationship": tx.relationships,
        "run": tx.runs,
    }
    for noun in kept.keys() & about.keys():
        if kept[noun].first(id=about[noun], program_id=program.id) is None:
            return noun
    for noun in TOLD & about.keys():
        told = tx.journal.about(noun, about[noun])
        if not told or told[0].program_id != program.id:
            return noun
    return None


def late(tx: Transaction) -> int:
    """Return how much a worker should have done long ago: promises, dates, answers overdue."""
    before = tx.now - LATE
    turning = tx.milestones.ripe(before, FAR), tx.proposals.overdue(before, FAR)
    return tx.outbox.late(before) + sum(len(each) for each in turning)


@atomic
def link(
    kit: Kit, *, tenant: str, actor: Actor, person: str, user_ref: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Let a host's user be a person who is here already; for the host, who knows that they are.

    `person` is an id or an external key. Raises `Conflict` where the person was erased, or either
    is linked to another (`programs.linked`), and `NotAllowed` for whoever is not an admin.
    """
    if not (actor.admin or actor.is_system):
        raise NotAllowed("person.host_only", "Only the host or an admin may say who a user is.")
    known = known_person(tx, person)
    if known is None:
        raise tx.people.missing(person)
    step = Step(tx, actor, Role.ADMIN if actor.admin else Role.SYSTEM, None)
    linked(step, known, user_ref)
    return {"person": known.id, "user_ref": user_ref}


def home(kit: Kit, *, tenant: str, actor: Actor) -> dict[str, Any]:
    """Return the programs that the actor runs, and their own parts with where each stands.

    A part's `stage` is one of ``received``, ``checking``, ``declined``, ``joining`` (`unanswered`
    and `consent_asked` tell what is missing; where nothing is, `onboard.complete` is all that is
    left; `open` are the requirements that nobody can say are met), ``looking``, ``asked``,
    ``connected``, ``paused`` and ``left``. It lists
    the open proposals that it was told of (``yours``: its yes or reply is awaited now), running
    relationships by name, with what is `late` there as `flags.own` tells it, and those `before`
    (``ended``, or ``left`` to the others), newest first.
    `next_choices` names the mentors whom they have chosen and who are asked
    after the one now. `usual_wait` is what `usual_wait` returns, for mentees; None while there is
    not enough to tell.
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
    together = tx.relationships.for_participants([one.id])
    asked = [
        proposal
        for side in ("mentee", "mentor")
        for proposal in tx.proposals.find(**{f"{side}_id": one.id}, state=ASKED)
        if told_of(proposal, program, {one.id})
    ]
    there = {m.participant_id for each in together for m in each.members}
    there |= {id for each in asked for id in (each.mentee_id, each.mentor_id)}
    names = {id: person.name for id, person in persons_of(tx, there).items() if id != one.id}
    those = [_together(tx, each, one.id, names) for each in together]
    held = [each for each in those if each["until"] is None]
    late = to_mend(tx, program, [each for each in together if each.state == "active"])
    return {
        **as_party(one),
        "program": program.key,
        "program_name": shown(program.name),
        "program_zone": program.zone,
        "matching": matching_for(tx, program, one),
        "stage": _stage(one, connected=bool(held), asked=bool(asked)),
        "proposals": [_asked(program, each, one.id, names) for each in asked],
        "relationships": [{**each, "late": late.get(each["id"], [])} for each in held],
        "before": [each for each in reversed(those) if each["until"]],
        "next_choices": [
            name.name
            for name in persons_of(
                tx, [each.mentor_id for each in waiting(tx, one.id) if each.origin == "mentee"]
            ).values()
        ],
        "unanswered": [each.id for each in unanswered(tx, program, one)],
        "consent_asked": one.consented_at is None or (one.consent_version or 0) < text,
        "off": sorted(off(plugins_of(tx, program)[program.id])),
        "self_match": one.plays("mentee") and matching_for(tx, program, one) == "self",
        "places": one.free,
        "unmet": _unmet(tx, program, one) if one.state == "declined" else [],
        "open": still_open(tx, program, one),
        "referral": shown(told.body) if told and one.state == "declined" else {},
        "usual_wait": usual_wait(tx, program) if one.plays("mentee") else None,
    }


def _together(
    tx: Transaction, held: Relationship, own: str, names: Mapping[str, str]
) -> dict[str, Any]:
    """Return a relationship as one of its people is told of it: what they left, as it was then."""
    left = next(m.left_at for m in held.members if m.participant_id == own)
    return {
        "id": held.id,
        "state": "left" if left else held.state,
        "with": [names[id] for id in held.at(left or tx.now) if names.get(id)],
        "until": shown(left or held.ended_at),
        "early": held.early,
    }


def _unmet(tx: Transaction, program: Program, one: Participant) -> list[dict[str, str]]:
    """Return the texts of the requirements that somebody does not meet."""
    told = rulings(tx, program, one)[one.id]
    return [each["text"] for each in told if each["answer"] == "no" and each["text"]]


def _asked(program: Program, one: Proposal, own: str, names: dict[str, str]) -> dict[str, Any]:
    """Return an open proposal as one of its two is told of it."""
    mine = "mentee" if one.mentee_id == own else "mentor"
    other = one.mentor_id if mine == "mentee" else one.mentee_id
    return {
        "id": one.id,
        "state": one.state,
        "with": names[other],
        "circle_of": one.circle_of,
        "yours": one.waits_for(mine, program.accept_chain),
        "due_at": shown(one.due_at),
    }


def _stage(one: Participant, *, connected: bool, asked: bool) -> str:
    if one.state == "active":
        return "connected" if connected else "asked" if asked else "looking"
    stages = {"lead": "received", "waiting": "checking", "approved": "joining"}
    return stages.get(one.state, one.state)


def overview(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return how a program stands, for its staff: people, places, proposals, relationships.

    `people` and `states` count everybody who ever came, `mentors` and `mentees` those who were not
    declined and have not left. `supply` is `supply.balance`: the free places and the mentees
    without a mentor; `places` and `seeking` are what a draft could give out and whom it could give
    a mentor now, so without those who are asked, and without leads; `ready` are all whom it would
    consider, `queued` those whom the sign-up put onto the waiting list; `drafts` are pairs that
    wait to be published. `lacking` are codes of what is missing before it can open;
    `late_work` is how much that was promised has waited for more than 15 minutes, of all the
    tenant's programs, `parked` what of this one was given up; `concerns` are open ones that the
    actor may see, `held` texts that wait to be passed on, without those that a check is yet to look
    at, for as long; `next` is the code of what is best done now.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        people = tx.participants.find(program_id=found.id)
        states = Counter(one.state for one in people)
        here = [one for one in people if one.state not in ("declined", "left")]
        open_now = tx.proposals.find(program_id=found.id, state=ASKED)
        asked = {each.mentee_id for each in open_now}
        waiting = tx.proposals.find(program_id=found.id, state="draft")
        free = looking(tx, found, open_now)
        held = Counter(one.state for one in tx.relationships.find(program_id=found.id))
        figures = {
            "people": len(people),
            "states": dict(states),
            "mentors": sum(one.plays("mentor") for one in here),
            "mentees": sum(one.plays("mentee") for one in here),
            "ready": len(free),
            "queued": sum(one.state == "waiting" and one.reason in WAITS for one in people),
            "places": sum(left for one, _, left in free if one.plays("mentor")),
            "seeking": sum(
                one.role == "mentee" and not one.used and one.id not in asked for one, _, _ in free
            ),
            "asked": len(open_now),
            "staff_asked": sum(_of_staff(found, each) for each in open_now),
            "drafts": sum(one.run_id is not None for one in waiting),
            "relationships": dict(held),
            "late_work": late(tx),
            "parked": len(parked_in(tx, found, actor)) if role_in(tx, found, actor) in STAFF else 0,
            **_safety(tx, found, actor),
            "lacking": [*lacking(tx, found)] if found.state == "draft" else [],
        }
        figures["supply"] = balance(tx, found)
        return {**figures, "next": _next(found, figures)}


def _safety(tx: Transaction, program: Program, actor: Actor) -> dict[str, int]:
    """Return the concerns not closed (and not yet taken) that the actor may see, and texts held."""
    seen = Counter(one.state for one in seen_by(tx, program, actor))
    staff = role_in(tx, program, actor) in STAFF
    texts = waiting_in(tx, program, person_of(tx, actor)) if staff else []
    late = shown(tx.now - LATE)  # until then the worker has its checks look at them
    return {
        "concerns": seen["raised"] + seen["taken"],
        "untaken": seen["raised"],
        "held": sum(one["state"] == "held" or one["written_at"] < late for one in texts),
    }


def _of_staff(program: Program, one: Proposal) -> bool:
    """Return whether it is the staff's own yes that an open proposal waits for."""
    return one.state == "offered" and one.awaiting(program.accept_chain) == Role.COORDINATOR


def _next(program: Program, figures: Mapping[str, Any]) -> str:
    """Return the code of what staff do best now: what really holds the program up comes first.

    - Safety goes before all else; a closed program is opened first, and mentors come first.
    - Then what waits for staff alone: their own yes, and leads.
    - People who still have to agree or answer hold all up only where they are more than those who
      can be matched now; while they are few, a run does not wait for them.
    - A draft is opened before anything is matched in it, once somebody is there to look after it.
    - Whom the sign-up put onto the waiting list is let in as soon as there are mentors enough;
      until then nothing can be done for them. Whom staff put there themselves waits for a run.
    - Pairs that are ready go out before new ones are made, and more mentors are looked for once
      those who are there have been used.
    """
    count, supplied = figures["states"].get, figures["supply"]["open"]
    order = (
        ("untaken", figures["untaken"]),
        ("held", figures["held"]),
        ("closed", program.state == "closed"),
        ("recruit_mentors", not figures["mentors"]),
        ("answer", figures["staff_asked"]),
        ("screen", count("lead")),
        ("onboard", count("approved", 0) > figures["ready"]),
        ("appoint", program.state == "draft" and "coordinator" not in program.staff.values()),
        ("open", program.state == "draft"),
        ("let_in", supplied and figures["queued"]),
        ("recruit_mentees", supplied and not figures["mentees"]),
        ("publish", figures["drafts"]),
        ("match", figures["seeking"] and figures["places"]),
        ("onboard", count("approved")),
        ("let_in", supplied and count("waiting")),
        ("recruit_more" if figures["mentees"] else "recruit_mentors", not supplied),
        ("wait", figures["asked"]),
    )
    return next((code for code, holds in order if holds), "meet")


def usual_wait(tx: Transaction, program: Program) -> dict[str, int] | None:
    """Return how many days mentees of the program waited from their lead to their first mentor.

    ``{median, low, high, of}``: half of the `of` people waited from `low` to `high` (quartiles).
    None while fewer than 5 have been connected: that is not enough to go by.
    """
    first: dict[str, Any] = {}
    for held in tx.relationships.find(program_id=program.id):
        for mentee in held.members:
            if mentee.role in ("mentee", "peer"):
                earlier = first.get(mentee.participant_id, mentee.joined_at)
                first[mentee.participant_id] = min(earlier, mentee.joined_at)
    since = tx.participants.get_many(first)
    waits = [(first[id] - one.created_at).days for id, one in since.items()]
    if len(waits) < FEW:
        return None
    low, middle, high = (round(cut) for cut in quantiles(waits, n=4, method="inclusive"))
    return {"median": middle, "low": low, "high": high, "of": len(waits)}


__all__ = ["home", "link", "overview", "usual_wait", "visitor"]
