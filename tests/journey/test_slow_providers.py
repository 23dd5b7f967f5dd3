"""A provider that takes long for each message: all of them are sent, and nobody waits for that."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mentorkit import crew, worker
from mentorkit.crew import SLOTS, Call, Crew, Piece, crew_of
from mentorkit.journey import deliveries
from mentorkit.store.outbox import Outbox
from mentorkit.worker import work
from tests.journey.conftest import lead
from tests.journey.test_crew import until
from tests.journey.test_worker import Post, counts, plugin, publish

MANY = 13


def people() -> list[Any]:
    mentees = [lead(f"e{i:02}", "mentee", trade="baker") for i in range(MANY)]
    return [*mentees, lead("m", "mentor", trade="baker", capacity=MANY)]


class Slow(Post):
    """A channel that takes a while for each, of those whose key ends so; it knows who is there."""

    def __init__(self, name: str, ends: Any = "", seconds: float = 0.1, **told: Any) -> None:
        super().__init__(name, **told)
        self.ends, self.seconds = ends, seconds
        self.tenants = ("acme", "other")
        self.there = self.most = 0
        self.lock = threading.Lock()
        self.each: Callable[[], object] = lambda: None

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return person.tenant in self.tenants and person.external_key.endswith(self.ends)

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Any:
        with self.lock:
            self.there += 1
            self.most = max(self.most, self.there)
        time.sleep(self.seconds)
        self.each()
        with self.lock:
            self.there -= 1
            return super().deliver(ctx, message, person, contacts)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is slow takes little time here, and a busy machine is not one that hangs."""
    monkeypatch.setattr(crew, "PATIENCE", 60.0)
    monkeypatch.setattr(worker, "SHORT", 0.05)
    monkeypatch.setattr(crew, "SHORT", 0.05)


@pytest.fixture
def told(create_world: Any, create_kit: Any) -> Callable[..., Any]:
    """Make a program in which so many mentees, and their mentor, wait for a message."""

    def make(*channels: Post) -> Any:
        kit = create_kit(plugins=("matching", *(plugin(one) for one in channels)))
        world = create_world(people(), kit=kit)
        publish(world)
        return world

    return make


def test_all_that_a_slow_vendor_has_no_place_for_is_sent_by_the_same_worker(told: Any) -> None:
    """And not by the next one, that cron begins in a minute: it would send four of them."""
    slow = Slow("slow")
    world = told(slow)
    assert work(world.kit)["done"] == MANY
    assert len({one.key for one in slow.carried}) == len(slow.carried) == MANY
    assert slow.most == SLOTS
    assert counts(world)["done"] == MANY


def test_whom_another_channel_reaches_does_not_wait_for_the_slow_one(told: Any) -> None:
    order: list[str] = []
    slow = Slow("slow", ends=("0", "1", "2", "3", "4"))
    quick = Slow("quick", seconds=0, fallback=True)
    slow.each, quick.each = (lambda: order.append("slow")), (lambda: order.append("quick"))
    world = told(slow, quick)
    work(world.kit)
    assert len(order) == MANY
    assert order.count("slow") == 8
    last_quick = len(order) - 1 - order[::-1].index("quick")
    assert order[:last_quick].count("slow") <= SLOTS, "the others are aside until then"


