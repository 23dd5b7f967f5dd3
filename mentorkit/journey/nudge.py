"""Nudge: what is awaited from whom, asked of every nudge, and each prompt promised once.

Nothing is decided here about when and in which words: that is the nudges', which plugins bring.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from mentorkit.domain.manners import WEEK
from mentorkit.domain.messages import Message
from mentorkit.domain.moves import PARTIES
from mentorkit.domain.nudges import Awaited, Prompt
from mentorkit.domain.people import SYSTEM_ACTOR, Person
from mentorkit.domain.programs import Program
from mentorkit.errors import PluginError
from mentorkit.hooks import providers
from mentorkit.hooks.calls import called
from mentorkit.hooks.offers import overrides
from mentorkit.i18n import format_day
from mentorkit.journey import awaiting, links
from mentorkit.journey.answer import put
from mentorkit.journey.collecting import COLLECTED, awaited
from mentorkit.journey.manners import is_joined, manners_in
from mentorkit.journey.say import NotWanted, footer, names_in, thread, worded
from mentorkit.journey.steps import chosen, persons_of

if TYPE_CHECKING:
    from mentorkit.hooks.context import CommandContext, Context
    from mentorkit.hooks.providers import Nudge
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

log = logging.getLogger("mentorkit.nudge")
Ids = Collection[str] | None
SAID = ("text", "others", "link")
"""What a nudge may say of what it awaits by itself."""
PART = 500
"""How many things awaited a nudge is asked about at once, or those of one person if more."""


# --------------------------------------------------------------------------- asking the nudges


class Own(NamedTuple):
    """Something that a nudge awaits by itself, and what a message says of it."""

    awaited: Awaited
    words: Mapping[str, str]


class _Seen(NamedTuple):
    """What was awaited `at` a time, when the `newest` event was this."""

    at: datetime
    newest: int
    awaited: list[Awaited]


MOMENT, LARGE = timedelta(minutes=1), 1_000
"""For how long what is awaited is kept, and from how many on; to find fewer takes no time."""
_SEEN: WeakKeyDictionary[Kit, dict[tuple[str, str], _Seen]] = WeakKeyDictionary()
Owned = Mapping[tuple[str, str], Own]
"""By nudge and key of what is awaited."""


def own_awaited(
    kit: Kit, tenant: str, program: Program, key: str, settings: Mapping[str, Any],
    until: datetime | None = None, only: Collection[str] | None = None,
) -> list[Awaited]:  # fmt: skip
    """Return what a nudge awaits by itself; raise `PluginError` for what nothing can be made of."""
    nudge, plugin = kit.registry.nudges[key], key.partition(".")[0]
    if not overrides(nudge, providers.Nudge, "awaits"):
        return []
    label, ctx = _asking(kit, tenant, program, key, settings)
    found = called(label, "awaits", lambda: list(nudge.awaits(ctx, until=until, only=only)))
    for one in found:
        if not isinstance(one, Awaited):
            told = f"returned {type(one).__name__}; return each Awaited"
        elif one.noun != plugin:
            told = f"returned something whose noun is {one.noun!r}; write {plugin!r}"
        elif one.since.utcoffset() is None or (one.until and one.until.utcoffset() is None):
            told = "returned something whose time has no zone"
        else:
            continue
        raise PluginError("nudge.bad_awaited", f"{label}: awaits {told}.")
    return found


def own_of(kit: Kit, tenant: str, job: Job) -> dict[tuple[str, str], Own]:
    """Return what nudges await still of what a promised prompt is about, by nudge and key.

    Asked before the prompt is put into words, since no plugin runs inside a transaction.
    """
    found: dict[tuple[str, str], Own] = {}
    for part in job.body.get("parts") or [job.body]:
        key = part["nudge"]
        ids = [id for noun, id, _ in part["about"] if noun == key.partition(".")[0]]
        if not ids or key not in kit.registry.nudges:
            continue
        with kit.transaction(tenant=tenant, write=False) as tx:
            program = tx.programs.first(id=job.program_id)
            settings = chosen(tx, program, key.partition(".")[0]) if program else None
            person = tx.people.first(id=job.recipient_id)
        if program is None or settings is None or person is None:
            continue
        label, ctx = _asking(kit, tenant, program, key, settings)
        telling = kit.registry.nudges[key].told
        try:
            for one in own_awaited(kit, tenant, program, key, settings, only=ids):
                told = called(label, "told", partial(telling, ctx, one, person.locale))
                if told is not None:
                    said = {name: told[name] for name in SAID if name in told}
                    found[key, one.key] = Own(one, said)
        except PluginError as error:  # whatever is wrong with one of several, the others go
            if "parts" not in job.body:
                raise
            log.warning("%s", error)
    return found


def _asking(
    kit: Kit, tenant: str, program: Program, key: str, settings: Mapping[str, Any]
) -> tuple[str, CommandContext]:
    label = kit.registry.owner("nudges", key).label
    plugin = key.partition(".")[0]
    return label, kit.acting_context(tenant, program, plugin, SYSTEM_ACTOR, settings=settings)


def nudge(kit: Kit, *, tenant: str, limit: int = 100, until: float | None = None) -> int:
    """Ask every nudge what is due, promise at most `limit` new prompts; return how many.

    For the worker, which stops asking at `until` (monotonic seconds). A prompt that is promised
    already is not promised again, and what is past its grace not at all.
    """
    if not kit.registry.nudges:
        return 0
    with kit.transaction(tenant=tenant, write=False) as tx:
        programs = [one for one in tx.programs.find() if one.state != "draft"]
    promised = 0
    for program in programs:
        if promised >= limit or (until is not None and time.monotonic() >= until):
            break
        jobs = _due(kit, tenant, program)
        with kit.transaction(tenant=tenant, write=False) as tx:
            there = tx.outbox.there(jobs)
        new = [about for key, about in jobs.items() if key not in there][: limit - promised]
        if new:
            promised += kit.write(
                tenant,
                lambda tx, new=new: len(  # type: ignore[misc]
                    tx.outbox.add_all([tx.outbox.job("message", **about) for about in new])
                ),
            )
    return promised


def _due(kit: Kit, tenant: str, program: Program) -> dict[str, dict[str, Any]]:
    """Return the rows to promise for a program's prompts, by key."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        settings = {key: chosen(tx, program, key.partition(".")[0]) for key in kit.registry.nudges}
        if all(one is None for one in settings.values()):
            return {}
        everything = _as_of_now(kit, tx, program)
    jobs: dict[str, dict[str, Any]] = {}
    for key, one in kit.registry.nudges.items():
        plugin = key.partition(".")[0]
        if settings[key] is None:
            continue
        ctx = kit.context(tenant, program, plugin, settings=settings[key])
        label = kit.registry.owner("nudges", key).label
        try:
            own = own_awaited(kit, tenant, program, key, settings[key] or {})
            for part in parts([*everything, *own]):
                for prompt in prompts(label, one, ctx, part):
                    if prompt.at <= ctx.now <= prompt.at + prompt.grace:
                        about = promise(key, program, prompt)
                        jobs.setdefault(about["key"], about)
        except PluginError as error:
            log.warning("%s", error)
    return jobs


