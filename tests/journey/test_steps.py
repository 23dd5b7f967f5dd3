"""One step for many things: what is in the way of one is not in the way of all."""

from __future__ import annotations

from typing import Any

import pytest

from mentorkit.errors import Conflict
from mentorkit.journey import onboard, steps


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
