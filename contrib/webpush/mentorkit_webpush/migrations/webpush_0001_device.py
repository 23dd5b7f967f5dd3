"""The table of devices as it was first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "webpush_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
NAME = "mk_webpush__device"


def upgrade() -> None:
    op.create_table(
        NAME,
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("endpoint", sa.String(2000), nullable=False),
        sa.Column("fingerprint", IDENT, nullable=False),
        sa.Column("p256dh", sa.String(100), nullable=False),
        sa.Column("auth", sa.String(50), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{NAME}")),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"],
            ["mk__person.tenant", "mk__person.id"],
            name=op.f(f"fk_{NAME}_tenant_person_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("tenant", "fingerprint", name=op.f(f"uq_{NAME}_tenant_fingerprint")),
    )
    op.create_index(op.f(f"ix_{NAME}_tenant_person_id"), NAME, ["tenant", "person_id"])
