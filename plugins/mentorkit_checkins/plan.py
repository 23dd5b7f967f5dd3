"""The nudge plan: who is prompted about what, after how many days, in which words; plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from mentorkit.hooks import Awaited

DAYS: Mapping[str, int] = {
    "answer_days": 3,
    "first_meeting_days": 7,
    "quiet_days": 21,
    "profile_days": 5,
    "silent_days": 35,
}
"""How many days, where a program does not say otherwise."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "answer": ("answer_reminder", "answer_reminder_staff"),
    "reply": ("reply_reminder",),
    "first_meeting": ("first_meeting",),
    "meeting": ("gone_quiet",),
    "silent": ("mentor_silent", "mentor_silent_staff"),
    "hours": ("too_few_hours",),
    "profile": ("profile_open",),
    "reached": ("thanks", "half_way", "come_to_the_end"),
    "milestone": ("milestone_due", "milestone_due_full", "milestones_due_staff"),
}
"""What may be prompted about, and in the words of which templates."""
PARTY = ("mentee", "mentor", "peer")
PRAISE: Mapping[str, str] = {
    "check": "thanks", "mid_point": "half_way", "two_thirds": "thanks", "end": "come_to_the_end",
}  # fmt: skip
"""By which milestone people are thanked in which words."""
ROLES = ("anyone", "party", *PARTY, "coordinator")
WEEK = 7
TELL_STAFF = 14
"""How many days after a silent mentor was asked the coordinators are told."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: whom to prompt about what is `awaited`, so many `days` after or before.

    ``after`` counts from when it is awaited, ``before`` from its last day. `only` narrows it to
    milestones of one kind, due or done, `risk` to relationships that are flagged or are not.
    `grace_days` is how long it is still worth sending (0: as long as the thing can be done). It is
    repeated `times` in all, `every_days`. `together` makes one message of all that began on one
    day, the next morning.
    """

    awaited: str
    template: str
    role: str = "anyone"
    when: str = "after"
    days: int = 0
    only: str = ""
    risk: str = ""
    channel: str = ""
    grace_days: int = 0
    times: int = 1
    every_days: int = WEEK
    together: bool = False

    def fits(self, one: Awaited) -> bool:
        """Return whether this step is about it."""
        roles = {"anyone": (one.role,), "party": PARTY}.get(self.role, (self.role,))
        at_risk = {"flagged": True, "healthy": False}.get(self.risk, one.at_risk)
        return (
            one.kind == self.awaited
            and one.role in roles
            and self.only in ("", one.detail)
            and one.at_risk == at_risk
        )

    def moments(self, one: Awaited) -> Iterator[datetime]:
        """Yield when it is prompted, each time; none once it is over, nor on its first day again.

        A time before its last day that lies before its first is a day after that.
        """
        if self.when == "before":
            if one.until is None:
                return
            first = max(one.until - self.days * DAY, one.since + DAY)
        else:
            first = one.since + self.days * DAY
        for index in range(self.times):
            at = first + index * self.every_days * DAY
            if one.until is None or at < one.until:
                yield at

    def grace(self, one: Awaited, at: datetime) -> timedelta:
        """Return how long a prompt of this time is worth sending."""
        if self.grace_days or one.until is None:
            return (self.grace_days or WEEK) * DAY
        return one.until - at


def steps(settings: Mapping[str, Any]) -> list[Step]:
    """Return the plan of a program: its own, else the shipped one by its days."""
    if own := settings.get("plan"):
        return [Step(**one) for one in own]
    return list(_shipped(settings))


def _shipped(settings: Mapping[str, Any]) -> Iterator[Step]:
    days = {name: int(settings.get(name, usual)) for name, usual in DAYS.items()}
    if settings.get("milestones", True):
        of: dict[str, Any] = {"awaited": "milestone"}
        yield Step(**of, role="party", risk="healthy", template="milestone_due")
        yield Step(**of, role="party", risk="flagged", template="milestone_due_full")
        yield Step(
            **of, role="coordinator", template="milestones_due_staff", together=True,
            grace_days=WEEK,
        )  # fmt: skip
    if before := days["answer_days"]:
        last: dict[str, Any] = {"when": "before", "days": before}
        yield Step(awaited="answer", role="party", template="answer_reminder", **last)
        yield Step(awaited="answer", role="coordinator", template="answer_reminder_staff", **last)
        yield Step(awaited="reply", template="reply_reminder", **last)
    for awaited, template, name in (
        ("first_meeting", "first_meeting", "first_meeting_days"),
        ("meeting", "gone_quiet", "quiet_days"),
    ):
        if days[name]:
            yield Step(awaited=awaited, template=template, days=days[name], grace_days=WEEK)
    if silent := days["silent_days"]:
        of = {"awaited": "silent", "grace_days": WEEK}
        yield Step(**of, role="mentor", template="mentor_silent", days=silent)
        later = min(silent + TELL_STAFF, 365)
        yield Step(**of, role="coordinator", template="mentor_silent_staff", days=later)
    if first := days["profile_days"]:
        yield Step(awaited="profile", template="profile_open", days=first, times=2, grace_days=WEEK)
    if settings.get("hours", True):
        yield Step(awaited="hours", role="party", template="too_few_hours", grace_days=WEEK)
    if settings.get("thanks", True):
        for only, template in PRAISE.items():
            # Of the end itself they are told at once; thanks come by themselves, a day later.
            days_later = 1 if only == "end" else 0
            yield Step(
                awaited="reached", role="party", only=only, template=template, days=days_later
            )


def misfits(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a plan that its schema cannot say: (where, what to do)."""
    for index, given in enumerate(settings.get("plan", ())):
        one, at = Step(**given), f"plan[{index}]"
        if one.template not in WORDS[one.awaited]:
            fit = ", ".join(WORDS[one.awaited])
            yield f"{at}.template", f"has no words for {one.awaited}; write one of {fit}"
        of_milestones = {"only": ("milestone", "reached"), "risk": ("milestone",)}
        for name, kinds in of_milestones.items():
            if not getattr(one, name) or one.awaited in kinds:
                continue
            yield f"{at}.{name}", "is for milestones alone; leave it out"
        if one.together != (one.template == "milestones_due_staff"):
            told = "is what milestones_due_staff is worded for; leave both or neither out"
            yield f"{at}.together", told
        if one.together and one.role != "coordinator":
            yield f"{at}.role", 'write "coordinator": only staff are told of many at once'
        if one.together and one.times > 1:
            yield f"{at}.times", "leave it out: what is told together is told once"


def as_row(step: Step) -> dict[str, Any]:
    """Return what a step says beyond what is usual, as it is written in a set-up."""
    needed = ("awaited", "template", "role", "when", "days")
    told = {each.name: (getattr(step, each.name), each.default) for each in fields(step)}
    return {
        name: value for name, (value, usual) in told.items() if name in needed or value != usual
    }
