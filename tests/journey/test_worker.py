"""The worker: what is due is sent once, to whom it is still true for, by the channel that can."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Manifest, crew, hookimpl, worker
from mentorkit.domain.messages import Message
from mentorkit.domain.people import Actor, Block
from mentorkit.errors import Conflict, Invalid, MentorKitError, PluginError
from mentorkit.hooks import Channel, Receipt, RecruitmentSource, Undeliverable
from mentorkit.journey import (
    accept,
    feedback,
    match,
    meet,
    nudge,
    onboard,
    programs,
    protect,
    recruit,
    screen,
)
from mentorkit.journey.tell import fill
from mentorkit.store.outbox import LEASE, TRIES, Outbox
from mentorkit.worker import work
from tests.journey.conftest import lead


class Post(Channel):
    """A channel that keeps what it carries; `before` may do something first."""

    name = "post"

    def __init__(self, name: str = "post", *, fallback: bool = False) -> None:
        self.name, self.fallback = name, fallback
        self.carried: list[Message] = []
        self.before: Callable[[], Any] = lambda: None

    def deliver(self, ctx: Any, message: Message, person: Any, contacts: Any) -> Receipt:
        self.settings = ctx.settings
        self.before()
        self.carried.append(message)
        return Receipt(channel=self.name)


def plugin(channel: Channel, **manifest: Any) -> tuple[str, Any]:
    class Offers:
        @hookimpl
        def mentorkit_notification_channels(self) -> list[Channel]:
            return [channel]

    made = Offers()
    made.manifest = Manifest(title=channel.name, **manifest)  # type: ignore[attr-defined]
    return channel.name, made


def publish(world: SimpleNamespace) -> None:
    run = match.draft(world.kit, **world.at, program="traders")
    match.publish(world.kit, **world.at, run=run["id"])


def proposal(world: SimpleNamespace, mentee: str) -> str:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return str(tx.proposals.first(mentee_id=world.ids[mentee]).id)


def counts(world: SimpleNamespace) -> dict[str, int]:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return dict(tx.outbox.counts())


def test_whoever_is_asked_is_told_once(offered: Any, post: Post) -> None:
    assert work(offered.kit)["done"] == 2
    assert work(offered.kit)["done"] == 0
    assert {one.person_id for one in post.carried} == {
        offered.persons["ana"], offered.persons["ben"]
    }  # fmt: skip
    assert all("Please answer by" in one.body for one in post.carried)


def test_a_message_that_was_overtaken_is_not_sent(offered: Any, post: Post) -> None:
    accept.accept(
        offered.kit, **offered.at, proposal=proposal(offered, "ana"), on_behalf_of="mentee"
    )
    accept.withdraw(offered.kit, **offered.at, proposal=proposal(offered, "ben"))
    report = work(offered.kit)
    # Only the mentor is still asked, and who never heard of it does not hear of its end.
    assert (report["done"], report["cancelled"]) == (1, 3)
    assert post.carried[0].person_id == offered.persons["cleo"]


@pytest.mark.parametrize("gone", ["blocked", "no_consent", "erased"])
def test_nobody_hears_of_somebody_who_is_out_of_reach(offered: Any, post: Post, gone: str) -> None:
    at, mentor = offered.at, "cleo"
    if gone == "blocked":
        protect.block(
            offered.kit, **at, person=offered.persons[mentor], other=offered.persons["ana"]
        )
    elif gone == "no_consent":
        onboard.withdraw(offered.kit, **at, participant=offered.ids["ana"])
    else:
        from mentorkit.store import erase

        with offered.kit.transaction(tenant=offered.tenant) as tx:
            erase(tx, offered.persons[mentor])
    work(offered.kit)
    assert [one.person_id for one in post.carried] == [offered.persons["ben"]]


def test_a_fallback_is_asked_after_all_others(create_world: Any, create_kit: Any) -> None:
    last, first = Post("last", fallback=True), Post("first")
    world = create_world(kit=create_kit(plugins=("matching", plugin(last), plugin(first))))
    publish(world)
    assert work(world.kit)["done"] == 2
    assert (len(first.carried), len(last.carried)) == (2, 0)


def test_what_one_channel_cannot_deliver_the_next_one_does(
    create_world: Any, create_kit: Any
) -> None:
    def never() -> None:
        raise Undeliverable("no_such_number")

    last, first = Post("last", fallback=True), Post("first")
    first.before = never
    world = create_world(kit=create_kit(plugins=("matching", plugin(last), plugin(first))))
    publish(world)
    assert work(world.kit)["done"] == 2
    assert len(last.carried) == 2
    last.before = never
    accept.accept(world.kit, **world.at, proposal=proposal(world, "ana"))
    report = work(world.kit)
    assert report["dead"] == report["done"] + report["dead"] > 0


def test_a_slow_channel_is_not_asked_twice_by_a_second_worker(
    create_world: Any, create_kit: Any, post: Post, clock: Any
) -> None:
    kit = create_kit(plugins=("matching", plugin(post)))
    people = [lead(f"e{i:02}", "mentee", trade="baker") for i in range(20)]
    world = create_world([*people, lead("m", "mentor", trade="baker", capacity=20)], kit=kit)
    publish(world)
    running = []

    def slow() -> None:
        clock.forward(seconds=5)
        if len(post.carried) == 14 and not running:
            running.append("second")
            work(kit)

    post.before = slow
    work(kit)
    keys = [one.key for one in post.carried]
    assert len(keys) == len(set(keys)) == 20


def test_a_vendor_who_takes_a_while_for_each_is_asked_as_often_as_it_answers(
    create_world: Any, create_kit: Any, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What finds it busy waits little where it answers soon, and not until it may hang."""
    monkeypatch.setattr(worker, "SHORT", 0.05)
    kit = create_kit(plugins=("matching", plugin(post)))
    people = [lead(f"e{i:02}", "mentee", trade="baker") for i in range(20)]
    publish(create_world([*people, lead("m", "mentor", trade="baker", capacity=20)], kit=kit))
    post.before = partial(time.sleep, 0.1)
    begun = clock()
    while len(post.carried) < 20:
        work(kit)
        clock.forward(seconds=1)
    assert clock() - begun < crew.PAUSE, "each four of them would have waited as long"
    assert len({one.key for one in post.carried}) == 20


