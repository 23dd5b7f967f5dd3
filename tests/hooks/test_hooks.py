"""One test for each hook: a small plugin answers it, and its provider is found by name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from mentorkit import hooks
from mentorkit.domain.events import RelationshipStarted
from mentorkit.domain.people import Actor, Person
from mentorkit.hooks import Applicant, Awaited, Content, Health, Inbound
from mentorkit.hooks.calls import computed
from mentorkit.hooks.loading import WEB_HOOKS
from mentorkit.hooks.offers import KINDS
from mentorkit.hooks.registry import Registry
from mentorkit.hooks.specs import Hooks
from mentorkit.journey import programs
from mentorkit.web.brought import brought

HOOKS = [name for name in vars(Hooks) if name.startswith("mentorkit_")]
Example = Callable[..., Registry]


@pytest.fixture
def load_example(write_plugin: Callable[[str, str], Path]) -> Example:
    """Return the registry with the plugin of a hook's docstring loaded as `example`."""

    def load(hook: str, *beside: str) -> Registry:
        doc = inspect.cleandoc(getattr(Hooks, hook).__doc__)
        (source,) = re.findall(r"```python\n(.*?)```", doc, re.DOTALL)
        return Registry.load([*beside, write_plugin("example", dedent(source))])

    return load


def test_hook_mentorkit_recruitment_sources(load_example: Example, context: Any) -> None:
    source = load_example("mentorkit_recruitment_sources").recruitment_sources["lines"]
    batch = source.receive(context, Inbound(body=b"Ada\n\nGrace\n"), role="mentor")
    assert [(lead.name, lead.role) for lead in batch.leads] == [
        ("Ada", "mentor"),
        ("Grace", "mentor"),
    ]


def test_hook_mentorkit_requirements(load_example: Example, context: Any) -> None:
    check = load_example("mentorkit_requirements").requirement_checks["of_age"]
    year = context.now.year
    people = [Person(id="p", tenant="t", born=born, created_at=context.now) for born in
              (year - 30, year - 9, None)]  # fmt: skip
    applicants = [Applicant(role="mentee", profile={}, person=one) for one in people]
    assert check.answer(context, applicants, {}) == ["yes", "no", "ask"]


def test_hook_mentorkit_matching_strategies(load_example: Example) -> None:
    registry = load_example("mentorkit_matching_strategies", "matching")
    strategy = registry.strategies["same_trade"]
    assert (strategy.assigner, strategy.points()) == ("optimal", (10_000,))


def test_hook_mentorkit_criteria(load_example: Example) -> None:
    criterion = load_example("mentorkit_criteria").criteria["same_village"]
    kibuye, rubavu, nowhere = ({"village": name} for name in ("Kibuye", "Rubavu", None))
    assert criterion.score(kibuye, kibuye) == 1.0
    assert criterion.score(kibuye, rubavu) == 0.0
    assert criterion.score(kibuye, nowhere) is None
    assert criterion.explain(kibuye, kibuye, 1.0) == "Both trade in Kibuye"


def test_hook_mentorkit_features(load_example: Example, context: Any) -> None:
    feature = load_example("mentorkit_features").features["told"]
    assert list(feature.reads({})) == ["about"]
    people = [{"about": "Bread. " * 10}, {"about": "x" * 900}, {"about": None}]
    assert computed(feature, context, people) == [0.14, 1.0, None]


def test_hook_mentorkit_rules(load_example: Example) -> None:
    rule = load_example("mentorkit_rules").rules["other_employer"]
    assert rule.declared is not None
    assert rule.explain({"employer": "A"}, {"employer": "A"}) == "Both work at A"


def test_hook_mentorkit_assigners(load_example: Example) -> None:
    assigner = load_example("mentorkit_assigners").assigners["locked_only"]

    class Locked:
        locks = ((0, 1),)

    problem: Any = Locked()
    assert assigner.assign(problem).pairs == ((0, 1),)


def test_hook_mentorkit_notification_channels(load_example: Example, context: Any) -> None:
    channel = load_example("mentorkit_notification_channels").channels["log"]

    class Anybody:
        id = "1"

    class Note:
        key, body = "k-1", "Hello"

    note: Any = Note()
    person: Any = Anybody()
    assert channel.can_reach(context, person, ())
    assert channel.deliver(context, note, person, ()).reference == "k-1"


def test_hook_mentorkit_nudges(load_example: Example, context: Any) -> None:
    nudge = load_example("mentorkit_nudges").nudges["example.day_after"]
    waiting = Awaited(
        kind="first_meeting",
        person_id="ada",
        role="mentee",
        noun="relationship",
        subject_id="r1",
        since=context.now,
    )
    (prompt,) = nudge.due(context, [waiting])
    assert (prompt.template, prompt.awaited) == ("day_after", (waiting,))
    assert prompt.at == context.now + timedelta(days=1)


def test_hook_mentorkit_content_checks(load_example: Example, context: Any) -> None:
    check = load_example("mentorkit_content_checks").content_checks["no_shouting"]
    texts = [
        Content(id="1", kind="question", text="Hello?"),
        Content(id="2", kind="reply", text="NO"),
    ]
    said = check.review(context, texts)
    assert [(one.content_id, one.allowed) for one in said] == [("1", True), ("2", False)]


