"""Export and erase of one person, made from the declarations of every table."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain.events import ParticipantApproved
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import Actor, Contact
from mentorkit.domain.relationships import Reason
from mentorkit.errors import NotFound
from mentorkit.store import (
    compact,
    declare,
    erase,
    export,
    ident,
    plugin_tables,
    refers,
    table,
    tables,
    words,
)

diary = plugin_tables("diary")
entry = table(
    diary,
    "entry",
    ident("participant_id"),
    words("text", 500, personal=True),
    refers("participant_id", tables.participant),
    info=declare(
        subject="participant_id->participant",
        data_class="profile",
        retention="a year",
        export=("text",),
        erase="delete",
    ),
)
REGISTRY = SimpleNamespace(
    plugins={
        "diary": SimpleNamespace(
            manifest=SimpleNamespace(tables=diary, migrations=None), settings={}
        )
    },
    checks={},
    reactions={},
)


def canary(name: str) -> str:
    return f"CANARY-{name}"


def populate(tx: Any, making: Any) -> tuple[Any, Any]:
    """Put something personal of two people into every table that holds any."""
    make = making(tx)
    found = []
    for name, role in (("ada", "mentor"), ("ben", "mentee")):
        c = canary(name)
        person = make.person(f"{c}-name", user_ref=f"{c}-ref", external_key=f"{c}-key", born=1980)
        part = make.participant(
            person_id=person.id,
            role=role,
            profile=Frozen(about=f"{c}-profile"),
            campaign=f"{c}-campaign",
        )
        tx.contacts.add(
            Contact(id=tx.new_id(), tenant=tx.tenant, person_id=person.id, kind="email",
                    value=f"{c}-mail")
        )  # fmt: skip
        for noun, subject in (("participant", part.id), ("program", part.program_id)):
            tx.notes.write(f"{c}-note-{noun}", subject_noun=noun, subject_id=subject,
                           author_id=person.id)  # fmt: skip
        tx.connection.execute(
            sa.insert(entry).values(
                tenant=tx.tenant, id=tx.new_id(), participant_id=part.id, text=f"{c}-diary"
            )
        )
        tx.record(ParticipantApproved(subject_id=part.id), actor=Actor(person_id=person.id))
        found.append(part)
    ada, ben = found
    reasons = (Reason(code="same", params=Frozen(trade=f"{canary('ada')}-reason")),)
    offer = make.proposal(ben, ada, reasons=reasons)
    pair = make.relationship(ben, ada, proposal_id=offer.id)
    tx.notes.write("CANARY-ada said by staff", subject_noun="relationship", subject_id=pair.id,
                   author_id=None)  # fmt: skip
    return ada, ben


def dump(engine: sa.Engine) -> str:
    """Everything in every table, as text."""
    with engine.connect() as connection:
        return "\n".join(
            repr(tuple(row))
            for metadata in (tables.metadata, diary)
            for each in metadata.sorted_tables
            for row in connection.exec_driver_sql(f"SELECT * FROM {each.name}")
        )


def test_an_export_holds_everything_of_one_person_and_nothing_of_others(
    create_kit: Any, making: Any
) -> None:
    kit = create_kit(registry=REGISTRY)
    with kit.transaction(tenant="acme") as tx:
        ada, _ = populate(tx, making)
    with kit.transaction(tenant="acme", write=False) as tx:
        given = export(tx, ada.person_id)
    written = json.dumps(given)
    for what in ("name", "ref", "key", "profile", "campaign", "mail", "diary",
                 "note-participant", "note-program"):  # fmt: skip
        assert f"CANARY-ada-{what}" in written
    assert "CANARY-ben" not in written
    assert "said by staff" not in written
    assert "acme" not in written
    assert {name.split("__")[1] for name in given} == {
        "person", "contact", "participant", "proposal", "relationship", "member", "event", "note",
        "entry",
    }  # fmt: skip


def test_erasing_leaves_ids_and_counts_but_nothing_of_the_person(
    create_kit: Any, making: Any, database: Any
) -> None:
    kit = create_kit(registry=REGISTRY)
    with kit.transaction(tenant="acme") as tx:
        ada, ben = populate(tx, making)
        counts = {name: getattr(tx, name).count() for name in ("people", "participants", "members")}
    assert "CANARY-ada" in dump(database.engine)
    with kit.transaction(tenant="acme") as tx:
        touched = erase(tx, ada.person_id)
    assert touched["mk__person"] == touched["mk__contact"] == touched["mk_diary__entry"] == 1
    assert touched["mk__note"] == 3
    left = dump(database.engine)
    assert "CANARY-ada" not in left
    for what in ("name", "ref", "key", "profile", "mail", "diary", "note-program"):
        assert f"CANARY-ben-{what}" in left
    with kit.transaction(tenant="acme", write=False) as tx:
        person = tx.people.get(ada.person_id)
        assert (person.name, person.user_ref, person.external_key, person.born) == (
            "", None, None, None
        )  # fmt: skip
        assert person.version == 2
        assert {name: getattr(tx, name).count() for name in counts} == counts
        assert tx.participants.get(ada.id).profile == {}
        assert len(tx.relationships.for_participants([ben.id])) == 1


def test_another_tenant_can_neither_export_nor_erase(
    create_kit: Any, making: Any, database: Any
) -> None:
    kit = create_kit(registry=REGISTRY)
    with kit.transaction(tenant="acme") as tx:
        ada, _ = populate(tx, making)
    before = dump(database.engine)
    for act in (export, erase):
        with pytest.raises(NotFound), kit.transaction(tenant="other") as tx:
            act(tx, ada.person_id)
    assert dump(database.engine) == before


def test_after_compaction_the_files_hold_nothing_either(
    create_kit: Any, making: Any, database: Any
) -> None:
    kit = create_kit(registry=REGISTRY)
    with kit.transaction(tenant="acme") as tx:
        ada, _ = populate(tx, making)
    with kit.transaction(tenant="acme") as tx:
        erase(tx, ada.person_id)
    compact(database.engine)
    if database.kind == "sqlite-prepared":
        path = Path(database.engine.url.database)
        for file in path.parent.glob(f"{path.name}*"):
            assert b"CANARY-ada" not in file.read_bytes(), file.name
