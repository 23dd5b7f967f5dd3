"""Foresee: who gets which prompt when, in the days to come, if nobody does anything meanwhile.

The nudges are asked day by day, as the worker asks them, and what they answer keeps the same
manners. Nothing is written. What follows from an answer, or from none (the next choice is asked
when an offer expires), is not foreseen.
"""

from __future__ import annotations

import heapq
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from mentorkit.domain.manners import WEEK, Manners, same_cause
from mentorkit.domain.moves import PARTIES
from mentorkit.domain.nudges import KINDS, Awaited
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import shown
from mentorkit.errors import Invalid, PluginError, Problem
from mentorkit.hooks.calls import called
from mentorkit.journey.awaiting import joining
from mentorkit.journey.collecting import awaited
from mentorkit.journey.manners import DAY, SURVEY, is_prompt, manners_in, zone_of
from mentorkit.journey.nudge import own_awaited, parts, promise, prompts
from mentorkit.journey.steps import READERS, chosen, reading
from mentorkit.journey.tell import TEMPLATES

if TYPE_CHECKING:
    from mentorkit.hooks.context import Context
    from mentorkit.hooks.providers import Nudge
    from mentorkit.kit import Kit, KitContext
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

log = logging.getLogger("mentorkit.nudge")
LONGEST = 92
"""Days ahead at most: by then people will have done something."""


@dataclass(slots=True, kw_only=True)
class Coming:
    """A prompt to come: to whom, from when until when it may go, and what it is about."""

    person: str
    nudge: str
    template: str
    at: datetime
    until: datetime | None
    last: str
    staff: bool
    channel: str
    about: list[tuple[str, str, str]]
    outcome: str = "sent"
    due: datetime | None = None


@dataclass(slots=True)
class _Reader:
    """What one person has got: when, and about what."""

    person: Person
    zone: ZoneInfo
    mine: Participant | None
    agreed: bool
    sent: list[datetime] = field(default_factory=list)
    told: list[tuple[datetime, list[str]]] = field(default_factory=list)


def foresee(
    kit: Kit, *, tenant: str, actor: Actor, program: str, days: int = 30
) -> list[dict[str, Any]]:
    """Return the prompts of the next `days` (1 to 92), in their order.

    Each has ``at`` (when it goes, or else would be due), `person` (id), `name` and `zone`, `about`
    (the names of the others in it), `nudge`, `template`, its `subject` by language, the `channel`
    that is asked first ("" for the usual) and `outcome`: ``sent``, ``digest`` (in the message of
    the one sent before it), or why not: quiet, capped, same_cause, silenced. Whoever has not
    consented is left out, but for what they need to join. Invitations to surveys are the template
    ``survey_asked``, of the nudge "".
    """
    if not 1 <= days <= LONGEST:
        told = [Problem("days", f"write a whole number from 1 to {LONGEST}")]
        raise Invalid("nudge.days", "So many days cannot be foreseen.", told)
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        now, end = tx.now, tx.now + timedelta(days=days)
        everything = awaited(kit, tx, found, by=end) if found.state != "draft" else []
        settings = {key: chosen(tx, found, key.partition(".")[0]) for key in kit.registry.nudges}
        manners = manners_in(tx, found)
        lately = [one for one in tx.outbox.lately(None, now - WEEK) if is_prompt(one)]
    coming = dict(_promised(found, lately))
    for key, one in _asked(kit, tenant, found, everything, settings, now, days):
        coming.setdefault(key, one)
    with reading(kit, tenant, actor, program, READERS) as (tx, _):
        there = tx.outbox.there(coming)
        waiting = {one.key for one in lately if one.state in ("waiting", "leased")}
        new = [one for key, one in coming.items() if key not in there or key in waiting]
        readers = _readers(tx, found, new, lately)
        gone = list(_go(manners, new, readers, now, end))
        names = _names(tx, gone)
    gone.sort(key=lambda one: (one.at, readers[one.person].person.name, one.person))
    return [_row(kit, one, readers[one.person].person, names) for one in gone]


