"""A session keeps who of the staff made its link, so that it ends when they might not any more.

Of those that run nobody knows it, so those that staff began end: a new link begins another.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "magiclink_0003"
down_revision = "magiclink_0002"
branch_labels = None
depends_on = None

IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
NAME = "mk_magiclink__session"


def upgrade() -> None:
    op.add_column(NAME, sa.Column("made_by", IDENT, nullable=True))
    op.execute(f"DELETE FROM {NAME} WHERE address = ''")
