"""One tenant, one transaction: owned, or joined to the host's, which then commits.

The rules that make an answer trustworthy stand here: what was swallowed is not acknowledged, and
nothing is announced before it is really committed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import sqlalchemy as sa
from sqlalchemy.orm import Session, SessionTransaction, scoped_session, sessionmaker

from mentorkit.domain.events import Event
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.errors import Invalid, MentorKitError, Problem
from mentorkit.store import repositories
from mentorkit.store.engines import MODE, begin_here, in_error
from mentorkit.store.faults import translate, translated
from mentorkit.store.journal import Journal
from mentorkit.store.outbox import Outbox
from mentorkit.store.tables import program

Listeners = Callable[[type[Event]], Sequence[tuple[str, str]]]
"""Event class -> (plugin, reaction) of each that listens to it; the core's own plugin is ""."""

Announce = Callable[[str, Sequence[tuple[int, type[Event]]]], None]
"""Called after the real commit with the tenant and what was recorded."""

Ring = Callable[[str, frozenset[str]], None]
"""Called after the real commit with the tenant and the kinds of the rows that are due now."""

_INFO = "mentorkit.outcomes"
_FOLLOWED: WeakSet[type[Session]] = WeakSet()
"""The classes of sessions that are listened to, whoever has made one."""
_following = threading.Lock()


@dataclass(eq=False, slots=True, kw_only=True)
class Outcome:
    """What hangs on the end of one session's transaction: the doubts, and what to announce."""

    tenant: str
    announce: Announce | None
    session: Session
    owned: bool
    ring: Ring | None = None
    promised: set[str] = field(default_factory=set)
    """The kinds of rows that were promised for now; one that was taken back rings for nothing."""
    recorded: list[tuple[int, type[Event]]] = field(default_factory=list)
    marks: WeakKeyDictionary[SessionTransaction, int] = field(default_factory=WeakKeyDictionary)
    doomed: SessionTransaction | None = None
    committed: bool = False

    def doom(self) -> None:
        """Let nothing of the innermost savepoint, or of all, be committed."""
        here = self.session.get_nested_transaction() or self.session.get_transaction()
        self.doomed = self.doomed or here

    def begin(self, savepoint: SessionTransaction) -> None:
        self.marks[savepoint] = len(self.recorded)

    def take_back(self, savepoint: SessionTransaction) -> None:
        """Forget what was recorded since; SQLite gives its sequences to others."""
        del self.recorded[self.marks.get(savepoint, 0) :]

    def tell(self) -> None:
        if self.committed and self.promised and self.ring is not None:
            self.ring(self.tenant, frozenset(self.promised))
        if self.committed and self.recorded and self.announce is not None:
            self.announce(self.tenant, tuple(self.recorded))


def follow(sessions: object) -> None:
    """Listen to whatever a sessionmaker makes, at once: to each by itself takes longer."""
    with _following:
        if isinstance(sessions, sessionmaker) and sessions.class_ not in _FOLLOWED:
            _listen(sessions.class_)
            _FOLLOWED.add(sessions.class_)


def watch(outcome: Outcome) -> None:
    """Have `outcome` follow its session's transaction; the session keeps the listeners."""
    session = outcome.session
    if _INFO not in session.info:
        session.info[_INFO] = []
        if type(session) not in _FOLLOWED:
            _listen(session)
    # The last word before a commit is ours: a host may listen to the class after us.
    if list(session.dispatch.before_commit)[-1:] != [_guard]:
        sa.event.listen(session, "before_commit", _guard)
    session.info[_INFO].append(outcome)


def _outcomes(session: Session) -> list[Outcome]:
    """Return what hangs on a session; nothing, if that is the host's alone."""
    found: list[Outcome] = session.info.get(_INFO, [])
    return found


def _guard(session: Session) -> None:
    """Refuse to commit what was spoilt."""
    outcomes = _outcomes(session)
    # Also fires when a savepoint is released; then only what was spoilt inside it counts.
    savepoint = session.get_nested_transaction()
    doomed = [outcome.doomed for outcome in outcomes if outcome.doomed is not None]
    spoilt = savepoint in doomed if savepoint is not None else bool(doomed)
    if spoilt or (outcomes and in_error(session.connection())):
        raise MentorKitError(
            "store.broken_transaction",
            "Something failed in this transaction and was passed over, so nothing of it is "
            "stored. Do what may fail inside `tx.savepoint()`, or let its error through.",
        )


def _listen(to: Session | type[Session]) -> None:
    sa.event.listen(to, "before_commit", _guard)

    @sa.event.listens_for(to, "after_commit")
    def committed(session: Session) -> None:
        # SQLAlchemy calls this when a savepoint is released, too; that is no commit yet.
        if not session.in_nested_transaction():
            for outcome in _outcomes(session):
                outcome.committed = True

    @sa.event.listens_for(to, "after_transaction_create")
    def begun(session: Session, savepoint: SessionTransaction) -> None:
        for outcome in _outcomes(session):
            outcome.begin(savepoint)

    @sa.event.listens_for(to, "after_soft_rollback")
    def rolled_back(session: Session, previous: SessionTransaction) -> None:
        for outcome in _outcomes(session):
            outcome.take_back(previous)
            if outcome.doomed is previous:
                outcome.doomed = None

    @sa.event.listens_for(to, "after_transaction_end")
    def ended(session: Session, transaction: SessionTransaction) -> None:
        # Here, unlike in after_commit, the connection is back in its pool, so reading what was
        # stored never needs two of them at once.
        if transaction.parent is None:
            outcomes = _outcomes(session)
            over = list(outcomes)
            outcomes.clear()
            for outcome in over:
                if not outcome.owned:
                    outcome.tell()


