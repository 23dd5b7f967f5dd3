"""Whether whoever somebody is connected with may see a contact of theirs; at first nobody may."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "mk__contact",
        sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
