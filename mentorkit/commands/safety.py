"""Concerns, texts that wait, and who is kept apart: `concern`, `content`, `person block`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from mentorkit.commands.naming import named_person
from mentorkit.commands.output import clean, example, json_option, print_json, print_table, say
from mentorkit.commands.privacy import person
from mentorkit.commands.selection import acting, means_option, program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.domain.safety import CONCERN_MOVES, KINDS, OUTCOMES
from mentorkit.errors import NotFound


@click.group(epilog=example("mentorkit concern list"))
def concern() -> None:
    """Raise a concern, or handle those that were raised."""


@click.group(epilog=example("mentorkit content list"))
def content() -> None:
    """Decide about texts that a content check has held."""


def _participant(session: Session, program: str, who: str | None) -> str | None:
    """Return the id by which a concern names somebody: of their part here, or of one of the staff.

    By id, key or e-mail. Whom the speaker may not name is left as it was typed, and nobody's id.
    """
    if who is None:
        return None
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        if tx.participants.first(id=who):
            return who
    try:
        found = named_person(session, who)
    except NotFound:
        if session.actor.admin:
            raise
        return who
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        here = tx.programs.first(key=program) or tx.programs.first(id=program)
        part = here and tx.participants.first(program_id=here.id, person_id=found.id)
        return str(part.id if part else found.id)


@concern.command(
    name="raise",
    epilog=example(
        "mentorkit --as E00001 concern raise --kind money --about M00001 --apart",
        "mentorkit concern raise --kind other --for E00001 --means phone --text 'She is afraid.'",
    ),
)
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What it is about.")
@click.option("--text", default="", help="What happened; up to 4000 characters.")
@click.option("--about", metavar="PERSON", help="Whom it is about, by id, key or e-mail.")
@click.option("--about-staff", is_flag=True, help="Somebody of the staff; only admins see it.")
@click.option("--apart", is_flag=True, help="Keep the two apart from now on.")
@click.option("--anonymous", is_flag=True, help="Keep nowhere who raised it.")
@click.option("--for", "behalf", metavar="PERSON", help="Whom staff speak for.")
@program_option
@means_option
@json_option
@pass_session
def raise_(
    session: Session, /, program: str | None, about: str | None, behalf: str | None, means: str,
    as_json: bool, **told: Any,
) -> None:  # fmt: skip
    """Raise a concern; the staff are told at once.

    As a participant (--as), as staff for one (--for), or as nobody in particular. The person it is
    about is never told of it.
    """
    from mentorkit.journey import concerns

    key = the_program(session, program, takes_part=True)
    done = concerns.raise_(
        session.kit,
        tenant=session.tenant,
        actor=acting(session, means),
        program=key,
        about=_participant(session, key, about),
        on_behalf_of=_participant(session, key, behalf),
        **told,
    )
    if as_json:
        print_json(done)
        return
    say(f"It is raised; {done['told']} of the staff are told." if done["told"] else _UNTOLD)
    if done["apart"]:
        say("The two are kept apart from now on.")


_UNTOLD = "It is raised and kept. Nobody of the staff could be told: `mentorkit concern list`."


@concern.command(name="list", epilog=example("mentorkit concern list --state raised"))
@click.option("--state", type=click.Choice(CONCERN_MOVES.states), help="Only those in this state.")
@program_option
@json_option
@pass_session
def list_concerns(
    session: Session, /, state: str | None, program: str | None, as_json: bool
) -> None:
    """List a program's concerns, those that wait first."""
    from mentorkit.journey import cases

    key = the_program(session, program)
    rows = cases.queue(session.kit, **session.scope, program=key, state=state)
    if as_json:
        print_json(rows)
        return
    print_table(
        ["CONCERN", "KIND", "STATE", "ABOUT", "RAISED BY", "OWNER", "RAISED"],
        [
            [row["id"], row["kind"], row["state"], _about(row), row["raised_name"], row["owner"],
             row["raised_at"][:10]]
            for row in rows
        ],
        none="No concern here.",
    )  # fmt: skip


