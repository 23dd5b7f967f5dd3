"""What somebody writes of themselves is shown to a match, where the program's field says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import NotFound
from mentorkit.journey import (
    accept,
    contents,
    introduce,
    match,
    meet,
    onboard,
    programs,
    protect,
    setup,
    signup,
    suggestions,
)
from tests.journey.conftest import lead

FIELDS: dict[str, Any] = {
    "about": {"shown": True, "label": "About you"},
    "tongues": {
        "kind": "options", "options": {"sw": "Swahili", "en": "English"}, "shown": True,
    },
    "needs": {"kind": "text", "roles": ["mentee"], "shown": True},
    "offers": {"kind": "text", "roles": ["mentor"], "shown": True},
    "trust": {"kind": "flag", "shown": True},
    "income": {"kind": "text"},
}  # fmt: skip
ANA = {"about": "I bake.\nFor the village.", "tongues": ["sw", "en"], "needs": "Prices"}
CLEO = {"about": "I baked.", "offers": "Books", "trust": False}
SECRET = {"income": "very little"}


@pytest.fixture
def create_told(create_world: Callable[..., Any]) -> Callable[..., Any]:
    """Return a factory of worlds in which Ana and Cleo have answered, and Ana asks for Cleo."""

    def create(*leads: Any, **options: Any) -> Any:
        world = create_world(
            list(leads) or None, **{"fields": FIELDS, "matching": "self", **options}
        )
        for key, told in (("ana", ANA), ("cleo", CLEO)):
            given = {**told, **SECRET}
            onboard.answer(world.kit, **world.at, participant=world.ids[key], answers=given)
        return world

    return create


@pytest.fixture
def world(create_told: Callable[..., Any]) -> Any:
    return create_told()


def own(world: Any, key: str) -> dict[str, Any]:
    return {"tenant": "acme", "actor": world.by(key)}


def ask(world: Any) -> str:
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    return str(match.propose(world.kit, **own(world, "ana"), **two)["id"])


def read(world: Any, by: dict[str, Any], proposal: str) -> dict[str, Any]:
    """Return what a proposal tells somebody of the other, by participant's key."""
    names = {id: key for key, id in world.ids.items()}
    told = accept.show(world.kit, **by, proposal=proposal)["about"]
    return {names[one["participant"]]: one["answers"] for one in told}


def begin(world: Any, proposal: str) -> str:
    done = accept.accept(world.kit, **own(world, "cleo"), proposal=proposal)
    return str(done["relationship"]["id"])


def met(world: Any, by: dict[str, Any], held: str) -> dict[str, Any]:
    told = introduce.introduction(world.kit, **by, relationship=held)["others"]
    return {one["name"]: one["answers"] for one in told}


OF_ANA = {"about": "I bake.\nFor the village.", "tongues": ["sw", "en"], "needs": "Prices"}
OF_CLEO = {"about": "I baked.", "offers": "Books", "trust": False}


def test_each_of_the_two_reads_what_the_other_shows_and_nothing_else(world: Any) -> None:
    one = ask(world)
    assert read(world, own(world, "cleo"), one) == {"ana": OF_ANA}
    assert read(world, own(world, "ana"), one) == {"cleo": OF_CLEO}
    assert read(world, world.at, one) == {"ana": OF_ANA, "cleo": OF_CLEO}, "staff read both"
    held = begin(world, one)
    assert read(world, own(world, "ana"), one) == {"cleo": OF_CLEO}
    assert met(world, own(world, "ana"), held) == {"Cleo": OF_CLEO}
    assert met(world, own(world, "cleo"), held) == {"Ana": OF_ANA}
    meet.pause(world.kit, **world.at, relationship=held)
    assert met(world, world.at, held) == {"Ana": OF_ANA, "Cleo": OF_CLEO}


def test_who_chooses_reads_what_mentors_show(world: Any) -> None:
    told = suggestions.mentors(world.kit, **own(world, "ana"), participant=world.ids["ana"])
    assert {one["name"]: one["answers"] for one in told["mentors"]} == {"Cleo": OF_CLEO, "Dora": {}}
    assert "very little" not in str(told)


def test_nothing_is_shown_where_no_field_says_so(create_told: Callable[..., Any]) -> None:
    hidden = {id: {**spec, "shown": False} for id, spec in FIELDS.items()}
    world = create_told(fields=hidden)
    one = ask(world)
    assert read(world, own(world, "cleo"), one) == {"ana": {}}
    assert met(world, own(world, "ana"), begin(world, one)) == {"Cleo": {}}
    told = suggestions.mentors(world.kit, **world.at, participant=world.ids["ben"])["mentors"]
    assert {one["name"]: one["answers"] for one in told} == {"Dora": {}}


