"""How nouns are kept: a class for each, and what is asked of it alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

import sqlalchemy as sa

from mentorkit.domain.fields import Computed
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.milestones import Held, Meeting, Milestone
from mentorkit.domain.participants import Participant, Standing
from mentorkit.domain.people import Block, Business, Contact, Person, folded, plain
from mentorkit.domain.programs import Definition, Program
from mentorkit.domain.relationships import Member, Proposal, Relationship
from mentorkit.domain.runs import Run
from mentorkit.errors import Conflict
from mentorkit.store import rosters, tables
from mentorkit.store.equals import matching, parts
from mentorkit.store.repository import Repository
from mentorkit.store.tables import Note

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

NUMBERS = ("phone", "whatsapp", "sms")
"""The kinds of contact that are numbers."""
FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


class People(Repository[Person]):
    noun, table, cls = "person", tables.person, Person


class Contacts(Repository[Contact]):
    noun, table, cls = "contact", tables.contact, Contact

    def at(self, address: str) -> list[Contact]:
        """Return the contacts that are this (`folded`) address, however they are written."""
        if "@" in address:
            local, _, domain = address.rpartition("@")
            domains = {domain, domain.encode().decode("idna")}
            told = {f"{local}@{one}" for one in domains}
            return self.find(kind="email", value=[normalize(f, one) for one in told for f in FORMS])
        digits: sa.ColumnElement[str] = self.table.c.value
        for mark in " +-()./\u00a0":
            digits = sa.func.replace(digits, mark, "")
        query = self._asking(kind=NUMBERS).where(digits.in_([address, f"00{address}"]))
        return self._load(self._all(query.order_by(self.table.c.id)))


class Businesses(Repository[Business]):
    noun, table, cls = "business", tables.business, Business


class Programs(Repository[Program]):
    noun, table, cls = "program", tables.program, Program


class Definitions(Repository[Definition]):
    """Versions of what a program is run by; a version that is there is never changed."""

    noun, table, cls = "definition", tables.definition, Definition

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx)
        self._known: dict[tuple[Any, ...], Definition | None] = {}
        self._putting = False

    def current(self, program_id: str, kind: str, key: str = "") -> Definition | None:
        """Return the newest version, or None when there is none yet.

        A transaction that puts none looks each up once, however many steps it walks.
        """
        return self._looked_up(program_id, kind, key)

    def forget(self) -> None:
        """Look each up again: others may have put a version since, before a lock that is held."""
        self._known.clear()

    def _looked_up(self, *wanted: str | int) -> Definition | None:
        if self._putting or wanted not in self._known:
            of = dict(zip(("program_id", "kind", "key", "number"), wanted, strict=False))
            versions = self._equal(of, limit=1, newest="number")
            self._known[wanted] = next(iter(versions), None)
        return self._known[wanted]

    def version(self, program_id: str, kind: str, number: int, key: str = "") -> Definition:
        """Return the version of this number; raise `NotFound`."""
        found = self._looked_up(program_id, kind, key, number)
        if found is None:
            raise self.missing(f"{program_id}/{kind}/{key}/{number}")
        return found

    def put(
        self, program_id: str, kind: str, body: Mapping[str, Any], key: str = "",
        was: int | None = None,
    ) -> Definition:  # fmt: skip
        """Add the next version. Two at once: the second is a `Conflict` (definition.stale).

        So it is, as definition.changed, where the newest is not the one that it `was` made from.
        """
        self._putting = True  # a savepoint may take it back
        newest = self.current(program_id, kind, key)
        if was not in (None, newest.number if newest else 0):
            raise Conflict(
                "definition.changed",
                "Somebody has changed this since you looked at it, so nothing was kept. Look at "
                "what holds now, and make your change again if it is still needed.",
            )
        return self.add(
            self._new(
                program_id=program_id,
                kind=kind,
                key=key,
                number=newest.number + 1 if newest else 1,
                body=Frozen(body),
            )
        )

    def save_all(self, items: Iterable[Definition]) -> list[Definition]:
        """Refuse: what was made under a version must be able to look at it for ever."""
        raise Conflict("definition.fixed", "A version stays as it is; put a new one.")


class Participants(Repository[Participant]):
    """Participants, and their places: each step of the counter is one conditional UPDATE."""

    noun, table, cls = "participant", tables.participant, Participant

    def take_place(self, id: str) -> int:
        """Take one place and return how many are taken now; `Conflict` (participant.full)."""
        columns = self.table.c
        free = sa.and_(columns.state == "active", columns.used < columns.capacity)
        used = self._step(id, 1, free)
        if used is not None:
            return used
        now = self.get(id)
        if now.state != "active":
            raise Conflict(
                "participant.not_active",
                f"This participant is {now.state}; only who is active takes part in pairs.",
                state=now.state,
            )
        raise Conflict(
            "participant.full",
            f"All {now.capacity} place(s) of this participant are taken.",
            capacity=now.capacity,
        )

    def take_places(self, ids: Collection[str]) -> dict[str, int]:
        """Take a place of each, always in the same order, so that two callers cannot deadlock."""
        return {id: self.take_place(id) for id in sorted(ids)}

    def release_place(self, id: str) -> int:
        """Give one place back and return how many are taken now."""
        used = self._step(id, -1, self.table.c.used > 0)
        if used is None:
            self.get(id)
            raise Conflict("participant.no_place_held", "This participant holds no place.")
        return used

    def standings(self, program_id: str, people: Iterable[str]) -> dict[str, Standing]:
        """Return where each of these people stands in a program, of those who have a part there.

        By the person's id. To read and to make all of a participant takes twice as long.
        """
        asked = {"program_id": program_id, "person_id": list(people)}
        rows = (self._asked(part, columns=Standing._fields) for part in parts(asked))
        every = map(Standing._make, chain.from_iterable(rows))
        return {one.person_id: one for one in every}

    def sought(self, search: str, *, addresses: bool, **equals: Any) -> list[Participant]:
        """Return those of whom each word of `search` stands in what they are known by, by id.

        That is the name, the business, the key (else the id) and, with `addresses`, how they are
        reached. Here and not in SQL, where SQLite and PostgreSQL fold É each in a way of its own.
        """
        words, number, rows = plain(search).split(), folded(search), self.find(**equals)
        if not words:
            return rows
        people = self.tx.people.get_many(row.person_id for row in rows)
        firms = self.tx.businesses.get_many(row.business_id for row in rows if row.business_id)
        reached: dict[str, list[str]] = {id: [] for id in people}
        for one in self.tx.contacts.find(person_id=list(people)) if addresses else ():
            reached[one.person_id] += [one.value, folded(one.value)]

        def fits(row: Participant) -> bool:
            one, firm = people[row.person_id], firms.get(row.business_id or "")
            told = [one.name, one.external_key or row.id, firm.name if firm else ""]
            text = plain("\n".join([*told, *reached[one.id]]))
            return all(word in text for word in words) or (number != "" and number in text)

        return [row for row in rows if fits(row)]

    def roster(
        self, program_id: str, names: Sequence[str], ids: Sequence[str] | None = None,
        computed: Mapping[str, Computed] = Frozen(),
    ) -> rosters.Roster:  # fmt: skip
        """Return whom a run may consider, whatever their places, with these answers, by column."""
        return rosters.read(self, program_id, names, ids, computed)

    def keep(self, feature: str, values: Mapping[str, Frozen]) -> None:
        """Keep a feature of these, by id, beside their others; hold them before."""
        rosters.keep(self, feature, values)

    def versions(self, program_id: str) -> dict[str, int]:
        """Return the version of each row of the `roster`, by id."""
        return rosters.versions(self, program_id)

    def mark(self, program_id: str) -> tuple[int, ...]:
        """Return how many a program has, and what differs after any change of anybody."""
        return rosters.mark(self, program_id)

    def _step(self, id: str, by: int, when: sa.ColumnElement[bool]) -> int | None:
        """Change `used` if the row is as it should be; return it, or None if it was not."""
        columns = self.table.c
        statement = (
            sa.update(self.table)
            .where(matching(self.table, self.tx.tenant, {"id": id}), when)
            .values(used=columns.used + by, version=columns.version + 1)
            .returning(columns.used)
        )
        with self.tx.writing(self.noun):
            used: int | None = self.tx.connection.execute(statement).scalar_one_or_none()
            return used


class Runs(Repository[Run]):
    noun, table, cls = "run", tables.run, Run


class Proposals(Repository[Proposal]):
    noun, table, cls = "proposal", tables.proposal, Proposal

    def overdue(self, now: datetime, limit: int) -> list[Proposal]:
        """Return at most `limit` open proposals whose time to answer has run out by `now`."""
        due_at, id = self.table.c.due_at, self.table.c.id
        late = self._asking(state=["offered", "question"]).where(due_at <= now)
        return self._load(self._all(self._unheld(late.order_by(due_at, id).limit(limit))))


class Members(Repository[Member]):
    noun, table, cls = "member", tables.member, Member


_MEMBERS: Any = vars(Relationship)["members"].__set__


class Relationships(Repository[Relationship]):
    """Relationships with their members, which are loaded and added along with them.

    Saving leaves the members alone: who leaves a circle is saved with `tx.members`.
    """

    noun, table, cls = "relationship", tables.relationship, Relationship

    def add_all(self, items: Iterable[Relationship]) -> None:
        added = list(items)
        super().add_all(added)
        self.tx.members.add_all(member for item in added for member in item.members)

    def ended(self, moment: datetime, **equals: Any) -> list[Relationship]:
        """Return all that equal and ended at this moment or later."""
        return self._since("ended_at", moment, equals)

    def for_participants(
        self, ids: Iterable[str], states: Collection[str] | None = None
    ) -> list[Relationship]:
        """Return the relationships that any of these participants is or was in, by id."""
        members = self.tx.members.find(participant_id=list(ids))
        standing = {} if states is None else {"state": list(states)}
        return self.find(id=[member.relationship_id for member in members], **standing)

    def _load(self, rows: Sequence[sa.Row[Any]]) -> list[Relationship]:
        members: dict[str, list[Member]] = {row.id: [] for row in rows}
        for member in self.tx.members.find(relationship_id=list(members)) if members else ():
            members[member.relationship_id].append(member)
        found = super()._load(rows)
        for item in found:  # nobody has seen it yet, and a copy takes longer than to read it
            _MEMBERS(item, tuple(members[item.id]))
        return found


class Milestones(Repository[Milestone]):
    noun, table, cls = "milestone", tables.milestone, Milestone

    def closing(self, moment: datetime, **equals: Any) -> list[Milestone]:
        """Return all that equal and close at this moment or later."""
        return self._since("closes_at", moment, equals)

    def ripe(self, now: datetime, limit: int) -> list[Milestone]:
        """Return at most `limit` whose window opened or closed, none of a paused relationship."""
        columns, held = self.table.c, tables.relationship.c
        opened = sa.and_(columns.state == "upcoming", columns.opens_at <= now)
        closed = sa.and_(columns.state == "due", columns.closes_at <= now)
        query = (
            self._asking()
            .join(tables.relationship)
            .where(sa.or_(opened, closed), held.state != "paused")
            .order_by(columns.opens_at, columns.id)
            .limit(limit)
        )
        return self._load(self._all(self._unheld(query)))


class Meetings(Repository[Meeting]):
    noun, table, cls = "meeting", tables.meeting, Meeting

    def held(self, relationships: Iterable[str], since: datetime | None = None) -> list[Held]:
        """Return the meetings that were held in each of these, or only those `since` then."""
        theirs = {"relationship_id": list(relationships), "state": "held"}
        late: dict[str, Any] = {"more": {"moment": since}, "since": "held_at"} if since else {}
        asked = (self._asked(part, columns=Held._fields, **late) for part in parts(theirs))
        return list(map(Held._make, chain.from_iterable(asked)))

    def last(self, relationships: Iterable[str]) -> dict[str, datetime]:
        """Return when each of these relationships last met, where it ever did."""
        of, newest = self.table.c.relationship_id, sa.func.max(self.table.c.held_at).label("at")
        wanted: dict[str, Any] = {"state": "held", "relationship_id": list(relationships)}
        found: dict[str, datetime] = {}
        for part in parts(wanted):
            held = sa.select(of, newest).where(matching(self.table, self.tx.tenant, part))
            found |= {row.relationship_id: row.at for row in self._all(held.group_by(of))}
        return found


class Notes(Repository[Note]):
    noun, table, cls = "note", tables.note, Note

    def write(self, text: str, *, subject_noun: str, subject_id: str, author_id: str | None) -> str:
        """Keep this text and return the id by which the journal may refer to it."""
        about = {"subject_noun": subject_noun, "subject_id": subject_id, "author_id": author_id}
        return self.add(self._new(text=text, **about)).id


class Blocks(Repository[Block]):
    noun, table, cls = "block", tables.block, Block

    def remove(self, id: str) -> None:
        """Let one go; that it was there stays in the journal."""
        gone = sa.delete(self.table).where(matching(self.table, self.tx.tenant, {"id": id}))
        with self.tx.writing(self.noun):
            self.tx.connection.execute(gone)
