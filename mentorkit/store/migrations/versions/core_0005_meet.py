"""Who looked back and who was there, own milestones of who joins later, and levels of touch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "core_0005"
down_revision = "core_0004"
branch_labels = None
depends_on = None

# A migration says what was true on its day, so it names the databases' own types, not ours.
IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
MILESTONE = "mk__milestone"
OLD = "tenant, id, relationship_id, kind, state, opens_at, closes_at, version"


def upgrade() -> None:
    for table in ("mk__participant", "mk__relationship"):
        op.add_column(table, sa.Column("touch", IDENT, nullable=False, server_default=""))
    listed = sa.Column("attendees", sa.Text(), nullable=False, server_default="[]")
    op.add_column("mk__meeting", listed)
    unique = ("tenant", "relationship_id", "kind")
    if op.get_context().dialect.name == "postgresql":
        own = sa.Column("participant_id", IDENT, nullable=False, server_default="")
        op.add_column(MILESTONE, own)
        answered = sa.Column("answered", sa.Text(), nullable=False, server_default="[]")
        op.add_column(MILESTONE, answered)
        op.drop_constraint(f"uq_{MILESTONE}_{'_'.join(unique)}", MILESTONE)
        both = (*unique, "participant_id")
        op.create_unique_constraint(f"uq_{MILESTONE}_{'_'.join(both)}", MILESTONE, list(both))
        return
    # SQLite takes no constraint away: the table is made again, and what it held is put into it.
    index = f"ix_{MILESTONE}_tenant_state_opens_at"
    op.drop_index(index, MILESTONE)
    op.rename_table(MILESTONE, "mk__milestone_old")
    op.create_table(
        MILESTONE,
        sa.Column("tenant", IDENT, nullable=False),
        sa.Column("id", IDENT, nullable=False),
        sa.Column("relationship_id", IDENT, nullable=False),
        sa.Column("kind", IDENT, nullable=False),
        sa.Column("participant_id", IDENT, nullable=False, server_default=""),
        sa.Column("state", IDENT, nullable=False),
        sa.Column("opens_at", TIME, nullable=False),
        sa.Column("closes_at", TIME, nullable=False),
        sa.Column("answered", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{MILESTONE}")),
        sa.ForeignKeyConstraint(
            ["tenant", "relationship_id"],
            ["mk__relationship.tenant", "mk__relationship.id"],
            op.f(f"fk_{MILESTONE}_tenant_relationship_id"),
        ),
        sa.UniqueConstraint(
            *unique,
            "participant_id",
            name=op.f(f"uq_{MILESTONE}_tenant_relationship_id_kind_participant_id"),
        ),
    )
    op.execute(f"INSERT INTO {MILESTONE} ({OLD}) SELECT {OLD} FROM mk__milestone_old")
    op.drop_table("mk__milestone_old")
    op.create_index(op.f(index), MILESTONE, ["tenant", "state", "opens_at"])
