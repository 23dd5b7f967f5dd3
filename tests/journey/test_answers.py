"""Who may ask for whom, who must say yes, until when, and how often."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed
from mentorkit.journey import accept, match, meet, onboard, protect, screen
from tests.journey.conftest import lead


def request(world: Any, mentee: str, mentor: str, by: str) -> dict[str, Any]:
    who = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    return match.propose(world.kit, tenant="acme", actor=world.by(by), **who)


def proposed(world: Any, mentee: str, mentor: str) -> str:
    who = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    return str(match.propose(world.kit, **world.at, **who)["id"])


def refused(error: type[Exception], verb: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(error) as caught:
        verb(*args, **values)
    return str(caught.value.code)  # type: ignore[attr-defined]


def test_only_staff_propose_where_staff_match(create_world: Any) -> None:
    world = create_world(matching="staff")
    assert refused(NotAllowed, request, world, "ana", "cleo", "ana") == "proposal.staff_matches"
    world = create_world(tenant="other", kit=world.kit, matching="self")
    who = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    made = match.propose(world.kit, tenant="other", actor=world.by("ana"), **who)
    assert made["state"] == "offered"


def test_two_who_are_together_are_not_brought_together_again(world: Any) -> None:
    accept.accept(world.kit, **world.at, proposal=proposed(world, "ana", "dora"))
    assert refused(Conflict, proposed, world, "ana", "dora") in (
        "safeguard.together_now", "safeguard.no_place"
    )  # fmt: skip
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["ana"], capacity=2)
    assert refused(Conflict, proposed, world, "ana", "dora") == "safeguard.together_now"


@pytest.mark.parametrize("proposer", ["ana", "cleo"])
@pytest.mark.parametrize("chain", [["mentee"], ["mentor"], ["coordinator"], ["mentee", "mentor"]])
def test_whoever_is_asked_by_a_participant_must_say_yes(
    create_world: Any, proposer: str, chain: list[str]
) -> None:
    world = create_world(matching="self", accept_chain=chain)
    one = request(world, "ana", "cleo", proposer)["id"]
    other = "cleo" if proposer == "ana" else "ana"
    listed = match.proposals(world.kit, **world.at, program="traders")[0]
    assert listed["awaiting"] == ("mentor" if other == "cleo" else "mentee")
    by = {"tenant": "acme", "proposal": one}
    assert refused(Conflict, accept.accept, world.kit, actor=world.by(proposer), **by)
    said = accept.accept(world.kit, actor=world.by(other), **by)
    if said["state"] == "offered":
        assert chain == ["coordinator"]
        said = accept.accept(world.kit, **world.at, proposal=one, on_behalf_of="coordinator")
    assert said["state"] == "accepted"


def test_a_participant_does_not_learn_of_a_draft_but_takes_its_place(create_world: Any) -> None:
    world = create_world(matching="self")
    match.draft(world.kit, **world.at, program="traders")
    request(world, "ana", "cleo", "ana")
    rows = match.proposals(world.kit, **world.at, program="traders")
    assert {(r["state"], r["reason"], r["origin"]) for r in rows if r["mentor"] == "Cleo"} == {
        ("withdrawn", "asked_for", "strategy"),
        ("offered", None, "mentee"),
    }
    assert refused(Conflict, request, world, "ana", "cleo", "ana") == "safeguard.proposed_now"


def test_a_participant_is_shown_only_what_is_theirs_and_was_offered(world: Any) -> None:
    kit = world.kit

    def shown(verb: Any, who: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = verb(
            kit, tenant="acme", actor=world.by(who), program="traders"
        )
        return rows

    run = match.draft(kit, **world.at, program="traders")["id"]
    assert shown(match.proposals, "ana") == []
    match.discard(kit, **world.at, run=run)
    assert shown(match.proposals, "ana") == []  # nobody was told of it
    first, second = proposed(world, "ana", "cleo"), proposed(world, "ben", "dora")
    assert shown(match.proposals, "cleo") == []  # Ana is asked first
    accept.accept(kit, tenant="acme", actor=world.by("ana"), proposal=first)
    (row,) = shown(match.proposals, "cleo")
    assert (row["id"], row["mentee_key"], row["mentor_key"]) == (first, None, "cleo")
    for one in (first, second):
        accept.accept(kit, **world.at, proposal=one)
    (held,) = shown(meet.relationships, "ana")
    assert [member["key"] for member in held["members"]] == ["ana", None]
    two = {"person": world.persons["cleo"], "other": world.persons["ana"]}
    protect.block(kit, **world.at, **two)
    (held,) = shown(meet.relationships, "ana")
    assert (held["state"], "reason" in held) == ("ended", False)
    outside = {"tenant": "acme", "actor": Actor(user_ref="stranger"), "program": "traders"}
    for verb in (match.proposals, meet.relationships):
        assert refused(NotAllowed, verb, kit, **outside) == "program.staff_only"


def test_nobody_learns_somebody_elses_key_or_a_score(create_world: Any) -> None:
    people = [lead("ana@home", "mentee", trade="baker"), lead("cleo@home", "mentor", trade="baker")]
    world = create_world(people)
    who = {"mentee": world.ids["ana@home"], "mentor": world.ids["cleo@home"]}
    match.propose(world.kit, **world.at, **who)
    own = {"tenant": "acme", "actor": world.by("ana@home"), "program": "traders"}
    (row,) = match.proposals(world.kit, **own)
    assert (row["mentee_key"], row["mentor_key"]) == ("ana@home", None)
    (row,) = match.proposals(world.kit, **world.at, program="traders")
    assert row["mentor_key"] == "cleo@home"


def test_a_yes_after_the_time_to_answer_is_too_late_for_everybody(world: Any) -> None:
    one = proposed(world, "ana", "cleo")
    world.kit.clock.forward(days=10)
    for actor in (world.by("ana"), world.admin):
        by = {"tenant": "acme", "actor": actor, "proposal": one}
        assert refused(Conflict, accept.accept, world.kit, **by) == "proposal.too_late"
    by["actor"] = world.by("ana")
    assert refused(Conflict, accept.ask, world.kit, **by, text="Still?") == "proposal.too_late"


def test_only_staff_extend_a_relationship(world: Any) -> None:
    done = accept.accept(world.kit, **world.at, proposal=proposed(world, "ana", "cleo"))
    values = {"relationship": done["relationship_id"], "days": 30}
    for who in ("ana", "cleo"):
        by = {"tenant": "acme", "actor": world.by(who), **values}
        assert refused(NotAllowed, meet.extend, world.kit, **by) == "relationship.staff_extend"
    assert meet.extend(world.kit, **world.at, **values)["ends_at"] > done["relationship"]["ends_at"]


def test_a_mentee_does_not_give_themselves_more_places(world: Any) -> None:
    ana = {"participant": world.ids["ana"], "capacity": 2}
    by = {"tenant": "acme", "actor": world.by("ana")}
    code = refused(NotAllowed, onboard.set_capacity, world.kit, **by, **ana)
    assert code == "participant.staff_raise"
    assert onboard.set_capacity(world.kit, **world.at, **ana)["capacity"] == 2
    cleo = {"tenant": "acme", "actor": world.by("cleo"), "participant": world.ids["cleo"]}
    assert onboard.set_capacity(world.kit, **cleo, capacity=5)["capacity"] == 5


def both_worlds(create_world: Any) -> Any:
    people = [
        lead("bo", "both", trade="baker", capacity=3),
        lead("ana", "mentee", trade="baker"),
        lead("cleo", "mentor", trade="baker"),
        lead("dora", "mentor", trade="baker"),
    ]
    return create_world(people)


def test_somebody_who_is_both_is_mentee_no_more_often_than_a_mentee(create_world: Any) -> None:
    world = both_worlds(create_world)
    first, second = proposed(world, "bo", "cleo"), proposed(world, "bo", "dora")
    accept.accept(world.kit, **world.at, proposal=first)
    listed = {row["id"]: row for row in match.proposals(world.kit, **world.at, program="traders")}
    assert (listed[second]["state"], listed[second]["reason"]) == ("withdrawn", "place_taken")
    code = refused(Conflict, accept.accept, world.kit, **world.at, proposal=second)
    assert code == "proposal.illegal_move"
    used = {r["key"]: r["used"] for r in screen.review(world.kit, **world.at, program="traders")}
    assert (used["bo"], used["cleo"], used["dora"]) == (1, 1, 0)
    assert accept.accept(world.kit, **world.at, proposal=proposed(world, "ana", "bo"))["state"] == (
        "accepted"
    )


def test_of_two_mentors_who_accept_somebody_at_once_one_is_refused(create_world: Any) -> None:
    world = both_worlds(create_world)
    ids = [proposed(world, "bo", mentor) for mentor in ("cleo", "dora")]
    barrier, told = threading.Barrier(2), []

    def call(one: str) -> None:
        barrier.wait()
        try:
            accept.accept(world.kit, **world.at, proposal=one)
            told.append("yes")
        except Conflict as error:
            told.append(error.code)

    threads = [threading.Thread(target=call, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["proposal.illegal_move", "yes"]
