"""Switch plugins on or off in a program, and set them: `program plugins|plugin`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.files import read_text
from mentorkit.commands.output import example, json_option, print_json, print_table, say, words
from mentorkit.commands.programs import program
from mentorkit.commands.selection import program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.errors import Invalid, NotFound, Problem


@program.command(epilog=example("mentorkit program plugins traders"))
@click.argument("key", required=False)
@json_option
@pass_session
def plugins(session: Session, /, key: str | None, as_json: bool) -> None:
    """List the plugins, and which a program uses."""
    from mentorkit.journey import plugins as steps

    rows = steps.show(session.kit, **session.scope, program=the_program(session, key))
    if as_json:
        print_json(rows)
        return
    print_table(
        ["PLUGIN", "HERE", "TITLE", "SET HERE"],
        [
            [one["name"], "on" if one["on"] else "off", one["title"], ", ".join(one["set"])]
            for one in rows
        ],
        none="No plugin is loaded.",
    )


@program.command(
    epilog=example(
        "mentorkit program plugin wordlist --off",
        "mentorkit program plugin checkins --program traders --set quiet_days=21",
        "mentorkit program plugin wordlist --set words=idiot --set 'words=send money'",
    )
)
@click.argument("name")
@click.option("--on/--off", "on", default=None, help="Switch it on or off in this program.")
@click.option(
    "--set",
    "given",
    metavar="SETTING=VALUE",
    multiple=True,
    help="Change one setting; of a list each entry once, or all as JSON.",
)
@click.option(
    "--usual",
    metavar="SETTING",
    multiple=True,
    help="Take this program's own setting back.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="All that is set here (TOML, or JSON where its name ends so); the rest is as usual.",
)
@program_option
@json_option
@pass_session
def plugin(
    session: Session,
    /,
    name: str,
    on: bool | None,
    given: Sequence[str],
    usual: Sequence[str],
    path: Path | None,
    program: str | None,
    as_json: bool,
) -> None:
    """Switch a plugin on or off in a program, or set it.

    With no option it says what can be set. Switched off, nothing of it is shown or sent there.
    """
    from mentorkit.journey import plugins as steps

    key = the_program(session, program)
    one = _one(steps.show(session.kit, **session.scope, program=key), name)
    if on is None and not (given or usual or path):
        if as_json:
            print_json(one)
        else:
            _describe(one)
        return
    change: dict[str, Any] = {"on": on}
    if given:
        change["settings"] = _typed(one["schema"], given)
    if path is not None or usual:
        base = _read(path) if path is not None else one["set"]
        if unknown := [setting for setting in usual if setting not in one["settings"]]:
            raise click.UsageError(f"The plugin {name} has no setting {unknown[0]!r}.")
        kept = {setting: value for setting, value in base.items() if setting not in usual}
        change |= {"settings": {**kept, **change.get("settings", {})}, "anew": True}
    try:
        made = steps.change(session.kit, **session.scope, program=key, plugin=name, **change)
    except Invalid as error:
        start = f"plugins.{name}.settings."
        told = [Problem(one.place.removeprefix(start), one.message) for one in error.problems]
        raise Invalid(error.code, error.message, told) from None
    now = _one(steps.show(session.kit, **session.scope, program=key), name)
    if as_json:
        print_json({**now, "number": made["number"]})
        return
    _describe(now)


def _one(rows: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    for one in rows:
        if one["name"] == name:
            return one
    there = ", ".join(one["name"] for one in rows) or "none"
    raise NotFound("plugin.not_found", f"No plugin {name!r} is loaded; there are: {there}.")


def _describe(one: dict[str, Any]) -> None:
    say(f"{words(one['title'])} ({one['name']}): {'on' if one['on'] else 'off'}")
    if one["summary"]:
        say(f"  {words(one['summary'])}")
    if one["used"]:
        say(f"  The program is set up with: {', '.join(one['used'])}.")
    say()
    specs = one["schema"].get("properties", {})
    print_table(
        ["SETTING", "IS", "SET BY", "WHAT IT IS"],
        [
            [
                setting,
                json.dumps(one["settings"].get(setting), ensure_ascii=False),
                _set_by(one, setting),
                spec.get("title", ""),
            ]
            for setting, spec in specs.items()
        ],
        none="There is nothing to set.",
    )


def _set_by(one: dict[str, Any], setting: str) -> str:
    if setting in one["set"]:
        return "program"
    return "deployer" if setting in one["given"] else ""


def _read(path: Path) -> dict[str, Any]:
    """Return the table of settings in a file."""
    from mentorkit.domain import presets

    text = read_text(path, "setup")
    if path.suffix.casefold() != ".json":
        return presets.read_toml(text, place=path.name)
    try:
        made = json.loads(text)
    except ValueError as error:
        raise Invalid(
            "setup.file", "The setup cannot be read:", [Problem(path.name, str(error))]
        ) from None
    if not isinstance(made, dict):
        told = [Problem(path.name, "write a table of settings: {...}")]
        raise Invalid("setup.file", "The setup cannot be read:", told)
    return made


def _typed(schema: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Return what was typed as SETTING=VALUE, as values of the schema."""
    texts: dict[str, list[str]] = {}
    for one in given:
        setting, equals, text = one.partition("=")
        if not equals:
            raise click.UsageError(f"Write --set SETTING=VALUE, not --set {one}.")
        texts.setdefault(setting.strip(), []).append(text.strip())
    specs = schema.get("properties", {})
    return {setting: _value(specs.get(setting, {}), typed) for setting, typed in texts.items()}


def _value(spec: Mapping[str, Any], typed: Sequence[str]) -> Any:
    kinds = spec.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if "array" in kinds and not typed[0].startswith("["):
        return [_value(spec.get("items", {}), [text]) for text in typed if text]
    if len(typed) > 1:
        raise click.UsageError("Only a list is set more than once.")
    (text,) = typed
    if kinds == ["string"]:
        return text
    if "boolean" in kinds and text in YES:
        return YES[text]
    try:
        return json.loads(text)
    except ValueError:
        return text


YES = {"yes": True, "on": True, "no": False, "off": False}

__all__ = ["plugin", "plugins", "program"]
