"""The tables: where each conversation stands, and when its person wrote last."""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import declare, ident, moment, plugin_tables, refers, table, talks, words
from mentorkit.store import tables as core

metadata = plugin_tables("whatsapp")
talk = talks(metadata)

window = table(
    metadata,
    "window",
    ident("person_id"),
    words("address", 255, personal=True),
    moment("heard_at"),
    refers("person_id", core.person, ondelete="CASCADE"),
    sa.Index(None, "tenant", "person_id"),
    info=declare(
        subject="person_id",
        data_class="activity",
        retention=core.PERSON,
        export=("address", "heard_at"),
        erase="delete",
    ),
)
