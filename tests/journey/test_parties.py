"""What those who are in a thing are shown of it, and who acts as whom in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed, NotFound
from mentorkit.journey import accept, match, meet, onboard, programs, protect, standing
from tests.journey.conftest import lead

HIDDEN = {
    "score", "rank", "points", "locked", "reasons", "reasons_mentor", "run_id", "reason",
    "note_id", "source", "campaign", "withdrawn",
}  # fmt: skip


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from keys(one)


def as_shown(told: Any) -> Any:
    """Return what a participant was told, once it is sure that nothing of it is hidden."""
    assert not HIDDEN & set(keys(json.loads(json.dumps(told))))
    return told


def scored(create_world: Any, **program: Any) -> tuple[Any, str]:
    """Return a program, and Ana and Cleo's published proposal, which has a score."""
    people = [
        lead("ana", "mentee", trade="baker", village="Ora"),
        lead("cleo", "mentor", trade="baker", village="Ora"),
    ]
    world = create_world(people, **program)
    run = match.draft(world.kit, **world.at, program="traders", locks=[("ana", "cleo")])["id"]
    match.publish(world.kit, **world.at, run=run)
    (row,) = match.proposals(world.kit, **world.at, program="traders")
    assert row["score"] > 0
    assert row["locked"]
    return world, row["id"]


def own(world: Any, who: str) -> dict[str, Any]:
    return {"tenant": "acme", "actor": world.by(who)}


def test_a_participant_is_listed_the_words_for_them_and_no_number(create_world: Any) -> None:
    world, one = scored(create_world)
    (row,) = as_shown(match.proposals(world.kit, **own(world, "ana"), program="traders"))
    assert (row["mentor"], row["your_turn"], row["words_mentor"]) == ("Cleo", True, [])
    assert row["words"]
    assert match.proposals(world.kit, **own(world, "cleo"), program="traders") == []
    accept.accept(world.kit, **own(world, "ana"), proposal=one)
    (row,) = as_shown(match.proposals(world.kit, **own(world, "cleo"), program="traders"))
    assert (row["mentee"], row["your_turn"], row["words"]) == ("Ana", True, [])
    assert row["words_mentor"]


def test_no_answer_to_a_participant_holds_what_is_not_theirs(create_world: Any) -> None:
    world, one = scored(create_world)
    kit, ana, cleo = world.kit, own(world, "ana"), own(world, "cleo")
    as_shown(accept.ask(kit, **ana, proposal=one, text="When?"))
    as_shown(accept.reply(kit, **cleo, proposal=one, text="On Mondays."))
    assert as_shown(accept.accept(kit, **ana, proposal=one))["answered"] == ["mentee"]
    begun = as_shown(accept.accept(kit, **cleo, proposal=one))["relationship"]
    held = {"relationship": begun["id"]}
    meeting = as_shown(meet.log(kit, **ana, **held, minutes=60))["id"]
    as_shown(meet.meetings(kit, **cleo, **held))
    as_shown(meet.strike(kit, **ana, meeting=meeting))
    as_shown(meet.month(kit, **ana, **held))
    as_shown(meet.milestones(kit, **ana, **held))
    as_shown(meet.pause(kit, **ana, **held, reason="ill"))
    as_shown(meet.resume(kit, **ana, **held))
    as_shown(meet.end(kit, **cleo, **held, reason="no_contact", note="She was rude."))
    (row,) = as_shown(meet.relationships(kit, **ana, program="traders"))
    assert row["state"] == "ended"
    assert [member["key"] for member in row["members"]] == ["ana", None]
    as_shown(protect.block(kit, **ana, person=world.persons["ana"], other=world.persons["cleo"]))


def test_a_no_tells_no_more_than_a_yes(create_world: Any) -> None:
    world, one = scored(create_world)
    with pytest.raises(NotAllowed, match="you can say no to it"):
        accept.withdraw(world.kit, **own(world, "ana"), proposal=one)
    as_shown(accept.decline(world.kit, **own(world, "ana"), proposal=one))


def test_who_asks_for_a_pair_is_shown_no_number(create_world: Any) -> None:
    world = create_world(matching="self")
    who = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    made = as_shown(match.propose(world.kit, **own(world, "ana"), **who))
    assert made["awaiting"] == "mentor"
    with pytest.raises(NotAllowed, match="Only who asked"):
        accept.withdraw(world.kit, **own(world, "cleo"), proposal=made["id"])
    as_shown(accept.withdraw(world.kit, **own(world, "ana"), proposal=made["id"]))


def test_a_participant_is_shown_their_own_row_without_codes_of_the_staff(world: Any) -> None:
    kit, ana = world.kit, {**own(world, "ana"), "participant": world.ids["ana"]}
    as_shown(onboard.consent(kit, **ana))
    as_shown(onboard.set_capacity(kit, **ana, capacity=1))
    as_shown(onboard.pause(kit, **ana))
    as_shown(onboard.resume(kit, **ana))
    told = as_shown(onboard.answer(kit, **ana, answers={"village": "Wen"}))
    assert told["profile"] == {"trade": "baker", "village": "Wen"}
    as_shown(onboard.withdraw(kit, **ana))
    assert as_shown(onboard.leave(kit, **ana))["state"] == "left"


