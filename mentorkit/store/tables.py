"""The core tables: one per noun, named as the noun, columns named as the dataclass's fields.

Each has the tenant leading its key, and references that cannot leave the tenant. Published for
hosts that want to map classes of their own onto them; they are never mapped by us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from sys import intern
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import sqlalchemy as sa

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.milestones import Meeting, Milestone
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Block, Business, Contact, Person
from mentorkit.domain.programs import Definition, Program
from mentorkit.domain.relationships import Member, Proposal, Reason, Relationship
from mentorkit.domain.runs import Run
from mentorkit.store.columns import flag, ident, jsonic, moment, whole, words
from mentorkit.store.declarations import CONVENTION, declare, refers, table
from mentorkit.store.statistics import assume_when_made

metadata = assume_when_made(sa.MetaData(naming_convention=CONVENTION, info={"owner": ""}))

PERSON = "while the person takes part"
PROGRAM = "as long as the program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Free text about something, apart from the journal so that it can be erased."""

    id: str
    tenant: str
    subject_noun: str
    subject_id: str
    author_id: str | None = None
    text: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the outbox: what to do, about what, for whom; ids, codes and numbers alone.

    Of a message: by which `channel` it went, to which `contact` (its id and version, ``id/3``), the
    vendor's `reference`, when it was taken, and its `fate` (of `messages.FATES`; "" where there is
    none to be told), with the code of that as `error`.
    """

    id: str
    tenant: str
    sequence: int | None = None
    kind: str
    plugin: str = ""
    name: str = ""
    program_id: str | None = None
    recipient_id: str | None = None
    key: str
    state: str = "waiting"
    not_before: datetime
    attempt: int = 0
    leased_until: datetime | None = None
    error: str | None = None
    body: Frozen = field(default_factory=Frozen)
    created_at: datetime
    channel: str | None = None
    contact: str | None = None
    reference: str | None = None
    taken_at: datetime | None = None
    fate: str = ""
    fate_at: datetime | None = None

    @property
    def went_at(self) -> datetime:
        """When it went, or else is to go: a worker may come long after it was due."""
        return self.taken_at or self.not_before


_COLUMNS: dict[Any, Callable[..., sa.Column[Any]]] = {
    str: ident,
    int: whole,
    bool: flag,
    datetime: moment,
}


def of(cls: type, *items: Any, info: dict[str, Any], name: str = "", without: str = "") -> sa.Table:
    """Build the table of a dataclass: a column per field but `without`, as its type asks for.

    A text is an id, a key or a code, and what `_COLUMNS` does not name is JSON. Columns that are
    otherwise (longer, personal) stand among `items` with the constraints and indexes; so do those
    of what is kept beside the noun and is no part of it.
    """
    given = {item.name: item for item in items if isinstance(item, sa.Column)}
    beside = [item for name, item in given.items() if name not in get_type_hints(cls)]
    for item in beside:
        item.info["beside"] = True
    columns = [
        given[attribute] if attribute in given else _column(attribute, hint)
        for attribute, hint in get_type_hints(cls).items()
        if attribute not in ("tenant", "id", without)
    ]
    rules = [item for item in items if not isinstance(item, sa.Column)]
    return table(metadata, name or cls.__name__.lower(), *columns, *beside, *rules, info=info)


@cache
def own(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    """Return the columns that are of the noun itself."""
    return tuple(column for column in table.c if not column.info.get("beside"))


@cache
def names(table: sa.Table) -> tuple[str, ...]:
    """Return the names of these, as plain texts."""
    return tuple(intern(str(column.name)) for column in own(table))


@cache
def maker(
    cls: type[Any], table: sa.Table, columns: tuple[str, ...] = ()
) -> Callable[[Iterable[Any]], Any]:
    """Return what makes a noun of a row: of the values of `own` columns, or of these, in order.

    It is written out, as `dataclass` writes an `__init__`, and sets each slot by itself, in a
    quarter of the time of a frozen one's. Nothing is checked, as it was when the row was put in.
    What is not given is as it is by default.
    """
    given = columns or names(table)
    beside = {field.name: field.default for field in fields(cls) if field.name not in given}
    puts = {f"put_{name}": getattr(cls, name).__set__ for name in (*given, *beside)}
    defaults = {f"its_{name}": default for name, default in beside.items()}
    scope: dict[str, Any] = {"new": object.__new__, "cls": cls, **puts, **defaults}
    lines = [
        "def made(row):",
        f"({', '.join(f'its_{name}' for name in given)},) = row",
        "noun = new(cls)",
        *(f"put_{name}(noun, its_{name})" for name in (*given, *beside)),
        "return noun",
    ]
    exec(compile("\n    ".join(lines), f"<maker of {cls.__name__}>", "exec"), scope)
    made: Callable[[Iterable[Any]], Any] = scope["made"]
    return made


def _column(name: str, hint: Any) -> sa.Column[Any]:
    choices = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    kind = next(choice for choice in choices if choice is not NoneType)
    make = ident if get_origin(kind) is Literal else _COLUMNS.get(kind, jsonic)
    return make(name, nullable=NoneType in choices)


def unique(*columns: str, code: str = "", message: str = "") -> sa.UniqueConstraint:
    """Return a uniqueness within the tenant, with the code of the conflict when it is broken."""
    return sa.UniqueConstraint("tenant", *columns, info={"code": code, "message": message})


def one_of(name: str, *columns: str, where: str, code: str, message: str) -> sa.Index:
    """Return a uniqueness within the tenant among the rows that fit `where`."""
    fits = sa.text(where)
    info = {"code": code, "message": message}
    return sa.Index(
        name, "tenant", *columns, unique=True, sqlite_where=fits, postgresql_where=fits, info=info
    )


def check(name: str, rule: str, code: str, message: str) -> sa.CheckConstraint:
    """Return a rule of a row, with the code of the conflict when it is broken."""
    return sa.CheckConstraint(rule, name=name, info={"code": code, "message": message})


def found_by(*columns: str) -> sa.Index:
    """Return an index by which rows of one tenant are found."""
    return sa.Index(None, "tenant", *columns)


person = of(
    Person,
    words("name", 300, personal=True),
    words("user_ref", 255, nullable=True, personal=True),
    words("external_key", 255, nullable=True, personal=True),
    whole("born", nullable=True, personal=True),
    words("locale", 35),
    words("zone", 64),
    unique("user_ref", code="person.user_taken", message="This user is linked to somebody else."),
    unique("external_key", code="person.key_taken", message="This external key is in use."),
    info=declare(
        subject="id",
        data_class="identity",
        retention=PERSON,
        erase={
            "name": "",
            "user_ref": None,
            "external_key": None,
            "born": None,
            "locale": "en",
            "zone": "UTC",
        },
    ),
)

contact = of(
    Contact,
    words("value", 500, personal=True),
    refers("person_id", person, ondelete="CASCADE"),
    unique("person_id", "kind", "value"),
    found_by("kind", "value"),
    info=declare(subject="person_id", data_class="contact", retention=PERSON, erase="delete"),
)

business = of(
    Business,
    words("name", 300),
    words("external_key", 255, nullable=True),
    words("sector", 100, nullable=True),
    words("country", 100, nullable=True),
    unique("external_key", code="business.key_taken", message="This external key is in use."),
    unique("name", code="business.name_taken", message="There is a business of this name."),
    info=declare(data_class="profile", retention=PROGRAM),
)

program = of(
    Program,
    words("zone", 64),
    words("locale", 35),
    unique("key", code="program.key_taken", message="There is already a program with this key."),
    info=declare(data_class="setup", retention=PROGRAM),
)

definition = of(
    Definition,
    jsonic("body", again=True),
    refers("program_id", program),
    unique(
        "program_id",
        "kind",
        "key",
        "number",
        code="definition.stale",
        message="Somebody else has just changed this definition. Look at theirs, then try again.",
    ),
    info=declare(data_class="setup", retention=PROGRAM),
)

participant = of(
    Participant,
    jsonic("profile", personal=True),
    jsonic("features", personal=True, nullable=True),
    words("source", 255),
    words("campaign", 255),
    refers("program_id", program),
    refers("person_id", person),
    refers("business_id", business),
    unique("program_id", "person_id"),
    check("used_not_negative", "used >= 0", "participant.no_place_held", "No place is held."),
    check(
        "used_within_capacity",
        "used <= capacity",
        "participant.full",
        "All places of this participant are taken.",
    ),
    found_by("program_id", "state", "id"),
    found_by("person_id"),
    found_by("business_id"),
    info=declare(
        subject="person_id",
        data_class="profile",
        retention=PERSON,
        erase={
            "profile": Frozen(),
            "features": None,
            "campaign": "",
            "source": "",
            "business_id": None,
            "silent_since": None,
        },
    ),
)

run = of(
    Run,
    refers("program_id", program),
    found_by("program_id", "state", "id"),
    info=declare(data_class="record", retention=PROGRAM),
)

# No reference by relationship_id: the relationship refers to its proposal, and one of the two must
# come first. None by note_id: erasing a person deletes notes, and the id that remains says nothing.
proposal = of(
    Proposal,
    jsonic("reasons", of=Reason, personal=True),
    jsonic("reasons_mentor", of=Reason, personal=True),
    refers("program_id", program),
    refers("mentee_id", participant),
    refers("mentor_id", participant),
    refers("run_id", run),
    found_by("program_id", "state", "id"),
    found_by("run_id", "state", "id"),
    found_by("mentee_id", "state"),
    found_by("mentor_id", "state"),
    found_by("state", "due_at"),
    one_of(
        "uq_mk__proposal_open",
        "program_id",
        "mentee_id",
        "mentor_id",
        where="state IN ('offered', 'question')",
        code="proposal.already_open",
        message="There is already an open proposal for these two.",
    ),
    one_of(
        "uq_mk__proposal_draft",
        "run_id",
        "mentee_id",
        "mentor_id",
        where="state = 'draft'",
        code="proposal.already_drafted",
        message="This run has already drafted these two.",
    ),
    info=declare(
        subject=("mentee_id->participant", "mentor_id->participant"),
        data_class="activity",
        retention=PROGRAM,
        export=(
            "id", "program_id", "origin", "state", "circle_of", "offered_at", "due_at",
            "created_at",
        ),
        erase={"reasons": (), "reasons_mentor": ()},
    ),
)  # fmt: skip

relationship = of(
    Relationship,
    refers("program_id", program),
    refers("proposal_id", proposal),
    unique(
        "proposal_id",
        code="relationship.already_started",
        message="This proposal has become a relationship already.",
    ),
    found_by("program_id", "state", "id"),
    without="members",
    info=declare(
        subject="id->member.relationship_id",
        data_class="activity",
        retention=PROGRAM,
        export=(
            "id", "program_id", "proposal_id", "kind", "state", "targets_version", "started_at",
            "ends_at", "paused_at", "ended_at",
        ),  # why it ended may be what the other one said
    ),
)  # fmt: skip

member = of(
    Member,
    refers("relationship_id", relationship),
    refers("participant_id", participant),
    unique("relationship_id", "participant_id"),
    found_by("participant_id"),
    info=declare(subject="participant_id->participant", data_class="activity", retention=PROGRAM),
)

OF_MEMBERS = declare(
    subject="relationship_id->member.relationship_id", data_class="activity", retention=PROGRAM
)
milestone = of(
    Milestone,
    refers("relationship_id", relationship),
    unique("relationship_id", "kind", "participant_id"),
    found_by("state", "opens_at"),
    info=OF_MEMBERS,
)

meeting = of(
    Meeting,
    refers("relationship_id", relationship),
    check("some_minutes", "minutes > 0", "meeting.minutes", "A meeting lasts at least a minute."),
    found_by("relationship_id", "state"),
    info=OF_MEMBERS,
)

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
event = sa.Table(
    "mk__event",
    metadata,
    # One counter for the whole database, so that it gives the order of everything. It is never
    # reused: SQLite needs to be told, PostgreSQL does so anyway.
    sa.Column("sequence", _COUNTER, primary_key=True, autoincrement=True),
    ident("tenant"),
    ident("name"),
    whole("schema"),
    ident("noun"),
    ident("subject_id"),
    ident("program_id", nullable=True),
    ident("actor_id", nullable=True),
    ident("role"),
    ident("means"),
    moment("at"),
    whole("cause", nullable=True),
    jsonic("payload"),
    unique("sequence"),
    found_by("program_id", "sequence"),
    found_by("noun", "subject_id", "sequence"),
    sqlite_autoincrement=True,
    info=declare(
        subject="actor_id",
        data_class="record",
        retention="as long as the tenant; ids, codes and numbers only",
        export=("sequence", "name", "noun", "subject_id", "role", "means", "at"),
    ),
)

TOLD = "fate > 'accepted'"
"""The rows of which a vendor has told what became of them, whose index knows it by these words.

