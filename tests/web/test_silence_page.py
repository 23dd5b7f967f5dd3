"""No more reminders: the page behind the link, what a mail program posts, and their own page."""

from __future__ import annotations

from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit.journey import links, onboard


@pytest.fixture
def portal(create_portal: Any, create_kit: Any) -> Portal:
    made: Portal = create_portal(kit=create_kit(secret_keys=["secret"]))
    return made


def is_silent(portal: Portal) -> bool:
    at: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN}
    found = onboard.show(portal.kit, **at, participant=portal.ids["ana"])
    return found["silent_since"] is not None


def path(portal: Portal) -> str:
    with portal.kit.transaction(tenant=portal.tenant, write=False) as tx:
        person = tx.participants.get(portal.ids["ana"]).person_id
    at: dict[str, Any] = {"tenant": portal.tenant, "person": person}
    about = {"purpose": "unsubscribe", "participant": portal.ids["ana"]}
    return f"/unsubscribe/{links.make(portal.kit, **at, **about)}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_opening_the_link_as_scanners_of_mail_do_changes_nothing(
    portal: Portal, method: str
) -> None:
    assert portal.browser(None).knock(method, path(portal)) == 200
    assert not is_silent(portal)


def test_the_button_needs_no_log_in_and_can_be_taken_back(portal: Portal) -> None:
    nobody, link = portal.browser(None), path(portal)
    assert "all that is about safety are told in any case" in nobody.open(link)
    assert "You get no more reminders" in nobody.send(link, do="off")
    assert is_silent(portal)
    assert "You are reminded of what is due" in nobody.send(link, do="on")
    assert not is_silent(portal)


def test_a_mail_program_posts_what_rfc_8058_says_without_a_page(portal: Portal) -> None:
    client, link = portal.browser(None).client, f"/mentoring{path(portal)}"
    for _ in range(2):
        answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer.text) == (200, "unsubscribed")
    assert is_silent(portal)
    answer = client.post(f"{link}x", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 404


def test_they_and_staff_see_it_and_switch_it_on_their_page(portal: Portal) -> None:
    page = f"/programs/traders/people/{portal.ids['ana']}"
    ana, cora = portal.browser("ana"), portal.browser("cora")
    ana.open(page)
    assert "No reminders and no news are sent any more" in ana.send(f"{page}/prompts", do="off")
    assert "They get no reminders and no news of this program since" in cora.open(page)
    assert "Reminders and news come again" in cora.send(f"{page}/prompts", do="on", means="phone")
    assert not is_silent(portal)
