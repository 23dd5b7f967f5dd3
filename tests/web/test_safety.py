"""Safety in the browser: a concern from any page or mail, and what staff do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit import worker
from mentorkit.domain.site import Portal as Site
from mentorkit.journey import accept, cases, links, match, programs
from mentorkit.kit import Kit
from mentorkit_inbox.tables import message as inbox

FORM = "/programs/traders/concern"
QUEUE = "/programs/traders/concerns"


def by(portal: Portal) -> dict[str, Any]:
    return {"tenant": portal.tenant, "actor": ADMIN}


def propose(portal: Portal, mentee: str = "ana", mentor: str = "cleo") -> str:
    two = {"mentee": portal.ids[mentee], "mentor": portal.ids[mentor]}
    return str(match.propose(portal.kit, **by(portal), **two)["id"])


def connect(portal: Portal) -> str:
    done = accept.accept(portal.kit, **by(portal), proposal=propose(portal))
    return str(done["relationship"]["id"])


def concerns(portal: Portal) -> list[dict[str, Any]]:
    return cases.queue(portal.kit, **by(portal), program="traders")


def test_f20_a_problem_is_reported_from_a_proposal_and_from_a_relationship(portal: Portal) -> None:
    ana, asked = portal.browser("ana"), propose(portal)
    for page in (f"/programs/traders/proposals/{asked}", None):
        if page is None:
            done = accept.accept(portal.kit, **by(portal), proposal=asked)
            page = f"/programs/traders/relationships/{done['relationship']['id']}"
        assert "Report a problem" in ana.open(page)
        said = ana.open(ana.find(r'href="(/mentoring/programs/traders/concern\?[^"]+)"'))
        assert f'<option value="{portal.ids["cleo"]}" selected>' in said
        assert "Call the emergency number" in said
        assert "Ben" not in said
        noun, _, id = ana.page.request.query_string.decode().partition("=")
        about = {"about": portal.ids["cleo"], noun: id}
        told = ana.send(FORM, kind="money", text="Money!", **about)
        assert "Thank you for telling us" in told
        assert "staff have been told" in told
    rows = concerns(portal)
    assert [one["raised_name"] for one in rows] == ["Ana", "Ana"]
    where = {bool(one["relationship_id"]): one["proposal_id"] for one in rows}
    assert where == {True: None, False: asked}


def test_f20_the_one_it_is_about_sees_no_more_than_an_end(portal: Portal) -> None:
    held = connect(portal)
    ana, cleo = portal.browser("ana"), portal.browser("cleo")
    ana.open(f"{FORM}?relationship={held}")
    done = ana.send(FORM, kind="harassment", about=portal.ids["cleo"], apart="yes")
    assert "kept apart from now on" in done
    assert "We are looking for a match" in ana.open("/")
    pages = [cleo.open("/"), cleo.open(f"/programs/traders/relationships/{held}")]
    cleo.open(QUEUE, 403)
    cleo.open(f"{QUEUE}/{concerns(portal)[0]['id']}", 403)
    for page in pages:
        assert not any(word in page.lower() for word in ("harass", "blocked", "apart", "concern#"))
    assert "Ended" in pages[1]


def test_g8_from_the_link_in_a_mail_without_log_in_and_opening_it_changes_nothing(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]
) -> None:
    kit = create_kit(
        plugins=("matching", "inbox"), site=Site("http://localhost/mentoring"), secret_keys=["s"]
    )
    portal = create_portal(kit=kit)
    asked = propose(portal)
    worker.work(kit)
    with kit.transaction(tenant=portal.tenant, write=False) as tx:
        (message,) = tx.connection.execute(inbox.select()).all()
    path = message.body.split()[-1].removeprefix("http://localhost/mentoring")
    scanner = portal.browser(None)
    for _ in range(3):
        assert "Keep us apart" in scanner.open(path)
    assert concerns(portal) == []
    stranger = portal.browser(None)
    stranger.open(path)
    done = stranger.send(path, kind="unwanted_contact", about=portal.ids["cleo"], apart="yes")
    assert "kept apart from now on" in done
    (one,) = concerns(portal)
    assert (one["raised_name"], one["about"], one["apart"]) == ("Ana", "Cleo", True)
    assert accept.show(kit, **by(portal), proposal=asked)["state"] == "withdrawn"
    scanner.open(path[:-4] + "AAAA", 404)


def test_anybody_may_raise_one_without_an_account(portal: Portal) -> None:
    body = {"en": "Call 1190, day and night."}
    programs.define(portal.kit, **by(portal), program="traders", kind="emergency", body=body)
    stranger = portal.browser(None)
    page = stranger.open(FORM)
    assert "Call 1190" in page
    assert not any(name in page for name in ("Ana", "Cleo", "Cora", 'name="apart"'))
    assert "tell in a few words" in stranger.send(FORM, 422, kind="danger")
    assert '<option value="danger" selected>' in stranger.page.text
    done = stranger.send(FORM, kind="danger", text="The man in the red shop.")
    assert "Call 1190" in done
    stranger.open(FORM)
    done = stranger.send(FORM, kind="unfair", text="Cora is unfair.", about_staff="yes")
    assert "Only whoever operates this portal reads it" in done
    assert "Cora is unfair" not in portal.browser("cora").open(QUEUE)
    assert "the staff" in portal.browser("admin").open(QUEUE)


def test_a_concern_is_kept_whatever_else_was_filled_in(portal: Portal) -> None:
    stranger = portal.browser(None)
    stranger.open(FORM)
    assert "website" not in stranger.page.text
    typed = {"kind": "danger", "text": "The man in the red shop."}
    page = stranger.send(FORM, **typed, website="http://filled.example")
    assert "Thank you for telling us" in page
    assert [one["text"] for one in concerns(portal)] == ["The man in the red shop."]


def test_where_a_problem_is_stands_in_no_case_of_somebody_unnamed(portal: Portal) -> None:
    held, ana = connect(portal), portal.browser("ana")
    for unnamed in ({}, {"anonymous": "yes"}):
        ana.open(f"{FORM}?relationship={held}")
        about = {"about": portal.ids["cleo"], "relationship": held, **unnamed}
        ana.send(FORM, kind="money", text="Money!", **about)
    told = {
        one["raised_name"]: portal.browser("cora").open(f"{QUEUE}/{one['id']}")
        for one in concerns(portal)
    }
    assert "the mentoring of Ana, Cleo" in told["Ana"]
    assert "the mentoring of" not in told[""]
    assert "Ana" not in told[""]
    assert held not in told[""]


def test_staff_take_note_close_and_reopen_a_case(portal: Portal) -> None:
    held = connect(portal)
    ana = portal.browser("ana")
    ana.open(f"{FORM}?relationship={held}")
    about = {"about": portal.ids["cleo"], "relationship": held}
    ana.send(FORM, kind="harassment", text="He shouted.", **about)
    cora, sam = portal.browser("cora"), portal.browser("sam")
    page = cora.open("/programs/traders/")
    assert "nobody has taken it yet" in page
    assert "open concern<" in page
    page = cora.open(QUEUE)
    assert "Harassment" in page
    path = cora.find(r'href="/mentoring(/programs/traders/concerns/[^"]+)"')
    page = cora.open(path)
    assert "He shouted." in page
    assert "Ana" in page
    assert f'relationships/{held}">the mentoring of Ana, Cleo</a></dd>' in page
    assert "The case is yours now" in cora.send(path, do="take")
    sam.open(path)
    assert "taken already" in sam.send(path, 409, do="take")
    assert "write 1 to" in sam.send(path, 422, do="note", note=" ")
    assert "I spoke with Ana." in sam.send(path, do="note", note="I spoke with Ana.")
    assert "We have talked to them" in sam.send(path, do="close", outcome="talked_to")
    assert "back in the queue" in cora.send(path, do="reopen")
    sam.open(path)
    sam.send("/programs/traders/blocks", do="block", person=person(portal, "ana"),
             other=person(portal, "cleo"))  # fmt: skip
    assert "They are kept apart" in sam.page.text
    assert "brought together again" in sam.send(
        "/programs/traders/blocks", person=person(portal, "ana"), other=person(portal, "cleo")
    )
    vera = portal.browser("vera")
    assert "Concerns" not in vera.open("/programs/traders/")
    vera.open(QUEUE, 403)


def person(portal: Portal, key: str) -> str:
    with portal.kit.transaction(tenant=portal.tenant, write=False) as tx:
        return tx.participants.get(portal.ids[key]).person_id


def test_staff_write_down_what_somebody_told_them(portal: Portal) -> None:
    connect(portal)
    cora = portal.browser("cora")
    cora.open(f"/programs/traders/people/{portal.ids['ana']}")
    page = cora.open(cora.find(r'href="(/mentoring/programs/traders/concern\?on_behalf[^"]+)"'))
    assert "You write for Ana" in page
    cora.send(FORM, kind="other", about=portal.ids["cleo"], text="She phoned.", means="phone",
              on_behalf_of=portal.ids["ana"])  # fmt: skip
    assert [(one["raised_name"], one["about"]) for one in concerns(portal)] == [("Ana", "Cleo")]
    ben = portal.browser("ben")
    ben.open(f"{FORM}?on_behalf_of={portal.ids['ana']}", 403)


@pytest.fixture
def listed(create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]) -> Portal:
    """A portal whose program holds texts with certain words."""
    settings = {"words": ["idiot"]}
    return create_portal(
        kit=create_kit(plugins=("matching", "wordlist")),
        plugins={"wordlist": {"settings": settings}},
    )


def test_a_text_that_is_held_is_passed_on_by_staff_or_not(listed: Portal) -> None:
    asked = propose(listed)
    path = f"/programs/traders/proposals/{asked}"
    ana, cleo, cora = (listed.browser(one) for one in ("ana", "cleo", "cora"))
    ana.open(path)
    assert "being looked at" in ana.send(path, do="ask", text="Are you an idiot?")
    assert "Are you an idiot?" in ana.page.text
    cleo.open(path, 404)  # she is not asked yet, and hears of it with the question
    assert "waits for you to pass it on" in cora.open("/programs/traders/")
    page = cora.open(QUEUE)
    assert "Are you an idiot?" in page
    assert "a word of the list" in page
    decide = cora.find(r'action="/mentoring(/programs/traders/contents/[^"]+)"')
    assert "is not passed on" in cora.send(decide, do="refuse")
    ana.open(path)
    ana.send(path, do="ask", text="idiot, again")
    cora.open(QUEUE)
    decide = cora.find(r'action="/mentoring(/programs/traders/contents/[^"]+)"')
    page = cora.send(decide, do="release", ask="yes")
    assert "<blockquote>idiot, again</blockquote>" in page
    assert "Who reads it then, as it stands here: Cleo." in page
    cleo.open(path, 404)
    assert "The text is passed on" in cora.send(decide, do="release")
    assert "idiot, again" in cleo.open(path)
    assert "on its way" in cleo.send(path, do="reply", text="No.")
    ana.open(path)
    ana.send(path, do="ask", text="What an idiot.")
    page = cleo.open(path)
    assert "What an idiot." not in page
    assert "stands still" in page
    assert "Say no" in page
    assert "You have said no" in cleo.send(path, do="decline", reason="not_a_fit")
    assert "No text waits." in cora.open(QUEUE)


def test_a_link_for_something_else_or_for_another_tenant_is_not_there(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]
) -> None:
    kit = create_kit(secret_keys=["s"])
    portal = create_portal(kit=kit)
    given = {"person": person(portal, "ana"), "program": concern_program(portal)}
    for tenant, purpose in (("zebra", "concern"), (portal.tenant, "met")):
        token = links.make(kit, tenant=tenant, purpose=purpose, **given)
        portal.browser(None).open(f"/concern/{token}", 404)


def concern_program(portal: Portal) -> str:
    return str(programs.show(portal.kit, **by(portal), program="traders")[0]["id"])


def test_a_phone_number_in_a_question_waits_and_the_form_says_so_before(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("matching", "wordlist")))
    path, ana = f"/programs/traders/proposals/{propose(portal)}", portal.browser("ana")
    assert "No phone number or address yet" in ana.open(path)
    assert "being looked at" in ana.send(path, do="ask", text="Call me: +254 700 123 456")
    assert "700 123" not in portal.browser("cleo").open(path, 404), "nobody has asked her yet"
    assert "a phone number" in portal.browser("cora").open(QUEUE)


def test_once_connected_two_may_write_each_other_a_number(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("matching", "wordlist")))
    path, ana = f"/programs/traders/relationships/{connect(portal)}", portal.browser("ana")
    ana.open(path)
    assert "on its way" in ana.send(f"{path}/write", text="Call me: +254 700 123 456")
    assert "700 123" in portal.browser("cleo").open(path)


def test_an_author_sees_on_the_page_what_waits_takes_it_back_or_reads_why_not(
    listed: Portal,
) -> None:
    asked = propose(listed)
    path = f"/programs/traders/proposals/{asked}"
    ana, cora = listed.browser("ana"), listed.browser("cora")
    ana.open(path)
    page = ana.send(path, do="ask", text="Are you an idiot?")
    assert "Not passed on yet" in page
    back = ana.find(r'action="/mentoring(/programs/traders/contents/[^"]+/take-back)"')
    page = ana.send(back)
    assert ana.page.request.path == f"/mentoring{path}"
    assert "Taken back. Nobody else reads it." in page
    assert "idiot" not in page
    assert "No text waits." in cora.open(QUEUE)
    ana.send(path, do="ask", text="idiot, again")
    cora.open(QUEUE)
    decide = cora.find(r'action="/mentoring(/programs/traders/contents/[^"]+)"')
    cora.send(decide, do="refuse", note="Please be kind.")
    page = ana.open(path)
    assert "idiot, again" in page
    assert "It was not passed on. Why: Please be kind." in page
    assert "take-back" not in page
    assert "Please be kind" not in listed.browser("cleo").open("/")


def test_an_answer_and_a_word_that_wait_are_taken_back_where_they_were_written(
    listed: Portal,
) -> None:
    ana, held = listed.browser("ana"), connect(listed)
    own, pair = (
        f"/programs/traders/people/{listed.ids['ana']}",
        f"/programs/traders/relationships/{held}",
    )
    ana.open(own)
    ana.send(own, **{"answer.village": "The idiot village"})
    ana.open(pair)
    ana.send(f"{pair}/write", text="You idiot.")
    for page, text in ((own, "The idiot village"), (pair, "You idiot.")):
        assert f"<blockquote>{text}</blockquote>" in ana.open(page)
        ana.send(ana.find(r'action="/mentoring(/programs/traders/contents/[^"]+/take-back)"'))
        assert ana.page.request.path == f"/mentoring{page}"
        assert text not in ana.page.text