def test_what_a_person_is_not_asked_in_this_role_is_not_shown(world: Any) -> None:
    answers = {"needs": "Prices of old"}
    onboard.answer(world.kit, **world.at, participant=world.ids["cleo"], answers=answers)
    assert read(world, own(world, "ana"), ask(world)) == {"cleo": OF_CLEO}


@pytest.mark.parametrize("end", ["decline", "withdraw", "expire", "block", "leave"])
def test_a_proposal_that_came_to_nothing_shows_nobody(world: Any, clock: Any, end: str) -> None:
    one = ask(world)
    if end == "decline":
        accept.decline(world.kit, **own(world, "cleo"), proposal=one)
    elif end == "withdraw":
        accept.withdraw(world.kit, **own(world, "ana"), proposal=one)
    elif end == "expire":
        clock.forward(days=60)
        accept.expire(world.kit, tenant="acme")
    elif end == "block":
        two = {"person": world.persons["ana"], "other": world.persons["cleo"]}
        protect.block(world.kit, **own(world, "ana"), **two)
    else:
        onboard.leave(world.kit, **own(world, "ana"), participant=world.ids["ana"])
    for key in ("ana", "cleo"):
        assert read(world, own(world, key), one) == {}
    assert read(world, world.at, one) == {}


@pytest.mark.parametrize("end", ["end", "block", "erase"])
def test_those_who_are_apart_read_no_more_of_each_other(world: Any, end: str) -> None:
    one = ask(world)
    held = begin(world, one)
    if end == "end":
        meet.end(world.kit, **world.at, relationship=held)
    elif end == "block":
        two = {"person": world.persons["cleo"], "other": world.persons["ana"]}
        protect.block(world.kit, **world.at, **two)
    else:
        protect.erase(world.kit, **world.at, person=world.persons["ana"])
    assert read(world, own(world, "cleo"), one) == {}
    told = introduce.introduction(world.kit, **own(world, "cleo"), relationship=held)
    assert not any(other["answers"] for other in told["others"])


def test_who_takes_the_consent_back_is_shown_to_nobody_though_the_pair_goes_on(world: Any) -> None:
    one = ask(world)
    held = begin(world, one)
    onboard.withdraw(world.kit, **own(world, "ana"), participant=world.ids["ana"])
    assert read(world, own(world, "cleo"), one) == {"ana": {}}
    assert met(world, own(world, "cleo"), held) == {"Ana": {}}
    assert met(world, own(world, "ana"), held) == {"Cleo": OF_CLEO}


def every(world: Any, proposal: str, held: str) -> list[dict[str, Any]]:
    """Return what Ana reads of Cleo on each page that shows answers."""
    one = {"tenant": "acme", "actor": world.by("ana")}
    two = {"tenant": "acme", "actor": world.by("ben")}
    told = suggestions.mentors(world.kit, **two, participant=world.ids["ben"])["mentors"]
    return [
        read(world, one, proposal)["cleo"],
        met(world, one, held)["Cleo"],
        next(each["answers"] for each in told if each["name"] == "Cleo"),
    ]


@pytest.fixture
def long_agreed(create_told: Callable[..., Any], clock: Any) -> tuple[Any, str, str]:
    """Return a world in which Cleo agreed an hour ago, has a mentee, and could have another."""
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben")]
    world = create_told(*people, lead("cleo", "mentor", trade="baker", capacity=3))
    one = ask(world)
    held = begin(world, one)
    clock.forward(hours=1)
    return world, one, held


def agree(world: Any, key: str, clock: Any) -> None:
    clock.forward(hours=1)
    onboard.consent(world.kit, **own(world, key), participant=world.ids[key])


def test_who_is_asked_to_agree_again_shows_nothing_until_they_do(
    long_agreed: tuple[Any, str, str], clock: Any
) -> None:
    world, *there = long_agreed
    body = {"en": "Your village is shown to others."}
    at = {**world.at, "program": "traders"}
    programs.define(world.kit, **at, kind="consent", body=body)
    assert every(world, *there) == [OF_CLEO] * 3, "an old text may still do"
    programs.define(world.kit, **at, kind="consent", body=body, again=True)
    assert every(world, *there) == [{}] * 3
    assert read(world, world.at, there[0]) == {"ana": {}, "cleo": {}}, "staff see what others do"
    agree(world, "cleo", clock)
    assert every(world, *there) == [OF_CLEO] * 3


