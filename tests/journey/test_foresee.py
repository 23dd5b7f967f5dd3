"""Foresee: who gets what when is told beforehand as it then comes, and nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.errors import Invalid, NotAllowed
from mentorkit.hooks import Awaited, Prompt
from mentorkit.journey import accept, foresee, match, onboard, plugins, programs, silence
from mentorkit.worker import work
from tests.journey.test_nudges import Told, nudging
from tests.journey.test_worker import Post, plugin


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def create_running(
    create_world: Any, create_kit: Any, post: Post
) -> Callable[..., SimpleNamespace]:
    """Return a factory: Ana and Cleo are connected, Ben is asked, Cora is staff."""

    def create(*nudges: Any) -> SimpleNamespace:
        kit = create_kit(plugins=("matching", plugin(post), *(nudges or ("checkins",))))
        world: SimpleNamespace = create_world(kit=kit)
        two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
        asked = match.propose(kit, **world.at, **two)["id"]
        accept.accept(kit, **world.at, proposal=asked)
        two = {"mentee": world.ids["ben"], "mentor": world.ids["dora"]}
        world.second = match.propose(kit, **world.at, **two)["id"]
        role = {"role": "coordinator", "name": "Cora"}
        programs.appoint(kit, **world.at, program="traders", **role)
        onboard.set_zone(kit, **world.at, participant=world.ids["cleo"], zone="America/New_York")
        return world

    return create


def ahead(world: SimpleNamespace, days: int = 30) -> list[dict[str, Any]]:
    return foresee.foresee(world.kit, **world.at, program="traders", days=days)


def nudged(world: SimpleNamespace, post: Post) -> Counter[tuple[str, str]]:
    names = world.kit.registry.nudges["checkins.checkins"].templates
    return Counter((one.person_id, one.template) for one in post.carried if one.template in names)


def test_what_is_foreseen_is_what_then_comes_and_in_those_hours(
    create_running: Any, post: Post, clock: Any
) -> None:
    world = create_running()
    begun = clock()
    rows = ahead(world, 44)
    assert {row["outcome"] for row in rows} == {"sent"}
    came: list[tuple[datetime, Any]] = []
    for _ in range(44 * 6):
        before = len(post.carried)
        work(world.kit)
        came += [(clock(), one) for one in post.carried[before:]]
        clock.forward(hours=4)
    names = world.kit.registry.nudges["checkins.checkins"].templates
    real = [(at, one) for at, one in came if one.template in names]
    assert Counter((row["person"], row["template"]) for row in rows) == Counter(
        (one.person_id, one.template) for _, one in real
    )
    foreseen = {(row["person"], row["template"]): row["at"] for row in rows}
    for at, one in real:
        said = datetime.fromisoformat(foreseen[one.person_id, one.template])
        assert timedelta() <= at - said < timedelta(hours=4), one.template
    assert {row["template"] for row in rows} == {
        "answer_reminder", "first_meeting", "mentor_silent", "milestone_due_full",
        "milestones_due_staff",
    }  # fmt: skip
    assert min(foreseen.values()) > begun.isoformat()
    first = next(row for row in rows if row["template"] == "first_meeting")
    assert {first["name"], *first["about"]} == {"Ana", "Cleo"}


def test_it_writes_nothing_and_what_was_sent_is_not_told_again(
    create_running: Any, post: Post, clock: Any
) -> None:
    world = create_running()
    clock.forward(days=7)
    work(world.kit)
    assert nudged(world, post)

    def everything() -> list[Any]:
        with world.kit.engine.connect() as connection:
            tables = sa.MetaData()
            tables.reflect(connection)
            return [connection.execute(sa.select(one)).all() for one in tables.sorted_tables]

    before = everything()
    rows = ahead(world)
    assert everything() == before
    assert not {"first_meeting", "answer_reminder"} & {
        row["template"] for row in rows if row["name"] in ("Ana", "Ben")
    }


def test_it_says_what_the_manners_keep_back_and_who_wants_none(
    create_running: Any, clock: Any
) -> None:
    def answer(ctx: Any, awaited: list[Awaited]) -> list[Prompt]:
        return [
            Prompt(awaited=(one,), template="told", at=one.since + timedelta(days=day),
                   grace=timedelta(days=1), key=str(day))
            for one in awaited if one.kind == "first_meeting" for day in (1, 2, 3, 4, 12)
        ]  # fmt: skip

    world = create_running(nudging("teller", Told(answer)))
    silence.silence(world.kit, **world.at, participant=world.ids["cleo"])
    rows = ahead(world)
    of = {name: [row["outcome"] for row in rows if row["name"] == name] for name in ("Ana", "Cleo")}
    assert of["Ana"] == ["sent", "sent", "sent", "capped", "sent"]
    assert set(of["Cleo"]) == {"silenced"}


def test_what_is_off_or_of_no_one_is_not_foreseen(create_running: Any) -> None:
    world = create_running()
    onboard.withdraw(world.kit, **{**world.at, "actor": world.by("ana")},
                     participant=world.ids["ana"])  # fmt: skip
    assert "Ana" not in {row["name"] for row in ahead(world)}
    plugins.change(world.kit, **world.at, program="traders", plugin="checkins", on=False)
    assert ahead(world) == []
    assert foresee.plan(world.kit, **world.at, program="traders") == []


def test_the_plan_can_be_read(create_running: Any) -> None:
    world = create_running()
    (plan,) = foresee.plan(world.kit, **world.at, program="traders")
    assert (plan["plugin"], len(plan["steps"])) == ("checkins", 16)
    quiet = next(step for step in plan["steps"] if step["template"] == "gone_quiet")
    assert quiet == {
        "awaited": "meeting", "template": "gone_quiet", "role": "anyone", "when": "after",
        "days": 21, "grace_days": 7, "subject": quiet["subject"],
    }  # fmt: skip
    assert quiet["subject"]["fr"].startswith("Quand vous revoyez-vous")
    assert foresee.unprompted([plan]) == []


def test_it_is_told_about_what_a_plan_of_ones_own_prompts_nobody(create_running: Any) -> None:
    world = create_running()
    own = [{"awaited": "meeting", "template": "gone_quiet", "channel": "smss"}]
    plugins.change(
        world.kit, **world.at, program="traders", plugin="checkins", settings={"plan": own}
    )
    plans = foresee.plan(world.kit, **world.at, program="traders")
    left = foresee.unprompted(plans)
    assert "meeting" not in left
    assert {"answer", "first_meeting", "milestone"} <= set(left)
    assert foresee.unknown_channels(world.kit, plans[0]["steps"]) == {"smss"}
    assert foresee.unprompted([{"steps": []}]) == []


def test_only_staff_foresee_and_not_without_end(create_running: Any) -> None:
    world = create_running()
    at = {**world.at, "actor": world.by("ana")}
    with pytest.raises(NotAllowed):
        foresee.foresee(world.kit, **at, program="traders")
    for days in (0, 93):
        with pytest.raises(Invalid, match="cannot be foreseen"):
            ahead(world, days)


def test_it_asks_the_database_as_often_for_many_as_for_few(create_running: Any) -> None:
    world = create_running()
    asked: list[str] = []
    sa.event.listen(
        world.kit.engine, "before_cursor_execute", lambda *about: asked.append(str(about[2]))
    )
    ahead(world)
    asked.clear()
    ahead(world)
    few = len(asked)
    accept.accept(world.kit, **world.at, proposal=world.second)
    ahead(world)
    asked.clear()
    ahead(world)
    assert len(asked) <= few