def _about(row: Mapping[str, Any]) -> str:
    return row["about"] or ("the staff" if row["about_staff"] else "")


def _tell(row: Mapping[str, Any], as_json: bool) -> None:
    """Print a case as it is now."""
    if as_json:
        print_json(row)
        return
    owner = f", with {clean(row['owner'] or 'an admin')}" if row["state"] != "raised" else ""
    outcome = f" ({row['reason']})" if row["reason"] else ""
    say(f"Concern {row['id']}: {row['kind']}, {row['state']}{outcome}{owner}.")
    about, by = _about(row) or "nobody named", row["raised_name"] or "somebody not named"
    say(f"About {clean(about)}, raised by {clean(by)} on {row['raised_at'][:10]}.")
    if row["where"]:
        what = "proposal" if row["proposal_id"] else "relationship"
        say(f"It is about the {what} of {clean(', '.join(row['where']))}.")
    for line in row["text"].splitlines():
        say(f"  {clean(line)}")
    for note in row["notes"]:
        say(f"{note['at'][:16].replace('T', ' ')}, {clean(note['by'] or 'an admin')}:")
        for line in (note["text"] or "(erased)").splitlines():
            say(f"  {clean(line)}")


def _case_command(
    name: str, verb: str, told: str, *options: Callable[..., Any], shown: str = "CONCERN"
) -> click.Command:
    """Make a command that does one thing with one case."""

    def run(session: Session, /, case: str, as_json: bool, **given: Any) -> None:
        from mentorkit.journey import cases

        _tell(getattr(cases, verb)(session.kit, **session.scope, concern=case, **given), as_json)

    function = pass_session(run)
    for option in (json_option, *options, click.argument("case", metavar="CONCERN")):
        function = option(function)
    return click.command(name, help=told, epilog=example(f"mentorkit concern {name} {shown}"))(
        function
    )


_note = click.option("--note", default="", help="For those who handle concerns alone.")
for _command in (
    _case_command("show", "show", "Show one case.\n\nWith what was written, and the notes."),
    _case_command("take", "take", "Take a case.\n\nIt is yours then; of two who do, one has it."),
    _case_command(
        "note", "note", "Write a note about a case.\n\nThose who handle concerns alone read it.",
        click.option("--text", required=True, help="Up to 4000 characters."),
        shown="CONCERN --text 'I have called her.'",
    ),
    _case_command(
        "close", "close", "Close a case that was taken.", _note,
        click.option("--outcome", type=click.Choice(OUTCOMES), required=True, help="What came."),
        shown="CONCERN --outcome talked_to",
    ),
    _case_command("reopen", "reopen", "Put a case back in the queue.\n\nSomebody takes it.",
                  _note),
):  # fmt: skip
    concern.add_command(_command)


@content.command(name="list", epilog=example("mentorkit content list"))
@program_option
@json_option
@pass_session
def list_contents(session: Session, /, program: str | None, as_json: bool) -> None:
    """List the texts that wait, oldest first, with why."""
    from mentorkit.journey import contents

    key = the_program(session, program)
    rows = contents.waiting(session.kit, **session.scope, program=key)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        to = f"to {', '.join(row['to'])}" if row["to"] else f"in the field {row['field']}"
        say(f"{row['id']}: {clean(row['author'])} {clean(to)} ({row['reason']}):")
        for line in row["text"].splitlines():
            say(f"  {clean(line)}")
    if not rows:
        say("No text waits.")


@content.command(epilog=example("mentorkit content release CONTENT"))
@click.argument("which", metavar="CONTENT...", nargs=-1, required=True)
@json_option
@pass_session
def release(session: Session, /, which: Sequence[str], as_json: bool) -> None:
    """Pass texts on as they are.

    Who is asked has the full time from now.
    """
    _decide(session, "release", which, as_json, "Passed on")


@content.command(epilog=example("mentorkit content refuse CONTENT --note 'Write it kindly.'"))
@click.argument("which", metavar="CONTENT...", nargs=-1, required=True)
@click.option("--note", default="", help="Why, for whoever wrote them.")
@json_option
@pass_session
def refuse(session: Session, /, which: Sequence[str], note: str, as_json: bool) -> None:
    """Do not pass texts on.

    Whoever wrote them is asked for other words.
    """
    _decide(session, "refuse", which, as_json, "Not passed on", note=note)


