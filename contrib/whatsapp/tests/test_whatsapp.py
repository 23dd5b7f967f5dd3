"""What goes out to WhatsApp, in free words or by a template, and what comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import mentorkit_whatsapp
import pytest
from mentorkit_whatsapp import api
from mentorkit_whatsapp.channel import LONGEST, free, mark, number, same
from mentorkit_whatsapp.templates import fitting, look, parsed
from vendor import (
    NUMBER,
    SETTINGS,
    TOKEN,
    VERIFY,
    Vendor,
    message,
    pressed,
    pushed,
    refused,
    signed,
)

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message, RetryLater, Undeliverable
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor, Contact, Person
from mentorkit.domain.site import Portal
from mentorkit.errors import MentorKitError, NotAllowed
from mentorkit.hooks import Inbound, Received, Reply
from mentorkit.journey import accept, deliveries, match, onboard, programs, recruit, screen
from mentorkit.store import erase, export
from mentorkit.testing import ChannelContract
from mentorkit.worker import work

PLUGIN = ("whatsapp", mentorkit_whatsapp)
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
ANA, CLEO = "254700000001", "254700000003"
SITE = "https://example.org/mentoring"
URL = f"{SITE}/api/v1/inbound/whatsapp"
PATH = "/mentoring/api/v1/inbound/whatsapp"
ADMIN: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="admin", admin=True)}


class TestWhatsApp(ChannelContract):
    """With no network it keeps what every channel keeps."""

    plugin = PLUGIN
    delivers = False
    contacts = MappingProxyType({"whatsapp": f"+{ANA}"})
    settings = MappingProxyType(SETTINGS)


class Desk:
    """A kit, a person in it, and what Meta tells of them."""

    def __init__(self, kit: Any) -> None:
        self.kit = kit
        self.channel = kit.registry.channels["whatsapp"]
        self.person = Person(id=kit.ids(), tenant="acme", name="Ana", created_at=AT)
        with kit.transaction(tenant="acme") as tx:
            tx.people.add(self.person)

    @property
    def context(self) -> Any:
        return self.kit.work_context("acme", None, "whatsapp")

    @property
    def now(self) -> float:
        return float(self.kit.clock().timestamp())

    def tell(self, body: bytes, url: str = URL, **headers: str) -> Received:
        given = {name.lower(): value for name, value in (headers or signed(body)).items()}
        inbound = Inbound(body=body, headers=given, url=url)
        found: Received = self.channel.receive(self.context, inbound)
        return found

    def says(self, text: str = "hi", at: float | None = None, phone: str = ANA) -> Received:
        told = message(phone, self.now if at is None else at, "wamid.in", "text", body=text)
        return self.tell(pushed(messages=[told]))

    def post(self, *numbers: str, **given: Any) -> Any:
        contacts = [
            Contact(
                id=one, tenant="acme", person_id=self.person.id, kind=one.partition(":")[0],
                value=one.partition(":")[2].strip("*"), verified=one.endswith("*"),
            )
            for one in numbers or (f"whatsapp:+{ANA}",)
        ]  # fmt: skip
        if not self.channel.can_reach(self.context, self.person, contacts):
            return None
        return self.channel.deliver(self.context, made(self.person.id, **given), self.person,
                                    contacts)  # fmt: skip


def made(person: str = "p", **given: Any) -> Message:
    told = {"key": "1:hello", "body": "A word", "subject": "Hello", "template": "hello", **given}
    return Message(tenant="acme", program_id="p", person_id=person, created_at=AT, **told)


@pytest.fixture
def create_desk(mentorkit_create_kit: Callable[..., Any], vendor: Vendor) -> Callable[..., Desk]:
    def create(**settings: Any) -> Desk:
        given = {"whatsapp": {**vendor.settings, **settings}}
        return Desk(mentorkit_create_kit(plugins=[PLUGIN], settings=given))

    return create


@pytest.fixture
def desk(create_desk: Callable[..., Desk]) -> Desk:
    return create_desk()


@pytest.fixture
def both(create_kit: Callable[..., Any], vendor: Vendor) -> Desk:
    """A desk on either kind of database."""
    return Desk(create_kit(plugins=[PLUGIN], settings={"whatsapp": vendor.settings}))


@pytest.fixture
def talking(desk: Desk) -> Desk:
    """A desk whose person has just written."""
    desk.post()
    desk.says()
    return desk


# ------------------------------------------------------------------ a day of free words


def test_whoever_has_not_written_gets_a_template(both: Desk, vendor: Vendor) -> None:
    receipt = both.post(body="A  word\n\nor two")
    assert (receipt.channel, receipt.reference) == ("whatsapp", "wamid.1")
    assert vendor.sent == [{
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": ANA,
        "type": "template",
        "template": {
            "name": "hello", "language": {"code": "en"},
            "components": [{"type": "body", "parameters": [
                {"type": "text", "parameter_name": "person", "text": "Hello"},
                {"type": "text", "text": "A word or two"},
            ]}],
        },
    }]  # fmt: skip
    assert vendor.asked == [(f"/v23.0/{NUMBER}/messages", f"Bearer {TOKEN}")]


def test_for_a_day_after_they_wrote_they_get_free_words(
    both: Desk, vendor: Vendor, mentorkit_clock: Any
) -> None:
    both.post()
    both.says()
    mentorkit_clock.forward(hours=23, minutes=57)
    both.post()
    mentorkit_clock.forward(minutes=2)
    both.post()
    assert [one["type"] for one in vendor.sent] == ["template", "text", "template"]
    assert vendor.sent[1]["text"] == {"preview_url": False, "body": "Hello\nA word"}


def test_it_counts_when_they_wrote_not_when_we_were_told(
    both: Desk, vendor: Vendor, mentorkit_clock: Any
) -> None:
    both.post()
    mentorkit_clock.forward(days=2)
    both.says(at=both.now - 90_000)  # told a day late
    both.post()
    both.says(at=both.now)
    both.says(at=both.now - 90_000)  # told again, after the newer one
    both.post()
    both.says(at=both.now + 9e5)  # from a clock that is wrong
    mentorkit_clock.forward(hours=25)
    both.post()
    assert [one["type"] for one in vendor.sent] == ["template", "template", "text", "template"]


def test_another_number_of_theirs_has_a_day_of_its_own(both: Desk, vendor: Vendor) -> None:
    both.post()
    both.says()
    both.post(f"whatsapp:+{CLEO}")
    both.post(f"whatsapp:+{CLEO}")
    assert [one["type"] for one in vendor.sent] == ["template"] * 3


def test_of_a_number_that_was_never_written_to_nothing_is_kept(both: Desk) -> None:
    both.says(phone="254799999999")
    with both.kit.transaction(tenant="acme", write=False) as tx:
        assert not tx.connection.exec_driver_sql("SELECT * FROM mk_whatsapp__window").all()


def test_where_whatsapp_says_that_the_day_is_over_a_template_goes(
    talking: Desk, vendor: Vendor
) -> None:
    vendor.kinds["text"] = refused(131047)
    talking.post()
    assert [one["type"] for one in vendor.sent] == ["template", "template"]
    vendor.kinds["template"] = refused(131047)
    with pytest.raises(Undeliverable) as never:
        talking.post()
    assert never.value.code == "whatsapp.131047"


def test_without_a_template_the_next_channel_has_it(
    create_desk: Callable[..., Desk], vendor: Vendor
) -> None:
    desk = create_desk(templates=[])
    with pytest.raises(Undeliverable) as never:
        desk.post()
    assert never.value.code == "whatsapp.no_template"
    assert vendor.sent == []


def test_what_is_kept_of_somebody_is_told_them_and_erased(both: Desk) -> None:
    both.post()
    both.says()
    with both.kit.transaction(tenant="acme") as tx:
        told = export(tx, both.person.id)
        assert told["mk_whatsapp__window"][0]["address"] == f"+{ANA}"
        erase(tx, both.person.id)
        assert not {"mk_whatsapp__window", "mk_whatsapp__talk"} & set(export(tx, both.person.id))


# ------------------------------------------------------------------ templates


def test_a_template_is_found_by_message_and_language() -> None:
    lines = [
        "hello es = hola es_MX",
        "hello * = hello en",
        "* fr = nouvelle fr: body",
        "* * = news en_US: person body",
    ]
    found = [
        (one.name, one.language) if (one := fitting(lines, made(template=t, locale=locale))) else 0
        for t, locale in (("hello", "es-MX"), ("hello", "fr"), ("other", "fr-CA"), ("other", "sw"))
    ]
    assert found == [("hola", "es_MX"), ("hello", "en"), ("nouvelle", "fr"), ("news", "en_US")]
    assert fitting(lines[:1], made(locale="sw")) is None


def test_a_place_has_what_stood_in_ours_on_one_line_and_never_nothing() -> None:
    template = parsed("hello en = offer en: person mentor=mentor link body reply")
    told = template.filled(
        made(params=Frozen(person="Ana", mentor="Cleo\tK"), body="x" * 2_000), []
    )
    (body,) = told["template"]["components"]
    texts = [one["text"] for one in body["parameters"]]
    assert texts[:3] == ["Ana", "Cleo K", "-"]
    assert (len(texts[3]), texts[4]) == (900, "-")
    assert [one.get("parameter_name") for one in body["parameters"][:2]] == [None, "mentor"]


def test_the_buttons_of_a_template_carry_their_message() -> None:
    template = parsed("hello en = offer en_US: buttons:2")
    told = template.filled(made(), ["a", "b", "c"])["template"]["components"]
    assert [(one["index"], one["parameters"][0]["payload"]) for one in told] == [
        ("0", "a"), ("1", "b"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["", "hello = offer en", "hello en = Offer en", "hello en = offer en: nobody",
     "hello en = offer en: buttons:11", "hello en offer en"],
)  # fmt: skip
def test_a_line_that_cannot_be_read_does_not_start(
    create_desk: Callable[..., Desk], line: str
) -> None:
    told = look(["hello en = offer en", line])
    assert not told.ok
    assert "line 2" in told.message
    with pytest.raises(MentorKitError, match="line 1"):
        create_desk(templates=[line])


def test_doctor_counts_the_templates() -> None:
    assert look([]).ok
    assert "none" in look([]).message
    assert look(SETTINGS["templates"]).message == "There are 2."


# ------------------------------------------------------------------ out


def test_few_short_choices_are_buttons_more_are_a_list_and_the_rest_is_written() -> None:
    two = free(made(choices=(("1", "Yes"), ("2", "No")), reply="Reply 1 or 2."))["interactive"]
    assert two["body"] == {"text": "Hello\nA word\n\nReply 1 or 2."}
    assert two["action"]["buttons"] == [
        {"type": "reply", "reply": {"id": f"{mark('1:hello')}:1", "title": "Yes"}},
        {"type": "reply", "reply": {"id": f"{mark('1:hello')}:2", "title": "No"}},
    ]
    longer = (("1", "It goes well"), ("2", "Not so well"), ("3", "I would like some help"))
    listed = free(made(choices=longer, locale="es"))["interactive"]
    assert (listed["type"], listed["action"]["button"]) == ("list", "Responder")
    assert len(listed["action"]["sections"][0]["rows"]) == 3
    for choices, body in (
        ((("1", "x" * 25),), "A word"),
        (tuple((str(n), f"Option {n}") for n in range(11)), "A word"),
        ((("1", "Same"), ("2", "Same")), "A word"),
        ((("1", "Yes"),), "x" * 1_100),
    ):
        assert free(made(choices=choices, body=body))["type"] == "text"


def test_how_to_reply_stands_at_the_end_also_where_the_body_is_too_long() -> None:
    told = free(made(body="x" * 9_000, reply="Reply 1."))["text"]["body"]
    assert len(told) == LONGEST
    assert told.endswith("x…\n\nReply 1.")


def test_a_number_of_whatsapp_is_written_to_and_a_phone_number_only_where_that_is_said(
    desk: Desk, create_desk: Callable[..., Desk], vendor: Vendor
) -> None:
    assert desk.post(f"phone:+{CLEO}") is None
    assert desk.post("whatsapp:0700 000 001") is None
    desk.post(f"whatsapp:+{ANA}", f"whatsapp:+{CLEO}*")
    both = create_desk(phones=True)
    both.post(f"phone:+{CLEO}*", f"whatsapp:+{ANA}")
    both.post(f"phone:+{CLEO}")
    assert [one["to"] for one in vendor.sent] == [CLEO, ANA, CLEO]


def test_both_spellings_of_a_number_are_one_address() -> None:
    assert same("5215512345678") == same("525512345678") == "+525512345678"
    assert same("5491123456789") == same("541123456789")
    assert same("5511987654321") == same("551187654321")
    assert same(ANA) == f"+{ANA}"
    assert number(same(ANA)) == ANA


@pytest.mark.parametrize("code", [100, 131008, 131026, 131049, 131050, 132015, 132016])
def test_what_whatsapp_refuses_for_good_is_left_to_the_next_channel(
    desk: Desk, vendor: Vendor, code: int
) -> None:
    vendor.answer = refused(code)
    with pytest.raises(Undeliverable) as never:
        desk.post()
    assert never.value.code == f"whatsapp.{code}"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refused(130429), None),
        (refused(130429, 429, **{"Retry-After": "30"}), 30),
        (refused(131056), None),
        (refused(190, 401), None),
        (refused(190), None),
        (refused(200, 403), None),
        (refused(10), None),
        (refused(132001, 404), None),
        (refused(131000, 500), None),
        (refused(2, 503), None),
        ((400, {}, "<html>"), None),
        ((400, {}, '{"error": "no"}'), None),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), None),
        ("hang", None),
        ("drop", None),
    ],
)
def test_what_may_pass_or_be_mended_is_tried_again(
    desk: Desk, vendor: Vendor, answer: Any, seconds: int | None
) -> None:
    vendor.answer = answer
    with pytest.raises(RetryLater) as later:
        desk.post()
    assert later.value.seconds == seconds
    assert TOKEN not in str(later.value)
    vendor.answer = None
    assert desk.post().reference


@pytest.mark.parametrize("body", ["{", "[]", '{"messages": 3}', '{"messages": [{}]}'])
def test_a_yes_that_cannot_be_read_is_a_yes(desk: Desk, vendor: Vendor, body: str) -> None:
    vendor.answer = (200, {}, body)
    assert desk.post().reference == ""


# ------------------------------------------------------------------ in


def test_the_address_answers_metas_challenge(desk: Desk) -> None:
    good = f"{URL}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={VERIFY}"
    assert desk.tell(b"", good, a="b") == Received(answer="1158201444")
    for wrong in (
        URL,
        good.replace(VERIFY, "another"),
        good.replace("subscribe", "unsubscribe"),
        good.replace("1158201444", "%3Cscript%3E"),
        f"{URL}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=%C3%BC",
    ):
        with pytest.raises(NotAllowed):
            desk.tell(b"", wrong, a="b")


def test_what_somebody_writes_or_presses_is_a_reply(desk: Desk) -> None:
    at, data = desk.now, f"{mark('k')}:2"
    told = desk.tell(pushed(messages=[
        message(ANA, at, "wamid.a", "text", body="yes"),
        pressed(ANA, at, "wamid.b", data),
        pressed(ANA, at, "wamid.c", data, "list_reply"),
        message(ANA, at, "wamid.d", "button", payload=data, text="No"),
        message(CLEO, at, "wamid.e", "button", text="Stop"),
    ]))  # fmt: skip
    assert told.replies == (
        Reply(id="wamid.a", address=f"+{ANA}", text="yes"),
        *(Reply(id=f"wamid.{one}", address=f"+{ANA}", text="2", to=mark("k")) for one in "bcd"),
        Reply(id="wamid.e", address=f"+{CLEO}", text="Stop"),
    )


def test_what_is_nobodys_word_or_of_another_shape_brings_nothing(desk: Desk) -> None:
    at = desk.now
    for body in (
        b"{", b"[1]", b"{}", b'{"entry": [{"changes": [{"field": "messages", "value": 3}]}]}',
        pushed(messages=[message(ANA, at, "w", "image", mime_type="image/jpeg")]),
        pushed(messages=[message(ANA, at, "w", "reaction", emoji="x")]),
        pushed(messages=[message("me", at, "w", "text", body="x")]),
        pushed(messages=[{"from": ANA, "timestamp": "1e999", "type": "text"}]),
        pushed(messages=[{"from": ANA}, "x", None]),
        pushed(messages=[message(ANA, at, "w", "interactive", type="nfm_reply", nfm_reply={})]),
        pushed("999999", messages=[message(ANA, at, "w", "text", body="to another number")]),
    ):  # fmt: skip
        assert desk.tell(body) == Received()


def test_what_the_apps_secret_has_not_signed_is_refused(desk: Desk) -> None:
    body = pushed(messages=[message(ANA, desk.now, "w", "text", body="yes")])
    good = signed(body)["X-Hub-Signature-256"]
    for told in ("", good.removeprefix("sha256="), good.upper(), "sha256=ü",
                 signed(body, "another")["X-Hub-Signature-256"]):  # fmt: skip
        with pytest.raises(NotAllowed):
            desk.tell(body, **{"X-Hub-Signature-256": told})
    with pytest.raises(NotAllowed):
        desk.tell(body + b" ", **{"X-Hub-Signature-256": good})
    with pytest.raises(NotAllowed):
        desk.tell(body, a="b")


def test_how_messages_have_fared_can_be_read() -> None:
    def state(id: Any, word: str, **more: Any) -> dict[str, Any]:
        return {"id": id, "status": word, "timestamp": "1", "recipient_id": ANA, **more}

    errors = [{"code": 131026, "title": "Message undeliverable"}]
    told = api.read(pushed(statuses=[
        state("wamid.1", "sent"), state("wamid.1", "delivered"), state("wamid.1", "read"),
        state("wamid.2", "failed", errors=errors), state("wamid.3", "failed"),
        state("wamid.4", "warning"), state(5, "sent"), "x",
    ]))  # fmt: skip
    found = [(one.reference, one.state, one.code) for one in api.reports(told, NUMBER)]
    assert found == [
        ("wamid.1", "accepted", ""), ("wamid.1", "delivered", ""), ("wamid.1", "delivered", ""),
        ("wamid.2", "bounced", "whatsapp.131026"), ("wamid.3", "failed", "whatsapp.failed"),
    ]  # fmt: skip
    assert api.reports(told, "another") == ()
    assert api.reports({}, NUMBER) == ()


# ------------------------------------------------------------------ a whole way


class World:
    """A program with two people who have WhatsApp alone, and the portal that Meta calls."""

    def __init__(self, kit: Any, clock: Any, vendor: Vendor, host: Any) -> None:
        self.kit, self.clock, self.vendor = kit, clock, vendor
        self.client = host(kit, tenant="acme").test_client()
        preset = {
            "title": "Traders",
            "fields": {"trade": {"kind": "option", "options": ["baker"]}},
            "strategy": {"criteria": [{"criterion": "equal", "field": "trade", "weight": 1}]},
            "consent": {"en": "We use what you tell us."},
            "measurement": {"none": "A test measures nothing."},
        }
        programs.create(kit, **ADMIN, key="traders", preset=preset)
        programs.open_(kit, **ADMIN, program="traders")
        leads = [
            Lead(key=key, role=role, name=key.title(), phone=f"+{phone}",
                 profile={"trade": "baker"})
            for key, role, phone in (("ana", "mentee", ANA), ("cleo", "mentor", CLEO))
        ]  # fmt: skip
        recruit.receive(kit, **ADMIN, program="traders", leads=leads)
        self.ids = {}
        for row in screen.review(kit, **ADMIN, program="traders"):
            self.ids[row["key"]] = row["id"]
            for verb in (screen.approve, onboard.consent, onboard.complete):
                verb(kit, **ADMIN, participant=row["id"])
        self.drain()

    def drain(self) -> None:
        while any(work(self.kit, limit=500).values()):
            pass

    def tells(self, told: dict[str, Any], **signing: str) -> Any:
        body = pushed(messages=[told])
        answer = self.client.post(PATH, data=body, headers=signed(body, **signing))
        self.drain()
        return answer


@pytest.fixture
def world(
    create_kit: Callable[..., Any], mentorkit_clock: Any, vendor: Vendor, mentorkit_host: Any
) -> World:
    kit = create_kit(
        plugins=["matching", PLUGIN, "inbox"],
        settings={"whatsapp": {**vendor.settings, "phones": True}},
        site=Portal(SITE),
        secret_keys=["s"],
    )
    return World(kit, mentorkit_clock, vendor, mentorkit_host)


def test_two_are_connected_by_a_button_of_a_template_and_in_words(world: World) -> None:
    made = match.propose(world.kit, **ADMIN, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    body, yes, _ = world.vendor.last(ANA)["template"]["components"]
    assert [one["text"] for one in body["parameters"]] == ["Ana", "Cleo"]
    data = yes["parameters"][0]["payload"]

    def press(id: str) -> int:
        world.clock.forward(minutes=1)
        told = message(ANA, world.kit.clock().timestamp(), id, "button", payload=data, text="Yes")
        assert world.tells(told).status_code == 200
        return len(world.vendor.sent)

    many = press("wamid.in1")
    assert world.vendor.last(ANA)["text"]["body"] == "Thank you, your yes is noted."
    assert press("wamid.in1") == many  # told again
    press("wamid.in2")
    assert world.vendor.last(ANA)["text"]["body"].startswith("Nothing is asked of you now.")
    world.clock.forward(minutes=1)
    world.tells(message(CLEO, world.kit.clock().timestamp(), "wamid.in3", "text", body="Yes!"))
    assert accept.show(world.kit, **ADMIN, proposal=made["id"])["state"] == "accepted"


def test_a_number_that_is_not_on_whatsapp_is_left_to_the_next_channel(world: World) -> None:
    def log() -> list[tuple[str | None, str]]:
        found = deliveries.listed(world.kit, **ADMIN, program="traders")["items"]
        return [(one["channel"], one["state"]) for one in found]

    made = match.propose(world.kit, **ADMIN, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    assert log() == [("whatsapp", "sent")]
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (job,) = tx.outbox.find(kind="message")
    state = {"id": job.reference, "status": "failed", "errors": [{"code": 131026}]}
    body = pushed(statuses=[state])
    assert world.client.post(PATH, data=body, headers=signed(body)).status_code == 200
    assert log() == [("whatsapp", "bounced")]
    accept.withdraw(world.kit, **ADMIN, proposal=made["id"])
    world.drain()
    assert log()[0] == ("inbox", "sent")


def test_the_portal_lets_in_meta_alone(world: World) -> None:
    asked = f"{PATH}?hub.mode=subscribe&hub.challenge=42&hub.verify_token={VERIFY}"
    answer = world.client.get(asked)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "42", "text/plain")
    assert world.client.get(PATH).status_code == 403
    told = message(ANA, 1, "wamid.x", "text", body="yes")
    assert world.tells(told, secret="another").status_code == 403
    assert world.tells(told).status_code == 200
