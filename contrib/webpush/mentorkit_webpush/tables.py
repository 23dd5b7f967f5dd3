"""The one table: the devices on which somebody has allowed notifications."""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import declare, ident, moment, plugin_tables, refers, table, words
from mentorkit.store import tables as core

metadata = plugin_tables("webpush")

device = table(
    metadata,
    "device",
    ident("person_id"),
    # Where its push service takes what is for it; found again by its fingerprint.
    words("endpoint", 2000, personal=True),
    ident("fingerprint"),
    words("p256dh", 100),
    words("auth", 50),
    moment("created_at"),
    refers("person_id", core.person, ondelete="CASCADE"),
    sa.UniqueConstraint("tenant", "fingerprint"),
    sa.Index(None, "tenant", "person_id"),
    info=declare(
        subject="person_id",
        data_class="contact",
        retention="until it is removed, or its push service knows it no more",
        export=("endpoint", "created_at"),
        erase="delete",
    ),
)
