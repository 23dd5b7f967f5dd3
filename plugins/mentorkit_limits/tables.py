"""How often a form has been sent within an hour; from where cannot be read off it."""

from __future__ import annotations

from mentorkit.store import counts, plugin_tables

metadata = plugin_tables("limits")

sending = counts(metadata, "sending")
