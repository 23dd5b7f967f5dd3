"""Change a program and see how it is supplied: `program set|schema|supply|sources|spend`."""

from __future__ import annotations

from pathlib import Path

import click

from mentorkit.commands.files import read_text
from mentorkit.commands.output import (
    example,
    json_option,
    plural,
    print_json,
    print_table,
    say,
)
from mentorkit.commands.programs import program
from mentorkit.commands.selection import the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.domain.text import in_locale


@program.command("set", epilog=example("mentorkit program set traders --file consent.toml --again"))
@click.argument("key", required=False)
@click.option(
    "--file",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A part of a set-up (TOML): consent, fields, requirements, signoffs, supply, ...",
)
@click.option(
    "--again", is_flag=True, help="Ask those again who agreed to an earlier consent text."
)
@json_option
@pass_session
def set_(session: Session, /, key: str | None, path: Path, again: bool, as_json: bool) -> None:
    """Change what a program asks and tells.

    Each section in the file takes the place of the program's; the others stay, and what [supply] or
    [targets] does not name. To change one question, begin with what `program export` writes.
    """
    from mentorkit.domain import presets
    from mentorkit.journey import setup

    data = presets.read_toml(read_text(path, "setup"), place=path.name)
    found = the_program(session, key)
    made = setup.take(session.kit, **session.scope, program=found, data=data, again=again)
    if as_json:
        print_json(made)
        return
    for one in made:
        named = " ".join(filter(None, (one["kind"], one["key"])))
        say(f"Set {named}, version {one['number']}.")
        if anew := ", ".join(one.get("newly_shown", ())):
            say(f"Shown from now on: {anew}. Not of people who agreed before: they were not told.")
            say("Let [consent] say what is shown, and ask them again: program set --again.")


@program.command(epilog=example("mentorkit program schema traders --role mentor"))
@click.argument("key", required=False)
@click.option("--role", type=click.Choice(["mentee", "mentor"]), help="Only of this role.")
@json_option
@pass_session
def schema(session: Session, /, key: str | None, role: str | None, as_json: bool) -> None:
    """Print what a profile may hold, as a JSON Schema."""
    from mentorkit.journey import setup

    found = the_program(session, key)
    print_json(setup.schema(session.kit, **session.scope, program=found, role=role))


@program.command(epilog=example("mentorkit program supply traders"))
@click.argument("key", required=False)
@json_option
@pass_session
def supply(session: Session, /, key: str | None, as_json: bool) -> None:
    """Say which mentors are missing, if any are."""
    from mentorkit.journey import supply as supplies

    found = supplies.supply(session.kit, **session.scope, program=the_program(session, key))
    if as_json:
        print_json(found)
        return
    places, mentees = plural(found["capacity"], "free place"), plural(found["demand"], "mentee")
    say(f"{places} with mentors for {mentees} without one.")
    if found["offered"]:
        say(f"{plural(found['offered'], 'place')} of those asked for by an open proposal.")
    if not found["gate"]:
        say("The gate is switched off: mentees sign up however few mentors there are.")
    elif found["open"]:
        say("Mentees may sign up.")
    else:
        more = plural(found["missing"], "more place")
        say(f"Mentees who sign up go onto the waiting list. {more} let them in: recruit mentors.")
    for table in found["short"]:
        say()
        print_table(
            [in_locale(table["label"]).upper(), "MENTEES", "PLACES", "MISSING"],
            [
                [in_locale(row["label"]) or "no answer", row["demand"], row["places"], row["short"]]
                for row in table["rows"]
            ],
            none="Nobody is looking.",
        )


@program.command(epilog=example("mentorkit program sources traders"))
@click.argument("key", required=False)
@json_option
@pass_session
def sources(session: Session, /, key: str | None, as_json: bool) -> None:
    """Show where people came from, and how far they got.

    And what a connected pair has cost, where `program spend` says what was spent.
    """
    from mentorkit.journey import sources as counting

    rows = counting.sources(session.kit, **session.scope, program=the_program(session, key))
    if as_json:
        print_json(rows)
        return
    counts = [*counting.COUNTS, "pairs"]
    print_table(
        ["SOURCE", "CAMPAIGN", *(name.upper() for name in counts), "SPENT", "A PAIR"],
        [
            [
                row["source"] or "(not known)",
                row["campaign"],
                *(row[name] for name in counts),
                f"{row['cost']} {row['currency']}" if row["cost"] else "",
                f"{row['per_pair']} {row['currency']}" if row["per_pair"] else "",
            ]
            for row in rows
        ],
        none="Nobody has come in yet.",
    )


@program.command(epilog=example("mentorkit program spend 1200.50 KES --source radio"))
@click.argument("amount")
@click.argument("currency")
@click.option("--source", default="", help="As `program sources` shows it.")
@click.option("--campaign", default="", help="Only for this campaign of it.")
@click.option("--program", "key", metavar="KEY", help="Which program, where there are several.")
@json_option
@pass_session
def spend(
    session: Session,
    /,
    amount: str,
    currency: str,
    source: str,
    campaign: str,
    key: str | None,
    as_json: bool,
) -> None:
    """Note what was spent on a source in all.

    It takes the place of what was said before.
    """
    from mentorkit.journey import sources as counting

    made = counting.spend(
        session.kit,
        **session.scope,
        program=the_program(session, key),
        source=source,
        campaign=campaign,
        amount=amount,
        currency=currency,
    )
    if as_json:
        print_json(made)
    else:
        say(f"Kept: {made['amount']} {made['currency']} on {source or 'an unknown source'}.")


__all__ = ["program", "schema", "set_", "sources", "spend", "supply"]
