"""What each hook may be answered with, and what a provider of that kind must have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from mentorkit.domain.events import Event
from mentorkit.domain.strategies import Strategy, dump_strategy, parse_strategy
from mentorkit.errors import Problem
from mentorkit.hooks import providers
from mentorkit.hooks.settings import check_shape, is_text

Faults = Iterator[Problem]
"""What is wrong with a provider: the attribute, and what to do."""

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


def check_offer(kind: Kind, offer: Any) -> Faults:
    """Tell everything wrong with one thing that a hook yielded; first its type and its name."""
    given, wanted = type(offer).__name__, kind.type.__name__
    fits = isinstance(offer, kind.type)
    if inspect.isclass(offer):
        made = offer.__name__
        yield Problem("", f"yielded the class {made}; yield an instance: {made}(...)")
    elif not fits:
        article = "an" if wanted[0] in "AEIOU" else "a"
        yield Problem("", f"yielded {given}; yield {article} {wanted}")
    elif not isinstance(offer.name, str) or not offer.name:
        yield Problem("name", f"{given} has no name; give it one")
    else:
        if not _NAME.fullmatch(offer.name):
            told = f"{offer.name!r}: write a small letter, then small letters, digits, _ or -"
            yield Problem("name", told)
        if not isinstance(offer.title, str):
            yield Problem("title", "write a text")
        yield from kind.check(offer)
        if hasattr(kind.type, "options"):
            yield from check_shape(offer.options, "options", flat=False, secrets=False)


def overrides(provider: providers.Provider, kind: type, method: str) -> bool:
    """Return whether the provider has a `method` of its own instead of the one of its kind."""
    own = getattr(provider, method)
    return getattr(own, "__func__", own) is not getattr(kind, method)


def _scorer(kind: type, forms: Any, block: str, single: str, provider: Any) -> Faults:
    """Check what criteria and rules share: exactly one way to answer, needs, free names."""
    declared = provider.declared
    if declared is not None and not isinstance(declared, get_args(forms)):
        known = ", ".join(form.__name__ for form in get_args(forms))
        yield Problem("declared", f"is {type(declared).__name__}; give one of {known}")
    ways = [way for way in (block, single) if overrides(provider, kind, way)]
    ways += ["declared"] if declared is not None else []
    # A provider with `bind` may choose its way once it knows the options.
    if not overrides(provider, kind, "bind") and len(ways) != 1:
        told = " and ".join(ways) or "none of them"
        yield Problem("", f"give exactly one of declared, {block} and {single}; it has {told}")
    needs = provider.needs
    if not isinstance(needs, Mapping) or not all(
        isinstance(name, str) and inspect.isclass(needed) for name, needed in needs.items()
    ):
        yield Problem("needs", 'map profile fields to types, such as {"village": str}')
    if isinstance(provider.options, Mapping):
        told = "name it differently: a strategy has a key of that name"
        for name in sorted(_RESERVED & set(provider.options.get("properties", {}))):
            yield Problem(f"options.{name}", told)


def _assigner(provider: providers.Assigner) -> Faults:
    if not overrides(provider, providers.Assigner, "assign"):
        yield Problem("assign", "write it: it is all that an assigner does")


def _channel(provider: providers.Channel) -> Faults:
    if not overrides(provider, providers.Channel, "deliver"):
        yield Problem("deliver", "write it: it is what a channel is for")


def _source(provider: providers.RecruitmentSource) -> Faults:
    kind = providers.RecruitmentSource
    if not (overrides(provider, kind, "fetch") or overrides(provider, kind, "receive")):
        yield Problem("", "give fetch, receive or both: they are where leads come from")
    if not _tuple_of(str, provider.suffixes) or not all(map(_SUFFIX.fullmatch, provider.suffixes)):
        yield Problem("suffixes", 'give a tuple such as (".csv",)')


def _strategy(strategy: Strategy) -> Faults:
    yield from parse_strategy(dump_strategy(strategy))[1]


def _reaction(provider: providers.Reaction) -> Faults:
    if not provider.on or not isinstance(provider.on, tuple):
        yield Problem("on", "give a tuple of event classes, such as (RelationshipStarted,)")
    elif not all(_is_event(one) for one in provider.on):
        yield Problem("on", "name event classes from mentorkit.domain.events alone")
    if not callable(provider.handle):
        yield Problem("handle", "give a function that takes the context and the event")


def _is_event(given: object) -> bool:
    return inspect.isclass(given) and issubclass(given, Event) and bool(given.noun)


def _check(provider: providers.Check) -> Faults:
    if not callable(provider.run):
        yield Problem("run", "give a function that returns Health")
    if provider.at_start and provider.needs_database:
        told = "leave it out: at start the database may still wait for migrations"
        yield Problem("at_start", told)


def _command(provider: providers.Command) -> Faults:
    if not callable(provider.run):
        told = "give a function that takes the context and the parameters by name"
        yield Problem("run", told)
    if not is_text(provider.help):
        yield Problem("help", "say what the command does")
    parameters = provider.parameters
    names = [one.name for one in parameters] if _tuple_of(providers.Parameter, parameters) else [""]
    if not all(isinstance(name, str) and name.isidentifier() for name in names):
        told = "give a tuple of Parameter, each named as Python names an argument"
        yield Problem("parameters", told)
    elif len(set(names)) != len(names):
        yield Problem("parameters", "give each parameter another name")


def _tuple_of(kind: type, given: object) -> bool:
    return isinstance(given, tuple) and all(isinstance(one, kind) for one in given)


_criterion = partial(_scorer, providers.Criterion, providers.Form, "score_block", "score")
_rule = partial(_scorer, providers.Rule, providers.RuleForm, "mask_block", "allows")

KINDS: tuple[Kind, ...] = (
    Kind(
        "mentorkit_recruitment_sources", "recruitment_sources", providers.RecruitmentSource, _source
    ),
    Kind("mentorkit_matching_strategies", "strategies", Strategy, _strategy),
    Kind("mentorkit_criteria", "criteria", providers.Criterion, _criterion),
    Kind("mentorkit_rules", "rules", providers.Rule, _rule),
    Kind("mentorkit_assigners", "assigners", providers.Assigner, _assigner),
    Kind("mentorkit_notification_channels", "channels", providers.Channel, _channel),
    Kind("mentorkit_reactions", "reactions", providers.Reaction, _reaction, own=True),
    Kind("mentorkit_checks", "checks", providers.Check, _check, own=True),
    Kind("mentorkit_commands", "commands", providers.Command, _command, own=True),
)
"""Every kind of provider, in the order of the hooks."""
