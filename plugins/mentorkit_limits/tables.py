"""How often a form has been sent within an hour; from where cannot be read off it."""

from __future__ import annotations

import sqlalchemy as sa

from mentorkit.store import declare, ident, moment, plugin_tables, table, whole

metadata = plugin_tables("limits")

sending = table(
    metadata,
    "sending",
    # Keyed with the kit's secret and the day: another one for the same sender tomorrow.
    ident("digest"),
    moment("since"),
    whole("used"),
    sa.UniqueConstraint("tenant", "digest", "since"),
    sa.Index(None, "tenant", "since"),
    info=declare(data_class="work", retention="two hours; keyed digests alone"),
)
