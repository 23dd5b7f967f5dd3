"""Work: one bounded batch of what was promised, and of what has come due."""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message, Receipt, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.errors import MentorKitError
from mentorkit.journey import accept, choices, contents, feedback, hear, meet, nudge, reach, say
from mentorkit.journey.definitions import targets_of
from mentorkit.journey.say import NotWanted
from mentorkit.journey.steps import chosen
from mentorkit.store.outbox import LEASE

if TYPE_CHECKING:
    from mentorkit.hooks.context import WorkContext
    from mentorkit.hooks.providers import Channel
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

Outcome = tuple["Job", str, Mapping[str, Any]]
"""A row, how it went, and what is noted about that."""
log = logging.getLogger("mentorkit.worker")
FORM = "form"
"""The kind of row that a form holds while it is done, and after; when it was made is in its key."""
OPEN = 24 * 3600
"""Seconds for which such a row is kept: longer than a form may stay open before it is sent."""
LONGEST_DELAY = 30 * 24 * 3600
"""Seconds that a plugin may ask for at most before it is asked again."""
_CODE = re.compile(r"[a-z0-9_.]{1,100}")
RENEWED = LEASE / 3
"""How often the lease of the row in work is renewed."""
RENEWALS = 36
"""How many times at most; who hangs for longer than an hour loses it to another worker."""
REPORTED = ("turned", "expired", "nudged", "done", "later", "dead", "cancelled", "failed")
HELD = timedelta(seconds=5)
"""After which a worker notes what it has done, and begins no more of the rows it has claimed."""


def work(kit: Kit, *, limit: int = 100, seconds: float = 30.0) -> dict[str, int]:
    """Do one bounded batch for every tenant; return what was done, in rows.

    These are: turned and expired (what had come due), nudged (prompts that this, or else what is
    awaited, was promised for), and of what was promised: done, later (to be
    tried again), dead (given up), cancelled (no longer wanted). After `seconds` nothing more is
    begun; the tenants take turns at being first. `failed` counts the tenants where something broke
    off: the log says why, and the rest of their work goes on, as does that of others.

    At least once: an effect may be repeated after a crash between the channel's yes and our own
    note of it, always under the same key. While a row is slow, what was done before it is noted,
    and its own lease is renewed, for an hour at most, so that nobody else does it meanwhile.
    """
    report = dict.fromkeys(REPORTED, 0)
    until = time.monotonic() + seconds
    tenants = kit.tenants()
    for tenant in random.sample(tenants, len(tenants)):
        if time.monotonic() >= until:
            break
        report["failed"] += _batch(kit, tenant, limit, until, report)
    return report


def _batch(kit: Kit, tenant: str, limit: int, until: float, report: dict[str, int]) -> bool:
    """Do one tenant's batch, count in `report` what was done; return whether some of it broke off.

    Each part fails alone: what was promised is done, whatever came before.
    """

    def count(name: str, part: Callable[..., int], **given: Any) -> None:
        report[name] += part(kit, tenant=tenant, **given)

    failed = False
    for part in (
        partial(count, "turned", meet.turn, limit=limit),
        partial(count, "turned", feedback.turn, limit=limit),
        partial(count, "done", feedback.collect),
        partial(count, "expired", accept.expire, limit=limit),
        partial(count, "nudged", nudge.nudge, limit=limit, until=until),
        partial(_drain, kit, tenant, limit, until, report),
    ):
        try:
            part()
        except (Exception, SystemExit) as error:
            failed, ours = True, isinstance(error, MentorKitError)
            log.error("The work of tenant %s broke off: %s", tenant, error, exc_info=not ours)
    return failed


