"""Work: one bounded batch of what was promised, and of what has come due."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain.events import Event
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message, Receipt, RetryLater, Undeliverable
from mentorkit.domain.people import SYSTEM_ACTOR, Contact, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Proposal
from mentorkit.domain.text import in_locale
from mentorkit.journey import accept, meet
from mentorkit.journey.tell import TEMPLATES, fill

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

log = logging.getLogger("mentorkit.worker")
LONGEST_DELAY = 30 * 24 * 3600
"""Seconds that a plugin may ask for at most before it is asked again."""
_CODE = re.compile(r"[a-z0-9_.]{1,100}")
LEASE = timedelta(seconds=60)
"""How long a claimed row is this worker's; after that another may take it."""


class _NotWanted(Exception):
    """The message's reason has gone: erased, blocked, or consent taken back. Nothing is sent."""


def work(kit: Kit, *, limit: int = 100, seconds: float = 30.0) -> dict[str, int]:
    """Do one bounded batch for every tenant; return what was done, in rows.

    These are: turned and expired (what had come due), and of what was promised: done, later (to be
    tried again), dead (given up), cancelled (no longer wanted).

    At least once: an effect may be repeated after a crash between the channel's yes and our own
    note of it, always under the same key. A row whose lease ran out cannot be finished by the
    one who held it, because finishing names the attempt.
    """
    report = dict.fromkeys(("turned", "expired", "done", "later", "dead", "cancelled"), 0)
    until = time.monotonic() + seconds
    for tenant in kit.tenants():
        report["turned"] += meet.turn(kit, tenant=tenant, limit=limit)
        report["expired"] += accept.expire(kit, tenant=tenant, actor=SYSTEM_ACTOR, limit=limit)
        left = limit
        while left > 0 and time.monotonic() < until:
            jobs = _claim(kit, tenant, min(left, 20))
            if not jobs:
                break
            left -= len(jobs)
            outcomes = [(job, *_do(kit, tenant, job)) for job in jobs]
            kit.write(tenant, partial(_note, outcomes))
            for _, how, _ in outcomes:
                report[how] += 1
    return report


def _claim(kit: Kit, tenant: str, limit: int) -> list[Job]:
    return kit.write(tenant, lambda tx: tx.outbox.claim(limit, LEASE))


def _do(kit: Kit, tenant: str, job: Job) -> tuple[str, dict[str, Any]]:
    """Do one row's work outside any transaction of the core's; return how it went, and why."""
    try:
        (_send if job.kind == "message" else _react)(kit, tenant, job)
    except _NotWanted as gone:
        return "cancelled", {"error": str(gone)}
    except RetryLater as later:
        return "later", {"error": "retry_later", "seconds": _delay(later.seconds)}
    except Undeliverable as never:
        return "dead", {"error": _code(never.code)}
    # A plugin that calls sys.exit must not take the worker with it; a person's Ctrl-C may.
    except (Exception, SystemExit) as error:
        told, plugin = type(error).__name__, job.plugin or "-"
        log.warning("outbox row %s of plugin %s failed: %s", job.id, plugin, told)
        return "later", {"error": told}
    return "done", {}


def _note(outcomes: Sequence[tuple[Job, str, dict[str, Any]]], tx: Transaction) -> None:
    """Note how a handful of rows went, in one transaction: one wait for the disk, not twenty."""
    noting: dict[str, Callable[..., bool]] = {
        "done": tx.outbox.finish,
        "later": tx.outbox.retry,
        "dead": tx.outbox.park,
        "cancelled": tx.outbox.cancel,
    }
    for job, how, why in outcomes:
        noting[how](job, **why)


def _delay(seconds: Any) -> int | None:
    """Return the delay that a plugin asked for, within bounds; None for what is no number."""
    try:
        return min(max(0, int(seconds)), LONGEST_DELAY)
    except (TypeError, ValueError, OverflowError):
        return None


