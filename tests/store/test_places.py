"""Limited places: one conditional UPDATE takes one, whoever else is after it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from mentorkit.errors import Conflict, NotFound


def test_places_are_taken_until_none_is_left(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant(capacity=2)
        assert [tx.participants.take_place(ada.id) for _ in "ab"] == [1, 2]
        with pytest.raises(Conflict) as caught:
            tx.participants.take_place(ada.id)
        assert caught.value.code == "participant.full"
        assert tx.participants.get(ada.id) == replace(ada, used=2, version=3)
        assert tx.participants.release_place(ada.id) == 1
        assert tx.participants.release_place(ada.id) == 0
        with pytest.raises(Conflict) as caught:
            tx.participants.release_place(ada.id)
        assert caught.value.code == "participant.no_place_held"


def test_a_refused_place_spoils_nothing(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant(capacity=0)
        with pytest.raises(Conflict):
            tx.participants.take_place(ada.id)
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.participants.get(ada.id) == ada


def test_only_who_is_active_takes_a_place(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant(state="paused")
        with pytest.raises(Conflict) as caught:
            tx.participants.take_place(ada.id)
        assert caught.value.code == "participant.not_active"
        with pytest.raises(NotFound):
            tx.participants.take_place("nobody")
        with pytest.raises(NotFound):
            tx.participants.release_place("nobody")


def test_capacity_is_never_stored_below_what_is_taken(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant(capacity=3)
        assert tx.participants.take_places([ada.id]) == {ada.id: 1}
        one = tx.participants.save(replace(tx.participants.get(ada.id), capacity=1))
        with pytest.raises(Conflict) as caught, tx.savepoint():
            tx.participants.save(replace(one, capacity=0))
        assert caught.value.code == "participant.full"
        assert tx.participants.release_place(ada.id) == 0


def test_a_counter_that_was_read_before_somebody_took_a_place_is_stale(
    kit: Any, making: Any
) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant()
        tx.participants.take_place(ada.id)
        with pytest.raises(Conflict) as caught:
            tx.participants.save(replace(ada, used=0, state="left"))
        assert caught.value.details["changed"]["used"] == 1


def test_many_threads_are_given_exactly_the_places_there_are(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant(capacity=3)
    told: list[object] = []
    start = threading.Barrier(12)

    def ask() -> None:
        start.wait()
        try:
            told.append(kit.write("acme", lambda tx: tx.participants.take_place(ada.id)))
        except Conflict as error:
            told.append(error.code)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(n for n in told if isinstance(n, int)) == [1, 2, 3]
    assert told.count("participant.full") == 9
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.participants.get(ada.id).used == 3
