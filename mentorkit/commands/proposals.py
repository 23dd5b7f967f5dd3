"""Ask for one pair, and about one: `relationship propose|ask|reply`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.output import clean, example, json_option, print_json, say
from mentorkit.commands.selection import (
    acting,
    chosen,
    ids_of,
    means_option,
    program_option,
    selecting,
    the_program,
    walk,
)
from mentorkit.commands.session import Session, find_person, pass_session
from mentorkit.errors import Invalid, NotFound, Problem


def how_to_answer(awaiting: str) -> str:
    """Return what is said wherever the answer of this role is awaited."""
    return (
        "Each answers with `mentorkit --as PERSON relationship accept PROPOSAL` (or decline), or"
        " you note it:\n"
        f"`mentorkit relationship accept MENTEE=MENTOR --for {awaiting} --means phone`."
    )


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
    """Ask for one pair: a mentee's wish, or staff's.

    By key, e-mail or id. It is offered at once; whoever asks for it with --as has said yes.
    """
    from mentorkit.journey import match as matching

    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        asking, asked = _two(tx, mentee, mentor, program)
    made = matching.propose(
        session.kit, tenant=session.tenant, actor=acting(session, means),
        mentee=asking, mentor=asked,
    )  # fmt: skip
    if as_json:
        print_json(made)
        return
    say(f"Proposed that {clean(mentee)} and {clean(mentor)} work together ({made['id']}).")
    say("Next: `mentorkit work` tells whoever is asked first.")
    say(how_to_answer(made["awaiting"]))


def _two(tx: Any, mentee: str, mentor: str, program: str | None) -> tuple[str, str]:
    """Return the participant ids of these two in the one program that they share."""
    key = (
        None if program is None else {p.id for p in tx.programs.find() if program in (p.key, p.id)}
    )
    rows = {
        role: [
            row
            for row in _participants(tx, wanted)
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


def _participants(tx: Any, wanted: str) -> list[Any]:
    """Return the participant with this id, or all of the person called so."""
    one = tx.participants.first(id=wanted)
    return [one] if one else tx.participants.find(person_id=find_person(tx, wanted).id)


text_option = click.option("--text", required=True, help="Up to 2000 characters.")


@click.command(
    epilog=example(
        "mentorkit relationship ask ana@example.org=ben@example.org --text 'Do you sell online?'"
    )
)
@selecting("PROPOSAL")
@program_option
@text_option
@means_option
@json_option
@pass_session
def ask(session: Session, /, text: str, means: str, as_json: bool, **named: Any) -> None:
    """Ask the other side something before answering.

    By id or as MENTEE=MENTOR, as one of the two (--as). The other side is told, and has the full
    time to reply.
    """
    from mentorkit.journey import accept as accepting

    ids = _in_state(session, "offered", **named)
    walk(
        session, accepting.ask, ids, noun="proposal", actor=acting(session, means),
        done="Asked about", as_json=as_json, text=text,
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
def reply(session: Session, /, text: str, means: str, as_json: bool, **named: Any) -> None:
    """Reply to a question about a proposal.

    By id or as MENTEE=MENTOR, as the one who was asked (--as) or as staff. Who asked is told.
    """
    from mentorkit.journey import accept as accepting

    ids = _in_state(session, "question", **named)
    walk(
        session, accepting.reply, ids, noun="proposal", actor=acting(session, means),
        done="Replied about", as_json=as_json, text=text,
    )  # fmt: skip


def _in_state(
    session: Session,
    state: str,
    *,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
) -> dict[str, str]:
    """Return the proposals named by id or as MENTEE=MENTOR, or all in this state, as `ids_of`."""
    from mentorkit.journey import match as matching

    def rows() -> list[dict[str, Any]]:
        key = the_program(session, program, takes_part=True)
        return matching.proposals(session.kit, **session.scope, program=key)

    def called(one: Mapping[str, Any]) -> list[str]:
        return ["=".join(one[f"{side}_key"] or one[f"{side}_id"] for side in ("mentee", "mentor"))]

    return ids_of(
        chosen(which, listed, every), rows, noun="proposal", states=(state,), called=called
    )
