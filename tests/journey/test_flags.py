"""Which relationships staff should look at, and why: two hours a month, quiet ones, dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentorkit.journey import accept, flags, match, meet


@pytest.fixture
def connected(world: Any, clock: Any) -> Any:
    """Ana and Cleo, connected on the first of February 2027."""
    clock.now = datetime(2027, 2, 1, tzinfo=UTC)
    asked = match.propose(world.kit, **world.at, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.held = accept.accept(world.kit, **world.at, proposal=asked["id"])["relationship"]["id"]
    return world


def reasons(world: Any) -> list[dict[str, Any]]:
    listed = flags.flags(world.kit, **world.at, program="traders")
    assert all(one["names"] == ["Ana", "Cleo"] for one in listed)
    return [reason for one in listed for reason in one["reasons"]]


def log(world: Any, clock: Any, minutes: int, at: datetime) -> None:
    clock.now = at
    meet.log(world.kit, **world.at, relationship=world.held, minutes=minutes)


@pytest.mark.parametrize(("minutes", "flagged"), [(119, True), (120, False), (121, False)])
def test_f5_less_than_two_hours_in_a_month_is_flagged(
    connected: Any, clock: Any, minutes: int, flagged: bool
) -> None:
    log(connected, clock, minutes, datetime(2027, 2, 28, 23, tzinfo=UTC))
    clock.now = datetime(2027, 3, 8, tzinfo=UTC)  # the seven days of grace are over
    assert [one["code"] for one in reasons(connected)] == (["short"] if flagged else [])
    if flagged:
        (told,) = reasons(connected)
        assert (told["month"], told["held"], told["asked"]) == ("2027-02", 119, 120)


def test_f5_nothing_is_flagged_before_the_grace_is_over(connected: Any, clock: Any) -> None:
    log(connected, clock, 30, datetime(2027, 2, 25, tzinfo=UTC))
    clock.now = datetime(2027, 3, 7, 23, tzinfo=UTC)
    assert reasons(connected) == []


def test_f5_a_month_in_which_all_was_paused_asks_for_nothing(connected: Any, clock: Any) -> None:
    log(connected, clock, 120, datetime(2027, 2, 27, tzinfo=UTC))
    clock.now = datetime(2027, 2, 28, tzinfo=UTC)
    meet.pause(connected.kit, **connected.at, relationship=connected.held)
    clock.now = datetime(2027, 4, 2, tzinfo=UTC)
    meet.resume(connected.kit, **connected.at, relationship=connected.held)
    log(connected, clock, 60, datetime(2027, 4, 3, tzinfo=UTC))
    clock.now = datetime(2027, 4, 20, tzinfo=UTC)
    assert [one["code"] for one in reasons(connected)] == []


def test_two_who_have_not_met_for_a_month_have_gone_quiet(connected: Any, clock: Any) -> None:
    log(connected, clock, 120, datetime(2027, 2, 1, tzinfo=UTC))
    clock.now = datetime(2027, 3, 2, tzinfo=UTC)
    assert reasons(connected) == []
    clock.now = datetime(2027, 3, 3, tzinfo=UTC)
    (told,) = reasons(connected)
    assert (told["code"], told["since"]) == ("quiet", "2027-02-01T00:00:00+00:00")


def rest(world: Any, clock: Any, begin: datetime, over: datetime) -> None:
    clock.now = begin
    meet.pause(world.kit, **world.at, relationship=world.held)
    clock.now = over
    meet.resume(world.kit, **world.at, relationship=world.held)


def codes(world: Any, *known: str) -> list[str]:
    return [one["code"] for one in reasons(world) if one["code"] in known]


@pytest.mark.parametrize("met", [True, False])
def test_a_break_is_no_silence(connected: Any, clock: Any, met: bool) -> None:
    begun = clock.now
    first, days = ("quiet", 30) if met else ("never_met", 14)
    if met:
        log(connected, clock, 120, begun)
    rest(connected, clock, begun + timedelta(days=5), begun + timedelta(days=75))
    assert codes(connected, "quiet", "dormant", "never_met") == []
    rest(connected, clock, begun + timedelta(days=80), begun + timedelta(days=90))
    clock.now = begun + timedelta(days=80 + days, seconds=-1)  # eighty days of breaks
    assert codes(connected, "quiet", "dormant", "never_met") == []
    clock.now = begun + timedelta(days=80 + days)
    assert codes(connected, "quiet", "dormant", "never_met") == [first]
    if met:
        clock.now = begun + timedelta(days=80 + 60)
        assert codes(connected, "quiet", "dormant", "never_met") == ["dormant"]


def test_of_a_break_in_which_they_met_only_what_came_after_is_no_silence(
    connected: Any, clock: Any
) -> None:
    begun = clock.now
    clock.now = begun + timedelta(days=5)
    meet.pause(connected.kit, **connected.at, relationship=connected.held)
    log(connected, clock, 120, begun + timedelta(days=20))
    clock.now = begun + timedelta(days=30)
    meet.resume(connected.kit, **connected.at, relationship=connected.held)
    clock.now = begun + timedelta(days=30 + 29)
    assert codes(connected, "quiet") == []
    clock.now = begun + timedelta(days=30 + 30)
    assert codes(connected, "quiet") == ["quiet"]


def test_a_missed_milestone_and_an_end_that_has_passed_are_flagged(
    connected: Any, clock: Any
) -> None:
    for _ in range(60):
        clock.now += timedelta(days=7)
        meet.turn(connected.kit, tenant="acme")
    codes = {one["code"] for one in reasons(connected)}
    assert {"missed", "over", "never_met"} <= codes
    kinds = {one["kind"] for one in reasons(connected) if one["code"] == "missed"}
    assert {"check", "two_thirds"} <= kinds


def test_what_is_paused_or_ended_is_not_looked_at(connected: Any, clock: Any) -> None:
    clock.now = datetime(2027, 4, 1, tzinfo=UTC)
    meet.pause(connected.kit, **connected.at, relationship=connected.held)
    assert reasons(connected) == []
    meet.end(connected.kit, **connected.at, relationship=connected.held)
    assert reasons(connected) == []
