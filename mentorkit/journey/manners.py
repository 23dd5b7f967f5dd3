"""Manners: what nobody has asked for waits for its hour, comes seldom, and once for one cause.

Decided here for every prompt, whichever plugin made it, when it is about to be sent. What somebody
has just done is answered at once, and what is about safety is never held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit.domain.manners import SOON, WEEK, Manners, manners_of, same_cause
from mentorkit.domain.participants import Part
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.i18n import clock_in
from mentorkit.journey.awaiting import joining
from mentorkit.journey.definitions import in_force
from mentorkit.journey.say import NotWanted
from mentorkit.journey.steps import reading
from mentorkit.store.outbox import BUSY

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

SURVEY = "survey_asked"
"""The one message of the core's own that nobody has asked for: a plan says when it is due."""
ANNOUNCED = "announcement"
"""What staff send to many: it keeps the quiet hours, and they decide how often."""
TURN = timedelta(minutes=5)
"""After which it is looked again whether the first of some that go together has gone."""
DAY = timedelta(days=1)
"""For which whoever was prompted about something is not prompted about it again."""


WAITING = (None, "quiet", "capped", "same_cause", "digest")
"""Why a prompt waits that nothing has gone wrong with, besides what waits for somebody slow."""


class Held(Exception):
    """The message waits `until` then, untried; `code` is quiet, capped, same_cause or digest."""

    def __init__(self, until: datetime, code: str) -> None:
        super().__init__(code)
        self.until, self.code = until, code


def is_prompt(job: Job) -> bool:
    """Return whether a promised message is one that nobody has asked for."""
    return bool(job.body.get("nudge")) or job.name == SURVEY


def is_unasked(job: Job) -> bool:
    """Return whether nobody has asked for it: a prompt, or what staff announce."""
    return is_prompt(job) or job.name == ANNOUNCED


def is_joined(job: Job) -> bool:
    """Return whether it may go in one message with others: a prompt of a nudge, not to staff.

    What somebody needs to join is asked of them alone: they may not have agreed to anything yet.
    """
    prompt = bool(job.body.get("nudge")) and not job.body.get("staff")
    return prompt and not joining(job.body["about"])


def show(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return the manners of a program as they are in force, and the `number` of their version."""
    with reading(kit, tenant, actor, program) as (tx, found):
        return {**asdict(manners_in(tx, found)), "number": in_force(tx, found, "manners")[1]}


def manners_in(tx: Transaction, program: Program) -> Manners:
    """Return the manners of a program that are in force."""
    return in_force(tx, program, "manners")[0].once(manners_of)


def zone_of(person: Person, program: Program) -> ZoneInfo:
    """Return the zone of somebody's own clock, else of the program's."""
    return ZoneInfo(clock_in(person.zone, program.zone))


def ensure_welcome(
    tx: Transaction, job: Job, person: Person, mine: Part | None, program: Program
) -> None:
    """Raise `Held` where what is unasked is to wait, `NotWanted` where it would come too late then.

    `NotWanted` also for whoever wants none (`mine` is their part in the program). All of a tenant's
    programs count together for one person; what staff are told as staff does not.
    """
    if mine is not None and mine.silent_since and not job.body.get("staff"):
        raise NotWanted("silenced")
    manners, zone = manners_in(tx, program), zone_of(person, program)
    if job.name == ANNOUNCED:
        if wait := manners.wait(tx.now, zone, None, 0):
            _hold(job, *wait)
        return
    since = min(tx.now - WEEK, _moment(job.body.get("at")) or tx.now)
    others = [one for one in tx.outbox.lately(person.id, since) if one.id != job.id]
    joined = manners.digest != "off" and is_joined(job)
    beside = [one for one in others if joined and _beside(one, job)]
    if told := _told(job, [one for one in others if one not in beside], tx.now):
        _hold(job, told, "same_cause")
    if joined and "parts" not in job.body:  # else it has taken them up already, to go now
        _ensure_first(job, [o for o in beside if o.not_before <= tx.now], manners, zone, tx.now)
    prompts = [one for one in others if is_prompt(one) and not one.body.get("staff")]
    sent = [one.went_at for one in prompts if one.state == "done"]
    # Whichever goes takes up those beside it, so that they need no room of their own.
    alone = [one for one in prompts if one not in beside]
    ahead = sum(_counts(one, tx.now) and _rank(one) < _rank(job) for one in alone)
    counted = None if job.body.get("staff") or mine is None else sent
    last = _moment(job.body.get("until"))
    if wait := manners.wait(tx.now, zone, counted, ahead, joined=joined, last=last):
        _hold(job, *wait)


def _hold(job: Job, until: datetime, code: str) -> None:
    last = _moment(job.body.get("until"))
    if last is not None and until > last:
        raise NotWanted(code)
    raise Held(until, code)


def _told(job: Job, others: Sequence[Job], now: datetime) -> datetime | None:
    """Raise `NotWanted` where another prompt has just told the same person of all its causes.

    Returns when to look again, where another is about to.
    """
    causes = [key for _, _, key in job.body.get("about", ())]
    lately = [one for one in others if one.state in ("done", "leased")]
    for one in lately:
        new = one.went_at > now - DAY or one.body.get("at") == job.body.get("at")
        if new and same_cause(causes, (key for _, _, key in one.body.get("about", ()))):
            if one.state == "done":
                raise NotWanted("same_cause")
            if (one.not_before, one.id) < (job.not_before, job.id):
                return now + SOON
    return None


def _beside(one: Job, job: Job) -> bool:
    """Return whether this prompt may go in one message with that one, if it is not begun yet."""
    well = one.error in WAITING or (one.error or "").startswith(BUSY)
    waits = one.state == "leased" or (one.state == "waiting" and well)
    joined = one.program_id == job.program_id and is_joined(one) and "parts" not in one.body
    return waits and joined


def _ensure_first(
    job: Job, beside: Sequence[Job], manners: Manners, zone: ZoneInfo, now: datetime
) -> None:
    """Raise `Held` until the morning that tells of all, and for whoever is not the first then.

    The first takes up the others (`digest.gather`). What would be too late by then goes before.
    """

    def ready(one: Job) -> bool:
        due = max(_moment(one.body.get("at")) or one.created_at, one.created_at)
        at = manners.together_at(due, zone)
        return at <= now or at > (_moment(one.body.get("until")) or at)

    if not ready(job):
        due = max(_moment(job.body.get("at")) or job.created_at, job.created_at)
        raise Held(manners.together_at(due, zone), "digest")
    if any(ready(one) and _rank(one) < _rank(job) for one in beside):
        last = _moment(job.body.get("until"))
        raise Held(min(now + TURN, last or now + TURN), "digest")


def _counts(one: Job, now: datetime) -> bool:
    """Return whether a prompt that was not sent yet asks for room now."""
    waits = one.state == "waiting" and (one.not_before <= now or one.error == "capped")
    return waits or one.state == "leased"


def _rank(one: Job) -> tuple[str, str]:
    """Return what puts those first that have a last day soon."""
    return one.body.get("last") or "9", one.id


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