def test_hook_mentorkit_feedback_vendors(load_example: Example, context: Any) -> None:
    vendor = load_example("mentorkit_feedback_vendors").feedback_vendors["elsewhere"]
    request: Any = type("Request", (), {"key": "s-1"})()
    assert vendor.invite(context, request) == "https://forms.example.org/s-1"
    (answer,) = vendor.receive(context, Inbound(body=b"s-1=well"))
    assert (answer.key, answer.values["going"]) == ("s-1", "well")


def test_hook_mentorkit_metrics(load_example: Example, context: Any) -> None:
    metric = load_example("mentorkit_metrics").metrics["ends"]
    ended = [type("Ended", (), {"state": "ended", "reason": why})() for why in ("a", "b", "a")]
    facts: Any = type("Facts", (), {"relationships": ended})()
    (table,) = metric.measure(context, facts)
    assert table.rows == (("a", 2), ("b", 1))


def test_hook_mentorkit_reactions(load_example: Example, context: Any) -> None:
    registry = load_example("mentorkit_reactions")
    reaction = registry.reactions["example.hello"]
    assert reaction.on == (RelationshipStarted,)
    event: Any = type("Started", (), {"subject_id": "r1"})()
    reaction.handle(context, event)
    assert registry.owner("reactions", "example.hello").name == "example"


def test_hook_mentorkit_checks(load_example: Example) -> None:
    health = load_example("mentorkit_checks").checks["example.room"].run()
    assert isinstance(health, Health)
    assert "MiB" in health.message


def test_hook_mentorkit_commands(load_example: Example, context: Any) -> None:
    command = load_example("mentorkit_commands").commands["example.greet"]
    assert [one.name for one in command.parameters] == ["name"]
    assert command.run(context, name="Ada") == {"greeting": "Hello Ada"}


def test_hook_mentorkit_web_blueprints(
    load_example: Example, mentorkit_create_kit: Callable[..., Any], mentorkit_host: Any
) -> None:
    kit = mentorkit_create_kit(registry=load_example("mentorkit_web_blueprints"))
    admin: dict[str, Any] = {"tenant": "default", "actor": Actor(user_ref="admin", admin=True)}
    programs.create(kit, **admin, key="traders", preset={})
    programs.appoint(
        kit, **admin, program="traders", role="coordinator", name="Cora", user_ref="cora"
    )
    opened = mentorkit_host(kit).test_client()
    page = opened.get("/mentoring/x/example/traders/rules", headers={"X-User": "cora"})
    assert page.text == "Be on time, Cora."
    assert opened.get("/mentoring/x/example/traders/rules").status_code == 403


def test_hook_mentorkit_web_slots(load_example: Example) -> None:
    found = brought(load_example("mentorkit_web_slots"))
    ((plugin, slot),) = found.slots["relationship"]
    assert plugin.name == "example"
    assert "good week" in slot.render(None, relationship={"minutes": 0})
    assert slot.render(None, relationship={"minutes": 60}) is None


@pytest.fixture
def context() -> Any:
    """Return as much of a context as the examples use."""
    import logging

    class Sample:
        tenant = "acme"
        now = datetime(2026, 1, 5, tzinfo=UTC)
        log = logging.getLogger("mentorkit.plugin.example")

    return Sample()


def test_every_hook_has_a_test_and_a_kind() -> None:
    tested = {name.removeprefix("test_hook_") for name in globals() if "test_hook_" in name}
    assert tested == set(HOOKS) == {*(kind.hook for kind in KINDS), *WEB_HOOKS}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_docstring_says_when_it_is_asked_and_shows_one_example(hook: str) -> None:
    doc = inspect.cleandoc(getattr(Hooks, hook).__doc__)
    first, _, rest = doc.partition("\n")
    assert first.startswith("Offer ")
    assert first.endswith(".")
    mounted = "Asked when the pages are mounted" in rest
    assert mounted if hook in WEB_HOOKS else "Asked at start-up." in rest
    assert doc.count("```python") == 1


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_takes_the_settings_and_nothing_else(hook: str) -> None:
    assert list(inspect.signature(getattr(Hooks, hook)).parameters) == ["self", "settings"]


def test_what_hooks_and_providers_name_can_be_imported_from_where_they_are() -> None:
    ours = [thing for name in hooks.__all__ if inspect.isclass(thing := getattr(hooks, name))]
    ours = [Hooks, *(thing for thing in ours if thing.__module__.startswith("mentorkit.hooks"))]
    notes = [
        note
        for thing in ours
        for made in (thing, *vars(thing).values())
        for note in getattr(getattr(made, "fget", made), "__annotations__", {}).values()
    ]
    named = {name for note in notes for name in re.findall(r"(?<![.\w])[A-Z]\w+", str(note))}
    elsewhere = {
        "Any", "Callable", "Collection", "Iterable", "Mapping", "None", "Sequence",
        "AbstractContextManager", "NDArray", "Random", "InputProblem", "Kit",
    }  # fmt: skip
    assert len(named) > 30
    assert sorted(named - elsewhere - set(hooks.__all__)) == []
