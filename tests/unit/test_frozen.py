"""A frozen mapping never changes, so what is made of it need be made only once."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

from mentorkit.domain.frozen import Frozen


def test_what_a_function_makes_of_it_is_made_once() -> None:
    asked: list[Frozen] = []

    def names(one: Frozen) -> tuple[str, ...]:
        asked.append(one)
        return tuple(one)

    body = Frozen(trade="baker", country="KE")
    assert body.once(names) is body.once(names) == ("trade", "country")
    assert body.once(len) == 2
    assert asked == [body]


def test_an_equal_one_is_asked_itself() -> None:
    """1 equals True: what is read of the one would be wrong of the other."""
    number, truth = Frozen(hours=1), Frozen(hours=True)
    assert number == truth
    assert [one.once(repr) for one in (number, truth)] == [repr(number), repr(truth)]
    assert repr(number) != repr(truth)


def test_what_was_made_of_it_does_not_travel_along() -> None:
    body = Frozen(trade="baker")
    body.once(lambda one: object())  # an object of a function that cannot be pickled
    assert pickle.loads(pickle.dumps(body)) == body


def test_threads_that_ask_at_once_get_one_and_the_same() -> None:
    body, together = Frozen(trade="baker"), threading.Barrier(2, timeout=30)

    def slow(one: Frozen) -> object:
        together.wait()
        return object()

    with ThreadPoolExecutor() as threads:
        first, second = (threads.submit(body.once, slow) for _ in range(2))
    assert first.result() is second.result() is body.once(slow)


def test_it_is_read_as_any_mapping_is() -> None:
    body = Frozen(trade="baker", country="KE")
    assert dict(body) == dict(body.items()) == dict(zip(body.keys(), body.values(), strict=True))
    assert {**body} == {"trade": "baker", "country": "KE"} == body
    assert ("trade" in body, "hours" in body, body.get("hours"), body.get("hours", 2)) == (
        True, False, None, 2
    )  # fmt: skip
