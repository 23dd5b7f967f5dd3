"""Feedback: who is asked when, once for what coincides, and where the answers go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotFound
from mentorkit.journey import collecting, feedback, meet, onboard, programs, protect, relay
from mentorkit.store import tables
from mentorkit.store.declarations import declaration
from tests.conftest import Clock
from tests.journey.asked import (
    PLUGINS,
    QUESTIONNAIRES,
    TARGETS,
    answer,
    asked,
    connect,
    drain,
    log,
    sections,
    staffed,
)
from tests.journey.conftest import lead

Create = Callable[..., SimpleNamespace]


@pytest.fixture
def create_asking(create_world: Create, create_kit: Callable[..., Any]) -> Create:
    """Return a factory of worlds with these questionnaires in force."""

    def create(*keys: str, **more: Any) -> SimpleNamespace:
        made = create_world(
            kit=create_kit(plugins=PLUGINS), sections=sections(*keys, **more.pop("own", {})), **more
        )
        drain(made)
        return made

    return create


def states(world: SimpleNamespace, relationship: str) -> dict[str, str]:
    rows = meet.milestones(world.kit, **world.at, relationship=relationship)
    return {row["kind"]: row["state"] for row in rows}


def told(world: SimpleNamespace) -> list[tuple[str, str]]:
    """Return (who, message) of all that was promised to be sent, and was."""
    names = {person: key for key, person in world.persons.items()}
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        jobs = [*tx.outbox.find(kind="message", state="done"), *tx.outbox.find(kind="survey")]
        return sorted((names.get(str(j.recipient_id), "staff"), j.name) for j in jobs)


def test_f21_a_milestone_asks_both_sides_and_a_survey_is_what_they_hear_of_it_by(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("check")
    connect(world, "ana", "cleo")
    clock.forward(days=43)
    drain(world)
    rows = asked(world, "check")
    assert {(row["name"], row["side"]) for row in rows} == {("Ana", "mentee"), ("Cleo", "mentor")}
    assert ("ana", "survey_asked") in told(world)
    assert ("ana", "milestone_due") not in told(world)
    drain(world)
    assert asked(world, "check") == rows


def test_f21_two_triggers_that_coincide_give_one_survey_that_asks_both(
    create_asking: Create, clock: Clock
) -> None:
    milestones = [
        {"kind": "check", "day": 42, "window": 14},
        {"kind": "mid_point", "fraction": 0.5},
        {"kind": "end", "fraction": 1.0},
    ]
    world = create_asking(
        "check", "mid_point", own={"targets": {"length_days": 84, "milestones": milestones}}
    )
    held = connect(world, "ana", "cleo")
    clock.forward(days=42, hours=1)
    drain(world)
    (row,) = asked(world, side="mentee", relationship_id=held)
    assert [part["questionnaire"] for part in row["parts"]] == ["check", "mid_point"]
    one = feedback.show(world.kit, **world.at, survey=row["id"])
    assert {q["id"] for q in one["questions"]} == {"going", "issues", "words", "trouble"}
    for each in asked(world, relationship_id=held):
        answer(world, each, going="well")
    assert states(world, held)["check"] == states(world, held)["mid_point"] == "done"


def test_f21_the_same_is_not_asked_again_because_another_trigger_comes_a_little_later(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("end")
    held = connect(world, "ana", "cleo")
    clock.forward(days=182, hours=1)
    drain(world)
    (row,) = asked(world, "end", side="mentee")
    answer(world, row, indicator_staff=3)
    clock.forward(days=2)
    meet.end(world.kit, **world.at, relationship=held)
    drain(world)
    assert len(asked(world, "end", side="mentee")) == 1


@pytest.mark.parametrize(("later", "many"), [(27, 1), (28, 2)])
def test_f21_the_same_rests_for_four_weeks_whatever_else_would_ask_it(
    create_asking: Create, clock: Clock, later: int, many: int
) -> None:
    when = [{"milestone": "check"}, {"day": 42 + later}]
    mood = {"to": ["mentee"], "when": when, "window": 1, "questions": {"good": {"kind": "flag"}}}
    own = {key: QUESTIONNAIRES[key] for key in ("baseline", "end")} | {"mood": mood}
    world = create_asking(own={"questionnaires": own})
    connect(world, "ana", "cleo")
    clock.forward(days=42)
    drain(world)
    assert len(asked(world, "mood")) == 1
    clock.forward(days=later)
    drain(world)
    assert len(asked(world, "mood")) == many


@pytest.mark.parametrize("answered", [True, False])
def test_f21_the_end_is_asked_about_once_however_long_after_its_day_it_is_brought_about(
    create_asking: Create, clock: Clock, answered: bool
) -> None:
    world = create_asking("end")
    held = connect(world, "ana", "cleo")
    clock.forward(days=182, hours=1)
    drain(world)
    before = asked(world, "end")
    assert {row["side"] for row in before} == {"mentee", "mentor"}
    if answered:
        for row in before:
            answer(world, row, statement_survival="agree")
    clock.forward(days=60)
    drain(world)
    meet.end(world.kit, **world.at, relationship=held)
    drain(world)
    assert [row["id"] for row in asked(world, "end")] == [row["id"] for row in before]


def test_f21_an_end_that_a_program_plans_on_a_day_is_asked_about_once_too(
    create_asking: Create, clock: Clock
) -> None:
    targets = {**TARGETS, "milestones": [{"kind": "end", "day": 180}]}
    world = create_asking("end", own={"targets": targets})
    held = connect(world, "ana", "cleo")
    clock.forward(days=180, hours=1)
    drain(world)
    before = [row["id"] for row in asked(world, "end")]
    assert len(before) == 2
    clock.forward(days=40)
    drain(world)
    meet.end(world.kit, **world.at, relationship=held)
    drain(world)
    assert [row["id"] for row in asked(world, "end")] == before


@pytest.mark.parametrize("triggers", [2, 1], ids=["day or end", "day alone"])
@pytest.mark.parametrize("answered", [True, False])
def test_f22_after_more_time_the_end_is_asked_at_the_real_end_of_who_has_not_answered(
    create_asking: Create, clock: Clock, answered: bool, triggers: int
) -> None:
    ends = {**QUESTIONNAIRES["end"], "when": QUESTIONNAIRES["end"]["when"][:triggers]}
    own = {"baseline": QUESTIONNAIRES["baseline"], "end": ends}
    world = create_asking(own={"questionnaires": own})
    held = connect(world, "ana", "cleo")
    clock.forward(days=182, hours=1)
    drain(world)
    (row,) = asked(world, "end", side="mentee")
    if answered:
        answer(world, row, indicator_staff=3)
    meet.extend(world.kit, **world.at, relationship=held, days=120)
    clock.forward(days=120)
    drain(world)
    meet.end(world.kit, **world.at, relationship=held)
    for _ in range(2):  # what is promised twice is kept once
        drain(world)
    (now,) = asked(world, "end", side="mentee")
    assert (now["id"], now["state"]) == (row["id"], "answered" if answered else "open")
    assert (now["asked_at"] == row["asked_at"]) is answered
    waiting = feedback.mine(world.kit, tenant=world.tenant, actor=world.by("ana"))
    assert (row["id"] in {each["id"] for each in waiting}) is not answered
    if not answered:
        answer(world, now, indicator_staff=4)
        assert asked(world, "end", side="mentee")[0]["state"] == "answered"


def test_f21_who_ends_before_the_day_of_the_end_is_asked_about_it_then(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("end")
    held = connect(world, "ana", "cleo")
    clock.forward(days=100)
    meet.end(world.kit, **world.at, relationship=held, reason="goal_reached")
    drain(world)
    assert {row["side"] for row in asked(world, "end")} == {"mentee", "mentor"}
    clock.forward(days=100)
    drain(world)
    assert len(asked(world, "end")) == 2


@pytest.mark.parametrize("planned", [True, False])
def test_f21_the_same_is_asked_at_the_start_and_again_at_the_end(
    create_asking: Create, clock: Clock, planned: bool
) -> None:
    when = [{"event": "RelationshipStarted"}, {"event": "RelationshipEnded"}]
    mood = {"to": ["mentee"], "when": when, "questions": {"good": {"kind": "flag"}}}
    milestones = TARGETS["milestones"][1:] if planned else []
    world = create_asking(
        own={
            "measurement": {"none": "We only ask how it feels."},
            "questionnaires": {"mood": mood},
            "targets": {**TARGETS, "milestones": milestones},
        }
    )
    held = connect(world, "ana", "cleo")
    drain(world)
    assert len(asked(world, "mood")) == 1
    clock.forward(days=182)
    meet.end(world.kit, **world.at, relationship=held)
    drain(world)
    assert len(asked(world, "mood")) == 2


def test_the_breaks_of_all_are_read_at_once_for_surveys_and_for_nudges(
    create_world: Create, create_kit: Callable[..., Any], clock: Clock
) -> None:
    loop = {"to": ["mentee"], "when": [{"day": 30}], "questions": {"going": {"kind": "flag"}}}
    own = {key: QUESTIONNAIRES[key] for key in ("baseline", "end")} | {"loop": loop}
    mentees = [lead(f"m{number}", "mentee", trade="baker") for number in range(5)]
    world = create_world(
        [*mentees, lead("cleo", "mentor", trade="baker", capacity=5)],
        kit=create_kit(plugins=PLUGINS),
        sections=sections(questionnaires=own),
    )
    held = [connect(world, one.key, "cleo") for one in mentees]
    told: list[str] = []
    sa.event.listen(world.kit.engine, "before_cursor_execute", lambda *about: told.append(about[2]))

    def journal_read() -> tuple[int, int]:
        told.clear()
        feedback.turn(world.kit, tenant=world.tenant)
        surveys = sum("FROM mk__event" in text for text in told)
        told.clear()
        with world.kit.transaction(tenant=world.tenant, write=False) as tx:
            program = tx.programs.get(world.program)
            collecting.awaited(world.kit, tx, program, {"relationship": held})
        return surveys, sum("FROM mk__event" in text for text in told)

    def away(relationship: str) -> None:
        meet.pause(world.kit, **world.at, relationship=relationship)
        clock.forward(days=1)
        meet.resume(world.kit, **world.at, relationship=relationship)

    away(held[0])
    for_one = journal_read()
    for relationship in held[1:]:
        away(relationship)
    assert min(for_one) > 0
    assert journal_read() == for_one


def test_f21_time_asks_on_its_day_and_again_after_so_many(
    create_asking: Create, clock: Clock
) -> None:
    own = sections()["questionnaires"] | {
        "loop": {
            "to": ["mentee"], "when": [{"day": 30, "every": 60}], "window": 7,
            "questions": {"going": {"kind": "flag"}},
        }
    }  # fmt: skip
    del own["check"], own["mid_point"], own["pulse"]
    world = create_asking(own={"questionnaires": own})
    begun = clock.now
    connect(world, "ana", "cleo")
    for day, many in ((29, 0), (30, 1), (31, 1), (89, 1), (90, 2), (158, 2)):
        clock.now = begun + timedelta(days=day, hours=1)
        drain(world)
        assert len(asked(world, "loop")) == many, day  # on day 150 nobody worked: it was missed


def test_f21_the_days_of_a_break_do_not_count_for_what_is_asked_on_a_day(
    create_asking: Create, clock: Clock
) -> None:
    loop = {
        "to": ["mentee"], "when": [{"day": 30, "every": 60}], "window": 7,
        "questions": {"going": {"kind": "flag"}},
    }  # fmt: skip
    own = {key: QUESTIONNAIRES[key] for key in ("baseline", "end")} | {"loop": loop}
    world = create_asking(own={"questionnaires": own})
    begun = clock.now
    held = connect(world, "ana", "cleo")
    clock.now = begun + timedelta(days=29)
    meet.pause(world.kit, **world.at, relationship=held)
    for day in (30, 60, 79):
        clock.now = begun + timedelta(days=day, hours=1)
        drain(world)
        assert asked(world, "loop") == [], "nobody is asked in a break"
    meet.resume(world.kit, **world.at, relationship=held)  # fifty days and an hour later
    for day, many in ((80, 0), (81, 1), (139, 1), (141, 2)):
        clock.now = begun + timedelta(days=day)
        drain(world)
        assert len(asked(world, "loop")) == many, day


def test_f21_an_event_asks_and_a_late_answer_goes_to_the_point_it_was_asked_about(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("check", "pulse")
    held = connect(world, "ana", "cleo")
    meeting = log(world, held)
    drain(world)
    (pulse,) = asked(world, "pulse")
    assert (pulse["parts"][0]["point_noun"], pulse["parts"][0]["point_id"]) == ("meeting", meeting)
    clock.forward(days=43)
    drain(world)
    clock.forward(days=30)
    drain(world)
    (check,) = asked(world, "check", side="mentee")
    assert check["state"] == "late"
    assert answer(world, check, going="fair")["late"] is True
    (cleo,) = asked(world, "check", side="mentor")
    assert states(world, held)["check"] == "missed"  # the other one's word is still awaited
    answer(world, cleo, going="well")
    assert states(world, held)["check"] == "done"
    (pulse,) = asked(world, "pulse")
    assert pulse["state"] == "late"


def test_f21_staff_are_asked_about_the_program_once_however_many_pairs_come_to_it(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("check")
    cora = staffed(world, "Cora")["Cora"]
    connect(world, "ana", "cleo")
    clock.forward(days=1)
    connect(world, "ben", "dora")
    clock.forward(days=44)
    drain(world)
    (row,) = asked(world, "check", side="staff")
    assert row["relationship_id"] is None
    one = feedback.show(world.kit, tenant=world.tenant, actor=cora, survey=row["id"])
    assert {q["id"] for q in one["questions"]} == {"issues", "words"}
    answer(world, row, issues=["no_time"], words="Many have little time.")
    assert feedback.mine(world.kit, tenant=world.tenant, actor=cora) == []


def test_f22_the_baseline_is_asked_before_anybody_can_meet(create_asking: Create) -> None:
    world = create_asking("check")
    rows = asked(world, "baseline")
    assert {row["name"] for row in rows} == {"Ana", "Ben"}
    assert all(row["parts"][0]["point_noun"] == "participant" for row in rows)


def test_f22_a_program_without_a_plan_is_not_opened(create_kit: Callable[..., Any]) -> None:
    from tests.journey.conftest import ADMIN, PRESET

    kit, at = create_kit(plugins=PLUGINS), {"tenant": "acme", "actor": ADMIN}
    bare = {name: part for name, part in PRESET.items() if name != "measurement"}
    programs.create(kit, **at, key="bare", preset=bare)
    with pytest.raises(Conflict, match="does not say what it measures") as caught:
        programs.open_(kit, **at, program="bare")
    assert caught.value.code == "program.not_ready"
    put = {**at, "program": "bare", "kind": "measurement"}
    programs.define(kit, **put, body={"indicators": {"staff": {"label": "Employees"}}})
    with pytest.raises(Conflict) as caught:
        programs.open_(kit, **at, program="bare")
    assert caught.value.details["missing"] == ["baseline", "endline"]
    programs.define(
        kit, **at, program="bare", kind="questionnaires",
        body={key: QUESTIONNAIRES[key] for key in ("baseline", "end")},
    )  # fmt: skip
    assert programs.open_(kit, **at, program="bare")["state"] == "open"


def test_f22_a_reason_to_measure_nothing_opens_it_too(create_kit: Callable[..., Any]) -> None:
    from tests.journey.conftest import ADMIN, PRESET

    kit, at = create_kit(), {"tenant": "acme", "actor": ADMIN}
    for wrong in ({"none": ""}, {"none": "x", "period": "month"}, {"period": "month"}):
        with pytest.raises(Invalid):
            programs.create(kit, **at, key="p", preset={**PRESET, "measurement": wrong})
    programs.create(kit, **at, key="p", preset={**PRESET, "measurement": {"none": "We only meet."}})
    assert programs.open_(kit, **at, program="p")["state"] == "open"


def test_f23_the_window_opens_on_day_42_and_is_due_on_day_56_for_each_from_their_own_start(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("check")
    begun = clock.now
    connect(world, "ana", "cleo")
    clock.forward(days=10)
    connect(world, "ben", "dora")
    due = {}
    for day in (41, 42, 51, 52):
        clock.now = begun + timedelta(days=day, hours=1)
        drain(world)
        for row in asked(world, "check", side="mentee"):
            due.setdefault(row["name"], (day, row["due_at"]))
    assert {name: day for name, (day, _) in due.items()} == {"Ana": 42, "Ben": 52}
    assert due["Ana"][1].startswith((begun + timedelta(days=56)).date().isoformat())
    assert due["Ben"][1].startswith((begun + timedelta(days=66)).date().isoformat())


def test_f24_healthy_pairs_get_one_question_and_flagged_ones_the_full_one(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("mid_point", own={"targets": {
        "length_days": 182, "minutes_per_month": 60,
        "milestones": [{"kind": "mid_point", "fraction": 0.5}, {"kind": "end", "fraction": 1.0}],
    }})  # fmt: skip
    healthy, silent = connect(world, "ana", "cleo"), connect(world, "ben", "dora")
    for _ in range(13):
        clock.forward(days=7)
        log(world, healthy)
    clock.forward(hours=1)
    drain(world)
    questions = {}
    for held in (healthy, silent):
        (row,) = asked(world, "mid_point", side="mentee", relationship_id=held)
        one = feedback.show(world.kit, **world.at, survey=row["id"])
        questions[held] = [q["id"] for q in one["questions"]]
    assert questions == {healthy: ["going"], silent: ["going", "trouble"]}


def test_s7_a_pulse_reaches_only_those_who_were_there(create_asking: Create, clock: Clock) -> None:
    people = [
        lead("ana", "mentee", trade="baker"), lead("ben", "mentee", trade="baker"),
        lead("eva", "mentee", trade="baker"), lead("cleo", "mentor", trade="baker", capacity=5),
    ]  # fmt: skip
    world = create_asking("pulse", leads=people, kind="circle")
    (held,) = {connect(world, mentee, "cleo") for mentee in ("ana", "ben", "eva")}
    clock.forward(days=1)
    log(world, held, attendees=[world.ids[key] for key in ("ana", "eva", "cleo")])
    drain(world)
    assert {row["name"] for row in asked(world, "pulse")} == {"Ana", "Eva"}
    for attendees in (["somebody", world.ids["ana"]], [world.ids["cleo"]]):
        with pytest.raises(Invalid, match="name two at least"):
            log(world, held, attendees=attendees)


def test_a_struck_meeting_and_an_end_by_a_block_ask_nobody(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("pulse", "end")
    held = connect(world, "ana", "cleo")
    meet.strike(world.kit, **world.at, meeting=log(world, held))
    protect.block(
        world.kit, tenant=world.tenant, actor=world.by("ana"),
        person=world.persons["ana"], other=world.persons["cleo"],
    )  # fmt: skip
    drain(world)
    assert asked(world, "pulse") == []
    assert asked(world, "end") == []


def test_what_the_worker_has_done_stays_as_declared_so_that_nobody_is_asked_or_told_twice(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("check")

    def done() -> dict[str, str]:
        with world.kit.transaction(tenant=world.tenant, write=False) as tx:
            assert [one.side for one in feedback.asked_of(tx, world.persons["ana"])] == ["mentee"]
            return {one.key: one.state for one in tx.outbox.find(state="done")}

    before = done()
    assert any(key.startswith("survey:") for key in before)
    clock.forward(days=800)
    drain(world)
    assert before.items() <= done().items()
    assert declaration(tables.outbox).retention.startswith("as long as the program")


def test_who_has_taken_consent_back_is_not_asked(create_asking: Create, clock: Clock) -> None:
    world = create_asking("check")
    connect(world, "ana", "cleo")
    onboard.withdraw(world.kit, **world.at, participant=world.ids["cleo"])
    clock.forward(days=43)
    drain(world)
    assert {row["name"] for row in asked(world, "check")} == {"Ana"}


@pytest.mark.parametrize("how", ["leaves", "erased"])
def test_what_somebody_was_still_asked_is_closed_when_they_leave(
    create_asking: Create, clock: Clock, how: str
) -> None:
    world = create_asking("check")
    held = connect(world, "ana", "cleo")
    clock.forward(days=43)
    drain(world)
    answered = asked(world, "check", relationship_id=held, side="mentor")[0]
    answer(world, answered, going="well")
    open_ = [row for row in asked(world) if row["name"] == "Ana" and row["state"] != "answered"]
    assert {row["parts"][0]["questionnaire"] for row in open_} == {"baseline", "check"}
    mine = {"tenant": world.tenant, "actor": world.by("ana")}
    if how == "leaves":
        meet.end(world.kit, **world.at, relationship=held)
        onboard.leave(world.kit, **world.at, participant=world.ids["ana"])
        assert feedback.mine(world.kit, **mine) == []
        with pytest.raises(NotFound, match="not asked any more"):
            feedback.show(world.kit, **mine, survey=open_[0]["id"])
    else:
        protect.erase(world.kit, **world.at, person=world.persons["ana"])
    drain(world)
    found = {row["id"]: row["state"] for row in asked(world)}
    closed = {id for id, state in found.items() if state == "closed"}
    assert closed == {row["id"] for row in open_}, "they were asked, and that still counts"
    assert found[answered["id"]] == "answered"


def test_answers_are_checked_and_kept_once(create_asking: Create) -> None:
    world = create_asking("check")
    (row,) = [one for one in asked(world, "baseline") if one["name"] == "Ana"]
    with pytest.raises(Invalid) as caught:
        answer(world, row, indicator_sales="a lot", nonsense="x")
    assert {one.place for one in caught.value.problems} == {"indicator.sales", "nonsense"}
    with pytest.raises(Invalid, match="currency") as caught:
        answer(world, row, indicator_sales="1200")
    lacking = ["indicator.currency", "indicator.period"]
    assert [one.place for one in caught.value.problems] == lacking
    with pytest.raises(Invalid, match="say for what time the amounts are"):
        answer(world, row, indicator_sales="1200", indicator_currency="KES")
    with pytest.raises(Invalid, match="at least one"):
        answer(world, row)
    money = {"indicator_currency": "KES", "indicator_period": "quarter"}
    answer(world, row, indicator_sales="1200", **money)
    with pytest.raises(Conflict, match="already"):
        answer(world, row, indicator_sales="1300", **money)
    one = feedback.show(world.kit, **world.at, survey=row["id"])
    kept = {q["id"]: q["value"] for q in one["questions"]}
    assert kept["indicator.sales"] == 1200.0
    assert kept["indicator.period"] == "quarter"


def test_a_survey_is_there_for_whom_it_asks_and_for_staff_alone(create_asking: Create) -> None:
    world = create_asking("check")
    (row,) = [one for one in asked(world, "baseline") if one["name"] == "Ana"]
    for stranger in (world.by("ben"), world.by("cleo"), Actor()):
        with pytest.raises(NotFound):
            feedback.show(world.kit, tenant=world.tenant, actor=stranger, survey=row["id"])
    with pytest.raises(NotFound):
        feedback.show(world.kit, tenant="other", actor=world.admin, survey=row["id"])


def test_staff_who_are_in_a_pair_read_and_answer_nothing_that_the_other_is_asked_about_it(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("check")
    programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", person=world.persons["cleo"]
    )
    cora = {
        "tenant": world.tenant,
        "actor": Actor(person_id=staffed(world, "Cora")["Cora"].person_id),
    }
    cleo, held = {"tenant": world.tenant, "actor": world.by("cleo")}, connect(world, "ana", "cleo")
    clock.forward(days=50)
    drain(world)
    sides = {one["side"]: one["id"] for one in asked(world, "check") if one["relationship_id"]}

    def listed(at: dict[str, Any]) -> set[str]:
        rows = feedback.surveys(world.kit, **at, program="traders")
        return {one["id"] for one in rows} & set(sides.values())

    assert listed(cora) == listed(world.at) == set(sides.values())
    assert listed(cleo) == set()
    words = {"words": "Cleo frightens me"}
    with pytest.raises(NotFound):
        feedback.answer(world.kit, **cleo, survey=sides["mentee"], answers=words)
    by_ana = {"tenant": world.tenant, "actor": world.by("ana")}
    feedback.answer(world.kit, **by_ana, survey=sides["mentee"], answers=words)
    relay.send(world.kit, **by_ana, relationship=held, text="Monday at six?")
    with pytest.raises(NotFound):
        feedback.show(world.kit, **cleo, survey=sides["mentee"])
    feedback.answer(world.kit, **cleo, survey=sides["mentor"], answers={"going": "well"})
    for at in (cora, world.at):
        shown = feedback.show(world.kit, **at, survey=sides["mentee"])["questions"]
        assert "Cleo frightens me" in [one["value"] for one in shown]

    def notes(at: dict[str, Any]) -> list[str]:
        shown = onboard.show(world.kit, **at, participant=world.ids["ana"])
        return [note["text"] for note in shown["notes"]]

    assert "Cleo frightens me" in notes(cora), "her words, and nothing of how they are kept"
    assert "Cleo frightens me" not in notes(cleo)
    assert "Monday at six?" not in notes(cora) + notes(world.at), "what is carried is for the two"


def test_staff_enter_what_they_heard_and_by_what_means_is_kept(create_asking: Create) -> None:
    world = create_asking("check")
    cora = staffed(world, "Cora")["Cora"]
    (row,) = [one for one in asked(world, "baseline") if one["name"] == "Ana"]
    by = Actor(person_id=cora.person_id, means="phone")
    feedback.answer(
        world.kit, tenant=world.tenant, actor=by, survey=row["id"],
        answers={"indicator.staff": "4"},
    )  # fmt: skip
    (row,) = [one for one in asked(world, "baseline") if one["name"] == "Ana"]
    assert (row["state"], row["means"]) == ("answered", "phone")


def test_an_answer_is_exported_to_who_gave_it_and_erased_with_them(
    create_asking: Create, clock: Clock
) -> None:
    world = create_asking("check")
    held = connect(world, "ana", "cleo")
    clock.forward(days=43)
    drain(world)
    for row in asked(world, "check", relationship_id=held):
        answer(world, row, going="well", words=f"Said by {row['name']}")
    protect.erase(world.kit, **world.at, person=world.persons["ana"])
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        texts = [note.text for note in tx.notes.find()]
        payloads = [str(event.payload()) for event in tx.journal.events(limit=None)]
    assert not any("Said by" in text for text in texts)  # what Cleo wrote may name Ana
    assert any("well" in text for text in texts)  # what Cleo chose does not
    assert not any("Said by" in payload for payload in payloads)
