"""The plugin email: it hands mails to a real server, and knows what may be tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from mailserver import Mails, free_port, serving

from mentorkit.domain.messages import Message, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.hooks.registry import Registry
from mentorkit.testing.contracts import ChannelContract
from mentorkit_email.address import address
from mentorkit_email.channel import look
from mentorkit_email.letter import write

AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
SENDER = {"sender": "mentoring@example.org", "sender_name": "Soko mentoring"}


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[Mails]:
    with serving(tmp_path) as found:
        yield found


class Post:
    """The channel as a kit with these settings has it, and a person to write to."""

    def __init__(self, kit: Any, settings: dict[str, Any]) -> None:
        self.kit = kit
        self.channel = kit.registry.channels["email"]
        self.ctx = kit.work_context("acme", None, "email")

    def __call__(
        self, *to: str, subject: str = "Hello", body: str = "A word", name: str = "Ana",
        key: str = "1:hello", verified: tuple[str, ...] = (),
    ) -> Any:  # fmt: skip
        person = Person(id="ana", tenant="acme", name=name, created_at=AT)
        contacts = [
            Contact(
                id=value, tenant="acme", person_id="ana", kind="email", value=value,
                verified=value in verified,
            )
            for value in to or ("ana@example.org",)
        ]  # fmt: skip
        message = Message(
            key=key, tenant="acme", program_id="p", person_id="ana", template="hello",
            subject=subject, body=body, created_at=AT,
        )  # fmt: skip
        assert self.channel.can_reach(self.ctx, person, contacts)
        return self.channel.deliver(self.ctx, message, person, contacts)


@pytest.fixture
def create_post(mentorkit_create_kit: Callable[..., Any]) -> Callable[..., Post]:
    def create(port: int, **settings: Any) -> Post:
        given = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 1, **SENDER}
        given |= settings
        return Post(mentorkit_create_kit(plugins=("email",), settings={"email": given}), given)

    return create


@pytest.fixture
def post(mails: Mails, create_post: Callable[..., Post]) -> Post:
    return create_post(mails.port)


class TestContract(ChannelContract):
    """With no server in reach it keeps what every channel keeps."""

    plugin = "email"
    delivers = False
    settings = MappingProxyType({"host": "mail.example.org", **SENDER})


def test_a_mail_arrives_as_it_was_written(mails: Mails, post: Post) -> None:
    receipt = post(subject="Réponse demandée", body="Bonjour Ana,\n.\nà bientôt — 你好\n")
    ((sender, to, mail),) = mails.taken
    assert sender.startswith("mail FROM:<mentoring@example.org>")
    assert to == ["ana@example.org"]
    assert mail["To"] == "Ana <ana@example.org>"
    assert mail["From"] == "Soko mentoring <mentoring@example.org>"
    assert mail["Subject"] == "Réponse demandée"
    plain, hypertext = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    assert plain == "Bonjour Ana,\n.\nà bientôt — 你好\n"
    assert "Bonjour Ana,<br>\n.<br>\nà bientôt — 你好</p>" in hypertext
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == AT
    assert mail["Content-Language"] == "en"
    assert receipt.reference == mail["Message-ID"]


def test_a_mail_program_is_told_how_to_unsubscribe_with_one_press() -> None:
    address = f"https://example.org/mentoring/unsubscribe/{'aB3_-' * 80}.xyz"
    message = Message(
        key="1:told", tenant="acme", program_id="p", person_id="ana", template="told",
        subject="Told", body="Hello", unsubscribe=address, created_at=AT,
    )  # fmt: skip
    settings = {**SENDER, "reply_to": ""}
    for to in ("ana", "añá"):
        lines = write(message, "Ana", (to, "example.org"), settings).as_bytes().split(b"\r\n")
        assert f"List-Unsubscribe: <{address}>".encode() in lines, "in one piece, and not encoded"
        assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    for none in ("", f"https://example.org/{'x' * 1000}"):
        mail = write(replace(message, unsubscribe=none), "Ana", ("ana", "example.org"), settings)
        assert mail["List-Unsubscribe"] is None


def test_a_retry_is_the_same_mail_and_another_message_is_not(mails: Mails, post: Post) -> None:
    for key in ("1:hello", "1:hello", "2:hello"):
        post(key=key)
    first, again, other = (mail["Message-ID"] for _, _, mail in mails.taken)
    assert first == again != other
    assert first.endswith("@example.org>")


def test_no_header_can_be_slipped_in(mails: Mails, post: Post) -> None:
    evil = "Hi\r\nBcc: eve@example.org\r\n\r\nBuy now\0\u2028X"
    post(subject=evil, name=f'Ana" <eve@example.org>{evil}')
    ((_, to, mail),) = mails.taken
    assert to == ["ana@example.org"]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hi Bcc: eve@example.org Buy now X"
    assert [one.addr_spec for one in mail["To"].addresses] == ["ana@example.org"]
    assert mail.get_body(("plain",)).get_content().strip() == "A word"


@pytest.mark.parametrize(
    "value",
    [
        "ana", "@example.org", "ana@", "ana@host", "a b@example.org", "ana@exa mple.org",
        "ana@example.org\r\nRCPT TO:<eve@example.org>", "ana@example.org>", "a,b@example.org",
        "ana..lovi@example.org", "x" * 250 + "@example.org", "ana@" + "x" * 70 + ".org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_never_written_to(value: str, mails: Mails, post: Post) -> None:
    assert address(value) is None
    person = Person(id="ana", tenant="acme", name="Ana", created_at=AT)
    contact = Contact(id="c", tenant="acme", person_id="ana", kind="email", value=value)
    assert not post.channel.can_reach(post.ctx, person, [contact])
    assert post(value, "ana@example.org")
    assert mails.taken[0][1] == ["ana@example.org"]


def test_g19_names_and_addresses_beyond_ascii_are_written_to(mails: Mails, post: Post) -> None:
    for name, value, to in (
        ("Đorđe Živković", "djordje@BÜCHER.example", "djordje@xn--bcher-kva.example"),
        ("نور فاروق", "نور@example.org", "نور@example.org"),
        ("José \U0001f469\U0001f3fd\u200d\U0001f33e", "jose@example.org", "jose@example.org"),
    ):
        post(value, name=name)
        assert mails.taken[-1][1] == [to]
        assert mails.taken[-1][2]["To"].addresses[0].display_name == name
    assert "SMTPUTF8" not in mails.taken[0][0]
    assert "SMTPUTF8" in mails.taken[1][0]


def test_an_address_beyond_ascii_needs_a_server_that_takes_it(mails: Mails, post: Post) -> None:
    mails.features = ("8BITMIME",)
    with pytest.raises(Undeliverable) as error:
        post("نور@example.org")
    assert error.value.code == "email.needs_smtputf8"


def test_a_verified_address_goes_before_the_others(mails: Mails, post: Post) -> None:
    post("old@example.org", "new@example.org", verified=("new@example.org",))
    assert mails.taken[0][1] == ["new@example.org"]


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("CONNECT", "421 come back later"), ("CONNECT", "554 no service here"), ("EHLO", "drop"),
        ("MAIL", "451 busy"), ("RCPT", "450 greylisted"), ("DATA", "452 full"), ("END", "451 no"),
        ("RCPT", "drop"), ("END", "drop"), ("CONNECT", "hang"), ("RCPT", "hang"),
    ],
)  # fmt: skip
def test_what_passes_is_tried_again(at: str, line: str, mails: Mails, post: Post) -> None:
    mails.answers[at] = line
    with pytest.raises(RetryLater) as error:
        post()
    assert "ana" not in str(error.value)
    mails.answers.clear()
    assert post().channel == "email"


def test_a_server_that_is_down_is_tried_again(create_post: Callable[..., Post]) -> None:
    with pytest.raises(RetryLater):
        create_post(free_port())()


@pytest.mark.parametrize(
    ("at", "line", "code"),
    [
        ("RCPT", "550 no such user", "email.refused"),
        ("DATA", "554 not wanted", "email.rejected"),
        ("END", "554 that is spam", "email.rejected"),
        ("MAIL", "550 who are you", "email.rejected"),
    ],
)
def test_what_the_server_refuses_for_good_is_the_end_of_it(
    at: str, line: str, code: str, mails: Mails, post: Post
) -> None:
    mails.answers[at] = line
    with pytest.raises(Undeliverable) as error:
        post()
    assert error.value.code == code
    assert mails.taken == []


def test_starttls_encrypts_before_the_password_is_said(
    mails: Mails, create_post: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_WORD", "open sesame")
    post = create_post(
        mails.port, host="localhost", tls="starttls", ca_file=str(mails.certificate),
        user="soko", password={"$env": "MAIL_WORD"},
    )  # fmt: skip
    post()
    assert mails.encrypted == 1
    said = [line.split(" ")[0].upper() for line in mails.said]
    assert said.index("STARTTLS") < said.index("AUTH") < said.index("MAIL")
    assert len(mails.taken) == 1


def test_tls_speaks_encrypted_from_the_first_byte(
    tmp_path: Path, create_post: Callable[..., Post]
) -> None:
    with serving(tmp_path, tls=True) as mails:
        create_post(mails.port, host="localhost", tls="tls", ca_file=str(mails.certificate))()
        assert len(mails.taken) == 1


@pytest.mark.parametrize("reason", ["a server that nobody vouches for", "no encryption offered"])
def test_nothing_is_sent_in_the_clear_where_encryption_is_asked_for(
    reason: str, mails: Mails, create_post: Callable[..., Post]
) -> None:
    trusted = {"ca_file": str(mails.certificate)}
    if reason == "no encryption offered":
        mails.features = ("8BITMIME",)
    else:
        trusted = {}
    with pytest.raises(RetryLater):
        create_post(mails.port, host="localhost", tls="starttls", **trusted)()
    assert mails.taken == []
    assert not any(line.upper().startswith("MAIL") for line in mails.said)


def test_a_wrong_password_is_for_the_deployer_to_mend(
    mails: Mails, create_post: Callable[..., Post]
) -> None:
    mails.answers["AUTH"] = "535 wrong"
    with pytest.raises(RetryLater):
        create_post(mails.port, user="soko")()


def test_without_settings_it_reaches_nobody_and_doctor_says_how_to_set_it(
    mentorkit_registry: Callable[..., Registry],
) -> None:
    registry = mentorkit_registry(["email"])
    person = Person(id="ana", tenant="acme", name="Ana", created_at=AT)
    contact = Contact(id="c", tenant="acme", person_id="ana", kind="email", value="a@example.org")
    channel: Any = registry.channels["email"]
    assert not channel.can_reach(None, person, [contact])
    health = registry.checks["email.server"].run()
    assert health.ok
    assert "No mail is sent" in health.message
    assert "smtp.example.org" in health.hint


def test_half_a_setting_is_told_by_doctor() -> None:
    for given, told in (
        ({"host": "mail.example.org"}, "lacks the setting sender"),
        ({"sender": "a@example.org"}, "lacks the setting host"),
        ({"host": "mail.example.org", "sender": "nobody"}, "cannot be written to"),
    ):
        health = look({"host": "", "sender": "", **given})
        assert not health.ok
        assert told in health.message
        assert health.hint


def test_the_password_stands_in_no_message_of_the_kit(
    mails: Mails, create_post: Callable[..., Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_WORD", "open sesame")
    post = create_post(mails.port, user="soko", password={"$env": "MAIL_WORD"})
    assert "open sesame" not in repr(post.ctx)
