"""The report's figures, against tables worked out by hand and against `statistics`."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.milestones import Meeting
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Relationship
from mentorkit.domain.surveys import (
    Facts,
    Part,
    Survey,
    parse_measurement,
    parse_questionnaires,
)
from mentorkit.testing.samples import SampleContext
from mentorkit_outcomes import changed
from mentorkit_outcomes.answered import Answers, Responses, Statements
from mentorkit_outcomes.changed import Indicators, winsorized
from mentorkit_outcomes.walked import STEPS, Funnel, Hours, Walked

NOW = datetime(2027, 9, 1, tzinfo=UTC)
PROGRAM = Program(id="p", tenant="acme", key="p", name=Frozen(en="P"), created_at=NOW)
QUESTIONNAIRES = parse_questionnaires(
    {
        "baseline": {"to": ["mentee"], "indicators": True,
                     "when": [{"event": "ParticipantOnboarded"}]},
        "end": {"indicators": True, "statements": True, "when": [{"milestone": "end"}]},
        "pulse": {"to": ["mentee"], "when": [{"event": "MeetingHeld"}],
                  "questions": {"useful": {"kind": "flag"},
                                "why": {"kind": "options", "options": ["a", "b"]}}},
    }
)  # fmt: skip
PLAN: dict[str, Any] = {
    "currencies": ["KES", "USD"],
    "indicators": {"sales": {"money": True}, "staff": {}},
    "statements": {"survival": "It was crucial."},
}
ANY: Any = SampleContext()


class Told:
    """What people were asked and told, from which the facts are made."""

    def __init__(self, **plan: Any) -> None:
        self.surveys: list[Survey] = []
        self.values: dict[str, Any] = {}
        self.plan = parse_measurement({**PLAN, **plan})

    def ask(
        self, who: str, key: str, told: dict[str, Any] | None, *, side: str = "mentee",
        late: bool = False, means: str = "self",
    ) -> None:  # fmt: skip
        id, due = f"s{len(self.surveys)}", NOW + timedelta(days=14)
        part = Part(questionnaire=key, number=1, point_noun="milestone", point_id="m")
        answered = None if told is None else due + timedelta(days=1 if late else -1)
        self.surveys.append(
            Survey(
                id=id, program_id="p", person_id=who, side=side, participant_id=who,
                relationship_id=None, parts=(part,), measured=1, asked_at=NOW, due_at=due,
                answered_at=answered, means=means,
            )
        )  # fmt: skip
        if told is not None:
            self.values[id] = told

    def facts(self, **more: Any) -> Facts:
        return Facts(
            program=PROGRAM, now=NOW, surveys=tuple(self.surveys), values=self.values,
            measurement=self.plan, questionnaires=QUESTIONNAIRES, **more,
        )  # fmt: skip


def rows(metric: Any, facts: Facts, table: int = 0) -> list[dict[str, Any]]:
    one = metric.measure(ANY, facts)[table]
    names = [column.name for column in one.columns]
    return [dict(zip(names, row, strict=True)) for row in one.rows]


def money(amount: float, currency: str = "KES", period: str = "month") -> dict[str, Any]:
    return {"indicator.sales": amount, "indicator.currency": currency, "indicator.period": period}


BEFORE = {"a": 100, "b": 200, "c": 300, "d": 400, "e": 1000, "f": 50}
AFTER = {"a": 150, "b": 200, "c": 330, "d": 300, "e": 1500}


def change(period_before: str = "month", period_after: str = "month", **plan: Any) -> Any:
    months = {"month": 1, "quarter": 3, "year": 12}
    told = Told(**plan)
    for who, amount in BEFORE.items():
        told.ask(who, "baseline", money(amount * months[period_before], period=period_before))
    told.ask("silent", "baseline", None)
    for who, amount in AFTER.items():
        told.ask(who, "end", money(amount * months[period_after], period=period_after))
    for who in ("f", "new"):
        told.ask(who, "end", None)
    begin, end = (row for row in rows(Indicators(), told.facts()) if row["currency"] == "KES")
    (changed,) = (row for row in rows(Indicators(), told.facts(), 1) if row["currency"] == "KES")
    return begin, {**end, **changed}


def test_f25_change_counts_only_who_told_both_and_says_who_was_lost() -> None:
    begin, end = change()
    assert begin["asked"] == 7
    assert begin["answered"] == 6
    assert begin["rate"] == pytest.approx(100 * 6 / 7)
    assert begin["mean"] == pytest.approx(statistics.fmean(BEFORE.values()))
    assert begin["median"] == pytest.approx(statistics.median(BEFORE.values()))
    assert (end["asked"], end["answered"], end["paired"], end["lost"]) == (7, 5, 5, 1)
    # By hand: 100+200+300+400+1000 = 2000, so 400 each; 150+200+330+300+1500 = 2480, so 496 each.
    assert (end["paired_before"], end["paired_after"]) == (400.0, 496.0)
    assert end["change"] == pytest.approx(24.0)
    # By hand: +50 %, 0 %, +10 %, -25 %, +50 %; the one in the middle is +10 %.
    assert end["median_change"] == pytest.approx(10.0)


def test_f25_who_is_not_asked_again_yet_is_not_lost_and_who_does_not_answer_is() -> None:
    told = Told()
    for who in BEFORE:
        told.ask(who, "baseline", money(100))
    for who in ("a", "b", "c", "d"):
        told.ask(who, "end", money(110))
    told.ask("e", "end", None)
    (end,) = (row for row in rows(Indicators(), told.facts(), 1) if row["currency"] == "KES")
    assert (end["paired"], end["lost"]) == (4, 1)


def test_f25_on_levels_of_touch_it_is_said_how_many_each_has_lost() -> None:
    told = Told()
    for who in BEFORE:
        told.ask(who, "baseline", money(100))
    for who, answer in {"a": 110, "b": 120, "d": 90, "e": 100}.items():
        told.ask(who, "end", money(answer))
    for who in ("c", "f"):
        told.ask(who, "end", None)
    touch = {"a": "high", "b": "high", "c": "high"}
    lost = [row for row in rows(Indicators(), told.facts(touch=touch), 2) if row["currency"]]
    assert [
        (row["level"], row["began"], row["paired"], row["lost"], round(row["rate"])) for row in lost
    ] == [("as the program", 3, 2, 1, 33), ("high", 3, 2, 1, 33)]
    assert len(Indicators().measure(ANY, told.facts())) == 2, "no levels, nothing to compare"


COMPARED = changed._change


def only_who_answered(surveys: Any) -> dict[str, Survey]:
    return {one.participant_id or "": one for one in surveys if one.answered_at is not None}


def whoever_began(*told: Any) -> tuple[Any, ...]:
    """Count as lost whoever told nothing later, also who has not been asked again yet."""
    facts, start, end, _, currency = told
    return COMPARED(facts, start, end, start, currency)


def of_all(facts: Facts, start: Any, end: Any, asked: Any, currency: str) -> tuple[Any, ...]:
    """Compare the means of all who told, whether or not they told it both times."""
    cells = COMPARED(facts, start, end, asked, currency)
    if cells[0] == 0:
        return cells
    means = [statistics.fmean(value for value, _ in each.values()) for each in (start, end)]
    return (cells[0], *means, 100 * (means[1] / means[0] - 1), *cells[4:])


@pytest.mark.parametrize(
    ("name", "wrong", "caught"),
    [
        ("_newest", only_who_answered, "both who_is_not_asked"),
        ("_change", whoever_began, "who_is_not_asked"),
        ("_change", of_all, "both"),
    ],
    ids=["lost of those who answered", "lost of those not asked yet", "means of all"],
)
def test_f25_a_wrong_count_of_who_was_lost_is_caught(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: Any, caught: str
) -> None:
    checks = {
        "both": test_f25_change_counts_only_who_told_both_and_says_who_was_lost,
        "who_is_not_asked": (
            test_f25_who_is_not_asked_again_yet_is_not_lost_and_who_does_not_answer_is
        ),
    }
    for check in checks.values():
        check()
    monkeypatch.setattr(changed, name, wrong)
    for check in caught.split():
        with pytest.raises(AssertionError):
            checks[check]()


@pytest.mark.parametrize("told", ["month", "quarter", "year"])
@pytest.mark.parametrize("shown", ["month", "quarter", "year"])
def test_f28_another_period_leaves_the_percentages_as_they_are(told: str, shown: str) -> None:
    plain = change()[1]
    other = change("month", told, period=shown)[1]
    assert other["change"] == pytest.approx(plain["change"])
    assert other["median_change"] == pytest.approx(plain["median_change"])
    months = {"month": 1, "quarter": 3, "year": 12}[shown]
    assert other["paired_after"] == pytest.approx(plain["paired_after"] * months)


def test_f28_different_currencies_are_never_added_nor_compared() -> None:
    told = Told()
    for number in range(6):
        told.ask(f"k{number}", "baseline", money(100))
        told.ask(f"u{number}", "baseline", money(1, "USD"))
        told.ask(f"k{number}", "end", money(110) if number else money(2, "USD"))
        told.ask(f"u{number}", "end", money(2, "USD"))
    found = [row for row in rows(Indicators(), told.facts()) if row["currency"]]
    assert [row["mean"] for row in found if row["wave"] == "Beginning"] == [100.0, 1.0]
    after = {row["currency"]: row for row in rows(Indicators(), told.facts(), 1)}
    assert (after["KES"]["paired"], after["KES"]["change"]) == (5, pytest.approx(10.0))
    assert (after["USD"]["paired"], after["USD"]["change"]) == (6, pytest.approx(100.0))
    assert after["USD"]["unlike"] == 1


def test_f28_outliers_are_pulled_in_where_the_plan_says_so_and_the_report_says_it_too() -> None:
    values = [float(one) for one in range(1, 21)]
    assert winsorized(values, 0.1) == [3, 3, *range(3, 19), 18, 18]
    assert winsorized(values, 0.0) == values
    told = Told(winsor=0.05)
    for number, value in enumerate([*range(1, 20), 10_000]):
        told.ask(f"p{number}", "baseline", money(value))
    row = next(row for row in rows(Indicators(), told.facts()) if row["currency"])
    assert row["mean"] == pytest.approx(statistics.fmean([2, *range(2, 20), 19]))
    assert row["median"] == 10.5
    notes = Indicators().measure(ANY, told.facts())[0].notes
    assert any("5 % of the values" in note for note in notes)


def test_s6_n_rate_mean_and_median_are_shown_and_no_comparison_group_is_said() -> None:
    told = Told()
    for number in range(9):
        told.ask(f"p{number}", "baseline", {"indicator.staff": number} if number < 6 else None)
    sales, row = rows(Indicators(), told.facts())
    assert (sales["asked"], sales["answered"], sales["mean"]) == (9, 0, None)
    assert (row["answered"], row["mean"], row["median"]) == (6, 2.5, 2.5)
    assert row["rate"] == pytest.approx(100 * 6 / 9)
    notes = Indicators().measure(ANY, told.facts())[1].notes
    assert any("no comparison group" in note for note in notes)


def test_f22_the_beginning_counts_as_told_in_time_only_before_a_meeting_one_was_at() -> None:
    told = Told()
    for who in ("early", "late", "away", "silent"):
        told.ask(who, "baseline", None if who == "silent" else {"indicator.staff": 1})
    answered, day = NOW + timedelta(days=13), timedelta(days=1)

    def held(id: str, at: datetime, *there: str, state: str = "held") -> Meeting:
        return Meeting(id=id, tenant="acme", relationship_id="c", held_at=at, minutes=60,
                       state=state, attendees=there)  # fmt: skip

    facts = told.facts(
        meetings=(
            held("1", answered + day, "early", "late", "m"),
            held("2", answered - day, "late", "m"),  # logged after the other, and held before
            held("3", answered - day, "early", "m", state="struck"),
        )
    )
    (notes,) = {table.notes for table in Indicators().measure(ANY, facts)[:1]}
    assert any(note.startswith("2 of 4 told the beginning before") for note in notes)


def test_s8_percent_agree_is_of_those_who_answered_with_the_others_beside_it() -> None:
    told = Told()
    said = ["strongly_agree", "agree", "agree", "neither", "disagree", "strongly_disagree", "agree"]
    for number, value in enumerate([*said, None, None]):
        told.ask(f"p{number}", "end", {"statement.survival": value} if value else None)
    told.ask("p9", "end", {"indicator.staff": 3})  # answered, but not this
    for number in range(4):
        told.ask(f"m{number}", "end", {"statement.survival": "agree"}, side="mentor")
    mentees, mentors = rows(Statements(), told.facts())
    assert (mentees["agree"], mentees["answered"], mentees["asked"]) == (4, 7, 10)
    assert mentees["silent"] == 3
    assert mentees["percent"] == pytest.approx(100 * 4 / 7)
    assert [mentors[name] for name in ("percent", "agree", "answered", "silent")] == [None] * 4


def test_s7_a_pulse_tells_n_answered_of_n_attended() -> None:
    told = Told()
    for number in range(8):
        answers = {"useful": number != 0, "why": ["a"] if number < 4 else ["a", "b"]}
        told.ask(f"p{number}", "pulse", answers if number < 6 else None)
    found = {(row["question"]["en"], row["choice"]["en"] if isinstance(row["choice"], dict | Frozen)
              else row["choice"]): row for row in rows(Answers(), told.facts())}  # fmt: skip
    yes, a, b = found["useful", "Yes"], found["why", "a"], found["why", "b"]
    assert (yes["count"], yes["answered"], yes["asked"]) == (5, 6, 8)
    assert yes["percent"] == pytest.approx(100 * 5 / 6)
    assert (a["count"], b["count"]) == (6, 2)


def test_who_chose_an_option_that_was_taken_away_since_is_counted_in_a_row_of_their_own() -> None:
    told = Told()
    for number, why in enumerate((["a"], ["a"], ["b", "old"], ["old", "older"], ["older"])):
        told.ask(f"p{number}", "pulse", {"why": why})
    shown = [(row["choice"], row["count"], row["percent"]) for row in rows(Answers(), told.facts())
             if row["question"]["en"] == "why"]  # fmt: skip
    assert shown[2] == ("Answers that are not offered any more", 3, 60.0)
    assert [count for _, count, _ in shown] == [2, 1, 3]


def test_what_fewer_than_five_said_is_not_shown() -> None:
    told = Told()
    for number in range(4):
        told.ask(f"p{number}", "pulse", {"useful": True})
    found = rows(Answers(), told.facts())
    assert all(row["count"] is None and row["answered"] is None for row in found)


def test_who_answered_is_told_by_survey_and_side() -> None:
    told = Told()
    for number in range(4):
        told.ask(f"p{number}", "end", {"indicator.staff": 1} if number else None, late=number == 1,
                 means="phone" if number == 2 else "self")  # fmt: skip
    told.ask("m", "end", None, side="mentor")
    mentees, mentors = rows(Responses(), told.facts())
    assert [mentees[name] for name in ("asked", "answered", "rate", "late", "behalf")] == [
        4, 3, 75.0, 1, 1,
    ]  # fmt: skip
    assert (mentors["asked"], mentors["answered"], mentors["rate"]) == (1, 0, 0.0)


def test_f29_hours_are_told_apart_by_how_many_were_there_with_the_median_of_a_relationship() -> (
    None
):
    def held(
        id: str,
        relationship: str,
        day: int,
        minutes: int,
        *,
        state: str = "held",
        there: str = "em",
    ) -> Meeting:
        at = datetime(2027, 3, day, 22, 30, tzinfo=UTC)
        return Meeting(id=id, tenant="acme", relationship_id=relationship, held_at=at,
                       minutes=minutes, state=state, attendees=tuple(there))  # fmt: skip

    def one(id: str, kind: Any) -> Relationship:
        return Relationship(id=id, tenant="acme", program_id="p", kind=kind, started_at=NOW,
                            ends_at=NOW)  # fmt: skip

    facts = Facts(
        program=Program(id="p", tenant="acme", key="p", name=Frozen(en="P"), created_at=NOW,
                        zone="Africa/Nairobi"),
        now=NOW,
        relationships=(one("r1", "pair"), one("r2", "pair"), one("c", "circle")),
        meetings=(
            held("1", "r1", 1, 60), held("2", "r1", 31, 30), held("3", "c", 2, 90, there="abcm"),
            held("4", "r1", 3, 500, state="struck"), held("5", "c", 2, 15, there="am"),
        ),
    )  # fmt: skip
    assert [tuple(row.values()) for row in rows(Hours(), facts)] == [
        ("All meetings", 195, 4, 570),
        ("Individual", 105, 3, 210),
        ("In groups", 90, 1, 360),
        ("Median of a relationship", 90, 3, None),
    ]
    months = rows(Hours(), facts, 1)
    # The last evening of March in UTC is the first of April in Nairobi.
    assert [tuple(row.values()) for row in months] == [
        ("2027-03", 3, 75, 90), ("2027-04", 1, 30, 0),
    ]  # fmt: skip


def made(kind: type[events.Event], subject: str, **more: Any) -> events.Event:
    return kind(subject_id=subject, program_id="p", at=NOW, **more)


def test_s1_reached_out_is_never_reported_as_connected() -> None:
    journal = [
        event
        for number in range(5)
        for event in (
            made(events.ProposalDrafted, f"x{number}", mentee_id=f"e{number % 4}", mentor_id="m"),
            made(events.ProposalOffered, f"x{number}"),
        )
    ]
    journal += [
        made(events.ProposalAnswered, "x0", answered=("mentee",)),
        made(events.ProposalDeclined, "x1", reason="no_time"),
        made(events.ProposalAccepted, "x2", answered=("mentee", "mentor"), relationship_id="r2"),
        made(events.ProposalAccepted, "x3", answered=("mentee", "mentor"), relationship_id="r3"),
        made(events.MeetingHeld, "m1", relationship_id="r2", minutes=60),
        made(events.MeetingHeld, "m2", relationship_id="r3", minutes=60),
        made(events.MeetingStruck, "m2"),
        made(events.RelationshipEnded, "r2", reason="completed"),
        made(events.RelationshipEnded, "r3", reason="completed"),
    ]
    found = rows(Funnel(), Facts(program=PROGRAM, now=NOW, events=tuple(journal)))
    assert [(row["step"], row["pairs"], row["mentees"]) for row in found] == [
        ("Reached out", 5, 4),
        ("Answered", 4, 4),
        ("Connected", 2, 2),
        ("Met", 1, 1),
        ("Completed", 1, 1),
    ]


IDS = st.sampled_from(["x1", "x2", "x3"])
HELD = st.sampled_from(["r1", "r2", "r3"])
ANYTHING = st.one_of(
    IDS.map(lambda id: made(events.ProposalDrafted, id, mentee_id=id[1], mentor_id="m")),
    IDS.map(lambda id: made(events.ProposalOffered, id)),
    IDS.map(lambda id: made(events.ProposalDeclined, id)),
    st.builds(
        lambda id, r: made(events.ProposalAccepted, id, answered=("mentee",), relationship_id=r),
        IDS, HELD,
    ),
    HELD.map(lambda r: made(events.MeetingHeld, f"m{r}", relationship_id=r, minutes=1)),
    HELD.map(lambda r: made(events.MeetingStruck, f"m{r}")),
    st.builds(
        lambda r, why: made(events.RelationshipEnded, r, reason=why),
        HELD, st.sampled_from(["completed", "no_time"]),
    ),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(ANYTHING, max_size=25))
def test_s1_funnel_counts_never_increase_along_the_steps(journal: Sequence[events.Event]) -> None:
    known = [made(events.ProposalDrafted, f"x{n}", mentee_id=f"e{n}", mentor_id="m") for n in "123"]
    steps = Walked(Facts(program=PROGRAM, now=NOW, events=(*known, *journal))).steps
    for before, after in itertools.pairwise(STEPS):
        assert steps[after] <= steps[before]
    replayed = tuple(
        events.load(
            type(e).__name__,
            e.schema,
            e.payload(),
            {"subject_id": e.subject_id, "program_id": "p"}.items(),
        )
        for e in (*known, *journal)
    )
    assert Walked(Facts(program=PROGRAM, now=NOW, events=replayed)).steps == steps
