"""Stepping: a rehearsal that staff begin, move on by some days, read, and clear."""

from __future__ import annotations

import time
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict, Invalid, NotFound
from mentorkit.journey.steps import person_of
from mentorkit_rehearse.copying import LONGEST, USUAL
from mentorkit_rehearse.kept import Kept, kept_at, moment, none
from mentorkit_rehearse.running import (
    ACTING,
    drain,
    fill,
    moments,
    rehearsed,
    wrong_days,
    wrong_people,
)
from mentorkit_rehearse.script import SILENT, Script
from mentorkit_rehearse.stage import NAME, opened

if TYPE_CHECKING:
    from mentorkit.kit import Kit

AT_ONCE = 60
"""How many days it is moved on at once, at most."""
CROWD = 1000
"""How many people may be in it: more take too long for somebody who waits for a page."""
SECONDS = 20.0
"""After how long it stops on the way; the rest is asked for again."""


def begin(
    kit: Kit, *, tenant: str, actor: Actor, program: str, people: int | None = None,
    silent: bool = False, seed: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Copy a program, as it is now, for a rehearsal of the actor's own; return what `show` does.

    `people`, `silent` and `seed` are as in `running.rehearse`, with 1,000 people at most. Raises
    `Conflict` where one is going on already, or where the program has more people.
    """
    if wrong := wrong_people(people, CROWD):
        raise Invalid("rehearsal.size", "This cannot be rehearsed:", wrong)
    found, own, kept = _kept(kit, tenant, actor, program)
    if people is None and not own:
        people = USUAL
    if people is None and own > CROWD:
        raise Conflict(
            "rehearsal.crowd",
            f"This program has more than {CROWD} people, too many to wait for here. Rehearse it "
            "with made-up people, or with `mentorkit rehearse` on the command line.",
        )
    kept.begin()
    with kept.turn():
        if kept.facts() is not None:
            raise Conflict(
                "rehearsal.going_on", "A rehearsal of yours is going on here. End it first."
            )
        kept.stage.unlink(missing_ok=True)  # of one that was not begun to the end
        now = kit.clock().astimezone(ZoneInfo(found.zone))
        try:
            with opened(kit, kept.stage, now, whole=True) as here:
                fill(kit, tenant, found, here.kit, people)
                with here.kit.transaction(tenant=tenant, write=False) as tx:
                    parts = tx.participants.find(program_id=found.id)
                first = here.ids.last + 1
        except BaseException:
            kept.clear()
            raise
        kept.make(
            {
                "begins": now.isoformat(),
                "zone": found.zone,
                "last": None,
                "day": 0,
                "goal": 0,
                "broken": False,
                "acted": None,
                "next_id": first,
                "made_up": people is not None,
                "silent": silent,
                "seed": seed,
                "roles": {one.person_id: one.role for one in parts},
                # Staff stand in it by name, also among people who are made up.
                "of": [*found.staff, *(one.person_id for one in parts if people is None)],
            }
        )
    return _shown(found, kept)


def forward(
    kit: Kit, *, tenant: str, actor: Actor, program: str, days: int, seconds: float = SECONDS
) -> dict[str, Any]:  # fmt: skip
    """Move the actor's rehearsal on by 1 to 60 days, and let everything happen; return as `show`.

    After so many `seconds` it stops at the end of an hour's work: what `show` tells as `day` is
    then before its `goal`, and the days between them can be asked for again. A rehearsal lasts 800
    days in all. Raises `NotFound` where none is going on, `Conflict` while it is moved already.
    """
    until = time.monotonic() + seconds
    found, _, kept = _kept(kit, tenant, actor, program)
    with kept.turn():
        facts = _facts(kit, tenant, kept)
        left = LONGEST - facts["day"]
        if not left:
            told = f"A rehearsal lasts {LONGEST} days. Clear it, and begin another."
            raise Conflict("rehearsal.over", told)
        if wrong := wrong_days(days, min(AT_ONCE, left)):
            raise Invalid("rehearsal.days", "The time was not moved on:", wrong)
        begins = moment(facts["begins"]).astimezone(ZoneInfo(facts["zone"]))
        facts["goal"] = facts["day"] + days
        last = moment(facts["last"]) if facts["last"] else None
        every = moments(begins, facts["goal"])
        ahead = [one for one in every if last is None or one > last]
        script = Script(
            tenant=tenant, program=found.id, seed=facts["seed"],
            silent=1.0 if facts["silent"] else SILENT,
        )  # fmt: skip
        kept.add((), {"goal": facts["goal"], "broken": True})
        with opened(kit, kept.stage, last or begins, whole=True, first=facts["next_id"]) as here:
            for at in ahead:
                if time.monotonic() >= until:
                    break
                here.clock.now = at.astimezone(UTC)
                if at.hour >= ACTING and facts["acted"] != at.date().isoformat():
                    script.live(here.kit, (at.date() - every[0].date()).days)
                    facts["acted"] = at.date().isoformat()
                drain(here, tenant)
                facts |= {
                    "last": at.isoformat(),
                    "day": (at.date() - begins.date()).days,
                    "next_id": here.ids.last + 1,
                }
                kept.add(here.take.got, {**facts, "broken": True})
                here.take.got.clear()
            else:
                facts["day"] = facts["goal"]
        kept.add((), {**facts, "broken": False})
    return _shown(found, kept)


def show(
    kit: Kit, *, tenant: str, actor: Actor, program: str, person: str | None = None,
    before: int | None = None, limit: int = 50,
) -> dict[str, Any] | None:  # fmt: skip
    """Return how far the actor's rehearsal of a program is, and what it would have sent.

    Has `begins` and `now` (times), `day`, `goal`, `people` (how many), `made_up`, `silent`,
    `broken` (it was cut off at work, so that some of an hour may be missing), `messages` (how
    many), `readers` (person, name, role, count) and `items`, the last first: number, at, person,
    name, role, template and subject. Of one `person` (id), and those `before` a number: `next` is
    that of the page behind, or None. None where no rehearsal is going on.
    """
    found, _, kept = _kept(kit, tenant, actor, program)
    try:
        _facts(kit, tenant, kept)
    except NotFound:
        return None
    return _shown(found, kept, person, before, limit)


def read(kit: Kit, *, tenant: str, actor: Actor, program: str, message: int) -> dict[str, Any]:
    """Return one message of the actor's rehearsal (its number) as its reader would get it.

    Has number, at, person, name, role, template, subject, `body` (plain text), `blocks` (as
    `hypertext.blocks`, for a page), locale, `reply` (how it is answered) and `choices`. Raises
    `NotFound`.
    """
    _, _, kept = _kept(kit, tenant, actor, program)
    facts = _facts(kit, tenant, kept)
    row = kept.message(message)
    return {**row, "role": facts["roles"].get(row["person"], "staff")}


def end(kit: Kit, *, tenant: str, actor: Actor, program: str) -> None:
    """Clear the actor's rehearsal of a program: nothing of it is left. None there is no error."""
    _, _, kept = _kept(kit, tenant, actor, program)
    if kept.folder.is_dir():
        with kept.turn():
            kept.clear()


def _kept(kit: Kit, tenant: str, actor: Actor, program: str) -> tuple[Program, int, Kept]:
    """Return the program, how many people are in it, and where this actor's rehearsal of it is."""
    found, own = rehearsed(kit, tenant, actor, program)
    with kit.transaction(tenant=tenant, write=False) as tx:
        who = person_of(tx, actor) or actor.user_ref or "admin"
    settings = kit.context(tenant, None, NAME).settings
    return found, own, kept_at(kit, settings, tenant, found.id, who)


def _facts(kit: Kit, tenant: str, kept: Kept) -> dict[str, Any]:
    """Return how far a rehearsal is; raise `NotFound` for none.

    One in which somebody is who was erased since is none any more.
    """
    facts = kept.facts()
    if facts is None:
        raise none()
    with kit.transaction(tenant=tenant, write=False) as tx:
        there = tx.people.get_many(facts["of"])
    if any(id not in there or there[id].erased for id in facts["of"]):
        kept.clear()
        raise none()
    return facts


def _shown(
    program: Program, kept: Kept, person: str | None = None, before: int | None = None,
    limit: int = 50,
) -> dict[str, Any]:  # fmt: skip
    facts = kept.facts()
    if facts is None:
        raise none()
    roles = facts["roles"]
    items = kept.rows(person=person, before=before, limit=limit + 1)
    told = ("begins", "zone", "day", "goal", "made_up", "silent", "broken")
    begins = moment(facts["begins"]).astimezone(ZoneInfo(facts["zone"]))
    return {
        **{name: facts[name] for name in told},
        "program": program.key,
        "now": (begins + timedelta(days=facts["day"])).isoformat(),
        "people": len(roles),
        "messages": kept.count(),
        "readers": [{**one, "role": roles.get(one["person"], "staff")} for one in kept.readers()],
        "items": [{**one, "role": roles.get(one["person"], "staff")} for one in items[:limit]],
        "next": items[limit - 1]["number"] if len(items) > limit else None,
    }
