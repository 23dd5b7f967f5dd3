"""Concerns: raised by anybody, handled by one of the staff, and never told of to the other side."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from mentorkit import Portal, worker
from mentorkit.domain.events import ConcernRaised, PersonBlocked, replay
from mentorkit.domain.people import Actor
from mentorkit.domain.safety import CONCERN_MOVES
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, NotFound
from mentorkit.journey import (
    accept,
    cases,
    concerns,
    links,
    match,
    meet,
    programs,
    protect,
    standing,
    suggestions,
)
from mentorkit_inbox.tables import message as inbox
from tests.journey.conftest import lead

SITE = Portal("https://example.org/mentoring")
TELLS = "He asked me for money."


def appoint(world: Any, name: str = "cora", role: str = "coordinator") -> Actor:
    made = programs.appoint(
        world.kit, **world.at, program="traders", role=role, name=name.title(), user_ref=name
    )
    return Actor(user_ref=name, person_id=made["person"])


def propose(world: Any, mentee: str = "ana", mentor: str = "cleo") -> str:
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    return str(match.propose(world.kit, **world.at, **two)["id"])


def connect(world: Any, mentee: str = "ana", mentor: str = "cleo") -> str:
    done = accept.accept(world.kit, **world.at, proposal=propose(world, mentee, mentor))
    return str(done["relationship"]["id"])


def report(world: Any, key: str | None = "ana", about: str | None = "cleo", **told: Any) -> Any:
    by = world.by(key) if key else Actor()
    given = {"kind": "money", "text": TELLS, "about": world.ids[about] if about else None, **told}
    return concerns.raise_(world.kit, tenant="acme", actor=by, program="traders", **given)


def queue(world: Any, actor: Actor) -> list[dict[str, Any]]:
    return cases.queue(world.kit, tenant="acme", actor=actor, program="traders")


def everything_told_to(world: Any, key: str) -> str:
    """Return all that the public functions say to a participant, and every message to them."""
    kit, by = world.kit, {"tenant": "acme", "actor": world.by(key)}
    told: list[Any] = [
        standing.home(kit, **by),
        match.proposals(kit, **by, program="traders"),
        meet.relationships(kit, **by, program="traders"),
        concerns.form(kit, **by, program="traders"),
        protect.blocks(kit, **by),
    ]
    for one in told[1]:
        told.append(accept.show(kit, **by, proposal=one["id"]))
    for one in told[2]:
        told.append(meet.show(kit, **by, relationship=one["id"]))
    return json.dumps(told)


@pytest.fixture
def told(create_kit: Callable[..., Any], create_world: Callable[..., Any]) -> Any:
    """A world whose messages have links and arrive in the inbox."""
    kit = create_kit(plugins=("matching", "inbox"), site=SITE, secret_keys=["secret"])
    world = create_world(kit=kit)

    def messages(key: str) -> list[str]:
        worker.work(kit)
        with kit.transaction(tenant="acme", write=False) as tx:
            rows = tx.connection.execute(inbox.select().order_by(inbox.c.created_at)).all()
        person = world.persons.get(key, key)
        return [f"{row.subject}\n{row.body}" for row in rows if row.person_id == person]

    world.messages = messages
    return world


# --------------------------------------------------------------------------- raising


def test_f20_a_concern_is_raised_at_the_request_and_at_the_relationship(world: Any) -> None:
    cora = appoint(world)
    asked = propose(world, "ben", "dora")
    held = connect(world)
    report(world, "ben", "dora")
    report(world, "ana", "cleo", relationship=held)
    rows = queue(world, cora)
    assert {(row["about"], row["raised_name"], row["state"]) for row in rows} == {
        ("Dora", "Ben", "raised"),
        ("Cleo", "Ana", "raised"),
    }
    where = {row["about"]: (row["proposal_id"], row["relationship_id"]) for row in rows}
    assert where["Dora"] == (asked, None)
    assert where["Cleo"] == (None, held)
    assert all(row["text"] == TELLS for row in rows)


def test_a_concern_that_names_no_request_is_filed_under_what_goes_on_or_under_nothing(
    world: Any,
) -> None:
    cora, held = appoint(world), connect(world)

    def filed(key: str = "ana", about: str = "cleo", **told: Any) -> tuple[str | None, str | None]:
        before = {row["id"] for row in queue(world, cora)}
        report(world, key, about, **told)
        (row,) = (row for row in queue(world, cora) if row["id"] not in before)
        return row["proposal_id"], row["relationship_id"]

    assert filed() == (None, held), "the request that led to it is over"
    meet.end(world.kit, **world.at, relationship=held)
    assert filed() == (None, None)
    assert filed(relationship=held) == (None, held)
    again = connect(world)
    assert filed() == (None, again)
    assert filed(relationship=held) == (None, held), "what they name themselves counts"


def test_f20_the_reporter_is_never_shown_to_the_one_it_is_about(told: Any) -> None:
    world = told
    appoint(world)
    held = connect(world)
    world.messages("cleo")
    before = len(world.messages("cleo"))
    report(world, apart=True)
    seen = everything_told_to(world, "cleo")
    for secret in (TELLS, "concern", "block", "money"):
        assert secret not in seen
    assert len(world.messages("cleo")) == before  # not even that it ended
    seen_by_cleo = meet.show(world.kit, tenant="acme", actor=world.by("cleo"), relationship=held)
    assert "reason" not in seen_by_cleo
    for step in (cases.show, cases.take):
        id = queue(world, world.admin)[0]["id"]
        with pytest.raises(NotFound):
            step(world.kit, tenant="acme", actor=world.by("cleo"), concern=id)
    with pytest.raises(NotAllowed):
        queue(world, world.by("cleo"))


def test_g8_from_a_link_in_a_message_without_log_in_and_the_block_acts_at_once(told: Any) -> None:
    world = told
    asked = propose(world)
    (message,) = world.messages("ana")
    token = message.rpartition("/concern/")[2].strip()
    actor, about = concerns.opened(world.kit, token, tenant="acme")
    assert about == {"program": world.program, "proposal": asked}
    form = concerns.form(world.kit, tenant="acme", actor=actor, **about)
    assert form["chosen"] == world.ids["cleo"]
    assert proposal_state(world, asked) == "offered"  # opening it has changed nothing
    concerns.raise_(
        world.kit, tenant="acme", actor=actor, program=about["program"], kind="unwanted_contact",
        about=form["chosen"], apart=True,
    )  # fmt: skip
    assert proposal_state(world, asked) == "withdrawn"
    with pytest.raises(Conflict, match="not to be brought together"):
        propose(world)
    (row,) = queue(world, world.admin)
    assert (row["raised_name"], row["apart"]) == ("Ana", True)


def proposal_state(world: Any, id: str) -> str:
    return str(accept.show(world.kit, **world.at, proposal=id)["state"])


def test_every_message_to_a_participant_ends_with_the_link(told: Any) -> None:
    world = told
    programs.define(
        world.kit, **world.at, program="traders", kind="messages",
        body={"proposal_offered": {"subject": "Hi", "body": "Own words for {mentor}"}},
    )  # fmt: skip
    connect(world)
    for key in ("ana", "cleo"):
        for message in world.messages(key):
            assert "/concern/" in message.splitlines()[-1]
            assert "without signing in" in message.splitlines()[-2]


def test_without_a_site_or_a_secret_messages_go_without_the_link(
    create_kit: Callable[..., Any], create_world: Callable[..., Any]
) -> None:
    world = create_world(kit=create_kit(plugins=("matching", "inbox"), site=SITE))
    propose(world)
    worker.work(world.kit)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        bodies = [row.body for row in tx.connection.execute(inbox.select())]
    assert bodies
    assert not any("/concern/" in body for body in bodies)


def test_a_stranger_raises_one_and_names_nobody(world: Any) -> None:
    cora = appoint(world)
    form = concerns.form(world.kit, tenant="acme", actor=Actor(), program="traders")
    assert (form["people"], form["known"]) == ([], False)
    assert report(world, None, None)["told"] == 1
    (row,) = queue(world, cora)
    assert (row["about"], row["raised_name"], row["text"]) == ("", "", TELLS)
    with pytest.raises(NotFound):
        report(world, None, "cleo")
    with pytest.raises(NotFound):
        report(world, None, "cleo", apart=True)


def test_one_names_only_whom_one_has_to_do_with(world: Any) -> None:
    with pytest.raises(NotFound):
        report(world, "ana", "dora")
    with pytest.raises(Invalid) as error:
        report(world, "ana", None, kind="gossip", text=" ", apart=True)
    assert [one.place for one in error.value.problems] == ["kind", "text", "about"]
    with pytest.raises(Conflict):
        concerns.raise_(
            world.kit, **world.at, program="traders", kind="other", about=world.ids["ana"],
            on_behalf_of=world.ids["ana"],
        )  # fmt: skip


def test_who_wishes_not_to_be_known_is_not_kept(world: Any) -> None:
    cora = appoint(world)
    connect(world)
    report(world, anonymous=True)
    (row,) = queue(world, cora)
    assert (row["raised_by"], row["raised_name"], row["about"]) == (None, "", "Cleo")
    assert (row["proposal_id"], row["relationship_id"]) == (None, None)  # two people know it
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (event,) = tx.journal.of("concern", world.program)
        note = tx.notes.get(row["text_id"])
    assert (event.actor_id, event.role, note.author_id) == (None, "", None)
    assert world.persons["ana"] not in json.dumps(event.payload())


def test_staff_raise_one_for_somebody_who_phoned(world: Any) -> None:
    cora = appoint(world)
    by = Actor(user_ref="cora", means="phone")
    about = {"about": world.ids["dora"], "on_behalf_of": world.ids["ana"]}
    concerns.raise_(
        world.kit, tenant="acme", actor=by, program="traders", kind="other", text=TELLS, **about
    )
    (row,) = queue(world, cora)
    assert (row["raised_name"], row["about"]) == ("Ana", "Dora")
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (event,) = tx.journal.of("concern", world.program)
    assert (event.means, event.role, event.actor_id) == ("phone", "coordinator", cora.person_id)
    with pytest.raises(NotAllowed):
        report(world, "ben", None, on_behalf_of=world.ids["ana"])


# --------------------------------------------------------------------------- staff


def test_staff_are_told_at_once_without_who_and_about_whom(told: Any) -> None:
    world = told
    cora, sam, vera = (
        appoint(world, name, role)
        for name, role in (("cora", "coordinator"), ("sam", "supervisor"), ("vera", "viewer"))
    )
    connect(world)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        before = {job.id for job in tx.outbox.find()}
    assert report(world)["told"] == 2
    with world.kit.transaction(tenant="acme", write=False) as tx:
        jobs = [job for job in tx.outbox.find() if job.id not in before]
    assert {job.recipient_id for job in jobs} == {cora.person_id, sam.person_id}
    assert not any(job.body for job in jobs)
    for one in (cora, sam):
        (message,) = world.messages(one.person_id)
        assert "Somebody has raised a concern" in message
        assert not any(name in message for name in ("Ana", "Cleo", TELLS))
        assert "/programs/traders/concerns/" in message
    assert world.messages(vera.person_id) == []
    with pytest.raises(NotAllowed):
        queue(world, vera)


def test_nothing_is_lost_when_no_staff_is_appointed(told: Any) -> None:
    world = told
    connect(world)
    assert report(world)["told"] == 0
    cora = appoint(world)
    (message,) = world.messages(cora.person_id)
    assert "raised a concern" in message
    assert [row["about"] for row in queue(world, cora)] == ["Cleo"]


def test_a_coordinator_whom_it_is_about_has_no_such_case(told: Any) -> None:
    world = told
    cora, sam = appoint(world), appoint(world, "sam", "supervisor")
    connect(world)
    by = {"tenant": "acme", "actor": world.by("ana")}
    people = concerns.form(world.kit, **by, program="traders")["people"]
    assert (cora.person_id, "coordinator") in {(one["id"], one["role"]) for one in people}
    concerns.raise_(
        world.kit, **by, program="traders", kind="unfair", text=TELLS, about=cora.person_id,
        apart=True,
    )  # fmt: skip
    assert world.messages(cora.person_id) == []
    assert queue(world, cora) == []
    (row,) = queue(world, sam)
    overview = standing.overview(world.kit, tenant="acme", actor=cora, program="traders")
    assert (overview["concerns"], overview["next"] == "untaken") == (0, False)
    for step in (cases.show, cases.take, cases.reopen):
        with pytest.raises(NotFound):
            step(world.kit, tenant="acme", actor=cora, concern=row["id"])
    assert protect.blocks(world.kit, tenant="acme", actor=cora, program="traders") == []
    with pytest.raises(NotFound):  # and who set it does not learn that from them either
        protect.unblock(
            world.kit, tenant="acme", actor=cora, person=world.persons["ana"],
            other=cora.person_id or "",
        )  # fmt: skip
    assert cases.take(world.kit, tenant="acme", actor=sam, concern=row["id"])["owner"] == "Sam"


def test_a_coordinator_who_is_a_mentor_too_is_not_told_why_it_ended(world: Any) -> None:
    programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", person=world.persons["cleo"]
    )
    connect(world)
    report(world, apart=True)
    by = {"tenant": "acme", "actor": world.by("cleo"), "program": "traders"}
    rows = [*meet.relationships(world.kit, **by), *match.proposals(world.kit, **by)]
    assert rows
    assert not any(row.get("reason") == "blocked" for row in rows)


def test_a_stranger_about_the_staff_is_read_by_an_admin_alone(world: Any) -> None:
    cora, sam = appoint(world), appoint(world, "sam", "supervisor")
    assert report(world, None, None, about_staff=True)["told"] == 0
    assert queue(world, cora) == queue(world, sam) == []
    assert [row["about_staff"] for row in queue(world, world.admin)] == [True]


def test_a_case_is_taken_noted_closed_and_opened_again(world: Any) -> None:
    cora, sam = appoint(world), appoint(world, "sam", "supervisor")
    connect(world)
    report(world)
    (row,) = queue(world, cora)
    at = {"tenant": "acme", "concern": row["id"]}
    with pytest.raises(Conflict):
        cases.close(world.kit, **at, actor=cora, outcome="resolved")
    assert cases.take(world.kit, **at, actor=cora)["owner"] == "Cora"
    with pytest.raises(Conflict, match="taken already"):
        cases.take(world.kit, **at, actor=sam)
    noted = cases.note(world.kit, **at, actor=sam, text="I have called Ana.")
    assert [(one["by"], one["text"]) for one in noted["notes"]] == [("Sam", "I have called Ana.")]
    with pytest.raises(Invalid):
        cases.note(world.kit, **at, actor=sam, text=" ")
    with pytest.raises(Invalid):
        cases.close(world.kit, **at, actor=cora, outcome="whatever")
    closed = cases.close(world.kit, **at, actor=cora, outcome="talked_to", note="Both agree.")
    assert (closed["state"], closed["reason"], len(closed["notes"])) == ("closed", "talked_to", 2)
    assert standing.overview(world.kit, tenant="acme", actor=cora, program="traders")[
        "concerns"
    ] == 0  # fmt: skip
    opened = cases.reopen(world.kit, **at, actor=sam)
    assert (opened["state"], opened["owner"], opened["reason"]) == ("raised", "", None)
    overview = standing.overview(world.kit, tenant="acme", actor=sam, program="traders")
    assert (overview["concerns"], overview["next"]) == (1, "untaken")


def test_every_edge_of_a_case_is_walked_by_those_who_handle_concerns_and_nobody_else(
    world: Any,
) -> None:
    appoint(world)
    connect(world)
    report(world)
    id = queue(world, world.admin)[0]["id"]
    steps: dict[str, Callable[..., Any]] = {
        "taken": cases.take,
        "closed": lambda *a, **k: cases.close(*a, **k, outcome="resolved"),
        "raised": cases.reopen,
    }
    state = "raised"
    for to in ("taken", "raised", "taken", "closed", "raised"):
        assert (state, to) in CONCERN_MOVES.edges
        for by in (world.by("ana"), world.by("cleo"), appoint(world, "vera", "viewer"), Actor()):
            with pytest.raises(NotFound):
                steps[to](world.kit, tenant="acme", actor=by, concern=id)
        for wrong in set(steps) - set(CONCERN_MOVES.next(state)):
            with pytest.raises(Conflict):
                steps[wrong](world.kit, **world.at, concern=id)
        state = steps[to](world.kit, **world.at, concern=id)["state"]
        assert state == to
        with world.kit.transaction(tenant="acme", write=False) as tx:
            told = replay(tx.journal.events(limit=None))["concern", id]
        assert told["state"] == state


def test_two_of_the_staff_cannot_both_take_a_case(world: Any) -> None:
    people = [appoint(world), appoint(world, "carl")]
    report(world, None, None)
    id = queue(world, world.admin)[0]["id"]

    def take(actor: Actor) -> str:
        try:
            return str(cases.take(world.kit, tenant="acme", actor=actor, concern=id)["owner"])
        except MentorKitError as error:
            return error.code

    with ThreadPoolExecutor() as pool:
        done = sorted(pool.map(take, people * 3))
    assert done[1:] == ["concern.illegal_move"] * 5
    assert done[0] in ("Cora", "Carl")


def test_what_was_written_goes_when_its_author_is_erased_and_the_case_stays(world: Any) -> None:
    cora = appoint(world)
    connect(world)
    report(world)
    protect.erase(world.kit, **world.at, person=world.persons["ana"])
    (row,) = queue(world, cora)
    assert (row["text"], row["raised_name"], row["about"]) == ("", "", "Cleo")
    connect(world, "ben", "dora")
    for key in ("cleo", "dora"):
        protect.erase(world.kit, **world.at, person=world.persons[key])
    assert len(queue(world, cora)) == 1
    form = concerns.form(world.kit, tenant="acme", actor=world.by("ben"), program="traders")
    assert [one["name"] for one in form["people"]] == ["Cora"]


def test_a_program_says_whom_to_call_in_danger(world: Any) -> None:
    body = {"en": "Call 1190.", "es": "Llama al 1190."}
    at = {**world.at, "program": "traders"}
    programs.define(world.kit, **at, kind="emergency", body=body)
    form = concerns.form(world.kit, tenant="acme", actor=Actor(), program="traders")
    assert form["emergency"] == body
    assert programs.export(world.kit, **at)["emergency"] == body


def test_another_tenants_link_or_case_is_not_there(told: Any) -> None:
    world = told
    token = links.make(
        world.kit, tenant="other", purpose="concern", person=world.persons["ana"],
        program=world.program,
    )  # fmt: skip
    with pytest.raises(NotFound):
        concerns.opened(world.kit, token, tenant="acme")
    report(world, None, None)
    id = queue(world, world.admin)[0]["id"]
    with pytest.raises(NotFound):
        cases.show(world.kit, tenant="other", actor=world.admin, concern=id)


# --------------------------------------------------------------------------- apart


def test_f20_a_block_removes_both_from_search_match_and_messages_at_once(told: Any) -> None:
    world = told
    propose(world)
    protect.block(
        world.kit, tenant="acme", actor=world.by("ana"), person=world.persons["ana"],
        other=world.persons["cleo"],
    )  # fmt: skip
    assert world.messages("ana") == []  # the offer waited in the outbox
    found = suggestions.mentors(world.kit, **world.at, participant=world.ids["ana"])["mentors"]
    assert world.ids["cleo"] not in {one["id"] for one in found}
    match.draft(world.kit, **world.at, program="traders")
    drafted = [row for row in match.proposals(world.kit, **world.at, program="traders")
               if row["state"] == "draft"]  # fmt: skip
    pairs = {(row["mentee_id"], row["mentor_id"]) for row in drafted}
    assert pairs
    assert (world.ids["ana"], world.ids["cleo"]) not in pairs


def test_the_mentee_of_an_ended_pair_looks_for_another_mentor(told: Any) -> None:
    world = told
    connect(world)
    world.messages("ana")
    before = [len(world.messages(key)) for key in ("ana", "cleo")]
    report(world, apart=True)
    (part,) = standing.home(world.kit, tenant="acme", actor=world.by("ana"))["parts"]
    assert (part["stage"], part["places"]) == ("looking", 1)
    assert [len(world.messages(key)) for key in ("ana", "cleo")] == before


WAYS = {
    "propose": lambda world, **by: match.propose(
        world.kit, **by, mentee=world.ids["ana"], mentor=world.ids["cleo"]
    ),
    "draft with a lock": lambda world, **by: match.draft(
        world.kit, **by, program="traders", locks=[(world.ids["ana"], world.ids["cleo"])]
    ),
    "draft": lambda world, **by: match.draft(world.kit, **by, program="traders"),
    "publish": lambda world, **by: match.publish(
        world.kit, **by, run=match.draft(world.kit, **by, program="traders")["id"]
    ),
    "accept": lambda world, **by: accept.accept(world.kit, **by, proposal=world.asked),
    "ask": lambda world, **by: accept.ask(world.kit, **by, proposal=world.asked, text="Why?"),
    "reply": lambda world, **by: accept.reply(world.kit, **by, proposal=world.asked, text="So."),
    "resume": lambda world, **by: meet.resume(world.kit, **by, relationship=world.held),
    "log": lambda world, **by: meet.log(world.kit, **by, relationship=world.held, minutes=30),
}


@pytest.mark.parametrize("matching", ["self", "staff"])
def test_after_a_block_no_path_brings_the_two_together(
    create_kit: Callable[..., Any], create_world: Callable[..., Any], matching: str
) -> None:
    kit = create_kit(plugins=("matching", "inbox"))
    people = [
        lead("ana", "mentee", trade="baker", capacity=1),
        lead("ben", "mentee", trade="smith"),
        lead("cleo", "mentor", trade="baker", capacity=4),
    ]
    world = create_world(people, kit=kit, matching=matching)
    world.held = connect(world)
    meet.end(kit, **world.at, relationship=world.held)
    world.asked = propose(world)
    accept.ask(kit, tenant="acme", actor=world.by("ana"), proposal=world.asked, text="Hm?")
    worker.work(kit)
    protect.block(
        kit, tenant="acme", actor=world.by("ana"), person=world.persons["ana"],
        other=world.persons["cleo"],
    )  # fmt: skip
    actors = {"ana": world.by("ana"), "cleo": world.by("cleo"), "admin": world.admin}
    for way in WAYS.values():
        for actor in actors.values():
            with suppress(MentorKitError):
                way(world, tenant="acme", actor=actor)
            worker.work(kit)
            with kit.transaction(tenant="acme", write=False) as tx:
                two = {"mentee_id": world.ids["ana"], "mentor_id": world.ids["cleo"]}
                open_ = tx.proposals.find(**two, state=("draft", "offered", "question"))
                running = tx.relationships.for_participants([world.ids["ana"]], ("active",))
            assert open_ == running == []
    with kit.transaction(tenant="acme", write=False) as tx:
        sent = tx.outbox.find(kind="message", state="done")
        told = [tx.journal.event(job.sequence or 0) for job in sent]
        (blocked,) = (e for e in tx.journal.events(limit=None) if isinstance(e, PersonBlocked))
        theirs = {one.id for one in tx.proposals.find(**two)} | {world.held}
    assert [event for event in told if event.subject_id in theirs]
    assert not [e for e in told if e.subject_id in theirs and e.sequence > blocked.sequence]


def test_what_keeps_two_apart_is_lifted_by_who_set_it_or_by_staff(world: Any) -> None:
    cora = appoint(world)
    two = {"person": world.persons["ana"], "other": world.persons["cleo"]}
    ana, cleo = ({"tenant": "acme", "actor": world.by(key)} for key in ("ana", "cleo"))
    protect.block(world.kit, **ana, **two)
    assert [one["other_name"] for one in protect.blocks(world.kit, **ana)] == ["Cleo"]
    assert protect.blocks(world.kit, **cleo) == []
    staff = {"tenant": "acme", "actor": cora}
    (row,) = protect.blocks(world.kit, **staff, program="traders")
    assert (row["name"], row["other_name"]) == ("Ana", "Cleo")
    with pytest.raises(NotAllowed):
        protect.blocks(world.kit, **ana, program="traders")
    with pytest.raises(NotFound):
        protect.unblock(world.kit, **cleo, **two)
    with pytest.raises(NotFound):
        protect.unblock(world.kit, **cleo, person=two["other"], other=two["person"])
    protect.unblock(world.kit, **staff, **two)
    assert propose(world)
    with pytest.raises(NotFound, match="not kept apart"):
        protect.unblock(world.kit, **ana, **two)
    protect.block(world.kit, **ana, **two)
    protect.unblock(world.kit, **ana, **two)


def test_the_journal_of_a_concern_holds_ids_and_codes_alone(world: Any) -> None:
    connect(world)
    report(world)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (event,) = tx.journal.of("concern", world.program)
        assert tx.journal.of("concern", "another") == []
    assert isinstance(event, ConcernRaised)
    assert TELLS not in json.dumps(event.payload())
