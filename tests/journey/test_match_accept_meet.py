"""From a drafted run to the end of a relationship, with the rules of each step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from mentorkit.domain.events import replay
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import accept, match, meet, onboard, programs, protect, recruit, screen
from tests.journey.conftest import ADMIN, lead


def drafted(world: Any, **options: Any) -> dict[str, Any]:
    return match.draft(world.kit, **world.at, program="traders", **options)


def offered(world: Any) -> dict[tuple[str, str], str]:
    run = drafted(world)
    match.publish(world.kit, **world.at, run=run["id"])
    rows = match.proposals(world.kit, **world.at, program="traders", state="offered")
    return {(row["mentee"], row["mentor"]): row["id"] for row in rows}


def started(world: Any) -> str:
    proposal = offered(world)["Ana", "Cleo"]
    return str(accept.accept(world.kit, **world.at, proposal=proposal)["relationship_id"])


def test_a_run_is_a_draft_until_it_is_published(world: Any) -> None:
    run = drafted(world)
    assert run["state"] == "draft"
    assert run["summary"]["pairs"] == 2
    assert {p["state"] for p in match.proposals(world.kit, **world.at, program="traders")} == {
        "draft"
    }
    report = match.publish(world.kit, **world.at, run=run["id"])
    assert (report["offered"], report["withheld"]) == (2, [])


def test_people_see_reasons_in_words(world: Any) -> None:
    drafted(world)
    rows = match.proposals(world.kit, **world.at, program="traders")
    assert all(row["words"] for row in rows)


def test_the_same_people_are_not_proposed_twice(world: Any) -> None:
    offered(world)
    assert drafted(world)["summary"]["pairs"] == 0


def test_a_pair_that_breaks_a_safeguard_meanwhile_is_withheld_with_the_reason(world: Any) -> None:
    run = drafted(world)
    onboard.pause(world.kit, **world.at, participant=world.ids["cleo"])
    report = match.publish(world.kit, **world.at, run=run["id"])
    assert [w["code"] for w in report["withheld"]] == ["not_active"]


def test_a_discarded_run_leaves_nothing_open(world: Any) -> None:
    run = drafted(world)
    match.discard(world.kit, **world.at, run=run["id"])
    states = {p["state"] for p in match.proposals(world.kit, **world.at, program="traders")}
    assert states == {"withdrawn"}


def test_a_lock_is_kept_and_an_unknown_one_is_refused(world: Any) -> None:
    run = drafted(world, locks=[("ana", "dora")])
    pairs = {
        (p["mentee"], p["mentor"])
        for p in match.proposals(world.kit, **world.at, program="traders")
        if p["run_id"] == run["id"]
    }
    assert ("Ana", "Dora") in pairs
    with pytest.raises(Invalid, match="nobody"):
        drafted(world, locks=[("ana", "nobody")])


def test_a_lock_that_breaks_a_safeguard_is_refused(world: Any) -> None:
    protect.block(world.kit, **world.at, person=world.persons["ana"], other=world.persons["dora"])
    with pytest.raises((Invalid, Conflict)):
        drafted(world, locks=[("ana", "dora")])


def test_a_run_that_failed_says_so_and_leaves_nothing(world: Any) -> None:
    with pytest.raises(Invalid):
        drafted(world, locks=[("nobody", "dora")])
    states = [run["state"] for run in match.runs(world.kit, **world.at, program="traders")]
    assert states == ["failed"]


def test_mentee_then_mentor_say_yes_and_the_relationship_begins(world: Any) -> None:
    proposal = offered(world)["Ana", "Cleo"]
    with pytest.raises(NotFound):  # Cleo is told of it once it is her turn
        accept.accept(world.kit, tenant="acme", actor=world.by("cleo"), proposal=proposal)
    one = accept.accept(world.kit, tenant="acme", actor=world.by("ana"), proposal=proposal)
    assert one["state"] == "offered"
    done = accept.accept(world.kit, tenant="acme", actor=world.by("cleo"), proposal=proposal)
    assert done["state"] == "accepted"
    kinds = [m["kind"] for m in meet.milestones(
        world.kit, **world.at, relationship=done["relationship_id"])]  # fmt: skip
    assert kinds == ["check", "mid_point", "two_thirds", "end", "follow_up"]


def test_a_stranger_does_not_learn_that_a_proposal_exists(world: Any) -> None:
    proposal = offered(world)["Ana", "Cleo"]
    with pytest.raises(NotFound):
        accept.accept(world.kit, tenant="acme", actor=world.by("ben"), proposal=proposal)
    with pytest.raises(NotFound):
        accept.accept(world.kit, tenant="other", actor=ADMIN, proposal=proposal)


def test_the_last_place_is_taken_once_and_the_rest_is_withdrawn(create_world: Any) -> None:
    world = create_world(
        [
            lead("ana", "mentee", trade="baker"),
            lead("ben", "mentee", trade="baker"),
            lead("cleo", "mentor", trade="baker", capacity=1),
        ]
    )
    first, second = (
        match.propose(world.kit, **world.at, mentee=world.ids[who], mentor=world.ids["cleo"])["id"]
        for who in ("ana", "ben")
    )
    accept.accept(world.kit, **world.at, proposal=first)
    with pytest.raises(Conflict):
        accept.accept(world.kit, **world.at, proposal=second)
    rows = {p["id"]: p for p in match.proposals(world.kit, **world.at, program="traders")}
    assert (rows[second]["state"], rows[second]["reason"]) == ("withdrawn", "place_taken")


def test_declining_keeps_the_words_out_of_the_journal(world: Any) -> None:
    proposal = offered(world)["Ana", "Cleo"]
    accept.decline(
        world.kit,
        tenant="acme",
        actor=world.by("ana"),
        proposal=proposal,
        reason="other_topic",
        note="I would rather learn about exports.",
    )
    with world.kit.transaction(tenant="acme", write=False) as tx:
        payloads = str([event.payload() for event in tx.journal.events(limit=100_000)])
        note = tx.proposals.get(proposal).note_id
        assert "exports" not in payloads
        assert "exports" in tx.notes.get(note).text


def test_one_question_pauses_the_deadline(world: Any) -> None:
    proposal = offered(world)["Ana", "Cleo"]
    by = {"tenant": "acme", "actor": world.by("ana"), "proposal": proposal}
    assert accept.ask(world.kit, **by, text="Do you also sell online?")["state"] == "question"
    assert accept.expire(world.kit, tenant="acme") == 0
    answer = {**by, "actor": world.by("cleo")}
    assert accept.reply(world.kit, **answer, text="Yes, since 2019.")["state"] == "offered"


def test_a_paused_relationship_holds_its_place_and_moves_its_end(world: Any) -> None:
    relationship = started(world)
    before = meet.relationships(world.kit, **world.at, program="traders")[0]
    meet.pause(world.kit, **world.at, relationship=relationship)
    world.kit.clock.forward(days=10)
    after = meet.resume(world.kit, **world.at, relationship=relationship)
    assert after["ends_at"] > before["ends_at"]


def test_ending_frees_the_places_and_cancels_what_was_to_come(world: Any) -> None:
    relationship = started(world)
    meet.end(world.kit, **world.at, relationship=relationship, reason="stopped")
    rows = {r["key"]: r for r in screen.review(world.kit, **world.at, program="traders")}
    assert rows["ana"]["used"] == rows["cleo"]["used"] == 0
    states = {m["state"] for m in meet.milestones(world.kit, **world.at, relationship=relationship)}
    assert states == {"cancelled"}
    with pytest.raises(Conflict, match="final"):
        meet.pause(world.kit, **world.at, relationship=relationship)


def test_a_meeting_counts_in_minutes_and_can_be_struck(world: Any) -> None:
    relationship = started(world)
    one = meet.log(world.kit, **world.at, relationship=relationship, minutes=45)
    assert meet.month(world.kit, **world.at, relationship=relationship)["held"] == 45
    meet.strike(world.kit, **world.at, meeting=one["id"])
    assert meet.month(world.kit, **world.at, relationship=relationship)["held"] == 0


@pytest.mark.parametrize(
    ("pauses", "april", "may"),
    [
        ([("2027-04-01", "2027-05-01")], 0, 120),
        ([("2027-04-01", "2027-04-16")], 60, 120),
        ([("2027-03-20", "2027-04-07"), ("2027-04-25", "2027-05-01")], 72, 120),
        ([("2027-03-20", None)], 0, 0),
        ([("2027-04-16", "ended 2027-05-20")], 60, 0),
    ],
)
def test_nothing_is_asked_for_while_a_relationship_is_paused(
    world: Any, pauses: list[Any], april: int, may: int
) -> None:
    relationship, clock = started(world), world.kit.clock
    values = {**world.at, "relationship": relationship}

    def wait(day: str) -> None:
        clock.now = datetime.fromisoformat(f"{day}T00:00+00:00")

    for begin, over in pauses:
        wait(begin)
        meet.pause(world.kit, **values)
        if over is not None:
            wait(over.removeprefix("ended "))
            (meet.end if "ended" in over else meet.resume)(world.kit, **values)
    wait("2027-07-01")
    for month, asked in ((4, april), (5, may)):
        at = datetime(2027, month, 15, tzinfo=UTC)
        told = meet.month(world.kit, **values, at=at)
        assert (told["asked"], told["short"]) == (asked, asked > 0)


def test_a_wrong_meeting_lists_everything_wrong_with_it(world: Any) -> None:
    relationship = started(world)
    with pytest.raises(Invalid) as caught:
        meet.log(
            world.kit, **world.at, relationship=relationship, minutes=0, held_at="2001-01-01T10:00Z"
        )
    assert [p.place for p in caught.value.problems] == ["minutes", "held_at"]


def test_milestones_come_due_once_and_are_missed_after_their_window(world: Any) -> None:
    relationship = started(world)
    world.kit.clock.forward(days=43)
    assert meet.turn(world.kit, tenant="acme") == 1
    assert meet.turn(world.kit, tenant="acme") == 0
    due = [m for m in meet.milestones(world.kit, **world.at, relationship=relationship)
           if m["state"] == "due"]  # fmt: skip
    assert [m["kind"] for m in due] == ["check"]
    world.kit.clock.forward(days=20)
    assert meet.turn(world.kit, tenant="acme") == 1
    assert meet.reach(world.kit, **world.at, milestone=due[0]["id"])["state"] == "done"


def test_two_thirds_moves_with_an_extension_and_never_fires_twice(create_world: Any) -> None:
    world = create_world()
    programs.define(
        world.kit, **world.at, program="traders", kind="targets", body={"length_days": 84}
    )
    relationship = started(world)

    def day(kind: str) -> str:
        rows = meet.milestones(world.kit, **world.at, relationship=relationship)
        return str(next(m["opens_at"] for m in rows if m["kind"] == kind))

    start = world.kit.clock()
    assert day("two_thirds")[:10] == (start + timedelta(weeks=8)).date().isoformat()
    meet.extend(world.kit, **world.at, relationship=relationship, days=42)
    assert day("two_thirds")[:10] == (start + timedelta(weeks=12)).date().isoformat()


def test_blocking_acts_at_once_everywhere(world: Any) -> None:
    relationship = started(world)
    report = protect.block(
        world.kit,
        tenant="acme",
        actor=world.by("ana"),
        person=world.persons["ana"],
        other=world.persons["cleo"],
    )
    assert report["ended"] == 1
    rows = {r["id"]: r for r in meet.relationships(world.kit, **world.at, program="traders")}
    assert rows[relationship]["reason"] == "blocked"
    with pytest.raises(Conflict, match="not to be brought together"):
        match.propose(world.kit, **world.at, mentee=world.ids["ana"], mentor=world.ids["cleo"])


def test_a_circle_takes_more_than_one_mentee_into_one_relationship(create_world: Any) -> None:
    world = create_world(
        [
            lead("ana", "mentee", trade="baker"),
            lead("ben", "mentee", trade="baker"),
            lead("cleo", "mentor", trade="baker", capacity=8),
        ],
        kind="circle",
    )
    for proposal in offered(world).values():
        accept.accept(world.kit, **world.at, proposal=proposal)
    rows = meet.relationships(world.kit, **world.at, program="traders")
    assert [len(row["members"]) for row in rows] == [3]
    meet.end(world.kit, **world.at, relationship=rows[0]["id"])
    people = {r["key"]: r for r in screen.review(world.kit, **world.at, program="traders")}
    assert people["cleo"]["used"] == 0


def test_requirements_not_met_are_named_and_only_passed_over_by_name(create_world: Any) -> None:
    world = create_world()
    with pytest.raises(Conflict):
        screen.approve(world.kit, **world.at, participant=world.ids["ana"])  # approved already
    with pytest.raises(NotAllowed):
        screen.decline(
            world.kit, tenant="acme", actor=world.by("ana"), participant=world.ids["ben"]
        )


def test_replaying_the_journal_gives_the_stored_state(world: Any) -> None:
    relationship = started(world)
    meet.log(world.kit, **world.at, relationship=relationship, minutes=60)
    meet.end(world.kit, **world.at, relationship=relationship)
    firm = lead("ana", "mentee", business={"name": "Ana's bread"})
    recruit.receive(world.kit, **world.at, program="traders", leads=[firm])
    for other in ("cleo", "dora"):
        two = {"person": world.persons["ana"], "other": world.persons[other]}
        protect.block(world.kit, **world.at, **two)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        state = replay(tx.journal.events(limit=100_000))
        for one in tx.participants.find():
            told = state["participant", one.id]
            assert (told["person_id"], told["business_id"]) == (one.person_id, one.business_id)
            assert told["role_played"] == one.role
        blocks = {one.id: (one.person_id, one.other_id) for one in tx.blocks.find()}
        assert len(blocks) == 2
        assert blocks == {
            id: (told["person_id"], told["other_id"])
            for (noun, id), told in state.items()
            if noun == "block"
        }
        stores = {
            "program": tx.programs,
            "participant": tx.participants,
            "run": tx.runs,
            "proposal": tx.proposals,
            "relationship": tx.relationships,
            "milestone": tx.milestones,
            "meeting": tx.meetings,
        }
        for noun, repository in stores.items():
            for row in repository.find():
                told = state[noun, row.id]
                assert told["state"] == row.state, (noun, row.id)
                for name in (
                    "capacity",
                    "used",
                    "answered",
                    "locked",
                    "minutes",
                    "relationship_id",
                ):
                    if name in told and hasattr(row, name):
                        assert told[name] == getattr(row, name), (noun, name)


def both_world(create_world: Any, **program: Any) -> Any:
    return create_world(
        [
            lead("ana", "mentee", trade="baker", village="Ora"),
            lead("bo", "both", trade="baker", village="Ora", capacity=1),
            lead("cleo", "mentor", trade="baker", village="Ora", capacity=1),
        ],
        **program,
    )


def test_one_place_of_somebody_who_is_both_is_promised_once(create_world: Any) -> None:
    summary = drafted(both_world(create_world))["summary"]
    assert (summary["pairs"], summary["pairs_bound"], summary["exact"]) == (1, 1, True)


def test_the_one_place_of_somebody_who_is_both_goes_where_a_lock_needs_it(
    create_world: Any,
) -> None:
    world = both_world(create_world)
    for mentee, mentor in (("ana", "bo"), ("bo", "cleo")):
        drafted(world, locks=[(mentee, mentor)])
        drafts = match.proposals(world.kit, **world.at, program="traders", state="draft")
        found = [(row["mentee_key"], row["mentor_key"]) for row in drafts]
        assert (mentee, mentor) in found


def test_people_who_are_all_both_are_paired_with_each_other(create_world: Any) -> None:
    people = [lead(f"p{at}", "both", trade="baker", capacity=1) for at in range(6)]
    assert drafted(create_world(people))["summary"]["pairs"] == 3


def test_two_people_are_not_proposed_to_each_other_both_ways_round(create_world: Any) -> None:
    world = create_world([lead(one, "both", trade="baker", capacity=2) for one in ("ana", "bo")])
    assert drafted(world)["summary"]["pairs"] == 1
    assert drafted(world, locks=[("ana", "bo")])["summary"]["pairs"] == 1
    again = drafted(world, locks=[("bo", "ana")])
    assert again["summary"]["pairs"] == 1
    assert [one["code"] for one in again["dropped_locks"]] == ["proposed_now"]


@pytest.mark.parametrize("seed", range(8))
def test_every_proposal_of_a_run_can_be_accepted(create_world: Any, seed: int) -> None:
    random = Random(seed)
    people = [
        lead(
            f"p{at}",
            random.choice(("mentee", "mentor", "both", "both")),
            trade=random.choice(("baker", "smith")),
            capacity=random.choice((1, 1, 2, 3)),
        )
        for at in range(random.randint(2, 9))
    ]
    world = create_world(people, mentee_capacity=random.choice((1, 2)))
    for _ in range(2):  # the second run finds places taken by the first
        run = drafted(world, seed=seed)
        assert match.publish(world.kit, **world.at, run=run["id"])["withheld"] == []
        for row in match.proposals(world.kit, **world.at, program="traders", state="offered"):
            assert accept.accept(world.kit, **world.at, proposal=row["id"])["relationship_id"]
