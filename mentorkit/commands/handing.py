"""A mentee whose mentor is away goes on with another one: `relationship hand-over`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click

from mentorkit.commands.output import (
    by_work,
    clean,
    example,
    json_option,
    print_json,
    say,
    say_commands,
)
from mentorkit.commands.pairs import named
from mentorkit.commands.people import named as participants
from mentorkit.commands.proposals import find_participants, on_staff
from mentorkit.commands.selection import acting, chosen, means_option, program_option
from mentorkit.commands.session import Session, pass_session
from mentorkit.domain.relationships import ENDS, HOLDING
from mentorkit.errors import Invalid, NotFound, Problem

BEST = 5
"""How many mentors are named who fit."""


@click.command(
    "hand-over",
    epilog=example(
        "mentorkit relationship hand-over ana@example.org=ben@example.org",
        "mentorkit relationship hand-over ana@example.org=ben@example.org --to dora@example.org",
    ),
)
@click.argument("which", metavar="RELATIONSHIP")
@program_option
@click.option("--mentee", default="", metavar="PERSON", help="Whom of a circle; by key or id.")
@click.option("--to", default="", metavar="PERSON", help="Propose this mentor; by key or id.")
@click.option(
    "--reason", type=click.Choice(ENDS), default="no_contact", show_default=True, help="Why."
)
@click.option("--note", default="", help="Free words for staff; can be erased later.")
@click.option("--no-rest", is_flag=True, help="The mentor may be offered to others at once.")
@click.option("--preview", is_flag=True, help="Say what would follow, and change nothing.")
@means_option
@json_option
@pass_session
def hand_over(
    session: Session, /, which: str, program: str | None, mentee: str, to: str, reason: str,
    note: str, no_rest: bool, preview: bool, means: str, as_json: bool,
) -> None:  # fmt: skip
    """Find another mentor where one is away.

    By id or as MENTEE=MENTOR: the relationship ends, and another mentor is looked for. A circle
    goes on for its other mentees. Without --to it names those who fit best.
    """
    from mentorkit.journey import handover

    ids = named(session, program, [which], None, False, noun="relationship", states=HOLDING)
    (relationship,) = ids
    people = {"mentee": mentee, "to": to} if on_staff(session) else {}  # others are refused anyway
    asked: dict[str, Any] = {"relationship": relationship, "rest": not no_rest}
    asked |= {name: _beside(session, relationship, name, who) for name, who in people.items()}
    if preview:
        seen = handover.look(session.kit, **session.scope, **asked)
        if as_json:
            print_json(seen)
        else:
            _foretell(seen)
        return
    done = handover.hand_over(
        session.kit, tenant=session.tenant, actor=acting(session, means),
        reason=reason, note=note, **asked,
    )  # fmt: skip
    if as_json:
        print_json(done)
        return
    say(f"Ended {clean(ids[relationship])} for the mentee.")
    if done["rests"]:
        who = shlex.quote(clean(_keys(session, [done["rests"]])[done["rests"]]))
        say_commands(f"The mentor takes a break until `mentorkit participant resume {who}`.")
    if done["proposal"]:
        told = by_work(session.kit, "tells who is asked.")
        say_commands(f"The other mentor is proposed. {told}")
        return
    best = done["mentors"][:BEST]
    keys = _keys(session, [done["mentee"], *(one["id"] for one in best)])
    for one in best:
        told = "; ".join(one["words"]) or "has a place"
        say(clean(f"- {one['name']} ({keys[one['id']]}): {told}"))
    if not best:
        say(done["why"] or "Nobody who fits has a free place now.")
        return
    two = shlex.join([keys[done["mentee"]], keys[best[0]["id"]]])
    say_commands(f"Next: propose one of them, such as `mentorkit relationship propose {two}`.")


def _foretell(seen: Mapping[str, Any]) -> None:
    """Say what would follow."""
    mentors = clean(" and ".join(seen["mentors"]))
    goes_on = "; the circle goes on for the others" if seen["goes_on"] else ""
    say(f"The mentoring of {clean(seen['mentee'])} with {mentors} would end{goes_on}.")
    if seen["rests"]:
        say(f"{mentors} would take a break, and be offered to nobody meanwhile.")
    if seen["to"]:
        say(f"{clean(seen['to'])} would be proposed, and both asked.")
    else:
        say("Then those who fit best are named; with --to one of them is proposed at once.")
    say("Nothing was changed.")


@click.command(
    "pass-on",
    epilog=example(
        "mentorkit --as ana@example.org participant pass-on ana@example.org",
        "mentorkit --as ana@example.org participant pass-on ana@example.org --all-words --time",
    ),
)
@click.argument("which", metavar="PARTICIPANT")
@program_option
@click.option("--word", "words", multiple=True, metavar="ID", help="This word; may be repeated.")
@click.option("--all-words", is_flag=True, help="All that they wrote to mentors before.")
@click.option("--time", is_flag=True, help="How often and how long they met before.")
@click.option("--nothing", is_flag=True, help="Nothing at all, from now on.")
@json_option
@pass_session
def pass_on(
    session: Session, /, which: str, program: str | None, words: Sequence[str], all_words: bool,
    time: bool, nothing: bool, as_json: bool,
) -> None:  # fmt: skip
    """Say what the next mentor may read.

    As the mentee (--as), by key or id. Only what they wrote themselves; what is not named is passed
    on no more. Without an option it lists what there is.
    """
    from mentorkit.journey import handover

    seen: dict[str, Any] = {}
    (participant,) = participants(session, program, chosen([which], None, False), seen)
    at = {**session.scope, "participant": participant}
    if words or all_words or time or nothing:
        there = handover.own_words(session.kit, **at)["words"] if all_words else ()
        named = [*words, *(one["id"] for one in there)]
        handover.pass_on(session.kit, **at, words=named, time=time)
    found = handover.own_words(session.kit, **at)
    if as_json:
        print_json(found)
        return
    for one in found["words"]:
        say(clean(f"{'x' if one['passed'] else '-'} {one['id']} {one['at'][:10]} {one['text']}"))
    told = f"{found['meetings']} meetings, {found['minutes']} minutes"
    say(f"{'x' if found['time'] else '-'} {told}")
    say("The mentor you come to reads what is marked x.")


def _keys(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Return by which key, else by which id, a command finds each of these participants."""
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        found = tx.participants.get_many(ids)
        people = tx.people.get_many(one.person_id for one in found.values())
        return {id: people[one.person_id].external_key or id for id, one in found.items()}


def _beside(session: Session, relationship: str, name: str, wanted: str) -> str:
    """Return the id of the participant of the same program who is called so; "" for nobody."""
    if not wanted:
        return ""
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        program = tx.relationships.get(relationship).program_id
        found = [
            one.id for one in find_participants(tx, wanted, staff=True) if one.program_id == program
        ]
    if not found:
        raise NotFound("participant.not_found", f"{wanted} takes no part in this program.")
    if len(found) > 1:
        told = Problem(f"--{name}", "write the id: there are several who are called so")
        raise Invalid("participant.which", "It is not clear who is meant.", [told])
    return str(found[0])
