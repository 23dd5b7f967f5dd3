"""Transactions: what was swallowed is not acknowledged, and what is announced is really there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from mentorkit.domain.events import ParticipantApproved, ParticipantPaused
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, MentorKitError
from mentorkit.signals import signal
from mentorkit.store import tables
from mentorkit.store.transaction import _INFO


@pytest.fixture
def heard() -> Iterator[list[tuple[Any, str, int]]]:
    """What the host's receivers were told: (kit, subject, sequence)."""
    told: list[tuple[Any, str, int]] = []

    def receive(kit: Any, *, event: Any, **extra: Any) -> None:
        told.append((kit, event.subject_id, event.sequence))

    for cls in (ParticipantApproved, ParticipantPaused):
        signal(cls).connect(receive)
    yield told
    for cls in (ParticipantApproved, ParticipantPaused):
        signal(cls).disconnect(receive)


def subjects(heard: list[tuple[Any, str, int]]) -> list[str]:
    return [subject for _, subject, _ in heard]


def approve(tx: Any, subject: str) -> Any:
    return tx.record(ParticipantApproved(subject_id=subject), actor=Actor(person_id="p1"))


def host_rows(session: Session) -> int:
    return int(session.execute(sa.text("SELECT count(*) FROM host")).scalar_one())


@pytest.fixture
def sessions(database: Any) -> sessionmaker[Session]:
    """The host's sessions, on a database with a table of the host's."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE host (id INTEGER PRIMARY KEY)")
    return sessionmaker(database.engine)


# --------------------------------------------------------------------------- owned


def test_an_owned_transaction_commits_and_then_announces_in_order(kit: Any, heard: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        approve(tx, "one")
        tx.record(ParticipantPaused(subject_id="two"), actor=None)
        approve(tx, "three")
        assert heard == []
    assert subjects(heard) == ["one", "two", "three"]
    assert all(sender is kit for sender, _, _ in heard)
    assert [sequence for _, _, sequence in heard] == sorted(s for _, _, s in heard)


def test_an_owned_transaction_that_raises_stores_and_announces_nothing(
    kit: Any, making: Any, heard: Any
) -> None:
    with pytest.raises(ZeroDivisionError), kit.transaction(tenant="acme") as tx:
        making(tx).person()
        approve(tx, "one")
        raise ZeroDivisionError
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 0
        assert tx.journal.events() == []
    assert heard == []


def test_a_receiver_may_begin_a_transaction_of_its_own(kit: Any) -> None:
    def follow(kit: Any, *, event: Any) -> None:
        with kit.transaction(tenant=event.tenant) as tx:
            tx.record(ParticipantPaused(subject_id=event.subject_id), actor=None)

    with signal(ParticipantApproved).connected_to(follow), kit.transaction(tenant="acme") as tx:
        approve(tx, "one")
    with kit.transaction(tenant="acme", write=False) as tx:
        assert [type(e).__name__ for e in tx.journal.events()] == [
            "ParticipantApproved",
            "ParticipantPaused",
        ]


def test_a_failing_receiver_is_logged_and_the_others_are_told(
    kit: Any, heard: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(kit: Any, *, event: Any) -> None:
        raise RuntimeError("receiver fell over")

    with (
        signal(ParticipantApproved).connected_to(fail),
        caplog.at_level(logging.ERROR),
        kit.transaction(tenant="acme") as tx,
    ):
        approve(tx, "one")
    assert subjects(heard) == ["one"]
    assert "receiver fell over" in caplog.text


def test_kits_are_told_apart_by_sender(create_kit: Any, kit: Any) -> None:
    other = create_kit(plugins=())
    told: list[str] = []

    def receive(kit: Any, *, event: Any) -> None:
        told.append(event.subject_id)

    with signal(ParticipantApproved).connected_to(receive, sender=kit):
        for each in (kit, other):
            with each.transaction(tenant="acme") as tx:
                approve(tx, "mine" if each is kit else "theirs")
    assert told == ["mine"]


def test_a_reading_transaction_writes_nothing(kit: Any, making: Any) -> None:
    with (
        kit.transaction(tenant="acme", write=False) as tx,
        pytest.raises(MentorKitError) as caught,
    ):
        making(tx).person()
    assert caught.value.code == "store.read_only"


def test_a_transaction_inside_another_is_refused_at_once(kit: Any) -> None:
    with kit.transaction(tenant="acme"):
        with pytest.raises(MentorKitError) as caught, kit.transaction(tenant="acme"):
            pass
        assert caught.value.code == "store.nested"
        with kit.transaction(tenant="acme", write=False):
            pass  # reading is
    with kit.transaction(tenant="acme"):
        pass  # and one after the other


def test_a_transaction_that_has_ended_is_closed(kit: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        pass
    with pytest.raises(MentorKitError) as caught:
        tx.people.find()
    assert caught.value.code == "store.closed"


@pytest.mark.parametrize("tenant", ["", "x" * 101, "a\0", None, 5])
def test_a_tenant_is_a_text(kit: Any, tenant: Any) -> None:
    with (
        pytest.raises(MentorKitError, match="1 to 100"),
        kit.transaction(tenant=tenant, write=False),
    ):
        pass


# --------------------------------------------------------------------------- savepoints


def test_what_a_savepoint_takes_back_is_neither_stored_nor_announced(
    kit: Any, making: Any, heard: Any
) -> None:
    with kit.transaction(tenant="acme") as tx:
        approve(tx, "before")
        with suppress(ZeroDivisionError), tx.savepoint():
            making(tx).person("lost")
            approve(tx, "lost")
            raise ZeroDivisionError
        with tx.savepoint():
            making(tx).person("kept")
            approve(tx, "kept")
        assert heard == []  # releasing a savepoint is no commit
        approve(tx, "after")
    assert subjects(heard) == ["before", "kept", "after"]
    with kit.transaction(tenant="acme", write=False) as tx:
        assert [person.name for person in tx.people.find()] == ["kept"]
        assert [e.subject_id for e in tx.journal.events()] == ["before", "kept", "after"]


@pytest.mark.parametrize("whose", ["owned", "joined", "the_hosts"])
def test_what_a_savepoint_took_back_is_not_announced_as_somebody_elses(
    create_kit: Any, kit: Any, heard: Any, sessions: Any, whose: str, monkeypatch: Any
) -> None:
    """SQLite gives the sequence again; somebody may be quicker than our look at what is stored."""
    other = create_kit(plugins=())
    announce = kit._announce

    def late(tenant: str, recorded: Any) -> None:
        with other.transaction(tenant=tenant) as tx:
            approve(tx, "somebody elses")
        announce(tenant, recorded)

    monkeypatch.setattr(kit, "_announce", late)
    with sessions() as session:
        joined = {} if whose == "owned" else {"session": session}
        with kit.transaction(tenant="acme", **joined) as tx:
            approve(tx, "kept")
            if whose != "the_hosts":
                with suppress(ZeroDivisionError), tx.savepoint():
                    with tx.savepoint():
                        approve(tx, "lost")
                    raise ZeroDivisionError
        if whose == "the_hosts":
            with suppress(ZeroDivisionError), session.begin_nested():
                with kit.transaction(tenant="acme", session=session) as tx:
                    approve(tx, "lost")
                raise ZeroDivisionError
        session.commit()
    assert subjects([one for one in heard if one[0] is kit]) == ["kept"]
    assert subjects([one for one in heard if one[0] is other]) == ["somebody elses"]


def test_a_savepoint_at_the_very_start_commits_nothing(kit: Any, making: Any) -> None:
    with pytest.raises(ZeroDivisionError), kit.transaction(tenant="acme") as tx:
        with tx.savepoint():
            making(tx).person()
        raise ZeroDivisionError
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 0


def test_a_conflict_inside_a_savepoint_leaves_the_rest(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        make.person("Ada", user_ref="u1")
        with pytest.raises(Conflict), tx.savepoint():
            make.person("Ben", user_ref="u1")
        make.person("Cleo", user_ref="u2")
    with kit.transaction(tenant="acme", write=False) as tx:
        assert [person.name for person in tx.people.find()] == ["Ada", "Cleo"]


# --------------------------------------------------------------------------- swallowed errors


def test_a_swallowed_conflict_is_not_acknowledged(kit: Any, making: Any, heard: Any) -> None:
    with pytest.raises(MentorKitError) as caught, kit.transaction(tenant="acme") as tx:
        make = making(tx)
        make.person(user_ref="u1")
        approve(tx, "one")
        with suppress(Conflict):
            make.person(user_ref="u1")
    assert caught.value.code == "store.broken_transaction"
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 0
    assert heard == []


def test_a_conflict_swallowed_inside_a_savepoint_is_not_acknowledged(kit: Any, making: Any) -> None:
    with pytest.raises(MentorKitError), kit.transaction(tenant="acme") as tx:
        make = making(tx)
        make.person(user_ref="u1")
        with tx.savepoint(), suppress(Conflict):
            make.person(user_ref="u1")
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 0


@pytest.mark.postgres
def test_a_swallowed_error_of_raw_sql_is_not_acknowledged(
    create_database: Any, create_kit: Any, making: Any, database: Any
) -> None:
    if not database.is_postgresql:
        # SQLite undoes the one statement alone, so what was acknowledged is there.
        kit = create_kit(plugins=())
        with kit.transaction(tenant="acme") as tx:
            making(tx).person()
            with suppress(sa.exc.DBAPIError):
                tx.connection.exec_driver_sql("SELECT * FROM nowhere")
        with kit.transaction(tenant="acme", write=False) as tx:
            assert tx.people.count() == 1
        return
    kit = create_kit(plugins=())
    with pytest.raises(MentorKitError) as caught, kit.transaction(tenant="acme") as tx:
        making(tx).person()
        with suppress(sa.exc.DBAPIError):
            tx.connection.exec_driver_sql("SELECT * FROM nowhere")
    assert caught.value.code == "store.broken_transaction"


@pytest.mark.postgres
def test_without_the_guard_postgresql_would_acknowledge_what_it_does_not_store(
    create_kit: Any, making: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard matters: with it planted out, the loss it prevents is there."""
    if not database.is_postgresql:
        return
    monkeypatch.setattr("mentorkit.store.transaction.in_error", lambda connection: False)
    kit = create_kit(plugins=())
    with kit.transaction(tenant="acme") as tx:
        making(tx).person()
        with suppress(sa.exc.DBAPIError):
            tx.connection.exec_driver_sql("SELECT * FROM nowhere")
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 0


