"""Announcements: a text that staff wrote once, promised to each of many people, once each.

Whom it is for is picked elsewhere (the plugin `announce`); who of them may get it is looked at
here, when it is promised, and again when it is sent. The text stands in a definition of the
program, one for each announcement; the outbox holds ids.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import timedelta
from string import Formatter
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from mentorkit.domain.events import Announced, Event
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.messages import Message, unknown_placeholders
from mentorkit.domain.participants import Part, Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.say import NotWanted, footer, worded
from mentorkit.journey.steps import NEW, atomic, changing, chosen

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

NAME = "announcement"
"""The template of such a message, and the kind of the definition in which its text stands."""
PARTS: Mapping[str, int] = {"subject": 200, "body": 20_000}
"""What a text has in each language, and how many characters each may have."""
NAMED = ("person", "program", "link")
"""What a text may name, as ``{person}``; the link leads to the reader's own page."""
GONE = ("left", "declined")
WEEK = timedelta(days=7)
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_IDS = UUID("8b6cf1a4-3f0e-5f5b-9a06-6d3f9c1d7e52")


def check(text: Mapping[str, Any]) -> None:
    """Raise `Invalid` with all that is wrong about a text, ``{locale: {subject, body}}``."""
    wrong = [] if text else [Problem("text", "write a subject and a text in at least one language")]
    for locale, parts in text.items():
        if not LOCALE.fullmatch(locale):
            wrong.append(Problem(locale, "is no language; write its code, such as en or pt-BR"))
            continue
        told = {part: _wrong(parts.get(part, ""), most) for part, most in PARTS.items()}
        wrong += [Problem(f"{part}.{locale}", why) for part, why in told.items() if why]
    if wrong:
        raise Invalid("announcement.text", "This cannot be sent:", wrong)


def _wrong(written: Any, most: int) -> str:
    if not isinstance(written, str) or not written.strip():
        return "is empty; write it in this language too, or leave the language out"
    if len(written) > most:
        return f"write at most {most} characters"
    known = ", ".join(f"{{{name}}}" for name in NAMED)
    try:
        unknown_placeholders(written)
        filled = _named(written)
    except ValueError:
        return "a brace has no partner; write {{ for a brace"
    if lacking := [name for name in filled if name not in NAMED]:
        return f"{{{lacking[0]}}} cannot be filled in; there are {known}"
    return ""


def _named(written: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(written) if name is not None]


def id_of(program: Program, key: str) -> str:
    """Return the id of the announcement with this key in a program, sent or not."""
    return str(uuid5(_IDS, f"{program.tenant}/{program.id}/{key}"))