def test_an_answer_is_shown_of_whoever_has_agreed_since_its_question_is_shown(
    long_agreed: tuple[Any, str, str], clock: Any
) -> None:
    world, *there = long_agreed
    at = {**world.at, "program": "traders"}
    done = setup.field(world.kit, **at, field="income", shown=True)
    assert done["newly_shown"] == ["income"]
    assert every(world, *there) == [OF_CLEO] * 3
    onboard.answer(
        world.kit, **own(world, "cleo"), participant=world.ids["cleo"], answers={"income": "more"}
    )
    assert every(world, *there) == [OF_CLEO] * 3
    setup.field(world.kit, **at, field="income", label="What you earn")
    fields = setup.show(world.kit, **at)["fields"]
    assert {one["id"]: one["unshown"] for one in fields if one["unshown"]} == {"income": 2}
    agree(world, "cleo", clock)
    assert every(world, *there) == [{**OF_CLEO, "income": "more"}] * 3
    fields = setup.show(world.kit, **at)["fields"]
    assert {one["id"]: one["unshown"] for one in fields if one["unshown"]} == {"income": 1}
    for shown in (False, True):
        clock.forward(hours=1)
        setup.field(world.kit, **at, field="income", shown=shown)
    assert every(world, *there) == [OF_CLEO] * 3, "what was told of the first time is over"


def test_a_question_that_is_new_and_shown_is_shown_at_once(
    long_agreed: tuple[Any, str, str],
) -> None:
    world, *there = long_agreed
    at = {**world.at, "program": "traders"}
    assert "newly_shown" not in setup.field(world.kit, **at, field="wish", shown=True)
    onboard.answer(
        world.kit, **own(world, "cleo"), participant=world.ids["cleo"], answers={"wish": "Peace"}
    )
    assert every(world, *there) == [{**OF_CLEO, "wish": "Peace"}] * 3


def test_a_question_that_is_shown_of_another_role_is_told_to_those_in_that_role(
    long_agreed: tuple[Any, str, str], clock: Any
) -> None:
    world, one, held = long_agreed
    at = {**world.at, "program": "traders"}
    answers = {"needs": "Prices of old"}
    onboard.answer(world.kit, **world.at, participant=world.ids["cleo"], answers=answers)
    done = setup.field(world.kit, **at, field="needs", roles=["mentee", "mentor"])
    assert done["newly_shown"] == ["needs"]
    assert every(world, one, held) == [OF_CLEO] * 3
    assert read(world, own(world, "cleo"), one) == {"ana": OF_ANA}, "it was shown of mentees"
    agree(world, "cleo", clock)
    assert every(world, one, held) == [{**OF_CLEO, **answers}] * 3


def test_a_file_lets_a_question_be_shown_and_asks_everybody_again(
    long_agreed: tuple[Any, str, str], clock: Any
) -> None:
    world, *there = long_agreed
    fields = {**programs.export(world.kit, **world.at, program="traders")["fields"]}
    fields["income"] = {**fields["income"], "shown": True}
    data = {"consent": {"en": "What you earn is shown."}, "fields": fields}
    setup.take(world.kit, **world.at, program="traders", data=data, again=True)
    assert every(world, *there) == [{}] * 3
    agree(world, "cleo", clock)
    assert every(world, *there) == [{**OF_CLEO, **SECRET}] * 3


def test_an_answer_that_is_taken_back_or_hidden_is_gone_at_once(world: Any) -> None:
    one = ask(world)
    at = {**world.at, "program": "traders"}
    setup.option(world.kit, **at, field="tongues", option="sw", hidden=True)
    onboard.answer(
        world.kit, **own(world, "ana"), participant=world.ids["ana"], answers={"needs": None}
    )
    left = {"about": OF_ANA["about"], "tongues": ["en"]}
    assert read(world, own(world, "cleo"), one) == {"ana": left}
    setup.option(world.kit, **at, field="tongues", option="en", hidden=True)
    setup.field(world.kit, **at, field="about", shown=False)
    assert read(world, own(world, "cleo"), one) == {"ana": {}}


