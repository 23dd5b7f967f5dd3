"""What a page asks about before it is done, and what it says that follows."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Browser, Portal

from mentorkit.domain.participants import Lead
from mentorkit.journey import match, plugins, protect, recruit, screen
from mentorkit.kit import Kit

AT = "/programs/traders"
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}


def press(browser: Browser, action: str, **more: Any) -> str:
    """Send the form to `action` as a browser does, with all that stands hidden in it."""
    forms = re.findall(
        r'<form[^>]*?action="([^"]+)"[^>]*>(.*?)</form>', browser.page.text, re.DOTALL
    )
    address, form = next(
        found for found in forms if action in found[0] and "search" not in found[1]
    )
    told: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        told.setdefault(name, []).append(html.unescape(value))
    return browser.send(html.unescape(address), **{**told, **more})


def test_a_draft_is_published_once_it_is_known_who_hears_of_it(portal: Portal) -> None:
    run = match.draft(portal.kit, **BY, program="traders")["id"]
    cora = portal.browser("cora")
    cora.open(f"{AT}/matching")
    page = press(cora, "publish")
    assert "Offer the pairs of this draft (2)?" in page
    assert "Mentees who get a message now, with the question: 2." in page
    assert "No, go back" in page
    assert not asked(portal), "nobody is asked yet"
    assert "Pairs that have been offered: 2." in press(cora, f"{run}/publish")
    assert asked(portal) == 2


def asked(portal: Portal) -> int:
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        return len(tx.proposals.find(state="offered"))


def test_several_are_declined_once_they_are_named(portal: Portal) -> None:
    leads = [Lead(key=name, role="mentee", name=name) for name in ("Eva", "Fay")]
    recruit.receive(portal.kit, **BY, program="traders", leads=leads)
    rows = screen.listed(portal.kit, **BY, program="traders", state="lead")["items"]
    cora = portal.browser("cora")
    cora.open(f"{AT}/people?state=lead")
    ids = [row["id"] for row in rows]
    page = press(cora, "/people", participant=ids, do="decline", note="No <baker>.")
    assert "Decline 2?" in page
    assert "Eva, Fay" in page
    assert 'name="note" value="No &lt;baker&gt;."' in page, "what was typed is sent once more"
    assert {state(portal, name) for name in ("Eva", "Fay")} == {"lead"}
    assert "2 declined" in press(cora, "/people")
    assert {state(portal, name) for name in ("Eva", "Fay")} == {"declined"}
    assert cora.page.request.args["state"] == "lead", "the list is as it was"


def test_those_are_named_who_are_declined_also_where_the_list_has_changed_meanwhile(
    portal: Portal,
) -> None:
    leads = [Lead(key=name, role="mentee", name=name) for name in ("Eva", "Fay")]
    recruit.receive(portal.kit, **BY, program="traders", leads=leads)
    rows = screen.listed(portal.kit, **BY, program="traders", state="lead")["items"]
    ids = {row["name"]: row["id"] for row in rows}
    cora = portal.browser("cora")
    cora.open(f"{AT}/people?state=lead")
    screen.wait(portal.kit, **BY, participant=ids["Fay"])  # a colleague, meanwhile
    ticked = [*ids.values(), "somebody-of-another-program"]
    page = cora.send(f"{AT}/people?state=lead", participant=ticked, do="decline", ask="yes")
    assert "Decline 2?" in page
    assert all(name in page.partition("It is about:")[2] for name in ("Eva", "Fay"))
    assert "somebody-of-another-program" not in page
    press(cora, "/people")
    assert {state(portal, name) for name in ("Eva", "Fay")} == {"declined"}


def test_nobody_is_asked_about_who_is_not_in_the_program(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(f"{AT}/people")
    page = cora.send(
        f"{AT}/people", 422, participant=["somebody-of-another-program"], do="decline", ask="yes"
    )
    assert "Nobody was ticked." in page


def state(portal: Portal, name: str) -> str:
    found = screen.listed(portal.kit, **BY, program="traders", search=name)["items"]
    return str(found[0]["state"])


def test_the_others_ticked_are_decided_about_at_once(portal: Portal) -> None:
    recruit.receive(portal.kit, **BY, program="traders", leads=[Lead(key="Eva", role="mentee")])
    (row,) = screen.listed(portal.kit, **BY, program="traders", state="lead")["items"]
    cora = portal.browser("cora")
    cora.open(f"{AT}/people?state=lead")
    assert "1 approved" in press(cora, "/people", participant=row["id"], do="approve")


def test_who_is_kept_apart_is_let_together_once_it_is_said_what_that_allows(
    portal: Portal,
) -> None:
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        two = [tx.participants.get(portal.ids[key]).person_id for key in ("ana", "cleo")]
    protect.block(portal.kit, **BY, person=two[0], other=two[1])
    sam = portal.browser("sam")
    sam.open(f"{AT}/concerns?state=taken")
    page = press(sam, "/blocks", do="unblock")
    assert "Let Ana and Cleo be brought together again?" in page
    assert "A draft may pair them again" in page
    assert protect.blocks(portal.kit, **BY, program="traders")
    page = press(sam, "/blocks")
    assert "They may be brought together again: by a draft" in page
    assert "What has ended does not come back" in page
    assert not protect.blocks(portal.kit, **BY, program="traders")
    assert sam.page.request.args["state"] == "taken"


def test_a_block_that_is_gone_already_is_not_asked_about(portal: Portal) -> None:
    sam = portal.browser("sam")
    sam.open(f"{AT}/concern")
    two = {"person": portal.ids["ana"], "other": portal.ids["cleo"]}
    sam.send(f"{AT}/blocks", 404, ask="yes", do="unblock", **two)


@pytest.fixture
def with_plugins(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    return create_portal(kit=create_kit(plugins=("matching", "inbox", "wordlist")))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("matching", "This program is set up with: The same answer"),
        ("inbox", "Messages do not go this way any more"),
        ("wordlist", "is not looked at by it any more"),
    ],
)
def test_a_plugin_is_switched_off_once_it_is_said_what_stops(
    with_plugins: Portal, name: str, told: str
) -> None:
    portal = with_plugins
    cora = portal.browser("cora")
    cora.open(f"{AT}/plugins")
    page = cora.send(f"{AT}/plugins", ask="yes", plugin=name, do="off")
    assert told in page
    assert "What it has kept so far stays" in page
    assert is_on(portal, name)
    assert "It is switched off in this program" in press(cora, "/plugins")
    assert not is_on(portal, name)


def is_on(portal: Portal, name: str) -> bool:
    rows = plugins.show(portal.kit, **BY, program="traders")
    return bool(next(row["on"] for row in rows if row["name"] == name))


def test_each_button_that_switches_off_asks_and_none_that_switches_on(
    with_plugins: Portal,
) -> None:
    portal = with_plugins
    plugins.change(portal.kit, **BY, program="traders", plugin="inbox", on=False)
    page = portal.browser("cora").open(f"{AT}/plugins")
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    switches = {
        re.findall(r'name="plugin" value="(\w+)"', form)[0]: 'name="ask"' in form
        for form in forms
        if "Switch o" in form
    }
    assert switches == {"matching": True, "inbox": False, "wordlist": True}
