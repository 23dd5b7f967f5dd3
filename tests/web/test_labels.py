"""Errors on forms name what people see there, never the id of a field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, PRESET, Portal

from mentorkit.domain.participants import Lead
from mentorkit.journey import recruit, screen, setup

BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
AT = "/programs/traders"
FIELDS = {
    **PRESET["fields"],
    "sector_id": {
        "kind": "option",
        "label": {"en": "What you trade in"},
        "options": {"food": "Food", "cloth": {"en": "Cloth and clothes"}},
        "required": True,
    },
    "monthly_hours": {"kind": "number", "label": {"en": "Hours a month"}},
}


@pytest.fixture
def labelled(create_portal: Callable[..., Portal]) -> Portal:
    """A portal to whose people two questions were added later."""
    portal = create_portal()
    for id, field in FIELDS.items():
        if id not in PRESET["fields"]:
            setup.field(portal.kit, **BY, program="traders", field=id, **field)
    return portal


def test_a_wrong_answer_is_told_by_the_question(labelled: Portal) -> None:
    cora, path = labelled.browser("cora"), f"{AT}/people/{labelled.ids['ana']}"
    cora.open(path)
    page = cora.send(path, 422, **{"answer.monthly_hours": "many", "answer.sector_id": "food"})
    assert "<li>Hours a month: " in page
    assert "monthly_hours: " not in page
    assert 'id="answer.monthly_hours-wrong"' in page


def test_what_is_still_missing_is_told_by_the_question(labelled: Portal) -> None:
    lead = Lead(key="eva", role="mentee", name="Eva", profile={"trade": "baker"})
    recruit.receive(labelled.kit, **BY, program="traders", leads=[lead])
    (row,) = screen.review(labelled.kit, **BY, program="traders", state="lead")
    screen.approve(labelled.kit, **BY, participant=row["id"])
    cora = labelled.browser("cora")
    cora.open(f"{AT}/people")
    page = cora.send(f"{AT}/people", 409, participant=[row["id"]], do="complete")
    assert "<li>Eva: Still to be answered: What you trade in." in page


def test_other_forms_name_their_own_labels(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(f"{AT}/supply")
    page = cora.send(f"{AT}/supply", 422, source="", amount="much", currency="K")
    assert "<li>Spent on it in all: write digits" in page
    assert "<li>Currency, in three letters: " in page
    cora.open(f"{AT}/setup")
    page = cora.send(f"{AT}/setup", 422, do="supply", ratio="much", gate="yes", by="")
    assert "<li>Free places wanted for each mentee: write a number" in page
    admin = portal.browser("admin")
    admin.open("/programs/new")
    page = admin.send("/programs/new", 422, name="X", key="No Key!", preset="high_touch")
    assert "<li>Short name in addresses: " in page
    assert "The program cannot be made:" in page
    assert 'id="key-wrong">write small letters' in page
    assert 'aria-describedby="key-help key-wrong" aria-invalid="true"' in page
    page = admin.send("/programs/new", 422, key="far", preset="high_touch", zone="Atlantis")
    assert "The program cannot be made:" in page
    assert "preset cannot be used" not in page
    page = admin.send("/programs/new", 409, key="traders", preset="high_touch")
    assert 'id="key-wrong">There is a program &#39;traders&#39; already.' in page


def test_a_requirement_without_a_text_is_called_by_its_field(labelled: Portal) -> None:
    entry = {"field": "monthly_hours", "test": "at_least", "value": 2}
    setup.listed(labelled.kit, **BY, program="traders", kind="requirements", id="time", entry=entry)
    lead = Lead(key="eva", role="mentee", name="Eva", profile={"sector_id": "food"})
    recruit.receive(labelled.kit, **BY, program="traders", leads=[lead])
    page = labelled.browser("cora").open(f"{AT}/people?state=lead")
    assert "Hours a month (please ask)" in page
    assert "time (please ask)" not in page
    (row,) = screen.review(labelled.kit, **BY, program="traders", state="lead")
    page = labelled.browser("cora").open(f"{AT}/people/{row['id']}")
    asked = 'Hours a month <span class="mk-quiet">(looked at before they are taken in)</span>'
    assert asked in page


def test_who_is_refused_is_named_with_the_requirement_in_words(portal: Portal) -> None:
    text = {"en": "Everybody here is a smith."}
    entry = {"field": "trade", "test": "equals", "value": "smith", "text": text}
    setup.listed(portal.kit, **BY, program="traders", kind="requirements", id="smithy", entry=entry)
    lead = Lead(key="eva", role="mentee", name="Eva", profile={"trade": "baker"})
    recruit.receive(portal.kit, **BY, program="traders", leads=[lead])
    (row,) = screen.review(portal.kit, **BY, program="traders", state="lead")
    cora = portal.browser("cora")
    assert "Everybody here is a smith. (not met)" in cora.open(f"{AT}/people?state=lead")
    page = cora.send(f"{AT}/people?state=lead", 409, participant=[row["id"]], do="approve")
    assert "<li>Eva: Not met: Everybody here is a smith. Decline, or" in page


def test_a_requirement_is_shown_by_question_and_answer(labelled: Portal) -> None:
    for id, entry in (
        ("sells", {"field": "sector_id", "test": "one_of", "value": ["cloth", "food"]}),
        ("time", {"field": "monthly_hours", "test": "at_least", "value": 2}),
    ):
        setup.listed(labelled.kit, **BY, program="traders", kind="requirements", id=id, entry=entry)
    page = labelled.browser("cora").open(f"{AT}/setup")
    assert "What you trade in: is one of Cloth and clothes, Food" in page
    assert "Hours a month: is at least 2 " in page
