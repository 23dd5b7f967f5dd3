"""The figures of the report's page, its JSON and its sheet, against a table worked out here."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import statistics
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from web.conftest import Portal
from web.test_meeting import by_admin, connect
from web.test_surveys import drain

from mentorkit import Manifest, hookimpl
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict
from mentorkit.hooks import Column, Metric, Table
from mentorkit.journey import (
    evaluate,
    feedback,
    meet,
    onboard,
    programs,
    protect,
    recruit,
    screen,
    standing,
)
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from tests.conftest import Clock

MONTHS = {"month": 1, "quarter": 3, "year": 12}
PRESET: dict[str, Any] = {
    "measurement": {
        "currencies": ["KES", "USD"],
        "period": "month",
        "indicators": {"sales": {"label": "Sales", "money": True}},
        "statements": {"survival": "It was crucial."},
    },
    "questionnaires": {
        "start": {
            "title": "Where you start", "to": ["mentee"], "indicators": True,
            "when": [{"event": "ParticipantOnboarded"}],
            "questions": {
                "mood": {"kind": "option", "options": ["glad", "worried"], "label": "Mood?"},
                "help": {"kind": "options", "options": ["law", "money"], "label": "What for?"},
                "new": {"kind": "flag", "label": "Is it new?"},
            },
        },
        "later": {
            "title": "Later on", "indicators": True, "statements": True,
            "when": [{"event": "MeetingHeld"}],
        },
    },
}  # fmt: skip
Told = dict[str, Any]


def money(amount: float, currency: str = "KES", period: str = "month") -> Told:
    return {"indicator.sales": amount, "indicator.currency": currency, "indicator.period": period}


START: dict[str, Told] = {
    "p1": {**money(100), "mood": "glad", "help": ["law", "money"], "new": True},
    "p2": {**money(600, period="quarter"), "mood": "worried", "help": ["law"], "new": False},
    "p3": {**money(3600, period="year"), "mood": "glad", "new": False},
    "p4": {**money(400), "mood": "glad", "help": ["law"]},
    "p5": {**money(1000), "help": ["money"], "new": False},
    "p6": {**money(50, "USD"), "mood": "worried", "help": ["law"], "new": True},
    "p7": {**money(60, "USD"), "mood": "glad", "help": ["law"]},
    "p8": {"mood": "glad"},
    "p10": {**money(500), "new": True},
}
"""What each told at the beginning. p9 only saved a draft, Ana and Ben have not answered."""
LATER: dict[str, Told] = {
    "p1": {**money(150), "statement.survival": "strongly_agree"},
    "p2": {**money(200), "statement.survival": "agree"},
    "p3": {**money(990, period="quarter"), "statement.survival": "neither"},
    "p4": {**money(300), "statement.survival": "disagree"},
    "p5": {**money(18_000, period="year"), "statement.survival": "agree"},
    "p6": money(70),
    "p7": {"statement.survival": "agree"},
    "p10": {**money(550), "statement.survival": "agree"},
}
"""What each told after a meeting. p8 was at one and has not answered, p9 was at none."""
MENTEES = [f"p{number}" for number in range(1, 11)]
AT_START, AT_LATER = len(MENTEES) + 2, len(MENTEES) - 1


@pytest.fixture
def told(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit], clock: Clock
) -> Portal:
    """A program in which people were asked, and have told what stands above."""
    portal = create_portal(kit=create_kit(plugins=("matching", "survey", "outcomes")), **PRESET)
    kit, by = portal.kit, by_admin(portal)
    leads = [Lead(key=key, role="mentee", name=key) for key in MENTEES]
    leads.append(Lead(key="mo", role="mentor", name="mo", capacity=10))
    recruit.receive(kit, **by, program="traders", leads=leads)
    rows = screen.review(kit, **by, program="traders")
    portal.ids |= {row["key"]: row["id"] for row in rows}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        many(kit, verb, [portal.ids[one.key] for one in leads], **by, noun="participant")
    standing.link(kit, **by, person="p9", user_ref="p9")
    drain(portal)
    for key, answers in START.items():
        answer(portal, key, "start", answers)
    p9 = portal.browser("p9")
    p9.open("/")
    path = p9.find(r'href="(/mentoring/x/survey/traders/[^"]+)"')
    p9.open(path)
    assert "Saved" in p9.send(path, **{"answer.indicator.sales": "9", "do": "save"})
    clock.forward(days=40)
    for key in MENTEES:
        if key != "p9":
            meet.log(kit, **by, relationship=connect(portal, key, "mo"), minutes=30)
    drain(portal)
    for key, answers in LATER.items():
        answer(portal, key, "later", answers)
    for row in asked(portal, "mo", "later")[:4]:
        feedback.answer(kit, **by, survey=row["id"], answers={"statement.survival": "agree"})
    return portal


def asked(portal: Portal, name: str, key: str) -> list[dict[str, Any]]:
    rows = feedback.surveys(portal.kit, **by_admin(portal), program="traders")
    return [
        row
        for row in rows
        if row["name"] == name and key in [part["questionnaire"] for part in row["parts"]]
    ]


def answer(portal: Portal, name: str, key: str, answers: Told) -> None:
    (row,) = asked(portal, name, key)
    who = Actor(person_id=row["person_id"])
    feedback.answer(portal.kit, tenant=portal.tenant, actor=who, survey=row["id"], answers=answers)


# ------------------------------------------------------------------ worked out here


def sales(told: Mapping[str, Told]) -> dict[str, tuple[float, str]]:
    """Return what each sold in a month, and in which currency."""
    return {
        who: (one["indicator.sales"] / MONTHS[one["indicator.period"]], one["indicator.currency"])
        for who, one in told.items()
        if "indicator.sales" in one
    }


def centre(told: Mapping[str, Told], of: int, currency: str) -> list[Any]:
    """Return asked, answered, response rate, mean and median; a dash for fewer than five."""
    each = sales(told)
    amounts = [amount for amount, code in each.values() if code == currency]
    shown = [sum(amounts) / len(amounts), statistics.median(amounts)]
    rate = len(each) / of * 100
    return [of, len(amounts), rate, *(shown if len(amounts) >= 5 else [None, None])]


def expected(start: Mapping[str, Told], later: Mapping[str, Told]) -> dict[str, list[list[Any]]]:
    """Return the rows of each table as they follow from what was told."""
    before, after = sales(start), sales(later)
    pairs = {
        who: (before[who][0], amount)
        for who, (amount, code) in after.items()
        if who in before and code == before[who][1] == "KES"
    }
    old, new = (statistics.mean(one) for one in zip(*pairs.values(), strict=True))
    each = statistics.median(100 * (b / a - 1) for a, b in pairs.values())
    agree = [one["statement.survival"] for one in later.values() if "statement.survival" in one]
    yes = sum(one in ("agree", "strongly_agree") for one in agree)
    answers = []
    for label, id, choices in (
        ("Mood?", "mood", {"glad": "glad", "worried": "worried"}),
        ("What for?", "help", {"law": "law", "money": "money"}),
        ("Is it new?", "new", {True: "Yes", False: "No"}),
    ):
        given = [one[id] for one in start.values() if id in one]
        for choice, shown in choices.items():
            count = sum(choice in one if isinstance(one, list) else choice == one for one in given)
            head = ["Where you start", label, "Mentees", shown]
            answers.append([*head, count / len(given) * 100, count, len(given), AT_START])
    return {
        "statements": [
            ["It was crucial.", "Later on", "Mentees", yes / len(agree) * 100, yes, len(agree),
             AT_LATER, AT_LATER - len(agree)],
            ["It was crucial.", "Later on", "Mentors", None, None, None, AT_LATER, None],
        ],
        "answers": answers,
        "indicators": [
            ["Sales", "KES", "Beginning", *centre(start, AT_START, "KES")],
            ["Sales", "KES", "Later on", *centre(later, AT_LATER, "KES")],
            ["Sales", "USD", "Beginning", *centre(start, AT_START, "USD")],
            ["Sales", "USD", "Later on", AT_LATER, 0, len(after) / AT_LATER * 100, None, None],
        ],
        "changes": [
            ["Sales", "KES", "Later on", len(pairs), old, new, 100 * (new / old - 1), each, 0, 1],
            ["Sales", "USD", "Later on", 0, None, None, None, None, 1, 0],
        ],
    }  # fmt: skip


# ------------------------------------------------------------------ as shown


def in_words(value: Any) -> Any:
    """Return a text of several languages in English, and anything else as it is."""
    return value["en"] if isinstance(value, dict) else value


def as_json(portal: Portal) -> dict[str, list[list[Any]]]:
    made = evaluate.report(portal.kit, **by_admin(portal), program="traders")
    return {
        one["name"]: [[in_words(value) for value in row] for row in one["rows"]]
        for one in json.loads(json.dumps(made))["tables"]
    }


def on_page(page: str, table: str) -> list[list[str]]:
    section = page.partition(f'<section class="mk-report" id="{table}">')[2]
    body = section.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[html.unescape(cell) for cell in row] for row in cells]


def written(value: Any, percent: bool) -> str:
    """Return a figure as the page writes it."""
    if value is None or isinstance(value, str):
        return "–" if value is None else value
    digits = 1 if percent else 0 if abs(value) >= 1000 else 2
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} %" if percent else text


PERCENT = {"statements": {3}, "answers": {4}, "indicators": {5}, "changes": {6, 7}}


def check(portal: Portal, rows: Mapping[str, list[list[Any]]]) -> None:
    made, cora = as_json(portal), portal.browser("cora")
    opened = cora.open("/programs/traders/report")
    for table, wanted in rows.items():
        shown = made[table]
        assert len(shown) == len(wanted), table
        for got, row in zip(shown, wanted, strict=True):
            assert got == [pytest.approx(v) if isinstance(v, float) else v for v in row], table
        page = [
            [written(value, place in PERCENT[table]) for place, value in enumerate(row)]
            for row in wanted
        ]
        assert on_page(opened, table) == page
        sheet = cora.open(f"/programs/traders/report?sheet={table}").lstrip("\ufeff")
        lines = [line for line in csv.reader(io.StringIO(sheet)) if len(line) > 1]  # notes follow
        head, lines = lines[:1], lines[1:]
        assert len(lines) == len(wanted), table
        for line, row in zip(lines, wanted, strict=True):
            assert len(line) == len(row) == len(head[0]), table
            for cell, value in zip(line, row, strict=True):
                if isinstance(value, float):
                    assert float(cell) == pytest.approx(value, abs=1e-4)
                else:
                    assert cell == ("" if value is None else str(value))


def test_the_figures_are_what_follows_from_what_was_told_by_those_who_are_there(
    told: Portal,
) -> None:
    rows = expected(START, LATER)
    check(told, rows)
    # By hand: five of seven agree; 100+200+300+400+1000+500 = 2500 of six, the middle is 350.
    agreed, first = rows["statements"][0], rows["indicators"][0]
    assert agreed[4:] == [5, 7, 9, 2]
    assert first[3:] == [12, 6, pytest.approx(100 * 8 / 12), pytest.approx(2500 / 6), 350]
    # +50 %, 0 %, +10 %, -25 %, +50 %, +10 %: the middle is +10 %.
    assert rows["changes"][0][7] == pytest.approx(10)
    # Nobody tells a thing twice, and who is gone is out of the figures.
    with pytest.raises(Conflict, match="answered already"):
        answer(told, "p4", "later", {"statement.survival": "agree"})
    with told.kit.transaction(tenant=told.tenant, write=False) as tx:
        person = tx.participants.get(told.ids["p1"]).person_id
    protect.erase(told.kit, **by_admin(told), person=person)
    start, later = ({k: v for k, v in one.items() if k != "p1"} for one in (START, LATER))
    rows = expected(start, later)
    assert rows["statements"][0][4:] == [4, 6, 9, 3]
    check(told, rows)


def test_on_a_phone_every_figure_stands_behind_its_name(told: Portal) -> None:
    cora = told.browser("cora")
    page = cora.open("/programs/traders/report")
    tables = re.findall(r'<table class="mk-table([^"]*)">(.*?)</table>', page, re.DOTALL)
    cells = [cell for _, table in tables for cell in re.findall(r"<td[^>]*>", table)]
    assert len(cells) > 20
    assert {name for name, _ in tables} == {" mk-dense"}
    assert all("data-label=" in cell for cell in cells)
    with cora.client.get(f"{cora.at}/static/mentorkit.css") as style:
        phone = style.text.partition("On a phone a row is a card")[2]
    assert not re.search(r"\.mk-report[^{]*\{[^}]*(display: table|content: none)", phone)


def test_what_came_into_the_plan_later_was_not_asked_of_those_before(told: Portal) -> None:
    kit, by = told.kit, {**by_admin(told), "program": "traders"}
    plan, asks = PRESET["measurement"], PRESET["questionnaires"]
    more = {**plan["statements"], "again": "I would do it again."}
    indicators = {**plan["indicators"], "people": {"label": "People"}}
    body = {**plan, "statements": more, "indicators": indicators}
    programs.define(kit, **by, kind="measurement", body=body)
    questions = {**asks["start"]["questions"], "sure": {"kind": "flag", "label": "Sure?"}}
    body = {**asks, "start": {**asks["start"], "questions": questions}}
    programs.define(kit, **by, kind="questionnaires", body=body)
    rows = expected(START, LATER)
    made = as_json(told)
    assert [row[0] for row in made["statements"]] == ["It was crucial."] * 2
    assert made["statements"][0][6:] == rows["statements"][0][6:]
    assert {row[1] for row in made["answers"]} == {"Mood?", "What for?", "Is it new?"}
    assert [row[3:5] for row in made["indicators"] if row[0] == "People"] == [[0, 0]]
    meet.log(kit, **by_admin(told), relationship=connect(told, "p9", "mo"), minutes=30)
    drain(told)
    answer(told, "p9", "later", {"statement.again": "agree", "indicator.people": 3})
    made = as_json(told)
    asked_now = {(row[0], row[2]): row[6] for row in made["statements"]}
    assert asked_now == {
        ("It was crucial.", "Mentees"): AT_LATER + 1,
        ("It was crucial.", "Mentors"): AT_LATER + 1,
        ("I would do it again.", "Mentees"): 1,
        ("I would do it again.", "Mentors"): 1,
    }
    later = [row for row in made["indicators"] if row[0] == "People" and row[2] == "Later on"]
    assert [row[3:6] for row in later] == [[1, 1, 100]]


def test_a_metric_whose_table_cannot_be_shown_is_named_beside_the_others(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]
) -> None:
    def making(name: str, **table: Any) -> tuple[str, Any]:
        columns = (Column(name="share", title="Share in {braces}", kind="percent"),)
        made = Table(**{"name": name, "title": name, "columns": columns, "how": "{So}.", **table})
        metric = type(name, (Metric,), {"name": name, "measure": lambda *given: [made]})()
        hook = hookimpl(lambda: [metric])
        return name, SimpleNamespace(manifest=Manifest(title=name), mentorkit_metrics=hook)

    bad, good = making("bad", rows=(("12 %",),)), making("good", rows=((12,),), notes=["{n}."])
    portal = create_portal(kit=create_kit(plugins=("matching", bad, good)))
    page = html.unescape(portal.browser("cora").open("/programs/traders/report"))
    assert "Some figures could not be made: bad." in page
    for told in ("Share in {braces}", "12 %", "{So}. {n}."):
        assert told in page