def _as_of_now(kit: Kit, tx: Transaction, program: Program) -> list[Awaited]:
    """Return what the core awaits, as it was a moment ago where nothing has happened since."""
    kept, newest = _SEEN.setdefault(kit, {}), tx.journal.last()
    before = kept.get((tx.tenant, program.id))
    if before and before.newest == newest and timedelta(0) <= tx.now - before.at < MOMENT:
        return before.awaited
    found = awaited(kit, tx, program)
    if len(found) >= LARGE:
        kept[tx.tenant, program.id] = _Seen(tx.now, newest, found)
    return found


def parts(everything: Sequence[Awaited]) -> Iterator[list[Awaited]]:
    """Cut what is awaited into parts of about `PART`, all of one person in the same."""
    part: list[Awaited] = []
    ordered = sorted(everything, key=lambda one: one.person_id)
    for _, theirs in groupby(ordered, key=lambda one: one.person_id):
        part += theirs
        if len(part) >= PART:
            yield part
            part = []
    if part:
        yield part


def prompts(label: str, one: Nudge, ctx: Context, part: Sequence[Awaited]) -> list[Prompt]:
    """Return the prompts of a nudge about a part of what is awaited; it gets copies.

    Raises `PluginError` for what it raises, and for what is no prompt about what was awaited, in
    words that are there.
    """
    given = list(map(replace, part))
    found: list[Any] = called(label, "due", lambda: list(one.due(ctx, given)))
    known, there = list(one.templates), set(part)
    for prompt in found:
        if not isinstance(prompt, Prompt):
            told = f"returned {type(prompt).__name__}; return each Prompt"
        elif prompt.template not in known:
            told = f"names the template {prompt.template!r}; it has {', '.join(known)}"
        elif not _is_about(prompt, there):
            told = "returned a prompt about what it was not given"
        elif len({about.person_id for about in prompt.awaited}) > 1:
            told = "returned one prompt for several people"
        elif not isinstance(prompt.at, datetime) or prompt.at.utcoffset() is None:
            told = "returned a prompt whose `at` is no time with a zone"
        elif not isinstance(prompt.grace, timedelta) or not isinstance(prompt.key, str):
            told = "returned a prompt whose `grace` is no timedelta, or whose `key` is no text"
        elif not _ends(prompt):
            told = "returned a prompt whose `grace` never ends"
        elif not isinstance(prompt.channel, str):
            told = "returned a prompt whose `channel` is no text"
        else:
            continue
        raise PluginError("nudge.bad_prompt", f"{label}: due {told}.")
    return found


