"""PLUG, run time: whatever a plugin does when it is called, the core and the others go on.

Each fault runs in each place that calls plugins, on prepared SQLite, a host's plain SQLite engine
and PostgreSQL. What must hold (INV-9): core rows as without the fault, other plugins ran, the
failure is noted once and names the plugin, and promised work is tried again or ends dead.
"""

from __future__ import annotations

import json
import sys
import time
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import mentorkit.kit
import mentorkit.worker
from mentorkit import Manifest, hookimpl
from mentorkit.cli import main
from mentorkit.crew import crew_of
from mentorkit.domain.events import ProposalOffered
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.domain.relationships import Proposal
from mentorkit.errors import Conflict, MentorKitError, PluginError
from mentorkit.hooks import (
    Assigner,
    Assignment,
    Channel,
    Check,
    Column,
    Command,
    ContentCheck,
    Criterion,
    FeedbackVendor,
    Health,
    Metric,
    Nudge,
    Prompt,
    Reaction,
    Receipt,
    RecruitmentSource,
    RequirementCheck,
    RetryLater,
    Rule,
    Table,
    Undeliverable,
)
from mentorkit.hooks.registry import Registry
from mentorkit.journey import (
    accept,
    contents,
    evaluate,
    match,
    onboard,
    programs,
    recruit,
    requirements,
    screen,
    steps,
)
from mentorkit.store import tables
from mentorkit.store.walls import protect_core
from mentorkit.worker import work
from tests.journey.asked import sections

ADMIN = Actor(user_ref="host-admin", admin=True)
TENANT = "acme"
PEOPLE = (
    ("ana", "mentee", "baker"),
    ("ben", "mentee", "smith"),
    ("cleo", "mentor", "baker"),
    ("dora", "mentor", "smith"),
)


class Mute(Exception):
    """An exception whose message cannot even be read."""

    def __str__(self) -> str:
        raise RuntimeError("not even this")


# ------------------------------------------------------------------ faults of any code

Fault = Callable[..., Any]


def raises(*given: Any) -> Any:
    raise ValueError("broken")


def exits(*given: Any) -> Any:
    sys.exit(3)


def recurses(*given: Any) -> Any:
    return recurses(*given)


def runs_out_of_memory(*given: Any) -> Any:
    raise MemoryError


def raises_what_cannot_be_told(*given: Any) -> Any:
    raise Mute


def raises_an_error_of_the_core(*given: Any) -> Any:
    raise Conflict("participant.full", "a plugin pretends to be the core")


def returns_nonsense(*given: Any) -> Any:
    return object()


def edits_what_it_was_given(*given: Any) -> Any:
    """Change values past their being frozen; they are copies, so the core never sees it."""
    for value in given:
        for name in ("id", "subject_id", "person_id", "name", "key", "tenant"):
            if hasattr(value, name) and not callable(getattr(value, name)):
                object.__setattr__(value, name, "edited")
    raise ValueError("edited")


def sets_an_attribute(*given: Any) -> Any:
    for value in given:
        value.state = "accepted"


ANYWHERE: tuple[Fault, ...] = (
    raises,
    exits,
    recurses,
    runs_out_of_memory,
    raises_what_cannot_be_told,
    raises_an_error_of_the_core,
    returns_nonsense,
    edits_what_it_was_given,
    sets_an_attribute,
)

# ------------------------------------------------------------------ faults of code with a database


