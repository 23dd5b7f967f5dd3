"""The kit: wires host, plugins and store, and does not start on a wrong foundation."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import scoped_session, sessionmaker

from mentorkit.domain.people import HostPerson
from mentorkit.domain.site import Portal, is_address
from mentorkit.errors import MentorKitError, PluginError, SettingsError
from mentorkit.hooks.providers import Check, Health
from mentorkit.kit import Kit, Uuid7
from mentorkit.store import MODE, prepare

BARE: dict[str, Any] = {"plugins": {}, "checks": {}, "reactions": {}}


class HostPeople:
    def __init__(self, *people: HostPerson) -> None:
        self.known = {person.ref: person for person in people}

    def lookup(self, tenant: str, refs: Any) -> Any:
        return {ref: self.known[ref] for ref in refs if ref in self.known}

    def search(self, tenant: str, text: str, limit: int) -> Any:
        return [person for person in self.known.values() if text in person.name][:limit]

    def tenants(self) -> Any:
        return ["acme", "other", "acme"]


def test_an_embedded_kit_needs_a_path_and_an_upgrade(tmp_path: Any, making: Any) -> None:
    kit = Kit.embedded(tmp_path / "mentor kit 100%.db", plugins=())
    kit.upgrade()
    with kit.transaction(tenant="default") as tx:
        making(tx).program()
    assert kit.tenants() == ["default"]
    kit.close()


def test_a_prepared_sqlite_has_the_settings_it_was_promised(tmp_path: Any) -> None:
    engine = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}"))
    assert prepare(engine) is engine
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    engine.dispose()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_prepared_readers_do_not_wait_for_the_writer(tmp_path: Any) -> None:
    engine = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}"))
    with engine.begin() as writer:
        writer.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        reader = engine.connect().execution_options(**{MODE: "read"})
        assert reader.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
        reader.close()
    engine.dispose()


def test_the_turnstile_lets_one_through_at_a_time_and_gives_the_turn_back(tmp_path: Any) -> None:
    engine = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", max_overflow=-1))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (0)")

    def add(fail: bool) -> None:
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("UPDATE t SET n = n + 1")
                if fail:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    threads = [threading.Thread(target=add, args=(n % 3 == 0,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT n FROM t").scalar() == 16
    engine.dispose()


def test_a_second_writer_in_one_thread_hears_at_once_instead_of_waiting(tmp_path: Any) -> None:
    engine = prepare(sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}"))
    with engine.begin() as first, engine.connect() as second:
        first.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        with pytest.raises(MentorKitError) as caught:
            second.exec_driver_sql("CREATE TABLE u (n INTEGER)")
    assert caught.value.code == "store.nested"
    with engine.begin() as again:
        again.exec_driver_sql("INSERT INTO t VALUES (1)")
    engine.dispose()


def test_a_host_that_only_reads_stands_in_nobodys_way(tmp_path: Any, making: Any) -> None:
    kit = Kit.embedded(tmp_path / "x.db", plugins=())
    kit.upgrade()
    with kit.sessions() as session:
        session.execute(sa.text("SELECT count(*) FROM mk__person")).scalar()
        with kit.transaction(tenant="acme") as tx:  # the same thread, the host's session open
            making(tx).person()
        assert session.execute(sa.text("SELECT count(*) FROM mk__person")).scalar() == 1
        session.begin_nested().rollback()
        session.execute(sa.text("DELETE FROM mk__person"))
        session.rollback()
        assert session.execute(sa.text("SELECT count(*) FROM mk__person")).scalar() == 1
    kit.close()


def test_steps_that_read_together_ask_for_the_same_once_and_each_tenant_for_itself(
    database: Any, kit: Any, making: Any
) -> None:
    with kit.transaction(tenant="acme") as tx:
        known = making(tx).person()
    asked: list[str] = []

    def note(*about: Any) -> None:
        asked.append(about[2])

    sa.event.listen(database.engine, "before_cursor_execute", note)

    def found(tenant: str) -> int:
        with kit.transaction(tenant=tenant, write=False) as tx:
            return len(tx.people.find(id=[known.id]))

    with kit.reading_once(tenant="acme"):
        assert [found("acme"), found("acme"), found("other")] == [1, 1, 0]
    together = sum("FROM mk__person" in text for text in asked)
    with suppress(MentorKitError), kit.reading_once(tenant="acme"):
        raise MentorKitError("some.code", "Something was wrong.")
    assert [found("acme"), found("acme")] == [1, 1]
    apart = sum("FROM mk__person" in text for text in asked) - together
    sa.event.remove(database.engine, "before_cursor_execute", note)
    assert (together, apart) == (2, 2)


def test_what_was_read_together_is_not_changed_by_whoever_got_it(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ids = [making(tx).person(name).id for name in ("Ada", "Ben")]
    with kit.reading_once(tenant="acme"), kit.transaction(tenant="acme", write=False) as tx:
        tx.people.read_ahead("id", [*reversed(ids), "nobody"])
        assert [tx.people.first(id=ids[0]), tx.people.find(id="nobody")] == [
            tx.people.get(ids[0]),
            [],
        ]
        assert [one.id for one in tx.people.find(id=ids)] == sorted(ids)
        tx.people.find(id=ids).clear()
        assert len(tx.people.find(id=ids)) == 2


def test_a_scoped_session_may_be_joined(database: Any, kit: Any, making: Any) -> None:
    shared = scoped_session(sessionmaker(database.engine))
    with kit.transaction(tenant="acme", session=shared) as tx:
        making(tx).person()
    shared.commit()
    shared.remove()
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 1


def test_a_factory_that_shares_its_session_is_refused(database: Any) -> None:
    shared = scoped_session(sessionmaker(database.engine))
    with pytest.raises(MentorKitError) as caught:
        Kit(sessions=shared, plugins=())
    assert caught.value.code == "kit.shared_session"
    shared.remove()


def test_an_engine_that_commits_each_statement_by_itself_is_refused(
    database: Any, create_kit: Any, making: Any
) -> None:
    """PostgreSQL alone: on SQLite a transaction is begun by hand."""
    engine = sa.create_engine(database.url, isolation_level="AUTOCOMMIT")
    kit = create_kit(sessions=sessionmaker(engine))
    expected = pytest.raises(MentorKitError) if database.is_postgresql else nullcontext()
    with expected as caught, kit.transaction(tenant="acme") as tx:
        making(tx).program()
    if database.is_postgresql:
        assert caught.value.code == "store.autocommit"
    engine.dispose()


def test_a_check_at_the_start_stops_it_and_others_are_left_for_doctor(kit: Any) -> None:
    def fall_over() -> Health:
        raise RuntimeError("secret token")

    checks = {
        "slack.token": Check(
            name="token",
            at_start=True,
            run=lambda: Health(ok=False, message="No token.", hint="Set it."),
        ),
        "slack.broken": Check(name="broken", at_start=True, run=fall_over),
        "slack.later": Check(name="later", run=fall_over),
        "slack.fine": Check(name="fine", at_start=True, run=lambda: Health(ok=True, message="")),
    }
    with pytest.raises(PluginError) as caught:
        Kit(sessions=kit.sessions, registry=SimpleNamespace(**{**BARE, "checks": checks}))
    assert [problem.place for problem in caught.value.problems] == ["slack.token", "slack.broken"]
    assert "No token. Set it." in str(caught.value)
    assert "secret" not in str(caught.value)


def test_contexts_give_a_plugin_what_it_may_use_and_nothing_to_write_with(
    create_kit: Any, making: Any
) -> None:
    slack = SimpleNamespace(
        settings={"channel": "#a", "level": 1},
        manifest=SimpleNamespace(tables=None, migrations=None, usual={}),
    )
    kit = create_kit(registry=SimpleNamespace(**{**BARE, "plugins": {"slack": slack}}))
    with kit.transaction(tenant="acme") as tx:
        program = making(tx).program()
    ctx = kit.context("acme", program, "slack", settings={"level": 2})
    assert (ctx.tenant, ctx.program, ctx.now) == ("acme", program, kit.clock())
    assert ctx.settings == {"channel": "#a", "level": 2}
    assert ctx.log.name == "mentorkit.plugin.slack"
    assert ctx.random.random() == kit.context("acme", program, "slack").random.random()
    assert ctx.random.random() != kit.context("acme", program, "slack", seed=1).random.random()
    assert not hasattr(ctx, "transaction")
    assert not hasattr(ctx, "kit")


def test_nobody_but_the_form_that_is_held_comes_before_a_transaction(create_kit: Any) -> None:
    kit = create_kit()
    own = {name for name, one in vars(kit).items() if isinstance(one, ContextVar)}
    assert own == {"_open", "_shared", "_before_writing"}, "each is private"
    ctx = kit.work_context("acme", None, "matching")
    assert {one.name for one in dataclasses.fields(ctx)} == {
        "tenant", "program", "settings", "now", "seed", "log", "transaction", "site",
    }  # fmt: skip
    root = Path(__file__).parents[2]
    users = {
        path.name
        for top in ("mentorkit", "plugins", "contrib")
        for path in (root / top).rglob("*.py")
        if "before_writing" in path.read_text("utf-8")
    }
    assert users == {"kit.py", "once.py"}


def test_a_plugins_transaction_is_its_own(create_kit: Any, database: Any, making: Any) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mk_slack__sent (id INTEGER PRIMARY KEY)")
    kit = create_kit(plugins=())
    ctx = kit.work_context("acme", None, "slack")
    insert = "INSERT INTO mk_slack__sent VALUES ({})"
    with ctx.transaction() as connection:
        connection.exec_driver_sql(insert.format(1))
    with pytest.raises(ZeroDivisionError), ctx.transaction() as connection:
        connection.exec_driver_sql(insert.format(2))
        raise ZeroDivisionError
    with kit.transaction(tenant="acme") as tx:
        making(tx).person()
        with pytest.raises(MentorKitError) as caught, ctx.transaction():
            pass
        assert caught.value.code == "store.nested"
    with database.engine.connect() as connection:
        assert list(connection.exec_driver_sql("SELECT id FROM mk_slack__sent").scalars()) == [1]


def test_a_plugins_transaction_may_only_read_and_then_waits_for_nobody(
    create_kit: Any, database: Any, making: Any
) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mk_slack__sent (id INTEGER PRIMARY KEY)")
    kit = create_kit(plugins=())
    ctx = kit.work_context("acme", None, "slack")
    with kit.transaction(tenant="acme") as tx:
        making(tx).person()  # what writes holds SQLite's only lock from its beginning
        with ctx.transaction(write=False) as connection:
            assert connection.exec_driver_sql("SELECT id FROM mk_slack__sent").all() == []
    for statement in (
        "INSERT INTO mk_slack__sent VALUES (1)",
        "/* it */ DELETE FROM mk_slack__sent",
    ):
        with pytest.raises(MentorKitError) as caught, ctx.transaction(write=False) as connection:
            connection.exec_driver_sql(statement)
        assert caught.value.code == "store.read_only"


def test_a_plugin_that_swallows_its_sql_error_is_told(create_kit: Any, database: Any) -> None:
    if not database.is_postgresql:
        return  # SQLite undoes the one statement alone
    ctx = create_kit(plugins=()).work_context("acme", None, "slack")
    with (
        pytest.raises(MentorKitError, match="passed over"),
        ctx.transaction() as connection,
        suppress(sa.exc.DBAPIError),
    ):
        connection.exec_driver_sql("SELECT * FROM nowhere")


def test_the_hosts_people_name_the_tenants(create_kit: Any) -> None:
    assert create_kit(plugins=(), people=HostPeople()).tenants() == ["acme", "other"]


def test_tenants_without_a_host_are_those_with_a_program(kit: Any, making: Any) -> None:
    assert kit.tenants() == []
    for tenant in ("b", "a"):
        with kit.transaction(tenant=tenant) as tx:
            making(tx).program()
    assert kit.tenants() == ["a", "b"]


def test_when_the_hosts_people_change_or_leave_ours_follow(create_kit: Any, making: Any) -> None:
    host = HostPeople(HostPerson(ref="u1", name="Ada Lovelace", locale="fr", zone="Europe/Paris"))
    kit = create_kit(plugins=(), people=host)
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).person("Ada", user_ref="u1")
        gone = making(tx).person("Ben", user_ref="u2")
        other = making(tx).person("Cleo", user_ref="u3")
        stranger = making(tx).person("Ada Lovelace")
    assert kit.people_changed(["u1", "u2"]) == 2
    assert kit.people_changed(["u1", "u2"]) == 0
    assert kit.people_changed([]) == 0
    with kit.transaction(tenant="acme", write=False) as tx:
        now = tx.people.get(ada.id)
        assert (now.name, now.locale, now.zone, now.user_ref) == (
            "Ada Lovelace", "fr", "Europe/Paris", "u1"
        )  # fmt: skip
        assert tx.people.get(gone.id).user_ref is None
        assert tx.people.get(other.id) == other
        assert tx.people.get(stranger.id) == stranger


def test_a_zone_that_is_none_leaves_the_one_that_somebody_has(create_kit: Any, making: Any) -> None:
    host = HostPeople(HostPerson(ref="u1", name="Ada Lovelace", zone="Nairobi"))
    kit = create_kit(plugins=(), people=host)
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).person("Ada", user_ref="u1", zone="Africa/Nairobi")
    assert kit.people_changed(["u1"]) == 1
    with kit.transaction(tenant="acme", write=False) as tx:
        now = tx.people.get(ada.id)
    assert (now.name, now.zone) == ("Ada Lovelace", "Africa/Nairobi")


def test_ids_sort_by_when_they_were_made() -> None:
    make = Uuid7()
    made = [make() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert all(len(each) == 36 and each[14] == "7" and each[19] in "89ab" for each in made)


def test_ids_are_all_different_among_threads() -> None:
    make = Uuid7()
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.extend(make() for _ in range(500))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000


def test_a_built_kit_loads_neither_numpy_nor_alembic(tmp_path: Any) -> None:
    code = (
        "import sys, mentorkit\n"
        f"kit = mentorkit.Kit.embedded({str(tmp_path / 'x.db')!r}, plugins=())\n"
        "with kit.transaction(tenant='a', write=False): pass\n"
        "kit.close()\n"
        "print([m for m in ('numpy', 'alembic', 'flask', 'numba') if m in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_secrets_and_a_site_that_cannot_be_used_are_refused_at_once() -> None:
    given: Any = {"secret_keys": ["long enough", 3, ""], "site": Portal("not a url")}
    with pytest.raises(SettingsError) as refused:
        Kit(sessions=sessionmaker(), **given)
    assert [one.place for one in refused.value.problems] == [
        "secret_keys[1]",
        "secret_keys[2]",
        "site",
    ]
    with pytest.raises(SettingsError, match="secret_keys: write a list of keys, not one text"):
        Kit(sessions=sessionmaker(), secret_keys="secret")


@pytest.mark.parametrize(
    ("base", "usable"),
    [
        ("https://example.org", True),
        ("http://localhost:5000/m/", True),
        ("https://{tenant}.example.org/mentoring", True),
        ("https://example.org/{customer}", False),
        ("example.org/mentoring", False),
        ("https:///mentoring", False),
        ("", False),
    ],
)
def test_a_portal_stands_at_a_whole_address(base: str, usable: bool) -> None:
    assert is_address(base) is usable
