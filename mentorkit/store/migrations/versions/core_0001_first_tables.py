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
KINDS: dict[str, sa.types.TypeEngine[Any]] = {
    "": sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql"),
    "serial": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "time": sa.String(32).with_variant(TIMESTAMP(timezone=True), "postgresql"),
    "text": sa.Text(),
    "whole": sa.BigInteger(),
    "flag": sa.Boolean(),
}


def make(
    noun: str,
    columns: str,
    *,
    key: str = "tenant id",
    unique: str = "",
    indexes: str = "",
    checks: tuple[tuple[str, str], ...] = (),
    ondelete: str | None = None,
) -> None:
    """Make a noun's table, its constraints and its indexes, which all lead with the tenant.

    A column is ``name:kind>noun?``: of one of `KINDS` or a text of so many characters, a reference
    to a noun, perhaps empty. `unique` and `indexes` list columns, with commas between.
    """
    table, items = f"mk__{noun}", list[Any]()
    for word in columns.split():
        about, _, other = word.removesuffix("?").partition(">")
        name, _, kind = about.partition(":")
        type_ = sa.String(int(kind)) if kind.isdigit() else KINDS[kind]
        items.append(sa.Column(name, type_, nullable=word.endswith("?")))
        if other:
            target = [f"mk__{other}.tenant", f"mk__{other}.{'id' if other != 'event' else name}"]
            label = op.f(f"fk_{table}_tenant_{name}")
            items.append(
                sa.ForeignKeyConstraint(["tenant", name], target, label, ondelete=ondelete)
            )
    items.append(sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{table}")))
    for names in map(str.split, unique.split(",") if unique else ()):
        label = op.f(f"uq_{table}_tenant_{'_'.join(names)}")
        items.append(sa.UniqueConstraint("tenant", *names, name=label))
    items += [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in checks]
    op.create_table(table, *items, sqlite_autoincrement=key == "sequence")
    for names in map(str.split, indexes.split(",") if indexes else ()):
        op.create_index(op.f(f"ix_{table}_tenant_{'_'.join(names)}"), table, ["tenant", *names])


def one_proposal(name: str, *columns: str, where: str) -> None:
    """Make an index of proposals that is unique among those that fit."""
    fits: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
    label = op.f(f"uq_mk__proposal_{name}")
    op.create_index(label, "mk__proposal", ["tenant", *columns], unique=True, **fits)


def upgrade() -> None:
    make(
        "person",
        "tenant id name:300 user_ref:255? external_key:255? born:whole? locale:35 zone:64 "
        "created_at:time version:whole",
        unique="external_key, user_ref",
    )
    make(
        "contact",
        "tenant id person_id>person kind value:500 verified:flag version:whole",
        unique="person_id kind value",
        indexes="kind value",
        ondelete="CASCADE",
    )
    make(
        "business",
        "tenant id name:300 external_key:255? sector:100? country:100? started:whole? "
        "version:whole",
        unique="external_key, name",
    )
    make(
        "program",
        "tenant id key name:text state zone:64 locale:35 kind matching accept_chain:text "
        "offer_days:whole mentee_capacity:whole minimum_age:whole? staff:text created_at:time "
        "version:whole",
        unique="key",
    )
    make(
        "definition",
        "tenant id program_id>program kind key number:whole body:text created_at:time "
        "version:whole",
        unique="program_id kind key number",
    )
    make(
        "participant",
        "tenant id program_id>program person_id>person business_id>business? cohort? role state "
        "capacity:whole used:whole profile:text source:255 campaign:255 consent_version:whole? "
        "consented_at:time? reason? created_at:time version:whole",
        unique="program_id person_id",
        indexes="business_id, person_id, program_id state id",
        checks=(("used_not_negative", "used >= 0"), ("used_within_capacity", "used <= capacity")),
    )
    make(
        "run",
        "tenant id program_id>program state strategy_version:whole seed:whole summary:text "
        "reason? created_at:time version:whole",
        indexes="program_id state id",
    )
    make(
        "proposal",
        "tenant id program_id>program mentee_id>participant mentor_id>participant run_id>run? "
        "origin state rank:whole score:whole reasons:text reasons_mentor:text locked:flag "
        "answered:text asked_by? offered_at:time? due_at:time? relationship_id? note_id? reason? "
        "created_at:time version:whole",
        indexes="mentee_id state, mentor_id state, program_id state id, run_id state id, "
        "state due_at",
    )
    two = "mentee_id", "mentor_id"
    one_proposal("open", "program_id", *two, where="state IN ('offered', 'question')")
    one_proposal("draft", "run_id", *two, where="state = 'draft'")
    make(
        "relationship",
        "tenant id program_id>program proposal_id>proposal? kind state targets_version:whole "
        "started_at:time ends_at:time paused_at:time? ended_at:time? reason? note_id? "
        "version:whole",
        unique="proposal_id",
        indexes="program_id state id",
    )
    make(
        "member",
        "tenant id relationship_id>relationship participant_id>participant role joined_at:time "
        "left_at:time? version:whole",
        unique="relationship_id participant_id",
        indexes="participant_id",
    )
    make(
        "milestone",
        "tenant id relationship_id>relationship kind state opens_at:time closes_at:time "
        "version:whole",
        unique="relationship_id kind",
        indexes="state opens_at",
    )
    make(
        "meeting",
        "tenant id relationship_id>relationship held_at:time minutes:whole state version:whole",
        indexes="relationship_id state",
        checks=(("some_minutes", "minutes > 0"),),
    )
    make(
        "event",
        "sequence:serial tenant name schema:whole noun subject_id program_id? actor_id? role means "
        "at:time cause:whole? payload:text",
        key="sequence",
        unique="sequence",
        indexes="noun subject_id sequence, program_id sequence",
    )
    make(
        "outbox",
        "tenant id sequence:whole>event? kind plugin name program_id? recipient_id>person? key:255 "
        "state not_before:time attempt:whole leased_until:time? error? body:text created_at:time",
        unique="key",
        indexes="recipient_id, sequence, state not_before",
    )
    make(
        "note",
        "tenant id subject_noun subject_id author_id? text:text created_at:time version:whole",
        indexes="author_id, subject_id",
    )
    make(
        "block",
        "tenant id person_id>person other_id>person created_at:time version:whole",
        unique="person_id other_id",
        indexes="other_id",
        checks=(("two_people", "person_id <> other_id"),),
    )
