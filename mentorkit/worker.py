"""Work: one bounded batch of what was promised, and of what has come due."""

from __future__ import annotations

import gc
import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mentorkit import sending
from mentorkit.crew import FAULTS, LIMIT, PATIENCE, RETURN, SHORT, Busy, Crew, crew_of
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import (
    Receipt,
    RetryLater,
    Undeliverable,
    as_code,
)
from mentorkit.errors import MentorKitError
from mentorkit.journey import (
    accept,
    choices,
    contents,
    deliveries,
    features,
    feedback,
    hear,
    meet,
    nudge,
    pools,
)
from mentorkit.journey.manners import Held
from mentorkit.journey.say import NotWanted
from mentorkit.journey.steps import chosen
from mentorkit.store.outbox import BUSY, in_order

if TYPE_CHECKING:
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
LONGEST_BUSY = 600
"""Seconds that a row waits at most for a provider that is down, before it is looked at again."""
REPORTED = ("turned", "expired", "nudged", "done", "later", "dead", "cancelled", "failed")
CLAIMED = 100
"""How many rows are claimed at once..."""
AHEAD = 4
"""...and how many times, at most, before the messages of all of them are read at once."""
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

    What a provider that answers has no place for is kept in hand and goes on when there is one, as
    long as `seconds` allow. Nobody waits for that: what comes due meanwhile is done within a second
    or two.
    """
    crew, report = crew_of(kit), dict.fromkeys(REPORTED, 0)
    begun = time.monotonic()
    until = begun + seconds

    def over() -> bool:
        stopped = stop is not None and stop.is_set()
        return stopped or crew.full or time.monotonic() >= until

    mine = limit if kinds is None or kinds else 0
    hands = {one: Hand(mine) for one in kit.tenants() if tenants is None or one in tenants}
    turn, all_had, failed = list(hands), begun, set[str]()
    try:
        try:
            while turn and not over():
                for tenant in random.sample(turn, len(turn)):
                    if over():
                        break
                    hand = hands[tenant]
                    if _batch(kit, tenant, hand, limit, until, over, report, kinds, due):
                        hand.left = 0
                        failed.add(tenant)
                if len(turn) == len(hands):
                    due, all_had = False, time.monotonic()
                turn = _next(crew, hands, all_had + PATIENCE, over)
        finally:
            _hand_back(kit, hands, report)
            report["failed"] = len(failed)
        crew.settle(wait, begun)
    finally:
        crew.rest()
    return report


class Hand:
    """What one tenant still has of a batch: how many rows may be claimed, and which are aside.

    A row is put aside, by the provider it is for, that had no place for it but may have soon.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        self.aside: dict[str, list[Job]] = {}

    def put_aside(self, provider: str, job: Job) -> bool:
        """Keep a row in hand; False where there are enough."""
        room = sum(map(len, self.aside.values())) < CLAIMED * AHEAD
        if room:
            self.aside.setdefault(provider, []).append(job)
        return room

    def may_go_on(self, crew: Crew) -> bool:
        """Whether there is room for some of those aside."""
        return any(map(crew.room, self.aside))

    def take(self, crew: Crew) -> list[Job]:
        """Return those for which there is room, in order, and let them go."""
        found: list[Job] = []
        for provider, jobs in list(self.aside.items()):
            many = crew.room(provider)
            found += jobs[:many]
            del jobs[:many]
            if not jobs:
                del self.aside[provider]
        return sorted(found, key=in_order)


def _next(
    crew: Crew, hands: Mapping[str, Hand], until: float, over: Callable[[], bool]
) -> list[str]:
    """Wait until some of what is aside may go on; return whose, all from `until` on.

    Nobody where nothing is aside: then there is nothing to wait for.
    """
    while any(hand.aside for hand in hands.values()) and not over():
        if time.monotonic() >= until:
            return list(hands)
        if found := [tenant for tenant, hand in hands.items() if hand.may_go_on(crew)]:
            return found
        time.sleep(RETURN.total_seconds())
    return []


def _hand_back(kit: Kit, hands: Mapping[str, Hand], report: dict[str, int]) -> None:
    """Hand back untried what is aside; where that breaks off, it is looked for as what was lost."""
    for tenant, hand in hands.items():
        rows = [job for jobs in hand.aside.values() for job in jobs]
        hand.aside.clear()
        try:
            _note(kit, tenant, (), report, rows)
        except FAULTS as error:
            log.error("%d rows of tenant %s were not handed back: %s", len(rows), tenant, error)


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
    kit: Kit, tenant: str, hand: Hand, limit: int, until: float, over: Callable[[], bool],
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
    for part in (*(parts if due else ()), partial(_drain, kit, tenant, hand, over, report, kinds)):
        try:
            part()
        except FAULTS as error:
            failed, ours = True, isinstance(error, MentorKitError)
            log.error("The work of tenant %s broke off: %s", tenant, error, exc_info=not ours)
    return failed


