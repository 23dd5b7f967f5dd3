"""Where the arrays of a shared scan lie while it lasts: a folder or a Redis that all can reach.

A message names them by key. What lies there is numpy's own format, without code in it, and it is
deleted once the scan is over.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from mentorkit.errors import Problem, SettingsError

KEPT = 3600
"""Seconds after which what a process left behind that was killed is deleted."""
_KEY = re.compile(r"[0-9a-f]{32}\.[0-9a-z.]{1,40}")


class Storage(Protocol):
    """Keeps bytes by key, for `KEPT` seconds at most."""

    def put(self, key: str, packed: bytes) -> None: ...
    def get(self, key: str) -> bytes | None: ...
    def there(self, keys: Iterable[str]) -> set[str]: ...
    def drop(self, keys: Collection[str]) -> None: ...


class Folder:
    """A folder that the hosts share, or of one machine where all workers are on it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def put(self, key: str, packed: bytes) -> None:
        place = self._place(key)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clear()
        part = place.with_name(f"{place.name}-{uuid4().hex}.part")
        try:
            with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(packed)
            part.replace(place)  # nobody reads half of it
        finally:
            with suppress(OSError):
                part.unlink()

    def get(self, key: str) -> bytes | None:
        try:
            return self._place(key).read_bytes()
        except FileNotFoundError:
            return None

    def there(self, keys: Iterable[str]) -> set[str]:
        return {key for key in keys if self._place(key).exists()}

    def drop(self, keys: Collection[str]) -> None:
        for key in keys:
            with suppress(OSError):
                self._place(key).unlink()

    def _place(self, key: str) -> Path:
        return self.path / _checked(key)

    _cleared = 0.0

    def _clear(self) -> None:
        """Delete what others have left behind, once in a while."""
        if time.monotonic() - self._cleared < KEPT and self._cleared:
            return
        self._cleared = time.monotonic()
        for place in self.path.glob("*.*"):
            with suppress(OSError):
                if place.is_file() and time.time() - place.stat().st_mtime > KEPT:
                    place.unlink()


class Redis:
    """A Redis, by its address, such as the broker's own."""

    def __init__(self, url: str, prefix: str) -> None:
        try:
            import redis
        except ImportError:
            told = "install its client: pip install 'mentorkit-celery[redis]'"
            raise SettingsError("celery.shards", "Redis cannot be used:", [
                Problem("shards", told)
            ]) from None  # fmt: skip
        bounds = {"socket_connect_timeout": 3.0, "socket_timeout": 30.0}
        self.client: Any = redis.Redis.from_url(url, **bounds)
        self.prefix = prefix

    def put(self, key: str, packed: bytes) -> None:
        self.client.set(self._name(key), packed, ex=KEPT)

    def get(self, key: str) -> bytes | None:
        found: bytes | None = self.client.get(self._name(key))
        return found

    def there(self, keys: Iterable[str]) -> set[str]:
        asked = list(keys)
        with self.client.pipeline(transaction=False) as line:
            for key in asked:
                line.exists(self._name(key))
            return {key for key, found in zip(asked, line.execute(), strict=True) if found}

    def drop(self, keys: Collection[str]) -> None:
        if keys:
            self.client.delete(*map(self._name, keys))

    def _name(self, key: str) -> str:
        return f"{self.prefix}.shards.{_checked(key)}"


def _checked(key: str) -> str:
    """Return a key that a message named, if it is one of ours: it names a file."""
    if not _KEY.fullmatch(key):
        raise ValueError("This is no key of a shard.")
    return key


def storage_at(place: str | Path, prefix: str) -> Storage:
    """Return the storage at an address ``redis://...`` or in a folder."""
    scheme = urlsplit(str(place)).scheme
    if scheme in ("redis", "rediss", "unix"):
        return Redis(str(place), prefix)
    if scheme and "://" in str(place):
        told = "write redis://HOST:PORT/DB, or the path of a folder that all workers share"
        raise SettingsError("celery.shards", "There is no such storage:", [Problem("shards", told)])
    return Folder(place)


__all__ = ["Folder", "Redis", "Storage", "storage_at"]
