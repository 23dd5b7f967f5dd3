"""Work that nobody does: staff are told on every page, with the line that mends it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from web.conftest import ADMIN, Portal

from mentorkit.journey import accept, match
from mentorkit.store import tables
from mentorkit.worker import work


def test_staff_are_told_when_nobody_does_the_work(portal: Portal, clock: Any) -> None:
    cora, at = portal.browser("cora"), "/programs/traders/"
    cora.open(at)
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    assert "nobody runs the work" not in cora.open(at)
    clock.forward(minutes=16)
    for page in ("/", at, f"{at}people", f"{at}matching", f"{at}relationships"):
        assert "more than 15 minutes (1)" in cora.open(page), page
    for user, page in (("ana", "/"), ("vera", at), (None, "/")):
        assert "nobody runs the work" not in portal.browser(user).open(page)
    work(portal.kit)
    assert "nobody runs the work" not in cora.open(at)


def test_staff_are_told_when_work_never_ran_and_only_dates_have_passed(
    portal: Portal, clock: Any
) -> None:
    by: dict[str, Any] = {"tenant": portal.tenant, "actor": ADMIN}
    asked = match.propose(portal.kit, **by, mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    accept.accept(portal.kit, **by, proposal=asked["id"])
    with portal.kit.engine.begin() as connection:
        connection.execute(sa.delete(tables.outbox))
    clock.forward(days=50)  # the check at six to eight weeks should have begun
    assert "more than 15 minutes (1)" in portal.browser("cora").open("/")


def test_the_line_for_cron_names_the_kit_as_the_command_line_does(
    portal: Portal, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    cora.send("/programs/traders/proposals", mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    clock.forward(minutes=16)
    assert "mentorkit --kit MODULE:NAME work</code>" in cora.open("/")
    product = ModuleType("soko_product")
    product.mentoring = portal.kit  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "soko_product", product)
    page = cora.open("/")
    assert (
        "* * * * * cd /path/to/product &amp;&amp; mentorkit --kit soko_product:mentoring work<"
        in page
    )
    assert "mentorkit --kit soko_product:mentoring work --loop" in page
    assert "MODULE:NAME" not in page
