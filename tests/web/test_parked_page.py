"""What was given up: coordinators see it on a page, and try it again or drop it there."""

from __future__ import annotations

from typing import Any

import pytest
from web.conftest import ADMIN, Portal

from mentorkit.journey import parked, programs
from mentorkit.worker import work

PAGE = "/programs/traders/parked"


@pytest.fixture
def given_up(create_portal: Any, create_kit: Any) -> Portal:
    """Cora has proposed Ana to Cleo, and nobody could be told of it."""
    portal: Portal = create_portal(kit=create_kit(plugins=("matching", "inbox")))
    at: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN, "program": "traders"}
    programs.define(portal.kit, **at, kind="plugin", key="inbox", body={"enabled": False})
    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    assert work(portal.kit)["dead"] == 1
    programs.define(portal.kit, **at, kind="plugin", key="inbox", body={"enabled": True})
    return portal


def test_the_overview_leads_to_it_and_it_is_sent_when_tried_again(given_up: Portal) -> None:
    cora = given_up.browser("cora")
    assert "promise given up" in cora.open("/programs/traders/")
    assert cora.find(r"/parked\"><strong>1</strong> ([^<]+)</a>") == "promise given up"
    page = cora.open(PAGE)
    for told in ("A message", "Ana", "No channel of the program reaches", "Code: no_channel"):
        assert told in page
    job = cora.find(r'name="job" value="([^"]+)"')
    assert "It is tried again" in cora.send(PAGE, job=job, do="retry")
    assert "Nothing was given up" in cora.open(PAGE)
    assert work(given_up.kit)["done"] == 1
    assert "promise given up" not in cora.open("/programs/traders/")


def test_it_is_dropped_once_that_is_sure(given_up: Portal) -> None:
    cora = given_up.browser("cora")
    cora.open(PAGE)
    job = cora.find(r'name="job" value="([^"]+)"')
    assert "nobody is told" in cora.send(PAGE, job=job, do="drop", ask="yes")
    assert "Code: no_channel" in cora.open(PAGE)
    assert "It never happens" in cora.send(PAGE, job=job, do="drop")
    assert work(given_up.kit)["done"] == 0


def test_all_are_tried_again_at_once(given_up: Portal) -> None:
    cora = given_up.browser("cora")
    cora.open(PAGE)
    assert "It is tried again" in cora.send(PAGE, do="all")
    assert work(given_up.kit)["done"] == 1


def test_where_there_are_many_all_of_them_are_tried_again_above_the_first(
    given_up: Portal,
) -> None:
    at: dict[str, Any] = {"tenant": given_up.tenant, "actor": ADMIN, "program": "traders"}
    programs.define(given_up.kit, **at, kind="plugin", key="inbox", body={"enabled": False})
    cora = given_up.browser("cora")
    cora.open("/programs/traders/")
    ids = given_up.ids
    cora.send("/programs/traders/proposals", mentee=ids["ben"], mentor=ids["dora"])
    assert work(given_up.kit)["dead"] == 1
    page = cora.open(PAGE)
    assert page.count('value="drop"') == 2
    assert page.index('value="all"') < page.index('value="retry"')


def test_what_somebody_else_decides_on_meanwhile_holds_up_none_of_the_others(
    given_up: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = parked.parked

    def early(*args: Any, **named: Any) -> list[dict[str, Any]]:
        return [one for row in seen(*args, **named) for one in ({**row, "id": "gone"}, row)]

    cora = given_up.browser("cora")
    cora.open(PAGE)
    monkeypatch.setattr(parked, "parked", early)
    assert "It is tried again" in cora.send(PAGE, do="all")
    assert work(given_up.kit)["done"] == 1


def test_what_is_done_meanwhile_is_told_on_the_list(given_up: Portal) -> None:
    cora = given_up.browser("cora")
    cora.open(PAGE)
    job, told = cora.find(r'name="job" value="([^"]+)"'), "it may be done by now"
    assert told not in cora.send(PAGE, do="all")
    for typed in ({"do": "drop", "ask": "yes"}, {"do": "drop"}, {"do": "retry"}):
        page = given_up.browser("cora")
        page.open("/programs/traders/")
        answer = page.send(PAGE, 404, job=job, **typed)
        assert told in answer
        assert "What was given up" in answer
        assert "Below is what still waits" not in answer


def test_nobody_else_opens_it(given_up: Portal) -> None:
    for user in ("ana", "vera", None):
        assert given_up.browser(user).knock("GET", PAGE) in (403, 404)
