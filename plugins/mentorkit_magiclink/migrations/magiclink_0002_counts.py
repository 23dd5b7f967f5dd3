"""Askings are counted by the hour, so that one conditional update keeps their limits.

What was counted before is forgotten: it was good for an hour.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "magiclink_0002"
down_revision = "magiclink_0001"
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
NAME = "mk_magiclink__asking"


def upgrade() -> None:
    op.drop_table(NAME)
    op.create_table(
        NAME,
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("digest", IDENT, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{NAME}")),
        sa.UniqueConstraint(
            "tenant", "digest", "since", name=op.f(f"uq_{NAME}_tenant_digest_since")
        ),
    )
    op.create_index(op.f(f"ix_{NAME}_tenant_since"), NAME, ["tenant", "since"])
