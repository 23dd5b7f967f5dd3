"""What a coordinator judges a draft by on its page: the trade, the groups, and why not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit.domain.participants import Lead
from mentorkit.journey import match, onboard, recruit, screen
from mentorkit.journey.steps import many

BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
AT = "/programs/traders/matching"


def drafted(portal: Portal) -> Any:
    match.draft(portal.kit, **BY, program="traders")
    return portal.browser("cora")


def crowd(portal: Portal) -> None:
    """Take in seven bakers and six smiths more, all mentees."""
    leads = [
        Lead(key=f"k{at:02}", role="mentee", name=f"Number {at:02}", profile={"trade": trade})
        for at, trade in enumerate(["baker"] * 7 + ["smith"] * 6)
    ]
    recruit.receive(portal.kit, **BY, program="traders", leads=leads)
    rows = screen.review(portal.kit, **BY, program="traders")
    new = [row["id"] for row in rows if row["key"].startswith("k")]
    for verb in (screen.approve, onboard.consent, onboard.complete):
        many(portal.kit, verb, new, **BY, noun="participant")


def rows(page: str) -> list[str]:
    """Return the pairs on the page, by mentee."""
    return re.findall(r'id="pair-[^"]+">\s*<td[^>]*><span><a[^>]*>([^<]+)', page)


def test_the_draft_stands_beside_the_ways_not_chosen(portal: Portal) -> None:
    page = drafted(portal).open(AT)
    assert "What other ways to pick pairs would give" in page
    assert "<strong>Most people matched, then the best fit</strong>" in page
    assert "The best fit in all, even if fewer are matched" in page
    assert "Nobody would rather swap" in page
    assert "of 100" in page


def test_what_would_let_more_be_matched_is_told(portal: Portal) -> None:
    crowd(portal)
    page = drafted(portal).open(AT)
    assert "What would let more people be matched" in page
    assert re.search(r"If every mentor had one more place, \w+ more pe\w+ could be matched", page)


def test_of_too_many_people_the_page_says_why_no_change_is_told(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("whatif", "figures"):
        monkeypatch.setattr(f"mentorkit.matching.{module}.WHAT_IF_CELLS", 1)
    page = drafted(portal).open(AT)
    assert "What would let more people be matched" not in page
    assert "looked at for up to 1 possible pairs" in page
    assert "Match a part of the people alone, such as a cohort" in page


def test_each_group_has_its_figures_and_small_ones_stand_together(portal: Portal) -> None:
    crowd(portal)
    page = drafted(portal).open(f"{AT}?by=trade")
    assert "Small groups, together" not in page or "–" in page
    (figures,) = re.findall(
        r"value=baker[^>]*>[^<]+</a></td>\s*<td[^>]*>(\d+)</td>\s*<td[^>]*>(\d+) \((\d+) %\)", page
    )
    mentees, matched, share = map(int, figures)
    assert mentees >= 7
    assert share == round(100 * matched / mentees)


def test_the_page_shows_those_alone_who_are_asked_for(portal: Portal) -> None:
    crowd(portal)
    cora = drafted(portal)
    whole = rows(cora.open(AT))
    bakers = rows(cora.open(f"{AT}?by=trade&value=baker"))
    assert set(bakers) < set(whole)
    assert bakers
    left = cora.open(f"{AT}?show=left")
    assert rows(left) == []
    assert "Mentees who are left" in left
    (_, mentees), *_ = re.findall(
        r"<h2>([^<]*)</h2>\s*<table.*?<tbody>(.*?)</tbody>", left, re.DOTALL
    )
    reasons = re.findall(r"in the way\">([^<]*)</td>\s*<td[^>]*>([^<]*)", mentees)
    assert 0 < len(reasons) == len(set(reasons)) < mentees.count("<a ")  # each is told once
    assert "Mentees who are left" not in cora.open(f"{AT}?show=pairs")
    weak = rows(cora.open(f"{AT}?fit=50"))
    assert set(weak) <= set(whole)
    assert "Mentees who are left" not in cora.page.text


def test_what_makes_no_sense_in_the_address_is_passed_over(portal: Portal) -> None:
    cora = drafted(portal)
    whole = rows(cora.open(AT))
    for asked in ("by=zz", "by=village", "by=trade&value=zz", "fit=x", "fit=7", "show=zz"):
        assert rows(cora.open(f"{AT}?{asked}")) == whole


def test_what_was_asked_for_is_kept_when_a_pair_is_locked(portal: Portal) -> None:
    cora = drafted(portal)
    cora.open(f"{AT}?by=trade&value=baker")
    cora.send(cora.find(r'action="([^"]+/lock[^"]*)"'), locked="yes")
    assert cora.page.request.args["value"] == "baker"
    cora.send(cora.find(r'action="([^"]+/remove[^"]*)"'))
    assert cora.page.request.args["by"] == "trade"


def test_it_is_said_why_two_are_not_together_and_they_can_be_put_so(portal: Portal) -> None:
    cora = drafted(portal)
    two = f"why_mentee={portal.ids['ana']}&why_mentor={portal.ids['dora']}"
    page = cora.open(f"{AT}?{two}")
    assert "is number" in page
    assert "If these two were put together, " in page
    assert "Put them together all the same" in page
    page = cora.send(AT, mentee=portal.ids["ana"], mentor=portal.ids["dora"])
    assert "they are together" not in page
    assert "The two are together, for the pair is locked." in cora.open(f"{AT}?{two}")


def test_of_who_is_not_there_it_is_said_that_it_cannot_be(portal: Portal) -> None:
    page = drafted(portal).open(f"{AT}?why_mentee=zz&why_mentor={portal.ids['dora']}")
    assert "It cannot be said why:" in page


def test_without_a_draft_there_is_nothing_to_judge(
    create_portal: Callable[..., Portal],
) -> None:
    page = create_portal().browser("cora").open(f"{AT}?by=trade&why_mentee=a&why_mentor=b")
    assert "What other ways" not in page
    assert "There is no draft now." in page


def test_who_is_no_staff_reads_the_groups_and_of_nobody_what_they_answered(portal: Portal) -> None:
    crowd(portal)
    drafted(portal)
    vera = portal.browser("vera")
    page = vera.open(f"{AT}?by=trade&value=baker&why_mentee={portal.ids['ana']}&why_mentor=x")
    assert "baker</td>" in page
    assert "Only who answered" not in page
    assert "Why are these two not together?" not in page
    assert len(rows(page)) == len(rows(vera.open(AT)))