def test_outsiders_and_who_is_not_asked_yet_read_nothing(create_told: Callable[..., Any]) -> None:
    world = create_told(accept_chain=["mentee", "mentor"])
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    one = match.propose(world.kit, **world.at, **two)["id"]
    assert read(world, own(world, "ana"), one) == {"cleo": OF_CLEO}
    for actor in (world.by("cleo"), world.by("ben"), Actor(user_ref="stranger")):
        with pytest.raises(NotFound):
            accept.show(world.kit, tenant="acme", actor=actor, proposal=one)
    with pytest.raises(NotFound):
        accept.show(world.kit, tenant="other", actor=world.admin, proposal=one)


def test_free_text_that_waits_is_not_shown_before_it_is_passed_on(
    create_told: Callable[..., Any], create_kit: Callable[..., Any]
) -> None:
    world = create_told(kit=create_kit(plugins=("matching", "wordlist")))
    one = ask(world)
    told = {"about": "Call me: +254 700 123 456"}
    onboard.answer(world.kit, **own(world, "ana"), participant=world.ids["ana"], answers=told)
    assert read(world, own(world, "cleo"), one) == {"ana": OF_ANA}


@pytest.mark.parametrize(("key", "held"), [("ana", False), ("cleo", True)])
def test_an_address_in_an_answer_that_only_staff_read_stops_nobody(
    create_told: Callable[..., Any], create_kit: Callable[..., Any], key: str, held: bool
) -> None:
    site = {"site": {"roles": ["mentee", "mentor"]}, "wall": {"roles": ["mentor"], "shown": True}}
    kit = create_kit(plugins=("matching", "wordlist"))
    world = create_told(kit=kit, fields={**FIELDS, **site})
    for asked in ("site", "wall"):
        told = {"participant": world.ids[key], "answers": {asked: "https://bakes.example"}}
        onboard.answer(kit, **own(world, key), **told)
    kept = onboard.show(kit, **own(world, key), participant=world.ids[key])["profile"]
    assert kept["site"] == "https://bakes.example"
    waiting = contents.waiting(kit, **world.at, program="traders")
    assert [one["field"] for one in waiting] == ["wall"] * held


def test_mentees_of_a_circle_read_of_their_mentor_and_not_of_each_other(
    create_told: Callable[..., Any],
) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben")]
    world = create_told(*people, lead("cleo", "mentor", trade="baker", capacity=8), kind="circle")
    answers = {"about": "I forge."}
    onboard.answer(world.kit, **world.at, participant=world.ids["ben"], answers=answers)
    for key in ("ana", "ben"):
        two = {"mentee": world.ids[key], "mentor": world.ids["cleo"]}
        made = match.propose(world.kit, **world.at, **two)
        held = accept.accept(world.kit, **world.at, proposal=made["id"])["relationship_id"]
    assert met(world, own(world, "ana"), held) == {"Ben": {}, "Cleo": OF_CLEO}
    assert met(world, own(world, "cleo"), held) == {"Ana": OF_ANA, "Ben": answers}
    meet.end(world.kit, **own(world, "ben"), relationship=held)
    assert read(world, own(world, "cleo"), made["id"]) == {}, "Ben has left"


def test_peers_read_what_the_other_is_asked_in_either_role(
    create_told: Callable[..., Any],
) -> None:
    people = [lead(key, "both", trade="baker", capacity=2) for key in ("ana", "cleo")]
    world = create_told(*people, kind="peer")
    answers = {"needs": "Rest"}
    onboard.answer(world.kit, **world.at, participant=world.ids["cleo"], answers=answers)
    told = suggestions.mentors(world.kit, **own(world, "ana"), participant=world.ids["ana"])
    whole = {"about": "I baked.", "needs": "Rest", "offers": "Books", "trust": False}
    assert [one["answers"] for one in told["mentors"]] == [whole]
    one = ask(world)
    assert read(world, own(world, "ana"), one) == {"cleo": whole}
    assert met(world, own(world, "ana"), begin(world, one)) == {"Cleo": whole}


def test_the_form_says_what_is_shown_and_so_does_what_is_written_down(world: Any) -> None:
    asked = signup.form(world.kit, tenant="acme", program="traders")["questions"]
    assert {one["id"] for one in asked if one["shown"]} == FIELDS.keys() - SECRET.keys()
    given = programs.export(world.kit, **world.at, program="traders")
    written = {id for id, one in given["fields"].items() if one.get("shown")}
    assert written == FIELDS.keys() - SECRET.keys()
    programs.create(world.kit, **world.at, key="again", preset=given)
    assert programs.export(world.kit, **world.at, program="again")["fields"] == given["fields"]
