"""Rosters: a program's people by column, with the same answers as one by one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain.frozen import Frozen
from mentorkit.matching.distinct import parsed, spread
from mentorkit.store import privacy, tables

ANSWERS: list[dict[str, Any]] = [
    {"trade": "baker", "years": 7, "rate": 0.1, "speaks": ["en", "sw"], "free": [3, 14]},
    {"trade": "ba\"k\\er", "years": 123456789012345678, "rate": 0.12345678901234568, "speaks": []},
    {"trade": "[\"en\"]", "years": 7.0, "rate": 1e300, "speaks": ["sw", "en"], "free": None},
    {"trade": "", "years": True, "nested": {"a": [1, {"b": None}]}, "vector": [0.1, -2.5e-17]},
    {"trade": "Bäcker 🥖", "years": "7", "a field, named 'oddly'": "x", "": "nothing"},
    {"Trade": "smith", "very" * 20: ["long"], "half-and half": 0.5, "né": "ja"},
    {},
]  # fmt: skip
NAMES = sorted({name for one in ANSWERS for name in one} | {"nobody answers this"})


@pytest.fixture
def here(kit: Any, making: Any) -> tuple[Any, str, list[Any]]:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        people = [
            make.participant(f"P{number}", profile=Frozen(one), consented_at=tx.now)
            for number, one in enumerate(ANSWERS)
        ]
    return kit, people[0].program_id, people


def test_each_answer_is_what_it_is_one_by_one(here: tuple[Any, str, list[Any]]) -> None:
    kit, program, people = here
    with kit.transaction(tenant="acme", write=False) as tx:
        found = tx.participants.roster(program, NAMES)
        one_by_one = {one.id: one for one in tx.participants.find(program_id=program)}
    assert sorted(found.plain["id"]) == sorted(one.id for one in people)
    assert list(found.answers) == NAMES
    for name in NAMES:
        own = [one_by_one[id].profile.get(name) for id in found.plain["id"]]
        there = spread(parsed(found.answers[name], paired=found.paired))
        assert there == own, name
        assert [type(one) for one in there] == [type(one) for one in own], name


def test_what_else_a_run_asks_of_people_is_there(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        make, now = making(tx), {"consented_at": tx.now}
        ada = make.person("Ada", born=1980, external_key="m1", zone="Africa/Nairobi")
        make.participant(person_id=ada.id, capacity=3, used=1, cohort="spring", **now)
        make.participant("Ben", role="both", signed=("police", "training"), **now)
        program = make.program().id
    with kit.transaction(tenant="acme", write=False) as tx:
        plain, answers, _ = tx.participants.roster(program, [])
    assert answers == {}
    at = plain["name"].index("Ada")
    assert {name: column[at] for name, column in plain.items() if name not in ("id", "person")} == {
        "capacity": 3, "used": 1, "born": 1980, "name": "Ada", "key": "m1", "version": 2,
        "role": "mentor", "cohort": "spring", "zone": "Africa/Nairobi", "signed": "[]",
    }  # fmt: skip
    ben = {name: column[1 - at] for name, column in plain.items()}
    assert [ben[name] for name in ("born", "key", "cohort")] == [None, None, None]
    assert (ben["role"], json.loads(ben["signed"])) == ("both", ["police", "training"])


def test_who_cannot_be_considered_is_not_there(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        ada = make.participant("Ada", consented_at=tx.now)
        make.participant("Not consented")
        make.participant("Paused", state="paused", consented_at=tx.now)
        gone = make.participant("Erased", consented_at=tx.now)
        full = make.participant("Full", used=1, consented_at=tx.now)
        privacy.erase(tx, gone.person_id)
    with kit.transaction(tenant="acme", write=False) as tx:
        found = tx.participants.roster(ada.program_id, []).plain["id"]
        assert sorted(found) == sorted([ada.id, full.id])
        assert sorted(tx.participants.versions(ada.program_id)) == sorted(found)
        some = tx.participants.roster(ada.program_id, [], [full.id, gone.id])
        assert list(some.plain["id"]) == [full.id]
        assert tx.participants.roster(ada.program_id, ["trade"], []).answers == {"trade": ()}


def test_every_change_of_anybody_changes_the_mark_and_their_version(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        ada = making(tx).participant("Ada", consented_at=tx.now, capacity=2)
        making(tx).participant("Ben", consented_at=tx.now)
    program, seen = ada.program_id, []

    def look() -> None:
        with kit.transaction(tenant="acme", write=False) as tx:
            seen.append((tx.participants.mark(program), tx.participants.versions(program)[ada.id]))

    look()
    with kit.transaction(tenant="acme") as tx:
        tx.participants.take_place(ada.id)
    look()
    with kit.transaction(tenant="acme") as tx:
        tx.participants.save(replace(tx.participants.get(ada.id), cohort="late"))
    look()
    with kit.transaction(tenant="acme") as tx:
        tx.people.save(replace(tx.people.get(ada.person_id), external_key="m1"))
    look()
    assert len({mark for mark, _ in seen}) == 4
    assert [version for _, version in seen] == sorted({version for _, version in seen})
    with kit.transaction(tenant="acme") as tx:
        making(tx).participant("Cleo", state="lead")
        assert tx.participants.mark(program)[0] == 3
    look()
    assert seen[-1][0] not in [mark for mark, _ in seen[:-1]]


def test_one_statement_reads_them_all(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        program = making(tx).participant("Ada", consented_at=tx.now).program_id
    with kit.transaction(tenant="acme", write=False) as tx:
        asked: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
            asked.append(statement)

        sa.event.listen(tx.connection, "before_cursor_execute", note)
        tx.participants.roster(program, ["trade", "years"])
        sa.event.remove(tx.connection, "before_cursor_execute", note)
    assert len([one for one in asked if tables.participant.name in one]) == 1
