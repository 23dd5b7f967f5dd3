"""Step 6 against its rows: milestones, minutes, groups, levels of touch, and an early end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mentorkit import Portal
from mentorkit.domain import events
from mentorkit.domain.milestones import asked_minutes, month_of
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import EVIDENCE_MILESTONES
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import (
    accept,
    checks,
    choices,
    evaluate,
    flags,
    gather,
    history,
    links,
    match,
    meet,
    met,
    onboard,
    programs,
    protect,
    suggestions,
)
from mentorkit.worker import work
from mentorkit_inbox.tables import message as inbox
from tests.journey.conftest import lead
from tests.journey.test_worker import Post, plugin

DAY = timedelta(days=1)


def define(world: Any, kind: str, body: Any) -> None:
    programs.define(world.kit, **world.at, program="traders", kind=kind, body=body)


def connect(world: Any, mentee: str = "ana", mentor: str = "cleo") -> str:
    two = {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}
    asked = match.propose(world.kit, **world.at, **two)
    done = accept.accept(world.kit, **world.at, proposal=asked["id"])
    return str(done["relationship"]["id"])


def planned(world: Any, held: str, actor: Any = None) -> dict[str, dict[str, Any]]:
    by = {**world.at, **({"actor": actor} if actor else {})}
    return {
        m["kind"] + (":own" if m["participant_id"] else ""): m
        for m in meet.milestones(world.kit, **by, relationship=held)
    }


def day(milestone: dict[str, Any], name: str = "opens_at") -> datetime:
    return datetime.fromisoformat(milestone[name])


def facts(world: Any, kind: type[events.Event]) -> list[events.Event]:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        return [one for one in tx.journal.events(limit=None) if isinstance(one, kind)]


# ------------------------------------------------------------------ milestones


def test_f18_two_thirds_is_of_the_actual_length_and_fires_once(world: Any, clock: Any) -> None:
    define(world, "targets", {"length_days": 84})
    start, held = clock(), connect(world)
    assert day(planned(world, held)["two_thirds"]) == start + timedelta(weeks=8)
    meet.extend(world.kit, **world.at, relationship=held, days=42)
    assert day(planned(world, held)["two_thirds"]) == start + timedelta(weeks=12)
    clock.forward(weeks=12)
    meet.turn(world.kit, tenant="acme")
    before = planned(world, held)["two_thirds"]
    assert before["state"] == "due"
    meet.extend(world.kit, **world.at, relationship=held, days=42)
    assert planned(world, held)["two_thirds"] == before, "what has fired stays"
    for _ in range(20):
        clock.forward(weeks=1)
        meet.turn(world.kit, tenant="acme")
    due = [one for one in facts(world, events.MilestoneDue) if one.subject_id == before["id"]]
    assert len(due) == 1


def told(world: Any, name: str) -> set[str | None]:
    """Return who is told something by message, as person ids."""
    with world.kit.transaction(tenant="acme", write=False) as tx:
        return {job.recipient_id for job in tx.outbox.find(kind="message", name=name)}


def test_a_break_and_its_end_are_told_to_the_other_without_the_reason(
    create_world: Any, create_kit: Any
) -> None:
    world = create_world(kit=create_kit(plugins=("matching", "inbox")))
    at = {"tenant": "acme", "actor": world.by("ana"), "relationship": connect(world)}
    meet.pause(world.kit, **at, reason="ill")
    work(world.kit)
    meet.resume(world.kit, **at)
    work(world.kit)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        rows = tx.connection.execute(inbox.select()).all()
    breaks = [one for one in rows if "takes a break" in one.body or "after its break" in one.body]
    assert [one.person_id for one in breaks] == [world.persons["cleo"]] * 2
    assert all("Hello Cleo, your mentoring with Ana in" in one.body for one in breaks)
    assert not any("ill" in one.body.split() for one in breaks)


def test_g14_a_pause_and_an_extension_move_all_that_is_to_come_once(world: Any, clock: Any) -> None:
    define(world, "targets", {"length_days": 84})
    start, held = clock(), connect(world)
    clock.forward(days=43)
    meet.turn(world.kit, tenant="acme")  # check and mid-point have fired
    fired = {k: m for k, m in planned(world, held).items() if m["state"] == "due"}
    assert set(fired) == {"check", "mid_point"}
    meet.pause(world.kit, **world.at, relationship=held)
    clock.forward(days=20)
    assert meet.turn(world.kit, tenant="acme") == 0, "nothing comes due in a break"
    meet.resume(world.kit, **world.at, relationship=held)
    now = planned(world, held)
    assert day(now["two_thirds"]) == start + 76 * DAY
    assert day(now["end"]) == start + 104 * DAY
    assert day(now["follow_up"]) == start + (104 + 90) * DAY
    meet.extend(world.kit, **world.at, relationship=held, days=21)
    now = planned(world, held)
    assert day(now["end"]) == start + (104 + 21) * DAY
    assert day(now["two_thirds"]) == start + (20 + 70) * DAY  # two thirds of 105 days, twenty away
    assert {k: day(m) for k, m in now.items() if k in fired} == {
        k: day(m) for k, m in fired.items()
    }


class Plan:
    """What is to become of the milestones, told in days in which the relationship ran."""

    def __init__(self) -> None:
        self.length, self.ran, self.state = 182, 0, "active"
        self.states = dict.fromkeys((plan.kind for plan in EVIDENCE_MILESTONES), "upcoming")
        self.opens: dict[str, float] = {}
        self.look()

    def look(self, follow_up_of: int | None = None) -> None:
        """Look where what is still to come falls now."""
        for plan in EVIDENCE_MILESTONES:
            if self.states[plan.kind] == "upcoming":
                end = self.length if follow_up_of is None else follow_up_of
                later = None if plan.after_end is None else end + plan.after_end
                part = round((plan.fraction or 0) * self.length, 6)
                self.opens[plan.kind] = next(at for at in (plan.day, later, part) if at is not None)

    def wait(self, days: int) -> None:
        self.ran += 0 if self.state == "paused" else days

    def end(self, reason: str) -> None:
        self.state = "ended"
        for kind, state in self.states.items():
            kept = kind == "follow_up" and reason == "completed"
            if state in ("upcoming", "due") and not kept:
                self.states[kind] = "cancelled"
        self.look(follow_up_of=self.ran)

    def closes(self, kind: str) -> float:
        return self.opens[kind] + next(p.window for p in EVIDENCE_MILESTONES if p.kind == kind)

    def turn(self) -> None:
        if self.state == "paused":
            return
        for kind, state in self.states.items():
            if state == "upcoming" and self.ran >= self.opens[kind]:
                if kind == "follow_up" and self.state == "active":  # it waits for the end
                    self.opens[kind] = self.ran + 1 + 90
                    continue
                self.states[kind] = "due"
            elif state == "due" and self.ran >= self.closes(kind):
                self.states[kind] = "missed"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["wait", "wait", "break", "extend"]), st.integers(1, 90)),
        max_size=8,
    ),
    reason=st.sampled_from(["completed", "no_time"]),
    after=st.lists(st.integers(1, 90), max_size=3),
)
@example(steps=[("wait", 43), ("break", 30), ("wait", 9)], reason="completed", after=[89, 1, 30])
@example(steps=[("break", 0), ("extend", 9), ("wait", 50)], reason="completed", after=[90])
@example(
    steps=[("wait", 90), ("wait", 90), ("wait", 95), ("break", 0), ("wait", 40)],
    reason="completed",
    after=[20],
)
def test_g14_whatever_breaks_more_time_and_an_end_do_to_it_each_fires_once_and_on_its_day(
    world: Any, clock: Any, steps: list[tuple[str, int]], reason: str, after: list[int]
) -> None:
    held, plan = connect(world), Plan()
    at = {**world.at, "relationship": held}

    def wait(days: int) -> None:
        clock.forward(days=days)
        plan.wait(days)
        for _ in range(2):  # what has opened and closed since is due first, then missed
            meet.turn(world.kit, tenant="acme")
            plan.turn()
        for kind, one in planned(world, held).items():
            assert one["state"] == plan.states[kind], kind
            assert day(one) < day(one, "closes_at")
            if one["state"] in ("upcoming", "due") and plan.state != "paused":
                to_come = clock() + DAY * (plan.closes(kind) - plan.ran)
                assert abs(day(one, "closes_at") - to_come) <= timedelta(seconds=1), kind

    try:
        for what, days in steps:
            if what == "break":
                paused = plan.state == "paused"
                (meet.resume if paused else meet.pause)(world.kit, **at)
                plan.state = "active" if paused else "paused"
            elif what == "extend":
                meet.extend(world.kit, **at, days=days)
                plan.length += days
                plan.look()
            wait(0 if what == "extend" else days)
    finally:
        meet.end(world.kit, **at, reason=reason)
    plan.end(reason)
    for days in (0, *after):
        wait(days)
    ids = {one["id"] for one in planned(world, held).values()}
    due = [one.subject_id for one in facts(world, events.MilestoneDue) if one.subject_id in ids]
    assert len(due) == len(set(due))


@pytest.mark.parametrize(("paused", "back"), [(43, "due"), (50, "due"), (56, "missed")])
def test_what_is_due_when_a_break_begins_stays_open_for_as_long_after_it(
    world: Any, clock: Any, paused: int, back: str
) -> None:
    start, held = clock(), connect(world)
    clock.now = start + 43 * DAY
    meet.turn(world.kit, tenant="acme")
    clock.now = start + paused * DAY
    meet.pause(world.kit, **world.at, relationship=held)
    clock.forward(days=100)
    meet.turn(world.kit, tenant="acme")
    meet.resume(world.kit, **world.at, relationship=held)
    check = planned(world, held)["check"]
    assert (day(check), day(check, "closes_at")) == (start + 42 * DAY, start + (56 + 100) * DAY)
    meet.turn(world.kit, tenant="acme")
    assert planned(world, held)["check"]["state"] == back
    clock.now = start + 156 * DAY
    meet.turn(world.kit, tenant="acme")
    assert planned(world, held)["check"]["state"] == "missed"


@pytest.mark.parametrize("state", ["missed", "done"])
def test_what_is_over_when_a_break_begins_stays_as_it_was(
    world: Any, clock: Any, state: str
) -> None:
    held = connect(world)
    clock.forward(days=43)
    meet.turn(world.kit, tenant="acme")
    check = {"milestone": planned(world, held)["check"]["id"]}
    if state == "done":
        meet.reach(world.kit, **world.at, **check)
    clock.forward(days=20)
    meet.turn(world.kit, tenant="acme")
    before = planned(world, held)["check"]
    assert before["state"] == state
    meet.pause(world.kit, **world.at, relationship=held)
    clock.forward(days=10)
    meet.resume(world.kit, **world.at, relationship=held)
    assert planned(world, held)["check"] == before


def test_f23_who_joins_a_circle_later_has_a_window_of_their_own(
    create_world: Any, clock: Any
) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben", "eve")]
    world = create_world([*people, lead("mo", "mentor", trade="baker", capacity=9)], kind="circle")
    start, circle = clock(), connect(world, "ana", "mo")
    assert connect(world, "ben", "mo") == circle
    assert "check:own" not in planned(world, circle), "who comes on the first day needs none"
    clock.forward(days=20)
    joined = clock()
    connect(world, "eve", "mo")
    own = planned(world, circle)["check:own"]
    assert (day(own), day(own, "closes_at")) == (joined + 42 * DAY, joined + 56 * DAY)
    assert own["participant_id"] == world.ids["eve"]
    meet.extend(world.kit, **world.at, relationship=circle, days=30)
    assert planned(world, circle)["check:own"] == own, "more time moves no days from a start"
    assert "check:own" not in planned(world, circle, world.by("ana")), "others do not see it"
    shown = meet.show(world.kit, **world.at, relationship=circle)["milestones"]
    awaited = {m["participant_id"]: m["awaited"] for m in shown if m["kind"] == "check"}
    both = {world.ids["ana"], world.ids["ben"], world.ids["mo"], "staff"}
    assert set(awaited[""]) == both
    assert awaited[world.ids["eve"]] == [world.ids["eve"], "staff"]
    clock.now = start + 42 * DAY
    meet.turn(world.kit, tenant="acme")
    assert planned(world, circle)["check:own"]["state"] == "upcoming"
    eve = {**world.at, "actor": world.by("eve")}
    meet.end(world.kit, **eve, relationship=circle)
    assert planned(world, circle)["check:own"]["state"] == "cancelled"


def test_f23_each_looks_back_for_themselves_and_staff_do_on_their_page(
    world: Any, clock: Any
) -> None:
    held = connect(world)
    clock.forward(days=43)
    meet.turn(world.kit, tenant="acme")
    check = planned(world, held)["check"]["id"]
    (one,) = checks.due(world.kit, **world.at, program="traders")
    assert (one["yours"], one["awaited"], one["depth"]) == (True, ["Ana", "Cleo"], "full")
    assert [why["code"] for why in one["flags"]][-1] == "never_met"
    looked = {"milestone": check, "note": "They write, but never meet."}
    done = meet.reach(world.kit, **world.at, on_behalf_of="staff", **looked)
    assert (done["state"], done["answered"]) == ("due", ["staff"])
    ana = {**world.at, "actor": world.by("ana")}
    assert meet.reach(world.kit, **ana, milestone=check)["state"] == "due"
    with pytest.raises(Conflict, match="does not ask them"):
        meet.reach(world.kit, **world.at, milestone=check, on_behalf_of=world.ids["ben"])
    with pytest.raises(Conflict, match="does not ask them"):
        meet.reach(world.kit, **ana, milestone=check, on_behalf_of=world.ids["cleo"])
    by = {**world.at, "actor": Actor(admin=True, user_ref="host-admin", means="phone")}
    done = meet.reach(world.kit, **by, milestone=check, on_behalf_of=world.ids["cleo"])
    assert done["state"] == "done"
    assert checks.due(world.kit, **world.at, program="traders") == []
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (note,) = tx.notes.find(subject_noun="milestone")
        assert note.text == "They write, but never meet."
        assert "They write" not in repr(tx.journal.events(limit=None))


def test_f25_the_end_and_the_follow_up_come_due(world: Any, clock: Any) -> None:
    define(world, "targets", {"length_days": 84})
    start, held = clock(), connect(world)
    clock.now = start + 84 * DAY
    meet.turn(world.kit, tenant="acme")
    assert planned(world, held)["end"]["state"] == "due"
    meet.end(world.kit, **world.at, relationship=held, reason="goal_reached")
    assert planned(world, held)["follow_up"]["state"] == "upcoming"
    clock.now = start + (84 + 90) * DAY - timedelta(seconds=1)
    meet.turn(world.kit, tenant="acme")
    assert planned(world, held)["follow_up"]["state"] == "upcoming"
    clock.now = start + (84 + 90) * DAY
    meet.turn(world.kit, tenant="acme")
    follow_up = planned(world, held)["follow_up"]
    assert follow_up["state"] == "due"
    assert day(follow_up, "closes_at") == start + (84 + 90 + 30) * DAY


@pytest.mark.parametrize(
    ("ended", "reason"), [(30, "goal_reached"), (84, "completed"), (120, "completed")]
)
@pytest.mark.parametrize("paused", [False, True])
def test_f25_the_follow_up_is_counted_from_the_day_on_which_they_ended(
    world: Any, clock: Any, ended: int, paused: bool, reason: str
) -> None:
    define(world, "targets", {"length_days": 84})
    start, held = clock(), connect(world)
    if paused:
        clock.now = start + 20 * DAY
        meet.pause(world.kit, **world.at, relationship=held)
    clock.now = start + ended * DAY
    meet.turn(world.kit, tenant="acme")
    meet.end(world.kit, **world.at, relationship=held, reason=reason)
    follow_up = planned(world, held)["follow_up"]
    assert day(follow_up) == start + (ended + 90) * DAY
    assert day(follow_up, "closes_at") == start + (ended + 90 + 30) * DAY
    assert {m["state"] for k, m in planned(world, held).items() if k != "follow_up"} <= {
        "cancelled", "missed",
    }  # fmt: skip
    clock.now = start + (ended + 90) * DAY
    meet.turn(world.kit, tenant="acme")
    assert planned(world, held)["follow_up"]["state"] == "due"


@pytest.mark.parametrize("after", [0, 90])
def test_f25_a_follow_up_waits_for_as_long_as_they_still_meet(
    world: Any, clock: Any, after: int
) -> None:
    plans = [{"kind": "end", "fraction": 1.0}, {"kind": "follow_up", "after_end": after}]
    define(world, "targets", {"length_days": 84, "milestones": plans})
    start, held = clock(), connect(world)
    for late in (84, 84 + 95, 84 + 300):
        clock.now = start + late * DAY
        meet.turn(world.kit, tenant="acme")
        assert meet.turn(world.kit, tenant="acme") == 0, "nothing is left to look at"
        waiting = planned(world, held)["follow_up"]
        assert waiting["state"] == "upcoming"
        assert day(waiting) > clock.now
    meet.extend(world.kit, **world.at, relationship=held, days=400)
    assert day(planned(world, held)["follow_up"]) == start + (84 + 400 + after) * DAY
    meet.end(world.kit, **world.at, relationship=held)
    follow_up = planned(world, held)["follow_up"]
    assert (follow_up["state"], day(follow_up)) == ("upcoming", clock.now + after * DAY)
    clock.forward(days=after)
    meet.turn(world.kit, tenant="acme")
    assert planned(world, held)["follow_up"]["state"] == "due"


def test_the_last_meeting_may_be_on_the_day_of_the_end_and_not_after_it(
    world: Any, clock: Any
) -> None:
    held = connect(world)
    clock.forward(days=30)
    clock.now = clock.now.replace(hour=9)
    meet.end(world.kit, **world.at, relationship=held)
    ended, about = clock.now, {**world.at, "relationship": held, "minutes": 30}
    with pytest.raises(Invalid, match="future"):
        meet.log(world.kit, **about, held_at=ended.replace(hour=12))
    clock.forward(days=2)
    logged = meet.log(world.kit, **about, held_at=ended.replace(hour=12))
    assert datetime.fromisoformat(logged["held_at"]) == ended, "it counts while they were together"
    with pytest.raises(Invalid, match="after the day on which"):
        meet.log(world.kit, **about, held_at=ended.replace(hour=12) + DAY)


def test_f25_after_an_early_end_nobody_is_followed_up(world: Any, clock: Any) -> None:
    held = connect(world)
    clock.forward(days=30)
    meet.end(world.kit, **world.at, relationship=held, reason="no_time")
    assert planned(world, held)["follow_up"]["state"] == "cancelled"


# ------------------------------------------------------------------ minutes


@pytest.mark.parametrize(
    ("zone", "at", "month"),
    [
        pytest.param("UTC", "2027-03-01T00:00+00:00", "2027-03", id="the first moment"),
        pytest.param("UTC", "2027-02-28T23:59+00:00", "2027-02", id="the last"),
        pytest.param("Africa/Nairobi", "2027-02-28T21:00+00:00", "2027-03", id="ahead of UTC"),
        pytest.param("Africa/Nairobi", "2027-02-28T20:59+00:00", "2027-02", id="not yet there"),
        pytest.param("America/Bogota", "2027-03-01T04:59+00:00", "2027-02", id="behind UTC"),
        pytest.param("America/Bogota", "2027-03-01T05:00+00:00", "2027-03", id="there as well"),
        pytest.param("Europe/Berlin", "2027-10-31T23:00+00:00", "2027-11", id="after winter came"),
        pytest.param("Europe/Berlin", "2027-10-31T22:59+00:00", "2027-10", id="the long day"),
        pytest.param("Europe/Berlin", "2027-03-31T22:00+00:00", "2027-04", id="summer came"),
        pytest.param("America/Santiago", "2027-09-05T04:30+00:00", "2027-09", id="no midnight"),
    ],
)
def test_f5_a_meeting_counts_in_the_month_of_the_programs_zone(
    create_world: Any, clock: Any, zone: str, at: str, month: str
) -> None:
    world = create_world(zone=zone)
    clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    held, when = connect(world), datetime.fromisoformat(at)
    clock.now = when + timedelta(minutes=1)
    meet.log(world.kit, **world.at, relationship=held, minutes=50, held_at=at)
    told = meet.month(world.kit, **world.at, relationship=held, at=when)
    assert (told["month"], told["held"]) == (month, 50)


@pytest.mark.parametrize(
    ("month", "zone", "asked"),
    [
        (datetime(2027, 3, 15, tzinfo=UTC), "UTC", 120),
        (datetime(2027, 10, 15, tzinfo=UTC), "Europe/Berlin", 120),  # a month with an hour more
        (datetime(2027, 3, 15, tzinfo=UTC), "Europe/Berlin", 120),  # and one with an hour less
    ],
)
def test_f5_a_whole_month_asks_for_the_whole_target_also_when_clocks_change(
    month: datetime, zone: str, asked: int
) -> None:
    span = month_of(month, zone)
    year = timedelta(days=400)
    assert asked_minutes(120, span, (month - year, month + year)) == asked
    half = (span[0] + (span[1] - span[0]) / 2, month + year)
    assert asked_minutes(120, span, half) == 60


def test_the_same_meeting_is_told_to_whoever_has_just_logged_it(world: Any, clock: Any) -> None:
    held = connect(world)
    clock.forward(days=2)
    ana = {"tenant": "acme", "actor": world.by("ana"), "relationship": held}
    cleo, late = {**ana, "actor": world.by("cleo")}, clock().replace(hour=22) - DAY
    day = late.astimezone(ZoneInfo("Asia/Tokyo"))  # where it is the next day already
    assert history.again(world.kit, **ana, minutes=45, held_at=day) is None
    there = meet.log(world.kit, **ana, minutes=45, held_at=late)["attendees"]
    logged = clock()
    clock.forward(minutes=9)
    same: dict[str, Any] = {"minutes": 45, "held_at": day.replace(hour=20)}
    assert history.again(world.kit, **ana, **same) == logged.isoformat()
    assert history.again(world.kit, **ana, **same, attendees=there[::-1]) == logged.isoformat()
    assert history.again(world.kit, **ana, **same, attendees=there[:1]) is None
    assert history.again(world.kit, **cleo, **same) is None, "who has not logged it"
    assert history.again(world.kit, **{**ana, **same, "minutes": 50}) is None
    assert history.again(world.kit, **{**ana, **same, "held_at": late}) is not None
    assert history.again(world.kit, **{**ana, **same, "held_at": day - DAY}) is None
    with pytest.raises(NotFound):
        history.again(world.kit, **{**ana, **same, "actor": world.by("ben")})
    clock.forward(minutes=2)
    assert history.again(world.kit, **ana, **same) is None


@pytest.mark.parametrize(("minutes", "flagged"), [(119, True), (120, False)])
def test_f5_meetings_from_elsewhere_count_as_well(
    world: Any, clock: Any, minutes: int, flagged: bool
) -> None:
    clock.now = datetime(2027, 2, 1, tzinfo=UTC)
    held = connect(world)
    clock.now = datetime(2027, 3, 8, tzinfo=UTC)
    for part in (minutes - 60, 60):  # logged afterwards: they met by phone, and in the market
        when = f"2027-02-{part % 20 + 1:02}T18:00+03:00"
        meet.log(world.kit, **world.at, relationship=held, minutes=part, held_at=when)
    codes = {r["code"] for one in flags.flags(world.kit, **world.at, program="traders")
             for r in one["reasons"]}  # fmt: skip
    assert ("short" in codes) is flagged


# ------------------------------------------------------------------ flags


def codes(world: Any) -> list[str]:
    listed = flags.flags(world.kit, **world.at, program="traders")
    return [reason["code"] for one in listed for reason in one["reasons"]]


def test_who_has_never_met_has_gone_quiet_or_is_asleep_is_flagged_as_such(
    world: Any, clock: Any
) -> None:
    define(world, "targets", {"minutes_per_month": 0, "milestones": [], "length_days": 300})
    held = connect(world)
    clock.forward(days=13)
    assert codes(world) == []
    clock.forward(days=1)
    assert codes(world) == ["never_met"]
    meet.log(world.kit, **world.at, relationship=held, minutes=30)
    assert codes(world) == []
    clock.forward(days=30)
    assert codes(world) == ["quiet"]
    clock.forward(days=30)
    assert codes(world) == ["dormant"]


def test_the_days_of_the_flags_are_the_programs(world: Any, clock: Any) -> None:
    define(world, "targets", {"milestones": [], "minutes_per_month": 0, "never_met_days": 3})
    connect(world)
    clock.forward(days=3)
    assert codes(world) == ["never_met"]


def test_a_supervisor_sees_the_flags_of_their_own_programs_alone(world: Any, clock: Any) -> None:
    connect(world)
    clock.forward(days=15)
    by = {"program": "traders", "name": "Sam", "user_ref": "sam", "role": "supervisor"}
    programs.appoint(world.kit, **world.at, **by)
    sam = {"tenant": "acme", "actor": Actor(user_ref="sam")}
    assert len(flags.flags(world.kit, **sam, program="traders")) == 1
    programs.create(world.kit, **world.at, key="other", preset={})
    with pytest.raises(NotAllowed):
        flags.flags(world.kit, **sam, program="other")
    with pytest.raises(NotAllowed):
        flags.flags(world.kit, tenant="acme", actor=world.by("ana"), program="traders")


# ------------------------------------------------------------------ one tap


@pytest.fixture
def linked(create_world: Any, create_kit: Any) -> SimpleNamespace:
    """Ana and Cleo, connected, and a link that speaks for Ana."""
    site = Portal("https://example.org/m")
    world: SimpleNamespace = create_world(kit=create_kit(site=site, secret_keys=["s"]))
    world.held = connect(world)
    about = {"relationship": world.held, "participant": world.ids["ana"]}
    world.link = met.link(world.kit, **world.at, **about)
    world.token = {"tenant": "acme", "token": world.link["token"]}
    return world


def test_g21_a_link_logs_once_and_looking_changes_nothing(linked: Any) -> None:
    assert linked.link["url"] == f"https://example.org/m/met/{linked.link['token']}"
    for _ in range(2):
        shown = met.show(linked.kit, **linked.token)
    assert (shown["meeting"], shown["mentee"], shown["mentor"]) == (None, "Ana", "Cleo")
    assert meet.meetings(linked.kit, **linked.at, relationship=linked.held) == []
    first = met.log(linked.kit, **linked.token, minutes=60)
    with pytest.raises(Conflict, match="has logged its meeting already"):
        met.log(linked.kit, **linked.token, minutes=90)
    (one,) = meet.meetings(linked.kit, **linked.at, relationship=linked.held)
    assert (one["id"], one["minutes"]) == (first["id"], 60)
    (held,) = facts(linked, events.MeetingHeld)
    assert (held.actor_id, held.role, held.means) == (linked.persons["ana"], "mentee", "link")


@pytest.mark.parametrize("by", ["ana", "cleo", "link"])
def test_g21_either_side_can_dispute_it(linked: Any, by: str) -> None:
    one = met.log(linked.kit, **linked.token, minutes=60)
    if by == "link":
        met.strike(linked.kit, **linked.token)
    else:
        meet.strike(linked.kit, tenant="acme", actor=linked.by(by), meeting=one["id"])
    assert met.show(linked.kit, **linked.token)["meeting"]["state"] == "struck"
    assert meet.month(linked.kit, **linked.at, relationship=linked.held)["held"] == 0
    with pytest.raises(Conflict, match="has logged its meeting already"):
        met.log(linked.kit, **linked.token, minutes=60)


def test_g21_a_link_is_for_who_is_in_it_and_for_this_alone(linked: Any) -> None:
    other = {"relationship": linked.held, "participant": linked.ids["ben"]}
    with pytest.raises(NotFound):
        met.link(linked.kit, **linked.at, **other)
    theirs = {"relationship": linked.held, "participant": linked.ids["cleo"]}
    with pytest.raises(NotFound):
        met.link(linked.kit, tenant="acme", actor=linked.by("ana"), **theirs)
    with pytest.raises(NotFound):
        met.show(linked.kit, tenant="other", token=linked.link["token"])
    person = linked.persons["ana"]
    made = {"tenant": "acme", "person": person, "relationship": linked.held}
    token = links.make(linked.kit, purpose="concern", **made)
    with pytest.raises(NotFound):
        met.log(linked.kit, tenant="acme", token=token, minutes=60)


# ------------------------------------------------------------------ groups and peers


def peers(create_world: Any, *keys: str, **program: Any) -> Any:
    people = [lead(key, "both", trade="baker", capacity=2) for key in keys]
    return create_world(people, kind="peer", **program)


def ring(world: Any, *keys: str) -> str:
    by = {**world.at, "actor": Actor(user_ref="host-admin", admin=True, means="phone")}
    ids = [world.ids[key] for key in keys]
    made = gather.gather(world.kit, **by, program="traders", people=ids)
    return str(made["id"])


def here(world: Any, held: str) -> dict[str, str]:
    shown = meet.show(world.kit, **world.at, relationship=held)
    return {m["name"].lower(): m["role"] for m in shown["members"] if not m["left_at"]}


def used(world: Any) -> dict[str, int]:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        found = {key: tx.participants.get(id).used for key, id in world.ids.items()}
    return {key: count for key, count in found.items() if count}


def state(world: Any, held: str) -> str:
    return str(meet.show(world.kit, **world.at, relationship=held)["state"])


@pytest.mark.parametrize("kind", ["circle", "peer"])
def test_f30_a_group_of_three_walks_the_same_states_and_goes_on_without_one(
    create_world: Any, clock: Any, kind: str
) -> None:
    if kind == "peer":
        world = peers(create_world, "ana", "ben", "eve")
        held = ring(world, "ana", "ben", "eve")
        assert here(world, held) == dict.fromkeys(("ana", "ben", "eve"), "peer")
    else:
        people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben")]
        world = create_world([*people, lead("eve", "mentor", trade="baker", capacity=9)])
        people = [world.ids["ana"], world.ids["ben"]]
        made = gather.gather(
            world.kit, **world.at, program="traders", people=people, mentor=world.ids["eve"]
        )
        held = made["id"]
        assert here(world, held) == {"ana": "mentee", "ben": "mentee", "eve": "mentor"}
    by = {"tenant": "acme", "relationship": held}
    meet.pause(world.kit, **by, actor=world.by("ana"))
    assert state(world, held) == "paused"
    assert told(world, "relationship_paused") == {world.persons[key] for key in ("ben", "eve")}
    clock.forward(days=2)
    meet.resume(world.kit, **by, actor=world.by("eve"))
    assert told(world, "relationship_resumed") == {world.persons[key] for key in ("ana", "ben")}
    meet.log(world.kit, **by, actor=world.by("ben"), minutes=90)
    meet.end(world.kit, **by, actor=world.by("ben"), reason="no_time")
    assert state(world, held) == "active"
    assert "ben" not in here(world, held)
    assert used(world) == {"ana": 1, "eve": 1}
    with pytest.raises(NotFound):
        meet.show(world.kit, **by, actor=world.by("ben"))
    meet.end(world.kit, **by, actor=world.by("ana"), reason="completed")
    assert state(world, held) == "ended"
    assert used(world) == {}


def test_f30_a_block_inside_a_ring_takes_the_one_who_blocks_out(create_world: Any) -> None:
    world = peers(create_world, "ana", "ben", "eve")
    held = ring(world, "ana", "ben", "eve")
    two = {"person": world.persons["ana"], "other": world.persons["ben"]}
    protect.block(world.kit, tenant="acme", actor=world.by("ana"), **two)
    assert here(world, held) == {"ben": "peer", "eve": "peer"}
    with pytest.raises(Conflict, match="not to be brought together"):
        ring(world, "ana", "ben")
    protect.block(world.kit, **world.at, person=world.persons["eve"], other=world.persons["ben"])
    assert state(world, held) == "ended"


def test_f30_two_peers_have_the_same_role_however_they_came_together(create_world: Any) -> None:
    world = peers(create_world, "ana", "ben", "eve", "flo")
    assert here(world, ring(world, "ana", "ben")) == {"ana": "peer", "ben": "peer"}
    assert here(world, connect(world, "eve", "flo")) == {"eve": "peer", "flo": "peer"}
    match.draft(world.kit, **world.at, program="traders")  # a run looks past those together


def test_f30_who_is_brought_together_is_told_so(
    create_world: Any, create_kit: Any, clock: Any
) -> None:
    post = Post()
    kit = create_kit(plugins=("matching", plugin(post), "checkins"))
    world = peers(create_world, "ana", "ben", "eve", kit=kit)
    held = ring(world, "ana", "ben", "eve")
    work(kit)
    assert {one.person_id for one in post.carried} == set(world.persons.values())
    assert {one.body.partition(" are now connected in")[0] for one in post.carried} == {
        "Hello Ana, you and Ben, Eve", "Hello Ben, you and Ana, Eve", "Hello Eve, you and Ana, Ben",
    }  # fmt: skip
    post.carried.clear()
    meet.end(kit, tenant="acme", actor=world.by("ben"), relationship=held)
    clock.forward(days=42)
    work(kit)
    left = [one.body for one in post.carried if one.template == "member_left"]
    assert len(left) == 2
    assert all("Ben is no longer in your circle" in body for body in left)
    (own,) = [one for one in post.carried if one.template == "circle_left"]
    assert own.person_id == world.persons["ben"]
    assert "in the circle with Ana, Eve" in own.body
    asked = [one.person_id for one in post.carried if one.template == "milestone_due_full"]
    assert sorted(asked) == sorted([world.persons["ana"], world.persons["eve"]])


@pytest.mark.parametrize(
    ("people", "mentor", "told"),
    [
        (["ana"], None, "make no group"),
        (["ana", "ana"], None, "make no group"),
        (["ana", "cleo"], "cleo", "make no group"),
        (["ana"], "ben", "no mentor here"),
        (["cleo", "dora"], "cleo", "make no group"),
    ],
)
def test_what_makes_no_group_is_refused_and_takes_no_place(
    world: Any, people: list[str], mentor: str | None, told: str
) -> None:
    ids = [world.ids[key] for key in people]
    with pytest.raises((Invalid, Conflict), match=told):
        gather.gather(
            world.kit, **world.at, program="traders", people=ids,
            mentor=world.ids[mentor] if mentor else None,
        )  # fmt: skip
    assert used(world) == {}


def test_only_staff_gather_and_nobody_beyond_their_places(world: Any) -> None:
    ids = [world.ids["ana"], world.ids["ben"]]
    with pytest.raises(NotAllowed):
        gather.gather(
            world.kit, tenant="acme", actor=world.by("ana"), program="traders", people=ids
        )
    with pytest.raises(Conflict, match="Free places of Cleo: 1"):
        gather.gather(
            world.kit, **world.at, program="traders", people=ids, mentor=world.ids["cleo"]
        )
    assert used(world) == {}


def test_who_is_gathered_has_no_more_mentors_than_a_mentee_may_and_waits_for_no_other(
    create_world: Any,
) -> None:
    mentors = [lead(key, "mentor", trade="baker", capacity=3) for key in ("cleo", "dora", "eve")]
    world = create_world([lead("ana", "both", trade="baker", capacity=3), *mentors])
    ana, cleo, dora, eve = (world.ids[key] for key in ("ana", "cleo", "dora", "eve"))
    at = {**world.at, "program": "traders", "people": [ana]}
    choices.rank(world.kit, **world.at, mentee=ana, mentors=[dora, eve])
    gather.gather(world.kit, **at, mentor=cleo)
    rows = match.proposals(world.kit, **world.at, program="traders")
    assert {row["mentor"]: (row["state"], row["reason"]) for row in rows} == {
        "Dora": ("withdrawn", "place_taken"), "Eve": ("withdrawn", "accepted_another"),
    }  # fmt: skip
    with pytest.raises(Conflict, match="mentee of 1 mentor") as caught:
        gather.gather(world.kit, **at, mentor=dora)
    assert caught.value.code == "participant.mentee_capacity"
    assert used(world) == {"ana": 1, "cleo": 1}


def test_a_gathered_circle_is_joined_by_nobody_kept_apart_from_one_in_it(
    create_world: Any,
) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben", "eva")]
    mo = lead("mo", "mentor", trade="baker", capacity=5)
    world = create_world([*people, mo], kind="circle")
    two = {"person": world.persons["ana"], "other": world.persons["ben"]}
    protect.block(world.kit, **world.at, **two)
    by = {**world.at, "mentor": world.ids["mo"]}
    match.propose(world.kit, **by, mentee=world.ids["ben"])
    people = [world.ids["ana"], world.ids["eva"]]
    gather.gather(world.kit, **by, program="traders", people=people)
    (one,) = match.proposals(world.kit, **world.at, program="traders")
    assert (one["state"], one["reason"]) == ("withdrawn", "blocked")


def test_f29_hours_are_split_into_individual_and_group_and_the_report_says_the_same(
    create_world: Any, create_kit: Any, clock: Any
) -> None:
    people = [lead(key, "mentee", trade="baker", capacity=2) for key in ("ana", "ben")]
    mentors = [lead(key, "mentor", trade="baker", capacity=9) for key in ("mo", "flo")]
    world = create_world([*people, *mentors], kit=create_kit(plugins=("matching", "outcomes")))
    pair = connect(world, "ana", "flo")
    ids = [world.ids["ana"], world.ids["ben"]]
    circle = gather.gather(
        world.kit, **world.at, program="traders", people=ids, mentor=world.ids["mo"]
    )["id"]
    clock.forward(days=1)
    meet.log(world.kit, **world.at, relationship=pair, minutes=60)
    meet.log(world.kit, **world.at, relationship=circle, minutes=90)
    two = [world.ids["ben"], world.ids["mo"]]
    meet.log(world.kit, **world.at, relationship=circle, minutes=30, attendees=two)
    assert history.hours(world.kit, **world.at, program="traders") == {
        "individual": {"meetings": 2, "minutes": 90, "attended": 180},
        "group": {"meetings": 1, "minutes": 90, "attended": 270},
    }
    table = evaluate.table_of(world.kit, **world.at, program="traders", table="hours")
    assert table["rows"][:3] == [
        ["All meetings", 180, 3, 450],
        ["Individual", 90, 2, 180],
        ["In groups", 90, 1, 270],
    ]
    later = history.hours(world.kit, **world.at, program="traders", since=clock() + DAY)
    assert later["group"]["meetings"] == 0
    with pytest.raises(Invalid, match="who were in it"):
        meet.log(world.kit, **world.at, relationship=pair, minutes=5, attendees=[world.ids["ben"]])
    with pytest.raises(NotAllowed):
        history.hours(world.kit, tenant="acme", actor=world.by("ana"), program="traders")


# ------------------------------------------------------------------ touch


CLOSE = {
    "name": "close",
    "minutes_per_month": 240,
    "matching": "staff",
    "channel": "call",
    "milestones": [
        {"kind": "week_1", "day": 7, "window": 7},
        {"kind": "week_3", "day": 21, "window": 7},
        {"kind": "end", "fraction": 1.0},
    ],
}


@pytest.fixture
def touched(create_world: Any, create_kit: Any) -> Any:
    """A program of low touch, where Ana is looked after closely, and Ben as all are."""
    post, call = Post(), Post("call")
    kit = create_kit(plugins=("matching", plugin(post), plugin(call)))
    world = create_world(kit=kit, matching="self")
    world.post, world.call = post, call
    define(world, "targets", {"length_days": 84, "touch": [CLOSE]})
    onboard.set_touch(world.kit, **world.at, participant=world.ids["ana"], touch="close")
    return world


def test_f2_the_same_cohort_on_two_levels_has_two_listed_schedules(
    touched: Any, clock: Any
) -> None:
    start = clock()
    ana, ben = connect(touched, "ana", "cleo"), connect(touched, "ben", "dora")

    def schedule(held: str) -> list[tuple[str, int]]:
        rows = meet.milestones(touched.kit, **touched.at, relationship=held)
        return [(row["kind"], (day(row) - start).days) for row in rows]

    assert schedule(ana) == [("week_1", 7), ("week_3", 21), ("end", 84)]
    assert schedule(ben) == [
        ("check", 42), ("mid_point", 42), ("two_thirds", 56), ("end", 84), ("follow_up", 174),
    ]  # fmt: skip
    month = {held: meet.month(touched.kit, **touched.at, relationship=held, at=start + 40 * DAY)
             for held in (ana, ben)}  # fmt: skip
    assert month[ana]["asked"] == 2 * month[ben]["asked"] > 0


def test_f2_the_level_says_who_starts_the_matching(touched: Any) -> None:
    ask = {"mentor": touched.ids["dora"]}
    with pytest.raises(NotAllowed, match="the staff match people"):
        match.propose(
            touched.kit, tenant="acme", actor=touched.by("ana"), mentee=touched.ids["ana"], **ask
        )
    with pytest.raises(NotAllowed, match="the staff match people"):
        suggestions.mentors(
            touched.kit, tenant="acme", actor=touched.by("ana"), participant=touched.ids["ana"]
        )
    made = match.propose(
        touched.kit, tenant="acme", actor=touched.by("ben"), mentee=touched.ids["ben"], **ask
    )
    assert made["origin"] == "mentee"


def test_f2_the_level_says_which_channel_is_tried_first(touched: Any) -> None:
    connect(touched, "ana", "cleo")
    connect(touched, "ben", "dora")
    work(touched.kit)
    assert {one.person_id for one in touched.call.carried} == {touched.persons["ana"]}
    assert touched.persons["ben"] in {one.person_id for one in touched.post.carried}


def test_f2_only_staff_set_a_level_and_only_one_that_is_there(touched: Any) -> None:
    one = {"participant": touched.ids["ben"]}
    with pytest.raises(NotAllowed):
        onboard.set_touch(touched.kit, tenant="acme", actor=touched.by("ben"), **one, touch="close")
    with pytest.raises(Invalid, match="no such level"):
        onboard.set_touch(touched.kit, **touched.at, **one, touch="far")
    done = onboard.set_touch(touched.kit, **touched.at, **one, touch="")
    assert done["touch"] == ""


# ------------------------------------------------------------------ an early end


@pytest.mark.parametrize("reason", ["not_a_fit", "no_contact", "no_time"])
def test_who_ends_early_is_back_to_matching_and_keeps_the_hours(
    world: Any, clock: Any, reason: str
) -> None:
    held = connect(world)
    clock.forward(days=5)
    meet.log(world.kit, **world.at, relationship=held, minutes=75)
    ana = {"tenant": "acme", "actor": world.by("ana")}
    meet.end(world.kit, **ana, relationship=held, reason=reason)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        one = tx.participants.get(world.ids["ana"])
        assert (one.state, one.free) == ("active", 1)
    assert meet.show(world.kit, **ana, relationship=held)["minutes"] == 75
    drafted = match.draft(world.kit, **world.at, program="traders")
    listed = match.proposals(world.kit, **world.at, program="traders", state="draft")
    pairs = {(row["mentee"], row["mentor"]) for row in listed if row["run_id"] == drafted["id"]}
    assert ("Ana", "Cleo") not in pairs
    assert "Ana" in {mentee for mentee, _ in pairs}, "somebody else was found"
    found = suggestions.mentors(world.kit, **world.at, participant=world.ids["ana"])
    assert "Cleo" not in {mentor["name"] for mentor in found["mentors"]}
    assert connect(world), "staff may still bring the two together by hand"


def test_who_came_to_the_end_together_may_be_matched_again(world: Any) -> None:
    held = connect(world)
    meet.end(world.kit, **world.at, relationship=held, reason="completed")
    found = suggestions.mentors(world.kit, **world.at, participant=world.ids["ana"])
    assert "Cleo" in {mentor["name"] for mentor in found["mentors"]}


def test_an_early_end_is_told_without_blame(create_world: Any, create_kit: Any) -> None:
    post = Post()
    world = create_world(kit=create_kit(plugins=("matching", plugin(post))))
    held = connect(world)
    meet.end(world.kit, **world.at, relationship=held, reason="no_contact", note="Never came.")
    work(world.kit)
    told = [one for one in post.carried if one.template == "relationship_parted"]
    assert {one.person_id for one in told} == {world.persons["ana"], world.persons["cleo"]}
    for one in told:
        assert "nobody's fault" in one.body
        assert "no_contact" not in one.body
        assert "Never came" not in one.body


def test_who_comes_to_the_end_is_led_to_the_choice_of_what_comes_next(
    create_world: Any, create_kit: Any
) -> None:
    post = Post()
    world = create_world(kit=create_kit(plugins=("matching", plugin(post))))
    meet.end(world.kit, **world.at, relationship=connect(world), reason="completed")
    work(world.kit)
    told = [one.body for one in post.carried if one.template == "relationship_ended"]
    assert len(told) == 2
    for body in told:
        assert "are you done for now? Choose here:" in body


# ------------------------------------------------------------------ history


def test_what_staff_enter_for_people_is_shown_with_actor_and_means(world: Any, clock: Any) -> None:
    made = programs.appoint(
        world.kit, **world.at, program="traders", role="coordinator", name="Cora"
    )
    held = connect(world)
    cora = Actor(person_id=made["person"], means="phone")
    clock.forward(days=1)
    meet.log(world.kit, tenant="acme", actor=cora, relationship=held, minutes=40)
    clock.forward(days=1)
    meet.pause(world.kit, tenant="acme", actor=world.by("cleo"), relationship=held, reason="ill")
    listed = history.history(world.kit, **world.at, relationship=held)
    assert [one["what"] for one in listed[:2]] == ["RelationshipPaused", "MeetingHeld"]
    paused, meeting = listed[:2]
    assert (paused["by"], paused["role"], paused["reason"]) == ("Cleo", "mentor", "ill")
    told = (meeting["by"], meeting["role"], meeting["means"], meeting["behalf"])
    assert told == ("Cora", "coordinator", "phone", True)
    assert meeting["minutes"] == 40
    ana = {"tenant": "acme", "actor": world.by("ana"), "relationship": held}
    own = history.history(world.kit, **ana)
    assert {one["what"] for one in own} >= {"MeetingHeld"}
    assert "RelationshipPaused" not in {one["what"] for one in own}, "that is Cleo's"
    with pytest.raises(NotFound):
        history.history(world.kit, tenant="acme", actor=world.by("ben"), relationship=held)