# --------------------------------------------------------------------------- joined


def test_a_joined_transaction_is_the_hosts_to_commit(
    kit: Any, making: Any, heard: Any, sessions: Any
) -> None:
    with sessions() as session:
        session.execute(sa.text("INSERT INTO host VALUES (1)"))
        with kit.transaction(tenant="acme", session=session) as tx:
            making(tx).person()
            approve(tx, "one")
        assert heard == []
        session.commit()
        assert subjects(heard) == ["one"]
        assert host_rows(session) == 1
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 1


def test_what_the_host_rolls_back_is_gone_and_not_announced(
    kit: Any, making: Any, heard: Any, sessions: Any
) -> None:
    with sessions() as session:
        session.execute(sa.text("INSERT INTO host VALUES (1)"))
        with kit.transaction(tenant="acme", session=session) as tx:
            making(tx).person()
            approve(tx, "one")
        session.rollback()
        assert host_rows(session) == 0
        session.commit()
    with sessions() as session, kit.transaction(tenant="acme", session=session) as tx:
        making(tx).person()
        approve(tx, "closed without a commit")
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 0
    assert heard == []


def test_the_hosts_savepoints_announce_nothing_and_lose_what_they_take_back(
    kit: Any, heard: Any, sessions: Any
) -> None:
    with sessions() as session:
        with kit.transaction(tenant="acme", session=session) as tx:
            approve(tx, "before")
        with suppress(ZeroDivisionError), session.begin_nested():
            with kit.transaction(tenant="acme", session=session) as tx:
                approve(tx, "lost")
            raise ZeroDivisionError
        with session.begin_nested(), kit.transaction(tenant="acme", session=session) as tx:
            approve(tx, "kept")
        assert heard == []
        session.commit()
        assert subjects(heard) == ["before", "kept"]