@dataclass(eq=False, kw_only=True)
class Transaction:
    """The repositories, journal and outbox of one tenant, in one transaction, at one moment."""

    outcome: Outcome
    now: datetime
    new_id: Callable[[], str]
    listeners: Listeners
    metadatas: Sequence[sa.MetaData]
    write: bool
    users: dict[str, str | None] = field(default_factory=dict)
    """The host's users who act in it, by the host's name: the person id, if they are known."""
    known: dict[tuple[Any, ...], Any] | None = None
    """What was read already by its equals, where nothing is read twice."""

    def __post_init__(self) -> None:
        self.tenant = self.outcome.tenant
        self.session = self.outcome.session
        self._root = self.session.get_transaction()

    # ------------------------------------------------------------------ what it holds

    people = cached_property(repositories.People)
    contacts = cached_property(repositories.Contacts)
    businesses = cached_property(repositories.Businesses)
    programs = cached_property(repositories.Programs)
    definitions = cached_property(repositories.Definitions)
    participants = cached_property(repositories.Participants)
    runs = cached_property(repositories.Runs)
    proposals = cached_property(repositories.Proposals)
    relationships = cached_property(repositories.Relationships)
    members = cached_property(repositories.Members)
    milestones = cached_property(repositories.Milestones)
    meetings = cached_property(repositories.Meetings)
    notes = cached_property(repositories.Notes)
    blocks = cached_property(repositories.Blocks)
    journal = cached_property(Journal)
    outbox = cached_property(Outbox)

    @property
    def connection(self) -> sa.Connection:
        """The connection of this transaction; a savepoint of the session holds for it too."""
        if self._root is None or self.session.get_transaction() is not self._root:
            raise MentorKitError(
                "store.closed", "This transaction has ended; open another with kit.transaction()."
            )
        return self.session.connection()

    # ------------------------------------------------------------------ facts

    def record(self, event: Event, *, actor: Actor | None, role: str = "") -> Event:
        """Append one fact, promise the reactions to it, and return it with its sequence."""
        return self.record_all([event], actor=actor, role=role)[0]

    def record_all(
        self, events: Iterable[Event], *, actor: Actor | None, role: str = ""
    ) -> list[Event]:
        """Append facts in this order, and an outbox row for each reaction that listens."""
        by = actor or SYSTEM_ACTOR
        filled = [
            replace(
                event,
                tenant=self.tenant,
                at=event.at or self.now,
                actor_id=by.person_id,
                means=by.means,
                role=str(role),
            )
            for event in events
        ]
        stored = self.journal.append(filled)
        jobs = [
            self.outbox.job(
                "reaction",
                f"reaction:{event.sequence}:{plugin}.{name}",
                sequence=event.sequence,
                plugin=plugin,
                name=name,
                program_id=event.program_id,
            )
            for event in stored
            for plugin, name in self.listeners(type(event))
            if plugin or self._asks(event.program_id)
        ]
        self.outbox.add_all(jobs)
        self.outcome.recorded += [(event.sequence, type(event)) for event in stored]
        return stored

    def _asks(self, program_id: str | None) -> bool:
        """Return whether a program has questionnaires, so that the core listens to its facts."""
        asked = program_id and self.definitions.current(program_id, "questionnaires")
        return bool(asked and asked.body)

    # ------------------------------------------------------------------ failing

    @contextmanager
    def writing(self, noun: str) -> Iterator[None]:
        """Let only our own errors out, and remember that the transaction is spoilt by them.

        PostgreSQL gives a transaction up after an error and SQLite goes on; here both give it up,
        unless the error stayed inside a savepoint.
        """
        if not self.write:
            raise MentorKitError(
                "store.read_only", "This transaction only reads; open one with write=True."
            )
        try:
            yield
        except sa.exc.StatementError as error:
            self.outcome.doom()
            raise translate(error, noun) from None

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the block's writes when it raises, and only those; the error goes on."""
        try:
            with self.session.begin_nested():
                yield
        except BaseException:
            self.users.clear()  # who was made known in it is unknown again
            raise


def checked_tenant(tenant: str) -> str:
    """Return the tenant; raise `Invalid` for what cannot be one."""
    if not isinstance(tenant, str) or not 1 <= len(tenant) <= 100 or "\0" in tenant:
        told = Problem("tenant", "give a text of 1 to 100 characters")
        raise Invalid("tenant.invalid", "This cannot be a tenant.", [told])
    return tenant


@contextmanager
def opened(outcome: Outcome, *, write: bool = True) -> Iterator[sa.Connection]:
    """Begin on the session of `outcome`; one of our own is committed and closed with the block.

    Of a host's session we take no more than its transaction, which the host ends; what we wrote
    goes with our block if it raises, and a host that passes over the error keeps its own.
    """
    session = outcome.session
    mode = {MODE: "write" if write else "read"} if outcome.owned else None
    with session if outcome.owned else nullcontext():
        with translated("transaction"):
            connection = session.connection(execution_options=mode)
            begin_here(connection, tenant=outcome.tenant, owned=outcome.owned, write=write)
        if write or not outcome.owned:  # what is ours and only reads is never committed
            watch(outcome)
        with nullcontext() if outcome.owned or not write else session.begin_nested():
            yield connection
        if outcome.owned and write:
            with translated("transaction"):
                session.commit()


def joinable(session: Session | scoped_session[Session]) -> Session:
    """Return the session itself, where a host gives its registry of them (``db.session``)."""
    return session() if isinstance(session, scoped_session) else session


def tenants_in(session: Session) -> list[str]:
    """Return the tenants that have a program: the one question that no tenant limits."""
    connection = session.connection(execution_options={MODE: "read"})
    query = sa.select(program.c.tenant).distinct().order_by(program.c.tenant)
    return list(connection.execute(query).scalars())