def sends_broken_sql(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")


def swallows_its_sql_error(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        with suppress(sa.exc.SQLAlchemyError):
            connection.exec_driver_sql("SELECT * FROM nowhere")
        connection.exec_driver_sql("SELECT 1")
    raise ValueError("and then")


def breaks_integrity(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO mk__person (id) VALUES (NULL)")


def rolls_back(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.rollback()
        connection.rollback()
    raise ValueError("and then")


def commits_then_raises(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.commit()
        raise ValueError("after the commit")


def closes_the_connection(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.close()
    raise ValueError("and then")


def forgets_to_end(ctx: Any, *given: Any) -> Any:
    ctx.transaction().__enter__()
    raise ValueError("and left")


def opens_one_inside_another(ctx: Any, *given: Any) -> Any:
    with ctx.transaction(), ctx.transaction():
        pass


def edits_core_rows(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.exec_driver_sql("UPDATE mk__person SET name = 'Eve'")


def edits_core_rows_by_its_table(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.execute(sa.update(tables.person).values(name="Eve"))


def deletes_core_rows(ctx: Any, *given: Any) -> Any:
    with ctx.transaction() as connection:
        connection.execute(sa.delete(tables.proposal))


WITH_DATABASE: tuple[Fault, ...] = (
    sends_broken_sql,
    swallows_its_sql_error,
    breaks_integrity,
    rolls_back,
    commits_then_raises,
    closes_the_connection,
    forgets_to_end,
    opens_one_inside_another,
    edits_core_rows,
    edits_core_rows_by_its_table,
    deletes_core_rows,
)
IN_A_JOB = tuple(fault for fault in ANYWHERE if fault is not returns_nonsense) + WITH_DATABASE


def named(faults: tuple[Fault, ...]) -> Any:
    return [pytest.param(fault, id=fault.__name__) for fault in faults]


# ------------------------------------------------------------------ plugins


def plugin(name: str, **hooks: Any) -> tuple[str, ModuleType]:
    """Return a plugin that answers hooks (without their prefix) with these lists."""
    module = ModuleType(f"mentorkit_{name}")
    module.manifest = Manifest(title=name)  # type: ignore[attr-defined]
    for hook, offers in hooks.items():
        setattr(module, f"mentorkit_{hook}", hookimpl(lambda offers=offers: offers))
    return name, module


class Scored(Criterion):
    """A criterion that answers by a function; `at` says in which method."""

    name = "bad"
    needs = {"trade": str}  # noqa: RUF012

    def __init__(self, fault: Fault, at: str) -> None:
        self.fault, self.at = fault, at

    def bind(self, options: Any, fields: Any) -> Criterion:
        answer: Any = self.fault(options) if self.at == "bind" else self
        return answer  # type: ignore[no-any-return]

    def score(self, mentee: Any, mentor: Any) -> Any:
        return self.fault(mentee, mentor) if self.at == "score" else 1.0

    def explain(self, mentee: Any, mentor: Any, value: float) -> Any:
        return self.fault(mentee, mentor) if self.at == "explain" else None


class Blocked(Criterion):
    name = "bad"

    def __init__(self, fault: Fault, at: str) -> None:
        self.fault = fault

    def score_block(self, mentees: Any, mentors: Any) -> Any:
        return self.fault(mentees, mentors)


class Ruled(Rule):
    name = "bad"

    def __init__(self, fault: Fault, at: str) -> None:
        self.fault, self.at = fault, at

    def bind(self, options: Any, fields: Any) -> Rule:
        answer: Any = self.fault(options) if self.at == "bind" else self
        return answer  # type: ignore[no-any-return]

    def allows(self, mentee: Any, mentor: Any) -> Any:
        return self.fault(mentee, mentor) if self.at == "allows" else False

    def explain(self, mentee: Any, mentor: Any) -> Any:
        return self.fault(mentee, mentor) if self.at == "explain" else None


class Assigned(Assigner):
    name = "bad"

    def __init__(self, fault: Fault, at: str) -> None:
        self.fault = fault

    def assign(self, problem: Any) -> Any:
        return self.fault(problem)


class Received(RecruitmentSource):
    name = "bad"
    suffixes = (".bad",)

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def receive(self, ctx: Any, inbound: Any, **options: Any) -> Any:
        return self.fault(inbound)


class Carried(Channel):
    name = "bad"

    def __init__(self, fault: Fault, at: str) -> None:
        self.fault, self.at = fault, at

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return bool(self.fault(ctx, person)) if self.at == "can_reach" else True

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Any:
        return self.fault(ctx, message, person)


class Sound(Channel):
    name = "sound"

    def __init__(self) -> None:
        self.taken: list[str] = []

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.taken.append(message.key)
        return Receipt(channel=self.name)


class Nudged(Nudge):
    name = "nudged"
    templates = {"told": {"subject": {"en": "Hello"}, "body": {"en": "{person}"}}}  # noqa: RUF012

    def __init__(self, fault: Fault | None = None) -> None:
        self.fault = fault

    def due(self, ctx: Any, awaited: Any) -> Any:
        if self.fault is not None:
            return self.fault(ctx, *awaited)
        return [Prompt(awaited=(one,), template="told", at=one.since) for one in awaited]


class Measured(Metric):
    def __init__(self, name: str, fault: Fault) -> None:
        self.name, self.fault = name, fault

    def measure(self, ctx: Any, facts: Any) -> Any:
        return self.fault(ctx, facts)


class Reviewed(ContentCheck):
    name = "bad"

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def review(self, ctx: Any, texts: Any) -> Any:
        return self.fault(ctx, *texts)


class Required(RequirementCheck):
    name = "bad"

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def answer(self, ctx: Any, applicants: Any, options: Any) -> Any:
        return self.fault(ctx, *applicants)


class Invited(FeedbackVendor):
    name = "bad"

    def __init__(self, fault: Fault, at: str) -> None:
        self.fault, self.at = fault, at

    def invite(self, ctx: Any, request: Any) -> Any:
        return self.fault(ctx, request) if self.at == "invite" else "https://example.org/form"

    def collect(self, ctx: Any, requests: Any) -> Any:
        return self.fault(ctx, *requests) if self.at == "collect" else ()


class Heard:
    """A sound plugin with a reaction that notes which events it was told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[int] = []
        self.plugin = plugin(
            name, reactions=[Reaction(name="hear", on=(ProposalOffered,), handle=self.hear)]
        )

    def hear(self, ctx: Any, event: Any) -> None:
        assert ctx.tenant == TENANT
        self.told.append(event.sequence)


# ------------------------------------------------------------------ the stage


@pytest.fixture
def stage(create_kit: Callable[..., Any], database: Any) -> Callable[..., SimpleNamespace]:
    """Return a factory of a program with two pairs to be made, `bad` listed between two others."""

    def create(*bad: Any, preset: dict[str, Any] | None = None, **strategy: Any) -> SimpleNamespace:
        first, last = Heard("first"), Heard("last")
        listed = ["matching", first.plugin, *bad, last.plugin]
        kit = create_kit(registry=Registry.load(listed))
        whole = {
            "title": "Traders",
            "fields": {"trade": {"kind": "option", "options": ["baker", "smith"]}},
            "strategy": {"criteria": [{"criterion": "equal", "field": "trade"}], **strategy},
            "measurement": {"none": "These tests measure nothing."},
            "consent": {"en": "We use what you tell us."},
            **(preset or {}),
        }
        at: dict[str, Any] = {"tenant": TENANT, "actor": ADMIN}
        programs.create(kit, key="traders", preset=whole, **at)
        programs.open_(kit, program="traders", **at)
        leads = [
            Lead(key=key, role=role, name=key.title(), profile={"trade": trade})  # type: ignore[arg-type]
            for key, role, trade in PEOPLE
        ]
        recruit.receive(kit, program="traders", leads=leads, **at)
        ids = {row["key"]: row["id"] for row in screen.review(kit, program="traders", **at)}
        for verb in (screen.approve, onboard.consent, onboard.complete):
            done = steps.many(kit, verb, list(ids.values()), noun="participant", **at)
            assert not done["refused"]
        work(kit)
        return SimpleNamespace(kit=kit, at=at, ids=ids, first=first, last=last, database=database)

    return create


def offer_pairs(stage: SimpleNamespace) -> None:
    run = match.draft(stage.kit, program="traders", **stage.at)
    match.review(stage.kit, run=run["id"], **stage.at)
    match.publish(stage.kit, run=run["id"], **stage.at)


def core_rows(stage: SimpleNamespace, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Return every row of the core's tables but the outbox, read on a connection of its own."""
    with stage.database.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in tables.metadata.sorted_tables
            if table.name not in ("mk__outbox", *without)
        }


def jobs(stage: SimpleNamespace, **equals: Any) -> list[Any]:
    with stage.kit.transaction(tenant=TENANT, write=False) as tx:
        return list(tx.outbox.find(**equals))


def breaches(stage: SimpleNamespace, before: dict[str, list[Any]]) -> list[str]:
    """Return what does not hold after the worker ran over two offered pairs."""
    found = []
    after = core_rows(stage)
    found += [f"rows of {name} differ" for name, rows in before.items() if after[name] != rows]
    offered = sorted(job.sequence for job in jobs(stage, plugin="first"))
    for heard in (stage.first, stage.last):
        if sorted(heard.told) != offered or len(offered) != 2:
            found.append(f"plugin {heard.name} was told {heard.told} of {offered}")
        found += [
            f"row of plugin {heard.name} is {job.state}"
            for job in jobs(stage, plugin=heard.name)
            if job.state != "done"
        ]
    return found


# ------------------------------------------------------------------ reactions


def reacting(fault: Fault) -> tuple[str, ModuleType]:
    reaction = Reaction(name="react", on=(ProposalOffered,), handle=fault)
    return plugin("bad", reactions=[reaction])


@pytest.mark.parametrize("fault", named(IN_A_JOB))
def test_a_reaction_that_misbehaves_harms_nobody(stage: Any, clock: Any, fault: Fault) -> None:
    at = stage(reacting(fault))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert breaches(at, before) == []
    rows = jobs(at, plugin="bad")
    assert [(job.state, job.attempt) for job in rows] == [("waiting", 1)] * 2
    assert all(job.error and "broken" not in job.error for job in rows)

    work(at.kit)  # not due yet: nobody is told again, nothing is noted twice
    assert breaches(at, before) == []
    assert [job.attempt for job in jobs(at, plugin="bad")] == [1, 1]
    clock.forward(seconds=10)
    work(at.kit)
    assert breaches(at, before) == []
    assert [job.attempt for job in jobs(at, plugin="bad")] == [2, 2]


def test_a_reaction_that_never_succeeds_ends_dead(stage: Any, clock: Any) -> None:
    at = stage(reacting(raises))
    offer_pairs(at)
    for _ in range(20):  # once five in a row have failed, one of the two is tried at a time
        work(at.kit)
        clock.forward(days=2)
    assert {job.state for job in jobs(at, plugin="bad")} == {"dead"}
    assert {job.error for job in jobs(at, plugin="bad")} == {"ValueError"}
    assert len(at.first.told) == len(at.last.told) == 2


def test_a_reaction_that_answers_is_done(stage: Any) -> None:
    at = stage(reacting(returns_nonsense))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert breaches(at, before) == []
    assert {job.state for job in jobs(at, plugin="bad")} == {"done"}


def test_ctrl_c_stops_the_worker_and_loses_nothing(
    stage: Any, clock: Any, press_ctrl_c: Callable[[], None]
) -> None:
    pressed: list[bool] = []

    def press(*given: Any) -> None:
        if not pressed:
            pressed.append(True)
            press_ctrl_c()
            time.sleep(0.1)

    at = stage(reacting(press))
    offer_pairs(at)
    with pytest.raises(KeyboardInterrupt):
        work(at.kit)
    assert crew_of(at.kit).settle(60), "what was in hand ends by itself"
    clock.forward(minutes=10)
    work(at.kit)
    assert {job.state for job in jobs(at, plugin="bad")} == {"done"}
    offered = {job.sequence for job in jobs(at, plugin="bad")}
    assert set(at.first.told) == set(at.last.told) == offered


# ------------------------------------------------------------------ wild answers


@pytest.mark.parametrize(
    "seconds", ["soon", float("inf"), float("nan"), 10**30, -5, None, [], 10.5], ids=repr
)
def test_a_wild_delay_is_kept_within_bounds(stage: Any, clock: Any, seconds: Any) -> None:
    def later(*given: Any) -> Any:
        raise RetryLater("later", seconds=seconds)

    at = stage(reacting(later))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert breaches(at, before) == []
    rows = jobs(at, plugin="bad")
    assert {job.state for job in rows} == {"waiting"}
    assert all(job.not_before < clock() + timedelta(days=40) for job in rows)


@pytest.mark.parametrize(
    "code",
    [None, 7, "", "Ada Okafor <ada@example.org>", "x" * 5000, "a\x00b", ["a"]],
    ids=lambda code: repr(code)[:12],
)
def test_a_wild_code_is_not_stored(stage: Any, code: Any) -> None:
    def never(*given: Any) -> Any:
        raise Undeliverable(code)

    at = stage(reacting(never))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert breaches(at, before) == []
    assert {(job.state, job.error) for job in jobs(at, plugin="bad")} == {("dead", "undeliverable")}


# ------------------------------------------------------------------ channels


@pytest.mark.parametrize("fault", named(IN_A_JOB))
@pytest.mark.parametrize("method", ["can_reach", "deliver"])
def test_a_channel_that_misbehaves_harms_nobody(stage: Any, fault: Fault, method: str) -> None:
    sound = Sound()
    offers = [Carried(fault, method), sound]
    at = stage(plugin("bad", notification_channels=offers))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert breaches(at, before) == []
    messages = jobs(at, kind="message")
    assert len(messages) == 2
    if method == "can_reach":
        # A channel that cannot even say whom it reaches does not keep the next from delivering.
        assert {job.state for job in messages} == {"done"}
        assert sorted(sound.taken) == sorted(job.key for job in messages)
    else:
        # What it did before it failed nobody knows, so the same channel is asked again later.
        assert {(job.state, job.attempt) for job in messages} == {("waiting", 1)}
        assert sound.taken == []


def test_a_channel_that_gives_no_receipt_is_not_asked_again(stage: Any) -> None:
    at = stage(plugin("bad", notification_channels=[Carried(returns_nonsense, "deliver")]))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert breaches(at, before) == []
    given_up = {(job.state, job.error) for job in jobs(at, kind="message")}
    assert given_up == {("dead", "channel.no_receipt")}


# ------------------------------------------------------------------ nudges


def prompts(**wrong: Any) -> Fault:
    """Return what makes prompts with something wrong in each."""

    def due(ctx: Any, *awaited: Any) -> Any:
        right = {"template": "told", "at": ctx.now}
        return [Prompt(**{"awaited": (one,), **right, **wrong}) for one in awaited]

    return due


WRONG_PROMPTS = {
    "no time": prompts(at=None),
    "a time without a zone": prompts(at=datetime(2027, 3, 1)),
    "a list for a template": prompts(template=["told"]),
    "no template": prompts(template=None),
    "a number for a grace": prompts(grace=3),
    "an endless grace": prompts(grace=timedelta.max),
    "an object for a key": prompts(key=object()),
    "about nothing": prompts(awaited=None),
    "about a list": prompts(awaited=[["one"]]),
}


@pytest.mark.parametrize(
    "fault", [*named(ANYWHERE), *(pytest.param(one, id=id) for id, one in WRONG_PROMPTS.items())]
)
def test_a_nudge_that_misbehaves_stops_no_work(stage: Any, fault: Fault) -> None:
    at = stage(plugin("bad", nudges=[Nudged(fault)]), plugin("good", nudges=[Nudged()]))
    offer_pairs(at)
    before = core_rows(at)
    report = work(at.kit)
    assert breaches(at, before) == []
    assert (report["nudged"], report["failed"]) == (2, 0)
    assert [job.plugin for job in jobs(at, name="told")] == ["good", "good"]
    assert not jobs(at, state="waiting")


# ------------------------------------------------------------------ figures


def tables_with(**wrong: Any) -> Fault:
    """Return what makes a table with something wrong in it."""
    columns = (Column(name="a", title="A", kind="percent"), Column(name="b", title="B {b}"))
    right = {"name": "made", "title": "Made", "columns": columns, "rows": ((1.5, 2),), "how": "So."}
    return lambda ctx, facts: [Table(**{**right, **wrong})]


WRONG_TABLES = {
    "a short row": tables_with(rows=((1,),)),
    "a long row": tables_with(rows=((1, 2, 3),)),
    "a text of percent": tables_with(rows=(("12 %", 2),)),
    "an object in a cell": tables_with(rows=((object(), 2),)),
    "an endless number": tables_with(rows=((float("inf"), 2),)),
    "a truth for a count": tables_with(rows=((1, True),)),
    "a title in languages": tables_with(title={"en": "Made"}),
    "no sentence": tables_with(how=None),
    "no columns": tables_with(columns=None),
    "no rows": tables_with(rows=None),
    "an unknown kind": tables_with(columns=(Column(name="a", title="A", kind="b"),) * 2),
    "no table": lambda ctx, facts: ["made"],
}


@pytest.mark.parametrize(
    "fault", [*named(ANYWHERE), *(pytest.param(one, id=id) for id, one in WRONG_TABLES.items())]
)
def test_a_metric_that_misbehaves_is_named_and_the_others_are_shown(
    stage: Any, run_command: Any, fault: Fault
) -> None:
    good = Measured("good", tables_with())
    at = stage(plugin("bad", metrics=[Measured("bad", fault)]), plugin("good", metrics=[good]))
    before = core_rows(at)
    made = evaluate.report(at.kit, program="traders", **at.at)
    assert core_rows(at) == before
    assert (made["failed"], [one["name"] for one in made["tables"]]) == (["bad"], ["made"])
    shown = run_command(at, "report", "show")
    assert (shown.exit_code, "1.5 %" in shown.output) == (0, True), shown.output


# ------------------------------------------------------------------ requirements and texts


@pytest.mark.parametrize("fault", named(ANYWHERE))
def test_a_requirement_check_that_misbehaves_leaves_it_to_a_person(
    stage: Any, fault: Fault
) -> None:
    known = {"requirements": [{"id": "known", "check": "bad"}]}
    at = stage(plugin("bad", requirements=[Required(fault)]), preset=known)
    before = core_rows(at)
    asked = requirements.check(at.kit, program="traders", **at.at)
    assert core_rows(at) == before
    assert asked["changed"] == 0
    for row in screen.review(at.kit, program="traders", **at.at):
        (told,) = row["requirements"]
        assert (row["name"], told["answer"]) == (row["key"].title(), "ask")


@pytest.mark.parametrize("fault", named(ANYWHERE))
def test_a_content_check_that_misbehaves_holds_the_text(stage: Any, fault: Fault) -> None:
    at = stage(plugin("bad", content_checks=[Reviewed(fault)]))
    offer_pairs(at)
    with at.kit.transaction(tenant=TENANT, write=False) as tx:
        ana = Actor(person_id=tx.participants.get(at.ids["ana"]).person_id)
        (one,) = tx.proposals.find(mentee_id=at.ids["ana"])
    accept.ask(at.kit, tenant=TENANT, actor=ana, proposal=one.id, text="Do you bake?")
    (held,) = contents.waiting(at.kit, program="traders", **at.at)
    assert (held["reason"], held["text"]) == ("check_failed", "Do you bake?")
    before = core_rows(at)
    work(at.kit)
    assert breaches(at, before) == []


# ------------------------------------------------------------------ vendors


@pytest.mark.parametrize("fault", named((*IN_A_JOB, returns_nonsense)))
@pytest.mark.parametrize("method", ["invite", "collect"])
def test_a_vendor_that_misbehaves_harms_nobody(stage: Any, fault: Fault, method: str) -> None:
    at = stage(
        plugin("bad", feedback_vendors=[Invited(fault, method)]), preset=sections("baseline")
    )
    offer_pairs(at)
    before = core_rows(at)
    assert work(at.kit)["failed"] == 0
    assert breaches(at, before) == []
    rows = jobs(at, kind="survey")
    assert len(rows) == 2
    if method == "invite":
        assert [(job.state, job.attempt) for job in rows] == [("waiting", 1)] * 2
        assert all(job.error and "broken" not in job.error for job in rows)


# ------------------------------------------------------------------ matching


def scoring(cls: Any, fault: Fault, at: str) -> tuple[str, ModuleType]:
    hook = {Ruled: "rules", Assigned: "assigners"}.get(cls, "criteria")
    return plugin("bad", **{hook: [cls(fault, at)]})


SCORERS = [
    (Scored, "score", {"criteria": [{"criterion": "bad"}]}),
    (Scored, "explain", {"criteria": [{"criterion": "bad"}]}),
    (Blocked, "score_block", {"criteria": [{"criterion": "bad"}]}),
    (Ruled, "allows", {"rules": [{"rule": "bad"}]}),
    (Ruled, "explain", {"rules": [{"rule": "bad"}]}),
    (Assigned, "assign", {"assigner": "bad"}),
]


@pytest.mark.parametrize("fault", named(ANYWHERE))
@pytest.mark.parametrize(
    ("cls", "method", "strategy"),
    [pytest.param(*case, id=f"{case[0].__name__}-{case[1]}") for case in SCORERS],
)
def test_a_scorer_that_misbehaves_fails_its_run_alone(
    stage: Any, cls: Any, method: str, strategy: Any, fault: Fault
) -> None:
    if (cls, method, fault) == (Ruled, "explain", returns_nonsense):
        fault = raises  # the engine then says itself which rule the lock breaks
    at = stage(scoring(cls, fault, method), **strategy)
    before = core_rows(at, without=("mk__run", "mk__event"))
    # Only for a lock that breaks a rule is the rule asked why.
    locks = [("ana", "dora")] if (cls, method) == (Ruled, "explain") else []
    with pytest.raises(PluginError) as caught:
        match.draft(at.kit, program="traders", locks=locks, **at.at)
    assert core_rows(at, without=("mk__run", "mk__event")) == before
    assert "plugin bad (given directly)" in str(caught.value)
    with at.kit.transaction(tenant=TENANT, write=False) as tx:
        states = [run.state for run in tx.runs.find()]
        assert states == ["failed"]
        assert tx.proposals.count() == 0
    assert not stuck(at)


@pytest.mark.parametrize("fault", named(ANYWHERE))
@pytest.mark.parametrize(
    ("cls", "strategy"),
    [(Scored, {"criteria": [{"criterion": "bad"}]}), (Ruled, {"rules": [{"rule": "bad"}]})],
)
def test_a_scorer_that_cannot_be_bound_is_refused_with_its_strategy(
    stage: Any, cls: Any, strategy: Any, fault: Fault
) -> None:
    at = stage(scoring(cls, fault, "bind"))
    before = core_rows(at)
    body = {"criteria": [{"criterion": "equal", "field": "trade"}], **strategy}
    with pytest.raises(PluginError, match=r"plugin bad \(given directly\)"):
        programs.define(at.kit, program="traders", kind="strategy", body=body, **at.at)
    assert core_rows(at) == before
    assert not stuck(at)


def stuck(at: SimpleNamespace) -> bool:
    """Return whether a sound strategy cannot be run afterwards."""
    sound = {"criteria": [{"criterion": "equal", "field": "trade"}]}
    programs.define(at.kit, program="traders", kind="strategy", body=sound, **at.at)
    run = match.draft(at.kit, program="traders", **at.at)
    return bool(run["summary"]["pairs"] != 2)


def cheats_with_pairs(problem: Any) -> Assignment:
    everyone = range(len(problem.mentees))
    return Assignment(pairs=tuple((mentee, 0) for mentee in everyone), method="all for one")


def test_an_assigner_cannot_get_past_capacity(stage: Any) -> None:
    at = stage(scoring(Assigned, cheats_with_pairs, "assign"), assigner="bad")
    with pytest.raises(PluginError, match="place"):
        match.draft(at.kit, program="traders", **at.at)
    with at.kit.transaction(tenant=TENANT, write=False) as tx:
        assert tx.proposals.find() == list[Proposal]()


# ------------------------------------------------------------------ sources


@pytest.mark.parametrize("fault", named(ANYWHERE))
def test_a_source_that_misbehaves_takes_nobody_in(stage: Any, fault: Fault) -> None:
    at = stage(plugin("bad", recruitment_sources=[Received(fault)]))
    before = core_rows(at)
    with pytest.raises(PluginError, match=r"plugin bad \(given directly\): source bad"):
        recruit.read(at.kit, program="traders", body=b"x", filename="people.bad", **at.at)
    assert core_rows(at) == before


# ------------------------------------------------------------------ checks and commands


@pytest.fixture
def run_command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that runs the command line on a stage's kit."""

    def run(stage: SimpleNamespace, *words: str) -> Any:
        module = ModuleType("planted_kit")
        module.kit = stage.kit  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "planted_kit", module)
        options = ["--kit", "planted_kit:kit", "--tenant", TENANT]
        return CliRunner().invoke(main, [*options, *words])

    return run


@pytest.mark.parametrize("fault", named(ANYWHERE + WITH_DATABASE))
def test_a_check_that_misbehaves_is_one_line_of_doctor(
    stage: Any, run_command: Any, fault: Fault
) -> None:
    def fine(ctx: Any) -> Health:
        return Health(ok=True, message="fine as ever")

    checks = [
        Check(name="broken", run=fault, needs_database=True),
        Check(name="fine", run=fine, needs_database=True),
    ]
    at = stage(plugin("bad", checks=checks))
    before = core_rows(at)
    result = run_command(at, "doctor", "--json")
    assert core_rows(at) == before
    found = {row["name"]: row for row in json.loads(result.stdout)["checks"]}
    assert found["bad.fine"]["ok"] is True
    assert found["bad.broken"]["ok"] is False


@pytest.mark.parametrize("fault", named(ANYWHERE))
def test_a_check_at_the_start_that_misbehaves_stops_it_with_a_reason(
    create_kit: Any, fault: Fault
) -> None:
    def ill() -> Health:
        return Health(ok=False, message="the other is ill")

    checks = [
        Check(name="broken", run=fault, at_start=True),
        Check(name="ill", run=ill, at_start=True),
    ]
    with pytest.raises(PluginError) as caught:
        create_kit(registry=Registry.load([plugin("bad", checks=checks)]))
    assert [problem.place for problem in caught.value.problems] == ["bad.broken", "bad.ill"]


HARMLESS = (returns_nonsense, sets_an_attribute)
"""A command may return anything, which is printed; its context is its own."""


@pytest.mark.parametrize("fault", named(ANYWHERE + WITH_DATABASE))
def test_a_command_that_misbehaves_changes_nothing(
    stage: Any, run_command: Any, fault: Fault
) -> None:
    at = stage(plugin("bad", commands=[Command(name="go", help="Go.", run=fault)]))
    before = core_rows(at)
    result = run_command(at, "bad", "go")
    assert core_rows(at) == before
    assert (result.exit_code == 0) is (fault in HARMLESS), result.output
    assert "Traceback" not in result.output


# ------------------------------------------------------------------ strategies


def test_a_strategy_of_a_plugin_is_data_that_is_checked_when_it_is_bound(stage: Any) -> None:
    from mentorkit.domain.frozen import Frozen
    from mentorkit.domain.strategies import Strategy, Use

    wild = Strategy(name="wild", criteria=(Use(name="equal", options=Frozen(feild="trade")),))
    at = stage(plugin("bad", matching_strategies=[wild]))
    before = core_rows(at)
    body = {"strategy": "wild"}
    with pytest.raises(MentorKitError):
        programs.define(at.kit, program="traders", kind="strategy", body=body, **at.at)
    assert core_rows(at) == before


# ------------------------------------------------------------------ does the harness bite


def test_the_harness_catches_a_worker_that_calls_plugins_in_its_transaction(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_the_transaction(kit: Any, tenant: str, job: Any) -> None:
        reaction = kit.registry.reactions[f"{job.plugin}.{job.name}"]

        def both(tx: Any) -> None:
            event = tx.journal.event(job.sequence)
            context = SimpleNamespace(tenant=tenant, transaction=lambda: _same(tx.connection))
            reaction.handle(context, event)

        kit.write(tenant, both)

    monkeypatch.setitem(mentorkit.worker._DOING, "reaction", in_the_transaction)
    at = stage(reacting(edits_core_rows))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert "rows of mk__person differ" in breaches(at, before)


class _same:  # noqa: N801
    """The core's own connection, handed out as if it were the plugin's."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __enter__(self) -> Any:
        return self.connection

    def __exit__(self, *error: object) -> None:
        return None


def test_the_harness_catches_a_worker_that_stops_at_the_first_failure(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unguarded(row: Any) -> tuple[str, Any]:
        mentorkit.worker._react(row.kit, row.tenant, row.job)
        return "done", None

    monkeypatch.setattr(mentorkit.worker.Row, "call", unguarded)
    at = stage(reacting(raises))
    offer_pairs(at)
    before = core_rows(at)
    assert work(at.kit)["failed"] == 1
    assert breaches(at, before)


def test_there_are_faults_enough() -> None:
    assert len(set(IN_A_JOB)) >= 12
    assert CancelledError.__base__ is BaseException


def test_the_harness_catches_a_kit_that_lets_plugins_change_the_core(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentorkit.kit, "protect_core", lambda *_, **__: None)
    at = stage(reacting(deletes_core_rows))
    offer_pairs(at)
    before = core_rows(at)
    work(at.kit)
    assert "rows of mk__proposal differ" in breaches(at, before)


# ------------------------------------------------------------------ the wall itself


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mk__person SET name = 'Eve'",
        "update only mk__person set name = 'Eve'",
        'UPDATE "mk__person" SET name = 1',
        "UPDATE OR IGNORE mk__person SET name = 1",
        "INSERT INTO mk__person (id) VALUES (1)",
        "INSERT OR REPLACE INTO mk__person (id) VALUES (1)",
        "REPLACE INTO mk__person (id) VALUES (1)",
        "DELETE FROM public.mk__person",
        "WITH gone AS (DELETE FROM mk__person RETURNING id) SELECT * FROM gone",
        "/* tidy */ DELETE -- all\nFROM mk__outbox",
        "TRUNCATE TABLE mk__event",
        "DROP TABLE IF EXISTS mk__event",
        "ALTER TABLE mk__person ADD COLUMN x",
        "MERGE INTO mk__person USING x ON true WHEN MATCHED THEN DELETE",
    ],
)
def test_a_statement_that_changes_the_core_is_refused(statement: str) -> None:
    with walled() as connection, pytest.raises(MentorKitError, match="its own tables alone"):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 AS mk__person",
        "CREATE TABLE mk_inbox__message (person_id text)",
        "SELECT 'DELETE mk__person'",
        "WITH mk__x AS (SELECT 1) SELECT * FROM mk__x",
    ],
)
def test_a_statement_that_reads_the_core_or_changes_its_own_is_let_through(statement: str) -> None:
    with walled() as connection:
        connection.exec_driver_sql(statement)


@contextmanager
def walled() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        protect_core(connection)
        yield connection
    engine.dispose()


def test_the_wall_goes_with_the_connection() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE mk__person (id)")
        protect_core(connection)
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO mk__person VALUES (1)")
    engine.dispose()
