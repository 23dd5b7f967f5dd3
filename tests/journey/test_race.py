"""RACE-1 in little: a hundred callers for the last place; one is stored, one is told yes.

Threads and processes, ten rounds each, on prepared SQLite, a host's plain engine and PostgreSQL;
``python -m benchmarks.delivery race`` does a hundred. The harness is only believed because it
catches the wrong recipes when they are planted.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.parts.race import caught, each, is_right, offers, processes, race
from tests.conftest import open_engine

ROUNDS = 10


def test_the_last_place_is_given_once_among_threads(kit: Any) -> None:
    for round_ in range(ROUNDS):
        tenant = f"race{round_}"
        told = race(kit, tenant, each(offers(kit, tenant)))
        assert is_right(told, kit, tenant), told.words


def test_the_last_place_is_given_once_among_processes(kit: Any, clock: Any, database: Any) -> None:
    with processes(partial(open_engine, database.kind, database.url)) as among:
        for round_ in range(ROUNDS):
            tenant = f"race{round_}"
            told = among(clock(), tenant, offers(kit, tenant), each_at_once=False)
            assert is_right(told, kit, tenant), told.words


def test_the_harness_catches_looking_first_and_writing_afterwards(kit: Any, database: Any) -> None:
    # On SQLite a transaction of ours lets one writer in at a time: there even this recipe is right.
    assert caught(kit, "first_then_write") == database.is_postgresql


def test_the_harness_catches_looking_in_an_earlier_transaction(kit: Any) -> None:
    """The recipe that is wrong on every database: what was seen is over when it is acted upon."""
    assert caught(kit, "looked_before")
