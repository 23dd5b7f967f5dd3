"""How far people came, and how long they met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from mentorkit.domain import events
from mentorkit.domain.milestones import Meeting, hours_of
from mentorkit.domain.relationships import OTHER, TOGETHER, Proposal
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

KINDS = {"individual": "Individual", "group": "In groups"}


class Funnel(Metric):
    """Counts pairs, and the people in them, at each step from being asked to a completed end."""

    name = "funnel"
    title = "From reaching out to completing"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        found = Walked(facts)
        people = {step: found.people(found.steps[step]) for step in STEPS}
        first = len(found.steps["reached_out"])
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    Column(name="step", title="Step", kind="text"),
                    Column(name="pairs", title="Pairs"),
                    Column(
                        name="mentees",
                        title="Peers" if facts.program.kind == "peer" else "Mentees",
                    ),
                    Column(name="share", title="Of the pairs reached out to", kind="percent"),
                    Column(name="by_staff", title="Brought together by staff"),
                ),
                rows=tuple(
                    (
                        NAMES[step],
                        len(found.steps[step]),
                        len(people[step]),
                        100 * len(found.steps[step]) / first if first else None,
                        len(found.people(found.by_staff[step])) if step in found.by_staff else None,
                    )
                    for step in STEPS
                ),
                how=(
                    "Reached out: somebody was offered a pair who had not asked for it. Answered: "
                    "one who was asked said yes or no. Connected: all said yes who were asked. "
                    "Met: both were at one meeting. Completed: it ended as completed or with the "
                    "goal reached while they were in it. Each step counts those of the step "
                    "before. A mentee of a circle and its mentor are a pair. The last column "
                    "counts the mentees and peers whom staff brought together without an offer to "
                    "answer."
                ),
            )
        ]


@dataclass(frozen=True, slots=True)
class Two:
    """Somebody who may come to be in a relationship, and whom they are to meet there.

    `other` is None for one of several peers, who meets whoever is there.
    """

    person: str
    other: str | None


class Walked:
    """How far everybody came, from the journal.

    `steps` has the proposals at each step; `by_staff`, from the step connected on, whom staff
    brought together without an offer that one of the two had to answer.
    """

    def __init__(self, facts: Facts) -> None:
        self.steps: dict[str, set[str]] = {step: set() for step in STEPS}
        self.by_staff: dict[str, set[str]] = {step: set() for step in STEPS[2:]}
        self._program, self._now = facts.program, facts.now
        self._kinds = {one.id: one.kind for one in facts.relationships}
        self._proposals: dict[str, Proposal] = {}
        self._two: dict[str, Two] = {}
        self._beside: set[str] = set()
        self._stays: dict[str, dict[str, str]] = defaultdict(dict)
        self._here: dict[str, set[str]] = defaultdict(set)
        self._met: dict[str, set[str]] = {}
        self._completed: set[str] = set()
        for event in facts.events:
            self._take(event)
        ends = {"met": set().union(*self._met.values()), "completed": self._completed}
        for steps in (self.steps, self.by_staff):
            for step, reached in ends.items():
                steps[step] = reached
            for before, step in pairwise(steps):
                steps[step] = steps[step] & steps[before]

    def people(self, found: Iterable[str]) -> set[str]:
        """Return the mentees among these, or all of them where they are peers."""
        two = [self._two[one] for one in found]
        peers = self._program.kind == "peer"
        others = {one.other for one in two if peers and one.other}
        return {one.person for one in two} | others

    def _take(self, event: events.Event) -> None:
        """Follow one event; a second mentor who is asked into a circle is no pair."""
        subject = event.subject_id
        match event:
            case events.ProposalDrafted() if event.payload().get("circle_of"):
                self._beside.add(subject)
            case _ if subject in self._beside:
                pass
            case events.ProposalDrafted():
                self._two[subject] = Two(event.mentee_id, event.mentor_id)
                self._drafted(event)
            case events.ProposalAccepted():
                self._accepted(event)
            case events.ProposalDeclined():
                self._declined(event)
            case _ if event.noun == "proposal":
                self._told(event)
            case events.RelationshipStarted() if event.proposal_id is None:
                self._gathered(event)
            case events.MeetingHeld():
                self._met[subject] = set(self._at(event))
            case events.MeetingStruck():
                self._met.pop(subject, None)
            case events.MemberLeft():
                self._left(event)
            case events.RelationshipEnded():
                self._completed |= self._here[subject] if event.reason in TOGETHER else set()

    def _drafted(self, event: events.ProposalDrafted) -> None:
        """Begin to follow a proposal; who asked for it has said yes by that."""
        self._proposals[event.subject_id] = Proposal(
            id=event.subject_id,
            tenant=event.tenant,
            program_id=self._program.id,
            answered=(event.origin,) if event.origin in OTHER else (),
            created_at=event.at or self._now,
            **event.payload(),
        )

    def _told(self, event: events.Event) -> None:
        """Follow a proposal: who has heard of it by now, and has one of them answered?"""
        one = self._proposals[event.subject_id]
        known = {name: value for name, value in event.payload().items() if hasattr(one, name)}
        one = self._proposals[event.subject_id] = replace(one, **known)
        sides = OTHER.keys() - {one.origin}
        heard = one.asked_by or one.awaiting(self._program.accept_chain) in sides
        if heard and one.state in ("offered", "question"):
            self.steps["reached_out"].add(one.id)
        if sides & set(one.answered):
            self.steps["answered"].add(one.id)

    def _declined(self, event: events.ProposalDeclined) -> None:
        """Count a no of who was asked, also where staff wrote it down; not of the staff's own."""
        one = self._proposals[event.subject_id]
        owing = one.owing(self._program.accept_chain)
        if (event.role if event.role in OTHER else owing) in OTHER.keys() - {one.origin}:
            self.steps["answered"].add(one.id)

    def _accepted(self, event: events.ProposalAccepted) -> None:
        one = self._proposals[event.subject_id]
        if OTHER.keys() & (set(event.answered) - {one.origin}):
            for step in STEPS[:3]:
                self.steps[step].add(one.id)
        else:
            self.by_staff["connected"].add(one.id)
        self._joined(event.relationship_id, one.id)

    def _gathered(self, event: events.RelationshipStarted) -> None:
        held = event.subject_id
        peers = self._kinds.get(held) == "peer"
        members = event.payload().get("members", (event.mentee_id, event.mentor_id))
        for person in members:
            if peers or person != event.mentor_id:
                one = f"{held}/{person}"
                self._two[one] = Two(person, None if peers else event.mentor_id)
                self.by_staff["connected"].add(one)
                self._joined(held, one)

    def _joined(self, held: str, one: str) -> None:
        """Put somebody into a relationship, perhaps again: from now on its meetings are of this."""
        self._stays[held][self._two[one].person] = one
        self._here[held].add(one)

    def _left(self, event: events.MemberLeft) -> None:
        one = self._stays[event.subject_id].get(event.participant_id)
        if one is None:
            return
        self._here[event.subject_id].discard(one)
        if event.left_reason in TOGETHER:
            self._completed.add(one)

    def _at(self, event: events.MeetingHeld) -> Iterator[str]:
        """Return who was at a meeting with whom they were to meet; all who are in it, if unsaid."""
        came, here = event.payload().get("attendees"), self._here[event.relationship_id]
        for person, one in self._stays[event.relationship_id].items():
            two = {person, self._two[one].other or person}
            if one in here if came is None else two <= set(came):
                yield one


