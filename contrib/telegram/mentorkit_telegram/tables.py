"""The tables: where each conversation stands, and the links by which chats are connected.

A link is found by the fingerprint of its token, so nothing here connects anything.
"""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import declare, ident, moment, plugin_tables, refers, table, talks, words
from mentorkit.store import tables as core

metadata = plugin_tables("telegram")
talk = talks(metadata)

link = table(
    metadata,
    "link",
    ident("person_id"),
    ident("fingerprint"),
    # The chat that has used it.
    words("chat", 255, nullable=True, personal=True),
    moment("created_at"),
    moment("until"),
    moment("used_at", nullable=True),
    refers("person_id", core.person, ondelete="CASCADE"),
    sa.UniqueConstraint("tenant", "fingerprint"),
    sa.Index(None, "tenant", "person_id"),
    sa.Index(None, "tenant", "until"),
    info=declare(
        subject="person_id",
        data_class="activity",
        retention="a day after its time is over",
        export=("chat", "created_at", "until", "used_at"),
        erase="delete",
    ),
)