def test_what_is_shown_in_one_piece_holds_no_code_of_the_staff_either(create_world: Any) -> None:
    world, one = scored(create_world)
    kit, ana = world.kit, own(world, "ana")
    held = accept.accept(kit, **world.at, proposal=one)["relationship"]["id"]
    meet.log(kit, **ana, relationship=held, minutes=60)
    meet.end(kit, **world.at, relationship=held, reason="no_contact", note="She never came.")
    as_shown(meet.show(kit, **ana, relationship=held))
    onboard.leave(kit, **world.at, participant=world.ids["ana"], reason="unreliable")
    as_shown(onboard.show(kit, **ana, participant=world.ids["ana"]))
    (part,) = as_shown(standing.home(kit, **ana))["parts"]
    assert part["stage"] == "left"
    told = meet.show(kit, **world.at, relationship=held)
    assert (told["reason"], told["note_id"] is None) == ("no_contact", False)


# --------------------------------------------------------------------------- staff who take part


def appointed(world: Any, who: str) -> dict[str, Any]:
    person = world.persons[who]
    programs.appoint(world.kit, **world.at, program="traders", role="coordinator", person=person)
    return own(world, who)


def test_a_coordinator_who_is_the_mentor_answers_for_themselves_alone(create_world: Any) -> None:
    world, one = scored(create_world)
    cleo = appointed(world, "cleo")
    with pytest.raises(Conflict, match="The mentee is asked next"):
        accept.accept(world.kit, **cleo, proposal=one)
    (row,) = match.proposals(world.kit, **cleo, program="traders")
    assert not row["your_turn"]
    accept.accept(world.kit, **own(world, "ana"), proposal=one)
    (row,) = match.proposals(world.kit, **cleo, program="traders")
    assert row["your_turn"]
    assert accept.accept(world.kit, **cleo, proposal=one)["answered"] == ["mentee", "mentor"]


def test_a_coordinator_who_is_the_mentor_answers_for_the_mentee_by_saying_so(
    create_world: Any,
) -> None:
    world, one = scored(create_world, accept_chain=["mentee", "mentor", "coordinator"])
    cleo = appointed(world, "cleo")
    for role in ("mentee", "mentor", "coordinator"):
        told = accept.accept(world.kit, **cleo, proposal=one, on_behalf_of=role)
    assert told["state"] == "accepted"
    with world.kit.transaction(tenant="acme", write=False) as tx:
        facts = tx.journal.about("proposal", one)
    assert [fact.role for fact in facts[-3:]] == ["coordinator", "mentor", "coordinator"]


def test_a_coordinator_asks_for_a_mentor_of_their_own_as_anybody_does(create_world: Any) -> None:
    world = create_world(matching="self")
    who = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    told = match.propose(world.kit, **appointed(world, "ana"), **who)
    assert (told["origin"], told["answered"], told["awaiting"]) == ("mentee", ["mentee"], "mentor")


def test_where_only_staff_match_a_coordinator_proposes_themselves_as_staff(world: Any) -> None:
    who = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    told = match.propose(world.kit, **appointed(world, "ana"), **who)
    assert (told["origin"], told["awaiting"]) == ("staff", "mentee")


def test_a_coordinator_in_a_circle_ends_their_own_part_alone(create_world: Any) -> None:
    people = [lead(key, "mentee") for key in ("ana", "ben", "eve")]
    world = create_world([*people, lead("cleo", "mentor", capacity=5)], kind="circle")
    for key in ("ana", "ben", "eve"):
        who = {"mentee": world.ids[key], "mentor": world.ids["cleo"]}
        made = match.propose(world.kit, **world.at, **who)["id"]
        circle = accept.accept(world.kit, **world.at, proposal=made)["relationship_id"]
    ana = {**appointed(world, "ana"), "relationship": circle}
    told = meet.end(world.kit, **ana, only=world.ids["ben"])
    assert told["state"] == "active"
    assert meet.end(world.kit, **ana)["state"] == "active"
    (row,) = meet.relationships(world.kit, **world.at, program="traders")
    here = [member["key"] for member in row["members"] if member["left_at"] is None]
    assert sorted(here) == ["cleo", "eve"]


def test_a_coordinator_who_takes_part_does_as_staff_what_only_staff_may(world: Any) -> None:
    ana = appointed(world, "ana")
    who = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    made = match.propose(world.kit, **world.at, **who)["id"]
    held = accept.accept(world.kit, **world.at, proposal=made)["relationship"]
    longer = meet.extend(world.kit, **ana, relationship=held["id"], days=30)
    assert longer["ends_at"] > held["ends_at"]
    mine = {"participant": world.ids["ana"], "capacity": 2}
    assert onboard.set_capacity(world.kit, **ana, **mine)["capacity"] == 2


# --------------------------------------------------------------------------- what follows


