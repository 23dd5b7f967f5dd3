"""Digests: what is due for one person goes as one message; nothing twice, late or for nothing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from mentorkit.domain.manners import Manners
from mentorkit.domain.messages import RetryLater
from mentorkit.errors import Conflict
from mentorkit.hooks import Awaited, Prompt
from mentorkit.journey import (
    accept,
    concerns,
    deliveries,
    digest,
    foresee,
    match,
    plugins,
    programs,
)
from mentorkit.journey.say import NotWanted
from mentorkit.store.outbox import Outbox
from mentorkit.worker import work
from tests.journey.test_nudges import Told, at_once, nudging, told
from tests.journey.test_worker import Post, plugin

TOGETHER = "prompts_together"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def create_asked(create_world: Any, create_kit: Any, post: Post) -> Callable[..., SimpleNamespace]:
    """Return a factory of a program (at nine in the morning, UTC) in which Ana is asked by two."""

    def create(*nudges: Any, **manners: Any) -> SimpleNamespace:
        names = ("matching", plugin(post), *(nudges or (nudging("teller", Told(at_once)),)))
        world: SimpleNamespace = create_world(kit=create_kit(plugins=names))
        with world.kit.transaction(tenant="acme") as tx:
            tx.programs.save(replace(tx.programs.get(world.program), zone="UTC"))
        body = {"digest": "daily", **manners}
        programs.define(world.kit, **world.at, program="traders", kind="manners", body=body)
        world.asked = [
            match.propose(world.kit, **world.at, mentee=world.ids["ana"], mentor=world.ids[mentor])
            for mentor in ("cleo", "dora")
        ]
        return world

    return create


def rows(world: SimpleNamespace) -> list[Any]:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        return [one for one in tx.outbox.find(kind="message") if one.body.get("nudge")]


def next_morning(world: SimpleNamespace, clock: Any) -> None:
    clock.forward(hours=23)
    work(world.kit)


def test_what_is_due_waits_for_the_morning_and_goes_as_one(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked()
    work(world.kit)
    assert told(post, "told") == []
    assert {(one.state, one.error) for one in rows(world)} == {("waiting", "digest")}
    next_morning(world, clock)
    (one,) = told(post, TOGETHER)
    assert one.person_id == world.persons["ana"]
    assert one.body.count("Cleo") == one.body.count("Dora") == 1
    assert told(post, "told") == []
    assert Counter(row.state for row in rows(world)) == {"done": 1, "cancelled": 1}
    for _ in range(5):
        next_morning(world, clock)
    assert len(told(post, TOGETHER)) == 1


def test_weekly_it_goes_on_monday_morning(create_asked: Any, post: Post, clock: Any) -> None:
    world = create_asked(
        nudging("teller", Told(lambda ctx, awaited: [
            replace(one, grace=timedelta(days=8)) for one in at_once(ctx, awaited)
        ])),
        digest="weekly",
    )  # fmt: skip
    for _ in range(24 * 8):
        work(world.kit)
        if told(post, TOGETHER):
            break
        clock.forward(hours=1)
    assert (clock().weekday(), clock().hour) == (0, 8)


def test_what_would_be_too_late_by_then_goes_before(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(at_once)), digest="weekly")  # a grace of three days
    monday = Manners(digest="weekly").together_at(clock(), ZoneInfo("UTC"))
    assert monday - clock() > timedelta(days=3)
    clock.forward(minutes=11)  # every worker knows of the digest
    work(world.kit)
    assert [len(told(post, name)) for name in ("told", TOGETHER)] == [0, 1]


def test_for_which_there_is_no_room_yet_waits_for_a_morning_too(
    create_asked: Any, post: Post, clock: Any
) -> None:
    long_open = Told(lambda ctx, awaited: [
        replace(one, grace=timedelta(days=20)) for one in at_once(ctx, awaited)
    ])  # fmt: skip
    world = create_asked(nudging("teller", long_open), digest="off", prompts_a_week=1)
    clock.forward(hours=5)
    work(world.kit)
    assert (len(told(post, "told")), clock().hour) == (1, 14)
    body = {"digest": "daily", "prompts_a_week": 1}
    programs.define(world.kit, **world.at, program="traders", kind="manners", body=body)
    (ahead,) = foresee.foresee(world.kit, **world.at, program="traders", days=10)
    gone = None
    for _ in range(24 * 8 + 1):
        clock.forward(hours=1)
        work(world.kit)
        if len(told(post, "told")) == 2:
            gone = clock()
            break
    assert gone is not None
    assert gone.hour == 8, "the week ends at two in the afternoon"
    assert datetime.fromisoformat(ahead["at"]) == gone


def test_what_waits_for_a_later_morning_keeps_nobody_who_may_go_now(
    create_asked: Any, post: Post, clock: Any
) -> None:
    """One has a long way to Monday, as there was no room; the other would be too late by then."""

    def answer(ctx: Any, awaited: Any) -> list[Prompt]:
        told_of = [
            (0, timedelta(days=20), "first"), (3, timedelta(days=20), "long"),
            (7, timedelta(days=2), "short"),
        ]  # fmt: skip
        return [
            Prompt(awaited=(one,), template="told", at=begun + timedelta(days=days), grace=grace,
                   key=f"{key}:{one.key}")
            for one in awaited[:1] for days, grace, key in told_of
        ]  # fmt: skip

    begun = clock()
    world = create_asked(nudging("teller", Told(answer)), digest="off", prompts_a_week=1)
    with world.kit.transaction(tenant="acme") as tx:
        month = clock() + timedelta(days=30)
        tx.proposals.save_all(replace(one, due_at=month) for one in tx.proposals.find())
    clock.forward(hours=5)
    work(world.kit)
    assert len(told(post, "told")) == 1
    body = {"digest": "weekly", "prompts_a_week": 1}
    programs.define(world.kit, **world.at, program="traders", kind="manners", body=body)
    gone = []
    for _ in range(24 * 10):
        clock.forward(hours=1)
        before = len(post.carried)
        while any(work(world.kit).values()):
            pass
        gone += [(clock(), one.template) for one in post.carried[before:]]
    (prompt,) = [at for at, name in gone if name in ("told", TOGETHER)]
    assert prompt == begun + timedelta(days=7, hours=5), "as soon as there was room"
    assert not [row for row in rows(world) if row.error == "late"]


def test_what_is_answered_by_then_is_left_out_and_one_alone_has_its_own_words(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked()
    work(world.kit)
    accept.decline(world.kit, **world.at, proposal=world.asked[0]["id"])
    next_morning(world, clock)
    clock.forward(minutes=5)  # by when the first of the two is known not to go
    work(world.kit)
    assert told(post, TOGETHER) == []
    (one,) = told(post, "told")
    assert "Dora" in one.body


def test_nothing_goes_where_nothing_is_awaited_any_more(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked()
    work(world.kit)
    for one in world.asked:
        accept.decline(world.kit, **world.at, proposal=one["id"])
    next_morning(world, clock)
    assert not {"told", TOGETHER} & {one.template for one in post.carried}


def test_two_plugins_go_in_one_and_one_cause_stands_in_it_once(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(at_once)), nudging("other", Told(at_once)))
    work(world.kit)
    next_morning(world, clock)
    (one,) = told(post, TOGETHER)
    assert one.body.count("Cleo") == one.body.count("Dora") == 1
    next_morning(world, clock)
    assert len(told(post, TOGETHER)) == 1
    assert told(post, "told") == []


def test_what_a_program_has_switched_off_meanwhile_is_left_out(
    create_asked: Any, post: Post, clock: Any
) -> None:
    def first(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return at_once(ctx, awaited)[:1]

    def second(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return at_once(ctx, awaited)[1:]

    world = create_asked(nudging("teller", Told(first)), nudging("other", Told(second)))
    work(world.kit)
    plugins.change(world.kit, **world.at, program="traders", plugin="other", on=False)
    next_morning(world, clock)
    clock.forward(minutes=5)
    work(world.kit)
    assert told(post, TOGETHER) == []
    assert len(told(post, "told")) == 1


def test_what_a_worker_has_not_loaded_is_not_taken_up_and_goes_later(
    create_asked: Any, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return at_once(ctx, awaited)[:1]

    def second(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return at_once(ctx, awaited)[1:]

    world = create_asked(nudging("teller", Told(first)), nudging("other", Told(second)))
    work(world.kit)
    loaded = {key: one for key, one in world.kit.registry.nudges.items() if key[:6] != "other."}
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(world.kit, "registry", replace(world.kit.registry, nudges=loaded))
        next_morning(world, clock)
        clock.forward(minutes=10)
        work(world.kit)
    assert {one.plugin: one.state for one in rows(world)}["other"] == "waiting"
    for _ in range(30):
        clock.forward(hours=1)
        work(world.kit)
    assert [one.plugin for one in rows(world) if one.state == "done"] == ["teller", "other"]
    assert len(told(post, "told")) == 2


def test_one_that_cannot_be_put_into_words_keeps_back_no_other(
    create_asked: Any, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def title(kit: Any, tx: Any, job: Any, still: Any, *rest: Any) -> str:
        if job.plugin == "other":
            raise KeyError(job.name)
        return "From the teller"

    def third(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return at_once(ctx, awaited)[1:]

    def first(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return at_once(ctx, awaited)[:1]

    world = create_asked(nudging("teller", Told(first)), nudging("other", Told(third)))
    work(world.kit)
    monkeypatch.setattr(digest, "_title", title)
    next_morning(world, clock)
    (one,) = told(post, TOGETHER)
    assert "From the teller" in one.body


def test_the_cap_counts_it_as_one(create_asked: Any, post: Post, clock: Any) -> None:
    world = create_asked(prompts_a_week=1)
    work(world.kit)
    next_morning(world, clock)
    (one,) = told(post, TOGETHER)
    assert one.body.count("Cleo") == one.body.count("Dora") == 1


def test_what_is_not_prompted_is_in_none(create_asked: Any, post: Post) -> None:
    world = create_asked()
    before = len(post.carried)
    accept.accept(world.kit, **world.at, proposal=world.asked[0]["id"])
    told_of = {"kind": "other", "text": "Something happened."}
    concerns.raise_(world.kit, **world.at, program="traders", **told_of)
    work(world.kit)
    assert "relationship_started" in {one.template for one in post.carried[before:]}
    assert TOGETHER not in {one.template for one in post.carried}


def test_what_is_tried_again_is_the_same_message(
    create_asked: Any, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = create_asked()
    work(world.kit)

    def busy(*args: Any) -> None:
        raise RetryLater("the vendor is busy")

    with monkeypatch.context() as patched:
        patched.setattr(type(post), "deliver", busy)
        next_morning(world, clock)
    assert told(post, TOGETHER) == []
    clock.forward(hours=2)
    work(world.kit)
    (one,) = told(post, TOGETHER)
    assert one.body.count("Cleo") == one.body.count("Dora") == 1


def test_two_workers_that_hold_one_each_send_one_message(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked()
    work(world.kit)
    clock.forward(hours=23)
    with world.kit.transaction(tenant="acme") as tx:
        first, second = sorted(tx.outbox.claim(kinds=["message"]), key=lambda one: one.id)
    joined = digest.gather(world.kit, "acme", first)
    assert [part["about"] for part in joined.body["parts"]] == [
        first.body["about"], second.body["about"],
    ]  # fmt: skip
    with pytest.raises(NotWanted, match="digest"):
        digest.gather(world.kit, "acme", second)
    found = {one.id: one for one in rows(world)}
    assert (found[second.id].state, found[second.id].error) == ("cancelled", "digest")
    assert found[first.id].state == "leased"
    assert digest.gather(world.kit, "acme", found[first.id]) == found[first.id]


def test_two_workers_that_would_take_up_each_other_wait_for_one(
    create_asked: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = create_asked()
    work(world.kit)
    clock.forward(hours=23)
    with world.kit.transaction(tenant="acme") as tx:
        held = tx.outbox.claim(kinds=["message"])
    lead, both, wrong = Outbox.lead, threading.Barrier(2), list[object]()

    def slowly(self: Outbox, job: Any) -> bool:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return lead(self, job)

    def gathered(job: Any) -> int:
        try:
            return len(digest.gather(world.kit, "acme", job).body["parts"])
        except NotWanted:
            return 0

    monkeypatch.setattr(Outbox, "lead", slowly)
    event.listen(world.kit.engine, "handle_error", lambda about: wrong.append(about))
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(gathered, held)) == [0, 2]
    assert not wrong, "a deadlock"


def test_one_that_leads_is_taken_up_by_no_other(create_asked: Any, clock: Any) -> None:
    world = create_asked()
    work(world.kit)
    clock.forward(hours=23)
    with world.kit.transaction(tenant="acme") as tx:
        first, second = tx.outbox.claim(kinds=["message"])
        assert tx.outbox.lead(first)
    joined = digest.gather(world.kit, "acme", second)
    assert len(joined.body["parts"]) == 1
    assert {one.id: one.state for one in rows(world)}[first.id] == "leased"


@pytest.fixture
def in_hand(create_asked: Any, clock: Any) -> SimpleNamespace:
    """Return a program in which one worker had two prompts in hand before digests were on."""
    world: SimpleNamespace = create_asked()
    work(world.kit)

    def switch(digests: str) -> None:
        body = {"digest": digests}
        programs.define(world.kit, **world.at, program="traders", kind="manners", body=body)

    switch("off")
    clock.forward(hours=23)
    with world.kit.transaction(tenant="acme") as tx:
        world.first, world.second = tx.outbox.claim(kinds=["message"])
    assert digest.gather(world.kit, "acme", world.first) == world.first
    clock.forward(minutes=1)
    switch("daily")
    return world


def test_one_in_hand_when_digests_are_switched_on_is_told_by_itself(
    in_hand: SimpleNamespace, clock: Any
) -> None:
    """Its worker has read that there are none, and may be at the channel's door with it."""
    with in_hand.kit.transaction(tenant="acme") as tx:
        assert tx.outbox.release(in_hand.second)
    clock.forward(minutes=1)
    with in_hand.kit.transaction(tenant="acme") as tx:
        (again,) = tx.outbox.claim(kinds=["message"])
    assert again.id == in_hand.second.id
    assert len(digest.gather(in_hand.kit, "acme", again).body["parts"]) == 1
    assert {one.id: one.state for one in rows(in_hand)}[in_hand.first.id] == "leased"


