"""The whole job, in the browser: from a preset to an ended relationship."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from web.conftest import ADMIN, Browser, Portal, create_host, signed_in

from mentorkit.domain.people import Actor
from mentorkit.journey import accept, match, onboard, setup, signup, standing
from mentorkit.kit import Kit
from mentorkit.web import blueprint

MENTORS = b"id,name,email,languages,goals\nm1,Mona,mona@example.org,en,\nm2,Milan,,fr,\n"
MENTEES = b"id,name,email,languages,goals\ne1,Eva,eva@example.org,en,sales\ne2,Ed,,xx,sales\n"


def upload(browser: Browser, role: str, body: bytes) -> str:
    """Take a sheet in as a coordinator does: look at what would change, then say yes."""
    browser.open("/programs/p1/people/import")
    browser.send("/programs/p1/people/import", sheet=(io.BytesIO(body), "people.csv"), role=role)
    kept = browser.find(r'name="kept" value="([^"]+)"')
    return browser.send(
        "/programs/p1/people/import", kept=kept, name="people.csv", role=role, do="import"
    )


def test_a_program_is_run_from_a_preset_to_an_ended_relationship(
    create_kit: Callable[..., Kit], clock: Any
) -> None:
    kit, app = create_kit(plugins=("csv", "matching")), create_host()
    app.register_blueprint(
        blueprint(kit, tenant=lambda: "acme", actor=signed_in), url_prefix="/mentoring"
    )
    admin = Browser(app.test_client(), "admin")
    admin.open("/programs/new")
    page = admin.send("/programs/new", preset="low_touch", key="p1", name="First")
    assert "Recruit mentors first" in page
    assert "Mona" in upload(admin, "mentor", MENTORS)
    told = upload(admin, "mentee", MENTEES)
    assert "xx" in told
    assert "line 3" in told

    admin.open("/programs/p1/people")
    ids = [one["id"] for one in people(kit)]
    assert "3 approved" in admin.send("/programs/p1/people", participant=ids, do="approve")
    assert "agreed" in admin.send(
        "/programs/p1/people", participant=ids, do="consent", means="phone"
    )
    assert "3 can be matched" in admin.send("/programs/p1/people", participant=ids, do="complete")
    admin.open("/programs/p1/")
    admin.send("/programs/p1/open")
    admin.open("/programs/p1/matching")
    page = admin.send("/programs/p1/matching")
    assert "1 pair" in page
    assert "Eva" in page
    run = admin.find(r'matching/([^/"]+)/publish"')
    assert "Waiting for an answer" in admin.send(f"/programs/p1/matching/{run}/publish")

    for key in ("e1", "m1"):
        standing.link(kit, tenant="acme", actor=ADMIN, person=key, user_ref=key)
    eva, mona = Browser(app.test_client(), "e1"), Browser(app.test_client(), "m1")
    assert "There is a proposal for you" in eva.open("/")
    path = eva.find(r'href="(/mentoring/programs/p1/proposals/[^"]+)"')
    assert "Why you may fit" in eva.open(path)
    eva.send(path, do="accept")
    assert "The mentor is asked now" in eva.page.text
    mona.open(path)
    page = mona.send(path, do="accept")
    assert "You and Eva" in page

    clock.forward(days=3)
    path = mona.page.request.path
    mona.open(path)
    day = clock().date().isoformat()
    assert "The meeting is logged" in mona.send(path, do="meet", minutes="75", day=day)
    assert "1 h 15 min" in mona.page.text
    assert "write a whole number" in mona.send(path, 422, do="meet", minutes="-1", day=day)
    eva.open(path)
    assert "Paused" in eva.send(path, do="pause")
    clock.forward(days=1)
    eva.open(path)
    eva.send(path, do="resume")
    assert "It has ended" in eva.send(path, do="end", reason="goal_reached")
    assert "I am done for now" in eva.page.text
    assert "We are looking for a match" in eva.open("/")


def people(kit: Kit) -> list[dict[str, Any]]:
    from mentorkit.journey import screen

    return screen.review(kit, tenant="acme", actor=ADMIN, program="p1")


def test_answers_are_kept_and_what_is_wrong_is_told_beside_them(portal: Portal) -> None:
    ana, path = portal.browser("ana"), f"/programs/traders/people/{portal.ids['ana']}"
    ana.open(path)
    page = ana.send(path, 422, **{"answer.trade": "astronaut", "answer.village": "Wen"})
    assert "is not an option" in page
    assert 'value="Wen"' in page
    page = ana.send(path, **{"answer.trade": "smith", "answer.village": "Wen"})
    assert "Your answers are kept" in page
    assert '<option value="smith" selected>' in page


def test_keeping_what_stands_there_changes_no_number(portal: Portal) -> None:
    at = {"tenant": portal.tenant, "actor": ADMIN}
    asked = {"field": "sales", "kind": "number", "label": "Sales"}
    setup.field(portal.kit, **at, program="traders", **asked)
    ana, own = portal.browser("ana"), portal.ids["ana"]
    path = f"/programs/traders/people/{own}"
    for told in (1234567, 12.3456789, 1e14):
        onboard.answer(portal.kit, **at, participant=own, answers={"sales": told})
        ana.open(path)
        typed = ana.find(r'<input[^>]*name="answer.sales"[^>]*value="([^"]*)"')
        ana.send(path, **{"answer.sales": typed})
        kept = onboard.show(portal.kit, **at, participant=own)["profile"]["sales"]
        assert kept == told


def test_a_number_is_typed_with_a_point_or_a_comma_and_never_guessed(portal: Portal) -> None:
    at = {"tenant": portal.tenant, "actor": ADMIN}
    asked = {"field": "years", "kind": "number", "label": "Years"}
    setup.field(portal.kit, **at, program="traders", **asked)
    ana, own = portal.browser("ana"), portal.ids["ana"]
    path = f"/programs/traders/people/{own}"
    for typed in ("3,5", "3.5"):
        ana.open(path)
        ana.send(path, **{"answer.years": typed})
        kept = onboard.show(portal.kit, **at, participant=own)["profile"]["years"]
        assert kept == 3.5
    page = ana.send(path, 422, **{"answer.years": "1,234"})
    assert "may be 1234 or 1.234; write one of these two" in page
    assert 'value="1,234"' in page
    cora = portal.browser("cora")
    cora.open("/programs/traders/setup")
    cora.send("/programs/traders/setup", 422, do="supply", ratio="1,234")
    cora.open("/programs/traders/supply")
    cora.send("/programs/traders/supply", source="x", amount="12,5", currency="KES")
    assert "12.5" in cora.page.text


def test_the_other_is_asked_a_question_before_the_answer(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    path = cora.page.request.path
    ana, cleo = portal.browser("ana"), portal.browser("cleo")
    ana.open(path)
    assert "on its way" in ana.send(path, do="ask", text="Do you bake bread?")
    assert "Look and answer" in cleo.open("/")
    assert "Look and answer" not in ana.open("/")
    assert "Do you bake bread?" in cleo.open(path)
    cleo.send(path, do="reply", text="Every day.")
    assert "Every day." in ana.open(path)
    page = ana.send(path, do="decline", reason="too_far", text="It is far.")
    assert "Declined" in page
    assert "It is far." not in cleo.open(path)


def test_a_sheet_that_may_tell_of_somebody_who_signed_up_says_so(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("csv", "matching")))
    stranger = Actor(user_ref="stranger", means="form")
    told = {"program": "traders", "role": "mentee", "name": "Eva", "email": "eva@example.org"}
    signup.sign_up(portal.kit, tenant="acme", actor=stranger, **told)
    cora, path = portal.browser("cora"), "/programs/traders/people/import"
    cora.open(path)
    sheet = (io.BytesIO(b"id,name,email\ne1,Eva,eva@example.org\n"), "people.csv")
    assert "These may be here already" in cora.send(path, sheet=sheet, role="mentee")
    kept = cora.find(r'name="kept" value="([^"]+)"')
    page = cora.send(path, kept=kept, name="people.csv", role="mentee", do="import")
    assert "has not proved" in page
    assert "The sheet is taken in" in page


def test_staff_who_answer_for_somebody_leave_how_they_heard(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    path = cora.page.request.path
    cora.send(path, do="accept", on_behalf_of="mentee", means="phone")
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        answered = [e for e in tx.journal.events() if type(e).__name__ == "ProposalAnswered"]
    assert [one.means for one in answered] == ["phone"]


def test_nobody_ticked_is_said(portal: Portal) -> None:
    cora = portal.browser("cora")
    path = "/programs/traders/people?state=active&role=mentee"
    cora.open(path)
    page = cora.send(path, 422, do="consent")
    assert "Tick at least one" in page
    assert "Ana" in page, "the list is there again"
    assert "Cleo" not in page, "and as it was"
    page = cora.send(path, 422, do="dance", participant=portal.ids["ana"])
    assert "Nobody was ticked" not in page
    assert page.count(" checked") == 1, "what was ticked stays ticked"
    assert "Noted: 1 agreed." in cora.send(path, do="consent", participant=portal.ids["ana"])


def test_staff_see_who_fits_somebody_and_propose_one(portal: Portal) -> None:
    cora = portal.browser("cora")
    page = cora.open(f"/programs/traders/people/{portal.ids['ana']}/mentors")
    assert page.index("Cleo") < page.index("Dora")
    assert "same trade" in page.lower()
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    assert "The proposal is on its way" in cora.page.text
    page = cora.open(f"/programs/traders/people/{portal.ids['ana']}/mentors", 409)
    assert "There is no free place" in page


def test_a_mentee_finds_and_asks_a_mentor_where_people_match_themselves(
    create_portal: Callable[..., Portal],
) -> None:
    portal = create_portal(program={"matching": "self"})
    ana = portal.browser("ana")
    assert "Find a mentor" in ana.open("/")
    ana.open(ana.find(r'href="(/mentoring[^"]+/mentors)"'))
    assert "score" not in ana.page.text
    page = ana.send(
        "/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"]
    )
    assert "The mentor is asked now" in page
    assert "There is a proposal for you" in portal.browser("cleo").open("/")


def test_where_staff_match_a_mentee_does_not(portal: Portal) -> None:
    ana = portal.browser("ana")
    assert "Find a mentor" not in ana.open("/")
    ana.open(f"/programs/traders/people/{portal.ids['ana']}/mentors", 403)


def test_a_form_that_says_nothing_known_does_nothing(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    path = cora.page.request.path
    assert "press one of the buttons" in cora.send(path, 422, do="acept")
    cora.open(path)
    assert "You have said yes" in cora.send(path, do="accept")
    path = cora.page.request.path
    assert "press one of the buttons" in cora.send(path, 422, do="ennd")


def test_consent_to_a_text_that_is_no_version_is_asked_again(portal: Portal) -> None:
    ana, path = portal.browser("ana"), f"/programs/traders/people/{portal.ids['ana']}"
    ana.open(path)
    assert "show that one" in ana.send(path, 409, agree="yes", consent_now="abc")


def test_who_asked_may_still_say_no_before_the_reply(portal: Portal) -> None:
    cora, ana = portal.browser("cora"), portal.browser("ana")
    cora.open("/programs/traders/")
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    path = cora.page.request.path
    ana.open(path)
    assert "Say no" in ana.send(path, do="ask", text="Do you bake bread?")
    assert "Declined" in ana.send(path, do="decline", reason="no_time")


def test_a_no_needs_no_reason_and_none_is_chosen_before(portal: Portal) -> None:
    at: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN}
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    made = match.propose(portal.kit, **at, **two)["id"]
    path = f"/programs/traders/proposals/{made}"
    ana = portal.browser("ana")
    ana.open(path)
    reasons = ana.find(r'(<select id="reason".*?</select>)')
    assert 'name="reason"><option value="">Not chosen</option>' in reasons
    assert "selected" not in reasons
    assert "Declined" in ana.send(path, do="decline", reason="")
    assert accept.show(portal.kit, **at, proposal=made)["reason"] == "no_reason_given"


def test_a_new_program_can_be_opened_before_anybody_is_in_it(portal: Portal) -> None:
    admin = portal.browser("admin")
    admin.open("/programs/new")
    page = admin.send("/programs/new", preset="low_touch", key="fresh", name="Fresh")
    assert "Recruit mentors first" in page
    assert "The program is open" in admin.send("/programs/fresh/open")
