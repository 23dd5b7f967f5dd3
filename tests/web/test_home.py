"""Home says where somebody stands, in words that blame nobody, and what they can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import Portal
from web.test_meeting import by_admin, connect

from mentorkit.domain.participants import Lead
from mentorkit.journey import accept, match, meet, onboard, recruit, screen, standing
from mentorkit.journey.steps import many

REFERRAL = {"en": "The chamber of commerce gives free advice."}


@pytest.fixture
def portal(create_portal: Callable[..., Portal]) -> Portal:
    """A portal with a newcomer, Zoe, who has not agreed to anything yet."""
    made = create_portal(referral=REFERRAL)
    at = {**by_admin(made), "program": "traders"}
    recruit.receive(made.kit, **at, leads=[Lead(key="zoe", role="mentee", name="Zoe Ode")])
    made.ids |= {row["key"]: row["id"] for row in screen.review(made.kit, **at)}
    standing.link(made.kit, **by_admin(made), person="zoe", user_ref="zoe")
    return made


def walk(portal: Portal, verb: Any, who: str = "zoe") -> str:
    done = many(portal.kit, verb, [portal.ids[who]], **by_admin(portal), noun="participant")
    assert not done["refused"]
    return portal.browser(who).open("/")


def current(page: str) -> str:
    return page.partition('aria-current="step">')[2].partition("<")[0]


def test_from_the_first_answer_to_looking(portal: Portal) -> None:
    page = portal.browser("zoe").open("/")
    assert "Our team looks at them next" in page
    assert current(page) == "Received"
    assert "Before we look for a match, we ask you to agree" in page
    assert "Read it and agree" in page
    page = walk(portal, screen.approve)
    assert "You are in" in page
    assert current(page) == "Getting ready"
    walk(portal, onboard.consent)
    page = walk(portal, onboard.complete)
    assert current(page) == "Looking"
    assert "we ask you to agree" not in page
    assert "How long it usually takes is not known yet" in page


def test_whoever_waits_keeps_their_place_and_is_not_told_of_a_check(portal: Portal) -> None:
    page = walk(portal, screen.wait)
    assert "You are on the waiting list. You keep your place" in page
    assert current(page) == "Waiting list"
    assert "looking at your answers" not in page


def test_a_no_of_the_program_judges_nobody_and_names_where_else_to_go(portal: Portal) -> None:
    page = walk(portal, screen.decline)
    assert "not the right one for you just now" in page
    assert "no judgement of you" in page
    assert REFERRAL["en"] in page
    assert "agree" not in page
    assert "mk-way" not in page


def test_a_break_and_a_leave_say_what_they_mean_and_how_to_come_back(portal: Portal) -> None:
    page = walk(portal, onboard.pause, "ana")
    assert "Nobody is looked for until you say that you are back" in page
    assert "I am back" in page
    page = walk(portal, onboard.leave, "ben")
    assert "If you would like to come back, tell your coordinator" in page


def test_asked_connected_and_after_an_early_end(portal: Portal) -> None:
    two = {"mentee": portal.ids["ben"], "mentor": portal.ids["dora"]}
    asked = match.propose(portal.kit, **by_admin(portal), **two)["id"]
    ben = portal.browser("ben").open("/")
    assert current(ben) == "Asked"
    assert "Look and answer" in ben
    assert current(portal.browser("dora").open("/")) == "", "it is not her turn yet"
    yes = {"proposal": asked, "on_behalf_of": "mentee"}
    accept.accept(portal.kit, **by_admin(portal), **yes)
    assert "See what is asked" in portal.browser("ben").open("/")
    assert "Look and answer" in portal.browser("dora").open("/")
    held = connect(portal)
    assert current(portal.browser("ana").open("/")) == "Connected"
    meet.end(portal.kit, **by_admin(portal), relationship=held, reason="not_a_fit")
    page = portal.browser("ana").open("/")
    assert current(page) == "Looking"
    assert "not_a_fit" not in page
    assert "did not fit" not in page
