"""The append-only journal: every change of state as an event, in one order for the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mentorkit.domain.events import Event, load
from mentorkit.errors import NotFound
from mentorkit.store import tables
from mentorkit.store.equals import CHUNK, any_of
from mentorkit.store.faults import translated

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

_ROW = tables.event.c
_ENVELOPE = ("subject_id", "tenant", "program_id", "actor_id", "role", "means", "at", "cause")
_APPEND = sa.insert(tables.event).returning(_ROW.sequence, sort_by_parameter_order=True)
# The payload as it is kept, because an event has no use for what is frozen.
_KEPT = (_ROW.name, _ROW.schema, sa.type_coerce(_ROW.payload, sa.Text))
_NUMBERED = ("sequence", *_ENVELOPE)
_decode = json.JSONDecoder().raw_decode  # `loads` looks for what is before and after first
_TOLD = (
    sa.select(*_KEPT, *(_ROW[name] for name in _NUMBERED))
    .where(_ROW.tenant == sa.bindparam("tenant"))
    .order_by(_ROW.sequence)
)
_ABOUT = _TOLD.order_by(None).where(  # SQLite would go through all that happened, in order
    _ROW.noun == sa.bindparam("noun"),
    _ROW.subject_id.in_(sa.bindparam("subjects", expanding=True)),
)


class Journal:
    """The events of one tenant; they are added and read, never changed.

    Save first, record after: then the order of events is the order of the changes, because who
    changes the same row later has waited for it.
    """

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self._ahead: dict[int, Event] = {}

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Insert these in this order and return them with their sequences."""
        if not events:
            return []
        rows = [
            {
                **{name: getattr(event, name) for name in _ENVELOPE},
                "name": type(event).__name__,
                "schema": event.schema,
                "noun": event.noun,
                "payload": event.payload(),
            }
            for event in events
        ]
        with self.tx.writing("event"):
            sequences = self.tx.connection.execute(_APPEND, rows).scalars().all()
        numbered = zip(events, sequences, strict=True)
        return [replace(event, sequence=sequence) for event, sequence in numbered]

    def events(
        self, program_id: str | None = None, after: int = 0, limit: int | None = 1000
    ) -> list[Event]:
        """Return events that follow the sequence `after`, oldest first; `limit` None: all.

        No cursor for what goes on meanwhile: on PostgreSQL a transaction may commit a sequence
        below one that was read already. What must hear of everything is a reaction.
        """
        told = _TOLD.where(_ROW.sequence > after).limit(limit)
        return self._read(told if program_id is None else told.where(_ROW.program_id == program_id))

    def last(self) -> int:
        """Return the highest sequence of the tenant's events, 0 where nothing has happened yet."""
        newest = sa.select(sa.func.max(_ROW.sequence)).where(_ROW.tenant == self.tx.tenant)
        with translated("event"):
            return int(self.tx.connection.execute(newest).scalar_one() or 0)

    def about(self, noun: str, *subject_ids: str) -> list[Event]:
        """Return everything that happened to these subjects of a noun, oldest first."""
        found: list[Event] = []
        for start in range(0, len(subject_ids), CHUNK):
            found += self._read(_ABOUT, noun=noun, subjects=subject_ids[start : start + CHUNK])
        return sorted(found, key=lambda event: event.sequence)

    def newest(self, noun: str, subject_ids: Iterable[str], *names: str) -> list[Any]:
        """Return when each kind of event (of these names) last happened to each of these subjects.

        A row is ``subject_id, name, actor_id, role, at``, one for each who did it, and as what.
        """
        asked = (_ROW.subject_id, _ROW.name, _ROW.actor_id, _ROW.role)
        query = sa.select(*asked, sa.func.max(_ROW.at).label("at")).group_by(*asked)
        query = query.where(_ROW.tenant == self.tx.tenant, _ROW.noun == noun)
        query = query.where(_ROW.name.in_(names)) if names else query
        found: list[Any] = []
        wanted = list(subject_ids)
        for start in range(0, len(wanted), CHUNK):
            part = query.where(_ROW.subject_id.in_(wanted[start : start + CHUNK]))
            found += self.tx.connection.execute(part).all()
        return found

    def heard(self, relationships: Iterable[str]) -> dict[tuple[str, str], datetime]:
        """Return when each person (id) last did anything in each of these, or at a milestone there.

        By id of the relationship and the person's; what nobody did is left out.
        """
        found: dict[tuple[str, str], datetime] = {}
        wanted = list(relationships)
        for start in range(0, len(wanted), CHUNK):
            asked = {"tenant": self.tx.tenant, "these": wanted[start : start + CHUNK]}
            for query in _heard(self.tx.connection.dialect.name):
                for relationship, person, at in self.tx.connection.execute(query, asked):
                    sign = (relationship, person)
                    found[sign] = max(at, found.get(sign, at))
        return found

    def of(self, noun: str, program_id: str) -> list[Event]:
        """Return everything that happened to a program's things of one noun, oldest first."""
        return self._read(_TOLD.where(_ROW.noun == noun, _ROW.program_id == program_id))

    def event(self, sequence: int) -> Event:
        """Return one event; raise `NotFound`."""
        found = [self._ahead[sequence]] if sequence in self._ahead else self.numbered([sequence])
        if not found:
            raise NotFound("event.not_found", "There is no such event here.", sequence=sequence)
        return found[0]

    def read_ahead(self, sequences: Iterable[int]) -> None:
        """Read at once what `event` is asked next; what has happened never changes."""
        self._ahead |= {event.sequence: event for event in self.numbered(sequences)}

    def numbered(self, sequences: Iterable[int]) -> list[Event]:
        """Return the events of these sequences that are there, oldest first."""
        wanted = sorted(set(sequences))
        found: list[Event] = []
        for start in range(0, len(wanted), CHUNK):
            query = _numbered(self.tx.connection.dialect.name)
            found += self._read(query, wanted=wanted[start : start + CHUNK])
        return found

    def _read(self, query: sa.Select[Any], **values: Any) -> list[Event]:
        with translated("event"):
            rows = self.tx.connection.execute(query, {"tenant": self.tx.tenant, **values}).all()
        return [
            load(name, schema, _decode(payload)[0], zip(_NUMBERED, envelope, strict=True))
            for name, schema, payload, *envelope in rows
        ]