def test_one_that_has_lasted_since_before_is_told_by_itself_too(
    in_hand: SimpleNamespace, clock: Any
) -> None:
    clock.forward(minutes=11)
    with in_hand.kit.transaction(tenant="acme") as tx:
        assert tx.outbox.renew(in_hand.first)
    assert len(digest.gather(in_hand.kit, "acme", in_hand.second).body["parts"]) == 1
    assert {one.id: one.state for one in rows(in_hand)}[in_hand.first.id] == "leased"


def test_one_that_goes_on_while_it_is_looked_at_keeps_what_it_leads(
    create_asked: Any, clock: Any
) -> None:
    """It led others, its channel said that it should wait, and it waits with them again."""
    world = create_asked()
    work(world.kit)
    clock.forward(hours=23)
    with world.kit.transaction(tenant="acme") as tx:
        (first,) = tx.outbox.claim(1, kinds=["message"])
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (read,) = tx.outbox.find(id=first.id)
    joined = digest.gather(world.kit, "acme", first)
    assert len(joined.body["parts"]) == 2
    with world.kit.transaction(tenant="acme") as tx:
        assert tx.outbox.retry(joined, "retry_later")
        assert tx.outbox.take_up(joined, [read], tx.now - timedelta(days=1)) == set()
    assert {one.state for one in rows(world)} == {"waiting", "cancelled"}


