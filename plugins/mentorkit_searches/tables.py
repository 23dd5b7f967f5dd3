"""The searches that people keep, on the plugin's own `MetaData`."""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import (
    declare,
    ident,
    jsonic,
    moment,
    plugin_tables,
    refers,
    table,
    whole,
    words,
)
from mentorkit.store import tables as core

LONGEST = 100
"""Characters that a search may be called by."""

metadata = plugin_tables("searches")

search = table(
    metadata,
    "search",
    ident("person_id"),
    ident("participant_id"),
    ident("program_id"),
    # 1 to 5, of a participant: who keeps two at once gets one place once.
    whole("place"),
    words("name", LONGEST, personal=True),
    jsonic("looked_for", personal=True),
    ident("every"),
    moment("made_at"),
    moment("next_at"),
    # When somebody new was found last, until when that is worth telling, and who: the best of them
    # by id, and how many in all.
    moment("since", nullable=True),
    moment("until", nullable=True),
    jsonic("fresh"),
    whole("count"),
    # Whom it found at the last look (None: there was none yet), and whom it has ever told of.
    words("there", None, nullable=True),
    words("named", None),
    whole("version"),
    refers("person_id", core.person, ondelete="CASCADE"),
    refers("participant_id", core.participant, ondelete="CASCADE"),
    refers("program_id", core.program, ondelete="CASCADE"),
    sa.UniqueConstraint("tenant", "participant_id", "place"),
    sa.Index(None, "tenant", "person_id"),
    sa.Index(None, "tenant", "program_id", "next_at"),
    sa.Index(None, "tenant", "program_id", "until"),
    info=declare(
        subject="person_id",
        data_class="activity",
        retention="until it is deleted, or the person leaves the program",
        export=("name", "looked_for", "every", "made_at", "next_at"),
        erase="delete",
    ),
)
