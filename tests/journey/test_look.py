"""The work in parts: of some tenants, of some kinds, and a look that wakes who does the rest."""

from __future__ import annotations

from typing import Any

import pytest

from mentorkit.journey import match
from mentorkit.worker import look, work


@pytest.fixture
def offered(world: Any) -> Any:
    run = match.draft(world.kit, **world.at, program="traders")
    match.publish(world.kit, **world.at, run=run["id"])
    with world.kit.transaction(tenant=world.tenant) as tx:
        tx.outbox.add("forget", "forget:1")
    return world


def waiting(world: Any) -> set[str]:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return {job.kind for job in tx.outbox.find(state="waiting", attempt=0)}


def test_only_rows_of_the_named_kinds_are_done(offered: Any) -> None:
    assert waiting(offered) == {"message", "forget"}
    work(offered.kit, kinds=["forget"], due=False)
    assert waiting(offered) == {"message"}


def test_only_the_named_tenants_are_worked_for(offered: Any) -> None:
    work(offered.kit, tenants=["somebody's"])
    assert waiting(offered) == {"message", "forget"}
    work(offered.kit, tenants=[offered.tenant])
    assert waiting(offered) == set()


def test_what_comes_due_is_looked_for_apart_from_the_rows(offered: Any, clock: Any) -> None:
    clock.forward(days=60)
    assert work(offered.kit, kinds=[])["expired"] == 2
    assert "message" in waiting(offered)
    assert work(offered.kit, due=False)["expired"] == 0
    assert waiting(offered) == set()


def test_a_look_does_what_came_due_and_rings_for_all_that_waits(offered: Any, clock: Any) -> None:
    rung: list[tuple[str, frozenset[str]]] = []
    offered.kit.bells.append(lambda tenant, kinds: rung.append((tenant, kinds)))
    clock.forward(days=60)
    report = look(offered.kit)
    assert (report["expired"], report["done"], report["rung"]) == (2, 0, 1)
    assert rung[-1] == (offered.tenant, frozenset(["message", "forget"]))
    assert waiting(offered) == {"message", "forget"}


def test_a_look_does_the_work_itself_where_nobody_hears_bells(offered: Any) -> None:
    assert look(offered.kit)["rung"] == 0
    assert waiting(offered) == set()


def test_match_runs_share_their_scan_out_as_the_host_chose(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit import matching

    given, run = [], matching.run

    def seen(*args: Any, map_shards: Any = None, **how: Any) -> Any:
        given.append(map_shards)
        return run(*args, map_shards=map_shards, **how)

    monkeypatch.setattr(matching, "run", seen)
    match.draft(world.kit, **world.at, program="traders")
    world.kit.map_shards = lambda fn, shards: map(fn, shards)
    match.draft(world.kit, **world.at, program="traders")
    assert given == [None, world.kit.map_shards]