def test_a_session_that_is_used_again_announces_each_commit_once(
    kit: Any, heard: Any, sessions: Any
) -> None:
    with sessions() as session:
        for name in ("one", "two"):
            with kit.transaction(tenant="acme", session=session) as tx:
                approve(tx, name)
            session.commit()
        session.execute(sa.text("INSERT INTO host VALUES (1)"))
        session.commit()
        assert session.info[_INFO] == []
    assert subjects(heard) == ["one", "two"]


@pytest.mark.parametrize("fault", ["conflict", "of_the_host"])
def test_a_host_that_passes_over_an_error_keeps_its_own_rows_and_none_of_ours(
    kit: Any, making: Any, heard: Any, sessions: Any, fault: str
) -> None:
    with sessions() as session:
        session.execute(sa.text("INSERT INTO host VALUES (1)"))
        with (
            suppress(Conflict, ZeroDivisionError),
            kit.transaction(tenant="acme", session=session) as tx,
        ):
            approve(tx, "one")
            making(tx).person(user_ref="u1")
            if fault == "of_the_host":
                raise ZeroDivisionError
            making(tx).person(user_ref="u1")
        with kit.transaction(tenant="acme", session=session) as tx:
            approve(tx, "two")
        session.commit()
        assert host_rows(session) == 1
    assert subjects(heard) == ["two"]
    with kit.transaction(tenant="acme", write=False) as tx:
        assert [event.subject_id for event in tx.journal.events()] == ["two"]
        assert tx.people.find(user_ref="u1") == []


