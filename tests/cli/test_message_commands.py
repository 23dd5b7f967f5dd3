"""What became of messages, on the command line: `message list`, and `email bounces` of a plugin."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentorkit.domain.people import Contact
from mentorkit.journey import deliveries
from mentorkit.kit import Kit

Run = Callable[..., Any]


@pytest.fixture
def told(traders: Path, run: Run) -> Path:
    """Two mentees were told of their proposals."""
    run("match")
    run("publish")
    run("work")
    return traders


def test_messages_are_listed_with_what_became_of_them(told: Path, run: Run) -> None:
    out = run("message", "list").out
    headings = ["WHEN", "(UTC)", "TO", "WHAT", "BY", "STATE", "WHY"]
    assert out.splitlines()[0].split() == headings
    assert "Chipo Moyo" in out
    assert "Your answer is asked" in out
    assert "inbox" in out
    listed = json.loads(run("message", "list", "--json").out)
    assert {one["state"] for one in listed} == {"sent"}
    mine = json.loads(run("message", "list", "--person", "e1", "--json").out)
    assert [one["person"] for one in mine] == ["Chipo Moyo"]


def test_they_are_narrowed_down_by_program_state_and_day(told: Path, run: Run) -> None:
    assert run("message", "list", "--state", "bounced").out == "There are no such messages.\n"
    assert run("message", "list", "--since", "2999-01-01").out == "There are no such messages.\n"
    assert "Chipo" in run("message", "list", "--program", "traders", "--state", "sent").out
    ran = run("message", "list", "--limit", "1")
    assert "There are older ones" in ran.err
    run("message", "list", "--state", "lost", code=2)
    run("message", "list", "--program", "none", code=3)
    run("--as", "e1", "message", "list", "--program", "traders", code=4)


def test_an_address_at_which_nobody_is_is_told_with_the_person(told: Path, run: Run) -> None:
    kit = Kit.embedded(told / "mentorkit.db")
    with kit.transaction(tenant="default") as tx:
        person = tx.people.first(external_key="e1")
        one = tx.contacts.add(
            Contact(
                id=tx.new_id(), tenant="default", person_id=person.id, kind="email",
                value="chipo@example.org",
            )
        )  # fmt: skip
        deliveries.lose("email", deliveries.named(one), "email.5.1.1", tx)
    kit.close()
    out = run("participant", "show", "e1").out
    assert "chipo@example.org (nobody there, says email)" in out


def test_mails_that_came_back_are_read_from_files_and_pipes(told: Path, run: Run) -> None:
    (told / "one.eml").write_bytes(b"Subject: Hello\n\nI am away.\n")
    assert "mails: 2" in run("email", "bounces", "one.eml", "one.eml").out
    piped = json.loads(run("email", "bounces", "-", "--json", piped="Subject: x\n\ny\n").out)
    assert piped == {"mails": 1, "about_ours": 0, "found": 0, "new": 0}
    assert "cannot be read" in run("email", "bounces", "none.eml", code=2).err
    run("email", "bounces", code=2)
    assert "FILE..." in run("email", "bounces", "--help").out
