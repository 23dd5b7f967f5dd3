"""The core tables: one per noun, named as the noun, columns named as the dataclass's fields.

Each has the tenant leading its key, and references that cannot leave the tenant. Published for
hosts that want to map classes of their own onto them; they are never mapped by us.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.store.columns import flag, ident, jsonic, moment, whole, words
from mentorkit.store.declarations import CONVENTION, declare, refers, table

metadata = sa.MetaData(naming_convention=CONVENTION, info={"owner": ""})

PERSON = "while the person takes part"
PROGRAM = "as long as the program"


def unique(*columns: str, code: str = "", message: str = "") -> sa.UniqueConstraint:
    """Return a uniqueness within the tenant, with the code of the conflict when it is broken."""
    return sa.UniqueConstraint("tenant", *columns, info={"code": code, "message": message})


def one_of(table: sa.Table, name: str, *columns: str, where: str, code: str, message: str) -> None:
    """Add a uniqueness within the tenant among the rows that fit `where`."""
    sa.Index(
        f"uq_{table.name}_{name}",
        table.c.tenant,
        *(table.c[column] for column in columns),
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
        info={"code": code, "message": message},
    )


def check(name: str, rule: str, code: str, message: str) -> sa.CheckConstraint:
    """Return a rule of a row, with the code of the conflict when it is broken."""
    return sa.CheckConstraint(rule, name=name, info={"code": code, "message": message})


def version() -> sa.Column[int]:
    return whole("version")


def _load_reasons(value: Any) -> tuple[Any, ...]:
    return tuple(
        Reason(code=item["code"], params=item.get("params", Frozen()), points=item["points"])
        if isinstance(item, Frozen)
        else item
        for item in value
    )


def _dump_reasons(value: Any) -> list[Any]:
    return [
        {"code": item.code, "params": item.params, "points": item.points}
        if isinstance(item, Reason)
        else item
        for item in value
    ]


person = table(
    metadata,
    "person",
    words("name", 300, personal=True),
    words("user_ref", 255, nullable=True, personal=True),
    words("external_key", 255, nullable=True, personal=True),
    whole("born", nullable=True, personal=True),
    words("locale", 35),
    words("zone", 64),
    moment("created_at"),
    version(),
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

contact = table(
    metadata,
    "contact",
    ident("person_id"),
    ident("kind"),
    words("value", 500, personal=True),
    flag("verified"),
    version(),
    refers("person_id", person, ondelete="CASCADE"),
    unique("person_id", "kind", "value"),
    sa.Index(None, "tenant", "kind", "value"),
    info=declare(subject="person_id", data_class="contact", retention=PERSON, erase="delete"),
)

business = table(
    metadata,
    "business",
    words("name", 300),
    words("external_key", 255, nullable=True),
    words("sector", 100, nullable=True),
    words("country", 100, nullable=True),
    whole("started", nullable=True),
    version(),
    unique("external_key", code="business.key_taken", message="This external key is in use."),
    info=declare(data_class="profile", retention=PROGRAM),
)

program = table(
    metadata,
    "program",
    ident("key"),
    jsonic("name"),
    ident("state"),
    words("zone", 64),
    words("locale", 35),
    ident("kind"),
    ident("matching"),
    jsonic("accept_chain"),
    whole("offer_days"),
    whole("mentee_capacity"),
    whole("minimum_age", nullable=True),
    jsonic("staff"),
    moment("created_at"),
    version(),
    unique("key", code="program.key_taken", message="There is already a program with this key."),
    info=declare(data_class="setup", retention=PROGRAM),
)

definition = table(
    metadata,
    "definition",
    ident("program_id"),
    ident("kind"),
    ident("key"),
    whole("number"),
    jsonic("body"),
    moment("created_at"),
    version(),
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

participant = table(
    metadata,
    "participant",
    ident("program_id"),
    ident("person_id"),
    ident("business_id", nullable=True),
    ident("cohort", nullable=True),
    ident("role"),
    ident("state"),
    whole("capacity"),
    whole("used"),
    jsonic("profile", personal=True),
    words("source", 255),
    words("campaign", 255),
    whole("consent_version", nullable=True),
    moment("consented_at", nullable=True),
    ident("reason", nullable=True),
    moment("created_at"),
    version(),
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
    sa.Index(None, "tenant", "program_id", "state", "id"),
    sa.Index(None, "tenant", "person_id"),
    sa.Index(None, "tenant", "business_id"),
    info=declare(
        subject="person_id",
        data_class="profile",
        retention=PERSON,
        erase={"profile": Frozen(), "campaign": "", "source": ""},
    ),
)

run = table(
    metadata,
    "run",
    ident("program_id"),
    ident("state"),
    whole("strategy_version"),
    whole("seed"),
    jsonic("summary"),
    ident("reason", nullable=True),
    moment("created_at"),
    version(),
    refers("program_id", program),
    sa.Index(None, "tenant", "program_id", "state", "id"),
    info=declare(data_class="record", retention=PROGRAM),
)

proposal = table(
    metadata,
    "proposal",
    ident("program_id"),
    ident("mentee_id"),
    ident("mentor_id"),
    ident("run_id", nullable=True),
    ident("origin"),
    ident("state"),
    whole("rank"),
    whole("score"),
    jsonic("reasons", load=_load_reasons, dump=_dump_reasons, personal=True),
    flag("locked"),
    jsonic("answered"),
    moment("offered_at", nullable=True),
    moment("due_at", nullable=True),
    # No reference: the relationship refers to its proposal, and one of the two must come first.
    ident("relationship_id", nullable=True),
    # No reference: erasing a person deletes notes, and the id that remains says nothing.
    ident("note_id", nullable=True),
    ident("reason", nullable=True),
    moment("created_at"),
    version(),
    refers("program_id", program),
    refers("mentee_id", participant),
    refers("mentor_id", participant),
    refers("run_id", run),
    sa.Index(None, "tenant", "program_id", "state", "id"),
    sa.Index(None, "tenant", "run_id", "state", "id"),
    sa.Index(None, "tenant", "mentee_id", "state"),
    sa.Index(None, "tenant", "mentor_id", "state"),
    sa.Index(None, "tenant", "state", "due_at"),
    info=declare(
        subject=("mentee_id->participant", "mentor_id->participant"),
        data_class="activity",
        retention=PROGRAM,
        export=("id", "program_id", "origin", "state", "offered_at", "due_at", "created_at"),
        erase={"reasons": ()},
    ),
)
one_of(
    proposal,
    "open",
    "program_id",
    "mentee_id",
    "mentor_id",
    where="state IN ('offered', 'question')",
    code="proposal.already_open",
    message="There is already an open proposal for these two.",
)
one_of(
    proposal,
    "draft",
    "run_id",
    "mentee_id",
    "mentor_id",
    where="state = 'draft'",
    code="proposal.already_drafted",
    message="This run has already drafted these two.",
)

relationship = table(
    metadata,
    "relationship",
    ident("program_id"),
    ident("proposal_id", nullable=True),
    ident("kind"),
    ident("state"),
    whole("targets_version"),
    moment("started_at"),
    moment("ends_at"),
    moment("paused_at", nullable=True),
    moment("ended_at", nullable=True),
    ident("reason", nullable=True),
    ident("note_id", nullable=True),
    version(),
    refers("program_id", program),
    refers("proposal_id", proposal),
    unique(
        "proposal_id",
        code="relationship.already_started",
        message="This proposal has become a relationship already.",
    ),
    sa.Index(None, "tenant", "program_id", "state", "id"),
    info=declare(
        subject="id->member.relationship_id",
        data_class="activity",
        retention=PROGRAM,
    ),
)

member = table(
    metadata,
    "member",
    ident("relationship_id"),
    ident("participant_id"),
    ident("role"),
    moment("joined_at"),
    moment("left_at", nullable=True),
    version(),
    refers("relationship_id", relationship),
    refers("participant_id", participant),
    unique("relationship_id", "participant_id"),
    sa.Index(None, "tenant", "participant_id"),
    info=declare(subject="participant_id->participant", data_class="activity", retention=PROGRAM),
)

milestone = table(
    metadata,
    "milestone",
    ident("relationship_id"),
    ident("kind"),
    ident("state"),
    moment("opens_at"),
    moment("closes_at"),
    version(),
    refers("relationship_id", relationship),
    unique("relationship_id", "kind"),
    sa.Index(None, "tenant", "state", "opens_at"),
    info=declare(
        subject="relationship_id->member.relationship_id", data_class="activity", retention=PROGRAM
    ),
)

meeting = table(
    metadata,
    "meeting",
    ident("relationship_id"),
    moment("held_at"),
    whole("minutes"),
    ident("state"),
    version(),
    refers("relationship_id", relationship),
    check("some_minutes", "minutes > 0", "meeting.minutes", "A meeting lasts at least a minute."),
    sa.Index(None, "tenant", "relationship_id", "state"),
    info=declare(
        subject="relationship_id->member.relationship_id", data_class="activity", retention=PROGRAM
    ),
)

event = sa.Table(
    "mk__event",
    metadata,
    # One counter for the whole database, so that it gives the order of everything. It is never
    # reused: SQLite needs to be told, PostgreSQL does so anyway.
    sa.Column(
        "sequence",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
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
    sa.UniqueConstraint("tenant", "sequence"),
    sa.Index(None, "tenant", "program_id", "sequence"),
    sa.Index(None, "tenant", "noun", "subject_id", "sequence"),
    sqlite_autoincrement=True,
    info=declare(
        subject="actor_id",
        data_class="record",
        retention="as long as the tenant; ids, codes and numbers only",
        export=("sequence", "name", "noun", "subject_id", "role", "means", "at"),
    ),
)

outbox = table(
    metadata,
    "outbox",
    whole("sequence", nullable=True),
    ident("kind"),
    ident("plugin"),
    ident("name"),
    ident("program_id", nullable=True),
    ident("recipient_id", nullable=True),
    words("key", 255),
    ident("state"),
    moment("not_before"),
    whole("attempt"),
    moment("leased_until", nullable=True),
    ident("error", nullable=True),
    jsonic("body"),
    moment("created_at"),
    sa.ForeignKeyConstraint(["tenant", "sequence"], [event.c.tenant, event.c.sequence]),
    refers("recipient_id", person),
    unique("key"),
    sa.Index(None, "tenant", "state", "not_before"),
    sa.Index(None, "tenant", "sequence"),
    sa.Index(None, "tenant", "recipient_id"),
    info=declare(
        subject="recipient_id",
        data_class="work",
        retention="90 days after it is done; ids, codes and numbers only",
        export=("kind", "name", "state", "created_at"),
    ),
)

note = table(
    metadata,
    "note",
    ident("subject_noun"),
    ident("subject_id"),
    ident("author_id", nullable=True),
    words("text", None, personal=True),
    moment("created_at"),
    version(),
    sa.Index(None, "tenant", "subject_id"),
    sa.Index(None, "tenant", "author_id"),
    info=declare(
        subject=("author_id", "subject_id->person", "subject_id->participant"),
        mentions=("subject_id->proposal", "subject_id->relationship"),
        data_class="profile",
        retention=PERSON,
        erase="delete",
    ),
)

block = table(
    metadata,
    "block",
    ident("person_id"),
    ident("other_id"),
    moment("created_at"),
    version(),
    refers("person_id", person),
    refers("other_id", person),
    unique("person_id", "other_id"),
    check("two_people", "person_id <> other_id", "block.same_person", "Name two people."),
    sa.Index(None, "tenant", "other_id"),
    info=declare(
        subject="person_id",
        data_class="record",
        retention="as long as either person takes part; a block outlives an erasure",
        export=("created_at",),
    ),
)
