"""RACE-1: a hundred callers for the last place; exactly one is stored, exactly one is told yes.

Threads and processes, ten rounds each, on prepared SQLite, a host's plain engine and PostgreSQL.
The harness is only believed because it catches the wrong recipes when they are planted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from sqlalchemy.orm import sessionmaker

from mentorkit.errors import Conflict, MentorKitError
from mentorkit.journey import accept, match
from mentorkit.kit import Kit
from tests.journey.conftest import ADMIN, lead

CALLERS = 100
ROUNDS = 10


def proposals(create_world: Any, round_: int, kit: Any) -> tuple[Any, list[str]]:
    """Return a program in which a hundred mentees have a proposal for one mentor's one place."""
    people = [lead(f"mentee{round_}-{i}", "mentee", trade="baker") for i in range(CALLERS)]
    people.append(lead(f"mentor{round_}", "mentor", trade="baker", capacity=1))
    world = create_world(people, tenant=f"race{round_}", kit=kit)
    mentor = world.ids[f"mentor{round_}"]

    def offer(tx: Any) -> list[str]:
        return [
            match.propose(kit, **world.at, mentee=world.ids[key], mentor=mentor, tx=tx)["id"]
            for key in world.ids
            if key.startswith("mentee")
        ]

    return world, kit.write(world.tenant, offer)


def stored(kit: Any, tenant: str) -> tuple[int, int, int]:
    """Return relationships that hold, the mentor's `used`, and proposals accepted."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        mentor = tx.participants.first(role="mentor")
        holding = tx.relationships.find(state=("active", "paused"))
        return len(holding), mentor.used, tx.proposals.count(state="accepted")


def race(kit: Any, tenant: str, ids: list[str], answer: Callable[..., Any]) -> Counter[str]:
    """Let a thread for each proposal say yes at the same moment; return what they were told."""
    barrier = threading.Barrier(len(ids))
    told: Counter[str] = Counter()
    lock = threading.Lock()

    def call(proposal: str) -> None:
        barrier.wait()
        try:
            answer(kit, tenant=tenant, actor=ADMIN, proposal=proposal)
            word = "yes"
        except Conflict:
            word = "no"
        except Exception as error:  # whatever else a caller is told is counted by its name
            word = type(error).__name__
        with lock:
            told[word] += 1

    threads = [threading.Thread(target=call, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_the_last_place_is_given_once_among_threads(create_world: Any, create_kit: Any) -> None:
    kit = create_kit()
    for round_ in range(ROUNDS):
        world, ids = proposals(create_world, round_, kit)
        told = race(kit, world.tenant, ids, accept.accept)
        assert told == {"yes": 1, "no": CALLERS - 1}
        assert stored(kit, world.tenant) == (1, 1, 1)


def _answer_some(kind: str, url: str, tenant: str, ids: list[str]) -> list[str]:
    from tests.conftest import Clock, open_engine

    engine = open_engine(kind, url)
    kit = Kit(sessions=sessionmaker(engine), plugins=("matching",), clock=Clock())
    told = []
    try:
        for one in ids:
            try:
                accept.accept(kit, tenant=tenant, actor=ADMIN, proposal=one)
                told.append("yes")
            except MentorKitError as error:
                told.append("no" if isinstance(error, Conflict) else error.code)
    finally:
        engine.dispose()
    return told


def test_the_last_place_is_given_once_among_processes(
    create_world: Any, create_kit: Any, database: Any
) -> None:
    kit = create_kit()
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        for round_ in range(ROUNDS):
            world, ids = proposals(create_world, round_, kit)
            parts = [
                pool.submit(_answer_some, database.kind, database.url, world.tenant, ids[n::4])
                for n in range(4)
            ]
            told = Counter(word for part in parts for word in part.result())
            assert told == {"yes": 1, "no": CALLERS - 1}
            assert stored(kit, world.tenant) == (1, 1, 1)


def _count_then_insert(tx: Any, participant: str) -> int:
    """Take a place the wrong way: look first, write afterwards, with nothing in between."""
    import sqlalchemy as sa

    from mentorkit.store.tables import participant as table

    one = tx.participants.get(participant)
    if one.free < 1:
        raise Conflict("participant.full", "no place")
    import time

    time.sleep(0.002)
    tx.session.execute(
        sa.update(table)
        .where(table.c.tenant == tx.tenant, table.c.id == participant)
        .values(used=one.used + 1)
    )
    return int(one.used) + 1


def test_the_harness_catches_looking_first_and_writing_afterwards(
    create_world: Any, create_kit: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = create_kit()
    from mentorkit.store import repositories

    wrong = 0
    for round_ in range(3):
        world, ids = proposals(create_world, round_, kit)
        with monkeypatch.context() as planted:
            # The second wall, too: the winner withdraws what the others are about to accept.
            planted.setattr(accept, "withdraw_open", lambda tx, **_: 0)
            # And the first: who answers waits for whoever does about the same two.
            planted.setattr(repositories.Participants, "hold", lambda self, ids: None)
            planted.setattr(
                repositories.Participants,
                "take_place",
                lambda self, participant: _count_then_insert(self.tx, participant),
            )
            told = race(kit, world.tenant, ids, accept.accept)
        wrong += told != {"yes": 1, "no": CALLERS - 1} or stored(kit, world.tenant) != (1, 1, 1)
    # On SQLite a transaction of ours lets one writer in at a time: there even this recipe is right.
    assert bool(wrong) == database.is_postgresql


def test_the_harness_catches_looking_in_an_earlier_transaction(
    create_world: Any, create_kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recipe that is wrong on every database: what was seen is over when it is acted upon."""
    import sqlalchemy as sa

    from mentorkit.store import repositories
    from mentorkit.store.tables import participant as table

    kit = create_kit()
    looked = threading.local()

    def look_then_accept(kit: Any, *, tenant: str, actor: Any, proposal: str) -> Any:
        with kit.transaction(tenant=tenant, write=False) as tx:
            one = tx.proposals.get(proposal)
            found = tx.participants.get_many([one.mentee_id, one.mentor_id])
        if not all(each.free for each in found.values()):
            raise Conflict("participant.full", "no place")
        looked.used = {id: each.used for id, each in found.items()}
        return accept.accept(kit, tenant=tenant, actor=actor, proposal=proposal)

    def take_as_seen(self: Any, ids: set[str]) -> dict[str, int]:
        taken = {id: looked.used[id] + 1 for id in sorted(ids)}
        for id, used in taken.items():
            here = sa.and_(table.c.tenant == self.tx.tenant, table.c.id == id)
            self.tx.session.execute(sa.update(table).where(here).values(used=used))
        return taken

    wrong = 0
    for round_ in range(3):
        world, ids = proposals(create_world, round_, kit)
        with monkeypatch.context() as planted:
            planted.setattr(accept, "ensure", lambda *_: None)
            planted.setattr(accept, "withdraw_open", lambda tx, **_: 0)
            planted.setattr(repositories.Participants, "take_places", take_as_seen)
            told = race(kit, world.tenant, ids, look_then_accept)
        wrong += told != {"yes": 1, "no": CALLERS - 1} or stored(kit, world.tenant) != (1, 1, 1)
    assert wrong
