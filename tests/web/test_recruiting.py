"""Recruiting, screening and setting up in the browser."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Browser, Portal, create_host, signed_in

from mentorkit.journey import accept, match, onboard, programs, recruit, screen, setup, sources
from mentorkit.kit import Kit
from mentorkit.web import blueprint
from tests.journey.conftest import lead

BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
SHEET = (
    "Nr,Vorname,Mail,Gewerbe,Ort\n1,Eva,eva@example.org,baker,Ora\n2,Fay,fay@example.org,x,Wen\n"
)
AT = "/programs/traders"


def test_columns_are_mapped_looked_at_and_kept(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("csv", "matching")))
    cora, path = portal.browser("cora"), f"{AT}/people/import"
    cora.open(path)
    sheet = (io.BytesIO(SHEET.encode()), "people.csv")
    page = cora.send(path, sheet=sheet, role="mentee")
    assert '<option value="email" selected>' in page
    assert "eva@example.org" in page
    assert page.count("Show what would change</button>") == 1
    assert re.search(r"<details><summary>Another sheet.*Read this sheet instead", page, re.DOTALL)
    kept = {"kept": cora.find(r'name="kept" value="([^"]+)"'), "name": "people.csv"}
    chosen = {"column.0": "ref", "column.1": "name", "column.2": "email", "column.3": "trade"}
    page = cora.send(path, **kept, role="mentee", do="preview", **chosen, **{"column.4": ""})
    assert "people.csv, line 3, column Gewerbe" in page
    assert "Take them in" in page
    page = cora.send(path, **kept, role="mentee", do="import", **chosen, **{"column.4": ""})
    assert "The sheet is taken in" in page
    assert "not read" not in page, "what was left out here was chosen to be"
    rows = screen.review(portal.kit, **BY, program="traders", state="lead")
    assert [(row["name"], row["profile"]) for row in rows] == [("Eva", {"trade": "baker"})]
    cora.open(path)
    page = cora.send(path, sheet=(io.BytesIO(SHEET.encode()), "more.csv"), role="mentee")
    assert "<strong>1</strong> unchanged" in page
    assert '<option value="email" selected>' in page


def test_who_is_in_a_sheet_is_asked_once_and_no_button_named_that_is_not_there(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("csv", "matching")))
    cora, path = portal.browser("cora"), f"{AT}/people/import"
    cora.open(path)
    sheet = "ref,name,trade\n1,Eva,baker\n2,Fay,knight\n"
    page = cora.send(path, 422, sheet=(io.BytesIO(sheet.encode()), "people.csv"), role="")
    assert page.count("Nothing says yet who is in the sheet") == 1
    assert "say who this is" not in page
    kept = {"kept": cora.find(r'name="kept" value="([^"]+)"'), "name": "people.csv"}
    page = cora.send(path, **kept, role="mentee", do="preview")
    assert "Look, then take them in with the button below" in page
    assert "Take them in</button>" in page
    sheet = "ref,name,role\n1,Eva,\n"
    page = cora.send(path, sheet=(io.BytesIO(sheet.encode()), "people.csv"), role="")
    assert "say who this is" in page
    assert "nobody here can be taken in yet" in page
    assert "button below" not in page


def test_rows_are_counted_and_their_messages_stand_under_them(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("csv", "matching")))
    cora, path = portal.browser("cora"), f"{AT}/people/import"
    cora.open(path)
    sheet = (
        "ref,name,born,trade,email\n1,Eva,1990,baker,eva@example.org\n"
        "2,Fay,soon,knight,none\n3,Gil,later,baker,gil@example.org\n"
    )
    page = cora.send(path, sheet=(io.BytesIO(sheet.encode()), "people.csv"), role="mentee")
    assert "<strong>2</strong> left out" in page
    assert re.search(r"<li>people.csv, line 3<ul><li>column [^<]+</li><li>column [^<]+</li>", page)
    assert "<li>people.csv, line 4, column born: " in page


def test_a_pair_is_made_in_a_spreadsheet(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("csv", "matching")))
    cora, path = portal.browser("cora"), f"{AT}/matching/sheet"
    assert "pairs_traders.csv" in _disposition(cora, f"{path}?as=csv")
    body = cora.page.get_data().decode("utf-8-sig")
    lines = body.replace("ana,Ana,,", "ana,Ana,dora,").replace("ben,Ben,,", "ben,Ben,nobody,")
    cora.open(path)
    page = cora.send(path, sheet=(io.BytesIO(lines.encode()), "pairs.csv"))
    assert "line 3, column mentor" in page
    kept = cora.find(r'name="kept" value="([^"]+)"')
    page = cora.send(path, kept=kept, name="pairs.csv", do="draft")
    assert "A new draft is ready. Pairs in it: 1." in page
    assert "Dora" in page


def _disposition(browser: Browser, path: str) -> str:
    browser.open(path)
    return browser.page.headers["Content-Disposition"]


def test_f7_staff_see_what_is_missing_and_what_to_do(portal: Portal) -> None:
    recruit.receive(
        portal.kit, **BY, program="traders",
        leads=[lead(f"n{number}", "mentee", trade="tailor") for number in range(4)],
    )  # fmt: skip
    by = {"by": [{"mentee": "trade", "mentor": "trade"}]}
    programs.define(portal.kit, **BY, program="traders", kind="supply", body=by)
    cora = portal.browser("cora")
    assert "Free places with mentors that are missing before more come in: 2" in cora.open(f"{AT}/")
    page = cora.open(f"{AT}/supply")
    assert "Mentees who sign up go onto the waiting list." in page
    assert "tailor" in page
    assert "6 mentees without one" in cora.open(f"{AT}/matching")
    assert "Usual, and no limit: mentors may name fewer or more." in cora.open(f"{AT}/setup")
    cora.send(f"{AT}/setup", do="supply", ratio="2", gate="yes", mentor_capacity="6")
    cora.send(f"{AT}/setup", do="supply", ratio="0,5", gate="yes", by="trade = trade")
    assert "There are mentors enough" in cora.open(f"{AT}/supply")
    told = setup.show(portal.kit, **BY, program="traders")["supply"]
    assert (told["ratio"], told["mentor_capacity"]) == (0.5, 6), "what the form left out stays"


def test_f6_what_was_spent_is_told_by_connected_pair(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert "Not known" in cora.open(f"{AT}/supply")
    page = cora.send(f"{AT}/supply", 422, source="", amount="much", currency="KES")
    assert "write digits, such as 12 or 3.5; &#39;much&#39; is not a number" in page
    page = cora.send(f"{AT}/supply", 422, source="", amount="67,500", currency="KES")
    assert "may be 67500 or 67.500; write one of these two" in page
    page = cora.send(f"{AT}/supply", source="", amount="120", currency="KES")
    assert "nobody is connected yet" in page
    (row,) = sources.sources(portal.kit, **BY, program="traders")
    assert row["cost"] == "120.00"


def test_f3_a_missing_signoff_is_seen_and_recorded(portal: Portal) -> None:
    cora, cleo = portal.browser("cora"), portal.browser("cleo")
    cora.open(f"{AT}/setup")
    text = "en: Has read the code | sw: Amesoma"
    cora.send(f"{AT}/setup", do="signoff", id="ethics", text=text, roles="mentor", own="yes")
    cora.send(f"{AT}/setup", do="signoff", id="training", text="Took it", roles="mentor")
    assert "sign-off missing: ethics, training" in cora.open(f"{AT}/people")
    path = f"{AT}/people/{portal.ids['cleo']}"
    page = cleo.open(path)
    assert "Has read the code" in page
    assert "Until all are there" in page
    assert "recorded on" in cleo.send(f"{path}/sign", signoff="ethics", signed="yes")
    cleo.send(f"{path}/sign", 403, signoff="training", signed="yes")
    cora.open(path)
    cora.send(f"{path}/sign", signoff="training", signed="yes")
    shown = onboard.show(portal.kit, **BY, participant=portal.ids["cleo"])
    assert [one["by"] for one in shown["signoffs"]] == ["Cleo", "cora"]
    cora.send(f"{path}/sign", signoff="training", signed="no")
    match.draft(portal.kit, **BY, program="traders")
    assert "sign-off missing: training" in cora.open(f"{AT}/people")


def test_s5_staff_decide_with_the_reasons_before_them_and_leave_a_note(portal: Portal) -> None:
    entry = {
        "field": "trade", "test": "equals", "value": "baker", "text": {"en": "Only for bakers."},
    }  # fmt: skip
    setup.listed(portal.kit, **BY, program="traders", kind="requirements", id="bakes", entry=entry)
    recruit.receive(
        portal.kit, **BY, program="traders",
        leads=[lead("eva", "mentee", trade="smith"), lead("fay", "mentee", trade="smith")],
    )  # fmt: skip
    eva, fay = screen.review(portal.kit, **BY, program="traders", state="lead")
    cora, path = portal.browser("cora"), f"{AT}/people/{eva['id']}"
    assert "not met" in cora.open(path)
    page = cora.send(f"{path}/decide", 409, do="approve")
    assert "bakes" in page
    cora.send(f"{path}/decide", do="approve", despite="bakes", note="Bakes at night.")
    path = f"{AT}/people/{fay['id']}"
    cora.open(path)
    cora.send(f"{path}/decide", do="wait", note="Later.")
    cora.send(f"{path}/decide", do="check")
    cora.send(f"{path}/decide", do="decline")
    rows = {row["name"]: row for row in screen.review(portal.kit, **BY, program="traders")}
    assert (rows["Eva"]["state"], rows["Fay"]["state"]) == ("approved", "declined")
    assert rows["Fay"]["reason"] == "bakes"
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        notes = {one.text: one.author_id for one in tx.notes.find()}
        assert set(notes) == {"Bakes at night.", "Later."}
        assert tx.people.get(notes["Later."] or "").name == "cora"


def test_g18_questions_and_options_are_changed_on_a_page(portal: Portal) -> None:
    cora, path = portal.browser("cora"), f"{AT}/setup"
    cora.open(path)
    cora.send(
        path, do="field", field="stage", label="Stage | x", kind="ordered",
        options="idea = Idea\nruns = Runs already", roles="mentee", required="yes",
    )  # fmt: skip
    page = cora.send(path, 422, do="option", field="trade", option="baker", new="yes")
    assert "is there already" in page
    cora.send(path, do="option", field="trade", option="baker", hidden="yes")
    assert "not offered any more" in cora.page.text
    cora.send(path, do="move", field="village", by="earlier")
    shown = setup.show(portal.kit, **BY, program="traders")
    assert [one["id"] for one in shown["fields"]] == ["village", "trade", "stage"]
    assert shown["fields"][1]["hidden"] == ["baker"]
    ana = portal.browser("ana")
    assert '<option value="baker" selected>' in ana.open(f"{AT}/people/{portal.ids['ana']}")
    assert '<option value="baker"' not in portal.browser("ben").open(
        f"{AT}/people/{portal.ids['ben']}"
    )


def test_f4_texts_are_changed_and_asked_again_where_flagged(portal: Portal) -> None:
    cora, ana, path = portal.browser("cora"), portal.browser("ana"), f"{AT}/setup"
    cora.open(path)
    own = f"{AT}/people/{portal.ids['ana']}"
    cora.send(path, do="text", kind="consent", **{"text.en": "Small correction."})
    assert "What everybody agrees to" not in ana.open(own)
    cora.open(path)
    cora.send(path, do="text", kind="consent", again="yes", **{"text.en": "Four hours a month."})
    assert "Four hours a month." in ana.open(own)
    cora.open(path)
    cora.send(path, do="text", kind="referral", **{"text.en": "Ask the chamber."})
    shown = setup.show(portal.kit, **BY, program="traders")["texts"]
    assert shown["referral"] == {"en": "Ask the chamber."}


def test_who_only_reads_sees_the_setup_and_changes_nothing(portal: Portal) -> None:
    vera, ana = portal.browser("vera"), portal.browser("ana")
    page = vera.open(f"{AT}/setup")
    assert "<form" not in page
    assert vera.knock("post", f"{AT}/setup") == 403
    assert ana.knock("get", f"{AT}/setup") == 403
    assert ana.knock("get", f"{AT}/supply") == 403
    assert ana.knock("get", f"{AT}/matching/sheet?as=csv") == 403


def signing_up(create_kit: Callable[..., Kit]) -> tuple[Kit, Any]:
    kit, app = create_kit(plugins=("matching", "signup")), create_host()
    preset = {
        "fields": {"trade": {"options": ["baker", "bank"]}},
        "consent": {"en": "Be kind."},
        "strategy": {"criteria": [{"criterion": "equal", "field": "trade"}]},
        "measurement": {"none": "These tests measure nothing."},
    }
    programs.create(kit, **BY, key="traders", preset=preset)
    app.register_blueprint(
        blueprint(kit, tenant=lambda: "acme", actor=signed_in), url_prefix="/mentoring"
    )
    app.add_url_rule("/", "start", lambda: "the host's own page")
    return kit, app


def test_f6_the_source_of_the_hosts_page_is_kept(create_kit: Callable[..., Kit]) -> None:
    kit, app = signing_up(create_kit)
    client = app.test_client()
    came = {"Referer": "http://localhost/?utm_source=radio&campaign=may"}
    page = client.get("/mentoring/x/signup/traders", headers=came).text
    assert "source=radio" in page
    assert "campaign=may" in page
    away = {"Referer": "http://elsewhere.example/?source=radio"}
    assert "source=radio" not in client.get("/mentoring/x/signup/traders", headers=away).text
    browser = Browser(client, None)
    browser.open("/x/signup/traders?as=mentor&source=radio&campaign=may")
    hidden = {"source": "radio", "campaign": "may"}
    browser.send(
        "/x/signup/traders", **{"as": "mentor"}, name="Mo", email="mo@example.org", **hidden
    )
    (row,) = sources.sources(kit, **BY, program="traders")
    assert (row["source"], row["campaign"], row["leads"]) == ("radio", "may", 1)


def test_f7_the_form_says_why_a_mentee_waits_and_keeps_a_place(
    create_kit: Callable[..., Kit],
) -> None:
    kit, app = signing_up(create_kit)
    programs.open_(kit, **BY, program="traders")
    browser = Browser(app.test_client(), None)
    page = browser.open("/x/signup/traders?as=mentee")
    assert "There are not enough mentors just now." in page
    assert "Put me on the waiting list" in page
    assert "not enough mentors" not in browser.open("/x/signup/traders?as=mentor")
    browser.open("/x/signup/traders?as=mentee")
    typed = {"as": "mentee", "name": "Eva", "email": "eva@example.org", "agreed": "1"}
    assert "You are on the waiting list" in browser.send("/x/signup/traders", **typed)
    (eva,) = screen.review(kit, **BY, program="traders")
    assert (eva["state"], eva["consent_version"], eva["source"]) == ("waiting", 1, "sign-up")


@pytest.mark.parametrize("typed", ["--5", "²", "9" * 5000])
def test_an_option_of_a_check_that_is_no_whole_number_is_told_and_not_kept(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit], typed: str
) -> None:
    cora = create_portal(kit=create_kit(plugins=("matching", "screening"))).browser("cora")
    cora.open(f"{AT}/setup")
    asked = {"about": "check:trading_years", "value": f"at_least = {typed}", "id": "one"}
    page = cora.send(f"{AT}/setup", 422, do="requirement", **asked)
    assert "at_least: write a whole number" in page
    assert "None: everybody may join" in page, "it is not kept"
    asked["value"] = "at_least = 5"
    assert "at_least: 5" in cora.send(f"{AT}/setup", do="requirement", **asked)


def test_who_took_the_wrong_form_is_entered_on_the_other_side_by_staff(portal: Portal) -> None:
    cora, ana = portal.browser("cora"), portal.ids["ana"]
    path = f"{AT}/people/{ana}"
    page = cora.open(path)
    assert "They took the wrong form?" in page
    assert "Enter them as mentor instead" in page
    match.propose(portal.kit, **BY, mentee=ana, mentor=portal.ids["cleo"])
    assert "Take that back first" in cora.send(f"{path}/role", 409, role="mentor", means="phone")
    (made,) = match.proposals(portal.kit, **BY, program="traders")
    accept.withdraw(portal.kit, **BY, proposal=made["id"])
    page = cora.send(f"{path}/role", role="mentor", means="phone")
    assert "Their part here is corrected" in page
    assert "Enter them as mentee instead" in page
    found = onboard.show(portal.kit, **BY, participant=ana)
    assert (found["role"], found["state"]) == ("mentor", "lead")
    assert portal.browser("vera").knock("post", f"{path}/role") in (403, 404)
    assert "They took the wrong form?" not in portal.browser("ana").open(path)
