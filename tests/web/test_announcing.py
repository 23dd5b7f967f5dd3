"""The pages of announcements: written, looked at with a real person, sent once, and followed up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Browser, Portal

from mentorkit.journey import programs
from mentorkit.kit import Kit
from mentorkit.worker import work

WRITE = "/x/announce/traders/write"
LISTED = "/x/announce/traders/"
NEWS = {
    "subject.en": "News of {program}",
    "body.en": "Hello {person},\nsee {link}",
    "to": "mentors",
}


@pytest.fixture
def portal(create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]) -> Portal:
    kit = create_kit(plugins=("matching", "csv", "inbox", "announce"), secret_keys=["s"])
    return create_portal(kit=kit)


def written(browser: Browser, **typed: str) -> dict[str, str]:
    """Open the form; return what is sent with it."""
    browser.open(WRITE)
    return {"key": browser.find(r'name="key" value="([^"]+)"'), **NEWS, **typed}


def told(portal: Portal) -> list[str]:
    """Do the work; return whom the announcement has reached."""
    while any(work(portal.kit).values()):
        pass
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        done = tx.outbox.find(name="announcement", state="done")
        return sorted(one.name for one in tx.people.get_many(
            job.recipient_id for job in done if job.recipient_id
        ).values())  # fmt: skip


def test_a_coordinator_is_led_from_the_overview_to_sending_and_to_what_became_of_it(
    portal: Portal,
) -> None:
    cora = portal.browser("cora")
    assert LISTED in cora.open("/programs/traders/")
    assert "Nothing was announced yet" in cora.open(LISTED)
    typed = written(cora)
    looked = cora.send(WRITE, do="look", **typed)
    assert "As Cleo gets it" in looked
    assert "News of Traders and mentors" in looked
    assert "Hello Cleo,\nsee" in looked
    assert "how to get no more news" in looked
    assert told(portal) == []
    sent = cora.send(WRITE, do="send", count="2", **typed)
    assert "<h1>News of Traders and mentors</h1>" in sent
    assert "still to go" in sent
    assert told(portal) == ["Cleo", "Dora"]
    cora.open(LISTED)
    assert "2" in cora.open(cora.find(r'href="(/mentoring/x/announce/traders/a/[^"]+)"'))


def test_one_that_was_given_up_is_told_from_other_messages(portal: Portal) -> None:
    cora = portal.browser("cora")
    typed = written(cora)
    cora.send(WRITE, do="look", **typed)
    cora.send(WRITE, do="send", count="2", **typed)
    at: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN, "program": "traders"}
    programs.define(portal.kit, **at, kind="plugin", key="inbox", body={"enabled": False})
    assert work(portal.kit)["dead"] == 2
    assert "A message: Announcement" in cora.open("/programs/traders/parked")


def test_the_form_that_is_sent_twice_reaches_nobody_twice(portal: Portal) -> None:
    cora = portal.browser("cora")
    typed = written(cora)
    cora.send(WRITE, do="look", **typed)
    looked = cora.page
    for _ in range(2):
        cora.page = looked
        cora.send(WRITE, do="send", count="2", **typed)
    cora.page = looked  # and one that was opened anew with the same announcement
    assert told(portal) == ["Cleo", "Dora"]


def test_a_group_that_has_grown_since_is_looked_at_again(portal: Portal) -> None:
    cora = portal.browser("cora")
    typed = written(cora, to="everybody")
    cora.send(WRITE, do="look", **typed)
    page = cora.send(WRITE, 409, do="send", count="3", **typed)
    assert "more than 3" in page
    assert "Send it to 4" in page
    assert told(portal) == []


def test_what_is_wrong_is_told_by_its_field_and_what_was_typed_stands_there(
    portal: Portal,
) -> None:
    cora = portal.browser("cora")
    page = cora.send(WRITE, 422, do="look", **written(cora, **{"body.en": "Hello {mentee}"}))
    assert "Text (English): {mentee} cannot be filled in" in page
    assert "Hello {mentee}</textarea>" in page
    assert 'value="News of {program}"' in page


def test_back_from_the_preview_everything_typed_is_there(portal: Portal) -> None:
    cora = portal.browser("cora")
    typed = written(cora, **{"subject.es": "Nuevas", "body.es": "Hola"})
    cora.send(WRITE, do="look", **typed)
    page = cora.send(WRITE, do="change", **typed)
    assert "Hola</textarea>" in page
    assert '<option value="mentors" selected>' in page
    assert typed["key"] in page


def test_the_group_goes_out_as_a_sheet(portal: Portal) -> None:
    cora = portal.browser("cora")
    text = cora.open("/x/announce/traders/sheet?to=mentors")
    assert [line.split(",")[0] for line in text.lstrip("\ufeff").splitlines()] == [
        "key",
        "cleo",
        "dora",
    ]
    assert "attachment" in cora.page.headers["Content-Disposition"]


@pytest.mark.parametrize("user", ["ana", "sam", "vera", None])
def test_nobody_but_coordinators_opens_them(portal: Portal, user: Any) -> None:
    browser = portal.browser(user)
    for path in (LISTED, WRITE, "/x/announce/traders/sheet"):
        assert browser.knock("get", path) in (401, 403, 404)
