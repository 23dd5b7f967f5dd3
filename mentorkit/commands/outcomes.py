"""Say in words how a run of a strategy came out: who is paired, how good it is, who is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mentorkit.commands.output import clean, plural

SHORTLISTED = (
    "Not every pair was looked at: plain Python of a plugin was asked about a shortlist of each"
    " mentee, so that is as far as this holds."
)
LISTED = "of the pairs that were looked at, the best"
FIRST = 5
"""How many pairs are shown, or named; the rest is in the file or the list."""


def judged(summary: Mapping[str, Any]) -> str:
    """Return what is to be said of the pairs as a whole, in two sentences.

    What people chose themselves is not measured by a score that nobody went by.
    """
    if summary["by_choice"]:
        return (
            "These are the mentees' own choices; neither score nor the most pairs was what they"
            " were made for."
        )
    if summary.get("groups"):
        return "Quality: not proved. Those who meet as one are brought together step by step."
    if summary.get("peers"):  # their assigner says how near: the bound is that of two sides
        told = f"Quality: {summary['method'].partition(': ')[2] or summary['method']}."
    else:
        told = f"Quality: {quality(summary)}. {steadiness(summary)}."
    return told if summary.get("exhaustive", True) else f"{told} {SHORTLISTED}"


def quality(summary: Mapping[str, Any]) -> str:
    """Return how good the pairs are, as a bound: ``the best possible``, or how far below it."""
    more = summary["pairs_bound"] - summary["pairs"]
    total, best = summary["total"], summary["total_bound"]
    if total >= best:
        best_of = "the best possible" if summary.get("exhaustive", True) else LISTED
        told = f"{best_of} total" if summary["objective"] == "score" else best_of
    else:
        # Rounded up: the words must not promise more than the figures do.
        hundredths = -(-(best - total) * 10_000 // best)
        told = f"at most {hundredths / 100:.2f} % below the best possible"
    if more <= 0:
        return told
    if summary["objective"] == "score":
        return f"{told}; the objective coverage may pair up to {more:,} more"
    return f"{told} sum of scores for this many pairs; perhaps up to {more:,} more could be made"


def paired(summary: Mapping[str, Any]) -> str:
    """Return one sentence with how many were paired, of how many."""
    mentees, mentors = summary["mentees"], plural(summary["mentors"], "mentor")
    if not mentees or not summary["mentors"]:
        there = "is" if mentees == 1 else "are"
        return f"Nobody was paired: there {there} {plural(mentees, 'mentee')} and {mentors}."
    if summary.get("peers"):
        left, pairs = summary["unmatched"]["mentees"], plural(summary["pairs"], "pair")
        everybody = plural(summary["mentees"], "peer")
        return f"Made {pairs} of peers; left over: {left:,} of {everybody}."
    there = "is" if summary["mentors"] == 1 else "are"
    circles = summary.get("circles", {})
    if circles.get("count"):
        sizes = {circles["least"]: None, circles["most"]: None}
        of = f"{plural(circles['count'], 'circle')} of {' to '.join(map(str, sizes))}"
        return (
            f"{of}: {summary['pairs']:,} of {plural(summary['mentees'], 'mentee')}; there {there} "
            f"{mentors}."
        )
    return f"Paired {summary['pairs']:,} of {plural(mentees, 'mentee')}; there {there} {mentors}."


def overriding(summary: Mapping[str, Any]) -> str:
    """Return that locked pairs break a rule; "" where none does."""
    count = summary["overridden"]
    breaks = "breaks" if count == 1 else "break"
    return f"{plural(count, 'locked pair')} {breaks} a rule of the strategy." if count else ""


def breaking(pairs: Sequence[Mapping[str, str]]) -> list[str]:
    """Return which locked pairs these are, and the rule that each breaks, a line for each."""
    told = [f"{one['mentee']} and {one['mentor']}: {one['words']}" for one in pairs[:FIRST]]
    more = [f"and {len(pairs) - FIRST:,} more"] if len(pairs) > FIRST else []
    return [f"  {clean(line)}" for line in (*told, *more)]


def leading_alone(leads: Sequence[str]) -> str:
    """Return for which circles no second mentor was found, by the names of who leads them."""
    more = f" and {len(leads) - FIRST:,} more" if len(leads) > FIRST else ""
    return clean(
        f"No second mentor is left for {plural(len(leads), 'circle')}, of "
        f"{', '.join(leads[:FIRST])}{more}."
    )


def steadiness(summary: Mapping[str, Any]) -> str:
    """Return how often two people would both rather have each other than whom they got."""
    blocking = summary["blocking_pairs"]
    if blocking == 0:
        return "No mentee and mentor would both rather have each other"
    return (
        f"In {plural(blocking, 'case')} a mentee and a mentor who are not paired would both rather"
        " have each other: what is best for all together is not best for each. If that matters"
        ' more, write assigner = "stable" in the strategy'
    )


def first_pairs(pairs: Sequence[tuple[str, str, int, str]]) -> list[str]:
    """Return lines for the first pairs: mentee, mentor, score, and the reasons in one text."""
    lines = []
    for mentee, mentor, score, why in pairs[:FIRST]:
        lines.append(clean(f"  {mentee} with {mentor} ({score / 100:.0f} of 100)"))
        if why:
            lines.append(clean(f"    {why}"))
    if len(pairs) > FIRST:
        lines.append(f"  ... and {len(pairs) - FIRST:,} more")
    return lines


def left_out(side: str, people: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return lines with why people of one side were left out, and what would help.

    `people` holds name, reason and help of each, in words; those with the same reason stand
    together, the largest group first.
    """
    if not people:
        return []
    groups: dict[tuple[str, str], list[str]] = {}
    for name, reason, helps in people:
        groups.setdefault((reason, helps), []).append(name)
    lines = [f"{plural(len(people), side)} left out:"]
    largest = sorted(groups.items(), key=lambda group: -len(group[1]))
    for (reason, helps), names in largest[:FIRST]:
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        lines.append(clean(f"  {', '.join(names[:3])}{more}: {reason}"))
        if helps:
            lines.append(clean(f"    What would help: {helps}"))
    rest = sum(len(names) for _, names in largest[FIRST:])
    if rest:
        lines.append(f"  ... and {rest:,} more")
    return lines
