"""Where somebody stands, what a program's staff do next, and who a user is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import HostPerson
from mentorkit.errors import Conflict
from mentorkit.journey import accept, match, protect, standing, suggestions, supply
from tests.journey.conftest import lead


class Host:
    """A host that has a name for everybody."""

    def lookup(self, tenant: str, refs: Collection[str]) -> Mapping[str, HostPerson]:
        return {ref: HostPerson(ref=ref, name="Ana Real Name") for ref in refs}

    def search(self, tenant: str, text: str, limit: int) -> Sequence[HostPerson]:
        return ()

    def tenants(self) -> Iterable[str]:
        return ["acme"]


def link(world: Any, person: str, user_ref: str) -> str:
    """Return the code of the refusal, or "" when they are linked."""
    try:
        standing.link(world.kit, **world.at, person=person, user_ref=user_ref)
    except Conflict as error:
        return error.code
    return ""


def test_who_was_erased_is_linked_to_no_user_and_stays_erased(
    create_world: Any, create_kit: Any
) -> None:
    world = create_world(kit=create_kit(people=Host()))
    ana = world.persons["ana"]
    protect.erase(world.kit, **world.at, person=ana)
    assert link(world, ana, "u-ana") == "person.erased"
    assert world.kit.people_changed(["u-ana"]) == 0
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(ana).erased


def test_nobody_loses_their_account_to_a_second_link(world: Any) -> None:
    assert link(world, "ana", "u1") == ""
    assert link(world, "ana", "u1") == ""
    assert link(world, "ana", "u2") == "person.user_taken"
    assert link(world, "ben", "u1") == "person.user_taken"
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(world.persons["ana"]).user_ref == "u1"


def test_whoever_owes_a_yes_or_a_reply_sees_everywhere_that_it_is_theirs(world: Any) -> None:
    who = {"mentee": world.ids["ana"], "mentor": world.ids["dora"]}
    one = match.propose(world.kit, **world.at, **who)["id"]

    def theirs(key: str) -> set[bool]:
        own = {"tenant": "acme", "actor": world.by(key)}
        (part,) = standing.home(world.kit, **own)["parts"]
        (row,) = match.proposals(world.kit, **own, program="traders")
        shown = accept.show(world.kit, **own, proposal=one)
        return {part["proposals"][0]["yours"], row["your_turn"], shown["yours"]}

    assert theirs("ana") == {True}
    accept.ask(world.kit, tenant="acme", actor=world.by("ana"), proposal=one, text="How long?")
    assert (theirs("ana"), theirs("dora")) == ({False}, {True})
    (row,) = match.proposals(world.kit, **world.at, program="traders")
    assert row["your_turn"]
    accept.reply(world.kit, tenant="acme", actor=world.by("dora"), proposal=one, text="Long.")
    assert (theirs("ana"), theirs("dora")) == ({True}, {False})


def overview(world: Any) -> tuple[Any, ...]:
    told = standing.overview(world.kit, **world.at, program="traders")
    return tuple(told[name] for name in ("seeking", "places", "asked", "next"))


def test_who_has_been_offered_somebody_is_not_to_be_matched_again(create_world: Any) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben")]
    world = create_world([*people, lead("dora", "mentor", trade="baker", capacity=5)])
    assert overview(world) == (2, 5, 0, "match")
    run = match.draft(world.kit, **world.at, program="traders")["id"]
    match.publish(world.kit, **world.at, run=run)
    assert overview(world) == (0, 3, 2, "wait")
    one = match.proposals(world.kit, **world.at, program="traders")[0]["id"]
    accept.decline(world.kit, **world.at, proposal=one)
    assert overview(world) == (1, 4, 1, "match")


def test_a_draft_without_a_pair_is_not_to_be_published(create_world: Any) -> None:
    world = create_world(
        [lead("ana", "mentee", trade="baker"), lead("dora", "mentor", trade="smith")]
    )
    assert overview(world) == (1, 1, 0, "match")
    match.draft(world.kit, **world.at, program="traders", alone=True)
    assert overview(world) == (1, 1, 0, "match"), "there is none in it"
    two = (world.ids["ana"], world.ids["dora"])
    match.draft(world.kit, **world.at, program="traders", locks=[two])
    assert overview(world) == (1, 1, 0, "publish")


def test_the_overview_and_the_supply_count_the_same_places(create_world: Any) -> None:
    people = [lead(key, "mentee", trade="baker", born=1990) for key in ("ana", "ben")]
    people += [
        lead(key, "mentor", trade="baker", capacity=2, born=1990) for key in ("cleo", "dora")
    ]
    people += [lead("bo", "both", trade="baker", capacity=3, born=2020)]
    world = create_world(people)

    def counted() -> tuple[int, ...]:
        told = standing.overview(world.kit, **world.at, program="traders")
        page = supply.supply(world.kit, **world.at, program="traders")
        assert told["supply"] == {name: page[name] for name in told["supply"]}
        return (*(page[name] for name in ("capacity", "offered", "demand")), told["seeking"])

    assert counted() == (6, 0, 3, 2)  # who is both keeps a place, and seeks a mentor too
    with world.kit.transaction(tenant="acme") as tx:
        tx.programs.save(replace(tx.programs.get(world.program), minimum_age=18))
    assert counted()[0] == 4  # whom a draft leaves out has no place to give
    one = match.propose(world.kit, **world.at, mentee=world.ids["ana"], mentor=world.ids["dora"])[
        "id"
    ]
    assert counted() == (4, 1, 3, 1)
    assert standing.overview(world.kit, **world.at, program="traders")["places"] == 3
    accept.accept(world.kit, **world.at, proposal=one)
    assert counted() == (3, 0, 2, 1)


ACTIVE, APPROVED, LEAD = "active", "approved", "lead"
QUEUED = "waiting:no_mentors"
"""Whom the sign-up put onto the waiting list for want of mentors."""
SHELVED = "waiting:no_place"
"""Whom staff put there."""


def test_a_draft_is_opened_once_somebody_coordinates_it(world: Any) -> None:
    def told(role: str) -> Any:
        with world.kit.transaction(tenant="acme") as tx:
            staff = Frozen({world.persons["dora"]: role})
            tx.programs.save(replace(tx.programs.get(world.program), state="draft", staff=staff))
        return standing.overview(world.kit, **world.at, program="traders")["next"]

    assert told("viewer") == "appoint"
    assert told("coordinator") == "open"


@pytest.mark.parametrize(
    ("mentees", "mentors", "state", "told"),
    [
        # whoever has just come is looked at before all else
        ([LEAD, ACTIVE], [ACTIVE], "open", "screen"),
        ([LEAD], [ACTIVE], "draft", "screen"),
        # the waiting list moves when there are mentors enough, and holds up no match before
        ([QUEUED], [ACTIVE], "open", "let_in"),
        ([QUEUED, ACTIVE], [ACTIVE, ACTIVE], "open", "let_in"),
        ([QUEUED, QUEUED, ACTIVE], [ACTIVE], "open", "match"),
        ([QUEUED, QUEUED], [ACTIVE], "open", "recruit_more"),
        # whom staff put there themselves holds up no match at all
        ([SHELVED, ACTIVE], [ACTIVE, ACTIVE], "open", "match"),
        ([SHELVED], [ACTIVE], "open", "let_in"),
        # a few who have not agreed yet do not hold up those who have; many do
        ([ACTIVE, APPROVED], [ACTIVE, APPROVED], "open", "match"),
        ([ACTIVE, APPROVED, APPROVED], [ACTIVE, APPROVED], "open", "onboard"),
        ([APPROVED], [ACTIVE], "open", "onboard"),
        ([], [APPROVED], "open", "onboard"),
        # a draft is opened before anything is matched in it
        ([ACTIVE], [ACTIVE], "draft", "open"),
        ([], [ACTIVE, ACTIVE, APPROVED], "draft", "open"),
        ([], [ACTIVE, APPROVED, APPROVED], "draft", "onboard"),
        ([QUEUED], [ACTIVE], "draft", "open"),
        # mentors first, and whoever was declined or has left is neither mentor nor mentee
        ([ACTIVE], ["declined"], "open", "recruit_mentors"),
        (["left"], [ACTIVE], "open", "recruit_mentees"),
        ([], [ACTIVE], "open", "recruit_mentees"),
    ],
)
def test_what_really_holds_a_program_up_is_what_staff_do_next(
    create_world: Any, mentees: list[str], mentors: list[str], state: str, told: str
) -> None:
    sides = {"mentee": mentees, "mentor": mentors}
    wanted = {f"{side}{at}": one for side in sides for at, one in enumerate(sides[side])}
    world = create_world([lead(key, key[:6], trade="baker") for key in wanted])
    with world.kit.transaction(tenant="acme") as tx:
        staff = Frozen({world.persons[next(iter(wanted))]: "coordinator"})
        tx.programs.save(replace(tx.programs.get(world.program), state=state, staff=staff))
        for key, one in wanted.items():
            there, _, reason = one.partition(":")
            person = tx.participants.get(world.ids[key])
            tx.participants.save(replace(person, state=there, reason=reason or None))
    assert overview(world)[-1] == told


def test_who_was_declined_or_has_left_is_counted_as_neither_mentor_nor_mentee(
    create_world: Any,
) -> None:
    world = create_world([
        *(lead(key, "mentee", trade="baker") for key in ("ana", "ben", "eva")),
        *(lead(key, "mentor", trade="baker") for key in ("cleo", "dora", "finn")),
    ])  # fmt: skip
    with world.kit.transaction(tenant="acme") as tx:
        for key, state in (("ana", "declined"), ("ben", "left"), ("cleo", "declined")):
            tx.participants.save(replace(tx.participants.get(world.ids[key]), state=state))
    told = standing.overview(world.kit, **world.at, program="traders")
    assert (told["mentees"], told["mentors"]) == (1, 2)
    assert (told["people"], told["states"]["declined"]) == (6, 2)


def why(world: Any, key: str) -> str:
    """Return why nobody is suggested to somebody."""
    with pytest.raises(Conflict) as refused:
        suggestions.mentors(world.kit, **world.at, participant=world.ids[key])
    assert refused.value.code == "mentee.not_available"
    return str(refused.value)


def test_who_is_both_and_has_one_place_is_suggested_mentors(create_world: Any) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben")]
    people += [lead("bo", "both", trade="baker"), lead("cleo", "mentor", trade="baker")]
    world = create_world(people, matching="self")
    own = {"tenant": "acme", "actor": world.by("bo")}
    found = suggestions.mentors(world.kit, **own, participant=world.ids["bo"])["mentors"]
    assert [one["name"] for one in found] == ["Cleo"]
    two = {"mentee": world.ids["bo"], "mentor": world.ids["cleo"]}
    assert match.propose(world.kit, **own, **two)["state"] == "offered"
    assert "an open proposal holds it" in why(world, "bo")


def test_who_is_suggested_nobody_hears_the_true_reason(create_world: Any) -> None:
    world = create_world(matching="self")
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    one = match.propose(world.kit, **world.at, **two)["id"]
    assert "an open proposal holds it" in why(world, "ana")
    accept.accept(world.kit, **world.at, proposal=one)
    assert "when a relationship ends" in why(world, "ana")
    assert "A mentor asks for nobody" in why(world, "dora")
    with world.kit.transaction(tenant="acme") as tx:
        tx.programs.save(replace(tx.programs.get(world.program), minimum_age=18))
    assert "surely over 18" in why(world, "ben")


def test_who_is_asked_is_not_to_be_matched_now_also_with_a_place_for_another(
    create_world: Any,
) -> None:
    people = [
        lead("ana", "mentee", trade="baker", capacity=2),
        lead("dora", "mentor", trade="smith"),
    ]
    world = create_world(people, mentee_capacity=2)
    assert overview(world)[0] == 1
    match.propose(world.kit, **world.at, mentee=world.ids["ana"], mentor=world.ids["dora"])
    assert overview(world)[0] == 0
