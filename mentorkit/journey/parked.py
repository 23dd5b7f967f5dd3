"""Parked: staff look at what was given up after many tries, and try it again or drop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.events import Event
from mentorkit.domain.moves import STAFF, SYSTEM, Role
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import shown
from mentorkit.errors import NotAllowed, NotFound
from mentorkit.journey.cases import seen_by
from mentorkit.journey.steps import (
    NEW,
    Step,
    atomic,
    kept_from,
    program_of,
    require,
    role_in,
)
from mentorkit.journey.tell import TEMPLATES

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

KINDS = {
    "message": "A message",
    "survey": "An invitation to a survey",
    "reaction": "What a plugin does about something that happened",
    "review": "A look at a text that somebody wrote",
    "next": "To ask the next mentor whom a mentee has chosen",
}
"""What was promised, in words, by the kind of the row."""
WHY = {
    "no_channel": "No channel of the program reaches this person: look at their addresses.",
    "undeliverable": "The channel says that it never reaches this person.",
    "channel.no_receipt": "The channel did not say whether it took this: it may have been sent.",
    "worker.lost": "The process that did this ended each time, perhaps because of it.",
    "retry_later": "The other side asked each time to come again later.",
}
"""Why it was given up, in words, by its code."""
REFUSED = "The channel refuses it and says why by this code: ask whoever brings the channel."
FAILED = "It failed each time. The log of the worker says more, by the name of this failure."


def parked(
    kit: Kit, *, tenant: str, actor: Actor, program: str | None = None
) -> list[dict[str, Any]]:
    """Return what was given up in a program, oldest first; of all the tenant without `program`.

    Each has id, kind, `what` (that in words), `subject` (of a message, {locale: template}), plugin,
    name, program (its key), `person` (for whom, a name), `since` (when it was promised), `code` and
    `why` (in words). For the program's staff, and for an admin without a program. What is about a
    concern is shown to those alone who may see that, and nothing of what staff are in themselves.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        if program is None:
            _ensure_admin(actor)
            jobs = tx.outbox.find(state="dead")
        else:
            found = program_of(tx, program)
            require(tx, found, actor)
            jobs = parked_in(tx, found, actor)
        people = tx.people.get_many(job.recipient_id for job in jobs if job.recipient_id)
        keys = {one.id: one.key for one in tx.programs.find()}
        return [_row(kit, job, people, keys) for job in jobs]


def _row(
    kit: Kit, job: Job, people: Mapping[str, Any], keys: Mapping[str, str]
) -> dict[str, Any]:  # fmt: skip
    nudge = kit.registry.nudges.get(job.body.get("nudge", ""))
    templates = nudge.templates if nudge else TEMPLATES
    known = templates[job.name]["subject"] if job.name in templates else {}
    subject = known or _called(job)
    person = people.get(job.recipient_id or "")
    code = job.error or ""
    return {
        "id": job.id,
        "kind": job.kind,
        "what": KINDS.get(job.kind, job.kind),
        "subject": shown(subject),
        "plugin": job.plugin,
        "name": job.name,
        "program": keys.get(job.program_id or ""),
        "person": person.name if person else "",
        "since": shown(job.created_at),
        "code": code,
        "why": WHY.get(code, FAILED if code[:1].isupper() else REFUSED),
    }


def _called(job: Job) -> Mapping[str, str]:
    """Return what a message is whose words stand nowhere beforehand, such as an announcement."""
    return {"en": job.name.replace("_", " ").capitalize()} if job.kind == "message" else {}


def parked_in(tx: Transaction, program: Program, actor: Actor, **equals: Any) -> list[Job]:
    """Return a program's rows that were given up, and that the actor may know of."""
    jobs = tx.outbox.find(state="dead", program_id=program.id, **equals)
    return list(filter(seen_in(tx, program, actor)(jobs), jobs)) if jobs else []


def seen_in(
    tx: Transaction, program: Program, actor: Actor
) -> Callable[[Sequence[Job]], Callable[[Job], bool]]:
    """Return what tells of some rows of a program which of them the actor may know of.

    What is about a concern is for those alone who may see that, and what is about something that
    staff are in themselves for the others.
    """
    cases = {one.id for one in seen_by(tx, program, actor)}
    own = kept_from(tx, program, actor)
    own |= {one.id for one in tx.milestones.find(relationship_id=list(own))} if own else set()

    def those(jobs: Sequence[Job]) -> Callable[[Job], bool]:
        hidden = {
            event.sequence
            for event in tx.journal.numbered(job.sequence for job in jobs if job.sequence)
            if event.subject_id in own
            or (event.noun == "concern" and event.subject_id not in cases)
            or any(isinstance(one, str) and one in own for one in event.payload().values())
        }

        def seen(job: Job) -> bool:
            told = job.body.get("about") or ()
            about = told if "nudge" in job.body else [told] if told and "say" in job.body else ()
            return job.sequence not in hidden and own.isdisjoint(one[1] for one in about)

        return seen

    return those


@atomic
def retry(kit: Kit, *, tenant: str, actor: Actor, job: str, tx: Transaction = NEW) -> None:
    """Try something again that was given up, by the whole schedule. Raises NotFound."""
    _decide(tx, actor, job, tx.outbox.revive, events.JobRevived)


@atomic
def drop(kit: Kit, *, tenant: str, actor: Actor, job: str, tx: Transaction = NEW) -> None:
    """Let something that was given up never happen. Raises NotFound."""
    _decide(tx, actor, job, tx.outbox.discard, events.JobDropped)


def _decide(
    tx: Transaction, actor: Actor, id: str, change: Callable[[str], bool], fact: type[Event]
) -> None:
    """Change a row that was given up, by somebody who may see it, and record that."""
    one = next(iter(tx.outbox.find(id=id, state="dead")), None)
    program = tx.programs.first(id=one.program_id) if one and one.program_id else None
    if program:
        role = role_in(tx, program, actor)
        seen = role in STAFF | SYSTEM and bool(parked_in(tx, program, actor, id=id))
    else:
        role = Role.ADMIN
        seen = actor.admin or actor.is_system
    if one is None or role is None or not seen or not change(one.id):
        raise NotFound("job.not_found", "Nothing of this id was given up; it may be done by now.")
    step = Step(tx, actor, role, program.id if program else None)
    step.record(fact, one.id, kind=one.kind, code=one.error)


def _ensure_admin(actor: Actor) -> None:
    if not (actor.admin or actor.is_system):
        raise NotAllowed("job.admin_only", "Name a program; all of them are for an admin alone.")


__all__ = ["drop", "parked", "parked_in", "retry"]
