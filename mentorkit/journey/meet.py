"""Meet: meetings and minutes, milestones, pauses, extensions, and the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit.domain import events
from mentorkit.domain.milestones import Meeting, Milestone, Span, asked_minutes, month_of, window
from mentorkit.domain.moves import PARTIES, Role
from mentorkit.domain.people import SYSTEM_ACTOR, Actor, Person
from mentorkit.domain.programs import MilestonePlan, Targets
from mentorkit.domain.relationships import HOLDING, TOGETHER, Relationship
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.definitions import targets_for
from mentorkit.journey.steps import (
    NEW,
    Step,
    as_party,
    atomic,
    fresh,
    party,
    person_of,
    persons_of,
    reading_own,
)
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

LONGEST = 24 * 60
STAFF_SIDE = "staff"
"""Under what the staff's own look back is kept, beside the ids of participants."""


class Met(Step):
    """A step about a relationship, with its program and people, read in one go."""

    def __init__(
        self, tx: Transaction, actor: Actor, relationship: str, speaking: str | None = None
    ) -> None:
        self.relationship = tx.relationships.get(relationship)
        self.program = tx.programs.get(self.relationship.program_id)
        self.here = here = self.relationship.here
        found = tx.participants.get_many(m.participant_id for m in here)
        self.people = [found[m.participant_id].person_id for m in here]
        # A circle has several mentees: each of them is a party on their own.
        parties = [(Role(m.role), found[m.participant_id].person_id) for m in here]
        role = party(tx, self.program, actor, parties, "relationship", speaking)
        super().__init__(tx, actor, role, self.program.id)

    def turn(self, to: str, fact: type[events.Event], reason: str, word: str) -> Relationship:
        """Move it, and tell the others in it with this message, which names no reason."""
        moved = self.relationship.move(to, by=self.role, at=self.tx.now, reason=reason)
        moved, event = self.save(self.tx.relationships, moved, fact, reason=reason)
        doing = person_of(self.tx, self.actor)
        tell(self.tx, event, word, [one for one in self.people if one != doing])
        return moved

    @property
    def own(self) -> list[str]:
        """The actor's own participant in it, where a party acts for themselves."""
        person = person_of(self.tx, self.actor) if self.role in PARTIES else None
        here = zip(self.here, self.people, strict=True)
        return [member.participant_id for member, holder in here if holder == person]

    def asked(self, milestone: Milestone) -> list[str]:
        """Return whom a milestone asks: participants who are in it, and ``staff``."""
        return asked_of(self.relationship, self.targets, milestone)

    @cached_property
    def targets(self) -> Targets:
        """What the relationship was begun under, on its level of touch."""
        return targets_for(self.tx, self.program)(self.relationship)


def relationships(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None
) -> list[dict[str, Any]]:
    """List a program's relationships with the names of those in them and the minutes so far.

    A participant gets those they are in, as `as_party` shows them, and as ended a circle that they
    have left.
    """
    with reading_own(kit, tenant, actor, program) as (tx, found, own):
        rows = tx.relationships.find(program_id=found.id)
        if own:
            rows = [theirs for row in rows if (theirs := seen_by(row, own))]
        rows = [row for row in rows if state in (None, row.state)]
        return told(tx, actor, own, rows)


def told(
    tx: Transaction, actor: Actor, own: set[str] | None, rows: Sequence[Relationship]
) -> list[dict[str, Any]]:
    """Return relationships as `relationships` lists them; `own` as `reading_own` gives it."""
    people = persons_of(tx, (m.participant_id for row in rows for m in row.members), own)
    me = person_of(tx, actor)
    # Why it ended may be the other's affair, also for staff who are in it.
    rows = [
        replace(row, reason=None)
        if any(people[m.participant_id].id == me for m in row.members)
        else row
        for row in rows
    ]
    minutes: Counter[str] = Counter()
    for meeting in tx.meetings.held(row.id for row in rows):
        minutes[meeting.relationship_id] += meeting.minutes
    return [
        {
            **(as_party(row) if own else as_row(row)),
            "members": [
                {
                    "participant": m.participant_id,
                    "role": m.role,
                    "name": people[m.participant_id].name,
                    "key": people[m.participant_id].external_key,
                    "left_at": shown(m.left_at),
                }
                for m in row.members
            ],
            "minutes": minutes[row.id],
        }
        for row in rows
    ]