def test_what_comes_due_for_others_meanwhile_is_done_meanwhile(
    create_world: Any, create_kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the last of a slow vendor's messages: not those of another tenant either."""
    monkeypatch.setattr(worker, "PATIENCE", 0.1)
    slow, quick = Slow("slow", seconds=0.3), Slow("quick", seconds=0, fallback=True)
    slow.tenants = ("acme",)
    kit = create_kit(plugins=("matching", plugin(slow), plugin(quick)))
    here, there = (create_world(people(), kit=kit, tenant=one) for one in ("acme", "other"))
    so_many_before: list[int] = []
    quick.each = lambda: so_many_before.append(len(slow.carried))

    begun = threading.Event()

    def begin_there() -> None:
        slow.each = lambda: begun.wait(60)
        publish(there)
        begun.set()

    slow.each = begin_there
    publish(here)
    work(kit)
    assert len(slow.carried) == len(quick.carried) == MANY
    assert max(so_many_before) < MANY - SLOTS, "most of the slow ones were still to come"


def test_a_worker_that_is_stopped_hands_back_untried_what_was_put_aside(told: Any) -> None:
    slow, stop = Slow("slow"), threading.Event()
    slow.each = stop.set
    world = told(slow)
    work(world.kit, stop=stop)
    sent = len(slow.carried)
    assert 0 < sent <= SLOTS
    assert counts(world) == {**counts(world), "done": sent, "waiting": MANY - sent, "leased": 0}
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        assert {job.error for job in tx.outbox.find(state="waiting")} == {None}
    work(world.kit)
    assert len({one.key for one in slow.carried}) == len(slow.carried) == MANY


def test_one_that_was_interrupted_hands_it_back_too(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = told(Slow("slow"))

    def interrupt(*_: object) -> list[str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as here:
        here.setattr(worker, "_next", interrupt)
        with pytest.raises(KeyboardInterrupt):
            work(world.kit)
    assert crew_of(world.kit).settle(60)
    assert counts(world)["leased"] == 0
    work(world.kit)
    assert counts(world)["done"] == MANY


def test_who_waits_for_a_vendor_that_hangs_is_put_off(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "PATIENCE", 0.2)
    slow, let_go = Slow("slow"), threading.Event()
    slow.each = lambda: let_go.wait(60)
    world = told(slow)
    try:
        assert work(world.kit, wait=0)["later"] == MANY - SLOTS
        assert counts(world) == {**counts(world), "leased": SLOTS, "waiting": MANY - SLOTS}
        assert work(world.kit, wait=0)["later"] == 0, "they are not due"
        at = {**world.at, "program": "traders"}
        told = deliveries.listed(world.kit, **at, state="waiting")["items"]
        assert Counter(one["code"] for one in told) == {"": SLOTS, "busy: channel slow": 9}
        assert {one["why"] for one in told if one["code"]} == {deliveries.BUSY}
    finally:
        let_go.set()
    assert crew_of(world.kit).settle(60)
    assert counts(world)["done"] == SLOTS


def test_no_more_is_put_aside_than_is_claimed_at_once(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CLAIMED", 2)
    monkeypatch.setattr(worker, "AHEAD", 1)
    slow = Slow("slow")
    world = told(slow)
    report = work(world.kit)
    assert report["later"] > 0
    assert report["done"] + counts(world)["waiting"] == MANY
    assert report["done"] > SLOTS


def test_no_more_rows_are_claimed_than_were_asked_for(told: Any) -> None:
    slow = Slow("slow")
    world = told(slow)
    assert work(world.kit, limit=7)["done"] == 7
    assert counts(world)["waiting"] == MANY - 7


def test_a_tenant_whose_rows_cannot_be_handed_back_is_told_in_the_log(
    told: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are found again as what was lost, once their lease has run out."""
    slow, stop = Slow("slow"), threading.Event()
    slow.each = stop.set
    world = told(slow)

    def breaks(*_: object) -> int:
        raise OSError("the disk is full")

    with monkeypatch.context() as here:
        here.setattr(Outbox, "hand_back", breaks)
        work(world.kit, stop=stop)
    assert "were not handed back: the disk is full" in caplog.text
    assert counts(world)["leased"] > 0


def test_nobody_waits_for_the_next_answer_of_one_who_took_long(clock: Any) -> None:
    gang = Crew(clock)

    def ask() -> str:
        with gang.asking("channel slow"):
            time.sleep(0.1)
        return "sent"

    kept: list[str] = []
    assert gang.do(ask, key="first", late=kept.append) == "sent"
    begun = time.monotonic()
    assert gang.do(ask, key="second", late=kept.append) is None
    assert time.monotonic() - begun < 0.1, "it was left at once"
    assert gang.settle(60)
    assert kept == ["sent"]
    gang.rest()


def test_whoever_is_interrupted_while_it_looks_at_a_piece_can_leave_it() -> None:
    """A signal is handled on the thread that has the lock; that must not wait for itself."""
    piece = Piece([Call(lambda: 1, "one", list)], lambda: False)

    def interrupted() -> None:
        with piece.lock:
            piece.leave()

    thread = threading.Thread(target=interrupted, daemon=True)
    thread.start()
    until(lambda: not thread.is_alive())
    assert piece.left
