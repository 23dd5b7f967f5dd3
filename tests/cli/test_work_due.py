"""`mentorkit work --due`: by cron, beside a host's own runner or without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentorkit import Kit

HOST = """\
from mentorkit import Kit

kit = Kit.embedded("mentorkit.db")
kit.bells.append(lambda tenant, kinds: print("rung", tenant, *sorted(kinds)))
"""


@pytest.fixture
def offered(traders: Path, run: Callable[..., Any]) -> Path:
    run("match")
    run("publish")
    return traders


def test_without_a_runner_it_does_what_is_due(offered: Path, run: Callable[..., Any]) -> None:
    report = json.loads(run("work", "--due", "--json").out)
    assert (report["done"] > 0, report["rung"]) == (True, 0)
    assert run("work", "--due").out.startswith("Nothing was due.")


def test_with_a_runner_it_only_wakes_that(
    offered: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (offered / "a_host.py").write_text(HOST)
    monkeypatch.syspath_prepend(str(offered))
    out = run("--kit", "a_host:kit", "work", "--due").out
    assert "rung default message" in out
    assert "1 tenant's work left to the workers" in out
    report = json.loads(run("work", "--json").out)
    assert report["done"] > 0, "the work itself is still to be done"


def test_it_ends_and_so_goes_with_no_loop(offered: Path, run: Callable[..., Any]) -> None:
    assert "--due" in run("work", "--due", "--loop", code=2).err


def test_what_a_killed_worker_had_in_hand_is_told(offered: Path, run: Callable[..., Any]) -> None:
    kit = Kit.embedded(offered / "mentorkit.db")
    with kit.transaction(tenant="default") as tx:
        held = len(tx.outbox.claim())
    kit.close()
    told = run("work")
    assert told.out.startswith("Nothing was due.")
    assert f"{held} jobs in hand elsewhere." in told.err
    assert "after five minutes" in told.err
