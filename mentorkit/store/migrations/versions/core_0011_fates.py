"""The same index, by a condition that SQLite checks in a tenth of the time for each row done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0011"
down_revision = "core_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = sa.text("fate > 'accepted'")
    op.drop_index("ix_mk__outbox_fate", "mk__outbox")
    op.create_index(
        "ix_mk__outbox_fate",
        "mk__outbox",
        ["tenant", "fate", "id"],
        sqlite_where=told,
        postgresql_where=told,
    )
