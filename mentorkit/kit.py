"""The kit: the one place where host, plugins and store are wired."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from mentorkit import signals
from mentorkit.domain.events import Event
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import Actor, HostPerson, People, is_zone
from mentorkit.domain.programs import Program
from mentorkit.domain.site import Portal, Site, is_address
from mentorkit.domain.surveys import ASKS
from mentorkit.errors import Conflict, MentorKitError, PluginError, Problem, SettingsError
from mentorkit.store import declarations, migrate
from mentorkit.store.engines import nested, sessions_on
from mentorkit.store.faults import passes, translated
from mentorkit.store.transaction import (
    Outcome,
    Transaction,
    checked_tenant,
    follow,
    joinable,
    opened,
    tenants_in,
)
from mentorkit.store.walls import protect_core

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy.orm import Session

    from mentorkit.hooks.context import CommandContext, Context, WorkContext
    from mentorkit.hooks.registry import Registry

T = TypeVar("T")
ATTEMPTS = 8
"""How often `Kit.write` does a piece of work at most, when others are in its way."""
STALE = 3
"""How often of these somebody may have changed what it had just read; then they are told."""


class Kit:
    """Mentoring on a host's database: its sessions, its people, and the plugins it lists.

    `sessions` makes a new SQLAlchemy session at each call (a ``sessionmaker``). `people` answers
    for the host's users. `secret_keys` (new first) sign links, `site` says where the pages stand,
    so that messages can lead there. `clock` and `ids` are for tests. `registry` is one that is
    loaded already.
    """

    def __init__(
        self,
        *,
        sessions: Callable[[], Session],
        people: People | None = None,
        plugins: Sequence[Any] | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        secret_keys: Sequence[str | bytes] = (),
        site: Site | None = None,
        clock: Callable[[], datetime] | None = None,
        ids: Callable[[], str] | None = None,
        registry: Any = None,
    ) -> None:
        self.sessions = sessions
        self.people = people
        _check_given(secret_keys, site)
        self.secret_keys = tuple(secret_keys)
        self.site = site
        self.clock: Callable[[], datetime] = clock or (lambda: datetime.now(UTC))
        self.ids: Callable[[], str] = ids or Uuid7()
        self._open: ContextVar[bool] = ContextVar(f"mentorkit_open_{id(self)}", default=False)
        self._shared: ContextVar[Transaction | None] = ContextVar(
            f"mentorkit_shared_{id(self)}", default=None
        )
        self._before_writing: ContextVar[Callable[[Transaction], None] | None] = ContextVar(
            f"mentorkit_before_{id(self)}", default=None
        )
        """For `web.once` alone, which holds a form: what is done first in each writing transaction,
        ours or a plugin's; if it raises, nothing else is. No plugin and no host is to use it."""
        self.looked_at: dict[str, tuple[int, ...]] = {}
        """By program, what was marked when last nobody waited for a feature; for the worker."""
        self.bells: list[Callable[[str, frozenset[str]], object]] = []
        """Called after the real commit with the tenant and the kinds of rows that are due by it: to
        wake a worker. A bell may be lost, as the rows are the work; one that fails is logged."""
        self.map_shards: Any = None
        """What match runs share their scan out with, as `matching.run` takes it; None: here."""
        self._to_close: list[Callable[[], None]] = []
        self._check_sessions()
        follow(sessions)
        if registry is None:
            from mentorkit.hooks.registry import DEFAULT_PLUGINS, Registry

            registry = Registry.load(DEFAULT_PLUGINS if plugins is None else plugins, settings)
            self._to_close.append(registry.close)
        self.registry: Registry = registry
        declarations.check({owner.name: owner.metadata for owner in self.owners if owner.metadata})
        self._check_start()

    @classmethod
    def embedded(cls, path: str | Path, **options: Any) -> Kit:
        """Make a kit, as `Kit` does, on an SQLite file of its own; `upgrade` makes its tables."""
        engine, sessions = sessions_on(path)
        kit = cls(sessions=sessions, **options)
        kit._to_close.append(engine.dispose)
        return kit

    # ------------------------------------------------------------------ database

    @property
    def engine(self) -> sa.Engine:
        """The engine that the sessions work on."""
        with self.sessions() as session:
            return session.get_bind().engine

    @cached_property
    def owners(self) -> tuple[migrate.Owner, ...]:
        """Who has tables: the core, then each plugin that does, in the listed order."""
        plugins = [
            migrate.owner(name, plugin.manifest.tables, plugin.manifest.migrations)
            for name, plugin in self.registry.plugins.items()
            if plugin.manifest.tables is not None or plugin.manifest.migrations is not None
        ]
        return (migrate.CORE, *plugins)

    def upgrade(self) -> None:
        """Bring the database up to date, the core first, then each plugin with migrations."""
        migrate.upgrade(self.engine, self.owners)

    def close(self) -> None:
        """Close the providers and the engine that the kit made itself; a host's stay open."""
        for close in self._to_close:
            close()

    # ------------------------------------------------------------------ transactions

    @contextmanager
    def transaction(
        self, *, tenant: str, write: bool = True, session: Session | None = None
    ) -> Iterator[Transaction]:
        """Open one tenant's transaction; commit when the block ends, roll back when it raises.

        With `session` it joins the host's, which then commits. Signals go out after the real
        commit. A writing transaction inside another of the same caller is refused.
        """
        shared = self._shared.get()
        if shared and shared.tenant == tenant and session is None and not write:
            yield shared
            return
        outcome = Outcome(
            tenant=checked_tenant(tenant),
            announce=self._announce,
            ring=self.ring,
            session=joinable(session) if session is not None else self.sessions(),
            owned=session is None,
        )
        alone = self._alone() if write and outcome.owned else nullcontext()
        with alone, opened(outcome, write=write):
            yield self._begun(outcome, write)
        if outcome.owned:
            outcome.tell()

    def _begun(self, outcome: Outcome, write: bool = True) -> Transaction:
        """Return the transaction that was opened, once what comes first in it is done."""
        tx = Transaction(
            outcome=outcome,
            now=self.clock(),
            new_id=self.ids,
            listeners=self._listeners,
            metadatas=[owner.metadata for owner in self.owners if owner.metadata is not None],
            write=write,
        )
        if write and outcome.owned and (first := self._before_writing.get()) is not None:
            first(tx)
        return tx

    @contextmanager
    def reading_once(self, *, tenant: str) -> Iterator[None]:
        """Let all that only reads in this block do so in one transaction, and nothing twice.

        For a page of several steps; what writes, and plugins, stay outside of it.
        """
        with self.transaction(tenant=tenant, write=False) as tx:
            before, tx.known = tx.known, {}
            token = self._shared.set(tx)
            try:
                yield
            finally:
                self._shared.reset(token)
                tx.known = before  # what was read goes at once

    def write(
        self, tenant: str, work: Callable[[Transaction], T], *, attempts: int = ATTEMPTS,
        beside: Collection[str] = (),
    ) -> T:  # fmt: skip
        """Do `work` in a transaction of its own, again from the start while others are in its way.

        `work` must read what it changes, and have no effect but on the database. Raises `Conflict`
        in the end: store.busy, or that a thing has changed since it was read. `beside` are the
        codes of what others may have made at the same moment, which is seen the next time.
        """

        def once() -> T:
            with self.transaction(tenant=tenant) as tx:
                return work(tx)

        return self.retrying(once, attempts=attempts, beside=beside)

    def retrying(
        self, work: Callable[[], T], *, attempts: int = ATTEMPTS, beside: Collection[str] = ()
    ) -> T:
        """Call `work`, which owns its transactions, until nobody is in its way, as `write` does."""
        stale = 0
        for attempt in range(1, attempts):
            try:
                return work()
            except Conflict as error:
                new = error.code in beside
                stale += new or error.code.endswith(".stale")
                if stale == STALE or not (new or passes(error)):
                    raise
                time.sleep(min(1.0, 0.005 * 2**attempt) * (0.5 + random.random()))
        return work()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._open.get():
            raise nested()
        token = self._open.set(True)
        try:
            yield
        finally:
            self._open.reset(token)

    def _listeners(self, cls: type[Event]) -> Sequence[tuple[str, str]]:
        ours = (
            [("", "feedback")] if issubclass(cls, ASKS) and self.registry.feedback_vendors else []
        )
        return ours + [
            (key.partition(".")[0], reaction.name)
            for key, reaction in self.registry.reactions.items()
            if issubclass(cls, tuple(reaction.on))
        ]

    def _announce(self, tenant: str, recorded: Sequence[tuple[int, type[Event]]]) -> None:
        """Read back what was stored, in its order, and tell the host."""
        if not signals.heard(self, (cls for _, cls in recorded)):
            return
        try:
            with self.transaction(tenant=tenant, write=False) as tx:
                events = tx.journal.numbered(sequence for sequence, _ in recorded)
        except Exception:
            # It is committed; a caller who heard of an error now would do it all again.
            signals.log.exception("What tenant %s stored could not be announced.", tenant)
            return
        for event in events:
            signals.send(self, event)

    def ring(self, tenant: str, kinds: frozenset[str]) -> None:
        """Ring every bell for rows of these kinds that are due."""
        for bell in self.bells:
            try:
                bell(tenant, kinds)
            except Exception:  # what was promised stands, and is found without a bell, too
                signals.log.exception("A bell for the work of tenant %s failed.", tenant)

    # ------------------------------------------------------------------ tenants and people

    def tenants(self) -> list[str]:
        """Name the tenants whose work is to be done: the host's word, else those with data."""
        if self.people is not None:
            return list(dict.fromkeys(self.people.tenants()))
        with self.sessions() as session, translated("tenant"):
            return tenants_in(session)

    def people_changed(self, refs: Collection[str]) -> int:
        """Look the host's users up again, unlink who is gone; return how many people changed."""
        if self.people is None or not refs:
            return 0
        changed = 0
        for tenant in self.tenants():
            known = self.people.lookup(tenant, refs)  # the host's answer, before any transaction
            changed += self.write(tenant, partial(_refresh, known, refs))
        return changed

    # ------------------------------------------------------------------ what plugins are given

    def context(
        self,
        tenant: str,
        program: Program | None,
        plugin: str,
        *,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> Context:
        """Return what a plugin reads and decides with; `settings` are the program's, on top.

        Where the program sets nothing, the deployer's setting of that name holds, else the usual.
        """
        loaded = self.registry.plugins.get(plugin)
        usual = loaded.manifest.usual if loaded and settings is not None else {}
        own = loaded.settings if loaded else {}
        return KitContext(
            tenant=checked_tenant(tenant),
            program=program,
            settings=Frozen({**usual, **own, **(settings or {})}),
            now=self.clock(),
            seed=f"{tenant}/{program.id if program else ''}/{plugin}/{seed}",
            log=logging.getLogger(f"mentorkit.plugin.{plugin}"),
        )

    def work_context(
        self, tenant: str, program: Program | None, plugin: str, **chosen: Any
    ) -> WorkContext:
        """Return the same with `transaction()`, for what the worker calls."""
        given = self.context(tenant, program, plugin, **chosen)
        opening = partial(self._plugin_transaction, given.tenant)
        return KitWorkContext(**vars(given), transaction=opening, site=self.site)

    def acting_context(
        self, tenant: str, program: Program | None, plugin: str, actor: Actor, **chosen: Any
    ) -> CommandContext:
        """Return the same for what asks the journey itself, and as whom."""
        given = self.work_context(tenant, program, plugin, **chosen)
        return KitCommandContext(**vars(given), actor=actor, kit=self)

    @contextmanager
    def _plugin_transaction(self, tenant: str, *, write: bool = True) -> Iterator[sa.Connection]:
        """Open a transaction of the plugin's own; none that writes inside one of the core's."""
        outcome = Outcome(tenant=tenant, announce=None, session=self.sessions(), owned=True)
        alone = self._alone() if write else nullcontext()
        with alone, opened(outcome, write=write) as connection:
            self._begun(outcome, write)
            protect_core(connection, write=write)
            yield connection

    # ------------------------------------------------------------------ starting

    def _check_sessions(self) -> None:
        first, second = self.sessions(), self.sessions()
        if first is second:
            raise MentorKitError(
                "kit.shared_session",
                "`sessions` gave the same session twice. Give a sessionmaker that makes a new one "
                "each time, not a scoped_session: a transaction of ours would commit what the "
                "host has pending. To write along with the host, use transaction(session=...).",
            )
        first.close()
        second.close()

    def _check_start(self) -> None:
        from mentorkit.hooks.calls import examine

        checks = self.registry.checks.items()
        found = {key: examine(check) for key, check in checks if check.at_start}
        failed = [
            Problem(key, f"{health.message} {health.hint}".strip())
            for key, health in found.items()
            if not health.ok
        ]
        if failed:
            raise PluginError("plugin.check_failed", "These checks stop the start:", failed)


def _check_given(secret_keys: Any, site: Site | None) -> None:
    """Raise `SettingsError` with every key that cannot sign, and an address that leads nowhere."""
    wrong = []
    if isinstance(secret_keys, (str, bytes)):
        wrong.append(Problem("secret_keys", "write a list of keys, not one text"))
        secret_keys = ()
    for index, key in enumerate(secret_keys):
        if not isinstance(key, (str, bytes)) or not key:
            told = "write a text or bytes that nobody guesses"
            wrong.append(Problem(f"secret_keys[{index}]", told))
    if isinstance(site, Portal) and not is_address(site.base):
        told = "write the portal's whole address, such as https://example.org/mentoring"
        wrong.append(Problem("site", told))
    if wrong:
        raise SettingsError("kit.settings", "What the kit was given cannot be used:", wrong)


def _refresh(known: Mapping[str, HostPerson], refs: Collection[str], tx: Transaction) -> int:
    """Keep what the host knows of these users now; return how many people that changed."""
    changed = []
    for person in tx.people.find(user_ref=list(refs)):
        host = known.get(str(person.user_ref))
        if host is None:
            now = replace(person, user_ref=None)
        else:
            zone = host.zone if is_zone(host.zone) else person.zone
            now = replace(person, name=host.name, locale=host.locale, zone=zone)
        if now != person:
            changed.append(now)
    tx.people.save_all(changed)
    return len(changed)


@dataclass(frozen=True, kw_only=True)
class KitContext:
    """What `Context` promises."""

    tenant: str
    program: Program | None
    settings: Mapping[str, Any] = field(repr=False)
    now: datetime
    seed: str = field(repr=False)
    log: logging.Logger

    @cached_property
    def random(self) -> Random:
        """Numbers that are the same for the same; to seed them takes long, and few ask."""
        return Random(self.seed)


@dataclass(frozen=True, kw_only=True)
class KitWorkContext(KitContext):
    """What `WorkContext` promises; `transaction` opens one of the plugin's own."""

    transaction: Callable[..., AbstractContextManager[Any]]
    site: Site | None = field(repr=False)

    def inbound(self, channel: str) -> str:
        """Return the address that a channel's vendor calls, if the kit knows where it stands."""
        return self.site.url(self.tenant, "inbound", channel=channel) if self.site else ""


@dataclass(frozen=True, kw_only=True)
class KitCommandContext(KitWorkContext):
    """What `CommandContext` promises."""

    actor: Actor
    kit: Kit = field(repr=False)


class Uuid7:
    """Makes ids that sort by when they were made, also those of one millisecond (RFC 9562)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        with self._lock:
            # 48 bits of milliseconds and 12 that count within one, always onward.
            self._last = ticks = max(time.time_ns() // 1_000_000 << 12, self._last + 1)
        high = ticks >> 12 << 16 | 0x7 << 12 | ticks & 0xFFF
        return str(UUID(int=high << 64 | 0b10 << 62 | secrets.randbits(62)))


__all__ = ["ATTEMPTS", "Kit", "KitCommandContext", "KitContext", "KitWorkContext", "Uuid7"]
