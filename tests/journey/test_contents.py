"""Contents: what one writes to another waits until it may be read; it fails closed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Manifest, hookimpl, worker
from mentorkit.domain.events import QuestionAsked, replay
from mentorkit.domain.people import Actor
from mentorkit.domain.safety import Verdict
from mentorkit.errors import Conflict, NotAllowed, NotFound
from mentorkit.hooks import ContentCheck
from mentorkit.journey import (
    accept,
    contents,
    match,
    meet,
    onboard,
    programs,
    protect,
    relay,
    screen,
    signup,
    standing,
)
from mentorkit_inbox.tables import message as inbox

RUDE = "You are an idiot."


class Check(ContentCheck):
    """Answers as a test wishes, and remembers what it was asked."""

    name = "sample"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []
        self.answer: Callable[[Any], Any] = lambda texts: [
            Verdict(content_id=one.id, allowed="idiot" not in one.text, code="rude")
            for one in texts
        ]
        self.kit: Any = None

    def review(self, ctx: Any, texts: Any) -> Any:
        # A transaction of our own can only be opened outside the core's.
        with self.kit.transaction(tenant="acme"):
            pass
        self.asked += [(one.kind, one.text, ctx.settings.get("strict", False)) for one in texts]
        return self.answer(texts)


@pytest.fixture
def world(create_kit: Callable[..., Any], create_world: Callable[..., Any]) -> Any:
    """A world with a check, and a proposal of which Ana is told, who is asked first."""
    check = Check()
    manifest = Manifest(
        title="Sample",
        program_settings={
            "type": "object", "additionalProperties": False,
            "properties": {"strict": {"type": "boolean", "title": "Strict",
                                      "description": "Be strict.", "default": False}},
        },
    )  # fmt: skip
    plugin = SimpleNamespace(manifest=manifest, mentorkit_content_checks=hookimpl(lambda: [check]))
    kit = create_kit(plugins=("matching", "inbox", ("sample", plugin)))
    check.kit = kit
    made = create_world(kit=kit)
    made.check = check
    two = {"mentee": made.ids["ana"], "mentor": made.ids["cleo"]}
    made.asked = match.propose(kit, **made.at, **two)["id"]
    made.cora = programs.appoint(
        kit, **made.at, program="traders", role="coordinator", name="Cora", user_ref="cora"
    )["person"]
    worker.work(kit)
    return made


def ask(world: Any, text: str, key: str = "ana", **given: Any) -> dict[str, Any]:
    by = {"tenant": "acme", "actor": world.by(key)}
    return accept.ask(world.kit, **by, proposal=world.asked, text=text, **given)


def reply(world: Any, text: str, key: str = "cleo") -> dict[str, Any]:
    by = {"tenant": "acme", "actor": world.by(key)}
    return accept.reply(world.kit, **by, proposal=world.asked, text=text)


def agree(world: Any) -> None:
    """Let Ana say yes, so that Cleo is told of it too."""
    accept.accept(world.kit, tenant="acme", actor=world.by("ana"), proposal=world.asked)


def show(world: Any, key: str) -> dict[str, Any]:
    by = {"tenant": "acme", "actor": world.by(key)}
    return accept.show(world.kit, **by, proposal=world.asked)


def waiting(world: Any, user: str = "cora") -> list[dict[str, Any]]:
    by = {"tenant": "acme", "actor": Actor(user_ref=user)}
    return contents.waiting(world.kit, **by, program="traders")


def messages(world: Any, person: str) -> list[str]:
    worker.work(world.kit)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        rows = tx.connection.execute(inbox.select()).all()
    return [row.body for row in rows if row.person_id == person]


def test_what_a_check_allows_is_passed_on_at_once(world: Any) -> None:
    done = ask(world, "Do you bake?")
    assert (done["state"], bool(done["due_at"])) == ("question", True)
    assert [one["text"] for one in show(world, "cleo")["talk"]] == ["Do you bake?"]
    assert reply(world, "Every day.")["state"] == "offered"
    assert [kind for kind, *_ in world.check.asked] == ["question", "reply"]
    assert waiting(world) == []
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (said,) = (e for e in tx.journal.events(limit=None) if isinstance(e, QuestionAsked))
    assert (said.actor_id, said.role) == (world.persons["ana"], "mentee")


def test_a_question_that_waits_does_not_tell_the_other_that_they_are_proposed(world: Any) -> None:
    ask(world, RUDE)
    with pytest.raises(NotFound):
        show(world, "cleo")
    (row,) = waiting(world)
    contents.release(world.kit, **world.at, content=row["id"])
    assert show(world, "cleo")["yours"]


def test_what_it_does_not_allow_waits_for_the_staff_and_is_told_to_nobody_else(world: Any) -> None:
    agree(world)
    done = ask(world, RUDE)
    assert (done["state"], done["due_at"]) == ("offered", None)
    own, theirs = show(world, "ana"), show(world, "cleo")
    assert (own["held"], own["held_text"], own["talk"]) == (True, RUDE, [])
    assert (theirs["held"], theirs["held_text"], theirs["talk"]) == (True, "", [])
    assert not any(RUDE in body for body in messages(world, world.persons["cleo"]))
    (row,) = waiting(world)
    assert (row["text"], row["author"], row["reason"]) == (RUDE, "Ana", "rude")
    assert any("has not been passed on" in body for body in messages(world, world.cora))
    overview = standing.overview(
        world.kit, tenant="acme", actor=Actor(user_ref="cora"), program="traders"
    )
    assert (overview["held"], overview["next"]) == (1, "held")


def test_the_time_to_answer_stands_still_meanwhile(world: Any, clock: Any) -> None:
    ask(world, RUDE)
    clock.forward(days=60)
    worker.work(world.kit)
    assert show(world, "ana")["state"] == "offered"
    (row,) = waiting(world)
    contents.release(world.kit, **world.at, content=row["id"])
    one = show(world, "cleo")
    assert (one["state"], one["talk"][0]["text"]) == ("question", RUDE)
    assert one["due_at"] > clock().isoformat()
    assert any(RUDE in body for body in messages(world, world.persons["cleo"]))
    clock.forward(days=11)
    worker.work(world.kit)
    assert show(world, "ana")["state"] == "expired"


def test_nobody_goes_on_while_a_text_waits_but_everybody_may_say_no(world: Any) -> None:
    agree(world)
    ask(world, RUDE)
    for key in ("ana", "cleo"):
        by = {"tenant": "acme", "actor": world.by(key), "proposal": world.asked}
        with pytest.raises(Conflict, match="looked at first"):
            accept.accept(world.kit, **by)
        with pytest.raises(Conflict, match="looked at first"):
            accept.ask(world.kit, **by, text="And?")
    accept.decline(world.kit, tenant="acme", actor=world.by("ana"), proposal=world.asked)
    assert waiting(world) == []


def test_a_text_whose_proposal_has_ended_goes_to_nobody(world: Any) -> None:
    ask(world, RUDE)
    (row,) = waiting(world)
    protect.block(
        world.kit, tenant="acme", actor=world.by("cleo"), person=world.persons["cleo"],
        other=world.persons["ana"],
    )  # fmt: skip
    for verb in (contents.release, contents.refuse):
        with pytest.raises(Conflict, match="ended meanwhile"):
            verb(world.kit, **world.at, content=row["id"])
    assert not any(RUDE in body for body in messages(world, world.persons["cleo"]))


def test_what_staff_refuse_is_not_passed_on_and_its_author_writes_again(world: Any) -> None:
    ask(world, RUDE)
    (row,) = waiting(world)
    contents.refuse(world.kit, tenant="acme", actor=Actor(user_ref="cora"), content=row["id"])
    assert any("in other words" in body for body in messages(world, world.persons["ana"]))
    own = show(world, "ana")
    assert (own["held"], own["talk"], bool(own["due_at"])) == (False, [], True)
    assert ask(world, "Do you bake?")["state"] == "question"
    for verb in (contents.release, contents.refuse):
        with pytest.raises(Conflict):
            verb(world.kit, **world.at, content=row["id"])


def test_a_reply_waits_as_a_question_does(world: Any) -> None:
    ask(world, "Do you bake?")
    assert reply(world, RUDE)["due_at"] is None
    assert len(show(world, "ana")["talk"]) == 1
    with pytest.raises(Conflict):
        reply(world, "Sorry.")
    (row,) = waiting(world)
    contents.release(world.kit, **world.at, content=row["id"])
    assert [one["text"] for one in show(world, "ana")["talk"]] == ["Do you bake?", RUDE]
    assert show(world, "ana")["state"] == "offered"


def fails(texts: Any) -> Any:
    raise TimeoutError("the vendor does not answer")


def leaves(texts: Any) -> Any:
    raise SystemExit(1)


@pytest.mark.parametrize(
    "answer",
    [
        fails,
        leaves,
        lambda texts: None,
        lambda texts: [],
        lambda texts: [True for _ in texts],
        lambda texts: [Verdict(content_id="another", allowed=True) for _ in texts],
        lambda texts: [Verdict(content_id=one.id, allowed="yes") for one in texts],
        lambda texts: [Verdict(content_id=texts[0].id, allowed=said) for said in (False, True)],
    ],
    ids=["raises", "exits", "nothing", "silence", "no verdict", "another's", "no truth", "both"],
)
def test_f20_when_a_check_fails_the_text_waits_in_the_queue(world: Any, answer: Any) -> None:
    world.check.answer = answer
    agree(world)
    ask(world, "Do you bake?")
    (row,) = waiting(world)
    assert (row["reason"], row["text"]) == ("check_failed", "Do you bake?")
    assert show(world, "cleo")["talk"] == []


def test_a_code_that_is_no_code_is_not_kept(world: Any) -> None:
    world.check.answer = lambda texts: [
        Verdict(content_id=one.id, allowed=False, code="He said: IDIOT!") for one in texts
    ]
    ask(world, RUDE)
    assert waiting(world)[0]["reason"] == "not_allowed"


def test_a_program_switches_a_check_off_or_sets_it(world: Any) -> None:
    at = {**world.at, "program": "traders", "kind": "plugin", "key": "sample"}
    programs.define(world.kit, **at, body={"settings": {"strict": True}})
    ask(world, "Do you bake?")
    assert world.check.asked == [("question", "Do you bake?", True)]
    programs.define(world.kit, **at, body={"enabled": False})
    reply(world, RUDE)
    assert len(world.check.asked) == 1
    assert show(world, "ana")["talk"][1]["text"] == RUDE


def test_in_a_callers_transaction_the_worker_asks_the_check(world: Any) -> None:
    agree(world)
    world.kit.write("acme", lambda tx: ask(world, "Do you bake?", tx=tx))
    assert world.check.asked == []
    assert [row["reason"] for row in waiting(world)] == [None]
    assert show(world, "cleo")["talk"] == []
    worker.work(world.kit)
    assert len(world.check.asked) == 1
    assert show(world, "cleo")["talk"][0]["text"] == "Do you bake?"
    worker.work(world.kit)
    assert len(world.check.asked) == 1


def test_a_check_that_is_gone_before_it_was_asked_lets_nothing_pass(world: Any) -> None:
    world.kit.write("acme", lambda tx: ask(world, "Do you bake?", tx=tx))
    at = {**world.at, "program": "traders", "kind": "plugin", "key": "sample"}
    programs.define(world.kit, **at, body={"enabled": False})
    worker.work(world.kit)
    assert [row["reason"] for row in waiting(world)] == ["check_failed"]


def test_what_staff_write_is_not_held(world: Any) -> None:
    ask(world, "Do you bake?")
    by = {"tenant": "acme", "actor": Actor(user_ref="cora")}
    accept.reply(world.kit, **by, proposal=world.asked, text=RUDE)
    assert len(world.check.asked) == 1


def test_who_decides_about_a_text(world: Any) -> None:
    ask(world, RUDE)
    (row,) = waiting(world)
    for user, role in (("sam", "supervisor"), ("vera", "viewer")):
        programs.appoint(
            world.kit, **world.at, program="traders", role=role, name=user, user_ref=user
        )
        with pytest.raises(NotAllowed):
            waiting(world, user)
    programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", person=world.persons["cleo"]
    )
    assert contents.waiting(
        world.kit, tenant="acme", actor=world.by("cleo"), program="traders"
    ) == []  # fmt: skip
    for actor in (world.by("ana"), world.by("cleo"), Actor(user_ref="sam"), Actor()):
        for verb in (contents.release, contents.refuse):
            with pytest.raises(NotFound):
                verb(world.kit, tenant="acme", actor=actor, content=row["id"])
    with pytest.raises(NotFound):
        contents.release(world.kit, tenant="other", actor=world.admin, content=row["id"])


def test_an_erased_text_goes_to_nobody_and_the_two_go_on(world: Any) -> None:
    world.kit.write("acme", lambda tx: ask(world, "Do you bake?", tx=tx))
    protect.erase(world.kit, **world.at, person=world.persons["ana"])
    assert waiting(world) == []
    worker.work(world.kit)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        states = replay(tx.journal.events(limit=None))
    assert [told["state"] for (noun, _), told in states.items() if noun == "content"] == ["refused"]


# --------------------------------------------------------------------------- answers


def answer(world: Any, text: str, actor: Actor | None = None, **given: Any) -> dict[str, Any]:
    by = {"tenant": "acme", "actor": actor or world.by("ana")}
    told = {"village": text, "trade": "smith"}
    return onboard.answer(world.kit, **by, participant=world.ids["ana"], answers=told, **given)


def village(world: Any) -> tuple[str, str]:
    one = onboard.show(
        world.kit, tenant="acme", actor=world.by("ana"), participant=world.ids["ana"]
    )
    (field,) = (each for each in one["questions"] if each["id"] == "village")
    return field["value"], field["held"]


def test_free_text_in_an_answer_waits_and_the_other_answers_stand(world: Any) -> None:
    assert answer(world, RUDE)["profile"] == {"trade": "smith", "village": "Ora"}
    assert village(world) == ("Ora", RUDE)
    (row,) = waiting(world)
    assert (row["field"], row["author"], row["to"]) == ("village", "Ana", [])
    with pytest.raises(NotFound):
        contents.release(world.kit, tenant="acme", actor=world.by("ana"), content=row["id"])
    contents.release(world.kit, **world.at, content=row["id"])
    assert village(world) == (RUDE, "")
    assert answer(world, "Wen")["profile"]["village"] == "Wen"
    asked = len(world.check.asked)
    answer(world, "Wen")
    assert len(world.check.asked) == asked  # what stands there already is not asked again


def test_an_answer_that_is_refused_is_not_kept_and_a_newer_one_takes_its_place(world: Any) -> None:
    answer(world, RUDE)
    answer(world, f"{RUDE} Again.")
    (row,) = waiting(world)
    assert row["text"] == f"{RUDE} Again."
    contents.refuse(world.kit, **world.at, content=row["id"])
    assert village(world) == ("Ora", "")
    (told,) = [body for body in messages(world, world.persons["ana"]) if "other words" in body]
    assert RUDE not in told
    answer(world, RUDE)
    answer(world, "Wen")
    assert (waiting(world), village(world)) == ([], ("Wen", ""))


def test_what_staff_enter_for_somebody_is_not_held(world: Any) -> None:
    answer(world, f"{RUDE} Yes.")
    world.check.asked.clear()
    assert answer(world, RUDE, world.admin)["profile"]["village"] == RUDE
    assert world.check.asked == []
    assert (waiting(world), village(world)) == ([], (RUDE, ""))  # and it is newer than what waited


def test_free_text_of_a_sign_up_waits_too(world: Any, clock: Any) -> None:
    signup.sign_up(
        world.kit, tenant="acme", actor=Actor(), program="traders", role="mentee", name="Eva",
        email="eva@example.org", answers={"trade": "baker", "village": RUDE},
    )  # fmt: skip

    def eva() -> Any:
        rows = screen.review(world.kit, **world.at, program="traders")
        return next(row for row in rows if row["name"] == "Eva")

    def held() -> int:
        told = standing.overview(world.kit, **world.at, program="traders")
        assert (told["next"] == "held") == bool(told["held"])
        return int(told["held"])

    assert eva()["profile"] == {"trade": "baker"}
    assert held() == 0, "the worker has it looked at before staff are asked"
    clock.forward(minutes=16)
    assert held() == 1, "nobody does that work"
    worker.work(world.kit)
    assert held() == 1
    (row,) = waiting(world)
    assert (row["author"], row["field"], row["reason"]) == ("Eva", "village", "rude")
    contents.release(world.kit, **world.at, content=row["id"])
    assert eva()["profile"]["village"] == RUDE
    with world.kit.transaction(tenant="acme", write=False) as tx:
        states = replay(tx.journal.events(limit=None))
    assert states["content", row["id"]]["state"] == "released"


# ------------------------------------------------------------------ words carried in a relationship


@pytest.fixture
def together(world: Any) -> Any:
    """The same, with Ana and Cleo connected."""
    done = accept.accept(world.kit, **world.at, proposal=world.asked)
    world.relationship = done["relationship"]["id"]
    return world


def send(world: Any, text: str, key: str = "ana") -> dict[str, Any]:
    by = {"tenant": "acme", "actor": world.by(key)}
    return relay.send(world.kit, **by, relationship=world.relationship, text=text)


def carried(world: Any, key: str = "cleo") -> list[str]:
    by = {"tenant": "acme", "actor": world.by(key)}
    return [one["text"] for one in relay.said(world.kit, **by, relationship=world.relationship)]


def test_a_word_that_a_check_allows_is_carried_at_once(together: Any) -> None:
    assert send(together, "Shall we meet?")["held"] is False
    assert carried(together) == ["Shall we meet?"]
    assert ("word", "Shall we meet?", False) in together.check.asked


def test_a_word_that_is_not_allowed_waits_until_staff_let_it_go(together: Any) -> None:
    assert send(together, RUDE)["held"] is True
    assert carried(together) == []
    by = {"tenant": "acme", "actor": Actor(person_id=together.cora)}
    (waits,) = contents.waiting(together.kit, **by, program="traders")
    assert (waits["kind"], waits["author"], waits["to"]) == ("word", "Ana", ["Cleo"])
    contents.release(together.kit, **by, content=waits["id"])
    assert carried(together) == [RUDE]


def test_a_word_is_carried_no_more_once_the_two_have_parted(together: Any) -> None:
    send(together, RUDE)
    by = {"tenant": "acme", "actor": Actor(person_id=together.cora)}
    (waits,) = contents.waiting(together.kit, **by, program="traders")
    meet.end(together.kit, **together.at, relationship=together.relationship)
    with pytest.raises(Conflict, match="goes to nobody"):
        contents.release(together.kit, **by, content=waits["id"])
    assert contents.waiting(together.kit, **by, program="traders") == []


# ------------------------------------------------------------------ one's own texts


def own(world: Any, key: str = "ana", about: str | None = None) -> list[tuple[str, str, str]]:
    """Return state, text and why of what somebody has written."""
    found = contents.own(world.kit, tenant="acme", actor=world.by(key), about=about)
    return [(one["state"], one["text"], one["why"]) for one in found]


def test_an_author_reads_that_a_text_waits_and_why_it_was_not_passed_on(world: Any) -> None:
    ask(world, RUDE)
    assert own(world) == own(world, about=world.asked) == [("held", RUDE, "")]
    assert own(world, "cleo") == own(world, about=world.ids["ana"]) == []
    assert contents.own(world.kit, tenant="acme", actor=Actor()) == []
    (row,) = waiting(world)
    contents.refuse(world.kit, **world.at, content=row["id"], note=" Please be kind. ")
    assert own(world) == [("refused", RUDE, "Please be kind.")]
    (told,) = [body for body in messages(world, world.persons["ana"]) if "other words" in body]
    assert "was not passed on.\nPlease be kind.\nPlease write" in told
    ask(world, "Do you bake?")
    assert own(world) == [], "it was written anew"


def test_why_a_text_was_not_passed_on_goes_with_its_author(world: Any) -> None:
    ask(world, RUDE)
    (row,) = waiting(world)
    contents.refuse(world.kit, **world.at, content=row["id"], note="Please be kind.")
    protect.erase(world.kit, **world.at, person=world.persons["ana"])
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert not [one for one in tx.notes.find() if "kind" in one.text]


def test_an_author_takes_a_text_back_while_it_waits(world: Any) -> None:
    ask(world, RUDE)
    (row,) = waiting(world)
    back = {"tenant": "acme", "content": row["id"]}
    for actor in (world.by("cleo"), world.admin, Actor(user_ref="cora"), Actor()):
        with pytest.raises(NotFound):
            contents.take_back(world.kit, **back, actor=actor)
    done = contents.take_back(world.kit, **back, actor=world.by("ana"))
    assert done["proposal_id"] == world.asked
    assert waiting(world) == own(world) == []
    told = show(world, "ana")
    assert (told["held"], told["talk"], bool(told["due_at"])) == (False, [], True)
    assert not any("other words" in body for body in messages(world, world.persons["ana"]))
    with pytest.raises(Conflict, match="does not wait any more"):
        contents.take_back(world.kit, **back, actor=world.by("ana"))
    with pytest.raises(Conflict):
        contents.release(world.kit, **world.at, content=row["id"])


def test_an_answer_and_a_word_are_taken_back_too(together: Any) -> None:
    answer(together, RUDE)
    send(together, RUDE)
    send(together, f"{RUDE} Twice.")
    by = {"tenant": "acme", "actor": together.by("ana")}
    assert [one["kind"] for one in contents.own(together.kit, **by)] == ["answer", "word", "word"]
    for one in contents.own(together.kit, **by):
        contents.take_back(together.kit, **by, content=one["id"])
    assert own(together) == waiting(together) == []
    assert (village(together), carried(together)) == (("Ora", ""), [])
