"""Digest: what is due for one person in a program goes as one message, where the program says so.

Each prompt stays a row of its own until that message goes: then the first takes up the others, in
one transaction, and they are cancelled. So one cause is promised once, with a digest or without,
and what is no longer awaited is left out when it is put into words.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.manners import same_cause
from mentorkit.domain.messages import Button, Message, RetryLater
from mentorkit.domain.nudges import Awaited
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.text import in_locale
from mentorkit.journey import nudge
from mentorkit.journey.manners import is_joined, manners_in
from mentorkit.journey.say import NotWanted, footer, worded
from mentorkit.journey.steps import chosen
from mentorkit.journey.tell import TEMPLATES, fill

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

log = logging.getLogger("mentorkit.nudge")
NAME = "prompts_together"
"""The template of such a message."""
OF_PART = ("nudge", "at", "until", "last", "about")
KNOWN = timedelta(minutes=10)
"""After which every worker that claims a prompt reads the manners that were set before, whatever
their clocks differ by (a lease's five minutes at most) and however long that transaction took."""


def gather(kit: Kit, tenant: str, job: Job) -> Job:
    """Let a prompt that goes now take up the others that wait for the same person; return it.

    Raises `NotWanted` where another has taken it up. Once it has some, or none, it takes no more:
    what is tried again is the same message.
    """
    if not is_joined(job) or "parts" in job.body:
        return job

    def is_off(tx: Transaction) -> bool:
        return manners_in(tx, tx.programs.get(job.program_id or "")).digest == "off"

    def take(tx: Transaction) -> Job:
        program = tx.programs.get(job.program_id or "")
        waiting = [
            one for one in tx.outbox.lately(job.recipient_id, tx.now)
            if one.id != job.id and one.program_id == job.program_id and is_joined(one)
            and one.state != "done" and "parts" not in one.body
            and _is_on(kit, tx, program, one.body["nudge"])
        ]  # fmt: skip
        manners = tx.definitions.current(program.id, "manners")
        taken = tx.outbox.take_up(job, waiting, (manners.created_at if manners else tx.now) + KNOWN)
        parts = [job, *(one for one in waiting if one.id in taken)]
        body = {
            **job.body,
            "about": [about for one in parts for about in one.body["about"]],
            "until": max(one.body["until"] for one in parts),
            "last": min((one.body["last"] for one in parts if one.body["last"]), default=""),
            "parts": [{"name": one.name, **{of: one.body[of] for of in OF_PART}} for one in parts],
        }
        joined = replace(job, body=Frozen(body))
        if not tx.outbox.lead(joined):
            raise NotWanted("digest")
        return joined

    with kit.transaction(tenant=tenant, write=False) as tx:
        if is_off(tx):
            return job
    return kit.write(tenant, take)


def _is_on(kit: Kit, tx: Transaction, program: Program, nudge_key: str) -> bool:
    """Return whether a nudge is loaded and on; without it its prompts wait by themselves."""
    loaded = nudge_key in kit.registry.nudges
    return loaded and chosen(tx, program, nudge_key.partition(".")[0]) is not None


def message(
    kit: Kit, tx: Transaction, job: Job, person: Person, program: Program, own: nudge.Owned
) -> Message:
    """Return a promised prompt, and what it has taken up, in its reader's words.

    One that is left alone has its own words; `own` is what `nudge.own_of` gives. Raises `NotWanted`
    when nothing is awaited any more.
    """
    if len(job.body.get("parts", ())) < 2:
        return nudge.message(kit, tx, job, person, program, own)
    left: list[tuple[Job, list[Awaited]]] = []
    told: list[str] = []
    for part in job.body["parts"]:
        plugin = part["nudge"].partition(".")[0]
        if part["nudge"] not in kit.registry.nudges:
            raise RetryLater(f"plugin {plugin} is not loaded", seconds=3600)
        is_late = tx.now > datetime.fromisoformat(part["until"])
        off = not _is_on(kit, tx, program, part["nudge"])
        one = replace(job, name=part["name"], plugin=plugin, body=Frozen({**part, "staff": False}))
        still = [] if is_late or off else nudge.still(kit, tx, one, person, program, own)
        if still and not same_cause((each.key for each in still), told):
            left.append((one, still))
            told += [each.key for each in still]
    if not left:
        raise NotWanted("overtaken")
    if len(left) == 1:
        return nudge.message(kit, tx, left[0][0], person, program, own)
    lines, buttons = [], []
    for one, still in left:
        try:
            ours = {
                of.awaited.key: of.words for (key, _), of in own.items() if key == one.body["nudge"]
            }
            title = _title(kit, tx, one, still, person, program, ours)
            address = nudge.links_of(kit, tx, one, still[0], program, ours).get("link", "")
        except Exception as error:  # whatever is wrong with one, the others go
            told_of = type(error).__name__
            log.warning("A prompt of plugin %s is left out of a digest: %s", one.plugin, told_of)
            continue
        lines.append("\n".join(filter(None, (title, address))))
        buttons += [Button(address=address, words=title)] if address else []
    if not lines:
        raise NotWanted("overtaken")
    end = footer(kit, person, program, "program", program.id)
    values = {"text": "\n\n".join(lines)}
    together = replace(job, name=NAME)
    return worded(
        tx, together, TEMPLATES[NAME], person, program, values, end,
        buttons=tuple(dict.fromkeys(buttons)),
    )  # fmt: skip


def _title(
    kit: Kit, tx: Transaction, job: Job, still: Sequence[Awaited], person: Person,
    program: Program, ours: Mapping[str, Mapping[str, str]],
) -> str:  # fmt: skip
    """Return what a prompt is about in one line: its subject without the program, and with whom."""
    definition = tx.definitions.current(program.id, "messages")
    own: Mapping[str, Any] = definition.body.get(job.name, {}) if definition else {}
    shipped = kit.registry.nudges[job.body["nudge"]].templates[job.name]["subject"]
    subject = in_locale({**shipped, **own.get("subject", {})}, person.locale)
    names = [nudge.others_in(tx, one, person, ours) for one in still]
    others = ", ".join(dict.fromkeys(filter(None, names)))
    values = {"person": person.name, "others": others}
    told = fill(subject.replace("{program}", "").strip(" :"), values)
    return f"{told} ({others})" if others and "{others}" not in subject else told


__all__ = ["gather", "message"]
