"""A year of a large program, run against a clock that stands still until it is moved.

It is a rehearsal with made-up people in five time zones: the same worker, the same nudges, on
SQLite. Most meet every second week for an hour, as the program asks, and answer their milestones;
one in seven is silent.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.figures import Area, Effort, Measured
from mentorkit import Kit
from mentorkit.domain.people import Actor
from mentorkit.journey import gather, programs
from mentorkit.worker import unhindered
from mentorkit_rehearse.copying import copy, make_up
from mentorkit_rehearse.running import drain, run
from mentorkit_rehearse.script import Script
from mentorkit_rehearse.stage import Got, Stage, stage

area = Area("delivery")
TENANT = "acme"
ADMIN = Actor(user_ref="bench", admin=True)
BEGINS = datetime(2026, 1, 5, 12, tzinfo=UTC)
STEP = timedelta(hours=20)
"""How far the clock goes on at once: so the worker comes at every hour of the day in turn."""
ZONES = (
    "Africa/Nairobi", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin",
)  # fmt: skip
QUIET = (21, 8)
A_WEEK = 3
"""The hours in which nobody is prompted, and how many prompts one person gets within seven days."""
PLUGINS = ("matching", "csv", "inbox", "checkins", "survey", "rehearse")
PRESET = {
    "title": "A year",
    "fields": {"trade": {"kind": "text"}},
    "strategy": {"assigner": "choice"},
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "This measures nothing."},
}
PART = 50


@dataclass(frozen=True, kw_only=True)
class Year:
    """What came of it. `faults` are counted by what went wrong, `rude` prompts by their fault."""

    seconds: float
    messages: int
    milestones: int
    faults: Counter[str]
    rude: Counter[str]


@cache
def year(people: int, days: int) -> Year:
    """Run so many people through so many days, look at all that happened, and run the end again."""
    with TemporaryDirectory() as folder:
        kit = Kit.embedded(Path(folder) / "real.db", plugins=PLUGINS, clock=lambda: BEGINS)
        kit.upgrade()
        about: dict[str, Any] = {"tenant": TENANT, "actor": ADMIN, "key": "year"}
        made = programs.create(kit, **about, preset=PRESET)
        with kit.transaction(tenant=TENANT, write=False) as tx:
            program = tx.programs.get(made["id"])
        try:
            with stage(kit, BEGINS, whole=False) as here:
                copy(kit, TENANT, program, here.kit, people=False)
                make_up(here.kit, TENANT, program.id, people)
                _bring_together(here, program.id)
                script = Script(tenant=TENANT, program=program.id, every=14, offers=False)
                times = [BEGINS + STEP * count for count in range(timedelta(days=days) // STEP)]
                began = time.perf_counter()
                with unhindered():  # as `mentorkit rehearse` does
                    run(here, script, times, acting=0)
                seconds = time.perf_counter() - began
                return _looked_at(here, program.id, seconds)
        finally:
            kit.close()


def _bring_together(here: Stage, program: str) -> None:
    """Give people their zones, and begin a relationship of every two of them."""
    with here.kit.transaction(tenant=TENANT) as tx:
        persons = tx.people.find()
        tx.people.save_all(
            replace(one, zone=ZONES[at % len(ZONES)]) for at, one in enumerate(persons)
        )
        parts = tx.participants.find(program_id=program)
    sides = [[one.id for one in parts if one.role == role] for role in ("mentee", "mentor")]
    pairs = list(zip(*sides, strict=True))
    about: dict[str, Any] = {"tenant": TENANT, "actor": ADMIN, "program": program}
    for start in range(0, len(pairs), PART):
        with here.kit.transaction(tenant=TENANT) as tx:
            for mentee, mentor in pairs[start : start + PART]:
                gather.gather(here.kit, **about, people=[mentee], mentor=mentor, tx=tx)


def _looked_at(here: Stage, program: str, seconds: float) -> Year:
    faults: Counter[str] = Counter()
    with here.kit.transaction(tenant=TENANT, write=False) as tx:
        milestones = tx.milestones.find()
        fired = Counter(
            event.subject_id
            for event in tx.journal.of("milestone", program)
            if type(event).__name__ == "MilestoneDue"
        )
        zones = {one.id: one.zone for one in tx.people.find()}
        staff = set(tx.programs.get(program).staff)
        held = tx.relationships.get_many(one.relationship_id for one in milestones)
    for one in milestones:
        faults["milestone twice"] += fired[one.id] > 1
        if one.state in ("due", "done", "missed"):
            faults["milestone without a word"] += fired[one.id] != 1
        late = one.opens_at < here.clock.now - timedelta(days=2)
        running = held[one.relationship_id].state == "active"
        faults["milestone never"] += one.state == "upcoming" and late and running
    got = list(here.take.got)
    faults["message twice"] += sum(n - 1 for n in Counter(one.key for one in got).values())
    drain(here, TENANT)
    faults["sent by running it again"] += len(here.take.got) - len(got)
    return Year(
        seconds=seconds,
        messages=len(got),
        milestones=fired.total(),
        faults=+faults,
        rude=rude(got, zones, staff),
    )


def rude(got: Sequence[Got], zones: dict[str, str], staff: Collection[str] = ()) -> Counter[str]:
    """Count the prompts that came in somebody's quiet hours, or as one too many within a week.

    What staff are told as staff is not counted: of a hundred mentors each may be silent.
    """
    found: Counter[str] = Counter()
    theirs: dict[str, list[datetime]] = defaultdict(list)
    for one in got:
        if one.key.startswith("nudge:"):
            hour = one.at.astimezone(ZoneInfo(zones[one.person_id])).hour
            found["in quiet hours"] += hour >= QUIET[0] or hour < QUIET[1]
            if one.person_id not in staff:
                theirs[one.person_id].append(one.at)
    for times in theirs.values():
        for first, last in zip(times, times[A_WEEK:], strict=False):
            found["too many in a week"] += last - first < timedelta(days=7)
    return +found


def _of(effort: Effort) -> Year:
    return year(60, 70) if effort.quick else year(10_000, 365)


@area.figure()
def year_10000(effort: Effort) -> Measured:
    """Seconds for the whole year, from its first day to its last."""
    made = _of(effort)
    told = f"{made.messages} messages, {made.milestones} milestones"
    return Measured(value=made.seconds, ours=told)


@area.figure()
def year_faults(effort: Effort) -> Measured:
    """Milestones that fired twice or never, messages sent twice, or by running it again."""
    made = _of(effort)
    return Measured(value=made.faults.total(), ours=_told(made.faults))


@area.figure()
def year_rude(effort: Effort) -> Measured:
    """Prompts in the reader's quiet hours, and such as were one too many within a week."""
    made = _of(effort)
    return Measured(value=made.rude.total(), ours=_told(made.rude))


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {what}" for what, number in counts.items()) or "none"
