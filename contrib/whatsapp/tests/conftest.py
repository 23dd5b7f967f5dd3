"""Fixtures: WhatsApp on this machine, and kits that send by it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker
from vendor import SECRET, TOKEN, VERIFY, Vendor, serving

from mentorkit.kit import Kit


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets where a deployer keeps them."""
    monkeypatch.setenv("WHATSAPP_TOKEN", TOKEN)
    monkeypatch.setenv("WHATSAPP_APP_SECRET", SECRET)
    monkeypatch.setenv("WHATSAPP_VERIFY_TOKEN", VERIFY)


SERVER = os.environ.get(
    "MENTORKIT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test"
)


@pytest.fixture
def postgresql() -> Iterator[sa.Engine]:
    """An empty schema of the PostgreSQL server that tests may use; without one it is a skip.

    Where CI is set, a missing server is a failure.
    """
    schema = f"mk_whatsapp_{uuid4().hex[:12]}"
    server = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
    except sa.exc.OperationalError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL server; name one in MENTORKIT_TEST_POSTGRES")
    engine = sa.create_engine(
        sa.make_url(SERVER).update_query_dict({"options": f"-csearch_path={schema}"})
    )
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def create_kit(
    request: pytest.FixtureRequest, mentorkit_create_kit: Callable[..., Kit], mentorkit_clock: Any
) -> Iterator[Callable[..., Kit]]:
    """Return a factory of kits on either kind of database, made by our migrations."""
    if request.param == "sqlite":
        yield mentorkit_create_kit
        return
    engine, made = request.getfixturevalue("postgresql"), []

    def create(**options: Any) -> Kit:
        kit = Kit(sessions=sessionmaker(engine), clock=mentorkit_clock, **options)
        made.append(kit)
        kit.upgrade()
        return kit

    yield create
    for kit in made:
        kit.close()
