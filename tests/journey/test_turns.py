"""A proposal is told to a side only once it is their turn, or they have had a part in it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound
from mentorkit.journey import (
    accept,
    browse,
    choices,
    concerns,
    match,
    meet,
    programs,
    standing,
    suggestions,
)
from mentorkit.worker import work
from tests.journey.conftest import lead
from tests.journey.test_worker import Post, plugin

KEYS = {"mentee": "ana", "mentor": "cleo"}
CHAINS = [
    ("mentee", "mentor"), ("mentor", "mentee"), ("coordinator", "mentee", "mentor"),
    ("coordinator", "mentor", "mentee"), ("mentee",), ("mentor",), ("coordinator",),
]  # fmt: skip


@pytest.fixture
def create_offer(create_world: Callable[..., Any], create_kit: Callable[..., Any]) -> Any:
    """Return a factory of worlds in which staff have proposed Ana and Cleo to each other."""

    def create(*chain: str, **program: Any) -> SimpleNamespace:
        post = Post()
        kit = create_kit(plugins=("matching", plugin(post)))
        world: SimpleNamespace = create_world(kit=kit, accept_chain=list(chain), **program)
        world.post = post
        two = {side: world.ids[key] for side, key in KEYS.items()}
        world.proposal = match.propose(kit, **world.at, **two)["id"]
        work(kit)
        return world

    return create


def own(world: Any, key: str) -> dict[str, Any]:
    return {"tenant": "acme", "actor": world.by(key)}


def finds(world: Any, key: str) -> set[bool]:
    """Return whether somebody finds the proposal, by each way in which they could."""
    by, of = own(world, key), {"program": "traders"}
    (part,) = standing.home(world.kit, **by)["parts"]
    form = concerns.form(world.kit, **by, **of, proposal=world.proposal)
    found = [
        bool(match.proposals(world.kit, **by, **of)),
        bool(browse.proposals(world.kit, **by, **of)["items"]),
        bool(part["proposals"]),
        bool(form["people"]),
        (part["stage"], form["chosen"]) != ("looking", ""),
    ]
    for verb in (accept.show, accept.talk):
        try:
            verb(world.kit, **by, proposal=world.proposal)
            found.append(True)
        except NotFound:
            found.append(False)
    if key == "ana":
        listed = choices.show(world.kit, **by, participant=world.ids["ana"])
        found += [bool(listed["choices"]), bool(listed["trace"])]
    return set(found)


def hears(world: Any, key: str) -> bool:
    work(world.kit)
    return world.persons[key] in {one.person_id for one in world.post.carried}


@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_each_is_told_when_it_is_their_turn_and_not_before(
    create_offer: Any, chain: tuple[str, ...]
) -> None:
    world = create_offer(*chain)
    told: set[str] = set()
    for awaited in chain:
        told |= {awaited}
        for side, key in KEYS.items():
            assert finds(world, key) == {side in told}, (awaited, side)
            assert hears(world, key) == (side in told)
        by = world.at if awaited == "coordinator" else own(world, KEYS[awaited])
        staff = {"on_behalf_of": awaited} if awaited == "coordinator" else {}
        said = accept.accept(world.kit, **by, proposal=world.proposal, **staff)
    assert said["state"] == "accepted"
    for key in KEYS.values():  # it has begun, also where they were not asked
        assert accept.show(world.kit, **own(world, key), proposal=world.proposal)["talk"] == []
        assert len(match.proposals(world.kit, **own(world, key), program="traders")) == 1
        assert hears(world, key)


@pytest.mark.parametrize("end", ["decline", "expire", "withdraw"])
@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_what_ended_before_their_turn_is_told_to_nobody(
    create_offer: Any, clock: Any, chain: tuple[str, ...], end: str
) -> None:
    world = create_offer(*chain)
    if end == "expire":
        clock.forward(days=11)
        work(world.kit)
    else:
        getattr(accept, end)(world.kit, **world.at, proposal=world.proposal)
    for side, key in KEYS.items():
        rows = match.proposals(world.kit, **own(world, key), program="traders")
        assert bool(rows) == (side == chain[0])
        assert hears(world, key) == (side == chain[0])
        (part,) = standing.home(world.kit, **own(world, key))["parts"]
        assert part["stage"] == "looking"


@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_who_is_not_asked_yet_can_do_nothing_about_it(
    create_offer: Any, chain: tuple[str, ...]
) -> None:
    world = create_offer(*chain)
    for side, key in KEYS.items():
        if side == chain[0]:
            continue
        by = {**own(world, key), "proposal": world.proposal}
        other = {"on_behalf_of": next(one for one in KEYS if one != side)}
        for verb, given in (
            (accept.accept, {}), (accept.accept, other), (accept.decline, {}),
            (accept.withdraw, {}), (accept.ask, {"text": "When?"}),
            (accept.reply, {"text": "Now."}),
        ):  # fmt: skip
            with pytest.raises(NotFound) as caught:
                verb(world.kit, **by, **given)
            assert str(caught.value) == "There is no such proposal here."
    assert accept.show(world.kit, **world.at, proposal=world.proposal)["state"] == "offered"


def test_a_question_tells_the_other_side_of_it_before_their_turn(create_offer: Any) -> None:
    world = create_offer("mentee", "mentor")
    about = {"proposal": world.proposal}
    accept.ask(world.kit, **own(world, "ana"), **about, text="In the evening?")
    assert finds(world, "cleo") == {True}
    accept.reply(world.kit, **own(world, "cleo"), **about, text="Yes.")
    with pytest.raises(Conflict, match="not asked yet"):
        accept.accept(world.kit, **own(world, "cleo"), **about)
    accept.decline(world.kit, **own(world, "ana"), **about)
    assert accept.show(world.kit, **own(world, "cleo"), **about)["state"] == "declined"


@pytest.mark.parametrize("role", ["coordinator", "supervisor", "viewer"])
def test_staff_who_are_one_of_the_two_see_it_as_they_see_the_others(
    create_offer: Any, role: str
) -> None:
    world = create_offer("mentee", "mentor")
    programs.appoint(
        world.kit, **world.at, program="traders", role=role, person=world.persons["cleo"]
    )
    (row,) = match.proposals(world.kit, **own(world, "cleo"), program="traders")
    shown = accept.show(world.kit, **own(world, "cleo"), proposal=row["id"])
    assert (shown["as_role"], shown["yours"], row["your_turn"]) == ("mentor", False, False)
    (part,) = standing.home(world.kit, **own(world, "cleo"))["parts"]
    assert part["proposals"] == []


def test_who_asks_for_somebody_does_not_learn_that_the_other_is_asked_about_them(
    create_offer: Any,
) -> None:
    world = create_offer("mentor", "mentee", matching="self")
    two = {side: world.ids[key] for side, key in KEYS.items()}
    with pytest.raises(Conflict) as caught:
        match.propose(world.kit, **own(world, "ana"), **two)
    assert caught.value.code == "proposal.not_possible"
    assert "open" not in str(caught.value)
    with pytest.raises(Conflict) as caught:  # who was told of it is told
        match.propose(world.kit, **own(world, "cleo"), **two)
    assert caught.value.code == "safeguard.proposed_now"


def test_a_choice_that_cannot_be_kept_yet_is_named_and_takes_back_no_other(
    create_offer: Any,
) -> None:
    world = create_offer("mentor", "mentee", matching="self")

    def rank(*keys: str, **by: Any) -> list[tuple[str, str]]:
        mentors = [world.ids[key] for key in keys]
        told = choices.rank(world.kit, **by, mentee=world.ids["ana"], mentors=mentors)
        return [(one["mentor"], one["state"]) for one in told["choices"]]

    ana = own(world, "ana")
    assert rank("dora", **ana) == [("Dora", "draft")]
    with pytest.raises(Invalid) as caught:
        rank("cleo", "dora", **ana)
    (problem,) = caught.value.problems
    assert (problem.place, "cannot be arranged now" in problem.message) == ("mentors[0]", True)
    listed = choices.show(world.kit, **ana, participant=world.ids["ana"])["choices"]
    assert [(one["mentor"], one["state"]) for one in listed] == [("Dora", "draft")]
    accept.accept(world.kit, **own(world, "cleo"), proposal=world.proposal)  # now she knows
    assert ("Cleo", "offered") in rank("cleo", "dora", **ana)


@pytest.mark.parametrize("first", ["mentor", "coordinator"])
def test_of_whom_a_proposal_is_kept_still_asks_others_and_is_told_what_everybody_is(
    create_offer: Any, first: str
) -> None:
    chain = dict.fromkeys((first, "mentor", "mentee"))
    world = create_offer(*chain, matching="self")
    ana = own(world, "ana")
    told = suggestions.mentors(world.kit, **ana, participant=world.ids["ana"])
    assert [one["name"] for one in told["mentors"]] == ["Dora"]
    keys = {"mentee", "program", "where", "mentors"}
    assert set(told) == keys, "a private no would show by what ceases"
    assert "Cleo" not in str(told)
    two = {"mentee": world.ids["ana"], "mentor": told["mentors"][0]["id"]}
    assert match.propose(world.kit, **ana, **two)["state"] == "offered"
    told = suggestions.mentors(world.kit, **own(world, "ben"), participant=world.ids["ben"])
    assert set(told) == keys


def test_a_no_that_a_mentee_was_never_asked_about_changes_nothing_of_what_they_see(
    create_offer: Any,
) -> None:
    world = create_offer("mentor", "mentee", matching="self")
    at = {**own(world, "ana"), "participant": world.ids["ana"]}
    before = suggestions.mentors(world.kit, **at)
    assert [one["name"] for one in before["mentors"]] == ["Dora"]
    accept.decline(world.kit, **own(world, "cleo"), proposal=world.proposal)
    assert suggestions.mentors(world.kit, **at) == before


def test_who_knows_of_an_open_proposal_is_told_that_it_holds_their_place(
    create_offer: Any,
) -> None:
    world = create_offer("mentor", "mentee", matching="self")

    def why(**by: Any) -> str:
        with pytest.raises(Conflict) as caught:
            suggestions.mentors(world.kit, **by, participant=world.ids["ana"])
        return str(caught.value)

    assert "an open proposal holds it" in why(**world.at)
    accept.accept(world.kit, **own(world, "cleo"), proposal=world.proposal)
    assert "an open proposal holds it" in why(**own(world, "ana"))


# ------------------------------------------------------------------ who parted early


def parted(world: Any, mentee: str, mentor: str, reason: str = "not_a_fit") -> None:
    """Let two be together, and end it."""
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    made = match.propose(world.kit, **world.at, **two)["id"]
    held = accept.accept(world.kit, **world.at, proposal=made)["relationship_id"]
    meet.end(world.kit, **own(world, mentee), relationship=held, reason=reason)


def asks(world: Any, key: str, mentee: str, mentor: str) -> dict[str, Any]:
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    return match.propose(world.kit, **own(world, key), **two)


@pytest.mark.parametrize("asker", ["ana", "cleo"])
def test_who_parted_early_does_not_ask_again_but_staff_propose_the_two(
    create_world: Any, asker: str
) -> None:
    world = create_world(matching="self")
    parted(world, "ana", "cleo")
    with pytest.raises(Conflict) as caught:
        asks(world, asker, "ana", "cleo")
    assert caught.value.code == "proposal.parted"
    for word in ("nobody's fault", "Ask for somebody else", "a coordinator can propose you"):
        assert word in str(caught.value)
    assert not any(name in str(caught.value) for name in ("Ana", "Cleo", "mentee", "mentor"))
    assert asks(world, asker, *(("ana", "dora") if asker == "ana" else ("ben", "cleo")))["id"]
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    assert match.propose(world.kit, **world.at, **two)["state"] == "offered"


def test_who_parted_early_is_not_ranked_by_the_mentee_and_is_by_staff(create_world: Any) -> None:
    world = create_world(matching="self")
    parted(world, "ana", "cleo")
    wanted = {"mentee": world.ids["ana"], "mentors": [world.ids["cleo"]]}
    with pytest.raises(MentorKitError) as caught:
        choices.rank(world.kit, **own(world, "ana"), **wanted)
    assert "nobody's fault" in str(caught.value)
    told = choices.rank(world.kit, **world.at, **wanted)["choices"]
    assert [one["state"] for one in told] == ["accepted", "offered"]


@pytest.mark.parametrize("reason", ["completed", "goal_reached"])
def test_who_came_to_the_end_together_may_ask_again(create_world: Any, reason: str) -> None:
    world = create_world(matching="self")
    parted(world, "ana", "cleo", reason)
    assert asks(world, "ana", "ana", "cleo")["state"] == "offered"


# ------------------------------------------------------------------ peers


def peers(create_world: Any) -> Any:
    people = [lead(key, "both", trade="baker", capacity=4) for key in ("ana", "ben")]
    return create_world(people, kind="peer", matching="self")


@pytest.mark.parametrize("asked", [("ana", "ben"), ("ben", "ana")])
@pytest.mark.parametrize("again", [("ana", "ben"), ("ben", "ana")])
def test_a_peers_no_counts_whichever_way_round_the_two_stand(
    create_world: Any, asked: tuple[str, str], again: tuple[str, str]
) -> None:
    """Ana asks, Ben says no: she does not ask again, and he may."""
    world = peers(create_world)
    made = asks(world, "ana", *asked)["id"]
    accept.decline(world.kit, **own(world, "ben"), proposal=made)
    with pytest.raises(Conflict) as caught:
        asks(world, "ana", *again)
    assert caught.value.code == "proposal.not_possible"
    assert match.draft(world.kit, **world.at, program="traders")["summary"]["pairs"] == 0
    assert asks(world, "ben", *again)["state"] == "offered"


@pytest.mark.parametrize("again", [("ana", "ben"), ("ben", "ana")])
def test_peers_who_parted_early_do_not_ask_again_either_way_round(
    create_world: Any, again: tuple[str, str]
) -> None:
    world = peers(create_world)
    parted(world, "ana", "ben")
    for key in ("ana", "ben"):
        with pytest.raises(Conflict) as caught:
            asks(world, key, *again)
        assert caught.value.code == "proposal.parted"
