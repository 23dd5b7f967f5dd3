"""Set programs up: `program create|show|open|close|export`, and `staff add|list|remove`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mentorkit.commands import toml
from mentorkit.commands.files import read_text, write_new
from mentorkit.commands.following import say_next
from mentorkit.commands.output import (
    clean,
    counted,
    example,
    json_option,
    plural,
    print_json,
    print_table,
    say,
    say_commands,
    words,
)
from mentorkit.commands.selection import no_program, program_option, the_program
from mentorkit.commands.session import Session, find_person, pass_session
from mentorkit.domain.people import called
from mentorkit.domain.programs import STAFF_ROLES, read_zone
from mentorkit.domain.relationships import PROPOSAL_MOVES, RELATIONSHIP_MOVES
from mentorkit.domain.text import in_locale
from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.i18n import zone_named


@click.group(epilog=example("mentorkit program create --preset high_touch --key traders"))
def program() -> None:
    """Create, show, open and close programs."""


CANNOT = "The program cannot be made:"


@program.command(epilog=example("mentorkit program create --preset high_touch --key traders"))
@click.option(
    "--preset",
    metavar="NAME",
    help="A shipped set-up: high_touch, low_touch, cohort (dated: all begin and end together),"
    " circles or community (people choose for themselves).",
)
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A set-up of your own (TOML); `program export` writes one to start from.",
)
@click.option("--key", required=True, help="What commands call it: small letters and digits.")
@click.option("--name", help="What people call it; the set-up's title where left out.")
@click.option(
    "--zone",
    help="On whose clock its days and months run: a city or a country, such as Nairobi, or"
    " Africa/Nairobi. The set-up's, or UTC, where left out.",
)
@json_option
@pass_session
def create(
    session: Session,
    /,
    preset: str | None,
    path: Path | None,
    key: str,
    name: str | None,
    zone: str | None,
    as_json: bool,
) -> None:
    """Create a program from a preset or a file."""
    from mentorkit.domain import presets
    from mentorkit.journey import programs

    if preset is not None and path is not None:
        raise click.UsageError("Give --preset or --file, not both.")
    typed = [*programs.wrong_key(key), *_wrong_zone(zone)]
    try:
        if preset is not None:
            data = presets.read_toml(presets.source(preset), place=f"{preset}.toml")
        elif path is not None:
            data = _read_preset(path)
        else:
            raise click.UsageError(f"Give --file FILE, or --preset NAME with one of:\n{_presets()}")
    except NotFound as error:
        told = [Problem("--preset", error.message), *typed]
        raise Invalid(error.code, CANNOT, told) from None
    except Invalid as error:
        raise Invalid(error.code, error.message, [*error.problems, *typed]) from None
    if zone:
        data = {**data, "program": {**data.get("program", {}), "zone": zone_named(zone)}}
    try:
        made = programs.create(session.kit, **session.scope, key=key, preset=data, name=name)
    except Invalid as error:
        raise _where_typed(error, typed, path) from None
    if as_json:
        print_json(made)
        return
    say(f"Created the program {words(in_locale(made['name']))} ({made['key']}), a draft.")
    if dated := [_dated(one) for one in _cohorts(session, made["id"])]:
        say(f"Its cohorts: {'; '.join(dated)}.")
        how = f"`mentorkit program set {key} --file FILE`"
        say_commands(f"Change the days under [[cohorts]] in a file, then {how}.")
    then = "`mentorkit recruit FILE --role mentor`"
    say_commands(f"Next: `mentorkit program open {key}`, then {then}.")


def _wrong_zone(zone: str | None) -> list[Problem]:
    """Return what is wrong with the time zone that was typed, if anything is."""
    try:
        read_zone(zone_named(zone) if zone else "UTC")
    except ValueError as error:
        return [Problem("--zone", str(error))]
    return []


def _where_typed(error: Invalid, typed: Sequence[Problem], path: Path | None) -> Invalid:
    """Return the error with each problem where it was made: in the file, or in what was `typed`."""
    zone = any(one.place == "--zone" for one in typed)
    inside = [one for one in error.problems if one not in typed]
    inside = [one for one in inside if one.place != "program.zone" or not zone]
    if path is not None:
        inside = [replace(one, place=f"{path.name}, {one.place}") for one in inside]
    return Invalid(error.code, error.message if inside else CANNOT, [*inside, *typed])


def _presets() -> str:
    """Return a line for each shipped preset: its name, and what kind of program it makes."""
    from mentorkit.domain import presets

    read = {name: presets.read_toml(presets.source(name), place=name) for name in presets.names()}
    width = max(map(len, read))
    return "\n".join(f"  {name:{width}}  {data['summary']['en']}" for name, data in read.items())


def _read_preset(path: Path) -> dict[str, Any]:
    """Return what a preset's file holds; one that a program could never be opened by is refused."""
    from mentorkit.domain import presets
    from mentorkit.domain.programs import read_preset

    text = read_text(path, "preset")
    named = path.suffix.casefold() in ("", ".toml")
    if named:
        data = presets.read_toml(text, place=path.name)
        made, problems = read_preset(data)
        if made.strategy.criteria or problems:  # `create` tells these, with what plugins know
            return data
    raise Invalid(
        "preset.file",
        f"{path} is no preset. Write a TOML file with at least one [[strategy.criteria]]"
        f"{'' if named else ', whose name ends in .toml'};"
        " `mentorkit program export` writes one to start from.",
    )


