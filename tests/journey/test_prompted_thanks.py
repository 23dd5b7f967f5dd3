"""Thanks: two who have come to a milestone, or to the end, are thanked once, with their time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.journey import accept, match, meet, plugins
from mentorkit.worker import work
from tests.journey.test_nudges import told
from tests.journey.test_worker import Post, plugin

WORDS = ("thanks", "half_way", "come_to_the_end")


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def world(create_world: Any, create_kit: Any, post: Post) -> SimpleNamespace:
    """Ana and Cleo, connected and met for an hour and a half; `checkins` thanks alone."""
    kit = create_kit(plugins=("matching", plugin(post), "checkins"))
    made: SimpleNamespace = create_world(kit=kit)
    two = {"mentee": made.ids["ana"], "mentor": made.ids["cleo"]}
    asked = match.propose(kit, **made.at, **two)["id"]
    held = accept.accept(kit, **made.at, proposal=asked)["relationship"]["id"]
    made.held = {**made.at, "relationship": held}
    change(made)
    meet.log(kit, **made.held, minutes=90)
    return made


def change(world: SimpleNamespace, **settings: Any) -> None:
    alone = {"milestones": False, "first_meeting_days": 0, "quiet_days": 0, "hours": False}
    at = {**world.at, "program": "traders", "plugin": "checkins"}
    plugins.change(world.kit, **at, settings={**alone, **settings})


def come_to(world: SimpleNamespace, clock: Any, kind: str) -> str:
    """Let the days pass until a milestone is due; return its id."""
    for _ in range(60):
        meet.turn(world.kit, tenant="acme")
        for one in meet.milestones(world.kit, **world.held):
            if (one["kind"], one["state"]) == (kind, "due"):
                return str(one["id"])
        clock.forward(days=7)
    raise AssertionError(f"{kind} never came")


def sent(post: Post) -> list[tuple[str, str]]:
    return [(one.template, one.person_id) for word in WORDS for one in told(post, word)]


@pytest.mark.parametrize(
    ("kind", "word"),
    [("check", "thanks"), ("mid_point", "half_way"), ("two_thirds", "thanks"),
     ("end", "come_to_the_end")],
)  # fmt: skip
def test_both_are_thanked_once_when_a_milestone_is_done(
    world: SimpleNamespace, post: Post, clock: Any, kind: str, word: str
) -> None:
    due = come_to(world, clock, kind)
    work(world.kit)
    assert sent(post) == [], "it is due, and nobody has looked back"
    meet.reach(world.kit, **world.at, milestone=due)
    clock.forward(days=1)
    work(world.kit)
    work(world.kit)
    both = {(word, world.persons["ana"]), (word, world.persons["cleo"])}
    assert set(sent(post)) == both
    (ana,) = [one for one in told(post, word) if one.person_id == world.persons["ana"]]
    assert "Cleo" in ana.body
    assert "- Meetings: 1\n- Time together: 1 hour, 30 minutes\n" in f"{ana.body}\n"
    clock.forward(days=3)
    work(world.kit)
    assert len(sent(post)) == 2


def test_what_was_done_long_ago_is_not_praised_now(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    change(world, thanks=False)
    due = come_to(world, clock, "mid_point")
    meet.reach(world.kit, **world.at, milestone=due)
    work(world.kit)
    clock.forward(days=8)
    change(world, thanks=True)
    work(world.kit)
    assert sent(post) == []


def test_who_has_not_met_is_not_praised(world: SimpleNamespace, post: Post, clock: Any) -> None:
    (one,) = meet.meetings(world.kit, **world.held)
    meet.strike(world.kit, **world.at, meeting=one["id"])
    due = come_to(world, clock, "mid_point")
    meet.reach(world.kit, **world.at, milestone=due)
    work(world.kit)
    assert sent(post) == []


@pytest.mark.parametrize(("reason", "thanked"), [("completed", 2), ("no_contact", 0)])
def test_an_end_without_its_milestone_is_thanked_for_unless_they_parted(
    world: SimpleNamespace, post: Post, clock: Any, reason: str, thanked: int
) -> None:
    clock.forward(days=30)
    meet.end(world.kit, **world.held, reason=reason)
    work(world.kit)
    assert sent(post) == [], "that it has ended they are told at once"
    clock.forward(days=1)
    work(world.kit)
    clock.forward(days=2)
    work(world.kit)
    assert [word for word, _ in sent(post)] == ["come_to_the_end"] * thanked
    assert len(told(post, "relationship_ended" if thanked else "relationship_parted")) == 2


def test_the_end_is_not_thanked_for_twice(world: SimpleNamespace, post: Post, clock: Any) -> None:
    due = come_to(world, clock, "end")
    meet.reach(world.kit, **world.at, milestone=due)
    clock.forward(days=1)
    work(world.kit)
    meet.end(world.kit, **world.held)
    for _ in range(4):
        clock.forward(days=1)
        work(world.kit)
    assert len(sent(post)) == 2
