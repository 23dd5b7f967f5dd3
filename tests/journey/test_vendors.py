"""Feedback vendors: asked by the worker, outside any transaction, and what they bring back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import ENVELOPE, Event, load
from mentorkit.errors import NotAllowed, NotFound
from mentorkit.hooks import Answer, FeedbackVendor, Frozen, Inbound, RetryLater
from mentorkit.journey import evaluate, feedback, meet, programs
from mentorkit.worker import work
from tests.conftest import Clock
from tests.journey.asked import answer, asked, connect, drain, log, sections
from tests.journey.test_feedback import told


class Elsewhere(FeedbackVendor):
    """A vendor that remembers what it was asked, and brings back what it is given."""

    name = "elsewhere"

    def __init__(self) -> None:
        self.invited: list[Any] = []
        self.replies: list[Answer] = []
        self.polled: list[str] = []
        self.broken = 0
        self.tells = False

    def invite(self, ctx: Any, request: Any) -> str:
        with ctx.transaction() as connection:  # would be refused inside one of the core's
            connection.exec_driver_sql("SELECT 1")
        if self.broken:
            self.broken -= 1
            raise RetryLater("busy", seconds=60)
        self.invited.append(request)
        if self.tells:
            return ""
        return f"https://forms.example.org/{request.key}"

    def collect(self, ctx: Any, requests: Sequence[Any]) -> Sequence[Answer]:
        self.polled = [one.key for one in requests]
        return list(self.replies)

    def receive(self, ctx: Any, inbound: Any) -> Sequence[Answer]:
        key, _, staff = inbound.body.decode().partition("=")
        return [Answer(key=key, values=Frozen({"indicator.staff": staff}))]


@pytest.fixture
def vendor() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def world(
    create_world: Callable[..., SimpleNamespace], create_kit: Callable[..., Any], vendor: Elsewhere
) -> SimpleNamespace:
    module: Any = ModuleType("elsewhere")
    module.manifest = Manifest(title="Elsewhere")

    @hookimpl
    def mentorkit_feedback_vendors() -> Any:
        yield vendor

    module.mentorkit_feedback_vendors = mentorkit_feedback_vendors
    plugins = ("matching", "inbox", "outcomes", ("elsewhere", module))
    made = create_world(kit=create_kit(plugins=plugins, secret_keys=["k"]), sections=sections())
    drain(made)
    return made


def test_a_vendor_is_told_the_questions_and_its_address_is_sent(
    world: SimpleNamespace, vendor: Elsewhere
) -> None:
    assert {one.side for one in vendor.invited} == {"mentee"}
    request = vendor.invited[0]
    assert set(request.questions) == {
        "indicator.sales", "indicator.staff", "indicator.currency", "indicator.period",
    }  # fmt: skip
    assert request.token
    assert any(f"https://forms.example.org/{request.key}" in body for body in messages(world))


def messages(world: SimpleNamespace) -> list[str]:
    from mentorkit_inbox.tables import message

    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        rows = tx.connection.execute(message.select()).all()
        return [row.body for row in rows if row.template == "survey_asked"]


def test_a_vendor_that_tells_people_itself_and_one_switched_off_meanwhile_send_nothing(
    world: SimpleNamespace, vendor: Elsewhere, clock: Clock
) -> None:
    sent = len(messages(world))
    vendor.tells = True
    connect(world, "ana", "cleo")
    clock.forward(days=43)
    drain(world)
    assert len(asked(world, "check")) == 2
    assert len(messages(world)) == sent
    vendor.tells, invited = False, len(vendor.invited)
    connect(world, "ben", "dora")
    clock.forward(days=43)
    meet.turn(world.kit, tenant=world.tenant)
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        due = [job.sequence for job in tx.outbox.find(kind="reaction", state="waiting")]
    for sequence in due:
        feedback.after(world.kit, tenant=world.tenant, sequence=sequence)
    off = {"enabled": False}
    programs.define(
        world.kit, **world.at, program="traders", kind="plugin", key="elsewhere", body=off
    )
    drain(world)
    assert len(asked(world, "check")) == 4
    assert (len(messages(world)), len(vendor.invited)) == (sent, invited)


def test_a_vendor_that_is_busy_is_asked_again_under_the_same_key(
    world: SimpleNamespace, vendor: Elsewhere, clock: Clock
) -> None:
    before = len(vendor.invited)
    connect(world, "ana", "cleo")
    clock.forward(days=43)
    vendor.broken = 1
    drain(world)
    asked_now = {row["id"] for row in asked(world, "check")}
    assert len(vendor.invited) == before + len(asked_now) - 1
    clock.forward(hours=1)
    drain(world)
    keys = [one.key for one in vendor.invited[before:]]
    assert sorted(keys) == sorted(asked_now)


def test_what_a_vendor_brings_is_kept_once_and_what_cannot_be_used_stops_nothing(
    world: SimpleNamespace, vendor: Elsewhere
) -> None:
    ana, ben = sorted(asked(world, "baseline"), key=lambda row: str(row["name"]))
    vendor.replies = [
        Answer(key="nobody", values=Frozen()),
        Answer(key=ana["id"], values=Frozen({"indicator.staff": "none of yours"})),
        Answer(key=ben["id"], values=Frozen({"indicator.staff": 4})),
    ]
    report = work(world.kit)
    assert report["failed"] == 0
    states = {row["name"]: row["state"] for row in asked(world, "baseline")}
    assert states == {"Ana": "open", "Ben": "answered"}
    drain(world)
    assert vendor.polled == [ana["id"]]  # only what still waits


def test_what_is_pushed_for_a_vendor_is_taken_in_by_staff_and_the_host_alone(
    world: SimpleNamespace,
) -> None:
    ana, _ = sorted(asked(world, "baseline"), key=lambda row: str(row["name"]))
    inbound = Inbound(body=f"{ana['id']}=5".encode())
    at = {"tenant": world.tenant, "program": "traders"}
    with pytest.raises(NotAllowed):
        feedback.receive(
            world.kit, **at, actor=world.by("ana"), vendor="elsewhere", inbound=inbound
        )
    with pytest.raises(NotFound):
        feedback.receive(world.kit, **at, actor=world.admin, vendor="other", inbound=inbound)
    push = {**at, "actor": world.admin, "vendor": "elsewhere", "inbound": inbound}
    assert feedback.receive(world.kit, **push) == {"kept": 1, "refused": 0}
    assert feedback.receive(world.kit, **push) == {"kept": 0, "refused": 1}
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (kept,) = [one for one in asked(world, "baseline") if one["id"] == ana["id"]]
        assert kept["means"] == "form"
        assert tx.notes.get(kept["note_id"]).author_id == ana["person_id"]


def reloaded(event: Event) -> Event:
    """Return an event as it is read back from what the journal keeps of it."""
    envelope = {name: getattr(event, name) for name in ENVELOPE}
    body = json.loads(json.dumps(event.payload()))
    return load(type(event).__name__, event.schema, body, envelope.items())


def test_s1_f25_the_report_agrees_with_what_stands_in_the_rows_and_with_the_replayed_journal(
    world: SimpleNamespace, clock: Clock
) -> None:
    for row in asked(world, "baseline"):
        answer(world, row, indicator_staff=2)
    first, second = connect(world, "ana", "cleo"), connect(world, "ben", "dora")
    clock.forward(days=1)
    log(world, first)
    clock.forward(days=182)
    drain(world)
    for row in asked(world, "end", side="mentee", relationship_id=first):
        answer(world, row, indicator_staff=3, statement_survival="agree")
    meet.end(world.kit, **world.at, relationship=first)
    report = evaluate.report(world.kit, **world.at, program="traders")
    tables = {one["name"]: one for one in report["tables"]}
    funnel = [row[1] for row in tables["funnel"]["rows"]]
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        held = tx.relationships.find()
        met = {one.relationship_id for one in tx.meetings.find(state="held")}
        offered = [one for one in tx.proposals.find() if one.offered_at]
        facts = evaluate.facts_of(tx, tx.programs.get(world.program))
    assert funnel == [len(offered), 2, len(held), len(met), 1]
    assert sorted(held_by.id for held_by in held) == sorted([first, second])
    again = evaluate.report(world.kit, **world.at, program="traders")
    assert again["tables"] == report["tables"]
    replayed = replace(facts, events=tuple(map(reloaded, facts.events)))
    for metric in world.kit.registry.metrics.values():
        context = world.kit.context(world.tenant, facts.program, "outcomes")
        assert metric.measure(context, replayed) == metric.measure(context, facts)
    (paired,) = {row[3] for row in tables["changes"]["rows"] if row[0] == "Employees"}
    assert paired == 1
    assert ("ana", "survey_asked") in told(world)
