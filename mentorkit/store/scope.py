"""Make or find the sessions that a kit works with, and name the tenants there are."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from mentorkit.store.engines import MODE
from mentorkit.store.tables import program


def sessions_on(path: str | Path) -> tuple[sa.Engine, sessionmaker[Session]]:
    """Return an engine on this SQLite file, and what makes new sessions on it.

    Connections are cheap on a file and writers queue at the turnstile, so any number may wait.
    """
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, hide_parameters=True, max_overflow=-1)
    return engine, sessionmaker(engine)


def joinable(session: Session | scoped_session[Session]) -> Session:
    """Return the session itself, where a host gives its registry of them (``db.session``)."""
    return session() if isinstance(session, scoped_session) else session


def tenants_in(session: Session) -> list[str]:
    """Return the tenants that have a program: the one question that no tenant limits."""
    connection = session.connection(execution_options={MODE: "read"})
    query = sa.select(program.c.tenant).distinct().order_by(program.c.tenant)
    return list(connection.execute(query).scalars())
