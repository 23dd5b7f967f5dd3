"""A circle goes on when one of its mentees goes, and the journal tells who is in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain.events import replay
from mentorkit.errors import Conflict, NotAllowed, NotFound
from mentorkit.journey import accept, browse, match, meet, onboard, protect, screen
from tests.journey.conftest import lead


def joined(world: Any, mentee: str, mentor: str = "cleo") -> str:
    who = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    made = match.propose(world.kit, **world.at, **who)
    return str(accept.accept(world.kit, **world.at, proposal=made["id"])["relationship_id"])


@pytest.fixture
def world(create_world: Any) -> Any:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben", "eve")]
    people.append(lead("cleo", "mentor", trade="baker", capacity=8))
    return create_world(people, kind="circle")


@pytest.fixture
def circle(world: Any) -> str:
    """A circle of Ana and Ben with Cleo."""
    first, second = joined(world, "ana"), joined(world, "ben")
    assert first == second
    return first


def seen(world: Any, circle: str) -> tuple[str, list[str]]:
    """Return the circle's state and who is in it, once the journal has told the same."""
    with world.kit.transaction(tenant="acme", write=False) as tx:
        one = tx.relationships.get(circle)
        told = replay(tx.journal.events(limit=None))["relationship", circle]
        proposal = tx.proposals.get(one.proposal_id)
    here = tuple(m.participant_id for m in one.here)
    assert (told["state"], told["members"]) == (one.state, here)
    assert told["proposal_id"] == one.proposal_id
    assert told["mentee_id"] == proposal.mentee_id
    assert told.get("reason") == one.reason
    names = {id: key for key, id in world.ids.items()}
    return one.state, sorted(names[id] for id in here)


def used(world: Any) -> dict[str, int]:
    rows = screen.review(world.kit, **world.at, program="traders")
    return {row["key"]: row["used"] for row in rows if row["used"]}


def test_a_mentee_ends_their_own_part_and_the_circle_goes_on(world: Any, circle: str) -> None:
    by = {"tenant": "acme", "actor": world.by("ben"), "relationship": circle}
    assert meet.end(world.kit, **by, reason="stopped")["state"] == "active"
    assert seen(world, circle) == ("active", ["ana", "cleo"])
    assert used(world) == {"ana": 1, "cleo": 1}
    states = {m["state"] for m in meet.milestones(world.kit, **world.at, relationship=circle)}
    assert states == {"upcoming"}
    with pytest.raises(NotFound):
        meet.end(world.kit, **by)


def test_who_left_a_circle_reads_that_they_were_in_it_and_nothing_of_who_came_later(
    world: Any, circle: str, clock: Any
) -> None:
    by = {"tenant": "acme", "actor": world.by("ben")}
    meet.end(world.kit, **by, relationship=circle)
    left = clock.now.isoformat()
    clock.forward(days=1)
    joined(world, "eve")
    (mine,) = meet.relationships(world.kit, **by, program="traders")
    assert (mine["state"], mine["ended_at"]) == ("ended", left)
    assert {member["name"] for member in mine["members"]} == {"Ana", "Ben", "Cleo"}
    assert meet.relationships(world.kit, **by, program="traders", state="active") == []
    ana = {"tenant": "acme", "actor": world.by("ana")}
    (theirs,) = meet.relationships(world.kit, **ana, program="traders", state="active")
    assert theirs["ended_at"] is None


def test_the_last_mentee_who_leaves_ends_the_circle(world: Any, circle: str) -> None:
    for who in ("ben", "ana"):
        meet.end(world.kit, tenant="acme", actor=world.by(who), relationship=circle)
    assert seen(world, circle)[0] == "ended"
    assert used(world) == {}


@pytest.mark.parametrize("by", ["cleo", None])
def test_mentor_and_staff_end_a_circle_for_all(world: Any, circle: str, by: str | None) -> None:
    actor = world.by(by) if by else world.admin
    meet.end(world.kit, tenant="acme", actor=actor, relationship=circle)
    assert seen(world, circle)[0] == "ended"
    assert used(world) == {}


def test_staff_take_one_mentee_out_and_the_circle_goes_on(world: Any, circle: str) -> None:
    taken = {**world.at, "relationship": circle, "only": world.ids["ben"], "reason": "moved"}
    assert meet.end(world.kit, **taken)["state"] == "active"
    assert seen(world, circle) == ("active", ["ana", "cleo"])
    assert used(world) == {"ana": 1, "cleo": 1}
    with pytest.raises(Conflict, match="no mentee in it"):
        meet.end(world.kit, **taken)
    with pytest.raises(Conflict, match="no mentee in it"):
        meet.end(world.kit, **{**taken, "only": world.ids["cleo"]})
    for by in ("ana", "cleo"):
        with pytest.raises(NotAllowed, match="Only staff"):
            meet.end(world.kit, **{**taken, "actor": world.by(by), "only": world.ids["ana"]})


