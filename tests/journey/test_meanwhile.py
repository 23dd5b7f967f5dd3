"""What somebody else does between a look and what follows from it: it comes before, or after."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from mentorkit.errors import Conflict, Invalid
from mentorkit.journey import (
    accept,
    match,
    meet,
    onboard,
    plugins,
    programs,
    protect,
    recruit,
    screen,
    setup,
    sources,
)
from tests.journey.conftest import PRESET, blocks, ids, lead


def ended(world: Any) -> set[tuple[str, str | None]]:
    rows = match.proposals(world.kit, **world.at, program="traders")
    return {(row["state"], row["reason"]) for row in rows if row["mentor"] == "Cleo"}


@pytest.mark.parametrize(
    ("verb", "reason"),
    [(None, "blocked"), (onboard.leave, "left"), (onboard.withdraw, "no_consent")],
)
def test_what_was_offered_meanwhile_is_withdrawn(
    world: Any, beside: Any, verb: Any, reason: str
) -> None:
    def other() -> None:
        verb(world.kit, **world.at, participant=world.ids["ana"])

    def propose() -> None:
        match.propose(world.kit, **world.at, **ids(world))

    beside(match, "ensure", propose, other if verb else blocks(world))
    assert ended(world) == {("withdrawn", reason)}


def test_what_was_published_meanwhile_is_withdrawn(world: Any, beside: Any) -> None:
    run = match.draft(world.kit, **world.at, program="traders", locks=[("ana", "cleo")])["id"]

    def publish() -> None:
        match.publish(world.kit, **world.at, run=run)

    beside(match, "judged", publish, blocks(world))
    assert ended(world) == {("withdrawn", "blocked")}


def test_a_last_place_asked_for_beside_a_publication_is_counted(world: Any, beside: Any) -> None:
    cleo = {"participant": world.ids["cleo"], "capacity": 1}
    onboard.set_capacity(world.kit, **world.at, **cleo)
    run = match.draft(world.kit, **world.at, program="traders", locks=[("ana", "cleo")])["id"]

    def publish() -> None:
        match.publish(world.kit, **world.at, run=run)

    def ask() -> None:
        match.propose(world.kit, **world.at, **ids(world, "ben"))

    they = beside(match, "noes", publish, ask)
    (drafted,) = [
        (row["state"], row["reason"])
        for row in match.proposals(world.kit, **world.at, program="traders")
        if (row["mentee"], row["mentor"]) == ("Ana", "Cleo")
    ]
    assert drafted == (("withdrawn", "asked_meanwhile") if they.first else ("offered", None))


def test_what_began_meanwhile_ends(world: Any, beside: Any) -> None:
    one = match.propose(world.kit, **world.at, **ids(world))["id"]

    def answer() -> None:
        accept.accept(world.kit, **world.at, proposal=one)

    beside(accept, "ensure", answer, blocks(world))
    (held,) = meet.relationships(world.kit, **world.at, program="traders")
    assert (held["state"], held["reason"]) == ("ended", "blocked")


def test_nobody_is_sent_away_for_a_place_that_was_there_before(world: Any, beside: Any) -> None:
    one = match.propose(world.kit, **world.at, **ids(world))["id"]
    match.propose(world.kit, **world.at, **ids(world, "ben"))

    def answer() -> None:
        accept.accept(world.kit, **world.at, proposal=one)

    def raise_() -> None:
        cleo = {"participant": world.ids["cleo"], "capacity": 3}
        onboard.set_capacity(world.kit, **world.at, **cleo)

    they = beside(accept, "ensure", answer, raise_)
    other = ("offered", None) if they.first else ("withdrawn", "place_taken")
    assert ended(world) == {("accepted", None), other}


# --------------------------------------------------------------------------- imports


def second(world: Any) -> dict[str, Any]:
    """Open another program, with nobody in it."""
    programs.create(world.kit, **world.at, key="second", preset=PRESET)
    at = {**world.at, "program": "second"}
    programs.open_(world.kit, **at)
    return at


@pytest.mark.parametrize("point", ["_met", "_Plan"])
def test_of_who_is_erased_while_a_file_tells_of_them_nothing_is_left(
    world: Any, beside: Any, point: str
) -> None:
    at, ana = second(world), world.persons["ana"]
    told = lead("ana", "mentee", trade="baker", village="Ora", phone="+254700000001")

    def take() -> None:
        recruit.receive(world.kit, **at, leads=[told])

    def erase() -> None:
        protect.erase(world.kit, **world.at, person=ana)

    beside(recruit, point, take, erase)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(ana).erased
        assert {one.kind for one in tx.contacts.find(person_id=ana)} == {"erased"}
        rows = tx.participants.find(person_id=ana)
    assert {(row.state, len(row.profile)) for row in rows} == {("left", 0)}


def test_nobody_comes_into_a_program_that_was_closed_meanwhile(world: Any, beside: Any) -> None:
    at = second(world)
    told: list[str] = []

    def take() -> None:
        try:
            recruit.receive(world.kit, **at, leads=[lead("zoe", "mentee", trade="baker")])
        except Conflict as error:
            told.append(error.code)

    they = beside(recruit, "program_of", take, lambda: programs.close(world.kit, **at))
    rows = screen.review(world.kit, **at)
    expected = (["program.closed"], 0) if they.first else ([], 1)
    assert (told, len(rows)) == expected


@pytest.mark.parametrize("point", ["known_person", "linked"])
def test_nobody_who_was_erased_meanwhile_is_appointed(world: Any, beside: Any, point: str) -> None:
    at, ana = {**world.at, "program": "traders"}, world.persons["ana"]
    told: list[str] = []

    def appoint() -> None:
        try:
            programs.appoint(world.kit, **at, role="viewer", person="ana")
        except Conflict as error:
            told.append(error.code)

    they = beside(
        programs, point, appoint, lambda: protect.erase(world.kit, **world.at, person=ana)
    )
    assert told == (["person.erased"] if they.first else [])
    assert programs.staff(world.kit, **at) == []


def test_staff_who_take_part_are_erased_beside_a_publication(world: Any, beside: Any) -> None:
    programs.appoint(
        world.kit, **world.at, program="traders", role="viewer", person=world.persons["ana"]
    )
    run = match.draft(world.kit, **world.at, program="traders")["id"]

    def at_the_first_try(verb: Any, **told: Any) -> Callable[[], None]:
        def walk() -> None:
            with world.kit.transaction(tenant="acme") as tx:
                verb(world.kit, **world.at, **told, tx=tx)

        return walk

    publish = at_the_first_try(match.publish, run=run)
    erase = at_the_first_try(protect.erase, person=world.persons["ana"])
    assert beside(protect, "withdraw_open", erase, publish, after=False).told == ""
    rows = match.proposals(world.kit, **world.at, program="traders")
    assert {(row["mentee"], row["state"]) for row in rows} >= {("Ben", "offered")}
    assert not [
        row for row in rows if row["mentee_id"] == world.ids["ana"] and row["state"] != "withdrawn"
    ]


# --------------------------------------------------------------------------- drafts and locks


def test_of_two_drafts_at_once_one_replaces_the_other(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit import matching

    summary, barrier, told = matching.summary, threading.Barrier(2, timeout=1), []

    def both_here(result: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            barrier.wait()
        return summary(result)

    monkeypatch.setattr(matching, "summary", both_here)

    def draft() -> None:
        told.append(match.draft(world.kit, **world.at, program="traders"))

    threads = [threading.Thread(target=draft) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = sorted(told, key=lambda one: len(one["replaced"]))
    assert (first["replaced"], second["replaced"]) == ([], [first["id"]])
    rows = match.runs(world.kit, **world.at, program="traders")
    assert {row["id"]: row["state"] for row in rows} == {
        first["id"]: "discarded", second["id"]: "draft"
    }  # fmt: skip


def test_a_lock_set_while_its_draft_is_replaced_is_refused(world: Any, beside: Any) -> None:
    match.draft(world.kit, **world.at, program="traders")
    pair = match.proposals(world.kit, **world.at, program="traders", state="draft")[0]["id"]

    def again() -> None:
        match.draft(world.kit, **world.at, program="traders")

    def lock() -> None:
        match.lock(world.kit, **world.at, proposal=pair)

    assert beside(match, "_discard", again, lock, after=False).told == "proposal.not_draft"


def labels(world: Any) -> dict[str, Any]:
    listed = setup.show(world.kit, **world.at, program="traders")["fields"]
    return {one["id"]: one["label"].get("en") for one in listed}


def test_two_changes_of_the_questions_at_once_are_both_kept(world: Any, beside: Any) -> None:
    def labelled(field: str) -> Any:
        return lambda: setup.field(
            world.kit, **world.at, program="traders", field=field, label=field.upper()
        )

    they = beside(setup, "in_force", labelled("trade"), labelled("village"))
    assert they.told == ""
    assert labels(world) == {"trade": "TRADE", "village": "VILLAGE"}


def test_two_requirements_that_are_put_in_force_at_once_are_both_kept(
    world: Any, beside: Any
) -> None:
    def put(id: str) -> Any:
        entry = {"field": "village", "test": "answered"}
        about = {"program": "traders", "kind": "requirements", "id": id, "entry": entry}
        return lambda: setup.listed(world.kit, **world.at, **about)

    beside(setup, "in_force", put("one"), put("two"))
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        kept = tx.definitions.current(world.program, "requirements").body["requirements"]
    assert {one["id"] for one in kept} == {"has_trade", "one", "two"}


def test_two_costs_that_are_noted_at_once_are_both_kept(world: Any, beside: Any) -> None:
    def spend(source: str) -> Any:
        about = {"program": "traders", "source": source, "amount": "5", "currency": "KES"}
        return lambda: sources.spend(world.kit, **world.at, **about)

    beside(sources, "_money", spend("radio"), spend("posters"))
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        kept = tx.definitions.current(world.program, sources.COSTS).body["costs"]
    assert {one["source"] for one in kept} == {"radio", "posters"}


def test_a_plugin_switched_off_and_set_at_once_is_both(world: Any, beside: Any) -> None:
    def change(**what: Any) -> Any:
        return lambda: plugins.change(
            world.kit, **world.at, program="traders", plugin="matching", **what
        )

    beside(plugins, "plugins_of", change(on=False), change(settings={}))
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        found = tx.programs.get(world.program)
        kept = plugins.plugins_of(tx, found)[found.id]["matching"]
    assert (kept["enabled"], "settings" in kept) == (False, True)


def test_a_question_is_not_taken_away_beside_a_requirement_that_names_it(
    world: Any, beside: Any
) -> None:
    entry = {"field": "village", "test": "answered"}

    def requires() -> None:
        about = {"program": "traders", "kind": "requirements", "id": "lives", "entry": entry}
        setup.listed(world.kit, **world.at, **about)

    def takes() -> None:
        body = {"trade": PRESET["fields"]["trade"]}
        with suppress(Invalid):
            programs.define(world.kit, **world.at, program="traders", kind="fields", body=body)

    strategy = {"criteria": [{"criterion": "equal", "field": "trade"}]}
    programs.define(world.kit, **world.at, program="traders", kind="strategy", body=strategy)
    beside(programs, "_read", requires, takes)
    assert set(labels(world)) == {"trade", "village"}
