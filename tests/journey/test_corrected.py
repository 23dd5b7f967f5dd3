"""Whoever took the wrong form: nobody is matched on the side that they are no longer on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mentorkit import matching
from mentorkit.errors import Conflict
from mentorkit.journey import accept, match, onboard, screen
from tests.journey.conftest import ids


def corrects(world: Any, key: str, role: str) -> dict[str, Any]:
    return screen.correct_role(world.kit, **world.at, participant=world.ids[key], role=role)


def returns(world: Any, key: str) -> None:
    for verb in (screen.approve, onboard.consent, onboard.complete):
        verb(world.kit, **world.at, participant=world.ids[key])


def part(world: Any, key: str) -> Any:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return tx.participants.get(world.ids[key])


def turned(world: Any, key: str, role: str) -> None:
    """Give somebody another role as no step does, as data from before may have it."""
    with world.kit.transaction(tenant=world.tenant) as tx:
        found = tx.participants.get(world.ids[key])
        tx.participants.save(replace(found, role=role))


def pairs(world: Any) -> dict[tuple[str, str], tuple[str, str | None]]:
    rows = match.proposals(world.kit, **world.at, program="traders")
    return {(row["mentee"], row["mentor"]): (row["state"], row["reason"]) for row in rows}


# ------------------------------------------------------------------ no pair on the old side


def test_who_changes_sides_while_a_draft_is_computed_is_not_drafted_on_the_old_side(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = matching.run

    def corrected_meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(matching, "run", run)
        done = run(*given, **named)
        corrects(world, "ana", "mentor")
        return done

    monkeypatch.setattr(matching, "run", corrected_meanwhile)
    made = match.draft(world.kit, **world.at, program="traders")
    assert made["summary"]["pairs"] == 1
    assert {mentee for mentee, _ in pairs(world)} == {"Ben"}


def test_a_pair_whose_mentee_is_a_mentor_by_now_is_neither_published_nor_begun(world: Any) -> None:
    run = match.draft(world.kit, **world.at, program="traders", locks=[("ana", "cleo")])["id"]
    asked = match.propose(world.kit, **world.at, **ids(world, "ana", "dora"))["id"]
    turned(world, "ana", "mentor")
    withheld = match.publish(world.kit, **world.at, run=run)["withheld"]
    assert [one["code"] for one in withheld] == ["wrong_role"]
    assert "not on that side" in withheld[0]["message"]
    with pytest.raises(Conflict) as caught:
        accept.accept(world.kit, **world.at, proposal=asked)
    assert caught.value.code == "safeguard.wrong_role"
    assert pairs(world)["Ana", "Cleo"] == ("withdrawn", "wrong_role")
