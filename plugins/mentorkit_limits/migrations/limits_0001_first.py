"""The table of sendings as it was first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "limits_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mk_limits__sending",
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("digest", IDENT, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mk_limits__sending")),
        sa.UniqueConstraint(
            "tenant", "digest", "since", name=op.f("uq_mk_limits__sending_tenant_digest_since")
        ),
    )
    op.create_index(
        op.f("ix_mk_limits__sending_tenant_since"), "mk_limits__sending", ["tenant", "since"]
    )
