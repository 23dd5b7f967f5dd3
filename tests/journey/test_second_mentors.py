"""The second mentor of a published circle is asked, joins it with a yes, and leaves it again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.events import replay
from mentorkit.errors import Conflict, NotFound
from mentorkit.journey import (
    accept,
    drafts,
    introduce,
    match,
    meet,
    onboard,
    programs,
    protect,
    standing,
    supply,
)
from mentorkit.worker import work
from tests.journey.conftest import lead
from tests.journey.test_circles import used
from tests.journey.test_worker import Post, plugin

CIRCLES = {
    "strategy": {
        "criteria": [{"criterion": "equal", "field": "trade"}],
        "assigner": "circles",
        "assigner_options": {"mentors": 2},
    }
}
MENTEES = ("ana", "ben", "eve")


def published(create_world: Any, places: int = 4, **how: Any) -> Any:
    """Return a program in which a circle of three mentees and two mentors has been published."""
    people = [lead(key, "mentee", trade="baker") for key in MENTEES]
    people += [lead(key, "mentor", trade="baker", capacity=places) for key in ("max", "mia")]
    world = create_world(people, kind="circle", sections=CIRCLES, **how)
    run = match.draft(world.kit, **world.at, program="traders")
    ((first, (second,)),) = run["summary"]["circles"]["beside"].items()
    names = {id: key for key, id in world.ids.items()}
    world.first, world.second, world.run = names[first], names[second], run["id"]
    world.report = match.publish(world.kit, **world.at, run=run["id"])
    return world


@pytest.fixture
def world(create_world: Any) -> Any:
    return published(create_world)


def asked(world: Any, who: str) -> str:
    """Return the one proposal about a mentee, or that of the second mentor."""
    side = "mentor_id" if who == world.second else "mentee_id"
    rows = match.proposals(world.kit, **world.at, program="traders")
    (one,) = (row["id"] for row in rows if row[side] == world.ids[who])
    return str(one)


def yes(world: Any, who: str) -> dict[str, Any]:
    """Let who is asked say yes, and for a mentee their mentor too."""
    at = {"tenant": world.tenant, "proposal": asked(world, who)}
    done = accept.accept(world.kit, actor=world.by(who), **at)
    if who in MENTEES:
        done = accept.accept(world.kit, actor=world.by(world.first), **at)
    return done


def there(world: Any) -> dict[str, list[str]]:
    """Return who is in the circle by role, once the journal has told the same of everything."""
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        told = replay(tx.journal.events(limit=None))
        held = tx.relationships.find(program_id=world.program)
        for noun in ("proposal", "participant", "relationship"):
            for row in getattr(tx, f"{noun}s").find(program_id=world.program):
                state = told[noun, row.id]
                same = [name for name in state if hasattr(row, name) and name != "members"]
                assert {name: state[name] for name in same} == {n: getattr(row, n) for n in same}
        for one in held:
            here = tuple(member.participant_id for member in one.here)
            assert told["relationship", one.id]["members"] == here or one.state == "ended"
    names = {id: key for key, id in world.ids.items()}
    (one,) = [one for one in held if one.state != "ended"] or [None]
    found: dict[str, list[str]] = {"mentee": [], "mentor": []}
    for member in one.here if one else ():
        found[member.role].append(names[member.participant_id])
    return {role: sorted(people) for role, people in found.items()}


def sent(world: Any, template: str) -> list[str]:
    """Return who has been promised such a message."""
    keys = {person: key for key, person in world.persons.items()}
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        jobs = tx.outbox.find(name=template)
    return [keys.get(one.recipient_id, one.recipient_id) for one in jobs]


def circle(world: Any) -> str:
    (one,) = meet.relationships(world.kit, **world.at, program="traders", state="active")
    return str(one["id"])


def test_publishing_asks_the_second_mentor_with_whom_they_would_lead(world: Any) -> None:
    assert (world.report["offered"], world.report["seconds"]) == (3, 1)
    assert world.report["withheld"] == []
    assert sent(world, "second_offered") == [world.second]
    at = {"tenant": "acme", "proposal": asked(world, world.second)}
    one = accept.show(world.kit, **at, actor=world.by(world.second))
    assert (one["as_role"], one["yours"], one["circle_of"]) == ("mentor", True, 3)
    assert one["mentee"].lower() == world.first
    with pytest.raises(NotFound):  # the first is not asked, and hears of it with the yes
        accept.show(world.kit, **at, actor=world.by(world.first))
    home = standing.home(world.kit, tenant="acme", actor=world.by(world.second))
    assert [each["circle_of"] for each in home["parts"][0]["proposals"]] == [3]
    draft = drafts.show(world.kit, **world.at, program="traders", run=world.run)
    assert draft is not None
    assert len(draft["pairs"]) == 3
    assert {name.lower() for pair in draft["pairs"] for name in pair["second"]} == {world.second}


@pytest.mark.parametrize("place", range(4))
def test_the_second_mentor_may_answer_before_and_after_the_others(world: Any, place: int) -> None:
    order = [*MENTEES[:place], world.second, *MENTEES[place:]]
    for at, who in enumerate(order, 1):
        yes(world, who)
        mentees = sorted(set(order[:at]) & set(MENTEES))
        mentors = {world.first, *([world.second] if world.second in order[:at] else [])}
        expected = {"mentee": mentees, "mentor": sorted(mentors)} if mentees else None
        assert there(world) == (expected or {"mentee": [], "mentor": []})
        held = dict.fromkeys(mentees, 1) | {key: len(mentees) for key in mentors}
        assert used(world) == {key: count for key, count in held.items() if count}
    row = accept.show(world.kit, **world.at, proposal=asked(world, world.second))
    assert (row["state"], row["relationship_id"]) == ("accepted", circle(world))


def test_all_of_the_circle_hear_of_the_second_mentor_and_see_them(world: Any) -> None:
    yes(world, "ana")
    before = len(sent(world, "relationship_started"))
    yes(world, world.second)
    assert sorted(sent(world, "relationship_started")[before:]) == sorted(
        ["ana", world.first, world.second]
    )
    told = introduce.introduction(
        world.kit, tenant="acme", actor=world.by("ana"), relationship=circle(world)
    )
    names = {one["name"].lower() for one in told["others"]}
    assert names == {world.first, world.second}


def test_what_the_worker_sends_names_whom_each_leads_or_meets_with(
    create_world: Any, create_kit: Any
) -> None:
    post = Post()
    world = published(create_world, kit=create_kit(plugins=("matching", plugin(post))))
    keys = {person: key for key, person in world.persons.items()}

    def told(template: str) -> dict[str, str]:
        post.carried.clear()
        work(world.kit)
        return {keys[m.person_id]: m.body for m in post.carried if m.template == template}

    (asked_,) = told("second_offered").items()
    assert asked_[0] == world.second
    assert f"as its second mentor beside {world.first.title()}" in asked_[1]
    yes(world, "ana")
    told("relationship_started")
    yes(world, world.second)
    started = told("relationship_started")
    assert set(started) == {"ana", world.first, world.second}
    assert f"you and {world.first.title()}, {world.second.title()} are now" in started["ana"]
    yes(world, "ben")
    started = told("relationship_started")
    assert set(started) == {"ben", world.first, world.second}
    assert f"you and {world.first.title()}, {world.second.title()} are now" in started["ben"]


def test_the_one_who_leads_is_asked_a_question_and_replies(world: Any) -> None:
    at = {"tenant": "acme", "proposal": asked(world, world.second)}
    accept.ask(world.kit, **at, actor=world.by(world.second), text="Who prepares?")
    assert sent(world, "question_asked") == [world.first]
    accept.reply(world.kit, **at, actor=world.by(world.first), text="We both do.")
    assert sent(world, "question_answered") == [world.second]
    yes(world, world.second)
    yes(world, "ana")
    assert there(world)["mentor"] == ["max", "mia"]


@pytest.mark.parametrize("how", ["no", "late"])
def test_without_their_yes_the_circle_stays_with_one_and_the_staff_are_told(
    world: Any, how: str, clock: Any
) -> None:
    programs.appoint(
        world.kit, **world.at, program="traders", person=world.persons["max"], role="coordinator"
    )
    yes(world, "ana")
    if how == "no":
        at = {"tenant": "acme", "proposal": asked(world, world.second)}
        accept.decline(world.kit, **at, actor=world.by(world.second))
    else:
        clock.forward(days=60)
        accept.expire(world.kit, tenant="acme")
    assert sent(world, "second_declined") == ["max"]
    assert there(world) == {"mentee": ["ana"], "mentor": [world.first]}
    assert used(world) == {"ana": 1, world.first: 1}


def test_a_yes_is_kept_while_the_circle_may_begin_and_runs_out_with_it(
    world: Any, clock: Any
) -> None:
    yes(world, world.second)
    with pytest.raises(Conflict, match="counts once the circle begins"):
        yes(world, world.second)
    at = {"tenant": "acme", "proposal": asked(world, world.second)}
    with pytest.raises(Conflict, match="counts once the circle begins"):
        accept.ask(world.kit, **at, actor=world.by(world.second), text="When?")
    clock.forward(days=60)
    with world.kit.transaction(tenant="acme") as tx:  # one mentee asks on, and has time anew
        one = tx.proposals.get(asked(world, "ana"))
        tx.proposals.save(replace(one, due_at=tx.now + timedelta(days=7)))
    accept.expire(world.kit, tenant="acme")
    state = {"proposal": asked(world, world.second)}
    assert accept.show(world.kit, **world.at, **state)["state"] == "offered"
    for _ in range(2):  # whoever is looked at first
        clock.forward(days=60)
        accept.expire(world.kit, tenant="acme")
    assert accept.show(world.kit, **world.at, **state)["state"] == "expired"
    assert sent(world, "proposal_declined")[-1] == world.second


def test_what_they_are_asked_holds_their_places_until_they_answer(world: Any) -> None:
    figures = supply.supply(world.kit, **world.at, program="traders")
    assert figures["offered"] == 6
    yes(world, world.second)
    more = [match.draft(world.kit, **world.at, program="traders")["summary"]]
    assert more[0]["mentors"] == 2
    assert more[0]["pairs"] == 0


def test_who_has_too_few_places_by_then_does_not_join(world: Any) -> None:
    for who in MENTEES:
        yes(world, who)
    at = {"participant": world.ids[world.second]}
    onboard.set_capacity(world.kit, **world.at, **at, capacity=2)
    with pytest.raises(Conflict) as caught:
        yes(world, world.second)
    assert caught.value.code == "participant.full"
    assert there(world)["mentor"] == [world.first]


def test_a_yes_that_cannot_be_kept_when_the_circle_begins_is_taken_back(world: Any) -> None:
    yes(world, world.second)
    at = {"participant": world.ids[world.second]}
    onboard.pause(world.kit, **world.at, **at)
    yes(world, "ana")
    assert there(world) == {"mentee": ["ana"], "mentor": [world.first]}
    assert accept.show(world.kit, **world.at, proposal=asked(world, world.second))["reason"] == (
        "not_active"
    )


def test_who_is_kept_apart_from_a_mentee_does_not_join(world: Any) -> None:
    yes(world, "ana")
    programs.appoint(
        world.kit, **world.at, program="traders", person=world.persons["ben"], role="coordinator"
    )
    two = {"person": world.persons["ana"], "other": world.persons[world.second]}
    protect.block(world.kit, **world.at, **two)
    assert sent(world, "second_declined") == ["ben"]
    assert sent(world, "proposal_declined") == []
    assert accept.show(world.kit, **world.at, proposal=asked(world, world.second))["state"] == (
        "withdrawn"
    )
    assert there(world) == {"mentee": ["ana"], "mentor": [world.first]}


# --------------------------------------------------------------------------- leaving


@pytest.fixture
def whole(world: Any) -> Any:
    """A circle of three mentees that two mentors lead."""
    for who in (*MENTEES, world.second):
        yes(world, who)
    return world


@pytest.mark.parametrize("who", ["first", "second"])
@pytest.mark.parametrize("way", ["end", "only", "leave", "erase", "block"])
def test_a_circle_goes_on_with_the_mentor_who_stays(whole: Any, who: str, way: str) -> None:
    leaving = getattr(whole, who)
    (staying,) = {"max", "mia"} - {leaving}
    id, at = whole.ids[leaving], {"relationship": circle(whole)}
    if way == "end":
        meet.end(whole.kit, tenant="acme", actor=whole.by(leaving), **at)
    elif way == "only":
        meet.end(whole.kit, **whole.at, **at, only=id)
    elif way == "leave":
        onboard.leave(whole.kit, **whole.at, participant=id)
    elif way == "erase":
        protect.erase(whole.kit, **whole.at, person=whole.persons[leaving])
    else:
        two = {"person": whole.persons[leaving], "other": whole.persons[staying]}
        protect.block(whole.kit, **whole.at, **two)
    assert there(whole) == {"mentee": list(MENTEES), "mentor": [staying]}
    with whole.kit.transaction(tenant="acme", write=False) as tx:
        taken = {key: tx.participants.get(whole.ids[key]).used for key in (leaving, staying)}
    assert taken == {leaving: 0, staying: 3}
    assert sorted(sent(whole, "member_left")) == (
        [] if way == "block" else sorted([*MENTEES, staying])
    )


def test_with_the_last_mentor_the_circle_ends_for_all(whole: Any) -> None:
    at = {"tenant": "acme", "relationship": circle(whole)}
    for who in (whole.first, whole.second):
        done = meet.end(whole.kit, **at, actor=whole.by(who))
    assert done["state"] == "ended"
    assert used(whole) == {}
    assert there(whole) == {"mentee": [], "mentor": []}


def test_ending_it_for_all_frees_the_places_of_both(whole: Any) -> None:
    meet.end(whole.kit, **whole.at, relationship=circle(whole))
    assert used(whole) == {}


def test_a_mentee_who_leaves_frees_a_place_of_both_and_a_break_is_the_circles(whole: Any) -> None:
    at = {"tenant": "acme", "relationship": circle(whole)}
    meet.end(whole.kit, **at, actor=whole.by("ben"))
    assert used(whole) == {"ana": 1, "eve": 1, "max": 2, "mia": 2}
    paused = meet.pause(whole.kit, **at, actor=whole.by(whole.second))
    assert paused["state"] == "paused"
    assert there(whole)["mentor"] == ["max", "mia"]


@pytest.mark.parametrize("by", ["mentee", "mentor"])
def test_a_block_of_a_mentee_and_the_second_mentor_lets_the_mentee_go(whole: Any, by: str) -> None:
    two = ("ana", whole.second)[:: 1 if by == "mentee" else -1]
    persons = {"person": whole.persons[two[0]], "other": whole.persons[two[1]]}
    protect.block(whole.kit, tenant="acme", actor=whole.by(two[0]), **persons)
    assert there(whole) == {"mentee": ["ben", "eve"], "mentor": ["max", "mia"]}


def test_a_new_mentee_takes_a_place_of_both_mentors(create_world: Any) -> None:
    world = published(create_world, places=3)
    for who in ("ana", "ben", world.second):
        yes(world, who)
    at = {"participant": world.ids[world.second]}
    onboard.set_capacity(world.kit, **world.at, **at, capacity=2)
    with pytest.raises(Conflict, match="place"):
        yes(world, "eve")
    assert used(world) == {"ana": 1, "ben": 1, "max": 2, "mia": 2}
    onboard.set_capacity(world.kit, **world.at, **at, capacity=3)
    accept.accept(world.kit, **world.at, proposal=asked(world, "eve"))
    assert used(world)[world.second] == 3


# --------------------------------------------------------------------------- at once


def test_all_answer_at_once_and_every_place_is_taken_once(create_world: Any) -> None:
    world = published(create_world)
    ids = [asked(world, who) for who in (*MENTEES, world.second)]
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(accept.accept, world.kit, **world.at, proposal=one) for one in ids]
        for one in done:
            one.result()
    assert there(world) == {"mentee": list(MENTEES), "mentor": ["max", "mia"]}
    assert used(world) == {"ana": 1, "ben": 1, "eve": 1, "max": 3, "mia": 3}


def test_two_at_once_for_the_second_mentors_last_places_leave_none_twice(
    create_world: Any,
) -> None:
    world = published(create_world, places=3)
    for who in MENTEES:
        yes(world, who)
    own = world.ids[world.second]
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(accept.accept, world.kit, **world.at, proposal=asked(world, world.second)),
            pool.submit(onboard.set_capacity, world.kit, **world.at, participant=own, capacity=2),
        ]
        errors = [one.exception() for one in both]
    refused = [error for error in errors if error]
    assert all(isinstance(error, Conflict) for error in refused)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        now: Any = tx.participants.get(own)
    assert now.used in (0, 3)
    assert (now.used == 3) == (world.second in there(world)["mentor"])


def test_the_mentors_leave_at_once_and_no_place_stays_held(whole: Any) -> None:
    at = {"tenant": "acme", "relationship": circle(whole)}
    with ThreadPoolExecutor(3) as pool:
        done = [
            pool.submit(meet.end, whole.kit, **at, actor=whole.by(who))
            for who in (whole.first, whole.second, "ana")
        ]
        for one in done:
            assert one.exception() is None or isinstance(one.exception(), (Conflict, NotFound))
    held = there(whole)
    assert (held["mentor"], held["mentee"]) in (([], []), ([whole.first], held["mentee"])) or held[
        "mentor"
    ] == [whole.second]
    counts = SimpleNamespace(**used(whole))
    for mentor, mentees in permutations(("max", "mia")):
        expected = len(held["mentee"]) if mentor in held["mentor"] else 0
        assert getattr(counts, mentor, 0) == expected, mentees
