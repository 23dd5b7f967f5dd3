"""Sending: a promised message is put into words from ids, and given to a channel that reaches."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mentorkit.crew import FAULTS, Busy, crew_of
from mentorkit.domain.messages import Message, Receipt, RetryLater, Undeliverable, as_code
from mentorkit.domain.people import Contact, Person
from mentorkit.journey import (
    announcements,
    deliveries,
    digest,
    feedback,
    nudge,
    reach,
    say,
    silence,
)
from mentorkit.journey.awaiting import joining
from mentorkit.journey.definitions import targets_of
from mentorkit.journey.manners import Held, ensure_welcome, is_unasked
from mentorkit.journey.say import NotWanted
from mentorkit.journey.steps import chosen

if TYPE_CHECKING:
    from mentorkit.domain.events import Event
    from mentorkit.domain.participants import Part
    from mentorkit.domain.programs import Program
    from mentorkit.hooks.context import WorkContext
    from mentorkit.hooks.providers import Channel
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

Ways = Sequence[tuple[str, "Channel", "WorkContext"]]
"""The channels that a message may go by, in the order in which they are asked, each with its plugin
and what it works with."""
Worded = tuple[Ways, Message, Person, Sequence[Contact], Collection[tuple[str, str]]]
"""By what a message may go, itself, to whom, at which addresses, and at which of the host's a
channel found nobody."""
log = logging.getLogger("mentorkit.worker")  # it is its work
ASKS = "proposal_declined"
"""The message that asks whether the offer of that proposal was sent: rows before it are noted."""


class About(NamedTuple):
    """What a message is made from: what happened (a nudge has none), to whom it goes, and where."""

    event: Event | None
    person: Person | None
    program: Program | None
    participant: Part | None
    contacts: Sequence[Contact]


def send(kit: Kit, tenant: str, job: Job, link: str = "") -> Receipt:
    """Send one message that was promised, to where `link` leads; say why where it is not to be."""
    if job.sequence is None and not job.body.get("nudge"):
        return _send_link(kit, tenant, job)
    return _hand_over(kit, *worded(kit, tenant, job, link))


def ask(kit: Kit, tenant: str, job: Job) -> Receipt | None:
    """Have the program's vendor get ready, and tell the person where to answer."""
    link = feedback.invite(kit, tenant=tenant, job=job, asking=crew_of(kit).asking)
    return None if link is None else send(kit, tenant, job, link)


def worded(kit: Kit, tenant: str, job: Job, link: str = "") -> Worded:
    """Return a promised message in words, and by what it may go; `NotWanted` if it must not."""

    def read(job: Job) -> Worded:
        own = nudge.own_of(kit, tenant, job) if job.body.get("nudge") else {}
        with kit.transaction(tenant=tenant, write=False) as tx:
            return _in_words(kit, tx, job, _about(tx, job), link, own)

    found = read(job)
    joined = digest.gather(kit, tenant, job)
    return found if len(joined.body.get("parts", ())) < 2 else read(joined)


def read_ahead(kit: Kit, tenant: str, jobs: Sequence[Job]) -> dict[str, Callable[[], Receipt]]:
    """Put the messages among these rows into words in one look, much quicker than one by one.

    Returns by id what sends each. A row that asks what was noted of others, one that is not of the
    program of its event, and one that cannot be read now, is left out: it reads for itself.
    """
    messages = [job for job in jobs if job.kind == "message" and job.name != ASKS]
    told = [job for job in messages if job.sequence is not None and not job.body.get("nudge")]
    prompts = [job for job in messages if job.sequence is None and job.body.get("nudge")]
    ahead: dict[str, Callable[[], Receipt]] = {}
    if not told and not prompts:
        return ahead
    with kit.reading_once(tenant=tenant), kit.transaction(tenant=tenant, write=False) as tx:
        prompts = [job for job in prompts if nudge.is_plain(kit, tx, job)]
        tx.journal.read_ahead(job.sequence or 0 for job in told)
        ids = {job.recipient_id or "" for job in (*told, *prompts)}
        people = tx.people.read_ahead("id", ids, limit=1)
        contacts = tx.contacts.read_ahead("person_id", ids)
        of_program: dict[str, list[Job]] = defaultdict(list)
        for job in (*told, *prompts):
            of_program[job.program_id or ""].append(job)
        for id, those in of_program.items():
            program = tx.programs.first(id=id)
            mine = tx.participants.standings(id, {job.recipient_id or "" for job in those})
            with suppress(Exception):  # then each reads for itself
                nudge.read_ahead(kit, tx, [job for job in those if job.sequence is None])
            for job in those:
                who = job.recipient_id or ""
                try:
                    event = None if job.sequence is None else tx.journal.event(job.sequence)
                    if event and event.program_id != id:
                        continue
                    (person,) = people[who] or (None,)
                    about = About(event, person, program, mine.get(who), contacts[who])
                    ahead[job.id] = _sending(kit, tx, job, about)
                except Exception:  # so does this one
                    continue
    return ahead


def _about(tx: Transaction, job: Job) -> About:
    """Look up what a message is made from; what is missing was erased."""
    event = None if job.body.get("nudge") else tx.journal.event(job.sequence or 0)
    person = tx.people.first(id=job.recipient_id)
    program = tx.programs.first(id=event.program_id if event else job.program_id)
    if person is None or program is None:
        return About(event, None, None, None, ())
    participant = tx.participants.first(program_id=program.id, person_id=person.id)
    return About(event, person, program, participant, tx.contacts.find(person_id=person.id))


