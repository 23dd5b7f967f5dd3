"""Long lists of staff: searched, filtered, and come back to as they were."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from web.conftest import ADMIN, Browser, Portal

from mentorkit import worker
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.journey import accept, match, onboard, programs, protect, recruit, screen, signup
from mentorkit.web.pages import matching

BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
AT = "/programs/traders"


def crowd(portal: Portal, count: int = 60) -> dict[str, str]:
    """Take in so many leads, every third a mentor; return their ids by key."""
    leads = [
        Lead(
            key=f"k{number:02}",
            role="mentor" if number % 3 == 0 else "mentee",
            name=f"Élodie Number{number:02}",
            email=f"k{number:02}@example.org",
            business=Frozen(name=f"Bakery {number:02}"),
        )
        for number in range(count)
    ]
    recruit.receive(portal.kit, **BY, program="traders", leads=leads)
    return {one["key"]: one["id"] for one in screen.review(portal.kit, **BY, program="traders")}


def shown(page: str) -> list[str]:
    """Return who is on a page of people."""
    return re.findall(r"Number(\d\d)</strong>", page)


def sends_to(browser: Browser) -> str:
    """Return where the form around the list sends to."""
    return browser.find(r'<form class="" method="post" action="([^"]+)"')


def test_a_decision_leads_back_to_the_same_part_of_the_list(portal: Portal) -> None:
    ids, cora = crowd(portal), portal.browser("cora")
    first = cora.open(f"{AT}/people?state=lead&role=mentee&search=number")
    assert len(shown(first)) == 40
    page = cora.send(sends_to(cora), participant=[ids["k01"], ids["k02"]], do="wait")
    assert "2 put on the waiting list" in page
    assert shown(page) == shown(first)[2:]
    query = cora.page.request.query_string.decode()
    assert {"state=lead", "role=mentee", "search=number"} < set(query.split("&"))
    page = cora.send(sends_to(cora), 409, participant=[ids["k01"], ids["k04"]], do="wait")
    assert "Not everything was possible: done for 1, not for 1." in page
    assert shown(page) == shown(first)[3:]
    assert "<li>Élodie Number01: " in page, "who is not on this part of the list is named as well"
    cora.open(f"{AT}/people?search=number")
    page = cora.send(sends_to(cora), 409, participant=[ids["k01"], ids["k05"]], do="wait")
    assert re.findall(r'value="([^"]+)" aria-label="Tick [^"]+" checked', page) == [ids["k01"]]


def test_those_who_are_refused_are_read_at_once(portal: Portal) -> None:
    ids, cora, told = crowd(portal), portal.browser("cora"), []
    leads = [id for key, id in ids.items() if key.startswith("k")]
    cora.open(f"{AT}/people?state=lead")
    cora.send(f"{AT}/people?state=lead", participant=leads[:20], do="wait")
    sa.event.listen(
        portal.kit.engine, "before_cursor_execute", lambda *about: told.append(str(about[2]))
    )

    def asked(count: int) -> int:
        cora.open(f"{AT}/people?state=lead")
        told.clear()
        page = cora.send(f"{AT}/people?state=lead", 409, participant=leads[:count], do="wait")
        assert len(re.findall(r"<li>Élodie Number\d\d: ", page)) == count
        return sum("mk__business" in text for text in told)

    assert asked(20) == asked(2)


def test_the_place_in_the_list_stays_and_an_empty_rest_shows_the_beginning(
    portal: Portal,
) -> None:
    ids, cora = crowd(portal), portal.browser("cora")
    cora.open(f"{AT}/people?state=lead")
    rest = shown(cora.open(cora.find(r'href="([^"]+)">More people')))
    assert rest == [f"{number:02}" for number in range(50, 60)]
    page = cora.send(sends_to(cora), participant=[ids["k50"]], do="approve")
    assert shown(page) == rest[1:]
    page = cora.send(sends_to(cora), participant=[ids[f"k{n}"] for n in rest[1:]], do="approve")
    assert "9 approved" in page
    assert shown(page) == [f"{number:02}" for number in range(50)]


def test_people_are_searched_with_a_plain_form_that_keeps_the_filters(portal: Portal) -> None:
    crowd(portal)
    cora = portal.browser("cora")
    cora.open(f"{AT}/people?state=lead&role=mentor")
    form = cora.find(r'(<form class="mk-search" method="get"(?s:.*?)</form>)')
    assert 'name="state" value="lead"' in form
    assert 'name="role" value="mentor"' in form
    for text, keys in (
        ("number03", ["03"]),
        ("ELODIE%20bakery%2009", ["09"]),
        ("k12%40example", ["12"]),
        ("k15", ["15"]),
        ("number04", []),
    ):
        assert shown(cora.open(f"{AT}/people?state=lead&role=mentor&search={text}")) == keys
    assert "Nobody here fits “number04”." in cora.page.text
    page = cora.open(f"{AT}/people?search=%C3%A9lodie")
    assert len(shown(page)) == 50
    page = cora.open(cora.find(r'href="([^"]+)">More people'))
    assert len(shown(page)) == 10
    assert 'name="search" value="élodie"' in page
    assert "search=%C3%A9lodie" in cora.find(r'href="([^"]+)">Mentors<')


def test_only_staff_are_offered_a_search_by_address(portal: Portal) -> None:
    crowd(portal, 3)
    vera = portal.browser("vera")
    assert "Search by name, business or key" in vera.open(f"{AT}/people?search=k01%40example")
    assert shown(vera.page.text) == []


def test_the_list_tells_people_of_one_name_apart(portal: Portal) -> None:
    twin = {"role": "mentee", "name": "Jane Mwangi"}
    leads = [
        Lead(key="j1", email="j1@example.org", business=Frozen(name="Sweet Bread"), **twin),
        Lead(key="j2", email="j2@example.org", **twin),
    ]
    recruit.receive(portal.kit, **BY, program="traders", leads=leads)
    page = portal.browser("cora").open(f"{AT}/people?search=jane")
    assert "Sweet Bread · since March 1, 2027" in page
    assert "j2 · since March 1, 2027" in page


def test_two_of_one_name_who_came_on_one_day_are_told_apart_for_staff(portal: Portal) -> None:
    for email, phone in (
        ("j1@example.org", "+254 700 000 123"),
        ("j2@example.org", "+254 700 004 567"),
        ("j3@example.org", ""),
        ("j4@example.org", "+254 711 004 567"),
    ):
        told = {"name": "Jané Mwangi" if phone else "Jane Mwangi", "email": email, "phone": phone}
        signup.sign_up(
            portal.kit, tenant="acme", actor=Actor(), program="traders", role="mentor", **told
        )
    since, cora = "since March 1, 2027", portal.browser("cora")
    page = cora.open(f"{AT}/people?state=lead")
    ways = ["phone ending in 0123", "j2@example.org", "j3@example.org", "j4@example.org"]
    assert re.findall(rf'"mk-beside">{since} · (.*?)</span>', page) == ways
    page = cora.send(f"{AT}/people", participant=_leads(portal), do="decline", ask="yes")
    for way in ways:
        assert f" Mwangi ({since}, {way})" in page
    page = portal.browser("vera").open(f"{AT}/people?state=lead")
    assert len(re.findall(rf'"mk-beside">{since}</span>', page)) == 4


def _leads(portal: Portal) -> list[str]:
    found = screen.review(portal.kit, **BY, program="traders", state="lead")
    return [one["id"] for one in found]


def namesake(portal: Portal, role: str, name: str, key: str, firm: str | None) -> str:
    """Take in somebody of this name who can be matched; return their id."""
    business = Frozen(name=firm, country="KE") if firm else None
    lead = Lead(
        key=key, role=role, name=name, profile={"trade": "baker"}, business=business,  # type: ignore[arg-type]
        email=f"{key}@example.org",
    )  # fmt: skip
    recruit.receive(portal.kit, **BY, program="traders", leads=[lead])
    found = screen.review(portal.kit, **BY, program="traders", search=key)
    for verb in (screen.approve, onboard.consent, onboard.complete):
        verb(portal.kit, **BY, participant=found[0]["id"])
    return str(found[0]["id"])


def test_people_of_one_name_are_told_apart_wherever_they_are_chosen(portal: Portal) -> None:
    namesake(portal, "mentor", "Cleo", "k-firm", "Sweet Bread")
    namesake(portal, "mentee", "Ana", "k-none", None)
    since, cora = "since March 1, 2027", portal.browser("cora")
    match.draft(portal.kit, **BY, program="traders")
    page = cora.open(f"{AT}/matching")
    chosen = page[page.index('id="by-hand-mentee"') :]
    for told in (f"Ana (ana, {since})", f"Ana (k-none, {since})", f"Cleo (cleo, {since})"):
        assert f"{told}</option>" in chosen
    assert f"Cleo (Sweet Bread, KE, k-firm, {since})</option>" in chosen
    assert "Ben</option>" in chosen
    page = cora.open(f"{AT}/people/{portal.ids['ben']}/mentors")
    assert f"<h2>Cleo (Sweet Bread, KE, k-firm, {since})</h2>" in page
    page = cora.open(f"{AT}/groups/new")
    assert f"Cleo (cleo, {since})</option>" in page
    assert f"(Sweet Bread, KE, k-firm, {since})</span>" in page


def test_people_of_one_name_are_told_apart_wherever_those_together_are_listed(
    portal: Portal, clock: Any
) -> None:
    hello = {"milestones": [{"kind": "hello", "day": 0, "asks": ["mentee"]}]}
    programs.define(portal.kit, **BY, program="traders", kind="targets", body=hello)
    others = [namesake(portal, "mentee", "Ana", f"k{number}", None) for number in (1, 2)]
    for mentee, mentor in ((portal.ids["ana"], "cleo"), (others[0], "dora"), (others[1], "dora")):
        made = match.propose(portal.kit, **BY, mentee=mentee, mentor=portal.ids[mentor])
        if mentee != others[1]:
            for side in ("mentee", "mentor"):
                accept.accept(portal.kit, **BY, proposal=made["id"], on_behalf_of=side)
    since, cora = "since March 1, 2027", portal.browser("cora")
    first, second = f"Ana (ana, {since}), Cleo", f"Ana (k1, {since}), Dora"
    page = cora.open(f"{AT}/relationships")
    assert f'<td data-label="Mentee">Ana (k2, {since})</td>' in page
    for told in (first, second):
        assert f'aria-label="Tick {told}"' in page
        assert f">{told}</a>" in page
    for path in ("/milestones", "/", "/report"):
        worker.work(portal.kit)
        page = cora.open(f"{AT}{path}")
        clock.forward(days=60)  # by then both have never met
        assert f">{first}</a>" in page, path
        assert f">{second}</a>" in page, path


def test_who_reports_somebody_tells_two_of_one_name_apart_and_sees_no_keys(portal: Portal) -> None:
    other = namesake(portal, "mentor", "Cleo", "k-firm", "Sweet Bread")
    for mentee, mentor in (("ana", portal.ids["cleo"]), ("ana", other)):
        made = match.propose(portal.kit, **BY, mentee=portal.ids[mentee], mentor=mentor)
        accept.decline(portal.kit, **BY, proposal=made["id"])
    page = portal.browser("ana").open(f"{AT}/concern")
    assert "Cleo (Mentor) (Sweet Bread, KE, since March 1, 2027)</option>" in page
    assert "Cleo (Mentor) (since March 1, 2027)</option>" in page
    assert "k-firm" not in page


def test_every_page_tells_the_same_number_of_free_places(portal: Portal) -> None:
    programs.define(portal.kit, **BY, program="traders", kind="supply", body={"ratio": 100})
    match.propose(portal.kit, **BY, mentee=portal.ids["ana"], mentor=portal.ids["dora"])
    cora = portal.browser("cora")
    for path in ("/", "/supply"):
        page = " ".join(cora.open(AT + path).split())
        assert "<strong>3</strong> free places with mentors" in page
        assert "<strong>2</strong> mentees without a mentor" in page
        assert "1 of them offered now" in page
    page = cora.open(f"{AT}/matching")
    assert "3 free places with mentors for 2 mentees without one." in page
    assert "Offered already: 1." in page


def test_staff_read_of_the_mentee_and_the_mentor_and_the_two_read_you(portal: Portal) -> None:
    cora, ana, cleo = (portal.browser(name) for name in ("cora", "ana", "cleo"))
    match.draft(portal.kit, **BY, program="traders")
    assert "They have the same trade: baker." in cora.open(f"{AT}/matching")
    assert "You have" not in cora.page.text
    assert "They have the same trade: baker." in cora.open(
        f"{AT}/people/{portal.ids['ana']}/mentors"
    )
    match.publish(portal.kit, **BY, run=match.latest(portal.kit, **BY, program="traders"))
    one = next(
        row["id"]
        for row in match.proposals(portal.kit, **BY, program="traders")
        if row["mentee_id"] == portal.ids["ana"]
    )
    assert "They have the same trade: baker." in cora.open(f"{AT}/proposals/{one}")
    for who in (ana, cleo):
        assert "You have the same trade: baker." in who.open(f"{AT}/proposals/{one}")
        who.send(f"{AT}/proposals/{one}", do="accept")  # and so it is the other's turn


def test_a_lock_leads_back_to_the_same_part_of_the_draft(portal: Portal, monkeypatch: Any) -> None:
    monkeypatch.setattr(matching, "MOST", 1)
    match.draft(portal.kit, **BY, program="traders")
    cora = portal.browser("cora")
    cora.open(f"{AT}/matching?from=1")
    cora.send(cora.find(r'action="([^"]+/lock[^"]*)"'), locked="yes")
    assert cora.page.request.args["from"] == "1"
    assert "The pair is locked" in cora.page.text
    cora.send(cora.find(r'action="([^"]+/remove[^"]*)"'))
    assert "The pair is taken out" in cora.page.text
    assert cora.find(r'(id="pair-)')


def test_lifting_a_block_keeps_the_concerns_that_are_listed(portal: Portal) -> None:
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        two = [tx.participants.get(portal.ids[key]).person_id for key in ("ana", "cleo")]
    protect.block(portal.kit, **BY, person=two[0], other=two[1])
    sam = portal.browser("sam")
    sam.open(f"{AT}/concerns?state=taken")
    path = sam.find(r'action="([^"]+/blocks[^"]*)"')
    assert "may be brought together" in sam.send(path, person=two[0], other=two[1], do="unblock")
    assert sam.page.request.args["state"] == "taken"


def test_a_list_of_one_state_offers_what_can_be_done_in_it(portal: Portal) -> None:
    at = {**BY, "program": "traders"}
    for key in ("zoe", "yan"):
        recruit.receive(portal.kit, **at, leads=[Lead(key=key, role="mentee", name=key.title())])
    ids = {row["key"]: row["id"] for row in screen.review(portal.kit, **at)}
    screen.approve(portal.kit, **BY, participant=ids["zoe"])
    cora = portal.browser("cora")

    def offered(state: str) -> list[str]:
        page = cora.open(f"/programs/traders/people?state={state}")
        return re.findall(r'name="do" value="(\w+)"', page)

    assert offered("lead") == ["approve", "wait", "decline", "consent"]
    assert offered("approved") == ["consent", "complete"]
    assert offered("active") == ["consent"]
    page = cora.open("/programs/traders/people?state=approved")
    assert "still have to agree" in page
    assert "has not agreed yet" in page
    onboard.consent(portal.kit, **BY, participant=ids["zoe"])
    page = cora.open("/programs/traders/people?state=approved")
    assert "agreed on" in page
    assert "has not agreed yet" not in page
