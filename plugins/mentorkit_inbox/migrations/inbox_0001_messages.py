"""The table of messages as it was first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "inbox_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mk_inbox__message",
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("program_id", IDENT, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("template", IDENT, nullable=False),
        sa.Column("subject", sa.String(1000), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("about", IDENT, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mk_inbox__message")),
        sa.ForeignKeyConstraint(
            ["tenant", "person_id"],
            ["mk__person.tenant", "mk__person.id"],
            name=op.f("fk_mk_inbox__message_tenant_person_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "program_id"],
            ["mk__program.tenant", "mk__program.id"],
            name=op.f("fk_mk_inbox__message_tenant_program_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("tenant", "key", name=op.f("uq_mk_inbox__message_tenant_key")),
    )
    op.create_index(
        op.f("ix_mk_inbox__message_tenant_person_id_created_at"),
        "mk_inbox__message",
        ["tenant", "person_id", "created_at"],
    )
    op.create_index(
        op.f("ix_mk_inbox__message_tenant_about"), "mk_inbox__message", ["tenant", "about"]
    )
