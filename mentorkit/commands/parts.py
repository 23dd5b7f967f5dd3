"""Change somebody's part in a program: `participant show|pause|resume|leave|...`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mentorkit.commands.introductions import Reader
from mentorkit.commands.output import clean, example, json_option, print_json, say
from mentorkit.commands.people import named, participant, step
from mentorkit.commands.selection import means_option, program_option, selecting
from mentorkit.commands.session import Session, pass_session
from mentorkit.domain.participants import ROLES

_reason = click.option(
    "--reason",
    default="asked",
    show_default=True,
    help="Why, as a code such as no_time; kept for the record.",
)

__all__ = ["cohort", "correct", "leave", "participant", "pause", "resume", "show", "step", "touch"]


@participant.command(epilog=example("mentorkit participant show ana@example.org"))
@click.argument("who", metavar="PARTICIPANT")
@program_option
@json_option
@pass_session
def show(session: Session, /, who: str, program: str | None, as_json: bool) -> None:
    """Show one participant, as staff or themselves.

    By key, e-mail or id: how to reach them, their answers, and (to staff) the notes about them.
    Hours are on the clock of who acts (--as), else on the program's; in JSON they are UTC.
    """
    from mentorkit.journey import onboard

    (id,) = named(session, program, {who: ""}, {})
    found = onboard.show(session.kit, **session.scope, participant=id)
    if as_json:
        print_json(found)
        return
    say(
        clean(f"{found['name']} ({found['key'] or found['id']}): {found['role']}, {found['state']}")
    )
    agreed = (found["consented_at"] or "not yet")[:10]
    say(f"  agreed      {agreed}")
    say(f"  places      {found['used']} of {found['capacity']}")
    if found["silent_since"]:
        say(f"  prompts     none, since {found['silent_since'][:10]}")
    if found["cohort"]:
        say(f"  cohort      {found['cohort']}")
    for contact in found["contacts"]:
        if contact["kind"] != "erased":
            dead = f" (nobody there, says {', '.join(contact['bounced'])})"
            told = dead if contact["bounced"] else ""
            say(clean(f"  {contact['kind']:11} {contact['value']}{told}"))
    reader = Reader(session, found["program_id"])
    for question in found["questions"]:
        id, value = question["id"], question["value"]
        told = reader.answer(id, value) if value is not None and id in reader.fields else ""
        say(clean(f"  {id:11} {told or '-'}"))
    for note in found.get("notes", ()):
        when, who = note["at"][:16].replace("T", " "), note["by"] or "staff"
        say(clean(f"  {when}, {who} about the {note['about']}: {note['text']}"))


@participant.command(epilog=example("mentorkit participant pause ana@example.org"))
@selecting("PARTICIPANT")
@program_option
@_reason
@means_option
@json_option
@pass_session
def pause(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    reason: str,
    means: str,
    as_json: bool,
) -> None:
    """Leave people out of new runs for a while.

    By key or id; what they are in goes on.
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.pause, states=("active",), done="Paused", means=means, as_json=as_json,
        reason=reason,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant resume ana@example.org"))
@selecting("PARTICIPANT")
@program_option
@means_option
@json_option
@pass_session
def resume(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Match people again who were paused.

    By key or id; --all takes all who are paused.
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.resume, states=("paused",), done="Resumed", means=means, as_json=as_json,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant leave ana@example.org --means phone"))
@selecting("PARTICIPANT")
@program_option
@_reason
@means_option
@json_option
@pass_session
def leave(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    reason: str,
    means: str,
    as_json: bool,
) -> None:
    """Let people go.

    By key or id. Open proposals are withdrawn and circles left; end what they are in first. Who has
    left can be taken back in with `mentorkit participant readmit`.
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.leave, states=("lead", "waiting", "approved", "active", "paused"),
        done="Let go", means=means, as_json=as_json, reason=reason,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant correct --all --role mentee"))
@selecting("PARTICIPANT")
@program_option
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they should be.")
@means_option
@json_option
@pass_session
def correct(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    role: str,
    means: str,
    as_json: bool,
) -> None:
    """Correct the role that people came in with.

    By key or id; --all takes all whose role is another and who are not active yet. For a sheet that
    was taken in as the wrong side, or who took the wrong form. Who gains a side and is approved or
    active is let go (wrong_role) and is a lead again; nobody is while they are matched.
    """
    from mentorkit.journey import screen

    step(
        session, program, which, listed, every,
        verb=screen.correct_role, states=("lead", "waiting", "declined", "approved"),
        done="Corrected", means=means, as_json=as_json, staff_only=True, role=role,
        fits=lambda row: row["role"] != role,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant touch ana@example.org --level high"))
@selecting("PARTICIPANT")
@program_option
@click.option(
    "--level", "touch", required=True, help='A level of the targets; "" is as for all the others.'
)
@means_option
@json_option
@pass_session
def touch(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    touch: str,
    means: str,
    as_json: bool,
) -> None:
    """Say how closely people are looked after.

    By key or id. It counts from their next match on; the levels stand in the program's set-up
    ([[targets.touch]]).
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.set_touch, states=("lead", "waiting", "approved", "active", "paused"),
        done="Kept the level of", means=means, as_json=as_json, staff_only=True, touch=touch,
        fits=lambda row: row["touch"] != touch,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant silence ana@example.org"))
@selecting("PARTICIPANT")
@program_option
@means_option
@json_option
@pass_session
def silence(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Send people no more prompts of a program.

    By key or id. Offers, what others write to them, starts and ends, and all that is about safety
    still come.
    """
    from mentorkit.journey import silence as prompts

    step(
        session, program, which, listed, every,
        verb=prompts.silence, states=("lead", "waiting", "approved", "active", "paused"),
        done="Silenced", means=means, as_json=as_json,
        fits=lambda row: row["silent_since"] is None,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant unsilence ana@example.org"))
@selecting("PARTICIPANT")
@program_option
@means_option
@json_option
@pass_session
def unsilence(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Send people the prompts of a program again.

    By key or id. What was due meanwhile and is too late by now is not sent.
    """
    from mentorkit.journey import silence as prompts

    step(
        session, program, which, listed, every,
        verb=prompts.unsilence, states=("lead", "waiting", "approved", "active", "paused"),
        done="Prompts go again to", means=means, as_json=as_json,
        fits=lambda row: row["silent_since"] is not None,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant cohort --all --cohort 2027-spring"))
@selecting("PARTICIPANT")
@program_option
@click.option("--cohort", "key", required=True, metavar="KEY", help='Which one; "" for none.')
@means_option
@json_option
@pass_session
def cohort(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    key: str,
    means: str,
    as_json: bool,
) -> None:
    """Put people into a dated intake.

    By key, e-mail or id; --all takes all who are in none. `match --cohort KEY` matches them
    together, and what they begin lasts from its first day, or now, to its end.
    """
    from mentorkit.journey import cohorts

    step(
        session, program, which, listed, every,
        verb=cohorts.assign, states=("lead", "waiting", "approved", "active", "paused"),
        done="Noted the cohort of", means=means, as_json=as_json, staff_only=True,
        fits=lambda row: row["cohort"] is None, cohort=key or None,
    )  # fmt: skip
