"""The stage: a kit on a database of its own, whose clock is moved and whose messages are kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mentorkit.domain.messages import Message, Receipt
from mentorkit.domain.people import Contact, Person
from mentorkit.domain.site import Portal
from mentorkit.domain.surveys import SurveyRequest
from mentorkit.hooks import Channel, Context, FeedbackVendor, WorkContext
from mentorkit.kit import Kit

if TYPE_CHECKING:
    from mentorkit.hooks.registry import Registry

NAME = "rehearse"
NOWHERE = Portal("https://rehearsal.invalid/{tenant}")
EMPTY: Mapping[str, Any] = {}
"""Of kinds that are not rehearsed: what plugins do outside, and what asks services."""


class Clock:
    """Stands still until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now


class Ids:
    """Makes ids that follow one another, by the stage's clock: the same ones each time.

    `first` is the number of the first; a stage that is used again goes on after its `last`.
    """

    def __init__(self, clock: Clock, first: int = 1) -> None:
        self.clock, self.numbers, self.last = clock, count(first), first - 1

    def __call__(self) -> str:
        high = int(self.clock.now.timestamp() * 1000) << 16 | 0x7 << 12
        self.last = next(self.numbers)
        return str(UUID(int=high << 64 | 0b10 << 62 | self.last))


@dataclass(frozen=True, slots=True)
class Got:
    """One message that somebody got in the rehearsal; `key` is the message's own."""

    at: datetime
    person_id: str
    name: str
    template: str
    subject: str
    key: str
    message: Message | None = field(repr=False)


class Take(Channel):
    """Takes every message, for everybody; with `whole` it keeps their texts too."""

    name = NAME
    title = "Rehearsal"

    def __init__(self, whole: bool) -> None:
        self.whole, self.got = whole, list[Got]()

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        return True

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        kept = message if self.whole else None
        subject, key = message.subject, message.key
        self.got.append(Got(ctx.now, person.id, person.name, message.template, subject, key, kept))
        return Receipt(channel=self.name, reference=message.key)


class Asked(FeedbackVendor):
    """Stands in for a vendor of this name: people are told, and nobody outside hears of it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def invite(self, ctx: WorkContext, request: SurveyRequest) -> str:
        return "rehearsal"


@dataclass
class Stage:
    """Where a program is rehearsed."""

    kit: Kit
    clock: Clock
    ids: Ids
    take: Take


@contextmanager
def stage(kit: Kit, begins: datetime, *, whole: bool) -> Iterator[Stage]:
    """Set a stage up with the plugins of a kit; take it down in the end, with all that is on it."""
    with (
        TemporaryDirectory(prefix="mentorkit-rehearsal-") as folder,
        opened(kit, Path(folder) / "rehearsal.db", begins, whole=whole) as here,
    ):
        yield here


@contextmanager
def opened(kit: Kit, path: Path, now: datetime, *, whole: bool, first: int = 1) -> Iterator[Stage]:
    """Open the stage in this file, made where there is none, with the plugins of a kit.

    Nothing that happens on it reaches anybody: one channel takes every message, reactions and
    features are off, content checks and vendors are asked nothing, and links are signed with a
    secret that is thrown away. `first` is where its ids go on.
    """
    import sqlalchemy as sa

    clock, take, new = Clock(now), Take(whole), not path.exists()
    ids = Ids(clock, first)
    made = Kit.embedded(
        path,
        registry=_registry(kit.registry, take),
        clock=clock,
        ids=ids,
        secret_keys=[secrets.token_bytes(32)],
        site=NOWHERE,
    )
    # What is deleted in the end need not outlast a power cut.
    sa.event.listen(made.engine, "connect", _unhurried)
    made.engine.dispose()
    try:
        for owner in made.owners if new else ():
            if owner.metadata is not None:
                owner.metadata.create_all(made.engine)
        yield Stage(made, clock, ids, take)
    finally:
        made.close()


def _unhurried(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF").close()


def _registry(registry: Registry, take: Take) -> Registry:
    plugins = dict(registry.plugins)
    if "matching" in plugins:  # the file in which a deployer keeps people is of the real program
        one = plugins["matching"]
        told = {name: value for name, value in one.settings.items() if name != "pool_folder"}
        plugins["matching"] = replace(one, settings=told)
    vendors = {name: Asked(name) for name in registry.feedback_vendors}
    owners = {**registry.owners, ("channels", take.name): NAME}
    return replace(
        registry, plugins=plugins, owners=owners, channels={take.name: take},
        feedback_vendors=vendors, reactions=EMPTY, features=EMPTY, content_checks=EMPTY,
        checks=EMPTY, recruitment_sources=EMPTY,
    )  # fmt: skip
