"""Plugins of a program: switch each on or off, and set it by a form made from its schema."""

from __future__ import annotations

from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, NotFound, Problem
from mentorkit.hooks.settings import check_options
from mentorkit.journey import plugins
from mentorkit.web import answers, options
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.sure import ask_first, is_asked
from mentorkit.web.visits import Visit

STOPS = {
    "channels": "Messages do not go this way any more. Without another way people hear of nothing.",
    "feedback_vendors": "Its surveys are not sent, and those that are open cannot be answered.",
    "nudges": "Its nudges are not sent, not even those already promised.",
    "content_checks": "What participants write to each other is not looked at by it any more.",
    "recruitment_sources": "Nobody is taken in by it.",
    "requirement_checks": "It does not look at anybody any more. Staff ask instead.",
    "metrics": "Its figures are not in the report.",
    "features": "Its features are not computed, and no pairs are drafted by them.",
    "criteria": "No pairs are drafted and nobody is suggested by its criteria and rules.",
}
"""What of a program stops with the plugin, in words, by what a plugin brings."""


@shows("/programs/<program>/plugins")
@allow(*READERS)
def program_plugins(visit: Visit, program: str) -> str:
    return _page(visit, plugins.show(visit.kit, **visit.asked(), program=program))


@does("/programs/<program>/plugins")
@allow(*STAFF)
def program_plugin(visit: Visit, program: str) -> str | Response | tuple[str, int]:
    """Switch one plugin on or off, or keep what its form says."""
    at: dict[str, Any] = {**visit.asked(), "program": program}
    name, did = visit.form.get("plugin", ""), visit.form.get("do", "")
    found, typed = plugins.show(visit.kit, **at), options.below(visit, name)
    one = next((row for row in found if row["name"] == name), None)
    if one is None or did not in ("on", "off", "set"):
        raise NotFound("plugin.not_found", visit.words("No plugin of this name is loaded."))
    if did == "off" and one["switchable"] and is_asked(visit):
        return _sure(visit, one)
    try:
        if did == "set":
            settings, was = _read(visit, one, typed), answers.whole("was")
            plugins.change(visit.kit, **at, plugin=name, settings=settings, anew=True, was=was)
        else:  # refused only where what was set once does not fit the schema any more
            plugins.change(visit.kit, **at, plugin=name, on=did == "on")
    except Invalid as error:
        one["number"] = visit.form.get("was", one["number"])  # nothing else was looked at yet
        return _page(visit, found, name, _beside(name, error), typed), status(error)
    except Conflict as error:
        return _page(visit, found, name, typed=typed, stale=error), status(error)
    then = {"program": program, "back": _came_from(visit), "done": name}
    return visit.go("program_plugins", did, anchor=name, **then)


def _read(visit: Visit, one: dict[str, Any], typed: dict[str, str]) -> dict[str, Any]:
    """Return the settings that were typed, without those that are as usual.

    Raises `Invalid` where JSON cannot be read, with all else that is wrong.
    """
    schema, at = _with_usual(one), f"plugins.{one['name']}.settings"
    read = options.read(schema, typed)
    if unread := options.unread(schema, typed):
        told = visit.words(
            "cannot be read as JSON: look for a comma, quote or bracket that is missing or too much"
        )
        problems = [
            Problem(
                f"{at}.{key}",
                f"{told} ({visit.words('line {line}, character {at}', line=line, at=column)})",
            )
            for key, (line, column) in unread.items()
        ]
        others = check_options(schema, read, at)[1]
        places = {one.place for one in problems}
        problems += [one for one in others if one.place not in places]
        raise Invalid("plugin.invalid", visit.words("This cannot be kept yet:"), problems)
    return {key: value for key, value in read.items() if not _usual(schema, key, value)}


def _sure(visit: Visit, one: dict[str, Any]) -> str:
    """Ask whether a plugin shall be switched off, and say what stops."""
    registry = visit.kit.registry
    brings = {kind for (kind, _), owner in registry.owners.items() if owner == one["name"]}
    then = [visit.words(told) for kind, told in STOPS.items() if kind in brings]
    if one["used"]:
        names = ", ".join(visit.told(title) for title in one["used"])
        then.insert(
            0,
            visit.words(
                "This program is set up with: {names}. That does not work then.", names=names
            ),
        )
    return ask_first(
        visit,
        visit.words("Switch off: {title}?", title=visit.told(one["title"])),
        [
            *([visit.told(one["summary"])] if one["summary"] else ()),
            *then,
            visit.words("Its pages are not found any more, and nothing of it stands on others."),
            visit.words(
                "What it has kept so far stays, and it goes on from there once it is on again."
            ),
        ],
        here="program_setup",
        yes=visit.words("Yes, switch it off"),
        back=visit.url("program_plugins", program=visit.of.key, _anchor=one["name"]),
    )


def _with_usual(one: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a plugin's settings with what holds here anyway as the defaults."""
    specs = {
        name: {**spec, "default": one["usual"][name]} if name in one["usual"] else spec
        for name, spec in one["schema"].get("properties", {}).items()
    }
    return {**one["schema"], "properties": specs}


def _usual(schema: dict[str, Any], key: str, value: Any) -> bool:
    """Return whether this holds anyway: not kept, it follows the plugin when that changes."""
    usual = schema["properties"][key].get("default", ...)
    return type(usual) is type(value) and bool(usual == value)


def _came_from(visit: Visit) -> str | None:
    """Return the page that led to a plugin's settings, where one did that they lead back to."""
    told = visit.form.get("back") or flask.request.args.get("back")
    return "nudges" if told == "nudges" else None


def _beside(name: str, error: Invalid) -> dict[str, str]:
    """Return what is wrong, by setting."""
    start = f"plugins.{name}.settings"
    return {one.place.removeprefix(start).removeprefix("."): one.message for one in error.problems}


def _page(
    visit: Visit, found: list[dict[str, Any]], at: str = "",
    wrong: dict[str, str] | None = None, typed: dict[str, str] | None = None,
    stale: Conflict | None = None,
) -> str:  # fmt: skip
    """Return the page; `at` is the plugin whose form was sent, with what is wrong with it."""
    unplaced = dict(wrong or {})
    for one in found:
        here = wrong or {} if one["name"] == at else {}
        told = (typed or None) if one["name"] == at else None
        one["controls"] = options.controls(
            one["schema"], one["settings"], options.NO_FIELDS, here, told
        )
        for control in one["controls"]:
            control["given"] = control["name"] in one["given"] and control["name"] not in one["set"]
            if control["wrong"]:
                unplaced = {
                    place: text
                    for place, text in unplaced.items()
                    if not options.is_at(place, control["name"])
                }
    asked = flask.request.args
    done = next((one["name"] for one in found if one["name"] == asked.get("done")), "")
    opened = asked.get("open") or (done if asked.get("said") == "set" else "")
    return visit.render(
        "plugins.html", title=visit.words("Plugins"), here="program_setup", plugins=found, at=at,
        wrong=wrong, unplaced=unplaced, stale=stale, opened=opened, done=done,
        back=_came_from(visit),
    )  # fmt: skip
