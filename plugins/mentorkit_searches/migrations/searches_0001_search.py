"""The table of kept searches as it was first made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "searches_0001"
down_revision = None
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
JSON = sa.Text()
NAME = "mk_searches__search"


def upgrade() -> None:
    op.create_table(
        NAME,
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("person_id", IDENT, nullable=False),
        sa.Column("participant_id", IDENT, nullable=False),
        sa.Column("program_id", IDENT, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("looked_for", JSON, nullable=False),
        sa.Column("every", IDENT, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("until", TIME, nullable=True),
        sa.Column("fresh", JSON, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("there", sa.Text(), nullable=True),
        sa.Column("named", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{NAME}")),
        *(
            sa.ForeignKeyConstraint(
                ["tenant", column],
                [f"mk__{noun}.tenant", f"mk__{noun}.id"],
                name=op.f(f"fk_{NAME}_tenant_{column}"),
                ondelete="CASCADE",
            )
            for noun in ("person", "participant", "program")
            for column in (f"{noun}_id",)
        ),
        sa.UniqueConstraint(
            "tenant", "participant_id", "place",
            name=op.f(f"uq_{NAME}_tenant_participant_id_place"),
        ),
    )  # fmt: skip
    for columns in (("person_id",), ("program_id", "next_at"), ("program_id", "until")):
        name = op.f(f"ix_{NAME}_tenant_{'_'.join(columns)}")
        op.create_index(name, NAME, ["tenant", *columns])