def _drain(kit: Kit, tenant: str, limit: int, until: float, report: dict[str, int]) -> None:
    """Do what was promised and is due."""
    left = limit
    while left > 0 and time.monotonic() < until:
        jobs = _claim(kit, tenant, min(left, 20))
        if not jobs:
            break
        begun, waiting = kit.clock(), jobs.copy()
        outcomes: list[Outcome] = []
        note = partial(_note, kit, tenant, outcomes, report, waiting)
        while waiting:
            job = waiting.pop(0)
            if outcomes and job.name == "proposal_declined":
                note()  # it asks whether the offer of that proposal was sent
            outcomes.append((job, *_do(kit, tenant, job, note)))
            left -= 1
            if time.monotonic() >= until or kit.clock() - begun >= HELD:
                break
        note(hand_back=True)


def _claim(kit: Kit, tenant: str, limit: int) -> list[Job]:
    """Take what is due, and drop the forms that are too old to be sent again."""

    def take(tx: Transaction) -> list[Job]:
        tx.outbox.drop(FORM, f"{FORM}:", f"{FORM}:{int(time.time()) - OPEN}")
        return tx.outbox.claim(limit)

    return kit.write(tenant, take)


def _do(kit: Kit, tenant: str, job: Job, note: Callable[..., bool]) -> tuple[str, dict[str, Any]]:
    """Do one row's work outside any transaction of the core's; return how it went, and why."""
    try:
        with _renewing(job, note):
            _DOING[job.kind](kit, tenant, job)
    except NotWanted as gone:
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


