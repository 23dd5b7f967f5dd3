"""Pages speak as people do: no commands, no codes, and lists in the order in which one looks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, PRESET, Portal

from mentorkit.domain.participants import Lead
from mentorkit.journey import (
    accept,
    contacts,
    match,
    meet,
    onboard,
    plugins,
    programs,
    recruit,
    screen,
)
from mentorkit.kit import Kit

BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}


def test_a_stranger_who_mistypes_a_program_reads_no_command(portal: Portal) -> None:
    page = portal.browser(None).open("/programs/nosuch/concern", 404)
    assert "There is no program" in page
    assert "mentorkit program" not in page


def test_who_is_paused_reads_what_to_do_on_the_page(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    made = match.propose(portal.kit, **BY, **two)["id"]
    ana = portal.browser("ana")
    ana.open(f"/programs/traders/people/{portal.ids['ana']}")
    ana.send(f"/programs/traders/people/{portal.ids['ana']}/break", do="break")
    path = f"/programs/traders/proposals/{made}"
    ana.open(path)
    page = ana.send(path, 409, do="accept")
    assert "Say first that you are back" in page
    assert "mentorkit participant" not in page


def test_a_long_list_is_by_name_in_the_readers_language(
    create_portal: Callable[..., Portal],
) -> None:
    names = {f"c{at:02}": f"Land {chr(90 - at)}" for at in range(25)}
    told = {id: {"en": name, "fr": f"Pays {id}"} for id, name in names.items()}
    told["c25"] = {"en": "\u00c5land", "fr": "Pays \u00e9toile"}
    fields = {"country": {"kind": "option", "options": told}}
    portal = create_portal(fields={**fields, "trade": TRADE, "village": {"kind": "text"}})
    ana = portal.browser("ana")
    page = ana.open(f"/programs/traders/people/{portal.ids['ana']}")
    listed = re.findall(r'<option value="(c\d\d)"', page)
    assert listed == ["c25", *sorted(names, reverse=True)]
    assert re.findall(r'<option value="(baker|tailor|smith)"', page) == TRADE["options"]


TRADE: dict[str, Any] = {"kind": "option", "options": ["tailor", "smith", "baker"]}


@pytest.fixture
def listening(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    return create_portal(kit=create_kit(plugins=("matching", "wordlist")))


def test_what_a_plugin_can_be_set_to_stands_there_in_words(listening: Portal) -> None:
    at = "/programs/traders/plugins"
    page = listening.browser("cora").open(at)
    assert "questions before both have said yes</label>" in page
    assert "phone numbers</label>" in page
    told = {"kinds": ["phone", "link"]}
    plugins.change(listening.kit, **BY, program="traders", plugin="wordlist", settings=told)
    page = listening.browser("vera").open(at)
    assert "<dd>phone numbers, addresses of pages</dd>" in page


def test_how_pairs_are_found_is_told_in_words(portal: Portal) -> None:
    fields = {"trade": {"kind": "options", "options": ["baker", "smith"]}}
    programs.create(portal.kit, **BY, key="other", preset={
        "fields": fields,
        "strategy": {"criteria": [
            {"criterion": "set_overlap", "field": "trade", "per": "union", "weight": 1},
        ]},
    })  # fmt: skip
    page = portal.browser("admin").open("/programs/other/matching")
    assert "question <strong>trade</strong>" in page
    assert "measured against <strong>what either chose</strong>" in page


def test_what_does_not_fit_stands_apart_in_the_draft_and_in_the_proposal(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(
        fields={
            "stage": {"kind": "ordered", "options": ["idea", "young", "grown"]},
            "needs": {"kind": "options", "options": ["sales", "money"]},
            "offers": {"kind": "options", "options": ["sales", "money"]},
            "trade": {"kind": "option", "options": ["baker", "tailor", "smith"]},
            "village": {"kind": "text"},
        },
        strategy={
            "criteria": [
                {"criterion": "closeness", "field": "stage", "target": 1, "span": 3, "weight": 2},
                {"criterion": "set_overlap", "field": "needs", "other": "offers", "per": "mentee"},
                {"criterion": "equal", "field": "trade"},
            ]
        },
    )
    answers = {
        "ana": {"stage": "grown", "needs": ["sales"]},
        "cleo": {"stage": "young", "offers": ["money"]},
    }
    for key, told in answers.items():
        onboard.answer(portal.kit, **BY, participant=portal.ids[key], answers=told)
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    page = portal.browser("ana").open(f"/programs/traders/proposals/{asked}")
    fits, _, less = page.partition("What fits less")
    assert "You have the same trade" in fits
    assert "one step below you" in less
    assert "Offers nothing that you named under needs" in less
    assert "in common" not in page
    accept.withdraw(portal.kit, **BY, proposal=asked)
    match.draft(portal.kit, **BY, program="traders")
    page = portal.browser("cora").open("/programs/traders/matching")
    row = page.partition('data-label="Why they fit"')[2].partition("</td>")[0]
    assert "What fits less" in row


def test_the_time_that_a_month_hopes_for_is_not_called_asked(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    held = accept.accept(portal.kit, **BY, proposal=asked)["relationship"]["id"]
    page = portal.browser("ana").open(f"/programs/traders/relationships/{held}")
    assert re.search(r"this month; [\dhmin ]+ is hoped for", page)


def test_a_wait_that_is_the_same_for_all_is_told_once(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit.journey import standing

    found = standing.home

    def home(*of: Any, **about: Any) -> dict[str, Any]:
        told = found(*of, **about)
        for part in told["parts"]:
            part["usual_wait"] = {"median": 10, "low": 10, "high": 10}
        return told

    monkeypatch.setattr(standing, "home", home)
    page = portal.browser("ana").open("/")
    assert "usually wait 10 days." in page
    assert "half of them" not in page


def test_what_staff_note_for_others_is_not_told_as_their_own(portal: Portal) -> None:
    cora, path = portal.browser("cora"), "/programs/traders/people"
    cora.open(path)
    ticked = {"participant": list(portal.ids.values())[:2], "means": "phone"}
    assert "Noted: 2 agreed." in cora.send(path, do="consent", **ticked)
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    path = f"/programs/traders/proposals/{asked}"
    cora.open(path)
    assert "Their yes is noted." in cora.send(path, do="accept", on_behalf_of="mentee")
    page = cora.send(path, do="decline", reason="too_far")
    assert "Their no is noted. The other side is told kindly" in page


def test_the_last_yes_of_staff_is_asked_as_their_own(
    create_portal: Callable[..., Portal],
) -> None:
    chain = ["mentee", "mentor", "coordinator"]
    portal = create_portal(program={"accept_chain": chain})
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    for side in ("mentee", "mentor"):
        accept.accept(portal.kit, **BY, proposal=asked, on_behalf_of=side)
    cora, path = portal.browser("cora"), f"/programs/traders/proposals/{asked}"
    page = cora.open(path)
    assert "The two have said yes. Yours, as staff, is the last." in page
    assert "You answer for the" not in page
    assert "You have said yes." in cora.send(path, do="accept")


def test_who_has_left_is_taken_back_in_on_their_page_as_a_sheet_advises(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("csv", "matching")))
    onboard.leave(portal.kit, **BY, participant=portal.ids["ana"])
    cora, path = portal.browser("cora"), "/programs/traders/people/import"
    cora.open(path)
    body = b"id,name,trade\nana,Ana,baker\ncleo,Cleo,baker\n"
    page = cora.send(path, sheet=(io.BytesIO(body), "people.csv"), role="mentee")
    assert "ana has left before" in page
    assert "take them back in first" in page
    assert "cleo is a mentor here already" in page
    assert "mentorkit participant" not in page
    path = f"/programs/traders/people/{portal.ids['ana']}"
    cora.open(path)
    page = cora.send(f"{path}/decide", do="readmit")
    assert "They are back, as new." in page
    assert "May they join?" in page


def test_a_long_list_to_tick_is_there_without_a_tap_what_is_ticked_first(
    create_portal: Callable[..., Portal],
) -> None:
    spoken = {f"l{at:02}": f"Language {at:02}" for at in range(25)}
    fields = {"languages": {"kind": "options", "options": spoken}}
    portal = create_portal(fields={**fields, "trade": TRADE, "village": {"kind": "text"}})
    at = {**BY, "participant": portal.ids["ana"]}
    onboard.answer(portal.kit, **at, answers={"languages": ["l20"]})
    page = portal.browser("ana").open(f"/programs/traders/people/{portal.ids['ana']}")
    assert "Show all" not in page
    ticks = re.findall(r'name="answer.languages" value="(l..)"( checked)?', page)
    assert ticks[:2] == [("l20", " checked"), ("l00", "")]
    assert len(ticks) == 25


def test_what_nobody_told_staff_is_noted_as_such(portal: Portal) -> None:
    page = portal.browser("cora").open(f"/programs/traders/people/{portal.ids['ana']}")
    assert "How did they tell you?" in page
    assert "They did not: I note it as staff" in page


def test_whoever_is_asked_a_question_reads_that_it_is_one(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    ana, cleo = portal.browser("ana"), portal.browser("cleo")
    path = f"/programs/traders/proposals/{asked}"
    ana.open(path)
    ana.send(path, do="ask", text="Do you bake bread?")
    page = cleo.open("/")
    assert "There is a question for you. Please answer." in page
    assert "There is a proposal for you" not in page


def test_the_second_yes_leads_to_how_they_reach_each_other(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    accept.accept(portal.kit, **BY, proposal=asked, on_behalf_of="mentee")
    cleo, path = portal.browser("cleo"), f"/programs/traders/proposals/{asked}"
    cleo.open(path)
    page = cleo.send(path, do="accept")
    assert "You are connected now. Below you write to each other." in page
    assert "shares no phone number or address" in page
    assert "Choose how you are reached" in page
    assert f"/people/{portal.ids['cleo']}#contacts" in page


def test_where_somebody_shares_a_number_the_second_yes_says_that_it_stands_below(
    portal: Portal,
) -> None:
    ana: dict[str, Any] = {**BY, "participant": portal.ids["ana"]}
    contacts.keep(portal.kit, **ana, kind="phone", value="+254 712 345678")
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    accept.accept(portal.kit, **BY, proposal=asked, on_behalf_of="mentee")
    cleo, path = portal.browser("cleo"), f"/programs/traders/proposals/{asked}"
    cleo.open(path)
    page = cleo.send(path, do="accept")
    assert "Below you see how to reach each other." in page
    assert "+254 712 345678" in page


def test_opening_a_program_says_who_matches_then(portal: Portal) -> None:
    for key, own, told in (
        ("by_staff", {}, "you match people and offer pairs"),
        ("by_choice", {"matching": "self"}, "mentees choose a mentor themselves"),
        ("in_circles", {"kind": "circle"}, "you bring circles together"),
    ):
        programs.create(portal.kit, **BY, key=key, preset={**PRESET, "program": own})
        page = portal.browser("admin").open(f"/programs/{key}/")
        assert f"Once it is open, {told}" in page


def test_a_draft_without_a_pair_says_so_and_offers_nothing(portal: Portal) -> None:
    body = {**PRESET["strategy"], "rules": [{"rule": "same", "field": "village"}]}
    cora = portal.browser("cora")
    for who in ("ana", "ben"):
        onboard.answer(
            portal.kit, **BY, participant=portal.ids[who], answers={"village": f"of {who}"}
        )
    programs.define(portal.kit, **BY, program="traders", kind="strategy", body=body)
    cora.open("/programs/traders/matching")
    page = cora.send("/programs/traders/matching")
    assert "Nobody could be paired." in page
    assert "nothing to offer" in page
    assert "offer all these pairs" not in page
    assert "Throw away" in page


def test_who_is_not_to_be_matched_now_is_accounted_for(portal: Portal) -> None:
    match.propose(portal.kit, **BY, mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    lead = Lead(key="zoe", role="mentee", name="Zoe")
    recruit.receive(portal.kit, **BY, program="traders", leads=[lead])
    cora = portal.browser("cora")
    page = " ".join(cora.open("/programs/traders/").split())
    assert "<strong>3</strong> mentees without a mentor" in page
    assert "1 of them to be matched now; the others are asked, or not taken in yet" in page
    (zoe,) = screen.review(portal.kit, **BY, program="traders", state="lead")
    for verb in (screen.approve, onboard.consent):
        verb(portal.kit, **BY, participant=zoe["id"])
    page = cora.open("/programs/traders/people?state=approved")
    assert "has not said yet that they are ready" in page


def test_a_break_hopes_for_no_time(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, **BY, **two)["id"]
    held = accept.accept(portal.kit, **BY, proposal=asked)["relationship"]["id"]
    meet.pause(portal.kit, **BY, relationship=held)
    page = portal.browser("ana").open(f"/programs/traders/relationships/{held}")
    assert "this month" in page
    assert "is hoped for" not in page


def test_the_overview_says_what_its_button_leads_to(portal: Portal) -> None:
    page = portal.browser("cora").open("/programs/traders/")
    assert "Go to the matching" in page
    assert "Go there" not in page


def test_where_people_choose_each_other_both_and_staff_are_told_so(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    ana, cleo = portal.browser("ana"), portal.browser("cleo")
    assert "Look for a mentor now: choose one, and ask." in ana.open("/")
    assert "They choose each other" in portal.browser("cora").open("/programs/traders/")
    ana.open(ana.find(r'href="(/mentoring[^"]+/mentors)"'))
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    ana.send("/programs/traders/proposals", **two)
    assert "They have chosen you themselves, and asked." in cleo.open(ana.page.request.path)


def test_a_coordinator_of_circles_is_led_to_bringing_one_together(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"kind": "circle"})
    page = portal.browser("cora").open("/programs/traders/")
    assert "Bring a circle together." in page
    assert 'href="/mentoring/programs/traders/groups/new"' in page


def test_what_staff_keep_for_somebody_is_not_called_their_answers(portal: Portal) -> None:
    cora, path = portal.browser("cora"), f"/programs/traders/people/{portal.ids['ana']}"
    cora.open(path)
    page = cora.send(path, **{"answer.village": "Wen"}, means="phone")
    assert "The answers are kept." in page
    assert "Your answers are kept" not in page
