"""The one table: where the conversation with each person stands, on the plugin's own `MetaData`."""

from __future__ import annotations

from mentorkit.store import plugin_tables, talks

metadata = plugin_tables("slack")
talk = talks(metadata)
