"""Mentors first: mentees are let in while there are places for them, and a shortage is told."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import Invalid, NotAllowed
from mentorkit.journey import match, onboard, programs, recruit, screen, signup, standing, supply
from mentorkit.journey.steps import many
from tests.journey.conftest import lead


def define(world: SimpleNamespace, kind: str, body: dict[str, Any]) -> None:
    programs.define(world.kit, **world.at, program="traders", kind=kind, body=body)


def now(world: SimpleNamespace) -> dict[str, Any]:
    return supply.supply(world.kit, **world.at, program="traders")


def sign_up(world: SimpleNamespace, name: str, role: str = "mentee") -> str:
    told = signup.sign_up(
        world.kit,
        tenant=world.tenant,
        actor=Actor(means="form"),
        program="traders",
        role=role,
        name=name,
        email=f"{name}@example.org",
        answers={"trade": "baker"},
    )
    return str(told["state"])


def take_in(world: SimpleNamespace, *people: Any, active: bool = True) -> None:
    recruit.receive(world.kit, **world.at, program="traders", leads=people)
    rows = screen.review(world.kit, **world.at, program="traders", state="lead")
    keys = {one.key for one in people}
    world.ids |= {row["key"]: row["id"] for row in rows}
    verbs = (screen.approve, onboard.consent, onboard.complete) if active else ()
    for verb in verbs:
        ids = [row["id"] for row in rows if row["key"] in keys]
        assert many(world.kit, verb, ids, **world.at, noun="participant")["refused"] == []


def test_f7_the_gate_is_closed_below_the_ratio_and_opens_at_it(world: SimpleNamespace) -> None:
    assert (now(world)["capacity"], now(world)["demand"], now(world)["open"]) == (3, 2, True)
    assert [sign_up(world, name) for name in ("Eva", "Fay", "Gil")] == ["lead"] * 3
    # 3 places for 5 mentees are 0.6: the next one waits
    assert (now(world)["open"], now(world)["missing"]) == (False, 1)
    assert sign_up(world, "Hal") == "waiting"
    (waiting,) = screen.review(world.kit, **world.at, program="traders", state="waiting")
    assert (waiting["name"], waiting["reason"]) == ("Hal", "no_mentors")
    # 5 places for 6 mentees are 0.83; 0.75 of 6 would be 4.5
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["dora"], capacity=4)
    assert (now(world)["capacity"], now(world)["demand"], now(world)["open"]) == (5, 6, True)
    assert sign_up(world, "Ida") == "lead"


def test_f7_mentors_without_a_place_or_not_available_do_not_count(world: SimpleNamespace) -> None:
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["cleo"], capacity=0)
    assert now(world)["capacity"] == 2
    onboard.pause(world.kit, **world.at, participant=world.ids["dora"])
    assert (now(world)["capacity"], now(world)["open"], now(world)["missing"]) == (0, False, 2)
    onboard.resume(world.kit, **world.at, participant=world.ids["dora"])
    onboard.withdraw(world.kit, **world.at, participant=world.ids["dora"])
    assert now(world)["capacity"] == 0
    take_in(world, lead("finn", "mentor", trade="smith", capacity=9), active=False)
    assert now(world)["capacity"] == 0
    define(world, "signoffs", {"signoffs": [{"id": "ethics"}]})
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["cleo"], capacity=2)
    assert now(world)["capacity"] == 0
    onboard.sign(world.kit, **world.at, participant=world.ids["cleo"], signoff="ethics")
    assert now(world)["capacity"] == 2


def test_f7_mentors_are_recruited_first(world: SimpleNamespace) -> None:
    programs.create(world.kit, **world.at, key="empty", preset={"title": "Empty"})
    shown = supply.supply(world.kit, **world.at, program="empty")
    assert (shown["capacity"], shown["demand"], shown["open"]) == (0, 0, False)
    assert shown["missing"] == 1
    assert signup.form(world.kit, tenant=world.tenant, program="empty")["waits"]
    told = standing.overview(world.kit, **world.at, program="empty")
    assert told["next"] == "recruit_mentors"


def test_f7_a_program_sets_its_ratio_or_switches_the_gate_off(world: SimpleNamespace) -> None:
    for name in ("Eva", "Fay", "Gil"):
        sign_up(world, name)
    define(world, "supply", {"ratio": 0.6})
    assert now(world)["open"]
    define(world, "supply", {"ratio": 2})
    assert (now(world)["open"], now(world)["missing"]) == (False, 7)
    define(world, "supply", {"ratio": 2, "gate": False})
    assert (now(world)["open"], now(world)["missing"]) == (True, 0)
    assert sign_up(world, "Hal") == "lead"
    with pytest.raises(Invalid, match="write a number"):
        define(world, "supply", {"ratio": "many"})
    with pytest.raises(Invalid, match="is no field with options"):
        define(world, "supply", {"by": [{"mentee": "nothing", "mentor": "trade"}]})


def test_f7_what_a_change_of_the_supply_or_the_targets_does_not_name_stays(
    world: SimpleNamespace,
) -> None:
    define(world, "supply", {"mentor_capacity": 6, "by": [{"mentee": "trade", "mentor": "trade"}]})
    define(world, "supply", {"ratio": 2})
    define(world, "targets", {"length_days": 84})
    define(world, "targets", {"minutes_per_month": 30})
    told = programs.export(world.kit, **world.at, program="traders")
    assert (told["supply"]["mentor_capacity"], told["supply"]["ratio"]) == (6, 2)
    assert told["supply"]["by"] == [{"mentee": "trade", "mentor": "trade"}]
    assert (told["targets"]["length_days"], told["targets"]["minutes_per_month"]) == (84, 30)
    define(world, "supply", {"by": [], "mentor_capacity": 1})
    assert (now(world)["ratio"], now(world)["mentor_capacity"], now(world)["by"]) == (2, 1, [])


def test_f7_the_shortage_sums_to_demand(create_world: Callable[..., SimpleNamespace]) -> None:
    world = create_world()
    fields = {
        "trade": {"kind": "option", "options": ["baker", "tailor", "smith"]},
        "village": {"kind": "text"},
        "languages": {"kind": "options", "options": {"en": "English", "sw": {"en": "Swahili"}}},
    }
    define(world, "fields", fields)
    by = [{"mentee": "languages", "mentor": "languages"}, {"mentee": "trade", "mentor": "trade"}]
    define(world, "supply", {"by": by})

    def speaks(key: str, *languages: str) -> None:
        answers = {"languages": list(languages)}
        onboard.answer(world.kit, **world.at, participant=world.ids[key], answers=answers)

    take_in(
        world,
        *(lead(key, "mentee", trade="tailor") for key in ("eva", "fay", "gil")),
        lead("mo", "mentor", trade="baker", capacity=2),
    )
    for key, spoken in {
        "ana": ("en", "sw"),
        "ben": ("sw",),
        "eva": ("sw",),
        "fay": ("sw",),
        "cleo": ("en",),
        "dora": ("en", "sw"),
        "mo": ("en",),
    }.items():
        speaks(key, *spoken)
    shown = now(world)
    assert (shown["capacity"], shown["demand"]) == (5, 5)
    languages, trades = shown["short"]
    rows = {
        row["option"]: (row["demand"], row["places"], row["short"]) for row in languages["rows"]
    }
    # Ana finds one in English, Gil has said nothing, and Swahili has two places for three.
    assert rows == {"sw": (3, 2, 1), "en": (1, 5, 0), "": (1, 5, 0)}
    rows = {row["option"]: (row["demand"], row["short"]) for row in trades["rows"]}
    assert rows == {"baker": (1, 0), "smith": (1, 0), "tailor": (3, 3)}
    for table in shown["short"]:
        assert sum(row["demand"] for row in table["rows"]) == shown["demand"]


def test_f7_a_draft_warns_and_goes_on(world: SimpleNamespace) -> None:
    take_in(world, *(lead(f"new{n}", "mentee", trade="baker") for n in range(4)))
    drafted = match.draft(world.kit, **world.at, program="traders")
    (note,) = (one for one in drafted["notes"] if one["place"] == "supply")
    assert "3 free place(s) for 6 mentee(s)" in note["message"]
    assert drafted["summary"]["pairs"] == 3


def test_f7_whoever_signs_up_as_a_mentor_is_always_let_in(world: SimpleNamespace) -> None:
    define(world, "supply", {"ratio": 50})
    assert sign_up(world, "Mia", "mentor") == "lead"


def test_supply_is_for_staff(world: SimpleNamespace) -> None:
    with pytest.raises(NotAllowed):
        supply.supply(world.kit, tenant=world.tenant, actor=world.by("ana"), program="traders")


def test_f7_a_mentor_who_names_no_number_has_the_places_that_the_program_says(
    create_world: Callable[..., SimpleNamespace],
) -> None:
    world = create_world(sections={"supply": {"mentor_capacity": 6}}, kind="circle")
    form = signup.form(world.kit, tenant=world.tenant, program="traders")
    assert form["usual"] == {"mentee": 1, "mentor": 6}
    before = now(world)["capacity"]
    assert before == 1 + 2, "who names a number keeps it"
    take_in(world, lead("finn", "mentor", trade="baker"))
    assert now(world)["capacity"] == before + 6
    sign_up(world, "Gia", "mentor")
    screen.correct_role(world.kit, **world.at, participant=world.ids["ana"], role="mentor")
    rows = screen.review(world.kit, **world.at, program="traders")
    assert {row["name"]: row["capacity"] for row in rows if row["role"] == "mentor"} == {
        "Cleo": 1, "Dora": 2, "Finn": 6, "Gia": 6, "Ana": 6,
    }  # fmt: skip
    with pytest.raises(Invalid, match="from 1 to 50"):
        define(world, "supply", {"mentor_capacity": 0})
