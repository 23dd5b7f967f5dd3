"""A draft of pairs as a spreadsheet: `draft export|import`."""

from __future__ import annotations

from pathlib import Path

import click

from mentorkit.commands.failures import leave_if_wrong
from mentorkit.commands.files import read_bytes, write_new
from mentorkit.commands.output import example, json_option, plural, print_json, say, say_commands
from mentorkit.commands.selection import program_option, tell_problems, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.errors import Invalid, Problem, by_row


@click.group(epilog=example("mentorkit draft export pairs.csv"))
def draft() -> None:
    """Judge a draft of pairs; take it out and in."""


@draft.command("export", epilog=example("mentorkit draft export pairs.csv"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@program_option
@click.option("--force", is_flag=True, help="Replace a file that holds something else.")
@json_option
@pass_session
def export(
    session: Session, /, file: Path, program: str | None, force: bool, as_json: bool
) -> None:
    """Write who can be paired, and the drafted pairs.

    A row for each mentee, then one for each mentor with a free place. Fill in the column `mentor`.
    """
    from mentorkit.journey import sheets

    key = the_program(session, program)
    made = sheets.export(session.kit, **session.scope, program=key, suffix=file.suffix.casefold())
    write_new(file, made["body"], force=force)
    if as_json:
        print_json({"file": str(file), "rows": made["rows"]})
    else:
        say(f"Wrote {plural(made['rows'], 'mentee')} to {file}. Fill in the column mentor, then:")
        say_commands(f"`mentorkit draft import {file}`.")


@draft.command("import", epilog=example("mentorkit draft import pairs.csv --preview"))
@click.argument("file", type=click.Path(path_type=Path))
@program_option
@click.option("--preview", is_flag=True, help="Say which pairs there would be; write nothing.")
@json_option
@pass_session
def import_(
    session: Session, /, file: Path, program: str | None, preview: bool, as_json: bool
) -> None:
    """Make a draft of the pairs in a sheet, all locked.

    What is wrong with a row is told by line and column, and the others are kept; the exit code is
    2 then. Two who are proposed or together already are told of and left as they are. Nobody hears
    of a draft until it is published.
    """
    from mentorkit.journey import sheets

    body = read_bytes(file)
    if isinstance(body, Problem):
        raise Invalid("draft.file", "The file cannot be used:", [body])
    told = sheets.take(
        session.kit,
        **session.scope,
        program=the_program(session, program),
        body=body,
        filename=file.name,
        preview=preview,
    )
    if as_json:
        print_json(told)
    else:
        pairs = plural(len(told["pairs"]), "pair")
        say(f"{'Would draft' if preview else 'Drafted'} {pairs} from {file.name}.")
        if told["draft"]:
            say_commands("Next: `mentorkit publish`.")
    kept, wrong = (
        [
            Problem(one["place"], one["message"])
            for one in told["problems"]
            if one["stands"] is stands
        ]
        for stands in (True, False)
    )
    tell_problems(kept, f"Nothing to do for {plural(len(kept), 'row')}:")
    rows = len(by_row(wrong))
    tell_problems(wrong, f"{plural(rows, 'row')} left out; mend the rows and take it in again:")
    leave_if_wrong(rows, kept=len(told["pairs"]) + len(kept))