def unknown_channels(kit: Kit, rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return which of the channels that rows or steps name nobody brings here."""
    named = {str(row.get("channel", "")) for row in rows}
    return named - {"", *kit.registry.channels}


def unprompted(plans: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return about what no step of these plans prompts anybody; of plans without steps, nothing."""
    told = {step.get("awaited") for one in plans for step in one["steps"]}
    return [kind for kind in KINDS if kind not in told] if told else []


def plan(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """Return by which steps people of a program are prompted: one row for each nudge that is on.

    Each has `nudge`, `plugin`, `title` and its `steps`, as `Nudge.plan` gives them, each with the
    `subject` of its template by language.
    """
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        settings = {key: chosen(tx, found, key.partition(".")[0]) for key in kit.registry.nudges}
    rows = []
    for key, one in kit.registry.nudges.items():
        if settings[key] is None:
            continue
        plugin, label = key.partition(".")[0], kit.registry.owner("nudges", key).label
        ctx = kit.context(tenant, found, plugin, settings=settings[key])
        steps = called(label, "plan", partial(_steps, one, ctx))
        rows.append({"nudge": key, "plugin": plugin, "title": one.title or key, "steps": steps})
    return rows


def _steps(one: Nudge, ctx: Context) -> list[dict[str, Any]]:
    subjects = {name: shown(each["subject"]) for name, each in one.templates.items()}
    return [
        {**each, "subject": subjects.get(each.get("template", ""), {})} for each in one.plan(ctx)
    ]


def _promised(program: Program, lately: Sequence[Job]) -> Iterator[tuple[str, Coming]]:
    """Yield what is promised to people of the program already, and was not sent yet."""
    for job in lately:
        if job.state not in ("waiting", "leased") or job.program_id != program.id:
            continue
        until = job.body.get("until")
        yield job.key, Coming(
            person=job.recipient_id or "", nudge=job.body.get("nudge", ""), template=job.name,
            at=job.not_before, until=datetime.fromisoformat(until) if until else None,
            last=job.body.get("last") or "9", staff=bool(job.body.get("staff")),
            channel=job.body.get("channel", ""),
            about=[(noun, id, key) for noun, id, key in job.body.get("about", ())],
        )  # fmt: skip


def _asked(
    kit: Kit, tenant: str, program: Program, everything: Sequence[Awaited],
    settings: Mapping[str, Any], now: datetime, days: int,
) -> Iterator[tuple[str, Coming]]:  # fmt: skip
    """Yield what each nudge would have sent, asked now and at the end of each day to come."""
    end = now + timedelta(days=days)
    for one in everything:
        if one.kind == "survey" and now < one.since <= end:
            staff = one.role not in (*PARTIES, "peer")
            yield f"survey:{one.person_id}:{one.key}", Coming(
                person=one.person_id, nudge="", template=SURVEY, at=one.since, until=None,
                last=_last([one]), staff=staff, channel="",
                about=[(one.noun, one.subject_id, one.key)],
            )  # fmt: skip
    for key, one_nudge in kit.registry.nudges.items():
        if settings[key] is None:
            continue
        label = kit.registry.owner("nudges", key).label
        ctx = kit.context(tenant, program, key.partition(".")[0], settings=settings[key])
        try:
            own = own_awaited(kit, tenant, program, key, settings[key], until=end)
        except PluginError as error:
            log.warning("%s", error)
            continue
        for day in range(days + 1):
            since, at = now + timedelta(days=max(day - 1, 0)), now + timedelta(days=day)
            ahead = replace(cast("KitContext", ctx), now=at)
            open_ = [
                one for one in (*everything, *own)
                if one.since <= at and (one.until is None or one.until > since)
            ]  # fmt: skip
            try:
                for part in parts(open_):
                    for prompt in prompts(label, one_nudge, ahead, part):
                        if not (prompt.at <= at and since <= prompt.at + prompt.grace):
                            continue
                        row = promise(key, program, prompt)
                        yield row["key"], Coming(
                            person=row["recipient_id"], nudge=key, template=row["name"],
                            at=max(prompt.at, since), until=prompt.at + prompt.grace,
                            last=row["body"]["last"] or "9", staff=row["body"]["staff"],
                            channel=prompt.channel, about=[(*one,) for one in row["body"]["about"]],
                        )  # fmt: skip
            except PluginError as error:
                log.warning("%s", error)
                break


def _last(about: Sequence[Awaited]) -> str:
    return min((one.until.isoformat() for one in about if one.until), default="9")


def _readers(
    tx: Transaction, program: Program, coming: Sequence[Coming], lately: Sequence[Job]
) -> dict[str, _Reader]:
    """Return whoever may be written to, by person id, with what went to them lately."""
    ids = {one.person for one in coming}
    people = tx.people.get_many(sorted(ids))
    mine = {
        one.person_id: one
        for one in tx.participants.find(program_id=program.id)
        if one.person_id in ids
    }
    found = {}
    for id, person in people.items():
        agreed = mine[id].consented_at is not None if id in mine else id in program.staff
        if person.name:
            found[id] = _Reader(person, zone_of(person, program), mine.get(id), agreed)
    for job in lately:
        if job.state == "done" and job.recipient_id in found and not job.body.get("staff"):
            reader = found[job.recipient_id]
            reader.sent.append(job.went_at)
            reader.told.append((job.went_at, [key for _, _, key in job.body.get("about", ())]))
    return found


def _go(
    manners: Manners, coming: Sequence[Coming], readers: Mapping[str, _Reader], now: datetime,
    end: datetime,
) -> Iterator[Coming]:  # fmt: skip
    """Let each go when its manners let it, in order; what has a last day soon first."""
    for one in coming:
        one.due = max(one.at, now)
    queue = [
        (one.due or now, one.last, index, one)
        for index, one in enumerate(coming)
        if one.person in readers and (readers[one.person].agreed or joining(one.about))
    ]
    heapq.heapify(queue)
    mates: dict[str, list[tuple[int, Coming]]] = defaultdict(list)
    for _, _, index, one in sorted(queue, key=lambda each: each[2]):
        if one.nudge and not one.staff and not joining(one.about):
            mates[one.person].append((index, one))
    taken = set[int]()  # what has gone, or will not
    while queue:
        at, last, index, one = heapq.heappop(queue)
        if at > end or index in taken:
            continue
        reader, one.at = readers[one.person], at
        counted = not one.staff and reader.mine is not None
        causes = [key for _, _, key in one.about]
        joined = manners.digest != "off" and (index, one) in mates[one.person]
        sent = reader.sent if counted else None
        wait = manners.wait(at, reader.zone, sent, joined=joined, last=one.until)
        together = manners.together_at(one.due or at, reader.zone) if joined else at
        if counted and reader.mine is not None and reader.mine.silent_since:
            one.outcome = "silenced"
        elif any(when > at - DAY and same_cause(causes, told) for when, told in reader.told):
            one.outcome = "same_cause"
        elif together > at and (one.until is None or together <= one.until):
            heapq.heappush(queue, (together, last, index, one))
            continue
        elif wait and one.until is not None and wait[0] > one.until:
            one.outcome = wait[1]
        elif wait:
            heapq.heappush(queue, (wait[0], last, index, one))
            continue
        else:
            if counted:
                reader.sent.append(at)
            taken.add(index)
            yield one
            for mate in _beside(mates[one.person], at, taken) if joined else ():
                causes += [key for _, _, key in mate.about]
                yield mate
            reader.told.append((at, causes))
            continue
        taken.add(index)
        yield one


def _beside(mates: Sequence[tuple[int, Coming]], at: datetime, taken: set[int]) -> Iterator[Coming]:
    """Yield what one that goes takes up: what is due for the same person; it is `taken` now."""
    for index, mate in mates:
        in_time = mate.due is not None and mate.due <= at and (not mate.until or at <= mate.until)
        if in_time and index not in taken:
            taken.add(index)
            mate.at, mate.outcome = at, "digest"
            yield mate


def _names(tx: Transaction, gone: Sequence[Coming]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return the people (id and name) in each thing, by noun and id."""
    ids: dict[str, set[str]] = defaultdict(set)
    for one in gone:
        for noun, id, _ in one.about:
            ids[noun].add(id)
    milestones = tx.milestones.get_many(sorted(ids["milestone"]))
    held = {one.relationship_id for one in milestones.values()} | ids["relationship"]
    inside = {
        ("relationship", id): [member.participant_id for member in one.here]
        for id, one in tx.relationships.get_many(sorted(held)).items()
    }
    inside |= {
        ("milestone", id): inside.get(("relationship", one.relationship_id), [])
        for id, one in milestones.items()
    }
    inside |= {
        ("proposal", id): [one.mentee_id, one.mentor_id]
        for id, one in tx.proposals.get_many(sorted(ids["proposal"])).items()
    }
    found = tx.participants.get_many(sorted({id for those in inside.values() for id in those}))
    people = tx.people.get_many(sorted({one.person_id for one in found.values()}))
    who = {id: (one.person_id, people[one.person_id].name) for id, one in found.items()}
    return {thing: [who[id] for id in those if id in who] for thing, those in inside.items()}


def _row(
    kit: Kit, one: Coming, person: Person, names: Mapping[tuple[str, str], list[tuple[str, str]]]
) -> dict[str, Any]:
    nudge = kit.registry.nudges.get(one.nudge)
    templates = nudge.templates if nudge else TEMPLATES
    others = [
        name
        for noun, id, _ in one.about
        for who, name in names.get((noun, id), ())
        if who != person.id and name
    ]
    return {
        "at": one.at.isoformat(),
        "person": person.id,
        "name": person.name,
        "zone": person.zone,
        "about": list(dict.fromkeys(others)),
        "nudge": one.nudge,
        "template": one.template,
        "subject": shown(templates[one.template]["subject"]) if one.template in templates else {},
        "channel": one.channel,
        "outcome": one.outcome,
    }
