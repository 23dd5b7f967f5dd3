"""Let people wait, record their sign-offs, ask checks again: `participant wait|sign|check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from mentorkit.commands.output import example, json_option, plural, print_json, say
from mentorkit.commands.parts import participant, step
from mentorkit.commands.selection import means_option, program_option, selecting, the_program
from mentorkit.commands.session import Session, pass_session


@participant.command(epilog=example("mentorkit participant wait ben@example.org"))
@selecting("PARTICIPANT")
@program_option
@click.option(
    "--reason",
    default="no_place",
    show_default=True,
    help="Why, as a code such as no_time; kept for the record.",
)
@click.option("--note", default="", help="Free words for staff; can be erased later.")
@means_option
@json_option
@pass_session
def wait(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    reason: str,
    note: str,
    means: str,
    as_json: bool,
) -> None:
    """Put leads on the waiting list.

    By key or id; --all takes all leads.
    """
    from mentorkit.journey import screen

    step(
        session, program, which, listed, every,
        verb=screen.wait, states=("lead",), done="Put on the waiting list:", means=means,
        as_json=as_json, staff_only=True, reason=reason, note=note,
    )  # fmt: skip


@participant.command(
    epilog=example("mentorkit participant sign mona@example.org --signoff ethics --means paper")
)
@selecting("PARTICIPANT")
@program_option
@click.option("--signoff", required=True, metavar="ID", help="Which one, such as ethics.")
@click.option("--withdraw", is_flag=True, help="Take it back: it does not count any more.")
@means_option
@json_option
@pass_session
def sign(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    signoff: str,
    withdraw: bool,
    means: str,
    as_json: bool,
) -> None:
    """Record that people have signed something off.

    By key or id; --all takes all who lack it. Who lacks one is matched with nobody.
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.sign, states=("lead", "waiting", "approved", "active", "paused"),
        done="Took back the sign-off of" if withdraw else "Recorded the sign-off of",
        means=means, as_json=as_json, signoff=signoff, signed=not withdraw,
        fits=lambda row: (signoff in row["signed"]) == withdraw
        and (withdraw or signoff in row["unsigned"]),
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant check"))
@program_option
@json_option
@pass_session
def check(session: Session, /, program: str | None, as_json: bool) -> None:
    """Check again who may join, of all not yet active.

    They are asked by themselves when people come in; again is for when what they look at changed.
    """
    from mentorkit.journey import requirements

    told = requirements.check(session.kit, **session.scope, program=the_program(session, program))
    if as_json:
        print_json(told)
    else:
        say(f"Asked about {plural(told['asked'], 'person', 'people')}; {told['changed']} changed.")


__all__ = ["check", "participant", "sign", "wait"]
