"""What a plugin may do on the connection it is given: change its own tables, read all."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from mentorkit.errors import MentorKitError

_CHANGES_CORE = re.compile(
    r"""\b(?: (?:insert|replace) (?:\s+or\s+\w+)? \s+ into
            | update (?:\s+or\s+\w+)?
            | delete \s+ from | merge \s+ into
            | truncate (?:\s+table)?
            | (?:alter|drop) \s+ table (?:\s+if\s+exists)? )
        \s+ (?:only\s+)? (?:["`\[]?\w+["`\]]?\.)? ["`\[]? mk__""",
    re.IGNORECASE | re.VERBOSE,
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def protect_core(connection: sa.Connection) -> None:
    """Refuse statements on this connection that change tables of the core.

    It stops mistakes, not malice: code in our own process can open a connection of its own.
    """

    @sa.event.listens_for(connection, "before_cursor_execute")
    def look(_: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "mk__" in statement and _CHANGES_CORE.search(_COMMENTS.sub(" ", statement)):
            raise MentorKitError(
                "plugin.core_table",
                "A plugin changes its own tables alone. For the core's there are the functions "
                "of mentorkit.journey.",
            )