def test_rows_handed_back_are_tried_in_full_later(offered: Any, post: Post, clock: Any) -> None:
    def slow() -> None:
        clock.forward(seconds=6)
        assert counts(offered)["leased"] > 0

    post.before = slow
    assert work(offered.kit, limit=1)["done"] == 1
    with offered.kit.transaction(tenant=offered.tenant) as tx:
        (job,) = tx.outbox.claim(10)
        assert tx.outbox.release(job)
        assert not tx.outbox.release(job)  # it is nobody's now
    assert (counts(offered)["waiting"], counts(offered)["leased"]) == (1, 0)
    with offered.kit.transaction(tenant=offered.tenant) as tx:
        (again,) = tx.outbox.claim(10)
    assert (again.id, again.attempt % TRIES) == (job.id, 1)
    assert again.attempt > job.attempt


def wait_for_renewal(world: SimpleNamespace) -> None:
    """Wait until the lease of the row in work counts from now on."""
    for _ in range(1000):
        with world.kit.transaction(tenant=world.tenant, write=False) as tx:
            until = max(job.leased_until for job in tx.outbox.find(state="leased"))
        if until == world.kit.clock() + LEASE:
            return
        time.sleep(0.01)


def test_a_job_that_takes_longer_than_a_lease_is_nobody_elses_meanwhile(
    offered: Any, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LIMIT", 0.01)
    monkeypatch.setattr(crew, "KEPT", 1_000_000)  # on a slow machine, too
    kit, running = offered.kit, []

    def slow() -> None:
        if running:
            return
        running.append("first")
        for _ in range(4):
            clock.forward(minutes=4)
            wait_for_renewal(offered)
            work(kit)

    post.before = slow
    work(kit)
    keys = [one.key for one in post.carried]
    assert len(keys) == len(set(keys)) == 2
    assert counts(offered)["done"] == 2


def test_what_was_sent_before_a_slow_row_is_not_sent_again_meanwhile(
    offered: Any, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LIMIT", 0.01)
    others: list[dict[str, int]] = []

    def slow() -> None:
        if len(post.carried) == 1 and not others:
            for minutes in (4, 2):
                clock.forward(minutes=minutes)
                wait_for_renewal(offered)
            others.append(work(offered.kit))

    post.before = slow
    report = work(offered.kit)
    keys = [one.key for one in post.carried]
    assert len(keys) == len(set(keys)) == 2
    assert (report["done"], others[0]["done"]) == (2, 0)


def test_a_renewal_that_fails_is_logged_and_tried_again_until_the_lease_is_lost(
    offered: Any, post: Post, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(crew, "LIMIT", 0.01)
    rounds: list[str] = []

    def renew(outbox: Any, job: Any) -> bool:
        rounds.append(job.id)
        if len(rounds) == 1:
            raise TimeoutError("the pool has no connection left")
        return len(rounds) < 4

    def slow() -> None:
        for _ in range(1000):
            if len(rounds) >= 4:
                break
            time.sleep(0.01)
        time.sleep(0.2)  # there would be more by then

    monkeypatch.setattr(Outbox, "renew", renew)
    post.before = slow
    assert work(offered.kit, limit=1)["done"] == 1
    assert len(rounds) == 4
    assert f"lease of outbox row {rounds[0]} was not renewed: TimeoutError" in caplog.text


def heard(world: SimpleNamespace, post: Post) -> list[tuple[str, str]]:
    """Who is told what by the worker now: (key, template)."""
    post.carried.clear()
    work(world.kit)
    names = {id: key for key, id in world.persons.items()}
    return sorted((names[one.person_id], one.template) for one in post.carried)


def test_who_said_yes_hears_that_nobody_else_did(offered: Any, post: Post, clock: Any) -> None:
    by = {"tenant": offered.tenant, "actor": offered.by("ana")}
    accept.accept(offered.kit, **by, proposal=proposal(offered, "ana"))
    work(offered.kit)
    clock.forward(days=11)
    assert heard(offered, post) == [("ana", "proposal_declined"), ("ana", "proposal_offered")]


@pytest.mark.parametrize("by", ["staff", "ana", "blocked", "erased", "left"])
def test_who_was_asked_hears_that_nothing_comes_of_it(offered: Any, post: Post, by: str) -> None:
    kit, at, cleo = offered.kit, offered.at, offered.persons["cleo"]
    work(kit)
    if by == "blocked":
        protect.block(kit, **at, person=offered.persons["ana"], other=cleo)
    elif by == "erased":
        protect.erase(kit, **at, person=cleo)
    elif by == "left":
        onboard.leave(kit, **at, participant=offered.ids["cleo"])
    else:
        actor, end = {
            "staff": (offered.admin, accept.withdraw), "ana": (offered.by("ana"), accept.decline),
        }[by]  # fmt: skip
        end(kit, tenant=offered.tenant, actor=actor, proposal=proposal(offered, "ana"))
    told = [("ana", "proposal_declined")] if by in ("staff", "left") else []
    assert heard(offered, post) == told


def test_who_was_just_sent_an_offer_hears_of_its_end_once_that_is_noted(
    offered: Any, post: Post, clock: Any
) -> None:
    names = {id: key for key, id in offered.persons.items()}
    running = []

    def slow() -> None:
        if len(post.carried) == 1 and not running:
            running.append(names[post.carried[0].person_id])
            accept.withdraw(offered.kit, **offered.at, proposal=proposal(offered, running[0]))
            work(offered.kit)

    post.before = slow
    work(offered.kit)
    clock.forward(minutes=1)  # the other worker left it for later: nobody knew yet
    work(offered.kit)
    told = [(names[one.person_id], one.template) for one in post.carried]
    assert told.count((running[0], "proposal_declined")) == 1


def test_who_is_to_be_sent_an_offer_by_another_worker_hears_nothing_of_its_end(
    offered: Any, post: Post, clock: Any
) -> None:
    with offered.kit.transaction(tenant=offered.tenant) as tx:
        held = tx.outbox.claim(20)  # by a worker that has not begun them
    accept.withdraw(offered.kit, **offered.at, proposal=proposal(offered, "ana"))
    work(offered.kit)
    with offered.kit.transaction(tenant=offered.tenant) as tx:
        for job in held:
            tx.outbox.release(job)
    clock.forward(minutes=1)
    work(offered.kit)
    assert [one.template for one in post.carried] == ["proposal_offered"]


def test_staff_who_take_part_themselves_hear_as_little_without_consent(
    offered: Any, post: Post
) -> None:
    at = {**offered.at, "program": "traders"}
    programs.appoint(offered.kit, **at, person=offered.persons["ana"], role="viewer")
    onboard.withdraw(offered.kit, **offered.at, participant=offered.ids["ana"])
    work(offered.kit)
    assert offered.persons["ana"] not in {one.person_id for one in post.carried}


@pytest.fixture
def asked(create_world: Any, create_kit: Any, post: Post) -> SimpleNamespace:
    """A program in which Cleo alone is asked, and told so; Ana, who wants her, has a question."""
    kit = create_kit(plugins=("matching", plugin(post)))
    world: SimpleNamespace = create_world(kit=kit, matching="self", accept_chain=["mentor"])
    who = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    by = {"tenant": world.tenant, "actor": world.by("ana")}
    world.about = {"proposal": match.propose(kit, **by, **who)["id"], "tenant": world.tenant}
    work(kit)
    accept.ask(kit, **world.about, actor=world.by("ana"), text="In the evening?")
    return world


@pytest.mark.parametrize("then", ["accept", "decline", "ask"])
def test_a_reply_reaches_who_asked_whatever_came_after_it(
    asked: Any, post: Post, then: str
) -> None:
    by = {**asked.about, "actor": asked.by("cleo")}
    accept.reply(asked.kit, **by, text="Only on Mondays.")
    text = {"text": "Is Ora far?"} if then == "ask" else {}
    getattr(accept, then)(asked.kit, **by, **text)
    assert ("ana", "question_answered") in heard(asked, post)
    replies = [one.body for one in post.carried if one.template == "question_answered"]
    assert ["Only on Mondays." in body for body in replies] == [True]


def test_a_question_that_was_replied_to_is_not_sent_while_another_is_open(
    asked: Any, post: Post
) -> None:
    accept.reply(asked.kit, **asked.about, actor=asked.admin, text="Only on Mondays.")
    accept.ask(asked.kit, **asked.about, actor=asked.by("cleo"), text="Is Ora far?")
    told = [one for one in heard(asked, post) if one[1].startswith("question")]
    assert told == [("ana", "question_answered"), ("ana", "question_asked")]


def test_whoever_found_somebody_else_is_not_told_that_nothing_came_of_it(
    create_world: Any, create_kit: Any, post: Post
) -> None:
    world = create_world(
        [*(lead(key, "mentee") for key in ("ana", "ben")), lead("mo", "mentor", capacity=1)],
        kit=create_kit(plugins=("matching", plugin(post))),
    )
    for key in ("ana", "ben"):
        who = {"mentee": world.ids[key], "mentor": world.ids["mo"]}
        match.propose(world.kit, **world.at, **who)
    work(world.kit)
    accept.accept(world.kit, **world.at, proposal=proposal(world, "ana"))
    assert heard(world, post) == [
        ("ana", "relationship_started"), ("ben", "proposal_declined"),
        ("mo", "relationship_started"),
    ]  # fmt: skip


def test_who_came_to_be_blocked_meanwhile_is_not_brought_together(offered: Any, post: Post) -> None:
    """As when the block is committed between the look and the offer, on PostgreSQL."""
    with offered.kit.transaction(tenant=offered.tenant) as tx:
        for one in ("ana", "ben"):
            two = {"person_id": offered.persons["cleo"], "other_id": offered.persons[one]}
            tx.blocks.add(Block(id=tx.new_id(), tenant=tx.tenant, created_at=tx.now, **two))
    assert heard(offered, post) == [("ben", "proposal_offered")]  # with Dora
    with offered.kit.transaction(tenant=offered.tenant, write=False) as tx:
        (job,) = tx.outbox.find(state="cancelled")
    assert job.error == "blocked"


def test_a_channel_without_a_receipt_is_asked_once_and_given_up(
    offered: Any, post: Post, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(post, "deliver", lambda ctx, message, *who: sent.append(message.key))
    assert work(offered.kit)["dead"] == 2
    for _ in range(12):
        clock.forward(hours=30)
        work(offered.kit)
    assert len(sent) == 2
    with offered.kit.transaction(tenant=offered.tenant, write=False) as tx:
        assert {job.error for job in tx.outbox.find(state="dead")} == {"channel.no_receipt"}


def test_who_has_left_a_circle_again_is_not_told_that_they_are_in_it(
    create_world: Any, create_kit: Any, post: Post
) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben", "cy")]
    world = create_world(
        [*people, lead("mo", "mentor", trade="baker", capacity=9)],
        kit=create_kit(plugins=("matching", plugin(post))),
        kind="circle",
    )
    publish(world)
    for key in ("ana", "ben", "cy"):
        accept.accept(world.kit, **world.at, proposal=proposal(world, key))
    onboard.leave(world.kit, **world.at, participant=world.ids["ben"])
    protect.erase(world.kit, **world.at, person=world.persons["cy"])
    work(world.kit)
    told = [one for one in post.carried if one.template == "relationship_started"]
    assert {one.person_id for one in told} == {world.persons["ana"], world.persons["mo"]}
    assert not any("Ben" in one.body or "Cy" in one.body for one in told)


@pytest.mark.parametrize("gone", ["own", "staff", "blocked", "erased", "back"])
def test_a_circle_is_told_who_left_it(
    create_world: Any, create_kit: Any, post: Post, gone: str
) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben")]
    world = create_world(
        [*people, lead("mo", "mentor", trade="baker", capacity=9)],
        kit=create_kit(plugins=("matching", plugin(post))),
        kind="circle",
    )
    publish(world)
    for key in ("ana", "ben"):
        made = accept.accept(world.kit, **world.at, proposal=proposal(world, key))
    work(world.kit)
    post.carried.clear()
    circle = {**world.at, "relationship": made["relationship_id"]}
    if gone in ("own", "back"):
        meet.end(world.kit, **{**circle, "actor": world.by("ben")})
    elif gone == "staff":
        meet.end(world.kit, **circle, only=world.ids["ben"])
    elif gone == "blocked":
        who = {"person": world.persons["ana"], "other": world.persons["ben"]}
        protect.block(world.kit, **world.at, **who)
    else:
        protect.erase(world.kit, **world.at, person=world.persons["ben"])
    if gone == "back":
        who = {"mentee": world.ids["ben"], "mentor": world.ids["mo"]}
        again = match.propose(world.kit, **world.at, **who)
        accept.accept(world.kit, **world.at, proposal=again["id"])
    work(world.kit)
    told = {one.person_id: one.body for one in post.carried if one.template == "member_left"}
    own = {one.person_id: one.body for one in post.carried if one.template == "circle_left"}
    names = {id: key for key, id in world.persons.items()}
    stay = {"ana", "mo"}
    hear = {"own": stay, "staff": stay, "blocked": set(), "erased": stay, "back": set()}
    assert {names[person] for person in told} == hear[gone]
    assert {names[person] for person in own} == ({"ben"} if gone in ("own", "staff") else set())
    assert all("you are no longer in the circle with Mo in" in body for body in own.values())
    who_left = "somebody who has left" if gone == "erased" else "Ben"
    assert all(f"{who_left} is no longer in your circle in" in body for body in told.values())


def test_what_goes_on_after_somebody_was_erased_is_still_told(
    create_world: Any, create_kit: Any, post: Post, clock: Any
) -> None:
    people = [lead(key, "mentee", trade="baker") for key in ("ana", "ben")]
    world = create_world(
        [*people, lead("mo", "mentor", trade="baker", capacity=9)],
        kit=create_kit(plugins=("matching", plugin(post), "checkins")),
        kind="circle",
    )
    publish(world)
    for key in ("ana", "ben"):
        accept.accept(world.kit, **world.at, proposal=proposal(world, key))
    protect.erase(world.kit, **world.at, person=world.persons["ben"])
    work(world.kit)
    post.carried.clear()
    clock.forward(days=45)
    work(world.kit)
    assert {one.template for one in post.carried} == {"milestone_due_full"}
    assert {one.person_id for one in post.carried} == {world.persons["ana"], world.persons["mo"]}


def test_a_program_sets_and_switches_off_a_plugin_for_itself(
    create_world: Any, create_kit: Any, post: Post
) -> None:
    tone = {"type": "string", "title": "Tone", "description": "How to write.", "default": "warm"}
    schema = {"type": "object", "additionalProperties": False, "properties": {"tone": tone}}
    kit = create_kit(plugins=("matching", plugin(post, program_settings=schema)))
    world = create_world(kit=kit)
    body: dict[str, Any] = {"enabled": True, "settings": {"tone": "plain"}}
    programs.define(kit, **world.at, program="traders", kind="plugin", key="post", body=body)
    publish(world)
    work(kit, limit=1)
    assert post.settings["tone"] == "plain"
    body = {"enabled": False}
    programs.define(kit, **world.at, program="traders", kind="plugin", key="post", body=body)
    work(kit)
    assert len(post.carried) == 1
    programs.define(kit, **world.at, program="traders", kind="plugin", key="matching", body=body)
    with pytest.raises(Invalid, match="matching: switch the plugin on, or match without: equal"):
        match.draft(kit, **world.at, program="traders")


def test_each_of_the_two_hears_what_speaks_for_the_other(offered: Any, post: Post) -> None:
    accept.accept(
        offered.kit, **offered.at, proposal=proposal(offered, "ana"), on_behalf_of="mentee"
    )
    with offered.kit.transaction(tenant=offered.tenant, write=False) as tx:
        one = tx.proposals.get(proposal(offered, "ana"))
    assert one.reasons_mentor
    work(offered.kit)
    told = next(m.body for m in post.carried if m.person_id == offered.persons["cleo"])
    assert "You have the same village: Ora." in told
    assert "different" not in told
    assert "March 11, 2027" in told


def test_several_workers_turn_the_same_milestones_without_a_fault(
    create_world: Any, clock: Any
) -> None:
    people = [lead(f"e{i:02}", "mentee", trade="baker") for i in range(10)]
    world = create_world([*people, lead("m", "mentor", trade="baker", capacity=10)])
    publish(world)
    for one in match.proposals(world.kit, **world.at, program="traders"):
        accept.accept(world.kit, **world.at, proposal=one["id"])
    clock.forward(days=50)
    told: list[Any] = []
    together = threading.Barrier(3)

    def turn() -> None:
        together.wait()
        try:
            told.append(meet.turn(world.kit, tenant=world.tenant))
        except MentorKitError as error:
            told.append(error.code)

    threads = [threading.Thread(target=turn) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(map(str, told)) == ["0", "0", "10"]


@pytest.mark.postgres
@pytest.mark.parametrize("what", ["overdue", "ripe"])
def test_what_another_worker_has_in_hand_is_left_to_it(
    create_world: Any, database: Any, clock: Any, what: str
) -> None:
    if not database.is_postgresql:
        return  # SQLite has one writer at a time
    people = [lead(f"e{i}", "mentee", trade="baker") for i in range(6)]
    world = create_world([*people, lead("m", "mentor", trade="baker", capacity=9)])
    publish(world)
    if what == "ripe":
        for one in match.proposals(world.kit, **world.at, program="traders"):
            accept.accept(world.kit, **world.at, proposal=one["id"])
    clock.forward(days=50)
    turn, repository = {
        "overdue": (accept.expire, "proposals"), "ripe": (meet.turn, "milestones")
    }[what]  # fmt: skip
    with world.kit.transaction(tenant=world.tenant) as tx:
        mine = getattr(getattr(tx, repository), what)(tx.now, 4)
        others = threading.Thread(
            target=lambda: told.append(turn(world.kit, tenant=world.tenant, limit=4))
        )
        told: list[int] = []
        others.start()
        others.join(30)
        assert (len(mine), told) == (4, [2])


@pytest.mark.parametrize(
    "part",
    [(meet, "turn"), (feedback, "turn"), (feedback, "collect"), (accept, "expire"),
     (nudge, "nudge"), (worker, "_claim")],
    ids=lambda part: f"{part[0].__name__.rpartition('.')[2]}.{part[1]}",
)  # fmt: skip
def test_a_fault_in_one_tenant_stops_neither_its_messages_nor_the_others(
    create_world: Any, create_kit: Any, post: Post, monkeypatch: pytest.MonkeyPatch, caplog: Any,
    part: Any,
) -> None:  # fmt: skip
    kit = create_kit(plugins=("matching", plugin(post)))
    for tenant in ("acme", "broken", "zeta"):
        publish(create_world(tenant=tenant, kit=kit))
    whole = getattr(*part)

    def fail(kit: Any, *given: Any, **values: Any) -> Any:
        if "broken" in (*given, values.get("tenant")):
            raise Conflict("proposal.stale", "changed meanwhile")
        return whole(kit, *given, **values)

    monkeypatch.setattr(*part, fail)
    report, sends = work(kit), part[0] is not worker
    assert (report["done"], report["failed"]) == (6 if sends else 4, 1)
    assert ("broken" in {one.tenant for one in post.carried}) is sends
    assert "tenant broken" in caplog.text


def test_work_that_met_a_change_is_done_again_and_then_told(kit: Any) -> None:
    tries = []

    def stale(tx: Any) -> None:
        tries.append(tx)
        raise Conflict("participant.stale", "changed meanwhile")

    with pytest.raises(Conflict, match="changed meanwhile"):
        kit.write("acme", stale)
    assert len(tries) == 3


def test_a_visitor_who_is_not_logged_in_may_do_nothing(offered: Any) -> None:
    nobody = {"tenant": offered.tenant, "actor": Actor()}
    one, kit = proposal(offered, "ana"), offered.kit
    for refused in (
        lambda: match.proposals(kit, **nobody, program="traders"),
        lambda: match.runs(kit, **nobody, program="traders"),
        lambda: screen.review(kit, **nobody, program="traders"),
        lambda: programs.export(kit, **nobody, program="traders"),
        lambda: accept.accept(kit, **nobody, proposal=one),
        lambda: accept.decline(kit, **nobody, proposal=one),
        lambda: onboard.withdraw(kit, **nobody, participant=offered.ids["ana"]),
        lambda: onboard.leave(kit, **nobody, participant=offered.ids["ana"]),
        lambda: protect.block(
            kit, **nobody, person=offered.persons["ana"], other=offered.persons["ben"]
        ),
    ):
        with pytest.raises(MentorKitError) as caught:
            refused()
        assert caught.value.code in ("program.staff_only", "proposal.not_found",
                                     "participant.not_found", "person.not_found")  # fmt: skip
    assert programs.show(kit, **nobody) == []


def test_a_sources_own_words_are_told_without_its_secrets(
    create_world: Any, create_kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POST_TOKEN", "s3cr3t-token")

    class Crm(RecruitmentSource):
        name = "crm"
        suffixes = (".crm",)

        def __init__(self, token: str) -> None:
            self.token = token

        def receive(self, ctx: Any, inbound: Any, **given: Any) -> Any:
            raise RuntimeError(f"401 for ?key={self.token}")

    token = {"type": "string", "writeOnly": True, "title": "Token", "description": "Key."}

    class Offers:
        manifest = Manifest(
            title="Crm",
            settings={"type": "object", "additionalProperties": False, "required": ["token"],
                      "properties": {"token": token}},
        )  # fmt: skip

        @hookimpl
        def mentorkit_recruitment_sources(self, settings: Any) -> list[RecruitmentSource]:
            return [Crm(settings["token"])]

    kit = create_kit(
        plugins=("matching", ("crm", Offers())),
        settings={"crm": {"token": {"$env": "POST_TOKEN"}}},
    )
    world = create_world(kit=kit)
    with pytest.raises(PluginError) as caught:
        recruit.read(kit, **world.at, program="traders", body=b"", filename="a.crm")
    assert "401 for ?key=***" in str(caught.value)
    assert "s3cr3t" not in repr(kit.context(world.tenant, None, "crm"))
    off = {"enabled": False}
    programs.define(kit, **world.at, program="traders", kind="plugin", key="crm", body=off)
    with pytest.raises(Conflict, match="switched the plugin crm off"):
        recruit.read(kit, **world.at, program="traders", body=b"", filename="a.crm")


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Hello {person}.\n{reasons}\nBye.", "Hello Ana.\nBye."),
        ("{reasons}\nBye.", "Bye."),
        ("{reasons} Bye.", "Bye."),
        ("Hello {person}. {reasons} Bye.", "Hello Ana. Bye."),
        ("Hello {person}.\n\nBye {surname}.", "Hello Ana.\n\nBye {surname}."),
        ("Hello: \n{person}\nWhy: {reasons}\nBye.", "Hello: \nAna\nBye."),
        ("100 % for {person}, 5%s {100%} {reasons}", "100 % for Ana, 5%s {100%}"),
    ],
)
def test_an_empty_value_leaves_no_empty_line_and_no_second_space(
    template: str, filled: str
) -> None:
    assert fill(template, {"person": "Ana", "reasons": ""}) == filled
