"""A process that only works spares the garbage collector, and leaves it as it was."""

from __future__ import annotations

import gc

from mentorkit.worker import unhindered


def test_the_garbage_collector_is_spared_and_left_as_it_was() -> None:
    before, held = gc.get_threshold(), gc.get_freeze_count()
    with unhindered():
        assert gc.get_freeze_count() > 0
        if not held:
            assert gc.get_threshold()[0] > before[0]
        with unhindered():  # somebody else does it already
            pass
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert bool(gc.get_freeze_count()) == bool(held)
