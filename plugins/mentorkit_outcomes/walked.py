"""How far people came, and how long they met."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from mentorkit.domain import events
from mentorkit.hooks import Column, Context, Facts, Metric, Table

STEPS = ("reached_out", "answered", "connected", "met", "completed")
"""The funnel; nobody counts in a step who has not come through those before it."""
NAMES = {
    "reached_out": "Reached out",
    "answered": "Answered",
    "connected": "Connected",
    "met": "Met",
    "completed": "Completed",
}
REACHED = ("completed", "goal_reached")
"""Codes of an end that is no breaking off."""


class Funnel(Metric):
    """Counts pairs, and the mentees in them, at each step from an offer to a completed end."""

    name = "funnel"
    title = "From reaching out to completing"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        steps, mentees = walked(facts)
        people = {step: len({mentees[one] for one in steps[step]}) for step in STEPS}
        first = len(steps["reached_out"])
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    Column(name="step", title="Step", kind="text"),
                    Column(name="pairs", title="Pairs"),
                    Column(name="mentees", title="Mentees"),
                    Column(name="share", title="Of those reached out to", kind="percent"),
                ),
                rows=tuple(
                    (
                        NAMES[step],
                        len(steps[step]),
                        people[step],
                        100 * len(steps[step]) / first if first else None,
                    )
                    for step in STEPS
                ),
                how=(
                    "Pairs that were offered; of these, those that somebody who was asked "
                    "answered, yes or no; those in which all said yes; those of them who logged a "
                    "meeting; and those of them who came to the end or reached their goal. Counted "
                    "from the journal."
                ),
            )
        ]


def walked(facts: Facts) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Return the proposals at each step, and the mentee of each; from the journal alone."""
    found: dict[str, set[str]] = {step: set() for step in STEPS}
    mentees: dict[str, str] = {}
    began: dict[str, str] = {}
    held: dict[str, str] = {}
    ended: set[str] = set()
    for event in facts.events:
        subject = event.subject_id
        if isinstance(event, events.ProposalDrafted):
            mentees[subject] = event.mentee_id
        elif isinstance(event, events.ProposalOffered):
            found["reached_out"].add(subject)
        elif isinstance(event, events.ProposalAnswered | events.ProposalDeclined):
            found["answered"].add(subject)
        elif isinstance(event, events.ProposalAccepted):
            found["answered"].add(subject)
            found["connected"].add(subject)
            began[subject] = event.relationship_id
        elif isinstance(event, events.MeetingHeld):
            held[subject] = event.relationship_id
        elif isinstance(event, events.MeetingStruck):
            held.pop(subject, None)
        elif isinstance(event, events.RelationshipEnded) and event.reason in REACHED:
            ended.add(subject)
    met = set(held.values())
    found["met"] = {one for one in found["connected"] if began[one] in met}
    found["completed"] = {one for one in found["met"] if began[one] in ended}
    for before, step in pairwise(STEPS):
        found[step] &= found[before]
    return found, mentees


class Hours(Metric):
    """Adds up the time together: in all, for a relationship, by month, in pairs and in groups."""

    name = "hours"
    title = "Time together"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        kinds = {one.id: one.kind for one in facts.relationships}
        held = [one for one in facts.meetings if one.state == "held"]
        each: Counter[str] = Counter()
        months: dict[str, Counter[str]] = defaultdict(Counter)
        zone = ZoneInfo(facts.program.zone)
        for one in held:
            each[one.relationship_id] += one.minutes
            group = "group" if kinds.get(one.relationship_id) == "circle" else "pair"
            month = months[one.held_at.astimezone(zone).strftime("%Y-%m")]
            month[group] += one.minutes
            month["meetings"] += 1
        per = sorted(each[id] for id in kinds)
        groups = sum(month["group"] for month in months.values())
        total = sum(each.values())
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    Column(name="what", title="What", kind="text"),
                    Column(name="minutes", title="Time", kind="minutes"),
                    Column(name="n", title="n"),
                ),
                rows=(
                    ("All meetings", total, len(held)),
                    ("In pairs", total - groups, sum(kinds[id] != "circle" for id in kinds)),
                    ("In groups", groups, sum(kinds[id] == "circle" for id in kinds)),
                    ("Median of a relationship", median(per) if per else None, len(per)),
                ),
                how=(
                    "Meetings that were logged and not taken out again. n is the number of "
                    "meetings in the first line, and of relationships in the others, those "
                    "without a meeting too."
                ),
            ),
            Table(
                name="months",
                title="Time together, by month",
                columns=(
                    Column(name="month", title="Month", kind="text"),
                    Column(name="meetings", title="Meetings"),
                    Column(name="pair", title="In pairs", kind="minutes"),
                    Column(name="group", title="In groups", kind="minutes"),
                ),
                rows=tuple(
                    (month, told["meetings"], told["pair"], told["group"])
                    for month, told in sorted(months.items())
                ),
                how="The calendar month in which the meeting was, in the program's time zone.",
            ),
        ]
