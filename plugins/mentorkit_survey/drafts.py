"""Keeps what has been filled in of a survey, until it is sent."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from mentorkit.hooks import WorkContext
from mentorkit_survey.tables import draft


def read(ctx: WorkContext, survey: str) -> dict[str, Any]:
    """Return what was filled in so far, by question."""
    with ctx.transaction(write=False) as connection:
        kept = connection.execute(sa.select(draft.c["values"]).where(*_this(ctx, survey))).scalar()
    return dict(kept or {})


def save(ctx: WorkContext, survey: str, person: str, values: dict[str, Any]) -> None:
    """Keep this in place of what was kept before."""
    with ctx.transaction() as connection:
        connection.execute(sa.delete(draft).where(*_this(ctx, survey)))
        row = {"tenant": ctx.tenant, "id": survey, "survey_id": survey, "person_id": person}
        connection.execute(sa.insert(draft).values({**row, "values": values, "saved_at": ctx.now}))


def drop(ctx: WorkContext, survey: str) -> None:
    """Keep nothing of it any more: it was sent."""
    with ctx.transaction() as connection:
        connection.execute(sa.delete(draft).where(*_this(ctx, survey)))


def _this(ctx: WorkContext, survey: str) -> tuple[sa.ColumnElement[bool], ...]:
    return draft.c.tenant == ctx.tenant, draft.c.survey_id == survey
