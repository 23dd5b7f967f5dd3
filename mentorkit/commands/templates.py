"""The words of messages: `template list|show|set|reset|preview`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mentorkit.commands.files import read_text, write_new
from mentorkit.commands.output import (
    clean,
    example,
    json_option,
    note,
    print_json,
    print_table,
    say,
    words,
)
from mentorkit.commands.people import named
from mentorkit.commands.selection import program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.errors import Invalid, Problem

NO_SITE = (
    "The kit has no site, so lines with links to our pages are left out. Give it one, such as "
    'Kit(..., site=Portal("https://example.org/mentoring"), secret_keys=[...]), and name it by '
    "--kit MODULE:NAME."
)

locale_option = click.option(
    "--locale", metavar="LANGUAGE", help="In which language, such as fr.  [default: the program's]"
)


@click.group(epilog=example("mentorkit template list"))
def template() -> None:
    """Read and change the words of messages."""


@template.command("list", epilog=example("mentorkit template list --program traders"))
@program_option
@json_option
@pass_session
def list_(session: Session, /, program: str | None, as_json: bool) -> None:
    """List the messages, and when each is sent."""
    from mentorkit.journey import templates

    rows = templates.templates(session.kit, **session.scope, program=the_program(session, program))
    if as_json:
        print_json(rows)
        return
    print_table(
        ["NAME", "WHEN", "LANGUAGES", "OWN WORDS"],
        [
            [
                row["name"],
                row["about"] or row["title"],
                " ".join(row["languages"]),
                " ".join(row["own"]),
            ]
            for row in rows
        ],
        none="No message is sent.",
    )


@template.command(epilog=example("mentorkit template show proposal_offered --locale fr"))
@click.argument("name")
@program_option
@locale_option
@click.option("--text", "as_text", is_flag=True, help="Print only the file that `set` takes.")
@json_option
@pass_session
def show(
    session: Session,
    /,
    name: str,
    program: str | None,
    locale: str | None,
    as_text: bool,
    as_json: bool,
) -> None:
    """Show a message, and what may stand in it."""
    from mentorkit.journey import templates

    key = the_program(session, program)
    found = templates.show(session.kit, **session.scope, program=key, template=name)
    if as_json:
        print_json(found)
        return
    locale = locale or found["locale"]
    here = found["texts"].get(locale)
    if here is None:
        there = ", ".join(found["languages"])
        told = f"{name} has no words in {locale}; there are {there}. `set` writes some."
        raise click.UsageError(told)
    if as_text:
        _say_text(here["subject"], here["body"])
        return
    whose = "the program's own words" if here["own"] else "the words it came with"
    say(f"{name}, {locale}: {whose}. Version {found['number']}.")
    say()
    _say_text(here["subject"], here["body"])
    say("\nIn braces may stand:")
    for one in found["placeholders"]:
        if one["fills"]:
            say(f"  {{{one['name']}}}  {one['meaning']}")
    _say_notes(here["notes"])


@template.command(
    "set",
    epilog=example(
        "mentorkit template set proposal_offered --locale fr --file offer.txt",
    ),
)
@click.argument("name")
@program_option
@locale_option
@click.option(
    "--file",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A text file: the subject, an empty line, and the text.",
)
@click.option("--was", type=Whole(0), help="Only if this version is in force still.")
@json_option
@pass_session
def set_(
    session: Session,
    /,
    name: str,
    program: str | None,
    locale: str | None,
    path: Path,
    was: int | None,
    as_json: bool,
) -> None:
    """Say a message in the program's own words.

    In one language; the others stay as they are.
    """
    from mentorkit.journey import templates

    subject, _, body = read_text(path, "text").strip().replace("\r\n", "\n").partition("\n")
    if not body.startswith("\n"):
        told = [Problem(path.name, "write the subject, an empty line, and the text")]
        raise Invalid("template.file", "The text cannot be kept:", told)
    at: dict[str, Any] = {**session.scope, "program": the_program(session, program)}
    locale = locale or templates.show(session.kit, **at, template=name)["locale"]
    made = templates.save(
        session.kit, **at, template=name, locale=locale, subject=subject, body=body, was=was
    )
    if as_json:
        print_json(made)
        return
    say(f"{name} has the program's own words in {locale}; version {made['number']}.")
    _say_notes(made["notes"])


@template.command(epilog=example("mentorkit template reset proposal_offered --locale fr"))
@click.argument("name")
@program_option
@click.option("--locale", metavar="LANGUAGE", help="In which language; all where left out.")
@click.option("--was", type=Whole(0), help="Only if this version is in force still.")
@json_option
@pass_session
def reset(
    session: Session,
    /,
    name: str,
    program: str | None,
    locale: str | None,
    was: int | None,
    as_json: bool,
) -> None:
    """Put back the words that a message came with."""
    from mentorkit.journey import templates

    at: dict[str, Any] = {**session.scope, "program": the_program(session, program)}
    made = templates.reset(session.kit, **at, template=name, locale=locale, was=was)
    if as_json:
        print_json(made)
    else:
        say(f"{name} says what it came with; version {made['number']}.")


@template.command(epilog=example("mentorkit template preview proposal_offered --to ana"))
@click.argument("name")
@program_option
@click.option("--to", "person", metavar="PERSON", help="Somebody of the program it would reach.")
@click.option("--locale", metavar="LANGUAGE", help="In which language.  [default: the reader's]")
@click.option(
    "--html",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it as a mail shows it to this file, for a browser.",
)
@click.option("--force", is_flag=True, help="Replace a file that holds something else.")
@json_option
@pass_session
def preview(
    session: Session,
    /,
    name: str,
    program: str | None,
    person: str | None,
    locale: str | None,
    path: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show a message as it would reach somebody.

    Nothing is sent, and nothing is kept.
    """
    from mentorkit.journey import templates

    key = the_program(session, program)
    found = templates.preview(
        session.kit,
        **session.scope,
        program=key,
        template=name,
        participant=next(iter(named(session, key, {person: ""}, {}))) if person else None,
        locale=locale,
    )
    if as_json:
        print_json(found)
        return
    told = "The reader is real, what the event tells is made up."
    say(f"To {words(found['name'])}, in {found['locale']}. {told}\n")
    _say_text(found["subject"], found["text"])
    _say_notes(found["notes"])
    if session.kit.site is None:
        note(NO_SITE)
    if path is not None:
        write_new(path, found["html"].encode(), force=force)
        say(f"Wrote {path}.")


def _say_text(subject: str, body: str) -> None:
    """Print a text line by line, so that nothing in it steers the terminal."""
    say(f"{clean(subject)}\n")
    for line in body.split("\n"):
        say(clean(line))


def _say_notes(notes: list[dict[str, str]]) -> None:
    for one in notes:
        name = f"{{{one['placeholder']}}}"
        note(
            {
                "missing": f"It lacks {name}, which the words it came with have.",
                "empty": f"{name} always stays empty in this message.",
                "subject": f"{name} is too much for a subject; write it into the text.",
            }[one["code"]]
        )