def _code(code: object) -> str:
    """Return a plugin's code as it was given, if it is one: codes are stored and shown."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "undeliverable"


def _react(kit: Kit, tenant: str, job: Job) -> None:
    reaction = kit.registry.reactions.get(f"{job.plugin}.{job.name}")
    if reaction is None:
        raise RetryLater(f"plugin {job.plugin} is not loaded", seconds=3600)
    with kit.transaction(tenant=tenant, write=False) as tx:
        event = tx.journal.event(job.sequence or 0)
        program = tx.programs.first(id=event.program_id) if event.program_id else None
        if program and not enabled(tx, program, job.plugin):
            raise _NotWanted("plugin_disabled")
    reaction.handle(kit.work_context(tenant, program, job.plugin), event)


def enabled(tx: Transaction, program: Program, plugin: str) -> bool:
    """Return whether a coordinator has left this loaded plugin on for the program."""
    definition = tx.definitions.current(program.id, "plugin", plugin)
    return definition is None or bool(definition.body.get("enabled", True))


def _send(kit: Kit, tenant: str, job: Job) -> None:
    with kit.transaction(tenant=tenant, write=False) as tx:
        event = tx.journal.event(job.sequence or 0)
        person = tx.people.first(id=job.recipient_id)
        program = tx.programs.first(id=event.program_id)
        if person is None or program is None:
            raise _NotWanted("erased")
        participant = tx.participants.first(program_id=program.id, person_id=person.id)
        if participant is None or participant.consented_at is None:
            raise _NotWanted("no_consent")
        contacts = tx.contacts.find(person_id=person.id)
        message = _message(tx, job, event, person, program)
        offered = kit.registry.channels.items()
        owned = [(kit.registry.owner("channels", name).name, channel) for name, channel in offered]
        channels = [(plugin, one) for plugin, one in owned if enabled(tx, program, plugin)]
    contacts = [*contacts, *_host_contacts(kit, tenant, person)]
    failed: BaseException | None = None
    for plugin, channel in channels:
        context = kit.work_context(tenant, program, plugin)
        try:
            reaches = channel.can_reach(context, person, contacts)
        except (Exception, SystemExit) as error:
            # It has sent nothing yet, so the next channel may: one broken plugin silences nobody.
            log.warning("a channel of plugin %s failed: %s", plugin, type(error).__name__)
            failed = error
            continue
        if reaches:
            receipt = channel.deliver(context, message, person, contacts)
            if not isinstance(receipt, Receipt):
                raise TypeError(f"the channel of plugin {plugin} gave no receipt")
            return
    raise failed or Undeliverable("no_channel")


def _host_contacts(kit: Kit, tenant: str, person: Person) -> list[Contact]:
    """Return what the host knows of a linked person now; looked up when sending, never copied."""
    if person.user_ref is None or kit.people is None:
        return []
    known = kit.people.lookup(tenant, [person.user_ref]).get(person.user_ref)
    told = {"email": known.email, "phone": known.phone} if known else {}
    contact = Contact(id="", tenant=tenant, person_id=person.id, kind="", value="", verified=True)
    return [
        replace(contact, id=f"host:{kind}", kind=kind, value=value)
        for kind, value in told.items()
        if value
    ]


def _message(tx: Transaction, job: Job, event: Event, person: Person, program: Program) -> Message:
    definition = tx.definitions.current(program.id, "messages")
    own: Mapping[str, Any] = definition.body.get(job.name, {}) if definition else {}
    template = {**TEMPLATES[job.name], **own}
    values = {"person": person.name, "program": in_locale(program.name, person.locale)}
    values |= _parties(tx, event, person.locale)
    return Message(
        key=job.key,
        tenant=job.tenant,
        program_id=program.id,
        person_id=person.id,
        template=job.name,
        subject=fill(in_locale(template["subject"], person.locale), values),
        body=fill(in_locale(template["body"], person.locale), values),
        locale=person.locale,
        params=Frozen(event=event.sequence),
        created_at=tx.now,
    )


def _parties(tx: Transaction, event: Event, locale: str) -> dict[str, str]:
    """Return the names, reasons and date that a message about this event may show."""
    from mentorkit.matching import words

    proposal: Proposal | None = None
    if event.noun in ("milestone", "relationship"):
        milestone = tx.milestones.get(event.subject_id) if event.noun == "milestone" else None
        of = milestone.relationship_id if milestone else event.subject_id
        relationship = tx.relationships.get(of)
        due = milestone.closes_at if milestone else relationship.ends_at
        if relationship.proposal_id and not milestone:
            proposal = tx.proposals.first(id=relationship.proposal_id)
        roles = {member.role: member.participant_id for member in relationship.members}
    else:
        proposal = tx.proposals.get(event.subject_id)
        due = proposal.due_at or tx.now
        roles = {"mentee": proposal.mentee_id, "mentor": proposal.mentor_id}
    participants = tx.participants.get_many(list(roles.values()))
    people = tx.people.get_many([p.person_id for p in participants.values()])
    names = {role: people[participants[i].person_id].name for role, i in roles.items()}
    said = [words(reason, locale) for reason in proposal.reasons] if proposal else []
    reasons = "\n".join(f"- {one}" for one in said if one)
    return {**names, "reasons": reasons, "due": due.date().isoformat()}
