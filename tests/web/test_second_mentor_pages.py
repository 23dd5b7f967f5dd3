"""The pages of a circle with two mentors: who is asked reads it, and either may leave it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mentorkit.journey import match, onboard
from tests.web.conftest import ADMIN, PRESET, Portal

CIRCLES = {
    "program": {"kind": "circle", "accept_chain": ["mentee"]},
    "strategy": {
        "criteria": PRESET["strategy"]["criteria"],
        "assigner": "circles",
        "assigner_options": {"least": 2, "mentors": 2},
    },
}


@pytest.fixture
def circles(create_portal: Callable[..., Portal]) -> Portal:
    """A program in which a draft has put Ana and Ben into one circle of Cleo and Dora."""
    portal = create_portal(**CIRCLES)
    by = {"tenant": "acme", "actor": ADMIN}
    for key in ("cleo", "dora"):
        onboard.set_capacity(portal.kit, **by, participant=portal.ids[key], capacity=2)
    match.draft(portal.kit, **by, program="traders")
    return portal


def roles(portal: Portal) -> tuple[str, str]:
    """Return who leads, and who is the second mentor."""
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        ((lead, (second,)),) = tx.runs.find()[-1].summary["circles"]["beside"].items()
    names = {id: key for key, id in portal.ids.items()}
    return names[lead], names[second]


def test_a_second_mentor_is_asked_and_joins_and_leaves_on_their_pages(circles: Portal) -> None:
    lead, second = roles(circles)
    staff = circles.browser("cora")
    assert f"second mentor: {second.title()}" in staff.open("/programs/traders/matching")
    sure = staff.send(staff.find(r'action="([^"]+/publish)"'), ask="yes")
    assert "Second mentors of circles who get a message now, with the question: 1." in sure
    staff.send(staff.find(r'action="([^"]+/publish)"'))
    assert f"Circle of {lead.title()}, as second mentor" in staff.page.text
    own = circles.browser(second)
    assert "Lead a circle together with:" in own.open("/")
    asked = own.find(r'href="([^"]+/proposals/[^"]+)"')
    page = own.open(asked)
    assert f"Lead a circle with {lead.title()}?" in page
    assert "of up to 2 mentees" in page
    assert "You have said yes. The circle begins as soon as" in own.send(asked, do="accept")
    assert "to begin yet" in own.open("/")
    assert "Nobody: the circle is to begin yet" in staff.open("/programs/traders/relationships")
    for key in ("ana", "ben"):
        mentee = circles.browser(key)
        mentee.open("/")
        offer = mentee.find(r'href="([^"]+/proposals/[^"]+)"')
        mentee.open(offer)
        assert second.title() in mentee.send(offer, do="accept")
    own.open("/")
    held = own.find(r'href="([^"]+/relationships/[^"]+)"')
    assert all(name in own.open(held) for name in ("Ana", "Ben", lead.title()))
    staff.open(f"{held}/end")
    assert f"For {lead.title()} alone; the others go on" in staff.page.text
    assert "The others go on without you" in own.open(f"{held}/end")
    own.send(held, do="end", reason="no_time")
    assert "The others go on without you" not in circles.browser(lead).open(f"{held}/end")