All fates but ``accepted`` and none sort behind it. SQLite looks whether a list has it for each row
that is done, which takes a quarter of the time that noting it does.
"""
# What is done stays: its key is why nothing is promised twice (a nudge asks for as long as it
# likes), and its recipient and fact are how it is known who was asked or offered what.
outbox = of(
    Job,
    words("key", 255),
    words("reference", 255, nullable=True),
    sa.ForeignKeyConstraint(["tenant", "sequence"], [event.c.tenant, event.c.sequence]),
    refers("recipient_id", person),
    unique("key"),
    found_by("state", "not_before"),
    found_by("sequence"),
    found_by("recipient_id"),
    sa.Index(
        "ix_mk__outbox_reference",
        "tenant",
        "reference",
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    ),
    sa.Index(
        "ix_mk__outbox_fate",
        "tenant",
        "fate",
        "id",
        sqlite_where=sa.text(TOLD),
        postgresql_where=sa.text(TOLD),
    ),
    name="outbox",
    info=declare(
        subject="recipient_id",
        data_class="work",
        retention=f"{PROGRAM}, what a form holds for a day; ids, codes and numbers only",
        export=("kind", "name", "state", "created_at", "channel", "taken_at", "fate", "fate_at"),
        erase={"reference": None, "contact": None},
    ),
)

note = of(
    Note,
    words("text", None, personal=True),
    found_by("subject_id"),
    found_by("author_id"),
    info=declare(
        subject=("author_id", "subject_id->person", "subject_id->participant"),
        mentions=("subject_id->proposal", "subject_id->relationship"),
        data_class="profile",
        retention=PERSON,
        erase="delete",
    ),
)

block = of(
    Block,
    refers("person_id", person),
    refers("other_id", person),
    unique("person_id", "other_id"),
    check("two_people", "person_id <> other_id", "block.same_person", "Name two people."),
    found_by("other_id"),
    info=declare(
        subject="person_id",
        data_class="record",
        retention="as long as either person takes part; a block outlives an erasure",
        export=("created_at",),
    ),
)
