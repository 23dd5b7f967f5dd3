"""A dated intake is matched together, begins and ends together; and a no is not asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentorkit.domain.events import replay
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid
from mentorkit.journey import (
    accept,
    cohorts,
    drafts,
    gather,
    match,
    meet,
    onboard,
    programs,
    recruit,
    screen,
    standing,
    suggestions,
)
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.pools import pool_of
from mentorkit.journey.signup import form, sign_up
from tests.journey.conftest import lead

SPRING = {"key": "spring", "starts": "2027-03-15", "ends": "2027-06-07"}
AUTUMN = {"key": "autumn", "starts": "2027-09-06", "ends": "2027-11-29"}


@pytest.fixture
def dated(world: Any) -> Any:
    """A program with two intakes, in Nairobi; it is the first of March."""
    for one in (SPRING, AUTUMN):
        programs.define(
            world.kit, **world.at, program="traders", kind="cohort", key=one["key"], body=one
        )
    return world


def put(world: Any, **of: str | None) -> None:
    for key, cohort in of.items():
        cohorts.assign(world.kit, **world.at, participant=world.ids[key], cohort=cohort)


def drafted(world: Any, **options: Any) -> set[tuple[str, str]]:
    run = match.draft(world.kit, **world.at, program="traders", **options)
    rows = match.proposals(world.kit, **world.at, program="traders", state="draft")
    return {(row["mentee"], row["mentor"]) for row in rows if row["run_id"] == run["id"]}


def test_a_cohort_is_matched_together_and_lasts_from_its_first_day_to_its_end(
    dated: Any, clock: Any
) -> None:
    put(dated, ana="spring", cleo="spring", ben="autumn", dora="autumn")
    assert drafted(dated, cohort="spring") == {("Ana", "Cleo")}
    assert drafted(dated) == {("Ana", "Cleo"), ("Ben", "Dora")}
    match.publish(dated.kit, **dated.at, run=match.latest(dated.kit, **dated.at, program="traders"))
    for one in match.proposals(dated.kit, **dated.at, program="traders", state="offered"):
        accept.accept(dated.kit, **dated.at, proposal=one["id"])
    held = meet.relationships(dated.kit, **dated.at, program="traders")
    spans = {(one["started_at"][:10], one["ends_at"][:10]) for one in held}
    assert spans == {("2027-03-15", "2027-06-07"), ("2027-09-06", "2027-11-29")}
    spring = next(one["id"] for one in held if one["ends_at"].startswith("2027-06"))
    plans = meet.milestones(dated.kit, **dated.at, relationship=spring)
    opens = {one["kind"]: one["opens_at"][:10] for one in plans}
    assert (opens["mid_point"], opens["end"]) == ("2027-04-26", "2027-06-07")
    # A longer one stands at fractions of the new length, which is not the program's.
    meet.extend(dated.kit, **dated.at, relationship=spring, days=84)
    plans = meet.milestones(dated.kit, **dated.at, relationship=spring)
    opens = {one["kind"]: one["opens_at"][:10] for one in plans}
    assert opens["mid_point"] == "2027-06-07"


def test_who_says_yes_later_begins_later_and_ends_with_the_others(dated: Any, clock: Any) -> None:
    put(dated, ana="spring")
    clock.now = datetime(2027, 4, 1, 9, tzinfo=UTC)
    two = {"mentee": dated.ids["ana"], "mentor": dated.ids["cleo"]}
    one = match.propose(dated.kit, **dated.at, **two)["id"]
    began = accept.accept(dated.kit, **dated.at, proposal=one)["relationship"]
    assert (began["started_at"][:10], began["ends_at"][:10]) == ("2027-04-01", "2027-06-07")
    clock.now += timedelta(days=90)
    put(dated, dora=None)
    with pytest.raises(Conflict, match="ended on 2027-06-07"):
        put(dated, dora="spring")
    with pytest.raises(Conflict, match="ended on 2027-06-07"):
        drafted(dated, cohort="spring")


def test_nobody_of_a_cohort_that_is_over_is_offered_to_anybody(dated: Any, clock: Any) -> None:
    put(dated, ana="spring", cleo="spring")
    run = match.draft(dated.kit, **dated.at, program="traders")
    clock.now = datetime(2027, 6, 8, 9, tzinfo=UTC)
    told = match.publish(dated.kit, **dated.at, run=run["id"])
    (withheld,) = told["withheld"]
    assert withheld["code"] == "cohort_over"
    assert "in a cohort that is over; staff can put them into another" in withheld["message"]
    assert told["offered"] == 1
    for mentee, mentor in (("ana", "dora"), ("ben", "cleo")):
        two = {"mentee": dated.ids[mentee], "mentor": dated.ids[mentor]}
        with pytest.raises(Conflict) as caught:
            match.propose(dated.kit, **dated.at, **two)
        assert caught.value.code == "safeguard.cohort_over"
    with pytest.raises(Conflict, match="The cohort spring is over") as caught:
        suggestions.mentors(dated.kit, **dated.at, participant=dated.ids["ana"])
    assert caught.value.code == "mentee.not_available"
    now = standing.overview(dated.kit, **dated.at, program="traders")
    assert (now["seeking"], now["places"]) == (0, 1)


def test_who_is_of_a_cohort_that_is_over_neither_gives_a_place_nor_seeks_one(
    dated: Any, clock: Any
) -> None:
    def supplied() -> tuple[int, int]:
        now = standing.overview(dated.kit, **dated.at, program="traders")["supply"]
        return now["capacity"], now["demand"]

    put(dated, ana="spring", cleo="spring")
    assert supplied() == (3, 2)
    clock.now = datetime(2027, 6, 8, 9, tzinfo=UTC)
    assert supplied() == (2, 1)
    put(dated, ana="autumn", cleo="autumn")
    assert supplied() == (3, 2)


def test_a_mentee_does_not_learn_that_the_mentors_cohort_is_over(
    create_world: Any, clock: Any
) -> None:
    world = create_world(matching="self", sections={"cohorts": [SPRING, AUTUMN]})
    put(world, cleo="spring", ben="spring")
    clock.now = datetime(2027, 6, 8, 9, tzinfo=UTC)
    for key, code in (("ana", "proposal.not_possible"), ("ben", "safeguard.cohort_over")):
        two = {"mentee": world.ids[key], "mentor": world.ids["cleo"]}
        with pytest.raises(Conflict) as caught:
            match.propose(world.kit, tenant="acme", actor=world.by(key), **two)
        assert caught.value.code == code


def test_staff_choose_among_the_cohorts_that_are_not_over_and_see_somebodys_own(
    dated: Any, clock: Any
) -> None:
    put(dated, ana="spring")
    clock.now = datetime(2027, 6, 8, 9, tzinfo=UTC)
    shown = {
        key: set(onboard.show(dated.kit, **dated.at, participant=dated.ids[key])["cohorts"])
        for key in ("ana", "ben")
    }
    assert shown == {"ana": {"spring", "autumn"}, "ben": {"autumn"}}


def test_people_of_different_cohorts_are_not_paired(dated: Any) -> None:
    put(dated, ana="spring", ben="spring", cleo="autumn", dora="autumn")
    assert drafted(dated) == set()
    shown = drafts.show(dated.kit, **dated.at, program="traders")
    assert shown is not None
    assert {(one["reason"], one["help"]) for one in shown["left"]["mentees"]} == {
        (
            "Everybody there is belongs to another cohort.",
            "Put somebody into the same cohort, or recruit for it.",
        )
    }
    two = {"mentee": dated.ids["ana"], "mentor": dated.ids["cleo"]}
    with pytest.raises(Conflict, match="different cohorts"):
        match.propose(dated.kit, **dated.at, **two)
    put(dated, cleo=None)  # a mentor of no cohort helps in any
    assert drafted(dated) == {("Ana", "Cleo")}


def test_a_run_knows_the_cohort_of_everybody_and_what_room_a_mentor_has(dated: Any) -> None:
    put(dated, ana="spring", cleo="spring")
    body = {"criteria": [{"criterion": "load"}], "rules": [{"rule": "same_group"}]}
    at = {**dated.at, "program": "traders"}
    programs.define(dated.kit, **at, kind="strategy", body=body)
    assert drafted(dated) == {("Ana", "Cleo")}
    onboard.set_capacity(dated.kit, **dated.at, participant=dated.ids["cleo"], capacity=3)
    match.publish(dated.kit, **dated.at, run=match.draft(dated.kit, **at)["id"])
    with dated.kit.transaction(tenant=dated.tenant, write=False) as tx:
        program = tx.programs.get(dated.program)
        pool = pool_of(tx, program, fields_of(tx, program), ())
    told = {one.name: (one.held, one.places, one.capacity, one.cohort) for one in pool.mentors}
    assert told["Cleo"] == (1, 3, 2, "spring")
    assert told["Dora"] == (0, 2, 2, "")


def test_a_lock_of_two_who_are_in_different_cohorts_now_is_dropped_or_refused(dated: Any) -> None:
    two = (dated.ids["ana"], dated.ids["cleo"])
    assert ("Ana", "Cleo") in drafted(dated, locks=[two])
    put(dated, ana="spring", cleo="autumn")
    again = match.draft(dated.kit, **dated.at, program="traders")
    assert [one["code"] for one in again["dropped_locks"]] == ["other_cohort"]
    with pytest.raises(Conflict, match="different cohorts"):
        match.draft(dated.kit, **dated.at, program="traders", locks=[two])


def test_a_row_or_a_form_says_the_cohort_and_an_unknown_one_names_those_there_are(
    dated: Any,
) -> None:
    at = {**dated.at, "program": "traders"}
    people = [lead("eve", "mentee", cohort="autumn", place="x.csv, line 2"),
              lead("fay", "mentee", cohort="winter", place="x.csv, line 3")]  # fmt: skip
    told = recruit.receive(dated.kit, **at, leads=people)
    assert told["new"] == 1
    (refused,) = told["refused"]
    assert refused["place"] == "x.csv, line 3"
    assert "There is no cohort 'winter'; there are: spring, autumn." in refused["message"]
    again = recruit.receive(
        dated.kit, **at, leads=[lead("eve", "mentee", cohort="spring")], preview=True
    )
    assert again["changes"][0]["fields"] == {"cohort": ["autumn", "spring"]}
    typed = {**at, "role": "mentee", "name": "Gil", "email": "gil@example.org"}
    typed["answers"] = {"trade": "baker"}
    with pytest.raises(Invalid, match="there are: spring, autumn"):
        sign_up(dated.kit, **typed, cohort="winter")
    sign_up(dated.kit, **typed, cohort="spring")
    put(dated, ana="spring")
    rows = {row["name"]: row for row in screen.review(dated.kit, **at)}
    assert {name: rows[name]["cohort"] for name in ("Eve", "Gil", "Ana")} == {
        "Eve": "autumn", "Gil": "spring", "Ana": "spring",
    }  # fmt: skip
    with dated.kit.transaction(tenant="acme", write=False) as tx:
        states = replay(tx.journal.events(limit=10_000))
    for row in rows.values():
        assert states["participant", row["id"]]["cohort"] == row["cohort"]


def test_a_form_takes_people_into_a_cohort_until_it_closes_and_as_far_as_there_are_places(
    dated: Any, clock: Any
) -> None:
    body = {**SPRING, "closes": "2027-03-02", "places": 2}
    at = {**dated.at, "program": "traders"}
    programs.define(dated.kit, **at, kind="cohort", key="spring", body=body)

    def offered() -> dict[str, bool]:
        asked = form(dated.kit, tenant="acme", program="traders")
        assert asked["dated"]
        return {one["key"]: one["full"] for one in asked["cohorts"]}

    def come(role: str, name: str) -> None:
        given = {"role": role, "name": name, "email": f"{name}@example.org"}
        told: dict[str, Any] = {**at, "actor": Actor(means="form"), **given}
        sign_up(dated.kit, **told, answers={"trade": "baker"}, cohort="spring")

    put(dated, ana="spring")
    assert offered() == {"spring": False, "autumn": False}
    come("mentee", "gil")
    assert offered() == {"spring": True, "autumn": False}
    with pytest.raises(Invalid, match="the cohort spring is full"):
        come("mentee", "hal")
    come("mentor", "ida")
    put(dated, ben="spring")  # staff go beyond it
    clock.now = datetime(2027, 3, 2, 12, tzinfo=UTC)  # all of the last day counts
    come("mentor", "jon")
    clock.now += timedelta(days=1)
    assert offered() == {"autumn": False}
    with pytest.raises(Invalid, match="took people in until 2027-03-02"):
        come("mentor", "kim")


@pytest.mark.parametrize(
    ("wrong", "place"),
    [({"closes": "soon"}, "closes"), ({"closes": 5}, "closes"), ({"places": 0}, "places"),
     ({"close": "2027-03-01"}, "close")],
)  # fmt: skip
def test_what_is_wrong_with_a_cohort_is_told_at_its_place(
    dated: Any, wrong: dict[str, Any], place: str
) -> None:
    at = {**dated.at, "program": "traders", "kind": "cohort", "key": "spring"}
    with pytest.raises(Invalid) as refused:
        programs.define(dated.kit, **at, body={**SPRING, **wrong})
    assert [one.place for one in refused.value.problems] == [f"cohorts[0].{place}"]
    programs.define(dated.kit, **at, body={**SPRING, "closes": "2027-03-02", "places": 2})
    (_, kept) = programs.export(dated.kit, **dated.at, program="traders")["cohorts"]
    assert (kept["closes"], kept["places"]) == ("2027-03-02", 2)


def declined(world: Any, by: str) -> dict[str, Any]:
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    one = match.propose(world.kit, **world.at, **two)["id"]
    if by == "cleo":
        accept.accept(world.kit, tenant="acme", actor=world.by("ana"), proposal=one)
    accept.decline(world.kit, tenant="acme", actor=world.by(by), proposal=one)
    return two


@pytest.mark.parametrize("by", ["ana", "cleo"])
def test_two_of_whom_one_said_no_are_not_drafted_again_unless_staff_lock_or_propose_them(
    world: Any, by: str
) -> None:
    two = declined(world, by)
    onboard.pause(world.kit, **world.at, participant=world.ids["dora"])
    onboard.pause(world.kit, **world.at, participant=world.ids["ben"])
    assert drafted(world) == set()
    shown = drafts.show(world.kit, **world.at, program="traders")
    assert shown is not None
    assert [one["reason"] for one in shown["left"]["mentees"]] == [
        "Has said no to everybody there is, or was said no to."
    ]
    found = suggestions.mentors(world.kit, **world.at, participant=two["mentee"])
    assert found["mentors"] == []
    assert drafted(world, locks=[("ana", "cleo")]) == {("Ana", "Cleo")}
    assert drafted(world) == {("Ana", "Cleo")}  # the lock is carried along
    run = match.latest(world.kit, **world.at, program="traders")
    assert match.publish(world.kit, **world.at, run=run)["offered"] == 1


def test_a_draft_is_withheld_if_one_of_the_two_says_no_meanwhile(world: Any) -> None:
    assert ("Ana", "Cleo") in drafted(world)
    run = match.latest(world.kit, **world.at, program="traders")
    for one in match.proposals(world.kit, **world.at, program="traders", state="draft"):
        match.lock(world.kit, **world.at, proposal=one["id"], locked=False)
    with world.kit.transaction(tenant="acme") as tx:
        (one,) = [p for p in tx.proposals.find(run_id=run) if p.mentee_id == world.ids["ana"]]
        kept = tx.proposals.save(match.replace(one, state="withdrawn"))
    declined(world, "ana")
    with world.kit.transaction(tenant="acme") as tx:
        tx.proposals.save(match.replace(kept, state="draft"))
    told = match.publish(world.kit, **world.at, run=run)
    assert [one["code"] for one in told["withheld"]] == ["declined_before"]


def test_nobody_asks_again_who_has_said_no_but_who_said_it_may_ask(create_world: Any) -> None:
    world = create_world(matching="self")
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    ana, cleo = ({"tenant": "acme", "actor": world.by(key)} for key in ("ana", "cleo"))
    one = match.propose(world.kit, **ana, **two)["id"]
    accept.decline(world.kit, **cleo, proposal=one)
    with pytest.raises(Conflict) as caught:
        match.propose(world.kit, **ana, **two)
    assert caught.value.code == "proposal.not_possible"
    assert match.propose(world.kit, **cleo, **two)["origin"] == "mentor"


def test_a_circle_is_gathered_within_one_cohort_and_keeps_its_days(create_world: Any) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben", "eve", "gil")]
    world = create_world([*people, lead("cleo", "mentor", trade="baker", capacity=5)])
    for one in (SPRING, AUTUMN):
        programs.define(
            world.kit, **world.at, program="traders", kind="cohort", key=one["key"], body=one
        )
    put(world, ana="spring", ben="autumn", cleo="spring")  # Eve and Gil are in none

    def gathered(*keys: str) -> dict[str, Any]:
        ids = [world.ids[key] for key in keys]
        at = {**world.at, "program": "traders", "people": ids, "mentor": world.ids["cleo"]}
        return gather.gather(world.kit, **at)

    for keys in (("ana", "ben"), ("ben", "eve")):  # two mentees; a mentee and the mentor
        with pytest.raises(Conflict, match=r"Ben.*different cohorts") as caught:
            gathered(*keys)
        assert caught.value.code == "safeguard.other_cohort"
    rows = screen.review(world.kit, **world.at, program="traders")
    assert not any(row["used"] for row in rows)  # nothing has changed
    circle = gathered("eve", "ana", "gil")
    assert (circle["kind"], circle["started_at"][:10], circle["ends_at"][:10]) == (
        "circle", "2027-03-15", "2027-06-07",
    )  # fmt: skip
    with world.kit.transaction(tenant="acme", write=False) as tx:
        told = replay(tx.journal.events(limit=None))["relationship", circle["id"]]
    assert told["of_cohort"] == "spring"


def test_a_cohort_does_not_take_people_in_after_its_end(world: Any) -> None:
    body = {**SPRING, "closes": "2028-01-01"}
    with pytest.raises(Invalid, match="closes is later than ends"):
        programs.define(world.kit, **world.at, program="traders", kind="cohort", key="s", body=body)


def test_a_circle_without_places_enough_names_whose_they_are(world: Any) -> None:
    people = [world.ids["ana"], world.ids["ben"]]
    at = {**world.at, "program": "traders", "people": people, "mentor": world.ids["cleo"]}
    with pytest.raises(Conflict, match="Free places of Cleo: 1; needed: 2") as caught:
        gather.gather(world.kit, **at)
    assert caught.value.code == "participant.full"
