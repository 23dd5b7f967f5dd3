"""The guided introduction on the pages: step by step, back, stopped and gone on with, and sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Browser, Portal

from mentorkit.domain.people import Actor
from mentorkit.journey import accept, choices, match, meet, onboard, plugins, relay
from mentorkit.kit import Kit

ABOUT = {"trade": {"kind": "option", "options": ["baker", "tailor", "smith"]},
         "village": {"kind": "text", "shown": True},
         "about": {"kind": "text", "shown": True}}  # fmt: skip
ON = ("matching", "wordlist", "guide")


@pytest.fixture
def guided(create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]) -> Portal:
    kit = create_kit(plugins=ON, secret_keys=["secret"])
    chosen = {"wordlist": {"settings": {"words": ["idiot"]}}}
    program = {"matching": "self", "mentee_capacity": 2}
    return create_portal(kit=kit, fields=ABOUT, program=program, plugins=chosen)


def at(portal: Portal, who: str = "ana") -> str:
    return f"/x/guide/traders/choose/{portal.ids[who]}"


def pick(portal: Portal, *mentors: str) -> dict[str, str]:
    return {f"place.{portal.ids[one]}": str(n) for n, one in enumerate(mentors, 1)}


def step(browser: Browser, where: str, status: int = 200, **typed: Any) -> str:
    """Send the step that the browser shows; return the page that follows."""
    shown = {name: browser.find(rf'name="{name}" value="([^"]+)"') for name in ("step", "kind")}
    return browser.send(where, status, **{**shown, "do": "next", **typed})


def walk_to_the_draft(portal: Portal, browser: Browser) -> str:
    where = at(portal)
    browser.open(where)
    step(browser, where)
    step(browser, where, **pick(portal, "dora", "cleo"))
    step(browser, where, answer="I bake bread in Ora.")
    step(browser, where, answer="I want a second oven.")
    return step(browser, where, answer="What did yours cost?")


def answers(portal: Portal, who: str = "ana") -> dict[str, Any]:
    by = {"tenant": "acme", "actor": ADMIN}
    found = onboard.show(portal.kit, **by, participant=portal.ids[who])
    return {one["id"]: one["value"] for one in found["questions"]}


def ranked(portal: Portal) -> list[tuple[str, str]]:
    by = {"tenant": "acme", "actor": ADMIN}
    found = choices.show(portal.kit, **by, participant=portal.ids["ana"])["choices"]
    return [(one["mentor"], one["state"]) for one in found]


def test_a_mentee_is_led_from_home_to_an_introduction_that_mentors_read(guided: Portal) -> None:
    ana = guided.browser("ana")
    assert "Step by step" in ana.open("/")
    page = walk_to_the_draft(guided, ana)
    assert "Hello, my name is Ana.\nI bake bread in Ora.\nI want a second oven." in page
    page = step(ana, at(guided), answer="Hello, Ana here.\r\nI bake bread in Ora.")
    assert re.search(r"(?s)in this order.*<li>Dora</li><li>Cleo</li>", page)
    assert "Hello, Ana here." in page
    assert answers(guided)["about"] is None
    assert ranked(guided) == []
    page = ana.send(at(guided), do="send")
    assert "Kept. If the one who is asked says no" in page
    assert answers(guided)["about"] == "Hello, Ana here.\nI bake bread in Ora."
    assert ranked(guided) == [("Dora", "offered"), ("Cleo", "draft")]
    dora = guided.browser("dora")
    dora.open("/")
    page = dora.open(dora.find(r'href="/mentoring(/programs/traders/proposals/[^"]+)"'))
    assert "Hello, Ana here." in page


def test_whoever_stops_goes_on_where_they_stood_from_any_device(guided: Portal) -> None:
    ana = guided.browser("ana")
    ana.open(at(guided))
    step(ana, at(guided))
    step(ana, at(guided), **pick(guided, "cleo"))
    phone = guided.browser("ana")
    page = phone.open("/")
    assert "You have begun to ask for a mentor; 5 steps are left." in page
    assert "What do you do?" in phone.open(at(guided))
    assert "Step 3 of 7" in phone.page.text


def test_back_shows_what_was_told_and_keeps_what_is_unfinished(guided: Portal) -> None:
    ana = guided.browser("ana")
    where = at(guided)
    ana.open(where)
    step(ana, where)
    step(ana, where, **pick(guided, "cleo"))
    page = step(ana, where, answer="I bake", do="back")
    assert f'name="place.{guided.ids["cleo"]}"' in page
    assert re.search(r'<option value="1" selected>', page)
    assert "I bake</textarea>" in step(ana, where, **pick(guided, "cleo"))


def test_whoever_stops_finds_what_was_half_written(guided: Portal) -> None:
    ana = guided.browser("ana")
    where = at(guided)
    ana.open(where)
    step(ana, where)
    step(ana, where, **pick(guided, "cleo"))
    assert "Hello Ana" in step(ana, where, answer="I bake", do="stop")
    assert "I bake</textarea>" in ana.open(where)


def test_an_answer_that_is_missing_or_too_long_is_told_beside_what_was_typed(
    guided: Portal,
) -> None:
    ana = guided.browser("ana")
    where = at(guided)
    ana.open(where)
    step(ana, where)
    assert "choose somebody" in step(ana, where, 422)
    same = {f"place.{guided.ids[one]}": "1" for one in ("cleo", "dora")}
    page = step(ana, where, 422, **same)
    assert "Give each place to one mentor only" in page
    assert page.count('<option value="1" selected>') == 2  # nothing that was chosen is lost
    strange = {f"place.{guided.ids['ben']}": "1"}
    assert "cannot be asked now" in step(ana, where, 422, **strange)
    step(ana, where, **pick(guided, "cleo"))
    assert "write something here" in step(ana, where, 422, answer="  ")
    page = step(ana, where, 422, answer="bread " * 60)
    assert "at most 300 characters; it has 359" in page
    assert "bread bread" in page


def test_a_draft_of_ones_own_stands_when_answers_change_until_it_is_made_anew(
    guided: Portal,
) -> None:
    ana = guided.browser("ana")
    where = at(guided)
    walk_to_the_draft(guided, ana)
    step(ana, where, answer="In my own words.")
    for _ in range(2):
        step(ana, where, do="back", answer="In my own words.")
    step(ana, where, answer="How long does an oven last?")
    assert "In my own words." in ana.page.text
    assert "You have changed an answer since" in ana.page.text
    page = step(ana, where, do="anew")
    assert "How long does an oven last?" in page
    assert "In my own words." not in page


def test_a_text_that_is_looked_at_first_is_not_shown_and_the_page_says_so(guided: Portal) -> None:
    ana = guided.browser("ana")
    walk_to_the_draft(guided, ana)
    step(ana, at(guided), answer="You idiot.")
    assert "is being looked at first" in ana.send(at(guided), do="send")
    assert answers(guided)["about"] is None


def test_what_was_thrown_away_is_gone_and_begins_anew(guided: Portal) -> None:
    ana = guided.browser("ana")
    walk_to_the_draft(guided, ana)
    ana.send(at(guided), do="drop")
    assert "Step 1 of 7" in ana.open(at(guided))


def test_the_last_step_says_what_it_takes_the_place_of(guided: Portal) -> None:
    ana: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="ana")}
    onboard.answer(guided.kit, **ana, participant=guided.ids["ana"], answers={"about": "A baker."})
    browser = guided.browser("ana")
    walk_to_the_draft(guided, browser)
    assert "A baker." in step(browser, at(guided), answer="Hello.")


def test_it_leads_only_the_person_themselves(guided: Portal) -> None:
    guided.browser("cora").open(at(guided), 409)
    guided.browser("cleo").open(at(guided), 403)
    guided.browser("ben").open(at(guided), 404)
    guided.browser("ben").open(at(guided, "ben"))


def test_who_has_no_place_reads_why_nobody_can_be_chosen(guided: Portal) -> None:
    by = {"tenant": "acme", "actor": ADMIN}
    onboard.set_capacity(guided.kit, **by, participant=guided.ids["ana"], capacity=1)
    match.propose(guided.kit, **by, mentee=guided.ids["ana"], mentor=guided.ids["cleo"])
    ana = guided.browser("ana")
    ana.open(at(guided))
    assert "There is no free place" in step(ana, at(guided))


def test_where_nobody_would_read_it_or_staff_match_it_is_not_offered(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]
) -> None:
    kit = create_kit(plugins=ON, secret_keys=["secret"])
    portal = create_portal(kit=kit, program={"matching": "self"})  # no such question
    ana = portal.browser("ana")
    assert "Step by step" not in ana.open("/")
    assert "ask a coordinator" in ana.open(at(portal), 409)
    staffed = create_portal("zebra", kit=kit, fields=ABOUT)
    assert "Step by step" not in staffed.browser("ana").open("/")
    staffed.browser("ana").open(at(staffed), 403)


def test_switched_off_in_a_program_there_is_nothing_of_it(guided: Portal) -> None:
    by = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
    plugins.change(guided.kit, **by, plugin="guide", on=False)
    ana = guided.browser("ana")
    assert "Step by step" not in ana.open("/")
    ana.open(at(guided), 404)


# --------------------------------------------------------------------------- the first message


@pytest.fixture
def pair(guided: Portal) -> str:
    by = {"tenant": "acme", "actor": ADMIN}
    offered = match.propose(guided.kit, **by, mentee=guided.ids["ana"], mentor=guided.ids["cleo"])
    done = accept.accept(guided.kit, **by, proposal=offered["id"])
    return str(done["relationship"]["id"])


def test_two_who_have_not_met_are_led_to_a_message_that_is_carried(
    guided: Portal, pair: str
) -> None:
    where, ana = f"/x/guide/traders/meet/{pair}", guided.browser("ana")
    page = ana.open(f"/programs/traders/relationships/{pair}")
    assert "Write a first message, step by step" in page
    ana.open(where)
    step(ana, where)
    step(ana, where, answer="prices")
    step(ana, where, answer="call")
    page = step(ana, where, answer="Monday after six")
    for part in ("begin with this: prices", "talk by phone.", "I could meet: Monday after six"):
        assert part in page
    step(ana, where, answer=ana.find(r'(?s)name="answer"[^>]*>([^<]+)</textarea>'))
    page = ana.send(where, do="send")
    assert "Your message is on its way" in page
    assert "/x/guide/" not in page, "they have begun to talk"
    cleo: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="cleo")}
    (said,) = relay.said(guided.kit, **cleo, relationship=pair)
    assert said["by"] == "Ana"
    assert "Monday after six" in said["text"]


def test_who_has_met_is_not_led_and_nobody_else_is(guided: Portal, pair: str) -> None:
    where = f"/x/guide/traders/meet/{pair}"
    assert "/x/guide/" in guided.browser("cleo").open(f"/programs/traders/relationships/{pair}")
    assert "/x/guide/" not in guided.browser("cora").open(f"/programs/traders/relationships/{pair}")
    guided.browser("ben").open(where, 404)
    guided.browser("cora").open(where, 409)
    by = {"tenant": "acme", "actor": ADMIN}
    meet.log(guided.kit, **by, relationship=pair, minutes=60, held_at=guided.kit.clock())
    page = guided.browser("ana").open(f"/programs/traders/relationships/{pair}")
    assert "/x/guide/" not in page


def test_a_program_may_leave_the_first_message_to_its_people(guided: Portal, pair: str) -> None:
    by = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
    plugins.change(guided.kit, **by, plugin="guide", settings={"meet": False})
    ana = guided.browser("ana")
    assert "/x/guide/" not in ana.open(f"/programs/traders/relationships/{pair}")
    ana.open(f"/x/guide/traders/meet/{pair}", 409)
