"""A line to the host's broker that gives up at once where nobody answers.

Celery's own producers try for seconds, or for ever, to reach a broker that is away, whatever
`retry=False` says. Whoever rings a bell cannot wait for that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

log = logging.getLogger("mentorkit.plugin.celery")
CONNECT = 3.0
"""Seconds to wait for the broker to answer."""
PAUSE = 10.0
"""Seconds for which a broker that did not answer is left alone."""


class Line:
    """One connection of one thread, made when it is needed, and again when it broke."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._connection: Any = None
        self._away = 0.0

    def send(self, task: Any, queue: str, args: Sequence[Any]) -> bool:
        """Hand one message to the broker; False where it is away, which the log says once."""
        if self._away and time.monotonic() < self._away:
            return False
        for _ in range(2):  # a connection that was open may have broken unseen
            try:
                task.apply_async(args, queue=queue, connection=self._open(), retry=False)
            except Exception as error:
                told = error
                self.close()
                continue
            if self._away:
                log.warning("The broker answers again.")
            self._away = 0.0
            return True
        if not self._away:
            log.warning(
                "The broker cannot be reached (%s): what waits is found later, without a bell.",
                why(self.app, told),
            )
        self._away = time.monotonic() + PAUSE
        return False

    def _open(self) -> Any:
        if self._connection is None:
            bounds = {
                "max_retries": 0,
                "socket_timeout": CONNECT,
                "socket_connect_timeout": CONNECT,
            }
            self._connection = self.app.connection_for_write(
                connect_timeout=CONNECT, transport_options=bounds
            )
        return self._connection

    def close(self) -> None:
        """Hang up; the next message makes another connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.release()


def why(app: Any, error: Exception) -> str:
    """Return what keeps an app from its broker, without the address, which may hold a password.

    Where the package that speaks with Redis is missing, Kombu fails with an `AttributeError`.
    """
    if str(app.conf.broker_url or "").startswith("redis") and find_spec("redis") is None:
        return "the package redis is not installed: pip install 'mentorkit-celery[redis]'"
    return type(error).__name__


__all__ = ["Line", "why"]
