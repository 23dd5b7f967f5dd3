"""The tables of links, sessions and askings as they were first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "magiclink_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mk_magiclink__link",
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("address", sa.String(500), nullable=False),
        sa.Column("fingerprint", IDENT, nullable=False),
        sa.Column("way_back", sa.String(500), nullable=False),
        sa.Column("made_by", IDENT, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mk_magiclink__link")),
        _person("link"),
        sa.UniqueConstraint(
            "tenant", "fingerprint", name=op.f("uq_mk_magiclink__link_tenant_fingerprint")
        ),
    )
    _index("link", "person_id")
    _index("link", "until")
    op.create_table(
        "mk_magiclink__session",
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("contact_id", IDENT, nullable=True),
        sa.Column("address", sa.String(500), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mk_magiclink__session")),
        _person("session"),
    )
    _index("session", "person_id")
    _index("session", "until")
    op.create_table(
        "mk_magiclink__asking",
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("digest", IDENT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mk_magiclink__asking")),
    )
    _index("asking", "digest", "at")
    _index("asking", "at")


def _person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "person_id"],
        ["mk__person.tenant", "mk__person.id"],
        name=op.f(f"fk_mk_magiclink__{table}_tenant_person_id"),
        ondelete="CASCADE",
    )


def _index(table: str, *columns: str) -> None:
    name = op.f(f"ix_mk_magiclink__{table}_tenant_{'_'.join(columns)}")
    op.create_index(name, f"mk_magiclink__{table}", ["tenant", *columns])
