"""Where somebody stands in a guided introduction not sent yet, on the plugin's own `MetaData`."""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import declare, ident, jsonic, moment, plugin_tables, refers, table
from mentorkit.store import tables as core

metadata = plugin_tables("guide")

standing = table(
    metadata,
    "standing",
    ident("person_id"),
    ident("use"),
    # The participant who chooses, or the relationship that is written in.
    ident("about"),
    ident("step"),
    jsonic("values", personal=True),
    moment("began_at"),
    moment("saved_at"),
    refers("person_id", core.person, ondelete="CASCADE"),
    sa.UniqueConstraint("tenant", "person_id", "use", "about"),
    info=declare(
        subject="person_id",
        mentions=("about->relationship",),
        data_class="activity",
        retention="until it is sent or thrown away, or what it is about has ended",
        export=("use", "step", "values", "began_at", "saved_at"),
        erase="delete",
    ),
)
