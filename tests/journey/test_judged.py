"""Whom a draft serves, and why two are no pair of it, from Python."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import Invalid, NotAllowed, NotFound
from mentorkit.journey import accept, drafts, match, programs
from tests.journey.conftest import lead


def asked(world: Any, **more: Any) -> dict[str, Any]:
    return {**world.at, "program": "traders", **more}


def test_a_draft_tells_its_trade_and_what_would_let_more_be_matched(create_world: Any) -> None:
    world = create_world([
        *(lead(f"e{at}", "mentee", trade="baker") for at in range(7)),
        lead("cleo", "mentor", trade="baker", capacity=2),
    ])  # fmt: skip
    made = match.draft(world.kit, **asked(world))
    assert made["summary"]["alternative"]["objective"] == "score"
    assert [one["more"] for one in made["changes"]] == [1]
    shown = drafts.show(world.kit, **asked(world))
    assert shown is not None
    assert shown["changes"] == made["changes"]
    assert [one["chosen"] for one in shown["trade"]] == [True, False, False]
    report = drafts.fairness(world.kit, **asked(world, by="trade"))
    assert [(one["of"], one["mentees"], one["matched"]) for one in report["groups"]] == [
        ("everybody", 7, 2), ("answer", 7, 2),
    ]  # fmt: skip
    json.dumps([made, shown, report])


def test_the_report_is_of_the_pairs_as_they_stand(create_world: Any) -> None:
    world = create_world([
        *(lead(f"e{at}", "mentee", trade="baker") for at in range(6)),
        lead("cleo", "mentor", trade="baker", capacity=6),
    ])  # fmt: skip
    match.draft(world.kit, **asked(world))
    before = drafts.fairness(world.kit, **asked(world, by="trade"))["groups"][0]
    assert (before["matched"], before["match_rate"], before["mean_score"]) == (6, 1.0, 10_000)
    with pytest.raises(Invalid, match="name one of: trade"):
        drafts.fairness(world.kit, **asked(world, by="village"))


def test_why_two_are_no_pair_is_told_by_key_or_id(world: Any) -> None:
    told = drafts.why(world.kit, **asked(world, mentee="ana", mentor="dora"))
    assert told["codes"] == []
    assert told["verdict"] == [
        "Dora is number 2 of the mentors whom Ana may have (2 in all), with 0 of 100."
    ]
    match.draft(world.kit, **asked(world))
    told = drafts.why(world.kit, **asked(world, mentee=world.ids["ana"], mentor="dora"))
    assert told["codes"] == ["why_given", "why_some_free", "why_less"]
    assert json.dumps(told)
    match.draft(world.kit, **asked(world, locks=[("ana", "dora")]))
    told = drafts.why(world.kit, **asked(world, mentee="ana", mentor="cleo"))
    assert told["codes"][0] == "why_locked"


def test_what_a_pair_would_cost_is_told_of_everybody_anew(world: Any) -> None:
    match.draft(world.kit, **asked(world))
    ana_with_dora = asked(world, mentee="ana", mentor="dora")
    before = drafts.why(world.kit, **ana_with_dora)["verdict"][-1]
    for one in match.proposals(world.kit, **asked(world), state="draft"):
        if one["mentee"] != "Ana":
            accept.withdraw(world.kit, **world.at, proposal=one["id"])
    assert drafts.why(world.kit, **ana_with_dora)["verdict"][-1] == before


def test_a_participant_reads_none_of_it_and_nobody_of_a_draft_that_is_not(world: Any) -> None:
    with pytest.raises(NotFound, match="There is no draft"):
        drafts.fairness(world.kit, **asked(world, by="trade"))
    match.draft(world.kit, **asked(world))
    mine = {**asked(world), "actor": world.by("ana")}
    with pytest.raises(NotAllowed):
        drafts.fairness(world.kit, **mine, by="trade")
    with pytest.raises(NotAllowed):
        drafts.why(world.kit, **mine, mentee="ana", mentor="cleo")


def test_a_viewer_reads_the_groups_and_of_nobody_what_they_answered(world: Any) -> None:
    match.draft(world.kit, **asked(world))
    programs.appoint(world.kit, **asked(world, role="viewer", name="Vera", user_ref="vera"))
    vera = {**asked(world), "actor": Actor(user_ref="vera")}
    shown = drafts.show(world.kit, **vera, by="trade")
    assert shown is not None
    assert shown["profiles"] == {}
    assert shown["fairness"] == drafts.fairness(world.kit, **asked(world, by="trade"))
    with pytest.raises(NotAllowed):
        drafts.why(world.kit, **vera, mentee="ana", mentor="cleo")
