"""Signing up: whose the address is, one at a time, and what cannot be so."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from mentorkit import worker
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid
from mentorkit.journey import onboard, programs, recruit, screen, signup
from mentorkit_inbox.tables import message as inbox
from tests.journey.conftest import PRESET, lead

MALLORY = Actor(user_ref="u-mallory", means="form")
VICTIM = lead("vic", "mentee", trade="smith", village="Secret", phone="+254700111222")


def sign_up(world: Any, actor: Actor = MALLORY, **typed: Any) -> dict[str, Any]:
    told = {"program": "traders", "name": "Vic", "email": "vic@example.org", **typed}
    return signup.sign_up(world.kit, tenant="acme", role="mentee", actor=actor, **told)


def take_in(world: Any, *leads: Any, preview: bool = False) -> dict[str, Any]:
    at = {**world.at, "program": "traders"}
    return recruit.receive(world.kit, **at, leads=leads, preview=preview)


def test_an_import_tells_nothing_to_a_user_who_signed_up_with_the_address_of_another(
    world: Any,
) -> None:
    one = sign_up(world)
    assert len(take_in(world, VICTIM, preview=True)["twins"]) == 1
    report = take_in(world, VICTIM)
    assert (report["new"], report["changed"], report["refused"]) == (1, 0, [])
    (twin,) = report["twins"]
    assert (twin["key"], twin["participant"]) == ("vic", one["id"])
    assert one["id"] in twin["message"]
    seen = onboard.show(world.kit, tenant="acme", actor=MALLORY, participant=one["id"])
    assert [contact["value"] for contact in seen["contacts"]] == ["vic@example.org"]
    assert {question["value"] for question in seen["questions"]} == {None}
    again = take_in(world, VICTIM)
    assert (again["new"], again["unchanged"], again["twins"]) == (0, 1, [])
    other = take_in(world, replace(VICTIM, key="vic2", phone="+254700111223"))
    assert (other["new"], other["changed"]) == (0, 1)  # of the two, only the other may be meant


def test_an_import_finds_the_user_who_has_proved_the_address(world: Any) -> None:
    one = sign_up(world)
    with world.kit.transaction(tenant="acme") as tx:
        (mail,) = tx.contacts.find(person_id=one["person_id"], kind="email")
        tx.contacts.save(replace(mail, verified=True))
    report = take_in(world, VICTIM)
    assert (report["new"], report["changed"], report["twins"]) == (0, 1, [])


def test_an_import_finds_who_signed_up_without_an_account(world: Any) -> None:
    assert sign_up(world, Actor(means="form")) == {"state": "lead", "unmet": []}
    report = take_in(world, VICTIM)
    assert (report["new"], report["changed"], report["twins"]) == (0, 1, [])


def test_nobody_signs_up_for_a_program_that_was_closed_meanwhile(world: Any, beside: Any) -> None:
    at, told = {**world.at, "program": "traders"}, []
    before = len(screen.review(world.kit, **at))

    def come() -> None:
        try:
            sign_up(world)
        except Conflict as error:
            told.append(error.code)

    they = beside(signup, "program_of", come, lambda: programs.close(world.kit, **at))
    came = len(screen.review(world.kit, **at)) - before
    assert (told, came) == ((["program.closed"], 0) if they.first else ([], 1))


def test_who_is_signing_up_is_in_before_the_program_closes(world: Any, beside: Any) -> None:
    at = {**world.at, "program": "traders"}
    they = beside(
        signup, "not_closed", lambda: sign_up(world), lambda: programs.close(world.kit, **at)
    )
    assert not they.first


def test_one_address_sent_several_times_at_once_is_one_person(world: Any) -> None:
    callers = 6
    barrier = threading.Barrier(callers)

    def send() -> None:
        barrier.wait()
        sign_up(world, Actor(means="form"))

    threads = [threading.Thread(target=send) for _ in range(callers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert len(tx.contacts.find(kind="email", value="vic@example.org")) == 1


def test_a_user_who_signs_up_for_two_programs_at_once_is_one_person(
    world: Any, beside: Any
) -> None:
    programs.create(world.kit, **world.at, key="second", preset=PRESET)
    programs.open_(world.kit, **world.at, program="second")
    they = beside(
        signup, "_person", lambda: sign_up(world), lambda: sign_up(world, program="second")
    )
    assert they.told == ""
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (person,) = tx.people.find(user_ref="u-mallory")
        assert len(tx.participants.find(person_id=person.id)) == 2


def test_the_year_of_birth_is_kept_of_somebody_known_who_has_none(world: Any) -> None:
    new = {"name": "Vic", "user_ref": "u-mallory"}
    at = {**world.at, "program": "traders"}
    known = programs.appoint(world.kit, **at, role="viewer", **new)["person"]
    assert sign_up(world, born=1980)["person_id"] == known
    programs.create(world.kit, **world.at, key="second", preset={"title": "Second"})
    signup.sign_up(
        world.kit, tenant="acme", actor=MALLORY, program="second", role="mentee", name="Vic",
        email="vic@example.org", born=1999,
    )  # fmt: skip
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(known).born == 1980


@pytest.mark.parametrize("born", [-5, 1899, 2028, 99_999_999_999])
def test_a_year_that_cannot_be_is_refused_together_with_a_zone_that_is_none(
    world: Any, born: int
) -> None:
    with pytest.raises(Invalid) as refused:
        sign_up(world, born=born, zone="Nowhere")
    told = {one.place: one.message for one in refused.value.problems}
    assert told["born"] == "write a year from 1900 to 2027"
    assert "Africa/Nairobi" in told["zone"]


def test_who_signs_up_twice_by_phone_alone_is_one_person_and_a_family_shares_a_phone(
    world: Any,
) -> None:
    nobody = Actor()

    def by_phone(name: str, phone: str, **typed: Any) -> dict[str, Any]:
        return sign_up(world, nobody, name=name, email="", phone=phone, **typed)

    first = by_phone("Amélie Moto", "+254 712 345 678")
    assert by_phone("amelie  moto", "00254712345678") == first, "nobody learns who is registered"
    assert by_phone("Juma Moto", "+254 712 345 678") == first
    sign_up(world, nobody, name="Amélie Moto", email="other@example.org", phone="+254712345678")
    rows = screen.review(world.kit, **world.at, program="traders", state=None)
    names = sorted(row["name"] for row in rows if "moto" in row["name"].casefold())
    assert names == ["Amélie Moto", "Amélie Moto", "Juma Moto"]


def test_the_address_is_told_once_a_day_that_its_owner_is_known_already(
    create_world: Any, create_kit: Any
) -> None:
    world = create_world(kit=create_kit(plugins=("matching", "inbox")))
    own = {"tenant": "acme", "program": "traders", "actor": Actor(), "name": "Ana"}

    def again(role: str) -> list[str]:
        done = signup.sign_up(world.kit, **own, role=role, email="ana@example.org")
        assert done == {"state": "lead", "unmet": []}, "nobody learns who is registered"
        worker.work(world.kit)
        with world.kit.transaction(tenant="acme", write=False) as tx:
            rows = tx.connection.execute(inbox.select()).all()
        told = [one for one in rows if one.subject.startswith("Somebody filled in the form")]
        assert {one.person_id for one in told} == {world.persons["ana"]}
        return [one.body for one in told]

    assert len(again("mentor")) == len(again("mentee")) == 1
    world.kit.clock.forward(days=1)
    assert "You are known there already, so nothing has changed." in again("mentor")[1]


@pytest.mark.parametrize("phone", ["0712 345 678", "+254 71", "call me", "+254 712 345 678 ext"])
def test_a_number_that_a_message_cannot_reach_is_refused_with_how_it_is_written(
    world: Any, phone: str
) -> None:
    with pytest.raises(Invalid) as refused:
        sign_up(world, Actor(), email="", phone=phone)
    (told,) = refused.value.problems
    assert (told.place, "+254 700 123456" in told.message) == ("phone", True)


@pytest.mark.parametrize("email", ["bob@example", "bob", "@example.org", "bob@.", "bob@example."])
def test_an_address_without_a_whole_domain_is_refused(world: Any, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        sign_up(world, Actor(), email=email)
    (told,) = refused.value.problems
    assert (told.place, "mary@example.org" in told.message) == ("email", True)
