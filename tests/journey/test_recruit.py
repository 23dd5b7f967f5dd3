"""Recruiting: the same leads twice write nothing; what cannot be taken is said, the rest stays."""

from __future__ import annotations

from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import NotAllowed, NotFound
from mentorkit.journey import onboard, recruit, screen
from tests.journey.conftest import lead


def receive(world: Any, *leads: Any, **options: Any) -> dict[str, Any]:
    return recruit.receive(world.kit, **world.at, program="traders", leads=leads, **options)


def ana(world: Any) -> dict[str, Any]:
    rows = screen.review(world.kit, **world.at, program="traders")
    return next(row for row in rows if row["key"] == "ana")


def events(world: Any) -> int:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return len(tx.journal.events(limit=100_000))


def test_the_same_leads_a_second_time_write_nothing(world: Any) -> None:
    people = [lead("eva", "mentee", trade="baker"), lead("finn", "mentor", trade="smith")]
    assert receive(world, *people)["new"] == 2
    before = events(world)
    again = receive(world, *people)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 2)
    assert events(world) == before


def test_a_preview_counts_exactly_what_the_run_does_and_writes_nothing(world: Any) -> None:
    people = [
        lead("ana", "mentee", trade="tailor"),
        lead("ben", "mentee", trade="smith", village="Ora"),
        lead("gus", "mentor", trade="smith"),
        lead("gus", "mentor", trade="smith"),
    ]
    before = events(world)
    preview = receive(world, *people, preview=True)
    assert events(world) == before
    run = receive(world, *people)
    assert {**run, "preview": True} == preview
    assert (run["new"], run["changed"], run["unchanged"]) == (1, 1, 1)


def test_a_changed_answer_is_taken_over_and_named_but_never_quoted(world: Any) -> None:
    receive(world, lead("ana", "mentee", trade="tailor"))
    row = next(
        r for r in screen.review(world.kit, **world.at, program="traders") if r["key"] == "ana"
    )
    assert row["profile"]["trade"] == "tailor"
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        last = tx.journal.events(limit=100_000)[-1]
    assert last.payload()["changed"] == ("trade",)


def test_a_mentee_who_is_also_a_mentor_is_one_person_in_both_roles(world: Any) -> None:
    receive(world, lead("ana", "mentor", trade="baker"))
    row = next(
        r for r in screen.review(world.kit, **world.at, program="traders") if r["key"] == "ana"
    )
    assert row["role"] == "both"


def test_who_has_left_is_not_brought_back_by_a_file(world: Any) -> None:
    onboard.leave(world.kit, **world.at, participant=world.ids["ana"])
    report = receive(world, lead("ana", "mentee", trade="tailor"))
    assert [r["code"] for r in report["refused"]] == ["participant.left"]


def test_the_same_firm_is_one_business(world: Any) -> None:
    from mentorkit.domain.frozen import Frozen

    firm = Frozen(name="Bread & Co", sector="food", country="KE")
    receive(world, lead("hal", "mentee", business=firm), lead("ida", "mentee", business=firm))
    rows = {r["key"]: r for r in screen.review(world.kit, **world.at, program="traders")}
    assert rows["hal"]["business_id"] == rows["ida"]["business_id"] is not None


def test_only_staff_may_recruit(world: Any) -> None:
    by = world.by("ana")
    with pytest.raises(NotAllowed, match="appoints"):
        recruit.receive(world.kit, tenant="acme", actor=by, program="traders", leads=[])


def test_another_tenants_program_is_not_found(world: Any) -> None:
    with pytest.raises(NotFound):
        recruit.receive(
            world.kit,
            tenant="other",
            actor=Actor(user_ref="x", admin=True),
            program=world.program,
            leads=[lead("eva", "mentee")],
        )


def test_a_preview_counts_who_stands_twice_in_different_parts_once(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recruit, "CHUNK", 1)
    people = [lead("ana", "mentee", trade="baker", village="Ora")] * 2
    preview = receive(world, *people, preview=True)
    assert (preview["new"], preview["unchanged"]) == (0, 2)
    assert {**receive(world, *people), "preview": True} == preview
