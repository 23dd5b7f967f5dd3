"""The one table of the inbox, on the plugin's own `MetaData`.

Imported when a kit is built or a message is handled, never when the plugin is merely loaded.
"""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import declare, ident, moment, plugin_tables, refers, table, words
from mentorkit.store import tables as core

SUBJECT_LENGTH = 1_000

metadata = plugin_tables("inbox")

message = table(
    metadata,
    "message",
    ident("person_id"),
    ident("program_id"),
    words("key", 255),
    ident("template"),
    words("subject", SUBJECT_LENGTH, personal=True),
    words("body", None, personal=True),
    # The proposal, relationship or milestone that the message is about; it may name the other one.
    ident("about", nullable=True),
    moment("created_at"),
    moment("read_at", nullable=True),
    refers("person_id", core.person, ondelete="CASCADE"),
    refers("program_id", core.program, ondelete="CASCADE"),
    # A message handed over twice is kept once: this is what makes a retry harmless.
    sa.UniqueConstraint("tenant", "key"),
    sa.Index(None, "tenant", "person_id", "created_at"),
    sa.Index(None, "tenant", "about"),
    info=declare(
        subject="person_id",
        mentions=("about->proposal", "about->relationship", "about->milestone"),
        data_class="activity",
        retention="while the person takes part",
        export=("program_id", "template", "subject", "body", "created_at", "read_at"),
        erase="delete",
    ),
)
