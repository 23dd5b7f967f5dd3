"""Strategy, drafts, choices and introductions in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, PRESET, Browser, Portal

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


def test_f13_the_page_tells_which_rule_a_locked_pair_breaks(
    create_portal: Callable[..., Portal],
) -> None:
    rules = [{"rule": "same", "field": "trade"}]
    portal = create_portal(strategy={**PRESET["strategy"], "rules": rules})
    cora = drafted(portal)
    assert "The pair breaks" not in cora.page.text
    page = cora.send(f"{AT}/matching", mentee=portal.ids["ana"], mentor=portal.ids["dora"])
    row = re.search(r'<tr id="pair-.*?Ana.*?</tr>', page, re.DOTALL)
    assert row
    assert "The pair breaks the rule that asks for the same trade." in row[0]
    assert page.count("The pair breaks") == 1


# ------------------------------------------------------------------ accept


def test_s3_the_staffs_own_turn_waits_on_their_page(create_portal: Callable[..., Portal]) -> None:
    chain = ["mentee", "mentor", "coordinator"]
    portal = create_portal(program={"accept_chain": chain})
    at = {"tenant": "acme", "actor": ADMIN}
    made = match.propose(
        portal.kit, **at, mentee=portal.ids["ana"], mentor=portal.ids["cleo"]
    )["id"]  # fmt: skip
    cora = portal.browser("cora")
    for side in ("mentee", "mentor"):
        assert "Waiting for you" not in cora.open(f"{AT}/relationships")
        accept.accept(portal.kit, **at, proposal=made, on_behalf_of=side)
    assert "Pairs wait for your yes" in cora.open(f"{AT}/")
    assert "Waiting for you" in cora.open(f"{AT}/relationships")
    assert "Waiting for you" not in portal.browser("vera").open(f"{AT}/relationships")
    path = f"{AT}/proposals/{made}"
    cora.open(path)
    cora.send(path, do="accept", on_behalf_of="coordinator")
    assert "Ana, Cleo" in cora.page.text


def test_g10_a_mentee_ranks_mentors_and_sees_who_is_next(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    ana, fits = portal.browser("ana"), f"{AT}/people/{portal.ids['ana']}/mentors"
    path = f"{AT}/people/{portal.ids['ana']}/choices"
    cleo, dora = (f"place.{portal.ids[key]}" for key in ("cleo", "dora"))
    ana.open(fits)
    assert "Give each place" in ana.send(path, 422, **{cleo: "1", dora: "1"})
    page = ana.send(path, 422, **{cleo: "", dora: ""})
    assert "Choose at least one: give somebody a place." in page
    assert f'name="{cleo}"' in page
    page = ana.send(path, **{cleo: "2", dora: "1"})
    assert "Kept. If the one who is asked says no" in page
    assert "Somebody is asked for you" in page
    page = ana.open(f"{AT}/people/{portal.ids['ana']}")
    assert page.index("Dora") < page.index("Cleo")
    assert "Waits for its turn" in page
    page = ana.open("/")
    assert "If it comes to nothing, we ask: Cleo." in page
    dora_browser = portal.browser("dora")
    dora_browser.open("/")
    asked = dora_browser.find(r'href="(/mentoring/programs/traders/proposals/[^"]+)"')
    dora_browser.open(asked)
    dora_browser.send(asked, do="decline", reason="too_far", text="Private.")
    work(portal.kit)
    page = ana.open(f"{AT}/people/{portal.ids['ana']}")
    assert "Waits for its turn" not in page
    assert "too_far" not in page
    assert "Private" not in page
    ana.send(path, do="take_back")
    assert "Cleo" in ana.page.text


def test_the_page_of_matching_says_that_people_find_each_other(
    create_portal: Callable[..., Portal],
) -> None:
    told = "Here people find each other; a draft pairs those who did not."
    page = create_portal(program={"matching": "self"}).browser("vera").open(f"{AT}/matching")
    assert told in page


@pytest.mark.parametrize("by", ["program", "level of touch"])
def test_a_mentee_takes_back_the_choices_that_wait(
    create_portal: Callable[..., Portal], by: str
) -> None:
    if by == "program":
        portal = create_portal(program={"matching": "self"})
    else:
        portal = create_portal(targets={"touch": [{"name": "light", "matching": "self"}]})
        at = {"tenant": "acme", "actor": ADMIN, "participant": portal.ids["ana"]}
        onboard.set_touch(portal.kit, **at, touch="light")
    ana, page = portal.browser("ana"), f"{AT}/people/{portal.ids['ana']}"
    cleo, dora = (f"place.{portal.ids[key]}" for key in ("cleo", "dora"))
    assert "See who fits" in ana.open(page)
    ana.open(f"{page}/mentors")
    ana.send(f"{page}/choices", **{cleo: "2", dora: "1"})
    assert 'name="do" value="take_back"' in ana.open(page)
    told = ana.send(f"{page}/choices", do="take_back")
    assert "Taken back. Nobody else is asked" in told
    assert "Waits for its turn" not in told


def test_a_mentee_reads_who_has_chosen_anew_and_not_that_she_took_it_back(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self", "mentee_capacity": 2})
    at = {"tenant": "acme", "actor": ADMIN, "participant": portal.ids["ana"]}
    onboard.set_capacity(portal.kit, **at, capacity=2)
    ana, staff = portal.browser("ana"), portal.browser("admin")
    page = f"{AT}/people/{portal.ids['ana']}"
    cleo, dora = (f"place.{portal.ids[key]}" for key in ("cleo", "dora"))
    ana.open(f"{page}/mentors")
    ana.send(f"{page}/choices", **{cleo: "1", dora: "2"})
    assert "How did they tell you?" not in ana.open(f"{page}/mentors")
    assert "How did they tell you?" in staff.open(f"{page}/mentors")
    staff.send(f"{page}/choices", means="phone", **{cleo: "1"})
    told = ana.open(page)
    assert "The staff have chosen anew" in told
    assert "told by phone" in told
    assert "Taken back" not in told
    ana.send(f"{page}/choices", **{dora: "1"})
    assert "The staff have chosen anew" not in ana.open(page), "she has chosen Dora again"


@pytest.fixture
def together(portal: Portal) -> Portal:
    """Return the portal with Ana and Cleo connected."""
    at = {"tenant": "acme", "actor": ADMIN}
    made = match.propose(
        portal.kit, **at, mentee=portal.ids["ana"], mentor=portal.ids["cleo"]
    )["id"]  # fmt: skip
    accept.accept(portal.kit, **at, proposal=made)
    return portal


def pair_page(portal: Portal) -> str:
    (held,) = meet.relationships(portal.kit, tenant="acme", actor=ADMIN, program="traders")
    return f"{AT}/relationships/{held['id']}"


def test_the_introduction_stands_on_the_page_of_the_two(together: Portal) -> None:
    ana, cleo = together.browser("ana"), together.browser("cleo")
    about = f"{AT}/people/{together.ids['cleo']}"
    cleo.open(about)
    page = cleo.send(f"{about}/contacts", kind="phone", value="+254 712 345678")
    assert "sees what you share" in page
    page = ana.open(pair_page(together))
    assert 'href="tel:+254712345678"' in page
    assert "Agree on a time within a week" in page
    cleo.open(about)
    cleo.send(f"{about}/contacts", kind="phone", value="")
    assert "254712" not in ana.open(pair_page(together))
    assert "shares no phone number" in ana.page.text


def test_a_contact_that_cannot_be_used_is_told_and_what_was_typed_stays(together: Portal) -> None:
    cleo, about = together.browser("cleo"), f"{AT}/people/{together.ids['cleo']}"
    cleo.open(about)
    page = cleo.send(f"{about}/contacts", 422, kind="whatsapp", value="0712 1")
    assert "country" in page
    assert 'value="0712 1"' in page


def test_staff_note_how_they_heard_what_somebody_shares(together: Portal) -> None:
    cora, about = together.browser("cora"), f"{AT}/people/{together.ids['cleo']}"
    cora.open(about)
    cora.send(f"{about}/contacts", kind="phone", value="+254 712 345678", means="phone")
    with together.kit.transaction(tenant="acme", write=False) as tx:
        (told,) = [e for e in tx.journal.events() if type(e).__name__ == "ContactsShared"]
    assert (told.means, told.role) == ("phone", "coordinator")


def test_words_are_carried_between_the_two_and_not_read_by_staff(together: Portal) -> None:
    ana, path = together.browser("ana"), pair_page(together)
    ana.open(path)
    assert "on its way" in ana.send(f"{path}/write", text="<b>Monday</b> at six?")
    page = together.browser("cleo").open(path)
    assert "&lt;b&gt;Monday&lt;/b&gt; at six?" in page
    cora = together.browser("cora")
    assert "Monday" not in cora.open(path)
    assert cora.send(f"{path}/write", 403, text="From staff.")
    ana.open(path)
    assert "1 to 1000 characters" in ana.send(f"{path}/write", 422, text=" ")


def test_long_lists_are_paged(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from mentorkit.web.pages import relationships

    at = {"tenant": "acme", "actor": ADMIN}
    for mentee, mentor in (("ana", "cleo"), ("ben", "dora"), ("ana", "dora")):
        match.propose(
            portal.kit, **at, mentee=portal.ids[mentee], mentor=portal.ids[mentor]
        )  # fmt: skip

    monkeypatch.setattr(relationships, "MOST", 2)
    cora = portal.browser("cora")
    page = cora.open(f"{AT}/relationships")
    assert page.count("/proposals/") == 2
    cora.open(cora.find(r'href="([^"]*asked_after=[^"]*)"'))
    assert cora.page.text.count("/proposals/") == 1
    assert "More that wait" not in cora.page.text


def test_no_more_stand_on_a_page_than_can_be_ticked_through_on_a_phone(portal: Portal) -> None:
    from mentorkit.web.pages import relationships

    assert relationships.MOST <= 25
    match.propose(
        portal.kit, tenant="acme", actor=ADMIN,
        mentee=portal.ids["ana"], mentor=portal.ids["cleo"],
    )  # fmt: skip
    assert "mk-dense" in portal.browser("cora").open(f"{AT}/relationships")


@pytest.mark.parametrize("typed", ["--5", "²", "9" * 5000, "1e400"])
def test_what_is_no_whole_number_is_told_beside_it(portal: Portal, typed: str) -> None:
    cora = portal.browser("cora")
    cora.open(STRATEGY)
    page = press(cora, "save", 422, **{"criteria.0.weight": typed})
    assert re.search(r'mk-wrong" id="criteria.0-wrong">write a whole number', page)
    cora.open(STRATEGY)
    assert "write a whole number" in press(cora, "save", 422, shortlist=typed)
    cora.open(STRATEGY)
    page = press(cora, "", remove=f"criteria.{typed}")
    assert 'name="criteria.1.name"' in page, "nothing is taken out"


def test_a_list_of_pairs_opened_beyond_its_end_shows_the_last(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mentorkit.web.pages.matching.MOST", 1)
    cora = portal.browser("cora")
    cora.open(f"{AT}/matching")
    cora.send(f"{AT}/matching")

    def listed(begin: str) -> list[str]:
        page = cora.open(f"{AT}/matching?from={begin}")
        return re.findall(r'aria-label="Lock (\w+ and \w+)"', page)

    assert listed("0") == ["Ana and Cleo"]
    assert listed("1") == listed("9" * 9) == ["Ben and Dora"]
    assert listed("9" * 4000) == listed("--5") == listed("0"), "that is no number"


def test_a_wish_is_taken_back_also_while_a_question_about_it_is_open(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    ana, dora, ids = portal.browser("ana"), portal.browser("dora"), portal.ids
    ana.open(f"{AT}/people/{ids['ana']}/mentors")
    ana.send(f"{AT}/proposals", mentee=ids["ana"], mentor=ids["dora"])
    path = ana.page.request.path
    dora.open(path)
    dora.send(path, do="ask", text="How often?")
    assert 'value="withdraw"' not in dora.page.text, "who was asked says no"
    page = ana.open(path)
    assert 'value="reply"' in page
    assert 'value="withdraw"' in page
    assert "It is taken back." in ana.send(path, do="withdraw")
    work(portal.kit)
    assert "Find a mentor" in ana.open("/")
    assert "question" not in dora.open("/")
