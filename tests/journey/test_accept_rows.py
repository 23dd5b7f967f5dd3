"""What the field asks of asking and answering, row by row, and where people stand meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from mentorkit.errors import Conflict
from mentorkit.journey import accept, browse, match, meet, onboard, programs, screen, standing
from mentorkit.journey.steps import many
from mentorkit.worker import work
from tests.journey.conftest import lead


def proposed(world: Any, mentee: str = "ana", mentor: str = "cleo") -> str:
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    return str(match.propose(world.kit, **world.at, **two)["id"])


CHAINS = [
    ("mentee", "mentor", "coordinator"),
    ("mentee", "mentor"),
    ("mentee", "coordinator"),
    ("coordinator", "mentor"),
    ("coordinator",),
]


@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_s3_each_in_the_chain_is_awaited_in_order_and_leaving_one_out_shortens_it(
    create_world: Any, chain: tuple[str, ...]
) -> None:
    world = create_world(accept_chain=list(chain))
    one, awaited = proposed(world), []
    for _ in chain:
        told = accept.show(world.kit, **world.at, proposal=one)
        awaited.append(told["awaiting"])
        assert told["state"] == "offered"
        accept.accept(world.kit, **world.at, proposal=one, on_behalf_of=told["awaiting"])
    assert tuple(awaited) == chain
    assert accept.show(world.kit, **world.at, proposal=one)["state"] == "accepted"


def test_s3_nobody_answers_before_their_turn(create_world: Any) -> None:
    world = create_world(accept_chain=["mentee", "mentor", "coordinator"])
    one = proposed(world)
    for early in ("mentor", "coordinator"):
        with pytest.raises(Conflict, match="mentee is asked next"):
            accept.accept(world.kit, **world.at, proposal=one, on_behalf_of=early)


def test_s3_the_coordinators_are_told_when_it_is_their_turn(
    create_world: Any, create_kit: Any
) -> None:
    from tests.journey.test_worker import Post, plugin

    post = Post()
    kit = create_kit(plugins=("matching", plugin(post)))
    world = create_world(kit=kit, accept_chain=["mentee", "mentor", "coordinator"])
    cora = programs.appoint(kit, **world.at, program="traders", role="coordinator", name="Cora")
    programs.appoint(kit, **world.at, program="traders", role="viewer", name="Vera")
    one = proposed(world)
    for side in ("mentee", "mentor"):
        work(kit)
        accept.accept(kit, **world.at, proposal=one, on_behalf_of=side)
    post.carried.clear()
    work(kit)
    (told,) = post.carried
    assert (told.person_id, told.template) == (cora["person"], "proposal_to_confirm")
    assert "between Ana and Cleo" in told.body
    assert standing.overview(kit, **world.at, program="traders")["staff_asked"] == 1


def test_g4_tell_me_more_pauses_the_deadline_for_one_question_and_one_reply(
    world: Any, clock: Any
) -> None:
    one = proposed(world)
    ana = {"tenant": world.tenant, "actor": world.by("ana"), "proposal": one}
    cleo = {"tenant": world.tenant, "actor": world.by("cleo"), "proposal": one}
    clock.forward(days=9)
    accept.ask(world.kit, **ana, text="Do you know ovens?")
    clock.forward(days=2)  # the first deadline of ten days has passed
    work(world.kit)
    assert accept.show(world.kit, **ana)["state"] == "question"
    with pytest.raises(Conflict, match="open already"):
        accept.ask(world.kit, **ana, text="And more?")
    accept.reply(world.kit, **cleo, text="Very well.")
    clock.forward(days=9)
    work(world.kit)
    accept.accept(world.kit, **ana)
    told = accept.talk(world.kit, **world.at, proposal=one)
    assert [each["text"] for each in told] == ["Do you know ovens?", "Very well."]
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        names = [type(event).__name__ for event in tx.journal.about("proposal", one)]
    assert names[-3:] == ["QuestionAsked", "QuestionAnswered", "ProposalAnswered"]


# ------------------------------------------------------------------ where people stand


def stage(world: Any, key: str) -> dict[str, Any]:
    found = standing.home(world.kit, tenant=world.tenant, actor=world.by(key))
    (part,) = found["parts"]
    return part


def test_a_mentee_always_knows_where_she_stands(world: Any) -> None:
    from mentorkit.journey import recruit

    kit, at = world.kit, world.at
    recruit.receive(kit, **at, program="traders", leads=[lead("eva", "mentee", trade="smith")])
    (row,) = [r for r in screen.review(kit, **at, program="traders") if r["key"] == "eva"]
    eva = {"participant": row["id"]}
    world.ids["eva"], world.persons["eva"] = row["id"], row["person_id"]
    seen = [stage(world, "eva")["stage"]]
    for verb in (screen.wait, screen.approve):
        verb(kit, **at, **eva)
        seen.append(stage(world, "eva")["stage"])
    onboard.consent(kit, **at, **eva)
    onboard.complete(kit, **at, **eva)
    seen.append(stage(world, "eva")["stage"])
    one = proposed(world, "eva", "dora")
    seen.append(stage(world, "eva")["stage"])
    assert stage(world, "eva")["proposals"][0]["yours"]
    accept.accept(kit, **at, proposal=one, on_behalf_of="mentee")
    assert not stage(world, "eva")["proposals"][0]["yours"], "now the mentor is asked"
    accept.accept(kit, **at, proposal=one)
    seen.append(stage(world, "eva")["stage"])
    assert seen == ["received", "checking", "joining", "looking", "asked", "connected"]


def test_a_mentor_knows_where_they_stand(world: Any) -> None:
    seen = [stage(world, "dora")["stage"]]
    one = proposed(world, "ana", "dora")
    seen.append(stage(world, "dora")["stage"])  # Ana is asked first
    accept.accept(world.kit, tenant="acme", actor=world.by("ana"), proposal=one)
    seen.append(stage(world, "dora")["stage"])
    accept.accept(world.kit, **world.at, proposal=one)
    seen.append(stage(world, "dora")["stage"])
    assert seen == ["looking", "looking", "asked", "connected"]
    assert stage(world, "dora")["places"] == 1
    assert stage(world, "dora")["usual_wait"] is None


def test_g7_the_usual_wait_is_the_median_and_range_of_the_programs_own_history(
    create_world: Any, clock: Any
) -> None:
    mentees = [f"e{n}" for n in range(6)]
    people = [lead(key, "mentee", trade="baker") for key in mentees]
    world = create_world([*people, lead("cleo", "mentor", trade="baker", capacity=9)])
    for days, key in zip((2, 2, 4, 6, 10), mentees, strict=False):
        assert stage(world, "e5")["usual_wait"] is None, "not enough data yet"
        clock.forward(days=days)
        accept.accept(world.kit, **world.at, proposal=proposed(world, key, "cleo"))
    wait = stage(world, "e5")["usual_wait"]  # they waited 2, 4, 8, 14 and 24 days
    assert wait == {"median": 8, "low": 4, "high": 14, "of": 5}


def test_g7_too_few_are_said_to_be_too_few(world: Any) -> None:
    assert standing.FEW == 5
    assert stage(world, "ana")["usual_wait"] is None


# ------------------------------------------------------------------ page by page


def pages(listing: Any, world: Any, key: str = "after", **options: Any) -> list[list[str]]:
    found, at = [], None
    while True:
        page = listing(world.kit, program="traders", **{key: at}, **options)
        found.append([one["id"] for one in page["items"]])
        at = page["next"]
        if at is None:
            return found


def test_long_lists_come_page_by_page_and_miss_nothing(create_world: Any) -> None:
    mentees = [lead(f"e{n}", "mentee", trade="baker") for n in range(5)]
    world = create_world([*mentees, lead("cleo", "mentor", trade="baker", capacity=9)])
    made = [proposed(world, f"e{n}", "cleo") for n in range(5)]
    assert pages(browse.proposals, world, **world.at, limit=2) == [made[:2], made[2:4], made[4:]]
    many(world.kit, accept.accept, made[:3], **world.at, noun="proposal")
    held = [one["id"] for one in meet.relationships(world.kit, **world.at, program="traders")]
    assert pages(browse.relationships, world, **world.at, limit=2) == [held[:2], held[2:]]
    offered = pages(browse.proposals, world, **world.at, limit=1, state=("offered", "question"))
    assert offered == [[made[3]], [made[4]]]
    runs = [match.draft(world.kit, **world.at, program="traders")["id"] for _ in range(3)][
        ::-1
    ]  # newest first
    assert pages(browse.runs, world, "before", **world.at, limit=2) == [runs[:2], runs[2:]]


def test_participants_page_through_their_own_alone(create_world: Any) -> None:
    world = create_world(matching="self")
    own = [proposed(world, "ana", "cleo"), proposed(world, "ana", "dora")]
    proposed(world, "ben", "dora")
    by = {"tenant": world.tenant, "actor": world.by("ana")}
    assert pages(browse.proposals, world, **by, limit=1) == [[own[0]], [own[1]]]
    accept.accept(world.kit, **world.at, proposal=own[0])
    assert len(pages(browse.relationships, world, **by)[0]) == 1
    ben = {"tenant": world.tenant, "actor": world.by("ben")}
    assert pages(browse.relationships, world, **ben) == [[]]
