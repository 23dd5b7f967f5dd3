"""Deliveries: what became of each message, as its channel and the vendor tell; staff read it.

Kept are ids, codes and times. What a message said is not kept: it is put into words when it is
sent, and never stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import (
    Receipt,
    Report,
    RetryLater,
    Undeliverable,
    as_code,
    as_reference,
)
from mentorkit.domain.moves import Role
from mentorkit.domain.people import SYSTEM_ACTOR, Actor, Contact
from mentorkit.domain.shown import shown
from mentorkit.errors import Invalid, NotAllowed, NotFound, Problem
from mentorkit.journey import parked
from mentorkit.journey.reach import LETTERS
from mentorkit.journey.say import NotWanted
from mentorkit.journey.steps import Step, program_of, require
from mentorkit.journey.tell import TEMPLATES
from mentorkit.store import outbox

if TYPE_CHECKING:
    from mentorkit.hooks.providers import Channel
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

REPORT = "report"
"""The kind of row that a vendor's word waits in that came before our own note of the message."""
EARLY = timedelta(hours=1)
"""For how long it waits: after that it is about nothing of ours."""
GONE = timedelta(days=30)
"""For how long an address that the host tells is not tried again after a channel found nobody at
it: mentorkit does not keep it, so it does not know when the host has changed it."""
PART = 200
"""How many rows are looked through at once."""
KINDS = ("message", "survey", "reply")
STATES: Mapping[str, Mapping[str, Any]] = {
    "waiting": {"state": ("waiting", "leased")},
    "sent": {"state": ("done",), "fate": ("", "accepted")},
    "delivered": {"state": ("done",), "fate": ("delivered",)},
    "failed": {"state": ("done",), "fate": ("failed",)},
    "bounced": {"state": ("done",), "fate": ("bounced",)},
    "not_sent": {"state": ("cancelled",)},
    "given_up": {"state": ("dead",)},
}
"""What may have become of a message, and how that stands in its row."""
TITLES = {
    "application_declined": "The answer to somebody who applied",
    "proposal_declined": "A match did not come about",
    "relayed": "A message from one to another, passed on",
    "survey_asked": "An invitation to a survey",
    "reply": "An answer to what they replied",
}
"""What a message is, where the subject of its template does not say that without a name."""
WHY = {
    "answered": "It was answered already.",
    "blocked": "The two are kept apart.",
    "capped": "They had as many prompts as the program allows.",
    "digest": "It was put into one message with others.",
    "erased": "Somebody whom it would have named or reached was erased, or is not known any more.",
    "late": "Its time had passed.",
    "no_consent": "Somebody's consent was not there, or not any more.",
    "overtaken": "When it was its turn, it was no longer so.",
    "plugin_disabled": "The plugin whose message it is was switched off in the program.",
    "quiet": "It would have come in the quiet hours, and after them too late.",
    "silenced": "They asked for no more prompts.",
}
"""Why something was not sent, in words, by its code."""
DROPPED = "Staff dropped it after it was given up."
LATER = "It did not work yet, and is tried again."
BUSY = "It waits for this channel or service, which is slow, fails or does not answer."
HELD = {
    "quiet": "It waits for the end of their quiet hours.",
    "capped": "It waits: they have had as many prompts as the program allows.",
    "digest": "It waits to go with others in one message.",
    "same_cause": "It waits, as another message is about to tell them of the same.",
}
"""Why something is not sent yet that nobody has tried to send, by its code."""
TOLD = {
    "accepted": "It is held up on the way, the vendor says; it is still tried.",
    "failed": "It did not arrive, the vendor says by this code.",
    "bounced": "Nobody is at this address or number, the vendor says. The channel does not try it "
    "again until it is changed, or named again.",
}
"""What the vendor says by a code, in words, by the fate."""
_PROGRAM = re.compile(r"\s*:?\s*\{program\}$")


# --------------------------------------------------------------------------- noting


def named(contact: Contact) -> str:
    """Return by what a row names a contact: changed since, it is another one."""
    return f"{contact.id}/{contact.version}"


def taken(channel: Channel, receipt: object, contacts: Sequence[Contact]) -> Receipt:
    """Return a channel's receipt as it is noted: whatever a plugin gives, a column holds it."""
    if not isinstance(receipt, Receipt):
        raise Undeliverable("channel.no_receipt")
    to = [named(one) for one in contacts if one.id == receipt.contact]
    told = as_reference(receipt.reference)
    return Receipt(channel=channel.name, reference=told, contact=to[0] if to else "")


