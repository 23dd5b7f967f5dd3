"""When a search looks again, and for how long what it finds is worth telling."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY: Mapping[str, timedelta] = {
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=14),
}
"""How often somebody may hear, and for how long what was found then may still be sent."""
MORNING = time(6, 30)
"""When a search looks, on its reader's own clock: before quiet hours end, and what waits for that
goes together. At no full hour, so that a digest of the next morning is no later than the next look.
"""
LAST = 28
"""The last day of a month that each month has."""


def following(at: datetime, every: str, zone: str) -> datetime:
    """Return the next time after `at`: the morning one day, week or month later.

    A month later is the same day of the month, the 28th for those that not each month has.
    """
    day = at.astimezone(ZoneInfo(zone)).date()
    if every == "monthly":
        first = day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])
        day = first.replace(day=min(day.day, LAST))
    else:
        day += timedelta(days=7 if every == "weekly" else 1)
    return _morning(day, zone)


def latest(at: datetime, every: str, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """Return the newest time up to `now`, of those from `at` on, and the one after it."""
    then = following(at, every, zone)
    while then <= now:
        at, then = then, following(then, every, zone)
    return at, then


def _morning(day: date, zone: str) -> datetime:
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(UTC)


__all__ = ["EVERY", "following", "latest"]
