"""Many messages are read at once: as each would be alone, in few statements, and not for long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit import worker
from mentorkit.journey import match, onboard, protect
from mentorkit.worker import work
from tests.journey.conftest import lead
from tests.journey.test_worker import Post, plugin, publish

PEOPLE = 15


@pytest.fixture
def many(create_world: Any, create_kit: Any) -> SimpleNamespace:
    """A program in which many are to be told of an offer."""
    post = Post()
    leads = [lead(f"e{i:02}", "mentee", trade="baker") for i in range(PEOPLE)]
    world: SimpleNamespace = create_world(
        [*leads, lead("m", "mentor", trade="baker", capacity=PEOPLE)],
        kit=create_kit(plugins=("matching", plugin(post))),
    )
    publish(world)
    world.post = post
    return world


def statements(world: SimpleNamespace, jobs: list[Any]) -> int:
    """Read these ahead, and return how many statements that takes."""
    seen: list[str] = []
    listener = (world.kit.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    sa.event.listen(*listener)
    try:
        assert len(worker._read_ahead(world.kit, world.tenant, jobs)) == len(jobs)
    finally:
        sa.event.remove(*listener)
    return len(seen)


def test_each_reads_as_it_would_alone(many: Any) -> None:
    together, alone = many, []
    with together.kit.transaction(tenant=together.tenant, write=False) as tx:
        for job in tx.outbox.find(state="waiting"):
            alone.append(worker._worded(together.kit, together.tenant, job))
    work(together.kit)
    told = {message.key: (message.subject, message.body) for _, message, *_ in alone}
    assert told == {one.key: (one.subject, one.body) for one in together.post.carried}
    assert len(told) == PEOPLE


def test_only_what_each_is_about_is_asked_for_one_by_one(many: Any) -> None:
    world = many
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        jobs = tx.outbox.find(state="waiting")
    few, all_ = statements(world, jobs[:3]), statements(world, jobs)
    # The proposal, its two, and whether they are kept apart; no event, text, address or setting.
    assert (all_ - few) / (PEOPLE - 3) <= 7


@pytest.mark.parametrize("gone", ["erased", "no_consent"])
def test_what_was_read_long_ago_is_read_again(
    many: Any, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    world = many
    monkeypatch.setattr(worker, "FRESH", 0)
    left = world.ids["e07"], world.persons["e07"]

    def leave() -> None:
        world.post.before = lambda: None
        if gone == "erased":
            protect.erase(world.kit, **world.at, person=left[1])
        else:
            onboard.withdraw(world.kit, **world.at, participant=left[0])

    world.post.before = leave
    first = min(world.persons.values())
    assert first != left[1]
    work(world.kit)
    told = [one.person_id for one in world.post.carried]
    assert len(told) == PEOPLE - 1
    assert left[1] not in told


def test_one_that_cannot_be_read_fails_alone(many: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world, whole = many, worker.say.message

    def message(kit: Any, tx: Any, job: Any, event: Any, person: Any, *more: Any) -> Any:
        if person.id == world.persons["e03"]:
            raise KeyError("a text is missing")
        return whole(kit, tx, job, event, person, *more)

    monkeypatch.setattr(worker.say, "message", message)
    report = work(world.kit)
    assert (report["done"], report["later"]) == (PEOPLE - 1, 1)
    assert match.runs(world.kit, **world.at, program="traders")