def test_what_was_offered_before_a_program_closed_may_still_be_accepted(create_world: Any) -> None:
    world, one = scored(create_world)
    programs.close(world.kit, **world.at, program="traders")
    who = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    with pytest.raises(Conflict, match="The program is closed"):
        match.propose(world.kit, **world.at, **who)
    accept.accept(world.kit, **own(world, "ana"), proposal=one)
    begun = accept.accept(world.kit, **own(world, "cleo"), proposal=one)
    assert begun["relationship"]["state"] == "active"


def test_meetings_are_listed_newest_first_so_that_one_can_be_struck(create_world: Any) -> None:
    world, one = scored(create_world)
    kit, ana = world.kit, own(world, "ana")
    held = {"relationship": accept.accept(kit, **world.at, proposal=one)["relationship_id"]}
    for minutes in (30, 60):
        kit.clock.forward(days=1)
        meet.log(kit, **ana, **held, minutes=minutes)
    newest, _ = meet.meetings(kit, **ana, **held)
    meet.strike(kit, **ana, meeting=newest["id"])
    told = meet.meetings(kit, **own(world, "cleo"), **held)
    assert [(row["minutes"], row["state"]) for row in told] == [(60, "struck"), (30, "held")]
    with pytest.raises(NotFound):
        meet.meetings(kit, tenant="acme", actor=Actor(user_ref="stranger"), **held)


def test_who_asks_somebody_is_not_told_what_is_the_others(create_world: Any) -> None:
    world = create_world(matching="self")
    ids, kit = world.ids, world.kit
    protect.block(
        kit, **own(world, "cleo"), person=world.persons["cleo"], other=world.persons["ana"]
    )
    onboard.withdraw(kit, **own(world, "dora"), participant=ids["dora"])
    told = set()
    for mentor in ("cleo", "dora"):
        with pytest.raises(Conflict) as refused:
            match.propose(kit, **own(world, "ana"), mentee=ids["ana"], mentor=ids[mentor])
        told.add((refused.value.code, str(refused.value)))
    ((code, words),) = told
    assert code == "proposal.not_possible"
    assert "coordinator" in words
    with pytest.raises(Conflict) as exact:
        match.propose(kit, **world.at, mentee=ids["ana"], mentor=ids["cleo"])
    assert exact.value.code == "safeguard.blocked"
    onboard.withdraw(kit, **own(world, "ben"), participant=ids["ben"])
    with pytest.raises(Conflict) as mine:
        match.propose(kit, **own(world, "ben"), mentee=ids["ben"], mentor=ids["cleo"])
    assert mine.value.code == "safeguard.no_consent"


@pytest.mark.parametrize("asking", ["ana", "cleo"])
@pytest.mark.parametrize("hidden", ["blocked", "no_consent", "nothing"])
@pytest.mark.parametrize(
    "own_state", ["paused", "full", "no_consent"], ids=["paused", "full", "unconsented"]
)
def test_who_cannot_be_matched_hears_that_whatever_is_the_others(
    create_world: Any, asking: str, hidden: str, own_state: str
) -> None:
    """A refusal that differs when there is a block would tell of it."""
    world = create_world(matching="self")
    kit, other = world.kit, {"ana": "cleo", "cleo": "ana"}[asking]
    if own_state == "full":
        pair = {"ana": ("ana", "dora"), "cleo": ("ben", "cleo")}[asking]
        two = dict(zip(("mentee", "mentor"), (world.ids[key] for key in pair), strict=True))
        accept.accept(kit, **world.at, proposal=match.propose(kit, **world.at, **two)["id"])
    else:
        verb = onboard.pause if own_state == "paused" else onboard.withdraw
        verb(kit, **world.at, participant=world.ids[asking])
    if hidden == "blocked":
        person, blocked = world.persons[other], world.persons[asking]
        protect.block(kit, **own(world, other), person=person, other=blocked)
    elif hidden == "no_consent":
        onboard.withdraw(kit, **own(world, other), participant=world.ids[other])
    with pytest.raises(Conflict) as refused:
        two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
        match.propose(kit, **own(world, asking), **two)
    codes = {"paused": "not_active", "full": "no_place", "no_consent": "no_consent"}
    assert refused.value.code == f"safeguard.{codes[own_state]}"


def test_who_accepts_is_not_told_what_is_the_others(create_world: Any) -> None:
    world, one = scored(create_world)
    cleo = world.ids["cleo"]
    with world.kit.transaction(tenant="acme") as tx:  # as a host might have left it
        tx.participants.save(replace(tx.participants.get(cleo), consented_at=None))
    for actor, code in ((world.by("ana"), "proposal.not_possible"), (world.admin, "no_consent")):
        with pytest.raises(Conflict) as refused:
            accept.accept(world.kit, tenant="acme", actor=actor, proposal=one)
        assert refused.value.code.endswith(code)


def test_a_hosts_user_who_is_known_here_stands_in_the_journal(world: Any) -> None:
    programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", name="Cora", user_ref="u7"
    )
    cora = {"tenant": "acme", "actor": Actor(user_ref="u7")}
    onboard.pause(world.kit, **cora, participant=world.ids["ana"])
    with world.kit.transaction(tenant="acme", write=False) as tx:
        happened = tx.journal.about("participant", world.ids["ana"])
        assert tx.people.get(str(happened[-1].actor_id)).name == "Cora"
