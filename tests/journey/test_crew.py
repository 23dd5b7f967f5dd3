"""The crew: who hangs or keeps failing holds up nobody else, and nothing is done twice over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import crew, worker
from mentorkit.crew import FAILURES, PAUSE, SLOTS, Busy, Call, Crew, Provider
from mentorkit.hooks import Channel, Receipt, RetryLater
from mentorkit.store.outbox import TRIES
from tests.journey.conftest import lead
from tests.journey.test_worker import Post, counts, plugin, publish

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)


class Door:
    """A provider that hangs until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.came = threading.Semaphore(0)

    def __call__(self) -> str:
        self.came.release()
        assert self.let_go.wait(60)
        return "through"


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.let_go.set()


@pytest.fixture
def gang(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    monkeypatch.setattr(crew, "PATIENCE", 0.2)
    monkeypatch.setattr(crew, "SHORT", 60)  # who was let go late is not left at once afterwards
    made = Crew(clock)
    yield made
    assert made.settle(60)
    made.rest()


def until(holds: Callable[[], bool]) -> None:
    """Wait for something, as long as a busy machine may take."""
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to that")


def ask(gang: Crew, name: str, call: Callable[[], Any]) -> Callable[[], Any]:
    def asked() -> Any:
        with gang.asking(name):
            return call()

    return asked


def fails() -> None:
    raise ConnectionError("no route")


# ------------------------------------------------------------------ threads


def test_what_ends_soon_is_told_at_once_on_the_same_thread_each_time(gang: Crew) -> None:
    seen = [gang.do(threading.get_ident, key=str(n), late=list) for n in range(5)]
    assert len(set(seen)) == 1
    assert seen[0] != threading.get_ident()
    with pytest.raises(ConnectionError):
        gang.do(fails, key="fails", late=list)


def test_what_takes_long_is_left_behind_and_tells_its_end_itself(gang: Crew, door: Door) -> None:
    told: list[str] = []
    assert gang.do(door, key="one", late=told.append) is None
    assert gang.do(lambda: "two", key="two", late=told.append) == "two"
    assert not gang.settle(0.1)
    door.let_go.set()
    assert gang.settle(60)
    assert told == ["through"]


def test_what_is_still_in_hand_is_not_begun_again(gang: Crew, door: Door) -> None:
    told: list[str] = []
    for _ in range(3):
        assert gang.do(door, key="one", late=told.append) is None
    door.let_go.set()
    assert gang.settle(60)
    assert told == ["through"]
    assert gang.do(door, key="one", late=told.append) == "through"


def test_what_is_quick_is_done_in_a_row_and_the_rest_is_for_the_next_time(
    gang: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "MOMENT", 60.0)
    tasks = [Call(lambda n=n: (n, threading.get_ident()), str(n), list) for n in range(5)]
    results, many = gang.do_all(tasks)
    assert [n for n, _ in results] == [0, 1, 2, 3, 4]
    assert len({thread for _, thread in results}) == 1
    assert many == 5
    monkeypatch.setattr(crew, "MOMENT", 0.0)
    assert gang.do_all(tasks)[1] == 1  # the moment is over
    monkeypatch.setattr(crew, "MOMENT", 60.0)
    said = iter([False, True])
    assert gang.do_all(tasks, lambda: next(said))[1] == 2  # the worker is to stop


def test_what_follows_a_task_that_hangs_is_left_to_others(
    gang: Crew, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "MOMENT", 60.0)
    done, told = list[int](), list[str]()
    first, hangs = Call(lambda: "first", "1", told.append), Call(door, "2", told.append)
    last = Call(lambda: done.append(3) or "last", "3", told.append)
    assert gang.do_all([first, hangs, last]) == (["first"], 2)
    assert gang.do_all([hangs, last]) == ([], 1)  # still in hand
    assert gang.do_all([last, hangs]) == (["last"], 1)  # it goes as far as what is in hand
    door.let_go.set()
    assert gang.settle(60)
    assert done == [3]
    assert told == ["through"]


def test_what_fails_is_told_and_nothing_after_it_is_begun(gang: Crew) -> None:
    done: list[int] = []
    tasks = [Call(fails, "1", list), Call(lambda: done.append(2), "2", list)]
    with pytest.raises(ConnectionError):
        gang.do_all(tasks)
    assert done == []


def test_what_the_caller_knows_is_known_on_the_thread(gang: Crew) -> None:
    from contextvars import ContextVar

    host: ContextVar[str] = ContextVar("host")
    host.set("portal")
    assert gang.do(host.get, key="one", late=list) == "portal"


def test_a_crew_that_has_left_enough_behind_begins_nothing_more(
    gang: Crew, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "MOST", 2)
    assert gang.do(door, key="one", late=list) is None
    assert not gang.full
    assert gang.do(door, key="two", late=list) is None
    assert gang.full


def test_threads_go_home(gang: Crew) -> None:
    gang.do(lambda: 1, key="one", late=list)
    before = threading.active_count()
    gang.rest()
    until(lambda: threading.active_count() == before - 1)


# ------------------------------------------------------------------ providers


def test_at_most_so_many_are_at_one_provider_and_others_go_on(gang: Crew, door: Door) -> None:
    for n in range(SLOTS):
        assert gang.do(ask(gang, "channel mail", door), key=str(n), late=list) is None
    with pytest.raises(Busy) as busy:
        gang.do(ask(gang, "channel mail", door), key="more", late=list)
    assert busy.value.seconds < PAUSE.total_seconds()
    assert gang.do(ask(gang, "channel sms", lambda: "sent"), key="sms", late=list) == "sent"


@pytest.mark.parametrize(("there", "wait"), [(0.01, 1), (0.5, 4), (2, 16), (300, 30)])
def test_who_finds_enough_at_a_provider_waits_the_longer_the_slower_it_is(
    there: float, wait: int
) -> None:
    mail, now = Provider("channel mail"), time.monotonic()
    mail.inside = {"the oldest": now - there, "another": now}
    assert Busy("channel mail", mail.wait(AT)).seconds == pytest.approx(wait, abs=1)
    mail.took, mail.last = 5 + there, None
    told = "it takes as long as it did last"
    assert Busy("", mail.wait(AT)).seconds == pytest.approx(min(5 + there, 30), abs=1), told


def test_many_that_are_turned_away_do_not_come_back_all_at_once(
    gang: Crew, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a thousand that wait for whoever hangs would keep the worker from the work of others."""
    monkeypatch.setattr(crew, "PATIENCE", 0.01)
    mail = ask(gang, "channel mail", door)
    for n in range(SLOTS):
        assert gang.do(mail, key=str(n), late=list) is None

    def turned_away() -> int:
        with pytest.raises(Busy) as busy:
            gang.do(mail, key="more", late=list)
        return busy.value.seconds

    first, *_, last = (turned_away() for _ in range(1_000))
    assert last - first == pytest.approx(10, abs=2), "a hundred in a second"
    door.let_go.set()
    assert gang.settle(60)
    assert gang.providers["channel mail"].last is None, "who answers has nothing to catch up with"


def test_what_was_left_behind_may_be_begun_again_once_that_is_noted(
    gang: Crew, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that failed, and was due at once, would be taken for one in hand, and lie there."""
    monkeypatch.setattr(crew, "PATIENCE", 0.01)
    again: list[object] = []

    def note(_: object) -> None:
        again.append(gang.do(lambda: "done", key="row", late=list))

    assert gang.do(door, key="row", late=note) is None
    assert gang.do(lambda: "done", key="row", late=list) is None, "it is in hand"
    monkeypatch.setattr(crew, "PATIENCE", 60)
    door.let_go.set()
    assert gang.settle(60)
    assert again == ["done"]


def test_nobody_waits_a_second_time_for_a_provider_that_is_slow(
    gang: Crew, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gang.do(ask(gang, "channel mail", door), key="one", late=list) is None
    monkeypatch.setattr(crew, "PATIENCE", 60)
    assert gang.do(ask(gang, "channel mail", door), key="two", late=list) is None


def test_a_provider_that_keeps_failing_is_left_alone_then_tried_by_one(
    gang: Crew, clock: Any, caplog: Any
) -> None:
    def once(call: Callable[[], Any] = fails) -> str:
        got: list[Any] = []
        try:
            result = gang.do(ask(gang, "channel mail", call), key="k", late=got.append)
        except (Busy, ConnectionError) as error:
            return type(error).__name__
        assert gang.settle(60)
        return str(result or (got or ["failed late"])[0])

    assert [once() for _ in range(FAILURES)] == ["ConnectionError"] * FAILURES
    assert [once() for _ in range(3)] == ["Busy"] * 3
    clock.forward(seconds=PAUSE.total_seconds())
    assert once() == "failed late"  # one tries it, and nobody waits for that one
    assert once(lambda: "sent") == "Busy"
    clock.forward(seconds=PAUSE.total_seconds())
    assert once(lambda: "sent") == "sent"
    assert once(lambda: "sent") == "sent"
    told = [one.getMessage() for one in caplog.records if "channel mail" in one.getMessage()]
    down = "channel mail failed 5 times in a row: its work waits, and it is tried again"
    assert told == [f"{down} from time to time.", "channel mail answers again."]


def test_a_no_is_an_answer(gang: Crew) -> None:
    def later() -> None:
        raise RetryLater("so many today", seconds=60)

    for n in range(3 * FAILURES):
        with pytest.raises(RetryLater if n % FAILURES == FAILURES - 1 else ConnectionError):
            call = later if n % FAILURES == FAILURES - 1 else fails
            gang.do(ask(gang, "channel mail", call), key=str(n), late=list)


def test_one_that_hangs_is_down_until_it_is_over(
    gang: Crew, door: Door, clock: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(crew, "LIMIT", 0.01)
    kept = threading.Semaphore(0)

    def keep() -> bool:
        kept.release()
        return True

    hanging = ask(gang, "vendor forms", door)
    assert gang.do(hanging, key="one", late=list, keep=keep) is None
    assert kept.acquire(timeout=60)
    assert kept.acquire(timeout=60)  # its lease is renewed again and again
    with pytest.raises(Busy):
        gang.do(ask(gang, "vendor forms", lambda: "kept"), key="two", late=list)
    door.let_go.set()
    assert gang.settle(60)
    assert gang.do(ask(gang, "vendor forms", lambda: "kept"), key="two", late=list) == "kept"
    told = [one.getMessage() for one in caplog.records]
    assert [one.partition(":")[0] for one in told] == [
        "vendor forms has not answered for 0.01 seconds", "vendor forms answers again.",
    ]  # fmt: skip


def test_who_hangs_for_an_hour_gives_its_slot_back(
    gang: Crew, door: Door, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LIMIT", 0.01)
    monkeypatch.setattr(crew, "KEPT", 3)

    def hangs(n: int) -> bool:
        clock.now = clock() + PAUSE
        with suppress(Busy):  # on a slow machine the one before is found to hang just now
            gang.do(ask(gang, "channel mail", door), key=str(n), late=list)
            return True
        return False

    for n in range(SLOTS):
        until(partial(hangs, n))
    until(lambda: not gang.behind)
    clock.forward(hours=1)
    told: list[str] = []
    gang.do(ask(gang, "channel mail", lambda: "sent"), key="more", late=told.append)
    assert gang.settle(60)
    assert told == ["sent"]


# ------------------------------------------------------------------ the worker


class Mute(Channel):
    """A channel that reaches some, and does not answer until it is let go."""

    name = "mute"

    def __init__(self, door: Door) -> None:
        self.door, self.theirs, self.sent = door, set[str](), list[str]()

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return person.id in self.theirs

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.door()
        self.sent.append(message.key)
        return Receipt(channel=self.name)


@pytest.fixture
def two_ways(create_world: Any, create_kit: Any, door: Door) -> Iterator[SimpleNamespace]:
    """Twelve people wait for a message; the channel that reaches every other one hangs."""
    post, mute = Post(fallback=True), Mute(door)
    people = [lead(f"e{i:02}", "mentee", trade="baker") for i in range(12)]
    world: SimpleNamespace = create_world(
        [*people, lead("m", "mentor", trade="baker", capacity=12)],
        kit=create_kit(plugins=("matching", plugin(post), plugin(mute))),
    )
    publish(world)
    mute.theirs = {world.persons[f"e{i:02}"] for i in range(0, 12, 2)}
    world.post, world.mute = post, mute
    yield world
    door.let_go.set()  # and nothing goes on once the database is gone
    assert crew.crew_of(world.kit).settle(60)


def test_a_channel_that_hangs_holds_up_no_other_and_sends_once_when_it_is_back(
    two_ways: Any, clock: Any, door: Door
) -> None:
    report = worker.work(two_ways.kit, wait=0)
    until(lambda: report["done"] == 6)
    assert len(two_ways.post.carried) == 6
    assert counts(two_ways)["leased"] == SLOTS
    assert report["later"] == 6 - SLOTS  # these were no tries
    with two_ways.kit.transaction(tenant=two_ways.tenant, write=False) as tx:
        waiting = tx.outbox.find(state="waiting")
    assert {(job.attempt % TRIES, job.error) for job in waiting} == {(0, "busy: channel mute")}
    assert worker.work(two_ways.kit, wait=0)["done"] == 0
    door.let_go.set()
    assert crew.crew_of(two_ways.kit).settle(60)
    clock.forward(minutes=1)
    worker.work(two_ways.kit)
    assert counts(two_ways)["done"] == 12
    assert len(two_ways.mute.sent) == len(set(two_ways.mute.sent)) == 6


def test_what_has_waited_long_for_a_channel_is_not_looked_at_often(
    two_ways: Any, clock: Any, door: Door
) -> None:
    clock.forward(hours=10)
    worker.work(two_ways.kit, wait=0)
    with two_ways.kit.transaction(tenant=two_ways.tenant, write=False) as tx:
        due = [job.not_before - clock() for job in tx.outbox.find(state="waiting")]
    assert all(timedelta(minutes=10) <= one <= timedelta(minutes=11) for one in due)
    assert due


def test_a_vendor_that_hangs_is_not_asked_again_meanwhile_and_messages_go_on(
    two_ways: Any, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def collect(kit: Any, *, tenant: str, ask: Any) -> int:
        def poll() -> int:
            asked.append(tenant)
            door()
            return 3

        return int(ask("vendor forms", poll))

    monkeypatch.setattr(worker.feedback, "collect", collect)
    two_ways.mute.theirs = set()
    first = worker.work(two_ways.kit, wait=0)
    worker.work(two_ways.kit, wait=0)
    until(lambda: first["done"] == 12)
    assert (len(asked), len(two_ways.post.carried)) == (1, 12)
    door.let_go.set()
    assert crew.crew_of(two_ways.kit).settle(60)
    assert first["done"] == 12 + 3  # it counts where it was begun


def test_a_worker_that_is_to_stop_hands_back_what_it_has_not_begun(
    two_ways: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_ways.mute.theirs, stop = set(), threading.Event()
    two_ways.post.before = stop.set
    report = worker.work(two_ways.kit, stop=stop)
    assert (report["done"], len(two_ways.post.carried)) == (1, 1)
    assert (counts(two_ways)["waiting"], counts(two_ways)["leased"]) == (11, 0)


def test_each_kit_has_one_crew(create_kit: Any) -> None:
    one, two = create_kit(), create_kit()
    assert crew.crew_of(one) is crew.crew_of(one)
    assert crew.crew_of(one) is not crew.crew_of(two)
    assert isinstance(crew.crew_of(one).clock(), datetime)
