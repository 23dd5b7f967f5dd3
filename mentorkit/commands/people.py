"""Take people in and decide who joins: `recruit`, and `participant list|approve|...`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.failures import HINTS, leave_if_wrong
from mentorkit.commands.files import read_bytes
from mentorkit.commands.following import say_next
from mentorkit.commands.headings import by_hand, reader
from mentorkit.commands.output import (
    Progress,
    clean,
    counted,
    example,
    json_option,
    plural,
    print_json,
    print_table,
    say,
    words,
)
from mentorkit.commands.selection import (
    acting,
    addresses,
    bad_rows,
    chosen,
    ids_of,
    means_option,
    program_option,
    selecting,
    tell_problems,
    the_program,
    walk,
)
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.domain.participants import PARTICIPANT_MOVES, ROLES
from mentorkit.domain.text import in_locale
from mentorkit.errors import Invalid, NotAllowed, Problem

MOST_CHANGES = 20
"""How many of those who are new or changed a preview names."""


@click.command(
    epilog=example(
        "mentorkit recruit mentors.csv --role mentor --preview",
        "mentorkit recruit mentees.csv --role mentee --columns 'e-mail=email'",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@program_option
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help="What the people in the file are to be; not needed if it has a column `role`.",
)
@click.option(
    "--columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="Take what stands in COLUMN for this field, whatever it is headed; may be repeated.",
)
@click.option(
    "--source",
    metavar="NAME",
    help="Which source of a plugin reads the file; the one for its ending if left out.",
)
@click.option("--preview", is_flag=True, help="Say exactly what would happen, and write nothing.")
@json_option
@pass_session
def recruit(
    session: Session,
    /,
    file: Path,
    program: str | None,
    role: str | None,
    columns: Sequence[str],
    source: str | None,
    preview: bool,
    as_json: bool,
) -> None:
    """Take people in from a file, CSV or XLSX.

    Each row is a person, who stands as a lead until `mentorkit participant approve`. Columns are
    known by their headings: `ref` (an id of their own), `name`, `email`, `phone` and the fields of
    the program. The same file again changes nothing. Weekly hours are of the clock in the row's
    column `zone`, else of the program's. Rows that cannot be used are listed and the others kept;
    the exit code is 2 then.
    """
    from mentorkit.journey import recruit as recruiting

    body = read_bytes(file)
    if isinstance(body, Problem):
        raise Invalid("recruit.file", "The file cannot be used:", [body])
    key = the_program(session, program)
    read = reader(session, columns, program=key, body=body, filename=file.name, source=source)
    leads, problems = read(role=role)
    if role is None and problems and not leads and _readable_as_somebody(read):
        raise Invalid(
            "recruit.role",
            "The file does not say who is in it.",
            [Problem(file.name, "give --role mentor or --role mentee, or add a column `role`")],
        )
    with Progress(keeps=not preview) as progress:
        report = recruiting.receive(
            session.kit,
            **session.scope,
            program=key,
            leads=leads,
            preview=preview,
            progress=progress,
        )
    notes, skipped = bad_rows(problems, file.name)
    if as_json:
        print_json(
            {**report, "skipped": skipped, "problems": problems, **_options(session, key, problems)}
        )
    else:
        told = counted(
            (report["new"], "new"),
            (report["changed"], "changed"),
            (report["unchanged"], "unchanged"),
            (len(report["refused"]), "refused"),
            (skipped, "left out"),
        )
        say(f"{'Would take in' if preview else 'Took in'} {file.name}: {told or 'nobody'}.")
        if preview:
            _say_changes(report["changes"])
            say("This was a preview: nothing was written.")
        elif report["new"]:
            say_next(session, [key])
    tell_problems([*notes, *by_hand(notes)], "Please note:")
    tell_problems(
        [problem for problem in problems if problem not in notes],
        f"{plural(skipped, 'row')} left out; mend the rows and take the file in again:",
    )
    tell_problems(
        [
            Problem(
                one["place"] or one["key"],
                " ".join(filter(None, (one["message"], HINTS.get(one["code"])))),
            )
            for one in report["refused"]
        ],
        f"Refused {plural(len(report['refused']), 'row')}:",
    )
    tell_problems(
        [Problem(one["place"] or one["key"], one["message"]) for one in report["twins"]],
        "Perhaps here already:",
    )
    # Whoever was erased stays refused however often the file comes, and no row of it is to mend.
    gone = sum(one["code"] == "lead.erased" for one in report["refused"])
    taken = report["new"] + report["changed"] + report["unchanged"]
    leave_if_wrong(skipped + len(report["refused"]) - gone, kept=taken + gone)


def _options(session: Session, program: str, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return all options of each field, if an answer is none: messages hold only the first."""
    if not any("is not an option" in one.message for one in problems):
        return {}
    from mentorkit.journey.programs import export

    fields = export(session.kit, **session.scope, program=program).get("fields", {})
    lists = {id: one.get("options", one.get("ordered")) for id, one in fields.items()}
    return {"options": {id: list(given) for id, given in lists.items() if given}}


