"""The tables of conversations and links as they were first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "telegram_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
TALK, LINK = "mk_telegram__talk", "mk_telegram__link"


def _person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "person_id"],
        ["mk__person.tenant", "mk__person.id"],
        name=op.f(f"fk_{table}_tenant_person_id"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        TALK,
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
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{TALK}")),
        _person(TALK),
    )
    op.create_index(op.f(f"ix_{TALK}_tenant_address"), TALK, ["tenant", "address"])
    op.create_table(
        LINK,
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("fingerprint", IDENT, nullable=False),
        sa.Column("chat", sa.String(255), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{LINK}")),
        _person(LINK),
        sa.UniqueConstraint("tenant", "fingerprint", name=op.f(f"uq_{LINK}_tenant_fingerprint")),
    )
    op.create_index(op.f(f"ix_{LINK}_tenant_person_id"), LINK, ["tenant", "person_id"])
    op.create_index(op.f(f"ix_{LINK}_tenant_until"), LINK, ["tenant", "until"])
