"""What became of each message that was sent: `message list`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from mentorkit.commands.output import example, json_option, note, print_json, print_table
from mentorkit.commands.people import named
from mentorkit.commands.selection import program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.domain.text import in_locale

STATES = ("waiting", "sent", "delivered", "failed", "bounced", "not_sent", "given_up")


@click.group(epilog=example("mentorkit message list --state bounced"))
def message() -> None:
    """Look up what became of messages."""


@message.command(
    name="list",
    epilog=example(
        "mentorkit message list --person ana@example.org",
        "mentorkit message list --state bounced --since 2027-03-01",
    ),
)
@program_option
@click.option("--person", metavar="PARTICIPANT", help="To whom: key, e-mail or id.")
@click.option("--state", type=click.Choice(STATES), help="What became of them.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Promised from this day on (UTC).")
@click.option("--limit", type=Whole(1, 1000), default=50, show_default=True, help="How many.")
@json_option
@pass_session
def list_(
    session: Session,
    /,
    program: str | None,
    person: str | None,
    state: str | None,
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """List messages, and what became of each.

    The newest first; what a message said is not kept. Of a program, or without --program and --as
    of all the tenant.
    """
    from mentorkit.journey import deliveries

    key = the_program(session, program) if program or person or session.person else None
    who = None
    if person:
        (part,) = named(session, key, {person: ""}, {})
        with session.kit.transaction(tenant=session.tenant, write=False) as tx:
            who = tx.participants.get(part).person_id
    found = deliveries.listed(
        session.kit, **session.scope, program=key, person=who, state=state, limit=limit,
        since=since and since.replace(tzinfo=UTC),
    )  # fmt: skip
    if as_json:
        print_json(found["items"])
    else:
        print_table(
            ["WHEN (UTC)", "TO", "WHAT", "BY", "STATE", "WHY"],
            [
                [
                    (one["sent"] or one["promised"])[:16].replace("T", " "),
                    one["person"],
                    in_locale(one["what"]),
                    one["channel"],
                    one["state"],
                    " ".join(
                        part for part in (one["why"], one["code"] and f"({one['code']})") if part
                    ),
                ]
                for one in found["items"]
            ],
            none="There are no such messages.",
        )
    if found["next"]:
        note("There are older ones: see more with --limit, or narrow it down.")
