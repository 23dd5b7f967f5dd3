"""Ask for one pair: `relationship propose`, by a mentee who chooses or by staff."""

from __future__ import annotations

from typing import Any

import click

from mentorkit.commands.output import clean, example, json_option, print_json, say
from mentorkit.commands.selection import acting, means_option, program_option
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
