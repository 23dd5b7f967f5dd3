"""RACE-2 to RACE-8 in little: two do at the same moment what cannot both be so.

``python -m benchmarks.delivery race_pairs`` does each a thousand times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.parts.at_once import PLANTED, RACES, Host, Post, caught, run
from benchmarks.parts.drains import offering

ROUNDS = 4


@pytest.fixture
def host(create_kit: Callable[..., Any]) -> Host:
    post = Post()
    return Host(create_kit(plugins=("matching", offering("post", post))), post)


@pytest.mark.parametrize("name", RACES)
def test_what_two_are_told_agrees_with_what_is_stored(host: Host, name: str) -> None:
    found = run(host, name, ROUNDS)
    assert found.told.total() == ROUNDS
    assert not found.faults


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("form", PLANTED)
def test_the_harness_catches_what_is_wrong(form: str) -> None:
    assert caught("postgresql", form)
