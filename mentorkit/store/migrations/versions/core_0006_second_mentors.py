"""Whom a circle gets as a second mentor is asked, too: of how many mentees the circle is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0006"
down_revision = "core_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("circle_of", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("mk__proposal", column)
