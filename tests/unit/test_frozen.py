"""A frozen mapping never changes, so what is made of it need be made only once."""

from __future__ import annotations

import pickle

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
