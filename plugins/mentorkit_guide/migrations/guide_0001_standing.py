"""The table of where somebody stands as it was first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "guide_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
JSON = sa.Text()
NAME = "mk_guide__standing"


def upgrade() -> None:
    op.create_table(
        NAME,
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("use", IDENT, nullable=False),
        sa.Column("about", IDENT, nullable=False),
        sa.Column("step", IDENT, nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{NAME}")),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"],
            ["mk__person.tenant", "mk__person.id"],
            name=op.f(f"fk_{NAME}_tenant_person_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "tenant", "person_id", "use", "about",
            name=op.f(f"uq_{NAME}_tenant_person_id_use_about"),
        ),
    )  # fmt: skip
