"""Work: one bounded batch of what was promised, and of what has come due."""

from __future__ import annotations

import gc
import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.crew import FAULTS, LIMIT, SHORT, Busy, Task, crew_of
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import (
    Message,
    Receipt,
    RetryLater,
    Undeliverable,
    as_code,
)
from mentorkit.domain.people import Contact, Person
from mentorkit.errors import MentorKitError
from mentorkit.journey import (
    accept,
    announcements,
    choices,
    contents,
    deliveries,
    digest,
    features,
    feedback,
    hear,
    meet,
    nudge,
    pools,
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
    from mentorkit.domain.programs import Program
    from mentorkit.hooks.context import WorkContext
    from mentorkit.hooks.providers import Channel
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

Outcome = tuple["Job", str, Mapping[str, Any]]
"""A row, how it went, and what is noted about that."""
Ways = Sequence[tuple[str, "Channel", "WorkContext"]]
"""The channels that a message may go by, each with its plugin and what it works with."""
Worded = tuple[Ways, Message, Person, Sequence[Contact], str, Collection[tuple[str, str]]]
"""A message, by what it may go, to whom, at which addresses, which channel is asked first, and
which of the host's addresses a channel found nobody at."""
log = logging.getLogger("mentorkit.worker")
FORM = "form"
"""The kind of row that a form holds while it is done, and after; when it was made is in its key."""
OPEN = 24 * 3600
"""Seconds for which such a row is kept: longer than a form may stay open before it is sent."""
LONGEST_DELAY = 30 * 24 * 3600
"""Seconds that a plugin may ask for at most before it is asked again."""
LONGEST_BUSY = 600
"""Seconds that a row waits at most for a provider that is down, before it is looked at again."""
REPORTED = ("turned", "expired", "nudged", "done", "later", "dead", "cancelled", "failed")
CLAIMED = 100
"""How many rows are claimed at once."""
ASKS = "proposal_declined"
"""The message that asks whether the offer of that proposal was sent: rows before it are noted."""
FRESH = 1.0
"""Seconds for which what was read for all rows at once holds; after that each reads for itself."""
SELDOM = 20_000
"""How many more objects than before the garbage collector waits for, where nothing else runs."""
HELD = timedelta(seconds=5)
"""After which a worker notes what it has done, and begins no more of the rows it has claimed."""


def work(
    kit: Kit, *, limit: int = 100, seconds: float = 30.0, wait: float = LIMIT,
    stop: threading.Event | None = None, tenants: Collection[str] | None = None,
    kinds: Collection[str] | None = None, due: bool = True,
) -> dict[str, int]:  # fmt: skip
    """Do one bounded batch for every tenant; return what was done, in rows.

    These are: turned and expired (what had come due), nudged (prompts that this, or else what is
    awaited, was promised for), and of what was promised: done, later (to be
    tried again), dead (given up), cancelled (no longer wanted). After `seconds` nothing more is
    begun, nor once `stop` is set; the tenants take turns at being first. `failed` counts the
    tenants where something broke off: the log says why, and the rest of their work goes on, as does
    that of others.

    With `tenants` it works for these alone, with `kinds` it does only rows of these kinds (none of
    them: ()), and without `due` it does not look for what has come due: so a runner does in parts,
    on several queues, what one worker does in turn.

    At least once: an effect may be repeated after a crash between the channel's yes and our own
    note of it, always under the same key. What takes longer than a moment is left to a thread of
    its own, and the rest goes on beside it. Its lease is renewed, for an hour at most, so that
    nobody else does it meanwhile; in the end it is waited for, `wait` seconds at most.
    """
    crew, report = crew_of(kit), dict.fromkeys(REPORTED, 0)
    begun = time.monotonic()
    until = begun + seconds

    def over() -> bool:
        stopped = stop is not None and stop.is_set()
        return stopped or crew.full or time.monotonic() >= until

    every = [one for one in kit.tenants() if tenants is None or one in tenants]
    try:
        for tenant in random.sample(every, len(every)):
            if over():
                break
            report["failed"] += _batch(kit, tenant, limit, until, over, report, kinds, due)
        crew.settle(wait, begun)
    finally:
        crew.rest()
    return report


@contextmanager
def unhindered() -> Iterator[None]:
    """Spare the garbage collector what is there by now, unless somebody else does.

    For a process of ours that does nothing else, and never within a host's: reading so many rows
    would have it go through all that was loaded, again and again, for a sixth of the time. It also
    begins less often, as what is read of some hundred rows is let go again soon.
    """
    ours, often = not gc.get_freeze_count(), gc.get_threshold()
    if ours:
        gc.collect()
        gc.freeze()
        gc.set_threshold(SELDOM, *often[1:])
    try:
        yield
    finally:
        if ours:
            gc.unfreeze()
            gc.set_threshold(*often)


def look(kit: Kit, *, limit: int = 100, seconds: float = 30.0) -> dict[str, int]:
    """Look once for what has come due, and ring for all that waits; return what `work` does.

    `rung` counts the tenants that a bell was rung for: it is how work is found whose bell was lost,
    or that waits for its next try. Where the kit has no bells, the work is done here.
    """
    if not kit.bells:
        return {**work(kit, limit=limit, seconds=seconds), "rung": 0}
    report = {**work(kit, limit=limit, seconds=seconds, wait=0, kinds=()), "rung": 0}
    for tenant in kit.tenants():
        with kit.transaction(tenant=tenant, write=False) as tx:
            kinds = tx.outbox.due()
        if kinds:
            kit.ring(tenant, kinds)
            report["rung"] += 1
    return report


def _batch(
    kit: Kit, tenant: str, limit: int, until: float, over: Callable[[], bool],
    report: dict[str, int], kinds: Collection[str] | None = None, due: bool = True,
) -> bool:  # fmt: skip
    """Do one tenant's batch, count in `report` what was done; return whether some of it broke off.

    Each part fails alone: what was promised is done, whatever came before.
    """
    crew, failed = crew_of(kit), False

    def count(name: str, part: Callable[..., int], **given: Any) -> None:
        add(name, part(kit, tenant=tenant, **given))

    def add(name: str, number: int) -> None:
        report[name] += number

    def asked(vendor: str, call: Callable[[], int]) -> int:
        """Ask a vendor, if it is not down."""

        def ask() -> int:
            with suppress(Busy), crew.asking(vendor):
                return call()
            return 0

        return crew.do(ask, key=f"{vendor} of tenant {tenant}", late=partial(add, "done")) or 0

    def nudged(kit: Kit, **given: Any) -> int:
        call = partial(nudge.nudge, kit, **given)
        return crew.do(call, key=f"nudges of tenant {tenant}", late=partial(add, "nudged")) or 0

    parts = (
        partial(count, "turned", meet.turn, limit=limit),
        partial(count, "turned", feedback.turn, limit=limit),
        partial(count, "done", feedback.collect, ask=asked),
        partial(count, "expired", accept.expire, limit=limit),
        partial(count, "nudged", nudged, limit=limit, until=until),
        partial(features.promise, kit, tenant=tenant, limit=limit),
    )
    for part in (*(parts if due else ()), partial(_drain, kit, tenant, limit, over, report, kinds)):
        try:
            part()
        except FAULTS as error:
            failed, ours = True, isinstance(error, MentorKitError)
            log.error("The work of tenant %s broke off: %s", tenant, error, exc_info=not ours)
    return failed


def _drain(
    kit: Kit, tenant: str, limit: int, over: Callable[[], bool], report: dict[str, int],
    kinds: Collection[str] | None = None,
) -> None:  # fmt: skip
    """Do what was promised and is due."""
    crew, left = crew_of(kit), limit if kinds is None or kinds else 0
    lost = True  # what was lost is looked for at first, one by one, until there is none
    while left > 0 and not over():
        waiting = _claim(kit, tenant, min(left, CLAIMED), kinds, lost)
        if not waiting:
            break
        lost = lost and len(waiting) == 1
        begun, outcomes = kit.clock(), list[Outcome]()
        ahead, read_at = _read_ahead(kit, tenant, waiting), time.monotonic()

        def enough(begun: datetime = begun) -> bool:
            return over() or kit.clock() - begun >= HELD

        while waiting:
            if outcomes and waiting[0].name == ASKS:
                _note(kit, tenant, outcomes, report)
                outcomes = []
            fresh = ahead if time.monotonic() - read_at < FRESH else {}
            asking = (at for at, job in enumerate(waiting) if at and job.name == ASKS)
            tasks = [
                Task(
                    partial(_do, kit, tenant, job, fresh.get(job.id)),
                    key=f"outbox row {job.id}",
                    late=partial(_note_one, kit, tenant, job, report),
                    keep=partial(_renew, kit, tenant, job),
                )
                for job in waiting[: next(asking, None)]
            ]
            found, many = crew.do_all(tasks, enough, SHORT)
            outcomes += [(job, *one) for job, one in zip(waiting, found, strict=False)]
            del waiting[:many]
            left -= many
            if enough():
                break
        _note(kit, tenant, outcomes, report, waiting)


def _claim(
    kit: Kit, tenant: str, limit: int, kinds: Collection[str] | None, first: bool
) -> list[Job]:
    """Take what is due; at `first` also what was lost, and drop forms too old to be sent again."""

    def take(tx: Transaction) -> list[Job]:
        if first:
            tx.outbox.drop(FORM, f"{FORM}:", f"{FORM}:{int(time.time()) - OPEN}")
        return tx.outbox.claim(limit, kinds=kinds, lost=first)

    return kit.write(tenant, take)


def _renew(kit: Kit, tenant: str, job: Job) -> bool:
    """Keep a row that takes long; False when its lease was lost."""
    return kit.write(tenant, lambda tx: tx.outbox.renew(job))


def _read_ahead(kit: Kit, tenant: str, jobs: Sequence[Job]) -> dict[str, Callable[[], Receipt]]:
    """Put the messages among these rows into words in one look, much quicker than one by one.

    Returns by id what sends each. A row that asks what was noted of others, and one that cannot be
    read now, is left out: it reads for itself.
    """
    messages = [job for job in jobs if job.kind == "message" and job.name != ASKS]
    told = [job for job in messages if job.sequence is not None]
    prompts = [job for job in messages if job.sequence is None and job.body.get("nudge")]
    ahead: dict[str, Callable[[], Receipt]] = {}
    if not told and not prompts:
        return ahead
    with kit.reading_once(tenant=tenant), kit.transaction(tenant=tenant, write=False) as tx:
        prompts = [job for job in prompts if nudge.is_plain(kit, tx, job)]
        tx.journal.read_ahead(job.sequence or 0 for job in told)
        people = {job.recipient_id or "" for job in (*told, *prompts)}
        tx.people.read_ahead("id", people, limit=1)
        tx.contacts.read_ahead("person_id", people)
        for program in {job.program_id or "" for job in (*told, *prompts)}:
            tx.participants.read_ahead("person_id", people, limit=1, program_id=program)
            with suppress(Exception):  # then each reads for itself
                nudge.read_ahead(kit, tx, [job for job in prompts if job.program_id == program])
        for job in (*told, *prompts):
            with suppress(Exception):
                ahead[job.id] = _sending(kit, tenant, job)
    return ahead


def _sending(kit: Kit, tenant: str, job: Job) -> Callable[[], Receipt]:
    """Return what sends a message that is put into words now, or says why it is not to be sent."""
    try:
        return partial(_hand_over, kit, *_worded(kit, tenant, job))
    # The error itself would hold on to all that was read for the others, too.
    except NotWanted as error:
        return partial(_refuse, NotWanted, str(error))
    except Held as error:
        return partial(_refuse, Held, error.until, error.code)


def _refuse(kind: type[Exception], *told: object) -> Receipt:
    raise kind(*told)


def _do(
    kit: Kit, tenant: str, job: Job, send: Callable[[], Receipt] | None = None
) -> tuple[str, dict[str, Any]]:
    """Do one row's work outside any transaction of the core's; return how it went, and why.

    `send` does it, where the row was read ahead.
    """
    try:
        receipt = send() if send else _DOING[job.kind](kit, tenant, job)
    except NotWanted as gone:
        return "cancelled", {"error": str(gone)}
    except Held as held:
        return "held", {"until": held.until, "error": held.code}
    except Busy as busy:
        # What has waited long can wait a little longer, so that many rows are not looked at often.
        waited = round((kit.clock() - job.created_at).total_seconds()) // 10
        return "busy", {"seconds": max(busy.seconds, min(waited, LONGEST_BUSY))}
    except RetryLater as later:
        return "later", {"error": "retry_later", "seconds": _delay(later.seconds)}
    except Undeliverable as never:
        return "dead", {"error": as_code(never.code, "undeliverable")}
    except FAULTS as error:
        told, plugin = type(error).__name__, job.plugin or "-"
        log.warning("outbox row %s of plugin %s failed: %s", job.id, plugin, told)
        return "later", {"error": told}
    return "done", {"receipt": receipt}


def _note(
    kit: Kit, tenant: str, outcomes: Sequence[Outcome], report: dict[str, int],
    handed_back: Sequence[Job] = (),
) -> None:  # fmt: skip
    """Note how rows went, in one wait for the disk, count them, and hand others back untried."""

    done = [job for job, how, _ in outcomes if how == "done"]
    told = {job.id: why["receipt"] for job, how, why in outcomes if how == "done"}
    receipts = {id: one for id, one in told.items() if isinstance(one, Receipt)}

    def write(tx: Transaction) -> list[str]:
        noting: dict[str, Callable[..., bool]] = {
            "later": tx.outbox.retry,
            "dead": tx.outbox.park,
            "cancelled": tx.outbox.cancel,
        }
        tx.outbox.hand_back((one, one.not_before, None) for one in handed_back)
        busy = (
            (one, tx.outbox.in_(why["seconds"], one), None)
            for one, how, why in outcomes
            if how == "busy"
        )
        held = ((one, why["until"], why["error"]) for one, how, why in outcomes if how == "held")
        ours = [how for one, how, why in outcomes if how in noting and noting[how](one, **why)]
        ours += ["later"] * tx.outbox.hand_back([*busy, *held])
        return ours + ["done"] * tx.outbox.finish_all(done, receipts)

    for how in kit.write(tenant, write) if outcomes or handed_back else ():
        report[how] += 1


def _note_one(
    kit: Kit, tenant: str, job: Job, report: dict[str, int], outcome: tuple[str, dict[str, Any]]
) -> None:
    """Note how a row went that was left behind."""
    _note(kit, tenant, [(job, *outcome)], report)


def _delay(seconds: Any) -> int | None:
    """Return the delay that a plugin asked for, within bounds; None for what is no number."""
    try:
        return min(max(0, int(seconds)), LONGEST_DELAY)
    except (TypeError, ValueError, OverflowError):
        return None


def _ask(kit: Kit, tenant: str, job: Job) -> Receipt | None:
    """Have the program's vendor get ready, and tell the person where to answer."""
    link = feedback.invite(kit, tenant=tenant, job=job, asking=crew_of(kit).asking)
    return None if link is None else _send(kit, tenant, job, link)


def _react(kit: Kit, tenant: str, job: Job) -> None:
    if not job.plugin:  # the core's own: what this fact leads to being asked
        feedback.after(kit, tenant=tenant, sequence=job.sequence or 0)
        return
    reaction = kit.registry.reactions.get(f"{job.plugin}.{job.name}")
    if reaction is None:
        raise RetryLater(f"plugin {job.plugin} is not loaded", seconds=3600)
    with kit.transaction(tenant=tenant, write=False) as tx:
        event = tx.journal.event(job.sequence or 0)
        program = tx.programs.first(id=event.program_id) if event.program_id else None
        settings = chosen(tx, program, job.plugin) if program else Frozen()
        if settings is None:
            raise NotWanted("plugin_disabled")
    context = kit.work_context(tenant, program, job.plugin, settings=settings)
    with crew_of(kit).asking(f"reaction {job.plugin}.{job.name}"):
        reaction.handle(context, event)


def _send(kit: Kit, tenant: str, job: Job, link: str = "") -> Receipt:
    if job.sequence is None and not job.body.get("nudge"):
        return _send_link(kit, tenant, job)
    return _hand_over(kit, *_worded(kit, tenant, job, link))


def _worded(kit: Kit, tenant: str, job: Job, link: str = "") -> Worded:
    """Return a promised message in words, and by what it may go; `NotWanted` if it must not."""
    found = _in_words(kit, tenant, job, link)
    joined = digest.gather(kit, tenant, job)
    return found if len(joined.body.get("parts", ())) < 2 else _in_words(kit, tenant, joined, link)


def _in_words(kit: Kit, tenant: str, job: Job, link: str) -> Worded:
    own = nudge.own_of(kit, tenant, job) if job.body.get("nudge") else {}
    with kit.transaction(tenant=tenant, write=False) as tx:
        nudged = job.body.get("nudge")
        # Of what goes together each is asked by itself.
        alone = len(job.body.get("parts", ())) < 2
        if nudged and alone and nudged not in kit.registry.nudges:
            raise RetryLater(f"plugin {job.plugin} is not loaded", seconds=3600)
        event = None if nudged else tx.journal.event(job.sequence or 0)
        person = tx.people.first(id=job.recipient_id)
        program = tx.programs.first(id=event.program_id if event else job.program_id)
        if person is None or program is None or not person.name:
            raise NotWanted("erased")
        participant = tx.participants.first(program_id=program.id, person_id=person.id)
        agreed = participant.consented_at is not None if participant else False
        asked = agreed if participant else person.id in program.staff
        joins = job.name in say.APPLIED or joining(job.body.get("about", ()))
        if not asked and not joins:
            raise NotWanted("no_consent")
        if nudged and alone and chosen(tx, program, job.plugin) is None:
            raise NotWanted("plugin_disabled")
        contacts = tx.contacts.find(person_id=person.id)
        gone: Collection[tuple[str, str]] = ()
        if person.user_ref is not None and kit.people is not None:
            gone = tx.outbox.gone(person.id, tx.now - deliveries.GONE)
        if event is None:
            message = digest.message(kit, tx, job, person, program, own)
        elif job.name == announcements.NAME:
            message = announcements.message(kit, tx, job, event, person, participant, program)
        else:
            message = say.message(kit, tx, job, event, person, participant, program, link)
        ensure_welcome(tx, job, person, participant, program)
        if participant and is_unasked(job) and not job.body.get("staff"):
            message = silence.with_way_out(kit, message, participant)
        touch = participant.touch if participant else ""
        first = targets_of(tx, program)[0].level(touch).channel if touch else ""
        first = job.body.get("channel") or first
        return _ways(kit, tx, program), message, person, contacts, first, gone


def _ways(kit: Kit, tx: Transaction, program: Program) -> Ways:
    """Return by what the messages of a program may go."""
    known = {} if tx.known is None else tx.known
    key = ("ways", program.id)
    if key not in known:
        known[key] = []
        for name, channel in kit.registry.channels.items():
            plugin = kit.registry.owner("channels", name).name
            settings = chosen(tx, program, plugin)
            if settings is not None:
                context = kit.work_context(tx.tenant, program, plugin, settings=settings)
                known[key].append((plugin, channel, context))
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
    return _hand_over(kit, channels, message, person, contacts, "")


def _hand_over(
    kit: Kit, channels: Ways, message: Message, person: Person, contacts: Sequence[Contact],
    first: str, gone: Collection[tuple[str, str]] = (),
) -> Receipt:  # fmt: skip
    """Give a message to the first channel that reaches the person and takes it.

    `first` is the one that is asked before all others. What the host knows of the person counts
    too. Where a channel has found nobody (that, or `gone`), it is not asked for again.
    """
    contacts = [*contacts, *_host_contacts(kit, message.tenant, person)]
    refused: BaseException | None = None
    failed: BaseException | None = None
    order = sorted(channels, key=lambda one: (one[1].name != first, one[1].fallback))
    for plugin, channel, context in order:
        there = [
            one for one in contacts
            if channel.name not in one.bounced and (channel.name, deliveries.named(one)) not in gone
        ]  # fmt: skip
        try:
            if not channel.can_reach(context, person, there):
                continue
        except FAULTS as error:
            # It has sent nothing yet, so the next channel may: one broken plugin silences nobody.
            log.warning("a channel of plugin %s failed: %s", plugin, type(error).__name__)
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
        if not isinstance(receipt, Receipt):
            # It may have sent the message, so nobody is asked again before it is mended.
            log.error("a channel of plugin %s returns no Receipt", plugin)
            raise Undeliverable("channel.no_receipt")
        return deliveries.taken(channel, receipt, there)
    raise failed or refused or Undeliverable("no_channel")


def _review(kit: Kit, tenant: str, job: Job) -> None:
    """Have a text looked at that whoever wrote it could not: it was in somebody's transaction."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        written = tx.journal.event(job.sequence or 0)
    with crew_of(kit).asking("content checks"):
        contents.review(kit, tenant=tenant, contents=[written.subject_id])


_DOING: Mapping[str, Callable[..., object]] = {
    "message": _send,
    "reaction": _react,
    "review": _review,
    "survey": _ask,
    choices.NEXT: choices.follow,
    pools.FORGET: pools.forget,
    features.KIND: features.compute,
    hear.REPLY: hear.follow,
    deliveries.REPORT: deliveries.follow,
}
"""What is done with a row of each kind."""
KINDS = tuple(_DOING)


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
