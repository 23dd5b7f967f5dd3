"""When people are prompted: by the plan of their program."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mentorkit.hooks import Awaited, Context, Nudge, Prompt
from mentorkit_checkins.plan import Step, as_row, steps
from mentorkit_checkins.texts import TEMPLATES

MORNING = 8
"""The hour, in the program's zone, at which staff are told of the day before."""


class CheckIns(Nudge):
    """Prompts by the steps of a plan: the program's own, else the shipped one.

    Staff get one message a day about all milestones that have opened, however many there are.
    """

    name = "checkins"
    title = "Check-ins"
    templates = TEMPLATES

    def plan(self, ctx: Context) -> list[dict[str, Any]]:
        return [as_row(step) for step in steps(ctx.settings)]

    def due(self, ctx: Context, awaited: Sequence[Awaited]) -> Iterator[Prompt]:
        zone = ZoneInfo(ctx.program.zone if ctx.program else "UTC")
        plan = defaultdict(list)
        for step in steps(ctx.settings):
            plan[step.awaited].append(step)
        together: dict[tuple[Step, str, date], list[Awaited]] = defaultdict(list)
        for one in awaited:
            for step in plan[one.kind]:
                if not step.fits(one):
                    continue
                if step.together:
                    day = one.since.astimezone(zone).date()
                    together[step, one.person_id, day].append(one)
                else:
                    yield from _each(step, one)
        for (step, _, day), about in together.items():
            at = datetime(day.year, day.month, day.day, MORNING, tzinfo=zone)
            yield Prompt(
                awaited=tuple(about),
                template=step.template,
                at=at + timedelta(days=1 + step.days),
                grace=timedelta(days=step.grace_days or 7),
                key=f"{day}" if not step.days else f"{day}+{step.days}",
                channel=step.channel,
            )


def _each(step: Step, one: Awaited) -> Iterator[Prompt]:
    for index, at in enumerate(step.moments(one)):
        # The first has the key of the thing itself; a second time of the same is another message.
        again = f"{one.key}:{step.when}{step.days}:{index}" if index else ""
        yield Prompt(
            awaited=(one,),
            template=step.template,
            at=at,
            grace=step.grace(one, at),
            key=again,
            channel=step.channel,
        )
