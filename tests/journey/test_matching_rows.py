"""What the field asks of matching, row by row, through the journey."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from mentorkit.domain.participants import Lead
from mentorkit.errors import Conflict, Invalid
from mentorkit.journey import (
    accept,
    match,
    onboard,
    programs,
    protect,
    recruit,
    screen,
    suggestions,
)  # fmt: skip
from mentorkit.journey.steps import many
from tests.journey.conftest import ADMIN, PRESET, lead


def drafted(world: Any, **options: Any) -> dict[str, Any]:
    return match.draft(world.kit, **world.at, program="traders", **options)


def pairs(world: Any, state: str = "draft") -> dict[tuple[str, str], dict[str, Any]]:
    rows = match.proposals(world.kit, **world.at, program="traders", state=state)
    return {(row["mentee_key"], row["mentor_key"]): row for row in rows}


def test_f12_the_whole_pool_is_matched_with_capacity_reviewed_and_published(
    create_world: Any,
) -> None:
    """As many pairs as can be, no mentor above their places, nobody told before it is published."""
    dice, trades = Random(12), ("baker", "tailor", "smith")
    people = [lead(f"e{n}", "mentee", trade=dice.choice(trades)) for n in range(60)]
    people += [
        lead(f"m{n}", "mentor", trade=dice.choice(trades), capacity=1 + n % 3) for n in range(25)
    ]
    world = create_world(people)
    run = drafted(world)
    summary = run["summary"]
    assert summary["pairs"] == summary["pairs_bound"], "nobody more could be paired"
    assert summary["total"] == summary["total_bound"]
    match.review(world.kit, **world.at, run=run["id"])
    assert match.publish(world.kit, **world.at, run=run["id"])["offered"] == summary["pairs"]
    held = Counter(mentor for _, mentor in pairs(world, "offered"))
    places = {one.key: one.capacity for one in people}
    assert all(count <= places[mentor] for mentor, count in held.items())
    assert not pairs(world)


def test_f13_a_locked_pair_is_in_every_result(world: Any) -> None:
    drafted(world, locks=[("ana", "dora")])
    for seed in range(3):
        made = drafted(world, seed=seed)
        assert made["dropped_locks"] == []
        assert pairs(world)["ana", "dora"]["locked"]


def test_f13_a_lock_that_cannot_be_is_reported_and_not_dropped_in_silence(world: Any) -> None:
    drafted(world, locks=[("ana", "cleo")])
    with pytest.raises(Conflict, match="has no place left"):
        drafted(world, locks=[("ana", "cleo"), ("ben", "cleo")])
    people = {"person": world.persons["ana"], "other": world.persons["cleo"]}
    protect.block(world.kit, **world.at, **people)
    assert drafted(world)["dropped_locks"] == [], "blocking has withdrawn it already"
    onboard.pause(world.kit, **world.at, participant=world.ids["dora"])
    with pytest.raises(Invalid) as refused:
        drafted(world, locks=[("ben", "dora")])
    assert "dora" in str(refused.value)


def test_f14_reasons_sum_to_the_score_and_each_carries_what_it_weighs(create_world: Any) -> None:
    people = [
        lead("ana", "mentee", trade="baker", village="Ora"),
        lead("cleo", "mentor", trade="baker", village="Ora"),
    ]
    both_ways = {}
    for turn, answer in enumerate(("baker", "smith")):
        world = create_world(people, tenant=f"t{turn}")
        told = {"trade": answer}
        onboard.answer(world.kit, **world.at, participant=world.ids["cleo"], answers=told)
        drafted(world)
        (one,) = pairs(world).values()
        for side in ("reasons", "reasons_mentor"):
            assert sum(reason["points"] for reason in one[side]) == one["score"]
            assert one["words" if side == "reasons" else "words_mentor"]
        both_ways[answer] = one
    gone = both_ways["baker"]["score"] - both_ways["smith"]["score"]
    carried = [reason["points"] for reason in both_ways["baker"]["reasons"]]
    assert gone == max(carried) == 7500, "3 of the 4 parts of the weight"


def test_f14_a_rule_is_apart_from_the_weights(create_world: Any) -> None:
    world = create_world(
        [
            lead("ana", "mentee", trade="baker", village="Ora"),
            lead("cleo", "mentor", trade="smith", village="Ora"),
        ]
    )
    body = {**PRESET["strategy"], "rules": [{"rule": "same", "field": "trade"}]}
    programs.define(world.kit, **world.at, program="traders", kind="strategy", body=body)
    assert drafted(world)["summary"]["pairs"] == 0, "no score makes up for it"


VOCABULARIES = {"expertise": 11, "industry": 55, "languages": 22, "country": 250}
"""How many options MicroMentor's lists have."""


