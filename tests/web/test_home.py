"""Home says where somebody stands, in words that blame nobody, and what they can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import Portal
from web.test_meeting import by_admin, connect

from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.journey import (
    accept,
    concerns,
    gather,
    match,
    meet,
    onboard,
    recruit,
    screen,
    setup,
    standing,
)
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
    assert "Before you are matched, we ask you to agree" in page
    assert "Read it and agree" in page
    page = walk(portal, screen.approve)
    assert "You are in" in page
    assert current(page) == "Getting ready"
    walk(portal, onboard.consent)
    page = walk(portal, onboard.complete)
    assert current(page) == "Looking"
    assert "we ask you to agree" not in page
    assert "How long it usually takes is not known yet" in page


def test_who_has_given_everything_is_told_so_and_is_ready_by_one_button(portal: Portal) -> None:
    walk(portal, onboard.consent)
    page = walk(portal, screen.approve)
    assert "You are in. Say that you are ready" in page
    assert "missing before" not in page
    assert "Answer what is missing" not in page
    zoe = portal.browser("zoe")
    zoe.open("/")
    page = zoe.send(f"/programs/traders/people/{portal.ids['zoe']}/ready")
    assert "Everything is there for a match now" in page
    assert current(page) == "Looking"
    assert "I am ready" not in page


def test_a_requirement_that_is_still_open_is_told_as_long_as_it_is(portal: Portal) -> None:
    at: dict[str, Any] = {**by_admin(portal), "program": "traders", "kind": "requirements"}
    text = "Mentees take the training before they are matched."
    entry = {"field": "trade", "text": {"en": text}, "roles": ["mentee"]}
    setup.listed(portal.kit, **at, id="training", entry=entry)
    walk(portal, onboard.consent)
    assert f"<li>{text}" in walk(portal, screen.approve)
    zoe, path = portal.browser("zoe"), f"/programs/traders/people/{portal.ids['zoe']}"
    zoe.open("/")
    page = zoe.send(f"{path}/ready")
    assert "Something is still open" in page
    assert "Everything is there" not in page
    assert f"<li>{text}" in page
    assert f"<li>{text}" in zoe.open(path)
    page = portal.browser("cora").open(path)
    assert "Still open, please ask:" in page
    assert f"<li>{text}" in page
    zoe.send(path, **{"answer.trade": "baker"})
    assert text not in zoe.open("/") + zoe.open(path) + portal.browser("cora").open(path)


def test_who_agrees_on_their_page_is_led_there_and_reads_what_comes_next(portal: Portal) -> None:
    page = walk(portal, screen.approve)
    assert "#finish" in page
    zoe, path = portal.browser("zoe"), f"/programs/traders/people/{portal.ids['zoe']}"
    page = zoe.open(path)
    assert "agree to the text below them" in page
    assert page.count('id="finish"') == 1
    page = zoe.send(path, agree="yes", consent_now=zoe.find(r'name="consent_now" value="(\d+)"'))
    assert "Everything is there for a match now" in page
    assert current(page) == "Looking"


def test_who_has_not_agreed_is_asked_to_in_words_of_their_own(portal: Portal) -> None:
    walk(portal, screen.approve)
    zoe, path = portal.browser("zoe"), f"/programs/traders/people/{portal.ids['zoe']}"
    zoe.open(path)
    page = zoe.send(path, 409)
    assert "What everybody here agrees to comes first: it is not agreed to yet." in page
    assert "Record their consent" not in page


def test_nobody_is_ready_by_the_button_who_has_not_agreed(portal: Portal) -> None:
    page = walk(portal, screen.approve)
    assert "A few things are missing" in page
    assert "I am ready" not in page
    zoe = portal.browser("zoe")
    zoe.open(f"/programs/traders/people/{portal.ids['zoe']}")
    page = zoe.send(f"/programs/traders/people/{portal.ids['zoe']}/ready", status=409)
    assert "consent" in page
    assert current(portal.browser("zoe").open("/")) == "Getting ready"


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
    assert "You are taking a break until you say that you are back" in page
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


def test_what_has_ended_stays_on_home_with_what_may_still_be_done(portal: Portal) -> None:
    held = connect(portal)
    assert "Before" not in portal.browser("ana").open("/")
    meet.end(portal.kit, **by_admin(portal), relationship=held, reason="no_time")
    for user, other in (("ana", "Cleo"), ("cleo", "Ana")):
        browser = portal.browser(user)
        page = browser.open("/").partition("<h3>Before</h3>")[2]
        assert f"You and {other}" in page
        assert "Ended" in page
        assert "no_time" not in page
        assert "take a break first" in page
        assert "Report a problem" in page
        browser.open(browser.find(rf'href="(/mentoring/[^"]*relationships/{held})"'))


def test_who_has_left_a_circle_is_not_said_to_be_in_it(portal: Portal) -> None:
    people = [portal.ids[key] for key in ("ana", "ben")]
    at = {**by_admin(portal), "program": "traders"}
    held = gather.gather(portal.kit, **at, people=people, mentor=portal.ids["dora"])["id"]
    meet.end(
        portal.kit, **by_admin(portal), relationship=held, reason="other", only=portal.ids["ana"]
    )
    running, _, before = portal.browser("ana").open("/").partition("<h3>Before</h3>")
    assert current(running) == "Looking"
    assert "Ben" not in running
    assert "Left" in before
    assert f"relationships/{held}" not in before, "it is not theirs to open any more"
    page = portal.browser("ben").open("/")
    assert "You and Dora" in page
    assert "Ana" not in page


def test_what_is_next_opens_the_list_of_those_whom_it_speaks_of(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert "New people wait for you" in cora.open("/programs/traders/")
    shown = cora.open(cora.find(r'href="([^"]*/people\?state=lead)"'))
    assert "Zoe" in shown
    assert "Cleo" not in shown
    walk(portal, screen.wait)
    for key in ("ana", "ben"):
        walk(portal, onboard.leave, key)
    assert "people on the waiting list" in cora.open("/programs/traders/")
    shown = cora.open(cora.find(r'href="([^"]*/people\?state=waiting)"'))
    assert "Zoe" in shown
    assert "Cleo" not in shown


def test_a_coordinator_reads_on_home_what_is_next_and_how_much_waits(portal: Portal) -> None:
    cora = portal.browser("cora")
    page = cora.open("/")
    assert "New people wait for you to look at them." in page
    assert "<strong>1</strong> new person" in page
    assert "open concern" not in page
    assert "Zoe" in cora.open(cora.find(r'href="([^"]*/people\?state=lead)"'))
    about = {"program": "traders", "kind": "unwanted_contact", "text": "He shouts at me."}
    concerns.raise_(portal.kit, tenant="acme", actor=Actor(user_ref="ana"), **about)
    page = cora.open("/")
    assert "Somebody has raised a concern" in page
    assert "<strong>1</strong> open concern<" in page
    cora.open(cora.find(r'href="([^"]*/concerns)"'))
    page = portal.browser("vera").open("/")
    assert "New people wait for you" in page, "a viewer hears of no concern"
    assert "open concern" not in page
    assert "people?state=lead" not in page


def test_a_break_of_two_is_seen_on_home_and_ended_there(portal: Portal) -> None:
    held = connect(portal)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    page = ana.open(path)
    assert "A break, or the end" in page
    assert "more time, or" not in page, "a participant cannot make it longer"
    page = ana.send(path, do="pause")
    assert "Everything waits until one of you goes on" in page
    assert page.index("Go on</button>") < page.index("<details")
    cleo = portal.browser("cleo")
    page = cleo.open("/")
    assert "On a break" in page
    assert "It goes on." in cleo.send(path, do="resume")
    assert "On a break" not in cleo.open("/")


def test_who_is_not_asked_now_is_not_told_to_answer(portal: Portal) -> None:
    two = {"mentee": portal.ids["ben"], "mentor": portal.ids["dora"]}
    asked = match.propose(portal.kit, **by_admin(portal), **two)["id"]
    ben = portal.browser("ben")
    assert "please answer by" in ben.open(f"/programs/traders/proposals/{asked}")
    accept.accept(portal.kit, **by_admin(portal), proposal=asked, on_behalf_of="mentee")
    page = ben.open(f"/programs/traders/proposals/{asked}")
    assert "please answer by" not in page
    assert "the answer is awaited until" in page
    cora = portal.browser("cora")
    assert "please answer by" not in cora.open(f"/programs/traders/proposals/{asked}")


def test_where_people_choose_themselves_nobody_says_that_we_look(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    at = {**by_admin(portal), "program": "traders"}
    new = [
        Lead(key=key, role=role, name=key) for key, role in (("zoe", "mentee"), ("yan", "mentor"))
    ]
    recruit.receive(portal.kit, **at, leads=new)
    portal.ids |= {row["key"]: row["id"] for row in screen.review(portal.kit, **at)}
    for key in ("zoe", "yan"):
        standing.link(portal.kit, **by_admin(portal), person=key, user_ref=key)
    told = {
        screen.approve: ("before you can choose a mentor", "before mentees can choose you"),
        onboard.consent: ("ready, and choose a mentor", "ready, and mentees can choose you"),
        onboard.complete: ("choose one, and ask", "as soon as a mentee asks"),
    }
    for verb, words in told.items():
        for key, said in zip(("zoe", "yan"), words, strict=True):
            page = walk(portal, verb, key)
            assert said in page
            own = portal.browser(key).open(f"/programs/traders/people/{portal.ids[key]}")
            assert "look for" not in page + own
