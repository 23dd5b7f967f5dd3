"""What the options before the command's name say: which database, which tenant, who is acting.

Nothing is opened until a command asks for it, so that a command without a need for a database
works without one.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import click

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotFound, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mentorkit.domain.programs import Program
    from mentorkit.hooks.registry import LoadedPlugin, Registry
    from mentorkit.kit import Kit

_SQLITE = b"SQLite format 3\0"
"""How every SQLite file begins that is not empty."""


@dataclass
class Session:
    """One run of the command line: its options, and the kit once somebody asks for it."""

    kit_name: str | None
    db: Path | str
    tenant: str
    person: str | None
    debug: bool = False
    _kit: Kit | None = field(default=None, init=False)
    _registry: Registry | None = field(default=None, init=False)
    _actor: Actor | None = field(default=None, init=False)
    _engine: Any = field(default=None, init=False)

    @property
    def embedded(self) -> bool:
        """Whether this is a database of our own (an SQLite file, or a URL), not a host's kit."""
        return self.kit_name is None

    @property
    def kit(self) -> Kit:
        """The kit, on a database that is there; opened on first use."""
        return self.any_kit()

    def any_kit(self, *, create: bool = False) -> Kit:
        """Return the kit; `create` lets an SQLite file be made if it is missing."""
        if self._kit is None:
            self._kit = self._own(create) if self.kit_name is None else _load(self.kit_name)
        return self._kit

    def use(self, registry: Registry) -> None:
        """Let an embedded kit have this registry instead of loading one."""
        self._registry = registry

    def behind(self) -> list[str]:
        """Return how the opened database differs from what the code expects, if it does."""
        if self._kit is None:
            return []
        from mentorkit.store import migrate

        return migrate.check(self._kit.engine, self._kit.owners)

    def _own(self, create: bool) -> Kit:
        if isinstance(self.db, Path):
            _check_file(self.db, create=create)
            from mentorkit.kit import Kit

            return Kit.embedded(self.db, registry=self.registry)
        from mentorkit.kit import Kit
        from mentorkit.store.urls import sessions_at, shown_url

        self._engine, sessions = sessions_at(self.db)
        with self._engine.connect() as connection:
            schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
        if schema is None:
            raise Invalid(
                "database.schema",
                f"The database {shown_url(self._engine.url)} cannot be used: its search_path names"
                " no schema that is there; make it with CREATE SCHEMA first.",
            )
        return Kit(sessions=sessions, registry=self.registry)

    @property
    def registry(self) -> Registry:
        """The loaded plugins; for an embedded database no database is opened to know them."""
        if self._registry is None:
            if self.kit_name is not None:
                self._registry = self.any_kit().registry
            else:
                from mentorkit.hooks.registry import Registry

                self._registry = Registry.load()
        return self._registry

    @property
    def actor(self) -> Actor:
        """Who is acting: the person of `--as`, else whoever operates this database."""
        if self._actor is None:
            self._actor = Actor(user_ref="cli", admin=True)
            if self.person is not None:
                with self.kit.transaction(tenant=self.tenant, write=False) as tx:
                    person = find_person(tx, self.person)
                self._actor = Actor(user_ref=person.user_ref, person_id=person.id)
        return self._actor

    @property
    def scope(self) -> dict[str, Any]:
        """The tenant and the actor, as every function of the journey takes them."""
        return {"tenant": self.tenant, "actor": self.actor}

    def close(self) -> None:
        """Let go of the database, if one was opened."""
        if self._kit is not None and self.embedded:
            self._kit.close()
        if self._engine is not None:
            self._engine.dispose()