def test_a_hook_of_the_host_that_breaks_the_transaction_is_found_out(
    create_kit: Any, database: Any, heard: Any, sessions: Any
) -> None:
    kit = create_kit(plugins=(), sessions=sessions)

    @sa.event.listens_for(sessions, "before_commit")  # after the kit has begun to listen
    def hook(session: Session) -> None:
        if not session.in_nested_transaction():
            with suppress(sa.exc.DBAPIError):
                session.execute(sa.text("SELECT * FROM nowhere"))

    breaks = database.engine.dialect.name == "postgresql"
    with sessions() as session:
        with kit.transaction(tenant="acme", session=session) as tx:
            approve(tx, "one")
        with pytest.raises(MentorKitError, match="passed over") if breaks else nullcontext():
            session.commit()
    assert subjects(heard) == ([] if breaks else ["one"])


def test_the_last_word_stays_ours_in_a_session_that_lives_long(
    create_kit: Any, sessions: Any
) -> None:
    """The host may begin to listen between two transactions of one session."""
    kit = create_kit(plugins=(), sessions=sessions)
    with sessions() as session:
        for turn in range(2):
            with kit.transaction(tenant="acme", session=session) as tx:
                approve(tx, str(turn))
            assert list(session.dispatch.before_commit)[-1].__module__.startswith("mentorkit.")
            session.commit()
            if turn == 0:
                sa.event.listen(sessions, "before_commit", lambda session: None)


