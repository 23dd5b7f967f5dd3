"""One tap answers what a message asks, behind a link and without a log-in."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit import Manifest, hookimpl
from mentorkit import Portal as Site
from mentorkit.domain.messages import Message, Receipt
from mentorkit.hooks import Channel
from mentorkit.journey import accept, match, meet
from mentorkit.kit import Kit
from mentorkit.worker import work

AT = "https://portal.example/mentoring"


class Post(Channel):
    """Keeps what was sent, by whom it was sent to."""

    name = "post"

    def __init__(self) -> None:
        self.sent: dict[str, list[Message]] = {}

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return True

    def deliver(self, ctx: Any, message: Message, person: Any, contacts: Any) -> Receipt:
        self.sent.setdefault(person.name, []).append(message)
        return Receipt(channel=self.name)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def portal(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit], post: Post) -> Any:
    offers = SimpleNamespace(
        manifest=Manifest(title="Post"),
        mentorkit_notification_channels=hookimpl(lambda: [post]),
    )
    kit = create_kit(
        plugins=["matching", "checkins", ("post", offers)], secret_keys=["s"], site=Site(AT)
    )
    targets = {"length_days": 182, "milestones": [{"kind": "check", "day": 42, "window": 14}]}
    return create_portal(kit=kit, targets=targets)


def by_admin(portal: Portal) -> dict[str, Any]:
    return {"tenant": portal.tenant, "actor": ADMIN}


def offer(portal: Portal, post: Post, to: str = "Ana") -> tuple[str, str]:
    """Return the id of what was just offered, and the path of the link in its message."""
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **by_admin(portal), **two)["id"]
    work(portal.kit)
    (message,) = (one for one in post.sent[to] if one.template == "proposal_offered")
    return asked, path(message)


def path(message: Message) -> str:
    """Return the path of the link in a message by which it is answered."""
    found = re.search(rf"{AT}(/answer/\S+)", message.body)
    assert found, message.body
    return found[1]


def state(portal: Portal, proposal: str) -> tuple[str, list[str]]:
    one = accept.show(portal.kit, **by_admin(portal), proposal=proposal)
    return one["state"], one["answered"]


def test_an_offer_is_answered_yes_with_one_tap_and_without_a_log_in(
    portal: Portal, post: Post
) -> None:
    asked, where = offer(portal, post)
    somebody = portal.browser()
    page = somebody.open(where)
    assert "do you say yes to mentoring with Cleo?" in page
    assert re.findall(r'name="choice" value="(.)"[^>]*>(\w+)<', page) == [("1", "Yes"), ("2", "No")]
    page = somebody.send(where, choice="1")
    assert page.count("You have said yes.") == 1
    assert "This link has done its work." in page
    assert state(portal, asked) == ("offered", ["mentee"])
    assert "You have said yes." in portal.browser().open(where), "whoever comes by it again"
    work(portal.kit)
    cleos = path(next(one for one in post.sent["Cleo"] if one.template == "proposal_offered"))
    somebody.open(cleos)
    somebody.send(cleos, choice="1")
    assert state(portal, asked)[0] == "accepted"
    assert "/relationships/" in somebody.page.text


def test_a_no_is_one_tap_too(portal: Portal, post: Post) -> None:
    asked, where = offer(portal, post)
    somebody = portal.browser()
    somebody.open(where)
    assert somebody.send(where, choice="2").count("You have said no.") == 1
    assert state(portal, asked)[0] == "declined"
    assert portal.browser().open(where).count("You have said no.") == 1, "whoever comes again"


def test_opening_a_link_changes_nothing(portal: Portal, post: Post) -> None:
    asked, where = offer(portal, post)
    for method in ("get", "head", "get", "options"):
        for way in (where, f"{where}?choice=1", f"{where}?choice=2"):
            assert portal.browser().knock(method, way) == 200
    assert state(portal, asked) == ("offered", [])
    assert portal.browser().knock("post", f"{where}?choice=1") in (400, 403), "without a token"
    assert state(portal, asked) == ("offered", [])


def test_the_answer_that_a_link_was_for_comes_first(portal: Portal, post: Post) -> None:
    _, where = offer(portal, post)
    page = portal.browser().open(f"{where}?choice=2")
    buttons = re.findall(r'name="choice" value="(.)"([^>]*)>', page)
    assert [id for id, _ in buttons] == ["2", "1"]
    assert ["mk-main-button" in how for _, how in buttons] == [True, False]


def test_a_link_answers_once_and_the_second_time_does_no_harm(portal: Portal, post: Post) -> None:
    asked, where = offer(portal, post)
    first, second = portal.browser(), portal.browser()
    for one in (first, second):
        one.open(where)
    first.send(where, choice="1")
    assert "answered already, or its time is over" in second.send(where, 409, choice="2")
    assert state(portal, asked) == ("offered", ["mentee"])


def test_nothing_but_the_answers_is_taken(portal: Portal, post: Post) -> None:
    asked, where = offer(portal, post)
    somebody = portal.browser()
    somebody.open(where)
    assert "press one of the buttons" in somebody.send(where, 422, choice="3")
    assert state(portal, asked) == ("offered", [])


def test_what_is_settled_or_too_late_is_said_and_not_asked(
    portal: Portal, post: Post, clock: Any
) -> None:
    asked, where = offer(portal, post)
    accept.withdraw(portal.kit, **by_admin(portal), proposal=asked)
    page = portal.browser().open(where)
    assert "does not need your answer any more" in page
    assert 'name="choice"' not in page
    clock.forward(days=29)
    portal.browser().open(where)
    clock.forward(days=2)
    assert "time of this link is over" in portal.browser().open(where, 409)


def test_an_offer_whose_time_is_over_is_not_answered_by_its_link(
    portal: Portal, post: Post, clock: Any
) -> None:
    asked, where = offer(portal, post)
    somebody = portal.browser()
    somebody.open(where)
    clock.forward(days=15)
    assert "time is over" in somebody.send(where, 409, choice="1")
    assert state(portal, asked)[1] == []


def test_a_link_of_somebody_else_or_for_something_else_is_not_ours(
    portal: Portal, post: Post
) -> None:
    _, where = offer(portal, post)
    assert "not ours" in portal.browser().open(f"{where[:-3]}AAA", 404)
    assert "not ours" in portal.browser().open(where.replace("/answer/", "/met/"), 404)


def test_a_check_in_is_answered_with_one_tap(portal: Portal, post: Post, clock: Any) -> None:
    asked, _ = offer(portal, post)
    done = accept.accept(portal.kit, **by_admin(portal), proposal=asked)["relationship"]["id"]
    for day in (20, 20, 3):
        clock.forward(days=day)
        held = {"minutes": 120, "held_at": clock()}
        meet.log(portal.kit, **by_admin(portal), relationship=done, **held)
        work(portal.kit)
    (message,) = (one for one in post.sent["Ana"] if one.template == "milestone_due")
    where, somebody = path(message), portal.browser()
    page = somebody.open(where)
    assert "how is it going with Cleo?" in page
    assert "It goes well" in page
    assert "that is noted" in somebody.send(where, choice="2")
    assert "You have answered." in somebody.open(where)
    (one,) = meet.milestones(portal.kit, **by_admin(portal), relationship=done)
    assert one["answered"] == [portal.ids["ana"]]


def test_a_message_says_which_answers_its_buttons_give(portal: Portal, post: Post) -> None:
    _, where = offer(portal, post)
    (message,) = (one for one in post.sent["Ana"] if one.template == "proposal_offered")
    (one,) = (one for one in message.buttons if one.address == f"{AT}{where}")
    assert one.choices == ((f"{AT}{where}?choice=1", "Yes"), (f"{AT}{where}?choice=2", "No"))
    assert {one.words for one in message.buttons} == {
        "Answer", "Yes", "No", "Open the page", "Report a problem",
    }  # fmt: skip
    assert all(one.address in message.body for one in message.buttons if one.words not in "YesNo")


def test_without_a_site_no_line_is_left_that_leads_nowhere(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit], post: Post
) -> None:
    offers = SimpleNamespace(
        manifest=Manifest(title="Post"),
        mentorkit_notification_channels=hookimpl(lambda: [post]),
    )
    portal = create_portal(kit=create_kit(plugins=["matching", ("post", offers)]))
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    match.propose(portal.kit, **by_admin(portal), **two)
    work(portal.kit)
    (message,) = (one for one in post.sent["Ana"] if one.template == "proposal_offered")
    assert message.body.splitlines()[-1].startswith("Please answer by ")
    assert message.buttons == ()
