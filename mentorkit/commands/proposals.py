"""Ask for one pair, and about one: `relationship propose|ask|reply|talk|withdraw`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from mentorkit.commands.pairs import OPEN, each, named, proposals_in
from mentorkit.commands.selection import (
    acting,
    means_option,
    program_option,
    selecting,
)
from mentorkit.commands.session import Session, find_person, pass_session
from mentorkit.domain.relationships import OTHER
from mentorkit.errors import Invalid, NotAllowed, NotFound, Problem


def how_to_answer(session: Session, program: str, proposals: Sequence[Mapping[str, Any]]) -> str:
    """Say how these proposals are answered, to staff or to a participant; "" if none can be."""
    awaited = [one["awaiting"] for one in proposals if one["awaiting"]]
    told = []
    if awaited and _runs(session, program):
        told.append(
            "Each answers with `mentorkit --as PERSON relationship accept PROPOSAL` (or decline),"
            " or you note it:\n"
            f"`mentorkit relationship accept MENTEE=MENTOR --for {awaited[0]} --means phone`."
        )
    elif any(one["awaiting"] and one.get("your_turn") for one in proposals):
        told.append(
            "It is your turn: `mentorkit relationship accept PROPOSAL` (or decline), or ask"
            " first:\n"
            '`mentorkit relationship ask PROPOSAL --text "..."`.'
        )
    if any(one["state"] == "question" for one in proposals):
        told.append(
            "`mentorkit relationship talk PROPOSAL` shows a question. Who it waits for replies, or"
            " staff:\n"
            '`mentorkit relationship reply PROPOSAL --text "..."`.'
        )
    return "\n".join(told)


def _runs(session: Session, program: str) -> bool:
    """Return whether whoever is acting runs this program, by key or id."""
    from mentorkit.journey import programs

    if session.person is None:
        return True
    found = programs.show(session.kit, **session.scope)
    return any(program in (one["key"], one["id"]) for one in found)


@click.command(
    epilog=example(
        "mentorkit relationship propose ana@example.org ben@example.org",
    )
)
@click.argument("mentee")
@click.argument("mentor")
@program_option
@means_option
@json_option
@pass_session
def propose(
    session: Session, /, mentee: str, mentor: str, program: str | None, means: str, as_json: bool
) -> None:
    """Ask for one pair, as staff or as one of the two.

    A mentee or a mentor may ask where people choose for themselves (matching = "self"). By key or
    id, by staff also by e-mail. It is offered at once; whoever asks for it with --as has said yes.
    """
    from mentorkit.journey import match as matching

    staff = on_staff(session)
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        if not staff:
            may_ask(tx, session, program)
        asking, asked = find_two(tx, mentee, mentor, program, staff=staff)
    made = matching.propose(
        session.kit, tenant=session.tenant, actor=acting(session, means),
        mentee=asking, mentor=asked,
    )  # fmt: skip
    if as_json:
        print_json(made)
        return
    say(f"Proposed that {clean(mentee)} and {clean(mentor)} work together ({made['id']}).")
    say_commands(by_work(session.kit, "tells whoever is asked first."))
    if told := how_to_answer(session, made["program_id"], [made]):
        say_commands(told)


def on_staff(session: Session) -> bool:
    """Return whether whoever is acting works in some program."""
    from mentorkit.journey import programs

    return session.person is None or bool(programs.show(session.kit, **session.scope))


def may_ask(tx: Any, session: Session, program: str | None) -> None:
    """Refuse whom no program lets ask before anybody is looked up: who is here is not told."""
    from mentorkit.journey.definitions import targets_of

    mine = tx.participants.find(person_id=session.actor.person_id)
    for one in tx.programs.get_many(row.program_id for row in mine).values():
        if program in (None, one.key, one.id):
            levels = targets_of(tx, one)[0].touch
            if "self" in (one.matching, *(level.matching for level in levels)):
                return
    raise NotAllowed(
        "proposal.staff_matches", "The staff match people here; ask a coordinator to propose two."
    )


def find_two(
    tx: Any, mentee: str, mentor: str, program: str | None, *, staff: bool
) -> tuple[str, str]:
    """Return the participant ids of these two in the one program that they share."""
    key = (
        None if program is None else {p.id for p in tx.programs.find() if program in (p.key, p.id)}
    )
    rows = {
        role: [
            row
            for row in find_participants(tx, wanted, staff=staff)
            if row.plays(role) and (key is None or row.program_id in key)
        ]
        for role, wanted in (("mentee", mentee), ("mentor", mentor))
    }
    for role, wanted in (("mentee", mentee), ("mentor", mentor)):
        if not rows[role]:
            raise NotFound("participant.not_found", f"{wanted} takes part as no {role} here.")
    pairs = [
        (one.id, other.id)
        for one in rows["mentee"]
        for other in rows["mentor"]
        if one.program_id == other.program_id
    ]
    if not pairs:
        raise NotFound("participant.not_found", f"{mentee} and {mentor} share no program.")
    if len(pairs) > 1:
        raise Invalid(
            "program.which",
            "They share several programs.",
            [Problem("--program", "say which one")],
        )
    return pairs[0]


def find_participants(tx: Any, wanted: str, *, staff: bool) -> list[Any]:
    """Return the participant with this id, or all of the person called so.

    Others than staff name people by key or id alone: whose address is known here is not theirs.
    """
    if one := tx.participants.first(id=wanted):
        return [one]
    person = find_person(tx, wanted) if staff else tx.people.first(external_key=wanted)
    return tx.participants.find(person_id=person.id) if person else []


def _passed(did: str) -> Callable[[Mapping[str, Any]], str]:
    """Say of each whether it was passed on, or is looked at first, which stops the clock."""
    return lambda row: did if row["due_at"] else "Set aside to be looked at first:"


text_option = click.option("--text", required=True, help="Up to 2000 characters.")


@click.command(
    epilog=example(
        "mentorkit --as M00001 relationship ask E00002=M00001 --text 'Do you sell online?'",
    )
)
@selecting("PROPOSAL")
@program_option
@text_option
@means_option
@json_option
@pass_session
def ask(session: Session, /, **given: Any) -> None:
    """Ask the other side something before answering.

    By id or as MENTEE=MENTOR, as one of the two (--as). The other side is told, and has the full
    time to reply.
    """
    from mentorkit.journey import accept as accepting

    each(
        session, noun="proposal", states=("offered",), verb=accepting.ask, done="Asked about",
        told=_passed("Asked about"), **given,
    )  # fmt: skip


@click.command(
    epilog=example(
        "mentorkit relationship reply ana@example.org=ben@example.org --text 'Since 2019.'"
    )
)
@selecting("PROPOSAL")
@program_option
@text_option
@means_option
@json_option
@pass_session
def reply(session: Session, /, **given: Any) -> None:
    """Reply to a question about a proposal.

    By id or as MENTEE=MENTOR, as the one who was asked (--as) or as staff, who read it with
    `relationship talk`. Who asked is told.
    """
    from mentorkit.journey import accept as accepting

    each(
        session, noun="proposal", states=("question",), verb=accepting.reply, done="Replied about",
        told=_passed("Replied about"), **given,
    )  # fmt: skip


@click.command(
    epilog=example(
        "mentorkit relationship talk ana@example.org=ben@example.org",
        "mentorkit relationship talk --all --json",
    )
)
@selecting("PROPOSAL")
@program_option
@json_option
@pass_session
def talk(session: Session, /, as_json: bool, **given: Any) -> None:
    """Read what was asked and replied about proposals.

    By id or as MENTEE=MENTOR, as one of the two (--as) or as staff; --all takes the open ones
    about which something was asked. Times are UTC.
    """
    from mentorkit.journey import accept as accepting

    pairs: dict[str, str] = {}

    def list_them(session: Session, key: str) -> list[dict[str, Any]]:
        rows = proposals_in(session, key)
        pairs.update((row["id"], f"{row['mentee']} and {row['mentor']}") for row in rows)
        return rows

    ids = named(
        session, **given, noun="proposal", states=OPEN, fits=lambda row: row["asked_by"],
        list_them=list_them,
    )  # fmt: skip
    said = {id: accepting.talk(session.kit, **session.scope, proposal=id) for id in ids}
    if as_json:
        print_json([{"proposal": id, **one} for id, told in said.items() for one in told])
        return
    for id, told in said.items():
        say(f"{clean(pairs.get(id, ids[id]))}:" + ("" if told else " nothing was asked."))
        for one in told:
            say(_spoken(one))
    if not said:
        say("Nothing is asked about a proposal here.")


def _spoken(one: Mapping[str, Any]) -> str:
    """Return a question or a reply in lines: when and who, then the text, further in."""
    verb = "asked" if one["kind"] == "question" else "replied"
    text = [clean(line) for line in (one["text"] or "(erased)").splitlines()]
    when = one["at"][:16].replace("T", " ")
    return "\n    ".join([f"  {when}, the {one['by']} {verb}:", *text])


@click.command(
    epilog=example("mentorkit relationship withdraw ana@example.org=ben@example.org --reason late")
)
@selecting("PROPOSAL")
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
def withdraw(session: Session, /, **given: Any) -> None:
    """Take open proposals back.

    By id or as MENTEE=MENTOR; a participant takes back what they asked for (--as). Whoever has
    heard of one is told; the two can be proposed again.
    """
    from mentorkit.journey import accept as accepting

    each(
        session, noun="proposal", states=OPEN, verb=accepting.withdraw, done="Withdrew",
        fits=lambda row: "reason" in row or row["origin"] in OTHER, **given,
    )  # fmt: skip
