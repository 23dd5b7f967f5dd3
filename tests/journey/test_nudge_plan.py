"""The plan of `checkins`: steps as data, checked when they are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.errors import Invalid
from mentorkit.hooks import Awaited
from mentorkit.journey import accept, match, plugins, programs
from mentorkit.worker import work
from mentorkit_checkins.plan import Step, as_row, steps
from tests.journey.test_nudges import told
from tests.journey.test_worker import Post, plugin

AT = datetime(2028, 2, 22, 9, tzinfo=UTC)


def one(**given: Any) -> Awaited:
    usual = {"kind": "answer", "person_id": "ana", "role": "mentee", "noun": "proposal"}
    return Awaited(**{**usual, "subject_id": "p", "since": AT, **given})


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def world(create_world: Any, create_kit: Any, post: Post) -> SimpleNamespace:
    """A program in which Ana is asked whether she wants Cleo, with the plugin checkins."""
    kit = create_kit(plugins=("matching", plugin(post), plugin(Post("other")), "checkins"))
    made: SimpleNamespace = create_world(kit=kit)
    two = {"mentee": made.ids["ana"], "mentor": made.ids["cleo"]}
    made.proposal = match.propose(made.kit, **made.at, **two)["id"]
    return made


def plan(world: SimpleNamespace, *given: dict[str, Any]) -> None:
    at = {**world.at, "program": "traders", "plugin": "checkins"}
    plugins.change(world.kit, **at, settings={"plan": list(given)})


def test_a_step_counts_days_from_the_first_or_to_the_last_day() -> None:
    answer = {"awaited": "answer", "template": "answer_reminder"}
    asked = one(until=AT + timedelta(days=10))
    assert list(Step(**answer, days=7).moments(asked)) == [datetime(2028, 2, 29, 9, tzinfo=UTC)]
    assert list(Step(**answer, when="before", days=2).moments(asked)) == [
        datetime(2028, 3, 1, 9, tzinfo=UTC)
    ]
    soon = list(Step(**answer, when="before", days=30).moments(asked))
    assert soon == [AT + timedelta(days=1)], "not together with what it reminds of"
    assert list(Step(**answer, days=10).moments(asked)) == [], "by then it is over"
    assert len(list(Step(**answer, days=1, times=9, every_days=4).moments(asked))) == 3
    assert list(Step(**answer, when="before", days=2).moments(one())) == []


def test_a_step_is_about_whom_and_what_it_names() -> None:
    step = Step(awaited="milestone", template="milestone_due", role="party", only="end")
    ended = {"kind": "milestone", "detail": "end"}
    assert step.fits(one(**ended))
    assert not step.fits(one(kind="milestone", detail="check"))
    assert not step.fits(one(**ended, role="coordinator"))
    flagged = Step(awaited="milestone", template="milestone_due", risk="flagged")
    assert not flagged.fits(one(**ended))
    assert flagged.fits(one(**ended, at_risk=True))


def test_the_shipped_plan_goes_by_the_days_that_are_set() -> None:
    assert [step.template for step in steps({})] == [
        "milestone_due", "milestone_due_full", "milestones_due_staff", "answer_reminder",
        "answer_reminder_staff", "reply_reminder", "first_meeting", "gone_quiet", "mentor_silent",
        "mentor_silent_staff", "profile_open",
        "too_few_hours", "thanks", "half_way", "thanks", "come_to_the_end",
    ]  # fmt: skip
    few = {"milestones": False, "answer_days": 0, "first_meeting_days": 5, "quiet_days": 0,
           "hours": False,
           "profile_days": 0, "thanks": False, "silent_days": 0}  # fmt: skip
    (step,) = steps(few)
    assert as_row(step) == {
        "awaited": "first_meeting", "template": "first_meeting", "role": "anyone",
        "when": "after", "days": 5, "grace_days": 7,
    }  # fmt: skip


def test_a_program_has_a_plan_of_its_own_with_repeats_and_a_channel(
    world: SimpleNamespace, post: Post, clock: Any
) -> None:
    step = {"awaited": "first_meeting", "template": "first_meeting", "role": "mentee"}
    plan(world, {**step, "days": 3, "times": 3, "every_days": 5, "channel": "other"})
    accept.accept(world.kit, **world.at, proposal=world.proposal)
    sent = []
    other = world.kit.registry.channels["other"]
    for _ in range(20):
        work(world.kit)
        sent.append(len(told(other, "first_meeting")))
        clock.forward(days=1)
    assert [sent.index(count) for count in (1, 2, 3)] == [3, 8, 13]
    assert told(post, "first_meeting") == []
    (reader,) = {one.person_id for one in told(other, "first_meeting")}
    assert reader == world.persons["ana"]


@pytest.mark.parametrize(
    ("step", "place", "message"),
    [
        ({"awaited": "answer", "template": "gone_quiet"}, "plan[1].template", "has no words for"),
        ({"awaited": "answer", "template": "answer_reminder", "only": "end"}, "plan[1].only", ""),
        ({"awaited": "milestone", "template": "milestones_due_staff"}, "plan[1].together", ""),
        (
            {"awaited": "milestone", "template": "milestones_due_staff", "together": True},
            "plan[1].role", "only staff",
        ),
        ({"awaited": "lunch", "template": "answer_reminder"}, "plan[1].awaited", "one of"),
        ({"awaited": "answer"}, "plan[1].template", ""),
        ({"awaited": "answer", "template": "answer_reminder", "days": -1}, "plan[1].days", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_step_is_told_when_it_is_kept(
    world: SimpleNamespace, step: dict[str, Any], place: str, message: str
) -> None:
    good = {"awaited": "meeting", "template": "gone_quiet", "days": 30}
    with pytest.raises(Invalid) as refused:
        plan(world, good, step)
    problems = {one.place: one.message for one in refused.value.problems}
    assert message in problems[f"plugins.checkins.settings.{place}"]
    assert programs.export(world.kit, **world.at, program="traders").get("plugins", {}) == {}
