"""Lets the two kinds of SQLite take turns, test by test, so that CI ends while it is waited for.

A test on all three kinds of database runs on PostgreSQL, and on SQLite either as we prepare it or
as a host has it: always the same one, told by its name. What looks at transactions themselves
(`BOTH`) sees both. `MENTORKIT_TEST_DATABASES=all` lets every test see all three.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from zlib import crc32

import pytest

SQLITES = ("sqlite-prepared", "sqlite-plain")
BOTH = (
    "tests/store/",
    "tests/journey/test_meanwhile",
    "tests/journey/test_race",
)


def left_out(tests: Iterable[str]) -> set[str]:
    """Return which of these tests (node ids) leave their turn to the other kind of SQLite."""
    every = set(tests)
    out = set()
    for test in every:
        if test.startswith(BOTH):
            continue
        for mine, other in (SQLITES, SQLITES[::-1]):
            if mine in test and test.replace(mine, other) in every:
                turn = crc32(test.replace(mine, "").encode()) % 2
                if SQLITES[turn] != mine:
                    out.add(test)
    return out


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("MENTORKIT_TEST_DATABASES") == "all":
        return
    waiting: Collection[str] = left_out(item.nodeid for item in items)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in waiting])
    items[:] = [item for item in items if item.nodeid not in waiting]
