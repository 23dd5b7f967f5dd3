"""What became of messages: staff see it on a page of the program, and on each person's own."""

from __future__ import annotations

from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit.hooks import Report
from mentorkit.journey import deliveries, programs
from mentorkit.worker import work
from tests.journey.test_deliveries import Vendor
from tests.journey.test_worker import plugin

PAGE = "/programs/traders/messages"


@pytest.fixture
def told(create_portal: Any, create_kit: Any) -> Portal:
    """Ana was told of a proposal by the inbox, Ben by mail, which then came back."""
    vendor = Vendor()
    vendor.title = "The <post>"
    kit = create_kit(plugins=("matching", plugin(vendor), "inbox"))
    portal: Portal = create_portal(kit=kit)
    at: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN}
    with kit.transaction(tenant=portal.tenant) as tx:
        from mentorkit.domain.people import Contact

        ben = tx.people.first(external_key="ben")
        tx.contacts.add(
            Contact(
                id=tx.new_id(), tenant=portal.tenant, person_id=ben.id, kind="email",
                value="ben@example.org",
            )
        )  # fmt: skip
    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    for mentee, mentor in (("ana", "cleo"), ("ben", "dora")):
        typed = {"mentee": portal.ids[mentee], "mentor": portal.ids[mentor]}
        cora.send("/programs/traders/proposals", **typed)
        cora.open("/programs/traders/")
    assert work(kit)["done"] == 2
    gone = Report(reference=vendor.carried[0].key, state="bounced", code="post.5.1.1")
    assert deliveries.report(kit, **at, channel="post", reports=[gone])["news"] == 1
    return portal


def test_the_overview_leads_to_what_became_of_each_message(told: Portal) -> None:
    cora = told.browser("cora")
    assert PAGE in cora.open("/programs/traders/")
    page = cora.open(PAGE)
    for words in (
        "Your answer is asked", "Ana", "Inbox", "Sent", "Ben", "The &lt;post&gt;",
        "Nobody at this address", "Code: post.5.1.1", "What a message said is not kept",
    ):  # fmt: skip
        assert words in page
    assert "Ana" not in cora.open(f"{PAGE}?state=bounced")
    assert "There are no such messages" in cora.open(f"{PAGE}?state=failed")
    assert "Ana" in cora.open(f"{PAGE}?state=nonsense")


def test_a_persons_page_shows_theirs_and_where_nobody_is(told: Portal) -> None:
    cora = told.browser("cora")
    page = cora.open(f"/programs/traders/people/{told.ids['ben']}")
    assert "Messages to them" in page
    assert "Nobody is at ben@example.org" in page
    all_of_them = f"{PAGE}?participant={told.ids['ben']}"
    assert all_of_them in page
    page = cora.open(all_of_them)
    assert "Messages to Ben" in page
    assert "Ana" not in page


def test_typed_once_more_the_address_is_tried_again(told: Portal) -> None:
    cora = told.browser("cora")
    ben = f"/programs/traders/people/{told.ids['ben']}"
    cora.open(ben)
    cora.send(f"{ben}/contacts", kind="email", value="ben@example.org")
    assert "Nobody is at ben@" not in cora.open(ben)


def test_older_messages_stand_on_the_next_page(
    told: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mentorkit.web.pages.messages.PAGE", 1)
    cora = told.browser("cora")
    assert "Ana" not in cora.open(PAGE)
    after = cora.find(r"(after=[^\"&]+)")
    page = cora.open(f"{PAGE}?{after}")
    assert "Ana" in page
    assert "Older messages" not in page


def test_nobody_else_reads_them(told: Portal) -> None:
    for user in ("ana", "ben", "vera", "sam", None):
        assert told.browser(user).knock("GET", PAGE) in (403, 404)
    page = told.browser("ben").open(f"/programs/traders/people/{told.ids['ben']}")
    assert "Messages to them" not in page
    assert "Nobody is at" not in page
    at: dict[str, Any] = {"tenant": told.tenant, "actor": ADMIN}
    programs.create(told.kit, **at, key="other", preset={"title": "Other"})
    admin = told.browser("admin")
    other = admin.open(f"/programs/other/messages?participant={told.ids['ben']}")
    assert "Ben" not in other
