"""A question about a proposal: it reaches the other side, waits for a reply, and has an end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.events import replay
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed, NotFound
from mentorkit.journey import accept, match
from mentorkit.worker import work
from tests.journey.test_worker import Post, plugin


@pytest.fixture
def world(create_world: Any, create_kit: Any, post: Post) -> SimpleNamespace:
    """Ana and Cleo, who are to be brought together; Ana has been asked, and told so."""
    made: SimpleNamespace = create_world(kit=create_kit(plugins=("matching", plugin(post))))
    who = {"mentee": made.ids["ana"], "mentor": made.ids["cleo"]}
    made.proposal = match.propose(made.kit, **made.at, **who)["id"]
    work(made.kit)
    post.carried.clear()
    return made


def by(world: Any, who: str) -> dict[str, Any]:
    actor = world.admin if who == "staff" else world.by(who)
    return {"tenant": world.tenant, "actor": actor, "proposal": world.proposal}


def ask(world: Any, who: str = "ana", text: str = "Do you sell online?") -> dict[str, Any]:
    return accept.ask(world.kit, **by(world, who), text=text)


def told(world: Any, post: Post) -> list[tuple[str, str]]:
    """Who is told what by the worker now: (key, template)."""
    post.carried.clear()
    work(world.kit)
    names = {id: key for key, id in world.persons.items()}
    return sorted((names[one.person_id], one.template) for one in post.carried)


@pytest.mark.parametrize(("asker", "other"), [("ana", "cleo"), ("cleo", "ana")])
def test_the_other_side_is_told_the_question_and_the_asker_the_reply(
    world: Any, post: Post, asker: str, other: str
) -> None:
    if asker == "cleo":  # who is told of it once Ana has said yes
        accept.accept(world.kit, **by(world, "ana"))
        assert told(world, post) == [("cleo", "proposal_offered")]
    ask(world, asker)
    assert told(world, post) == [(other, "question_asked")]
    assert "Do you sell online?" in post.carried[0].body
    accept.reply(world.kit, **by(world, other), text="Since {2019}.")
    assert told(world, post) == [(asker, "question_answered")]
    assert "Since {2019}." in post.carried[-1].body


def test_nothing_of_the_text_waits_in_the_outbox_or_stands_in_the_journal(world: Any) -> None:
    ask(world)
    accept.reply(world.kit, **by(world, "cleo"), text="I sell since 2019.")
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        kept = str(tx.outbox.find()) + str([e.payload() for e in tx.journal.events(limit=None)])
    assert "sell" not in kept


def test_a_question_that_was_answered_before_it_was_sent_is_not_sent(
    world: Any, post: Post
) -> None:
    ask(world)
    accept.reply(world.kit, **by(world, "staff"), text="They do.")
    assert told(world, post) == [("ana", "question_answered")]


def test_only_the_other_side_or_staff_reply(world: Any) -> None:
    assert ask(world)["asked_by"] == "mentee"
    with pytest.raises(NotAllowed) as caught:
        accept.reply(world.kit, **by(world, "ana"), text="I answer myself.")
    assert caught.value.code == "proposal.own_question"
    with pytest.raises(NotFound):
        accept.reply(world.kit, **by(world, "dora"), text="I do.")
    assert accept.reply(world.kit, **by(world, "staff"), text="Yes.")["state"] == "offered"
    assert ask(world, "cleo")["asked_by"] == "mentor"
    assert accept.reply(world.kit, **by(world, "ana"), text="Yes.")["state"] == "offered"


def test_the_two_and_staff_read_what_was_said_and_nobody_else(world: Any) -> None:
    ask(world)
    accept.reply(world.kit, **by(world, "cleo"), text="Yes.")
    ask(world, "cleo", text="Do you?")
    for who in ("ana", "cleo", "staff"):
        said = accept.talk(world.kit, **by(world, who))
        assert [(one["kind"], one["by"], one["text"]) for one in said] == [
            ("question", "mentee", "Do you sell online?"),
            ("reply", "mentor", "Yes."),
            ("question", "mentor", "Do you?"),
        ]
    for stranger in (world.by("dora"), Actor(user_ref="nobody")):
        with pytest.raises(NotFound):
            accept.talk(world.kit, **{**by(world, "ana"), "actor": stranger})


def test_what_was_asked_goes_with_who_asked_it(world: Any) -> None:
    from mentorkit.journey import protect

    ask(world)
    protect.erase(world.kit, **world.at, person=world.persons["ana"])
    assert [one["text"] for one in accept.talk(world.kit, **by(world, "staff"))] == [""]


@pytest.mark.parametrize("who", ["ana", "cleo", "staff"])
def test_a_question_can_be_declined(world: Any, post: Post, who: str) -> None:
    ask(world)
    told(world, post)
    assert accept.decline(world.kit, **by(world, who))["state"] == "declined"
    hearing = {"ana": ["cleo"], "cleo": ["ana"], "staff": ["ana", "cleo"]}[who]
    assert told(world, post) == [(one, "proposal_declined") for one in hearing]


def test_a_question_that_nobody_answers_runs_out(world: Any, post: Post, clock: Any) -> None:
    clock.forward(days=9)
    due = ask(world)["due_at"]
    clock.forward(days=9)
    assert accept.expire(world.kit, tenant=world.tenant) == 0  # it has the full time for itself
    clock.forward(days=1)
    assert due[:10] == clock().date().isoformat()
    with pytest.raises(Conflict, match="ran out"):
        accept.reply(world.kit, **by(world, "cleo"), text="Late.")
    assert accept.expire(world.kit, tenant=world.tenant) == 1
    assert told(world, post) == [("ana", "proposal_declined")]
    (one,) = match.proposals(world.kit, **world.at, program="traders")
    assert one["state"] == "expired"
    again = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    assert match.propose(world.kit, **world.at, **again)["state"] == "offered"


def test_who_asked_comes_back_from_the_journal(world: Any) -> None:
    ask(world)
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        state = replay(tx.journal.events(limit=None))["proposal", world.proposal]
        one = tx.proposals.get(world.proposal)
    assert (state["asked_by"], state["state"]) == (one.asked_by, one.state)
    assert (one.asked_by, one.state) == ("mentee", "question")


def test_what_cannot_be_asked_or_replied_is_told_in_words(world: Any) -> None:
    with pytest.raises(NotAllowed, match="staff reply for either"):
        ask(world, "staff")
    with pytest.raises(Conflict, match="No question is open"):
        accept.reply(world.kit, **by(world, "ana"), text="Yes.")
    ask(world)
    with pytest.raises(Conflict, match="is open already"):
        ask(world)
    with pytest.raises(Conflict, match="reply to it first"):
        accept.accept(world.kit, **by(world, "ana"))
