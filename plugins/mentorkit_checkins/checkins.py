"""When people are prompted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mentorkit.hooks import Awaited, Context, Nudge, Prompt
from mentorkit_checkins.texts import TEMPLATES

DAYS: Mapping[str, int] = {"answer_days": 3, "first_meeting_days": 7, "quiet_days": 21}
"""How many days, where a program does not say otherwise."""
STAFFS = ("answer", "coordinator")
"""What staff owe themselves: a question is replied to by one of the two."""
MORNING = 8
"""The hour, in the program's zone, at which staff are told of the day before."""


class CheckIns(Nudge):
    """Prompts whom a milestone asks as it opens, and others once they are late.

    Staff get one message a day about all that has opened, however many relationships there are.
    """

    name = "checkins"
    title = "Check-ins"
    templates = TEMPLATES

    def due(self, ctx: Context, awaited: Sequence[Awaited]) -> Iterator[Prompt]:
        opened: dict[tuple[str, date], list[Awaited]] = defaultdict(list)
        zone = ZoneInfo(ctx.program.zone if ctx.program else "UTC")
        asking = ctx.settings.get("milestones", True)
        for one in awaited:
            if one.kind == "milestone" and asking and one.role == "coordinator":
                opened[one.person_id, one.since.astimezone(zone).date()].append(one)
            elif one.kind == "milestone" and asking:
                template = "milestone_due_full" if one.at_risk else "milestone_due"
                yield _until(one, template, one.since)
            elif one.kind in ("answer", "reply"):
                if days := _days(ctx, "answer_days"):
                    at = (one.until or one.since) - timedelta(days=days)
                    of_staff = "_staff" if (one.kind, one.role) == STAFFS else ""
                    yield _until(one, f"{one.kind}_reminder{of_staff}", max(at, one.since))
            elif one.kind in ("first_meeting", "meeting"):
                first = one.kind == "first_meeting"
                if days := _days(ctx, "first_meeting_days" if first else "quiet_days"):
                    template = "first_meeting" if first else "gone_quiet"
                    at = one.since + timedelta(days=days)
                    if one.until and at >= one.until:
                        continue  # by then it is over
                    yield Prompt(awaited=(one,), template=template, at=at, grace=timedelta(days=7))
        for (_, day), about in opened.items():
            at = datetime(day.year, day.month, day.day, MORNING, tzinfo=zone) + timedelta(days=1)
            yield Prompt(
                awaited=tuple(about),
                template="milestones_due_staff",
                at=at,
                grace=timedelta(days=7),
                key=f"{day}",
            )


def _days(ctx: Context, name: str) -> int:
    return int(ctx.settings.get(name, DAYS[name]))


def _until(one: Awaited, template: str, at: datetime) -> Prompt:
    """Return a prompt that is worth sending for as long as the thing can be done."""
    return Prompt(awaited=(one,), template=template, at=at, grace=(one.until or at) - at)
