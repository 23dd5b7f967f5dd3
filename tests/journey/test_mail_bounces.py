"""Mails that came back, from the mail server to the delivery log: by a command, or by a request."""

from __future__ import annotations

import io
import mailbox
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.errors import Invalid, NotAllowed
from mentorkit.hooks import Inbound
from mentorkit.journey import accept, deliveries, hear
from mentorkit.worker import work
from mentorkit_email.commands import read_bounces
from tests.journey.test_worker import publish
from tests.plugins.mailserver import serving
from tests.plugins.test_email_bounces import exchange, postfix

TOKEN = "let-me-in"


@pytest.fixture
def world(
    create_world: Any, create_kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    """Two people were told of a proposal by mail; their mail server is at hand."""
    monkeypatch.setenv("MAIL_TOKEN", TOKEN)
    with serving(tmp_path) as mails:
        settings = {
            "host": "127.0.0.1", "port": mails.port, "tls": "none", "timeout": 5,
            "sender": "mentoring@example.org", "bounces_to": "bounces@mail.example.org",
            "inbound_token": {"$env": "MAIL_TOKEN"},
        }  # fmt: skip
        kit = create_kit(plugins=("matching", "email", "inbox"), settings={"email": settings})
        made: SimpleNamespace = create_world(kit=kit)
        made.mails, made.settings = mails, settings
        publish(made)
        assert work(kit)["done"] == 2
        yield made


def log(world: SimpleNamespace, key: str = "ana") -> tuple[str | None, str, str]:
    at = {**world.at, "program": "traders", "person": world.persons[key]}
    one = deliveries.listed(world.kit, **at)["items"][0]
    return one["channel"], one["state"], one["code"]


def mail(world: SimpleNamespace, key: str = "ana") -> Any:
    """Return the last mail to somebody."""
    to = [f"{key}@example.org"]
    return next(mail for _, whom, mail in reversed(world.mails.taken) if whom == to)


def note(world: SimpleNamespace, *files: Path, actor: Actor | None = None) -> dict[str, Any]:
    ctx: Any = SimpleNamespace(
        kit=world.kit, actor=actor or world.admin, settings=world.settings, tenant="default"
    )
    return read_bounces(ctx, file=files)


def test_a_mailbox_of_bounces_is_read_as_often_as_one_likes(
    world: SimpleNamespace, tmp_path: Path
) -> None:
    box = mailbox.mbox(tmp_path / "bounces.mbox")
    ids = {key: mail(world, key)["Message-ID"] for key in ("ana", "ben")}
    box.add(exchange(ids["ana"]))
    box.add(postfix(ids["ben"], "delayed", "4.4.1"))
    box.add(postfix("<" + "0" * 40 + "@elsewhere.example>"))
    box.add(b"Subject: Hello\n\nI am away until Monday.\n")
    box.close()
    one = tmp_path / "one.eml"
    one.write_bytes(postfix(ids["ana"], status="5.1.1"))
    told = note(world, tmp_path / "bounces.mbox", one)
    assert told == {"mails": 5, "about_ours": 3, "found": 2, "new": 2}
    assert log(world) == ("email", "bounced", "email.5.1.10")
    assert log(world, "ben") == ("email", "sent", "email.4.4.1")
    assert note(world, tmp_path / "bounces.mbox")["new"] == 0
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        ana = tx.contacts.first(person_id=world.persons["ana"], kind="email")
        assert ana.bounced["email"]["code"] == "email.5.1.10"
        assert tx.outbox.find(kind=deliveries.REPORT) == []


def test_the_next_message_goes_another_way(world: SimpleNamespace, tmp_path: Path) -> None:
    one = tmp_path / "one.eml"
    one.write_bytes(postfix(mail(world)["Message-ID"]))
    note(world, one)
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        found = tx.proposals.first(mentee_id=world.ids["ana"])
    accept.withdraw(world.kit, **world.at, proposal=found.id)
    work(world.kit)
    assert log(world) == ("inbox", "sent", "")


def test_a_mail_server_pipes_each_mail_in(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = postfix(mail(world)["Message-ID"])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(told)))
    assert note(world, Path("-"))["new"] == 1
    assert log(world)[1] == "bounced"


