"""A frozen mapping never changes, so what is made of it need be made only once."""

from __future__ import annotations

import inspect
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, dataclass, field, make_dataclass, replace
from typing import Any, get_type_hints

import pytest

from mentorkit.domain.frozen import NOTHING, Frozen, quick
from mentorkit.domain.messages import Message


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """A place, by its name."""

    name: str
    country: str = "KE"


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """A place, by its name."""

    name: str
    country: str = "KE"


def test_what_is_made_quickly_is_a_frozen_dataclass_like_any_other() -> None:
    one = Quick(name="Nakuru")
    assert (one.name, one.country) == ("Nakuru", "KE")
    assert one == Quick(country="KE", name="Nakuru") == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(Quick(name="Nakuru")) != hash(replace(one, country="UG"))
    assert replace(one, country="UG") == Quick(name="Nakuru", country="UG")
    assert repr(one) == "Quick(name='Nakuru', country='KE')"
    with pytest.raises(FrozenInstanceError):
        one.name = "Kisumu"  # type: ignore[misc]


@pytest.mark.parametrize("given", [{}, {"name": "Nakuru", "county": "Nakuru"}, ["Nakuru"]])
def test_what_is_made_quickly_refuses_what_any_other_would(given: Any) -> None:
    told = []
    for made in (Usual, Quick):
        with pytest.raises(TypeError) as error:
            made(*given) if isinstance(given, list) else made(**given)
        told.append(str(error.value).replace(made.__name__, "Place"))
    assert told[0] == told[1]
    assert str(inspect.signature(Quick)) == str(inspect.signature(Usual))


def test_what_is_made_quickly_is_read_by_tools_as_any_other_is() -> None:
    assert inspect.signature(Quick, eval_str=True) == inspect.signature(Usual, eval_str=True)
    assert get_type_hints(Quick.__init__) == get_type_hints(Usual.__init__)
    assert Quick.__init__.__module__ == __name__
    assert inspect.signature(Message, eval_str=True).parameters["params"].default == Frozen()


class Checks:
    """A dataclass that looks at what it is given."""

    __slots__ = ()

    def __post_init__(self) -> None:
        raise AssertionError


@pytest.mark.parametrize(
    ("bases", "kw_only", "told"),
    [
        ((Checks,), True, [("name", str)]),
        ((), False, [("name", str)]),
        ((), True, [("names", list, field(default_factory=list))]),
        ((), True, [("name", str, field(init=False, default=""))]),
        ((), True, [("a", str), ("put_a", str)]),
        ((), True, [("self", str)]),
    ],
    ids=["post_init", "by_place", "factory", "not_given", "same_name", "self"],
)
def test_what_has_more_to_do_is_not_made_quickly(
    bases: tuple[type, ...], kw_only: bool, told: Any
) -> None:
    made = make_dataclass("Made", told, bases=bases, kw_only=kw_only, slots=True, frozen=True)
    with pytest.raises(TypeError, match="Made has more to do"):
        quick(made)


def test_nothing_is_kept_with_the_one_that_is_empty_for_all() -> None:
    """Or what was made for one tenant would be found with another."""
    NOTHING.once(list).append("a secret")
    assert NOTHING.once(list) == Frozen().once(list) == []
