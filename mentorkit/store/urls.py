"""Open a PostgreSQL database by its URL, where no host brings sessions of its own."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from mentorkit.errors import Invalid

POSTGRES_URL = "postgresql://USER@HOST:5432/DATABASE"


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
