"""Strategies: how a program matches, in words, what the loaded plugins offer for it, and a change.

A change is a new version: `programs.define` of kind ``strategy`` puts it in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import FEATURE, Field
from mentorkit.domain.people import Actor
from mentorkit.domain.shown import shown
from mentorkit.domain.strategies import FULL_SCORE, Use, dump_strategy
from mentorkit.domain.text import in_locale
from mentorkit.journey.definitions import fields_of, strategy_of
from mentorkit.journey.steps import chosen, reading

if TYPE_CHECKING:
    from mentorkit.hooks.providers import Criterion, Rule
    from mentorkit.kit import Kit

KINDS = ("rules", "criteria", "assigners")


def show(
    kit: Kit, *, tenant: str, actor: Actor, program: str, locale: str = "en"
) -> dict[str, Any]:
    """Return the strategy in force as `body`, with its version `number`, and in words.

    `rules` and `criteria` have title, `told` (the options that were set, as [label, value]) and a
    criterion its `share`, in hundredths of a percent of the points. `offered` has, for rules,
    criteria and assigners, the title and options schema of each, and `strategies` the body of each
    named one; those of plugins that the program has switched off are left out. `fields` are the
    labels of the program's profile fields, and of the features that there are.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        made, number = strategy_of(tx, found)
        fields = fields_of(tx, found)
        off = {name for name in kit.registry.plugins if chosen(tx, found, name) is None}

    def on(kind: str) -> Mapping[str, Any]:
        offers = getattr(kit.registry, kind)
        owned = ((name, kit.registry.owner(kind, name).name) for name in offers)
        return {name: offers[name] for name, plugin in owned if plugin not in off}

    def told(use: Use, providers: Mapping[str, Criterion | Rule]) -> dict[str, Any]:
        provider = providers.get(use.name)
        schema = provider.options.get("properties", {}) if provider else {}
        return {
            "name": use.name,
            "title": (provider.title if provider else "") or use.name,
            "told": [
                [spec.get("title", option), _said(_named(spec, value), fields, locale)]
                for option, value in use.options.items()
                for spec in (schema.get(option, {}),)
                if value != spec.get("default")
            ],
        }

    named = on("strategies")
    return {
        "number": number,
        "body": dump_strategy(made),
        "rules": [told(use, kit.registry.rules) for use in made.rules],
        "criteria": [
            {**told(use, kit.registry.criteria), "weight": use.weight, "share": points}
            for use, points in zip(made.criteria, made.points(), strict=True)
        ],
        "whole": FULL_SCORE,
        "offered": {
            kind: {
                name: {"title": one.title or name, "options": shown(one.options)}
                for name, one in on(kind).items()
            }
            for kind in KINDS
        },
        "strategies": {
            name: {"title": one.title or name, "body": dump_strategy(one)}
            for name, one in named.items()
        },
        "fields": {name: in_locale(field.label, locale) or name for name, field in fields.items()}
        | {f"{FEATURE}{name}": one.title or name for name, one in on("features").items()},
    }


def _named(spec: Mapping[str, Any], value: Any) -> Any:
    """Return one of an ``enum`` as the ``enumNames`` beside it call it."""
    listed = list(spec.get("enum", ()))
    return (
        spec["enumNames"][listed.index(value)] if "enumNames" in spec and value in listed else value
    )


def _said(value: Any, fields: Mapping[str, Field], locale: str) -> str:
    """Return an option as it is read: a field by its label."""
    if isinstance(value, Mapping):
        parts = (f"{_said(key, fields, locale)} {one}" for key, one in value.items())
        return ", ".join(parts)
    if isinstance(value, (list, tuple)):
        return ", ".join(_said(one, fields, locale) for one in value)
    if isinstance(value, str) and value in fields:
        return in_locale(fields[value].label, locale) or value
    return f"{value:g}" if isinstance(value, float) else str(value)


__all__ = ["show"]
