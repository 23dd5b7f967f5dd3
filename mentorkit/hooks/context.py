"""What plugin code is given to work with. What must not write is given nothing to write with."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from random import Random
from typing import Any, Protocol

from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program


class Context(Protocol):
    """Read and decide. `random` is seeded, so that the same input gives the same answer."""

    @property
    def tenant(self) -> str: ...
    @property
    def program(self) -> Program | None: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def now(self) -> datetime: ...
    @property
    def random(self) -> Random: ...
    @property
    def log(self) -> logging.Logger: ...


class WorkContext(Context, Protocol):
    """May also write: `transaction()` is a transaction of the plugin's own, never the core's.

    It yields a SQLAlchemy connection to the same database, bound to nothing but the tenant that
    the plugin puts into its own rows; it commits when the block ends and rolls back on an error.
    With `write` false it only reads: it waits for nobody who writes, and nobody waits for it.
    """

    def transaction(self, *, write: bool = True) -> AbstractContextManager[Any]: ...
    def inbound(self, channel: str) -> str:
        """Return where a channel's vendor reaches its `receive`; "" where the kit has no site."""


class CommandContext(WorkContext, Protocol):
    """What a command is given: it knows who is acting too, and shows them only what is theirs.

    A nudge that awaits something of its own is given it as well, acting as the system.
    """

    @property
    def actor(self) -> Actor: ...
    @property
    def kit(self) -> Any:
        """The `Kit`, which the functions of `mentorkit.journey` take."""
