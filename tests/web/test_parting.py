"""Parting, in the browser: nothing that cannot be taken back happens at the first press."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from web.conftest import ADMIN, Portal
from web.test_meeting import by_admin, connect

from mentorkit.journey import gather, match, meet, onboard, protect


def pair(portal: Portal) -> str:
    return f"/programs/traders/relationships/{connect(portal)}"


def state(portal: Portal, path: str) -> Any:
    return meet.show(portal.kit, **by_admin(portal), relationship=path.split("/")[4])["state"]


def test_a_relationship_ends_only_after_a_page_that_says_what_follows(portal: Portal) -> None:
    path, ana = pair(portal), portal.browser("ana")
    page = ana.open(path)
    assert f'href="/mentoring{path}/end"' in page
    assert 'value="end"' not in page, "no button there ends it"
    page = ana.open(f"{path}/end")
    assert "End the mentoring with Cleo?" in page
    for told in ("Cleo is told at once", "are kept, and count", "look for another mentor for you"):
        assert told in page
    assert "No, go back" in page
    assert state(portal, path) == "active", "looking changes nothing"
    assert portal.browser("ana").knock("post", path) in (400, 403), "a form without a token"
    assert "It has ended" in ana.send(path, do="end", reason="not_a_fit")
    assert state(portal, path) == "ended"
    assert "See the relationship" not in ana.open(f"{path}/end", 303)


def test_a_mentor_is_told_of_the_free_place_and_a_break_is_offered(portal: Portal) -> None:
    path, cleo = pair(portal), portal.browser("cleo")
    page = cleo.open(f"{path}/end")
    assert "You have a free place again" in page
    assert "look for another mentor" not in page
    assert "Paused" in cleo.send(path, do="pause")
    assert "Take a break instead" not in cleo.open(f"{path}/end")


def test_staff_end_it_for_one_of_several(portal: Portal) -> None:
    ids = [portal.ids[key] for key in ("ana", "ben", "dora")]
    made = gather.gather(portal.kit, **by_admin(portal), program="traders", people=ids)
    path = f"/programs/traders/relationships/{made['id']}"
    page = portal.browser("ana").open(f"{path}/end")
    assert "The others go on without you" in page
    cora = portal.browser("cora")
    page = cora.open(f"{path}/end")
    assert "For Ben alone; the others go on" in page
    assert "How did they tell you?" in page
    cora.send(path, do="end", reason="other", only=ids[1], means="phone")
    assert state(portal, path) == "active"


def test_a_participant_leaves_after_being_asked(portal: Portal) -> None:
    own, ben = f"/programs/traders/people/{portal.ids['ben']}", portal.browser("ben")
    assert f'href="/mentoring{own}/leave"' in ben.open(own)
    page = ben.open(f"{own}/leave")
    assert "Leave Traders and mentors?" in page
    assert "Take a break instead" in page
    page = ben.send(f"{own}/leave")
    assert "You have left this program." in page
    assert "If you would like to come back" in page
    assert "/leave" not in ben.open(own)


def test_whoever_is_connected_ends_that_before_leaving(portal: Portal) -> None:
    path, ana = pair(portal), portal.browser("ana")
    own = f"/programs/traders/people/{portal.ids['ana']}"
    page = ana.open(f"{own}/leave")
    assert f'href="/mentoring{path}/end"' in page
    assert "Yes, leave" not in page
    ana.open(own)
    ana.send(f"{own}/leave", 409)
    assert state(portal, path) == "active"


def test_staff_let_somebody_go_and_nobody_another(portal: Portal) -> None:
    own, cora = f"/programs/traders/people/{portal.ids['ben']}", portal.browser("cora")
    assert "Let Ben go?" in cora.open(f"{own}/leave")
    portal.browser("ana").open(f"{own}/leave", 404)
    assert "They have left this program." in cora.send(f"{own}/leave", means="phone")
    shown = onboard.show(portal.kit, **by_admin(portal), participant=portal.ids["ben"])
    assert shown["state"] == "left"


def test_staff_are_asked_before_they_keep_two_apart(portal: Portal) -> None:
    pair(portal)
    ana, cora = portal.browser("ana"), portal.browser("cora")
    ana.open("/programs/traders/concern")
    ana.send("/programs/traders/concern", kind="unfair", text="x", about=portal.ids["cleo"])
    cora.open("/programs/traders/concerns")
    page = cora.open(cora.find(r'href="(/mentoring/programs/traders/concerns/[^"?#]+)"'))
    before = page.partition("Yes, keep the two apart")[0]
    assert "what has ended does not come back" in before.rpartition("<details")[2]
    assert protect.blocks(portal.kit, **by_admin(portal), program="traders") == []


def test_a_no_says_beforehand_what_it_means(portal: Portal) -> None:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    asked = match.propose(portal.kit, tenant=portal.tenant, actor=ADMIN, **two)
    page = portal.browser("ana").open(f"/programs/traders/proposals/{asked['id']}")
    assert "told kindly, without your reason" in page


def test_whoever_asked_takes_it_back_and_the_other_says_no(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    ana, cleo = portal.browser("ana"), portal.browser("cleo")
    ana.open(f"/programs/traders/people/{portal.ids['ana']}/mentors")
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    ana.send("/programs/traders/proposals", **two)
    path = ana.page.request.path
    assert "Yes, take it back" in ana.page.text
    page = cleo.open(path)
    assert "take it back" not in page
    assert "You are connected only once everybody who is asked has said yes" in page
    page = ana.send(path, do="withdraw")
    assert "It is taken back." in page
    assert "Taken back" in cleo.open(path)


# ------------------------------------------------------------------ what is late


def test_a_pair_that_has_not_met_is_told_so_kindly_with_the_one_act(
    portal: Portal, clock: Any
) -> None:
    path = pair(portal)
    assert "No first meeting is noted yet" not in portal.browser("ana").open(path)
    clock.forward(days=15)
    for user in ("ana", "cleo"):
        page = portal.browser(user).open(path)
        assert "No first meeting is noted yet" in page
        assert 'href="#met"' in page
        assert 'id="met"' in page
        assert "never met" not in page, "that is how staff read it"
        assert "No first meeting is noted yet. Open this page" in portal.browser(user).open("/")
    assert "No first meeting is noted yet" not in portal.browser("cora").open(path)
    ana, day = portal.browser("ana"), clock().date().isoformat()
    ana.open(path)
    assert "No first meeting" not in ana.send(path, do="meet", minutes="45", day=day)
    assert "No first meeting" not in ana.open("/")


def test_an_answer_that_is_open_is_asked_of_whom_it_is_awaited(portal: Portal, clock: Any) -> None:
    path = pair(portal)
    clock.forward(days=43)
    meet.turn(portal.kit, tenant=portal.tenant)
    ana = portal.browser("ana")
    page = ana.open(path)
    assert "One thing is open from you: Check at six to eight weeks" in page
    milestone = ana.find(r'name="milestone" value="([^"]+)"')
    assert "One thing is open" not in ana.send(path, do="reach", milestone=milestone)
    assert "One thing is open from you" in portal.browser("cleo").open(path)


def test_hours_below_the_target_are_told_by_month_and_only_then(
    create_portal: Callable[..., Portal], clock: Any
) -> None:
    portal = create_portal(targets={"quiet_days": 200, "dormant_days": 300, "grace_days": 7})
    path, ana = pair(portal), portal.browser("ana")
    clock.forward(days=1)
    ana.open(path)
    ana.send(path, do="meet", minutes="10", day=clock().date().isoformat())
    assert "that are hoped for" not in ana.page.text
    clock.forward(days=70)
    page = ana.open(path)
    assert "that are hoped for" in page
    assert "You can still log it" in page
    ana.send(path, do="pause")
    assert "hoped for" not in ana.open(path), "in a break nothing is late"


def test_a_planned_end_that_has_passed_leads_to_the_end_or_to_more_time(
    portal: Portal, clock: Any
) -> None:
    path = pair(portal)
    clock.forward(days=400)
    page = portal.browser("ana").open(path)
    assert "We have come to the end" in page
    assert "tell your coordinator" in page


def test_a_month_with_too_little_leads_to_a_form_for_a_meeting_of_that_month(
    portal: Portal, clock: Any
) -> None:
    path, ana = pair(portal), portal.browser("ana")
    held = path.rpartition("/")[2]
    clock.forward(days=50)
    meet.log(portal.kit, **by_admin(portal), relationship=held, minutes=45, held_at=clock())
    today = clock().date().isoformat()
    page = ana.open(path)
    assert f'name="day" value="{today}"' in page
    (month,) = set(re.findall(r"month=([0-9]{4}-[0-9]{2})#met", page))
    assert not today.startswith(month)
    page = ana.open(ana.find(r'href="([^"]*month=[^"]*)#met"'))
    assert "A meeting in" in page
    first, last = re.findall(r'name="day" value="" min="([^"]+)" max="([^"]+)"', page)[0]
    assert first[:7] == last[:7] == month
    assert int(last[8:]) >= 28
    assert "The meeting is logged" in ana.send(path, do="meet", minutes="120", day=last)
    assert f"month={month}#met" not in ana.open(path), "that month has enough now"
    assert f'name="day" value="{today}"' in ana.open(f"{path}?month=2020-13")
