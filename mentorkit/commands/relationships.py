"""Those who are together, or asked to be: `relationship list|accept|...|meet`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.choices import choices, rank
from mentorkit.commands.handing import hand_over
from mentorkit.commands.introductions import introduce, write
from mentorkit.commands.meeting import COMMANDS
from mentorkit.commands.output import (
    clean,
    example,
    json_option,
    note,
    print_json,
    print_table,
    say,
    say_commands,
)
from mentorkit.commands.pairs import (
    OPEN,
    each,
    proposals_in,
    relationships_in,
    with_key,
)
from mentorkit.commands.proposals import ask, how_to_answer, propose, reply, talk, withdraw
from mentorkit.commands.selection import (
    means_option,
    program_option,
    selecting,
    the_program,
)
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.domain.relationships import ENDS, OTHER, PROPOSAL_MOVES, RELATIONSHIP_MOVES
from mentorkit.errors import Invalid, NotFound


@click.group(epilog=example("mentorkit relationship list"))
def relationship() -> None:
    """Answer proposals, log meetings, pause and end."""


ASIDE = (propose, rank, choices, ask, reply, talk, withdraw, introduce, write, hand_over)
for one in (*ASIDE, *COMMANDS):
    relationship.add_command(one)


@relationship.command("list", epilog=example("mentorkit relationship list --state active"))
@program_option
@click.option(
    "--state",
    type=click.Choice(list(dict.fromkeys([*PROPOSAL_MOVES.states, *RELATIONSHIP_MOVES.states]))),
    help="Only those in this state; else what waits for an answer, and all relationships.",
)
@click.option(
    "--only",
    type=click.Choice(["proposals", "relationships"]),
    help="One of the two, page by page: see --limit and --after.",
)
@click.option(
    "--limit", type=Whole(), default=50, show_default=True, help="How many of --only, at most 1000."
)
@click.option("--after", metavar="ID", help="Those after this one of --only.")
@json_option
@pass_session
def list_(
    session: Session, /, program: str | None, state: str | None, only: str | None, limit: int,
    after: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List proposals and relationships.

    Proposals that wait for an answer, then relationships with the minutes spent together. With
    --as a participant sees their own.
    """
    key = the_program(session, program, takes_part=True)
    if only is None:
        proposals = [
            one
            for one in proposals_in(session, key)
            if (one["state"] == state if state else one["state"] in OPEN)
        ]
        begun = [one for one in relationships_in(session, key) if state in (None, one["state"])]
    else:
        proposals, begun = _page(session, key, only, state, limit, after)
    if as_json:
        print_json(
            [{"noun": "proposal", **one} for one in proposals]
            + [{"noun": "relationship", **one} for one in begun]
        )
        return
    if proposals:
        print_table(
            ["PROPOSAL", "MENTEE", "MENTOR", "STATE", "WAITS FOR", "UNTIL"],
            [
                [
                    one["id"],
                    _circle(one) + with_key(one["mentee"], one["mentee_key"]),
                    with_key(one["mentor"], one["mentor_key"]),
                    one["state"],
                    one["awaiting"] or _asked(one),
                    (one["due_at"] or "")[:10],
                ]
                for one in proposals
            ],
            none="",
        )
        if told := how_to_answer(session, key, proposals):
            say_commands(f"\n{told}")
        if not begun:
            return
        say()
    print_table(
        ["RELATIONSHIP", "MENTEE", "MENTOR", "STATE", "MINUTES", "ENDS"],
        [
            [
                one["id"],
                ", ".join([*_names(one, "mentee"), *_names(one, "peer")]),
                ", ".join(_names(one, "mentor")),
                one["state"],
                one["minutes"],
                (one["ended_at"] or one["ends_at"])[:10],
            ]
            for one in begun
        ],
        none="No relationship here yet; one begins when everybody who is asked has said yes."
        if state is None
        else f"Nothing is {state} here.",
    )


