"""Match runs, their progress, and pages of anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.kept import Kept
from mentorkit.domain.moves import STAFF, SYSTEM, Moves, Role

T = TypeVar("T")

RUN_MOVES = Moves(
    "match run",
    {
        ("queued", "running"): STAFF | SYSTEM,
        ("queued", "discarded"): STAFF,
        ("running", "draft"): STAFF | SYSTEM,
        ("running", "failed"): STAFF | SYSTEM,
        ("running", "discarded"): STAFF,
        ("draft", "reviewed"): STAFF,
        ("draft", "published"): STAFF,
        ("draft", "discarded"): STAFF,
        ("reviewed", "draft"): STAFF,
        ("reviewed", "published"): STAFF,
        ("reviewed", "discarded"): STAFF,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Kept):
    """One run of a program's strategy. It stays a draft until staff publish it.

    `strategy_version` names the version of the strategy it was made under; `summary` carries the
    figures that let a coordinator see the trade (pairs, total, bounds, blocking pairs, method).
    """

    program_id: str
    state: str = "queued"
    strategy_version: int = 1
    seed: int = 0
    summary: Frozen = field(default_factory=Frozen)
    reason: str | None = None
    created_at: datetime

    def move(self, to: str, *, by: Role, reason: str | None = None) -> Run:
        RUN_MOVES.check(self.state, to, by)
        return replace(self, state=to, reason=reason)


class Progress(Protocol):
    """How long work tells where it is; `step` raises `Cancelled` when it should stop."""

    def step(self, done: int, total: int, what: str = "") -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some of a list, and the key with which to ask for what follows (None: that was all)."""

    items: tuple[T, ...]
    next: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
