"""On whose clock people tell and read times: their own, else the program's, and which it is."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from web.conftest import ADMIN, PRESET, Portal
from web.test_meeting import by_admin, connect

from mentorkit.domain.participants import Lead
from mentorkit.i18n import ahead, format_day, format_moment, zone_named
from mentorkit.journey import match, meet, met, onboard, programs, recruit, screen
from mentorkit.kit import Kit
from mentorkit.web import answers

SUMMER = datetime(2027, 7, 1, tzinfo=UTC)
HOURS = {"fields": {**PRESET["fields"], "free": {"kind": "hours", "label": "Free each week"}}}


@pytest.fixture
def nairobi(create_portal: Callable[..., Portal]) -> Portal:
    return create_portal(**HOURS, program={"zone": "Africa/Nairobi"})


def kept(portal: Portal, who: str) -> Any:
    shown = onboard.show(portal.kit, **by_admin(portal), participant=portal.ids[who])
    return next(one["value"] for one in shown["questions"] if one["id"] == "free")


def test_hours_are_told_on_the_programs_clock_and_kept_in_utc(nairobi: Portal) -> None:
    own, ana = f"/programs/traders/people/{nairobi.ids['ana']}", nairobi.browser("ana")
    page = ana.open(own)
    assert 'name="zone" value="Africa/Nairobi"' in page
    assert "On the clock of the time zone below" in page
    page = ana.send(own, zone="Africa/Nairobi", **{"answer.free": "Mon 18-20; Thu 1-3"})
    assert 'value="Mon 18-20; Thu 1-3"' in page, "it is read as it was written"
    assert kept(nairobi, "ana") == [15, 16, 70, 71], "Monday 15 and 16, Wednesday 22 and 23 in UTC"
    page = nairobi.browser("cora").open(own)
    assert 'value="Mon 18-20; Thu 1-3"' in page


def test_times_are_kept_on_the_clock_they_were_told_on_and_old_hours_of_utc_are_shown_on_it(
    create_portal: Callable[..., Portal],
) -> None:
    free = {"kind": "times", "label": "Free each week"}
    nairobi = create_portal(
        fields={**PRESET["fields"], "free": free}, program={"zone": "Africa/Nairobi"}
    )
    own, ana = f"/programs/traders/people/{nairobi.ids['ana']}", nairobi.browser("ana")
    page = ana.open(own)
    assert "Such as: Mon 18:15-20; Thu 7-9. On the clock of the time zone below" in page
    page = ana.send(own, zone="Africa/Nairobi", **{"answer.free": "Mon 18:15-20; Thu 1-3"})
    assert 'value="Mon 18:15-20:00; Thu 01:00-03:00"' in page
    assert kept(nairobi, "ana") == ["mon 18:15-20:00", "thu 01:00-03:00"]
    onboard.answer(
        nairobi.kit, **by_admin(nairobi), participant=nairobi.ids["ana"], answers={"free": [15, 16]}
    )
    assert 'value="Mon 18-20"' in ana.open(own)


def test_whoever_lives_elsewhere_says_so_by_a_city_or_a_country(nairobi: Portal) -> None:
    own, ana = f"/programs/traders/people/{nairobi.ids['ana']}", nairobi.browser("ana")
    ana.open(own)
    page = ana.send(own, zone="nigeria", **{"answer.free": "Mon 18-20"})
    assert 'name="zone" value="Africa/Lagos"' in page
    assert kept(nairobi, "ana") == [17, 18]
    page = ana.send(own, 422, zone="Atlantis", **{"answer.free": "Mon 18-20"})
    assert 'id="zone-wrong">write a time zone' in page
    assert 'value="Mon 18-20"' in page
    page = ana.send(own, 422, zone="Lagos", **{"answer.free": "after six"})
    assert 'value="after six"' in page


@pytest.mark.parametrize(
    ("zone", "hours", "kept"),
    [
        ("UTC", "Mon 18-20", [18, 19]),
        ("Asia/Kolkata", "Mon 18-20", [13, 14]),  # half past six there: never before they are free
        ("America/New_York", "Sun 22-24", [2, 3]),
        ("Pacific/Auckland", "Mon 8-9", [164]),
        ("Nowhere", "Mon 18-20", "Mon 18-20"),
        ("Africa/Lagos", "sometimes", "sometimes"),
    ],
)
def test_hours_of_any_clock_come_back_as_they_were_told(zone: str, hours: str, kept: Any) -> None:
    question = {"id": "free", "kind": "hours", "separator": ";"}
    told = answers.in_utc([question], {"free": hours}, zone, SUMMER)
    assert told == {"free": kept}
    if isinstance(kept, list):
        value = {**question, "value": kept}
        assert answers.as_typed(value, ahead(zone, SUMMER)) == hours


@pytest.mark.parametrize(
    ("named", "zone"),
    [
        ("Africa/Nairobi", "Africa/Nairobi"),
        ("  nairobi ", "Africa/Nairobi"),
        ("new york", "America/New_York"),
        ("Kenya", "Africa/Nairobi"),
        ("Kenia", "Africa/Nairobi"),
        ("Brazil", "Brazil"),
        ("", ""),
    ],
)
def test_a_zone_is_named_by_a_city_or_a_country_that_has_but_one(named: str, zone: str) -> None:
    assert zone_named(named, "es") == zone


def test_a_time_says_where_its_clock_is() -> None:
    told = format_moment(SUMMER, zone="Africa/Nairobi", locale="es")
    assert told == "jue, 1 jul 2027, 3:00 (Nairobi)"


def test_whoever_comes_by_a_sheet_lives_by_the_programs_clock_until_they_say(
    nairobi: Portal,
) -> None:
    at = {**by_admin(nairobi), "program": "traders"}
    recruit.receive(
        nairobi.kit, **at, leads=[Lead(key="zoe", role="mentee", name="Zoe"),
                                  Lead(key="yan", role="mentee", name="Yan", zone="Asia/Tokyo")],
    )  # fmt: skip
    ids = {row["key"]: row["id"] for row in screen.review(nairobi.kit, **at)}
    for key, zone in (("zoe", "Africa/Nairobi"), ("yan", "Asia/Tokyo")):
        shown = onboard.show(nairobi.kit, **by_admin(nairobi), participant=ids[key])
        assert shown["zone"] == zone


def test_hours_of_a_sheet_are_of_the_clock_that_the_same_words_are_of_in_a_form(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(
        **HOURS, kit=create_kit(plugins=("csv", "matching")), program={"zone": "Africa/Nairobi"}
    )
    cora, path = portal.browser("cora"), "/programs/traders/people/import"
    cora.open(path)
    rows = "ref,trade,free,time zone\nzoe,baker,Tue 9-11,\nyan,baker,Tue 9-11,Asia/Tokyo\n"
    sheet = (io.BytesIO(rows.encode()), "people.csv")
    cora.send(path, sheet=sheet, role="mentee", do="import")
    for row in screen.review(portal.kit, **by_admin(portal), program="traders", state="lead"):
        page = cora.open(f"/programs/traders/people/{row['id']}")
        assert 'name="answer.free" value="Tue 9-11"' in page
        assert row["profile"]["free"] == {"zoe": [30, 31], "yan": [24, 25]}[row["key"]]


def test_a_meeting_is_of_the_day_on_the_clock_of_whoever_logs_it(
    nairobi: Portal, clock: Any
) -> None:
    onboard.set_zone(
        nairobi.kit, **by_admin(nairobi), participant=nairobi.ids["ana"], zone="Pacific/Honolulu"
    )
    path = f"/programs/traders/relationships/{connect(nairobi)}"
    clock.forward(days=3)
    ana, day = nairobi.browser("ana"), (clock() - timedelta(days=2)).date().isoformat()
    ana.open(path)
    ana.send(path, do="meet", minutes="60", day=day)
    (one,) = meet.meetings(nairobi.kit, **by_admin(nairobi), relationship=path.split("/")[4])
    assert one["held_at"] == f"{day}T22:00:00+00:00", "noon in Honolulu"


def test_a_meeting_on_the_first_day_can_be_logged_on_that_day_and_the_next(
    portal: Portal, clock: Any
) -> None:
    clock.forward(hours=23 - clock().hour)
    path, day = f"/programs/traders/relationships/{connect(portal)}", clock().date().isoformat()
    clock.forward(minutes=30)
    ana = portal.browser("ana")
    ana.open(path)
    assert "The meeting is logged" in ana.send(path, do="meet", minutes="30", day=day)
    clock.forward(days=1)
    ana.open(path)
    assert "The meeting is logged" in ana.send(path, do="meet", minutes="20", day=day)


def test_a_meeting_on_the_first_day_is_logged_for_many_on_the_clock_of_the_program(
    create_portal: Callable[..., Portal], clock: Any
) -> None:
    honolulu = create_portal(program={"zone": "Pacific/Honolulu"})
    day = clock().date()
    clock.forward(hours=26 - clock().hour)  # of the day before, in Honolulu
    held = connect(honolulu)
    clock.forward(days=1)
    cora, path = honolulu.browser("cora"), "/programs/traders/relationships"
    cora.open(path)
    typed: dict[str, Any] = {"relationship": [held], "do": "meet", "minutes": "30"}
    assert "A meeting is logged for 1." in cora.send(path, **typed, day=day.isoformat())
    before = (day - timedelta(days=1)).isoformat()
    assert "before the day on which" in cora.send(path, 409, **typed, day=before)


def test_a_meeting_on_the_first_day_is_logged_by_the_link(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Any], clock: Any
) -> None:
    portal = create_portal(kit=create_kit(secret_keys=["s"]))
    at = {"tenant": portal.tenant, "actor": ADMIN}
    clock.forward(hours=20 - clock().hour)
    held, day = connect(portal), clock().date().isoformat()
    made = met.link(portal.kit, **at, relationship=held, participant=portal.ids["ana"])
    clock.forward(days=1)
    somebody, path = portal.browser(), f"/met/{made['token']}"
    somebody.open(path)
    assert "The meeting is logged" in somebody.send(path, minutes="45", day=day)
    (one,) = meet.meetings(portal.kit, **at, relationship=held)
    assert one["held_at"] == f"{day}T20:00:00+00:00", "when the two were connected"


def test_the_link_that_logs_a_meeting_goes_by_its_owners_clock(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Any]
) -> None:
    portal = create_portal(kit=create_kit(secret_keys=["s"]), program={"zone": "Asia/Tokyo"})
    at = {"tenant": portal.tenant, "actor": ADMIN}
    onboard.set_zone(portal.kit, **at, participant=portal.ids["ana"], zone="Africa/Lagos")
    held = connect(portal)
    for who, zone in (("ana", "Africa/Lagos"), ("cleo", "Asia/Tokyo")):
        made = met.link(portal.kit, **at, relationship=held, participant=portal.ids[who])
        shown = met.show(portal.kit, tenant=portal.tenant, token=made["token"])
        assert shown["zone"] == zone


def test_a_new_program_is_asked_for_its_clock(portal: Portal) -> None:
    admin = portal.browser("admin")
    assert "It cannot be changed later" in admin.open("/programs/new")
    page = admin.send("/programs/new", 422, preset="low_touch", key="far", zone="Atlantis")
    assert 'id="zone-wrong">' in page
    assert 'value="Atlantis"' in page
    admin.send("/programs/new", preset="low_touch", key="far", zone="Uganda")
    (made,) = programs.show(portal.kit, **by_admin(portal), program="far")
    assert made["zone"] == "Africa/Kampala"
    admin.open("/programs/new")
    admin.send("/programs/new", preset="low_touch", key="near")
    (made,) = programs.show(portal.kit, **by_admin(portal), program="near")
    assert made["zone"] == "UTC"


def test_a_day_of_the_program_is_the_same_for_whoever_reads_it(nairobi: Portal) -> None:
    for who, zone in (("ana", "Pacific/Honolulu"), ("cleo", "Pacific/Auckland")):
        onboard.set_zone(nairobi.kit, **by_admin(nairobi), participant=nairobi.ids[who], zone=zone)
    ben, dora = nairobi.ids["ben"], nairobi.ids["dora"]
    match.propose(nairobi.kit, **by_admin(nairobi), mentee=ben, mentor=dora)
    onboard.set_zone(nairobi.kit, **by_admin(nairobi), participant=ben, zone="Pacific/Auckland")
    browser = nairobi.browser("ben")
    browser.open("/")
    due = browser.find(r"until ([^<]+)</span>")
    browser.open(browser.find(r'href="/mentoring(/programs/traders/proposals/[^"]+)"'))
    assert browser.find(r"please answer by ([^<]+)</span>") == due
    with nairobi.kit.transaction(tenant=nairobi.tenant) as tx:
        (one,) = tx.proposals.find(mentee_id=ben)
    told = one.due_at.astimezone(ZoneInfo("Africa/Nairobi")).date()
    assert due == format_day(told, "en")
    path = f"/programs/traders/relationships/{connect(nairobi)}"
    days = {
        who: re.findall(r'<td data-label="When">([^<]+ to [^<]+)', nairobi.browser(who).open(path))
        for who in ("ana", "cleo", "cora")
    }
    assert days["ana"]
    assert days["ana"] == days["cleo"] == days["cora"]


def test_a_meeting_is_shown_on_the_day_that_was_typed(nairobi: Portal, clock: Any) -> None:
    onboard.set_zone(
        nairobi.kit, **by_admin(nairobi), participant=nairobi.ids["ana"], zone="Pacific/Honolulu"
    )
    path = f"/programs/traders/relationships/{connect(nairobi)}"
    clock.forward(days=3)
    ana, day = nairobi.browser("ana"), (clock() - timedelta(days=2)).date()
    ana.open(path)
    page = ana.send(path, do="meet", minutes="60", day=day.isoformat())
    assert f"Logged by mistake: {format_day(day, 'en')}" in page
