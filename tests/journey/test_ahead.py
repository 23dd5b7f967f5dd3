"""Many messages are read at once: as each would be alone, in few statements, and not for long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit import sending, worker
from mentorkit.errors import Conflict
from mentorkit.journey import match, onboard, protect
from mentorkit.store.outbox import TRIES
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
        assert len(sending.read_ahead(world.kit, world.tenant, jobs)) == len(jobs)
    finally:
        sa.event.remove(*listener)
    return len(seen)


def test_each_reads_as_it_would_alone(many: Any) -> None:
    together, alone = many, []
    with together.kit.transaction(tenant=together.tenant, write=False) as tx:
        for job in tx.outbox.find(state="waiting"):
            alone.append(sending.worded(together.kit, together.tenant, job))
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
    world, whole = many, sending.say.message

    def message(kit: Any, tx: Any, job: Any, event: Any, person: Any, *more: Any) -> Any:
        if person.id == world.persons["e03"]:
            raise KeyError("a text is missing")
        return whole(kit, tx, job, event, person, *more)

    monkeypatch.setattr(sending.say, "message", message)
    report = work(world.kit)
    assert (report["done"], report["later"]) == (PEOPLE - 1, 1)
    assert match.runs(world.kit, **world.at, program="traders")


@pytest.fixture
def read(many: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many rows the messages are read at once, each time; two are claimed at a time."""
    monkeypatch.setattr(worker, "CLAIMED", 2)
    whole, sizes = sending.read_ahead, list[int]()

    def counted(kit: Any, tenant: str, jobs: list[Any]) -> Any:
        sizes.append(len(jobs))
        return whole(kit, tenant, jobs)

    monkeypatch.setattr(sending, "read_ahead", counted)
    return sizes


def test_what_goes_quickly_is_read_for_several_claims_at_once(many: Any, read: list[int]) -> None:
    report = work(many.kit)
    assert (report["done"], read) == (PEOPLE, [2, 8, 5])
    assert sorted(one.person_id for one in many.post.carried) == sorted(
        many.persons[f"e{i:02}"] for i in range(PEOPLE)
    )


def test_what_goes_slowly_is_read_claim_by_claim(
    many: Any, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FRESH", 0)
    assert work(many.kit)["done"] == PEOPLE
    assert read == [2, 2, 2, 2, 2, 2, 2, 1]


def test_no_more_is_claimed_than_is_to_be_done(many: Any, read: list[int]) -> None:
    assert work(many.kit, limit=7)["done"] == 7
    assert read == [2, 5]
    with many.kit.transaction(tenant=many.tenant, write=False) as tx:
        counts = tx.outbox.counts()
    assert (counts["done"], counts["waiting"], counts["leased"]) == (7, PEOPLE - 7, 0)


def test_what_was_lost_is_read_alone_and_what_follows_it_too(
    many: Any, read: list[int], clock: Any
) -> None:
    """It may be what its worker was lost over, so that nothing else goes with it."""
    worker._claim(many.kit, many.tenant, 2, None, False)
    clock.forward(minutes=6)
    assert work(many.kit)["done"] == PEOPLE
    assert read == [1, 1, 2, 8, 3]


def standing(world: SimpleNamespace) -> tuple[int, int, set[int]]:
    """Return how many are sent and wait, and how often any was tried."""
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        rows = tx.outbox.find(name="proposal_offered")
    done, waits = (sum(row.state == state for row in rows) for state in ("done", "waiting"))
    assert done + waits == PEOPLE
    return done, waits, {row.attempt % TRIES for row in rows if row.state == "waiting"}


def is_all_sent_once(world: SimpleNamespace) -> bool:
    """Return whether, all being sent, nobody was told twice."""
    while work(world.kit)["done"]:
        pass
    told = [one.person_id for one in world.post.carried]
    return len(told) == len(set(told)) == PEOPLE


def test_what_is_not_begun_in_time_is_handed_back_untried(
    many: Any, read: list[int], clock: Any
) -> None:
    many.post.before = lambda: len(many.post.carried) == 3 and clock.forward(seconds=6)
    work(many.kit, limit=10)
    assert read[:2] == [2, 8]
    assert standing(many) == (10, PEOPLE - 10, {0})
    assert is_all_sent_once(many)


def test_where_a_later_claim_fails_what_was_claimed_is_done(
    many: Any, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, calls = worker._claim, list[int]()

    def fails(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise Conflict("store.busy", "Others are in the way.")
        return whole(*given)

    monkeypatch.setattr(worker, "_claim", fails)
    assert work(many.kit, limit=6)["done"] == 6
    assert read == [2, 2, 2]


def test_where_reading_together_fails_each_reads_for_itself(
    many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: Any) -> Any:
        raise KeyError("a text is missing")

    monkeypatch.setattr(sending, "read_ahead", fails)
    assert is_all_sent_once(many)


def test_where_noting_fails_the_rest_is_handed_back(
    many: Any, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = worker._note

    def fails(kit: Any, tenant: str, outcomes: Any, *given: Any) -> None:
        if outcomes and len(many.post.carried) == 4:
            raise Conflict("store.busy", "Others are in the way.")
        whole(kit, tenant, outcomes, *given)

    monkeypatch.setattr(worker, "_note", fails)
    assert work(many.kit)["failed"] == 1
    with many.kit.transaction(tenant=many.tenant, write=False) as tx:
        counts = tx.outbox.counts()
    # Two were sent and could not be noted: they are sent again when their lease has run out.
    assert (counts["done"], counts["leased"], counts["waiting"]) == (2, 2, PEOPLE - 4)