def _is_about(prompt: Prompt, there: set[Awaited]) -> bool:
    try:
        return bool(prompt.awaited) and there.issuperset(prompt.awaited)
    except TypeError:  # it cannot be among them
        return False


def _ends(prompt: Prompt) -> bool:
    try:
        return (prompt.at + prompt.grace).year < MAXYEAR
    except OverflowError:
        return False


def promise(nudge: str, program: Program, prompt: Prompt) -> dict[str, Any]:
    """Return the row by which a prompt is promised: ids, codes and times alone."""
    first = prompt.awaited[0]
    told = (prompt.template, program.id, first.person_id, prompt.key or first.key)
    key = f"nudge:{nudge}:{sha256(repr(told).encode()).hexdigest()[:40]}"
    about = [[one.noun, one.subject_id, one.key] for one in prompt.awaited]
    return {
        "key": key,
        "plugin": nudge.partition(".")[0],
        "name": prompt.template,
        "program_id": program.id,
        "recipient_id": first.person_id,
        "body": {
            "nudge": nudge,
            "about": about,
            "at": _utc(prompt.at),
            "until": _utc(prompt.at + prompt.grace),
            "last": _utc(min((one.until for one in prompt.awaited if one.until), default=None)),
            "staff": first.role not in (*PARTIES, "peer"),
            "channel": prompt.channel,
        },
    }


