"""Strategy, drafts, choices and introductions in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Browser, Portal

from mentorkit.journey import accept, match, meet, onboard, programs
from mentorkit.worker import work

AT = "/programs/traders"
STRATEGY = f"{AT}/matching/strategy"


def typed(browser: Browser) -> dict[str, str]:
    """Return what stands in the form of the page, by the name of the control."""
    page = browser.page.text
    found = dict(re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page))
    for name, inside in re.findall(
        r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    return {name: value for name, value in found.items() if name != "mk_token"}


def press(browser: Browser, did: str, status: int = 200, **changed: str) -> str:
    """Change something in the form of the strategy, and press one of its buttons."""
    return browser.send(STRATEGY, status, **{**typed(browser), "do": did, **changed})


def in_force(portal: Portal) -> Any:
    from mentorkit.journey import strategies

    found = strategies.show(portal.kit, tenant="acme", actor=ADMIN, program="traders")
    return found["body"]


def test_the_strategy_is_told_in_words_with_each_share(portal: Portal) -> None:
    page = portal.browser("vera").open(f"{AT}/matching")
    assert "The same answer: question <strong>trade</strong>" in page
    assert "75 % of what counts" in page.replace("75.0", "75")
    assert "Change it" not in page
    portal.browser("vera").open(STRATEGY, 403)


def test_a_new_version_has_other_weights_rules_and_criteria(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(STRATEGY)
    press(cora, "add_rules", add_rules="same")
    assert "Not kept yet" in cora.page.text
    press(cora, "", **{"rules.0.o.field": "trade", "remove": "criteria.1"})
    page = press(
        cora, "save", **{"criteria.0.weight": "7", "objective": "score", "fall_through": "never"}
    )
    assert "The new version is kept" in page
    body = in_force(portal)
    assert body["rules"] == [{"rule": "same", "field": "trade"}]
    (one,) = body["criteria"]
    assert (one["field"], one["weight"]) == ("trade", 7)
    assert (body["objective"], body["fall_through"]) == ("score", "never")


def test_what_is_wrong_with_the_strategy_stands_beside_it(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(STRATEGY)
    before = in_force(portal)
    press(cora, "add_criteria", add_criteria="closeness")
    page = press(cora, "save", 422, **{"criteria.0.weight": "many", "criteria.2.o.span": "-1"})
    assert re.search(r'mk-wrong" id="criteria.0-wrong">write a whole number', page)
    assert re.search(r'mk-wrong" id="criteria.2.o.field-wrong">is missing', page)
    assert re.search(r'mk-wrong" id="criteria.2.o.span-wrong">write more than 0', page)
    assert 'value="-1"' in page, "what was typed is still there"
    assert in_force(portal) == before


def test_a_ready_strategy_of_a_plugin_is_a_start(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(STRATEGY)
    page = press(cora, "start", start="language_industry_country")
    assert "Not kept yet" in page
    assert '<option value="languages" selected>' in page, "a field this program does not have yet"
    page = press(cora, "save", 422)
    assert "languages" in page


def test_a_plugin_that_is_switched_off_offers_nothing(portal: Portal) -> None:
    at = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
    body = {"enabled": False}
    programs.define(portal.kit, **at, kind="plugin", key="matching", body=body)
    page = portal.browser("cora").open(STRATEGY)
    assert '<option value="closeness"' not in page


# ------------------------------------------------------------------ the draft


def drafted(portal: Portal) -> Browser:
    cora = portal.browser("cora")
    cora.open(f"{AT}/matching")
    cora.send(f"{AT}/matching")
    return cora


def pairs(browser: Browser) -> int:
    return browser.page.text.count('<tr id="pair-')


def test_f12_the_draft_tells_the_trade_and_everybody_left_by_side(portal: Portal) -> None:
    at = {"tenant": "acme", "actor": ADMIN}
    onboard.pause(portal.kit, **at, participant=portal.ids["cleo"])
    onboard.set_capacity(portal.kit, **at, participant=portal.ids["dora"], capacity=1)
    page = drafted(portal).page.text
    assert "No other choice of pairs is better" in page
    assert "How the draft below was computed:" in page
    assert "Mentees who are left" in page
    assert "What would help" in page
    assert "One more place at Dora" in page
    assert "10000" not in page, "people see reasons, never a bare number"
    assert "score" not in page


def test_a_pair_is_taken_out_and_two_are_put_together_by_hand(portal: Portal) -> None:
    cora = drafted(portal)
    assert pairs(cora) == 2
    path = cora.find(r'action="([^"]+/remove)"')
    page = cora.send(path)
    assert "taken out of the draft" in page
    assert pairs(cora) == 1
    assert page.count("Was in a pair that was taken out of this draft.") == 2
    assert "Pairs that were taken out since: 1." in page
    cora.send(f"{AT}/matching", mentee=portal.ids["ana"], mentor=portal.ids["dora"])
    row = re.search(r'<tr id="pair-.*?Ana.*?</tr>', cora.page.text, re.DOTALL)
    assert row
    assert "Dora" in row[0]
    assert "Unlock" in row[0]
    run = cora.find(r'matching/([^/"]+)/publish"')
    assert "have been offered" in cora.send(f"{AT}/matching/{run}/publish")


def test_two_who_cannot_be_put_together_are_told(portal: Portal) -> None:
    cora = drafted(portal)
    page = cora.send(f"{AT}/matching", 422, mentee=portal.ids["ana"], mentor="nobody")
    assert "no available mentor" in page
    assert pairs(cora) == 2, "the draft is as it was"


def test_f13_a_locked_pair_that_gives_way_is_named(portal: Portal) -> None:
    cora = drafted(portal)
    cleo = portal.ids["cleo"]
    cora.send(f"{AT}/matching", mentee=portal.ids["ben"], mentor=cleo)
    page = cora.send(f"{AT}/matching", mentee=portal.ids["ana"], mentor=cleo)
    told = page[page.index('class="mk-problem"') : page.index("How pairs are found")]
    assert "Ben – Cleo: One of the two has no free place." in told
    assert cleo not in told


# ------------------------------------------------------------------ accept


def test_s3_the_staffs_own_turn_waits_on_their_page(create_portal: Callable[..., Portal]) -> None:
    chain = ["mentee", "mentor", "coordinator"]
    portal = create_portal(program={"accept_chain": chain})
    at = {"tenant": "acme", "actor": ADMIN}
    made = match.propose(
        portal.kit, **at, mentee=portal.ids["ana"], mentor=portal.ids["cleo"]
    )["id"]  # fmt: skip
    cora = portal.browser("cora")
