"""The plugin `screening`: the age of a business, and whether somebody can be reached."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mentorkit.domain.people import Business, Contact, Person
from mentorkit.hooks import Applicant
from mentorkit.testing import RequirementContract
from mentorkit.testing.samples import SampleContext
from mentorkit_screening import Reachable, TradingYears

NOW = datetime(2026, 5, 4, tzinfo=UTC)
PERSON = Person(id="p", tenant="acme", name="Ada", created_at=NOW)


def applicant(started: int | None = None, **contacts: bool) -> Applicant:
    """Return somebody whose business began then, with contacts of kinds, verified or not."""
    business = Business(id="b", tenant="acme", name="Bread", started=started)
    held = tuple(
        Contact(id=kind, tenant="acme", person_id="p", kind=kind, value="x", verified=proved)
        for kind, proved in contacts.items()
    )
    return Applicant(
        role="mentee", profile={}, person=PERSON, business=business if started else None,
        contacts=held,
    )  # fmt: skip


class TestTradingYears(RequirementContract):
    plugin = "screening"
    name = "trading_years"
    applicants = (applicant(2000), applicant(9999), applicant())


class TestReachable(RequirementContract):
    plugin = "screening"
    name = "reachable"
    applicants = (applicant(email=True), applicant(inbox=True), applicant())


def test_years_are_counted_from_the_year_the_business_began() -> None:
    context: Any = SampleContext()
    year = context.now.year
    people = [applicant(year - years) for years in (0, 1, 2, 6)] + [applicant()]
    answer = TradingYears().answer
    assert answer(context, people, {"at_least": 2}) == ["no", "no", "yes", "yes", "ask"]
    young = {"at_least": 0, "at_most": 2}
    assert answer(context, people, young) == ["yes", "yes", "yes", "no", "ask"]


def test_a_verified_contact_may_be_asked_for() -> None:
    context: Any = SampleContext()
    people = [applicant(email=False), applicant(phone=True), applicant(inbox=True), applicant()]
    answer = Reachable().answer
    assert answer(context, people, {}) == ["yes", "yes", "no", "no"]
    assert answer(context, people, {"verified": True}) == ["no", "yes", "no", "no"]
    assert answer(context, people, {"kinds": ["email"]}) == ["yes", "no", "no", "no"]
