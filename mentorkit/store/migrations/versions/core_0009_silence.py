"""Since when somebody wants no prompts of a program; nobody has said so at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "core_0009"
down_revision = "core_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
    op.add_column("mk__participant", sa.Column("silent_since", time, nullable=True))
