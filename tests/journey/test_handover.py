"""Handing over: a mentee whose mentor is away goes on with another, at one step or not at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.errors import Conflict, Invalid, NotAllowed
from mentorkit.journey import accept, gather, handover, match, meet, onboard
from tests.journey.conftest import lead


@pytest.fixture
def world(create_world: Any) -> SimpleNamespace:
    """Ana is connected with Cleo; Dora has two places; Fay is a mentor like Cleo."""
    made: SimpleNamespace = create_world([
        lead("ana", "mentee", trade="baker", village="Ora"),
        lead("ben", "mentee", trade="smith", village="Ora"),
        lead("cleo", "mentor", trade="baker", village="Ora", capacity=2),
        lead("dora", "mentor", trade="smith", village="Wen", capacity=2),
        lead("fay", "mentor", trade="baker", village="Ora", capacity=1),
    ])  # fmt: skip
    made.held = {**made.at, "relationship": connect(made, "ana", "cleo")}
    return made


def connect(world: SimpleNamespace, mentee: str, mentor: str) -> str:
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    asked = match.propose(world.kit, **world.at, **two)["id"]
    return str(accept.accept(world.kit, **world.at, proposal=asked)["relationship"]["id"])


def state(world: SimpleNamespace, who: str) -> str:
    return str(onboard.show(world.kit, **world.at, participant=world.ids[who])["state"])


def test_it_ends_and_those_who_fit_best_are_named(world: SimpleNamespace) -> None:
    done = handover.hand_over(world.kit, **world.held)
    assert (done["relationship"]["state"], done["relationship"]["reason"]) == (
        "ended",
        "no_contact",
    )
    assert done["mentee"] == world.ids["ana"]
    assert done["proposal"] is None
    names = [one["name"] for one in done["mentors"]]
    assert names[0] == "Fay", "the best first"
    assert "Cleo" not in names, "they are away, and the two have parted"


def test_the_mentor_takes_a_break_unless_it_is_not_wanted(world: SimpleNamespace) -> None:
    other = connect(world, "ben", "cleo")
    handover.hand_over(world.kit, **world.held)
    assert state(world, "cleo") == "paused"
    assert meet.show(world.kit, **world.at, relationship=other)["state"] == "active"
    onboard.resume(world.kit, **world.at, participant=world.ids["cleo"])
    handover.hand_over(world.kit, **world.at, relationship=other, rest=False)
    assert state(world, "cleo") == "active"


def test_another_mentor_is_proposed_at_once_with_the_reasons(world: SimpleNamespace) -> None:
    done = handover.hand_over(world.kit, **world.held, to=world.ids["fay"])
    (made,) = match.proposals(world.kit, **world.at, program="traders", state="offered")
    assert made["id"] == done["proposal"]["id"]
    assert (made["mentee"], made["mentor"]) == ("Ana", "Fay")
    assert done["proposal"]["reasons"]
    begun = accept.accept(world.kit, **world.at, proposal=made["id"])
    assert begun["relationship"]["state"] == "active"


def test_where_the_other_cannot_be_proposed_nothing_is_done(world: SimpleNamespace) -> None:
    connect(world, "ben", "fay")  # no place is left
    with pytest.raises(Conflict):
        handover.hand_over(world.kit, **world.held, to=world.ids["fay"])
    assert meet.show(world.kit, **world.held)["state"] == "active"
    assert state(world, "cleo") == "active"


def test_why_nobody_can_be_looked_for_is_told(world: SimpleNamespace) -> None:
    onboard.pause(world.kit, **world.at, participant=world.ids["ana"])
    done = handover.hand_over(world.kit, **world.held)
    assert done["mentors"] == []
    assert "paused" in done["why"]


def test_only_staff_hand_over_and_only_what_runs(world: SimpleNamespace) -> None:
    for who in ("ana", "cleo"):
        mine = {**world.held, "actor": world.by(who)}
        with pytest.raises(NotAllowed) as refused:
            handover.hand_over(world.kit, **mine)
        assert refused.value.code == "relationship.staff_hand_over"
    with pytest.raises(Invalid):
        handover.hand_over(world.kit, **world.held, to=world.ids["cleo"])
    with pytest.raises(Invalid):
        handover.hand_over(world.kit, **world.held, mentee=world.ids["ben"])
    handover.hand_over(world.kit, **world.held)
    with pytest.raises(Conflict) as over:
        handover.hand_over(world.kit, **world.held)
    assert over.value.code == "relationship.ended"


def test_one_mentee_of_a_circle_is_handed_over_and_it_goes_on(world: SimpleNamespace) -> None:
    people = [world.ids["ana"], world.ids["ben"]]
    meet.end(world.kit, **world.held)
    circle = gather.gather(
        world.kit, **world.at, program="traders", people=people, mentor=world.ids["dora"]
    )["id"]
    at = {**world.at, "relationship": circle}
    with pytest.raises(Invalid) as unclear:
        handover.hand_over(world.kit, **at)
    assert unclear.value.code == "relationship.which_mentee"
    done = handover.hand_over(world.kit, **at, mentee=world.ids["ben"], to=world.ids["fay"])
    assert (done["mentee"], done["relationship"]["state"]) == (world.ids["ben"], "active")
    assert done["proposal"]["mentor_id"] == world.ids["fay"]