@content.command(epilog=example("mentorkit --as E00001 content own"))
@json_option
@pass_session
def own(session: Session, /, as_json: bool) -> None:
    """List one's own texts that were not passed on yet.

    Of whom --as names.
    """
    from mentorkit.journey import contents

    rows = contents.own(session.kit, **session.scope)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        why = f": {clean(row['why'])}" if row["why"] else ""
        say(f"{row['id']}: {'waits' if row['state'] == 'held' else 'not passed on'}{why}")
        for line in row["text"].splitlines():
            say(f"  {clean(line)}")
    if not rows:
        say("No text waits.")


@content.command(
    name="take-back", epilog=example("mentorkit --as E00001 content take-back CONTENT")
)
@click.argument("which", metavar="CONTENT...", nargs=-1, required=True)
@json_option
@pass_session
def take_back(session: Session, /, which: Sequence[str], as_json: bool) -> None:
    """Take back texts of one's own that wait.

    Of whom --as names; `content own` lists them.
    """
    _decide(session, "take_back", which, as_json, "Taken back")


def _decide(
    session: Session, verb: str, which: Sequence[str], as_json: bool, did: str, **how: str
) -> None:
    from mentorkit.journey import contents

    step = getattr(contents, verb)
    done = [step(session.kit, **session.scope, content=one, **how) for one in which]
    if as_json:
        print_json(done)
    else:
        say(f"{did}: {len(done)}.")


@person.command(epilog=example("mentorkit person block ana@example.org ben@example.org"))
@click.argument("who", metavar="PERSON")
@click.argument("other", metavar="OTHER")
@means_option
@json_option
@pass_session
def block(session: Session, /, who: str, other: str, means: str, as_json: bool) -> None:
    """Keep two people apart from now on.

    At once and everywhere. By id, key or e-mail; for PERSON, or for staff. What runs between them
    ends and what is offered is withdrawn. OTHER is told nothing.
    """
    from mentorkit.journey import protect

    one, two = _two(session, who, other)
    by = acting(session, means)
    done = protect.block(session.kit, tenant=session.tenant, actor=by, person=one, other=two)
    if as_json:
        print_json(done)
    else:
        say(f"{clean(who)} and {clean(other)} are kept apart from now on.")


@person.command(epilog=example("mentorkit person unblock ana@example.org ben@example.org"))
@click.argument("who", metavar="PERSON")
@click.argument("other", metavar="OTHER")
@means_option
@json_option
@pass_session
def unblock(session: Session, /, who: str, other: str, means: str, as_json: bool) -> None:
    """Lift the block of PERSON against OTHER.

    By id, key or e-mail; for PERSON, or for staff. What has ended does not come back.
    """
    from mentorkit.journey import protect

    one, two = _two(session, who, other)
    by = acting(session, means)
    done = protect.unblock(session.kit, tenant=session.tenant, actor=by, person=one, other=two)
    if as_json:
        print_json(done)
    else:
        say(f"{clean(who)} and {clean(other)} may be brought together again.")


def _two(session: Session, who: str, other: str) -> tuple[str, str]:
    return named_person(session, who).id, named_person(session, other).id


@person.command(epilog=example("mentorkit person blocks"))
@program_option
@json_option
@pass_session
def blocks(session: Session, /, program: str | None, as_json: bool) -> None:
    """List who is kept apart from whom.

    In a program; with --as what one has set oneself.
    """
    from mentorkit.journey import protect

    key = program if session.person is not None else the_program(session, program)
    rows = protect.blocks(session.kit, **session.scope, program=key)
    if as_json:
        print_json(rows)
        return
    print_table(
        ["PERSON", "KEPT APART FROM", "SINCE"],
        [[row["name"], row["other_name"], row["since"][:10]] for row in rows],
        none="Nobody is kept apart.",
    )
