"""Plugins of a program: which are switched on here and what they are set to, and a change of that.

A plugin is loaded by the deployer, and switched on or off for a program by its coordinators.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import FEATURE
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import shown
from mentorkit.domain.strategies import Strategy
from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.journey.definitions import fields_of, requirements_of, strategy_of
from mentorkit.journey.programs import define
from mentorkit.journey.steps import NEW, READERS, atomic, changing, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching.binding import BoundStrategy
    from mentorkit.store.transaction import Transaction


def show(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """Return the loaded plugins in their order, as a program has them.

    Each has its `name`, `title`, `summary`, whether it is `on` and `switchable`, the `number` of
    the version in force (0: the program has said nothing of it), the `schema` of what can be set
    here, the `settings` in force, of these what the program has `set` itself and the names of what
    the deployer has `given`, and the `usual`: what holds where the program sets nothing. `used` are
    the titles of what the strategy and the requirements take from it. What only the deployer sets
    is not shown.
    """
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        kept = plugins_of(tx, found)[found.id]
        said = tx.definitions.find(program_id=found.id, kind="plugin")
        checks = [("requirement_checks", one.check) for one in requirements_of(tx, found)]
        named = [*of_strategy(strategy_of(tx, found)[0]), *checks]
    offers = {at: getattr(kit.registry, at[0]).get(at[1]) for at in named}
    used = {at: one.title or at[1] for at, one in offers.items() if one is not None}
    rows, numbers = [], Counter(one.key for one in said)
    for name, plugin in kit.registry.plugins.items():
        manifest, body = plugin.manifest, kept.get(name, Frozen())
        own = body.get("settings", {})
        usual = in_force(kit, tenant, name, {})
        rows.append({
            "name": name, "title": manifest.title, "summary": manifest.summary,
            "on": not manifest.switchable or body.get("enabled", True),
            "switchable": manifest.switchable,
            "number": numbers[name], "schema": shown(manifest.program_settings),
            "settings": shown(in_force(kit, tenant, name, own)), "set": shown(own),
            "usual": shown(usual), "given": [one for one in usual if one in plugin.settings],
            "used": [one for at, one in used.items() if kit.registry.owners.get(at) == name],
        })  # fmt: skip
    return rows


def in_force(kit: Kit, tenant: str, plugin: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a plugin in a program: its `own`, else the deployer's, else the usual.

    Nothing that a program may not set, and no secret.
    """
    held = kit.context(tenant, None, plugin, settings=own).settings
    loaded = kit.registry.plugins.get(plugin)
    specs = loaded.manifest.program_settings.get("properties", {}) if loaded else {}
    theirs = loaded.manifest.settings.get("properties", {}) if loaded else {}
    open_ = {name for name in specs if not theirs.get(name, {}).get("writeOnly")}
    return {name: value for name, value in held.items() if name in open_ or name in own}


@atomic
def change(
    kit: Kit, *, tenant: str, actor: Actor, program: str, plugin: str, on: bool | None = None,
    settings: Mapping[str, Any] | None = None, anew: bool = False, was: int | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Switch a loaded plugin `on` or off in a program, or set it; what is not given stays.

    With `anew`, settings that are not given are as usual again. `was` is as in `programs.define`.
    Raises `Invalid` with all that is
    wrong, each at ``plugins.NAME.settings.SETTING``. Returns the version.
    """
    found, _ = changing(tx, actor, program)
    if plugin not in kit.registry.plugins:
        there = ", ".join(kit.registry.plugins) or "none"
        raise NotFound("plugin.not_found", f"No plugin {plugin!r} is loaded; there are: {there}.")
    body = {**plugins_of(tx, found)[found.id].get(plugin, {})}
    if on is not None:
        body["enabled"] = on
    if anew or settings is not None:
        body["settings"] = {**({} if anew else body.get("settings", {})), **(settings or {})}
    given: dict[str, Any] = {"tenant": tenant, "actor": actor, "program": program, "tx": tx}
    return define(kit, **given, kind="plugin", key=plugin, body=body, was=was)


def plugins_of(tx: Transaction, *programs: Program) -> dict[str, dict[str, Frozen]]:
    """Return what each of these programs (by id) says of plugins, by name."""
    said: dict[str, dict[str, Frozen]] = {one.id: {} for one in programs}
    versions = tx.definitions.find(program_id=list(said), kind="plugin")
    for one in sorted(versions, key=lambda one: one.number):
        said[one.program_id][one.key] = one.body
    return said


def off(plugins: Mapping[str, Frozen]) -> frozenset[str]:
    """Return the names of those that are switched off."""
    return frozenset(key for key, body in plugins.items() if not body.get("enabled", True))


def of_strategy(strategy: Strategy) -> list[tuple[str, str]]:
    """Return what a strategy is made of: (attribute of the registry, name)."""
    used = [("criteria", use.name) for use in strategy.criteria]
    used += [("rules", use.name) for use in strategy.rules]
    given = [one for use in (*strategy.rules, *strategy.criteria) for one in use.options.values()]
    read = [one for one in given if isinstance(one, str) and one.startswith(FEATURE)]
    used += [("features", one.removeprefix(FEATURE)) for one in read]
    return [*used, ("assigners", strategy.assigner)]


def bound_of(kit: Kit, tx: Transaction, program: Program) -> BoundStrategy:
    """Return the strategy now in force, ready to be asked; no plugin is asked here.

    Raises `Invalid` where it cannot be used, or names something of a plugin that is switched off.
    """
    from mentorkit.matching import bind

    strategy, _ = strategy_of(tx, program)
    bound = bind(strategy, kit.registry, fields_of(tx, program), known=())
    gone = off(plugins_of(tx, program)[program.id])
    missing: dict[str, dict[str, None]] = {}
    for kind, name in of_strategy(strategy):
        if (plugin := kit.registry.owners.get((kind, name))) in gone:
            missing.setdefault(plugin, {})[name] = None
    if missing:
        told = "The program has switched off what it matches by:"
        how = "switch the plugin on, or match without: {}"
        problems = [Problem(one, how.format(", ".join(of))) for one, of in missing.items()]
        raise Invalid("strategy.plugin_off", told, problems)
    return bound


__all__ = ["bound_of", "change", "in_force", "of_strategy", "off", "plugins_of", "show"]
