"""The plugin `signup`: people join by their own wish, and nobody learns who is here already."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import flask
import pytest

from mentorkit.domain.people import Actor
from mentorkit.journey import programs, screen, setup
from mentorkit.kit import Kit
from mentorkit.web import blueprint

ADMIN = Actor(user_ref="admin", admin=True)
BY: dict[str, Any] = {"tenant": "default", "actor": ADMIN}
PRESET: dict[str, Any] = {
    "title": "Traders and mentors",
    "summary": {"en": "For people who trade."},
    "fields": {
        "trade": {"kind": "option", "options": ["baker", "smith"], "required": True},
        "years": {"kind": "number", "roles": ["mentor"]},
    },
    "requirements": [{"id": "bakes", "field": "trade", "test": "equals", "value": "baker"}],
    "supply": {"gate": False},
    "strategy": {"criteria": [{"criterion": "equal", "field": "trade"}]},
    "measurement": {"none": "These tests measure nothing."},
    "consent": {"en": "We use what you tell us."},
}
ANA = {"as": "mentee", "name": "Ana  Lovi", "email": "Ana@Example.org", "answer.trade": "baker"}


@pytest.fixture
def kit(mentorkit_create_kit: Callable[..., Kit]) -> Kit:
    kit = mentorkit_create_kit(plugins=("matching", "signup"))
    programs.create(kit, **BY, key="traders", preset=PRESET)
    programs.open_(kit, **BY, program="traders")
    return kit


@pytest.fixture
def host(kit: Kit) -> flask.Flask:
    app = flask.Flask("host")
    app.secret_key = "host"

    def signed_in() -> Actor | None:
        user = flask.request.headers.get("X-User")
        return Actor(user_ref=user, admin=user == "admin") if user else None

    app.register_blueprint(blueprint(kit, actor=signed_in), url_prefix="/m")
    return app


def send(host: flask.Flask, user: str | None = None, status: int = 200, **typed: Any) -> str:
    """Open the form and send it, as a person does; return the page that follows."""
    browser, headers = host.test_client(), {"X-User": user} if user else {}
    page = browser.get(f"/m/x/signup/traders?as={typed.get('as', '')}", headers=headers).text
    token = re.search(r'mk_token" value="([^"]+)', page)
    assert token, page
    answer = browser.post(
        "/m/x/signup/traders", data={"mk_token": token[1], **typed}, headers=headers
    )
    assert answer.status_code == status, answer.text
    return answer.text


def test_what_a_requirement_looks_at_is_marked_as_looked_at_and_the_year_of_birth_says_why(
    host: flask.Flask, kit: Kit
) -> None:
    old = {"id": "old", "field": "years", "test": "at_least", "value": 2, "roles": ["mentor"]}
    fields = PRESET["fields"] | {"years": {"kind": "number"}, "tools": {"kind": "text"}}
    more = {**PRESET, "fields": fields, "requirements": [*PRESET["requirements"], old]}
    more["program"] = {"minimum_age": 17}
    programs.create(kit, **BY, key="elders", preset=more)

    def marked(role: str) -> dict[str, set[str]]:
        page = host.test_client().get(f"/m/x/signup/elders?as={role}").text
        assert 'aria-describedby="born-help"' in page
        assert 'id="born-help">Everybody here has to be over 17.</span>' in page
        labels = re.findall(r'<label for="answer\.(\w+)">(.*?)</label>', page)
        assert {name for name, _ in labels} == set(fields)
        return {
            mark: {name for name, label in labels if f"({mark})" in label}
            for mark in ("needed", "looked at before you are taken in")
        }

    marks = {"needed": {"trade"}, "looked at before you are taken in": {"years"}}
    assert marked("mentor") == marks
    assert marked("mentee") == {**marks, "looked at before you are taken in": set()}


def test_who_is_too_young_is_told_at_once_and_so_are_the_staff(host: flask.Flask, kit: Kit) -> None:
    programs.create(kit, **BY, key="adults", preset={**PRESET, "program": {"minimum_age": 18}})
    browser = host.test_client()
    for born, told in ((2008, True), (2007, False)):
        page = browser.get("/m/x/signup/adults?as=mentor").text
        token = re.search(r'mk_token" value="([^"]+)', page)
        assert token
        typed = {"as": "mentor", "name": f"Bo {born}", "email": f"{born}@example.org"}
        typed |= {"mk_token": token[1], "born": str(born), "answer.trade": "baker"}
        page = browser.post("/m/x/signup/adults", data=typed).text
        assert ("may not be the right one for you" in page) is told
        assert ("Everybody here has to be over 18." in page) is told
    young, old = screen.review(kit, **BY, program="adults")
    assert [one["answer"] for one in young["requirements"]] == ["no", "yes"]
    assert young["requirements"][0]["text"]["en"] == "Everybody here has to be over 18."
    assert (young["eligible"], old["eligible"]) == ("no", "yes")
    admin = {"X-User": "admin"}
    page = browser.get("/m/programs/adults/people", headers=admin).text
    assert "Everybody here has to be over 18. (not met)" in page
    page = browser.get(f"/m/programs/adults/people/{young['id']}", headers=admin).text
    assert "Everybody here has to be over 18. <strong>(not met)" in page
    assert 'name="despite"' not in page, "nothing passes over the age"
    assert screen.decline(kit, **BY, participant=young["id"])["reason"] == "minimum_age"


def test_a_sign_up_that_is_sent_twice_counts_once(host: flask.Flask, kit: Kit) -> None:
    browser = host.test_client()
    page = browser.get("/m/x/signup/traders?as=mentee").text
    token = re.search(r'mk_token" value="([^"]+)', page)
    assert token
    form = {"mk_token": token[1], **ANA, "email": "", "phone": "+34600000001"}
    pages = [browser.post("/m/x/signup/traders", data=form).text for _ in range(2)]
    assert "Thank you" in pages[0]
    assert "it counts once" in pages[1]
    assert len(leads(kit)) == 1


def leads(kit: Kit) -> list[dict[str, Any]]:
    return screen.review(kit, **BY, program="traders")


def test_a_visitor_chooses_a_part_then_answers_and_is_a_lead(host: flask.Flask, kit: Kit) -> None:
    start = host.test_client().get("/m/x/signup/traders?source=radio&campaign=may").text
    assert "For people who trade." in start
    assert "as=mentee" in start
    assert "source=radio" in start
    page = send(host, **ANA, source="radio", campaign="may")
    assert "We have received your answers" in page
    (lead,) = leads(kit)
    assert (lead["name"], lead["state"], lead["role"]) == ("Ana Lovi", "lead", "mentee")
    assert (lead["source"], lead["campaign"]) == ("radio", "may")
    assert [(one["requirement"], one["answer"]) for one in lead["requirements"]] == [
        ("bakes", "yes")
    ]


def test_everything_missing_is_told_at_once_and_nothing_typed_is_lost(
    host: flask.Flask, kit: Kit
) -> None:
    page = send(host, status=422, **{"as": "mentor", "name": "Bo", "answer.years": "many"})
    for told in (
        "e-mail address or a phone number",
        "this program needs an answer",
        "not a number",
    ):
        assert told in page
    assert "E-mail: give an e-mail address" in page, "as the form calls it"
    assert 'value="Bo"' in page
    assert 'value="many"' in page
    assert leads(kit) == []


def test_the_same_address_again_shows_and_changes_nothing(host: flask.Flask, kit: Kit) -> None:
    first = send(host, **ANA)
    again = send(host, **{**ANA, "name": "Somebody else", "answer.trade": "smith"})
    assert again == first
    assert [(one["name"], one["profile"]["trade"]) for one in leads(kit)] == [("Ana Lovi", "baker")]


def test_a_user_of_the_host_who_signs_up_sees_where_they_stand(host: flask.Flask, kit: Kit) -> None:
    assert "See where you stand" in send(host, user="ana", **ANA)
    home = host.test_client().get("/m/", headers={"X-User": "ana"}).text
    assert "We have received your answers" in home
    page = send(host, user="ana", status=422, **ANA)
    assert "You take part in this program already" in page
    assert len(leads(kit)) == 1


def test_whoever_fills_in_the_hidden_field_is_asked_once_more_and_loses_nothing(
    host: flask.Flask, kit: Kit
) -> None:
    page = send(host, status=422, **ANA, website="http://spam.example")
    assert "I am a person" in page
    assert 'value="Ana  Lovi"' in page, "what was typed is still there"
    assert leads(kit) == [], "a machine takes part in nothing"
    page = send(host, status=422, **{**ANA, "name": ""}, website="http://ana.example", person="yes")
    assert 'name="person" value="yes" required checked' in page
    assert "received" in send(host, **ANA, website="http://ana.example", person="yes")
    assert len(leads(kit)) == 1


def test_a_draft_takes_mentors_in_first_and_puts_mentees_on_the_waiting_list(
    host: flask.Flask, kit: Kit
) -> None:
    with kit.transaction(tenant=BY["tenant"]) as tx:
        (program,) = tx.programs.find()
        tx.programs.save(replace(program, state="draft"))
    browser, admin = host.test_client(), {"X-User": "admin"}
    for side in ("", "mentee", "mentor"):
        page = browser.get(f"/m/x/signup/traders?as={side}").text
        assert "This program has not begun yet." in page
        assert "not enough mentors" not in page
    assert "The program has not begun yet" in send(host, **ANA)
    assert "We have received your answers" in send(
        host, **{**ANA, "as": "mentor", "email": "bo@example.org"}
    )
    told = {one["role"]: (one["state"], one["reason"]) for one in leads(kit)}
    assert told == {"mentee": ("waiting", "not_open"), "mentor": ("lead", None)}
    page = browser.get("/m/programs/traders/", headers=admin).text
    assert "mentees go onto the waiting list" in page
    assert "Once it is open, you match people" in page
    programs.open_(kit, **BY, program="traders")
    page = browser.get("/m/programs/traders/", headers=admin).text
    assert "Opening it" not in page
    assert "has not begun" not in browser.get("/m/x/signup/traders?as=mentee").text


def test_who_is_to_recruit_is_offered_the_sheet_and_the_address_of_the_form(
    host: flask.Flask, kit: Kit
) -> None:
    browser, admin = host.test_client(), {"X-User": "admin"}
    told = browser.get("/m/programs/traders/", headers=admin).text
    step, _, below = told.partition('<ul class="mk-figures">')
    assert "Recruit mentors first" in step
    assert "/people/import?role=mentor" in step
    assert "/m/x/signup/traders" in step
    assert "/m/x/signup/traders" not in below
    form = browser.get("/m/programs/traders/people/import?role=mentor", headers=admin).text
    assert '<option value="mentor" selected>' in form
    send(host, **{**ANA, "as": "mentor"})
    told = browser.get("/m/programs/traders/", headers=admin).text
    step, _, below = told.partition('<ul class="mk-figures">')
    assert "/m/x/signup/traders" not in step
    assert "/m/x/signup/traders" in below


def test_a_program_takes_in_whom_it_chose(host: flask.Flask, kit: Kit) -> None:
    body = {"settings": {"mentees": False}}
    programs.define(kit, **BY, program="traders", kind="plugin", key="signup", body=body)
    start = host.test_client().get("/m/x/signup/traders").text
    assert "as=mentor" in start
    assert "as=mentee" not in start
    send(host, **{**ANA, "as": "mentor"})
    assert [one["role"] for one in leads(kit)] == ["mentor"]


def test_a_program_that_switched_it_off_has_no_form(host: flask.Flask, kit: Kit) -> None:
    body = {"enabled": False}
    programs.define(kit, **BY, program="traders", kind="plugin", key="signup", body=body)
    assert host.test_client().get("/m/x/signup/traders").status_code == 404
    overview = host.test_client().get("/m/programs/traders/", headers={"X-User": "admin"}).text
    assert "sign-up form" not in overview


def test_a_closed_program_takes_nobody_in(host: flask.Flask, kit: Kit) -> None:
    programs.close(kit, **BY, program="traders")
    assert "takes nobody in" in host.test_client().get("/m/x/signup/traders").text


def test_staff_see_the_address_of_the_form(host: flask.Flask) -> None:
    page = host.test_client().get("/m/programs/traders/", headers={"X-User": "admin"}).text
    assert "http://localhost/m/x/signup/traders" in page


def test_a_program_of_nobody_is_not_found(host: flask.Flask) -> None:
    assert host.test_client().get("/m/x/signup/nothing").status_code == 404


def test_s5_who_does_not_fit_is_told_at_once_whether_known_or_not(
    host: flask.Flask, kit: Kit
) -> None:
    body = {
        "requirements": [
            {
                "id": "bakes", "field": "trade", "test": "equals", "value": "baker",
                "text": {"en": "This program is for bakers."},
            }
        ]
    }  # fmt: skip
    programs.define(kit, **BY, program="traders", kind="requirements", body=body)
    text = {"en": "Ask the guild of smiths."}
    programs.define(kit, **BY, program="traders", kind="referral", body=text)
    smith = {**ANA, "answer.trade": "smith"}
    first = send(host, **smith)
    assert "This program is for bakers." in first
    assert "Ask the guild of smiths." in first
    assert send(host, **smith) == first
    assert len(leads(kit)) == 1


def test_who_has_not_agreed_yet_reads_that_it_is_asked_before_matching_and_how(
    host: flask.Flask, kit: Kit
) -> None:
    body = {"en": "We use what you tell us to find you a mentor."}
    programs.define(kit, **BY, program="traders", kind="consent", body=body)
    form = host.test_client().get("/m/x/signup/traders?as=mentee").text
    assert "You can also agree later, on your page. Nobody is matched before that." in form
    assert "One of the two is enough" in form
    page = send(host, **ANA)
    assert "we ask for it later, and nobody is matched without it" in page
    assert "When we write to you, a link leads you to your page" in page
    assert send(host, **ANA) == page, "an address that is known already shows the same"
    own = send(host, user="eve", **{**ANA, "email": "eve@example.org"})
    assert "You read it and tick it on your page." in own
    agreed = re.search(r'name="agreed" value="([^"]+)"', form)
    assert agreed
    page = send(host, **{**ANA, "email": "bo@example.org", "agreed": agreed[1]})
    assert "You have not agreed yet" not in page


def test_hours_of_a_sign_up_are_told_on_ones_own_clock(host: flask.Flask, kit: Kit) -> None:
    field = {"kind": "hours", "label": "Free each week"}
    setup.take(kit, **BY, program="traders", data={"fields": {**PRESET["fields"], "free": field}})
    form = host.test_client().get("/m/x/signup/traders?as=mentee").text
    assert "A city or a country" in form
    send(host, **ANA, zone="Nairobi", **{"answer.free": "Mon 18-20"})
    (lead,) = leads(kit)
    assert list(lead["profile"]["free"]) == [15, 16]
    page = send(host, status=422, **{**ANA, "zone": "Atlantis", "answer.free": "Mon 18-20"})
    assert 'id="zone-wrong">write a time zone' in page


def test_times_of_a_sign_up_are_kept_as_they_were_told(host: flask.Flask, kit: Kit) -> None:
    field = {"kind": "times", "label": "Free each week"}
    setup.take(kit, **BY, program="traders", data={"fields": {**PRESET["fields"], "free": field}})
    form = host.test_client().get("/m/x/signup/traders?as=mentee").text
    assert "A city or a country" in form
    assert "Such as: Mon 18:15-20; Thu 7-9." in form
    send(host, **ANA, zone="Nairobi", **{"answer.free": "Mon 6:15pm-8pm"})
    (lead,) = leads(kit)
    assert list(lead["profile"]["free"]) == ["mon 18:15-20:00"]


# ------------------------------------------------------------------------------ cohorts

DATED: tuple[dict[str, Any], ...] = (
    {"key": "winter", "name": "Winter", "starts": "2026-12-01", "ends": "2027-02-20"},
    {"key": "early", "starts": "2027-03-10", "ends": "2027-06-01", "closes": "2027-02-28"},
    {"key": "spring", "name": "Spring", "starts": "2027-03-15", "ends": "2027-06-07",
     "closes": "2027-03-01", "places": 1},
    {"key": "autumn", "name": "Autumn", "starts": "2027-09-06", "ends": "2027-11-29"},
)  # fmt: skip
"""Of these one is over and one closed on the first of March 2027, when these tests are."""


@pytest.fixture
def dated(kit: Kit) -> Kit:
    kit.clock = lambda: datetime(2027, 3, 1, 9, tzinfo=UTC)
    for one in DATED:
        programs.define(kit, **BY, program="traders", kind="cohort", key=one["key"], body=one)
    return kit


def opened(host: flask.Flask, query: str) -> str:
    return host.test_client().get(f"/m/x/signup/traders?{query}").text


def test_an_open_cohort_is_chosen_and_a_link_names_one(host: flask.Flask, dated: Kit) -> None:
    page = opened(host, "as=mentee")
    assert "Spring (March 15, 2027 – June 7, 2027)" in page
    assert 'value="autumn"' in page
    assert "winter" not in page
    assert "early" not in page
    assert "selected" not in page.split('id="cohort"')[1].split("</select>")[0]
    assert "cohort=autumn" in opened(host, "cohort=autumn")
    assert '<option value="autumn" selected>' in opened(host, "as=mentee&cohort=autumn")
    assert "received" in send(host, **ANA, cohort="autumn")
    assert "received" in send(host, **{**ANA, "email": "bo@example.org"}, cohort="")
    assert sorted(str(row["cohort"]) for row in leads(dated)) == ["None", "autumn"]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("winter", "the cohort winter ended on 2027-02-20; choose another"),
        ("early", "the cohort early took people in until 2027-02-28; choose another"),
        ("summer", "there is no cohort &#39;summer&#39;; there are: winter, early, spring, autumn"),
    ],
)
def test_a_cohort_that_is_over_closed_or_unknown_is_refused(
    host: flask.Flask, dated: Kit, key: str, told: str
) -> None:
    page = opened(host, f"as=mentee&cohort={key}")
    assert "takes nobody in any more. Choose another below." in page
    page = send(host, status=422, **ANA, cohort=key)
    assert told in page.split('id="cohort-wrong">')[1].split("</p>")[0]
    assert 'value="Ana  Lovi"' in page
    assert leads(dated) == []


def test_a_full_cohort_is_closed_to_mentees_and_open_to_mentors(
    host: flask.Flask, dated: Kit
) -> None:
    send(host, **ANA, cohort="spring")
    second = {**ANA, "email": "bo@example.org", "name": "Bo"}
    assert 'value="spring"' not in opened(host, "as=mentee")
    assert 'value="spring"' in opened(host, "as=mentor")
    assert "the cohort spring is full" in send(host, status=422, **second, cohort="spring")
    send(host, **{**second, "as": "mentor"}, cohort="spring")
    (first,) = (row for row in leads(dated) if row["name"] == "Ana Lovi")
    screen.decline(dated, **BY, participant=first["id"], reason="other")
    send(host, **{**second, "email": "cy@example.org", "name": "Cy"}, cohort="spring")
    assert [row["cohort"] for row in leads(dated)] == ["spring"] * 3


def test_where_no_cohort_is_open_one_signs_up_for_none(host: flask.Flask, dated: Kit) -> None:
    dated.clock = lambda: datetime(2028, 3, 1, 9, tzinfo=UTC)
    page = opened(host, "as=mentee&cohort=autumn")
    assert "You can sign up all the same" in page
    assert 'id="cohort"' not in page
    send(host, **ANA)
    assert [row["cohort"] for row in leads(dated)] == [None]


def test_without_cohorts_nothing_is_asked_and_a_link_changes_nothing(
    host: flask.Flask, kit: Kit
) -> None:
    assert opened(host, "as=mentee&cohort=spring").count("cohort") == 0
    overview = host.test_client().get("/m/programs/traders/", headers={"X-User": "admin"}).text
    assert "For the cohort" not in overview


def test_staff_see_a_link_for_each_open_cohort(host: flask.Flask, dated: Kit) -> None:
    page = host.test_client().get("/m/programs/traders/", headers={"X-User": "admin"}).text
    assert "For the cohort Autumn:" in page
    assert "http://localhost/m/x/signup/traders?cohort=autumn" in page
    assert "cohort=winter" not in page


def test_a_mentor_says_how_many_mentees_at_once(host: flask.Flask, kit: Kit) -> None:
    bo = {"as": "mentor", "name": "Bo", "email": "bo@example.org", "answer.trade": "baker"}
    page = host.test_client().get("/m/x/signup/traders?as=mentor").text
    assert re.search(r'<input id="capacity"[^>]* min="1" max="50" value="1"', page)
    assert 'name="capacity"' not in host.test_client().get("/m/x/signup/traders?as=mentee").text
    for wrong in ("0", "51", "two"):
        told = send(host, status=422, **bo, capacity=wrong)
        assert "How many people at once: write a whole number from 1 to 50" in told
        assert f'value="{wrong}"' in told
    send(host, **bo, capacity="4")
    send(host, **{**bo, "name": "Cy", "email": "cy@example.org"}, capacity="")
    send(host, **ANA)
    assert {one["name"]: one["capacity"] for one in leads(kit)} == {"Bo": 4, "Cy": 1, "Ana Lovi": 1}


def test_the_form_proposes_the_places_of_a_circle_where_the_program_says_how_many(
    kit: Kit, host: flask.Flask
) -> None:
    body = {"gate": False, "mentor_capacity": 6}
    programs.define(kit, **BY, program="traders", kind="supply", body=body)
    page = host.test_client().get("/m/x/signup/traders?as=mentor").text
    assert re.search(r'name="capacity"[^>]* value="6"', page)
