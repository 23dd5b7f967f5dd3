"""What each hook may be answered with, and what a provider of that kind must have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from mentorkit.domain.events import Event
from mentorkit.domain.strategies import Strategy, dump_strategy, parse_strategy
from mentorkit.hooks.providers import (
    Assigner,
    Channel,
    Check,
    Command,
    Criterion,
    Form,
    Parameter,
    Provider,
    Reaction,
    RecruitmentSource,
    Rule,
    RuleForm,
)
from mentorkit.hooks.settings import check_shape

Faults = Iterator[tuple[str, str]]
"""What is wrong with a provider: (attribute, what to do), one for each."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,12}")
_RESERVED = frozenset({"rule", "criterion", "weight"})
"""Keys that stand beside the options in a strategy, so that no option can have their name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of provider: the hook that offers it, where the registry keeps it, its checks.

    The names of an `own` kind are unique within their plugin only; its key is ``plugin.name``.
    """

    hook: str
    attribute: str
    type: type
    check: Callable[[Any], Faults]
    own: bool = False


def check_offer(kind: Kind, offer: object) -> Iterable[tuple[str, str]]:
    """Return everything wrong with one thing that a hook yielded; first its type and its name."""
    wanted = kind.type.__name__
    if inspect.isclass(offer):
        yield "", f"yielded the class {offer.__name__}; yield an instance: {offer.__name__}(...)"
        return
    if not isinstance(offer, kind.type):
        article = "an" if wanted[0] in "AEIOU" else "a"
        yield "", f"yielded {type(offer).__name__}; yield {article} {wanted}"
        return
    name: object = getattr(offer, "name", None)
    if not isinstance(name, str) or not name:
        yield "name", f"{type(offer).__name__} has no name; give it one"
        return
    if not _NAME.fullmatch(name):
        yield "name", f"{name!r}: write a small letter, then small letters, digits, _ or -"
    if not isinstance(getattr(offer, "title", ""), str):
        yield "title", "write a text"
    yield from kind.check(offer)


def overrides(provider: Provider, kind: type, method: str) -> bool:
    """Return whether the provider has a `method` of its own instead of the one of its kind."""
    own = getattr(provider, method)
    return getattr(own, "__func__", own) is not getattr(kind, method)


def _scorer(provider: Any, kind: type, forms: Any, block: str, single: str) -> Faults:
    """Check what criteria and rules share: exactly one way to answer, needs, options."""
    declared = provider.declared
    if declared is not None and not isinstance(declared, get_args(forms)):
        known = ", ".join(form.__name__ for form in get_args(forms))
        yield "declared", f"is {type(declared).__name__}; give one of {known}"
    ways = [way for way in (block, single) if overrides(provider, kind, way)]
    ways += ["declared"] if declared is not None else []
    # A provider with `bind` may choose its way once it knows the options.
    if not overrides(provider, kind, "bind") and len(ways) != 1:
        told = " and ".join(ways) or "none of them"
        yield "", f"give exactly one of declared, {block} and {single}; it has {told}"
    needs = provider.needs
    if not isinstance(needs, Mapping) or not all(
        isinstance(name, str) and inspect.isclass(needed) for name, needed in needs.items()
    ):
        yield "needs", 'map profile fields to types, such as {"village": str}'
    yield from _options(provider)
    if isinstance(provider.options, Mapping):
        for name in sorted(_RESERVED & set(provider.options.get("properties", {}))):
            yield f"options.{name}", "name it differently: a strategy has a key of that name"


def _options(provider: Any) -> Faults:
    for problem in check_shape(provider.options, "options", flat=False, secrets=False):
        yield problem.place, problem.message


def _criterion(provider: Criterion) -> Faults:
    yield from _scorer(provider, Criterion, Form, "score_block", "score")


def _rule(provider: Rule) -> Faults:
    yield from _scorer(provider, Rule, RuleForm, "mask_block", "allows")


def _assigner(provider: Assigner) -> Faults:
    if not overrides(provider, Assigner, "assign"):
        yield "assign", "write it: it is all that an assigner does"
    yield from _options(provider)


def _channel(provider: Channel) -> Faults:
    if not overrides(provider, Channel, "deliver"):
        yield "deliver", "write it: it is what a channel is for"


def _source(provider: RecruitmentSource) -> Faults:
    if not any(overrides(provider, RecruitmentSource, way) for way in ("fetch", "receive")):
        yield "", "give fetch, receive or both: they are where leads come from"
    suffixes = provider.suffixes
    if not isinstance(suffixes, tuple) or not all(
        isinstance(one, str) and _SUFFIX.fullmatch(one) for one in suffixes
    ):
        yield "suffixes", 'give a tuple such as (".csv",)'
    yield from _options(provider)


def _strategy(strategy: Strategy) -> Faults:
    for problem in parse_strategy(dump_strategy(strategy))[1]:
        yield problem.place, problem.message


def _reaction(provider: Reaction) -> Faults:
    on = provider.on
    if not isinstance(on, tuple) or not on:
        yield "on", "give a tuple of event classes, such as (RelationshipStarted,)"
    elif not all(inspect.isclass(one) and issubclass(one, Event) and one.noun for one in on):
        yield "on", "name event classes from mentorkit.domain.events alone"
    if not callable(provider.handle):
        yield "handle", "give a function that takes the context and the event"


def _check(provider: Check) -> Faults:
    if not callable(provider.run):
        yield "run", "give a function that returns Health"
    if provider.at_start and provider.needs_database:
        yield "at_start", "leave it out: at start the database may still wait for migrations"


def _command(provider: Command) -> Faults:
    if not callable(provider.run):
        yield "run", "give a function that takes the context and the parameters by name"
    if not isinstance(provider.help, str) or not provider.help.strip():
        yield "help", "say what the command does"
    parameters = provider.parameters
    if not isinstance(parameters, tuple) or not all(
        isinstance(one, Parameter) and isinstance(one.name, str) and one.name.isidentifier()
        for one in parameters
    ):
        yield "parameters", "give a tuple of Parameter, each named as Python names an argument"
    elif len({one.name for one in parameters}) != len(parameters):
        yield "parameters", "give each parameter another name"


KINDS: tuple[Kind, ...] = (
    Kind("mentorkit_recruitment_sources", "recruitment_sources", RecruitmentSource, _source),
    Kind("mentorkit_matching_strategies", "strategies", Strategy, _strategy),
    Kind("mentorkit_criteria", "criteria", Criterion, _criterion),
    Kind("mentorkit_rules", "rules", Rule, _rule),
    Kind("mentorkit_assigners", "assigners", Assigner, _assigner),
    Kind("mentorkit_notification_channels", "channels", Channel, _channel),
    Kind("mentorkit_reactions", "reactions", Reaction, _reaction, own=True),
    Kind("mentorkit_checks", "checks", Check, _check, own=True),
    Kind("mentorkit_commands", "commands", Command, _command, own=True),
)
"""Every kind of provider, in the order of the hooks."""
