"""Bells: somebody is told after the real commit that rows are due, and only then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mentorkit.domain.events import ParticipantApproved


@pytest.fixture
def rung(kit: Any) -> list[tuple[str, frozenset[str]]]:
    heard: list[tuple[str, frozenset[str]]] = []
    kit.bells.append(lambda tenant, kinds: heard.append((tenant, kinds)))
    return heard


def test_a_bell_names_the_tenant_and_the_kinds_of_what_is_due(kit: Any, rung: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        tx.outbox.add("message", "a")
        tx.outbox.add("message", "b")
        tx.outbox.add("reaction", "c")
        assert rung == []
    assert rung == [("acme", frozenset(["message", "reaction"]))]


def test_what_waits_or_is_done_already_rings_no_bell(kit: Any, rung: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        tx.outbox.add("message", "later", not_before=tx.now + timedelta(hours=1))
        tx.outbox.add("form", "done", state="done")
    with kit.transaction(tenant="acme", write=False) as tx:
        tx.outbox.find()
    assert rung == []


def test_what_was_rolled_back_rings_no_bell(kit: Any, rung: Any) -> None:
    with pytest.raises(ZeroDivisionError), kit.transaction(tenant="acme") as tx:
        tx.outbox.add("message", "a")
        raise ZeroDivisionError
    assert rung == []


def test_a_joined_transaction_rings_after_the_hosts_commit(kit: Any, rung: Any) -> None:
    for commits in (False, True):
        with kit.sessions() as session:
            with kit.transaction(tenant="acme", session=session) as tx:
                tx.outbox.add("message", "a")
            assert rung == []
            (session.commit if commits else session.rollback)()
    assert rung == [("acme", frozenset(["message"]))]


def test_a_bell_that_fails_is_logged_and_the_next_is_rung(
    kit: Any, rung: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(tenant: str, kinds: frozenset[str]) -> None:
        raise ConnectionError("no broker")

    kit.bells.insert(0, broken)
    with kit.transaction(tenant="acme") as tx:
        tx.record(ParticipantApproved(subject_id="s", program_id=None), actor=None)
        tx.outbox.add("message", "a")
    assert [tenant for tenant, _ in rung] == ["acme"]
    assert "A bell for the work of tenant acme failed" in caplog.text


def test_the_kinds_that_are_due_are_known_and_claimed_apart(kit: Any, clock: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        for kind in ("message", "reaction", "review"):
            tx.outbox.add(kind, kind)
        tx.outbox.add("survey", "later", not_before=tx.now + timedelta(hours=1))
    with kit.transaction(tenant="other") as tx:
        tx.outbox.add("feature", "another tenant's")
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.due() == {"message", "reaction", "review"}
        assert [job.kind for job in tx.outbox.claim(kinds=["message", "review"])] == [
            "message", "review"
        ]  # fmt: skip
        assert tx.outbox.claim(kinds=[]) == []
        assert tx.outbox.due() == {"reaction"}
    clock.forward(hours=2)  # their worker was lost, and the survey's time has come
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.due() == {"message", "reaction", "review", "survey"}
        assert [job.kind for job in tx.outbox.claim(kinds=["review"])] == ["review"]
