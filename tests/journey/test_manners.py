"""Manners: nobody is prompted at night, nor too often, nor twice for one cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.hooks import Awaited, Prompt
from mentorkit.journey import accept, concerns, match, onboard, programs
from mentorkit.worker import work
from tests.journey.test_nudges import Told, at_once, nudging, told
from tests.journey.test_worker import Post, plugin


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def create_asked(create_world: Any, create_kit: Any, post: Post) -> Callable[..., SimpleNamespace]:
    """Return a factory of a program with one open proposal, of Ana and Cleo, and these nudges."""

    def create(*nudges: Any, **options: Any) -> SimpleNamespace:
        plugins = ("matching", plugin(post), *nudges)
        world: SimpleNamespace = create_world(kit=create_kit(plugins=plugins, **options))
        two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
        world.proposal = match.propose(world.kit, **world.at, **two)["id"]
        with world.kit.transaction(tenant="acme") as tx:
            tx.programs.save(replace(tx.programs.get(world.program), zone="UTC"))
        return world

    return create


def rows(world: SimpleNamespace) -> list[Any]:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        return [one for one in tx.outbox.find(kind="message") if one.body.get("nudge")]


def one_key(grace: float) -> Callable[[Any, list[Awaited]], list[Prompt]]:
    """Return a nudge's answer: a prompt at once about each thing, with so many days of grace."""
    return lambda ctx, awaited: [
        replace(one, grace=timedelta(days=grace)) for one in at_once(ctx, awaited)
    ]


def set_manners(world: SimpleNamespace, **manners: int) -> None:
    programs.define(world.kit, **world.at, program="traders", kind="manners", body=manners)