@cache
def _numbered(dialect: str) -> sa.Select[Any]:
    return _TOLD.where(any_of(_ROW.sequence, "wanted", dialect))


@cache
def _heard(dialect: str) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Return the queries for who was heard of when: in relationships, and at their milestones."""
    of, mine = tables.milestone.c, _ROW.tenant == sa.bindparam("tenant")
    newest = (_ROW.actor_id, sa.func.max(_ROW.at))
    there = sa.select(_ROW.subject_id, *newest).where(
        mine,
        _ROW.noun == "relationship",
        _ROW.actor_id.is_not(None),
        any_of(_ROW.subject_id, "these", dialect),
    )
    # Looked up by their ids, or SQLite would go through all that happened at any milestone.
    theirs = tables.milestone.alias().c
    ids = sa.select(theirs.id).where(
        theirs.tenant == sa.bindparam("tenant"), any_of(theirs.relationship_id, "these", dialect)
    )
    at_milestones = sa.select(of.relationship_id, *newest).where(
        mine,
        _ROW.noun == "milestone",
        _ROW.actor_id.is_not(None),
        _ROW.subject_id.in_(ids),
        of.tenant == _ROW.tenant,
        of.id == _ROW.subject_id,
    )
    return (
        there.group_by(_ROW.subject_id, _ROW.actor_id),
        at_milestones.group_by(of.relationship_id, _ROW.actor_id),
    )
