"""What goes out to Telegram, what is made of its answers, and who is heard there as whom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import mentorkit_telegram
import pytest
from mentorkit_telegram import chats, commands
from mentorkit_telegram.channel import LONGEST, cut, mark, sent
from vendor import SECRET, SETTINGS, TOKEN, Vendor, pressed, refused, written

from mentorkit.domain.messages import Message, RetryLater, Undeliverable
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.site import Portal
from mentorkit.errors import Conflict, NotAllowed, NotFound, SettingsError
from mentorkit.hooks import Inbound, Received, Reply
from mentorkit.journey import accept, match, onboard, programs, recruit, screen, standing
from mentorkit.store import erase, export
from mentorkit.testing import ChannelContract
from mentorkit.worker import work

PLUGIN = ("telegram", mentorkit_telegram)
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
ANA, CLEO = 5_000_000_001, 5_000_000_003
SITE = "https://example.org/mentoring"
PATH = "/mentoring/api/v1/inbound/telegram"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
ADMIN: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="admin", admin=True)}


class TestTelegram(ChannelContract):
    """With no network it keeps what every channel keeps."""

    plugin = PLUGIN
    delivers = False
    settings = MappingProxyType(SETTINGS)


class Desk:
    """A kit, a person in it, and what Telegram tells of them."""

    def __init__(self, kit: Any) -> None:
        self.kit = kit
        self.channel = kit.registry.channels["telegram"]
        self.person = Person(id=kit.ids(), tenant="acme", name="Ana", created_at=AT)
        with kit.transaction(tenant="acme") as tx:
            tx.people.add(self.person)

    @property
    def context(self) -> Any:
        return self.kit.work_context("acme", None, "telegram")

    def link(self) -> str:
        """Return the token of a new link."""
        made = chats.make(self.kit, tenant="acme", person=self.person.id)
        return made.removeprefix("https://t.me/soko_bot?start=")

    def tell(self, update: Any, secret: str | None = SECRET) -> Received:
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        headers = {} if secret is None else {HEADER.lower(): secret}
        found: Received = self.channel.receive(self.context, Inbound(body=body, headers=headers))
        return found

    def start(self, token: str, chat: int = ANA, **more: Any) -> str:
        """Let a chat begin by a link; return what is said there."""
        told = json.loads(self.tell(written(chat, f"/start {token}", 1, **more)).answer)
        assert (told["method"], told["chat_id"]) == ("sendMessage", chat)
        return str(told["text"])

    def post(self, **message: Any) -> Any:
        return self.channel.deliver(self.context, self.made(**message), self.person, [])

    def made(self, **message: Any) -> Message:
        given = {"key": "1:hello", "body": "A word", "subject": "Hello", **message}
        return Message(
            tenant="acme", program_id="p", person_id=self.person.id, template="hello",
            created_at=AT, **given,
        )  # fmt: skip


@pytest.fixture
def create_desk(vendor: Vendor) -> Callable[..., Desk]:
    def create(create: Callable[..., Any]) -> Desk:
        settings = {"telegram": vendor.settings}
        return Desk(create(plugins=[PLUGIN], settings=settings, secret_keys=["s"]))

    return create


@pytest.fixture
def desk(create_desk: Callable[..., Desk], create_kit: Callable[..., Any]) -> Desk:
    return create_desk(create_kit)


@pytest.fixture
def light(create_desk: Callable[..., Desk], mentorkit_create_kit: Callable[..., Any]) -> Desk:
    """A desk on one kind of database, for what is the same on the other."""
    return create_desk(mentorkit_create_kit)


@pytest.fixture
def connected(light: Desk) -> Desk:
    light.start(light.link())
    return light


# ------------------------------------------------------------------ connecting a chat


def test_whoever_opens_their_link_gets_their_messages_in_that_chat(
    desk: Desk, vendor: Vendor
) -> None:
    with pytest.raises(Undeliverable) as nowhere:
        desk.post()
    assert nowhere.value.code == "telegram.not_connected"
    assert desk.start(desk.link()).startswith("Your mentoring messages come here")
    receipt = desk.post()
    assert (receipt.channel, receipt.reference) == ("telegram", "1")
    assert vendor.last(ANA)["text"] == "Hello\nA word"


def test_the_token_of_a_link_is_one_that_telegram_takes(desk: Desk) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", desk.link())


def test_what_is_said_is_in_the_language_of_the_chat(desk: Desk) -> None:
    assert desk.start(desk.link(), language="es").startswith("Desde ahora")
    assert desk.start("unknown", language="xx").startswith("This link has been used")


def test_a_link_works_once_and_again_only_for_the_same_chat(desk: Desk, vendor: Vendor) -> None:
    token = desk.link()
    assert desk.start(token).startswith("Your mentoring messages")
    assert desk.start(token).startswith("Your mentoring messages")  # Telegram tells it again
    assert desk.start(token, CLEO).startswith("This link has been used")
    desk.post()
    assert [one["chat_id"] for one in vendor.sent] == [ANA]


def test_a_link_that_is_too_old_or_made_up_connects_nobody(
    desk: Desk, mentorkit_clock: Any
) -> None:
    token = desk.link()
    mentorkit_clock.forward(minutes=61)
    for wrong in (token, token[:-1] + "x", "a" * 64, "ü", "x y"):
        assert desk.start(wrong).startswith("This link has been used")
    with pytest.raises(Undeliverable):
        desk.post()


def test_an_old_link_told_once_more_does_not_undo_a_newer_chat(desk: Desk, vendor: Vendor) -> None:
    first, second = desk.link(), desk.link()
    desk.start(first, ANA)
    desk.start(second, CLEO)
    desk.start(first, ANA)
    desk.post()
    assert [one["chat_id"] for one in vendor.sent] == [CLEO]


def test_no_link_is_made_where_nothing_signs_it(
    create_kit: Callable[..., Any], vendor: Vendor
) -> None:
    desk = Desk(create_kit(plugins=[PLUGIN], settings={"telegram": vendor.settings}))
    with pytest.raises(Conflict, match="secret_keys"):
        desk.link()


def test_a_chat_is_forgotten_when_its_person_asks_or_is_erased(desk: Desk) -> None:
    desk.start(desk.link())
    kit, person = desk.kit, desk.person.id
    with kit.transaction(tenant="acme", write=False) as tx:
        told = json.dumps(export(tx, person), default=str)
    assert str(ANA) in told
    chats.end(desk.context, person)
    assert chats.of(desk.context, person) is None
    desk.start(desk.link())
    with kit.transaction(tenant="acme") as tx:
        erase(tx, person)
    assert chats.of(desk.context, person) is None


# ------------------------------------------------------------------ out


def test_nothing_in_a_message_is_read_as_mark_up(connected: Desk, vendor: Vendor) -> None:
    connected.post(body="*b* _i_ <b>x</b> [here](https://x.example) /stop", subject="")
    (told,) = vendor.sent
    assert told["text"] == "*b* _i_ <b>x</b> [here](https://x.example) /stop"
    assert set(told) == {"chat_id", "text", "link_preview_options"}
    assert told["link_preview_options"] == {"is_disabled": True}
    assert [path for path, _ in vendor.asked] == [f"/bot{TOKEN}/sendMessage"]


def test_what_can_be_replied_is_a_button_each(connected: Desk, vendor: Vendor) -> None:
    connected.post(reply="Reply 1 for yes.", choices=(("1", "Yes"), ("2", "No")))
    told = vendor.last(ANA)
    assert told["text"].endswith("A word\n\nReply 1 for yes.")
    assert told["buttons"] == {
        "Yes": f"{mark('1:hello')}:1", "No": f"{mark('1:hello')}:2",
    }  # fmt: skip
    (row,) = vendor.sent[0]["reply_markup"]["inline_keyboard"]
    assert len(row) == 2


def test_long_words_have_a_row_each_and_what_a_button_cannot_carry_has_none(light: Desk) -> None:
    choices = (("1", "I would like help " * 9), ("2", "Fine"), ("x" * 42, "Never"))
    told = sent(light.made(choices=choices, key="k" * 255))
    rows = told["reply_markup"]["inline_keyboard"]
    assert [len(row) for row in rows] == [1, 1]
    assert len(rows[0][0]["text"]) == 64
    assert all(len(row[0]["callback_data"].encode()) <= 64 for row in rows)


def test_what_is_too_long_is_cut_above_how_to_reply(connected: Desk, vendor: Vendor) -> None:
    connected.post(body="x" * 9_000, reply="Reply 1.")
    told = vendor.last(ANA)["text"]
    assert len(told) == LONGEST
    assert told.endswith("x…\n\nReply 1.")
    connected.post(body="\U0001f33e" * 3_000)  # two units each, as Telegram counts
    assert vendor.last(ANA)["text"].endswith("\U0001f33e…")


@pytest.mark.parametrize(
    ("text", "room", "left"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab \u00e9x", 4, "ab…"),
        ("abe\u0301x", 4, "ab…"),
        ("a\U0001f33eb", 3, "a…"),
        ("\U0001f469\U0001f3fd\u200d\U0001f33ex", 6, "…"),
        ("abc", 0, "…"),
    ],
)
def test_no_letter_is_torn_apart(text: str, room: int, left: str) -> None:
    assert cut(text, room) == left


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused(403, "Forbidden: bot was blocked by the user"), "blocked"),
        (refused(403, "Forbidden: user is deactivated"), "deactivated"),
        (refused(403, "Forbidden: bot can't initiate conversation with a user"), "forbidden"),
        (refused(400, "Bad Request: chat not found"), "chat_not_found"),
        (refused(400, "Bad Request: message text is empty"), "refused"),
    ],
)
def test_whoever_is_not_there_is_left_to_the_next_channel(
    connected: Desk, vendor: Vendor, answer: Any, code: str
) -> None:
    vendor.answer = answer
    with pytest.raises(Undeliverable) as never:
        connected.post()
    assert never.value.code == f"telegram.{code}"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refused(429, "Too Many Requests: retry after 35", retry_after=35), 35),
        (refused(429, "Too Many Requests", retry_after="soon"), None),
        ((429, {"Retry-After": "7"}, "<html>"), 7),
        (refused(401, "Unauthorized"), None),
        (refused(404, "Not Found"), None),
        (refused(409, "Conflict"), None),
        ((400, {}, "<html>"), None),
        ((403, {}, "[1]"), None),
        ((502, {}, "<html>"), None),
        ((200, {}, "{"), None),
        ((200, {}, '{"ok": false}'), None),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), None),
        ("hang", None),
        ("drop", None),
    ],
)
def test_what_may_pass_or_be_mended_is_tried_again(
    connected: Desk, vendor: Vendor, answer: Any, seconds: int | None
) -> None:
    vendor.answer = answer
    with pytest.raises(RetryLater) as later:
        connected.post()
    assert later.value.seconds == seconds
    assert TOKEN not in str(later.value)
    vendor.answer = None
    assert connected.post().reference


def test_a_chat_that_has_another_id_is_followed(connected: Desk, vendor: Vendor) -> None:
    moved = refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100_5)
    vendor.chats[ANA] = moved
    connected.post()
    assert [one["chat_id"] for one in vendor.sent] == [-100_5]
    connected.post()  # and is known by it from then on
    assert [path for path, _ in vendor.asked].count(f"/bot{TOKEN}/sendMessage") == 3
    vendor.answer = moved
    with pytest.raises(RetryLater):
        connected.post()


# ------------------------------------------------------------------ in


def test_what_somebody_writes_to_the_bot_is_a_reply(light: Desk) -> None:
    told = light.tell(written(ANA, "yes & <b>", 7))
    assert told.replies == (Reply(id="update:7", address=str(ANA), text="yes & <b>"),)


@pytest.mark.parametrize(
    ("typed", "text"),
    [("/stop", "/stop"), ("/stop@soko_bot", "/stop"), ("/start", "/start"), ("a@b c", "a@b c"),
     ("/help@soko_bot me", "/help me")],
)  # fmt: skip
def test_a_command_is_one_also_where_it_names_the_bot(light: Desk, typed: str, text: str) -> None:
    (reply,) = light.tell(written(ANA, typed, 7)).replies
    assert reply.text == text


def test_a_press_of_a_button_names_its_message_and_is_answered(light: Desk) -> None:
    told = light.tell(pressed(ANA, f"{mark('k')}:2", "43"))
    assert told.replies == (Reply(id="press:43", address=str(ANA), text="2", to=mark("k")),)
    assert json.loads(told.answer) == {"method": "answerCallbackQuery", "callback_query_id": "43"}
    assert told.content_type == "application/json"


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_what_is_said_in_a_group_is_nobodys_word(light: Desk, kind: str) -> None:
    token = light.link()
    assert light.tell(written(ANA, "yes", 7, kind=kind)) == Received()
    assert light.tell(written(ANA, f"/start {token}", 7, kind=kind)) == Received()
    assert light.tell(pressed(ANA, "x:1", "43", kind=kind)).replies == ()


@pytest.mark.parametrize(
    "update",
    [b"", b"{", b"[1]", b"{}", b'{"message": 3}', b'{"message": {"chat": {}}}',
     b'{"callback_query": {"id": "1"}}', b'{"edited_message": {}}',
     b'{"message": {"chat": {"id": "x", "type": "private"}, "text": "yes"}}',
     b'{"message": {"chat": {"id": 1, "type": "private"}, "sticker": {}}}'],
)  # fmt: skip
def test_what_is_of_another_shape_brings_nothing(light: Desk, update: bytes) -> None:
    assert light.tell(update) == Received()


@pytest.mark.parametrize("secret", [None, "", "another-secret-of-it", SECRET[:-1], "ü", SECRET * 2])
def test_what_comes_without_the_secret_is_refused(light: Desk, secret: str | None) -> None:
    token = light.link()
    with pytest.raises(NotAllowed):
        light.tell(written(ANA, f"/start {token}", 7), secret)
    assert chats.of(light.context, light.person.id) is None


@pytest.mark.parametrize(
    "wrong", [{"token": {"$env": "TELEGRAM_SECRET"}}, {"secret": {"$env": "TELEGRAM_TOKEN"}},
              {"bot": "@soko"}]
)  # fmt: skip
def test_settings_that_telegram_would_not_take_do_not_start(
    mentorkit_create_kit: Callable[..., Any], vendor: Vendor, wrong: dict[str, Any]
) -> None:
    with pytest.raises(SettingsError) as refused_:
        mentorkit_create_kit(plugins=[PLUGIN], settings={"telegram": {**vendor.settings, **wrong}})
    assert TOKEN not in str(refused_.value)
    assert SECRET not in str(refused_.value)


# ------------------------------------------------------------------ commands


def test_telegram_is_told_where_to_write_to(
    mentorkit_create_kit: Callable[..., Any], vendor: Vendor
) -> None:
    settings = {"telegram": vendor.settings}
    kit = mentorkit_create_kit(
        plugins=[PLUGIN], settings=settings, secret_keys=["s"], site=Portal(SITE)
    )
    ctx = Commanding(kit)
    assert commands.webhook(ctx) == {"url": f"{SITE}/api/v1/inbound/telegram"}
    assert vendor.asked == [
        (f"/bot{TOKEN}/setWebhook", {
            "url": f"{SITE}/api/v1/inbound/telegram", "secret_token": SECRET,
            "allowed_updates": ["message", "callback_query"],
        })
    ]  # fmt: skip
    vendor.answer = refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided")
    with pytest.raises(Conflict, match="https"):
        commands.webhook(ctx)
    with pytest.raises(NotAllowed):
        commands.webhook(Commanding(kit, Actor(user_ref="ana")))


def test_an_admin_hands_out_a_link(light: Desk) -> None:
    made = commands.link(Commanding(light.kit), person=light.person.id)
    assert light.start(made["link"].partition("=")[2]).startswith("Your mentoring messages")
    with pytest.raises(NotFound):
        commands.link(Commanding(light.kit), person="nobody")
    with pytest.raises(NotAllowed):
        commands.link(Commanding(light.kit, Actor(person_id="p")), person=light.person.id)


def test_no_address_is_told_where_nobody_knows_it(light: Desk) -> None:
    with pytest.raises(Conflict, match="site"):
        commands.webhook(Commanding(light.kit))


class Commanding:
    """What a command is given."""

    def __init__(self, kit: Any, actor: Actor = ADMIN["actor"]) -> None:
        self.kit, self.actor, self.tenant = kit, actor, "acme"
        self.settings = kit.registry.plugins["telegram"].settings


# ------------------------------------------------------------------ pages, and a whole way


class World:
    """A program with two people who have accounts, Telegram, and the portal it calls."""

    def __init__(self, kit: Any, clock: Any, vendor: Vendor, host: Any) -> None:
        self.kit, self.clock, self.vendor = kit, clock, vendor
        self.client = host(kit, tenant="acme").test_client()
        self.updates = 0
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
            Lead(key=key, role=role, name=key.title(), profile={"trade": "baker"})
            for key, role in (("ana", "mentee"), ("cleo", "mentor"))
        ]
        recruit.receive(kit, **ADMIN, program="traders", leads=leads)
        self.ids = {}
        for row in screen.review(kit, **ADMIN, program="traders"):
            self.ids[row["key"]] = row["id"]
            for verb in (screen.approve, onboard.consent, onboard.complete):
                verb(kit, **ADMIN, participant=row["id"])
            with kit.transaction(tenant="acme", write=False) as tx:
                person = tx.participants.get(row["id"]).person_id
            standing.link(kit, **ADMIN, person=person, user_ref=row["key"])
        self.drain()

    def drain(self) -> None:
        while any(work(self.kit, limit=500).values()):
            pass

    def opens(self, user: str, path: str = "/mentoring/x/telegram/") -> str:
        answer = self.client.get(path, headers={"X-User": user})
        assert answer.status_code == 200
        return str(answer.text)

    def sends(self, user: str, path: str = "/mentoring/x/telegram/") -> Any:
        token = re.search(r'name="mk_token" value="([^"]+)"', self.opens(user))
        assert token
        data, headers = {"mk_token": token[1]}, {"X-User": user}
        return self.client.post(path, data=data, headers=headers)

    def tells(self, update: dict[str, Any], secret: str = SECRET) -> Any:
        """Let Telegram push an update; return how it was answered."""
        answer = self.client.post(PATH, json=update, headers={HEADER: secret})
        if answer.status_code == 200:
            self.drain()
        return answer

    def says(self, chat: int, text: str) -> None:
        self.clock.forward(minutes=1)
        self.updates += 1
        assert self.tells(written(chat, text, self.updates)).status_code == 200

    def presses(self, chat: int, data: str, query: str) -> None:
        self.clock.forward(seconds=6)
        assert self.tells(pressed(chat, data, query)).mimetype == "application/json"

    def connects(self, user: str, chat: int) -> None:
        page = self.sends(user).text
        token = re.search(r"https://t\.me/soko_bot\?start=(\w+)", page)
        assert token
        self.says(chat, f"/start {token[1]}")


@pytest.fixture
def world(
    create_kit: Callable[..., Any], mentorkit_clock: Any, vendor: Vendor, mentorkit_host: Any
) -> World:
    kit = create_kit(
        plugins=["matching", PLUGIN, "inbox"],
        settings={"telegram": vendor.settings},
        site=Portal(SITE),
        secret_keys=["s"],
    )
    return World(kit, mentorkit_clock, vendor, mentorkit_host)


def test_somebody_connects_their_chat_on_their_page_and_ends_it_there(world: World) -> None:
    assert "Get your messages in Telegram" in world.opens("ana", "/mentoring/")
    assert "Connect my chat" in world.opens("ana")
    world.connects("ana", ANA)
    assert "Your messages come to Telegram" in world.opens("ana", "/mentoring/")
    assert "Your messages come to a chat with @soko_bot" in world.opens("ana")
    world.says(ANA, "/stop")
    assert "told @soko_bot to stop" in world.opens("ana")
    assert world.sends("ana", "/mentoring/x/telegram/end").status_code == 303
    assert "Connect my chat" in world.opens("ana")


def test_a_stranger_connects_nothing(world: World) -> None:
    page = world.client.get("/mentoring/x/telegram/", headers={"X-User": "eve"})
    assert page.status_code == 403
    assert world.client.get("/mentoring/x/telegram/").status_code == 403


def test_two_are_connected_by_pressing_buttons_and_an_old_button_does_nothing(
    world: World,
) -> None:
    world.connects("ana", ANA)
    world.connects("cleo", CLEO)
    made = match.propose(world.kit, **ADMIN, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    asked = world.vendor.last(ANA)
    assert "do you say yes to mentoring with Cleo" in asked["text"]
    world.presses(ANA, asked["buttons"]["Yes"], "1")
    assert world.vendor.last(ANA)["text"] == "Thank you, your yes is noted."
    many = len(world.vendor.sent)
    world.presses(ANA, asked["buttons"]["No"], "1")  # told again
    assert len(world.vendor.sent) == many
    world.presses(ANA, asked["buttons"]["No"], "2")  # pressed again
    assert world.vendor.last(ANA)["text"].startswith("Nothing is asked of you now.")
    world.says(CLEO, "yes")
    assert accept.show(world.kit, **ADMIN, proposal=made["id"])["state"] == "accepted"


def test_stop_ends_it_and_start_begins_it_again(world: World) -> None:
    world.connects("ana", ANA)
    world.says(ANA, "/stop@soko_bot")
    assert world.vendor.last(ANA)["text"].startswith("You get no more messages here.")
    many = len(world.vendor.sent)
    match.propose(world.kit, **ADMIN, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    assert len(world.vendor.sent) == many
    world.says(ANA, "/start")
    assert world.vendor.last(ANA)["text"] == "You get messages here again."


def test_what_is_told_twice_counts_once_and_a_stranger_hears_nothing(world: World) -> None:
    world.connects("ana", ANA)
    match.propose(world.kit, **ADMIN, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    world.clock.forward(minutes=1)
    assert world.tells(written(ANA, "yes", 77)).status_code == 200
    many = len(world.vendor.sent)
    assert world.tells(written(ANA, "yes", 77)).status_code == 200
    known = world.tells(written(ANA, "yes", 77))
    unknown = world.tells(written(4_000, "yes", 78))
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    assert len(world.vendor.sent) == many
    assert world.tells(written(ANA, "yes", 79), secret="another").status_code == 403
    assert world.client.get(PATH).status_code == 403
