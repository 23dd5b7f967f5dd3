"""Note what people tell: `participant add|answer|capacity|zone`; and who fits: `suggest`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.introductions import Reader
from mentorkit.commands.joining import participant
from mentorkit.commands.output import (
    clean,
    example,
    json_option,
    print_json,
    print_table,
    say,
    say_commands,
)
from mentorkit.commands.people import named, step
from mentorkit.commands.selection import (
    acting,
    means_option,
    program_option,
    selecting,
    the_program,
)
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.domain.moves import STAFF
from mentorkit.domain.participants import ROLES, Lead
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.i18n import zone_named

HERE = ("lead", "waiting", "approved", "active", "paused")
"""The states of whoever takes part, or may come to."""
NOBODY_SO = "Nobody who shows that and fits has a free place now. Look for less."


@participant.command(epilog=example("mentorkit participant capacity ben@example.org 3"))
@selecting("PARTICIPANT")
@click.argument("capacity", metavar="N", type=Whole(0, 10_000))
@program_option
@means_option
@json_option
@pass_session
def capacity(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    capacity: int,
    program: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Say for how many people at once there is time.

    By key, e-mail or id: of a mentor the mentees, of a mentee the mentors; never fewer than there
    are now. People say it for themselves with --as, a mentee up to what the program allows.
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.set_capacity, states=HERE, done="Kept the places of", means=means,
        as_json=as_json, capacity=capacity, fits=lambda row: row["capacity"] != capacity,
    )  # fmt: skip


@participant.command(
    epilog=example(
        "mentorkit participant answer ana@example.org trade=baker village=Ora",
        "mentorkit participant answer ana@example.org village=    # takes an answer back",
    )
)
@click.argument("who", metavar="PARTICIPANT")
@click.argument("given", metavar="FIELD=ANSWER...", nargs=-1, required=True)
@program_option
@means_option
@json_option
@pass_session
def answer(
    session: Session, /, who: str, given: Sequence[str], program: str | None, means: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Fill in or change answers.

    By key, e-mail or id. Several of one list stand in one answer, as in a sheet. Nothing is kept
    before all of it is right; the other answers stay.
    """
    from mentorkit.journey import onboard

    answers = _answers(given)
    (id,) = named(session, program, {who: ""}, {})
    made = onboard.answer(
        session.kit, tenant=session.tenant, actor=acting(session, means), participant=id,
        answers=answers,
    )  # fmt: skip
    if as_json:
        print_json(made)
        return
    say(f"Kept the answers of {clean(who)}.")


def _answers(given: Sequence[str]) -> dict[str, str]:
    """Return what was typed as FIELD=ANSWER."""
    split = [one.partition("=") for one in given]
    for field, equals, answer in split:
        if not (field.strip() and equals):
            raise click.UsageError(f"Write FIELD=ANSWER, not {clean(field + answer)}.")
    return {field.strip(): answer for field, _, answer in split}


@participant.command(epilog=example("mentorkit participant zone ana@example.org Nairobi"))
@click.argument("who", metavar="PARTICIPANT")
@click.argument("zone")
@program_option
@means_option
@json_option
@pass_session
def zone(
    session: Session, /, who: str, zone: str, program: str | None, means: str, as_json: bool
) -> None:
    """Set somebody's time zone.

    By key, e-mail or id; a city, or a zone such as Africa/Nairobi. They read dates and hours in it,
    in every program.
    """
    from mentorkit.journey import onboard

    (id,) = named(session, program, {who: ""}, {})
    made = onboard.set_zone(
        session.kit, tenant=session.tenant, actor=acting(session, means), participant=id,
        zone=zone_named(zone),
    )  # fmt: skip
    if as_json:
        print_json(made)
        return
    say(f"Kept the time zone of {clean(who)}: {zone_named(zone)}.")


