"""Databases that a test may fill: a schema of its own on a PostgreSQL server, gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker


class NoServer(Exception):
    """Nothing answers at the address."""


@contextmanager
def empty_schema(url: str) -> Iterator[sa.Engine]:
    """Yield an engine on an empty schema of the PostgreSQL server at `url`; `NoServer` without."""
    schema = f"mk_plugin_{uuid4().hex[:12]}"
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
    except sa.exc.OperationalError as error:
        raise NoServer(str(error)) from error
    engine = sa.create_engine(
        sa.make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
    )
    try:
        yield engine
    finally:
        engine.dispose()
        with server.connect() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
        server.dispose()


def sessions_of(engine: sa.Engine) -> sessionmaker[Session]:
    """Return what a host gives a kit: it makes a new session on `engine` at each call."""
    return sessionmaker(engine)
