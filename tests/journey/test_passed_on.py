"""Passing on: what a mentee wrote goes to the next mentor where she says so, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.errors import Invalid, NotAllowed, NotFound
from mentorkit.journey import accept, handover, match, meet, onboard, protect, relay


@pytest.fixture
def world(create_world: Any) -> SimpleNamespace:
    """Ana and Cleo wrote to each other and met for an hour; then Ana was handed over."""
    made: SimpleNamespace = create_world()
    first = {"tenant": "acme", "relationship": connect(made, "ana", "cleo")}
    relay.send(made.kit, **first, actor=made.by("ana"), text="I want a second oven.")
    relay.send(made.kit, **first, actor=made.by("cleo"), text="My oven is for sale.")
    relay.send(made.kit, **first, actor=made.by("ana"), text="My rent is late.")
    meet.log(made.kit, **first, actor=made.admin, minutes=60)
    handover.hand_over(made.kit, **first, actor=made.admin)
    made.ana = {"tenant": "acme", "actor": made.by("ana"), "participant": made.ids["ana"]}
    return made


def connect(world: SimpleNamespace, mentee: str, mentor: str) -> str:
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    asked = match.propose(world.kit, **world.at, **two)["id"]
    return str(accept.accept(world.kit, **world.at, proposal=asked)["relationship"]["id"])


def words(world: SimpleNamespace) -> dict[str, str]:
    return {one["text"]: one["id"] for one in handover.own_words(world.kit, **world.ana)["words"]}


def read(world: SimpleNamespace, held: str, who: str) -> list[dict[str, Any]]:
    actor = world.admin if who == "staff" else world.by(who)
    return handover.passed_on(world.kit, tenant="acme", actor=actor, relationship=held)


def test_nothing_is_passed_on_by_itself(world: SimpleNamespace) -> None:
    assert words(world).keys() == {"I want a second oven.", "My rent is late."}, "her own alone"
    held = connect(world, "ana", "dora")
    assert read(world, held, "dora") == []


def test_the_next_mentor_reads_what_she_chose_and_nothing_else(world: SimpleNamespace) -> None:
    chosen = words(world)["I want a second oven."]
    handover.pass_on(world.kit, **world.ana, words=[chosen], time=True)
    held = connect(world, "ana", "dora")
    (told,) = read(world, held, "dora")
    assert [one["text"] for one in told["words"]] == ["I want a second oven."]
    assert (told["name"], told["meetings"], told["minutes"]) == ("Ana", 1, 60)
    assert [one["own"] for one in read(world, held, "ana")] == [True]
    assert read(world, held, "staff") == [], "what was carried is not for staff"
    with pytest.raises(NotFound):
        read(world, held, "cleo")


def test_she_takes_it_back_and_consent_and_the_end_take_it_away(world: SimpleNamespace) -> None:
    handover.pass_on(world.kit, **world.ana, words=list(words(world).values()))
    held = connect(world, "ana", "dora")
    (told,) = read(world, held, "dora")
    assert (len(told["words"]), told["meetings"]) == (2, 0), "of the time she said nothing"
    handover.pass_on(world.kit, **world.ana)
    assert read(world, held, "dora") == []
    handover.pass_on(world.kit, **world.ana, time=True)
    assert len(read(world, held, "dora")) == 1
    onboard.withdraw(world.kit, **world.ana)
    assert read(world, held, "dora") == []
    onboard.consent(world.kit, **world.ana)
    meet.end(world.kit, **world.at, relationship=held)
    assert read(world, held, "dora") == []


def test_what_another_wrote_is_not_hers_to_pass_on(world: SimpleNamespace) -> None:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (theirs,) = [n.id for n in tx.notes.find(author_id=world.persons["cleo"])]
    with pytest.raises(Invalid) as refused:
        handover.pass_on(world.kit, **world.ana, words=[theirs])
    assert refused.value.code == "words.unknown"


def test_nobody_else_says_what_is_passed_on(world: SimpleNamespace) -> None:
    for actor, error in ((world.admin, NotAllowed), (world.by("cleo"), NotFound)):
        with pytest.raises(error):
            handover.pass_on(world.kit, **{**world.ana, "actor": actor}, time=True)
        with pytest.raises(error):
            handover.own_words(world.kit, **{**world.ana, "actor": actor})


def test_with_her_goes_what_she_wrote(world: SimpleNamespace) -> None:
    ids = list(words(world).values())
    handover.pass_on(world.kit, **world.ana, words=ids)
    held = connect(world, "ana", "dora")
    assert len(read(world, held, "dora")) == 1
    protect.erase(world.kit, **world.at, person=world.persons["ana"])
    assert read(world, held, "dora") == []
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert not any(note.text for note in tx.notes.get_many(ids).values())