@program.command(epilog=example("mentorkit program show", "mentorkit program show traders"))
@click.argument("key", required=False)
@json_option
@pass_session
def show(session: Session, /, key: str | None, as_json: bool) -> None:
    """Show all programs, or one with its counts."""
    from mentorkit.journey import programs

    found = programs.show(session.kit, **session.scope, program=key)
    if key:
        id = found[0]["id"]
        one = {**found[0], **_progress(session, id), "cohorts": _cohorts(session, id)}
        if as_json:
            print_json(one)
        else:
            _describe(one)
    elif as_json:
        print_json(found)
    else:
        print_table(
            ["KEY", "NAME", "STATE", "KIND", "MENTEES", "MENTORS"],
            [
                [
                    one["key"],
                    in_locale(one["name"]),
                    one["state"],
                    one["kind"],
                    _people(one, "mentee"),
                    _people(one, "mentor"),
                ]
                for one in found
            ],
            none=no_program(session),
        )


@program.command("list", epilog=example("mentorkit program list"))
@json_option
@click.pass_context
def list_all(ctx: click.Context, /, as_json: bool) -> None:
    """Show all programs."""
    ctx.invoke(show, key=None, as_json=as_json)


def _progress(session: Session, program: str) -> dict[str, Any]:
    """Return how far pairing has come: proposals and relationships by state, runs unpublished."""
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        proposals = Counter(
            one.state
            for one in tx.proposals.find(program_id=program)
            if one.offered_at or one.state != "withdrawn"  # a draft that nobody heard of is gone
        )
        begun = Counter(one.state for one in tx.relationships.find(program_id=program))
        runs = Counter(run.state for run in tx.runs.find(program_id=program))
    return {
        "proposals": {one: proposals[one] for one in PROPOSAL_MOVES.states if proposals[one]},
        "relationships": {one: begun[one] for one in RELATIONSHIP_MOVES.states if begun[one]},
        "drafts": runs["draft"] + runs["reviewed"],
    }


def _cohorts(session: Session, program: str) -> list[dict[str, Any]]:
    """Return the program's dated intakes, the earliest first."""
    from mentorkit.domain.shown import as_row
    from mentorkit.journey.cohorts import cohorts_of

    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        return [as_row(one) for one in cohorts_of(tx, tx.programs.get(program)).values()]


def _dated(cohort: dict[str, Any]) -> str:
    return f"{cohort['key']}, {cohort['starts']} to {cohort['ends']}"


def _people(one: dict[str, Any], role: str) -> int:
    return sum(
        count
        for played, states in one["participants"].items()
        if played in (role, "both")
        for state, count in states.items()
        if state not in ("declined", "left")
    )


def _describe(one: dict[str, Any]) -> None:
    title = words(in_locale(one["name"]))
    asked = " then ".join(one["accept_chain"])
    say(f"{title} ({one['key']}): {one['state']}")
    say(f"  kind        {one['kind']}, matched by {words(one['matching'])}")
    say(f"  accepted by {asked}, within {plural(one['offer_days'], 'day')}")
    say(f"  time zone   {one['zone']}")
    say(f"  staff       {len(one['staff']) or 'nobody yet'}")
    for cohort in one["cohorts"]:
        say(f"  cohort      {_dated(cohort)}")
    if not one["cohorts"]:
        say_commands("  cohort      none; `mentorkit program set --file FILE` adds [[cohorts]]")
    rows = [
        [role, state, count]
        for role, states in sorted(one["participants"].items())
        for state, count in states.items()
    ]
    say()
    print_table(
        ["ROLE", "STATE", "PEOPLE"],
        rows,
        none="Nobody takes part yet. Take people in with `mentorkit recruit FILE --role mentor`.",
    )
    say()
    for what in ("proposals", "relationships"):
        told = counted(*((count, state) for state, count in one[what].items()))
        say(f"{what.capitalize()}: {told or 'none yet'}.")
    if one["drafts"]:
        drafts = plural(one["drafts"], "match run")
        say_commands(f"Drafts: {drafts} that nobody has been told of. Next: `mentorkit publish`.")


@program.command("open", epilog=example("mentorkit program open traders"))
@click.argument("key", required=False)
@json_option
@pass_session
def open_(session: Session, /, key: str | None, as_json: bool) -> None:
    """Open a program, so that people can be matched."""
    from mentorkit.journey import programs

    found = programs.open_(session.kit, **session.scope, program=the_program(session, key))
    if as_json:
        print_json(found)
    else:
        say(f"The program {found['key']} is open.")
        say_next(session, [found["key"]])


