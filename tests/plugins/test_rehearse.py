"""Rehearsal: who would get what and when, with nobody written to and nothing changed."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import MeetingHeld
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotAllowed
from mentorkit.hooks import Channel, Reaction, Receipt
from mentorkit.journey import accept, match, onboard, plugins, programs, recruit, relay, screen
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.testing.clock import Clock
from mentorkit.worker import work
from mentorkit_rehearse import commands, copying, stage
from mentorkit_rehearse.running import moments, rehearse

ADMIN = Actor(user_ref="admin", admin=True)
AT: dict[str, Any] = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
PRESET: dict[str, Any] = {
    "title": "Traders",
    "program": {"zone": "Africa/Nairobi"},
    "fields": {"trade": {"kind": "text"}},
    "strategy": {"assigner": "choice"},
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "These tests measure nothing."},
}
LEADS = (
    Lead(key="ana", role="mentee", name="Ana", email="ana@example.org", profile={"trade": "baker"}),
    Lead(key="ben", role="mentee", name="Ben", phone="+254700111222"),
    Lead(key="cleo", role="mentor", name="Cleo", email="cleo@example.org"),
    Lead(key="dora", role="mentor", name="Dora"),
)


class Post(Channel):
    """Sends mail, in the real kit."""

    name = "post"

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return any(one.kind == "email" for one in contacts)

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.sent.append(([one.value for one in contacts], message))
        return Receipt(channel="post", reference=message.key)


@pytest.fixture
def world(create_kit: Callable[..., Kit]) -> SimpleNamespace:
    post, heard = Post(), list[Any]()

    @hookimpl
    def channels() -> list[Channel]:
        return [post]

    @hookimpl
    def reactions() -> list[Reaction]:
        return [Reaction(name="hear", on=(MeetingHeld,), handle=lambda ctx, e: heard.append(e))]

    plugin = SimpleNamespace(
        manifest=Manifest(title="Post"),
        mentorkit_notification_channels=channels,
        mentorkit_reactions=reactions,
    )
    names = ("matching", "csv", "inbox", "checkins", "survey", "rehearse", ("post", plugin))
    kit = create_kit(plugins=names, secret_keys=["real"])
    programs.create(kit, **BY, key="traders", preset=PRESET)
    programs.open_(kit, **AT)
    programs.appoint(kit, **AT, role="coordinator", name="Cora", user_ref="cora")
    return SimpleNamespace(kit=kit, post=post, heard=heard)


@pytest.fixture
def running(world: SimpleNamespace) -> SimpleNamespace:
    """The same with people in it: a pair, an offer that waits, and a word that is not sent yet."""
    kit = world.kit
    recruit.receive(kit, **AT, leads=LEADS)
    world.ids = {row["key"]: row["id"] for row in screen.review(kit, **AT)}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(kit, verb, list(world.ids.values()), **BY, noun="participant")["refused"]
    offered = match.propose(kit, **BY, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    pair = accept.accept(kit, **BY, proposal=offered["id"])["relationship"]["id"]
    while any(work(kit).values()):
        pass
    world.post.sent.clear()
    match.propose(kit, **BY, mentee=world.ids["ben"], mentor=world.ids["dora"])
    with kit.transaction(tenant="acme", write=False) as tx:
        ana = tx.participants.get(world.ids["ana"]).person_id
    relay.send(
        kit, tenant="acme", actor=Actor(person_id=ana), relationship=pair, text="A secret word"
    )
    return world


def digest(kit: Kit) -> dict[str, str]:
    """Return a digest of every table."""
    with kit.engine.connect() as connection:
        return {
            table.name: sha256(
                repr(sorted(map(repr, connection.execute(sa.select(table))))).encode()
            ).hexdigest()
            for owner in kit.owners
            if owner.metadata is not None
            for table in owner.metadata.sorted_tables
        }


def test_nothing_of_the_real_program_changes_and_nobody_is_written_to(
    running: SimpleNamespace,
) -> None:
    before = digest(running.kit)
    done = rehearse(running.kit, **AT, days=40)
    assert done.got  # how many goes by who is silent, and that by their ids
    assert digest(running.kit) == before
    assert running.post.sent == []
    assert running.heard == []


def test_it_is_cleared_without_a_trace(
    running: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    rehearse(running.kit, **AT, days=3)
    assert list(folder.iterdir()) == []


def test_a_running_program_goes_on_from_where_it_is(running: SimpleNamespace) -> None:
    done = rehearse(running.kit, **AT, days=55)
    told = {(one.name, one.template) for one in done.got}
    assert {("Ana", "milestone_due"), ("Cleo", "milestone_due")} <= told or {
        ("Ana", "milestone_due_full"),
        ("Cleo", "milestone_due_full"),
    } <= told
    assert ("Cora", "milestones_due_staff") in told
    started = [one.name for one in done.got if one.template == "relationship_started"]
    assert set(started) <= {"Ben", "Dora"}  # the pair that runs is not told anew
    assert done.roles[next(one.person_id for one in done.got if one.name == "Ana")] == "mentee"


def test_what_could_reach_somebody_and_what_was_written_is_left_behind(
    running: SimpleNamespace,
) -> None:
    with running.kit.transaction(tenant="acme", write=False) as tx:
        (program,) = tx.programs.find()
    with stage.stage(running.kit, running.kit.clock(), whole=False) as here:
        copying.copy(running.kit, "acme", program, here.kit, people=True)
        with here.kit.engine.connect() as connection:
            all_of_it = repr(
                [
                    list(connection.execute(sa.select(table)))
                    for owner in here.kit.owners
                    if owner.metadata is not None
                    for table in owner.metadata.sorted_tables
                ]
            )
    assert "Ana" in all_of_it
    for secret in ("@example.org", "+254", "A secret word", "cora", "'ana'"):
        assert secret not in all_of_it


def test_a_program_without_people_is_rehearsed_with_made_up_ones(world: SimpleNamespace) -> None:
    done = rehearse(world.kit, **AT, days=30, people=12)
    assert done.people == 12
    counts = Counter(one.template for one in done.got)
    assert counts["proposal_offered"] >= 6
    assert counts["relationship_started"] >= 2
    assert {"day", "at", "name", "role", "template", "subject"} == set(done.rows()[0])
    assert done.rows()[-1]["day"] <= 30


def test_each_is_sent_once_and_in_the_order_of_time(world: SimpleNamespace) -> None:
    done = rehearse(world.kit, **AT, days=45, people=8)
    assert max(Counter(one.key for one in done.got).values()) == 1
    assert [one.at for one in done.got] == sorted(one.at for one in done.got)


def test_the_same_seed_is_the_same_rehearsal(world: SimpleNamespace, clock: Clock) -> None:
    told = [rehearse(world.kit, **AT, days=16, people=10, seed=s).rows() for s in (1, 1, 2)]
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_where_all_are_silent_nothing_begins(running: SimpleNamespace) -> None:
    done = rehearse(running.kit, **AT, days=12, silent=True)
    templates = {one.template for one in done.got}
    assert "relationship_started" not in templates
    assert "first_meeting" in templates


def test_a_program_that_is_a_draft_is_rehearsed_as_if_it_were_open(
    world: SimpleNamespace,
) -> None:
    programs.create(world.kit, **BY, key="new", preset=PRESET)
    done = rehearse(world.kit, tenant="acme", actor=ADMIN, program="new", days=20)
    assert done.people == copying.USUAL
    assert any(one.template == "proposal_offered" for one in done.got)


def test_every_message_goes_to_one_address_marked_as_a_rehearsal(
    running: SimpleNamespace,
) -> None:
    ctx: Any = SimpleNamespace(kit=running.kit, tenant="acme", actor=ADMIN)
    told = commands.rehearse(ctx, program="traders", days=12, to="cora@example.com")
    assert isinstance(told, dict)
    assert told["sent"] == told["messages"] == len(running.post.sent)
    assert {tuple(to) for to, _ in running.post.sent} == {("cora@example.com",)}
    for _, message in running.post.sent:
        assert message.subject.startswith("[")
        assert message.body.startswith("REHEARSAL. ")
        assert "/concern/" not in message.body or "rehearsal.invalid" in message.body
    assert any("for Ben" in message.body for _, message in running.post.sent)
    assert len({message.key for _, message in running.post.sent}) == told["sent"]


def test_the_list_goes_into_a_sheet_or_is_summed_up(world: SimpleNamespace, tmp_path: Path) -> None:
    ctx: Any = SimpleNamespace(kit=world.kit, tenant="acme", actor=ADMIN)
    out = tmp_path / "who.csv"
    told = commands.rehearse(ctx, program="traders", days=20, people=6, out=str(out))
    lines = out.read_text("utf-8-sig").splitlines()
    assert isinstance(told, dict)
    assert lines[0] == "day,at,name,role,template,subject"
    assert len(lines) == told["messages"] + 1
    rows = commands.rehearse(ctx, program="traders", days=20, people=6, summary=True)
    assert isinstance(rows, list)
    assert sum(row["messages"] for row in rows) == told["messages"]


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"days": 10_000}, {"people": 1}, {"to": "cora"}, {"out": "who.doc"}]
)
def test_what_cannot_be_rehearsed_is_told_before_it_begins(
    world: SimpleNamespace, wrong: dict[str, Any]
) -> None:
    ctx: Any = SimpleNamespace(kit=world.kit, tenant="acme", actor=ADMIN)
    with pytest.raises(Invalid):
        commands.rehearse(ctx, program="traders", **wrong)


def test_whom_it_makes_up_is_old_enough_for_a_program_that_asks_for_an_age(
    world: SimpleNamespace,
) -> None:
    grown_up = {**PRESET, "program": {"zone": "Africa/Nairobi", "matching": "self",
                                      "minimum_age": 60}}  # fmt: skip
    programs.create(world.kit, **BY, key="elders", preset=grown_up)
    programs.open_(world.kit, **BY, program="elders")
    done = rehearse(world.kit, **{**AT, "program": "elders"}, people=4, days=20)
    assert "relationship_started" in {one.template for one in done.got}


def test_only_staff_rehearse(running: SimpleNamespace) -> None:
    with pytest.raises(NotAllowed):
        rehearse(running.kit, tenant="acme", actor=Actor(user_ref="x"), program="traders", days=1)


def test_switched_off_a_program_is_not_rehearsed(world: SimpleNamespace) -> None:
    plugins.change(world.kit, **AT, plugin="rehearse", on=False)
    with pytest.raises(Conflict, match="switched rehearsals off"):
        rehearse(world.kit, **AT, days=1)


def test_without_a_channel_for_mail_nothing_is_sent(create_kit: Callable[..., Kit]) -> None:
    kit = create_kit(plugins=("matching", "csv", "inbox", "rehearse"))
    programs.create(kit, **BY, key="traders", preset=PRESET)
    ctx: Any = SimpleNamespace(kit=kit, tenant="acme", actor=ADMIN)
    with pytest.raises(Conflict, match="sends mail"):
        commands.rehearse(ctx, program="traders", days=3, to="cora@example.com")


def test_the_worker_works_at_the_same_hours_of_the_day_over_a_change_of_clocks() -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    begins = datetime(2027, 3, 27, 12, tzinfo=ZoneInfo("Europe/Berlin"))  # the 28th is short
    found = moments(begins, 2)
    assert [one.hour for one in found] == [18, 3, 9, 18, 3, 9]
    utc = [one.astimezone(ZoneInfo("UTC")).hour for one in found]
    assert utc == [17, 1, 7, 16, 1, 7]
    assert found[-1] - begins < timedelta(days=2)
