"""What each hook may be answered with, and what a provider of that kind must have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, get_args

from mentorkit.domain.events import Event
from mentorkit.domain.messages import PLACEHOLDERS, unknown_placeholders
from mentorkit.domain.strategies import Strategy, dump_strategy, parse_strategy
from mentorkit.errors import Problem
from mentorkit.hooks import forms, providers
from mentorkit.hooks.settings import Expected, check_shape, is_text, unmet

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
    expected: Callable[[Any], Expected]
    own: bool = False


def check_offer(kind: Kind, offer: Any) -> list[Problem]:
    """Return everything wrong with one thing that a hook yielded; first its type and its name."""
    given, wanted = type(offer).__name__, kind.type.__name__
    fits = isinstance(offer, kind.type)
    if inspect.isclass(offer):
        made = offer.__name__
        return [Problem("", f"yielded the class {made}; yield an instance: {made}(...)")]
    if not fits:
        article = "an" if wanted[0] in "AEIOU" else "a"
        return [Problem("", f"yielded {given}; yield {article} {wanted}")]
    if not isinstance(offer.name, str) or not offer.name:
        return [Problem("name", f"{given} has no name; give it one")]
    problems = unmet(chain(_of_any(offer), kind.expected(offer)))
    if hasattr(kind.type, "options"):
        problems += check_shape(offer.options, "options", flat=False, secrets=False)
    return problems


def overrides(provider: providers.Provider, kind: type, method: str) -> bool:
    """Return whether the provider has a `method` of its own instead of the one of its kind."""
    own = getattr(provider, method)
    return getattr(own, "__func__", own) is not getattr(kind, method)


def _of_any(offer: Any) -> Expected:
    spelling = f"{offer.name!r}: write a small letter, then small letters, digits, _ or -"
    yield "name", _NAME.fullmatch(offer.name), spelling
    yield "title", isinstance(offer.title, str), "write a text"


def _of_a_scorer(kind: type, forms: Any, block: str, single: str, provider: Any) -> Expected:
    """Tell what criteria and rules share: exactly one way to answer, needs, free names."""
    declared, options = provider.declared, provider.options
    known = ", ".join(form.__name__ for form in get_args(forms))
    fits = declared is None or isinstance(declared, get_args(forms))
    yield "declared", fits, f"is {type(declared).__name__}; give one of {known}"
    if fits and declared is not None:
        yield from _of_a_form(declared)
    ways = [way for way in (block, single) if overrides(provider, kind, way)]
    ways += ["declared"] if declared is not None else []
    told = f"{block} and {single}; it has {' and '.join(ways) or 'none of them'}"
    # A provider with `bind` may choose its way once it knows the options.
    one_way = overrides(provider, kind, "bind") or len(ways) == 1
    yield "", one_way, f"give exactly one of declared, {told}"
    yield from _of_needs(provider.needs)
    for name in options.get("properties", {}) if isinstance(options, Mapping) else ():
        free = name not in _RESERVED
        yield f"options.{name}", free, "name it differently: a strategy has a key of that name"


def _of_a_feature(provider: providers.Feature) -> Expected:
    kind, length = providers.Feature, provider.length
    yield from _of_a_method(kind, "compute", "all that a feature does", provider)
    reads = bool(provider.needs) or overrides(provider, kind, "reads")
    yield from _of_needs(provider.needs)
    yield "needs", reads, "name at least one profile field, or write `reads`"
    yield "version", is_text(provider.version), 'write a text, such as "1"'
    counted = isinstance(length, int) and not isinstance(length, bool)
    told = f"write a whole number from 0 (a plain number) to {providers.LONGEST_VECTOR}"
    yield "length", counted and 0 <= length <= providers.LONGEST_VECTOR, told


def _of_needs(needs: Any) -> Expected:
    mapped = isinstance(needs, Mapping) and all(
        isinstance(name, str) and inspect.isclass(needed) for name, needed in needs.items()
    )
    yield "needs", mapped, 'map profile fields to types, such as {"village": str}'


def _of_a_form(form: Any) -> Expected:
    """Tell what is expected of a declared form's own values."""
    for name in ("field", "other"):
        value = getattr(form, name, None)
        left = value is None and (name == "other" or not hasattr(form, name))
        fits = is_text(value) or (left and not isinstance(form, forms.Contains))
        yield f"declared.{name}", fits, 'write the id of a profile field, such as "village"'
    for name in ("target", "span", "wrap", "full", "least", "most"):
        value = getattr(form, name, None if name in ("wrap", "most") else 0)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        left = value is None and name in ("wrap", "most")
        yield f"declared.{name}", number or left, "write a number"


def _of_a_method(kind: type, method: str, told: str, provider: Any) -> Expected:
    yield method, overrides(provider, kind, method), f"write it: it is {told}"


def _of_a_source(provider: providers.RecruitmentSource) -> Expected:
    kind = providers.RecruitmentSource
    yield from _of_a_method(kind, "receive", "where leads come from", provider)
    listed = _tuple_of(str, provider.suffixes) and all(map(_SUFFIX.fullmatch, provider.suffixes))
    yield "suffixes", listed, 'give a tuple such as (".csv",)'


