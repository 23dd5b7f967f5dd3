"""Features: computed by the worker, kept beside the answers they are of, read like answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mentorkit import Manifest, hookimpl
from mentorkit.errors import Invalid
from mentorkit.hooks import Feature, RetryLater, Undeliverable
from mentorkit.journey import features, match, onboard, plugins, programs, suggestions
from mentorkit.journey.features import waiting
from mentorkit.journey.plugins import bound_of
from mentorkit.journey.pools import pool_for, pool_of
from mentorkit.journey.steps import program_of
from mentorkit.store.outbox import LEASE, TRIES
from mentorkit.store.privacy import erase, export
from mentorkit.worker import work
from tests.journey.conftest import lead

POINTS = {"Ora": (1.0, 0.0), "Wen": (0.6, 0.8)}
NAME = "feature:taste"
STRATEGY = {"criteria": [{"criterion": "cosine", "field": NAME}]}


class Taste(Feature):
    """What somebody's village tells of their taste; it counts whom it was asked about."""

    name = "taste"
    title = "taste"
    needs: Mapping[str, type] = {"village": str}
    length = 2

    def __init__(self, name: str = "taste", version: str = "1") -> None:
        self.name, self.version = name, version
        self.points: dict[str, Any] = dict(POINTS)
        self.asked: list[int] = []
        self.before: Any = lambda: None

    def compute(self, ctx: Any, people: Sequence[Mapping[str, Any]]) -> list[Any]:
        self.asked.append(len(people))
        self.before()
        assert all(set(one) == {"village"} for one in people)
        return [self.points.get(one["village"]) for one in people]


def offering(*offered: Feature, name: str = "tasting") -> tuple[str, Any]:
    class Offers:
        manifest = Manifest(title="Tasting")

        @hookimpl
        def mentorkit_features(self) -> Sequence[Feature]:
            return offered

    return name, Offers()


@pytest.fixture
def taste() -> Taste:
    return Taste()


@pytest.fixture
def world(create_world: Any, create_kit: Any, taste: Taste) -> SimpleNamespace:
    """Ana and Ben of Ora, Cleo of Ora and Dora of Wen, matched by their taste alone."""
    kit = create_kit(plugins=("matching", offering(taste)))
    made: SimpleNamespace = create_world(kit=kit, sections={"strategy": STRATEGY})
    return made


def values(world: SimpleNamespace, name: str = NAME) -> dict[str, Any]:
    """Return everybody's value as the pool has it, by their key."""
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        program = program_of(tx, "traders")
        pool = pool_of(tx, program, bound_of(world.kit, tx, program).fields, [])
    keys = {id: key for key, id in world.ids.items()}
    return {
        keys[id]: value
        for side in (pool.mentees, pool.mentors)
        for id, value in zip(side.ids, side.column(name), strict=True)
    }


def waits(world: SimpleNamespace) -> dict[str, set[str]]:
    """Return by feature the keys of those who wait for it."""
    keys = {id: key for key, id in world.ids.items()}
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        found = waiting(world.kit, tx, program_of(tx, "traders"))
        return {name: {keys[id] for id in ids} for name, ids in found.items()}


def jobs(world: SimpleNamespace) -> list[str]:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return sorted(job.state for job in tx.outbox.find(kind="feature"))


def kept(world: SimpleNamespace, key: str) -> Any:
    """Return what is kept of somebody, as it is exported to them."""
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        (row,) = export(tx, world.persons[key])["mk__participant"]
    return json.loads(row["features"]["taste"]["value"])


def move(world: SimpleNamespace, key: str, village: str) -> None:
    one = world.ids[key]
    onboard.answer(world.kit, **world.at, participant=one, answers={"village": village})


def test_the_worker_computes_it_once_for_all_who_wait(world: Any, taste: Taste) -> None:
    assert values(world) == dict.fromkeys(("ana", "ben", "cleo", "dora"))
    assert work(world.kit)["done"] == 1
    assert values(world) == {
        "ana": (1.0, 0.0), "ben": (1.0, 0.0), "cleo": (1.0, 0.0), "dora": (0.6, 0.8)
    }  # fmt: skip
    work(world.kit)
    assert (taste.asked, waits(world)) == ([4], {NAME: set()})


