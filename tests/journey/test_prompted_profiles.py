"""Profiles: who has left open what only they can do is reminded, until it is done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.journey import foresee, onboard, plugins, recruit, screen, signup
from mentorkit.worker import work
from tests.journey.conftest import lead
from tests.journey.test_nudges import told
from tests.journey.test_worker import Post, plugin

WORD = "profile_open"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def world(create_world: Any, create_kit: Any, post: Post) -> SimpleNamespace:
    """An open program that asks everybody for their town; Eve signs up and is let in."""
    kit = create_kit(plugins=("matching", plugin(post), "checkins"))
    made: SimpleNamespace = create_world(kit=kit)
    made.eve = sign_up(made, "Eve")
    screen.approve(kit, **made.at, participant=made.eve["id"])
    return made


def sign_up(world: SimpleNamespace, name: str, **typed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"answers": {"trade": "baker"}, "role": "mentor", **typed}
    made = signup.sign_up(
        world.kit, tenant="acme", actor=Actor(user_ref=name), program="traders", name=name,
        email=f"{name}@example.org", **given,
    )  # fmt: skip
    with world.kit.transaction(tenant="acme") as tx:
        (one,) = [
            each for each in tx.participants.find(program_id=world.program)
            if tx.people.get(each.person_id).name == name
        ]  # fmt: skip
    return {**made, "id": one.id, "person": one.person_id}


def pass_days(world: SimpleNamespace, clock: Any, days: int) -> None:
    for _ in range(days):
        clock.forward(days=1)
        work(world.kit)


def test_who_was_let_in_and_does_not_finish_is_reminded_twice(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    pass_days(world, clock, 4)
    assert told(post, WORD) == []
    pass_days(world, clock, 1)
    (one,) = told(post, WORD)
    assert one.person_id == world.eve["person"]
    assert "- Your yes to what everybody here agrees to" in one.body
    pass_days(world, clock, 30)
    assert len(told(post, WORD)) == 2


def test_who_is_done_in_time_hears_nothing(world: SimpleNamespace, post: Post, clock: Any) -> None:
    at = {**world.at, "participant": world.eve["id"]}
    onboard.consent(world.kit, **at)
    onboard.complete(world.kit, **at)
    pass_days(world, clock, 15)
    assert told(post, WORD) == []


def test_who_has_applied_is_reminded_of_what_the_program_asks_for(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    version = onboard.show(world.kit, **world.at, participant=world.eve["id"])["consent_now"]
    finn = sign_up(world, "Finn", answers={}, agreed=version)
    sign_up(world, "Gus", agreed=version)  # nothing is open: it is for the staff to decide
    sign_up(world, "Hal", answers={})  # has agreed to nothing
    pass_days(world, clock, 6)
    asked = {one.person_id: one.body for one in told(post, WORD)}
    assert asked.keys() == {world.eve["person"], finn["person"]}
    assert "- trade" in asked[finn["person"]].lower()


def test_who_came_in_a_file_or_took_consent_back_is_written_nothing(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    recruit.receive(
        world.kit, **world.at, program="traders", leads=[lead("ida", "mentee", trade="smith")]
    )
    rows = screen.review(world.kit, **world.at, program="traders", state="lead")
    for row in rows:
        screen.approve(world.kit, **world.at, participant=row["id"])
    onboard.consent(world.kit, **world.at, participant=world.eve["id"])
    onboard.withdraw(world.kit, **world.at, participant=world.eve["id"])
    pass_days(world, clock, 15)
    assert told(post, WORD) == []


def test_it_is_foreseen_and_a_program_switches_it_off(world: SimpleNamespace) -> None:
    def rows() -> list[tuple[str, str]]:
        ahead = foresee.foresee(world.kit, **world.at, program="traders", days=20)
        return [(row["name"], row["template"]) for row in ahead]

    assert rows() == [("Eve", WORD)] * 2
    at = {**world.at, "program": "traders", "plugin": "checkins"}
    plugins.change(world.kit, **at, settings={"profile_days": 0})
    assert rows() == []