def _readable_as_somebody(read: Callable[..., tuple[Sequence[Any], Sequence[Problem]]]) -> bool:
    """Return whether rows of the file can be used once somebody says which role is in it."""
    for role in ("mentee", "mentor"):
        try:
            if read(role=role)[0]:
                return True
        except Invalid:  # the columns do not fit this role
            continue
    return False


def _say_changes(changes: Sequence[Mapping[str, Any]]) -> None:
    """Say who would be new or changed, the first of them one by one."""
    for one in changes[:MOST_CHANGES]:
        told = [
            f"{field} {words(was) or 'empty'} -> {words(now) or 'empty'}"
            for field, (was, now) in one["fields"].items()
        ]
        more = f": {'; '.join(told)}" if told else ""
        say(clean(f"  {one['outcome']} {one['role']} {one['key']} ({one['name']}){more}"))
    if len(changes) > MOST_CHANGES:
        say(f"  ... and {len(changes) - MOST_CHANGES:,} more; --json lists all.")


@click.group(epilog=example("mentorkit participant list --state lead"))
def participant() -> None:
    """Decide who takes part, and note consent."""


@participant.command(
    "list", epilog=example("mentorkit participant list --role mentor --state active")
)
@program_option
@click.option(
    "--state", type=click.Choice(PARTICIPANT_MOVES.states), help="Only those in this state."
)
@click.option("--role", type=click.Choice(["mentee", "mentor"]), help="Only mentees, or mentors.")
@click.option(
    "--search",
    metavar="TEXT",
    default="",
    help="Only those whose name, business, address or key has each of these words in it.",
)
@json_option
@pass_session
def list_(
    session: Session, /, program: str | None, state: str | None, role: str | None, search: str,
    as_json: bool,
) -> None:  # fmt: skip
    """List participants, and what they do not meet.

    `ask: time` under NOT MET means that a person decides about the requirement time, because it
    is not answered or not met; by approving you say yes. Without `ask` it is refused.
    """
    from mentorkit.journey import screen

    key = the_program(session, program)
    found = screen.review(session.kit, **session.scope, program=key, state=state, search=search)
    rows = [row for row in found if role is None or row["role"] in (role, "both")]
    if as_json:
        print_json(rows)
        return
    dated = any(row["cohort"] for row in rows)
    print_table(
        [
            "KEY",
            "NAME",
            "ROLE",
            "STATE",
            "CONSENT",
            "PLACES",
            *(["COHORT"] if dated else []),
            "NOT MET",
            "SIGN-OFF MISSING",
        ],
        [
            [
                row["key"] or row["id"],
                row["name"],
                row["role"],
                row["state"],
                row["consented_at"] is not None,
                f"{row['used']} of {row['capacity']}",
                *([row["cohort"]] if dated else []),
                _unmet(row),
                ", ".join(row["unsigned"]),
            ]
            for row in rows
        ],
        none="Nobody fits that search."
        if search
        else "Nobody here. Take people in with `mentorkit recruit FILE --role mentor`.",
    )


def _unmet(row: Mapping[str, Any]) -> str:
    return ", ".join(
        ("ask: " if one["answer"] == "ask" else "") + one["requirement"]
        for one in row["requirements"]
        if one["answer"] != "yes"
    )


def step(
    session: Session,
    program: str | None,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    *,
    verb: Any,
    states: Sequence[str],
    done: str,
    means: str,
    as_json: bool,
    fits: Any = lambda row: True,
    staff_only: bool = False,
    after: Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], None] | None = None,
    **values: Any,
) -> None:
    """Walk one step for the participants named, by id, key or e-mail; people name themselves.

    `after` is told how all stood before, by id, and those for whom it was done.
    """
    before: dict[str, Any] = {}
    ids = named(
        session, program, chosen(which, listed, every), before,
        states=states, fits=fits, staff_only=staff_only,
    )  # fmt: skip
    walk(
        session,
        verb,
        ids,
        noun="participant",
        actor=acting(session, means),
        done=done,
        as_json=as_json,
        after=partial(after, before) if after else None,
        **values,
    )


def named(
    session: Session,
    program: str | None,
    names: Mapping[str, str] | None,
    before: dict[str, Any],
    *,
    states: Sequence[str] = PARTICIPANT_MOVES.states,
    fits: Any = lambda row: True,
    staff_only: bool = False,
) -> dict[str, str]:
    """Return ``{id: what it was called}`` for those named, or all; rows by id go into `before`."""
    from mentorkit.journey import screen

    emails: dict[str, list[str]] = {}

    def list_them() -> list[dict[str, Any]]:
        key = the_program(session, program, takes_part=not staff_only, about=names or ())
        try:
            rows = screen.review(session.kit, **session.scope, program=key)
        except NotAllowed:
            if names is None or staff_only:
                raise
            rows = _own(session, key)
        before.update((row["id"], row) for row in rows)
        keys = [row["key"] for row in rows]
        emails.update(addresses(session, list(before), names or (), keys))
        return rows

    return ids_of(
        names,
        list_them,
        noun="participant",
        states=states,
        called=lambda row: [row["key"] or row["id"], *emails.get(row["id"], ())],
        fits=fits,
        staff_only=staff_only,
    )


