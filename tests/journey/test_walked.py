"""The report's funnel tells of everybody only what happened to them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.journey import accept, evaluate, gather, match, meet
from tests.conftest import Clock
from tests.journey.conftest import lead

MENTEES = ("ana", "ben", "eve", "fay")


@pytest.fixture
def create_program(
    create_world: Callable[..., SimpleNamespace], create_kit: Callable[..., Any]
) -> Callable[..., SimpleNamespace]:
    def create(**program: Any) -> SimpleNamespace:
        people = [lead(key, "mentee", trade="baker") for key in MENTEES]
        people.append(lead("cleo", "mentor", trade="baker", capacity=8))
        kit = create_kit(plugins=("matching", "outcomes"))
        return create_world(people, kit=kit, **program)

    return create


def funnel(world: SimpleNamespace) -> dict[str, tuple[Any, ...]]:
    """Return each step's pairs, its mentees, and the people whom staff brought together."""
    table = evaluate.table_of(world.kit, **world.at, program="traders", table="funnel")
    names = [column["name"] for column in table["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in table["rows"]]
    return {row["step"]: (row["pairs"], row["mentees"], row["by_staff"]) for row in rows}


def offered(world: SimpleNamespace, mentee: str) -> str:
    two = {"mentee": world.ids[mentee], "mentor": world.ids["cleo"]}
    return str(match.propose(world.kit, **world.at, **two)["id"])


def joined(world: SimpleNamespace, mentee: str) -> str:
    done = accept.accept(world.kit, **world.at, proposal=offered(world, mentee))
    return str(done["relationship"]["id"])


def met(world: SimpleNamespace, held: str, *keys: str) -> str:
    there = [world.ids[key] for key in keys]
    return str(
        meet.log(world.kit, **world.at, relationship=held, minutes=60, attendees=there)["id"]
    )


def test_of_a_circle_only_who_came_has_met_and_who_stayed_away_has_completed_nothing(
    create_program: Callable[..., SimpleNamespace], clock: Clock
) -> None:
    world = create_program(kind="circle")
    circle, *_ = (joined(world, key) for key in MENTEES)
    clock.forward(days=1)
    met(world, circle, "ana", "cleo")
    meet.strike(world.kit, **world.at, meeting=met(world, circle, "ben", "cleo"))
    met(world, circle, "ben", "eve")  # without the mentor
    assert funnel(world)["Connected"] == (4, 4, 0)
    assert funnel(world)["Met"] == (1, 1, 0)
    meet.end(world.kit, **world.at, relationship=circle)
    assert funnel(world)["Completed"] == (1, 1, 0)


def test_who_left_a_circle_completes_it_by_their_own_end_and_not_by_that_of_the_others(
    create_program: Callable[..., SimpleNamespace], clock: Clock
) -> None:
    world = create_program(kind="circle")
    circle, *_ = (joined(world, key) for key in MENTEES)
    clock.forward(days=1)
    met(world, circle, *MENTEES, "cleo")
    clock.forward(days=1)
    for key, reason in (("ana", "goal_reached"), ("ben", "no_time"), ("eve", "no_time")):
        part = {"only": world.ids[key], "reason": reason}
        meet.end(world.kit, **world.at, relationship=circle, **part)
    assert funnel(world)["Completed"] == (1, 1, 0)
    joined(world, "ben")  # again, and is not at a meeting any more
    assert funnel(world)["Connected"] == (5, 4, 0)
    meet.end(world.kit, **world.at, relationship=circle)
    assert (funnel(world)["Met"], funnel(world)["Completed"]) == ((4, 4, 0), (2, 2, 0))


def test_whom_staff_brought_together_are_connected_without_having_been_asked(
    create_program: Callable[..., SimpleNamespace], clock: Clock
) -> None:
    world = create_program()
    together = {"program": "traders", "people": [world.ids[key] for key in ("ana", "ben")]}
    circle = gather.gather(world.kit, **world.at, **together, mentor=world.ids["cleo"])["id"]
    peers = [world.ids[key] for key in ("eve", "fay")]
    ring = gather.gather(world.kit, **world.at, program="traders", people=peers)["id"]
    clock.forward(days=1)
    met(world, circle, "ana", "cleo")
    met(world, ring, "eve", "fay")
    meet.end(world.kit, **world.at, relationship=ring)
    assert funnel(world) == {
        "Reached out": (0, 0, None),
        "Answered": (0, 0, None),
        "Connected": (0, 0, 4),
        "Met": (0, 0, 3),
        "Completed": (0, 0, 2),
    }


def test_nobody_is_reached_out_to_while_only_the_coordinator_knows(
    create_program: Callable[..., SimpleNamespace],
) -> None:
    world = create_program(accept_chain=["coordinator", "mentee", "mentor"])
    refused, asked, silent = (offered(world, key) for key in ("ana", "ben", "eve"))
    accept.decline(world.kit, **world.at, proposal=refused)
    assert [funnel(world)[step][0] for step in ("Reached out", "Answered")] == [0, 0]
    for one in (asked, silent):
        accept.accept(world.kit, **world.at, proposal=one, on_behalf_of="coordinator")
    assert [funnel(world)[step][0] for step in ("Reached out", "Answered")] == [2, 0]
    accept.decline(world.kit, tenant="acme", actor=world.by("ben"), proposal=asked)
    assert [funnel(world)[step][0] for step in ("Reached out", "Answered")] == [2, 1]


def test_whose_yes_is_not_asked_for_is_connected_by_staff_and_not_reached_out_to(
    create_program: Callable[..., SimpleNamespace],
) -> None:
    world = create_program(accept_chain=["coordinator"])
    joined(world, "ana")
    assert funnel(world)["Reached out"] == (0, 0, None)
    assert funnel(world)["Connected"] == (0, 0, 1)


def test_who_asked_is_reached_out_to_by_nobody_until_the_other_is_told(
    create_program: Callable[..., SimpleNamespace],
) -> None:
    world = create_program(matching="self", accept_chain=["coordinator", "mentor"])
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    one = match.propose(world.kit, tenant="acme", actor=world.by("ana"), **two)["id"]
    assert funnel(world)["Reached out"] == (0, 0, None)
    accept.accept(world.kit, **world.at, proposal=one, on_behalf_of="coordinator")
    assert funnel(world)["Reached out"] == (1, 1, None)
    assert funnel(world)["Answered"] == (0, 0, None)
    accept.accept(world.kit, tenant="acme", actor=world.by("cleo"), proposal=one)
    assert funnel(world)["Connected"] == (1, 1, 0)
