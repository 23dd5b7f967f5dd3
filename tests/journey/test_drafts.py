"""A draft is replaced by the next one, carries its locks along, and never hangs."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit import matching
from mentorkit.domain import events
from mentorkit.domain.moves import Role
from mentorkit.domain.runs import Run
from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.journey import accept, match, onboard, programs, protect
from tests.journey.conftest import ADMIN, PRESET, lead


def drafted(world: Any, **options: Any) -> dict[str, Any]:
    return match.draft(world.kit, **world.at, program="traders", **options)


def proposals(world: Any, state: str) -> dict[tuple[str, str], dict[str, Any]]:
    rows = match.proposals(world.kit, **world.at, program="traders", state=state)
    return {(row["mentee"], row["mentor"]): row for row in rows}


def states(world: Any) -> list[tuple[str, str | None]]:
    return [(r["state"], r["reason"]) for r in match.runs(world.kit, **world.at, program="traders")]


def test_matching_again_replaces_the_draft_and_carries_its_locks(world: Any) -> None:
    first = drafted(world)
    lock = proposals(world, "draft")["Ana", "Cleo"]["id"]
    match.lock(world.kit, **world.at, proposal=lock)
    match.review(world.kit, **world.at, run=first["id"])
    second = drafted(world)
    assert second["replaced"] == [first["id"]]
    assert second["dropped_locks"] == []
    assert second["summary"]["pairs"] == 2
    assert states(world) == [("discarded", None), ("draft", None)]
    assert {row["reason"] for row in proposals(world, "withdrawn").values()} == {"run_replaced"}
    assert {names: row["locked"] for names, row in proposals(world, "draft").items()} == {
        ("Ana", "Cleo"): True,
        ("Ben", "Dora"): False,
    }
    assert match.publish(world.kit, **world.at, run=second["id"])["offered"] == 2


def test_a_lock_of_the_replaced_draft_holds_against_a_better_score(world: Any) -> None:
    drafted(world, locks=[("ana", "dora"), ("ben", "cleo")])
    drafted(world, seed=5)
    assert set(proposals(world, "draft")) == {("Ana", "Dora"), ("Ben", "Cleo")}


def test_a_lock_that_can_no_longer_be_is_dropped_with_the_reason(world: Any) -> None:
    drafted(world, locks=[("ana", "cleo"), ("ben", "dora")])
    onboard.pause(world.kit, **world.at, participant=world.ids["ben"])
    again = drafted(world, locks=[("ana", "dora")])
    assert {(one["mentee_id"], one["code"]) for one in again["dropped_locks"]} == {
        (world.ids["ana"], "no_place"),
        (world.ids["ben"], "not_active"),
    }
    assert all(one["message"] for one in again["dropped_locks"])
    assert set(proposals(world, "draft")) == {("Ana", "Dora")}


def test_a_blocked_pair_is_no_longer_drafted_nor_locked(world: Any) -> None:
    drafted(world, locks=[("ana", "dora")])
    protect.block(world.kit, **world.at, person=world.persons["ana"], other=world.persons["dora"])
    assert drafted(world)["dropped_locks"] == []  # the block has withdrawn what was drafted
    assert ("Ana", "Dora") not in proposals(world, "draft")


def test_a_draft_that_fails_leaves_the_one_before_as_it_was(world: Any) -> None:
    first = drafted(world)
    with pytest.raises(MentorKitError):
        drafted(world, locks=[("ana", "nobody")])
    assert match.publish(world.kit, **world.at, run=first["id"])["offered"] == 2


@pytest.mark.parametrize(
    ("raised", "code"), [(OSError, "failed"), (KeyboardInterrupt, "cancelled")]
)
def test_a_run_that_cannot_be_kept_has_failed_and_does_not_hang(
    world: Any, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException], code: str
) -> None:
    def keep(*_: Any) -> None:
        raise raised("while keeping")

    first = drafted(world)
    with monkeypatch.context() as planted:
        planted.setattr("mentorkit.matching.summary", keep)
        with pytest.raises(raised, match="while keeping"):
            drafted(world)
    assert states(world) == [("draft", None), ("failed", code)]
    assert match.latest(world.kit, **world.at, program="traders") == first["id"]


def test_a_run_left_running_by_a_crash_can_be_thrown_away(world: Any) -> None:
    def hang(tx: Any) -> str:
        run = Run(id=tx.new_id(), tenant="acme", program_id=world.program, created_at=tx.now)
        running = tx.runs.save(tx.runs.add(run).move("running", by=Role.ADMIN))
        tx.record(events.RunStarted(subject_id=run.id, program_id=world.program), actor=ADMIN)
        return str(running.id)

    run = world.kit.write("acme", hang)
    assert match.discard(world.kit, **world.at, run=run)["state"] == "discarded"


def test_reasons_are_told_both_ways(create_world: Any) -> None:
    world = create_world([lead("ana", "mentee"), lead("cleo", "mentor")])
    fields = {**PRESET["fields"], "wants": {"kind": "options", "options": ["tax"]},
              "offers": {"kind": "options", "options": ["tax"]}}  # fmt: skip
    programs.define(world.kit, **world.at, program="traders", kind="fields", body=fields)
    overlap = {"criterion": "set_overlap", "field": "wants", "other": "offers"}
    strategy = {**PRESET["strategy"], "criteria": [overlap]}
    programs.define(world.kit, **world.at, program="traders", kind="strategy", body=strategy)
    for who, answer in (("ana", {"wants": ["tax"]}), ("cleo", {"offers": ["tax"]})):
        onboard.answer(world.kit, **world.at, participant=world.ids[who], answers=answer)
    drafted(world)
    one = proposals(world, "draft")["Ana", "Cleo"]
    told = ["The mentor offers what the mentee named under wants: tax."]  # staff read neither "you"
    assert one["words"] == one["words_mentor"] == told
    assert one["reasons"] != one["reasons_mentor"]
    assert [r["points"] for r in one["reasons"]] == [r["points"] for r in one["reasons_mentor"]]


def test_a_closed_program_offers_nothing(world: Any) -> None:
    run = drafted(world)
    programs.close(world.kit, **world.at, program="traders")
    two = {"mentee": world.ids["ana"], "mentor": world.ids["dora"]}
    for attempt in (
        lambda: match.publish(world.kit, **world.at, run=run["id"]),
        lambda: match.propose(world.kit, **world.at, **two),
        lambda: drafted(world),
    ):
        with pytest.raises(Conflict) as caught:
            attempt()
        assert caught.value.code == "program.not_open"


def test_somebody_who_is_both_is_drafted_as_mentee_as_often_as_a_mentee(create_world: Any) -> None:
    people = [
        lead("bo", "both", trade="baker", capacity=3),
        lead("cleo", "mentor", trade="baker"),
        lead("dora", "mentor", trade="baker"),
    ]
    world = create_world(people)
    two = {"mentee": world.ids["bo"], "mentor": world.ids["cleo"]}
    offered = match.propose(world.kit, **world.at, **two)["id"]
    assert drafted(world)["summary"]["pairs"] == 0
    accept.accept(world.kit, **world.at, proposal=offered)
    assert drafted(world)["summary"]["pairs"] == 0


class Meanwhile:
    """Progress that does something once, while the draft is computed."""

    def __init__(self, work: Any) -> None:
        self.work = work

    def step(self, *_: Any) -> None:
        work, self.work = self.work, lambda: None
        work()


@pytest.fixture
def two_alone(create_world: Any) -> Any:
    people = [lead("ana", "mentee", trade="baker"), lead("mo", "mentor", trade="baker", capacity=5)]
    return create_world(people, mentee_capacity=2)


@pytest.mark.parametrize(("answered", "code"), [(False, "proposed_now"), (True, "together_now")])
def test_a_pair_that_was_offered_while_it_was_drafted_again_is_withheld(
    two_alone: Any, answered: bool, code: str
) -> None:
    world, first = two_alone, drafted(two_alone)

    def offer() -> None:
        match.publish(world.kit, **world.at, run=first["id"])
        if answered:
            offered = proposals(world, "offered")["Ana", "Mo"]["id"]
            accept.accept(world.kit, **world.at, proposal=offered)

    second = drafted(world, progress=Meanwhile(offer))
    published = match.publish(world.kit, **world.at, run=second["id"])
    assert published["offered"] == 0
    assert [one["code"] for one in published["withheld"]] == [code]


def test_a_run_is_published_with_as_many_questions_however_many_pairs(
    create_world: Any, create_kit: Any
) -> None:
    kit, asked = create_kit(), []

    def publishing(tenant: str, pairs: int) -> int:
        people = [lead(f"mentee{i}", "mentee", trade="baker") for i in range(pairs)]
        people += [lead(f"mentor{i}", "mentor", trade="baker") for i in range(pairs)]
        world = create_world(people, kit=kit, tenant=tenant)
        run = drafted(world)
        asked.clear()
        assert match.publish(kit, **world.at, run=run["id"])["offered"] == pairs
        return sum(text.lstrip().startswith("SELECT") for text in asked)

    sa.event.listen(kit.engine, "before_cursor_execute", lambda *about: asked.append(str(about[2])))
    assert publishing("few", 2) == publishing("many", 12)


def test_a_lock_set_while_the_next_draft_is_computed_holds_in_it(world: Any) -> None:
    drafted(world, locks=[("ana", "dora"), ("ben", "cleo")])
    for row in proposals(world, "draft").values():
        match.lock(world.kit, **world.at, proposal=row["id"], locked=False)
    usual = {names: row["id"] for names, row in proposals(world, "draft").items()}

    def lock_one() -> None:
        match.lock(world.kit, **world.at, proposal=usual["Ana", "Dora"])

    second = drafted(world, progress=Meanwhile(lock_one))
    assert second["dropped_locks"] == []
    assert {names: row["locked"] for names, row in proposals(world, "draft").items()} == {
        ("Ana", "Dora"): True,
        ("Ben", "Dora"): False,
    }


@pytest.mark.parametrize("replaced", [False, True])
def test_a_lock_let_go_while_the_next_draft_is_computed_stays_so(
    world: Any, replaced: bool
) -> None:
    drafted(world, locks=[("ana", "dora")])
    before = {names: row["id"] for names, row in proposals(world, "draft").items()}

    def let_go() -> None:
        match.lock(world.kit, **world.at, proposal=before["Ana", "Dora"], locked=False)
        if replaced:
            drafted(world)

    second = drafted(world, progress=Meanwhile(let_go))
    assert second["dropped_locks"] == []
    assert {names: row["locked"] for names, row in proposals(world, "draft").items()} == {
        ("Ana", "Cleo"): False,
        ("Ben", "Dora"): False,
    }


def test_a_draft_whose_locks_never_rest_is_given_up(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted(world, locks=[("ana", "dora")])
    one, run = proposals(world, "draft")["Ana", "Dora"], matching.run
    locked = one["locked"]

    def turned(*given: Any, **named: Any) -> Any:
        nonlocal locked
        locked = not locked
        match.lock(world.kit, **world.at, proposal=one["id"], locked=locked)
        return run(*given, **named)

    monkeypatch.setattr(matching, "run", turned)
    with pytest.raises(Conflict, match="again and again"):
        drafted(world)
    assert states(world) == [("draft", None), ("failed", "run.locks_changed")]


def test_who_has_been_asked_meanwhile_to_be_a_mentee_is_not_asked_again(
    create_world: Any,
) -> None:
    people = [
        lead("bo", "both", trade="baker", capacity=3),
        lead("cleo", "mentor", trade="baker"),
        lead("dora", "mentor", trade="smith"),
    ]
    world = create_world(people)
    run = drafted(world, locks=[("bo", "cleo")])
    match.propose(world.kit, **world.at, mentee=world.ids["bo"], mentor=world.ids["dora"])
    done = match.publish(world.kit, **world.at, run=run["id"])
    assert (done["offered"], [one["code"] for one in done["withheld"]]) == (0, ["asked_meanwhile"])


def test_who_has_the_mentor_they_may_have_is_offered_no_other(create_world: Any) -> None:
    people = [
        lead("bo", "both", trade="baker", capacity=3),
        lead("cleo", "mentor", trade="baker"),
        lead("dora", "mentor", trade="smith"),
        lead("ana", "mentee", trade="smith"),
    ]
    world = create_world(people)
    asked = {
        names: match.propose(
            world.kit, **world.at, mentee=world.ids[names[0]], mentor=world.ids[names[1]]
        )["id"]
        for names in (("bo", "cleo"), ("bo", "dora"), ("ana", "bo"))
    }
    accept.accept(world.kit, **world.at, proposal=asked["bo", "cleo"])
    assert set(proposals(world, "withdrawn")) == {("Bo", "Dora")}
    assert set(proposals(world, "offered")) == {("Ana", "Bo")}


def test_who_is_left_is_told_why_with_the_label_of_the_field(world: Any) -> None:
    fields = {**PRESET["fields"], "village": {"kind": "text", "label": "Home village"}}
    programs.define(world.kit, **world.at, program="traders", kind="fields", body=fields)
    strategy = {**PRESET["strategy"], "rules": [{"rule": "same", "field": "village"}]}
    programs.define(world.kit, **world.at, program="traders", kind="strategy", body=strategy)
    left = drafted(world)["unmatched_people"]
    told = " ".join(one["reason"] + one["help"] for side in left.values() for one in side)
    assert "Home village" in told, told


def test_nobody_is_offered_twice_for_their_one_place_when_two_drafts_cross(
    create_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [
        lead("ana", "mentee", trade="baker"),
        lead("cleo", "mentor", trade="baker"),
        lead("dora", "mentor", trade="smith"),
    ]
    world = create_world(people)
    draft = {**world.at, "program": "traders"}
    first = match.draft(world.kit, **draft, locks=[("ana", "cleo")])["id"]
    run = matching.run

    def published_meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(matching, "run", run)
        match.publish(world.kit, **world.at, run=first)
        return run(*given, **named)

    monkeypatch.setattr(matching, "run", published_meanwhile)
    with pytest.raises(Invalid, match="is no available"):  # she has just been asked
        match.draft(world.kit, **draft, locks=[("ana", "dora")])
    offered = match.proposals(world.kit, **draft, state="offered")
    assert [one["mentor"] for one in offered] == ["Cleo"]


def test_a_lock_without_a_name_is_nobodys(create_world: Any) -> None:
    world = create_world([lead("ana", "mentee"), lead("", "mentee"), lead("max", "mentor")])
    with pytest.raises(Invalid, match="write MENTEE=MENTOR"):
        drafted(world, locks=[("", "max")])