def _check_file(db: Path, *, create: bool) -> None:
    """Raise what to do where this file cannot be the database."""
    if not create and not db.exists():
        raise NotFound(
            "database.not_found",
            f"There is no database at {db}. Make one with `mentorkit db upgrade`, or name"
            " another: `mentorkit --db PATH ...`.",
        )
    if not db.absolute().parent.is_dir():
        raise NotFound(
            "database.no_folder",
            f"There is no folder {db.absolute().parent} to keep the database in. Make it"
            " first, or name another file: `mentorkit --db PATH ...`.",
        )
    if not db.exists():
        return
    try:
        with db.open("rb") as file:
            begins = file.read(len(_SQLITE))
    except OSError as error:
        raise _wrong_file(db, f"cannot be read: {error.strerror}") from None
    if begins and begins != _SQLITE:
        raise _wrong_file(db, "is no SQLite database; name another file, or one yet to be made")


def _wrong_file(db: Path, message: str) -> Invalid:
    return Invalid("database.file", f"The file {db} {message}.")


def find_person(tx: Any, wanted: str, seen: Callable[[Any], bool] = lambda person: True) -> Any:
    """Return the person with this id, external key, reference or e-mail; NotFound if none has.

    Who is not `seen` is not here.
    """
    for name in ("id", "external_key", "user_ref"):
        person = tx.people.first(**{name: wanted})
        if person is not None and seen(person):
            break
    else:
        folded = wanted.strip().casefold()
        found = {
            contact.person_id
            for contact in (tx.contacts.find(kind="email") if "@" in folded else ())
            if contact.value.casefold() == folded and seen(tx.people.get(contact.person_id))
        }
        if len(found) > 1:
            raise Conflict(
                "person.several",
                f"{len(found)} people share the address {wanted}; give the id instead.",
            )
        if found:
            return tx.people.get(found.pop())
        raise NotFound(
            "person.not_found",
            f"There is nobody here with the id, external key, user reference or e-mail {wanted}.",
        )
    return person


def _load(name: str) -> Kit:
    """Return the kit that ``module:attr`` names: a Kit, or a function that makes one."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise _wrong_kit(name, "write it as module:attribute, such as portal.mentoring:kit")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise
        raise _wrong_kit(
            name, f"there is no module {error.name} here; start in the folder that holds it"
        ) from None
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise _wrong_kit(name, f"{module_name} has no {attribute}")
        found = getattr(found, part)
    from mentorkit.kit import Kit

    if not isinstance(found, Kit) and callable(found):
        if _wants_something(found):
            raise _wrong_kit(name, "that wants arguments; name a mentorkit.Kit, or what makes one")
        found = found()
    if not isinstance(found, Kit):
        raise _wrong_kit(name, f"that is no mentorkit.Kit, but {type(found).__name__}")
    return found


def _wants_something(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return True
    return False


def _wrong_kit(name: str, message: str) -> Invalid:
    return Invalid("kit.invalid", "The kit cannot be used:", [Problem(f"--kit {name}", message)])


@dataclass
class CommandContext:
    """What a plugin's command is given; a database is opened only if it asks for a transaction."""

    session: Session
    plugin: LoadedPlugin
    program: Program | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    random: Random = field(default_factory=lambda: Random(0))

    @property
    def tenant(self) -> str:
        """The tenant that `--tenant` names."""
        return self.session.tenant

    @property
    def actor(self) -> Actor:
        """Who is acting: the person of `--as`, else an admin."""
        return self.session.actor

    @property
    def kit(self) -> Kit:
        """The kit that `--kit` names, else one on the database."""
        return self.session.kit

    @property
    def settings(self) -> Mapping[str, Any]:
        """The deployer's settings of this plugin."""
        return self.plugin.settings

    @property
    def log(self) -> logging.Logger:
        """The logger of this plugin."""
        return self.plugin.log

    def inbound(self, channel: str) -> str:
        """Return the address that a channel's vendor calls."""
        context: Any = self.session.kit.work_context(self.tenant, self.program, self.plugin.name)
        return str(context.inbound(channel))

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[Any]:
        """Open a transaction of the plugin's own on the database."""
        context: Any = self.session.kit.work_context(self.tenant, self.program, self.plugin.name)
        opened: AbstractContextManager[Any] = context.transaction(write=write)
        with opened as connection:
            yield connection


pass_session = click.make_pass_decorator(Session)
