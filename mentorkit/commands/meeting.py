"""What a pair or a group does: `relationship show|history|strike|link|met|gather|checks|...`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from mentorkit.commands.output import clean, example, json_option, print_json, print_table, say
from mentorkit.commands.pairs import named, with_key
from mentorkit.commands.selection import acting, means_option, program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.domain.relationships import RELATIONSHIP_MOVES
from mentorkit.errors import Invalid, NotFound, Problem

STATES = RELATIONSHIP_MOVES.states
SHOWN = ("kind", "minutes", "days", "reason")


def _one(session: Session, program: str | None, which: Sequence[str]) -> str:
    """Return the id of the one relationship that is named."""
    ids = named(session, program, which, None, False, noun="relationship", states=STATES)
    return str(next(iter(ids)))


@click.command(epilog=example("mentorkit relationship show ana@example.org=ben@example.org"))
@click.argument("which", metavar="RELATIONSHIP", nargs=1)
@program_option
@json_option
@pass_session
def show(session: Session, /, which: str, program: str | None, as_json: bool) -> None:
    """Show one relationship and what was done in it.

    By id or as MENTEE=MENTOR. Times are UTC.
    """
    from mentorkit.journey import meet

    one = meet.show(session.kit, **session.scope, relationship=_one(session, program, [which]))
    if as_json:
        print_json(one)
        return
    names = {member["participant"]: member["name"] for member in one["members"]}
    who = ", ".join(m["name"] for m in one["members"] if not m["left_at"])
    say(f"{clean(who)}: {one['state']}, {one['minutes']} minutes together.")
    say()
    print_table(
        ["MILESTONE", "STATE", "OPENS", "DUE", "WAITS FOR"],
        [
            [
                m["kind"], m["state"], m["opens_at"][:10], m["closes_at"][:10],
                ", ".join(names.get(id, id) for id in m["awaited"])
                if m["state"] in ("due", "missed") else "",
            ]
            for m in one["milestones"]
        ],
        none="No milestone is planned.",
    )  # fmt: skip
    say()
    print_table(
        ["MEETING", "WHEN", "MINUTES", "STATE", "WHO WAS THERE"],
        [
            [
                m["id"], m["held_at"][:16].replace("T", " "), m["minutes"], m["state"],
                ", ".join(names.get(id, id) for id in m["attendees"]),
            ]
            for m in one["meetings"]
        ],
        none="No meeting is logged yet.",
    )  # fmt: skip


@click.command(epilog=example("mentorkit relationship history ana@example.org=ben@example.org"))
@click.argument("which", metavar="RELATIONSHIP", nargs=1)
@program_option
@json_option
@pass_session
def history(session: Session, /, which: str, program: str | None, as_json: bool) -> None:
    """Show what happened in one, and who noted it.

    By id or as MENTEE=MENTOR, newest first. Staff see all; with --as a participant sees what they
    did, and what staff did in their place. Times are UTC.
    """
    from mentorkit.journey import history as told

    facts = told.history(session.kit, **session.scope, relationship=_one(session, program, [which]))
    if as_json:
        print_json(facts)
        return
    print_table(
        ["WHEN", "WHAT", "WHO", "AS", "BY"],
        [
            [
                (one["at"] or "")[:16].replace("T", " "),
                " ".join([one["what"], *(f"{key}={one[key]}" for key in SHOWN if key in one)]),
                one["by"] or "",
                one["role"],
                one["means"],
            ]
            for one in facts
        ],
        none="Nothing that is yours to see has happened yet.",
    )


@click.command(epilog=example("mentorkit relationship strike MEETING"))
@click.argument("meeting")
@means_option
@json_option
@pass_session
def strike(session: Session, /, meeting: str, means: str, as_json: bool) -> None:
    """Take out a meeting that was logged by mistake.

    By its id, which `relationship show` prints; either side may, and staff. It counts no more.
    """
    from mentorkit.journey import meet

    actor = acting(session, means)
    done = meet.strike(session.kit, tenant=session.tenant, actor=actor, meeting=meeting)
    print_json(done) if as_json else say(
        f"The meeting of {done['minutes']} minutes counts no more."
    )


@click.command(
    epilog=example(
        "mentorkit relationship link ana@example.org=ben@example.org --for ana@example.org"
    )
)
@click.argument("which", metavar="RELATIONSHIP", nargs=1)
@program_option
@click.option("--for", "who", required=True, metavar="KEY", help="Whom it speaks for; key or id.")
@json_option
@pass_session
def link(session: Session, /, which: str, program: str | None, who: str, as_json: bool) -> None:
    """Make a link that logs one meeting with one tap.

    Whoever has it needs no log-in. By id or as MENTEE=MENTOR. The kit must have secret_keys, which
    sign it.
    """
    from mentorkit.journey import meet, met

    id = _one(session, program, [which])
    rows = meet.relationships(
        session.kit, **session.scope, program=the_program(session, program, takes_part=True)
    )
    here: list[Any] = next((row["members"] for row in rows if row["id"] == id), [])
    found = [m["participant"] for m in here if who in (m["participant"], m["key"])]
    if not found:
        raise NotFound("participant.not_found", f"{who} is not in this relationship.")
    made = met.link(session.kit, **session.scope, relationship=id, participant=found[0])
    print_json(made) if as_json else say(made["url"] or made["token"])


@click.command(epilog=example("mentorkit relationship met TOKEN --minutes 60"))
@click.argument("token")
@click.option("--minutes", type=Whole(), required=True, help="How long they met, in minutes.")
@click.option(
    "--at",
    "held_at",
    help="When, with the hours from UTC (2027-03-01T18:00+01:00); now where left out.",
)
@json_option
@pass_session
def met(session: Session, /, token: str, minutes: int, held_at: str | None, as_json: bool) -> None:
    """Log the meeting of a link, once.

    TOKEN is the end of its address; it says whose it is.
    """
    from mentorkit.journey import met as meeting

    done = meeting.log(
        session.kit, tenant=session.tenant, token=token.rpartition("/")[2],
        minutes=minutes, held_at=held_at,
    )  # fmt: skip
    print_json(done) if as_json else say(f"Logged a meeting of {done['minutes']} minutes.")


@click.command(
    epilog=example(
        "mentorkit relationship gather ana@example.org ben@example.org eve@example.org"
        " --means phone",
        "mentorkit relationship gather ana@example.org ben@example.org --mentor mo@example.org",
    )
)
@click.argument("people", metavar="PARTICIPANT...", nargs=-1, required=True)
@program_option
@click.option("--mentor", metavar="PARTICIPANT", help="Who leads them; without, all are peers.")
@means_option
@json_option
@pass_session
def gather(
    session: Session,
    /,
    people: Sequence[str],
    program: str | None,
    mentor: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Bring peers or a circle together who agreed.

    By key or id. Two peers are a pair, three and more a ring; with --mentor it is a circle.
    """
    from mentorkit.journey import gather as gathering
    from mentorkit.journey import screen

    key = the_program(session, program)
    rows = screen.review(session.kit, **session.scope, program=key)
    ids = {name: row["id"] for row in rows for name in (row["id"], row["key"]) if name}
    unknown = [one for one in [*people, *([mentor] if mentor else [])] if one not in ids]
    if unknown:
        problems = [Problem(one, "is no participant here") for one in unknown]
        raise Invalid("gather.people", "Some names name nobody:", problems)
    made = gathering.gather(
        session.kit, tenant=session.tenant, actor=acting(session, means), program=key,
        people=[ids[one] for one in people], mentor=ids[mentor] if mentor else None,
    )  # fmt: skip
    print_json(made) if as_json else say(f"Brought {len(made['members'])} people together.")