@contextmanager
def _renewing(job: Job, note: Callable[..., bool]) -> Iterator[None]:
    """Note what was done and renew this row's lease while the block runs, from a thread of its own.

    The rows that wait behind it are handed back, so that others may do them. A round that fails is
    logged, and the next one tries again; when the lease is lost it is over.
    """
    over = threading.Event()

    def run() -> None:
        pause = min(HELD, RENEWED)  # the first time sooner, as rows done before wait to be noted
        for _ in range(RENEWALS):
            if over.wait(pause.total_seconds()):
                return
            pause = RENEWED
            try:
                if not note(job=job, hand_back=True):
                    return
            except Exception as error:
                told = type(error).__name__
                log.warning("The lease of outbox row %s was not renewed: %s", job.id, told)

    renewing = threading.Thread(target=run, daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()


def _note(
    kit: Kit, tenant: str, outcomes: list[Outcome], report: dict[str, int], waiting: list[Job], *,
    job: Job | None = None, hand_back: bool = False,
) -> bool:  # fmt: skip
    """Note how rows went, in one wait for the disk, count them and take them off the list.

    Those `waiting` are handed back where it is said, and the lease of `job` is renewed: False when
    that was lost.
    """

    def write(tx: Transaction) -> tuple[list[str], bool]:
        noting: dict[str, Callable[..., bool]] = {
            "done": tx.outbox.finish,
            "later": tx.outbox.retry,
            "dead": tx.outbox.park,
            "cancelled": tx.outbox.cancel,
        }
        for one in waiting if hand_back else ():
            tx.outbox.release(one)
        ours = [how for one, how, why in outcomes if noting[how](one, **why)]
        return ours, job is None or tx.outbox.renew(job)

    ours, kept = kit.write(tenant, write)
    outcomes.clear()
    if hand_back:
        waiting.clear()
    for how in ours:
        report[how] += 1
    return kept


def _delay(seconds: Any) -> int | None:
    """Return the delay that a plugin asked for, within bounds; None for what is no number."""
    try:
        return min(max(0, int(seconds)), LONGEST_DELAY)
    except (TypeError, ValueError, OverflowError):
        return None


def _code(code: object) -> str:
    """Return a plugin's code as it was given, if it is one: codes are stored and shown."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "undeliverable"


def _ask(kit: Kit, tenant: str, job: Job) -> None:
    """Have the program's vendor get ready, and tell the person where to answer."""
    link = feedback.invite(kit, tenant=tenant, job=job)
    if link is not None:
        _send(kit, tenant, job, link)


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
    reaction.handle(kit.work_context(tenant, program, job.plugin, settings=settings), event)


def _send(kit: Kit, tenant: str, job: Job, link: str = "") -> None:
    if job.sequence is None and not job.body.get("nudge"):
        return _send_link(kit, tenant, job)
    with kit.transaction(tenant=tenant, write=False) as tx:
        nudged = job.body.get("nudge")
        if nudged and nudged not in kit.registry.nudges:
            raise RetryLater(f"plugin {job.plugin} is not loaded", seconds=3600)
        event = None if nudged else tx.journal.event(job.sequence or 0)
        person = tx.people.first(id=job.recipient_id)
        program = tx.programs.first(id=event.program_id if event else job.program_id)
        if person is None or program is None or not person.name:
            raise NotWanted("erased")
        participant = tx.participants.first(program_id=program.id, person_id=person.id)
        agreed = participant.consented_at is not None if participant else False
        asked = agreed if participant else person.id in program.staff
        if not asked and job.name not in say.APPLIED:
            raise NotWanted("no_consent")
        if nudged and chosen(tx, program, job.plugin) is None:
            raise NotWanted("plugin_disabled")
        contacts = tx.contacts.find(person_id=person.id)
        message = (
            say.message(kit, tx, job, event, person, participant, program, link)
            if event
            else nudge.message(kit, tx, job, person, program)
        )
        touch = participant.touch if participant else ""
        first = targets_of(tx, program)[0].level(touch).channel if touch else ""
        channels = []
        for name, channel in kit.registry.channels.items():
            plugin = kit.registry.owner("channels", name).name
            settings = chosen(tx, program, plugin)
            if settings is not None:
                context = kit.work_context(tenant, program, plugin, settings=settings)
                channels.append((plugin, channel, context))
    contacts = [*contacts, *_host_contacts(kit, tenant, person)]
    return _hand_over(channels, message, person, contacts, first)


def _send_link(kit: Kit, tenant: str, job: Job) -> None:
    """Send a link to one address; a channel that reaches everybody would show it elsewhere."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        message, person, contacts = reach.message(kit, tx, job)
        channels = []
        for name, channel in kit.registry.channels.items():
            plugin = kit.registry.owner("channels", name).name
            if not channel.fallback and reach.lets_in(tx, plugin, person.id):
                channels.append((plugin, channel, kit.work_context(tenant, None, plugin)))
    _hand_over(channels, message, person, contacts)


def _hand_over(
    channels: Sequence[tuple[str, Channel, WorkContext]], message: Message, person: Person,
    contacts: Sequence[Contact], first: str = "",
) -> None:  # fmt: skip
    """Give a message to the first channel that reaches the person and takes it.

    `first` is the one that is asked before all others.
    """
    refused = Undeliverable("no_channel")
    failed: BaseException | None = None
    order = sorted(channels, key=lambda one: (one[1].name != first, one[1].fallback))
    for plugin, channel, context in order:
        try:
            if not channel.can_reach(context, person, contacts):
                continue
        except (Exception, SystemExit) as error:
            # It has sent nothing yet, so the next channel may: one broken plugin silences nobody.
            log.warning("a channel of plugin %s failed: %s", plugin, type(error).__name__)
            failed = error
            continue
        try:
            receipt = channel.deliver(context, message, person, contacts)
        except Undeliverable as never:
            refused = never
            continue
        if not isinstance(receipt, Receipt):
            # It may have sent the message, so nobody is asked again before it is mended.
            log.error("a channel of plugin %s returns no Receipt", plugin)
            raise Undeliverable("channel.no_receipt")
        return
    raise failed or refused


def _review(kit: Kit, tenant: str, job: Job) -> None:
    """Have a text looked at that whoever wrote it could not: it was in somebody's transaction."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        written = tx.journal.event(job.sequence or 0)
    contents.review(kit, tenant=tenant, contents=[written.subject_id])


_DOING: Mapping[str, Callable[..., None]] = {
    "message": _send,
    "reaction": _react,
    "review": _review,
    "survey": _ask,
    choices.NEXT: choices.follow,
    hear.REPLY: hear.follow,
}
"""What is done with a row of each kind."""


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
