"""People by column: matched as people one by one are, in an order that is checked."""

from __future__ import annotations

import numpy as np
import pytest

from mentorkit.errors import Invalid
from mentorkit.matching import PackedSide, Pool, Someone, bind, pack, run
from tests.matching.samples import create_fields, create_registry, create_strategy

FIELDS = create_fields()


def create_side(*ids: str, keys: tuple[str, ...] = ()) -> PackedSide:
    return PackedSide(ids, {}, keys=keys)


def test_whom_people_asked_for_counts_by_column_as_it_does_one_by_one() -> None:
    mentees = [
        Someone(key="a", id="e0", choices=("m1",), asked="open"), Someone(key="b", id="e1")
    ]  # fmt: skip
    mentors = [Someone(key="", id=id) for id in ("m0", "m1")]
    bound = bind(create_strategy(assigner="choice"), create_registry(), FIELDS)
    sides = pack(mentees, FIELDS), pack(mentors, FIELDS)
    for pool in (Pool(mentees, mentors, FIELDS), Pool.of(*sides, FIELDS)):
        pairs = [(one.mentee_id, one.mentor_id) for one in run(pool, bound).pairs]
        assert pairs == [("e0", "m1")]
    assert [(one.choices, one.asked) for one in sides[0].people] == [(("m1",), "open"), ((), "")]
    assert [sides[0].asks, sides[1].asks] == [True, False]
    some = sides[0].take(np.array([1, 0]))
    assert [some.choices(at) for at in range(2)] == [(), ("m1",)]
    assert not sides[0].take(np.array([1])).asks


def test_a_side_that_is_out_of_order_is_refused() -> None:
    Pool.of(create_side("a", "b"), create_side("b", "a", keys=("1", "2")), FIELDS)
    for wrong in (create_side("b", "a"), create_side("b", "a", keys=("1", "1"))):
        with pytest.raises(Invalid, match="stands after b; sort people by their key"):
            Pool.of(create_side("x"), wrong, FIELDS)
    with pytest.raises(Invalid, match=r"mentees\.c"):
        Pool.of(create_side("a", "b", "c", keys=("", "z", "")), create_side(), FIELDS)


def test_an_id_that_is_there_twice_is_refused() -> None:
    with pytest.raises(Invalid, match=r"mentors\.a: is there twice"):
        Pool.of(create_side("x"), create_side("a", "a", "b"), FIELDS)
