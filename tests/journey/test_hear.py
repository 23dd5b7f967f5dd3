"""Replies to messages: what counts, what is said to it, and what changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit import Manifest, hookimpl
from mentorkit.domain.people import Actor
from mentorkit.errors import NotAllowed, NotFound, PluginError
from mentorkit.hooks import (
    Channel,
    Inbound,
    Receipt,
    Received,
    Reply,
    RetryLater,
    Undeliverable,
)
from mentorkit.journey import accept, feedback, hear, match, meet
from mentorkit.store import conversing, erase, plugin_tables, tables, talks
from mentorkit.store.declarations import declaration
from tests.conftest import Clock
from tests.journey.asked import GOING, TARGETS, answer, asked, drain, sections
from tests.journey.conftest import lead

PLUGINS = ("matching", "checkins", "inbox", "survey", "outcomes")
PHONES = {"ana": "+254700000001", "ben": "+254700000002", "cleo": "+254700000003"}
PULSE: dict[str, Any] = {
    "pulse": {
        "title": "After the meeting", "to": ["mentee"], "window": 30,
        "when": [{"event": "MeetingHeld"}],
        "questions": {
            "useful": {"kind": "flag", "label": {"en": "Was it useful?", "es": "¿Fue útil?"}},
            "going": GOING,
            "issues": {
                "kind": "options", "options": ["no_time", "no_contact"], "label": "What is hard?",
            },
            "words": {"kind": "text", "label": "Anything else?"},
        },
    },
}  # fmt: skip


class Texts(Channel):
    """Text messages that go nowhere: what was sent is kept, by address."""

    name = "texts"
    hears = "phone"

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.keys: dict[str, str] = {}
        self.params: dict[str, Any] = {}
        self.there: list[int] = []
        self.table = talks(plugin_tables("texts"))
        self.fails: Exception | None = None
        self.ids = 0

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return any(one.kind == "phone" for one in contacts)

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        address = next(one.value for one in contacts if one.kind == "phone")
        with conversing(ctx, self.table, message, address):
            if self.fails:
                raise self.fails
            said = f"{message.body}\n{message.reply}" if message.reply else message.body
            self.sent.append((address, said.strip()))
            self.keys[address] = message.key
            self.params[address] = message.params
        return Receipt(channel=self.name)

    def receive(self, ctx: Any, inbound: Inbound) -> Received:
        if inbound.headers.get("signature") != "good":
            raise NotAllowed("texts.signature", "This was not signed by the vendor.")
        with ctx.transaction() as connection:
            talked = sa.select(sa.func.count()).select_from(self.table)
            self.there.append(connection.execute(talked).scalar_one())
        id, address, text, settled, to = inbound.body.decode().split("|")
        reply = Reply(id=id, address=address, text=text, settled=bool(settled), to=to)
        return Received(replies=(reply,), answer="taken")

    def talks(self) -> sa.Table:
        return self.table

    def last(self, key: str) -> str:
        """Return what was sent last to somebody; "" for nothing."""
        return next((said for to, said in reversed(self.sent) if to == PHONES[key]), "")


@pytest.fixture
def create(create_world: Any, create_kit: Any, clock: Clock) -> Callable[..., SimpleNamespace]:
    """Return a factory of a program whose people have a phone alone."""

    def made(**more: Any) -> SimpleNamespace:
        texts = Texts()
        offers = SimpleNamespace(
            manifest=Manifest(
                title="Texts", tables=texts.table.metadata, migrations="mentorkit_inbox:migrations"
            ),
            mentorkit_notification_channels=hookimpl(lambda: [texts]),
        )
        kit = create_kit(plugins=[*PLUGINS, ("texts", offers)])
        phones = PHONES | more.pop("phones", {})
        leads = [
            lead("ana", "mentee", trade="baker", village="Ora", phone=phones["ana"]),
            lead("ben", "mentee", trade="baker", village="Ora", phone=phones["ben"]),
            lead("cleo", "mentor", trade="baker", village="Ora", capacity=2, phone=phones["cleo"]),
        ]
        world: SimpleNamespace = create_world(leads, kit=kit, **more)
        world.texts = texts
        drain(world)
        return world

    return made


@pytest.fixture
def world(create: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    return create()


@pytest.fixture
def says(clock: Clock) -> Callable[..., str]:
    """Return what lets somebody reply, a minute later; it returns what they are told last."""

    def reply(world: SimpleNamespace, key: str, text: str, *, id: str = "", **how: Any) -> str:
        clock.forward(seconds=how.get("after", 60))
        world.texts.ids += 1
        end = f"{how.get('settled', '')}|{how.get('to', '')}"
        push(world, f"{id or world.texts.ids}|{PHONES[key]}|{text}|{end}")
        before = len(world.texts.sent)
        drain(world)
        said = [one for to, one in world.texts.sent[before:] if to == PHONES[key]]
        return said[0] if said else ""

    return reply


def push(world: SimpleNamespace, body: str, signature: str = "good") -> Received:
    inbound = Inbound(body=body.encode(), headers={"signature": signature})
    return hear.take(world.kit, tenant=world.tenant, channel="texts", inbound=inbound)


def offer(world: SimpleNamespace, mentee: str = "ana", mentor: str = "cleo") -> str:
    """Offer a pair; return the proposal's id."""
    made = match.propose(world.kit, **world.at, mentee=world.ids[mentee], mentor=world.ids[mentor])
    drain(world)
    return str(made["id"])


