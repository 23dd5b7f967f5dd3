"""Handing over, in the browser: staff are told what follows, and then who fits best."""

from __future__ import annotations

import re

from web.conftest import Portal
from web.test_meeting import by_admin
from web.test_parting import pair, state

from mentorkit.journey import accept, handover, match, onboard


def test_staff_hand_a_mentee_over_after_a_page_that_says_what_follows(portal: Portal) -> None:
    path, cora = pair(portal), portal.browser("cora")
    assert f'href="/mentoring{path}/hand-over"' in cora.open(path)
    page = cora.open(f"{path}/hand-over")
    assert "Find another mentor for Ana?" in page
    assert "Have you called Cleo?" in page
    assert state(portal, path) == "active", "looking changes nothing"
    page = cora.send(path, do="hand_over", reason="no_contact", rest="1", means="phone")
    assert "These fit best now" in page
    assert "Who fits Ana" in page
    assert state(portal, path) == "ended"
    cleo = onboard.show(portal.kit, **by_admin(portal), participant=portal.ids["cleo"])
    assert (cleo["state"], cleo["reason"]) == ("paused", "away")
    assert "Find another mentor" not in cora.open(path)
    cora.open(f"{path}/hand-over", 303)


def test_the_two_see_no_such_step_and_cannot_take_it(portal: Portal) -> None:
    path = pair(portal)
    for who in ("ana", "cleo"):
        browser = portal.browser(who)
        assert "hand-over" not in browser.open(path)
        browser.open(f"{path}/hand-over", 403)
        browser.open(path)
        browser.send(path, 403, do="hand_over", reason="no_contact")
    assert state(portal, path) == "active"


def test_the_mentee_chooses_what_the_next_mentor_reads(portal: Portal) -> None:
    path, ana = pair(portal), portal.browser("ana")
    ana.open(path)
    ana.send(f"{path}/write", text="I want a second oven.")
    portal.browser("cora").open(f"{path}/hand-over")
    at = {**by_admin(portal), "relationship": path.split("/")[4]}
    handover.hand_over(portal.kit, **at, to=portal.ids["dora"])
    page = ana.open(path)
    assert "For your next mentor" in page
    (word,) = re.findall(r'name="words" value="([^"]+)"', page)
    person = f"/programs/traders/people/{portal.ids['ana']}"
    page = ana.send(f"{person}/pass-on", words=word)
    assert "reads what you have chosen" in page
    assert "checked" in ana.open(path).partition("For your next mentor")[2]
    (asked,) = match.proposals(portal.kit, **by_admin(portal), program="traders", state="offered")
    begun = accept.accept(portal.kit, **by_admin(portal), proposal=asked["id"])
    new = f"/programs/traders/relationships/{begun['relationship']['id']}"
    page = portal.browser("dora").open(new)
    assert "time before" in page
    assert "I want a second oven." in page
    assert "What you have passed on" in ana.open(new)
    assert "second oven" not in portal.browser("cora").open(new)
