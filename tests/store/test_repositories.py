"""Repositories: values in, the same values out; who saves an old version hears what changed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import Block, Business, Contact
from mentorkit.errors import Conflict, Invalid, NotFound
from mentorkit.journey.safeguards import blocked_pairs
from mentorkit.store import privacy, repositories, tables


def test_every_noun_has_a_column_for_each_field_and_no_other() -> None:
    kept = [
        each for each in vars(repositories).values()
        if isinstance(each, type) and issubclass(each, repositories.Repository)
        and each is not repositories.Repository
    ]  # fmt: skip
    assert len(kept) == 14
    for each in kept:
        own = {field.name for field in fields(each.cls)} - {"members"}
        assert {column.name for column in tables.own(each.table)} == own, each.noun
    beside = {
        column.name
        for each in kept
        for column in set(each.table.columns) - set(tables.own(each.table))
    }
    assert beside == {"features"}


def test_what_is_kept_beside_a_noun_outlasts_its_changes(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant("Ada", consented_at=tx.now)
        tx.participants.keep("taste", {ada.id: Frozen(stamp="a", value="[1.0]")})
    with kit.transaction(tenant="acme") as tx:
        now = tx.participants.get(ada.id)
        assert now == replace(ada, version=ada.version + 1)
        with pytest.raises(Conflict):
            tx.participants.save(replace(ada, cohort="late"))
    with kit.transaction(tenant="acme") as tx:
        tx.participants.save(replace(now, cohort="late"))
        tx.participants.keep("mood", {ada.id: Frozen(stamp="b", value="0.5")})
        tx.participants.keep("mood", {"somebody else": Frozen(stamp="b", value="0.5")})
    with kit.transaction(tenant="acme", write=False) as tx:
        (row,) = privacy.export(tx, ada.person_id)["mk__participant"]
        assert row["features"] == {
            "taste": {"stamp": "a", "value": "[1.0]"}, "mood": {"stamp": "b", "value": "0.5"}
        }  # fmt: skip


def test_what_is_added_is_found_again(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        ada = make.participant("Ada", profile=Frozen({"trade": ("baker", "smith")}), cohort="c1")
        ben = make.participant("Ben", role="mentee")
        started = make.relationship(ben, ada)
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.participants.get(ada.id) == ada
        assert tx.participants.find(role="mentee") == [ben]
        assert tx.participants.find(role=("mentee", "mentor"), cohort=None) == [ben]
        assert tx.participants.first(cohort="c1") == ada
        assert tx.participants.first(cohort="c2") is None
        assert tx.participants.count(program_id=ada.program_id) == 2
        assert tx.relationships.get(started.id) == started
        assert [m.role for m in tx.relationships.get(started.id).members] == ["mentee", "mentor"]
        assert tx.relationships.for_participants([ada.id]) == [started]
        assert tx.relationships.for_participants([ada.id], states=["ended"]) == []
        assert tx.relationships.for_participants([]) == []


def test_get_many_takes_any_number_of_ids_and_keeps_their_order(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        people = [
            replace(making(tx).person(), id=f"p{number:05}", name=str(number), version=1)
            for number in range(1)
        ]
        base = people[0]
        many = [replace(base, id=f"p{n:05}", name=str(n)) for n in range(1, 2600)]
        tx.people.add_all(many)
        wanted = [each.id for each in reversed(many)] + ["nobody"]
        found = tx.people.get_many(wanted)
        assert list(found) == wanted[:-1]
        assert tx.people.count(id=wanted) == len(many)
        assert [p.id for p in tx.people.find(id=wanted)] == sorted(found)
        assert tx.people.find(id=[]) == []
        assert tx.people.count(id=[]) == 0


def test_a_page_goes_on_where_the_last_one_ended(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        people = [making(tx).person(str(number)) for number in range(5)]
        first = tx.people.page(limit=2)
        second = tx.people.page(after=first.next, limit=2)
        third = tx.people.page(after=second.next, limit=2)
    assert [*first, *second, *third] == people
    assert third.next is None


@pytest.mark.parametrize("limit", [0, 1001, True, "5"])
def test_an_unbounded_page_is_refused(kit: Any, limit: Any) -> None:
    with (
        kit.transaction(tenant="acme", write=False) as tx,
        pytest.raises(Invalid, match="from 1 to 1000"),
    ):
        tx.people.page(limit=limit)


def test_saving_gives_the_next_version(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada, ben = making(tx).person("Ada"), making(tx).person("Ben")
        saved = tx.people.save(replace(ada, name="Ada L."))
        assert (saved.version, saved.name) == (2, "Ada L.")
        both = tx.people.save_all([replace(saved, locale="fr"), replace(ben, locale="sw")])
        assert [each.version for each in both] == [3, 2]
        assert tx.people.find(locale=["fr", "sw"]) == both
        assert tx.people.save_all([]) == []


def test_a_stale_save_says_what_changed_but_quotes_nothing_personal(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).person("Ada")
    with kit.transaction(tenant="acme") as tx:
        tx.people.save(replace(ada, name="Secret Name", locale="fr"))
    with kit.transaction(tenant="acme") as tx, pytest.raises(Conflict) as caught:
        tx.people.save(replace(ada, zone="Africa/Nairobi"))
    error = caught.value
    assert error.code == "person.stale"
    assert error.details["changed"] == {"locale": "fr", "zone": "UTC"}
    assert error.details["version"] == 2
    assert "Secret" not in str(error)
    assert "Secret" not in str(error.details)


def test_a_stale_save_names_the_state_and_no_reason(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant()
        tx.participants.save(replace(ada, state="paused", reason="secret_code"))
        with pytest.raises(Conflict, match="state is now paused") as caught:
            tx.participants.save(replace(ada, capacity=3))
    assert "secret" not in f"{caught.value} {caught.value.details}"


def test_one_stale_among_many_saves_none(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada, ben = making(tx).person("Ada"), making(tx).person("Ben")
        tx.people.save(replace(ben, locale="fr"))
    with pytest.raises(Conflict) as caught, kit.transaction(tenant="acme") as tx:
        tx.people.save_all([replace(ada, locale="sw"), replace(ben, locale="sw")])
    assert caught.value.details["id"] == ben.id
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(ada.id) == ada


def test_swallowing_one_stale_among_many_saves_none_either(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada, ben = making(tx).person("Ada"), making(tx).person("Ben")
        tx.people.save(replace(ben, locale="fr"))
    with pytest.raises(Exception, match="passed over"), kit.transaction(tenant="acme") as tx:
        with pytest.raises(Conflict):
            tx.people.save_all([replace(ada, locale="sw"), replace(ben, locale="sw")])
        tx.people.save(replace(tx.people.get(ada.id), zone="Asia/Kolkata"))
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(ada.id) == ada


def test_what_is_not_there_is_not_found(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).person("Ada")
        with pytest.raises(NotFound) as caught:
            tx.people.get("nobody")
        assert caught.value.code == "person.not_found"
        with pytest.raises(NotFound):
            tx.people.save(replace(ada, id="nobody"))
        with pytest.raises(TypeError, match="looked up"):
            tx.people.find(shoe_size=42)


@pytest.mark.parametrize(
    ("code", "twice"),
    [
        ("person.user_taken", lambda m: [m.person(user_ref="u1") for _ in "ab"]),
        ("person.key_taken", lambda m: [m.person(external_key="k1") for _ in "ab"]),
        ("program.key_taken", lambda m: m.tx.programs.add(replace(m.program(), id="other"))),
        (
            "business.key_taken",
            lambda m: [
                m.tx.businesses.add(Business(id=id, name=id, external_key="b", **m.base))
                for id in "ab"
            ],
        ),
        (
            "participant.exists",
            lambda m: m.participant(person_id=m.participant().person_id),
        ),
        ("participant.full", lambda m: m.participant(used=2, capacity=1)),
        ("participant.no_place_held", lambda m: m.participant(used=-1)),
        (
            "block.same_person",
            lambda m: m.tx.blocks.add(
                Block(id="b", person_id=(p := m.person()).id, other_id=p.id,
                      created_at=m.tx.now, **m.base)
            ),
        ),
        (
            "contact.exists",
            lambda m: m.tx.contacts.add_all(
                [Contact(id=id, person_id=p, kind="email", value="a@b", **m.base)
                 for p in [m.person().id] for id in "ab"]
            ),
        ),
    ],
)  # fmt: skip
def test_a_broken_constraint_is_a_conflict_with_a_code(
    kit: Any, making: Any, code: str, twice: Any
) -> None:
    with pytest.raises(Conflict) as caught, kit.transaction(tenant="acme") as tx:
        twice(making(tx))
    assert caught.value.code == code
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_two_open_proposals_for_one_pair_are_a_conflict_but_drafts_of_two_runs_are_not(
    kit: Any, making: Any
) -> None:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        ben, ada = make.participant("Ben", role="mentee"), make.participant("Ada")
        make.proposal(ben, ada, state="draft")
        make.proposal(ben, ada, state="draft")
        make.proposal(ben, ada, state="declined")
        make.proposal(ben, ada, state="offered")
        with pytest.raises(Conflict) as caught, tx.savepoint():
            make.proposal(ben, ada, state="question")
        assert caught.value.code == "proposal.already_open"


def test_one_proposal_becomes_one_relationship(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        ben, ada = make.participant("Ben", role="mentee"), make.participant("Ada")
        offered = make.proposal(ben, ada, state="accepted")
        make.relationship(ben, ada, proposal_id=offered.id)
        with pytest.raises(Conflict) as caught, tx.savepoint():
            make.relationship(ben, ada, proposal_id=offered.id)
        assert caught.value.code == "relationship.already_started"


def test_a_reference_to_nothing_is_a_conflict(kit: Any, making: Any, database: Any) -> None:
    if database.kind == "sqlite-plain":
        # A host's SQLite has foreign keys off unless it says otherwise; doctor tells.
        sa.event.listen(
            database.engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON").close()
        )
        database.engine.dispose()
    with pytest.raises(Conflict) as caught, kit.transaction(tenant="acme") as tx:
        making(tx).participant(business_id="no such business")
    assert caught.value.code == "participant.reference"


def test_a_database_without_tables_gives_our_error_too(
    create_kit: Any, create_database: Any, database: Any
) -> None:
    from sqlalchemy.orm import sessionmaker

    empty = create_database(database.kind, made=False)
    kit = create_kit(plugins=(), sessions=sessionmaker(empty.engine))
    with (
        pytest.raises(Exception, match="doctor") as caught,
        kit.transaction(tenant="acme", write=False) as tx,
    ):
        tx.people.find()
    assert caught.value.code == "store.failed"


def test_definitions_are_looked_up_once_by_who_puts_none(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        program = making(tx).program()
        first = tx.definitions.put(program.id, "targets", {"length_days": 90})
    asked: list[str] = []
    sa.event.listen(kit.engine, "before_cursor_execute", lambda *about: asked.append(str(about[2])))
    with kit.transaction(tenant="acme", write=False) as tx:
        asked.clear()
        assert [tx.definitions.current(program.id, "targets") for _ in range(3)] == [first] * 3
        assert [tx.definitions.version(program.id, "targets", 1) for _ in range(3)] == [first] * 3
        assert tx.definitions.current(program.id, "fields") is None
        assert tx.definitions.current(program.id, "fields") is None
    assert sum("mk__definition" in text for text in asked) == 3
    with kit.transaction(tenant="acme") as tx:
        assert tx.definitions.current(program.id, "targets") == first
        second = tx.definitions.put(program.id, "targets", {"length_days": 182})
        assert tx.definitions.current(program.id, "targets") == second
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.definitions.current(program.id, "targets") == second


def test_definitions_are_numbered_and_stay(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        program = making(tx).program()
        assert tx.definitions.current(program.id, "targets") is None
        first = tx.definitions.put(program.id, "targets", {"length_days": 90})
        second = tx.definitions.put(program.id, "targets", {"length_days": 182})
        other = tx.definitions.put(program.id, "plugin", {"on": True}, key="slack")
        assert (first.number, second.number, other.number) == (1, 2, 1)
        assert tx.definitions.current(program.id, "targets") == second
        assert tx.definitions.version(program.id, "targets", 1) == first
        assert tx.definitions.current(program.id, "plugin", "slack") == other
        with pytest.raises(NotFound):
            tx.definitions.version(program.id, "targets", 3)
        with pytest.raises(Conflict, match="put a new one"):
            tx.definitions.save(first)


def test_notes_and_blocks(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada, ben, cleo = (making(tx).person(name) for name in ("Ada", "Ben", "Cleo"))
        note = tx.notes.write(
            "Met at the fair", subject_noun="person", subject_id=ada.id, author_id=ben.id
        )
        assert tx.notes.get(note).text == "Met at the fair"
        block = tx.blocks.add(
            Block(id=tx.new_id(), tenant="acme", person_id=ada.id, other_id=ben.id,
                  created_at=tx.now)
        )  # fmt: skip
        assert tx.blocks.find(other_id=[ben.id, cleo.id]) == [block]
        assert blocked_pairs(tx, [ben.id]) == {frozenset((ada.id, ben.id))}
        assert blocked_pairs(tx, [cleo.id]) == set()


def test_the_core_keeps_within_sixteen_tables() -> None:
    assert len(tables.metadata.tables) <= 16
    assert all(name.startswith("mk__") for name in tables.metadata.tables)


@pytest.mark.parametrize("how", ["together", "alone"])
def test_sqlite_looks_where_it_is_and_not_through_all_that_a_tenant_has(
    database: Any, kit: Any, making: Any, how: str
) -> None:
    """It counts its rows only where it is told to, and else takes an order for the best way."""
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant("Ada")
        tx.outbox.add("message", "told", recipient_id=ada.person_id)
    asked: list[tuple[str, Any]] = []
    listener = (database.engine, "after_cursor_execute", lambda *told: asked.append(told[2:4]))
    with kit.transaction(tenant="acme") as tx:
        sa.event.listen(*listener)
        people = [ada.person_id, "somebody else"]
        if how == "together":
            tx.people.read_ahead("id", people, limit=1)
            tx.contacts.read_ahead("person_id", people)
            tx.participants.standings(ada.program_id, people)
            tx.journal.read_ahead([1, 2])
        else:
            tx.contacts.find(person_id=ada.person_id)
            tx.contacts.find(person_id=people)
            tx.participants.find(person_id=people)
            tx.participants.find(person_id=people, program_id=ada.program_id)
            tx.journal.about("participant", ada.id, "somebody else")
            tx.journal.heard(["r1", "r2"])
            tx.outbox.finish_all(tx.outbox.claim())
        sa.event.remove(*listener)
        if database.kind == "postgresql":
            return  # it counts its rows by itself
        plans = [
            " ".join(row[3] for row in tx.connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", values
            ))
            for statement, values in asked
            if "leased_until < ?" not in statement  # of those that are leased there are few
        ]  # fmt: skip
    assert len(plans) == {"together": 4, "alone": 9}[how]
    for plan in plans:
        assert not any(whole in plan for whole in ("SCAN mk__", "(tenant=?)", "noun=?)")), plan
        assert plan.count("_state_not_before") <= 1, plan
        # Of all that is due at one moment the next are taken, and not all put in order first.
        assert "_state_not_before" not in plan or "TEMP B-TREE" not in plan, plan
