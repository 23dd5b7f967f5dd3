"""Tenants: every method of every repository, asked as the wrong tenant, finds nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.milestones import Meeting, Milestone
from mentorkit.domain.people import Block, Business, Contact
from mentorkit.domain.runs import Run
from mentorkit.errors import Conflict, MentorKitError, NotFound
from mentorkit.store import declarations, rls, tables
from mentorkit.store.repository import Repository
from mentorkit.store.rosters import Roster
from mentorkit.store.transaction import Transaction

WORDS: dict[str, Any] = {
    "column": "tenant",
    "limit": 10,
    "by": "id",
    "capacity": 1,
    "number": 1,
    "kind": "targets",
    "key": "",
    "states": None,
    "since": None,
}
WORDS |= {"names": ["trade"], "search": "ADA a@example", "addresses": True}
WORDS |= {"feature": "taste", "computed": {}}


def repositories(tx: Transaction) -> dict[str, Repository[Any]]:
    names = [name for name in vars(Transaction) if not name.startswith("_")]
    found = {name: getattr(tx, name) for name in names if name not in ("connection", "journal")}
    return {name: each for name, each in found.items() if isinstance(each, Repository)}


def everything(tx: Transaction, making: Any) -> dict[str, Any]:
    """Put one of each noun there; return them by repository."""
    make = making(tx)
    base = {"tenant": tx.tenant, "id": tx.new_id()}
    ben, ada = (
        make.participant("Ben", role="mentee"),
        make.participant("Ada", used=1, consented_at=tx.now),
    )
    pair = make.relationship(ben, ada)
    at = {"relationship_id": pair.id}
    found = {
        "people": tx.people.get(ada.person_id),
        "participants": ada,
        "programs": make.program(),
        "relationships": pair,
        "members": pair.members[0],
        "proposals": make.proposal(ben, ada, state="offered", due_at=tx.now),
        "businesses": tx.businesses.add(Business(**base, name="Bakery")),
        "contacts": tx.contacts.add(
            Contact(**base, person_id=ada.person_id, kind="email", value="a@example.org")
        ),
        "runs": tx.runs.add(Run(**base, program_id=ada.program_id, created_at=tx.now)),
        "definitions": tx.definitions.put(ada.program_id, "targets", {"length_days": 1}),
        "milestones": tx.milestones.add(
            Milestone(**base, **at, kind="check", opens_at=tx.now, closes_at=tx.now)
        ),
        "meetings": tx.meetings.add(Meeting(**base, **at, held_at=tx.now, minutes=60)),
        "blocks": tx.blocks.add(
            Block(**base, person_id=ada.person_id, other_id=ben.person_id, created_at=tx.now)
        ),
        "notes": tx.notes.get(
            tx.notes.write("n", subject_noun="person", subject_id=ada.person_id, author_id=None)
        ),
    }
    assert set(found) == set(repositories(tx))
    return found


def arguments(method: Callable[..., Any], thing: Any, tx: Transaction) -> dict[str, Any]:
    """Make up the arguments of any repository method, all of them about `thing`."""
    made: dict[str, Any] = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            made["id"] = thing.id
        elif name == "item":
            made[name] = thing
        elif name == "items":
            made[name] = [thing]
        elif name == "address":
            made[name] = thing.value
        elif name == "people":
            made[name] = [thing.person_id]
        elif name == "relationships":
            made[name] = [thing.relationship_id]
        elif name == "ids":
            members = [member.participant_id for member in getattr(thing, "members", ())]
            made[name] = [getattr(thing, "person_id", thing.id), thing.id, *members]
        elif name in ("id", "person_id", "other_id", "program_id", "after"):
            made[name] = getattr(thing, name, thing.id) if name != "after" else None
        elif name == "values":
            made[name] = {thing.id: Frozen(stamp="x", value="1.0")}
        elif name in ("now", "moment"):
            made[name] = tx.now
        elif name in WORDS:
            made[name] = WORDS[name]
        else:
            raise AssertionError(f"tell the tenancy test what {method.__qualname__} takes: {name}")
    return made


MAKES = {"write", "put"}
"""Methods that make something of the asking tenant's own; their references are checked below."""


