"""What whoever runs a kit's work keeps: the worker of the core, a host's Celery, or your runner.

A runner may be woken by a bell, or look from time to time; it may be one process or ten. Either
way what was promised is done, once in effect, in its order, and nothing of it is lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mentorkit import Kit, worker
from mentorkit.domain.events import ParticipantApproved
from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.store.outbox import BUSY, LEASE, SCHEDULE, TRIES
from mentorkit.testing.product import Customers, Product
from mentorkit.testing.trial import (
    SECONDS,
    Running,
    Trial,
    failing,
    kill,
    left,
    promise,
    until,
)

OFTEN = 0.1
"""Seconds between two looks at what other processes do."""


class RunnerContract:
    """What every runner keeps. Override the fixture `running`, which returns a `Running`.

    `create_kit` returns a factory of kits, each on a database with all tables in it, and `database`
    names one for processes; override both to run it all on another kind than SQLite.
    """

    @pytest.fixture
    def running(self) -> Running:
        return Running()

    @pytest.fixture
    def empty(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """An SQLite file with the tables, made once and copied for each test."""
        path = tmp_path_factory.getbasetemp() / "mentorkit-runner-empty.db"
        if not path.exists():
            kit = Kit.embedded(path, plugins=())
            kit.upgrade()
            kit.close()
        return path

    @pytest.fixture
    def create_kit(
        self, empty: Path, tmp_path: Path, mentorkit_clock: Any
    ) -> Iterator[Callable[..., Kit]]:
        made: list[Kit] = []

        def create(**options: Any) -> Kit:
            path = shutil.copy(empty, tmp_path / f"trial-{len(made)}.db")
            made.append(Kit.embedded(path, clock=mentorkit_clock, **options))
            return made[-1]

        yield create
        for kit in made:
            kit.close()

    @pytest.fixture
    def database(self, empty: Path, tmp_path: Path) -> str:
        return str(shutil.copy(empty, tmp_path / "product.db"))

    @pytest.fixture
    def trial(self, create_kit: Callable[..., Any], running: Running) -> Trial:
        """A kit that nobody works for yet."""
        made = Trial()
        made.runner = running
        made.kit = create_kit(plugins=(("trial", made),), people=Customers("acme", "other"))
        return made

    @pytest.fixture
    def serving(self, trial: Trial) -> Callable[[], AbstractContextManager[None]]:
        return lambda: trial.runner.serving(trial.kit)

    @pytest.fixture
    def served(self, trial: Trial, serving: Any) -> Iterator[Trial]:
        """A kit that the runner works for."""
        with serving():
            yield trial

    # ------------------------------------------------------------------ what is promised is done

    def test_what_was_promised_is_done(self, served: Trial) -> None:
        served.promise("ana")
        served.done("ana")
        assert served.state("ana", "done").attempt == 1

    @pytest.mark.parametrize("kind", worker.KINDS)
    def test_rows_of_every_kind_are_taken(self, served: Trial, kind: str) -> None:
        """It says nothing that could be done; that it was tried shows that somebody has it."""
        with served.kit.transaction(tenant="acme") as tx:
            tx.outbox.add(kind, f"{kind}:1")
        until(lambda: served.rows(kind=kind)[0].attempt)
        until(lambda: served.rows(kind=kind)[0].state != "leased")
        served.marker()

    def test_a_kind_that_nobody_knows_harms_nothing(self, served: Trial) -> None:
        with served.kit.transaction(tenant="acme") as tx:
            tx.outbox.add("of_a_later_version", "later:1")
        until(lambda: served.rows(kind="of_a_later_version")[0].error)
        served.marker()

    def test_what_is_done_in_one_transaction_is_done_in_its_order(self, served: Trial) -> None:
        names = [f"s{n:02}" for n in range(20)]
        served.promise(*names)
        served.done(*names)
        assert served.subjects() == names

    def test_more_than_one_batch_is_done(self, served: Trial) -> None:
        names = [f"s{n:03}" for n in range(250)]
        served.promise(*names)
        served.done(*names)
        assert sorted(served.subjects()) == names

    def test_many_at_once_are_each_done_once(self, served: Trial) -> None:
        def promise(who: int) -> None:
            for n in range(5):
                served.promise(f"s{who}-{n}")

        threads = [threading.Thread(target=promise, args=[who]) for who in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        names = [f"s{who}-{n}" for who in range(4) for n in range(5)]
        served.done(*names)
        assert sorted(served.subjects()) == names

    def test_what_a_reaction_promises_is_done_too(self, served: Trial) -> None:
        served.does["ana"] = lambda ctx, event: served.promise("ben")
        served.promise("ana")
        served.done("ana", "ben")

    def test_what_was_promised_before_anybody_worked_is_done(
        self, trial: Trial, serving: Any
    ) -> None:
        trial.promise("ana")
        with serving():
            trial.sweep()
            trial.done("ana")

    # ------------------------------------------------------------------ and only that

    def test_what_was_rolled_back_never_happens(self, served: Trial) -> None:
        with suppress(ZeroDivisionError), served.kit.transaction(tenant="acme") as tx:
            tx.record(ParticipantApproved(subject_id="ana", program_id=None), actor=None)
            raise ZeroDivisionError
        served.marker()
        assert "ana" not in served.subjects()

    def test_what_a_savepoint_took_back_never_happens(self, served: Trial) -> None:
        with served.kit.transaction(tenant="acme") as tx:
            tx.record(ParticipantApproved(subject_id="ana", program_id=None), actor=None)
            with suppress(ZeroDivisionError), tx.savepoint():
                tx.record(ParticipantApproved(subject_id="ben", program_id=None), actor=None)
                raise ZeroDivisionError
        served.done("ana")
        served.marker()
        assert "ben" not in served.subjects()

    def test_what_joins_the_hosts_transaction_waits_for_its_commit(self, served: Trial) -> None:
        with served.kit.sessions() as session:
            served.promise("ana", session=session)
            assert served.subjects() == []
            session.commit()
        served.done("ana")

    def test_what_the_host_rolls_back_never_happens(self, served: Trial) -> None:
        with served.kit.sessions() as session:
            served.promise("ana", session=session)
            session.rollback()
        served.marker()
        assert "ana" not in served.subjects()

    def test_what_is_not_wanted_any_more_is_cancelled(self, served: Trial) -> None:
        with served.kit.transaction(tenant="acme") as tx:
            event = tx.record(ParticipantApproved(subject_id="x", program_id=None), actor=None)
            about = {"sequence": event.sequence, "name": "welcome"}  # nobody is there to hear it
            tx.outbox.add("message", "message:1", **about)
        until(lambda: served.rows(kind="message")[0].state == "cancelled")
        assert served.rows(kind="message")[0].error == "erased"

    def test_what_waits_for_its_time_is_not_done_before(
        self, served: Trial, mentorkit_clock: Any
    ) -> None:
        with served.kit.transaction(tenant="acme") as tx:
            event = tx.journal.append(
                [ParticipantApproved(subject_id="ana", tenant="acme", at=tx.now)]
            )[0]
            tx.outbox.add(
                "reaction", "later", sequence=event.sequence, plugin="trial", name="hear",
                not_before=tx.now + timedelta(hours=1),
            )  # fmt: skip
        served.marker()
        assert "ana" not in served.subjects()
        mentorkit_clock.forward(hours=2)
        served.sweep()
        served.done("ana")

    # ------------------------------------------------------------------ bells

    def test_a_bell_that_is_rung_often_is_one_effect(self, served: Trial) -> None:
        served.promise("ana")
        for _ in range(5):
            served.kit.ring("acme", frozenset(["reaction"]))
        served.done("ana")
        served.marker()
        assert served.subjects().count("ana") == 1

    def test_what_a_lost_bell_has_left_is_found(self, served: Trial) -> None:
        bells, served.kit.bells = served.kit.bells, []
        served.promise("ana")
        served.kit.bells = bells
        served.sweep()
        served.done("ana")

    def test_a_bell_for_nothing_harms_nothing(self, served: Trial) -> None:
        served.kit.ring("acme", frozenset(["reaction", "message", "no_such_kind"]))
        served.marker()

    def test_a_bell_for_a_tenant_that_is_not_there_harms_nothing(self, served: Trial) -> None:
        served.kit.ring("somebody's", frozenset(["reaction"]))
        served.marker()

    def test_a_bell_that_fails_takes_nothing_back(self, served: Trial) -> None:
        def broken(tenant: str, kinds: frozenset[str]) -> None:
            raise ConnectionError

        served.kit.bells.insert(0, broken)
        served.promise("ana")
        served.kit.bells.remove(broken)
        served.sweep()
        served.done("ana")

    # ------------------------------------------------------------------ tenants

    def test_tenants_are_kept_apart(self, served: Trial) -> None:
        served.promise("ana")
        served.promise("ben", tenant="other")
        served.done("ana")
        served.done("ben", tenant="other")
        assert (served.subjects(), served.subjects("other")) == (["ana"], ["ben"])

    def test_a_tenant_whose_work_fails_delays_no_other(self, served: Trial) -> None:
        served.does["ana"] = failing(99, RuntimeError("ana"))
        served.promise("ana")
        served.promise("ben", tenant="other")
        served.done("ben", tenant="other")
        assert served.state("ana", "waiting", 1).error == "RuntimeError"

    # ------------------------------------------------------------------ tries

    def test_what_fails_is_tried_again_later(self, served: Trial, mentorkit_clock: Any) -> None:
        served.does["ana"] = failing(1, RuntimeError("once"))
        served.promise("ana")
        row = served.state("ana", "waiting", 1)
        assert row.not_before >= mentorkit_clock() + timedelta(seconds=SCHEDULE[1])
        served.marker()
        assert "ana" not in served.subjects()
        mentorkit_clock.forward(seconds=SCHEDULE[1] * 1.1)
        served.sweep()
        served.done("ana")
        assert served.state("ana", "done").attempt == 2

    def test_tries_become_rarer_and_the_last_one_parks(
        self, served: Trial, mentorkit_clock: Any
    ) -> None:
        served.does["ana"] = failing(TRIES, RuntimeError("always"))
        served.promise("ana")
        for tried in range(1, TRIES):
            waits = served.state("ana", "waiting", tried).not_before - mentorkit_clock()
            least = timedelta(seconds=SCHEDULE[tried])
            assert least <= waits <= least * 1.1
            mentorkit_clock.forward(seconds=waits.total_seconds())
            served.sweep()
        assert served.state("ana", "dead").attempt == TRIES
        served.marker()
        with served.kit.transaction(tenant="acme") as tx:
            assert tx.outbox.revive(served.row("ana").id)
        mentorkit_clock.forward(minutes=1)
        served.sweep()
        served.done("ana")

    def test_who_says_later_is_asked_then(self, served: Trial, mentorkit_clock: Any) -> None:
        served.does["ana"] = failing(1, RetryLater("busy", seconds=7200))
        served.promise("ana")
        row = served.state("ana", "waiting", 1)
        assert row.not_before >= mentorkit_clock() + timedelta(hours=2)
        mentorkit_clock.forward(hours=3)
        served.sweep()
        served.done("ana")

    def test_what_can_never_be_done_is_parked_at_once(self, served: Trial) -> None:
        served.does["ana"] = failing(99, Undeliverable("no_such_number"))
        served.promise("ana")
        assert served.state("ana", "dead", 1).error == "no_such_number"

    @pytest.mark.parametrize("ended", [SystemExit, CancelledError])
    def test_who_exits_ends_nobody(self, served: Trial, ended: type[BaseException]) -> None:
        served.does["ana"] = failing(99, ended())
        served.promise("ana")
        assert served.state("ana", "waiting", 1).error == ended.__name__
        served.marker()

    def test_what_a_missing_plugin_promised_waits_for_it(
        self, served: Trial, mentorkit_clock: Any
    ) -> None:
        there = served.kit.registry
        served.kit.registry = replace(there, reactions={})
        with served.kit.transaction(tenant="acme") as tx:
            event = tx.journal.append(
                [ParticipantApproved(subject_id="ana", tenant="acme", at=tx.now)]
            )[0]
            about = {"sequence": event.sequence, "plugin": "trial", "name": "hear"}
            tx.outbox.add("reaction", "gone", **about)
        assert served.state("ana", "waiting", 1).error == "retry_later"
        served.kit.registry = there
        mentorkit_clock.forward(hours=2)
        served.sweep()
        served.done("ana")

    # ------------------------------------------------------------------ who is slow, down or lost

    def test_who_is_slow_holds_up_nobody(self, served: Trial) -> None:
        released = threading.Event()
        served.does["slow"] = lambda ctx, event: released.wait(SECONDS)
        served.promise("slow", "quick")
        until(lambda: "quick" in served.subjects())
        assert "slow" not in served.subjects()
        released.set()
        served.done("slow")
        assert served.state("slow", "done").attempt == 1

    def test_who_is_down_is_spared_and_others_go_on(
        self, served: Trial, mentorkit_clock: Any
    ) -> None:
        names = [f"s{n}" for n in range(7)]
        served.does |= {name: failing(1, RuntimeError(name)) for name in names[:5]}
        served.promise(*names)
        for name in names[:5]:
            served.state(name, "waiting", 1)
        for name in names[5:]:  # handed back: that was no try of theirs
            assert (served.state(name, "waiting").error or "").startswith(BUSY)
        served.marker()
        assert not set(names) & set(served.subjects())
        mentorkit_clock.forward(minutes=1)
        served.sweep()
        served.done(names[0])
        mentorkit_clock.forward(minutes=1)
        served.sweep()
        served.done(*names)
        assert sorted(set(served.subjects()) & set(names)) == names

    def test_what_another_worker_has_is_left_to_it(
        self, trial: Trial, serving: Any, mentorkit_clock: Any
    ) -> None:
        trial.promise("ana")
        with trial.kit.transaction(tenant="acme") as tx:
            (held,) = tx.outbox.claim()
        trial.held = 1
        with serving():
            trial.sweep()
            trial.marker()
            assert "ana" not in trial.subjects()
            mentorkit_clock.forward(seconds=LEASE.total_seconds() + 1)  # it was lost
            trial.held = 0
            trial.sweep()
            trial.done("ana")
            with trial.kit.transaction(tenant="acme") as tx:
                assert not tx.outbox.retry(held, "too_late"), "who was lost has no say any more"
        assert trial.subjects().count("ana") == 1

    def test_who_is_lost_at_every_try_is_parked(
        self, trial: Trial, serving: Any, mentorkit_clock: Any
    ) -> None:
        trial.promise("ana")
        for _ in range(TRIES):
            with trial.kit.transaction(tenant="acme") as tx:
                assert tx.outbox.claim()
            mentorkit_clock.forward(seconds=LEASE.total_seconds() + 1)
        with serving():
            trial.sweep()
            assert trial.state("ana", "dead").error == "worker.lost"
        assert trial.subjects() == []

    # ------------------------------------------------------------------ processes

    @pytest.fixture
    def product(self, database: str, tmp_path: Path, running: Running) -> Iterator[Product]:
        """A product that processes work for; its kit here rings for them."""
        made = Product(database, tmp_path)
        running.attach(made.kit)
        yield made
        made.close()

    @pytest.fixture
    def begin(self, product: Product, running: Running) -> Iterator[Callable[[], Any]]:
        """Return what begins a process that works for the product."""
        begun: list[subprocess.Popen[bytes]] = []

        def begin() -> subprocess.Popen[bytes]:
            told = {**os.environ, **product.environment, **running.environment()}
            told["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
            with (product.folder / "said").open("ab") as said:
                how: Any = {"env": told, "cwd": product.folder, "stdout": said, "stderr": said}
                begun.append(subprocess.Popen(running.command(), start_new_session=True, **how))
            return begun[-1]

        yield begin
        for one in begun:
            kill(one)

    def test_whatever_is_killed_nothing_is_lost(
        self, product: Product, begin: Any, running: Running
    ) -> None:
        """The process that works is killed, then all of that worker; another one goes on."""
        kit, ledger, names = product.kit, product.ledger, [f"slow-{n}" for n in range(10)]
        two = [begin(), begin()]
        promise(kit, names)
        until(lambda: len(ledger.effects()) >= 2, every=OFTEN)
        at_work = ledger.effects("begun")[-1].process
        os.kill(at_work, signal.SIGKILL)
        product.clock.forward(minutes=6)
        before, killed = len(ledger.effects()), {at_work}

        def look() -> None:
            running.sweep(kit)

        until(lambda: len(ledger.effects()) >= before + 2, first=look, every=OFTEN)
        if all(one.poll() is None for one in two):  # it was a child of one, which has another now
            killed |= {one.process for one in ledger.effects("begun")}
            kill(two[0])
            product.clock.forward(minutes=6)
        until(lambda: not left(kit), first=look, every=OFTEN)
        done = [one.subject for one in ledger.effects()]
        assert set(done) == set(names)
        keys = {one.sequence for one in ledger.effects()}
        assert len(keys) == len(names), "who is asked again is asked under the same key"
        twice = {name for name in names if done.count(name) > 1}
        by_the_killed = {one.subject for one in ledger.effects() if one.process in killed}
        assert twice <= by_the_killed, "only what a process had in hand when it was killed"

    def test_several_share_the_work_and_stop_when_they_are_told(
        self, product: Product, begin: Any, running: Running
    ) -> None:
        kit, ledger, names = product.kit, product.ledger, list[str]()
        two = [begin(), begin()]

        def more() -> None:
            names.append(f"s{len(names):03}")
            promise(kit, names[-1:])
            running.sweep(kit)

        until(lambda: len({one.process for one in ledger.effects()}) == 2, first=more, every=OFTEN)
        until(lambda: not left(kit), first=lambda: running.sweep(kit), every=OFTEN)
        assert sorted(one.subject for one in ledger.effects()) == names
        slow = [f"slow-{n}" for n in range(6)]
        promise(kit, slow)
        until(lambda: any(one.subject in slow for one in ledger.effects("begun")), every=OFTEN)
        for one in two:
            one.send_signal(signal.SIGTERM)
        assert [one.wait(SECONDS) for one in two] == [0, 0], (product.folder / "said").read_text()
        with kit.transaction(tenant="acme", write=False) as tx:
            assert tx.outbox.find(state="leased") == [], "what was not begun is handed back"
            counts = tx.outbox.counts()
        assert counts["done"] == len(ledger.effects()) == len(ledger.effects("begun"))
        assert counts["waiting"] == len(names) + len(slow) - counts["done"]


__all__ = ["RunnerContract", "Running", "Trial", "until"]
