"""Puts a program in the middle of its life into the sample host, by walking it day by day.

Nothing is written past the journey: each person was recruited, asked and answered, each meeting
was logged, on a day of the last seven months. The same seed makes the same life.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from mentorkit.domain import presets
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict
from mentorkit.journey import (
    accept,
    concerns,
    contacts,
    match,
    meet,
    onboard,
    programs,
    recruit,
    screen,
    standing,
)
from mentorkit.journey.steps import many
from mentorkit.worker import work
from mentorkit_demo.people import Row, sample
from mentorkit_demo.replies import reply
from mentorkit_demo.sheets import sheet

if TYPE_CHECKING:
    from mentorkit.kit import Kit

ADMIN = Actor(user_ref="admin", admin=True)
COORDINATOR = "coordinator"
PROGRAM = "traders"
DAYS = 210
"""How long ago the program was made."""

MENTORS, MENTEES = 44, 76


class Life:
    """One program of one tenant, and the day it is on."""

    def __init__(self, kit: Kit, tenant: str, now: datetime, seed: int) -> None:
        self.kit, self.tenant, self.random = kit, tenant, Random(f"life/{seed}")
        self.begins, self.now = now - timedelta(days=DAYS), now
        self.by: dict[str, Any] = {"tenant": tenant, "actor": ADMIN}
        people = sample(seed, MENTEES, MENTORS)
        self.mentors, self.mentees = list(people.mentors), list(people.mentees)

    def day(self, number: int, hour: int = 9) -> None:
        """Make it this day of the program."""
        moment = (self.begins + timedelta(days=number)).replace(hour=hour, minute=0, second=0)
        self.kit.clock = lambda: min(moment, self.now).astimezone(UTC)

    # ------------------------------------------------------------------ people come in

    def take_in(self, rows: list[Row], role: str) -> list[str]:
        """Recruit these people from a sheet; return their participants' ids."""
        leads, problems = recruit.read(
            self.kit, **self.by, program=PROGRAM, body=sheet(rows), filename="people.csv",
            role=role, columns={"village": "nothing"},
        )  # fmt: skip
        assert not problems, problems
        recruit.receive(self.kit, **self.by, program=PROGRAM, leads=leads)
        keys = {lead.key for lead in leads}
        listed = screen.review(self.kit, **self.by, program=PROGRAM)
        return [row["id"] for row in listed if row["key"] in keys]

    def let_in(self, ids: list[str], *, leave: int = 0) -> None:
        """Approve and onboard these people, but for the last `leave` of them."""
        for verb in (screen.approve, onboard.consent, onboard.complete):
            many(self.kit, verb, ids[: len(ids) - leave], **self.by, noun="participant")

    # ------------------------------------------------------------------ they are matched

    def match(self) -> None:
        made = match.draft(self.kit, **self.by, program=PROGRAM)
        match.publish(self.kit, **self.by, run=made["id"])

    def answer(self, *, silent: float, no: float) -> None:
        """Let those who are asked answer: some stay silent, some say no."""
        asked = match.proposals(self.kit, **self.by, program=PROGRAM, state="offered")
        for one in asked:
            luck = self.random.random()
            if luck < silent:
                continue
            actors = [self.person(one["mentee_id"]), self.person(one["mentor_id"])]
            try:
                for actor in actors:
                    at: dict[str, Any] = {
                        "tenant": self.tenant,
                        "actor": actor,
                        "proposal": one["id"],
                    }
                    if luck < silent + no and actor is actors[-1]:
                        accept.decline(self.kit, **at, reason="no_time")
                        break
                    accept.accept(self.kit, **at)
            except Conflict:
                continue  # the place went to somebody else: that is life

    def person(self, participant: str) -> Actor:
        with self.kit.transaction(tenant=self.tenant, write=False) as tx:
            return Actor(person_id=tx.participants.get(participant).person_id)

    # ------------------------------------------------------------------ they meet

    def week(self, number: int) -> None:
        """Live through one week: meetings, milestones looked after, a break or an end."""
        self.day(number)
        while sum(work(self.kit, limit=500).values()):
            pass
        held = meet.relationships(self.kit, **self.by, program=PROGRAM, state="active")
        with self.kit.transaction(tenant=self.tenant) as tx:
            for one in held:
                self._meet(tx, one, number)
        for one in held:
            self._look_back(one, number)
        for one in meet.relationships(self.kit, **self.by, program=PROGRAM, state="paused"):
            if self.random.random() < 0.25:
                meet.resume(self.kit, **self.by, relationship=one["id"])
        reply(self.kit, random=self.random, program=PROGRAM, **self.by)

    def _meet(self, tx: Any, one: dict[str, Any], number: int) -> None:
        started = datetime.fromisoformat(one["started_at"])
        age = (tx.now - started).days
        zeal = Random(one["members"][0]["key"]).uniform(0.25, 0.95)  # some meet often, some hardly
        zeal *= 0.55 if age > 121 else 1.0  # engagement sags at two thirds
        if age < 2 or self.random.random() > zeal:
            return
        minutes = self.random.choice((30, 45, 60, 60, 75, 90))
        meet.log(self.kit, **self.by, relationship=one["id"], minutes=minutes, tx=tx)

    def _look_back(self, one: dict[str, Any], number: int) -> None:
        for milestone in meet.milestones(self.kit, **self.by, relationship=one["id"]):
            asked = milestone["kind"] in ("check", "end")  # who answers the survey has reached it
            if milestone["state"] != "due":
                continue
            if not asked and self.random.random() < 0.45:
                meet.reach(self.kit, **self.by, milestone=milestone["id"])
            elif milestone["kind"] == "check" and self.random.random() < 0.7:
                staff = {"milestone": milestone["id"], "on_behalf_of": meet.STAFF_SIDE}
                meet.reach(self.kit, **self.by, **staff)
        luck = self.random.random()
        at = {**self.by, "relationship": one["id"]}
        if luck < 0.008:
            meet.pause(self.kit, **at, reason="asked")
        elif luck < 0.016:
            meet.end(self.kit, **at, reason="no_time")
        elif datetime.fromisoformat(one["ends_at"]) < self.kit.clock() and luck < 0.15:
            meet.end(self.kit, **at, reason="completed")


