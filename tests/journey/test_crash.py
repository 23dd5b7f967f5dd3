"""CRASH-1 and CRASH-2 in little: killed where it hurts most, nothing is lost and nothing twice.

``python -m benchmarks.delivery crash`` does it at a thousand points and more, on each database.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.parts.crash import PLANTED, Harness, caught, stage_of

STEPS = 3
"""How many steps of the whole chain are walked: an offer, taken back, and another."""
WALKS = 4


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres])]
)
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    if request.param == "postgresql":
        request.getfixturevalue("postgres")  # or the test is skipped
    with stage_of(request.param) as stage:
        yield Harness(stage, 3 * WALKS, STEPS)


def test_killed_around_what_is_sent_nothing_is_lost_or_twice(harness: Harness) -> None:
    assert len(harness.unharmed.sends) == STEPS
    for sent in harness.unharmed.sends:
        for point in (sent - 1, sent):
            assert harness.faults("", point) == []
            assert harness.killed


def test_killed_anywhere_nothing_is_lost_or_twice(harness: Harness) -> None:
    total = harness.unharmed.points
    assert total > 100
    for n in range(WALKS):
        assert harness.faults("", (2 * n + 1) * total // (2 * WALKS)) == []


def test_the_recovery_may_be_killed_as_well(harness: Harness) -> None:
    for seed in range(2):
        assert harness.faults("double", seed) == []


@pytest.mark.parametrize("form", PLANTED)
def test_the_harness_catches_what_is_wrong(form: str) -> None:
    # How many points there are before a send varies a little: a longer chain has more of them.
    assert any(caught("sqlite", form, steps) for steps in (1, 2, 4))
