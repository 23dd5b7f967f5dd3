"""Where people came from is kept to the end, and what a connected pair has cost is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import Invalid, NotAllowed
from mentorkit.journey import accept, match, meet, programs, signup, sources
from tests.journey.conftest import lead


def table(world: SimpleNamespace) -> dict[tuple[str, str], dict[str, Any]]:
    rows = sources.sources(world.kit, **world.at, program="traders")
    return {(row["source"], row["campaign"]): row for row in rows}


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in sources.COUNTS)


@pytest.fixture
def world(create_world: Any) -> SimpleNamespace:
    made: SimpleNamespace = create_world(
        [
            lead("ana", "mentee", trade="baker", source="radio", campaign="may"),
            lead("ben", "mentee", trade="smith", source="radio", campaign="may"),
            lead("eva", "mentee", trade="smith", source="radio", campaign="june"),
            lead("gil", "mentee", trade="tailor"),
            lead("cleo", "mentor", trade="baker", source="friends"),
            lead("dora", "mentor", trade="smith", source="friends", capacity=2),
        ]
    )
    return made


def connect(world: SimpleNamespace, mentee: str, mentor: str) -> str:
    ids = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    made = match.propose(world.kit, **world.at, **ids)
    done = accept.accept(world.kit, **world.at, proposal=made["id"])
    return str(done["relationship"]["id"])


def test_f6_a_source_is_kept_from_lead_to_completed(world: SimpleNamespace) -> None:
    held = connect(world, "ana", "cleo")
    connect(world, "eva", "dora")
    meet.end(world.kit, **world.at, relationship=held, reason="goal_reached")
    programs.define(world.kit, **world.at, program="traders", kind="supply", body={"gate": False})
    signup.sign_up(
        world.kit,
        tenant=world.tenant,
        actor=Actor(means="form"),
        program="traders",
        role="mentee",
        name="Hal",
        phone="+254 700 123456",
        answers={"trade": "baker"},
        source="radio",
        campaign="june",
    )
    rows = table(world)
    assert counts(rows["radio", "may"]) == (2, 2, 2, 1, 1)
    assert counts(rows["radio", "june"]) == (2, 1, 1, 1, 0)
    assert counts(rows["friends", ""]) == (2, 2, 2, 2, 1)


def test_f6_an_unknown_source_is_its_own_row(world: SimpleNamespace) -> None:
    assert counts(table(world)["", ""]) == (1, 1, 1, 0, 0)


def test_f6_cost_is_told_per_connected_pair_not_per_sign_up(world: SimpleNamespace) -> None:
    at = {**world.at, "program": "traders"}
    sources.spend(world.kit, **at, source="radio", campaign="may", amount="900", currency="kes")
    row = table(world)["radio", "may"]
    assert (row["cost"], row["currency"], row["per_pair"]) == ("900.00", "KES", None)
    connect(world, "ana", "cleo")
    assert table(world)["radio", "may"]["per_pair"] == "900.00"
    connect(world, "ben", "dora")
    assert table(world)["radio", "may"]["per_pair"] == "450.00"
    sources.spend(world.kit, **at, source="radio", campaign="may", amount="1000.5", currency="KES")
    assert table(world)["radio", "may"]["per_pair"] == "500.25"
    sources.spend(world.kit, **at, source="posters", amount="10", currency="USD")
    assert counts(table(world)["posters", ""]) == (0, 0, 0, 0, 0)


def test_f6_a_cost_that_is_none_is_refused(world: SimpleNamespace) -> None:
    at = {**world.at, "program": "traders", "source": "radio"}
    with pytest.raises(Invalid) as wrong:
        sources.spend(world.kit, **at, amount="a lot", currency="shillings")
    assert [one.place for one in wrong.value.problems] == ["amount", "currency"]
    for amount in ("-1", "NaN", "1e20"):
        with pytest.raises(Invalid):
            sources.spend(world.kit, **at, amount=amount, currency="KES")
    with pytest.raises(NotAllowed):
        given = {**at, "actor": world.by("ana")}
        sources.spend(world.kit, **given, amount="1", currency="KES")
