"""The page on which coordinators see who is prompted when, and set the manners of prompts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from web.conftest import Portal
from web.test_meeting import by_admin

from mentorkit.journey import plugins

PAGE = "/programs/traders/nudges"


@pytest.fixture
def portal(create_portal: Any, create_kit: Any) -> Portal:
    made: Portal = create_portal(kit=create_kit(plugins=("matching", "checkins", "inbox")))
    return made


def test_the_overview_leads_to_it_and_the_manners_are_set_there(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert "Who is prompted" in cora.open("/programs/traders/")
    page = cora.open(PAGE)
    assert "from 21:00 to 08:00 by their own clock" in page
    assert "more prompts a week than 3" in page
    given = {"quiet_from": "20", "quiet_until": "7", "prompts_a_week": "0", "was": "0"}
    page = cora.send(PAGE, **given)
    assert "from 20:00 to 07:00" in page
    assert "is not limited" in page
    assert "Somebody has changed this" in cora.send(PAGE, 409, **given)


def test_a_plan_of_ones_own_is_shown_with_what_it_leaves_out(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert "Nobody is prompted about these" not in cora.open(PAGE)
    own = [{"awaited": "meeting", "template": "gone_quiet", "channel": "smss"}]
    plugins.change(
        portal.kit, **by_admin(portal), program="traders", plugin="checkins", settings={"plan": own}
    )
    page = cora.open(PAGE)
    assert "No channel is called smss here" in page
    assert "<li>No first meeting yet</li>" in page.partition("Nobody is prompted about these")[2]


def test_what_is_due_may_go_as_one_message(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert "goes as one message" not in cora.open(PAGE)
    given = {"quiet_from": "21", "quiet_until": "8", "prompts_a_week": "3", "was": "0"}
    page = cora.send(PAGE, **given, digest="weekly")
    assert "on Monday morning" in page
    assert '<option value="weekly" selected>' in page
    page = cora.send(PAGE, 422, **{**given, "was": "1"}, digest="hourly")
    assert "In one message" in page


def test_a_number_that_cannot_be_kept_is_told_beside_its_label(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(PAGE)
    given = {"quiet_from": "20", "quiet_until": "7", "prompts_a_week": "999", "was": "0"}
    page = cora.send(PAGE, 422, **given)
    assert "Prompts a week, at most" in page
    assert "whole number from 0 to 100" in page


def test_what_became_of_the_manners_stands_where_the_form_leads(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(PAGE)
    assert cora.find(r'action="([^"]+/nudges[^"]*)"').endswith("/nudges#manners")
    given = {"quiet_from": "20", "quiet_until": "7", "prompts_a_week": "abc", "was": "0"}
    before, _, below = cora.send(PAGE, 422, **given).partition('<h2 id="manners">')
    assert 'role="alert"' not in before
    assert below.index('role="alert"') < below.index("<details") < below.index('value="abc"')
    assert '<details class="mk-card" open>' in below
    page = cora.send(PAGE, **{**given, "prompts_a_week": "5"})
    assert page.index('<h2 id="manners">') < page.index("Kept, as a new version.")
    assert page.count("Kept, as a new version.") == 1


def test_a_plan_is_written_a_step_a_line_and_what_is_wrong_names_its_line(portal: Portal) -> None:
    plugins = "/programs/traders/plugins"
    good = "awaited = meeting; template = gone_quiet; days = 30"
    bad = "awaited = answer; template = gone_quiet; days = x"
    cora = portal.browser("cora")
    assert "One a line." in cora.open(plugins)
    typed = {"plugin": "checkins", "do": "set", "was": "0"}
    page = cora.send(plugins, 422, **typed, **{"checkins.plan": f"{good}\n{bad}"})
    assert "2: days write a whole number" in page
    assert bad in page
    bad = bad.replace("x", "3")
    page = cora.send(plugins, 422, **typed, **{"checkins.plan": f"{good}\n{bad}"})
    assert "2: template has no words for answer" in page
    page = cora.send(plugins, **typed, **{"checkins.plan": good})
    assert good in page


def test_it_shows_who_gets_what_when_and_by_which_plan(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert "Nobody is prompted in this time." in cora.open(PAGE)
    cora.open("/programs/traders/")
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    page = cora.open(PAGE)
    for told in ("prompt to come", "Ana", "(Cleo)", "Your answer is still awaited"):
        assert told in page
    for told in ("An offer waits for an answer", "3 days before it is too late", "after 7 days"):
        assert told in page
    assert "Change the manners" not in portal.browser("vera").open(PAGE)


def test_it_leads_to_the_open_settings_of_the_plugin_that_brings_a_prompt(portal: Portal) -> None:
    cora = portal.browser("cora")
    found = re.search(r'href="(/[^"]*[?&;]open=(\w+)#\2)">Change its settings', cora.open(PAGE))
    assert found
    page = cora.open(found[1].replace("&amp;", "&").partition("/mentoring")[2] or found[1])
    card = page.partition(f'<section class="mk-card" id="{found[2]}"')[2].partition("</section>")[0]
    assert "<details open>" in card
    assert page.count("<details open>") == 1


def test_settings_that_are_kept_stay_open_and_lead_back_to_the_page_that_led_there(
    portal: Portal,
) -> None:
    settings, back = "/programs/traders/plugins", "Back to who is prompted, and when"
    cora = portal.browser("cora")
    assert back not in cora.open(f"{settings}?open=checkins")
    page = cora.open(f"{settings}?back=nudges&open=checkins")
    assert page.count(back) == 1
    typed = {"plugin": "checkins", "do": "set", "was": "0", "back": "nudges"}
    assert back in cora.send(settings, 422, **typed, **{"checkins.answer_days": "x"})
    page = cora.send(settings, **typed, **{"checkins.answer_days": "4"})
    told = "Kept, as a new version."
    card = page.partition('<section class="mk-card" id="checkins"')[2].partition("</section>")[0]
    assert page.count(told) == card.count(told) == card.count("<details open>") == 1
    assert cora.open(cora.find(f'href="([^"]+)">{back}')).count("Change its settings")
    cora.open(settings)
    page = cora.send(settings, plugin="checkins", do="off")
    card = page.partition('<section class="mk-card" id="checkins"')[2].partition("</section>")[0]
    assert "It is switched off in this program" in card
    assert "<details open>" not in page


def test_what_goes_in_the_message_of_another_follows_it_and_is_counted_apart(
    portal: Portal,
) -> None:
    cora = portal.browser("cora")
    cora.open(PAGE)
    given = {"quiet_from": "21", "quiet_until": "8", "prompts_a_week": "3", "was": "0"}
    cora.send(PAGE, **given, digest="daily")
    for mentor in ("cleo", "dora"):
        cora.open("/programs/traders/")
        ids = portal.ids
        cora.send("/programs/traders/proposals", mentee=ids["ana"], mentor=ids[mentor])
    page = cora.open(PAGE)
    assert "<strong>1</strong> of them in the message of another" in page
    assert "kept back" not in page
    rows = re.findall(r"<li><strong>(\S+ \w+)</strong>.*?</li>", page)
    (at,) = (at for at, row in enumerate(re.findall(r"<li><strong>\S+ \w+</strong>.*?</li>", page))
             if "in the same message" in row)  # fmt: skip
    assert rows[at] == rows[at - 1]
    assert rows[at].endswith("Ana")