@participant.command(
    epilog=example(
        "mentorkit participant add E00090 --role mentee --name 'Ana Silva' --email ana@example.org",
        "mentorkit participant add M00031 --role mentor --name 'Ben Okafor' --answer trade=baker",
    )
)
@click.argument("key")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they are to be.")
@click.option("--name", required=True, help="What they are called.")
@click.option("--email", help="Where mail reaches them.")
@click.option("--phone", help="With its country code, such as +254 700 123456.")
@click.option(
    "--answer", "given", metavar="FIELD=ANSWER", multiple=True, help="An answer of theirs."
)
@click.option("--cohort", metavar="KEY", help="The dated intake that they belong to.")
@program_option
@means_option
@json_option
@pass_session
def add(
    session: Session, /, key: str, role: str, name: str, email: str | None, phone: str | None,
    given: Sequence[str], cohort: str | None, program: str | None, means: str, as_json: bool,
) -> None:  # fmt: skip
    """Take in one person, without a file.

    KEY is your own id for them, by which they are named afterwards. Who is here already under it is
    not changed. They come in as a lead.
    """
    from mentorkit.domain.fields import parsed
    from mentorkit.journey import recruit
    from mentorkit.journey.definitions import fields_of
    from mentorkit.journey.steps import reading

    answers, of = _answers(given), the_program(session, program)
    with reading(session.kit, session.tenant, session.actor, of, STAFF) as (tx, found):
        profile, problems = parsed(fields_of(tx, found), answers)
    if problems:
        raise Invalid("profile.invalid", "Some answers cannot be used:", problems)
    lead = Lead(
        key=key, role=role, name=name, email=email, phone=phone,  # type: ignore[arg-type]
        profile=profile, cohort=cohort,
    )  # fmt: skip
    scope: dict[str, Any] = {"tenant": session.tenant, "actor": acting(session, means)}
    scope |= {"program": of, "leads": [lead]}
    _ensure_new(key, recruit.receive(session.kit, **scope, preview=True))
    report = recruit.receive(session.kit, **scope)
    _ensure_new(key, report)
    if as_json:
        print_json(report)
        return
    say(f"Took {clean(name)} ({clean(key)}) in as a {role}.")
    for one in report["twins"]:
        say(f"Perhaps here already: {clean(one['message'])}")
    say_commands(f"Next: `mentorkit participant approve {clean(key)}`.")


def _ensure_new(key: str, report: dict[str, Any]) -> None:
    """Raise what keeps somebody from being taken in, or that they are here already."""
    if report["refused"]:
        problems = [Problem("", one["message"]) for one in report["refused"]]
        raise Invalid("lead.invalid", "They cannot be taken in:", problems)
    if not report["new"]:
        told = f"{clean(key)} is here already. Change them with `mentorkit participant answer`."
        raise Conflict("participant.here_already", told)


@participant.command(
    epilog=example(
        "mentorkit participant suggest ana@example.org",
        "mentorkit participant suggest ana@example.org --where country=KE --where country=UG",
    )
)
@click.argument("who", metavar="PARTICIPANT")
@click.option(
    "--limit", type=Whole(), default=10, show_default=True, help="How many at most, up to 50."
)
@click.option(
    "--where", "given", metavar="FIELD=OPTION", multiple=True,
    help="Only who shows this; several options of one field are any of them.",
)  # fmt: skip
@program_option
@json_option
@pass_session
def suggest(
    session: Session, /, who: str, limit: int, given: Sequence[str], program: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List the mentors who fit a mentee best.

    By key, e-mail or id. For staff, and with --as for a mentee who may choose. All have a free
    place; what they show of themselves stands below. --where takes a question whose answer is
    shown, and an option by its id or name. Ask for one with `mentorkit relationship propose`, by
    the id shown.
    """
    from mentorkit.journey import suggestions

    (id,) = named(session, program, {who: ""}, {})
    where = looked_for(given)
    told = suggestions.mentors(
        session.kit, **session.scope, participant=id, limit=limit, where=where
    )
    if as_json:
        print_json(told)
        return
    print_table(
        ["MENTOR", "ID", "WHY"],
        [[one["name"], one["id"], " ".join(filter(None, one["words"]))] for one in told["mentors"]],
        none=NOBODY_SO if where else "Nobody who fits has a free place now.",
    )
    reader = Reader(session, told["program"])
    for one in told["mentors"]:
        if lines := reader.lines(one["answers"]):
            say("\n".join([f"\nWhat {clean(one['name'])} has answered:", *lines]))


def looked_for(given: Sequence[str]) -> dict[str, list[str]]:
    """Return what was typed as FIELD=OPTION, as often as one likes."""
    where: dict[str, list[str]] = {}
    for field, equals, option in (one.partition("=") for one in given):
        if not (field.strip() and equals and option.strip()):
            raise click.UsageError(f"Write FIELD=OPTION, not {clean(field + equals + option)}.")
        where.setdefault(field.strip(), []).append(option.strip())
    return where


__all__ = ["participant"]
