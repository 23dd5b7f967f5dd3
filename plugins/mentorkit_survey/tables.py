"""What has been filled in and not been sent yet, on the plugin's own `MetaData`."""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import declare, ident, jsonic, moment, plugin_tables, refers, table
from mentorkit.store import tables as core

metadata = plugin_tables("survey")

draft = table(
    metadata,
    "draft",
    ident("survey_id"),
    ident("person_id"),
    jsonic("values", personal=True),
    moment("saved_at"),
    refers("person_id", core.person, ondelete="CASCADE"),
    sa.UniqueConstraint("tenant", "survey_id"),
    sa.Index(None, "tenant", "person_id"),
    info=declare(
        subject="person_id",
        data_class="activity",
        retention="until it is sent",
        export=("survey_id", "values", "saved_at"),
        erase="delete",
    ),
)
