"""A product for tests that other processes work for, too: made of what the environment says.

``mentorkit --kit mentorkit.testing.product:kit work`` works for it. What its plugin does is written
to a file line by line, so that it outlasts whoever is killed, and its clock can be moved for all.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from mentorkit import Kit, Manifest, hookimpl
from mentorkit.domain.events import Event, ParticipantApproved
from mentorkit.domain.people import HostPerson
from mentorkit.hooks import Reaction
from mentorkit.store.urls import sessions_at

SETTING = "MENTORKIT_TEST_PRODUCT"
"""The variable of the environment that says which product."""
SLOW = 0.2
"""Seconds that a fact takes whose name begins with ``slow``."""


class Customers:
    """A host whose customers are these tenants, and who knows of no users."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def lookup(self, tenant: str, refs: Collection[str]) -> Mapping[str, HostPerson]:
        return {}

    def search(self, tenant: str, text: str, limit: int) -> Sequence[HostPerson]:
        return []

    def tenants(self) -> Iterable[str]:
        return self.names


class Effect(NamedTuple):
    """One line of the ledger: ``begun`` or ``done``, of which fact, by which process."""

    what: str
    sequence: int
    subject: str
    process: int


class Ledger:
    """What has had an effect, in a file that processes add lines to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "effects"

    def write(self, what: str, event: Event) -> None:
        line = f"{what} {event.sequence} {event.subject_id} {os.getpid()}\n"
        file = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def effects(self, what: str = "done") -> list[Effect]:
        text = self.path.read_text() if self.path.exists() else ""
        rows = (line.split() for line in text.splitlines())
        found = [Effect(a, int(b), c, int(d)) for a, b, c, d in rows]
        return [one for one in found if one.what == what]


class MovedClock:
    """The time of day, and what the test has added to that, for all processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "forward"

    def __call__(self) -> datetime:
        seconds = float(self.path.read_text()) if self.path.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=seconds)

    def forward(self, **units: float) -> None:
        before = float(self.path.read_text()) if self.path.exists() else 0.0
        new = self.path.with_suffix(".new")
        new.write_text(str(before + timedelta(**units).total_seconds()))
        new.replace(self.path)


class Noting:
    """The plugin ``noting``: writes down that it heard of somebody's approval."""

    manifest = Manifest(title="Noting")

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    @hookimpl
    def mentorkit_reactions(self) -> Iterable[Reaction]:
        yield Reaction(name="note", on=(ParticipantApproved,), handle=self.note)

    def note(self, ctx: Any, event: Event) -> None:
        self.ledger.write("begun", event)
        if str(event.subject_id).startswith("slow"):
            time.sleep(SLOW)
        self.ledger.write("done", event)


class Product:
    """One product: its database (an SQLite file, or a URL), and a folder for the rest."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.ledger, self.clock = Ledger(folder), MovedClock(folder)
        options: dict[str, Any] = {
            "plugins": (("noting", Noting(self.ledger)),),
            "people": Customers("acme"),
            "clock": self.clock,
        }
        self.engine: Any = None
        if "://" in database:
            self.engine, sessions = sessions_at(database)
            self.kit = Kit(sessions=sessions, **options)
        else:
            self.kit = Kit.embedded(database, **options)

    @property
    def environment(self) -> dict[str, str]:
        """What another process finds it by."""
        return {SETTING: json.dumps({"database": self.database, "folder": str(self.folder)})}

    @classmethod
    def here(cls) -> Product:
        """Return the product that the environment names."""
        told = json.loads(os.environ[SETTING])
        return cls(told["database"], Path(told["folder"]))

    def close(self) -> None:
        self.kit.close()
        if self.engine is not None:
            self.engine.dispose()


def __getattr__(name: str) -> Any:
    if name != "kit":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["kit"] = kit = Product.here().kit
    return kit