def _utc(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at else ""


# --------------------------------------------------------------------------- putting into words


def is_plain(kit: Kit, tx: Transaction, job: Job) -> bool:
    """Return whether a promised prompt may be read ahead: no plugin is asked, nothing is joined."""
    key, program = job.body.get("nudge"), tx.programs.first(id=job.program_id)
    about = job.body.get("about")
    if not about or program is None or key not in kit.registry.nudges or "parts" in job.body:
        return False
    alone = not is_joined(job) or manners_in(tx, program).digest == "off"
    return alone and all(noun != key.partition(".")[0] for noun, _, _ in about)


def read_ahead(kit: Kit, tx: Transaction, jobs: Sequence[Job]) -> None:
    """Read at once what is asked next of each of these prompts, of one program; see `is_plain`."""
    if tx.known is None or not jobs:
        return
    program = tx.programs.get(jobs[0].program_id or "")
    since = [datetime.fromisoformat(job.body["at"]) for job in jobs]
    tx.outbox.read_ahead({job.recipient_id or "" for job in jobs}, min(tx.now - WEEK, *since))
    only: dict[str, dict[str, None]] = {}
    for noun, id, _ in (about for job in jobs for about in job.body["about"]):
        if noun in COLLECTED:
            only.setdefault(noun, {})[id] = None
    found: dict[str, list[Awaited]] = defaultdict(list)
    for one in awaited(kit, tx, program, only, kinds=_kinds(job.body["about"] for job in jobs)):
        found[one.key].append(one)
    tx.known["awaited", program.id] = only, found
    of = [one.relationship_id for one in tx.milestones.get_many(only.get("milestone", ())).values()]
    held = tx.relationships.get_many([*only.get("relationship", ()), *of]).values()
    there = [m.participant_id for one in held for m in one.members]
    for offer in tx.proposals.get_many(only.get("proposal", ())).values():
        there += [offer.mentee_id, offer.mentor_id]
    persons_of(tx, [*there, *only.get("participant", ())])


def _awaited_of(kit: Kit, tx: Transaction, program: Program, about: Sequence[Any]) -> list[Awaited]:
    """Return what is awaited by now of these (noun, id, key), from anybody."""
    asked = [(noun, id, key) for noun, id, key in about if noun in COLLECTED]
    ahead = (tx.known or {}).get(("awaited", program.id))
    if ahead and all(id in ahead[0].get(noun, ()) for noun, id, _ in asked):
        return [one for key in dict.fromkeys(key for *_, key in asked) for one in ahead[1][key]]
    only = {noun: [id for of, id, _ in asked if of == noun] for noun, *_ in sorted(asked)}
    return awaited(kit, tx, program, only, kinds=_kinds([asked]))


def _kinds(told: Iterable[Iterable[Sequence[str]]]) -> set[str]:
    """Return the kinds of the things (noun, id, key) that prompts are about."""
    return {key.partition(":")[0] for about in told for _, _, key in about}


def still(
    kit: Kit, tx: Transaction, job: Job, person: Person, program: Program, own: Owned
) -> list[Awaited]:
    """Return what of that which a promised prompt is about is awaited from its reader by now."""
    about = job.body["about"]
    keys = {key for _, _, key in about}
    found = _awaited_of(kit, tx, program, about)
    found += [one.awaited for (nudge, _), one in own.items() if nudge == job.body["nudge"]]
    return [one for one in found if one.key in keys and one.person_id == person.id]


def message(
    kit: Kit, tx: Transaction, job: Job, person: Person, program: Program, own: Owned
) -> Message:
    """Return a promised prompt in its reader's words; raise `NotWanted` once it is overtaken.

    `own` is what `own_of` gives. It is dropped when its grace is over, and when nothing
    of what it is about is awaited any more.
    """
    nudge = kit.registry.nudges[job.body["nudge"]]
    if tx.now > datetime.fromisoformat(job.body["until"]):
        raise NotWanted("late")
    left = still(kit, tx, job, person, program, own)
    if not left:
        raise NotWanted("overtaken")
    first, told = left[0], [names_in(tx, one.noun, one.subject_id, person.locale) for one in left]
    ours = {one.awaited.key: one.words for (of, _), one in own.items() if of == job.body["nudge"]}
    due = (first.until or tx.now).astimezone(ZoneInfo(program.zone)).date()

    def said(one: Awaited) -> str | None:
        if one.key in ours:
            return ours[one.key].get("text", "")
        return awaiting.told(tx, program, one, person.locale)

    values = {
        "others": others_in(tx, first, person, ours),
        "mentee": told[0][0],
        "mentor": told[0][1],
        "text": "\n".join(
            f"- {mentee} / {mentor}" if (text := said(one)) is None else text
            for one, (mentee, mentor) in zip(left, told, strict=True)
        ),
        "due": format_day(due, person.locale),
        **links_of(kit, tx, job, first, program, ours),
    }
    asking = (first.noun, first.subject_id)
    ways, reply = put(kit, tx, person, asking) if len(left) == 1 else ({}, {})
    values |= ways
    template = nudge.templates[job.name]
    noun, id = first.noun, first.subject_id
    if noun == "milestone":
        noun, id = "relationship", tx.milestones.get(id).relationship_id
    party = first.role in (*PARTIES, "peer")
    end = footer(kit, person, program, noun, id) if party else ""
    reply = {**reply, "thread": thread(tx, noun, id) if len(left) == 1 else ""}
    return worded(tx, job, template, person, program, values, end, **reply)


def others_in(
    tx: Transaction, one: Awaited, person: Person, ours: Mapping[str, Mapping[str, str]]
) -> str:
    """Return the names of whoever else is in something that is awaited from a person."""
    if one.key in ours:
        return ours[one.key].get("others", "")
    names = names_in(tx, one.noun, one.subject_id, person.locale, but=person.id)
    return ", ".join(filter(None, names))


def links_of(
    kit: Kit, tx: Transaction, job: Job, first: Awaited, program: Program,
    ours: Mapping[str, Mapping[str, str]],
) -> dict[str, str]:  # fmt: skip
    """Return the page it is about, and the link by which a party logs a meeting with one tap.

    `ours` are the words of what the nudge awaits by itself, by key.
    """
    if kit.site is None:
        return {}
    if first.key in ours:
        path = ours[first.key].get("link", "")
        return {"link": kit.site.url(job.tenant, path)} if path else {}
    noun, id = first.noun, first.subject_id
    staff = first.role not in ("mentee", "mentor", "peer")
    if noun == "milestone" and staff:
        return {"link": kit.site.url(job.tenant, "milestones", program=program.key)}
    if noun == "milestone":
        noun, id = "relationship", tx.milestones.get(id).relationship_id
    found = {"link": kit.site.url(job.tenant, noun, program=program.key, **{noun: id})}
    logs = noun == "relationship" and first.kind != "reached" and not staff
    if logs and links.can_sign(kit):
        # By the row's own id it logs once, however often the message is sent again.
        token = links.make(
            kit, tenant=job.tenant, purpose="met", person=first.person_id, nonce=job.id,
            relationship=id,
        )  # fmt: skip
        found["met"] = kit.site.url(job.tenant, "met", token=token)
    return found
