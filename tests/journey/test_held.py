"""What is held while somebody looks and writes: of two at once the later sees what came before.

Each of these fails on PostgreSQL as soon as the one line that holds is taken out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.events import MilestoneDue, ProposalDeclined
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict
from mentorkit.journey import (
    accept,
    cases,
    choices,
    concerns,
    contents,
    feedback,
    gather,
    match,
    meet,
    onboard,
    programs,
    protect,
    recruit,
    relay,
    requirements,
    screen,
    setup,
    signup,
)
from mentorkit.worker import work
from tests.journey.asked import PLUGINS, answer, asked, connect, drain, sections
from tests.journey.conftest import MOMENT, PRESET, blocks, lead


def told_of(walk: Callable[[], Any]) -> Callable[[], list[str]]:
    """Return what walks, and tells the code of the conflict that it met, if any."""

    def walked() -> list[str]:
        try:
            walk()
        except Conflict as error:
            told.append(error.code)
        return told

    told: list[str] = []
    return walked


def between(world: Any, mentor: str) -> list[tuple[str, str | None]]:
    """Return state and reason of what was proposed to this mentor, oldest first."""
    rows = match.proposals(world.kit, **world.at, program="traders")
    return [(row["state"], row["reason"]) for row in rows if row["mentor"] == mentor.title()]


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[threading.Thread]]]:
    """Return what lets somebody change Cleo's places each time that this point is reached."""
    others: list[threading.Thread] = []

    def at(module: Any, name: str, world: Any) -> list[threading.Thread]:
        point = getattr(module, name)

        def reached(*told: Any, **changed: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                cleo = {"participant": world.ids["cleo"], "capacity": 3 + len(others)}
                others.append(
                    threading.Thread(
                        target=partial(onboard.set_capacity, world.kit, **world.at, **cleo)
                    )
                )
                others[-1].start()
                others[-1].join(MOMENT)
            return point(*told, **changed)

        monkeypatch.setattr(module, name, reached)
        return others

    yield at
    for one in others:
        one.join()


# --------------------------------------------------------------------------- who may come in


def test_nobody_signs_up_beside_the_closing_of_a_program(world: Any, beside: Any) -> None:
    at = {**world.at, "program": "traders"}
    sign = told_of(
        lambda: signup.sign_up(
            world.kit, tenant="acme", actor=Actor(), program="traders", role="mentee",
            name="Zoe", email="zoe@example.org", answers={"trade": "baker"},
        )
    )  # fmt: skip
    they = beside(signup, "not_closed", sign, lambda: programs.close(world.kit, **at))
    came = [row for row in screen.review(world.kit, **at) if row["name"] == "Zoe"]
    assert len(came) == (0 if they.first else 1)


def test_nobody_is_readmitted_beside_the_closing_of_a_program(world: Any, beside: Any) -> None:
    at, ana = {**world.at, "program": "traders"}, world.ids["ana"]
    onboard.leave(world.kit, **world.at, participant=ana)
    back = told_of(lambda: screen.readmit(world.kit, **world.at, participant=ana))
    they = beside(screen, "not_closed", back, lambda: programs.close(world.kit, **at))
    states = {row["id"]: row["state"] for row in screen.review(world.kit, **at)}
    assert states[ana] == ("left" if they.first else "lead")


def test_who_comes_into_another_program_while_they_are_erased_does_not_stay(
    world: Any, beside: Any
) -> None:
    programs.create(world.kit, **world.at, key="second", preset=PRESET)
    at, ana = {**world.at, "program": "second"}, world.persons["ana"]
    told = lead("ana", "mentee", trade="baker", village="Ora")
    match.propose(world.kit, **world.at, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    beside(
        protect, "withdraw_open",
        lambda: protect.erase(world.kit, **world.at, person=ana),
        lambda: recruit.receive(world.kit, **at, leads=[told]),
    )  # fmt: skip
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert {one.state for one in tx.participants.find(person_id=ana)} == {"left"}
        assert {one.kind for one in tx.contacts.find(person_id=ana)} == {"erased"}


def test_staff_are_appointed_beside_their_erasure_without_a_deadlock(
    world: Any, beside: Any
) -> None:
    at, ana = {**world.at, "program": "traders"}, world.persons["ana"]
    programs.appoint(world.kit, **at, role="viewer", person=ana)

    def at_the_first_try(verb: Any, **told: Any) -> Callable[[], None]:
        def walk() -> None:
            with world.kit.transaction(tenant="acme") as tx:
                verb(world.kit, **told, tx=tx)

        return walk

    appoint = at_the_first_try(programs.appoint, **at, role="supervisor", person=ana)
    erase = at_the_first_try(protect.erase, **world.at, person=ana)
    assert beside(programs, "linked", appoint, erase).told == ""
    assert programs.staff(world.kit, **at) == []


# --------------------------------------------------------------------------- who may meet


def test_no_two_are_gathered_who_are_kept_apart_meanwhile(world: Any, beside: Any) -> None:
    def together() -> None:
        gather.gather(
            world.kit, **world.at, program="traders",
            people=[world.ids["ana"]], mentor=world.ids["cleo"],
        )  # fmt: skip

    beside(gather, "_ensure_all_may_meet", together, blocks(world))
    (held,) = meet.relationships(world.kit, **world.at, program="traders")
    assert (held["state"], held["reason"]) == ("ended", "blocked")


def test_no_relationship_begins_with_who_is_erased_meanwhile(world: Any, beside: Any) -> None:
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    one = match.propose(world.kit, **world.at, **two)["id"]
    accepts = told_of(lambda: accept.accept(world.kit, **world.at, proposal=one))
    beside(
        protect, "Step",
        lambda: protect.erase(world.kit, **world.at, person=world.persons["ana"]),
        accepts, after=False,
    )  # fmt: skip
    assert meet.relationships(world.kit, **world.at, program="traders") == []
    assert between(world, "cleo") == [("withdrawn", "erased")]


# --------------------------------------------------------------------------- choices

MENTORS = ("cleo", "dora", "emil", "fay")


@pytest.fixture
def choosing(create_world: Any) -> Any:
    people = [lead("ana", "mentee", trade="baker", village="Ora")]
    people += [lead(key, "mentor", trade="baker", capacity=2) for key in MENTORS]
    return create_world(people, matching="self", offer_days=7)


def ranks(world: Any, *mentors: str) -> Callable[[], Any]:
    chosen = [world.ids[key] for key in mentors]
    return lambda: choices.rank(world.kit, **world.at, mentee=world.ids["ana"], mentors=chosen)


def standing(world: Any) -> dict[str, str]:
    told = choices.show(world.kit, **world.at, participant=world.ids["ana"])["choices"]
    return {one["mentor"]: one["state"] for one in told}


def test_of_two_rankings_at_once_the_later_replaces_what_waits(choosing: Any, beside: Any) -> None:
    beside(choices, "waiting", ranks(choosing, "cleo"), ranks(choosing, "dora", "emil"))
    assert standing(choosing) in (
        {"Cleo": "offered", "Dora": "draft", "Emil": "draft"},
        {"Cleo": "draft", "Dora": "offered", "Emil": "withdrawn"},
    )


def ended_job(world: Any, mentor: str) -> Any:
    """Decline what this mentor was asked; return the job that goes on from there."""
    rows = match.proposals(world.kit, **world.at, program="traders")
    (one,) = (row["id"] for row in rows if row["mentor"] == mentor.title())
    accept.decline(world.kit, **world.at, proposal=one, reason="no_time")
    with world.kit.transaction(tenant="acme", write=False) as tx:
        told = tx.journal.about("proposal", one)
    (event,) = (each for each in told if isinstance(each, ProposalDeclined))
    return SimpleNamespace(sequence=event.sequence)


def test_for_one_place_one_choice_is_asked_however_many_go_on_at_once(
    choosing: Any, beside: Any
) -> None:
    ranks(choosing, "cleo", "dora", "emil")()
    job = ended_job(choosing, "cleo")

    def go_on() -> None:
        choosing.kit.write("acme", lambda tx: choices._ask_next(tx, job))

    beside(choices, "_has_room", go_on, go_on)
    assert standing(choosing) == {"Cleo": "declined", "Dora": "offered", "Emil": "draft"}


def test_the_next_best_is_not_asked_beside_a_block(choosing: Any, beside: Any) -> None:
    ranks(choosing, "cleo")()
    job = ended_job(choosing, "cleo")
    pair = SimpleNamespace(
        mentee_id=choosing.ids["ana"], mentor_id=choosing.ids["dora"], rank=1, score=5_000,
        reasons=(), reasons_mentor=(),
    )  # fmt: skip
    two = {"person": choosing.persons["ana"], "other": choosing.persons["dora"]}
    beside(
        choices, "breaches",
        lambda: choosing.kit.write("acme", lambda tx: choices._ask_best(tx, job, [pair])),
        lambda: protect.block(choosing.kit, **choosing.at, **two),
    )  # fmt: skip
    assert between(choosing, "dora") == [("withdrawn", "blocked")]


# --------------------------------------------------------------------------- what is said


def test_of_two_words_at_once_the_later_counts_the_earlier(world: Any, beside: Any) -> None:
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    one = match.propose(world.kit, **world.at, **two)["id"]
    held = accept.accept(world.kit, **world.at, proposal=one)["relationship"]["id"]
    mine: dict[str, Any] = {"tenant": "acme", "actor": world.by("ana"), "relationship": held}
    for _ in range(relay.A_DAY - 1):
        relay.send(world.kit, **mine, text="Shall we meet?")

    def write() -> None:
        relay.send(world.kit, **mine, text="Shall we meet?")

    they = beside(relay, "relayed", write, write)
    assert they.told == "relay.too_many"
    assert len(relay.said(world.kit, **mine, limit=99)) == relay.A_DAY


def test_of_two_decisions_about_a_text_one_counts(
    create_kit: Any, create_world: Any, beside: Any
) -> None:
    kit = create_kit(plugins=("matching", "wordlist"))
    words = {"wordlist": {"settings": {"words": ["idiot"]}}}
    world = create_world(kit=kit, sections={"plugins": words})
    one = match.propose(
        kit, **world.at, mentee=world.ids["ana"], mentor=world.ids["cleo"]
    )["id"]  # fmt: skip
    held = accept.accept(kit, **world.at, proposal=one)["relationship"]["id"]
    mine: dict[str, Any] = {"tenant": "acme", "actor": world.by("ana")}
    assert relay.send(kit, **mine, relationship=held, text="You idiot.")["held"]
    work(kit)
    (text,) = (row["id"] for row in contents.waiting(kit, **world.at, program="traders"))
    they = beside(
        contents, "role_in",
        lambda: contents.refuse(kit, **world.at, content=text),
        lambda: contents.release(kit, **world.at, content=text),
    )  # fmt: skip
    assert they.told
    assert relay.said(kit, **mine, relationship=held) == []


def test_of_two_who_take_a_case_at_once_one_has_it(world: Any, beside: Any) -> None:
    at = {**world.at, "program": "traders"}
    staff = [
        Actor(person_id=programs.appoint(world.kit, **at, role="coordinator", name=name)["person"])
        for name in ("Cora", "Carl")
    ]
    concerns.raise_(world.kit, tenant="acme", actor=Actor(), program="traders", kind="other",
                    text="Something happened.")  # fmt: skip
    (one,) = (row["id"] for row in cases.queue(world.kit, **at))

    def takes(actor: Actor) -> Callable[[], Any]:
        return lambda: cases.take(world.kit, tenant="acme", actor=actor, concern=one)

    assert beside(cases, "folded", takes(staff[0]), takes(staff[1])).told
    assert cases.show(world.kit, **world.at, concern=one)["owner"] == "Cora"


# --------------------------------------------------------------------------- what is asked


@pytest.fixture
def asking(create_world: Any, create_kit: Any) -> Any:
    made = create_world(kit=create_kit(plugins=PLUGINS), sections=sections("check"))
    drain(made)
    return made


def test_two_triggers_at_once_ask_once(asking: Any, beside: Any, clock: Any) -> None:
    connect(asking, "ana", "cleo")
    clock.forward(days=43)
    meet.turn(asking.kit, tenant="acme")
    with asking.kit.transaction(tenant="acme", write=False) as tx:
        (program,) = tx.programs.find()
        told = tx.journal.of("milestone", program.id)
        due = [one.sequence for one in told if isinstance(one, MilestoneDue)]

    def ask() -> None:
        feedback.after(asking.kit, tenant="acme", sequence=due[-1])

    beside(feedback, "asked_of", ask, ask)
    assert len(asked(asking, "check", side="mentee")) == 1


def test_a_survey_is_answered_once_however_many_answer_at_once(
    asking: Any, beside: Any, clock: Any
) -> None:
    connect(asking, "ana", "cleo")
    clock.forward(days=43)
    drain(asking)
    (row,) = asked(asking, "check", side="mentee")
    they = beside(
        feedback, "questions",
        lambda: answer(asking, row, going="well"),
        lambda: answer(asking, row, going="badly"),
    )  # fmt: skip
    assert they.told == "survey.answered"


def test_requirements_are_asked_however_often_somebody_changes_meanwhile(
    create_kit: Any, create_world: Any, often: Any
) -> None:
    kit = create_kit(plugins=("matching", "screening"))
    world = create_world(kit=kit)
    body = {"requirements": [{"id": "trades", "check": "trading_years", "text": "Trades"}]}
    programs.define(kit, **world.at, program="traders", kind="requirements", body=body)
    others = often(requirements, "replace", world)
    assert requirements.ask(kit, "acme", "traders", [world.ids["cleo"]]) == 1
    assert len(others) == 1


def test_people_walk_a_step_however_often_staff_change_them_meanwhile(
    world: Any, often: Any
) -> None:
    others = often(onboard, "not_erased", world)
    paused = onboard.pause(world.kit, **world.at, participant=world.ids["cleo"])
    assert (paused["state"], len(others)) == ("paused", 1)


def test_a_change_in_a_callers_transaction_is_made_from_what_holds_once_it_has_the_lock(
    world: Any,
) -> None:
    at = {**world.at, "program": "traders"}

    def other() -> None:
        setup.field(world.kit, **at, field="village", label="Home")

    beside = threading.Thread(target=other)
    with world.kit.transaction(tenant="acme") as tx:
        told = {"participant": world.ids["ben"], "answers": {"village": "Wen"}}
        onboard.answer(world.kit, **world.at, **told, tx=tx)
        beside.start()
        beside.join(2)  # on SQLite it waits for us
        setup.field(world.kit, **at, field="trade", label="Craft", tx=tx)
    beside.join()
    fields = setup.show(world.kit, **at)["fields"]
    assert {one["id"]: one["label"]["en"] for one in fields} == {
        "trade": "Craft",
        "village": "Home",
    }
