"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """What ``Kit(clock=...)`` takes: gives the same aware UTC time until it is moved."""

    def __init__(self, now: datetime | None = None) -> None:
        self.set(now or datetime(2026, 1, 5, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> datetime:
        """Make it this time; raises ValueError for one without a zone."""
        if now.tzinfo is None:
            raise ValueError("give a time with a zone, such as datetime(2026, 1, 5, tzinfo=UTC)")
        self._now = now.astimezone(UTC)
        return self._now

    def forward(self, **units: float) -> datetime:
        """Move on, by what a `timedelta` takes: ``clock.forward(weeks=6)``."""
        return self.set(self._now + timedelta(**units))