def test_staff_read_what_became_of_each(create_asked: Any, clock: Any) -> None:
    world = create_asked()
    work(world.kit)
    listed = deliveries.listed(world.kit, **world.at, program="traders")["items"]
    assert {one["why"] for one in listed if one["name"] == "told"} == {
        "It waits to go with others in one message."
    }
    next_morning(world, clock)
    listed = deliveries.listed(world.kit, **world.at, program="traders")["items"]
    mine = {one["state"]: one for one in listed if one["name"] == "told"}
    assert mine["not_sent"]["why"] == "It was put into one message with others."
    assert mine["sent"]["what"] == {"en": "Several prompts in one message"}


def test_the_preview_shows_which_go_in_one(create_asked: Any, post: Post, clock: Any) -> None:
    world = create_asked()
    ahead = foresee.foresee(world.kit, **world.at, program="traders", days=5)
    assert [one["outcome"] for one in ahead] == ["sent", "digest"], (
        "the message, then what is in it"
    )
    (at,) = {one["at"] for one in ahead}
    assert datetime.fromisoformat(at) == clock() + timedelta(hours=23)
    work(world.kit)
    later = foresee.foresee(world.kit, **world.at, program="traders", days=5)
    assert [(one["at"], one["outcome"]) for one in later] == [
        (one["at"], one["outcome"]) for one in ahead
    ]
    next_morning(world, clock)
    assert foresee.foresee(world.kit, **world.at, program="traders", days=5) == []