class Hours(Metric):
    """Adds up the time together: in all, for a relationship, by month, of two and in groups."""

    name = "hours"
    title = "Time together"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        kinds = hours_of(facts.meetings)
        each = {one.id: 0 for one in facts.relationships}
        months: dict[str, list[Meeting]] = defaultdict(list)
        zone = ZoneInfo(facts.program.zone)
        for one in facts.meetings:
            if one.state == "held":
                each[one.relationship_id] += one.minutes
                months[one.held_at.astimezone(zone).strftime("%Y-%m")].append(one)
        counts = ("minutes", "meetings", "attended")
        middle = median(each.values()) if each else None
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    Column(name="what", title="What", kind="text"),
                    Column(name="minutes", title="Time", kind="minutes"),
                    Column(name="n", title="Count"),
                    Column(name="attended", title="Time of everybody there", kind="minutes"),
                ),
                rows=(
                    ("All meetings", *(sum(one[n] for one in kinds.values()) for n in counts)),
                    *((KINDS[kind], *(one[n] for n in counts)) for kind, one in kinds.items()),
                    ("Median of a relationship", middle, len(each), None),
                ),
                how=(
                    "Meetings that were logged and not taken out again: individual of two people, "
                    "in groups of more than two. The count is of meetings, and in the last line "
                    "of relationships, those without a meeting too. An hour of a group of five is "
                    "one hour of time, and five of everybody there."
                ),
            ),
            Table(
                name="months",
                title="Time together, by month",
                columns=(
                    Column(name="month", title="Month", kind="text"),
                    Column(name="meetings", title="Meetings"),
                    Column(name="individual", title="Individual", kind="minutes"),
                    Column(name="group", title="In groups", kind="minutes"),
                ),
                rows=tuple(_month(month, held) for month, held in sorted(months.items())),
                how="The calendar month in which the meeting was, in the program's time zone.",
            ),
        ]


def _month(month: str, held: Sequence[Meeting]) -> tuple[Any, ...]:
    kinds = hours_of(held)
    return (month, len(held), *(kinds[kind]["minutes"] for kind in KINDS))
