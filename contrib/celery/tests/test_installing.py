"""What `install` adds to a host's app, the bells it rings, and what `doctor` says of it all."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mentorkit_celery
import pytest
from celery import Celery, Task
from conftest import Broker, working
from mentorkit_celery import beat_schedule, install, line
from mentorkit_celery.bells import Bells
from mentorkit_celery.lanes import LANES, by_lane
from mentorkit_celery.line import Line
from mentorkit_celery.looking import examine

from mentorkit.worker import KINDS

TASKS = (*LANES, "due", "shard")


def kit_of() -> Any:
    return SimpleNamespace(bells=[], map_shards=None)


def app_of(broker: str = "redis://127.0.0.1:1/0") -> Celery:
    """Return an app whose broker is away."""
    return Celery("host", broker=broker, set_as_current=False)


# ---------------------------------------------------------------------- the host's app


def test_our_tasks_have_their_settings_and_the_hosts_app_keeps_its_own() -> None:
    app, left_alone = app_of(), app_of()

    @app.task(name="own")
    def own() -> None: ...

    install(app, kit_of())
    for name in TASKS:
        task = app.tasks[f"mentorkit.{name}"]
        assert (task.acks_late, task.reject_on_worker_lost, task.serializer) == (True, True, "json")
        assert (task.ignore_result, task.max_retries) == (True, 0)
        assert 0 < task.soft_time_limit < task.time_limit <= 600
    theirs = app.tasks["own"]
    assert (theirs.acks_late, theirs.reject_on_worker_lost, theirs.time_limit) == (
        False, None, None
    )  # fmt: skip
    same = (
        "task_acks_late", "task_serializer", "accept_content", "task_time_limit", "task_routes",
        "beat_schedule", "task_queues", "broker_transport_options", "task_default_queue",
    )  # fmt: skip
    assert {name: app.conf[name] for name in same} == {name: left_alone.conf[name] for name in same}


def test_tasks_are_made_of_the_hosts_own_class() -> None:
    class HostTask(Task):
        pass

    app = Celery("host", broker="redis://127.0.0.1:1/0", task_cls=HostTask, set_as_current=False)
    install(app, kit_of())
    assert isinstance(app.tasks["mentorkit.notify"], HostTask)


def test_every_kind_of_row_has_a_lane() -> None:
    assert {lane for kind in KINDS for lane in by_lane([kind])} == set(LANES)
    assert by_lane(["message", "of_a_later_version"]) == {
        "notify": {"message"}, "sync": {"of_a_later_version"}
    }  # fmt: skip


def test_beat_is_told_by_the_host() -> None:
    app = app_of()
    install(app, kit_of(), prefix="acme")
    (entry,) = beat_schedule(every=30, prefix="acme").values()
    assert entry["task"] in app.tasks
    assert (entry["schedule"].total_seconds(), entry["options"]["queue"]) == (30, "acme.sync")
    assert app.conf.beat_schedule == {}


def test_kits_on_one_broker_are_told_apart_by_their_prefix() -> None:
    app, one, other = app_of(), kit_of(), kit_of()
    first = install(app, one, prefix="one")
    second = install(app, other, prefix="other")
    assert set(first.queues).isdisjoint(second.queues)
    assert (first.task("due")[0].name, second.task("due")[0].name) == ("one.due", "other.due")


def test_without_a_place_for_arrays_matches_stay_in_one_process() -> None:
    kit = kit_of()
    install(app_of(), kit)
    assert kit.map_shards is None


# ---------------------------------------------------------------------- bells


def test_a_bell_says_the_tenant_and_the_kinds_and_nothing_more(redis: Broker) -> None:
    app = redis.app()
    runner = install(app, kit_of(), prefix=f"{redis.prefix}.none")
    runner.bells.ring("acme", frozenset(["reaction"]))
    assert runner.bells.flush(30)
    with app.connection_for_read() as line, line.SimpleQueue(
        f"{redis.prefix}.none.sync"
    ) as queue:  # fmt: skip
        message = queue.get(timeout=30)
        message.ack()
    assert message.content_type == "application/json"
    assert json.loads(message.body)[:2] == [["acme", ["reaction"]], {}]


def test_a_broker_that_is_away_is_told_of_once_and_delays_nobody(
    mentorkit_create_kit: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger="mentorkit.plugin.celery")  # a worker before us raised it
    kit = mentorkit_create_kit(plugins=())
    runner = install(app_of(), kit)
    entered, sending = threading.Event(), threading.Event()
    task_of = runner.bells.task_of

    def slow(lane: str) -> Any:
        entered.set()
        assert sending.wait(30)
        return task_of(lane)

    runner.bells.task_of = slow
    for n in range(3):
        with kit.transaction(tenant="acme") as tx:
            tx.outbox.add("message", f"message:{n}")
    assert entered.wait(30)  # all is committed, and the first bell has not been rung yet
    sending.set()
    assert runner.bells.flush(30)
    kit.ring("acme", frozenset(["message"]))
    assert runner.bells.flush(30)
    assert caplog.text.count("The broker cannot be reached") == 1
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.outbox.due() == {"message"}


def test_bells_that_wait_are_rung_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, list[Any]]] = []
    entered, going_on = threading.Event(), threading.Event()

    def send(self: Line, task: Any, queue: str, args: list[Any]) -> bool:
        entered.set()
        assert going_on.wait(30)
        sent.append((queue, args))
        return True

    monkeypatch.setattr(Line, "send", send)
    bells = Bells(None, lambda lane: (None, lane))
    bells.ring("acme", ["message"])
    assert entered.wait(30)
    for _ in range(10):
        bells.ring("acme", ["message"])
        bells.ring("acme", ["survey"])
        bells.ring("other", ["feature"])
    going_on.set()
    assert bells.flush(30)
    assert sent == [
        ("notify", ["acme", ["message"]]),
        ("notify", ["acme", ["message", "survey"]]),
        ("analyse", ["other", ["feature"]]),
    ]


def test_a_bell_that_cannot_be_rung_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(Line, "send", lambda self, task, queue, args: rung.append(queue))

    def task_of(lane: str) -> tuple[Any, str]:
        if lane == "notify":
            raise KeyError(lane)
        return None, lane

    bells = Bells(None, task_of)
    bells.ring("acme", ["message", "feature"])
    assert bells.flush(30)
    bells.ring("acme", ["feature"])
    assert bells.flush(30)
    assert rung == ["analyse", "analyse"]
    assert "No bell was rung in lane notify: KeyError" in caplog.text


ENDING = """
import sys
from types import SimpleNamespace
from celery import Celery, Task
from mentorkit_celery import bells, install
bells.LAST = 60.0  # this machine may have much to do
app = Celery("host", broker=sys.argv[1])
app.conf.broker_transport_options = {"global_keyprefix": sys.argv[3]} if sys.argv[3] else {}
kit = SimpleNamespace(bells=[], map_shards=None)
install(app, kit, prefix=sys.argv[2])
kit.bells[0]("acme", frozenset(["review"]))
"""


def test_a_process_that_ends_at_once_has_rung_its_bells(redis: Broker) -> None:
    app, prefix = redis.app(), f"{redis.prefix}.none"
    keys = app.conf.broker_transport_options["global_keyprefix"]
    subprocess.run([sys.executable, "-c", ENDING, redis.url, prefix, keys], check=True)
    with app.connection_for_read() as line, line.SimpleQueue(f"{prefix}.sync") as queue:
        message = queue.get(timeout=30)
        message.ack()
    assert json.loads(message.body)[0] == ["acme", ["review"]]


# ---------------------------------------------------------------------- what doctor says


def examined(monkeypatch: pytest.MonkeyPatch, *runners: Any) -> Any:
    monkeypatch.setattr("mentorkit_celery.looking.runners", lambda: list(runners))
    return examine()


def test_the_check_stands_in_the_plugin(mentorkit_create_kit: Callable[..., Any]) -> None:
    kit = mentorkit_create_kit(plugins=(("celery", mentorkit_celery),))
    assert list(kit.registry.checks) == ["celery.workers"]


def test_a_package_for_redis_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger="mentorkit.plugin.celery")
    monkeypatch.setattr(line, "find_spec", lambda _: None)
    told = "the package redis is not installed: pip install 'mentorkit-celery[redis]'"
    runner = install(app_of(), kit_of())
    assert told in examined(monkeypatch, runner).message
    assert not Line(runner.app).send(runner.app.tasks["mentorkit.due"], "celery", [])
    assert told in caplog.text
    monkeypatch.undo()
    assert "redis is not installed" not in line.why(runner.app, OSError())


def test_doctor_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch, redis: Broker) -> None:
    told = examined(monkeypatch)
    assert not told.ok
    assert "install" in told.hint
    no_json = app_of()
    no_json.conf.accept_content = ["msgpack"]
    assert "json" in examined(monkeypatch, install(no_json, kit_of())).message
    short = app_of()
    short.conf.broker_transport_options = {"visibility_timeout": 60}
    assert "visibility_timeout" in examined(monkeypatch, install(short, kit_of())).message
    elsewhere = app_of()
    elsewhere.conf.beat_schedule = beat_schedule()
    told = examined(monkeypatch, install(elsewhere, kit_of(), prefix="acme"))
    assert "task mentorkit.due" in told.message
    assert "beat_schedule(prefix='acme')" in told.hint
    elsewhere.conf.beat_schedule = beat_schedule(prefix="acme")
    assert "does not answer" in examined(monkeypatch, install(elsewhere, kit_of())).message
    assert "does not answer" in examined(monkeypatch, install(app_of(), kit_of())).message
    nobody = install(redis.app(), kit_of(), prefix=f"{redis.prefix}.none")
    told = examined(monkeypatch, nobody)
    assert f"{redis.prefix}.none.match" in told.message
    assert "-Q celery," in told.hint


def test_doctor_is_content_where_all_queues_are_heard(
    monkeypatch: pytest.MonkeyPatch, redis: Broker, tmp_path: Path
) -> None:
    runner = install(redis.app(), kit_of(), prefix=f"{redis.prefix}.d")
    with working(runner.app, runner.queues):
        told = examined(monkeypatch, runner)
    assert told.ok, told.message