def test_who_leaves_the_program_leaves_the_circle_alone(world: Any, circle: str) -> None:
    left = onboard.leave(world.kit, **world.at, participant=world.ids["ben"])
    assert (left["state"], left["used"]) == ("left", 0)
    assert seen(world, circle) == ("active", ["ana", "cleo"])
    with pytest.raises(Conflict, match="End the 1 running"):
        onboard.leave(world.kit, **world.at, participant=world.ids["cleo"])


@pytest.mark.parametrize(
    ("person", "other", "stays"),
    [("ana", "cleo", "ben"), ("cleo", "ana", "ben"), ("ana", "ben", "ben")],
)
def test_a_block_takes_one_mentee_out(
    world: Any, circle: str, person: str, other: str, stays: str
) -> None:
    report = protect.block(
        world.kit, tenant="acme", actor=world.by(person),
        person=world.persons[person], other=world.persons[other],
    )  # fmt: skip
    assert report["ended"] == 1
    assert seen(world, circle) == ("active", sorted(["cleo", stays]))
    assert used(world) == {stays: 1, "cleo": 1}


def test_a_paused_circle_is_joined_and_gets_no_twin(world: Any, circle: str) -> None:
    meet.pause(world.kit, **world.at, relationship=circle)
    assert joined(world, "eve") == circle
    assert seen(world, circle) == ("paused", ["ana", "ben", "cleo", "eve"])


def test_who_has_left_a_circle_may_come_back(world: Any, circle: str) -> None:
    meet.end(world.kit, tenant="acme", actor=world.by("ben"), relationship=circle)
    assert joined(world, "ben") == circle
    assert seen(world, circle) == ("active", ["ana", "ben", "cleo"])
    assert used(world) == {"ana": 1, "ben": 1, "cleo": 2}


@pytest.fixture
def apart(world: Any, circle: str) -> str:
    """The circle, which Ana has been taken out of because she and Ben are kept apart."""
    two = {"person": world.persons["ana"], "other": world.persons["ben"]}
    protect.block(world.kit, **world.at, **two)
    return circle


def test_who_is_kept_apart_from_somebody_in_a_circle_does_not_join_it(
    world: Any, apart: str
) -> None:
    with pytest.raises(Conflict) as caught:
        joined(world, "ana")
    assert caught.value.code == "safeguard.blocked"
    drafted = match.draft(world.kit, **world.at, program="traders")
    assert drafted["summary"]["pairs"] == 1
    published = match.publish(world.kit, **world.at, run=drafted["id"])
    assert (published["offered"], published["withheld"]) == (1, [])
    assert seen(world, apart) == ("active", ["ben", "cleo"])


def test_what_was_drafted_and_offered_before_the_other_joined_is_looked_at_again(
    world: Any, circle: str
) -> None:
    meet.end(world.kit, tenant="acme", actor=world.by("ben"), relationship=circle)
    two = {"person": world.persons["eve"], "other": world.persons["ben"]}
    protect.block(world.kit, **world.at, **two)
    who = {"mentee": world.ids["ben"], "mentor": world.ids["cleo"]}
    offered = match.propose(world.kit, **world.at, **who)["id"]
    drafted = match.draft(world.kit, **world.at, program="traders")
    assert drafted["summary"]["pairs"] == 1  # Eve and Cleo
    accept.accept(world.kit, **world.at, proposal=offered)
    published = match.publish(world.kit, **world.at, run=drafted["id"])
    assert [one["code"] for one in published["withheld"]] == ["blocked"]


def test_of_two_kept_apart_who_are_asked_into_one_circle_the_first_joins(
    world: Any, circle: str
) -> None:
    for one in ("ben", "ana"):
        meet.end(world.kit, tenant="acme", actor=world.by(one), relationship=circle)
    two = {"person": world.persons["ana"], "other": world.persons["ben"]}
    protect.block(world.kit, **world.at, **two)
    first, second = (
        match.propose(world.kit, **world.at, mentee=world.ids[one], mentor=world.ids["cleo"])["id"]
        for one in ("ana", "ben")
    )
    accept.accept(world.kit, **world.at, proposal=first)
    rows = match.proposals(world.kit, **world.at, program="traders", state="withdrawn")
    assert [(row["id"], row["reason"]) for row in rows] == [(second, "blocked")]
    for who, error, code in (
        ("ben", Conflict, "proposal.illegal_move"),
        ("cleo", NotFound, "proposal.not_found"),  # who was never asked about Ben
    ):
        with pytest.raises(error) as caught:
            accept.accept(world.kit, tenant="acme", actor=world.by(who), proposal=second)
        assert caught.value.code == code
        assert "block" not in str(caught.value)  # nobody is told why
    assert used(world) == {"ana": 1, "cleo": 1}


