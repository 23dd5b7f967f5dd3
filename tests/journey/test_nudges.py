"""Nudges: what is awaited from whom, prompted once, in time or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Manifest, Portal, hookimpl, sending, worker
from mentorkit.hooks import Awaited, Nudge, Prompt
from mentorkit.journey import accept, match, meet, nudge, programs
from mentorkit.journey.manners import Held
from mentorkit.journey.say import NotWanted
from mentorkit.worker import work
from tests.journey.test_worker import Post, plugin

TEXTS = {"told": {"subject": {"en": "Hello"}, "body": {"en": "{person}: {mentee}, {mentor}"}}}


class Told(Nudge):
    """A nudge that keeps what it was told, and returns what `answer` makes of it."""

    name = "told"
    templates = TEXTS

    def __init__(self, answer: Callable[[Any, list[Awaited]], list[Any]]) -> None:
        self.answer = answer
        self.asked: list[list[Awaited]] = []

    def due(self, ctx: Any, awaited: Any) -> list[Any]:
        self.asked.append(list(awaited))
        return self.answer(ctx, list(awaited))


def nudging(name: str, nudge: Nudge) -> tuple[str, Any]:
    class Offers:
        @hookimpl
        def mentorkit_nudges(self) -> list[Nudge]:
            return [nudge]

    made = Offers()
    made.manifest = Manifest(title=name)  # type: ignore[attr-defined]
    return name, made


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def create_asked(create_world: Any, create_kit: Any, post: Post) -> Callable[..., SimpleNamespace]:
    """Return a factory of a program with one open proposal, of Ana and Cleo, and these nudges."""

    def create(*nudges: Any, **options: Any) -> SimpleNamespace:
        plugins = ("matching", plugin(post), *nudges)
        world: SimpleNamespace = create_world(kit=create_kit(plugins=plugins, **options))
        two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
        world.proposal = match.propose(world.kit, **world.at, **two)["id"]
        return world

    return create


def connect(world: SimpleNamespace) -> str:
    made = accept.accept(world.kit, **world.at, proposal=world.proposal)
    return str(made["relationship"]["id"])


def connect_both(world: SimpleNamespace) -> None:
    """Bring Ana and Cleo together, and Ben and Dora."""
    connect(world)
    two = {"mentee": world.ids["ben"], "mentor": world.ids["dora"]}
    world.proposal = match.propose(world.kit, **world.at, **two)["id"]
    connect(world)


def told(post: Post, template: str) -> list[Any]:
    return [one for one in post.carried if one.template == template]


def at_once(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
    return [Prompt(awaited=(one,), template="told", at=one.since) for one in awaited]


# ------------------------------------------------------------------ the core's part


def test_a_nudge_is_told_what_is_awaited_from_whom(create_asked: Any, clock: Any) -> None:
    nudge = Told(lambda ctx, awaited: [])
    world = create_asked(nudging("teller", nudge))
    work(world.kit)
    (one,) = nudge.asked.pop()
    assert (one.kind, one.person_id, one.role) == ("answer", world.persons["ana"], "mentee")
    assert one.until == clock() + timedelta(days=10)
    held = connect(world)
    work(world.kit)
    awaited = nudge.asked.pop()
    assert {(one.kind, one.role) for one in awaited} == {
        ("first_meeting", "mentee"), ("first_meeting", "mentor"),
    }  # fmt: skip
    clock.forward(days=1)
    meet.log(world.kit, **world.at, relationship=held, minutes=60)
    work(world.kit)
    assert {(one.kind, one.since) for one in nudge.asked.pop()} == {("meeting", clock())}
    clock.forward(days=41)
    work(world.kit)
    due = [one for one in nudge.asked.pop() if one.kind == "milestone"]
    assert {one.detail for one in due} == {"check"}
    assert all(one.at_risk for one in due), "no meeting for a month"
    meet.pause(world.kit, **world.at, relationship=held)
    nudge.asked.clear()
    work(world.kit)
    assert not any(nudge.asked), "of those who take a break nothing is awaited"


def test_a_prompt_is_sent_once_and_in_the_programs_own_words(create_asked: Any, post: Post) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    body = {"told": {"subject": {"en": "Ours"}, "body": {"en": "{mentee}?"}}}
    programs.define(world.kit, **world.at, program="traders", kind="messages", body=body)
    assert work(world.kit)["nudged"] == 1
    assert work(world.kit)["nudged"] == 0
    (one,) = told(post, "told")
    assert (one.subject, one.body) == ("Ours", "Ana?")


def test_what_is_awaited_is_worked_out_anew_once_something_has_happened_or_a_minute_is_over(
    create_asked: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = create_asked(nudging("teller", Told(lambda ctx, awaited: [])))
    looked: list[int] = []
    monkeypatch.setattr(nudge, "LARGE", 0)
    monkeypatch.setattr(nudge, "awaited", lambda *given, **named: looked.append(1) or [])
    for _ in range(3):
        nudge.nudge(world.kit, tenant="acme")
    assert len(looked) == 1
    clock.forward(seconds=60)
    nudge.nudge(world.kit, tenant="acme")
    assert len(looked) == 2
    connect(world)
    nudge.nudge(world.kit, tenant="acme")
    assert len(looked) == 3


def test_prompts_that_are_read_ahead_say_what_each_would_say_by_itself(
    create_asked: Any, clock: Any
) -> None:
    world = create_asked("checkins")
    staffed(world)
    connect_both(world)
    work(world.kit)  # what was told of the two beginnings
    seen, report = set(), dict.fromkeys(worker.REPORTED, 0)
    for _ in range(20):
        clock.forward(days=3)
        while nudge.nudge(world.kit, tenant="acme"):
            pass
        jobs = worker._claim(world.kit, "acme", 100, None, True)
        prompts = [job for job in jobs if job.body.get("nudge")]
        ahead = sending.read_ahead(world.kit, "acme", jobs)
        assert {job.id for job in prompts} <= ahead.keys()
        for job in prompts:
            seen.add(job.name)
            told_ahead: Any = list(ahead[job.id].args[2:])
            try:
                _, *alone = sending.worded(world.kit, "acme", job)
            except (NotWanted, Held) as error:
                alone, told_ahead = [repr(error)], [repr(ahead[job.id].args[0])]
            assert told_ahead == alone
        worker._note(world.kit, "acme", [(job, "done", {"receipt": None}) for job in jobs], report)
    assert len(seen) >= 3, seen


def test_a_prompt_that_is_missed_is_dropped_and_not_sent_late(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    clock.forward(days=4)  # nobody worked, and the grace of three days is over
    assert work(world.kit)["nudged"] == 0
    assert told(post, "told") == []


def test_a_prompt_that_waited_too_long_to_be_sent_is_dropped(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked(nudging("teller", Told(at_once)))

    def broken() -> None:
        raise OSError("the post is closed")

    post.before = broken
    assert work(world.kit)["nudged"] == 1
    post.before = lambda: None
    clock.forward(days=4)
    assert work(world.kit)["cancelled"] == 1  # the offer itself still stands
    assert told(post, "told") == []


def test_what_is_done_meanwhile_is_not_prompted(create_asked: Any, post: Post) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    world.kit.registry.channels["post"].before = lambda: None
    from mentorkit.journey import nudge

    assert nudge.nudge(world.kit, tenant="acme") == 1
    accept.decline(world.kit, **world.at, proposal=world.proposal)
    work(world.kit)
    assert told(post, "told") == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda ctx, awaited: ["now"], id="no prompt"),
        pytest.param(lambda ctx, awaited: 1 / 0, id="an error"),
        pytest.param(
            lambda ctx, awaited: [Prompt(awaited=tuple(awaited), template="other", at=ctx.now)],
            id="no such template",
        ),
        pytest.param(
            lambda ctx, awaited: [Prompt(awaited=(), template="told", at=ctx.now)], id="nothing"
        ),
        pytest.param(
            lambda ctx, awaited: [
                Prompt(awaited=(Awaited(kind="x", person_id="p", role="mentee", noun="proposal",
                                        subject_id="s", since=ctx.now),),
                       template="told", at=ctx.now)
            ],
            id="somebody else",
        ),
    ],
)  # fmt: skip
def test_a_nudge_that_fails_silences_no_other(create_asked: Any, post: Post, answer: Any) -> None:
    bad, good = Told(answer), Told(at_once)
    world = create_asked(nudging("bad", bad), nudging("good", good))
    assert work(world.kit)["nudged"] == 1
    assert len(told(post, "told")) == 1


def test_a_nudge_is_asked_outside_any_transaction(create_asked: Any) -> None:
    def write(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        with world.kit.transaction(tenant="acme") as tx:  # refused inside another
            assert tx.programs.find()
        return at_once(ctx, awaited)

    world = create_asked(nudging("teller", Told(write)))
    assert work(world.kit)["nudged"] == 1


def test_a_program_switches_a_plugins_prompts_off(create_asked: Any, post: Post) -> None:
    world = create_asked(nudging("teller", Told(at_once)))
    off = {"kind": "plugin", "key": "teller", "body": {"enabled": False}}
    programs.define(world.kit, **world.at, program="traders", **off)
    assert work(world.kit)["nudged"] == 0
    assert told(post, "told") == []


# ------------------------------------------------------------------ check-ins


def staffed(world: SimpleNamespace) -> str:
    made = programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", name="Cora"
    )
    return str(made["person"])


def test_f23_a_check_is_asked_of_mentor_mentee_and_staff_from_day_42_to_56(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    cora, held = staffed(world), connect(world)
    clock.forward(days=41, hours=23)
    work(world.kit)
    assert not told(post, "milestone_due_full")
    clock.forward(hours=1)
    work(world.kit)
    asked = told(post, "milestone_due_full")  # they have not met: the full question
    assert {one.person_id for one in asked} == {world.persons["ana"], world.persons["cleo"]}
    clock.forward(hours=24)
    work(world.kit)
    (one,) = told(post, "milestones_due_staff")
    assert one.person_id == cora
    assert "- Ana / Cleo" in one.body
    (check,) = [
        m for m in meet.show(world.kit, **world.at, relationship=held)["milestones"]
        if m["kind"] == "check"
    ]  # fmt: skip
    opens, closes = (datetime.fromisoformat(check[name]) for name in ("opens_at", "closes_at"))
    started = clock() - timedelta(days=43)
    assert (opens - started, closes - started) == (timedelta(days=42), timedelta(days=56))
    clock.forward(days=13)
    work(world.kit)
    assert len(told(post, "milestones_due_staff")) == 1


def test_f23_staff_are_told_once_a_day_of_all_that_has_opened(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    staffed(world)
    connect_both(world)
    clock.forward(days=42)
    work(world.kit)
    clock.forward(days=1)
    work(world.kit)
    (one,) = told(post, "milestones_due_staff")
    assert {line for line in one.body.splitlines() if line.startswith("-")} == {
        "- Ana / Cleo", "- Ben / Dora",
    }  # fmt: skip


def test_f24_healthy_pairs_are_asked_one_question_and_those_at_risk_the_full_one(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    held = connect(world)
    two = {"mentee": world.ids["ben"], "mentor": world.ids["dora"]}
    world.proposal = match.propose(world.kit, **world.at, **two)["id"]
    connect(world)
    for _ in range(13):
        clock.forward(days=7)
        meet.log(world.kit, **world.at, relationship=held, minutes=60)
        work(world.kit)
        for one in meet.milestones(world.kit, **world.at, relationship=held):
            if one["kind"] == "check" and one["state"] == "due":
                meet.reach(world.kit, **world.at, milestone=one["id"])
    ana, ben = world.persons["ana"], world.persons["ben"]
    short = [one.person_id for one in told(post, "milestone_due")]
    full = [one.person_id for one in told(post, "milestone_due_full")]
    assert (short.count(ana), full.count(ana)) == (2, 0)  # check and mid-point
    assert (short.count(ben), full.count(ben)) == (0, 2)


def test_whoever_has_looked_back_is_not_asked_again(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    held = connect(world)
    clock.forward(days=42)
    meet.turn(world.kit, tenant="acme")
    (due,) = [
        m for m in meet.milestones(world.kit, **world.at, relationship=held) if m["state"] == "due"
    ]
    ana = {**world.at, "actor": world.by("ana")}
    assert meet.reach(world.kit, **ana, milestone=due["id"])["state"] == "due"
    work(world.kit)
    asked = {one.person_id for one in told(post, "milestone_due_full")}
    assert asked == {world.persons["cleo"]}


def test_an_answer_is_reminded_of_before_its_time_is_over(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    clock.forward(days=6)
    work(world.kit)
    assert told(post, "answer_reminder") == []
    clock.forward(days=1)
    work(world.kit)
    work(world.kit)
    (one,) = told(post, "answer_reminder")
    assert one.person_id == world.persons["ana"]


def test_staff_are_reminded_of_their_own_answer_in_words_for_them(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    cora = programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", name="Cora", user_ref="cora"
    )["person"]
    with world.kit.transaction(tenant="acme") as tx:
        found = tx.programs.get(world.program)
        tx.programs.save(replace(found, accept_chain=("coordinator",)))
    clock.forward(days=8)
    work(world.kit)
    (one,) = told(post, "answer_reminder_staff")
    assert one.person_id == cora
    assert "mentoring between Ana and Cleo" in one.body
    assert told(post, "answer_reminder") == []


def test_an_open_question_is_reminded_of_too(create_asked: Any, post: Post, clock: Any) -> None:
    world = create_asked("checkins")
    ana = {**world.at, "actor": world.by("ana")}
    accept.ask(world.kit, **ana, proposal=world.proposal, text="Do you bake?")
    clock.forward(days=8)
    work(world.kit)
    (one,) = told(post, "reply_reminder")
    assert one.person_id == world.persons["cleo"]


def test_a_first_meeting_and_meeting_again_are_reminded_of(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    held = connect(world)
    clock.forward(days=7)
    work(world.kit)
    assert len(told(post, "first_meeting")) == 2
    meet.log(world.kit, **world.at, relationship=held, minutes=30)
    clock.forward(days=21)
    work(world.kit)
    assert len(told(post, "gone_quiet")) == 2
    assert len(told(post, "first_meeting")) == 2


@pytest.mark.parametrize(("met", "template", "days"), [
    (False, "first_meeting", 7), (True, "gone_quiet", 21),
])  # fmt: skip
def test_after_a_break_they_are_reminded_as_if_it_had_not_been(
    create_asked: Any, post: Post, clock: Any, met: bool, template: str, days: int
) -> None:
    world = create_asked("checkins")
    held = {"relationship": connect(world)}
    if met:
        meet.log(world.kit, **world.at, **held, minutes=30)
    clock.forward(days=days - 2)
    meet.pause(world.kit, **world.at, **held)
    clock.forward(days=60)
    meet.resume(world.kit, **world.at, **held)
    clock.forward(days=1)
    work(world.kit)
    assert len(told(post, template)) == 0
    clock.forward(days=1)
    work(world.kit)
    assert len(told(post, template)) == 2
    clock.forward(days=1)
    work(world.kit)
    assert len(told(post, template)) == 2


def test_a_program_sets_the_days_and_leaves_milestones_out(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked("checkins")
    settings = {
        "first_meeting_days": 0, "quiet_days": 0, "answer_days": 0, "milestones": False,
        "hours": False, "profile_days": 0, "silent_days": 0,
    }  # fmt: skip
    body = {"enabled": True, "settings": settings}
    own = {"kind": "plugin", "key": "checkins", "body": body}
    programs.define(world.kit, **world.at, program="traders", **own)
    connect(world)
    for _ in range(10):
        clock.forward(days=7)
        assert work(world.kit)["nudged"] == 0


def test_a_check_in_leads_to_the_page_and_to_a_link_that_logs_a_meeting(
    create_asked: Any, post: Post, clock: Any
) -> None:
    site = Portal("https://example.org/mentoring")
    world = create_asked("checkins", site=site, secret_keys=["s"])
    held = connect(world)
    clock.forward(days=42)
    work(world.kit)
    for one in told(post, "milestone_due_full"):
        assert f"https://example.org/mentoring/programs/traders/relationships/{held}" in one.body
        assert "https://example.org/mentoring/met/" in one.body
