"""Protect: two people are kept apart, and one is forgotten, whatever else goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit import store, worker
from mentorkit.domain.events import PersonBlocked, PersonErased, StaffDismissed
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotFound
from mentorkit.journey import (
    accept,
    drafts,
    match,
    meet,
    onboard,
    programs,
    protect,
    recruit,
    screen,
)
from mentorkit.kit import Kit
from mentorkit_inbox.tables import message as inbox
from tests.journey.conftest import PRESET, lead

COORDINATOR = Actor(user_ref="coordinator")


def appoint(world: Any) -> None:
    programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", name="C",
        user_ref="coordinator",
    )  # fmt: skip


def offer(world: Any, mentee: str, mentor: str) -> str:
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    return str(match.propose(world.kit, **world.at, **two)["id"])


def connect(world: Any, mentee: str, mentor: str) -> None:
    accept.accept(world.kit, **world.at, proposal=offer(world, mentee, mentor))


def proposals(world: Any) -> dict[str, tuple[str, str | None]]:
    rows = match.proposals(world.kit, **world.at, program="traders")
    return {row["id"]: (row["state"], row["reason"]) for row in rows}


def journal(world: Any, kind: type) -> list[Any]:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        return [one for one in tx.journal.events(limit=100_000) if isinstance(one, kind)]


def elsewhere(world: Any) -> tuple[str, dict[str, str]]:
    """Make a second program with Ana and Cleo in it, running together."""
    at = {**world.at, "program": "second"}
    programs.create(world.kit, **world.at, key="second", preset=PRESET)
    programs.open_(world.kit, **at)
    recruit.receive(
        world.kit, **at,
        leads=[lead("ana", "mentee", trade="baker"), lead("cleo", "mentor", trade="baker")],
    )  # fmt: skip
    ids = {row["key"]: row["id"] for row in screen.review(world.kit, **at)}
    for one in ids.values():
        for verb in (screen.approve, onboard.consent, onboard.complete):
            verb(world.kit, **world.at, participant=one)
    made = match.propose(world.kit, **world.at, mentee=ids["ana"], mentor=ids["cleo"])
    accept.accept(world.kit, **world.at, proposal=made["id"])
    return "second", ids


# --------------------------------------------------------------------------- block


def test_a_coordinator_keeps_two_apart_who_meet_in_another_program(world: Any) -> None:
    appoint(world)
    program, _ = elsewhere(world)
    report = protect.block(
        world.kit, tenant="acme", actor=COORDINATOR, person=world.persons["ana"],
        other=world.persons["cleo"],
    )  # fmt: skip
    assert report["ended"] == 1
    rows = meet.relationships(world.kit, **world.at, program=program)
    assert [(row["state"], row["reason"]) for row in rows] == [("ended", "blocked")]


@pytest.mark.parametrize(("key", "role"), [("ana", "mentee"), ("cleo", "mentor")])
def test_a_persons_own_block_is_written_down_in_the_role_they_play(
    world: Any, key: str, role: str
) -> None:
    protect.block(
        world.kit, tenant="acme", actor=world.by(key), person=world.persons[key],
        other=world.persons["ben"],
    )  # fmt: skip
    assert [event.role for event in journal(world, PersonBlocked)] == [role]


# --------------------------------------------------------------------------- consent


def test_consent_taken_back_withdraws_what_was_offered(world: Any) -> None:
    first, second = offer(world, "ana", "cleo"), offer(world, "ben", "dora")
    onboard.withdraw(world.kit, **world.at, participant=world.ids["cleo"])
    assert proposals(world) == {first: ("withdrawn", "no_consent"), second: ("offered", None)}


# --------------------------------------------------------------------------- erase


def erase(world: Any, key: str, actor: Actor | None = None) -> dict[str, Any]:
    by = actor or world.admin
    return protect.erase(world.kit, tenant="acme", actor=by, person=world.persons[key])


def test_who_is_erased_is_out_of_everything_at_once(world: Any) -> None:
    program, _ = elsewhere(world)
    open_one = offer(world, "ana", "dora")
    report = erase(world, "ana", world.by("ana"))
    assert (report["ended"], report["left"]) == (1, 2)
    assert report["unreached"] == []
    assert proposals(world)[open_one] == ("withdrawn", "erased")
    rows = meet.relationships(world.kit, **world.at, program=program)
    assert [(row["state"], row["reason"]) for row in rows] == [("ended", "erased")]
    for at in ("traders", program):
        gone = [
            row
            for row in screen.review(world.kit, **world.at, program=at)
            if row["person_id"] == world.persons["ana"]
        ]
        assert [(row["state"], row["reason"], row["consented_at"]) for row in gone] == [
            ("left", "erased", None)
        ]
        assert (gone[0]["name"], gone[0]["key"], gone[0]["profile"]) == ("", None, {})
    used = {r["key"]: r["used"] for r in screen.review(world.kit, **world.at, program=program)}
    assert used["cleo"] == 0
    assert len(journal(world, PersonErased)) == 1
    assert erase(world, "ana")["left"] == 0  # again changes nothing more


def test_only_staff_are_told_how_much_was_withdrawn_and_erased_for_some_were_drafts(
    world: Any,
) -> None:
    match.draft(world.kit, **world.at, program="traders")
    own = erase(world, "ana", world.by("ana"))
    assert own.keys() == {"person", "ended", "left", "unreached"}
    theirs = erase(world, "ben")
    assert (theirs["withdrawn"], theirs["erased"]["mk__person"]) == (1, 1)


def test_a_run_keeps_no_name_and_no_word_of_whom_it_left_alone(create_world: Any) -> None:
    world = create_world([
        lead("ana", "mentee", trade="baker", village="Ora"),
        lead("ben", "mentee", trade="baker", village="Ora"),
        lead("zed", "mentee", trade="baker", village="Farhill"),
        lead("cleo", "mentor", trade="baker", village="Ora", capacity=1),
    ])  # fmt: skip
    strategy = {**PRESET["strategy"], "rules": [{"rule": "same", "field": "village"}]}
    programs.define(world.kit, **world.at, program="traders", kind="strategy", body=strategy)
    match.draft(world.kit, **world.at, program="traders")

    def helps() -> dict[str, str]:
        shown = drafts.show(world.kit, **world.at, program="traders")
        assert shown is not None
        return {one["name"]: one["help"] for one in shown["left"]["mentees"]}

    with world.kit.transaction(tenant="acme", write=False) as tx:
        (stored,) = tx.connection.execute(sa.select(store.tables.run.c.summary)).scalars()
    assert "Cleo" not in repr(stored)
    assert "Farhill" not in repr(stored)
    assert helps() == {
        "Ben": "One more place at Cleo would let one of the 2 mentees left out be paired.",
        "Zed": "Recruit somebody who offers this: village Farhill.",
    }
    erase(world, "cleo")
    assert helps()["Ben"].startswith("One more place at somebody who has left would")


def test_who_asks_what_is_kept_reads_nothing_that_the_other_one_said(world: Any) -> None:
    connect(world, "ana", "cleo")
    (held,) = meet.relationships(world.kit, **world.at, program="traders")
    by = {"tenant": "acme", "actor": world.by("cleo"), "relationship": held["id"]}
    meet.end(world.kit, **by, reason="no_contact", note="She never came.")
    with world.kit.transaction(tenant="acme", write=False) as tx:
        ana, cleo = (store.export(tx, world.persons[key]) for key in ("ana", "cleo"))
    assert "no_contact" not in repr(ana)
    assert "note_id" not in repr(ana)
    assert "She never came." not in repr(ana)
    assert "She never came." in repr(cleo)  # her own words


@pytest.mark.parametrize("reason", ["Maria Lopez was rude", "", "x" * 41, "No_time"])
def test_a_reason_is_a_code_and_words_go_into_a_note(world: Any, reason: str) -> None:
    one = {"participant": world.ids["ana"]}
    connect(world, "ben", "dora")
    (held,) = meet.relationships(world.kit, **world.at, program="traders")
    offered = {"proposal": offer(world, "ana", "cleo")}
    running = {"relationship": held["id"]}
    for verb, of in (
        (onboard.pause, one), (onboard.leave, one), (accept.decline, offered),
        (accept.withdraw, offered), (meet.pause, running), (meet.end, running),
    ):  # fmt: skip
        with pytest.raises(Invalid, match="a note, which can be erased"):
            verb(world.kit, **world.at, **of, reason=reason)
    assert sorted(row["state"] for row in proposals_of(world)) == ["accepted", "offered"]


def proposals_of(world: Any) -> list[dict[str, Any]]:
    return match.proposals(world.kit, **world.at, program="traders")


def test_nothing_is_written_again_about_who_was_erased(world: Any) -> None:
    erase(world, "ana")
    before = {row["id"]: row for row in screen.review(world.kit, **world.at, program="traders")}
    steps: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (onboard.answer, {"answers": {"village": "Ora"}}),
        (onboard.set_capacity, {"capacity": 3}),
        (onboard.consent, {}),
        (onboard.complete, {}),
        (onboard.leave, {}),
    ]
    for step, told in steps:
        with pytest.raises(Conflict) as error:
            step(world.kit, **world.at, participant=world.ids["ana"], **told)
        assert error.value.code == "participant.erased"
        with pytest.raises(NotFound):
            step(
                world.kit,
                tenant="acme",
                actor=world.by("ben"),
                participant=world.ids["ana"],
                **told,
            )
    after = screen.review(world.kit, **world.at, program="traders")
    assert {row["id"]: row for row in after} == before


@pytest.mark.parametrize("state", ["lead", "waiting", "declined"])
def test_who_is_erased_has_left_whatever_they_were_and_stays_out(world: Any, state: str) -> None:
    new = [lead("eva", "mentee", trade="baker")]
    recruit.receive(world.kit, **world.at, program="traders", leads=new)
    (eva,) = screen.review(world.kit, **world.at, program="traders", state="lead")
    if state != "lead":
        verb = {"waiting": screen.wait, "declined": screen.decline}[state]
        verb(world.kit, **world.at, participant=eva["id"])
    own = Actor(person_id=eva["person_id"])
    report = protect.erase(world.kit, tenant="acme", actor=own, person=eva["person_id"])
    assert report["left"] == 1
    (gone,) = screen.review(world.kit, **world.at, program="traders", state="left")
    assert (gone["id"], gone["reason"]) == (eva["id"], "erased")
    for step in (screen.readmit, screen.approve):
        with pytest.raises(Conflict) as told:
            step(world.kit, **world.at, participant=eva["id"])
        assert told.value.code == "participant.erased"
    with pytest.raises(Conflict):
        onboard.consent(world.kit, **world.at, participant=eva["id"])


def test_a_person_without_a_name_is_in_no_pool_and_no_pair(world: Any) -> None:
    """However they came to stand as active: what the tables forgot, nobody is matched with."""
    with world.kit.transaction(tenant="acme") as tx:
        store.erase(tx, world.persons["ana"])
    with pytest.raises(Conflict, match="erased"):
        offer(world, "ana", "cleo")
    match.draft(world.kit, **world.at, program="traders")
    drafted = match.proposals(world.kit, **world.at, program="traders")
    assert world.ids["ana"] not in {row["mentee_id"] for row in drafted}


def test_the_firm_of_the_erased_goes_unless_somebody_else_acts_for_it(world: Any) -> None:
    alone, shared = {"name": "Ana Obi Tailoring"}, {"name": "Bread & Co"}
    people = [
        lead("ana", "mentee", business=Frozen(alone)),
        lead("ben", "mentee", business=Frozen(shared)),
        lead("dora", "mentor", business=Frozen(shared)),
    ]
    recruit.receive(world.kit, **world.at, program="traders", leads=people)
    assert erase(world, "ana")["erased"]["mk__business"] == 1
    assert "mk__business" not in erase(world, "ben")["erased"]
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert [one.name for one in tx.businesses.find()] == ["Bread & Co"]
        acting = {one.person_id for one in tx.participants.find() if one.business_id}
    assert acting == {world.persons["dora"]}


def test_who_is_erased_is_no_staff_any_more(world: Any) -> None:
    appoint(world)
    elsewhere(world)
    for at in ("traders", "second"):
        programs.appoint(
            world.kit, **world.at, program=at, role="viewer", person=world.persons["ana"]
        )
    erase(world, "ana")
    rows = programs.show(world.kit, **world.at)
    assert {row["key"]: list(row["staff"].values()) for row in rows} == {
        "traders": ["coordinator"],
        "second": [],
    }
    dismissed = journal(world, StaffDismissed)
    assert {event.person_id for event in dismissed} == {world.persons["ana"]}
    assert {event.program_id for event in dismissed} == {row["id"] for row in rows}
    erase(world, "ana")
    assert len(journal(world, StaffDismissed)) == 2


def test_only_staff_and_the_person_may_erase(world: Any) -> None:
    for by in (world.by("ben"), Actor(user_ref="nobody")):
        with pytest.raises(NotFound):
            erase(world, "ana", by)
    appoint(world)
    elsewhere(world)
    assert erase(world, "ana", COORDINATOR)["ended"] == 1


@pytest.mark.parametrize("secrets", [(), ("a secret", b"an older one")])
def test_a_file_does_not_bring_back_who_was_erased(
    create_world: Any, create_kit: Any, secrets: Any
) -> None:
    world = create_world(kit=create_kit(secret_keys=secrets))
    erase(world, "ana")
    erase(world, "ana")
    without_id = lead("ana@example.org", "mentee")
    leads = [lead("ana", "mentee", trade="baker"), without_id, lead("eva", "mentee")]
    report = recruit.receive(world.kit, **world.at, program="traders", leads=leads)
    assert [one["code"] for one in report["refused"]] == ["lead.erased", "lead.erased"]
    assert report["new"] == 1
    if secrets:  # a new secret goes in front; the old one still finds what it marked
        world.kit.secret_keys = ("a newer one", *secrets)
        again = recruit.receive(world.kit, **world.at, program="traders", leads=leads[:2])
        assert len(again["refused"]) == 2
    with world.kit.transaction(tenant="acme", write=False) as tx:
        left = tx.contacts.find(person_id=world.persons["ana"])
    assert [one.kind for one in left] == ["erased", "erased"]
    assert not [one for one in left if "ana" in one.value]


@pytest.mark.parametrize("key", ["zz", "ANA@example.org", "Ana"])
def test_a_new_id_does_not_bring_back_an_e_mail_that_was_erased(world: Any, key: str) -> None:
    erase(world, "ana")
    told = Lead(key=key, role="mentee", name="Ana", email="ANA@example.org")
    report = recruit.receive(world.kit, **world.at, program="traders", leads=[told])
    assert [one["code"] for one in report["refused"]] == ["lead.erased"]
    # Who is here in their own right and shares the address goes on being told of.
    ben = Lead(key="ben", role="mentee", name="Benjamin", email="ana@example.org")
    again = recruit.receive(world.kit, **world.at, program="traders", leads=[ben])
    assert (again["changed"], again["refused"]) == (1, [])


def test_the_name_of_the_erased_is_in_nobodys_inbox(
    create_world: Any, create_kit: Callable[..., Kit]
) -> None:
    world = create_world(kit=create_kit(plugins=("matching", "inbox")))
    connect(world, "ana", "cleo")
    offer(world, "ben", "dora")
    worker.work(world.kit)

    def bodies() -> list[str]:
        with world.kit.engine.connect() as connection:
            return list(connection.execute(sa.select(inbox.c.body)).scalars())

    assert [body for body in bodies() if "Cleo" in body]
    others = [body for body in bodies() if "Cleo" not in body]
    erase(world, "cleo")
    assert bodies() == others != []
    worker.work(world.kit)
    assert not [body for body in bodies() if "Cleo" in body]


def test_tables_of_a_plugin_that_is_not_loaded_are_named(
    create_world: Any, create_kit: Callable[..., Kit]
) -> None:
    create_kit(plugins=("matching", "inbox")).close()
    world = create_world()
    assert erase(world, "ana")["unreached"] == ["mk_inbox__message"]