def asked(tx: Transaction, things: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, repository in repositories(tx).items():
        for verb, method in inspect.getmembers(repository, inspect.ismethod):
            if verb.startswith("_") or verb in {"missing", *MAKES}:
                continue
            given = arguments(method, things[name], tx)
            yield f"{name}.{verb}", lambda method=method, given=given: method(**given)


def empty(answer: Any) -> bool:
    if isinstance(answer, Roster):
        return not answer.plain["id"]
    if isinstance(answer, tuple):
        return not any(answer)
    if isinstance(answer, dict):  # for each that was asked for, what there is of it
        return not any(answer.values())
    if answer is None or isinstance(answer, (int, str)):
        return not answer
    return hasattr(answer, "__len__") and len(answer) == 0


def test_every_repository_method_as_the_wrong_tenant_finds_nothing(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        things = everything(tx, making)
        before = stored(tx)
    found = []
    with kit.transaction(tenant="other") as tx:
        for name, ask in asked(tx, things):
            try:
                answer = ask()
            except MentorKitError as error:
                answer = error
            # Not found, or refused for everybody: a version of a definition is never saved.
            fixed = getattr(answer, "code", "") == "definition.fixed"
            if not (isinstance(answer, NotFound) or fixed or empty(answer)):
                found.append((name, answer))
    assert found == []
    with kit.transaction(tenant="acme") as tx:
        assert stored(tx) == before


def test_the_same_methods_as_the_right_tenant_do_find_something(kit: Any, making: Any) -> None:
    """The test above would pass if its questions were nonsense; these are the same questions."""
    with kit.transaction(tenant="acme") as tx:
        things = everything(tx, making)
    answered = set()
    with kit.transaction(tenant="acme") as tx:
        for name, ask in asked(tx, things):
            verb = name.partition(".")[2]
            if verb in (
                "get", "get_many", "find", "first", "count", "page", "current", "version",
                "latest", "overdue", "ripe", "among", "for_participants", "at", "last",
                "sought", "roster", "versions", "mark", "since", "closing",
            ):  # fmt: skip
                assert not empty(ask()), name
                answered.add(verb)
    assert len(answered) >= 10


def stored(tx: Transaction) -> dict[str, Any]:
    return {name: each.find() for name, each in repositories(tx).items()}


def test_a_value_of_another_tenant_is_not_written(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).person()
    with kit.transaction(tenant="other") as tx:
        for write in (tx.people.add, tx.people.save):
            with pytest.raises(NotFound):
                write(ada)
        with pytest.raises(NotFound):
            tx.people.save(replace(ada, tenant="other"))


def test_every_table_leads_its_key_with_the_tenant() -> None:
    for table in tables.metadata.tables.values():
        assert not table.c.tenant.nullable
        if table.name != "mk__event":
            assert [column.name for column in table.primary_key] == ["tenant", "id"], table.name
    # The journal's key is its order; what refers to it still names the tenant.
    assert [c.name for c in tables.event.primary_key] == ["sequence"]


NO_REFERENCE = {
    "mk__proposal.relationship_id",  # the relationship refers to its proposal
    "mk__proposal.note_id",  # notes are erased, and the id that stays says nothing
    "mk__relationship.note_id",
    "mk__milestone.participant_id",  # "" where it is everybody's; else a member's, who stays
    "mk__note.subject_id",  # a note may be about any noun
    "mk__note.author_id",
    "mk__event.subject_id",  # the journal outlives what it tells of
    "mk__event.program_id",
    "mk__event.actor_id",
    "mk__outbox.program_id",
}


def test_every_reference_is_kept_inside_the_tenant() -> None:
    for table in tables.metadata.tables.values():
        referring = set()
        for key in table.foreign_key_constraints:
            names = [element.parent.name for element in key.elements]
            assert names[0] == "tenant", (table.name, names)
            assert key.elements[0].column.name == "tenant"
            referring |= set(names)
        for column in table.columns:
            if column.name.endswith("_id") and f"{table.name}.{column.name}" not in NO_REFERENCE:
                assert column.name in referring, f"{table.name}.{column.name}"


def test_the_database_itself_refuses_a_reference_across_tenants(
    kit: Any, making: Any, database: Any
) -> None:
    if database.kind == "sqlite-plain":
        return  # a host's SQLite has foreign keys off unless it says otherwise
    with kit.transaction(tenant="acme") as tx:
        theirs = making(tx).program()
    with (
        pytest.raises(Conflict, match="refers to something") as caught,
        kit.transaction(tenant="other") as tx,
    ):
        making(tx).participant(program_id=theirs.id)
    assert caught.value.code == "participant.reference"


@pytest.mark.postgres
def test_row_level_security_is_a_second_wall(
    create_kit: Any, kit: Any, making: Any, database: Any, postgres: Any
) -> None:
    if not database.is_postgresql:
        with pytest.raises(Exception, match="needs PostgreSQL"):
            rls(database.engine)
        return
    names = rls(database.engine)
    assert len(names) == len(tables.metadata.tables)
    schema = database.engine.url.query["options"].removeprefix("-csearch_path=").split()[0]
    role = f"{schema}_app"
    with postgres.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role}")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        for kind in ("TABLES", "SEQUENCES"):
            connection.exec_driver_sql(f"GRANT ALL ON ALL {kind} IN SCHEMA {schema} TO {role}")
    weak = database.connect()
    sa.event.listen(weak, "connect", lambda c, _: (c.execute(f"SET ROLE {role}"), c.commit()))
    try:
        guarded = create_kit(plugins=(), sessions=sessionmaker(weak))
        for tenant in ("acme", "other"):
            with guarded.transaction(tenant=tenant) as tx:
                making(tx).person(tenant)
        ask = sa.select(tables.person.c.name)
        with guarded.transaction(tenant="acme", write=False) as tx:
            assert list(tx.connection.execute(ask).scalars()) == ["acme"]
        with weak.connect() as connection:
            assert list(connection.execute(ask).scalars()) == []
        with (
            pytest.raises(MentorKitError, match="refused"),
            guarded.transaction(tenant="acme") as tx,
            tx.writing("person"),
        ):
            tx.connection.execute(sa.update(tables.person).values(tenant="other"))
        rls(database.engine, on=False)
        with weak.connect() as connection:
            assert len(list(connection.execute(ask).scalars())) == 2
    finally:
        weak.dispose()
        with postgres.connect() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")


def test_the_declared_tables_are_all_there_are() -> None:
    declarations.check({"": tables.metadata})
