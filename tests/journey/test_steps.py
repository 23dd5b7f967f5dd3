"""One step for many things: what is in the way of one is not in the way of all."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict
from mentorkit.journey import onboard, signup, steps


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mentorkit.kit.time.sleep", lambda _: None)


def pausing(world: Any, verb: Any) -> dict[str, Any]:
    ids = [world.ids[key] for key in ("ana", "ben", "cleo")]
    return steps.many(world.kit, verb, ids, noun="participant", **world.at)


@pytest.mark.parametrize("code", ["store.busy", "participant.stale"])
def test_what_others_were_in_the_way_of_is_done_again(world: Any, code: str) -> None:
    tries: list[str] = []

    def verb(kit: Any, *, participant: str, **by: Any) -> Any:
        tries.append(participant)
        if len(tries) == 2:
            raise Conflict(code, "others")
        return onboard.pause(kit, participant=participant, **by)

    report = pausing(world, verb)
    assert [one["state"] for one in report["done"]] == ["paused"] * 3
    assert report["refused"] == []


@pytest.mark.parametrize("code", ["store.busy", "participant.stale"])
def test_what_others_stay_in_the_way_of_is_refused_alone(world: Any, code: str) -> None:
    def verb(kit: Any, *, participant: str, **by: Any) -> Any:
        if participant == world.ids["ben"]:
            raise Conflict(code, "others")
        return onboard.pause(kit, participant=participant, **by)

    report = pausing(world, verb)
    assert [one["id"] for one in report["done"]] == [world.ids["ana"], world.ids["cleo"]]
    assert [(one["id"], one["code"]) for one in report["refused"]] == [(world.ids["ben"], code)]


def test_who_was_made_known_in_a_savepoint_that_is_undone_is_unknown_again(world: Any) -> None:
    me = Actor(user_ref="u-new", means="form")
    told = {"program": "traders", "role": "mentee", "name": "New", "email": "new@example.org"}

    def twice(tx: Any) -> dict[str, Any]:
        with suppress(RuntimeError), tx.savepoint():
            signup.sign_up(world.kit, tenant="acme", actor=me, tx=tx, **told)
            raise RuntimeError("the host has changed its mind")
        return signup.sign_up(world.kit, tenant="acme", actor=me, tx=tx, **told)

    one = world.kit.write("acme", twice)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (event,) = tx.journal.about("participant", one["id"])
    assert event.actor_id == one["person_id"]
