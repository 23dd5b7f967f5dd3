"""Forget somebody, or tell them all that is kept: `person erase` and `person export`."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.failures import CONFLICT, WRONG_INPUT, Failure
from mentorkit.commands.files import write_new
from mentorkit.commands.naming import named_person
from mentorkit.commands.output import clean, example, json_option, plain, plural, print_json, say
from mentorkit.commands.selection import acting, means_option
from mentorkit.commands.session import Session, pass_session
from mentorkit.domain.people import Actor
from mentorkit.errors import NotAllowed, NotFound

GOES = "Name, contacts, answers, notes and messages go; ids, codes, dates and counts stay."
MARKED = "A mark of their id and e-mail is left, by which `recruit` refuses to take them in again."


@click.group(epilog=example("mentorkit person erase ana@example.org"))
def person() -> None:
    """Export or erase what is kept, or keep two apart."""


@person.command(
    epilog=example(
        "mentorkit person erase ana@example.org    # says what would go",
        "mentorkit person erase ana@example.org --yes --means paper",
    )
)
@click.argument("who", metavar="PERSON")
@click.option("--yes", is_flag=True, help="Do it; it cannot be taken back.")
@means_option
@json_option
@pass_session
def erase(session: Session, /, who: str, yes: bool, means: str, as_json: bool) -> None:
    """Forget somebody for ever, in every program.

    By id, key or e-mail. What runs ends, what is offered is withdrawn, and what tells of them goes;
    ids, codes, dates and counts stay. Without --yes it says what would go and ends with
    exit code 2; with 5 if a table of a plugin that is not loaded may still hold something.
    """
    report = _erased(session, _id_of(session, who), acting(session, means), keep=yes)
    if as_json:
        print_json({**report, "preview": not yes})
    else:
        _say(clean(who), report, yes)
    if not yes:
        raise Failure(
            "Nothing was erased. To do it, which cannot be taken back: --yes.", WRONG_INPUT
        )
    if report["unreached"]:
        raise Failure(
            f"What these tables hold is still there: {', '.join(report['unreached'])}. Load the"
            f" plugin they belong to and erase {report['person']} again, or drop them.",
            CONFLICT,
        )


def _say(who: str, report: dict[str, Any], done: bool) -> None:
    ended, left = plural(report["ended"], "relationship"), plural(report["left"], "program")
    offers = "what was offered"
    if "withdrawn" in report:  # only staff are told how many
        offers = plural(report["withdrawn"], "proposal")
    if done:
        say(f"Erased {who}: ended {ended}, withdrew {offers}, left {left}.")
        say(MARKED)
    else:
        say(f"Would erase {who}: end {ended}, withdraw {offers}, leave {left}.")
        say(GOES)


class _TakenBack(Exception):
    """Ends a transaction of which nothing is to stay."""


def _erased(session: Session, found: str, actor: Actor, *, keep: bool) -> dict[str, Any]:
    """Erase the person with this id; without `keep`, only find out what that would do."""
    from mentorkit.journey import protect

    report: dict[str, Any] = {}

    def work(tx: Any) -> None:
        scope: dict[str, Any] = {"tenant": session.tenant, "actor": actor}
        report.update(protect.erase(session.kit, **scope, person=found, tx=tx))
        if not keep:
            raise _TakenBack

    with suppress(_TakenBack):
        session.kit.write(session.tenant, work)
    return report


def _id_of(session: Session, who: str) -> str:
    """Return the id of the person called so; "" for nobody, which only an operator is told."""
    try:
        return str(named_person(session, who).id)
    except NotFound:
        if session.actor.admin:
            raise
        return ""


def _told(tx: Any, person: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept about somebody without the proposals that are not told them yet."""
    own = {one.id for one in tx.participants.find(person_id=person)}
    chains = {one.id: one.accept_chain for one in tx.programs.find()}
    listed = kept.pop("mk__proposal", [])
    known = {
        id: one.known_to(one.side_of(own), chains[one.program_id])
        for id, one in tx.proposals.get_many(row["id"] for row in listed).items()
    }
    told = [row for row in listed if known[row["id"]]]
    return {**kept, "mk__proposal": told} if told else kept


@person.command(epilog=example("mentorkit person export ana@example.org --out ana.json"))
@click.argument("who", metavar="PERSON")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; printed where left out.",
)
@click.option("--force", is_flag=True, help="Replace a file that holds something else.")
@json_option
@pass_session
def export(session: Session, /, who: str, out: Path | None, force: bool, as_json: bool) -> None:
    """Write all that is kept about somebody, as JSON.

    By id, key or e-mail, table by table; for the person or who operates the database. What a table
    keeps to itself is left out, and a proposal of which they have not been told yet.
    """
    from mentorkit import store

    found = _id_of(session, who)
    if not session.actor.admin and session.actor.person_id != found:
        raise NotAllowed(
            "person.own_export",
            "Only the person, or who operates the database, may have this; ask one of them.",
        )
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        kept = _told(tx, found, store.export(tx, found))
    if out is None or as_json:
        print_json(kept)
        return
    write_new(out, json.dumps(plain(kept), ensure_ascii=False, indent=2).encode(), force=force)
    say(f"Wrote {out}.")