def report(
    kit: Kit, *, tenant: str, actor: Actor, channel: str, reports: Sequence[Report],
    keep: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Note what a channel's vendor says became of messages; for whoever operates the database.

    Returns the references that are `known` here, and how many of the reports were `news`. With
    `keep` those that are not known are looked for again for an hour: the vendor may have been
    quicker than our own note.
    """
    if not (actor.admin or actor.is_system):
        raise NotAllowed(
            "message.admin_only", "Only who operates the database reports for vendors."
        )
    if channel not in kit.registry.channels:
        raise NotFound("channel.not_found", f"There is no channel {channel!r} here.")
    plugin = kit.registry.owner("channels", channel).name
    return kit.write(tenant, partial(note, plugin, channel, reports, keep=keep))


def note(
    plugin: str, channel: str, reports: Iterable[Report], tx: Transaction, *, keep: bool = True
) -> dict[str, Any]:
    """Note reports, and `keep` those for a while whose message is not noted yet."""
    told: dict[str, Any] = {"known": [], "news": 0}
    for one in reports:
        known, news = _noted(tx, channel, one)
        told["known"] += [one.reference] if known else []
        told["news"] += news
        if keep and not known and one.reference:
            body = {**asdict(one), "reference": as_reference(one.reference)}
            body["code"] = as_code(one.code, "unknown") if one.code else ""
            key = sha256(repr(sorted(body.items())).encode()).hexdigest()
            about = {"plugin": plugin, "name": channel, "body": Frozen(body)}
            tx.outbox.add(REPORT, f"{REPORT}:{channel}:{key}", **about)
    return told


def follow(kit: Kit, tenant: str, job: Job) -> None:
    """Note a vendor's word that came early. For the worker."""
    told = Report(**job.body)
    known, _ = kit.write(tenant, lambda tx: _noted(tx, job.name, told))
    if not known and kit.clock() - job.created_at >= EARLY:
        raise NotWanted("unknown")
    if not known:
        raise RetryLater("its message is not noted yet")


def _noted(tx: Transaction, channel: str, one: Report) -> tuple[bool, bool]:
    """Note a report, and on its contact if nobody is there; return if it was known, and news."""
    jobs, news = tx.outbox.report(channel, one)
    if news and one.state == "bounced":
        for job in jobs:
            lose(channel, job.contact or "", job.error or "unknown", tx)
    return bool(jobs), news


def lose(channel: str, contact: str, code: str, tx: Transaction) -> None:
    """Note that a channel found nobody at a contact (`named`), unless that has changed since."""
    id, _, version = contact.rpartition("/")
    one = tx.contacts.first(id=id) if id else None
    if one is None or str(one.version) != version or channel in one.bounced:
        return
    told = {"code": code, "at": tx.now.isoformat()}
    tx.contacts.save(replace(one, bounced=Frozen({**one.bounced, channel: Frozen(told)})))
    step = Step(tx, SYSTEM_ACTOR, Role.SYSTEM, None)
    step.record(events.ContactBounced, one.person_id, contact_id=one.id, channel=channel, code=code)


# --------------------------------------------------------------------------- reading


def listed(
    kit: Kit, *, tenant: str, actor: Actor, program: str | None = None, person: str | None = None,
    state: str | None = None, since: datetime | None = None, after: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:  # fmt: skip
    """Return a program's messages, newest first: ``{"items": [...], "next": id or None}``.

    Of one `person` (id), in one of `STATES`, promised `since` a moment; those after the id `after`.
    Each has id, `what` ({locale: text}), name (its template), program (key), person_id, person and
    participant (for whom: name, and their part in the program), `promised` and `sent` (times),
    channel and `by` (its title), reference, state, `told` (when the vendor said so), `next_try`,
    code, and `why` in words.

    For the program's staff, and without a program for an admin: what is about a concern for those
    alone who may see that, and nothing of what staff are in themselves. Links to sign in, which are
    of no program, stand with their person.
    """
    _check(state, limit)
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program) if program is not None else None
        if found is not None:
            require(tx, found, actor)
        elif not (actor.admin or actor.is_system):
            raise NotAllowed("message.admin_only", "Name a program; all of them are an admin's.")
        equals: dict[str, Any] = {"kind": KINDS, **(STATES[state] if state else {})}
        part = None
        if found is not None and person is not None:
            part = tx.participants.first(program_id=found.id, person_id=person)
        if person is not None:
            equals["recipient_id"] = person
        if found is not None and part is None:
            equals["program_id"] = found.id
        seen = parked.seen_in(tx, found, actor) if found is not None else None
        kept: list[Job] = []
        while len(kept) <= limit:
            jobs = tx.outbox.newest(PART, after=after, since=since, **equals)
            fits = seen(jobs) if seen else None
            kept += [
                one for one in jobs
                if (one.kind != "reply" or "say" in one.body)
                and (found is None or one.program_id in (found.id, None))
                and (fits is None or fits(one))
            ]  # fmt: skip
            if len(jobs) < PART:
                break
            after = jobs[-1].id
        items = kept[:limit]
        return {
            "items": _rows(kit, tx, items, found.id if found else None),
            "next": items[-1].id if len(kept) > limit else None,
        }


def _check(state: str | None, limit: int) -> None:
    wrong = []
    if state is not None and state not in STATES:
        wrong.append(Problem("state", f"write one of {', '.join(STATES)}"))
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 1000:
        wrong.append(Problem("limit", "write a whole number from 1 to 1000"))
    if wrong:
        raise Invalid("message.list", "The messages cannot be listed:", wrong)


def _rows(
    kit: Kit, tx: Transaction, jobs: Sequence[Job], program: str | None
) -> list[dict[str, Any]]:
    people = tx.people.get_many(job.recipient_id for job in jobs if job.recipient_id)
    parts = tx.participants.find(person_id=list(people), program_id=program) if program else []
    part = {one.person_id: one.id for one in parts}
    keys = {one.id: one.key for one in tx.programs.find()}
    return [
        {
            "id": job.id,
            "what": shown(_what(kit, job)),
            "name": job.name,
            "program": keys.get(job.program_id or ""),
            "person_id": job.recipient_id,
            "person": people[job.recipient_id].name if job.recipient_id in people else "",
            "participant": part.get(job.recipient_id or ""),
            "promised": shown(job.created_at),
            "sent": shown(job.taken_at),
            "channel": job.channel,
            "by": _title(kit, job.channel),
            "reference": job.reference,
            **_became(job),
        }
        for job in jobs
    ]


def _title(kit: Kit, channel: str | None) -> str:
    """Return what a channel is called; the name of one whose plugin is not loaded any more."""
    known = kit.registry.channels.get(channel or "")
    return (known.title if known else "") or channel or ""


def _what(kit: Kit, job: Job) -> Mapping[str, str]:
    """Return what a message is, without a name in it: a title of ours, or of its template."""
    name = job.kind if job.kind == "reply" else job.name
    if len(job.body.get("parts", ())) > 1:
        return {"en": "Several prompts in one message"}
    if name in TITLES:
        return {"en": TITLES[name]}
    nudge = kit.registry.nudges.get(job.body.get("nudge", ""))
    known = nudge.templates if nudge else {**TEMPLATES, **LETTERS}
    subject = known[name]["subject"] if name in known else {}
    told = {locale: _PROGRAM.sub("", text) for locale, text in subject.items()}
    if told and not any("{" in text for text in told.values()):
        return told
    return {"en": name.replace("_", " ").capitalize()}


def _became(job: Job) -> dict[str, Any]:
    """Return what became of a message, and why."""
    state = next(
        name for name, row in STATES.items()
        if job.state in row["state"] and ("fate" not in row or job.fate in row["fate"])
    )  # fmt: skip
    code = "" if job.state == "leased" else job.error or ""
    if state == "given_up":
        why = parked.WHY.get(code, parked.FAILED if code[:1].isupper() else parked.REFUSED)
    elif state == "not_sent":
        why = WHY.get(code, DROPPED)
    elif state == "waiting":
        other = BUSY if code.startswith(outbox.BUSY) else LATER
        why = HELD.get(code, other) if code else ""
    else:
        why = TOLD.get(job.fate, "") if code else ""
    return {
        "state": state,
        "told": shown(job.fate_at) if job.fate not in ("", "accepted") else None,
        "next_try": shown(job.not_before) if job.state == "waiting" else None,
        "code": code,
        "why": why,
    }


__all__ = ["STATES", "follow", "listed", "lose", "named", "note", "report", "taken"]
