"""A worker that is stopped in the middle of its rows: none is lost, none is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import sending
from mentorkit.crew import crew_of
from mentorkit.store.outbox import LEASE, TRIES
from mentorkit.worker import work
from tests.journey.test_nudges import Told, nudging
from tests.journey.test_worker import Post, counts, plugin, publish


class Timeout(BaseException):
    """What some libraries stop their own work by; it is no `Exception`."""


@pytest.fixture
def interrupted_at(
    post: Post, press_ctrl_c: Callable[[], None]
) -> Callable[[int], threading.Event]:
    """Return what has a worker be stopped while it sends the n-th message.

    By Ctrl-C, or the limit of time of a task in whose hand it is. That message goes on once the
    event is set.
    """

    def at(number: int) -> threading.Event:
        go_on, calls = threading.Event(), count(1)

        def lasts() -> None:
            if next(calls) == number:
                press_ctrl_c()
                go_on.wait(60)

        post.before = lasts
        return go_on

    return at


def sent_once(post: Post) -> bool:
    keys = [one.key for one in post.carried]
    return len(keys) == len(set(keys)) == 2


def test_what_is_done_is_noted_when_the_worker_is_interrupted(
    offered: SimpleNamespace, post: Post, interrupted_at: Callable[[int], threading.Event]
) -> None:
    go_on = interrupted_at(2)
    with pytest.raises(KeyboardInterrupt):
        work(offered.kit)
    assert counts(offered)["done"] == 1, "the first one was sent, and that is noted"
    assert counts(offered)["leased"] == 1, "nobody else begins the second"
    assert work(offered.kit)["done"] == 0
    go_on.set()
    assert crew_of(offered.kit).settle(60)
    assert counts(offered)["done"] == 2
    assert sent_once(post)


def test_what_is_not_begun_is_handed_back_when_the_worker_is_interrupted(
    offered: SimpleNamespace, post: Post, interrupted_at: Callable[[int], threading.Event]
) -> None:
    go_on = interrupted_at(1)
    with pytest.raises(KeyboardInterrupt):
        work(offered.kit)
    assert (counts(offered)["leased"], counts(offered)["waiting"]) == (1, 1)
    assert work(offered.kit)["done"] == 1
    go_on.set()
    assert crew_of(offered.kit).settle(60)
    assert sent_once(post)


def test_whatever_a_plugin_raises_is_a_failure_of_its_row_alone(
    offered: SimpleNamespace, post: Post, clock: Any
) -> None:
    calls = [0]

    def first_breaks() -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise Timeout

    post.before = first_breaks
    report = work(offered.kit)
    assert (report["done"], report["later"]) == (1, 1)
    clock.forward(minutes=1)
    work(offered.kit)
    assert sent_once(post)


def test_whatever_a_nudge_raises_keeps_no_message_waiting(
    create_world: Any, create_kit: Any, post: Post
) -> None:
    def breaks(*args: Any) -> Any:
        raise Timeout

    names = ("matching", plugin(post), nudging("teller", Told(breaks)))
    world: SimpleNamespace = create_world(kit=create_kit(plugins=names))
    publish(world)
    report = work(world.kit)
    assert (report["done"], len(post.carried)) == (2, 2)


def test_what_raises_whatever_each_time_is_given_up_in_the_end(
    offered: SimpleNamespace, post: Post, clock: Any
) -> None:
    def breaks() -> None:
        raise Timeout

    post.before = breaks
    for _ in range(TRIES):
        work(offered.kit)
        clock.forward(days=2)
    assert counts(offered)["dead"] + counts(offered)["cancelled"] >= 2
    assert counts(offered)["waiting"] == counts(offered)["leased"] == 0


def test_who_stood_still_for_longer_than_the_lease_sends_no_more(
    offered: SimpleNamespace, post: Post, clock: Any, create_kit: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A machine that was moved, a process that was suspended: others have its rows by then."""
    other = create_kit(plugins=("matching", plugin(post)))
    read_ahead = sending.read_ahead

    def stands_still(*about: Any) -> Any:
        ahead = read_ahead(*about)
        monkeypatch.setattr(sending, "read_ahead", read_ahead)
        clock.forward(seconds=LEASE.total_seconds() + 1)
        assert sum(work(other)["done"] for _ in range(3)) == 2
        return ahead

    monkeypatch.setattr(sending, "read_ahead", stands_still)
    assert work(offered.kit)["done"] == 0
    assert sent_once(post)
