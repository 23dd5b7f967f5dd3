"""The one place that dials out: encrypted, with limits of time and size, and without redirects.

For the vendors that a deployer names in their settings; an address that anybody else may name does
not belong here.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mentorkit.domain.messages import RetryLater
from mentorkit.errors import Invalid, Problem

LARGEST = 64 * 1024
"""Bytes of an answer that are read; the rest is left."""
OWN = ("127.0.0.1", "::1", "localhost")
"""Where nothing needs to be encrypted: this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a vendor answered; `wait` is for how many seconds it asks to be left alone, if any."""

    status: int
    body: bytes
    wait: int | None = None


def send_to(
    url: str, *, body: bytes, headers: Mapping[str, str], timeout: float, method: str = "POST"
) -> Answer:
    """Send `body` to an https address and return the answer, whatever its status.

    Each wait takes `timeout` seconds at most, and so does the body of the answer as a whole.
    Raises `RetryLater` where no answer came: then nobody knows whether the vendor has acted on it.
    No redirect is followed and no proxy of the environment's is used.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host in OWN):
        told = Problem("address", "write one that begins with https://")
        raise Invalid("http.address", "Nothing is sent to this address.", [told])
    connection = (
        http.client.HTTPSConnection(
            host, parts.port, timeout=timeout, context=ssl.create_default_context()
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=timeout)
    )
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        read, until = bytearray(), time.monotonic() + timeout
        while len(read) < LARGEST and (piece := answer.read1(LARGEST - len(read))):
            read += piece
            if time.monotonic() > until:
                raise TimeoutError
        asked = answer.headers.get("Retry-After", "")
        wait = int(asked) if asked.isascii() and asked.isdecimal() else None
        return Answer(status=answer.status, body=bytes(read), wait=wait)
    # Nothing of what went wrong is told on: it may quote what was sent.
    except (OSError, http.client.HTTPException) as error:
        raise RetryLater(type(error).__name__) from None
    finally:
        connection.close()
