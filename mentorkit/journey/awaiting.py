"""Awaiting: what else people are prompted about than an answer, a meeting or a milestone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mentorkit.domain.milestones import Meeting, Span, asked_minutes, month_of
from mentorkit.domain.nudges import Awaited
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Relationship
from mentorkit.domain.text import in_locale
from mentorkit.i18n import format_minutes, format_month
from mentorkit.journey.definitions import targets_for

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

DAY = timedelta(days=1)
SHORT: Mapping[str, str] = {
    "en": "{month}: {held} of {asked}",
    "es": "{month}: {held} de {asked}",
    "fr": "{month} : {held} sur {asked}",
}
"""How much of the time that is asked of a month two have spent together."""


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
    held: dict[str, list[Meeting]] = defaultdict(list)
    if begins:
        about = {"relationship_id": [one.id for one in running], "state": "held"}
        for meeting in tx.meetings.since(min(begins), **about):
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


def told(one: Awaited, locale: str) -> str:
    """Return what there is to say of a thing awaited, in the reader's language; "" for most."""
    if one.kind == "hours":
        values = {
            "month": format_month(date.fromisoformat(f"{one.detail}-01"), locale),
            "held": format_minutes(one.minutes, locale),
            "asked": format_minutes(one.asked, locale),
        }
        return in_locale(SHORT, locale).format(**values)
    return ""
