"""The page of a rehearsal: begun in plain words, moved on, each message read, and cleared."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit.domain.participants import Lead
from mentorkit.journey import match, onboard, recruit, screen
from mentorkit.kit import Kit

PAGE = "/x/rehearse/traders/"


@pytest.fixture
def portal(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal], tmp_path: Path
) -> Portal:
    kit = create_kit(
        plugins=("matching", "csv", "inbox", "checkins", "rehearse"),
        secret_keys=["s"],
        settings={"rehearse": {"folder": str(tmp_path / "rehearsals")}},
    )
    return create_portal(kit=kit)


def test_a_coordinator_rehearses_a_program_from_its_overview_to_the_end(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert PAGE in cora.open("/programs/traders/")
    told = cora.open(PAGE)
    assert "Every message of the copy goes to you alone" in told
    assert "Nobody is written to" in told
    begun = cora.send(PAGE, do="begin", who="own")
    assert "day 0" in begun
    assert "none of them hears of it" in begun
    moved = cora.send(PAGE, do="forward", days="14")
    assert "day 14" in moved
    assert "Who would have got what" in moved
    message = cora.open(cora.find(r'href="[^"]*(/x/rehearse/traders/message\?number=\d+)"'))
    assert "It was sent to nobody" in message
    cora.open(PAGE)
    cleared = cora.send(PAGE, do="end")
    assert "Begin the rehearsal" in cleared


def test_the_page_shows_what_one_person_gets(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(PAGE)
    cora.send(PAGE, do="begin", who="made_up", people="4")
    cora.send(PAGE, do="forward", days="14")
    person = cora.find(r'<option value="([^"]+)">Mentee 1 ')
    page = cora.open(f"{PAGE}?person={person}")
    assert "<strong>" in page
    assert "</strong> <span" in page
    assert "Mentor 1</strong>" not in page


def test_people_of_one_name_are_told_apart_in_it(portal: Portal) -> None:
    at: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN}
    for key in ("ana-2", "ana-3"):
        lead = Lead(key=key, role="mentee", name="Anouk", profile={"trade": "smith"})
        recruit.receive(portal.kit, **at, program="traders", leads=[lead])
        people = screen.review(portal.kit, **at, program="traders")
        (row,) = (one for one in people if one["key"] == key)
        for step in (screen.approve, onboard.consent, onboard.complete):
            step(portal.kit, **at, participant=row["id"])
        match.propose(portal.kit, **at, mentee=row["id"], mentor=portal.ids["cleo"])
    cora = portal.browser("cora")
    cora.open(PAGE)
    cora.send(PAGE, do="begin", who="own")
    page = cora.send(PAGE, do="forward", days="3")
    for key in ("ana-2", "ana-3"):
        assert re.search(rf">Anouk \([^<]*{key}[^<]*\) \(Mentee, \d+\)</option>", page)
        assert re.search(rf"Anouk</strong> <span [^>]*> \([^<]*{key}", page)
    assert re.search(r">Cleo \(Mentor, \d+\)</option>", page)


def test_what_cannot_be_is_told_on_the_form(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(PAGE)
    told = cora.send(PAGE, 422, do="begin", who="made_up", people="many")
    assert "How many made-up people" in told
    cora.send(PAGE, do="begin", who="own")
    told = cora.send(PAGE, 422, do="forward", days="61")
    assert "write a whole number from 1 to 60" in told


def test_a_message_that_is_not_there_is_not_found(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(f"{PAGE}message?number=1", 404)
    cora.open(PAGE)
    cora.send(PAGE, do="begin", who="own")
    cora.open(f"{PAGE}message?number=1", 404)


@pytest.mark.parametrize("user", ["sam", "vera", "ana"])
def test_nobody_else_opens_it(portal: Portal, user: str) -> None:
    browser = portal.browser(user)
    browser.open(PAGE, 403)