def _drain(
    kit: Kit, tenant: str, hand: Hand, over: Callable[[], bool], report: dict[str, int],
    kinds: Collection[str] | None = None,
) -> None:  # fmt: skip
    """Do what was promised and is due; as long as it goes quickly, of several claims together.

    What was put aside and has room goes first.
    """
    crew, claims = crew_of(kit), 1
    lost = True  # what was lost is looked for at first, one by one, until there is none
    while not over():
        started = time.monotonic()
        waiting = hand.take(crew) if hand.aside else []
        again = bool(waiting)
        if not again and hand.left > 0:
            waiting = _claims(kit, tenant, hand.left, claims, kinds, lost, over)
        if not waiting:
            break
        number, begun, until = len(waiting), kit.clock(), time.monotonic() + FRESH

        def enough(begun: datetime = begun) -> bool:
            return over() or kit.clock() - begun >= HELD

        try:
            ahead: dict[str, Callable[[], Receipt]] = {}
            with suppress(Exception):  # then each reads for itself, and says what is wrong
                ahead = sending.read_ahead(kit, tenant, waiting)
            while waiting:
                done = _do_some(kit, tenant, waiting, ahead, until, enough, report, hand)
                hand.left -= 0 if again else done
        finally:
            _note(kit, tenant, (), report, waiting)
        if again:
            continue
        lost = lost and number == 1
        pace = (time.monotonic() - started) / number
        claims = AHEAD if not lost and pace * CLAIMED * AHEAD < FRESH else 1


def _do_some(
    kit: Kit, tenant: str, waiting: list[Job], ahead: Mapping[str, Callable[[], Receipt]],
    until: float, enough: Callable[[], bool], report: dict[str, int], hand: Hand,
) -> int:  # fmt: skip
    """Do the first rows, as many as one claim has, and note how they went; return how many.

    They are taken off what is `waiting`; so are all others, which are handed back untried, once it
    is enough. `ahead` is what sends those that were read ahead, and holds `until` then.
    """
    outcomes, done, ends, begun = list[Outcome](), 0, False, set[str]()
    try:
        while waiting and done < CLAIMED and not ends:
            if outcomes and waiting[0].name == sending.ASKS:
                _note(kit, tenant, outcomes, report)
                outcomes = []
            fresh, here = ahead if time.monotonic() < until else {}, waiting[: CLAIMED - done]
            asking = (at for at, job in enumerate(here) if at and job.name == sending.ASKS)
            rows = [
                Row(kit, tenant, job, report, begun, fresh.get(job.id))
                for job in here[: next(asking, None)]
            ]
            found, many = crew_of(kit).do_all(rows, enough, SHORT)
            outcomes += [one for one in found if not _is_aside(hand, *one)]
            del waiting[:many]
            done, ends = done + many, enough()
    except BaseException:  # this thread was stopped: what was begun is never handed back untried
        waiting[:] = [one for one in waiting if one.id not in begun]
        _note(kit, tenant, outcomes, report)
        raise
    _note(kit, tenant, outcomes, report, waiting if ends else ())
    if ends:
        waiting.clear()
    return done


def _is_aside(hand: Hand, job: Job, how: str, why: Mapping[str, Any]) -> bool:
    """Put a row aside that may go on soon; return whether it is."""
    return how == "busy" and why["soon"] and hand.put_aside(why["provider"], job)


def _claims(
    kit: Kit, tenant: str, left: int, most: int, kinds: Collection[str] | None, lost: bool,
    over: Callable[[], bool],
) -> list[Job]:  # fmt: skip
    """Claim up to so many times, `left` rows at most; return all that was, in order."""
    found: list[Job] = []
    for turn in range(most):
        room = min(CLAIMED, left - len(found))
        if room <= 0 or (turn and over()):
            break
        try:
            claimed = _claim(kit, tenant, room, kinds, lost)
        except FAULTS:
            if not found:
                raise
            break  # what was claimed is done; whatever is wrong shows at the next
        found += claimed
        if len(claimed) < CLAIMED:
            break
    return sorted(found, key=in_order)


def _claim(
    kit: Kit, tenant: str, limit: int, kinds: Collection[str] | None, first: bool
) -> list[Job]:
    """Take what is due; at `first` also what was lost, and drop forms too old to be sent again."""

    def take(tx: Transaction) -> list[Job]:
        if first:
            tx.outbox.drop(FORM, f"{FORM}:", f"{FORM}:{int(time.time()) - OPEN}")
        return tx.outbox.claim(limit, kinds=kinds, lost=first)

    return kit.write(tenant, take)


