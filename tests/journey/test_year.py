"""Part of a year of a small program; ``python -m benchmarks.delivery year`` does it at scale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.parts import year as parts
from benchmarks.parts.year import TENANT, rude, year
from mentorkit.domain.events import MilestoneDue
from mentorkit_rehearse.stage import Got


def test_each_milestone_fires_once_and_running_it_again_sends_nothing() -> None:
    made = year(20, 60)
    assert made.milestones >= 10  # the check after six weeks, of each pair
    assert made.messages > 40
    assert made.faults == {}


def test_what_happens_twice_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = parts.run

    def spoilt(here: Any, script: Any, times: Any, **how: Any) -> int:
        refused = real(here, script, times, **how)
        here.take.got.append(here.take.got[0])
        with here.kit.transaction(tenant=TENANT) as tx:
            one = next(one for one in tx.milestones.find() if one.state != "upcoming")
            tx.record(MilestoneDue(subject_id=one.id, program_id=script.program), actor=None)
            never = next(one for one in tx.milestones.find() if one.state == "upcoming")
            tx.milestones.save(replace(never, opens_at=tx.now - timedelta(days=9)))
        return refused

    monkeypatch.setattr(parts, "run", spoilt)
    assert year(10, 50).faults.keys() == {
        "message twice", "milestone twice", "milestone without a word", "milestone never",
        "sent by running it again",
    }  # fmt: skip


def test_what_comes_at_night_or_too_often_is_seen() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def got(after: timedelta, key: str = "nudge:x") -> Got:
        return Got(noon + after, "ana", "Ana", "gone_quiet", "", key, None)

    zones = {"ana": "UTC"}
    assert rude([got(timedelta(days=day)) for day in (0, 3, 6, 7)], zones) == {}
    assert rude([got(timedelta(days=day)) for day in (0, 1, 2, 3)], zones) == {
        "too many in a week": 1
    }
    assert rude([got(timedelta(days=day)) for day in (0, 1, 2, 3)], zones, {"ana"}) == {}
    assert rude([got(timedelta(hours=9))], zones) == {"in quiet hours": 1}
    assert rude([got(timedelta(hours=9), "message:1")], zones) == {}
    assert rude([got(timedelta())], {"ana": "Australia/Lord_Howe"}) == {"in quiet hours": 1}
