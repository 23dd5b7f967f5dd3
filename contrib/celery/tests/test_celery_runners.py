"""Celery keeps what every runner does: on Redis with SQLite, and on RabbitMQ with PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from conftest import Broker, working
from mentorkit_celery import install
from mentorkit_celery.lanes import LANES

from mentorkit.testing import RunnerContract, Running
from mentorkit.testing.trial import until

QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class OnCelery(Running):
    """A worker of a Celery app: one in a thread for all tests, and processes."""

    def __init__(self, broker: Broker) -> None:
        self.broker, self.app = broker, broker.app()
        self.over: list[str] = []

        @self.app.task(name="over", shared=False)
        def over(lane: str) -> None:
            self.over.append(lane)

        # A worker knows the tasks that are there when it begins; each test brings a kit of its own.
        install(self.app, SimpleNamespace(bells=[]), prefix=broker.prefix)

    def working(self) -> AbstractContextManager[Any]:
        """Have a worker in this process, for whichever kit is installed last."""
        return working(self.app, [f"{self.broker.prefix}.{lane}" for lane in LANES])

    @contextmanager
    def serving(self, kit: Any) -> Iterator[None]:
        runner = install(self.app, kit, prefix=self.broker.prefix)
        yield
        kit.bells.clear()
        runner.bells.flush()
        self.over.clear()
        for lane in LANES:
            self.app.tasks["over"].apply_async([lane], queue=f"{self.broker.prefix}.{lane}")
        until(lambda: len(self.over) == len(LANES))

    def attach(self, kit: Any) -> None:
        install(self.app, kit, prefix=f"{self.broker.prefix}.p")

    def command(self) -> Sequence[str]:
        queues = ",".join(f"{self.broker.prefix}.p.{lane}" for lane in LANES)
        return (
            sys.executable, "-m", "celery", "-A", "product_app", "worker", "-P", "prefork",
            "-c", "1", "-Q", queues, "-n", f"{uuid4().hex}@test", "-l", "error", *QUIET,
        )  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        return self.environment_of(prefix=f"{self.broker.prefix}.p")

    def environment_of(self, **told: str) -> dict[str, str]:
        """Return what tells ``product_app`` how to install itself."""
        options = dict(self.app.conf.broker_transport_options)
        how = {"broker": self.broker.url, "options": options, **told}
        return {"MENTORKIT_TEST_APP": json.dumps(how)}

    def begin(self, environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
        """Begin a process by itself."""
        path = os.pathsep.join(filter(None, sys.path))
        with (folder / "said").open("ab") as said:
            how: Any = {"cwd": folder, "stdout": said, "stderr": said, "start_new_session": True}
            env = {**os.environ, **environment, "PYTHONPATH": path}
            return subprocess.Popen(self.command(), env=env, **how)


@pytest.fixture(scope="class")  # one worker at a time: Celery has one event loop for a process
def on_redis(redis: Broker) -> Iterator[OnCelery]:
    made = OnCelery(redis)
    with made.working():
        yield made


@pytest.fixture(scope="class")  # one worker at a time: Celery has one event loop for a process
def on_rabbitmq(rabbitmq: Broker) -> Iterator[OnCelery]:
    made = OnCelery(rabbitmq)
    with made.working():
        yield made


class TestOnRedis(RunnerContract):
    @pytest.fixture
    def running(self, on_redis: OnCelery) -> Running:
        return on_redis


class TestOnRabbitmq(RunnerContract):
    @pytest.fixture
    def running(self, on_rabbitmq: OnCelery) -> Running:
        return on_rabbitmq

    @pytest.fixture
    def create_kit(self, on_postgresql: Callable[..., Any]) -> Callable[..., Any]:
        return on_postgresql

    @pytest.fixture
    def database(self, postgresql: Any) -> str:
        return str(postgresql.render_as_string(hide_password=False))
