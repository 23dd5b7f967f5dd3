"""What goes out to Twilio, and what is made of each of its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import mentorkit_twilio
import pytest
from mentorkit_twilio.api import signature
from mentorkit_twilio.channel import LONGEST, number
from vendor import ACCOUNT, SECRET, SENDER, Vendor, basic, incoming, refused, status_of

from mentorkit.domain.messages import Message, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.domain.site import Portal
from mentorkit.errors import Invalid, NotAllowed, SettingsError
from mentorkit.hooks import Inbound, Reply, Report
from mentorkit.store import Talks
from mentorkit.testing import ChannelContract

PLUGIN = ("twilio", mentorkit_twilio)
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
ANA = "+254700000001"
URL = "https://example.org/mentoring/api/v1/inbound/twilio"


class TestTwilio(ChannelContract):
    """With no network it keeps what every channel keeps."""

    plugin = PLUGIN
    delivers = False
    contacts = MappingProxyType({"phone": ANA})
    settings = MappingProxyType({"account": ACCOUNT, "token": SECRET, "sender": SENDER})


class Post:
    """The channel as a kit with these settings has it, and a person to write to."""

    def __init__(self, kit: Any) -> None:
        self.kit = kit
        self.channel = kit.registry.channels["twilio"]
        self.person = Person(id=kit.ids(), tenant="acme", name="Ana", created_at=AT)
        with kit.transaction(tenant="acme") as tx:
            tx.people.add(self.person)

    def __call__(self, *phones: str, **message: Any) -> Any:
        contacts = [
            Contact(
                id=one, tenant="acme", person_id="ana", kind="phone", value=one.strip("*"),
                verified=one.endswith("*"),
            )
            for one in phones or (ANA,)
        ]  # fmt: skip
        given = {"key": "1:hello", "body": "A word", **message}
        made = Message(
            tenant="acme", program_id="p", person_id=self.person.id, template="hello",
            subject="Hello", created_at=AT, **given,
        )  # fmt: skip
        context = self.kit.work_context("acme", None, "twilio")
        if not self.channel.can_reach(context, self.person, contacts):
            return None
        return self.channel.deliver(context, made, self.person, contacts)


@pytest.fixture
def create_post(mentorkit_create_kit: Callable[..., Any], vendor: Vendor) -> Callable[..., Post]:
    def create(site: str = "", **settings: Any) -> Post:
        given: dict[str, Any] = {"settings": {"twilio": {**vendor.settings, **settings}}}
        if site:
            given["site"] = Portal(site)
        return Post(mentorkit_create_kit(plugins=[PLUGIN], **given))

    return create


@pytest.fixture
def post(create_post: Callable[..., Post]) -> Post:
    return create_post()


# ------------------------------------------------------------------ out


def test_a_message_goes_to_twilio_signed_in_and_its_id_comes_back(
    post: Post, vendor: Vendor
) -> None:
    receipt = post(body="Hello Ana, ¿qué tal?")
    assert (receipt.channel, receipt.reference) == ("twilio", f"SM{1:032x}")
    assert receipt.contact == ANA
    assert vendor.taken == [{"To": ANA, "From": SENDER, "Body": "Hello Ana, ¿qué tal?"}]
    assert vendor.asked == [(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", basic())]


def test_a_messaging_service_is_named_as_one(
    create_post: Callable[..., Post], vendor: Vendor
) -> None:
    create_post(sender="MG0123456789abcdef0123456789abcdef")()
    assert vendor.taken[0]["MessagingServiceSid"].startswith("MG")
    assert "From" not in vendor.taken[0]


def test_how_to_reply_stands_at_the_end_also_where_the_body_is_too_long(
    post: Post, vendor: Vendor
) -> None:
    post(reply="Reply 1 for yes.")
    assert vendor.last(ANA) == "A word\n\nReply 1 for yes."
    post(body="x" * 5_000, reply="Reply 1 for yes.")
    assert len(vendor.last(ANA)) == LONGEST
    assert vendor.last(ANA).endswith("x…\n\nReply 1 for yes.")


@pytest.mark.parametrize(
    ("written", "to"),
    [
        ("+254 700-000 (001)", ANA),
        ("00254700000001", ANA),
        ("0700000001", None),
        ("+0700000001", None),
        ("+12", None),
        ("+254700000001x9", None),
        ("ana@example.org", None),
        ("", None),
    ],
)
def test_a_number_is_reached_that_names_its_country(written: str, to: str | None) -> None:
    assert number(written) == to


def test_a_verified_number_goes_before_any_other(post: Post, vendor: Vendor) -> None:
    post(ANA, "+254700000002*")
    assert vendor.taken[0]["To"] == "+254700000002"
    assert post("0700 000 001") is None


@pytest.mark.parametrize("code", [21211, 21408, 21610, 21614])
def test_what_twilio_refuses_for_good_is_left_to_the_next_channel(
    post: Post, vendor: Vendor, code: int
) -> None:
    vendor.answer = refused(code)
    with pytest.raises(Undeliverable) as never:
        post()
    assert never.value.code == f"twilio.{code}"
    assert never.value.contact == (ANA if code in (21211, 21614) else "")


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refused(20429, 429), None),
        ((429, {"Retry-After": "17"}, '{"code": 20429, "status": 429}'), 17),
        ((429, {"Retry-After": "soon"}, ""), None),
        ((503, {"Retry-After": "120"}, "<html>busy</html>"), 120),
        ((500, {}, "{"), None),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), None),
        (refused(20003, 401), None),
        (refused(20404, 404), None),
        (refused(21606), None),  # the sender is none of yours
        ((400, {}, "<html>not Twilio</html>"), None),
        ((400, {}, '["odd"]'), None),
        ("hang", None),
        ("drop", None),
    ],
)
def test_what_may_pass_or_be_mended_is_tried_again(
    post: Post, vendor: Vendor, answer: Any, seconds: int | None
) -> None:
    vendor.answer = answer
    with pytest.raises(RetryLater) as later:
        post()
    assert later.value.seconds == seconds
    assert ANA not in str(later.value)
    vendor.answer = None
    assert post().reference


@pytest.mark.parametrize("body", ["", "{", "[]", "x" * 200_000])
def test_a_yes_that_cannot_be_read_is_a_yes_all_the_same(
    post: Post, vendor: Vendor, body: str
) -> None:
    vendor.answer = (201, {}, body)
    assert post().reference == ""


def test_nothing_is_sent_in_the_clear(create_post: Callable[..., Post]) -> None:
    with pytest.raises(Invalid):
        create_post(address="http://api.example.org")()


def test_the_start_names_what_is_missing_and_never_the_token(
    mentorkit_create_kit: Callable[..., Any], vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "s3cret")
    wrong = {**vendor.settings, "timeout": 0}
    del wrong["sender"]
    with pytest.raises(SettingsError) as error:
        mentorkit_create_kit(plugins=[PLUGIN], settings={"twilio": wrong})
    assert "sender" in str(error.value)
    assert "s3cret" not in str(error.value)


def test_who_has_said_stop_is_not_written_to(post: Post, vendor: Vendor) -> None:
    post()
    context = post.kit.work_context("acme", None, "twilio")
    with context.transaction() as connection:
        talks = Talks(
            connection=connection, table=post.channel.talks(), tenant="acme", now=context.now
        )
        (talk,) = talks.at(ANA)
        talks.keep(replace(talk, stopped_at=context.now))
    with pytest.raises(Undeliverable, match=r"channel\.stopped"):
        post()
    assert len(vendor.taken) == 1
    assert post("+254700000009").reference  # another number has not


# ------------------------------------------------------------------ in


def receive(post: Post, body: bytes, headers: dict[str, str], url: str = URL) -> Any:
    given = {name.lower(): value for name, value in headers.items()}
    context = post.kit.context("acme", None, "twilio")
    return post.channel.receive(context, Inbound(body=body, headers=given, url=url))


def test_the_signature_is_the_one_of_twilios_own_example() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234",
        "From": "+12349013030", "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, list(form.items())) == b"0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_a_message_that_comes_in_is_a_reply_and_is_answered_with_nothing(post: Post) -> None:
    received = receive(post, *incoming(ANA, "Yes é 👍", "SM1", URL))
    assert received.replies == (Reply(id="SM1", address=ANA, text="Yes é 👍"),)
    assert received.content_type == "text/xml"
    assert received.answer.endswith("<Response></Response>")


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_address_is_signed_with_its_port_or_without(post: Post, port: str) -> None:
    url = URL.replace("example.org", f"example.org{port}")
    assert receive(post, *incoming(ANA, "1", "SM1", url)).replies


def test_what_twilio_has_not_signed_is_refused(post: Post) -> None:
    body, headers = incoming(ANA, "1", "SM1", URL)
    good = headers["X-Twilio-Signature"]
    wrong: list[tuple[bytes, dict[str, str], str]] = [
        (body, {}, URL),
        (body, {"X-Twilio-Signature": ""}, URL),
        (body, {"X-Twilio-Signature": good.lower()}, URL),
        (body, {"X-Twilio-Signature": "ünsigned"}, URL),
        (body.replace(b"Body=1", b"Body=2"), headers, URL),
        (body + b"&Extra=1", headers, URL),
        (body, headers, f"{URL}?x=1"),
        (b"\xff\xfe", headers, URL),
        (b"", headers, URL),
        (b"&".join([b"a=1"] * 300), headers, URL),
        (*incoming(ANA, "1", "SM1", URL, token="another"), URL),
        (*incoming(ANA, "1", "SM1", URL, AccountSid="AC0"), URL),
    ]
    for each in wrong:
        with pytest.raises(NotAllowed):
            receive(post, *each)


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("https://example.org/mentoring", URL),
        ("http://example.org/mentoring", None),
        ("https://localhost/mentoring", None),
        ("", None),
    ],
)
def test_twilio_is_asked_to_tell_what_becomes_of_it_where_that_can_reach_us(
    create_post: Callable[..., Post], vendor: Vendor, site: str, told: str | None
) -> None:
    create_post(site)()
    assert vendor.taken[0].get("StatusCallback") == told


def test_a_message_goes_out_though_twilio_does_not_take_our_address(
    create_post: Callable[..., Post], vendor: Vendor
) -> None:
    vendor.answer = lambda form: refused(21609) if "StatusCallback" in form else None
    assert create_post("https://10.0.0.1/mentoring")().reference
    assert vendor.taken == [{"To": ANA, "From": SENDER, "Body": "A word"}]


@pytest.mark.parametrize(
    ("status", "code", "report"),
    [
        ("queued", "", None),
        ("sending", "", None),
        ("sent", "", ("accepted", "")),
        ("delivered", "", ("delivered", "")),
        ("read", "", ("delivered", "")),
        ("undelivered", "30003", ("failed", "twilio.30003")),  # switched off
        ("undelivered", "30005", ("bounced", "twilio.30005")),  # no such handset
        ("undelivered", "30006", ("bounced", "twilio.30006")),  # a landline
        ("failed", "30007", ("failed", "twilio.30007")),  # filtered
        ("failed", "", ("failed", "")),
        ("failed", "<b>", ("failed", "")),
        ("delivered", "0", ("delivered", "")),
        ("some day", "", None),
        ("", "", None),
    ],
)
def test_what_twilio_tells_of_states_is_a_report_and_brings_no_reply(
    post: Post, status: str, code: str, report: tuple[str, str] | None
) -> None:
    received = receive(post, *status_of("SM1", status, URL, ErrorCode=code))
    expected = [Report(reference="SM1", state=report[0], code=report[1])] if report else []
    assert (list(received.reports), received.replies) == (expected, ())
    assert receive(post, *incoming(ANA, "1", "SM1", URL)).reports == ()


def test_a_state_that_twilio_has_not_signed_is_refused(post: Post) -> None:
    body, headers = status_of("SM1", "failed", URL, ErrorCode="30005")
    for wrong in (body.replace(b"SM1", b"SM2"), body.replace(b"30005", b"30006")):
        with pytest.raises(NotAllowed):
            receive(post, wrong, headers)
    with pytest.raises(NotAllowed):
        receive(post, *status_of("SM1", "failed", URL, token="another"))


def test_stop_is_answered_by_twilio_unless_it_was_asked_not_to(
    create_post: Callable[..., Post],
) -> None:
    twilio, ours = create_post(), create_post(keywords="mentorkit")
    for text in ("STOP", "start", "Help"):
        message = incoming(ANA, text, "SM1", URL)
        assert receive(twilio, *message).replies[0].settled is True
        assert receive(ours, *message).replies[0].settled is False
    assert receive(twilio, *incoming(ANA, "yes", "SM1", URL)).replies[0].settled is False
    own_word = receive(ours, *incoming(ANA, "PARE", "SM1", URL, OptOutType="STOP"))
    assert own_word.replies[0] == Reply(id="SM1", address=ANA, text="STOP", settled=True)
