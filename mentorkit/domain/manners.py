"""Manners: at which hours, and how often, people are written to who have not asked for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mentorkit.domain import reading
from mentorkit.domain.reading import Check

WEEK = timedelta(days=7)
MORNING = 8
"""The hour at which one message tells of all, where there are no quiet hours that end then."""
DIGESTS = ("off", "daily", "weekly")
SOON = timedelta(hours=1)
"""After which it is looked again whether those who were to go first have gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """When a program leaves people in peace.

    From the hour `quiet_from` to the hour `quiet_until` of the reader's own clock nothing is
    prompted (both the same: at no hour), and no more than `prompts_a_week` in any seven days (0:
    any number). With a `digest`, what is due for one person goes as one message: ``daily`` in the
    morning, when the quiet hours end, or ``weekly`` on Monday morning.
    """

    quiet_from: int = 21
    quiet_until: int = 8
    prompts_a_week: int = 3
    digest: str = "off"

    def together_at(self, due: datetime, zone: ZoneInfo) -> datetime:
        """Return when the message goes that tells of what is due then; at once without digests."""
        if self.digest == "off":
            return due
        hour = self.quiet_until if self.quiet_from != self.quiet_until else MORNING
        day = due.astimezone(zone).date()
        days = [day + timedelta(days=ahead) for ahead in range(9)]
        mornings = [
            datetime.combine(one, time(hour), zone).astimezone(due.tzinfo)
            for one in days
            if self.digest == "daily" or one.weekday() == 0
        ]
        return next(one for one in mornings if one >= due)

    def quiet_end(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the quiet hours end in which this moment is; None where it is in none.

        By the clock on the wall: the night in which it is put forward is an hour shorter. An end
        that the clock leaps over comes with the leap.
        """
        local, start, end = at.astimezone(zone), self.quiet_from, self.quiet_until
        hour = local.hour
        quiet = start <= hour < end if start <= end else hour >= start or hour < end
        if not quiet:
            return None
        day = local.date() + timedelta(days=hour >= end)
        return datetime.combine(day, time(end), zone).astimezone(at.tzinfo)

    def wait(
        self, at: datetime, zone: ZoneInfo, sent: Collection[datetime] | None, ahead: int = 0,
        *, joined: bool = False, last: datetime | None = None,
    ) -> tuple[datetime, str] | None:  # fmt: skip
        """Return until when a prompt waits that is due `at`, and why; None if it may go.

        `sent` is when others went to the same person (None: they are not counted), `ahead` how
        many wait that are to go first. Why is ``quiet`` or ``capped``. What is `joined` with others
        waits for room until a morning, unless that is after its `last` moment.
        """
        if until := self.quiet_end(at, zone):
            return until, "quiet"
        if sent is None or not self.prompts_a_week:
            return None
        week = sorted(one for one in sent if one > at - WEEK)
        room = self.prompts_a_week - len(week)
        if room > ahead:
            return None
        free = week[-self.prompts_a_week] + WEEK if room <= 0 else at + SOON
        morning = self.together_at(free, zone) if joined and room <= 0 else free
        free = morning if last is None or morning <= last else free
        return self.quiet_end(free, zone) or free, "capped"


def manners_of(body: Mapping[str, Any]) -> Manners:
    """Return what is kept of a program's manners; what it does not say is as usual."""
    return Manners(**body)


def same_cause(one: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether all that one prompt is about was told by others."""
    mine = set(one)
    return bool(mine) and mine <= set(others)


_HOUR = reading.whole(0, 23)
_MANNERS: Mapping[str, Check] = {
    "quiet_from": _HOUR,
    "quiet_until": _HOUR,
    "prompts_a_week": reading.whole(0, 100),
    "digest": reading.one_of(DIGESTS),
}
read_manners = reading.section(_MANNERS, "manners have")