def test_who_left_a_circle_is_listed_it_as_ended_page_by_page(
    world: Any, circle: str, clock: Any
) -> None:
    meet.end(world.kit, tenant="acme", actor=world.by("ben"), relationship=circle)
    clock.forward(hours=1)
    joined(world, "eve")  # whom Ben never met

    def listed(key: str, **options: Any) -> list[tuple[str, str]]:
        by = {"tenant": "acme", "actor": world.by(key), "program": "traders"}
        items = browse.relationships(world.kit, **by, **options)["items"]
        return [(one["id"], one["state"]) for one in items]

    assert (listed("ben"), listed("ana")) == ([(circle, "ended")], [(circle, "active")])
    assert listed("ben", state="active") == listed("ana", state=("ended",)) == []
    assert listed("ben", state=("paused", "ended")) == [(circle, "ended")]
    assert listed("ben", after=circle) == []
    by = {"tenant": "acme", "actor": world.by("ben"), "program": "traders"}
    (row,) = browse.relationships(world.kit, **by, limit=1)["items"]
    assert {one["name"] for one in row["members"]} == {"Ana", "Ben", "Cleo"}


@pytest.mark.parametrize(("person", "other"), [("eve", "ben"), ("ben", "eve")])
def test_a_block_withdraws_what_would_bring_the_two_into_one_circle(
    world: Any, circle: str, person: str, other: str
) -> None:
    match.propose(world.kit, **world.at, mentee=world.ids["eve"], mentor=world.ids["cleo"])
    two = {"person": world.persons[person], "other": world.persons[other]}
    report = protect.block(world.kit, **world.at, **two)
    assert (report["withdrawn"], report["ended"]) == (1, 0)
    assert seen(world, circle) == ("active", ["ana", "ben", "cleo"])


def test_leaving_and_ending_lock_in_the_order_in_which_joining_does(
    world: Any, circle: str
) -> None:
    changed: list[str] = []

    def note(*about: Any) -> None:
        statement = str(about[2]).split()
        if statement[0] == "UPDATE" and "participant" in statement[1]:
            changed.append("places")
        elif statement[0] == "UPDATE" and "relationship" in statement[1]:
            changed.append("circle")

    sa.event.listen(world.kit.engine, "before_cursor_execute", note)
    for leave in (
        lambda: joined(world, "eve"),
        lambda: meet.end(world.kit, tenant="acme", actor=world.by("eve"), relationship=circle),
        lambda: meet.end(world.kit, **world.at, relationship=circle),
    ):
        changed.clear()
        leave()
        assert changed.index("circle") >= 2
        assert set(changed[: changed.index("circle")]) == {"places"}


def test_ending_what_somebody_has_just_ended_is_told_as_such(world: Any, circle: str) -> None:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        seen_before = meet.Met(tx, world.admin, circle)
    meet.end(world.kit, **world.at, relationship=circle)
    with pytest.raises(Conflict) as caught, world.kit.transaction(tenant="acme") as tx:
        seen_before.tx = tx
        meet.finish(seen_before, "stopped")
    assert caught.value.code == "relationship.stale"


def test_many_come_and_go_at_once_and_nobody_is_sent_away(create_world: Any) -> None:
    people = [lead(f"m{i}", "mentee", trade="baker") for i in range(10)]
    people.append(lead("cleo", "mentor", trade="baker", capacity=10))
    world = create_world(people, kind="circle")
    for i in range(6):
        joined(world, f"m{i}")
    coming = [
        match.propose(world.kit, **world.at, mentee=world.ids[f"m{i}"], mentor=world.ids["cleo"])
        for i in range(6, 10)
    ]
    with ThreadPoolExecutor(8) as pool:
        told = [
            pool.submit(onboard.leave, world.kit, **world.at, participant=world.ids[f"m{i}"])
            for i in range(4)
        ]
        told += [
            pool.submit(accept.accept, world.kit, **world.at, proposal=one["id"]) for one in coming
        ]
        assert [one.result()["state"] for one in told] == ["left"] * 4 + ["accepted"] * 4
    assert used(world)["cleo"] == 6
