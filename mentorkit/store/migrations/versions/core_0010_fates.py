"""An index of the messages of which a vendor has told what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0010"
down_revision = "core_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = sa.text("fate IN ('delivered', 'failed', 'bounced')")
    op.create_index(
        "ix_mk__outbox_fate",
        "mk__outbox",
        ["tenant", "fate", "id"],
        sqlite_where=told,
        postgresql_where=told,
    )
