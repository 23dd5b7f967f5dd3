"""Fixtures: brokers on this machine, each with names of our own on it, and a PostgreSQL schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from celery import Celery
from celery.contrib.testing.worker import start_worker
from mentorkit_celery.lanes import LANES
from redis import Redis
from sqlalchemy.orm import sessionmaker

from mentorkit import Kit

BROKERS = {
    "redis": ("MENTORKIT_TEST_REDIS", "redis://127.0.0.1:6379/9"),
    "rabbitmq": ("MENTORKIT_TEST_AMQP", "amqp://guest:guest@127.0.0.1:5672//"),
}
SERVER = os.environ.get(
    "MENTORKIT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test"
)


class Broker:
    """A broker, and the prefix of all that is ours on it."""

    def __init__(self, kind: str) -> None:
        self.kind, self.prefix = kind, f"mk-test-{uuid4().hex[:12]}"
        variable, usual = BROKERS[kind]
        self.named = variable in os.environ
        self.url = os.environ.get(variable, usual)

    def app(self) -> Celery:
        """Return an app on it, as a host makes one."""
        made = Celery(self.prefix, broker=self.url, set_as_current=False)
        if self.kind == "redis":
            made.conf.broker_transport_options = {"global_keyprefix": f"{self.prefix}:"}
        made.conf.worker_hijack_root_logger = False
        return made

    def reach(self) -> None:
        """Skip the test where it is not there; one that was named has to be."""
        bounds = {"max_retries": 0, "socket_connect_timeout": 3}
        try:
            with self.app().connection_for_read(
                connect_timeout=3, transport_options=bounds
            ) as line:
                line.connect()
        except Exception:
            if self.named:
                raise
            variable = BROKERS[self.kind][0]
            pytest.skip(f"no {self.kind} at {self.url}; name one in {variable}")

    def clear(self) -> None:
        """Take away what the tests have left on it."""
        with suppress(Exception):
            if self.kind == "redis":
                client = Redis.from_url(self.url)
                for key in client.scan_iter(f"{self.prefix}*"):
                    client.delete(key)
                client.close()
                return
            with self.app().connection_for_write() as line:
                for part in (self.prefix, f"{self.prefix}.p"):
                    for lane in LANES:
                        line.default_channel.queue_delete(f"{part}.{lane}")


def working(app: Celery, queues: Sequence[str]) -> AbstractContextManager[Any]:
    """Have a worker of this app in this process until the block ends."""
    how: dict[str, Any] = {"pool": "solo", "perform_ping_check": False, "shutdown_timeout": 60}
    name = f"{uuid4().hex}@test"  # RabbitMQ lets no two have the same
    worker: AbstractContextManager[Any] = start_worker(
        app, queues=list(queues), hostname=name, loglevel="error", **how
    )
    return worker


def broker_of(kind: str) -> Iterator[Broker]:
    broker = Broker(kind)
    broker.reach()
    yield broker
    broker.clear()


@pytest.fixture(scope="session")
def redis() -> Iterator[Broker]:
    yield from broker_of("redis")


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Broker]:
    yield from broker_of("rabbitmq")


@pytest.fixture
def postgresql() -> Iterator[sa.URL]:
    """A schema with our tables on the PostgreSQL server that tests may use; or a skip.

    Where CI is set, a missing server is a failure.
    """
    schema = f"mk_celery_{uuid4().hex[:12]}"
    server = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
    except sa.exc.OperationalError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL server; name one in MENTORKIT_TEST_POSTGRES")
    url = sa.make_url(SERVER).update_query_dict({"options": f"-csearch_path={schema}"})
    engine = sa.create_engine(url)
    from mentorkit.store import tables

    tables.metadata.create_all(engine)
    engine.dispose()
    yield url
    with server.connect() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
    server.dispose()


@pytest.fixture
def on_postgresql(postgresql: sa.URL, mentorkit_clock: Any) -> Iterator[Callable[..., Kit]]:
    """Return a factory of kits in that schema."""
    engine, made = sa.create_engine(postgresql, max_overflow=20), []

    def create(**options: Any) -> Kit:
        made.append(Kit(sessions=sessionmaker(engine), clock=mentorkit_clock, **options))
        return made[-1]

    yield create
    for kit in made:
        kit.close()
    engine.dispose()
