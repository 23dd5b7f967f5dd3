"""Surveys and the report on their pages: by the people themselves, by a link, and by staff."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from web.conftest import ADMIN, Portal

from mentorkit import Portal as Site
from mentorkit.journey import accept, feedback, links, match, meet, onboard, programs
from mentorkit.kit import Kit
from mentorkit.worker import work
from mentorkit_survey import tables
from tests.journey.asked import PLUGINS, sections

BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}


@pytest.fixture
def asking(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    """A portal whose program asks; its kit signs links."""
    kit = create_kit(
        plugins=PLUGINS, secret_keys=["secret"], site=Site("https://example.org/mentoring")
    )
    portal = create_portal(kit=kit, **sections())
    drain(portal)
    return portal


def drain(portal: Portal) -> None:
    while any(work(portal.kit, limit=500).values()):
        pass


def connect(portal: Portal, mentee: str = "ana", mentor: str = "cleo") -> str:
    made = match.propose(portal.kit, **BY, mentee=portal.ids[mentee], mentor=portal.ids[mentor])
    return str(accept.accept(portal.kit, **BY, proposal=made["id"])["relationship_id"])


def surveys(portal: Portal, name: str, key: str) -> list[dict[str, Any]]:
    rows = feedback.surveys(portal.kit, **BY, program="traders")
    return [
        row
        for row in rows
        if row["name"] == name and key in [part["questionnaire"] for part in row["parts"]]
    ]


def test_somebody_answers_from_their_home_and_may_finish_later(asking: Portal) -> None:
    ana = asking.browser("ana")
    assert "Where you start" in ana.open("/")
    path = ana.find(r'href="(/mentoring/x/survey/traders/[^"]+)"')
    page = ana.open(path)
    assert "The team of this program reads your answers" in page
    assert 'name="answer.indicator.sales"' in page
    page = ana.send(path, **{"answer.indicator.sales": "1200", "do": "save"})
    assert "Saved. Nobody reads it" in page
    assert 'value="1200"' in ana.open(path)
    page = ana.send(path, 422, **{"answer.indicator.sales": "1200", "do": "send"})
    assert "<li>In which currency: say in which currency the amounts are</li>" in page
    assert "<li>The amounts are for what time: say for what time the amounts are</li>" in page
    assert 'value="1200"' in page
    wrong = {"answer.indicator.sales": "much", "answer.indicator.currency": "KES", "do": "send"}
    page = ana.send(path, 422, **wrong)
    assert "<li>indicator." not in page
    assert re.search(r"<li>Sales[^<]*: [^<]+</li>", page)
    whole = {"answer.indicator.sales": "1200", "answer.indicator.currency": "KES"}
    page = ana.send(path, 422, **whole, do="send")
    assert "say for what time the amounts are" in page
    assert "say in which currency" not in page
    whole["answer.indicator.period"] = "month"
    assert "Your answers are kept" in ana.send(path, **whole, do="send")
    assert "Where you start" not in ana.open("/")
    assert "Your answers are kept" in ana.open(path)
    (row,) = surveys(asking, "Ana", "baseline")
    assert row["state"] == "answered"


def test_everybody_asked_reads_about_whom_and_staff_why(asking: Portal, clock: Any) -> None:
    connect(asking)
    clock.forward(days=45)
    drain(asking)
    (asked,) = [text for text in messages(asking) if "Hello Ana" in text and "Six to" in text]
    assert "(Cleo)." in asked
    told = r"[^<]+: your mentoring with Cleo"
    assert re.search(told, asking.browser("ana").open("/"))
    assert re.search(told.replace("Cleo", "Ana"), asking.browser("cleo").open("/"))
    cora = asking.browser("cora")
    page = cora.open("/programs/traders/")
    assert "as one who works for this program: about how it goes as a whole" in page
    page = cora.open(cora.find(r'mk-main-button" href="(/mentoring/x/survey/traders/[^"?]+)"'))
    assert "You are asked as one who works for this program" in page
    assert "not about each pair, but again from time to time" in page
    assert "About your mentoring with" not in page


def test_a_signed_link_answers_without_a_log_in_and_opening_it_changes_nothing(
    asking: Portal,
) -> None:
    (row,) = surveys(asking, "Ana", "baseline")
    (body,) = [text for text in messages(asking) if "Hello Ana" in text and "Where" in text]
    address = body.split("https://example.org", 1)[1].split()[0]
    nobody = asking.browser()
    before = _events(asking)
    assert "indicator.sales" in nobody.open(address)
    nobody.open(address)
    assert _events(asking) == before
    report = r'href="/mentoring(/concern/[^"]+)">Report a problem'
    assert "What happened?" in nobody.open(nobody.find(report))
    nobody.open(address)
    assert "Your answers are kept" in nobody.send(address, **{"answer.indicator.staff": "3"})
    assert surveys(asking, "Ana", "baseline")[0]["means"] == "link"
    assert nobody.find(report), "also on the page that thanks"
    wrong = links.make(
        asking.kit, tenant="acme", purpose="other", person=row["person_id"], survey=row["id"]
    )
    nobody.open(f"/x/survey/traders/s/{wrong}", 404)


def messages(portal: Portal) -> list[str]:
    from mentorkit_inbox.tables import message

    with portal.kit.transaction(tenant="acme", write=False) as tx:
        return [row.body for row in tx.connection.execute(message.select())]


def _events(portal: Portal) -> int:
    with portal.kit.transaction(tenant="acme", write=False) as tx:
        return len(tx.journal.events(limit=None))


def test_staff_see_who_was_asked_and_fill_in_what_they_heard_by_phone(asking: Portal) -> None:
    cora = asking.browser("cora")
    assert "Who was asked what" in cora.open("/programs/traders/")
    cora.open("/x/survey/traders/")
    assert "Ben" in cora.page.text
    (row,) = surveys(asking, "Ben", "baseline")
    path = f"/x/survey/traders/{row['id']}"
    assert "Fill in what they told you" in cora.open(path)
    page = cora.send(path, **{"answer.indicator.staff": "7", "means": "phone", "do": "send"})
    assert "The answers are kept" in page
    (row,) = surveys(asking, "Ben", "baseline")
    assert row["means"] == "phone"
    assert 'value="7"' in cora.open(path)


def test_what_somebody_keeps_unsent_is_neither_read_nor_overwritten_by_staff(
    asking: Portal,
) -> None:
    programs.appoint(asking.kit, **BY, program="traders", role="coordinator", person="cleo")
    connect(asking)
    (row,) = surveys(asking, "Ana", "baseline")
    path, sales = f"/x/survey/traders/{row['id']}", "answer.indicator.sales"
    ana = asking.browser("ana")
    ana.open(path)
    ana.send(path, **{sales: "4711", "do": "save"})
    for name in ("cora", "cleo"):
        staff = asking.browser(name)
        page = staff.open(path)
        assert "4711" not in page
        assert "Save for later" not in page
        staff.send(path, 403, **{sales: "1", "do": "save"})
    assert 'value="4711"' in ana.open(path)
    staff.open(path)
    staff.send(path, **{"answer.indicator.staff": "7", "means": "phone", "do": "send"})
    with asking.kit.work_context("acme", None, "survey").transaction(write=False) as connection:
        assert connection.execute(sa.select(tables.draft)).all() == []  # it was sent for her


def test_opening_a_survey_waits_for_nobody_who_writes(asking: Portal) -> None:
    (row,) = surveys(asking, "Ana", "baseline")
    ana = asking.browser("ana")
    ana.open("/")
    with asking.kit.transaction(tenant="acme"), ThreadPoolExecutor() as beside:
        page = beside.submit(ana.open, f"/x/survey/traders/{row['id']}").result(timeout=4)
    assert 'name="answer.indicator.sales"' in page


def test_staff_who_answer_from_a_list_come_back_to_it(asking: Portal) -> None:
    cora = asking.browser("cora")
    cora.open("/x/survey/traders/?state=answered")
    (row,) = surveys(asking, "Ben", "baseline")
    cora.open(f"/x/survey/traders/{row['id']}?state=answered")
    path = cora.find(r'method="post" action="([^"]+)"')
    page = cora.send(path, **{"answer.indicator.staff": "7", "means": "phone", "do": "send"})
    assert "Ben" in page
    assert cora.page.request.args["state"] == "answered"


def test_nobody_opens_the_survey_of_somebody_else(asking: Portal) -> None:
    (row,) = surveys(asking, "Ana", "baseline")
    path = f"/x/survey/traders/{row['id']}"
    asking.browser("ben").open(path, 404)
    asking.browser("cleo").open(path, 404)
    asking.browser("vera").open(path, 403)
    asking.browser().open(path, 403)
    assert asking.browser("vera").open("/x/survey/traders/")


def test_the_report_shows_each_figure_with_its_n_and_how_it_is_counted(
    asking: Portal, clock: Any
) -> None:
    held = connect(asking)
    clock.forward(days=3)
    meet.log(asking.kit, **BY, relationship=held, minutes=75)
    vera = asking.browser("vera")
    page = vera.open("/programs/traders/report")
    assert "From reaching out to completing" in page
    assert "journal" not in page
    assert not re.search(r">n(?: paired)?<", page)
    assert "no comparison group" in page
    assert "1 h 15 min" in page
    assert "Who answered" in page
    asking.browser("ana").open("/programs/traders/report", 403)


def test_a_table_of_the_report_is_a_sheet_in_which_nothing_comes_alive(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    own = sections()
    own["measurement"] = {"statements": {"s": "=HYPERLINK(1)"}}
    portal = create_portal(kit=create_kit(plugins=PLUGINS), **own)
    connect(portal)
    clock_on(portal, 183)
    drain(portal)
    cora = portal.browser("cora")
    cora.open("/programs/traders/report?sheet=statements")
    body = cora.page.data.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(body)))
    assert lines[0][0] == "Statement"
    assert "'=HYPERLINK(1)" in [line[0] for line in lines]
    assert not any(cell.startswith(("=", "+", "@")) for line in lines for cell in line)
    cora.open("/programs/traders/report?sheet=nothing", 404)


def clock_on(portal: Portal, days: int) -> None:
    clock: Any = portal.kit.clock
    clock.forward(days=days)


def test_f22_a_program_without_a_plan_says_what_is_missing_and_takes_a_reason(
    portal: Portal,
) -> None:
    from mentorkit.journey import programs

    programs.create(
        portal.kit, **BY, key="bare",
        preset={"fields": {"trade": {"kind": "text"}},
                "strategy": {"criteria": [{"criterion": "equal", "field": "trade"}]}},
    )  # fmt: skip
    admin = portal.browser("admin")
    assert "Say what is measured" in admin.open("/programs/bare/")
    admin.open("/programs/bare/plan")
    assert "say why nothing is measured" in admin.send(
        "/programs/bare/plan", 422, none="  ", do="none"
    )
    page = admin.send("/programs/bare/plan", none="We only bring people together.", do="none")
    assert "We only bring people together." in page
    page = admin.open("/programs/bare/")
    assert "Say what is measured" not in page
    assert "Write what everybody agrees to." in page
    assert "/programs/bare/setup#texts" in page


def test_staff_choose_currencies_period_and_how_outliers_count(asking: Portal) -> None:
    cora = asking.browser("cora")
    page = cora.open("/programs/traders/plan")
    assert "Where you start" in page
    assert "When somebody joins" in page
    send = {"currencies": "kes, ugx", "period": "year", "winsor": "5", "do": "amounts"}
    assert "The plan is kept" in cora.send("/programs/traders/plan", **send)
    assert re.search(
        r'<textarea id="currencies" [^>]*rows="2"[^>]*>KES, UGX</textarea>', cora.page.text
    )
    cora.send("/programs/traders/plan", **{**send, "currencies": "\r\n".join(CODES)})
    kept = cora.find(r'<textarea id="currencies" [^>]*rows="8"[^>]*>([^<]*)</textarea>')
    assert kept == ", ".join(CODES)
    for share in ("7", "0.125"):  # 7.000000000000001, where it is a float times a hundred
        cora.send("/programs/traders/plan", **{**send, "winsor": share})
        assert cora.find(r'name="winsor"[^>]*value="([^"]*)"') == share
    assert "write a share" in cora.send("/programs/traders/plan", 422, **{**send, "winsor": "x"})
    asking.browser("vera").open("/programs/traders/plan")
    assert asking.browser("vera").knock("post", "/programs/traders/plan") == 403


def test_a_program_that_switches_the_plugin_off_asks_nobody(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    kit = create_kit(plugins=PLUGINS)
    portal = create_portal(kit=kit, **sections(), plugins={"survey": {"enabled": False}})
    drain(portal)
    assert feedback.surveys(kit, **BY, program="traders") == []
    portal.browser("cora").open("/x/survey/traders/", 404)


def test_s7_who_was_at_a_groups_meeting_is_ticked_and_only_they_are_asked(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit], clock: Any
) -> None:
    portal = create_portal(
        kit=create_kit(plugins=PLUGINS), **sections(), program={"kind": "circle"}
    )
    (held,) = {connect(portal, mentee, "dora") for mentee in ("ana", "ben")}
    clock.forward(days=1)
    dora, path = portal.browser("dora"), f"/programs/traders/relationships/{held}"
    assert "Who was there?" in dora.open(path)
    everybody = [portal.ids[key] for key in ("ana", "ben", "dora")]
    day = clock().date().isoformat()
    send = {"do": "meet", "minutes": "60", "day": day, "group": "1"}
    assert "name two at least" in dora.send(path, 422, **send, attendees=everybody[:1])
    assert "The meeting is logged" in dora.send(path, **send, attendees=everybody[1:])
    drain(portal)
    assert surveys(portal, "Ana", "pulse") == []
    assert len(surveys(portal, "Ben", "pulse")) == 1


def test_who_is_asked_the_same_about_two_reads_which_is_about_whom(
    asking: Portal, clock: Any
) -> None:
    for mentee in ("ana", "ben"):
        connect(asking, mentee, "dora")
    clock.forward(days=43)
    drain(asking)
    page = asking.browser("dora").open("/")
    for other in ("Ana", "Ben"):
        assert f"Six to eight weeks in: your mentoring with {other}</a>" in page
    dora, form = asking.browser("dora"), re.findall(r'href="(/mentoring/x/survey/[^"?]+)"', page)
    for path in form:
        assert "You are asked about each mentoring of yours." in dora.open(path)
    assert len(form) == 2
    page = asking.browser("ana").open("/")
    assert "Six to eight weeks in: your mentoring with Dora</a>" in page


CODES = [
    "AED",
    "EUR",
    "GBP",
    "KES",
    "UGX",
    "USD",
    *(f"X{letter}A" for letter in "ABCDEFGHIJKLMNOPQRS"),
]


def first_currencies(page: str) -> tuple[list[str], list[str]]:
    """Return the currencies that stand above the others, and these."""
    question = page.partition('name="answer.indicator.currency"')[2].partition("</select>")[0]
    likely, others = re.findall(r"<optgroup label=[^>]+>(.*?)</optgroup>", question, re.DOTALL)
    found = [re.findall(r'value="([A-Z]+)"', part) for part in (likely, others)]
    assert sorted(found[0] + found[1]) == sorted(CODES), "each is there once"
    assert "selected" not in question, "nobody answers it by leaving it alone"
    return found[0], found[1]


def test_of_many_currencies_those_that_are_likely_come_first(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    plan = {**sections()["measurement"], "currencies": CODES}
    portal = create_portal(
        kit=create_kit(plugins=PLUGINS),
        **sections(measurement=plan, program={"zone": "Africa/Kampala"}),
    )
    onboard.set_zone(portal.kit, **BY, participant=portal.ids["ana"], zone="Africa/Nairobi")
    drain(portal)
    ana = portal.browser("ana")
    ana.open("/")
    path = ana.find(r'href="(/mentoring/x/survey/traders/[^"]+)"')
    first, others = first_currencies(ana.open(path))
    assert first == ["KES", "UGX"], "where she lives, then where the program is"
    assert others == sorted(others)
    told = {"answer.indicator.sales": "50", "answer.indicator.currency": "USD", "do": "send"}
    ana.send(path, **told, **{"answer.indicator.period": "month"})
    held = connect(portal)
    meet.end(portal.kit, **BY, relationship=held, reason="completed")
    drain(portal)
    ana.open("/")
    again = ana.find(r'href="(/mentoring/x/survey/traders/[^"]+)"')
    assert again != path
    assert first_currencies(ana.open(again))[0] == ["USD", "KES", "UGX"], "as she told before"


def test_of_few_currencies_none_is_set_apart(asking: Portal) -> None:
    onboard.set_zone(asking.kit, **BY, participant=asking.ids["ana"], zone="Africa/Nairobi")
    ana = asking.browser("ana")
    ana.open("/")
    page = ana.open(ana.find(r'href="(/mentoring/x/survey/traders/[^"]+)"'))
    assert "indicator.currency" in page
    assert "optgroup" not in page
