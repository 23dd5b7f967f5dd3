"""The pages on which somebody decides about another show what that one has shown of themselves."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from web.conftest import ADMIN, PRESET, Portal

from mentorkit.journey import accept, match, onboard, setup
from mentorkit.kit import Kit

AT = "/programs/traders"
FIELDS: dict[str, Any] = {
    "trade": {
        "kind": "option", "shown": True, "label": {"en": "Trade", "es": "Oficio"},
        "options": {"baker": {"en": "Baking", "es": "Pan"}, "tailor": "Cloth", "smith": "Iron"},
    },
    "tongues": {
        "kind": "options", "shown": True, "label": "Languages",
        "options": {"sw": "Swahili", "en": "English"},
    },
    "free": {"kind": "hours", "shown": True, "label": "Free each week"},
    "years": {"kind": "number", "shown": True, "label": "Years"},
    "online": {"kind": "flag", "shown": True, "label": "Sells online"},
    "about": {"shown": True, "label": "About you"},
    "village": {"kind": "text", "label": "Where you live"},
}  # fmt: skip
ANSWERS = {
    "tongues": ["sw", "en"], "free": "mon 18-20", "years": 1200, "online": "no",
    "about": "I bake.\n<b>For</b> the village.", "village": "Ora, by the mill",
}  # fmt: skip
HEADING = "What {name} has answered"


def by(portal: Portal) -> dict[str, Any]:
    return {"tenant": portal.tenant, "actor": ADMIN}


@pytest.fixture
def telling(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    """A portal in which mentees choose, and Ana and Cleo have answered everything."""
    kit = create_kit(plugins=("matching", "signup"))
    portal = create_portal(kit=kit, fields=FIELDS, program={"matching": "self"})
    for key in ("ana", "cleo"):
        onboard.answer(portal.kit, **by(portal), participant=portal.ids[key], answers=ANSWERS)
    return portal


def ask(portal: Portal) -> str:
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    return str(match.propose(portal.kit, **by(portal), **two)["id"])


def says(page: str, name: str) -> str:
    """Return what a page says under the heading of what somebody shows of themselves."""
    _, heading, behind = page.partition(HEADING.format(name=name))
    assert heading, page
    return behind.split("</dl>")[0]


def test_who_is_asked_reads_each_answer_in_words(telling: Portal) -> None:
    one = ask(telling)
    told = says(telling.browser("ana").open(f"{AT}/proposals/{one}"), "Cleo")
    for words in (
        "<dt>Trade</dt><dd>Baking</dd>", "<dd>Swahili, English</dd>", "<dd>Mon 18-20</dd>",
        "<dd>1,200</dd>", "<dt>Sells online</dt><dd>No</dd>",
        "<dd>I bake.\n&lt;b&gt;For&lt;/b&gt; the village.</dd>",
    ):  # fmt: skip
        assert words in told
    assert "Ora" not in told
    accept.accept(telling.kit, **by(telling), proposal=one, on_behalf_of="mentee")
    told = says(telling.browser("cleo").open(f"{AT}/proposals/{one}"), "Ana")
    assert "<dd>Baking</dd>" in told
    accept.decline(telling.kit, **by(telling), proposal=one)
    for user in ("ana", "cleo", "cora"):
        assert "has answered" not in telling.browser(user).open(f"{AT}/proposals/{one}")


def test_options_and_their_questions_are_in_the_readers_language(telling: Portal) -> None:
    with telling.kit.transaction(tenant="acme") as tx:
        ana = tx.people.get(tx.participants.get(telling.ids["ana"]).person_id)
        tx.people.save(replace(ana, locale="es"))
    page = telling.browser("ana").open(f"{AT}/proposals/{ask(telling)}")
    assert "<dt>Oficio</dt><dd>Pan</dd>" in page
    assert "<dd>lun 18-20</dd>" in page


def test_staff_read_both_folded_away(telling: Portal) -> None:
    page = telling.browser("cora").open(f"{AT}/proposals/{ask(telling)}")
    for name in ("Ana", "Cleo"):
        assert f"<summary>{HEADING.format(name=name)}</summary>" in page


def test_who_chooses_reads_it_folded_away(telling: Portal) -> None:
    page = telling.browser("ana").open(f"{AT}/people/{telling.ids['ana']}/mentors")
    assert f"<summary>{HEADING.format(name='Cleo')}</summary>" in page
    assert "<dd>Swahili, English</dd>" in says(page, "Cleo")
    assert "Ora" not in says(page, "Cleo")
    assert "<dd>Iron</dd>" in says(page, "Dora")


def test_who_chooses_narrows_the_list_to_who_shows_what_they_look_for(telling: Portal) -> None:
    ana, at = telling.browser("ana"), f"{AT}/people/{telling.ids['ana']}/mentors"
    page = ana.open(at)
    form = page.partition('<form class="mk-form" method="get"')[2].partition("</form>")[0]
    assert set(re.findall(r'name="([^"]+)"', form)) == {"where.trade", "where.tongues"}
    page = ana.open(f"{at}?where.trade=baker&where.trade=tailor&where.tongues=sw")
    assert "<h2>Cleo" in page
    assert "<h2>Dora" not in page
    assert "<dt>Trade</dt><dd>Baking, Cloth</dd>" in page
    assert "<dt>Languages</dt><dd>Swahili</dd>" in page
    assert 'value="baker" checked' in page
    assert f'href="/mentoring{at}"' in page
    page = ana.open(f"{at}?where.trade=tailor")
    assert "Nobody who shows that, and fits, has a free place now." in page
    page = ana.open(f"{at}?where.village=Ora&where.nix=1&where.trade=Mars&where.tongues=", 422)
    assert "Where you live: the list cannot be narrowed by this; write one of trade, " in page
    assert "nix: the list cannot be narrowed by this" in page
    assert "Trade: &#39;Mars&#39; is not an option" in page
    assert "<h2>" not in page.partition("</details>")[2]
    cora = telling.browser("cora")
    assert "<h2>Dora" in cora.open(f"{at}?where.trade=smith")


def test_a_narrowed_list_stays_so_when_what_was_chosen_cannot_be(telling: Portal) -> None:
    ana, at = telling.browser("ana"), f"{AT}/people/{telling.ids['ana']}"
    page = ana.open(f"{at}/mentors?where.trade=smith&where.trade=baker")
    to = html.unescape(re.findall(r'id="rank"[^>]* action="/mentoring([^"]+)"', page)[0])
    page = ana.send(to, 422)
    assert "Choose at least one" in page
    assert "<dt>Trade</dt><dd>Baking, Iron</dd>" in page


def test_reasons_keep_full_bullets_in_a_list_of_cards(telling: Portal) -> None:
    ana = telling.browser("ana")
    page = ana.open(f"{AT}/people/{telling.ids['ana']}/mentors")
    assert re.search(r'<ul class="mk-cards">\s*<li(?s:.*?)<ul class="mk-reasons"><li>', page)
    with ana.client.get(f"{ana.at}/static/mentorkit.css") as style:
        assert re.search(r"\.mk-reasons \{[^}]*list-style: disc;", style.text)


def test_the_page_of_a_pair_shows_it_while_it_goes_on(telling: Portal) -> None:
    done = accept.accept(telling.kit, **by(telling), proposal=ask(telling))
    path = f"{AT}/relationships/{done['relationship']['id']}"
    assert "<dd>Baking</dd>" in says(telling.browser("ana").open(path), "Cleo")
    assert "<dd>Baking</dd>" in says(telling.browser("cleo").open(path), "Ana")
    assert "<dd>Baking</dd>" in says(telling.browser("cora").open(path), "Ana")
    telling.browser("ben").open(path, 404)
    ana = telling.browser("ana")
    ana.open(path)
    ana.send(path, do="end", reason="not_a_fit")
    for user in ("ana", "cleo", "cora"):
        assert "has answered" not in telling.browser(user).open(path)


def test_each_question_says_beforehand_that_its_answer_is_shown(telling: Portal) -> None:
    told, count = "Shown to whoever may become your match.", 6
    own = telling.browser("ana").open(f"{AT}/people/{telling.ids['ana']}")
    assert own.count(told) == count
    form = telling.browser().open("/x/signup/traders?as=mentee")
    assert form.count(told) == count
    theirs = telling.browser("cora").open(f"{AT}/people/{telling.ids['ana']}")
    assert theirs.count("Shown to whoever may become their match.") == count


def test_where_nothing_is_shown_no_page_speaks_of_it(portal: Portal) -> None:
    done = accept.accept(portal.kit, **by(portal), proposal=ask(portal))
    ana = portal.browser("ana")
    for path in (
        f"/relationships/{done['relationship']['id']}", f"/proposals/{done['id']}",
        f"/people/{portal.ids['ana']}",
    ):  # fmt: skip
        page = ana.open(AT + path)
        assert "has answered" not in page
        assert "Shown to" not in page


def test_staff_let_a_question_be_shown_and_read_what_that_means(portal: Portal) -> None:
    cora, own = portal.browser("cora"), {"participant": portal.ids["ana"]}
    onboard.answer(portal.kit, **by(portal), **own, answers={"village": "Ora"})
    page = cora.open(f"{AT}/setup")
    assert "Show it first; then let the text that everybody agrees to say so" in page
    was = cora.find(r'name="was" value="(\d+)"')
    sent = {"do": "field", "field": "village", "was": was, "label": "Village"}
    page = cora.send(f"{AT}/setup", **sent, shown="yes")
    assert "shown to a match" in page
    assert re.search(r"[0-9] of those who answered agreed before this was shown", page)
    found = setup.show(portal.kit, **by(portal), program="traders")["fields"]
    assert [one["id"] for one in found if one["shown"]] == ["village"]
    page = cora.send(f"{AT}/setup", **{**sent, "was": str(int(was) + 1)})
    assert "shown to a match" not in page
    assert PRESET["fields"].keys() == {one["id"] for one in found}


def test_a_list_of_many_asks_the_database_for_the_questions_once(telling: Portal) -> None:
    told: list[str] = []
    sa.event.listen(
        telling.kit.engine, "before_cursor_execute", lambda *about: told.append(str(about[2]))
    )
    ana = telling.browser("ana")

    def opened() -> int:
        ana.open(f"{AT}/people/{telling.ids['ana']}/mentors")
        told.clear()
        ana.open(f"{AT}/people/{telling.ids['ana']}/mentors")
        return sum(text.lstrip().startswith("SELECT") for text in told)

    both = opened()
    onboard.pause(telling.kit, **by(telling), participant=telling.ids["dora"])
    assert opened() == both
