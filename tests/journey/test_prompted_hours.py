"""Hours: who has met in a month, but for too little time, is told so once for that month."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.journey import accept, foresee, match, meet, plugins
from mentorkit.worker import work
from tests.journey.test_nudges import told
from tests.journey.test_worker import Post, plugin

WORD = "too_few_hours"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def world(create_world: Any, create_kit: Any, post: Post, clock: Any) -> SimpleNamespace:
    """Ana and Cleo, connected on 1 May 2028 at noon; `checkins` reminds of hours alone."""
    clock.forward(seconds=(datetime(2028, 5, 1, 12, tzinfo=UTC) - clock()).total_seconds())
    kit = create_kit(plugins=("matching", plugin(post), "checkins"))
    made: SimpleNamespace = create_world(kit=kit)
    two = {"mentee": made.ids["ana"], "mentor": made.ids["cleo"]}
    asked = match.propose(kit, **made.at, **two)["id"]
    held = accept.accept(kit, **made.at, proposal=asked)["relationship"]["id"]
    made.held = {**made.at, "relationship": held}
    change(made, hours=True)
    return made


def change(world: SimpleNamespace, **settings: Any) -> None:
    alone = {"milestones": False, "first_meeting_days": 0, "quiet_days": 0, "silent_days": 0,
             **settings}  # fmt: skip
    at = {**world.at, "program": "traders", "plugin": "checkins"}
    plugins.change(world.kit, **at, settings=alone)


def on(world: SimpleNamespace, clock: Any, month: int, day: int) -> None:
    """Let it be noon of this day of 2028, and the worker work."""
    clock.forward(seconds=(datetime(2028, month, day, 12, tzinfo=UTC) - clock()).total_seconds())
    work(world.kit)


def test_both_are_told_once_for_a_month_when_its_grace_is_over(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    on(world, clock, 6, 10)
    meet.log(world.kit, **world.held, minutes=30)
    on(world, clock, 6, 12)
    meet.log(world.kit, **world.held, minutes=45)
    on(world, clock, 7, 7)
    assert told(post, WORD) == [], "the grace of a week is not over"
    on(world, clock, 7, 8)
    asked = told(post, WORD)
    assert {one.person_id for one in asked} == {world.persons["ana"], world.persons["cleo"]}
    assert all("\nJune 2028: 1 hour, 15 minutes of 2 hours\n" in one.body for one in asked)
    for day in range(9, 31):
        on(world, clock, 7, day)
    assert len(told(post, WORD)) == 2


def test_each_month_that_is_short_is_told_of(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    for month in (6, 7):
        on(world, clock, month, 20)
        meet.log(world.kit, **world.held, minutes=60)
        on(world, clock, month + 1, 8)
    assert len(told(post, WORD)) == 4


def test_a_meeting_that_is_noted_meanwhile_is_enough(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    on(world, clock, 6, 10)
    meet.log(world.kit, **world.held, minutes=60)
    on(world, clock, 7, 3)
    late = datetime(2028, 6, 28, 12, tzinfo=UTC)
    meet.log(world.kit, **world.held, minutes=60, held_at=late)
    on(world, clock, 7, 9)
    assert told(post, WORD) == []


def test_who_has_not_met_is_new_or_takes_a_break_is_left_in_peace(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    on(world, clock, 6, 8)
    assert told(post, WORD) == [], "none in May: they are asked to meet, not to meet more"
    on(world, clock, 6, 20)
    two = {"mentee": world.ids["ben"], "mentor": world.ids["dora"]}
    asked = match.propose(world.kit, **world.at, **two)["id"]
    new = accept.accept(world.kit, **world.at, proposal=asked)["relationship"]["id"]
    for relationship in (world.held["relationship"], new):
        meet.log(world.kit, **{**world.held, "relationship": relationship}, minutes=15)
    meet.pause(world.kit, **world.held)
    for day in range(1, 20):
        on(world, clock, 7, day)
    assert told(post, WORD) == []


def test_a_break_lowers_what_is_asked(world: SimpleNamespace, post: Post, clock: Any) -> None:
    on(world, clock, 6, 1)
    meet.log(world.kit, **world.held, minutes=60)
    meet.pause(world.kit, **world.held)
    on(world, clock, 6, 20)
    meet.resume(world.kit, **world.held)
    on(world, clock, 7, 8)
    assert told(post, WORD) == []


def test_it_is_foreseen_while_the_month_runs(world: SimpleNamespace, clock: Any) -> None:
    on(world, clock, 6, 12)
    meet.log(world.kit, **world.held, minutes=60)
    rows = foresee.foresee(world.kit, **world.at, program="traders", days=60)
    assert {(row["name"], row["template"]) for row in rows} == {("Ana", WORD), ("Cleo", WORD)}
    (at,) = {datetime.fromisoformat(row["at"]) for row in rows}
    assert datetime(2028, 7, 8, tzinfo=UTC) <= at < datetime(2028, 7, 9, tzinfo=UTC)


def test_a_program_switches_it_off(world: SimpleNamespace, post: Post, clock: Any) -> None:
    change(world, hours=False)
    on(world, clock, 6, 12)
    meet.log(world.kit, **world.held, minutes=60)
    on(world, clock, 7, 8)
    assert told(post, WORD) == []


def test_the_month_is_that_of_the_programs_zone(
    create_world: Any, create_kit: Any, post: Post, clock: Any
) -> None:
    clock.forward(seconds=(datetime(2028, 5, 1, 12, tzinfo=UTC) - clock()).total_seconds())
    kit = create_kit(plugins=("matching", plugin(post), "checkins"))
    world: SimpleNamespace = create_world(kit=kit, zone="Asia/Tokyo")
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    asked = match.propose(kit, **world.at, **two)["id"]
    held = accept.accept(kit, **world.at, proposal=asked)["relationship"]["id"]
    on(world, clock, 7, 2)
    at = datetime(2028, 6, 30, 15, 30, tzinfo=UTC)  # half past midnight of July in Tokyo
    meet.log(kit, **world.at, relationship=held, minutes=60, held_at=at)
    on(world, clock, 7, 9)
    assert told(post, WORD) == []
    on(world, clock, 8, 8)
    clock.forward(hours=12)  # morning in Tokyo
    work(kit)
    assert "July 2028: 1 hour of 2 hours" in told(post, WORD)[0].body