def _page(
    session: Session, key: str, only: str, state: str | None, limit: int, after: str | None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # fmt: skip
    """Return one page of proposals or of relationships, and say how to come to the next."""
    from mentorkit.journey import browse

    listing = browse.proposals if only == "proposals" else browse.relationships
    states = state or (OPEN if only == "proposals" else None)
    page = listing(
        session.kit, **session.scope, program=key, state=states, after=after, limit=limit
    )
    if page["next"]:
        note(f"More: the same with --only {only} --after {page['next']}")
    items = page["items"]
    return (items, []) if only == "proposals" else ([], items)


def _circle(proposal: Mapping[str, Any]) -> str:
    """Return what stands before who leads the circle that a second mentor is asked into."""
    return "circle of " if proposal["circle_of"] else ""


def _asked(proposal: Mapping[str, Any]) -> str | None:
    """Return the side that a reply is waited for from, if there is a question, or what else is."""
    if proposal["circle_of"] and proposal["answered"] and proposal["state"] == "offered":
        return "the circle"
    return OTHER[proposal["asked_by"]] if proposal["state"] == "question" else None


def _names(one: Mapping[str, Any], role: str) -> list[str]:
    here = (member for member in one["members"] if not member["left_at"])
    return [with_key(member["name"], member["key"]) for member in here if member["role"] == role]


@relationship.command(
    epilog=example(
        "mentorkit relationship accept --all --means phone",
        "mentorkit relationship accept ana@example.org=ben@example.org",
    )
)
@selecting("PROPOSAL")
@program_option
@click.option(
    "--for",
    "on_behalf_of",
    type=click.Choice(["mentee", "mentor", "coordinator"]),
    help="Whose yes it is, when staff note it; all who are still asked where left out.",
)
@means_option
@json_option
@pass_session
def accept(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    on_behalf_of: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Say yes to proposals.

    By id or as MENTEE=MENTOR; --all takes those whose turn it is. The last yes that is asked for
    begins the relationship. A circle's second mentor is named as LEADER=MENTOR; whoever says yes
    first, they join when it begins.
    """
    from mentorkit.journey import accept as accepting

    before: dict[str, list[str]] = {}

    def list_them(session: Session, key: str) -> list[dict[str, Any]]:
        rows = proposals_in(session, key)
        before.update((row["id"], row["answered"]) for row in rows)
        return rows

    def told(row: Mapping[str, Any]) -> str:
        said = [role for role in row["answered"] if role not in before.get(row["id"], ())]
        own = session.person is not None and on_behalf_of is None and len(said) == 1
        both = " and ".join([*filter(None, [", ".join(said[:-1])]), *said[-1:]])
        return "Said yes to" if own else f"Noted the yes of {both} for"

    each(
        session, program, which, listed, every, noun="proposal", states=("offered",),
        verb=accepting.accept, done="Said yes to", told=told, list_them=list_them,
        means=means, as_json=as_json, on_behalf_of=on_behalf_of,
        fits=lambda row: row["your_turn"] and on_behalf_of in (None, row["awaiting"]),
    )  # fmt: skip


@relationship.command(
    epilog=example(
        "mentorkit relationship decline ana@example.org=ben@example.org --reason no_time"
    )
)
@selecting("PROPOSAL")
@program_option
@click.option(
    "--reason",
    default="no_reason_given",
    show_default=True,
    help="Why, as a code such as no_time; kept for the record.",
)
@click.option("--note", default="", help="Free words for staff; can be erased later.")
@means_option
@json_option
@pass_session
def decline(
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
    """Say no to proposals.

    By id or as MENTEE=MENTOR.
    """
    from mentorkit.journey import accept as accepting

    each(
        session, program, which, listed, every, noun="proposal", states=("offered", "question"),
        verb=accepting.decline, done="Said no to",
        means=means, as_json=as_json, reason=reason, note=note,
    )  # fmt: skip


@relationship.command(
    epilog=example("mentorkit relationship pause ana@example.org=ben@example.org")
)
@selecting("RELATIONSHIP")
@program_option
@click.option(
    "--reason",
    default="asked",
    show_default=True,
    help="Why, as a code such as no_time; kept for the record.",
)
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
    """Pause relationships.

    By id or as MENTEE=MENTOR. Places stay held, and what is still to come waits.
    """
    from mentorkit.journey import meet as meeting

    each(
        session, program, which, listed, every, verb=meeting.pause, states=("active",),
        done="Paused", means=means, as_json=as_json, reason=reason,
    )  # fmt: skip


@relationship.command(
    epilog=example("mentorkit relationship extend ana@example.org=ben@example.org --days 28")
)
@selecting("RELATIONSHIP")
@program_option
@click.option("--days", required=True, type=Whole(1, 3650), help="How much later the end is.")
@means_option
@json_option
@pass_session
def extend(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    days: int,
    means: str,
    as_json: bool,
) -> None:
    """Let relationships last longer, as staff.

    By id or as MENTEE=MENTOR. What is still to come at a part of the length, such as the mid-point,
    moves with the end.
    """
    from mentorkit.journey import meet as meeting

    each(
        session, program, which, listed, every, verb=meeting.extend, states=("active", "paused"),
        done="Extended", means=means, as_json=as_json, days=days,
    )  # fmt: skip


@relationship.command(
    epilog=example("mentorkit relationship resume ana@example.org=ben@example.org")
)
@selecting("RELATIONSHIP")
@program_option
@click.option(
    "--reason",
    default="back",
    show_default=True,
    help="Why, as a code such as no_time; kept for the record.",
)
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
    reason: str,
    means: str,
    as_json: bool,
) -> None:
    """Go on after a pause.

    By id or as MENTEE=MENTOR. The end moves by as long as the pause lasted.
    """
    from mentorkit.journey import meet as meeting

    each(
        session, program, which, listed, every, verb=meeting.resume, states=("paused",),
        done="Resumed", means=means, as_json=as_json, reason=reason,
    )  # fmt: skip


@relationship.command(
    epilog=example("mentorkit relationship end ana@example.org=ben@example.org --reason no_time")
)
@selecting("RELATIONSHIP")
@program_option
@click.option(
    "--reason",
    type=click.Choice(ENDS),
    help="Why; completed where left out.",
)
@click.option(
    "--only", metavar="PERSON", help="Take this one out of a circle, which goes on; by key or id."
)
@click.option("--note", default="", help="Free words for staff; can be erased later.")
@means_option
@json_option
@pass_session
def end(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    reason: str | None,
    only: str | None,
    note: str,
    means: str,
    as_json: bool,
) -> None:
    """End relationships.

    By id or as MENTEE=MENTOR. Places are free again, what was still to come is cancelled. A circle
    that one of its mentees or of its two mentors ends (--as) goes on without them, and so it does
    with --only, by staff.
    """
    from mentorkit.journey import meet as meeting

    def told(rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            usual = f"; it may be another: --reason {'|'.join(ENDS[1:])}"
            say(f"The reason noted is {reason or ENDS[0]}{'' if reason else usual}.")

    values: dict[str, Any] = {"reason": reason or ENDS[0], "note": note, "after": told}
    if only is not None:
        values["only"] = _member_called(
            relationships_in(session, the_program(session, program)), only
        )
    each(
        session, program, which, listed, every, verb=meeting.end,
        done="Ended" if only is None else f"Took {clean(only)} out of", means=means,
        as_json=as_json, fits=lambda row: only is None or values["only"] in _alone(row), **values,
    )  # fmt: skip


def _alone(one: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the key of each whom staff may take out of it, by participant id; no sole mentor."""
    here = [member for member in one["members"] if not member["left_at"]]
    mentors = [member for member in here if member["role"] == "mentor"]
    return {m["participant"]: m["key"] for m in here if m["role"] != "mentor" or len(mentors) > 1}


def _member_called(begun: Sequence[Mapping[str, Any]], wanted: str) -> str:
    """Return the participant id of who may be taken out of these relationships, by key or id."""
    for one in begun:
        for member, key in _alone(one).items():
            if wanted in (member, key):
                return member
    told = f"{wanted} is a mentee in no relationship here, and no second mentor."
    raise NotFound("participant.not_found", told)


@relationship.command(
    epilog=example(
        "mentorkit relationship meet ana@example.org=ben@example.org --minutes 45",
        "mentorkit relationship meet --file met.txt --minutes 60 --at 2027-03-01T18:00+01:00",
    )
)
@selecting("RELATIONSHIP")
@program_option
@click.option("--minutes", type=Whole(), required=True, help="How long they met, in minutes.")
@click.option(
    "--at",
    "held_at",
    help="When, with the hours from UTC (2027-03-01T18:00+01:00); now where left out.",
)
@click.option(
    "--attended",
    multiple=True,
    metavar="ID",
    help="Who was there, of a group: a participant's id; may be repeated. All where left out.",
)
@means_option
@json_option
@pass_session
def meet(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    minutes: int,
    held_at: str | None,
    attended: Sequence[str],
    means: str,
    as_json: bool,
) -> None:
    """Log a meeting.

    By id or as MENTEE=MENTOR, wherever it was held.
    """
    each(
        session, program, which, listed, every, verb=_log,
        done="Logged a meeting of", means=means, as_json=as_json, minutes=minutes, held_at=held_at,
        attendees=list(attended) or None,
    )  # fmt: skip


def _log(*scope: Any, **values: Any) -> dict[str, Any]:
    """Log a meeting; what is wrong with it is named as it was typed."""
    from mentorkit.journey import meet as meeting

    typed = {"held_at": "--at", "minutes": "--minutes", "attendees": "--attended"}
    try:
        return meeting.log(*scope, **values)
    except Invalid as error:
        problems = [replace(one, place=typed[one.place]) for one in error.problems]
        raise Invalid(error.code, error.message, problems) from None
