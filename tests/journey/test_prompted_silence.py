"""Silent mentors: they are asked first, then the coordinators are told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Portal
from mentorkit.journey import accept, foresee, match, meet, plugins, programs, relay
from mentorkit.worker import work
from tests.journey.test_nudges import told
from tests.journey.test_worker import Post, plugin

ASKED, TOLD = "mentor_silent", "mentor_silent_staff"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def world(create_world: Any, create_kit: Any, post: Post) -> SimpleNamespace:
    """Ana and Cleo, connected and met once; Cora is coordinator; `checkins` minds silence alone."""
    site = Portal("https://example.org/mentoring")
    kit = create_kit(
        plugins=("matching", plugin(post), "checkins"), site=site, secret_keys=["s"]
    )  # fmt: skip
    made: SimpleNamespace = create_world(kit=kit)
    two = {"mentee": made.ids["ana"], "mentor": made.ids["cleo"]}
    asked = match.propose(kit, **made.at, **two)["id"]
    held = accept.accept(kit, **made.at, proposal=asked)["relationship"]["id"]
    made.held = {"tenant": "acme", "relationship": held}
    role = {"role": "coordinator", "name": "Cora"}
    made.cora = programs.appoint(kit, **made.at, program="traders", **role)["person"]
    change(made, silent_days=35)
    meet.log(kit, **made.held, actor=made.admin, minutes=120)
    return made


def change(world: SimpleNamespace, **settings: Any) -> None:
    alone = {"milestones": False, "first_meeting_days": 0, "quiet_days": 0, "hours": False}
    at = {**world.at, "program": "traders", "plugin": "checkins"}
    plugins.change(world.kit, **at, settings={**alone, **settings})


def pass_days(world: SimpleNamespace, clock: Any, days: int) -> None:
    clock.forward(days=days)
    work(world.kit)


def test_the_mentor_is_asked_and_two_weeks_later_the_coordinators_are_told(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    pass_days(world, clock, 34)
    assert told(post, ASKED) == []
    pass_days(world, clock, 1)
    (asked,) = told(post, ASKED)
    assert asked.person_id == world.persons["cleo"]
    assert "Ana counts on you" in asked.body
    assert "/met/" in asked.body
    pass_days(world, clock, 13)
    assert told(post, TOLD) == []
    pass_days(world, clock, 1)
    (staff,) = told(post, TOLD)
    assert staff.person_id == world.cora
    assert "Cleo has neither met Ana nor answered" in staff.body
    assert f"/relationships/{world.held['relationship']}" in staff.body
    assert "/met/" not in staff.body
    pass_days(world, clock, 10)
    assert (len(told(post, ASKED)), len(told(post, TOLD))) == (1, 1)


@pytest.mark.parametrize("sign", ["a word", "a meeting", "a look back"])
def test_any_sign_of_the_mentor_is_enough(
    world: SimpleNamespace, post: Post, clock: Any, sign: str
) -> None:
    clock.forward(days=42)
    meet.turn(world.kit, tenant="acme")
    at = {**world.held, "actor": world.by("cleo")}
    if sign == "a word":
        relay.send(world.kit, **at, text="Back from travelling.")
    elif sign == "a meeting":
        meet.log(world.kit, **at, minutes=30)
    else:
        (due,) = [m for m in meet.milestones(world.kit, **at) if m["state"] == "due"]
        meet.reach(world.kit, tenant="acme", actor=world.by("cleo"), milestone=due["id"])
    for _ in range(3):
        pass_days(world, clock, 7)
    assert (told(post, ASKED), told(post, TOLD)) == ([], [])


def test_what_the_mentee_does_is_no_sign_of_the_mentor(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    clock.forward(days=30)
    relay.send(world.kit, **world.held, actor=world.by("ana"), text="Are you well?")
    pass_days(world, clock, 5)
    assert len(told(post, ASKED)) == 1


def test_a_break_is_no_silence(world: SimpleNamespace, post: Post, clock: Any) -> None:
    clock.forward(days=20)
    meet.pause(world.kit, **world.held, actor=world.by("ana"))
    pass_days(world, clock, 40)
    meet.resume(world.kit, **world.held, actor=world.by("ana"))
    pass_days(world, clock, 14)
    assert told(post, ASKED) == []
    pass_days(world, clock, 1)
    assert len(told(post, ASKED)) == 1


def test_it_is_foreseen_and_a_program_switches_it_off(world: SimpleNamespace) -> None:
    def rows() -> set[tuple[str, str]]:
        ahead = foresee.foresee(world.kit, **world.at, program="traders", days=60)
        return {(row["name"], row["template"]) for row in ahead}

    assert rows() == {("Cleo", ASKED), ("Cora", TOLD)}
    change(world, silent_days=0)
    assert rows() == set()
