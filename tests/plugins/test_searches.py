"""The plugin `searches`: what is kept of whom, when it looks, and what is told of whom once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit import Portal
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import (
    accept,
    foresee,
    match,
    onboard,
    plugins,
    programs,
    protect,
    recruit,
    screen,
    setup,
    silence,
    suggestions,
)
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.store import erase, export, migrate
from mentorkit.worker import work
from mentorkit_searches import kept, looking, news, searches
from mentorkit_searches.texts import FOUND, TEMPLATES
from mentorkit_searches.times import following, latest
from tests.journey.test_worker import Post, plugin

ADMIN = Actor(user_ref="admin", admin=True)
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
SITE = "https://portal.example/mentoring"
PRESET: dict[str, Any] = {
    "title": {"en": "Traders", "es": "Comerciantes"},
    "fields": {
        "trade": {
            "kind": "option", "shown": True, "roles": ["mentee", "mentor"],
            "options": {"baker": {"en": "Baking", "es": "Panadería"}, "smith": "Iron",
                        "tailor": "Cloth"},
        },
        "tongues": {
            "kind": "options", "options": {"sw": "Swahili", "en": "English"}, "shown": True,
        },
        "income": {"kind": "option", "options": ["low"]},
    },
    "strategy": {"criteria": [{"criterion": "equal", "field": "trade", "weight": 1}]},
    "program": {"matching": "self", "zone": "UTC", "mentee_capacity": 2},
    "manners": {"quiet_from": 0, "quiet_until": 0, "prompts_a_week": 0},
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "These tests measure nothing."},
}  # fmt: skip


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def create_world(create_kit: Callable[..., Kit], post: Post) -> Callable[..., SimpleNamespace]:
    """Return a factory of an open program in which Ana and Ben look, and Cleo can be found."""

    def create(**change: Any) -> SimpleNamespace:
        kit = create_kit(
            plugins=("matching", plugin(post), "searches"), secret_keys=["s"], site=Portal(SITE)
        )
        programs.create(kit, **BY, key="traders", preset={**PRESET, **change})
        programs.open_(kit, **BY, program="traders")
        world = SimpleNamespace(kit=kit, post=post, ids={}, persons={})
        join(world, "ana", "mentee", trade="baker")
        join(world, "ben", "mentee", trade="smith")
        join(world, "cleo", trade="baker")
        return world

    return create


@pytest.fixture
def world(create_world: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    return create_world()


def join(world: Any, key: str, role: str = "mentor", locale: str = "en", **profile: Any) -> None:
    """Let somebody in, until they are active."""
    lead = Lead(key=key, role=role, name=key.title(), locale=locale, profile=profile)  # type: ignore[arg-type]
    recruit.receive(world.kit, **BY, program="traders", leads=[lead])
    row = next(r for r in screen.review(world.kit, **BY, program="traders") if r["key"] == key)
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(world.kit, verb, [row["id"]], **BY, noun="participant")["refused"]
    world.ids[key], world.persons[key] = row["id"], row["person_id"]


def own(world: Any, key: str = "ana") -> dict[str, Any]:
    actor = Actor(person_id=world.persons[key])
    return {"tenant": "acme", "actor": actor, "participant": world.ids[key]}


def save(world: Any, key: str = "ana", **about: Any) -> str:
    return str(searches.save(world.kit, **own(world, key), **about)["id"])


def go(world: Any, clock: Any, **units: float) -> list[Any]:
    """Let time pass and the worker work; return what was carried of ours meanwhile."""
    before = len(world.post.carried)
    clock.forward(**units)
    while any(work(world.kit, limit=500).values()):
        pass
    return [one for one in world.post.carried[before:] if one.template == "new_matches"]


def words(message: Any) -> str:
    """Return a message without its addresses: a token may spell a name."""
    return re.sub(r"https?://\S+", "", message.body)


def ahead(world: Any) -> list[dict[str, Any]]:
    return foresee.foresee(world.kit, **BY, program="traders", days=30)


# --------------------------------------------------------------------------- what is kept


def test_the_migration_makes_what_the_table_declares(
    create_database: Callable[..., Any], database: Any
) -> None:
    engine = create_database(database.kind, made=False).engine
    kit = Kit(sessions=sessionmaker(engine), plugins=("searches",))
    kit.upgrade()
    kit.upgrade()
    assert migrate.check(engine, kit.owners) == []
    assert "mk_searches__search" in sa.inspect(engine).get_table_names()
    engine.dispose()


def test_loading_the_plugin_loads_no_sqlalchemy() -> None:
    code = (
        "import sys\n"
        "from mentorkit.hooks.registry import Registry\n"
        "Registry.load(('searches',))\n"
        "print([n for n in ('sqlalchemy', 'alembic', 'numpy', 'flask') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_search_is_kept_seen_changed_and_deleted_by_whose_it_is_and_by_staff(world: Any) -> None:
    kit, at = world.kit, own(world)
    made = searches.save(kit, **at, where={"trade": ["Baking"], "tongues": []}, every="daily")
    assert made["where"] == {"trade": ["baker"]}
    assert (made["called"], made["name"], made["every"]) == ("Baking", "", "daily")
    everybody = searches.save(kit, **{**at, "actor": ADMIN}, name="  All \n of them ")
    assert (everybody["called"], everybody["where"]) == ("All of them", {})
    assert [one["called"] for one in searches.listed(kit, **at)] == ["Baking", "All of them"]
    at["search"] = made["id"]
    changed = searches.change(kit, **at, name="Bread", every="monthly")
    assert (changed["called"], changed["where"], changed["every"]) == (
        "Bread", {"trade": ["baker"]}, "monthly",
    )  # fmt: skip
    assert changed["next_at"] > made["next_at"]
    for actor in (Actor(person_id=world.persons["ben"]), Actor(user_ref="stranger"), Actor()):
        theirs = {**at, "actor": actor}
        for step in (searches.show, searches.change, searches.drop):
            with pytest.raises(NotFound):
                step(kit, **theirs)
    with pytest.raises(NotFound):
        searches.drop(kit, **{**own(world, "ben"), "search": made["id"]})
    searches.drop(kit, **at)
    with pytest.raises(NotFound):
        searches.drop(kit, **at)
    assert [one["called"] for one in searches.listed(kit, **own(world))] == ["All of them"]


def test_all_that_is_wrong_with_a_search_is_told_at_once(world: Any) -> None:
    where = {"trade": ["pilot", "baker"], "income": ["low"], "nix": ["x"]}
    with pytest.raises(Invalid) as refused:
        searches.save(world.kit, **own(world), where=where, every="hourly", name="x" * 101)
    places = [one.place for one in refused.value.problems]
    assert places == ["trade", "income", "nix", "name", "every"]
    assert searches.listed(world.kit, **own(world)) == []


def test_somebody_keeps_five_searches_at_most(world: Any) -> None:
    ids = [save(world, name=str(n)) for n in range(5)]
    with pytest.raises(Conflict) as full:
        save(world)
    assert full.value.code == "searches.full"
    save(world, "ben")
    searches.drop(world.kit, **own(world), search=ids[2])
    save(world, name="again")
    names = [one["name"] for one in searches.listed(world.kit, **own(world))]
    assert names == ["0", "1", "again", "3", "4"]


def test_nobody_keeps_one_where_staff_match_or_the_plugin_is_off_nor_a_mentor(
    create_world: Callable[..., Any],
) -> None:
    world = create_world(program={**PRESET["program"], "matching": "staff"})
    with pytest.raises(NotAllowed):
        save(world)
    programs.define(
        world.kit, **BY, program="traders", kind="targets",
        body={"touch": [{"name": "free", "matching": "self"}]},
    )  # fmt: skip
    onboard.set_touch(world.kit, **BY, participant=world.ids["ana"], touch="free")
    save(world)
    onboard.set_touch(world.kit, **BY, participant=world.ids["cleo"], touch="free")
    with pytest.raises(Conflict) as mentor:
        save(world, "cleo")
    assert mentor.value.code == "searches.mentor"
    plugins.change(world.kit, **BY, program="traders", plugin="searches", on=False)
    with pytest.raises(Conflict) as off:
        save(world)
    assert off.value.code == "searches.off"


def test_a_search_is_exported_erased_and_deleted_with_whose_it_is(world: Any) -> None:
    save(world, where={"trade": ["baker"]}, name="Bread")
    save(world, "ben")
    with world.kit.transaction(tenant="acme") as tx:
        (row,) = export(tx, world.persons["ana"])["mk_searches__search"]
        assert (row["name"], dict(row["looked_for"])) == ("Bread", {"trade": ["baker"]})
        assert "fresh" not in row
        assert "there" not in row
        assert "mk_searches__search" not in export(tx, world.persons["cleo"])
        erase(tx, world.persons["ana"])
    ctx = world.kit.work_context("acme", None, "searches")
    assert [one.person_id for one in kept.find(ctx)] == [world.persons["ben"]]
    assert kept.find(world.kit.work_context("other", None, "searches")) == []
    onboard.leave(world.kit, **BY, participant=world.ids["ben"])
    work(world.kit)
    assert kept.find(ctx) == []


# --------------------------------------------------------------------------- when it looks


@pytest.mark.parametrize(("at", "every", "zone", "then"), [
    ("2027-03-01T09:00", "daily", "UTC", "2027-03-02T06:30"),
    ("2027-03-01T01:00", "daily", "UTC", "2027-03-02T06:30"),
    ("2027-03-01T09:00", "weekly", "Africa/Nairobi", "2027-03-08T03:30"),
    ("2027-03-01T09:00", "monthly", "UTC", "2027-04-01T06:30"),
    ("2027-01-31T09:00", "monthly", "UTC", "2027-02-28T06:30"),
    ("2027-12-29T09:00", "monthly", "UTC", "2028-01-28T06:30"),
    ("2027-10-24T09:00", "weekly", "Europe/Madrid", "2027-10-31T05:30"),
    ("2027-03-01T23:00", "daily", "Africa/Nairobi", "2027-03-03T03:30"),
])  # fmt: skip
def test_a_search_looks_in_the_morning_on_its_readers_clock(
    at: str, every: str, zone: str, then: str
) -> None:
    moment = datetime.fromisoformat(f"{at}+00:00")
    assert following(moment, every, zone) == datetime.fromisoformat(f"{then}+00:00")


def test_a_time_that_was_missed_is_passed_over() -> None:
    at = datetime(2027, 3, 1, 8, tzinfo=UTC)
    now = datetime(2027, 3, 17, 12, tzinfo=UTC)
    assert [one.day for one in latest(at, "weekly", "UTC", now)] == [15, 22]
    assert latest(at, "weekly", "UTC", at)[0] == at


def test_only_searches_that_are_due_look_and_all_of_a_program_at_once(
    world: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("ana", "ben"):
        save(world, key, every="daily")
        save(world, key, every="monthly")
    asked: list[int] = []
    real = suggestions.everybody

    def counting(*args: Any, **values: Any) -> Any:
        asked.append(len(values["searches"]))
        return real(*args, **values)

    monkeypatch.setattr(suggestions, "everybody", counting)
    go(world, clock, hours=1)
    assert sum(asked) == 0
    go(world, clock, days=1)
    assert [one for one in asked if one] == [2]
    asked.clear()
    go(world, clock, hours=1)
    assert sum(asked) == 0


# --------------------------------------------------------------------------- who is new


def test_who_comes_is_told_of_once_and_who_was_there_never(world: Any, clock: Any) -> None:
    save(world, every="daily")
    assert go(world, clock, days=1) == []
    join(world, "dora", trade="baker")
    join(world, "ed", trade="smith")
    assert go(world, clock, hours=1) == [], "it looks at its own time"
    (told,) = go(world, clock, days=1)
    assert told.person_id == world.persons["ana"]
    assert "Everybody who fits me: 2 people\n- Dora: " in told.body
    assert "- Ed" in told.body
    assert "Cleo" not in told.body
    for _ in range(3):
        assert go(world, clock, days=1) == []
    join(world, "flo", trade="tailor")
    (told,) = go(world, clock, days=1)
    assert ("Flo" in told.body, "Dora" in told.body) == (True, False)
    assert "one person" in told.body


def test_a_free_place_and_another_answer_let_somebody_be_found_anew(world: Any, clock: Any) -> None:
    join(world, "dora", trade="smith")
    save(world, every="daily", where={"trade": ["baker"]})
    onboard.set_capacity(world.kit, **BY, participant=world.ids["cleo"], capacity=0)
    assert go(world, clock, days=1) == []
    onboard.set_capacity(world.kit, **BY, participant=world.ids["cleo"], capacity=1)
    answers = {"trade": "baker"}
    onboard.answer(world.kit, **BY, participant=world.ids["dora"], answers=answers)
    (told,) = go(world, clock, days=1)
    assert "Baking: 2 people" in told.body
    assert all(name in told.body for name in ("Cleo", "Dora"))
    for answer in ("smith", "baker"):
        answers = {"trade": answer}
        onboard.answer(world.kit, **BY, participant=world.ids["dora"], answers=answers)
        assert go(world, clock, days=1) == [], "nobody is named twice by one search"


def test_the_first_few_are_named_in_the_order_of_the_list_and_the_rest_counted(
    world: Any, clock: Any
) -> None:
    save(world, every="daily")
    for number in range(7):
        join(world, f"new{number}", trade=("smith", "baker")[number % 2])
    (told,) = go(world, clock, days=1)
    found = suggestions.mentors(world.kit, **own(world))["mentors"]
    first = [one["name"] for one in found if one["name"] != "Cleo"][:3]
    lines = [line for line in told.body.splitlines() if line.startswith("- ")]
    assert [line.split(":")[0].removeprefix("- ") for line in lines[:-1]] == first
    assert "- and 4 more" in lines
    assert "7 people" in told.body
    words = next(one["words"] for one in found if one["name"] == first[0])
    assert words[0].rstrip(".") in lines[0]


def test_it_is_told_in_the_readers_language_with_a_link_to_the_list(world: Any, clock: Any) -> None:
    join(world, "eva", "mentee", locale="es", trade="baker")
    one = save(world, "eva", every="daily", where={"trade": ["baker"]})
    join(world, "dora", trade="baker")
    (told,) = go(world, clock, days=1)
    assert told.subject == "Personas nuevas que pueden encajar con usted: Comerciantes"
    assert "Panadería: una persona\n- Dora: " in told.body
    assert f"{SITE}/x/searches/traders/look/{one}" in told.body
    assert told.unsubscribe
    for parts in (TEMPLATES["new_matches"], {"found": FOUND["one"]}, {"more": FOUND["more"]}):
        assert all(set(texts) == {"en", "es", "fr"} for texts in parts.values())


def test_each_of_two_searches_tells_of_its_own(world: Any, clock: Any) -> None:
    save(world, every="daily", where={"trade": ["baker"]})
    save(world, every="daily", where={"trade": ["smith"]})
    join(world, "dora", trade="baker")
    join(world, "ed", trade="smith")
    told = go(world, clock, days=1)
    assert len(told) == 2
    assert {("Dora" in words(one), "Ed" in words(one)) for one in told} == {
        (True, False), (False, True),
    }  # fmt: skip


def test_who_is_blocked_has_said_no_or_is_full_is_never_told_of(world: Any, clock: Any) -> None:
    save(world, every="daily")
    for key in ("dora", "ed", "flo", "gus"):
        join(world, key, trade="baker")
    two = {"person": world.persons["ana"], "other": world.persons["dora"]}
    protect.block(world.kit, **BY, **two)
    by = {"tenant": "acme", "actor": own(world)["actor"]}
    asked = match.propose(world.kit, **by, mentee=world.ids["ana"], mentor=world.ids["ed"])
    accept.decline(world.kit, **BY, proposal=asked["id"])
    onboard.set_capacity(world.kit, **BY, participant=world.ids["flo"], capacity=0)
    (told,) = go(world, clock, days=1)
    assert "Gus" in told.body
    assert "one person" in told.body
    assert not any(name in words(told) for name in ("Dora", "Ed", "Flo"))


@pytest.mark.parametrize("why", ["paused", "full", "asked", "withdrawn", "left", "silent", "off"])
def test_who_cannot_choose_or_wants_nothing_hears_nothing(world: Any, clock: Any, why: str) -> None:
    kit, me = world.kit, own(world)
    save(world, every="daily")
    join(world, "dora", trade="baker")
    if why == "paused":
        onboard.pause(kit, **me)
    elif why == "full":
        for key in ("cleo", "dora"):
            two = {"mentee": world.ids["ana"], "mentor": world.ids[key]}
            made = match.propose(kit, **BY, **two)
            accept.accept(kit, **BY, proposal=made["id"])
        join(world, "ed", trade="baker")
    elif why == "asked":
        onboard.set_capacity(kit, **me, capacity=1)
        by = {"tenant": "acme", "actor": me["actor"]}
        match.propose(kit, **by, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    elif why == "withdrawn":
        onboard.withdraw(kit, **me)
    elif why == "left":
        onboard.leave(kit, **me)
    elif why == "silent":
        silence.silence(kit, **me)
    else:
        plugins.change(kit, **BY, program="traders", plugin="searches", on=False)
    assert go(world, clock, days=1) == []
    assert [row for row in ahead(world) if row["outcome"] == "sent"] == []
    if why == "paused":
        onboard.resume(kit, **me)
        (told,) = go(world, clock, days=1)
        assert "Dora" in told.body, "they hear of it when they are back"


def test_who_is_gone_when_the_message_goes_is_not_named(world: Any, clock: Any) -> None:
    save(world, every="daily")
    join(world, "dora", trade="baker")
    join(world, "ed", trade="smith")
    programs.define(
        world.kit, **BY, program="traders", kind="manners",
        body={"quiet_from": 6, "quiet_until": 12, "prompts_a_week": 0},
    )  # fmt: skip
    assert go(world, clock, hours=23, minutes=30) == [], "quiet hours"
    onboard.pause(world.kit, **BY, participant=world.ids["dora"])
    (told,) = go(world, clock, hours=4)
    assert "one person" in told.body
    assert ("Dora" in told.body, "Ed" in told.body) == (False, True)


def test_nothing_is_sent_where_nobody_of_them_is_left(world: Any, clock: Any) -> None:
    save(world, every="daily")
    join(world, "dora", trade="baker")
    programs.define(
        world.kit, **BY, program="traders", kind="manners",
        body={"quiet_from": 6, "quiet_until": 12, "prompts_a_week": 0},
    )  # fmt: skip
    go(world, clock, hours=23, minutes=30)
    onboard.pause(world.kit, **BY, participant=world.ids["dora"])
    assert go(world, clock, hours=4) == []
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (row,) = [one for one in tx.outbox.find(kind="message") if one.name == "new_matches"]
    assert (row.state, row.error) == ("cancelled", "overtaken")


def test_it_keeps_the_manners_of_the_program(create_world: Any, clock: Any) -> None:
    world = create_world(manners={"digest": "daily", "quiet_from": 0, "quiet_until": 0})
    for trade in ("baker", "smith"):
        save(world, every="daily", where={"trade": [trade]})
        join(world, f"new_{trade}", trade=trade)
    before = len(world.post.carried)
    assert go(world, clock, hours=22) == [], "at seven: they wait for eight"
    assert go(world, clock, hours=1) == []
    (told,) = [one for one in world.post.carried[before:] if one.template == "prompts_together"]
    assert told.body.count("New people who may fit you") == 2
    assert "(New_Baker)" in told.body
    assert "(New_Smith)" in told.body
    assert told.body.count("/x/searches/traders/look/") == 2


def test_what_was_not_sent_in_time_is_missed_and_a_late_worker_tells_nothing_twice(
    world: Any, clock: Any
) -> None:
    save(world, every="daily")
    join(world, "dora", trade="baker")
    told = go(world, clock, days=9)
    assert len(told) == 1, "one message, however many mornings were missed"
    assert go(world, clock, days=1) == []
    save(world, "ben", every="monthly")
    join(world, "ed", trade="baker")
    assert go(world, clock, days=50)[-1].person_id == world.persons["ana"]
    told = go(world, clock, days=12)
    assert [one.person_id for one in told] == [world.persons["ben"]], "late: at the next time"


def test_a_change_of_what_is_looked_for_makes_nobody_new_and_names_nobody_twice(
    world: Any, clock: Any
) -> None:
    one = save(world, every="daily", where={"trade": ["smith"]})
    join(world, "dora", trade="smith")
    assert len(go(world, clock, days=1)) == 1
    at = {**own(world), "search": one}
    searches.change(world.kit, **at, where={"trade": ["baker", "smith"]})
    assert searches.listed(world.kit, **own(world))[0]["new"] == []
    assert go(world, clock, days=1) == []
    searches.change(world.kit, **at, where={"trade": ["tailor"]})
    assert go(world, clock, days=1) == []
    searches.change(world.kit, **at, where={"trade": ["baker"]})
    answers = {"trade": "baker"}
    onboard.answer(world.kit, **BY, participant=world.ids["dora"], answers=answers)
    assert go(world, clock, days=1) == [], "she was told of once"


def test_what_the_program_has_removed_is_told_and_ignored(world: Any, clock: Any) -> None:
    where = {"trade": ["baker"], "tongues": ["sw"]}
    one = save(world, every="daily", where=where)
    setup.field(world.kit, **BY, program="traders", field="tongues", shown=False)
    (row,) = searches.listed(world.kit, **own(world))
    assert (row["where"], row["gone"], row["called"]) == (
        {"trade": ["baker"]}, ["tongues"], "Baking",
    )  # fmt: skip
    join(world, "dora", trade="baker")
    told = go(world, clock, days=1)
    assert len(told) == 1
    assert "- Dora" in told[0].body
    at = {**own(world), "search": one}
    changed = searches.change(world.kit, **at, name="Bread")
    assert (changed["gone"], changed["where"]) == ([], {"trade": ["baker"]})


def test_the_page_names_whom_it_found_last_as_long_as_they_are_there(
    world: Any, clock: Any
) -> None:
    save(world, every="daily")
    join(world, "dora", trade="baker")
    go(world, clock, days=1)
    (row,) = searches.listed(world.kit, **own(world))
    assert row["new"] == [(world.ids["dora"], "Dora")]
    onboard.pause(world.kit, **BY, participant=world.ids["dora"])
    assert searches.listed(world.kit, **own(world))[0]["new"] == []


def test_what_is_foreseen_is_what_then_comes_and_nothing_is_kept_for_it(
    world: Any, clock: Any
) -> None:
    save(world, every="weekly")
    save(world, "ben", every="monthly")
    save(world, "ben", every="daily", where={"trade": ["tailor"]})
    assert ahead(world) == []
    join(world, "dora", trade="baker")
    ctx = world.kit.work_context("acme", None, "searches")
    before = kept.find(ctx)
    rows = ahead(world)
    assert kept.find(ctx) == before
    assert [(row["name"], row["at"][:13], row["template"]) for row in rows] == [
        ("Ana", "2027-03-08T06", "new_matches"),
    ]  # fmt: skip
    (told,) = go(world, clock, days=7)
    assert told.person_id == world.persons["ana"]
    assert [row["name"] for row in ahead(world) if row["name"] == "Ana"] == []
    (plan,) = foresee.plan(world.kit, **BY, program="traders")
    assert [step["template"] for step in plan["steps"]] == ["new_matches"]


def test_a_program_rewords_it(world: Any, clock: Any) -> None:
    body = {
        "new_matches": {"subject": {"en": "Look, {person}"}, "body": {"en": "{others}\n{text}"}}
    }
    programs.define(world.kit, **BY, program="traders", kind="messages", body=body)
    save(world, every="daily")
    join(world, "dora", trade="baker")
    (told,) = go(world, clock, days=1)
    assert told.subject == "Look, Ana"
    assert told.body.startswith("Dora\n")


def test_two_workers_tell_of_it_once(world: Any, clock: Any) -> None:
    save(world, every="daily")
    join(world, "dora", trade="baker")
    clock.forward(days=1)
    ctx = world.kit.acting_context("acme", _program(world), "searches", ADMIN, settings={})
    (before,) = kept.due(ctx, _program(world).id, clock())
    first = list(news.NewMatches().awaits(ctx))
    assert not kept.change(ctx, before, next_at=clock()), "another has looked meanwhile"
    assert list(news.NewMatches().awaits(ctx)) == first
    assert len(go(world, clock, hours=1)) == 1


def test_somebody_who_could_not_look_when_it_was_kept_hears_of_nobody_at_once(
    world: Any, clock: Any
) -> None:
    onboard.pause(world.kit, **own(world))
    save(world, every="daily")
    onboard.resume(world.kit, **own(world))
    assert go(world, clock, days=1) == []
    join(world, "dora", trade="baker")
    assert len(go(world, clock, days=1)) == 1


def test_a_great_many_are_counted_and_few_of_them_kept(
    world: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "KEPT", 4)
    save(world, every="daily")
    for number in range(6):
        join(world, f"new{number}", trade="baker")
    (told,) = go(world, clock, days=1)
    assert "6 people" in told.body
    assert "- and 3 more" in told.body
    ctx = world.kit.work_context("acme", None, "searches")
    (one,) = kept.find(ctx)
    assert (len(one.fresh), one.count, len(one.named)) == (4, 6, 6)
    assert go(world, clock, days=1) == []


def test_a_search_keeps_marks_that_lead_back_to_nobody(world: Any, clock: Any) -> None:
    save(world, every="daily")
    join(world, "dora", trade="baker")
    go(world, clock, days=1)
    with world.kit.engine.connect() as connection:
        rows = connection.execute(sa.text("select there, named from mk_searches__search")).all()
    assert len(rows[0][0]) == 2 * kept.MARK
    assert all(id not in str(rows) for id in world.ids.values())
    assert replace(kept.find(world.kit.work_context("acme", None, "searches"))[0]).known == {
        kept.mark(world.ids[key]) for key in ("cleo", "dora")
    }


def _program(world: Any) -> Any:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        return tx.programs.first(key="traders")


def test_a_month_gives_two_weeks_to_tell_and_a_day_one() -> None:
    assert {news.EVERY[name] for name in ("daily", "monthly")} == {
        timedelta(days=1), timedelta(days=14),
    }  # fmt: skip
