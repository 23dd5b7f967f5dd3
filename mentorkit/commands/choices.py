"""Mentors ranked for one mentee, and what became of each: `relationship rank|choices`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from mentorkit.commands.output import (
    by_work,
    clean,
    example,
    json_option,
    print_json,
    print_table,
    say,
    say_commands,
)
from mentorkit.commands.proposals import find_participants, find_two, may_ask, on_staff
from mentorkit.commands.selection import acting, means_option, program_option
from mentorkit.commands.session import Session, pass_session
from mentorkit.errors import Invalid, NotFound, Problem


@click.command(
    epilog=example(
        "mentorkit relationship rank ana@example.org M00001 M00007",
        "mentorkit relationship rank ana@example.org",
    )
)
@click.argument("mentee")
@click.argument("mentors", nargs=-1)
@program_option
@means_option
@json_option
@pass_session
def rank(
    session: Session, /, mentee: str, mentors: Sequence[str], program: str | None, means: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Rank up to five mentors for a mentee.

    By key or id (staff also by e-mail), most wanted first. The first is asked; when that comes to
    nothing, `mentorkit work` asks the next. Without mentors, those that wait are taken back.
    """
    from mentorkit.journey import choices

    staff = on_staff(session)
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        if not staff:
            may_ask(tx, session, program)
        pairs = [find_two(tx, mentee, mentor, program, staff=staff) for mentor in mentors]
        asking = pairs[0][0] if pairs else _mentee(tx, mentee, program, staff=staff)
    made = choices.rank(
        session.kit, tenant=session.tenant, actor=acting(session, means),
        mentee=asking, mentors=[mentor for _, mentor in pairs],
    )  # fmt: skip
    if as_json:
        print_json(made)
        return
    open_now = [one for one in made["choices"] if one["state"] in ("offered", "draft")]
    for one in open_now:
        waits = "waits" if one["state"] == "draft" else "is asked"
        say(f"{one['rank']}. {clean(one['mentor'])} {waits}.")
    told = by_work(session.kit, "tells who is asked.")
    say_commands(told if open_now else "Nobody is chosen now.")


def _mentee(tx: Any, wanted: str, program: str | None, *, staff: bool) -> str:
    """Return the id of the one participant who is called so and is a mentee."""
    programs = {one.id for one in tx.programs.find() if program in (None, one.key, one.id)}
    found = [
        one
        for one in find_participants(tx, wanted, staff=staff)
        if one.plays("mentee") and one.program_id in programs
    ]
    if not found:
        raise NotFound("participant.not_found", f"{clean(wanted)} takes part as no mentee here.")
    if len(found) > 1:
        told = Problem("--program", "say which one")
        raise Invalid("program.which", "They are a mentee in several programs.", [told])
    return str(found[0].id)


@click.command(epilog=example("mentorkit relationship choices ana@example.org"))
@click.argument("mentee")
@program_option
@json_option
@pass_session
def choices(session: Session, /, mentee: str, program: str | None, as_json: bool) -> None:
    """Show whom a mentee has chosen, and each step.

    By key or id (staff also by e-mail). Times are UTC.
    """
    from mentorkit.journey import choices as choosing

    staff = on_staff(session)
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        asking = _mentee(tx, mentee, program, staff=staff)
    told = choosing.show(session.kit, **session.scope, participant=asking)
    if as_json:
        print_json(told)
        return
    print_table(
        ["PLACE", "MENTOR", "STATE", "UNTIL"],
        [
            [one["rank"], one["mentor"], one["state"], (one["due_at"] or "")[:10]]
            for one in told["choices"]
        ],
        none="Nobody is chosen. Rank mentors with `mentorkit relationship rank`.",
    )
    for step in told["trace"]:
        who = ", ".join([step["by"], *({step["means"]} - {"self", "job"})])
        at = step["at"][:16].replace("T", " ")
        say(f"  {at}  {step['what']}  {clean(step['mentor'])}  ({who})")
