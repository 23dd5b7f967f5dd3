"""Keeps where somebody stands in a script: the step, and what they have told so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mentorkit.domain.frozen import thaw
from mentorkit.hooks import WorkContext
from mentorkit_guide.tables import standing

SENDING = "send:since"
"""The value that holds since when it is being sent."""
MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Whose it is, which script (`use`), and the participant or relationship it is about (ids)."""

    person: str
    use: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The id of the step that comes next ("": the first), and `values` by the id of each step."""

    step: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def read(ctx: WorkContext, key: Key) -> Standing | None:
    """Return where they stand; None where they have not begun."""
    with ctx.transaction(write=False) as connection:
        return _read(ctx, connection, key)


def save(ctx: WorkContext, key: Key, step: str, values: Mapping[str, Any]) -> None:
    """Keep that `step` comes next, and these values beside those that were told before."""
    try:
        _save(ctx, key, step, values)
    except sa.exc.IntegrityError:  # the same form, sent twice at once: the other has begun it
        _save(ctx, key, step, values)


def hold(ctx: WorkContext, key: Key) -> bool:
    """Keep that it is being sent from now on; False where somebody does that just now.

    Whoever was lost over it is not waited for longer than a minute.
    """
    with ctx.transaction() as connection:
        before = _read(ctx, connection, key, hold=True)
        if before is None:
            return False
        since = before.values.get(SENDING)
        if since and ctx.now - datetime.fromisoformat(since) < MOMENT:
            return False
        told = {**before.values, SENDING: ctx.now.isoformat()}
        connection.execute(sa.update(standing).where(_this(ctx, key)).values({"values": told}))
        return True


def drop(ctx: WorkContext, key: Key) -> None:
    """Keep nothing of it any more: it was sent, or thrown away."""
    with ctx.transaction() as connection:
        connection.execute(sa.delete(standing).where(_this(ctx, key)))


def drop_about(ctx: WorkContext, about: str) -> None:
    """Keep nothing any more that anybody has begun about a participant or a relationship (id)."""
    with ctx.transaction() as connection:
        here = (standing.c.tenant == ctx.tenant, standing.c.about == about)
        connection.execute(sa.delete(standing).where(*here))


def _save(ctx: WorkContext, key: Key, step: str, values: Mapping[str, Any]) -> None:
    with ctx.transaction() as connection:
        before = _read(ctx, connection, key, hold=True)
        told = {**(before.values if before else {}), **values}
        row = {"step": step, "values": told, "saved_at": ctx.now}
        if before:
            connection.execute(sa.update(standing).where(_this(ctx, key)).values(row))
            return
        row |= {"tenant": ctx.tenant, "id": _id(key), "began_at": ctx.now}
        row |= {"person_id": key.person, "use": key.use, "about": key.about}
        connection.execute(sa.insert(standing).values(row))


def _id(key: Key) -> str:
    """Return the id of the row: one person has one for each thing, so it says which."""
    return f"{key.about}:{key.person}"


def _read(
    ctx: WorkContext, connection: sa.Connection, key: Key, *, hold: bool = False
) -> Standing | None:
    query = sa.select(standing.c.step, standing.c["values"]).where(_this(ctx, key))
    row = connection.execute(query.with_for_update() if hold else query).one_or_none()
    return Standing(step=row[0], values=thaw(row[1])) if row else None


def _this(ctx: WorkContext, key: Key) -> sa.ColumnElement[bool]:
    return sa.and_(
        standing.c.tenant == ctx.tenant,
        standing.c.person_id == key.person,
        standing.c.use == key.use,
        standing.c.about == key.about,
    )
