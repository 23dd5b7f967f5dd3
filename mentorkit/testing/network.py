"""Keep code off the network, and know whether it tried."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


class NetworkBlocked(OSError):
    """Raised to code that opens a connection where none is allowed."""


@contextmanager
def network_blocked() -> Iterator[list[str]]:
    """Block every connection and name look-up; gives the list of what was tried.

    Look at the list afterwards: code that catches all errors hides the one that it got. Sockets
    between processes of this machine (``AF_UNIX``) stay open.
    """
    tried: list[str] = []

    def refuse(address: object) -> NetworkBlocked:
        tried.append(str(address))
        return NetworkBlocked(f"the network is blocked here; something asked for {address}")

    def guarded(real: Any) -> Any:
        def call(self: socket.socket, *args: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                raise refuse(args[-1] if args else "?")
            return real(self, *args)

        return call

    def look_up(host: object, *args: Any, **kwargs: Any) -> Any:
        raise refuse(host)

    with (
        patch.object(socket.socket, "connect", guarded(socket.socket.connect)),
        patch.object(socket.socket, "connect_ex", guarded(socket.socket.connect_ex)),
        patch.object(socket.socket, "sendto", guarded(socket.socket.sendto)),
        patch.object(socket, "getaddrinfo", look_up),
        patch.object(socket, "gethostbyname", look_up),
    ):
        yield tried
