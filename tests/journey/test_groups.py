"""Drafts of groups: circles whole, peers once, and what is offered of them."""

from __future__ import annotations

from typing import Any

from mentorkit.journey import accept, drafts, match, meet
from tests.journey.conftest import lead

TRADES = {"criteria": [{"criterion": "equal", "field": "trade"}]}


def by(assigner: str, **options: Any) -> dict[str, Any]:
    return {"strategy": {**TRADES, "assigner": assigner, "assigner_options": options}}


def drafted(world: Any) -> dict[str, Any]:
    match.draft(world.kit, **world.at, program="traders")
    shown = drafts.show(world.kit, **world.at, program="traders")
    assert shown is not None
    return shown


def test_peers_with_one_place_each_are_all_in_one_pair(create_world: Any) -> None:
    trades = {"ana": "baker", "ben": "smith", "cleo": "baker", "dora": "smith", "eve": "tailor"}
    people = [lead(key, "both", trade=trade, capacity=1) for key, trade in trades.items()]
    world = create_world(people, kind="peer", sections=by("peers"))
    shown = drafted(world)
    pairs = {frozenset((one["mentee"].lower(), one["mentor"].lower())) for one in shown["pairs"]}
    assert pairs == {frozenset(("ana", "cleo")), frozenset(("ben", "dora"))}
    assert [one["name"].lower() for one in shown["left"]["mentees"]] == ["eve"]
    match.publish(world.kit, **world.at, run=shown["id"])
    (one, _) = match.proposals(world.kit, **world.at, program="traders")
    held = accept.accept(world.kit, **world.at, proposal=one["id"])["relationship_id"]
    members = meet.show(world.kit, **world.at, relationship=held)["members"]
    assert [member["role"] for member in members] == ["peer", "peer"]


def test_a_peer_is_nobodys_mentee_and_has_all_their_places(create_world: Any) -> None:
    people = [lead(key, "both", trade="baker", capacity=2) for key in ("ana", "ben", "cleo")]
    world = create_world(people, kind="peer", sections=by("peers"), mentee_capacity=1)
    for offered in (1, 1, 1, 0):
        shown = drafted(world)
        assert match.publish(world.kit, **world.at, run=shown["id"])["offered"] == offered
        for one in match.proposals(world.kit, **world.at, program="traders"):
            if one["state"] == "offered":
                accept.accept(world.kit, **world.at, proposal=one["id"])


def test_a_draft_of_circles_names_the_second_mentors(create_world: Any) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben", "cleo")]
    people += [lead(key, "mentor", trade="baker", capacity=4) for key in ("max", "mia")]
    world = create_world(people, kind="circle", sections=by("circles", mentors=2))
    shown = drafted(world)
    assert len(shown["pairs"]) == 3
    (mentors,) = {(one["mentor"], *one["second"]) for one in shown["pairs"]}
    assert sorted(name.lower() for name in mentors) == ["max", "mia"]
    assert shown["left"]["mentors"] == []
    match.publish(world.kit, **world.at, run=shown["id"])
    rows = match.proposals(world.kit, **world.at, program="traders")
    held = {
        accept.accept(world.kit, **world.at, proposal=one["id"])["relationship_id"] for one in rows
    }
    assert len(held) == 1
