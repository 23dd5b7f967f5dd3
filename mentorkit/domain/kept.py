"""What every noun has that the store keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A row of one tenant; `version` rises with each save, so that a stale one is a conflict."""

    id: str
    tenant: str
    version: int = 1
