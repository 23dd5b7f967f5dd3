"""Quiet hours and the cap, by clocks that are put forward and back, month ends and leap days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentorkit.domain.manners import WEEK, Manners
from mentorkit.domain.programs import read_preset

ZONES = (
    "Europe/Berlin", "America/New_York", "Africa/Nairobi", "Asia/Kolkata", "Australia/Lord_Howe",
    "America/Havana",
)  # fmt: skip
CHANGES = (
    datetime(2027, 3, 14, tzinfo=UTC), datetime(2027, 3, 28, tzinfo=UTC),
    datetime(2027, 4, 4, tzinfo=UTC), datetime(2027, 10, 3, tzinfo=UTC),
    datetime(2027, 10, 31, tzinfo=UTC), datetime(2027, 11, 7, tzinfo=UTC),
    datetime(2027, 12, 31, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC),
)  # fmt: skip
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize("hours", [(21, 8), (22, 2), (0, 3), (23, 1), (1, 5), (12, 14), (5, 4)])
@pytest.mark.parametrize("zone", ZONES)
def test_quiet_hours_end_at_the_first_moment_that_is_not_quiet(
    zone: str, hours: tuple[int, int]
) -> None:
    manners, clock = Manners(quiet_from=hours[0], quiet_until=hours[1]), ZoneInfo(zone)
    for change in CHANGES:
        for step in range(-96, 2 * 96):
            at = change + step * QUARTER
            end = manners.quiet_end(at, clock)
            hour = at.astimezone(clock).hour
            span = (hours[1] - hours[0]) % 24
            assert (end is not None) == ((hour - hours[0]) % 24 < span)
            if end is None:
                continue
            assert at < end <= at + timedelta(hours=24)
            assert manners.quiet_end(end, clock) is None
            one = at
            while one < end:
                assert manners.quiet_end(one, clock) is not None
                one += QUARTER


@pytest.mark.parametrize(
    ("zone", "at", "end"),
    [
        ("Europe/Berlin", "2027-03-27T22:00+00:00", "2027-03-28T06:00+00:00"),
        ("Europe/Berlin", "2027-10-30T22:00+00:00", "2027-10-31T07:00+00:00"),
        ("America/New_York", "2027-03-14T02:00+00:00", "2027-03-14T12:00+00:00"),
        ("America/New_York", "2027-11-07T02:00+00:00", "2027-11-07T13:00+00:00"),
        ("Africa/Nairobi", "2027-03-31T18:00+00:00", "2027-04-01T05:00+00:00"),
        ("Asia/Kolkata", "2028-02-28T16:00+00:00", "2028-02-29T02:30+00:00"),
        ("Asia/Kolkata", "2028-02-29T16:00+00:00", "2028-03-01T02:30+00:00"),
        ("Australia/Lord_Howe", "2027-04-03T12:00+00:00", "2027-04-03T21:30+00:00"),
        ("Australia/Lord_Howe", "2027-10-02T12:00+00:00", "2027-10-02T21:00+00:00"),
    ],
)
def test_eight_in_the_morning_is_eight_by_the_clock_on_the_wall(
    zone: str, at: str, end: str
) -> None:
    told = Manners().quiet_end(datetime.fromisoformat(at), ZoneInfo(zone))
    assert told == datetime.fromisoformat(end)


def test_the_same_hour_twice_is_no_quiet_hour_at_all() -> None:
    manners = Manners(quiet_from=8, quiet_until=8)
    for hour in range(24):
        at = datetime(2027, 3, 1, hour, tzinfo=UTC)
        assert manners.quiet_end(at, ZoneInfo("UTC")) is None


def test_a_fourth_prompt_waits_until_the_first_of_three_is_a_week_old() -> None:
    noon, utc = datetime(2028, 2, 29, 12, tzinfo=UTC), ZoneInfo("UTC")
    sent = [noon - timedelta(days=days) for days in (6, 3, 1)]
    assert Manners().wait(noon, utc, sent) == (sent[0] + WEEK, "capped")
    assert Manners().wait(sent[0] + WEEK, utc, sent) is None
    assert Manners(prompts_a_week=0).wait(noon, utc, sent) is None
    assert Manners().wait(noon, utc, None) is None, "who is not counted is not held"
    assert Manners().wait(noon, utc, sent[1:], ahead=1) == (
        noon + timedelta(hours=1), "capped",
    )  # fmt: skip
    late = datetime(2028, 2, 29, 20, 45, tzinfo=UTC)
    sent = [late - WEEK + timedelta(minutes=30)] * 3
    assert Manners().wait(late, utc, sent) == (datetime(2028, 3, 1, 8, tzinfo=UTC), "capped")


def test_what_is_wrong_with_manners_is_told_at_its_place() -> None:
    body = {"quiet_from": 24, "quiet_until": "8", "prompts_a_week": -1, "loud": True}
    _, problems = read_preset({"manners": body})
    assert {one.place for one in problems} == {
        "manners.quiet_from", "manners.quiet_until", "manners.prompts_a_week", "manners.loud",
    }  # fmt: skip


def test_what_goes_with_others_waits_for_room_until_a_morning_it_is_not_too_late_by() -> None:
    utc = ZoneInfo("UTC")
    monday = datetime(2026, 3, 2, 14, tzinfo=UTC)
    sent = [monday, monday + timedelta(days=1), monday + timedelta(days=2)]
    at, free = monday + timedelta(days=5), monday + WEEK
    for digest, morning in (
        ("daily", timedelta(hours=18)),
        ("weekly", timedelta(days=6, hours=18)),
    ):
        manners = Manners(digest=digest)
        assert manners.wait(at, utc, sent) == (free, "capped"), "it goes alone"
        assert manners.wait(at, utc, sent, joined=True) == (free + morning, "capped")
        early = free + timedelta(hours=2)
        assert manners.wait(at, utc, sent, joined=True, last=early) == (free, "capped")
        # There is room, but somebody is to go first: then it is looked again soon.
        soon = (at + timedelta(hours=1), "capped")
        assert manners.wait(at, utc, sent[1:], 1, joined=True) == soon
