"""What the how-to about many people does."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from pages import ROOT

from mentorkit.matching import recommend, run
from tests.matching.samples import draw_wide_case


@pytest.fixture
def example() -> Any:
    path = ROOT / "docs" / "examples" / "many" / "many_people.py"
    spec = importlib.util.spec_from_file_location("many_people", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_pool_answers_many(example: Any) -> None:
    case = draw_wide_case(5)
    pool, bound = case.pool, case.bound()
    waiting = pool.mentees.ids[:3]
    assert waiting
    lists = example.lists_of(pool, bound, waiting)
    assert lists == {mentee: recommend(pool, bound, mentee, 10) for mentee in waiting}


def test_a_pool_is_made_of_people_from_anywhere(example: Any) -> None:
    people = [("ana", "baker"), ("ben", "smith")]
    pool, bound = example.made(people, [("cleo", "smith", 2), ("dora", "baker", 1)])
    lists = example.lists_of(pool, bound, ["ana", "ben"])
    assert [lists[one][0].mentor_id for one in ("ana", "ben")] == ["dora", "cleo"]


def test_other_processes_find_the_same(example: Any) -> None:
    case = draw_wide_case(5)
    pool, bound = case.pool, case.bound()
    assert list(example.match_by_processes(pool, bound).pairs) == list(run(pool, bound).pairs)
