"""The words of messages on the coordinator's pages."""

from __future__ import annotations

import re
from typing import Any

from web.conftest import ADMIN, Portal

from mentorkit.domain.participants import Lead
from mentorkit.journey import onboard, recruit, screen, templates

PATH = "/programs/traders/texts/text"
OFFER = f"{PATH}?template=proposal_offered"


def typed(**more: str) -> dict[str, Any]:
    given = {"template": "proposal_offered", "locale": "en", "do": "save", "was": "0"}
    return {**given, "subject": "A yes?", "body": "Dear {person}\n{answer}\n{link}", **more}


def kept(portal: Portal, locale: str = "en") -> dict[str, Any]:
    at = {"tenant": portal.tenant, "actor": ADMIN, "program": "traders"}
    found: dict[str, Any] = templates.show(portal.kit, **at, template="proposal_offered")
    return dict(found["texts"].get(locale, {}))


def test_messages_are_listed_by_what_they_are_about_in_plain_words(portal: Portal) -> None:
    cora = portal.browser("cora")
    assert "/programs/traders/texts" in cora.open("/programs/traders/setup")
    page = cora.open("/programs/traders/texts")
    for words in ("Being matched", "Somebody is asked for their yes to a match", "English"):
        assert words in page
    assert "proposal_offered</" not in page
    assert "circle" not in page, "nobody is in one here"


def test_a_coordinator_words_a_message_and_puts_the_shipped_words_back(portal: Portal) -> None:
    cora = portal.browser("cora")
    page = cora.open(OFFER)
    assert "do you say yes to mentoring" in page
    assert "The name of whoever reads it" in page
    assert "So it reaches" in page
    page = cora.send(PATH, **typed())
    assert "Kept, as a new version." in page
    assert "Dear Ana" in page
    assert kept(portal)["subject"] == "A yes?"
    page = cora.send(PATH, do="reset", ask="yes", template="proposal_offered", locale="en")
    assert "Put the shipped words back?" in page
    assert kept(portal)["subject"] == "A yes?"
    page = cora.send(PATH, do="reset", template="proposal_offered", locale="en", was="1")
    assert "The shipped words are back." in page
    assert not kept(portal)["own"]


def test_what_is_typed_is_shown_before_it_is_kept(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(OFFER)
    to = portal.ids["cleo"]
    page = cora.send(PATH, **typed(do="preview", body="Dear {person}, <b>", participant=to))
    assert "Dear Cleo, &lt;b&gt;" in page
    assert "It lacks {link}, which the shipped text has" in page
    assert "A yes?" in page
    assert not kept(portal)["own"]


def test_readers_of_one_name_are_told_apart(portal: Portal) -> None:
    by: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN}
    twin = Lead(key="cleo-2", role="mentor", name="Cleo", profile={"trade": "smith"})
    recruit.receive(portal.kit, **by, program="traders", leads=[twin])
    people = screen.review(portal.kit, **by, program="traders")
    (row,) = (one for one in people if one["key"] == "cleo-2")
    for step in (screen.approve, onboard.consent, onboard.complete):
        step(portal.kit, **by, participant=row["id"])
    page = portal.browser("cora").open(OFFER)
    assert re.search(r">Cleo [^<]*cleo-2[^<]* \(Mentor, English\)</option>", page)
    assert ">Dora (Mentor, English)</option>" in page


def test_what_is_wrong_is_said_and_what_was_typed_stays(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(OFFER)
    page = cora.send(PATH, 422, **typed(body="Dear {persn}"))
    assert "{persn} cannot be filled in" in page
    assert "Dear {persn}</textarea>" in page
    page = cora.send(PATH, 422, **typed(subject=" "))
    assert "write a text" in page


def test_the_reader_who_was_chosen_stays_chosen_where_a_text_is_refused(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(OFFER)
    for to in (portal.ids["cleo"], portal.ids["ben"]):
        page = cora.send(PATH, 422, **typed(body="Dear {persn}", participant=to))
        assert f'<option value="{to}" selected>' in page
        assert page.count(" selected>") == 1


def test_only_showing_a_text_leads_to_where_it_is_shown_with_what_is_noted(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(OFFER)
    assert cora.find(r'value="preview" formaction="([^"]+)"').endswith("/texts/text#shown")
    note = "{sender} always stays empty in this message."
    body = "Dear {person}\n{answer}\n{link}\n{sender}"
    page = cora.send(PATH, **typed(do="preview", body=body))
    assert page.index('id="shown"') < page.index(note)
    assert f'<p class="mk-wrong mk-braced">{note}' in page, "a placeholder keeps its small letter"
    page = cora.send(PATH, **typed(body=body))
    assert page.index(note) < page.index('id="shown"')


def test_of_two_coordinators_the_second_is_told_and_loses_nothing(portal: Portal) -> None:
    cora, admin = portal.browser("cora"), portal.browser("admin")
    for one in (cora, admin):
        one.open(OFFER)
    cora.send(PATH, **typed())
    page = admin.send(PATH, 409, **typed(body="Mine {link}"))
    assert "Somebody has changed this since" in page
    assert "Mine {link}</textarea>" in page
    assert "Dear" in kept(portal)["body"]


def test_a_message_is_written_in_a_language_that_reads_from_right_to_left(portal: Portal) -> None:
    cora = portal.browser("cora")
    page = cora.open(f"{OFFER}&locale=ar")
    assert "Nothing is written in this language yet" in page
    assert 'lang="ar" dir="rtl"' in page
    page = cora.send(PATH, **typed(locale="ar", body="مرحباً {person}\n{answer}\n{link}"))
    assert "مرحباً Ana" in page
    assert kept(portal, "ar")["own"]
    cora.send(PATH, 422, **typed(locale="klingon!"))


def test_what_is_no_language_is_refused_before_anything_is_written_in_it(portal: Portal) -> None:
    cora = portal.browser("cora")
    for told in ("zz-bad!", "Arabic"):
        page = cora.open(f"{OFFER}&locale={told}", 422)
        form = page.partition('<details class="mk-card" open>')[2].partition("</details>")[0]
        assert "This is no language that is known" in form
        assert f'value="{told}"' in form
        assert 'name="locale" value="en"' in page
    assert "This is no language" not in cora.open(f"{OFFER}&locale=pt-BR")


def test_whoever_only_reads_changes_no_words(portal: Portal) -> None:
    vera = portal.browser("vera")
    assert "<textarea" not in vera.open(OFFER)
    assert portal.browser("ana").knock("get", OFFER) == 403
    assert vera.knock("post", PATH) == 403