def live(
    kit: Kit, *, tenant: str, now: datetime, seed: int = 1,
    tell: Callable[[str], None] = lambda stage: None,
) -> dict[str, str]:  # fmt: skip
    """Make the program and its people; return the users' logins -> names for the start page.

    `tell` hears of each stage as it begins, which may take a while.
    The kit's clock goes back for it and stands at `now` again in the end.
    """
    clock, life = kit.clock, Life(kit, tenant, now, seed)
    try:
        return _live(life, tell)
    finally:
        kit.clock = clock


def _live(life: Life, tell: Callable[[str], None]) -> dict[str, str]:
    kit, by = life.kit, life.by
    tell("the program and its mentors")
    life.day(0)
    preset = tomllib.loads(presets.source("low_touch"))
    preset["program"]["zone"] = "Africa/Nairobi"
    preset["targets"]["length_days"] = 161  # so that the first have come to their end by now
    programs.create(kit, **by, key=PROGRAM, preset=preset, name="Market Traders Mentoring")
    programs.appoint(
        kit, **by, program=PROGRAM, role="coordinator", name="Amina Otieno", user_ref=COORDINATOR
    )
    first = life.take_in(life.mentors[:36], "mentor")
    life.day(4)
    life.let_in(first, leave=2)
    programs.open_(kit, **by, program=PROGRAM)
    tell("the mentees")
    life.day(14)
    wave = life.take_in(life.mentees[:48], "mentee")
    life.day(18)
    life.let_in(wave, leave=3)
    tell("the first matches")
    life.day(21)
    life.match()
    for number in range(24, DAYS - 3, 7):
        if (number - 24) % 28 == 0:
            tell(f"month {(number - 24) // 28 + 1}")
        life.day(number, hour=18)
        life.answer(silent=0.12 if number < 40 else 0.3, no=0.06)
        life.week(number)
        if number == 24 + 7 * 12:
            life.let_in(life.take_in(life.mentors[36:40], "mentor"), leave=1)
            life.let_in(life.take_in(life.mentees[48:62], "mentee"), leave=2)
            life.match()
    tell("the last days")
    life.day(DAYS - 5)
    life.match()  # some are asked just now
    life.day(DAYS - 1)  # and others are to be looked at, and matched, by whoever opens the demo
    life.let_in(life.take_in(life.mentors[40:], "mentor"))
    life.let_in(life.take_in(life.mentees[62:], "mentee"), leave=5)
    return _accounts(life)


def _share(life: Life, together: dict[str, Any]) -> None:
    """Let two share how they are reached, and one of the others say that something is wrong."""
    kit, at = life.kit, dict[str, Any](tenant=life.tenant)
    for member in together["members"]:
        id, actor = member["participant"], life.person(member["participant"])
        shown = onboard.show(kit, **at, actor=actor, participant=id)
        mail = [one["id"] for one in shown["contacts"] if one["kind"] == "email"]
        number = f"+254 7{life.random.randrange(10**8):08d}"
        contacts.keep(
            kit, **at, actor=actor, participant=id, shared=mail, kind="whatsapp", value=number
        )
    held = meet.relationships(kit, **life.by, program=PROGRAM, state="active")
    quiet = min(held, key=lambda one: (one["minutes"], one["members"][0]["key"]))
    sides = {one["role"]: one["participant"] for one in quiet["members"]}
    concerns.raise_(
        kit, **at, actor=life.person(sides["mentee"]), program=PROGRAM,
        relationship=quiet["id"], about=sides["mentor"],
        kind="other", text="I have written three times and heard nothing. Is everything all right?",
    )  # fmt: skip


def _accounts(life: Life) -> dict[str, str]:
    """Give a mentor and a mentee who are together an account in the product; return who."""
    kit, by = life.kit, life.by
    users = {COORDINATOR: "Amina Otieno"}
    held = meet.relationships(kit, **by, program=PROGRAM, state="active")
    best = max(held, key=lambda one: (one["minutes"], one["members"][0]["key"]))
    for member in best["members"]:
        standing.link(kit, **by, person=member["key"], user_ref=member["role"])
        users[member["role"]] = member["name"]
    _share(life, best)
    asked = match.proposals(kit, **by, program=PROGRAM, state="offered")
    waiting = next((one for one in asked if one["awaiting"] == "mentee"), None)
    if waiting:
        standing.link(kit, **by, person=waiting["mentee_key"], user_ref="asked")
        users["asked"] = waiting["mentee"]
    return users