class Row(NamedTuple):
    """One row in the crew's hands; `send` does it, where it was read ahead.

    It is in `begun` from when it may have an effect.
    """

    kit: Kit
    tenant: str
    job: Job
    report: dict[str, int]
    begun: set[str]
    send: Callable[[], Receipt] | None = None

    @property
    def key(self) -> str:
        return f"outbox row {self.job.id}"

    def call(self) -> Outcome:
        """Do its work outside any transaction of the core's; return how it went, and why."""
        kit, job = self.kit, self.job
        if job.leased_until and kit.clock() >= job.leased_until:
            return job, "lost", {}  # this process stood still: another has it, or will
        self.begun.add(job.id)
        try:
            receipt = self.send() if self.send else _DOING[job.kind](kit, self.tenant, job)
        except NotWanted as gone:
            return job, "cancelled", {"error": str(gone)}
        except Held as held:
            return job, "held", {"until": held.until, "error": held.code}
        except Busy as busy:
            # What has waited long can wait a little longer: many rows are not looked at often.
            waited = round((kit.clock() - job.created_at).total_seconds()) // 10
            seconds = min(max(busy.seconds, waited), LONGEST_BUSY)
            return job, "busy", {"seconds": seconds, "provider": busy.name, "soon": busy.soon}
        except RetryLater as later:
            return job, "later", {"error": "retry_later", "seconds": _delay(later.seconds)}
        except Undeliverable as never:
            return job, "dead", {"error": as_code(never.code, "undeliverable")}
        except BaseException as error:  # no Ctrl-C comes to this thread, but a plugin's own may
            told, plugin = type(error).__name__, job.plugin or "-"
            log.warning("outbox row %s of plugin %s failed: %s", job.id, plugin, told)
            return job, "later", {"error": told}
        return job, "done", {"receipt": receipt}

    def late(self, outcome: Outcome) -> None:
        """Note how it went that was left behind."""
        _note(self.kit, self.tenant, [outcome], self.report)

    def keep(self) -> bool:
        """Keep it where it takes long; False when its lease was lost."""
        return self.kit.write(self.tenant, lambda tx: tx.outbox.renew(self.job))


def _note(
    kit: Kit, tenant: str, outcomes: Sequence[Outcome], report: dict[str, int],
    handed_back: Sequence[Job] = (),
) -> None:  # fmt: skip
    """Note how rows went, in one wait for the disk, count them, and hand others back untried."""

    done: list[Job] = []
    receipts: dict[str, Receipt] = {}
    for job, how, why in outcomes:
        if how == "done":
            done.append(job)
            if isinstance(why["receipt"], Receipt):
                receipts[job.id] = why["receipt"]

    def write(tx: Transaction) -> list[str]:
        noting: dict[str, Callable[..., bool]] = {
            "later": tx.outbox.retry,
            "dead": tx.outbox.park,
            "cancelled": tx.outbox.cancel,
        }
        tx.outbox.hand_back((one, one.not_before, None) for one in handed_back)
        busy = (
            (one, tx.now + timedelta(seconds=why["seconds"]), f"{BUSY} {why['provider']}")
            for one, how, why in outcomes
            if how == "busy"
        )
        held = ((one, why["until"], why["error"]) for one, how, why in outcomes if how == "held")
        ours = [how for one, how, why in outcomes if how in noting and noting[how](one, **why)]
        ours += ["later"] * tx.outbox.hand_back([*busy, *held])
        return ours + ["done"] * tx.outbox.finish_all(done, receipts)

    for how in kit.write(tenant, write) if outcomes or handed_back else ():
        report[how] += 1


def _delay(seconds: Any) -> int | None:
    """Return the delay that a plugin asked for, within bounds; None for what is no number."""
    try:
        return min(max(0, int(seconds)), LONGEST_DELAY)
    except (TypeError, ValueError, OverflowError):
        return None


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


def _review(kit: Kit, tenant: str, job: Job) -> None:
    """Have a text looked at that whoever wrote it could not: it was in somebody's transaction."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        written = tx.journal.event(job.sequence or 0)
    with crew_of(kit).asking("content checks"):
        contents.review(kit, tenant=tenant, contents=[written.subject_id])


_DOING: Mapping[str, Callable[..., object]] = {
    "message": sending.send,
    "reaction": _react,
    "review": _review,
    "survey": sending.ask,
    choices.NEXT: choices.follow,
    pools.FORGET: pools.forget,
    features.KIND: features.compute,
    hear.REPLY: hear.follow,
    deliveries.REPORT: deliveries.follow,
}
"""What is done with a row of each kind."""
KINDS = tuple(_DOING)