def seen_by(row: Relationship, own: Collection[str]) -> Relationship | None:
    """Return a relationship as one of its own sees it: ended, and as it was, once they left it."""
    mine = next((m for m in row.members if m.participant_id in own), None)
    if mine is None or mine.left_at is None:
        return row if mine else None
    there = tuple(m for m in row.members if m.joined_at <= mine.left_at)
    return replace(row, state="ended", paused_at=None, ended_at=mine.left_at, members=there)


def show(kit: Kit, *, tenant: str, actor: Actor, relationship: str) -> dict[str, Any]:
    """Return one relationship to those in it and to staff: who, when, meetings and milestones.

    `paused_by` is the participant who takes the break that it is in; None where staff noted it.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        one = met.relationship
        own = set(met.own)
        people = persons_of(tx, (m.participant_id for m in one.members), own or None)
        held = tx.meetings.find(relationship_id=one.id)
        planned = tx.milestones.find(relationship_id=one.id)
        return {
            **met.row(one),
            "early": one.early,
            "paused_by": _paused_by(tx, one, people),
            "program": met.program.key,
            "program_name": shown(met.program.name),
            "members": [
                {
                    "participant": m.participant_id,
                    "role": m.role,
                    "name": people[m.participant_id].name,
                    "own": m.participant_id in own,
                    "left_at": shown(m.left_at),
                }
                for m in one.members
            ],
            "minutes": sum(meeting.minutes for meeting in held if meeting.state == "held"),
            "meetings": [met.row(m) for m in sorted(held, key=lambda m: m.held_at, reverse=True)],
            "milestones": [
                {**met.row(m), "awaited": [id for id in met.asked(m) if id not in m.answered]}
                for m in sorted(planned, key=lambda m: (m.opens_at, m.id))
                if not own or m.participant_id in own | {""}
            ],
        }


def _paused_by(tx: Transaction, one: Relationship, people: Mapping[str, Person]) -> str | None:
    told = tx.journal.about("relationship", one.id) if one.state == "paused" else []
    by = [event.actor_id for event in told if isinstance(event, events.RelationshipPaused)]
    return next((id for id, person in people.items() if person.id in by[-1:]), None)


@atomic
def log(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, minutes: int,
    held_at: datetime | str | None = None, attendees: Sequence[str] | None = None,
    id: str | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Log time spent together, in whole minutes; on this platform or any other.

    `held_at` is aware or ISO 8601 with an offset; default now. A meeting cannot be in the
    future, before the day on which the relationship began, or after the one on which it ended; one
    of these days counts as held while it ran. `attendees` are the participants who were there,
    default all who were in it then. The same `id` twice is a `Conflict`.
    """
    met = Met(tx, actor, relationship)
    at, one = _moment(held_at, tx.now), met.relationship
    edge = max(one.started_at, min(at, one.ended_at or at))
    if at <= tx.now and abs(at - edge) < timedelta(days=2):
        # The first day, or the last, may be that of the program, or that of whoever logs it.
        zones = (ZoneInfo(met.program.zone), at.tzinfo)
        days = [(at.astimezone(zone).date(), edge.astimezone(zone).date()) for zone in zones]
        at = edge if any(held == day for held, day in days) else at
    there = [
        m.participant_id
        for m in one.members
        if m.joined_at <= at and (m.left_at is None or at < m.left_at)
    ]
    came = tuple(there if attendees is None else dict.fromkeys(attendees))
    right = attendees is None or (len(came) > 1 and set(came) <= set(there))
    _check_meeting(one, minutes, at, tx.now, right)
    meeting = Meeting(
        **fresh(tx), relationship_id=relationship, held_at=at, minutes=minutes, attendees=came
    )
    meeting = replace(meeting, id=id or meeting.id)
    tx.meetings.add(meeting)
    how: dict[str, Any] = {"relationship_id": relationship, "minutes": minutes, "attendees": came}
    met.record(events.MeetingHeld, meeting.id, **how)
    return met.row(meeting)


