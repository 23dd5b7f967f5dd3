"""Whoever took the wrong form: nobody is matched on the side that they are no longer on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mentorkit import matching
from mentorkit.domain.events import ParticipantChanged, ParticipantOnboarded
from mentorkit.errors import Conflict, NotFound
from mentorkit.journey import accept, contents, feedback, match, onboard, programs, screen
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.pools import pool_of
from mentorkit.worker import work
from tests.journey.conftest import ids, lead


def corrects(world: Any, key: str, role: str) -> dict[str, Any]:
    return screen.correct_role(world.kit, **world.at, participant=world.ids[key], role=role)


def returns(world: Any, key: str) -> None:
    for verb in (screen.approve, onboard.consent, onboard.complete):
        verb(world.kit, **world.at, participant=world.ids[key])


def part(world: Any, key: str) -> Any:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return tx.participants.get(world.ids[key])


def turned(world: Any, key: str, role: str) -> None:
    """Give somebody another role as no step does, as data from before may have it."""
    with world.kit.transaction(tenant=world.tenant) as tx:
        found = tx.participants.get(world.ids[key])
        tx.participants.save(replace(found, role=role))


def pairs(world: Any) -> dict[tuple[str, str], tuple[str, str | None]]:
    rows = match.proposals(world.kit, **world.at, program="traders")
    return {(row["mentee"], row["mentor"]): (row["state"], row["reason"]) for row in rows}


# ------------------------------------------------------------------ no pair on the old side


def test_who_changes_sides_while_a_draft_is_computed_is_not_drafted_on_the_old_side(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = matching.run

    def corrected_meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(matching, "run", run)
        done = run(*given, **named)
        corrects(world, "ana", "mentor")
        return done

    monkeypatch.setattr(matching, "run", corrected_meanwhile)
    made = match.draft(world.kit, **world.at, program="traders")
    assert made["summary"]["pairs"] == 1
    assert {mentee for mentee, _ in pairs(world)} == {"Ben"}


def test_a_pair_whose_mentee_is_a_mentor_by_now_is_neither_published_nor_begun(world: Any) -> None:
    run = match.draft(world.kit, **world.at, program="traders", locks=[("ana", "cleo")])["id"]
    asked = match.propose(world.kit, **world.at, **ids(world, "ana", "dora"))["id"]
    turned(world, "ana", "mentor")
    withheld = match.publish(world.kit, **world.at, run=run)["withheld"]
    assert [one["code"] for one in withheld] == ["wrong_role"]
    assert "not on that side" in withheld[0]["message"]
    with pytest.raises(Conflict) as caught:
        accept.accept(world.kit, **world.at, proposal=asked)
    assert caught.value.code == "safeguard.wrong_role"
    assert pairs(world)["Ana", "Cleo"] == ("withdrawn", "wrong_role")


# ------------------------------------------------------------------ a side is decided on anew


@pytest.mark.parametrize("state", ["approved", "active", "paused"])
@pytest.mark.parametrize("role", ["both", "mentor"])
def test_who_gains_a_side_is_decided_on_anew(create_world: Any, state: str, role: str) -> None:
    asked = {"roles": ["mentor"], "field": "village", "test": "one_of", "value": ["Ora", "Wen"]}
    world = create_world(sections={"requirements": [{**asked, "id": "near"}]})
    at = {**world.at, "participant": world.ids["ana"]}
    onboard.answer(world.kit, **at, answers={"village": "Far"})
    if state == "paused":
        onboard.pause(world.kit, **at)
    if state == "approved":
        for verb in (onboard.leave, screen.readmit, screen.approve, onboard.consent):
            verb(world.kit, **at)
    done = corrects(world, "ana", role)
    assert (done["role"], done["state"], done["consented_at"]) == (role, "lead", None)
    assert {one.id for one in free_mentors(world)} == {world.ids["cleo"], world.ids["dora"]}
    with pytest.raises(Conflict, match="Not met: near"):
        screen.approve(world.kit, **at)


def free_mentors(world: Any) -> list[Any]:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        program = tx.programs.get(world.program)
        return list(pool_of(tx, program, fields_of(tx, program), ()).mentors)


def test_who_gives_up_a_side_stays_on_the_other(create_world: Any) -> None:
    world = create_world([lead("ana", "both", trade="baker"), lead("cleo", "mentor")])
    done = corrects(world, "ana", "mentee")
    assert (done["role"], done["state"]) == ("mentee", "active")
    assert {one.id for one in free_mentors(world)} == {world.ids["cleo"]}


def test_a_closed_program_lets_nobody_in_on_another_side(world: Any) -> None:
    programs.close(world.kit, **world.at, program="traders")
    with pytest.raises(Conflict) as caught:
        corrects(world, "ana", "both")
    assert caught.value.code == "program.closed"
    assert part(world, "ana").state == "active"


# ------------------------------------------------------------------ places


def test_who_has_the_role_already_keeps_everything(world: Any) -> None:
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["ana"], capacity=3)
    before = part(world, "ana")
    accept.accept(world.kit, **world.at, proposal=proposed(world, "ana", "dora"))
    assert corrects(world, "ana", "mentee")["capacity"] == 3
    assert replace(part(world, "ana"), used=0, version=before.version) == before
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        told = tx.journal.about("participant", world.ids["ana"])
    assert not any(isinstance(one, ParticipantChanged) for one in told)


def proposed(world: Any, mentee: str, mentor: str) -> str:
    return str(match.propose(world.kit, **world.at, **ids(world, mentee, mentor))["id"])


def test_a_mentor_who_wants_nobody_now_gets_no_place_by_a_correction(world: Any) -> None:
    onboard.set_capacity(world.kit, **world.at, participant=world.ids["dora"], capacity=0)
    assert corrects(world, "dora", "both")["capacity"] == 0
    assert corrects(world, "dora", "mentor")["capacity"] == 0
    assert corrects(world, "cleo", "mentee")["capacity"] == 1


# ------------------------------------------------------------------ what was theirs on the old side


def survey(title: str, *to: str) -> dict[str, Any]:
    mood = {"kind": "text", "label": "What do you hope for?"}
    when = [{"event": "ParticipantOnboarded"}]
    return {"title": title, "to": list(to), "when": when, "questions": {"mood": mood}}


def surveys(world: Any, key: str) -> list[dict[str, Any]]:
    rows = feedback.surveys(world.kit, **world.at, program="traders")
    return [row for row in rows if row["person_id"] == world.persons[key]]


@pytest.mark.parametrize("answered", [False, True])
def test_what_is_asked_of_the_old_side_is_closed_and_of_both_asked_anew(
    create_world: Any, create_kit: Any, answered: bool
) -> None:
    asked = {"start": survey("Start", "mentee", "mentor")}
    kit = create_kit(plugins=("matching", "survey"))
    world = create_world(kit=kit, sections={"questionnaires": asked})
    work(kit)
    (old,) = surveys(world, "ana")
    by = {"tenant": world.tenant, "actor": world.by("ana")}
    if answered:
        feedback.answer(kit, **by, survey=old["id"], answers={"mood": "a loan"})
    corrects(world, "ana", "mentor")
    assert [row["id"] for row in surveys(world, "ana")] == ([old["id"]] if answered else [])
    assert feedback.mine(kit, **by) == []
    if not answered:
        with pytest.raises(NotFound, match="not asked any more"):
            feedback.answer(kit, **by, survey=old["id"], answers={"mood": "a loan"})
    returns(world, "ana")
    work(kit)
    (new,) = feedback.mine(kit, **by)
    assert (new["side"], new["id"] != old["id"]) == ("mentor", True)
    assert feedback.answer(kit, **by, survey=new["id"], answers={"mood": "to help"})["answers"] == 1


def test_nobody_is_invited_to_what_is_closed(create_world: Any, create_kit: Any) -> None:
    asked = {"start": survey("Start", "mentee")}
    kit = create_kit(plugins=("matching", "survey"))
    world = create_world(kit=kit, sections={"questionnaires": asked})
    for event in onboarded(world):
        feedback.after(kit, tenant=world.tenant, sequence=event)
    corrects(world, "ana", "mentor")
    work(kit)
    with kit.transaction(tenant=world.tenant, write=False) as tx:
        jobs = tx.outbox.find(kind="survey", recipient_id=world.persons["ana"])
    assert [(job.state, job.error) for job in jobs] == [("done", None)]
    assert surveys(world, "ana") == []


def onboarded(world: Any) -> list[int]:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        told = tx.journal.about("participant", world.ids["ana"])
    return [one.sequence for one in told if isinstance(one, ParticipantOnboarded)]


SAID = {
    "wish": {"kind": "text", "roles": ["mentee"], "shown": True},
    "village": {"kind": "text", "shown": True},
}
"""Texts that others read, so numbers in them wait to be looked at."""


def test_a_held_answer_that_only_the_old_side_gives_goes_to_nobody(
    create_world: Any, create_kit: Any
) -> None:
    kit = create_kit(plugins=("matching", "wordlist"))
    world = create_world(kit=kit, fields=SAID)
    by = {"tenant": world.tenant, "actor": world.by("ana"), "participant": world.ids["ana"]}
    number = "call +254 700 123 456"
    onboard.answer(kit, **by, answers={"wish": number, "village": number})
    wish = next(one for one in waiting(world) if one["field"] == "wish")["id"]
    corrects(world, "ana", "mentor")
    assert [one["field"] for one in waiting(world)] == ["village"], "both sides are asked for that"
    with pytest.raises(Conflict):
        contents.release(kit, **world.at, content=wish)
    assert dict(part(world, "ana").profile) == {"trade": "baker", "village": "Ora"}


def waiting(world: Any) -> list[dict[str, Any]]:
    return contents.waiting(world.kit, **world.at, program="traders")


# ------------------------------------------------------------------ beside others


def test_a_correction_holds_the_program_before_anybody_in_it(world: Any, beside: Any) -> None:
    def hold() -> None:
        world.kit.write(world.tenant, lambda tx: tx.programs.hold([world.program]))

    they = beside(screen, "leave", lambda: corrects(world, "ana", "mentor"), hold, after=False)
    assert not they.first, "who publishes holds it, and then waits for those in it"