def _of_a_channel(provider: providers.Channel) -> Expected:
    kind = providers.Channel
    yield from _of_a_method(kind, "deliver", "what a channel is for", provider)
    for method in ("receive", "talks") if provider.hears else ():
        yield from _of_a_method(kind, method, "what a channel that hears needs", provider)


def _of_a_requirement_check(provider: providers.RequirementCheck) -> Expected:
    kind = providers.RequirementCheck
    yield from _of_a_method(kind, "answer", "all that a check is asked", provider)


def _of_a_strategy(strategy: Strategy) -> Expected:
    for problem in parse_strategy(dump_strategy(strategy))[1]:
        yield problem.place, False, problem.message


def _of_a_reaction(provider: providers.Reaction) -> Expected:
    listed = isinstance(provider.on, tuple) and len(provider.on) > 0
    yield "on", listed, "give a tuple of event classes, such as (RelationshipStarted,)"
    known = not listed or all(
        inspect.isclass(one) and issubclass(one, Event) and one.noun for one in provider.on
    )
    yield "on", known, "name event classes from mentorkit.domain.events alone"
    function = "give a function that takes the context and the event"
    yield "handle", callable(provider.handle), function


def _of_a_check(provider: providers.Check) -> Expected:
    yield "run", callable(provider.run), "give a function that returns Health"
    early = provider.at_start and provider.needs_database
    told = "leave it out: at start the database may still wait for migrations"
    yield "at_start", not early, told


def _of_a_command(provider: providers.Command) -> Expected:
    function = "give a function that takes the context and the parameters by name"
    yield "run", callable(provider.run), function
    yield "help", is_text(provider.help), "say what the command does"
    listed = _tuple_of(providers.Parameter, provider.parameters)
    names = [one.name for one in provider.parameters] if listed else []
    named = listed and all(isinstance(name, str) and name.isidentifier() for name in names)
    told = "give a tuple of Parameter, each named as Python names an argument"
    yield "parameters", named, told
    apart = not named or len(set(names)) == len(names)
    yield "parameters", apart, "give each parameter another name"


def _tuple_of(kind: type, given: object) -> bool:
    return isinstance(given, tuple) and all(isinstance(one, kind) for one in given)


_of_a_criterion = partial(_of_a_scorer, providers.Criterion, forms.Form, "score_block", "score")
_of_a_rule = partial(_of_a_scorer, providers.Rule, forms.RuleForm, "mask_block", "allows")

_of_an_assigner = partial(_of_a_method, providers.Assigner, "assign", "all that an assigner does")


def _of_a_nudge(provider: providers.Nudge) -> Expected:
    yield from _of_a_method(providers.Nudge, "due", "all that a nudge does", provider)
    given = provider.templates
    mapped = isinstance(given, Mapping) and bool(given)
    yield "templates", mapped, 'give {"name": {"subject": {"en": ...}, "body": {"en": ...}}}'
    for name, parts in given.items() if mapped else ():
        at = f"templates.{name}"
        whole = isinstance(parts, Mapping) and set(parts) == {"subject", "body"}
        yield at, whole, "write a subject and a body"
        for part in parts if whole else ():
            texts = parts[part] if isinstance(parts[part], Mapping) else {}
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            fine = bool(texts) and all(_fillable(text) for text in texts.values())
            yield f"{at}.{part}", fine, f"write texts by language; there are {known}"


def _fillable(text: object) -> bool:
    try:
        return isinstance(text, str) and not unknown_placeholders(text)
    except ValueError:
        return False


_of_a_content_check = partial(_of_a_method, providers.ContentCheck, "review", "what it is asked")
_of_a_vendor = partial(_of_a_method, providers.FeedbackVendor, "invite", "how somebody is asked")
_of_a_metric = partial(_of_a_method, providers.Metric, "measure", "all that a metric does")

KINDS: tuple[Kind, ...] = (
    Kind(
        "mentorkit_recruitment_sources",
        "recruitment_sources",
        providers.RecruitmentSource,
        _of_a_source,
    ),
    Kind(
        "mentorkit_requirements",
        "requirement_checks",
        providers.RequirementCheck,
        _of_a_requirement_check,
    ),
    Kind("mentorkit_matching_strategies", "strategies", Strategy, _of_a_strategy),
    Kind("mentorkit_criteria", "criteria", providers.Criterion, _of_a_criterion),
    Kind("mentorkit_features", "features", providers.Feature, _of_a_feature),
    Kind("mentorkit_rules", "rules", providers.Rule, _of_a_rule),
    Kind("mentorkit_assigners", "assigners", providers.Assigner, _of_an_assigner),
    Kind("mentorkit_notification_channels", "channels", providers.Channel, _of_a_channel),
    Kind("mentorkit_nudges", "nudges", providers.Nudge, _of_a_nudge, own=True),
    Kind("mentorkit_content_checks", "content_checks", providers.ContentCheck, _of_a_content_check),
    Kind("mentorkit_feedback_vendors", "feedback_vendors", providers.FeedbackVendor, _of_a_vendor),
    Kind("mentorkit_metrics", "metrics", providers.Metric, _of_a_metric),
    Kind("mentorkit_reactions", "reactions", providers.Reaction, _of_a_reaction, own=True),
    Kind("mentorkit_checks", "checks", providers.Check, _of_a_check, own=True),
    Kind("mentorkit_commands", "commands", providers.Command, _of_a_command, own=True),
)
"""Every kind of provider, in the order of the hooks."""