def state(world: SimpleNamespace, proposal: str) -> tuple[str, tuple[str, ...]]:
    row = accept.show(world.kit, **world.at, proposal=proposal)
    return row["state"], tuple(row["answered"])


# ------------------------------------------------------------------ a whole cycle


def test_f20_a_person_with_text_messages_alone_goes_the_whole_way_by_replying(
    create: Callable[..., SimpleNamespace], says: Callable[..., str], clock: Clock
) -> None:
    own = sections("baseline")["questionnaires"]["baseline"]
    plan = {"baseline": own, "end": sections()["questionnaires"]["end"], **PULSE}
    world = create(sections=sections(questionnaires=plan, targets=TARGETS))
    texts = world.texts

    assert texts.last("ana").endswith("Sales\nReply with a figure. SKIP leaves it out.")
    assert says(world, "ana", "1200").startswith("Employees\n")
    assert says(world, "ana", "2").startswith("In which currency?\n1 KES\n2 USD\n")
    assert says(world, "ana", "KES").startswith("The amounts are for what time?\n")
    assert says(world, "ana", "1") == "Thank you for your answers."
    one = offer(world)
    assert "do you say yes to mentoring with Cleo" in texts.last("ana")
    assert texts.last("ana").endswith("Reply 1 for yes, 2 for no.")
    assert says(world, "ana", "Yes!") == "Thank you, your yes is noted."
    assert says(world, "cleo", "1") == "Thank you, your yes is noted."
    assert state(world, one)[0] == "accepted"
    assert "You are connected" not in texts.last("ana")
    assert "now connected" in texts.last("ana")

    clock.forward(days=43)
    drain(world)
    assert "how it is going with Cleo" in texts.last("ana")
    assert texts.last("ana").endswith(
        "1 It goes well\n2 Not so well\n3 I would like help\nReply with the number."
    )
    assert says(world, "ana", "3").startswith("Thank you, that is noted.")
    (held,) = meet.relationships(world.kit, **world.at, program="traders")
    (check,) = [
        row
        for row in meet.milestones(world.kit, **world.at, relationship=held["id"])
        if row["kind"] == "check"
    ]
    assert check["answered"] == [world.ids["ana"]]

    meet.log(world.kit, **world.at, relationship=held["id"], minutes=60)
    drain(world)
    assert texts.last("ana").endswith("Was it useful?\nReply 1 for yes, 2 for no.")
    assert says(world, "ana", "1").startswith("How is it going?\n1 badly\n2 fair\n3 well")
    assert says(world, "ana", "3").startswith("What is hard?\n1 no_time\n2 no_contact")
    assert says(world, "ana", "skip").startswith("Anything else?")
    assert says(world, "ana", "She knows bread.") == "Thank you for your answers."
    (row,) = asked(world, "pulse")
    told = feedback.show(world.kit, **world.at, survey=row["id"])
    assert {one["id"]: one["value"] for one in told["questions"]} == {
        "useful": True, "going": "well", "issues": None, "words": "She knows bread.",
    }  # fmt: skip
    assert row["means"] == "reply"