def test_two_tenants_in_one_transaction_of_the_host(kit: Any, heard: Any, sessions: Any) -> None:
    with sessions() as session:
        for tenant in ("acme", "other"):
            with kit.transaction(tenant=tenant, session=session) as tx:
                approve(tx, tenant)
        session.commit()
    assert subjects(heard) == ["acme", "other"]
    with kit.transaction(tenant="other", write=False) as tx:
        assert [e.subject_id for e in tx.journal.events()] == ["other"]


def test_announcing_needs_no_second_connection(create_kit: Any, database: Any, heard: Any) -> None:
    small = sa.create_engine(database.url, poolclass=sa.QueuePool, pool_size=1, max_overflow=0,
                             pool_timeout=1)  # fmt: skip
    sessions = sessionmaker(small)
    kit = create_kit(plugins=(), sessions=sessions)
    with kit.transaction(tenant="acme") as tx:
        approve(tx, "owned")
    with sessions() as session:
        with kit.transaction(tenant="acme", session=session) as tx:
            approve(tx, "joined")
        session.commit()
    small.dispose()
    assert subjects(heard) == ["owned", "joined"]


# --------------------------------------------------------------------------- trying again


def test_work_is_done_again_while_others_are_in_its_way(kit: Any, making: Any) -> None:
    tries = []

    def work(tx: Any) -> str:
        person = making(tx).person(f"try {len(tries)}")
        tries.append(person)
        if len(tries) < 3:
            raise Conflict("store.busy", "busy")
        return str(person.name)

    assert kit.write("acme", work) == "try 2"
    with kit.transaction(tenant="acme", write=False) as tx:
        assert [person.name for person in tx.people.find()] == ["try 2"]


def test_trying_again_has_an_end(kit: Any) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise Conflict("store.busy", "busy")

    with pytest.raises(Conflict):
        kit.retrying(work, attempts=3)
    assert len(tries) == 3


def test_another_conflict_is_not_tried_again(kit: Any) -> None:
    tries = []

    def work(tx: Any) -> None:
        tries.append(1)
        raise Conflict("participant.full", "full")

    with pytest.raises(Conflict):
        kit.write("acme", work)
    assert tries == [1]


def test_a_deadlock_and_a_locked_file_are_busy_not_raw_errors(
    kit: Any, making: Any, database: Any
) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).person()
    if database.is_postgresql:
        blocked = "SET LOCAL lock_timeout = '50ms'"
        with database.engine.begin() as other:
            other.execute(sa.update(tables.person).values(locale="fr"))
            with pytest.raises(Conflict) as caught, kit.transaction(tenant="acme") as tx:
                tx.connection.exec_driver_sql(blocked)
                tx.people.save(replace(ada, locale="sw"))
    else:
        impatient = sa.create_engine(database.url, connect_args={"timeout": 0.05})
        waiting = type(kit)(sessions=sessionmaker(impatient), plugins=())
        with kit.transaction(tenant="acme") as tx:
            tx.people.save(replace(ada, locale="fr"))
            with pytest.raises(Conflict) as caught, waiting.transaction(tenant="acme"):
                pass
        impatient.dispose()
    assert caught.value.code == "store.busy"


def test_postgresql_settings_stay_inside_the_transaction(kit: Any, database: Any) -> None:
    if not database.is_postgresql:
        return
    ask = "SELECT current_setting('lock_timeout'), current_setting('mentorkit.tenant', true)"
    with kit.transaction(tenant="acme") as tx:
        assert tuple(tx.connection.exec_driver_sql(ask).one()) == ("10s", "acme")
    for _ in range(3):
        with database.engine.connect() as connection:
            timeout, tenant = connection.exec_driver_sql(ask).one()
            assert (timeout, tenant or "") == ("0", "")


def test_having_waited_for_others_leaves_the_tries_for_what_has_changed(kit: Any) -> None:
    codes = ["store.busy", "store.busy", "store.busy", "person.stale", "person.stale"]

    def work() -> str:
        if codes:
            raise Conflict(codes.pop(0), "others")
        return "done"

    assert kit.retrying(work) == "done"