def test_what_falls_in_quiet_hours_waits_for_their_end(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    clock.forward(hours=12)  # nine in the evening
    assert work(world.kit)["nudged"] == 1
    assert told(post, "told") == []
    (row,) = rows(world)
    assert (row.state, row.error) == ("waiting", "quiet")
    assert row.not_before == clock() + timedelta(hours=11)
    clock.forward(hours=10, minutes=59)
    work(world.kit)
    assert told(post, "told") == []
    clock.forward(minutes=1)
    work(world.kit)
    assert len(told(post, "told")) == 1
    assert rows(world)[0].attempt % 10 == 1, "waiting was no attempt"


def test_quiet_hours_are_those_of_the_readers_own_clock(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    onboard.set_zone(world.kit, **world.at, participant=world.ids["ana"], zone="America/New_York")
    work(world.kit)  # four in the morning there
    assert told(post, "told") == []
    assert rows(world)[0].not_before == clock() + timedelta(hours=4)
    clock.forward(hours=4)
    work(world.kit)
    assert len(told(post, "told")) == 1


def test_what_is_past_its_grace_by_then_is_missed_and_the_row_says_so(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(one_key(0.75))))
    clock.forward(hours=12)
    work(world.kit)
    (row,) = rows(world)
    assert (row.state, row.error) == ("cancelled", "quiet")
    clock.forward(hours=12)
    work(world.kit)
    assert told(post, "told") == []


def test_what_has_a_last_day_soon_goes_first(create_asked: Any, post: Post, clock: Any) -> None:
    def answer(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        last_first = sorted(awaited, key=lambda one: one.until or ctx.now, reverse=True)
        return [
            Prompt(awaited=(one,), template="told", at=noon, grace=timedelta(days=8))
            for one in last_first if one.role == "mentee"
        ]  # fmt: skip

    noon = clock() + timedelta(days=4)
    world = create_asked(nudging("teller", Told(answer)))
    set_manners(world, prompts_a_week=1)
    clock.forward(days=3)
    two = {"mentee": world.ids["ana"], "mentor": world.ids["dora"]}
    match.propose(world.kit, **world.at, **two)
    clock.forward(days=1)
    work(world.kit)
    (one,) = told(post, "told")
    assert one.body == "Ana: Ana, Cleo"
    clock.forward(days=7)
    work(world.kit)
    assert [one.body for one in told(post, "told")][1:] == ["Ana: Ana, Dora"]


def test_what_the_cap_holds_goes_once_there_is_room_or_is_missed(
    create_asked: Any, post: Post, clock: Any
) -> None:
    def answer(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return [
            Prompt(awaited=(one,), template="told", at=one.since + timedelta(days=days),
                   grace=timedelta(days=grace), key=str(days))
            for one in awaited for days, grace in ((0, 1), (2, 2), (3, 6))
        ]  # fmt: skip

    world = create_asked(nudging("teller", Told(answer)))
    set_manners(world, prompts_a_week=1)
    for _ in range(4):
        work(world.kit)
        clock.forward(days=1)
    assert len(told(post, "told")) == 1
    states = [(one.state, one.error) for one in sorted(rows(world), key=lambda one: one.created_at)]
    assert states == [("done", None), ("cancelled", "capped"), ("waiting", "capped")]
    clock.forward(days=3)  # a week after the first
    work(world.kit)
    assert len(told(post, "told")) == 2


def test_a_week_is_counted_from_when_a_prompt_went_however_late_the_worker_came(
    create_asked: Any, post: Post, clock: Any
) -> None:
    def answer(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return [
            Prompt(awaited=(one,), template="told", at=one.since + timedelta(days=days),
                   grace=timedelta(days=9), key=str(days))
            for one in awaited for days in (0, 5)
        ]  # fmt: skip

    world = create_asked(nudging("teller", Told(answer)))
    set_manners(world, prompts_a_week=1)
    clock.forward(hours=14)
    work(world.kit)
    (held,) = rows(world)
    assert (held.state, held.error) == ("waiting", "quiet")
    clock.forward(hours=19)
    work(world.kit)
    went = clock()
    assert len(told(post, "told")) == 1
    assert went - held.not_before > timedelta(hours=4), "the worker was not there all day"
    clock.forward(days=7, hours=-1)
    work(world.kit)
    assert len(told(post, "told")) == 1
    clock.forward(hours=2)
    while clock().hour < 12:
        clock.forward(hours=1)
    work(world.kit)
    assert len(told(post, "told")) == 2


def test_two_plugins_do_not_prompt_for_one_cause(create_asked: Any, post: Post, clock: Any) -> None:
    world = create_asked(nudging("one", Told(at_once)), nudging("other", Told(at_once)))
    assert work(world.kit)["nudged"] == 2
    clock.forward(hours=1)
    work(world.kit)
    assert len(told(post, "told")) == 1
    assert sorted((one.state, one.error) for one in rows(world)) == [
        ("cancelled", "same_cause"), ("done", None),
    ]  # fmt: skip


def test_what_somebody_has_just_done_is_answered_at_night_and_beyond_the_cap(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    work(world.kit)
    set_manners(world, prompts_a_week=1)
    clock.forward(hours=14)
    accept.accept(world.kit, **world.at, proposal=world.proposal)
    work(world.kit)
    assert len(told(post, "relationship_started")) == 2


def test_what_is_about_safety_is_never_held(create_asked: Any, post: Post, clock: Any) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    cora = programs.appoint(
        world.kit, **world.at, program="traders", role="supervisor", name="Cora"
    )["person"]
    clock.forward(hours=14)
    ana = {**world.at, "actor": world.by("ana")}
    concerns.raise_(world.kit, **ana, program="traders", kind="harassment", text="He was rude.")
    work(world.kit)
    assert [one.person_id for one in told(post, "concern_raised")] == [cora]


def test_staff_are_told_of_their_work_beyond_the_cap_but_not_at_night(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    set_manners(world, prompts_a_week=1)
    programs.appoint(world.kit, **world.at, program="traders", role="coordinator", name="Cora")
    accept.accept(world.kit, **world.at, proposal=world.proposal)
    for _ in range(2):
        clock.forward(days=42)
        work(world.kit)
        clock.forward(days=1)
        work(world.kit)
    assert told(post, "milestones_due_staff")
    assert all(8 <= one.created_at.hour < 21 for one in told(post, "milestones_due_staff"))


def test_a_prompt_names_the_channel_that_is_asked_first(create_asked: Any, post: Post) -> None:
    other = Post("other")

    def answer(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return [replace(one, channel="other") for one in at_once(ctx, awaited)]

    world = create_asked(plugin(other), nudging("teller", Told(answer)))
    work(world.kit)
    assert (len(told(other, "told")), len(told(post, "told"))) == (1, 0)


def test_a_programs_manners_are_part_of_its_set_up(create_asked: Any) -> None:
    world = create_asked()
    set_manners(world, quiet_from=20)
    set_manners(world, prompts_a_week=2)
    data = programs.export(world.kit, **world.at, program="traders")
    assert data["manners"] == {"quiet_from": 20, "prompts_a_week": 2}