# ------------------------------------------------------------------ what a reply means


def test_a_channel_is_told_what_stands_in_the_placeholders_and_reads_its_own_tables(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    offer(world)
    told = world.texts.params[PHONES["ana"]]
    assert (told["mentor"], told["person"]) == ("Cleo", "Ana")
    assert told["event"] > 0
    says(world, "ana", "yes")
    assert world.texts.there == [1]


@pytest.mark.parametrize("text", ["1", "YES", " yes. ", "y", "1 yes", "\u0661"])
def test_a_yes_is_a_yes_however_it_is_written(
    world: SimpleNamespace, says: Callable[..., str], text: str
) -> None:
    one = offer(world)
    says(world, "ana", text)
    assert state(world, one) == ("offered", ("mentee",))


def test_a_no_is_a_no(world: SimpleNamespace, says: Callable[..., str]) -> None:
    one = offer(world)
    assert says(world, "ana", "No").startswith("Thank you, your no is noted.")
    assert state(world, one)[0] == "declined"


def test_somebody_replies_in_their_own_language(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    with world.kit.transaction(tenant=world.tenant) as tx:
        tx.people.save(replace(tx.people.get(world.persons["ana"]), locale="es"))
    one = offer(world)
    assert world.texts.last("ana").endswith("Responda 1 para sí, 2 para no.")
    assert says(world, "ana", "Sí") == "Gracias, su sí queda anotado."
    assert state(world, one) == ("offered", ("mentee",))


@pytest.mark.parametrize("text", ["yes but not now", "1 or 2", "maybe", "11", "", "yes no"])
def test_what_is_not_plain_changes_nothing_and_is_answered_once(
    world: SimpleNamespace, says: Callable[..., str], text: str
) -> None:
    one = offer(world)
    told = says(world, "ana", text)
    assert told.startswith("Sorry, that could not be understood.\nTraders and mentors: do you say")
    assert told.endswith("Reply 1 for yes, 2 for no.")
    assert says(world, "ana", text) == ""
    assert state(world, one) == ("offered", ())
    assert says(world, "ana", "1") == "Thank you, your yes is noted."


def test_who_is_asked_nothing_is_told_that_once(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    offer(world)
    says(world, "ana", "2")
    assert says(world, "ana", "1").startswith("Nothing is asked of you now.")
    assert says(world, "ana", "1") == ""


def test_what_has_been_settled_meanwhile_is_not_answered_by_a_reply(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    one = offer(world)
    accept.decline(world.kit, **world.at, proposal=one)
    assert says(world, "ana", "1").startswith("Nothing is asked of you now.")
    assert state(world, one)[0] == "declined"


def test_amounts_are_not_kept_without_their_currency(
    create: Callable[..., SimpleNamespace], says: Callable[..., str]
) -> None:
    world = create(sections=sections("baseline"))
    says(world, "ana", "1200")
    says(world, "ana", "skip")
    assert says(world, "ana", "skip").startswith("Sorry, that could not be understood.")
    says(world, "ana", "2")
    assert says(world, "ana", "1") == "Thank you for your answers."
    (row,) = [one for one in asked(world, "baseline") if one["name"] == "Ana"]
    told = feedback.show(world.kit, **world.at, survey=row["id"])
    assert {one["id"]: one["value"] for one in told["questions"]} == {
        "indicator.sales": 1200, "indicator.staff": None, "indicator.currency": "USD",
        "indicator.period": "month",
    }  # fmt: skip


# ------------------------------------------------------------------ never a wrong step


def test_of_two_questions_that_wait_a_reply_answers_neither_before_one_is_put_again(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    first, second = offer(world, "ana"), offer(world, "ben")
    says(world, "ana", "1")
    says(world, "ben", "1")  # now both wait for Cleo
    told = says(world, "cleo", "2")
    assert told.startswith("It is not clear what you have answered. So once more, please:\n")
    assert "mentoring with Ana?" in told
    assert state(world, first)[0] == state(world, second)[0] == "offered"
    told = says(world, "cleo", "1")
    assert told.startswith("Thank you, your yes is noted.\n")
    assert "mentoring with Ben?" in told
    assert says(world, "cleo", "2") == "Thank you, your no is noted. That is fine."
    assert (state(world, first)[0], state(world, second)[0]) == ("accepted", "declined")


def test_a_reply_to_what_was_settled_elsewhere_is_none_to_what_was_put_before_it(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    first, second = offer(world, "ana"), offer(world, "ben")
    says(world, "ana", "1")
    says(world, "ben", "1")
    cleo = Actor(person_id=world.persons["cleo"])
    accept.accept(world.kit, tenant=world.tenant, actor=cleo, proposal=second)
    drain(world)
    assert "mentoring with Ana?" in says(world, "cleo", "2")
    assert state(world, first)[0] == "offered"


def test_a_reply_sent_twice_is_not_the_answer_to_the_next_question(
    create: Callable[..., SimpleNamespace], says: Callable[..., str], clock: Clock
) -> None:
    plan = {key: sections()["questionnaires"][key] for key in ("baseline", "end")} | PULSE
    world = create(sections=sections(questionnaires=plan))
    for row in asked(world, "baseline"):
        answer(world, row, indicator_staff=2)
    clock.forward(days=2)
    offer(world)
    says(world, "ana", "1")
    says(world, "cleo", "1")
    (held,) = meet.relationships(world.kit, **world.at, program="traders")
    meet.log(world.kit, **world.at, relationship=held["id"], minutes=60)
    drain(world)
    clock.forward(minutes=1)
    for id in ("a", "b"):  # a double tap: two messages, each with an id of its own
        push(world, f"{id}|{PHONES['ana']}|1||")
    drain(world)
    assert says(world, "ana", "1", after=2) == ""
    assert says(world, "ana", "3").startswith("What is hard?")
    assert says(world, "ana", "1 2").startswith("Anything else?")


def test_one_push_counts_once_however_often_the_vendor_sends_it(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    one = offer(world)
    says(world, "ana", "1", id="SM1")
    assert says(world, "ana", "1", id="SM1") == ""
    assert state(world, one) == ("offered", ("mentee",))
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        assert len(tx.notes.find(subject_noun="reply")) == 1


def test_a_question_that_could_not_be_sent_is_answered_by_nothing(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    first = offer(world, "ana")
    says(world, "ana", "1")
    world.texts.fails = Undeliverable("texts.never")
    second = offer(world, "ben")
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        assert tx.proposals.get(second).state == "offered"
    world.texts.fails = None
    assert says(world, "ben", "1").startswith("Nothing is asked of you now.")
    assert state(world, second) == ("offered", ())
    assert says(world, "cleo", "1") == "Thank you, your yes is noted."
    assert state(world, first)[0] == "accepted"


def test_two_who_share_a_phone_are_asked_to_answer_elsewhere(
    create: Callable[..., SimpleNamespace], says: Callable[..., str]
) -> None:
    world = create(phones={"ben": PHONES["ana"]})
    first, second = offer(world, "ana"), offer(world, "ben")
    assert says(world, "ana", "1").startswith("Several people are written to here")
    assert state(world, first) == state(world, second) == ("offered", ())


def test_what_the_journey_refuses_is_told_and_changes_nothing(
    world: SimpleNamespace, says: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = offer(world)

    def late(*args: Any, **values: Any) -> None:
        raise NotAllowed("participant.not_yours", "No.")

    monkeypatch.setattr(accept, "accept", late)
    assert says(world, "ana", "1").startswith("Sorry, that was not possible any more.")
    assert state(world, one) == ("offered", ())


def test_after_a_day_it_is_the_new_question_that_is_answered_and_then_the_old_one_put_again(
    world: SimpleNamespace, says: Callable[..., str], clock: Clock
) -> None:
    first, second = offer(world, "ana"), offer(world, "ben")
    says(world, "ana", "1")
    clock.forward(days=1, hours=1)
    says(world, "ben", "1")
    told = says(world, "cleo", "2")
    assert told.startswith("Thank you, your no is noted.")
    assert "mentoring with Ana?" in told
    assert (state(world, first)[0], state(world, second)[0]) == ("offered", "declined")


def test_what_fits_one_question_alone_is_its_answer(
    create: Callable[..., SimpleNamespace], says: Callable[..., str]
) -> None:
    world = create(sections=sections("baseline"))
    one = offer(world)
    assert says(world, "ana", "yes").startswith("Thank you, your yes is noted.\nSales\n")
    assert state(world, one) == ("offered", ("mentee",))


def test_of_an_offer_and_a_survey_the_offer_is_put_again_as_it_has_a_last_day(
    create: Callable[..., SimpleNamespace], says: Callable[..., str]
) -> None:
    world = create(sections=sections("baseline"))
    one = offer(world)
    told = says(world, "ana", "Yes but not now")
    assert told.startswith("It is not clear what you have answered. So once more, please:\n")
    assert "Sales" not in told
    assert says(world, "ana", "1").startswith("Thank you, your yes is noted.\nSales\n")
    assert state(world, one) == ("offered", ("mentee",))


def test_a_button_counts_for_its_own_message_alone(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    one = offer(world, "ana")
    mine = world.texts.keys[PHONES["ana"]]
    assert says(world, "ana", "1", to=mine, after=1) == "Thank you, your yes is noted."
    first = world.texts.keys[PHONES["cleo"]]
    second = offer(world, "ben")
    says(world, "ben", "1")
    told = says(world, "cleo", "2", to=first)  # below which stands another question by now
    assert told.startswith("It is not clear what you have answered.")
    assert state(world, one)[0] == state(world, second)[0] == "offered"
    assert says(world, "cleo", "2", to=first).startswith("It is not clear")
    assert says(world, "cleo", "1", to=world.texts.keys[PHONES["cleo"]]).startswith("Thank you")
    assert state(world, one)[0] == "accepted"


# ------------------------------------------------------------------ stop, start, help


@pytest.mark.parametrize("word", ["STOP", "stop.", "Unsubscribe", "OPT OUT", "quit"])
def test_stop_is_heard_at_once_and_answered_once(
    world: SimpleNamespace, says: Callable[..., str], word: str
) -> None:
    one = offer(world)
    assert says(world, "ana", word).startswith("You get no more messages here. Reply START")
    assert says(world, "ana", "1") == ""
    assert state(world, one) == ("offered", ())
    accept.withdraw(world.kit, **world.at, proposal=one)
    before = len(world.texts.sent)
    offer(world)
    assert len(world.texts.sent) == before
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        query = "SELECT template FROM mk_inbox__message ORDER BY template"
        kept = tx.connection.exec_driver_sql(query).scalars().all()
    assert kept == ["proposal_declined", "proposal_offered"]  # where staff see them


@pytest.mark.parametrize("word", ["START", "yes"])
def test_start_undoes_it(world: SimpleNamespace, says: Callable[..., str], word: str) -> None:
    one = offer(world)
    says(world, "ana", "stop")
    assert says(world, "ana", word) == "You get messages here again."
    assert state(world, one) == ("offered", ())
    assert says(world, "ana", "1") == "Thank you, your yes is noted."


def test_help_tells_what_this_is_and_how_to_stop_it(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    offer(world)
    assert "Reply STOP to get no more of them." in says(world, "ana", "HELP")


def test_what_the_vendor_has_settled_itself_is_noted_and_not_answered_again(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    offer(world)
    assert says(world, "ana", "STOP", settled="1") == ""
    assert says(world, "ana", "1") == ""
    assert says(world, "ana", "START", settled="1") == ""
    assert says(world, "ana", "1") == "Thank you, your yes is noted."


# ------------------------------------------------------------------ what is kept, and of whom


def test_of_a_number_that_was_never_written_to_nothing_is_kept_or_said(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    offer(world)
    known, unknown = (push(world, f"{n}|{n}|1||") for n in (PHONES["ana"], "+15550100"))
    assert known == unknown or known.answer == unknown.answer == "taken"
    assert says(world, "ben", "1") == ""  # a participant, but nothing was ever sent to them
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        kept = [job.recipient_id for job in tx.outbox.find(kind="reply")]
        assert kept == [world.persons["ana"]]
        assert {note.author_id for note in tx.notes.find(subject_noun="reply")} == {
            world.persons["ana"]
        }


def test_the_outbox_holds_neither_number_nor_text(
    world: SimpleNamespace, says: Callable[..., str]
) -> None:
    offer(world)
    says(world, "ana", "Zebra", id=f"wamid.{PHONES['ana']}")
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        rows = repr(tx.connection.execute(sa.select(tables.outbox)).all())
    assert "Zebra" not in rows
    assert "254700000001" not in rows


def test_whoever_is_erased_is_not_heard_any_more(world: SimpleNamespace) -> None:
    one = offer(world)
    push(world, f"1|{PHONES['ana']}|Zebra||")
    with world.kit.transaction(tenant=world.tenant) as tx:
        erase(tx, world.persons["ana"])
    before = len(world.texts.sent)
    drain(world)
    assert len(world.texts.sent) == before
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        assert tx.connection.execute(sa.select(world.texts.table)).all() == []
        assert not [note for note in tx.notes.find() if "Zebra" in note.text]
        assert tx.proposals.get(one).answered == ()
    assert declaration(world.texts.table).erase == "delete"


def test_a_channel_that_hears_and_cannot_receive_stops_the_start(create_kit: Any) -> None:
    class Deaf(Channel):
        name = "deaf"
        hears = "phone"

        def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
            return Receipt(channel=self.name)

    offers = SimpleNamespace(
        manifest=Manifest(title="Deaf"),
        mentorkit_notification_channels=hookimpl(lambda: [Deaf()]),
    )
    with pytest.raises(PluginError) as error:
        create_kit(plugins=[("deaf", offers)])
    assert "receive: write it: it is what a channel that hears needs" in str(error.value)
    assert "talks: write it" in str(error.value)


def test_what_is_not_signed_is_refused_and_so_is_a_channel_that_hears_nothing(
    world: SimpleNamespace,
) -> None:
    with pytest.raises(NotAllowed):
        push(world, f"1|{PHONES['ana']}|1||", signature="bad")
    for name in ("inbox", "nobody"):
        with pytest.raises(NotFound):
            hear.take(world.kit, tenant="acme", channel=name, inbound=Inbound(body=b""))


def test_an_answer_that_the_vendor_cannot_take_now_is_said_later_and_done_once(
    world: SimpleNamespace, says: Callable[..., str], clock: Clock
) -> None:
    one = offer(world)
    world.texts.fails = RetryLater("busy", seconds=30)
    assert says(world, "ana", "1") == ""
    assert state(world, one) == ("offered", ("mentee",))
    world.texts.fails = None
    clock.forward(minutes=2)
    drain(world)
    assert world.texts.last("ana") == "Thank you, your yes is noted."
