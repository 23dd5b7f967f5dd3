"""The outbox: promised in the transaction, claimed by one, fenced, retried, and never doubled."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit.domain.events import ParticipantApproved, ParticipantPaused
from mentorkit.kit import Kit
from mentorkit.store.outbox import LEASE, SCHEDULE, TRIES

BARE = {"plugins": {}, "checks": {}, "reactions": {}}


def fill(kit: Any, number: int) -> None:
    with kit.transaction(tenant="acme") as tx:
        for n in range(number):
            assert tx.outbox.add("message", f"key-{n:04}", body={"n": n}) is not None


def claimed(kit: Any, limit: int = 100, **options: Any) -> list[Any]:
    with kit.transaction(tenant="acme") as tx:
        jobs: list[Any] = tx.outbox.claim(limit, **options)
        return jobs


def test_work_is_promised_in_the_same_transaction(kit: Any) -> None:
    with pytest.raises(ZeroDivisionError), kit.transaction(tenant="acme") as tx:
        tx.outbox.add("message", "lost")
        raise ZeroDivisionError
    fill(kit, 1)
    (job,) = claimed(kit)
    assert (job.key, job.kind, job.state, job.attempt) == ("key-0000", "message", "leased", 1)
    assert job.body == {"n": 0}
    assert job.leased_until == kit.clock() + LEASE


def test_one_key_is_promised_once(kit: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.add("message", "same")
        assert tx.outbox.add("message", "same") is None
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.add("message", "same") is None
    with kit.transaction(tenant="other") as tx:
        assert tx.outbox.add("message", "same")


def test_what_was_promised_already_is_known_by_its_key_however_it_went(kit: Any) -> None:
    fill(kit, 3)
    with kit.transaction(tenant="acme") as tx:
        tx.outbox.finish(*[job for job in tx.outbox.claim() if job.key == "key-0001"])
    asked = ["key-0000", "key-0001", "of nobody", *(f"new-{n}" for n in range(2500)), "key-0002"]
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.outbox.there(asked) == {"key-0000", "key-0001", "key-0002"}
        assert tx.outbox.there([]) == set()
    with kit.transaction(tenant="other", write=False) as tx:
        assert tx.outbox.there(asked) == set()


def test_rows_of_one_kind_are_dropped_by_their_keys_and_nobody_elses(kit: Any) -> None:
    for tenant in ("acme", "other"):
        with kit.transaction(tenant=tenant) as tx:
            for kind, key in (("form", "1"), ("form", "2"), ("form", "3"), ("message", "2m")):
                tx.outbox.add(kind, key)
    with kit.transaction(tenant="acme") as tx:
        tx.outbox.drop("form", "1", "2z")
        assert {job.key for job in tx.outbox.find()} == {"3", "2m"}
    with kit.transaction(tenant="other") as tx:
        assert len(tx.outbox.find()) == 4


def test_each_reaction_that_listens_gets_a_row_of_its_own(create_kit: Any) -> None:
    def reaction(name: str, *on: type) -> Any:
        return SimpleNamespace(name=name, on=on)

    reactions = {
        "slack.tell": reaction("tell", ParticipantApproved),
        "mail.tell": reaction("tell", ParticipantApproved, ParticipantPaused),
        "mail.rest": reaction("rest", ParticipantPaused),
    }
    kit = create_kit(registry=SimpleNamespace(**{**BARE, "reactions": reactions}))
    with kit.transaction(tenant="acme") as tx:
        event = tx.record(ParticipantApproved(subject_id="s", program_id="p"), actor=None)
    with kit.transaction(tenant="acme") as tx:
        jobs = tx.outbox.claim()
        assert [(job.plugin, job.name, job.kind) for job in jobs] == [
            ("slack", "tell", "reaction"),
            ("mail", "tell", "reaction"),
        ]
        assert {job.sequence for job in jobs} == {event.sequence}
        assert {job.program_id for job in jobs} == {"p"}
        assert tx.journal.event(jobs[0].sequence) == event


def test_what_is_claimed_is_nobody_elses_until_the_lease_runs_out(kit: Any, clock: Any) -> None:
    fill(kit, 3)
    assert [job.key for job in claimed(kit, 2)] == ["key-0000", "key-0001"]
    assert [job.key for job in claimed(kit, 2)] == ["key-0002"]
    assert claimed(kit) == []
    clock.forward(minutes=6)
    again = [(job.key, job.attempt) for _ in range(3) for job in claimed(kit)]
    assert again == [("key-0000", 2), ("key-0001", 2), ("key-0002", 2)]


def test_what_kills_its_worker_takes_nothing_with_it(kit: Any, clock: Any) -> None:
    fill(kit, 3)
    assert len(claimed(kit)) == 3  # and the first of them kills the process, here and ever again
    begun = []
    for _ in range(TRIES):
        clock.forward(minutes=6)
        begun.append(claimed(kit)[0].key)
    assert begun == ["key-0000"] * (TRIES - 1) + ["key-0001"]
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.outbox.counts()["dead"] == 1


def test_what_is_promised_for_later_waits_for_its_time(kit: Any, clock: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        tx.outbox.add("run", "r")
        tx.outbox.add("message", "later", not_before=clock.now + timedelta(hours=1))
    assert [job.key for job in claimed(kit)] == ["r"]
    clock.forward(hours=1)
    assert [job.key for job in claimed(kit)] == ["r"]  # its lease has run out, so it goes first
    assert [job.key for job in claimed(kit)] == ["later"]


def test_who_lost_the_lease_changes_nothing(kit: Any, clock: Any) -> None:
    fill(kit, 1)
    (slow,) = claimed(kit)
    clock.forward(minutes=6)
    (quick,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        assert not tx.outbox.renew(slow)
        assert not tx.outbox.cancel(slow, "late")
        assert not tx.outbox.release(slow)
        assert not tx.outbox.retry(slow, "late")
        assert not tx.outbox.park(slow, "late")
        assert tx.outbox.finish(quick)
        assert not tx.outbox.finish(quick)
        assert tx.outbox.counts() == {
            "waiting": 0,
            "leased": 0,
            "done": 1,
            "dead": 0,
            "cancelled": 0,
        }


@pytest.mark.parametrize("meanwhile", ["leased", "waiting", "dead"])
def test_what_has_been_done_is_done_whoever_has_the_lease(
    kit: Any, clock: Any, meanwhile: str
) -> None:
    fill(kit, 1)
    (slow,) = claimed(kit)
    clock.forward(minutes=6)
    (quick,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        if meanwhile != "leased":
            assert {"waiting": tx.outbox.retry, "dead": tx.outbox.park}[meanwhile](quick, "vendor")
        assert tx.outbox.finish(slow)
        assert not tx.outbox.finish(quick)
        assert not tx.outbox.retry(quick, "vendor")
        (one,) = tx.outbox.find()
        assert (one.state, one.error, one.leased_until) == ("done", None, None)
    clock.forward(days=1)
    assert claimed(kit) == []


def test_many_are_finished_at_once_and_each_counts_once(kit: Any, clock: Any) -> None:
    fill(kit, 4)
    jobs = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        tx.outbox.finish(jobs[0])
        tx.outbox.cancel(jobs[1], "erased")
        assert tx.outbox.finish_all(jobs) == 2
        assert tx.outbox.finish_all(jobs) == tx.outbox.finish_all([]) == 0
        assert (tx.outbox.counts()["done"], tx.outbox.counts()["cancelled"]) == (3, 1)


def test_what_is_handed_back_for_later_waits_untried(kit: Any, clock: Any) -> None:
    fill(kit, 1)
    (job,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.release(job, seconds=30)
    clock.forward(seconds=29)
    assert claimed(kit) == []
    clock.forward(seconds=5)
    assert claimed(kit)[0].attempt % TRIES == 1


def test_what_was_cancelled_meanwhile_stays_so(kit: Any, clock: Any) -> None:
    fill(kit, 1)
    (slow,) = claimed(kit)
    clock.forward(minutes=6)
    (quick,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.cancel(quick, "erased")
        assert not tx.outbox.finish(slow)


def test_a_lease_that_is_renewed_is_kept(kit: Any, clock: Any) -> None:
    fill(kit, 1)
    (job,) = claimed(kit)
    for _ in range(5):
        clock.forward(minutes=4)
        with kit.transaction(tenant="acme") as tx:
            assert tx.outbox.renew(job)
        assert claimed(kit) == []
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.finish(job)


def test_what_is_handed_back_counts_as_no_attempt_and_the_number_still_grows(
    kit: Any, clock: Any
) -> None:
    fill(kit, 1)
    attempts = []
    for _ in range(2 * len(SCHEDULE)):
        (job,) = claimed(kit)
        attempts.append(job.attempt)
        with kit.transaction(tenant="acme") as tx:
            assert tx.outbox.release(job)
    assert attempts == sorted(set(attempts))
    for wait in SCHEDULE:
        clock.forward(seconds=wait * 1.1)
        (job,) = claimed(kit)
        with kit.transaction(tenant="acme") as tx:
            assert tx.outbox.retry(job, "vendor.down")
    with kit.transaction(tenant="acme") as tx:
        assert [dead.error for dead in tx.outbox.find(state="dead")] == ["vendor.down"]


def test_two_workers_with_slow_jobs_get_them_done(kit: Any, clock: Any) -> None:
    """Each job takes longer than the lease, and whoever is free claims again."""
    fill(kit, 1)
    begun: dict[int, tuple[Any, Any]] = {}
    for _ in range(60):
        clock.forward(minutes=1)
        for worker in (0, 1):
            job, since = begun.get(worker, (None, None))
            if job and clock() - since >= LEASE * 1.5:
                kit.write("acme", lambda tx, job=job: tx.outbox.finish(job))
                del begun[worker]
            if worker not in begun and (more := claimed(kit, 1)):
                begun[worker] = (more[0], clock())
    with kit.transaction(tenant="acme") as tx:
        (one,) = tx.outbox.find()
    assert (one.state, one.attempt) == ("done", 2)


def test_another_tenant_cannot_finish_it(kit: Any) -> None:
    fill(kit, 1)
    (job,) = claimed(kit)
    with kit.transaction(tenant="other") as tx:
        assert tx.outbox.claim() == []
        assert not tx.outbox.finish(job)
        assert tx.outbox.find() == []


def test_a_failing_job_is_tried_by_the_schedule_and_then_dead_until_revived(
    kit: Any, clock: Any
) -> None:
    fill(kit, 1)
    for round_ in (0, 1):
        for attempt, wait in enumerate(SCHEDULE, start=1):
            clock.forward(seconds=wait * 1.1)
            (job,) = claimed(kit)
            assert job.attempt == attempt + 10 * round_
            with kit.transaction(tenant="acme") as tx:
                assert tx.outbox.retry(job, "vendor.down")
            if attempt < len(SCHEDULE):
                # never before its time
                clock.forward(seconds=SCHEDULE[attempt] - 0.001)
                assert claimed(kit) == []
                clock.forward(seconds=-SCHEDULE[attempt])
        clock.forward(days=365)
        assert claimed(kit) == []
        with kit.transaction(tenant="acme") as tx:
            (dead,) = tx.outbox.find(state="dead")
            assert dead.error == "vendor.down"
            assert tx.outbox.revive(dead.id)
            assert not tx.outbox.revive(dead.id)


def test_a_vendor_may_ask_for_more_time(kit: Any, clock: Any) -> None:
    fill(kit, 1)
    (job,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        tx.outbox.retry(job, "vendor.slow", seconds=600)
    clock.forward(seconds=599)
    assert claimed(kit) == []
    clock.forward(seconds=70)
    assert len(claimed(kit)) == 1


def test_a_job_whose_worker_is_lost_every_time_is_dead_in_the_end(kit: Any, clock: Any) -> None:
    fill(kit, 1)
    for attempt in range(1, len(SCHEDULE) + 1):
        (job,) = claimed(kit)
        assert job.attempt == attempt
        clock.forward(minutes=6)
    assert claimed(kit) == []
    with kit.transaction(tenant="acme") as tx:
        (dead,) = tx.outbox.find(state="dead")
        assert dead.error == "worker.lost"


def test_a_revived_job_is_not_given_up_by_an_attempt_from_before(kit: Any, clock: Any) -> None:
    fill(kit, 1)
    (lost,) = claimed(kit)
    clock.forward(minutes=6)
    (second,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.park(second, "given_up")
        assert tx.outbox.revive(second.id)
    (third,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        assert not tx.outbox.park(lost, "given_up")
        assert not tx.outbox.park(second, "given_up")
        assert tx.outbox.finish(third)


def test_what_must_not_happen_any_more_is_cancelled(kit: Any) -> None:
    fill(kit, 1)
    (job,) = claimed(kit)
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.cancel(job, "consent.withdrawn")
        assert tx.outbox.counts()["cancelled"] == 1


def drain(kit: Any, batch: int) -> list[str]:
    """Claim and finish until nothing is left, as a worker does."""
    got: list[str] = []
    while True:
        jobs = kit.write("acme", lambda tx: tx.outbox.claim(batch), attempts=50)
        if not jobs:
            return got
        got += [job.key for job in jobs]
        kit.write("acme", lambda tx, jobs=jobs: [tx.outbox.finish(j) for j in jobs], attempts=50)


def test_threads_claim_each_row_once(kit: Any) -> None:
    fill(kit, 200)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.extend(drain(kit, 7))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [f"key-{n:04}" for n in range(200)]
    with kit.transaction(tenant="acme") as tx:
        assert tx.outbox.counts()["done"] == 200


def work_elsewhere(kind: str, url: str, batch: int) -> list[str]:
    """Drain in a process of its own."""
    from mentorkit.store import prepare

    engine = sa.create_engine(url)
    if kind == "sqlite-prepared":
        prepare(engine)
    kit = Kit(sessions=sessionmaker(engine), registry=SimpleNamespace(**BARE))
    try:
        return drain(kit, batch)
    finally:
        engine.dispose()


def test_processes_claim_each_row_once(kit: Any, database: Any) -> None:
    # The workers' clocks are real, so what they claim must be due by them too.
    real = Kit(sessions=kit.sessions, registry=SimpleNamespace(**BARE))
    fill(real, 120)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        got = pool.starmap(work_elsewhere, [(database.kind, database.url, 5)] * 3, chunksize=1)
    assert sorted(key for each in got for key in each) == [f"key-{n:04}" for n in range(120)]
