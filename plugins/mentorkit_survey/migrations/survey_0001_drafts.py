"""The table of drafts as it was first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "survey_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
JSON = sa.Text()


def upgrade() -> None:
    op.create_table(
        "mk_survey__draft",
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("survey_id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mk_survey__draft")),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"],
            ["mk__person.tenant", "mk__person.id"],
            name=op.f("fk_mk_survey__draft_tenant_person_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "tenant", "survey_id", name=op.f("uq_mk_survey__draft_tenant_survey_id")
        ),
    )
    op.create_index(
        op.f("ix_mk_survey__draft_tenant_person_id"), "mk_survey__draft", ["tenant", "person_id"]
    )
