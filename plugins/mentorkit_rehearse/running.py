"""Running: the clock goes on hour by hour, the worker works, and people do as the script says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit.domain.moves import STAFF
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.steps import chosen, reading
from mentorkit.worker import work
from mentorkit_rehearse.copying import LONGEST, MOST, USUAL, copy, make_up
from mentorkit_rehearse.script import SILENT, Script
from mentorkit_rehearse.stage import NAME, Got, Stage, stage

if TYPE_CHECKING:
    from mentorkit.kit import Kit

HOURS = (3, 9, 18)
"""At which hours of a day, on the program's clock, the worker works; in life it does so always."""
ACTING = 9
"""The hour at which people do what they do, before the work of that hour."""
BATCH = 100_000
PATIENCE = 3600.0
"""Seconds that one batch may take: nobody waits beside it."""
DID = ("turned", "expired", "nudged", "done", "cancelled", "dead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of it: who got what, oldest first, and in which role they did."""

    program: str
    zone: str
    begins: date
    days: int
    people: int
    got: Sequence[Got]
    roles: dict[str, str]
    refused: int

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each message: day, at (on the program's clock), name, role, ..."""
        zone = ZoneInfo(self.zone)
        return [
            {
                "day": (one.at.astimezone(zone).date() - self.begins).days,
                "at": one.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
                "name": one.name,
                "role": self.roles.get(one.person_id, "staff"),
                "template": one.template,
                "subject": one.subject,
            }
            for one in self.got
        ]

    def summary(self) -> list[dict[str, Any]]:
        """Return a row for each message template: how many, to how many people, first and last."""
        rows = self.rows()
        people: dict[str, set[str]] = {}
        for got in self.got:
            people.setdefault(got.template, set()).add(got.person_id)
        counts = Counter(row["template"] for row in rows)
        first = {row["template"]: row["at"] for row in reversed(rows)}
        last = {row["template"]: row["at"] for row in rows}
        return [
            {
                "template": name,
                "messages": counts[name],
                "people": len(people[name]),
                "first": first[name],
                "last": last[name],
            }
            for name in sorted(first, key=lambda name: (first[name], name))
        ]


def rehearse(
    kit: Kit, *, tenant: str, actor: Actor, program: str, days: int = 200, people: int | None =
    None, seed: int = 1, silent: bool = False, whole: bool = False,
    told: Callable[[int], None] = lambda day: None,
) -> Rehearsal:  # fmt: skip
    """Run a program so many days ahead from now, and return who would get what; for its staff.

    With `people` that many made-up ones are in it in place of its own. `silent`: nobody does
    anything. `whole` keeps the messages themselves. `told` hears of each day that is begun.
    """
    wrong = [*wrong_days(days, LONGEST), *wrong_people(people, MOST)]
    if wrong:
        raise Invalid("rehearsal.size", "This cannot be rehearsed:", wrong)
    found, own = rehearsed(kit, tenant, actor, program)
    if people is None and not own:
        people = USUAL
    zone = ZoneInfo(found.zone)
    now = kit.clock().astimezone(zone)
    with stage(kit, now, whole=whole) as here:
        fill(kit, tenant, found, here.kit, people)
        script = Script(
            tenant=tenant, program=found.id, seed=seed, silent=1.0 if silent else SILENT
        )
        refused = run(here, script, moments(now, days), told=told)
        with here.kit.transaction(tenant=tenant, write=False) as tx:
            parts = tx.participants.find(program_id=found.id)
        return Rehearsal(
            program=found.key,
            zone=found.zone,
            begins=now.date(),
            days=days,
            people=len(parts),
            got=tuple(here.take.got),
            roles={one.person_id: one.role for one in parts},
            refused=refused,
        )


def rehearsed(kit: Kit, tenant: str, actor: Actor, program: str) -> tuple[Program, int]:
    """Return a program that this actor may rehearse, and how many people are in it.

    Raises `NotAllowed` for whoever is not its staff, `Conflict` where it is switched off.
    """
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        if chosen(tx, found, NAME) is None:
            told_off = f"The program {found.key} has switched rehearsals off."
            raise Conflict("plugin.off", told_off)
        return found, tx.participants.count(program_id=found.id)


def fill(kit: Kit, tenant: str, program: Program, there: Kit, people: int | None) -> None:
    """Copy a program into an empty stage, with its own people or so many made-up ones."""
    copy(kit, tenant, program, there, people=people is None)
    if people is not None:
        make_up(there, tenant, program.id, people)


def wrong_days(days: object, most: int) -> list[Problem]:
    """Return what is wrong with a number of days."""
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= most:
        return [Problem("days", f"write a whole number from 1 to {most}")]
    return []


def wrong_people(people: int | None, most: int) -> list[Problem]:
    """Return what is wrong with a number of made-up people; None is the program's own."""
    if people is not None and (
        isinstance(people, bool) or not isinstance(people, int) or not 2 <= people <= most
    ):
        return [Problem("people", f"write a whole number from 2 to {most}")]
    return []


def run(
    here: Stage, script: Script, times: Sequence[datetime], *, acting: int = ACTING,
    told: Callable[[int], None] = lambda day: None,
) -> int:  # fmt: skip
    """Move a stage on to each of these times (with their zone), and let the worker work there.

    People act once a day, at the first of its times from the hour `acting` on, before the work.
    Return how many steps of theirs were refused.
    """
    refused, acted = 0, None
    for at in times:
        here.clock.now = at.astimezone(UTC)
        if at.hour >= acting and at.date() != acted:
            acted = at.date()
            day = (acted - times[0].date()).days
            told(day)
            refused += script.live(here.kit, day)
        drain(here, script.tenant)
    return refused


def moments(now: datetime, days: int) -> list[datetime]:
    """Return when the worker works, from now (with its zone) until so many days later.

    An hour that a clock leaves out in spring is the one after it.
    """
    zone = now.tzinfo
    found = [
        datetime.combine(now.date() + timedelta(days=day), clock_time(hour), zone)
        for day in range(days + 1)
        for hour in HOURS
    ]
    last = now + timedelta(days=days)
    return [one for one in found if now <= one <= last]


def drain(here: Stage, tenant: str) -> None:
    """Let the worker work until nothing is left to be done at this moment."""
    while True:
        report = work(here.kit, limit=BATCH, seconds=PATIENCE, wait=PATIENCE)
        with here.kit.transaction(tenant=tenant, write=False) as tx:
            left = tx.outbox.late(here.clock.now + timedelta(microseconds=1))
        if not left or not any(report[name] for name in DID):
            return
