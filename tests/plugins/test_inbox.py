"""The plugin inbox: it reaches everybody, keeps each message once, and brings its own table."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit.domain.events import ParticipantLeft
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message, Undeliverable
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.errors import Invalid, NotFound
from mentorkit.hooks import CommandContext, WorkContext
from mentorkit.kit import Kit
from mentorkit.store import erase, export, migrate
from mentorkit.testing.contracts import ChannelContract
from mentorkit_inbox.channel import Inbox, find_table
from mentorkit_inbox.tables import message as table

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def kit(create_kit: Callable[..., Kit]) -> Kit:
    return create_kit(plugins=("inbox",))


@pytest.fixture
def context(kit: Kit) -> WorkContext:
    return kit.work_context("acme", None, "inbox")


def create_person(kit: Kit, number: int = 1, tenant: str = "acme") -> Person:
    """Store a person with a program and a part in it; ids are made from the number."""
    person = Person(
        id=f"p{number}", tenant=tenant, name=f"Person {number}", external_key=f"k{number}",
        created_at=AT,
    )  # fmt: skip
    with kit.transaction(tenant=tenant) as tx:
        if not tx.programs.find(key="main"):
            tx.programs.add(
                Program(id="main", tenant=tenant, key="main", name=Frozen(en="M"), created_at=AT)
            )
        tx.people.add(person)
        tx.participants.add(
            Participant(
                id=f"part{number}",
                tenant=tenant,
                program_id="main",
                person_id=person.id,
                role="mentee",
                state="active",
                created_at=AT,
            )
        )
    return person


def create_message(person: Person, key: str = "1:hello", **values: Any) -> Message:
    made = Message(
        key=key, tenant=person.tenant, program_id="main", person_id=person.id, template="hello",
        subject="Hello", body="A word", created_at=AT,
    )  # fmt: skip
    return replace(made, **values)


def kept(kit: Kit) -> list[Any]:
    with kit.engine.connect() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.tenant, table.c.key)))


def command(kit: Kit, name: str) -> Callable[..., Any]:
    run: Callable[..., Any] = kit.registry.commands[f"inbox.{name}"].run
    return run


class TestContract(ChannelContract):
    """The inbox keeps what every channel keeps."""

    plugin = "inbox"


# --------------------------------------------------------------------------- messages


def test_everybody_can_be_reached(kit: Kit, context: WorkContext) -> None:
    assert Inbox().can_reach(context, create_person(kit), [])


def test_a_message_is_kept_once_however_often_it_is_handed_over(
    kit: Kit, context: WorkContext
) -> None:
    person = create_person(kit)
    message = create_message(person, subject="Zoë's \U0001f600 " + "x" * 2000)
    first = Inbox().deliver(context, message, person, [])
    again = Inbox().deliver(context, replace(message, body="other"), person, [])
    assert first == again
    (row,) = kept(kit)
    assert (row.id, row.body, row.read_at) == (first.reference, "A word", None)
    assert row.subject == message.subject[:1000]
    assert row.created_at == AT


def test_many_workers_with_one_message_keep_it_once(kit: Kit, context: WorkContext) -> None:
    person = create_person(kit)
    messages = [create_message(person, key=f"one/{number}") for number in range(20)]
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def deliver(message: Message) -> None:
        start.wait()
        for _ in range(10):
            try:
                Inbox().deliver(kit.work_context("acme", None, "inbox"), message, person, [])
                return
            except sa.exc.OperationalError as error:
                # A host's plain SQLite engine may say "locked": the worker tries again later.
                if "locked" not in str(error):
                    failures.append(error)
                    return
            except BaseException as error:
                failures.append(error)
                return

    def deliver_all() -> None:
        for message in messages:
            deliver(message)

    threads = [threading.Thread(target=deliver_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(row.key for row in kept(kit)) == sorted(one.key for one in messages)


def test_the_same_key_in_another_tenant_is_another_message(kit: Kit, context: WorkContext) -> None:
    here, there = create_person(kit), create_person(kit, tenant="other")
    other = kit.work_context("other", None, "inbox")
    one = Inbox().deliver(context, create_message(here), here, [])
    two = Inbox().deliver(other, create_message(there), there, [])
    assert one.reference != two.reference
    assert [row.tenant for row in kept(kit)] == ["acme", "other"]


def test_somebody_of_another_tenant_or_nobody_cannot_be_reached(
    kit: Kit, context: WorkContext, database: Any
) -> None:
    if database.kind == "sqlite-plain":
        with kit.engine.connect() as connection:
            if not connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
                return  # a host's plain engine checks no references; `doctor` says so
    stranger = create_person(kit, 7, tenant="other")
    for person in (stranger, replace(stranger, id="nobody")):
        with pytest.raises(Undeliverable) as caught:
            Inbox().deliver(context, create_message(person), person, [])
        assert caught.value.code == "inbox.person_gone"
    assert kept(kit) == []


# --------------------------------------------------------------------------- reaction


def test_what_somebody_who_left_has_not_read_is_closed(kit: Kit, context: WorkContext) -> None:
    ana, bo = create_person(kit), create_person(kit, 2)
    for person in (ana, bo):
        Inbox().deliver(context, create_message(person, f"{person.id}"), person, [])
    react = kit.registry.reactions["inbox.tidy"].handle
    event = ParticipantLeft(subject_id="part1", tenant="acme", program_id="main")
    react(context, replace(event, program_id="elsewhere"))
    react(kit.work_context("other", None, "inbox"), event)
    assert [row.read_at for row in kept(kit)] == [None, None]
    react(context, event)
    first = kept(kit)
    assert [(row.person_id, row.read_at) for row in first] == [("p1", context.now), ("p2", None)]
    react(context, event)
    assert kept(kit) == first


# --------------------------------------------------------------------------- commands and check


ADMIN = Actor(admin=True)


def acting(context: Any, actor: Actor = ADMIN) -> CommandContext:
    """Return the context as a command gets it, which knows who is acting."""
    made: Any = SimpleNamespace(
        tenant=context.tenant, now=context.now, transaction=context.transaction, actor=actor
    )
    return made  # type: ignore[no-any-return]


def test_everybody_sees_their_own_and_staff_those_of_their_program(
    kit: Kit, context: WorkContext
) -> None:
    ana, bo = create_person(kit), create_person(kit, 2)
    with kit.transaction(tenant="acme") as tx:
        boss = tx.people.add(Person(id="boss", tenant="acme", name="Boss", created_at=AT))
        tx.programs.save(replace(tx.programs.get("main"), staff=Frozen(boss="coordinator")))
    sent = {
        one.id: Inbox().deliver(context, create_message(one, one.id), one, []).reference
        for one in (ana, bo)
    }
    list_, read = command(kit, "list"), command(kit, "read")
    seen = {
        one.id: {row["id"] for row in list_(acting(context, Actor(person_id=one.id)))}
        for one in (ana, bo, boss)
    }
    assert seen == {ana.id: {sent[ana.id]}, bo.id: {sent[bo.id]}, boss.id: set(sent.values())}
    assert list_(acting(context, Actor(user_ref="nobody"))) == []
    with pytest.raises(NotFound):
        read(acting(context, Actor(person_id=bo.id)), message=sent[ana.id])
    assert [row.read_at for row in kept(kit)] == [None, None]
    read(acting(context, Actor(person_id=ana.id)), message=sent[ana.id])


def test_a_word_that_was_carried_is_its_recipients_alone(kit: Kit, context: WorkContext) -> None:
    ana = create_person(kit)
    with kit.transaction(tenant="acme") as tx:
        tx.people.add(Person(id="boss", tenant="acme", name="Boss", created_at=AT))
        tx.programs.save(replace(tx.programs.get("main"), staff=Frozen(boss="coordinator")))
    word = create_message(ana, "w", template="relayed")
    reference = Inbox().deliver(context, word, ana, []).reference
    list_, read = command(kit, "list"), command(kit, "read")
    for actor in (ADMIN, Actor(person_id="boss"), Actor(person_id="boss", admin=True)):
        assert list_(acting(context, actor)) == []
        with pytest.raises(NotFound):
            read(acting(context, actor), message=reference)
    for actor in (Actor(person_id=ana.id), Actor(person_id=ana.id, admin=True)):
        assert read(acting(context, actor), message=reference)["body"] == "A word"


def test_list_shows_the_newest_first_of_all_or_of_one(kit: Kit, context: WorkContext) -> None:
    ana, bo = create_person(kit), create_person(kit, 2)
    for number, person in enumerate((ana, bo, ana)):
        at = AT.replace(day=number + 1)
        made = create_message(person, str(number), subject=f"S{number}", created_at=at)
        Inbox().deliver(context, made, person, [])
    run = command(kit, "list")
    assert [row["subject"] for row in run(acting(context))] == ["S2", "S1", "S0"]
    for wanted in ("k1", "p1"):
        assert [row["subject"] for row in run(acting(context), person=wanted)] == ["S2", "S0"]
    assert [row["subject"] for row in run(acting(context), limit=1)] == ["S2"]
    assert run(acting(kit.work_context("other", None, "inbox"))) == []
    with pytest.raises(NotFound):
        run(acting(kit.work_context("other", None, "inbox")), person="k1")
    with pytest.raises(Invalid):
        run(acting(context), limit=0)
    row = run(acting(context), person="k2")[0]
    assert row == {
        "id": row["id"], "person": "k2", "template": "hello", "subject": "S1",
        "created_at": datetime(2027, 3, 2, 9, tzinfo=UTC), "read_at": None,
    }  # fmt: skip


def test_a_message_is_read_once_and_for_good(kit: Kit, context: WorkContext, clock: Any) -> None:
    person = create_person(kit)
    reference = Inbox().deliver(context, create_message(person), person, []).reference
    run, own = command(kit, "read"), Actor(person_id=person.id)
    passed_on = run(acting(context), message=reference)
    assert (passed_on["subject"], passed_on["body"]) == ("Hello", "A word")
    assert passed_on["read_at"] is None, "staff who read it have not read it for them"
    assert len(command(kit, "list")(acting(context), unread=True)) == 1
    first = run(acting(context, own), message=reference)
    assert first["read_at"] is not None
    clock.forward(days=1)
    assert run(acting(kit.work_context("acme", None, "inbox"), own), message=reference) == first
    assert run(acting(context), message=reference) == first
    assert command(kit, "list")(acting(context), unread=True) == []
    for tenant, wanted in (("other", reference), ("acme", "no-such-message")):
        with pytest.raises(NotFound):
            run(acting(kit.work_context(tenant, None, "inbox")), message=wanted)


def test_the_check_finds_the_table_or_says_what_to_run(kit: Kit, context: WorkContext) -> None:
    check = kit.registry.checks["inbox.table"]
    assert check.needs_database
    assert not check.at_start
    assert check.run(context).ok
    with kit.engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table.name} DROP COLUMN read_at")
    lacking = find_table(context)
    assert (lacking.ok, "read_at" in lacking.message) == (False, True)
    with kit.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table.name}")
    gone = find_table(context)
    assert (gone.ok, gone.hint) == (False, "Run `mentorkit db upgrade`.")


# --------------------------------------------------------------------------- table and migrations


def test_the_migration_makes_what_the_table_declares(
    create_database: Callable[..., Any], database: Any
) -> None:
    engine = create_database(database.kind, made=False).engine
    kit = Kit(sessions=sessionmaker(engine), plugins=("inbox",))
    kit.upgrade()
    kit.upgrade()
    assert migrate.check(engine, kit.owners) == []
    assert {"mk_inbox__message", "mk_inbox__alembic"} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_a_persons_messages_are_given_out_and_erased_with_them(
    kit: Kit, context: WorkContext
) -> None:
    ana, bo = create_person(kit), create_person(kit, 2)
    for person in (ana, bo):
        Inbox().deliver(context, create_message(person, person.id), person, [])
    with kit.transaction(tenant="acme") as tx:
        given = export(tx, ana.id)
        erase(tx, ana.id)
    (shown,) = given["mk_inbox__message"]
    assert (shown["subject"], shown["body"]) == ("Hello", "A word")
    assert "tenant" not in shown
    assert [row.person_id for row in kept(kit)] == [bo.id]


def test_loading_the_plugin_loads_no_sqlalchemy() -> None:
    code = (
        "import sys\n"
        "from mentorkit.hooks.registry import Registry\n"
        "Registry.load(('inbox',))\n"
        "print([n for n in ('sqlalchemy', 'alembic', 'numpy', 'flask') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