def test_people_are_looked_at_again_only_when_something_has_changed(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def look(*given: Any) -> Any:
        looked.append("looked")
        return waiting(*given)

    work(world.kit)
    work(world.kit)
    monkeypatch.setattr(features, "waiting", look)
    work(world.kit)
    assert looked == []
    move(world, "ana", "Wen")
    work(world.kit)
    assert looked == ["looked", "looked"]  # before it is promised, and then


def test_a_strategy_reads_it_and_its_reasons_are_words(world: Any) -> None:
    work(world.kit)
    run = match.draft(world.kit, **world.at, program="traders")
    assert [one for one in run["notes"] if one["place"] == NAME] == []
    pairs = match.proposals(world.kit, **world.at, program="traders")
    assert {(one["mentor_key"], one["score"]): one["words"] for one in pairs} == {
        ("cleo", 10_000): ["They are much alike in taste."],
        ("dora", 6_000): ["They are somewhat alike in taste."],
    }


def test_a_run_says_of_how_many_it_knows_nothing_yet(world: Any) -> None:
    run = match.draft(world.kit, **world.at, program="traders")
    (told,) = [one["message"] for one in run["notes"] if one["place"] == NAME]
    assert told.startswith("4 of the people have no value of it yet")


def test_a_changed_answer_makes_it_old_until_it_is_computed_again(world: Any, taste: Taste) -> None:
    work(world.kit)
    move(world, "ana", "Wen")
    assert (values(world)["ana"], waits(world)) == (None, {NAME: {"ana"}})
    work(world.kit)
    assert (values(world)["ana"], taste.asked) == ((0.6, 0.8), [4, 1])
    move(world, "ana", "Ora")  # what was computed of it once is not kept
    work(world.kit)
    assert (values(world)["ana"], taste.asked) == ((1.0, 0.0), [4, 1, 1])


def test_an_answer_that_it_is_not_of_changes_nothing(world: Any, taste: Taste) -> None:
    work(world.kit)
    answers = {"trade": "tailor"}
    onboard.answer(world.kit, **world.at, participant=world.ids["ana"], answers=answers)
    work(world.kit)
    assert taste.asked == [4]


def test_another_version_makes_all_of_it_old(world: Any, create_kit: Any) -> None:
    work(world.kit)
    newer = Taste(version="2")
    newer.points = {"Ora": (0.0, 1.0), "Wen": (0.0, -1.0)}
    world.kit = create_kit(plugins=("matching", offering(newer)))
    assert values(world) == dict.fromkeys(("ana", "ben", "cleo", "dora"))
    work(world.kit)
    assert (values(world)["dora"], newer.asked) == ((0.0, -1.0), [4])


def test_nothing_is_computed_that_no_strategy_reads(
    world: Any, taste: Taste, create_kit: Any
) -> None:
    plain = {"criteria": [{"criterion": "equal", "field": "trade"}]}
    at = {**world.at, "program": "traders", "kind": "strategy"}
    programs.define(world.kit, **at, body=plain)
    work(world.kit)
    assert (taste.asked, jobs(world)) == ([], [])
    programs.define(world.kit, **at, body=STRATEGY)
    work(world.kit)
    assert taste.asked == [4]


def test_what_was_promised_is_dropped_when_the_strategy_reads_it_no_more(
    world: Any, taste: Taste
) -> None:
    features.promise(world.kit, tenant="acme", limit=10)
    plain = {"criteria": [{"criterion": "equal", "field": "trade"}]}
    at = {**world.at, "program": "traders", "kind": "strategy"}
    programs.define(world.kit, **at, body=plain)
    work(world.kit)
    assert (taste.asked, jobs(world)) == ([], ["done"])
    programs.define(world.kit, **at, body=STRATEGY)
    work(world.kit)
    assert (taste.asked, values(world)["cleo"]) == ([4], (1.0, 0.0))


def test_who_is_not_yet_active_or_has_taken_a_break_is_left_alone(world: Any, taste: Taste) -> None:
    onboard.pause(world.kit, **world.at, participant=world.ids["ana"])
    work(world.kit)
    onboard.resume(world.kit, **world.at, participant=world.ids["ana"])
    work(world.kit)
    assert (taste.asked, waits(world)) == ([3, 1], {NAME: set()})


def test_people_are_asked_about_in_bounded_lots(
    create_world: Any, create_kit: Any, taste: Taste
) -> None:
    crowd = [lead(f"p{n:03}", "mentee", trade="baker", village="Ora") for n in range(120)]
    kit = create_kit(plugins=("matching", offering(taste)))
    world = create_world(crowd, kit=kit, sections={"strategy": STRATEGY})
    work(world.kit, limit=110)
    assert taste.asked == [50, 50, 10]
    work(world.kit, limit=110)
    assert (taste.asked, waits(world)) == ([50, 50, 10, 10], {NAME: set()})


def test_somebody_of_whom_there_is_no_value_does_not_wait(world: Any, taste: Taste) -> None:
    del taste.points["Wen"]
    work(world.kit)
    assert (values(world)["dora"], waits(world)) == (None, {NAME: set()})
    work(world.kit)
    assert taste.asked == [4]


@pytest.mark.parametrize("error", [RuntimeError("down"), RetryLater("busy", seconds=60)])
def test_a_failing_feature_is_tried_again_and_keeps_nobody_else_waiting(
    create_world: Any, create_kit: Any, clock: Any, error: Exception
) -> None:
    sound, broken = Taste(), Taste("mood")

    def fail() -> None:
        raise error

    broken.before = fail
    both = [{"criterion": "cosine", "field": name} for name in (NAME, "feature:mood")]
    kit = create_kit(plugins=("matching", offering(sound, broken)))
    world = create_world(kit=kit, sections={"strategy": {"criteria": both}})
    report = work(kit)
    assert (report["done"], report["later"]) == (1, 1)
    assert waits(world) == {NAME: set(), "feature:mood": {"ana", "ben", "cleo", "dora"}}
    assert match.draft(kit, **world.at, program="traders")["summary"]["pairs"] == 2
    work(kit)
    assert broken.asked == [4]  # its time has not come, and it is not promised a second time
    broken.before = lambda: None
    clock.forward(hours=1)
    work(kit)
    assert values(world, "feature:mood")["dora"] == (0.6, 0.8)


def test_what_is_given_up_is_not_promised_again_before_somebody_says_so(
    world: Any, taste: Taste, clock: Any, create_kit: Any
) -> None:
    def fail() -> None:
        raise RuntimeError("down")

    taste.before = fail
    for _ in range(TRIES + 2):
        work(world.kit)
        clock.forward(days=2)
    assert (len(taste.asked), jobs(world)) == (TRIES, ["dead"])
    taste.before = lambda: None
    move(world, "ana", "Wen")
    work(world.kit)
    assert waits(world) == {NAME: {"ana", "ben", "cleo", "dora"}}
    with world.kit.transaction(tenant="acme") as tx:
        assert [tx.outbox.revive(job.id) for job in tx.outbox.find(state="dead")] == [True]
    work(world.kit)
    assert (values(world)["ana"], waits(world)) == ((0.6, 0.8), {NAME: set()})


def test_another_version_is_promised_whatever_was_given_up_of_the_one_before(
    world: Any, taste: Taste, create_kit: Any
) -> None:
    def fail() -> None:
        raise Undeliverable("taste.none")

    taste.before = fail
    work(world.kit)
    world.kit = create_kit(plugins=("matching", offering(Taste(version="2"))))
    work(world.kit)
    assert (jobs(world), waits(world)) == (["dead", "done"], {NAME: set()})


@pytest.mark.parametrize(
    "wrong", [(1.0,), (1.0, 2.0, 3.0), (1.0, float("nan")), "ab", 1.0, ("x", "y")]
)
def test_what_is_no_such_value_is_given_up_at_once(world: Any, taste: Taste, wrong: Any) -> None:
    taste.points["Wen"] = wrong
    assert work(world.kit)["dead"] == 1
    assert values(world)["cleo"] is None


def test_what_is_computed_and_could_not_be_kept_is_computed_again(
    world: Any, taste: Taste, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("mentorkit.store.repositories.Participants.keep", die)
        assert work(world.kit)["later"] == 1
    assert waits(world) == {NAME: {"ana", "ben", "cleo", "dora"}}
    clock.forward(seconds=LEASE.total_seconds() + 1)
    work(world.kit)
    assert (taste.asked, jobs(world)) == ([4, 4], ["done"])
    assert values(world)["dora"] == (0.6, 0.8)


def test_an_answer_that_changes_while_it_is_computed_is_seen(world: Any, taste: Taste) -> None:
    def meanwhile() -> None:
        taste.before = lambda: None
        move(world, "ana", "Wen")

    taste.before = meanwhile
    work(world.kit, limit=1_000)
    assert (values(world)["ana"], values(world)["ben"]) == (None, (1.0, 0.0))
    work(world.kit)
    assert values(world)["ana"] == (0.6, 0.8)


def test_whoever_is_erased_while_it_is_computed_has_nothing_kept(world: Any, taste: Taste) -> None:
    def meanwhile() -> None:
        with world.kit.transaction(tenant="acme") as tx:
            erase(tx, world.persons["ana"])

    taste.before = meanwhile
    work(world.kit)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (row,) = export(tx, world.persons["ana"])["mk__participant"]
    assert row["features"] is None


def test_it_is_exported_and_erased_with_the_person(world: Any) -> None:
    work(world.kit)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (row,) = export(tx, world.persons["dora"])["mk__participant"]
        body = json.dumps([dict(job.body) for job in tx.outbox.find()], default=str)
    assert json.loads(row["features"]["taste"]["value"]) == [0.6, 0.8]
    assert row["features"]["taste"]["version"] == "1"
    assert row["features"]["taste"]["stamp"] not in body  # of answers nothing stands there
    with world.kit.transaction(tenant="acme") as tx:
        erase(tx, world.persons["dora"])
        (row,) = export(tx, world.persons["dora"])["mk__participant"]
    assert row["features"] is None


def test_two_tenants_are_apart(world: Any, taste: Taste, create_world: Any) -> None:
    other = create_world(tenant="zeta", kit=world.kit, sections={"strategy": STRATEGY})
    features.promise(world.kit, tenant="acme", limit=100)
    assert (jobs(world), jobs(other)) == (["waiting"], [])
    work(world.kit)
    move(world, "ana", "Wen")
    assert (waits(world), waits(other)) == ({NAME: {"ana"}}, {NAME: set()})
    assert values(other)["ana"] == (1.0, 0.0)
    with world.kit.transaction(tenant="zeta") as tx:
        tx.participants.keep("taste", {world.ids["ana"]: {"stamp": "x", "value": "[9.0,9.0]"}})
    assert waits(world) == {NAME: {"ana"}}
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (row,) = export(tx, world.persons["ana"])["mk__participant"]
    assert json.loads(row["features"]["taste"]["value"]) == [1.0, 0.0]


def test_a_program_that_has_switched_the_plugin_off_has_it_not_computed(
    world: Any, taste: Taste
) -> None:
    plugins.change(world.kit, **world.at, program="traders", plugin="tasting", on=False)
    work(world.kit)
    assert taste.asked == []
    with pytest.raises(Invalid, match="switched off"):
        match.draft(world.kit, **world.at, program="traders")
    (row,) = [
        one
        for one in plugins.show(world.kit, **world.at, program="traders")
        if one["name"] == "tasting"
    ]
    assert row["used"] == ["taste"]


def test_a_feature_that_there_is_not_is_named(world: Any) -> None:
    body = {"criteria": [{"criterion": "cosine", "field": "feature:tast"}]}
    with pytest.raises(Invalid) as caught:
        programs.define(world.kit, **world.at, program="traders", kind="strategy", body=body)
    assert "did you mean feature:taste?" in str(caught.value.problems[0])


def test_the_pool_of_one_mentee_has_it_also_out_of_a_file(
    create_world: Any, create_kit: Any, tmp_path: Path, taste: Taste
) -> None:
    kept = {"matching": {"pool_folder": str(tmp_path / "kept"), "pool_from": 2}}
    listed = ("matching", offering(taste))
    world = create_world(
        kit=create_kit(plugins=listed, settings=kept), sections={"strategy": STRATEGY}
    )

    def theirs(kit: Any) -> dict[str, Any]:
        with kit.transaction(tenant="acme", write=False) as tx:
            program = program_of(tx, "traders")
            pool = pool_for(kit, tx, program, bound_of(kit, tx, program), world.ids["ana"])
        keys = {id: key for key, id in world.ids.items()}
        sides = zip(pool.mentors.ids, pool.mentors.column(NAME), strict=True)
        return {keys[id]: value for id, value in sides}

    assert theirs(world.kit) == {"cleo": None, "dora": None}
    work(world.kit)
    assert theirs(world.kit) == {"cleo": (1.0, 0.0), "dora": (0.6, 0.8)}
    assert len(list((tmp_path / "kept").glob("*.pool"))) == 1
    move(world, "cleo", "Wen")
    assert theirs(world.kit) == {"cleo": None, "dora": (0.6, 0.8)}
    work(world.kit)
    assert theirs(world.kit) == {"cleo": (0.6, 0.8), "dora": (0.6, 0.8)}
    found = suggestions.mentors(world.kit, **world.at, participant=world.ids["ana"])
    assert [one["score"] for one in found["mentors"]] == [6000, 6000]
    newer = create_kit(plugins=("matching", offering(Taste(version="2"))), settings=kept)
    assert theirs(newer) == {"cleo": None, "dora": None}


def test_the_words_that_people_write_are_a_feature_that_ships(create_world: Any) -> None:
    people = [
        lead("ana", "mentee", trade="baker", village="I bake bread and want to sell bread"),
        lead("cleo", "mentor", trade="baker", village="Selling bread to hotels"),
        lead("dora", "mentor", trade="smith", village="Iron gates and railings"),
        lead("eve", "mentor", trade="smith"),
    ]
    strategy = {"criteria": [{"criterion": "cosine", "field": "feature:words"}]}
    world = create_world(people, sections={"strategy": strategy})
    work(world.kit)
    match.draft(world.kit, **world.at, program="traders")
    (pair,) = match.proposals(world.kit, **world.at, program="traders")
    assert (pair["mentor_key"], pair["words"]) == (
        "cleo", ["They are somewhat alike in words used."]
    )  # fmt: skip
    assert values(world, "feature:words")["eve"] is None


NUMBERS = some.floats(-1e6, 1e6).map(lambda number: 0.0 if abs(number) < 1e-6 else number)


@settings(
    max_examples=10, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    mine=some.lists(NUMBERS, min_size=2, max_size=2),
    theirs=some.lists(NUMBERS, min_size=2, max_size=2),
)
def test_the_score_is_the_cosine_of_what_was_kept(
    world: Any, taste: Taste, mine: list[float], theirs: list[float]
) -> None:
    for key, vector in (("ana", mine), ("cleo", theirs)):
        taste.points[str(vector)] = vector
        move(world, key, str(vector))
    work(world.kit)
    stored = [kept(world, key) for key in ("ana", "cleo")]
    assert stored == [mine, theirs]
    found = suggestions.mentors(world.kit, **world.at, participant=world.ids["ana"])
    scores = {one["id"]: one["score"] for one in found["mentors"]}
    one, other = np.array(stored)
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    plain = max(0.0, float(one @ other) / size) if size else 0.0
    assert scores[world.ids["cleo"]] == pytest.approx(10_000 * plain, abs=1)