def _moment(value: datetime | str | None, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value or now
    except ValueError:
        at = datetime(1, 1, 1)
    if at.tzinfo is None:
        told = Problem("held_at", "write date, time and offset, such as 2027-03-01T18:00+01:00")
        raise Invalid("meeting.time", "The time of the meeting cannot be read.", [told])
    return at


def _check_meeting(
    one: Relationship, minutes: int, at: datetime, now: datetime, right: bool
) -> None:
    problems = []
    if not right:
        told = "name two at least of those who were in it on that day"
        problems.append(Problem("attendees", told))
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= LONGEST:
        problems.append(Problem("minutes", f"write a whole number from 1 to {LONGEST}"))
    if at > now:
        problems.append(Problem("held_at", "lies in the future; log a meeting once it was held"))
    if at < one.started_at:
        problems.append(Problem("held_at", "lies before the day on which the two were connected"))
    if one.ended_at and at > one.ended_at:
        problems.append(Problem("held_at", "lies after the day on which the relationship ended"))
    if problems:
        raise Invalid("meeting.invalid", "This meeting cannot be logged:", problems)


def meetings(kit: Kit, *, tenant: str, actor: Actor, relationship: str) -> list[dict[str, Any]]:
    """List a relationship's meetings, those struck too, newest first."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        found = tx.meetings.find(relationship_id=relationship)
        newest = sorted(found, key=lambda one: (one.held_at, one.id), reverse=True)
        return [met.row(one) for one in newest]


@atomic
def strike(
    kit: Kit, *, tenant: str, actor: Actor, meeting: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Strike a meeting that was logged by mistake; it stays in the journal and counts no more."""
    one = tx.meetings.get(meeting)
    met = Met(tx, actor, one.relationship_id)
    return met.done(tx.meetings, one.move("struck", by=met.role), events.MeetingStruck)


def month(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, at: datetime | None = None
) -> dict[str, Any]:
    """Return minutes held and asked for in the calendar month of `at`, in the program's zone.

    The first and the last month are pro-rated, and so is one with a pause; a month counts as
    `short` once the grace days of the next one have passed.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        one = met.relationship
        targets = met.targets
        span = month_of(at or tx.now, met.program.zone)
        held = sum(
            meeting.minutes
            for meeting in tx.meetings.find(relationship_id=relationship, state="held")
            if span[0] <= meeting.held_at < span[1]
        )
        running = one.started_at, one.ended_at or one.ends_at
        asked = asked_minutes(targets.minutes_per_month, span, running, pauses(tx, one, span[1]))
        over = tx.now >= span[1] + timedelta(days=targets.grace_days)
        return {
            "relationship": relationship,
            "month": span[0].strftime("%Y-%m"),
            "held": held,
            "asked": asked,
            "short": over and held < asked,
        }


def pauses(tx: Transaction, one: Relationship, until: datetime) -> list[Span]:
    """Return from when to when it was paused; a pause that goes on, up to `until`."""
    return breaks_of(tx, [one], until)[one.id]


def breaks_of(
    tx: Transaction, those: Sequence[Relationship], until: datetime
) -> dict[str, list[Span]]:
    """Return from when to when each of these (id) was paused, as `pauses` does, all in one go."""
    # each break leaves its reason, so for most the journal need not be asked
    asked = [one.id for one in those if one.state != "active" or one.reason is not None]
    spans: dict[str, list[Span]] = {one.id: [] for one in those}
    since: dict[str, datetime] = {}
    for event in tx.journal.about("relationship", *asked):
        id = event.subject_id
        if isinstance(event, events.RelationshipPaused) and event.at:
            since[id] = event.at
        elif id in since and event.at and event.payload().get("state") is not None:
            spans[id].append((since.pop(id), event.at))
    for id, begun in since.items():
        spans[id].append((begun, max(begun, until)))
    return spans


@atomic
def pause(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, reason: str = "asked",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Pause a relationship, and tell the others; its places stay held, its milestones wait."""
    met = Met(tx, actor, relationship)
    return met.row(met.turn("paused", events.RelationshipPaused, reason, "relationship_paused"))


@atomic
def resume(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, reason: str = "back",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Go on after a pause; the end and what is still to come move by as long as it lasted.

    The others are told. What was due when it began stays open so much longer.
    """
    met = Met(tx, actor, relationship)
    moved = met.turn("active", events.RelationshipResumed, reason, "relationship_resumed")
    away = moved.ends_at - met.relationship.ends_at
    if away:
        waiting = tx.milestones.find(relationship_id=relationship, state=PENDING)
        tx.milestones.save_all(one.shifted(away) for one in waiting)
    return met.row(moved)


@atomic
def extend(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, days: int, tx: Transaction = NEW
) -> dict[str, Any]:
    """Move the end by this many days; fractions still to come are taken of the new length.

    Only staff do, also who are in it. A milestone that has fired is not fired again.
    """
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 3650:
        told = Problem("days", "write a whole number from 1 to 3650")
        raise Invalid("relationship.days", "The relationship cannot be extended so.", [told])
    met = Met(tx, actor, relationship, "coordinator")
    one = met.relationship
    if met.role in PARTIES:
        raise NotAllowed(
            "relationship.staff_extend", "Only staff extend a relationship; ask a coordinator."
        )
    if one.state not in HOLDING:
        raise Conflict("relationship.ended", "The relationship has ended; match them again.")
    longer = replace(one, ends_at=one.ends_at + timedelta(days=days))
    plans = [plan for plan in met.targets.milestones if plan.day is None]
    row = met.done(tx.relationships, longer, events.RelationshipExtended, days=days)
    _plan_again(tx, plans, longer, longer.ends_at)
    return row


def _plan_again(
    tx: Transaction, plans: Iterable[MilestonePlan], one: Relationship, ends: datetime
) -> None:
    """Move what is still to come of these plans to where it falls with this end."""
    known, started, moved = {plan.kind: plan for plan in plans}, one.started_at + _away(tx, one), []
    for milestone in tx.milestones.find(relationship_id=one.id, state="upcoming", kind=list(known)):
        opens, closes = window(known[milestone.kind], started, ends)
        moved.append(replace(milestone, opens_at=opens, closes_at=closes))
    tx.milestones.save_all(moved)


def _away(tx: Transaction, one: Relationship) -> timedelta:
    """Return how long it has been paused so far, which is what moved its end."""
    spans = pauses(tx, one, one.paused_at or tx.now)
    return sum((over - since for since, over in spans), timedelta(0))


@atomic
def end(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, reason: str = "completed",
    note: str = "", only: str | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """End a relationship; places are free again, and what was still to come is cancelled.

    A mentee of a circle, staff or not, ends their own part in it; for the others it goes on. So
    does one of its two mentors, or one of three peers or more, and so staff take out one of them
    with `only`, a participant id; with too few left it ends for all.
    `reason` is a code. A follow-up stays planned, so long after this end, when they have come to it
    together (completed, goal_reached); for any other reason it ends early: their hours count, each
    has a free place again, and the same people are not matched again.
    """
    met = Met(tx, actor, relationship, None if only is None else "coordinator")
    if only is not None and met.role in PARTIES:
        raise NotAllowed("relationship.staff_only", "Only staff take somebody else out.")
    alone = met.relationship.goes_on_without
    if only is not None and only not in met.relationship.mentees and not alone(only):
        raise Conflict("relationship.not_in_it", "That participant is no mentee in it now.")
    return met.row(part(met, met.own if only is None else [only], reason, note))


def part(met: Met, who: Iterable[str], reason: str, note: str = "") -> Relationship:
    """Take the first of `who` that may leave out of a circle or a ring, if that can go on.

    Otherwise it ends for all: a pair, and a circle without mentees or without a mentor.
    """
    tx, one = met.tx, met.relationship
    leaving = next((id for id in who if one.goes_on_without(id)), None)
    if leaving is None:
        return finish(met, reason, note)
    leads = leaving in one.mentors
    places = {leaving: len(one.mentees)} if leads else dict.fromkeys([leaving, *one.mentors], 1)
    used = _release(tx, one, places)
    latest = tx.relationships.get(one.id)  # others may have come or gone while we waited for it
    if latest.mentors == one.mentors and not leads and latest.goes_on_without(leaving):
        one = latest
    member = next(m for m in one.here if m.participant_id == leaving)
    tx.members.save(replace(member, left_at=tx.now))
    tx.relationships.save(one)  # as it is, so that it does not end, or lose another, meanwhile
    met.note("relationship", one.id, note)
    now = tx.relationships.get(one.id)
    members = tuple(m.participant_id for m in now.here)
    about: dict[str, Any] = {"participant_id": leaving, "left_reason": reason}
    event = met.record(events.MemberLeft, one.id, members=members, **about)
    met.record_all(met.fact(events.PlaceReleased, who, event, used=n) for who, n in used.items())
    own = tx.milestones.find(relationship_id=one.id, participant_id=leaving, state=PENDING)
    _cancel(met, own, event)
    if reason != "blocked":
        told = persons_of(tx, (m.participant_id for m in one.here))
        tell(tx, event, "circle_left", [told.pop(leaving).id])
        tell(tx, event, "member_left", [who.id for who in told.values()])
    return now


def _release(tx: Transaction, one: Relationship, places: dict[str, int]) -> dict[str, int]:
    """Give back this many places of each, before the relationship is saved; return those used.

    Who joins takes the places first as well: in another order the two would wait for each other.
    """
    used = {}
    try:
        for participant in sorted(places):
            for _ in range(places[participant]):
                used[participant] = tx.participants.release_place(participant)
    except Conflict:
        tx.relationships.save(one)  # stale, if it has ended meanwhile: this is what to tell then
        raise
    return used


def finish(met: Met, reason: str, note: str = "") -> Relationship:
    """End the relationship; the mentor of a circle holds a place for each mentee."""
    tx, one = met.tx, met.relationship
    moved = one.move("ended", by=met.role, at=tx.now, reason=reason)
    mentees = len(one.mentees)
    held = {m.participant_id: mentees if m.role == "mentor" else 1 for m in one.here}
    used = _release(tx, one, held)
    moved = replace(moved, note_id=met.note("relationship", one.id, note))
    saved, event = met.save(tx.relationships, moved, events.RelationshipEnded, reason=reason)
    freed = [met.fact(events.PlaceReleased, who, event, used=now) for who, now in used.items()]
    met.record_all(freed)
    after = [plan for plan in met.targets.milestones if plan.after_end is not None]
    kept = {plan.kind for plan in after if reason in TOGETHER}
    planned = tx.milestones.find(relationship_id=one.id, state=PENDING)
    _cancel(met, [milestone for milestone in planned if milestone.kind not in kept], event)
    _plan_again(tx, after, saved, tx.now)
    if reason != "blocked":
        early = "relationship_parted" if saved.early else "relationship_ended"
        tell(tx, event, early, met.people)
    return saved


PENDING = ("upcoming", "due")


def _cancel(met: Met, gone: Sequence[Milestone], cause: events.Event) -> None:
    met.tx.milestones.save_all(one.move("cancelled", by=met.role) for one in gone)
    met.record_all(met.fact(events.MilestoneCancelled, one.id, cause) for one in gone)


def milestones(kit: Kit, *, tenant: str, actor: Actor, relationship: str) -> list[dict[str, Any]]:
    """List a relationship's milestones in the order of their dates."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        found = tx.milestones.find(relationship_id=relationship)
        mine = [one for one in found if not met.own or one.participant_id in ("", *met.own)]
        return [met.row(one) for one in sorted(mine, key=lambda one: (one.opens_at, one.id))]


@atomic
def reach(
    kit: Kit, *, tenant: str, actor: Actor, milestone: str, on_behalf_of: str | None = None,
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Look back at a milestone that is due, or was missed; done when all have whom it asks.

    A participant does for themselves. Staff do for one whom it asks, `on_behalf_of` a participant
    (id) or their own side (``staff``); without it for all who are still awaited. `note` is theirs.
    """
    one = tx.milestones.get(milestone)
    speaking = "coordinator" if on_behalf_of else None
    met = Met(tx, actor, one.relationship_id, speaking)
    asked = met.asked(one)
    mine: Sequence[str] = met.own or ([on_behalf_of] if on_behalf_of else asked)
    if not set(mine) <= {*asked, *met.own} or (on_behalf_of and met.role in PARTIES):
        raise Conflict("milestone.not_asked", "This milestone does not ask them.")
    met.note("milestone", milestone, note)
    return met.row(look_back(met, one, mine, asked))


def look_back(
    step: Step, one: Milestone, mine: Iterable[str], asked: Iterable[str],
    cause: events.Event | None = None,
) -> Milestone:  # fmt: skip
    """Note that these have looked back; it is done once all who are `asked` have.

    Raises `Conflict` for one that is not due, also where others are still awaited.
    """
    answered = tuple(dict.fromkeys((*one.answered, *mine)))
    looked = replace(one, answered=answered)
    fact: type[events.Event] = events.MilestoneDone
    done = looked.move("done", by=step.role)
    if not set(asked) <= set(answered):
        done, fact = looked, events.MilestoneAnswered
    return step.save(step.tx.milestones, done, fact, cause=cause, answered=answered)[0]


def asked_of(one: Relationship, targets: Targets, milestone: Milestone) -> list[str]:
    """Return whom a milestone of this relationship asks: participants in it, and ``staff``."""
    usual = MilestonePlan(kind=milestone.kind)
    plan = next((plan for plan in targets.milestones if plan.kind == milestone.kind), usual)
    sides = {*plan.asks, *({"peer"} if {"mentee", "mentor"} & set(plan.asks) else ())}
    parties = [
        m.participant_id
        for m in one.here
        # Who joined later has days of their own, in a milestone that asks them alone.
        if m.role in sides
        and milestone.participant_id
        == (m.participant_id if one.late(m) and plan.day is not None else "")
    ]
    return [*parties, *([STAFF_SIDE] if STAFF_SIDE in plan.asks else [])]


@atomic
def turn(kit: Kit, *, tenant: str, limit: int = 500, tx: Transaction = NEW) -> int:
    """Turn milestones whose time has come, to due or missed; return how many. For the worker.

    One that is planned from the end waits for the end: while the relationship goes on, it moves.
    Nobody is told here: what is due is awaited of people, and nudges word and send that.
    """
    ripe = tx.milestones.ripe(tx.now, limit)
    held = tx.relationships.get_many(one.relationship_id for one in ripe)
    targets = cache(lambda id: targets_for(tx, tx.programs.get(id)))
    for one in ripe:
        relationship = held[one.relationship_id]
        step = Step(tx, SYSTEM_ACTOR, Role.SYSTEM, relationship.program_id)
        plans = targets(relationship.program_id)(relationship).milestones
        after = [plan for plan in plans if plan.kind == one.kind and plan.after_end is not None]
        if one.state == "upcoming" and after and relationship.state in HOLDING:
            # By a day at least, or it would be looked at again at once.
            _plan_again(tx, after, relationship, tx.now + timedelta(days=1))
        elif one.state == "upcoming":
            step.save(tx.milestones, one.move("due", by=Role.SYSTEM), events.MilestoneDue)
        else:
            step.save(tx.milestones, one.move("missed", by=Role.SYSTEM), events.MilestoneMissed)
    return len(ripe)
