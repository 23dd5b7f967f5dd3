"""Meeting, in the browser: one tap without a log-in, check-ins, groups, breaks and an early end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import babel.dates
import pytest
from web.conftest import ADMIN, Browser, Portal

from mentorkit.journey import accept, cases, match, meet, met, onboard, programs
from mentorkit.kit import Kit
from mentorkit.worker import work


def connect(portal: Portal, mentee: str = "ana", mentor: str = "cleo") -> str:
    at: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN}
    two = {"mentee": portal.ids[mentee], "mentor": portal.ids[mentor]}
    asked = match.propose(portal.kit, **at, **two)
    return str(accept.accept(portal.kit, **at, proposal=asked["id"])["relationship"]["id"])


def by_admin(portal: Portal) -> dict[str, Any]:
    return {"tenant": portal.tenant, "actor": ADMIN}


@pytest.fixture
def signing(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    return create_portal(kit=create_kit(secret_keys=["s"]))


def test_g21_one_tap_logs_a_meeting_without_a_log_in(signing: Portal, clock: Any) -> None:
    held = connect(signing)
    clock.forward(days=2)
    made = met.link(
        signing.kit, **by_admin(signing), relationship=held, participant=signing.ids["ana"]
    )
    path, somebody = f"/met/{made['token']}", signing.browser()
    for _ in range(2):  # scanners of mail open it as well
        assert "Have you met?" in somebody.open(path)
    assert meet.meetings(signing.kit, **by_admin(signing), relationship=held) == []
    day = clock().date().isoformat()
    page = somebody.send(path, minutes="45", day=day)
    assert "The meeting is logged" in page
    assert "45 min" in page
    page = somebody.open(path)
    assert "This meeting is logged" in page
    assert 'name="minutes"' not in page
    page = somebody.send(path, 409, minutes="45", day=day)
    assert "has logged its meeting already" in page
    (one,) = meet.meetings(signing.kit, **by_admin(signing), relationship=held)
    assert one["minutes"] == 45
    cleo = signing.browser("cleo")
    where = f"/programs/traders/relationships/{held}"
    cleo.open(where)
    cleo.send(where, do="strike", meeting=one["id"])
    assert "was taken out again and does not count" in somebody.open(path)


def test_g21_a_link_that_is_not_ours_or_too_old_says_so(signing: Portal, clock: Any) -> None:
    held = connect(signing)
    made = met.link(
        signing.kit, **by_admin(signing), relationship=held, participant=signing.ids["ana"]
    )
    somebody = signing.browser()
    assert "not ours" in somebody.open("/met/nonsense", 404)
    assert "not ours" in somebody.open(f"/met/{made['token'][:-3]}AAA", 404)
    assert somebody.knock("post", f"/met/{made['token']}") in (400, 403), "a form without a token"
    clock.forward(days=31)
    assert "time of this link is over" in somebody.open(f"/met/{made['token']}", 409)


def test_a_problem_is_reported_from_the_page_behind_a_link_without_a_log_in(
    signing: Portal,
) -> None:
    held = connect(signing)
    made = met.link(
        signing.kit, **by_admin(signing), relationship=held, participant=signing.ids["ana"]
    )
    somebody = signing.browser()
    somebody.open(f"/met/{made['token']}")
    where = somebody.find(r'href="/mentoring(/concern/[^"]+)">Report a problem')
    assert "Keep us apart" in somebody.open(where)
    somebody.send(where, kind="harassment", about=signing.ids["cleo"], text="He shouted.")
    (one,) = cases.queue(signing.kit, **by_admin(signing), program="traders")
    assert (one["raised_name"], one["about"]) == ("Ana", "Cleo")


@pytest.mark.parametrize("where", ["/", "/programs/traders/people/{ana}"])
def test_a_problem_is_reported_from_ones_own_pages(portal: Portal, where: str) -> None:
    ana = portal.browser("ana")
    ana.open(where.format(**portal.ids))
    assert "What happened?" in ana.open(
        ana.find(r'href="/mentoring(/programs/traders/concern[^"]*)">Report a problem')
    )


def test_staff_make_a_link_on_the_page_for_one_of_the_two(signing: Portal) -> None:
    path = f"/programs/traders/relationships/{connect(signing)}"
    cora = signing.browser("cora")
    cora.open(path)
    page = cora.send(path, do="link", participant=signing.ids["cleo"])
    assert "For Cleo:" in page
    assert "/mentoring/met/" in cora.find(r'id="link" readonly value="([^"]+)"')
    ana = signing.browser("ana")
    ana.open(path)
    assert "one tap" not in ana.page.text


def test_a_milestone_of_the_programs_own_is_called_in_its_words_or_by_its_kind_in_words(
    portal: Portal,
) -> None:
    text = {"en": "What we agree on", "es": "Lo que acordamos"}
    plan = [{"kind": "agreement", "day": 7, "text": text}, {"kind": "month_4", "day": 120}]
    at: dict[str, Any] = {**by_admin(portal), "program": "traders", "kind": "targets"}
    programs.define(portal.kit, **at, body={"milestones": plan})
    path = f"/programs/traders/relationships/{connect(portal)}"
    for user in ("ana", "cleo", "cora"):
        page = portal.browser(user).open(path)
        assert "<td>What we agree on" in page
        assert "<td>Month 4" in page
        assert "month_4" not in page


def test_f23_staff_look_at_what_is_due_and_note_what_they_see(portal: Portal, clock: Any) -> None:
    held = connect(portal)
    clock.forward(days=43)
    meet.turn(portal.kit, tenant=portal.tenant)
    cora = portal.browser("cora")
    cora.open("/programs/traders/relationships")
    assert "Check-ins that are due" in cora.page.text
    page = cora.open("/programs/traders/milestones")
    assert "Ana, Cleo" in page
    assert "never met" in page
    assert "Has not looked back yet: Ana, Cleo" in page
    assert "Note what you see" in page
    assert "Note what you see" not in portal.browser("sam").open("/programs/traders/milestones")
    milestone = cora.find(r'name="milestone" value="([^"]+)"')
    page = cora.send("/programs/traders/milestones", milestone=milestone, note="All is well.")
    assert "Noted" in page
    assert "What do you see?" not in page
    assert "Note what you see" not in page, "a note is promised where there is a form for it"
    ana = portal.browser("ana")
    where = f"/programs/traders/relationships/{held}"
    ana.open(where)
    page = ana.send(where, do="reach", milestone=milestone)
    assert "Has not looked back yet: Cleo" in page
    assert "All is well." not in page
    sam = portal.browser("sam")
    page = sam.open("/programs/traders/milestones")
    assert "<form" not in page, "a supervisor looks, and changes nothing"


def test_f30_staff_gather_a_ring_of_peers_and_note_who_was_there(
    create_portal: Callable[..., Portal], clock: Any
) -> None:
    portal = create_portal()
    cora = portal.browser("cora")
    cora.open("/programs/traders/groups/new")
    ids = [portal.ids[key] for key in ("ana", "ben", "dora")]
    assert "make no group" in cora.send("/programs/traders/groups/new", 422, people=ids[:1])
    page = cora.send("/programs/traders/groups/new", people=ids, means="phone")
    assert "They are together now" in page
    path = cora.page.request.path
    assert "Who was there?" in page
    assert "told by phone" in page
    clock.forward(days=1)
    day = clock().date().isoformat()
    cora.open(path)
    cora.send(path, do="meet", minutes="90", day=day, group="1", attendees=ids[:2], means="visit")
    (one,) = meet.meetings(portal.kit, **by_admin(portal), relationship=path.rpartition("/")[2])
    assert sorted(one["attendees"]) == sorted(ids[:2])
    met_again = {"do": "meet", "minutes": "90", "day": day, "group": "1", "means": "visit"}
    page = cora.send(path, attendees=ids[1::-1], **met_again)
    assert "You logged the same meeting at" in page
    cora.open(path)
    assert "The meeting is logged" in cora.send(path, attendees=ids[1:], **met_again), "others met"
    page = cora.send(path, do="end", reason="other", only=ids[1], means="phone")
    ana = portal.browser("ana")
    assert "You and Dora" in ana.open(path)


def test_who_takes_a_break_is_named_to_the_other_and_since_when(portal: Portal, clock: Any) -> None:
    path, ana = f"/programs/traders/relationships/{connect(portal)}", portal.browser("ana")
    clock.forward(days=10)
    ana.open(path)
    page = ana.send(path, do="pause")
    assert "You are taking a break. Everything waits until one of you goes on" in page
    day = babel.dates.format_date(clock().date(), "long", locale="en")
    assert f"since {day}; planned until" in page
    assert "Ana is taking a break. Everything waits" in portal.browser("cleo").open(path)
    staff = portal.browser("cora")
    assert "Ana is taking a break. Everything waits until they go on" in staff.open(path)
    staff.send(path, do="resume", means="phone")
    staff.send(path, do="pause", means="phone")
    assert "They are taking a break." in staff.open(path)
    assert "There is a break." in ana.open(path)


def test_an_early_end_offers_somebody_else_or_a_break(portal: Portal) -> None:
    path = f"/programs/traders/relationships/{connect(portal)}"
    ana = portal.browser("ana")
    ana.open(f"{path}/end")
    assert "nobody&#39;s fault" in ana.page.text or "nobody's fault" in ana.page.text
    page = ana.send(path, do="end", reason="not_a_fit")
    assert "It has ended" in page
    assert "we are looking for somebody else for you already. You need do nothing" in page
    assert "See where you stand" in page
    ana.send(f"/programs/traders/people/{portal.ids['ana']}/break", do="break")
    assert "You are taking a break" in ana.page.text
    ana.send(f"/programs/traders/people/{portal.ids['ana']}/break", do="back")
    assert "We are looking for a match for you" in ana.page.text
    cleo = portal.browser("cleo")
    page = cleo.open(path)
    assert "It did not fit" not in page, "the reason is not the other's to know"


def test_who_came_to_the_end_chooses_whether_somebody_else_is_looked_for(portal: Portal) -> None:
    path, ana = f"/programs/traders/relationships/{connect(portal)}", portal.browser("ana")
    ana.open(path)
    page = ana.send(path, do="end", reason="completed")
    assert "You have come to the end" in page
    assert "ended early" not in page
    assert "Wait for another mentor" in page
    page = ana.open("/")
    assert "We are looking for a match for you" in page
    assert "You need nobody new? Then say so" in page
    ana.open(path)
    page = ana.send(f"/programs/traders/people/{portal.ids['ana']}/break", do="break")
    assert "You are taking a break" in page
    assert "I am back: look for somebody else for me" in ana.open(path)
    assert "I am done for now" in portal.browser("cleo").open(path)


def test_an_end_after_the_planned_time_is_not_called_early(portal: Portal, clock: Any) -> None:
    held = connect(portal)
    ends = meet.show(portal.kit, **by_admin(portal), relationship=held)["ends_at"]
    path, ana = f"/programs/traders/relationships/{held}", portal.browser("ana")
    assert "Ending early" in ana.open(f"{path}/end")
    clock.forward(days=(datetime.fromisoformat(ends) - clock()).days + 1)
    page = ana.open(f"{path}/end")
    assert "Ending early" not in page
    assert "Take a break instead" not in page
    page = ana.send(path, do="end", reason="other")
    assert "You have come to the end" in page
    assert "ended early" not in page
    assert not meet.show(portal.kit, **by_admin(portal), relationship=held)["early"]


def test_an_early_end_leads_to_other_mentors_where_people_choose(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    path = f"/programs/traders/relationships/{connect(portal)}"
    ana = portal.browser("ana")
    ana.open(path)
    assert "Look for another mentor" in ana.send(path, do="end", reason="no_time")
    page = ana.open(f"/programs/traders/people/{portal.ids['ana']}/mentors")
    assert "Dora" in page
    assert "Cleo" not in page


def test_nobody_takes_a_break_for_somebody_else(portal: Portal) -> None:
    ben = portal.browser("ben")
    ben.open(f"/programs/traders/people/{portal.ids['ben']}")
    ben.send(f"/programs/traders/people/{portal.ids['ana']}/break", 404, do="break")


def test_f2_staff_put_somebody_on_a_level(create_portal: Callable[..., Portal]) -> None:
    close = {"name": "close", "milestones": [{"kind": "week_1", "day": 7}]}
    portal = create_portal(targets={"touch": [close]})
    path = f"/programs/traders/people/{portal.ids['ana']}"
    cora = portal.browser("cora")
    assert "How closely to look after them" in cora.open(path)
    page = cora.send(f"{path}/touch", touch="close")
    assert '<option value="close" selected>' in page
    ana = portal.browser("ana")
    assert "How closely" not in ana.open(path)
    connect(portal)
    shown = onboard.show(portal.kit, **by_admin(portal), participant=portal.ids["ana"])
    assert shown["touch"] == "close"


def test_what_staff_enter_is_shown_with_who_and_by_which_means(portal: Portal, clock: Any) -> None:
    path = f"/programs/traders/relationships/{connect(portal)}"
    clock.forward(days=1)
    cora: Browser = portal.browser("cora")
    cora.open(path)
    for typed in ({"do": "pause"}, {"do": "resume"}, {"do": "extend", "days": "10"}):
        cora.send(path, **typed, means="paper")
    day = clock().date().isoformat()
    page = cora.send(path, do="meet", minutes="60", day=day, means="visit")
    assert "cora (Coordinator), told at a visit" in page
    assert page.count("told on paper") == 3
    page = portal.browser("ana").open(path)
    assert "cora (Coordinator), told at a visit" in page
    assert "Connected" not in page.partition("What happened")[2] or "admin" not in page


def test_a_milestone_that_is_late_or_needed_no_more_is_called_the_same_by_everybody(
    portal: Portal, clock: Any
) -> None:
    held = connect(portal)
    for days in (45, 30):
        clock.forward(days=days)
        work(portal.kit)
    meet.end(portal.kit, **by_admin(portal), relationship=held, reason="other")
    path = f"/programs/traders/relationships/{held}"
    named = {
        who: re.findall(
            r'data-label="State"><span class="mk-chip[^>]*>([^<]+)', portal.browser(who).open(path)
        )
        for who in ("ana", "cleo", "cora")
    }
    assert {"Late", "Not needed any more"} <= set(named["ana"])
    assert named["ana"] == named["cleo"] == named["cora"]


def test_who_is_to_look_back_reads_what_that_is(portal: Portal) -> None:
    path = f"/programs/traders/relationships/{connect(portal)}"
    told = {who: portal.browser(who).open(path) for who in ("ana", "cleo", "cora")}
    assert [who for who, page in told.items() if "what you want to change" in page] == [
        "ana", "cleo",
    ]  # fmt: skip


def test_whoever_has_places_taken_reads_with_how_many_nobody_new_is_proposed(
    portal: Portal,
) -> None:
    connect(portal)
    page = portal.browser("cleo").open(f"/programs/traders/people/{portal.ids['cleo']}")
    assert "A whole number from 1 to" in page
    assert "Taken now: 1. With 1 nobody new is proposed." in page
