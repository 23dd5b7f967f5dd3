"""The table of conversations as it was first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "slack_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
NAME = "mk_slack__talk"


def upgrade() -> None:
    op.create_table(
        NAME,
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("address", sa.String(255), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("focus", sa.Text(), nullable=True),
        sa.Column("put_at", TIME, nullable=True),
        sa.Column("put_by", sa.String(255), nullable=True),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("hinted", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{NAME}")),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"],
            ["mk__person.tenant", "mk__person.id"],
            name=op.f(f"fk_{NAME}_tenant_person_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f(f"ix_{NAME}_tenant_address"), NAME, ["tenant", "address"])
