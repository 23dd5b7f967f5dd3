"""How many people at once: told on one's own page, and by staff on theirs."""

from __future__ import annotations

import re
from collections.abc import Callable

from web.conftest import Portal
from web.test_meeting import by_admin, connect

from mentorkit.journey import onboard


def places(portal: Portal, who: str) -> int:
    shown = onboard.show(portal.kit, **by_admin(portal), participant=portal.ids[who])
    return int(shown["capacity"])


def test_a_mentor_says_on_their_own_page_how_many_mentees_at_once(portal: Portal) -> None:
    own, cleo = f"/programs/traders/people/{portal.ids['cleo']}", portal.browser("cleo")
    assert "How many mentees at once?" in cleo.open(own)
    assert 'name="capacity" type="number"' in cleo.page.text
    cleo.send(own, capacity="3", capacity_was=str(places(portal, "cleo")))
    assert places(portal, "cleo") == 3
    cleo.send(own, capacity="", capacity_was="3")
    cleo.send(own, capacity="2", capacity_was="2")  # as an old page holds it, unchanged
    assert places(portal, "cleo") == 3


def test_what_cannot_be_is_told_in_words_and_stays_as_it_was_typed(portal: Portal) -> None:
    own, cleo = f"/programs/traders/people/{portal.ids['cleo']}", portal.browser("cleo")
    before = places(portal, "cleo")
    cleo.open(own)
    page = cleo.send(own, 422, capacity="many", capacity_was=str(before))
    assert "How many people at once: write a whole number from 0 to 50" in page
    assert 'id="capacity-wrong">write a whole number from 0 to 50<' in page
    assert 'value="many"' in page
    cora = portal.browser("cora")
    cora.open(own)
    page = cora.send(own, 422, capacity="many", capacity_was=str(before))
    assert "write a whole number from 0 to 10000" in page, "staff may give more"
    connect(portal)
    cleo.open(own)
    page = cleo.send(own, 409, capacity="0", capacity_was=str(before))
    assert "1 place(s) are in use" in page
    assert places(portal, "cleo") == before


def test_a_mentor_wishes_for_no_more_than_at_the_sign_up_and_staff_give_more(
    portal: Portal,
) -> None:
    page = f"/programs/traders/people/{portal.ids['cleo']}"
    cleo, cora = portal.browser("cleo"), portal.browser("cora")
    assert "A whole number from 0 to 50." in cleo.open(page)
    before = places(portal, "cleo")
    told = cleo.send(page, 403, capacity="51", capacity_was=str(before))
    assert "Only staff give more than 50 place(s)" in told
    assert "A whole number, 0 or more." in cora.open(page)
    cora.send(page, capacity="60", capacity_was=str(before))
    assert "A whole number from 0 to 60." in cleo.open(page), "what staff gave is kept"
    cleo.send(page, capacity="55", capacity_was="60")
    assert places(portal, "cleo") == 55


def test_staff_give_a_mentee_more_places_than_the_mentee_may(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal()
    page = f"/programs/traders/people/{portal.ids['ana']}"
    ana, cora = portal.browser("ana"), portal.browser("cora")
    assert 'name="capacity"' not in ana.open(page), "there is nothing to choose"
    told = ana.send(page, 403, capacity="2", capacity_was="1")
    assert "ask a coordinator" in told
    assert "How many mentors at once?" in cora.open(page)
    cora.send(page, capacity="2", capacity_was="1", means="phone")
    assert places(portal, "ana") == 2


def test_a_mentee_chooses_up_to_what_the_program_allows(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"mentee_capacity": 3})
    page = f"/programs/traders/people/{portal.ids['ana']}"
    ana = portal.browser("ana")
    found = re.search(r'<input id="capacity"[^>]* max="(\d+)"', ana.open(page))
    assert found
    assert found[1] == "3"
    ana.send(page, capacity="2", capacity_was=str(places(portal, "ana")))
    assert places(portal, "ana") == 2