def test_one_of_ours_that_is_not_noted_yet_is_looked_for_again(
    world: SimpleNamespace, tmp_path: Path
) -> None:
    one = tmp_path / "one.eml"
    one.write_bytes(postfix("<" + "0" * 40 + "@example.org>"))
    assert note(world, one) == {"mails": 1, "about_ours": 1, "found": 0, "new": 0}
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        (kept,) = tx.outbox.find(kind=deliveries.REPORT)
    assert (kept.name, kept.body["state"]) == ("email", "bounced")


def test_a_file_that_is_not_there_is_told_and_nothing_is_noted(
    world: SimpleNamespace, tmp_path: Path
) -> None:
    one = tmp_path / "one.eml"
    one.write_bytes(postfix(mail(world)["Message-ID"]))
    with pytest.raises(Invalid, match="cannot be read"):
        note(world, one, tmp_path / "none.eml")
    with pytest.raises(NotAllowed):
        note(world, one, actor=world.by("ana"))
    assert log(world)[1] == "sent"


def test_the_mail_server_may_post_them_with_the_token(world: SimpleNamespace) -> None:
    body = postfix(mail(world)["Message-ID"])
    for header in ("", f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", "Bearer \xfc"):
        forged = Inbound(body=body, headers={"authorization": header})
        with pytest.raises(NotAllowed):
            hear.take(world.kit, tenant=world.tenant, channel="email", inbound=forged)
    assert log(world)[1] == "sent"
    good = Inbound(body=body, headers={"authorization": f"Bearer {TOKEN}"})
    taken = hear.take(world.kit, tenant=world.tenant, channel="email", inbound=good)
    assert (taken.answer, log(world)[1]) == ("1\n", "bounced")


def test_without_a_token_in_the_settings_nothing_is_taken_in(create_kit: Any) -> None:
    kit = create_kit(plugins=("matching", "email"))
    for header in ("Bearer ", "Bearer", ""):
        pushed = Inbound(body=postfix(), headers={"authorization": header})
        with pytest.raises(NotAllowed):
            hear.take(kit, tenant="acme", channel="email", inbound=pushed)


def test_all_mails_about_one_proposal_answer_one_that_was_never_sent(
    world: SimpleNamespace,
) -> None:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        one = tx.proposals.first(mentee_id=world.ids["ana"])
    first = mail(world)
    for side in ("mentee", "mentor"):
        accept.accept(world.kit, **world.at, proposal=one.id, on_behalf_of=side)
        work(world.kit)
    second, other = mail(world), mail(world, "ben")
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == second["References"]
    assert other["References"] not in (None, first["References"])
    assert mail(world, "cleo")["References"] != first["References"]
    assert first["References"].endswith("@example.org>")


def test_mails_come_back_to_an_address_of_their_own(world: SimpleNamespace) -> None:
    assert all(
        sender.startswith("mail FROM:<bounces@mail.example.org>")
        for sender, _, _ in world.mails.taken
    )
    assert mail(world)["From"] == "mentoring@example.org"


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("550 5.1.1 <ana@example.org>: no such user", True),
        ("550 5.7.1 not by our policy", False),
        ("550 no such user", False),
    ],
)
def test_an_address_that_the_server_refuses_at_once_is_marked_where_it_says_so(
    world: SimpleNamespace, line: str, gone: bool
) -> None:
    world.mails.answers["RCPT"] = line
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        found = tx.proposals.first(mentee_id=world.ids["ana"])
    accept.withdraw(world.kit, **world.at, proposal=found.id)
    work(world.kit)
    assert log(world) == ("inbox", "sent", "")
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        ana = tx.contacts.first(person_id=world.persons["ana"], kind="email")
    assert ("email" in ana.bounced) is gone
