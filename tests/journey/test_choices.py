"""Ranked choices: one is asked, and when that comes to nothing the next, without any staff act."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from mentorkit.domain import events
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import accept, choices, match, onboard, programs
from mentorkit.worker import work
from tests.journey.conftest import PRESET, lead

MENTORS = ("cleo", "dora", "emil", "fay", "gus", "hal")


def people(*mentees: str, places: int = 1) -> list[Any]:
    asking = [lead(key, "mentee", trade="baker", village="Ora") for key in mentees]
    return asking + [lead(k, "mentor", trade="baker", capacity=places) for k in MENTORS]


@pytest.fixture
def choosing(create_world: Any) -> Any:
    """Return a program in which mentees choose, with one mentee and six mentors."""
    return create_world(people("ana"), matching="self", offer_days=7)


def ranked(world: Any, *mentors: str, mentee: str = "ana", by: str | None = None) -> Any:
    actor = world.by(by) if by else world.admin
    return choices.rank(
        world.kit, tenant=world.tenant, actor=actor, mentee=world.ids[mentee],
        mentors=[world.ids[key] for key in mentors],
    )  # fmt: skip


def now(world: Any, mentee: str = "ana") -> list[tuple[str, str]]:
    told = choices.show(world.kit, **world.at, participant=world.ids[mentee])["choices"]
    return [(one["mentor"], one["state"]) for one in told]


def asked(world: Any, mentee: str = "ana") -> Any:
    told = choices.show(world.kit, **world.at, participant=world.ids[mentee])["choices"]
    return next(one for one in told if one["state"] == "offered")


def run_out(world: Any, clock: Any) -> None:
    clock.forward(days=8)
    work(world.kit)


def test_a_draft_says_of_who_asked_by_hand_that_they_did(create_world: Any, clock: Any) -> None:
    choosing = create_world(people("ana"), matching="self", offer_days=7, mentee_capacity=2)
    strategy = {"assigner": "choice"}
    programs.define(choosing.kit, **choosing.at, program="traders", kind="strategy", body=strategy)

    def why() -> list[str]:
        run = match.draft(choosing.kit, **choosing.at, program="traders")
        return [one["reason"] for one in run["unmatched_people"]["mentees"]]

    assert why() == ["Did not ask for anybody."]
    ranked(choosing, "cleo", by="ana")
    assert why() == ["Has an open proposal already, and the answer is awaited."]
    run_out(choosing, clock)
    assert why() == ["Has asked for somebody before, and for nobody else since."]


def test_g10_up_to_five_are_ranked_and_one_after_the_other_is_asked(
    choosing: Any, clock: Any
) -> None:
    five = MENTORS[:5]
    ranked(choosing, *five, by="ana")
    for place, mentor in enumerate(five):
        states = [state for _, state in now(choosing)]
        assert states == ["expired"] * place + ["offered"] + ["draft"] * (4 - place)
        assert asked(choosing)["mentor"] == mentor.title()
        run_out(choosing, clock)
    assert [state for _, state in now(choosing)] == ["expired"] * 5


def test_g10_each_step_stands_in_the_journal(choosing: Any, clock: Any) -> None:
    ranked(choosing, "cleo", "dora", by="ana")
    run_out(choosing, clock)
    told = choices.show(choosing.kit, **choosing.at, participant=choosing.ids["ana"])
    assert [(one["what"], one["mentor"]) for one in told["trace"]] == [
        ("ProposalDrafted", "Cleo"),
        ("ProposalOffered", "Cleo"),
        ("ProposalDrafted", "Dora"),
        ("ProposalExpired", "Cleo"),
        ("ProposalOffered", "Dora"),
    ]
    assert [(one["by"], one["means"]) for one in told["trace"]] == [
        ("mentee", "self"), ("mentee", "self"), ("mentee", "self"), ("system", "job"),
        ("system", "job"),
    ]  # fmt: skip
    with choosing.kit.transaction(tenant=choosing.tenant, write=False) as tx:
        journal = [one for one in tx.journal.events() if one.noun == "proposal"]
    expired, offered = journal[-2:]
    assert isinstance(expired, events.ProposalExpired)
    assert (offered.cause, offered.role) == (expired.sequence, "system")


def test_g10_more_than_five_or_one_twice_are_refused(choosing: Any) -> None:
    for wrong in (MENTORS, ("cleo", "cleo")):
        with pytest.raises(Invalid, match="at most 5"):
            ranked(choosing, *wrong, by="ana")
    assert now(choosing) == []


def test_g10_the_result_is_the_same_each_time(create_world: Any, create_kit: Any) -> None:
    """What is asked follows from the ranking alone, not from which row comes first."""
    kit, found = create_kit(), []
    for turn in range(3):
        world = create_world(people("ana"), tenant=f"t{turn}", kit=kit, matching="self")
        order = ("hal", "cleo", "gus")
        ranked(world, *order, by="ana")
        for _ in order:
            one = asked(world)
            found.append(one["mentor"])
            accept.decline(kit, **world.at, proposal=one["id"])
            work(kit)
    assert found == ["Hal", "Cleo", "Gus"] * 3


def test_g5_an_expired_request_frees_the_mentor_and_asks_the_next_choice(
    choosing: Any, clock: Any
) -> None:
    ranked(choosing, "cleo", "dora", by="ana")
    run_out(choosing, clock)
    assert now(choosing) == [("Cleo", "expired"), ("Dora", "offered")]
    with choosing.kit.transaction(tenant=choosing.tenant, write=False) as tx:
        assert tx.participants.get(choosing.ids["cleo"]).free == 1
        assert tx.proposals.count(mentor_id=choosing.ids["cleo"], state="offered") == 0


def test_g5_a_no_asks_the_next_choice_and_the_reason_stays_private(choosing: Any) -> None:
    ranked(choosing, "cleo", "dora", by="ana")
    first = asked(choosing)["id"]
    cleo = choosing.by("cleo")
    accept.decline(
        choosing.kit, tenant="acme", actor=cleo, proposal=first, reason="too_far", note="No car."
    )
    work(choosing.kit)
    assert asked(choosing)["mentor"] == "Dora"
    ana = choosing.by("ana")
    told = choices.show(choosing.kit, tenant="acme", actor=ana, participant=choosing.ids["ana"])
    assert "too_far" not in str(told)


def test_g5_a_yes_withdraws_the_choices_that_wait(create_world: Any) -> None:
    world = create_world(people("ana"), matching="self", mentee_capacity=2)
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["ana"], capacity=2)
    ranked(world, "cleo", "dora", by="ana")
    accept.accept(world.kit, **world.at, proposal=asked(world)["id"])
    assert now(world) == [("Cleo", "accepted"), ("Dora", "withdrawn")]
    work(world.kit)
    assert now(world) == [("Cleo", "accepted"), ("Dora", "withdrawn")]


def test_g5_whose_mentor_is_taken_by_another_is_asked_for_again(create_world: Any) -> None:
    world = create_world(people("ana", "ben"), matching="self")
    ranked(world, "cleo", "dora", by="ana")
    ranked(world, "cleo", "emil", mentee="ben", by="ben")
    accept.accept(world.kit, **world.at, proposal=asked(world)["id"])
    work(world.kit)
    assert now(world, "ben") == [("Cleo", "withdrawn"), ("Emil", "offered")]


def test_g5_a_choice_that_cannot_be_any_more_is_passed_over(choosing: Any, clock: Any) -> None:
    ranked(choosing, "cleo", "dora", "emil", by="ana")
    onboard.pause(choosing.kit, **choosing.at, participant=choosing.ids["dora"])
    run_out(choosing, clock)
    assert now(choosing) == [("Cleo", "expired"), ("Dora", "withdrawn"), ("Emil", "offered")]


def test_g5_two_workers_at_once_ask_the_next_once(create_world: Any, clock: Any) -> None:
    keys = [f"mentee{number}" for number in range(6)]
    world = create_world(people(*keys, places=9), matching="self", offer_days=7)
    for key in keys:
        ranked(world, "cleo", "dora", "emil", mentee=key, by=key)
    clock.forward(days=8)
    barrier = threading.Barrier(4)

    def labour() -> None:
        barrier.wait()
        for _ in range(5):
            work(world.kit)

    threads = [threading.Thread(target=labour) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.forward(seconds=10)  # who stood in another's way is tried again
    work(world.kit)
    for key in keys:
        assert [state for _, state in now(world, key)] == ["expired", "offered", "draft"]


def test_whom_staff_propose_of_a_mentees_choices_is_that_choice_being_asked(
    choosing: Any, clock: Any
) -> None:
    ranked(choosing, "cleo", "dora", "emil", by="ana")
    accept.withdraw(choosing.kit, **choosing.at, proposal=asked(choosing)["id"])
    two = {"mentee": choosing.ids["ana"], "mentor": choosing.ids["emil"]}
    offered = match.propose(choosing.kit, **choosing.at, **two)
    assert (offered["awaiting"], offered["origin"]) == ("mentor", "mentee")

    def own() -> list[tuple[str, str]]:
        told = choices.show(
            choosing.kit, tenant="acme", actor=choosing.by("ana"),
            participant=choosing.ids["ana"],
        )["choices"]  # fmt: skip
        return [(one["mentor"], one["state"]) for one in told]

    assert own() == [("Cleo", "withdrawn"), ("Dora", "draft"), ("Emil", "offered")]
    run_out(choosing, clock)
    assert own() == [("Cleo", "withdrawn"), ("Dora", "offered"), ("Emil", "expired")]


def test_a_choice_whose_mentor_asks_by_themselves_is_not_shown_as_withdrawn(
    choosing: Any,
) -> None:
    ranked(choosing, "cleo", "dora", by="ana")
    at = {"tenant": "acme", "mentee": choosing.ids["ana"], "mentor": choosing.ids["dora"]}
    match.propose(choosing.kit, actor=choosing.by("dora"), **at)
    told = choices.show(
        choosing.kit, tenant="acme", actor=choosing.by("ana"), participant=choosing.ids["ana"]
    )["choices"]
    assert [(one["mentor"], one["state"]) for one in told] == [
        ("Cleo", "offered"), ("Dora", "offered"),
    ]  # fmt: skip


def test_choices_are_ranked_anew_or_taken_back(choosing: Any) -> None:
    ranked(choosing, "cleo", "dora", "emil", by="ana")
    ranked(choosing, "cleo", "fay", by="ana")
    assert [one for one in now(choosing) if one[1] != "withdrawn"] == [
        ("Cleo", "offered"), ("Fay", "draft"),
    ]  # fmt: skip
    ranked(choosing, by="ana")
    assert [one for one in now(choosing) if one[1] != "withdrawn"] == [("Cleo", "offered")]


@pytest.mark.parametrize("by", ["ana", None])
def test_a_mentee_reads_why_a_choice_of_theirs_does_not_wait_any_more(
    choosing: Any, by: str | None
) -> None:
    ranked(choosing, "cleo", "dora", "emil", by="ana")
    ranked(choosing, "cleo", "emil", by=by)
    ana = {"tenant": "acme", "actor": choosing.by("ana"), "participant": choosing.ids["ana"]}
    told = choices.show(choosing.kit, **ana)
    rows = [(one["mentor"], one["state"], one["reason"]) for one in told["choices"]]
    anew = ("Emil", "draft", None) if by else ("Emil", "withdrawn", "chosen_anew")
    assert rows == [("Cleo", "offered", None), ("Dora", "withdrawn", "chosen_anew"), anew]
    (gone,) = [one["by"] for one in told["trace"] if one["proposal"] == told["choices"][1]["id"]][
        1:
    ]
    assert gone == ("mentee" if by else "admin")
    accept.accept(choosing.kit, **choosing.at, proposal=asked(choosing)["id"])
    if by:
        assert choices.show(choosing.kit, **ana)["choices"][2]["reason"] == "accepted_another"


def test_a_mentee_ranks_only_for_themselves_and_where_people_choose(
    choosing: Any, create_world: Any
) -> None:
    with pytest.raises(NotFound):
        ranked(choosing, "dora", by="cleo")
    other = create_world(people("ana"), tenant="other", kit=choosing.kit)
    with pytest.raises(NotAllowed, match="staff match"):
        ranked(other, "cleo", by="ana")
    with pytest.raises(NotAllowed, match="staff match"):
        ranked(other, by="ana")
    ranked(other, "cleo", "dora")  # staff may
    told = choices.show(
        other.kit, tenant="other", actor=other.by("ana"), participant=other.ids["ana"]
    )
    assert [one["mentor"] for one in told["choices"]] == ["Cleo"], "what waits is not told"


@pytest.mark.parametrize("level", ["self", "staff"])
def test_a_mentee_on_a_level_of_touch_ranks_where_that_level_lets_them_choose(
    create_world: Any, level: str
) -> None:
    world = create_world(
        people("ana", "ben"),
        matching="staff" if level == "self" else "self",
        sections={"targets": {"touch": [{"name": "other", "matching": level}]}},
    )
    onboard.set_touch(world.kit, **world.at, participant=world.ids["ana"], touch="other")
    chooses, does_not = ("ana", "ben") if level == "self" else ("ben", "ana")
    ranked(world, "cleo", mentee=chooses, by=chooses)
    assert now(world, chooses) == [("Cleo", "offered")]
    with pytest.raises(NotAllowed, match="staff match"):
        ranked(world, "dora", mentee=does_not, by=does_not)


def test_who_cannot_be_chosen_is_told_by_place(choosing: Any) -> None:
    onboard.pause(choosing.kit, **choosing.at, participant=choosing.ids["dora"])
    with pytest.raises(Invalid) as refused:
        ranked(choosing, "cleo", "dora", by="ana")
    assert [one.place for one in refused.value.problems] == ["mentors[1]"]
    assert now(choosing) == []


def published(world: Any) -> list[dict[str, Any]]:
    run = match.draft(world.kit, **world.at, program="traders")
    match.publish(world.kit, **world.at, run=run["id"])
    return match.proposals(world.kit, **world.at, program="traders", state="offered")


def by_strategy(world: Any, when: str) -> None:
    body = {**PRESET["strategy"], "fall_through": when}
    programs.define(world.kit, **world.at, program="traders", kind="strategy", body=body)


@pytest.fixture
def matched(create_world: Any) -> Any:
    """Return a program matched by staff in which the mentor is asked alone."""
    return create_world(people("ana"), accept_chain=["mentor"], offer_days=7)


def test_g5_after_a_run_the_next_best_is_asked_when_nobody_answers(
    matched: Any, clock: Any
) -> None:
    (first,) = published(matched)
    run_out(matched, clock)
    work(matched.kit)
    (second,) = match.proposals(matched.kit, **matched.at, program="traders", state="offered")
    assert second["mentor"] != first["mentor"]
    assert (second["run_id"], second["rank"], second["origin"]) == (
        first["run_id"], 2, "strategy",
    )  # fmt: skip
    assert second["words"]


@pytest.mark.parametrize(("when", "goes_on"), [("never", 0), ("expired", 0), ("always", 1)])
def test_after_a_no_the_next_best_is_asked_where_the_program_says_so(
    matched: Any, when: str, goes_on: int
) -> None:
    by_strategy(matched, when)
    (first,) = published(matched)
    accept.decline(matched.kit, **matched.at, proposal=first["id"])
    work(matched.kit)
    found = match.proposals(matched.kit, **matched.at, program="traders", state="offered")
    assert len(found) == goes_on


def test_a_mentee_who_did_not_answer_is_not_asked_about_another(
    create_world: Any, clock: Any
) -> None:
    world = create_world(people("ana"), offer_days=7)
    published(world)
    run_out(world, clock)
    work(world.kit)
    assert match.proposals(world.kit, **world.at, program="traders", state="offered") == []


def test_a_promise_kept_twice_asks_once(choosing: Any, clock: Any) -> None:
    ranked(choosing, "cleo", "dora", "emil", by="ana")
    run_out(choosing, clock)
    with choosing.kit.transaction(tenant=choosing.tenant, write=False) as tx:
        (job,) = tx.outbox.find(kind=choices.NEXT)
    choices.follow(choosing.kit, choosing.tenant, job)
    assert now(choosing) == [("Cleo", "expired"), ("Dora", "offered"), ("Emil", "draft")]


def test_a_closed_program_asks_nobody_new(choosing: Any, clock: Any) -> None:
    ranked(choosing, "cleo", "dora", by="ana")
    programs.close(choosing.kit, **choosing.at, program="traders")
    run_out(choosing, clock)
    assert now(choosing) == [("Cleo", "expired"), ("Dora", "draft")]
    with pytest.raises((Conflict, Invalid)):
        ranked(choosing, "emil", by="ana")


def test_choices_wait_for_who_takes_a_break_and_go_on_afterwards(choosing: Any, clock: Any) -> None:
    ranked(choosing, "cleo", "dora", by="ana")
    ana = {**choosing.at, "participant": choosing.ids["ana"]}
    onboard.pause(choosing.kit, **ana)
    run_out(choosing, clock)
    assert now(choosing) == [("Cleo", "expired"), ("Dora", "draft")]
    onboard.resume(choosing.kit, **ana)
    assert now(choosing) == [("Cleo", "expired"), ("Dora", "offered")]


def test_s1_a_request_carries_the_reasons_to_both(choosing: Any, clock: Any) -> None:
    """A mentor who is asked by a mentee reads why, as after a run; and nobody sees the score."""
    ranked(choosing, "cleo", "dora", by="ana")
    first = asked(choosing)["id"]
    for by in ("ana", "cleo"):
        actor = choosing.by(by)
        told = accept.show(choosing.kit, tenant="acme", actor=actor, proposal=first)
        assert any("trade" in why for why in told["words"])
        assert "score" not in told
    run_out(choosing, clock)
    told = accept.show(choosing.kit, **choosing.at, proposal=asked(choosing)["id"])
    assert told["words"]


def test_two_whom_a_rule_keeps_apart_are_proposed_without_reasons(create_world: Any) -> None:
    world = create_world()
    body = {**PRESET["strategy"], "rules": [{"rule": "same", "field": "trade"}]}
    programs.define(world.kit, **world.at, program="traders", kind="strategy", body=body)
    two = {"mentee": world.ids["ana"], "mentor": world.ids["dora"]}
    made = match.propose(world.kit, **world.at, **two)
    assert (made["state"], made["reasons"]) == ("offered", [])


def test_two_who_stand_in_a_draft_are_not_proposed_beside_it(world: Any) -> None:
    match.draft(world.kit, **world.at, program="traders")
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    with pytest.raises(Conflict, match="stand in a draft"):
        match.propose(world.kit, **world.at, **two)


def test_who_waits_among_the_choices_may_be_asked_at_once(choosing: Any) -> None:
    ranked(choosing, "cleo", "dora", by="ana")
    two = {"mentee": choosing.ids["ana"], "mentor": choosing.ids["dora"]}
    match.propose(choosing.kit, **choosing.at, **two)
    assert [one for one in now(choosing) if one[1] == "offered"] == [
        ("Cleo", "offered"), ("Dora", "offered"),
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["ana", None], ids=["her own choice", "chosen by staff"])
def test_a_pair_that_is_published_is_that_choice_being_asked(create_world: Any, by: str) -> None:
    world = create_world(people("ana"), matching="self", mentee_capacity=2)
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["ana"], capacity=2)
    ranked(world, "cleo", "dora", "emil", by=by)
    two = (world.ids["ana"], world.ids["dora"])
    run = match.draft(world.kit, **world.at, program="traders", locks=[two], alone=True)
    assert match.publish(world.kit, **world.at, run=run["id"])["offered"] == 1
    listed = match.proposals(world.kit, **world.at, program="traders", state="offered")
    (one,) = [each for each in listed if each["mentor"] == "Dora"]
    assert (one["origin"], one["awaiting"]) == (
        ("mentee", "mentor") if by else ("strategy", "mentee")
    )
    accept.decline(world.kit, **world.at, proposal=one["id"])
    work(world.kit)
    rows = match.proposals(world.kit, **world.at, program="traders")
    states = [(each["state"], each["reason"]) for each in rows if each["mentor"] == "Dora"]
    assert sorted(states) == [("declined", "no_reason_given"), ("withdrawn", "asked_for")]
    assert ("Emil", "offered") in now(world), "who has said no is not asked again"


def test_two_who_could_be_either_are_asked_about_each_other_once(create_world: Any) -> None:
    leads = [lead(key, "both", trade="baker", capacity=2) for key in ("ana", "cleo")]
    world = create_world(leads, kind="peer", matching="self", mentee_capacity=2)
    ana, cleo = world.ids["ana"], world.ids["cleo"]
    at = {"kit": world.kit, "tenant": world.tenant}
    match.propose(**at, actor=world.by("ana"), mentee=ana, mentor=cleo)
    for actor in (world.by("cleo"), world.admin):
        with pytest.raises(Conflict) as refused:
            match.propose(**at, actor=actor, mentee=cleo, mentor=ana)
        assert refused.value.code == "safeguard.proposed_now"
    run = match.draft(world.kit, **world.at, program="traders")
    match.publish(world.kit, **world.at, run=run["id"])
    (only,) = match.proposals(world.kit, **world.at, program="traders")
    assert (only["mentee"], only["mentor"]) == ("Ana", "Cleo"), "nor does a run pair them"


@pytest.fixture(params=["peer", "pair"])
def either(request: Any, create_world: Any) -> Any:
    """Ana, Cleo, Dora and Emil, who could each be mentee and mentor of the others."""
    keys = ("ana", "cleo", "dora", "emil")
    leads = [lead(key, "both", trade="baker", capacity=2) for key in keys]
    return create_world(leads, kind=request.param, matching="self", mentee_capacity=2)


def test_a_choice_that_is_asked_the_other_way_round_is_passed_over(either: Any) -> None:
    ranked(either, "cleo", "dora", "emil", by="ana")
    two = {"mentee": either.ids["dora"], "mentor": either.ids["ana"]}
    match.propose(either.kit, **either.at, **two)
    rows = match.proposals(either.kit, **either.at, program="traders", state="offered")
    (first,) = [row for row in rows if row["mentor"] == "Cleo"]
    accept.decline(either.kit, **either.at, proposal=first["id"])
    work(either.kit)
    rows = match.proposals(either.kit, **either.at, program="traders")
    assert {(r["mentee"], r["mentor"]): (r["state"], r["reason"]) for r in rows} == {
        ("Ana", "Cleo"): ("declined", "no_reason_given"),
        ("Dora", "Ana"): ("offered", None),
        ("Ana", "Dora"): ("withdrawn", "proposed_now"),
        ("Ana", "Emil"): ("offered", None),
    }


def test_a_pair_that_is_published_waits_among_no_choices_the_other_way_round(either: Any) -> None:
    ranked(either, "cleo", "dora", by="ana")
    two = (either.ids["dora"], either.ids["ana"])
    run = match.draft(either.kit, **either.at, program="traders", locks=[two], alone=True)
    assert match.publish(either.kit, **either.at, run=run["id"])["offered"] == 1
    rows = match.proposals(either.kit, **either.at, program="traders")
    assert {(r["mentee"], r["mentor"]): (r["state"], r["reason"]) for r in rows} == {
        ("Ana", "Cleo"): ("offered", None),
        ("Ana", "Dora"): ("withdrawn", "asked_for"),
        ("Dora", "Ana"): ("offered", None),
    }


def test_a_yes_ends_what_was_asked_the_other_way_round(either: Any) -> None:
    two = {"mentee": either.ids["ana"], "mentor": either.ids["dora"]}
    made = match.propose(either.kit, **either.at, **two)["id"]
    with either.kit.transaction(tenant="acme") as tx:  # as there could be before
        one = tx.proposals.get(made)
        turned = {"mentee_id": one.mentor_id, "mentor_id": one.mentee_id}
        tx.proposals.add(replace(one, id=tx.new_id(), **turned))
    accept.accept(either.kit, **either.at, proposal=made)
    rows = match.proposals(either.kit, **either.at, program="traders")
    assert {(r["mentee"], r["mentor"]): (r["state"], r["reason"]) for r in rows} == {
        ("Ana", "Dora"): ("accepted", None),
        ("Dora", "Ana"): ("withdrawn", "together_now"),
    }
    with either.kit.transaction(tenant="acme", write=False) as tx:
        assert not tx.outbox.find(name="proposal_declined"), "nobody hears of a no"


def test_who_has_said_no_the_other_way_round_is_passed_over(create_world: Any) -> None:
    leads = [lead(key, "both", trade="baker", capacity=2) for key in ("ana", "cleo", "dora")]
    world = create_world(leads, kind="peer", matching="self", mentee_capacity=2)
    ranked(world, "cleo", "dora", by="ana")
    two = {"mentee": world.ids["dora"], "mentor": world.ids["ana"]}
    match.propose(world.kit, **world.at, **two)
    listed = match.proposals(world.kit, **world.at, program="traders", state="offered")
    for one in sorted(listed, key=lambda each: each["mentee"] != "Dora"):
        accept.decline(world.kit, **world.at, proposal=one["id"])
        work(world.kit)
    rows = match.proposals(world.kit, **world.at, program="traders")
    assert [(each["state"], each["reason"]) for each in rows if each["mentor"] == "Dora"] == [
        ("withdrawn", "declined_before")
    ]


def test_staff_may_choose_again_who_has_said_no(choosing: Any) -> None:
    ranked(choosing, "dora", by="ana")
    accept.decline(choosing.kit, **choosing.at, proposal=asked(choosing)["id"])
    ranked(choosing, "cleo", "dora")
    accept.decline(choosing.kit, **choosing.at, proposal=asked(choosing)["id"])
    work(choosing.kit)
    assert asked(choosing)["mentor"] == "Dora"
