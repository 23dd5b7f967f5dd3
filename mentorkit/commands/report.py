"""What people say and how a program did: `feedback list|show|answer`, and `report show|export`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.files import write_new
from mentorkit.commands.output import (
    clean,
    example,
    json_option,
    plural,
    print_json,
    print_table,
    say,
)
from mentorkit.commands.selection import acting, means_option, program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.domain.text import in_locale
from mentorkit.errors import Invalid, Problem


@click.group(epilog=example("mentorkit feedback list --state open"))
def feedback() -> None:
    """See who was asked what, and enter answers."""


@feedback.command("list", epilog=example("mentorkit feedback list --state late"))
@program_option
@click.option(
    "--state", type=click.Choice(("open", "late", "answered", "closed")), help="Only these."
)
@json_option
@pass_session
def list_(session: Session, /, program: str | None, state: str | None, as_json: bool) -> None:
    """List who was asked what.

    The newest first. With --as whoever runs no program sees what they are asked themselves.
    """
    from mentorkit.journey import feedback as step

    own = session.person is not None and program is None and _runs_none(session)
    rows = (
        step.mine(session.kit, **session.scope)
        if own
        else step.surveys(
            session.kit, **session.scope, program=the_program(session, program), state=state
        )
    )
    if as_json:
        print_json(rows)
        return
    print_table(
        ["SURVEY", "WHO", "AS", "ASKS", "DUE", "STATE"],
        [
            [
                row["id"],
                row.get("name", ""),
                row["side"],
                in_locale(row["titles"][0]),
                row["due_at"][:10],
                row["state"],
            ]
            for row in rows
        ],
        none="Nobody is asked anything. `mentorkit work` asks what has come due.",
    )


def _runs_none(session: Session) -> bool:
    from mentorkit.journey import programs

    return not programs.show(session.kit, **session.scope)


@feedback.command(epilog=example("mentorkit feedback show SURVEY"))
@click.argument("survey")
@json_option
@pass_session
def show(session: Session, /, survey: str, as_json: bool) -> None:
    """Show a survey's questions and answers."""
    from mentorkit.journey import feedback as step

    one = step.show(session.kit, **session.scope, survey=survey)
    if as_json:
        print_json(one)
        return
    say(clean(f"{in_locale(one['titles'][0])}: {one['name']}, {one['side']}, {one['state']}"))
    print_table(
        ["QUESTION", "ASKS", "CHOICES", "ANSWER"],
        [
            [q["id"], in_locale(q["label"]), ", ".join(q["choices"]), _told(q["value"])]
            for q in one["questions"]
        ],
        none="It asks nothing any more.",
    )


def _told(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _labelled(problems: Iterable[Problem], labels: Mapping[str, str]) -> list[Problem]:
    """Return the problems with the question in words behind the id that was typed."""
    return [
        replace(one, place=f"{one.place} ({clean(labels[one.place])})")
        if labels.get(one.place)
        else one
        for one in problems
    ]


@feedback.command(
    epilog=example("mentorkit feedback answer SURVEY going=well 'issues=no_time;language'")
)
@click.argument("survey")
@click.argument("answers", nargs=-1, required=True, metavar="QUESTION=ANSWER...")
@means_option
@json_option
@pass_session
def answer(
    session: Session, /, survey: str, answers: Sequence[str], means: str, as_json: bool
) -> None:
    """Answer a survey.

    For oneself (--as), or for somebody who told you (--means phone).
    """
    from mentorkit.journey import feedback as step

    wrong = [one for one in answers if "=" not in one]
    if wrong:
        told = [Problem(one, "write QUESTION=ANSWER, such as going=well") for one in wrong]
        raise Invalid("survey.invalid", "Some answers cannot be read:", told)
    given = dict(one.split("=", 1) for one in answers)
    actor = acting(session, means)
    try:
        done = step.answer(
            session.kit, tenant=session.tenant, actor=actor, survey=survey, answers=given
        )
    except Invalid as error:
        asked = step.show(session.kit, tenant=session.tenant, actor=actor, survey=survey)
        labels = {one["id"]: in_locale(one["label"]) for one in asked["questions"]}
        raise Invalid(error.code, error.message, _labelled(error.problems, labels)) from None
    if as_json:
        print_json(done)
    else:
        late = " It was late, and counts all the same." if done["late"] else ""
        say(f"Kept {plural(done['answers'], 'answer')}.{late}")


@click.group(epilog=example("mentorkit report show"))
def report() -> None:
    """See how a program did, also as sheets."""


@report.command("show", epilog=example("mentorkit report show --program traders"))
@program_option
@json_option
@pass_session
def show_report(session: Session, /, program: str | None, as_json: bool) -> None:
    """Show a program's report.

    Each figure has its n, and each table says how it was counted.
    """
    from mentorkit.journey import evaluate

    made = evaluate.report(session.kit, **session.scope, program=the_program(session, program))
    if as_json:
        print_json(made)
        return
    say(clean(f"{in_locale(made['name'])}, as things stood on {made['at'][:10]}."))
    if made["none"]:
        say(clean(f"This program measures no indicators: {in_locale(made['none'])}"))
    if made["failed"]:
        told = ", ".join(made["failed"])
        say(f"Some figures could not be made: {told}. The log of mentorkit.evaluate says why.")
    if not made["tables"]:
        say("No plugin that makes figures is on in this program; outcomes is one.")
    for one in made["tables"]:
        say(f"\n{one['title']} ({one['name']})")
        print_table(
            [column["title"].upper() for column in one["columns"]],
            [
                [
                    _shown(value, column["kind"])
                    for value, column in zip(row, one["columns"], strict=True)
                ]
                for row in one["rows"]
            ],
            none="There is nothing to show yet.",
        )
        say(" ".join([one["how"], *one["notes"]]))
    flagged = plural(len(made["flags"]), "relationship")
    say(f"\n{flagged} to be looked at; see `mentorkit relationship flags`.")


def _shown(value: Any, kind: str) -> Any:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return in_locale(value)
    if kind == "percent":
        return f"{value:.1f} %"
    if kind == "minutes":
        return f"{value / 60:.1f} h"
    return round(value, 2) if isinstance(value, float) else value


@report.command(epilog=example("mentorkit report export funnel --out funnel.csv"))
@click.argument("table")
@program_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; printed where left out.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
@pass_session
def export(
    session: Session,
    /,
    table: str,
    program: str | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write one table of the report as CSV.

    No cell of it comes alive as a formula in a spreadsheet.
    """
    from mentorkit.journey import evaluate

    key = the_program(session, program)
    if as_json:
        print_json(evaluate.table_of(session.kit, **session.scope, program=key, table=table))
        return
    written = evaluate.sheet(session.kit, **session.scope, program=key, table=table)
    if out is None:
        say(written, nl=False)
        return
    write_new(out, written.encode("utf-8-sig"), force=force)
    say(f"Wrote {out}.")


__all__ = ["feedback", "report"]
