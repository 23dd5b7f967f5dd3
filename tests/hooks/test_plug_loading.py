"""PLUG, load time: whatever a plugin does when it is asked, it is named, and the others load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import RelationshipStarted
from mentorkit.domain.strategies import Strategy
from mentorkit.errors import PluginError
from mentorkit.hooks import (
    Assigner,
    Assignment,
    Batch,
    Channel,
    Check,
    Command,
    ContentCheck,
    Criterion,
    Feature,
    FeedbackVendor,
    Health,
    Metric,
    Nudge,
    Reaction,
    Receipt,
    RecruitmentSource,
    RequirementCheck,
    Rule,
)
from mentorkit.hooks.offers import KINDS
from mentorkit.hooks.registry import Registry

HOOKS = [kind.hook for kind in KINDS]
ATTRIBUTES = {kind.hook: kind.attribute for kind in KINDS}
KEYED = {kind.hook for kind in KINDS if kind.own}


class ASource(RecruitmentSource):
    def receive(self, *args: Any, **options: Any) -> Batch:
        return Batch(leads=())


class ARequirement(RequirementCheck):
    def answer(self, ctx: Any, applicants: Any, options: Any) -> Any:
        return ["yes" for _ in applicants]


class ACriterion(Criterion):
    def score(self, mentee: Any, mentor: Any) -> float | None:
        return None


class AFeature(Feature):
    needs = MappingProxyType({"about": str})

    def compute(self, ctx: Any, people: Any) -> Any:
        return [None for _ in people]


class ARule(Rule):
    def allows(self, mentee: Any, mentor: Any) -> bool:
        return True


class AnAssigner(Assigner):
    def assign(self, problem: Any) -> Assignment:
        return Assignment(pairs=(), method="none")


TEXTS = {"told": {"subject": {"en": "Hello"}, "body": {"en": "{person}"}}}


class ANudge(Nudge):
    templates = TEXTS

    def due(self, *args: Any) -> list[Any]:
        return []


class AVendor(FeedbackVendor):
    def invite(self, *args: Any) -> str:
        return ""


class AMetric(Metric):
    def measure(self, *args: Any) -> list[Any]:
        return []


class AChannel(Channel):
    def deliver(self, *args: Any) -> Receipt:
        return Receipt(channel=self.name)


class AContentCheck(ContentCheck):
    def review(self, ctx: Any, contents: Any) -> Any:
        return ()


def provider(hook: str, name: str) -> Any:
    """Return a sound provider for a hook, under any name."""
    classes: dict[str, type] = {
        "mentorkit_recruitment_sources": ASource,
        "mentorkit_requirements": ARequirement,
        "mentorkit_criteria": ACriterion,
        "mentorkit_features": AFeature,
        "mentorkit_rules": ARule,
        "mentorkit_assigners": AnAssigner,
        "mentorkit_notification_channels": AChannel,
        "mentorkit_nudges": ANudge,
        "mentorkit_content_checks": AContentCheck,
        "mentorkit_feedback_vendors": AVendor,
        "mentorkit_metrics": AMetric,
    }
    if hook == "mentorkit_matching_strategies":
        return Strategy(name=name, assigner="in_turn")
    if hook == "mentorkit_reactions":
        return Reaction(name=name, on=(RelationshipStarted,), handle=lambda ctx, event: None)
    if hook == "mentorkit_checks":
        return Check(name=name, run=lambda: Health(ok=True, message="fine"))
    if hook == "mentorkit_commands":
        return Command(name=name, help="Do nothing.", run=lambda ctx: None)
    made = classes[hook]()
    made.name = name
    return made


# ------------------------------------------------------------------ what a plugin does wrong

Implementation = Callable[[str], Callable[..., Any]]
FAULTS: dict[str, tuple[Implementation, str]] = {}


def fault(told: str) -> Callable[[Implementation], Implementation]:
    """Add a fault; `told` must stand in the message."""

    def add(make: Implementation) -> Implementation:
        FAULTS[make.__name__] = (make, told)
        return make

    return add


@fault("ValueError: broken")
def raises(hook: str) -> Callable[..., Any]:
    def implementation() -> Any:
        raise ValueError("broken")

    return implementation


@fault("SystemExit: 3")
def exits(hook: str) -> Callable[..., Any]:
    def implementation() -> Any:
        raise SystemExit(3)

    return implementation


@fault("OSError: half way")
def fails_midway(hook: str) -> Callable[..., Any]:
    def implementation() -> Any:
        yield provider(hook, "first")
        raise OSError("half way")

    return implementation


@fault("it returned nothing; yield each one")
def returns_none(hook: str) -> Callable[..., Any]:
    return lambda: None


@fault("yielded int; yield a")
def yields_the_wrong_type(hook: str) -> Callable[..., Any]:
    return lambda: [7]


@fault("; yield each one, or return a list of them")
def returns_one_instead_of_a_list(hook: str) -> Callable[..., Any]:
    return lambda: provider(hook, "alone")


@fault("yield an instance: ")
def yields_the_class(hook: str) -> Callable[..., Any]:
    return lambda: [type(provider(hook, "made"))]


@fault("has no name; give it one")
def yields_the_unnamed(hook: str) -> Callable[..., Any]:
    return lambda: [provider(hook, "")]


@fault("'Not A Name': write a small letter")
def yields_a_bad_name(hook: str) -> Callable[..., Any]:
    return lambda: [provider(hook, "Not A Name")]


@fault("is yielded twice; rename one")
def yields_one_name_twice(hook: str) -> Callable[..., Any]:
    return lambda: [provider(hook, "twin"), provider(hook, "twin")]


@fault("more than 1000; does it ever end?")
def never_ends(hook: str) -> Callable[..., Any]:
    def implementation() -> Any:
        number = 0
        while True:
            number += 1
            yield provider(hook, f"number_{number}")

    return implementation


@fault("TypeError")
def changes_the_settings(hook: str) -> Callable[..., Any]:
    def implementation(settings: Any) -> Any:
        settings["token"] = "mine"
        return []

    return implementation


@fault("it is async; write a plain function")
def is_async(hook: str) -> Callable[..., Any]:
    async def implementation() -> Any:
        return []

    return implementation


@fault("RecursionError")
def recurses(hook: str) -> Callable[..., Any]:
    def implementation() -> Any:
        return implementation()

    return implementation


@fault("its message cannot be read")
def raises_what_cannot_be_told(hook: str) -> Callable[..., Any]:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even this")

    def implementation() -> Any:
        raise Mute

    return implementation


@fault("ZeroDivisionError")
def yields_what_cannot_be_looked_at(hook: str) -> Callable[..., Any]:
    kind = next(kind for kind in KINDS if kind.hook == hook).type

    class Trap(kind):  # type: ignore[misc, valid-type]
        def __init__(self) -> None: ...

        def __getattribute__(self, name: str) -> Any:
            return 1 / 0 if name == "name" else super().__getattribute__(name)

    return lambda: [Trap()]


# ------------------------------------------------------------------ the harness


def plugin(name: str, hook: str = "", implementation: Any = None) -> tuple[str, ModuleType]:
    module = ModuleType(f"mentorkit_{name}")
    module.manifest = Manifest(title=name)  # type: ignore[attr-defined]
    if implementation is not None:
        setattr(module, hook, hookimpl(implementation))
    return name, module


def neighbours(hook: str) -> tuple[Any, Any, Any]:
    """Return three sound plugins: one with an assigner, and one before and one after the fault."""
    base = plugin(
        "base", "mentorkit_assigners", lambda: [provider("mentorkit_assigners", "in_turn")]
    )
    before = plugin("before", hook, lambda: [provider(hook, "sound_before")])
    after = plugin("after", hook, lambda: iter([provider(hook, "sound_after")]))
    return base, before, after


def key(hook: str, plugin: str, name: str) -> str:
    return f"{plugin}.{name}" if hook in KEYED else name


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_load_time_stays_with_its_plugin(hook: str, name: str) -> None:
    make, told = FAULTS[name]
    base, before, after = neighbours(hook)
    listed = [base, before, plugin("bad", hook, make(hook)), after]

    with pytest.raises(PluginError) as caught:
        Registry.load(listed)
    assert caught.value.code == "plugin.not_loaded"
    for problem in caught.value.problems:
        assert problem.place.startswith(f"bad (given directly), {hook}")
    assert any(told in problem.message for problem in caught.value.problems), caught.value

    lenient = Registry.load(listed, lenient=True)
    assert lenient.failures == caught.value.problems
    assert list(lenient.plugins) == ["base", "before", "after"]
    found = getattr(lenient, ATTRIBUTES[hook])
    expected = [key(hook, "before", "sound_before"), key(hook, "after", "sound_after")]
    assert [one for one in found if one != "in_turn"] == expected
    assert lenient.owner(ATTRIBUTES[hook], expected[1]).name == "after"


@pytest.mark.parametrize("hook", HOOKS)
def test_one_name_in_two_plugins_stays_with_the_first(hook: str) -> None:
    base, before, _ = neighbours(hook)
    thief = plugin("thief", hook, lambda: [provider(hook, "sound_before")])
    if hook in KEYED:
        assert len(getattr(Registry.load([before, thief]), ATTRIBUTES[hook])) == 2
        return
    with pytest.raises(PluginError, match=r"the plugin before \(given directly\) offers this name"):
        Registry.load([base, before, thief])
    lenient = Registry.load([base, before, thief], lenient=True)
    assert lenient.owner(ATTRIBUTES[hook], "sound_before").name == "before"


@pytest.mark.parametrize("hook", HOOKS)
def test_ctrl_c_stops_the_loading(hook: str) -> None:
    def interrupted() -> Iterator[Any]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        Registry.load([plugin("bad", hook, interrupted)], lenient=True)


def test_there_are_faults_enough() -> None:
    assert len(FAULTS) >= 12


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "http://schemas.example.org"}}},
        {"type": "object", "properties": {f"a{index}": {} for index in range(20_000)}},
        {"properties": []},
        {"type": "object", "additionalProperties": False, "properties": {"a": {"type": "nothing"}}},
        7,
    ],
)
@pytest.mark.parametrize("place", ["settings", "program_settings"])
def test_a_bad_schema_stays_with_its_plugin(schema: Any, place: str) -> None:
    name, module = plugin("bad")
    module.manifest = Manifest(title="bad", **{place: schema})  # type: ignore[attr-defined]
    hook = "mentorkit_criteria"
    base, before, after = neighbours(hook)
    lenient = Registry.load([base, before, (name, module), after], lenient=True)
    assert list(lenient.criteria) == ["sound_before", "sound_after"]
    assert lenient.failures
    for problem in lenient.failures:
        assert problem.place.startswith(f"bad (given directly), manifest.{place}")


@pytest.mark.parametrize("hook", ["mentorkit_criteria", "mentorkit_rules", "mentorkit_assigners"])
def test_bad_options_stay_with_their_plugin(hook: str) -> None:
    offer = provider(hook, "odd")
    offer.options = {"type": "object", "properties": {"weight": {"$ref": "http://example.org"}}}
    base, before, after = neighbours(hook)
    lenient = Registry.load(
        [base, before, plugin("bad", hook, lambda: [offer]), after], lenient=True
    )
    assert list(lenient.plugins) == ["base", "before", "after"]
    places = {problem.place.partition(", odd.")[2] for problem in lenient.failures}
    assert {"options.additionalProperties", "options.properties.weight.$ref"} <= places
