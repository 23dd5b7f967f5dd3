"""Migrations: one lineage per owner, no drift, and a plugin that is removed is missed by nobody."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.errors import MentorKitError, PluginError
from mentorkit.store import (
    Owner,
    declare,
    ident,
    migrate,
    not_ours,
    plugin_tables,
    refers,
    table,
    tables,
    words,
)
from mentorkit.store.migrate import CORE, check, upgrade

FIRST = """
    import sqlalchemy as sa
    from alembic import op

    revision = "diary_0001"
    down_revision = None

    IDENT = sa.String(100).with_variant(sa.String(100, collation="C"), "postgresql")

    def upgrade():
        op.create_table(
            "mk_diary__entry",
            sa.Column("tenant", IDENT, nullable=False),
            sa.Column("id", IDENT, nullable=False),
            sa.Column("person_id", IDENT, nullable=False),
            sa.Column("text", sa.String(500), nullable=False),
            sa.PrimaryKeyConstraint("tenant", "id", name="pk_mk_diary__entry"),
            sa.ForeignKeyConstraint(
                ["tenant", "person_id"], ["mk__person.tenant", "mk__person.id"],
                name="fk_mk_diary__entry_tenant_person_id", ondelete="CASCADE",
            ),
        )
"""


@pytest.fixture
def empty(create_database: Any, database: Any) -> Any:
    return create_database(database.kind, made=False)


@pytest.fixture
def diary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """An installed plugin with a table and one migration."""
    folder = tmp_path / "packages" / "mentorkit_diary" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "diary_0001_entry.py").write_text(textwrap.dedent(FIRST))
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    monkeypatch.delitem(sys.modules, "mentorkit_diary", raising=False)
    metadata = plugin_tables("diary")
    table(
        metadata,
        "entry",
        ident("person_id"),
        words("text", 500, personal=True),
        refers("person_id", tables.person, ondelete="CASCADE"),
        info=declare(subject="person_id", data_class="profile", retention="a year", erase="delete"),
    )
    return Owner(name="diary", metadata=metadata, migrations="mentorkit_diary:migrations")


def names(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def test_upgrading_makes_what_the_code_expects(empty: Any) -> None:
    assert any("run `mentorkit db upgrade`" in line for line in check(empty.engine))
    upgrade(empty.engine)
    assert check(empty.engine) == []
    assert names(empty.engine) == {*tables.metadata.tables, "mk__alembic"}
    upgrade(empty.engine)  # again changes nothing
    assert check(empty.engine) == []


def test_what_was_migrated_takes_what_the_code_writes(
    create_kit: Any, empty: Any, making: Any
) -> None:
    from sqlalchemy.orm import sessionmaker

    kit = create_kit(plugins=(), sessions=sessionmaker(empty.engine))
    kit.upgrade()
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant(capacity=1)
        assert tx.participants.take_place(ada.id) == 1
        with pytest.raises(MentorKitError) as caught, tx.savepoint():
            making(tx).participant(used=2)
        assert caught.value.code == "participant.full"
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.participants.count() == 1


def test_migrated_and_created_tables_have_the_same_constraints(empty: Any, database: Any) -> None:
    upgrade(empty.engine)
    found = []
    for engine in (empty.engine, database.engine):
        inspector = sa.inspect(engine)
        found.append({
            name: (
                sorted((u["name"], tuple(u["column_names"]))
                       for u in inspector.get_unique_constraints(name)),
                sorted((c["name"], c["sqltext"].replace(" ", ""))
                       for c in inspector.get_check_constraints(name)),
                sorted((f["name"], tuple(f["constrained_columns"]), f["referred_table"],
                        f["options"].get("ondelete"))
                       for f in inspector.get_foreign_keys(name)),
                sorted((i["name"], tuple(i["column_names"]), bool(i["unique"]),
                        str(i["dialect_options"].get(f"{engine.dialect.name}_where")))
                       for i in inspector.get_indexes(name)),
                inspector.get_pk_constraint(name),
            )
            for name in tables.metadata.tables
        })  # fmt: skip
    migrated, created = found
    assert migrated == created
    assert any("offered" in str(entry) for entry in migrated["mk__proposal"][3])


def test_drift_is_told(empty: Any) -> None:
    upgrade(empty.engine)
    with empty.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE mk__person ADD COLUMN shoe_size INTEGER")
        connection.exec_driver_sql("DROP INDEX uq_mk__proposal_open")
        connection.exec_driver_sql("CREATE TABLE mk__left_over (id INTEGER)")
        connection.exec_driver_sql("CREATE TABLE host (id INTEGER)")
    told = "\n".join(check(empty.engine))
    assert "shoe_size" in told
    assert "uq_mk__proposal_open" in told
    assert "mk__left_over" in told
    assert "host" not in told


def test_a_plugin_has_a_lineage_of_its_own(empty: Any, diary: Owner) -> None:
    upgrade(empty.engine, (CORE, diary))
    assert {"mk_diary__entry", "mk_diary__alembic", "mk__alembic"} <= names(empty.engine)
    assert check(empty.engine, (CORE, diary)) == []


def test_removing_a_plugin_leaves_an_installation_that_upgrades(
    empty: Any, diary: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty.engine, (CORE, diary))
    shutil.rmtree(tmp_path / "packages")
    # The core goes on, with a revision that the plugin has never seen.
    monkeypatch.delitem(sys.modules, "mk_later", raising=False)  # of another database
    later = tmp_path / "later" / "mk_later" / "versions"
    shutil.copytree(migrate.folder(CORE), later, ignore=shutil.ignore_patterns("__pycache__"))
    (later.parent / "__init__.py").touch()
    newest = max(one.name[: len("core_0001")] for one in later.glob("core_*.py"))
    (later / "core_9999_more.py").write_text(
        'from alembic import op\nimport sqlalchemy as sa\nrevision = "core_9999"\n'
        f'down_revision = "{newest}"\n'
        'def upgrade(): op.create_table("mk__more", sa.Column("id", sa.Integer, '
        "primary_key=True))\n"
    )
    monkeypatch.syspath_prepend(str(later.parent.parent))
    upgrade(empty.engine, (Owner(metadata=CORE.metadata, migrations="mk_later:versions"),))
    assert {"mk__more", "mk_diary__entry"} <= names(empty.engine)
    # Its tables are still there, which whoever erases people should know.
    (told,) = [line for line in check(empty.engine) if "diary" in line]
    assert told.startswith("mk_diary__entry: no loaded plugin declares this table")
    monkeypatch.delitem(sys.modules, "mentorkit_diary", raising=False)
    with pytest.raises(PluginError, match="plugin diary"):
        upgrade(empty.engine, (diary,))


def test_a_database_of_a_newer_version_says_so(empty: Any) -> None:
    upgrade(empty.engine)
    with empty.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mk__alembic SET version_num = 'core_9999'")
    with pytest.raises(MentorKitError, match="newer") as caught:
        upgrade(empty.engine)
    assert caught.value.code == "store.unknown_revision"
    assert "core: is at core_9999" in "\n".join(check(empty.engine))


def test_a_failing_migration_leaves_the_database_as_it_was(
    empty: Any, diary: Owner, tmp_path: Path
) -> None:
    folder = tmp_path / "packages" / "mentorkit_diary" / "migrations"
    (folder / "diary_0002_bad.py").write_text(
        'from alembic import op\nrevision = "diary_0002"\ndown_revision = "diary_0001"\n'
        'def upgrade():\n    op.execute("CREATE TABLE mk_diary__half (id INTEGER)")\n'
        '    op.execute("SELECT * FROM nowhere")\n'
    )
    with pytest.raises(sa.exc.DBAPIError):
        upgrade(empty.engine, (CORE, diary))
    assert "mk__person" in names(empty.engine)
    assert not {"mk_diary__half", "mk_diary__entry"} & names(empty.engine)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_sql_of_a_new_database_can_be_written_down(dialect: str, diary: Owner) -> None:
    written = migrate.sql(dialect, (CORE, diary))
    for name in (*tables.metadata.tables, "mk_diary__entry", "mk__alembic", "mk_diary__alembic"):
        assert f"CREATE TABLE {name} (" in written
    assert ("TIMESTAMP WITH TIME ZONE" in written) == (dialect == "postgresql")


def test_another_dialect_is_refused() -> None:
    with pytest.raises(MentorKitError, match="Write sqlite or postgresql"):
        migrate.sql("oracle")


def test_a_hosts_autogenerate_leaves_our_tables_alone(empty: Any) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    upgrade(empty.engine)
    with empty.engine.connect() as connection:
        plain = MigrationContext.configure(connection)
        told = MigrationContext.configure(connection, opts={"include_name": not_ours})
        assert len(compare_metadata(plain, sa.MetaData())) > 16
        assert compare_metadata(told, sa.MetaData()) == []


@pytest.mark.parametrize(
    ("name", "ours"),
    [("mk__person", True), ("mk_diary__entry", True), ("mk_a_b__c", True), ("mk_person", False),
     ("users", False), ("mkt__x", False), (None, False)],
)  # fmt: skip
def test_only_our_tables_are_ours(name: str | None, ours: bool) -> None:
    assert not_ours(name, "table", {}) is not ours
    assert not_ours(name, "column", {})


@pytest.mark.parametrize("kind", ["sqlite-prepared", "postgresql"])
def test_what_a_relationship_had_planned_is_kept_as_the_table_changes(
    create_database: Any, kind: str
) -> None:
    from alembic import command

    engine = create_database(kind, made=False).engine
    when = "2027-01-04T09:00:00.000000+00:00"
    with engine.begin() as connection:
        command.upgrade(migrate._config(CORE, connection=connection), "core_0001")
        for table, values in (
            ("program", {"id": "p", "key": "p", "name": "{}", "state": "open", "zone": "UTC",
                         "locale": "en", "kind": "pair", "matching": "staff",
                         "accept_chain": "[]", "offer_days": 1, "mentee_capacity": 1,
                         "staff": "{}", "created_at": when, "version": 1}),
            ("relationship", {"id": "r", "program_id": "p", "kind": "pair", "state": "active",
                              "targets_version": 1, "started_at": when, "ends_at": when,
                              "version": 1}),
            ("milestone", {"id": "m", "relationship_id": "r", "kind": "check", "state": "due",
                           "opens_at": when, "closes_at": when, "version": 3}),
            ("meeting", {"id": "h", "relationship_id": "r", "held_at": when, "minutes": 60,
                         "state": "held", "version": 1}),
        ):  # fmt: skip
            row = {"tenant": "acme", **values}
            names_, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO mk__{table} ({names_}) VALUES ({marks})"), row)
    upgrade(engine)
    assert check(engine) == []
    kept = {name: tables.metadata.tables[f"mk__{name}"] for name in ("milestone", "meeting")}
    with engine.connect() as connection:
        milestone = connection.execute(sa.select(kept["milestone"])).one()
        meeting = connection.execute(sa.select(kept["meeting"])).one()
    told = (milestone.kind, milestone.state, milestone.participant_id, milestone.answered)
    assert told == ("check", "due", "", ())
    assert (meeting.minutes, meeting.attendees) == (60, ())


@pytest.mark.parametrize("kind", ["sqlite-prepared", "postgresql"])
def test_a_message_from_before_has_no_fate_and_a_contact_is_still_tried(
    create_database: Any, kind: str
) -> None:
    from alembic import command

    engine = create_database(kind, made=False).engine
    when = "2027-01-04T09:00:00.000000+00:00"
    with engine.begin() as connection:
        command.upgrade(migrate._config(CORE, connection=connection), "core_0007")
        for table, values in (
            ("person", {"id": "p", "name": "Ana", "locale": "en", "zone": "UTC",
                        "created_at": when, "version": 1}),
            ("contact", {"id": "c", "person_id": "p", "kind": "email", "value": "ana@example.org",
                         "verified": True, "shared": False, "version": 1}),
            ("outbox", {"id": "o", "kind": "message", "plugin": "", "name": "proposal_offered",
                        "key": "k", "state": "done", "not_before": when, "attempt": 1,
                        "body": "{}", "created_at": when, "recipient_id": "p"}),
        ):  # fmt: skip
            row = {"tenant": "acme", **values}
            names_, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO mk__{table} ({names_}) VALUES ({marks})"), row)
    upgrade(engine)
    assert check(engine) == []
    with engine.connect() as connection:
        job = connection.execute(sa.select(tables.outbox)).one()
        contact = connection.execute(sa.select(tables.contact)).one()
    assert (job.channel, job.reference, job.taken_at, job.fate) == (None, None, None, "")
    assert (contact.value, contact.bounced) == ("ana@example.org", {})