def test_s1_among_500_with_real_sized_lists_no_suggestion_crosses_a_language(
    create_kit: Any,
) -> None:
    kit, dice = create_kit(), Random(1)
    lists = {name: [f"{name}-{n}" for n in range(most)] for name, most in VOCABULARIES.items()}
    several = ("expertise", "languages")
    at: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
    preset = {
        "title": "Owners",
        "program": {"matching": "self"},
        "fields": {
            name: {"kind": "options" if name in several else "option", "options": options}
            for name, options in lists.items()
        },
        "strategy": {
            "rules": [{"rule": "shares_any", "field": "languages"}],
            "criteria": [
                {"criterion": "set_overlap", "field": "expertise", "weight": 3},
                {"criterion": "equal", "field": "industry", "weight": 2},
                {"criterion": "equal", "field": "country", "weight": 1},
            ],
        },
        "consent": {"en": "We use what you tell us."},
        "measurement": {"none": "This test measures nothing."},
    }
    programs.create(kit, **at, key="traders", preset=preset)
    programs.open_(kit, **at, program="traders")

    def somebody(key: str, role: Any) -> Lead:
        profile = {
            name: dice.sample(options, dice.randint(1, 3))
            if name in several
            else dice.choice(options)
            for name, options in lists.items()
        }
        return Lead(key=key, role=role, name=key, profile=profile)

    people = [somebody(f"e{n}", "mentee") for n in range(300)]
    people += [somebody(f"m{n}", "mentor") for n in range(200)]
    assert recruit.receive(kit, **at, program="traders", leads=people)["refused"] == []
    rows = screen.review(kit, **at, program="traders")
    ids = {row["key"]: row["id"] for row in rows}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(kit, verb, list(ids.values()), **at, noun="participant")["refused"]
    keys = {id: key for key, id in ids.items()}
    spoken = {one.key: set(one.profile["languages"]) for one in people}
    for key in [f"e{n}" for n in range(0, 300, 25)]:
        found = suggestions.mentors(kit, **at, participant=ids[key], limit=50)["mentors"]
        shared = {keys[one["id"]] for one in found}
        assert all(spoken[key] & spoken[mentor] for mentor in shared)
        could = {m for m in spoken if m.startswith("m") and spoken[key] & spoken[m]}
        assert len(found) == min(50, len(could))
        assert [one["score"] for one in found] == sorted(
            (one["score"] for one in found), reverse=True
        )


def test_s1_asked_is_never_connected(create_world: Any) -> None:
    """Reached out, answered and connected are told apart at every step."""
    world = create_world(matching="self")
    at = {"tenant": world.tenant, "actor": world.by("ana")}
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    made = match.propose(world.kit, **at, **two)["id"]

    def count() -> dict[str, int]:
        (found,) = programs.show(world.kit, **world.at, program="traders")
        assert found
        with world.kit.transaction(tenant=world.tenant, write=False) as tx:
            return {
                "asked": tx.proposals.count(state="offered"),
                "connected": tx.relationships.count(),
            }

    assert count() == {"asked": 1, "connected": 0}
    mentor = {"tenant": world.tenant, "actor": world.by("cleo")}
    accept.accept(world.kit, **mentor, proposal=made)
    assert count() == {"asked": 0, "connected": 1}