@pytest.mark.parametrize("every", ["daily", "weekly"])
@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_each_cause_is_told_once_and_seldom(
    create_asked: Any, post: Post, clock: Any, every: str, seed: int
) -> None:
    """Prompts of two plugins fall due at odd times, people act at odd times, and it holds."""
    luck = Random(seed)
    after = {name: luck.uniform(0, 60) for name in ("teller", "other")}
    grace = {name: timedelta(days=luck.choice((1, 4, 9))) for name in after}

    def odd(name: str) -> Any:
        return Told(lambda ctx, awaited: [
            Prompt(
                awaited=(one,), template="told", at=one.since + timedelta(hours=after[name]),
                grace=grace[name], key=f"{name}:{one.key}",
            )
            for one in awaited
        ])  # fmt: skip

    cap = luck.choice((1, 2, 3))
    world = create_asked(
        *(nudging(name, odd(name)) for name in after), digest=every, prompts_a_week=cap
    )
    step = luck.choice((accept.accept, accept.decline))
    asked = [one["id"] for one in world.asked]
    got: list[tuple[datetime, Any]] = []
    for _ in range(6 * 16):
        clock.forward(hours=4)
        if asked and luck.random() < 0.05:
            with suppress(Conflict):  # it is over by now
                step(world.kit, **world.at, proposal=asked.pop())
        before = len(post.carried)
        while any(work(world.kit).values()):
            pass
        got += [(clock(), one) for one in post.carried[before:]]
    prompts = [(at, one) for at, one in got if one.template in ("told", TOGETHER)]
    for person in world.persons.values():
        times = sorted(at for at, one in prompts if one.person_id == person)
        week = timedelta(days=7)
        assert all(sum(at - week < one <= at for one in times) <= cap for at in times)
    sent = [row for row in rows(world) if row.state == "done"]
    causes = Counter(
        (row.recipient_id, part["nudge"], key)
        for row in sent
        for part in row.body.get("parts", [row.body])
        for _, _, key in part["about"]
    )
    assert not causes or max(causes.values()) == 1
    assert max(Counter(one.key for _, one in prompts).values(), default=1) == 1
    assert not any(row.body["staff"] for row in sent if "parts" in row.body)
    left = [row for row in rows(world) if row.error == "digest" and row.state == "cancelled"]
    inside = {(part["nudge"], str(part["about"])) for row in rows(world)
              for part in row.body.get("parts", ())}  # fmt: skip
    assert all((row.body["nudge"], str(row.body["about"])) in inside for row in left)
