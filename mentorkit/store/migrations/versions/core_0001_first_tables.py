"""The core's tables as they were first made."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "core_0001"
down_revision = None
branch_labels = None
depends_on = None

# A migration says what was true on its day, so it names the databases' own types, not ours.
IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")
TIME = sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def column(name: str, kind: Any, nullable: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, **options)


def ident(name: str, nullable: bool = False) -> sa.Column[Any]:
    return column(name, IDENT, nullable)


def words(name: str, length: int, nullable: bool = False) -> sa.Column[Any]:
    return column(name, sa.String(length), nullable)


def prose(name: str) -> sa.Column[Any]:
    return column(name, sa.Text())


def whole(name: str, nullable: bool = False) -> sa.Column[Any]:
    return column(name, sa.BigInteger(), nullable)


def time(name: str, nullable: bool = False) -> sa.Column[Any]:
    return column(name, TIME, nullable)


def flag(name: str) -> sa.Column[Any]:
    return column(name, sa.Boolean())


class Making:
    """Makes one table: what its constraints and indexes are called follows from its name."""

    def __init__(self, noun: str) -> None:
        self.name = f"mk__{noun}"

    def table(self, *items: Any) -> Making:
        key = sa.PrimaryKeyConstraint("tenant", "id", name=op.f(f"pk_{self.name}"))
        op.create_table(self.name, ident("tenant"), ident("id"), *items, key)
        return self

    def refers(self, name: str, noun: str, **options: Any) -> sa.ForeignKeyConstraint:
        key = "sequence" if noun == "event" else "id"
        target = [f"mk__{noun}.tenant", f"mk__{noun}.{key}"]
        label = op.f(f"fk_{self.name}_tenant_{name}")
        return sa.ForeignKeyConstraint(["tenant", name], target, name=label, **options)

    def unique(self, *names: str) -> sa.UniqueConstraint:
        label = op.f(f"uq_{self.name}_tenant_{'_'.join(names)}")
        return sa.UniqueConstraint("tenant", *names, name=label)

    def check(self, name: str, rule: str) -> sa.CheckConstraint:
        return sa.CheckConstraint(rule, name=op.f(f"ck_{self.name}_{name}"))

    def index(self, *names: str) -> None:
        label = op.f(f"ix_{self.name}_tenant_{'_'.join(names)}")
        op.create_index(label, self.name, ["tenant", *names])

    def one_of(self, name: str, *names: str, where: str) -> None:
        op.create_index(
            op.f(f"uq_{self.name}_{name}"),
            self.name,
            ["tenant", *names],
            unique=True,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def upgrade() -> None:
    person = Making("person")
    person.table(
        words("name", 300),
        words("user_ref", 255, nullable=True),
        words("external_key", 255, nullable=True),
        whole("born", nullable=True),
        words("locale", 35),
        words("zone", 64),
        time("created_at"),
        whole("version"),
        person.unique("external_key"),
        person.unique("user_ref"),
    )
    contact = Making("contact")
    contact.table(
        ident("person_id"),
        ident("kind"),
        words("value", 500),
        flag("verified"),
        whole("version"),
        contact.refers("person_id", "person", ondelete="CASCADE"),
        contact.unique("person_id", "kind", "value"),
    )
    contact.index("kind", "value")
    business = Making("business")
    business.table(
        words("name", 300),
        words("external_key", 255, nullable=True),
        words("sector", 100, nullable=True),
        words("country", 100, nullable=True),
        whole("started", nullable=True),
        whole("version"),
        business.unique("external_key"),
    )
    program = Making("program")
    program.table(
        ident("key"),
        prose("name"),
        ident("state"),
        words("zone", 64),
        words("locale", 35),
        ident("kind"),
        ident("matching"),
        prose("accept_chain"),
        whole("offer_days"),
        whole("mentee_capacity"),
        whole("minimum_age", nullable=True),
        prose("staff"),
        time("created_at"),
        whole("version"),
        program.unique("key"),
    )
    definition = Making("definition")
    definition.table(
        ident("program_id"),
        ident("kind"),
        ident("key"),
        whole("number"),
        prose("body"),
        time("created_at"),
        whole("version"),
        definition.refers("program_id", "program"),
        definition.unique("program_id", "kind", "key", "number"),
    )
    participant = Making("participant")
    participant.table(
        ident("program_id"),
        ident("person_id"),
        ident("business_id", nullable=True),
        ident("cohort", nullable=True),
        ident("role"),
        ident("state"),
        whole("capacity"),
        whole("used"),
        prose("profile"),
        words("source", 255),
        words("campaign", 255),
        whole("consent_version", nullable=True),
        time("consented_at", nullable=True),
        ident("reason", nullable=True),
        time("created_at"),
        whole("version"),
        participant.refers("business_id", "business"),
        participant.refers("person_id", "person"),
        participant.refers("program_id", "program"),
        participant.unique("program_id", "person_id"),
        participant.check("used_not_negative", "used >= 0"),
        participant.check("used_within_capacity", "used <= capacity"),
    )
    participant.index("business_id")
    participant.index("person_id")
    participant.index("program_id", "state", "id")
    run = Making("run")
    run.table(
        ident("program_id"),
        ident("state"),
        whole("strategy_version"),
        whole("seed"),
        prose("summary"),
        ident("reason", nullable=True),
        time("created_at"),
        whole("version"),
        run.refers("program_id", "program"),
    )
    run.index("program_id", "state", "id")
    proposal = Making("proposal")
    proposal.table(
        ident("program_id"),
        ident("mentee_id"),
        ident("mentor_id"),
        ident("run_id", nullable=True),
        ident("origin"),
        ident("state"),
        whole("rank"),
        whole("score"),
        prose("reasons"),
        prose("reasons_mentor"),
        flag("locked"),
        prose("answered"),
        time("offered_at", nullable=True),
        time("due_at", nullable=True),
        ident("relationship_id", nullable=True),
        ident("note_id", nullable=True),
        ident("reason", nullable=True),
        time("created_at"),
        whole("version"),
        proposal.refers("mentee_id", "participant"),
        proposal.refers("mentor_id", "participant"),
        proposal.refers("program_id", "program"),
        proposal.refers("run_id", "run"),
    )
    proposal.index("mentee_id", "state")
    proposal.index("mentor_id", "state")
    proposal.one_of(
        "open", "program_id", "mentee_id", "mentor_id", where="state IN ('offered', 'question')"
    )
    proposal.index("program_id", "state", "id")
    proposal.one_of("draft", "run_id", "mentee_id", "mentor_id", where="state = 'draft'")
    proposal.index("run_id", "state", "id")
    proposal.index("state", "due_at")
    relationship = Making("relationship")
    relationship.table(
        ident("program_id"),
        ident("proposal_id", nullable=True),
        ident("kind"),
        ident("state"),
        whole("targets_version"),
        time("started_at"),
        time("ends_at"),
        time("paused_at", nullable=True),
        time("ended_at", nullable=True),
        ident("reason", nullable=True),
        ident("note_id", nullable=True),
        whole("version"),
        relationship.refers("program_id", "program"),
        relationship.refers("proposal_id", "proposal"),
        relationship.unique("proposal_id"),
    )
    relationship.index("program_id", "state", "id")
    member = Making("member")
    member.table(
        ident("relationship_id"),
        ident("participant_id"),
        ident("role"),
        time("joined_at"),
        time("left_at", nullable=True),
        whole("version"),
        member.refers("participant_id", "participant"),
        member.refers("relationship_id", "relationship"),
        member.unique("relationship_id", "participant_id"),
    )
    member.index("participant_id")
    milestone = Making("milestone")
    milestone.table(
        ident("relationship_id"),
        ident("kind"),
        ident("state"),
        time("opens_at"),
        time("closes_at"),
        whole("version"),
        milestone.refers("relationship_id", "relationship"),
        milestone.unique("relationship_id", "kind"),
    )
    milestone.index("state", "opens_at")
    meeting = Making("meeting")
    meeting.table(
        ident("relationship_id"),
        time("held_at"),
        whole("minutes"),
        ident("state"),
        whole("version"),
        meeting.refers("relationship_id", "relationship"),
        meeting.check("some_minutes", "minutes > 0"),
    )
    meeting.index("relationship_id", "state")
    event = Making("event")
    op.create_table(
        event.name,
        column("sequence", SEQUENCE, autoincrement=True),
        ident("tenant"),
        ident("name"),
        whole("schema"),
        ident("noun"),
        ident("subject_id"),
        ident("program_id", nullable=True),
        ident("actor_id", nullable=True),
        ident("role"),
        ident("means"),
        time("at"),
        whole("cause", nullable=True),
        prose("payload"),
        event.unique("sequence"),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_mk__event")),
        sqlite_autoincrement=True,
    )
    event.index("noun", "subject_id", "sequence")
    event.index("program_id", "sequence")
    outbox = Making("outbox")
    outbox.table(
        whole("sequence", nullable=True),
        ident("kind"),
        ident("plugin"),
        ident("name"),
        ident("program_id", nullable=True),
        ident("recipient_id", nullable=True),
        words("key", 255),
        ident("state"),
        time("not_before"),
        whole("attempt"),
        time("leased_until", nullable=True),
        ident("error", nullable=True),
        prose("body"),
        time("created_at"),
        outbox.refers("recipient_id", "person"),
        outbox.refers("sequence", "event"),
        outbox.unique("key"),
    )
    outbox.index("recipient_id")
    outbox.index("sequence")
    outbox.index("state", "not_before")
    note = Making("note")
    note.table(
        ident("subject_noun"),
        ident("subject_id"),
        ident("author_id", nullable=True),
        prose("text"),
        time("created_at"),
        whole("version"),
    )
    note.index("author_id")
    note.index("subject_id")
    block = Making("block")
    block.table(
        ident("person_id"),
        ident("other_id"),
        time("created_at"),
        whole("version"),
        block.refers("other_id", "person"),
        block.refers("person_id", "person"),
        block.unique("person_id", "other_id"),
        block.check("two_people", "person_id <> other_id"),
    )
    block.index("other_id")
