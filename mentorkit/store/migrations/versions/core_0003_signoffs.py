"""What plugins' checks answered of a participant, and the sign-offs there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0003"
down_revision = "core_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns; nobody was checked or has signed before."""
    for name, nothing in (("checked", "{}"), ("signed", "[]")):
        column = sa.Column(name, sa.Text(), nullable=False, server_default=nothing)
        op.add_column("mk__participant", column)


def downgrade() -> None:
    """Take them away again."""
    for name in ("checked", "signed"):
        op.drop_column("mk__participant", name)
