"""What goes out to Slack, what is made of its answers, and whose word is taken for a reply."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import mentorkit_slack
import pytest
from mentorkit_slack.api import signature
from mentorkit_slack.channel import LONGEST, posted
from vendor import SETTINGS, TOKEN, Vendor, pressed, refused, signed, written

from mentorkit.domain.messages import Message, RetryLater, Undeliverable
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor, Contact, Person
from mentorkit.errors import NotAllowed
from mentorkit.hooks import Inbound, Received, Reply
from mentorkit.journey import accept, match, onboard, programs, recruit, screen
from mentorkit.testing import ChannelContract
from mentorkit.worker import work

PLUGIN = ("slack", mentorkit_slack)
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PATH = "/mentoring/api/v1/inbound/slack"
ADMIN: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="admin", admin=True)}


class TestSlack(ChannelContract):
    """With no network it keeps what every channel keeps."""

    plugin = PLUGIN
    delivers = False
    settings = MappingProxyType(SETTINGS)


@pytest.fixture
def kit(mentorkit_create_kit: Callable[..., Any], vendor: Vendor) -> Any:
    settings = {"slack": vendor.settings}
    return mentorkit_create_kit(plugins=["matching", "inbox", PLUGIN], settings=settings)


@pytest.fixture
def post(kit: Any) -> Callable[..., Any]:
    """Return what posts a message to somebody with these contacts, written ``kind:value``."""
    channel, context = kit.registry.channels["slack"], kit.work_context("acme", None, "slack")
    person = Person(id=kit.ids(), tenant="acme", name="Ana", created_at=AT)
    with kit.transaction(tenant="acme") as tx:
        tx.people.add(person)

    def send(*contacts: str, **message: Any) -> Any:
        told = [
            Contact(
                id=one, tenant="acme", person_id=person.id, kind=one.partition(":")[0],
                value=one.partition(":")[2],
            )
            for one in contacts or ("email:ana@example.org",)
        ]  # fmt: skip
        assert channel.can_reach(context, person, told)
        return channel.deliver(context, made(person_id=person.id, **message), person, told)

    return send


def made(**given: Any) -> Message:
    return Message(**{
        "key": "1:hello", "tenant": "acme", "program_id": "p", "person_id": "ana",
        "template": "hello", "subject": "Hello", "body": "A word", "created_at": AT, **given,
    })  # fmt: skip


# ------------------------------------------------------------------ out


def test_a_message_is_posted_to_whoever_has_that_address(
    post: Callable[..., Any], vendor: Vendor
) -> None:
    receipt = post()
    assert (receipt.channel, receipt.reference) == ("slack", "1503435956.000001")
    assert vendor.last("U0ANA") == {"text": "Hello\nA word", "buttons": {}}
    assert vendor.asked == [
        ("/api/users.lookupByEmail", f"Bearer {TOKEN}"),
        ("/api/chat.postMessage", f"Bearer {TOKEN}"),
    ]


def test_an_id_in_slack_goes_before_any_address(post: Callable[..., Any], vendor: Vendor) -> None:
    post("email:ana@example.org", "slack:U0OTHER")
    assert [one["channel"] for one in vendor.posted] == ["U0OTHER"]


def test_what_can_be_replied_is_a_button_each(post: Callable[..., Any], vendor: Vendor) -> None:
    post(reply="Reply 1 for yes, 2 for no.", choices=(("1", "Yes"), ("2", "No")))
    told = vendor.last("U0ANA")
    assert told["text"].endswith("\n\nReply 1 for yes, 2 for no.")
    assert told["buttons"] == {"Yes": '["1", "1:hello"]', "No": '["2", "1:hello"]'}


def test_nothing_in_a_message_is_a_mention_or_a_link() -> None:
    told = posted(made(body="<!channel> <@U1> *b* & <https://x.example|here>"))
    assert "<" not in told["text"]
    (section,) = json.loads(told["blocks"])
    assert section["text"]["type"] == "plain_text"
    assert told["unfurl_links"] == "false"


def test_what_is_too_long_is_cut_above_how_to_reply() -> None:
    long = posted(made(body="x" * 9_000, reply="Reply 1.", choices=(("1", "y" * 200),)))
    section, actions = json.loads(long["blocks"])
    assert len(section["text"]["text"]) == LONGEST
    assert section["text"]["text"].endswith("x…\n\nReply 1.")
    assert len(actions["elements"][0]["text"]["text"]) == 75


@pytest.mark.parametrize("method", ["users.lookupByEmail", "chat.postMessage"])
@pytest.mark.parametrize("error", ["users_not_found", "channel_not_found", "user_disabled"])
def test_whoever_is_not_there_is_left_to_the_next_channel(
    post: Callable[..., Any], vendor: Vendor, method: str, error: str
) -> None:
    vendor.answers[method] = refused(error)
    with pytest.raises(Undeliverable) as never:
        post()
    assert never.value.code == f"slack.{error}"


@pytest.mark.parametrize("method", ["users.lookupByEmail", "chat.postMessage"])
@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refused("ratelimited", 429, **{"Retry-After": "30"}), 30),
        (refused("ratelimited"), None),
        (refused("invalid_auth"), None),
        (refused("missing_scope"), None),
        ((503, {}, "<html>"), None),
        ((200, {}, "{"), None),
        ((200, {}, "[1]"), None),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), None),
        ("hang", None),
        ("drop", None),
    ],
)
def test_what_may_pass_or_be_mended_is_tried_again(
    post: Callable[..., Any], vendor: Vendor, method: str, answer: Any, seconds: int | None
) -> None:
    vendor.answers[method] = answer
    with pytest.raises(RetryLater) as later:
        post()
    assert later.value.seconds == seconds
    del vendor.answers[method]
    assert post().reference


# ------------------------------------------------------------------ in


@pytest.fixture
def receive(kit: Any) -> Callable[..., Received]:
    def read(body: bytes, headers: dict[str, str]) -> Any:
        given = {name.lower(): value for name, value in headers.items()}
        context = kit.context("acme", None, "slack")
        return kit.registry.channels["slack"].receive(
            context, Inbound(body=body, headers=given, url="https://example.org")
        )

    return read


def test_the_signature_is_the_one_of_slacks_own_example() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
        b"G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-"
        b"collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F3977"
        b"00885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d1"
        b"0d2c447fce8b6703c"
    )
    expected = b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body) == expected


def test_the_address_answers_slacks_challenge(kit: Any, receive: Callable[..., Received]) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZb"}).encode()
    told = receive(body, signed(body, JSON, kit.clock().timestamp()))
    assert (told.answer, told.replies) == ("3eZb", ())


def test_what_somebody_writes_to_the_app_is_a_reply(
    kit: Any, receive: Callable[..., Received]
) -> None:
    body = written("U0ANA", "yes &amp; <b>", "Ev1")
    told = receive(body, signed(body, JSON, kit.clock().timestamp()))
    assert told.replies == (Reply(id="Ev1", address="U0ANA", text="yes & <b>"),)


@pytest.mark.parametrize(
    "more",
    [{"bot_id": "B1"}, {"subtype": "message_changed"}, {"channel_type": "channel"},
     {"type": "app_mention"}],
)  # fmt: skip
def test_what_nobody_has_written_to_the_app_brings_nothing(
    kit: Any, receive: Callable[..., Received], more: dict[str, Any]
) -> None:
    body = written("U0ANA", "yes", "Ev1", **more)
    assert receive(body, signed(body, JSON, kit.clock().timestamp())) == Received()


@pytest.mark.parametrize(
    "body",
    [b'{"type": "event_callback"}', b'{"type": "block_actions", "actions": []}',
     b'{"type": "event_callback", "event": 3}', b'{"type": "new"}'],
)  # fmt: skip
def test_what_is_signed_and_of_another_shape_brings_nothing(
    kit: Any, receive: Callable[..., Received], body: bytes
) -> None:
    assert receive(body, signed(body, JSON, kit.clock().timestamp())) == Received()


def test_what_slack_has_not_signed_lately_is_refused(
    kit: Any, receive: Callable[..., Received]
) -> None:
    now, body = kit.clock().timestamp(), written("U0ANA", "yes", "Ev1")
    good = signed(body, JSON, now)
    wrong: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body, {**good, "X-Slack-Signature": ""}),
        (body, {**good, "X-Slack-Signature": "v0=ü"}),
        (body, {**good, "X-Slack-Request-Timestamp": "soon"}),
        (body, {**good, "X-Slack-Request-Timestamp": str(int(now) - 1)}),
        (body + b" ", good),
        (body, signed(body, JSON, now, secret="another")),
        (body, signed(body, JSON, now - 301)),
        (body, signed(body, JSON, now + 61)),
        (b"\xff", signed(b"\xff", FORM, now)),
        (b"{", signed(b"{", JSON, now)),
    ]
    for each in wrong:
        with pytest.raises(NotAllowed):
            receive(*each)


# ------------------------------------------------------------------ a proposal, by buttons


def test_two_are_connected_by_pressing_buttons_and_an_old_button_does_nothing(
    kit: Any, vendor: Vendor, mentorkit_clock: Any, mentorkit_host: Any
) -> None:
    client = mentorkit_host(kit, tenant="acme").test_client()
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
        Lead(
            key=key, role=role, name=key.title(), email=f"{key}@example.org",
            profile={"trade": "baker"},
        )
        for key, role in (("ana", "mentee"), ("cleo", "mentor"))
    ]  # fmt: skip
    recruit.receive(kit, **ADMIN, program="traders", leads=leads)
    ids = {}
    for row in screen.review(kit, **ADMIN, program="traders"):
        ids[row["key"]] = row["id"]
        for verb in (screen.approve, onboard.consent, onboard.complete):
            verb(kit, **ADMIN, participant=row["id"])

    def drain() -> None:
        while any(work(kit, limit=500).values()):
            pass

    def press(user: str, value: str, at: str) -> None:
        mentorkit_clock.forward(seconds=2)
        body = pressed(user, value, at)
        headers = signed(body, FORM, kit.clock().timestamp())
        assert client.post(PATH, data=body, headers=headers).status_code == 200
        drain()

    drain()
    made = match.propose(kit, **ADMIN, mentee=ids["ana"], mentor=ids["cleo"])
    drain()
    asked = vendor.last("U0ANA")
    assert "do you say yes to mentoring with Cleo" in asked["text"]
    press("U0ANA", asked["buttons"]["Yes"], "1.1")
    assert vendor.last("U0ANA")["text"] == "Thank you, your yes is noted."
    many = len(vendor.posted)
    press("U0ANA", asked["buttons"]["No"], "1.1")  # sent again
    assert len(vendor.posted) == many
    press("U0ANA", asked["buttons"]["No"], "1.2")  # pressed again
    assert vendor.last("U0ANA")["text"].startswith("Nothing is asked of you now.")
    press("U0CLEO", vendor.last("U0CLEO")["buttons"]["Yes"], "2.1")
    assert accept.show(kit, **ADMIN, proposal=made["id"])["state"] == "accepted"
