"""Looking: at what an announcement would be, before it goes, and at what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.events import Event
from mentorkit.domain.moves import STAFF
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import shown
from mentorkit.errors import NotFound
from mentorkit.journey import announcements
from mentorkit.journey.announcements import NAME, PARTS
from mentorkit.journey.steps import reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

MISSED = 200
"""How many of those who were not reached are named at most."""
WHY = {
    "before": "They have this announcement already.",
    "no_consent": "They have not agreed to the program's text.",
    "left": "They are not in the program any more, or were not taken in.",
    "erased": "They were erased.",
    "silenced": "They have asked for no more messages that they did not ask for.",
    "often": "They have had as many announcements this week as the program allows.",
    "overtaken": "It was no longer so when it was to be sent.",
    "plugin_disabled": "Announcements were switched off in the program.",
    "no_channel": "No channel of the program reaches them: look at their addresses.",
    "channel.stopped": "They have written to us to stop.",
}
"""Why somebody gets none, or got none, in words, by its code."""


def preview(
    kit: Kit, *, tenant: str, actor: Actor, program: str,
    text: Mapping[str, Mapping[str, str]], people: Collection[str], key: str = "", a_week: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Return what an announcement would do: `promised`, `left_out`, and `examples`.

    The first two are as of `announcements.announce`. The examples are real people, one for each
    language of the text that anybody gets, each with `name`, `participant`, `locale` (of the text),
    `count` (who get it in that), `subject` and `body`.
    """
    announcements.check(text)
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        told, left_out = announcements.allowed(
            tx, found, people, id=announcements.id_of(found, key) if key else "", a_week=a_week
        )
        persons = tx.people.get_many(one.person_id for one in told)
        groups: dict[str, list[Participant]] = {}
        for one in sorted(told, key=lambda one: (persons[one.person_id].name, one.id)):
            groups.setdefault(_read_in(text, persons[one.person_id], found), []).append(one)
        examples = []
        for locale in [one for one in text if one in groups]:
            first = groups[locale][0]
            job = tx.outbox.job("message", NAME, name=NAME, recipient_id=first.person_id)
            made = announcements.in_words(kit, tx, job, persons[first.person_id], found, text)
            examples.append(
                {
                    "name": persons[first.person_id].name,
                    "participant": first.id,
                    "locale": locale,
                    "count": len(groups[locale]),
                    "subject": made.subject,
                    "body": made.body,
                }
            )
    return {"promised": len(told), "left_out": dict(left_out), "examples": examples}


def _read_in(text: Mapping[str, Any], person: Person, program: Program) -> str:
    """Return the language of a text that somebody reads it in."""
    wanted = (person.locale, person.locale.split("-")[0], "en", program.locale)
    return next((one for one in wanted if one in text), min(text))


def made(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List a program's announcements, newest first, with what became of each.

    Each has `id`, `key`, `subject` and `body` ({locale: text}), `at` (when it was first promised),
    `promised`, `sent`, `waiting` and `missed` (numbers of people), `quiet`, how many of those
    waiting wait for the end of their quiet hours, and `why`: how many were not reached, by code.
    """
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        return _made(tx, found)


def _made(tx: Transaction, program: Program, **equals: str) -> list[dict[str, Any]]:
    texts = {
        one.key: one.body for one in tx.definitions.find(program_id=program.id, kind=NAME, **equals)
    }
    told: dict[str, list[Event]] = {}
    for event in tx.journal.of(NAME, program.id):
        if event.subject_id in texts:
            told.setdefault(event.subject_id, []).append(event)
    where = {one.sequence: id for id, events in told.items() for one in events}
    counts: dict[str, Counter[tuple[str, str]]] = {id: Counter() for id in told}
    for sequence, state, code, number in tx.outbox.tally(list(where)):
        counts[where[sequence]][state, code] += number
    rows = []
    for id, events in sorted(told.items(), key=lambda item: -item[1][0].sequence):
        stands = Counter[str]()
        for (state, _), number in counts[id].items():
            stands[state] += number
        text = texts[id]["text"]
        rows.append(
            {
                "id": id,
                "key": texts[id]["key"],
                **{part: {one: text[one][part] for one in text} for part in PARTS},
                "at": shown(events[0].at),
                "promised": stands.total(),
                "sent": stands["done"],
                "waiting": stands["waiting"] + stands["leased"],
                "quiet": counts[id]["waiting", "quiet"],
                "missed": stands["dead"] + stands["cancelled"],
                "why": {
                    code: number
                    for (state, code), number in sorted(counts[id].items())
                    if state in ("dead", "cancelled")
                },
            }
        )
    return rows


def result(
    kit: Kit, *, tenant: str, actor: Actor, program: str, announcement: str
) -> dict[str, Any]:
    """Return one announcement (id or key) as `made` does, with whom it did not reach.

    `people` are the first 200 of these: `name`, `participant`, `code`, and `why` in words. Raises
    `NotFound`.
    """
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        ids = (announcement, announcements.id_of(found, announcement))
        row = next((one for id in ids for one in _made(tx, found, key=id)), None)
        if row is None:
            raise NotFound("announcement.not_found", "There is no such announcement here.")
        events = [one.sequence for one in tx.journal.about(NAME, row["id"])]
        jobs = tx.outbox.find(sequence=events, state=["dead", "cancelled"])[:MISSED]
        persons = tx.people.get_many(job.recipient_id for job in jobs if job.recipient_id)
        parts = {
            one.person_id: one.id
            for one in tx.participants.find(program_id=found.id, person_id=list(persons))
        }
        row["people"] = [
            {
                "name": persons[str(job.recipient_id)].name,
                "participant": parts.get(str(job.recipient_id)),
                "code": job.error or "",
                "why": reason(job.error or ""),
            }
            for job in jobs
        ]
        return row


def reason(code: str) -> str:
    """Return in words why somebody gets none, or was not reached."""
    return WHY.get(code) or f"It could not be handed over ({code})."