def _who(row: Mapping[str, Any]) -> str:
    """Return who is together, each with the key that may be typed and tells namesakes apart."""
    return ", ".join(with_key(one["name"], one["key"]) for one in row["members"])


@click.command(epilog=example("mentorkit relationship checks"))
@program_option
@json_option
@pass_session
def checks(session: Session, /, program: str | None, as_json: bool) -> None:
    """List the milestones that are due, with flags."""
    from mentorkit.journey import checks as looking

    rows = looking.due(session.kit, **session.scope, program=the_program(session, program))
    if as_json:
        print_json(rows)
        return
    print_table(
        ["MILESTONE", "KIND", "STATE", "UNTIL", "WHO", "WAITS FOR", "FLAGS"],
        [
            [
                row["id"], row["kind"], row["state"], row["closes_at"][:10],
                _who(row),
                ", ".join([*row["awaited"], *(["staff"] if row["yours"] else [])]),
                ", ".join(why["code"] for why in row["flags"]),
            ]
            for row in rows
        ],
        none="Nothing is due now.",
    )  # fmt: skip


@click.command(epilog=example("mentorkit relationship flags"))
@program_option
@json_option
@pass_session
def flags(session: Session, /, program: str | None, as_json: bool) -> None:
    """List those that staff should look at, and why."""
    from mentorkit.journey import flags as flagging

    rows = flagging.flags(session.kit, **session.scope, program=the_program(session, program))
    if as_json:
        print_json(rows)
        return
    print_table(
        ["RELATIONSHIP", "WHO", "WHY"],
        [
            [
                row["relationship"],
                _who(row),
                "; ".join(
                    " ".join([why["code"], *(f"{k}={v}" for k, v in why.items() if k != "code")])
                    for why in row["reasons"]
                ),
            ]
            for row in rows
        ],
        none="Nothing wants looking at.",
    )


@click.command(epilog=example("mentorkit relationship look MILESTONE --for staff --note 'Fine.'"))
@click.argument("milestone")
@click.option(
    "--for", "who", metavar="WHO", help="A participant's id, or staff; all who are asked, if not."
)
@click.option("--note", default="", help="Free words for staff; can be erased later.")
@means_option
@json_option
@pass_session
def look(
    session: Session, /, milestone: str, who: str | None, note: str, means: str, as_json: bool
) -> None:
    """Note that somebody has looked back at a milestone.

    By its id, which `relationship checks` prints. With --as people do so for themselves.
    """
    from mentorkit.journey import meet

    done = meet.reach(
        session.kit, tenant=session.tenant, actor=acting(session, means), milestone=milestone,
        on_behalf_of=who, note=note,
    )  # fmt: skip
    left = "done" if done["state"] == "done" else "noted; others are still to look back"
    print_json(done) if as_json else say(f"{done['kind']}: {left}.")


@click.command(epilog=example("mentorkit relationship hours --since 2027-01-01"))
@program_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on (UTC).")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Before this day (UTC).")
@json_option
@pass_session
def hours(
    session: Session,
    /,
    program: str | None,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Count the time met, individual and in groups."""
    from mentorkit.journey import history

    told: Mapping[str, Mapping[str, int]] = history.hours(
        session.kit, **session.scope, program=the_program(session, program),
        since=since and since.replace(tzinfo=UTC), until=until and until.replace(tzinfo=UTC),
    )  # fmt: skip
    if as_json:
        print_json(told)
        return
    print_table(
        ["KIND", "MEETINGS", "MINUTES", "MINUTES OF EVERYBODY THERE"],
        [[kind, one["meetings"], one["minutes"], one["attended"]] for kind, one in told.items()],
        none="",
    )


COMMANDS = (show, history, strike, link, met, gather, flags, checks, look, hours)
