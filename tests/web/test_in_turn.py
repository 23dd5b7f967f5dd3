"""On the pages too, somebody is told of a proposal once it is their turn, and not before."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from web.conftest import ADMIN, Portal

from mentorkit.journey import accept, match, meet, programs

TURNS = [
    (["mentee", "mentor"], "ana", "cleo"),
    (["mentor", "mentee"], "cleo", "ana"),
    (["coordinator", "mentee", "mentor"], "cora", "ana"),
]
NAMES = {"ana": "Ana", "cleo": "Cleo"}


@pytest.mark.parametrize(("chain", "first", "second"), TURNS, ids=["mentee", "mentor", "staff"])
def test_the_second_sees_nothing_of_it_until_the_first_has_said_yes(
    create_portal: Callable[..., Portal], chain: list[str], first: str, second: str
) -> None:
    portal = create_portal(program={"accept_chain": chain})
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    one = match.propose(portal.kit, tenant="acme", actor=ADMIN, **two)["id"]
    path = f"/programs/traders/proposals/{one}"
    browser, other = portal.browser(second), NAMES["cleo" if second == "ana" else "ana"]

    def named(page: str) -> bool:
        """Look for the name by itself: three letters may stand in a token as well."""
        return re.search(rf"(?<![\w-]){other}(?![\w-])", page) is not None

    def seen() -> list[bool]:
        home = browser.open("/")
        form = browser.open("/programs/traders/concern")
        return [path in home, named(home), named(form)]

    assert seen() == [False] * 3
    assert not named(browser.open(path, 404))
    for did in ("accept", "decline", "ask", "withdraw"):
        assert not named(browser.open(f"/programs/traders/concern?proposal={one}"))
        assert not named(browser.send(path, 404, do=did, text="When?"))

    asked = portal.browser(first)
    asked.open(path)
    asked.send(path, do="accept", on_behalf_of="coordinator" if first == "cora" else "")
    assert seen() == [True] * 3
    assert named(browser.open(path))
    assert "Say no" in browser.page.text


def test_a_mentor_whose_mentee_said_no_never_hears_of_it(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    one = match.propose(portal.kit, tenant="acme", actor=ADMIN, **two)["id"]
    accept.decline(portal.kit, tenant="acme", actor=ADMIN, proposal=one)
    cleo = portal.browser("cleo")
    assert "Ana" not in cleo.open("/")
    cleo.open(f"/programs/traders/proposals/{one}", 404)


def test_a_coordinator_who_is_the_mentor_opens_it_from_the_list(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    one = match.propose(portal.kit, tenant="acme", actor=ADMIN, **two)["id"]
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        person = tx.participants.get(portal.ids["cleo"]).person_id
    programs.appoint(
        portal.kit, tenant="acme", actor=ADMIN, program="traders", role="coordinator", person=person
    )
    cleo, path = portal.browser("cleo"), f"/programs/traders/proposals/{one}"
    assert path in cleo.open("/programs/traders/relationships")
    assert "Ana" in cleo.open(path)


def test_who_parted_early_is_told_kindly_that_they_cannot_ask_again(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    by = {"tenant": "acme", "actor": ADMIN}
    one = match.propose(portal.kit, **by, **two)["id"]
    held = accept.accept(portal.kit, **by, proposal=one)["relationship_id"]
    meet.end(portal.kit, **by, relationship=held, reason="not_a_fit")
    ana = portal.browser("ana")
    assert "Dora" in ana.open(f"/programs/traders/people/{two['mentee']}/mentors")
    assert "Cleo" not in ana.page.text
    page = ana.send("/programs/traders/proposals", 409, **two)
    assert "nobody&#39;s fault" in page or "nobody's fault" in page
    cora = portal.browser("cora")
    cora.open(f"/programs/traders/people/{two['mentee']}/mentors")
    assert "on its way" in cora.send("/programs/traders/proposals", **two)
