"""What plugins compute of somebody (features), kept beside their answers; nothing is at first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0007"
down_revision = "core_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mk__participant", sa.Column("features", sa.Text(), nullable=True))