@atomic
def announce(
    kit: Kit, *, tenant: str, actor: Actor, program: str, key: str,
    text: Mapping[str, Mapping[str, str]], people: Collection[str], plugin: str = "",
    a_week: int = 0, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Promise a text (``{locale: {subject, body}}``) to these participants (ids) of a program.

    Under one `key` (small letters, digits, - and _) it goes to nobody twice: sent again, it goes to
    whom it has not gone yet. Another text under a key that was used is a `Conflict`. Whoever has
    not agreed, has left, was erased, or has been promised `a_week` announcements within seven days
    (0: any number), gets none. It is not sent once the program has switched `plugin` off.

    Returns ``{id, key, promised, left_out}``; the last is how many by code, as `allowed` says.
    """
    if not isinstance(key, str) or not KEY.fullmatch(key):
        wrong = Problem("key", "write small letters, digits, - and _, at most 63")
        raise Invalid("announcement.key", "This is no key.", [wrong])
    check(text)
    found, step = changing(tx, actor, program)  # of two at once, the second counts the first
    id, body = id_of(found, key), {"key": key, "text": text}
    before = tx.definitions.current(found.id, NAME, id)
    if before is None:
        tx.definitions.put(found.id, NAME, body, id)
    elif thaw(before.body) != thaw(Frozen(body)):
        raise Conflict(
            "announcement.other_text",
            f"Another text was announced as {key!r}. Take another key for this one.",
        )
    told, left_out = allowed(tx, found, people, id=id, a_week=a_week)
    if told:
        event = step.record(Announced, id, people=len(told))
        jobs = [
            tx.outbox.job(
                "message",
                f"{NAME}:{id}:{one.person_id}",
                name=NAME,
                plugin=plugin,
                sequence=event.sequence,
                program_id=found.id,
                recipient_id=one.person_id,
            )
            for one in told
        ]
        tx.outbox.add_all(jobs)
    return {"id": id, "key": key, "promised": len(told), "left_out": dict(left_out)}


def allowed(
    tx: Transaction, program: Program, people: Collection[str], *, id: str = "", a_week: int = 0
) -> tuple[list[Participant], Counter[str]]:
    """Return who of these participants (ids) may get an announcement, and how many not, by code.

    The codes are no_consent, left, erased, silenced, before (they have it) and often. `id` is the
    announcement's: whoever has it is left out.
    """
    parts = [
        one for one in tx.participants.get_many(people).values() if one.program_id == program.id
    ]
    persons = tx.people.get_many(one.person_id for one in parts)
    made = tx.journal.of(NAME, program.id)
    had = {job.recipient_id for job in tx.outbox.find(sequence=_of(made, id))} if id else set()
    lately = [one.sequence for one in made if one.at and one.at > tx.now - WEEK]
    often: Counter[str | None] = Counter()
    if a_week and lately:
        promised = tx.outbox.find(sequence=lately, state=["waiting", "leased", "done"])
        often.update(job.recipient_id for job in promised)
    told: list[Participant] = []
    left_out: Counter[str] = Counter()
    for one in parts:
        why = _against(persons[one.person_id], one)
        if not why and one.person_id in had:
            why = "before"
        if not why and a_week and often[one.person_id] >= a_week:
            why = "often"
        if why:
            left_out[why] += 1
        else:
            told.append(one)
    return told, left_out


def _of(made: Collection[Event], id: str) -> list[int]:
    return [one.sequence for one in made if one.subject_id == id]


def _against(person: Person, mine: Part) -> str:
    """Return why somebody gets no announcement at all; "" where nothing speaks against it."""
    if person.erased:
        return "erased"
    if mine.state in GONE:
        return "left"
    if mine.silent_since:
        return "silenced"
    return "" if mine.consented_at else "no_consent"


def message(
    kit: Kit, tx: Transaction, job: Job, event: Event, person: Person, mine: Part | None,
    program: Program,
) -> Message:  # fmt: skip
    """Return a promised announcement in its reader's words; raise `NotWanted` if it must not go."""
    why = _against(person, mine) if mine else "left"
    if not why and job.plugin and chosen(tx, program, job.plugin) is None:
        why = "plugin_disabled"
    written = tx.definitions.current(program.id, NAME, event.subject_id)
    if why or written is None:
        raise NotWanted(why or "overtaken")
    end = footer(kit, person, program, "program", program.id)
    return in_words(kit, tx, job, person, program, written.body["text"], end)


def in_words(
    kit: Kit, tx: Transaction, job: Job, person: Person, program: Program,
    text: Mapping[str, Mapping[str, str]], end: str = "",
) -> Message:  # fmt: skip
    """Return a text as this person gets it; a row that is not promised yet will do as `job`.

    `end` stands below it: links that speak for their reader, which nobody else is to see.
    """
    # Who reads none of its languages gets English, else the program's own.
    texts = {one: text[one] for one in sorted(text, key=lambda one: (one != program.locale, one))}
    template = {part: {one: texts[one][part] for one in texts} for part in PARTS}
    values = {"link": kit.site.url(job.tenant, "home") if kit.site else ""}
    return worded(tx, job, template, person, program, values, end)


__all__ = ["allowed", "announce", "check", "id_of", "in_words", "message"]
