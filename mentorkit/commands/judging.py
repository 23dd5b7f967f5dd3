"""Judge a match run: the trade it makes, whom it serves, and why two are no pair.

`draft fairness|why`, and what `match` and `pair` say of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from mentorkit.commands.output import (
    clean,
    example,
    json_option,
    print_json,
    say,
    say_commands,
    table,
)
from mentorkit.commands.selection import program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.sheets import draft as draft
from mentorkit.domain.fields import Field
from mentorkit.domain.text import in_locale
from mentorkit.errors import Problem

if TYPE_CHECKING:
    from mentorkit.matching import BoundStrategy, Pool, Result

CHANGES = 5
"""How many changes are told."""
EXPLAINED = (
    "A pair has up to 100 points. Would rather: how often a mentee and a mentor who are not"
    " together would both rather have each other."
)
OF = {
    "everybody": "everybody",
    "unanswered": "(not answered)",
    "few": "(small groups together)",
}


def trade_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return the run and the ways not chosen as lines of a table."""
    from mentorkit.matching.figures import trade

    if summary.get("alternatives") is None:
        return ["Other ways to pick pairs were not looked at for this run."]
    told = trade(summary)
    ways = [[f"{'this' if one['chosen'] else 'else'}: {one['way']}", one["pairs"]] for one in told]
    title = "What other ways to pick pairs would give:"
    if summary["by_choice"]:  # no score is told beside what people chose themselves
        return [title, table(["WAY", "PAIRS"], ways)]
    figures = [[one["average"], one["total"], one["blocking"]] for one in told]
    rows = [[*way, *more] for way, more in zip(ways, figures, strict=True)]
    headings = ["WAY", "PAIRS", "AVERAGE FIT", "ALL POINTS", "WOULD RATHER"]
    return [title, table(headings, rows), EXPLAINED]


