"""The tables of links, sessions and askings; nothing in them opens anything.

A link is found by the fingerprint of its token, a session by the id that its signed cookie names.
"""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import counts, declare, ident, moment, plugin_tables, refers, table, words
from mentorkit.store import tables as core

metadata = plugin_tables("magiclink")

link = table(
    metadata,
    "link",
    ident("person_id"),
    # What was typed, as all ways of writing it have in common; "" for one that staff handed out.
    words("address", 500, personal=True),
    ident("fingerprint"),
    words("way_back", 500),
    ident("made_by", nullable=True),
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
        export=("address", "created_at", "until", "used_at"),
        erase="delete",
    ),
)

session = table(
    metadata,
    "session",
    ident("person_id"),
    # The contact whose link was pressed, and what it was: the session ends when it changes.
    ident("contact_id", nullable=True),
    words("address", 500, personal=True),
    # Who of the staff made its link: it ends when they might not make one any more.
    ident("made_by", nullable=True),
    moment("created_at"),
    moment("until"),
    refers("person_id", core.person, ondelete="CASCADE"),
    sa.Index(None, "tenant", "person_id"),
    sa.Index(None, "tenant", "until"),
    info=declare(
        subject="person_id",
        data_class="activity",
        retention="until it ends",
        export=("address", "created_at", "until"),
        erase="delete",
    ),
)

asking = counts(metadata, "asking")