@program.command(epilog=example("mentorkit program close traders"))
@click.argument("key", required=False)
@json_option
@pass_session
def close(session: Session, /, key: str | None, as_json: bool) -> None:
    """Close a program to new people and new match runs."""
    from mentorkit.journey import programs

    found = programs.close(session.kit, **session.scope, program=the_program(session, key))
    if as_json:
        print_json(found)
    else:
        say(f"The program {found['key']} is closed; what runs goes on to its end.")


@program.command(epilog=example("mentorkit program export traders --out traders.toml"))
@click.argument("key", required=False)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; printed where left out.",
)
@click.option("--force", is_flag=True, help="Replace a file that holds something else.")
@json_option
@pass_session
def export(
    session: Session, /, key: str | None, out: Path | None, force: bool, as_json: bool
) -> None:
    """Write a program's set-up as a file."""
    from mentorkit.journey import programs

    data = programs.export(session.kit, **session.scope, program=the_program(session, key))
    if as_json:
        print_json(data)
        return
    text = toml.write(data)
    if out is None:
        say(text, nl=False)
        return
    write_new(out, text.encode(), force=force)
    say(f"Wrote {out}. `mentorkit program create --file {out} --key KEY` makes it again.")


@click.group(epilog=example("mentorkit staff add ana@example.org --role coordinator"))
def staff() -> None:
    """Say who runs a program."""


@staff.command(epilog=example('mentorkit staff add --name "Ana Ruiz" --user-ref 4711'))
@click.argument("person", required=False)
@click.option(
    "--role",
    type=click.Choice(STAFF_ROLES),
    default="coordinator",
    show_default=True,
    help="A coordinator decides, a supervisor handles concerns, a viewer reads.",
)
@click.option("--name", help="The name of somebody who is not known here yet.")
@click.option("--user-ref", metavar="REF", help="Your product's own name for this user.")
@program_option
@json_option
@pass_session
def add(
    session: Session,
    /,
    person: str | None,
    role: str,
    name: str | None,
    user_ref: str | None,
    program: str | None,
    as_json: bool,
) -> None:
    """Appoint somebody.

    By id, key or e-mail, or with --name somebody who is not known here yet.
    """
    from mentorkit.journey import programs

    if not (person or name or user_ref):
        raise click.UsageError("Say who: an id, key or e-mail, or --name for somebody new.")
    key = the_program(session, program)
    programs.staff(session.kit, **session.scope, program=key)  # who is here, only staff may learn
    if person:
        with session.kit.transaction(tenant=session.tenant, write=False) as tx:
            try:
                person = find_person(tx, person).id
            except NotFound as error:
                if not (name or user_ref):
                    raise NotFound(
                        error.code,
                        f"{error} To appoint somebody new: `mentorkit staff add {clean(person)}"
                        " --name NAME`.",
                    ) from None
    made = programs.appoint(
        session.kit,
        **session.scope,
        program=key,
        role=role,
        person=person,
        name=name or "",
        user_ref=user_ref,
    )
    if as_json:
        print_json(made)
    else:
        was = f", who was {made['was']}" if made["was"] not in (None, role) else ""
        say(f"Appointed {words(made['name'])} as {role}{was}. Their id is {made['person']}.")
        if (person or user_ref) and name and called(name) != made["name"]:
            say(f"They are known as {words(made['name'])} here; the name was left as it is.")


@staff.command("list", epilog=example("mentorkit staff list --program traders"))
@program_option
@json_option
@pass_session
def list_(session: Session, /, program: str | None, as_json: bool) -> None:
    """List who runs a program."""
    from mentorkit.journey import programs

    rows = programs.staff(session.kit, **session.scope, program=the_program(session, program))
    if as_json:
        print_json(rows)
        return
    print_table(
        ["PERSON", "NAME", "USER", "ROLE"],
        [[row["key"] or row["person"], row["name"], row["user_ref"], row["role"]] for row in rows],
        none="Nobody yet. Appoint somebody with `mentorkit staff add`.",
    )


@staff.command(epilog=example("mentorkit staff remove ana@example.org"))
@click.argument("person")
@program_option
@json_option
@pass_session
def remove(session: Session, /, person: str, program: str | None, as_json: bool) -> None:
    """Take somebody's role back.

    By id, key or e-mail. What they did stays in the record; as a participant they stay.
    """
    from mentorkit.journey import programs

    key = the_program(session, program)
    programs.staff(session.kit, **session.scope, program=key)  # as in `add`
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        found = find_person(tx, person).id
    made = programs.dismiss(session.kit, **session.scope, program=key, person=found)
    if as_json:
        print_json(made)
    else:
        say(f"{words(person)} is no {made['role']} here any more.")