def _own(session: Session, program: str) -> list[dict[str, Any]]:
    """List whoever is acting, where they take part in the program themselves."""
    from mentorkit.journey.steps import as_party, program_of

    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        person = tx.people.get(str(session.actor.person_id))
        where = {"program_id": program_of(tx, program).id, "person_id": person.id}
        own = {"name": person.name, "key": person.external_key}
        return [{**as_party(one), **own} for one in tx.participants.find(**where)]


def _say_unmet(before: Mapping[str, Any], done: Sequence[Mapping[str, Any]]) -> None:
    """Say how many of those who were approved do not meet which requirements."""
    unmet = Counter(
        f'"{words(text).rstrip(".")}"' if (text := in_locale(one["text"])) else one["requirement"]
        for row in done
        for one in before[row["id"]]["requirements"]
        if one["answer"] != "yes"
    )
    for requirement, count in unmet.items():
        do = "does" if count == 1 else "do"
        say(f"Of these, {count:,} {do} not (or not yet) meet the requirement {requirement}.")
    if unmet:
        say("They may join all the same: that was yours to decide, and is noted.")


@participant.command(
    epilog=example(
        "mentorkit participant approve --all",
        "mentorkit participant approve ana@example.org ben@example.org",
    )
)
@selecting("PARTICIPANT")
@program_option
@click.option(
    "--despite",
    multiple=True,
    metavar="REQUIREMENT",
    help="Pass over this requirement, which otherwise refuses; may be repeated.",
)
@click.option("--note", default="", help="Free words for staff; can be erased later.")
@means_option
@json_option
@pass_session
def approve(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    despite: Sequence[str],
    note: str,
    means: str,
    as_json: bool,
) -> None:
    """Let leads join.

    By key or id; --all takes all leads and the waiting list. Whoever does not meet a requirement
    is refused, unless --despite names it. About a requirement that only asks (`ask` in the list)
    you decide by approving; how many do not meet it is said.
    """
    from mentorkit.journey import screen

    step(
        session, program, which, listed, every,
        verb=screen.approve, states=("lead", "waiting"), done="Approved", means=means,
        as_json=as_json, staff_only=True, despite=tuple(despite), note=note, after=_say_unmet,
    )  # fmt: skip


@participant.command(
    epilog=example("mentorkit participant decline ben@example.org --reason outside_region")
)
@selecting("PARTICIPANT")
@program_option
@click.option(
    "--reason",
    default="",
    help="Why, as a code such as no_time, kept for the record; else the first requirement not met.",
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
    """Turn leads down.

    By key or id; --all takes all leads and the waiting list.
    """
    from mentorkit.journey import screen

    step(
        session, program, which, listed, every,
        verb=screen.decline, states=("lead", "waiting"), done="Declined", means=means,
        as_json=as_json, staff_only=True, reason=reason, note=note,
    )  # fmt: skip


@participant.command(
    epilog=example("mentorkit participant consent --file signed.txt --means paper")
)
@selecting("PARTICIPANT")
@program_option
@means_option
@json_option
@pass_session
def consent(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Note that people agreed to the program's text.

    By key or id; --all takes all who have not agreed yet.
    """
    from mentorkit.journey import onboard

    step(
        session, program, which, listed, every,
        verb=onboard.consent, states=("lead", "waiting", "approved", "active", "paused"),
        done="Noted the consent of", means=means, as_json=as_json,
        fits=lambda row: row["consented_at"] is None,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant onboard --all"))
@selecting("PARTICIPANT")
@program_option
@click.option("--capacity", type=Whole(0, 10_000), help="How many people at once.")
@means_option
@json_option
@pass_session
def onboard(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    capacity: int | None,
    means: str,
    as_json: bool,
) -> None:
    """Make people active, ready to be matched.

    By key or id; --all takes all who are approved. They must have agreed to the program's text.
    """
    from mentorkit.journey import onboard as onboarding

    step(
        session, program, which, listed, every,
        verb=onboarding.complete, states=("approved",), done="Onboarded", means=means,
        as_json=as_json, capacity=capacity,
    )  # fmt: skip


@participant.command(epilog=example("mentorkit participant readmit ana@example.org"))
@selecting("PARTICIPANT")
@program_option
@means_option
@json_option
@pass_session
def readmit(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    means: str,
    as_json: bool,
) -> None:
    """Take people back in who have left.

    By key or id; --all takes all who left and were not erased. They are leads again: approve them,
    note their consent, onboard them.
    """
    from mentorkit.journey import screen

    step(
        session, program, which, listed, every,
        verb=screen.readmit, states=("left",), done="Took back in", means=means,
        as_json=as_json, staff_only=True, fits=lambda row: row["name"],
    )  # fmt: skip
