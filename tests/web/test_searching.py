"""Saved searches on the pages: kept on the list of mentors, seen, changed and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, Browser, Portal

from mentorkit.journey import onboard, plugins, setup
from mentorkit.kit import Kit
from mentorkit.worker import work
from mentorkit_searches import searches

AT = "/programs/traders"
FIELDS: dict[str, Any] = {
    "trade": {
        "kind": "option", "shown": True, "label": "Trade",
        "options": {"baker": "Baking", "tailor": "Cloth", "smith": "Iron"},
    },
    "tongues": {
        "kind": "options", "shown": True, "label": "Languages",
        "options": {"sw": "Swahili", "en": "English"},
    },
    "village": {"kind": "text", "label": "Where you live"},
}  # fmt: skip


@pytest.fixture
def looking(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    kit = create_kit(plugins=("matching", "searches"), secret_keys=["secret"])
    return create_portal(kit=kit, fields=FIELDS, program={"matching": "self"})


def page_of(portal: Portal, who: str = "ana") -> str:
    return f"/x/searches/traders/{portal.ids[who]}"


def mentors(portal: Portal, who: str = "ana") -> str:
    return f"{AT}/people/{portal.ids[who]}/mentors"


def look(browser: Browser, search: str) -> str:
    """Follow where a message leads."""
    browser.open(f"/x/searches/traders/look/{search}", 303)
    return browser.open(browser.page.headers["Location"].partition("/mentoring")[2])


def kept(portal: Portal, who: str = "ana") -> list[dict[str, Any]]:
    by = {"tenant": portal.tenant, "actor": ADMIN}
    return searches.listed(portal.kit, **by, participant=portal.ids[who])


def test_what_the_list_is_narrowed_to_is_kept_there(looking: Portal) -> None:
    ana = looking.browser("ana")
    page = ana.open(f"{mentors(looking)}?where.trade=baker&where.trade=smith")
    assert "Hear when somebody new fits this search" in page
    form = page.partition(f'action="/mentoring{page_of(looking)}"')[2].partition("</form>")[0]
    hidden = re.findall(r'type="hidden" name="(where[^"]+)" value="([^"]+)"', form)
    assert hidden == [("where.trade", "baker"), ("where.trade", "smith")]
    sent = {"where.trade": ["baker", "smith"], "every": "daily", "name": "Bread & iron"}
    page = ana.send(page_of(looking), **sent)
    assert "It is kept. You hear when somebody new fits." in page
    assert "<h2>Bread &amp; iron</h2>" in page
    assert "<dt>Trade</dt><dd>Baking, Iron</dd>" in page
    assert "Each day; it looks next on" in page
    (one,) = kept(looking)
    assert (one["where"], one["every"]) == ({"trade": ["baker", "smith"]}, "daily")
    page = ana.open(mentors(looking))
    assert "Hear when somebody new fits you" in page
    assert "Your searches: 1" in page
    page = look(ana, one["id"])
    assert "<dt>Trade</dt><dd>Baking, Iron</dd>" in page
    assert ana.page.request.path.endswith("/mentors")


def test_a_search_is_changed_and_deleted(looking: Portal) -> None:
    ana = looking.browser("ana")
    ana.open(mentors(looking))
    ana.send(page_of(looking), every="weekly", name="")
    (one,) = kept(looking)
    assert one["called"] == "Everybody who fits me"
    change = f"{page_of(looking)}/{one['id']}/change"
    page = ana.open(change)
    assert '<option value="weekly" selected>' in page
    page = ana.send(change, **{"every": "monthly", "name": "", "where.tongues": "sw"})
    assert "It is changed." in page
    assert "<h2>Swahili</h2>" in page
    ana.open(change)
    sent = {"every": "hourly", "name": "x" * 101, "where.tongues": "nix", "where.village": "Ora"}
    page = ana.send(change, 422, **sent)
    for told in (
        "How often you hear of it: write one of daily, weekly, monthly",
        "What you call it: write at most 100 characters; it has 101",
        "Languages: &#39;nix&#39; is not an option",
        "Where you live: the list cannot be narrowed by this",
    ):  # fmt: skip
        assert told in page
    assert kept(looking)[0]["where"] == {"tongues": ["sw"]}
    ana.open(change)
    page = ana.send(change, do="drop")
    assert "It is deleted." in page
    assert "None is kept." in page
    ana.open(change, 404)


def test_the_sixth_is_refused_and_no_form_offers_it(looking: Portal) -> None:
    ana = looking.browser("ana")
    for number in range(5):
        ana.open(mentors(looking))
        ana.send(page_of(looking), every="weekly", name=f"s{number}")
    page = ana.open(mentors(looking))
    assert "Hear when somebody new" not in page
    assert "Your searches: 5" in page
    looking.browser("ben").open(mentors(looking, "ben"))
    page = ana.open(f"{page_of(looking)}/{kept(looking)[0]['id']}/change")
    page = ana.send(page_of(looking), 409, every="weekly", name="six")
    assert "No more than 5 searches are kept." in page
    assert "<h2>s4</h2>" in page


def test_what_is_gone_of_a_search_and_whom_it_found_last_are_told(
    looking: Portal, clock: Any
) -> None:
    by: dict[str, Any] = {"tenant": looking.tenant, "actor": ADMIN}
    onboard.pause(looking.kit, **by, participant=looking.ids["cleo"])
    ana = looking.browser("ana")
    ana.open(mentors(looking))
    sent = {"where.trade": "baker", "where.tongues": ["sw", "en"], "every": "daily", "name": ""}
    ana.send(page_of(looking), **sent)
    setup.field(looking.kit, **by, program="traders", field="tongues", shown=False)
    onboard.resume(looking.kit, **by, participant=looking.ids["cleo"])
    clock.forward(days=1)
    work(looking.kit)
    page = ana.open(page_of(looking))
    assert "This program no longer has: tongues. The search goes on without it." in page
    assert "Found last: Cleo" in page
    (one,) = kept(looking)
    page = ana.open(f"{page_of(looking)}/{one['id']}/change")
    assert "This program no longer has: tongues." in page
    assert "<dt>Trade</dt><dd>Baking</dd>" in look(ana, one["id"])


def test_staff_keep_one_for_somebody_and_others_see_nothing(looking: Portal) -> None:
    cora = looking.browser("cora")
    page = cora.open(mentors(looking))
    assert "Hear when somebody new" not in page, "it is theirs to ask for"
    assert "Searches of Ana" in cora.open(page_of(looking))
    by = {"tenant": looking.tenant, "actor": ADMIN}
    one = searches.save(looking.kit, **by, participant=looking.ids["ana"])["id"]
    page = cora.open(f"{page_of(looking)}/{one}/change")
    assert "It is changed." in cora.send(f"{page_of(looking)}/{one}/change", every="daily")
    ben = looking.browser("ben")
    for path in (page_of(looking), f"{page_of(looking)}/{one}/change"):
        ben.open(path, 404)
    ben.open(f"/x/searches/traders/look/{one}", 404)
    ben.open(f"{page_of(looking, 'ben')}/{one}/change", 404)
    assert looking.browser("cleo").knock("get", page_of(looking)) == 403


def test_where_nobody_looks_for_themselves_nothing_is_offered(looking: Portal) -> None:
    by: dict[str, Any] = {"tenant": looking.tenant, "actor": ADMIN}
    ana = looking.browser("ana")
    onboard.pause(looking.kit, **by, participant=looking.ids["ana"])
    ana.open(mentors(looking), 409)
    ana.open(page_of(looking))
    one = searches.save(looking.kit, **by, participant=looking.ids["ana"])["id"]
    plugins.change(looking.kit, **by, program="traders", plugin="searches", on=False)
    ana.open(page_of(looking), 404)
    ana.open(f"/x/searches/traders/look/{one}", 404)
