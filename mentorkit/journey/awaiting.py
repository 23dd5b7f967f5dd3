"""Awaiting: what else people are prompted about than an answer, a meeting or a milestone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from mentorkit.domain.milestones import Held, Span, asked_minutes, month_of, ran
from mentorkit.domain.moves import PARTIES, STAFF
from mentorkit.domain.nudges import Awaited
from mentorkit.domain.participants import Participant
from mentorkit.domain.programs import Program, Requirement
from mentorkit.domain.relationships import TOGETHER, Relationship
from mentorkit.domain.text import in_locale
from mentorkit.i18n import format_minutes, format_month, format_number
from mentorkit.journey.cohorts import over
from mentorkit.journey.definitions import consent_needed, requirements_of, targets_for
from mentorkit.journey.onboard import unanswered
from mentorkit.journey.requirements import answers, labelled

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

DAY = timedelta(days=1)
SHORT: Mapping[str, str] = {
    "en": "{month}: {held} of {asked}",
    "es": "{month}: {held} de {asked}",
    "fr": "{month} : {held} sur {asked}",
}
"""How much of the time that is asked of a month two have spent together."""

AGREE: Mapping[str, str] = {
    "en": "Your yes to what everybody here agrees to",
    "es": "Su sí a lo que aquí acuerdan todas las personas",
    "fr": "Votre accord à ce que chacun accepte ici",
}

TIME: Mapping[str, str] = {
    "en": "- Meetings: {meetings}\n- Time together: {time}",
    "es": "- Reuniones: {meetings}\n- Tiempo en común: {time}",
    "fr": "- Rencontres : {meetings}\n- Temps passé ensemble : {time}",
}
LATELY = timedelta(days=7)
"""For how long somebody is thanked for what they have done."""
SILENT = timedelta(days=14)
"""Nobody is called silent before."""
END = "end"
"""The kind of the milestone at the end."""


def hours(
    tx: Transaction, program: Program, running: Sequence[Relationship],
    breaks: Mapping[str, Sequence[Span]], people: Mapping[str, str], by: datetime | None,
) -> Iterator[Awaited]:  # fmt: skip
    """Yield those who have met in a month, but for less than is asked, once its grace is over.

    Until the next month is judged. Who did not meet at all is awaited to meet; who began less than
    a month before is left in peace.
    """
    targets, zone = targets_for(tx, program), ZoneInfo(program.zone)
    judged = {
        grace: list(_judged(program, timedelta(days=grace), tx.now, by or tx.now))
        for grace in {targets(one).grace_days for one in running}
    }
    begins = [month[0] for months in judged.values() for month in months]
    held: dict[str, list[Held]] = defaultdict(list)
    for meeting in tx.meetings.held((one.id for one in running), min(begins)) if begins else ():
        held[meeting.relationship_id].append(meeting)
    for one in running:
        grace = timedelta(days=targets(one).grace_days)
        for month in judged[grace.days]:
            met = [m.minutes for m in held[one.id] if month[0] <= m.held_at < month[1]]
            span = one.started_at, one.ends_at
            asked = asked_minutes(targets(one).minutes_per_month, month, span, breaks[one.id])
            since = month[1] + grace
            if not met or sum(met) >= asked or since - one.started_at < month[1] - month[0]:
                continue
            for member in one.here:
                yield Awaited(
                    kind="hours",
                    person_id=people[member.participant_id],
                    role=member.role,
                    noun="relationship",
                    subject_id=one.id,
                    since=since,
                    until=min(one.ends_at, _month(program, month[1])[1] + grace),
                    detail=f"{month[0].astimezone(zone):%Y-%m}",
                    minutes=sum(met),
                    asked=asked,
                )


def silent(
    tx: Transaction, program: Program, running: Sequence[Relationship],
    last: Mapping[str, datetime], breaks: Mapping[str, Sequence[Span]], people: Mapping[str, str],
    by: datetime | None,
) -> Iterator[Awaited]:  # fmt: skip
    """Yield the mentors of whom nothing was heard for long: to them, and to the coordinators.

    What counts is the `last` meeting, and all that they did themselves in it: a word to the others,
    a look back, a break. A break is no silence.
    """
    until = by or tx.now
    quiet = {
        one.id: one for one in running
        if one.mentors and until - last.get(one.id, one.started_at) >= SILENT
    }  # fmt: skip
    signs = tx.journal.heard(quiet)
    for one in quiet.values():
        inside = {people[member.participant_id] for member in one.here}
        staff = [id for id, role in program.staff.items() if role in STAFF and id not in inside]
        for mentor in (people[id] for id in one.mentors):
            heard = max(
                last.get(one.id, one.started_at), signs.get((one.id, mentor), one.started_at)
            )
            since = tx.now - ran((heard, tx.now), breaks[one.id])
            if until - since < SILENT:
                continue
            for person, role in [(mentor, "mentor"), *((id, "coordinator") for id in staff)]:
                yield Awaited(
                    kind="silent",
                    person_id=person,
                    role=role,
                    noun="relationship",
                    subject_id=one.id,
                    since=since,
                    until=one.ends_at,
                )


def profiles(tx: Transaction, program: Program, ids: Collection[str] | None) -> Iterator[Awaited]:
    """Yield who has to do something themselves before anybody can be found for them.

    Those who were let in and are not active yet, and those who have applied and left something open
    that their program asks for. Who came in a file and never agreed to anything is written nothing.
    """
    if program.state != "open":
        return
    narrowed = {} if ids is None else {"id": list(ids)}
    states, gone = ("lead", "waiting", "approved"), over(tx, program)
    rows = tx.participants.find(program_id=program.id, state=states, **narrowed)
    required = requirements_of(tx, program)
    asked = [
        one for one in rows
        if one.cohort not in gone
        and (one.state == "approved" or (one.consented_at and _unanswered(required, one)))
    ]  # fmt: skip
    names = ("LeadReceived", "ParticipantApproved", "ParticipantReadmitted", "ConsentWithdrawn")
    facts: dict[str, list[Any]] = defaultdict(list)
    for fact in tx.journal.newest("participant", [one.id for one in asked], *names):
        facts[fact.subject_id].append(fact)
    for one in asked:
        told = facts[one.id]
        applied = any(fact.name == "LeadReceived" and fact.role in PARTIES for fact in told)
        withdrew = any(fact.name == "ConsentWithdrawn" for fact in told)
        if one.consented_at is None and (withdrew or not applied):
            continue
        yield Awaited(
            kind="profile",
            person_id=one.person_id,
            role="mentee" if one.plays("mentee") else "mentor",
            noun="participant",
            subject_id=one.id,
            since=max((fact.at for fact in told), default=one.created_at),
            detail=one.state,
        )


def reached(tx: Transaction, program: Program, ids: Collection[str] | None) -> Iterator[Awaited]:
    """Yield whom to thank for a milestone that was done lately; nobody who has not met."""
    narrowed = {} if ids is None else {"id": list(ids)}
    done = tx.milestones.closing(tx.now - LATELY, state="done", **narrowed)
    at: dict[str, datetime] = {}
    for fact in tx.journal.newest("milestone", [one.id for one in done], "MilestoneDone"):
        at[fact.subject_id] = max(fact.at, at.get(fact.subject_id, fact.at))
    # Of some nobody has noted when.
    lately = [one for one in done if one.id in at and at[one.id] + LATELY > tx.now]
    held = _thanked(tx, program, tx.relationships.get_many(one.relationship_id for one in lately))
    for one in lately:
        if one.relationship_id not in held:
            continue
        about = ("milestone", one.id, one.kind, at[one.id])
        yield from _praised(tx, held[one.relationship_id], about, one.participant_id)


def ended(tx: Transaction, program: Program, ids: Collection[str] | None) -> Iterator[Awaited]:
    """Yield whom to thank for the whole way, unless the milestone at its end was done."""
    narrowed: dict[str, Any] = {} if ids is None else {"id": list(ids)}
    narrowed |= {"program_id": program.id, "state": "ended", "reason": list(TOGETHER)}
    lately = {one.id: one for one in tx.relationships.ended(tx.now - LATELY, **narrowed)}
    done = tx.milestones.find(relationship_id=list(lately), kind=END, state="done")
    for one in done:
        lately.pop(one.relationship_id, None)
    for id, met in _thanked(tx, program, lately).items():
        yield from _praised(tx, met, ("relationship", id, END, met.one.ended_at or tx.now))


class _Time(NamedTuple):
    """A relationship, and how many meetings and minutes those in it have met."""

    one: Relationship
    people: Mapping[str, str]
    meetings: int
    minutes: int


def _thanked(
    tx: Transaction, program: Program, held: Mapping[str, Relationship]
) -> dict[str, _Time]:
    """Return those (by id) of the program that have met and did not part, with their time."""
    fit = [one for one in held.values() if one.program_id == program.id and not one.parted]
    met: dict[str, list[int]] = defaultdict(list)
    for meeting in tx.meetings.held(one.id for one in fit):
        met[meeting.relationship_id].append(meeting.minutes)
    there = [m.participant_id for one in fit for m in one.here]
    people = tx.participants.pick("person_id", id=there)
    return {one.id: _Time(one, people, len(met[one.id]), sum(met[one.id]))
            for one in fit if met[one.id]}  # fmt: skip


def _praised(
    tx: Transaction, met: _Time, about: tuple[str, str, str, datetime], only: str = ""
) -> Iterator[Awaited]:
    noun, id, kind, at = about
    for member in met.one.here if at + LATELY > tx.now else ():
        if only in ("", member.participant_id):
            yield Awaited(
                kind="reached",
                person_id=met.people[member.participant_id],
                role=member.role,
                noun=noun,
                subject_id=id,
                since=at,
                until=at + LATELY,
                detail=kind,
                meetings=met.meetings,
                minutes=met.minutes,
            )


def joining(about: Iterable[Sequence[str]]) -> bool:
    """Return whether a prompt is about nothing but joining, for which nobody need have agreed."""
    return {noun for noun, *_ in about} == {"participant"}


def _unanswered(required: Iterable[Requirement], one: Participant) -> list[dict[str, Any]]:
    return [each for each in answers(required, one) if each["reason"] == "unanswered"]


def _left(tx: Transaction, program: Program, one: Participant) -> list[Mapping[str, str]]:
    """Return, by language, what somebody has left open who asks to join, or is to begin."""
    if one.state != "approved":
        given = _unanswered(requirements_of(tx, program), one)
        return [each["text"] for each in labelled(tx, program, given)]
    agreed = one.consented_at and (one.consent_version or 0) >= consent_needed(tx, program)
    asked: list[Mapping[str, str]] = [each.label for each in unanswered(tx, program, one)]
    return asked if agreed else [AGREE, *asked]


def _month(program: Program, at: datetime) -> Span:
    """Return the month of `at` in the program's zone, as times of UTC."""
    begins, ends = month_of(at, program.zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def _judged(program: Program, grace: timedelta, now: datetime, until: datetime) -> Iterator[Span]:
    """Yield the newest month whose grace is over now, and those of which it will be until then."""
    month = _month(program, _month(program, now - grace)[0] - DAY)
    while month[1] + grace <= until:
        yield month
        month = _month(program, month[1])


def told(tx: Transaction, program: Program, one: Awaited, locale: str) -> str | None:
    """Return what a message says of a thing awaited, in words; None where it names who is in it."""
    if one.kind == "profile":
        left = _left(tx, program, tx.participants.get(one.subject_id))
        words = [in_locale(each, locale) for each in left]
        return "\n".join(f"- {each}" for each in words if each)
    if one.kind == "reached":
        time = {"meetings": format_number(one.meetings, locale),
                "time": format_minutes(one.minutes, locale)}  # fmt: skip
        return in_locale(TIME, locale).format(**time)
    if one.kind == "hours":
        values = {
            "month": format_month(date.fromisoformat(f"{one.detail}-01"), locale),
            "held": format_minutes(one.minutes, locale),
            "asked": format_minutes(one.asked, locale),
        }
        return in_locale(SHORT, locale).format(**values)
    return None
