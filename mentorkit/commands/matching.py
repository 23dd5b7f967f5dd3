"""Bring people together: `match` makes a draft of pairs, `publish` offers them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from mentorkit.commands.judging import change_lines, trade_lines
from mentorkit.commands.outcomes import (
    breaking,
    first_pairs,
    judged,
    leading_alone,
    left_out,
    overriding,
    paired,
)
from mentorkit.commands.output import (
    Progress,
    by_work,
    example,
    json_option,
    plural,
    print_json,
    say,
    say_commands,
)
from mentorkit.commands.selection import program_option, tell_problems, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.errors import MentorKitError, Problem, WithProblems

SIDES = ("mentee", "mentor")
UNREAD = "write MENTEE=MENTOR, their keys or ids"
"""What is told of a lock that cannot be read."""
_HELPS = {
    "lead": "`mentorkit participant approve`",
    "waiting": "`mentorkit participant approve`",
    "approved": "`mentorkit participant consent`, then `mentorkit participant onboard`",
    "paused": "they are left out until they resume",
    "active": "with no free place, or without consent; see `mentorkit participant list`",
}
"""What helps somebody in this state to be matched."""


def _pairs(given: Sequence[str]) -> list[tuple[str, str]]:
    """Read ``--lock MENTEE=MENTOR``; what cannot be read is told with what else is wrong."""
    split = [tuple(part.strip() for part in entry.split("=", 1)) for entry in given]
    return [
        (two[0], two[1]) if len(two) == 2 and all(two) else (entry, "")
        for entry, two in zip(given, split, strict=True)
    ]


@contextmanager
def _unread_too(pairs: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Tell of the locks that cannot be read beside whatever else is wrong."""
    try:
        yield
    except MentorKitError as error:
        unread = [Problem(f"lock {typed}", UNREAD) for typed, mentor in pairs if not mentor]
        if error.code != "lock.invalid" and isinstance(error, WithProblems):
            error.problems += tuple(unread)
        elif error.code != "lock.invalid":
            error.message = "\n".join([error.message, *(f"  - {one}" for one in unread)])
        raise


@click.command(
    epilog=example(
        "mentorkit match", "mentorkit match --lock ana@example.org=ben@example.org --seed 7"
    )
)
@program_option
@click.option(
    "--lock",
    "locks",
    multiple=True,
    metavar="MENTEE=MENTOR",
    help="A pair that must be in the result; may be repeated.",
)
@click.option(
    "--seed",
    type=Whole(),
    default=0,
    show_default=True,
    help="Where a plugin's assigner draws lots: one number gives the same pairs again.",
)
@click.option("--cohort", metavar="KEY", help="Only the people of this cohort.")
@json_option
@pass_session
def match(
    session: Session,
    /,
    program: str | None,
    locks: Sequence[str],
    seed: int,
    cohort: str | None,
    as_json: bool,
) -> None:
    """Pair everyone available, as a draft.

    By the program's strategy. Nobody is told before `mentorkit publish`.
    """
    from mentorkit.journey import match as matching

    pairs = _pairs(locks)
    with _unread_too(pairs):
        key = the_program(session, program)
        with Progress() as progress:
            run = matching.draft(
                session.kit, **session.scope, program=key, locks=pairs, seed=seed, cohort=cohort,
                progress=progress,
            )  # fmt: skip
    if as_json:
        print_json(run)
        return
    summary = run["summary"]
    say(paired(summary))
    if told := overriding(summary):
        say(told)
        say("\n".join(breaking(run["rules_broken"])))
    if run["replaced"]:
        say("The draft before was thrown away; this one takes its place.")
    for lock in run["dropped_locks"]:
        say(f"A pair that was locked in it could not be kept: {lock['message']}")
    if summary["pairs"]:
        say(judged(summary))
        say("\n" + "\n".join(trade_lines(summary)))
    rows = matching.proposals(session.kit, **session.scope, program=key, state="draft")
    rows = [one for one in rows if one["run_id"] == run["id"]]
    names = {one["mentor_id"]: one["mentor"] for one in rows}
    if alone := summary["circles"]["alone"]:
        say(leading_alone([names[one] for one in alone]))
    drafted = [(one["mentee"], one["mentor"], one["score"], _speaking(one)) for one in rows]
    if drafted:
        say("\nThe first pairs:")
        say("\n".join(first_pairs(drafted)))
    for side in ("mentees", "mentors"):
        people = [
            (one["name"], one["reason"], one["help"]) for one in run["unmatched_people"][side]
        ]
        if people:
            say("\n" + "\n".join(left_out(side.removesuffix("s"), people)))
    if changed := change_lines(summary, run["changes"]):
        say("\n" + "\n".join(changed))
    lacking = _lacking(session, key, [side for side in SIDES if not summary[f"{side}s"]])
    if lacking:
        say("\n" + "\n".join(lacking))
    following = "`mentorkit publish`, or change something" if drafted else "mend that"
    told = f"This is draft {run['id']}; nobody has been told."
    say_commands(f"\n{told} Next: {following}, and match again.")
    tell_problems([Problem(one["place"], one["message"]) for one in run["notes"]], "Please note:")


def _lacking(session: Session, key: str, sides: Sequence[str]) -> list[str]:
    """Return why nobody of these sides could be paired, and which command helps."""
    from mentorkit.journey import programs

    if not sides:
        return []
    (found,) = programs.show(session.kit, **session.scope, program=key)
    lines = []
    for side in sides:
        count = Counter[str]()
        for role in (side, "both"):
            count.update(found["participants"].get(role, {}))
        here = [
            f"  {plural(count[state], side)} ({state}): {helps}"
            for state, helps in _HELPS.items()
            if count[state]
        ]
        recruit = f"  no {side} was taken in: `mentorkit recruit FILE --role {side}`"
        lines += here or [recruit]
    return ["What is missing:", *lines]


def _speaking(one: Mapping[str, Any]) -> str:
    """Return what speaks for a pair, the weightiest first; else what speaks against it."""
    from mentorkit.matching.wording import joined

    told = [
        (0 if "other_way" in reason["params"] else -reason["points"], word)
        for reason, word in zip(one["reasons"], one["words"], strict=True)
        if word
    ]
    told.sort(key=lambda pair: pair[0])
    return joined([word for points, word in told if points] or [word for _, word in told])


@click.command(epilog=example("mentorkit publish"))
@click.argument("run", required=False)
@program_option
@json_option
@pass_session
def publish(session: Session, /, run: str | None, program: str | None, as_json: bool) -> None:
    """Offer the pairs of a draft to those asked.

    Of the newest draft, or of the one named by its id.
    """
    from mentorkit.journey import match as matching

    if run is None:
        run = matching.latest(session.kit, **session.scope, program=the_program(session, program))
    report = matching.publish(session.kit, **session.scope, run=run, program=program)
    if as_json:
        print_json(report)
    else:
        say(f"Offered {plural(report['offered'], 'pair')} to those whose yes is asked.")
        if report["seconds"]:
            say(f"Asked {plural(report['seconds'], 'second mentor')} to lead a circle too.")
        say_commands(
            by_work(session.kit, "tells them; `mentorkit relationship list` shows who is awaited.")
            if report["offered"]
            else "Nobody is to be told. See who is left with `mentorkit match`."
        )
    tell_problems(
        [Problem(one["id"], one["message"]) for one in report["withheld"]],
        f"Withheld {plural(len(report['withheld']), 'pair')}, which can no longer be:",
    )
