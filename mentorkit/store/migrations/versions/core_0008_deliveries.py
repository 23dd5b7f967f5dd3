"""What became of each message: its channel, the vendor's reference, and the vendor's later word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0008"
down_revision = "core_0007"
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
MOMENT = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    for column in (
        sa.Column("channel", IDENT, nullable=True),
        sa.Column("contact", IDENT, nullable=True),
        sa.Column("reference", sa.String(255), nullable=True),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("fate", IDENT, nullable=False, server_default=""),
        sa.Column("fate_at", MOMENT, nullable=True),
    ):
        op.add_column("mk__outbox", column)
    known = sa.text("reference IS NOT NULL")
    op.create_index(
        "ix_mk__outbox_reference",
        "mk__outbox",
        ["tenant", "reference"],
        sqlite_where=known,
        postgresql_where=known,
    )
    bounced = sa.Column("bounced", sa.Text(), nullable=False, server_default="{}")
    op.add_column("mk__contact", bounced)
