"""How a program matches, and the runs it made: `program strategy show|set`, `program runs`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mentorkit.commands import toml
from mentorkit.commands.files import read_text
from mentorkit.commands.output import (
    example,
    json_option,
    print_json,
    print_table,
    say,
    say_commands,
    words,
)
from mentorkit.commands.selection import program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole


@click.group(epilog=example("mentorkit program strategy show"))
def strategy() -> None:
    """Show and change how pairs are found."""


@strategy.command(
    epilog=example(
        "mentorkit program strategy show",
        "mentorkit program strategy show --toml > mine.toml",
    )
)
@program_option
@click.option("--toml", "as_toml", is_flag=True, help="Print the file that `set` takes.")
@json_option
@pass_session
def show(session: Session, /, program: str | None, as_toml: bool, as_json: bool) -> None:
    """Show the strategy in force, in words."""
    from mentorkit.journey import strategies

    found = strategies.show(session.kit, **session.scope, program=the_program(session, program))
    if as_json:
        print_json(found)
        return
    if as_toml:
        say(toml.write(found["body"]), nl=False)
        return
    say(f"Version {found['number']}. A pair must have:")
    for one in found["rules"]:
        say(f"  - {_told(one)}")
    say("Then it is the better, the more it has of these:")
    for one in found["criteria"]:
        share = 100 * one["share"] / found["whole"]
        say(f"  - {_told(one)} ({share:.1f} % of what counts)")
    body = found["body"]
    say(f"Pairs are picked by {words(body['assigner'])}, objective {words(body['objective'])}.")
    say(f"The next best is offered by itself: {words(body['fall_through'])}.")


def _told(one: Mapping[str, Any]) -> str:
    options = "; ".join(f"{words(label).lower()} {words(value)}" for label, value in one["told"])
    return words(one["title"]) + (f": {options}" if options else "")


@strategy.command("set", epilog=example("mentorkit program strategy set mine.toml"))
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@program_option
@json_option
@pass_session
def set_(session: Session, /, path: Path, program: str | None, as_json: bool) -> None:
    """Put a new version of the strategy in force.

    From a TOML file, as `show --toml` prints it; the [strategy] of a preset's file will do too.
    """
    from mentorkit.domain import presets
    from mentorkit.journey import programs

    data = presets.read_toml(read_text(path, "strategy"), place=path.name)
    body = data.get("strategy", data)
    made = programs.define(
        session.kit, **session.scope, program=the_program(session, program), kind="strategy",
        body={name: value for name, value in body.items() if name not in ("columns", "fields")},
    )  # fmt: skip
    if as_json:
        print_json(made)
    else:
        say(f"Version {made['number']} is in force; `mentorkit match` goes by it.")


@click.command(epilog=example("mentorkit program runs --limit 10"))
@program_option
@click.option(
    "--limit", type=Whole(), default=50, show_default=True, help="How many, at most 1000."
)
@click.option("--before", metavar="RUN", help="Those before this one.")
@json_option
@pass_session
def runs(
    session: Session, /, program: str | None, limit: int, before: str | None, as_json: bool
) -> None:
    """List the match runs, newest first."""
    from mentorkit.journey import browse

    key = the_program(session, program)
    page = browse.runs(session.kit, **session.scope, program=key, before=before, limit=limit)
    if as_json:
        print_json(page)
        return
    print_table(
        ["RUN", "MADE", "STATE", "PAIRS", "STRATEGY"],
        [
            [
                one["id"],
                one["created_at"][:16].replace("T", " "),
                one["state"],
                one["summary"].get("pairs"),
                f"version {one['strategy_version']}",
            ]
            for one in page["items"]
        ],
        none="No run yet. Make one with `mentorkit match`.",
    )
    if page["next"]:
        say_commands(f"More: `mentorkit program runs --before {page['next']}`.")
