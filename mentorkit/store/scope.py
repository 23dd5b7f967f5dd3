"""Make or find the sessions that a kit works with, and name the tenants there are."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from mentorkit.errors import Invalid
from mentorkit.store.engines import MODE
from mentorkit.store.tables import program

POSTGRES_URL = "postgresql://USER@HOST:5432/DATABASE"


def sessions_on(path: str | Path) -> tuple[sa.Engine, sessionmaker[Session]]:
    """Return an engine on this SQLite file, and what makes new sessions on it.

    Connections are cheap on a file and writers queue at the turnstile, so any number may wait.
    """
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, hide_parameters=True, max_overflow=-1)
    return engine, sessionmaker(engine)


def sessions_at(url: str) -> tuple[sa.Engine, sessionmaker[Session]]:
    """Return an engine on the PostgreSQL database of this URL, and what makes sessions on it.

    Connects once: raises `Invalid` (code ``database.url``) saying what to do where that fails.
    """
    try:
        told = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise _unusable("***", f"this is no URL; write {POSTGRES_URL}") from None
    if "@" in (told.host or ""):
        raise _unusable("***", "write %40 for an @ in the password")
    shown = shown_url(told)
    if told.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise _unusable(shown, f"write {POSTGRES_URL}; for SQLite write the path of a file")
    try:
        engine = sa.create_engine(told.set(drivername="postgresql+psycopg"), hide_parameters=True)
        engine.connect().close()
    except ImportError:
        raise _unusable(
            shown, "its driver is not installed; run pip install 'psycopg[binary]'"
        ) from None
    except sa.exc.DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        raise _unusable(
            shown, f"{why}. Start the server, or mend host, user, password or database name"
        ) from None
    return engine, sessionmaker(engine)


def shown_url(url: sa.URL) -> str:
    """Return the URL as people may see it: no password, nor options, which may hold one too."""
    return url.set(query={}).render_as_string(hide_password=True)


def _unusable(shown: str, message: str) -> Invalid:
    return Invalid("database.url", f"The database {shown} cannot be used: {message}.")


def joinable(session: Session | scoped_session[Session]) -> Session:
    """Return the session itself, where a host gives its registry of them (``db.session``)."""
    return session() if isinstance(session, scoped_session) else session


def tenants_in(session: Session) -> list[str]:
    """Return the tenants that have a program: the one question that no tenant limits."""
    connection = session.connection(execution_options={MODE: "read"})
    query = sa.select(program.c.tenant).distinct().order_by(program.c.tenant)
    return list(connection.execute(query).scalars())