def _sending(kit: Kit, tx: Transaction, job: Job, about: About) -> Callable[[], Receipt]:
    """Return what sends a message that is put into words now, or says why it is not to be sent."""
    try:
        return partial(_hand_over, kit, *_in_words(kit, tx, job, about))
    # The error itself would hold on to all that was read for the others, too.
    except NotWanted as error:
        return partial(_refuse, NotWanted, str(error))
    except Held as error:
        return partial(_refuse, Held, error.until, error.code)


def _refuse(kind: type[Exception], *told: object) -> Receipt:
    raise kind(*told)


def _in_words(
    kit: Kit, tx: Transaction, job: Job, about: About, link: str = "",
    own: nudge.Owned | None = None,
) -> Worded:  # fmt: skip
    """Return a message, as it stands, in words; `own` is what nudges await of it still."""
    nudged = job.body.get("nudge")
    # Of what goes together each is asked by itself.
    alone = nudged and len(job.body.get("parts", ())) < 2
    if alone and nudged not in kit.registry.nudges:
        raise RetryLater(f"plugin {job.plugin} is not loaded", seconds=3600)
    event, person, program, participant, contacts = about
    if person is None or program is None or not person.name:
        raise NotWanted("erased")
    agreed = participant.consented_at is not None if participant else False
    asked = agreed if participant else person.id in program.staff
    may = asked or job.name in say.APPLIED or joining(job.body.get("about", ()))
    if not may:
        raise NotWanted("no_consent")
    if alone and chosen(tx, program, job.plugin) is None:
        raise NotWanted("plugin_disabled")
    gone: Collection[tuple[str, str]] = ()
    if person.user_ref is not None and kit.people is not None:
        gone = tx.outbox.gone(person.id, tx.now - deliveries.GONE)
    if event is None:
        message = digest.message(kit, tx, job, person, program, own or {})
    elif job.name == announcements.NAME:
        message = announcements.message(kit, tx, job, event, person, participant, program)
    else:
        message = say.message(kit, tx, job, event, person, participant, program, link)
    if is_unasked(job):
        ensure_welcome(tx, job, person, participant, program)
        if participant and not job.body.get("staff"):
            message = silence.with_way_out(kit, message, participant)
    touch = participant.touch if participant else ""
    first = targets_of(tx, program)[0].level(touch).channel if touch else ""
    first = job.body.get("channel") or first
    return _ways(kit, tx, program, first), message, person, contacts, gone


def _ways(kit: Kit, tx: Transaction, program: Program, first: str) -> Ways:
    """Return by what the messages of a program may go, in the order in which it is asked.

    The channel of the name `first`, where there is one, comes before all others.
    """
    known = {} if tx.known is None else tx.known
    key = ("ways", program.id, first)
    if key not in known:
        found = []
        for name, channel in kit.registry.channels.items():
            plugin = kit.registry.owner("channels", name).name
            settings = chosen(tx, program, plugin)
            if settings is not None:
                context = kit.work_context(tx.tenant, program, plugin, settings=settings)
                found.append((plugin, channel, context))
        known[key] = sorted(found, key=lambda one: (one[1].name != first, one[1].fallback))
    ways: Ways = known[key]
    return ways


def _send_link(kit: Kit, tenant: str, job: Job) -> Receipt:
    """Send a link to one address; a channel that reaches everybody would show it elsewhere."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        message, person, contacts = reach.message(kit, tx, job)
        channels = []
        for name, channel in kit.registry.channels.items():
            plugin = kit.registry.owner("channels", name).name
            if not channel.fallback and reach.lets_in(tx, plugin, person.id):
                channels.append((plugin, channel, kit.work_context(tenant, None, plugin)))
    return _hand_over(kit, channels, message, person, contacts)


def _hand_over(
    kit: Kit, ways: Ways, message: Message, person: Person, contacts: Sequence[Contact],
    gone: Collection[tuple[str, str]] = (),
) -> Receipt:  # fmt: skip
    """Give a message to the first channel that reaches the person and takes it.

    What the host knows of the person counts too. Where a channel has found nobody (that, or
    `gone`), it is not asked for again.
    """
    contacts = [*contacts, *_host_contacts(kit, message.tenant, person)]
    refused: BaseException | None = None
    failed: BaseException | None = None
    for plugin, channel, context in ways:
        there = [
            one for one in contacts
            if channel.name not in one.bounced and (channel.name, deliveries.named(one)) not in gone
        ]  # fmt: skip
        try:
            if not channel.can_reach(context, person, there):
                continue
        except FAULTS as error:
            # It has sent nothing yet, so the next channel may: one broken plugin silences nobody.
            told_by = (channel.name, plugin, type(error).__name__)
            log.warning("channel %s of plugin %s failed: %s", *told_by)
            failed = error
            continue
        try:
            with crew_of(kit).asking(f"channel {channel.name}"):
                receipt = channel.deliver(context, message, person, there)
        except Undeliverable as never:
            refused = never
            if lost := [one for one in there if one.id == never.contact]:
                told = (channel.name, deliveries.named(lost[0]), as_code(never.code, "unknown"))
                kit.write(message.tenant, partial(deliveries.lose, *told))
            continue
        except (Busy, RetryLater):
            raise
        except FAULTS as error:
            told_by = (channel.name, plugin, type(error).__name__)
            log.warning("channel %s of plugin %s failed: %s", *told_by)
            raise
        if not isinstance(receipt, Receipt):
            # It may have sent the message, so nobody is asked again before it is mended.
            log.error("channel %s of plugin %s returns no Receipt", channel.name, plugin)
            raise Undeliverable("channel.no_receipt")
        return deliveries.taken(channel, receipt, there)
    raise failed or refused or Undeliverable("no_channel")


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