def change_lines(summary: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what would let more people be matched, the most first; none where nothing would."""
    from mentorkit.matching.figures import not_looked_at

    if unlooked := not_looked_at(summary):
        return [unlooked]
    if not changes:
        return []
    told = [clean(f"  {one['text']}") for one in changes[:CHANGES]]
    return ["What would let more people be matched:", *told]


def fairness_lines(report: Mapping[str, Any], field: Field) -> list[str]:
    """Return the groups of a report as lines of a table."""
    label = in_locale(field.label) or field.id.replace("_", " ")
    rows = [
        [
            _called(one, field, report["least"]),
            _figure(one, "mentees"),
            _figure(one, "matched"),
            "-" if one["match_rate"] is None else f"{100 * one['match_rate']:.0f} %",
            "-" if one["mean_score"] is None else f"{one['mean_score'] / 100:.0f}",
            _figure(one, "mentors"),
        ]
        for one in report["groups"]
    ]
    headings = [clean(label).upper(), "MENTEES", "MATCHED", "RATE", "FIT", "MENTORS"]
    return [
        table(headings, rows),
        f"Fit: the average of those matched, of 100. A dash: nobody, or under {report['least']}.",
    ]


def _called(one: Mapping[str, Any], field: Field, least: int) -> str:
    if one["of"] != "answer":
        return OF[one["of"]].format(least=least)
    if isinstance(one["value"], bool):
        return "yes" if one["value"] else "no"
    return in_locale(field.choices.get(one["value"], one["value"]))


def _figure(one: Mapping[str, Any], name: str) -> str:
    return "-" if one[name] is None else f"{one[name]:,}"


def why_lines(told: Mapping[str, Any]) -> list[str]:
    """Return why two are, or are no, pair as lines."""
    lines = [clean(f"{told['mentee']} and {told['mentor']}:")]
    lines += [clean(f"  {text}") for text in told["verdict"]]
    speaking = [text for text in told["words"] if text]
    if speaking:
        lines += ["How they fit:", *(clean(f"  {text}") for text in speaking)]
    return lines


def wrong_asks(
    by: Sequence[str],
    pairs: Mapping[str, Sequence[str]],
    fields: Mapping[str, Field],
    keys: Mapping[str, Collection[str]],
) -> list[Problem]:
    """Return what is wrong with what was asked of a run before it is made; `keys` are by role.

    `pairs` are those typed as MENTEE=MENTOR, by the option.
    """
    from mentorkit.matching.fairness import groupable

    there = groupable(fields)
    named = f"name one of: {', '.join(there)}" if there else "no field has options so far"
    declare = 'or declare [fields.{}] with kind = "option" in the strategy\'s file'
    problems = [
        Problem(f"--by {one}", f"no such choice to group by; {named}, {declare.format(one)}")
        for one in by
        if one not in there
    ]
    for option, typed in ((option, one) for option, given in pairs.items() for one in given):
        for role, key in zip(("mentee", "mentor"), two(typed), strict=True):
            if not key:
                problems.append(Problem(f"{option} {typed}", "write MENTEE=MENTOR, their keys"))
                break
            if key not in keys.get(role, ()):
                problems.append(Problem(f"{option} {typed}", f"{key!r} is no key of a {role}"))
    return problems


def two(typed: str) -> tuple[str, str]:
    """Return the two of MENTEE=MENTOR, "" for both where it cannot be read."""
    mentee, _, mentor = (part.strip() for part in typed.partition("="))
    return (mentee, mentor) if mentee and mentor else ("", "")


def judged_too(
    result: Result, pool: Pool, bound: BoundStrategy, by: Sequence[str], why: Sequence[str]
) -> dict[str, Any]:
    """Return what was asked of a run as data: `fairness` and `why`, one entry for each."""
    from mentorkit.domain.shown import shown
    from mentorkit.matching.fairness import report_of_run
    from mentorkit.matching.figures import changes
    from mentorkit.matching.whynot import described, why_not

    found: dict[str, Any] = {"changes": changes(shown(result.what_if), pool.fields)}
    if by:
        found["fairness"] = [report_of_run(result, pool, one) for one in by]
    if why:
        found["why"] = [described(why_not(pool, bound, *two(one), result), pool) for one in why]
    return found


def say_judged(
    summary: Mapping[str, Any], found: Mapping[str, Any], fields: Mapping[str, Field]
) -> None:
    """Tell a person the trade of a run, what changes would bring, and what else was asked."""
    blocks = [trade_lines(summary), change_lines(summary, found["changes"])]
    blocks += [fairness_lines(one, fields[one["by"]]) for one in found.get("fairness", ())]
    blocks += [why_lines(one) for one in found.get("why", ())]
    for lines in blocks:
        if lines:
            say("\n".join(lines) + "\n")


@draft.command(epilog=example("mentorkit draft fairness --by languages"))
@click.option("--by", metavar="FIELD", help="The profile field to group people by.")
@program_option
@json_option
@pass_session
def fairness(session: Session, /, by: str | None, program: str | None, as_json: bool) -> None:
    """Show how each group of people came out.

    Of the newest draft: how many of each were matched, and how well. Small groups are put together.
    """
    from mentorkit.journey import drafts

    key = the_program(session, program)
    report = drafts.fairness(session.kit, **session.scope, program=key, by=by or "")
    if as_json:
        print_json(report)
        return
    shown = drafts.show(session.kit, **session.scope, program=key)
    assert shown is not None
    lines = fairness_lines(report, _field(shown["fields"][report["by"]]))
    say("\n".join([*lines, "", *change_lines(shown["summary"], report["changes"])]).rstrip())


def _field(row: Mapping[str, Any]) -> Field:
    from mentorkit.domain.frozen import Frozen

    return Field(
        id=row["id"], kind=row["kind"], label=Frozen(row["label"]), choices=Frozen(row["choices"])
    )


@draft.command(epilog=example("mentorkit draft why ana@example.org ben@example.org"))
@click.argument("mentee")
@click.argument("mentor")
@program_option
@json_option
@pass_session
def why(session: Session, /, mentee: str, mentor: str, program: str | None, as_json: bool) -> None:
    """Say why two people are no pair.

    By key or id. It tells what forbids it, or how well they fit and what the draft did instead.
    """
    from mentorkit.journey import drafts

    key = the_program(session, program)
    told = drafts.why(session.kit, **session.scope, program=key, mentee=mentee, mentor=mentor)
    if as_json:
        print_json(told)
        return
    say("\n".join(why_lines(told)))
    if told["can_lock"] and not told["together"]:
        lock = f"`mentorkit match --lock {mentee}={mentor}`"
        say_commands(f"To have them together all the same: {lock}.")
