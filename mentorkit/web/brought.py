"""What plugins bring to the pages: blueprints of their own, and what fills our slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import flask

from mentorkit.errors import PluginError, Problem
from mentorkit.hooks.calls import FAILURES, blotted, describe
from mentorkit.hooks.loading import LoadedPlugin, ask_again
from mentorkit.hooks.providers import Slot
from mentorkit.hooks.registry import Registry

PLACES = {
    "home": "the part of a program on a participant's home; about `part`",
    "overview": "below the figures of a program; about `figures`",
    "recruit": "in what is to be done next, when people are to be recruited; about `figures`",
    "participant": "below a participant's answers; about `participant`",
    "mentors": "above the mentors whom somebody can choose; about `mentee` (id), whether it is "
    "their `own` list, and `where`: what it is narrowed to, by field the ids of options",
    "proposal": "below the reasons of a proposal; about `proposal`",
    "relationship": "below the meetings of a relationship; about `relationship`",
    "survey": "below the questions of a survey; about `survey`",
    "sending": "above an open form that is not taken in just now, and what keeps it from being so; "
    "about `form` (concern, signup), the `actor` who sends it, and the id of the `program`",
    "sign_in": "below the words for whoever is not signed in; about `to`, where they wanted to go",
    "who": "below the navigation, for whoever is signed in",
}
"""Each slot of our pages, where it is, and by what name `render` is told what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What the loaded plugins bring, in the listed order."""

    pages: tuple[tuple[LoadedPlugin, flask.Blueprint], ...] = ()
    slots: Mapping[str, tuple[tuple[LoadedPlugin, Slot], ...]] = field(default_factory=dict)


def brought(registry: Registry) -> Brought:
    """Ask the two web hooks of every loaded plugin.

    Raises `PluginError` with everything that is wrong, naming plugin and distribution.
    """
    problems: list[Problem] = []
    pages: list[tuple[LoadedPlugin, flask.Blueprint]] = []
    slots: dict[str, list[tuple[LoadedPlugin, Slot]]] = {name: [] for name in PLACES}
    for plugin in registry.plugins.values():
        for one in _asked(plugin, "mentorkit_web_blueprints", problems):
            where = f"{plugin.label}, mentorkit_web_blueprints"
            if not isinstance(one, flask.Blueprint):
                told = f"yielded {type(one).__name__}; yield a flask.Blueprint"
                problems.append(Problem(where, told))
            elif one.name != plugin.name:
                told = f"name it {plugin.name!r}, as the plugin: its addresses are found by that"
                problems.append(Problem(f"{where}, {one.name}", told))
            else:
                pages.append((plugin, one))
        for slot in _asked(plugin, "mentorkit_web_slots", problems):
            where = f"{plugin.label}, mentorkit_web_slots"
            if not isinstance(slot, Slot) or not callable(slot.render):
                told = f"yielded {type(slot).__name__}; yield a Slot with a function to render"
                problems.append(Problem(where, told))
            elif slot.name not in PLACES:
                told = f"there is no such place; there are {', '.join(PLACES)}"
                problems.append(Problem(f"{where}, {slot.name}", told))
            else:
                slots[slot.name].append((plugin, slot))
    if problems:
        raise PluginError("web.not_loaded", "The pages of plugins cannot be mounted:", problems)
    return Brought(pages=tuple(pages), slots={name: tuple(found) for name, found in slots.items()})


def _asked(plugin: LoadedPlugin, hook: str, problems: list[Problem]) -> list[object]:
    try:
        return ask_again(plugin, hook)
    except FAILURES as error:
        told = blotted(describe(error), plugin.secrets)
        problems.append(Problem(f"{plugin.label}, {hook}", told))
        return []
